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
"""Length of a code: at eight digits an attacker who guesses for a year gets in once in 2,000 years."""

LIFETIME = 600
"""Maximum lifetime of a code, in seconds: SP 800-63B-4, 3.1.3.2."""

TRIES = 5
"""Wrong tries at one code. Four typing errors cost nothing."""

REFILL = 600
"""Seconds after which a spent try is restored: one for each life of a code, so that an owner who waits gets
in."""

PAUSE = 30
"""Seconds between the first two sendings. A message may take as long, and the owner must not be flooded."""

MAX_RISK = 10
"""One in this number is the highest chance a year that an attacker may be given."""


class Delivered(Value):
    """The evidence that a delivered code came back.

    Attributes:
        issued_at: Unix time in seconds at which the code was issued.
        failures_before: Failures since the last success. A program should notify the owner of them.
    """

    __slots__ = ("issued_at", "failures_before")  # noqa: RUF023 - their order
    issued_at: int
    failures_before: int

    def __init__(self, issued_at: int, failures_before: int) -> None:
        self._fill(issued_at=issued_at, failures_before=failures_before)


class DeliveredCodes:
    """Random codes sent by e-mail or SMS. They are not the one-time passwords of the RFCs.

    Each is valid for one use, ten minutes, five tries and one purpose, until the next one is issued for the
    same user, whatever its purpose. A new code takes over the spent tries, and a spent try is restored every
    ten minutes; success restores none. So a year has at most 52,565 guesses, and an attacker who uses them
    all gets in with a chance of 0.05 % at 8 digits; 5.1 % at 6, 0.5 % at 7, 0.005 % at 9, 0.0005 % at 10.
    The pause between two sendings doubles until a code is accepted, from 30 seconds to an hour.

    A code shows that the user reads a mailbox or has a telephone number. E-mail is not a second factor
    (SP 800-63B-4, 3.1.3.1; ASVS 6.3.6). The program confirms the address before anything depends on it
    (4.2.1.2), and sends to the address on file, never to one that comes with a request. An attacker who may
    ask for codes can also spend the owner's tries, so ask for the password first where there is one, and
    limit the requests of an address.

    A `user` is text of 1 to 255 characters without NUL, for example the user's immutable id.

    Args:
        store: Where the state is stored. It holds no code, and nothing from which one can be found without
            the pepper.
        pepper: A key of the server that is not in the store, of at least 16 bytes. Another one ends the
            pending codes.
        digits: Length of a code, 6 to 10.
        lifetime: Seconds that a code is valid for, 1 to 600.
        tries: Wrong tries at one code, and wrong tries at once over all codes, 1 to 100.
        refill: Seconds after which one spent try is restored, 1 to a year.
        pause: Seconds between the first two sendings, 0 to an hour; 0 for no pause at all.
        clock: Returns Unix time in seconds; without it `time.time`.

    Raises:
        TypeError: The pepper is not a Secret, the store has no methods `get` and `swap`, or a number is not
            an int.
        ValueError: The pepper is under 16 bytes, a number is out of range, or the tries would let an
            attacker in with a chance of over one in ten a year.
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
            raise ValueError(f"the pepper has {len(pepper)} bytes, and must have at least {MIN_SIZE}")
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
        """Make a code, which ends the one before it and takes over its spent tries.

        Args:
            user: Whom the code is for.
            purpose: What the code is for, for example "login" and the id of the request. A code is
                accepted for its own purpose only (ASVS 6.6.2).

        Returns:
            The code, to be sent. It is not stored anywhere.

        Raises:
            NotIssuedError: No try is left, or the last sending was a short while ago; `retry_at` says when
                to ask again.
            ValueError: The user is malformed, UTF-8 cannot encode the purpose, or the clock is before
                1970.
            TypeError: The user or the purpose is not a str.
            StoreError: The state could not be read or stored; send nothing.
        """
        self._records.key(user)  # the user is part of what the code is bound to
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
                # A sending far ahead is that of a clock that jumped, and delays nobody.
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
            user: Whom the code was issued for.
            code: What the user typed. White space and hyphens between the digits are allowed.
            purpose: The purpose that the code must have been issued for.

        Returns:
            The evidence. The only other way out is an exception.

        Raises:
            MalformedCodeError: It is not a code; it does not count.
            ExpiredCodeError: No code is pending, or it is too old, or all tries at it are spent; it does not
                count. A new code helps.
            ThrottledError: It was not checked. At `retry_at` a new code can be issued.
            IncorrectCodeError: It is not the code, or not for this purpose; it counts.
            ReplayedCodeError: It was right, and is used; it does not count.
            ValueError: The user is malformed, UTF-8 cannot encode the purpose, or the clock is before 1970.
            TypeError: The user or the purpose is not a str.
            StoreError: The state could not be read or stored; nothing was accepted.
        """
        self._records.key(user)  # the program's mistake comes before the user's
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
            # The age of a code that was issued later than now is unknown.
            if not 0 <= now - sent.issued_at <= self.lifetime:
                return old, ExpiredCodeError()
            throttle = sent.throttle.seen(self.limits, seconds)
            sent = sent.throttled(throttle)
            retry_at = throttle.wait_until(self.limits, seconds)
            if retry_at is not None:
                return sent.to_text(), ThrottledError(retry_at)
            # A try that was restored is for the next code: this one has only its own.
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
        """Revoke the code of a user, if there is one: verifications under way fail.

        Spent tries are forgotten too; to replace a code, issue a new one.

        Raises:
            TypeError, ValueError: The user is malformed.
            StoreError: The entry could not be deleted.
        """
        self._records.delete(user)

    def purge(self) -> int:
        """Delete the entries that limit nothing any more; a program runs it once a day.

        An entry stays while its code may be accepted, while tries are spent, and until the longest pause
        after its sending is over: then even an entry that still counted its sendings could be sent a code.

        Returns:
            Number of entries that were deleted.

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
        """Bind a code to all that it is for. Each part has its length, so no two can be read alike."""
        parts = [b"onetime delivered1", user.encode(), purpose, nonce.to_bytes(16), code.encode()]
        message = b"".join(len(part).to_bytes(8) + part for part in parts)
        return hmac.digest(self.pepper.to_bytes(), message, "sha256")


def _encoded(purpose: str) -> bytes:
    if not isinstance(purpose, str):
        raise TypeError(f"purpose must be a str, not {type(purpose).__name__}")
    return purpose.encode()
