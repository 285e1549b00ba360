"""`onetime enroll`: enroll a user's credential in a store."""

import argparse

from onetime.cli.arguments import Parser, UsageError, read_account, read_text, tell
from onetime.cli.verification import add_verification, answer_verdict
from onetime.verification.enrollment import check_size
from onetime.verification.evidence import Accepted
from onetime.verification.verifier import Verifier


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_verification(parser)
    parser.add_argument(
        "--replace", action="store_true", help="replace what is enrolled; spent guesses stay spent"
    )


def run(options: argparse.Namespace) -> int:
    """Enrol, confirmed by the codes if there are any."""
    codes = options.codes
    if len(codes) not in (0, 1, 3):
        raise UsageError("give one code, three consecutive ones, or none")
    account = read_account(options, read_text(options))
    if not codes:
        tell("no code was given, so nobody knows yet whether the device makes the right ones")

    def enroll(verifier: Verifier) -> Accepted | None:
        if not codes:
            check_size(account.credential, verifier.policy)
            verifier.adopt(
                options.user, account.credential, watermark=account.counter, replace=options.replace
            )
            return None
        return verifier.enroll(
            options.user,
            account.credential,
            codes[0] if len(codes) == 1 else codes,
            counter=account.counter,
            replace=options.replace,
        )

    return answer_verdict(options, "enrolled", enroll)
