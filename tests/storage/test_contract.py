"""The contract finds each kind of store that makes a verifier unsafe, and passes a good one."""

import os
import socket
import sqlite3
import threading
import time
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from onetime.storage import contract
from onetime.storage.memory import MemoryStore
from onetime.storage.store import Store
from onetime.testing import StoreContract
from tests.support.line_server import LineServer, packed, received


class Bad(MemoryStore):
    """A store that is broken in one way."""

    def __init__(self) -> None:
        super().__init__()
        self.all_have_read = threading.Barrier(contract.THREADS)


class TwoSteps(Bad):
    """It reads and then writes: while it thinks, all others read too."""

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        found = self.get(key)
        if threading.current_thread() is not threading.main_thread():
            self.all_have_read.wait(contract.TIMEOUT)
        if found != old:
            return False
        super().swap(key, self.get(key), new)
        return True


class AnyCase(Bad):
    """It takes keys in either case for the same."""

    def get(self, key: str, /) -> str | None:
        return super().get(key.lower())

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        return super().swap(key.lower(), old, new)


class Trimmed(Bad):
    """Spaces at the end of a key don't count."""

    def get(self, key: str, /) -> str | None:
        return super().get(key.rstrip(" "))

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        return super().swap(key.rstrip(" "), old, new)


class Short(Bad):
    """It cuts keys and texts at a length."""

    def get(self, key: str, /) -> str | None:
        return super().get(key[:200])

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        return super().swap(key[:200], old and old[:4096], new and new[:4096])


class NoDeletion(Bad):
    """It says that it deleted, and did not."""

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        return self.get(key) == old if new is None else super().swap(key, old, new)


class EmptyIsNothing(Bad):
    """It takes an empty text for no entry."""

    def get(self, key: str, /) -> str | None:
        return super().get(key) or None

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        return super().swap(key, old or None, new or None)


class AlwaysYes(Bad):
    """It writes only over the right text, and always says that it wrote."""

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        super().swap(key, old, new)
        return True


class Overwrites(Bad):
    """It makes an entry although there is one."""

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        return super().swap(key, self.get(key) if old is None else old, new)


class LooseTexts(Bad):
    """It compares texts in either case."""

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        found = self.get(key)
        same = found is not None and old is not None and found.lower() == old.lower()
        return super().swap(key, found if same else old, new)


class Numbers(Bad):
    """It says how many entries it wrote, not whether."""

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        return int(super().swap(key, old, new))  # type: ignore[return-value]  # that is what is wrong


class Stale(Bad):
    """What it read once it does not read again."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, str | None] = {}

    def get(self, key: str, /) -> str | None:
        return self.seen.setdefault(key, super().get(key))


class TimeToLive(Bad):
    """Its entries expire after a day."""

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[str, float] = {}

    def get(self, key: str, /) -> str | None:
        if time.time() - self.written.get(key, 0) > 86_400:
            self._entries.pop(key, None)
        return super().get(key)

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        self.get(key)
        self.written[key] = time.time()
        return super().swap(key, old, new)


class OnOneConnection:
    """It writes through the program's own connection to SQLite, and so into its transactions."""

    def __init__(self) -> None:
        self.program = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.program.execute("CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT)")

        self.close = self.program.close

    def get(self, key: str, /) -> str | None:
        row = self.program.execute("SELECT value FROM entries WHERE key = ?", (key,)).fetchone()
        return row and str(row[0])

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        if old is None:
            statement = "INSERT INTO entries (value, key) VALUES (?, ?) ON CONFLICT DO NOTHING"
            return self.program.execute(statement, (new, key)).rowcount == 1
        statement = "UPDATE entries SET value = ? WHERE key = ? AND value = ?"
        return self.program.execute(statement, (new, key, old)).rowcount == 1


class OverSockets:
    """Its idle connections to a server cross a fork, and then two processes read each other's answers."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.idle: list[socket.socket] = []

    def ask(self, *request: str | None) -> object:
        try:
            connection = self.idle.pop()
        except IndexError:
            connection = socket.create_connection(self.address)
        connection.sendall(packed(request))
        answer = received(connection)
        self.idle.append(connection)
        return answer

    def get(self, key: str, /) -> str | None:
        answer = self.ask(key)
        assert answer is None or isinstance(answer, str)
        return answer

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        return self.ask(key, old, new) is True

    def close(self) -> None:
        for connection in self.idle:
            connection.close()


class CarefulOverSockets(OverSockets):
    """The same, with a list of idle connections for each process."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address)
        self.process = os.getpid()

    def ask(self, *request: str | None) -> object:
        if self.process != os.getpid():
            self.close()
            self.idle, self.process = [], os.getpid()
        return super().ask(*request)


