"""Helpers that the tests of forks share: entries in a database, forked children with a watchdog, and a judge.

The judge is a process that is forked before any store is created. It opens and closes a store for each
question, so it reads the entries that are really stored. It is also another process that opens and closes the
database, which can harm the stores of forked processes.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

from onetime.errors import StoreError
from onetime.storage.sql import SQLStore
from tests.support.postgres import Postgres

DATABASES = ("sqlite", "postgres")
PATIENCE = 60
"""Seconds after which a process counts as hung."""


class Fault(Exception):  # noqa: N818 - the word of the soak's output
    """An event that must never happen."""


class Skipped(Exception):  # noqa: N818 - the word of the soak's output
    """A requirement of a scenario is missing."""


class Child:
    """A forked child that does something and reports what it returned, as JSON.

    Args:
        action: What the child does.
        fork: The function that forks it.
        leave: The function that ends it.
    """

    def __init__(
        self,
        action: Callable[[], Any],
        fork: Callable[[], int] = os.fork,
        leave: Callable[[int], NoReturn] = os._exit,
    ) -> None:
        self._reader, writer = os.pipe()
        self.pid = fork()
        if self.pid:
            os.close(writer)
            return
        # The default action ends a process even if it hangs in C.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(PATIENCE)
        status = 1
        try:
            report = json.dumps(action()).encode()
            os.write(writer, report)
            status = 0
        except SystemExit:  # a child of this child
            raise
        except Fault as fault:
            os.write(writer, str(fault).encode())
        except BaseException as error:
            traceback.print_exc()
            os.write(writer, repr(error).encode())
        leave(status)

    def result(self) -> Any:
        """Wait for the child, and return what it reported.

        Raises:
            Fault: The child failed or hung.
        """
        report = b""
        while more := os.read(self._reader, 65536):
            report += more
        os.close(self._reader)
        _, status = os.waitpid(self.pid, 0)
        if status:
            hung = os.waitstatus_to_exitcode(status) == -signal.SIGALRM
            raise Fault("a child hung" if hung else report.decode() or f"a child ended with status {status}")
        return json.loads(report)


class Judge:
    """A separate process that opens a store for each question."""

    def __init__(self, open_store: Callable[[], SQLStore]) -> None:
        questions, self._ask = os.pipe()
        self._answers, answer = os.pipe()
        self._open = open_store
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._ask)
            with suppress(BaseException), os.fdopen(questions) as lines:
                for line in lines:
                    os.write(answer, json.dumps(self._answer(json.loads(line))).encode() + b"\n")
            os._exit(0)
        os.close(questions)
        os.close(answer)
        self._lines = os.fdopen(self._answers)

    def get(self, *keys: str) -> list[str | None]:
        """Return the texts under some keys."""
        found: list[str | None] = self._call("get", *keys)
        return found

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        """Swap a text, and return whether it was written."""
        return bool(self._call("swap", key, old, new))

    def write_and_die(self, key: str, text: str) -> None:
        """Write an entry in a process that is killed as soon as the write is acknowledged."""
        self._call("die", key, text)

    def end(self) -> None:
        """End the process."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._ask)
        self._lines.close()

    def _call(self, *question: Any) -> Any:
        os.write(self._ask, json.dumps(question).encode() + b"\n")
        answer = json.loads(self._lines.readline())
        if isinstance(answer, dict):
            raise Fault(f"the judge's store failed: {answer['error']}")
        return answer

    def _answer(self, question: list[Any]) -> Any:
        name, *rest = question
        try:
            if name == "die":
                Child(lambda: self._write_and_die(*rest)).result()
            with self._open() as store:
                return [store.get(key) for key in rest] if name == "get" else store.swap(*rest)
        except Fault:
            return None
        except Exception as error:
            return {"error": repr(error)}

    def _write_and_die(self, key: str, text: str) -> None:
        store = self._open()
        if store.swap(key, None, text):
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Entries:
    """The place of the entries of a trial.

    Attributes:
        database: One of DATABASES.
        path: The file of SQLite.
        table: The table of PostgreSQL.
    """

    database: str
    path: str
    table: str

    def open(self, table: str = "", **options: Any) -> SQLStore:
        """Open another store on the same entries, or on those of another table.

        Args:
            table: Suffix of the table's name.
            options: The options of the store.
        """
        if self.database == "sqlite":
            return SQLStore.sqlite(self.path, table=self.table + table, **options)
        store = SQLStore.postgres(Postgres().connect, table=self.table + table, **options)
        store.create_table()
        return store


