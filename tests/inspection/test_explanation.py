"""Every step of a code."""

import hmac
import json
import random
import unittest

from onetime import HOTP, TOTP, Algorithm, Secret, explain
from onetime.inspection.explanation import _table
from tests.support import RFC_KEY, vectors

RFC = vectors("rfc.json")
SECRET = Secret(RFC_KEY)

RFC_4226_5_4 = """\
-------------------------------------------------------------
| Byte Number                                               |
-------------------------------------------------------------
|00|01|02|03|04|05|06|07|08|09|10|11|12|13|14|15|16|17|18|19|
-------------------------------------------------------------
| Byte Value                                                |
-------------------------------------------------------------
|1f|86|98|69|0e|02|ca|16|61|85|50|ef|7f|19|da|8e|94|5b|55|5a|
-------------------------------***********----------------++|"""


class Values(unittest.TestCase):
    def test_rfc4226_appendix_d(self) -> None:
        """H12, H13: every intermediate value that the RFC gives."""
        for case in RFC["rfc4226"]:
            steps = explain(HOTP(SECRET), case["count"])
            self.assertEqual(case["hmac"], steps.hs.hex())
            self.assertEqual(int(case["truncated_hex"], 16), steps.snum)
            self.assertEqual(case["decimal"], steps.snum)
            self.assertEqual(case["decimal"] % 10**6, steps.d)
            self.assertEqual(case["hotp"], steps.code)

    def test_rfc6238_appendix_b(self) -> None:
        """T10, T31: the step as eight bytes, and the code."""
        for case in RFC["rfc6238"]:
            totp = TOTP(Secret.from_hex(case["key_hex"]), digits=8, algorithm=case["alg"])
            steps = explain(totp, totp.step(case["time"]))
            self.assertEqual(case["T"].lower(), steps.message.hex())
            self.assertEqual(case["totp"], steps.code)

    def test_all_sixteen_offsets(self) -> None:
        """H13: the offset is the one that the vectors name."""
        for offset, count in RFC["derived_misc"]["offsets"].items():
            self.assertEqual(int(offset), explain(HOTP(SECRET), count).offset)

    def test_it_is_what_at_computes(self) -> None:
        """H12: over random keys, factors, digits and algorithms, and by the standard library's HMAC."""
        source = random.Random(54)
        for _ in range(2000):
            algorithm = source.choice(list(Algorithm))
            key = source.randbytes(source.randint(1, 300))
            factor = source.getrandbits(source.randint(1, 64))
            hotp = HOTP(Secret(key), digits=source.randint(6, 10), algorithm=algorithm)
            steps = explain(hotp, factor)
            self.assertEqual(hotp.at(factor), steps.code)
            self.assertEqual(hmac.digest(key, steps.message, algorithm.lower()), steps.hs)

    def test_each_value_follows_from_the_ones_before(self) -> None:
        """RFC 2104 section 2 and RFC 4226 section 5.3, for a key shorter and one longer than a block."""
        for key in (RFC_KEY, RFC_KEY * 10):
            for algorithm in Algorithm:
                steps = explain(TOTP(Secret(key), algorithm=algorithm, period=60, t0=5, digits=7), 9)
                with self.subTest(algorithm, size=len(key)):
                    self.assertEqual(key, steps.key)
                    begin = key if len(key) <= algorithm.block_size else algorithm.new(key).digest()
                    self.assertEqual(begin.ljust(algorithm.block_size, b"\0"), steps.padded_key)
                    for pad, byte in ((steps.inner_pad, 0x36), (steps.outer_pad, 0x5C)):
                        self.assertEqual(steps.padded_key, bytes(b ^ byte for b in pad))
                    self.assertEqual(9, int.from_bytes(steps.message, "big"))
                    self.assertEqual(
                        algorithm.new(steps.inner_pad + steps.message).digest(), steps.inner_hash
                    )
                    self.assertEqual(algorithm.new(steps.outer_pad + steps.inner_hash).digest(), steps.hs)
                    self.assertEqual(steps.hs[-1] & 15, steps.offset)
                    self.assertEqual(steps.hs[steps.offset :][:4], steps.p)
                    self.assertEqual(int.from_bytes(steps.p, "big") % 2**31, steps.snum)
                    self.assertEqual(steps.snum % 10**7, steps.d)
                    self.assertEqual(f"{steps.d:07d}", steps.code)
                    self.assertEqual((60, 5, (545, 605)), (steps.period, steps.t0, steps.span))

    def test_arguments_are_checked(self) -> None:
        """A factor is an int from 0 to 2^64-1, of a credential."""
        for factor in (-1, 2**64):
            with (
                self.subTest(factor),
                self.assertRaisesRegex(ValueError, "moving_factor must be an int from 0"),
            ):
                explain(HOTP(SECRET), factor)
        with self.assertRaisesRegex(TypeError, "moving_factor must be an int"):
            explain(HOTP(SECRET), 1.0)  # type: ignore[arg-type]  # the wrong type is what is tested
        with self.assertRaisesRegex(TypeError, "the credential must be an HOTP or a TOTP"):
            explain(SECRET, 1)  # type: ignore[arg-type]  # the wrong type is what is tested

    def test_every_value_goes_out_by_name(self) -> None:
        """What JSON can hold: bytes as hexadecimal digits."""
        values = json.loads(json.dumps(explain(TOTP(SECRET), 1).to_dict()))
        self.assertEqual(RFC_KEY.hex(), values["key"])
        self.assertEqual(
            ("SHA1", 1, [30, 60], 30, 0),
            tuple(values[n] for n in ("algorithm", "moving_factor", "span", "period", "t0")),
        )
        self.assertEqual("75a48a19d4cbe100644e8ac1397eea747a2d33ab", values["hs"])
        self.assertEqual(
            (11, "c1397eea", 0x41397EEA, 287082, "287082"),
            tuple(values[n] for n in ("offset", "p", "snum", "d", "code")),
        )
        self.assertIsNone(explain(HOTP(SECRET), 1).to_dict()["span"])
        self.assertEqual("Explanation(<moving factor 1>)", repr(explain(HOTP(SECRET), 1)))


