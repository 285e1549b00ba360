"""The shared secret K (RFC 4226 section 5.1)."""

import hmac
import os

from onetime import encoding
from onetime.algorithm import Algorithm
from onetime.confidential import Confidential, discreet
from onetime.errors import SecretError

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

MIN_SIZE = 16
"""Minimum length of a generated secret, in bytes: RFC 4226 section 4, R6 (128 bits)."""

SHA256_BLOCK = 64
"""Length of the block that SHA-256 works on, in bytes."""

MAX_DERIVED_SIZE = 255 * 32
"""Maximum length of a derived secret, in bytes: RFC 5869 section 2.3."""


class Secret(Confidential):
    """The secret that both sides share: K of RFC 4226.

    It never shows its bytes by itself: `repr`, `str` and `format` say only how many there are. The
    methods that begin with `to_` give them out. Two secrets are compared in constant time; a secret
    has no hash and cannot be pickled or changed. `len(secret)` is its length in bytes.

    Args:
        key: The secret as bytes, at least one. Old enrollments with less than the 16 bytes that
            RFC 4226 section 4 (R6) asks for can be read; only longer ones are made.

    Raises:
        TypeError: The key is not bytes.
        ValueError: The key is empty.
    """

    __slots__ = ("_key",)
    _key: bytes

    @discreet
    def __init__(self, key: bytes) -> None:
        if not isinstance(key, bytes):
            raise TypeError("a secret is made from bytes; for text there are from_base32 and its like")
        if not key:
            raise SecretError("the secret is empty")
        object.__setattr__(self, "_key", key)

    @classmethod
    def generate(cls, size: int | None = None, *, algorithm: Algorithm | str = Algorithm.SHA1) -> "Self":
        """Generate a secret from the operating system's random numbers (RFC 4226 section 7.5).

        Args:
            size: Length in bytes, at least 16; without it as long as the hash, as RFC 6238
                section 5.1 recommends.
            algorithm: The hash whose length counts.

        Raises:
            ValueError: The size is under 16 bytes (RFC 4226 section 4, R6), or the algorithm unknown.
            TypeError: The size is not an int.
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
        """Compute a secret from a master key and a name (RFC 4226 section 7.5), by HKDF-SHA256.

        A server that does so keeps one key in its vault and no secrets in its table. The same master
        key, name and size always give the same secret. An attacker who has the master key
        has all secrets, so it belongs in a tamper-resistant device or a vault.

        Args:
            master: The master key, at least 16 bytes.
            info: What the secret is for, for example the user's immutable id and the number of the
                enrollment; text is taken as UTF-8 (RFC 5869 section 3.2). Different names give
                secrets that are independent; the shorter of two sizes is the beginning of the longer.
            size: Length in bytes, from 16 to 8160; without it as long as the hash.
            algorithm: The hash whose length counts, as in `generate`.

        Raises:
            ValueError: The name is empty or not Unicode, the master key or the size is under
                16 bytes, the size is over 8160 bytes, or the algorithm unknown.
            TypeError: The master key is no Secret, or the name neither bytes nor str.
        """
        if not isinstance(master, Secret):
            raise TypeError("the master key is a Secret")
        if not isinstance(info, bytes | str):
            raise TypeError("the name that a secret is derived from is bytes or str")
        if len(master) < MIN_SIZE:
            raise ValueError(f"a master key has at least {MIN_SIZE} bytes")
        if not info:
            raise ValueError("the name that a secret is derived from is empty")
        size = _strong_size(size, algorithm)
        if size > MAX_DERIVED_SIZE:
            raise ValueError(f"a derived secret has at most {MAX_DERIVED_SIZE} bytes")
        return cls(
            _hkdf_sha256(master.to_bytes(), b"", info.encode() if isinstance(info, str) else info, size)
        )

    @classmethod
    @discreet
    def from_base32(cls, text: str) -> "Self":
        """Read base32 (RFC 4648 section 6), the form that sites and apps show.

        Either case, with or without padding; spaces and hyphens are left out. Bits that are left over
        after the last byte are dropped, as apps do.

        Raises:
            SecretError: The text is empty or not base32; `position` says where.
            TypeError: It is not a str.
        """
        return cls(encoding.read_base32(text))

    @classmethod
    @discreet
    def from_hex(cls, text: str) -> "Self":
        """Read hexadecimal digits in either case; spaces and hyphens are left out.

        Raises:
            SecretError: The text is empty, not hexadecimal, or a digit is missing; `position` says where.
            TypeError: It is not a str.
        """
        return cls(encoding.read_hex(text))

    @classmethod
    @discreet
    def from_base64(cls, text: str) -> "Self":
        """Read base64 (RFC 4648 section 4) or base64url (section 5), with or without padding.

        Spaces are left out; a hyphen is a letter of base64url.

        Raises:
            SecretError: The text is empty, not base64, or mixes the two alphabets; `position` says where.
            TypeError: It is not a str.
        """
        return cls(encoding.read_base64(text))

    @classmethod
    @discreet
    def from_text(cls, text: str) -> "Self":
        """Read plain text: the secret is its UTF-8 bytes, without any change.

        Raises:
            SecretError: The text is empty, or not Unicode (half of a surrogate pair).
            TypeError: It is not a str.
        """
        return cls(encoding.read_text(text))

    def to_bytes(self) -> bytes:
        """Return the secret as bytes."""
        return self._key

    @discreet
    def to_base32(self, group: int = 0) -> str:
        """Return the secret as base32 in capitals, without padding (RFC 4648 section 6).

        Args:
            group: Characters between two spaces, for people who type it; 0 for no spaces.

        Raises:
            ValueError: The group is below 0.
            TypeError: The group is not an int.
        """
        if group < 0:
            raise ValueError("the length of a group is 0 or more")
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
        raise ValueError(f"a secret that is made here has at least {MIN_SIZE} bytes (RFC 4226, R6)")
    return size


READERS: "dict[str, Callable[[str], Secret]]" = {
    "base32": Secret.from_base32,
    "hex": Secret.from_hex,
    "base64": Secret.from_base64,
    "text": Secret.from_text,
}
"""How a secret is read from each written form."""

WRITERS: "dict[str, Callable[[Secret], str]]" = {
    "base32": Secret.to_base32,
    "hex": Secret.to_hex,
    "base64": Secret.to_base64,
}
"""How a secret is written in each form; random bytes cannot be written as text."""


def _hkdf_sha256(key: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    # RFC 5869 section 2.2: extract. The padding changes nothing (RFC 2104 section 2), but without it FIPS
    # providers refuse the empty salt as too short a key.
    prk = hmac.digest(salt.ljust(SHA256_BLOCK, b"\0"), key, "sha256")
    # RFC 5869 section 2.3: expand.
    okm = block = b""
    for number in range(1, -(-size // 32) + 1):
        block = hmac.digest(prk, block + info + bytes([number]), "sha256")
        okm += block
    return okm[:size]
