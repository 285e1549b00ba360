"""What is stored of a device, and the fingerprint of its credential."""

import hmac
import unittest

from onetime import HOTP, TOTP, Secret
from onetime.verification.device import Device, fingerprint
from tests.support import RFC_KEY

SECRET = Secret(RFC_KEY)
LAST = 2**64 - 1
ID = 0x0123456789ABCDEF


class Fresh(unittest.TestCase):
    def test_nothing_is_spent_at_first(self) -> None:
        """H07, K31, T28: 0 is a counter and a step like any other; the server's clock is the center."""
        for credential in (HOTP(SECRET), TOTP(SECRET, t0=5)):
            expected = Device(credential.kind, 0, 0, 0, 0, ID, fingerprint(credential, ID))
            self.assertEqual(expected, Device.fresh(credential, ID))
        self.assertEqual((7, 3, 3, 0), Device.fresh(TOTP(SECRET), ID, 7, 3)[1:5])

    def test_exhausted(self) -> None:
        """H07: the last counter can still be accepted; behind it is nothing."""
        for watermark, exhausted in ((0, False), (LAST, False), (LAST + 1, True)):
            self.assertIs(exhausted, Device.fresh(HOTP(SECRET), ID, watermark).exhausted)

    def test_what_is_out_of_range(self) -> None:
        """H07: an enrollment id has 64 bits, a watermark one more value than a counter."""
        for numbers in ((-1, 0), (2**64, 0), (0, -1), (0, LAST + 2)):
            with self.assertRaises(ValueError):
                Device.fresh(HOTP(SECRET), *numbers)


class Fingerprint(unittest.TestCase):
    def test_it_is_32_bits_of_an_hmac(self) -> None:
        """K23: computed here with the standard library; what is stored today must fit tomorrow."""
        cases: list[tuple[HOTP | TOTP, str, str]] = [
            (HOTP(SECRET), "onetime 81985529216486895 hotp SHA1 6", "sha1"),
            (HOTP(SECRET, digits=8, algorithm="SHA256"), "onetime 81985529216486895 hotp SHA256 8", "sha256"),
            (TOTP(SECRET), "onetime 81985529216486895 totp SHA1 6 30 0", "sha1"),
            (
                TOTP(SECRET, digits=10, algorithm="SHA3-512", period=60, t0=9),
                "onetime 81985529216486895 totp SHA3_512 10 60 9",
                "sha3_512",
            ),
        ]
        for credential, message, name in cases:
            with self.subTest(credential):
                expected = int.from_bytes(hmac.digest(RFC_KEY, message.encode(), name)[:4], "big")
                self.assertEqual(expected, fingerprint(credential, ID))

    def test_every_part_of_a_credential_counts(self) -> None:
        """K23, T05, T12: no two of these have the same fingerprint; another id makes another."""
        different: list[HOTP | TOTP] = [
            *(HOTP(SECRET), HOTP(Secret(RFC_KEY + b"0")), HOTP(SECRET, digits=7)),
            *(HOTP(SECRET, algorithm="SHA256"), HOTP(SECRET, algorithm="SHA3_256")),
            *(TOTP(SECRET), TOTP(Secret(RFC_KEY + b"0")), TOTP(SECRET, digits=7)),
            *(TOTP(SECRET, algorithm="SHA512"), TOTP(SECRET, period=60), TOTP(SECRET, t0=1)),
            *(TOTP(SECRET, period=3), TOTP(SECRET, period=3, t0=30), TOTP(SECRET, period=33)),
        ]
        found = {fingerprint(credential, number) for credential in different for number in (0, 1, ID, LAST)}
        self.assertEqual(len(different) * 4, len(found))

    def test_it_does_not_depend_on_the_object(self) -> None:
        """K23: the same credential, read again from where the program keeps it, has the same fingerprint."""
        again = TOTP(Secret(RFC_KEY), algorithm="sha-1")
        self.assertEqual(fingerprint(TOTP(SECRET), ID), fingerprint(again, ID))

    def test_it_is_of_32_bits(self) -> None:
        """H42: enough to find mistakes; it tells an attacker who steals the table next to nothing."""
        found = [fingerprint(HOTP(SECRET), number) for number in range(2000)]
        self.assertLess(max(found), 2**32)
        self.assertGreater(max(found), 2**31)
        self.assertGreater(len(set(found)), 1990)
