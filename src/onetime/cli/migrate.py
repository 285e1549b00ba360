"""`onetime migrate`: turn Google Authenticator's exports into links, and links into an export."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from onetime.cli.answers import answer, answer_json
from onetime.cli.arguments import Parser, add_json
from onetime.cli.links import add_links, read_links
from onetime.cli.messages import UsageError, tell
from onetime.cli.sources import is_export
from onetime.errors import MigrationError, URIError
from onetime.provisioning import migration, uri

EXAMPLES = (
    "onetime migrate < export > links",
    "onetime migrate < links | onetime qr --light",
    "onetime migrate --json < export",
)

T = TypeVar("T")
R = TypeVar("R")


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_links(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the links of an export, or the export of links; return 1 if an account has no link."""
    links = read_links(options)
    exports = list(filter(is_export, links))
    if exports and len(exports) < len(links):
        raise UsageError("give either the parts of an export or links, not both")
    refused: list[migration.Refused] = []
    if exports:
        answers, refused = _links(migration.join(_each("part", migration.parse, exports)))
    else:
        accounts = [_exportable(*each) for each in enumerate(_each("link", uri.parse, links), 1)]
        answers = list(migration.build(accounts))
    for one in refused:
        names = ", ".join(filter(None, (one.issuer, one.name)))
        tell(f"account {one.position + 1}{names and f' ({names})'}: {one.reason}")
    if options.json:
        lost = [
            {"position": one.position, "issuer": one.issuer, "name": one.name, "error": one.reason}
            for one in refused
        ]
        answer_json({"uris": answers, "refused": lost})
    else:
        for link in answers:
            answer(link)
    return 1 if refused else 0


def _links(batch: migration.Batch) -> tuple[list[str], list[migration.Refused]]:
    """Return the links of all accounts that have one, and the refused accounts."""
    reasons = {one.position: one for one in batch.refused}
    links, refused = [], []
    accounts = iter(batch.accounts)
    for position in range(len(batch.accounts) + len(reasons)):
        if position in reasons:
            refused.append(reasons[position])
            continue
        account = next(accounts)
        try:
            links.append(uri.build(account))
        except URIError as error:
            refused.append(migration.Refused(position, str(error), account.issuer, account.name))
    return links, refused


def _each(name: str, call: Callable[[T], R], values: Iterable[T]) -> Iterator[R]:
    """Call a function with each value; an error names the faulty value."""
    for number, value in enumerate(values, 1):
        try:
            yield call(value)
        except (URIError, MigrationError) as error:
            raise UsageError(f"{name} {number}: {error}") from None


def _exportable(number: int, account: uri.Account) -> uri.Account:
    """Return an account without the parameters that an export cannot hold, and print their number."""
    if not account.extra:
        return account
    tell(f"link {number}: parameters left out, because an export cannot hold them: {len(account.extra)}")
    return account.replace(extra=())
