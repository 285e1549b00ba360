"""`onetime code`: show the code of a link or a secret."""

import argparse
import sys
import time

from onetime.cli.arguments import (
    Parser,
    UsageError,
    add_json,
    add_link,
    add_moment,
    add_source,
    read_account,
    read_moving_factor,
    read_text,
)
from onetime.cli.terminal import bar
from onetime.hotp import HOTP
from onetime.totp import TOTP

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_link(parser)
    add_source(parser)
    add_moment(parser)
    parser.add_argument("--watch", action="store_true", help="go on with the next codes, until Ctrl-C")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the code, or one after the other."""
    account = read_account(options, read_text(options))
    factor = read_moving_factor(options, account)
    if not options.watch:
        print(_answer(account.credential, factor, options.json))
        return 0
    if isinstance(account.credential, HOTP) or options.at is not None or options.json:
        raise UsageError("--watch is for a TOTP and this moment, without --json")
    return watch(account.credential, sys.stdout, time.time, time.sleep)


def watch(
    totp: TOTP, output: "TextIO", clock: "Callable[[], float]", sleep: "Callable[[float], None]"
) -> int:
    """Print a code after the other until Ctrl-C; on a terminal in one line, with a bar that runs down."""
    terminal = output.isatty()
    shown = None
    try:
        while True:
            now = clock()
            step, remaining = totp.step(now), totp.remaining(now)
            if terminal:
                seconds = f"{-int(-remaining // 1):>{len(str(totp.period))}} s"
                line = f"\r{totp.at_step(step)}  {bar(remaining / totp.period)} {seconds}"
                print(line, end="", file=output, flush=True)
            elif step != shown:
                print(totp.at_step(step), file=output, flush=True)
                shown = step
            # To the next whole second only: the machine may sleep meanwhile, or its clock be set.
            sleep(remaining % 1 or 1)
    except KeyboardInterrupt:
        if terminal:
            print(file=output)
        return 0


def _answer(credential: HOTP | TOTP, factor: int, as_json: bool) -> str:
    if isinstance(credential, HOTP):
        code = credential.at(factor)
        values: dict[str, object] = {"type": "hotp", "code": code, "counter": factor}
    else:
        code = credential.at_step(factor)
        start, end = credential.span(factor)
        values = {"type": "totp", "code": code, "step": factor, "from": start, "until": end}
    if not as_json:
        return code
    import json

    return json.dumps(values)
