"""Every number of the verifier's side, with its reason (RFC 4226 section 7, RFC 6238 sections 5.2 and 6)."""

import math
from dataclasses import dataclass

from onetime.checks import check_integer
from onetime.hotp import HOTP
from onetime.totp import TOTP

YEAR = 365 * 86_400
"""Seconds."""

MAX_EXPOSURE = 50_000
"""Judged guesses a year times codes in sight: at six digits, a chance of one in twenty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How wrong tries are slowed down, in two tiers. Times are in seconds.

    The first tier counts the failures since the last success. It stops a guesser who is in a hurry, and
    a success clears it. The second tier is not cleared by success: it lets through `budget` failures at
    once and then one for each `refill`, and so bounds what a patient guesser gets in a year, also when
    the owner logs in every day.

    Attributes:
        delay_after: The failure in a row that starts a delay. Four typing errors cost nothing.
        min_delay: The first delay; each later one is twice as long (SP 800-63B-4, 3.2.2: from 30 seconds
            to an hour).
        max_delay: The longest delay.
        budget: Failures that the second tier lets through at once: more than a clumsy owner needs.
        refill: Seconds after which the second tier lets one more through. 14.4 hours make 608 a year.

    Raises:
        TypeError: A number is not an int.
        ValueError: A number is out of range.
    """

    delay_after: int = 5
    min_delay: int = 30
    max_delay: int = 3600
    budget: int = 50
    refill: int = 51_840

    def __post_init__(self) -> None:
        check_integer("delay_after", self.delay_after, 1, 100)
        check_integer("min_delay", self.min_delay, 0, YEAR)
        check_integer("max_delay", self.max_delay, self.min_delay, YEAR)
        check_integer("budget", self.budget, 1, 1_000_000)
        check_integer("refill", self.refill, 1, YEAR)

    @property
    def guesses_per_year(self) -> int:
        """The most guesses that are judged in a year, the first one."""
        return self.budget + YEAR // self.refill


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Limits):
    """How a verifier judges one-time passwords; and the numbers of `Limits`, which are keywords here too.

    Attributes:
        look_ahead: HOTP: how many counters are tried, from the expected one on: s of RFC 4226 section 7.4.
            Five forgive a button that was pressed four times for nothing.
        window: TOTP: how many steps on each side of the centre are tried. RFC 6238 section 5.2
            recommends one at most, for the way that a code takes. 0 makes codes valid for one step, as
            the letter of ASVS 6.5.5 wants.
        resync_window: HOTP: counters that three consecutive codes are looked for in. It bounds the work
            of one call.
        max_drift: TOTP: steps from the server's clock that three consecutive codes are looked for in,
            on each side. Ten are five minutes.
        max_creep: TOTP: steps from the server's clock that the centre follows a clock that strays. More
            would let somebody who knows codes walk it away.
        disable_after: Failures in a row after which the credential is out of use until it is unlocked;
            None for never, because otherwise whoever knows the password can lock the owner out.
            SP 800-63B-4, 3.2.2 asks for 100.
        min_secret_size: Shortest secret that is enrolled, in bytes: RFC 4226 section 4, R6.

    Raises:
        TypeError: A number is not an int.
        ValueError: A number is out of range, or guesses a year times codes in sight are over 50,000.
    """

    look_ahead: int = 5
    window: int = 1
    resync_window: int = 100
    max_drift: int = 10
    max_creep: int = 2
    disable_after: int | None = None
    min_secret_size: int = 16

    def __post_init__(self) -> None:
        Limits.__post_init__(self)
        # What is above these bounds is a mistake, or too much work for one call.
        check_integer("look_ahead", self.look_ahead, 1, 100)
        check_integer("window", self.window, 0, 50)
        check_integer("resync_window", self.resync_window, 3, 1000)
        check_integer("max_drift", self.max_drift, 0, 100)
        check_integer("max_creep", self.max_creep, 0, self.max_drift)
        if self.disable_after is not None:
            check_integer("disable_after", self.disable_after, 1, 1_000_000)
        check_integer("min_secret_size", self.min_secret_size, 1, 1024)
        widest = max(self.look_ahead, 2 * self.window + 1)
        if self.guesses_per_year * widest > MAX_EXPOSURE:
            raise ValueError(
                f"{self.guesses_per_year} guesses a year at {widest} codes in sight are too many; "
                f"their product is at most {MAX_EXPOSURE}"
            )

    def risk(self, credential: HOTP | TOTP) -> float:
        """Estimate what a guesser can do (RFC 4226 section 6 and appendix A.4).

        Args:
            credential: What is guessed at; its kind and its digits count.

        Returns:
            The chance that somebody who guesses as fast as the policy lets them gets in within the first
            year, from 0 to 1. With n credentials for one account it is n times as high.
        """
        sight = self.look_ahead if isinstance(credential, HOTP) else 2 * self.window + 1
        # Appendix A.4.1: 2^31 is no multiple of 10^Digit, so some codes are a little likelier.
        likeliest = -(-(2**31) // 10**credential.digits) / 2**31
        return -math.expm1(self.guesses_per_year * math.log1p(-sight * likeliest))
