"""Tests of the command that moves users from django-otp."""

import io
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from onetime import HOTP, TOTP, ReplayedCodeError, Secret, SQLStore, Verifier
from tests.support import package

NOW = 1_800_000_000
KEY = bytes(range(20))


def set_up_django() -> None:
    """Set up a site with django-otp and an in-memory database, once in this process."""
    package("django_otp")
    import django
    from django.conf import settings

    if settings.configured:
        return
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django_otp",
            "django_otp.plugins.otp_totp",
            "django_otp.plugins.otp_hotp",
            "django_otp.plugins.otp_static",
        ],
        USE_TZ=True,
    )
    django.setup()


class Moving(unittest.TestCase):
    program: Any
    users: Any

    @classmethod
    def setUpClass(cls) -> None:
        set_up_django()
        from django.contrib.auth import get_user_model
        from django.core.management import call_command

        from tests.examples import move_django_otp

        cls.program = move_django_otp
        cls.users = get_user_model().objects
        call_command("migrate", verbosity=0)

    def setUp(self) -> None:
        self.users.all().delete()
        self.alice = self.users.create_user("alice")
        self.path = Path(self.enterContext(tempfile.TemporaryDirectory()), "otp.db")
        self.clock = self.enterContext(mock.patch("time.time", return_value=NOW))

    def move(self) -> Verifier:
        """Run the command, and return a verifier with its store."""
        from django.core.management import call_command

        output = io.StringIO()
        call_command(self.program.Command(), str(self.path), stdout=output)
        self.assertRegex(output.getvalue(), r"\A[0-9] moved, 0 not\n\Z")
        store = SQLStore.sqlite(self.path)
        self.addCleanup(store.close)
        return Verifier(store)

    def totp(self, **fields: Any) -> Any:
        return self.program.TOTPDevice.objects.create(user=self.alice, key=KEY.hex(), **fields)

    def test_totp(self) -> None:
        """F25: the last code is spent, the next is accepted, and the drift is kept, with 30 and with 60 s."""
        for period, key, digits in ((30, KEY, 6), (60, KEY[:10], 8)):
            with self.subTest(period=period):
                self.path.unlink(missing_ok=True)
                self.program.TOTPDevice.objects.all().delete()
                totp = TOTP(Secret(key), digits=digits, period=period)
                row = self.program.TOTPDevice.objects.create(
                    user=self.alice, key=key.hex(), step=period, digits=digits, tolerance=4
                )
                # The owner's clock is three steps ahead.
                last = totp.at(NOW + 3 * period)
                self.assertTrue(row.verify_token(last))
                self.assertFalse(row.verify_token(last))
                self.assertEqual(3, row.drift)
                verifier = self.move()
                with self.assertRaises(ReplayedCodeError):
                    self.program.login(verifier, self.alice, last)
                accepted = self.program.login(verifier, self.alice, totp.at(NOW + 4 * period))
                self.assertEqual((f"totp-{row.pk}", 1, 3), (accepted.device, accepted.offset, accepted.drift))
                verifier.store.close()  # type: ignore[attr-defined] # it is a SQLStore

    def test_hotp(self) -> None:
        """The last code of an HOTP is spent, and the next code is accepted."""
        hotp = HOTP(Secret(KEY[:10]))
        row = self.program.HOTPDevice.objects.create(user=self.alice, key=KEY[:10].hex())
        self.assertTrue(row.verify_token(hotp.at(2)))
        verifier = self.move()
        with self.assertRaises(ReplayedCodeError):
            self.program.login(verifier, self.alice, hotp.at(2))
        self.assertEqual(3, self.program.login(verifier, self.alice, hotp.at(3)).moving_factor)

    def test_both(self) -> None:
        """A user with two devices logs in with each of them, even with one that was never used."""
        totp, hotp = self.totp(), self.program.HOTPDevice.objects.create(user=self.alice, key="ab" * 20)
        unconfirmed = self.program.TOTPDevice.objects.create(user=self.alice, key="cd" * 20, confirmed=False)
        verifier = self.move()
        self.assertNotIn(f"totp-{unconfirmed.pk}", self.program.devices(self.alice))
        for row, code in ((totp, TOTP(Secret(KEY)).at(NOW)), (hotp, HOTP(Secret(b"\xab" * 20)).at(0))):
            accepted = self.program.login(verifier, self.alice, code)
            self.assertIn(f"-{row.pk}", accepted.device)
            self.assertEqual((), accepted.left_out)

    def test_it_is_run_again(self) -> None:
        """A code that was used after the first run is refused after the second run."""
        self.totp()
        code = TOTP(Secret(KEY)).at(NOW)
        self.program.login(self.move(), self.alice, code)
        with self.assertRaises(ReplayedCodeError):
            self.program.login(self.move(), self.alice, code)

    def test_one_is_refused(self) -> None:
        """The command names the device that it refuses, and moves the others."""
        from django.core.management import CommandError, call_command

        bob = self.users.create_user("bob")
        self.program.HOTPDevice.objects.create(user=bob, key=KEY.hex())
        row = self.totp(last_t=NOW)  # seconds for steps
        bad = self.program.TOTPDevice.objects.create(user=bob, key="not hexadecimal")
        expected = (
            f"user {self.alice.pk}, device totp-{row.pk}: watermark.*\nuser {bob.pk}, device totp-{bad.pk}: "
        )
        output = io.StringIO()
        with self.assertRaisesRegex(CommandError, expected):
            call_command(self.program.Command(), str(self.path), stdout=output)
        self.assertEqual("1 moved, 2 not\n", output.getvalue())
        with SQLStore.sqlite(self.path) as store:
            self.assertEqual([str(bob.pk)], [user for user, _ in Verifier(store).states()])

    def test_static_tokens(self) -> None:
        """django-otp still accepts each static token once, until recovery codes replace them."""
        from django_otp.plugins.otp_static.models import StaticDevice

        static = StaticDevice.objects.create(user=self.alice)
        static.token_set.create(token="abcdefgh")
        self.move()
        self.assertTrue(static.verify_token("abcdefgh"))
        self.assertFalse(static.verify_token("abcdefgh"))
