"""`onetime demo`."""

import os
import unittest
from unittest import mock

from tests.support.session import run


class Demo(unittest.TestCase):
    def test_the_story(self) -> None:
        """Enroll, accept, refuse the replay, throttle an attacker, let the owner in with three codes."""
        session = run("demo")
        self.assertEqual((0, ""), (session.status, session.err))
        lines = session.out.splitlines()
        for line, words in zip(
            lines,
            (
                "enrolled, and the code is spent",
                "accepted, as step",
                "types .* too: ReplayedCodeError",
                "5 guesses are checked, then ThrottledError",
                "After 30 seconds one more guess is checked: IncorrectCodeError",
                "After 60 seconds one more guess is checked: IncorrectCodeError",
                "which is correct but is not checked now: ThrottledError",
                "three consecutive codes, .*: accepted",
                "have been 7 wrong codes",
            ),
            strict=True,
        ):
            self.assertRegex(line, words)

    def test_a_right_guess_is_not_taken_for_a_wrong_one(self) -> None:
        """The guesser's code is none of those in sight, whatever the secret."""
        with mock.patch("os.urandom", wraps=os.urandom):
            for _ in range(3):
                self.assertEqual(0, run("demo").status)
