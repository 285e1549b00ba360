"""Group commit on a real SQLite: no outcome is wrong, whatever fails, hangs, forks or is interrupted."""

import gc
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from linecache import getline
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

import onetime.storage
from onetime.errors import StoreError
from onetime.storage import group_commit
from onetime.storage.fork import FORKED
from onetime.storage.group_commit import Job
from onetime.storage.pool import UNKNOWN
from onetime.storage.sql import SQLStore
from onetime.storage.sqlite import Connection, SQLite
from tests.soak import swaps
from tests.support import SOURCE, cpython, posix
from tests.support.stores import read_then_write

PATIENCE = 60
"""Time after which a test gives up on a thread, in seconds."""

ROOMS = str(Path(onetime.storage.__file__).parent)

LATE = "the job of a thread that was interrupted before it left the queue ends when it is collected"

BAD = "\ud800"
"""A key that cannot be encoded, so that its own statement fails."""


class InterruptError(BaseException):
    """Stands for KeyboardInterrupt, which unittest would take for its own."""


class Hooked(SQLite):
    """SQLite, with something done before and after each step of a batch.

    Attributes:
        at: Takes the name of the step and, for a swap, its key.
        steps: The steps so far.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "onetime")
        self.at: Callable[[str, str], object] = lambda _step, _key: None
        self.steps: list[str] = []

    def _reach(self, step: str, key: str = "") -> None:
        self.steps.append(step)
        self.at(step, key)

    def begin(self, connection: Connection) -> None:
        self._reach("begin")
        super().begin(connection)
        self._reach("begun")

    def swap(self, connection: Connection, key: str, old: str | None, new: str | None) -> bool:
        self._reach("swap", key)
        outcome = super().swap(connection, key, old, new)
        self._reach("swapped", key)
        return outcome

    def commit(self, connection: Connection) -> None:
        self._reach("commit")
        super().commit(connection)
        self._reach("committed")

    def rollback(self, connection: Connection) -> None:
        self._reach("rollback")
        super().rollback(connection)


class Groups(unittest.TestCase):
    timeout = 60.0

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.path = Path(holder.name, "store.db")
        self.dialect = Hooked(self.path)
        self.store = SQLStore(self.dialect, timeout=self.timeout)
        self.addCleanup(self.store.close)
        self.store.create_table()
        group = self.store._group
        assert group is not None
        self.group = group
        self.numbers = itertools.count()
        self.threads = ThreadPoolExecutor(16)
        self.addCleanup(self.threads.shutdown)

    def swap(self, key: str, old: str | None = None, new: str | None = "new") -> "Future[bool]":
        """Swap in another thread."""
        return self.threads.submit(self.store.swap, key, old, new)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what another thread does."""
        end = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.001)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold a swap at the disk for the time of a block, so that others are queued behind it."""
        at, key = self.dialect.at, f"otp/held {next(self.numbers)}"
        held, go_on = threading.Event(), threading.Event()

        def hold(step: str, reached: str) -> None:
            if (step, reached) == ("swap", key):
                held.set()
                self.assertTrue(go_on.wait(PATIENCE))
            elif reached != key:
                at(step, reached)

        self.dialect.at = hold
        swapped = self.swap(key)
        self.assertTrue(held.wait(PATIENCE))
        try:
            yield
        finally:
            self.dialect.steps.clear()
            go_on.set()
        self.assertTrue(swapped.result(PATIENCE))

    def gather(self, *swaps: tuple[str, str | None, str | None]) -> "list[Future[bool]]":
        """Swap in one transaction, of which the first swap is the leader's."""
        at, swapped = self.dialect.at, []
        with self.held():
            for number, each in enumerate(swaps, 2):
                swapped.append(self.swap(*each))
                self.until(lambda number=number: len(self.group._queue) == number)  # type: ignore[misc]
        for each_swapped in swapped:
            each_swapped.exception(PATIENCE)
        self.dialect.at = at
        self.dialect.steps.remove("swapped")  # the one that was held
        return swapped

    def assert_usable(self) -> None:
        """Nothing of what happened hinders a later write."""
        self.dialect.at = lambda _step, _key: None
        self.assertTrue(self.store.swap("otp/later", self.store.get("otp/later"), f"{time.monotonic()}"))
        self.assertEqual([], self.group._queue)

    def assert_store_error(self, text: str, swapped: "Future[bool]") -> BaseException | None:
        error = swapped.exception(PATIENCE)
        self.assertIsInstance(error, StoreError)
        self.assertIn(text, str(error))
        assert error is not None
        return error.__cause__


