"""Batches that are joined, and texts with several links."""

import dataclasses
import random
import unittest
from collections.abc import Iterable
from urllib.parse import unquote

from onetime import HOTP, TOTP, Account, MigrationError, Secret, URIError
from onetime.provisioning import uri
from onetime.provisioning.migration import Batch, Refused, build, join, parse, read
from tests.soak.migration import field, link
from tests.support import RFC_KEY, shown

SECRET = Secret(RFC_KEY)
ALICE = Account("alice", TOTP(SECRET), issuer="Acme")
BOB = Account("bob", HOTP(SECRET), counter=7)
BAD = link(field(1, 2, field(1, 2, RFC_KEY) + field(2, 2, b"carol") + field(4, 0, 4)) + field(3, 0, 1))
MD5 = "MD5 is refused: its 16 bytes are too short for dynamic truncation"


class Joining(unittest.TestCase):
    ACCOUNTS = tuple(Account(f"user {i}", TOTP(SECRET)) for i in range(25))
    BATCHES = tuple(parse(text) for text in build(ACCOUNTS, id=5))

    def test_batches_are_joined_in_their_order(self) -> None:
        """In whatever order they come, and however often."""
        a, b, c = self.BATCHES
        for batches in ([a, b, c], [c, a, b], [b, b, a, c, a]):
            self.assertEqual(Batch(self.ACCOUNTS, id=5), join(batches))
        self.assertEqual(self.ACCOUNTS, join(iter(self.BATCHES)).accounts)
        self.assertEqual(a.accounts, join([dataclasses.replace(a, size=1)]).accounts)

    def test_what_is_no_whole_export_is_refused(self) -> None:
        """The error says which batch is missing, or does not belong there."""
        a, b, c = self.BATCHES
        huge = Batch((ALICE,), 1, 2**31 - 1, 5)
        cases: tuple[tuple[Iterable[Batch], str], ...] = (
            ([], "there must be at least one batch"),
            ([a, c], "of 3 batches, these are missing: 2"),
            ([b], "of 3 batches, these are missing: 1, 3"),
            ([huge], "of 2147483647 batches, these are missing: 1, 3, 4, 5, 6, 7, 8, 9, 10, 11 and more"),
            (
                [a, b, dataclasses.replace(c, id=6)],
                "of 3 batches, these are missing: 3",
            ),
            (
                [a, dataclasses.replace(b, size=4), c],
                "of 3 batches, these are missing: 2",
            ),
            (
                [a, b, c, dataclasses.replace(b, accounts=(ALICE,))],
                "of 3 batches, these are missing: 1, 3",
            ),
        )
        for batches, message in cases:
            with self.subTest(message), self.assertRaisesRegex(MigrationError, f"^{message}$"):
                join(batches)
        eleven = Batch((ALICE,), 0, 11, 5)
        with self.assertRaisesRegex(MigrationError, "missing: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11$"):
            join([eleven])

    def test_f51_several_exports_are_joined(self) -> None:
        """F51: each in its own order, at the place of its first batch; mixed up or not."""
        other = tuple(Account(f"other {i}", HOTP(SECRET)) for i in range(25))
        more = [parse(text) for text in build(other, id=6)]
        source = random.Random(51)
        for _ in range(50):
            batches = [*self.BATCHES, *more, source.choice(more)]
            source.shuffle(batches)
            first = self.ACCOUNTS if batches[0].id == 5 else other
            second = other if batches[0].id == 5 else self.ACCOUNTS
            self.assertEqual(Batch(first + second), join(batches))
        with self.assertRaisesRegex(MigrationError, "^of 3 batches, these are missing: 2$"):
            join([*self.BATCHES, more[0], more[2]])

    def test_f51_exports_without_an_id_are_told_apart_by_their_content(self) -> None:
        """F51: one that is there twice counts once, and two that differ in the secret alone are two."""
        one, two = Batch((ALICE,)), Batch((ALICE.replace(credential=TOTP(Secret(b"another"))),))
        self.assertEqual(Batch((ALICE,)), join([one, one]))
        self.assertEqual((*one.accounts, *two.accounts), join([one, two, one]).accounts)
        many = [Batch((ALICE.replace(credential=TOTP(Secret(i.to_bytes(4)))),)) for i in range(5000)]
        self.assertEqual(5000, len(join(many).accounts))

    def test_f51_exports_with_the_same_id_are_told_apart_by_their_content(self) -> None:
        """F51: a place that another batch has begins a second export; a duplicate is still a duplicate."""
        (one,), (two,) = build([ALICE], id=5), build([BOB], id=5)
        self.assertEqual(Batch((ALICE, BOB), id=5), join(map(parse, (one, two, one, two))))
        self.assertEqual((ALICE, BOB), read(f"{one}\n{two}\n{one}").accounts)
        others = tuple(Account(f"other {i}", HOTP(SECRET)) for i in range(25))
        for number in (0, 5):
            a, b, c = (parse(text) for text in build(self.ACCOUNTS, id=number))
            d, e, f = (parse(text) for text in build(others, id=number))
            for batches in ([a, b, c, d, e, f], [a, d, b, e, c, f], [c, b, a, d, a, f, e, d]):
                with self.subTest(number=number):
                    self.assertEqual(Batch(self.ACCOUNTS + others, id=number), join(batches))
            # The second export has a batch that only its extra parameters tell from the first one's.
            more = dataclasses.replace(
                a, accounts=tuple(each.replace(extra=[("x", "y")]) for each in a.accounts)
            )
            self.assertEqual(
                20, len(join([dataclasses.replace(each, size=1) for each in (a, more)]).accounts)
            )
            with self.assertRaisesRegex(MigrationError, "^of 3 batches, these are missing: 1, 3$"):
                join([a, b, c, e])

    def test_f51_many_exports_with_the_same_id_take_linear_time(self) -> None:
        """F51: apps that write no id give all exports of two batches the same place."""
        many = [Batch((ALICE.replace(name=str(i)),), i % 2, 2) for i in range(20_000)]
        self.assertEqual(20_000, len(join(many).accounts))

    def test_positions_count_through_all_accounts(self) -> None:
        """F46: what is refused has its place in the whole."""
        refused = (Refused(0, "x"), Refused(2, "y", "I", "n"))
        a = Batch((ALICE,), 0, 2, 5, refused)
        b = Batch((BOB, BOB), 1, 2, 5, refused[:1])
        expected = (Refused(0, "x"), Refused(2, "y", "I", "n"), Refused(3, "x"))
        self.assertEqual(Batch((ALICE, BOB, BOB), 0, 1, 5, expected), join([b, a]))


