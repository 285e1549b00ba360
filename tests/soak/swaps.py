"""Processes and threads that swap one entry at the same moment: in each round exactly one wins."""

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from tests.support.stores import read_then_write

PROCESSES, THREADS, ROUNDS = 4, 8, 1000

PATIENCE = 120
"""Time after which the others are no longer waited for, in seconds."""


@dataclass
class Tally:
    """What came of the rounds.

    Attributes:
        winners: In how many rounds there were so many winners.
        faults: What was wrong.
        worst: The longest call, in seconds.
    """

    winners: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    worst: float = 0.0

    def __str__(self) -> str:
        rounds = ", ".join(f"{count} x {winners}" for winners, count in sorted(self.winners.items()))
        text = f"{self.winners.total()} rounds, winners: {rounds}; longest call {self.worst * 1000:.0f} ms"
        return f"{text}; {len(self.faults)} FAULTS, the first: {self.faults[0]}" if self.faults else text


def key_of(number: int) -> str:
    """Name the entry of a round."""
    return f"otp/round {number}"


def compete(
    opener: Callable[[], Any],
    process: int,
    threads: int,
    rounds: int,
    start: Barrier,
    results: "SimpleQueue[tuple[str, Any]]",
) -> None:
    """Take part in all rounds, in several threads.

    In each round a thread swaps the round's entry, which all want, its own entry, which nobody else writes,
    and counts in an entry of all.
    """
    sys.setswitchinterval(1e-5)  # threads take turns often, so that they meet in every step
    store = opener()
    longest = [0.0]

    def swap(key: str, old: str | None, new: str) -> bool:
        began = time.perf_counter()
        swapped = bool(store.swap(key, old, new))
        longest[0] = max(longest[0], time.perf_counter() - began)
        return swapped

    def run(thread: int) -> None:
        me, own = f"{process}.{thread}", None
        try:
            for number in range(rounds):
                start.wait(PATIENCE)
                if swap(key_of(number), None, me):
                    results.put(("won", (number, me)))
                if not swap(f"otp/own {me}", own, f"{number}"):
                    results.put(("fault", f"{me} could not swap its own entry in round {number}"))
                own = f"{number}"
                counted = False
                while not counted:
                    old = store.get("otp/all") or "0"
                    counted = swap("otp/all", old, f"{int(old) + 1}")
        except Exception as error:
            start.abort()
            if not isinstance(error, threading.BrokenBarrierError):
                results.put(("fault", f"{me}: {error!r}, because of {error.__cause__!r}"))

    each = [threading.Thread(target=run, args=(thread,)) for thread in range(threads)]
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()
    store.close()
    results.put(("longest", longest[0]))


def hammer(
    opener: Callable[[], Any],
    rounds: int = ROUNDS,
    processes: int = PROCESSES,
    threads: int = THREADS,
) -> Tally:
    """Run rounds, each begun by all threads of all processes at once.

    Args:
        opener: Opens the store, in each process.
        rounds: How many.
        processes: How many.
        threads: How many in each process.
    """
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(processes * threads), context.SimpleQueue()
    store: Store = opener()
    store.swap("otp/all", None, "0")
    workers = [
        context.Process(target=compete, args=(opener, number, threads, rounds, start, results), daemon=True)
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    tally, winners = Tally(), dict[int, list[str]]()
    while any(worker.is_alive() for worker in workers) or not results.empty():
        if results.empty():
            time.sleep(0.001)
            continue
        kind, what = results.get()
        if kind == "won":
            winners.setdefault(what[0], []).append(what[1])
        elif kind == "longest":
            tally.worst = max(tally.worst, what)
        else:
            tally.faults.append(what)
    for worker in workers:
        worker.join()
        if worker.exitcode:
            tally.faults.append(f"a process ended with {worker.exitcode}")
    for number in range(rounds):
        won = winners.get(number, [])
        tally.winners[len(won)] += 1
        if len(won) != 1 or store.get(key_of(number)) != won[0]:
            tally.faults.append(f"round {number}: {won} won, and {store.get(key_of(number))} is stored")
    if store.get("otp/all") != f"{rounds * processes * threads}":
        tally.faults.append(f"{rounds * processes * threads} counts made {store.get('otp/all')}")
    with suppress(AttributeError):
        store.close()  # type: ignore[attr-defined]  # not every store has it
    return tally


def main(arguments: list[str]) -> int:
    """Hammer a store that is bad, and then the library's."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak swaps", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default: {ROUNDS}")
    options = parser.parse_args(arguments)
    print(f"{PROCESSES} processes x {THREADS} threads; no seed: what is random is how they meet")
    with tempfile.TemporaryDirectory() as folder:
        bad = hammer(
            partial(read_then_write, partial(SQLStore.sqlite, Path(folder, "bad"))), min(50, options.rounds)
        )
        print(f"a store that reads and then writes: {bad}", flush=True)
        if not bad.faults:
            print("the test finds nothing")
            return 1
        began = time.monotonic()
        tally = hammer(partial(SQLStore.sqlite, Path(folder, "store")), options.rounds)
        print(f"SQLite: {tally}; {time.monotonic() - began:.0f} s", flush=True)
    return int(bool(tally.faults))
