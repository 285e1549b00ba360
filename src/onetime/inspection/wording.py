"""The words of a finding: how far a clock is off, and how likely an accident is."""

ZONES = (*range(1800, 14 * 3600 + 1, 1800), 20_700, 31_500, 45_900, 49_500)
"""How far time zones are from each other, in seconds: whole and half hours, 5:45, 8:45, 12:45 and 13:45."""

ZONE_SLACK = 60
"""A clock that is off by a time zone may be off by so many seconds more."""


def clock_words(low: int, high: int) -> str:
    """Say how far a clock is off, and what is known to put it off so far."""
    if low <= 0 <= high:
        return ""
    least, most = (low, high) if low > 0 else (-high, -low)
    off = _duration(least) if least == most else f"{_duration(least)} to {_duration(most)}"
    words = f"the clock is {off} {'fast' if low > 0 else 'slow'}"
    for zone in ZONES:
        if least - ZONE_SLACK <= zone <= most + ZONE_SLACK:
            summer = "daylight-saving time, or " if zone == 3600 else ""
            return f"{words}: {summer}a time zone off by {_duration(zone)}"
    return words


def _duration(seconds: int) -> str:
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def odds(chance: float) -> str:
    """Say how likely it is that something fits by accident."""
    if chance > 0.5:
        return "likely by accident"
    if chance >= 0.01:
        return f"by accident: {chance:.0%}"
    return f"by accident: 1 in {round(1 / chance):,}" if chance > 1e-12 else "not by accident"
