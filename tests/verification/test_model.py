"""The verifier against a plain model of it."""

import contextlib
import io
import unittest
from unittest import mock

from onetime.verification.throttle import Throttle
from tests.soak import devices, model
from tests.support import RFC_KEY, thorough, vectors
from tests.support.credentials import TWINS
from tests.support.model import Device

REACHED = (
    "first tier",
    "second tier",
    "three codes while delayed",
    "a failure from the future",
    "a code of two factors",
    "a spent code that is also a later one's",
    "a wrong code past the last factor",
    "the center moved",
    "the center could not move",
    "a near miss",
    "three codes after too many near misses",
    *("adopt: " + verdict for verdict in ("None", "AlreadyEnrolledError", "ValueError")),
    *("enroll: " + verdict for verdict in ("Accepted", "AlreadyEnrolledError", "IncorrectCodeError")),
    *("enroll: " + verdict for verdict in ("MalformedCodeError", "ReplayedCodeError", "ValueError")),
    *("enroll: " + verdict for verdict in ("TypeError", "DisabledError")),
    *("resynchronize: OtherCredentialError", "verify: OtherCredentialError"),
    *("resynchronize: " + verdict for verdict in ("Accepted", "DisabledError", "IncorrectCodeError")),
    *("resynchronize: " + verdict for verdict in ("MalformedCodeError", "NotEnrolledError", "TypeError")),
    *("resynchronize: " + verdict for verdict in ("ReplayedCodeError", "ValueError")),
    *("verify: " + verdict for verdict in ("Accepted", "DisabledError", "IncorrectCodeError", "ValueError")),
    *("verify: " + verdict for verdict in ("MalformedCodeError", "NotEnrolledError", "ReplayedCodeError")),
    *("verify: ThrottledError", "unlock: None", "unlock: NotEnrolledError", "forget: None"),
)
"""What histories must lead to, lest their agreement be worth nothing."""

TWO_REACHED = (
    "a code of both devices",
    "a replay that the other device would accept",
    "a failure from the future",
    "three codes while delayed",
    "the center moved",
    *("adopt: None", "forget: None", "unlock: None"),
    *("resynchronize: " + verdict for verdict in ("Accepted", "ReplayedCodeError", "ThrottledError")),
    *("verify: " + verdict for verdict in ("Accepted", "ReplayedCodeError", "NotEnrolledError")),
)
"""The same for two devices."""


class Histories(unittest.TestCase):
    def test_the_verifier_agrees_with_the_model(self) -> None:
        """H47, T25, K39: many histories; after each call verdict, evidence and visible state are equal."""
        failure, seen = model.play_all(0, thorough(2000, 400))
        if failure:
            self.fail(failure)
        for what in REACHED:
            with self.subTest(what):
                self.assertGreaterEqual(seen[what], thorough(15, 1))

    def test_a_difference_is_shown_as_a_program(self) -> None:
        """A verifier whose second tier is cleared by success is found out, and the program shows it."""
        with mock.patch.object(Throttle, "succeeded", lambda _, now: Throttle()):
            failure, _ = model.play_part(range(100))
            message, _, program = failure.partition("\n\n")
            self.assertIn("the model", message)
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(program, "the program", "exec"), {})
        steps = printed.getvalue().count("model:")
        self.assertLess(1, steps)
        self.assertLess(steps, 40)


class TwoDevices(unittest.TestCase):
    def test_the_verifier_agrees_with_the_model(self) -> None:
        """H47, K33, K52: histories with two devices; verdict, evidence and state are equal."""
        failure, seen = devices.play_part(range(thorough(200, 60)))
        self.assertEqual("", failure)
        for what in TWO_REACHED:
            with self.subTest(what):
                self.assertGreaterEqual(seen[what], thorough(5, 1))

    def test_a_difference_is_found(self) -> None:
        """A verifier whose second tier is cleared by success is found out here too."""
        with mock.patch.object(Throttle, "succeeded", lambda _, now: Throttle()):
            self.assertNotEqual("", devices.play_part(range(100))[0])


class TheModel(unittest.TestCase):
    def test_its_codes_are_the_rfcs(self) -> None:
        """The model makes its own codes; they are those of RFC 6238 appendix B."""
        for case in vectors("rfc.json")["rfc6238"]:
            device = Device(bytes.fromhex(case["key_hex"]), 8, case["alg"].lower(), period=30)
            with self.subTest(case["alg"], time=case["time"]):
                self.assertEqual(case["totp"], device.code(device.step(case["time"])))

    def test_the_twins_share_a_code(self) -> None:
        """The factors that histories begin at have codes that come again soon."""
        for digits, pairs in TWINS.items():
            device = Device(RFC_KEY, digits)
            for factor, apart in pairs:
                with self.subTest(factor, digits=digits):
                    self.assertEqual(device.code(factor), device.code(factor + apart))
