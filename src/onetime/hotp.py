"""Codes from a counter (RFC 4226 section 5)."""

import struct

from onetime.algorithm import Algorithm
from onetime.checks import check_integer
from onetime.confidential import Confidential, discreet
from onetime.secret import Secret

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from _hashlib import HASH
    from typing import ClassVar, Literal, Self

LAST_MOVING_FACTOR = 2**64 - 1
"""The last counter or step: RFC 4226 section 5.1 gives it eight bytes."""

MIN_DIGITS, MAX_DIGITS = 6, 10
"""Lengths of a code, in digits: RFC 4226 section 5.3 requires at least 6; 31 bits fill at most 10."""

IPAD = bytes(byte ^ 0x36 for byte in range(256))
OPAD = bytes(byte ^ 0x5C for byte in range(256))
"""The pads of RFC 2104 section 2, as tables that translate a padded key."""

_message = struct.Struct(">Q").pack
_four_bytes = struct.Struct(">I").unpack_from


class HOTP(Confidential):
    """A credential that computes its codes from a counter (RFC 4226).

    An HOTP is immutable and holds no counter: the verifier stores the counters that were used. Two HOTPs are
    equal if their secrets, digits and algorithms are equal. An HOTP cannot be hashed or pickled, and never
    shows its secret.

    Args:
        secret: The secret that both sides share.
        digits: Length of a code, 6 to 10. A tenth digit adds little security, because a code is computed from
            31 bits.
        algorithm: The hash, as an Algorithm or by name. RFC 4226 has only SHA1.

    Attributes:
        kind: "hotp".

    Raises:
        TypeError: The secret is not a Secret, the number of digits is not an int, or the algorithm is neither
            an Algorithm nor a str.
        ValueError: The number of digits is out of range, or the algorithm is unknown.
    """

    __slots__ = ("_inner", "_modulus", "_outer", "algorithm", "digits", "secret")
    kind: "ClassVar[Literal['hotp']]" = "hotp"
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
            raise TypeError("the secret must be a Secret, for example Secret.from_base32(text)")
        check_integer("digits", digits, MIN_DIGITS, MAX_DIGITS)
        if type(algorithm) is not Algorithm:
            algorithm = Algorithm(algorithm)
        # RFC 2104 section 2: a key longer than a block is hashed first. Section 4: the states of the hash
        # after the two padded keys are computed once, and copied for each message.
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

    @property
    def hotp(self) -> "Self":
        """The credential itself, as `TOTP.hotp` is the HOTP of a TOTP."""
        return self

    def at(self, counter: int) -> str:
        """Compute the code of a counter (RFC 4226 section 5.3).

        Args:
            counter: From 0 to 2^64-1.

        Returns:
            The code, including leading zeros.

        Raises:
            TypeError: The counter is not an int.
            ValueError: The counter is out of range.
        """
        if type(counter) is not int or not 0 <= counter <= LAST_MOVING_FACTOR:
            check_integer("counter", counter, 0, LAST_MOVING_FACTOR)
        # Step 1: HS = HMAC(K, C), with C as eight bytes, the highest first.
        hs = self.hmac(_message(counter))
        # Step 2: take four bytes at the offset that the last byte of the hash holds (byte 19 of SHA-1), and
        # mask the highest bit.
        snum = _four_bytes(hs, hs[-1] & 0xF)[0] & 0x7FFFFFFF
        # Step 3: D = Snum mod 10^Digit, with leading zeros.
        return str(snum % self._modulus).zfill(self.digits)

    def hmac(self, message: bytes) -> bytes:
        """Compute HMAC(K, message) with the credential's hash (RFC 2104).

        Args:
            message: Any bytes, but not eight of them: eight bytes are a counter (RFC 4226 section 5.2), and
                the HMAC of a counter reveals its code.

        Returns:
            The HMAC, as long as the hash's output.

        Raises:
            TypeError: The message is not bytes.
        """
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def codes(self, start: int, count: int) -> tuple[str, ...]:
        """Compute the codes of consecutive counters (RFC 4226 appendix E.3).

        Args:
            start: The first counter, from 0 to 2^64-1.
            count: Number of codes, 0 or more; the last counter is at most 2^64-1.

        Returns:
            The codes in order, including leading zeros.

        Raises:
            TypeError: An argument is not an int.
            ValueError: An argument is out of range.
        """
        if type(start) is not int or not 0 <= start <= LAST_MOVING_FACTOR:
            check_integer("start", start, 0, LAST_MOVING_FACTOR)
        if type(count) is not int or not 0 <= count <= LAST_MOVING_FACTOR + 1 - start:
            check_integer("count", count, 0, LAST_MOVING_FACTOR + 1 - start)
        # `Verifier.verify` computes its codes here, so `at` is inlined, which saves a tenth of the time.
        inner_state, outer_state, modulus, digits = self._inner, self._outer, self._modulus, self.digits
        codes = []
        for counter in range(start, start + count):
            inner = inner_state.copy()
            inner.update(_message(counter))
            outer = outer_state.copy()
            outer.update(inner.digest())
            hs = outer.digest()
            snum = _four_bytes(hs, hs[-1] & 0xF)[0] & 0x7FFFFFFF
            codes.append(str(snum % modulus).zfill(digits))
        return tuple(codes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HOTP):
            return NotImplemented
        return (
            self.secret == other.secret and self.digits == other.digits and self.algorithm is other.algorithm
        )

    def __repr__(self) -> str:
        return f"HOTP({self.secret!r}, digits={self.digits}, algorithm={self.algorithm})"
