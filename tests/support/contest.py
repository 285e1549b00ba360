"""Contests, in which many processes and threads do the same thing at the same time, round after round.

A `Contest` defines the action; `hammer` runs it. One process prepares each round, all slots start together at
a barrier, and the sum of their counts must be one that the round expects, for example exactly one accepted
code. The clock is a number that all processes share, and only the rounds advance it.
"""

import contextlib
import hashlib
import multiprocessing
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import sharedctypes
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from typing import Any, Literal

from onetime import Secret
from onetime.errors import OnetimeError
from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from onetime.verification.verifier import Verifier
from tests.support.mariadb import MariaDB
from tests.support.postgres import Postgres
from tests.support.stores import close

START = 1_800_000_000
"""Unix time of the first round."""

PATIENCE = 300
"""Seconds after which a barrier is abandoned because a process must have died. No other wait is as long."""


class SharedClock:
    """Unix time in seconds, the same in all processes."""

    def __init__(self) -> None:
        self._seconds = sharedctypes.RawValue("q", START)

    def __call__(self) -> int:
        return int(self._seconds.value)

    def set(self, seconds: int) -> None:
        self._seconds.value = seconds


class SharedStore:
    """A store that every process opens for itself: its pickle holds only the function that opens it."""

    def __init__(self, opener: Callable[[], Store]) -> None:
        self.opener = opener
        self.store = opener()
        self.get = self.store.get
        self.swap = self.store.swap

    def __reduce__(self) -> tuple[type["SharedStore"], tuple[Callable[[], Store]]]:
        return SharedStore, (self.opener,)


def secret_of(*parts: object) -> Secret:
    """Return a secret that is different for each name."""
    return Secret(hashlib.sha1(repr(parts).encode()).digest())


def on_postgres(table: str, isolation: str) -> Store:
    """Open a store on the tests' PostgreSQL server, and create its table if necessary."""
    store = SQLStore.postgres(partial(Postgres().connect, isolation), table=table)
    store.create_table()
    return store


def on_mariadb(table: str) -> Store:
    """Open a store on the tests' MariaDB server, and create its table if necessary."""
    store = SQLStore.mysql(MariaDB().connect, table=table, timeout=PATIENCE / 10)
    store.create_table()
    return store


class Contest:
    """An action that many slots perform at the same time, on a shared store and with the contest's clock.

    Args:
        store: The store.
        slots: Number of slots, which are threads of several processes.
    """

    def __init__(self, store: SharedStore, slots: int) -> None:
        self.key = type(self).__name__
        self.clock = SharedClock()
        self.store = store
        self.slots = slots
        self.verifier = Verifier(self.store, clock=self.clock)
        self.seen: Counter[str] = Counter()  # what `finish` found, to be printed

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        """Prepare a round, and return the text that every slot receives and the sums that are correct."""
        raise NotImplementedError

    def attempt(self, slot: int, told: str) -> int:
        """Perform the action, and return 1 if it is accepted or 0 if it is refused as expected.

        An exception is a fault of the round.
        """
        raise NotImplementedError

    def finish(self, told: str, counts: Sequence[int]) -> None:
        """Check the state after the round; an AssertionError is a fault of the round."""


@dataclass
class Tally:
    """The results of the rounds."""

    contest: str
    contestants: int
    sums: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def rounds(self) -> int:
        return self.sums.total()

    def add(
        self, contest: Contest, told: str, counts: list[int], sums: Collection[int], strangers: list[str]
    ) -> None:
        """Add the result of a round."""
        total, faults = sum(counts), strangers
        self.sums[total] += 1
        if not faults and total not in sums:
            faults = [f"counted {total}, not {sums}"]
        if not faults:
            try:
                contest.finish(told, counts)
            except (AssertionError, OnetimeError) as error:
                faults = [f"afterwards: {error!r}"]
        if faults:
            self.faults.append(f"round {self.rounds - 1}: {faults[0]}")

    def __str__(self) -> str:
        sums = ", ".join(f"{count} x {rounds}" for count, rounds in sorted(self.sums.items()))
        seen = "".join(f"; {count:,} {what}" for what, count in self.seen.items())
        faults = f"; {len(self.faults)} FAULTS, the first: {self.faults[0]}" if self.faults else ""
        return (
            f"{self.contest}, {self.contestants} at once, {self.rounds} rounds: counted {sums}{seen}{faults}"
        )


