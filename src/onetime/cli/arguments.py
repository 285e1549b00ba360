"""The arguments of a command: a parser that quotes no input, and the options that several commands share."""

import argparse
import re
import sys
from itertools import takewhile

from onetime.algorithm import Algorithm
from onetime.cli.messages import UsageError
from onetime.cli.terminal import UNKNOWN, size
from onetime.hotp import LAST_MOVING_FACTOR
from onetime.times import LATEST

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import NoReturn, Protocol

    class Writer(Protocol):
        """The destination of help texts."""

        def write(self, text: str, /) -> object:
            """Write a text."""


FORMATS = ("base32", "hex", "base64", "text")
"""Forms of a secret."""

OPTION = re.compile(r"--[a-z]{1,12}(-[a-z]{1,12})?|-[a-z]", re.ASCII)
"""Pattern of an option. A misplaced secret or code does not match it."""

COUNTER = "an HOTP, at this counter"
"""Help of --counter."""

MAX_WIDTH = 80
"""Maximum width of a help text, in columns."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose messages quote no input, because the input may hold a misplaced secret."""

    def __init__(self, name: str, description: str, ending: "Iterable[str]" = ()) -> None:
        self.width: int = _width()
        # With a given width, the formatter does not import the modules that ask the terminal for it.
        width = self.width - 2
        super().__init__(
            prog=name,
            description=description,
            formatter_class=lambda prog: argparse.HelpFormatter(prog, width=width),
            allow_abbrev=False,
        )
        self.ending = ending

    def print_help(self, file: "Writer | None" = None) -> None:
        """Print the help, and then its last lines unchanged."""
        output = sys.stdout if file is None else file
        super().print_help(output)
        output.write("".join(f"{line}\n" for line in self.ending))

    def read(self, arguments: list[str]) -> argparse.Namespace:
        """Parse arguments; raise `UsageError` if one is wrong."""
        # This check comes first, because argparse would report a missing argument before an unknown option.
        for argument in takewhile("--".__ne__, arguments):
            name = argument.partition("=")[0]
            if OPTION.fullmatch(name) and name not in self._option_string_actions:
                raise UsageError(f"unknown option {name}; see {self.prog} --help")
        options, rest = self.parse_known_args(arguments)
        if rest:
            raise UsageError(f"too many arguments, or an unknown option; see {self.prog} --help")
        return options

    def exit(self, status: int = 0, message: str | None = None) -> "NoReturn":
        """Exit after --help or --version. An output error is raised here, and `cli.execute` handles it."""
        sys.stdout.flush()
        super().exit(status, message)

    def error(self, message: str) -> "NoReturn":
        """Raise argparse's message without the quoted input."""
        raise UsageError(message.partition(" '")[0].partition(' "')[0])


def add_link(parser: Parser) -> None:
    """Add the argument that may be a link."""
    parser.add_argument(
        "link",
        nargs="?",
        metavar="LINK",
        help="an otpauth:// link; other users of the machine can see arguments, so it is safer to give a "
        "link or a secret on standard input, in a file, or at the prompt",
    )


def add_secret(parser: Parser) -> None:
    """Add the option for a file with the link or secret."""
    parser.add_argument(
        "--secret", metavar="FILE", help="read the link or secret from a file; - is standard input"
    )


def add_source(parser: Parser, *, counter: str = COUNTER) -> None:
    """Add the options for the source and the form of a link or secret; `counter` is the help of --counter."""
    parser.set_defaults(link=None)
    add_secret(parser)
    parser.add_argument(
        "--format", type=_format, metavar="FORM", help=f"form of a secret: {', '.join(FORMATS)} (base32)"
    )
    add_credential(parser, counter=counter)
    parser.add_argument("--t0", type=whole_number, metavar="SECONDS", help="Unix time of step 0 (0)")


def add_credential(parser: Parser, *, counter: str = COUNTER) -> None:
    """Add the options that describe a credential; the defaults are in parentheses."""
    parser.add_argument("--digits", type=whole_number, metavar="N", help="length of a code, 6 to 10 (6)")
    parser.add_argument("--algorithm", type=_algorithm, metavar="NAME", help=f"{', '.join(Algorithm)} (SHA1)")
    parser.add_argument(
        "--period", type=whole_number, metavar="SECONDS", help="length of a step of a TOTP (30)"
    )
    parser.add_argument("--counter", type=whole_number, metavar="N", help=counter)
    parser.add_argument(
        "--hotp", action="store_const", const=True, help="an HOTP; without --counter, at counter 0"
    )


def add_moment(parser: Parser) -> None:
    """Add the option for the time of a TOTP. The counter of an HOTP is an option of the credential."""
    parser.add_argument(
        "--at",
        type=moment,
        metavar="TIME",
        help="Unix time in seconds, or a date and time such as 2026-11-22T10:00:00Z (now)",
    )


def add_json(parser: Parser) -> None:
    """Add the option for answers in JSON."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def whole_number(text: str) -> int:
    """Parse a whole number below 2^64, written in ASCII digits only."""
    if not (text.isascii() and text.isdigit() and len(text) <= 20 and int(text) <= LAST_MOVING_FACTOR):
        raise argparse.ArgumentTypeError("must be a whole number below 2^64")
    return int(text)


def moment(text: str) -> "int | datetime":
    """Parse a time: Unix seconds, or ISO 8601 with an offset from UTC.

    A fraction of a second is dropped, because steps begin at whole seconds.
    """
    whole, point, fraction = text.partition(".")
    if text.isascii() and whole.isdigit() and (fraction.isdigit() or not point):
        if whole_number(whole) > LATEST:
            raise argparse.ArgumentTypeError("must be in seconds; this may be milliseconds")
        return int(whole)
    from datetime import datetime

    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.utcoffset() is None:
        raise argparse.ArgumentTypeError(
            "must be Unix time in seconds, or a date and time with its offset, such as "
            "2026-11-22T10:00:00Z or 2026-11-22T11:00:00+01:00"
        )
    return time


def _width() -> int:
    """Return the width of a help text in columns: that of a terminal, but at most 80; 80 elsewhere."""
    columns = size(sys.stdout)[0] if sys.stdout.isatty() else UNKNOWN
    return min(columns, MAX_WIDTH)


def _format(text: str) -> str:
    if text not in FORMATS:
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(FORMATS)}")
    return text


def _algorithm(text: str) -> Algorithm:
    try:
        return Algorithm(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
