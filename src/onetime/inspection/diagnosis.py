"""The search for the reason why a code does not match: readings of a secret, and implementation mistakes.

It serves developers and users who compare an implementation, an app or a server with another. A code has few
digits and there are many readings, so some fit by chance. A second code rules these out.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from onetime.algorithm import Algorithm
from onetime.checks import check_integer
from onetime.confidential import discreet
from onetime.encoding import read_text
from onetime.hotp import LAST_MOVING_FACTOR
from onetime.inspection import messages
from onetime.inspection.course import courses
from onetime.inspection.ending import endings
from onetime.inspection.finding import Finding
from onetime.inspection.link import Link, read_link
from onetime.inspection.machine import Machine, Trace
from onetime.inspection.plan import Hypothesis, Settings, plan
from onetime.inspection.reading import misspellings, readings
from onetime.inspection.sighting import Sighting, check_moments, read_code, read_counters, read_times
from onetime.inspection.typo import MAX_LENGTH

CONVINCING = 0.01
"""Chance of an accidental fit below which a finding ends the search, from 0 to 1."""

MAX_FINDINGS = 10
"""Maximum number of findings, best first."""

CHUNK = 25_000
"""Number of codes that are computed between two calls of `progress`."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The result of a search.

    Attributes:
        findings: The findings, best first, at most ten.
        tried: Number of codes that were computed and compared.
        sightings: Number of given codes, with which the computed codes were compared.
        not_tried: The parts that were left out of the search, in words.
    """

    findings: tuple[Finding, ...]
    tried: int
    sightings: int
    not_tried: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether a finding is unlikely to fit by accident."""
        return any(finding.chance < CONVINCING for finding in self.findings)

    @property
    def needs_second_code(self) -> bool:
        """Whether only one code was given, and the search did not find the expected settings for it."""
        right = self.found and self.findings[0].advice in (messages.RIGHT, messages.RIGHT_COUNTER)
        return self.sightings == 1 and not right

    def to_text(self) -> str:
        """Return a line for each finding. If no finding is certain, further lines say what was not tried."""
        lines = [f"{number}. {finding.to_text()}" for number, finding in enumerate(self.findings, 1)]
        if not lines:
            lines = [f"None of the {self.tried:,} computed codes fits.", messages.NOTHING]
        if self.needs_second_code:
            lines.append(messages.MORE)
        if not self.found and self.not_tried:
            lines += ["Not tried:", *(f"- {each}" for each in self.not_tried)]
        return "\n".join(lines)


