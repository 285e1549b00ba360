"""`onetime migrate`: turn Google Authenticator's exports into links, and links into an export."""

import argparse

from onetime.cli.answers import answer, answer_json
from onetime.cli.arguments import Parser, add_json
from onetime.cli.links import add_links, read_links
from onetime.cli.messages import tell
from onetime.cli.sources import is_export
from onetime.errors import MigrationError, URIError
from onetime.provisioning import migration, uri
from onetime.provisioning.migration import Batch, Refused

EXAMPLES = (
    "onetime migrate < export > links",
    "onetime migrate < links | onetime qr --light",
    "onetime migrate --json < export",
)


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    parser.epilog = (
        "If the input has an export, all accounts become links, including those of links in the same input. "
        "Accounts that cannot be read or written are named, and the others are printed; the exit status is "
        "then 1."
    )
    add_links(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the links of exports, or the export of links; return 1 if an account is left out."""
    links = read_links(options)
    batch = migration.read("\n".join(links))
    answers, refused = _links(batch) if any(map(is_export, links)) else _export(batch)
    refused = sorted((*batch.refused, *refused), key=lambda one: one.position)
    for one in refused:
        names = ", ".join(filter(None, (one.issuer, one.name)))
        # Without a name it may be an account or a part of an export.
        what = f"account {one.position + 1} ({names})" if names else f"entry {one.position + 1}"
        tell(f"{what}: {one.reason}")
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


def _links(batch: Batch) -> tuple[list[str], list[Refused]]:
    """Return the links of all accounts that have one, and the accounts that have none."""
    links, refused = [], []
    for position, account in _numbered(batch):
        try:
            links.append(uri.build(account))
        except URIError as error:
            refused.append(Refused(position, str(error), account.issuer, account.name))
    return links, refused


def _export(batch: Batch) -> tuple[list[str], list[Refused]]:
    """Return the export of all accounts that an export can represent, and the other accounts."""
    accounts, refused = [], []
    for position, account in _numbered(batch):
        bare = account.replace(extra=())
        try:
            migration.build([bare], id=-1)  # the longest id
        except MigrationError as error:
            reason = str(error).removeprefix("account 1: ")
            refused.append(Refused(position, reason, account.issuer, account.name))
            continue
        accounts.append(bare)
        if account.extra:
            left_out = f"parameters left out, because an export cannot hold them: {len(account.extra)}"
            tell(f"account {position + 1}: {left_out}")
    return list(migration.build(accounts)) if accounts else [], refused


def _numbered(batch: Batch) -> list[tuple[int, uri.Account]]:
    """Return the accounts, each with its index among all accounts, including refused ones."""
    refused = {one.position for one in batch.refused}
    count = len(batch.accounts) + len(refused)
    return list(zip((i for i in range(count) if i not in refused), batch.accounts, strict=True))
