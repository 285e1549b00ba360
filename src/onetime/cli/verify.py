"""`onetime verify`: verify a user's code, and accept it once."""

import argparse

from onetime.cli.arguments import Parser
from onetime.cli.messages import UsageError, tell
from onetime.cli.refusals import Attempt
from onetime.cli.sources import read_account, read_text
from onetime.cli.verification import add_verification, answer_verdict, check_store, read_codes

EXAMPLES = (
    "onetime code --secret link | onetime verify --store otp.db --user alice --secret link",
    "onetime verify --store otp.db --user bob --device key --hotp 755224 < secret",
)


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_verification(parser, counter="an HOTP, as --hotp; N is not used, because the store has the counter")


def run(options: argparse.Namespace) -> int:
    """Verify one code, or three codes, which recover a counter or a clock that has drifted."""
    check_store(options)  # before any prompt
    credential = read_account(options, read_text(options)).credential
    codes = read_codes(options, credential, "Code: ")
    if len(codes) not in (1, 3):
        raise UsageError("give one code, or three consecutive codes")
    if options.counter is not None:
        tell("--counter is not used, because the store has the counter")
    credentials = {options.device: credential}
    return answer_verdict(
        options,
        "accepted",
        lambda verifier: (
            verifier.verify(options.user, credentials, codes[0])
            if len(codes) == 1
            else verifier.resynchronize(options.user, credentials, codes)
        ),
        Attempt(credential, options.device, len(codes)),
    )
