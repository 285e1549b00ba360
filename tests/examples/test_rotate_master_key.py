"""Tests of rotating the master key: no user is locked out, and the old key is useless afterwards."""

import contextlib
import importlib
import os
import secrets
import subprocess
import sys
import tempfile
import unittest
from typing import Any
from unittest import mock

from onetime import TOTP, IncorrectCodeError, NotEnrolledError, Secret
from onetime.provisioning import uri
from onetime.testing import ManualClock
from tests.support.web import environment

NOW = 1_800_000_000


class Rotation(unittest.TestCase):
    def setUp(self) -> None:
        self.enterContext(contextlib.chdir(self.enterContext(tempfile.TemporaryDirectory())))
        self.keys = {"MASTER_KEY_1": secrets.token_hex(32), "CURRENT_KEY": "1"}
        self.clock = ManualClock(NOW)
        self.load()
        self.alice = self.program.User("17", "alice@example.com")

    def load(self, **keys: str) -> None:
        """Start the program with one more key."""
        self.keys |= keys
        with mock.patch.dict(os.environ, self.keys):
            name = "tests.examples.rotate_master_key"
            sys.modules.pop(name, None)
            self.program: Any = importlib.import_module(name)
        self.addCleanup(self.program.verifier.store.close)
        self.program.verifier.clock = self.clock

    def rotate(self) -> None:
        self.load(MASTER_KEY_2=secrets.token_hex(32), CURRENT_KEY="2")

    def enroll(self, user: Any) -> TOTP:
        """Enroll a device: show its link, parse it, and confirm a code."""
        session: dict[str, str] = {}
        totp = uri.parse(self.program.show(user, session)).credential
        assert isinstance(totp, TOTP)
        self.program.confirm(user, session, totp.at(self.clock.now))
        self.clock.advance(30)
        return totp

    def login(self, user: Any, totp: TOTP) -> str:
        accepted = self.program.verifier.verify(user.id, self.program.devices(user), totp.at(self.clock.now))
        self.clock.advance(30)
        return str(accepted.device)

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, self.program.__file__, *arguments],
            env=environment(**self.keys),
            check=False,
            capture_output=True,
            text=True,
        )
        return done.stdout + done.stderr

    def test_a_rotation(self) -> None:
        """A device of the old key works until a device of the new key replaces it."""
        old = self.enroll(self.alice)
        self.assertEqual([], self.program.outdated(self.alice))
        self.rotate()
        self.assertTrue(self.login(self.alice, old).startswith("1."))
        self.assertEqual(1, len(self.program.outdated(self.alice)))
        self.assertEqual("key 1: 1 devices\n", self.command("count"))
        new = self.enroll(self.alice)
        self.assertEqual([], self.program.outdated(self.alice))
        self.assertTrue(self.login(self.alice, new).startswith("2."))
        with self.assertRaises(IncorrectCodeError):
            self.login(self.alice, old)
        self.assertEqual("key 2: 1 devices\n", self.command("count"))
        del self.keys["MASTER_KEY_1"]
        self.load()
        self.login(self.alice, new)

    def test_a_showing_before_the_rotation(self) -> None:
        """A device whose link was shown before the rotation is refused, and the owner's device stays."""
        old = self.enroll(self.alice)
        session: dict[str, str] = {}
        shown = uri.parse(self.program.show(self.alice, session)).credential
        assert isinstance(shown, TOTP)
        self.rotate()
        with self.assertRaisesRegex(ValueError, "current master key"):
            self.program.confirm(self.alice, session, shown.at(NOW))
        self.login(self.alice, old)

    def test_a_name_without_a_key(self) -> None:
        """A device that the recipe enrolled belongs to the first key."""
        device = secrets.token_hex(8)
        totp = TOTP(
            Secret.derive(Secret.from_hex(self.keys["MASTER_KEY_1"]), f"totp {self.alice.id} {device}")
        )
        self.program.verifier.enroll(self.alice.id, totp, totp.at(NOW - 30), device=device)
        self.rotate()
        self.assertEqual(device, self.login(self.alice, totp))
        self.assertEqual([device], self.program.outdated(self.alice))

    def test_a_stolen_key(self) -> None:
        """Retiring a stolen key removes its devices at once; users with another device can still log in."""
        bob = self.program.User("18", "bob@example.com")
        old = self.enroll(self.alice)
        self.enroll(bob)
        self.rotate()
        session: dict[str, str] = {}
        with mock.patch.object(self.program, "outdated", return_value=[]):  # as a second phone
            new = uri.parse(self.program.show(bob, session)).credential
            self.program.confirm(bob, session, new.at(self.clock.now))  # type: ignore[arg-type] # it is a TOTP
        self.clock.advance(30)
        self.assertIn("cannot be retired", self.command("retire", "2"))
        self.assertEqual("user 17 has no device left\n", self.command("retire", "1"))
        with self.assertRaises(NotEnrolledError):
            self.login(self.alice, old)
        assert isinstance(new, TOTP)
        self.login(bob, new)
        self.assertEqual("", self.command("retire", "1"))
        self.assertIn("usage", self.command())
