"""From bytes to the codewords of a QR code (ISO/IEC 18004:2015, 7.4 to 7.6)."""

from functools import cache
from itertools import pairwise

LEVELS = ("L", "M", "Q", "H")
"""Levels of error correction, which recover about 7, 15, 25 and 30 % of the codewords (7.5.1)."""

LAST_VERSION = 40
"""The highest version: a symbol with 177 modules on a side (5.3.1)."""

_BLOCKS = (
    ((1, 7), (1, 10), (1, 13), (1, 17)),  # version 1
    ((1, 10), (1, 16), (1, 22), (1, 28)),
    ((1, 15), (1, 26), (2, 18), (2, 22)),
    ((1, 20), (2, 18), (2, 26), (4, 16)),
    ((1, 26), (2, 24), (4, 18), (4, 22)),  # 5
    ((2, 18), (4, 16), (4, 24), (4, 28)),
    ((2, 20), (4, 18), (6, 18), (5, 26)),
    ((2, 24), (4, 22), (6, 22), (6, 26)),
    ((2, 30), (5, 22), (8, 20), (8, 24)),
    ((4, 18), (5, 26), (8, 24), (8, 28)),  # 10
    ((4, 20), (5, 30), (8, 28), (11, 24)),
    ((4, 24), (8, 22), (10, 26), (11, 28)),
    ((4, 26), (9, 22), (12, 24), (16, 22)),
    ((4, 30), (9, 24), (16, 20), (16, 24)),
    ((6, 22), (10, 24), (12, 30), (18, 24)),  # 15
    ((6, 24), (10, 28), (17, 24), (16, 30)),
    ((6, 28), (11, 28), (16, 28), (19, 28)),
    ((6, 30), (13, 26), (18, 28), (21, 28)),
    ((7, 28), (14, 26), (21, 26), (25, 26)),
    ((8, 28), (16, 26), (20, 30), (25, 28)),  # 20
    ((8, 28), (17, 26), (23, 28), (25, 30)),
    ((9, 28), (17, 28), (23, 30), (34, 24)),
    ((9, 30), (18, 28), (25, 30), (30, 30)),
    ((10, 30), (20, 28), (27, 30), (32, 30)),
    ((12, 26), (21, 28), (29, 30), (35, 30)),  # 25
    ((12, 28), (23, 28), (34, 28), (37, 30)),
    ((12, 30), (25, 28), (34, 30), (40, 30)),
    ((13, 30), (26, 28), (35, 30), (42, 30)),
    ((14, 30), (28, 28), (38, 30), (45, 30)),
    ((15, 30), (29, 28), (40, 30), (48, 30)),  # 30
    ((16, 30), (31, 28), (43, 30), (51, 30)),
    ((17, 30), (33, 28), (45, 30), (54, 30)),
    ((18, 30), (35, 28), (48, 30), (57, 30)),
    ((19, 30), (37, 28), (51, 30), (60, 30)),
    ((19, 30), (38, 28), (53, 30), (63, 30)),  # 35
    ((20, 30), (40, 28), (56, 30), (66, 30)),
    ((21, 30), (43, 28), (59, 30), (70, 30)),
    ((22, 30), (45, 28), (62, 30), (74, 30)),
    ((24, 30), (47, 28), (65, 30), (77, 30)),
    ((25, 30), (49, 28), (68, 30), (81, 30)),  # 40
)
"""Table 9, by version and level: the number of blocks, and of error correction codewords in each."""

_HIGH_BITS = int.from_bytes(b"\x80" * 31)
"""The highest bit of each coefficient of a polynomial with up to 31 coefficients."""


def capacity(version: int, level: str) -> int:
    """Return the number of bytes that a symbol holds in byte mode (Table 7)."""
    return _data_size(version, level) - (2 if version < 10 else 3)


