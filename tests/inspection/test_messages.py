"""The words of a diagnosis."""

import unittest

from onetime.inspection.messages import clock_advice, clock_words, not_tried, odds


class Words(unittest.TestCase):
    def test_words_on_clocks(self) -> None:
        """Each difference between two zones is named if it is hit to a minute, and nothing else."""
        summer = "daylight-saving time, or a time zone off by 1 h"
        for low, high, words in (
            (0, 0, ""),
            (-1, 1, ""),
            (0, 9, ""),
            (-9, 0, ""),
            (1, 1, "the clock is 1 s fast"),
            (-1, -1, "the clock is 1 s slow"),
            (-61, -59, "the clock is 59 s to 1 min 1 s slow"),
            (3600, 3600, f"the clock is 1 h fast: {summer}"),
            (-3605, -3599, f"the clock is 59 min 59 s to 1 h 5 s slow: {summer}"),
            (3660, 3661, f"the clock is 1 h 1 min to 1 h 1 min 1 s fast: {summer}"),
            (3661, 3662, "the clock is 1 h 1 min 1 s to 1 h 1 min 2 s fast"),
            (-3540, -3539, f"the clock is 58 min 59 s to 59 min slow: {summer}"),
            (-3539, -3538, "the clock is 58 min 58 s to 58 min 59 s slow"),
            (86_400, 86_400, "the clock is 24 h fast"),
        ):
            with self.subTest(low=low, high=high):
                self.assertEqual(words, clock_words(low, high))
        named = {seconds // 60 for seconds in range(0, 86_401, 60) if ": " in clock_words(seconds, seconds)}
        zones = {*range(30, 841, 30), 345, 525, 765, 825}
        self.assertEqual({zone + i for zone in zones for i in (-1, 0, 1)}, named)

    def test_how_likely_chance_is(self) -> None:
        """It is said in words that fit its size."""
        for chance, words in (
            (1.0, "likely by accident"),
            (0.51, "likely by accident"),
            (0.5, "by accident: 50%"),
            (0.01, "by accident: 1%"),
            (0.0099, "by accident: 1 in 101"),
            (1e-6, "by accident: 1 in 1,000,000"),
            (1.1e-12, "by accident: 1 in 909,090,909,091"),
            (1e-12, "not by accident"),
            (0.0, "not by accident"),
        ):
            with self.subTest(chance):
                self.assertEqual(words, odds(chance))

    def test_what_to_do_about_a_clock(self) -> None:
        """A time zone is not the same as a clock that is off."""
        self.assertEqual("", clock_advice(clock_words(0, 0)))
        self.assertIn("time zone", clock_advice(clock_words(3600, 3600)))
        self.assertEqual("Set the clock of the device to network time.", clock_advice(clock_words(90, 95)))

    def test_what_was_not_tried(self) -> None:
        """F70: what a search leaves out depends on what it was given."""
        base = {
            "timed": False,
            "counted": False,
            "codes": 2,
            "long": False,
            "unread": (),
            "cut": False,
            "stopped": False,
        }
        least = not_tried(**base)  # type: ignore[arg-type]  # the values have several types
        self.assertEqual(4, len(least))
        for changes, words in (
            ({"timed": True}, "clocks that are more than a day off"),
            ({"timed": True}, "periods other than 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600 s"),
            ({"counted": True}, "counters more than 1,000 away"),
            ({"codes": 1}, "one wrong, lost or added letter in the secret, which a single code cannot prove"),
            ({"codes": 1, "cut": True}, "hypotheses that would fit one code by chance"),
            ({"cut": True}, "hypotheses that would fit these codes by chance"),
            ({"long": True}, "one wrong, lost or added letter in a secret as long as this"),
            (
                {},
                "one wrong, lost or added letter in a secret, where a clock or counter is more",
            ),
            ({"unread": ("algorithm",)}, "the link's algorithm, which could not be used"),
            ({"stopped": True}, "the rest of the search, which was stopped"),
        ):
            with self.subTest(words):
                found = not_tried(**{**base, **changes})  # type: ignore[arg-type]  # the same
                self.assertIn(words, "\n".join(found))
                if changes:
                    self.assertNotIn(words, "\n".join(least))
