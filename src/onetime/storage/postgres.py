"""PostgreSQL, through psycopg 3, directly or behind a pooler in transaction mode."""

import sys

from onetime.errors import StoreError
from onetime.storage.dialect import PAGE, Dialect, split_name

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

PREPARE_AFTER = 5
"""Number of executions after which a connection without a pooler prepares a statement: psycopg's default."""

_NO_EFFECT = ("40001", "40P01")
"""serialization_failure and deadlock_detected: the transaction was rolled back."""

_CREATED_BY_ANOTHER = ("42P07", "42710", "23505")
"""duplicate_table, duplicate_object (its row type) and unique_violation (in the catalog): the errors of a
CREATE TABLE that lost a race, depending on how far it got."""

_DURABLE = """pg_catalog.set_config('synchronous_commit', 'on', true) AS durable,
    pg_catalog.set_config('client_min_messages', 'warning', true) AS warned"""
"""Settings of a write's transaction: the commit waits until it is durable, or the server warns."""

_SCHEMA = """
WITH path AS (
    SELECT pg_catalog.set_config('search_path', {path} || ', pg_temp', true) AS value
    FROM pg_catalog.pg_settings WHERE name = 'search_path'
), chosen AS (
    SELECT coalesce(
        (SELECT relnamespace FROM pg_catalog.pg_class
            WHERE oid = pg_catalog.to_regclass(CASE WHEN value IS NOT NULL THEN %s END)
            AND relpersistence <> 't'),
        (SELECT oid FROM pg_catalog.pg_namespace
            WHERE nspname = CASE WHEN value IS NOT NULL THEN pg_catalog.current_schema() END
            AND oid <> pg_catalog.pg_my_temp_schema())
    ) AS schema FROM path
)
SELECT nspname, (
    SELECT count(*) FROM pg_catalog.pg_class
    WHERE relname = %s AND relkind IN ('r', 'p') AND relpersistence <> 't' AND relnamespace <> schema
) FROM chosen JOIN pg_catalog.pg_namespace ON oid = schema
"""
"""The schema in which the search path finds a table, or would create it, and the number of other schemas that
have a table of this name. The path is set before it is used, and has temporary tables last."""

_TABLE = """
SELECT CASE
    WHEN relpersistence <> 'p' THEN 'is unlogged or temporary and would be lost; use an ordinary table'
    WHEN relkind <> 'r' OR relispartition
        OR EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhparent = class.oid)
        THEN 'must be an ordinary table: not a view, a partition or a parent'
    WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = class.oid AND NOT tgisinternal)
        THEN 'has a trigger, which could change what is written; drop it'
    WHEN EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_class = class.oid)
        THEN 'has a rule, which could change what is written; drop it'
    WHEN relrowsecurity THEN 'has row-level security, which could hide entries; disable it'
END
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = %s AND relname = %s
"""
"""Query for the fault of a table, which is NULL if the table can be used."""

_COLUMNS = """
SELECT attname,
    pg_catalog.format_type(atttypid, atttypmod) = 'text' AND attnotnull AND attgenerated = ''
        AND coalesce(collisdeterministic, true) AND (attname <> 'key' OR coalesce(indimmediate, false)),
    atthasdef OR attidentity <> '' OR NOT attnotnull
FROM pg_catalog.pg_attribute
JOIN pg_catalog.pg_class ON pg_class.oid = attrelid
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
LEFT JOIN pg_catalog.pg_collation ON pg_collation.oid = attcollation
LEFT JOIN pg_catalog.pg_index ON indrelid = attrelid AND indisprimary AND indkey::text = attnum::text
WHERE nspname = %s AND relname = %s AND attnum > 0 AND NOT attisdropped
"""
"""The name of each column, whether the store can use it, and whether a row can be written without it."""


