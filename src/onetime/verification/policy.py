"""Every number of the verifier, with its reason (RFC 4226 section 7, RFC 6238 sections 5.2 and 6)."""

import math

from onetime.checks import check_integer
from onetime.credential import Credential
from onetime.verification.value import Value

YEAR = 365 * 86_400
"""Seconds."""

MAX_EXPOSURE = 50_000
"""Largest product of guesses a year, codes within the widest window, and devices: at six digits, a chance of
one in twenty."""

MAX_RESYNC = 2_000
"""Largest product of the resynchronization window and devices: HMACs of one call with three codes."""


class Limits(Value):
    """How wrong codes are throttled, in two tiers. Times are in seconds.

    The first tier counts the failures since the last success. It stops an attacker who is in a hurry, and
    success clears it. Success does not clear the second tier: it lets through `budget` failures at once and
    then one for each `refill`, and so bounds what a patient attacker gets in a year, even when the owner
    logs in every day.

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

    __slots__ = ("delay_after", "min_delay", "max_delay", "budget", "refill")  # noqa: RUF023 - their order
    delay_after: int
    min_delay: int
    max_delay: int
    budget: int
    refill: int

    def __init__(
        self,
        *,
        delay_after: int = 5,
        min_delay: int = 30,
        max_delay: int = 3600,
        budget: int = 50,
        refill: int = 51_840,
    ) -> None:
        check_integer("delay_after", delay_after, 1, 100)
        check_integer("min_delay", min_delay, 0, YEAR)
        check_integer("max_delay", max_delay, min_delay, YEAR)
        check_integer("budget", budget, 1, 1_000_000)
        check_integer("refill", refill, 1, YEAR)
        self._fill(
            delay_after=delay_after, min_delay=min_delay, max_delay=max_delay, budget=budget, refill=refill
        )

    @property
    def guesses_per_year(self) -> int:
        """Maximum number of guesses that are checked in a year, the first one."""
        return self.budget + YEAR // self.refill


class Policy(Limits):
    """How a verifier checks one-time passwords; it has the numbers of `Limits` too.

    Attributes:
        look_ahead: HOTP: number of counters that are tried, the expected one first: s of RFC 4226
            section 7.4. Five forgive a button that was pressed four times for nothing.
        window: TOTP: number of steps on each side of the center that are tried. RFC 6238 section 5.2
            recommends at most one, for the delay of a code on its way. 0 makes codes valid for one step, as
            the letter of ASVS 6.5.5 asks.
        resync_window: HOTP: number of counters in which three consecutive codes are looked for. It bounds
            the work of one call.
        max_drift: TOTP: steps on each side of the server's clock, and of the device's anchor, within which
            three consecutive codes are looked for. Ten are five minutes.
        max_creep: TOTP: steps from the anchor that the center follows a clock that drifts; None for
            min(1, `window`). It is at most `window`, so that the anchor stays within the window: otherwise
            an attacker who uses phished codes late pushes the owner out.
        disable_after: Failures in a row after which the user is disabled until unlocked; None for never,
            because otherwise an attacker who knows the password can lock the owner out.
            SP 800-63B-4, 3.2.2 asks for 100.
        min_secret_size: Length in bytes of the shortest secret that is enrolled: RFC 4226 section 4, R6.
        max_devices: Number of devices that a user may have, 1 to 50. Each is one more code that a guess may
            match.
        near_misses: Near misses with three codes that are let through at once; one is restored for each
            `refill`. Only an attacker who knows unused codes can cause them.

    Raises:
        TypeError: A number is not an int.
        ValueError: A number is out of range; or guesses a year times the widest window times `max_devices`
            are over 50,000, or `resync_window` times `max_devices` over 2,000.
    """

    __slots__ = (  # noqa: RUF023 - their order
        "look_ahead",
        "window",
        "resync_window",
        "max_drift",
        "max_creep",
        "disable_after",
        "min_secret_size",
        "max_devices",
        "near_misses",
    )
    look_ahead: int
    window: int
    resync_window: int
    max_drift: int
    max_creep: int | None
    disable_after: int | None
    min_secret_size: int
    max_devices: int
    near_misses: int

    def __init__(
        self,
        *,
        delay_after: int = 5,
        min_delay: int = 30,
        max_delay: int = 3600,
        budget: int = 50,
        refill: int = 51_840,
        look_ahead: int = 5,
        window: int = 1,
        resync_window: int = 100,
        max_drift: int = 10,
        max_creep: int | None = None,
        disable_after: int | None = None,
        min_secret_size: int = 16,
        max_devices: int = 10,
        near_misses: int = 10,
    ) -> None:
        super().__init__(
            delay_after=delay_after,
            min_delay=min_delay,
            max_delay=max_delay,
            budget=budget,
            refill=refill,
        )
        # Numbers above these bounds are mistakes, or too much work for one call.
        check_integer("look_ahead", look_ahead, 1, 100)
        check_integer("window", window, 0, 50)
        check_integer("resync_window", resync_window, 3, 1000)
        check_integer("max_drift", max_drift, 0, 100)
        if max_creep is not None:
            check_integer("max_creep", max_creep, 0, window)
        if disable_after is not None:
            check_integer("disable_after", disable_after, 1, 1_000_000)
        check_integer("min_secret_size", min_secret_size, 1, 1024)
        check_integer("max_devices", max_devices, 1, 50)
        check_integer("near_misses", near_misses, 1, 100)
        widest = max(look_ahead, 2 * window + 1)
        if self.guesses_per_year * widest * max_devices > MAX_EXPOSURE:
            raise ValueError(
                f"{self.guesses_per_year} guesses a year, {widest} codes within the window and {max_devices} "
                f"devices are too many: their product must be at most {MAX_EXPOSURE}"
            )
        if resync_window * max_devices > MAX_RESYNC:
            raise ValueError(
                f"resync_window and max_devices are too large: their product must be at most {MAX_RESYNC}"
            )
        self._fill(
            look_ahead=look_ahead,
            window=window,
            resync_window=resync_window,
            max_drift=max_drift,
            max_creep=max_creep,
            disable_after=disable_after,
            min_secret_size=min_secret_size,
            max_devices=max_devices,
            near_misses=near_misses,
        )

    @property
    def near_miss_limits(self) -> Limits:
        """The bucket of near misses: it has the second tier's refill, and no delays."""
        return Limits(budget=self.near_misses, refill=self.refill, min_delay=0, max_delay=0)

    @property
    def creep(self) -> int:
        """Steps from the anchor that the center may be: `max_creep`, or its default."""
        return min(1, self.window) if self.max_creep is None else self.max_creep

    def risk(self, *credentials: Credential) -> float:
        """Compute the chance of an attacker who guesses (RFC 4226 section 6 and appendix A.4).

        Args:
            credentials: The devices of one user; their kinds and digits count.

        Returns:
            The chance, from 0 to 1, that an attacker who guesses as fast as the policy allows gets in within
            the first year.
        """
        # A guess has one length, so devices of other lengths do not add to its chance.
        windows: dict[int, int] = {}
        for credential in credentials:
            width = self.look_ahead if credential.kind == "hotp" else 2 * self.window + 1
            windows[credential.digits] = windows.get(credential.digits, 0) + width
        chances = [0.0]
        for digits, width in windows.items():
            # Appendix A.4.1: 2^31 is not a multiple of 10^Digit, so some codes are slightly likelier.
            likeliest = -(-(2**31) // 10**digits) / 2**31
            chances.append(-math.expm1(self.guesses_per_year * math.log1p(-width * likeliest)))
        return max(chances)


DEFAULT_LIMITS = Limits()
DEFAULT_POLICY = Policy()
