"""`onetime migrate`: turn Google Authenticator's export into links, and links into an export."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import TypeVar

from onetime.cli.intake import Parser, UsageError, add_json, add_link, add_secret, read_links, tell
from onetime.errors import MigrationError, URIError
from onetime.provisioning import migration, uri

T = TypeVar("T")
R = TypeVar("R")


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_link(parser)
    add_secret(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the links of an export, or the export of links."""
    links = read_links(options)
    exports = [link for link in links if link.lower().startswith("otpauth-migration:")]
    if exports and len(exports) < len(links):
        raise UsageError("give the parts of an export or links, not both")
    if exports:
        accounts = migration.join(_each("part", migration.parse, exports))
        answer = tuple(_each("account", uri.build, accounts))
    else:
        accounts = tuple(map(_exportable, count(1), _each("link", uri.parse, links)))
        answer = migration.build(accounts)
    if options.json:
        import json

        print(json.dumps({"uris": answer}))
    else:
        print("\n".join(answer))
    return 0


def _each(name: str, call: Callable[[T], R], values: Iterable[T]) -> Iterator[R]:
    """Call a function with each value, and say in which the fault is."""
    for number, value in enumerate(values, 1):
        try:
            yield call(value)
        except (URIError, MigrationError) as error:
            raise UsageError(f"{name} {number}: {error}") from None


def _exportable(number: int, account: uri.Account) -> uri.Account:
    """Leave out what has no meaning here, and no place in an export; say so."""
    if not account.extra:
        return account
    tell(f"link {number}: an export has no place for {', '.join(account.extra)}")
    return uri.Account(account.name, account.credential, issuer=account.issuer, counter=account.counter)
