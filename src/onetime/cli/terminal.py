"""What is shown on a terminal only: bars, and QR codes in its colours."""

import math
import os
import sys

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from onetime.provisioning.qr import QRCode

BAR_WIDTH = 30
"""Characters between the brackets of a bar."""

_WHITE_ON_BLACK = "\x1b[97;40m"
_DEFAULT = "\x1b[0m"


def bar(part: float) -> str:
    """Draw a bar of which a part is full, from 0 to 1; what is begun counts."""
    full = math.ceil(round(part * BAR_WIDTH, 6))
    return f"[{'=' * full:<{BAR_WIDTH}}]"


def show_qr(code: "QRCode", *, light: bool = False) -> bool:
    """Print a QR code; on a terminal in white and black, whatever its own colours are.

    Args:
        code: The QR code.
        light: Draw it for dark letters on a light ground, without colours.

    Returns:
        Whether it was printed: it is not where the terminal is too narrow, which would break its lines.
    """
    text = code.to_text(light=light)
    if sys.stdout.isatty():
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
        if 0 < columns < text.find("\n"):  # 0 where nobody knows
            return False
        # https://no-color.org
        if not (light or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"):
            text = "\n".join(f"{_WHITE_ON_BLACK}{line}{_DEFAULT}" for line in text.split("\n"))
    print(text)
    return True
