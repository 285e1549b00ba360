"""`onetime migrate`."""

import json
import unittest

from onetime import TOTP, Account, Secret
from onetime.provisioning import migration, uri
from tests.cli.session import BASE32, HOTP_LINK, TOTP_LINK, Session, run
from tests.support import RFC_KEY

LINKS = [f"otpauth://totp/Acme:user{number}?secret={BASE32}&issuer=Acme" for number in range(25)]


class Migrate(unittest.TestCase):
    def test_links_to_an_export_and_back(self) -> None:
        """What goes in comes out again, in its order."""
        text = f"{TOTP_LINK}\n\n{HOTP_LINK}\n"
        export = run("migrate", stdin=text)
        self.assertEqual((0, ""), (export.status, export.err))
        self.assertRegex(export.out, r"\Aotpauth-migration://offline\?data=\S+\n\Z")
        self.assertEqual(Session(0, f"{TOTP_LINK}\n{HOTP_LINK}\n", ""), run("migrate", stdin=export.out))

    def test_a_long_export_has_several_parts(self) -> None:
        """Each part fits a QR code; they are joined in whatever order they come."""
        parts = run("migrate", stdin="\n".join(LINKS)).out.splitlines()
        self.assertGreater(len(parts), 1)
        back = run("migrate", stdin="\n".join(reversed(parts)))
        self.assertEqual(Session(0, "\n".join(LINKS) + "\n", ""), back)

    def test_a_part_that_is_missing_is_missed(self) -> None:
        """No account is lost without a word."""
        parts = run("migrate", stdin="\n".join(LINKS)).out.splitlines()
        session = run("migrate", stdin=parts[0])
        self.assertEqual((2, ""), (session.status, session.out))
        self.assertRegex(session.err, r"\Aonetime: of \d batches these are missing: 2")

    def test_json(self) -> None:
        """A program gets a list."""
        session = run("migrate", "--json", stdin=TOTP_LINK)
        (export,) = json.loads(session.out)["uris"]
        self.assertEqual((uri.parse(TOTP_LINK),), migration.parse(export).accounts)

    def test_what_an_export_has_no_place_for_is_named(self) -> None:
        """A parameter without a meaning is left out, and that is said."""
        session = run("migrate", stdin=f"{TOTP_LINK}\n{TOTP_LINK}&image=x&color=y\n")
        self.assertEqual("onetime: link 2: an export has no place for image, color\n", session.err)
        self.assertEqual(f"{TOTP_LINK}\n{TOTP_LINK}\n", run("migrate", stdin=session.out).out)

    def test_what_would_be_another_credential_is_refused(self) -> None:
        """Nothing is bent until it fits."""
        colon = migration.build([Account("alice", TOTP(Secret(RFC_KEY)), issuer="A:B")])[0]
        for stdin, message in (
            (f"{TOTP_LINK}\n{TOTP_LINK}&period=60", "account 2: "),
            (f"{TOTP_LINK}&digits=7", "account 1: "),
            (f"{TOTP_LINK}&algorithm=SHA3_256", "account 1: "),
            (f"{TOTP_LINK}\notpauth-migration://offline?data=AA", "give the parts of an export or links"),
            (f"{TOTP_LINK}\n{BASE32}", "link 2: not an otpauth:// link"),
            (colon, "account 1: the issuer has a colon"),
            ("otpauth-migration://offline?data=A!", "part 1: "),
            ("", "there is no link"),
        ):
            with self.subTest(message):
                session = run("migrate", stdin=stdin)
                self.assertEqual((2, ""), (session.status, session.out))
                self.assertTrue(session.err.startswith(f"onetime: {message}"), session.err)
                self.assertNotIn(BASE32, session.err)
