"""Reads of two tables through a pooler that another program shares: none is wrong, none fails (F03, K54)."""

import argparse
import importlib
import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from onetime.errors import StoreError
from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from tests.support.postgres import POOL_MODES
from tests.support.servers import PgBouncer, PostgresServer

TABLES = ("a.onetime", "second")
"""One whose name another schema has, too, and one that is named without its schema."""

KEYS = [f"otp/{number}" for number in range(20)]
THREADS = 4
"""Threads of each store."""

WRITE = 10
"""One read in so many is followed by writes."""

READS, SESSIONS = 2700, 4
"""Reads in each mode, and server sessions of the pooler."""

LEAKS = (
    "SET search_path TO b, public",
    "SET search_path TO a",
    "SET search_path TO nowhere",
    "SET synchronous_commit TO off",
    "SET client_min_messages TO error",
    "SET standard_conforming_strings TO off",
    "SET default_transaction_isolation TO serializable",
    "CREATE TEMPORARY TABLE IF NOT EXISTS second (key text, value text)",
    "CREATE TEMPORARY TABLE IF NOT EXISTS onetime (key text, value text)",
    "PREPARE _pg3_0 AS SELECT 'prepared by another program'",
    "DEALLOCATE ALL",
    "DISCARD TEMP",
)
"""What the other program does, one after the other."""


@dataclass
class Tally:
    """What came of the reads."""

    reads: int
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        text = f"{self.reads} reads, {len(self.wrong)} wrong, {len(self.errors)} errors"
        return "; first: ".join([text, *(self.wrong + self.errors)[:1]])


class BadStore:
    """A store that relies on its session: the search path says which table is meant."""

    def __init__(self, connect: Callable[[], Any], table: str) -> None:
        self.connection = connect()
        self.connection.autocommit = True
        self.connection.execute(f"SET search_path TO {table.partition('.')[0]}, public")
        self.lock = threading.Lock()
        self.name = table.rpartition(".")[2]

    def get(self, key: str, /) -> str | None:
        with self.lock:
            try:
                row = self.connection.execute(
                    f"SELECT value FROM {self.name} WHERE key = %s", [key]
                ).fetchone()
            except Exception as error:
                raise StoreError("it failed") from error
        return row and str(row[0])

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        return True  # only its reads are looked at

    def close(self) -> None:
        self.connection.close()


def read(stores: list[tuple[str, Store]], count: int) -> Tally:
    """Read from stores in several threads, and write now and then; each text begins with its table's name."""
    tally, numbers = Tally(count), iter(range(1, count + 1))

    def run(table: str, store: Store, seed: int) -> None:
        pick = random.Random(seed)
        for number in iter(partial(next, numbers, 0), 0):
            key = pick.choice(KEYS)
            try:
                found = store.get(key)
                if found != f"{table} {key}":
                    tally.wrong.append(f"{key} in {table} is {found!r}")
                if number % WRITE == 0 and not store.swap(key, found, found):
                    tally.wrong.append(f"{key} in {table} was not {found!r}")
                if number % WRITE == 0 and not store.swap(f"{key}/{number}", None, f"{table} {number}"):
                    tally.wrong.append(f"{key}/{number} in {table} was there")
            except StoreError as error:
                tally.errors.append(f"{error}, because of {error.__cause__!r}")

    threads = [
        threading.Thread(target=run, args=(table, store, number))
        for number in range(THREADS)
        for table, store in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


class Stranger(threading.Thread):
    """The other program, which leaves its settings on every session that the pooler gives it."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.connections = [connect() for _ in range(2)]
        self.over = False
        self.count = 0

    def run(self) -> None:
        pick = random.Random(1)
        while not self.over:
            connection = pick.choice(self.connections)
            with suppress(Exception):  # some do not fit what is there, which is no matter
                connection.execute(pick.choice(LEAKS))
                self.count += 1

    def close(self) -> None:
        self.over = True
        self.join()
        for connection in self.connections:
            connection.close()


def prepare(server: PostgresServer) -> None:
    """Make two tables with entries, and one in another schema that must never be read."""
    server.query("CREATE SCHEMA a; CREATE SCHEMA b")
    for table in (*TABLES, "b.onetime"):
        server.query(SQLStore.schema("postgres", table))
        rows = ", ".join(f"('{key}', '{table} {key}')" for key in KEYS)
        server.query(f"INSERT INTO {table} VALUES {rows}")


def check(mode: str, count: int, folder: Path | None = None, *, bad: bool = False) -> tuple[Tally, int]:
    """Read through a new pooler.

    Args:
        mode: The pooler's mode.
        count: How many reads.
        folder: Where the servers have their data.
        bad: Whether the stores are those that rely on their sessions.

    Returns:
        What came of it, and how many statements the other program ran.
    """
    psycopg: Any = importlib.import_module("psycopg")
    with ExitStack() as stack:
        server = stack.enter_context(PostgresServer(folder))
        # A session of the pooler is a client's own in the mode of that name, and few clients' in the others.
        size = {} if mode == "session" else {"default_pool_size": SESSIONS}
        pooler = stack.enter_context(PgBouncer(server, mode, folder, **size))
        prepare(server)
        connect = partial(psycopg.connect, pooler.conninfo)
        stores: list[tuple[str, Store]] = []
        for table in TABLES:
            if bad:
                stores.append((table, stack.enter_context(closing(BadStore(connect, table)))))
            else:
                store = SQLStore.postgres(connect, table=table, connections=THREADS)
                stores.append((table, stack.enter_context(store)))
        strangers = [Stranger(partial(connect, autocommit=True, prepare_threshold=None)) for _ in range(2)]
        for stranger in strangers:
            stranger.start()
            stack.enter_context(closing(stranger))
        tally = read(stores, count)
    return tally, sum(stranger.count for stranger in strangers)


def main(arguments: list[str]) -> int:
    """Read in every mode, after a store that is bad has shown that wrong reads are found."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak pooler", description=__doc__)
    parser.add_argument("--reads", type=int, default=READS, help=f"in each mode (default: {READS})")
    count = parser.parse_args(arguments).reads
    tally, _ = check("transaction", count, bad=True)
    print(f"a store that relies on its session: {tally}", flush=True)
    if not tally.wrong:
        print("the check finds nothing")
        return 1
    for mode in POOL_MODES:
        began = time.monotonic()
        tally, leaks = check(mode, count)
        print(f"{mode} mode: {tally}; {leaks} statements of another program", end="; ")
        print(f"{time.monotonic() - began:.0f} s", flush=True)
        if tally.wrong or tally.errors:
            return 1
    return 0
