"""One way in which codes may have been computed."""

from dataclasses import asdict, dataclass

from onetime.inspection.messages import odds


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One way in which the codes may have been computed.

    Attributes:
        kind: "totp" or "hotp", depending on the source of the moving factors.
        reading: How the secret was read, in words.
        algorithm: Name of the hash: that of an Algorithm, "SHA224" or "SHA384".
        digits: Length of a code.
        period: Length of a step in seconds; None if the codes are not from steps.
        moving_factors: The counter or step of each code, except for a code that `mistakes` excludes.
        clock: Minimum and maximum number of seconds by which the clock is fast; negative if it is slow. None
            without a clock.
        ahead: Number of steps by which the app's counter is ahead of the expected counter; negative if it is
            behind. None without a counter.
        mistakes: The errors of the clock, the counter and the computation, in words.
        advice: How to correct the mistakes, in sentences.
        chance: The chance that any of the tried hypotheses fits as well by accident, from 0 to 1.
    """

    kind: str
    reading: str
    algorithm: str
    digits: int
    period: int | None
    moving_factors: tuple[int, ...]
    clock: tuple[int, int] | None
    ahead: int | None
    mistakes: tuple[str, ...]
    advice: str
    chance: float

    def to_dict(self) -> dict[str, object]:
        """Return every value by name, in a form for JSON."""
        return asdict(self)

    def to_text(self) -> str:
        """Return the finding in one sentence, and the advice in further sentences."""
        period, place = (f", period {self.period} s", "step") if self.period else ("", "counter")
        head = f"{self.algorithm}, {self.digits} digits{period}, secret read as {self.reading}, "
        head += f"{place} {self.moving_factors[0]}"
        usual = (self.algorithm, self.digits, self.period or 30, self.reading) == ("SHA1", 6, 30, "base32")
        tail = self.mistakes or (("as most apps compute it",) if usual else ())
        return f"{'; '.join((head, *tail))} ({odds(self.chance)}). {self.advice}"
