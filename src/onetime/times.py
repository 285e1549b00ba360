"""Times: Unix seconds as int or float, or an aware datetime."""

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from datetime import datetime

LATEST = 10**11
"""Unix time in seconds, in the year 5138. A later number is assumed to be in milliseconds."""

END_OF_TIME = 2.0**127
"""Unix time in seconds, later than any stored time. It is a float, because comparing two floats is faster."""


def split_time(time: "float | datetime") -> tuple[int, float]:
    """Split a time into whole Unix seconds, which are exact, and the remaining fraction of a second.

    Raises:
        TypeError: The time is not an int, a float or a datetime.
        ValueError: The time is not a finite number, or is a naive datetime.
    """
    if isinstance(time, int) and not isinstance(time, bool):
        return time, 0
    if isinstance(time, float):
        if time - time != 0:
            raise ValueError("the time must be a finite number")
        seconds = int(time // 1)
        return seconds, time - seconds
    # Most programs pass numbers and never need this import.
    from datetime import UTC, datetime

    if not isinstance(time, datetime):
        raise TypeError(f"a time must be an int, a float or an aware datetime, not {type(time).__name__}")
    if time.utcoffset() is None:
        raise ValueError("the datetime must not be naive; give it a time zone, for example datetime.now(UTC)")
    since = time - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86400 + since.seconds, since.microseconds / 1_000_000


def whole_seconds(now: float) -> int:
    """Round the time of a server's clock down to whole Unix seconds.

    Raises:
        ValueError: The clock is before 1970, or its time is not a finite number.
    """
    if not 0 <= now < END_OF_TIME:
        raise ValueError("the clock must not be before 1970, and its time must be a finite number")
    return int(now)
