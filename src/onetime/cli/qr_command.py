"""`onetime qr`: draw the QR code of a link."""

import argparse
import os
import tempfile
from pathlib import Path

from onetime.cli.intake import Parser, UsageError, add_link, add_secret, read_links
from onetime.cli.terminal import show_qr
from onetime.provisioning import migration, uri
from onetime.provisioning.qr import QRCode

LEVELS = ("L", "M", "Q", "H")


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_link(parser)
    add_secret(parser)
    parser.add_argument(
        "--level",
        choices=LEVELS,
        metavar="L|M|Q|H",
        help="error correction, weak to strong (M, or L for what fits no code of M)",
    )
    parser.add_argument("--light", action="store_true", help="draw for dark letters on a light ground")
    parser.add_argument("--svg", metavar="FILE", help="write a picture instead; - is standard output")


def run(options: argparse.Namespace) -> int:
    """Draw the code of each link."""
    links = read_links(options)
    for link in links:
        # What no app can read is not worth a code.
        (migration if link.lower().startswith("otpauth-migration:") else uri).parse(link)
    codes = [_code(link, options.level) for link in links]
    if options.svg is None:
        for code in codes:
            if not show_qr(code, light=options.light):
                raise UsageError("the terminal is too narrow for the code; --svg FILE writes a picture")
        return 0
    if len(codes) > 1:
        raise UsageError("a picture is of one link")
    _write(codes[0].to_svg(), options.svg)
    return 0


def _code(link: str, level: str | None) -> QRCode:
    """Draw a link at a level; at none in particular, at M or, if it is too long for that, at L."""
    try:
        return QRCode(link, level=level or "M")
    except ValueError as error:
        if level is None:
            return _code(link, "L")
        message = str(error)
    raise UsageError(message)


def _write(svg: str, name: str) -> None:
    """Write a picture, whole or not at all, for its owner only: it holds the secret."""
    if name == "-":
        print(svg)
        return
    path = Path(name)
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{svg}\n")
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink()
        raise UsageError(f"the picture cannot be written: {error.strerror}") from None
