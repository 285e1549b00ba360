"""Wrong implementations, written apart from what finds them: with hmac, hashlib, base64 and integers."""

import base64
import hashlib
import hmac
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

JITTER = 5
"""Seconds by which people err when they write down the time of a code."""

HASHES: dict[str, tuple[Callable[..., Any], int, int]] = {
    "SHA1": (hashlib.sha1, 20, 64),
    "SHA256": (hashlib.sha256, 32, 64),
    "SHA512": (hashlib.sha512, 64, 128),
    "SHA3_256": (hashlib.sha3_256, 32, 136),
    "SHA3_512": (hashlib.sha3_512, 64, 72),
}
"""The hash, its length and its block in bytes."""

ZONES = (30, 60, 120, 330, 345, 525, 570, 720, 765, 825, 840)
"""How far time zones are from each other, in minutes."""


@dataclass
class Program:
    """What a program makes of a text. It begins right, and is spoilt bit by bit.

    Attributes:
        random: Decides what a mistake leaves open.
        raw: The secret that was meant.
        text: The secret as it is written.
        key: The secret as the program takes it.
        reading: The words for what the program takes the text for.
        setting: What is known of each code: "time", "counter" or "both".
        moves: What the factor comes from.
        clock: Seconds that the clock is fast.
        ahead: Counters that the program is ahead.
        presses: The counter of each code of an app that counts where a time is expected.
        naming: What is said of a clock that is off.
    """

    random: random.Random
    raw: bytes = b""
    text: str = ""
    key: bytes = b""
    reading: str = "base32"
    setting: str = "time"
    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30
    moves: str = "time"
    clock: int = 0
    ahead: int = 0
    presses: tuple[int, ...] = ()
    naming: str = ""
    repeated: bool = False
    longest: int = 0
    block: int = 0
    order: str = "big"
    size: int = 8
    view: str = "bytes"
    last: int = -1
    offset: int = -1
    sign: str = "masked"
    lost: bool = False

    def factor(self, number: int, time: float, counter: int) -> int:
        """Compute the counter or step of a code, the first one having the number 0."""
        seconds = time + self.clock
        factors: dict[str, Callable[[], float]] = {
            "time": lambda: seconds // self.period,
            "milliseconds": lambda: seconds * 1000 // self.period,
            "seconds": lambda: seconds // 1,
            "counter": lambda: counter + self.ahead,
            "counter as time": lambda: counter // self.period,
            "presses": lambda: self.presses[number],
        }
        return int(factors[self.moves]())

    def hmac(self, message: bytes) -> bytes:
        """Compute the HMAC, with what is wrong about the key."""
        new, length, right = HASHES[self.algorithm]
        key = self.key
        if self.repeated and len(key) < length:
            key = (key * length)[:length]
        if not self.longest:
            return hmac.digest(key, message, self.algorithm.lower())
        if len(key) > self.longest:
            key = new(key).digest()
        block = self.block or right
        number = int.from_bytes(key, "big") << 8 * (block - len(key))
        ipad, opad = (int.from_bytes(bytes([pad]) * block, "big") for pad in (0x36, 0x5C))
        inner: bytes = new((number ^ ipad).to_bytes(block, "big") + message).digest()
        hs: bytes = new((number ^ opad).to_bytes(block, "big") + inner).digest()
        return hs

    def code(self, factor: int) -> str:
        """Compute the code of a factor."""
        low = factor % 256**self.size
        hs = self.hmac(low.to_bytes(self.size, "little" if self.order == "little" else "big"))
        if self.view == "digits":
            digits = f"{int.from_bytes(hs, 'big'):0{2 * len(hs)}x}"
            offset = int(digits[self.last], 16)
            number = int(digits[offset : offset + 8], 16)
        else:
            data = base64.b16encode(hs).lower() if self.view == "text" else hs
            offset = data[self.last] % 16 if self.offset < 0 else self.offset
            number = sum(data[offset + i] << 24 - 8 * i for i in range(4))
        if self.sign == "masked":
            number %= 2**31
        elif self.sign == "dropped":
            number = min(number, 2**32 - number)
        elif self.sign == "negative" and number >= 2**31:
            number -= 2**32
        code = str(number % 10**self.digits)
        return code if self.lost else code.zfill(self.digits)

    def show(self, places: Sequence[tuple[float, int]]) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Compute the factors and codes of so many times and counters."""
        factors = tuple(self.factor(number, *place) for number, place in enumerate(places))
        return factors, tuple(map(self.code, factors))

    def words(self) -> set[str]:
        """Name what is wrong, apart from how far a clock or counter is off."""
        block = HASHES[self.algorithm][2]
        digit = ", the offset taken from hexadecimal digit 19" if self.last == 19 else ""
        return {
            words
            for wrong, words in (
                (self.repeated, "the key repeated to the length of the hash"),
                (self.block, f"a block of 64 bytes where that of {self.algorithm} has {block}"),
                (
                    self.longest and not self.block,
                    "a key of more than 64 bytes hashed, though it fits the block",
                ),
                (self.order == "little" and self.size == 8, "the counter with its lowest byte first"),
                (self.order == "big" and self.size == 4, "the counter as four bytes instead of eight"),
                (self.order == "little" and self.size == 4, "the counter as four bytes, the lowest first"),
                (self.offset == 0, "the first four bytes instead of those at the offset"),
                (
                    self.last == 19 and self.view == "bytes",
                    "the offset taken from byte 19 instead of the last one",
                ),
                (self.view == "text", f"the hexadecimal digits of the HMAC instead of its bytes{digit}"),
                (self.view == "digits", f"the offset counted in hexadecimal digits instead of bytes{digit}"),
                (self.sign == "unsigned", "the sign bit not masked, the number without a sign"),
                (self.sign == "dropped", "the sign bit not masked, the minus dropped"),
                (self.sign == "negative", "the sign bit not masked, the remainder of a negative number"),
                (self.lost, "leading zeros are lost"),
                (self.moves == "milliseconds", "milliseconds where seconds are expected"),
                (
                    self.moves == "seconds",
                    "the time in seconds itself as the counter, not divided by a period",
                ),
                (self.moves == "counter as time", "the counter taken for a time in seconds"),
                (self.moves == "presses", "a counter (HOTP) where the time is expected"),
                (
                    self.moves == "time" and self.setting == "both",
                    "the time (TOTP) where a counter is expected",
                ),
            )
            if wrong
        }


class Mistake(NamedTuple):
    """One mistake that can be planted.

    Attributes:
        name: What the command's table calls it.
        parts: The parts of a program that it changes; two that share one don't go together.
        change: What it does to a program.
        settings: What may be known of the codes.
        weight: How many mistakes it is.
    """

    name: str
    parts: frozenset[str]
    change: Callable[[Program], None]
    settings: frozenset[str]
    weight: int = 1


def _put(**values: object) -> Callable[[Program], None]:
    """Make a change that sets attributes."""

    def change(program: Program) -> None:
        for name, value in values.items():
            setattr(program, name, value)

    return change


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=")


def _zeros_and_eights(program: Program) -> None:
    typos = [(digit, letter) for digit, letter in (("0", "O"), ("8", "B")) if letter in program.text]
    for digit, letter in typos:
        program.text = program.text.replace(letter, digit)
    if typos:
        told = " and ".join(f"{digit} read as {letter}" for digit, letter in typos)
        program.reading = f"base32, with {told}"


def _ones(program: Program) -> None:
    letters = [(i, letter) for i, letter in enumerate(program.text) if letter in "IL"]
    kinds = {letter for _, letter in letters}
    program.text = program.text.replace("I", "1").replace("L", "1")
    if 0 < len(letters) <= 8 or len(kinds) == 1:
        each = [f"1 at position {i} read as {letter}" for i, letter in letters]
        told = " and ".join(each) if len(kinds) > 1 else f"1 read as {kinds.pop()}"
        program.reading = f"base32, with {told}"


def _other_letter(program: Program) -> None:
    text = program.text
    places = [i for i, letter in enumerate(text) if letter in "IL"][:16]
    if places and places[-1] == len(text) - 1:
        del places[-1]  # it may have spare bits only
    if places:
        i = program.random.choice(places)
        typo = "I" if text[i] == "L" else "L"
        program.text = f"{text[:i]}{typo}{text[i + 1 :]}"
        program.reading = f"base32, with {typo} at position {i} read as {text[i]}"


def _hex(program: Program) -> None:
    text = program.raw.hex()
    program.text, program.reading = program.random.choice((text, text.upper())), "hexadecimal"


def _base64(program: Program) -> None:
    program.text, program.reading = base64.b64encode(program.raw).decode(), "base64"


def _base64url(program: Program) -> None:
    program.raw = program.key = b"\xfb\xff" + program.raw  # begins with - and _
    program.text, program.reading = base64.urlsafe_b64encode(program.raw).decode(), "base64url"
    if program.random.random() < 0.5:
        program.text = program.text.rstrip("=")


def _utf8(program: Program) -> None:
    letters = program.random.choices("abc XYZ 019 !?é株🔑", k=max(8, len(program.raw) // 2))
    program.text = "".join(letters) + "é"
    program.key, program.reading = program.text.encode(), "plain text"


def _plain(program: Program) -> None:
    program.key, program.reading = program.text.encode(), "the base32 text itself, as plain bytes"


def _plain_without_spaces(program: Program) -> None:
    _plain(program)
    text = program.text
    program.text = " ".join(text[i : i + 4] for i in range(0, len(text), 4))
    program.reading += ", without spaces and hyphens"


def _plain_small(program: Program) -> None:
    _plain(program)
    program.key = program.key.lower()
    program.reading += ", in small letters, without spaces and hyphens"


def _plain_line(program: Program) -> None:
    _plain(program)
    program.key += b"\n"
    program.reading += ", with a line break at the end"


def _plain_hex(program: Program) -> None:
    program.text = f"0{program.raw.hex()[1:]}"  # a 0 is no base32
    program.key, program.reading = program.text.encode(), "the hexadecimal text itself, as plain bytes"


def _plain_hex_capitals(program: Program) -> None:
    _plain_hex(program)
    program.key = program.key.upper()
    program.reading += ", in capitals, without spaces and hyphens"


def _byte_19(program: Program) -> None:
    program.last = 19
    if program.algorithm == "SHA1":
        program.algorithm = program.random.choice(list(HASHES)[1:])


def _repeated(program: Program) -> None:
    program.repeated = True
    program.algorithm = program.random.choice(list(HASHES))


def _hashed_early(program: Program) -> None:
    program.longest = 64
    program.algorithm = program.random.choice(("SHA512", "SHA3_256", "SHA3_512"))


def _small_block(program: Program) -> None:
    _hashed_early(program)
    program.block = 64


def _near_clock(program: Program) -> None:
    # The near clock is 10 steps of whatever the period is.
    near = 10 * program.period
    program.clock = program.random.randint(-near, near)


def _far_clock(program: Program) -> None:
    program.clock = program.random.randint(-86_400, 86_400)


def _summer(program: Program) -> None:
    program.clock = program.random.choice((-3600, 3600))
    program.naming = "daylight-saving time, or a time zone off by 1 h"


def _zone(program: Program) -> None:
    minutes = program.random.choice(ZONES)
    program.clock = program.random.choice((-1, 1)) * minutes * 60
    hours, rest = divmod(minutes, 60)
    parts = [*([f"{hours} h"] if hours else []), *([f"{rest} min"] if rest else [])]
    program.naming = f"a time zone off by {' '.join(parts)}"


def _near_counter(program: Program) -> None:
    program.ahead = program.random.choice((-1, 1)) * program.random.randint(1, 10)


def _far_counter(program: Program) -> None:
    program.ahead = program.random.choice((-1, 1)) * program.random.randint(11, 1000)


def _presses(program: Program) -> None:
    first = program.random.randint(0, 1000)
    program.moves, program.presses = "presses", (first, first + program.random.randint(1, 10))


def _list() -> Iterator[Mistake]:
    anything = ("time", "counter", "both")
    clock = ("time",)
    counter = ("counter", "both")
    rows: list[tuple[str, str, Callable[[Program], None], Sequence[str]]] = [
        ("typos: 0 for O, 8 for B", "reading", _zeros_and_eights, anything),
        ("typos: 1 for I and L", "reading short", _ones, anything),
        ("typo: I for L, or L for I", "reading short", _other_letter, anything),
        ("hex", "reading", _hex, anything),
        ("base64", "reading", _base64, anything),
        ("base64url", "reading", _base64url, anything),
        ("UTF-8 text", "reading", _utf8, anything),
        ("base32 text as plain bytes", "reading", _plain, anything),
        ("the same, spaces left out", "reading", _plain_without_spaces, anything),
        ("the same, in small letters", "reading", _plain_small, anything),
        ("the same, with a line break", "reading", _plain_line, anything),
        ("hex text as plain bytes", "reading", _plain_hex, anything),
        ("the same, in capitals", "reading", _plain_hex_capitals, anything),
        *((name, "algorithm", _put(algorithm=name), anything) for name in list(HASHES)[1:]),
        *((f"{digits} digits", "digits", _put(digits=digits), anything) for digits in range(7, 11)),
        ("period of 15 s", "period", _put(period=15), clock),
        ("period of 60 s", "period", _put(period=60), clock),
        ("clock: 10 steps either way", "clock", _near_clock, clock),
        ("clock: a day either way", "clock far", _far_clock, clock),
        ("clock: daylight-saving time", "clock far", _summer, clock),
        ("clock: time zone", "clock far", _zone, clock),
        ("milliseconds", "factor", _put(moves="milliseconds"), clock),
        ("time not divided", "factor period", _put(moves="seconds"), clock),
        ("counter: 10 either way", "factor period clock", _near_counter, counter),
        ("counter: 1000 either way", "factor period clock far", _far_counter, counter),
        ("counter as a time", "factor period clock", _put(moves="counter as time"), counter),
        ("TOTP where HOTP is expected", "factor both", _put(moves="time"), clock),
        ("HOTP where TOTP is expected", "factor period clock", _presses, clock),
        ("lowest byte first", "order", _put(order="little"), anything),
        ("four bytes", "size", _put(size=4), anything),
        ("byte 19", "last view algorithm", _byte_19, anything),
        ("first four bytes", "last view", _put(offset=0), anything),
        ("sign: unsigned", "sign", _put(sign="unsigned"), anything),
        ("sign: minus dropped", "sign", _put(sign="dropped"), anything),
        ("sign: negative remainder", "sign", _put(sign="negative"), anything),
        ("key repeated", "algorithm key short", _repeated, anything),
        ("key hashed early", "algorithm key short", _hashed_early, anything),
        ("block of 64", "algorithm key short", _small_block, anything),
        ("leading zeros lost", "lost", _put(lost=True), anything),
        ("hex digest", "view last sign", _put(view="text"), anything),
        ("hex digest, offset in digits", "view last", _put(view="digits"), anything),
    ]
    for name, parts, change, settings in rows:
        yield Mistake(name, frozenset(parts.split()), change, frozenset(settings))
    # What is two mistakes at one step.
    for name, values, settings in (
        ("hex digest and byte 19", {"view": "text", "last": 19}, anything),
        ("hex digest, offset in digits, digit 19", {"view": "digits", "last": 19}, anything),
        ("counter as a time, period of 15 s", {"moves": "counter as time", "period": 15}, counter),
        ("counter as a time, period of 60 s", {"moves": "counter as time", "period": 60}, counter),
    ):
        yield Mistake(name, frozenset(), _put(**values), frozenset(settings), 2)


MISTAKES = {mistake.name: mistake for mistake in _list()}


def partners(mistake: Mistake, far: bool) -> list[Mistake]:
    """List what can be planted beside a mistake: what is far from the expected place, or all the rest."""
    return [
        other
        for other in MISTAKES.values()
        if mistake.weight == other.weight == 1
        and ("far" in other.parts) is far
        and not (far and "far" in mistake.parts)
        and not mistake.parts & other.parts
        and mistake.settings & other.settings
    ]


class Seen(NamedTuple):
    """A code, and what is known of it."""

    code: str
    time: float | None
    counter: int | None


class Case(NamedTuple):
    """Codes that a wrong program shows.

    Attributes:
        program: The program.
        seen: The codes.
        factors: The factor of each code.
    """

    program: Program
    seen: tuple[Seen, ...]
    factors: tuple[int, ...]

    def differences(self, finding: Mapping[str, Any]) -> list[str]:
        """Tell where a finding, as its values by name, isn't what was planted."""
        program = self.program
        stepped = program.moves in ("time", "milliseconds", "counter as time")
        timed = program.moves in ("time", "milliseconds", "seconds")
        said = set(finding["mistakes"])
        off = [words for words in said if words.startswith(("the clock is", "the counter is"))]
        least, most = finding["clock"] or (0, 0)
        if timed and abs(program.clock) > program.period + 2 * JITTER:
            way = " slow" if program.clock < 0 else " fast"
            named = len(off) == 1 and way in off[0] and off[0].endswith(program.naming)
        elif program.ahead:
            named = off == [
                f"the counter is {abs(program.ahead)} {'behind' if program.ahead < 0 else 'ahead'}"
            ]
        else:
            named = len(off) <= timed
        checks = {
            "kind": finding["kind"] == ("totp" if stepped or timed else "hotp"),
            "reading": finding["reading"] == program.reading,
            "algorithm": finding["algorithm"] == program.algorithm,
            "digits": finding["digits"] == program.digits,
            "period": finding["period"] == (program.period if stepped else None),
            "factors": finding["factors"] == self.factors,
            "clock": least <= program.clock <= most if timed else finding["clock"] is None,
            "ahead": finding["ahead"] == (program.ahead if program.moves == "counter" else None),
            "mistakes": said - {*off} == program.words(),
            "how far off": named,
        }
        return [name for name, good in checks.items() if not good]


