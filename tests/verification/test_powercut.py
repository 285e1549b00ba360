"""What was told survives a power cut."""

import random
import unittest
from pathlib import Path

from tests.support import posix, program
from tests.verification import powercut
from tests.verification.disk import FATES, SECTOR, Disk, Event, Reader

SEED = 20_260_731


class PowerCut(unittest.TestCase):
    def setUp(self) -> None:
        posix()
        program("strace")

    def test_no_verdict_that_was_told_is_lost(self) -> None:
        """H22, T25, K13: on each disk that a cut can leave, the store holds every verdict that it told."""
        report = powercut.cut(powercut.SHIPPED, 300, SEED)
        self.assertEqual({trouble: [] for trouble in powercut.TROUBLES}, report.found, f"seed {SEED}")
        # The log was written back to the database while it was in use, and not only when it was closed.
        self.assertGreater(report.checkpoints, 3)

    def test_other_settings_lose(self) -> None:
        """A log that is not synced at each commit, and a journal whose end is not, are seen to lose."""
        for setting in powercut.LOSING:
            with self.subTest(setting):
                report = powercut.cut(setting, 60, SEED)
                self.assertGreater(len(report.found["lost"]), 0)


class Model(unittest.TestCase):
    """The disk promises what a sync promises, and no more."""

    OLD, NEW = b"o" * SECTOR, b"n" * SECTOR

    def disk(self, *events: Event) -> Disk:
        """A folder with a file of two sectors, and what came after."""
        disk = Disk()
        for event in (Event("create", "file", 0), Event("write", "file", 0, 0, self.OLD * 2), *events):
            disk.apply(event)
        return disk

    def outcomes(self, disk: Disk) -> set[str]:
        """What a cut can leave of the file: a letter for each sector, or "none"."""
        letters = {self.OLD: "o", self.NEW: "n", bytes(SECTOR): "0"}
        source = random.Random(SEED)
        found = set()
        for image in (disk.image(fate, source) for fate in FATES for _ in range(100)):
            content = bytes(image.get("file", b""))
            sectors = [content[start : start + SECTOR] for start in range(0, len(content), SECTOR)]
            found.add("".join(letters.get(sector, "?") for sector in sectors) if "file" in image else "none")
        return found

    def test_what_is_synced_is_there(self) -> None:
        """With the file and its folder synced there is one outcome."""
        self.assertEqual({"oo"}, self.outcomes(self.disk(Event("sync", "file", 0), Event("folder"))))

    def test_an_entry_needs_its_folder(self) -> None:
        """A synced file may be missing before its folder is synced, and be there after it is removed."""
        made = self.disk(Event("sync", "file", 0))
        self.assertEqual({"none", "oo"}, self.outcomes(made))
        removed = self.disk(Event("sync", "file", 0), Event("folder"), Event("unlink", "file", 0))
        self.assertEqual({"none", "oo"}, self.outcomes(removed))
        linked = self.disk(Event("sync", "file", 0), Event("folder"), Event("link", "other", 0))
        images = [linked.image(fate, random.Random(SEED)) for fate in FATES]
        self.assertEqual({1, 2}, {len(image) for image in images})
        self.assertEqual({"oo"}, self.outcomes(linked))

    def test_a_write_needs_its_file(self) -> None:
        """A write that is not synced is there, or not, or one sector of it is."""
        write = Event("write", "file", 0, 0, self.NEW * 2)
        disk = self.disk(Event("sync", "file", 0), Event("folder"), write)
        self.assertEqual({"oo", "nn", "on", "no"}, self.outcomes(disk))

    def test_a_size_needs_its_file(self) -> None:
        """A file that grew may have its new size without its content; one cut short is old or new."""
        grown = Event("write", "file", 0, 2 * SECTOR, self.NEW)
        disk = self.disk(Event("sync", "file", 0), Event("folder"), grown)
        self.assertEqual({"oo", "oon", "oo0", "oo?"}, self.outcomes(disk))
        shrunk = Event("resize", "file", 0, SECTOR)
        disk = self.disk(Event("sync", "file", 0), Event("folder"), shrunk)
        self.assertEqual({"oo", "o"}, self.outcomes(disk))

    def test_a_call_that_is_not_modelled_is_an_error(self) -> None:
        """A trace with a call on the folder that the model does not know cannot prove anything."""
        folder = Path("/folder")
        inside, outside = ("".join(f"\\x{byte:02x}" for byte in path) for path in (b"/folder/file", b"/else"))
        opened = f'1 openat(AT_FDCWD<{outside}>, "{inside}", O_RDWR|O_CREAT, 0600) = 3<{inside}>'
        renamed = f'1 rename("{inside}", "{outside}") = 0'
        written = f'1 write(3<{inside}>, "\\x61", 1) = 1'
        for call in (renamed, written, opened.replace("O_CREAT", "O_TRUNC"), "1 write(3, <unfinished ...>"):
            with self.subTest(call), self.assertRaises(ValueError):
                Reader(folder).read([opened, call])
        strange = f'1 rename("{outside}", "{outside}") = 0'
        failed = f'1 rename("{inside}", "{outside}") = -1 ENOENT (No such file or directory)'
        self.assertEqual(
            [Event("create", "file", 0)], Reader(folder).read([opened, strange, failed, "1 +++ exited +++"])
        )
