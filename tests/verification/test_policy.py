"""Every number of the verifier's side, and what a guesser can do under it."""

import dataclasses
import unittest
from math import exp, expm1, log1p
from random import Random

from onetime import HOTP, TOTP, Secret
from onetime.verification.policy import MAX_EXPOSURE, YEAR, Limits, Policy
from tests.support import RFC_KEY

SECRET = Secret(RFC_KEY)
BOUNDS = (
    ("delay_after", 1, 100),
    ("min_delay", 0, 3600),
    ("max_delay", 30, YEAR),
    ("budget", 1, 9_392),  # 50,000 / 5 - 608
    ("refill", 3_170, YEAR),  # 31,536,000 / (50,000 / 5 - 50 + 1), rounded up
    ("look_ahead", 1, 75),  # 50,000 / 658
    ("window", 0, 37),
    ("resync_window", 3, 1000),
    ("max_drift", 2, 100),
    ("max_creep", 0, 10),
    ("disable_after", 1, 1_000_000),
    ("min_secret_size", 1, 1024),
)
"""What each number may be while the others have their defaults."""


class Defaults(unittest.TestCase):
    def test_the_numbers_of_the_rfcs(self) -> None:
        """H27, H33, H36, T22: a throttle is set, and the windows are as small as they can be used."""
        policy = Policy()
        self.assertEqual((5, 1), (policy.look_ahead, policy.window))
        self.assertEqual((100, 10, 2), (policy.resync_window, policy.max_drift, policy.max_creep))
        self.assertEqual(16, policy.min_secret_size)

    def test_the_throttle_is_on(self) -> None:
        """H20, K05, N10, N14: five failures start delays of 30 s to an hour; 50 and then 608 a year."""
        policy = Policy()
        self.assertEqual((5, 30, 3600), (policy.delay_after, policy.min_delay, policy.max_delay))
        self.assertEqual((50, 51_840), (policy.budget, policy.refill))
        self.assertEqual(658, policy.guesses_per_year)
        self.assertEqual(
            Limits(), Limits(**{f.name: getattr(policy, f.name) for f in dataclasses.fields(Limits)})
        )

    def test_nobody_is_locked_out(self) -> None:
        """N12, K44: disabling is off, because it hands strangers a way to lock the owner out."""
        self.assertIsNone(Policy().disable_after)
        self.assertEqual(100, Policy(disable_after=100).disable_after)

    def test_it_is_a_value(self) -> None:
        """A policy is compared by its numbers, fixed, and made by name only."""
        self.assertEqual(Policy(), Policy(window=1))
        self.assertNotEqual(Policy(), Policy(window=0))
        self.assertEqual(1, len({Policy(), Policy()}))
        with self.assertRaises(dataclasses.FrozenInstanceError):
            Policy().window = 0  # type: ignore[misc]  # that it is fixed is what is tested
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
                if name == "disable_after" and wrong is None:
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
        for numbers in (
            {"budget": 9_392},
            {"look_ahead": 75},
            {"window": 37},
            {"look_ahead": 100, "budget": 1, "refill": 63_199},
            {"window": 50, "budget": 1, "refill": 64_000},
            {"look_ahead": 1, "window": 0, "budget": 49_392},
        ):
            with self.subTest(numbers):
                policy = Policy(**numbers)
                widest = max(policy.look_ahead, 2 * policy.window + 1)
                self.assertLessEqual(policy.guesses_per_year * widest, 50_000)
        for numbers in (
            {"budget": 9_393},
            {"look_ahead": 76},
            {"window": 38},
            {"look_ahead": 100, "refill": 51_840},
            {"window": 50, "refill": 51_840},
            {"look_ahead": 1, "window": 0, "budget": 49_393},
            {"refill": 3_000},
        ):
            with self.subTest(numbers), self.assertRaisesRegex(ValueError, "their product is at most 50000"):
                Policy(**numbers)


class Risk(unittest.TestCase):
    def test_the_figures_of_the_documentation(self) -> None:
        """H17, O13: 0.2 % in the first year with a TOTP, 0.33 % with a HOTP, at six digits."""
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
        worst = Policy(look_ahead=1, window=0, budget=49_392)
        self.assertEqual(50_000, worst.guesses_per_year)
        self.assertEqual("4.88%", f"{worst.risk(HOTP(SECRET)):.2%}")
