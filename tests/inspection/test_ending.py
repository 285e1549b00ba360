"""From a number to the digits of a code, and known mistakes in it."""

import random
import unittest

from onetime.inspection.ending import checked, endings

FIRST = "the first digits of the number instead of the last"
RIGHT = "zeros put on the right of a short code instead of the left"
CUT = "a code of 8 digits cut to its first digits"
LONG = "a code of 10 digits cut to its first digits"
CHECK = "a checksum as the last digit"
LOST = "leading zeros are lost"


class Endings(unittest.TestCase):
    def test_lengths(self) -> None:
        """Codes have 6 to 10 digits; what is shorter begins with no zero, and what can't be isn't tried."""
        for codes, expected in (
            (["123456"], [(6, ""), (6, FIRST), (6, CUT), (7, LOST), (8, LOST), (9, LOST), (10, LOST)]),
            (["012345"], [(6, ""), (6, CUT), (6, LONG)]),
            (["012345", "412345"], [(6, ""), (6, CUT), (6, LONG)]),
            (["012345", "512345"], [(6, ""), (6, CUT)]),
            (["012340"], [(6, ""), (6, RIGHT), (6, CUT), (6, LONG)]),
            (["12345678", "1234567"], [(8, LOST), (9, LOST), (10, LOST)]),
            (["01234567", "1234567"], [(8, LOST)]),
            (["1234567", "01234567"], [(8, LOST)]),
            (["0", "5"], [(6, LOST), (7, LOST), (8, LOST), (9, LOST), (10, LOST)]),
            (["1234567890", "0123456789"], [(10, ""), (10, RIGHT)]),
            (
                ["7552243"],
                [(7, ""), (7, FIRST), (7, CUT), (7, CHECK), (8, LOST), (9, LOST), (10, LOST)],
            ),
            (["00"], []),
            (["012345", "1234567"], []),
        ):
            with self.subTest(codes):
                found = endings(codes, None)
                self.assertEqual(expected, [(choice.value.digits, choice.words) for choice in found])
                self.assertEqual([bool(words) for _, words in expected], [bool(each.cost) for each in found])
                self.assertEqual(
                    [bool(words) or digits != 6 for digits, words in expected],
                    [bool(each.advice) for each in found],
                )

    def test_what_a_link_says(self) -> None:
        """F60: a length that is not the link's is said, but it is in plain sight and so costs nothing."""
        self.assertEqual("", endings(["123456"], 6)[0].words)
        other = endings(["123456"], 8)[0]
        self.assertEqual((0, "6 digits where the link says 8"), (other.cost, other.words))
        self.assertEqual("Set both sides to the same number of digits: 8 or 6.", other.advice)

    def test_no_length_is_six_digits(self) -> None:
        """F60: a link without a length, or a bare secret, means 6; the advice names both lengths."""
        self.assertEqual(("", ""), endings(["123456"], None)[0][2:4])
        for code, advice in (
            ("1234567", "Set both sides to the same number of digits: 6 or 7."),
            ("12345678", "Set both sides to the same number of digits: 6 or 8."),
        ):
            first, *others = endings([code], None)
            self.assertEqual((0, "", advice), first[1:4])
            same = [each for each in others if each.value.digits == len(code) and each.words != CHECK]
            self.assertNotEqual([], same)
            for other in same:
                self.assertTrue(other.advice.endswith(f". {advice}"), other.advice)
        lost = endings(["12345"], None)
        self.assertEqual(
            "Fill each code with zeros on its left to 6 digits, and keep it as text.", lost[0].advice
        )
        self.assertTrue(lost[1].advice.endswith("text. Set both sides to the same number of digits: 6 or 7."))

    def test_the_ways_to_write(self) -> None:
        """F70: each way, at numbers that show it."""
        found = (*endings(["123450"], None), *endings(["012345"], None))
        ways = {choice.words: choice.value.write for choice in found}
        for words, number, code in (
            (FIRST, 1284755224, "128475"),
            (FIRST, 12, "12"),
            (RIGHT, 1000000123, "123000"),
            (RIGHT, 1000123456, "123456"),
            (CUT, 1284755224, "847552"),
            (CUT, 1200755224, "007552"),
            (LONG, 84755224, "008475"),
            (LONG, 1284755224, "128475"),
        ):
            with self.subTest(words, number=number):
                write = ways[words]
                assert write is not None
                self.assertEqual(code, write(number, 6))

    def test_checksums(self) -> None:
        """F70: the checksum of RFC 4226 appendix C, which credit cards have too."""
        for number, digits, code in (
            (1284755224, 7, "7552243"),
            (0, 7, "0000000"),
            (7992739871, 11, "79927398713"),
        ):
            with self.subTest(code):
                self.assertEqual(code, checked(number, digits))

    def test_the_likelihood_is_not_too_low(self) -> None:
        """Of random numbers, no more give a code than its likelihood says."""
        source = random.Random(3)
        numbers = [source.randrange(2**31) for _ in range(20_000)]
        for choice in (*endings(["100000"], None)[:4], *endings(["012345"], None)[2:]):
            write = choice.value.write
            for code in ("012", "100", "120", "755", "990"):
                likely = choice.value._replace(digits=3).likelihood
                made = [write(number, 3) if write else str(number % 1000).zfill(3) for number in numbers]
                with self.subTest(choice.words, code=code):
                    self.assertLess(
                        made.count(code), len(numbers) * likely + 4 * (len(numbers) * likely) ** 0.5
                    )
