"""The contents of an export: the accounts that can be read, and the accounts that cannot."""

from dataclasses import dataclass

from onetime.confidential import Confidential
from onetime.provisioning.account import Account


@dataclass(frozen=True, slots=True)
class Refused:
    """An account that cannot be read, or a part of an export that is faulty or missing.

    Attributes:
        position: Index among all accounts of the export, including everything refused, from 0.
        reason: What is wrong, as text for users. It contains no secret.
        issuer: The account's issuer; None if it is missing or cannot be read.
        name: The account's name; empty if it is missing or cannot be read.
    """

    position: int
    reason: str
    issuer: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Batch(Confidential):
    """The accounts in one link of an export, with the link's place in the export; or all accounts in a text.

    A batch cannot be pickled and never shows a secret.

    Attributes:
        accounts: The accounts that can be read, in order.
        index: The place of the batch in the export, from 0.
        size: The number of batches in the export.
        id: A random number from -2^31 to 2^31-1 that all batches of an export share; 0 if a link has none.
        refused: The accounts that cannot be read, in order. Show them to the user, who may soon lose the app
            that stores them.
    """

    accounts: tuple[Account, ...]
    index: int = 0
    size: int = 1
    id: int = 0
    refused: tuple[Refused, ...] = ()


# A dataclass with slots gets a __getstate__ that returns everything; CPython 3.11.2 even replaces the
# class's own.
Batch.__getstate__ = Confidential.__getstate__  # type: ignore[method-assign]  # what the line above says
