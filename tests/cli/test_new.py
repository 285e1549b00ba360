"""`onetime new`."""

import json
import unittest

from onetime import TOTP
from onetime.provisioning.uri import parse
from tests.support.session import Session, run


class New(unittest.TestCase):
    def test_the_link_is_the_answer(self) -> None:
        """The link alone goes to standard output; the secret, to be typed, to standard error."""
        session = run("new", "alice@example.com", "--issuer", "Big Corp")
        self.assertEqual(0, session.status)
        self.assertRegex(
            session.out,
            r"\Aotpauth://totp/Big%20Corp:alice%40example\.com\?secret=[A-Z2-7]{32}&issuer=Big%20Corp\n\Z",
        )
        secret = parse(session.out.rstrip("\n")).credential.secret
        self.assertEqual(f"onetime: the secret, to be typed: {secret.to_base32(group=4)}\n", session.err)

    def test_every_secret_is_new(self) -> None:
        """Two runs never give the same."""
        self.assertNotEqual(run("new", "alice").out, run("new", "alice").out)

    def test_the_options_are_in_the_link(self) -> None:
        """The credential is as described, and its secret as long as its hash."""
        for arguments, size, end in (
            ((), 20, ""),
            (("--digits", "8"), 20, "&digits=8"),
            (("--period", "60"), 20, "&period=60"),
            (("--algorithm", "sha-256"), 32, "&algorithm=SHA256"),
            (("--algorithm", "SHA512", "--digits", "6"), 64, "&algorithm=SHA512"),
            (("--counter", "0"), 20, "&counter=0"),
            (("--hotp",), 20, "&counter=0"),
            (("--counter", "18446744073709551615"), 20, "&counter=18446744073709551615"),
        ):
            with self.subTest(arguments):
                link = run("new", "alice", *arguments).out
                kind = "hotp" if {"--counter", "--hotp"} & set(arguments) else "totp"
                self.assertRegex(link, rf"\Aotpauth://{kind}/alice\?secret=[A-Z2-7]+{end}\n\Z")
                self.assertEqual(size, len(parse(link.rstrip("\n")).credential.secret))

    def test_json(self) -> None:
        """A program gets the link and the secret in one, and nothing is said besides."""
        session = run("new", "alice", "--json")
        answer = json.loads(session.out)
        self.assertEqual({"uri", "secret"}, set(answer))
        self.assertEqual(answer["secret"], parse(answer["uri"]).credential.secret.to_base32())
        self.assertEqual((0, ""), (session.status, session.err))

    def test_it_pipes_into_code_and_uri(self) -> None:
        """The next command reads the link as it comes."""
        link = run("new", "alice", "--issuer", "Acme").out
        secret = parse(link.rstrip("\n")).credential.secret
        code = run("code", "--at", "59", stdin=link)
        self.assertEqual(Session(0, f"{TOTP(secret).at(59)}\n", ""), code)
        parts = run("uri", stdin=link)
        self.assertEqual((0, ""), (parts.status, parts.err))
        self.assertRegex(parts.out, r"\Akind: totp\nissuer: Acme\nname: alice\n")

    def test_what_no_link_can_say_is_refused(self) -> None:
        """Nobody gets a link that apps would read otherwise."""
        for arguments, message in (
            (("alice", "--digits", "5"), "digits"),
            (("alice", "--digits", "11"), "digits"),
            (("alice", "--period", "0"), "period"),
            (
                ("alice", "--counter", "0", "--period", "30"),
                "--period and --t0 must not be used with an HOTP",
            ),
            (("a:b", "--issuer", "a:b"), "name must not have a colon"),
            (("alice", "--issuer", ""), "issuer must not be empty"),
            (("a:b",), "name must not have a colon"),
            (("",), "name must not be empty"),
            (("a\tb",), "name must not have a tab"),
            (("a\udcff",), "name must not have a lone surrogate"),
        ):
            with self.subTest(ascii(arguments)):
                session = run("new", *arguments)
                self.assertEqual((2, ""), (session.status, session.out))
                self.assertIn(message, session.err)
                self.assertRegex(session.err, r"\Aonetime: .+\n\Z")
