"""The throttle: a pure value that counts wrong tries, and says when the next one is judged."""

from typing import NamedTuple

from onetime.verification.policy import Limits


class Throttle(NamedTuple):
    """Both tiers of what counts against a guesser (RFC 4226 section 7.3). Times are Unix seconds.

    Attributes:
        failures: Wrong tries since the last success.
        delayed_until: First tier: the time from which on the next try is judged; 0 for no delay.
        full_at: Second tier: the time at which its whole budget is there again; 0 for now. It is the
            theoretical arrival time of a generic cell rate algorithm.
    """

    failures: int = 0
    delayed_until: int = 0
    full_at: int = 0

    def clamped(self, limits: Limits, now: int) -> "Throttle":
        """Take no stored time for later than the longest that could have been set from now.

        A clock that jumped forward and came back then delays nobody for a year. What comes back is to be
        stored, or the delay would begin anew at each look.
        """
        latest_delay = now + limits.max_delay
        latest_full = now + limits.budget * limits.refill
        if self.delayed_until <= latest_delay and self.full_at <= latest_full:
            return self
        return Throttle(self.failures, min(self.delayed_until, latest_delay), min(self.full_at, latest_full))

    def retry_at(self, limits: Limits) -> int:
        """Tell from when on a try is judged."""
        second = self.full_at - (limits.budget - 1) * limits.refill
        return second if second > self.delayed_until else self.delayed_until

    def spent(self, limits: Limits, now: int) -> int:
        """Tell how much of the second tier's budget is spent: some of it comes back with each refill."""
        return max(0, -((now - self.full_at) // limits.refill))  # rounded up

    def failed(self, limits: Limits, now: int) -> "Throttle":
        """Count a wrong try that was judged."""
        failures = self.failures + 1
        delayed = 0
        if failures >= limits.delay_after:
            # Past 40 doublings any delay is over its bound.
            doublings = min(failures - limits.delay_after, 40)
            delayed = now + min(limits.min_delay << doublings, limits.max_delay)
        full = self.full_at if self.full_at > now else now
        return Throttle(failures, delayed, full + limits.refill)

    def succeeded(self) -> "Throttle":
        """Clear the first tier; the second is not cleared by success."""
        return Throttle(0, 0, self.full_at) if self.failures or self.delayed_until else self
