"""`onetime explain`."""

import json
import unittest

from onetime import HOTP, TOTP, Secret
from onetime.inspection.explanation import explain
from tests.support.session import BASE32, HOTP_LINK, TOTP_LINK, Session, run

SECRET = Secret.from_base32(BASE32)


class Explain(unittest.TestCase):
    def test_text(self) -> None:
        """Every step on standard output, down to the code."""
        shifted = ("--at", "1059", "--t0", "1000", "--digits", "8")
        for arguments, text, expected in (
            (("--at", "59"), BASE32, explain(TOTP(SECRET), 1)),
            (("--at", "59"), TOTP_LINK, explain(TOTP(SECRET), 1)),
            (shifted, BASE32, explain(TOTP(SECRET, digits=8, t0=1000), 1)),
            (("--counter", "0"), BASE32, explain(HOTP(SECRET), 0)),
            ((), HOTP_LINK, explain(HOTP(SECRET), 1)),
        ):
            with self.subTest(arguments, text=text):
                session = run("explain", *arguments, stdin=text)
                self.assertEqual(Session(0, f"{expected.to_text()}\n", ""), session)
        self.assertIn("* The code has 6 digits: 287082.", run("explain", "--at", "59", stdin=BASE32).out)

    def test_json(self) -> None:
        """Every value for a program."""
        session = run("explain", "--at", "59", "--json", stdin=BASE32)
        self.assertEqual((0, ""), (session.status, session.err))
        answer = json.loads(session.out)
        self.assertEqual((1, [30, 60], "287082"), (answer["moving_factor"], answer["span"], answer["code"]))
        hotp = json.loads(run("explain", "--counter", "0", "--json", stdin=BASE32).out)
        self.assertEqual((0, "755224"), (hotp["moving_factor"], hotp["code"]))

    def test_it_is_refused_as_code_refuses_it(self) -> None:
        """The same options have the same limits."""
        for arguments in (("--counter", "0", "--at", "59"), ("--at", "0", "--t0", "1"), ("--watch",)):
            with self.subTest(arguments):
                session = run("explain", *arguments, stdin=BASE32)
                self.assertEqual((2, ""), (session.status, session.out))
                self.assertRegex(session.err, r"\Aonetime: .+\n\Z")
