"""`onetime explain`: show how a code comes about, step by step."""

import argparse
import json

from onetime.cli.arguments import (
    Parser,
    add_json,
    add_link,
    add_moment,
    add_source,
    read_account,
    read_moving_factor,
    read_text,
)
from onetime.inspection.explanation import explain


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_link(parser)
    add_source(parser)
    add_moment(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print every step, or every value as JSON."""
    account = read_account(options, read_text(options))
    explanation = explain(account.credential, read_moving_factor(options, account))
    print(json.dumps(explanation.to_dict()) if options.json else explanation.to_text())
    return 0
