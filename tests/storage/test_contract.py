"""The contract finds each kind of store that makes a verifier unsafe, and passes a good one."""

import threading
import unittest
from collections.abc import Callable

from onetime.storage import contract
from onetime.storage.memory import MemoryStore
from onetime.storage.store import Store
from onetime.testing import StoreContract


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