class Postgres(Dialect):
    """A table in PostgreSQL.

    Args:
        connect: A function that returns a new connection of psycopg 3.
        table: The table's name, with or without its schema.

    Raises:
        TypeError: An argument has the wrong type.
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
        super().__init__(_quoted(self._schema, self._name), "%s", "")

    def use_table(self, table: str) -> None:
        """Compose the statements for a table; each write makes its own commit durable."""
        # Without super().use_table(table): a thread could run one of its statements meanwhile.
        table = table.replace("%", "%%")
        # ruff: noqa: S608 - the name of the table was checked
        self.select: str = f"SELECT value FROM {table} WHERE key = %s"
        # Keys are compared by bytes, so that a page uses the index and has the order of other databases.
        by_bytes = 'key COLLATE "C"'
        self.list: str = (
            f"SELECT key, value FROM {table} WHERE {by_bytes} >= %s ORDER BY {by_bytes} LIMIT {PAGE}"
        )
        self.insert: str = (
            f"INSERT INTO {table} (key, value) SELECT %s, %s FROM {_DURABLE} ON CONFLICT (key) DO NOTHING"
        )
        self.update: str = f"UPDATE {table} SET value = %s FROM {_DURABLE} WHERE key = %s AND value = %s"
        self.delete: str = f"DELETE FROM {table} USING {_DURABLE} WHERE key = %s AND value = %s"

    def connect(self) -> "Session":
        """Open a connection."""
        return Session(self._connect())

    def prepare(self, connection: "Session", *, create: bool) -> None:
        """Check the server and the table; if `create`, create the table first."""
        connection.prepare()
        own = _check_server(connection)
        schema = self._schema or self._find_schema(connection, own=own)
        if create and connection.row(_TABLE, schema, self._name) is None:
            _create(connection, _quoted(schema, self._name))
        self._check_table(connection, schema)
        if self._schema is None:
            self._schema = schema
            self.use_table(_quoted(schema, self._name))
        if own:
            # Behind a pooler, another session would not have the prepared statement.
            connection.connection.prepare_threshold = PREPARE_AFTER

    def query(self, connection: "Session", statement: str, parameters: "Sequence[str]") -> "list[Any]":
        """Run a statement that reads, and return its rows."""
        return list(connection.connection.execute(statement, parameters))

    def change(self, connection: "Session", statement: str, parameters: "Sequence[str]") -> int:
        """Run a statement that writes, and return the number of entries that it wrote.

        Raises:
            StoreError: The server warned, as it does if the wait for the synchronous standby is canceled. The
                commit may be lost in a failover.
        """
        connection.warnings.clear()
        count = int(connection.connection.execute(statement, parameters).rowcount)
        if connection.warnings:
            raise StoreError(
                "the server warned during a write; it is unknown whether the entry is durable: "
                + "; ".join(connection.warnings)
            )
        return count

    def had_no_effect(self, error: BaseException) -> bool:
        """Return whether the error is a serialization failure or a deadlock."""
        return getattr(error, "sqlstate", None) in _NO_EFFECT

    def is_lost(self, connection: "Session", error: BaseException) -> bool:  # noqa: ARG002 - other dialects use it
        """Return whether the driver has closed the connection."""
        return bool(connection.connection.closed)

    def _find_schema(self, session: "Session", *, own: bool) -> str:
        """Return the schema of a table that was named without one, from the search path."""
        # Behind a pooler, the default path counts, because another program may have changed the session's.
        statement = _SCHEMA.format(path="setting" if own else "reset_val")
        found = session.row(statement, _quoted(None, self._name), self._name)
        if found is None:
            raise StoreError(
                f"the search path must have an existing schema; name the schema of the table {self._name}, "
                f"for example public.{self._name}"
            )
        schema, others = found
        if others and not own:
            raise StoreError(
                f"schemas other than {schema} also have a table {self._name}, and behind a pooler the search "
                f"path is not reliable; name the schema, for example {schema}.{self._name}"
            )
        return str(schema)

    def _check_table(self, session: "Session", schema: str) -> None:
        """Refuse a table that could lose or change entries."""
        name = f"the table {schema}.{self._name}"
        found = session.row(_TABLE, schema, self._name)
        if found is None:
            raise StoreError(
                f"the table {schema}.{self._name} is missing; create it with create_table() or the statement "
                'of SQLStore.schema("postgres"), or name the schema that has it'
            )
        (fault,) = found
        if fault is not None:
            raise StoreError(f"{name} {fault}")
        columns = {column: rest for column, *rest in session.rows(_COLUMNS, schema, self._name)}
        for column in ("key", "value"):
            own, _ = columns.pop(column, (False, False))
            if not own:
                raise StoreError(
                    f'the column {column} of {name} must be as in SQLStore.schema("postgres"): '
                    "text NOT NULL, with a deterministic collation, the key alone as primary key"
                )
        for column, (_, optional) in columns.items():
            if not optional:
                raise StoreError(f"the column {column} of {name} must have a default or allow NULL")


class Session:
    """A connection of psycopg 3, with the warnings of its last write."""

    def __init__(self, connection: "Any") -> None:
        # psycopg is already loaded if the connection is one of psycopg's.
        psycopg = sys.modules.get("psycopg")
        if psycopg is None or not isinstance(connection, psycopg.Connection):
            raise StoreError(
                "connect must return a new connection of psycopg 3, a psycopg.Connection, not "
                f"{type(connection).__module__}.{type(connection).__qualname__}"
            )
        self.connection = connection
        self.close: Any = connection.close
        self.warnings: list[str] = []
        self._cursor = psycopg.Cursor

    def prepare(self) -> None:
        """Set autocommit mode, and reset the settings that the program may have changed."""
        connection = self.connection
        if connection.info.transaction_status:
            raise StoreError("connect must return a connection that is not in a transaction")
        # Set before the first statement, or a pooler could change to a session that has not prepared it.
        connection.prepare_threshold = None
        connection.autocommit = True
        connection.cursor_factory = self._cursor
        connection.row_factory = lambda _: tuple
        connection.add_notice_handler(self._notice)
        if connection.info.encoding != "utf-8":
            # Poolers pass this setting on to each session.
            connection.execute("SET client_encoding TO 'UTF8'")

    def rows(self, statement: str, *parameters: str) -> "list[Any]":
        """Run a statement and return its rows."""
        return list(self.connection.execute(statement, parameters))

    def row(self, statement: str, *parameters: str) -> "Any":
        """Run a statement and return its first row, or None."""
        return next(iter(self.rows(statement, *parameters)), None)

    def _notice(self, diagnostic: "Any") -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            self.warnings.append(str(diagnostic.message_primary))


def _check_server(session: Session) -> bool:
    """Refuse a server that loses commits, and return whether the session belongs to the connection alone."""
    process, in_recovery, fsync = session.row(
        "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(), "
        "pg_catalog.current_setting('fsync')"
    )
    if in_recovery:
        raise StoreError(
            "the server is a standby, which may return old entries; connect to the primary, for example "
            "with target_session_attrs=read-write"
        )
    if fsync != "on":
        raise StoreError("the server has fsync=off: a crash would lose commits; set fsync=on")
    return bool(process == session.connection.info.backend_pid)


def _create(session: Session, name: str) -> None:
    try:
        session.connection.execute(_create_table(f"IF NOT EXISTS {name}"))
    except Exception as error:
        if getattr(error, "sqlstate", None) not in _CREATED_BY_ANOTHER:
            raise StoreError(f"the table {name} cannot be created") from error


def schema(table: str) -> str:
    """Return the statement that creates a table.

    Raises:
        TypeError: The name is not a str.
        ValueError: The name is not an identifier.
    """
    return _create_table(_quoted(*split_name(table, schema=True)))


def _quoted(schema: str | None, name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name) if part)


def _create_table(name: str) -> str:
    # "C" compares bytes, so that a new version of the system's locales cannot break the index. The free space
    # in each page takes the next version of a row, so the index does not change.
    return (
        f'CREATE TABLE {name} (key TEXT COLLATE "C" PRIMARY KEY NOT NULL, value TEXT NOT NULL) '
        "WITH (fillfactor=90)"
    )
