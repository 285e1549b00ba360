"""Hammer stores with many threads and processes, for a long time.

SQLite always, PostgreSQL where ONETIME_POSTGRES has a conninfo and psycopg is installed. There is no
seed: what is random is how the threads meet.
"""

import argparse
import os
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from tests.support.postgres import ISOLATION_LEVELS, Postgres
from tests.verification import contests
from tests.verification.hammer import Contest, Tally, hammer, on_postgres, read_then_write

ONCE: list[tuple[type[Contest], int]] = [
    (contests.Timed, 1),
    (contests.Neighbours, 20),
    (contests.Counted, 20),
    (contests.ThreeTimed, 20),
    (contests.ThreeCounted, 20),
    (contests.Enrolment, 20),
    (contests.Reenrolment, 20),
    (contests.TwoDevices, 20),
    (contests.Replacement, 100),
    (contests.Sending, 20),
    (contests.Delivery, 20),
    (contests.Recovery, 100),
]
"""What happens once, and what part of the rounds each has."""

GUESSES: list[tuple[type[Contest], int]] = [
    (contests.Guesses, 10),
    (contests.GuessesBetweenLogins, 20),
    (contests.GuessesAtDelivery, 20),
    (contests.GuessesAtRecovery, 100),
]


class FailedError(Exception):
    """A round went wrong."""


def run(
    title: str,
    plan: list[tuple[type[Contest], int]],
    rounds: int,
    opener: Callable[[], Store],
    *size: int,
    **method: Any,
) -> None:
    """Run contests and print what came of each; stop at the first that went wrong."""
    print(f"{title}, {size[0]} processes x {size[1]} threads")
    began = time.monotonic()
    for tally in hammer([(contest, -(-rounds // part)) for contest, part in plan], opener, *size, **method):
        print(f"  {tally}, {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        if tally.faults:
            raise FailedError(title)


def run_bad(title: str, opener: Callable[[], Store]) -> None:
    """Run the store that reads and then writes, which must go wrong."""
    tally: Tally
    for tally in hammer([(contests.Timed, 300)], partial(read_then_write, opener), 4, 4):
        wrong = sum(rounds for accepted, rounds in tally.sums.items() if accepted > 1)
        none = tally.sums[0]
        print(f"{title} that reads and then writes: twice or more in {wrong} of {tally.rounds} rounds")
        print(f"  none in {none}; {dict(sorted(tally.sums.items()))}", flush=True)
        if not wrong:
            raise FailedError("the test finds nothing")


def on_sqlite(rounds: int) -> None:
    """Hammer the embedded default."""
    with tempfile.TemporaryDirectory() as folder:

        def opener(name: str) -> Callable[[], Store]:
            return partial(SQLStore.sqlite, Path(folder, name))

        run_bad("SQLite", opener("bad"))
        run("SQLite", GUESSES, rounds, opener("guesses"), 16, 1)
        if os.name == "posix":
            run("SQLite after a fork", ONCE, -(-rounds // 20), opener("forks"), 4, 4, method="fork")
        run("SQLite", ONCE, rounds, opener("once"), 8, 8)


def on_servers(rounds: int) -> None:
    """Hammer a PostgreSQL at every isolation level."""
    # A test that never runs, to drop the tables after it.
    test = unittest.TestCase()
    try:
        server = Postgres()
    except unittest.SkipTest:
        return
    try:
        run_bad("PostgreSQL", partial(on_postgres, server.table(test), "read committed"))
        for isolation in ISOLATION_LEVELS:
            opener = partial(on_postgres, server.table(test), isolation)
            run(f"PostgreSQL, {isolation}", ONCE, rounds, opener, 8, 4)
            run(f"PostgreSQL, {isolation}", GUESSES, rounds, opener, 16, 1)
    finally:
        test.doCleanups()


def main() -> int:
    """Hammer all stores."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.hammer", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20_000, help="on SQLite (default: 20000; 0 for none)")
    parser.add_argument(
        "--server-rounds", type=int, default=1000, help="at each isolation level (default: 1000; 0 for none)"
    )
    options = parser.parse_args()
    try:
        if options.rounds:
            on_sqlite(options.rounds)
        if options.server_rounds:
            on_servers(options.server_rounds)
    except FailedError as error:
        print(f"FAILED: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
