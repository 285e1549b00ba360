"""SQLite: a file on one machine, with a write-ahead log that is synced at each commit."""

import os
import sqlite3
import stat
from threading import RLock

from onetime.errors import StoreError
from onetime.storage.dialect import GroupingDialect, split_name

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Sequence

_POSIX = os.name == "posix"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

_SETTINGS = (
    ("journal_mode", "WAL", "wal"),
    # NORMAL loses commits in a power cut.
    ("synchronous", "FULL", 2),
    # What a sync is on macOS; without effect elsewhere.
    ("fullfsync", "ON", 1),
)
"""Name, value, and what SQLite answers when the value is in force."""


class Connection:
    """A connection of sqlite3 that is closed when it is dropped, but never in a forked child.

    A child may hold a copy of a connection when no fork handler ran. SQLite takes the locks of the parent for
    the child's, so closing the copy can delete a log in which other processes have stored commits. When an
    interpreter ends, it closes what is left.

    Args:
        connection: A new connection of sqlite3.
    """

    __slots__ = ("_connection", "_pid", "execute")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._pid = os.getpid()
        self.execute = connection.execute
        # SQLite refers to the function, and the function to the connection: only `close` ends that.
        connection.create_function("onetime", 0, connection.close)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def close(self) -> None:
        """Close the connection, unless this is a forked child."""
        if self._pid == os.getpid():
            self._connection.close()

    __del__ = close


class SQLite(GroupingDialect):
    """A table in a file of SQLite's.

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
        name = os.fspath(path)
        if not isinstance(name, str):
            raise TypeError("path must be a str or an os.PathLike of one")
        if name in ("", ":memory:") or name.startswith("file:") or "\0" in name:
            raise ValueError('path must name a file; it must not be empty, ":memory:" or a "file:" URI')
        self._path = os.path.join(os.getcwd(), name)  # noqa: PTH109, PTH118 - pathlib takes dots out
        self._folder = os.path.dirname(self._path)  # noqa: PTH120
        # A URI can say that the file must be there. Each byte of the path is quoted.
        self._uri = "file:" + "".join(f"%{byte:02x}" for byte in os.fsencode(self._path)) + "?mode=rw"
        self._identity: tuple[int, int] | None = None

    def open(self, *, create: bool = False) -> Connection:
        """Open a connection; the first one makes the file, and `create` the table."""
        try:
            if self._identity is None:
                _create_file(self._path)
            self._check_files()
        except OSError as error:
            raise StoreError(f"the store's file cannot be made or found: {error.strerror}") from error
        # No busy handler of SQLite's: it would wait longer each time, and inside of its lock.
        connection = Connection(
            sqlite3.connect(self._uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)
        )
        try:
            _apply_settings(connection)
            if create:
                connection.execute(_table(f'IF NOT EXISTS "{self._name}"'))
            # It reads, so that the log is there.
            self._check_table(connection)
            self._check_files()
            # SQLite syncs the log's name, too; this does not rely on it.
            _sync(self._folder)
        except BaseException:
            connection.close()
            raise
        return connection

    def query(
        self, connection: Connection, statement: str, parameters: "Sequence[str]"
    ) -> list[tuple[object, ...]]:
        """Run a statement that reads, and return its rows."""
        return connection.execute(statement, parameters).fetchall()

    def change(self, connection: Connection, statement: str, parameters: "Sequence[str]") -> int:
        """Run a statement that writes, and return how many entries it wrote."""
        return connection.execute(statement, parameters).rowcount

    def begin(self, connection: Connection) -> None:
        """Begin a transaction that writes."""
        connection.execute("BEGIN IMMEDIATE")

    def commit(self, connection: Connection) -> None:
        """Commit: after it, everything that was written is on the disk."""
        connection.execute("COMMIT")

    def rollback(self, connection: Connection) -> None:
        """Roll back, if SQLite has not done so already."""
        if connection.in_transaction:
            connection.execute("ROLLBACK")

    def had_no_effect(self, error: BaseException) -> bool:
        """SQLITE_BUSY: another process writes, and nothing was begun."""
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY

    def is_lost(self, connection: Connection, error: BaseException) -> bool:  # noqa: ARG002 - others ask
        """There is no server."""
        return False

    def _check_table(self, connection: Connection) -> None:
        """Refuse a table that is not the store's own, and one with an index or a trigger."""
        found = connection.execute(
            "SELECT sql FROM sqlite_master WHERE lower(tbl_name) = lower(?) ORDER BY type = 'table' DESC",
            (self._name,),
        ).fetchall()
        expected = _table(f'"{self._name}"')
        if not found:
            raise StoreError(f"the store's file has no table {self._name}")
        if found != [(expected,)]:
            raise StoreError(
                f"the table {self._name} in the store's file is not the store's: it must be made by "
                f"{expected} and have neither index nor trigger; give the store another table or file"
            )

    def _check_files(self) -> None:
        """Refuse files that another user could have made, or could replace.

        Raises:
            OSError: The file or its folder is not there.
        """
        # Looked at, but not opened: to close a file drops SQLite's locks on it.
        main = os.lstat(self._path)
        if not stat.S_ISREG(main.st_mode):
            raise StoreError("the store's file must be a regular file, not a symbolic link or a folder")
        identity = main.st_dev, main.st_ino
        if self._identity not in (None, identity):
            raise StoreError("the store's file was replaced by another one while the store was open")
        if _POSIX:
            _check_folder(os.stat(self._folder))  # noqa: PTH116
            if main.st_uid not in _own(main.st_uid):
                raise StoreError("the store's file must belong to the user who runs the program")
            if main.st_mode & _OTHERS_WRITE:
                raise StoreError("the store's file must not be writable by others: chmod go-w")
            for suffix in ("-journal", "-wal", "-shm"):
                _check_companion(self._path + suffix, main)
        self._identity = identity