@discreet
def diagnose(
    text: str,
    code: str,
    time: float | datetime | None = None,
    *,
    counter: int | None = None,
    period: int | None = None,
    more: Iterable[Sighting] = (),
    progress: Callable[[float], bool | None] | None = None,
) -> Diagnosis:
    """Search for the ways in which a code may have been computed from a secret.

    The search first tries the settings of a link, then readings of the secret, hashes, lengths, periods and
    counters, clocks that are wrong by up to a day, and known implementation mistakes: single mistakes, and
    pairs of mistakes with a clock that is nearly right. The search ends when a finding is unlikely to be
    accidental and no other hypothesis is as simple, or when the remaining hypotheses are expected to fit by
    chance. If nothing fits three or more codes, simple hypotheses are compared with all codes but one.

    Args:
        text: The secret in its written form (base32, hexadecimal, base64, base64url, a list of bytes, or
            plain text), or an `otpauth://` link. Text that was copied along with either is removed.
        code: The code that an app or a program shows: 1 to 10 digits.
        time: The time at which the code was shown, in Unix seconds or as an aware datetime.
        counter: The expected counter of the code, from 0 to 2^64-1, for an HOTP. If the text is the link of
            an HOTP and no code has a counter, the codes are expected at the link's counter and the next ones.
        period: The expected period in seconds, 1 or more; by default the link's period, or 30.
        more: Other codes of the same secret, each with a time, a counter or both, like the first code.
        progress: Called regularly with the completed fraction of the search, from 0 to 1. If it returns True,
            the search ends with the findings so far.

    Returns:
        The diagnosis, with the best findings first.

    Raises:
        SecretError: The text is empty, has a lone surrogate, is a link without a secret, is an export, or has
            several links.
        ValueError: A code does not have 1 to 10 digits; a time is before 1970, naive, not finite or probably
            in milliseconds; a number is out of range; a code has neither a time nor a counter; only some
            codes have a time, or only some have a counter; or two codes differ although their time and
            counter are the same.
        TypeError: An argument has the wrong type.
    """
    read_text(text)
    if period is not None:
        check_integer("period", period, 1, LAST_MOVING_FACTOR)
    link = read_link(text)
    sightings = (Sighting(code, time, counter), *more)
    codes = [read_code(sighting) for sighting in sightings]
    sightings = _placed(sightings, link)
    times, counters = read_times(sightings), read_counters(sightings)
    check_moments(codes, times, counters)
    different = len(set(codes))
    secret = text if link is None else link.secret
    keys = readings(secret)
    if different > 1:
        known = {reading.key for reading in keys}
        keys += tuple(each for each in misspellings(secret) if each.key not in known)
    digits = None if link is None else link.digits
    hypotheses, whole = plan(
        keys, endings(codes, digits), _settings(times, counters, link, period), different
    )
    planned = sum(len(hypothesis.factors) for hypothesis in hypotheses)
    stopped = False

    def goes_on(done: int) -> bool:
        nonlocal stopped
        stopped = progress is not None and bool(progress(done / planned))
        return not stopped

    notes = "" if link is None else messages.link_advice(link.unread, escaped=link.escaped)
    findings, tried = _search(hypotheses, codes, goes_on, notes)
    for number in range(len(codes)):
        if findings or stopped:
            break
        rest = codes[:number] + codes[number + 1 :]
        if len(set(rest)) < 2:
            continue
        others = sightings[:number] + sightings[number + 1 :]
        settings = _settings(read_times(others), read_counters(others), link, period)
        likely, _ = plan(keys[:1], endings(rest, digits), settings, len(set(rest)))
        simple = [each for each in likely if each.mistakes < 2]
        fitting, more_tried = _search(simple, rest, lambda _: True, notes)
        findings = tuple(_without(number, finding, len(codes)) for finding in fitting)
        tried += more_tried
    left_out = messages.not_tried(
        timed=bool(times),
        counted=bool(counters),
        codes=different,
        long=len(secret) > MAX_LENGTH,
        unread=() if link is None else link.unread,
        cut=not whole,
        stopped=stopped,
    )
    return Diagnosis(findings, tried, len(codes), left_out)


def _placed(sightings: tuple[Sighting, ...], link: Link | None) -> tuple[Sighting, ...]:
    """Return the codes, with the counters of an HOTP link if no code has a counter."""
    if link is None or link.kind != "hotp" or any(each.counter is not None for each in sightings):
        return sightings
    first = link.counter or 0
    if first + len(sightings) - 1 > LAST_MOVING_FACTOR:
        raise ValueError(
            "the last code must be at a counter below 2^64; the link has the counter of the first"
        )
    return tuple(replace(each, counter=first + number) for number, each in enumerate(sightings))


def _settings(
    times: tuple[int, ...], counters: tuple[int, ...], link: Link | None, period: int | None
) -> list[Settings]:
    """List the expected settings, and those of apps that ignore the settings of a link."""
    told_period = period or (link.period if link is not None and link.kind == "totp" else None)
    told_hash = link.algorithm if link is not None else None
    algorithm, seconds = told_hash or Algorithm.SHA1, told_period or 30
    lost = link is not None and "counter" in link.unread and counters == tuple(range(len(counters)))
    words = messages.COUNTER_UNREAD if lost else ""
    expected = courses(times, counters, seconds, told=told_period is not None, counter_words=words)
    found = [Settings(str(algorithm), expected, told_hash is not None)]
    if algorithm != Algorithm.SHA1 and seconds != 30 and times:
        words = "the hash and the period of the link ignored"
        advice = "Many apps support only SHA1 and 30 s. Use these settings, or another app."
        found.append(Settings(str(Algorithm.SHA1), courses(times, counters), False, 1, words, advice))
    return found


