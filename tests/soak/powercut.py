"""`python3 -m tests.soak powercut`: no power cut makes the embedded store forget a verdict that it returned.

A child process works on a store in an empty folder and tells each verdict by a write to its standard
output. strace notes that and every other call that changes a file, and `disk` makes of it what a cut at
any moment could leave. Each such image is opened by the same store. It must hold what had been told by
then, or that and the one change that was under way.
"""

import argparse
import hashlib
import json
import os
import random
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from onetime import HOTP, TOTP, Secret
from onetime.errors import OnetimeError, StoreError
from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from onetime.verification.state import State
from onetime.verification.verifier import Verifier
from tests.support import program
from tests.support.disk import CALLS, FATES, UNSYNCED, Disk, Event, Image, Reader

DATABASE = "store.db"
START = 1_700_000_000
"""The clock at the beginning, Unix time in seconds."""


class ClosingStore(Protocol):
    """A store that can be closed."""

    def get(self, key: str, /) -> str | None: ...

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool: ...

    def close(self) -> None: ...


class PlainStore:
    """The embedded store as one would write it by hand, in a setting that loses."""

    def __init__(self, path: Path, journal_mode: str, synchronous: str) -> None:
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute(f"PRAGMA journal_mode={journal_mode}").fetchall()
            self._connection.execute(f"PRAGMA synchronous={synchronous}")
            self._connection.execute("CREATE TABLE IF NOT EXISTS onetime (key TEXT PRIMARY KEY, value TEXT)")
        except sqlite3.Error as error:
            raise StoreError(str(error)) from error

    def get(self, key: str) -> str | None:
        try:
            rows = self._connection.execute("SELECT value FROM onetime WHERE key = ?", (key,)).fetchall()
        except sqlite3.Error as error:
            raise StoreError(str(error)) from error
        return str(rows[0][0]) if rows else None

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                if self.get(key) != old:
                    return False
                self._connection.execute("DELETE FROM onetime WHERE key = ?", (key,))
                if new is not None:
                    self._connection.execute("INSERT INTO onetime VALUES (?, ?)", (key, new))
        except sqlite3.Error as error:
            raise StoreError(str(error)) from error
        return True

    def close(self) -> None:
        self._connection.close()


SETTINGS: dict[str, Callable[[Path], ClosingStore]] = {
    "shipped": lambda path: SQLStore.sqlite(path),
    "WAL, synchronous=NORMAL": lambda path: PlainStore(path, "WAL", "NORMAL"),
    "DELETE, synchronous=FULL": lambda path: PlainStore(path, "DELETE", "FULL"),
}
SHIPPED, *LOSING = SETTINGS


class Act(NamedTuple):
    """One thing that is done to a store, and acknowledged.

    Attributes:
        kind: What is done.
        key: To which credential, or padding.
        generation: How often the credential was replaced.
        now: The clock, Unix time in seconds.
    """

    kind: str
    key: str
    generation: int
    now: int


class Acknowledgement(NamedTuple):
    """What the child tells after an act.

    Attributes:
        act: What was done.
        changed: The entries that were written, each as a digest of its text; None for one removed.
        accepted: The code that was accepted, if one was.
    """

    act: Act
    changed: dict[str, str | None]
    accepted: str | None


def plan(seed: int) -> list[list[Act]]:
    """Draw the acts of three processes.

    The first ends without closing, so that the second finds a log to recover. The second has the store
    open twice, writes padding until the log is checkpointed (at 1000 pages) and begun anew, and closes.
    The third opens what that left.
    """
    source = random.Random(seed)
    keys = ("phone", "fob")
    generations = dict.fromkeys((*keys, "pad/0", "pad/1"), 0)
    acts: list[list[Act]] = []
    number = 0

    def act(kind: str, key: str) -> None:
        nonlocal number
        number += 1
        # Always another secret: an HOTP that is enrolled again with the same one begins at 0 again.
        generations[key] += kind in ("replace", "forget")
        acts[-1].append(Act(kind, key, generations[key], START + 60 * number))

    kinds = ("right", "right", "right", "wrong", "wrong", "replay", "three", "replace", "unlock")
    for paddings in (0, 45, 2):
        acts.append([])
        for key in keys:
            act("enroll" if number < len(keys) else "right", key)
        for index in range(paddings):
            act("pad", f"pad/{index % 2}")
            if index % 3 == 0 or index > 40:
                act(source.choice(kinds), source.choice(keys))
        for _ in range(24):
            kind, key = source.choice(kinds), source.choice(keys)
            for _ in range(6 if kind == "wrong" and source.random() < 0.3 else 1):
                act(kind, key)
        act("forget", "fob")
        act("enroll", "fob")
    return acts


