"""Every number of the verifier's side, and what a guesser can do under it."""

import copy
import pickle
import unittest
from collections.abc import Callable
from math import exp, expm1, log1p
from random import Random
from unittest import mock

from onetime import HOTP, TOTP, Secret
from onetime.verification.policy import MAX_EXPOSURE, YEAR, Limits, Policy
from tests.support import RFC_KEY

SECRET = Secret(RFC_KEY)
BOUNDS = (
    ("delay_after", 1, 100),
    ("min_delay", 0, 3600),
    ("max_delay", 30, YEAR),
    ("budget", 1, 392),  # 50,000 / 5 / 10 - 608
    ("refill", 33_161, YEAR),  # 31,536,000 / (50,000 / 5 / 10 - 50 + 1), rounded up
    ("look_ahead", 1, 7),  # 50,000 / 658 / 10
    ("window", 0, 3),
    ("resync_window", 3, 200),  # 2,000 / 10
    ("max_drift", 0, 100),
    ("max_creep", 0, 1),  # the window
    ("max_devices", 1, 15),  # 50,000 / 658 / 5
    ("near_misses", 1, 100),
    ("disable_after", 1, 1_000_000),
    ("min_secret_size", 1, 1024),
)
"""What each number may be while the others have their defaults."""


class Defaults(unittest.TestCase):
    def test_the_numbers_of_the_rfcs(self) -> None:
        """H27, H33, H36, T22: a throttle is set, and the windows are as small as they can be used."""
        policy = Policy()
        self.assertEqual((5, 1), (policy.look_ahead, policy.window))
        self.assertEqual((100, 10, 1), (policy.resync_window, policy.max_drift, policy.creep))
        self.assertEqual((10, 10), (policy.max_devices, policy.near_misses))
        self.assertEqual(16, policy.min_secret_size)

    def test_the_throttle_is_on(self) -> None:
        """H20, K05, N10, N14: five failures start delays of 30 s to an hour; 50 and then 608 a year."""
        policy = Policy()
        self.assertEqual((5, 30, 3600), (policy.delay_after, policy.min_delay, policy.max_delay))
        self.assertEqual((50, 51_840), (policy.budget, policy.refill))
        self.assertEqual(658, policy.guesses_per_year)
        self.assertEqual(Limits(), Limits(**{name: getattr(policy, name) for name in Limits().to_dict()}))

    def test_nobody_is_locked_out(self) -> None:
        """N12, K44: disabling is off, because it hands strangers a way to lock the owner out."""
        self.assertIsNone(Policy().disable_after)
        self.assertEqual(100, Policy(disable_after=100).disable_after)

    def test_it_is_a_value(self) -> None:
        """A policy is compared by its numbers, fixed, and made by name only."""
        self.assertEqual(Policy(), Policy(window=1))
        self.assertNotEqual(Policy(), Policy(window=0))
        self.assertEqual(1, len({Policy(), Policy()}))
        self.assertEqual(Policy(window=0), Policy().replace(window=0))
        changes: list[Callable[[], None]] = [
            lambda: setattr(Policy(), "window", 0),
            lambda: delattr(Policy(), "window"),
        ]
        for change in changes:
            with self.assertRaisesRegex(AttributeError, "Policy is immutable"):
                change()
        with self.assertRaises(ValueError):
            Policy().replace(window=-1)
        self.assertIn("window=1, resync_window=100", repr(Policy()))
        for value in (Policy(window=0), Limits(budget=7)):
            self.assertEqual(value, pickle.loads(pickle.dumps(value)))
            self.assertIs(value, copy.copy(value))
            self.assertIs(value, copy.deepcopy(value))
        self.assertNotEqual(Limits(), Policy())
        self.assertEqual(Policy(), mock.ANY)
        with self.assertRaises(TypeError):
            Policy(5)  # type: ignore[call-arg]  # that it takes names only is what is tested
        for value in (Policy(), Limits()):
            with self.assertRaises(TypeError):
                vars(value)


