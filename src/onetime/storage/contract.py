"""What a store must do, as tests that every store inherits: the library's own, and those that you write.

    class RedisStoreTest(StoreContract, unittest.TestCase):
        def make_store(self) -> Store:
            store = RedisStore(...)
            self.addCleanup(store.close)
            return store

It finds what makes a verifier unsafe: a read and a write that are two steps, keys or texts that are taken
for each other, entries that outlive their deletion. It cannot find a store that forgets in a power cut.
"""

# ruff: noqa: PT009 - the tests are those of unittest

import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from onetime.storage.store import Store

if TYPE_CHECKING:
    _Base = unittest.TestCase
else:
    _Base = object

THREADS = 8
TIMEOUT = 60
"""Seconds after which a thread that waits for the others gives up."""

ROUNDS = 25
LONGEST = 5000
"""Characters; more than any record has."""

_KEY = "otp/key"
_PRINTABLE = "".join(map(chr, range(32, 127)))
_KEYS = (
    "otp/alice",
    "otp/Alice",
    "otp/alice ",
    " otp/alice",
    "otp/alice\n",
    "otp//alice",
    "otp/alice/",
    "delivered/alice",
    "recovery/alice",
    "otp/a_ice",
    "otp/a%",
    "otp/%",
    "otp/%s",
    "otp/%41",
    "otp/a*",
    "otp/?",
    "otp/:1",
    "otp/$1",
    "otp/'",
    "otp/''",
    'otp/"; DROP TABLE onetime; --',
    "otp/\\",
    "otp/\\\\",
    "otp/" + _PRINTABLE,
    "otp/0",
    "otp/00",
    "otp/0.0",
    "otp/caf\u00e9",
    "otp/cafe\u0301",
    "otp/cafe",
    "otp/stra\u00dfe",
    "otp/strasse",
    "otp/\u0130",
    "otp/i",
    "otp/\u0131",
    "otp/\uff11",
    "otp/1",
    "otp/\u200b1",
    "otp/\U0001f511",
    "delivered/" + "k" * 199,
    "delivered/" + "k" * 200,
    "delivered/" + "k" * 199 + "l",
    "delivered/" + "\U0001f511" * 200,
)
"""Keys that a store might take for each other; the longest have 210 characters."""

_TEXTS = (
    "totp1 59240000 0 0 0 0 0 0 12345678901234567890 1234567890",
    "",
    " ",
    "a",
    "A",
    "a ",
    " a",
    "a%",
    "a_",
    "0",
    "00",
    "1e3",
    "null",
    "None",
    _PRINTABLE,
    "two\nlines\r\n\tand a tab",
    "caf\u00e9 \U0001f511",
    "x" * LONGEST,
    "x" * (LONGEST - 1) + "y",
    "x" * (LONGEST - 1),
)
"""Texts that a store might take for each other. Records are printable ASCII; a store takes any text."""


class StoreContract(_Base):
    """A mixin for `unittest.TestCase`: inherit it, and say how a store is made."""

    def make_store(self) -> Store:
        """Return a store without entries; close it in a cleanup."""
        raise NotImplementedError

    def share_store(self, store: Store) -> Store:
        """Return another store with the same entries, as another process or machine would have.

        Args:
            store: What `make_store` returned. It is returned itself if there can be no other.
        """
        return store

    def test_nothing_is_there(self) -> None:
        """An entry that was never written is None, and can be neither replaced nor deleted."""
        store = self.make_store()
        self.assertIsNone(store.get(_KEY))
        self.assertIs(False, store.swap(_KEY, "old", "new"))
        self.assertIs(False, store.swap(_KEY, "old", None))
        self.assertIs(True, store.swap(_KEY, None, None))
        self.assertIsNone(store.get(_KEY))

    def test_an_entry_is_made_replaced_and_deleted(self) -> None:
        """Each swap whose old text is there writes, and what it wrote is read."""
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
        """A swap whose old text is not there says False and changes nothing."""
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
        for text in _TEXTS:
            self.assertIs(True, store.swap(_KEY, old, text), f"{text!r:.40}")
            found = store.get(_KEY)
            self.assertIs(str, type(found))
            self.assertEqual(text, found)
            old = text

    def test_texts_are_compared_whole(self) -> None:
        """No text is taken for another: not in another case, with another space, or up to its end."""
        store = self.make_store()
        old = None
        for text in _TEXTS:
            store.swap(_KEY, old, text)
            for other in _TEXTS:
                if other != text:
                    self.assertIs(False, store.swap(_KEY, other, "new"), f"{other!r:.40} for {text!r:.40}")
                    self.assertIs(False, store.swap(_KEY, other, None), f"{other!r:.40} for {text!r:.40}")
            self.assertEqual(text, store.get(_KEY))
            old = text

    def test_keys_are_kept_apart(self) -> None:
        """No key is taken for another: not in another case, with another space, or as a pattern."""
        store = self.make_store()
        for number, key in enumerate(_KEYS):
            self.assertIs(True, store.swap(key, None, f"made {number}"), f"{key!r} is new")
        for number, key in enumerate(_KEYS):
            self.assertIs(True, store.swap(key, f"made {number}", f"kept {number}"), f"{key!r} was changed")
        for number, key in enumerate(_KEYS):
            self.assertEqual(f"kept {number}", store.get(key), f"{key!r} was changed")
            self.assertIs(True, store.swap(key, f"kept {number}", None))
            self.assertIsNone(store.get(key), f"{key!r} is still there")

    def test_others_see_it_at_once(self) -> None:
        """What one store wrote, another with the same entries reads next, and swaps by."""
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
        """Of threads that make one entry at the same moment, exactly one is told that it did."""
        self._race(None, [f"made by {thread}" for thread in range(THREADS)])

    def test_exactly_one_replaces_an_entry(self) -> None:
        """Of threads that replace one entry at the same moment, exactly one is told that it did."""
        self._race("old", [f"replaced by {thread}" for thread in range(THREADS)])

    def test_exactly_one_deletes_an_entry(self) -> None:
        """Of threads that delete one entry at the same moment, exactly one is told that it did."""
        self._race("old", [None] * THREADS)

    def test_no_write_is_lost(self) -> None:
        """Threads that count in one entry lose no count, and none interferes with another's entry."""
        store = self.make_store()
        stores = [store, self.share_store(store)]
        store.swap(_KEY, None, "0")

        def count(thread: int) -> None:
            mine, own = stores[thread % 2], None
            for number in range(ROUNDS):
                self.assertIs(True, mine.swap(f"otp/{thread}", own, str(number)), "nobody else's entry")
                own = str(number)
                counted = False
                while not counted:
                    old = mine.get(_KEY) or ""
                    counted = mine.swap(_KEY, old, str(int(old) + 1))

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(count, range(THREADS)))
        self.assertEqual(str(THREADS * ROUNDS), store.get(_KEY))

    def _race(self, old: str | None, news: list[str | None]) -> None:
        """Let threads swap one entry at the same moment, in each round another."""
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
                self.assertEqual([True], [each for each in won if each], "exactly one is told that it won")
                self.assertEqual(news[won.index(True)], store.get(f"otp/{number}"), "the winner's is there")