def data_codewords(data: bytes, version: int, level: str) -> bytes:
    """Return the data codewords of bytes in byte mode (7.4).

    Args:
        data: At least one byte, and at most as many as the symbol holds.
        version: From 1 to 40.
        level: "L", "M", "Q" or "H".
    """
    # 7.4.5: the mode indicator of Table 2, the count with the number of bits in Table 3, and the bytes;
    # 7.4.9: the terminator. In byte mode these end at the end of a codeword, and always fit.
    count_size = 8 if version < 10 else 16
    stream = 0b0100 << count_size | len(data)
    stream = (stream << 8 * len(data) | int.from_bytes(data)) << 4
    codewords = stream.to_bytes(1 + count_size // 8 + len(data))
    # 7.4.10: the pad codewords.
    missing = _data_size(version, level) - len(codewords)
    return codewords + (b"\xec\x11" * missing)[:missing]


def final_message(data: bytes, version: int, level: str) -> bytes:
    """Return all codewords of a symbol, in the order in which they are placed (7.6).

    Args:
        data: The data codewords, as many as the symbol has.
        version: From 1 to 40.
        level: "L", "M", "Q" or "H".
    """
    count, correction_size = _blocks(version, level)
    # If the blocks are not equally long, the last ones have one more codeword.
    size, longer = divmod(len(data), count)
    starts = [i * size + max(0, i - count + longer) for i in range(count + 1)]
    blocks = [data[start:end] for start, end in pairwise(starts)]
    corrections = [error_correction(block, correction_size) for block in blocks]
    # The first codeword of each block, then the second of each, and so on; then error correction likewise.
    message = [block[i] for i in range(size + 1) for block in blocks if i < len(block)]
    message += [block[i] for i in range(correction_size) for block in corrections]
    return bytes(message)


def error_correction(block: bytes, size: int) -> bytes:
    """Return the error correction codewords of a block: a remainder over GF(2^8) (7.5.2).

    Args:
        block: The data codewords, the highest coefficient first.
        size: Number of codewords to compute, at most 30.
    """
    multiples = _multiples(size)
    top = 8 * (size - 1)
    rest = (1 << top) - 1
    remainder = 0
    for codeword in block:
        remainder = (remainder & rest) << 8 ^ multiples[remainder >> top ^ codeword]
    return remainder.to_bytes(size)


@cache
def _multiples(size: int) -> tuple[int, ...]:
    """Return the products of a generator polynomial (Annex A) and each element of GF(2^8).

    A polynomial is a number whose bytes are its coefficients. The coefficient of the highest power, which
    division removes, is left out.

    Args:
        size: Degree of the generator polynomial.
    """
    generator = 1
    for power in range(size):  # times (x - 2^power)
        scaled = generator
        for _ in range(power):
            scaled = _doubled(scaled)
        generator = generator << 8 ^ scaled
    generator &= (1 << 8 * size) - 1
    multiples = [0]
    for _ in range(8):  # by 1, 2, 4, ..., and their sums
        multiples += [multiple ^ generator for multiple in multiples]
        generator = _doubled(generator)
    return tuple(multiples)


def _doubled(polynomial: int) -> int:
    """Return a polynomial with coefficients doubled in GF(2^8), modulo x^8 + x^4 + x^3 + x^2 + 1 (7.5.2)."""
    high = polynomial & _HIGH_BITS
    return (polynomial ^ high) << 1 ^ (high >> 7) * 0b11101


def _blocks(version: int, level: str) -> tuple[int, int]:
    return _BLOCKS[version - 1][LEVELS.index(level)]


def _data_size(version: int, level: str) -> int:
    """Return the number of data codewords in a symbol (Table 7)."""
    blocks, correction_size = _blocks(version, level)
    return _encoding_region(version) // 8 - blocks * correction_size


def _encoding_region(version: int) -> int:
    """Return the number of modules for data and error correction (Table 1)."""
    size = 4 * version + 17
    # Without the finder patterns with their separators, the timing patterns and the format information.
    modules = size**2 - 3 * 8**2 - 2 * (size - 16) - 31
    if version > 1:
        # Without the alignment patterns, some of which share five modules with a timing pattern.
        across = version // 7 + 2
        modules -= (across**2 - 3) * 5**2 - 2 * (across - 2) * 5
    if version > 6:
        modules -= 36  # the version information
    return modules
