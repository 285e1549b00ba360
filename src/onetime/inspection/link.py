"""A tolerant reader of `otpauth://` links, so that faulty parts can be diagnosed.

Unlike `provisioning.uri`, this reader refuses only exports and links without a secret.
"""

import re
from dataclasses import dataclass, field
from html import unescape

from onetime.algorithm import Algorithm
from onetime.confidential import discreet
from onetime.errors import SecretError
from onetime.hotp import LAST_MOVING_FACTOR, MAX_DIGITS, MIN_DIGITS

_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00ad\"'`<> \t\r\n\u00a0"
_LINK = re.compile(r"otpauth://([^/?]*)/?([^?]*)\?(.*)", re.IGNORECASE | re.DOTALL)
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_NUMBER = re.compile(r"[0-9]{1,20}")


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
        unread: Names of the settings in the link that could not be used.
    """

    secret: str = field(repr=False)
    kind: str
    algorithm: str | None = None
    digits: int | None = None
    period: int | None = None
    counter: int | None = None
    unread: tuple[str, ...] = ()


@discreet
def read_link(text: str) -> Link | None:
    """Read a link from pasted text.

    Args:
        text: The pasted text.

    Returns:
        The settings of the link; None if the text is not a link.

    Raises:
        SecretError: The link has no secret, or is an export of several accounts.
    """
    text = text.strip(_INVISIBLE)
    scheme = text[:20].lower()
    if scheme.startswith("otpauth-migration:"):
        raise SecretError("an export holds several accounts; give the link or the secret of one of them")
    if not scheme.startswith("otpauth://"):
        return None
    match = _LINK.match(unescape(text))
    values = _values(match[3].partition("#")[0]) if match else {}
    secret = values.get("secret", "")
    if match is None or not secret.strip():
        raise SecretError("the link must have a secret")
    kind = match[1].strip().lower()
    algorithm = _algorithm(values.get("algorithm"))
    digits = _number(values.get("digits"), MIN_DIGITS, MAX_DIGITS)
    period = _number(values.get("period"), 1, LAST_MOVING_FACTOR)
    counter = _number(values.get("counter"), 0, LAST_MOVING_FACTOR)
    used = {"algorithm": algorithm, "digits": digits, "period": period, "counter": counter}
    unread = tuple(name for name, value in used.items() if value is None and name in values)
    if kind not in ("hotp", "totp"):
        kind = "hotp" if counter is not None else "totp"
    return Link(secret, kind, algorithm, digits, period, counter, unread)


def _values(query: str) -> dict[str, str]:
    """Return the first parameter of each name in a query, by the name in lower case."""
    values: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        values.setdefault(_decoded(name).strip(_INVISIBLE).lower(), _decoded(value))
    return values


def _decoded(text: str) -> str:
    """Decode percent signs once, and read bytes that are not UTF-8 as replacement characters."""
    data = text.encode("utf-8", "surrogatepass")
    return _PERCENT.sub(lambda match: bytes((int(match[1], 16),)), data).decode("utf-8", "replace")


def _algorithm(text: str | None) -> str | None:
    try:
        return str(Algorithm(text.strip())) if text is not None else None
    except ValueError:
        return None


def _number(text: str | None, low: int, high: int) -> int | None:
    if text is None or not _NUMBER.fullmatch(text.strip()):
        return None
    number = int(text)
    return number if low <= number <= high else None
