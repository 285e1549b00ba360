"""`onetime uri`: show the parts of an otpauth:// link, or build one."""

import argparse

from onetime.cli.answers import answer, answer_json
from onetime.cli.arguments import Parser, add_json, add_link, add_source
from onetime.cli.messages import UsageError
from onetime.cli.sources import is_link, read_account, read_text
from onetime.hotp import HOTP
from onetime.provisioning.uri import Account, build
from onetime.totp import TOTP

EXAMPLES = (
    "onetime uri --secret link",
    "onetime uri --json < link",
    "onetime uri --name alice --issuer Acme < secret",
)


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_link(parser)
    add_source(parser)
    parser.add_argument("--name", metavar="NAME", help="name of the account, to build a link")
    parser.add_argument("--issuer", metavar="NAME", help="issuer of the account, for the link")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the parts of a link, or build a link from a secret and a name."""
    text = read_text(options)
    if is_link(options, text):
        for name in ("name", "issuer", "counter"):
            if getattr(options, name) is not None:
                raise UsageError(f"--{name} must not be given with a link, which already has this setting")
        _take_apart(read_account(options, text), options.json)
        return 0
    if options.name is None:
        raise UsageError("the input must be an otpauth:// link; --name builds a link from a secret")
    bare = read_account(options, text)
    link = build(Account(options.name, bare.credential, issuer=options.issuer, counter=bare.counter))
    if options.json:
        answer_json({"uri": link})
    else:
        answer(link)
    return 0


def _take_apart(account: Account, as_json: bool) -> None:
    credential = account.credential
    values: dict[str, object] = {
        "kind": credential.kind,
        "issuer": account.issuer,
        "name": account.name,
        "secret": credential.secret.to_base32(),
        "algorithm": credential.algorithm,
        "digits": credential.digits,
        "period": credential.period if isinstance(credential, TOTP) else None,
        "counter": account.counter if isinstance(credential, HOTP) else None,
    }
    if as_json:
        answer_json({**values, "extra": account.extra})
        return
    del values["period" if credential.kind == "hotp" else "counter"]
    lines = [f"{name}: {'' if value is None else value}" for name, value in values.items()]
    lines += [f"extra {name}: {value}" for name, value in account.extra]
    answer("\n".join(map(str.rstrip, lines)))
