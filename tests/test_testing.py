"""What adopters' tests need."""

import unittest

from onetime import TOTP, MemoryStore, Secret, Verifier, testing
from onetime.testing import ManualClock


class Clock(unittest.TestCase):
    def test_public_names(self) -> None:
        """No name becomes public, or stops being so, by accident."""
        self.assertEqual(["ManualClock", "StoreContract"], testing.__all__)

    def test_it_goes_when_it_is_told_to(self) -> None:
        """F22: an adopter's test moves the time of a verifier without waiting."""
        clock = ManualClock(1_800_000_000)
        self.assertEqual((1_800_000_000, "ManualClock(1800000000)"), (clock(), repr(clock)))
        totp, verifier = TOTP(Secret(bytes(20))), Verifier(MemoryStore(), clock=clock)
        verifier.enroll("alice", totp, totp.at(clock.now))
        clock.advance(30.5)
        self.assertEqual(
            totp.step(1_800_000_030), verifier.verify("alice", totp, totp.at(clock())).moving_factor
        )
        clock.advance(-60.5)
        self.assertEqual(1_799_999_970, clock())
