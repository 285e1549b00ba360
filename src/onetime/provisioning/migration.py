"""Google Authenticator's export of several accounts: the `otpauth-migration://` links behind its QR codes.

An export is one link or more, each with a batch of the accounts: a message of Protocol Buffers in base64.
Google does not describe it. The fields are those that the app and the programs that read its exports agree
on: 1 the accounts (see `otp_parameters`), 2 the version, 3 the batch size, which is how many batches there
are, 4 the batch index, from 0 on, 5 the batch id, which is the same in all of them.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from onetime import encoding
from onetime.checks import check_integer
from onetime.confidential import Confidential, discreet
from onetime.errors import MigrationError, SecretError, URIError
from onetime.provisioning import otp_parameters
from onetime.provisioning.protobuf import bytes_field, fault, fields, integer_field, signed
from onetime.provisioning.uri import Account, split_query

MAX_LENGTH = 16_384
"""The longest link that is read, in characters: five times what a QR code holds. It bounds the time."""

MAX_ACCOUNTS = 10
"""Accounts in a batch that is written: as many as the app puts into one QR code."""

MAX_SIZE = 640
"""Bytes of the accounts in a batch of more than one. Its link then has about 1,000 characters at most: a QR
code of version 25 or 26 at level M, which a phone reads from a screen. Percent signs could make it 2,700
characters in the worst case, which a QR code still holds."""

MAX_LINK = 2_953
"""The longest link that is written, in characters: what a QR code holds (ISO/IEC 18004, version 40-L)."""

_ACCOUNT, _VERSION, _BATCH_SIZE, _BATCH_INDEX, _BATCH_ID = range(1, 6)


@dataclass(frozen=True, slots=True)
class Batch(Confidential):
    """The accounts of one link of an export, and its place in the export.

    It cannot be pickled and never shows a secret.

    Attributes:
        accounts: At least one.
        index: The place of the batch in the export, from 0 on.
        size: How many batches the export has.
        id: A random number from -2^31 to 2^31-1, the same in all batches of an export; 0 in a link that
            does not say.
    """

    accounts: tuple[Account, ...]
    index: int
    size: int
    id: int


# A dataclass with slots writes one that gives all out; CPython 3.11.2 even over the class's own.
Batch.__getstate__ = Confidential.__getstate__  # type: ignore[method-assign]  # what the line above says


@discreet
def parse(text: str) -> Batch:
    """Read one link of an export.

    Base64 may have either alphabet, padding or none, and be percent-encoded or not; a plus sign is a plus
    sign. Other parameters of the link are ignored, and so are fields that are unknown, or known with
    another wire type. A name is read as the label of a link is: the issuer before it is taken off.

    Args:
        text: The link and nothing else, at most 16,384 characters.

    Raises:
        MigrationError: The text is no such link, its data is no message, or an account is none; the
            message says which account, from 1, and `position` at which byte of the decoded data.
        TypeError: It is not a str.
    """
    if not isinstance(text, str):
        raise TypeError("an export is a str")
    if len(text) > MAX_LENGTH:
        raise MigrationError(f"the link has more than {MAX_LENGTH} characters")
    data = _data(text)
    accounts: list[Account] = []
    header: dict[int, tuple[int, int]] = {}
    for number, value, position in fields(data, slice(0, len(data))):
        if not isinstance(value, slice):
            header[number] = signed(value, 32), position  # the last one wins
        elif number == _ACCOUNT:
            accounts.append(_account(data, value, len(accounts) + 1))
    if not accounts:
        raise MigrationError("the export has no accounts")
    version, position = header.get(_VERSION, (1, 0))
    if version not in (0, 1, 2):
        raise fault("the export has a version that is not known here: not 1 or 2", position)
    # A link that does not say is an export by itself.
    size, position = header.get(_BATCH_SIZE, (0, 0))
    if size < 0:
        raise fault("the number of batches is negative", position)
    size = size or 1
    index, position = header.get(_BATCH_INDEX, (0, 0))
    if not 0 <= index < size:
        raise fault("the index of the batch is out of range: from 0 to one less than their number", position)
    return Batch(tuple(accounts), index, size, header.get(_BATCH_ID, (0, 0))[0])


@discreet
def join(batches: Iterable[Batch]) -> tuple[Account, ...]:
    """Put the batches of an export together.

    Args:
        batches: All of them, in any order. One that is there twice, as from a QR code that was scanned
            twice, counts once.

    Returns:
        The accounts, in the order of the export.

    Raises:
        MigrationError: A batch is missing, they are of different exports, or two have the same place and
            differ; the message says which, from 1.
        TypeError: What is given are no batches.
    """
    first: Batch | None = None
    places: dict[int, Batch] = {}
    for number, batch in enumerate(batches, 1):
        if not isinstance(batch, Batch):
            raise TypeError("what is joined are batches")
        first = first or batch
        if (batch.id, batch.size) != (first.id, first.size):
            raise MigrationError(f"batch {number} of those given is of another export than the first")
        if places.setdefault(batch.index, batch) != batch:
            raise MigrationError(f"batch {batch.index + 1} of {batch.size} is there twice, and they differ")
    if first is None:
        raise MigrationError("there are no batches")
    # The size is what a link says: it may be two thousand million.
    missing = list(islice((i + 1 for i in range(first.size) if i not in places), 10))
    if missing:
        more = " and more" if len(missing) + len(places) < first.size else ""
        raise MigrationError(f"of {first.size} batches these are missing: {str(missing)[1:-1]}{more}")
    return tuple(account for index in sorted(places) for account in places[index].accounts)


@discreet
def build(accounts: Iterable[Account], *, id: int | None = None) -> tuple[str, ...]:  # noqa: A002 - its name in the export
    """Write accounts as an export: one link or more, each for a QR code of its own.

    A batch has at most 10 accounts and 640 bytes of them, so that a phone reads its QR code easily; an
    account that is longer has a batch for itself.

    Args:
        accounts: At least one, in their order.
        id: What the batches have in common, from -2^31 to 2^31-1; without it a random number.

    Returns:
        The links, at most 2,953 characters each.

    Raises:
        MigrationError: There are no accounts, or an export cannot say what one is: a period other than
            30, a t0 other than 0, digits other than 6 and 8, an algorithm other than SHA1, SHA256 and
            SHA512, a counter over 2^63-1, parameters in `extra`, a colon in the name of an account without
            issuer, a space before the name, more than a QR code holds. The message says which, from 1.
        TypeError: What is given are no accounts, or the id is not an int.
        ValueError: The id is out of range.
    """
    # Programs that only read exports never need this import.
    from urllib.parse import quote

    if id is None:
        id = int.from_bytes(os.urandom(4), signed=True)  # noqa: A001 - the same
    check_integer("id", id, -(2**31), 2**31 - 1)
    batches: list[list[bytes]] = []
    for number, account in enumerate(accounts, 1):
        if not isinstance(account, Account):
            raise TypeError("what is written are accounts")
        try:
            field = bytes_field(_ACCOUNT, otp_parameters.write(account))
        except MigrationError as error:
            raise MigrationError(f"account {number}: {error}") from None
        last = batches[-1] if batches else []
        if not last or len(last) == MAX_ACCOUNTS or sum(map(len, last)) + len(field) > MAX_SIZE:
            batches.append([])
        batches[-1].append(field)
    if not batches:
        raise MigrationError("there are no accounts")
    links: list[str] = []
    written = 0
    for index, batch in enumerate(batches):
        header = (
            integer_field(_VERSION, 1)
            + integer_field(_BATCH_SIZE, len(batches))
            + integer_field(_BATCH_INDEX, index)
            + integer_field(_BATCH_ID, id)
        )
        data = encoding.write_base64(b"".join(batch) + header)
        link = f"otpauth-migration://offline?data={quote(data, safe='')}"
        written += len(batch)
        if len(link) > MAX_LINK:
            raise MigrationError(f"account {written}: its link would be longer than a QR code holds")
        links.append(link)
    return tuple(links)


def _data(text: str) -> bytes:
    """Take the message out of a link."""
    head, _, query = text.partition("?")
    head = head.lower()
    if head.startswith("otpauth://"):
        raise MigrationError("the link of one account (otpauth://), not an export")
    if head.removesuffix("/") != "otpauth-migration://offline":
        raise MigrationError("the link does not begin with otpauth-migration://offline")
    try:
        # Elsewhere in links a plus sign may stand for a space; base64 has none.
        data = split_query(query.replace("+", "%2B"), ("data",)).get("data", "")
        if not data.strip("="):
            raise MigrationError("the link has no data")
        if " " in data:
            position = data.index(" ")
            raise MigrationError(f"the data has a space at position {position}: perhaps a lost plus sign")
        return encoding.read_base64(data)
    except URIError as error:
        message = str(error)
    except SecretError as error:
        message = f"in the data, {error}"
    raise MigrationError(message)


def _account(data: bytes, part: slice, number: int) -> Account:
    try:
        return otp_parameters.read(data, part)
    except MigrationError as error:
        message, position = f"account {number}, {error}", error.position
    raise MigrationError(message, position)
