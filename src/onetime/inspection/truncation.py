"""Dynamic truncation (RFC 4226 section 5.3): from the HMAC to a number, and known mistakes on the way.

Each table begins with the RFC's way.
"""

import struct
from collections.abc import Callable, Sequence

from onetime.inspection.choice import Choice

Place = Choice[Callable[[bytes], int]]
Sign = Choice[Callable[[int], int]]

_OFFSET = "Take the offset from the low four bits of the last byte of the HMAC (RFC 4226 section 5.3)."
_BYTES = "Truncate the bytes of the HMAC, not its hexadecimal digits (RFC 4226 section 5.3)."
_FOUR = "Read the four bytes as a number with the highest byte first (RFC 4226 section 5.3)."
_MASK = "Clear the highest bit of the four bytes: AND with 0x7fffffff (RFC 4226 section 5.3)."

four_bytes: Callable[..., tuple[int]] = struct.Struct(">I").unpack_from
"""Function that reads a number of 32 bits, the highest byte first, at an offset."""
_four_reversed = struct.Struct("<I").unpack_from
_four_signed = struct.Struct("4b").unpack_from


def _last_byte(hs: bytes) -> int:
    number: int = four_bytes(hs, hs[-1] & 0xF)[0]
    return number


def _byte_19(hs: bytes) -> int:
    number: int = four_bytes(hs, hs[19] & 0xF)[0]
    return number


def _first_byte(hs: bytes) -> int:
    number: int = four_bytes(hs, hs[0] & 0xF)[0]
    return number


def _high_bits(hs: bytes) -> int:
    number: int = four_bytes(hs, hs[-1] >> 4)[0]
    return number


def _three_bits(hs: bytes) -> int:
    number: int = four_bytes(hs, hs[-1] & 7)[0]
    return number


def _no_offset(hs: bytes) -> int:
    number: int = four_bytes(hs, 0)[0]
    return number


def _last_four(hs: bytes) -> int:
    return int.from_bytes(hs[-4:])


def _reversed(hs: bytes) -> int:
    number: int = _four_reversed(hs, hs[-1] & 0xF)[0]
    return number


def _sign_extended(hs: bytes) -> int:
    # Without `& 0xff`, a negative byte sets every bit above it.
    first, second, third, fourth = _four_signed(hs, hs[-1] & 0xF)
    number: int = (first << 24 | second << 16 | third << 8 | fourth) & 0xFFFFFFFF
    return number


def _hex_bytes(hs: bytes) -> int:
    return _last_byte(hs.hex().encode())


def _hex_byte_19(hs: bytes) -> int:
    return _byte_19(hs.hex().encode())


def _hex_offset(hs: bytes, last: int = -1) -> int:
    digits = hs.hex()
    offset = int(digits[last], 16)
    return int(digits[offset : offset + 8], 16)


def _hex_offset_19(hs: bytes) -> int:
    return _hex_offset(hs, 19)


_BYTE_19_WORDS = "the offset taken from byte 19 instead of the last one"
BYTE_19: Place = Choice(_byte_19, 0, _BYTE_19_WORDS, _OFFSET)
"""A mistake that shows only with hashes of more than 20 bytes. If the hash itself counts as a
mistake, this one does not count."""

COUNTED_BYTE_19: Place = BYTE_19._replace(cost=1)
"""The same mistake if the longer hash is the expected one."""

_HEX_BYTES = "the hexadecimal digits of the HMAC instead of its bytes"
_HEX_OFFSET = "the offset counted in hexadecimal digits instead of bytes"
_DIGIT_19 = "the offset taken from hexadecimal digit 19"

PLACES: Sequence[Place] = (
    Choice(_last_byte),
    Choice(_no_offset, 1, "the first four bytes instead of those at the offset", _OFFSET),
    Choice(_hex_bytes, 1, _HEX_BYTES, _BYTES),
    Choice(_hex_offset, 1, _HEX_OFFSET, _BYTES),
    Choice(_hex_byte_19, 2, f"{_HEX_BYTES}, {_DIGIT_19}", _BYTES),
    Choice(_hex_offset_19, 2, f"{_HEX_OFFSET}, {_DIGIT_19}", _BYTES),
    Choice(_reversed, 1, "the four bytes read with the lowest first", _FOUR, rare=True),
    Choice(
        _sign_extended,
        1,
        "the four bytes joined as signed numbers",
        "Mask each byte with 0xff before it is shifted: bytes above 127 are negative in some languages.",
        rare=True,
    ),
    Choice(
        _first_byte, 1, "the offset taken from the first byte instead of the last one", _OFFSET, rare=True
    ),
    Choice(_high_bits, 1, "the offset taken from the high four bits of the last byte", _OFFSET, rare=True),
    Choice(_three_bits, 1, "the offset taken from three bits instead of four", _OFFSET, rare=True),
    Choice(_last_four, 1, "the last four bytes instead of those at the offset", _OFFSET, rare=True),
)
"""The ways from the HMAC to a number of 32 bits, the right one first."""


def _masked(number: int) -> int:
    return number & 0x7FFFFFFF


def _unsigned(number: int) -> int:
    return number


def _signed(number: int) -> int:
    return number - 2**32 if number >= 2**31 else number


def _sign_dropped(number: int) -> int:
    return abs(_signed(number))


def _masked_28(number: int) -> int:
    return number & 0x0FFFFFFF


SIGNS: Sequence[Sign] = (
    Choice(_masked),
    Choice(_unsigned, 1, "the sign bit not masked, the number without a sign", _MASK),
    Choice(_sign_dropped, 1, "the sign bit not masked, the minus dropped", _MASK),
    Choice(_signed, 1, "the sign bit not masked, the remainder of a negative number", _MASK),
    Choice(_masked_28, 1, "the number masked to 28 bits instead of 31", _MASK, rare=True),
)
"""The ways from 32 bits to the number that the code is made of, the right one first."""


def right(hs: bytes) -> int:
    """Return Snum as RFC 4226 section 5.3 defines it."""
    number: int = four_bytes(hs, hs[-1] & 0xF)[0]
    return number & 0x7FFFFFFF


def truncation(place: Place, sign: Sign) -> Callable[[bytes], int]:
    """Return one function for both steps; `right` for the right ones."""
    if place is PLACES[0] and sign is SIGNS[0]:
        return right
    locate, interpret = place.value, sign.value
    if sign is SIGNS[0]:
        return lambda hs: locate(hs) & 0x7FFFFFFF
    return lambda hs: interpret(locate(hs))
