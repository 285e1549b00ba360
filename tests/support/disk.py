"""A model of the weakest disk that POSIX allows, which replays the system calls in a trace of strace.

- A file is durable in its state at the last fsync or fdatasync. After a power cut, any of the later writes
  may be present, in sectors and in any order, and the size may be ahead of the content or behind it. Bytes
  that were never written may be zeros, garbage, or bytes of an earlier file with the same name.
- A folder's entries are durable in their state at the folder's last fsync. Any of the entries that were
  created or removed later may be present. Syncing a new file does not make its entry durable.
- A sector is old or new, never half. SQLite relies on this too ("powersafe overwrite").
"""

import hashlib
import os
import random
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

SECTOR = 512

CALLS = (
    "open openat creat close write pwrite64 writev pwritev pwritev2 sendfile copy_file_range truncate "
    "ftruncate fallocate fsync fdatasync sync syncfs sync_file_range msync mmap mkdir mkdirat unlink "
    "unlinkat rename renameat renameat2 link linkat symlink symlinkat dup dup2 dup3 clone clone3"
)
"""The system calls that a trace must contain."""

UNSYNCED = "-shm"
"""Suffix of files that serve as shared memory. Their content need not be durable."""

FATES = ("nothing", "everything", "last write", "entries", "contents", "prefix", "whole", "torn", "shuffled")
"""The possible fates of changes that were not synced; see `Disk.survivors`."""

Fill = Callable[[int, int], bytes]
"""Function that returns the bytes of a part that was never written, from its offset and its size."""

UNFINISHED = "<unfinished ...>"
"""End of a line of strace if a line of another process stands between a call and its return."""

_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+|\?|0x[0-9a-f]+)(.*)")
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)")
_TEXT = re.compile(r'["<]((?:\\x[0-9a-f]{2})*)[">]')
_NUMBER = re.compile(r"(?<=, )\d+(?=,|$)")


class Event(NamedTuple):
    """The effect of a system call on the disk, or its output to other processes.

    Attributes:
        kind: "create", "link", "unlink", "write", "resize", "sync" (of a file), "folder" (synced), or "told"
            for output.
        name: The name of the entry.
        file: Number of the file, which is independent of its entries.
        offset: Offset of a write, or the new size, in bytes.
        data: The bytes of a write or of output.
        number: Position among all events.
        begun: Position at which the call began. A sync covers only events before this position.
    """

    kind: str
    name: str = ""
    file: int = -1
    offset: int = 0
    data: bytes = b""
    number: int = 0
    begun: int = sys.maxsize

    @property
    def is_entry(self) -> bool:
        """Whether the event changed the folder."""
        return self.kind in ("create", "link", "unlink")


