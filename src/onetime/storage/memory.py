"""A store in the memory of one process."""

import os
import threading

from onetime.errors import StoreError

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Iterator

FORKED = "a MemoryStore cannot be used in a forked child of the process that made it"


class MemoryStore:
    """A store in the memory of one process, for tests and for programs that need no more.

    The entries are lost when the process ends. In a forked child every call raises StoreError, because the
    child's copy would accept a used code again.
    """

    def __init__(self) -> None:
        self._entries: dict[str, str] = {}
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def get(self, key: str, /) -> str | None:
        """Return the text under a key, or None if there is no entry.

        Raises:
            StoreError: The process is a forked child of the process that made the store.
        """
        if self._pid != os.getpid():
            raise StoreError(FORKED)
        return self._entries.get(key)

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        """Write text under a key if the stored value is still `old`, in one step.

        Args:
            key: The key.
            old: The value that must be stored; None for no entry.
            new: The value to write; None deletes the entry.

        Returns:
            True if the text was written; False if another value is stored, and nothing was changed.

        Raises:
            StoreError: The process is a forked child of the process that made the store.
        """
        # Checked before taking the lock, which another thread may have held during the fork.
        if self._pid != os.getpid():
            raise StoreError(FORKED)
        with self._lock:
            if self._entries.get(key) != old:
                return False
            if new is not None:
                self._entries[key] = new
            elif old is not None:
                del self._entries[key]
            return True

    def items(self, prefix: str = "") -> "Iterator[tuple[str, str]]":
        """Return an iterator of the keys that begin with a prefix, and their texts.

        Keys are sorted. The iterator returns the entries that exist when the method is called.

        Args:
            prefix: The beginning of the keys; the empty text for all entries.

        Raises:
            StoreError: The process is a forked child of the process that made the store.
        """
        if self._pid != os.getpid():
            raise StoreError(FORKED)
        with self._lock:
            found = [entry for entry in self._entries.items() if entry[0].startswith(prefix)]
        return iter(sorted(found))
