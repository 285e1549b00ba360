"""From a time or a counter to the moving factor (RFC 6238 section 4.2), and known mistakes on the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from onetime.hotp import LAST_MOVING_FACTOR
from onetime.inspection.choice import Choice

DAY = 86_400
"""Maximum error of a clock in the search, in seconds, fast or slow."""

NEAR = 10
"""Maximum error of a near clock in steps, and of a near counter, in either direction."""

FAR = 1_000
"""Maximum error of a counter in the search, in either direction."""

TOLERANCE = 5
"""Maximum error of the time at which a user saw a code, in seconds. Users are slow to read and write."""

PERIODS = (30, 15, 60)
"""Periods that are always tried, in seconds, the usual one first."""

RARE_PERIODS = (10, 20, 45, 90, 120, 180, 300, 600)
"""Periods that are tried only near the expected time, in seconds."""

EPOCHS = (
    ("2000", 946_684_800),
    ("1980", 315_532_800),
    ("January 6th, 1980 (GPS)", 315_964_800),
    ("2001", 978_307_200),
    ("1900 (NTP)", -2_208_988_800),
    ("1904", -2_082_844_800),
    ("1601 (Windows)", -11_644_473_600),
    ("December 30th, 1899 (OLE)", -2_209_161_600),
    ("the year 1 (.NET)", -62_135_596_800),
)
"""Epochs other than 1970: their names, and Unix times in seconds."""


@dataclass(frozen=True, slots=True)
class Course:
    """A way to compute the moving factor: floor((place + error) / length), with an unknown error.

    Attributes:
        kind: "totp" or "hotp".
        places: The expected time or counter of each code, in units.
        length: Number of units in a moving factor.
        near: The lowest and the highest error that count as near, in units.
        far: The lowest and the highest error in the search, in units.
        period: Length of a step in seconds; None without a period.
        second: Number of units in a second; 0 without a clock.
        slack: Maximum number of units by which the true place may be later.
        wraps: Whether a counter below 0 wraps around to the end of the 64 bits.
    """

    kind: str
    places: tuple[int, ...]
    length: int
    near: tuple[int, int]
    far: tuple[int, int]
    period: int | None = None
    second: int = 0
    slack: int = 0
    wraps: bool = False

    def search(self, far: bool) -> list[range]:
        """Return the moving factors that the first code may have: near ones, or distant ones."""
        sides = ((self.far[0], self.near[0] - 1), (self.near[1] + 1, self.far[1])) if far else (self.near,)
        return [self.factors(0, (low, high)) for low, high in sides if low <= high]

    def search_closely(self) -> list[range]:
        """Return the moving factors that the first code may have with half of the near error."""
        return [self.factors(0, (-(-self.near[0] // 2), self.near[1] // 2))]

    def factors(self, number: int, errors: tuple[int, int]) -> range:
        """Return the moving factors that a code may have within a range of errors.

        Args:
            number: Index of the code, from 0.
            errors: The lowest and the highest error, in units.
        """
        place = self.places[number]
        low, high = (place + errors[0]) // self.length, (place + self.slack + errors[1]) // self.length
        return range(low if self.wraps else max(low, 0), min(high, LAST_MOVING_FACTOR) + 1)

    def narrowed(self, number: int, factor: int, errors: tuple[int, int]) -> tuple[int, int]:
        """Return the range of errors, within the given range, with which a code has a moving factor."""
        least = factor * self.length - self.places[number] - self.slack
        most = (factor + 1) * self.length - 1 - self.places[number]
        return max(errors[0], least), min(errors[1], most)


def courses(
    times: tuple[int, ...],
    counters: tuple[int, ...],
    period: int = 30,
    *,
    told: bool = False,
    counter_words: str = "",
) -> list[Choice[Course]]:
    """List the ways to compute a moving factor; if counters are given, the right way is the first.

    Args:
        times: Unix time in seconds of each code; empty if there are only counters.
        counters: The counter expected for each code; empty if there are only times.
        period: The expected period in seconds.
        told: Whether a link or the caller specifies the period.
        counter_words: The reason why the expected counters are unknown; empty if they are known.
    """
    found: list[Choice[Course]] = []
    periods = (period, *(each for each in PERIODS if each != period))
    if counters:
        right = Course("hotp", counters, 1, (-NEAR, NEAR), (-FAR, FAR), wraps=True)
        found.append(Choice(right, words=counter_words))
        for each in periods:
            taken = Course("totp", counters, each, (0, 0), (0, 0), each)
            advice = "Pass the counter itself; only a time is divided by a period."
            found.append(
                Choice(taken, 1 + (each != period), "the counter taken for a time in seconds", advice)
            )
    else:
        # The counter of each code is one more than that of the code before, or higher if codes were skipped.
        order = sorted(times)
        row = tuple(map(order.index, times))
        device = Course("hotp", row, 1, (-1, FAR), (-1, FAR), slack=NEAR, wraps=True)
        advice = "Set the app to TOTP (time-based), or the server to HOTP (counter-based)."
        found.append(Choice(device, 1, "a counter (HOTP) where the time is expected", advice))
    if times:
        found += _clocks(times, periods, bool(counters), told)
    return found


def _clocks(
    times: tuple[int, ...], periods: tuple[int, ...], counted: bool, told: bool
) -> Iterator[Choice[Course]]:
    """Yield the ways to compute a moving factor from a clock."""
    right = periods[0]
    wrong = "the time (TOTP) where a counter is expected" if counted else ""
    mode = "Set the app to HOTP (counter-based), or the server to TOTP (time-based)." if counted else ""
    rare = tuple(each for each in RARE_PERIODS if each not in periods)
    for period, second in (*product(periods, (1, 1000)), *product(rare, (1,))):
        other = f"a period of {period} s where {right} s is expected" if told and period != right else ""
        words = "milliseconds where seconds are expected" if second > 1 else ""
        cost = (period != right) + counted + (second > 1)
        todo = (
            mode,
            "Set both sides to the same period." if period != right else "",
            "Divide the milliseconds of the clock by 1,000 first." if second > 1 else "",
        )
        yield Choice(
            _clock(times, period, second, period),
            cost,
            _joined(wrong, other, words),
            " ".join(filter(None, todo)),
            period in rare,
        )
    yield Choice(
        _clock(times, right, 1, None),
        1 + counted,
        "the time in seconds itself as the counter, not divided by a period",
        f"Divide the Unix time by the period of {right} s, and round down (RFC 6238 section 4.2).",
    )
    for name, start in EPOCHS:
        words = f"a clock that counts from {name} instead of 1970"
        advice = f"Count seconds from 1970: {'add' if start > 0 else 'subtract'} {abs(start):,}."
        moved = tuple(time - start for time in times)
        yield Choice(_clock(moved, right, 1, right), 1 + counted, _joined(wrong, words), advice, rare=True)


def _joined(*words: str) -> str:
    return ", ".join(filter(None, words))


def _clock(times: tuple[int, ...], near: int, second: int, period: int | None) -> Course:
    """Return one way to compute a moving factor from a clock."""
    return Course(
        "totp",
        tuple((time - TOLERANCE) * second for time in times),
        period or 1,
        (-NEAR * near * second, NEAR * near * second),
        (-DAY * second, DAY * second),
        period,
        second,
        (2 * TOLERANCE + 1) * second - 1,
    )
