"""The verdict on a code, and on three: no clock, no lock, no store."""

import sys
import unittest
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hmac import compare_digest
from random import Random
from typing import Any
from unittest import mock

from onetime import (
    HOTP,
    TOTP,
    DisabledError,
    IncorrectCodeError,
    MalformedCodeError,
    OnetimeError,
    OtherCredentialError,
    ReplayedCodeError,
    Secret,
    ThrottledError,
    VerificationError,
)
from onetime.verification.decision import decide
from onetime.verification.device import Device
from onetime.verification.evidence import Accepted, Decision
from onetime.verification.policy import YEAR, Policy
from onetime.verification.resync import decide_resync
from onetime.verification.state import State
from onetime.verification.throttle import Throttle
from tests.support import RFC_KEY, shown, vectors

SECRET = Secret(RFC_KEY)
KEYED = HOTP(SECRET)
TIMED = TOTP(SECRET)
LAST = 2**64 - 1
ENROLLMENT = 4226
REFILL = 51_840
STEP = 60_000_000
NOW = STEP * 30 + 7
"""A time in the middle of that step."""

COLLISIONS = (
    *((910737, 910738, "911617"), (1300575, 1300576, "761737"), (153567, 153569, "468457")),
    *((103424, 103427, "746629"), (2288500, 2288504, "129560"), (1217265, 1217270, "076200")),
    *((2386, 2394, "709847"), (1530883, 1530892, "006736")),
)
"""Factors of the RFC's key that share a code of six digits, found by search, one in 300,000 pairs or so."""

UNMETERED = Policy(min_delay=0, budget=9_000, max_devices=1)
"""So generous that nothing is delayed in a test."""


def fresh(credential: HOTP | TOTP, watermark: int = 0, **parts: Any) -> State:
    """Return a user with one device, with some parts as they may come to be."""
    device = Device.fresh(credential, ENROLLMENT)._replace(watermark=watermark)
    ours = {name: parts.pop(name) for name in ("drift", "anchor", "streak") if name in parts}
    return State(**parts).put("default", device._replace(**ours))


def only(state: State) -> Device:
    """Return the one device of a user."""
    (device,) = state.devices.values()
    return device


def evidence(moving_factor: int, offset: int, drift: int, failures_before: int) -> Accepted:
    """Return the evidence of a code of the one device."""
    return Accepted("default", moving_factor, offset, drift, failures_before)


def wrong(credential: HOTP | TOTP, *near: int) -> str:
    """Choose a code that no factor around has."""
    taken = {credential_code(credential, factor + i) for factor in near for i in range(-130, 131)}
    return next(code for code in ("000000", "111111", "222222") if code not in taken)


