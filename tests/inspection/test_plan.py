"""What is tried, and in which order."""

import unittest
from itertools import pairwise

from onetime.inspection.course import courses
from onetime.inspection.ending import endings
from onetime.inspection.plan import Settings, plan
from onetime.inspection.reading import misspellings, readings
from tests.support import RFC_KEY

TEXT = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
ENDINGS = endings(["123456"], None)
TIME = 1_700_000_025


class Plan(unittest.TestCase):
    def test_the_likeliest_comes_first(self) -> None:
        """Few mistakes come first, then few moving factors, and what is right is the very first."""
        for times, counters in (((TIME,), ()), ((), (5,)), ((TIME,), (5,))):
            with self.subTest(times=times, counters=counters):
                settings = [Settings("SHA1", courses(times, counters))]
                hypotheses, whole = plan(readings(TEXT), ENDINGS, settings, 2)
                ranks = [(hypothesis.mistakes, len(hypothesis.factors)) for hypothesis in hypotheses]
                self.assertTrue(whole)
                self.assertEqual(sorted(ranks), ranks)
                self.assertEqual({0, 1, 2}, {mistakes for mistakes, _ in ranks})
                self.assertEqual(RFC_KEY, hypotheses[0].source.reading.key)

    def test_a_search_ends_where_chance_fits(self) -> None:
        """What is tried ends where one hit is expected by chance."""
        settings = [Settings("SHA1", courses((TIME,), ()))]
        keys = readings(TEXT)
        (whole, all_of_it), (cut, _) = (plan(keys, ENDINGS, settings, codes) for codes in (2, 1))
        self.assertTrue(all_of_it)
        first = [(each.mistakes, each.factors) for each in whole[: len(cut)]]
        self.assertTrue(
            first == [(each.mistakes, each.factors) for each in cut]
        )  # a difference is too long to show
        hits = [len(each.factors) * each.finish.likelihood for each in whole]
        self.assertLessEqual(sum(hits[: len(cut)]), 1)
        self.assertGreater(sum(hits[: len(cut) + 1]), 1)
        self.assertFalse(plan(keys, ENDINGS, settings, 1)[1])

    def test_what_is_rare_is_tried_near_only(self) -> None:
        """Far from the expected counter nothing rare is searched, and one mistake beside it at most."""
        hypotheses, _ = plan(readings(TEXT), ENDINGS, [Settings("SHA1", courses((), (3000,)))], 2)
        far = [each for each in hypotheses if len(each.factors) == 990]
        self.assertTrue(far)
        for each in far:
            steps = (
                each.source.keying,
                each.source.message,
                each.course,
                each.finish.ending,
                each.finish.place,
            )
            self.assertFalse(each.source.reading.rare or any(step.rare for step in steps))
            self.assertEqual(
                1,
                each.mistakes
                - each.source.reading.cost
                - sum(step.cost for step in steps)
                - each.finish.sign.cost,
            )

    def test_a_wrong_letter_is_tried_alone(self) -> None:
        """F70: with a misspelled secret nothing else may be wrong, and the counter is near."""
        keys = readings(TEXT)[:1] + misspellings(TEXT)
        hypotheses, _ = plan(keys, ENDINGS, [Settings("SHA1", courses((), (3000,)))], 2)
        found = [each for each in hypotheses if each.source.reading.cost == 2]
        self.assertEqual(len(keys) - 1, len(found))
        self.assertEqual({range(2995, 3006)}, {each.factors for each in found})

    def test_hmacs_are_shared(self) -> None:
        """Hypotheses with the same source and moving factors stand together."""
        hypotheses, _ = plan(readings(TEXT), ENDINGS, [Settings("SHA1", courses((), (3000,)))], 2)
        seen = [(each.mistakes, id(each.source), each.factors) for each in hypotheses]
        changes = 1 + sum(before != after for before, after in pairwise(seen))
        self.assertEqual(len(set(seen)), changes)
