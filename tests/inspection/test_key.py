"""What programs make of the bytes of a secret."""

import unittest

from onetime.inspection.key import changed, filtered, misread, other_alphabets


class Keys(unittest.TestCase):
    def test_what_becomes_of_bytes(self) -> None:
        """F64, F70: each change of a key, at one that shows it, and what to do about it."""
        key = b"\x00\xc3A\xa9\x00B" + bytes(range(65, 71))
        found = {words: made for words, _, made in changed(key)}
        self.assertEqual(
            {
                "its bytes reversed": key[::-1],
                "its bytes as Latin-1 text, written again as UTF-8": b"\x00\xc3\x83A\xc2\xa9\x00BABCDEF",
                "its bytes as UTF-8 text, with replacements for bytes that are not UTF-8": (
                    b"\x00\xef\xbf\xbdA\xef\xbf\xbd\x00BABCDEF"
                ),
                "its bytes without their highest bits": b"\x00CA)\x00BABCDEF",
                "its bytes as ASCII text, with question marks for bytes that are not ASCII": (
                    b"\x00?A?\x00BABCDEF"
                ),
                "cut at its first zero byte": b"",
                "without the zero bytes in front": key[1:],
                "with a zero byte in front": b"\0" + key,
                "its bytes written as hexadecimal text": b"00c341a90042414243444546",
                "its bytes written as hexadecimal text in capitals": b"00C341A90042414243444546",
                "its bytes written as base32 text": b"ADBUDKIAIJAUEQ2EIVDA",
                "its bytes written as base64 text": b"AMNBqQBCQUJDREVG",
                "its bytes written as base64 text without padding": b"AMNBqQBCQUJDREVG",
                "its bytes written as base64url text": b"AMNBqQBCQUJDREVG",
                "its bytes written as base64url text without padding": b"AMNBqQBCQUJDREVG",
                "only its first 10 bytes": key[:10],
            },
            found,
        )
        self.assertTrue(all(advice for _, advice, _ in changed(key)))
        found = {words.removeprefix("its bytes written as "): made for words, _, made in changed(b"\xfb\xff")}
        self.assertEqual(b"+/8=", found["base64 text"])
        self.assertEqual(b"+/8", found["base64 text without padding"])
        self.assertEqual(b"-_8=", found["base64url text"])
        self.assertEqual(b"-_8", found["base64url text without padding"])

    def test_decoders_that_are_wrong(self) -> None:
        """F63, F70: spare bits, and a last group of letters that is not whole."""
        # 26 letters are 16 bytes and two spare bits.
        text = "A" * 25 + "7"
        found = {words: made for words, _, made in misread(text)}
        self.assertEqual(
            {
                "its spare bits as one more byte": bytes(15) + b"\x07\xc0",
                "its last, incomplete group of 8 letters dropped": bytes(15),
            },
            found,
        )
        # 20 letters are 12 bytes and four spare bits, or 25 hexadecimal digits.
        found = {words: made for words, _, made in misread("A" * 19 + "7")}
        self.assertEqual(
            bytes(12) + b"\x1f", found["its spare bits kept, and a hexadecimal zero put in front"]
        )
        self.assertEqual([], list(misread("A" * 16)))
        self.assertEqual([], list(misread("A1")))
        self.assertEqual(["its spare bits as one more byte"], [words for words, _, _ in misread("AAAAA")])

    def test_other_characters_are_left_out(self) -> None:
        """F70: decoders that skip what they do not know."""
        for text, expected in (
            ("AE9BA!=", b"\x01\x02"),
            ("AEBA", b""),
            ("ae-ba", b""),
            ("189", b""),
            ("", b""),
        ):
            with self.subTest(text):
                self.assertEqual(expected, filtered(text))

    def test_other_alphabets(self) -> None:
        """F71: base32hex (RFC 4648 section 7) and its like; Crockford reads O as 0, and I and L as 1."""
        for text, expected in (
            ("CPNMUOG", {"base32hex": b"foob", "Crockford's base32": None}),
            ("CSQPYRG", {"Crockford's base32": b"foob"}),
            ("c3zs6ao", {"z-base-32": b"foob"}),
            ("OIL0", {"Crockford's base32": b"\x00\x42"}),
            ("!", {}),
            ("", {}),
        ):
            with self.subTest(text):
                found = dict(other_alphabets(text))
                for name, key in expected.items():
                    if key is not None:
                        self.assertEqual(key, found[name])
                if not expected:
                    self.assertEqual({}, found)
