"""Where state is kept: two methods over opaque text, and the loop that is built on them."""

import os
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from onetime.errors import StoreError

T = TypeVar("T")

MAX_KEY = 200
"""The longest key, in characters."""

MAX_SWAPS = 1000
"""How often a swap may lose. Each loss is somebody else's verdict stored, and the throttle lets through
only a few dozen of them; a store that says no for ever is broken."""


class Store(Protocol):
    """What keeps text under keys, and replaces it only where it is still what it was.

    Both methods are linearizable: whoever reads sees the last write that succeeded, on whatever machine.
    One store serves many verifiers, threads, processes and machines.
    """

    def get(self, key: str) -> str | None:
        """Read the text under a key; None if there is none.

        Raises:
            StoreError: It cannot be read.
        """

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        """Write text under a key if what is there is still `old`, durably and in one step.

        Args:
            key: The key.
            old: What must be there; None for nothing.
            new: What is written; None deletes the entry.

        Returns:
            Whether it was written. False means that something else is there, and that nothing changed.

        Raises:
            StoreError: It cannot be written, or it is unknown whether it was.
        """


FORKED = "a MemoryStore belongs to one process; this is a forked child of it"


class MemoryStore:
    """A store for one process: it is gone with it. For tests, and for programs that need no more.

    In a forked child it is `StoreError`, because the child's copy would accept a code once more.
    """

    def __init__(self) -> None:
        self._entries: dict[str, str] = {}
        self._lock = threading.Lock()
        self._process = _process

    def get(self, key: str) -> str | None:
        """Read the text under a key; None if there is none.

        Raises:
            StoreError: The process is a forked child of the one that made the store.
        """
        if self._process is not _process:
            raise StoreError(FORKED)
        return self._entries.get(key)

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        """Write text under a key if what is there is still `old`; None stands for no entry.

        Raises:
            StoreError: The process is a forked child of the one that made the store.
        """
        if self._process is not _process:
            raise StoreError(FORKED)
        with self._lock:
            if self._entries.get(key) != old:
                return False
            if new is not None:
                self._entries[key] = new
            elif old is not None:
                del self._entries[key]
            return True


_process = object()
"""Stands for this process. A forked child has another; to ask the system each time takes longer."""


def _renew_process() -> None:
    global _process
    _process = object()


# Systems without fork have nothing to register.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_renew_process)


def entry(prefix: str, key: object) -> str:
    """Name the entry of a key in a store.

    Args:
        prefix: Whose entry it is: "otp", "delivered" or "recovery".
        key: The key that the program chose, for example a user's immutable id.

    Raises:
        ValueError: The key is not a str of 1 to 200 characters without NUL that UTF-8 can encode.
    """
    if not (isinstance(key, str) and 0 < len(key) <= MAX_KEY and "\0" not in key):
        raise ValueError(f"a key is a str of 1 to {MAX_KEY} characters without NUL")
    if not key.isascii():
        try:
            key.encode()
        except UnicodeEncodeError:
            raise ValueError("a key is text that UTF-8 can encode") from None
    return f"{prefix}/{key}"


def settle(store: Store, key: str, decide: Callable[[str | None], tuple[str | None, T]]) -> T:
    """Read, decide and swap, until nothing came in between.

    A swap that lost means that somebody else's verdict is stored: it is decided anew, with the new state
    and the new time. **No verdict leaves before its state is stored.**

    Args:
        store: The store.
        key: The entry's name, as `entry` makes it.
        decide: Takes what is stored, and returns what is to be stored and the verdict.

    Returns:
        The verdict whose state is stored.

    Raises:
        StoreError: The store failed, or went on refusing.
    """
    for _ in range(MAX_SWAPS):
        old = store.get(key)
        new, verdict = decide(old)
        if new == old or store.swap(key, old, new):
            return verdict
    raise StoreError("the entry was changed by others again and again")
