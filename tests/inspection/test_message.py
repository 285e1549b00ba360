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
            (0, ("00", "0000000000000000", "30", "30" * 16, "30")),
            (0x123, ("0123", "1230000000000000", "323931", "30" * 13 + "313233", "313233")),
        ):
            ways = {choice.words.removeprefix("the counter"): choice.value for choice in MESSAGES}
            with self.subTest(factor):
                names = (
                    " without its leading zero bytes",
                    "'s hexadecimal digits with zeros on their right",
                    " as decimal text",
                    " as 16 hexadecimal digits",
                    " as hexadecimal text",
                )
                self.assertEqual(expected, tuple(ways[name](factor).hex() for name in names))

    def test_each_mistake_says_what_to_do(self) -> None:
        """What is wrong has advice, and what is right has none."""
        self.assertEqual(
            [bool(choice.words) for choice in MESSAGES], [bool(choice.advice) for choice in MESSAGES]
        )
