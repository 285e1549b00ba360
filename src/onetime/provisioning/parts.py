"""A collection of accounts, batches of exports and faults, in the order of the text."""

import hashlib
from dataclasses import replace
from itertools import islice

from onetime.errors import MigrationError
from onetime.provisioning.account import Account
from onetime.provisioning.batch import Batch, Refused

MAX_NAMED = 10
"""Maximum number of missing batches that a message names."""


class Parts:
    """A collection that joins the batches of each export, and counts duplicate batches once."""

    def __init__(self) -> None:
        self._items: list[Account | Refused | dict[int, Batch]] = []
        self._exports: dict[tuple[int, int, str, bytes], dict[int, Batch]] = {}

    def __bool__(self) -> bool:
        return bool(self._items)

    def add_account(self, account: Account) -> None:
        """Add the account of a link."""
        self._items.append(account)

    def add_refused(self, reason: str) -> None:
        """Add an account, link or batch that could not be read."""
        self._items.append(Refused(0, reason))

    def add_batch(self, batch: Batch) -> None:
        """Add a batch.

        Raises:
            MigrationError: A different batch has the same place in the export.
        """
        key = _export(batch)
        if key not in self._exports:
            self._exports[key] = {}
            self._items.append(self._exports[key])
        if self._exports[key].setdefault(batch.index, batch) != batch:
            raise MigrationError(
                f"batch {batch.index + 1} of {batch.size} occurs twice, with different content"
            )

    def missing(self) -> list[str]:
        """Return a message for each incomplete export, which names the missing batches, counted from 1."""
        messages = []
        for batches in self._exports.values():
            size = next(iter(batches.values())).size
            # The size comes from a link, and may be two billion.
            missing = list(islice((i + 1 for i in range(size) if i not in batches), MAX_NAMED))
            if missing:
                more = " and more" if len(missing) + len(batches) < size else ""
                messages.append(f"of {size} batches, these are missing: {str(missing)[1:-1]}{more}")
        return messages

    def all(self) -> Batch:
        """Return everything as one batch, with each position as an index among all accounts."""
        accounts: list[Account] = []
        refused: list[Refused] = []
        for item in self._items:
            position = len(accounts) + len(refused)
            if isinstance(item, Account):
                accounts.append(item)
            elif isinstance(item, Refused):
                refused.append(replace(item, position=position))
            else:
                for index in sorted(item):
                    position = len(accounts) + len(refused)
                    accounts += item[index].accounts
                    refused += [replace(one, position=position + one.position) for one in item[index].refused]
        ids = {key[0] for key in self._exports}
        number = ids.pop() if len(ids) == 1 else 0
        return Batch(tuple(accounts), id=number, refused=tuple(refused))


def _export(batch: Batch) -> tuple[int, int, str, bytes]:
    """Return the key that all batches of an export share.

    If a batch has no id and is a whole export, the key is its content.
    """
    if batch.id or batch.size > 1:
        return batch.id, batch.size, "", b""
    secrets = (account.credential.secret.to_bytes() for account in batch.accounts)
    digest = hashlib.sha256()
    for secret in secrets:
        digest.update(len(secret).to_bytes(4) + secret)
    return batch.id, batch.size, repr(batch), digest.digest()
