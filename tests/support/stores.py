"""Stores that are known to be bad."""

from collections.abc import Callable

from onetime.storage.store import Store


def close(store: Store) -> None:
    """Close a store, if it can be closed."""
    getattr(store, "close", bool)()


class ReadThenWrite:
    """A store that is known to be bad: it reads, and then writes over whatever is there by now."""

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
