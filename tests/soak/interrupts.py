"""Exceptions thrown into threads at random moments of their batches: no hang, no false verdict (K58)."""

import argparse
import ctypes
import random
import secrets
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import onetime.storage
from onetime.errors import StoreError
from onetime.storage.group_commit import GroupCommit
from onetime.storage.sql import SQLStore
from tests.support.batches import EarlyVerdicts, HeldLock, Kind, SlowSQLite, open_slow

T = TypeVar("T")

THREADS = 8

PAUSE = 0.002
"""Maximum time between two exceptions, in seconds: a batch or two."""

DEADLINE = 5.0
"""Deadline of a call, in seconds. No thread should come to it."""

PATIENCE = 20.0
"""Time after which a thread without progress hangs, in seconds."""

ROOMS = Path(onetime.storage.__file__).parent


class ThrownError(Exception):
    """Stands for the exception of a program's own time limit."""


class ThrownInterrupt(BaseException):
    """Stands for KeyboardInterrupt."""


@dataclass
class Run:
    """What came of a run.

    Attributes:
        fault: The first fault; empty if there is none.
        thrown: Exceptions that were thrown.
        where: How many of them reached the caller from each room.
        ends: How many calls ended in which way.
        commits: How many there were.
    """

    fault: str = ""
    thrown: int = 0
    where: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    commits: int = 0

    def __str__(self) -> str:
        where = ", ".join(f"{count} from {room}" for room, count in self.where.most_common())
        ends = ", ".join(f"{count} {end}" for end, count in self.ends.most_common())
        text = f"{self.thrown} exceptions: {where}; {self.commits} commits for {ends}"
        return f"{text}; FAULT: {self.fault}" if self.fault else text

    def find(self, fault: str) -> None:
        """Note a fault, if it is the first."""
        self.fault = self.fault or fault


class Worker(threading.Thread):
    """Swaps in an entry that nobody else writes, so the worker knows what the entry may be.

    A swap that was interrupted or failed may be stored, also later, by the thread that leads. No value is
    written twice, so all swaps that are pending are from the same old value, and one at most is stored.
    """

    def __init__(self, number: int, store: SQLStore, run: Run) -> None:
        super().__init__(daemon=True)
        self.key = f"otp/{number}"
        self.store = store
        self.course = run
        self.calls = 0
        self.over = False
        # One value, which is stored unless one of those that are pending is; empty if one of them surely is.
        self.stored: tuple[str | None, ...] = (None,)
        self.pending: set[str | None] = set()
        self.mutex = threading.Lock()
        self.armed = False

    def run(self) -> None:
        try:
            while not self.over and not self.course.fault:
                self.calls += 1
                self.attempt(f"{self.calls}")
        except BaseException:
            self.course.find(traceback.format_exc())

    def attempt(self, new: str) -> None:
        """Read and swap, and hold both against what the entry may be."""
        old = self.call(lambda: self.store.get(self.key))
        if isinstance(old, BaseException):
            return
        if old in self.pending:
            self.stored, self.pending = (old,), set()
        elif old not in self.stored:
            self.course.find(f"{self.key} is {old}, not {self.stored} or {self.pending}")
        if self.calls % 5 == 0 and self.call(lambda: self.store.swap(self.key, "never", new)) is True:
            self.course.find(f"{self.key} was swapped from a value that it never had")
        swapped = self.call(lambda: self.store.swap(self.key, old, new))
        if swapped is True:
            self.stored, self.pending = (new,), set()
        elif swapped is False:
            if not self.pending:
                self.course.find(f"{self.key} is {old}, and a swap from that is False")
            self.stored = ()  # one that was pending came first
        else:
            self.pending.add(new)

    def call(self, call: Callable[[], T]) -> T | BaseException:
        """Make a call, during which one exception may be thrown into this thread; return what comes of it."""
        outcome: T | BaseException
        try:
            self.armed = True
            outcome = self.refusable(call)
        except (ThrownError, ThrownInterrupt) as error:
            outcome = error
        disarmed = False
        while not disarmed:
            try:
                with self.mutex:
                    self.armed = False
                disarmed = True
            except (ThrownError, ThrownInterrupt):
                pass  # it was thrown at the last moment, and changes nothing
        end = "read" if outcome is None or isinstance(outcome, str) else str(outcome)
        if isinstance(outcome, BaseException):
            end = type(outcome).__name__
            if not isinstance(outcome, StoreError):
                self.course.where[room(outcome)] += 1
            outcome.__traceback__ = None
        self.course.ends[end] += 1
        return outcome

    def refusable(self, call: Callable[[], T]) -> T | StoreError:
        try:
            return call()
        except StoreError as error:
            if f" for {DEADLINE:g} s" in str(error):
                self.course.find(f"{self.key} waited until its deadline: {error}")
            return error

    def throw(self, kind: type[BaseException]) -> bool:
        """Throw an exception into this thread if it is in a call; one in each call at most."""
        with self.mutex:
            if not self.armed:
                return False
            self.armed = False
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self.ident or 0), ctypes.py_object(kind)
            )
            return True


