"""Helpers for the tests of delivered and recovery codes: a manual clock, a bad store, damaged texts."""

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator

from onetime.errors import StoreError
from onetime.storage.memory import MemoryStore
from tests.support import shown

NOW = 1_800_000_000
NOT_CODES: list[object] = [None, b"", 0, False, [], 0.0, {}, object(), "", " ", "\t", "-", " - ", "\n", "\0"]
"""Values that are empty, blank, false or not text. None of them is a code."""


class Clock:
    """A clock whose time changes only if a test sets it."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class TrippingStore(MemoryStore):
    """A store that calls a function once before a write, like a concurrent process, or fails at the write."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] | None = None
        self.broken = False
        self.swaps = 0

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        """Write after the function that was set, or raise StoreError."""
        self.swaps += 1
        if self.broken:
            raise StoreError("the disk is full")
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().swap(key, old, new)


def damaged(text: str) -> Iterator[str]:
    """Yield copies of a text with one character replaced, removed or inserted at each position."""
    strange = "0123456789 -+_.az\n\t\0٣²"
    for i in range(len(text) + 1):
        for other in strange:
            yield text[:i] + other + text[i:]
            if i < len(text) and text[i] != other:
                yield text[:i] + other + text[i + 1 :]
        if i < len(text):
            yield text[:i] + text[i + 1 :]


def outcome(call: Callable[[], object]) -> str:
    """Return the name of the type of a call's result, or of its error."""
    try:
        return type(call()).__name__
    except Exception as error:
        return type(error).__name__


def revealed(kind: type[Exception], call: Callable[[], object]) -> str:
    """Return everything that an error reporter can show of the error that a call raises."""
    # Not assertRaises, because it clears the frames of the traceback, which show the most.
    try:
        call()
    except kind as error:
        return shown(error)
    raise AssertionError(f"no {kind.__name__}")


def together(calls: list[Callable[[], object]]) -> Counter[str]:
    """Make calls at the same time, each in a thread of its own, and count their outcomes."""
    ends: list[str] = []
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        barrier.wait()
        ends.append(outcome(call))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=run, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    return Counter(ends)