class TheContract(unittest.TestCase):
    def test_it_finds_bad_stores(self) -> None:
        """K14: a store that is broken in one way fails the tests that are about it."""
        races = {f"test_exactly_one_{does}_an_entry" for does in ("makes", "replaces", "deletes")}
        life = {"test_an_entry_is_made_replaced_and_deleted"}
        there = {"test_something_else_is_there"}
        texts = {"test_texts_come_back_as_they_were"}
        compared = {"test_texts_are_compared_whole"}
        keys = {"test_keys_are_kept_apart"}
        nothing = {"test_nothing_is_there"}
        others = {"test_others_see_it_at_once"}
        single = life | there | texts | compared | keys | nothing | others
        for bad, tests, failing in (
            (TwoSteps, races, races),
            (TwoSteps, single, set()),
            (AnyCase, single, keys),
            (Trimmed, single, keys),
            (Short, keys | texts, keys | texts),
            (NoDeletion, life, life),
            (EmptyIsNothing, texts, texts),
            (AlwaysYes, races | there, races | there),
            (Overwrites, there, there),
            (LooseTexts, single, compared),
            (Numbers, nothing, nothing),
            (Stale, others, others),
            (TimeToLive, single, set()),
            (TimeToLive, {"test_an_entry_does_not_expire"}, {"test_an_entry_does_not_expire"}),
            (OnOneConnection, {"test_errors_are_store_errors"}, {"test_errors_are_store_errors"}),
        ):
            with self.subTest(bad.__name__, tests=tests):
                self.assertEqual(failing, failures(bad, tests))

    def test_it_passes_a_good_store(self) -> None:
        """The stores above fail for what they break, not for what they inherit."""
        names = {name for name in dir(StoreContract) if name.startswith("test_")}
        self.assertEqual(set(), failures(MemoryStore, names))

    def test_it_finds_a_store_inside_the_callers_transaction(self) -> None:
        """F10, K11: an entry that the caller's rollback takes back; without the hook the test is skipped."""
        name = "test_a_rollback_of_the_caller_changes_nothing"

        class Inside(StoreContract, unittest.TestCase):
            def make_store(self) -> Store:
                self.store = OnOneConnection()
                self.addCleanup(self.store.program.close)
                return self.store

            @contextmanager
            def caller_transaction(self) -> Iterator[None]:
                self.store.program.execute("BEGIN")
                yield
                self.store.program.execute("ROLLBACK")

        class Outside(Inside):
            def make_store(self) -> Store:
                super().make_store()
                return MemoryStore()

        class Without(StoreContract, unittest.TestCase):
            make_store = MemoryStore

        self.assertEqual((1, 0), ended(Inside(name)))
        self.assertEqual((0, 0), ended(Outside(name)))
        self.assertEqual((0, 1), ended(Without(name)))

    def test_it_finds_a_store_that_forks_badly(self) -> None:
        """F09: connections that cross a fork; a store that opens its own in the child passes."""
        name = "test_forked_children_read_what_is_there"
        server = LineServer()
        self.addCleanup(server.close)
        for kind, failing in ((OverSockets, 1), (CarefulOverSockets, 0)):

            class Forking(StoreContract, unittest.TestCase):
                def make_store(self) -> Store:
                    store = kind(server.address)  # noqa: B023 - it is used in this round only
                    self.addCleanup(store.close)
                    for number in range(contract.CHILDREN):
                        store.swap(f"otp/{number}", f"text of otp/{number}", None)
                    return store

            with self.subTest(kind.__name__):
                self.assertEqual((failing, 0), ended(Forking(name)))

    def test_it_must_be_told_how_a_store_is_made(self) -> None:
        """A class that forgets `make_store` fails."""

        class Forgotten(StoreContract, unittest.TestCase):
            pass

        with self.assertRaises(NotImplementedError):
            Forgotten("test_nothing_is_there").make_store()


def ended(test: unittest.TestCase) -> tuple[int, int]:
    """Run a test, and return how many failed and how many were skipped."""
    result = unittest.TestResult()
    test.run(result)
    return len(result.failures + result.errors), len(result.skipped)


def failures(make: Callable[[], Store], tests: set[str]) -> set[str]:
    """Run tests of the contract on a store; name those that fail."""

    class Judged(StoreContract, unittest.TestCase):
        def make_store(self) -> Store:
            store = make()
            self.addCleanup(getattr(store, "close", str))
            return store

    result = unittest.TestResult()
    unittest.TestSuite(map(Judged, sorted(tests))).run(result)
    return {str(test.id()).rsplit(".", 1)[1] for test, _ in result.failures + result.errors}
