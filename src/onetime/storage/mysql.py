"""MySQL and MariaDB, Galera clusters included, through PyMySQL, mysqlclient or mysql-connector-python."""

import math

from onetime.errors import StoreError
from onetime.storage.dialect import Dialect, split_name

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

MAX_KEY_BYTES, MAX_VALUE_BYTES = 1100, 16_000
"""Maximum length of a key and of a value, in bytes: enough for a user of 255 four-byte characters and for 50
devices."""

_DUPLICATE = 1062
"""ER_DUP_ENTRY: the key already has an entry."""

_NO_EFFECT = (1213, 1205, 1047)
"""ER_LOCK_DEADLOCK (also a conflict between Galera nodes), ER_LOCK_WAIT_TIMEOUT (the transaction is only this
statement) and ER_UNKNOWN_COM_ERROR (a Galera node that is not ready)."""

_LOST = (2006, 2013, 2055, -1, 0, 1053, 1927, 4031, 1047)
"""The server or the connection is gone: CR_SERVER_GONE_ERROR, CR_SERVER_LOST, CR_SERVER_LOST_EXTENDED, the
drivers' error for a closed connection, ER_SERVER_SHUTDOWN, ER_CONNECTION_KILLED,
ER_CLIENT_INTERACTION_TIMEOUT; or a Galera node is not ready, and another node may be."""

_IN_TRANSACTION = 1568
"""ER_CANT_CHANGE_TX_CHARACTERISTICS."""

_SETTINGS = (
    "SET SESSION sql_mode = 'TRADITIONAL'",  # otherwise a long value may be cut silently
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
)

_GALERA = ("SET SESSION wsrep_sync_wait = 7", "SET SESSION wsrep_dirty_reads = OFF")
"""Settings with which a statement waits for the commits of other nodes, and fails on an isolated node."""

_SERVER = {
    "innodb_flush_log_at_trx_commit": ("1", "a crash would lose commits; set it to 1"),
    "innodb_doublewrite": ("ON 1 DETECT_AND_RECOVER", "a torn page could not be repaired; set it to ON"),
    "read_only": ("OFF 0", "the server is a replica or closed for writing; connect to the primary"),
}
"""The values of each setting that a store accepts, and the reason why it accepts no others."""

_BINARY_LOG = {
    "sync_binlog": ("1", "a crash would lose commits; set it to 1"),
    "binlog_format": ("ROW MIXED", "no write is accepted at READ COMMITTED; set it to ROW"),
}
"""The same for a server with a binary log."""

# Only a server that ignores the case of names may match names in another case.
_HERE = """= coalesce(%s, DATABASE()) AND {table} = %s
AND (@@lower_case_table_names <> 0 OR CAST({table} AS BINARY) = %s)"""

_TABLE = f"""
SELECT CASE
    WHEN table_type <> 'BASE TABLE' OR coalesce(engine, '') <> 'InnoDB'
        THEN 'must be an ordinary table with ENGINE=InnoDB, whose commits are durable'
    WHEN EXISTS (SELECT 1 FROM information_schema.triggers
        WHERE event_object_schema {_HERE.format(table="event_object_table")})
        THEN 'has a trigger, which could change what is written; drop it'
    WHEN 1 <> (SELECT coalesce(sum(if(
            index_name = 'PRIMARY' AND column_name = 'key' AND sub_part IS NULL, 1, 2)), 0)
        FROM information_schema.statistics
        WHERE table_schema {_HERE.format(table="table_name")} AND non_unique = 0)
        THEN 'must have the whole column key alone as primary key, and no other unique index'
END
FROM information_schema.tables WHERE table_schema {_HERE.format(table="table_name")}
"""  # noqa: S608 - constants
"""Query for the fault of a table, which is NULL if the table can be used."""

