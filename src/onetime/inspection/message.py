"""The moving factor as the message of the HMAC (RFC 4226 section 5.2), and known mistakes in it."""

import struct
from collections.abc import Callable, Sequence

from onetime.inspection.choice import Choice

_EIGHT = "Write the moving factor as eight bytes, the highest first (RFC 4226 section 5.2)."


def _low(pack: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """Return a function that packs only the low 32 bits."""
    return lambda factor: pack(factor & 0xFFFFFFFF)


def _padded_right(factor: int) -> bytes:
    return bytes.fromhex(f"{factor:x}".ljust(16, "0"))


def _shortest(factor: int) -> bytes:
    return factor.to_bytes(max(1, (factor.bit_length() + 7) // 8))


def _low_half_twice(factor: int) -> bytes:
    low = (factor & 0xFFFFFFFF).to_bytes(4)
    return low + low


def _utf8(factor: int) -> bytes:
    return factor.to_bytes(8).decode("latin-1").encode()


MESSAGES: Sequence[Choice[Callable[[int], bytes]]] = (
    Choice(struct.Struct(">Q").pack),
    Choice(struct.Struct("<Q").pack, 1, "the counter with its lowest byte first", _EIGHT),
    Choice(_low(struct.Struct(">I").pack), 1, "the counter as four bytes instead of eight", _EIGHT),
    Choice(_low(struct.Struct("<I").pack), 2, "the counter as four bytes, the lowest first", _EIGHT),
    Choice(_padded_right, 1, "the counter's hexadecimal digits with zeros on their right", _EIGHT, rare=True),
    Choice(_shortest, 1, "the counter without its leading zero bytes", _EIGHT, rare=True),
    Choice(lambda factor: b"%d" % factor, 1, "the counter as decimal text", _EIGHT, rare=True),
    Choice(lambda factor: b"%016x" % factor, 1, "the counter as 16 hexadecimal digits", _EIGHT, rare=True),
    Choice(lambda factor: b"%x" % factor, 1, "the counter as hexadecimal text", _EIGHT, rare=True),
    Choice(
        lambda factor: b"%016X" % factor,
        1,
        "the counter as 16 hexadecimal digits in capitals",
        _EIGHT,
        rare=True,
    ),
    Choice(lambda factor: b"%08x" % factor, 1, "the counter as 8 hexadecimal digits", _EIGHT, rare=True),
    Choice(lambda factor: b"%016d" % factor, 1, "the counter as 16 decimal digits", _EIGHT, rare=True),
    Choice(
        _low_half_twice,
        1,
        "the low four bytes of the counter twice",
        f"{_EIGHT} In many languages, a shift of a 32-bit number by 32 bits does nothing.",
        rare=True,
    ),
    Choice(
        _utf8,
        1,
        "the counter's bytes as Latin-1 text, written again as UTF-8",
        f"{_EIGHT} Pass them to the HMAC as bytes, not as text.",
        rare=True,
    ),
)
"""The ways to write a moving factor, the right one first."""
