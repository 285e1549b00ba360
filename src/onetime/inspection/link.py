"""A tolerant reader of `otpauth://` links, so that faulty parts can be diagnosed.

Unlike `provisioning.uri`, this reader refuses only exports, several links, and links without a secret.
"""

import re
from dataclasses import dataclass, field
from html import unescape

from onetime.algorithm import Algorithm
from onetime.confidential import discreet
from onetime.errors import SecretError
from onetime.hotp import LAST_MOVING_FACTOR, MAX_DIGITS, MIN_DIGITS

_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00ad\"'`<> \t\r\n\u00a0"
_BEHIND = f"{_INVISIBLE}.,;)]}}\\\u2019\u201d\u00bb"
_START = re.compile(r"otpauth(?:(-migration)(?::|%3a)|(?::|(%3a))(?:/|%2f){2})", re.IGNORECASE)
_LINK = re.compile(r"otpauth://([^/?]*)(?:/[^?]*)?\?(.*)", re.IGNORECASE | re.DOTALL)
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_NUMBER = re.compile(r"[0-9]{1,20}")
_KNOWN = ("secret", "issuer", "algorithm", "digits", "period", "counter")
_PARAMETER = re.compile(
    rf"(?:^|&)[^\w&=]{{0,8}}({'|'.join(_KNOWN)})[^\w&=]{{0,8}}=\s*(?:[\"'](?=\w))?", re.IGNORECASE
)
_AFTER = re.compile(r"""[\s"'<>`].*""", re.DOTALL)
_GROUPS = re.compile(r"(?:[A-Za-z2-7]{2,8}[ \u00a0]+)+")
_AMPERSAND = re.compile(
    rf"&(?:(?:amp|#0{{0,8}}38|#x0{{0,8}}26);)+|&amp(?=(?:{'|'.join(_KNOWN)})=)", re.IGNORECASE
)
_ENTITY = re.compile(r"&#?\w{1,31};")
_JSON = re.compile(r"\\u00([2-7][0-9a-f])", re.IGNORECASE)
_SOFT_BREAK = re.compile(r"(?<!=)=\r?\n")
_OTHER_CODES = ("encoder", "2step")
"""Beginnings of parameters of links for other kinds of codes."""


@dataclass(frozen=True, slots=True)
class Link:
    """The usable settings of a link.

    Attributes:
        secret: The secret in its written form, with percent signs decoded.
        kind: "hotp" or "totp".
        algorithm: Name of the hash; None if it is missing or unknown.
        digits: Length of a code, 6 to 10; None if it is missing or invalid.
        period: Length of a step in seconds, 1 or more; None if it is missing or invalid.
        counter: The counter, from 0 to 2^64-1; None if it is missing or invalid.
        unread: Names of the parts of the link that could not be used.
        escaped: Whether the link has "&amp;" in place of "&", as in HTML.
    """

    secret: str = field(repr=False)
    kind: str
    algorithm: str | None = None
    digits: int | None = None
    period: int | None = None
    counter: int | None = None
    unread: tuple[str, ...] = ()
    escaped: bool = False


@discreet
def read_link(text: str) -> Link | None:
    """Read a link from pasted text, which may have other text before and after the link.

    Args:
        text: The pasted text.

    Returns:
        The settings of the link; None if the text has no link.

    Raises:
        SecretError: The link has no secret, or is an export of several accounts; or the text has several
            links.
    """
    plain, ampersands = _AMPERSAND.subn("&", text)
    plain = _ENTITY.sub(lambda match: unescape(match[0]), plain).replace("\\/", "/")
    plain = _JSON.sub(lambda match: chr(int(match[1], 16)), plain)
    starts = list(_START.finditer(plain))
    if not starts:
        return None
    if any(start[1] for start in starts):
        raise SecretError("an export holds several accounts; give the link or the secret of one of them")
    if len(starts) > 1:
        raise SecretError("give only one link: the text must not have several")
    link = plain[starts[0].start() :]
    if starts[0][2]:
        link = _decoded(_AFTER.sub("", link))
    if "=3D" in link:
        link = _SOFT_BREAK.sub("", link)  # of quoted-printable text (RFC 2045 section 6.7)
    match = _LINK.match(link)
    values, repeated = _values(_query(match[2])) if match else ({}, [])
    secret = values.get("secret", "")
    if match is None or not secret.strip():
        raise SecretError("the link must have a secret")
    kind = match[1].strip().lower()
    algorithm = _algorithm(values.get("algorithm"))
    digits = _number(values.get("digits"), MIN_DIGITS, MAX_DIGITS)
    period = _number(values.get("period"), 1, LAST_MOVING_FACTOR)
    counter = _number(values.get("counter"), 0, LAST_MOVING_FACTOR)
    used = {"algorithm": algorithm, "digits": digits, "period": period, "counter": counter}
    used.pop({"totp": "counter", "hotp": "period"}.get(kind, ""), None)
    unread = [name for name, value in used.items() if value is None and name in values]
    unread += [f"second {name}" for name in repeated]
    unread += [name for name in _OTHER_CODES if any(each.startswith(name) for each in values)]
    if kind not in ("hotp", "totp"):
        kind = "hotp" if counter is not None else "totp"
        unread.insert(0, "type")
    return Link(secret, kind, algorithm, digits, period, counter, tuple(unread), bool(ampersands))


def _query(text: str) -> str:
    """Return a query without the text after it, which begins at white space or a quote.

    The last known parameter ends there. A secret may be in groups of letters, with white space between them.
    """
    names = ((match.end(), match[1].lower()) for match in _PARAMETER.finditer(text))
    start, name = max(names, default=(0, ""))
    groups = _GROUPS.match(text, start) if name == "secret" else None
    end = _AFTER.search(text, groups.end() if groups else start)
    return text[: end and end.start()].rstrip(_BEHIND).partition("#")[0]


def _values(query: str) -> tuple[dict[str, str], list[str]]:
    """Return the first parameter of each name in lower case, and the known names that occur again."""
    values: dict[str, str] = {}
    repeated: list[str] = []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        name = _decoded(name).strip(_INVISIBLE).lower()
        if name in values and name in _KNOWN and name not in repeated:
            repeated.append(name)
        values.setdefault(name, _decoded(value))
    return values, repeated


def _decoded(text: str) -> str:
    """Decode percent signs once, and read bytes that are not UTF-8 as replacement characters."""
    data = text.encode("utf-8", "surrogatepass")
    return _PERCENT.sub(lambda match: bytes((int(match[1], 16),)), data).decode("utf-8", "replace")


def _algorithm(text: str | None) -> str | None:
    try:
        return str(Algorithm(_bare(text))) if text is not None else None
    except ValueError:
        return None


def _number(text: str | None, low: int, high: int) -> int | None:
    if text is None or not _NUMBER.fullmatch(_bare(text)):
        return None
    number = int(_bare(text))
    return number if low <= number <= high else None


def _bare(text: str) -> str:
    """Return a setting without white space and without the rest of a quoted-printable equals sign."""
    return text.strip().removeprefix("3D")
