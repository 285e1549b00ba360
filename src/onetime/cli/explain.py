"""`onetime explain`: show how a code is computed, step by step."""

import argparse

from onetime.cli.answers import answer, answer_json
from onetime.cli.arguments import Parser, add_json, add_link, add_moment, add_source
from onetime.cli.sources import read_account, read_moving_factor, read_text
from onetime.inspection.explanation import explain

EXAMPLES = (
    "onetime explain --secret link",
    "onetime explain --counter 1 --json < secret",
)


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_link(parser)
    add_source(parser)
    add_moment(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print every step, or every value as JSON."""
    account = read_account(options, read_text(options))
    credential = account.credential
    explanation = explain(credential, read_moving_factor(options, account))
    if options.json:
        values = explanation.to_dict()
        del values["key"]
        answer_json({"kind": credential.kind, "secret": credential.secret.to_base32(), **values})
    else:
        answer(explanation.to_text())
    return 0
