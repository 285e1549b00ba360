"""The parameters of a link: decoded, checked, and refused if a reader would have to guess."""

import binascii

from onetime.errors import URIError

KNOWN: dict[str, frozenset[str]] = {
    "hotp": frozenset(("secret", "issuer", "algorithm", "digits", "counter")),
    "totp": frozenset(("secret", "issuer", "algorithm", "digits", "period")),
}
"""The parameters that have a meaning, by the kind of the credential."""

_OTHER_CODES = {
    "encoder": "a link with the parameter encoder is for Steam codes, which are not one-time passwords "
    "of RFC 6238",
    "2step": "a link with a parameter 2step_... begins an enrollment in two steps, and does not have the "
    "whole secret",
}
"""Parameters that other programs use for other kinds of codes, and the errors about them."""

_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)))
_SEPARATORS = bytes(byte for byte in range(128) if chr(byte) != ";" and not chr(byte).isalnum())


def read_parameters(query: str, known: frozenset[str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Split a query into its parameters, and decode them.

    Args:
        query: The part of a link after the question mark.
        known: The names of known parameters, in lower case; they are matched in any case.

    Returns:
        The known parameters by name, and the other parameters in their order.

    Raises:
        URIError: A known parameter occurs twice, `check_extra_name` refuses a name, or a part cannot
            be decoded.
    """
    values: dict[str, str] = {}
    extra: list[tuple[str, str]] = []
    checked: set[str] = set()
    for part in filter(None, query.split("&")):
        # Programs that encode a link as an HTML form write a space as +; a plus sign is %2B.
        key, _, value = part.replace("+", " ").partition("=")
        key = decoded(key, None)
        name = key.lower()
        if name not in known:
            if key not in checked:
                check_extra_name(key, known)
                checked.add(key)
            extra.append((key, decoded(value, None)))
        elif name in values:
            raise URIError(f"{name} must not be in the link twice", name)
        else:
            values[name] = decoded(value, name)
    return values, extra


def check_extra_name(name: str, known: frozenset[str]) -> None:
    """Raise an error if an unknown parameter could be a miswritten known one, or would change the codes.

    For example, "&amp;digits" in a link that was copied from HTML leaves the name "amp;digits". Readers
    that ignore this name show codes of 6 digits. White space, invisible characters and full-width letters
    have the same effect.

    Raises:
        URIError: The name is empty; or it becomes a known name once an HTML entity and everything but
            ASCII letters and digits is removed; or the link is not for codes of RFC 4226 or RFC 6238.
    """
    if not name:
        raise URIError("a parameter must have a name", "extra")
    if not name.isascii():
        # Programs that read only plain links never need this import.
        from unicodedata import normalize

        name = normalize("NFKC", name)
    plain = name.lower().encode("ascii", "ignore").translate(None, _SEPARATORS).decode()
    for piece in plain.split(";"):
        bare = piece.removeprefix("amp")  # browsers also accept this entity without its semicolon
        for each, message in _OTHER_CODES.items():
            if bare.startswith(each):
                raise URIError(message, each)
        if bare not in known:
            continue
        if plain == name.lower() == bare:
            raise URIError("a parameter in extra must not have the name of a known parameter", "extra")
        if plain.startswith("amp"):
            raise URIError(
                f'"&amp;" stands before {bare}, so the link was copied from HTML; it must be "&"', bare
            )
        raise URIError(
            f"the name {bare} must not be mixed with white space, HTML entities or invisible characters",
            bare,
        )


def decoded(part: str, parameter: str | None) -> str:
    """Decode the percent signs of one part, once (RFC 3986 section 2.1).

    Args:
        part: The part as it stands in the link.
        parameter: Name of the part, for the error; None for an unknown parameter.

    Raises:
        URIError: Two hexadecimal digits do not follow a percent sign, or the bytes are not UTF-8.
    """
    if "%" not in part:
        return part
    try:
        first, *pieces = part.encode().split(b"%")
        # A piece that is too short is filled with spaces, which are not digits.
        bytes_ = [binascii.a2b_hex(piece[:2].ljust(2)) + piece[2:] for piece in pieces]
        return b"".join([first, *bytes_]).decode()
    except ValueError:
        where = parameter or "a parameter"
        raise URIError(
            f"in {where}, two hexadecimal digits of UTF-8 must follow each percent sign", parameter
        ) from None


def check_text(parameter: str, text: object) -> None:
    """Raise an error if a value is not text that a link can carry and a terminal can show.

    Raises:
        TypeError: The value is not a str.
        URIError: The text has a control character or a lone surrogate. The error has `parameter`.
    """
    if not isinstance(text, str):
        raise TypeError(f"{parameter} must be a str, not {type(text).__name__}")
    if not _CONTROLS.isdisjoint(text):
        raise URIError(
            f"{parameter} must not have a tab, a line break or another control character", parameter
        )
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise URIError(f"{parameter} must not have a lone surrogate", parameter) from None
