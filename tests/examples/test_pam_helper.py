"""Tests of the helper for pam_exec: logins through PAM."""

import contextlib
import io
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from onetime import TOTP, IncorrectCodeError, SQLStore, Verifier
from tests.support.pam import Service, module
from tests.support.web import environment

PATCHED = """
import pathlib, sys
from tests.examples import pam_helper
pam_helper.FOLDER = pathlib.Path({folder!r})
sys.exit(pam_helper.main(sys.argv[1:]))
"""
"""A program that runs the helper with another folder."""


DEVICE = "0123456789abcdef"


class Login(unittest.TestCase):
    program: Any

    @classmethod
    def setUpClass(cls) -> None:
        module("pam_exec")
        from tests.examples import pam_helper  # it needs POSIX

        cls.program = pam_helper

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / "master.key").write_bytes(bytes(range(32)))
        self.enterContext(mock.patch.object(self.program, "FOLDER", self.folder))
        program = self.folder / "program.py"
        program.write_text(PATCHED.format(folder=str(self.folder)))
        self.command = [sys.executable, str(program)]
        path = environment()["PYTHONPATH"]
        run = f"/usr/bin/env PYTHONPATH={path} {' '.join(self.command)}"
        self.service = Service(self.folder, f"auth required pam_exec.so expose_authtok quiet stdout {run}\n")
        self.store = SQLStore.sqlite(self.folder / "otp.db")
        self.addCleanup(self.store.close)
        self.verifier = Verifier(self.store)

    def run_program(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *arguments],
            stdin=subprocess.DEVNULL,
            env=environment(),
            check=False,
            capture_output=True,
            text=True,
        )

    def enroll(self) -> TOTP:
        """Add a device with the previous step's code."""
        totp: TOTP = self.program.credential("alice", DEVICE)
        self.verifier.enroll("alice", totp, totp.at(time.time() - 30), device=DEVICE)
        return totp

    def test_login(self) -> None:
        """A code logs its own user in, and only once."""
        totp = self.enroll()
        code = totp.at(time.time())
        self.assertFalse(self.service.login("bob", code))
        self.assertFalse(self.service.login("alice", "000000"))
        self.assertFalse(self.service.login("alice", ""))
        self.assertFalse(self.service.login("alice", "caf\u00e9 \u0663"))
        self.assertTrue(self.service.login("alice", f"{code[:3]} {code[3:]}"))
        self.assertFalse(self.service.login("alice", code))
        self.assertTrue(self.service.login("alice", totp.at(time.time() + 30)))

    def test_throttled(self) -> None:
        """A throttled owner logs in with three codes in a row."""
        totp = self.enroll()
        for _ in range(5):
            self.service.login("alice", "000000")
        now = time.time()
        self.assertFalse(self.service.login("alice", totp.at(now)))
        codes = [totp.at(now + seconds) for seconds in (0, 30, 60)]
        self.assertTrue(self.service.login("alice", " ".join(codes)))
        self.assertFalse(self.service.login("alice", " ".join(codes)))

    def test_the_store_fails(self) -> None:
        """If the store cannot be read, a correct code is refused."""
        totp = self.enroll()
        self.store.close()
        (self.folder / "otp.db").write_bytes(b"not a database")
        self.assertFalse(self.service.login("alice", totp.at(time.time())))

    def test_root(self) -> None:
        """`enroll` replaces the user's devices only if the code is correct; `forget` removes them all."""
        old, new = self.enroll(), self.program.credential("alice", "new")
        for step, devices in ((-100, [DEVICE]), (0, ["new"])):
            code = new.at(time.time() + 30 * step)
            output = io.StringIO()
            with (
                mock.patch("secrets.token_hex", return_value="new"),
                mock.patch("builtins.input", return_value=code),
                contextlib.redirect_stdout(output),
                contextlib.suppress(IncorrectCodeError),
            ):
                self.program.main(["enroll", "alice"])
            self.assertIn("\u2588", output.getvalue())
            self.assertEqual(devices, list(self.program.devices(self.verifier, "alice")))
        self.assertFalse(self.service.login("alice", old.at(time.time())))
        self.assertTrue(self.service.login("alice", new.at(time.time() + 30)))
        self.assertEqual(0, self.run_program("forget", "alice").returncode)
        self.assertIsNone(self.verifier.state("alice"))
        self.assertEqual(2, self.run_program().returncode, "outside of PAM it checks nothing")
