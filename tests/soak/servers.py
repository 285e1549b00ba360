"""Clients of database servers that swap one entry at the same moment: in each round one wins (K14)."""

import argparse
import importlib
import itertools
import tempfile
import time
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from onetime.storage.sql import SQLStore
from tests.soak.swaps import Tally, hammer
from tests.support.mariadb import MariaDB
from tests.support.postgres import ISOLATION_LEVELS, POOL_MODES
from tests.support.servers import GaleraCluster, MariaDBServer, PgBouncer, PostgresServer
from tests.support.stores import read_then_write

ROUNDS = 200
"""Rounds of each kind of server."""

BAD_ROUNDS = 20
"""Rounds of a store that is bad, of which one at least must go wrong."""

TIMEOUT = 30.0
"""Deadline of a call, in seconds. All clients wait for all others here."""

CLIENTS = {"postgres": (4, 8), "pgbouncer": (4, 8), "mariadb": (2, 8), "galera": (3, 8)}
"""Processes, and threads in each, every one of which has a connection."""


def open_postgres(conninfo: str, isolation: str = "", table: str = "onetime") -> SQLStore:
    """Open a store whose connections have an isolation level."""
    connect = importlib.import_module("psycopg").connect
    # A pooler takes no options.
    options = (
        {"options": "-c default_transaction_isolation=" + isolation.replace(" ", "\\ ")} if isolation else {}
    )
    store = SQLStore.postgres(partial(connect, conninfo, **options), table=table, timeout=TIMEOUT)
    store.create_table()
    return store


def open_mariadb(arguments: list[dict[str, Any]], table: str = "onetime") -> SQLStore:
    """Open a store whose connections go to each of several servers in turn."""
    turns = itertools.cycle([MariaDB(arguments=each) for each in arguments])
    store = SQLStore.mysql(lambda: next(turns).connect(), table=table, timeout=TIMEOUT)
    store.create_table()
    return store


@contextmanager
def postgres(folder: Path) -> Iterator[dict[str, "partial[SQLStore]"]]:
    with PostgresServer(folder) as server:
        yield {
            f"PostgreSQL, {level}": partial(open_postgres, server.conninfo, level, table=f"table_{number}")
            for number, level in enumerate(ISOLATION_LEVELS)
        }


@contextmanager
def pgbouncer(folder: Path) -> Iterator[dict[str, "partial[SQLStore]"]]:
    with (
        PostgresServer(folder) as server,
        PgBouncer(server, "session", folder) as session,
        PgBouncer(server, "transaction", folder) as transaction,
        PgBouncer(server, "statement", folder) as statement,
    ):
        poolers = dict(zip(POOL_MODES, (session, transaction, statement), strict=True))
        yield {
            f"PgBouncer, {mode} mode": partial(open_postgres, pooler.conninfo, table=f"table_{mode}")
            for mode, pooler in poolers.items()
        }


@contextmanager
def mariadb(folder: Path) -> Iterator[dict[str, "partial[SQLStore]"]]:
    with MariaDBServer(folder) as server:
        yield {"MariaDB": partial(open_mariadb, [server.arguments])}


@contextmanager
def galera(folder: Path) -> Iterator[dict[str, "partial[SQLStore]"]]:
    with GaleraCluster(folder) as cluster:
        yield {"Galera, three nodes": partial(open_mariadb, cluster.arguments)}


KINDS = {"postgres": postgres, "pgbouncer": pgbouncer, "mariadb": mariadb, "galera": galera}


def compete(opener: Callable[[], Any], kind: str, rounds: int, threads: int | None = None) -> Tally:
    """Run rounds with the clients of a kind of server, or with fewer threads in each process."""
    processes, most = CLIENTS[kind]
    return hammer(opener, rounds, processes, threads or most)


def main(arguments: list[str]) -> int:
    """Hammer a store that is bad on each server, and then the library's."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak servers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="for each store (default: %(default)s)")
    parser.add_argument("names", nargs="*", metavar="SERVER", help=f"{', '.join(KINDS)}; all by default")
    options = parser.parse_args(arguments)
    for kind in options.names or KINDS:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            try:
                with KINDS[kind](Path(folder)) as openers:
                    for number, (name, opener) in enumerate(openers.items()):
                        if number == 0 and not bad_is_found(name, opener, kind):
                            return 1
                        began = time.monotonic()
                        tally = compete(opener, kind, options.rounds)
                        clients = "{} processes x {} threads".format(*CLIENTS[kind])
                        print(f"{name}, {clients}: {tally}; {time.monotonic() - began:.0f} s", flush=True)
                        if tally.faults:
                            return 1
            except unittest.SkipTest:
                print(f"{kind}: skipped", flush=True)
    return 0


def bad_is_found(name: str, opener: "partial[SQLStore]", kind: str) -> bool:
    """Hammer a store that reads and then writes, and return whether something went wrong."""
    tally = compete(partial(read_then_write, partial(opener, table="bad")), kind, BAD_ROUNDS)
    print(f"{name}, a store that reads and then writes: {tally}", flush=True)
    if not tally.faults:
        print("the test finds nothing")
    return bool(tally.faults)
