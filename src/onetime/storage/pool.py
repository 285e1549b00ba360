"""The connections of a store: a bound on their number, one deadline for each call, and safe retries."""

import time
from functools import partial

from onetime.errors import StoreError
from onetime.storage.fork import PAUSE, ForkGate, Lease, discard

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from onetime.storage.dialect import Dialect

    T = TypeVar("T")
    Work = Callable[[Any], T]

MAX_CONNECTIONS = 1000
"""Maximum number of connections of one store."""

MAX_TIMEOUT = 3600
"""Maximum deadline of a call, in seconds."""

FRESH = 1.0
"""Time for which an idle connection is taken for alive, in seconds. A write is not retried when it fails on a
connection that the server has ended, so after a longer pause a read tries the connection first."""

UNKNOWN = "the database failed during a write; it is unknown whether the entry was written"


class Pool:
    """Runs work on the connections of one store, for any number of threads.

    Args:
        dialect: The database.
        connections: Maximum number of connections at a time; further callers wait.
        timeout: Deadline of each call, in seconds. It does not reach into a call of the driver's.

    Raises:
        TypeError: A number has another type.
        ValueError: A number is out of range.
    """

    def __init__(self, dialect: "Dialect", connections: int, timeout: float) -> None:
        _check("connections", connections, (int,), 1, MAX_CONNECTIONS)
        _check("timeout", timeout, (int, float), 0.001, MAX_TIMEOUT)
        self.dialect = dialect
        self.timeout = timeout
        self.gate = ForkGate(connections)
        self.close = self.gate.close

    def deadline(self) -> float:
        """Return the end of a call that begins now, by the monotonic clock."""
        return time.monotonic() + self.timeout

    def read(self, work: "Work[T]") -> "T":
        """Run work that stores nothing, once more on a new connection if it fails.

        Raises:
            StoreError: It failed on a new connection, or other transactions were in the way for too long.
        """
        deadline = self.deadline()
        supply = self.reuse
        while True:
            try:
                return self.run(work, deadline, supply)
            except StoreError:
                raise
            except Exception as error:
                if self.dialect.had_no_effect(error):
                    self._wait(deadline, error)
                elif supply == self._open:
                    raise StoreError("the database failed during a read") from error
                else:
                    supply = self._open

    def write(self, work: "Work[T]") -> "T":
        """Run work that stores something, again only if it certainly had no effect.

        Raises:
            StoreError: It is unknown whether it had an effect, or other transactions were in the way for
                too long.
        """
        deadline = self.deadline()
        while True:
            try:
                return self.run(work, deadline, self._reuse_alive)
            except StoreError:
                raise
            except Exception as error:
                if not self.dialect.had_no_effect(error):
                    raise StoreError(UNKNOWN) from error
                self._wait(deadline, error)

    def create_table(self) -> None:
        """Make the table, on a new connection, if there is none.

        Raises:
            StoreError: It cannot be made, or there is one that the store cannot use.
        """
        self.run(lambda _: None, self.deadline(), partial(self._open, create=True))

    def run(self, work: "Work[T]", deadline: float, supply: "Callable[[Lease, float], None]") -> "T":
        """Run work on a connection, which is closed if the work raises.

        Args:
            work: Takes the connection.
            deadline: When to give up waiting for a connection, by the monotonic clock.
            supply: Gives the lease its connection.

        Raises:
            StoreError: No connection was free in time, or none can be opened.
        """
        lease = Lease()
        try:
            while not self.gate.enter(lease):
                if time.monotonic() >= deadline:
                    raise self.late(f"all {self.gate.limit} connections of the store were in use")
                time.sleep(PAUSE)
            supply(lease, deadline)
            try:
                result = work(lease.connection)
            except Exception as error:
                lost = self.dialect.is_lost(lease.connection, error)
                lease.good = self.dialect.had_no_effect(error) and not lost
                if lost:
                    self.gate.close_idle()
                raise
            lease.good = True
            return result
        finally:
            self.gate.leave(lease)

    def late(self, reason: str) -> StoreError:
        """Return the error of a deadline that has passed."""
        return StoreError(f"{reason}, for {self.timeout:g} s")

    def _wait(self, deadline: float, error: Exception) -> None:
        """Wait before a retry, or raise if the deadline has passed."""
        if time.monotonic() >= deadline:
            raise self.late("other transactions were in the way; nothing was written") from error
        time.sleep(PAUSE)

    def reuse(self, lease: Lease, deadline: float) -> None:
        """Give a lease an idle connection, or a new one."""
        try:
            lease.connection, _ = self.gate.idle.pop()
        except IndexError:
            self._open(lease, deadline)

    def _reuse_alive(self, lease: Lease, deadline: float) -> None:
        """Give a lease an idle connection that the server has not ended, or a new one."""
        try:
            lease.connection, since = self.gate.idle.pop()
            if time.monotonic() - since > FRESH:
                self.dialect.get(lease.connection, "")
        except Exception:
            # What ended this connection has ended the older ones, too.
            self.gate.close_idle()
            discard(lease.connection)
            self._open(lease, deadline)

    def _open(self, lease: Lease, deadline: float, *, create: bool = False) -> None:
        """Give a lease a new connection."""
        lease.connection = None
        while True:
            try:
                lease.connection = self.dialect.open(create=create)
            except StoreError:
                raise
            except Exception as error:
                if not self.dialect.had_no_effect(error):
                    raise StoreError("the database cannot be opened") from error
                self._wait(deadline, error)
            else:
                return


def _check(name: str, value: object, kinds: tuple[type, ...], low: float, high: float) -> None:
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise TypeError(f"{name} must be {' or '.join(kind.__name__ for kind in kinds)}")
    if not low <= value <= high:  # type: ignore[operator]  # it is a number
        raise ValueError(f"{name} must be from {low} to {high}")