def credential_code(credential: HOTP | TOTP, factor: int) -> str:
    """Make the code of a factor of either kind; "" where there is no such factor."""
    if not 0 <= factor <= LAST:
        return ""
    return credential.at_step(factor) if isinstance(credential, TOTP) else credential.at(factor)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the codes that are made, the fingerprints, and the comparisons in constant time."""
    made: Counter[str] = Counter()

    def counting(name: str, function: Any) -> Any:
        def call(*args: Any) -> Any:
            made[name] += 1
            return function(*args)

        return call

    computed = HOTP.codes

    def made_codes(hotp: HOTP, start: int, count: int) -> tuple[str, ...]:
        made["codes"] += count
        return computed(hotp, start, count)

    with (
        mock.patch.object(HOTP, "codes", made_codes),
        mock.patch.object(HOTP, "at", counting("codes", HOTP.at)),
        mock.patch.object(HOTP, "hmac", counting("fingerprints", HOTP.hmac)),
        mock.patch("onetime.verification.decision.compare_digest", counting("compared", compare_digest)),
        mock.patch("onetime.verification.resync.compare_digest", counting("compared", compare_digest)),
    ):
        yield made


class Case(unittest.TestCase):
    def assert_accepted(self, factor: int, decided: Decision) -> State:
        """See a code accepted and spent; give the state that is to be stored."""
        accepted = decided.result()
        self.assertEqual(factor, accepted.moving_factor)
        self.assertEqual(factor + 1, only(decided.state).watermark)
        self.assertEqual(0, decided.state.throttle.failures)
        return decided.state

    def assert_refused(self, kind: type[OnetimeError], decided: Decision) -> State:
        """See a code refused; give the state that is to be stored."""
        self.assertIs(kind, type(decided.verdict))
        with self.assertRaises(kind):
            decided.result()
        return decided.state

    def assert_uncharged(self, kind: type[OnetimeError], state: State, decided: Decision) -> None:
        """See a code refused, and the state stay what it was."""
        self.assertIs(state, self.assert_refused(kind, decided))


class SightOfHotp(Case):
    def test_look_ahead(self) -> None:
        """H10, H33, H47: look_ahead counters from the expected one on are accepted, the next one is not."""
        for look_ahead in (1, 2, 5, 9):
            policy = Policy(look_ahead=look_ahead, max_devices=1)
            state = fresh(KEYED, 50)
            for i in range(look_ahead):
                with self.subTest(look_ahead=look_ahead, ahead=i):
                    decided = decide(KEYED, state, KEYED.at(50 + i), NOW, policy)
                    self.assert_accepted(50 + i, decided)
                    self.assertEqual(evidence(50 + i, i, 0, 0), decided.verdict)
            for i in (look_ahead, look_ahead + 1, 100):
                with self.subTest(look_ahead=look_ahead, ahead=i):
                    self.assert_refused(
                        IncorrectCodeError, decide(KEYED, state, KEYED.at(50 + i), NOW, policy)
                    )

    def test_as_many_behind_are_replays(self) -> None:
        """T25, K03, K12: what is spent and still in sight is told apart from a guess, and not charged."""
        for look_ahead in (1, 2, 5, 9):
            policy = Policy(look_ahead=look_ahead, max_devices=1)
            state = fresh(KEYED, 50)
            for i in range(1, look_ahead + 1):
                with self.subTest(look_ahead=look_ahead, behind=i):
                    decided = decide(KEYED, state, KEYED.at(50 - i), NOW, policy)
                    self.assert_uncharged(ReplayedCodeError, state, decided)
            decided = decide(KEYED, state, KEYED.at(50 - look_ahead - 1), NOW, policy)
            self.assertEqual(1, self.assert_refused(IncorrectCodeError, decided).throttle.failures)

    def test_the_codes_of_the_rfc(self) -> None:
        """H22: appendix D, one after the other, each once."""
        state = fresh(KEYED)
        for case in vectors("rfc.json")["rfc4226"]:
            decided = decide(KEYED, state, case["hotp"], NOW)
            state = self.assert_accepted(case["count"], decided)
            self.assert_uncharged(ReplayedCodeError, state, decide(KEYED, state, case["hotp"], NOW))

    def test_cut_at_both_ends(self) -> None:
        """H07, K31: counters from 0 to 2^64-1; nothing before, nothing behind."""
        for watermark, codes in ((0, 5), (1, 6), (5, 10), (LAST - 4, 10), (LAST - 3, 9), (LAST, 6)):
            state = fresh(KEYED, watermark)
            with self.subTest(watermark), counted() as made:
                self.assert_accepted(watermark, decide(KEYED, state, KEYED.at(watermark), NOW))
                self.assertEqual(codes + 1, made["codes"])  # and the one that was typed
            if watermark > 5:
                self.assert_accepted(LAST, decide(KEYED, state, KEYED.at(LAST), NOW))

    def test_past_the_last_counter(self) -> None:
        """H07: everything is refused, nothing is charged; the last code is a replay."""
        state = self.assert_accepted(LAST, decide(KEYED, fresh(KEYED, LAST), KEYED.at(LAST), NOW))
        self.assertTrue(only(state).exhausted)
        for _ in range(100):
            decided = decide(KEYED, state, wrong(KEYED, LAST), NOW, Policy(disable_after=1))
            self.assert_uncharged(IncorrectCodeError, state, decided)
        self.assert_uncharged(ReplayedCodeError, state, decide(KEYED, state, KEYED.at(LAST), NOW))
        self.assert_uncharged(IncorrectCodeError, state, decide(KEYED, state, KEYED.at(0), NOW))
        self.assertEqual(state, State.from_text(state.to_text()))


class SightOfTotp(Case):
    def test_the_window(self) -> None:
        """T20, T22, T27: window steps on each side of the center are accepted, the next ones are not."""
        for window in (0, 1, 2, 5):
            policy = Policy(window=window, max_devices=1)
            for drift in (0, -2, 2, 7):
                center = STEP + drift
                for i in range(-window - 2, window + 3):
                    decided = decide(TIMED, fresh(TIMED, drift=drift), TIMED.at_step(center + i), NOW, policy)
                    with self.subTest(window=window, drift=drift, offset=i):
                        if abs(i) <= window:
                            self.assert_accepted(center + i, decided)
                            self.assertEqual(evidence(center + i, i, drift, 0), decided.verdict)
                        else:
                            state = self.assert_refused(IncorrectCodeError, decided)
                            self.assertEqual(1, state.throttle.failures)

    def test_89_seconds(self) -> None:
        """T23, T27, N11: with two steps back a code lives 89 seconds, as in section 6; with one, 59."""
        for window, life in ((2, 89), (1, 59), (0, 29)):
            for now, right in ((0, True), (life, True), (life + 0.999, True), (life + 1, False)):
                decided = decide(TIMED, fresh(TIMED), "755224", now, Policy(window=window, max_devices=1))
                with self.subTest(window=window, now=now):
                    self.assertEqual(right, isinstance(decided.verdict, Accepted))

    def test_one_step_only(self) -> None:
        """O05: with no window a code is accepted in its own 30 seconds and at no other time."""
        policy = Policy(window=0, max_devices=1)
        for second in range(-30, 60):
            decided = decide(TIMED, fresh(TIMED), TIMED.at_step(STEP), STEP * 30 + second, policy)
            self.assertEqual(0 <= second < 30, isinstance(decided.verdict, Accepted))

    def test_another_makers_vectors(self) -> None:
        """T20, T27: oath-toolkit's own: the step that matched, and how far it is away."""
        totp = TOTP(SECRET, digits=8)
        cases = vectors("rfc.json")["windows"]["oath_toolkit_totp_validate"]
        self.assertEqual(6, len(cases))
        for now, window, code, offset in cases:
            policy = Policy(window=min(window, 50), budget=1, refill=YEAR, max_devices=1)
            with self.subTest(now=now, code=code):
                decided = decide(totp, fresh(totp), code, now, policy)
                self.assert_accepted(totp.step(now) + offset, decided)
                self.assertEqual(offset, decided.result().offset)
                if offset:
                    too_small = Policy(window=abs(offset) - 1, budget=1, refill=YEAR, max_devices=1)
                    decided = decide(totp, fresh(totp), code, now, too_small)
                    self.assert_refused(IncorrectCodeError, decided)

    def test_the_matched_step_is_spent(self) -> None:
        """K04, K15, K40: of A, B, A, B two are accepted; what is stored is the step that matched."""
        a, b = TIMED.at_step(STEP - 1), TIMED.at_step(STEP)
        state = self.assert_accepted(STEP - 1, decide(TIMED, fresh(TIMED), a, NOW))
        self.assert_uncharged(ReplayedCodeError, state, decide(TIMED, state, a, NOW + 1))
        state = self.assert_accepted(STEP, decide(TIMED, state, b, NOW))
        for code in (a, b, a, b):
            self.assert_uncharged(ReplayedCodeError, state, decide(TIMED, state, code, NOW))

    def test_codes_before_an_accepted_one_are_spent(self) -> None:
        """T25, N02, N08, O01: the watermark rises past all up to the accepted one, in sight or not."""
        state = self.assert_accepted(STEP + 1, decide(TIMED, fresh(TIMED), TIMED.at_step(STEP + 1), NOW))
        for step in (STEP - 1, STEP, STEP + 1):
            self.assert_uncharged(ReplayedCodeError, state, decide(TIMED, state, TIMED.at_step(step), NOW))
        self.assert_refused(IncorrectCodeError, decide(TIMED, state, TIMED.at_step(STEP - 2), NOW))

    def test_a_clock_that_goes_back(self) -> None:
        """K39: the watermark has no expiry: old codes stay dead, new ones wait until the clock is there."""
        state = self.assert_accepted(STEP, decide(TIMED, fresh(TIMED), TIMED.at_step(STEP), NOW))
        for back in (30, 60, 3600, YEAR):
            step = STEP - back // 30
            with self.subTest(back):
                for i in (-1, 0, 1):
                    decided = decide(TIMED, state, TIMED.at_step(step + i), NOW - back)
                    # One step back, the step after the watermark is in sight: it was never used.
                    self.assertIs(state, self.assert_refused(ReplayedCodeError, decided))
        self.assert_accepted(STEP + 1, decide(TIMED, state, TIMED.at_step(STEP + 1), NOW + 30))

    def test_cut_at_both_ends(self) -> None:
        """T11, K31: step 0 at time 0, and the last of all steps."""
        for step, offset, codes in ((0, 0, 2), (0, 1, 2), (1, -1, 3), (LAST, 0, 2), (LAST, -1, 2)):
            with self.subTest(step, offset=offset), counted() as made:
                decided = decide(TIMED, fresh(TIMED), TIMED.at_step(step + offset), step * 30)
                self.assert_accepted(step + offset, decided)
                self.assertEqual(codes + 1, made["codes"])
        state = fresh(TIMED, drift=-2)
        self.assert_refused(IncorrectCodeError, decide(TIMED, state, "755224", 0))

    def test_step_0(self) -> None:
        """K31: step 0, time 0 and a new t0 are accepted, once, and never taken for absent."""
        for totp, now in ((TIMED, 0), (TOTP(SECRET, t0=NOW), NOW), (TOTP(SECRET, t0=NOW), NOW + 29.5)):
            state = fresh(totp)
            decided = decide(totp, state, "755224", now)
            state = self.assert_accepted(0, decided)
            self.assertEqual(evidence(0, 0, 0, 0), decided.verdict)
            self.assert_uncharged(ReplayedCodeError, state, decide(totp, state, "755224", now))

    def test_past_the_last_step(self) -> None:
        """H07: when the last step is spent, nothing is accepted or charged any more."""
        totp = TOTP(SECRET, period=1)
        state = self.assert_accepted(LAST, decide(totp, fresh(totp), totp.at_step(LAST), LAST))
        self.assertTrue(only(state).exhausted)
        self.assert_uncharged(IncorrectCodeError, state, decide(totp, state, wrong(totp, LAST), LAST))
        self.assert_uncharged(ReplayedCodeError, state, decide(totp, state, totp.at_step(LAST), LAST))

    def test_fractions_of_a_second(self) -> None:
        """T10, K32: a float is floored, so a step is never half of one."""
        for now in (59.0, 59.5, 59.999999):
            self.assert_accepted(
                1, decide(TOTP(SECRET), fresh(TIMED), "287082", now, Policy(window=0, max_devices=1))
            )
        self.assert_accepted(2, decide(TIMED, fresh(TIMED), "359152", 60.0, Policy(window=0, max_devices=1)))


