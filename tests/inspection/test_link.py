"""The link that people bring."""

import unittest
from urllib.parse import quote

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
                Link(SECRET, "totp", unread=("algorithm", "digits", "period")),
            ),
            (f"{LINK}&period=30s", Link(SECRET, "totp", unread=("period",))),
            (
                f"otpauth://hotp/?secret={SECRET}&counter=x&period=0",
                Link(SECRET, "hotp", unread=("counter",)),
            ),
            (f"{LINK}&period=18446744073709551616", Link(SECRET, "totp", unread=("period",))),
            (f"{LINK}&period=%2030%20", Link(SECRET, "totp", period=30)),
            (
                f"otpauth://x/a?secret={SECRET}&counter=1",
                Link(SECRET, "hotp", counter=1, unread=("type",)),
            ),
            (f"otpauth://motp/a?secret={SECRET}", Link(SECRET, "totp", unread=("type",))),
            (f"{LINK}#fragment", Link(SECRET, "totp")),
            (f"{LINK}&secret=other", Link(SECRET, "totp", unread=("second secret",))),
            (
                f"{LINK}&digits=8&digits=6&digits=7&image=a&image=b",
                Link(SECRET, "totp", digits=8, unread=("second digits",)),
            ),
            (f"{LINK}&encoder=steam", Link(SECRET, "totp", unread=("encoder",))),
            (f"{LINK}&2step_output=a&2step_salt=8", Link(SECRET, "totp", unread=("2step",))),
        ):
            with self.subTest(link):
                self.assertEqual(expected, read_link(link))

    def test_what_comes_along(self) -> None:
        """F68, F71: white space, quotes, invisible characters and entities around or in a link."""
        for link in (
            f" {LINK}&digits=8\r\n",
            f"\ufeff{LINK}&digits=8",
            f"<{LINK}&digits=8>",
            f"{LINK}&\u200bdigits=8",
        ):
            with self.subTest(ascii(link)):
                self.assertEqual(Link(SECRET, "totp", digits=8), read_link(link))

    def test_other_text_around_a_link(self) -> None:
        """F60, F68: a link in other text keeps its settings, and nothing of that text is read."""
        whole = f"{LINK}&period=37&digits=8"
        for text in (
            f"Setup: {whole}",
            f"{whole} is the link",
            f"{whole}\nScan it, then log in",
            f"see ({whole}).",
            f"\u201c{whole}\u201d",
            f'{{"uri": "{whole}", "digits": 6}}',
            f"{{'uri': '{whole}'}}",
            f'<a href="{whole}">Add</a>',
            f"{whole}#fragment",
            quote(whole),
            quote(whole, safe="").lower().replace(SECRET.lower(), SECRET),
            f"https://example.com/qr?data={quote(whole, safe='')}&size=200",
            whole.replace("&", "\\u0026"),
            whole.replace("&", "\\u0026").replace("=", "\\u003D"),
            whole.replace("/", "\\/"),
            whole.replace(SECRET, f"{SECRET[:8]}=\r\n{SECRET[8:]}").replace("&period=", "&period=3D"),
        ):
            with self.subTest(text):
                self.assertEqual(Link(SECRET, "totp", digits=8, period=37), read_link(text))

    def test_white_space_and_quotes_inside_a_link(self) -> None:
        """F68: a name, a secret in groups and a link on two lines are not cut."""
        for text, expected in (
            (f"otpauth://totp/My App's: a b?digits=8&secret={SECRET}", Link(SECRET, "totp", digits=8)),
            (f"{LINK}&issuer=My App's&digits= 8", Link(SECRET, "totp", digits=8)),
            ("otpauth://totp/a?secret=GEZD GNBV GY3T now", Link("GEZD GNBV GY3T now", "totp")),
            (f"otpauth://totp/a?secret={SECRET} now", Link(SECRET, "totp")),
            (f"otpauth://totp/a?secret='{SECRET}'", Link(f"'{SECRET}", "totp")),
            ("otpauth://totp/a?secret=3DA=====\nThanks", Link("3DA=====", "totp")),
            (
                f"otpauth://totp/a?secret={SECRET[:8]}\n{SECRET[8:]}&digits=8",
                Link(f"{SECRET[:8]}\n{SECRET[8:]}", "totp", digits=8),
            ),
        ):
            with self.subTest(text):
                self.assertEqual(expected, read_link(text))

    def test_entities_of_html(self) -> None:
        """F40, F60: an ampersand that is escaped is read, and reported."""
        for ampersand in ("&amp;", "&AMP;", "&amp", "&amp;amp;", "&#38;", "&#x26;"):
            with self.subTest(ampersand):
                text = f'<a href="{LINK}{ampersand}digits=8">'
                self.assertEqual(Link(SECRET, "totp", digits=8, escaped=True), read_link(text))
        for text in (
            f"{LINK}&digits=8&amplitude=5&copy=1",
            LINK.replace("/", "&#x2F;").replace("=", "&#x3D;") + "&digits=8",
            f"href=&quot;{LINK}&digits=8&quot;",
        ):
            with self.subTest(text):
                self.assertEqual(Link(SECRET, "totp", digits=8), read_link(text))

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
        for text in ("", SECRET, "https://example.com/?secret=A", "otpauth:", "otpaut", "otpauth and more"):
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
            ("see otpauth-migration%3A%2F%2Foffline?data=GEHEIM", "an export holds several accounts"),
            (f"{LINK}&digits=8\n{LINK.replace(SECRET, 'GEHEIM')}", "give only one link"),
            (f"otpauth%3A%2F%2Ftotp and {LINK} GEHEIM", "give only one link"),
        ):
            with self.subTest(text):
                with self.assertRaisesRegex(SecretError, message) as caught:
                    read_link(text)
                self.assertNotIn("GEHEIM", shown(caught.exception))
        self.assertNotIn(SECRET, repr(read_link(LINK)))