class Reading(unittest.TestCase):
    LINKS = tuple(map(uri.build, (ALICE, BOB)))
    MANY = tuple(Account(f"user {i}", TOTP(SECRET)) for i in range(25))

    def test_f51_links_and_exports_in_one_text(self) -> None:
        """F51: all are read, whatever separates them."""
        parts = build(self.MANY, id=5)
        source = random.Random(51)
        for _ in range(100):
            pieces = [*parts, *self.LINKS, *source.choices((*parts, build([BOB, ALICE], id=6)[0]), k=2)]
            source.shuffle(pieces)
            text = "".join(piece + source.choice((" ", "\n", "\r\n\r\n", "\t \n")) for piece in pieces)
            batch = read(source.choice(("", "\ufeff", "\n")) + text)
            names = [account.name for account in batch.accounts]
            self.assertEqual((), batch.refused)
            self.assertEqual(
                [account.name for account in self.MANY], [name for name in names if name[:4] == "user"]
            )
            self.assertEqual(
                27 + 2 * any(piece == build([BOB, ALICE], id=6)[0] for piece in pieces), len(names)
            )

    def test_what_cannot_be_read_keeps_nothing_back(self) -> None:
        """F46, F51: an account, a link, an export, and a batch that is missing."""
        parts = build(self.MANY, id=5)
        text = "\n".join(
            (self.LINKS[0], BAD, "otpauth://totp/x", "otpauth-migration://offline?data=!", parts[0], parts[2])
        )
        batch = read(text)
        self.assertEqual((ALICE, *self.MANY[:10], *self.MANY[20:]), batch.accounts)
        self.assertEqual(
            [
                (1, MD5, "carol"),
                (2, "a link must have a secret", ""),
                (
                    3,
                    "in the data, the character at position 1 is not base64 (A to Z, a to z, 0 to 9, +, /)",
                    "",
                ),
                (19, "of 3 batches, these are missing: 2", ""),
            ],
            [(one.position, one.reason, one.name) for one in batch.refused],
        )
        other = parse(parts[0])
        differs = build([BOB] * 25, id=5)[0]
        batch = read("\n".join((*parts, differs)))
        self.assertEqual((*other.accounts, *self.MANY[10:], *[BOB] * 10), batch.accounts)
        self.assertEqual((Refused(35, "of 3 batches, these are missing: 2, 3"),), batch.refused)

    def test_f46_a_fault_outside_the_accounts_keeps_none_of_them_back(self) -> None:
        """F46: a version, place or end that is wrong is named after the accounts before it."""
        good = b"".join(
            field(1, 2, field(1, 2, RFC_KEY) + field(2, 2, f"user {i}".encode())) for i in range(3)
        )
        placed = field(3, 0, 2) + field(4, 0, 1) + field(5, 0, 5)
        missing = "of 2 batches, these are missing: 1"
        version = "the version of the export must be 1 or 2"
        for data, reasons in (
            (good + field(2, 0, 3), [version]),
            (good + field(2, 0, 3) + placed, [version, missing]),
            (good + field(3, 0, 2) + field(4, 0, 2) + field(5, 0, 5), ["the index of the batch must be"]),
            (good + field(3, 0, 2**64 - 1), ["the number of batches must not be negative"]),
            (good + placed + b"\x1a", ["a number must have an end", missing]),
            (good + field(3, 0, 2) + b"\x1a", ["a number must have an end"]),
            (good + b"\x0c" + good, ["the end of a group must follow its beginning"]),
            (good + field(1, 2, b"")[:1] + b"\x05", ["a field must end within its message"]),
            (field(2, 0, 9) + good + b"\x00\x00", ["the number of a field must be"]),
        ):
            with self.subTest(data=data):
                batch = read(f"{link(data)}\n{self.LINKS[0]}")
                names = [account.name for account in batch.accounts]
                self.assertEqual(["user 0", "user 1", "user 2", "alice"], names)
                self.assertEqual(len(reasons), len(batch.refused))
                self.assertEqual(3, batch.refused[0].position)
                for reason, refused in zip(reasons, batch.refused, strict=True):
                    self.assertRegex(refused.reason, rf"^(byte \d+: )?{reason}")
        with self.assertRaises(MigrationError):
            parse(link(good + field(2, 0, 3)))

    def test_f46_a_link_that_is_cut_off_keeps_its_whole_accounts(self) -> None:
        """F46: wherever its end is lost, each whole account is read, no half one, and the fault is named."""
        accounts = self.MANY[:3]
        (whole,) = build(accounts, id=-1)
        head, data = whole.split("=", 1)
        data = unquote(data)
        counts, silent = [], 0
        for size in range(len(data)):
            with self.subTest(size=size):
                batch = read(f"{head}={data[:size]}\n{self.LINKS[1]}")
                counts.append(len(batch.accounts) - 1)
                self.assertEqual((*accounts[: counts[-1]], BOB), batch.accounts)
                self.assertIn([one.position for one in batch.refused], ([], counts[-1:]))
                silent += not batch.refused
        self.assertEqual([0, 1, 2, 3], sorted(set(counts)))
        self.assertEqual(sorted(counts), counts)
        # Between two fields, what is left is a whole message; a link without a header is an export by itself.
        self.assertLessEqual(silent, 3 + 4)
        escaped = "".join(f"%{ord(each):02X}" for each in data)
        for size in range(len(escaped)):
            with self.subTest(escaped=size):
                batch = read(f"{head}={escaped[:size]}\n{self.LINKS[1]}")
                self.assertEqual(counts[size // 3], len(batch.accounts) - 1)

    def test_f46_links_that_fail_alike_are_all_named(self) -> None:
        """F46: what has no account in it is not taken for a duplicate."""
        text = "otpauth-migration://offline?data=A!\notpauth-migration://offline?data=B!"
        self.assertEqual([0, 1], [one.position for one in read(text).refused])

    def test_a_text_without_links_is_refused(self) -> None:
        """And so is one with something else; neither shows what is in it."""
        for text, message in (
            ("", "there must be at least one link"),
            ("\ufeff \n", "there must be at least one link"),
            (f"{self.LINKS[0]}\nGNBVGY3T", "line 2"),
        ):
            with self.subTest(message), self.assertRaisesRegex(URIError, message) as caught:
                read(text)
            self.assertNotIn("GEZDGNBV", shown(caught.exception))
        with self.assertRaises(TypeError):
            read(b"")  # type: ignore[arg-type]  # the wrong type is what is tested

    def test_one_link_is_a_batch_of_one(self) -> None:
        """Whether it is a link or an export."""
        self.assertEqual(Batch((ALICE,)), read(self.LINKS[0]))
        self.assertEqual(Batch((ALICE,), id=9), read(build([ALICE], id=9)[0]))
