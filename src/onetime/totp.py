"""Codes from the time (RFC 6238 section 4)."""

import time as clock

from onetime.algorithm import Algorithm
from onetime.checks import check_integer
from onetime.confidential import Confidential, discreet
from onetime.hotp import HOTP, LAST_MOVING_FACTOR
from onetime.secret import Secret
from onetime.times import END_OF_TIME, split_time

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from datetime import datetime
    from typing import ClassVar, Literal

BEFORE_T0 = "the time is before t0"
"""Message of errors about times before t0."""


class TOTP(Confidential):
    """A credential that computes its codes from the time (RFC 6238).

    A time is Unix time in seconds, as int or float, or an aware datetime. A naive datetime is refused,
    because its meaning depends on the machine and is ambiguous for an hour each autumn. Steps are computed
    with integers and are exact for any time.

    A TOTP is immutable. Two TOTPs are equal if all their parts are equal. A TOTP cannot be hashed or
    pickled, and never shows its secret.

    Args:
        secret: The secret that both sides share.
        digits: Length of a code, 6 to 10.
        algorithm: The hash, as an Algorithm or by name.
        period: Length of a step in seconds, 1 to 2^64-1: X of RFC 6238. Its section 5.2 recommends 30.
        t0: Unix time in seconds, from 0 to 2^64-1, at which step 0 begins: T0 of RFC 6238.

    Attributes:
        kind: "totp".
        hotp: The HOTP whose counter is the step (RFC 6238 section 4.2).

    Raises:
        TypeError: The secret is not a Secret, a number is not an int, or the algorithm is neither an
            Algorithm nor a str.
        ValueError: A number is out of range, or the algorithm is unknown.
    """

    __slots__ = ("hotp", "period", "t0")
    kind: "ClassVar[Literal['totp']]" = "totp"
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
        check_integer("period", period, 1, LAST_MOVING_FACTOR)
        check_integer("t0", t0, 0, LAST_MOVING_FACTOR)
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
        """Length of a code, in digits."""
        return self.hotp.digits

    @property
    def algorithm(self) -> Algorithm:
        """The hash."""
        return self.hotp.algorithm

    def step(self, time: "float | datetime") -> int:
        """Compute the step of a time: T of RFC 6238 section 4.2.

        Args:
            time: Unix time in seconds, or an aware datetime; not before t0.

        Returns:
            The step, from 0 to 2^64-1.

        Raises:
            TypeError: The time is not an int, a float or a datetime.
            ValueError: The time is before t0, is not a finite number, is a naive datetime, or is so late
                that its step is over 2^64-1.
        """
        # int() rounds a positive float down exactly. Negative floats, infinity and NaN need `split_time`.
        if type(time) is float and 0.0 <= time < END_OF_TIME:
            seconds = int(time)
        else:
            seconds = time if type(time) is int else split_time(time)[0]
        step = (seconds - self.t0) // self.period
        if not 0 <= step <= LAST_MOVING_FACTOR:
            raise ValueError(BEFORE_T0 if step < 0 else "the step must be at most 2^64-1")
        return step

    def at(self, time: "float | datetime") -> str:
        """Compute the code of a time (RFC 6238 section 4.2).

        Args:
            time: Unix time in seconds, or an aware datetime; not before t0.

        Returns:
            The code, including leading zeros.

        Raises:
            TypeError: As `step` does.
            ValueError: As `step` does.
        """
        return self.hotp.at(self.step(time))

    def at_step(self, step: int) -> str:
        """Compute the code of a step (RFC 6238 section 4.2).

        Args:
            step: From 0 to 2^64-1.

        Returns:
            The code, including leading zeros.

        Raises:
            TypeError: The step is not an int.
            ValueError: The step is out of range.
        """
        check_integer("step", step, 0, LAST_MOVING_FACTOR)
        return self.hotp.at(step)

    def now(self) -> str:
        """Compute the code of the current time, by the system's clock (RFC 6238 section 4.2).

        Returns:
            The code, including leading zeros.

        Raises:
            ValueError: The clock is before t0.
        """
        # `step` is inlined, because the call would take a fifteenth of the time.
        step = (int(clock.time()) - self.t0) // self.period
        if step < 0:
            raise ValueError(BEFORE_T0)
        return self.hotp.at(step)

    def remaining(self, time: "float | datetime") -> float:
        """Return how long the code of a time stays the same.

        Args:
            time: Unix time in seconds, or an aware datetime; not before t0.

        Returns:
            Seconds until the next step begins: more than 0, and at most the period.

        Raises:
            TypeError: As `step` does.
            ValueError: As `step` does.
        """
        seconds, fraction = split_time(time)
        _, end = self.span(self.step(seconds))
        return end - seconds - fraction

    def span(self, step: int) -> tuple[int, int]:
        """Return when a step begins and ends.

        Args:
            step: From 0 to 2^64-1.

        Returns:
            Unix times in seconds at which the step and the next step begin.

        Raises:
            TypeError: The step is not an int.
            ValueError: The step is out of range.
        """
        check_integer("step", step, 0, LAST_MOVING_FACTOR)
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
