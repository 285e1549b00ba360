"""Reading, writing, making and comparing secrets."""

import base64
import copy
import hmac
import random
import re
import subprocess
import sys
import unittest
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import onetime
from onetime import Algorithm, Secret, SecretError
from onetime.secret import _hkdf_sha256
from tests.support import RFC_KEY, vectors

BASE32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

READERS = {
    "base32": Secret.from_base32,
    "hex": Secret.from_hex,
    "base64": Secret.from_base64,
    "text": Secret.from_text,
}


class Reading(unittest.TestCase):
    def test_what_people_type_is_read(self) -> None:
        """Case, spaces, hyphens and padding make no difference where the encoding allows them."""
        same = {
            "base32": [
                BASE32,
                BASE32.lower(),
                "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
                "gezd-gnbv-gy3t-qojq-gezd-gnbv-gy3t-qojq",
                " GEZDGNBVGY3TQOJQ  GEZDGNBVGY3TQOJQ ",
            ],
            "hex": [RFC_KEY.hex(), RFC_KEY.hex().upper(), RFC_KEY.hex(" "), RFC_KEY.hex("-", 4)],
            "base64": [
                "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
                "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA",
                "MTIz NDU2 Nzg5 MDEy MzQ1 Njc4 OTA =",
            ],
            "text": ["12345678901234567890"],
        }
        for form, texts in same.items():
            for text in texts:
                with self.subTest(form=form, text=text):
                    self.assertEqual(RFC_KEY, READERS[form](text).to_bytes())

    def test_padding_is_whole_or_absent(self) -> None:
        """Base32 and base64 are read with all their padding or with none of it."""
        for size in range(1, 12):
            key = bytes(range(250, 250 - size, -1))
            for encode, read in (
                (base64.b32encode, Secret.from_base32),
                (base64.b64encode, Secret.from_base64),
                (base64.urlsafe_b64encode, Secret.from_base64),
            ):
                padded = encode(key).decode()
                with self.subTest(padded):
                    self.assertEqual(key, read(padded).to_bytes())
                    self.assertEqual(key, read(padded.rstrip("=")).to_bytes())
                    if padded.endswith("=="):
                        with self.assertRaisesRegex(SecretError, "must fill the last group"):
                            read(padded[:-1])
                    with self.assertRaises(SecretError):
                        read(padded + "=" * (4 if padded.endswith("=") else 1))

    def test_both_alphabets_of_base64_but_not_mixed(self) -> None:
        """RFC 4648 sections 4 and 5: base64 and base64url are told apart by their letters."""
        key = bytes([0xFB, 0xEF, 0xFE, 0xFF])
        self.assertEqual(key, Secret.from_base64("++/+/w==").to_bytes())
        self.assertEqual(key, Secret.from_base64("--_-_w==").to_bytes())
        for text in ("+-/+/w==", "++/+_w=="):
            with self.subTest(text), self.assertRaisesRegex(SecretError, "must not mix the alphabets"):
                Secret.from_base64(text)

    def test_spare_bits_are_dropped(self) -> None:
        """Sites that draw random characters leave bits after the last byte; apps drop them."""
        self.assertEqual(Secret.from_base32("MY"), Secret.from_base32("MZ"))
        self.assertEqual(16, len(Secret.from_base32("ABCDEFGHIJKLMNOPQRSTUVWXYZ")))
        self.assertEqual(Secret.from_base64("Zg"), Secret.from_base64("Zh"))

    def test_a_wrong_length_is_refused(self) -> None:
        """K06: what cannot be whole bytes has lost a character."""
        for size in (1, 3, 6, 9, 11, 14):
            with self.subTest(size), self.assertRaisesRegex(SecretError, "is missing"):
                Secret.from_base32("A" * size)
        with self.assertRaisesRegex(SecretError, "the hexadecimal text is missing a digit"):
            Secret.from_hex("123")
        with self.assertRaisesRegex(SecretError, "the base64 text is missing a character"):
            Secret.from_base64("abcde")

    def test_everything_else_is_refused_with_its_position(self) -> None:
        """K30, F93: ASCII only, no other separators; the error says where, its text from 1."""
        faults = [
            ("base32", "ABC0EFGH", 3),
            ("base32", "ABC1EFGH", 3),
            ("base32", "ABCDEFG8", 7),
            ("base32", "AB CD 9F", 6),
            ("base32", "ABCDEFGH\n", 8),
            ("base32", "\tABCDEFGH", 0),
            ("base32", "ABCDıFGH", 4),
            ("base32", "ABCDßFGH", 4),
            ("base32", "ABCD\uff25FGH", 4),
            ("base32", "ABCD\u00a0EFGH", 4),
            ("base32", "ABCD_FGH", 4),
            ("base32", "+BCDEFGH", 0),
            ("base32", "ABCD\ud800FGH", 4),
            ("hex", "0x1234", 1),
            ("hex", "12:34", 2),
            ("hex", "12g4", 2),
            ("hex", "1٢34", 1),
            ("hex", "12==", 2),
            ("base64", "ab*d", 2),
            ("base64", "abécd", 2),
            ("text", "ab\udcffcd", 2),
        ]
        for form, text, position in faults:
            with self.subTest(form=form, text=ascii(text)):
                with self.assertRaises(SecretError) as caught:
                    READERS[form](text)
                self.assertEqual(position, caught.exception.position)
                self.assertIn(f"position {position + 1} ", f"{caught.exception} ")

    def test_padding_inside_is_refused(self) -> None:
        """Padding ends a text; what follows it would be a second one."""
        for read, text in ((Secret.from_base32, "MY======MY======"), (Secret.from_base64, "Zg==Zg==")):
            with self.subTest(text), self.assertRaisesRegex(SecretError, "must be at the end"):
                read(text)

    def test_an_empty_secret_is_refused(self) -> None:
        """K27: no form of nothing is a secret."""
        for form, texts in {
            "base32": ["", "  ", "--", "====", "========"],
            "hex": ["", " ", "-"],
            "base64": ["", " ", "==", "===="],
            "text": [""],
        }.items():
            for text in texts:
                with (
                    self.subTest(form=form, text=text),
                    self.assertRaisesRegex(SecretError, "must not be empty"),
                ):
                    READERS[form](text)
        with self.assertRaisesRegex(SecretError, "must not be empty"):
            Secret(b"")

    def test_old_short_secrets_load(self) -> None:
        """80-bit secrets of old enrollments, and shorter ones, can be read."""
        self.assertEqual(10, len(Secret.from_base32("JBSWY3DPEHPK3PXP")))
        self.assertEqual(1, len(Secret(b"k")))

    def test_plain_text_is_taken_as_it_stands(self) -> None:
        """Spaces, case and accents of plain text belong to the secret."""
        for text in (" a b ", "Ä-ß", "ab\n", "🔑"):
            with self.subTest(text):
                self.assertEqual(text.encode(), Secret.from_text(text).to_bytes())

    def test_wrong_types_are_type_errors(self) -> None:
        """Bytes are a key, text is read by a form; neither is guessed."""
        for form, read in READERS.items():
            for value in (b"GEZDGNBV", None, 5):
                with self.subTest(form=form, value=value), self.assertRaises(TypeError):
                    read(value)  # type: ignore[arg-type]  # the wrong type is what is tested
        for wrong in ("GEZDGNBV", bytearray(b"k"), None, 5):
            with self.subTest(wrong=wrong), self.assertRaises(TypeError):
                Secret(wrong)  # type: ignore[arg-type]  # the wrong type is what is tested


