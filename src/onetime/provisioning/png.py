"""Pictures in two colors as PNG (ISO/IEC 15948)."""

import struct
import zlib
from collections.abc import Sequence

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def write_png(rows: Sequence[bytes], scale: int) -> bytes:
    """Return a picture as a PNG file, with one bit for each pixel.

    Args:
        rows: The rows from the top, a byte for each square: 1 if it is black, 0 if it is white.
        scale: Pixels on a side of a square.

    Returns:
        The content of a PNG file.
    """
    width, height = scale * len(rows[0]), scale * len(rows)
    shades = {0: "1" * scale, 1: "0" * scale}  # in grayscale, 1 is white
    lines = []
    for row in rows:
        bits = "".join([shades[square] for square in row])
        # Clause 7.2: a row fills whole bytes. Clause 9.2: the filter type comes first, here none.
        line = b"\0" + int(bits.ljust(-(-width // 8) * 8, "0"), 2).to_bytes(-(-width // 8))
        lines.append(line * scale)
    # Clause 11.2.2: width, height, bit depth 1, grayscale, and the only defined methods.
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    data = zlib.compress(b"".join(lines), 9)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk with its length and its checksum (clause 5.3)."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
