"""The entries of one kind in a store: their keys, and the loop that decides and swaps."""

import unittest
from typing import Any
from unittest import mock

from onetime.errors import StoreError
from onetime.storage.memory import MemoryStore
from onetime.storage.store import MAX_SWAPS, Records


class Keys(unittest.TestCase):
    def setUp(self) -> None:
        self.records = Records(MemoryStore(), "otp")

    def test_a_key_is_prefix_and_user(self) -> None:
        """F33: any text of 1 to 255 characters names a user, and is stored as it is."""
        for user in ("a", "a" * 255, " ", "otp/x", "é", "e\u0301", "\U0001f511" * 255, "\n", "\x01", "%"):
            with self.subTest(user):
                self.assertEqual(f"otp/{user}", self.records.key(user))

    def test_a_user_that_is_not_text(self) -> None:
        """F33, K21: TypeError, which says how to convert an id."""
        users: list[Any] = [None, 1, 0, b"a", True, ["a"], object()]
        for user in users:
            with self.subTest(repr(user)[:20]), self.assertRaisesRegex(TypeError, r"str\(\.\.\.\)"):
                self.records.key(user)

    def test_text_that_names_no_user(self) -> None:
        """K21: ValueError, which does not repeat the text."""
        for user in ("", "a" * 256, "\0", "a\0", "\ud800", "a\udfff"):
            with self.subTest(repr(user)[:20]), self.assertRaisesRegex(ValueError, "^user must") as caught:
                self.records.key(user)
            self.assertIs(ValueError, caught.exception.__class__)


class Stores(unittest.TestCase):
    def test_what_is_not_a_store(self) -> None:
        """F15: TypeError at once, which says how a store is made."""
        stores: list[Any] = ["otp.db", None, object(), MemoryStore, {}, mock.Mock(spec=["get"])]
        for store in stores:
            with self.subTest(repr(store)[:20]), self.assertRaisesRegex(TypeError, r"SQLStore\.sqlite"):
                Records(store, "otp")


class Rival(MemoryStore):
    """Before each of its first swaps, somebody else's write comes in between."""

    def __init__(self, *writes: str) -> None:
        super().__init__()
        self.writes = list(writes)
        self.swaps = 0

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        self.swaps += 1
        if self.writes:
            super().swap(key, self.get(key), self.writes.pop(0))
        return super().swap(key, old, new)


class Transactions(unittest.TestCase):
    def test_a_lost_swap_is_decided_anew(self) -> None:
        """K38: each decision sees what is stored now, and the clock of now; the last one is the verdict."""
        rival = Rival("first", "second")
        times = iter((100, 200, 300))
        seen: list[tuple[str | None, int]] = []

        def decide(old: str | None) -> tuple[str, int]:
            seen.append((old, next(times)))
            return f"after {old}", len(seen)

        self.assertEqual(3, Records(rival, "otp").transact("key", decide))
        self.assertEqual([(None, 100), ("first", 200), ("second", 300)], seen)
        self.assertEqual("after second", rival.get("otp/key"))

    def test_a_verdict_that_changes_nothing_is_not_written(self) -> None:
        """What is stored already needs no swap."""
        rival = Rival()
        rival.swap("otp/key", None, "one")
        self.assertEqual("verdict", Records(rival, "otp").transact("key", lambda old: (old, "verdict")))
        self.assertEqual(1, rival.swaps)

    def test_a_deletion(self) -> None:
        """None is stored by taking the entry away."""
        rival = Rival("other")
        Records(rival, "otp").delete("key")
        self.assertEqual(0, rival.swaps, "there was nothing")
        rival.swap("otp/key", None, "one")
        Records(rival, "otp").delete("key")
        self.assertIsNone(rival.get("otp/key"))

    def test_a_store_that_says_no_for_ever(self) -> None:
        """It ends in StoreError after MAX_SWAPS, and no verdict leaves."""
        broken = mock.Mock(spec=MemoryStore)
        broken.get.return_value = "old"
        broken.swap.side_effect = [False] * MAX_SWAPS
        with self.assertRaises(StoreError):
            Records(broken, "otp").transact("key", lambda _: ("new", "verdict"))
        self.assertEqual(MAX_SWAPS, broken.swap.call_count)

    def test_what_is_raised_leaves(self) -> None:
        """Neither the store's errors nor those of the decision are caught, and nothing is written then."""
        rival = Rival()
        with self.assertRaises(ZeroDivisionError):
            Records(rival, "otp").transact("key", lambda _: (str(1 // 0), None))
        self.assertEqual(0, rival.swaps)
        broken = mock.Mock(spec=MemoryStore)
        broken.get.return_value = None
        broken.swap.side_effect = StoreError("full")
        with self.assertRaises(StoreError):
            Records(broken, "otp").transact("key", lambda _: ("new", "verdict"))
