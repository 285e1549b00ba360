"""What was told survives a power cut."""

import random
import unittest
from pathlib import Path

from tests.soak import powercut
from tests.support import posix, program, thorough
from tests.support.disk import FATES, SECTOR, Disk, Event, Reader

SEED = 20_260_731


class PowerCut(unittest.TestCase):
    def setUp(self) -> None:
        posix()
        program("strace")

    def test_no_verdict_that_was_told_is_lost(self) -> None:
        """H22, T25, K13: on each disk that a cut can leave, the store holds every verdict that it told."""
        report = powercut.cut(powercut.SHIPPED, thorough(300, 100), SEED)
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

    def test_a_call_that_is_not_modeled_is_an_error(self) -> None:
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


def hexadecimal(text: str) -> str:
    """Write a text as `strace -xx` does."""
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


class Interleaved(unittest.TestCase):
    """F14: strace splits a call in two lines when another process or thread comes in between."""

    FOLDER = Path("/folder")

    def read(self, *lines: str) -> list[Event]:
        return Reader(self.FOLDER).read(f"{line}\n" for line in lines)

    def opened(self, name: str, descriptor: int = 3) -> str:
        path = hexadecimal(f"/folder/{name}")
        return f'openat(AT_FDCWD<{hexadecimal("/")}>, "{path}", O_RDWR|O_CREAT, 0600) = {descriptor}<{path}>'

    def written(self, name: str, data: str, offset: int, descriptor: int = 3) -> str:
        path = hexadecimal(f"/folder/{name}")
        return f'pwrite64({descriptor}<{path}>, "{hexadecimal(data)}", {len(data)}, {offset}) = {len(data)}'

    def synced(self, name: str, descriptor: int = 3) -> str:
        return f"fsync({descriptor}<{hexadecimal(f'/folder/{name}')}>) = 0"

    def split(self, thread: int, line: str, source: random.Random) -> list[str]:
        """Split a call where strace may do so, in either of its spellings, or leave it whole."""
        begin, _, result = line.rpartition(") = ")
        call = line.partition("(")[0]
        whole = f"{thread} {line}"
        split = [f"{thread} {begin} <unfinished ...>", f"{thread} <... {call} resumed>) = {result}"]
        padded = [split[0].replace(" ", "   ", 1), f"{thread}  <... {call} resumed> )     = {result}"]
        return source.choice(([whole], split, padded))

    def test_a_split_call_is_joined(self) -> None:
        """F14: whatever the order of the lines, each process did what it did, in its own order."""
        for seed in range(300):
            source = random.Random(seed)
            threads = range(100, 100 + source.randint(2, 5))
            calls, lines = {}, {}
            for thread in threads:
                name = f"file{thread}"
                expected = [("create", name, 0, b"")]
                texts = [self.opened(name)]
                for _ in range(source.randint(1, 8)):
                    if source.random() < 0.3:
                        texts.append(self.synced(name))
                        expected.append(("sync", name, 0, b""))
                    else:
                        offset = source.randint(0, 9999)
                        data = source.choice(("x", "<unfinished ...>", "= 7", "<... fsync resumed>) = 0"))
                        texts.append(self.written(name, data, offset))
                        expected.append(("write", name, offset, data.encode()))
                calls[name] = expected
                lines[thread] = [part for text in texts for part in self.split(thread, text, source)]
                lines[thread].append(f"{thread} +++ exited with 0 +++")
            mixed = []
            while any(lines.values()):
                mixed.append(lines[source.choice([thread for thread in threads if lines[thread]])].pop(0))
            with self.subTest(seed):
                events = self.read(*mixed)
                for name, expected in calls.items():
                    found = [(e.kind, e.name, e.offset, e.data) for e in events if e.name == name]
                    self.assertEqual(expected, found)
                self.assertEqual(list(range(len(events))), [event.number for event in events])

    def test_threads_share_descriptors(self) -> None:
        """F14: a thread works with what another thread of its process opened, also one that began it late."""
        shared = "CLONE_VM|CLONE_FILES|CLONE_THREAD"
        events = self.read(
            f"1 clone3({{flags={shared}}} <unfinished ...>",
            f"2 clone3({{flags={shared}}} => {{parent_tid=[3]}}, 88) = 3",
            f"3 {self.opened('shared')}",
            f"2 {self.written('shared', 'two', 0)}",
            "1 <... clone3 resumed> => {parent_tid=[2]}, 88) = 2",
            f"1 {self.written('shared', 'one', 3)}",
            "1 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 4",
            f"4 {self.opened('own')}",
            f"4 {self.written('own', 'four', 0)}",
        )
        self.assertEqual(["create", "write", "write", "create", "write"], [event.kind for event in events])
        self.assertEqual([0, 0, 0, 1, 1], [event.file for event in events])

    def test_a_descriptor_is_free_when_its_closing_begins(self) -> None:
        """F14: another thread may be given it before the call returns."""
        first = hexadecimal("/folder/first")
        events = self.read(
            "1 clone3({flags=CLONE_THREAD}, 88) = 2",
            f"1 {self.opened('first')}",
            f"1 close(3<{first}> <unfinished ...>",
            f"2 {self.opened('second')}",
            "1 <... close resumed>) = 0",
            f"2 {self.written('second', 'x', 0)}",
        )
        self.assertEqual(("write", 1), (events[-1].kind, events[-1].file))

    def test_a_sync_covers_what_was_done_before_it_began(self) -> None:
        """F14: what another thread wrote while it ran may be lost, and so may an entry made meanwhile."""
        begin, end = self.synced("shared").rsplit(") = ", 1)[0], "<... fsync resumed>) = 0"
        folder = hexadecimal("/folder")
        events = self.read(
            "1 clone3({flags=CLONE_THREAD}, 88) = 2",
            f"1 {self.opened('shared')}",
            f"1 {self.written('shared', 'before', 0)}",
            f'1 openat(AT_FDCWD<{hexadecimal("/")}>, "{folder}", O_RDONLY) = 4<{folder}>',
            f"1 {begin} <unfinished ...>",
            f"2 {self.written('shared', 'during', 0)}",
            f"1 {end}",
            f"1 fsync(4<{folder}> <unfinished ...>",
            f"2 {self.opened('late', 5)}",
            f"2 {self.written('late', 'unlost', 0, 5)}",
            f"1 {end}",
        )
        disk = Disk()
        for event in events:
            disk.apply(event)
        source = random.Random(SEED)
        self.assertEqual({"shared": bytearray(b"before")}, disk.image("nothing", source))
        self.assertEqual(["during", "", "unlost"], [event.data.decode() for event in disk.pending])
        images = [disk.image("everything", source) for _ in range(20)]
        self.assertIn({"shared": bytearray(b"during"), "late": bytearray(b"unlost")}, images)

    def test_a_trace_that_cannot_be_joined_is_an_error(self) -> None:
        """F14: a call never returns, returns without a beginning, or returns as another one."""
        begin = f"1 fsync(3<{hexadecimal('/folder/x')}> <unfinished ...>"
        for lines in (
            [begin],
            ["1 <... fsync resumed>) = 0"],
            [begin, "2 <... fsync resumed>) = 0", "1 <... fsync resumed>) = 0"],
            [begin, "1 <... write resumed>) = 0"],
            [begin, begin],
            [begin, f"1 {self.opened('y')}", "1 <... fsync resumed>) = 0"],
        ):
            with self.subTest(lines), self.assertRaises(ValueError):
                self.read(*lines)

    def test_a_process_that_is_killed_leaves_its_call_unfinished(self) -> None:
        """F14: strace then says so in one of two ways, and nothing is known of the call."""
        begin = self.synced("x").rsplit(") = ", 1)[0]
        opened = f"1 {self.opened('x')}"
        for end in (["1 +++ killed by SIGKILL +++"], ["1 <... fsync resumed> <unfinished ...>) = ?"]):
            with self.subTest(end):
                events = self.read(opened, f"1 {begin} <unfinished ...>", *end)
                self.assertEqual(["create"], [event.kind for event in events])

    def test_the_end_of_a_strange_line_is_shown(self) -> None:
        """F14: a line may be as long as a page of the database; what is strange about it is at its end."""
        line = f'1 pwrite64(3, "{hexadecimal("x" * 4096)}", 4096, 0) is strange'
        with self.assertRaises(ValueError) as caught:
            self.read(line)
        self.assertIn("1 pwrite64(3, ", str(caught.exception))
        self.assertTrue(str(caught.exception).endswith("4096, 0) is strange"))
        self.assertLess(len(str(caught.exception)), 400)
