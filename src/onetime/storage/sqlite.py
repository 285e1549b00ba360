"""SQLite: a file on one machine, with a write-ahead log that is synced to disk at each commit."""

import os
import sqlite3

from onetime.errors import StoreError
from onetime.storage.dialect import GroupingDialect, split_name
from onetime.storage.sqlite_file import StoreFile

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

_SETTINGS = (
    ("journal_mode", "WAL", "wal"),
    # NORMAL loses commits in a power cut.
    ("synchronous", "FULL", 2),
    # On macOS, a sync needs this setting; elsewhere it has no effect.
    ("fullfsync", "ON", 1),
)
"""Name and value of each setting, and SQLite's answer if the value is in effect."""


class Connection:
    """A connection of sqlite3 that is closed when it is dropped, but never in a forked child.

    A child may hold a copy of a connection if no fork handler ran. SQLite mistakes the parent's locks for the
    child's, so closing the copy can delete a log in which other processes have stored commits. When an
    interpreter ends, it closes the remaining connections.

    Args:
        connection: A new connection of sqlite3.
    """

    __slots__ = ("_connection", "_pid", "execute")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._pid = os.getpid()
        self.execute: Callable[..., sqlite3.Cursor] = connection.execute
        # SQLite refers to the function, and the function to the connection. Only `close` breaks this cycle.
        connection.create_function("onetime", 0, connection.close)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def close(self) -> None:
        """Roll back and close the connection, unless this is a forked child."""
        if self._pid == os.getpid():
            try:
                # SQLite closes a connection only when its last statement is gone. That may be later: without
                # the GIL, an object can wait for the thread that created it.
                self._connection.rollback()
            finally:
                self._close()

    def abandon(self) -> None:
        """In a forked child, make every later statement raise an error: SQLite's locks are the parent's."""
        self.execute = _refuse

    def _close(self, *, getpid: "Callable[[], int]" = os.getpid) -> None:
        # `getpid` is an argument, because the module's names are gone after an interpreter has ended.
        if self._pid == getpid():
            self._connection.close()
            self._pid = 0

    __del__ = _close


def _refuse(*_: object) -> "NoReturn":
    raise StoreError("the connection belongs to another process")


class SQLite(GroupingDialect):
    """A table in an SQLite file.

    Args:
        path: The file, in a folder that exists.
        table: The table's name.

    Raises:
        TypeError: The path is neither a str nor an os.PathLike of one, or the table is not a str.
        ValueError: The path does not name a file, or the table's name is not an identifier.
    """

    def __init__(self, path: str | os.PathLike[str], table: str) -> None:
        _, self._name = split_name(table, schema=False)
        super().__init__(f'"{self._name}"', "?", "")
        self._file = StoreFile(path)

    def connect(self) -> Connection:
        """Open a connection; the first connection creates the file."""
        try:
            self._file.check()
            # SQLite's busy handler is not used: it waits longer each time, and holds its lock while it waits.
            return Connection(
                sqlite3.connect(
                    self._file.uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False
                )
            )
        except (OSError, sqlite3.Error) as error:
            raise _explained(error) from error

    def prepare(self, connection: Connection, *, create: bool) -> None:
        """Make commits durable; check the table and the file; if `create`, create the table first."""
        try:
            _apply_settings(connection)
            if create:
                connection.execute(_table(f'IF NOT EXISTS "{self._name}"'))
            # This check reads from the database, which creates the log.
            self._check_table(connection)
            self._file.check()
            self._file.sync_names()
        except (OSError, sqlite3.Error) as error:
            if self.had_no_effect(error):
                raise
            raise _explained(error) from error

    def query(
        self, connection: Connection, statement: str, parameters: "Sequence[str]"
    ) -> list[tuple[object, ...]]:
        """Run a statement that reads, and return its rows."""
        return connection.execute(statement, parameters).fetchall()

    def change(self, connection: Connection, statement: str, parameters: "Sequence[str]") -> int:
        """Run a statement that writes, and return the number of entries that it wrote."""
        return connection.execute(statement, parameters).rowcount

    def begin(self, connection: Connection) -> None:
        """Begin a transaction that writes."""
        connection.execute("BEGIN IMMEDIATE")

    def commit(self, connection: Connection) -> None:
        """Commit the transaction. When the call returns, everything written is on disk."""
        connection.execute("COMMIT")

    def rollback(self, connection: Connection) -> None:
        """Roll back, if SQLite has not done so already."""
        if connection.in_transaction:
            connection.execute("ROLLBACK")

    def had_no_effect(self, error: BaseException) -> bool:
        """Return whether the error is SQLITE_BUSY: another process writes, and no transaction began."""
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY

    def is_lost(self, connection: Connection, error: BaseException) -> bool:  # noqa: ARG002 - other dialects use it
        """Return False, because SQLite has no server."""
        return False

    def _check_table(self, connection: Connection) -> None:
        """Refuse a table that was not created for a store, or that has an index or a trigger."""
        found = connection.execute(
            "SELECT sql FROM sqlite_master WHERE lower(tbl_name) = lower(?) ORDER BY type = 'table' DESC",
            (self._name,),
        ).fetchall()
        expected = _table(f'"{self._name}"')
        if not found:
            raise StoreError(f"the store's file has no table {self._name}")
        if found != [(expected,)]:
            raise StoreError(
                f"the table {self._name} in the store's file is not a store's: it must be created with "
                f"{expected} and have neither index nor trigger; give the store another table or file"
            )


def _explained(error: OSError | sqlite3.Error) -> StoreError:
    """Return the error of a file that cannot be used."""
    if isinstance(error, OSError):
        return StoreError(
            f"the store's file cannot be created or found ({error.strerror}): its folder must exist, and "
            "the program must be allowed to write to it"
        )
    return StoreError(f"SQLite cannot use the store's file: {error}")


def _apply_settings(connection: Connection) -> None:
    for name, value, answer in _SETTINGS:
        # All rows are fetched, here as everywhere. An unfinished statement keeps its transaction open, and
        # without reference counting (PyPy) it ends only at some later time.
        connection.execute(f"PRAGMA {name}={value}").fetchall()
        if connection.execute(f"PRAGMA {name}").fetchall() != [(answer,)]:
            raise StoreError(f"SQLite cannot use {name}={value} with the store's file")


def schema(table: str) -> str:
    """Return the statement that creates a table.

    Raises:
        TypeError: The name is not a str.
        ValueError: The name is not an identifier.
    """
    return _table(f'"{split_name(table, schema=False)[1]}"')


def _table(name: str) -> str:
    return f"CREATE TABLE {name} (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID"
