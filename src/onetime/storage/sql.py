"""State in one table of a database: SQLite on one machine, PostgreSQL for many."""

import os
import re
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, NamedTuple, Self

from onetime.errors import StoreError
from onetime.storage.pool import ATTEMPTS, Ask, Connections, changed, discard, first_row

_POSIX = os.name == "posix"


class _Dialect(NamedTuple):
    """What differs between the databases.

    Attributes:
        parameter: How a statement marks a parameter.
        create: Creates the table.
        shape: Asks for the shape of the table; a row of one None if there is none.
        expected: What the shape must be.
        stored_nothing: Whether an error says that the statement had no effect and may be tried again.
    """

    parameter: str
    create: str
    shape: str
    expected: str
    stored_nothing: Callable[[BaseException], bool]


_SQLITE_TABLE = 'CREATE TABLE "{table}" (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID'
_SQLITE_BUSY = 5
_SQLITE = _Dialect(
    parameter="?",
    create=_SQLITE_TABLE.replace("TABLE", "TABLE IF NOT EXISTS", 1),
    # Indexes and triggers on the table are told, too, and not expected.
    shape="SELECT group_concat(sql, '; ') FROM sqlite_master WHERE lower(tbl_name) = lower('{table}')",
    expected=_SQLITE_TABLE,
    # A statement outside of a transaction that ends in SQLITE_BUSY stored nothing.
    stored_nothing=lambda error: getattr(error, "sqlite_errorcode", 0) & 0xFF == _SQLITE_BUSY,
)

_POSTGRES = _Dialect(
    parameter="%s",
    # "C" compares bytes, so that no new version of the system's locales breaks the index.
    create='CREATE TABLE IF NOT EXISTS "{table}" '
    '(key TEXT COLLATE "C" PRIMARY KEY NOT NULL, value TEXT NOT NULL)',
    # Of each column: name, type, NOT NULL, whether only the same bytes are equal, whether the primary key.
    shape="SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull,"
    " collisdeterministic, indisprimary), ', ' ORDER BY attnum) FROM pg_attribute"
    " LEFT JOIN pg_collation ON pg_collation.oid = attcollation"
    " LEFT JOIN pg_index ON indrelid = attrelid AND indisprimary AND indkey::text = attnum::text"
    " WHERE attrelid = to_regclass('\"{table}\"') AND attnum > 0 AND NOT attisdropped",
    expected="key text t t t, value text t t",
    # serialization_failure and deadlock_detected: the transaction was rolled back.
    stored_nothing=lambda error: getattr(error, "sqlstate", None) in ("40001", "40P01"),
)
_CREATED_BY_ANOTHER = ("42P07", "42710", "23505")
"""duplicate_table, duplicate_object (its row type), unique_violation (in the catalogue): what CREATE TABLE
ends in that lost a race, depending on how far it came."""


