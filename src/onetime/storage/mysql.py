"""MySQL and MariaDB, Galera clusters included, through PyMySQL, mysqlclient or mysql-connector-python."""

import math

from onetime.errors import StoreError
from onetime.storage.dialect import Dialect, split_name

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

MAX_KEY_BYTES, MAX_VALUE_BYTES = 1100, 16_000
"""Bytes of a key and of a value: a user of 255 characters of four bytes, and 50 devices, fit in."""

_DUPLICATE = 1062
"""ER_DUP_ENTRY: there is an entry under the key."""

_NO_EFFECT = (1213, 1205, 1047)
"""ER_LOCK_DEADLOCK (also a conflict between nodes of Galera), ER_LOCK_WAIT_TIMEOUT (the transaction is this
statement) and ER_UNKNOWN_COM_ERROR (a node of Galera that is not ready)."""

_LOST = (2006, 2013, 2055, 4031, 1927, 0)
"""The server or the connection is gone: CR_SERVER_GONE_ERROR, CR_SERVER_LOST, CR_SERVER_LOST_EXTENDED,
ER_CLIENT_INTERACTION_TIMEOUT, ER_CONNECTION_KILLED; 0 is PyMySQL's for a connection that is closed."""

_SETTINGS = (
    "SET SESSION sql_mode = 'TRADITIONAL'",  # otherwise a long value may be cut silently
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
)

_SERVER = {
    "innodb_flush_log_at_trx_commit": (("1",), "a crash would lose commits; set it to 1"),
    "innodb_doublewrite": (
        ("ON", "1", "DETECT_AND_RECOVER"),
        "a torn page could not be repaired; set it to ON",
    ),
    "read_only": (("OFF", "0"), "the server is a replica or closed for writing; connect to the primary"),
}
"""Of each setting: the values that a store needs, and why."""

_COLUMNS = """
SELECT column_name, data_type, character_maximum_length, is_nullable, column_key,
    column_default IS NOT NULL OR is_nullable = 'YES' OR extra <> ''
FROM information_schema.columns WHERE table_schema = %s AND table_name = %s
"""