class Text(unittest.TestCase):
    def test_the_example_of_section_5_4(self) -> None:
        """H16: the RFC's own picture of its own hash."""
        hs = bytes.fromhex("1f8698690e02ca16618550ef7f19da8e945b555a")
        self.assertEqual(RFC_4226_5_4, "\n".join(_table(hs, 10)))

    def test_longer_hashes_have_rows_of_sixteen(self) -> None:
        """The four bytes may lie in two rows; the last byte is in the last row."""
        marks = _table(bytes(64), 14)[8::9]
        self.assertEqual("-" + "---" * 14 + "*****-", marks[0])
        self.assertEqual("-*****" + "-" * 43, marks[1])
        self.assertEqual("-" * 49, marks[2])
        self.assertEqual("-" * 46 + "++|", marks[3])

    def test_the_steps_in_words(self) -> None:
        """The lines that a reader compares with a program of their own."""
        text = explain(HOTP(SECRET), 1).to_text()
        for line in (
            "C = 1",
            "  00 00 00 00 00 00 00 01",
            "K: the secret, 20 bytes",
            "K filled with zeros to the 64 bytes of a block of SHA1",
            "|75|a4|8a|19|d4|cb|e1|00|64|4e|8a|c1|39|7e|ea|74|7a|2d|33|ab|",
            "* The last byte (byte 19) has the hex value 0xab.",
            "* The value of the lower 4 bits is 0xb (the offset value).",
            "* The 4 bytes starting at byte 11 are P = 0xc1397eea.",
            "* Without the highest bit of P, Snum = 0x41397eea = 1094287082.",
            "* D = Snum modulo 10^6 = 287082.",
            "* The code has 6 digits: 287082.",
        ):
            self.assertIn(line, text.splitlines())

    def test_the_time_in_words(self) -> None:
        """T10: how the step came from the time."""
        lines = explain(TOTP(Secret(bytes(200)), t0=10, period=60), 3).to_text().splitlines()
        self.assertEqual("T = 3", lines[0])
        self.assertEqual("T = floor((time - T0) / X), with T0 = 10 and X = 60 seconds", lines[1])
        self.assertEqual("T is the same from Unix time 190 to 249", lines[2])
        self.assertIn("K hashed, then filled with zeros to the 64 bytes of a block of SHA1", lines)
