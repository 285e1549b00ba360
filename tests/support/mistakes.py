"""The known implementation mistakes, each as a change to a program that computes codes."""

import base64
import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tests.support.planted import OWN_HASHES, ZONES, Program

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

_LATIN_1 = "its bytes as Latin-1 text, written again as UTF-8"
_UTF_8 = "its bytes as UTF-8 text, with replacements for bytes that are not UTF-8"
_SEVEN = "its bytes without their highest bits"
_ASCII = "its bytes as ASCII text, with question marks for bytes that are not ASCII"
_HEX_TEXT = "its bytes written as hexadecimal text"
_INVISIBLE = "without its invisible characters"
_QUOTES = "without its quotes or brackets"
_DOTS = "without its dots, colons or commas"
_WIDE = "full-width letters read as plain ones"
_CYRILLIC = "letters of other scripts read as the Latin ones they look like"
_FORMS = ("padded right", "decimal", "decimal 16", "hex 16", "hex", "twice", "utf-8")
_PLACES = ("reversed", "signed", "high bits", "three bits", "last four")
_PERIODS = (10, 20, 45, 90, 120, 180, 300, 600)
_EPOCHS = (
    ("2000", 946_684_800),
    ("1980", 315_532_800),
    ("January 6th, 1980 (GPS)", 315_964_800),
    ("2001", 978_307_200),
    ("1900 (NTP)", -2_208_988_800),
    ("1904", -2_082_844_800),
    ("1601 (Windows)", -11_644_473_600),
    ("December 30th, 1899 (OLE)", -2_209_161_600),
    ("the year 1 (.NET)", -62_135_596_800),
)


def _first(size: int) -> Callable[[bytes], bytes]:
    return lambda key: key[:size]


class Mistake(NamedTuple):
    """One mistake that can be planted.

    Attributes:
        name: Name of the mistake in reports.
        parts: The parts of a program that it changes; two mistakes that share a part cannot be combined.
        change: Applies the mistake to a program.
        settings: The facts that may be known about the codes: "time", "counter" or "both".
        weight: Number of mistakes that it counts as.
        rare: Whether the search tries it only near the expected time or counter.
    """

    name: str
    parts: frozenset[str]
    change: Callable[[Program], None]
    settings: frozenset[str]
    weight: int = 1
    rare: bool = False


def _put(**values: object) -> Callable[[Program], None]:
    """Return a change that sets attributes."""

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
        each = [f"1 at position {i + 1} read as {letter}" for i, letter in letters]
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
        program.reading = f"base32, with {typo} at position {i + 1} read as {text[i]}"


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
    program.text = f"0{program.raw.hex()[1:]}"  # 0 is not base32
    program.key, program.reading = program.text.encode(), "the hexadecimal text itself, as plain bytes"


def _plain_hex_capitals(program: Program) -> None:
    _plain_hex(program)
    program.key = program.key.upper()
    program.reading += ", in capitals, without spaces and hyphens"


def _text(program: Program, text: str) -> None:
    """Set a program's text to other base32, and its key to the decoded bytes."""
    program.text = text
    bits = "".join(f"{LETTERS.index(letter):05b}" for letter in text)
    program.key = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits) - 7, 8))


def _spare(program: Program) -> str:
    """Set a program's text to base32 whose spare bits are not zero; return all bits of the text."""
    length = program.random.choice((20, 26, 29, 31, 52))
    _text(program, "".join(program.random.choices(LETTERS[1:], k=length - 1)) + "7")
    return "".join(f"{LETTERS.index(letter):05b}" for letter in program.text)


def _spare_byte(program: Program) -> None:
    bits = _spare(program)
    bits += "0" * (-len(bits) % 8)
    program.key = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    program.reading = "base32, its spare bits as one more byte"


def _spare_digit(program: Program) -> None:
    bits = _spare(program)
    while len(bits) % 8 < 4:
        bits = _spare(program)
    digits = f"{int(bits[: len(bits) // 4 * 4], 2):0{len(bits) // 4}x}"
    program.key = bytes.fromhex(f"0{digits}")
    program.reading = "base32, its spare bits kept, and a hexadecimal zero put in front"


