"""The hash, by name."""

import hashlib
import unittest

from onetime import Algorithm


class AlgorithmNames(unittest.TestCase):
    def test_the_usual_spellings_are_read(self) -> None:
        """T01: three names of RFC 6238 and two beyond it, in any case, with and without hyphen or Hmac."""
        spellings = {
            Algorithm.SHA1: ["SHA1", "sha1", "SHA-1", "Sha_1", "HmacSHA1", "HMAC-SHA-1", "hmac_sha1"],
            Algorithm.SHA256: ["SHA256", "sha-256", "HmacSHA256", "HMAC-SHA256"],
            Algorithm.SHA512: ["SHA512", "sha_512", "HmacSHA512"],
            Algorithm.SHA3_256: ["SHA3_256", "SHA3-256", "sha3-256", "HmacSHA3-256", "hmac_sha3_256"],
            Algorithm.SHA3_512: ["SHA3_512", "sha3-512"],
        }
        for algorithm, texts in spellings.items():
            for text in texts:
                with self.subTest(text):
                    self.assertIs(algorithm, Algorithm(text))

    def test_it_is_its_name(self) -> None:
        """An algorithm is written as text by its own name."""
        self.assertEqual(["SHA1", "SHA256", "SHA512", "SHA3_256", "SHA3_512"], [str(a) for a in Algorithm])

    def test_sizes_are_the_hashs(self) -> None:
        """RFC 2104: the lengths of hash and block, in bytes."""
        sizes = {a: (a.digest_size, a.block_size) for a in Algorithm}
        self.assertEqual(
            {
                Algorithm.SHA1: (20, 64),
                Algorithm.SHA256: (32, 64),
                Algorithm.SHA512: (64, 128),
                Algorithm.SHA3_256: (32, 136),
                Algorithm.SHA3_512: (64, 72),
            },
            sizes,
        )

    def test_new_is_the_standard_librarys(self) -> None:
        """The hash is hashlib's, not our own."""
        for algorithm in Algorithm:
            self.assertEqual(hashlib.new(algorithm.lower(), b"x").digest(), algorithm.new(b"x").digest())

    def test_md5_is_refused_with_the_reason(self) -> None:
        """RFC 4226 5.3: sixteen bytes are too short for an offset of 15."""
        for text in ("MD5", "md5", "MD-5", "HmacMD5"):
            with self.subTest(text), self.assertRaisesRegex(ValueError, "16 bytes are too short"):
                Algorithm(text)

    def test_other_names_are_refused_and_not_quoted(self) -> None:
        """The set is closed; what was given may be a secret in the wrong place, so it is not shown."""
        for text in ("", "SHA", "SHA224", "SHA2", "SHA3256", "SHA-1 ", "-SHA1", "ſha1", "JBSWY3DPEHPK3PXP"):
            with self.subTest(text):
                with self.assertRaises(ValueError) as caught:
                    Algorithm(text)
                self.assertEqual(
                    "the algorithm must be one of SHA1, SHA256, SHA512, SHA3_256, SHA3_512",
                    str(caught.exception),
                )

    def test_what_is_no_text_is_a_type_error(self) -> None:
        """A number names no hash."""
        for value in (1, None, b"SHA1"):
            with self.subTest(value), self.assertRaises(TypeError):
                Algorithm(value)  # type: ignore[arg-type]  # the wrong type is what is tested
