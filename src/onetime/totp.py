"""Codes from the time (RFC 6238 section 4)."""

import time as clock

from onetime.algorithm import Algorithm
from onetime.confidential import Confidential, discreet
from onetime.hotp import HOTP, LAST_FACTOR, check_integer
from onetime.secret import Secret

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from datetime import datetime


class TOTP(Confidential):
    """A credential that makes its codes from the time (RFC 6238).

    A time is Unix time in seconds, as int or float, or an aware datetime. A naive datetime is refused:
    what it means depends on the machine, and is ambiguous for an hour each autumn. Steps are computed
    with integers, exact for any time.

    It never changes. Two are equal if all their parts are; a TOTP has no hash, cannot be pickled and
    never shows its secret.

    Args:
        secret: The secret that both sides share.
        digits: Length of a code, 6 to 10.
        algorithm: The hash, as Algorithm or by name.
        period: Length of a step in seconds, from 1 on: X of RFC 6238. Its section 5.2 recommends 30.
        t0: Unix time in seconds, from 0 on, at which step 0 begins: T0 of RFC 6238.

    Attributes:
        hotp: The HOTP whose counter is the step (RFC 6238 section 4.2).

    Raises:
        TypeError: The secret is not a Secret, or a number is not an int.
        ValueError: A number is out of range, or the algorithm is unknown.
    """

    __slots__ = ("hotp", "period", "t0")
    hotp: HOTP
    period: int
    t0: int

    @discreet
    def __init__(
        self,
        secret: Secret,
        *,
        digits: int = 6,
        algorithm: Algorithm | str = Algorithm.SHA1,
        period: int = 30,
        t0: int = 0,
    ) -> None:
        check_integer("period", period, 1, LAST_FACTOR)
        check_integer("t0", t0, 0, LAST_FACTOR)
        put = object.__setattr__
        put(self, "hotp", HOTP(secret, digits=digits, algorithm=algorithm))
        put(self, "period", period)
        put(self, "t0", t0)

    @property
    def secret(self) -> Secret:
        """The secret that both sides share."""
        return self.hotp.secret

    @property
    def digits(self) -> int:
        """Length of a code."""
        return self.hotp.digits

    @property
    def algorithm(self) -> Algorithm:
        """The hash."""
        return self.hotp.algorithm

    def step(self, time: "float | datetime") -> int:
        """Count the steps from t0 to a time: T of RFC 6238 section 4.2.

        Args:
            time: Unix time in seconds, or an aware datetime; not before t0.

        Raises:
            TypeError: The time is neither int, float nor datetime.
            ValueError: The time is before t0, not a number, a naive datetime, or so late that its step
                is over 2^64-1.
        """
        seconds = time if type(time) is int else split_time(time)[0]
        step = (seconds - self.t0) // self.period
        if not 0 <= step <= LAST_FACTOR:
            raise ValueError("the time is before t0" if step < 0 else f"the time is past step {LAST_FACTOR}")
        return step

    def at(self, time: "float | datetime") -> str:
        """Make the code of a time (RFC 6238 section 4.2).

        Args:
            time: Unix time in seconds, or an aware datetime; not before t0.

        Returns:
            The code, as many digits as the credential says, zeros in front included.

        Raises:
            TypeError: As `step` does.
            ValueError: As `step` does.
        """
        return self.hotp.at(self.step(time))

    def at_step(self, step: int) -> str:
        """Make the code of a step.

        Args:
            step: From 0 to 2^64-1.

        Raises:
            TypeError: The step is not an int.
            ValueError: The step is out of range.
        """
        if type(step) is not int or not 0 <= step <= LAST_FACTOR:
            check_integer("step", step, 0, LAST_FACTOR)
        return self.hotp.at(step)

    def now(self) -> str:
        """Make the code of this moment, by the system's clock.

        Raises:
            ValueError: The clock stands before t0.
        """
        return self.at(clock.time())

    def remaining(self, time: "float | datetime") -> float:
        """Tell how long the code of a time stays the same.

        Args:
            time: Unix time in seconds, or an aware datetime; not before t0.

        Returns:
            Seconds until the next step begins: more than 0, at most the period.

        Raises:
            TypeError: As `step` does.
            ValueError: As `step` does.
        """
        seconds, fraction = split_time(time)
        _, end = self.span(self.step(seconds))
        return end - seconds - fraction

    def span(self, step: int) -> tuple[int, int]:
        """Tell when a step begins and ends.

        Args:
            step: From 0 to 2^64-1.

        Returns:
            Unix times in seconds: the first of the step, and the first of the next one.

        Raises:
            TypeError: The step is not an int.
            ValueError: The step is out of range.
        """
        check_integer("step", step, 0, LAST_FACTOR)
        start = self.t0 + step * self.period
        return start, start + self.period

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TOTP):
            return NotImplemented
        return self.hotp == other.hotp and self.period == other.period and self.t0 == other.t0

    def __repr__(self) -> str:
        return (
            f"TOTP({self.secret!r}, digits={self.digits}, algorithm={self.algorithm}, "
            f"period={self.period}, t0={self.t0})"
        )


def split_time(time: "float | datetime") -> tuple[int, float]:
    """Split a time into whole Unix seconds and the fraction of a second after them, both exact.

    Raises:
        TypeError: The time is neither int, float nor datetime.
        ValueError: The time is not a finite number, or a naive datetime.
    """
    if isinstance(time, int) and not isinstance(time, bool):
        return time, 0
    if isinstance(time, float):
        if time - time != 0:
            raise ValueError("the time is not a finite number")
        seconds = int(time // 1)
        return seconds, time - seconds
    # Most programs pass numbers and never need this import.
    from datetime import UTC, datetime

    if not isinstance(time, datetime):
        raise TypeError(f"a time is an int, a float or an aware datetime, not {type(time).__name__}")
    if time.utcoffset() is None:
        raise ValueError("the datetime is naive; give it a time zone, for example datetime.now(UTC)")
    since = time - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86400 + since.seconds, since.microseconds / 1_000_000
