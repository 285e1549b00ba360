"""The hash of the HMAC, by name (RFC 4226 section 5.2, RFC 6238 section 1.2)."""

import hashlib
from enum import StrEnum

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from _hashlib import HASH
    from collections.abc import Callable


class Algorithm(StrEnum):
    """A hash function for computing codes.

    `SHA1`, `SHA256` and `SHA512` are the hashes of RFC 6238 section 1.2; SHA1 is the default everywhere and
    the only hash of RFC 4226. `SHA3_256` and `SHA3_512` go beyond the RFCs: few programs support them.

    `Algorithm(text)` reads the usual spellings in any case: "SHA256", "sha-256", "HmacSHA256",
    "SHA3-256", "hmac_sha3_256".

    Attributes:
        digest_size: Length of the hash, in bytes.
        block_size: Length of the block that the hash works on, in bytes (B of RFC 2104).
        new: The constructor of the hash: `new(data)` is `hashlib.sha1(data)` and so on.

    Raises:
        ValueError: The text does not name a supported hash. MD5 is refused, because its 16 bytes are too
            short for dynamic truncation.
        TypeError: The argument is not a str.
    """

    SHA1 = "SHA1"
    SHA256 = "SHA256"
    SHA512 = "SHA512"
    SHA3_256 = "SHA3_256"
    SHA3_512 = "SHA3_512"

    digest_size: int
    block_size: int
    new: "Callable[[bytes], HASH]"

    def __init__(self, name: str) -> None:
        self.new = getattr(hashlib, name.lower())
        self.digest_size = self.new(b"").digest_size
        self.block_size = self.new(b"").block_size

    @classmethod
    def _missing_(cls, value: object) -> "Algorithm":
        if not isinstance(value, str):
            raise TypeError(f"the name of an algorithm must be a str, not {type(value).__name__}")
        name = value.upper().replace("_", "-") if value.isascii() else ""
        if name.startswith("HMAC"):
            name = name.removeprefix("HMAC").removeprefix("-")
        if name in _SPELLINGS:
            return _SPELLINGS[name]
        if name in ("MD5", "MD-5"):
            # RFC 4226 section 5.3: the four bytes at an offset of 15 need a hash of at least 19 bytes.
            raise ValueError("MD5 is refused: its 16 bytes are too short for dynamic truncation")
        raise ValueError(f"the algorithm must be one of {', '.join(cls)}")


_SPELLINGS = {
    "SHA1": Algorithm.SHA1,
    "SHA-1": Algorithm.SHA1,
    "SHA256": Algorithm.SHA256,
    "SHA-256": Algorithm.SHA256,
    "SHA512": Algorithm.SHA512,
    "SHA-512": Algorithm.SHA512,
    "SHA3-256": Algorithm.SHA3_256,
    "SHA3-512": Algorithm.SHA3_512,
}
