"""The message of one account in an export (`OtpParameters`), read and written.

Its fields are 1 the secret, 2 the name, 3 the issuer, 4 the algorithm (1 SHA1, 2 SHA256, 3 SHA512, 4 MD5),
5 the digits (1 six, 2 eight), 6 the type (1 HOTP, 2 TOTP), 7 the counter of a HOTP, and in exports of newer
apps 8, an id that is not read. What is 0 or absent has the app's default: SHA1, six digits, TOTP. The period
is always 30 seconds.
"""

from typing import TypeVar

from onetime.errors import MigrationError, URIError
from onetime.hotp import HOTP
from onetime.provisioning.protobuf import bytes_field, fault, fields, integer_field, signed
from onetime.provisioning.uri import Account
from onetime.secret import Secret
from onetime.totp import TOTP

T = TypeVar("T")

_SECRET, _NAME, _ISSUER, _ALGORITHM, _DIGITS, _TYPE, _COUNTER = range(1, 8)

# What the numbers of the enums stand for; 0 is the app's default.
_ALGORITHMS = ("SHA1", "SHA1", "SHA256", "SHA512", "MD5")
_DIGIT_COUNTS = (6, 6, 8)
_TYPES = (TOTP, HOTP, TOTP)


def read(data: bytes, part: slice) -> Account:
    """Read an account.

    Args:
        data: Bytes that hold the message.
        part: Where in them it stands.

    Raises:
        MigrationError: The message is none, or what it says is no account; `position` says where.
    """
    key = slice(part.start, part.start)
    texts = {_NAME: "", _ISSUER: ""}
    numbers: dict[int, tuple[int, int]] = {}
    for number, value, position in fields(data, part):
        # The last of several wins. A field that has another wire type than it should have is unknown.
        if not isinstance(value, slice):
            numbers[number] = value, position
        elif number == _SECRET:
            key = value
        elif number in texts:
            try:
                texts[number] = data[value].decode()
            except UnicodeDecodeError as error:
                raise fault("a text is not UTF-8", value.start + error.start) from None
    if key.start == key.stop:
        raise fault("there is no secret", key.start)
    issuer, name = _names(texts[_ISSUER], texts[_NAME])
    algorithm = _choice("algorithm", _ALGORITHMS, numbers.get(_ALGORITHM, (0, 0)))
    digits = _choice("number of digits", _DIGIT_COUNTS, numbers.get(_DIGITS, (0, 0)))
    kind = _choice("type", _TYPES, numbers.get(_TYPE, (0, 0)))
    # The counter of a TOTP has no meaning.
    value, position = numbers.get(_COUNTER, (0, 0)) if kind is HOTP else (0, 0)
    counter = signed(value, 64)
    if counter < 0:
        raise fault("the counter is negative", position)
    try:
        credential = kind(Secret(data[key]), digits=digits, algorithm=algorithm)
        return Account(name, credential, issuer=issuer, counter=counter)
    except URIError as error:
        reason = f"in the {error.parameter}, {error}"
    except ValueError as error:  # MD5
        reason = str(error)
    raise fault(reason, part.start)


def write(account: Account) -> bytes:
    """Write an account.

    Raises:
        MigrationError: An export cannot say what the account is.
    """
    credential, issuer, name = account.credential, account.issuer or "", account.name
    is_totp = isinstance(credential, TOTP)
    for refused, what in (
        (isinstance(credential, TOTP) and credential.period != 30, "a period other than 30 seconds"),
        (isinstance(credential, TOTP) and credential.t0 != 0, "a t0 other than 0"),
        (credential.digits not in _DIGIT_COUNTS, "digits other than 6 and 8"),
        (credential.algorithm not in _ALGORITHMS, "an algorithm other than SHA1, SHA256 and SHA512"),
        (account.counter >= 2**63, "a counter over 2^63-1"),
        (account.extra, "parameters without a meaning (extra)"),
        (":" in name and not issuer, "a colon in the name without an issuer: it would end the issuer"),
        (name.startswith(" "), "a space before the name"),
    ):
        if refused:
            raise MigrationError(f"an export cannot say {what}")
    if issuer and name.startswith(f"{issuer}:"):
        name = f"{issuer}:{name}"  # the first of the two is taken off
    message = bytes_field(_SECRET, credential.secret.to_bytes()) + bytes_field(_NAME, name.encode())
    if issuer:
        message += bytes_field(_ISSUER, issuer.encode())
    message += integer_field(_ALGORITHM, _ALGORITHMS.index(credential.algorithm, 1))
    message += integer_field(_DIGITS, _DIGIT_COUNTS.index(credential.digits, 1))
    message += integer_field(_TYPE, _TYPES.index(TOTP if is_totp else HOTP, 1))
    if not is_totp:
        message += integer_field(_COUNTER, account.counter)
    return message


def _choice(what: str, choices: tuple[T, ...], field: tuple[int, int]) -> T:
    value, position = field
    number = signed(value, 32)
    if not 0 <= number < len(choices):
        raise fault(f"the {what} is none that is known here", position)
    return choices[number]


def _names(issuer: str, label: str) -> tuple[str | None, str]:
    """Split "issuer:name" as links do; an issuer that stands apart is split off only if it is the same."""
    if issuer:
        name = label.removeprefix(f"{issuer}:")
    else:
        head, colon, tail = label.partition(":")
        issuer, name = (head, tail) if colon else ("", label)
    return issuer or None, name.lstrip(" ")
