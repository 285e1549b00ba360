"""A code that was shown, with its time or counter."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from onetime.checks import check_integer
from onetime.hotp import LAST_MOVING_FACTOR, MAX_DIGITS
from onetime.times import LATEST, split_time


@dataclass(frozen=True, slots=True)
class Sighting:
    """A code that was shown, with its time or counter.

    Attributes:
        code: The code that was shown: 1 to 10 digits, with or without spaces and hyphens between them.
        time: The time at which the code was shown, in Unix seconds or as an aware datetime, for a TOTP.
        counter: The expected counter, from 0 to 2^64-1, for an HOTP.
    """

    code: str = field(repr=False)
    time: float | datetime | None = None
    counter: int | None = None


def read_code(sighting: Sighting) -> str:
    """Return the digits of a code, without spaces and hyphens.

    Raises:
        ValueError: The code does not have 1 to 10 digits.
        TypeError: The argument is not a Sighting, or its code is not a str.
    """
    if not isinstance(sighting, Sighting):
        raise TypeError("each of the other codes must be a Sighting")
    if not isinstance(sighting.code, str):
        raise TypeError("a code must be a str; an int has lost its leading zeros")
    digits = sighting.code.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
        raise ValueError(
            f"a code must have 1 to {MAX_DIGITS} digits, and nothing else except spaces and hyphens"
        )
    return digits


def read_times(sightings: Sequence[Sighting]) -> tuple[int, ...]:
    """Return the times of all codes in whole Unix seconds, or nothing if no code has a time.

    Raises:
        ValueError: A time is before 1970, naive, not finite or probably in milliseconds, or only some codes
            have a time.
        TypeError: A time has the wrong type.
    """
    times = [split_time(sighting.time)[0] for sighting in sightings if sighting.time is not None]
    if times and min(times) < 0:
        raise ValueError("a time must not be before 1970")
    if any(not isinstance(each.time, datetime) and (each.time or 0) > LATEST for each in sightings):
        raise ValueError("a time must be in seconds; this may be milliseconds")
    if times and len(times) < len(sightings):
        raise ValueError("all codes must have a time, or none")
    return tuple(times)


def read_counters(sightings: Sequence[Sighting]) -> tuple[int, ...]:
    """Return the counters of all codes, or nothing if no code has a counter and all have a time.

    Raises:
        ValueError: A counter is out of range, only some codes have one, or a code has neither time nor
            counter.
        TypeError: A counter is not an int.
    """
    counters = [sighting.counter for sighting in sightings if sighting.counter is not None]
    for counter in counters:
        check_integer("counter", counter, 0, LAST_MOVING_FACTOR)
    if counters and len(counters) < len(sightings):
        raise ValueError("all codes must have a counter, or none")
    if not counters and sightings[0].time is None:
        raise ValueError("a code must have a time or a counter")
    return tuple(counters)


def check_moments(codes: Sequence[str], times: Sequence[int], counters: Sequence[int]) -> None:
    """Raise an error if two codes differ although their time and counter are the same.

    Args:
        codes: The digits of each code.
        times: Unix time in seconds of each code; empty if there are only counters.
        counters: The counter expected for each code; empty if there are only times.

    Raises:
        ValueError: Two codes contradict each other. The error names their positions, which count from 1.
    """
    known: dict[tuple[int, ...], int] = {}
    for number, place in enumerate(zip(*filter(None, (times, counters)), strict=True)):
        first = known.setdefault(place, number)
        if codes[first] != codes[number]:
            raise ValueError(
                f"codes {first + 1} and {number + 1} differ, so they must have different times or counters"
            )
