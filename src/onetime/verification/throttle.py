"""The throttle: a value that counts failures and computes when the next code is checked."""

from typing import NamedTuple

from onetime.verification.policy import Limits

MAX_DOUBLINGS = 40
"""Number of doublings after which every delay exceeds its maximum."""


class Throttle(NamedTuple):
    """The failures of a user, in two tiers (RFC 4226 section 7.3).

    Attributes:
        failures: First tier: number of failures since the last success.
        debt: Second tier: seconds that were owed at `since`. Each failure adds `refill` seconds, and the debt
            falls by one each second. A code is checked while the budget has room for one more failure.
        since: Unix time in seconds of the last failure, or of the last success if a debt was left.
    """

    failures: int = 0
    debt: int = 0
    since: int = 0

    def seen(self, limits: Limits, now: int) -> "Throttle":
        """Return the throttle that applies at a time.

        A stored time ahead of the clock counts as now, and a debt above the whole budget counts as the whole
        budget. So if the clock jumped ahead and came back, or the policy changed, a user waits no longer than
        the delay. If the result differs, it must be stored, or the delay would restart at each call.
        """
        if self is EMPTY:
            return self
        failures, debt, since = self
        most = limits.budget * limits.refill
        if since <= now and debt <= most:
            return self
        return Throttle(failures, min(debt, most), min(since, now))

    def wait_until(self, limits: Limits, now: int) -> int | None:
        """Return the Unix time in seconds at which the next code is checked, or None if that is now."""
        if self is EMPTY:
            return None
        retry_at = self.retry_at(limits)
        return retry_at if retry_at > now else None

    def retry_at(self, limits: Limits) -> int:
        """Return the Unix time in seconds at which the next code is checked."""
        failures, debt, since = self
        # The second tier has room while the debt is at most that of `budget` - 1 failures.
        wait = debt - (limits.budget - 1) * limits.refill
        if failures >= limits.delay_after:
            doublings = min(failures - limits.delay_after, MAX_DOUBLINGS)
            wait = max(wait, min(limits.min_delay << doublings, limits.max_delay))
        return since + wait if wait > 0 else since

    def owed(self, now: int) -> int:
        """Return the seconds that are still owed."""
        _, debt, since = self
        owed = debt - (now - since)
        return owed if owed > 0 else 0

    def spent(self, limits: Limits, now: int) -> int:
        """Return how many failures of the second tier's budget are spent."""
        return -(-self.owed(now) // limits.refill)  # rounded up

    def failed(self, limits: Limits, now: int) -> "Throttle":
        """Count a failure."""
        owed = self.owed(now) if self.debt else 0
        return tuple.__new__(Throttle, (self.failures + 1, owed + limits.refill, now))

    def succeeded(self, now: int) -> "Throttle":
        """Clear the first tier; success does not clear the second."""
        owed = self.owed(now) if self.debt else 0
        return Throttle(0, owed, now) if owed else EMPTY


EMPTY = Throttle()
"""The throttle of a user without failures."""