class Outcomes(Groups):
    def test_swaps_that_wait_are_one_transaction(self) -> None:
        """Each caller gets its own outcome, in the order in which they came; they share one commit."""
        self.store.swap("otp/a", None, "one")
        swapped = self.gather(
            ("otp/lead", None, "new"),
            ("otp/a", "other", "two"),
            ("otp/a", "one", "two"),
            ("otp/a", "one", "three"),
            ("otp/a", "two", None),
            ("otp/b", "old", None),
            ("otp/b", None, "one"),
            ("otp/b", None, "one"),
        )
        expected = [True, False, True, False, True, False, True, False]
        self.assertEqual(expected, [each.result() for each in swapped])
        self.assertEqual(["new", None, "one"], [self.store.get(f"otp/{key}") for key in ("lead", "a", "b")])
        self.assertEqual(
            ["begin", "begun", *["swap", "swapped"] * 8, "commit", "committed"], self.dialect.steps
        )
        self.assert_usable()

    def test_one_alone(self) -> None:
        """A swap that meets no other is one statement, which is a transaction of its own."""
        self.dialect.steps.clear()
        self.assertTrue(self.store.swap("otp/a", None, "one"))
        self.assertFalse(self.store.swap("otp/a", None, "one"))
        self.assertEqual(["swap", "swapped"] * 2, self.dialect.steps)

    def test_one_alone_that_fails(self) -> None:
        """K58: after an error of its statement it is unknown whether it was stored."""
        error = sqlite3.OperationalError("disk I/O error")
        for step, stored in (("swap", None), ("swapped", "new")):
            with self.subTest(step):

                def fail(reached: str, key: str) -> None:
                    if reached == step:  # noqa: B023 - used in this round only
                        raise error

                self.dialect.at = fail
                self.assertIs(error, self.assert_store_error(UNKNOWN, self.swap(f"otp/{step}")))
                self.assertEqual(stored, self.store.get(f"otp/{step}"))
                self.assert_usable()

    def test_one_alone_while_another_process_writes(self) -> None:
        """Nothing was stored, so it is tried again."""
        with closing(sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            swapped = self.swap("otp/a")
            self.until(lambda: self.dialect.steps.count("swap") > 2)
            other.execute("COMMIT")
            self.assertTrue(swapped.result(PATIENCE))
        self.assert_usable()

    def test_a_swap_at_fault_fails_alone(self) -> None:
        """F12: whether it leads or follows, the others are committed, and only its caller gets the error."""
        for number in range(4):
            with self.subTest(number):
                keys = [f"otp/{number} {each}" for each in range(4)]
                keys[number] = BAD
                swapped = self.gather(*((key, None, "new") for key in keys))
                cause = self.assert_store_error("nothing was written", swapped.pop(number))
                self.assertIsInstance(cause, UnicodeEncodeError)
                self.assertEqual([True] * 3, [each.result() for each in swapped])
                self.assertEqual(["new"] * 3, [self.store.get(key) for key in keys if key != BAD])
                self.assertEqual(1, len(self.store._pool.gate.idle), "no connection was thrown away")
                self.assert_usable()

    def test_a_swap_at_fault_alone(self) -> None:
        """Without others, too, and its connection is closed, which rolls back."""
        self.assert_store_error("nothing was written", self.swap(BAD))
        self.assertNotIn("rollback", self.dialect.steps)
        self.assert_usable()

    def test_others_come_while_the_leader_is_alone(self) -> None:
        """After a failed transaction the leader's own swap is committed without the others."""
        self.gather(("otp/a", None, "new"), (BAD, None, "new"), ("otp/b", None, "new"))
        self.assertEqual(
            ["begin", "begun", "swap", "swapped", "swap", "rollback", "swap", "swapped"],
            self.dialect.steps[:8],
        )

    def test_a_rollback_that_fails(self) -> None:
        """The leader's caller gets the error; the connection is closed, and the others are committed."""

        def fail(step: str, key: str) -> None:
            if step == "rollback" and self.dialect.steps.count("rollback") == 1:
                raise sqlite3.OperationalError("disk I/O error")

        self.dialect.at = fail
        lead, bad, other = self.gather(("otp/a", None, "new"), (BAD, None, "new"), ("otp/b", None, "new"))
        cause = self.assert_store_error("nothing was written", lead)
        self.assertIsInstance(cause, sqlite3.OperationalError)
        self.assert_store_error("nothing was written", bad)
        self.assertTrue(other.result())
        self.assertIsNone(self.store.get("otp/a"))
        self.assert_usable()

    def test_a_transaction_that_cannot_begin(self) -> None:
        """The leader's caller gets the error, and the next thread leads."""

        def fail(step: str, key: str) -> None:
            if step == "begun" and self.dialect.steps.count("begun") == 1:
                raise sqlite3.OperationalError("disk I/O error")

        self.dialect.at = fail
        lead, other = self.gather(("otp/a", None, "new"), ("otp/b", None, "new"))
        cause = self.assert_store_error("nothing was written", lead)
        self.assertIsInstance(cause, sqlite3.OperationalError)
        self.assertTrue(other.result())
        self.assertIsNone(self.store.get("otp/a"))
        self.assert_usable()

    def test_another_process_writes(self) -> None:
        """Nothing was begun, so the leader tries again, and takes along whoever came meanwhile."""
        busy = sqlite3.OperationalError("database is locked")
        busy.sqlite_errorcode = sqlite3.SQLITE_BUSY

        def fail(step: str, key: str) -> None:
            if step == "begin" and self.dialect.steps.count("begin") < 3:
                raise busy

        self.dialect.at = fail
        lead, other = self.gather(("otp/a", None, "new"), ("otp/b", None, "new"))
        self.assertTrue(lead.result())
        self.assertTrue(other.result())
        self.assertEqual(1, self.dialect.steps.count("commit"))
        self.assert_usable()

    def test_after_another_process_wrote(self) -> None:
        """F06: a process that has just written gives way to the one that waits, and goes on after a pause."""
        busy = sqlite3.OperationalError("database is locked")
        busy.sqlite_errorcode = sqlite3.SQLITE_BUSY

        def fail(step: str, key: str) -> None:
            if self.dialect.steps == ["swap"]:
                raise busy

        self.assertTrue(self.store.swap("otp/a", None, "new"))
        self.assertEqual(0, self.group._next, "nobody else writes")
        self.dialect.steps.clear()
        self.dialect.at = fail
        with mock.patch.object(self.group, "_wait", side_effect=self.group._wait) as wait:
            self.assertTrue(self.store.swap("otp/b", None, "new"))
            wait.assert_called_once()
            self.group._next = time.monotonic() + 0.01
            self.assertTrue(self.store.swap("otp/c", None, "new"))
            self.assertLess(1, wait.call_count)
        self.assertLess(0, self.group._next)
        self.group._crowded = time.monotonic()
        before = self.group._next
        self.assertTrue(self.store.swap("otp/d", None, "new"))
        self.assertEqual(before, self.group._next, "nobody else writes any more")

    def test_a_commit_that_fails(self) -> None:
        """K58: whether it was stored or not, it is unknown to all, with the database's error as the cause."""
        for step in ("commit", "committed"):
            with self.subTest(step):
                error = sqlite3.OperationalError("disk I/O error")

                def fail(reached: str, key: str) -> None:
                    if reached == step:  # noqa: B023 - used in this round only
                        raise error  # noqa: B023

                self.dialect.at = fail
                keys = [f"otp/{step} {number}" for number in range(3)]
                for swapped in self.gather(*((key, None, "new") for key in keys)):
                    self.assertIs(error, self.assert_store_error(UNKNOWN, swapped))
                stored = None if step == "commit" else "new"
                self.assertEqual([stored] * 3, [self.store.get(key) for key in keys])
                self.assert_usable()

    def test_the_store_is_closed(self) -> None:
        """A batch under way is committed; a thread that waits for the next one gets StoreError."""

        def close(step: str, key: str) -> None:
            if step == "begun":
                late.append(self.swap("otp/late"))
                self.until(lambda: len(self.group._queue) == 3)
            if step == "commit":
                late.append(self.swap("otp/later"))
                self.until(lambda: len(self.group._queue) == 4)
                self.store.close()

        late: list[Future[bool]] = []
        self.dialect.at = close
        # What came before the statements is in the batch.
        for swapped in [*self.gather(("otp/a", None, "new"), ("otp/b", None, "new")), late[0]]:
            self.assertTrue(swapped.result(PATIENCE))
        self.assert_store_error("the store is closed", late[1])


class Deadlines(Groups):
    timeout = 1  # long enough for a leader to begin on a loaded machine

    def test_a_leader_that_hangs(self) -> None:
        """K58: no other thread waits longer than its deadline, and none is told that nothing was written."""
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        def hang(step: str, key: str) -> None:
            if key == "otp/a":
                hangs.set()
                go_on.wait(PATIENCE)

        hangs = threading.Event()
        self.dialect.at = hang
        lead = self.swap("otp/a")
        self.assertTrue(hangs.wait(PATIENCE))
        other = self.swap("otp/b")
        self.assert_store_error("for 1 s; it is unknown whether the entry was written", other)
        go_on.set()
        self.assertTrue(lead.result(PATIENCE))
        self.assertIsNone(self.store.get("otp/b"), "what has left the queue is not written later")
        self.assert_usable()

    def test_a_thread_gives_up_while_its_swap_is_committed(self) -> None:
        """The message does not say that nothing was written, because it is."""
        go_on = threading.Event()

        def hang(step: str, key: str) -> None:
            if step == "commit":
                other = self.group._queue[-1]
                self.until(lambda: other not in self.group._queue)

        self.dialect.at = hang
        lead, other = self.gather(("otp/a", None, "new"), ("otp/b", None, "new"))
        self.assertTrue(lead.result())
        self.assert_store_error("it is unknown", other)
        self.assertEqual("new", self.store.get("otp/b"))
        go_on.set()
        self.assert_usable()


class WakeUps(Groups):
    def test_wake_ups_that_are_lost(self) -> None:
        """K58: every thread looks for itself often enough."""
        with mock.patch.object(Job, "wake"):
            for swapped in self.gather(*((f"otp/{number}", None, "new") for number in range(4))):
                self.assertTrue(swapped.result())
            self.assertTrue(self.store.swap("otp/alone", None, "new"))
        self.assert_usable()

    def test_many_at_once(self) -> None:
        """Threads that count in one entry and in their own lose no count."""
        threads, rounds = 8, 25
        self.store.swap("otp/all", None, "0")

        def count(thread: int) -> int:
            lost, own = 0, None
            for number in range(rounds):
                self.assertTrue(self.store.swap(f"otp/{thread}", own, f"{number}"))
                own = f"{number}"
                while True:
                    old = self.store.get("otp/all") or ""
                    if self.store.swap("otp/all", old, f"{int(old) + 1}"):
                        break
                    lost += 1
            return lost

        list(self.threads.map(count, range(threads)))
        self.assertEqual(f"{threads * rounds}", self.store.get("otp/all"))
        self.assertLess(self.dialect.steps.count("commit"), self.dialect.steps.count("swap"))

    def test_a_job_whose_thread_was_interrupted_before_it_could_leave(self) -> None:
        """It is taken out of the queue by the next one, which leads."""
        cpython(LATE)
        job: Job | None = Job("otp/a", None, "new")
        assert job is not None
        self.group._queue.append(weakref.ref(job))
        del job
        self.assertTrue(self.store.swap("otp/b", None, "new"))
        self.assertIsNone(self.store.get("otp/a"))
        self.assert_usable()

    def test_a_thread_that_was_interrupted_before_its_job_was_queued(self) -> None:
        """The interruption is what its caller gets."""

        def interrupt(step: str, key: str) -> None:
            self.group._queue.clear()
            raise InterruptError

        self.dialect.at = interrupt
        with self.assertRaises(InterruptError):
            self.store.swap("otp/a", None, "new")
        self.assert_usable()

    def test_two_threads_take_it_out(self) -> None:
        """It does not matter which is first."""
        cpython(LATE)
        job = Job("otp/a", None, "new")
        queue = [weakref.ref(job)]
        unfinished = group_commit._unfinished(queue)
        self.assertIs(job, next(unfinished))

        class Snapshot(list[Any]):
            def __getitem__(self, which: Any) -> Any:
                found = super().__getitem__(which)
                self.clear()
                return found

        del job, unfinished
        self.assertEqual([], list(group_commit._unfinished(Snapshot(queue))))


class Interruptions(Groups):
    """K58: a thread is interrupted at every line of the storage rooms, as the leader and as a follower."""

    timeout = 5.0

    def test_the_leader(self) -> None:
        """The others are told what was stored, or that it is unknown; none hangs, and the next one leads."""
        cpython(LATE)
        self.interrupt_every_line(role=0)

    def test_a_follower(self) -> None:
        """The others are not concerned."""
        cpython(LATE)
        self.interrupt_every_line(role=1)

    def interrupt_every_line(self, role: int) -> None:
        """Go on to the next line until the thread is never interrupted."""
        number = 1
        with warnings.catch_warnings():
            # Where a thread is interrupted while it puts its connection back, Python frees the connection.
            warnings.simplefilter("ignore", ResourceWarning)
            while self.attempt(number, role):
                number += 1
            gc.collect()
        self.assertLess(40, number, "all steps were reached")

    def attempt(self, number: int, role: int) -> bool:
        """Commit a batch of three; return whether one of its threads was interrupted at a line."""
        keys = [f"otp/{role} {number} {each}" for each in range(3)]
        queue, ended = self.group._queue, threading.Event()
        outcomes: list[bool | BaseException | None] = [None] * 3

        def run(thread: int) -> None:
            interrupted = InterruptedAt(number if thread == role else 0)
            try:
                with interrupted:
                    outcomes[thread] = self.store.swap(keys[thread], None, "new")
            except BaseException as error:
                outcomes[thread] = error
            if thread == role:
                reached.append(interrupted.lines >= number)
                ended.set()

        reached: list[bool] = []
        running = []
        with self.held():
            for thread in range(3):
                running.append(self.threads.submit(run, thread))
                self.until(lambda thread=thread: len(queue) == thread + 2 or ended.is_set())  # type: ignore[misc]
        for each in running:
            each.result(PATIENCE)
        for thread, outcome in enumerate(outcomes):
            with self.subTest(line=number, role=role, thread=thread):
                stored = self.store.get(keys[thread])
                if isinstance(outcome, BaseException):
                    self.assertIsInstance(outcome, InterruptError if thread == role else StoreError)
                    self.assertNotIn("5 s", str(outcome), "a thread came to its deadline")
                    self.assertIn(stored, (None, "new"))
                else:
                    self.assertEqual((True, "new"), (outcome, stored))
        # Another call goes on while the traceback keeps the frames of the interrupted one, and after that.
        self.assertTrue(self.store.swap(keys[0], self.store.get(keys[0]), "later"))
        outcomes.clear()
        self.assert_usable()
        return reached[0]


class InterruptedAt:
    """Interrupts its thread at a line of the storage rooms; at 0 never.

    Args:
        number: The line, counted from 1 as lines are reached.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.lines = 0

    def __enter__(self) -> None:
        self.before = sys.gettrace()
        if self.number:
            sys.settrace(self.trace)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self.before)

    def trace(self, frame: FrameType, event: str, _argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(ROOMS):
            return None
        # At the end of `with` the line is reached again, where Python itself interrupts no thread.
        if event == "line" and not getline(frame.f_code.co_filename, frame.f_lineno).lstrip().startswith(
            "with "
        ):
            self.lines += 1
            if self.lines == self.number:
                raise InterruptError
        return self.trace


class SameThread(Groups):
    """A signal handler or a finalizer that uses the store in the middle of a call of its own thread."""

    def test_a_write_in_the_middle_of_a_write(self) -> None:
        """It is StoreError at once, because its own thread cannot end its transaction; that one goes on."""
        for step in ("swap", "swapped"):
            with self.subTest(step):
                errors: list[StoreError] = []

                def write(reached: str, key: str) -> None:
                    if reached == step and not errors:  # noqa: B023 - used in this round only
                        with self.assertRaises(StoreError) as caught:
                            self.store.swap("otp/inner", None, "new")
                        errors.append(caught.exception)  # noqa: B023
                        self.assertIsNone(self.store.get("otp/inner"))

                self.dialect.at = write
                self.assertTrue(self.store.swap(f"otp/{step}", None, "new"))
                self.assertIn("its own thread", str(errors[0]))
                self.assert_usable()

    def test_a_write_in_a_signal_handler_while_the_thread_waits(self) -> None:
        """It is written with the thread's own by the one that leads; StoreError if the thread is next."""
        posix()
        inner: list[bool | StoreError] = []

        def handle(*_: object) -> None:
            try:
                inner.append(self.store.swap("otp/inner", None, "new"))
            except StoreError as error:
                inner.append(error)

        def others(number: int, held: threading.Event) -> None:
            with self.held():
                for _ in range(number):
                    self.swap(f"otp/leads {number}")
                self.until(lambda: len(self.group._queue) == number + 1)
                held.set()
                self.until(lambda: len(self.group._queue) == number + 2)
                os.kill(os.getpid(), signal.SIGUSR1)
                self.until(lambda: len(self.group._queue) == number + 3)

        self.addCleanup(signal.signal, signal.SIGUSR1, signal.signal(signal.SIGUSR1, handle))
        for number in (0, 1):
            held = threading.Event()
            other = self.threads.submit(others, number, held)
            self.assertTrue(held.wait(PATIENCE))
            self.assertTrue(self.store.swap(f"otp/outer {number}", None, "new"))
            other.result(PATIENCE)
        self.assertIn("its own thread", str(inner[0]))
        self.assertIs(True, inner[1])
        self.assert_usable()


class Forks(Groups):
    """What a child does that was forked in the middle of a batch."""

    def fork(self) -> int:
        posix()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a fork where there are threads
            return os.fork()

    def test_the_thread_that_leads_forks(self) -> None:
        """A signal handler may fork: the child's swap is StoreError, and only the parent writes."""
        parent = os.getpid()
        for step in ("begin", "begun", "swap", "swapped"):
            with self.subTest(step):
                statuses: list[int] = []

                def fork(reached: str, _key: str) -> None:
                    if reached == step and not statuses:  # noqa: B023 - used in this round only
                        child = self.fork()
                        statuses.append(os.waitpid(child, 0)[1] if child else -1)  # noqa: B023
                        if child:
                            # The parent's own write must not hide what a child wrote.
                            raise InterruptError

                def follow(key: str, held: threading.Event) -> bool:
                    with self.held():
                        held.set()
                        self.until(lambda: len(self.group._queue) == 2)
                        follower = self.swap(f"{key} follower")
                        self.until(lambda: len(self.group._queue) == 3)
                    return follower.result(PATIENCE)

                self.dialect.at = fork
                held = threading.Event()
                key = f"otp/{step}"
                followed = self.threads.submit(follow, key, held)
                self.assertTrue(held.wait(PATIENCE))
                try:
                    self.store.swap(key, None, "new")
                    code = 1
                except InterruptError:
                    code = 0 if os.getpid() == parent else 2
                except StoreError as error:
                    code = 0 if str(error) == FORKED else 3
                if os.getpid() != parent:
                    os._exit(code)
                self.assertEqual((0, [0]), (code, statuses))
                self.assertTrue(followed.result(PATIENCE))
                self.assertIsNone(self.store.get(key))
                self.assert_usable()

    def test_a_thread_forks_while_others_wait(self) -> None:
        """The child has none of the parent's threads and does not wait for them."""
        release = threading.Event()
        parent = os.getpid()
        busy = sqlite3.OperationalError("database is locked")
        busy.sqlite_errorcode = sqlite3.SQLITE_BUSY

        def hold(step: str, key: str) -> None:
            if step in ("begin", "swap") and not release.is_set() and os.getpid() == parent:
                raise busy

        self.dialect.at = hold
        waiting = [self.swap(f"otp/{number}") for number in range(3)]
        self.until(lambda: len(self.group._queue) == 3 and "begin" in self.dialect.steps)
        child = self.fork()
        if not child:
            code = 1
            try:
                code = 0 if self.store.swap("otp/child", None, "new") else 2
            finally:
                os._exit(code)
        self.assertEqual(0, os.waitpid(child, 0)[1])
        release.set()
        self.assertEqual([True] * 3, [each.result(PATIENCE) for each in waiting])
        self.assertEqual("new", self.store.get("otp/child"))
        self.assert_usable()

    def test_what_a_child_does(self) -> None:
        """The same, done in this process, which is taken for a child's."""
        self.group._process = object()
        self.assertTrue(self.store.swap("otp/new", None, "new"), "a queue of its own")

        def fork(step: str, _key: str) -> None:
            if step == "begun":
                self.enterContext(mock.patch.object(gate, "check_process", side_effect=StoreError(FORKED)))

        gate = self.store._pool.gate
        self.dialect.at = fork
        for swapped in self.gather(("otp/a", None, "new"), ("otp/b", None, "new")):
            self.assert_store_error(FORKED, swapped)
        self.assertNotIn("rollback", self.dialect.steps)

    def test_what_a_child_does_that_waited(self) -> None:
        """It is refused, whether the child has begun or not, also if the parent's swap came to an end."""
        gate, outcomes = self.store._pool.gate, []

        def begin(job: Job, *_: object, **__: object) -> None:
            gate.begin()

        def end(job: Job, *_: object, **__: object) -> None:
            job.outcome = True
            outcomes.append(job.outcome)
            self.enterContext(mock.patch("os.getpid", return_value=-1))

        for wait in (begin, end):
            with (
                mock.patch.object(self.group, "_wait", wait),
                mock.patch.object(self.store._pool, "run", return_value=None),
                self.assertRaisesRegex(StoreError, FORKED),
            ):
                self.store.swap("otp/waits", None, "new")
        self.assertEqual([True], outcomes)

    def test_a_thread_that_waits_forks(self) -> None:
        """A signal handler forks while its thread waits: only the child's swap is StoreError."""
        statuses: list[int] = []
        parent = os.getpid()

        def handle(*_: object) -> None:
            child = self.fork()
            if child:
                statuses.append(os.waitpid(child, 0)[1])

        before = signal.signal(signal.SIGUSR1, handle)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        tried = threading.Event()
        busy = sqlite3.OperationalError("database is locked")
        busy.sqlite_errorcode = sqlite3.SQLITE_BUSY

        def hold(step: str, key: str) -> None:
            if step in ("begin", "swap") and not statuses:
                if len(self.group._queue) == 2 and not tried.is_set():
                    tried.set()
                    os.kill(os.getpid(), signal.SIGUSR1)
                raise busy

        self.dialect.at = hold
        lead = self.swap("otp/lead")
        self.until(lambda: len(self.group._queue) == 1)
        try:
            code = int(self.store.swap("otp/waits", None, "new"))
        except StoreError as error:
            code = 0 if str(error) == FORKED else 2
        except BaseException:
            code = 3
        if os.getpid() != parent:
            os._exit(code)
        self.assertEqual(1, code)
        self.assertEqual([0], statuses)
        self.assertTrue(lead.result(PATIENCE))
        self.assert_usable()


class AtRandom(unittest.TestCase):
    """Small forms of the soaks."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.path = Path(holder.name, "store.db")

    def test_exceptions(self) -> None:
        """K58: exceptions at random moments make no thread hang, and no verdict false."""
        cpython("an exception cannot be thrown into a thread")
        # In a process of its own, because an exception in the middle of a tool that traces would harm it.
        path = os.pathsep.join(map(str, (SOURCE.parent, Path(__file__).parents[2])))
        done = subprocess.run(
            [sys.executable, "-m", "tests.soak", "interrupts", "--exceptions", "200", "--seed", "1"],
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual(2, done.stdout.count("FAULT"), "the two that are bad")

    def test_processes_and_threads(self) -> None:
        """K14: of all threads of all processes exactly one swaps an entry, and no count is lost."""
        tally = swaps.hammer(partial(SQLStore.sqlite, self.path), 25, 2, 4)
        self.assertEqual([], tally.faults)
        self.assertEqual({1: 25}, tally.winners)

    def test_a_store_that_reads_and_then_writes(self) -> None:
        """K14: the same finds it."""
        bad = partial(read_then_write, partial(SQLStore.sqlite, self.path))
        self.assertNotEqual([], swaps.hammer(bad, 25, 2, 4).faults)
