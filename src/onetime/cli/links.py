"""Reading of links, for the commands that accept only links."""

import argparse

from onetime.cli.arguments import Parser
from onetime.cli.messages import UsageError
from onetime.cli.sources import read_text
from onetime.errors import URIError
from onetime.provisioning.uri import split


def add_links(parser: Parser) -> None:
    """Add the arguments for the source of several links."""
    parser.add_argument(
        "link",
        nargs="?",
        metavar="LINK",
        help="an otpauth:// or otpauth-migration:// link; other users of the machine can see arguments, so "
        "it is safer to give links, one on each line, on standard input, in a file, or at the prompt",
    )
    parser.add_argument("--secret", metavar="FILE", help="read the links from a file; - is standard input")


def read_links(options: argparse.Namespace) -> list[str]:
    """Read links, one on each line. At the prompt, an empty line ends the input; elsewhere it is ignored.

    Raises:
        UsageError: As `read_text` does, or the text has no link, or something other than links.
    """
    text = read_text(options, "Link: ", "Another link (empty to end): ", several=True)
    try:
        links = list(split(text))
    except URIError as error:
        raise UsageError(f"{error}; onetime uri --name makes a link from a secret") from None
    if not links:
        raise UsageError("a link must be given")
    return links
