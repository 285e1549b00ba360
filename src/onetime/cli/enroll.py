"""`onetime enroll`: enroll a user's device in a store."""

import argparse

from onetime.cli.arguments import Parser
from onetime.cli.messages import UsageError, tell
from onetime.cli.refusals import Attempt
from onetime.cli.sources import read_account, read_text
from onetime.cli.verification import add_verification, answer_verdict, read_codes
from onetime.verification.enrollment import check_size
from onetime.verification.evidence import Accepted
from onetime.verification.verifier import Verifier

EXAMPLES = (
    "onetime enroll --store otp.db --user alice --secret link",
    "onetime enroll --store otp.db --user bob --device key --hotp < secret",
)


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_verification(parser)
    parser.epilog = (
        "Without CODE, a code is read from standard input, unless the secret is read from it. To enroll "
        "without a code when standard input is not a terminal, as in a loop of a shell, give </dev/null."
    )
    parser.add_argument(
        "--replace", action="store_true", help="replace the enrolled device; spent guesses stay spent"
    )


def run(options: argparse.Namespace) -> int:
    """Enroll a device, confirmed by codes if any are given."""
    account = read_account(options, read_text(options))
    credential = account.credential
    codes = read_codes(options, credential, "Code (empty to skip): ")
    if not options.codes:
        codes = list(filter(None, codes))  # an empty argument is a malformed code
    if len(codes) not in (0, 1, 3):
        raise UsageError("give one code, three consecutive codes, or none")
    if not codes:
        tell("no code was given, so nothing confirms that the device shows the right codes")

    def enroll(verifier: Verifier) -> Accepted | None:
        if not codes:
            check_size(credential, verifier.policy)
            verifier.adopt(
                options.user,
                credential,
                device=options.device,
                watermark=account.counter,
                replace=options.replace,
            )
            return None
        return verifier.enroll(
            options.user,
            credential,
            codes[0] if len(codes) == 1 else codes,
            device=options.device,
            counter=account.counter,
            replace=options.replace,
        )

    return answer_verdict(options, "enrolled", enroll, Attempt(credential, options.device, len(codes)))
