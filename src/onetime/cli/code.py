"""`onetime code`: show the codes of links or of a secret."""

import argparse
import sys
import time

from onetime.cli.answers import answer, answer_json
from onetime.cli.arguments import Parser, add_json, add_link, add_moment, add_source, whole_number
from onetime.cli.messages import UsageError
from onetime.cli.sources import read_accounts, read_moving_factor, read_text
from onetime.cli.terminal import BAR_WIDTH, bar, size
from onetime.hotp import LAST_MOVING_FACTOR
from onetime.totp import TOTP

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from onetime.provisioning.uri import Account

EXAMPLES = (
    "onetime code --secret link",
    "onetime code --at 2026-11-22T10:00:00Z < secret",
    "onetime code --hotp --count 3 < secret",
    "onetime migrate < export | onetime code",
)

MIN_BAR = 5
"""Minimum number of characters between the brackets of a bar; a narrower terminal shows no bar."""


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_link(parser)
    add_source(parser)
    add_moment(parser)
    parser.add_argument(
        "--count", type=_count, metavar="N", help="show N codes, one on each line, beginning with this one"
    )
    parser.add_argument("--watch", action="store_true", help="continue with the next codes until Ctrl-C")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print one code, one for each of several links, several consecutive codes, or codes until Ctrl-C."""
    accounts = read_accounts(options, read_text(options, several=True))
    if options.watch:
        credential = accounts[0].credential
        several = len(accounts) > 1 or options.count is not None
        if several or not isinstance(credential, TOTP) or options.at is not None or options.json:
            raise UsageError("--watch must be used with one TOTP, without --at, --count and --json")
        return watch(credential, sys.stdout, time.time, time.sleep)
    count = options.count or 1
    firsts = [read_moving_factor(options, account) for account in accounts]
    if max(firsts) + count - 1 > LAST_MOVING_FACTOR:
        raise UsageError("the last code must be at a counter or step below 2^64")
    for account, first in zip(accounts, firsts, strict=True):
        for moving_factor in range(first, first + count):
            _answer(account, moving_factor, named=len(accounts) > 1, as_json=options.json)
    return 0


def watch(
    totp: TOTP, output: "TextIO", clock: "Callable[[], float]", sleep: "Callable[[float], None]"
) -> int:
    """Print one code after another until Ctrl-C; on a terminal on one line, with a countdown bar."""
    terminal = output.isatty()
    shown = None
    try:
        while True:
            now = clock()
            step, remaining = totp.step(now), totp.remaining(now)
            if terminal:
                # The user may make the terminal narrower meanwhile. A full line, or ^C after it, would begin
                # another line.
                line = _frame(totp, step, remaining, size(output)[0] - len("^C") - 1)
                print(f"\r{line}", end="", file=output, flush=True)
            elif step != shown:
                print(totp.at_step(step), file=output, flush=True)
                shown = step
            # Only until the next whole second, because the machine may be suspended, or its clock set.
            sleep(remaining % 1 or 1)
    except KeyboardInterrupt:
        if terminal:
            print(file=output)
        return 0


def _frame(totp: TOTP, step: int, remaining: float, width: int) -> str:
    """Return a code and, if they fit, a bar and the remaining seconds."""
    code = totp.at_step(step)
    seconds = f"{-int(-remaining // 1):>{len(str(totp.period))}} s"
    room = min(width - len(code) - len(seconds) - len("  [] "), BAR_WIDTH)
    if room >= MIN_BAR:
        return f"{code}  {bar(remaining / totp.period, room)} {seconds}"
    return f"{code}  {seconds}" if width >= len(code) + len(seconds) + 2 else code


def _answer(account: "Account", moving_factor: int, *, named: bool, as_json: bool) -> None:
    credential = account.credential
    code = credential.hotp.at(moving_factor)
    if as_json:
        span = credential.span(moving_factor) if isinstance(credential, TOTP) else None
        answer_json(
            {
                "kind": credential.kind,
                "issuer": account.issuer,
                "name": account.name,
                "code": code,
                "moving_factor": moving_factor,
                "span": span,
            }
        )
    elif named:
        answer(f"{code}  {':'.join(filter(None, (account.issuer, account.name)))}".rstrip())
    else:
        answer(code)


def _count(text: str) -> int:
    count = whole_number(text)
    if not count:
        raise argparse.ArgumentTypeError("must be at least 1")
    return count
