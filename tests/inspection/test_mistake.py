"""The known mistakes, one by one, computed once more by other means."""

import hashlib
import unittest

from onetime import Algorithm
from onetime.inspection.mistake import BYTE_19, MESSAGES, PLACES, SIGNS, Choice, Keying, keyings, truncation

HS = bytes.fromhex("1f8698690e02ca16618550ef7f19da8e945b555a")
"""The example of RFC 4226 section 5.4."""

LONG = bytes.fromhex("00112233445566778899aabbccddeeff0123450f000000000000000000000003")
"""As long as a SHA-256: byte 19 says 15, the last byte 3."""

HEX_BYTES = "the hexadecimal digits of the HMAC instead of its bytes"
HEX_OFFSET = "the offset counted in hexadecimal digits instead of bytes"
DIGIT_19 = "the offset taken from hexadecimal digit 19"


class Messages(unittest.TestCase):
    def test_messages(self) -> None:
        """The factor is eight bytes, the highest first; each mistake is one, and two at once are two."""
        factor = 0x0102030405060708
        self.assertEqual(
            [
                ("0102030405060708", 0, ""),
                ("0807060504030201", 1, "the counter with its lowest byte first"),
                ("05060708", 1, "the counter as four bytes instead of eight"),
                ("08070605", 2, "the counter as four bytes, the lowest first"),
            ],
            [(choice.value(factor).hex(), choice.cost, choice.words) for choice in MESSAGES],
        )


class Truncations(unittest.TestCase):
    def test_places(self) -> None:
        """Each way to the four bytes, at the RFC's example and at a longer HMAC."""
        for hs, numbers in (
            # The last digit of the example is "a": digits 10 to 17, and as a byte 0x61: offset 1.
            (HS, (0x50EF7F19, 0x50EF7F19, 0x1F869869, 0x66383639, 0x02CA1661, 0x38363930, 0x8690E02C)),
            (LONG, (0x33445566, 0xFF012345, 0x00112233, 0x31323233, 0x12233445, 0x34353536, 0x45566778)),
        ):
            with self.subTest(len(hs)):
                self.assertEqual(
                    [f"{number:08x}" for number in numbers],
                    [f"{choice.value(hs):08x}" for choice in PLACES],
                )

    def test_words_of_the_places(self) -> None:
        """What is wrong is said; byte 19 costs nothing, because the longer hash does."""
        self.assertEqual(
            [
                (0, ""),
                (0, "the offset taken from byte 19 instead of the last one"),
                (1, "the first four bytes instead of those at the offset"),
                (1, HEX_BYTES),
                (1, HEX_OFFSET),
                (2, f"{HEX_BYTES}, {DIGIT_19}"),
                (2, f"{HEX_OFFSET}, {DIGIT_19}"),
            ],
            [(choice.cost, choice.words) for choice in PLACES],
        )
        self.assertIs(BYTE_19, PLACES[1])

    def test_signs(self) -> None:
        """The highest bit is masked; without that there are three ways to go on."""
        self.assertEqual(
            [
                (0x7FFFFFFF, 0x7FFFFFFF, 0, 5, 0, ""),
                (
                    0x7FFFFFFF,
                    0xFFFFFFFF,
                    2**31,
                    2**31 + 5,
                    1,
                    "the sign bit not masked, the number without a sign",
                ),
                (0x7FFFFFFF, 1, 2**31, 2**31 - 5, 1, "the sign bit not masked, the minus dropped"),
                (
                    0x7FFFFFFF,
                    -1,
                    -(2**31),
                    5 - 2**31,
                    1,
                    "the sign bit not masked, the remainder of a negative number",
                ),
            ],
            [
                (*map(choice.value, (0x7FFFFFFF, 0xFFFFFFFF, 2**31, 2**31 + 5)), choice.cost, choice.words)
                for choice in SIGNS
            ],
        )

    def test_both_steps_together(self) -> None:
        """A place and a sign make one function, the right ones too."""
        for hs in (HS, LONG, bytes(range(200, 220)), b"\xff" * 20):
            for place in PLACES:
                for sign in SIGNS:
                    with self.subTest(place=place.words, sign=sign.words):
                        self.assertEqual(sign.value(place.value(hs)), truncation(place, sign)(hs))


class Keyings(unittest.TestCase):
    def test_padded_keys(self) -> None:
        """RFC 2104 section 2, and what is made of it."""
        key = bytes(range(1, 101))
        sha512 = Algorithm.SHA512
        for keying, size, expected in (
            (Keying(Algorithm.SHA1, 64, 64), 64, key[:64]),
            (Keying(Algorithm.SHA1, 64, 64), 65, hashlib.sha1(key[:65]).digest() + bytes(44)),
            (Keying(sha512, 128, 128), 100, key + bytes(28)),
            (Keying(sha512, 64, 64), 10, key[:10] + bytes(54)),
            (Keying(sha512, 64, 64), 65, hashlib.sha512(key[:65]).digest()),
            (Keying(sha512, 64, 128), 65, hashlib.sha512(key[:65]).digest() + bytes(64)),
            (Keying(sha512, 64, 128), 64, key[:64] + bytes(64)),
            (Keying(sha512, 128, 128, repeated=True), 20, (key[:20] * 4)[:64] + bytes(64)),
            (Keying(sha512, 128, 128, repeated=True), 64, key[:64] + bytes(64)),
            (Keying(sha512, 128, 128, repeated=True), 65, key[:65] + bytes(63)),
        ):
            with self.subTest(keying=keying, size=size):
                self.assertEqual(expected, keying.padded(key[:size]))

    def test_only_what_makes_a_difference_is_tried(self) -> None:
        """Of the wrong ways to use a key, those are left out that are right for it."""
        blocks = {"SHA512": 128, "SHA3_256": 136, "SHA3_512": 72}
        sizes = {"SHA1": 20, "SHA256": 32, "SHA512": 64, "SHA3_256": 32, "SHA3_512": 64}
        for size in (1, 19, 20, 31, 32, 63, 64, 65, 72, 73, 128, 129, 136, 137, 200):
            expected = []
            for name, digest in sizes.items():
                expected.append((name, int(name != "SHA1"), ""))
                if name in blocks:
                    block = blocks[name]
                    expected.append((name, 1, f"a block of 64 bytes where that of {name} has {block}"))
                    if 64 < size <= block:
                        words = "a key of more than 64 bytes hashed, though it fits the block"
                        expected.append((name, 1, words))
                if size < digest:
                    expected.append((name, 1, "the key repeated to the length of the hash"))
            with self.subTest(size):
                choices = keyings(bytes(range(1, size + 1)))
                found = [(str(choice.value.algorithm), choice.cost, choice.words) for choice in choices]
                self.assertEqual(expected, found)

    def test_a_key_that_repeats_itself(self) -> None:
        """A key that is the same when it is repeated is tried once."""
        self.assertEqual(
            [], [choice for choice in keyings(bytes(10)) if choice.words.startswith("the key repeated")]
        )

    def test_a_choice_is_right_unless_it_says_otherwise(self) -> None:
        """It costs nothing and has no words."""
        self.assertEqual((1, 0, ""), Choice(1))
