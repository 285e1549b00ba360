"""Links, one or more, for the commands that know nothing but links."""

import argparse
import sys

from onetime.cli.arguments import Parser
from onetime.cli.messages import UsageError
from onetime.cli.sources import read_text
from onetime.errors import URIError
from onetime.provisioning.uri import split


def add_links(parser: Parser) -> None:
    """Add the arguments that say where several links come from."""
    parser.add_argument(
        "link",
        nargs="?",
        metavar="LINK",
        help="an otpauth:// or otpauth-migration:// link; other users of the machine can see it here, so "
        "better give links, one a line, on standard input, in a file, or at the prompt",
    )
    parser.add_argument("--secret", metavar="FILE", help="read the links from a file; - is standard input")


def read_links(options: argparse.Namespace) -> list[str]:
    """Read links, one a line, at the prompt until an empty one; elsewhere empty lines do not count.

    Raises:
        UsageError: As `read_text` does, or there is no link, or something else.
    """
    first = read_text(options, "Link: ")
    try:
        links = list(split(first))
    except URIError as error:
        raise UsageError(f"{error}; onetime uri --name makes a link from a secret") from None
    given = options.link is not None or options.secret not in (None, "-")
    if links and not given and sys.stdin.isatty():
        while line := read_text(options, "Another, or nothing: "):
            links.append(line)
    if not links:
        raise UsageError("there is no link")
    return links
