"""Scale: what many credentials cost, and what one machine does in a second."""

import hashlib
import math
import multiprocessing
import os
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import fmean, median
from time import perf_counter
from typing import Any, NamedTuple

from onetime import Device, SQLStore, State, Verifier
from onetime.storage.memory import MemoryStore
from onetime.storage.store import Records, Store
from tests.benchmarks.databases import TABLE, connect_postgres, disk, has_postgres, once
from tests.benchmarks.turns import interleave, ratio
from tests.benchmarks.verification import CODES, CREDENTIAL, ENROLLMENT_ID, TIMES

SIZES = (1_000, 10_000, 100_000, 1_000_000)
"""Credentials in a store."""

VERIFICATIONS = 1500
"""On each store, in turns of one each."""

SEED = 3

SECONDS = 3.0
"""How long verifications are counted."""

APART = 60_000
"""The first key of a count is so far from that of the one before."""

CLIENTS: dict[str, tuple[tuple[int, int], ...]] = {
    "SQLite": ((1, 1), (1, 4), (4, 1)),
    "PostgreSQL": ((1, 1), (1, 8), (1, 16), (4, 4)),
}
"""Processes, and threads in each. A thread uses one connection."""

USERS = 1_000_000_000
DAY = 86_400
BUSIEST = 0.1
"""The part of a day's logins that falls in its busiest hour: an assumption."""

Opener = Callable[[], SQLStore]


class Filled(NamedTuple):
    """A store with credentials in it."""

    size: int
    opener: Opener
    store: SQLStore
    taken: float
    """Bytes that a credential takes."""


def key(number: int) -> str:
    """Name a user as programs do: 32 hexadecimal digits without any order, as in a UUID."""
    return hashlib.md5(str(number).encode()).hexdigest()


def text() -> str:
    """Write the state of a credential whose owner has logged in once."""
    return (
        State().put("default", Device.fresh(CREDENTIAL, ENROLLMENT_ID, CREDENTIAL.step(TIMES[0]))).to_text()
    )


storage_key = Records(MemoryStore(), "otp").key


def fill_sqlite(path: Path, size: int) -> float:
    """Make a file with so many credentials, and tell the bytes that each takes."""
    SQLStore.sqlite(path, table=TABLE).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = -1000000")
        connection.execute("BEGIN")
        state = text()
        rows = ((storage_key(key(number)), state) for number in range(size))
        connection.executemany(f"INSERT INTO {TABLE} VALUES (?, ?)", rows)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return path.stat().st_size / size


def fill_postgres(connection: Any, table: str, size: int) -> float:
    """Fill a table with so many credentials, and tell the bytes that each takes, with its index."""
    prefix = storage_key(key(0)).removesuffix(key(0))
    connection.execute(
        f"INSERT INTO {table} SELECT %s || md5(number::text), %s FROM generate_series(0, %s) AS number",
        (prefix, text(), size - 1),
    )
    connection.execute(f"VACUUM (ANALYZE) {table}")
    # Or the server would write what is set up here while verifications are measured.
    connection.execute("CHECKPOINT")
    taken = connection.execute("SELECT pg_total_relation_size(%s)", (table,)).fetchone()[0]
    return float(taken) / size


def random_verification(store: Store, size: int) -> Callable[[], object]:
    """Prepare the call that verifies the right code of the next step on a random key."""
    verify, code = Verifier(store, clock=iter(TIMES).__next__).verify, iter(CODES).__next__
    numbers = random.Random(SEED)
    return lambda: verify(key(numbers.randrange(size)), CREDENTIAL, code())


def growth(name: str, stores: list[Filled]) -> Iterator[str]:
    """Measure verifications of random keys, on all stores in turns of one each."""
    calls = {str(each.size): random_verification(each.store, each.size) for each in stores}
    times = interleave({size: partial(once, call) for size, call in calls.items()}, VERIFICATIONS)
    for size, _, _, taken in stores:
        those = times[str(size)]
        target = "at most 1.5" if size == SIZES[-1] else ""
        yield (
            f"| {name} | {size:,} | {median(those) * 1e6:.0f} | {fmean(those) * 1e6:.0f} | "
            f"{ratio(those, times[str(SIZES[0])]):.2f} | {target} | {taken:.0f} |"
        )


def work(store: Store, numbers: range, start: Barrier) -> int:
    """Verify on one key after the other, begin and end when others do, and count."""
    verify, left, done = Verifier(store, clock=lambda: TIMES[-1]).verify, iter(numbers), 0
    verify(key(next(left)), CREDENTIAL, CODES[-1])
    start.wait(60)
    end = perf_counter() + SECONDS
    while perf_counter() < end:
        verify(key(next(left)), CREDENTIAL, CODES[-1])
        done += 1
    return done


