"""`onetime new`: make a secret, and the link that hands it over."""

import argparse
import json

from onetime.algorithm import Algorithm
from onetime.cli.intake import Parser, add_credential, add_json, make_credential, tell
from onetime.provisioning.uri import Account, build
from onetime.secret import Secret


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    parser.add_argument("name", metavar="NAME", help="name of the account, for example an e-mail address")
    parser.add_argument("--issuer", metavar="NAME", help="who the account is with")
    add_credential(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the link; the secret, for people who type it, goes to standard error."""
    secret = Secret.generate(algorithm=options.algorithm or Algorithm.SHA1)
    credential = make_credential(options, secret)
    account = Account(options.name, credential, issuer=options.issuer, counter=options.counter or 0)
    link = build(account)
    if options.json:
        print(json.dumps({"uri": link, "secret": secret.to_base32()}))
    else:
        print(link)
        tell(f"the secret, to be typed: {secret.to_base32(group=4)}")
    return 0
