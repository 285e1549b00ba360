"""The connections of a store: a bound on their number, one deadline for each call, and safe retries."""

import time
from contextlib import suppress

from onetime.errors import StoreError
from onetime.storage.fork import FORKED, PAUSE, ForkGate, Lease

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, TypeVarTuple, Unpack

    from onetime.storage.dialect import Dialect

    T = TypeVar("T")
    Rest = TypeVarTuple("Rest")
    Work = Callable[[Any, *Rest], T]
    Supply = Callable[[Lease, float], None]

MAX_CONNECTIONS = 1000
"""Maximum number of connections of one store."""

MAX_TIMEOUT = 3600
"""Maximum deadline of a call, in seconds."""

FRESH = 1.0
"""Seconds for which an idle connection is assumed to be alive. A write that fails on a connection that the
server has closed is not retried, so after a longer pause a read tests the connection first."""

IN_THE_WAY = "other transactions held the entry for {:g} s; nothing was written"

BEGINNING = "another thread was preparing the store after a fork for {:g} s"

UNKNOWN = "the database failed during a write; it is unknown whether the entry was written"


class Pool:
    """Runs work on the connections of one store, for any number of threads.

    Args:
        dialect: The database.
        connections: Maximum number of open connections; further callers wait.
        timeout: Deadline of each call, in seconds. It cannot interrupt a call of the driver.

    Raises:
        TypeError: A number has the wrong type.
        ValueError: A number is out of range.
    """

    def __init__(self, dialect: "Dialect", connections: int, timeout: float) -> None:
        _check("connections", connections, (int,), 1, MAX_CONNECTIONS)
        _check("timeout", timeout, (int, float), 0.001, MAX_TIMEOUT)
        self.dialect = dialect
        self.timeout = timeout
        self.gate: ForkGate = ForkGate(connections)
        self.close: Callable[[], None] = self.gate.close

    def deadline(self) -> float:
        """Begin a call, and return its deadline by the monotonic clock, in seconds.

        Raises:
            StoreError: The store is closed, or this is a child that inherited a connection.
        """
        deadline = time.monotonic() + self.timeout
        while not self.gate.is_ready():
            self._pause(deadline, BEGINNING)
        return deadline

    def read(self, work: "Work[*Rest, T]", *rest: "Unpack[Rest]") -> "T":
        """Run work that stores nothing; if it fails, retry it once on a new connection.

        Args:
            work: Called with the connection and `rest`.
            rest: Further arguments of the work.

        Raises:
            StoreError: The work failed on a new connection, or other transactions blocked it for too long.
        """
        deadline = time.monotonic() + self.timeout
        supply = self.reuse
        while True:
            try:
                return self.run(deadline, supply, work, *rest)
            except StoreError:
                raise
            except Exception as error:
                if self.dialect.had_no_effect(error):
                    self._pause(deadline, IN_THE_WAY, error)
                    supply = self.reuse
                elif supply == self._open:
                    raise StoreError("the database failed during a read") from error
                else:
                    supply = self._open

    def write(self, work: "Work[*Rest, T]", *rest: "Unpack[Rest]") -> "T":
        """Run work that stores something; retry it only if it is known to have had no effect.

        Args:
            work: Called with the connection and `rest`.
            rest: Further arguments of the work.

        Raises:
            StoreError: It is unknown whether the work had an effect, or other transactions blocked it for too
                long.
        """
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                return self.run(deadline, self._reuse_alive, work, *rest)
            except StoreError:
                raise
            except Exception as error:
                if not self.dialect.had_no_effect(error):
                    raise StoreError(UNKNOWN) from error
                self._pause(deadline, IN_THE_WAY, error)

    def create_table(self) -> None:
        """Create the table if it is missing.

        No connection stays open, so a program that forks workers after creating its store needs no handler.

        Raises:
            StoreError: The table cannot be created, or the existing table cannot be used.
        """
        self.run(time.monotonic() + self.timeout, self._create, lambda _: None)

    def run(self, deadline: float, supply: "Supply", work: "Work[*Rest, T]", *rest: "Unpack[Rest]") -> "T":
        """Run work on a connection, which is closed if the work raises.

        Args:
            deadline: When to stop waiting for a connection, in seconds by the monotonic clock.
            supply: Sets the lease's connection before the deadline.
            work: Called with the connection and `rest`.
            rest: Further arguments of the work.

        Raises:
            StoreError: No connection was free in time, no connection can be opened, or this process was
                forked meanwhile and is the child.
        """
        lease = Lease()
        try:
            if not self.gate.enter(lease):
                self._enter(lease, deadline)
            supply(lease, deadline)
            try:
                result = work(lease.connection, *rest)
            except Exception as error:
                # In a forked child, the fork is the reason for any error.
                self.gate.check_process()
                lease.good = self.dialect.had_no_effect(error)
                self._forget_lost(lease, error)
                raise
            lease.good = True
        finally:
            is_own = self.gate.leave(lease)
        if not is_own:
            raise StoreError(FORKED)
        return result

    def late(self, reason: str) -> StoreError:
        """Return the error for a missed deadline. The message has a placeholder for the seconds."""
        return StoreError(reason.format(self.timeout))

    def _enter(self, lease: Lease, deadline: float) -> None:
        """Begin a lease as soon as possible."""
        while not self.gate.enter(lease):
            in_use = f"all {self.gate.limit} connections of the store were in use for {{:g}} s"
            self._pause(deadline, in_use if self.gate.is_ready() else BEGINNING)

    def _pause(self, deadline: float, reason: str, cause: Exception | None = None) -> None:
        """Wait before the next attempt, or raise an error if the deadline has passed."""
        if time.monotonic() >= deadline:
            raise self.late(reason) from cause
        time.sleep(PAUSE)

    def _forget_lost(self, lease: Lease, error: Exception) -> None:
        """If the server is gone, stop using this connection and the idle ones."""
        if self.dialect.is_lost(lease.connection, error):
            lease.good = False
            self.gate.close_idle()

    def reuse(self, lease: Lease, deadline: float) -> None:
        """Set the lease's connection to an idle one, or a new one."""
        try:
            lease.connection, _ = self.gate.idle.pop()
        except IndexError:
            lease.connection = None
        if lease.connection is None:
            self._open(lease, deadline)

    def _reuse_alive(self, lease: Lease, deadline: float) -> None:
        """Set the lease's connection to an idle one that the server has not closed, or a new one."""
        since = time.monotonic()
        with suppress(IndexError):
            lease.connection, since = self.gate.idle.pop()
        if lease.connection is not None and time.monotonic() - since > FRESH:
            try:
                self.dialect.get(lease.connection, "")
            except Exception as error:
                self._forget_lost(lease, error)
                self.gate.discard(lease.connection)
                lease.connection = None
        if lease.connection is None:
            self._open(lease, deadline)

    def _open(self, lease: Lease, deadline: float, *, create: bool = False) -> None:
        """Set the lease's connection to a new one; if there are too many, close the oldest idle one first."""
        idle, limit = self.gate.idle, self.gate.limit
        while True:
            with suppress(IndexError):
                while len(idle) + len(self.gate.leases()) > limit:
                    self.gate.discard(idle.pop(0)[0])
            try:
                # Set before a statement runs, so a child forked meanwhile leaves the connection alone.
                lease.connection = self.dialect.connect()
                self.dialect.prepare(lease.connection, create=create)
            except StoreError:
                raise
            except Exception as error:
                if not self.dialect.had_no_effect(error):
                    raise StoreError("the database cannot be opened") from error
                # A fork does not wait for this thread while this thread waits.
                self.gate.leave(lease)
                lease.connection = None
                self._pause(deadline, IN_THE_WAY, error)
                self._enter(lease, deadline)
            else:
                return

    def _create(self, lease: Lease, deadline: float) -> None:
        """Create the table on a connection, and close the connection."""
        self._open(lease, deadline, create=True)
        self.gate.discard(lease.connection)
        lease.connection = None


def _check(name: str, value: object, kinds: tuple[type, ...], low: float, high: float) -> None:
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise TypeError(f"{name} must be an {' or a '.join(kind.__name__ for kind in kinds)}")
    if not low <= value <= high:  # type: ignore[operator]  # it is a number
        raise ValueError(f"{name} must be from {low} to {high}")
