"""The shared secret K (RFC 4226 section 5.1)."""

import hmac
import os

from onetime import encoding
from onetime.algorithm import Algorithm
from onetime.confidential import Confidential, discreet
from onetime.errors import SecretError

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

MIN_SIZE = 16
"""Minimum length of a generated or derived secret, in bytes: RFC 4226 section 4, R6 (128 bits)."""

SHA256_BLOCK = 64
"""Length of the block that SHA-256 works on, in bytes."""

MAX_DERIVED_SIZE = 255 * 32
"""Maximum length of a derived secret, in bytes: RFC 5869 section 2.3."""


class Secret(Confidential):
    """The secret that both sides share: K of RFC 4226.

    `repr`, `str` and `format` show only the number of its bytes. Only the methods that begin with `to_`
    return the secret itself. Two secrets are compared in constant time; a secret cannot be hashed,
    pickled or changed. `len(secret)` is its length in bytes.

    Args:
        key: The secret, at least one byte. Secrets of old enrollments may be shorter than the 16 bytes that
            RFC 4226 section 4 (R6) requires; `generate` and `derive` make no such secrets.

    Raises:
        TypeError: The key is not bytes.
        SecretError: The key is empty.
    """

    __slots__ = ("_key",)
    _key: bytes

    @discreet
    def __init__(self, key: bytes) -> None:
        if not isinstance(key, bytes):
            raise TypeError("the key must be bytes; for text, use from_base32 and the like")
        if not key:
            raise SecretError("the secret must not be empty")
        object.__setattr__(self, "_key", key)

    @classmethod
    def generate(cls, size: int | None = None, *, algorithm: Algorithm | str = Algorithm.SHA1) -> "Self":
        """Generate a secret from the operating system's random numbers (RFC 4226 section 7.5).

        Args:
            size: Length in bytes, at least 16; None for the length of the hash's output, as RFC 6238
                section 5.1 recommends.
            algorithm: The hash that sets the default length.

        Raises:
            ValueError: The size is under 16 bytes (RFC 4226 section 4, R6), or the algorithm is unknown.
            TypeError: The size is not an int, or the algorithm is neither an Algorithm nor a str.
        """
        return cls(os.urandom(_strong_size(size, algorithm)))

    @classmethod
    @discreet
    def derive(
        cls,
        master: "Secret",
        info: bytes | str,
        *,
        size: int | None = None,
        algorithm: Algorithm | str = Algorithm.SHA1,
    ) -> "Self":
        """Compute a secret from a master key and a name (RFC 4226 section 7.5), with HKDF-SHA256.

        A server that derives its secrets stores one key in a vault and no secrets in a table. The same
        master key, name and size always give the same secret. An attacker who has the master key has all
        secrets, so keep this key in a tamper-resistant device or a vault.

        Args:
            master: The master key, at least 16 bytes.
            info: The name of the secret, for example the user's immutable id and the number of the
                enrollment. Text is encoded as UTF-8 (RFC 5869 section 3.2). Different names give
                independent secrets. With the same name, a shorter secret is the beginning of a longer one.
            size: Length in bytes, 16 to 8160; None for the length of the hash's output.
            algorithm: The hash that sets the default length, as in `generate`.

        Raises:
            ValueError: The name is empty or has a lone surrogate, the master key or the size is under
                16 bytes, the size is over 8160 bytes, or the algorithm is unknown.
            TypeError: The master key is not a Secret, the name is neither bytes nor str, the size is not an
                int, or the algorithm is neither an Algorithm nor a str.
        """
        if not isinstance(master, Secret):
            raise TypeError("the master key must be a Secret")
        if not isinstance(info, bytes | str):
            raise TypeError("info must be bytes or a str")
        if len(master) < MIN_SIZE:
            raise ValueError(f"the master key must have at least {MIN_SIZE} bytes")
        if not info:
            raise ValueError("info must not be empty")
        size = _strong_size(size, algorithm)
        if size > MAX_DERIVED_SIZE:
            raise ValueError(f"a derived secret must have at most {MAX_DERIVED_SIZE} bytes")
        return cls(
            _hkdf_sha256(master.to_bytes(), b"", info.encode() if isinstance(info, str) else info, size)
        )

    @classmethod
    @discreet
    def from_base32(cls, text: str) -> "Self":
        """Parse base32 (RFC 4648 section 6), the form that sites and apps show.

        Case, padding, spaces and hyphens make no difference. Spare bits after the last byte are dropped, as
        in authenticator apps.

        Raises:
            SecretError: The text is empty or not base32; `position` says where.
            TypeError: The text is not a str.
        """
        return cls(encoding.read_base32(text))

    @classmethod
    @discreet
    def from_hex(cls, text: str) -> "Self":
        """Parse hexadecimal digits. Case, spaces and hyphens make no difference.

        Raises:
            SecretError: The text is empty, not hexadecimal, or a digit is missing; `position` says where.
            TypeError: The text is not a str.
        """
        return cls(encoding.read_hex(text))

    @classmethod
    @discreet
    def from_base64(cls, text: str) -> "Self":
        """Parse base64 (RFC 4648 section 4) or base64url (section 5), with or without padding.

        Spaces are ignored; a hyphen is a character of base64url.

        Raises:
            SecretError: The text is empty, not base64, or mixes the two alphabets; `position` says where.
            TypeError: The text is not a str.
        """
        return cls(encoding.read_base64(text))

    @classmethod
    @discreet
    def from_text(cls, text: str) -> "Self":
        """Return the secret whose bytes are the UTF-8 encoding of plain text.

        Raises:
            SecretError: The text is empty or has a lone surrogate.
            TypeError: The text is not a str.
        """
        return cls(encoding.read_text(text))

    def to_bytes(self) -> bytes:
        """Return the secret as bytes."""
        return self._key

    @discreet
    def to_base32(self, group: int = 0) -> str:
        """Return the secret as base32 in capitals, without padding (RFC 4648 section 6).

        Args:
            group: Number of characters between two spaces, for users who type the secret; 0 for no spaces.

        Raises:
            ValueError: The group is negative.
            TypeError: The group is not an int.
        """
        if group < 0:
            raise ValueError("group must be 0 or more")
        text = encoding.write_base32(self._key)
        return " ".join(text[i : i + group] for i in range(0, len(text), group)) if group else text

    def to_hex(self) -> str:
        """Return the secret as hexadecimal digits in lower case."""
        return self._key.hex()

    def to_base64(self) -> str:
        """Return the secret as base64 with padding (RFC 4648 section 4)."""
        return encoding.write_base64(self._key)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._key, other._key)

    def __len__(self) -> int:
        return len(self._key)

    def __repr__(self) -> str:
        return f"Secret(<{len(self._key)} bytes>)"


