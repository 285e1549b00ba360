"""`onetime uri`."""

import json
import unittest

from tests.support.session import BASE32, HOTP_LINK, TOTP_LINK, Session, run


class TakingApart(unittest.TestCase):
    def test_text(self) -> None:
        """A part stands in each line, with its default where the link is silent."""
        usual = ("algorithm: SHA1", "digits: 6", "period: 30")
        acme = ("kind: totp", "issuer: Acme", "name: alice", f"secret: {BASE32}", *usual)
        empty = ("kind: hotp", "issuer:", "name:", f"secret: {BASE32}")
        for link, lines in (
            (TOTP_LINK, acme),
            (
                f"{TOTP_LINK}&image=https%3A%2F%2Fexample.com%2Fa.png&empty=",
                (*acme, "extra image: https://example.com/a.png", "extra empty:"),
            ),
            (
                f"otpauth://hotp/?secret={BASE32}&counter=7&digits=8&algorithm=SHA256",
                (*empty, "algorithm: SHA256", "digits: 8", "counter: 7"),
            ),
        ):
            with self.subTest(link):
                self.assertEqual(Session(0, "\n".join((*lines, "")), ""), run("uri", stdin=link))

    def test_json(self) -> None:
        """A program gets the same with numbers as numbers, and null for what is not there."""
        session = run("uri", "--json", stdin=f"otpauth://totp/alice?secret={BASE32}&x=%C3%A9")
        self.assertEqual((0, ""), (session.status, session.err))
        self.assertEqual(
            {
                "kind": "totp",
                "issuer": None,
                "name": "alice",
                "secret": BASE32,
                "algorithm": "SHA1",
                "digits": 6,
                "period": 30,
                "counter": None,
                "extra": [["x", "é"]],
            },
            json.loads(session.out),
        )
        slow = json.loads(run("uri", "--json", stdin=f"{TOTP_LINK}&period=60").out)
        self.assertEqual(("totp", "Acme", 60), (slow["kind"], slow["issuer"], slow["period"]))
        hotp = json.loads(run("uri", "--json", stdin=HOTP_LINK).out)
        self.assertEqual(("hotp", 1, []), (hotp["kind"], hotp["counter"], hotp["extra"]))
        self.assertIsNone(hotp["period"])

    def test_what_a_link_says_itself_is_refused(self) -> None:
        """No option is silently dropped."""
        for name, value in (
            ("name", "bob"),
            ("issuer", "Acme"),
            ("digits", "6"),
            ("algorithm", "SHA1"),
            ("period", "30"),
            ("t0", "0"),
            ("counter", "0"),
        ):
            for link in (TOTP_LINK, HOTP_LINK):
                with self.subTest(name, link=link):
                    self.assertEqual(
                        Session(
                            2,
                            "",
                            f"onetime: --{name} must not be given with a link, which already has "
                            "this setting\n",
                        ),
                        run("uri", f"--{name}", value, stdin=link),
                    )


class PuttingTogether(unittest.TestCase):
    def test_text_and_json(self) -> None:
        """A secret and a name make a link, with all that the options say."""
        for arguments, link in (
            (("--name", "alice"), f"otpauth://totp/alice?secret={BASE32}"),
            (("--name", "alice", "--issuer", "Acme"), TOTP_LINK),
            (("--name", "alice", "--issuer", "Acme", "--counter", "1"), HOTP_LINK),
            (
                ("--name", "é", "--digits", "8", "--algorithm", "SHA512", "--period", "60"),
                f"otpauth://totp/%C3%A9?secret={BASE32}&algorithm=SHA512&digits=8&period=60",
            ),
        ):
            with self.subTest(link):
                self.assertEqual(Session(0, f"{link}\n", ""), run("uri", *arguments, stdin=f"{BASE32}\n"))
                answer = run("uri", *arguments, "--json", stdin=f"{BASE32}\n")
                self.assertEqual({"uri": link}, json.loads(answer.out))

    def test_it_comes_apart_again(self) -> None:
        """One direction undoes the other."""
        link = run("uri", "--name", "alice", "--issuer", "Big Corp", stdin=BASE32).out
        parts = json.loads(run("uri", "--json", stdin=link).out)
        self.assertEqual(("alice", "Big Corp", BASE32), (parts["name"], parts["issuer"], parts["secret"]))

    def test_a_secret_in_another_form(self) -> None:
        """The link has it in base32."""
        session = run("uri", "--name", "alice", "--format", "text", stdin="12345678901234567890")
        self.assertEqual(Session(0, f"otpauth://totp/alice?secret={BASE32}\n", ""), session)

    def test_what_does_not_make_a_link_is_refused(self) -> None:
        """A secret alone, and what a link cannot say."""
        for arguments, message in (
            ((), "the input must be an otpauth:// link; --name builds a link from a secret"),
            (
                ("--issuer", "Acme"),
                "the input must be an otpauth:// link; --name builds a link from a secret",
            ),
            (("--name", "alice", "--t0", "1"), "t0 must be 0 in a link"),
            (("--name", "a:b"), "name must not have a colon, unless there is an issuer that has no colon"),
        ):
            with self.subTest(arguments):
                self.assertEqual(
                    Session(2, "", f"onetime: {message}\n"), run("uri", *arguments, stdin=BASE32)
                )