def work_in_threads(opener: Opener, numbers: list[range], start: Barrier, counts: "SimpleQueue[int]") -> None:
    """Do it in threads that share a store, and tell the sum."""
    with opener() as store, ThreadPoolExecutor(len(numbers)) as pool:
        counts.put(sum(pool.map(lambda some: work(store, some, start), numbers)))


def rates(name: str, opener: Opener) -> Iterator[tuple[str, float]]:
    """Count the verifications in a second on the largest store, with so many clients."""
    context = multiprocessing.get_context("spawn")
    for round_, (processes, threads) in enumerate(CLIENTS[name]):
        workers = processes * threads
        numbers = [range(round_ * APART + worker, SIZES[-1], workers) for worker in range(workers)]
        start, counts = context.Barrier(workers), context.SimpleQueue()
        children = [
            context.Process(
                target=work_in_threads, args=(opener, numbers[child::processes], start, counts), daemon=True
            )
            for child in range(processes)
        ]
        for child in children:
            child.start()
        for child in children:
            child.join()
            assert child.exitcode == 0, f"a client of {name} failed"
        words = f"{processes} process{'es' * (processes > 1)} x {threads} thread{'s' * (threads > 1)}"
        yield words, sum(counts.get() for _ in children) / SECONDS


def open_postgres(table: str) -> SQLStore:
    """Open the store of a table on the server."""
    return SQLStore.postgres(connect_postgres, table=table)


def on_sqlite(stack: ExitStack, folder: Path) -> Iterator[Filled]:
    """Make the files."""
    for size in SIZES:
        opener = partial(SQLStore.sqlite, folder / str(size), table=TABLE)
        taken = fill_sqlite(folder / str(size), size)
        yield Filled(size, opener, stack.enter_context(opener()), taken)


def on_postgres(stack: ExitStack) -> Iterator[Filled]:
    """Make the tables, and drop them in the end."""
    connection = stack.enter_context(closing(connect_postgres()))
    for size in SIZES:
        name = f"{TABLE}_{size}"
        connection.execute(f"DROP TABLE IF EXISTS {name}")
        stack.callback(connection.execute, f"DROP TABLE IF EXISTS {name}")
        opener = partial(open_postgres, name)
        store = stack.enter_context(opener())
        store.create_table()
        yield Filled(size, opener, store, fill_postgres(connection, name, size))


def table() -> Iterator[str]:
    """Measure, and lay out the lines of the tables."""
    where, kind = disk()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=where)))
        yield (
            "| store | credentials | µs a verification, median | mean | times the first | target | "
            "bytes a credential |"
        )
        yield "|---|---:|---:|---:|---:|---|---:|"
        databases = {"SQLite": list(on_sqlite(stack, folder))}
        yield from growth(f"SQLite on {kind}", databases["SQLite"])
        if has_postgres():
            databases["PostgreSQL"] = list(on_postgres(stack))
            yield from growth("PostgreSQL", databases["PostgreSQL"])
        else:
            yield "| PostgreSQL | | not measured | | | at most 1.5 | |"

        yield ""
        yield f"| store, {SIZES[-1]:,} credentials | clients on the same machine | verifications a second |"
        yield "|---|---|---:|"
        best = {}
        for name, stores in databases.items():
            counted = []
            for clients, rate in rates(name, stores[-1].opener):
                counted.append(rate)
                yield f"| {name} | {clients} | {rate:,.0f} |"
            best[name] = max(counted)
        if "PostgreSQL" in best:
            yield ""
            yield from on_paper(databases["PostgreSQL"][-1].taken, best["PostgreSQL"])


def on_paper(row: float, rate: float) -> Iterator[str]:
    """Work out what many users need.

    Args:
        row: Bytes a credential takes in PostgreSQL.
        rate: Verifications a second of one machine.
    """
    average, peak = USERS / DAY, USERS * BUSIEST / 3600
    yield f"| {USERS:,} users who log in once a day, on PostgreSQL, on paper | |"
    yield "|---|---:|"
    yield f"| rows | {USERS:,} |"
    yield f"| bytes of table and index, at {row:.0f} a row | {USERS * row / 1e9:,.0f} GB |"
    yield f"| verifications a second, on average | {average:,.0f} |"
    yield f"| and with {BUSIEST:.0%} of them in the busiest hour | {peak:,.0f} |"
    machines = (
        f"machines as this one, {os.cpu_count()} processors for clients and server, at {rate:,.0f} a second"
    )
    needed = f"{math.ceil(average / rate)}, {math.ceil(peak / rate)}"
    yield f"| {machines}: on average, in the busiest hour | {needed} |"
