"""Verifications on a database: beside the least that the database does for one."""

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from unittest import SkipTest

from onetime import MemoryStore, SQLStore, Store, decide
from onetime.storage.store import Records
from tests.benchmarks.turns import interleave, less, ratio
from tests.benchmarks.verification import CODES, CREDENTIAL, TIMES, USER, enrolled, verification
from tests.support.peers import CHECKOUT
from tests.support.postgres import Postgres

OPERATIONS = 2000
"""Verifications, in turns of one each, because no two syncs take the same time."""

TABLE = "onetime_benchmark"


def texts() -> list[str]:
    """Return the texts that a store holds one after the other while these codes are accepted."""
    states = [enrolled(CREDENTIAL)]
    # All that two runs of `interleave` use, each with a turn to warm up.
    used = slice(2 * (OPERATIONS + 1))
    for code, moment in zip(CODES[used], TIMES[used], strict=True):
        decision = decide(CREDENTIAL, states[-1], code, moment)
        decision.result()
        states.append(decision.state)
    return [state.to_text() for state in states]


def once(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Time one call, in seconds."""
    start = clock()
    call()
    return clock() - start


class ByHand:
    """The floor: a SELECT and a conditional UPDATE of the same text, each a transaction of its own.

    Args:
        connection: A connection of the driver.
        mark: How a statement marks a parameter.
        store: Where the text is.
    """

    def __init__(self, connection: Any, mark: str, store: Store) -> None:
        self.execute = connection.execute
        self.store = store
        self.select = f"SELECT value FROM {TABLE} WHERE key = {mark}"
        self.update = f"UPDATE {TABLE} SET value = {mark} WHERE key = {mark} AND value = {mark}"

    def replace(self, key: str, old: str, new: str) -> None:
        row = self.execute(self.select, (key,)).fetchone()
        changed = self.execute(self.update, (new, key, row[0])).rowcount
        assert (row, changed) == ((old,), 1)


def beside_the_floor(name: str, targets: tuple[str, str], store: Store, hand: ByHand) -> Iterator[str]:
    """Measure a verification on a database, one in memory and one by hand, in turns of one each.

    Args:
        name: The database.
        targets: Of the floor's rate, and of our own part.
        store: Ours.
        hand: The floor.
    """
    states = texts()
    key = Records(store, "otp").key("by hand")
    assert hand.store.swap(key, None, states[0])
    pairs = pairwise(states)
    calls = {
        "memory": verification(MemoryStore()),
        "ours": verification(store),
        "hand": lambda: hand.replace(key, *next(pairs)),
    }
    passed = interleave({who: partial(once, call) for who, call in calls.items()}, OPERATIONS)
    # To wait for a disk takes no time of the processor; what the library does takes nothing else.
    busy = interleave({who: partial(once, call, time.thread_time) for who, call in calls.items()}, OPERATIONS)
    assert store.get(Records(store, "otp").key(USER)) == hand.store.get(key) == states[-1]
    ours, floor = passed["ours"], passed["hand"]
    yield (
        f"| a right code, {name} | onetime | {median(ours) * 1e6:.0f} | "
        f"{ratio(floor, ours):.2f} of the floor's rate | {targets[0]} |"
    )
    yield f"| its floor | by hand | {median(floor) * 1e6:.0f} | | |"
    own, memory = median(less(busy["ours"], busy["hand"])), median(busy["memory"])
    yield (
        f"| time of the processor over the floor's, {name} | onetime | {own * 1e6:.1f} | "
        f"{own / memory:.2f} x a right code with MemoryStore in the same turns ({memory * 1e6:.1f} µs) | "
        f"{targets[1]} |"
    )


def disk() -> tuple[Path, str]:
    """Find a folder on a disk that is no memory, and name its file system."""
    for folder in (Path("/var/tmp"), CHECKOUT, Path(tempfile.gettempdir())):
        if folder.is_dir() and os.access(folder, os.W_OK):
            kind = file_system(folder)
            if kind not in ("tmpfs", "ramfs"):
                return folder, kind
    return Path(tempfile.gettempdir()), "in memory, NO DISK"


def file_system(folder: Path) -> str:
    """Name the file system that a folder is on, where Linux tells."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return "an unknown file system"
    fields = [line.split() for line in mounts.read_text(encoding="utf-8").splitlines()]
    places = [(point, kind) for _, point, kind, *_ in fields if folder.resolve().is_relative_to(point)]
    # The last mount covers those before it at the same place.
    return max(enumerate(places), key=lambda place: (len(place[1][0]), place[0]))[1][1]


def sqlite_by_hand(path: Path) -> sqlite3.Connection:
    """Open a file as the store does."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def on_sqlite() -> Iterator[str]:
    """Measure on SQLite, beside sqlite3 by hand. Each has a file of its own."""
    where, kind = disk()
    with tempfile.TemporaryDirectory(dir=where) as folder:
        ours, theirs = Path(folder, "ours"), Path(folder, "by hand")
        with (
            SQLStore.sqlite(ours, table=TABLE) as store,
            SQLStore.sqlite(theirs, table=TABLE) as their_store,
            closing(sqlite_by_hand(theirs)) as connection,
        ):
            hand = ByHand(connection, "?", their_store)
            targets = ("at least 0.6", "at most 1.7")
            yield from beside_the_floor(f"SQLite on {kind}", targets, store, hand)


def has_postgres() -> bool:
    """Look whether there is a server; if there is none, say so on standard error."""
    try:
        Postgres()
    except SkipTest:
        return False
    return True


def connect_postgres() -> Any:
    """Connect to the server; each statement is a transaction of its own."""
    connection = Postgres().connect()
    connection.autocommit = True
    return connection


def on_postgres() -> Iterator[str]:
    """Measure on PostgreSQL, beside psycopg by hand. Each has a row of its own."""
    if not has_postgres():
        yield "| a right code, PostgreSQL | | not measured | | at least 0.7 |"
        return
    with closing(connect_postgres()) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {TABLE}")
        try:
            with SQLStore.postgres(connect_postgres, table=TABLE) as store:
                store.create_table()
                hand = ByHand(connection, "%s", store)
                name = f"PostgreSQL {connection.info.server_version // 10_000}"
                yield from beside_the_floor(name, ("at least 0.7", ""), store, hand)
        finally:
            connection.execute(f"DROP TABLE IF EXISTS {TABLE}")


def table() -> Iterator[str]:
    """Measure, and lay out the lines of the table."""
    yield "| verification on a database | by | µs | figure | target |"
    yield "|---|---|---:|---|---|"
    yield from on_sqlite()
    yield from on_postgres()
