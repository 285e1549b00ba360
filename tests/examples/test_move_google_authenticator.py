"""Tests of the program that moves users of google-authenticator-libpam, with files of the real program.

The module uses the system's clock, so the codes are those of the current time.
"""

import contextlib
import getpass
import io
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from onetime import ReplayedCodeError, SQLStore, Verifier
from onetime.testing import ManualClock
from tests.examples import move_google_authenticator as program
from tests.support import program as program_path
from tests.support.pam import Service, module


class Moving(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.home = self.folder / "alice"
        self.home.mkdir()
        self.path = self.home / program.NAME
        self.database = self.folder / "otp.db"

    def enroll(self, *options: str) -> Service:
        """Write a user's file with the real program, and return the service that logs in with it."""
        command = [program_path("google-authenticator"), "-C", "-f", "-q", "-u", "-s", str(self.path)]
        subprocess.run([*command, *options], check=True, capture_output=True)
        self.path.chmod(0o600)
        rule = (
            f"auth required {module('pam_google_authenticator')} secret={self.path} user={getpass.getuser()}"
        )
        return Service(self.folder, f"{rule} no_strict_owner\n")

    def read(self) -> program.Moved:
        return program.read(self.path.read_text())

    def move(self, clock: ManualClock) -> Verifier:
        """Run the program, and return a verifier with its store."""
        with contextlib.redirect_stdout(io.StringIO()):
            program.main(str(self.database), str(self.home))
        store = SQLStore.sqlite(self.database)
        self.addCleanup(store.close)
        return Verifier(store, clock=clock)

    def test_totp(self) -> None:
        """F25: the last code is spent, the next is accepted, and the drift is kept, with 30 and with 60 s."""
        for options, period, skew in (((), 30, 0), (("-S", "60"), 60, 0), ((), 30, 7), ((), 30, -7)):
            with self.subTest(period=period, skew=skew):
                self.database.unlink(missing_ok=True)
                service = self.enroll("-t", "-d", "-w", "3", *options)
                if skew:
                    text = self.path.read_text()
                    self.path.write_text(text.replace('" TOTP_AUTH', f'" TIME_SKEW {skew}\n" TOTP_AUTH'))
                totp, now = self.read().credential, time.time()
                assert totp.kind == "totp"
                last = totp.at(now + skew * period)
                self.assertTrue(service.login("alice", last))
                self.assertFalse(service.login("alice", last))
                verifier = self.move(ManualClock(now))
                with self.assertRaises(ReplayedCodeError):
                    verifier.verify("alice", totp, last)
                accepted = verifier.verify("alice", totp, totp.at(now + (skew + 1) * period))
                self.assertEqual((1, skew), (accepted.offset, accepted.drift))

    def test_reuse_was_allowed(self) -> None:
        """Every code that may have been accepted is spent, and the first code after them is accepted."""
        service = self.enroll("-t", "-D", "-w", "3")
        totp, now = self.read().credential, time.time()
        assert totp.kind == "totp"
        self.assertTrue(service.login("alice", totp.at(now + 30)))
        self.assertTrue(service.login("alice", totp.at(now + 30)), "the module forgets")
        clock = ManualClock(time.time())
        verifier = self.move(clock)
        for offset in (-30, 0, 30):
            with self.assertRaises(ReplayedCodeError):
                verifier.verify("alice", totp, totp.at(clock.now + offset))
        clock.advance(60)
        verifier.verify("alice", totp, totp.at(clock.now))

    def test_hotp(self) -> None:
        """The last code of an HOTP is spent, and the next code is accepted."""
        service = self.enroll("-c", "-w", "3")
        hotp = self.read().credential
        assert hotp.kind == "hotp"
        self.assertTrue(service.login("alice", hotp.at(2)))
        self.assertFalse(service.login("alice", hotp.at(2)))
        # The module moves its counter on after that wrong code, and the owner's device does not.
        self.assertTrue(service.login("alice", hotp.at(4)))
        verifier = self.move(ManualClock(time.time()))
        with self.assertRaises(ReplayedCodeError):
            verifier.verify("alice", hotp, hotp.at(4))
        self.assertEqual(5, verifier.verify("alice", hotp, hotp.at(5)).moving_factor)

    def test_scratch_codes(self) -> None:
        """The module deletes each scratch code that is used; the unused scratch codes are counted."""
        service = self.enroll("-t", "-d", "-w", "3")
        code = self.path.read_text().splitlines()[-1]
        self.assertTrue(service.login("alice", code))
        self.assertFalse(service.login("alice", code))
        self.assertEqual(4, self.read().scratch_codes)

    def test_an_old_file(self) -> None:
        """A file with a secret of 80 bits, such as old versions wrote, is read."""
        moved = program.read(
            'GEZDGNBVGY3TQOJQ\n" RATE_LIMIT 3 30 1700000000\n" WINDOW_SIZE 17\n'
            '" DISALLOW_REUSE 56666666 56666668 56666667\n" RESETTING_TIME_SKEW 56666666+5\n'
            '" TOTP_AUTH\n12345678\n87654321\n'
        )
        self.assertEqual((10, 56666669, 0), (len(moved.credential.secret), moved.watermark, moved.drift))
        self.assertEqual(2, moved.scratch_codes)

    def test_homes(self) -> None:
        """Users with a file are moved, a refused user is named, and the program can be run again."""
        for user, text in (
            ("alice", 'GEZDGNBVGY3TQOJQ\n" DISALLOW_REUSE\n" TOTP_AUTH\n12345678\n'),
            ("bob", 'GEZ!\n" TOTP_AUTH\n'),
            ("carol", None),
            ("dave", ""),
            ("erin", 'GEZDGNBVGY3TQOJQ\n" HOTP_COUNTER\n'),
        ):
            (self.folder / user).mkdir(exist_ok=True)
            if text is not None:
                (self.folder / user / program.NAME).write_text(text)
        output, path = io.StringIO(), str(self.database)
        for _ in range(2):
            with (
                contextlib.redirect_stdout(output),
                self.assertRaisesRegex(SystemExit, "not moved:\nuser bob: .*\nuser dave: .*\nuser erin: "),
            ):
                program.main(
                    path, *(str(self.folder / user) for user in ("bob", "carol", "dave", "erin", "alice"))
                )
        self.assertEqual(
            ["user alice was moved; 1 scratch codes were not", "1 moved, 3 not"] * 2,
            output.getvalue().splitlines(),
        )
        with SQLStore.sqlite(path) as store:
            self.assertEqual(["alice"], [user for user, _ in Verifier(store).states()])