class Writing(unittest.TestCase):
    def test_each_form_is_the_standard_librarys(self) -> None:
        """RFC 4648: what is written equals the base64 module's, for every length up to 300."""
        for size in range(1, 301):
            key = random.Random(size).randbytes(size)
            secret = Secret(key)
            self.assertEqual(base64.b32encode(key).decode().rstrip("="), secret.to_base32())
            self.assertEqual(base64.b64encode(key).decode(), secret.to_base64())
            self.assertEqual(base64.b16encode(key).decode().lower(), secret.to_hex())

    def test_what_is_written_is_read(self) -> None:
        """Each form goes out and comes back, for every length up to 300."""
        for size in range(1, 301):
            secret = Secret(random.Random(-size).randbytes(size))
            self.assertEqual(secret, Secret.from_base32(secret.to_base32()))
            self.assertEqual(secret, Secret.from_base32(secret.to_base32(group=4)))
            self.assertEqual(secret, Secret.from_base64(secret.to_base64()))
            self.assertEqual(secret, Secret.from_hex(secret.to_hex()))
            self.assertEqual(secret, Secret(secret.to_bytes()))

    def test_groups(self) -> None:
        """Base32 is grouped for people who type it."""
        secret = Secret(RFC_KEY[:6])
        self.assertEqual("GEZDGNBVGY", secret.to_base32())
        self.assertEqual("GEZD GNBV GY", secret.to_base32(group=4))
        self.assertEqual("GEZDGNBVGY", secret.to_base32(group=10))
        with self.assertRaises(ValueError):
            secret.to_base32(group=-1)