def credential(key: str, generation: int) -> HOTP | TOTP:
    """Derive the credential that is enrolled under a key."""
    secret = Secret(f"{key} {generation}, a test".encode().ljust(20))
    return TOTP(secret) if key == "phone" else HOTP(secret)


class Recorder:
    """A store that remembers what it wrote."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.changed: dict[str, str | None] = {}

    def get(self, key: str) -> str | None:
        return self.store.get(key)

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        swapped = self.store.swap(key, old, new)
        if swapped:
            self.changed[key] = digest(new)
        return swapped


def watermark(state: State) -> int:
    """Return the watermark of a user's only device."""
    (device,) = state.devices.values()
    return device.watermark


def digest(text: str | None) -> str | None:
    """Shorten a text, so that acknowledgements stay small."""
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()[:16]


def perform(act: Act, store: Store, last: dict[str, str]) -> str | None:
    """Do one act, and give the code that was accepted, if one was."""
    verifier = Verifier(store, clock=lambda: act.now)
    if act.kind == "pad":
        assert store.swap(act.key, store.get(act.key), f"{act.now} " * 8000)
        return None
    if act.kind in ("unlock", "forget"):
        getattr(verifier, act.kind)(act.key)
        return None
    enrolled = credential(act.key, act.generation)
    state = verifier.state(act.key)
    if isinstance(enrolled, TOTP):
        hotp, factor = enrolled.hotp, enrolled.step(act.now)
    else:
        hotp, factor = enrolled, watermark(state) if state and act.kind != "replace" else 0
    right = hotp.at(factor)
    if act.kind in ("enroll", "replace"):
        verifier.enroll(act.key, enrolled, right, replace=act.kind == "replace")
        return right
    try:
        if act.kind == "three":
            verifier.resynchronize(act.key, enrolled, hotp.codes(factor, 3))
            return hotp.at(factor + 2)
        sight = {hotp.at(near) for near in range(max(0, factor - 9), factor + 9)}
        wrong = next(code for code in ("000000", *map(hotp.at, range(2000, 3000))) if code not in sight)
        code = {"right": right, "wrong": wrong, "replay": last.get(act.key, wrong)}[act.kind]
        verifier.verify(act.key, enrolled, code)
    except StoreError:
        raise
    except OnetimeError:
        return None
    return code


def work(setting: str, path: Path, seed: int) -> None:
    """Do all acts, and acknowledge each in a line on the standard output."""
    for index, acts in enumerate(plan(seed)):
        if (child := os.fork()) == 0:
            stores = [SETTINGS[setting](path) for _ in range(1 + index % 2)]
            last: dict[str, str] = {}
            for number, act in enumerate(acts):
                recorder = Recorder(stores[number % len(stores)])
                accepted = perform(act, recorder, last)
                if accepted is not None:
                    last[act.key] = accepted
                os.write(1, json.dumps([act, recorder.changed, accepted]).encode() + b"\n")
            for store in stores if index > 0 else ():
                store.close()
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            sys.exit(1)
        if (left := Path(f"{path}{UNSYNCED}")).exists():
            shutil.copy(left, path.parent.parent / "index")


@dataclass(frozen=True, slots=True)
class Trace:
    """A store at work.

    Attributes:
        events: What was done and told, in order.
        told: What was told.
        contents: The digests of all entries, after so many acknowledgements.
        index: A valid index of the write-ahead log, of some moment; empty if there was none.
    """

    events: list[Event]
    told: list[Acknowledgement]
    contents: list[dict[str, str]]
    index: bytes


