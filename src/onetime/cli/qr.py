"""`onetime qr`: draw the QR code of a link."""

import argparse
import os
import tempfile
from pathlib import Path

from onetime.cli.arguments import Parser
from onetime.cli.drawing import draw, show
from onetime.cli.links import add_links, read_links
from onetime.cli.messages import UsageError
from onetime.cli.sources import is_export
from onetime.provisioning import migration, uri
from onetime.provisioning.codewords import LEVELS

EXAMPLES = (
    "onetime qr --secret link",
    "onetime qr --light --level L < link",
    "onetime qr --svg code.svg < link",
)


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_links(parser)
    parser.add_argument(
        "--level",
        type=_level,
        metavar="|".join(LEVELS),
        help="how much damage the QR code survives, from L (little) to H (much); M, or L if M does not fit",
    )
    parser.add_argument("--light", action="store_true", help="draw for dark text on a light background")
    parser.add_argument("--svg", metavar="FILE", help="write an SVG image instead; - is standard output")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def run(options: argparse.Namespace) -> int:
    """Draw the code of each link."""
    links = read_links(options)
    for link in links:
        # A link that apps cannot read gets no QR code.
        (migration if is_export(link) else uri).parse(link)
    links = list(map(uri.escape, links))
    if options.svg is None:
        if options.force:
            raise UsageError("--force must be used with --svg")
        show(links, level=options.level, light=options.light)
        return 0
    if options.light:
        raise UsageError("--light must not be used with --svg: an image is always dark on light")
    if len(links) > 1:
        raise UsageError("an image shows one link; give the links one by one")
    svg = draw(links[0], options.level).to_svg()
    if options.svg == "-":
        print(svg)
    else:
        _write(svg, Path(options.svg), force=options.force)
    return 0


def _write(svg: str, path: Path, *, force: bool) -> None:
    """Write an image completely or not at all, accessible to its owner only, because it holds the secret."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError("the image cannot be written: the name must be that of a regular file")
    if path.exists() and not force:
        raise UsageError("the image cannot be written: the file already exists; --force overwrites it")
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".onetime-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{svg}\n")
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink()
            raise
    except OSError as error:
        raise UsageError(f"the image cannot be written: {error.strerror}") from None


def _level(text: str) -> str:
    if text.upper() not in LEVELS:
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(LEVELS)}")
    return text.upper()