class MySQL(Dialect):
    """A table in MySQL or MariaDB.

    Args:
        connect: Returns a new connection of one of the three drivers.
        table: The table's name, with or without its database.
        timeout: Deadline of a call, in seconds.

    Raises:
        TypeError: An argument has another type.
        ValueError: The table's name is not an identifier.
    """

    def __init__(self, connect: "Callable[[], Any]", table: str, timeout: float) -> None:
        if not callable(connect):
            raise TypeError(
                "connect must be a function that returns a new connection of PyMySQL, mysqlclient or "
                "mysql-connector-python, for example lambda: pymysql.connect(...)"
            )
        self._connect = connect
        self._lock_wait = math.ceil(timeout)
        self._schema, self._name = split_name(table, schema=True)
        super().__init__(_quoted(table), "%s", "`")

    def use_table(self, table: str) -> None:
        """Write the statements for a table."""
        super().use_table(table)
        # Neither IGNORE nor ON DUPLICATE KEY: their counts depend on how the driver counts rows.
        self.insert = f"INSERT INTO {table} (`key`, `value`) VALUES (%s, %s)"  # noqa: S608 - a checked name

    def open(self, *, create: bool = False) -> "Any":
        """Open a connection; `create` makes the table first."""
        connection = self._connect()
        try:
            autocommit = getattr(connection, "autocommit", None)
            if callable(autocommit):
                autocommit(True)
            else:
                connection.autocommit = True
            for statement in (*_SETTINGS, f"SET SESSION innodb_lock_wait_timeout = {self._lock_wait}"):
                self._run(connection, statement)
            self._check_server(connection)
            if create:
                self._run(
                    connection, _create_table(f"IF NOT EXISTS {_quoted_parts(self._schema, self._name)}")
                )
            self._check_table(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def query(self, connection: "Any", statement: str, parameters: "Sequence[str]") -> "list[Any]":
        """Run a statement that reads, and return its rows, with texts as str."""
        return [tuple(map(_decoded, row)) for row in self._run(connection, statement, parameters)[1]]

    def change(self, connection: "Any", statement: str, parameters: "Sequence[str]") -> int:
        """Run a statement that writes, and return how many entries it wrote."""
        try:
            return self._run(connection, statement, parameters)[0]
        except Exception as error:
            # Only an INSERT meets a key that is there.
            if _code(error) == _DUPLICATE and statement == self.insert:
                return 0
            raise

    def had_no_effect(self, error: BaseException) -> bool:
        """A deadlock, a lock that was held for too long, or a node that is not ready."""
        return _code(error) in _NO_EFFECT

    def is_lost(self, connection: "Any", error: BaseException) -> bool:  # noqa: ARG002 - others ask it
        """The server or the connection is gone."""
        return _code(error) in _LOST

    def _run(
        self, connection: "Any", statement: str, parameters: "Sequence[str]" = ()
    ) -> "tuple[int, list[Any]]":
        """Run a statement; return how many rows it wrote or found, and those that it found."""
        cursor = connection.cursor()
        try:
            # Bytes, so that no character set of the connection changes them.
            cursor.execute(statement, tuple(each.encode() for each in parameters) or None)
            rows = list(cursor.fetchall()) if cursor.description else []
            return int(cursor.rowcount), rows
        finally:
            cursor.close()

    def _variables(self, connection: "Any", pattern: str) -> dict[str, str]:
        _, rows = self._run(connection, f"SHOW VARIABLES LIKE '{pattern}'")
        return {str(_decoded(name)): str(_decoded(value)) for name, value in rows}

    def _check_server(self, connection: "Any") -> None:
        """Refuse a server that loses commits, and make a node of Galera answer with all that it was told."""
        for name, (good, why) in _SERVER.items():
            value = self._variables(connection, name).get(name, "")
            if value not in good:
                raise StoreError(f"the server has {name}={value}: {why}")
        if self._variables(connection, "log_bin").get("log_bin") == "ON":
            value = self._variables(connection, "sync_binlog").get("sync_binlog", "")
            if value != "1":
                raise StoreError(
                    f"the server has sync_binlog={value}: a crash would lose commits; set it to 1"
                )
        if self._variables(connection, "wsrep_on").get("wsrep_on") == "ON":
            # A read waits until this node has what other nodes committed.
            self._run(connection, "SET SESSION wsrep_sync_wait = 1")

    def _check_table(self, connection: "Any") -> None:
        """Refuse a table that forgets, or that changes what is written."""
        if self._schema is None:
            ((schema,),) = self.query(connection, "SELECT DATABASE()", ())
            if schema is None:
                raise StoreError(
                    "the connection has no database; name one in connect, or in the table's name"
                )
            self._schema = str(schema)
            self.use_table(_quoted_parts(self._schema, self._name))
        where = (self._schema, self._name)
        name = f"the table {self._schema}.{self._name}"
        found = self.query(
            connection,
            "SELECT table_type, engine FROM information_schema.tables "
            "WHERE table_schema = %s AND table_name = %s",
            where,
        )
        if not found:
            raise StoreError(
                f"there is not {name}; make it with create_table() or by the statement of "
                'SQLStore.schema("mysql")'
            )
        ((kind, engine),) = found
        if kind != "BASE TABLE" or engine != "InnoDB":
            raise StoreError(f"{name} must be an ordinary table with ENGINE=InnoDB, which keeps its commits")
        if self.query(
            connection,
            "SELECT 1 FROM information_schema.triggers "
            "WHERE event_object_schema = %s AND event_object_table = %s",
            where,
        ):
            raise StoreError(f"{name} has a trigger, which could change what is written; drop it")
        columns = {column: rest for column, *rest in self.query(connection, _COLUMNS, where)}
        for column, size, index in (("key", MAX_KEY_BYTES, "PRI"), ("value", MAX_VALUE_BYTES, "")):
            kind, length, nullable, found_index, _ = columns.pop(column, [""] * 5)
            if kind != "varbinary" or int(length) < size or nullable != "NO" or found_index != index:
                raise StoreError(
                    f'the column {column} of {name} must be made as SQLStore.schema("mysql") makes it: '
                    f"VARBINARY({size}) or longer, NOT NULL, the key alone as primary key"
                )
        primary = [column for column, (_, _, _, found_index, _) in columns.items() if found_index == "PRI"]
        if primary:
            raise StoreError(f"the primary key of {name} must be the column key alone")
        for column, (*_, optional) in columns.items():
            if not optional:
                raise StoreError(f"the column {column} of {name} must have a default, or no NOT NULL")


def schema(table: str) -> str:
    """Return the statement that makes a table.

    Raises:
        TypeError: The name is not a str.
        ValueError: The name is not an identifier.
    """
    return _create_table(_quoted(table))


def _create_table(name: str) -> str:
    return (
        f"CREATE TABLE {name} (`key` VARBINARY({MAX_KEY_BYTES}) NOT NULL PRIMARY KEY, "
        f"`value` VARBINARY({MAX_VALUE_BYTES}) NOT NULL) ENGINE=InnoDB"
    )


def _quoted(table: str) -> str:
    return _quoted_parts(*split_name(table, schema=True))


def _quoted_parts(schema: str | None, name: str) -> str:
    return f"`{schema}`.`{name}`" if schema else f"`{name}`"


def _decoded(value: object) -> object:
    """Return bytes as text: drivers differ in what they return."""
    return bytes(value).decode() if isinstance(value, bytes | bytearray) else value


def _code(error: BaseException) -> object:
    """Return the number of a driver's error."""
    code = getattr(error, "errno", None)
    return error.args[0] if code is None and error.args else code