def room(error: BaseException) -> str:
    """Return the name of the storage room that an exception came from, or "others"."""
    frames = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    rooms = [frame.stem for frame in frames if frame.parent == ROOMS]
    return rooms[-1] if rooms else "others"


def interrupt(
    path: Path, exceptions: int, seed: object, kind: Kind = GroupCommit, patience: float = PATIENCE
) -> Run:
    """Throw exceptions into threads that write, until there is a fault.

    Args:
        path: The file of the store.
        exceptions: How many.
        seed: Of the pauses between them, the threads that they hit, and their kinds.
        kind: How writes are grouped.
        patience: Time after which a thread without progress hangs, in seconds.
    """
    run, source = Run(), random.Random(f"{seed}")
    store = open_slow(path, kind, timeout=DEADLINE)
    workers = [Worker(number, store, run) for number in range(THREADS)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # threads take turns often, so that exceptions hit every step
    try:
        for worker in workers:
            worker.start()
        seen = {worker: (worker.calls, time.monotonic()) for worker in workers}
        while run.thrown < exceptions and not run.fault:
            time.sleep(source.uniform(0, PAUSE))
            run.thrown += source.choice(workers).throw(source.choice((ThrownError, ThrownInterrupt)))
            for worker, (calls, since) in seen.items():
                if worker.calls != calls:
                    seen[worker] = worker.calls, time.monotonic()
                elif time.monotonic() - since > patience:
                    run.find(f"{worker.key} hangs in its call {calls}")
        for worker in workers:
            worker.over = True
        for worker in workers:
            worker.join(patience)
            if worker.is_alive():
                run.find(f"{worker.key} hangs in its last call")
    finally:
        sys.setswitchinterval(interval)
    if not run.fault:
        if not store.swap("otp/last", None, "new"):
            run.find("the store cannot be used any more")
        store.close()
    assert isinstance(store._dialect, SlowSQLite)
    run.commits = store._dialect.commits
    return run


def main(arguments: list[str]) -> int:
    """Interrupt two stores that are bad, and then the library's."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak interrupts", description=__doc__)
    parser.add_argument("--exceptions", type=int, default=2000, help="default: 2000")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats all but the moments")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}, {THREADS} threads")
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in (
            ("verdicts before the commit", EarlyVerdicts),
            ("a lock that stays held", HeldLock),
        ):
            bad = interrupt(Path(folder, kind.__name__), options.exceptions, options.seed, kind, 3)
            print(f"{name}: {bad}", flush=True)
            if not bad.fault:
                print("the test finds nothing")
                return 1
        began = time.monotonic()
        run = interrupt(Path(folder, "store"), options.exceptions, options.seed)
        print(f"group commit: {run}; {time.monotonic() - began:.0f} s", flush=True)
    return int(bool(run.fault))
