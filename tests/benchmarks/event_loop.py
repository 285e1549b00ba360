"""Verifications of a program with an event loop: in threads, beside an asynchronous store, on PostgreSQL."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any
from unittest import SkipTest

from onetime import HOTP, Secret, SQLStore, State, Verifier, decide
from tests.benchmarks.turns import ratio
from tests.support import RFC_KEY
from tests.support.postgres import Postgres

TABLE = "onetime_event_loop"
CONNECTIONS = 16
THREADS = 40
"""Threads of FastAPI's pool."""

REQUESTS = 32
"""Requests at the same time, each of a user of its own."""

CODES = 20
"""Codes of each user in a turn."""

TURNS = 20

CREDENTIAL = HOTP(Secret(RFC_KEY))


class AsyncVerifier:
    """What a verifier with an asynchronous store would do: read, decide and swap.

    Args:
        connections: Idle connections.
    """

    def __init__(self, connections: "asyncio.Queue[Any]") -> None:
        self._connections = connections

    async def verify(self, user: str, code: str) -> None:
        """Check a code, and store the verdict."""
        connection = await self._connections.get()
        try:
            while True:
                cursor = await connection.execute(
                    f"SELECT value FROM {TABLE} WHERE key = %s", [f"otp/{user}"]
                )
                (text,) = await cursor.fetchone()
                decision = decide(CREDENTIAL, State.from_text(text), code, time.time())
                cursor = await connection.execute(
                    f"UPDATE {TABLE} SET value = %s WHERE key = %s AND value = %s",
                    [decision.state.to_text(), f"otp/{user}", text],
                )
                if cursor.rowcount:
                    decision.result()
                    return
        finally:
            self._connections.put_nowait(connection)


async def turn(verify: Callable[[str, str], Awaitable[object]], first: int) -> tuple[float, float]:
    """Verify codes of all users at the same time; return the seconds of each, and those of the processor."""

    async def request(user: str) -> None:
        for counter in range(first, first + CODES):
            await verify(user, CREDENTIAL.at(counter))

    start, processor = time.perf_counter(), time.process_time()
    await asyncio.gather(*(request(f"user {number}") for number in range(REQUESTS)))
    count = REQUESTS * CODES
    return (time.perf_counter() - start) / count, (time.process_time() - processor) / count


async def measure(verifier: Verifier, postgres: Postgres) -> dict[str, list[tuple[float, float]]]:
    """Measure both in turns; the first turn warms up and does not count."""
    connections: asyncio.Queue[Any] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        connection = await postgres.psycopg.AsyncConnection.connect(postgres.conninfo, autocommit=True)
        connections.put_nowait(connection)
    beside = AsyncVerifier(connections)
    loop = asyncio.get_running_loop()
    times: dict[str, list[tuple[float, float]]] = {"threads": [], "async": []}
    with ThreadPoolExecutor(THREADS) as pool:

        async def in_threads(user: str, code: str) -> None:
            await loop.run_in_executor(pool, verifier.verify, user, CREDENTIAL, code)

        counter = 0
        for number in range(TURNS + 1):
            for name in ("threads", "async") if number % 2 else ("async", "threads"):
                times[name].append(await turn(in_threads if name == "threads" else beside.verify, counter))
                counter += CODES
    while not connections.empty():
        await connections.get_nowait().close()
    return {name: turns[1:] for name, turns in times.items()}


def table() -> Iterator[str]:
    """Measure, and return the lines."""
    try:
        postgres = Postgres()
    except SkipTest:
        yield "the event loop: not measured"
        return
    with SQLStore.postgres(postgres.connect, table=TABLE, connections=CONNECTIONS) as store:
        postgres.run(f"DROP TABLE IF EXISTS {TABLE}")
        store.create_table()
        verifier = Verifier(store)
        for number in range(REQUESTS):
            verifier.adopt(f"user {number}", CREDENTIAL)
        times = asyncio.run(measure(verifier, postgres))
        postgres.run(f"DROP TABLE {TABLE}")
    yield f"| {REQUESTS} requests at once, {CONNECTIONS} connections | a second | processor, µs |"
    yield "|---|---:|---:|"
    for name, turns in times.items():
        wall, processor = (median(part) for part in zip(*turns, strict=True))
        yield f"| {name} | {1 / wall:,.0f} | {processor * 1e6:,.0f} |"
    walls = {name: [wall for wall, _ in turns] for name, turns in times.items()}
    yield f"threads: {ratio(walls['async'], walls['threads']):.2f} times as many as an asynchronous store"
