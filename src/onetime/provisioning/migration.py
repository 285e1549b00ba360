"""Google Authenticator's export of several accounts: the `otpauth-migration://` links behind its QR codes.

An export has one or more links, each with a batch of the accounts: a message of Protocol Buffers in base64
(see `payload`).
"""

import os
from collections.abc import Iterable
from contextlib import suppress

from onetime import encoding
from onetime.checks import check_integer
from onetime.confidential import discreet
from onetime.errors import MigrationError, SecretError, URIError
from onetime.provisioning import payload, uri
from onetime.provisioning.account import Account
from onetime.provisioning.batch import Batch, Refused
from onetime.provisioning.parameters import read_parameters, strip
from onetime.provisioning.parts import Parts
from onetime.provisioning.payload import Payload

__all__ = ["Batch", "Refused", "build", "join", "parse", "read"]

MAX_LENGTH = uri.MAX_TEXT
"""Maximum length of a link that is read, in characters. A QR code holds 2,953 bytes; a file holds more."""

MAX_ACCOUNTS = 10
"""Maximum number of accounts in a written batch: the app puts at most this number into a QR code."""

MAX_SIZE = 640
"""Maximum size of the accounts in a batch of several accounts, in bytes. The link then usually has at most
about 1,000 characters, and fits a QR code of version 25 or 26 at level M, which a phone can read from a
screen. In the worst case, percent signs lengthen the link to 2,700 characters, which still fit a QR code."""

MAX_LINK = 2_953
"""Maximum length of a written link, in characters: the capacity of a QR code (ISO/IEC 18004, version
40-L)."""

MAX_CUT = 5
"""Maximum number of characters that are dropped from the end of a link that is cut off: an escape, and the
beginning of another one."""


@discreet
def parse(text: str) -> Batch:
    """Parse one link of an export.

    The base64 may use either alphabet, with or without padding, and may be percent-encoded. A plus sign
    belongs to the base64 and never stands for a space. Other parameters of the link are ignored, and so are
    unknown fields and fields with the wrong wire type. If a name begins with the issuer and a colon, both
    are removed.

    Args:
        text: One link, at most 1,048,576 characters; parsing takes time in proportion to the length. White
            space and invisible characters around it are ignored.

    Returns:
        The batch. An account that cannot be read is in `refused` and does not affect the others; `accounts`
        may even be empty.

    Raises:
        MigrationError: The text is not an export link, its data is not a message with accounts, or the place
            of the batch in the export is wrong. `position` is the index of the byte in the decoded data.
        TypeError: The text is not a str.
    """
    text = strip(text)
    if len(text) > MAX_LENGTH:
        raise MigrationError(f"a link must have at most {MAX_LENGTH} characters")
    content = Payload()
    content.read(_data(text))
    if not content.count():
        raise MigrationError("an export must have accounts")
    content.check_version()
    return content.batch(*content.place())


@discreet
def join(batches: Iterable[Batch]) -> Batch:
    """Join the batches of one export or of several.

    Args:
        batches: All batches, in any order. Duplicates, for example from a QR code that was scanned twice,
            count once.

    Returns:
        One batch with everything, in the order of the exports and of their batches. The positions in
        `refused` are indexes among all accounts, including refused ones, from 0.

    Raises:
        MigrationError: There are no batches, or batches of an export are missing. The message names the
            missing batches, counted from 1. Two different batches with the same place belong to two exports.
        TypeError: One of the values is not a Batch.
    """
    parts = Parts()
    for batch in batches:
        if not isinstance(batch, Batch):
            raise TypeError(f"each batch must be a Batch, not {type(batch).__name__}")
        parts.add_batch(batch)
    if not parts:
        raise MigrationError("there must be at least one batch")
    missing = parts.missing()
    if missing:
        raise MigrationError(missing[0])
    return parts.all()


@discreet
def read(text: str) -> Batch:
    """Read every account in a text of links and exports, mixed and in any order.

    Accounts and links that cannot be read, and missing batches, are in `refused` of the result. If a link of
    an export has a fault outside its accounts, for example because it is cut off, the complete accounts
    before the fault are read, and `refused` has the fault too.

    Args:
        text: The content of a file, or pasted text: links on lines of their own or separated by white space,
            at most 1,048,576 characters.

    Returns:
        One batch with everything. The batches of an export are joined at the place of the first.

    Raises:
        URIError: The text has no link, or has something other than links, as in `uri.split`.
        TypeError: The text is not a str.
    """
    links = uri.split(text)
    if not links:
        raise URIError("there must be at least one link")
    parts = Parts()
    for link in links:
        try:
            if not link.lower().startswith("otpauth-migration:"):
                parts.add_account(uri.parse(link))
            else:
                parts.add_batch(parse(link))
        except URIError as error:
            parts.add_refused(str(error))
        except MigrationError as error:
            _rescue(parts, link, str(error))
    for reason in parts.missing():
        parts.add_refused(reason)
    return parts.all()


