"""Random codes that are sent to a person, by e-mail or SMS (SP 800-63B-4, 3.1.3.2 and 4.2.1.2)."""

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from onetime.checks import check_integer
from onetime.confidential import discreet
from onetime.errors import (
    ExpiredCodeError,
    IncorrectCodeError,
    MalformedCodeError,
    ReplayedCodeError,
    ThrottledError,
    VerificationError,
)
from onetime.hotp import MAX_DIGITS, MIN_DIGITS
from onetime.secret import MIN_SIZE, Secret
from onetime.storage.store import Records, Store
from onetime.verification.policy import Limits
from onetime.verification.record import Layout
from onetime.verification.throttle import Throttle
from onetime.verification.typed import canonical

DIGITS = 8
"""One in two thousand a year for somebody who guesses as fast as the rest of the numbers lets them."""

LIFETIME = 600
"""Seconds that a code is good for, and the most that can be asked for: SP 800-63B-4, 3.1.3.2."""

TRIES = 5
"""Wrong tries at one code. Four typing errors cost nothing."""

REFILL = 600
"""Seconds after which a spent try comes back: one for each life of a code, so that who waits gets in."""

PAUSE = 30
"""Seconds between two sendings: a message is on its way so long, and nobody is to be flooded with them."""

MAX_RISK = 10
"""One in so many is the highest chance a year that a guesser may be given."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The evidence that a delivered code came back.

    Attributes:
        issued_at: Unix time in seconds at which the code was issued.
        failures_before: Wrong codes since the last success. A program may tell the owner of them.
    """

    issued_at: int
    failures_before: int


class _Sent(NamedTuple):
    """What is remembered of the last code under a key, and of the wrong tries at it and those before it.

    Attributes:
        failures: Wrong tries since the last success.
        full_at: When all tries are there again: the second tier of a `Throttle`. The first is not used.
        issued_at: When the code was issued.
        spent: Wrong tries at this code.
        used: 1 once the code was accepted, else 0.
        nonce: Random 128 bits of this code.
        mac: 256 bits by which the code is known again.
    """

    failures: int
    full_at: int
    issued_at: int
    spent: int
    used: int
    nonce: int
    mac: int

    @property
    def throttle(self) -> Throttle:
        """What counts against guessers."""
        return Throttle(self.failures, 0, self.full_at)

    def throttled(self, throttle: Throttle) -> "_Sent":
        """Remember a throttle."""
        return self._replace(failures=throttle.failures, full_at=throttle.full_at)


_LAYOUT = Layout("delivered1", (64, 64, 64, 64, 1, 128, 256))


