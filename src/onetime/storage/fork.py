"""Leases of connections, none of which crosses a fork.

SQLite keeps its POSIX locks in process memory, which a forked child inherits without the locks: a child that
only opens a connection of its own writes without a lock, and verdicts are lost. A session with a server that
two processes use at once mixes up their answers. So before a fork no new statement begins, those that run
end, and every idle connection is closed.
"""

import os
import time
import weakref
from contextlib import suppress
from threading import RLock, get_ident

from onetime.errors import StoreError

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

DRAIN = 5.0
"""Maximum wait of a fork for statements that run, in seconds."""

PAUSE = 0.001
"""Wait before the next try, in seconds. It is short and even, so that no waiting thread falls behind."""

FORKED = "a statement of this store ran while the process was forked, or Python's fork handlers did not run"


class Lease:
    """The use of a connection by one thread.

    A gate knows its leases by weak references, so a lease that an exception interrupted in the middle of its
    end is over when its frame is.

    Attributes:
        connection: The connection, once there is one.
        good: Whether the connection can be used again.
    """

    __slots__ = ("__weakref__", "connection", "good", "thread")

    def __init__(self) -> None:
        self.connection: Any = None
        self.good = False
        self.thread = get_ident()


class ForkGate:
    """The idle connections of one store, and the leases of those in use.

    Args:
        limit: Maximum number of leases at a time.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.closed = False
        self.after_fork: list[Callable[[], None]] = []
        self.idle: list[tuple[Any, float]] = []
        self._begin()
        _register(self)

    def _begin(self) -> None:
        self._leases: weakref.WeakSet[Lease] = weakref.WeakSet()
        self._inherited: list[Lease] = []
        for each in self.after_fork:
            each()
        # Last: until then other threads see that this process has not begun.
        self._pid = os.getpid()

    def enter(self, lease: Lease) -> bool:
        """Begin a lease, unless a fork is near or all leases are in use; return whether it began.

        Raises:
            StoreError: The store is closed, or this is a child in which it cannot be used.
        """
        if _pid != os.getpid():
            _begin_process()  # the handlers did not run
        with _lock:
            self.begin_in_child()
            self.check_process()
            if self.closed:
                raise StoreError("the store is closed")
            # A thread that has a lease goes on, or a signal handler would wait for its own thread forever.
            if (_forks or len(self._leases) >= self.limit) and not self._has_lease(lease.thread):
                return False
            self._leases.add(lease)
            return True

    def leave(self, lease: Lease) -> None:
        """End a lease: keep its connection for the next one, or close it."""
        if self._pid != os.getpid():
            self._inherited.append(lease)  # a child neither uses nor closes a connection of its parent's
            return
        connection = lease.connection
        if connection is not None:
            if lease.good and not self.closed:
                self.idle.append((connection, time.monotonic()))
            else:
                discard(connection)
        # Asked after that: either this or `close` sees the connection.
        if self.closed:
            self.close_idle()
        # Last: to close a connection is a statement, too, because it takes SQLite's own locks.
        with _lock:
            self._leases.discard(lease)

    def check_process(self) -> None:
        """Refuse to go on in a child that inherited a statement.

        Raises:
            StoreError: The process was forked since the store's connections were opened.
        """
        if self._pid != os.getpid():
            raise StoreError(FORKED)

    def close(self) -> None:
        """Close the idle connections now and the others when their leases end."""
        self.closed = True
        lease = Lease()
        with _lock:
            if self._pid != os.getpid():
                return
            self._leases.add(lease)
        try:
            self.close_idle()
        finally:
            self.leave(lease)

    def close_idle(self) -> None:
        """Close the idle connections."""
        with suppress(IndexError):
            while True:
                discard(self.idle.pop()[0])

    def drain(self, deadline: float) -> None:
        """Wait until the leases of other threads have ended, but not after the deadline; close the rest."""
        me = get_ident()
        while self._others(me) and time.monotonic() < deadline:
            time.sleep(PAUSE)
        self.close_idle()

    def begin_in_child(self) -> None:
        """Start over in a forked child, unless it inherited a connection."""
        if self._pid != os.getpid():
            self._inherited += self._leases
            if not self._inherited and not self.idle:
                self._begin()

    def _has_lease(self, thread: int) -> bool:
        return any(lease.thread == thread for lease in self._leases)

    def _others(self, thread: int) -> bool:
        with _lock:
            return any(lease.thread != thread for lease in self._leases)


def discard(connection: "Any") -> None:
    """Close a connection in whatever state it is."""
    with suppress(Exception):
        connection.close()


_pid = os.getpid()

_lock = RLock()
"""Held for a moment where a lease begins or ends, in all stores, so that none begins unseen by a fork."""

_forking = RLock()
"""Held during a fork, because another thread's fork handlers close connections, too."""

_forks = 0
"""The forks that are near: while there is one, no lease begins."""

_gates: "weakref.WeakValueDictionary[int, ForkGate]" = weakref.WeakValueDictionary()
_registered = False


def _begin_process() -> None:
    """Start over in a child, which has none of the threads that held the locks."""
    global _lock, _forking, _forks, _pid
    _lock, _forking, _forks = RLock(), RLock(), 0
    _pid = os.getpid()


def _register(gate: ForkGate) -> None:
    """Remember a gate. The first one registers the fork handlers.

    Handlers that were registered before, like those of logging, then wait for statements; statements do not
    wait for them.
    """
    global _registered
    with _lock:
        _gates[id(gate)] = gate
        first, _registered = not _registered, True
    if first and hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)


def _every_gate() -> list[ForkGate]:
    return [gate for reference in _gates.valuerefs() if (gate := reference()) is not None]


def _before() -> None:
    global _forks
    deadline = time.monotonic() + DRAIN
    _forking.acquire(timeout=DRAIN)
    with _lock:
        _forks += 1
    for gate in _every_gate():
        gate.drain(deadline)


def _in_parent() -> None:
    global _forks
    with _lock:
        _forks = max(0, _forks - 1)
    with suppress(RuntimeError):  # another thread held it for too long
        _forking.release()


def _in_child() -> None:
    _begin_process()
    for gate in _every_gate():
        gate.begin_in_child()
