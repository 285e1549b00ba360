"""PostgreSQL, through psycopg 3, directly or behind a pooler that hands each transaction another session."""

from onetime.errors import StoreError
from onetime.storage.dialect import PAGE, Dialect, split_name

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

PREPARE_AFTER = 5
"""Executions after which a statement is prepared on a session that is one's own: psycopg's default."""

_NO_EFFECT = ("40001", "40P01")
"""serialization_failure and deadlock_detected: the transaction was rolled back."""

_CREATED_BY_ANOTHER = ("42P07", "42710", "23505")
"""duplicate_table, duplicate_object (its row type) and unique_violation (in the catalog): the errors of a
CREATE TABLE that lost a race, depending on how far it came."""

# The transaction of a write sets this for itself: a pooler's session may have the setting of another program.
_DURABLE = "pg_catalog.set_config('synchronous_commit', 'on', true)"

_SERVER = (
    "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('fsync')"
)

_TABLE = """
SELECT namespace.nspname, class.relkind = 'r' AND NOT class.relispartition AND NOT class.relhassubclass,
    class.relpersistence, class.relrowsecurity,
    EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = class.oid AND NOT tgisinternal),
    EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_class = class.oid),
    (SELECT count(*) FROM pg_catalog.pg_class WHERE relname = class.relname AND relkind IN ('r', 'p')
        AND relpersistence <> 't')
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.oid = pg_catalog.to_regclass(%s)
"""
"""Schema; whether it is an ordinary table, and not part of another one; "p" for a logged one, "u", "t"; what
else changes what a statement does; and how many tables have the name."""