def _strong_size(size: int | None, algorithm: Algorithm | str) -> int:
    size = Algorithm(algorithm).digest_size if size is None else size
    if size < MIN_SIZE:
        raise ValueError(f"the secret must have at least {MIN_SIZE} bytes (RFC 4226, R6)")
    return size


READERS: "dict[str, Callable[[str], Secret]]" = {
    "base32": Secret.from_base32,
    "hex": Secret.from_hex,
    "base64": Secret.from_base64,
    "text": Secret.from_text,
}
"""The parser of each written form."""

WRITERS: "dict[str, Callable[[Secret], str]]" = {
    "base32": Secret.to_base32,
    "hex": Secret.to_hex,
    "base64": Secret.to_base64,
}
"""The writer of each written form. Text has none, because random bytes are rarely UTF-8."""


def _hkdf_sha256(key: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    # RFC 5869 section 2.2: extract. The padding does not change the HMAC (RFC 2104 section 2), but without
    # it FIPS providers refuse the empty salt, because the key is too short.
    prk = hmac.digest(salt.ljust(SHA256_BLOCK, b"\0"), key, "sha256")
    # RFC 5869 section 2.3: expand.
    okm = block = b""
    for number in range(1, -(-size // 32) + 1):
        block = hmac.digest(prk, block + info + bytes([number]), "sha256")
        okm += block
    return okm[:size]
