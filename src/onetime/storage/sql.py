"""A store in a table of a database: SQLite for one machine, PostgreSQL or MySQL for many."""

import os
import weakref

from onetime.storage.dialect import PAGE, Dialect, GroupingDialect
from onetime.storage.group_commit import GroupCommit
from onetime.storage.pool import Pool

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Self

CONNECTIONS = 16
"""Default maximum number of connections of a store. A verification uses a connection for less than a
millisecond, and the connections of all processes together must not exceed the server's limit."""

TIMEOUT = 5.0
"""Default deadline of a call, in seconds: longer than a burst lasts, and shorter than users are willing to
wait."""


class SQLStore:
    """A store in a table of two columns, `key` and `value`.

    Create a store with `SQLStore.sqlite`, `SQLStore.postgres` or `SQLStore.mysql`. Threads may share a store.
    Each call is a transaction of its own, on a connection of the store's own, so a rollback of the program
    cannot undo a failed attempt. No connection crosses a fork: a child opens its own.

    Every error of the database raises StoreError, with the driver's error as its cause. A read is retried on
    a new connection. A write is retried only if it is known to have had no effect. Otherwise it is unknown
    whether the text was stored: a code may be spent, but is never accepted twice.
    """

    def __init__(
        self, dialect: object = None, connections: int = CONNECTIONS, timeout: float = TIMEOUT
    ) -> None:
        if not isinstance(dialect, Dialect):
            raise TypeError(
                "a store must be created with SQLStore.sqlite(path), SQLStore.postgres(connect) or "
                "SQLStore.mysql(connect)"
            )
        self._dialect = dialect
        self._pool = Pool(dialect, connections, timeout)
        self._group = GroupCommit(self._pool, dialect) if isinstance(dialect, GroupingDialect) else None
        # Connections are closed when the program drops the store or ends.
        weakref.finalize(self, self._pool.close)

    @classmethod
    def sqlite(
        cls,
        path: str | os.PathLike[str],
        *,
        table: str = "onetime",
        connections: int = CONNECTIONS,
        timeout: float = TIMEOUT,
    ) -> "Self":
        """Return a store in an SQLite file, which is created if it is missing.

        A write is on disk before the call returns: SQLite syncs a write-ahead log at each commit. Concurrent
        writes of several threads share a commit. Never move, replace or copy the file while a store is open.
        Keep it on a local disk, in a folder that only its owner may write to. On POSIX systems, a new file is
        accessible to its owner only.

        Args:
            path: The file, in a folder that exists. The file must not be a symbolic link.
            table: The table's name: 1 to 63 ASCII letters, digits and _, beginning with a letter or _.
            connections: Maximum number of open connections, 1 to 1000; further callers wait.
            timeout: Deadline of each call, in seconds, 0.001 to 3600.

        Raises:
            ValueError: The path is empty, ":memory:" or a "file:" URI, the table's name is not an
                identifier, or a number is out of range.
            TypeError: The path is neither a str nor an os.PathLike of one, or another argument has the wrong
                type.
            StoreError: The file cannot be created or opened, is not a database, is a symbolic link, belongs
                to another user, can be replaced by another user, or has a table that is not a store's.
        """
        # Only programs that use SQLite need this import.
        from onetime.storage.sqlite import SQLite

        store = cls(SQLite(path, table), connections, timeout)
        store.create_table()
        return store

    @classmethod
    def postgres(
        cls,
        connect: "Callable[[], Any]",
        *,
        table: str = "onetime",
        connections: int = CONNECTIONS,
        timeout: float = TIMEOUT,
    ) -> "Self":
        """Return a store in PostgreSQL; `create_table` creates the table.

        The store relies on no state of a session, so a pooler may run each transaction in another session.
        Each write sets `synchronous_commit` for itself. Every read goes to the primary.

        Args:
            connect: A function that returns a new connection of psycopg 3, for example
                `lambda: psycopg.connect(conninfo)`. Any thread may call it when more connections are needed.
                Set the timeouts of the driver's calls there: `connect_timeout`, `statement_timeout` and TCP
                timeouts.
            table: The table's name: 1 to 63 ASCII letters, digits and _, beginning with a letter or _. A
                schema and a dot may precede it. Without a schema, the search path of the first connection
                decides. Behind a pooler, the default search path decides, and the schema must be named if
                several schemas have a table of this name.
            connections: Maximum number of open connections, 1 to 1000; further callers wait.
            timeout: Deadline of each call, in seconds, 0.001 to 3600.

        Raises:
            ValueError: The table's name is not an identifier, or a number is out of range.
            TypeError: An argument has the wrong type.
        """
        from onetime.storage.postgres import Postgres

        return cls(Postgres(connect, table), connections, timeout)

    @classmethod
    def mysql(
        cls,
        connect: "Callable[[], Any]",
        *,
        table: str = "onetime",
        connections: int = CONNECTIONS,
        timeout: float = TIMEOUT,
    ) -> "Self":
        """Return a store in MySQL, MariaDB or a Galera cluster; `create_table` creates the table.

        Args:
            connect: A function that returns a new connection of PyMySQL, mysqlclient or
                mysql-connector-python, for example `lambda: pymysql.connect(host="db", database="otp")`. Any
                thread may call it when more connections are needed. Set the timeouts of the driver's calls
                there.
            table: The table's name: 1 to 63 ASCII letters, digits and _, beginning with a letter or _. A
                database and a dot may precede it.
            connections: Maximum number of open connections, 1 to 1000; further callers wait.
            timeout: Deadline of each call, in seconds, 0.001 to 3600. Use 10 for a Galera cluster, which
                stops for some seconds when a node dies.

        Raises:
            ValueError: The table's name is not an identifier, or a number is out of range.
            TypeError: An argument has the wrong type.
        """
        from onetime.storage.mysql import MySQL

        return cls(MySQL(connect, table, timeout), connections, timeout)

    @staticmethod
    def schema(kind: str, table: str = "onetime") -> str:
        """Return the CREATE TABLE statement of a database, for a program's own migrations.

        Args:
            kind: "sqlite", "postgres" or "mysql".
            table: The table's name, in the form that the constructor of this kind accepts.

        Raises:
            ValueError: The kind is unknown, or the table's name is not an identifier.
            TypeError: The table's name is not a str.
        """
        if kind == "sqlite":
            from onetime.storage.sqlite import schema
        elif kind == "postgres":
            from onetime.storage.postgres import schema
        elif kind == "mysql":
            from onetime.storage.mysql import schema
        else:
            raise ValueError('kind must be "sqlite", "postgres" or "mysql"')
        return schema(table)

    def create_table(self) -> None:
        """Create the table if it is missing. Several processes may do so at the same time.

        Raises:
            StoreError: The table cannot be created, the existing table cannot be used, or the store is
                closed; the message says why.
        """
        self._pool.create_table()

    def get(self, key: str, /) -> str | None:
        """Return the text under a key, or None if there is no entry.

        Raises:
            StoreError: The entry cannot be read or is not text, or the store is closed.
        """
        return self._pool.read(self._dialect.get, key)

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        """Write text under a key if the stored value is still `old`, in one step.

        Args:
            key: The key.
            old: The value that must be stored; None for no entry.
            new: The value to write; None deletes the entry.

        Returns:
            True if the text was written; False if another value is stored, and nothing was changed.

        Raises:
            StoreError: The text cannot be written, it is unknown whether it was written, or the store is
                closed.
        """
        if old == new:
            return self.get(key) == old
        if self._group is not None:
            return self._group.swap(key, old, new)
        return self._pool.write(self._dialect.swap, key, old, new)

    def items(self, prefix: str = "") -> "Iterator[tuple[str, str]]":
        """Return an iterator of the keys that begin with a prefix, and their texts.

        Keys are sorted by their UTF-8 bytes. An entry that exists throughout is returned exactly once; an
        entry that is created or deleted meanwhile may or may not be returned. Entries are fetched in pages,
        and no statement stays open between two pages.

        Args:
            prefix: The beginning of the keys; the empty text for all entries.

        Raises:
            StoreError: The entries cannot be read, or the store is closed.
        """
        start, last = prefix, None
        while True:
            page = self._pool.read(self._dialect.page, start)
            for key, value in page:
                if not key.startswith(prefix):
                    return
                if key != last:
                    yield key, value
            if len(page) < PAGE:
                return
            start = last = page[-1][0]

    def close(self) -> None:
        """Close all connections, each after its statement has ended. Every later call raises StoreError."""
        self._pool.close()

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