class Reader:
    """A reader of the output of `strace -f -y -xx` on processes and their threads.

    An unknown call on the folder is an error, so no call is overlooked. A call takes effect when it returns,
    but a descriptor is closed when the call begins, because another thread may get its number at once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self._names: dict[str, int] = {}
        self._files = 0
        self._leaders: dict[str, str] = {}
        self._open: dict[tuple[str, str], str | int] = {}
        self._unfinished: dict[str, tuple[str, int]] = {}

    def read(self, lines: Iterable[str]) -> list[Event]:
        """Return the events of the processes.

        Raises:
            ValueError: A line cannot be parsed, a call is unknown, or a call never returned.
        """
        lines = list(lines)
        self._leaders = leaders(lines)
        for line in lines:
            thread, _, text = line.rstrip("\n").partition(" ")
            text = text.lstrip()
            if text.startswith("+++"):
                self._unfinished.pop(thread, None)
            elif text.endswith(UNFINISHED):
                begin = text.removesuffix(UNFINISHED).rstrip()
                self._begin(thread, begin)
                self._unfinished[thread] = (begin, len(self.events))
            elif not text.startswith("---"):
                self._read(thread, text, line)
        if self._unfinished:
            raise ValueError(f"the trace ends inside of {len(self._unfinished)} calls")
        return self.events

    def _read(self, thread: str, text: str, line: str) -> None:
        begun = len(self.events)
        if resumed := _RESUMED.fullmatch(text):
            begin, begun = self._unfinished.pop(thread, ("", 0))
            text = begin + resumed[2].lstrip() if begin.startswith(f"{resumed[1]}(") else ""
        else:
            self._begin(thread, text)
        match = _CALL.fullmatch(text)
        if match is None or thread in self._unfinished:
            raise ValueError(f"a line of the trace is not understood: {shorten(line)}")
        call, arguments, result, _ = match.groups()
        if not result.startswith(("-", "?")):
            self._call(self._leaders.get(thread, thread), call, arguments, result, begun)

    def _begin(self, thread: str, text: str) -> None:
        call, _, arguments = text.partition("(")
        if call == "close":
            self._open.pop((self._leaders.get(thread, thread), descriptor(arguments)), None)

    def _call(self, process: str, call: str, arguments: str, result: str, begun: int) -> None:
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
        where = self._open.get((process, descriptor(arguments)))
        if call == "write" and descriptor(arguments) == "1":
            self._add("told", data=texts[-1])
            return
        if call in ("close", "clone", "clone3"):
            return
        paths = [Path(os.fsdecode(text)) for text in texts if text.startswith(b"/")]
        inside = [path for path in paths if path.is_relative_to(self.folder)]
        name = inside[-1].name if inside else ""
        if (not inside and where is None) or name.endswith(UNSYNCED):
            return
        number = int((_NUMBER.findall(arguments) or [0])[-1])
        if call == "openat":
            self._opened(process, inside[-1], arguments, result)
        elif call in ("fsync", "fdatasync") and where == "folder":
            self._add("folder", begun=begun)
        elif call in ("fsync", "fdatasync") and isinstance(where, int):
            self._add("sync", name, where, begun=begun)
        elif call == "pwrite64" and isinstance(where, int):
            self._add("write", name, where, number, texts[-1][: int(result)])
        elif call == "ftruncate" and isinstance(where, int):
            self._add("resize", name, where, number)
        elif call in ("link", "linkat"):
            self._names[name] = self._names[inside[-2].name]
            self._add("link", name, self._names[name])
        elif call in ("unlink", "unlinkat"):
            self._add("unlink", name, self._names.pop(name))
        else:
            raise ValueError(f"a call of the trace is not modeled: {shorten(f'{call}({arguments})')}")

    def _opened(self, process: str, path: Path, arguments: str, result: str) -> None:
        if path == self.folder:
            self._open[process, result] = "folder"
            return
        if "O_TRUNC" in arguments or "O_APPEND" in arguments:
            raise ValueError(f"the trace opens {path.name} in a way that is not modeled")
        if path.name not in self._names:
            self._names[path.name] = self._files
            self._add("create", path.name, self._files)
            self._files += 1
        self._open[process, result] = self._names[path.name]

    def _add(self, kind: str, *fields: Any, **named: Any) -> None:
        self.events.append(Event(kind, *fields, **named)._replace(number=len(self.events)))


def leaders(lines: Iterable[str]) -> dict[str, str]:
    """Return for each thread the process whose descriptors it shares."""
    starter: dict[str, str] = {}
    starting = set()
    for line in lines:
        thread = line.split(" ", 1)[0]
        if thread in starting or "CLONE_THREAD" in line:
            if line.rstrip().endswith(UNFINISHED):
                starting.add(thread)
            else:
                starting.discard(thread)
                starter[line.split()[-1]] = thread
    found = {}
    for thread in starter:
        leader = thread
        while leader in starter:
            leader = starter[leader]
        found[thread] = leader
    return found


def descriptor(arguments: str) -> str:
    """Return the descriptor at the beginning of a call's arguments."""
    return re.split(r"[<,) ]", arguments, maxsplit=1)[0]


def shorten(line: str) -> str:
    """Return a line of the trace, shortened for a message to its beginning and its end."""
    line = line.rstrip("\n")
    return line if len(line) <= 300 else f"{line[:100]} ... {line[-200:]}"


class Image(dict[str, bytearray]):
    """The content of the folder after a power cut: the bytes of each file by name."""

    def digest(self) -> bytes:
        """Return a digest of the image, to detect equal images."""
        digest = hashlib.sha1(usedforsecurity=False)
        for name, content in sorted(self.items()):
            digest.update(f"{name} {len(content)} ".encode())
            digest.update(content)
        return digest.digest()


