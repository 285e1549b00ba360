"""Tests of the program that moves users from passlib or libpass, which have the same module.

ONETIME_PASSLIB names the folder of passlib where libpass is installed, so that both are tested.
"""

import contextlib
import importlib
import io
import os
import sqlite3
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from onetime import ReplayedCodeError, SQLStore, Verifier
from tests.support import package, skip

NOW = 1_800_000_000
SECRET = "GEZDGNBVGY3TQOJQ"
"""80 bits in base32."""


class FromLibpass(unittest.TestCase):
    passlib: Any
    program: Any

    @classmethod
    def setUpClass(cls) -> None:
        cls.passlib = package("passlib.totp")
        sys.modules.pop("tests.examples.move_passlib", None)
        cls.program = importlib.import_module("tests.examples.move_passlib")

    def setUp(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.source, self.path = str(folder / "site.db"), str(folder / "otp.db")
        statement = self.program.__doc__[self.program.__doc__.index("CREATE") :].partition("\n\n")[0]
        self.write(statement)
        self.clock = self.enterContext(mock.patch("time.time", return_value=NOW))

    def write(self, statement: str, *values: object) -> None:
        with contextlib.closing(sqlite3.connect(self.source)) as connection, connection:
            connection.execute(statement, values)

    def add(self, json: str, last_counter: int | None, skew: int | None = None) -> None:
        self.write("DELETE FROM otp")
        self.write("INSERT INTO otp VALUES (17, ?, ?, ?)", json, last_counter, skew)

    def move(self) -> Verifier:
        """Run the program, and return a verifier with its store."""
        with contextlib.redirect_stdout(io.StringIO()):
            self.program.main(self.source, self.path)
        store = SQLStore.sqlite(self.path)
        self.addCleanup(store.close)
        return Verifier(store)

    def login(self, verifier: Verifier, code: str) -> Any:
        (row,) = self.program.rows(self.source)
        return verifier.verify("17", self.program.credential(row["json"]), code)

    def test_totp(self) -> None:
        """F25: the last code is spent, the next is accepted, and the drift is kept, with all settings."""
        for settings in ({}, {"period": 60, "digits": 8, "alg": "sha256"}, {"alg": "sha512"}):
            with self.subTest(**settings):
                Path(self.path).unlink(missing_ok=True)
                old = self.passlib.TOTP(key=SECRET, format="base32", **settings)
                skew = -5 * old.period  # the owner's clock is behind
                last = old.generate(time=NOW + skew).token
                match = old.match(last, time=NOW, skew=skew)
                with self.assertRaises(Exception):  # noqa: B017 - UsedTokenError of two packages
                    old.match(last, time=NOW, skew=skew, last_counter=match.counter)
                self.add(old.to_json(), match.counter, skew)
                verifier = self.move()
                with self.assertRaises(ReplayedCodeError):
                    self.login(verifier, last)
                accepted = self.login(verifier, old.generate(time=NOW + skew + old.period).token)
                self.assertEqual((match.counter + 1, -5), (accepted.moving_factor, accepted.drift))

    def test_encrypted(self) -> None:
        """passlib decrypts the secrets, both for the move and at each login."""
        wallet = self.passlib.AppWallet({"1": "a secret of the site"}, encrypt_cost=4)
        reader = self.passlib.TOTP.using(wallet=wallet)
        old = reader(key=SECRET, format="base32")
        self.assertIn("enckey", old.to_json())
        self.enterContext(mock.patch.object(self.program, "Reader", reader))
        last = old.generate(time=NOW).token
        self.add(old.to_json(), old.match(last, time=NOW).counter)
        verifier = self.move()
        with self.assertRaises(ReplayedCodeError):
            self.login(verifier, last)
        self.assertEqual(NOW // 30 + 1, self.login(verifier, old.generate(time=NOW + 30).token).moving_factor)

    def test_no_counter_was_stored(self) -> None:
        """Every code that may have been accepted is spent, and the code after the next is accepted."""
        old = self.passlib.TOTP(key=SECRET, format="base32")
        self.add(old.to_json(), None)
        verifier = self.move()
        for offset in (-30, 0, 30):
            code = old.generate(time=NOW + offset).token
            old.match(code, time=NOW)
            with self.assertRaises(ReplayedCodeError):
                self.login(verifier, code)
        self.clock.return_value += 60
        self.assertEqual(NOW // 30 + 2, self.login(verifier, old.generate(time=NOW + 60).token).moving_factor)

    def test_one_is_refused(self) -> None:
        """The program names each user that it refuses, and moves the others."""
        json = self.passlib.TOTP(key=SECRET, format="base32").to_json()
        self.add(json, NOW)  # seconds for steps
        self.write("INSERT INTO otp VALUES (18, '[]', NULL, NULL)")
        self.write("INSERT INTO otp VALUES (19, ?, NULL, 'x')", json)
        self.write("INSERT INTO otp VALUES (20, ?, NULL, NULL)", json)
        expected = "not moved:\nuser 17: watermark must be a step.*\nuser 18: .*\nuser 19: "
        output = io.StringIO()
        with contextlib.redirect_stdout(output), self.assertRaisesRegex(SystemExit, expected):
            self.program.main(self.source, self.path)
        self.assertEqual("1 moved, 3 not, 0 without a second factor\n", output.getvalue())

    def test_users_without_a_second_factor(self) -> None:
        """Users whose JSON is NULL or empty are skipped and counted, not reported as faults."""
        self.write("INSERT INTO otp VALUES (18, NULL, NULL, NULL)")
        self.write("INSERT INTO otp VALUES (19, '', NULL, NULL)")
        with contextlib.redirect_stdout(io.StringIO()) as output:
            self.program.main(self.source, self.path)
        self.assertEqual("0 moved, 0 not, 2 without a second factor\n", output.getvalue())

    def test_a_wrong_file(self) -> None:
        """A file that is missing or has no such table is reported in one line, and no file is created."""
        missing, empty = Path(self.source).with_name("none.db"), Path(self.source).with_name("empty.db")
        empty.touch()
        for path, words in ((missing, "there is no file "), (empty, "cannot be read: no such table: otp")):
            with self.assertRaisesRegex(SystemExit, words):
                self.program.main(str(path), self.path)
        self.assertFalse(missing.exists())
        self.assertFalse(Path(self.path).exists())


class FromPasslib(FromLibpass):
    """The same tests with passlib instead of libpass."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = os.environ.get("ONETIME_PASSLIB", "")
        if not folder:
            skip("ONETIME_PASSLIB does not name a folder with passlib, of the dependency group passlib")
        forget_passlib()
        sys.path.insert(0, folder)
        cls.addClassCleanup(forget_passlib)
        cls.addClassCleanup(sys.path.remove, folder)
        super().setUpClass()
        if not cls.passlib.__file__.startswith(folder):
            raise AssertionError(f"{cls.passlib.__file__} is not in {folder}")


def forget_passlib() -> None:
    """Unload the modules, so that those of the other package are loaded."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "passlib"]:
        del sys.modules[name]
