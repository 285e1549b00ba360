"""Reading and writing the messages of Protocol Buffers."""

import random
import unittest

from onetime import MigrationError
from onetime.provisioning.protobuf import bytes_field, fields, integer_field, signed


def read(text: str) -> list[tuple[int, int | bytes, int]]:
    """Read a message that is written in hexadecimal digits, bytes instead of their places."""
    data = bytes.fromhex(text)
    return [
        (number, data[value] if isinstance(value, slice) else value, position)
        for number, value, position in fields(data, slice(0, len(data)))
    ]


class Reading(unittest.TestCase):
    def test_the_two_kinds_of_value(self) -> None:
        """Integers and bytes are given out with their number and where they begin."""
        for text, expected in (
            ("", []),
            ("08 96 01", [(1, 150, 0)]),  # the example of the encoding's description
            ("12 07 74 65 73 74 69 6e 67", [(2, b"testing", 0)]),  # and another
            ("1a 03 08 96 01", [(3, b"\x08\x96\x01", 0)]),
            ("08 01 12 00 08 02", [(1, 1, 0), (2, b"", 2), (1, 2, 4)]),
            ("08 80 80 00", [(1, 0, 0)]),  # zeros that nobody needs
            ("08 ff ff ff ff ff ff ff ff ff 01", [(1, 2**64 - 1, 0)]),
            ("f8 ff ff ff 0f 05", [(2**29 - 1, 5, 0)]),
            ("88 80 80 80 80 80 80 80 80 00 05", [(1, 5, 0)]),
        ):
            with self.subTest(text):
                self.assertEqual(expected, read(text))

    def test_what_is_not_known_is_skipped(self) -> None:
        """Fixed lengths and groups are passed over, whatever stands in them."""
        for text in (
            "09 0807060504030201",
            "0d 04030201",
            "0b 0c",
            "0b 13 08 01 12 01 78 0d 04030201 09 0807060504030201 14 0c",
            "0b 0b 0c 0c 0b 0c",
        ):
            with self.subTest(text):
                size = len(bytes.fromhex(text))
                self.assertEqual([(1, 1, 0), (1, 2, size + 2)], read(f"08 01 {text} 08 02"))

    def test_what_is_broken_is_an_error_that_says_where(self) -> None:
        """Nothing is guessed: the position is that of the field, or of the number in it."""
        for text, position, message in (
            ("08", 1, "a number must have an end"),
            ("80", 0, "a number must have an end"),
            ("08 01 08 ff ff", 3, "a number must have an end"),
            ("12 80", 1, "a number must have an end"),
            ("08 80 80 80 80 80 80 80 80 80 80 00", 1, "a number must have at most 10 bytes"),
            ("08 80 80 80 80 80 80 80 80 80 80", 1, "a number must have at most 10 bytes"),
            ("08 80 80 80 80 80 80 80 80 80", 1, "a number must have an end"),
            ("08 80 80 80 80 80 80 80 80 80 02", 1, "a number must have at most 64 bits"),
            ("00 01", 0, "the number of a field must be from 1 to 536870911"),
            ("08 01 80 80 80 80 10 00", 2, "the number of a field must be from 1 to 536870911"),
            ("0e", 0, "the wire type of a field must be from 0 to 5"),
            ("08 01 0f 01", 2, "the wire type of a field must be from 0 to 5"),
            ("12 02 78", 0, "a field must end within its message"),
            ("08 01 12 ff ff ff ff ff ff ff ff ff 01 78", 2, "a field must end within its message"),
            ("0d 01 02 03", 0, "a field must end within its message"),
            ("09 01 02 03 04 05 06 07", 0, "a field must end within its message"),
            ("0c", 0, "the end of a group must follow its beginning"),
            ("0b 14", 1, "the end of a group must follow its beginning"),
            ("0b 0c 0c", 2, "the end of a group must follow its beginning"),
            ("0b 08 01", 3, "a group must have an end"),
            ("0b 12 05 78 0c", 1, "a field must end within its message"),
            ("0b 00 01 0c", 1, "the number of a field must be from 1 to 536870911"),
        ):
            with self.subTest(text):
                with self.assertRaisesRegex(MigrationError, f"^byte {position + 1}: .*{message}$") as caught:
                    read(text)
                self.assertEqual(position, caught.exception.position)

    def test_a_message_inside_another_ends_where_it_ends(self) -> None:
        """Positions count from the beginning of all, and what stands around is not looked at."""
        data = bytes.fromhex("ff 08 05 12 01 78 08 ff")
        found = list(fields(data, slice(1, 6)))
        self.assertEqual([(1, 5, 1), (2, slice(5, 6), 3)], found)
        for part, position in ((slice(1, 4), 4), (slice(1, 5), 3), (slice(6, 7), 7)):
            with self.subTest(part), self.assertRaises(MigrationError) as caught:
                list(fields(data, part))
            self.assertEqual(position, caught.exception.position)

    def test_groups_are_no_stack_to_overflow(self) -> None:
        """A hundred thousand groups in one another are skipped like one."""
        self.assertEqual([(1, 1, 200_000)], read("0b" * 100_000 + "0c" * 100_000 + "0801"))

    def test_low_bits_are_twos_complement(self) -> None:
        """A negative int32 fills ten bytes; what is above the bits is dropped."""
        for value, bits, expected in (
            (0, 32, 0),
            (2**31 - 1, 32, 2**31 - 1),
            (2**31, 32, -(2**31)),
            (2**32 - 1, 32, -1),
            (2**64 - 5, 32, -5),
            (2**32 + 7, 32, 7),
            (2**63 - 1, 64, 2**63 - 1),
            (2**63, 64, -(2**63)),
            (2**64 - 1, 64, -1),
        ):
            with self.subTest(value, bits=bits):
                self.assertEqual(expected, signed(value, bits))


class Writing(unittest.TestCase):
    def test_fields_are_written_as_others_write_them(self) -> None:
        """The examples of the encoding's description, and a negative number."""
        for expected, written in (
            ("08 96 01", integer_field(1, 150)),
            ("08 00", integer_field(1, 0)),
            ("28 fe ff ff ff ff ff ff ff ff 01", integer_field(5, -2)),
            ("38 ff ff ff ff ff ff ff ff 7f", integer_field(7, 2**63 - 1)),
            ("12 07 74 65 73 74 69 6e 67", bytes_field(2, b"testing")),
            ("82 01 00", bytes_field(16, b"")),
        ):
            with self.subTest(expected):
                self.assertEqual(bytes.fromhex(expected), written)

    def test_what_is_written_is_read(self) -> None:
        """Any integer and any bytes come back."""
        source = random.Random(5)
        for _ in range(1000):
            number, value = source.randint(1, 2**29 - 1), source.getrandbits(source.randint(1, 64))
            text = source.randbytes(source.randint(0, 300))
            data = integer_field(number, value) + bytes_field(number, text)
            (one, integer, _), (two, place, _) = fields(data, slice(0, len(data)))
            self.assertEqual((number, value, number), (one, integer, two))
            self.assertIsInstance(place, slice)
            self.assertEqual(text, data[place])
