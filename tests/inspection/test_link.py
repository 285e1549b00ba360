"""The link that people bring."""

import unittest

from onetime import SecretError
from onetime.inspection.link import Link, read_link
from tests.support import shown

SECRET = "GEZDGNBVGY3TQOJQ"
LINK = f"otpauth://totp/Acme:alice?secret={SECRET}"


class Links(unittest.TestCase):
    def test_what_a_link_says(self) -> None:
        """F60: each setting is read, in any case; what cannot be used is named."""
        for link, expected in (
            (LINK, Link(SECRET, "totp")),
            (f"{LINK}&period=45&digits=8&algorithm=sha-256", Link(SECRET, "totp", "SHA256", 8, 45)),
            (f"OTPAUTH://HOTP/?Secret={SECRET}&COUNTER=5", Link(SECRET, "hotp", counter=5)),
            (f"otpauth://hotp?secret={SECRET}", Link(SECRET, "hotp")),
            (f"{LINK}&algorithm=MD5", Link(SECRET, "totp", unread=("algorithm",))),
            (
                f"{LINK}&digits=5&period=0&counter=x&algorithm=",
                Link(SECRET, "totp", unread=("algorithm", "digits", "period", "counter")),
            ),
            (f"{LINK}&period=18446744073709551616", Link(SECRET, "totp", unread=("period",))),
            (f"{LINK}&period=%2030%20", Link(SECRET, "totp", period=30)),
            (f"otpauth://x/a?secret={SECRET}&counter=1", Link(SECRET, "hotp", counter=1)),
            (f"otpauth://x/a?secret={SECRET}", Link(SECRET, "totp")),
            (f"{LINK}#fragment", Link(SECRET, "totp")),
            (f"{LINK}&secret=other", Link(SECRET, "totp")),
        ):
            with self.subTest(link):
                self.assertEqual(expected, read_link(link))

    def test_what_comes_along(self) -> None:
        """F68, F71: white space, quotes, invisible characters and entities around or in a link."""
        for link in (
            f" {LINK}&digits=8\r\n",
            f"\ufeff{LINK}&digits=8",
            f"<{LINK}&digits=8>",
            f'"{LINK}&amp;digits=8"',
            f"{LINK}&\u200bdigits=8",
        ):
            with self.subTest(ascii(link)):
                self.assertEqual(Link(SECRET, "totp", digits=8), read_link(link))

    def test_the_secret_is_as_it_is_written(self) -> None:
        """F61, F62: only percent signs are decoded, once; nothing else is mended here."""
        for written, secret in (
            ("J3WWIV3PTGJPQV5QAICM", "J3WWIV3PTGJPQV5QAICM"),
            ("MHWY1DC", "MHWY1DC"),
            ("AB%3D%3D", "AB=="),
            ("AB%253D", "AB%3D"),
            ("a+b/c", "a+b/c"),
            ("ab cd", "ab cd"),
            ("%FF", "\ufffd"),
            ("%4", "%4"),
            ("\u00e9", "\u00e9"),
        ):
            with self.subTest(written):
                link = read_link(f"otpauth://totp/a?secret={written}")
                self.assertEqual(secret, link and link.secret)

    def test_what_is_not_a_link(self) -> None:
        """A secret alone is not, whatever is in it."""
        for text in ("", SECRET, "https://example.com/?secret=A", f"see {LINK}", "otpauth:", "otpaut"):
            with self.subTest(text):
                self.assertIsNone(read_link(text))

    def test_what_is_refused(self) -> None:
        """F68: a link without a secret, and an export; the error shows nothing of it."""
        for text, message in (
            ("otpauth://totp/a", "the link must have a secret"),
            ("otpauth://totp/a?issuer=GEHEIM", "the link must have a secret"),
            ("otpauth://totp/a?secret=", "the link must have a secret"),
            ("otpauth://totp/a?secret=%20&x=GEHEIM", "the link must have a secret"),
            ("otpauth-migration://offline?data=GEHEIM", "an export holds several accounts"),
        ):
            with self.subTest(text):
                with self.assertRaisesRegex(SecretError, message) as caught:
                    read_link(text)
                self.assertNotIn("GEHEIM", shown(caught.exception))
        self.assertNotIn(SECRET, repr(read_link(LINK)))
