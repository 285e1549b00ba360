"""The readings of a text."""

import base64
import random
import unittest

from onetime import SecretError
from onetime.inspection.reading import Reading, misspellings, readings
from onetime.inspection.typo import MAX_ONES, MAX_SWAPS
from tests.support import RFC_KEY

BASE32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
PLAIN = "the base32 text itself, as plain bytes"
HEX = "the hexadecimal text itself, as plain bytes"
BASE64 = "the base64 text itself, as plain bytes"
SMALL = f"{PLAIN}, in small letters, without spaces and hyphens"
LINE = f"{PLAIN}, with a line break at the end"


def words(text: str) -> dict[str, bytes]:
    """Read a text; the words and keys, in order, without those that are rare."""
    return {reading.words: reading.key for reading in readings(text) if not reading.rare}


class Forms(unittest.TestCase):
    def test_white_space_comes_along_when_a_secret_is_copied(self) -> None:
        """It is left out where the form has no use for it, and tried as part of plain text."""
        told = ", without its white space"
        around, inside = "without the white space around it", "without spaces and hyphens"
        for text, words_of_plain in (
            (f"{BASE32}\n", around),
            (f"\t{BASE32}\r\n", around),
            (f"{BASE32[:16]}\u00a0{BASE32[16:]}", inside),
        ):
            with self.subTest(text):
                found = words(text)
                self.assertEqual(RFC_KEY, found[f"base32{told}"])
                self.assertEqual(text.encode(), found[PLAIN])
                self.assertEqual(BASE32.encode(), found[f"{PLAIN}, {words_of_plain}"])
        mended = words(f"{BASE32[:-1]}0\n")
        self.assertIn(f"base32, with 0 read as O{told}", mended)
        self.assertEqual(
            b"two words!", words(" two words!\n")["plain text, without the white space around it"]
        )

    def test_every_form_is_read(self) -> None:
        """Each text is read in all forms that it can be in, the likeliest first."""
        for text, expected in (
            (
                BASE32,
                [
                    ("base32", RFC_KEY),
                    ("base64", base64.b64decode(BASE32)),
                    (PLAIN, BASE32.encode()),
                    (SMALL, BASE32.lower().encode()),
                    (LINE, f"{BASE32}\n".encode()),
                ],
            ),
            (
                "GEZD-gnbv GY======",
                [
                    ("base32", b"12345" + b"6"),
                    (PLAIN, b"GEZD-gnbv GY======"),
                    (f"{PLAIN}, without spaces and hyphens", b"GEZDgnbvGY======"),
                    (f"{PLAIN}, in capitals, without spaces and hyphens", b"GEZDGNBVGY======"),
                    (SMALL, b"gezdgnbvgy======"),
                    (LINE, b"GEZD-gnbv GY======\n"),
                ],
            ),
            (
                "31 32-9f",
                [
                    ("hexadecimal", b"12\x9f"),
                    ("base64url", base64.urlsafe_b64decode("3132-9f=")),
                    (f"{HEX}", b"31 32-9f"),
                    (f"{HEX}, without spaces and hyphens", b"31329f"),
                    (
                        f"{HEX}, in capitals, without spaces and hyphens",
                        b"31329F",
                    ),
                    (
                        f"{HEX}, with a line break at the end",
                        b"31 32-9f\n",
                    ),
                ],
            ),
            (
                "ab22cdefab22cdef",
                [
                    ("base32", base64.b32decode("AB22CDEFAB22CDEF")),
                    ("hexadecimal", bytes.fromhex("ab22cdefab22cdef")),
                    ("base64", base64.b64decode("ab22cdefab22cdef")),
                    (PLAIN, b"ab22cdefab22cdef"),
                    (f"{PLAIN}, in capitals, without spaces and hyphens", b"AB22CDEFAB22CDEF"),
                    (LINE, b"ab22cdefab22cdef\n"),
                ],
            ),
            (
                "+/+9+w==",
                [
                    ("base64", b"\xfb\xff\xbd\xfb"),
                    (f"{BASE64}", b"+/+9+w=="),
                    (
                        f"{BASE64}, in capitals, without spaces and hyphens",
                        b"+/+9+W==",
                    ),
                    (f"{BASE64}, with a line break at the end", b"+/+9+w==\n"),
                ],
            ),
            (
                "é!",
                [
                    ("plain text", "é!".encode()),
                    ("plain text, in capitals, without spaces and hyphens", "É!".encode()),
                    ("plain text, with a line break at the end", "é!\n".encode()),
                ],
            ),
        ):
            with self.subTest(text):
                self.assertEqual(expected, list(words(text).items()))

    def test_base64url_is_called_so(self) -> None:
        """What has a hyphen or an underscore is base64url, where base64 would have + and /."""
        for text in ("-_-9-w", "___9", "-AA9"):
            with self.subTest(text):
                self.assertEqual(
                    base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), words(text)["base64url"]
                )
                self.assertNotIn("base64", words(text))

    def test_no_key_comes_twice_and_none_is_empty(self) -> None:
        """Whatever the text is, each reading is worth trying."""
        source = random.Random(4)
        for _ in range(500):
            text = "".join(source.choices("abIL01829 -=_/é\n", k=source.randint(1, 12)))
            with self.subTest(ascii(text)):
                keys = [reading.key for reading in readings(text)]
                self.assertEqual(len(set(keys)), len(keys))
                self.assertTrue(all(keys))
                self.assertIn(text.encode(), keys)
        self.assertEqual({"plain text": b" ", "plain text, with a line break at the end": b" \n"}, words(" "))

    def test_what_is_no_text_is_refused(self) -> None:
        """There is nothing to read in it, and the error shows none of it."""
        for text, error in (("", SecretError), ("geheim\ud800", SecretError), (b"geheim", TypeError)):
            with self.subTest(ascii(text)):
                with self.assertRaises(error) as caught:
                    readings(text)  # type: ignore[arg-type]  # the wrong type is what is tested
                self.assertNotIn("geheim", str(caught.exception))

    def test_the_key_is_not_shown(self) -> None:
        """A reading shows what it is called and no more."""
        self.assertEqual(
            "Reading(words='base32', advice='', cost=1, rare=False)", repr(Reading("base32", RFC_KEY))
        )