@discreet
def build(accounts: Iterable[Account], *, id: int | None = None) -> tuple[str, ...]:  # noqa: A002 - its name in the export
    """Return the links of an export of accounts, each for a QR code of its own.

    A batch has at most 10 accounts with at most 640 bytes together, so that a phone reads its QR code easily.
    A longer account has a batch to itself. An account may have an empty name.

    Args:
        accounts: At least one account. The links have the accounts in the same order.
        id: The number that the batches share, from -2^31 to 2^31-1; None for a random one.

    Returns:
        The links, at most 2,953 characters each.

    Raises:
        MigrationError: There are no accounts, or an export cannot represent one: a period other than 30,
            a t0 other than 0, digits other than 6 and 8, an algorithm other than SHA1, SHA256 and SHA512,
            a counter over 2^63-1, parameters in `extra`, a colon in the name of an account without an issuer,
            a space at the beginning of the name, or more data than a QR code holds. `account` is the index
            of the account, from 0.
        TypeError: One of the values is not an Account, or the id is not an int.
        ValueError: The id is out of range.
    """
    if id is None:
        id = int.from_bytes(os.urandom(4), signed=True)  # noqa: A001 - the same
    check_integer("id", id, -(2**31), 2**31 - 1)
    batches: list[list[bytes]] = []
    for index, account in enumerate(accounts):
        if not isinstance(account, Account):
            raise TypeError(f"each account must be an Account, not {type(account).__name__}")
        try:
            field = payload.write_account(account)
        except MigrationError as error:
            raise MigrationError(f"account {index + 1}: {error}", account=index) from None
        last = batches[-1] if batches else []
        if not last or len(last) == MAX_ACCOUNTS or sum(map(len, last)) + len(field) > MAX_SIZE:
            batches.append([])
        batches[-1].append(field)
    if not batches:
        raise MigrationError("there must be at least one account")
    links: list[str] = []
    written = 0
    for place, batch in enumerate(batches):
        data = encoding.write_base64(payload.write(batch, place, len(batches), id))
        link = f"otpauth-migration://offline?data={uri.quote(data)}"
        if len(link) > MAX_LINK:  # an account that has a batch to itself
            message = f"account {written + 1}: its link would be longer than a QR code holds"
            raise MigrationError(message, account=written)
        written += len(batch)
        links.append(link)
    return tuple(links)


def _rescue(parts: Parts, link: str, reason: str) -> None:
    """Add the accounts before the fault of a link that `parse` refuses, and then the reason."""
    content = Payload()
    with suppress(MigrationError):
        content.read(_cut_data(link))
    if not content.count():
        parts.add_refused(reason)
        return
    content.refused.append(Refused(content.count(), reason))
    parts.add_batch(content.batch(*content.known_place()))


def _cut_data(link: str) -> bytes:
    """Return the message in a link whose end is cut off, without an incomplete escape or character."""
    for size in range(MAX_CUT + 1):
        with suppress(MigrationError):
            return _data(link[: len(link) - size])
    return b""


def _data(text: str) -> bytes:
    """Return the message in a link."""
    head, _, query = text.partition("?")
    head = head.lower()
    if head.startswith("otpauth://"):
        raise MigrationError(
            "the link must be an export (otpauth-migration://), not the link of one account (otpauth://)"
        )
    if head.removesuffix("/") != "otpauth-migration://offline":
        raise MigrationError("an export must begin with otpauth-migration://offline")
    try:
        # Elsewhere in links a plus sign may stand for a space, but base64 has no spaces.
        values, _ = read_parameters(query.replace("+", "%2B"), frozenset(("data",)))
        data = values.get("data", "")
        if not data.strip("="):
            raise MigrationError("an export must have data")
        if " " in data:
            position = data.index(" ") + 1
            raise MigrationError(f"the data has a space at character {position}, perhaps a lost plus sign")
        return encoding.read_base64(data)
    except URIError as error:
        raise MigrationError(str(error)) from None
    except SecretError as error:
        raise MigrationError(f"in the data, {error}") from None
