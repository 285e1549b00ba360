"""`onetime migrate`: turn Google Authenticator's export into links, and links into an export."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from onetime.cli.arguments import Parser, UsageError, add_json, tell
from onetime.cli.links import add_links, is_export, read_links
from onetime.errors import MigrationError, URIError
from onetime.provisioning import migration, uri

T = TypeVar("T")
R = TypeVar("R")


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_links(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the links of an export, or the export of links; 1 if an account of an export has no link."""
    links = read_links(options)
    exports = list(filter(is_export, links))
    if exports and len(exports) < len(links):
        raise UsageError("give the parts of an export or links, not both")
    if exports:
        answer, refused = _links(migration.join(_each("part", migration.parse, exports)))
    else:
        accounts = [_exportable(*each) for each in enumerate(_each("link", uri.parse, links), 1)]
        answer, refused = list(migration.build(accounts)), []
    if options.json:
        import json

        print(json.dumps({"uris": answer, "refused": refused}))
    else:
        for link in answer:
            print(link)
    return 1 if refused else 0


def _links(batch: migration.Batch) -> tuple[list[str], list[int]]:
    """Write the links of all accounts that have one, and report the others: the phone may be gone."""
    reasons = {one.position: one for one in batch.refused}
    links, refused = [], []
    accounts = iter(batch.accounts)
    for position in range(len(batch.accounts) + len(reasons)):
        number = position + 1
        if position in reasons:
            one = reasons[position]
            names = ", ".join(filter(None, (one.issuer, one.name)))
            tell(f"account {number} ({names}): {one.reason}" if names else f"account {number}: {one.reason}")
            refused.append(number)
            continue
        try:
            links.append(uri.build(next(accounts)))
        except URIError as error:
            tell(f"account {number}: {error}")
            refused.append(number)
    return links, refused


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
    tell(f"link {number}: left out is what an export has no place for, parameters: {len(account.extra)}")
    return account.replace(extra=())