class Collisions(Case):
    """Six digits do not name one factor."""

    def test_they_are_collisions(self) -> None:
        """T21: the constants say what they are said to say."""
        for low, high, code in COLLISIONS:
            self.assertEqual([code, code], [KEYED.at(low), KEYED.at(high)])

    def test_the_earliest_match_is_accepted_and_then_it_is_a_replay(self) -> None:
        """T21, T25: the code is not taken twice, although the later factor still has it."""
        for low, high, code in COLLISIONS:
            if high - low < 5:
                with self.subTest(code):
                    state = self.assert_accepted(low, decide(KEYED, fresh(KEYED, low), code, NOW))
                    self.assert_uncharged(ReplayedCodeError, state, decide(KEYED, state, code, NOW))

    def test_a_spent_match_outweighs_a_new_one(self) -> None:
        """T21, T25: if any match lies below the watermark, the code is a replay, whatever else it matches."""
        for low, high, code in COLLISIONS:
            for watermark in range(max(low + 1, high - 4), min(low + 5, high) + 1):
                state = fresh(KEYED, watermark)
                with self.subTest(code, watermark=watermark):
                    self.assert_uncharged(ReplayedCodeError, state, decide(KEYED, state, code, NOW))

    def test_a_spent_match_out_of_sight_does_not_count(self) -> None:
        """T21: only what is in sight is compared."""
        for low, high, code in COLLISIONS:
            for watermark in range(low + 6, high + 1):
                with self.subTest(code, watermark=watermark):
                    self.assert_accepted(high, decide(KEYED, fresh(KEYED, watermark), code, NOW))

    def test_totp(self) -> None:
        """T21, T25: the same with steps, one and two apart."""
        for low, high, code in COLLISIONS[:3]:
            for center in range(high - 1, low + 2):
                with self.subTest(code, center=center):
                    now = center * 30
                    state = self.assert_accepted(low, decide(TIMED, fresh(TIMED), code, now))
                    for watermark in range(low + 1, high + 2):
                        state = fresh(TIMED, watermark)
                        self.assert_uncharged(ReplayedCodeError, state, decide(TIMED, state, code, now))


class Malformed(Case):
    def test_white_space_and_hyphens(self) -> None:
        """H04, K07, K30: what helps people read is removed; the code behind it is one and the same."""
        for typed in (
            *("755224", "755 224", "755-224", " 7 5 5 2 2 4 ", "-75--52 - 24-", "755224" + " " * 9999),
            *("755224\n", "\n755224", "755224\r", "755\t224", "755\xa0224", "755\u2009224", "755\u3000224"),
        ):
            with self.subTest(typed[:20]):
                state = self.assert_accepted(0, decide(KEYED, fresh(KEYED), typed, NOW))
                for again in ("755224", typed, " 755-224"):
                    self.assert_uncharged(ReplayedCodeError, state, decide(KEYED, state, again, NOW))

    def assert_malformed(self, typed: Any) -> None:
        """See something refused, uncharged and unjudged, be it the code of the factor or spent already."""
        for state in (fresh(KEYED), fresh(KEYED, 1)):
            self.assert_uncharged(MalformedCodeError, state, decide(KEYED, state, typed, NOW))

    def test_aliases(self) -> None:
        """K07, K29, K30: nothing that only looks like the code is the code."""
        for typed in (
            *(
                "７５５２２４",
                "٧٥٥٢٢٤",
                "⁷⁵⁵²²⁴",
                "₇₅₅₂₂₄",
                "𝟕𝟓𝟓𝟐𝟐𝟒",
                "７55224",
                "75522²",
                "²²²²²²",
                "●●●●●●",
            ),
            *(
                "+755224",
                "755_224",
                "7_5_5_2_2_4",
                "755224\0",
            ),
            *("755224.", "755.224", "755,224", "755224.0", "7.55224e5", "0755224", "00755224", "0x0b8618"),
            *("\u2212755224", "755\u2013224", "755\u2011224"),
            *(
                "755224\u200b",
                "\ufeff755224",
                "755224\u0301",
                "'755224'",
                "755224L",
                "0b10111000011000011000",
            ),
            *(
                "55224",
                "75522",
                "7552241",
                "1",
                "2",
                "",
                " ",
                "-",
                " - ",
                "\ud800" * 6,
                "755224" * 2,
                "\x00" * 6,
            ),
        ):
            with self.subTest(typed):
                self.assert_malformed(typed)

    def test_what_is_no_text(self) -> None:
        """K17, K21, K28: an unset or empty code, a number, bytes: refused like any other malformed one."""
        for typed in (
            *(755224, 0, 1, False, True, None, b"", b"755224", bytearray(b"755224"), 755224.0),
            *([], [7, 5, 5, 2, 2, 4], ["755224"], ("755224",), {}, {"code": "755224"}, object(), 10**5000),
        ):
            with self.subTest(repr(typed)[:30] if not isinstance(typed, int) else "int"):
                self.assert_malformed(typed)

    def test_every_digit_of_unicode(self) -> None:
        """K29, K30: of all digits and numbers of Unicode only 0 to 9 count, and of all spaces none."""
        count = spaces = 0
        for number in range(128, sys.maxunicode + 1):
            character = chr(number)
            if character.isnumeric():
                count += 1
                for typed in ("75522" + character, character + "755224", character * 6):
                    self.assertIs(MalformedCodeError, type(decide(KEYED, fresh(KEYED), typed, NOW).verdict))
            elif character.isspace():
                spaces += 1
                for typed in ("755224" + character, character + "755224", "755" + character * 6 + "224"):
                    self.assert_accepted(0, decide(KEYED, fresh(KEYED), typed, NOW))
        self.assertGreater(spaces, 15)
        self.assertGreater(count, 1500)

    def test_huge_texts(self) -> None:
        """K21: a text of any length is refused."""
        for typed in ("7" * 10**6, " " * 10**6, "-" * 10**6, "٧" * 10**6, "755224" * 10**5):
            self.assert_malformed(typed)

    def test_a_zero_in_front_is_a_digit(self) -> None:
        """H04, H11, K30: 000152 is neither 152 nor 0000152."""
        state = fresh(KEYED, 44)
        self.assert_accepted(44, decide(KEYED, state, "000152", NOW))
        for typed in ("152", "00152", "0000152", "   152", "00000152"):
            self.assert_uncharged(MalformedCodeError, state, decide(KEYED, state, typed, NOW))

    def test_the_length_is_the_credentials(self) -> None:
        """H11: the number of digits is never guessed from what was typed."""
        for digits in range(6, 11):
            hotp = HOTP(SECRET, digits=digits)
            for others in range(5, 12):
                typed = HOTP(SECRET, digits=10).at(0)[-others:].zfill(others)
                expected = Accepted if others == digits else MalformedCodeError
                with self.subTest(digits=digits, typed=others):
                    self.assertIs(expected, type(decide(hotp, fresh(hotp), typed, NOW).verdict))