class Refused(unittest.TestCase):
    def test_each_number_has_bounds(self) -> None:
        """H29, H35: what makes no sense is refused, and the bound itself is not."""
        for name, low, high in BOUNDS:
            for right in (low, high):
                with self.subTest(name, value=right):
                    self.assertEqual(right, getattr(Policy(**{name: right}), name))
            for wrong in (low - 1, high + 1):
                with self.subTest(name, value=wrong), self.assertRaises(ValueError):
                    Policy(**{name: wrong})

    def test_the_throttle_cannot_be_left_out(self) -> None:
        """H20: no number means that there is no throttle; 0 failures before disabling neither."""
        for name in ("delay_after", "budget", "refill", "look_ahead", "disable_after", "min_secret_size"):
            for wrong in (0, -1, 10**12):
                with (
                    self.subTest(name, value=wrong),
                    self.assertRaisesRegex(ValueError, f"{name} must be an int from"),
                ):
                    Policy(**{name: wrong})

    def test_numbers_are_ints(self) -> None:
        """K32: no fraction, truth value or text; only disable_after may be None."""
        for name, low, _ in BOUNDS:
            for wrong in (float(low), str(low), True, None, b"5"):
                if name in ("disable_after", "max_creep") and wrong is None:
                    continue
                with (
                    self.subTest(name, value=wrong),
                    self.assertRaisesRegex(TypeError, f"{name} must be an int"),
                ):
                    Policy(**{name: wrong})  # type: ignore[arg-type]  # the wrong type is what is tested

    def test_limits_alone_have_the_same_bounds(self) -> None:
        """What is used by all who count tries is checked for all of them."""
        for name, wrong in (
            *(("delay_after", 0), ("delay_after", 101), ("min_delay", -1)),
            *(("max_delay", 29), ("max_delay", YEAR + 1), ("budget", 0), ("budget", 1_000_001)),
            *(("refill", 0), ("refill", YEAR + 1)),
        ):
            with (
                self.subTest(name, value=wrong),
                self.assertRaisesRegex(ValueError, f"{name} must be an int from"),
            ):
                Limits(**{name: wrong})
        for name in ("delay_after", "min_delay", "max_delay", "budget", "refill"):
            with self.subTest(name), self.assertRaises(TypeError):
                Limits(**{name: 30.0})  # type: ignore[arg-type]  # the wrong type is what is tested
        self.assertEqual(1_000_000 + YEAR, Limits(budget=1_000_000, refill=1).guesses_per_year)

    def test_guesses_times_sight_is_bounded(self) -> None:
        """H17, H29: s, T and the digits are chosen together; the product is at most 50,000 a year."""
        self.assertEqual(50_000, MAX_EXPOSURE)
        for right, wrong in (
            ({"budget": 392}, {"budget": 393}),
            ({"look_ahead": 7}, {"look_ahead": 8}),
            ({"window": 3}, {"window": 4}),
            ({"max_devices": 15}, {"max_devices": 16}),
            ({"max_devices": 1, "look_ahead": 75}, {"max_devices": 1, "look_ahead": 76}),
            ({"max_devices": 2, "window": 18}, {"max_devices": 2, "window": 19}),
            (
                {"max_devices": 1, "look_ahead": 1, "window": 0, "budget": 49_392},
                {"max_devices": 1, "look_ahead": 1, "window": 0, "budget": 49_393},
            ),
            ({"refill": 40_000}, {"refill": 30_000}),
        ):
            with self.subTest(right):
                policy = Policy(**right)
                widest = max(policy.look_ahead, 2 * policy.window + 1)
                self.assertLessEqual(policy.guesses_per_year * widest * policy.max_devices, 50_000)
            with self.subTest(wrong), self.assertRaisesRegex(ValueError, "must be at most 50000"):
                Policy(**wrong)

    def test_the_work_of_three_codes_is_bounded(self) -> None:
        """H35, K42: a call looks at no more than 2,000 counters, whatever the number of devices."""
        for window, devices in ((200, 10), (1000, 2), (133, 15)):
            Policy(resync_window=window, max_devices=devices)
            with self.assertRaisesRegex(ValueError, "must be at most 2000"):
                Policy(resync_window=window + (window < 1000), max_devices=devices + (window == 1000))

    def test_the_anchor_stays_within_the_window(self) -> None:
        """K48: max_creep is at most the window; without it, one step, or none where the window has none."""
        for window, creep in ((0, 0), (1, 1), (2, 1), (3, 1)):
            self.assertEqual(creep, Policy(window=window).creep)
            self.assertEqual(window, Policy(window=window, max_creep=window).creep)
            with self.assertRaisesRegex(ValueError, "max_creep must be an int from 0 to"):
                Policy(window=window, max_creep=window + 1)

    def test_the_bucket_of_near_misses(self) -> None:
        """F27: it has a size of its own, the second tier's refill, and no delays."""
        limits = Policy(near_misses=7, refill=60_000).near_miss_limits
        self.assertEqual(Limits(budget=7, refill=60_000, min_delay=0, max_delay=0), limits)


