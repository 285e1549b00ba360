"""Dynamic truncation and its known mistakes, computed once more by other means."""

import unittest

from onetime.inspection.truncation import BYTE_19, COUNTED_BYTE_19, PLACES, SIGNS, right, truncation

HS = bytes.fromhex("1f8698690e02ca16618550ef7f19da8e945b555a")
"""The example of RFC 4226 section 5.4."""

LONG = bytes.fromhex("00112233445566778899aabbccddeeff0123450f000000000000000000000003")
"""As long as a SHA-256: byte 19 says 15, the last byte 3."""

HEX_BYTES = "the hexadecimal digits of the HMAC instead of its bytes"
HEX_OFFSET = "the offset counted in hexadecimal digits instead of bytes"
DIGIT_19 = "the offset taken from hexadecimal digit 19"


class Truncations(unittest.TestCase):
    def test_places(self) -> None:
        """F70: each way to the four bytes, at the RFC's example and at a longer HMAC."""
        for hs, numbers in (
            # The last digit of the example is "a": digits 10 to 17, and as a byte 0x61: offset 1.
            (
                HS,
                (
                    *(0x50EF7F19, 0x1F869869, 0x66383639, 0x02CA1661, 0x38363930, 0x8690E02C),
                    # A signed byte above 127 sets all bits above it: 0xef is -17, and 0x7f and 0x19 are not.
                    *(0x197FEF50, 0xFFEF7F19, 0x8E945B55, 0x02CA1661, 0x98690E02, 0x945B555A),
                ),
            ),
            (
                LONG,
                (
                    *(0x33445566, 0x00112233, 0x31323233, 0x12233445, 0x34353536, 0x45566778),
                    *(0x66554433, 0x33445566, 0x00112233, 0x00112233, 0x33445566, 0x00000003),
                ),
            ),
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
                (1, "the first four bytes instead of those at the offset"),
                (1, HEX_BYTES),
                (1, HEX_OFFSET),
                (2, f"{HEX_BYTES}, {DIGIT_19}"),
                (2, f"{HEX_OFFSET}, {DIGIT_19}"),
                (1, "the four bytes read with the lowest first"),
                (1, "the four bytes joined as signed numbers"),
                (1, "the offset taken from the first byte instead of the last one"),
                (1, "the offset taken from the high four bits of the last byte"),
                (1, "the offset taken from three bits instead of four"),
                (1, "the last four bytes instead of those at the offset"),
            ],
            [(choice.cost, choice.words) for choice in PLACES],
        )
        self.assertEqual((0xFF012345, 0), (BYTE_19.value(LONG), BYTE_19.cost))
        self.assertEqual((0xFF012345, 1), (COUNTED_BYTE_19.value(LONG), COUNTED_BYTE_19.cost))
        self.assertTrue(all(choice.advice for choice in PLACES if choice.words))
        self.assertTrue(all(choice.advice for choice in SIGNS if choice.words))

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
                (0x0FFFFFFF, 0x0FFFFFFF, 0, 5, 1, "the number masked to 28 bits instead of 31"),
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
        self.assertIs(right, truncation(PLACES[0], SIGNS[0]))
