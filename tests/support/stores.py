"""A store that is known to be bad, and helpers that open and close stores and connections."""

import gc
import os
from collections.abc import Callable
from typing import Any
from unittest import mock

from onetime.storage.dialect import Dialect
from onetime.storage.sql import SQLStore
from onetime.storage.store import Store


def close(store: Store) -> None:
    """Close a store, if it can be closed."""
    getattr(store, "close", bool)()


class ReadThenWrite:
    """A store that is known to be bad: it reads, and then overwrites even a text that has changed since."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.get = store.get

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        if self.store.get(key) != old:
            return False
        while not self.store.swap(key, self.store.get(key), new):
            pass
        return True

    def close(self) -> None:
        close(self.store)


def read_then_write(opener: Callable[[], Store]) -> Store:
    """Open a store that reads and then writes."""
    return ReadThenWrite(opener())


def opened(dialect: Dialect, *, create: bool = False) -> Any:
    """Open a connection as a pool does."""
    connection = dialect.connect()
    dialect.prepare(connection, create=create)
    return connection


def fork_while_opening(store: SQLStore, key: str) -> str | None:
    """Read an entry on a new connection, and fork before the connection is ready, as a signal handler may.

    The child ends as programs do: an exception leaves every frame, and their objects are deleted.
    """
    parent, prepare = os.getpid(), store._dialect.prepare

    def forked(connection: object, *, create: bool) -> None:
        prepare(connection, create=create)
        if child := os.fork():
            os.waitpid(child, 0)
        else:
            raise SystemExit

    with mock.patch.object(store._dialect, "prepare", forked):
        try:
            return store.get(key)
        except BaseException:
            if os.getpid() == parent:
                raise
    # Only the child gets here. Its other frames, and the objects they referred to, have been deleted.
    gc.collect()
    os._exit(0)