class Work(Case):
    """A code costs the same, right or wrong: a timing oracle is different work, not nanoseconds."""

    def test_one_hmac_for_each_factor_in_sight_and_one_for_the_seal(self) -> None:
        """H02, H23, O15, K24: whatever the code, all are made and all compared in constant time."""
        for credential, policy, center, sight in (
            (KEYED, Policy(), 50, 10),
            (KEYED, Policy(look_ahead=1, max_devices=1), 50, 2),
            (KEYED, Policy(look_ahead=20, max_devices=1), 50, 40),
            (TIMED, Policy(), STEP, 3),
            (TIMED, Policy(window=0, max_devices=1), STEP, 1),
            (TIMED, Policy(window=4, max_devices=1), STEP, 9),
        ):
            state = fresh(credential, center)
            codes = [credential_code(credential, center + i) for i in range(-20, 20)]
            for code in (*codes, wrong(credential, center)):
                with counted() as made:
                    decide(credential, state, code, NOW, policy)
                self.assertEqual({"codes": sight, "fingerprints": 1, "compared": sight}, dict(made))

    def test_what_is_not_judged_costs_no_more_than_the_seal(self) -> None:
        """H35: malformed, of another credential, disabled or delayed: no code is made."""
        delayed = fresh(KEYED, throttle=Throttle(5, 5 * REFILL, NOW))
        for state, code, fingerprints in (
            (fresh(KEYED), "75522x", 0),
            (fresh(KEYED), "75522", 1),
            (fresh(HOTP(SECRET, algorithm="SHA256")), "755224", 1),
            (fresh(KEYED, disabled=True), "755224", 1),
            (delayed, "755224", 1),
        ):
            with counted() as made:
                decide(KEYED, state, code, NOW)
            self.assertEqual((0, fingerprints, 0), (made["codes"], made["fingerprints"], made["compared"]))

    def test_three_codes_cost_the_same_right_or_wrong(self) -> None:
        """H35, O15, K42: about a hundred HMACs over counters, 23 over steps, and the seal."""
        for credential, policy, center, sight in (
            (KEYED, Policy(), 50, 105),
            (KEYED, Policy(resync_window=3, look_ahead=1), 50, 4),
            (TIMED, Policy(), STEP, 23),
            (TIMED, Policy(max_drift=2), STEP, 7),
        ):
            state = fresh(credential, center)
            for start in (center, center + 1, center - 1, center - 40):
                codes = [credential_code(credential, start + i) for i in range(3)]
                with counted() as made:
                    decide_resync(credential, state, codes, NOW, policy)
                self.assertEqual(
                    {"codes": sight, "fingerprints": sight + 1, "compared": 3 * sight}, dict(made)
                )


class Sealed(Case):
    def test_another_credential_is_not_enrolled(self) -> None:
        """H11, K23, K38, T05, T12: whatever the code; uncharged, unjudged, and not said to be disabled."""
        others: list[HOTP | TOTP] = [
            *(HOTP(SECRET), HOTP(Secret(RFC_KEY + b"!")), HOTP(SECRET, algorithm="SHA256")),
            *(TOTP(SECRET), TOTP(Secret(RFC_KEY + b"!")), TOTP(SECRET, algorithm="SHA256")),
            *(TOTP(SECRET, period=60), TOTP(SECRET, t0=30)),
        ]
        for enrolled in others:
            for other in others:
                for parts in ({}, {"disabled": True}, {"throttle": Throttle(9, 9 * REFILL, NOW)}):
                    state = fresh(enrolled, **parts)
                    for factor in (0, STEP):
                        for credential in (enrolled, other):
                            code = credential_code(credential, factor)
                            if other != enrolled:
                                decided = decide(other, state, code, NOW)
                                self.assert_uncharged(OtherCredentialError, state, decided)
                    codes = [credential_code(other, STEP + i) for i in range(3)]
                    if other != enrolled:
                        decided = decide_resync(other, state, codes, NOW)
                        self.assert_uncharged(OtherCredentialError, state, decided)

    def test_other_digits(self) -> None:
        """H11: the code of six digits is the end of that of eight, and does not open it."""
        eight = HOTP(SECRET, digits=8)
        state = fresh(eight)
        self.assert_uncharged(OtherCredentialError, state, decide(KEYED, state, "755224", NOW))
        self.assert_uncharged(MalformedCodeError, state, decide(eight, state, "755224", NOW))
        self.assert_accepted(0, decide(eight, state, "84755224", NOW))

    def test_another_enrolment_of_the_same_credential(self) -> None:
        """Rule 2: the mark is part of the seal."""
        device = only(fresh(KEYED))
        state = State().put("default", device._replace(enrollment_id=ENROLLMENT + 1))
        self.assert_uncharged(OtherCredentialError, state, decide(KEYED, state, "755224", NOW))


