"""`onetime new`: generate a secret, and its link for an app."""

import argparse
import sys

from onetime.algorithm import Algorithm
from onetime.cli.answers import answer, answer_json
from onetime.cli.arguments import Parser, add_credential, add_json
from onetime.cli.drawing import show
from onetime.cli.messages import UsageError, tell
from onetime.cli.sources import make_credential
from onetime.provisioning.uri import Account, build
from onetime.secret import Secret

EXAMPLES = (
    "onetime new alice@example.com --issuer Acme",
    "onetime new alice --hotp --digits 8 --json",
)


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    parser.add_argument("name", metavar="NAME", help="name of the account, for example an e-mail address")
    parser.add_argument("--issuer", metavar="NAME", help="site or program that issues the account")
    add_credential(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the link, and on a terminal its QR code; print the secret, for typing, on standard error."""
    secret = Secret.generate(algorithm=options.algorithm or Algorithm.SHA1)
    credential = make_credential(options, secret)
    account = Account(options.name, credential, issuer=options.issuer, counter=options.counter or 0)
    link = build(account)
    if options.json:
        answer_json({"uri": link, "secret": secret.to_base32()})
        return 0
    answer(link)
    tell(f"the secret, to be typed: {secret.to_base32(group=4)}")
    if sys.stdout.isatty():
        # Printed last, so that the QR code scrolls as little as possible.
        sys.stdout.flush()
        try:
            show([link])
        except UsageError as error:
            tell(str(error))  # the link is the answer, even without a QR code
    return 0
