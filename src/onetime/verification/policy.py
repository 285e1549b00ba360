"""Every number of the verifier, and the reason for it (RFC 4226 section 7, RFC 6238 sections 5.2 and 6)."""

import math

from onetime.checks import check_integer
from onetime.credential import Credential
from onetime.verification.value import Value

YEAR = 365 * 86_400
"""Length of a year, in seconds."""

MAX_EXPOSURE = 50_000
"""Maximum product of guesses a year, codes within the widest window, and devices. With six digits, it gives
an attacker a chance of one in twenty a year."""

MAX_RESYNC = 2_000
"""Maximum product of the resynchronization window and devices: number of HMACs of one call with three
codes."""


class Limits(Value):
    """The limits by which wrong codes are throttled, in two tiers. Times are in seconds.

    The first tier counts the failures since the last success. It stops an attacker who is in a hurry, and
    success clears it. The second tier allows `budget` failures at once and then one more every `refill`
    seconds. Success does not clear it, so it limits a patient attacker's guesses in a year, even if the owner
    logs in every day.

    Attributes:
        delay_after: Number of consecutive failures that starts a delay, 1 to 100. Four typing errors cause no
            delay.
        min_delay: The first delay, from 0 to a year; each later delay is twice as long (SP 800-63B-4, 3.2.2:
            from 30 seconds to an hour).
        max_delay: The longest delay, from `min_delay` to a year.
        budget: Number of failures that the second tier allows at once, 1 to 1,000,000: more than a clumsy
            owner needs.
        refill: Seconds after which the second tier allows one more failure, from 1 to a year. The default,
            14.4 hours, allows 608 failures a year.

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
        """Maximum number of guesses that are checked in the first year."""
        return self.budget + YEAR // self.refill


class Policy(Limits):
    """The numbers by which a verifier checks one-time passwords, including those of `Limits`.

    Attributes:
        look_ahead: HOTP: number of counters that are tried, beginning with the expected one, 1 to 100: s of
            RFC 4226 section 7.4. Five allow for four codes that the owner generated but did not use.
        window: TOTP: number of steps that are tried on each side of the center, 0 to 50. RFC 6238 section 5.2
            recommends at most one, for the transmission delay of a code. 0 makes each code valid for one step
            only, which ASVS 6.5.5 requires if read literally.
        resync_window: HOTP: number of counters in which three consecutive codes are searched for, 3 to 1,000.
            It limits the work of one call.
        max_drift: TOTP: number of steps on each side of the server's clock, and of the device's anchor,
            within which three consecutive codes are searched for, 0 to 100. Ten steps of 30 seconds are five
            minutes.
        max_creep: TOTP: maximum number of steps from the anchor to the center, which follows a clock that
            drifts; None for min(1, `window`). It must be at most `window`, so that the anchor stays within
            the window. Otherwise an attacker who uses phished codes late could lock the owner out.
        disable_after: Number of consecutive failures after which the user is disabled until unlocked, 1 to
            1,000,000 (SP 800-63B-4, 3.2.2 requires at most 100). None, the default, means never; otherwise
            an attacker who knows the password can lock the owner out.
        min_secret_size: Length in bytes of the shortest secret that can be enrolled, 1 to 1,024: RFC 4226
            section 4, R6.
        max_devices: Maximum number of devices of a user, 1 to 50. Each device adds codes that a guess may
            match.
        near_misses: Number of near misses with three codes that are allowed at once, 1 to 100; one more is
            allowed every `refill` seconds. Only the owner, or an attacker who knows unused codes, can cause
            near misses.

    Raises:
        TypeError: A number is not an int.
        ValueError: A number is out of range; or the product of guesses a year, the widest window and
            `max_devices` is over 50,000; or that of `resync_window` and `max_devices` is over 2,000.
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
        # Numbers above these bounds are mistakes, or cause too much work for one call.
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
        """The limits of near misses: the second tier's refill, and no delays."""
        return Limits(budget=self.near_misses, refill=self.refill, min_delay=0, max_delay=0)

    @property
    def creep(self) -> int:
        """Maximum number of steps from the anchor to the center: `max_creep`, or its default."""
        return min(1, self.window) if self.max_creep is None else self.max_creep

    def risk(self, *credentials: Credential) -> float:
        """Compute the chance that an attacker guesses a code (RFC 4226 section 6 and appendix A.4).

        Args:
            credentials: The devices of one user. Only their kinds and digits matter.

        Returns:
            The chance, from 0 to 1, that an attacker who guesses as fast as the policy allows gets in within
            the first year.
        """
        # A guess has one length, so devices with codes of another length do not add to its chance.
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
