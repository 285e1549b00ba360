"""Group commit: writes that arrive while another one is at the disk are committed in one transaction."""

import os
import time
import weakref
from collections import deque
from contextlib import suppress
from threading import Lock, RLock

from onetime.errors import StoreError
from onetime.storage.fork import FORKED, PAUSE
from onetime.storage.pool import UNKNOWN, Pool

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from typing import Any

    from onetime.storage.dialect import GroupingDialect

    Swap = tuple[str, str | None, str | None]

FAILED = "the database failed during a write; nothing was written"

WAKE = 0.05
"""Maximum wait for a wake-up, in seconds: one can be lost when a thread is interrupted."""


class Job:
    """A swap that waits for its outcome.

    Attributes:
        swap: Key, old text and new text.
        outcome: Whether it was written, once a commit has stored that; None before.
        committing: Whether its transaction has come to its commit. If no outcome follows, it is unknown.
        alone: Whether it is committed without others, because a transaction with it failed.
    """

    __slots__ = ("__weakref__", "_turn", "alone", "committing", "outcome", "swap")

    def __init__(self, swap: "Swap") -> None:
        self.swap = swap
        self.outcome: bool | None = None
        self.committing = False
        self.alone = False
        self._turn = Lock()
        self._turn.acquire()

    def sleep(self, seconds: float) -> None:
        """Wait to be woken, at most for some seconds."""
        self._turn.acquire(timeout=seconds)

    def wake(self) -> None:
        """End the wait of the thread whose job it is, or its next one."""
        with suppress(RuntimeError):  # it was woken already
            self._turn.release()


class Lead:
    """Stands for a thread that leads, for as long as the thread's frame lives."""

    __slots__ = ("__weakref__",)


class GroupCommit:
    """Commits the swaps of many threads, one of which leads at a time.

    The leader takes what the others have queued and commits it with its own swap. Each caller gets its own
    outcome, after the commit has returned. The leader and the queued jobs are known by weak references, so
    that a thread that was interrupted anywhere leads no more, and its swap is not written later.

    Args:
        pool: The connections.
        dialect: Their database.
    """

    def __init__(self, pool: Pool, dialect: "GroupingDialect") -> None:
        self._pool = pool
        self._dialect = dialect
        self._begin()
        # A forked child has none of the threads that wait.
        pool.gate.after_fork.append(self._begin)

    def _begin(self) -> None:
        self._lock = RLock()
        self._queue: deque[weakref.ref[Job]] = deque()
        self._leader: weakref.ref[Lead] | None = None

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        """Write text under a key if the stored value is still `old`; they differ.

        Raises:
            StoreError: It cannot be written, or it is unknown whether it was.
        """
        deadline = self._pool.deadline()
        job, lead = Job((key, old, new)), Lead()
        queue, process = self._queue, os.getpid()
        try:
            queue.append(weakref.ref(job))
            while job.outcome is None:
                pause = WAKE
                if self._leads(job, lead):
                    self._commit(queue, job, deadline)
                    pause = PAUSE
                if job.outcome is None:
                    if process != os.getpid():
                        raise StoreError(FORKED)
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise self._pool.late(UNKNOWN if job.committing else "others were writing")
                    job.sleep(min(pause, left))
        finally:
            with suppress(ValueError):
                queue.remove(weakref.ref(job))
        return job.outcome

    def _leads(self, job: Job, lead: Lead) -> bool:
        """Return whether a job leads now."""
        with self._lock:
            if self._leader is not None and self._leader() is not None:
                return False
            if job.outcome is not None:
                return False
            if job.committing:
                raise StoreError(UNKNOWN)  # its leader came to the commit, and no further
            self._leader = weakref.ref(lead)
            return True

    def _commit(self, queue: "deque[weakref.ref[Job]]", own: Job, deadline: float) -> None:
        """Commit a job and those that are queued, then give up the lead."""
        busy = False
        try:
            busy = not self._pool.run(
                lambda connection: self._transact(connection, queue, own), deadline, self._pool.reuse
            )
        finally:
            self._leader = None
            # While another process writes, this thread asks again soon enough for all.
            if not busy:
                for job in [job for each in list(queue) if (job := each()) not in (None, own)][:1]:
                    job.wake()

    def _transact(self, connection: "Any", queue: "deque[weakref.ref[Job]]", own: Job) -> bool:
        """Run one transaction; return whether no other process was writing."""
        dialect, check_process = self._dialect, self._pool.gate.check_process
        try:
            dialect.begin(connection)
        except Exception as error:
            if dialect.had_no_effect(error):
                return False
            raise StoreError(FAILED) from error
        jobs = [own]
        while queue and not own.alone:
            with suppress(IndexError):
                job = queue.popleft()()
                if job not in (None, own):
                    jobs.append(job)
        outcomes = []
        try:
            for job in jobs:
                check_process()
                outcomes.append(dialect.swap(connection, *job.swap))
        except BaseException as error:
            # Nothing was stored. One of them is at fault, or this thread was interrupted.
            for job in jobs[1:]:
                queue.append(weakref.ref(job))
                job.wake()
            if not isinstance(error, Exception):
                raise
            if len(jobs) == 1:
                raise StoreError(FAILED) from error
            own.alone = True
            check_process()
            dialect.rollback(connection)
            return True
        for job in jobs:
            job.committing = True
        check_process()
        try:
            dialect.commit(connection)
        except Exception as error:
            raise StoreError(UNKNOWN) from error
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.outcome = outcome
            job.wake()
        return True
