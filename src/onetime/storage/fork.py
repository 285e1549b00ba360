"""Leases of connections. No connection crosses a fork.

SQLite records its POSIX locks in process memory. A forked child inherits this record without the locks, so a
child that merely opens its own connection writes without a lock, and verdicts are lost. If two processes
share one session with a server, they receive each other's answers. So a fork prevents new statements, waits
for the running ones, and closes every idle connection. If a child inherits a connection nevertheless, it
refuses every statement of every store, and neither uses nor closes the inherited connection.

This module uses no locks. A lock that another thread held during the fork stays held in the child, and an
exception in a signal handler can leave a lock held forever. Each thread first records its own action and then
reads those of other threads, in single operations of dicts, lists and sets, which are atomic.
"""

import os
import time
import weakref
from contextlib import suppress
from threading import get_ident

from onetime.errors import StoreError

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from typing import Any

DRAIN = 5.0
"""Maximum time for which a fork waits for running statements, in seconds."""

PAUSE = 0.001
"""Wait before the next attempt, in seconds: short and constant, so that no waiting thread falls behind."""

FORKED = (
    "this process was forked while a statement of a store ran, or without Python's fork handlers, "
    "so it cannot use a store; fork before a store is used"
)


class Lease:
    """The use of a connection by one thread.

    Gates have only weak references to leases, so an interrupted lease ends with the frame that created it.

    Attributes:
        connection: The connection; None until it is opened.
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
        process: An object that represents this process; each child has another object.
        idle: Unused connections, each with the monotonic time at which its last use ended.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.closed: bool = False
        self.idle: list[tuple[Any, float]] = []
        self.begin()
        _register(self)

    def begin(self) -> None:
        """Start without leases, in a new store or a child."""
        self.process: object = object()
        self._leases: set[weakref.ref[Lease]] = set()

    def is_ready(self) -> bool:
        """Return False while another thread prepares the gates in this process, and True once they are ready.

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
        """Begin a lease unless a fork is pending or all leases are in use; return whether it began.

        Raises:
            StoreError: The store is closed, or this is a child that inherited a connection.
        """
        if not self.is_ready():
            return False
        leases = self._leases
        leases.add(weakref.ref(lease, leases.discard))
        if leases is not self._leases:  # a signal handler has just forked this child
            return False
        # Checked only now: of this thread and a thread that forks, at least one sees the other.
        if len(leases) <= self.limit and not (_near and _is_near(lease.thread)):
            return True
        # A thread that has a lease continues; else a signal handler would wait for the thread it interrupted.
        if any(other is not lease and other.thread == lease.thread for other in self.leases()):
            return True
        leases.discard(weakref.ref(lease))
        return False

    def leave(self, lease: Lease) -> bool:
        """End a lease, and keep its connection idle or close it. Return False in a forked child."""
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
            # Checked only now: either this method or `close` sees the connection.
            if self.closed:
                self.close_idle()
        finally:
            # Removed last: closing a connection counts as a statement, because it takes SQLite's own locks.
            self._leases.discard(weakref.ref(lease))
        return True

    def check_process(self) -> None:
        """Raise an error in a child whose statement began before the fork.

        Raises:
            StoreError: This process is the child.
        """
        if _inherited or _pid != os.getpid():
            raise StoreError(FORKED)

    def close(self) -> None:
        """Close the idle connections now, and the others when their leases end."""
        self.closed = True
        if _is_inherited():
            return
        lease = Lease()
        self._leases.add(weakref.ref(lease, self._leases.discard))
        if _is_near(lease.thread):
            # The fork closes the connections. For that it needs the gate, which may have no other reference.
            _closing.append(self)
            self._leases.discard(weakref.ref(lease))
        else:
            self.leave(lease)

    def close_idle(self) -> None:
        """Close the idle connections."""
        with suppress(IndexError):
            while True:
                self.discard(self.idle.pop()[0])

    def discard(self, connection: "Any") -> None:
        """Close a connection, whatever its state, unless it is inherited."""
        if _is_inherited():
            _inherited.append(connection)
        else:
            with suppress(Exception):
                connection.close()

    def drain(self, deadline: float) -> None:
        """Wait until the other threads' leases end, or a monotonic time; then close the idle connections."""
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
        """In a child, set aside the connections of the parent, both idle and in use."""
        leases, idle = self.leases(), [connection for connection, _ in self.idle]
        _inherited.extend((*leases, *idle))
        self.idle.clear()
        for connection in (*(lease.connection for lease in leases), *idle):
            # A child that a signal handler forked continues with its parent's statement.
            getattr(connection, "abandon", bool)()


_pid = os.getpid()
"""Id of the process for which the gates are prepared."""

_beginners: dict[int, int] = {}
"""The thread that prepares the gates, by the id of a process in which no fork handler ran."""

_inherited: list[object] = []
"""The parent's connections that a child inherited. The references here keep them open."""

_near: dict[str, tuple[int, float]] = {}
"""The pending fork, if there is one: its thread, and its deadline by the monotonic clock. The forks of other
threads wait, because this fork closes connections. After the deadline the entry is ignored, because an
exception must have interrupted the end of the fork."""

_closing: list[ForkGate] = []
"""Gates that were closed while a fork was pending."""

_gates: "weakref.WeakValueDictionary[int, ForkGate]" = weakref.WeakValueDictionary()
_registered = False


def _register(gate: ForkGate) -> None:
    """Store a gate. The first gate registers the fork handlers.

    Handlers that were registered earlier, such as those of logging, take their locks after statements end.
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
    """Return whether this process is a child that inherited connections."""
    return bool(_inherited) or _pid != os.getpid()


def _is_near(thread: int | None = None) -> bool:
    """Return whether a fork is pending in a thread other than the given one."""
    fork = _near.get("fork")
    return fork is not None and fork[0] != thread and fork[1] > time.monotonic()


def _has_begun() -> bool:
    """Return whether the gates are prepared. If no fork handler ran, one thread prepares them here."""
    pid, me = os.getpid(), get_ident()
    if _pid != pid:
        if _beginners.setdefault(pid, me) != me:
            return False
        if _pid != pid:
            _begin_process()
    return True


def _begin_process() -> None:
    """Prepare the gates for a child. If it inherited a connection, every later statement is refused.

    One inherited connection affects all stores, even later ones: SQLite would trust the parent's locks.
    """
    global _pid
    gates = _every_gate()
    for gate in gates:
        gate.inherit()
    _near.clear()
    _closing.clear()
    for gate in gates:
        gate.begin()
    # Set last: until then, other threads see that the gates are not prepared.
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
    # Set again: the entry may be that of an earlier fork of this thread, whose end was interrupted.
    _near["fork"] = me, deadline
    for gate in _every_gate():
        gate.drain(deadline)


def _in_parent() -> None:
    if _near.get("fork", (None,))[0] == get_ident():
        _near.pop("fork", None)
        while _closing:
            _closing.pop().close()


def _in_child() -> None:
    # A handler that was registered earlier may have used a store, and so prepared the gates.
    if _near or _pid != os.getpid():
        _begin_process()
