"""Tests of the terminal authenticator, run as a program with typed input."""

import stat
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from onetime import HOTP, TOTP, Account, MemoryStore, Secret, Verifier
from onetime.provisioning import migration, uri
from tests.support import RFC_KEY, package
from tests.support.web import environment

PASSWORD = "correct horse battery staple"
TOTP_ACCOUNT = Account("alice", TOTP(Secret(RFC_KEY), period=60), issuer="Acme")
HOTP_ACCOUNT = Account("bob", HOTP(Secret(RFC_KEY)), counter=7)


class Authenticator(unittest.TestCase):
    program: Any

    @classmethod
    def setUpClass(cls) -> None:
        package("cryptography")
        from tests.examples import authenticator

        cls.program = authenticator

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "vault.otp"

    def run_program(self, *arguments: str, typed: tuple[str, ...] = (), password: str = PASSWORD) -> Any:
        """Run a command without a terminal; it reads the typed lines from standard input."""
        return subprocess.run(
            [sys.executable, "-W", "ignore", self.program.__file__, *arguments],
            input="".join(f"{line}\n" for line in (password, *typed)),
            cwd=self.folder,
            env=environment(),
            check=False,
            capture_output=True,
            text=True,
            start_new_session=True,
        )

    def vault(self, *accounts: Account) -> Any:
        """Create a vault with accounts."""
        vault = self.program.Vault(self.path, PASSWORD)
        vault.accounts += accounts
        vault.save()
        return vault

    def test_a_day(self) -> None:
        """An account is added from a link, a server accepts its code, and the account is removed."""
        added = self.run_program("add", typed=(PASSWORD, uri.build(TOTP_ACCOUNT)))
        self.assertEqual(0, added.returncode, added.stderr)
        shown = self.run_program().stdout.splitlines()[-1]
        self.assertRegex(shown, r"Acme:alice \d{6} for \d+ s$")
        code = self.run_program("code", "Acme:alice").stdout.split()[0]
        verifier = Verifier(MemoryStore())
        verifier.enroll("alice", TOTP_ACCOUNT.credential, code)
        self.assertIn("█", self.run_program("qr", "Acme:alice").stdout)
        self.assertEqual(0, self.run_program("remove", "Acme:alice").returncode)
        self.assertIn("there are 0 accounts", self.run_program("code", "Acme:alice").stderr)

    def test_a_counter(self) -> None:
        """Each HOTP code is new, its counter is stored before it is shown, and a list uses no code."""
        self.vault(HOTP_ACCOUNT)
        for counter in (7, 8):
            self.assertIn("bob -", self.run_program().stdout)
            self.assertEqual(
                HOTP_ACCOUNT.credential.hotp.at(counter), self.run_program("code", "bob").stdout.strip()
            )
        vault = self.program.Vault(self.path, PASSWORD)
        with mock.patch.object(vault, "save", side_effect=OSError), self.assertRaises(OSError):
            vault.code(0)

    def test_an_export(self) -> None:
        """Every account of an export is added."""
        (link,) = migration.build([Account("alice", TOTP(Secret(RFC_KEY))), HOTP_ACCOUNT])
        self.run_program("add", typed=(PASSWORD, link))
        vault = self.program.Vault(self.path, PASSWORD)
        self.assertEqual(["alice", "bob"], [account.name for account in vault.accounts])
        self.assertEqual(7, vault.accounts[1].counter)

    def test_the_file(self) -> None:
        """The vault's file reveals nothing, only its owner can read it, and any change to it is detected."""
        self.vault(TOTP_ACCOUNT)
        stored = self.path.read_bytes()
        self.assertEqual(0o600, stat.S_IMODE(self.path.stat().st_mode))
        for text in (RFC_KEY, b"alice", b"Acme", Secret(RFC_KEY).to_base32().encode(), PASSWORD.encode()):
            self.assertNotIn(text, stored)
        start = time.monotonic()
        with self.assertRaisesRegex(ValueError, "the password is wrong"):
            self.program.Vault(self.path, "wrong")
        self.assertGreater(time.monotonic() - start, 0.1, "each password takes a while to try")
        for place in (0, 20, 40, len(stored) - 1):
            self.path.write_bytes(stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :])
            with self.assertRaises(ValueError):
                self.program.Vault(self.path, PASSWORD)
        self.path.write_bytes(stored)
        self.vault()
        self.assertNotEqual(stored[:44], self.path.read_bytes()[:44], "salt and nonce are new each time")

    def test_mistakes(self) -> None:
        """Each mistake, such as a wrong password or a malformed link, ends with an error in one line."""
        for typed, error in (
            (("another", "link"), "the passwords differ"),
            ((PASSWORD, "link"), "otpauth"),
        ):
            done = self.run_program("add", typed=typed)
            self.assertEqual(1, done.returncode)
            self.assertIn(error, done.stderr.splitlines()[-1])
            self.assertFalse(self.path.exists())
        self.vault(TOTP_ACCOUNT)
        again = self.run_program("add", typed=(uri.build(TOTP_ACCOUNT),))
        self.assertIn("an account with this name already exists", again.stderr)
        self.assertIn("password is wrong", self.run_program(password="wrong").stderr)
        self.assertEqual(2, self.run_program("code").returncode)
