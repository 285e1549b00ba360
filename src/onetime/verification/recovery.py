"""Recovery codes: a list to print, for when the device is lost (SP 800-63B-4, 3.1.2 and 4.2.1.1)."""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

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
from onetime.verification.policy import Limits
from onetime.verification.record import Layout
from onetime.verification.throttle import Throttle

COUNT = 10
"""Codes of a list: enough for years, and they fit on a card."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: there is no I, L, O or U to be taken for 1, 0 or V."""

SIZE = 16
"""Characters of a code. Each has 5 bits; SP 800-63B-4, 4.2.1.1 asks for 64, and 80 fill whole groups."""

_SIMILAR = str.maketrans("ILO", "110")
_CODE = re.compile(f"([1-9]|{COUNT})([{ALPHABET}]{{{SIZE}}})")


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The evidence that a recovery code was redeemed.

    Attributes:
        number: Which code it was, from 1 on.
        remaining: How many are left.
        failures_before: Wrong codes since the last success. A program may tell the owner of them.
    """

    number: int
    remaining: int
    failures_before: int


class _Issued(NamedTuple):
    """What is remembered of a list.

    Attributes:
        throttle: What counts against guessers.
        spent: One bit for each code, the lowest for the first: set once the code is redeemed.
        salts: Random 128 bits for each code.
        hashes: 256 bits by which each code is known again.
    """

    throttle: Throttle
    spent: int
    salts: list[int]
    hashes: list[int]

    @property
    def remaining(self) -> int:
        """How many codes are left."""
        return COUNT - self.spent.bit_count()

    def to_text(self) -> str:
        """Write it as a store keeps it."""
        return _LAYOUT.to_text([*self.throttle, self.spent, *self.salts, *self.hashes])

    @classmethod
    def from_text(cls, text: str) -> "_Issued":
        """Read what `to_text` wrote, and nothing else."""
        failures, delayed_until, full_at, spent, *rest = _LAYOUT.from_text(text)
        return cls(Throttle(failures, delayed_until, full_at), spent, rest[:COUNT], rest[COUNT:])


_LAYOUT = Layout("recovery1", (64, 64, 64, COUNT, *[128] * COUNT, *[256] * COUNT))


class RecoveryCodes:
    """Ten random codes, shown once, for the owner to keep on paper.

    Each has 80 bits, is good for one use, and carries its number: "3-ABCD-EFGH-JKMN-PQRS". The program
    can ask for the next one by its number, and a try costs one hash.

    After a code was used, tell the owner over the addresses on file, and issue new codes
    (SP 800-63B-4, 4.2.1.1). If the device is lost, forget its credential: its codes are good until then.
    A recovery code is one factor; where there are two, ask for the other one as well (4.2.2.2).

    Args:
        store: Where the state is kept. It holds no code.
        limits: How wrong tries are slowed down.
        clock: Gives Unix time in seconds.
    """

    def __init__(
        self,
        store: Store,
        *,
        limits: Limits = Limits(),  # noqa: B008 - it never changes
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._records = Records(store, "recovery")
        self.store = store
        self.limits = limits
        self.clock = clock

    @discreet
    def issue(self, key: str) -> tuple[str, ...]:
        """Make ten codes, which replace all that were issued before.

        Spent guesses of the second tier stay spent, so that to issue again is no way to get more.

        Args:
            key: Whom the codes are for: text of 1 to 200 characters, for example the user's immutable id.

        Returns:
            The codes in the order of their numbers, to be shown once. They are in no other place.

        Raises:
            ValueError: The key is malformed.
            StoreError: The state could not be read or kept; show nothing.
        """
        codes = ["".join(secrets.choice(ALPHABET) for _ in range(SIZE)) for _ in range(COUNT)]
        salts = [secrets.randbits(128) for _ in codes]
        hashes = [int.from_bytes(_hash(code, salt)) for code, salt in zip(codes, salts, strict=True)]

        def replace(old: str | None) -> tuple[str, None]:
            throttle = Throttle() if old is None else _Issued.from_text(old).throttle.succeeded()
            return _Issued(throttle, 0, salts, hashes).to_text(), None

        self._records.transact(key, replace)
        return tuple(
            "-".join([str(number), *(code[i : i + 4] for i in range(0, SIZE, 4))])
            for number, code in enumerate(codes, 1)
        )

    @discreet
    def redeem(self, key: str, code: str) -> Redeemed:
        """Judge a code, and accept it at most once.

        Args:
            key: The key that the codes were issued for.
            code: What was typed, with its number. Case, spaces and hyphens make no difference, and I and
                L are read as 1, O as 0.

        Returns:
            The evidence. There is no other way out but an exception.

        Raises:
            MalformedCodeError: It is no code; not charged.
            NotEnrolledError: No codes were issued for this key.
            ReplayedCodeError: The code of this number is used, whatever was typed after it; not charged.
            ThrottledError: It was not judged; `retry_at` says from when on one is.
            IncorrectCodeError: It is not the code of its number; charged.
            ValueError: The key is malformed, or the clock is before 1970.
            StoreError: The state could not be read or kept; nothing was accepted.
        """
        self._records.key(key)  # the program's mistake comes before the owner's
        read = _read(code)
        if read is None:
            raise MalformedCodeError
        number, typed = read
        made: dict[int, bytes] = {}  # by salt: a swap that lost costs no second hash

        def judge(old: str | None) -> tuple[str, Redeemed | VerificationError]:
            if old is None:
                raise NotEnrolledError("no recovery codes were issued for this key")
            issued = _Issued.from_text(old)
            bit = 1 << number - 1
            if issued.spent & bit:
                return old, ReplayedCodeError()
            seconds = int(self.clock() // 1)
            throttle = issued.throttle.clamped(self.limits, seconds)
            retry_at = throttle.retry_at(self.limits)
            if retry_at > seconds:
                return issued._replace(throttle=throttle).to_text(), ThrottledError(retry_at)
            salt = issued.salts[number - 1]
            if salt not in made:
                made[salt] = _hash(typed, salt)
            if not hmac.compare_digest(issued.hashes[number - 1].to_bytes(32), made[salt]):
                failed = throttle.failed(self.limits, seconds)
                return issued._replace(throttle=failed).to_text(), IncorrectCodeError()
            spent = issued._replace(throttle=throttle.succeeded(), spent=issued.spent | bit)
            return spent.to_text(), Redeemed(number, spent.remaining, throttle.failures)

        verdict = self._records.transact(key, judge)
        if isinstance(verdict, Redeemed):
            return verdict
        raise verdict

    def remaining(self, key: str) -> int:
        """Count the codes that are left; 0 where none were issued.

        Raises:
            ValueError: The key is malformed.
            StoreError: The state could not be read, or is damaged.
        """
        text = self._records.get(key)
        return 0 if text is None else _Issued.from_text(text).remaining

    def forget(self, key: str) -> None:
        """Revoke all codes of a key, if there are any: redemptions under way fail.

        Spent guesses are forgotten too; to replace codes, issue new ones.

        Raises:
            ValueError: The key is malformed.
            StoreError: The entry could not be removed.
        """
        self._records.delete(key)


def _read(code: object) -> tuple[int, str] | None:
    """Read a number and the characters after it; None if it is anything else."""
    # ASCII first: str.upper() makes letters of the alphabet out of others, as S out of the long s.
    if not (isinstance(code, str) and code.isascii()):
        return None
    match = _CODE.fullmatch(code.replace(" ", "").replace("-", "").upper().translate(_SIMILAR))
    return match and (int(match[1]), match[2])


def _hash(code: str, salt: int) -> bytes:
    """Hash a code for the store.

    SP 800-63B-4, 3.1.2.2 wants a password hash under 112 bits, and allows a small cost. 80 random bits
    need no more: at 1 ms a try they take ten million million years. A higher cost would load only the
    server that a guesser asks. This takes 1 MiB and a few milliseconds.
    """
    return hashlib.scrypt(code.encode(), salt=salt.to_bytes(16), n=2**10, r=8, p=1, dklen=32)
