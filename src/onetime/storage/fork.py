"""Leases of connections, none of which crosses a fork.

SQLite keeps its POSIX locks in process memory, which a forked child inherits without the locks: a child that
only opens a connection of its own writes without a lock, and verdicts are lost. A session with a server that
two processes use at once mixes up their answers. So before a fork no new statement begins, those that run
end, and every idle connection is closed. A child that inherited a connection all the same refuses every
statement of every store, and neither uses nor closes what it inherited.

There is no lock here. A lock that another thread held during the fork stays held in the child, and an
exception that a signal handler raises can leave one held forever. Each thread writes what it does, then reads
what the others do, in single operations of dicts, lists and sets, which are atomic.
"""

import os
import time
import weakref
from contextlib import suppress
from threading import get_ident

from onetime.errors import StoreError

TYPE_CHECKING = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from typing import Any

DRAIN = 5.0
"""Maximum wait of a fork for statements that run, in seconds."""

PAUSE = 0.001
"""Wait before the next try, in seconds. It is short and even, so that no waiting thread falls behind."""

FORKED = (
    "this process was forked while a statement of a store ran, or without Python's fork handlers, "
    "so it cannot use a store; fork before a store is used"
)


class Lease:
    """The use of a connection by one thread.

    A gate knows its leases by weak references, so a lease that an exception interrupted in the middle of its
    end is over when its frame is.

    Attributes:
        connection: The connection, once there is one.
        good: Whether the connection can be used again.
        thread: The thread's identifier.
    """

    __slots__ = ("__weakref__", "connection", "good", "thread")

    def __init__(self) -> None:
        self.connection: Any = None
        self.good: bool = False
        self.thread: int = get_ident()


class ForkGate:
    """The idle connections of one store, and the leases of those in use.

    Args:
        limit: Maximum number of leases at a time.

    Attributes:
        closed: Whether the store is closed.
        process: Stands for this process: another object in each child.
        idle: Connections that are not in use, each with the monotonic time since when.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.closed: bool = False
        self.idle: list[tuple[Any, float]] = []
        self.begin()
        _register(self)

    def begin(self) -> None:
        """Start without leases, in a new store or in a child."""
        self.process: object = object()
        self._leases: set[weakref.ref[Lease]] = set()

    def is_ready(self) -> bool:
        """Return whether this process has begun. If not, another thread begins it; ask again.

        Raises:
            StoreError: The store is closed, or this is a child that inherited a connection.
        """
        if _pid != os.getpid() and not _has_begun():
            return False
        if _inherited:
            raise StoreError(FORKED)
        if self.closed:
            raise StoreError("the store is closed")
        return True

    def enter(self, lease: Lease) -> bool:
        """Begin a lease, unless a fork is near or all leases are in use; return whether it began.

        Raises:
            StoreError: The store is closed, or this is a child that inherited a connection.
        """
        if not self.is_ready():
            return False
        leases = self._leases
        leases.add(weakref.ref(lease, leases.discard))
        # Asked after that: of this thread and one that forks, at least one sees the other.
        if len(leases) <= self.limit and not (_near and _is_near(lease.thread)):
            return True
        # A thread that has a lease goes on, or a signal handler would wait for its own thread forever.
        if any(other is not lease and other.thread == lease.thread for other in self.leases()):
            return True
        leases.discard(weakref.ref(lease))
        return False

    def leave(self, lease: Lease) -> bool:
        """End a lease: keep its connection for the next one, or close it.

        Returns:
            Whether the lease is this process's own. In a child, both processes may have read parts of one
            answer.
        """
        if _inherited or _pid != os.getpid():
            if weakref.ref(lease) in self._leases:
                _inherited.append(lease)
            return False
        try:
            if lease.connection is not None:
                if lease.good and not (_near and _is_near()):
                    self.idle.append((lease.connection, time.monotonic()))
                else:
                    self.discard(lease.connection)
            # Asked after that: either this or `close` sees the connection.
            if self.closed:
                self.close_idle()
        finally:
            # Last: to close a connection is a statement, too, because it takes SQLite's own locks.
            self._leases.discard(weakref.ref(lease))
        return True

    def check_process(self) -> None:
        """Refuse to go on with a statement that began before a fork, in the child.

        Raises:
            StoreError: This is the child.
        """
        if _inherited or _pid != os.getpid():
            raise StoreError(FORKED)

    def close(self) -> None:
        """Close the idle connections now and the others when their leases end."""
        self.closed = True
        if _is_inherited():
            return
        lease = Lease()
        self._leases.add(weakref.ref(lease, self._leases.discard))
        # A fork that is near closes them itself.
        if _is_near(lease.thread):
            self._leases.discard(weakref.ref(lease))
        else:
            self.leave(lease)

    def close_idle(self) -> None:
        """Close the idle connections."""
        with suppress(IndexError):
            while True:
                self.discard(self.idle.pop()[0])

    def discard(self, connection: "Any") -> None:
        """Close a connection in whatever state it is, unless it is inherited."""
        if _is_inherited():
            _inherited.append(connection)
        else:
            with suppress(Exception):
                connection.close()

    def drain(self, deadline: float) -> None:
        """Wait until the leases of other threads have ended, but not after a deadline; close the rest.

        Args:
            deadline: When to give up, by the monotonic clock.
        """
        lease = Lease()
        while any(other.thread != lease.thread for other in self.leases()) and time.monotonic() < deadline:
            time.sleep(PAUSE)
        self._leases.add(weakref.ref(lease, self._leases.discard))
        try:
            self.close_idle()
        finally:
            self.leave(lease)

    def leases(self) -> list[Lease]:
        """Return the leases that have not ended."""
        return [lease for each in list(self._leases) if (lease := each()) is not None]

    def inherit(self) -> None:
        """Set aside, in a child, what its parent had in use or idle."""
        _inherited.extend(self.leases())
        with suppress(IndexError):
            while True:
                _inherited.append(self.idle.pop()[0])


_pid = os.getpid()
"""The process that has begun."""

_beginners: dict[int, int] = {}
"""For a process in which no handler ran: the thread that begins it."""

_inherited: list[object] = []
"""What a child has of its parent's connections. It is referred to here so that nothing closes it."""

