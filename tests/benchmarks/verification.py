"""Verifications: beside PyOTP, which keeps nothing, and beside the least that a database does for one."""

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

import pyotp  # type: ignore[import-not-found]  # only in the peers' environment

from onetime import TOTP, Device, Policy, Secret, SQLStore, State, Verifier, decide
from onetime.errors import IncorrectCodeError
from onetime.storage.memory import MemoryStore
from onetime.storage.store import Records, Store
from tests.benchmarks.codes import TEXT
from tests.benchmarks.turns import CALLS, Times, block, interleave, less, ratio
from tests.peers import CHECKOUT
from tests.support.postgres import Postgres

CREDENTIAL = TOTP(Secret.from_base32(TEXT))
TIME = 1_800_000_000.5
"""Unix time in seconds of the first verification; each later one is a step later."""

OPERATIONS = 2000
"""Verifications on a database, in turns of one each, because no two syncs take the same time."""

TIMES = [TIME + CREDENTIAL.period * number for number in range(2 * (OPERATIONS + 1))]
CODES = [CREDENTIAL.at(moment) for moment in TIMES]
WRONG = "000000"
FAILURES = Policy().delay_after - 1
"""Wrong codes on one key, before a delay starts."""

KEY = "alice"
MARK = 2**64 - 1
"""An enrolment's random mark, as long as it can be."""

TABLE = "onetime_benchmark"


def texts() -> list[str]:
    """List the states that these codes lead through, as a store keeps them."""
    states = [State().put("default", Device.fresh(CREDENTIAL, MARK))]
    for code, moment in zip(CODES, TIMES, strict=True):
        decision = decide(CREDENTIAL, states[-1], code, moment)
        decision.result()
        states.append(decision.state)
    return [state.to_text() for state in states]


def once(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Time one call, in seconds."""
    start = clock()
    call()
    return clock() - start


def verification(store: Store) -> Callable[[], object]:
    """Enrol the credential, and prepare the call that verifies the next right code."""
    assert store.swap(
        Records(store, "otp").key(KEY), None, State().put("default", Device.fresh(CREDENTIAL, MARK)).to_text()
    )
    verify, code = Verifier(store, clock=iter(TIMES).__next__).verify, iter(CODES).__next__
    return lambda: verify(KEY, CREDENTIAL, code())


# In memory.


def right() -> float:
    """Time a block of right codes, each of a new step."""
    return block(verification(MemoryStore()))


def pyotp_right() -> float:
    """Time the same codes at the same times with PyOTP."""
    verify, moment, code = pyotp.TOTP(TEXT).verify, iter(TIMES).__next__, iter(CODES).__next__
    return block(lambda: verify(code(), for_time=moment(), valid_window=1))


def wrong() -> float:
    """Time a block of wrong codes, on so many keys that none is delayed."""
    verifier = Verifier(MemoryStore(), clock=lambda: TIME)
    keys = [f"user {number}" for number in range(-(-CALLS // FAILURES))]
    for key in keys:
        verifier.adopt(key, CREDENTIAL)
    next_key, verify = iter(keys * FAILURES).__next__, verifier.verify

    def attempt() -> None:
        try:
            verify(next_key(), CREDENTIAL, WRONG)
        except IncorrectCodeError:
            return
        raise AssertionError("a wrong code was accepted")

    return block(attempt)


def pyotp_wrong() -> float:
    """Time the same wrong code with PyOTP."""
    verify = pyotp.TOTP(TEXT).verify
    return block(lambda: verify(WRONG, for_time=TIME, valid_window=1))


def in_memory() -> Times:
    """Measure with MemoryStore, beside PyOTP."""
    by_pyotp = pyotp.TOTP(TEXT)
    for code, moment in zip(CODES, TIMES, strict=True):
        assert by_pyotp.verify(code, for_time=moment, valid_window=1)
    assert not by_pyotp.verify(WRONG, for_time=TIME, valid_window=1)
    return interleave(
        {"right": right, "PyOTP right": pyotp_right, "wrong": wrong, "PyOTP wrong": pyotp_wrong}
    )


def beside_pyotp(times: Times) -> Iterator[str]:
    """Lay out what was measured in memory."""
    for kind, least in (("right", "1.0"), ("wrong", "1.4")):
        ours, theirs = times[kind], times[f"PyOTP {kind}"]
        yield f"| a {kind} code, MemoryStore | onetime | {median(ours) * 1e6:.2f} | | |"
        yield (
            f"| a {kind} code, nothing kept | PyOTP | {median(theirs) * 1e6:.2f} | "
            f"onetime is {ratio(theirs, ours):.2f} x as fast | at least {least} |"
        )


# On a database.


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


def beside_the_floor(
    name: str, targets: tuple[str, str], loop: float, store: Store, hand: ByHand
) -> Iterator[str]:
    """Measure a verification on a database, one without and one by hand, in turns of one each.

    Args:
        name: The database.
        targets: Of the floor's rate, and of our own part.
        loop: Seconds of a verification with MemoryStore in a loop, where it finds the processor's caches
            warm. After a wait for a disk none does.
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
    assert store.get(Records(store, "otp").key(KEY)) == hand.store.get(key) == states[-1]
    ours, floor = passed["ours"], passed["hand"]
    yield (
        f"| a right code, {name} | onetime | {median(ours) * 1e6:.0f} | "
        f"{ratio(floor, ours):.2f} of the floor's rate | {targets[0]} |"
    )
    yield f"| its floor | by hand | {median(floor) * 1e6:.0f} | | |"
    for kind, times in (("", passed), (", time of the processor", busy)):
        own, memory = median(less(times["ours"], times["hand"])), median(times["memory"])
        yield (
            f"| our own part of it{kind} | onetime | {own * 1e6:.1f} | "
            f"{own / memory:.2f} x MemoryStore in the same turns ({memory * 1e6:.1f} µs), "
            f"{own / loop:.2f} x in a loop | {targets[1]} |"
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


def on_sqlite(loop: float) -> Iterator[str]:
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
            yield from beside_the_floor(f"SQLite on {kind}", targets, loop, store, hand)


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


def on_postgres(loop: float) -> Iterator[str]:
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
                yield from beside_the_floor(name, ("at least 0.7", ""), loop, store, hand)
        finally:
            connection.execute(f"DROP TABLE IF EXISTS {TABLE}")


def table() -> Iterator[str]:
    """Measure, and lay out the lines of the table."""
    yield "| verification | by | µs | figure | target |"
    yield "|---|---|---:|---|---|"
    memory = in_memory()
    yield from beside_pyotp(memory)
    loop = median(memory["right"])
    yield from on_sqlite(loop)
    yield from on_postgres(loop)
