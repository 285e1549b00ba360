"""The stored record of a code that was sent."""

from typing import NamedTuple

from onetime.verification import record
from onetime.verification.throttle import Throttle

KIND = "delivered1"
"""Kind and version of the text."""

MAX_PAUSE = 3600
"""Longest pause between two codes, in seconds."""

MAX_DOUBLINGS = 40
"""Number of doublings after which every pause has reached its maximum."""


class Sent(NamedTuple):
    """The record of a user's last code, and of the user's failures.

    Attributes:
        failures: Failures since the last success.
        debt: Debt of the second tier of a `Throttle`, in seconds; the first tier is not used.
        since: Unix time in seconds to which the debt refers.
        sendings: Number of codes sent since the last success.
        issued_at: Unix time in seconds at which the code was issued.
        spent: Number of wrong tries at this code.
        used: 1 if the code was accepted, otherwise 0.
        nonce: Random 128 bits of this code.
        mac: 256 bits that identify the code.
    """

    failures: int
    debt: int
    since: int
    sendings: int
    issued_at: int
    spent: int
    used: int
    nonce: int
    mac: int

    @property
    def throttle(self) -> Throttle:
        """The throttle of the user's failures."""
        return Throttle(self.failures, self.debt, self.since)

    def throttled(self, throttle: Throttle) -> "Sent":
        """Return the record with another throttle."""
        return self._replace(failures=throttle.failures, debt=throttle.debt, since=throttle.since)

    def pause(self, first: int) -> int:
        """Return how many seconds must pass after this code before the next one may be sent."""
        doublings = min(max(self.sendings - 1, 0), MAX_DOUBLINGS)
        return min(first << doublings, MAX_PAUSE)

    def to_text(self) -> str:
        """Return the text to store."""
        return record.write(KIND, self)

    @classmethod
    def from_text(cls, text: str) -> "Sent":
        """Parse the text that `to_text` wrote; refuse any other text."""
        return record.read(KIND, text, _sent)


def _sent(words: list[str]) -> Sent:
    sent = Sent(*record.numbers(words))
    if min(sent) < 0 or sent.used > 1 or sent.nonce >> 128:
        raise ValueError("a number is out of range")
    return sent
