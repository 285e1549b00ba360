"""QR codes, drawn in color on a terminal or written as text."""

import os
import sys
from collections.abc import Sequence

from onetime.cli.messages import UsageError, tell
from onetime.cli.terminal import size
from onetime.provisioning.qr import QUIET_ZONE, QRCode

_WHITE_ON_BLACK = "\x1b[97;40m"
_DEFAULT = "\x1b[0m"


def draw(link: str, level: str | None = None) -> QRCode:
    """Return the QR code of a link at a level; by default at M, or at L if the link is too long for M.

    Raises:
        UsageError: The link is too long.
    """
    try:
        return QRCode(link, level=level or "M")
    except ValueError as error:
        if level is None:
            return draw(link, "L")
        raise UsageError(str(error)) from None


def show(links: Sequence[str], *, level: str | None = None, light: bool = False) -> None:
    """Print the QR codes of links; on a terminal in black and white, whatever its own colors are.

    A code that does not fit into the terminal is drawn at level L, unless a level is given. If the code is
    still taller than the terminal, it is drawn, and a message below it says so.

    Args:
        links: The links.
        level: The level of error correction.
        light: Whether to draw for dark text on a light background, without colors.

    Raises:
        UsageError: A link is too long, or the terminal is too narrow for a code, which would break its lines.
    """
    terminal = sys.stdout.isatty()
    columns, lines = size(sys.stdout) if terminal else (0, 0)
    codes = [draw(link, level) for link in links]
    if terminal:
        if level is None:
            codes = [
                code if _fits(code, columns, lines) else draw(link, "L")
                for code, link in zip(codes, links, strict=True)
            ]
        if max(map(_width, codes)) > columns:
            raise UsageError(
                "the terminal is too narrow for the QR code; onetime qr --svg FILE writes a picture"
            )
    # https://no-color.org
    colored = terminal and not (light or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb")
    for number, code in enumerate(codes, 1):
        if len(codes) > 1:
            tell(f"{number} of {len(codes)}")
        text = code.to_text(light=light)
        if colored:
            text = "\n".join(f"{_WHITE_ON_BLACK}{line}{_DEFAULT}" for line in text.split("\n"))
        try:
            print(text, flush=True)
        except UnicodeEncodeError:
            raise UsageError("standard output must be UTF-8 to show the QR code") from None
        if terminal and not _fits(code, columns, lines):
            tell(
                f"the QR code is taller than the terminal, which must have {_height(code) + 1} lines; "
                "onetime qr --svg FILE writes a picture"
            )


def _fits(code: QRCode, columns: int, lines: int) -> bool:
    """Return whether a terminal shows a whole code, with a line below it for the shell's prompt."""
    return _width(code) <= columns and _height(code) < lines


def _width(code: QRCode) -> int:
    return code.size + 2 * QUIET_ZONE


def _height(code: QRCode) -> int:
    """Return the number of lines of a code; each line has two rows of modules."""
    return -(-_width(code) // 2)
