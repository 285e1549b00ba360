"""Histories of the throttle, and operations on one user at once: samples of what the soaks do at length."""

import itertools
import unittest
from unittest import mock

from onetime.storage.store import Records
from onetime.verification.policy import Policy
from onetime.verification.throttle import Throttle
from tests.soak import interleavings, risk, throttle


class ThrottleOf010(unittest.TestCase):
    def test_the_same_codes_are_checked(self) -> None:
        """H25, H26, K34: in 2,000 random histories with a clock that only goes forward."""
        for seed in range(2000):
            self.assertEqual("", throttle.differs_from_before(seed))

    def test_a_difference_is_found(self) -> None:
        """A throttle whose second tier is cleared by success is told apart."""
        with mock.patch.object(Throttle, "succeeded", lambda _, now: Throttle()):
            self.assertTrue(any(throttle.differs_from_before(seed) for seed in range(100)))


class Jumps(unittest.TestCase):
    def test_all_histories_of_five_events(self) -> None:
        """F21, K39: at most a budget for each jump; nobody waits longer than for the failures in a row."""
        for limits in throttle.TIERS:
            count, found = throttle.play_all(limits, 5)
            self.assertEqual("", found)
            self.assertGreater(count, 5000)

    def test_a_fault_is_found(self) -> None:
        """A throttle that believes a time ahead of the clock makes owners wait, and is told apart."""
        with mock.patch.object(Throttle, "seen", lambda throttle, limits, now: throttle):
            for limits in throttle.TIERS:
                self.assertIn("the owner waits", throttle.play_all(limits, 5)[1])


class Interleavings(unittest.TestCase):
    def test_two_operations(self) -> None:
        """K08, K36, K38: every interleaving of any two of twelve operations equals a sequential order."""
        lost = 0
        for names in itertools.combinations_with_replacement(interleavings.OPERATIONS, 2):
            with self.subTest(names):
                _, some, found = interleavings.differences(names)
                self.assertEqual("", found)
                lost += some
        self.assertGreater(lost, 100)

    def test_three_operations(self) -> None:
        """K08, K14: some of those of three; the soak has all."""
        for names in (("right", "right", "wrong"), ("near miss", "replace", "forget a device")):
            with self.subTest(names):
                count, _, found = interleavings.differences(names)
                self.assertEqual("", found)
                self.assertGreater(count, 20)

    def test_a_lost_update_is_found(self) -> None:
        """A verifier that does not look whether its swap was lost is told apart."""

        def careless(records: Records, user: str, decide, *rest):  # type: ignore[no-untyped-def]
            new, verdict = decide(records.get(user), *rest)
            records.store.swap(records.key(user), records.get(user), new)
            return verdict

        with mock.patch.object(Records, "transact", careless):
            self.assertTrue(interleavings.differences(("right", "right"))[2])


class Price(unittest.TestCase):
    def test_clocks_that_differ(self) -> None:
        """K59: a minute adds less than 1 % to the guesses; an hour adds up to 28 %, with a busy owner."""
        stated = Policy().guesses_per_year
        for skew, logins, low, high in (
            *((1, 0, 1, 1.01), (1, 5, 1, 1.01), (60, 0, 1, 1.01), (60, 5, 1, 1.01)),
            *((3600, 0, 1.05, 1.1), (3600, 5, 1.2, 1.3)),
        ):
            with self.subTest(skew=skew, logins=logins):
                guesses, waited = risk.guess_at_two_servers(skew, logins)
                self.assertLessEqual(low, guesses / stated)
                self.assertLessEqual(guesses / stated, high)
                self.assertEqual(0, waited)

    def test_an_owner_under_attack_with_typing_errors(self) -> None:
        """K44: an owner who mistypes one code in twenty gets in with three codes, typed anew if need be."""
        for errors in (0.0, 0.05):
            seen = risk.log_in_for_a_month(errors, 1, seed=4226)
            self.assertEqual(30, sum(seen.values()))
            self.assertEqual(0, seen["not at all"] + seen["three codes were not checked"])
