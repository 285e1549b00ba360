"""From the codewords of a QR code to its modules (ISO/IEC 18004:2015, 6.3 and 7.7 to 7.10).

A symbol is one number, row after row from the top. The first module is the highest bit, and 1 is dark. Four
light modules of the quiet zone follow each row, so that a shift finds the neighbors of a module, but never
modules in another row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

MASKS = range(8)

_MARGIN = 4
_LEVEL_INDICATORS = {"L": 0b01, "M": 0b00, "Q": 0b11, "H": 0b10}
"""The indicators of the levels (Table 12)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts that all symbols of a version share.

    Attributes:
        size: Modules on a side.
        function: The dark modules of the finder, timing and alignment patterns.
        bits: Number of bits that `place` takes: those of the encoding region, and a final "0".
        place: Returns the bits of all modules. Modules outside the encoding region get the final "0".
        masks: The modules that each data mask inverts.
        has_left: The modules that have a neighbor on their left.
        has_upper: The modules that have a neighbor above them.
    """

    size: int
    function: int
    bits: int
    place: Callable[[str], tuple[str, ...]]
    masks: tuple[int, ...]
    has_left: int
    has_upper: int


def draw(codewords: bytes, version: int, level: str, mask: int | None) -> tuple[int, tuple[bytes, ...]]:
    """Draw a symbol.

    Args:
        codewords: The final message, from `final_message`.
        version: From 1 to 40.
        level: "L", "M", "Q" or "H".
        mask: From 0 to 7; None for the mask with the lowest penalty.

    Returns:
        The mask, and the rows with a byte for each module: 1 if it is dark.
    """
    layout = lay_out(version)
    # 7.7.3: the remainder bits, for which there are no codewords, are 0.
    bits = f"{int.from_bytes(codewords):0{8 * len(codewords)}b}".ljust(layout.bits, "0")
    unmasked = int("".join(layout.place(bits)), 2) | layout.function

    def complete(mask: int) -> int:
        return unmasked ^ layout.masks[mask] | information(version, level, mask)

    if mask is None:
        # 7.8.3.1: "the area to be evaluated is the complete symbol". Encoders that leave out the format and
        # version information do not choose the masks of the standard's own examples.
        mask = min(MASKS, key=lambda each: penalty(complete(each), layout))
    stride = layout.size + _MARGIN
    modules = f"{complete(mask):0{layout.size * stride}b}".encode().translate(bytes.maketrans(b"01", b"\0\1"))
    return mask, tuple(modules[i : i + layout.size] for i in range(0, len(modules), stride))


@lru_cache(maxsize=8)
def lay_out(version: int) -> Layout:
    """Return the layout of a version: the function patterns, the path of the codewords and the masks."""
    rows = _function_patterns(version)
    size = len(rows)
    # 7.7.3: up and down in columns two modules wide, from the right, beside the timing pattern.
    source = [[-1] * (size + _MARGIN) for _ in rows]  # -1 is the last of the bits, the "0"
    bits = 0
    for turn, right in enumerate((*range(size - 1, 6, -2), 5, 3, 1)):
        for i in range(size) if turn % 2 else reversed(range(size)):
            for j in (right, right - 1):
                if rows[i][j] == ".":
                    source[i][j] = bits
                    bits += 1
    texts = ["".join(row) for row in rows]
    region = _number([text.replace("1", "0").replace(".", "1") for text in texts])
    # 7.8.2: the tiles of a mask are put side by side; only the encoding region is inverted.
    masks = [[(tile[i % 12] * size)[:size] for i in range(size)] for tile in _TILES]
    return Layout(
        size=size,
        function=_number([text.replace(".", "0") for text in texts]),
        bits=bits + 1,
        place=itemgetter(*(number for row in source for number in row)),
        masks=tuple(region & _number(mask) for mask in masks),
        has_left=_number(["0" + "1" * (size - 1)] * size),
        has_upper=_number(["0" * size] + ["1" * size] * (size - 1)),
    )


def _number(rows: list[str]) -> int:
    return int("".join(row + "0" * _MARGIN for row in rows), 2)


def _function_patterns(version: int) -> list[list[str]]:
    """Return the function patterns (6.3): "1" is dark, "0" light, "." belongs to the encoding region."""
    size = 4 * version + 17
    rows = [["."] * size for _ in range(size)]

    def square(row: int, column: int, rings: str) -> None:
        """Draw a square around a module, with its rings from the center outward."""
        reach = len(rings) - 1
        for i in range(max(row - reach, 0), min(row + reach + 1, size)):
            for j in range(max(column - reach, 0), min(column + reach + 1, size)):
                rows[i][j] = rings[max(abs(i - row), abs(j - column))]

    # 7.9.1 and 7.10: room for the format and version information.
    for i in range(9):
        rows[8][i] = rows[i][8] = rows[8][-i] = rows[-i][8] = "0"
    if version >= 7:
        for i in range(6):
            for j in (-9, -10, -11):
                rows[i][j] = rows[j][i] = "0"
    # 6.3.5: the timing patterns.
    for i in range(size):
        rows[6][i] = rows[i][6] = "10"[i % 2]
    # 6.3.6: the alignment patterns, where there is no finder pattern.
    positions = alignment_positions(version)
    for i in positions:
        for j in positions:
            if (i, j) not in ((6, 6), (6, size - 7), (size - 7, 6)):
                square(i, j, "101")
    # 6.3.3 and 6.3.4: the finder patterns with their separators.
    for i, j in ((3, 3), (3, size - 4), (size - 4, 3)):
        square(i, j, "11010")
    return rows


def alignment_positions(version: int) -> tuple[int, ...]:
    """Return the rows, which are also the columns, of the centers of alignment patterns (Annex E)."""
    if version == 1:
        return ()
    last, gaps = 4 * version + 10, version // 7 + 1
    # From the last center back to the first, in even steps, which Table E.1 rounds up except in version 32.
    step = 26 if version == 32 else -((6 - last) // (2 * gaps)) * 2
    return (6, *range(last - step * (gaps - 1), last + 1, step))


def _conditions(i: int, j: int) -> tuple[int, ...]:
    """Return the values of Table 10 for row i and column j. A mask inverts a module if its value is 0."""
    return (
        (i + j) % 2,
        i % 2,
        j % 3,
        (i + j) % 3,
        (i // 2 + j // 3) % 2,
        i * j % 2 + i * j % 3,
        (i * j % 2 + i * j % 3) % 2,
        ((i + j) % 2 + i * j % 3) % 2,
    )


_TILES = tuple(
    tuple("".join("01"[_conditions(i, j)[mask] == 0] for j in range(12)) for i in range(12)) for mask in MASKS
)
"""The first twelve rows and columns of each mask, which repeat."""


def penalty(symbol: int, layout: Layout) -> int:
    """Return the penalty of a symbol for features that make it hard to read (7.8.3.1, Table 11)."""
    size, stride = layout.size, layout.size + _MARGIN
    # The modules of the same color as the one on their left, and as the one above them.
    across = layout.has_left & ~(symbol ^ symbol >> 1)
    down = layout.has_upper & ~(symbol ^ symbol >> stride)
    # N2: blocks of one color, counted as blocks of two by two: 3 points each.
    score = 3 * (across & down & across >> stride).bit_count()
    for step, same in ((1, across), (stride, down)):
        # N1: five modules of one color in a row: 3 points, and 1 for each further one.
        fives = same & same >> step & same >> 2 * step & same >> 3 * step
        score += fives.bit_count() + 2 * (fives & ~(fives >> step)).bit_count()
        # N3: dark and light as 1:1:3:1:1, with four light modules before or after it: 40 points. The
        # quiet zone is light.
        dark = symbol & symbol >> 2 * step & symbol >> 3 * step & symbol >> 4 * step & symbol >> 6 * step
        light = symbol >> step | symbol >> 5 * step
        before = symbol >> 7 * step | symbol >> 8 * step | symbol >> 9 * step | symbol >> 10 * step
        after = symbol << step | symbol << 2 * step | symbol << 3 * step | symbol << 4 * step
        score += 40 * (dark & ~light & ~(before & after)).bit_count()
    # N4: 10 points for each whole 5 % by which the dark modules are more or less than half of all.
    return score + 10 * (abs(2 * symbol.bit_count() - size**2) * 10 // size**2)


@lru_cache(maxsize=64)
def information(version: int, level: str, mask: int) -> int:
    """Return the dark modules of the format and the version information."""
    size = 4 * version + 17
    dark = [(size - 8, 8)]  # 7.9.1: this module is always dark
    # 7.9.1 and Annex C: level and mask with ten check bits, twice, the lowest bit first.
    bits = with_check_bits(_LEVEL_INDICATORS[level] << 3 | mask, 10, 0b10100110111) ^ 0b101010000010010
    steps = (0, 1, 2, 3, 4, 5, 7, 8)  # 6 is the timing pattern
    around = [(i, 8) for i in steps] + [(8, j) for j in steps[-2::-1]]
    apart = [(8, size - 1 - j) for j in range(8)] + [(size - 7 + i, 8) for i in range(7)]
    dark += [path[bit] for path in (around, apart) for bit in range(15) if bits >> bit & 1]
    # 7.10 and Annex D: the version with twelve check bits, twice, the lowest bit first.
    if version >= 7:
        bits = with_check_bits(version, 12, 0b1111100100101)
        right = [(bit // 3, size - 11 + bit % 3) for bit in range(18) if bits >> bit & 1]
        dark += right + [(i, j) for j, i in right]
    stride = size + _MARGIN
    return sum(1 << (size * stride - 1 - i * stride - j) for i, j in dark)


def with_check_bits(data: int, size: int, generator: int) -> int:
    """Return data with the check bits of a BCH code: the remainder of a division over GF(2)."""
    remainder = data << size
    while remainder.bit_length() > size:
        remainder ^= generator << remainder.bit_length() - size - 1
    return data << size | remainder
