"""Codes from the time."""

import random
import unittest
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from unittest import mock

from onetime import HOTP, TOTP, Algorithm, Secret
from onetime.credential import Credential
from tests.support import RFC_KEY, vectors

RFC = vectors("rfc.json")
SECRET = Secret(RFC_KEY)
LAST = 2**64 - 1
END_OF_9999 = datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)


class NewYork(tzinfo):
    """New York around the end of summer time on 2026-11-01, without a time zone database."""

    def utcoffset(self, when: datetime | None) -> timedelta:
        assert when is not None
        naive = when.replace(tzinfo=None)
        summer = naive < datetime(2026, 11, 1, 1) or (naive < datetime(2026, 11, 1, 2) and not when.fold)
        return timedelta(hours=-4 if summer else -5)

    def dst(self, when: datetime | None) -> timedelta:
        return self.utcoffset(when) + timedelta(hours=5)

    def tzname(self, when: datetime | None) -> str:
        return "New York"


class Unaware(tzinfo):
    """A time zone that does not know its offset, which makes a datetime naive."""

    def utcoffset(self, when: datetime | None) -> None:
        return None

    def dst(self, when: datetime | None) -> None:
        return None

    def tzname(self, when: datetime | None) -> None:
        return None


class Vectors(unittest.TestCase):
    def test_rfc6238_appendix_b(self) -> None:
        """T01, T10, T31: the eighteen codes of the RFC, with the keys of erratum 2866."""
        for case in RFC["rfc6238"]:
            totp = TOTP(Secret.from_hex(case["key_hex"]), digits=8, algorithm=case["alg"])
            with self.subTest(case["alg"], time=case["time"]):
                self.assertEqual(int(case["T"], 16), totp.step(case["time"]))
                self.assertEqual(case["totp"], totp.at(case["time"]))
                self.assertEqual(case["totp"], totp.at(float(case["time"])))
                self.assertEqual(
                    case["totp"], totp.at(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=case["time"]))
                )

    def test_wrong_codes_are_not_made(self) -> None:
        """T31, H13: neither the codes of one key for all hashes nor those of an offset in byte 19."""
        right = {(case["alg"], case["time"]): case["key_hex"] for case in RFC["rfc6238"]}
        negatives = RFC["negative_20byte_key"] + RFC["negative_byte19_offset"]
        self.assertEqual(24, len(negatives))
        for case in negatives:
            secret = Secret.from_hex(right[case["alg"], case["time"]])
            self.assertNotEqual(case["wrong"], TOTP(secret, digits=8, algorithm=case["alg"]).at(case["time"]))

    def test_the_code_of_a_20_byte_key_is_the_negative_one(self) -> None:
        """T31: the vectors of the wrong key are what that key gives, so they test what they say."""
        for case in RFC["negative_20byte_key"]:
            self.assertEqual(case["wrong"], TOTP(SECRET, digits=8, algorithm=case["alg"]).at(case["time"]))

    def test_codes_of_another_makers_verifier(self) -> None:
        """Oath-toolkit's own cases: the code is that of the step so many steps away."""
        for now, window, code, offset in RFC["windows"]["oath_toolkit_totp_validate"]:
            totp = TOTP(SECRET, digits=8)
            self.assertLessEqual(abs(offset), window)
            self.assertEqual(code, totp.at_step(totp.step(now) + offset))


