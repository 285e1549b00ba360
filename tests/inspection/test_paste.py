"""What comes along when a secret is copied."""

import unittest
from time import process_time

from onetime.inspection.paste import byte_list, cleaned

S32 = "GEZDGNBVGY3TQOJQGEZDGNBV"
LINE = "taken from a line of its own"
PADDING = "without its wrong padding"
WHITE = "without its white space"
DOTS = "without its dots, colons or commas"


class Pastes(unittest.TestCase):
    def test_what_comes_along(self) -> None:
        """F71: each is taken away, and said."""
        for text, dense, *told in (
            ("ABCD", "ABCD"),
            ("AB CD", "ABCD"),
            ("AB-CD", "AB-CD"),
            ("AB\u200bCD\u00ad", "ABCD", "without its invisible characters"),
            ("AB\x00CD", "ABCD", "without its invisible characters"),
            ("AB\nCD", "ABCD", "without its white space"),
            ("\u201cABCD\u201d", "ABCD", "without its quotes or brackets"),
            (" 'ABCD' ", "ABCD", "without its quotes or brackets"),
            ("AB.CD:EF,", "ABCDEF", DOTS),
            ("0x3132", "3132", "without its 0x or \\x"),
            ("\\x31\\x32", "3132", "without its 0x or \\x"),
            ("0x31, 0x32", "3132", "without its 0x or \\x", DOTS),
            ("AB%3D%3D", "AB==", "its percent signs decoded"),
            ("\uff21\uff22\uff17", "AB7", "full-width letters read as plain ones"),
            ("\u0410\u0392C", "ABC", "letters of other scripts read as the Latin ones they look like"),
            ("AB\u2013CD", "AB-CD", "dashes read as hyphens"),
            ("secret=ABCD&issuer=x", "ABCD", "taken from after its label"),
            ("Your key: AB CD", "ABCD", "taken from after its label"),
            ('{"secret": "ABCD", "x": 1}', "ABCD", "taken from after its label"),
            *(
                (text.replace("*", S32), S32, "taken from after its label")
                for text in (
                    "OTP_SECRET=*",
                    "TOTP_SECRET_KEY := '*'",
                    '{"totpSecret": "*"}',
                    'secretKey: "*"',
                    "'otp_secret_key' => '*',",
                    "<secret>*</secret>",
                    "mysecret = *",
                    "Secret key: * (write it down)",
                    "secret = *; digits=6",
                    "SECRET_BASE32=*",
                )
            ),
            *((text, text.replace(":", ""), DOTS) for text in ("ABCD:KEYA:EFGH", "AKEY:EFGH")),
            ("ABSEEDAB", "ABSEEDAB"),
            ("GHkeyAB=\n", "GHkeyAB=", WHITE),
            ("key=\n", "key=", WHITE),
            (f"alice@example.com\n{S32}", S32, LINE, WHITE),
            (f" <{S32}>\r\n\r\nIssuer: Acme", S32, LINE, WHITE),
            (f"totpsecret={S32.lower()}\nissuer: x", S32.lower(), "taken from after its label", LINE, WHITE),
            (f"a@b.c\n{'3132' * 8}", "3132" * 8, LINE, WHITE),
            (f"{S32}\nABCD", f"{S32}ABCD", WHITE),
            ("a@b\nABCD", "a@bABCD", WHITE),
            (f"{S32}\n{S32}\na@b", f"{S32}{S32}a@b", WHITE),
            (f"{S32}\nalice\na@b", f"{S32}alicea@b", WHITE),
            (f"{S32[1:]}==", S32[1:], PADDING),
            (f"{S32[1:]}=", f"{S32[1:]}="),
            (f"{S32}==", S32, PADDING),
            (f"{S32[:16]}-{S32[:10]} ======", f"{S32[:16]}-{S32[:10]}======"),
            ("ABCDE===", "ABCDE==="),
            ("-_8=", "-_8="),
            ("==", "=="),
            ("%FF%41", "%FF%41"),
            ("%4", "%4"),
            ("  ", ""),
            ("0xy", "0xy"),
        ):
            with self.subTest(ascii(text)):
                self.assertEqual((dense, "".join(f", {each}" for each in told)), cleaned(text))

    def test_the_time_is_linear(self) -> None:
        """F71: many combining marks take no longer than letters; a short text is read as a whole."""
        times = []
        for text in ("\u0301\u0316" * 8_000, "\u0301\u0316" * 1_000):
            start = process_time()
            cleaned(f"A{text}")
            times.append(process_time() - start)
        self.assertLess(times[0], 20 * times[1])
        self.assertEqual("\u00e9", cleaned("e\u0301")[0])
        self.assertEqual("\ufdfa\ufdfa", cleaned("\ufdfa\ufdfa")[0])

    def test_lists_of_bytes(self) -> None:
        """F71: decimal numbers from -128 to 255, two or more, as programs print them."""
        for text, expected in (
            ("[72, 101, 108]", b"Hel"),
            ("72 101", b"He"),
            ("{-1,-128}", b"\xff\x80"),
            ("72", b""),
            ("72, 256", b""),
            ("-129 5", b""),
            ("72, x", b""),
            ("72 1011", b""),
            ("", b""),
        ):
            with self.subTest(text):
                self.assertEqual(expected, byte_list(text))
