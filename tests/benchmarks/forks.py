"""What a fork costs a process whose store has idle connections, beside the same process without any."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from onetime.storage.sql import SQLStore
from tests.benchmarks.turns import interleave


def have_idle(store: SQLStore, number: int) -> None:
    """Use so many connections at once, and leave them idle."""
    if number:
        store._pool.read(lambda _: have_idle(store, number - 1))


def fork_and_wait() -> float:
    """Time a fork, from before it to the end of the child, which ends at once."""
    start = time.perf_counter()
    if (child := os.fork()) == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return time.perf_counter() - start


def fork() -> Iterator[str]:
    """Measure, and lay out the lines of the table."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = stack.enter_context(SQLStore.sqlite(folder / "store.db"))
        swaps = 0

        def without() -> float:
            store._pool.gate.close_idle()
            return fork_and_wait()

        def idle(connections: int, writes: int) -> Callable[[], float]:
            def measure() -> float:
                nonlocal swaps
                have_idle(store, connections)
                for _ in range(writes):
                    store.swap("key", str(swaps) if swaps else None, str(swaps + 1))
                    swaps += 1
                assert len(store._pool.gate.idle) == connections
                return fork_and_wait()

            return measure

        measures = {
            "none": without,
            "16": idle(16, 0),
            "1, after writes": idle(1, 20),
            "16, after writes": idle(16, 20),
        }
        times = interleave(measures, 300)
    # The last connection that closes moves what was written from the log to the file, and syncs twice.
    base = median(times["none"])
    yield "| SQLite connections | p50, ms | p99, ms | worst, ms | ratio of the p50 | target |"
    yield "|---|---:|---:|---:|---:|---|"
    for name, found in times.items():
        ordered = sorted(found)
        p99 = ordered[len(ordered) * 99 // 100]
        figures = " | ".join(f"{seconds * 1000:.2f}" for seconds in (median(found), p99, ordered[-1]))
        ratio = "| |" if name == "none" else f"{median(found) / base:.2f} | at most 3 |"
        yield f"| {name} | {figures} | {ratio}"


if __name__ == "__main__":
    for line in fork():
        print(line)