class DeliveredCodes:
    """Random codes sent by e-mail or SMS. They are no one-time passwords of the RFCs.

    Each is good for one use, ten minutes, five tries and one purpose, and until the next one is issued
    under the same key, of whatever purpose.
    A new code takes over the spent tries, and a spent try comes back every ten minutes; success gives
    none back. So a year has 52,565 guesses at most, and a guesser who uses them all gets in with a
    chance of 0.05 % at 8 digits; 5.1 % at 6, 0.5 % at 7, 0.005 % at 9, 0.0005 % at 10.

    A code shows that somebody reads a mailbox or has a telephone number. E-mail is no second factor
    (SP 800-63B-4, 3.1.3.1; ASVS 6.3.6). The program confirms the address before anything depends on it
    (4.2.1.2), and sends to the address that it has on file, never to one that comes with a request.
    Whoever may ask for codes can also spend the owner's tries, so ask for the password first where there
    is one, and limit the requests of an address.

    Args:
        store: Where the state is kept. It holds no code, and nothing from which one can be found without
            the pepper.
        pepper: A key of the server that is not in the store, of at least 16 bytes. Another one ends the
            codes under way.
        digits: Length of a code, 6 to 10.
        lifetime: Seconds that a code is good for, 1 to 600.
        tries: Wrong tries at one code, and wrong tries at once over all codes, 1 to 100.
        refill: Seconds after which one spent try comes back, 1 to a year.
        pause: Seconds between two sendings, 0 to an hour.
        clock: Gives Unix time in seconds.

    Raises:
        TypeError: The pepper is not a Secret, or a number is not an int.
        ValueError: The pepper is under 16 bytes, a number is out of range, or so many tries at so few
            digits would let a guesser in with a chance of over one in ten a year.
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
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(pepper, Secret):
            raise TypeError("the pepper is a Secret")
        if len(pepper) < MIN_SIZE:
            raise ValueError(f"the pepper has {len(pepper)} bytes; it takes {MIN_SIZE}")
        check_integer("digits", digits, MIN_DIGITS, MAX_DIGITS)
        check_integer("lifetime", lifetime, 1, LIFETIME)
        check_integer("tries", tries, 1, 100)
        check_integer("pause", pause, 0, 3600)
        self._records = Records(store, "delivered")
        self.store = store
        self.pepper = pepper
        self.digits = digits
        self.lifetime = lifetime
        self.limits = Limits(budget=tries, refill=refill, min_delay=0, max_delay=0)
        self.pause = pause
        self.clock = clock
        if self.limits.guesses_per_year * MAX_RISK > 10**digits:
            raise ValueError(
                f"{self.limits.guesses_per_year} guesses a year are too many for {digits} digits; "
                f"they are at most one in {MAX_RISK} of all codes"
            )

    @discreet
    def issue(self, key: str, purpose: str = "") -> str:
        """Make a code, which ends the one before it and takes over its spent tries.

        Args:
            key: Whom the code is for: text of 1 to 200 characters, for example the user's immutable id.
            purpose: What the code is for, for example "login" and the id of the request. A code is
                accepted for its own purpose only (ASVS 6.6.2).

        Returns:
            The code, to be sent. It is in no other place.

        Raises:
            ThrottledError: No try is left, or the last sending is too near; `retry_at` says when to ask
                again.
            ValueError: The key is malformed, UTF-8 cannot encode the purpose, or the clock is before
                1970.
            TypeError: The purpose is not a str.
            StoreError: The state could not be read or kept; send nothing.
        """
        self._records.key(key)  # the key is part of what the code is bound to
        code = f"{secrets.randbelow(10**self.digits):0{self.digits}}"
        nonce = secrets.randbits(128)
        mac = int.from_bytes(self._mac(key, _encoded(purpose), nonce, code))

        def replace(old: str | None) -> tuple[str, ThrottledError | None]:
            seconds = int(self.clock() // 1)
            throttle = Throttle()
            if old is not None:
                sent = _Sent(*_LAYOUT.from_text(old))
                throttle = sent.throttle.clamped(self.limits, seconds)
                retry_at = throttle.retry_at(self.limits)
                # A last sending that lies far ahead is of a clock that jumped, and delays nobody.
                if abs(seconds - sent.issued_at) < self.pause:
                    retry_at = max(retry_at, sent.issued_at + self.pause)
                if retry_at > seconds:
                    return _LAYOUT.to_text(sent.throttled(throttle)), ThrottledError(retry_at)
            new = _Sent(throttle.failures, throttle.full_at, seconds, 0, 0, nonce, mac)
            return _LAYOUT.to_text(new), None

        refusal = self._records.transact(key, replace)
        if refusal is not None:
            raise refusal
        return code

    @discreet
    def verify(self, key: str, code: str, purpose: str = "") -> Delivered:
        """Judge a code, and accept it at most once.

        Args:
            key: The key that the code was issued for.
            code: What was typed. Spaces and hyphens between the digits are allowed.
            purpose: The purpose that the code must have been issued for.

        Returns:
            The evidence. There is no other way out but an exception.

        Raises:
            MalformedCodeError: It is no code; not charged.
            ExpiredCodeError: No code is under way, or it is too old, or all tries at it are spent; not
                charged. A new one helps.
            ThrottledError: It was not judged. From `retry_at` on a new code can be issued.
            IncorrectCodeError: It is not the code, or not for this purpose; charged.
            ReplayedCodeError: It was right, and is used; not charged.
            ValueError: The key is malformed, or UTF-8 cannot encode the purpose.
            TypeError: The purpose is not a str.
            StoreError: The state could not be read or kept; nothing was accepted.
        """
        self._records.key(key)  # the program's mistake comes before the owner's
        bound = _encoded(purpose)
        typed = canonical(code, self.digits)
        if typed is None:
            raise MalformedCodeError

        def judge(old: str | None) -> tuple[str | None, Delivered | VerificationError]:
            if old is None:
                return old, ExpiredCodeError()
            sent = _Sent(*_LAYOUT.from_text(old))
            now = self.clock()
            # How old a code is that was issued later than now, nobody knows.
            if not 0 <= now - sent.issued_at <= self.lifetime:
                return old, ExpiredCodeError()
            seconds = int(now // 1)
            throttle = sent.throttle.clamped(self.limits, seconds)
            sent = sent.throttled(throttle)
            retry_at = throttle.retry_at(self.limits)
            if retry_at > seconds:
                return _LAYOUT.to_text(sent), ThrottledError(retry_at)
            # A try that came back is for the next code: at this one there are no more than its own.
            if sent.spent >= self.limits.budget:
                return old, ExpiredCodeError()
            mac = self._mac(key, bound, sent.nonce, typed)
            if not hmac.compare_digest(sent.mac.to_bytes(32), mac):
                sent = sent.throttled(throttle.failed(self.limits, seconds))._replace(spent=sent.spent + 1)
                return _LAYOUT.to_text(sent), IncorrectCodeError()
            if sent.used:
                return old, ReplayedCodeError()
            used = sent.throttled(throttle.succeeded())._replace(used=1)
            return _LAYOUT.to_text(used), Delivered(sent.issued_at, throttle.failures)

        verdict = self._records.transact(key, judge)
        if isinstance(verdict, Delivered):
            return verdict
        raise verdict

    def forget(self, key: str) -> None:
        """Revoke the code under a key, if there is one: verifications under way fail.

        Spent tries are forgotten too; to replace a code, issue a new one.

        Raises:
            ValueError: The key is malformed.
            StoreError: The entry could not be removed.
        """
        self._records.delete(key)

    def _mac(self, key: str, purpose: bytes, nonce: int, code: str) -> bytes:
        """Bind a code to all that it is for. Each part has its length, so that no two can be read alike."""
        parts = [b"onetime delivered1", key.encode(), purpose, nonce.to_bytes(16), code.encode()]
        message = b"".join(len(part).to_bytes(8) + part for part in parts)
        return hmac.digest(self.pepper.to_bytes(), message, "sha256")


def _encoded(purpose: str) -> bytes:
    if not isinstance(purpose, str):
        raise TypeError("a purpose is a str")
    return purpose.encode()