def trace(setting: str, seed: int) -> Trace:
    """Let a child work on a store in an empty folder, and read what strace saw."""
    strace = program("strace")
    with room() as place:
        folder, output = place / "disk", place / "trace"
        folder.mkdir()
        module = [sys.executable, "-m", __spec__.name, setting, str(folder / DATABASE), str(seed)]
        calls = ",".join(f"?{call}" for call in CALLS.split())
        ran = subprocess.run(
            [strace, "-f", "-y", "-xx", "-s", "9999999", "-e", f"trace={calls}", "-o", output, *module],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if "ptrace" in ran.stderr.lower():
            print("SKIPPED, because strace may not trace here", file=sys.stderr)
            raise unittest.SkipTest("strace may not trace here")
        if ran.returncode:
            raise RuntimeError(f"the child failed: {ran.stderr}")
        with output.open(encoding="ascii") as lines:
            events = Reader(folder).read(lines)
        index = (place / "index").read_bytes() if (place / "index").exists() else b""
    told, contents = [], [{}]  # type: tuple[list[Acknowledgement], list[dict[str, str]]]
    for event in events:
        if event.kind == "told":
            act, changed, accepted = json.loads(event.data)
            told.append(Acknowledgement(Act(*act), changed, accepted))
            after = {**contents[-1], **changed}
            contents.append({key: text for key, text in after.items() if text is not None})
    return Trace(events, told, contents, index)


def images(trace: Trace, count: int, source: random.Random) -> Iterator[tuple[str, int, Image]]:
    """Cut the power at random moments until there are so many different images.

    Moments are drawn by what happened last, so that the many writes of a log do not hide the few others.

    Returns:
        Of each image its moment and fate in words, how much had been told by then, and the image. An
        image that comes again when more had been told is given again.
    """
    kinds: dict[tuple[str, str], list[int]] = {}
    for number, event in enumerate(trace.events):
        kinds.setdefault((event.kind, event.name), []).append(number)
    weights = [len(moments) ** 0.5 for moments in kinds.values()]
    seen: dict[bytes, int] = {}
    for _ in range(count):
        cuts: dict[int, list[str]] = {}
        for moments in source.choices(list(kinds.values()), weights, k=50):
            cuts.setdefault(source.choice(moments), []).append(source.choice(FATES))
        disk, told = Disk(), 0
        for number, event in enumerate(trace.events[: max(cuts) + 1]):
            disk.apply(event)
            told += event.kind == "told"
            for fate in cuts.get(number, ()):
                image = disk.image(fate, source)
                name = image.digest()
                if told > seen.get(name, -1):
                    seen[name] = told
                    yield f"event {number} ({event.kind} {event.name}), {fate}", told, image
                if len(seen) == count:
                    return
    raise RuntimeError(f"there are only {len(seen)} different images in this trace")


def examine(setting: str, trace: Trace, told: int, image: Image, index: bytes) -> set[str]:
    """Open an image as after a power cut, and find what is wrong with it.

    Args:
        setting: Which store opens it.
        trace: How it came about.
        told: How many acknowledgements had been told.
        image: What is in the folder.
        index: The index of the write-ahead log that is left; empty for none.

    Returns:
        Some of "closed" (it does not open, or says StoreError), "lost" (it holds neither what was told nor
        that and the change under way), "twice" (a code is accepted again) and "damaged" (SQLite's own
        check finds something).
    """
    found = set()
    with room() as place:
        path = place / DATABASE
        for name, content in image.items():
            (place / name).write_bytes(content)
            (place / name).chmod(0o600)  # as the store makes them
        if index:
            Path(f"{path}{UNSYNCED}").write_bytes(index)
            Path(f"{path}{UNSYNCED}").chmod(0o600)
        try:
            store = SETTINGS[setting](path)
        except StoreError:
            return {"closed"}
        try:
            keys = {key for content in trace.contents for key in content}
            held = {key: text for key in keys if (text := digest(store.get(key))) is not None}
            if held not in trace.contents[told : told + 2]:
                found.add("lost")
            if accepted_again(store, trace.told[:told], trace.told[told : told + 1]):
                found.add("twice")
        except StoreError:
            found.add("closed")
        finally:
            store.close()
        if not intact(path):
            found.add("damaged")
    return found


def intact(path: Path) -> bool:
    """Ask SQLite to check a database."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()


def accepted_again(store: Store, told: list[Acknowledgement], under_way: list[Acknowledgement]) -> bool:
    """Try the last accepted code of each credential, and twice the one that was under way."""

    def accepts(acknowledgement: Acknowledgement) -> bool:
        act, code = acknowledgement.act, acknowledgement.accepted
        assert code is not None
        try:
            verifier = Verifier(store, clock=lambda: act.now)
            verifier.verify(act.key, credential(act.key, act.generation), code)
        except StoreError:
            raise
        except OnetimeError:
            return False
        return True

    last = {each.act.key: each for each in told if each.accepted}
    again = [each for each in last.values() if accepts(each)]
    again += [each for each in under_way if each.accepted and accepts(each) and accepts(each)]
    return bool(again)


@dataclass(slots=True)
class Report:
    """What became of the images of one setting.

    Attributes:
        setting: Which store it was.
        images: How many different ones there were.
        found: For each kind of trouble the images that had it, each by its moment and fate.
        verdicts: How many acts were told.
        checkpoints: How often the database itself was synced.
    """

    setting: str
    images: int
    found: dict[str, list[str]]
    verdicts: int
    checkpoints: int

    def __str__(self) -> str:
        troubles = "".join(f"{len(self.found[kind]):>9}" for kind in TROUBLES)
        return f"{self.setting:26}{self.verdicts:>9}{self.checkpoints:>9}{self.images:>9}{troubles}"


TROUBLES = ("lost", "twice", "damaged", "closed")
HEADING = f"{'setting':26}" + "".join(f"{word:>9}" for word in ("verdicts", "db syncs", "images", *TROUBLES))


def cut(setting: str, count: int, seed: int) -> Report:
    """Trace a store at work, and examine so many images of its disk."""
    source = random.Random(seed)
    traced = trace(setting, seed)
    found: dict[str, dict[bytes, str]] = {kind: {} for kind in TROUBLES}
    for moment, told, image in images(traced, count, source):
        index = source.choice((b"", b"", bytes(32768), source.randbytes(32768), traced.index))
        for trouble in examine(setting, traced, told, image, index):
            found[trouble].setdefault(image.digest(), f"{moment}, {told} told")
    return Report(
        setting,
        count,
        {kind: list(where.values()) for kind, where in found.items()},
        len(traced.told),
        sum(event.kind == "sync" and event.name == DATABASE for event in traced.events),
    )


@contextmanager
def room() -> Iterator[Path]:
    """Make a folder for a while, in memory where there is such a place: nothing here needs a real disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as place:
        yield Path(place).resolve()


def main(arguments: list[str]) -> int:
    """Cut the power of every store."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak powercut", description=__doc__)
    parser.add_argument("--images", type=int, default=3000, help="different disk images of each setting")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}, {options.images} different images of each setting", flush=True)
    print(HEADING)
    failed = False
    for setting in SETTINGS:
        began = time.monotonic()
        report = cut(setting, options.images, options.seed)
        print(f"{report}   in {time.monotonic() - began:.0f} s", flush=True)
        if setting == SHIPPED:
            for trouble, where in report.found.items():
                for moment in where:
                    failed = True
                    print(f"{trouble}: {moment}")
        elif not report.found["lost"]:
            failed = True
            print("no loss was found where there are some: this run proves nothing")
    return int(failed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What the traced child does.")
    parser.add_argument("setting", choices=SETTINGS)
    parser.add_argument("path", type=Path)
    parser.add_argument("seed", type=int)
    arguments = parser.parse_args()
    work(arguments.setting, arguments.path, arguments.seed)
