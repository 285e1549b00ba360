"""The `otpauth://` link behind a site's QR code.

There is no RFC for it. Apps read and write what Google Authenticator's "Key Uri Format" describes, and
differ where it is silent; `build` writes what all of them read, and `parse` reads what they write.
"""

import binascii
from types import MappingProxyType

from onetime.algorithm import Algorithm
from onetime.checks import check_integer
from onetime.confidential import Confidential, discreet
from onetime.errors import SecretError, URIError
from onetime.hotp import HOTP, LAST_MOVING_FACTOR, MAX_DIGITS, MIN_DIGITS
from onetime.secret import Secret
from onetime.totp import TOTP

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LENGTH = 65_536
"""The longest link that is read or written, in characters. A QR code holds 2,953 bytes at most."""

_KNOWN = {
    "hotp": ("secret", "issuer", "algorithm", "digits", "counter"),
    "totp": ("secret", "issuer", "algorithm", "digits", "period"),
}
"""The parameters that have a meaning."""

_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)))


class Account(Confidential):
    """What a link carries: a credential, and the names an app shows beside it.

    It never changes. Two are equal if all their parts are; an account has no hash, cannot be pickled
    and never shows its secret.

    Args:
        name: The account's name at the issuer, for example an e-mail address.
        credential: A HOTP or a TOTP.
        issuer: Who the account is with; None where a link does not say.
        counter: The next counter of a HOTP, from 0 to 2^64-1; 0 with a TOTP.
        extra: Parameters of a link that have no meaning here, by name, as text.

    Raises:
        TypeError: A part has the wrong type.
        URIError: A text has control characters or is not Unicode, the issuer is empty, or `extra` has an
            empty name or one that has a meaning.
        ValueError: The counter is out of range, or not 0 with a TOTP.
    """

    __slots__ = ("counter", "credential", "extra", "issuer", "name")
    name: str
    credential: HOTP | TOTP
    issuer: str | None
    counter: int
    extra: "Mapping[str, str]"

    @discreet
    def __init__(
        self,
        name: str,
        credential: HOTP | TOTP,
        *,
        issuer: str | None = None,
        counter: int = 0,
        extra: "Mapping[str, str]" = MappingProxyType({}),
    ) -> None:
        if not isinstance(credential, HOTP | TOTP):
            raise TypeError("the credential is a HOTP or a TOTP")
        _check_text("name", name)
        if issuer is not None:
            _check_text("issuer", issuer)
            if not issuer:
                raise URIError("the issuer is empty; without one it is None", "issuer")
        check_integer("counter", counter, 0, LAST_MOVING_FACTOR)
        if counter and isinstance(credential, TOTP):
            raise ValueError("a TOTP has no counter")
        for key, value in extra.items():
            _check_text("extra", key)
            _check_text("extra", value)
            if not key:
                raise URIError("a parameter has no name", "extra")
            if key.lower() in _KNOWN[credential.kind]:
                raise URIError("an extra parameter has the name of one that has a meaning", "extra")
        if len({key.lower() for key in extra}) < len(extra):
            raise URIError("two extra parameters have the same name in another case", "extra")
        put = object.__setattr__
        put(self, "name", name)
        put(self, "credential", credential)
        put(self, "issuer", issuer)
        put(self, "counter", counter)
        put(self, "extra", MappingProxyType(dict(extra)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Account):
            return NotImplemented
        return (
            self.name == other.name
            and self.credential == other.credential
            and self.issuer == other.issuer
            and self.counter == other.counter
            and self.extra == other.extra
        )

    def __repr__(self) -> str:
        return (
            f"Account({self.name!r}, {self.credential!r}, issuer={self.issuer!r}, "
            f"counter={self.counter}, extra=<{len(self.extra)}>)"
        )


@discreet
def parse(text: str) -> Account:
    """Read an `otpauth://` link.

    What a link says is taken or refused, never bent: a number out of range, a parameter that is there
    twice, a hash that is unknown are errors. Parameters without a meaning here are kept in `extra`.

    Args:
        text: The link and nothing else, at most 65,536 characters.

    Raises:
        URIError: The text is no such link, or a part of it is wrong; `parameter` says which.
        TypeError: It is not a str.
    """
    if not isinstance(text, str):
        raise TypeError("a link is a str")
    if len(text) > MAX_LENGTH:
        raise URIError(f"the link has more than {MAX_LENGTH} characters")
    kind, label, query = _split(text)
    issuer, name = _label(label)
    parameters = split_query(query, _KNOWN[kind])
    secret = _secret(parameters.pop("secret", ""))
    issuer = parameters.pop("issuer", "") or issuer
    algorithm = _algorithm(parameters.pop("algorithm", "SHA1"))
    digits = _number("digits", parameters.pop("digits", "6"), MIN_DIGITS, MAX_DIGITS)
    credential: HOTP | TOTP
    if kind == "hotp":
        counter = _number("counter", parameters.pop("counter", "0"), 0, LAST_MOVING_FACTOR)
        credential = HOTP(secret, digits=digits, algorithm=algorithm)
    else:
        counter = 0
        period = _number("period", parameters.pop("period", "30"), 1, LAST_MOVING_FACTOR)
        credential = TOTP(secret, digits=digits, algorithm=algorithm, period=period)
    return Account(name, credential, issuer=issuer or None, counter=counter, extra=parameters)


@discreet
def build(account: Account) -> str:
    """Write an account as an `otpauth://` link, so that every app reads it.

    The issuer stands before the name and as a parameter, a space is %20, and what has its default is
    left out. Few apps know more than SHA1, 6 or 8 digits and 30 seconds.

    Raises:
        URIError: A link cannot say it, or apps would read it otherwise: a `t0` other than 0, a colon in
            the issuer, a colon in the name of an account without issuer, a space before the name, more
            than 65,536 characters. `parameter` says which.
    """
    # Programs that only read links never need this import.
    from urllib.parse import quote

    credential = account.credential
    issuer = account.issuer or ""
    if ":" in issuer:
        raise URIError("the issuer has a colon, which ends it in a link", "issuer")
    if ":" in account.name and not issuer:
        raise URIError("the name has a colon, which ends the issuer in a link", "name")
    if account.name.startswith(" "):
        raise URIError("the name begins with a space, which apps drop", "name")

    parameters = {"secret": credential.secret.to_base32()}
    if issuer:
        parameters["issuer"] = issuer
    if credential.algorithm is not Algorithm.SHA1:
        parameters["algorithm"] = credential.algorithm
    if credential.digits != 6:
        parameters["digits"] = str(credential.digits)
    if isinstance(credential, HOTP):
        parameters["counter"] = str(account.counter)
    else:
        if credential.t0:
            raise URIError("a link cannot say a t0 other than 0", "t0")
        if credential.period != 30:
            parameters["period"] = str(credential.period)
    parameters.update(account.extra)

    label = quote(account.name, safe="")
    if issuer:
        label = f"{quote(issuer, safe='')}:{label}"
    query = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in parameters.items())
    link = f"otpauth://{credential.kind}/{label}?{query}"
    if len(link) > MAX_LENGTH:
        raise URIError(f"the link would have more than {MAX_LENGTH} characters")
    return link


