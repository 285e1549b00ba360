"""QR codes (ISO/IEC 18004:2015): model 2, byte mode, all versions and levels."""

import re
from binascii import b2a_base64, crc32

from onetime.checks import check_integer
from onetime.confidential import Confidential, discreet
from onetime.provisioning.codewords import LAST_VERSION, LEVELS, capacity, data_codewords, final_message
from onetime.provisioning.matrix import MASKS, draw

QUIET_ZONE = 4
"""Width of the light frame around a symbol, in modules (6.3.8)."""

MAX_SCALE = 64
"""Maximum size of a module in an image, in pixels: at 600 dots per inch, 2.7 mm."""

_INVERSE = bytes.maketrans(b"\0\1", b"\1\0")
_HALF_BLOCKS = " \N{UPPER HALF BLOCK}\N{LOWER HALF BLOCK}\N{FULL BLOCK}"
_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class QRCode(Confidential):
    """A QR code.

    A link with a secret makes the QR code secret, so its content is never shown by accident: `rows` and the
    methods whose names begin with `to_` return the content, but `repr` does not. A QR code is immutable and
    cannot be pickled. Copying it returns the same object.

    Args:
        data: The content, at least 1 byte and at most 2,953 bytes at level "L", 2,331 at "M", 1,663 at "Q" or
            1,273 at "H"; a lower version holds less. Text is encoded as UTF-8. Readers guess the character
            set of text that is not ASCII, sometimes wrongly; use `uri.escape` to percent-encode a link first.
        level: The error correction: "L" recovers about 7 % of the symbol, "M" 15 %, "Q" 25 %, "H" 30 %.
        version: The size, from 1 (21 modules on a side) to 40 (177); None for the smallest that holds the
            data.
        mask: The data mask, from 0 to 7; None for the mask with the lowest penalty (7.8.3.1).

    Attributes:
        version: From 1 to 40.
        level: "L", "M", "Q" or "H".
        mask: From 0 to 7.
        size: Modules on a side, without the quiet zone.
        rows: The rows from the top, a byte for each module: 1 if it is dark, 0 if it is light.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The data is empty, has a lone surrogate or does not fit; or the level, version or mask
            does not exist.
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
        """Return the QR code as text of half blocks (U+2580, U+2584, U+2588) and spaces.

        A line has two rows of modules. The quiet zone is part of the text. The text has no colors, so the
        terminal's text and background colors must differ.

        Args:
            light: False for a terminal that writes light on dark, True for one that writes dark on light.

        Returns:
            `size + 8` characters in each line, and half as many lines, rounded up.
        """
        rows = self._framed()
        # Ink is the color of a terminal's text. The last line has no lower half.
        ink = rows if light else [row.translate(_INVERSE) for row in rows]
        ink.append(rows[0])
        return "\n".join(
            "".join([_HALF_BLOCKS[top + 2 * bottom] for top, bottom in zip(*pair, strict=True)])
            for pair in zip(ink[::2], ink[1::2], strict=True)
        )

    def to_svg(self, scale: int = 4, *, title: str = "QR code") -> str:
        """Return the QR code as an SVG image, black on white with the quiet zone.

        The image can be put into an HTML page unchanged. Its width and height are attributes, which CSS can
        override. Unlike the title, the image is as secret as the content.

        Args:
            scale: Pixels on a side of a module, from 1 to 64.
            title: The text that screen readers read aloud and browsers show as a tooltip.

        Returns:
            An `svg` element of `scale * (size + 8)` pixels on a side, without a line break.

        Raises:
            TypeError: The scale is not an int, or the title is not a str.
            ValueError: The scale is out of range; or the title is blank, or has a control character or a
                lone surrogate.
        """
        check_integer("scale", scale, 1, MAX_SCALE)
        if not isinstance(title, str):
            raise TypeError(f"title must be a str, not {type(title).__name__}")
        if not title.strip() or _CONTROLS.search(title):
            raise ValueError("title must not be blank or have control characters")
        # Rectangles are filled, because ImageMagick draws strokes too wide.
        path = []
        for y, row in enumerate(self.rows, QUIET_ZONE):
            for run in re.finditer(b"\1+", row):
                dark = len(run[0])
                path.append(f"M{QUIET_ZONE + run.start()} {y}h{dark}v1h-{dark}z")
        side = self.size + 2 * QUIET_ZONE
        text = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        # Two images on one page may have the same id, but only if they have the same title.
        name = f"qr-{crc32(title.encode()):08x}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{side * scale}" height="{side * scale}" '
            f'viewBox="0 0 {side} {side}" role="img" stroke="none" '
            f'aria-labelledby="{name}" shape-rendering="crispEdges"><title id="{name}">{text}</title>'
            f'<rect width="{side}" height="{side}" fill="#fff"/>'
            f'<path d="{"".join(path)}"/></svg>'
        )

    def to_png(self, scale: int = 8) -> bytes:
        """Return the QR code as a PNG image, black on white with the quiet zone.

        Use this format for programs that do not show SVG, such as e-mail programs: attach the image and refer
        to it with `cid:`. The image is as secret as the content.

        Args:
            scale: Pixels on a side of a module, from 1 to 64.

        Returns:
            The content of a PNG file of `scale * (size + 8)` pixels on a side.

        Raises:
            TypeError: The scale is not an int.
            ValueError: The scale is out of range.
        """
        check_integer("scale", scale, 1, MAX_SCALE)
        # Programs that do not draw PNG images never need this import.
        from onetime.provisioning.png import write_png

        return write_png(self._framed(), scale)

    def to_data_uri(self, scale: int = 8) -> str:
        """Return the PNG image as a `data:` URI (RFC 2397), for the `src` of an `img` in a page.

        Many e-mail programs do not show such an image; see `to_png`. A content security policy must allow
        `img-src data:`.

        Args:
            scale: Pixels on a side of a module, from 1 to 64.

        Returns:
            The URI, in ASCII.

        Raises:
            TypeError: The scale is not an int.
            ValueError: The scale is out of range.
        """
        return f"data:image/png;base64,{b2a_base64(self.to_png(scale), newline=False).decode()}"

    def __repr__(self) -> str:
        return f"QRCode(<version {self.version}, level {self.level}>)"

    def _framed(self) -> list[bytes]:
        """Return the rows with the quiet zone."""
        margin = bytes(QUIET_ZONE)
        frame = [bytes(self.size + 2 * QUIET_ZONE)] * QUIET_ZONE
        return [*frame, *(margin + row + margin for row in self.rows), *frame]


def _encode(
    data: str | bytes, level: str, version: int | None, mask: int | None
) -> tuple[int, int, tuple[bytes, ...]]:
    """Encode data (7.1), and return the version and the mask with the rows."""
    if isinstance(data, str):
        try:
            data = data.encode()
        except UnicodeEncodeError:
            raise ValueError("data must not have a lone surrogate, which UTF-8 cannot represent") from None
    if not isinstance(data, bytes):
        raise TypeError(f"data must be str or bytes, not {type(data).__name__}")
    if not data:
        raise ValueError("data must not be empty")
    if not isinstance(level, str):
        raise TypeError(f"level must be a str, not {type(level).__name__}")
    if level not in LEVELS:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}")
    if version is not None:
        check_integer("version", version, 1, LAST_VERSION)
    if mask is not None:
        check_integer("mask", mask, MASKS[0], MASKS[-1])
    # 7.2: the smallest version that holds the data.
    versions = range(1, LAST_VERSION + 1) if version is None else [version]
    fitting = next((each for each in versions if capacity(each, level) >= len(data)), None)
    if fitting is None:
        raise ValueError(
            f"data has {len(data)} bytes, but version {versions[-1]} holds at most "
            f"{capacity(versions[-1], level)} at level {level}"
        )
    message = final_message(data_codewords(data, fitting, level), fitting, level)
    drawn, rows = draw(message, fitting, level, mask)
    return fitting, drawn, rows
