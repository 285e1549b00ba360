"""From a time or a counter to the moving factor."""

import unittest

from onetime.inspection.course import EPOCHS, courses

TIME = 1_700_000_025
"""The middle of a step of 30 s."""

LAST = 2**64 - 1


class Courses(unittest.TestCase):
    def test_what_each_way_to_a_factor_costs(self) -> None:
        """The usual one is free, and each thing that is wrong with it is a mistake (F60, F66)."""
        by_time: list[tuple[int | None, int, int]] = [
            (30, 1, 0),
            (30, 1000, 1),
            (15, 1, 1),
            (15, 1000, 2),
            (60, 1, 1),
            (60, 1000, 2),
        ]
        rare = (
            [(period, 1, 1) for period in (10, 20, 45, 90, 120, 180, 300, 600)]
            + [(None, 1, 1)]
            + [(30, 1, 1)] * 9
        )
        by_time += rare
        by_counter = [(None, 0, 0), (30, 0, 1), (15, 0, 2), (60, 0, 2)]
        for times, counters, expected in (
            ((TIME,), (), [(None, 0, 1), *by_time]),
            ((), (5,), by_counter),
            ((TIME,), (5,), [*by_counter, *((period, second, cost + 1) for period, second, cost in by_time)]),
        ):
            with self.subTest(times=times, counters=counters):
                ways = courses(times, counters)
                self.assertEqual(expected, [(way.value.period, way.value.second, way.cost) for way in ways])

    def test_how_far_is_looked_for_seconds_and_milliseconds(self) -> None:
        """It is as far as for steps of 30 s, and a day."""
        ways = [way.value for way in courses((TIME,), ())]
        millis, undivided = ways[2], ways[-10]
        self.assertEqual([range(TIME - 305, TIME + 306)], undivided.search(False))
        self.assertEqual(
            [range(TIME - 86_405, TIME - 295), range(TIME + 296, TIME + 86_406)], undivided.search(True)
        )
        low, high = (TIME - 305) * 1000 // 30, (TIME + 306) * 1000 // 30
        self.assertEqual([range(low, high)], millis.search(False))
        before, after = millis.search(True)
        self.assertEqual((TIME - 86_405) * 1000 // 30, before.start)
        self.assertEqual((TIME + 86_406) * 1000 // 30, after.stop)

    def test_nothing_is_tried_both_near_and_far(self) -> None:
        """What is far begins where what is near ends."""
        hotp = courses((), (3000,))[0].value
        self.assertEqual([range(2990, 3011)], hotp.search(False))
        self.assertEqual([range(2000, 2990), range(3011, 4001)], hotp.search(True))
        taken = courses((), (3000, 3001))[1].value
        self.assertEqual(([range(100, 101)], []), (taken.search(False), taken.search(True)))
        presses = courses((TIME, TIME + 60), ())[0].value
        self.assertEqual(([range(-1, 1011)], []), (presses.search(False), presses.search(True)))

    def test_half_of_what_is_near(self) -> None:
        """What there are a thousand of is searched within half of the near error."""
        hotp, _, clock = (courses((TIME,), (3000,))[i].value for i in (0, 1, 4))
        self.assertEqual([range(2995, 3006)], hotp.search_closely())
        self.assertEqual([range((TIME - 155) // 30, (TIME + 155) // 30 + 1)], clock.search_closely())

    def test_counters_below_0_wrap(self) -> None:
        """F65: a counter below 0 is one at the end of the 64 bits; a step is not."""
        self.assertEqual([range(-10, 11)], courses((), (0,))[0].value.search(False))
        self.assertEqual([range(LAST - 10, LAST + 1)], courses((), (LAST,))[0].value.search(False))
        self.assertEqual([range(11)], courses((10,), ())[1].value.search(False))

    def test_what_is_expected_of_a_period(self) -> None:
        """F60: the expected period comes first and is right; the others are said only if it was told."""
        for told in (False, True):
            ways = courses((TIME,), (), 45, told=told)
            clocks = [way for way in ways if way.value.second == 1 and way.value.period]
            with self.subTest(told=told):
                self.assertEqual((45, 0, ""), (clocks[0].value.period, clocks[0].cost, clocks[0].words))
                words = {way.value.period: way.words for way in clocks[:12] if way.value.period != 45}
                self.assertEqual({15, 30, 60, 10, 20, 90, 120, 180, 300, 600}, set(words))
                for period, said in words.items():
                    expected = f"a period of {period} s where 45 s is expected" if told else ""
                    self.assertEqual(expected, said)

    def test_epochs(self) -> None:
        """F66: each clock that does not begin at 1970 counts seconds from where it does."""
        ways = {way.words: way for way in courses((TIME,), ()) if "counts from" in way.words}
        self.assertEqual(len(EPOCHS), len(ways))
        for name, start in EPOCHS:
            way = ways[f"a clock that counts from {name} instead of 1970"]
            with self.subTest(name):
                self.assertIn((TIME - start) // 30, way.value.search(False)[0])
                self.assertEqual((1, True), (way.cost, way.rare))
                self.assertIn("add" if start > 0 else "subtract", way.advice)
        self.assertEqual([range(0)] * 1, [courses((100,), ())[-9].value.search(False)[0]][:1])

    def test_each_mistake_says_what_to_do(self) -> None:
        """What costs something has advice."""
        for ways in (courses((TIME,), ()), courses((TIME,), (5,), 60, told=True), courses((), (5,))):
            self.assertEqual([bool(way.cost) for way in ways], [bool(way.advice) for way in ways])