def _apply_settings(connection: Connection) -> None:
    for name, value, answer in _SETTINGS:
        connection.execute(f"PRAGMA {name}={value}")
        if connection.execute(f"PRAGMA {name}").fetchone() != (answer,):
            raise StoreError(f"SQLite cannot use {name}={value} with the store's file")


def schema(table: str) -> str:
    """Return the statement that makes a table.

    Raises:
        TypeError: The name is not a str.
        ValueError: The name is not an identifier.
    """
    return _table(f'"{split_name(table, schema=False)[1]}"')


def _table(name: str) -> str:
    return f"CREATE TABLE {name} (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID"


def _own(user: int) -> tuple[int, ...]:
    """Return the users who count as the owner. Some POSIX systems, like WebAssembly, have no users."""
    return (os.geteuid(),) if hasattr(os, "geteuid") else (user,)


def _check_folder(folder: os.stat_result) -> None:
    """Refuse a folder in which others could put files beside the store's, or in place of them."""
    if folder.st_uid not in (0, *_own(folder.st_uid)):
        raise StoreError(
            "the folder of the store's file must belong to the user who runs the program, or to root: "
            "its owner could replace the file"
        )
    if folder.st_mode & stat.S_IWOTH or (folder.st_mode & stat.S_IWGRP and not _is_private(folder)):
        raise StoreError(
            "the folder of the store's file must not be writable by others, who could plant a log in it: "
            "use a folder with mode 0700 or 0755"
        )


def _is_private(folder: os.stat_result) -> bool:
    """Return whether a group has one user: many systems make a group of the same name for each user."""
    try:
        import grp
        import pwd

        group, user = grp.getgrgid(folder.st_gid), pwd.getpwuid(folder.st_uid)
    except (ImportError, KeyError):
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _check_companion(path: str, main: os.stat_result) -> None:
    """Refuse a log or an index of it that was not made by the owner of the main file."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if (
        not stat.S_ISREG(found.st_mode)
        or found.st_nlink > 1
        or found.st_uid != main.st_uid
        or found.st_mode & 0o777 & ~main.st_mode
    ):
        raise StoreError(
            f"the file {os.path.basename(path)} must be a regular file without other links, "  # noqa: PTH119
            "with the owner of the store's file and no permission that the store's file lacks; "
            "if it was put there by another user, SQLite must not read it"
        )


_CREATING = RLock()
"""Held while a file is made: to close a file drops the locks that this process has on it, those of SQLite in
another thread included."""

_CREATING_TIMEOUT = 60
"""Maximum wait for it, in seconds. Only a fork that could not wait leaves it held in a child."""


def _create_file(name: str) -> None:
    """Make an empty file for its owner only, if there is none."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    if not _CREATING.acquire(timeout=_CREATING_TIMEOUT):
        raise StoreError("another thread was making the store's file while the process was forked")
    try:
        handle = os.open(name, flags, 0o600)
    except FileExistsError:
        return
    else:
        _sync_and_close(handle)
    finally:
        _CREATING.release()


def _sync(folder: str) -> None:
    """Make sure that the names of the files in a folder are on the disk."""
    if _POSIX:
        _sync_and_close(os.open(folder, os.O_RDONLY))


def _sync_and_close(handle: int) -> None:
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
