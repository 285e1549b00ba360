"""The `otpauth://` link in the QR code of a site.

No RFC specifies the format. Apps follow Google Authenticator's "Key Uri Format", and differ where that
document is silent. `build` writes links that all apps read, and `parse` reads the links that apps write.
"""

from onetime import encoding
from onetime.algorithm import Algorithm
from onetime.confidential import discreet
from onetime.errors import SecretError, URIError
from onetime.hotp import HOTP, LAST_MOVING_FACTOR, MAX_DIGITS, MIN_DIGITS
from onetime.provisioning.account import Account
from onetime.provisioning.names import KNOWN, check_value
from onetime.provisioning.parameters import (
    check_spelling,
    check_text,
    check_visible,
    decoded,
    read_parameters,
    strip,
)
from onetime.secret import Secret
from onetime.totp import TOTP

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from onetime.credential import Credential

__all__ = ["Account", "build", "parse"]

MAX_LENGTH = 65_536
"""Maximum length of a link that is read or written, in characters. A QR code holds 2,953 bytes."""

MAX_TEXT = 1_048_576
"""Maximum length of a text with several links, or with an export, in characters."""

_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
"""The characters that stand for themselves everywhere in a link (RFC 3986 section 2.3)."""

_RESERVED = ":/?#[]@!$&'()*+,;="
"""The characters that may separate the parts of a link (RFC 3986 section 2.2)."""

_ESCAPES = {byte: f"%{byte:02X}" for byte in range(256) if chr(byte) not in _UNRESERVED}
_ESCAPES_OF_LINKS = {byte: text for byte, text in _ESCAPES.items() if chr(byte) not in f"{_RESERVED}%"}


@discreet
def parse(text: str) -> Account:
    """Parse an `otpauth://` link.

    Every part of the link is read literally or refused, never adjusted. Unknown parameters are returned in
    `extra`. If the label begins with the issuer parameter and a colon, the rest is the name; here, case is
    ignored and a plus sign counts as a space. Otherwise, the text before the first colon is an issuer, which
    is used only if the issuer parameter is missing.

    Args:
        text: One link, at most 65,536 characters. White space and invisible characters around it are ignored.

    Returns:
        The account. Its name is empty if the link has none.

    Raises:
        URIError: The text is not an `otpauth` link; a part is missing, out of range, or duplicate; a
            parameter could be mistaken for a known one, or is for other kinds of codes (Steam); or an
            invisible character, or white space in a parameter, is not encoded. `parameter` names the part.
        TypeError: The text is not a str.
    """
    text = strip(text)
    if len(text) > MAX_LENGTH:
        raise URIError(f"a link must have at most {MAX_LENGTH} characters")
    if not text.isascii():
        check_visible(text.partition("?")[0], "label")
    kind, label, query = _split(text)
    if "=" in label:
        check_value(label, KNOWN[kind])
    values, extra = read_parameters(query, KNOWN[kind], label)
    check_spelling(query)
    for name, value in values.items():
        if not value.isascii() and name != "issuer":
            check_visible(value, name)
    issuer, name = _names(decoded(label, "label"), values.get("issuer", ""))
    secret = _secret(values.get("secret", ""))
    algorithm = _algorithm(values["algorithm"]) if "algorithm" in values else Algorithm.SHA1
    digits = _number("digits", values["digits"], MIN_DIGITS, MAX_DIGITS) if "digits" in values else 6
    credential: Credential
    if kind == "hotp":
        counter = _number("counter", values.get("counter", "0"), 0, LAST_MOVING_FACTOR)
        credential = HOTP(secret, digits=digits, algorithm=algorithm)
    else:
        counter = 0
        period = _number("period", values["period"], 1, LAST_MOVING_FACTOR) if "period" in values else 30
        credential = TOTP(secret, digits=digits, algorithm=algorithm, period=period)
    return Account(name, credential, issuer=issuer, counter=counter, extra=extra)


@discreet
def build(account: Account) -> str:
    """Return the `otpauth://` link of an account, in a form that all apps read alike.

    The issuer comes before the name and is also a parameter; an issuer with a colon is only a parameter.
    A space is %20, and default settings are left out.

    Some apps silently ignore settings, and show codes that never match. Google Authenticator has ignored
    `algorithm` and `period`, and on Android `digits`, as "Key Uri Format" states; later versions follow
    `algorithm` and `digits`. Microsoft Authenticator, Authy and Duo Mobile have been reported to compute SHA1
    codes whatever the link says. So for apps that users choose themselves, use the settings that every app
    supports: a TOTP with SHA1, 6 digits and a period of 30 seconds, the defaults of `TOTP`. Use other
    settings only for devices that you hand out, and ask for a code before you rely on an enrollment.

    Args:
        account: The account.

    Returns:
        The link: ASCII characters, at most 65,536.

    Raises:
        URIError: The account has no link that all apps read alike: its name is empty, is invisible or begins
            with a space; its name has a colon, and the issuer is missing or has a colon; its `t0` is not 0;
            or the link would have more than 65,536 characters. `parameter` names the part.
    """
    name, issuer, credential = account.name, account.issuer, account.credential
    if not name.strip() or not (name.isascii() or _visible(name)):
        raise URIError("name must not be empty in a link", "name")
    if name[0] == " ":
        raise URIError("name must not begin with a space, which apps drop", "name")
    if ":" in name and (not issuer or ":" in issuer):
        raise URIError("name must not have a colon, unless there is an issuer that has no colon", "name")
    label = quote(name)
    query = f"secret={encoding.write_base32(credential.secret.to_bytes())}"
    if issuer:
        written = quote(issuer)
        query += f"&issuer={written}"
        if ":" not in issuer:
            label = f"{written}:{label}"
    if credential.algorithm is not Algorithm.SHA1:
        query += f"&algorithm={credential.algorithm}"
    if credential.digits != 6:
        query += f"&digits={credential.digits}"
    if isinstance(credential, HOTP):
        query += f"&counter={account.counter}"
    else:
        if credential.t0:
            raise URIError("t0 must be 0 in a link", "t0")
        if credential.period != 30:
            query += f"&period={credential.period}"
    for key, value in account.extra:
        query += f"&{quote(key)}={quote(value)}"
    link = f"otpauth://{credential.kind}/{label}?{query}"
    if len(link) > MAX_LENGTH:
        raise URIError(f"a link must have at most {MAX_LENGTH} characters")
    return link


