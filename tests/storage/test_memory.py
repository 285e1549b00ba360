"""The store in memory."""

import unittest
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from unittest import mock

from onetime.errors import StoreError
from onetime.storage.memory import MemoryStore
from onetime.storage.store import Store
from onetime.testing import StoreContract
from tests.support.children import in_child


class InMemory(StoreContract, unittest.TestCase):
    def make_store(self) -> Store:
        return MemoryStore()

    def caller_transaction(self) -> AbstractContextManager[object]:
        # A program has no transactions in its own memory.
        return nullcontext()

    def test_a_forked_child_is_refused(self) -> None:
        """The child's copy would accept a code once more, so it is StoreError; the parent goes on."""
        memory = MemoryStore()
        memory.swap("otp/key", None, "one")

        def child() -> None:
            with self.assertRaises(StoreError):
                memory.get("otp/key")
            with self.assertRaises(StoreError):
                memory.swap("otp/key", "one", "two")
            own = MemoryStore()
            self.assertTrue(own.swap("otp/key", None, "one"))

        in_child(child)
        self.assertTrue(memory.swap("otp/key", "one", "two"))

    def test_a_swap_is_one_step(self) -> None:
        """K14: it compares and writes while it holds the lock."""
        memory = MemoryStore()
        looks: list[bool] = []

        class Entries(dict[str, str]):
            def get(self, *given: Any) -> Any:
                looks.append(memory._lock.locked())
                return super().get(*given)

            def __setitem__(self, key: str, value: str) -> None:
                looks.append(memory._lock.locked())
                super().__setitem__(key, value)

        memory._entries = Entries()
        memory.swap("otp/key", None, "one")
        self.assertEqual([True, True], looks)
        self.assertFalse(memory._lock.locked())

    def test_another_process_is_told_by_its_number(self) -> None:
        """Another process than the one that made the store is refused, whatever made it."""
        memory = MemoryStore()
        calls = lambda: memory.get("otp/key"), lambda: memory.swap("otp/key", None, "one"), memory.items
        for call in calls:
            with mock.patch("os.getpid", return_value=-1), self.assertRaisesRegex(StoreError, "forked child"):
                call()

    def test_items_are_a_snapshot_in_order(self) -> None:
        """Entries come sorted, as they were at the call, whatever is written meanwhile."""
        memory = MemoryStore()
        for key in ("otp/b", "otp/a", "other/a"):
            self.assertTrue(memory.swap(key, None, key.upper()))
        items = memory.items("otp/")
        self.assertTrue(memory.swap("otp/b", "OTP/B", None))
        self.assertEqual([("otp/a", "OTP/A"), ("otp/b", "OTP/B")], list(items))
        self.assertEqual(["other/a", "otp/a"], [key for key, _ in memory.items()])
