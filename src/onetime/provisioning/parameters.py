"""The parameters of a link, and the texts in its parts: decoded and checked."""

import binascii

from onetime.errors import URIError
from onetime.provisioning.names import ALL, AROUND, INVISIBLE, JOINERS, check_extra_names, check_value

_JSON = ("\\u0026", "\\u003d", "\\x26", "\\x3d")
"""The notations of "&" and "=" in JSON and in programs."""

_INVISIBLE = frozenset(INVISIBLE)

_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)))


def strip(text: str) -> str:
    """Return a text without the white space and the invisible characters around it.

    Raises:
        TypeError: The text is not a str.
    """
    if not isinstance(text, str):
        raise TypeError(f"a link must be a str, not {type(text).__name__}")
    text = text.strip()
    if text.isascii():
        return text
    text = text.lstrip(AROUND)
    bare = text.rstrip(AROUND)
    # A joiner belongs to the letter of another script before it.
    joiner = text[len(bare) : len(bare) + 1]
    return bare + joiner if joiner in JOINERS and bare[-1:] > "\x7f" else bare


def read_parameters(
    query: str, known: frozenset[str], label: str = ""
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Split a query into its parameters, and decode them.

    Args:
        query: The part of a link after the question mark.
        known: The names of known parameters, in lower case; they are matched in any case.
        label: The label of the link.

    Returns:
        The known parameters by name, and the other parameters in the order of the query.

    Raises:
        URIError: A known parameter occurs twice, `check_extra_names` refuses a name, `check_value` refuses a
            value, a part cannot be decoded, or the link is quoted-printable (RFC 2045 section 6.7).
    """
    values: dict[str, str] = {}
    extra: list[tuple[str, str]] = []
    # Programs that encode a link as an HTML form write a space as +; a plus sign is %2B.
    for part in filter(None, query.replace("+", " ").split("&")):
        key, _, value = part.partition("=")
        if "%" in key:
            key = decoded(key, None)
        name = key.lower()
        if "=" in value:
            check_value(value, known)
        if name not in known:
            extra.append((key, decoded(value, None) if "%" in value else value))
        elif name in values:
            raise URIError(f"{name} must not be in the link twice", name)
        else:
            values[name] = decoded(value, name) if "%" in value else value
    if extra:
        check_extra_names([pair[0] for pair in extra], known)
    if values.get("secret", "")[:2] in ("3D", "3d"):
        # An issuer may begin with "3D". `build` writes it into the label, too, unless it has a colon.
        meant = label[:2] in ("3D", "3d") or ":" in values.get("issuer", "")
        texts = list(filter(None, values.values()))
        more = filter(None, (pair[1] for pair in extra))
        if len(texts) > 1 and not meant and all(text[:2] in ("3D", "3d") for text in (*texts, *more)):
            raise URIError(
                'every value begins with "3D", so the link was copied from the source of an e-mail, where '
                '"=3D" stands for "="'
            )
    return values, extra


def check_spelling(query: str) -> None:
    """Raise an error if a query has characters that belong to other text, or come from another notation.

    An issuer may have spaces inside, which some programs do not encode.

    Raises:
        URIError: The query has other white space or a control character that is not percent-encoded, or "&"
            or "=" in the notation of JSON; or as `check_visible` does.
    """
    if query.isascii() and query.isprintable() and " " not in query and "\\" not in query:
        return
    for part in query.split("&"):
        name = part.partition("=")[0].lower()
        parameter, where = (name, name) if name in ALL else ("extra", "a parameter")
        check_visible(part, parameter)
        inside = name == "issuer" and part[-1] != " " and "= " not in part
        if not _CONTROLS.isdisjoint(part) or any(map(str.isspace, part.replace(" ", "") if inside else part)):
            raise URIError(
                f"{where} must not have white space or a control character; a space must be written as %20, "
                "and other text must not stand beside the link",
                parameter,
            )
        if any(escape in part.lower() for escape in _JSON):
            raise URIError(
                f'in {where}, "&" or "=" is written with a backslash, so the link was copied from JSON',
                parameter,
            )


def check_visible(text: str, parameter: str) -> None:
    """Raise an error if a text has an invisible character, other than a joiner after a non-ASCII one."""
    if text.isascii() or _INVISIBLE.isdisjoint(text):
        return
    for place, character in enumerate(text):
        joins = character in JOINERS and text[place - 1 : place] > "\x7f"
        if character in INVISIBLE and not joins:
            where = {"extra": "a parameter", "label": "the link"}.get(parameter, parameter)
            raise URIError(
                f"{where} has an invisible character, U+{ord(character):04X}, that must be deleted", parameter
            )


def decoded(part: str, parameter: str | None) -> str:
    """Decode the percent signs of one part, once (RFC 3986 section 2.1).

    Args:
        part: The part as it stands in the link.
        parameter: Name of the part, for the error; None for an unknown parameter.

    Raises:
        URIError: A percent sign is not followed by two hexadecimal digits, or the bytes are not UTF-8.
    """
    if "%" not in part:
        return part
    try:
        first, *pieces = part.encode().split(b"%")
        # Two digits must follow a percent sign, but `a2b_hex` accepts an empty text.
        bytes_ = [binascii.a2b_hex(piece[:2] or b"?") + piece[2:] for piece in pieces]
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
    if text.isascii() and text.isprintable():
        return
    if not _CONTROLS.isdisjoint(text):
        raise URIError(
            f"{parameter} must not have a tab, a line break or another control character", parameter
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise URIError(f"{parameter} must not have a lone surrogate", parameter) from None
