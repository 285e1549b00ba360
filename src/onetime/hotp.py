"""Codes from a counter (RFC 4226 section 5)."""

import struct

from onetime.algorithm import Algorithm
from onetime.confidential import Confidential, discreet
from onetime.secret import Secret

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from _hashlib import HASH

LAST_FACTOR = 2**64 - 1
"""The last counter, or step: RFC 4226 section 5.1 has eight bytes for it."""

MIN_DIGITS, MAX_DIGITS = 6, 10
"""RFC 4226 section 5.3 asks for 6 digits at least; the 31 bits of a code fill 10 at most."""

IPAD = bytes(byte ^ 0x36 for byte in range(256))
OPAD = bytes(byte ^ 0x5C for byte in range(256))
"""The pads of RFC 2104 section 2, as tables that translate a padded key."""

_message = struct.Struct(">Q").pack
_four_bytes = struct.Struct(">I").unpack_from


def check_integer(name: str, value: object, low: int, high: int) -> None:
    """Refuse what is not an integer within bounds.

    Raises:
        TypeError: The value is not an int, or is a bool.
        ValueError: The value is out of bounds.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is an int, not {type(value).__name__}")
    if not low <= value <= high:
        raise ValueError(f"{name} is from {low} to {high}")


class HOTP(Confidential):
    """A credential that makes its codes from a counter (RFC 4226).

    It never changes and holds no counter: what was used is the verifier's to know. Two are equal if
    secret, digits and algorithm are; a HOTP has no hash, cannot be pickled and never shows its secret.

    Args:
        secret: The secret that both sides share.
        digits: Length of a code, 6 to 10. The last two add little: a code has 31 bits.
        algorithm: The hash, as Algorithm or by name. RFC 4226 knows only SHA1.

    Raises:
        TypeError: The secret is not a Secret, or the digits are not an int.
        ValueError: The digits are out of range, or the algorithm is unknown.
    """

    __slots__ = ("_inner", "_modulus", "_outer", "algorithm", "digits", "secret")
    secret: Secret
    digits: int
    algorithm: Algorithm
    _inner: "HASH"
    _outer: "HASH"
    _modulus: int

    @discreet
    def __init__(
        self, secret: Secret, *, digits: int = 6, algorithm: Algorithm | str = Algorithm.SHA1
    ) -> None:
        if not isinstance(secret, Secret):
            raise TypeError("the secret is a Secret, for example Secret.from_base32(text)")
        check_integer("digits", digits, MIN_DIGITS, MAX_DIGITS)
        if type(algorithm) is not Algorithm:
            algorithm = Algorithm(algorithm)
        # RFC 2104 section 2: a key longer than a block is hashed first. Section 4: the hash states
        # after the two padded keys are computed once and copied for each message.
        key = secret.to_bytes()
        if len(key) > algorithm.block_size:
            key = algorithm.new(key).digest()
        key = key.ljust(algorithm.block_size, b"\0")
        put = object.__setattr__
        put(self, "secret", secret)
        put(self, "digits", digits)
        put(self, "algorithm", algorithm)
        put(self, "_inner", algorithm.new(key.translate(IPAD)))
        put(self, "_outer", algorithm.new(key.translate(OPAD)))
        put(self, "_modulus", 10**digits)

    def at(self, counter: int) -> str:
        """Make the code of a counter (RFC 4226 section 5.3).

        Args:
            counter: From 0 to 2^64-1.

        Returns:
            The code, as many digits as the credential says, zeros in front included.

        Raises:
            TypeError: The counter is not an int.
            ValueError: The counter is out of range.
        """
        if type(counter) is not int or not 0 <= counter <= LAST_FACTOR:
            check_integer("counter", counter, 0, LAST_FACTOR)
        # Step 1: HS = HMAC(K, C), with C as eight bytes, the highest first. It is `hmac` written out: the
        # call would be a twentieth of the time.
        inner = self._inner.copy()
        inner.update(_message(counter))
        outer = self._outer.copy()
        outer.update(inner.digest())
        hs = outer.digest()
        # Step 2: four bytes from the offset on, which is in the last byte: SHA-1's is byte 19, others
        # are longer. The highest bit is masked.
        snum = _four_bytes(hs, hs[-1] & 0xF)[0] & 0x7FFFFFFF
        # Step 3: D = Snum mod 10^Digit, with zeros in front.
        return str(snum % self._modulus).zfill(self.digits)

    def hmac(self, message: bytes) -> bytes:
        """Compute HMAC(K, message) with the credential's hash (RFC 2104).

        Args:
            message: Not of eight bytes: those are counters (RFC 4226 section 5.2), and their HMACs make
                codes.

        Returns:
            The HMAC, as long as the hash.
        """
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def codes(self, start: int, count: int) -> tuple[str, ...]:
        """Make the codes of consecutive counters (RFC 4226 appendix E.3).

        Args:
            start: The first counter, from 0 to 2^64-1.
            count: How many, from 0 on; the last counter is 2^64-1 at most.

        Raises:
            TypeError: An argument is not an int.
            ValueError: An argument is out of range.
        """
        check_integer("start", start, 0, LAST_FACTOR)
        check_integer("count", count, 0, LAST_FACTOR + 1 - start)
        return tuple(map(self.at, range(start, start + count)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HOTP):
            return NotImplemented
        return (
            self.secret == other.secret and self.digits == other.digits and self.algorithm is other.algorithm
        )

    def __repr__(self) -> str:
        return f"HOTP({self.secret!r}, digits={self.digits}, algorithm={self.algorithm})"