class Making(unittest.TestCase):
    def test_a_new_secret_is_as_long_as_the_hash(self) -> None:
        """T14, H06, K06: 20, 32 or 64 bytes, not characters; RFC 6238 section 5.1."""
        self.assertEqual(20, len(Secret.generate().to_bytes()))
        for algorithm in Algorithm:
            with self.subTest(algorithm):
                self.assertEqual(algorithm.digest_size, len(Secret.generate(algorithm=algorithm)))
        self.assertEqual(32, len(Secret.generate(algorithm="sha-256")))

    def test_a_size_is_in_bytes_and_never_under_sixteen(self) -> None:
        """H06, N01: 128 bits at least."""
        self.assertEqual(16, len(Secret.generate(16)))
        self.assertEqual(100, len(Secret.generate(100)))
        for size in (15, 1, 0, -1):
            with self.subTest(size), self.assertRaisesRegex(ValueError, "at least 16 bytes"):
                Secret.generate(size)
        with self.assertRaises(TypeError):
            Secret.generate("20")  # type: ignore[arg-type]  # the wrong type is what is tested

    def test_no_secret_comes_twice(self) -> None:
        """H08, T06: each credential has a secret of its own."""
        self.assertEqual(10_000, len({Secret.generate().to_bytes() for _ in range(10_000)}))

    def test_only_the_operating_system_is_asked(self) -> None:
        """H40, H41, T07, T13, T15, O03: with the random module broken, secrets are still made."""
        with (
            mock.patch("random.Random.random", side_effect=AssertionError),
            mock.patch("random.Random.getrandbits", side_effect=AssertionError),
        ):
            self.assertEqual(20, len(Secret.generate()))
        with mock.patch("os.urandom", return_value=bytes(20)) as urandom:
            self.assertEqual(bytes(20), Secret.generate().to_bytes())
        urandom.assert_called_once_with(20)