_near: dict[str, tuple[int, float]] = {}
"""The fork that is near, if there is one: its thread, and by the monotonic clock when it no longer waits.
Other threads' forks wait, because this one closes connections. After the deadline it does not count: an
exception has interrupted its end."""

_gates: "weakref.WeakValueDictionary[int, ForkGate]" = weakref.WeakValueDictionary()
_registered = False


def _register(gate: ForkGate) -> None:
    """Remember a gate. The first one registers the fork handlers.

    Handlers that were registered before, like those of logging, then wait for statements; statements do not
    wait for them.
    """
    global _registered
    _gates[id(gate)] = gate
    if not _registered:
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
        _registered = True


def _every_gate() -> list[ForkGate]:
    return [gate for reference in _gates.valuerefs() if (gate := reference()) is not None]


def _is_inherited() -> bool:
    """Return whether this is a child, and what there is of connections is its parent's."""
    return bool(_inherited) or _pid != os.getpid()


def _is_near(thread: int | None = None) -> bool:
    """Return whether a fork is near, by another thread than this one."""
    fork = _near.get("fork")
    return fork is not None and fork[0] != thread and fork[1] > time.monotonic()


def _has_begun() -> bool:
    """Return whether this process has begun; where no handler ran, one of its threads begins it here."""
    pid, me = os.getpid(), get_ident()
    if _pid != pid:
        if _beginners.setdefault(pid, me) != me:
            return False
        if _pid != pid:
            _begin_process()
    return True


def _begin_process() -> None:
    """Start over in a child. If it inherited a connection, no statement will begin.

    Even one concerns all stores, and those that are made later: SQLite would take its locks for the child's.
    """
    global _pid
    gates = _every_gate()
    for gate in gates:
        gate.inherit()
    _near.clear()
    for gate in gates:
        gate.begin()
    # Last: until then other threads see that this process has not begun.
    _pid = os.getpid()
    _beginners.clear()


def _before() -> None:
    me, deadline = get_ident(), time.monotonic() + DRAIN
    if not _has_begun() or _inherited:
        return
    while _near.setdefault("fork", (me, deadline))[0] != me and time.monotonic() < deadline:
        if not _is_near():
            _near.pop("fork", None)
        time.sleep(PAUSE)
    # Again: what was found may be a fork of this thread whose end was interrupted.
    _near["fork"] = me, deadline
    for gate in _every_gate():
        gate.drain(deadline)


def _in_parent() -> None:
    if _near.get("fork", (None,))[0] == get_ident():
        _near.pop("fork", None)


def _in_child() -> None:
    # A handler that was registered before may have used a store, and begun.
    if _near or _pid != os.getpid():
        _begin_process()
