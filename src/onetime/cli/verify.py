"""`onetime verify`: verify a user's code, once."""

import argparse
from pathlib import Path

from onetime.cli.arguments import Parser, UsageError, read_account, read_text
from onetime.cli.verification import add_verification, answer_verdict, read_codes


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_verification(parser)


def run(options: argparse.Namespace) -> int:
    """Verify one code; or three, which recover a counter or a clock that drifted."""
    account = read_account(options, read_text(options))
    codes = read_codes(options)
    if not Path(options.store).exists():
        raise UsageError("the store is not there; enroll makes one")
    return answer_verdict(
        options,
        "accepted",
        lambda verifier: (
            verifier.verify(options.user, account.credential, codes[0])
            if len(codes) == 1
            else verifier.resynchronize(options.user, account.credential, codes)
        ),
    )