_COLUMNS = f"""
SELECT column_name,
    column_default IS NOT NULL OR is_nullable = 'YES' OR extra REGEXP 'auto_increment|generated',
    data_type = 'varbinary' AND is_nullable = 'NO' AND extra = '' AND character_maximum_length >=
        CASE column_name WHEN 'key' THEN {MAX_KEY_BYTES} ELSE {MAX_VALUE_BYTES} END
FROM information_schema.columns WHERE table_schema {_HERE.format(table="table_name")}
"""  # noqa: S608 - constants
"""The name of each column, whether a row can be written without it, and whether the store can use it."""


class MySQL(Dialect):
    """A table in MySQL or MariaDB.

    Args:
        connect: A function that returns a new connection of one of the three drivers.
        table: The table's name, with or without its database.
        timeout: Deadline of a call, in seconds.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The table's name is not an identifier.
    """

    def __init__(self, connect: "Callable[[], Any]", table: str, timeout: float) -> None:
        if not callable(connect):
            raise TypeError(
                "connect must be a function that returns a new connection of PyMySQL, mysqlclient or "
                "mysql-connector-python, for example lambda: pymysql.connect(...)"
            )
        self._connect = connect
        self._timeout = timeout
        self._schema, self._name = split_name(table, schema=True)
        super().__init__(_quoted(table), "UNHEX(%s)", "`")

    def use_table(self, table: str) -> None:
        """Compose the statements for a table."""
        super().use_table(table)
        # Neither IGNORE nor ON DUPLICATE KEY: their counts depend on how the driver counts rows.
        self.insert: str = f"INSERT INTO {table} (`key`, `value`) VALUES (UNHEX(%s), UNHEX(%s))"  # noqa: S608 - a checked name

    def connect(self) -> "Any":
        """Open a connection."""
        connection = self._connect()
        if not hasattr(connection, "cursor") or not hasattr(connection, "autocommit"):
            raise StoreError(
                "connect must return a new connection of PyMySQL, mysqlclient or mysql-connector-python, not "
                f"{type(connection).__module__}.{type(connection).__qualname__}"
            )
        return connection

    def prepare(self, connection: "Any", *, create: bool) -> None:
        """Set the session's settings; check the server and the table; if `create`, create the table first."""
        _prepare(connection)
        _run(connection, f"SET SESSION innodb_lock_wait_timeout = {math.ceil(self._timeout)}")
        _check_server(connection)
        self._check_table(connection, create=create)

    def query(self, connection: "Any", statement: str, parameters: "Sequence[str]") -> "list[Any]":
        """Run a statement that reads, and return its rows, with texts as str."""
        return _run(connection, statement, _hexadecimal(parameters))[1]

    def change(self, connection: "Any", statement: str, parameters: "Sequence[str]") -> int:
        """Run a statement that writes, and return the number of entries that it wrote."""
        try:
            return _run(connection, statement, _hexadecimal(parameters))[0]
        except Exception as error:
            # Only an INSERT can find that the key already has an entry.
            if _code(error) == _DUPLICATE and statement == self.insert:
                return 0
            raise

    def had_no_effect(self, error: BaseException) -> bool:
        """Return whether the error is a deadlock, a lock timeout, or a node that is not ready."""
        return _code(error) in _NO_EFFECT

    def is_lost(self, connection: "Any", error: BaseException) -> bool:  # noqa: ARG002 - other dialects use it
        """Return whether the server or the connection is gone."""
        return _code(error) in _LOST

    def _check_table(self, connection: "Any", *, create: bool) -> None:
        """Refuse a table that could lose or change entries; if `create`, create the table first."""
        if self._schema is None and _run(connection, "SELECT DATABASE()")[1] == [(None,)]:
            raise StoreError("the connection must have a database; name it in connect or in the table's name")
        name = f"{self._schema}.{self._name}" if self._schema else self._name
        here = (self._schema, self._name, self._name)
        _, found = _run(connection, _TABLE, here * 3)
        if not found and create:
            try:
                _run(connection, _create_table(f"IF NOT EXISTS {_quoted(name)}"))
            except Exception as error:
                raise StoreError(f"the table {name} cannot be created") from error
            _, found = _run(connection, _TABLE, here * 3)
        if not found:
            raise StoreError(
                f"the table {name} is missing; create it with create_table() or the statement of "
                'SQLStore.schema("mysql")'
            )
        ((fault,),) = found
        if fault is not None:
            raise StoreError(f"the table {name} {fault}")
        columns = {column: rest for column, *rest in _run(connection, _COLUMNS, here)[1]}
        for column, size in (("key", MAX_KEY_BYTES), ("value", MAX_VALUE_BYTES)):
            _, own = columns.pop(column, (0, 0))
            if not int(own):
                raise StoreError(
                    f'the column {column} of the table {name} must be as in SQLStore.schema("mysql"): '
                    f"VARBINARY({size}) NOT NULL, or longer"
                )
        for column, (optional, _) in columns.items():
            if not int(optional):
                raise StoreError(f"the column {column} of the table {name} must have a default or allow NULL")