class Deriving(unittest.TestCase):
    MASTER = Secret(bytes(range(32)))

    def test_hkdf_vectors(self) -> None:
        """H38: RFC 5869 appendix A, SHA-256."""
        for case in vectors("rfc5869.json")["cases"]:
            key, salt, info = (bytes.fromhex(case[name]) for name in ("ikm", "salt", "info"))
            self.assertEqual(case["okm"], _hkdf_sha256(key, salt, info, case["size"]).hex())

    def test_a_derived_secret_is_hkdfs_output(self) -> None:
        """H38, T07: no salt, the name as info, as long as the hash."""
        expected = _hkdf_sha256(bytes(range(32)), b"", b"alice", 64)
        self.assertEqual(expected[:20], Secret.derive(self.MASTER, "alice").to_bytes())
        self.assertEqual(expected[:20], Secret.derive(self.MASTER, b"alice").to_bytes())
        self.assertEqual(expected[:32], Secret.derive(self.MASTER, "alice", algorithm="SHA256").to_bytes())
        self.assertEqual(expected, Secret.derive(self.MASTER, "alice", size=64).to_bytes())
        self.assertEqual(8160, len(Secret.derive(self.MASTER, "alice", size=8160)))

    def test_a_provider_that_refuses_short_keys(self) -> None:
        """F36: the empty salt is padded to the block, which pedantic FIPS providers accept."""

        def pedantic(key: bytes, message: bytes, digest: str) -> bytes:
            if len(key) < 14:
                raise ValueError("the key is too short")
            return original(key, message, digest)

        original = hmac.digest
        expected = Secret.derive(self.MASTER, "alice")
        with mock.patch("hmac.digest", pedantic):
            self.assertEqual(expected, Secret.derive(self.MASTER, "alice"))

    def test_two_names_give_two_secrets(self) -> None:
        """H38: so do two master keys."""
        secrets = {Secret.derive(self.MASTER, f"user {n}").to_bytes() for n in range(1000)}
        self.assertEqual(1000, len(secrets))
        other = Secret(bytes(range(1, 33)))
        self.assertNotEqual(Secret.derive(self.MASTER, "alice"), Secret.derive(other, "alice"))

    def test_what_would_be_weak_is_refused(self) -> None:
        """H06: neither the master key nor what comes of it is under 16 bytes; an empty name is nobody's."""
        calls: list[tuple[Callable[[], Secret], str]] = [
            (lambda: Secret.derive(Secret(bytes(15)), "alice"), "the master key must have at least 16 bytes"),
            (lambda: Secret.derive(self.MASTER, ""), "must not be empty"),
            (lambda: Secret.derive(self.MASTER, b""), "must not be empty"),
            (lambda: Secret.derive(self.MASTER, "\ud800"), "surrogates not allowed"),
            (lambda: Secret.derive(self.MASTER, "alice", size=15), "at least 16 bytes"),
            (lambda: Secret.derive(self.MASTER, "alice", size=8161), "at most 8160 bytes"),
        ]
        for call, message in calls:
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                call()

    def test_wrong_types_are_type_errors(self) -> None:
        """The master key is a Secret, so that it is never printed by accident."""
        with self.assertRaisesRegex(TypeError, "the master key must be a Secret"):
            Secret.derive(bytes(32), "alice")  # type: ignore[arg-type]  # the wrong type is what is tested
        with self.assertRaisesRegex(TypeError, "must be bytes or a str"):
            Secret.derive(self.MASTER, 5)  # type: ignore[arg-type]  # the wrong type is what is tested


class Value(unittest.TestCase):
    def test_it_is_compared_by_value_and_in_constant_time(self) -> None:
        """O15, K24: equal bytes make equal secrets; strangers are left to Python."""
        self.assertEqual(Secret(b"key"), Secret(b"key"))
        self.assertNotEqual(Secret(b"key"), Secret(b"kez"))
        self.assertNotEqual(Secret(b"key"), Secret(b"keyy"))
        self.assertNotEqual(Secret(b"key"), b"key")
        self.assertEqual(Secret(b"key"), mock.ANY)
        with mock.patch("hmac.compare_digest", return_value=True) as compare:
            self.assertEqual(Secret(b"key"), Secret(b"other"))
        compare.assert_called_once_with(b"key", b"other")

    def test_its_length_is_in_bytes(self) -> None:
        """K06: twenty bytes are 32 characters of base32."""
        self.assertEqual(20, len(Secret.from_base32(BASE32)))
        self.assertTrue(Secret(b"\0"))

    def test_a_copy_is_itself(self) -> None:
        """What never changes need not be copied."""
        secret = Secret(b"key")
        self.assertIs(secret, copy.copy(secret))
        self.assertIs(secret, copy.deepcopy([secret])[0])

    def test_it_works_without_assertions(self) -> None:
        """Nothing is checked by `assert`, which python -O takes out."""
        for path in Path(onetime.__file__).parent.rglob("*.py"):
            self.assertIsNone(re.search(r"^\s*assert\b", path.read_text(encoding="utf-8"), re.MULTILINE))
        code = "from onetime import Secret\ntry: Secret(b'')\nexcept ValueError: print('refused')"
        result = subprocess.run(
            [sys.executable, "-O", "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(onetime.__file__).parents[1],
        )
        self.assertEqual("refused\n", result.stdout)
