"""`onetime migrate`."""

import json
import unittest

from onetime import TOTP, Account, Secret
from onetime.provisioning import migration, uri
from tests.support import RFC_KEY
from tests.support.session import BASE32, HOTP_LINK, TOTP_LINK, Session, run

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
        self.assertRegex(session.err, r"\Aonetime: of \d batches, these are missing: 2")

    def test_json(self) -> None:
        """A program gets a list."""
        session = run("migrate", "--json", stdin=TOTP_LINK)
        (export,) = json.loads(session.out)["uris"]
        self.assertEqual((uri.parse(TOTP_LINK),), migration.parse(export).accounts)

    def test_what_an_export_has_no_place_for_is_named(self) -> None:
        """A parameter without a meaning is left out, and that is said; not which, in case it is a secret."""
        session = run("migrate", stdin=f"{TOTP_LINK}\n{TOTP_LINK}&image=x&color=y\n")
        message = "onetime: link 2: parameters left out, because an export cannot hold them: 2\n"
        self.assertEqual(message, session.err)
        self.assertEqual(f"{TOTP_LINK}\n{TOTP_LINK}\n", run("migrate", stdin=session.out).out)

    def test_what_has_no_link_keeps_nothing_else_back(self) -> None:
        """The phone may be gone: all other accounts come out, and the status tells that one did not."""
        accounts = [Account(name, TOTP(Secret(RFC_KEY)), issuer="Acme") for name in ("alice", "", "alice")]
        export = migration.build(accounts)[0]
        message = "onetime: account 2 (Acme): name must not be empty in a link\n"
        self.assertEqual(Session(1, f"{TOTP_LINK}\n{TOTP_LINK}\n", message), run("migrate", stdin=export))
        answer = json.loads(run("migrate", "--json", stdin=export).out)
        refused = {"position": 1, "issuer": "Acme", "name": "", "error": "name must not be empty in a link"}
        self.assertEqual({"uris": [TOTP_LINK, TOTP_LINK], "refused": [refused]}, answer)

    def test_f46_what_cannot_be_read_keeps_nothing_else_back(self) -> None:
        """F46: one and three come out, and the second is named with the reason."""
        export = (
            "otpauth-migration://offline?data=CiQKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgNvbmUaAUEgASgBMAIKJAoUMTIzNDU2Nz"
            "g5MDEyMzQ1Njc4OTASA3R3bxoBQSAEKAEwAgomChQxMjM0NTY3ODkwMTIzNDU2Nzg5MBIFdGhyZWUaAUEgASgBMAIQARgBIAAo"
            "Bw%3D%3D"
        )
        links = "".join(f"otpauth://totp/A:{name}?secret={BASE32}&issuer=A\n" for name in ("one", "three"))
        message = (
            "onetime: account 2 (A, two): MD5 is refused: its 16 bytes are too short for dynamic truncation\n"
        )
        self.assertEqual(Session(1, links, message), run("migrate", stdin=export))
        refused = {
            "position": 1,
            "issuer": "A",
            "name": "two",
            "error": "MD5 is refused: its 16 bytes are too short for dynamic truncation",
        }
        self.assertEqual([refused], json.loads(run("migrate", "--json", stdin=export).out)["refused"])

    def test_what_would_be_another_credential_is_refused(self) -> None:
        """Nothing is bent until it fits."""
        for stdin, message in (
            (f"{TOTP_LINK}\n{TOTP_LINK}&period=60", "account 2: "),
            (f"{TOTP_LINK}&digits=7", "account 1: "),
            (f"{TOTP_LINK}&algorithm=SHA3_256", "account 1: "),
            (
                f"{TOTP_LINK}\notpauth-migration://offline?data=AA",
                "give either the parts of an export or links",
            ),
            (f"{TOTP_LINK}\n{BASE32}", "line 2 must begin with otpauth://"),
            (f"{TOTP_LINK}\notpauth://totp/a", "link 2: a link must have a secret"),
            ("otpauth-migration://offline?data=A!", "part 1: "),
            ("", "a link must be given"),
        ):
            with self.subTest(message):
                session = run("migrate", stdin=stdin)
                self.assertEqual((2, ""), (session.status, session.out))
                self.assertTrue(session.err.startswith(f"onetime: {message}"), session.err)
                self.assertNotIn(BASE32, session.err)
