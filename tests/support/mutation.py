"""Malformed texts, links and arguments, drawn at random."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from onetime import HOTP, Algorithm, Secret

JUNK: list[str] = [
    *(chr(number) for number in range(0x21)),
    *"!\"#$%&'()*+,-./0189:;<=>?@[\\]^_`{|}~",
    *("\x7f", "\x80", "\x85", "\xa0", "\xad", "\u0130", "\u0131", "\u017f", "\u2028", "\u212a", "\ufeff"),
    *("ß", "é", "e\u0301", "Ａ", "２", "²", "٢", "߂", "\u200d", "\u202e", "\ud800", "\udfff", "\U0001f511"),
    *("====", "%", "%%", "%0", "%00", "%0A", "%20", "%25", "%26", "%41", "%ED%A0%80", "%ff", "%C3", "+"),
    *("&", "&&", "&=&", "?", "#", "://", "otpauth://", "-1", "0", "00", "1e9", "0x10", "1_0", "9" * 19),
    *("18446744073709551615", "18446744073709551616", "9" * 5000, "A" * 5000, "secret=", "&secret=AAAA"),
]


def _delete(source: Random, text: str, i: int, j: int) -> str:
    return text[:i] + text[j:]


def _insert(source: Random, text: str, i: int, j: int) -> str:
    return text[:i] + source.choice(JUNK) + text[i:]


def _replace(source: Random, text: str, i: int, j: int) -> str:
    return text[:i] + source.choice(JUNK) + text[i + 1 :]


def _duplicate(source: Random, text: str, i: int, j: int) -> str:
    return text[:j] + text[i:]


def _move(source: Random, text: str, i: int, j: int) -> str:
    return text[j:] + text[i:j] + text[:i]


def _turn(source: Random, text: str, i: int, j: int) -> str:
    return text[:i] + text[i:j][::-1] + text[j:]


def _change_case(source: Random, text: str, i: int, j: int) -> str:
    return text[:i] + text[i:j].swapcase() + text[j:]


def _encode(source: Random, text: str, i: int, j: int) -> str:
    encoded = "".join(f"%{byte:02X}" for byte in text[i:j].encode("utf-8", "replace"))
    return text[:i] + encoded + text[j:]


MUTATIONS: list[Callable[[Random, str, int, int], str]] = [
    *(_delete, _insert, _replace, _duplicate, _move, _turn, _change_case, _encode),
    *(_insert, _replace),  # more frequent than the others
]


def mutate(source: Random, text: str, least: int = 1) -> str:
    """Change a text `least` to three times, at random places."""
    for _ in range(source.randint(least, 3)):
        i = int(source.random() * (len(text) + 1))
        # Usually a few characters, and sometimes half of the text.
        j = i + 1 + int(source.random() * source.choice((1, 3, 9, len(text))))
        text = source.choice(MUTATIONS)(source, text, i, j)
    return text


LABELS = ["alice", "Acme:al", "Acme%3Aalice", "Acme:%20a%40b.com", "", ":", "a:b:c", "A :%C3%A9"]
ALGORITHMS = ["SHA1", "sha-256", "HmacSHA512", "SHA3_256", "hmac_sha3-512", "MD5", "SHA", ""]
NUMBERS = ["0", "1", "6", "8", "10", "11", "060", "-1", "+6", " 6", "6.0", "٦", "", str(2**64), "9" * 5000]


MARKS = [
    "amp;",
    "AMP;",
    "amp",
    "#38;",
    "nbsp;",
    " ",
    "+",
    "%09",
    "\u200b",
    "%E2%80%8B",
    "\u3164",
    ";",
    "_",
    "?",
    "%253B",
    "\\u0026",
    "%3D8&",
]


def link(source: Random, secret: str) -> str:
    """Return a random link that may be valid, with up to three changes."""
    kind = source.choice(("totp", "hotp", "TOTP"))
    number = source.choice(NUMBERS[:4]) if source.random() < 0.7 else source.choice(NUMBERS)
    parameters = [
        f"secret={secret}",
        f"issuer={source.choice(('Acme', 'Other', '', 'A%26B', 'A+B', 'A:B'))}",
        f"algorithm={source.choice(ALGORITHMS if source.random() < 0.3 else ALGORITHMS[:5])}",
        f"digits={source.choice(NUMBERS if source.random() < 0.2 else NUMBERS[2:5])}",
        f"{source.choice(('period', 'counter'))}={number}",
        f"{source.choice(('image', 'x', 'K', 'SECRET', ''))}={source.choice(('', 'y', '%00', secret))}",
        f"{source.choice(('x', 'tags', 'encoder', '2step_salt'))}={source.choice(('', 'steam', '8'))}",
        f"{source.choice(MARKS)}{source.choice(('digits', 'secret', 'issuer', 'x'))}=8",
    ]
    chosen = source.sample(parameters, source.randint(0, len(parameters)))
    if parameters[0] not in chosen and source.random() < 0.9:
        chosen.append(parameters[0])
    text = f"otpauth://{kind}/{source.choice(LABELS)}?{'&'.join(chosen)}"
    return mutate(source, text, 0)


class Whole(int):
    """A subclass of int."""


ARGUMENTS: list[Any] = [
    *(None, True, False, (), [], {}, b"", b"SHA1", bytearray(b"6"), object(), int, len, ..., Whole(7)),
    *(-1, 0, 1, 5, 6, 7, 8, 9, 10, 11, 30, 59, 2**31, 2**53, 2**63, 2**64 - 1, 2**64, 2**70, -(2**64)),
    *(10**4000, -(10**4000), 0.0, -0.0, 6.0, 59.5, 5e-324, 1e19, 1e300, -1e300),
    *(float("nan"), float("inf"), float("-inf"), 1j, Decimal(6), Decimal("NaN"), Fraction(13, 2)),
    *("", "6", "SHA1", "\ud800", "²" * 6, "9" * 5000, HOTP, HOTP(Secret(b"another")), *Algorithm),
    *(date(2026, 1, 1), timedelta(1), datetime(2026, 1, 1), datetime.min, datetime.max),
    *(datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)),
    *(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23, minutes=59))), datetime(2026, 1, 1, tzinfo=UTC)),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, timezone(-timedelta(hours=23, minutes=59))),
]


def strange(source: Random, secret: str) -> Any:
    """Return a random argument of any type, valid or not, sometimes with the given secret."""
    if source.random() < 0.2:
        return mutate(source, source.choice(ALGORITHMS), 0)
    if secret and source.random() < 0.1:
        return source.choice((secret, secret.encode(), [secret]))
    return source.choice(ARGUMENTS)
