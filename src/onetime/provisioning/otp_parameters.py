"""Reading and writing of the message of one account in an export (`OtpParameters`).

Field 1 is the secret, 2 the name, 3 the issuer, 4 the algorithm (1 is SHA1, 2 SHA256, 3 SHA512, 4 MD5),
5 the digits (1 is six, 2 eight), 6 the type (1 is HOTP, 2 TOTP), and 7 the counter of an HOTP. Exports of
newer apps also have field 8, an id, which is not read. A field that is 0 or absent has the app's default:
SHA1, six digits, TOTP. The period is always 30 seconds.
"""

from typing import TypeVar

from onetime.errors import MigrationError, URIError
from onetime.hotp import HOTP
from onetime.provisioning.account import Account
from onetime.provisioning.batch import Refused
from onetime.provisioning.parameters import check_text
from onetime.provisioning.protobuf import bytes_field, fault, fields, integer_field, signed
from onetime.secret import Secret
from onetime.totp import TOTP

T = TypeVar("T")

_SECRET, _NAME, _ISSUER, _ALGORITHM, _DIGITS, _TYPE, _COUNTER = range(1, 8)

# The meanings of the numbers of the enums; 0 is the app's default.
_ALGORITHMS = ("SHA1", "SHA1", "SHA256", "SHA512", "MD5")
_DIGIT_COUNTS = (6, 6, 8)
_TYPES = (TOTP, HOTP, TOTP)


class _Message:
    """The fields of a message that can be read.

    Attributes:
        key: The secret; empty if it is missing.
        key_position: Position of the secret in the data; if it is missing, that of the message.
        texts: The issuer and the name, by the number of their field.
        numbers: The integers by the number of their field, each with the position of the field.
    """

    __slots__ = ("key", "key_position", "numbers", "texts")

    def __init__(self, part: slice) -> None:
        self.key = b""
        self.key_position = part.start
        self.texts = {_ISSUER: "", _NAME: ""}
        self.numbers: dict[int, tuple[int, int]] = {}

    def read(self, data: bytes, part: slice) -> None:
        """Read the fields up to the first faulty one, which raises `MigrationError`."""
        # The last of several fields counts. A field with the wrong wire type is treated as unknown.
        for number, value, position in fields(data, part):
            if not isinstance(value, slice):
                self.numbers[number] = value, position
            elif number == _SECRET:
                self.key, self.key_position = data[value], value.start
            elif number in self.texts:
                try:
                    self.texts[number] = data[value].decode()
                except UnicodeDecodeError as error:
                    raise fault("a text must be UTF-8", value.start + error.start) from None

    def names(self) -> tuple[str | None, str]:
        """Return the issuer and the name. A name is split at its colon unless the issuers differ."""
        issuer, label = self.texts.values()
        if issuer:
            name = label.removeprefix(f"{issuer}:")
        else:
            head, colon, tail = label.partition(":")
            issuer, name = (head, tail) if colon else ("", label)
        return issuer or None, name.lstrip(" ")

    def choice(self, what: str, field: int, choices: tuple[T, ...]) -> T:
        """Return the choice that the number of an enum means; the first one if the field is missing."""
        if field not in self.numbers:
            return choices[0]
        value, position = self.numbers[field]
        number = signed(value, 32)
        if not 0 <= number < len(choices):
            raise fault(f"the field {what} must have a number from 0 to {len(choices) - 1}", position)
        return choices[number]


def read(data: bytes, part: slice, place: int) -> Account | Refused:
    """Read an account.

    Args:
        data: Bytes that hold the message.
        part: Range of the message in the bytes.
        place: Index of the account in the export, from 0.

    Returns:
        The account; or, if it cannot be read, the reason and the names that can be read.
    """
    message = _Message(part)
    try:
        message.read(data, part)
        return _account(message)
    except MigrationError as error:
        issuer, name = message.names()
        return Refused(place, str(error), _shown(issuer or "") or None, _shown(name))


def _shown(name: str) -> str:
    """Return a name if it can be shown, and an empty text otherwise."""
    try:
        check_text("name", name)
    except URIError:
        return ""
    return name


def _account(message: _Message) -> Account:
    if not message.key:
        raise fault("there must be a secret", message.key_position)
    algorithm = message.choice("algorithm", _ALGORITHM, _ALGORITHMS)
    digits = message.choice("digits", _DIGITS, _DIGIT_COUNTS)
    kind = message.choice("type", _TYPE, _TYPES)
    counter = 0
    if kind is HOTP and _COUNTER in message.numbers:  # the counter of a TOTP has no meaning
        value, position = message.numbers[_COUNTER]
        counter = signed(value, 64)
        if counter < 0:
            raise fault("the counter must not be negative", position)
    issuer, name = message.names()
    try:
        credential = kind(Secret(message.key), digits=digits, algorithm=algorithm)
        return Account(name, credential, issuer=issuer, counter=counter)
    except ValueError as error:  # MD5, or a control character
        raise MigrationError(str(error)) from None


def write(account: Account) -> bytes:
    """Return the message of an account.

    Raises:
        MigrationError: An export cannot represent the account.
    """
    credential, issuer, name = account.credential, account.issuer or "", account.name
    is_totp = isinstance(credential, TOTP)
    for refused, what in (
        (isinstance(credential, TOTP) and credential.period != 30, "a period other than 30 seconds"),
        (isinstance(credential, TOTP) and credential.t0 != 0, "a t0 other than 0"),
        (credential.digits not in _DIGIT_COUNTS, "digits other than 6 and 8"),
        (credential.algorithm not in _ALGORITHMS, "an algorithm other than SHA1, SHA256 and SHA512"),
        (account.counter >= 2**63, "a counter over 2^63-1"),
        (account.extra, "unknown parameters (extra)"),
        (":" in name and not issuer, "a colon in the name without an issuer; readers would split the name"),
        (name.startswith(" "), "a space at the beginning of the name"),
    ):
        if refused:
            raise MigrationError(f"an export cannot represent {what}")
    if issuer and name.startswith(f"{issuer}:"):
        name = f"{issuer}:{name}"  # readers remove the first of the two
    message = bytes_field(_SECRET, credential.secret.to_bytes()) + bytes_field(_NAME, name.encode())
    if issuer:
        message += bytes_field(_ISSUER, issuer.encode())
    message += integer_field(_ALGORITHM, _ALGORITHMS.index(credential.algorithm, 1))
    message += integer_field(_DIGITS, _DIGIT_COUNTS.index(credential.digits, 1))
    message += integer_field(_TYPE, _TYPES.index(TOTP if is_totp else HOTP, 1))
    if not is_totp:
        message += integer_field(_COUNTER, account.counter)
    return message