class Rare(unittest.TestCase):
    def test_the_first_reading_is_right(self) -> None:
        """It costs nothing and needs no advice; every other one does."""
        for text in (BASE32, "3132", "+/+9+w==", "\u00e9!", "[72, 101]", "M0M1"):
            with self.subTest(text):
                first, *others = readings(text)
                self.assertEqual((0, "", False), (first.cost, first.advice, first.rare))
                self.assertTrue(all(other.cost == 1 and other.advice for other in others))

    def test_what_is_inside(self) -> None:
        """F70: base32 around base32 or hexadecimal digits is decoded once more."""
        for inner, form in ((BASE32, "base32"), ("3132333435363738393031323334353637383930", "hexadecimal")):
            outer = base64.b32encode(inner.encode()).decode()
            found = {reading.words: reading.key for reading in readings(outer)}
            with self.subTest(form):
                self.assertEqual(RFC_KEY, found[f"base32, and {form} inside it"])
        self.assertFalse(any("inside it" in reading.words for reading in readings(BASE32[:8] + "AEAQ")))

    def test_other_forms(self) -> None:
        """F71: a list of bytes, base32hex, and what is not base32 left out."""
        found = {reading.words: reading.key for reading in readings("[49, 50, -1]")}
        self.assertEqual(b"12\xff", found["a list of bytes"])
        self.assertEqual(b"foob", {each.words: each.key for each in readings("CPNMUOG")}["base32hex"])
        words = "base32, with characters that are not base32 left out"
        self.assertEqual(RFC_KEY, {each.words: each.key for each in readings(f"{BASE32}9")}[words])

    def test_look_alikes(self) -> None:
        """F70: 5 and S, 2 and Z, 6 and G are read as each other."""
        found = {reading.words: reading for reading in readings("A5ASA2AZA6AGAAAA")}
        for words in ("5 at position 2 read as S", "Z at position 8 read as 2", "6 at position 10 read as G"):
            with self.subTest(words):
                self.assertTrue(found[f"base32, with {words}"].rare)


