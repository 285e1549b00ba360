"""Tests of the program that moves users of liboath's users file, with lines that pam_oath wrote.

The module uses the system's clock, so the codes are those of the current time.
"""

import contextlib
import io
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from onetime import HOTP, TOTP, ReplayedCodeError, Secret, SQLStore, Verifier
from onetime.testing import ManualClock
from tests.examples import move_usersfile as program
from tests.support import program as program_path
from tests.support.pam import Service, module

KEY = "3132333435363738393031323334353637383930"
OLD_KEY = KEY[:20]
"""80 bits."""


class Moving(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.source, self.path = self.folder / "users.oath", str(self.folder / "otp.db")

    def enroll(self, *lines: str, digits: int = 6) -> Service:
        """Write the file, and return the service that logs in with it."""
        self.source.write_text("".join(f"{line}\n" for line in lines))
        self.source.chmod(0o600)
        return Service(
            self.folder, f"auth required {module('pam_oath')} usersfile={self.source} digits={digits}\n"
        )

    def move(self, clock: ManualClock) -> Verifier:
        """Run the program, and return a verifier with its store."""
        with contextlib.redirect_stdout(io.StringIO()):
            program.main(str(self.source), self.path)
        store = SQLStore.sqlite(self.path)
        self.addCleanup(store.close)
        return Verifier(store, clock=clock)

    def oathtool(self, *arguments: str) -> str:
        command = [program_path("oathtool"), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def test_totp(self) -> None:
        """F25: the last code is spent, the next is accepted, and the drift is kept, with 30 and with 60 s."""
        for kind, key, period, digits, steps in (
            ("HOTP/T30", KEY, 30, 6, 0),
            ("HOTP/T30/8", KEY, 30, 8, 4),
            ("HOTP/T60/7", OLD_KEY, 60, 7, -4),
        ):
            with self.subTest(kind=kind):
                Path(self.path).unlink(missing_ok=True)
                service = self.enroll("# a comment", f"{kind} alice - {key}", digits=digits)
                totp = TOTP(Secret.from_hex(key), digits=digits, period=period)
                # Well before the next step and a second after this one began, so that all agree which step it
                # is: the C library's clock of whole seconds lags a little.
                remaining = totp.remaining(time.time())
                if not 15 <= remaining <= period - 1:
                    time.sleep(remaining + 1 if remaining < 15 else 1)
                now = int(time.time())
                last = totp.at(now + steps * period)
                start = f"--now=@{now + steps * period}"
                self.assertEqual(last, self.oathtool("--totp", f"-s{period}", f"-d{digits}", start, key))
                self.assertTrue(service.login("alice", last))
                self.assertFalse(service.login("alice", last))
                verifier = self.move(ManualClock(now))
                with self.assertRaises(ReplayedCodeError):
                    verifier.verify("alice", program.devices(self.lines(), "alice"), last)
                following = totp.at(now + (steps + 1) * period)
                accepted = verifier.verify("alice", program.devices(self.lines(), "alice"), following)
                self.assertEqual((1, steps), (accepted.offset, accepted.drift))
                verifier.forget("alice")

    def lines(self) -> list[str]:
        return self.source.read_text().splitlines()

    def test_hotp(self) -> None:
        """The last code of an HOTP is spent, and the next code is accepted."""
        service = self.enroll(f"HOTP/E/6 alice - {OLD_KEY} 4")
        hotp = HOTP(Secret.from_hex(OLD_KEY))
        self.assertEqual(hotp.at(6), self.oathtool("--hotp", "-c6", OLD_KEY))
        self.assertTrue(service.login("alice", hotp.at(6)))
        self.assertFalse(service.login("alice", hotp.at(6)))
        verifier = self.move(ManualClock(time.time()))
        with self.assertRaises(ReplayedCodeError):
            verifier.verify("alice", program.devices(self.lines(), "alice"), hotp.at(6))
        accepted = verifier.verify("alice", program.devices(self.lines(), "alice"), hotp.at(7))
        self.assertEqual(7, accepted.moving_factor)

    def test_nobody_has_logged_in(self) -> None:
        """The first code of each device is accepted, whether or not its line has a counter."""
        self.enroll(f"HOTP alice - {KEY}", f"HOTP/T30 bob - {KEY}", f"HOTP/E/8 alice + {OLD_KEY} 9")
        verifier = self.move(ManualClock(time.time()))
        devices = program.devices(self.lines(), "alice")
        self.assertEqual(["line-1", "line-2"], list(devices))
        self.assertEqual(0, verifier.verify("alice", devices, HOTP(Secret.from_hex(KEY)).at(0)).moving_factor)
        code = HOTP(Secret.from_hex(OLD_KEY), digits=8).at(9)
        self.assertEqual(9, verifier.verify("alice", devices, code).moving_factor)

    def test_the_clock_was_changed(self) -> None:
        """If the last code does not fit the time of the last login, every code up to now counts as used."""
        self.enroll(f"HOTP/T30 alice - {KEY} 0 000000 2020-01-01T00:00:00L")
        before = int(time.time()) // 30
        verifier = self.move(ManualClock(time.time()))
        state = verifier.state("alice")
        assert state is not None
        self.assertIn(state.devices["line-1"].watermark - program.WINDOW - 1, (before, before + 1))

    def test_a_line_is_malformed(self) -> None:
        """The program names each line that it refuses, without the secret, and moves the others."""
        lines = ["HOTP alice", f"HOTP/T30/5 bob - {KEY}", "HOTP carol - 31zz", f"# né\nHOTP dave - {KEY}"]
        self.source.write_text("\n".join(lines), encoding="latin-1")
        output = io.StringIO()
        with (
            contextlib.redirect_stdout(output),
            self.assertRaisesRegex(SystemExit, "line 1: .*\nline 2: .*digits.*\nline 3: ") as caught,
        ):
            program.main(str(self.source), self.path)
        self.assertEqual("1 moved, 3 not\n", output.getvalue())
        # Malformed lines of other users do not keep a user from logging in.
        self.assertEqual(
            {"line-1": HOTP(Secret.from_hex(KEY))}, program.devices("\n".join(lines).splitlines(), "dave")
        )
        missing = self.folder / "none.oath"
        with self.assertRaisesRegex(SystemExit, "there is no file "):
            program.main(str(missing), str(self.folder / "none.db"))
        self.assertFalse((self.folder / "none.db").exists())
        self.assertNotIn("31zz", str(caught.exception))
        with SQLStore.sqlite(self.path) as store:
            self.assertEqual(["dave"], [user for user, _ in Verifier(store).states()])
