"""QR codes (ISO/IEC 18004:2015): model 2, byte mode, all versions and levels."""

import re
from binascii import crc32

from onetime.confidential import Confidential, discreet
from onetime.provisioning.codewords import LAST_VERSION, LEVELS, capacity, data_codewords, final_message
from onetime.provisioning.matrix import MASKS, draw

QUIET_ZONE = 4
"""The width of the light frame around a symbol, in modules (6.3.8)."""

_TURN_OVER = bytes.maketrans(b"\0\1", b"\1\0")
_HALF_BLOCKS = " \N{UPPER HALF BLOCK}\N{LOWER HALF BLOCK}\N{FULL BLOCK}"
_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class QRCode(Confidential):
    """A QR code.

    What it says is a secret where it is a link with one, so it is never shown by accident: `rows` and
    the methods that begin with `to_` give it out, `repr` does not. A QR code cannot be changed or
    pickled, and its copy is itself.

    Args:
        data: What it says, at least one byte. Text is written as UTF-8, as phones read it.
        level: How much of it may be lost and still be read: "L" about 7 %, "M" 15 %, "Q" 25 %, "H" 30 %.
        version: Its size, from 1 (21 modules on a side) to 40 (177); None for the smallest that will do.
        mask: The data mask, from 0 to 7; None for the one with the lowest penalty (7.8.3.1).

    Attributes:
        version: From 1 to 40.
        level: "L", "M", "Q" or "H".
        mask: From 0 to 7.
        size: Modules on a side, without the quiet zone.
        rows: The rows from the top, a byte for each module: 1 if it is dark, 0 if it is light.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The data is empty, is no Unicode or does not fit; there is no such level, version or
            mask.
    """

    __slots__ = ("level", "mask", "rows", "size", "version")
    version: int
    level: str
    mask: int
    size: int
    rows: tuple[bytes, ...]

    @discreet
    def __init__(
        self, data: str | bytes, *, level: str = "M", version: int | None = None, mask: int | None = None
    ) -> None:
        version, mask, rows = _encode(data, level, version, mask)
        put = object.__setattr__
        put(self, "version", version)
        put(self, "level", level)
        put(self, "mask", mask)
        put(self, "size", len(rows))
        put(self, "rows", rows)

    def to_text(self, *, light: bool = False) -> str:
        """Draw it with half blocks (U+2580, U+2584, U+2588) and spaces, two rows of modules to a line.

        The quiet zone is part of it. Nothing is coloured: the terminal's own colours have to differ.

        Args:
            light: False for a terminal that writes light on dark, True for one that writes dark on light.
        """
        margin = bytes(QUIET_ZONE)
        frame = [bytes(self.size + 2 * QUIET_ZONE)] * QUIET_ZONE
        rows = [*frame, *(margin + row + margin for row in self.rows), *frame]
        # Ink is what a terminal writes with; the last line has no lower half.
        ink = rows if light else [row.translate(_TURN_OVER) for row in rows]
        ink.append(frame[0])
        return "\n".join(
            "".join([_HALF_BLOCKS[top + 2 * bottom] for top, bottom in zip(*pair, strict=True)])
            for pair in zip(ink[::2], ink[1::2], strict=True)
        )

    def to_svg(self, *, title: str = "QR code") -> str:
        """Draw it as an SVG image, black on white with the quiet zone; a module is one unit.

        It scales to the place where it stands, and can stand in an HTML page as it is. Unlike the title,
        the image is as secret as what it says.

        Args:
            title: What screen readers say, and browsers show under the pointer.

        Raises:
            TypeError: The title is not a str.
            ValueError: The title is blank, or has control characters or half of a surrogate pair.
        """
        if not isinstance(title, str):
            raise TypeError("a title is a str")
        if not title.strip() or _CONTROLS.search(title):
            raise ValueError("a title is not blank, and has no control characters")
        path = []
        for y, row in enumerate(self.rows, QUIET_ZONE):
            path.append(f"M{QUIET_ZONE} {y}.5")
            for run in re.finditer(b"(\0*)(\1+)", row):
                gap, dark = map(len, run.groups())
                path.append(f"m{gap} 0h{dark}" if gap else f"h{dark}")
        side = self.size + 2 * QUIET_ZONE
        text = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        # Two images in one page may have the same id if they have the same title.
        name = f"qr-{crc32(title.encode()):08x}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img" '
            f'aria-labelledby="{name}" shape-rendering="crispEdges"><title id="{name}">{text}</title>'
            f'<rect width="{side}" height="{side}" fill="#fff"/>'
            f'<path fill="none" stroke="#000" d="{"".join(path)}"/></svg>'
        )

    def __repr__(self) -> str:
        return f"QRCode(<version {self.version}, level {self.level}>)"


def _encode(
    data: str | bytes, level: str, version: int | None, mask: int | None
) -> tuple[int, int, tuple[bytes, ...]]:
    """Encode data (7.1), and tell the version and the mask with the rows."""
    if isinstance(data, str):
        try:
            data = data.encode()
        except UnicodeEncodeError:
            raise ValueError("the text has half of a surrogate pair, which UTF-8 cannot write") from None
    if not isinstance(data, bytes):
        raise TypeError("what a QR code says is str or bytes")
    if not data:
        raise ValueError("there is nothing that the QR code would say")
    if not isinstance(level, str):
        raise TypeError("the level is a str")
    if level not in LEVELS:
        raise ValueError(f"the level is one of {', '.join(LEVELS)}")
    limits: tuple[tuple[str, object, int, int], ...] = (
        ("version", version, 1, LAST_VERSION),
        ("mask", mask, MASKS[0], MASKS[-1]),
    )
    for name, value, low, high in limits:
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"the {name} is an int or None")
        if not low <= value <= high:
            raise ValueError(f"the {name} is from {low} to {high}")
    # 7.2: the smallest version that holds the data.
    versions = range(1, LAST_VERSION + 1) if version is None else [version]
    fitting = next((each for each in versions if capacity(each, level) >= len(data)), None)
    if fitting is None:
        raise ValueError(
            f"the data has {len(data)} bytes, and version {versions[-1]} holds at most "
            f"{capacity(versions[-1], level)} at level {level}"
        )
    message = final_message(data_codewords(data, fitting, level), fitting, level)
    drawn, rows = draw(message, fitting, level, mask)
    return fitting, drawn, rows
