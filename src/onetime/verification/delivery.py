"""Random codes that are sent to a user, by e-mail or SMS (SP 800-63B-4, 3.1.3.2 and 4.2.1.2)."""

import hmac
import secrets
import time
from collections.abc import Callable

from onetime.checks import check_integer
from onetime.confidential import discreet
from onetime.errors import (
    ExpiredCodeError,
    IncorrectCodeError,
    MalformedCodeError,
    NotIssuedError,
    ReplayedCodeError,
    ThrottledError,
    VerificationError,
)
from onetime.hotp import MAX_DIGITS, MIN_DIGITS
from onetime.secret import MIN_SIZE, Secret
from onetime.storage.store import Records, Store
from onetime.times import whole_seconds
from onetime.verification.policy import Limits
from onetime.verification.record import items_of
from onetime.verification.sent import MAX_PAUSE, Sent
from onetime.verification.throttle import Throttle
from onetime.verification.typed import canonical
from onetime.verification.value import Value

PREFIX = "delivered"
"""First part of the storage keys."""

DIGITS = 8
"""Length of a code, in digits. With eight, an attacker's chance in a year is about 1 in 2,000."""

LIFETIME = 600
"""Maximum lifetime of a code, in seconds (SP 800-63B-4, 3.1.3.2)."""

TRIES = 5
"""Number of wrong tries at one code. Four typing errors do no harm."""

REFILL = 600
"""Seconds after which a spent try is restored: the lifetime of a code, so that an owner who waits can log
in."""

PAUSE = 30
"""Seconds between the first two codes. A message may take this long to arrive. More frequent
messages would flood the owner."""

MAX_RISK = 10
"""The highest chance a year that an attacker may have is one in this number."""


class Delivered(Value):
    """The evidence that a delivered code was accepted.

    Attributes:
        issued_at: Unix time in seconds at which the code was issued.
        failures_before: Failures since the last success. The program should notify the owner of them.
    """

    __slots__ = ("issued_at", "failures_before")  # noqa: RUF023 - their order
    issued_at: int
    failures_before: int

    def __init__(self, issued_at: int, failures_before: int) -> None:
        self._fill(issued_at=issued_at, failures_before=failures_before)


