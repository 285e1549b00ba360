"""Reading and writing links."""

import random
import unittest
from collections.abc import Callable
from types import MappingProxyType
from unittest import mock

from onetime import HOTP, TOTP, Account, Algorithm, Secret, URIError
from onetime.provisioning.uri import MAX_LENGTH, build, parse
from tests.support import RFC_KEY, vectors

LINKS = vectors("links.json")["links"]
SECRET = Secret(RFC_KEY)
BASE32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def expected(link: dict[str, object]) -> Account:
    """Make the account that a line of links.json describes."""
    secret = Secret.from_base32(str(link["secret"]))
    parts = {name: link[name] for name in ("digits", "algorithm", "period") if name in link}
    credential = HOTP(secret, **parts) if link["type"] == "hotp" else TOTP(secret, **parts)  # type: ignore[arg-type]  # from JSON
    more = {name: link[name] for name in ("issuer", "counter", "extra") if name in link}
    return Account(str(link["name"]), credential, **more)  # type: ignore[arg-type]  # from JSON


class Reading(unittest.TestCase):
    def test_what_apps_write_is_read(self) -> None:
        """T05, H11: each link says what its line in links.json says."""
        for link in LINKS:
            if "error" not in link:
                with self.subTest(link["note"]):
                    self.assertEqual(expected(link), parse(link["uri"]))

    def test_what_would_not_be_honoured_is_refused(self) -> None:
        """K27, K30: nothing is clamped or guessed, and the error names the parameter."""
        for link in LINKS:
            if "error" in link:
                with self.subTest(link["note"]):
                    with self.assertRaises(URIError) as caught:
                        parse(link["uri"])
                    self.assertEqual(link["error"], caught.exception.parameter)

    def test_errors_help(self) -> None:
        """Each common mistake gets an answer that says what to do, or what is wrong."""
        for text, message in (
            ("JBSWY3DPEHPK3PXP", "not an otpauth:// link; a secret alone is read with Secret.from_base32"),
            ("otpauth-migration://offline?data=AA", "an export of several accounts"),
            ("https://example.com", "does not begin with otpauth://"),
            ("otpauth://totp/a", "the link has no secret"),
            ("otpauth://totp/a?secret=JBSW1", "in the secret, the character at position 4 is not base32"),
            ("otpauth://totp/a?secret=JBSWY3DP&digits=4", "digits is a whole number from 6 to 10"),
            ("otpauth://totp/a?secret=JBSWY3DP&algorithm=MD5", "16 bytes are too short"),
            ("otpauth://totp/a?secret=JBSWY3DP&period=1&period=2", "the link has period twice"),
            ("otpauth://totp/a?secret=JBSWY3DP&x=1&X=2", "the link has a parameter twice"),
            ("otpauth://totp/a?secret=JBSWY3DP&issuer=%zz", "in issuer, what follows a percent sign"),
            ("otpauth://totp/a#b", "the link has a #, which is written %23"),
        ):
            with self.subTest(text), self.assertRaisesRegex(URIError, message):
                parse(text)

    def test_a_link_that_is_too_long_is_refused(self) -> None:
        """What no QR code could hold is not even looked at."""
        link = f"otpauth://totp/a?secret={BASE32}&x="
        self.assertEqual(MAX_LENGTH, len(link.ljust(MAX_LENGTH, "x")))
        self.assertTrue(parse(link.ljust(MAX_LENGTH, "x")))
        with self.assertRaisesRegex(URIError, "more than 65536 characters"):
            parse(link.ljust(MAX_LENGTH + 1, "x"))

    def test_half_a_surrogate_pair_is_refused(self) -> None:
        """A text that is not Unicode cannot be written again."""
        for link in (f"otpauth://totp/\ud800?secret={BASE32}", f"otpauth://totp/%41\ud800?secret={BASE32}"):
            with self.subTest(ascii(link)), self.assertRaises(URIError) as caught:
                parse(link)
            self.assertEqual("name", caught.exception.parameter)

    def test_a_link_is_a_str(self) -> None:
        """Bytes are decoded by whoever knows how."""
        for wrong in (b"otpauth://totp/a", None):
            with self.subTest(wrong), self.assertRaises(TypeError):
                parse(wrong)  # type: ignore[arg-type]  # the wrong type is what is tested


