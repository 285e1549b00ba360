"""`onetime forget`: remove a user, or one of the user's devices."""

import argparse

from onetime.cli.arguments import Parser
from onetime.cli.refusals import kinds
from onetime.cli.verification import add_store, answer_verdict, check_store
from onetime.errors import NotEnrolledError
from onetime.verification.verifier import Verifier

EXAMPLES = (
    "onetime forget --store otp.db --user bob --device key",
    "onetime forget --store otp.db --user alice",
)


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_store(parser)
    parser.add_argument("--device", metavar="NAME", help="remove only this device")


def run(options: argparse.Namespace) -> int:
    """Remove the row of a user, including the throttle; or remove one device, and leave the throttle."""
    check_store(options)

    def forget(verifier: Verifier) -> None:
        state = verifier.state(options.user)
        if state is None:
            raise NotEnrolledError("the store has no row of this user")
        if options.device is not None and options.device not in state.devices:
            raise NotEnrolledError(f"the user does not have this device; enrolled devices: {kinds(state)}")
        verifier.forget(options.user, options.device)

    return answer_verdict(options, "forgotten", forget)