class Delayed(Case):
    def test_the_schedule(self) -> None:
        """H09, H20, H24, H25, K05, N14: from the fifth failure on 30 s, 60 s, ... up to an hour."""
        for credential, factor in ((KEYED, 0), (TIMED, STEP)):
            now, state = NOW, fresh(credential)
            for delay in (0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600):
                code = wrong(credential, 0, credential_step(credential, now))
                state = self.assert_refused(IncorrectCodeError, decide(credential, state, code, now))
                for early in (0, delay // 2, delay - 1, delay - 0.001):
                    if 0 <= early < delay:
                        right = credential_code(
                            credential, factor or credential_step(credential, now + early)
                        )
                        decided = decide(credential, state, right, now + early)
                        self.assert_uncharged(ThrottledError, state, decided)
                        self.assertEqual(now + delay, vars(decided.verdict)["retry_at"])
                now += delay

    def test_refused_while_delayed(self) -> None:
        """H24, K44: not judged, not charged, not prolonged, however often somebody tries."""
        state = fresh(KEYED, throttle=Throttle(5, 5 * REFILL, NOW))
        for i in range(300):
            for code in ("755224", "000000"):
                self.assert_uncharged(ThrottledError, state, decide(KEYED, state, code, NOW + i / 10))
        decided = decide(KEYED, state, "755224", NOW + 30)
        self.assertEqual(5, decided.result().failures_before)
        self.assert_accepted(0, decided)

    def test_malformed_codes_and_replays_are_not_charged(self) -> None:
        """N09: a double click and a slip of the paste are no guesses, a hundred of them neither."""
        state = fresh(KEYED, 1)
        for _ in range(100):
            self.assert_uncharged(MalformedCodeError, state, decide(KEYED, state, "75522", NOW))
            self.assert_uncharged(ReplayedCodeError, state, decide(KEYED, state, "755224", NOW))

    def test_a_failure_never_moves_the_factor(self) -> None:
        """H37, H47, K42: ten thousand failures leave counter, drift, lean, mark and seal as they were."""
        for state in (fresh(KEYED, 5), fresh(TIMED, 5, drift=-1, streak=2)):
            credential: HOTP | TOTP = KEYED if only(state).kind == "hotp" else TIMED
            first, now = state, NOW
            for _ in range(10_000):
                state = decide(credential, state, "000000", now, UNMETERED).state
                now = max(now, state.throttle.retry_at(UNMETERED))
            self.assertEqual(10_000, state.throttle.failures)
            self.assertEqual(first, state._replace(throttle=Throttle()))

    def test_success_clears_the_first_tier_only(self) -> None:
        """N15, K34: the owner's login takes back the delay, and no guess of the second tier."""
        state = fresh(KEYED)
        for i in range(50):
            state = self.assert_refused(
                IncorrectCodeError, decide(KEYED, state, wrong(KEYED, only(state).watermark), NOW)
            )
            self.assertEqual((1, (i + 1) * REFILL, NOW), state.throttle)
            if i < 49:
                decided = decide(KEYED, state, KEYED.at(only(state).watermark), NOW)
                self.assertEqual(1, decided.result().failures_before)
                state = self.assert_accepted(only(state).watermark, decided)
        for now, refused in ((NOW, True), (NOW + REFILL - 1, True), (NOW + REFILL, False)):
            decided = decide(KEYED, state, KEYED.at(only(state).watermark), now)
            self.assertEqual(refused, isinstance(decided.verdict, ThrottledError))
            if refused:
                self.assertEqual(NOW + REFILL, vars(decided.verdict)["retry_at"])
            # A success restores none of the guesses.
            self.assertEqual(NOW + 50 * REFILL - now, decided.state.throttle.owed(now))

    def test_a_clock_that_jumped_forward_and_came_back(self) -> None:
        """K39, F21: a failure a month ahead costs the owner their own delay, from the next look on."""
        for failures, delay in ((1, 0), (4, 0), (5, 30), (6, 60)):
            state, far = fresh(KEYED), NOW + 30 * 86_400
            for _ in range(failures):
                far = max(far, state.retry_at())
                state = self.assert_refused(IncorrectCodeError, decide(KEYED, state, "000000", far))
            decided = decide(KEYED, state, "755224", NOW)
            with self.subTest(failures=failures):
                if delay:
                    state = self.assert_refused(ThrottledError, decided)
                    self.assertEqual(NOW, state.throttle.since)
                    self.assertEqual(NOW + delay, vars(decided.verdict)["retry_at"])
                    early = decide(KEYED, state, "755224", NOW + delay - 1)
                    self.assert_uncharged(ThrottledError, state, early)
                    decided = decide(KEYED, state, "755224", NOW + delay)
                self.assert_accepted(0, decided)

    def test_a_change_of_policy(self) -> None:
        """K53: what another policy let grow counts as the whole budget of this one, and no more."""
        policy = Policy(budget=2, refill=100_000, min_delay=0)
        state = fresh(KEYED, 1, throttle=Throttle(1, 50 * REFILL, NOW))
        decided = decide(KEYED, state, "287082", NOW, policy)
        state = self.assert_refused(ThrottledError, decided)
        self.assertEqual(Throttle(1, 200_000, NOW), state.throttle)
        self.assertEqual(NOW + 100_000, vars(decided.verdict)["retry_at"])
        self.assert_accepted(1, decide(KEYED, state, "287082", NOW + 100_000, policy))

    def test_seen_with_any_verdict(self) -> None:
        """K39: what a look made of the throttle is stored by every verdict, refusals included."""
        state = fresh(KEYED, 1, throttle=Throttle(2, 9 * REFILL, NOW + YEAR))
        for code, throttle in (
            ("755224", Throttle(2, 9 * REFILL, NOW)),
            ("287082", Throttle(0, 9 * REFILL, NOW)),
            ("000000", Throttle(3, 10 * REFILL, NOW)),
        ):
            self.assertEqual(throttle, decide(KEYED, state, code, NOW).state.throttle)
        for codes, failures in ((KEYED.codes(0, 3), 2), (KEYED.codes(1, 3), 0), (KEYED.codes(300, 3), 2)):
            seen = decide_resync(KEYED, state, codes, NOW).state.throttle
            self.assertEqual(Throttle(failures, 9 * REFILL, NOW), seen)

    def test_a_clock_before_1970(self) -> None:
        """K39, K43: a time that no state could keep is refused before anything is decided."""
        for credential in (KEYED, TIMED):
            for throttle in (Throttle(), Throttle(5, 5 * REFILL, NOW)):
                state = fresh(credential, throttle=throttle)
                for now in (-1, -0.5, -10_000, -(10.0**9)):
                    with self.subTest(credential, now=now):
                        with self.assertRaises(ValueError):
                            decide(credential, state, "755224", now)
                        with self.assertRaises(ValueError):
                            decide_resync(credential, state, ["755224", "287082", "359152"], now)

    def test_clocks_that_are_none(self) -> None:
        """T02: not a number, infinite, or before the credential's t0: an error, and no verdict."""
        for now in (float("nan"), float("inf"), float("-inf")):
            for credential in (KEYED, TIMED):
                with self.subTest(now), self.assertRaises(ValueError):
                    decide(credential, fresh(credential), "755224", now)
        totp = TOTP(SECRET, t0=NOW)
        with self.assertRaisesRegex(ValueError, "before t0"):
            decide(totp, fresh(totp), "755224", NOW - 1)
        with self.assertRaisesRegex(ValueError, "before t0"):
            decide_resync(totp, fresh(totp), ["755224", "287082", "359152"], NOW - 1)


def credential_step(credential: HOTP | TOTP, now: float) -> int:
    """Tell the step of a time; 0 for an HOTP."""
    return credential.step(now) if isinstance(credential, TOTP) else 0


class Disabled(Case):
    POLICY = Policy(disable_after=100, min_delay=0, budget=9_000, max_devices=1)

    def test_the_hundredth_failure_disables(self) -> None:
        """N12: consecutive failures, over any time; then the right code is refused."""
        state = fresh(KEYED)
        for i in range(1, 101):
            state = self.assert_refused(IncorrectCodeError, decide(KEYED, state, "000000", NOW, self.POLICY))
            self.assertIs(i == 100, state.disabled)
            self.assertEqual(i, state.throttle.failures)
        state = State.from_text(state.to_text())
        for now in (NOW, NOW + YEAR, NOW - YEAR):
            for policy in (self.POLICY, Policy()):
                for code in ("755224", "000000", "755224"):
                    self.assert_uncharged(DisabledError, state, decide(KEYED, state, code, now, policy))
        self.assert_uncharged(MalformedCodeError, state, decide(KEYED, state, "75522", NOW))

    def test_three_codes_do_not_end_it(self) -> None:
        """N12, H55: a disabled credential stays disabled."""
        state = fresh(KEYED, disabled=True)
        for start in (0, 1, 90):
            decided = decide_resync(KEYED, state, KEYED.codes(start, 3), NOW, self.POLICY)
            self.assert_uncharged(DisabledError, state, decided)
        totp = fresh(TIMED, disabled=True)
        codes = [TIMED.at_step(STEP + i) for i in range(3)]
        self.assert_uncharged(DisabledError, totp, decide_resync(TIMED, totp, codes, NOW))

    def test_a_success_begins_the_row_anew(self) -> None:
        """N12, N15: only failures in a row count."""
        state = fresh(KEYED)
        for _ in range(3):
            for _ in range(99):
                code = wrong(KEYED, only(state).watermark)
                state = decide(KEYED, state, code, NOW, self.POLICY).state
            decided = decide(KEYED, state, KEYED.at(only(state).watermark), NOW, self.POLICY)
            self.assertEqual(99, decided.result().failures_before)
            state = self.assert_accepted(only(state).watermark, decided)
        self.assertFalse(state.disabled)

    def test_without_it_nothing_disables(self) -> None:
        """K44: by default, no number of failures puts a credential out of use."""
        state = fresh(KEYED, throttle=Throttle(10**6, 0, 0))
        state = self.assert_refused(IncorrectCodeError, decide(KEYED, state, "000000", NOW))
        self.assertFalse(state.disabled)

    def test_a_policy_that_became_stricter(self) -> None:
        """N12: the next failure disables, and not the next success."""
        state = fresh(KEYED, throttle=Throttle(500, 0, 0))
        self.assertTrue(decide(KEYED, state, "000000", NOW, self.POLICY).state.disabled)
        accepted = decide(KEYED, state, "755224", NOW, self.POLICY)
        self.assertFalse(self.assert_accepted(0, accepted).disabled)


class Creep(Case):
    def logged_in(self, state: State, *offsets: int, policy: Policy = UNMETERED) -> State:
        """Log in with codes so many steps from the center, one every five minutes."""
        for offset in offsets:
            step = max(only(state).watermark, STEP) + 20
            decided = decide(
                TIMED, state, TIMED.at_step(step + only(state).drift + offset), step * 30, policy
            )
            self.assertEqual(offset, decided.result().offset)
            self.assertEqual(only(decided.state).drift, decided.result().drift)
            state = decided.state
        return state

    def test_three_in_a_row_move_the_centre(self) -> None:
        """T28: one step, to the side that they lean to; the row begins anew."""
        for side in (-1, 1):
            state = fresh(TIMED)
            for drift, lean in ((0, side), (0, 2 * side), (side, 0), (side, side)):
                state = self.logged_in(state, side)
                self.assertEqual((drift, lean), (only(state).drift, only(state).streak))

    def test_far_or_near_is_one(self) -> None:
        """T28: a code two steps off moves the center no further than one that is one step off."""
        policy = Policy(window=3, max_devices=1)
        state = self.logged_in(fresh(TIMED), -3, -2, -3, policy=policy)
        self.assertEqual((-1, 0), (only(state).drift, only(state).streak))

    def test_what_ends_the_row(self) -> None:
        """T28: an exact hit, or a code on the other side, which begins a row of its own."""
        for offsets, drift, lean in (
            ((1, 1, 0), 0, 0),
            ((1, 1, 0, 1, 1), 0, 2),
            ((1, 1, -1), 0, -1),
            ((1, 1, -1, 1, 1), 0, 2),
            ((1, -1) * 20, 0, -1),
            ((-1, -1, 1, 1, 1), 1, 0),
            ((0,) * 10, 0, 0),
            ((1, 1, 0) * 10, 0, 0),
        ):
            with self.subTest(offsets):
                state = self.logged_in(fresh(TIMED), *offsets)
                self.assertEqual((drift, lean), (only(state).drift, only(state).streak))

    def test_it_ends_at_the_cap(self) -> None:
        """T26, T28: at most max_creep steps from the server's clock, however long the row."""
        for cap in (0, 1, 2, 4):
            for side in (-1, 1):
                policy = Policy(max_creep=cap, window=4, max_devices=1)
                state = self.logged_in(fresh(TIMED), *[side] * 30, policy=policy)
                with self.subTest(cap=cap, side=side):
                    self.assertEqual((cap * side, 0), (only(state).drift, only(state).streak))

    def test_it_never_walks(self) -> None:
        """K32, K48, T28: after 200 logins at the far edge the center is one step away, not 200."""
        for side in (-1, 1):
            state = self.logged_in(fresh(TIMED), *[side] * 200)
            self.assertEqual(side, only(state).drift)
        source = Random(200)
        state = fresh(TIMED)
        for _ in range(1000):
            state = self.logged_in(state, source.choice((-1, 0, 1, 1)))
            self.assertLessEqual(abs(only(state).drift), 1)
            self.assertLessEqual(abs(only(state).streak), 2)

    def test_it_comes_back(self) -> None:
        """T28: a clock that was set right is followed back as well."""
        state = self.logged_in(fresh(TIMED), *[1] * 6)
        self.assertEqual(1, only(state).drift)
        state = self.logged_in(state, *[-1] * 12)
        self.assertEqual(-1, only(state).drift)

    def test_what_three_codes_set_does_not_creep(self) -> None:
        """T26, T29: further than max_creep from the server's clock only three codes move the center."""
        for drift in (10, -10, 5):
            for side in (-1, 1):
                state = self.logged_in(fresh(TIMED, drift=drift), *[side] * 7)
                self.assertEqual(drift, only(state).drift)

    def test_refusals_do_not_lean(self) -> None:
        """T28: only accepted codes are evidence of a clock."""
        state = fresh(TIMED, STEP, streak=2, drift=1)
        for code in (TIMED.at_step(STEP - 1), wrong(TIMED, STEP), "1", TIMED.at_step(STEP + 9)):
            state = decide(TIMED, state, code, NOW, UNMETERED).state
            self.assertEqual((1, 2), (only(state).drift, only(state).streak))

    def test_a_slow_typist(self) -> None:
        """Rule 8: the center rests one step back, and the code of this moment is still accepted."""
        state = self.logged_in(fresh(TIMED), -1, -1, -1)
        state = self.logged_in(state, 0, 0, 1, 0)
        self.assertEqual(-1, only(state).drift)

    def test_a_counter_does_not_lean(self) -> None:
        """T28: looking ahead is no drift."""
        state = fresh(KEYED)
        for counter in (1, 3, 5, 7, 9, 11):
            state = self.assert_accepted(counter, decide(KEYED, state, KEYED.at(counter), NOW))
            self.assertEqual((0, 0), (only(state).drift, only(state).streak))


class ThreeCodes(Case):
    def test_hotp(self) -> None:
        """H05, H34, H55: a device that is far ahead comes back; the counter follows the third code."""
        for policy, starts, missed in (
            (Policy(), (0, 1, 5, 50, 97), (98, 99, 200)),
            (Policy(resync_window=300, max_devices=1), (0, 200, 297), (298,)),
            (Policy(resync_window=3), (0,), (1, 2)),
        ):
            state = fresh(KEYED, 1000)
            for start in starts:
                with self.subTest(start, policy=policy.resync_window):
                    decided = decide_resync(KEYED, state, KEYED.codes(1000 + start, 3), NOW, policy)
                    after = self.assert_accepted(1000 + start + 2, decided)
                    self.assertEqual(evidence(1000 + start + 2, start + 2, 0, 0), decided.verdict)
                    self.assert_accepted(
                        1000 + start + 3, decide(KEYED, after, KEYED.at(1000 + start + 3), NOW)
                    )
            for start in missed:
                with self.subTest(start, policy=policy.resync_window):
                    decided = decide_resync(KEYED, state, KEYED.codes(1000 + start, 3), NOW, policy)
                    self.assert_uncharged(IncorrectCodeError, state, decided)
        self.assert_refused(IncorrectCodeError, decide(KEYED, fresh(KEYED, 1000), KEYED.at(1200), NOW))

    def test_totp(self) -> None:
        """T26, T29: the third code may be as far from the server's clock as max_drift, and no further."""
        for cap in (2, 5, 10):
            policy = Policy(max_drift=cap)
            for old in (0, 2, -2):
                for drift in range(-cap - 2, cap + 3):
                    state = fresh(TIMED, drift=old, streak=2)
                    codes = [TIMED.at_step(STEP + drift + i) for i in (-2, -1, 0)]
                    decided = decide_resync(TIMED, state, codes, NOW, policy)
                    with self.subTest(cap=cap, drift=drift, old=old):
                        if abs(drift) > cap:
                            self.assert_uncharged(IncorrectCodeError, state, decided)
                            continue
                        after = self.assert_accepted(STEP + drift, decided)
                        self.assertEqual((drift, 0), (only(after).drift, only(after).streak))
                        self.assertEqual(evidence(STEP + drift, drift - old, drift, 0), decided.verdict)

    def test_then_the_drift_is_used(self) -> None:
        """T28, T29: the next codes are looked for where the device's clock is."""
        codes = [TIMED.at_step(STEP + i) for i in (6, 7, 8)]
        state = self.assert_accepted(STEP + 8, decide_resync(TIMED, fresh(TIMED), codes, NOW))
        later = STEP + 20
        self.assert_accepted(later + 8, decide(TIMED, state, TIMED.at_step(later + 8), later * 30))
        self.assert_refused(IncorrectCodeError, decide(TIMED, state, TIMED.at_step(later), later * 30))

    def test_they_are_consecutive_and_in_order(self) -> None:
        """H34, K20: two right codes, gaps, another order or one code three times are refused, uncharged."""
        for credential, start in ((KEYED, 50), (TIMED, STEP)):
            state = fresh(credential, start)
            for order in (
                *((0, 2, 1), (2, 1, 0), (1, 0, 2), (0, 1, 3), (0, 2, 3), (0, 2, 4), (0, 0, 0), (0, 1, 1)),
                *((0, 0, 1), (0, 1, 0)),
            ):
                codes = [credential_code(credential, start + i) for i in order]
                with self.subTest(credential, order=order):
                    decided = decide_resync(credential, state, codes, NOW)
                    after = self.assert_refused(IncorrectCodeError, decided)
                    self.assertEqual((Throttle(), state.devices), (after.throttle, after.devices))
            right = [credential_code(credential, start + i) for i in range(3)]
            for i in range(3):
                codes = [*right]
                codes[i] = wrong(credential, start)
                after = self.assert_refused(IncorrectCodeError, decide_resync(credential, state, codes, NOW))
                self.assertEqual((Throttle(), state.devices), (after.throttle, after.devices))
                self.assertEqual(Throttle(0, REFILL, NOW), after.near_misses)
            self.assert_accepted(start + 2, decide_resync(credential, state, right, NOW))

    def test_none_may_be_spent(self) -> None:
        """H34, T29, K20: all three lie at or above the watermark, else it is a replay, uncharged."""
        for credential, start in ((KEYED, 50), (TIMED, STEP - 2)):
            codes = [credential_code(credential, start + i) for i in range(3)]
            for spent in range(5):
                state = fresh(credential, start + spent)
                decided = decide_resync(credential, state, codes, NOW)
                with self.subTest(credential, spent=spent):
                    if spent:
                        self.assert_uncharged(ReplayedCodeError, state, decided)
                    else:
                        self.assert_accepted(start + 2, decided)

    def test_old_records_are_refused(self) -> None:
        """K20: what was recorded long ago is not even in sight; the same three work once."""
        codes = KEYED.codes(50, 3)
        state = fresh(KEYED, 500)
        self.assert_uncharged(IncorrectCodeError, state, decide_resync(KEYED, state, codes, NOW))
        state = self.assert_accepted(52, decide_resync(KEYED, fresh(KEYED, 50), codes, NOW))
        for _ in range(3):
            self.assert_uncharged(ReplayedCodeError, state, decide_resync(KEYED, state, codes, NOW))
        for code in codes:
            self.assert_uncharged(ReplayedCodeError, state, decide(KEYED, state, code, NOW))

    def test_the_way_out_of_throttling(self) -> None:
        """H55, K44: they are judged while delayed by either tier; success clears the first one only."""
        for throttle in (
            Throttle(5, 5 * REFILL, NOW),
            Throttle(500, 50 * REFILL, NOW),
            Throttle(500, 51 * REFILL - 1, NOW),
        ):
            for credential, start in ((KEYED, 50), (TIMED, STEP)):
                state = fresh(credential, start, throttle=throttle)
                code = credential_code(credential, start)
                self.assert_refused(ThrottledError, decide(credential, state, code, NOW))
                codes = [credential_code(credential, start + i) for i in range(3)]
                decided = decide_resync(credential, state, codes, NOW)
                after = self.assert_accepted(start + 2, decided)
                self.assertEqual(throttle.failures, decided.result().failures_before)
                self.assertEqual(Throttle(0, min(throttle.debt, 50 * REFILL), NOW), after.throttle)

    def test_they_are_not_charged(self) -> None:
        """H55: a thousand wrong threes change nothing, delayed or not."""
        for state in (fresh(KEYED, 50), fresh(KEYED, 50, throttle=Throttle(9, 9 * REFILL, NOW))):
            for _ in range(200):
                decided = decide_resync(KEYED, state, ["000000", "111111", "222222"], NOW)
                self.assert_uncharged(IncorrectCodeError, state, decided)

    def test_the_ends(self) -> None:
        """H07, K31: the first three factors and the last three."""
        state = self.assert_accepted(2, decide_resync(KEYED, fresh(KEYED), KEYED.codes(0, 3), NOW))
        state = fresh(KEYED, LAST - 50)
        state = self.assert_accepted(LAST, decide_resync(KEYED, state, KEYED.codes(LAST - 2, 3), NOW))
        self.assertTrue(only(state).exhausted)
        decided = decide_resync(KEYED, state, KEYED.codes(LAST - 2, 3), NOW)
        self.assert_uncharged(ReplayedCodeError, state, decided)
        self.assert_accepted(2, decide_resync(TIMED, fresh(TIMED), KEYED.codes(0, 3), 0))
        self.assert_accepted(LAST, decide_resync(TIMED, fresh(TIMED), KEYED.codes(LAST - 2, 3), LAST * 30))

    def test_each_is_read_like_any_code(self) -> None:
        """K07, K17, K30: grouped digits are fine; a malformed one among them makes all malformed."""
        state = fresh(KEYED)
        self.assert_accepted(2, decide_resync(KEYED, state, ("755 224", "287-082", " 359152"), NOW))
        for strange in ("", "75522", "７５５２２４", "755224.", None, 755224, b"755224"):
            for i in range(3):
                codes: list[Any] = [*KEYED.codes(0, 3)]
                codes[i] = strange
                with self.subTest(strange, place=i):
                    decided = decide_resync(KEYED, state, codes, NOW)
                    self.assert_uncharged(MalformedCodeError, state, decided)

    def test_there_are_three(self) -> None:
        """H34, K20: any other number is the programmer's mistake, and so is one text."""
        for count in (0, 1, 2, 4, 10):
            with self.subTest(count), self.assertRaisesRegex(ValueError, "must be a sequence of three codes"):
                decide_resync(KEYED, fresh(KEYED), KEYED.codes(0, count), NOW)
        for text in ("755224", "755", "755224287082359152"):
            with self.subTest(text), self.assertRaisesRegex(TypeError, "of three codes"):
                decide_resync(KEYED, fresh(KEYED), text, NOW)

    def test_one_code_of_three_factors(self) -> None:
        """T21: a collision does not stand for consecutive codes."""
        for low, high, code in COLLISIONS:
            state = fresh(KEYED, low)
            codes = [code, KEYED.at(high + 1), KEYED.at(high + 2)]
            self.assert_accepted(high + 2, decide_resync(KEYED, state, codes, NOW))
            codes = [code, KEYED.at(low + 1), KEYED.at(low + 2)]
            self.assert_accepted(low + 2, decide_resync(KEYED, state, codes, NOW))


class Oracle(Case):
    def test_a3_of_rfc4226(self) -> None:
        """H47: over random histories the verdict and the counter are those of the RFC's pseudo-code."""
        source = Random(163)
        for history in range(60):
            s = source.randint(1, 8)
            policy = Policy(look_ahead=s, min_delay=0, budget=2000, max_devices=1)
            key = Secret(source.randbytes(20))
            hotp = HOTP(key)
            c = source.choice((0, 1, 7, 2**32 - 3, LAST - 30))
            state = fresh(hotp, c)
            for _ in range(40):
                typed = hotp.at(max(min(c + source.randint(-s - 2, s + 2), LAST), 0))
                # A.3: B accepts z if z = ALG(K, i) for an i from C to C + s - 1, then C = i + 1.
                found = next((i for i in range(c, min(c + s, LAST + 1)) if hotp.at(i) == typed), None)
                decided = decide(hotp, state, typed, NOW, policy)
                self.assertEqual(found is not None, isinstance(decided.verdict, Accepted), f"{history}")
                c = c if found is None else found + 1
                state = decided.state
                self.assertEqual(c, only(state).watermark)


class Shown(Case):
    def test_every_refusal_reads_the_same(self) -> None:
        """K09, N09, O12: nothing in the text says why, what is near, or whether it was right before."""
        state = fresh(KEYED, 1)
        refusals = [
            decide(KEYED, state, "75522", NOW),
            decide(KEYED, state, "000000", NOW),
            decide(KEYED, state, "755224", NOW),
            decide(KEYED, state._replace(throttle=Throttle(5, 5 * REFILL, NOW)), "287082", NOW),
            decide(KEYED, state._replace(disabled=True), "287082", NOW),
            decide_resync(KEYED, state, ["755224", "287082", "359152"], NOW),
            decide_resync(KEYED, state, ["000000", "287082", "359152"], NOW),
        ]
        kinds = {type(refusal.verdict) for refusal in refusals}
        self.assertEqual(
            {MalformedCodeError, IncorrectCodeError, ReplayedCodeError, ThrottledError, DisabledError}, kinds
        )
        self.assertEqual(1, len({str(refusal.verdict) for refusal in refusals}))
        for refusal in refusals:
            with self.assertRaises(VerificationError):
                refusal.result()

    def test_nothing_shows_a_secret_or_a_code(self) -> None:
        """H21, H44, K22: neither a decision nor what a reporter makes of its error, with all its frames."""
        traces = (RFC_KEY.decode(), RFC_KEY.hex(), SECRET.to_base32(), *KEYED.codes(0, 12))
        state = fresh(KEYED, 5)
        for decided in (
            decide(KEYED, state, KEYED.at(6), NOW),
            decide(KEYED, state, "000000", NOW),
            decide(KEYED, state, KEYED.at(4), NOW),
            decide(KEYED, state._replace(disabled=True), KEYED.at(6), NOW),
            decide(KEYED, state._replace(throttle=Throttle(5, 5 * REFILL, NOW)), KEYED.at(6), NOW),
            decide(HOTP(Secret(b"another secret of 20")), state, KEYED.at(6), NOW),
            decide_resync(KEYED, state, KEYED.codes(7, 3), NOW),
            decide_resync(KEYED, state, KEYED.codes(3, 3), NOW),
        ):
            texts = [repr(decided), str(decided), decided.state.to_text()]
            try:
                texts.append(repr(decided.result()))
            except OnetimeError as error:
                texts.append(shown(error))
            for text in texts:
                for trace in traces:
                    self.assertNotIn(trace, text)

    def test_evidence_is_always_true(self) -> None:
        """K28, K31: success at step 0 is no zero, None or False; a forgotten `if` lets nobody in."""
        accepted = decide(TIMED, fresh(TIMED), "755224", 0).result()
        self.assertTrue(accepted)
        self.assertEqual(evidence(0, 0, 0, 0), accepted)