class DeliveredCodes:
    """Random codes sent by e-mail or SMS. They are not the one-time passwords of the RFCs.

    Each code is valid for one use, ten minutes, five tries and one purpose, until the next code is issued for
    the same user, whatever its purpose. A new code inherits the spent tries. One spent try is restored every
    ten minutes; success restores none. So an attacker has at most 52,565 guesses a year. The chance of
    success with all of them is 5.1 % with 6 digits, 0.5 % with 7, 0.05 % with 8, 0.005 % with 9, 0.0005 %
    with 10. The pause between two codes doubles until a code is accepted, from 30 seconds to an hour.

    A code proves that the user can read a mailbox or has a telephone number. E-mail is not a second factor
    (SP 800-63B-4, 3.1.3.1; ASVS 6.3.6). The program must confirm the address before relying on it (4.2.1.2),
    and must send to the address on file, never to one in a request. An attacker who can request codes can
    also spend the owner's tries. So ask for the password first if there is one, and limit the requests of
    each address.

    A `user` is text of 1 to 255 characters without NUL, for example the user's immutable id.

    Args:
        store: Where the state is stored. The state holds no code, and nothing from which an attacker without
            the pepper can find a code.
        pepper: A key of the server, at least 16 bytes, that is not in the store. Changing the pepper makes
            all pending codes invalid.
        digits: Length of a code, 6 to 10.
        lifetime: Seconds for which a code is valid, 1 to 600.
        tries: Maximum number of wrong tries, 1 to 100: at one code, and over all codes of a user before
            `refill` restores one.
        refill: Seconds after which one spent try is restored, from 1 to a year.
        pause: Seconds between the first two codes, from 0 (no pause) to an hour.
        clock: Returns Unix time in seconds; default `time.time`.

    Raises:
        TypeError: The pepper is not a Secret, the store has no methods `get` and `swap`, or a number is not
            an int.
        ValueError: The pepper is under 16 bytes, a number is out of range, or the tries would give an
            attacker a chance of over one in ten a year.
    """

    @discreet
    def __init__(
        self,
        store: Store,
        pepper: Secret,
        *,
        digits: int = DIGITS,
        lifetime: int = LIFETIME,
        tries: int = TRIES,
        refill: int = REFILL,
        pause: int = PAUSE,
        clock: Callable[[], float] | None = None,
    ) -> None:
        if not isinstance(pepper, Secret):
            raise TypeError(f"the pepper must be a Secret, not {type(pepper).__name__}")
        if len(pepper) < MIN_SIZE:
            raise ValueError(f"the pepper must have at least {MIN_SIZE} bytes, not {len(pepper)}")
        check_integer("digits", digits, MIN_DIGITS, MAX_DIGITS)
        check_integer("lifetime", lifetime, 1, LIFETIME)
        check_integer("tries", tries, 1, 100)
        check_integer("pause", pause, 0, MAX_PAUSE)
        self._records = Records(store, PREFIX)
        self.store = store
        self.pepper = pepper
        self.digits = digits
        self.lifetime = lifetime
        self.limits: Limits = Limits(budget=tries, refill=refill, min_delay=0, max_delay=0)
        self.pause = pause
        self.clock = clock
        if self.limits.guesses_per_year * MAX_RISK > 10**digits:
            raise ValueError(
                f"{self.limits.guesses_per_year} guesses a year are too many for {digits} digits; "
                f"they must be at most one in {MAX_RISK} of all codes"
            )

    @discreet
    def issue(self, user: str, purpose: str = "") -> str:
        """Issue a code, which replaces the previous code and inherits its spent tries.

        Args:
            user: The user to whom the code is sent.
            purpose: What the code is for, for example "login" and the id of the request. A code is
                accepted for its own purpose only (ASVS 6.6.2).

        Returns:
            The code, to be sent. It is not stored anywhere.

        Raises:
            NotIssuedError: No try is left, or the last code was issued too recently; a new code can be issued
                at `retry_at`.
            ValueError: The user is malformed, UTF-8 cannot encode the purpose, or the clock is before
                1970.
            TypeError: The user or the purpose is not a str.
            StoreError: The state could not be read or stored; send nothing.
        """
        self._records.key(user)  # refuses a malformed user before the MAC is computed
        code = f"{secrets.randbelow(10**self.digits):0{self.digits}}"
        nonce = secrets.randbits(128)
        mac = int.from_bytes(self._mac(user, _encoded(purpose), nonce, code))

        def replace(old: str | None) -> tuple[str, NotIssuedError | None]:
            seconds = self._seconds()
            throttle, sendings = Throttle(), 0
            if old is not None:
                sent = Sent.from_text(old)
                sendings = sent.sendings
                throttle = sent.throttle.seen(self.limits, seconds)
                retry_at = throttle.retry_at(self.limits)
                pause = sent.pause(self.pause)
                # An issue time far ahead means that the clock jumped; it causes no delay.
                if abs(seconds - sent.issued_at) < pause:
                    retry_at = max(retry_at, sent.issued_at + pause)
                if retry_at > seconds:
                    return sent.throttled(throttle).to_text(), NotIssuedError(retry_at)
            return Sent(*throttle, sendings + 1, seconds, 0, 0, nonce, mac).to_text(), None

        refusal = self._records.transact(user, replace)
        if refusal is not None:
            raise refusal
        return code

    @discreet
    def verify(self, user: str, code: str, purpose: str = "") -> Delivered:
        """Check a code, and accept it at most once.

        Args:
            user: The user for whom the code was issued.
            code: What the user typed. White space and hyphens between the digits are allowed.
            purpose: The purpose that the code must have been issued for.

        Returns:
            The evidence. Every refusal is an exception.

        Raises:
            MalformedCodeError: The text is not a code; it does not count as a failure.
            ExpiredCodeError: No code is pending, or the pending code is too old, or its tries are spent; the
                attempt does not count. The user needs a new code.
            ThrottledError: The code was not checked. No new code can be issued before `retry_at`.
            IncorrectCodeError: The code is wrong, or was issued for another purpose; it counts as a failure.
            ReplayedCodeError: The code was correct, but has been used; it does not count.
            ValueError: The user is malformed, UTF-8 cannot encode the purpose, or the clock is before 1970.
            TypeError: The user or the purpose is not a str.
            StoreError: The state could not be read or stored; nothing was accepted.
        """
        self._records.key(user)  # refuses a malformed user, whatever the code
        bound = _encoded(purpose)
        typed = canonical(code)
        if typed is None or len(typed) != self.digits:
            raise MalformedCodeError

        def check(old: str | None) -> tuple[str | None, Delivered | VerificationError]:
            if old is None:
                return old, ExpiredCodeError()
            sent = Sent.from_text(old)
            now = self._now()
            seconds = whole_seconds(now)
            # If the issue time is later than now, the age of the code is unknown.
            if not 0 <= now - sent.issued_at <= self.lifetime:
                return old, ExpiredCodeError()
            throttle = sent.throttle.seen(self.limits, seconds)
            sent = sent.throttled(throttle)
            retry_at = throttle.wait_until(self.limits, seconds)
            if retry_at is not None:
                return sent.to_text(), ThrottledError(retry_at)
            # A restored try is for the next code: this code has only its own tries.
            if sent.spent >= self.limits.budget:
                return old, ExpiredCodeError()
            mac = self._mac(user, bound, sent.nonce, typed)
            if not hmac.compare_digest(sent.mac.to_bytes(32), mac):
                throttle = throttle.failed(self.limits, seconds)
                refusal = IncorrectCodeError(throttle.failures, throttle.wait_until(self.limits, seconds))
                return sent.throttled(throttle)._replace(spent=sent.spent + 1).to_text(), refusal
            if sent.used:
                return old, ReplayedCodeError()
            used = sent.throttled(throttle.succeeded(seconds))._replace(sendings=0, used=1)
            return used.to_text(), Delivered(sent.issued_at, throttle.failures)

        verdict = self._records.transact(user, check)
        if isinstance(verdict, Delivered):
            return verdict
        raise verdict

    def forget(self, user: str) -> None:
        """Revoke the code of a user, if there is one. Concurrent verifications fail.

        Spent tries are deleted too. To replace a code, issue a new one instead.

        Raises:
            TypeError, ValueError: The user is malformed.
            StoreError: The entry could not be deleted.
        """
        self._records.delete(user)

    def purge(self) -> int:
        """Delete the entries that no longer limit anything. A program should call this method once a day.

        An entry stays while its code may be accepted, while tries are spent, and until the longest pause
        after its code was issued is over.

        Returns:
            The number of deleted entries.

        Raises:
            TypeError: The store has no method `items`.
            ValueError: The clock is before 1970.
            StoreError: An entry could not be read or deleted, or is damaged.
        """
        seconds, deleted = self._seconds(), 0
        for key, text in items_of(self.store, PREFIX):
            sent = Sent.from_text(text)
            owed = sent.throttle.seen(self.limits, seconds).owed(seconds)
            if not owed and abs(seconds - sent.issued_at) > MAX_PAUSE:
                deleted += self.store.swap(key, text, None)
        return deleted

    def _now(self) -> float:
        return time.time() if self.clock is None else self.clock()

    def _seconds(self) -> int:
        return whole_seconds(self._now())

    def _mac(self, user: str, purpose: bytes, nonce: int, code: str) -> bytes:
        """Compute the MAC of a code and its context. Each part follows its own length, to be unambiguous."""
        parts = [b"onetime delivered1", user.encode(), purpose, nonce.to_bytes(16), code.encode()]
        message = b"".join(len(part).to_bytes(8) + part for part in parts)
        return hmac.digest(self.pepper.to_bytes(), message, "sha256")


def _encoded(purpose: str) -> bytes:
    if not isinstance(purpose, str):
        raise TypeError(f"purpose must be a str, not {type(purpose).__name__}")
    return purpose.encode()
