"""Both tiers of what slows a guesser down."""

import itertools
import unittest
from random import Random

from onetime.verification.policy import YEAR, Limits
from onetime.verification.throttle import Throttle

LIMITS = Limits()
START = 1_800_000_000
REFILL = 51_840  # 14.4 hours
ONE_TIER = Limits(budget=1_000_000, refill=1)
"""The first tier alone: the second never bites."""


def attacked(limits: Limits, *, start: int = START, tries: int, forgiven: bool = False) -> list[int]:
    """Fail as fast as the limits allow; tell how long after each failure the next try is judged."""
    throttle, now, waits = Throttle(), start, []
    for _ in range(tries):
        throttle = throttle.failed(limits, now)
        if forgiven:
            throttle = throttle.succeeded(now)
        waits.append(max(throttle.retry_at(limits) - now, 0))
        now += waits[-1]
    return waits


class FirstTier(unittest.TestCase):
    def test_the_schedule(self) -> None:
        """H25, H26, H31, N14: four failures are free; then 30 s, doubled each time, up to 1 h."""
        expected = [0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
        self.assertEqual(expected, attacked(ONE_TIER, tries=14))
        self.assertEqual(expected, attacked(LIMITS, tries=14))

    def test_other_schedules(self) -> None:
        """H30: the numbers are the policy's; a first delay of 0 leaves the second tier alone."""
        for numbers, expected in (
            ({"delay_after": 1}, [30, 60, 120, 240]),
            ({"delay_after": 2, "min_delay": 1, "max_delay": 3}, [0, 1, 2, 3, 3]),
            ({"delay_after": 1, "min_delay": 7, "max_delay": 7}, [7, 7, 7]),
            ({"delay_after": 1, "min_delay": 0}, [0, 0, 0, 0]),
        ):
            with self.subTest(numbers):
                self.assertEqual(expected, attacked(Limits(**numbers), tries=len(expected)))

    def test_it_stays_at_the_longest_delay(self) -> None:
        """K44: growth ends at an hour, after any number of failures (elsewhere 21 made it 12 days)."""
        for failures in (11, 43, 44, 45, 46, 1000, 10**9, 10**300):
            throttle = Throttle(failures).failed(LIMITS, START)
            self.assertEqual(failures + 1, throttle.failures)
            self.assertEqual(START + 3600, throttle.retry_at(ONE_TIER))

    def test_the_shortest_first_delay_reaches_the_longest(self) -> None:
        """A first delay of one second doubles up to a year, exactly."""
        limits = Limits(delay_after=1, min_delay=1, max_delay=YEAR, budget=1_000_000, refill=1)
        for failures in range(60):
            throttle = Throttle(failures).failed(limits, START)
            self.assertEqual(START + min(2**failures, YEAR), throttle.retry_at(limits))

    def test_success_clears_it(self) -> None:
        """N15: earlier failures are disregarded, in this tier."""
        throttle = Throttle()
        for _ in range(7):
            throttle = throttle.failed(LIMITS, START)
        self.assertEqual((Throttle(7, 7 * REFILL, START), START + 120), (throttle, throttle.retry_at(LIMITS)))
        self.assertEqual(Throttle(0, 7 * REFILL - 9, START + 9), throttle.succeeded(START + 9))
        self.assertEqual(Throttle(), throttle.succeeded(START + 7 * REFILL))


class SecondTier(unittest.TestCase):
    def test_fifty_and_then_one_in_14_hours(self) -> None:
        """H26, K34, N15: owners who succeed in between hand a guesser no more than that."""
        waits = attacked(LIMITS, tries=60, forgiven=True)
        self.assertEqual([0] * 49 + [REFILL] * 11, waits)

    def test_both_tiers_at_once(self) -> None:
        """The later of the two times holds."""
        waits = attacked(LIMITS, tries=60)
        self.assertEqual([3600] * 40, waits[11:51])
        # Three days on, the second tier has overtaken the first: one more for each refill.
        self.assertEqual([REFILL] * 8, waits[52:])
        self.assertEqual(3 * REFILL, sum(waits[:52]))

    def test_a_year_of_guessing(self) -> None:
        """H32, K34: exactly as many guesses as the policy says are judged, whatever the owner does."""
        for forgiven in (False, True):
            throttle, now, judged = Throttle(), START, 0
            while now < START + YEAR:
                throttle = throttle.failed(LIMITS, now)
                judged += 1
                if forgiven:
                    throttle = throttle.succeeded(now)
                now = max(now, throttle.retry_at(LIMITS))
            with self.subTest(forgiven=forgiven):
                self.assertEqual(LIMITS.guesses_per_year, judged)
                self.assertEqual(658, judged)

    def test_no_schedule_of_guesses_gets_more(self) -> None:
        """H26: in any span, at most the budget and one for each refill in it, however they are timed."""
        source = Random(4226)
        for case in range(30):
            limits = Limits(
                delay_after=source.randint(1, 5),
                min_delay=source.randint(0, 3),
                max_delay=source.randint(3, 50),
                budget=source.randint(1, 8),
                refill=source.randint(1, 200),
            )
            throttle, now = Throttle(), START
            judged: list[int] = []
            for _ in range(150):
                now += source.choice((0, 0, 1, source.randint(0, 400)))
                if source.random() < 0.1:
                    throttle = throttle.succeeded(now)
                if throttle.retry_at(limits) <= now:
                    throttle = throttle.failed(limits, now)
                    judged.append(now)
            for first in range(0, len(judged), 7):
                for last in range(first, len(judged)):
                    most = limits.budget + (judged[last] - judged[first]) // limits.refill
                    self.assertLessEqual(last - first + 1, most, f"case {case}")

    def test_it_fills_up_again(self) -> None:
        """H26: a budget that was spent is whole after thirty days, and never more than whole."""
        throttle = Throttle()
        for _ in range(50):
            throttle = throttle.failed(LIMITS, START).succeeded(START)
        self.assertEqual(Throttle(0, 50 * REFILL, START), throttle)
        self.assertEqual(START + REFILL, throttle.retry_at(LIMITS))
        for later, left in ((50 * REFILL, 50), (YEAR, 50), (49 * REFILL, 49), (10 * REFILL - 1, 9), (0, 0)):
            with self.subTest(later):
                now, count, tried = START + later, 0, throttle
                while tried.wait_until(LIMITS, now) is None:
                    tried, count = tried.failed(LIMITS, now).succeeded(now), count + 1
                self.assertEqual(left, count)
                self.assertEqual(50 - left, throttle.spent(LIMITS, START + later))

    def test_how_much_is_spent(self) -> None:
        """H26: what is left of the budget is exactly the failures that are checked at once."""
        self.assertEqual(0, Throttle().spent(LIMITS, 0))
        limits = Limits(budget=3, refill=10, delay_after=100)
        for debt in range(31):
            throttle, count = Throttle(0, debt, START), 0
            spent = throttle.spent(limits, START)
            with self.subTest(debt=debt):
                while throttle.retry_at(limits) <= START:
                    throttle, count = throttle.failed(limits, START), count + 1
                self.assertEqual(3 - count, spent)


class Seen(unittest.TestCase):
    def test_what_can_be_is_left_alone(self) -> None:
        """K39: with a clock that only goes forward, nothing is ever changed by a look."""
        throttle, now = Throttle(), START
        for _ in range(200):
            throttle = throttle.failed(LIMITS, now)
            self.assertIs(throttle, throttle.seen(LIMITS, now))
            now = max(now, throttle.retry_at(LIMITS))
            self.assertIs(throttle, throttle.seen(LIMITS, now))

    def test_a_clock_that_came_back(self) -> None:
        """F21, K39: whatever a clock ahead did, the owner waits for their own delay, at most an hour."""
        for failures, delay in ((0, 0), (1, 0), (4, 0), (5, 30), (8, 240), (40, 3600), (10**300, 3600)):
            for ahead in (1, 86_400, 30 * 86_400, 10 * YEAR, 10**300):
                stored = Throttle(failures, min(failures, 40) * REFILL, START + ahead)
                seen = stored.seen(LIMITS, START)
                with self.subTest(failures=failures, ahead=ahead):
                    self.assertEqual(START + delay, seen.retry_at(LIMITS))
                    self.assertIs(seen, seen.seen(LIMITS, START + 1))

    def test_a_debt_of_another_policy(self) -> None:
        """K53: never more than the whole budget, so the wait is one refill."""
        for debt in (50 * REFILL + 1, 51 * REFILL, 10**300):
            seen = Throttle(1, debt, START).seen(LIMITS, START)
            self.assertEqual(Throttle(1, 50 * REFILL, START), seen)
            self.assertEqual(START + REFILL, seen.wait_until(LIMITS, START))
            self.assertIsNone(seen.wait_until(LIMITS, START + REFILL))

    def test_jumps_give_no_more_than_a_budget_each(self) -> None:
        """K39, K59: in all histories of five moves, at most the budget, and one more budget for each jump."""
        limits = Limits(budget=2, refill=10, delay_after=100, min_delay=0)
        moves = (0, 3, 10, -10, 10_000, -10_000)
        for history in itertools.product(moves, repeat=5):
            throttle, now, checked, jumps, real = Throttle(), START, 0, 0, 0
            for move in history:
                now += move
                jumps += abs(move) > 10 or move < 0
                real += move if 0 < move <= 10 else 0
                for _ in range(3):
                    throttle = throttle.seen(limits, now)
                    if throttle.wait_until(limits, now) is None:
                        throttle, checked = throttle.failed(limits, now), checked + 1
            self.assertLessEqual(checked, limits.budget * (1 + jumps) + real // limits.refill, history)


class Value(unittest.TestCase):
    def test_nothing_is_delayed_at_first(self) -> None:
        """K31: 0 is a time like any other: at the beginning of Unix time a try is judged."""
        self.assertEqual(Throttle(0, 0, 0), Throttle())
        self.assertEqual(0, Throttle().retry_at(LIMITS))
        self.assertEqual([0, 0, 0, 0, 30], attacked(LIMITS, start=0, tries=5))

    def test_a_failure_makes_another_value(self) -> None:
        """The throttle is pure: what was counted before stays as it was."""
        throttle = Throttle()
        self.assertEqual(Throttle(1, REFILL, START), throttle.failed(LIMITS, START))
        self.assertEqual(Throttle(), throttle)
