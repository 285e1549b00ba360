"""The plan of the search: which hypotheses are tried, and in which order.

The search does not try the full product. A hypothesis makes a choice at each step of the computation. Near
the expected counter or time, any two choices may be wrong. A distant counter or time counts as a mistake.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, product
from typing import NamedTuple

from onetime.inspection.choice import Choice
from onetime.inspection.course import Course
from onetime.inspection.ending import Ending
from onetime.inspection.keying import Keying, keyings, right_keying
from onetime.inspection.message import MESSAGES
from onetime.inspection.reading import Reading
from onetime.inspection.truncation import BYTE_19, COUNTED_BYTE_19, PLACES, SIGNS, Place, Sign, truncation

MAX_MISTAKES = 2
"""Maximum number of mistakes in a hypothesis."""


class Settings(NamedTuple):
    """The settings of a code.

    Attributes:
        algorithm: Name of the hash.
        courses: The ways to compute a moving factor.
        told: Whether a link names the hash.
        cost: Number of mistakes that these settings count as, 0 or 1.
        words: Description of the mistake in the settings; empty for the expected settings.
        advice: How to correct the settings.
    """

    algorithm: str
    courses: list[Choice[Course]]
    told: bool = False
    cost: int = 0
    words: str = ""
    advice: str = ""


class Source(NamedTuple):
    """The source of HMACs. Hypotheses with the same source share the HMACs."""

    reading: Reading
    keying: Choice[Keying]
    message: Choice[Callable[[int], bytes]]


class Finish(NamedTuple):
    """The steps from an HMAC to a code.

    Attributes:
        cost: Number of mistakes that the steps count as.
        rare: Whether a step is tried only near the expected time or counter.
        truncate: Computes a number from the HMAC.
        likelihood: The chance that a code unrelated to the secret matches, from 0 to 1.
    """

    cost: int
    rare: bool
    place: Place
    sign: Sign
    ending: Choice[Ending]
    truncate: Callable[[bytes], int]
    likelihood: float


class Hypothesis(NamedTuple):
    """A hypothesis: a choice for each step, and the range of moving factors to search.

    Attributes:
        mistakes: Number of mistakes.
        factors: The moving factors that the first code may have.
    """

    mistakes: int
    factors: range
    settings: Settings
    source: Source
    course: Choice[Course]
    finish: Finish


def plan(
    readings: Sequence[Reading],
    endings: Sequence[Choice[Ending]],
    settings: Sequence[Settings],
    codes: int,
) -> tuple[list[Hypothesis], bool]:
    """List the hypotheses, the likeliest first: with few mistakes, then with few moving factors.

    Args:
        readings: The ways to read the secret.
        endings: The ways to make digits.
        settings: The expected settings, and other settings.
        codes: Number of different codes to compare with.

    Returns:
        The hypotheses, up to the point where one is expected to fit by chance; and whether that is all.
    """
    hypotheses: list[Hypothesis] = []
    for each in settings:
        hypotheses += _hypotheses(readings, endings, each)
    # Hypotheses with the same source stay together, so that its HMACs are computed once.
    hypotheses.sort(key=lambda each: (each.mistakes, len(each.factors)))
    hits = accumulate(len(each.factors) * each.finish.likelihood**codes for each in hypotheses)
    count = sum(expected <= 1 for expected in hits)
    return hypotheses[:count], count == len(hypotheses)


def _hypotheses(
    readings: Sequence[Reading], endings: Sequence[Choice[Ending]], settings: Settings
) -> Iterator[Hypothesis]:
    short, long, counted = (
        _finishes([*PLACES, *more], endings) for more in ((), (BYTE_19,), (COUNTED_BYTE_19,))
    )
    courses = sorted(settings.courses, key=lambda course: course.cost)
    ranges = [[course.value.search(far) for far in (False, True)] for course in courses]
    for source in _sources(readings, settings):
        _, keying, _ = source
        cost = settings.cost + source.reading.cost + keying.cost + source.message.cost
        rare = source.reading.rare or keying.rare or source.message.rare
        finishes = short if keying.value.hash.digest_size == 20 else long if keying.cost else counted
        for course, (near, beyond) in zip(courses, ranges, strict=True):
            if cost + course.cost > MAX_MISTAKES:
                break
            if source.reading.cost > 1:
                # There may be thousands of these readings, so fewer moving factors are tried for each.
                near = course.value.search_closely()
            # The moving factors are in the outer loop, so that finishes share their HMACs.
            for far, side in [(0, factors) for factors in near] + [(1, factors) for factors in beyond]:
                for finish in finishes:
                    mistakes = cost + course.cost + finish.cost + far
                    if mistakes > MAX_MISTAKES:
                        break
                    if not (far and (rare or course.rare or finish.rare)):
                        yield Hypothesis(mistakes, side, settings, source, course, finish)


def _sources(readings: Sequence[Reading], settings: Settings) -> Iterator[Source]:
    """Yield the ways to compute an HMAC with at most MAX_MISTAKES mistakes."""
    for reading in readings:
        left = MAX_MISTAKES - settings.cost - reading.cost
        if left > 0:
            ways = keyings(reading.key, settings.algorithm, told=settings.told)
        else:
            ways = [right_keying(settings.algorithm)]
        for keying in ways:
            for message in MESSAGES:
                if keying.cost + message.cost <= left:
                    yield Source(reading, keying, message)


def _finishes(places: Sequence[Place], endings: Sequence[Choice[Ending]]) -> list[Finish]:
    """List the ways to compute a code from an HMAC, those with few mistakes first."""
    found = []
    for place, sign, ending in product(places, SIGNS, endings):
        cost = place.cost + sign.cost + ending.cost
        if cost <= MAX_MISTAKES:
            rare = place.rare or sign.rare or ending.rare
            likelihood = ending.value.likelihood
            found.append(Finish(cost, rare, place, sign, ending, truncation(place, sign), likelihood))
    return sorted(found, key=lambda finish: finish.cost)
