"""`onetime enroll` and `onetime verify`."""

import io
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from onetime import HOTP, TOTP, Secret
from onetime.cli import main
from tests.cli.session import BASE32, HOTP_LINK, TOTP_LINK, Session, run

TEXT = "onetime: The code was not accepted.\n"
SECRET = Secret.from_base32(BASE32)
UNCONFIRMED = "onetime: no code was given, so nobody knows yet whether the device makes the right ones\n"
CODES = HOTP(SECRET).codes(0, 200)


class Judging(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.where = ("--store", str(self.folder / "otp.db"), "--user", "alice")

    def enroll(self, *arguments: str, given: str = HOTP_LINK) -> Session:
        """Enrol alice; the link's counter is 1."""
        return run("enroll", *self.where, *arguments, stdin=given)

    def verify(self, *arguments: str, given: str = HOTP_LINK) -> Session:
        """Judge a code of alice's."""
        return run("verify", *self.where, *arguments, stdin=given)

    def test_enrol_and_verify(self) -> None:
        """Exit status 0 and the answer for what is accepted, 1 and the one text for what is refused."""
        self.assertEqual(Session(0, "enrolled\n", UNCONFIRMED), self.enroll())
        self.assertEqual(Session(0, "accepted\n", ""), self.verify(CODES[1]))
        self.assertEqual(Session(1, "", TEXT), self.verify(CODES[1]))
        self.assertEqual(Session(1, "", TEXT), self.verify(CODES[9]))
        self.assertEqual(Session(1, "", TEXT), self.verify("12345"))
        self.assertEqual(Session(0, "accepted\n", ""), self.verify(f"{CODES[2][:3]} {CODES[2][3:]}"))

    def test_a_confirmed_enrolment_spends_its_code(self) -> None:
        """K37: the code of the enrolment is no first login; a wrong one enrols nobody."""
        self.assertEqual(Session(1, "", TEXT), self.enroll(CODES[90]))
        nobody = "onetime: no device given is enrolled; devices that are enrolled: none\n"
        self.assertEqual(Session(1, "", nobody), self.verify(CODES[1]))
        self.assertEqual(Session(0, "enrolled\n", ""), self.enroll(CODES[1]))
        self.assertEqual(Session(1, "", TEXT), self.verify(CODES[1]))

    def test_three_codes(self) -> None:
        """They find back a counter far away, when enrolling and when verifying, also while delayed."""
        self.assertEqual(Session(0, "enrolled\n", ""), self.enroll(*CODES[40:43]))
        for _ in range(6):
            self.assertEqual(1, self.verify(CODES[0]).status)
        refused = json.loads(self.verify(CODES[43], "--json").out)
        self.assertEqual((False, "throttled"), (refused["accepted"], refused["reason"]))
        self.assertEqual(Session(0, "accepted\n", ""), self.verify(*CODES[100:103]))
        self.assertEqual(Session(0, "accepted\n", ""), self.verify(CODES[103]))

    def test_replace(self) -> None:
        """Who is enrolled is replaced only when it is said."""
        self.enroll()
        again = self.enroll(CODES[1])
        self.assertEqual(Session(1, "", 'onetime: the user has a device "default" already\n'), again)
        self.assertEqual(Session(0, "enrolled\n", ""), self.enroll(CODES[1], "--replace"))

    def test_json(self) -> None:
        """A program reads the evidence, or the reason."""
        self.assertEqual({"enrolled": True}, json.loads(self.enroll("--json").out))
        self.assertEqual(
            {
                "accepted": True,
                "device": "default",
                "moving_factor": 2,
                "offset": 1,
                "drift": 0,
                "failures_before": 0,
                "left_out": [],
            },
            json.loads(self.verify(CODES[2], "--json").out),
        )
        session = self.verify(CODES[2], "--json")
        self.assertEqual((1, TEXT), (session.status, session.err))
        self.assertEqual(
            {"accepted": False, "reason": "replayed", "device": "default", "moving_factor": 2},
            json.loads(session.out),
        )
        for _ in range(5):
            self.verify("000000")
        session = self.verify("000000", "--json")
        self.assertEqual({"accepted", "reason", "retry_at"}, set(json.loads(session.out)))

    def test_a_totp_goes_by_the_clock(self) -> None:
        """The default link is of a TOTP."""
        totp = TOTP(SECRET)
        self.assertEqual(0, self.enroll(given=TOTP_LINK).status)
        self.assertEqual(0, self.verify(totp.now(), given=TOTP_LINK).status)

    def test_the_code_from_standard_input(self) -> None:
        """Where the secret is in a file, the code may come from standard input, or be asked for."""
        file = self.folder / "link"
        file.write_text(HOTP_LINK, encoding="utf-8")
        self.enroll()
        given = (*self.where, "--secret", str(file))
        self.assertEqual(Session(0, "accepted\n", ""), run("verify", *given, stdin=f"{CODES[1]}\n"))
        asked = run("verify", *given, stdin=f"{CODES[2]}\n", terminal=True)
        self.assertEqual(Session(0, "accepted\n", "Code: "), asked)
        for wrong in (b"", b"\xff\xfe", b"12345\n6"):
            self.assertEqual(Session(1, "", TEXT), run("verify", *given, stdin=wrong))
        with (
            mock.patch.object(sys, "stdin", None),
            mock.patch.object(sys, "stdout", io.StringIO()),
            mock.patch.object(sys, "stderr", io.StringIO()),
        ):
            self.assertEqual(2, main(["verify", *given]))

    def test_misuse(self) -> None:
        """What cannot be served ends with 2, and enrols nobody."""
        self.assertEqual(
            Session(2, "", "onetime: the store is not there; enroll makes one\n"), self.verify(CODES[1])
        )
        self.assertEqual([], list(self.folder.iterdir()))
        one = "onetime: give one code, or three consecutive ones\n"
        self.assertEqual(Session(2, "", one), self.verify())
        self.assertEqual(Session(2, "", one), self.verify(*CODES[:2]))
        self.assertEqual(2, self.enroll(*CODES[:2]).status)
        self.assertEqual(2, run("enroll", "--user", "alice", stdin=HOTP_LINK).status)
        self.assertEqual(2, run("enroll", "--store", ":memory:", "--user", "a", stdin=HOTP_LINK).status)
        self.enroll()
        self.assertEqual(2, run("verify", *self.where[:2], "--user", "", CODES[0], stdin=HOTP_LINK).status)
        self.assertEqual(2, self.enroll(given="JBSWY3DPEHPK3PXP").status)
        self.assertEqual(2, self.enroll(given="otpauth://totp/a").status)

    def test_a_store_that_fails_is_no_refusal(self) -> None:
        """A damaged store ends with 2, and nobody gets in."""
        (self.folder / "otp.db").write_bytes(b"no database" * 1000)
        session = self.verify(CODES[1])
        self.assertEqual((2, ""), (session.status, session.out))
        self.assertRegex(session.err, r"\Aonetime: [^\n]+\n\Z")
