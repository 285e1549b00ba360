"""`onetime new`: make a secret, and the link that hands it over."""

import argparse
import json
import sys

from onetime.algorithm import Algorithm
from onetime.cli.arguments import Parser, UsageError, add_credential, add_json, make_credential, tell
from onetime.cli.terminal import draw, show
from onetime.provisioning.uri import Account, build
from onetime.secret import Secret


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    parser.add_argument("name", metavar="NAME", help="name of the account, for example an e-mail address")
    parser.add_argument("--issuer", metavar="NAME", help="who the account is with")
    add_credential(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the link, on a terminal its QR code too; the secret, to be typed, goes to standard error."""
    secret = Secret.generate(algorithm=options.algorithm or Algorithm.SHA1)
    credential = make_credential(options, secret)
    account = Account(options.name, credential, issuer=options.issuer, counter=options.counter or 0)
    link = build(account)
    if options.json:
        print(json.dumps({"uri": link, "secret": secret.to_base32()}))
    else:
        print(link)
        if sys.stdout.isatty():
            try:
                show([draw(link)])
            except UsageError as error:
                tell(str(error))  # the link is the answer, with or without
        tell(f"the secret, to be typed: {secret.to_base32(group=4)}")
    return 0
