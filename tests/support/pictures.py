"""QR codes as pictures, which zbarimg reads and with which those of qrencode are compared."""

import math
import random
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from tests.support import program

BLACK, WHITE = 0, 255

Picture = Sequence[bytes]
"""The rows of a grayscale picture, with a byte for each pixel."""

_HALVES = {" ": (0, 0), "\u2580": (1, 0), "\u2584": (0, 1), "\u2588": (1, 1)}


def from_text(text: str, *, ink: int, paper: int) -> Picture:
    """Render text of half blocks as a terminal does, with a margin of the terminal's background."""
    lines = text.split("\n")
    halves = [[_HALVES[letter][half] for letter in line] for line in lines for half in (0, 1)]
    shades = bytes((paper, ink))
    margin = bytes([paper] * 3)
    rows = [margin + bytes(shades[half] for half in row) + margin for row in halves]
    empty = [bytes([paper]) * len(rows[0])] * 3
    return enlarged([*empty, *rows, *empty], 4)


def enlarged(picture: Picture, factor: int) -> Picture:
    """Return a picture that is enlarged by a whole factor."""
    wide = [b"".join(bytes([pixel]) * factor for pixel in row) for row in picture]
    return [row for row in wide for _ in range(factor)]


def photographed(
    rows: Sequence[bytes], *, scale: float, degrees: float, dark: int, light: int, seed: int
) -> Picture:
    """Return a picture of modules as a camera takes it: scaled, rotated, gray, slightly blurred, and noisy.

    Args:
        rows: The modules, with a quiet zone.
        scale: Pixels on a side of a module.
        degrees: Angle of the rotation.
        dark: The gray of dark modules, from 0 to 255.
        light: The gray of light modules and of the background, from 0 to 255.
        seed: Seed of the noise.
    """
    size = len(rows)
    cos, sin = math.cos(math.radians(degrees)) / scale, math.sin(math.radians(degrees)) / scale
    side = math.ceil(size * scale * 1.3)
    noise = random.Random(seed)

    def shade(i: int, j: int) -> int:
        return dark if 0 <= i < size and 0 <= j < size and rows[i][j] else light

    picture = []
    for v in range(side):
        line = bytearray()
        for u in range(side):
            # The pixel's center, in modules. Between the centers of modules, their grays are mixed.
            right, down = u + 0.5 - side / 2, v + 0.5 - side / 2
            x = cos * right + sin * down + size / 2 - 0.5
            y = cos * down - sin * right + size / 2 - 0.5
            i, j = math.floor(y), math.floor(x)
            below, beside = y - i, x - j
            upper = shade(i, j) * (1 - beside) + shade(i, j + 1) * beside
            lower = shade(i + 1, j) * (1 - beside) + shade(i + 1, j + 1) * beside
            line.append(round(upper * (1 - below) + lower * below) + noise.randrange(-3, 4))
        picture.append(bytes(line))
    return picture


def from_png(png: bytes) -> list[bytes]:
    """Read a PNG picture of one bit a pixel without filters: 1 where it is black, 0 where it is white."""
    chunks, at = {}, 8
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        (check,) = struct.unpack_from(">I", png, at + 8 + size)
        assert check == zlib.crc32(name + data)
        chunks[name], at = data, at + 12 + size
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [1, 0, 0, 0, 0] and png[:8] == b"\x89PNG\r\n\x1a\n"
    lines = zlib.decompress(chunks[b"IDAT"])
    step = 1 + (width + 7) // 8
    assert len(lines) == height * step and not any(lines[::step])
    rows = [lines[i + 1 : i + step] for i in range(0, len(lines), step)]
    return [bytes(1 - (row[j // 8] >> 7 - j % 8 & 1) for j in range(width)) for row in rows]


def read(picture: Picture) -> bytes:
    """Return the bytes that zbarimg reads in the QR code of a picture."""
    header = f"P5 {len(picture[0])} {len(picture)} 255\n".encode()
    return read_file(header + b"".join(picture), ".pgm")


def shows(picture: Picture, data: bytes) -> bool:
    """Return whether zbarimg reads these bytes in a picture."""
    try:
        return read(picture) == data
    except ValueError:
        return False


def framed(rows: Picture) -> list[bytes]:
    """Return modules with a quiet zone of four light modules around them."""
    frame = [bytes(len(rows) + 8)] * 4
    return [*frame, *(bytes(4) + row + bytes(4) for row in rows), *frame]


def read_svg(svg: str, side: int | None = None) -> bytes:
    """Render an SVG image with rsvg-convert, `side` pixels wide and high, and read it with zbarimg."""
    options = () if side is None else (f"--width={side}", f"--height={side}")
    run = subprocess.run([program("rsvg-convert"), *options], input=svg.encode(), capture_output=True)
    if run.returncode:
        raise ValueError(run.stderr.decode())
    return read_file(run.stdout, ".png")


def printed(rows: Picture, side: int) -> list[bytes]:
    """Return modules as they are printed, with `side` dots on a side; ink widens dark areas by one dot."""
    places = [int((dot + 0.5) * len(rows) / side) for dot in range(side)]
    dots = [bytes(rows[i][j] for j in places) for i in places]
    wider = [bytes(map(max, row, b"\0" + row)) for row in dots]
    return [bytes(WHITE * (1 - dot) for dot in row) for row in wider]


def read_file(image: bytes, suffix: str) -> bytes:
    """Return the bytes that zbarimg reads in an image file, whose name gets the suffix."""
    path = program("zbarimg")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "picture").with_suffix(suffix)
        file.write_bytes(image)
        # Without `binary`, zbarimg guesses the character set of the bytes, and converts them to UTF-8. In
        # large QR codes, it would also find barcodes of other kinds.
        options = ("--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "-Sbinary")
        run = subprocess.run([path, *options, str(file)], capture_output=True)
    if run.returncode:
        raise ValueError(f"zbarimg exits with {run.returncode}")
    return run.stdout


def with_qrencode(data: bytes, level: str, version: int = 1) -> Sequence[bytes]:
    """Return the rows of qrencode's QR code without a quiet zone, in the given version or a higher one."""
    command = [program("qrencode"), "--8bit", f"--level={level}", f"--symversion={version}"]
    run = subprocess.run(
        [*command, "--type=ASCII", "--margin=0"], input=data, capture_output=True, check=True
    )
    # Two characters represent one module.
    lines = run.stdout.decode().splitlines()
    return [bytes(letter == "#" for letter in line[::2]) for line in lines]