def _group_dropped(program: Program) -> None:
    _spare(program)
    program.key = program.key[: len(program.text) // 8 * 5]
    program.reading = "base32, its last, incomplete group of 8 letters dropped"


def _left_out(program: Program) -> None:
    text = program.text
    i = program.random.randrange(1, len(text))
    program.text = f"{text[:i]}9{text[i:]}"
    program.reading = "base32, with characters that are not base32 left out"


def _changed(words: str, change: Callable[[bytes], bytes], size: int = 0) -> Callable[[Program], None]:
    """Return a change of the key; if `size` is not 0, the change first makes a secret of this size."""

    def spoil(program: Program) -> None:
        if size:
            program.raw = bytes(program.random.choices(range(1, 256), k=size))
            program.text = _base32(program.raw)
        program.key = change(program.raw)
        program.reading = f"base32, {words}"

    return spoil


def _base64_text(name: str, *, padded: bool) -> Callable[[Program], None]:
    def write(program: Program) -> None:
        program.raw = b"\xfb\xff" + program.random.randbytes(program.random.choice((8, 14, 18, 30)))
        program.text = _base32(program.raw)
        text = base64.b64encode(program.raw, b"-_" if name == "base64url" else b"+/")
        program.key = text if padded else text.rstrip(b"=")
        program.reading = f"base32, its bytes written as {name} text{'' if padded else ' without padding'}"

    return write


def _zero_byte(program: Program) -> None:
    # At other places, a cut or a dropped group of letters could leave the same bytes.
    place = program.random.randrange(5, 9)
    program.raw = bytes(byte or 1 for byte in program.raw[:place]) + b"\0" + program.raw[place + 1 :]
    program.text, program.key = _base32(program.raw), program.raw[:place]
    program.reading = "base32, cut at its first zero byte"


def _zeros_lost(program: Program) -> None:
    program.raw = b"\0" + bytes([program.random.randint(1, 255)]) + program.raw[2:]
    program.text, program.key = _base32(program.raw), program.raw[1:]
    program.reading = "base32, without the zero bytes in front"


def _twice(form: str, write: Callable[[bytes], str]) -> Callable[[Program], None]:
    def wrap(program: Program) -> None:
        program.text, program.key = _base32(write(program.raw).encode()), program.raw
        program.reading = f"base32, and {form} inside it"

    return wrap


def _alphabet(name: str, alphabet: str) -> Callable[[Program], None]:
    def write(program: Program) -> None:
        program.text = program.text.translate(str.maketrans(LETTERS, alphabet))
        program.reading = name

    return write


def _sixteen_bits(order: str, words: str) -> Callable[[Program], None]:
    def write(program: Program) -> None:
        _plain(program)
        program.key = program.text.encode(order)
        program.reading += f", as UTF-16, {words} byte first"

    return write


def _two_byte_line(program: Program) -> None:
    _plain(program)
    program.key += b"\r\n"
    program.reading += ", with a line break of two bytes at the end"


def _padded_plain(program: Program) -> None:
    _text(program, "".join(program.random.choices(LETTERS, k=26)))
    program.key = f"{program.text}======".encode()
    program.reading = "the base32 text itself, as plain bytes, with padding"


def _unpadded_plain(program: Program) -> None:
    _text(program, "".join(program.random.choices(LETTERS, k=26)))
    program.key = program.text.encode()
    program.text += "======"
    program.reading = "the base32 text itself, as plain bytes, without its padding"


def _pasted(words: str, wrap: Callable[[str, random.Random], str]) -> Callable[[Program], None]:
    """Return a change of the text that does not change the key."""

    def decorate(program: Program) -> None:
        program.text = wrap(program.text, program.random)
        program.reading = f"base32, {words}"

    return decorate


def _within(label: str) -> Callable[[str, random.Random], str]:
    return lambda text, _: label.replace("*", text)


def _wrongly_padded(text: str) -> str:
    right = (0, -len(text) % 8, -len(text) % 4)
    return text + "=" * next(size for size in range(1, 9) if size not in right)


def _pasted_hex(words: str, before: str, between: str) -> Callable[[Program], None]:
    def decorate(program: Program) -> None:
        program.text = before + between.join(f"{byte:02x}" for byte in program.raw)
        program.reading = f"hexadecimal, {words}"

    return decorate


def _bytes(program: Program) -> None:
    signed = program.random.random() < 0.5
    numbers = [byte - 256 if signed and byte > 127 else byte for byte in program.raw]
    program.text = program.random.choice((str(numbers), " ".join(map(str, numbers))))
    program.reading = "a list of bytes"


def _sprinkled(character: str) -> Callable[[str, random.Random], str]:
    def sprinkle(text: str, source: random.Random) -> str:
        i = source.randrange(1, len(text))
        return f"{text[:i]}{character}{text[i:]}"

    return sprinkle


def _grouped(character: str) -> Callable[[str, random.Random], str]:
    return lambda text, _: character.join(text[i : i + 4] for i in range(0, len(text), 4))


def _look_alike(program: Program) -> None:
    pairs = dict(zip("5S2Z6G", "S5Z2G6", strict=True))
    text = program.text
    others = "ILSZG562"
    places = [i for i, letter in enumerate(text[:-1]) if letter in pairs]
    if places and sum(letter in others for letter in text) <= 16:
        i = program.random.choice(places)
        typo = pairs[text[i]]
        program.text = f"{text[:i]}{typo}{text[i + 1 :]}"
        program.reading = f"base32, with {typo} at position {i + 1} read as {text[i]}"


def _near(program: Program) -> None:
    program.clock = program.random.randint(-5 * program.period, 5 * program.period)
    program.ahead = program.random.randint(-5, 5) if program.moves == "counter" else 0


def _any_letter(program: Program) -> None:
    _near(program)
    text = program.text
    i = program.random.randrange(len(text) - 1)
    typo = program.random.choice([each for each in LETTERS if each not in {text[i], *"ILSZG562"}])
    program.text = f"{text[:i]}{typo}{text[i + 1 :]}"
    program.reading = f"base32, with {typo} at position {i + 1} read as {text[i]}"


def _exchanged(program: Program) -> None:
    _near(program)
    text = program.text
    places = [i for i in range(len(text) - 2) if text[i] != text[i + 1]]
    i = program.random.choice(places)
    program.text = f"{text[:i]}{text[i + 1]}{text[i]}{text[i + 2 :]}"
    program.reading = f"base32, with {text[i + 1]} and {text[i]} at position {i + 1} exchanged"


def _lost_letter(program: Program) -> None:
    _near(program)
    # Before the letter is lost, the text has a whole number of groups of 8 letters.
    program.raw = program.key = program.random.randbytes(program.random.choice((10, 20)))
    text = _base32(program.raw)
    places = [i for i in range(1, len(text)) if text[i] != text[i - 1]]
    i = program.random.choice(places)
    program.text = f"{text[:i]}{text[i + 1 :]}"
    program.reading = f"base32, with {text[i]} added at position {i + 1}"


def _doubled_letter(program: Program) -> None:
    _near(program)
    program.raw = program.key = program.random.randbytes(program.random.choice((10, 20)))
    text = _base32(program.raw)
    places = [i for i in range(1, len(text)) if text[i] != text[i - 1]]
    i = program.random.choice(places)
    program.text = f"{text[:i]}{text[i]}{text[i:]}"
    program.reading = f"base32, with {text[i]} at position {i + 1} left out"


def _cut_to_block(program: Program) -> None:
    program.longest = -1
    program.algorithm = program.random.choice(OWN_HASHES)


def _checksum(program: Program) -> None:
    program.finish, program.digits = "checksum", max(7, program.digits)


def _byte_19(program: Program) -> None:
    program.last = 19
    if program.algorithm == "SHA1":
        program.algorithm = program.random.choice(OWN_HASHES[1:])


def _repeated(program: Program) -> None:
    program.repeated = True
    program.algorithm = program.random.choice(OWN_HASHES)


def _hashed_early(program: Program) -> None:
    program.longest = 64
    program.algorithm = program.random.choice(("SHA512", "SHA3_256", "SHA3_512"))


def _small_block(program: Program) -> None:
    _hashed_early(program)
    program.block = 64


def _near_clock(program: Program) -> None:
    # A near clock is off by at most 10 steps, whatever their length.
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
        *((name, "algorithm", _put(algorithm=name), anything) for name in OWN_HASHES[1:]),
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
    # The search tries these only near the expected time or counter.
    rare_rows: list[tuple[str, str, Callable[[Program], None], Sequence[str]]] = [
        ("typo: 5 for S, 2 for Z, 6 for G", "reading short", _look_alike, anything),
        ("spare bits as a byte", "reading short", _spare_byte, anything),
        ("spare bits as a digit", "reading short", _spare_digit, anything),
        ("last group dropped", "reading short", _group_dropped, anything),
        ("other characters left out", "reading short", _left_out, anything),
        ("bytes reversed", "reading", _changed("its bytes reversed", lambda key: key[::-1]), anything),
        (
            "Latin-1 as UTF-8",
            "reading",
            _changed(_LATIN_1, lambda key: "".join(map(chr, key)).encode()),
            anything,
        ),
        (
            "UTF-8 replaced",
            "reading",
            _changed(_UTF_8, lambda key: str(key, "utf-8", "replace").encode()),
            anything,
        ),
        ("seven bits", "reading", _changed(_SEVEN, lambda key: bytes(byte % 128 for byte in key)), anything),
        (
            "question marks",
            "reading",
            _changed(_ASCII, lambda key: bytes(min(b, 63) if b > 127 else b for b in key)),
            anything,
        ),
        ("zero byte ends", "reading", _zero_byte, anything),
        ("zeros in front lost", "reading", _zeros_lost, anything),
        (
            "zero put in front",
            "reading",
            _changed("with a zero byte in front", lambda key: b"\0" + key),
            anything,
        ),
        ("hex text as key", "reading", _changed(_HEX_TEXT, lambda key: key.hex().encode()), anything),
        (
            "hex text in capitals",
            "reading",
            _changed(f"{_HEX_TEXT} in capitals", lambda key: key.hex().upper().encode()),
            anything,
        ),
        (
            "base64 text as key",
            "reading",
            _changed("its bytes written as base64 text", base64.b64encode),
            anything,
        ),
        ("base64 text without padding", "reading short", _base64_text("base64", padded=False), anything),
        ("base64url text as key", "reading short", _base64_text("base64url", padded=True), anything),
        (
            "base64url text without padding",
            "reading short",
            _base64_text("base64url", padded=False),
            anything,
        ),
        *(
            (
                f"cut to {size} bytes",
                "reading short",
                _changed(f"only its first {size} bytes", _first(size), 2 * size),
                anything,
            )
            for size in (10, 16, 20, 32)
        ),
        ("base32 twice", "reading short", _twice("base32", _base32), anything),
        ("base32 around hex", "reading short", _twice("hexadecimal", bytes.hex), anything),
        ("base32hex", "reading short", _alphabet("base32hex", "0123456789ABCDEFGHIJKLMNOPQRSTUV"), anything),
        (
            "Crockford",
            "reading short",
            _alphabet("Crockford's base32", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"),
            anything,
        ),
        ("z-base-32", "reading short", _alphabet("z-base-32", "ybndrfg8ejkmcpqxot1uwisza345h769"), anything),
        ("UTF-16, low", "reading", _sixteen_bits("utf-16-le", "low"), anything),
        ("UTF-16, high", "reading", _sixteen_bits("utf-16-be", "high"), anything),
        ("line break of two bytes", "reading", _two_byte_line, anything),
        ("plain, padding added", "reading short", _padded_plain, anything),
        ("plain, padding dropped", "reading short", _unpadded_plain, anything),
        ("SHA224", "algorithm", _put(algorithm="SHA224"), anything),
        ("SHA384", "algorithm", _put(algorithm="SHA384"), anything),
        ("key cut to the block", "algorithm key short", _cut_to_block, anything),
        *(
            (way, "algorithm", _put(way=way), anything)
            for way in ("swapped", "secret first", "message first")
        ),
        *((f"counter: {form}", "order size", _put(form=form), anything) for form in _FORMS),
        ("counter: hex 16 capitals", "order size", _put(form="hex 16 capitals"), anything),
        ("counter: hex 8", "order size factor", _put(form="hex 8"), ("counter",)),
        ("counter: shortest", "order size factor", _put(form="shortest"), ("counter",)),
        *((f"place: {place}", "last view", _put(place=place), anything) for place in _PLACES),
        ("place: first byte", "last view", _put(last=0), anything),
        ("first digits", "lost sign", _put(finish="first digits"), anything),
        ("mask of 28 bits", "sign", _put(sign="28 bits"), anything),
        ("first digits of 10", "lost sign digits", _put(finish="first of 10"), anything),
        ("first digits of 8", "lost digits", _put(finish="first of 8"), anything),
        ("zeros on the right", "lost", _put(finish="zeros on the right"), anything),
        ("checksum", "lost", _checksum, anything),
        *((f"period of {seconds} s", "period factor", _put(period=seconds), clock) for seconds in _PERIODS),
        *(
            (f"clock from {name}", "period factor", _put(epoch=(name, start)), clock)
            for name, start in _EPOCHS
        ),
    ]
    for name, parts, change, settings in rare_rows:
        yield Mistake(name, frozenset(parts.split()), change, frozenset(settings), rare=True)
    # Other pasted text is not a mistake of the program, and can be combined with such mistakes.
    pasted: list[tuple[str, Callable[[Program], None]]] = [
        ("zero width", _pasted(_INVISIBLE, _sprinkled("\u200b"))),
        ("byte-order mark", _pasted(_INVISIBLE, lambda text, _: f"\ufeff{text}")),
        ("quotes", _pasted(_QUOTES, lambda text, _: f"\u201c{text}\u201d")),
        ("dots", _pasted(_DOTS, _grouped("."))),
        ("colons", _pasted(_DOTS, _grouped(":"))),
        (
            "percent signs",
            _pasted(
                "its percent signs decoded", lambda text, _: f"{text}{'%3D' * (-len(text) % 8) or '%20'}"
            ),
        ),
        ("full width", _pasted(_WIDE, lambda text, _: "".join(chr(ord(letter) + 0xFEE0) for letter in text))),
        ("label", _pasted("taken from after its label", lambda text, _: f"secret={text}&issuer=Acme")),
        ("label in JSON", _pasted("taken from after its label", lambda text, _: f'{{"secret": "{text}"}}')),
        *(
            (
                name,
                _pasted("taken from after its label", _within(label)),
            )
            for name, label in (
                ("name of a variable", "OTP_SECRET=*"),
                ("camel case", 'secretKey: "*"'),
                ("element of XML", "<totpSecret>*</totpSecret>"),
            )
        ),
        (
            "with an address",
            _pasted(
                "taken from a line of its own, without its white space",
                lambda text, _: f"alice@example.com\n{text}",
            ),
        ),
        ("wrong padding", _pasted("without its wrong padding", lambda text, _: _wrongly_padded(text))),
        (
            "equals sign of a mail",
            _pasted("without the 3D of an equals sign in front", lambda text, _: f"3D{text}"),
        ),
        (
            "underscores",
            _pasted("with characters that are not base32 left out", _grouped("_")),
        ),
        (
            "Cyrillic",
            _pasted(
                _CYRILLIC, lambda text, _: text.replace("A", "\u0410").replace("C", "\u0421") + "\u0410" * 0
            ),
        ),
        ("0x", _pasted_hex("without its 0x or \\x", "0x", "")),
        ("\\x", _pasted_hex("without its 0x or \\x", "\\x", "\\x")),
        ("hex with colons", _pasted_hex(_DOTS, "", ":")),
        ("list of bytes", _bytes),
    ]
    for name, change in pasted:
        yield Mistake(
            f"pasted: {name}", frozenset({"reading", "short"}), change, frozenset(anything), rare=True
        )
    for name, change in (
        ("any wrong letter", _any_letter),
        ("letters exchanged", _exchanged),
        ("lost letter", _lost_letter),
        ("doubled letter", _doubled_letter),
    ):
        yield Mistake(
            name, frozenset({"reading", "short", "clock"}), change, frozenset(anything), 2, rare=True
        )
    # These count as two mistakes at one step.
    for name, values, settings in (
        ("hex digest and byte 19", {"view": "text", "last": 19}, anything),
        ("hex digest, offset in digits, digit 19", {"view": "digits", "last": 19}, anything),
        ("counter as a time, period of 15 s", {"moves": "counter as time", "period": 15}, counter),
        ("counter as a time, period of 60 s", {"moves": "counter as time", "period": 60}, counter),
    ):
        yield Mistake(name, frozenset(), _put(**values), frozenset(settings), 2)


MISTAKES = {mistake.name: mistake for mistake in _list()}


def partners(mistake: Mistake, far: bool) -> list[Mistake]:
    """List the mistakes that can be planted with a mistake: distant times and counters, or all the others."""
    return [
        other
        for other in MISTAKES.values()
        if mistake.weight == other.weight == 1
        and ("far" in other.parts) is far
        and not ((far or "far" in mistake.parts) and (mistake.rare or other.rare))
        and not (far and "far" in mistake.parts)
        and not mistake.parts & other.parts
        and mistake.settings & other.settings
    ]
