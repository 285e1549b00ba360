"""A collection of accounts, batches of exports and faults, in the order of the text."""

import hashlib
from dataclasses import replace
from itertools import islice

from onetime.provisioning.account import Account
from onetime.provisioning.batch import Batch, Refused

MAX_NAMED = 10
"""Maximum number of missing batches that a message names."""


class Parts:
    """A collection that joins the batches of each export, and counts duplicate batches once.

    Several exports may have the same id and size. If another batch has taken a batch's place in one of them,
    the batch belongs to the next one whose place is free, or begins a new export.
    """

    def __init__(self) -> None:
        self._items: list[Account | Refused | dict[int, Batch]] = []
        self._exports: dict[tuple[int, int], list[dict[int, Batch]]] = {}  # by id and size
        self._contents: dict[tuple[int, int, int], set[bytes]] = {}  # by id, size and place

    def __bool__(self) -> bool:
        return bool(self._items)

    def add_account(self, account: Account) -> None:
        """Add the account of a link."""
        self._items.append(account)

    def add_refused(self, reason: str) -> None:
        """Add an account, link or batch that could not be read."""
        self._items.append(Refused(0, reason))

    def add_batch(self, batch: Batch) -> None:
        """Add a batch."""
        exports = self._exports.setdefault((batch.id, batch.size), [])
        contents = self._contents.setdefault((batch.id, batch.size, batch.index), set())
        content = _content(batch)
        if content in contents:
            return
        if len(contents) == len(exports):
            exports.append({})
            self._items.append(exports[-1])
        exports[len(contents)][batch.index] = batch
        contents.add(content)

    def missing(self) -> list[str]:
        """Return a message for each incomplete export, which names the missing batches, counted from 1."""
        messages = []
        for (_, size), batches in ((key, each) for key, every in self._exports.items() for each in every):
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
        ids = {number for number, _ in self._exports}
        number = ids.pop() if len(ids) == 1 else 0
        return Batch(tuple(accounts), id=number, refused=tuple(refused))


def _content(batch: Batch) -> bytes:
    """Return a digest of everything in a batch."""
    # The text of a batch has neither the secrets nor the extra parameters of its accounts.
    digest = hashlib.sha256(repr((batch, [account.extra for account in batch.accounts])).encode())
    for account in batch.accounts:
        secret = account.credential.secret.to_bytes()
        digest.update(len(secret).to_bytes(4) + secret)
    return digest.digest()