class Risk(unittest.TestCase):
    def test_the_figures_of_the_documentation(self) -> None:
        """H17, O13: 0.2 % in the first year with a TOTP, 0.33 % with an HOTP, at six digits."""
        self.assertEqual("0.20%", f"{Policy().risk(TOTP(SECRET)):.2%}")
        self.assertEqual("0.33%", f"{Policy().risk(HOTP(SECRET)):.2%}")
        self.assertEqual("0.07%", f"{Policy(window=0).risk(TOTP(SECRET)):.2%}")
        self.assertEqual("0.0020%", f"{Policy().risk(TOTP(SECRET, digits=8)):.4%}")

    def test_section_6_of_rfc4226(self) -> None:
        """H17, H48: Sec = s * v / 10^Digit is the whole of it while it is small; A.4 bounds it."""
        source = Random(4226)
        for _ in range(500):
            policy = Policy(
                look_ahead=source.randint(1, 10),
                window=source.randint(0, 4),
                budget=source.randint(1, 1000),
                refill=source.randint(10_000, YEAR),
                max_devices=1,
            )
            digits = source.randint(6, 8)
            for credential, s in (
                (HOTP(SECRET, digits=digits), policy.look_ahead),
                (TOTP(SECRET, digits=digits), 2 * policy.window + 1),
            ):
                v = policy.guesses_per_year
                risk = policy.risk(credential)
                bound = s * v * (2**31 // 10**digits + 1) / 2**31
                self.assertLessEqual(risk, bound * (1 + 1e-12))
                # One after the other, each judged against another code: 1 - (1 - p)^v.
                self.assertGreater(risk, bound - bound**2)
                self.assertAlmostEqual(-expm1(v * log1p(-bound / v)), risk, places=15)
                self.assertLess(1 - exp(-s * v / 10**digits), risk)

    def test_the_bias_of_the_codes(self) -> None:
        """H49: some codes are likelier: by 1.00024 at six digits, 4.66 at ten."""
        policy = Policy(look_ahead=1, window=0, budget=1, refill=YEAR)
        table = ((6, 1.00024, 5), (7, 1.0012, 4), (8, 1.0245, 4), (9, 1.397, 3), (10, 4.66, 2))
        for digits, bias, places in table:
            for credential in (HOTP(SECRET, digits=digits), TOTP(SECRET, digits=digits)):
                with self.subTest(credential):
                    once = -expm1(log1p(-policy.risk(credential)) / policy.guesses_per_year)
                    self.assertEqual(bias, round(once * 10**digits, places))

    def test_several_devices(self) -> None:
        """H17, K33, K49: devices of one length add up; a guess has one length, so the riskiest one counts."""
        risk = Policy().risk
        totp, hotp, eight = TOTP(SECRET), HOTP(SECRET), TOTP(SECRET, digits=8)
        self.assertEqual(0, risk())
        self.assertAlmostEqual(-expm1(658 * log1p(-8 * 2148 / 2**31)), risk(totp, hotp), places=12)
        self.assertEqual(risk(totp, hotp), risk(eight, totp, hotp, eight))
        self.assertLess(risk(eight), risk(eight, eight))
        self.assertLess(risk(*[hotp] * 10), 0.05)

    def test_it_grows_with_what_is_allowed(self) -> None:
        """H30, H36, T24: more in sight, more guesses and fewer digits are more risk."""
        risk = Policy().risk
        self.assertLess(risk(TOTP(SECRET)), Policy(window=2).risk(TOTP(SECRET)))
        self.assertLess(risk(HOTP(SECRET)), Policy(look_ahead=6).risk(HOTP(SECRET)))
        self.assertLess(risk(HOTP(SECRET)), Policy(budget=51).risk(HOTP(SECRET)))
        self.assertLess(risk(HOTP(SECRET)), Policy(refill=40_000).risk(HOTP(SECRET)))
        self.assertEqual(risk(TOTP(SECRET)), risk(TOTP(SECRET, period=60)))
        for digits in range(6, 10):
            for kind in (HOTP, TOTP):
                self.assertGreater(risk(kind(SECRET, digits=digits)), risk(kind(SECRET, digits=digits + 1)))

    def test_the_worst_policy_is_one_in_twenty(self) -> None:
        """H29: what the bound lets through, at the fewest digits."""
        worst = Policy(look_ahead=1, window=0, budget=49_392, max_devices=1)
        self.assertEqual(50_000, worst.guesses_per_year)
        self.assertEqual("4.88%", f"{worst.risk(HOTP(SECRET)):.2%}")
