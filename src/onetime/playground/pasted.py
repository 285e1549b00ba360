"""Parsing of pasted links and exports into the fields of the page."""

from onetime.errors import URIError
from onetime.playground.fields import Answer, Fields, blame
from onetime.provisioning import migration, uri
from onetime.provisioning.account import Account
from onetime.provisioning.batch import Refused

NAMELESS = "account"
"""Name in the link of an account without a name, because a link must have a name."""


def read(values: object) -> Answer:
    """Parse links and exports into accounts, and list the faulty ones with the reasons."""
    text = Fields(values, ("text",)).text("text")
    with blame("secret"):
        batch = migration.read(text)
    return {
        "accounts": [_account(account) for account in batch.accounts],
        "refused": [_refused(refused) for refused in batch.refused],
    }


def _account(account: Account) -> Answer:
    credential = account.credential
    timing = {}
    if credential.kind == "totp":
        timing = {"period": str(credential.period), "t0": str(credential.t0)}
    return {
        "name": account.name,
        "issuer": account.issuer or "",
        "credential": {
            "secret": credential.secret.to_base32(),
            "form": "base32",
            "kind": credential.kind,
            "algorithm": credential.algorithm,
            "digits": credential.digits,
            "counter": str(account.counter),
            **timing,
        },
        "link": _link(account),
        "left_out": [name for name, _ in account.extra],
    }


def _link(account: Account) -> str | None:
    try:
        return uri.build(account.replace(name=account.name or NAMELESS))
    except URIError:  # an export may have names that a link cannot have
        return None


def _refused(refused: Refused) -> Answer:
    return {
        "position": refused.position + 1,
        "name": refused.name,
        "issuer": refused.issuer or "",
        "reason": refused.reason,
    }
