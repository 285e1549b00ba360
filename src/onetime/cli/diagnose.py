"""`onetime diagnose`: find out why a code does not match."""

import argparse
import re
import sys
import time
from collections.abc import Callable
from datetime import datetime

from onetime.cli.answers import answer, answer_json
from onetime.cli.arguments import FORMATS, Parser, add_json, add_secret, moment, whole_number
from onetime.cli.messages import UsageError, tell
from onetime.cli.sources import EXPORT, is_export, read_text
from onetime.cli.terminal import BAR_WIDTH, bar, size
from onetime.errors import SecretError
from onetime.hotp import LAST_MOVING_FACTOR
from onetime.inspection.diagnosis import diagnose
from onetime.inspection.link import Link, read_link
from onetime.inspection.sighting import Sighting

EXAMPLES = (
    "onetime diagnose 287082@59 < secret",
    "onetime diagnose 191134@2026-11-22T10:00:00Z 664971@2026-11-22T10:01:00Z < link",
    "onetime diagnose --counter 0 287082 < secret",
)

PATIENCE = 1.0
"""Seconds after which a search shows its progress."""


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    parser.epilog = f"The secret is read in every form: {', '.join(FORMATS)}."
    parser.set_defaults(link=None)
    parser.add_argument(
        "codes",
        nargs="+",
        metavar="CODE",
        help="a code that an app or program shows, as CODE@TIME, with the time in Unix seconds or as "
        "2026-11-22T10:00:00Z; without a time, now; more codes give a surer result",
    )
    add_secret(parser)
    parser.add_argument("--format", type=_no_format, help=argparse.SUPPRESS)  # other commands have it
    parser.add_argument(
        "--counter",
        type=whole_number,
        metavar="N",
        help="an HOTP: counter of the first code; the others follow it",
    )
    parser.add_argument(
        "--period", type=whole_number, metavar="SECONDS", help="expected length of a step (the link's, or 30)"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the findings, best first; return 1 if all may fit by accident."""
    # Without quotes, a code, its @ and its time are several arguments, which cannot have a NUL.
    arguments = re.sub(r"[\s\0]*@[\s\0]*", "@", "\0".join(options.codes)).split("\0")
    codes = _codes(arguments, time.time())  # the time at which the user typed the codes
    text = read_text(options, several=True)
    if is_export(text):
        raise UsageError(EXPORT)
    try:
        link = read_link(text)
    except SecretError as error:
        raise UsageError(str(error)) from None
    counter: int | None = options.counter
    if counter is None and link is not None and link.kind == "hotp":
        counter = link.counter or 0
    if counter is None and len(codes) > 1 and not all("@" in argument for argument in arguments):
        raise UsageError(
            "each of several codes must have its time: CODE@TIME; for those of an HOTP, give --counter N, "
            "the counter of the first"
        )
    if counter is not None and counter + len(codes) - 1 > LAST_MOVING_FACTOR:
        raise UsageError("the last code must be at a counter below 2^64")
    first, *more = [
        Sighting(code, at, None if counter is None else counter + number)
        for number, (code, at) in enumerate(codes)
    ]
    progress = Progress(time.monotonic) if sys.stderr is not None and sys.stderr.isatty() else None
    try:
        diagnosis = diagnose(
            text,
            first.code,
            first.time,
            counter=first.counter,
            period=options.period,
            more=more,
            progress=progress,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
    finally:
        if progress is not None:
            progress.end()
    if options.json:
        findings = [finding.to_dict() for finding in diagnosis.findings]
        answer_json(
            {
                "found": diagnosis.found,
                "tried": diagnosis.tried,
                "not_tried": diagnosis.not_tried,
                "findings": findings,
            }
        )
    else:
        answer(diagnosis.to_text(), sentences=True)
        if link is not None:
            tell(f"the link says {_told(link)}")
    return 0 if diagnosis.found else 1


def _codes(arguments: list[str], now: float) -> list[tuple[str, float | datetime]]:
    """Parse the codes, each with its time or the current time."""
    found = []
    for argument in arguments:
        code, at, when = argument.partition("@")
        if not code.replace(" ", "").replace("-", "").isdigit():
            raise UsageError(
                "an argument is not a code; the secret is read from standard input, --secret FILE, or the "
                "prompt"
            )
        try:
            seen: float | datetime = moment(when) if at else now
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"the time of a code {error}") from None
        found.append((code, seen))
    return found


def _no_format(_: str) -> None:
    raise argparse.ArgumentTypeError("must not be given; the secret is read in every form")


def _told(link: Link) -> str:
    """Return the settings that were read from the link, and the parts that could not be used."""
    settings = (
        "" if "type" in link.unread else link.kind,
        link.algorithm,
        f"{link.digits} digits" if link.digits else "",
        f"period {link.period} s" if link.kind == "totp" and link.period else "",
        f"counter {link.counter}" if link.kind == "hotp" and link.counter is not None else "",
    )
    said = ", ".join(filter(None, settings)) or "nothing about the codes"
    return f"{said}; could not be used: {', '.join(link.unread)}" if link.unread else said


class Progress:
    """A progress bar on standard error, which appears after a second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.start: float = clock()
        self.line: str = ""

    def __call__(self, part: float) -> None:
        """Show the progress, from 0 to 1."""
        percent = f" {part:.0%} "
        if self.clock() - self.start >= PATIENCE and not self.line.endswith(percent):
            self.line = bar(part, max(1, min(BAR_WIDTH, size(sys.stderr)[0] - 8))) + percent
            print(f"\r{self.line}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Remove the bar."""
        if self.line:
            print(f"\r{' ' * len(self.line)}\r", end="", file=sys.stderr, flush=True)