_COLUMNS = """
SELECT attname, pg_catalog.format_type(atttypid, atttypmod), attnotnull, attgenerated <> '',
    coalesce(collisdeterministic, true), coalesce(indisprimary AND indimmediate, false),
    atthasdef OR attidentity <> '' OR NOT attnotnull
FROM pg_catalog.pg_attribute
LEFT JOIN pg_catalog.pg_collation ON pg_collation.oid = attcollation
LEFT JOIN pg_catalog.pg_index ON indrelid = attrelid AND indisprimary AND indkey::text = attnum::text
WHERE attrelid = pg_catalog.to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""
"""Of each column: name, type, whether NOT NULL and generated, whether only the same bytes are equal, whether
it alone is the primary key, and whether a row can be written without it."""


class Postgres(Dialect):
    """A table in PostgreSQL.

    Args:
        connect: Returns a new connection of psycopg 3.
        table: The table's name, with or without its schema.

    Raises:
        TypeError: An argument has another type.
        ValueError: The table's name is not an identifier.
    """

    def __init__(self, connect: "Callable[[], Any]", table: str) -> None:
        if not callable(connect):
            raise TypeError(
                "connect must be a function that returns a new connection of psycopg 3, "
                "for example lambda: psycopg.connect(conninfo)"
            )
        self._connect = connect
        self._schema, self._name = split_name(table, schema=True)
        super().__init__(self._quoted(), "%s", "")

    def use_table(self, table: str) -> None:
        """Write the statements for a table; each write makes its own commit durable."""
        super().use_table(table)
        # ruff: noqa: S608 - the name of the table was checked
        # Compared by bytes, so that a page comes in the order that other databases have, and by the index.
        by_bytes = 'key COLLATE "C"'
        self.list = f"SELECT key, value FROM {table} WHERE {by_bytes} >= %s ORDER BY {by_bytes} LIMIT {PAGE}"
        self.insert = (
            f"INSERT INTO {table} (key, value) SELECT %s, %s FROM {_DURABLE} ON CONFLICT (key) DO NOTHING"
        )
        self.update = f"UPDATE {table} SET value = %s FROM {_DURABLE} WHERE key = %s AND value = %s"
        self.delete = f"DELETE FROM {table} USING {_DURABLE} WHERE key = %s AND value = %s"

    def open(self, *, create: bool = False) -> "Session":
        """Open a connection; `create` makes the table first."""
        session = Session(self._connect())
        try:
            own = _check_server(session)
            if create:
                self._create(session)
            self._check_table(session, own=own)
            if own:
                # Behind a pooler, a prepared statement would be looked for in another session.
                session.connection.prepare_threshold = PREPARE_AFTER
        except BaseException:
            session.close()
            raise
        return session

    def query(self, connection: "Session", statement: str, parameters: "Sequence[str]") -> "list[Any]":
        """Run a statement that reads, and return its rows."""
        rows: list[Any] = connection.connection.execute(statement, parameters).fetchall()
        return rows

    def change(self, connection: "Session", statement: str, parameters: "Sequence[str]") -> int:
        """Run a statement that writes, and return how many entries it wrote.

        Raises:
            StoreError: The server warned. It does so when a wait for the synchronous standby is cancelled:
                the commit may be lost in a failover.
        """
        connection.warnings.clear()
        count = int(connection.connection.execute(statement, parameters).rowcount)
        if connection.warnings:
            raise StoreError(
                "the server warned during a write; it is unknown whether the entry will last: "
                + "; ".join(connection.warnings)
            )
        return count

    def had_no_effect(self, error: BaseException) -> bool:
        """A serialization failure or a deadlock."""
        return getattr(error, "sqlstate", None) in _NO_EFFECT

    def is_lost(self, connection: "Session", error: BaseException) -> bool:  # noqa: ARG002 - others ask it
        """The driver has closed the connection."""
        return bool(connection.connection.closed)

    def _quoted(self) -> str:
        return f'"{self._schema}"."{self._name}"' if self._schema else f'"{self._name}"'

    def _create(self, session: "Session") -> None:
        if self._schema is None:
            (schema,) = session.row("SELECT pg_catalog.current_schema()")
            if schema is None:
                raise StoreError(
                    "the search path names no schema that is there; name the table with its schema"
                )
            self._schema = str(schema)
        try:
            session.connection.execute(_create_table(f"IF NOT EXISTS {self._quoted()}"))
        except Exception as error:
            if getattr(error, "sqlstate", None) not in _CREATED_BY_ANOTHER:
                raise StoreError(f"the table {self._quoted()} cannot be made") from error

    def _check_table(self, session: "Session", *, own: bool) -> None:
        """Refuse a table that forgets, or that changes what is written.

        Args:
            session: The session.
            own: Whether the session is the connection's own, and not a pooler's.
        """
        found = session.row(_TABLE, self._quoted())
        if found is None:
            raise StoreError(
                f"there is no table {self._quoted()}; make it with create_table() or by the statement of "
                'SQLStore.schema("postgres"), or check the search path and the schema'
            )
        schema, ordinary, persistence, row_security, triggers, rules, same_name = found
        if self._schema is None and not own and same_name > 1:
            raise StoreError(
                f"several schemas have a table {self._name}, and behind a pooler the search path may be "
                f"another program's; name the schema, for example {schema}.{self._name}"
            )
        name = f"the table {schema}.{self._name}"
        if persistence != "p":
            raise StoreError(f"{name} is unlogged or temporary, and would be lost; use an ordinary table")
        if not ordinary:
            raise StoreError(
                f"{name} must be an ordinary table: not a view, and neither a partition nor a parent"
            )
        if triggers:
            raise StoreError(f"{name} has a trigger, which could change what is written; drop it")
        if rules:
            raise StoreError(f"{name} has a rule, which could change what is written; drop it")
        if row_security:
            raise StoreError(f"{name} has row-level security, which could hide entries; disable it")
        self._check_columns(session, name)
        if self._schema is None:
            self._schema = schema
            self.use_table(self._quoted())

    def _check_columns(self, session: "Session", name: str) -> None:
        columns = {column: rest for column, *rest in session.rows(_COLUMNS, self._quoted())}
        for column in ("key", "value"):
            kind, not_null, generated, exact, primary, _ = columns.pop(column, [None] * 6)
            if kind != "text" or not not_null or generated or not exact or (column == "key") > bool(primary):
                raise StoreError(
                    f'the column {column} of {name} must be made as SQLStore.schema("postgres") makes it: '
                    "text NOT NULL, with a deterministic collation, the key alone as primary key"
                )
        for column, (*_, optional) in columns.items():
            if not optional:
                raise StoreError(f"the column {column} of {name} must have a default, or no NOT NULL")


class Session:
    """A connection in autocommit mode, with the warnings of its last write.

    Args:
        connection: A connection of psycopg 3.

    Raises:
        StoreError: It is another kind of connection.
    """

    def __init__(self, connection: "Any") -> None:
        self.connection = connection
        self.warnings: list[str] = []
        if not hasattr(connection, "pgconn") or not hasattr(connection, "notifies"):
            raise StoreError("connect must return a new connection of psycopg 3, psycopg.Connection")
        try:
            # Before the first statement, or a pooler could give it to a session that has not prepared it.
            connection.prepare_threshold = None
            connection.autocommit = True
            connection.row_factory = lambda _: tuple
            connection.add_notice_handler(self._notice)
        except BaseException:
            connection.close()
            raise

    def rows(self, statement: str, *parameters: str) -> "list[Any]":
        """Run a statement and return its rows."""
        rows: list[Any] = self.connection.execute(statement, parameters).fetchall()
        return rows

    def row(self, statement: str, *parameters: str) -> "Any":
        """Run a statement and return its first row, or None."""
        return next(iter(self.rows(statement, *parameters)), None)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _notice(self, diagnostic: "Any") -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            self.warnings.append(str(diagnostic.message_primary))


def _check_server(session: Session) -> bool:
    """Refuse a server that loses commits; return whether the session is the connection's own."""
    process, in_recovery, fsync = session.row(_SERVER)
    if in_recovery:
        raise StoreError(
            "the server is a standby, whose answers are late; connect to the primary, for example "
            "with target_session_attrs=read-write"
        )
    if fsync != "on":
        raise StoreError("the server has fsync=off: a crash would lose commits; set fsync=on")
    return bool(process == session.connection.info.backend_pid)


def schema(table: str) -> str:
    """Return the statement that makes a table.

    Raises:
        TypeError: The name is not a str.
        ValueError: The name is not an identifier.
    """
    parts = [part for part in split_name(table, schema=True) if part]
    return _create_table(".".join(f'"{part}"' for part in parts))


def _create_table(name: str) -> str:
    # "C" compares bytes, so that no new version of the system's locales breaks the index. The room that is
    # left in each page takes the next version of a row, which spares the index.
    return (
        f'CREATE TABLE {name} (key TEXT COLLATE "C" PRIMARY KEY NOT NULL, value TEXT NOT NULL) '
        "WITH (fillfactor=90)"
    )