class Misspellings(unittest.TestCase):
    def test_any_one_letter(self) -> None:
        """F70, F93: each letter may be wrong, and each two neighbors exchanged; words count from 1."""
        found = {reading.words: reading for reading in misspellings("ABCDABCD")}
        keys = [reading.key for reading in found.values()]
        # Without the seventh or the eighth letter, the bytes are the same; none can be added to 8 letters.
        self.assertEqual(7 + 8 * 31 + 7, len(found))
        self.assertEqual(len(set(keys)), len(keys))
        self.assertEqual(
            base64.b32decode("BACDABCD"), found["base32, with A and B at position 1 exchanged"].key
        )
        self.assertEqual(base64.b32decode("ABCDABC7"), found["base32, with D at position 8 read as 7"].key)
        self.assertEqual({(2, True)}, {(reading.cost, reading.rare) for reading in found.values()})

    def test_one_letter_less_or_more(self) -> None:
        """F70: a letter may be lost at each place, or be there twice; words count from 1."""
        found = {reading.words: reading.key for reading in misspellings("ABCDABC")}
        for words, text in (
            ("Z added at position 1", "ZABCDABC"),
            ("7 added at position 4", "ABC7DABC"),
            ("D added at position 8", "ABCDABCD"),
        ):
            self.assertEqual(base64.b32decode(text), found[f"base32, with {words}"])
        # 9 letters are not base32, so one of them is too many; which of two equal ones, does not matter.
        found = {reading.words: reading.key for reading in misspellings("ABBCDABCD")}
        self.assertEqual(8, sum("left out" in words for words in found))
        self.assertEqual(base64.b32decode("ABCDABCD"), found["base32, with B at position 2 left out"])

    def test_neighbors_that_are_alike(self) -> None:
        """To exchange them changes nothing, and a wrong character is the only one that can be mended."""
        self.assertEqual([], [each for each in misspellings("AAAAAAAA") if "exchanged" in each.words])
        self.assertEqual(
            {"9 at position 3 read as A"},
            {
                each.words.removeprefix("base32, with ")
                for each in misspellings("AA9AAAAA")
                if each.key == bytes(5)
            },
        )

    def test_long_texts(self) -> None:
        """Past 128 characters there are too many letters."""
        self.assertTrue(misspellings("A" * 128))
        self.assertEqual((), misspellings("A" * 129))


class Typos(unittest.TestCase):
    def test_typos_are_undone(self) -> None:
        """0, 1 and 8 are no base32: they stand for O, I or L, and B."""
        for typed, expected in (
            ("M0M0M0M0", {"0 read as O": "MOMOMOMO"}),
            ("M8M8M8M8", {"8 read as B": "MBMBMBMB"}),
            ("M0m8M8m0", {"0 read as O and 8 read as B": "MOMBMBMO"}),
            ("MMM1MMMM", {"1 read as I": "MMMIMMMM", "1 read as L": "MMMLMMMM"}),
            (
                "M0M1MM1M",
                {
                    "0 read as O and 1 read as I": "MOMIMMIM",
                    "0 read as O and 1 at position 4 read as I and 1 at position 7 read as L": "MOMIMMLM",
                    "0 read as O and 1 at position 4 read as L and 1 at position 7 read as I": "MOMLMMIM",
                    "0 read as O and 1 read as L": "MOMLMMLM",
                },
            ),
            (
                "MiMIlMML",
                {
                    "i at position 2 read as L": "MLMILMML",
                    "I at position 4 read as L": "MIMLLMML",
                    "l at position 5 read as I": "MIMIIMML",
                    "L at position 8 read as I": "MIMILMMI",
                },
            ),
            ("M9M0M1M8", {}),
            ("ABCDEFGHJKMNOPQRSTUVWXYZ", {}),
        ):
            with self.subTest(typed):
                mended = {name: key for name, key in words(typed).items() if name.startswith("base32, with ")}
                keys = {f"base32, with {name}": base64.b32decode(text) for name, text in expected.items()}
                self.assertEqual(keys, mended)

    def test_a_reading_with_a_typo_comes_last(self) -> None:
        """What needs no typo is likelier."""
        self.assertTrue(list(words("MIMIMIMI"))[-1].startswith("base32, with "))
        self.assertEqual("base32", next(iter(words("MIMIMIMI"))))

    def test_the_number_of_typos_is_bounded(self) -> None:
        """Up to 8 digits 1 each by itself, more of them all alike; up to 16 letters I and L."""
        self.assertEqual((8, 16), (MAX_ONES, MAX_SWAPS))
        for text, expected in (
            ("1" * 8 + "M" * 8, 256),
            ("1" * 9 + "M" * 7, 2),
            ("I" * 16, 16),
            ("I" * 17 + "M" * 7, 16),
        ):
            with self.subTest(text):
                found = [name for name in words(text) if name.startswith("base32, with")]
                self.assertEqual(expected, len(found))
        self.assertEqual(
            base64.b32decode("LLLLLLLLLMMMMMMM"), words("1" * 9 + "M" * 7)["base32, with 1 read as L"]
        )

    def test_long_texts_have_short_words(self) -> None:
        """However many typos there are, a person can read what was done."""
        for text in ("1" * 100_000, "180" * 33_333, "I" * 100_000, "8" * 100_000):
            with self.subTest(text[:4]):
                found = readings(text)
                self.assertLess(max(len(reading.words) for reading in found), 400)
                self.assertLess(len(found), 50)