def _prepare(connection: "Any") -> None:
    """Set autocommit mode, and the other settings that a store needs."""
    try:
        # This statement applies to the next transaction only, and fails inside a transaction. Setting
        # autocommit would commit that transaction.
        _run(connection, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    except Exception as error:
        if _code(error) == _IN_TRANSACTION:
            raise StoreError("connect must return a connection that is not in a transaction") from error
        raise
    if callable(connection.autocommit):
        connection.autocommit(True)
    else:
        connection.autocommit = True
    for statement in _SETTINGS:
        _run(connection, statement)


def _check_server(connection: "Any") -> None:
    """Refuse a server that loses commits, and make a Galera node wait for the commits of other nodes."""
    names = ", ".join(f"'{name}'" for name in ("log_bin", "wsrep_on", *_SERVER, *_BINARY_LOG))
    _, rows = _run(connection, f"SHOW VARIABLES WHERE variable_name IN ({names})")
    found = {name: value.upper() for name, value in rows}
    for name, (good, why) in (_SERVER | (_BINARY_LOG if found["log_bin"] == "ON" else {})).items():
        if found.get(name) not in good.split():
            raise StoreError(f"the server has {name}={found.get(name)}: {why}")
    if found.get("wsrep_on") == "ON":
        for statement in _GALERA:
            _run(connection, statement)


def _run(
    connection: "Any", statement: str, parameters: "Sequence[str | None]" = ()
) -> "tuple[int, list[Any]]":
    """Run a statement, and return the number of rows that it wrote and the rows that it found."""
    cursor = connection.cursor()
    try:
        cursor.execute(statement, tuple(parameters) or None)
        rows = list(cursor.fetchall()) if cursor.description else []
        count = int(cursor.rowcount)
    finally:
        cursor.close()
    # The program may have configured a connection to return rows as dictionaries.
    return count, [tuple(map(_decoded, row.values() if isinstance(row, dict) else row)) for row in rows]


def _hexadecimal(parameters: "Sequence[str]") -> list[str]:
    """Return texts in hexadecimal, which every character set and mode of a connection reads alike."""
    return [each.encode().hex() for each in parameters]


def schema(table: str) -> str:
    """Return the statement that creates a table.

    Raises:
        TypeError: The name is not a str.
        ValueError: The name is not an identifier.
    """
    return _create_table(_quoted(table))


def _create_table(name: str) -> str:
    return (
        f"CREATE TABLE {name} (`key` VARBINARY({MAX_KEY_BYTES}) NOT NULL PRIMARY KEY, "
        f"`value` VARBINARY({MAX_VALUE_BYTES}) NOT NULL) ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
    )


def _quoted(table: str) -> str:
    return ".".join(f"`{part}`" for part in split_name(table, schema=True) if part)


def _decoded(value: object) -> object:
    """Return a value, with bytes decoded: some drivers return bytes, and some return text."""
    return bytes(value).decode() if isinstance(value, bytes | bytearray) else value


def _code(error: BaseException) -> object:
    """Return the number of a driver's error."""
    code = getattr(error, "errno", None)
    return error.args[0] if code is None and error.args else code
