"""Storage: writes of many threads and processes at a disk whose sync takes 2 ms, and of one thread."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from onetime import SQLStore
from tests.benchmarks.databases import TABLE, connect_postgres, disk, has_postgres, once, sqlite_by_hand
from tests.benchmarks.old import old_version
from tests.benchmarks.turns import interleave, ratio
from tests.support.peers import CHECKOUT, environment

SLOW = """
#include <time.h>
static int wait_for_the_disk(void) { struct timespec sync = {0, 2000000}; return nanosleep(&sync, 0); }
int fsync(int file) { (void) file; return wait_for_the_disk(); }
int fdatasync(int file) { (void) file; return wait_for_the_disk(); }
"""
"""A library in C whose syncs take 2 ms each, on any disk."""

TURNS, SECONDS = 10, 1.0
"""How often each side writes, in turns, and for how long."""

PAIRS = 2000
"""Reads and writes of one thread, in turns of one each."""

Group = list["subprocess.Popen[str]"]


def slow_library(folder: Path) -> Path | None:
    """Compile the library; None where there is no compiler, or no preloading as on Linux."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    source, library = folder / "slow.c", folder / "slow.so"
    source.write_text(SLOW)
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(source)], check=True)
    return library


def start(
    exits: ExitStack, library: Path, path: Path, kind: str, size: tuple[int, int], *sources: Path
) -> Group:
    """Start processes that write to one file.

    Args:
        exits: What ends them.
        library: Is preloaded.
        path: The file.
        kind: "store" or "by hand".
        size: How many processes, and threads in each.
        sources: Where Python finds the library, if not where it is installed.
    """
    variables = environment(
        PYTHONPATH=os.pathsep.join(map(str, (*sources, CHECKOUT))), LD_PRELOAD=str(library)
    )
    command = [sys.executable, "-m", "tests.benchmarks.writers", str(path), kind, str(size[1])]
    return [
        exits.enter_context(
            subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        for _ in range(size[0])
    ]


def write(group: Group, seconds: float) -> list[float]:
    """Let a group write, and return the seconds of each write."""
    for process in group:
        assert process.stdin
        print(seconds, file=process.stdin, flush=True)
    lines = [process.stdout.readline() for process in group if process.stdout]
    assert all(lines), "a process has failed"
    return [float(each) for line in lines for each in line.split()]


def compare(*groups: Group) -> list[list[float]]:
    """Let groups write in turns; return the seconds of each write of each group."""
    for group in groups:
        write(group, SECONDS / 5)  # warms up
    times: list[list[float]] = [[] for _ in groups]
    for turn in range(TURNS):
        for which in sorted(range(len(groups)), reverse=turn % 2 == 1):
            times[which] += write(groups[which], SECONDS)
    return times


def row(what: str, by: str, times: list[float], figure: str = "", target: str = "") -> str:
    """Lay out what was measured of one side."""
    times = sorted(times)
    p50, p99, worst = (1000 * times[place] for place in (len(times) // 2, len(times) * 99 // 100, -1))
    rate = len(times) / (TURNS * SECONDS)
    return f"| {what} | {by} | {rate:.0f} | {p50:.2f} | {p99:.1f} | {worst:.0f} | {figure} | {target} |"


def many_writers(folder: Path, library: Path) -> Iterator[str]:
    """Measure threads and processes, beside the same statements by hand and beside 0.1.0."""
    what = "16 threads"
    with ExitStack() as exits:
        ours, hand = compare(
            start(exits, library, folder / "ours", "store", (1, 16)),
            start(exits, library, folder / "hand", "by hand", (1, 16)),
        )
    figure = f"{len(ours) / len(hand):.1f} x the rate by hand"
    yield row(what, "onetime", ours, figure, "at least 4; worst at most 60 ms")
    yield row(what, "by hand, a connection each", hand)

    what, old = "4 processes x 8 threads", old_version(folder)
    with ExitStack() as exits:
        groups = [start(exits, library, folder / "ours", "store", (4, 8))]
        if old is not None:
            groups.append(start(exits, library, folder / "old.db", "store", (4, 8), old))
        times = compare(*groups)
    target = "at least 1; worst at most 250 ms"
    if old is None:
        yield row(what, "onetime", times[0], "0.1.0 not measured: there is no history", target)
        return
    yield row(what, "onetime", times[0], f"{len(times[0]) / len(times[1]):.1f} x the rate of 0.1.0", target)
    yield row(what, "onetime 0.1.0", times[1])


class Pair:
    """A read and a write of one entry, on a store and by hand.

    Args:
        store: The store.
        connection: A connection of the driver.
        mark: How a statement marks a parameter.
        begin: What begins a transaction that writes, if it is not the statement's own.
    """

    def __init__(self, store: SQLStore, connection: Any, mark: str, begin: str) -> None:
        self.store, self.connection, self.begin = store, connection, begin
        self.select = f"SELECT value FROM {TABLE} WHERE key = {mark}"
        self.update = f"UPDATE {TABLE} SET value = {mark} WHERE key = {mark} AND value = {mark}"
        self.numbers = {"otp/ours": count(1), "otp/by hand": count(1)}
        for key in self.numbers:
            assert store.swap(key, None, "0")

    def ours(self) -> None:
        key = "otp/ours"
        assert self.store.swap(key, self.store.get(key), f"{next(self.numbers[key])}")

    def by_hand(self) -> None:
        key, execute = "otp/by hand", self.connection.execute
        (old,) = execute(self.select, (key,)).fetchone()
        if self.begin:
            execute(self.begin)
        written = execute(self.update, (f"{next(self.numbers[key])}", key, old)).rowcount
        if self.begin:
            execute("COMMIT")
        assert written == 1

    def measure(self, what: str, target: str) -> Iterator[str]:
        """Measure both in turns of one each."""
        times = interleave({"ours": partial(once, self.ours), "hand": partial(once, self.by_hand)}, PAIRS)
        ours, hand = times["ours"], times["hand"]
        figure = f"{ratio(hand, ours):.2f} of the rate by hand"
        for by, each, right in (("onetime", ours, figure), ("by hand", hand, "")):
            ordered = sorted(each)
            p50, p99, worst = median(each), ordered[len(each) * 99 // 100], ordered[-1]
            yield (
                f"| {what} | {by} | {len(each) / sum(each):.0f} | {p50 * 1000:.2f} | {p99 * 1000:.1f} | "
                f"{worst * 1000:.0f} | {right} | {target if right else ''} |"
            )


def one_thread_on_sqlite() -> Iterator[str]:
    """Measure a read and a write on a real disk."""
    where, kind = disk()
    with tempfile.TemporaryDirectory(dir=where) as folder, ExitStack() as exits:
        store = exits.enter_context(SQLStore.sqlite(Path(folder, "store.db"), table=TABLE))
        connection = exits.enter_context(closing(sqlite_by_hand(Path(folder, "store.db"))))
        pair = Pair(store, connection, "?", "BEGIN IMMEDIATE")
        yield from pair.measure(f"1 thread, read and write, SQLite on {kind}", "at least 0.85")


def one_thread_on_postgres() -> Iterator[str]:
    """Measure a read and a write on a server."""
    if not has_postgres():
        yield "| 1 thread, read and write, PostgreSQL | onetime | | | | | not measured | at least 0.8 |"
        return
    with closing(connect_postgres()) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {TABLE}")
        try:
            with SQLStore.postgres(connect_postgres, table=TABLE) as store:
                store.create_table()
                pair = Pair(store, connection, "%s", "")
                yield from pair.measure("1 thread, read and write, PostgreSQL", "at least 0.8")
        finally:
            connection.execute(f"DROP TABLE IF EXISTS {TABLE}")


def table() -> Iterator[str]:
    """Measure, and lay out the lines of the table."""
    yield "| writes | by | a second | p50 ms | p99 ms | worst ms | figure | target |"
    yield "|---|---|---:|---:|---:|---:|---|---|"
    with tempfile.TemporaryDirectory() as name:
        library = slow_library(Path(name))
        if library is None:
            yield "| a sync of 2 ms | | | | | | not measured: no C compiler, or not Linux | |"
        else:
            yield from many_writers(Path(name), library)
    yield from one_thread_on_sqlite()
    yield from one_thread_on_postgres()
