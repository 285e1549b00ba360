"""The messages of a diagnosis: the error of a clock, the chance of an accident, and what was not tried."""

from onetime.inspection.course import PERIODS, RARE_PERIODS
from onetime.inspection.keying import HASHES

ZONES = (*range(1800, 14 * 3600 + 1, 1800), 20_700, 31_500, 45_900, 49_500)
"""Differences between time zones, in seconds: whole and half hours, 5:45, 8:45, 12:45 and 13:45."""

ZONE_SLACK = 60
"""Maximum error of a clock in addition to a wrong time zone, in seconds."""

RIGHT = (
    "Nothing is wrong with this code. If the server refuses it, check the server's secret and clock, and do "
    "not use a code twice."
)
"""Advice if the settings are as expected."""

RIGHT_COUNTER = (
    "Nothing is wrong with this code. If the server refuses it, check the server's secret and counter, and "
    "do not use a code twice."
)
"""Advice if a code is computed from a counter, and the settings are as expected."""

AHEAD = "Resynchronize: the server must look this far ahead, or accept three consecutive codes."
"""Advice if the app's counter is ahead."""

BEHIND = "Set the counter of the app and of the server to the same value: codes of used counters are refused."
"""Advice if the app's counter is behind."""

MORE = "A second code, from another time or counter, would give a surer result."
"""Advice if a single code may fit by chance."""

NOTHING = "The device probably has another secret. Compare the secrets, or enroll the device again."
"""Advice if no computed code fits."""


ESCAPED = (
    'The link has "&amp;" where "&" belongs: an app ignores the settings after it. Copy the link as text, '
    "not from the source of a page."
)
"""Advice if a link is escaped as in HTML."""

COUNTER_UNREAD = "the link's counter could not be used"
"""Words for the counter of an HOTP if the expected one is unknown."""


def link_advice(unread: tuple[str, ...], *, escaped: bool) -> str:
    """Return the advice on the faults of a link; empty if it has none.

    Args:
        unread: Names of the parts of the link that could not be used.
        escaped: Whether the link has "&amp;" in place of "&".
    """
    parts = f"The link's {' and '.join(unread)} could not be used: an app may refuse or misread this link."
    return " ".join((*((ESCAPED,) if escaped else ()), *((parts,) if unread else ())))


def clock_words(low: int, high: int) -> str:
    """Return the error of a clock in words, with a known cause of such an error.

    Args:
        low: The least error in seconds; negative if the clock is slow.
        high: The greatest error in seconds.

    Returns:
        The words; empty if the clock may be right.
    """
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


def clock_advice(words: str) -> str:
    """Return the advice for the words of `clock_words`; empty if they are empty."""
    if ": " in words:
        return "Compute steps from Unix time, which is UTC, and set the time zone of the device."
    return "Set the clock of the device to network time." if words else ""


def _duration(seconds: int) -> str:
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def odds(chance: float) -> str:
    """Return the chance of an accidental fit, in words.

    Args:
        chance: From 0 to 1.
    """
    if chance > 0.5:
        return "likely by accident"
    if chance >= 0.01:
        return f"by accident: {chance:.0%}"
    return f"by accident: 1 in {round(1 / chance):,}" if chance > 1e-12 else "not by accident"


def not_tried(
    *, timed: bool, counted: bool, codes: int, long: bool, unread: tuple[str, ...], cut: bool, stopped: bool
) -> tuple[str, ...]:
    """Return the parts that a search leaves out, in words.

    Args:
        timed: Whether the codes have times.
        counted: Whether the codes have counters.
        codes: Number of different codes.
        long: Whether the secret is too long for a search for one wrong, lost or added letter.
        unread: Names of the settings of a link that could not be used.
        cut: Whether the plan ended where a hypothesis is expected to fit by chance.
        stopped: Whether the caller stopped the search.
    """
    periods = sorted((*PERIODS, *RARE_PERIODS))
    found = [f"the link's {name}, which could not be used" for name in unread]
    if stopped:
        found.append("the rest of the search, which was stopped")
    if cut:
        found.append(f"hypotheses that would fit {'one code' if codes == 1 else 'these codes'} by chance")
    if codes == 1:
        found.append("one wrong, lost or added letter in the secret, which a single code cannot prove")
    else:
        off = "" if long else ", where a clock or counter is more than 5 steps off"
        found.append(f"one wrong, lost or added letter in a secret{' as long as this' if long else ''}{off}")
    if timed:
        found.append("clocks that are more than a day off")
        found.append("microseconds, and milliseconds that are not divided by a period")
        found.append(f"periods other than {', '.join(map(str, periods))} s, without a link or a period given")
    if counted:
        found.append("counters more than 1,000 away")
    found += [
        f"hashes other than {', '.join(HASHES)}",
        "more than two mistakes at once, or more than one with a clock or counter that is far off",
        "codes of other kinds: with letters, with a PIN, or from a challenge (OCRA)",
    ]
    return tuple(found)
