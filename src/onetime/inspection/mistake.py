"""The known mistakes of implementations: at the key, the message and the truncation of RFC 4226.

Each table begins with what the RFC says. A choice that is wrong has words; what it costs is how many
mistakes it stands for.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from onetime.algorithm import Algorithm

T = TypeVar("T")


class Choice(NamedTuple, Generic[T]):
    """One way to do a step.

    Attributes:
        value: What does it.
        cost: How many mistakes it is.
        words: What is wrong with it; empty for what is right.
    """

    value: T
    cost: int = 0
    words: str = ""


class Keying(NamedTuple):
    """How the padded key of RFC 2104 section 2 is made.

    Attributes:
        algorithm: The hash.
        longest: Length in bytes past which the key is hashed first.
        block: Length in bytes to which it is filled with zeros.
        repeated: Whether a key that is shorter than the hash is repeated to its length.
    """

    algorithm: Algorithm
    longest: int
    block: int
    repeated: bool = False

    def padded(self, key: bytes) -> bytes:
        """Make the padded key."""
        size = self.algorithm.digest_size
        if self.repeated and len(key) < size:
            key = (key * size)[:size]
        if len(key) > self.longest:
            key = self.algorithm.new(key).digest()
        return key.ljust(self.block, b"\0")


def keyings(key: bytes) -> list[Choice[Keying]]:
    """Tell every way to use a key; those that make no difference to this one are left out."""
    choices: list[Choice[Keying]] = []
    for algorithm in Algorithm:
        block = algorithm.block_size
        right = Keying(algorithm, block, block)
        # Another hash is a mistake by itself; one that shows only with another hash is not counted twice.
        choices.append(Choice(right, int(algorithm is not Algorithm.SHA1)))
        known = {right.padded(key)}
        for keying, words in (
            (Keying(algorithm, 64, 64), f"a block of 64 bytes where that of {algorithm} has {block}"),
            (Keying(algorithm, 64, block), "a key of more than 64 bytes hashed, though it fits the block"),
            (Keying(algorithm, block, block, repeated=True), "the key repeated to the length of the hash"),
        ):
            padded = keying.padded(key)
            if padded not in known:
                known.add(padded)
                choices.append(Choice(keying, 1, words))
    return choices


def _low(pack: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """Pack the low 32 bits only."""
    return lambda factor: pack(factor & 0xFFFFFFFF)


MESSAGES: Sequence[Choice[Callable[[int], bytes]]] = (
    Choice(struct.Struct(">Q").pack),  # RFC 4226 section 5.2
    Choice(struct.Struct("<Q").pack, 1, "the counter with its lowest byte first"),
    Choice(_low(struct.Struct(">I").pack), 1, "the counter as four bytes instead of eight"),
    Choice(_low(struct.Struct("<I").pack), 2, "the counter as four bytes, the lowest first"),
)
"""The factor as a message."""

_four_bytes = struct.Struct(">I").unpack_from


def _last_byte(hs: bytes) -> int:
    number: int = _four_bytes(hs, hs[-1] & 0xF)[0]
    return number


def _byte_19(hs: bytes) -> int:
    number: int = _four_bytes(hs, hs[19] & 0xF)[0]
    return number


def _no_offset(hs: bytes) -> int:
    number: int = _four_bytes(hs, 0)[0]
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


BYTE_19: Choice[Callable[[bytes], int]] = Choice(
    _byte_19, 0, "the offset taken from byte 19 instead of the last one"
)
"""Shows only with hashes of more than 20 bytes, which are counted already."""

_HEX_BYTES = "the hexadecimal digits of the HMAC instead of its bytes"
_HEX_OFFSET = "the offset counted in hexadecimal digits instead of bytes"
_DIGIT_19 = "the offset taken from hexadecimal digit 19"

PLACES: Sequence[Choice[Callable[[bytes], int]]] = (
    Choice(_last_byte),  # RFC 4226 section 5.3: from the offset on, which is in the last byte
    BYTE_19,
    Choice(_no_offset, 1, "the first four bytes instead of those at the offset"),
    Choice(_hex_bytes, 1, _HEX_BYTES),
    Choice(_hex_offset, 1, _HEX_OFFSET),
    Choice(_hex_byte_19, 2, f"{_HEX_BYTES}, {_DIGIT_19}"),
    Choice(_hex_offset_19, 2, f"{_HEX_OFFSET}, {_DIGIT_19}"),
)
"""The HMAC as four bytes, which are a number of 32 bits."""


def _masked(number: int) -> int:
    return number & 0x7FFFFFFF


def _unsigned(number: int) -> int:
    return number


def _signed(number: int) -> int:
    return number - 2**32 if number >= 2**31 else number


def _sign_dropped(number: int) -> int:
    return abs(_signed(number))


SIGNS: Sequence[Choice[Callable[[int], int]]] = (
    Choice(_masked),  # RFC 4226 section 5.3: the highest bit is left out
    Choice(_unsigned, 1, "the sign bit not masked, the number without a sign"),
    Choice(_sign_dropped, 1, "the sign bit not masked, the minus dropped"),
    Choice(_signed, 1, "the sign bit not masked, the remainder of a negative number"),
)
"""The four bytes as the number of which the code is the remainder."""


def _right(hs: bytes) -> int:
    number: int = _four_bytes(hs, hs[-1] & 0xF)[0]
    return number & 0x7FFFFFFF


def truncation(
    place: Choice[Callable[[bytes], int]], sign: Choice[Callable[[int], int]]
) -> Callable[[bytes], int]:
    """Make one function of two steps; most of the search goes the right way, which is one call."""
    if place is PLACES[0] and sign is SIGNS[0]:
        return _right
    return lambda hs: sign.value(place.value(hs))
