"""Links, one or more, as the commands take them that know nothing but links."""

import argparse
import sys

from onetime.cli.arguments import Parser, UsageError, looks_like_link, read_text


def add_links(parser: Parser) -> None:
    """Add what says where several links come from."""
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
    links = list(filter(None, map(str.strip, first.splitlines())))
    given = options.link is not None or options.secret not in (None, "-")
    if links and not given and sys.stdin.isatty():
        while line := read_text(options, "Another, or nothing: ").strip():
            links.append(line)
    if not links:
        raise UsageError("there is no link")
    if not all(map(looks_like_link, links)):
        raise UsageError("there is something else than links; onetime uri --name makes one of a secret")
    return links


def is_export(link: str) -> bool:
    """Tell a link of several accounts from that of one."""
    return link.lower().startswith("otpauth-migration:")