@discreet
def split(text: str) -> tuple[str, ...]:
    """Split a text into its `otpauth://` and `otpauth-migration://` links.

    Links must be on lines of their own, or separated by white space. Empty lines are ignored.

    Args:
        text: The content of a file, or pasted text; at most 1,048,576 characters.

    Returns:
        The links in the order of the text, not yet parsed; an empty result if the text has only white space.

    Raises:
        URIError: The text is too long, or has something other than links. A line that is not a link may be
            the rest of a broken link, whose secret would then be incomplete.
        TypeError: The text is not a str.
    """
    # Programs that read only single links never need this import.
    import re

    if len(strip(text)) > MAX_TEXT:
        raise URIError(f"a text with links must have at most {MAX_TEXT} characters")
    links = []
    for number, line in enumerate(re.split(r"\r\n?|\n", text), 1):
        pieces = re.split(r"\s(?=otpauth(?:-migration)?://)", line, flags=re.IGNORECASE)
        for link in filter(None, map(strip, pieces)):
            if link[:7].lower() != "otpauth":
                raise URIError(f"line {number} must begin with otpauth://")
            links.append(link)
    return tuple(links)


@discreet
def escape(link: str) -> str:
    """Percent-encode all characters that a link cannot have (RFC 3987 section 3.1).

    Apps write characters such as "é" into links and QR codes unchanged, but readers of QR codes guess the
    character set of text that is not ASCII. Links from `build` need no escaping.

    Args:
        link: One link of any scheme. White space and invisible characters around it are dropped.

    Returns:
        The link in ASCII. A reader of links decodes it to the same text.

    Raises:
        URIError: The link has a control character or a lone surrogate.
        TypeError: The link is not a str.
    """
    link = strip(link)
    check_text("link", link)
    return _translated(link, _ESCAPES_OF_LINKS)


def _split(text: str) -> tuple[str, str, str]:
    """Split a link into kind, label and query, without decoding them."""
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if scheme.startswith("otpauth%3a"):
        raise URIError("the link is percent-encoded as a whole, and must be decoded first")
    if not separator:
        raise URIError("a link must begin with otpauth://; read a secret alone with Secret.from_base32")
    if scheme == "otpauth-migration":
        raise URIError(
            "the link must be that of one account (otpauth://), not an export (otpauth-migration://)"
        )
    if scheme != "otpauth":
        raise URIError("a link must begin with otpauth://")
    if "#" in rest:
        if "&#" in rest:
            raise URIError('"&#" begins an HTML entity, so the link was copied from HTML; it must be "&"')
        raise URIError("# must be written as %23 in a link")
    head, _, query = rest.partition("?")
    kind, _, label = head.partition("/")
    kind = kind.lower()
    if kind == "steam":
        raise URIError("the link is for Steam codes, which are not one-time passwords of RFC 6238", "type")
    if kind not in KNOWN:
        raise URIError("a link must begin with otpauth://totp/ or otpauth://hotp/", "type")
    return kind, label, query


def _names(label: str, issuer: str) -> tuple[str | None, str]:
    """Split a decoded label into issuer and name; spaces may precede the name."""
    # The issuer parameter may itself have colons. Some programs write it in another case in the label, or
    # with + for a space.
    *parts, name = label.split(":", issuer.count(":") + 1)
    before = ":".join(parts)
    if before != issuer and _folded(before) != _folded(issuer):
        prefix, colon, name = label.partition(":")
        if not colon:
            prefix, name = "", label
        issuer = issuer or prefix
    return issuer or None, name.lstrip(" ")


def _folded(issuer: str) -> str:
    return issuer.casefold().replace("+", " ")


def _secret(text: str) -> Secret:
    if not text:
        raise URIError("a link must have a secret", "secret")
    try:
        return Secret.from_base32(text)
    except SecretError as error:
        raise URIError(f"in the secret, {error}", "secret") from None


def _algorithm(text: str) -> Algorithm:
    try:
        return Algorithm(text)
    except ValueError as error:
        raise URIError(str(error), "algorithm") from None


def _number(parameter: str, text: str, low: int, high: int) -> int:
    """Read digits and nothing else; int() would also accept a sign, spaces, underscores and other scripts."""
    if text.isascii() and text.isdigit() and len(text) <= 20 and low <= int(text) <= high:
        return int(text)
    raise URIError(f"{parameter} must be a whole number from {low} to {high}", parameter)


def _visible(name: str) -> bool:
    """Return whether a name has a visible character, not only zero-width characters and the like."""
    return any(character.isprintable() and not character.isspace() for character in name)


def quote(text: str) -> str:
    """Percent-encode all characters of a text that a part of a link must not have."""
    return _translated(text, _ESCAPES)


def _translated(text: str, escapes: dict[int, str]) -> str:
    """Percent-encode the UTF-8 bytes of a text by a table."""
    return (text if text.isascii() else text.encode().decode("latin-1")).translate(escapes)
