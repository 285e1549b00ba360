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

    def test_f51_a_part_that_is_missing_keeps_no_other_back(self) -> None:
        """F46, F51: 15 of 25 accounts come out, and what is missing is named."""
        accounts = [Account(f"user{number}", TOTP(Secret(RFC_KEY)), issuer="Acme") for number in range(25)]
        parts = migration.build(accounts, id=7)
        self.assertEqual(3, len(parts))
        rest = [f"{link}\n" for link in LINKS]
        message = "onetime: entry 16: of 3 batches, these are missing: 2\n"
        session = run("migrate", stdin=f"{parts[0]}\n{parts[2]}")
        self.assertEqual(Session(1, "".join(rest[:10] + rest[20:]), message), session)
        answer = json.loads(run("migrate", "--json", stdin=f"{parts[0]}\n{parts[2]}").out)
        self.assertEqual([each.strip() for each in rest[:10] + rest[20:]], answer["uris"])
        error = "of 3 batches, these are missing: 2"
        self.assertEqual([{"position": 15, "issuer": None, "name": "", "error": error}], answer["refused"])

    def test_f46_a_part_that_is_cut_off_keeps_its_whole_accounts(self) -> None:
        """F46: those before the cut come out, wherever it is."""
        accounts = [Account(f"user{number}", TOTP(Secret(RFC_KEY)), issuer="Acme") for number in range(25)]
        first, second, third = migration.build(accounts, id=7)
        for lost in (1, 2, 3, 30, 100, 300):
            with self.subTest(lost=lost):
                session = run("migrate", stdin=f"{first}\n{second[:-lost]}\n{third}")
                self.assertEqual(1, session.status)
                links = session.out.splitlines()
                self.assertLessEqual({*LINKS[:10], *LINKS[20:]}, {*links})
                self.assertLessEqual({*links}, {*LINKS})
                self.assertEqual(lost >= 30, len(links) < 25)
                self.assertRegex(session.err, r"\Aonetime: entry \d+: ")
        self.assertEqual("", run("migrate", stdin=f"{first}\n{second}\n{third}").err)

    def test_f51_links_and_exports_become_links(self) -> None:
        """F51: whatever their order, and with what a link has no place for."""
        export = run("migrate", stdin=HOTP_LINK).out.strip()
        extra = f"{TOTP_LINK}&period=45&x=y"
        self.assertEqual(
            Session(0, f"{extra}\n{HOTP_LINK}\n", ""), run("migrate", stdin=f"{extra}\n{export}")
        )
        self.assertEqual(Session(0, f"{HOTP_LINK}\n{extra}\n", ""), run("migrate", stdin=f"{export} {extra}"))
        self.assertIn("all accounts become links", run("migrate", "--help").out)

    def test_f51_two_exports_with_one_id(self) -> None:
        """F51: the second one comes out too."""
        one, two = (
            migration.build([Account(name, TOTP(Secret(RFC_KEY)), issuer="Acme")], id=5)[0]
            for name in ("alice", "bob")
        )
        links = f"{TOTP_LINK}\n{TOTP_LINK.replace('alice', 'bob')}\n"
        self.assertEqual(Session(0, links, ""), run("migrate", stdin=f"{one}\n{two}\n{one}"))

    def test_json(self) -> None:
        """A program gets a list."""
        session = run("migrate", "--json", stdin=TOTP_LINK)
        (export,) = json.loads(session.out)["uris"]
        self.assertEqual((uri.parse(TOTP_LINK),), migration.parse(export).accounts)

    def test_what_an_export_has_no_place_for_is_named(self) -> None:
        """A parameter without a meaning is left out, and that is said; not which, in case it is a secret."""
        session = run("migrate", stdin=f"{TOTP_LINK}\n{TOTP_LINK}&image=x&color=y\n")
        message = "onetime: account 2: parameters left out, because an export cannot hold them: 2\n"
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

    def test_f46_what_an_export_cannot_represent_keeps_nothing_else_back(self) -> None:
        """F46, F51: nothing is bent until it fits; the other links come out, and the status tells of it."""
        good = run("migrate", "--json", stdin=f"{TOTP_LINK}\n{HOTP_LINK}")
        count = len(migration.parse(json.loads(good.out)["uris"][0]).accounts)
        self.assertEqual(2, count)
        cannot = "an export cannot represent"
        for bad, issuer, name, error in (
            (f"{TOTP_LINK}&period=60", "Acme", "alice", f"{cannot} a period other than 30 seconds"),
            (f"{TOTP_LINK}&digits=7&x=y", "Acme", "alice", f"{cannot} digits other than 6 and 8"),
            (
                f"{TOTP_LINK}&algorithm=SHA3_256",
                "Acme",
                "alice",
                f"{cannot} an algorithm other than SHA1, SHA256 and SHA512",
            ),
            (
                TOTP_LINK.replace("alice", "a" * 3000),
                "Acme",
                "a" * 3000,
                "its link would be longer than a QR code holds",
            ),
            ("otpauth://totp/a", None, "", "a link must have a secret"),
            (
                "otpauth://totp/a?secret=1",
                None,
                "",
                "in the secret, the character at position 1 is not base32 (A to Z, 2 to 7)",
            ),
        ):
            with self.subTest(error):
                text = f"{TOTP_LINK}\n{bad}\n{HOTP_LINK}\n"
                names = ", ".join(filter(None, (issuer, name)))
                session = run("migrate", stdin=text)
                self.assertEqual(1, session.status)
                what = f"account 2 ({names})" if names else "entry 2"
                self.assertEqual(f"onetime: {what}: {error}\n", session.err)
                self.assertEqual(f"{TOTP_LINK}\n{HOTP_LINK}\n", run("migrate", stdin=session.out).out)
                answer = json.loads(run("migrate", "--json", stdin=text).out)
                refused = {"position": 1, "issuer": issuer, "name": name, "error": error}
                self.assertEqual([refused], answer["refused"])
                self.assertEqual(1, len(answer["uris"]))
                alone = run("migrate", stdin=bad)
                self.assertEqual((1, ""), (alone.status, alone.out))
                self.assertEqual([], json.loads(run("migrate", "--json", stdin=bad).out)["uris"])

    def test_f46_positions_count_what_cannot_be_read_and_what_has_no_link(self) -> None:
        """F46: both are named in the order of the input."""
        nameless = migration.build([Account("", TOTP(Secret(RFC_KEY)), issuer="Acme")])[0]
        text = f"{nameless}\notpauth://totp/a\n{TOTP_LINK}\notpauth-migration://offline?data=A!\n{nameless}"
        session = run("migrate", stdin=text)
        self.assertEqual((1, f"{TOTP_LINK}\n"), (session.status, session.out))
        positions = [line.split(":")[1] for line in session.err.splitlines()]
        self.assertEqual([" account 1 (Acme)", " entry 2", " entry 4"], positions)

    def test_what_is_no_link_is_refused(self) -> None:
        """A line that is no link may be the rest of one, whose secret would be incomplete."""
        for stdin, message in (
            (f"{TOTP_LINK}\n{BASE32}", "line 2 must begin with otpauth://"),
            ("", "a link must be given"),
        ):
            with self.subTest(message):
                session = run("migrate", stdin=stdin)
                self.assertEqual((2, ""), (session.status, session.out))
                self.assertTrue(session.err.startswith(f"onetime: {message}"), session.err)
                self.assertNotIn(BASE32, session.err)
