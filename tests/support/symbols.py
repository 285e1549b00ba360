"""QR codes for comparisons: their content, digests, and penalties as the standard defines them."""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby

LEVELS = "LMQH"
VERSIONS = range(1, 41)
MASKS = range(8)

Rows = Sequence[bytes]


def content(version: int, level: str, length: int) -> bytes:
    """Return pseudorandom bytes that are the same on every machine."""
    return hashlib.shake_128(f"{version}-{level}".encode()).digest(length)


def digest(rows: Rows) -> str:
    """Return a digest of a symbol, in eight hexadecimal digits."""
    return hashlib.sha256(b"".join(rows)).hexdigest()[:8]


def scores(rows: Rows) -> tuple[int, int, int, int]:
    """Return the penalties of a complete symbol by Table 11: the points for N1, N2, N3 and N4."""
    columns = [bytes(column) for column in zip(*rows, strict=True)]
    lines = [*rows, *columns]
    runs = [len(list(run)) for line in lines for _, run in groupby(line)]
    n1 = sum(3 + length - 5 for length in runs if length >= 5)
    blocks = [
        {rows[i][j], rows[i][j + 1], rows[i + 1][j], rows[i + 1][j + 1]}
        for i in range(len(rows) - 1)
        for j in range(len(rows) - 1)
    ]
    n2 = sum(3 for block in blocks if len(block) == 1)
    n3 = sum(40 for line in lines for _ in _finders(line))
    dark = sum(map(sum, rows)) * 100 / len(rows) ** 2
    return n1, n2, n3, 10 * int(abs(dark - 50) / 5)


def _finders(line: bytes) -> Iterable[int]:
    """Find dark and light as 1:1:3:1:1, with four light modules before or after it."""
    wide = bytes(4) + line + bytes(4)
    for i in range(4, len(line) - 2):
        pattern = wide[i : i + 7] == bytes((1, 0, 1, 1, 1, 0, 1))
        if pattern and bytes(4) in (wide[i - 4 : i], wide[i + 7 : i + 11]):
            yield i
