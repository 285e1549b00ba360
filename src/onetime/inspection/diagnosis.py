"""Why doesn't my code match? The readings of a secret, and the mistakes, that give the code which is shown.

For people who check an implementation, an app or a server against what they believe is right. A code has
few digits and the readings are many, so some fit by accident: a second code tells them apart.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from onetime.algorithm import Algorithm
from onetime.checks import check_integer
from onetime.confidential import discreet
from onetime.hotp import LAST_MOVING_FACTOR, MAX_DIGITS, MIN_DIGITS
from onetime.inspection.mistake import Choice
from onetime.inspection.reading import readings
from onetime.inspection.search import Hypothesis, Machine, Trace, courses, plan
from onetime.inspection.wording import clock_words, odds
from onetime.times import split_time

CONVINCING = 0.01
"""A finding that is less likely than this to be chance ends the search."""

MAX_FINDINGS = 10
"""So many findings are given, the best."""

CHUNK = 20_000
"""So many codes are computed between two reports of the progress."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A code that was shown, and when.

    Attributes:
        code: What was shown: 1 to 10 digits, spaces and hyphens between them.
        time: When, in Unix seconds or as an aware datetime, where the code should come from the time.
        counter: The counter, from 0 to 2^64-1, where the code should come from a counter.
    """

    code: str = field(repr=False)
    time: float | datetime | None = None
    counter: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One way in which the codes may have come about.

    Attributes:
        kind: "totp" or "hotp", by what the factors come from.
        reading: How the secret was read, in words.
        algorithm: The hash.
        digits: Length of a code.
        period: Length of a step in seconds; None without steps.
        factors: The counter or step of each code.
        clock: How many seconds the clock is fast, at least and at most; negative numbers are slow. None
            without a clock.
        ahead: How many counters the app is ahead of the expected one; None without a counter.
        mistakes: What is wrong with the clock, the counter or the computation, in words.
        chance: How likely it is that something fits so well by accident, given what was tried.
    """

    kind: str
    reading: str
    algorithm: Algorithm
    digits: int
    period: int | None
    factors: tuple[int, ...]
    clock: tuple[int, int] | None
    ahead: int | None
    mistakes: tuple[str, ...]
    chance: float

    def to_dict(self) -> dict[str, object]:
        """Give out every value by name: what JSON can hold."""
        return asdict(self)

    def to_text(self) -> str:
        """Say it in a sentence."""
        period, place = (f", period {self.period} s", "step") if self.period else ("", "counter")
        head = f"{self.algorithm}, {self.digits} digits{period}, secret read as {self.reading}, "
        head += f"{place} {self.factors[0]}"
        usual = (self.algorithm, self.digits, self.period or 30, self.reading) == ("SHA1", 6, 30, "base32")
        tail = self.mistakes or (("as most apps make it",) if usual else ())
        return f"{'; '.join((head, *tail))} ({odds(self.chance)})"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a search has found.

    Attributes:
        findings: The best first, at most ten.
        tried: How many codes were computed and compared.
        sightings: How many codes there were to compare with.
    """

    findings: tuple[Finding, ...]
    tried: int
    sightings: int

    @property
    def found(self) -> bool:
        """Whether a finding is hardly an accident."""
        return any(finding.chance < CONVINCING for finding in self.findings)

    def to_text(self) -> str:
        """Say it in a line for each finding."""
        lines = [f"{number}. {finding.to_text()}" for number, finding in enumerate(self.findings, 1)]
        if not lines:
            lines = [f"Nothing fits, of {self.tried:,} codes that were computed."]
        if not self.found and self.sightings == 1:
            lines.append("A second code, from another time or counter, would tell more.")
        return "\n".join(lines)


@discreet
def diagnose(
    text: str,
    code: str,
    time: float | datetime | None = None,
    *,
    counter: int | None = None,
    more: Iterable[Sighting] = (),
    progress: Callable[[float], bool | None] | None = None,
) -> Diagnosis:
    """Find out how a code that is shown may have come from a secret.

    It tries the readings of the secret, the hashes, lengths, periods and counters, clocks that are wrong
    by up to a day, and the known mistakes of implementations: one after the other, and two together with
    a clock that is nearly right. It ends once a finding is hardly chance and nothing as simple is left to
    try, or once chance alone is expected to fit.

    Args:
        text: The secret as it is written: base32, hexadecimal, base64, base64url or plain text.
        code: The code that an app or a program shows: 1 to 10 digits.
        time: When it showed it, in Unix seconds or as an aware datetime.
        counter: The counter that it should be the code of, from 0 to 2^64-1, if it isn't from the time.
        more: Other codes of the same secret, each with its time, or counter, or both, as the first has.
        progress: Called now and then with the part of the search that is done, from 0 to 1. If it
            returns True, the search ends with what it has found so far.

    Raises:
        SecretError: The text is empty, or not Unicode.
        ValueError: A code is not of digits, a time is before 1970, naive or not finite, a counter is out
            of range, or a code has neither time nor counter, or has not what the first one has.
        TypeError: An argument has the wrong type.
    """
    keys = readings(text)
    sightings = (Sighting(code, time, counter), *more)
    codes = [read_code(sighting) for sighting in sightings]
    numbers = [int(digits) for digits in codes]
    ways = courses(_times(sightings), _counters(sightings))
    hypotheses = plan(keys, _lengths(codes), ways, len(set(numbers)))
    planned = sum(len(hypothesis.factors) for hypothesis in hypotheses)
    findings, tried = _search(
        hypotheses, numbers, lambda done: progress is None or not progress(done / planned)
    )
    return Diagnosis(findings, tried, len(codes))


def _search(
    hypotheses: Sequence[Hypothesis], numbers: Sequence[int], goes_on: Callable[[int], bool]
) -> tuple[tuple[Finding, ...], int]:
    """Try one hypothesis after the other; return the best findings, and how many codes were computed."""
    found: list[tuple[tuple[int, int], float, Finding]] = []
    tried, hits = 0, 0.0
    for hypothesis in hypotheses:
        factors = hypothesis.factors
        rank = (hypothesis.mistakes, len(factors))
        if any(finding.chance < CONVINCING and rank > other for other, _, finding in found):
            break
        machine = Machine(hypothesis)
        hits += len(factors) * hypothesis.likelihood
        for start in range(0, len(factors), CHUNK):
            part = factors[start : start + CHUNK]
            for factor in machine.matches(part, numbers[0]):
                trace = machine.follow(factor, numbers)
                if trace is not None:
                    finding = _finding(hypothesis, trace, hits)
                    if not any(_says_less(other, finding) for *_, other in found):
                        distance = max(map(abs, trace.errors)) / hypothesis.course.value.length
                        found.append((rank, distance, finding))
            tried += len(part)
            if tried // CHUNK > (tried - len(part)) // CHUNK and not goes_on(tried):
                return _best(found), tried
    return _best(found), tried


def _best(found: list[tuple[tuple[int, int], float, Finding]]) -> tuple[Finding, ...]:
    return tuple(finding for *_, finding in sorted(found, key=lambda each: each[:2])[:MAX_FINDINGS])


def _says_less(finding: Finding, other: Finding) -> bool:
    """Tell whether all that another finding has more is mistakes that change none of the codes."""
    same = ("reading", "algorithm", "factors")
    return set(finding.mistakes) <= set(other.mistakes) and all(
        getattr(finding, name) == getattr(other, name) for name in same
    )


def read_code(sighting: Sighting) -> str:
    """Read the digits of a code, without spaces and hyphens.

    Raises:
        ValueError: It is not of 1 to 10 digits.
        TypeError: It is no Sighting, or its code no str.
    """
    if not isinstance(sighting, Sighting):
        raise TypeError("each other code is a Sighting")
    if not isinstance(sighting.code, str):
        raise TypeError("a code is a str; an int has lost its leading zeros")
    digits = sighting.code.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
        raise ValueError(f"a code has 1 to {MAX_DIGITS} digits, and nothing else but spaces and hyphens")
    return digits


def _times(sightings: Sequence[Sighting]) -> tuple[int, ...]:
    """Read the times, in whole Unix seconds: all codes have one, or none has."""
    times = [split_time(sighting.time)[0] for sighting in sightings if sighting.time is not None]
    if times and (len(times) < len(sightings) or min(times) < 0):
        raise ValueError("a time is before 1970" if min(times) < 0 else "some codes have a time, others none")
    return tuple(times)


def _counters(sightings: Sequence[Sighting]) -> tuple[int, ...]:
    """Read the counters: all codes have one, or none has, and then all have a time."""
    counters = [sighting.counter for sighting in sightings if sighting.counter is not None]
    for counter in counters:
        check_integer("counter", counter, 0, LAST_MOVING_FACTOR)
    if counters and len(counters) < len(sightings):
        raise ValueError("some codes have a counter, others none")
    if not counters and sightings[0].time is None:
        raise ValueError("the code has neither a time nor a counter")
    return tuple(counters)


def _lengths(codes: Sequence[str]) -> list[Choice[int]]:
    """Tell how long the codes may be: as they are, or longer, if leading zeros may have been lost."""
    longest = max(map(len, codes))
    found = []
    for digits in range(max(longest, MIN_DIGITS), MAX_DIGITS + 1):
        if all(len(code) == digits for code in codes):
            found.append(Choice(digits))
        elif all(len(code) == digits or not code.startswith("0") or code == "0" for code in codes):
            found.append(Choice(digits, 1, "leading zeros are lost"))
    return found


def _finding(hypothesis: Hypothesis, trace: Trace, hits: float) -> Finding:
    """Put into values and words what was found where so many hits of the first code are chance."""
    course, keying = hypothesis.course, hypothesis.keying
    clock = ahead = None
    error = ""
    if course.value.second:
        clock = (trace.errors[0] // course.value.second, trace.errors[1] // course.value.second)
        error = clock_words(*clock)
    elif course.value.kind == "hotp" and not course.words:
        ahead = trace.errors[0]
        error = f"the counter is {abs(ahead)} {'ahead' if ahead > 0 else 'behind'}" if ahead else ""
    steps = (keying, hypothesis.message, hypothesis.place, hypothesis.sign, hypothesis.digits, course)
    return Finding(
        kind=course.value.kind,
        reading=hypothesis.reading.value.words,
        algorithm=keying.value.algorithm,
        digits=hypothesis.digits.value,
        period=course.value.period,
        factors=trace.factors,
        clock=clock,
        ahead=ahead,
        mistakes=tuple(filter(None, (*(choice.words for choice in steps), error))),
        # So many are expected to fit by accident; none does with the chance e^-expected.
        chance=-math.expm1(-hits * trace.likelihood),
    )
