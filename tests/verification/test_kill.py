"""What the embedded store remembers of processes that were killed."""

import tempfile
import unittest
from collections.abc import Callable
from functools import partial
from pathlib import Path

from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from tests import support
from tests.soak.kill import WriteBehind, kill


def write_behind(opener: Callable[[], Store]) -> Store:
    return WriteBehind(opener())


class Killed(unittest.TestCase):
    def setUp(self) -> None:
        support.posix()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.opener = partial(SQLStore.sqlite, Path(folder.name, "store"))

    def test_nothing_acknowledged_is_lost(self) -> None:
        """K13, K14: after kill -9 no code is accepted twice, and no failure is forgotten."""
        kills = kill(self.opener, 50, "CI")
        self.assertEqual("", kills.fault)
        self.assertLessEqual(50, kills.kills)

    def test_nor_by_forked_children(self) -> None:
        """K13, K14: the same with a verifier that was made before the fork, and that the parent uses on."""
        self.assertEqual("", kill(self.opener, 20, "CI", inherited=True, children=2).fault)

    def test_a_store_that_writes_later_is_found(self) -> None:
        """K13: what is acknowledged before it is stored, a kill forgets."""
        self.assertNotEqual(
            "", kill(partial(write_behind, self.opener), 50, "CI", children=1, threads=1).fault
        )