def plant(source: random.Random, *mistakes: Mistake) -> Case:
    """Make two codes that each of the mistakes changes."""
    settings = frozenset.intersection(*(mistake.settings for mistake in mistakes))
    parts = frozenset[str]().union(*(mistake.parts for mistake in mistakes))
    for _ in range(10_000):
        sizes = range(10, 201) if "key" in parts else (10, 16, 20, 32)
        raw = source.randbytes(source.choice(sizes))
        setting = "both" if "both" in parts else source.choice(sorted(settings))
        program = Program(source, raw, _base32(raw), raw, setting=setting)
        program.moves = "time" if program.setting == "time" else "counter"
        undone = []
        for mistake in sorted(mistakes, key=list(MISTAKES.values()).index):
            before = vars(program).copy()
            mistake.change(program)
            undo = {name: old for name, old in before.items() if getattr(program, name) != old}
            if len(undo) > 1:
                undo.pop("algorithm", None)  # it only lets the other one show
            undone += [undo] if mistake.weight == 1 else [{name: old} for name, old in undo.items()]
        if "clock" not in parts:
            # A near clock or counter goes with whatever else is wrong.
            program.clock = source.randint(-10 * program.period, 10 * program.period)
            program.ahead = source.randint(-10, 10) if program.moves == "counter" else 0
        first = source.uniform(1e9, 3e9)
        times = (first, first + source.choice((-1, 1)) * source.uniform(150, 20_000))
        low = source.randint(1_010, 10**6)
        counters = (low, low + source.randint(60, 5_000))
        if program.presses:
            times = (min(times), max(times))

        places = list(zip(times, counters, strict=True))
        factors, codes = program.show(places)
        others = [replace(program, **old) for old in undone]
        if not all(other.text != program.text or other.show(places)[1] != codes for other in others):
            continue
        if program.lost and program.digits > 6 and max(map(len, codes)) < program.digits:
            continue  # they are codes of fewer digits, too
        seen = tuple(
            Seen(
                code,
                None if program.setting == "counter" else time + source.uniform(-JITTER, JITTER),
                None if program.setting == "time" else counter,
            )
            for code, (time, counter) in zip(codes, places, strict=True)
        )
        return Case(program, seen, factors)
    raise ValueError(f"no case shows {' and '.join(mistake.name for mistake in mistakes)}")