def _search(
    hypotheses: Sequence[Hypothesis], codes: Sequence[str], goes_on: Callable[[int], bool], notes: str
) -> tuple[tuple[Finding, ...], int]:
    """Try one hypothesis after another, and return the best findings and the number of computed codes."""
    found: list[tuple[tuple[int, int], float, Finding]] = []
    tried, hits = 0, 0.0
    machine = Machine(codes)
    for hypothesis in hypotheses:
        factors = hypothesis.factors
        rank = (hypothesis.mistakes, len(factors))
        if found and any(finding.chance < CONVINCING and rank > other for other, _, finding in found):
            break
        hits += len(factors) * hypothesis.finish.likelihood
        for start in range(0, len(factors), CHUNK):
            part = factors[start : start + CHUNK]
            for factor in machine.matches(hypothesis, part, 0):
                trace = machine.follow(hypothesis, factor)
                if trace is not None:
                    finding = _finding(hypothesis, trace, hits, notes)
                    if not any(_says_less(other, finding) for *_, other in found):
                        distance = max(map(abs, trace.errors)) / hypothesis.course.value.length
                        found.append((rank, distance, finding))
            tried += len(part)
            if tried // CHUNK > (tried - len(part)) // CHUNK and not goes_on(tried):
                return _best(found), tried
    return _best(found), tried


def _best(found: list[tuple[tuple[int, int], float, Finding]]) -> tuple[Finding, ...]:
    return tuple(finding for *_, finding in sorted(found, key=lambda each: each[:2])[:MAX_FINDINGS])


def _without(number: int, finding: Finding, codes: int) -> Finding:
    """Return a finding for all codes but one, with words that name the code at index `number`."""
    advice = [f"Check code {number + 1}, and its time or counter."]
    if finding.advice not in (messages.RIGHT, messages.RIGHT_COUNTER):
        advice.append(finding.advice)
    return replace(
        finding,
        mistakes=(f"code {number + 1} does not belong to the others", *finding.mistakes),
        advice=" ".join(advice),
        chance=min(1.0, finding.chance * codes),
    )


def _says_less(finding: Finding, other: Finding) -> bool:
    """Return whether another finding differs only by additional mistakes that change none of the codes."""
    same = ("reading", "algorithm", "moving_factors")
    return set(finding.mistakes) <= set(other.mistakes) and all(
        getattr(finding, name) == getattr(other, name) for name in same
    )


def _finding(hypothesis: Hypothesis, trace: Trace, hits: float, notes: str) -> Finding:
    """Return the finding, in values and words; the advice begins with the notes on the link."""
    settings, source, course = hypothesis.settings, hypothesis.source, hypothesis.course
    _, _, place, sign, ending, _, _ = hypothesis.finish
    clock = ahead = None
    error = error_advice = ""
    if course.value.second:
        clock = (trace.errors[0] // course.value.second, trace.errors[1] // course.value.second)
        error = messages.clock_words(*clock)
        error_advice = messages.clock_advice(error)
    elif course.value.kind == "hotp" and not course.words:
        ahead = trace.errors[0]
        error = f"the counter is {abs(ahead)} {'ahead' if ahead > 0 else 'behind'}" if ahead else ""
        error_advice = ("", messages.AHEAD, messages.BEHIND)[(ahead > 0) - (ahead < 0)]
    steps = (settings, source.keying, source.message, place, sign, ending, course)
    right = messages.RIGHT if course.value.kind == "totp" else messages.RIGHT_COUNTER
    advice = dict.fromkeys((notes, source.reading.advice, *(step.advice for step in steps), error_advice))
    return Finding(
        kind=course.value.kind,
        reading=source.reading.words,
        algorithm=source.keying.value.hash.name,
        digits=ending.value.digits,
        period=course.value.period,
        moving_factors=tuple(factor & LAST_MOVING_FACTOR for factor in trace.factors),
        clock=clock,
        ahead=ahead,
        mistakes=tuple(filter(None, (*(step.words for step in steps), error))),
        advice=" ".join(filter(None, advice)) or right,
        # If n hypotheses fit by accident on average, the chance that none fits is e^-n.
        chance=-math.expm1(-hits * trace.likelihood),
    )
