"""A server killed with -9 under load, and the one that takes over: nothing acknowledged is lost (K55)."""

import argparse
import importlib
import tempfile
import threading
import time
import unittest
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from onetime.errors import StoreError
from onetime.storage.sql import SQLStore
from tests.support.mariadb import MariaDB
from tests.support.servers import GaleraCluster, PostgresPair

THREADS = 16

BEFORE, AFTER = 4.0, 4.0
"""Seconds of load before the kill, and after the other server has taken over."""

TIMEOUT = 10.0
"""Deadline of a call, in seconds: a Galera cluster stands still for some while when a node dies."""

PAUSE = 0.02
"""Pause after an error, in seconds."""

PATIENCE = 60.0
"""Time within which each client must get through again, in seconds."""


@dataclass
class Run:
    """What came of a run.

    Attributes:
        acknowledged: Writes that a store said were stored.
        unknown: Writes of which it said that it does not know.
        refused: Reads that failed.
        lost: What was acknowledged and is not there, and other faults.
        pause: The longest time of any client between two acknowledgments, in seconds.
    """

    acknowledged: int = 0
    unknown: int = 0
    refused: int = 0
    lost: list[str] = field(default_factory=list)
    pause: float = 0.0

    def __str__(self) -> str:
        text = (
            f"{self.acknowledged} acknowledged, {len(self.lost)} lost, {self.unknown} unknown, "
            f"{self.refused} reads failed; longest pause {self.pause:.1f} s"
        )
        return "; first: ".join([text, *self.lost[:1]])


class Client(threading.Thread):
    """Writes one value after the other in an entry that nobody else writes, so it knows what may be there.

    A write whose outcome is unknown may come late, so what it was from and to is noted until another is read.
    """

    def __init__(self, number: int, store: SQLStore, run: Run, lock: threading.Lock) -> None:
        super().__init__(daemon=True)
        self.key = f"otp/{number}"
        self.store = store
        self.result = run
        self.lock = lock
        self.over = False
        self.value: str | None = None
        self.pending: dict[str, str | None] = {}
        self.count = 0
        self.since = time.monotonic()

    def run(self) -> None:
        while not self.over and not self.result.lost:
            self.attempt()

    def attempt(self) -> None:
        """Read if the last write is unknown, and write."""
        try:
            if self.pending:
                self.check(self.store.get(self.key))
        except StoreError:
            self.note("refused")
            return
        self.count += 1
        new = f"{self.count}"
        try:
            swapped = self.store.swap(self.key, self.value, new)
        except StoreError:
            self.pending[new] = self.value
            self.note("unknown")
            return
        if swapped:
            self.value = new
            self.pending.clear()
            now = time.monotonic()
            with self.lock:
                self.result.acknowledged += 1
                self.result.pause = max(self.result.pause, now - self.since)
            self.since = now
        elif self.value not in self.pending.values():
            self.result.lost.append(f"{self.key} was not {self.value}, which was acknowledged")

    def check(self, found: str | None) -> None:
        """Compare what is there with what may be there."""
        if found != self.value:
            if found is None or self.pending.get(found, found) != self.value:
                self.result.lost.append(f"{self.key} is {found}, not {self.value} or {self.pending}")
            self.value = found
            self.pending.clear()

    def note(self, what: str) -> None:
        """Count an error, and wait a little."""
        with self.lock:
            setattr(self.result, what, getattr(self.result, what) + 1)
        time.sleep(PAUSE)


def load(
    openers: Sequence[Callable[[], SQLStore]], strike: Callable[[], None], before: float, after: float
) -> Run:
    """Write with many clients while a server is killed.

    Args:
        openers: Open the stores, which the clients share evenly.
        strike: Kills the server and brings the other one up.
        before: Seconds of load before that.
        after: Seconds of load after it.
    """
    run, lock = Run(), threading.Lock()
    stores = [opener() for opener in openers]
    clients = [Client(number, stores[number % len(stores)], run, lock) for number in range(THREADS)]
    for client in clients:
        client.start()
    time.sleep(before)
    strike()
    struck = time.monotonic()
    # Each client must come through again; then the load goes on for a while.
    while any(client.since < struck for client in clients) and not run.lost:
        if time.monotonic() - struck > PATIENCE:
            run.lost.append(f"a client did not come through for {PATIENCE:.0f} s")
        time.sleep(PAUSE)
    if not run.lost:
        time.sleep(after)
    for client in clients:
        client.over = True
    for client in clients:
        client.join()
    for store in stores:
        store.close()
    with closing(openers[-1]()) as store:
        for client in clients:
            client.check(store.get(client.key))
    return run


def on_postgres(folder: Path, before: float = BEFORE, after: float = AFTER, *, bad: bool = False) -> Run:
    """Kill a primary and promote its synchronous standby.

    Args:
        folder: Where the servers have their data.
        before: Seconds of load before that.
        after: Seconds of load after it.
        bad: Whether writes do without waiting for either server's disk.
    """
    connect: Any = importlib.import_module("psycopg").connect
    # Whatever is written without waiting for the disk is there for a second before it comes to one.
    with PostgresPair(folder, wal_writer_delay="1s") as pair:

        def opener() -> SQLStore:
            store = SQLStore.postgres(partial(connect, pair.conninfo), timeout=TIMEOUT)
            store.create_table()
            if bad:
                store.get("otp/0")  # now the statements are written
                for name in ("insert", "update"):
                    statement = getattr(store._dialect, name)
                    setattr(store._dialect, name, statement.replace("'on'", "'off'"))
            return store

        def strike() -> None:
            pair.kill_primary()
            pair.promote()

        return load([opener], strike, before, after)


def on_galera(folder: Path, before: float = BEFORE, after: float = AFTER) -> Run:
    """Kill one node of three, to each of which a third of the clients is connected."""
    with GaleraCluster(folder) as cluster:
        nodes = [MariaDB(arguments=arguments) for arguments in cluster.arguments]

        def opener(first: int) -> SQLStore:
            def connect() -> Any:
                """Connect to a node, or else to the next one, as drivers for several hosts do."""
                for number in range(len(nodes)):
                    try:
                        return nodes[(first + number) % len(nodes)].connect(connect_timeout=3)
                    except Exception:
                        if number == len(nodes) - 1:
                            raise
                raise AssertionError

            store = SQLStore.mysql(connect, timeout=TIMEOUT)
            store.create_table()
            return store

        openers = [partial(opener, number) for number in range(len(nodes))]
        return load(openers, partial(cluster.kill, 0), before, after)


def main(arguments: list[str]) -> int:
    """Let servers fail, also under a store that is bad, which must lose what it acknowledged."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak failover", description=__doc__)
    parser.add_argument("--runs", type=int, default=1, help="of each kind (default: %(default)s)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            bad = on_postgres(folder, bad=True)
            print(f"PostgreSQL, a store that does not wait for the disk: {bad}", flush=True)
            if not bad.lost:
                print("the test finds nothing")
                return 1
            kinds = {"PostgreSQL, standby promoted": on_postgres, "Galera, one node of three": on_galera}
            for kind, fail in kinds.items():
                for _ in range(options.runs):
                    run = fail(folder)
                    print(f"{kind}, {THREADS} clients: {run}", flush=True)
                    if run.lost:
                        return 1
        except unittest.SkipTest:
            return 1
    return 0
