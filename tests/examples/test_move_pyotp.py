"""Tests of the program that moves users from PyOTP and a site's own table."""

import contextlib
import datetime
import hashlib
import io
import re
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from onetime import TOTP, ReplayedCodeError, Secret, SQLStore, Verifier
from tests.support import package
from tests.support.web import environment

NOW = 1_800_000_000
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
OLD_SECRET = "GEZDGNBVGY3TQOJQ"
"""80 bits, which PyOTP accepted before version 2.12."""


class Moving(unittest.TestCase):
    program: Any
    pyotp: Any

    @classmethod
    def setUpClass(cls) -> None:
        cls.pyotp = package("pyotp")
        from tests.examples import move_pyotp

        cls.program = move_pyotp

    def setUp(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.source, self.path = str(folder / "site.db"), str(folder / "otp.db")
        statement = self.program.__doc__[self.program.__doc__.index("CREATE") :].partition("\n\n")[0]
        self.write(statement)
        self.clock = self.enterContext(mock.patch("time.time", return_value=NOW))

    def write(self, statement: str, *values: object) -> None:
        with contextlib.closing(sqlite3.connect(self.source)) as connection, connection:
            connection.execute(statement, values)

    def add(
        self, digits: int | None, interval: int | None, counter: int | None, last_step: int | None
    ) -> None:
        self.write("DELETE FROM otp")
        self.write(
            "INSERT INTO otp VALUES (17, ?, ?, ?, ?, ?, NULL)", SECRET, digits, interval, counter, last_step
        )

    def move(self) -> Verifier:
        """Run the program, and return a verifier with its store."""
        with contextlib.redirect_stdout(io.StringIO()) as output:
            self.program.main(self.source, self.path)
        self.assertEqual("1 moved, 0 not, 0 without a second factor\n", output.getvalue())
        store = SQLStore.sqlite(self.path)
        self.addCleanup(store.close)
        return Verifier(store)

    def login(self, verifier: Verifier, code: str) -> int:
        (row,) = self.program.rows(self.source)
        return verifier.verify("17", self.program.credential(row), code).moving_factor

    def test_totp(self) -> None:
        """F25: the last code is spent, and the next code is accepted, with periods of 30 and 60 s."""
        for interval, digits in ((30, 6), (60, 8)):
            with self.subTest(interval=interval):
                Path(self.path).unlink(missing_ok=True)
                totp = self.pyotp.TOTP(SECRET, digits=digits, interval=interval)
                last = totp.at(NOW)
                self.assertTrue(totp.verify(last, for_time=NOW, valid_window=1))
                step = totp.timecode(datetime.datetime.fromtimestamp(NOW))
                self.add(digits, interval, None, step)
                verifier = self.move()
                with self.assertRaises(ReplayedCodeError):
                    self.login(verifier, last)
                self.assertEqual(step + 1, self.login(verifier, totp.at(NOW + interval)))

    def test_no_step_was_stored(self) -> None:
        """Every code that may have been accepted is spent, and the code after the next is accepted."""
        totp = self.pyotp.TOTP(SECRET)
        self.add(6, 30, None, None)
        verifier = self.move()
        for offset in (-30, 0, 30):
            with self.assertRaises(ReplayedCodeError):
                self.login(verifier, totp.at(NOW + offset))
        self.clock.return_value += 60
        self.assertEqual(NOW // 30 + 2, self.login(verifier, totp.at(NOW + 60)))

    def test_hotp(self) -> None:
        """The last code of an HOTP is spent, and the next code is accepted."""
        hotp = self.pyotp.HOTP(SECRET)
        self.assertTrue(hotp.verify(hotp.at(6), 6))
        self.add(6, None, 7, None)
        verifier = self.move()
        with self.assertRaises(ReplayedCodeError):
            self.login(verifier, hotp.at(6))
        self.assertEqual(7, self.login(verifier, hotp.at(7)))

    def test_columns_without_a_value(self) -> None:
        """NULL stands for PyOTP's defaults: 6 digits and counter 0."""
        self.add(None, None, None, None)
        self.assertEqual(0, self.login(self.move(), self.pyotp.HOTP(SECRET).at(0)))

    def test_another_hash(self) -> None:
        """The digest has the name that hashlib uses."""
        totp = self.pyotp.TOTP(SECRET, digest=hashlib.sha256)
        self.add(6, 30, None, NOW // 30)
        self.write("UPDATE otp SET digest = 'sha256'")
        self.assertEqual(NOW // 30 + 1, self.login(self.move(), totp.at(NOW + 30)))

    def test_a_wrong_file(self) -> None:
        """A file that is missing or has no such table is reported in one line, and no file is created."""
        missing, empty = Path(self.source).with_name("none.db"), Path(self.source).with_name("empty.db")
        empty.touch()
        for path, words in ((missing, "there is no file "), (empty, "cannot be read: no such table: otp")):
            with self.assertRaisesRegex(SystemExit, words):
                self.program.main(str(path), self.path)
        self.assertFalse(missing.exists())
        self.assertFalse(Path(self.path).exists())
        self.assertEqual(0, empty.stat().st_size)

    def test_usage(self) -> None:
        """Without arguments, the program prints its usage in one line."""
        done = subprocess.run(
            [sys.executable, self.program.__file__],
            env=environment(),
            check=False,
            capture_output=True,
            text=True,
        )
        self.assertEqual((1, "usage: python3 move_pyotp.py site.db otp.db\n"), (done.returncode, done.stderr))

    def test_an_old_secret(self) -> None:
        """A secret of 80 bits is moved."""
        self.write("INSERT INTO otp VALUES (17, ?, 6, 60, NULL, ?, NULL)", OLD_SECRET, NOW // 60)
        totp = TOTP(Secret.from_base32(OLD_SECRET), period=60)
        verifier = self.move()
        with self.assertRaises(ReplayedCodeError):
            self.login(verifier, totp.at(NOW))
        self.assertEqual(NOW // 60 + 1, self.login(verifier, totp.at(NOW + 60)))

    def test_users_without_a_second_factor(self) -> None:
        """Users whose secret is NULL or empty are skipped and counted, not reported as faults."""
        self.add(6, None, 7, None)
        for user, secret in ((18, None), (19, "")):
            self.write("INSERT INTO otp VALUES (?, ?, NULL, 30, NULL, NULL, NULL)", user, secret)
        with contextlib.redirect_stdout(io.StringIO()) as output:
            self.program.main(self.source, self.path)
        self.assertEqual("1 moved, 0 not, 2 without a second factor\n", output.getvalue())
        with SQLStore.sqlite(self.path) as store:
            self.assertEqual(["17"], [user for user, _ in Verifier(store).states()])

    def test_another_table(self) -> None:
        """The query in the docstring reads a table that has other names."""
        query = re.search(r"SELECT id.* FROM users", self.program.__doc__, re.DOTALL)
        assert query is not None
        self.write("CREATE TABLE users (id INTEGER PRIMARY KEY, otp_secret TEXT, last_step INTEGER)")
        self.write("INSERT INTO users VALUES (17, ?, ?)", SECRET, NOW // 30)
        self.write("INSERT INTO users VALUES (18, NULL, NULL)")
        self.enterContext(mock.patch.object(self.program, "QUERY", query.group()))
        with contextlib.redirect_stdout(io.StringIO()) as output:
            self.program.main(self.source, self.path)
        self.assertEqual("1 moved, 0 not, 1 without a second factor\n", output.getvalue())
        with SQLStore.sqlite(self.path) as store, self.assertRaises(ReplayedCodeError):
            row = next(self.program.rows(self.source))
            Verifier(store).verify("17", self.program.credential(row), self.pyotp.TOTP(SECRET).at(NOW))

    def test_after_the_move(self) -> None:
        """The function in the docstring returns the moved device and the devices that were added since."""
        self.add(6, 30, None, NOW // 30)
        verifier, new = self.move(), TOTP(Secret.generate())
        verifier.enroll("17", new, new.at(NOW), device="new")
        _, begin, body = self.program.__doc__.partition("    def devices(row):")
        names = {
            "verifier": verifier,
            "credential": self.program.credential,
            "derived": lambda _row, name: {"new": new}[name],
        }
        exec(textwrap.dedent(begin + body.partition("\n\n")[0]), names)
        (row,) = self.program.rows(self.source)
        moved = TOTP(Secret.from_base32(SECRET))
        self.assertEqual({"default": moved, "new": new}, names["devices"](row))

    def test_it_is_run_again(self) -> None:
        """A code that was used after the first run is refused after the second run."""
        hotp = self.pyotp.HOTP(SECRET)
        self.add(6, None, 7, None)
        self.login(self.move(), hotp.at(7))
        with self.assertRaises(ReplayedCodeError):
            self.login(self.move(), hotp.at(7))

    def test_one_is_refused(self) -> None:
        """The program names each user that it refuses, without the secret, and moves the others."""
        self.add(6, 30, None, NOW)  # seconds for steps
        self.write("INSERT INTO otp VALUES (18, 'GEZ!', 6, 30, NULL, NULL, NULL)")
        self.write("INSERT INTO otp VALUES (16, ?, 'six', 30, NULL, NULL, NULL)", SECRET)
        self.write("INSERT INTO otp VALUES (15, ?, 6, NULL, 'x', NULL, NULL)", SECRET)
        self.write("INSERT INTO otp VALUES (14, ?, 6, 30, NULL, NULL, 'md5')", SECRET)
        self.write("INSERT INTO otp VALUES (13, ?, 6, 30, NULL, 'x', NULL)", SECRET)
        self.write("INSERT INTO otp VALUES (19, ?, 6, NULL, 0, NULL, NULL)", SECRET)
        output = io.StringIO()
        expected = (
            "not moved:\nuser 13: .*\nuser 14: MD5.*\nuser 15: .*\nuser 16: digits .*\nuser 17: watermark"
        )
        with (
            contextlib.redirect_stdout(output),
            self.assertRaisesRegex(SystemExit, f"{expected} must be a step.*\nuser 18: ") as caught,
        ):
            self.program.main(self.source, self.path)
        self.assertEqual("1 moved, 6 not, 0 without a second factor\n", output.getvalue())
        self.assertNotIn("GEZ", str(caught.exception))
        with SQLStore.sqlite(self.path) as store:
            self.assertEqual(["19"], [user for user, _ in Verifier(store).states()])
