"""`onetime diagnose`: find out why a code does not match."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import datetime

from onetime.cli.intake import Parser, UsageError, add_json, add_secret, moment, read_text, whole_number
from onetime.cli.terminal import bar
from onetime.hotp import HOTP, LAST_FACTOR
from onetime.inspection.diagnosis import Sighting, diagnose
from onetime.provisioning import uri

PATIENCE = 1.0
"""Seconds after which a search shows how far it is."""


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    parser.set_defaults(link=None)
    parser.add_argument(
        "codes",
        nargs="+",
        metavar="CODE[@TIME]",
        help="a code that an app or program shows, and when, in Unix seconds or as "
        "2026-11-22T10:00:00Z (now); the more, the surer",
    )
    add_secret(parser)
    parser.add_argument(
        "--counter", type=whole_number, metavar="N", help="a HOTP: the codes are of this counter and the next"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the findings, best first; 1 if all may be chance."""
    text = read_text(options)
    counter: int | None = options.counter
    if text.lower().startswith("otpauth:"):
        account = uri.parse(text)
        text = account.credential.secret.to_base32()
        if counter is None and isinstance(account.credential, HOTP):
            counter = account.counter
    first, *more = _sightings(options.codes, counter, time.time())
    progress = Progress(time.monotonic) if sys.stderr is not None and sys.stderr.isatty() else None
    try:
        diagnosis = diagnose(
            text, first.code, first.time, counter=first.counter, more=more, progress=progress
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
    finally:
        if progress is not None:
            progress.end()
    if options.json:
        findings = [finding.to_dict() for finding in diagnosis.findings]
        print(json.dumps({"found": diagnosis.found, "tried": diagnosis.tried, "findings": findings}))
    else:
        print(diagnosis.to_text())
    return 0 if diagnosis.found else 1


def _sightings(codes: list[str], counter: int | None, now: float) -> list[Sighting]:
    """Read the codes, each with its time; with a counter, they are those of it and the next ones."""
    found = []
    for number, text in enumerate(codes):
        code, at, when = text.partition("@")
        if not at and counter is None and len(codes) > 1:
            raise UsageError("of several codes, each needs its time: CODE@TIME")
        try:
            moment_of_code: float | datetime = moment(when) if at else now
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"the time of a code {error}") from None
        place = None if counter is None else counter + number
        if place is not None and place > LAST_FACTOR:
            raise UsageError("there are not so many counters")
        found.append(Sighting(code, moment_of_code, place))
    return found


class Progress:
    """A bar on standard error, once a search takes longer than a second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.start = clock()
        self.shown = False

    def __call__(self, part: float) -> None:
        """Show a part, from 0 to 1."""
        if self.clock() - self.start >= PATIENCE:
            self.shown = True
            print(f"\r{bar(part)} {part:.0%} ", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Take the bar away."""
        if self.shown:
            print(f"\r{' ' * len(f'{bar(1)} 100% ')}\r", end="", file=sys.stderr, flush=True)
