"""Tests that every store must pass, whether it is the library's or a program's own.

    class RedisStoreTest(StoreContract, unittest.TestCase):
        def make_store(self) -> Store:
            store = RedisStore(...)
            self.addCleanup(store.close)
            return store

They detect the faults that make a verifier unsafe: swaps that are not atomic, confused keys or texts, entries
that outlive their deletion or that expire, writes inside the caller's transaction, connections that cross a
fork, and driver errors that reach the caller. They cannot detect entries that are lost in a power cut or that
the server expires. The docstring of `Store` lists the properties that the author must ensure.
"""

# ruff: noqa: PT009 - the tests are unittest's

import os
import signal
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING
from unittest import mock

from onetime.errors import StoreError
from onetime.storage.lookalikes import AWKWARD, KEYS, TEXTS
from onetime.storage.store import Store

if TYPE_CHECKING:
    _Base = unittest.TestCase
else:
    _Base = object

THREADS, CHILDREN = 8, 4
TIMEOUT = 60
"""Seconds after which a thread or a child stops waiting for others."""

ROUNDS, READS = 25, 50
"""Number of repetitions by each thread, and of reads of each key by each child."""

YEAR = 365 * 86_400
"""A year, in seconds."""

_KEY = "otp/key"


class StoreContract(_Base):
    """A mixin for `unittest.TestCase`: inherit it, and define `make_store`."""

    def make_store(self) -> Store:
        """Return a store without entries, and register a cleanup that closes it."""
        raise NotImplementedError

    def share_store(self, store: Store) -> Store:
        """Return a second store with the same entries, such as another process or machine would use.

        Args:
            store: The store that `make_store` returned. Return this store if no second one can exist.
        """
        return store

    def caller_transaction(self) -> AbstractContextManager[object]:
        """Return a context manager that opens a transaction of the program, and rolls it back at the end.

        For example, with Django:

            @contextmanager
            def caller_transaction(self):
                with transaction.atomic():
                    yield
                    transaction.set_rollback(True)

        Without this method, the test that an entry survives the rollback is skipped.
        """
        raise unittest.SkipTest("caller_transaction() is not defined")

    def test_nothing_is_there(self) -> None:
        """A missing entry is read as None, and can be neither replaced nor deleted."""
        store = self.make_store()
        self.assertIsNone(store.get(_KEY))
        self.assertIs(False, store.swap(_KEY, "old", "new"))
        self.assertIs(False, store.swap(_KEY, "old", None))
        self.assertIs(True, store.swap(_KEY, None, None))
        self.assertIsNone(store.get(_KEY))

    def test_an_entry_is_made_replaced_and_deleted(self) -> None:
        """Each swap whose old text is stored writes the new text, which is then read."""
        store = self.make_store()
        for _ in range(2):
            self.assertIs(True, store.swap(_KEY, None, "one"))
            self.assertEqual("one", store.get(_KEY))
            self.assertIs(True, store.swap(_KEY, "one", "two"))
            self.assertEqual("two", store.get(_KEY))
            self.assertIs(True, store.swap(_KEY, "two", "two"))
            self.assertEqual("two", store.get(_KEY))
            self.assertIs(True, store.swap(_KEY, "two", None))
            self.assertIsNone(store.get(_KEY))

    def test_something_else_is_there(self) -> None:
        """A swap whose old text is not stored returns False and changes nothing."""
        store = self.make_store()
        store.swap(_KEY, None, "one")
        for old, new in ((None, "two"), (None, "one"), ("two", "three"), ("two", "one"), ("two", "two")):
            self.assertIs(False, store.swap(_KEY, old, new), f"{old} to {new}")
            self.assertEqual("one", store.get(_KEY))
        for old in (None, "two"):
            self.assertIs(False, store.swap(_KEY, old, None), f"{old} to nothing")
            self.assertEqual("one", store.get(_KEY))

    def test_texts_come_back_as_they_were(self) -> None:
        """Each text is read as it was written, as a str."""
        store = self.make_store()
        old = None
        for text in TEXTS:
            self.assertIs(True, store.swap(_KEY, old, text), f"{text!r:.40}")
            found = store.get(_KEY)
            self.assertIs(str, type(found))
            self.assertEqual(text, found)
            old = text

    def test_texts_are_compared_whole(self) -> None:
        """No text is confused with another that differs in case, in white space, or at its end."""
        store = self.make_store()
        old = None
        for text in TEXTS:
            store.swap(_KEY, old, text)
            for other in TEXTS:
                if other != text:
                    self.assertIs(False, store.swap(_KEY, other, "new"), f"{other!r:.40} for {text!r:.40}")
                    self.assertIs(False, store.swap(_KEY, other, None), f"{other!r:.40} for {text!r:.40}")
            self.assertEqual(text, store.get(_KEY))
            old = text

    def test_keys_are_kept_apart(self) -> None:
        """No key is confused with one that differs in case or white space, or that looks like a pattern."""
        store = self.make_store()
        for number, key in enumerate(KEYS):
            self.assertIs(True, store.swap(key, None, f"made {number}"), f"{key!r} is new")
        for number, key in enumerate(KEYS):
            self.assertIs(True, store.swap(key, f"made {number}", f"kept {number}"), f"{key!r} was changed")
        for number, key in enumerate(KEYS):
            self.assertEqual(f"kept {number}", store.get(key), f"{key!r} was changed")
            self.assertIs(True, store.swap(key, f"kept {number}", None))
            self.assertIsNone(store.get(key), f"{key!r} is still there")

    def test_others_see_it_at_once(self) -> None:
        """A text that one store wrote is read and replaced by another store with the same entries."""
        one = self.make_store()
        two = self.share_store(one)
        old = None
        for number in range(ROUNDS):
            writer, reader = (one, two) if number % 2 else (two, one)
            self.assertEqual(old, writer.get(_KEY))
            self.assertIs(True, writer.swap(_KEY, old, str(number)))
            self.assertEqual(str(number), reader.get(_KEY))
            self.assertIs(False, reader.swap(_KEY, old, "late"))
            old = str(number)
        self.assertIs(True, one.swap(_KEY, old, None))
        self.assertIsNone(two.get(_KEY))

    def test_exactly_one_makes_an_entry(self) -> None:
        """If several threads create one entry at the same moment, exactly one gets True."""
        self._race(None, [f"made by {thread}" for thread in range(THREADS)])

    def test_exactly_one_replaces_an_entry(self) -> None:
        """If several threads replace one entry at the same moment, exactly one gets True."""
        self._race("old", [f"replaced by {thread}" for thread in range(THREADS)])

    def test_exactly_one_deletes_an_entry(self) -> None:
        """If several threads delete one entry at the same moment, exactly one gets True."""
        self._race("old", [None] * THREADS)

    def test_no_write_is_lost(self) -> None:
        """Threads that increment one number lose no increment, and do not change each other's entries."""
        store = self.make_store()
        stores = [store, self.share_store(store)]
        store.swap(_KEY, None, "0")

        def count(thread: int) -> None:
            mine, own = stores[thread % 2], None
            for number in range(ROUNDS):
                self.assertIs(True, mine.swap(f"otp/{thread}", own, str(number)), "another thread changed it")
                own = str(number)
                counted = False
                while not counted:
                    old = mine.get(_KEY) or ""
                    counted = mine.swap(_KEY, old, str(int(old) + 1))

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(count, range(THREADS)))
        self.assertEqual(str(THREADS * ROUNDS), store.get(_KEY))

    def test_an_entry_does_not_expire(self) -> None:
        """An entry is still there a year later. If it expired, a used code would be accepted again."""
        store = self.make_store()
        self.assertIs(True, store.swap(_KEY, None, "one"))
        wall = mock.patch("time.time", return_value=time.time() + YEAR)
        monotonic = mock.patch("time.monotonic", return_value=time.monotonic() + YEAR)
        with wall, monotonic:
            self.assertEqual("one", store.get(_KEY))
            self.assertIs(True, store.swap(_KEY, "one", "two"))
        self.assertEqual("two", store.get(_KEY))

    def test_a_rollback_of_the_caller_changes_nothing(self) -> None:
        """An entry that was written inside the program's transaction survives the rollback."""
        store = self.make_store()
        self.assertIs(True, store.swap("otp/before", None, "one"))
        with self.caller_transaction():
            self.assertIs(True, store.swap("otp/inside", None, "one"))
            self.assertIs(True, store.swap("otp/before", "one", "two"))
        self.assertEqual("one", store.get("otp/inside"), "the rollback undid a write")
        self.assertEqual("two", store.get("otp/before"), "the rollback undid a write")

    def test_errors_are_store_errors(self) -> None:
        """A text that cannot be stored raises StoreError, not a driver's error, and harms no other entry."""
        store = self.make_store()
        self.assertIs(True, store.swap(_KEY, None, "one"))
        for awkward in AWKWARD:
            for call in (
                lambda text: store.get(text),
                lambda text: store.swap(text, None, "one"),
                lambda text: store.swap(text, "one", None),
                lambda text: store.swap("otp/awkward", None, text),
                lambda text: store.swap("otp/awkward", text, None),
            ):
                with suppress(StoreError):
                    call(awkward)
                self.assertEqual("one", store.get(_KEY))
        self.assertIs(True, store.swap(_KEY, "one", "two"))

    def test_forked_children_read_what_is_there(self) -> None:
        """Forked children of a process that has used the store read each key's own text concurrently.

        StoreError is allowed, because a store may refuse to work in a child. Another key's text is a failure.
        """
        if not hasattr(os, "fork"):  # pragma: no cover - no such system measures coverage
            raise unittest.SkipTest("this system has no fork")
        store = self.make_store()
        keys = [f"otp/{number}" for number in range(CHILDREN)]
        for key in keys:
            self.assertIs(True, store.swap(key, None, f"text of {key}"))
        # Several threads at once leave several idle connections, if the store has connections.
        with ThreadPoolExecutor(CHILDREN) as pool:
            list(pool.map(store.get, keys * READS))
        ready, go = os.pipe()
        children = [self._fork(store, keys[number:] + keys[:number], ready, go) for number in range(CHILDREN)]
        os.close(ready)
        os.close(go)
        self.assertEqual([0] * CHILDREN, [_end_of(child) for child in children], "a child read a wrong text")
        for key in keys:
            self.assertEqual(f"text of {key}", store.get(key))
        self.assertIs(True, store.swap(keys[0], f"text of {keys[0]}", "changed by the parent"))

    def _race(self, old: str | None, news: list[str | None]) -> None:
        """Run threads that swap the same entry at the same moment. Each round uses a new entry."""
        store = self.make_store()
        stores = [store, self.share_store(store)]
        start = threading.Barrier(THREADS)

        def swap(number: int, thread: int) -> bool:
            start.wait(TIMEOUT)
            return stores[thread % 2].swap(f"otp/{number}", old, news[thread])

        with ThreadPoolExecutor(THREADS) as pool:
            for number in range(ROUNDS):
                store.swap(f"otp/{number}", None, old)
                won = list(pool.map(swap, [number] * THREADS, range(THREADS)))
                self.assertEqual([True], [each for each in won if each], "exactly one gets True")
                self.assertEqual(news[won.index(True)], store.get(f"otp/{number}"), "the winner's text")

    def _fork(self, store: Store, keys: list[str], ready: int, go: int) -> int:
        """Start a child that reads keys once all children run, and exits with 0 if every text is right."""
        child = os.fork()
        if child == 0:  # pragma: no cover - a forked child is not measured
            status, wrong = 2, 0
            try:
                os.close(go)
                os.read(ready, 1)  # until the parent closes the other end
                for key in keys * READS:
                    with suppress(StoreError):
                        wrong |= store.get(key) != f"text of {key}"
                status = wrong
            finally:
                os._exit(status)  # the child must not run the parent's other tests
        return child


def _end_of(child: int) -> int:
    """Wait for a child, and return its status; a child that hangs is killed."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:  # pragma: no branch - no child of a good store hangs
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)  # pragma: no cover - no child of a good store hangs
    os.waitpid(child, 0)  # pragma: no cover - the same
    return -1  # pragma: no cover - the same
