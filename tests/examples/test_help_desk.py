"""Tests of the help desk, with 1,000 tokens of each kind, and its commands."""

import contextlib
import secrets
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from onetime import (
    HOTP,
    TOTP,
    IncorrectCodeError,
    MemoryStore,
    NotEnrolledError,
    ReplayedCodeError,
    Secret,
    Verifier,
)
from onetime.testing import ManualClock
from tests.support import package
from tests.support.web import environment

NOW = 1_800_000_000
COUNT = 1000
PASSWORD = "open sesame"


class HelpDesk(unittest.TestCase):
    program: Any
    pskc: Any

    @classmethod
    def setUpClass(cls) -> None:
        cls.pskc = package("pskc")
        package("cryptography")
        from tests.examples import help_desk

        cls.program = help_desk

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(contextlib.chdir(self.folder))
        self.key = secrets.token_hex(32)
        self.clock = ManualClock(NOW)
        self.verifier = Verifier(MemoryStore(), clock=self.clock)
        self.desk = self.program.Desk("tokens.db", bytes.fromhex(self.key), self.verifier)

    def write_csv(
        self,
        interval: str = "60",
        count: int = COUNT,
        encode: Callable[[Secret], str] = Secret.to_base32,
    ) -> dict[str, Secret]:
        """Write a CSV file such as vendors send, and return the secrets."""
        tokens = {str(10001000 + number): Secret.generate() for number in range(count)}
        lines = [f",{serial},{encode(secret)},{interval},Acme,Card\n" for serial, secret in tokens.items()]
        header = "upn,serial number,secret key,time interval,manufacturer,model\n"
        Path("tokens.csv").write_text(f"\ufeff{header}{''.join(lines)}", encoding="utf-8")
        return tokens

    def write_pskc(self, count: int, **fields: Any) -> dict[str, Secret]:
        """Write an encrypted PSKC file such as vendors send, and return the secrets."""
        tokens = {f"P{number:06}": Secret.generate() for number in range(count)}
        container = self.pskc.PSKC()
        for serial, secret in tokens.items():
            key = container.add_key(
                id=serial, serial=serial, secret=secret.to_bytes(), response_encoding="DECIMAL"
            )
            for name, value in {
                "algorithm": self.program.HOTP_PROFILE,
                "response_length": 6,
                **fields,
            }.items():
                setattr(key, name, value)
        container.encryption.setup_pbkdf2(PASSWORD, iterations=1000)
        container.write("tokens.xml")
        return tokens

    def read_pskc(self, password: str = PASSWORD) -> int:
        with mock.patch("getpass.getpass", return_value=password):
            return int(self.desk.read(self.program.read_pskc("tokens.xml")))

    def test_a_thousand_from_csv(self) -> None:
        """Three codes assign a TOTP token, whether its clock is slow or fast, and the next code logs in."""
        tokens = self.write_csv()
        self.assertEqual(COUNT, self.desk.read(self.program.read_csv("tokens.csv")))
        for number, (serial, secret) in enumerate(tokens.items()):
            totp = TOTP(secret, period=60)
            drift = number % 11 - 5
            step = NOW // 60 + drift
            codes = list(totp.hotp.codes(step - 2, 4))
            self.desk.assign(serial, f"user {number}", codes[:3])
            accepted = self.verifier.verify(f"user {number}", self.desk.devices(f"user {number}"), codes[3])
            self.assertEqual((serial, step + 1), (accepted.device, accepted.moving_factor))
        self.assertEqual(COUNT, len(list(self.desk.show(None))))

    def test_a_thousand_from_pskc(self) -> None:
        """Three codes assign an HOTP token within the window, and the next code logs in."""
        tokens = self.write_pskc(COUNT, counter=7)
        self.assertEqual(COUNT, self.read_pskc())
        for number, (serial, secret) in enumerate(tokens.items()):
            codes = list(HOTP(secret).codes(7 + number % 90, 4))
            self.desk.assign(serial, "alice" if number < 3 else f"user {number}", codes[:3])
            user = "alice" if number < 3 else f"user {number}"
            accepted = self.verifier.verify(user, self.desk.devices(user), codes[3])
            self.assertEqual((serial, 10 + number % 90), (accepted.device, accepted.moving_factor))
        self.assertEqual(3, len(self.desk.devices("alice")))

    def test_other_settings(self) -> None:
        """The hash, the length and the period are read from a PSKC file."""
        (secret,) = self.write_pskc(
            1,
            algorithm=self.program.TOTP_PROFILE,
            algorithm_suite="HMAC-SHA256",
            response_length=8,
            time_interval=60,
        ).values()
        self.read_pskc()
        totp = TOTP(secret, algorithm="SHA256", digits=8, period=60)
        self.desk.assign("P000000", "alice", [totp.at(NOW + seconds) for seconds in (-120, -60, 0)])
        self.assertEqual({"P000000": totp}, self.desk.devices("alice"))

    def test_a_csv_file_of_hotp(self) -> None:
        """A token without an interval is read as an HOTP."""
        (secret,) = self.write_csv("", 1).values()
        self.desk.read(self.program.read_csv("tokens.csv"))
        self.desk.assign("10001000", "alice", list(HOTP(secret).codes(4, 3)))
        self.assertEqual({"10001000": HOTP(secret)}, self.desk.devices("alice"))

    def test_hexadecimal_secrets(self) -> None:
        """`--hex` reads hexadecimal secrets; without it, the error names the option."""
        (secret,) = self.write_csv("", 1, Secret.to_hex).values()
        status, text = self.command("read", "tokens.csv")
        self.assertEqual((1, True), (status, "with --hex, as hexadecimal" in text))
        self.assertEqual((0, "1 tokens were read\n"), self.command("read", "tokens.csv", "--hex"))
        self.desk.assign("10001000", "alice", list(HOTP(secret).codes(0, 3)))
        self.assertEqual({"10001000": HOTP(secret)}, self.desk.devices("alice"))
        self.write_csv("", 1)
        status, text = self.command("read", "tokens.csv", "--hex")
        self.assertEqual((1, False), (status, "--hex" in text))
        self.write_pskc(1)
        self.assertEqual((1, "--hex is for CSV files only\n"), self.command("read", "tokens.xml", "--hex"))

    def test_files_that_are_refused(self) -> None:
        """A file with a fault, or with a serial number that is already stored, is refused as a whole."""
        self.write_pskc(2)
        with self.assertRaisesRegex(ValueError, "the PSKC file cannot be read: "):
            self.read_pskc("wrong")
        for fields in (
            {"algorithm": "urn:ietf:params:xml:ns:keyprov:pskc:ocra"},
            {"response_encoding": "HEXADECIMAL"},
            {"response_check": True},
            {"time_offset": 3, "algorithm": self.program.TOTP_PROFILE},
        ):
            self.write_pskc(2, **fields)
            with self.subTest(**fields), self.assertRaisesRegex(ValueError, "P000000: it"):
                self.read_pskc()
        self.assertEqual([], self.desk.run("SELECT * FROM tokens"))
        self.write_pskc(2)
        self.read_pskc()
        with self.assertRaisesRegex(SystemExit, "there is a token P000000 already; no token was read"):
            self.read_pskc()
        for text, words in (
            ("serial number,secret key\n1,GEZDGNBV\n", "the file has no column time interval"),
            ("", "no column serial number, secret key, time interval"),
            ("serial number,secret key,time interval\n1\n", "line 2: the secret must not be empty"),
            ("serial number,secret key,time interval\n1,GEZDGNBVGY3TQOJQ,x\n", "line 2: "),
        ):
            Path("tokens.csv").write_text(text, encoding="utf-8")
            with self.subTest(text), self.assertRaisesRegex(ValueError, words):
                self.desk.read(self.program.read_csv("tokens.csv"))
        self.write_csv(count=2)
        other = self.program.Desk("tokens.db", bytes(32), self.verifier)
        with self.assertRaises(self.program.InvalidTag):  # tokens under two keys could not be used
            other.read(self.program.read_csv("tokens.csv"))
        self.assertEqual(2, len(self.desk.run("SELECT * FROM tokens")))

    def test_a_button_that_was_pressed_very_often(self) -> None:
        """The refusal names the counter to try next, and the token is found there."""
        (hotp,) = (HOTP(secret) for secret in self.write_pskc(1, counter=7).values())
        self.read_pskc()
        codes = list(hotp.codes(150, 3))
        with self.assertRaisesRegex(SystemExit, r"try --counter 105\.\Z"):
            self.desk.assign("P000000", "alice", codes)
        self.desk.assign("P000000", "alice", codes, 105)
        self.assertEqual(153, self.verifier.verify("alice", {"P000000": hotp}, hotp.at(153)).moving_factor)

    def test_a_token_that_is_far_ahead(self) -> None:
        """A token is recovered at the suggested counter, and the user's other tokens do not change."""
        one, two = (HOTP(secret) for secret in self.write_pskc(2).values())
        self.read_pskc()
        for serial, hotp in (("P000000", one), ("P000001", two)):
            self.desk.assign(serial, "alice", list(hotp.codes(0, 3)))
        codes = list(two.codes(150, 3))
        with self.assertRaisesRegex(SystemExit, r"try --counter 101\.\Z"):
            self.desk.recover("alice", codes)
        self.assertEqual("P000001", self.desk.recover("alice", codes, 101).device)
        for hotp, counter in ((one, 3), (two, 153)):
            accepted = self.verifier.verify("alice", self.desk.devices("alice"), hotp.at(counter))
            self.assertEqual(counter, accepted.moving_factor)

    def test_a_counter_that_is_mistyped(self) -> None:
        """A counter that is too high changes nothing."""
        (hotp,) = (HOTP(secret) for secret in self.write_pskc(1).values())
        self.read_pskc()
        self.desk.assign("P000000", "alice", list(hotp.codes(0, 3)))
        with self.assertRaisesRegex(SystemExit, r"try --counter 1098\.\Z"):
            self.desk.recover("alice", list(hotp.codes(500, 3)), 1000)
        self.assertEqual(5, self.desk.recover("alice", list(hotp.codes(3, 3)), 1000).moving_factor)

    def test_recovery_without_a_gap(self) -> None:
        """The suggested counter leaves no gap between the counters of two calls of `recover`."""
        (hotp,) = (HOTP(secret) for secret in self.write_pskc(1).values())
        self.read_pskc()
        self.desk.assign("P000000", "alice", list(hotp.codes(0, 3)))
        for counter in range(95, 106):
            verifier = Verifier(MemoryStore(), clock=self.clock)
            verifier.adopt("alice", hotp, device="P000000", watermark=3)
            desk = self.program.Desk("tokens.db", bytes.fromhex(self.key), verifier)
            codes = list(hotp.codes(counter, 3))
            try:
                accepted = desk.recover("alice", codes)
            except SystemExit:
                accepted = desk.recover("alice", codes, 101)
            self.assertEqual(counter + 2, accepted.moving_factor)

    def test_every_counter_is_within_reach(self) -> None:
        """The suggested counter leaves no gap between the counters of two calls of `assign`."""
        (hotp,) = (HOTP(secret) for secret in self.write_pskc(1).values())
        self.read_pskc()
        for counter in range(95, 103):
            codes = list(hotp.codes(counter, 3))
            try:
                self.desk.assign("P000000", f"user {counter}", codes)
            except SystemExit:
                self.desk.assign("P000000", f"user {counter}", codes, 98)
            self.desk.run("UPDATE tokens SET user = NULL")

    def test_secrets_are_encrypted(self) -> None:
        """The file contains no plain secret, and no secret can be moved to another serial number."""
        tokens = self.write_csv(count=2)
        self.desk.read(self.program.read_csv("tokens.csv"))
        stored = Path("tokens.db").read_bytes()
        for secret in tokens.values():
            self.assertNotIn(secret.to_bytes(), stored)
        first, second = self.desk.run("SELECT * FROM tokens")
        self.desk.run("UPDATE tokens SET secret = ?, user = 'alice'", (second["secret"],))
        with self.assertRaises(self.program.InvalidTag):
            self.desk.devices("alice")
        self.assertNotEqual(first["secret"], second["secret"])

    def test_a_lost_token(self) -> None:
        """The codes of a deleted token are refused, and those of the user's other token still work."""
        one, two = (HOTP(secret) for secret in self.write_pskc(2).values())
        self.read_pskc()
        self.desk.assign("P000000", "alice", list(one.codes(0, 3)))
        with self.assertRaisesRegex(SystemExit, "token P000000 belongs to alice"):
            self.desk.assign("P000000", "bob", list(one.codes(3, 3)))
        self.desk.assign("P000001", "alice", list(two.codes(0, 3)))
        self.desk.lost("P000000")
        with self.assertRaises(IncorrectCodeError):
            self.verifier.verify("alice", self.desk.devices("alice"), one.at(3))
        self.verifier.verify("alice", self.desk.devices("alice"), two.at(3))
        self.desk.lost("P000001")
        with self.assertRaises(NotEnrolledError):
            self.verifier.verify("alice", {"P000001": two}, two.at(4))
        with self.assertRaisesRegex(SystemExit, "there is no token P000001"):
            self.desk.lost("P000001")

    def test_it_is_interrupted(self) -> None:
        """If `assign` is interrupted, it can be repeated with new codes; the old codes stay spent."""
        (hotp,) = (HOTP(secret) for secret in self.write_pskc(1).values())
        self.read_pskc()
        with mock.patch.object(
            self.desk, "run", side_effect=[self.desk.run("SELECT * FROM tokens"), OSError]
        ):
            with self.assertRaises(OSError):
                self.desk.assign("P000000", "alice", list(hotp.codes(0, 3)))
        with self.assertRaises(ReplayedCodeError):
            self.desk.assign("P000000", "alice", list(hotp.codes(0, 3)))
        self.desk.assign("P000000", "alice", list(hotp.codes(3, 3)))

    def test_what_is_wrong_is_said_in_one_line(self) -> None:
        """Every error is one line, without a traceback."""
        self.write_csv(count=1)
        self.assertEqual((0, "1 tokens were read\n"), self.command("read", "tokens.csv"))
        text = "there is a token 10001000 already; no token was read\n"
        self.assertEqual((1, text), self.command("read", "tokens.csv"))
        Path("tokens.xml").write_text("no XML", encoding="utf-8")
        for arguments, key, text in (
            (("read", "none.csv"), None, "there is no file none.csv"),
            (("read", "none.xml"), None, "there is no file none.xml"),
            (("read", "tokens.xml"), None, "the PSKC file cannot be read"),
            (("read", "tokens.csv"), "00" * 32, "TOKEN_KEY is not the key"),
            (("show",), "", "TOKEN_KEY must be set to 64 hexadecimal digits"),
            (("show",), "zz", "TOKEN_KEY must be set to 64 hexadecimal digits"),
            (("show",), "00", "TOKEN_KEY must be set to 64 hexadecimal digits"),
            (("show",), None, "there are no users"),
            (("show", "bob"), None, "there is no user bob"),
            (("unlock", "bob"), None, "NotEnrolledError: the store has no row of this user"),
            (("check", "bob"), None, "no code was given"),
            (("assign", "10009999", "bob"), None, "there is no token 10009999\n"),
        ):
            with self.subTest(arguments, key=key):
                status, said = self.command(*arguments, key=key)
                self.assertEqual(1, status)
                self.assertIn(text, said)
                self.assertEqual(1, said.count("\n"), said)

    def test_pskc_is_needed_for_its_files_only(self) -> None:
        """Only PSKC files need python-pskc."""
        with mock.patch.dict(sys.modules, {"pskc": None}), self.assertRaisesRegex(SystemExit, "pip install"):
            self.desk.read(self.program.read_pskc("tokens.xml"))
        self.write_csv(count=1)
        code = (
            "import sys; sys.modules['pskc'] = None; from tests.examples import help_desk; "
            "help_desk.main(['read', 'tokens.csv'])"
        )
        subprocess.run(
            [sys.executable, "-c", code],
            env=environment(TOKEN_KEY=self.key),
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def test_cryptography_is_needed(self) -> None:
        """Without cryptography, the program exits with a line that says how to install it."""
        code = "import sys; sys.modules['cryptography'] = None; from tests.examples import help_desk"
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment(), check=False, capture_output=True, text=True
        )
        self.assertEqual(
            (1, "to encrypt the secrets: pip install cryptography\n"), (done.returncode, done.stderr)
        )

    def test_help(self) -> None:
        """`--help` explains each command."""
        status, text = self.command("--help")
        self.assertEqual(0, status)
        for name in ("read", "assign", "check", "recover", "lost", "unlock", "show"):
            with self.subTest(name):
                self.assertRegex(text, rf"(?m)^    {name} +\w")

    def command(self, *arguments: str, typed: str = "", key: str | None = None) -> tuple[int, str]:
        """Run a command; return its exit status and its output."""
        done = subprocess.run(
            [sys.executable, self.program.__file__, *arguments],
            input=typed,
            env=environment(TOKEN_KEY=self.key if key is None else key),
            check=False,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr

    def test_the_commands(self) -> None:
        """The commands read, assign, check, recover, unlock and delete a token."""
        (secret,) = self.write_csv("60", 1).values()
        totp, now = TOTP(secret, period=60), time.time()
        codes = [totp.at(now + 60 * number) for number in range(-3, 6)]
        self.assertEqual((0, "1 tokens were read\n"), self.command("read", "tokens.csv"))
        status, text = self.command("assign", "10001000", "alice", typed="\n".join(codes[:3]))
        self.assertEqual((0, True), (status, text.endswith("token 10001000 was assigned to alice\n")))
        self.assertIn("10001000 (totp, next", self.command("show")[1])
        # No code was asked for.
        self.assertEqual((1, "token 10001000 belongs to alice\n"), self.command("assign", "10001000", "bob"))
        status, text = self.command("check", "alice", typed=codes[3])
        self.assertEqual((0, True), (status, "Accepted(device='10001000'" in text))
        status, text = self.command("check", "alice", typed=codes[3])
        self.assertEqual((1, True), (status, "ReplayedCodeError: The code was not accepted." in text))
        for _ in range(5):
            self.assertIn("IncorrectCodeError", self.command("check", "alice", typed="000000")[1])
        text = self.command("check", "alice", typed=codes[4])[1]
        self.assertRegex(
            text, r"ThrottledError: .* before 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\S+; wait, or use recover"
        )
        text = self.command("show", "alice")[1]
        self.assertRegex(
            text, r"alice: 5 wrong codes since the last login; throttled until 20\d\d-.*; 10001000"
        )
        self.assertEqual(0, self.command("recover", "alice", typed="\n".join(codes[4:7]))[0])
        self.assertNotIn("throttled", self.command("show", "alice")[1])
        self.assertEqual((0, "user alice was unlocked\n"), self.command("unlock", "alice"))
        status, text = self.command("check", "alice", typed=codes[7], key="00" * 32)
        self.assertIn("TOKEN_KEY is not the key", text)
        self.assertEqual((0, "token 10001000 was deleted; alice had it\n"), self.command("lost", "10001000"))
        self.assertIn("NotEnrolledError", self.command("check", "alice", typed=codes[7])[1])
