"""A process whose threads write to an SQLite file, for as long as its parent says. It runs on 0.1.0, too.

Arguments: the file; "store" or "by hand"; how many threads. Each line of standard input is a number of
seconds. The threads write that long, and the seconds of each write are printed on one line.
"""

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable

TABLE = (
    'CREATE TABLE IF NOT EXISTS "onetime" (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID'
)

Swap = Callable[[str, str | None, str], bool]

BUSY = 60
"""Wait of SQLite's own busy handler, in seconds: no write is given up."""


def in_a_store(path: str, threads: int) -> list[Swap]:
    """All threads share a store of the library."""
    from onetime import SQLStore

    return [SQLStore.sqlite(path).swap] * threads


def by_hand(path: str, threads: int) -> list[Swap]:
    """Each thread has a connection of its own, and runs the statements that the store runs."""
    return [_by_hand(path) for _ in range(threads)]


def _by_hand(path: str) -> Swap:
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA fullfsync=ON", TABLE):
        connection.execute(statement).fetchall()

    def swap(key: str, old: str | None, new: str) -> bool:
        connection.execute("BEGIN IMMEDIATE")
        if old is None:
            written = connection.execute("INSERT INTO onetime VALUES (?, ?)", (key, new)).rowcount
        else:
            statement = "UPDATE onetime SET value = ? WHERE key = ? AND value = ?"
            written = connection.execute(statement, (new, key, old)).rowcount
        connection.execute("COMMIT")
        return written == 1

    return swap


class Writer:
    """A thread's work: it counts in an entry of its own."""

    def __init__(self, number: int, swap: Swap) -> None:
        self.key = f"otp/{os.getpid()}/{number}"
        self.swap = swap
        self.count = 0
        self.times: list[float] = []
        assert swap(self.key, None, "0")

    def write(self, end: float) -> None:
        """Write until a moment of the monotonic clock."""
        self.times = []
        began = time.perf_counter()
        while began < end:
            assert self.swap(self.key, f"{self.count}", f"{self.count + 1}")
            self.count += 1
            ended = time.perf_counter()
            self.times.append(ended - began)
            began = ended


def main() -> None:
    path, kind, threads = sys.argv[1:]
    swaps = (in_a_store if kind == "store" else by_hand)(path, int(threads))
    writers = [Writer(number, swap) for number, swap in enumerate(swaps)]
    for line in sys.stdin:
        end = time.perf_counter() + float(line)
        running = [threading.Thread(target=writer.write, args=(end,)) for writer in writers]
        for each in running:
            each.start()
        for each in running:
            each.join()
        print(*(f"{seconds:.6f}" for writer in writers for seconds in writer.times), flush=True)


if __name__ == "__main__":
    main()
