"""The store in memory, the names of entries, the loop that settles, and the contract of all stores."""

import threading
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

from onetime.errors import StoreError
from onetime.verification import contract, store
from onetime.verification.contract import StoreContract
from onetime.verification.store import MAX_SWAPS, MemoryStore, Store, entry, settle
from tests.verification.children import in_child


class InMemory(StoreContract, unittest.TestCase):
    def make_store(self) -> Store:
        return MemoryStore()

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

    def test_another_process_is_told_by_its_mark(self) -> None:
        """What a fork does to the module, done here: the store is refused from then on."""
        with mock.patch.object(store, "_process", store._process):
            memory = MemoryStore()
            store._renew_process()
            with self.assertRaises(StoreError):
                memory.get("otp/key")
            with self.assertRaises(StoreError):
                memory.swap("otp/key", None, "one")


class Entries(unittest.TestCase):
    def test_an_entry_is_prefix_and_key(self) -> None:
        """Any text of 1 to 200 characters is a key, and is kept as it is."""
        for key in ("a", "a" * 200, " ", "otp/x", "é", "e\u0301", "\U0001f511" * 200, "\n", "\x01", "%"):
            with self.subTest(key):
                self.assertEqual(f"otp/{key}", entry("otp", key))

    def test_no_key(self) -> None:
        """K21: everything else is ValueError, and nothing else."""
        for key in ("", "a" * 201, "\0", "a\0", "\ud800", "a\udfff", None, 1, 0, b"a", True, ["a"], object()):
            with self.subTest(repr(key)[:20]), self.assertRaises(ValueError) as caught:
                entry("otp", key)
            self.assertIs(ValueError, caught.exception.__class__)


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


class Settling(unittest.TestCase):
    def test_a_lost_swap_is_decided_anew(self) -> None:
        """K38: each decision sees what is stored now, and the clock of now; the last one is the verdict."""
        rival = Rival("first", "second")
        times = iter((100, 200, 300))
        seen: list[tuple[str | None, int]] = []

        def decide(old: str | None) -> tuple[str, int]:
            seen.append((old, next(times)))
            return f"after {old}", len(seen)

        self.assertEqual(3, settle(rival, "otp/key", decide))
        self.assertEqual([(None, 100), ("first", 200), ("second", 300)], seen)
        self.assertEqual("after second", rival.get("otp/key"))

    def test_a_verdict_that_changes_nothing_is_not_written(self) -> None:
        """What is stored already needs no swap."""
        rival = Rival()
        rival.swap("otp/key", None, "one")
        self.assertEqual("verdict", settle(rival, "otp/key", lambda old: (old, "verdict")))
        self.assertEqual(1, rival.swaps)

    def test_a_deletion_is_settled(self) -> None:
        """None is stored by taking the entry away."""
        rival = Rival("other")
        settle(rival, "otp/key", lambda _: (None, None))
        self.assertEqual(0, rival.swaps, "there was nothing")
        rival.swap("otp/key", None, "one")
        settle(rival, "otp/key", lambda _: (None, None))
        self.assertIsNone(rival.get("otp/key"))

    def test_a_store_that_says_no_for_ever(self) -> None:
        """It ends in StoreError after MAX_SWAPS, and no verdict leaves."""
        broken = mock.Mock(spec=MemoryStore)
        broken.get.return_value = "old"
        broken.swap.side_effect = [False] * MAX_SWAPS
        with self.assertRaises(StoreError):
            settle(broken, "otp/key", lambda _: ("new", "verdict"))
        self.assertEqual(MAX_SWAPS, broken.swap.call_count)

    def test_what_is_raised_leaves(self) -> None:
        """Neither the store's errors nor those of the decision are caught, and nothing is written then."""
        rival = Rival()
        with self.assertRaises(ZeroDivisionError):
            settle(rival, "otp/key", lambda _: (str(1 // 0), None))
        self.assertEqual(0, rival.swaps)
        broken = mock.Mock(spec=MemoryStore)
        broken.get.return_value = None
        broken.swap.side_effect = StoreError("full")
        with self.assertRaises(StoreError):
            settle(broken, "otp/key", lambda _: ("new", "verdict"))


class Bad(MemoryStore):
    """A store that is broken in one way."""

    def __init__(self) -> None:
        super().__init__()
        self.all_have_read = threading.Barrier(contract.THREADS)


class TwoSteps(Bad):
    """It reads and then writes: while it thinks, all others read too."""

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        found = self.get(key)
        if threading.current_thread() is not threading.main_thread():
            self.all_have_read.wait(contract.TIMEOUT)
        if found != old:
            return False
        super().swap(key, self.get(key), new)
        return True


class AnyCase(Bad):
    """It takes keys in either case for the same."""

    def get(self, key: str) -> str | None:
        return super().get(key.lower())

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        return super().swap(key.lower(), old, new)


class Trimmed(Bad):
    """Spaces at the end of a key don't count."""

    def get(self, key: str) -> str | None:
        return super().get(key.rstrip(" "))

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        return super().swap(key.rstrip(" "), old, new)


class Short(Bad):
    """It cuts keys and texts at a length."""

    def get(self, key: str) -> str | None:
        return super().get(key[:200])

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        return super().swap(key[:200], old and old[:4096], new and new[:4096])


class NoDeletion(Bad):
    """It says that it deleted, and did not."""

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        return self.get(key) == old if new is None else super().swap(key, old, new)


class EmptyIsNothing(Bad):
    """It takes an empty text for no entry."""

    def get(self, key: str) -> str | None:
        return super().get(key) or None

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        return super().swap(key, old or None, new or None)


class AlwaysYes(Bad):
    """It writes only over the right text, and always says that it wrote."""

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        super().swap(key, old, new)
        return True


class Overwrites(Bad):
    """It makes an entry although there is one."""

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        return super().swap(key, self.get(key) if old is None else old, new)


class LooseTexts(Bad):
    """It compares texts in either case."""

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        found = self.get(key)
        same = found is not None and old is not None and found.lower() == old.lower()
        return super().swap(key, found if same else old, new)


class Numbers(Bad):
    """It says how many entries it wrote, not whether."""

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        return int(super().swap(key, old, new))  # type: ignore[return-value]  # that is what is wrong


class Stale(Bad):
    """What it read once it does not read again."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, str | None] = {}

    def get(self, key: str) -> str | None:
        return self.seen.setdefault(key, super().get(key))


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
        ):
            with self.subTest(bad.__name__, tests=tests):
                self.assertEqual(failing, failures(bad, tests))

    def test_it_passes_a_good_store(self) -> None:
        """The stores above fail for what they break, not for what they inherit."""
        names = {name for name in dir(StoreContract) if name.startswith("test_")}
        self.assertEqual(set(), failures(MemoryStore, names))

    def test_it_must_be_told_how_a_store_is_made(self) -> None:
        """A class that forgets `make_store` fails."""

        class Forgotten(StoreContract, unittest.TestCase):
            pass

        with self.assertRaises(NotImplementedError):
            Forgotten("test_nothing_is_there").make_store()


def failures(make: Callable[[], Store], tests: set[str]) -> set[str]:
    """Run tests of the contract on a store; name those that fail."""

    class Judged(StoreContract, unittest.TestCase):
        def make_store(self) -> Store:
            return make()

    result = unittest.TestResult()
    unittest.TestSuite(map(Judged, sorted(tests))).run(result)
    return {str(test.id()).rsplit(".", 1)[1] for test, _ in result.failures + result.errors}
