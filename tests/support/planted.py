"""A wrong implementation in hmac, hashlib and integers, independent of the search that finds it."""

import base64
import hashlib
import hmac
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

JITTER = 5
"""Maximum error of the time that a user notes for a code, in seconds."""

HASHES: dict[str, tuple[Callable[..., Any], int, int]] = {
    "SHA1": (hashlib.sha1, 20, 64),
    "SHA256": (hashlib.sha256, 32, 64),
    "SHA512": (hashlib.sha512, 64, 128),
    "SHA3_256": (hashlib.sha3_256, 32, 136),
    "SHA3_512": (hashlib.sha3_512, 64, 72),
    "SHA224": (hashlib.sha224, 28, 64),
    "SHA384": (hashlib.sha384, 48, 128),
}
"""The hash, its length and its block in bytes."""

OWN_HASHES = list(HASHES)[:5]
"""The hashes with which the library computes codes."""

CHECK = "0246813579"
"""For each digit, the sum of the digits of its double."""

ZONES = (30, 60, 120, 330, 345, 525, 570, 720, 765, 825, 840)
"""Differences between time zones, in minutes."""


@dataclass
class Program:
    """A program that computes codes from a text. It is right at first, and each mistake changes a part of it.

    Attributes:
        random: Makes the choices that a mistake leaves open.
        raw: The intended secret.
        text: The written form of the secret.
        key: The secret that the program reads in the text.
        reading: The words with which a finding describes this reading.
        setting: The facts that are known about each code: "time", "counter" or "both".
        moves: The source of the moving factor.
        clock: Seconds by which the clock is fast.
        ahead: Number of steps by which the program's counter is ahead.
        presses: The counter of each code, for an app that counts although a time is expected.
        naming: The end of the words with which a finding describes the error of the clock.
        epoch: Name of the clock's epoch, and its Unix time.
        way: The computation of a hash from the secret and the message.
        form: The form of the message; empty for bytes.
        place: A mistake in the choice of the four bytes; empty if there is none.
        finish: The computation of the digits from the number.
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
    epoch: tuple[str, int] = ("", 0)
    way: str = "hmac"
    form: str = ""
    place: str = ""
    finish: str = "remainder"

    def factor(self, number: int, time: float, counter: int) -> int:
        """Compute the counter or step of the code with an index, which counts from 0."""
        seconds = time + self.clock - self.epoch[1]
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
        """Compute the HMAC with the mistakes in the use of the key."""
        new, length, right = HASHES[self.algorithm]
        key = self.key
        if self.repeated and len(key) < length:
            key = (key * length)[:length]
        if self.way != "hmac":
            both = {"secret first": key + message, "message first": message + key}
            if self.way == "swapped":
                return hmac.digest(message, key, self.algorithm.lower())
            return bytes(new(both[self.way]).digest())
        if self.longest < 0:
            key = key[:right]
        if self.longest <= 0:
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
        hs = self.hmac(self.message(factor % 2**64))
        if self.view == "digits":
            digits = f"{int.from_bytes(hs, 'big'):0{2 * len(hs)}x}"
            offset = int(digits[self.last], 16)
            number = int(digits[offset : offset + 8], 16)
        else:
            data = base64.b16encode(hs).lower() if self.view == "text" else hs
            offset = data[self.last] % 16 if self.offset < 0 else self.offset
            if self.place == "three bits":
                offset %= 8
            if self.place == "high bits":
                offset = data[-1] // 16
            quad = data[-4:] if self.place == "last four" else data[offset : offset + 4]
            if self.place == "reversed":
                quad = quad[::-1]
            number = sum(byte << 24 - 8 * i for i, byte in enumerate(quad))
            if self.place == "signed":
                number = 0
                for i, byte in enumerate(quad):
                    number |= (byte - 256 if byte > 127 else byte) * 2 ** (24 - 8 * i)
                number %= 2**32
        if self.sign == "masked":
            number %= 2**31
        elif self.sign == "28 bits":
            number %= 16**7
        elif self.sign == "dropped":
            number = min(number, 2**32 - number)
        elif self.sign == "negative" and number >= 2**31:
            number -= 2**32
        if self.finish == "first digits":
            return str(number)[: self.digits]
        if self.finish == "first of 8":
            return str(number % 10**8).zfill(8)[: self.digits]
        if self.finish == "first of 10":
            return str(number).zfill(10)[: self.digits]
        if self.finish == "checksum":
            code = str(number % 10 ** (self.digits - 1)).zfill(self.digits - 1)
            weights = [CHECK[int(digit)] if i % 2 == 0 else digit for i, digit in enumerate(reversed(code))]
            return f"{code}{-sum(map(int, weights)) % 10}"
        code = str(number % 10**self.digits)
        if self.finish == "zeros on the right":
            return code + "0" * (self.digits - len(code))
        return code if self.lost else code.zfill(self.digits)

    def message(self, factor: int) -> bytes:
        """Write a moving factor as a message."""
        digits = hex(factor)[2:]
        if self.form == "padded right":
            return bytes.fromhex(digits + "0" * (16 - len(digits)))
        if self.form == "shortest":
            return bytes.fromhex(digits if len(digits) % 2 == 0 else f"0{digits}")
        texts = {
            "decimal": str(factor),
            "decimal 16": str(factor).zfill(16),
            "hex 16": digits.zfill(16),
            "hex 16 capitals": digits.upper().zfill(16),
            "hex 8": digits.zfill(8),
            "hex": digits,
        }
        if self.form in texts:
            return texts[self.form].encode()
        low: int = factor % 256**self.size
        data = low.to_bytes(self.size, "little" if self.order == "little" else "big")
        if self.form == "twice":
            return data[4:] * 2
        if self.form == "utf-8":
            return "".join(map(chr, data)).encode()
        return data

    def show(self, places: Sequence[tuple[float, int]]) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Compute the moving factors and the codes of the given times and counters."""
        factors = tuple(self.factor(number, *place) for number, place in enumerate(places))
        return factors, tuple(map(self.code, factors))

    def words(self) -> set[str]:
        """Return the words for the mistakes, without the error of a clock or counter."""
        block = HASHES[self.algorithm][2]
        digit = ", the offset taken from hexadecimal digit 19" if self.last == 19 else ""
        return {
            words
            for wrong, words in (
                (self.repeated, "the key repeated to the length of the hash"),
                (self.block, f"a block of 64 bytes where that of {self.algorithm} has {block}"),
                (
                    self.longest > 0 and not self.block,
                    "a key of more than 64 bytes hashed, though it fits the block",
                ),
                (self.longest < 0, "a key longer than the block cut to the block, not hashed"),
                (self.way == "swapped", "secret and message exchanged in the HMAC"),
                (self.way == "secret first", "one hash of secret and message instead of an HMAC"),
                (self.way == "message first", "one hash of message and secret instead of an HMAC"),
                (self.form == "padded right", "the counter's hexadecimal digits with zeros on their right"),
                (self.form == "shortest", "the counter without its leading zero bytes"),
                (self.form == "decimal", "the counter as decimal text"),
                (self.form == "hex 16", "the counter as 16 hexadecimal digits"),
                (self.form == "hex 16 capitals", "the counter as 16 hexadecimal digits in capitals"),
                (self.form == "hex 8", "the counter as 8 hexadecimal digits"),
                (self.form == "decimal 16", "the counter as 16 decimal digits"),
                (self.form == "hex", "the counter as hexadecimal text"),
                (self.form == "twice", "the low four bytes of the counter twice"),
                (self.form == "utf-8", "the counter's bytes as Latin-1 text, written again as UTF-8"),
                (self.place == "reversed", "the four bytes read with the lowest first"),
                (self.place == "signed", "the four bytes joined as signed numbers"),
                (self.place == "high bits", "the offset taken from the high four bits of the last byte"),
                (self.place == "three bits", "the offset taken from three bits instead of four"),
                (self.place == "last four", "the last four bytes instead of those at the offset"),
                (self.last == 0, "the offset taken from the first byte instead of the last one"),
                (self.finish == "first digits", "the first digits of the number instead of the last"),
                (self.finish == "first of 8", "a code of 8 digits cut to its first digits"),
                (self.finish == "first of 10", "a code of 10 digits cut to its first digits"),
                (self.finish == "checksum", "a checksum as the last digit"),
                (
                    self.finish == "zeros on the right",
                    "zeros put on the right of a short code instead of the left",
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
                (self.sign == "28 bits", "the number masked to 28 bits instead of 31"),
                (self.lost, "leading zeros are lost"),
                (
                    self.moves == "seconds",
                    "the time in seconds itself as the counter, not divided by a period",
                ),
                (self.moves == "counter as time", "the counter taken for a time in seconds"),
                (self.moves == "presses", "a counter (HOTP) where the time is expected"),
            )
            if wrong
        } | self.course()

    def course(self) -> set[str]:
        """Return the words for the mistakes in the moving factor, joined in one text."""
        timed = self.moves in ("time", "milliseconds")
        words = [
            "the time (TOTP) where a counter is expected" if timed and self.setting == "both" else "",
            "milliseconds where seconds are expected" if self.moves == "milliseconds" else "",
            f"a clock that counts from {self.epoch[0]} instead of 1970" if self.epoch[1] else "",
        ]
        return {", ".join(filter(None, words))} - {""}


class Seen(NamedTuple):
    """A code with its time and its counter, as far as they are known."""

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
        """Return the names of the checks that a finding, given as its values by name, does not pass."""
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
            "factors": finding["moving_factors"] == self.factors,
            "clock": least <= program.clock <= most if timed else finding["clock"] is None,
            "ahead": finding["ahead"] == (program.ahead if program.moves == "counter" else None),
            "mistakes": said - {*off} == program.words(),
            "how far off": named,
        }
        return [name for name, good in checks.items() if not good]
