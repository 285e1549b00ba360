"""Codes from a counter."""

import hmac
import random
import unittest
from unittest import mock

from onetime import HOTP, TOTP, Algorithm, Secret
from tests.support import RFC_KEY, vectors

RFC = vectors("rfc.json")
SECRET = Secret(RFC_KEY)
LAST = 2**64 - 1


class FakeHash:
    """Stands for the outer hash state, and gives a hash that was laid down."""

    def __init__(self, digest: bytes) -> None:
        self._digest = digest

    def copy(self) -> "FakeHash":
        return self

    def update(self, data: bytes) -> None:
        pass

    def digest(self) -> bytes:
        return self._digest


def truncated(hs: bytes, digits: int = 6, algorithm: str = "SHA1") -> str:
    """Let HOTP truncate a given hash."""
    hotp = HOTP(SECRET, digits=digits, algorithm=algorithm)
    object.__setattr__(hotp, "_outer", FakeHash(hs))
    return hotp.at(0)


def reference(key: bytes, counter: int, digits: int, algorithm: str) -> str:
    """RFC 4226 section 5 in the plainest words, upon the standard library's HMAC."""
    hs = hmac.digest(key, counter.to_bytes(8, "big"), algorithm.lower())
    offset = hs[-1] % 16
    number = ((hs[offset] & 0x7F) << 24) + (hs[offset + 1] << 16) + (hs[offset + 2] << 8) + hs[offset + 3]
    return str(number % 10**digits).rjust(digits, "0")


class Vectors(unittest.TestCase):
    def test_rfc4226_appendix_d(self) -> None:
        """H01, H12, H52: the ten codes of the RFC."""
        for case in RFC["rfc4226"]:
            self.assertEqual(case["hotp"], HOTP(SECRET).at(case["count"]))

    def test_edge_counters(self) -> None:
        """H07, H15, T11: counters around 2^31, 2^32, 2^53, 2^63 and the last, at 6 and 8 digits."""
        for case in RFC["derived_counters"]:
            self.assertEqual(case["d6"], HOTP(SECRET).at(case["count"]))
            self.assertEqual(case["d8"], HOTP(SECRET, digits=8).at(case["count"]))

    def test_all_sixteen_offsets(self) -> None:
        """H13: one counter for each offset, and the code from it."""
        offsets = RFC["derived_misc"]["offsets"]
        self.assertEqual(set(range(16)), {int(offset) for offset in offsets})
        for offset, count in offsets.items():
            hs = hmac.digest(RFC_KEY, count.to_bytes(8, "big"), "sha1")
            self.assertEqual(int(offset), hs[19] & 15)
            self.assertEqual(reference(RFC_KEY, count, 6, "SHA1"), HOTP(SECRET).at(count))

    def test_leading_zeros_stay(self) -> None:
        """H04: a code is as long as its digits say."""
        case = RFC["derived_misc"]["leading_zeros"]
        self.assertEqual("000152", case["hotp"])
        self.assertEqual("000152", HOTP(SECRET).at(case["count"]))

    def test_wrong_codes_are_not_made(self) -> None:
        """H13, erratum 5129: the codes of a fixed offset 0 and of an unmasked sign bit are others."""
        for case in RFC["negative_erratum5129_fixed_offset0"]:
            right = RFC["rfc4226"][case["count"]]["hotp"]
            if case["wrong"] != right:  # at count 0 the offset is 0
                self.assertNotEqual(case["wrong"], HOTP(SECRET).at(case["count"]))
        self.assertNotEqual("238872", HOTP(SECRET).at(0))

    def test_the_example_of_section_5_4(self) -> None:
        """H16: the hash of the RFC's example becomes 872921."""
        self.assertEqual("872921", truncated(bytes.fromhex("1f8698690e02ca16618550ef7f19da8e945b555a")))

    def test_the_offset_is_in_the_last_byte(self) -> None:
        """H13, T30, erratum 6756: also where a hash has more than 20 bytes."""
        hs = bytearray(range(64))
        hs[19], hs[63] = 0x01, 0xF5
        self.assertEqual(f"{0x05060708 % 10**8:08d}", truncated(bytes(hs), 8, "SHA512"))

    def test_the_highest_bit_is_masked(self) -> None:
        """H13: 0xffffffff counts as 0x7fffffff."""
        self.assertEqual("2147483647", truncated(b"\xff" * 16 + b"\0\0\0\0", 10))


