"""`onetime unlock`: end a user's delays and disablement."""

import argparse

from onetime.cli.arguments import Parser
from onetime.cli.verification import add_store, answer_verdict, check_store

EXAMPLES = ("onetime unlock --store otp.db --user alice",)


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_store(parser)


def run(options: argparse.Namespace) -> int:
    """Clear the failures and delays of a user; used codes stay used."""
    check_store(options)
    return answer_verdict(options, "unlocked", lambda verifier: verifier.unlock(options.user))
