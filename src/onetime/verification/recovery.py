"""Recovery codes: a list to print, for use after a device is lost (SP 800-63B-4, 3.1.2 and 4.2.1.1)."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

from onetime.checks import check_integer
from onetime.confidential import discreet
from onetime.errors import (
    IncorrectCodeError,
    MalformedCodeError,
    NotEnrolledError,
    ReplayedCodeError,
    ThrottledError,
    VerificationError,
)
from onetime.storage.store import Records, Store
from onetime.times import whole_seconds
from onetime.verification import record
from onetime.verification.policy import DEFAULT_LIMITS, Limits
from onetime.verification.throttle import Throttle
from onetime.verification.value import Value

PREFIX = "recovery"
"""First part of the storage keys."""

KIND = "recovery1"
"""Kind and version of the text."""

COUNT = 10
"""Number of codes in a list: they last for years, and fit on a card."""

MAX_COUNT = 50
"""Maximum number of codes in a list."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32. It has no I, L, O or U, which users would mistake for 1, 0 or V."""

SIZE = 16
"""Number of characters of a code, with 5 bits each. SP 800-63B-4, 4.2.1.1 requires 64 bits; 80 bits fill
whole groups."""

ITERATIONS = 1000
"""Number of iterations of PBKDF2. SP 800-63B-4, 3.1.2.2 requires a password hash for codes under 112 bits,
and allows a low cost; FIPS providers refuse fewer iterations. More iterations would only load the server,
because 80 random bits cannot be guessed."""

_SIMILAR = str.maketrans("ILO", "110")


class Redeemed(Value):
    """The evidence that a recovery code was accepted.

    Attributes:
        number: Number of the code in the list, from 1.
        remaining: Number of unused codes.
        failures_before: Failures since the last success. The program should notify the owner of them.
    """

    __slots__ = ("number", "remaining", "failures_before")  # noqa: RUF023 - their order
    number: int
    remaining: int
    failures_before: int

    def __init__(self, number: int, remaining: int, failures_before: int) -> None:
        self._fill(number=number, remaining=remaining, failures_before=failures_before)


class _Issued(NamedTuple):
    """The stored record of a list.

    Attributes:
        throttle: The failures of the user.
        spent: One bit for each code, the lowest for the first code; it is set when the code is used.
        salts: Random 128 bits for each code.
        hashes: 256 bits that identify each code.
    """

    throttle: Throttle
    spent: int
    salts: list[int]
    hashes: list[int]

    @property
    def remaining(self) -> int:
        """Number of unused codes."""
        return len(self.salts) - self.spent.bit_count()

    def to_text(self) -> str:
        """Return the text to store."""
        return record.write(KIND, [*self.throttle, self.spent, *self.salts, *self.hashes])

    @classmethod
    def from_text(cls, text: str) -> "_Issued":
        """Parse the text that `to_text` wrote; refuse any other text."""
        return record.read(KIND, text, _issued)


def _issued(words: list[str]) -> _Issued:
    failures, debt, since, spent, *rest = numbers = record.numbers(words)
    count, odd = divmod(len(rest), 2)
    if min(numbers) < 0 or odd or not count or spent >> count or max(rest[:count]) >> 128:
        raise ValueError("a number is out of range")
    return _Issued(Throttle(failures, debt, since), spent, rest[:count], rest[count:])