class AgainstTheStandardLibrary(unittest.TestCase):
    def test_key_lengths_from_1_to_300(self) -> None:
        """H12, T01: the HMAC is the standard library's for every key length and every algorithm."""
        for algorithm in Algorithm:
            for size in range(1, 301):
                source = random.Random(f"{algorithm} {size}")
                key, counter = source.randbytes(size), source.getrandbits(64)
                code = HOTP(Secret(key), digits=10, algorithm=algorithm).at(counter)
                self.assertEqual(reference(key, counter, 10, algorithm), code, (algorithm, size))

    def test_digits_6_to_10(self) -> None:
        """H14, H53: shorter codes are the ends of longer ones, and none is shorter than it says."""
        for counter in range(500):
            codes = [HOTP(SECRET, digits=digits).at(counter) for digits in range(6, 11)]
            self.assertEqual([6, 7, 8, 9, 10], [len(code) for code in codes])
            self.assertTrue(all(codes[-1].endswith(code) for code in codes))


class Arguments(unittest.TestCase):
    def test_counters_outside_64_bits_are_refused(self) -> None:
        """H07: 0 to 2^64-1."""
        for counter in (-1, LAST + 1, 10**5000, -(10**5000)):
            with self.subTest(counter.bit_length()):
                with self.assertRaisesRegex(
                    ValueError, "counter must be an int from 0 to 18446744073709551615"
                ):
                    HOTP(SECRET).at(counter)

    def test_a_counter_is_an_int(self) -> None:
        """K28, K31: 0 is a counter like any other; a truth value, a float and text are none."""
        self.assertEqual("755224", HOTP(SECRET).at(0))
        for counter in (1.0, "1", None, True, False, b"1"):
            with self.subTest(counter), self.assertRaisesRegex(TypeError, "counter must be an int"):
                HOTP(SECRET).at(counter)  # type: ignore[arg-type]  # the wrong type is what is tested

    def test_digits_outside_6_to_10_are_refused(self) -> None:
        """H04, H11, H14, N03: fewer than 6 are too easily guessed, more than 10 do not fill."""
        for digits in (5, 11, 0, -6):
            with (
                self.subTest(digits),
                self.assertRaisesRegex(ValueError, "digits must be an int from 6 to 10"),
            ):
                HOTP(SECRET, digits=digits)
        for wrong in ("6", 6.0, None, True):
            with self.subTest(wrong), self.assertRaisesRegex(TypeError, "digits must be an int"):
                HOTP(SECRET, digits=wrong)  # type: ignore[arg-type]  # the wrong type is what is tested

    def test_the_secret_is_a_secret(self) -> None:
        """A text or bytes must be read first; nothing is guessed."""
        for secret in ("GEZDGNBV", RFC_KEY, None):
            with self.subTest(type(secret)), self.assertRaisesRegex(TypeError, "the secret must be a Secret"):
                HOTP(secret)  # type: ignore[arg-type]  # the wrong type is what is tested

    def test_the_algorithm_goes_by_name(self) -> None:
        """A name of any spelling will do, and an unknown one is refused."""
        self.assertIs(Algorithm.SHA256, HOTP(SECRET, algorithm="sha-256").algorithm)
        with self.assertRaisesRegex(ValueError, "MD5 is refused"):
            HOTP(SECRET, algorithm="MD5")

    def test_codes_are_consecutive(self) -> None:
        """E.3: a sequence of codes, as far as the last counter."""
        self.assertEqual(("755224", "287082", "359152"), HOTP(SECRET).codes(0, 3))
        self.assertEqual((), HOTP(SECRET).codes(5, 0))
        self.assertEqual((HOTP(SECRET).at(LAST),), HOTP(SECRET).codes(LAST, 1))
        for start, count in ((LAST, 2), (-1, 1), (0, -1), (LAST + 1, 0)):
            with self.subTest(start=start, count=count), self.assertRaises(ValueError):
                HOTP(SECRET).codes(start, count)
        with self.assertRaises(TypeError):
            HOTP(SECRET).codes(0, 1.0)  # type: ignore[arg-type]  # the wrong type is what is tested


class Value(unittest.TestCase):
    def test_it_is_compared_by_value(self) -> None:
        """Secret, digits and algorithm make an HOTP; strangers are left to Python."""
        self.assertEqual(HOTP(SECRET), HOTP(Secret(RFC_KEY), digits=6, algorithm="SHA1"))
        for other in (
            HOTP(Secret(b"other")),
            HOTP(SECRET, digits=7),
            HOTP(SECRET, algorithm="SHA256"),
            TOTP(SECRET),
            SECRET,
        ):
            with self.subTest(other):
                self.assertNotEqual(HOTP(SECRET), other)
        self.assertEqual(HOTP(SECRET), mock.ANY)

    def test_making_codes_changes_nothing(self) -> None:
        """H01: the same secret and counter give the same code, in any order."""
        hotp = HOTP(SECRET)
        self.assertEqual(hotp.at(7), [hotp.at(n) for n in (9, 0, 7)][-1])
