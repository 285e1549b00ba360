"""What a guesser can do, and what an owner can do meanwhile."""

import random
import unittest
from dataclasses import replace
from fractions import Fraction

from onetime import HOTP, TOTP
from onetime.verification.decision import decide
from onetime.verification.device import Device as Stored
from onetime.verification.evidence import Accepted
from onetime.verification.policy import YEAR, Policy
from onetime.verification.state import State
from tests.soak import arithmetic
from tests.support import attack, thorough
from tests.support.credentials import credential_of
from tests.support.model import Device

POLICIES = (
    Policy(),
    Policy(look_ahead=1, window=0),
    Policy(look_ahead=12, window=6, budget=3, refill=9000, delay_after=1, max_devices=1),
    Policy(budget=500, refill=7200, min_delay=1, max_delay=600, max_drift=12, max_devices=2),
    Policy(budget=1, refill=86_400, max_delay=86_400, disable_after=None),
)
"""None has a first tier that is slower than the second, so that the second is what bounds a year."""


class AllCodes(unittest.TestCase):
    def test_exactly_the_codes_in_sight_are_accepted(self) -> None:
        """H10, T20, T27: of all 1,000,000 codes, on fresh states of an HOTP and of a TOTP."""
        hotp = replace(arithmetic.draw(0, "hotp", "anywhere"), look_ahead=3)
        totp = replace(arithmetic.draw(0, "totp", "anywhere"), window=1)
        first, replay = hotp.counter, "ReplayedCodeError"
        self.assertEqual([replay] * 3 + [first, first + 1, first + 2], list(hotp.expected().values()))
        self.assertEqual(3, len(totp.expected()))
        if thorough(1, 0):
            self.assertEqual([], arithmetic.try_all([hotp, totp]))
            return
        source = random.Random(1)
        for trial in (hotp, totp):
            codes = [f"{source.randrange(10**6):06}" for _ in range(20_000)]
            self.assertEqual([], trial.differences([*trial.expected(), *codes]))

    def test_the_edges_of_what_is_in_sight(self) -> None:
        """H07, H10, T20, T21: the codes of factors nearby, also at both ends and where two share a code."""
        for kind in ("hotp", "totp"):
            for place in arithmetic.PLACES:
                for digits in (6, 7, 8):
                    for seed in range(10):
                        trial = arithmetic.draw(seed, kind, place, digits)
                        sight = trial.sight
                        nearby = range(max(sight[0] - 20, 0), min(sight[-1] + 20, 2**64 - 1) + 1)
                        with self.subTest(kind, place=place, digits=digits, seed=seed):
                            self.assertEqual([], trial.differences(map(trial.device.code, nearby)))


class Guesser(unittest.TestCase):
    def test_a_year_has_as_many_guesses_as_the_policy_says(self) -> None:
        """H20, H26, N15, K34: the judged ones, of a guesser who never rests, whatever the owner does."""
        for number, policy in enumerate(POLICIES[: thorough(5, 2)]):
            for kind in ("hotp", "totp"):
                for logins in (0, 0.2, 10):
                    attacked = attack.Attack(kind, policy, logins)
                    with self.subTest(kind, policy=number, logins=logins):
                        judged = attack.run(attacked, 1).judged
                        self.assertLessEqual(judged, policy.guesses_per_year)
                        self.assertGreaterEqual(judged, policy.guesses_per_year - 1)

    def test_risk_is_what_the_parts_say(self) -> None:
        """H17, H48, H49: counted codes in sight, the likeliest code, and the guesses of a year."""
        for policy in POLICIES:
            for digits in range(6, 11):
                for period in (None, 30):
                    credential = credential_of(Device(bytes(20), digits, period=period))
                    likeliest = Fraction(-(-(2**31) // 10**digits), 2**31)
                    missed = (1 - in_sight(credential, policy) * likeliest) ** policy.guesses_per_year
                    with self.subTest(digits=digits, period=period, policy=policy):
                        self.assertAlmostEqual(1, policy.risk(credential) / float(1 - missed), 9)

    def test_risk_is_how_often_a_guesser_gets_in(self) -> None:
        """H17, H48: first years of a guesser, at a policy as generous as one may be; three sigma."""
        years = thorough(600, 120)
        policy = Policy(look_ahead=100, refill=YEAR // 450, max_devices=1)
        attacked = attack.Attack("hotp", policy, logins=0.03, until_success=True)
        hits = sum(outcome.break_ins for outcome in attack.run_all(attacked, range(years)))
        low, high = attack.interval(hits, years, 3)
        risk = policy.risk(HOTP(credential_of(Device(bytes(20))).secret))
        self.assertLess(low, risk)
        self.assertLess(risk, high)
        self.assertGreater(hits, years // 40)


class OwnerUnderAttack(unittest.TestCase):
    def test_gets_in_within_three_codes(self) -> None:
        """K44, H55, T28: for 30 days of a guess each minute, at five logins a day."""
        policy = Policy()
        for kind in ("hotp", "totp"):
            month = attack.Attack(kind, policy, logins=5, seconds=30 * attack.DAY, impatience=60)
            for outcome in attack.run_all(month, range(thorough(4, 1))):
                with self.subTest(kind):
                    self.assertEqual((0, 0), (outcome.failed, outcome.break_ins))
                    self.assertGreater(sum(outcome.logins), 90)
                    self.assertGreater(outcome.refused, 40_000)
                    self.assertIn(policy.budget + month.seconds // policy.refill - outcome.judged, (0, 1))


def in_sight(credential: HOTP | TOTP, policy: Policy) -> int:
    """Count the factors around the center whose codes are accepted."""
    now, counter = 1_800_000_000, 60_000_000
    state = State().put(
        "default", Stored.fresh(credential, 1, counter if isinstance(credential, HOTP) else 0)
    )
    hotp = credential if isinstance(credential, HOTP) else credential.hotp
    codes = hotp.codes(counter - 150, 300)
    return sum(isinstance(decide(credential, state, code, now, policy).verdict, Accepted) for code in codes)
