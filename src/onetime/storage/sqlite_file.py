"""The file of an SQLite store: accessible to its owner only, and refused if another user could replace it."""

import os
import stat
from contextlib import suppress
from threading import RLock

from onetime.errors import StoreError

_POSIX = os.name == "posix"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class StoreFile:
    """A database file, and the files that SQLite creates beside it.

    Args:
        path: The file, in a folder that exists.

    Attributes:
        uri: The file as an SQLite URI, which requires that the file exists.

    Raises:
        TypeError: The path is neither a str nor an os.PathLike of one.
        ValueError: The path does not name a file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        name = _text(path)
        if name in ("", ":memory:") or name.startswith("file:") or "\0" in name:
            raise ValueError('path must name a file; it must not be empty, ":memory:" or a "file:" URI')
        self._path = os.path.join(os.getcwd(), name)  # noqa: PTH109, PTH118 - pathlib removes dots
        self._folder = os.path.dirname(self._path)  # noqa: PTH120
        # Each byte of the path is percent-encoded.
        self.uri: str = "file:" + "".join(f"%{byte:02x}" for byte in os.fsencode(self._path)) + "?mode=rw"
        self._identity: tuple[int, int] | None = None

    def check(self) -> None:
        """Refuse a file that another user could have created or could replace. The first call creates it.

        Raises:
            OSError: The file or its folder is missing.
            StoreError: The file is refused; the message says why.
        """
        if self._identity is None:
            _create(self._path)
        # The file is inspected but not opened, because closing it would drop SQLite's locks.
        main = os.lstat(self._path)
        if not stat.S_ISREG(main.st_mode):
            raise StoreError("the store's path must name a regular file, not a symbolic link or a folder")
        identity = main.st_dev, main.st_ino
        if self._identity not in (None, identity):
            raise StoreError(
                "the store's file was replaced by another one while the store was open; restart the program"
            )
        if _POSIX:
            _check_folder(os.stat(self._folder))  # noqa: PTH116
            if main.st_uid not in _own(main.st_uid):
                raise StoreError("the store's file must belong to the user who runs the program: chown it")
            if main.st_mode & _OTHERS_WRITE:
                raise StoreError("the store's file must not be writable by others: chmod go-w")
            for suffix in ("-journal", "-wal", "-shm"):
                _check_companion(self._path + suffix, main)
        self._identity = identity

    def sync_names(self) -> None:
        """Sync the folder, so that the names of the files are on disk.

        SQLite also syncs the log's name, but the store does not rely on that.
        """
        if _POSIX:
            _sync_and_close(os.open(self._folder, os.O_RDONLY))


def _text(path: object) -> str:
    name = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(name, str):
        raise TypeError(f"path must be a str or an os.PathLike of one, not {type(path).__name__}")
    return name


def _own(user: int) -> tuple[int, ...]:
    """Return the ids of users who count as the owner. Some POSIX systems, like WebAssembly, have no users."""
    return (os.geteuid(),) if hasattr(os, "geteuid") else (user,)


def _check_folder(folder: os.stat_result) -> None:
    """Refuse a folder in which another user could add or replace files."""
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
    """Return whether a folder's group has no users other than its owner or the user who runs the program.

    Many systems create a group for each user.
    """
    try:
        import grp
        import pwd

        members = grp.getgrgid(folder.st_gid).gr_mem
        users = {pwd.getpwnam(name).pw_uid for name in members}
        users |= {user.pw_uid for user in pwd.getpwall() if user.pw_gid == folder.st_gid}
    except (ImportError, KeyError):
        return False
    return users <= {folder.st_uid, *_own(folder.st_uid)}


def _check_companion(path: str, main: os.stat_result) -> None:
    """Refuse a log or a log index that was not created by the owner of the main file."""
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
            "if another user put it there, SQLite must not read it"
        )


_CREATING = RLock()
"""Lock that is held while a file is created. Closing a file drops all locks that this process has on it,
including those of SQLite in another thread."""


def _create(name: str) -> None:
    """Create an empty file that is accessible to its owner only, if the file is missing."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    # A signal handler that raises cannot leave the lock held: nothing comes between `with` and its block.
    # A forked child that can use a store never inherits a held lock: the thread that holds the lock has a
    # lease, so either the fork waits for that thread, or the child refuses to use a store.
    with _CREATING, suppress(FileExistsError):
        _sync_and_close(os.open(name, flags, 0o600))


def _sync_and_close(handle: int) -> None:
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