def _split(text: str) -> tuple[str, str, str]:
    """Split a link into kind, label and query, nothing decoded yet."""
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator:
        raise URIError("not an otpauth:// link; a secret alone is read with Secret.from_base32")
    if scheme == "otpauth-migration":
        raise URIError("an export of several accounts (otpauth-migration://), not the link of one")
    if scheme != "otpauth":
        raise URIError("the link does not begin with otpauth://")
    if "#" in rest:
        raise URIError("the link has a #, which is written %23")
    head, _, query = rest.partition("?")
    kind, _, label = head.partition("/")
    kind = kind.lower()
    if kind not in _KNOWN:
        raise URIError("the link begins neither with otpauth://hotp/ nor with otpauth://totp/", "type")
    return kind, label, query


def _label(label: str) -> tuple[str, str]:
    """Split "issuer:name", or "name" alone; the colon may be encoded, and spaces may follow it."""
    issuer, colon, name = label.replace("%3A", ":").replace("%3a", ":").partition(":")
    if not colon:
        issuer, name = "", label
    return _decoded(issuer, "issuer"), _decoded(name, "name").lstrip(" ")


def split_query(query: str, known: tuple[str, ...]) -> dict[str, str]:
    """Split a query, then decode its parts. Names that are known are found in any case."""
    parameters: dict[str, str] = {}
    seen = set()
    for part in filter(None, query.split("&")):
        # Programs that treat a link as a filled-in form write a space as +; a plus sign is %2B.
        key, _, value = part.replace("+", " ").partition("=")
        key = _decoded(key, None)
        lower = key.lower()
        name = lower if lower in known else None
        if lower in seen:
            raise URIError(f"the link has {name or 'a parameter'} twice", name)
        seen.add(lower)
        parameters[name or key] = _decoded(value, name)
    return parameters


def _decoded(part: str, parameter: str | None) -> str:
    """Decode the percent signs of one part, once (RFC 3986 section 2.1)."""
    if "%" not in part:
        return part
    try:
        first, *pieces = part.encode().split(b"%")
        # A piece that is too short is filled with spaces, which are no digits.
        decoded = [binascii.a2b_hex(piece[:2].ljust(2)) + piece[2:] for piece in pieces]
        return b"".join([first, *decoded]).decode()
    except ValueError:
        pass
    where = parameter or "a parameter"
    raise URIError(f"in {where}, what follows a percent sign is not UTF-8 in hexadecimal digits", parameter)


def _secret(text: str) -> Secret:
    if not text:
        raise URIError("the link has no secret", "secret")
    try:
        return Secret.from_base32(text)
    except SecretError as error:
        message = str(error)
    raise URIError(f"in the secret, {message}", "secret")


def _algorithm(text: str) -> Algorithm:
    try:
        return Algorithm(text)
    except ValueError as error:
        message = str(error)
    raise URIError(message, "algorithm")


def _number(parameter: str, text: str, low: int, high: int) -> int:
    """Read digits and nothing else: int() would take a sign, spaces, underscores and other scripts."""
    if text.isascii() and text.isdigit() and len(text) <= 20 and low <= int(text) <= high:
        return int(text)
    raise URIError(f"{parameter} is a whole number from {low} to {high}", parameter)


def _check_text(parameter: str, text: str) -> None:
    if not isinstance(text, str):
        raise TypeError(f"{parameter} is text, a str")
    if not _CONTROLS.isdisjoint(text):
        raise URIError("there is a tab, a line break or another control character", parameter)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise URIError("there is half of a surrogate pair", parameter) from None