@dataclass
class Ring:
    """The state that the processes of a run share."""

    store: SharedStore
    contests: Sequence[Contest]
    threads: int
    start: Barrier
    end: Barrier
    which: Any  # the number of the contest, or one past the last when all is over
    told: Any  # an array of characters
    counts: Any  # an array of integers
    strange: "SimpleQueue[str]"

    @property
    def over(self) -> bool:
        """Whether all rounds of all contests are over."""
        return bool(self.which.value == len(self.contests))

    def attempt(self, slot: int) -> None:
        """Take part in a round."""
        try:
            self.counts[slot] = self.contests[self.which.value].attempt(slot, self.told.value.decode())
        except Exception as error:
            self.strange.put(f"slot {slot}: {error!r:.200}, because of {error.__cause__!r:.200}")

    def strangers(self) -> list[str]:
        """Remove and return the unexpected exceptions of the round."""
        strange = []
        while not self.strange.empty():
            strange.append(self.strange.get())
        return strange

    def process(self, number: int) -> None:
        """Take part in all rounds, in several threads, until they are over or the parent gives up."""
        with contextlib.suppress(threading.BrokenBarrierError):
            self._rounds(number)
        close(self.store.store)

    def _rounds(self, number: int) -> None:
        # Threads switch often, so that they interfere between reading and writing.
        sys.setswitchinterval(1e-5)
        inner = threading.Barrier(self.threads + 1, timeout=PATIENCE)

        def run(thread: int) -> None:
            while inner.wait() >= 0 and not self.over:
                self.attempt(number * self.threads + thread)
                inner.wait()

        for thread in range(self.threads):
            threading.Thread(target=run, args=(thread,), daemon=True).start()
        while self.start.wait(PATIENCE) >= 0 and not self.over:
            inner.wait()
            inner.wait()
            self.end.wait(PATIENCE)
        inner.wait()


def hammer(
    plan: Sequence[tuple[type[Contest], int]],
    opener: Callable[[], Store],
    processes: int,
    threads: int,
    *,
    method: Literal["spawn", "fork"] = "spawn",
) -> Iterator[Tally]:
    """Run contests one after the other in the same processes, and yield the results of each.

    Args:
        plan: The contests, and the number of rounds of each.
        opener: Function with which each process opens the store.
        processes: Number of processes.
        threads: Number of threads in each process.
        method: Method that starts processes. Forked processes do not open the store, but use the store that
            their parent has already used, and the parent takes part.
    """
    context: Any = multiprocessing.get_context(method)
    parent = int(method == "fork")
    slots = processes * threads + parent
    store = SharedStore(opener)
    ring = Ring(
        store,
        [contest(store, slots) for contest, _ in plan],
        threads,
        context.Barrier(processes + 1),
        context.Barrier(processes + 1),
        sharedctypes.RawValue("q", 0),
        sharedctypes.RawArray("c", 500),
        sharedctypes.RawArray("q", slots),
        context.SimpleQueue(),
    )
    store.get("used")  # before processes are forked
    workers = [
        context.Process(target=ring.process, args=(number,), daemon=True) for number in range(processes)
    ]
    try:
        for worker in workers:
            worker.start()
        for which, (contest, (_, rounds)) in enumerate(zip(ring.contests, plan, strict=True)):
            ring.which.value = which
            yield _rounds(ring, contest, rounds, parent)
        ring.which.value = len(plan)
        ring.start.wait(PATIENCE)
    except BaseException:
        ring.start.abort()
        ring.end.abort()
        raise
    finally:
        for worker in workers:
            worker.join(PATIENCE)
            worker.kill()
        close(store.store)


def _rounds(ring: Ring, contest: Contest, rounds: int, parent: int) -> Tally:
    """Run a contest."""
    tally = Tally(contest.key, contest.slots, seen=contest.seen)
    for number in range(rounds):
        try:
            told, sums = contest.prepare(number)
        except (AssertionError, OnetimeError) as error:
            tally.faults.append(f"round {number} could not be prepared: {error!r}")
            break
        ring.told.value = told.encode()
        ring.counts[:] = [0] * contest.slots
        ring.start.wait(PATIENCE)
        if parent:
            ring.attempt(contest.slots - 1)
        ring.end.wait(PATIENCE)
        tally.add(contest, told, list(ring.counts), sums, ring.strangers())
    return tally