def compete(store: SQLStore, key: str, name: str) -> str:
    """Write the competitor's own entry, and try to win a prize; return "won", "lost" or "refused"."""
    try:
        if not store.swap(f"{key}/{name}", None, "1"):
            raise Fault("a new entry was there already")
        return "won" if store.swap(key, "old", name) else "lost"
    except StoreError:
        return "refused"


class Trial:
    """Entries in a database, and counts of the events.

    Args:
        database: One of DATABASES.

    Attributes:
        count: Number of occurrences of each event.
    """

    def __init__(self, database: str) -> None:
        self.count: Counter[str] = Counter()
        self._prizes = 0
        self._pid = os.getpid()
        # A TemporaryDirectory would be deleted when a child ends.
        self.folder = tempfile.mkdtemp()
        self.entries = Entries(database, f"{self.folder}/store.db", f"onetime_fork_{os.getpid()}")
        self.open = self.entries.open
        self.judge = Judge(self.open)

    def end(self) -> None:
        """End the judge, and delete everything."""
        if self._pid != os.getpid():
            return
        self.judge.end()
        shutil.rmtree(self.folder)
        if self.entries.database == "postgres":
            server, table = Postgres(), self.entries.table
            for (name,) in server.run(f"SELECT tablename FROM pg_tables WHERE tablename LIKE '{table}%'"):
                server.run(f'DROP TABLE "{name}"')

    def prize(self, store: SQLStore) -> str:
        """Create an entry that exactly one competitor can win, and return its key."""
        self._prizes += 1
        key = f"prize/{self._prizes}"
        if not store.swap(key, None, "old"):
            raise Fault("a new entry was there already")
        return key

    def settle(self, key: str, outcomes: dict[str, str], refused: bool | None = False) -> None:
        """Check that exactly one competitor won, and that no acknowledged write is lost.

        Args:
            key: The key of the prize.
            outcomes: The outcome of each competitor.
            refused: Whether all competitors must be refused; False if none must be, None if some may be.
        """
        told = list(outcomes.values())
        if refused is not None and told.count("refused") != len(told) * refused:
            raise Fault(f"{'all' if refused else 'none'} should be refused: {outcomes}")
        winners = [name for name, outcome in outcomes.items() if outcome == "won"]
        if not winners and self.judge.swap(key, "old", "judge"):
            winners = ["judge"]
        if len(winners) != 1:
            raise Fault(f"{len(winners)} won: {outcomes}")
        own = [f"{key}/{name}" for name, outcome in outcomes.items() if outcome != "refused"]
        if (found := self.judge.get(key, *own)) != [*winners, *["1"] * len(own)]:
            raise Fault(f"acknowledged and lost: {outcomes}, but {found}")
        self.count["rounds"] += 1
        self.count["won"] += told.count("won")
        self.count["lost"] += told.count("lost")
        self.count["refused"] += told.count("refused")

    def all_compete(self, store: SQLStore, names: str) -> None:
        """Let a forked child for each letter compete, and check the outcome."""
        key = self.prize(store)
        children = {name: Child(partial(compete, store, key, name)) for name in names}
        self.settle(key, {name: child.result() for name, child in children.items()})


@contextmanager
def trial(database: str) -> Iterator[Trial]:
    """Start a trial, and end it after the block."""
    made = Trial(database)
    try:
        yield made
    finally:
        made.end()


def run(database: str, scenario: Callable[[Trial, int], None], rounds: int) -> Counter[str]:
    """Run a scenario in a process of its own; return its counts, with the reason if it was skipped.

    Raises:
        Fault: An event happened that must never happen, or the scenario hung.
    """

    def act() -> Counter[str]:
        signal.alarm(PATIENCE * 10)
        with trial(database) as made:
            try:
                scenario(made, rounds)
            except Skipped as reason:
                made.count[f"SKIPPED: {reason}"] += 1
            return made.count

    sys.stdout.flush()
    return Counter(Child(act).result())