class Disk:
    """One folder: its durable state, and the later events in their order."""

    def __init__(self) -> None:
        self.entries: dict[str, int] = {}
        self.contents: dict[int, bytearray] = {}
        self.names: dict[int, str] = {}
        self.pending: list[Event] = []

    def apply(self, event: Event) -> None:
        """Apply an event."""
        if event.kind == "folder":
            for entry in self._settle(event, lambda pending: pending.is_entry):
                _enter(self.entries, entry)
            alive = {*self.entries.values(), *(pending.file for pending in self.pending if pending.is_entry)}
            self._settle(event, lambda pending: pending.file not in alive)
        elif event.kind == "sync":
            for write in self._settle(event, lambda other: other.file == event.file and not other.is_entry):
                _write(self.contents[event.file], write, _zeros)
        elif event.kind != "told":
            if event.kind == "create":
                self.contents[event.file] = bytearray()
                self.names[event.file] = event.name
            self.pending.append(event)

    def _settle(self, sync: Event, settles: Callable[[Event], bool]) -> list[Event]:
        """Remove and return the pending events that a sync covers and a condition selects."""
        covered = [event.number < sync.begun and settles(event) for event in self.pending]
        settled = [event for event, done in zip(self.pending, covered, strict=True) if done]
        self.pending = [event for event, done in zip(self.pending, covered, strict=True) if not done]
        return settled

    def image(self, fate: str, source: random.Random) -> Image:
        """Return the content of the folder after a power cut.

        Args:
            fate: The fate of changes that were not synced, one of `FATES`.
            source: Makes the choices that the fate leaves open.
        """
        survivors = self.survivors(fate, source)
        entries = dict(self.entries)
        for event in survivors:
            if event.is_entry:
                _enter(entries, event)
        image = Image()
        for name, file in entries.items():
            garbage: Fill = lambda _, size: source.randbytes(size)  # noqa: E731 - it is one of four
            fill = source.choice((_zeros, _zeros, garbage, self._stale(file)))
            changes = [event for event in survivors if event.file == file and not event.is_entry]
            content = bytearray(self.contents[file])
            for event in changes:
                _write(content, event, fill)
            # The size and the content may be from different moments, unless the file was truncated.
            unlike = fate in ("whole", "torn", "shuffled") and source.random() < 0.3
            if unlike and all(event.kind == "write" for event in changes):
                _resize(content, source.choice(self._sizes(file)), fill)
            image[name] = content
        return image

    def survivors(self, fate: str, source: random.Random) -> list[Event]:
        """Choose the changes that survive without a sync, in the order in which they reach the disk."""
        if fate == "nothing":
            return []
        if fate == "everything":
            return self.pending
        if fate in ("entries", "contents"):
            return [event for event in self.pending if event.is_entry == (fate == "entries")]
        if fate == "last write":
            writes = [event for event in self.pending if not event.is_entry]
            return [event for event in self.pending if event.is_entry] + writes[-1:]
        if fate == "prefix":
            end = source.randint(0, len(self.pending))
            last = [piece for event in self.pending[end : end + 1] for piece in _torn(event)]
            return self.pending[:end] + last[: source.randint(0, len(last))]
        chance = source.choice((0.1, 0.5, 0.9))
        pieces = self.pending if fate == "whole" else [p for event in self.pending for p in _torn(event)]
        kept = [piece for piece in pieces if source.random() < chance]
        if fate == "shuffled":
            source.shuffle(kept)
        return kept

    def _sizes(self, file: int) -> list[int]:
        sizes = [len(self.contents[file])]
        for event in self.pending:
            if event.file == file and event.kind == "resize":
                sizes.append(event.offset)
            elif event.file == file and event.kind == "write":
                sizes.append(max(sizes[-1], event.offset + len(event.data)))
        return sizes

    def _stale(self, file: int) -> Fill:
        """Return a function for the bytes that an earlier file with the same name left on the disk."""
        earlier = [other for other in self.names if other < file and self.names[other] == self.names[file]]
        left = bytes(self.contents[earlier[-1]]) if earlier else b""
        return lambda start, size: left[start : start + size].ljust(size, b"\0")


def _zeros(_: int, size: int) -> bytes:
    return bytes(size)


def _enter(entries: dict[str, int], event: Event) -> None:
    if event.kind == "unlink":
        entries.pop(event.name, None)
    else:
        entries[event.name] = event.file


def _write(content: bytearray, event: Event, fill: Fill) -> None:
    if event.kind == "resize":
        _resize(content, event.offset, _zeros)
        return
    if event.offset > len(content):
        _resize(content, event.offset, fill)
    content[event.offset : event.offset + len(event.data)] = event.data


def _resize(content: bytearray, size: int, fill: Fill) -> None:
    missing = size - len(content)
    if missing > 0:
        content += fill(len(content), missing)
    else:
        del content[size:]


def _torn(event: Event) -> Iterator[Event]:
    """Split a write at the borders of sectors."""
    if event.kind != "write":
        yield event
        return
    start, end = event.offset, event.offset + len(event.data)
    while start < end:
        stop = min(end, start - start % SECTOR + SECTOR)
        yield event._replace(offset=start, data=event.data[start - event.offset : stop - event.offset])
        start = stop
