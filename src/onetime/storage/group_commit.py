"""Group commit: writes that arrive while another write waits for the disk share the next transaction."""

import time
import weakref
from contextlib import suppress
from threading import Lock, get_ident

from onetime.errors import StoreError
from onetime.storage.fork import FORKED, PAUSE
from onetime.storage.pool import UNKNOWN, Pool

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from onetime.storage.dialect import GroupingDialect

    Queue = list["weakref.ref[Job]"]

FAILED = "the database failed during a write; nothing was written"
NESTED = "a signal handler or finalizer must not write to a store while its own thread is writing to it"
BUSY = "other processes were writing to the database for {:g} s; nothing was written"
LATE = "the write waited for other threads for {:g} s; it is unknown whether the entry was written"

WAKE = 0.05
"""Maximum wait for a wake-up, in seconds. An interrupted thread may fail to wake the others."""


CROWDED = 0.1
"""Time in which another process that was writing is expected to write again, in seconds."""

TURN = 0.003
"""Time for which a process may continue to write while other processes wait, in seconds."""


class Job:
    """A swap that waits for its outcome.

    Attributes:
        swap: Key, old text and new text.
        thread: The thread that waits.
        committing: Whether the commit has begun. If it was interrupted, it is unknown whether the swap was
            written.
        outcome: Whether the swap was written; None until the commit has returned.
        error: The error of a failed commit.
    """

    __slots__ = ("__weakref__", "_turn", "committing", "error", "outcome", "swap", "thread")

    def __init__(self, key: str, old: str | None, new: str | None) -> None:
        self.swap: tuple[str, str | None, str | None] = key, old, new
        self.thread: int = get_ident()
        self.committing: bool = False
        self.outcome: bool | None = None
        self.error: Exception | None = None
        self._turn = Lock()
        self._turn.acquire()

    def sleep(self, seconds: float) -> None:
        """Wait for a call of `wake`, for at most a number of seconds."""
        self._turn.acquire(timeout=seconds)

    def wake(self) -> None:
        """Wake the thread of the job; if it is not waiting, end its next wait at once."""
        with suppress(RuntimeError):  # it was already woken
            self._turn.release()


class GroupCommit:
    """Commits the swaps of many threads, one of which leads at a time.

    The thread with the first job in the queue leads: it commits all queued jobs in one transaction. Each
    caller gets its own outcome after the commit has returned. Until then, no lock is held and no job leaves
    the queue, so an interrupted leader does not change the jobs of the others. The queue has weak references:
    if a thread is interrupted before its job can leave the queue, the job disappears with the thread's frame.

    Args:
        pool: The connections.
        dialect: The database.
    """

    def __init__(self, pool: Pool, dialect: "GroupingDialect") -> None:
        self._pool = pool
        self._dialect = dialect
        self._begin()

    def _begin(self) -> None:
        self._queue: Queue = []
        self._process = self._pool.gate.process
        # By the monotonic clock: the end of the time in which other processes are expected to write, and the
        # beginning of this process's turn.
        self._crowded = self._next = 0.0

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        """Write text under a key if the stored value is still `old`, which must differ from `new`.

        Returns:
            Whether the text was written.

        Raises:
            StoreError: The text cannot be written, or it is unknown whether it was written.
        """
        deadline, gate = self._pool.deadline(), self._pool.gate
        if self._process is not gate.process:
            self._begin()  # the waiting threads do not exist in a forked child
        process, queue, job = self._process, self._queue, Job(key, old, new)
        place = weakref.ref(job)
        try:
            queue.append(place)
            while True:
                first = job if queue[0] is place else next(_unfinished(queue), job)
                if process is not gate.process:
                    raise StoreError(FORKED)
                # Read only now: a leader sets its followers' outcomes before it leaves the queue.
                if job.outcome is not None:
                    return job.outcome
                if job.error or (first is job and job.committing):
                    raise StoreError(UNKNOWN) from job.error
                if first is not job:
                    if first.thread == job.thread:
                        raise StoreError(NESTED)
                elif time.monotonic() >= self._next:
                    job.outcome = self._pool.run(deadline, self._pool.reuse, self._transact, queue, job)
                if job.outcome is None:
                    self._wait(job, deadline, leads=first is job)
                    gate.check_process()
                elif self._crowded:
                    self._give_way()
        finally:
            if place in queue:
                queue.remove(place)
            if queue:
                next(_unfinished(queue), job).wake()

    def _give_way(self) -> None:
        """Pause if other processes write. Without a pause, other processes would hardly ever get a turn."""
        now = time.monotonic()
        if self._next + TURN <= now < self._crowded:
            self._next = now + PAUSE

    def _wait(self, job: Job, deadline: float, *, leads: bool) -> None:
        """Wait for another process, or until another thread of this process wakes this one."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise StoreError((BUSY if leads else LATE).format(self._pool.timeout))
        job.sleep(min(PAUSE if leads else WAKE, left))

    def _transact(self, connection: "Any", queue: "Queue", own: Job) -> bool | None:
        """Commit the queued jobs, and return the leader's outcome, or None if another process writes."""
        gate = self._pool.gate
        gate.check_process()
        if len(queue) == 1:
            return self._swap_alone(connection, own)
        try:
            self._dialect.begin(connection)
        except Exception as error:
            self._expect_busy(error, FAILED)
            return None
        jobs = [job for job in _unfinished(queue) if not job.committing]
        outcomes = []
        try:
            for job in jobs:
                gate.check_process()
                outcomes.append(self._dialect.swap(connection, *job.swap))
        except StoreError:
            raise
        except Exception:
            # One job caused the error. The others are still in the queue.
            self._roll_back(connection)
            return self._swap_alone(connection, own)
        self._commit(connection, jobs, outcomes)
        return outcomes[0]

    def _swap_alone(self, connection: "Any", job: Job) -> bool | None:
        """Run one swap in a transaction of its own, and return what `_transact` returns."""
        job.committing = True
        try:
            return self._dialect.swap(connection, *job.swap)
        except UnicodeError as error:
            raise StoreError(FAILED) from error
        except Exception as error:
            job.committing = False
            self._expect_busy(error, UNKNOWN)
            return None

    def _expect_busy(self, error: Exception, text: str) -> None:
        """Raise StoreError with the given message, unless the error means that another process writes."""
        if not self._dialect.had_no_effect(error):
            raise StoreError(text) from error
        self._crowded = time.monotonic() + CROWDED

    def _roll_back(self, connection: "Any") -> None:
        self._pool.gate.check_process()
        try:
            self._dialect.rollback(connection)
        except Exception as error:
            raise StoreError(FAILED) from error

    def _commit(self, connection: "Any", jobs: list[Job], outcomes: list[bool]) -> None:
        """Commit, and set the outcomes of the other jobs."""
        followers = jobs[1:]
        for job in jobs:
            job.committing = True
        self._pool.gate.check_process()
        try:
            self._dialect.commit(connection)
            for job, outcome in zip(followers, outcomes[1:], strict=True):
                job.outcome = outcome
        except Exception as error:
            for job in followers:
                job.error = error
            raise StoreError(UNKNOWN) from error
        finally:
            for job in followers:
                job.wake()


def _unfinished(queue: "Queue") -> "Iterator[Job]":
    """Yield the waiting jobs in order, and remove the jobs that their interrupted threads have abandoned."""
    for place in queue[:]:
        job = place()
        if job is None:
            with suppress(ValueError):
                queue.remove(place)
        elif job.outcome is None and job.error is None:
            yield job
