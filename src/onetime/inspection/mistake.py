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
        # Another hash is a mistake by itself; one that shows only with another hash is not counted twice.
        choices.append(Choice(Keying(algorithm, block, block), int(algorithm is not Algorithm.SHA1)))
        wrong = (
            (Keying(algorithm, 64, 64), f"a block of 64 bytes where that of {algorithm} has {block}"),
            (Keying(algorithm, 64, block), "a key of more than 64 bytes hashed, though it fits the block"),
            (Keying(algorithm, block, block, repeated=True), "the key repeated to the length of the hash"),
        )
        for keying, words in wrong:
            padded = keying.padded(key)
            if all(padded != other.value.padded(key) for other in choices if other.value[0] is algorithm):
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


def _unsigned(hs: bytes, offset: int) -> int:
    number: int = _four_bytes(hs, offset)[0]
    return number


def _signed(hs: bytes, offset: int) -> int:
    number = _unsigned(hs, offset)
    return number - 2**32 if number >= 2**31 else number


def _right(hs: bytes) -> int:
    """RFC 4226 section 5.3: four bytes from the offset in the last byte on, without the highest bit."""
    number: int = _four_bytes(hs, hs[-1] & 0xF)[0]  # most of the search goes this way, without one call more
    return number & 0x7FFFFFFF


def _byte_19(hs: bytes) -> int:
    return _unsigned(hs, hs[19] & 0xF) & 0x7FFFFFFF


def _without_mask(hs: bytes) -> int:
    return _unsigned(hs, hs[-1] & 0xF)


def _sign_dropped(hs: bytes) -> int:
    return abs(_signed(hs, hs[-1] & 0xF))


def _negative(hs: bytes) -> int:
    return _signed(hs, hs[-1] & 0xF)


def _no_offset(hs: bytes) -> int:
    return _unsigned(hs, 0) & 0x7FFFFFFF


def _hex_bytes(hs: bytes) -> int:
    return _right(hs.hex().encode())


def _hex_offset(hs: bytes) -> int:
    text = hs.hex()
    offset = int(text[-1], 16)
    return int(text[offset : offset + 8], 16) & 0x7FFFFFFF


BYTE_19: Choice[Callable[[bytes], int]] = Choice(
    _byte_19, 0, "the offset taken from byte 19 instead of the last one"
)
"""Shows only with hashes of more than 20 bytes, which are counted already."""

TRUNCATIONS: Sequence[Choice[Callable[[bytes], int]]] = (
    Choice(_right),
    BYTE_19,
    Choice(_without_mask, 1, "the sign bit not masked, the number without a sign"),
    Choice(_sign_dropped, 1, "the sign bit not masked, the minus dropped"),
    Choice(_negative, 1, "the sign bit not masked, the remainder of a negative number"),
    Choice(_no_offset, 1, "the first four bytes instead of those at the offset"),
    Choice(_hex_bytes, 1, "the hexadecimal digits of the HMAC instead of its bytes"),
    Choice(_hex_offset, 1, "the offset counted in hexadecimal digits instead of bytes"),
)
"""The HMAC as a number, of which the code is the remainder."""