class RecoveryCodes:
    """Random codes, shown once, for the owner to keep on paper.

    Each code has 80 bits, is valid for one use, and begins with its number: "3-ABCD-EFGH-JKMN-PQRS". The
    program can ask for the next code by its number, and checking a code computes only one hash.

    After a code is used, notify the owner at the addresses on file, and issue new codes (SP 800-63B-4,
    4.2.1.1). If a device is lost, call `Verifier.forget`: until then its codes are valid. A recovery code is
    one factor; if the login needs two factors, ask for the other one as well (4.2.2.2).

    A `user` is text of 1 to 255 characters without NUL, for example the user's immutable id.

    Args:
        store: Where the state is stored. The state holds no code.
        limits: The limits by which wrong codes are throttled.
        clock: Returns Unix time in seconds; default `time.time`.

    Raises:
        TypeError: The store has no methods `get` and `swap`.
    """

    def __init__(
        self,
        store: Store,
        *,
        limits: Limits = DEFAULT_LIMITS,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._records = Records(store, PREFIX)
        self.store = store
        self.limits = limits
        self.clock = clock

    @discreet
    def issue(self, user: str, count: int = COUNT) -> tuple[str, ...]:
        """Issue a list of codes, which replaces all earlier codes of the user.

        The debt of the second tier stays, so that issuing new codes does not restore the guesses.

        Args:
            user: The user who gets the codes.
            count: Number of codes, 1 to 50.

        Returns:
            The codes in the order of their numbers, to be shown once. They are not stored anywhere.

        Raises:
            ValueError: The user is malformed, the count is out of range, or the clock is before 1970.
            TypeError: The user is not a str, or the count is not an int.
            StoreError: The state could not be read or stored; show nothing.
        """
        check_integer("count", count, 1, MAX_COUNT)
        codes = ["".join(secrets.choice(ALPHABET) for _ in range(SIZE)) for _ in range(count)]
        salts = [secrets.randbits(128) for _ in codes]
        hashes = [int.from_bytes(_hash(code, salt)) for code, salt in zip(codes, salts, strict=True)]

        def replace(old: str | None) -> tuple[str, None]:
            throttle, seconds = Throttle(), self._seconds()
            if old is not None:
                throttle = _Issued.from_text(old).throttle.seen(self.limits, seconds).succeeded(seconds)
            return _Issued(throttle, 0, salts, hashes).to_text(), None

        self._records.transact(user, replace)
        return tuple(
            "-".join([str(number), *(code[i : i + 4] for i in range(0, SIZE, 4))])
            for number, code in enumerate(codes, 1)
        )

    @discreet
    def verify(self, user: str, code: str) -> Redeemed:
        """Check a code, and accept it at most once.

        Args:
            user: The user for whom the codes were issued.
            code: What the user typed, including the number. Case, white space and hyphens make no difference;
                I and L are read as 1, and O as 0.

        Returns:
            The evidence. Every refusal is an exception.

        Raises:
            MalformedCodeError: The text is not a code, or no code has this number; it does not count as a
                failure.
            NotEnrolledError: No codes were issued for this user.
            ReplayedCodeError: The code with this number has been used, whatever the user typed after the
                number; it does not count.
            ThrottledError: The code was not checked; the next code is checked at `retry_at`.
            IncorrectCodeError: The code is not the one with this number; it counts as a failure.
            ValueError: The user is malformed, or the clock is before 1970.
            TypeError: The user is not a str.
            StoreError: The state could not be read or stored; nothing was accepted.
        """
        self._records.key(user)  # refuses a malformed user, whatever the code
        typed = _read(code)
        if typed is None:
            raise MalformedCodeError
        number, text = typed
        made: dict[int, bytes] = {}  # by salt, so that a retry after a lost swap computes no second hash

        def check(old: str | None) -> tuple[str, Redeemed | VerificationError]:
            if old is None:
                raise NotEnrolledError("no recovery codes were issued for this user")
            issued = _Issued.from_text(old)
            if number > len(issued.salts):
                return old, MalformedCodeError()
            bit = 1 << number - 1
            if issued.spent & bit:
                return old, ReplayedCodeError()
            seconds = self._seconds()
            throttle = issued.throttle.seen(self.limits, seconds)
            retry_at = throttle.wait_until(self.limits, seconds)
            if retry_at is not None:
                return issued._replace(throttle=throttle).to_text(), ThrottledError(retry_at)
            salt = issued.salts[number - 1]
            if salt not in made:
                made[salt] = _hash(text, salt)
            if not hmac.compare_digest(issued.hashes[number - 1].to_bytes(32), made[salt]):
                throttle = throttle.failed(self.limits, seconds)
                refusal = IncorrectCodeError(throttle.failures, throttle.wait_until(self.limits, seconds))
                return issued._replace(throttle=throttle).to_text(), refusal
            spent = issued._replace(throttle=throttle.succeeded(seconds), spent=issued.spent | bit)
            return spent.to_text(), Redeemed(number, spent.remaining, throttle.failures)

        verdict = self._records.transact(user, check)
        if isinstance(verdict, Redeemed):
            return verdict
        raise verdict

    def remaining(self, user: str) -> int:
        """Return the number of unused codes; 0 if none were issued.

        Raises:
            ValueError: The user is malformed.
            TypeError: The user is not a str.
            StoreError: The state could not be read, or is damaged.
        """
        text = self._records.get(user)
        return 0 if text is None else _Issued.from_text(text).remaining

    def forget(self, user: str) -> None:
        """Revoke all codes of a user, if there are any. Concurrent verifications fail.

        Counted failures are deleted too. To replace codes, issue new ones instead.

        Raises:
            ValueError: The user is malformed.
            TypeError: The user is not a str.
            StoreError: The entry could not be deleted.
        """
        self._records.delete(user)

    def _seconds(self) -> int:
        return whole_seconds(time.time() if self.clock is None else self.clock())


def _read(code: object) -> tuple[int, str] | None:
    """Parse a number and the characters after it; return None if the text is anything else."""
    if not isinstance(code, str):
        return None
    typed = "".join(code.split()).replace("-", "")
    # ASCII is checked first, because str.upper() turns some other letters into ASCII: the long s becomes S.
    if not typed.isascii():
        return None
    typed = typed.upper().translate(_SIMILAR)
    number, text = typed[:-SIZE], typed[-SIZE:]
    if not number.isdigit() or len(number) > 2 or number[0] == "0" or set(text) - set(ALPHABET):
        return None
    return (int(number), text) if int(number) <= MAX_COUNT else None


def _hash(code: str, salt: int) -> bytes:
    """Compute PBKDF2-HMAC-SHA-256 (RFC 8018 section 5.2), even if hashlib does not have it."""
    password, salted = code.encode(), salt.to_bytes(16)
    if hasattr(hashlib, "pbkdf2_hmac"):
        return hashlib.pbkdf2_hmac("sha256", password, salted, ITERATIONS)
    block = hmac.digest(password, salted + b"\0\0\0\1", "sha256")
    result = int.from_bytes(block)
    for _ in range(ITERATIONS - 1):
        block = hmac.digest(password, block, "sha256")
        result ^= int.from_bytes(block)
    return result.to_bytes(32)