class Steps(unittest.TestCase):
    def test_a_step_is_the_floor(self) -> None:
        """T10: 59 is in step 1, 60 in step 2."""
        totp = TOTP(SECRET)
        for time, step in ((0, 0), (29, 0), (29.999, 0), (30, 1), (59, 1), (59.9999, 1), (60, 2), (60.0, 2)):
            with self.subTest(time):
                self.assertEqual(step, totp.step(time))

    def test_period_and_t0(self) -> None:
        """T05, T09, T12: X and T0 are parts of the credential."""
        totp = TOTP(SECRET, period=60, t0=1000)
        self.assertEqual(0, totp.step(1000))
        self.assertEqual(0, totp.step(1059.5))
        self.assertEqual(1, totp.step(1060))
        self.assertEqual((1060, 1120), totp.span(1))
        self.assertEqual(HOTP(SECRET).at(1), totp.at(1060))
        self.assertEqual((30, 0), (TOTP(SECRET).period, TOTP(SECRET).t0))

    def test_exact_to_the_last_step(self) -> None:
        """T11: no float divides; times past 2^53 are exact."""
        self.assertEqual(LAST, TOTP(SECRET).step(LAST * 30 + 29))
        self.assertEqual(LAST - 1, TOTP(SECRET).step(LAST * 30 - 1))
        self.assertEqual(LAST, TOTP(SECRET, period=1).step(LAST))
        for time in (2**53 - 1, 2**53, 2**53 + 1, 2**60 + 7):
            self.assertEqual(time // 7, TOTP(SECRET, period=7).step(time))

    def test_floats_are_exact(self) -> None:
        """T10, K32: the step of a float is that of its exact value."""
        source = random.Random(6238)
        for _ in range(2000):
            time = source.uniform(0, 10 ** source.randint(1, 17))
            period, t0 = source.randint(1, 100), source.randint(0, 10)
            if time >= t0:
                totp = TOTP(SECRET, period=period, t0=t0)
                self.assertEqual((Fraction(time) - t0) // period, totp.step(time))

    def test_datetimes_are_exact_to_the_year_9999(self) -> None:
        """T02: microseconds never round a time into the next second."""
        totp = TOTP(SECRET, period=1)
        self.assertEqual(253_402_300_799, totp.step(END_OF_9999))
        self.assertEqual(1_800_000_000, totp.step(datetime.fromtimestamp(1_800_000_000, UTC)))
        self.assertEqual(59, totp.step(datetime(1970, 1, 1, 1, 0, 59, 999_999, timezone(timedelta(hours=1)))))

    def test_every_offset_gives_the_same_code(self) -> None:
        """T02: the zone of an aware datetime makes no difference."""
        totp = TOTP(SECRET)
        for hours in range(-23, 24):
            when = datetime(2026, 7, 1, 12, 30, 15, tzinfo=timezone(timedelta(hours=hours, minutes=17)))
            self.assertEqual(totp.at(when.timestamp()), totp.at(when))

    def test_the_repeated_hour_of_autumn(self) -> None:
        """T02: an aware datetime is right in both of New York's hours from 1 to 2 o'clock."""
        first = datetime(2026, 11, 1, 1, 30, tzinfo=NewYork())
        second = first.replace(fold=1)
        self.assertEqual(1_793_511_000 // 30, TOTP(SECRET).step(first))
        self.assertEqual(1_793_514_600 // 30, TOTP(SECRET).step(second))

    def test_naive_datetimes_are_refused(self) -> None:
        """T02: what they mean depends on the machine."""
        for when in (datetime(2026, 11, 1, 1, 30), datetime(2026, 11, 1, tzinfo=Unaware())):
            for method in (TOTP(SECRET).at, TOTP(SECRET).step, TOTP(SECRET).remaining):
                with (
                    self.subTest(method=method.__name__),
                    self.assertRaisesRegex(ValueError, "must not be naive"),
                ):
                    method(when)

    def test_times_before_t0_are_refused(self) -> None:
        """T10: Python's floor would give step -1, others' truncation step 0."""
        for t0, time in (
            (0, -1),
            (0, -0.5),
            (1000, 999),
            (1000, 999.999),
            (0, datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)),
        ):
            for method in ("at", "step", "remaining"):
                with self.subTest(time=time), self.assertRaisesRegex(ValueError, "before t0"):
                    getattr(TOTP(SECRET, t0=t0), method)(time)

    def test_times_past_the_last_step_are_refused(self) -> None:
        """H07: a step has eight bytes."""
        for time in ((LAST + 1) * 30, 1e300, 10**5000):
            with self.assertRaisesRegex(ValueError, r"at most 2\^64-1"):
                TOTP(SECRET).at(time)

    def test_what_is_no_time_is_refused(self) -> None:
        """T02: not a number, infinity, truth values, text, dates."""
        for time in (float("nan"), float("inf"), float("-inf")):
            with self.subTest(time), self.assertRaisesRegex(ValueError, "must be a finite number"):
                TOTP(SECRET).at(time)
        for wrong in (True, "59", None, Fraction(59), END_OF_9999.date(), 59j):
            with (
                self.subTest(wrong),
                self.assertRaisesRegex(TypeError, "a time must be an int, a float or an aware"),
            ):
                TOTP(SECRET).at(wrong)  # type: ignore[arg-type]  # the wrong type is what is tested

    def test_at_step_is_hotps_at(self) -> None:
        """T04: TOTP is HOTP of the step, for every algorithm."""
        source = random.Random(4226)
        for algorithm in Algorithm:
            for _ in range(200):
                step = source.getrandbits(source.randint(1, 64))
                totp = TOTP(SECRET, algorithm=algorithm, digits=8)
                self.assertEqual(HOTP(SECRET, algorithm=algorithm, digits=8).at(step), totp.at_step(step))
                self.assertEqual(totp.at_step(step), totp.at(step * 30 + source.randrange(30)))

    def test_step_zero_is_a_step(self) -> None:
        """K31, K40: 0 is a step and a time like any other."""
        totp = TOTP(SECRET)
        self.assertEqual(0, totp.step(0))
        self.assertEqual("755224", totp.at(0))
        self.assertEqual("755224", totp.at_step(0))
        self.assertEqual((0, 30), totp.span(0))

    def test_steps_are_checked(self) -> None:
        """H07: 0 to 2^64-1, and an int."""
        for method in (TOTP(SECRET).at_step, TOTP(SECRET).span):
            for step in (-1, LAST + 1):
                with self.subTest(step), self.assertRaisesRegex(ValueError, "step must be an int from 0 to"):
                    method(step)
            for wrong in (1.0, True, None):
                with self.subTest(wrong), self.assertRaisesRegex(TypeError, "step must be an int"):
                    method(wrong)  # type: ignore[arg-type]  # the wrong type is what is tested


class Clock(unittest.TestCase):
    def test_now_is_the_systems_clock(self) -> None:
        """T02: the code of this moment."""
        with mock.patch("time.time", return_value=59.9):
            self.assertEqual("287082", TOTP(SECRET).now())
        with mock.patch("time.time", return_value=60.0):
            self.assertEqual("359152", TOTP(SECRET).now())

    def test_a_clock_before_t0(self) -> None:
        """T10: nothing is computed for a time before t0, not even by the system's clock."""
        with mock.patch("time.time", return_value=59.0), self.assertRaisesRegex(ValueError, "before t0"):
            TOTP(SECRET, t0=60).now()

    def test_remaining_runs_from_the_period_down_to_nothing(self) -> None:
        """Seconds until the next step: never 0, at most the period."""
        totp = TOTP(SECRET)
        for time, seconds in ((0, 30), (1, 29), (29, 1), (29.75, 0.25), (30, 30), (30.5, 29.5), (59, 1)):
            with self.subTest(time):
                self.assertEqual(seconds, totp.remaining(time))
        self.assertEqual(0.5, totp.remaining(datetime(2026, 1, 1, 0, 0, 29, 500_000, UTC)))
        self.assertEqual(45, TOTP(SECRET, period=60, t0=1000).remaining(1015))

    def test_remaining_and_span_agree(self) -> None:
        """A time lies in the span of its step, and remaining leads to its end."""
        source = random.Random(30)
        for _ in range(500):
            totp = TOTP(SECRET, period=source.randint(1, 90), t0=source.randint(0, 1000))
            time = source.uniform(1000, 1e6)
            start, end = totp.span(totp.step(time))
            self.assertTrue(start <= time < end)
            self.assertAlmostEqual(end, time + totp.remaining(time), places=6)
            self.assertTrue(0 < totp.remaining(time) <= totp.period)


class Arguments(unittest.TestCase):
    def test_period_and_t0_are_checked(self) -> None:
        """T12: whole seconds; a period of 0 divides by nothing."""
        for name, wrong in (("period", 0), ("period", -30), ("period", 2**64), ("t0", -1), ("t0", 2**64)):
            with (
                self.subTest(name, value=wrong),
                self.assertRaisesRegex(ValueError, f"{name} must be an int from"),
            ):
                TOTP(SECRET, **{name: wrong})  # type: ignore[arg-type]  # by name
        for name in ("period", "t0"):
            for value in (30.0, "30", None, True):
                with (
                    self.subTest(name, value=value),
                    self.assertRaisesRegex(TypeError, f"{name} must be an int"),
                ):
                    TOTP(SECRET, **{name: value})  # type: ignore[arg-type]  # the wrong type is what is tested

    def test_the_rest_is_checked_as_for_a_hotp(self) -> None:
        """H04: digits, algorithm and secret."""
        with self.assertRaises(ValueError):
            TOTP(SECRET, digits=5)
        with self.assertRaises(ValueError):
            TOTP(SECRET, algorithm="MD5")
        with self.assertRaises(TypeError):
            TOTP("GEZDGNBV")  # type: ignore[arg-type]  # the wrong type is what is tested


class Value(unittest.TestCase):
    def test_it_is_compared_by_value(self) -> None:
        """All five parts make a TOTP; strangers are left to Python."""
        self.assertEqual(TOTP(SECRET), TOTP(Secret(RFC_KEY), digits=6, algorithm="SHA1", period=30, t0=0))
        for other in (
            TOTP(Secret(b"other")),
            TOTP(SECRET, digits=7),
            TOTP(SECRET, algorithm="SHA256"),
            TOTP(SECRET, period=60),
            TOTP(SECRET, t0=1),
            HOTP(SECRET),
        ):
            with self.subTest(other):
                self.assertNotEqual(TOTP(SECRET), other)
        self.assertEqual(TOTP(SECRET), mock.ANY)

    def test_its_kind_and_its_hotp(self) -> None:
        """T04: a TOTP is an HOTP whose counter is the step; an HOTP is its own."""
        totp, hotp = TOTP(SECRET, digits=8), HOTP(SECRET, digits=8)
        self.assertEqual(("totp", "hotp"), (totp.kind, hotp.kind))
        self.assertEqual(hotp, totp.hotp)
        self.assertIs(hotp, hotp.hotp)
        self.assertEqual(HOTP | TOTP, Credential)

    def test_its_parts_can_be_read(self) -> None:
        """What both sides agreed on is there by name."""
        totp = TOTP(SECRET, digits=8, algorithm="SHA512", period=60, t0=9)
        self.assertEqual(
            (SECRET, 8, Algorithm.SHA512, 60, 9),
            (totp.secret, totp.digits, totp.algorithm, totp.period, totp.t0),
        )
