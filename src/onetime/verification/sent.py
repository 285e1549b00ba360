"""What a store keeps of a code that was sent."""

from typing import NamedTuple

from onetime.verification import record
from onetime.verification.throttle import Throttle

KIND = "delivered1"
"""Kind and version of the text."""

MAX_PAUSE = 3600
"""Longest pause between two sendings, in seconds."""

MAX_DOUBLINGS = 40
"""Number of doublings after which any pause is over its bound."""


class Sent(NamedTuple):
    """What is stored of the last code of a user, and of the failures at it and those before it.

    Attributes:
        failures: Failures since the last success.
        debt: The second tier of a `Throttle`; its first tier is not used.
        since: The time of that debt.
        sendings: Codes sent since the last success.
        issued_at: Unix time in seconds at which the code was issued.
        spent: Wrong tries at this code.
        used: 1 once the code was accepted, else 0.
        nonce: Random 128 bits of this code.
        mac: 256 bits by which the code is recognized.
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
        """What counts against an attacker who guesses."""
        return Throttle(self.failures, self.debt, self.since)

    def throttled(self, throttle: Throttle) -> "Sent":
        """Return it with another throttle."""
        return self._replace(failures=throttle.failures, debt=throttle.debt, since=throttle.since)

    def pause(self, first: int) -> int:
        """Return how many seconds after this code the next one may be sent."""
        doublings = min(max(self.sendings - 1, 0), MAX_DOUBLINGS)
        return min(first << doublings, MAX_PAUSE)

    def to_text(self) -> str:
        """Return the text that a store keeps."""
        return record.write(KIND, self)

    @classmethod
    def from_text(cls, text: str) -> "Sent":
        """Read what `to_text` wrote, and nothing else."""
        return record.read(KIND, text, _sent)


def _sent(words: list[str]) -> Sent:
    sent = Sent(*record.numbers(words))
    if min(sent) < 0 or sent.used > 1 or sent.nonce >> 128:
        raise ValueError("a number is out of range")
    return sent
