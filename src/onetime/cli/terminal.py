"""What is shown on a terminal only: bars, and QR codes in its colours."""

import math
import os
import sys

from onetime.cli.arguments import UsageError, tell

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from onetime.provisioning.qr import QRCode

BAR_WIDTH = 30
"""Characters between the brackets of a bar."""

_WHITE_ON_BLACK = "\x1b[97;40m"
_DEFAULT = "\x1b[0m"


def bar(part: float, width: int = BAR_WIDTH) -> str:
    """Draw a bar of which a part is full, from 0 to 1; what is begun counts."""
    full = math.ceil(round(part * width, 6))
    return f"[{'=' * full:<{width}}]"


def columns(output: "TextIO") -> int:
    """Tell how many characters a terminal has in a line; many where that is unknown."""
    return os.get_terminal_size(output.fileno()).columns or 1_000_000


def draw(link: str, level: str | None = None) -> "QRCode":
    """Make the QR code of a link at a level; without one at M or, if it is too long for that, at L.

    Raises:
        UsageError: The link is too long.
    """
    from onetime.provisioning.qr import QRCode

    try:
        return QRCode(link, level=level or "M")
    except ValueError as error:
        if level is None:
            return draw(link, "L")
        message = str(error)
    raise UsageError(message)


def show(codes: "Iterable[QRCode]", *, light: bool = False) -> None:
    """Print QR codes; on a terminal in white and black, whatever its own colours are.

    Args:
        codes: The QR codes.
        light: Draw them for dark letters on a light ground, without colours.

    Raises:
        UsageError: The terminal is too narrow for one of them, which would break its lines.
    """
    texts = [code.to_text(light=light) for code in codes]
    if sys.stdout.isatty():
        if max(text.find("\n") for text in texts) > columns(sys.stdout):
            raise UsageError("the terminal is too narrow for the QR code; onetime qr --svg writes a picture")
        # https://no-color.org
        if not (light or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"):
            coloured = (map(f"{_WHITE_ON_BLACK}{{}}{_DEFAULT}".format, text.split("\n")) for text in texts)
            texts = list(map("\n".join, coloured))
    for number, text in enumerate(texts, 1):
        if len(texts) > 1:
            tell(f"{number} of {len(texts)}")
        try:
            print(text, flush=True)
        except UnicodeEncodeError:
            message = "standard output has no UTF-8 and cannot show the QR code"
        else:
            continue
        raise UsageError(message)
