"""Stores with group commit whose slow commits let batches form, and two that are known to be bad."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from onetime.storage.group_commit import GroupCommit, Job
from onetime.storage.sql import SQLStore
from onetime.storage.sqlite import Connection, SQLite

SYNC = 0.001
"""Minimum duration of a commit, in seconds, as on a disk."""


class SlowSQLite(SQLite):
    """SQLite on a disk whose sync takes a while.

    Attributes:
        commits: Number of commits.
    """

    commits = 0

    def commit(self, connection: Connection) -> None:
        self.commits += 1
        time.sleep(SYNC)
        super().commit(connection)


class EarlyVerdicts(GroupCommit):
    """Known to be bad: the other threads get their outcomes before the commit has returned."""

    def _commit(self, connection: Any, jobs: list[Job], outcomes: list[bool]) -> None:
        for job, outcome in zip(jobs[1:], outcomes[1:], strict=True):
            job.outcome = outcome
            job.wake()
        super()._commit(connection, jobs, outcomes)


class HeldLock(GroupCommit):
    """Known to be bad: it has a lock that an interrupted thread does not release."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lock = Lock()

    def _transact(self, *arguments: Any, **named: Any) -> bool | None:
        self.lock.acquire()
        outcome = super()._transact(*arguments, **named)
        self.lock.release()
        return outcome


Kind = Callable[..., GroupCommit]


def open_slow(path: Path, kind: Kind = GroupCommit, *, timeout: float = 5.0) -> SQLStore:
    """Open a store whose commits take a while.

    Args:
        path: The file.
        kind: The class that groups its writes.
        timeout: Deadline of each call, in seconds.
    """
    dialect = SlowSQLite(path, "onetime")
    store = SQLStore(dialect, timeout=timeout)
    store._group = kind(store._pool, dialect)
    store.create_table()
    return store
