"""Known implementation mistakes that change the bytes of a secret before the HMAC."""

import base64
import binascii
from collections.abc import Callable, Iterator

from onetime.encoding import read_base32, write_base32, write_base64

CUTS = (10, 16, 20, 32)
"""Lengths in bytes to which programs and tokens cut a longer secret."""

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
"""The alphabet of base32 (RFC 4648 section 6)."""

_ALPHABETS = (
    ("base32hex", "0123456789ABCDEFGHIJKLMNOPQRSTUV"),
    ("Crockford's base32", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"),
    ("z-base-32", "YBNDRFG8EJKMCPQXOT1UWISZA345H769"),
)
_BYTES = "Pass the secret to the HMAC as bytes, not as text."
_NUMBER = "Keep the secret as bytes, not as a number: zeros in front of a number have no meaning."

_CHANGES: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = (
    ("its bytes reversed", "Keep the bytes of the secret in their order.", lambda key: key[::-1]),
    ("its bytes as Latin-1 text, written again as UTF-8", _BYTES, lambda key: key.decode("latin-1").encode()),
    (
        "its bytes as UTF-8 text, with replacements for bytes that are not UTF-8",
        _BYTES,
        lambda key: key.decode("utf-8", "replace").encode(),
    ),
    ("its bytes without their highest bits", _BYTES, lambda key: bytes(byte & 0x7F for byte in key)),
    (
        "its bytes as ASCII text, with question marks for bytes that are not ASCII",
        _BYTES,
        lambda key: bytes(byte if byte < 0x80 else 0x3F for byte in key),
    ),
    (
        "cut at its first zero byte",
        "Pass the length of the secret along: a zero byte does not end it.",
        lambda key: key.partition(b"\0")[0],
    ),
    ("without the zero bytes in front", _NUMBER, lambda key: key.lstrip(b"\0")),
    ("with a zero byte in front", _NUMBER, lambda key: b"\0" + key),
    (
        "its bytes written as hexadecimal text",
        "Use the bytes of the secret, not their hexadecimal digits.",
        binascii.b2a_hex,
    ),
    (
        "its bytes written as hexadecimal text in capitals",
        "Use the bytes of the secret, not their hexadecimal digits.",
        lambda key: key.hex().upper().encode(),
    ),
    (
        "its bytes written as base32 text",
        "Use the bytes of the secret, not their base32 letters.",
        lambda key: write_base32(key).encode(),
    ),
    (
        "its bytes written as base64 text",
        "Use the bytes of the secret, not their base64 letters.",
        lambda key: write_base64(key).encode(),
    ),
    (
        "its bytes written as base64 text without padding",
        "Use the bytes of the secret, not their base64 letters.",
        lambda key: write_base64(key).rstrip("=").encode(),
    ),
    (
        "its bytes written as base64url text",
        "Use the bytes of the secret, not their base64url letters.",
        base64.urlsafe_b64encode,
    ),
    (
        "its bytes written as base64url text without padding",
        "Use the bytes of the secret, not their base64url letters.",
        lambda key: base64.urlsafe_b64encode(key).rstrip(b"="),
    ),
)


def changed(key: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Yield the changed bytes of a secret for each mistake: words, advice, and the bytes."""
    for words, advice, change in _CHANGES:
        yield words, advice, change(key)
    for size in CUTS:
        if size < len(key):
            yield f"only its first {size} bytes", "Use the whole secret, whatever its length.", key[:size]


def misread(text: str) -> Iterator[tuple[str, str, bytes]]:
    """Yield the results of faulty base32 decoders: words, advice, and the bytes.

    Args:
        text: The secret, without white space and other copied text.
    """
    advice = "Decode base32 as RFC 4648 section 6 says: bits after the last whole byte are dropped."
    letters = text.upper().rstrip("=").replace("-", "")
    if letters and set(letters) <= set(BASE32):
        size, spare = divmod(len(letters) * 5, 8)
        number = int.from_bytes(read_base32(letters + "A" * (-len(letters) % 8)))
        total = -(-len(letters) // 8) * 40
        if spare:
            yield (
                "its spare bits as one more byte",
                advice,
                (number >> total - 8 * (size + 1)).to_bytes(size + 1),
            )
        if spare >= 4:
            words = "its spare bits kept, and a hexadecimal zero put in front"
            yield words, advice, (number >> total - 8 * size - 4).to_bytes(size + 1)
        whole = len(letters) // 8 * 8
        if 0 < whole < len(letters):
            yield "its last, incomplete group of 8 letters dropped", advice, _base32(letters[:whole])


def filtered(text: str) -> bytes:
    """Return the result of base32 decoders that skip unknown characters.

    Args:
        text: The secret, without white space and other copied text.

    Returns:
        The bytes; empty if all characters of the text are base32, or none are.
    """
    letters = "".join(letter for letter in text.upper() if letter in BASE32)
    return _base32(letters) if letters != text.upper().rstrip("=").replace("-", "") else b""


def other_alphabets(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield the readings of a text in alphabets similar to base32: the alphabet's name and the bytes."""
    dense = text.upper().rstrip("=").replace("-", "")
    for name, alphabet in _ALPHABETS:
        known = dense.translate(str.maketrans("OIL", "011")) if name.startswith("Crockford") else dense
        if known and set(known) <= set(alphabet):
            yield name, _base32(known.translate(str.maketrans(alphabet, BASE32)))


def _base32(letters: str) -> bytes:
    """Read base32 of any length, even empty; bits after the last whole byte are dropped."""
    filled = letters + "A" * (-len(letters) % 8)
    return read_base32(filled)[: len(letters) * 5 // 8] if letters else b""