class SQLStore:
    """A store in a table of two columns, `key` and `value`.

    It is made by `SQLStore.sqlite` or `SQLStore.postgres`. Threads may share it. Each read and each write
    is one statement and a transaction of its own, on a connection of the store's own, so that no rollback
    of the program forgets a failure. A forked child opens connections of its own.

    Whatever the database says is `StoreError`. Tried again are only statements that stored nothing. If it
    is unknown whether a write was stored, the code may be spent; it is never accepted twice.
    """

    def __init__(
        self, connect: Callable[[], Any], settle: Callable[[Ask], None], dialect: _Dialect, table: str
    ) -> None:
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]{0,62}", table):
            raise ValueError("a table's name is 1 to 63 ASCII letters, digits and _, and no digit first")
        self._create, self._shape, self._expected = (
            text.format(table=table) for text in (dialect.create, dialect.shape, dialect.expected)
        )
        mark = dialect.parameter
        # ruff: noqa: S608 - the table's name was checked.
        self._select = f'SELECT value FROM "{table}" WHERE key = {mark}'
        self._insert = (
            f'INSERT INTO "{table}" (key, value) VALUES ({mark}, {mark}) ON CONFLICT (key) DO NOTHING'
        )
        self._update = f'UPDATE "{table}" SET value = {mark} WHERE key = {mark} AND value = {mark}'
        self._delete = f'DELETE FROM "{table}" WHERE key = {mark} AND value = {mark}'
        self._settle = settle
        self._connections = Connections(connect, self._prepare, dialect.stored_nothing)
        self._run = self._connections.run

    @classmethod
    def sqlite(cls, path: str | os.PathLike[str], *, table: str = "onetime", timeout: float = 5.0) -> Self:
        """Keep state in an SQLite file, which is made if there is none.

        Every write is on the disk before it is told: a write-ahead log, synced at each commit. The file is
        the store's alone: don't move, replace or copy it while a store is open, and keep it on a local
        disk. On POSIX it is made for its owner only, and another user's is refused.

        Args:
            path: The file, in a folder that exists. Its last component is no symbolic link.
            table: The table's name.
            timeout: Seconds to wait while others write.

        Raises:
            ValueError: The path is "", ":memory:" or a "file:" URI, or the name is no identifier.
            TypeError: The path is neither a str nor an os.PathLike of one.
            StoreError: The file cannot be made or opened, is no database, is a symbolic link or another
                user's, or its table has another shape.
        """
        # Only who asks for SQLite needs it.
        import sqlite3

        name = os.fspath(path)
        if not isinstance(name, str):
            raise TypeError("the path is a str or an os.PathLike of one")
        if name in ("", ":memory:") or name.startswith("file:") or "\0" in name:
            raise ValueError("the path names a file: not empty, not :memory:, no URI")
        name = os.path.join(os.getcwd(), name)  # noqa: PTH109, PTH118 - pathlib takes dots out
        folder = os.path.dirname(name)  # noqa: PTH120
        # A URI can say that the file must be there. Each byte of the path is quoted.
        uri = "file:" + "".join(f"%{byte:02x}" for byte in os.fsencode(name)) + "?mode=rw"

        def connect() -> Any:
            if _identity(name) != identity:
                raise StoreError("the store's file was replaced")
            return sqlite3.connect(
                uri, uri=True, timeout=timeout / ATTEMPTS, isolation_level=None, check_same_thread=False
            )

        store = cls(connect, partial(_settle_sqlite, folder), _SQLITE, table)
        try:
            _create_file(name)
            identity = _identity(name)
        except OSError as error:
            raise StoreError("the store's file cannot be made") from error
        store.create_table()
        return store

    @classmethod
    def postgres(cls, connect: Callable[[], Any], *, table: str = "onetime") -> Self:
        """Keep state in PostgreSQL, or what speaks its protocol; `create_table` makes the table.

        The primary is asked for every read, and a commit that does not wait for the disk is refused.

        Args:
            connect: Returns a new connection of psycopg 3, for example
                `lambda: psycopg.connect(conninfo)`. Any thread calls it, when all connections are in use;
                the store keeps as many as were in use at once.
            table: The table's name; it is looked for in the connection's search path.

        Raises:
            ValueError: The name is no identifier.
        """

        def connect_alone() -> Any:
            connection = connect()
            try:
                connection.autocommit = True
                connection.row_factory = lambda _: tuple
            except BaseException:
                discard(connection)
                raise
            return connection

        return cls(connect_alone, _settle_postgres, _POSTGRES, table)

    def create_table(self) -> None:
        """Make the table if there is none. Several may do so at once.

        Raises:
            StoreError: It cannot be made, or there is one of another shape.
        """
        try:
            self._connections.add(partial(self._prepare, create=True))
        except StoreError as error:
            if getattr(error.__cause__, "sqlstate", None) not in _CREATED_BY_ANOTHER:
                raise
            self._connections.add(self._prepare)

    def get(self, key: str) -> str | None:
        """Read the text under a key; None if there is none.

        Raises:
            StoreError: It cannot be read, or is no text, or the store is closed.
        """
        row = self._run(self._select, (key,), first_row)
        if row is None:
            return None
        value = row[0]
        if not isinstance(value, str):
            raise StoreError("a stored value is no text")
        return value

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        """Write text under a key if what is there is still `old`; None stands for no entry.

        Raises:
            StoreError: It cannot be written, or it is unknown whether it was, or the store is closed.
        """
        if old is None:
            if new is None:
                return self.get(key) is None
            count = self._run(self._insert, (key, new), changed)
        elif new is None:
            count = self._run(self._delete, (key, old), changed)
        else:
            count = self._run(self._update, (new, key, old), changed)
        return bool(count == 1)

    def close(self) -> None:
        """Close the connections; those in use when their statement ends. After it all is `StoreError`."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self, ask: Ask, *, create: bool = False) -> None:
        """Make sure that commits on a new connection are durable, and that the table is the store's."""
        self._settle(ask)
        if create and ask(self._shape) == (None,):
            ask(self._create, (), changed)
        if ask(self._shape) != (self._expected,):
            raise StoreError("the table is missing, which create_table() makes, or has another shape")


def _settle_postgres(ask: Ask) -> None:
    if ask("SELECT pg_is_in_recovery()") != (False,):
        raise StoreError("the server is a standby; the store needs the primary")
    if ask("SHOW synchronous_commit") in (None, ("off",)):
        raise StoreError("synchronous_commit is off: commits could be lost")


def _settle_sqlite(folder: str, ask: Ask) -> None:
    for name, value, told in (
        ("journal_mode", "WAL", "wal"),
        # NORMAL loses commits in a power cut.
        ("synchronous", "FULL", 2),
        # What a sync is on macOS; elsewhere nothing.
        ("fullfsync", "ON", 1),
    ):
        ask(f"PRAGMA {name}={value}")
        if ask(f"PRAGMA {name}") != (told,):
            raise StoreError(f"the database does not take {name}={value}")
    # A read, so that the log is there. SQLite syncs its name, too; this does not rely on it.
    ask("SELECT count(*) FROM sqlite_master")
    if _POSIX:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _create_file(name: str) -> None:
    """Make an empty file for its owner only, if there is none."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    # To close a file drops the locks that this process has on it, also those of SQLite in another thread.
    with _CREATING, suppress(FileExistsError):
        handle = os.open(name, flags, 0o600)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _identity(name: str) -> tuple[int, int]:
    """Look at the file, and tell which it is."""
    # Not opened, because to close it would drop SQLite's locks.
    found = os.lstat(name)
    if not stat.S_ISREG(found.st_mode):
        raise StoreError("the store's file is no regular file; a symbolic link is none")
    if _POSIX and found.st_uid != os.geteuid():
        raise StoreError("the store's file belongs to another user")
    if _POSIX and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise StoreError("others may write to the store's file")
    return found.st_dev, found.st_ino


_CREATING = threading.RLock()
# A fork waits, or the child would find the lock taken for ever.
getattr(os, "register_at_fork", lambda **_: None)(
    before=_CREATING.acquire, after_in_parent=_CREATING.release, after_in_child=_CREATING.release
)