class Writing(unittest.TestCase):
    def test_what_every_app_reads(self) -> None:
        """Issuer twice, %20 for a space, no padding, defaults left out, every reserved byte encoded."""
        for account, link in (
            (Account("alice", TOTP(SECRET)), f"otpauth://totp/alice?secret={BASE32}"),
            (
                Account("alice@example.com", TOTP(SECRET), issuer="Big Corp"),
                f"otpauth://totp/Big%20Corp:alice%40example.com?secret={BASE32}&issuer=Big%20Corp",
            ),
            (
                Account("a", TOTP(SECRET, digits=8, algorithm="SHA256", period=60)),
                f"otpauth://totp/a?secret={BASE32}&algorithm=SHA256&digits=8&period=60",
            ),
            (Account("a", HOTP(SECRET)), f"otpauth://hotp/a?secret={BASE32}&counter=0"),
            (
                Account("a", HOTP(SECRET), counter=2**64 - 1),
                f"otpauth://hotp/a?secret={BASE32}&counter={2**64 - 1}",
            ),
            (
                Account("100%+/?&=#", TOTP(Secret(b"abc")), extra={"x y": "é+&"}),
                "otpauth://totp/100%25%2B%2F%3F%26%3D%23?secret=MFRGG&x%20y=%C3%A9%2B%26",
            ),
            (Account("a:b", TOTP(SECRET), issuer="I"), f"otpauth://totp/I:a%3Ab?secret={BASE32}&issuer=I"),
        ):
            with self.subTest(link):
                self.assertEqual(link, build(account))

    def test_what_is_written_is_read(self) -> None:
        """Any account that can be written comes back equal, and so does its link."""
        letters = [*"aZ09 %+&=#?/:;@é株🔑'\"<>~.-_", "\u200d"]
        source = random.Random(86)
        written = 0
        for _ in range(3000):
            text = ["".join(source.choices(letters, k=source.randint(0, 8))) for _ in range(5)]
            kind = source.choice((HOTP, TOTP))
            parts = {"period": source.choice((30, 60, 2**64 - 1))} if kind is TOTP else {}
            account = Account(
                text[0],
                kind(
                    Secret(source.randbytes(source.randint(1, 40))),
                    digits=source.randint(6, 10),
                    algorithm=source.choice(list(Algorithm)),
                    **parts,
                ),
                issuer=text[1] or None,
                counter=source.getrandbits(64) if kind is HOTP else 0,
                extra={"x" + text[2]: text[3], "y" + text[4]: ""},
            )
            try:
                link = build(account)
            except URIError as error:
                self.assertIn(error.parameter, ("name", "issuer"))
                continue
            written += 1
            self.assertTrue(link.isascii())
            self.assertNotIn("+", link)
            self.assertEqual(account, parse(link))
            self.assertEqual(link, build(parse(link)))
        self.assertGreater(written, 1500)

    def test_what_a_link_cannot_say_is_refused(self) -> None:
        """A link that apps would read otherwise is not written."""
        for account, parameter in (
            (Account("a", TOTP(SECRET, t0=1)), "t0"),
            (Account("a", TOTP(SECRET), issuer="https://example.com"), "issuer"),
            (Account("a:b", TOTP(SECRET)), "name"),
            (Account(" a", TOTP(SECRET)), "name"),
            (Account("a", TOTP(SECRET), extra={"x": "x" * MAX_LENGTH}), None),
        ):
            with self.subTest(parameter):
                with self.assertRaises(URIError) as caught:
                    build(account)
                self.assertEqual(parameter, caught.exception.parameter)


class Value(unittest.TestCase):
    def test_arguments_are_checked(self) -> None:
        """An account that no link could have is not made."""
        totp, hotp = TOTP(SECRET), HOTP(SECRET)
        calls: list[tuple[type[Exception], Callable[[], object]]] = [
            (TypeError, lambda: Account("a", SECRET)),  # type: ignore[arg-type]  # the wrong type is what is tested
            (TypeError, lambda: Account(None, totp)),  # type: ignore[arg-type]  # the same
            (TypeError, lambda: Account("a", totp, issuer=5)),  # type: ignore[arg-type]  # the same
            (TypeError, lambda: Account("a", hotp, counter=1.0)),  # type: ignore[arg-type]  # the same
            (TypeError, lambda: Account("a", totp, extra={"x": 5})),  # type: ignore[dict-item]  # the same
            (URIError, lambda: Account("a\n", totp)),
            (URIError, lambda: Account("a", totp, issuer="")),
            (URIError, lambda: Account("a", totp, issuer="\x7f")),
            (URIError, lambda: Account("a", totp, extra={"": "x"})),
            (URIError, lambda: Account("a", totp, extra={"Secret": "x"})),
            (URIError, lambda: Account("a", totp, extra={"x": "1", "X": "2"})),
            (URIError, lambda: Account("a", totp, extra={"period": "30"})),
            (URIError, lambda: Account("a", hotp, extra={"counter": "1"})),
            (ValueError, lambda: Account("a", hotp, counter=-1)),
            (ValueError, lambda: Account("a", hotp, counter=2**64)),
            (ValueError, lambda: Account("a", totp, counter=1)),
        ]
        for i, (error, call) in enumerate(calls):
            with self.subTest(i), self.assertRaises(error):
                call()

    def test_it_is_compared_by_value(self) -> None:
        """All five parts make an account; strangers are left to Python."""
        account = Account("a", HOTP(SECRET), issuer="I", counter=1, extra={"x": "y"})
        self.assertEqual(account, Account("a", HOTP(SECRET), issuer="I", counter=1, extra={"x": "y"}))
        for other in (
            Account("b", HOTP(SECRET), issuer="I", counter=1, extra={"x": "y"}),
            Account("a", HOTP(Secret(b"k")), issuer="I", counter=1, extra={"x": "y"}),
            Account("a", HOTP(SECRET), issuer="J", counter=1, extra={"x": "y"}),
            Account("a", HOTP(SECRET), issuer="I", counter=2, extra={"x": "y"}),
            Account("a", HOTP(SECRET), issuer="I", counter=1, extra={}),
        ):
            self.assertNotEqual(account, other)
        self.assertNotEqual(account, "a")
        self.assertEqual(account, mock.ANY)

    def test_extra_cannot_be_changed(self) -> None:
        """Neither through the account nor through the dictionary it was made from."""
        extra = {"x": "y"}
        account = Account("a", TOTP(SECRET), extra=extra)
        extra["x"] = "z"
        self.assertEqual({"x": "y"}, dict(account.extra))
        self.assertIsInstance(account.extra, MappingProxyType)
