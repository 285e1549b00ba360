"""The moving factor as a message, and its known mistakes."""

import unittest

from onetime.inspection.message import MESSAGES


class Messages(unittest.TestCase):
    def test_messages(self) -> None:
        """F70: the factor is eight bytes, the highest first; each mistake is one, and two at once are two."""
        self.assertEqual(
            [
                ("0102030405060788", 0, ""),
                ("8807060504030201", 1, "the counter with its lowest byte first"),
                ("05060788", 1, "the counter as four bytes instead of eight"),
                ("88070605", 2, "the counter as four bytes, the lowest first"),
                ("1020304050607880", 1, "the counter's hexadecimal digits with zeros on their right"),
                ("0102030405060788", 1, "the counter without its leading zero bytes"),
                (str(0x0102030405060788).encode().hex(), 1, "the counter as decimal text"),
                (b"0102030405060788".hex(), 1, "the counter as 16 hexadecimal digits"),
                (b"102030405060788".hex(), 1, "the counter as hexadecimal text"),
                (b"0102030405060788".hex(), 1, "the counter as 16 hexadecimal digits in capitals"),
                (b"102030405060788".hex(), 1, "the counter as 8 hexadecimal digits"),
                (str(0x0102030405060788).encode().hex(), 1, "the counter as 16 decimal digits"),
                ("0506078805060788", 1, "the low four bytes of the counter twice"),
                (
                    "01020304050607c288",
                    1,
                    "the counter's bytes as Latin-1 text, written again as UTF-8",
                ),
            ],
            [(choice.value(0x0102030405060788).hex(), choice.cost, choice.words) for choice in MESSAGES],
        )

    def test_small_ones(self) -> None:
        """A counter of 0 has a message in every way, and the ways that fill go by its digits."""
        for factor, expected in (
            (0, ("00", "0000000000000000", "30", "30" * 16, "30", "30" * 16, "30" * 8, "30" * 16)),
            (
                0x1AF,
                (
                    *("01af", "1af0000000000000", b"431".hex(), b"00000000000001af".hex(), b"1af".hex()),
                    *(b"00000000000001AF".hex(), b"000001af".hex(), b"0000000000000431".hex()),
                ),
            ),
        ):
            ways = {choice.words.removeprefix("the counter"): choice.value for choice in MESSAGES}
            with self.subTest(factor):
                names = (
                    " without its leading zero bytes",
                    "'s hexadecimal digits with zeros on their right",
                    " as decimal text",
                    " as 16 hexadecimal digits",
                    " as hexadecimal text",
                    " as 16 hexadecimal digits in capitals",
                    " as 8 hexadecimal digits",
                    " as 16 decimal digits",
                )
                self.assertEqual(expected, tuple(ways[name](factor).hex() for name in names))

    def test_each_mistake_says_what_to_do(self) -> None:
        """What is wrong has advice, and what is right has none."""
        self.assertEqual(
            [bool(choice.words) for choice in MESSAGES], [bool(choice.advice) for choice in MESSAGES]
        )
