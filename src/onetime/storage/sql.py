"""A store in one table of a database: SQLite on one machine, PostgreSQL or MySQL for many."""

import os
import weakref

from onetime.storage.dialect import PAGE, Dialect, GroupingDialect
from onetime.storage.group_commit import GroupCommit
from onetime.storage.pool import Pool

TYPE_CHECKING = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Self

CONNECTIONS = 16
"""Default maximum number of connections of a store. A verification uses one for less than a millisecond, and
the connections of all processes together must fit into the server's limit."""

TIMEOUT = 5.0
"""Default deadline of a call, in seconds: longer than any burst takes, shorter than a person's patience."""


class SQLStore:
    """A store in a table of two columns, `key` and `value`.

    It is made by `SQLStore.sqlite`, `SQLStore.postgres` or `SQLStore.mysql`. Threads may share it. Each call
    is a transaction of its own, on a connection of the store's own, so that no rollback of the program
    forgets a failed attempt. No connection crosses a fork: a child opens its own.

    Every error of the database is StoreError, with the driver's error as its cause. A read is retried on a
    new connection. A write is retried only if it certainly had no effect; otherwise it is unknown whether it
    was stored, and a code may be spent. It is never accepted twice.
    """

    def __init__(
        self, dialect: object = None, connections: int = CONNECTIONS, timeout: float = TIMEOUT
    ) -> None:
        if not isinstance(dialect, Dialect):
            raise TypeError(
                "a store is made by SQLStore.sqlite(path), SQLStore.postgres(connect) or "
                "SQLStore.mysql(connect)"
            )
        self._dialect = dialect
        self._pool = Pool(dialect, connections, timeout)
        self._group = GroupCommit(self._pool, dialect) if isinstance(dialect, GroupingDialect) else None
        # A store that the program drops, or has at its end, leaves no connection open.
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
        """Return a store in an SQLite file, which is made if it is missing.

        A write is on the disk before it returns: a write-ahead log, synced at each commit. Writes of several
        threads share a commit. The file is the store's alone: don't move, replace or copy it while a store is
        open, and keep it on a local disk, in a folder that only its owner may write to. On POSIX systems it
        is made for its owner only.

        Args:
            path: The file, in a folder that exists. Its last component is not a symbolic link.
            table: The table's name: 1 to 63 ASCII letters, digits and _.
            connections: Maximum number of connections at a time, from 1 to 1000; further callers wait.
            timeout: Deadline of each call, in seconds, from 0.001 to 3600.

        Raises:
            ValueError: The path is empty, ":memory:" or a "file:" URI, the table's name is not an
                identifier, or a number is out of range.
            TypeError: The path is neither a str nor an os.PathLike of one, or another argument has another
                type.
            StoreError: The file cannot be made or opened, is not a database, is a symbolic link, belongs to
                another user or can be replaced by one, or its table is not the store's.
        """
        # Only a program that asks for SQLite needs it.
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
        """Return a store in PostgreSQL; `create_table` makes the table.

        Nothing of a session is relied on, so a pooler may hand each transaction another one. Each write sets
        `synchronous_commit` for itself. The primary is asked for every read.

        Args:
            connect: Returns a new connection of psycopg 3, for example
                `lambda: psycopg.connect(conninfo)`. Any thread calls it when more connections are needed.
                Deadlines inside a driver's call are set there: `connect_timeout`, `statement_timeout` and
                the timeouts of TCP.
            table: The table's name: 1 to 63 ASCII letters, digits and _, with or without a schema and a dot
                before it. Without one, the schema is that of the search path when the first connection is
                opened. Behind a pooler it is that of the default search path, and must be named if several
                schemas have a table of this name.
            connections: Maximum number of connections at a time, from 1 to 1000; further callers wait.
            timeout: Deadline of each call, in seconds, from 0.001 to 3600.

        Raises:
            ValueError: The table's name is not an identifier, or a number is out of range.
            TypeError: An argument has another type.
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
        """Return a store in MySQL or MariaDB, also in a Galera cluster; `create_table` makes the table.

        Args:
            connect: Returns a new connection of PyMySQL, mysqlclient or mysql-connector-python, for example
                `lambda: pymysql.connect(host="db", database="otp")`. Any thread calls it when more
                connections are needed. Deadlines inside a driver's call are set there.
            table: The table's name: 1 to 63 ASCII letters, digits and _, with or without a database and a
                dot before it.
            connections: Maximum number of connections at a time, from 1 to 1000; further callers wait.
            timeout: Deadline of each call, in seconds, from 0.001 to 3600. A Galera cluster stands
                still for some seconds when a node dies: use 10 there.

        Raises:
            ValueError: The table's name is not an identifier, or a number is out of range.
            TypeError: An argument has another type.
        """
        from onetime.storage.mysql import MySQL

        return cls(MySQL(connect, table, timeout), connections, timeout)

    @staticmethod
    def schema(kind: str, table: str = "onetime") -> str:
        """Return the CREATE TABLE statement of a database, for a program's own migrations.

        Args:
            kind: "sqlite", "postgres" or "mysql".
            table: The table's name, as the constructors take it.

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
        """Make the table if it is missing. Several processes may do so at once.

        Raises:
            StoreError: It cannot be made, or there is one that the store cannot use; the message says why.
        """
        self._pool.create_table()

    def get(self, key: str, /) -> str | None:
        """Return the text under a key, or None if there is no entry.

        Raises:
            StoreError: It cannot be read, or is not text, or the store is closed.
        """
        return self._pool.read(self._dialect.get, key)

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        """Write text under a key if the stored value is still `old`; None stands for no entry.

        Returns:
            Whether it was written.

        Raises:
            StoreError: It cannot be written, or it is unknown whether it was, or the store is closed.
        """
        if old == new:
            return self.get(key) == old
        if self._group is not None:
            return self._group.swap(key, old, new)
        return self._pool.write(self._dialect.swap, key, old, new)

    def items(self, prefix: str = "") -> "Iterator[tuple[str, str]]":
        """Return an iterator of the keys that begin with a prefix, and their texts.

        Keys come in the order of their UTF-8 bytes. An entry that is there all the time comes exactly once;
        one that is written meanwhile may come or not. Pages are fetched whole, so no statement is open
        between two of them.

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
        """Close the connections, those in use when their statement ends. Every later call is StoreError."""
        self._pool.close()

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
