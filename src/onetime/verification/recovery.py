"""Recovery codes: a list to print, for when the device is lost (SP 800-63B-4, 3.1.2 and 4.2.1.1)."""

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
"""Number of codes of a list: enough for years, and they fit on a card."""

MAX_COUNT = 50
"""Maximum number of codes of a list."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: it has no I, L, O or U, which would be taken for 1, 0 or V."""

SIZE = 16
"""Characters of a code, of 5 bits each. SP 800-63B-4, 4.2.1.1 asks for 64 bits, and 80 fill whole groups."""

ITERATIONS = 1000
"""Iterations of PBKDF2. SP 800-63B-4, 3.1.2.2 asks for a password hash under 112 bits, and allows a low cost;
FIPS providers refuse fewer. 80 random bits need no more: a higher cost would load only the server."""

_SIMILAR = str.maketrans("ILO", "110")


class Redeemed(Value):
    """The evidence that a recovery code was accepted.

    Attributes:
        number: Which code it was, from 1.
        remaining: Number of codes that are left.
        failures_before: Failures since the last success. A program should notify the owner of them.
    """

    __slots__ = ("number", "remaining", "failures_before")  # noqa: RUF023 - their order
    number: int
    remaining: int
    failures_before: int

    def __init__(self, number: int, remaining: int, failures_before: int) -> None:
        self._fill(number=number, remaining=remaining, failures_before=failures_before)


class _Issued(NamedTuple):
    """What is stored of a list.

    Attributes:
        throttle: What counts against an attacker who guesses.
        spent: One bit for each code, the lowest for the first: set once the code is used.
        salts: Random 128 bits for each code.
        hashes: 256 bits by which each code is recognized.
    """

    throttle: Throttle
    spent: int
    salts: list[int]
    hashes: list[int]

    @property
    def remaining(self) -> int:
        """Number of codes that are left."""
        return len(self.salts) - self.spent.bit_count()

    def to_text(self) -> str:
        """Return the text that a store keeps."""
        return record.write(KIND, [*self.throttle, self.spent, *self.salts, *self.hashes])

    @classmethod
    def from_text(cls, text: str) -> "_Issued":
        """Read what `to_text` wrote, and nothing else."""
        return record.read(KIND, text, _issued)


def _issued(words: list[str]) -> _Issued:
    failures, debt, since, spent, *rest = numbers = record.numbers(words)
    count, odd = divmod(len(rest), 2)
    if min(numbers) < 0 or odd or not count or spent >> count or max(rest[:count]) >> 128:
        raise ValueError("a number is out of range")
    return _Issued(Throttle(failures, debt, since), spent, rest[:count], rest[count:])


class RecoveryCodes:
    """Random codes, shown once, for the owner to keep on paper.

    Each has 80 bits, is good for one use, and carries its number: "3-ABCD-EFGH-JKMN-PQRS". The program can
    ask for the next one by its number, and a try costs one hash.

    After a code was used, notify the owner at the addresses on file, and issue new codes (SP 800-63B-4,
    4.2.1.1). If a device is lost, forget it: its codes are good until then. A recovery code is one factor;
    where there are two, ask for the other one as well (4.2.2.2).

    A `user` is text of 1 to 255 characters without NUL, for example the user's immutable id.

    Args:
        store: Where the state is stored. It holds no code.
        limits: How wrong codes are throttled.
        clock: Returns Unix time in seconds; without it `time.time`.

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
        """Make a list of codes, which replaces all that were issued before.

        What the failures have used of the second tier stays used, so that to issue again does not restore
        the guesses.

        Args:
            user: Whom the codes are for.
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
            user: Whom the codes were issued for.
            code: What the user typed, with its number. Case, white space and hyphens make no difference,
                and I and L are read as 1, O as 0.

        Returns:
            The evidence. The only other way out is an exception.

        Raises:
            MalformedCodeError: It is not a code, or no code has this number; it does not count.
            NotEnrolledError: No codes were issued for this user.
            ReplayedCodeError: The code of this number is used, whatever was typed after it; it does not
                count.
            ThrottledError: It was not checked; `retry_at` says when one is.
            IncorrectCodeError: It is not the code of its number; it counts.
            ValueError: The user is malformed, or the clock is before 1970.
            TypeError: The user is not a str.
            StoreError: The state could not be read or stored; nothing was accepted.
        """
        self._records.key(user)  # the program's mistake comes before the user's
        typed = _read(code)
        if typed is None:
            raise MalformedCodeError
        number, text = typed
        made: dict[int, bytes] = {}  # by salt: a swap that lost costs no second hash

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
        """Return the number of codes that are left; 0 where none were issued.

        Raises:
            ValueError: The user is malformed.
            TypeError: The user is not a str.
            StoreError: The state could not be read, or is damaged.
        """
        text = self._records.get(user)
        return 0 if text is None else _Issued.from_text(text).remaining

    def forget(self, user: str) -> None:
        """Revoke all codes of a user, if there are any: verifications under way fail.

        Used guesses are forgotten too; to replace codes, issue new ones.

        Raises:
            ValueError: The user is malformed.
            TypeError: The user is not a str.
            StoreError: The entry could not be deleted.
        """
        self._records.delete(user)

    def _seconds(self) -> int:
        return whole_seconds(time.time() if self.clock is None else self.clock())


def _read(code: object) -> tuple[int, str] | None:
    """Read a number and the characters after it; None if the text is anything else."""
    if not isinstance(code, str):
        return None
    typed = "".join(code.split()).replace("-", "")
    # ASCII first: str.upper() makes letters of the alphabet out of others, as S out of the long s.
    if not typed.isascii():
        return None
    typed = typed.upper().translate(_SIMILAR)
    number, text = typed[:-SIZE], typed[-SIZE:]
    if not number.isdigit() or len(number) > 2 or number[0] == "0" or set(text) - set(ALPHABET):
        return None
    return (int(number), text) if int(number) <= MAX_COUNT else None


def _hash(code: str, salt: int) -> bytes:
    """Compute PBKDF2-HMAC-SHA-256 (RFC 8018 section 5.2), also where hashlib has none."""
    password, salted = code.encode(), salt.to_bytes(16)
    if hasattr(hashlib, "pbkdf2_hmac"):
        return hashlib.pbkdf2_hmac("sha256", password, salted, ITERATIONS)
    block = hmac.digest(password, salted + b"\0\0\0\1", "sha256")
    result = int.from_bytes(block)
    for _ in range(ITERATIONS - 1):
        block = hmac.digest(password, block, "sha256")
        result ^= int.from_bytes(block)
    return result.to_bytes(32)
