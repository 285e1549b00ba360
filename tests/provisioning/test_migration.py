"""Reading, joining and writing exports of several accounts."""

import base64
import random
import unittest
from collections.abc import Callable
from functools import partial
from unittest import mock
from urllib.parse import unquote

from onetime import HOTP, TOTP, Account, Algorithm, MigrationError, OnetimeError, Secret
from onetime.provisioning import uri
from onetime.provisioning.migration import (
    MAX_ACCOUNTS,
    MAX_LENGTH,
    MAX_LINK,
    Batch,
    Refused,
    build,
    join,
    parse,
)
from onetime.provisioning.qr import QRCode
from tests.soak import migration
from tests.soak.migration import HEAD, field, link
from tests.support import RFC_KEY, shown, vectors

EXPORTS = vectors("migration.json")["exports"]
SECRET = Secret(RFC_KEY)
ALICE = Account("alice", TOTP(SECRET), issuer="Acme")
BOB = Account("bob", HOTP(SECRET), counter=7)
KEY = field(1, 2, RFC_KEY)


def expected(export: dict[str, object]) -> Batch:
    """Make the batch that an export of migration.json describes."""
    accounts = []
    for parts in export["accounts"]:  # type: ignore[attr-defined]  # from JSON
        kind = HOTP if parts["type"] == "hotp" else TOTP
        more = {name: parts[name] for name in ("digits", "algorithm") if name in parts}
        credential = kind(Secret.from_base32(parts["secret"]), **more)
        names = {name: parts[name] for name in ("issuer", "counter") if name in parts}
        accounts.append(Account(parts["name"], credential, **names))
    return Batch(tuple(accounts), export["index"], export["size"], export["id"])  # type: ignore[arg-type]  # the same


def one(*fields: bytes) -> Account:
    """Read an export with one account that has these fields and a secret."""
    (account,) = parse(link(field(1, 2, KEY + b"".join(fields)))).accounts
    return account


class Reading(unittest.TestCase):
    def test_what_other_programs_write_is_read(self) -> None:
        """Each export says what migration.json says of it."""
        for export in EXPORTS:
            with self.subTest(export["note"]):
                self.assertEqual(expected(export), parse(export["link"]))

    def test_base64_in_every_form(self) -> None:
        """Either alphabet, padding or none, percent signs or none; a plus sign is a plus sign."""
        secret = b"\0\0" + b"\xfb\xef\xbe\xff\xff\xff" * 4
        for size in range(22, 25):  # two, one and no padding characters
            data = base64.b64encode(field(1, 2, field(1, 2, secret[:size]))).decode()
            self.assertIn("+", data)
            self.assertIn("/", data)
            escaped = data.replace("+", "%2B").replace("/", "%2f").replace("=", "%3D")
            twisted = "".join(f"%{ord(character):02x}" for character in data)
            safe = data.replace("+", "-").replace("/", "_")
            for form in (data, escaped, twisted, safe, data.rstrip("="), safe.rstrip("=")):
                with self.subTest(form):
                    (account,) = parse(HEAD + form).accounts
                    self.assertEqual(secret[:size], account.credential.secret.to_bytes())

    def test_the_link_around_the_data(self) -> None:
        """Any case of scheme and host, and other parameters, say nothing."""
        data = link(field(1, 2, KEY)).removeprefix(HEAD)
        for text in (
            f"OTPAUTH-Migration://Offline?data={data}",
            f"otpauth-migration://offline/?data={data}",
            f"otpauth-migration://offline?x=y+z&DATA={data}&&extra",
        ):
            with self.subTest(text):
                self.assertEqual((Account("", TOTP(SECRET)),), parse(text).accounts)

    def test_what_is_no_export_is_refused(self) -> None:
        """The error says what it is, or what is wrong, and quotes nothing."""
        for text, message in (
            ("", "an export must begin with otpauth-migration://offline"),
            ("CjUKEPqlBekzoNEukL7q", "an export must begin with"),
            ("https://example.com/?data=AA", "an export must begin with"),
            ("otpauth-migration://online?data=AA", "an export must begin with"),
            ("otpauth-migration://offline//?data=AA", "an export must begin with"),
            ("otpauth://totp/a?secret=GEZDGNBV", "the link must be an export"),
            ("otpauth-migration://offline", "an export must have data"),
            ("otpauth-migration://offline?dat=AA", "an export must have data"),
            (HEAD, "an export must have data"),
            (f"{HEAD}==", "an export must have data"),
            (f"{HEAD}AAAA&data=AAAA", "data must not be in the link twice"),
            (f"{HEAD}AA%3", "in data, two hexadecimal digits of UTF-8 must follow each percent sign"),
            (f"{HEAD}AA%ff", "in data, two hexadecimal digits of UTF-8 must follow each percent sign"),
            (f"{HEAD}AA%252B", "in the data, the character at position 3 is not base64"),
            (f"{HEAD}AAA*", "in the data, the character at position 4 is not base64"),
            (f"{HEAD}%41AA#", "in the data, the character at position 4 is not base64"),
            (f"{HEAD}AA\ud800", "in the data, the character at position 3 is not base64"),
            (f"{HEAD}AAé", "in the data, the character at position 3 is not base64"),
            (f"{HEAD}A", "in the data, the base64 text is missing a character"),
            (f"{HEAD}AA=", "in the data, the padding"),
            (f"{HEAD}A=AA", "in the data, the padding"),
            (f"{HEAD}A+A_", "in the data, the text must not mix the alphabets"),
            (f"{HEAD}AA AA", "the data has a space at character 3, perhaps a lost plus sign"),
            (f"{HEAD}AA%20AA", "the data has a space at character 3, perhaps a lost plus sign"),
        ):
            with self.subTest(ascii(text)):
                with self.assertRaisesRegex(MigrationError, f"^{message}") as caught:
                    parse(text)
                self.assertIsNone(caught.exception.position)

    def test_a_link_that_is_too_long_is_refused(self) -> None:
        """What no QR code could hold is not even looked at."""
        text = f"{link(field(1, 2, KEY))}&x="
        self.assertEqual(MAX_LENGTH, len(text.ljust(MAX_LENGTH, "x")))
        self.assertTrue(parse(text.ljust(MAX_LENGTH, "x")))
        with self.assertRaisesRegex(MigrationError, "at most 1048576 characters"):
            parse(text.ljust(MAX_LENGTH + 1, "x"))

    def test_a_link_is_a_str(self) -> None:
        """Bytes are decoded by whoever knows how."""
        for wrong in (HEAD.encode(), None):
            with self.subTest(wrong), self.assertRaisesRegex(TypeError, "^a link must be a str"):
                parse(wrong)  # type: ignore[arg-type]  # the wrong type is what is tested

    def test_what_is_not_said_is_the_apps_default(self) -> None:
        """SHA1, six digits, TOTP, whether a field is 0 or absent; a counter means nothing to a TOTP."""
        account = Account("", TOTP(SECRET))
        for fields in (
            [],
            [field(4, 0, 0), field(5, 0, 0), field(6, 0, 0), field(7, 0, 0)],
            [field(4, 0, 1), field(5, 0, 1), field(6, 0, 2)],
            [field(7, 0, 9)],
            [field(6, 0, 2), field(7, 0, 2**64 - 1)],
        ):
            with self.subTest(fields):
                self.assertEqual(account, one(*fields))

    def test_what_is_said_is_taken(self) -> None:
        """Each value of each field; numbers have 32 bits, or 64, and the rest is dropped."""
        for account, fields in (
            (Account("", TOTP(SECRET, algorithm="SHA256")), [field(4, 0, 2)]),
            (Account("", TOTP(SECRET, algorithm="SHA512")), [field(4, 0, 3)]),
            (Account("", TOTP(SECRET, digits=8)), [field(5, 0, 2)]),
            (Account("", TOTP(SECRET, digits=8)), [field(5, 0, 2**32 + 2)]),
            (Account("", HOTP(SECRET)), [field(6, 0, 1)]),
            (Account("", HOTP(SECRET), counter=2**63 - 1), [field(6, 0, 1), field(7, 0, 2**63 - 1)]),
            (
                Account("é 🔑", TOTP(SECRET), issuer="株"),
                [field(2, 2, "é 🔑".encode()), field(3, 2, "株".encode())],
            ),
        ):
            with self.subTest(account):
                self.assertEqual(account, one(*fields))

    def test_a_name_is_read_as_the_label_of_a_link(self) -> None:
        """The issuer before it is taken off, and a space after that; without one it is the issuer."""
        for issuer, label, names in (
            ("", "alice", (None, "alice")),
            ("", "Acme:alice", ("Acme", "alice")),
            ("", "Acme: alice", ("Acme", "alice")),
            ("", "Acme:a:b", ("Acme", "a:b")),
            ("", ":alice", (None, "alice")),
            ("", "Acme:", ("Acme", "")),
            ("", " alice", (None, "alice")),
            ("Acme", "alice", ("Acme", "alice")),
            ("Acme", "Acme:alice", ("Acme", "alice")),
            ("Acme", "Acme:  alice", ("Acme", "alice")),
            ("Acme", "Acme:Acme:alice", ("Acme", "Acme:alice")),
            ("Acme", "acme:alice", ("Acme", "acme:alice")),
            ("Acme", "Other:alice", ("Acme", "Other:alice")),
            ("Acme", "Acme", ("Acme", "Acme")),
            ("A:B", "A:B:alice", ("A:B", "alice")),
        ):
            with self.subTest(issuer=issuer, label=label):
                account = one(field(2, 2, label.encode()), field(3, 2, issuer.encode()))
                self.assertEqual(names, (account.issuer, account.name))
                if not issuer:
                    parsed = uri.parse(f"otpauth://totp/{label.replace(' ', '%20')}?secret=GEZDGNBV")
                    self.assertEqual(names, (parsed.issuer, parsed.name))

    def test_unknown_fields_are_skipped(self) -> None:
        """In the batch and in an account, whatever their wire type; those of newer apps too."""
        unknown = field(8, 2, b"unique") + field(9, 0, 5) + field(10, 1, b"8 bytes.") + field(11, 5, b"four")
        unknown += field(2**29 - 1, 3, KEY + field(1, 3, b"") + field(1, 4, b"")) + field(2**29 - 1, 4, b"")
        data = unknown + field(1, 2, unknown + KEY + unknown) + field(3, 0, 2) + unknown
        self.assertEqual(Batch((Account("", TOTP(SECRET)),), 0, 2, 0), parse(link(data)))

    def test_a_known_field_of_another_wire_type_is_unknown(self) -> None:
        """It is skipped, and what stands in a group is not looked at."""
        wrong = field(1, 0, 1) + field(2, 5, b"four") + field(3, 1, b"8 bytes.") + field(3, 0, 1)
        wrong += field(4, 2, b"2") + field(5, 5, b"\2\0\0\0") + field(6, 2, b"") + field(6, 1, b"8 bytes.")
        wrong += field(7, 3, field(6, 0, 1)) + field(7, 4, b"")
        header = (
            field(1, 0, 1) + field(2, 2, b"9") + field(3, 5, b"four") + field(4, 2, b"9") + field(5, 3, b"")
        )
        data = header + field(5, 4, b"") + field(1, 2, wrong + KEY + wrong)
        self.assertEqual(Batch((Account("", TOTP(SECRET)),), 0, 1, 0), parse(link(data)))

    def test_the_last_of_several_wins(self) -> None:
        """Fields may be there twice and in any order; only accounts are collected."""
        account = (
            field(2, 2, b"a") + field(6, 0, 1) + field(1, 2, b"k") + field(2, 2, b"b") + field(6, 0, 2) + KEY
        )
        data = field(4, 0, 9) + field(3, 0, 1) + field(1, 2, account) + field(5, 0, 3) + field(3, 0, 2)
        data += field(1, 2, KEY) + field(4, 0, 1) + field(5, 0, 2**64 - 4)
        batch = Batch((Account("b", TOTP(SECRET)), Account("", TOTP(SECRET))), 1, 2, -4)
        self.assertEqual(batch, parse(link(data)))

    def test_the_header_of_a_batch(self) -> None:
        """Versions 0 to 2; without a size it is an export by itself; the id is any int32."""
        account = field(1, 2, KEY)
        for header, place in (
            (b"", (0, 1, 0)),
            (field(2, 0, 0) + field(3, 0, 0) + field(4, 0, 0) + field(5, 0, 0), (0, 1, 0)),
            (field(2, 0, 1), (0, 1, 0)),
            (field(2, 0, 2) + field(3, 0, 7) + field(4, 0, 6), (6, 7, 0)),
            (field(3, 0, 2**31 - 1) + field(4, 0, 2**31 - 2), (2**31 - 2, 2**31 - 1, 0)),
            (field(5, 0, 2**31 - 1), (0, 1, 2**31 - 1)),
            (field(5, 0, 2**64 - 2**31), (0, 1, -(2**31))),
            (field(5, 0, 2**31), (0, 1, -(2**31))),  # five bytes where there should be ten
            (field(5, 0, 2**32 + 1), (0, 1, 1)),
        ):
            with self.subTest(header):
                batch = parse(link(header + account))
                self.assertEqual(place, (batch.index, batch.size, batch.id))

    def test_a_header_that_is_not_honoured_is_refused(self) -> None:
        """The error says where in the data it stands."""
        account = field(1, 2, KEY)
        start = len(account)
        for header, position, message in (
            (field(2, 0, 3), start, "the version of the export must be 1 or 2"),
            (field(2, 0, 2**64 - 1), start, "the version of the export must be 1 or 2"),
            (field(3, 0, 2**64 - 1), start, "the number of batches must not be negative"),
            (field(3, 0, 2**31), start, "the number of batches must not be negative"),
            (field(3, 0, 2) + field(4, 0, 2), start + 2, "the index of the batch must be from 0"),
            (field(3, 0, 2) + field(4, 0, 2**64 - 1), start + 2, "the index of the batch must be from 0"),
            (field(4, 0, 1), start, "the index of the batch must be from 0"),
            (b"\x1a", start + 1, "a number must have an end"),
            (b"\x0c", start, "the end of a group must follow its beginning"),
            (field(1, 2, b"")[:1] + b"\x05", start, "a field must end within its message"),
        ):
            with self.subTest(message, header=header):
                with self.assertRaisesRegex(MigrationError, f"^byte {position + 1}: .*{message}") as caught:
                    parse(link(account + header))
                self.assertEqual(position, caught.exception.position)

    def test_an_export_without_accounts_is_refused(self) -> None:
        """What says nothing is no export."""
        for data in (field(2, 0, 1), field(1, 0, 1), field(9, 2, field(1, 2, KEY))):
            with self.subTest(data), self.assertRaisesRegex(MigrationError, "^an export must have accounts$"):
                parse(link(data))

    def test_what_is_wrong_with_an_account_says_which_and_where(self) -> None:
        """Nothing is clamped or guessed, and no other account is held back."""
        first = field(1, 2, KEY)
        start = len(first) + 2  # the first byte of the second account
        after = start + len(KEY)
        for data, position, message in (
            (b"", start, "there must be a secret"),
            (field(2, 2, b"alice"), start, "there must be a secret"),
            (field(1, 0, 5), start, "there must be a secret"),
            (field(1, 2, b""), start + 2, "there must be a secret"),
            (KEY + field(1, 2, b""), after + 2, "there must be a secret"),
            (KEY + field(2, 2, b"ab\xffc"), after + 4, "a text must be UTF-8"),
            (KEY + field(3, 2, b"\xc3"), after + 2, "a text must be UTF-8"),
            (KEY + field(2, 2, b"\xed\xa0\x80"), after + 2, "a text must be UTF-8"),
            (KEY + field(2, 2, b"\xff") + field(2, 2, b"a"), after + 2, "a text must be UTF-8"),
            (KEY + field(2, 2, b"a\nb"), None, "name must not have a tab, a line break"),
            (KEY + field(2, 2, b"a\0:b"), None, "issuer must not have a tab, a line break"),
            (KEY + field(3, 2, "\u2028".encode()), None, "issuer must not have a tab, a line break"),
            (KEY + field(4, 0, 4), None, "MD5 is refused: its 16 bytes are too short"),
            (KEY + field(4, 0, 5), after, "the field algorithm must have a number from 0 to 4"),
            (KEY + field(4, 0, 2**64 - 1), after, "the field algorithm must have a number from 0 to 4"),
            (KEY + field(5, 0, 3), after, "the field digits must have a number from 0 to 2"),
            (KEY + field(5, 0, 6), after, "the field digits must have a number from 0 to 2"),
            (KEY + field(6, 0, 3), after, "the field type must have a number from 0 to 2"),
            (KEY + field(6, 0, 1) + field(7, 0, 2**63), after + 2, "the counter must not be negative"),
            (KEY + b"\x12\x05a", after, "a field must end within its message"),
            (KEY + b"\x12", after + 1, "a number must have an end"),
            (KEY + b"\x0b", after + 1, "a group must have an end"),
        ):
            with self.subTest(message, data=data):
                batch = parse(link(first + field(1, 2, data) + first))
                self.assertEqual((Account("", TOTP(SECRET)),) * 2, batch.accounts)
                (refused,) = batch.refused
                self.assertEqual(1, refused.position)
                place = "" if position is None else f"byte {position + 1}: "
                self.assertRegex(refused.reason, f"^{place}{message}")

    def test_f46_one_bad_account_keeps_no_other_back(self) -> None:
        """F46: one and three are read, and the second is named with the reason."""
        batch = parse(
            f"{HEAD}CiQKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgNvbmUaAUEgASgBMAIKJAoUMTIzNDU2Nzg5MDEyMzQ1Njc4OTASA3R3bxoBQS"
            "AEKAEwAgomChQxMjM0NTY3ODkwMTIzNDU2Nzg5MBIFdGhyZWUaAUEgASgBMAIQARgBIAAoBw%3D%3D"
        )
        self.assertEqual(["one", "three"], [account.name for account in batch.accounts])
        reason = "MD5 is refused: its 16 bytes are too short for dynamic truncation"
        self.assertEqual((Refused(1, reason, "A", "two"),), batch.refused)

    def test_f46_any_mixture(self) -> None:
        """F46: whatever is wrong with however many, the others come out in order, also when none is left."""
        faults = (
            *(
                field(4, 0, 4),
                field(4, 0, 9),
                field(5, 0, 3),
                field(6, 0, 7),
                b"\x12\x05a",
                b"\x0b",
                b"\x00\x00",
            ),
            *(
                field(2, 2, b"\xff"),
                field(2, 2, b"\n"),
                field(6, 0, 1) + field(7, 0, 2**63),
                field(1, 2, b""),
            ),
        )
        source = random.Random(46)
        for _ in range(500):
            bad = [source.random() < 0.5 for _ in range(source.randint(1, 8))]
            data = b"".join(
                field(1, 2, KEY + field(3, 2, b"A") + (source.choice(faults) if each else b""))
                for each in bad
            )
            batch = parse(link(data))
            with self.subTest(bad=bad):
                self.assertEqual((Account("", TOTP(SECRET), issuer="A"),) * bad.count(False), batch.accounts)
                positions = [i for i, each in enumerate(bad) if each]
                self.assertEqual(positions, [each.position for each in batch.refused])
                self.assertTrue(all(each.reason for each in batch.refused))

    def test_f46_what_can_be_read_of_the_names_is_given(self) -> None:
        """F46: so that people know which account it is; what cannot be shown is left out."""
        for fields, issuer, name in (
            (field(2, 2, b"Acme: alice"), "Acme", "alice"),
            (field(3, 2, b"Acme") + field(2, 2, b"alice\n"), "Acme", ""),
            (field(3, 2, b"Acme\n") + field(2, 2, b"alice"), None, "alice"),
            (field(3, 2, b"Acme") + field(2, 2, b"\xff"), "Acme", ""),
            (b"", None, ""),
        ):
            with self.subTest(fields):
                (refused,) = parse(link(field(1, 2, KEY + fields + field(4, 0, 4)))).refused
                self.assertEqual((issuer, name), (refused.issuer, refused.name))

    def test_f42_an_issuer_with_a_colon_has_a_link(self) -> None:
        """F42: host and port; the link reads back the same."""
        (account,) = parse(
            f"{HEAD}CkIKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEhQxMjcuMC4wLjE6ODAwMDogcm9vdBoOMTI3LjAuMC4xOjgwMDAgASgBMAIQAR"
            "gBIAAoBw%3D%3D"
        ).accounts
        self.assertEqual(Account("root", TOTP(SECRET), issuer="127.0.0.1:8000"), account)
        self.assertEqual(account, uri.parse(uri.build(account)))

    def test_a_long_export_is_read_in_linear_time(self) -> None:
        """A file may have a megabyte of accounts, or of what is refused; none is lost."""
        account = field(1, 2, KEY + field(2, 2, b"x" * 50))
        for one, accounts, refused in ((account, 9_000, 0), (field(1, 2, b""), 0, 300_000)):
            text = link(one * (accounts + refused))
            self.assertLess(len(text), MAX_LENGTH)
            batch = parse(text)
            self.assertEqual((accounts, refused), (len(batch.accounts), len(batch.refused)))


class Writing(unittest.TestCase):
    def test_what_the_app_writes_is_written(self) -> None:
        """The same accounts with the same id are the same link, byte for byte."""
        same = [export for export in EXPORTS if "built" in export]
        self.assertEqual(5, len(same))
        for export in same:
            with self.subTest(export["note"]):
                self.assertEqual((export["link"],), build(expected(export).accounts, id=export["id"]))

    def test_a_name_stands_alone_if_it_can(self) -> None:
        """The issuer is before it only where a reader would take off what belongs to the name."""
        for name, written in (
            ("alice", b"alice"),
            ("Other:alice", b"Other:alice"),
            ("not Acme:alice", b"not Acme:alice"),
            ("Acme:alice", b"Acme:Acme:alice"),
        ):
            with self.subTest(name):
                account = Account(name, TOTP(SECRET), issuer="Acme")
                (text,) = build([account])
                data = base64.b64decode(unquote(text.removeprefix(HEAD)))
                self.assertIn(KEY + field(2, 2, written) + field(3, 2, b"Acme"), data)
                self.assertEqual((account,), parse(text).accounts)

    def test_what_is_written_is_read(self) -> None:
        """Random accounts come back in order, whatever the order of their batches, and so do the links."""
        for i in range(200):
            with self.subTest(i):
                migration.there_and_back(random.Random(f"45 {i}"), False)

    def test_a_batch_stays_small(self) -> None:
        """Ten accounts at most, as in the app, and 640 bytes; the order stays."""
        for size, counts in ((1, [1]), (10, [10]), (11, [10, 1]), (30, [10, 10, 10])):
            accounts = [Account(f"user {i}", TOTP(SECRET), issuer="Acme") for i in range(size)]
            batches = [parse(text) for text in build(accounts)]
            with self.subTest(size):
                self.assertEqual(counts, [len(batch.accounts) for batch in batches])
                self.assertEqual(list(range(len(counts))), [batch.index for batch in batches])
                self.assertEqual(
                    {(len(counts), batches[0].id)}, {(batch.size, batch.id) for batch in batches}
                )
                self.assertEqual(tuple(accounts), sum((batch.accounts for batch in batches), ()))
        # With these an account fills 34 bytes more than its name.
        for sizes, count in (((286, 286), 1), ((286, 287), 2), ((285, 287), 1)):
            with self.subTest(sizes):
                accounts = [Account("x" * size, TOTP(SECRET)) for size in sizes]
                self.assertEqual(count, len(build(accounts)))
        batches = [parse(text) for text in build([ALICE, Account("x" * 1000, TOTP(SECRET)), BOB, ALICE])]
        self.assertEqual([1, 1, 2], [len(batch.accounts) for batch in batches])

    def test_ten_usual_accounts_are_easily_scanned(self) -> None:
        """They fill one QR code of version 25 at level M at most."""
        source = random.Random(25)
        accounts = [
            Account(f"somebody.{i}@example.com", TOTP(Secret(source.randbytes(20))), issuer="Example")
            for i in range(MAX_ACCOUNTS)
        ]
        (text,) = build(accounts)
        self.assertLessEqual(QRCode(text, mask=0).version, 25)

    def test_a_link_fits_a_qr_code(self) -> None:
        """What is longer than the largest QR code holds is refused, and the error says which."""
        sizes = {}
        for size in range(2100, 2200):
            account = Account("x" * size, TOTP(SECRET))
            try:
                (sizes[size],) = build([account], id=1)
            except MigrationError as error:
                self.assertEqual("account 1: its link would be longer than a QR code holds", str(error))
                self.assertIsNone(error.position)
                break
        text = sizes[max(sizes)]
        self.assertIn(len(text), range(MAX_LINK - 8, MAX_LINK + 1))
        self.assertEqual(40, QRCode(text, level="L", mask=0).version)
        with self.assertRaisesRegex(MigrationError, "^account 13: its link"):
            build([*[ALICE] * 12, Account("x" * 2200, TOTP(SECRET)), BOB])

    def test_the_worst_batch_fits_a_qr_code(self) -> None:
        """Even if every byte of the accounts is written as a slash, which fills three characters."""
        accounts = [Account("", TOTP(Secret(b"\xff" * size))) for size in (306, 306)]
        (text,) = build(accounts, id=-1)
        self.assertGreater(len(text), 2500)
        self.assertLessEqual(len(text), MAX_LINK)

    def test_what_an_export_cannot_say_is_refused(self) -> None:
        """The error says which account, and why."""
        for account, reason in (
            (Account("a", TOTP(SECRET, period=60)), "a period other than 30 seconds"),
            (Account("a", TOTP(SECRET, t0=1)), "a t0 other than 0"),
            (Account("a", TOTP(SECRET, digits=7)), "digits other than 6 and 8"),
            (Account("a", HOTP(SECRET, digits=10)), "digits other than 6 and 8"),
            (Account("a", TOTP(SECRET, algorithm="SHA3_256")), "an algorithm other than SHA1, SHA256 and"),
            (
                Account("a", HOTP(SECRET, algorithm=Algorithm.SHA3_512)),
                "an algorithm other than SHA1, SHA256 and",
            ),
            (Account("a", HOTP(SECRET), counter=2**63), "a counter over 2\\^63-1"),
            (Account("a", TOTP(SECRET), extra=[("image", "")]), "unknown parameters"),
            (Account("a:b", TOTP(SECRET)), "a colon in the name without an issuer"),
            (Account(" a", TOTP(SECRET)), "a space at the beginning of the name"),
            (Account(" a", TOTP(SECRET), issuer=" a"), "a space at the beginning of the name"),
        ):
            with self.subTest(reason):
                with self.assertRaisesRegex(
                    MigrationError, f"^account 2: an export cannot represent {reason}"
                ) as caught:
                    build([ALICE, account, BOB])
                self.assertIsNone(caught.exception.position)
                self.assertEqual(1, caught.exception.account)

    def test_nothing_is_no_export(self) -> None:
        """An export has accounts."""
        with self.assertRaisesRegex(MigrationError, "^there must be at least one account$"):
            build([])

    def test_the_id_is_random_or_given(self) -> None:
        """It is an int32, negative in half of all exports."""
        with mock.patch("os.urandom", return_value=b"\xff\xff\xff\xfe") as urandom:
            self.assertEqual(-2, parse(build([ALICE])[0]).id)
        urandom.assert_called_once_with(4)
        for number in (0, -1, 2**31 - 1, -(2**31)):
            with self.subTest(number):
                self.assertEqual(number, parse(build([ALICE], id=number)[0]).id)

    def test_arguments_are_checked(self) -> None:
        """A mistake of the programmer is no MigrationError."""
        calls: list[tuple[type[Exception], Callable[[], object]]] = [
            (ValueError, lambda: build([ALICE], id=2**31)),
            (ValueError, lambda: build([ALICE], id=-(2**31) - 1)),
            (TypeError, lambda: build([ALICE], id=1.0)),  # type: ignore[arg-type]  # the wrong type is what is tested
            (TypeError, lambda: build([SECRET])),  # type: ignore[list-item]  # the same
            (TypeError, lambda: build(ALICE)),  # type: ignore[arg-type]  # the same
            (TypeError, lambda: join("ab")),  # type: ignore[arg-type]  # the same
            (TypeError, lambda: join([ALICE])),  # type: ignore[list-item]  # the same
        ]
        for i, (error, call) in enumerate(calls):
            with self.subTest(i):
                with self.assertRaises(error) as caught:
                    call()
                self.assertNotIsInstance(caught.exception, OnetimeError)


class Silence(unittest.TestCase):
    """What was read or is to be written is a secret: no error shows it, nor a frame of the library."""

    def assert_silent(self, key: bytes, call: Callable[[], object]) -> None:
        """Find no piece of a key, in any form, in what the error of a call shows."""
        try:
            call()
        except (OnetimeError, TypeError, ValueError) as error:
            text = shown(error).lower()
        else:
            self.fail("nothing was raised")
        self.assertIn("in onetime: forgetting", text)
        forms = [key.decode(), key.hex(), base64.b32encode(key).decode(), str(list(key))]
        forms += [base64.b64encode(bytes(i) + key).decode()[4:] for i in range(3)]
        for form in forms:
            for i in range(len(form) - 7):
                self.assertNotIn(form[i : i + 8].lower(), text)

    def test_errors_of_reading(self) -> None:
        """Wherever the fault is, before, in or after the secret."""
        key = b"a very secret key!!!"
        account = field(1, 2, key)
        good = link(field(1, 2, account))
        for text in (
            key.decode(),
            good.replace("offline", "online"),
            good + "%",
            good + "!",
            good + "&data=",
            good + "=" * MAX_LENGTH,
            good.replace("data", "dat"),
            good[:-9],
            link(field(1, 2, account)[:-3]),
            link(field(1, 2, account) + field(2, 0, int.from_bytes(key[:4], "big"))),
        ):
            with self.subTest(text):
                self.assert_silent(key, partial(parse, text))
        self.assert_silent(key, lambda: parse(good.encode()))  # type: ignore[arg-type]  # the wrong type is tested

    def test_reasons_of_refused_accounts(self) -> None:
        """Nor does the reason why an account cannot be read."""
        key = b"a very secret key!!!"
        account = field(1, 2, key)
        for data in (
            account[2:],
            field(2, 2, key + b"\n"),
            account + field(2, 2, b"\xff"),
            account + field(2, 2, b"\n"),
            account + field(2, 2, key + b"\xff"),
            account + field(4, 0, 4),
            account + field(5, 0, int.from_bytes(key[:8], "big")),
            field(1, 2, b"")[:1] + b"\x65" + key,
        ):
            with self.subTest(data):
                (refused,) = parse(link(field(1, 2, data))).refused
                for i in range(len(key) - 7):
                    self.assertNotIn(key[i : i + 8].decode(), refused.reason)

    def test_errors_of_joining_and_writing(self) -> None:
        """Nor does what cannot be joined or written show anything."""
        key = b"a very secret key!!!"
        text = key.decode()
        batch = Batch((Account("a", TOTP(Secret(key))),), 1, 2, 3)
        self.assert_silent(key, lambda: join([batch]))
        self.assert_silent(key, lambda: join([text]))  # type: ignore[list-item]  # the wrong type is tested
        self.assert_silent(key, lambda: build([text]))  # type: ignore[list-item]  # the same
        self.assert_silent(key, lambda: build(batch.accounts, id=text))  # type: ignore[arg-type]  # the same
        self.assert_silent(key, lambda: build([Account("a", TOTP(Secret(key), digits=7))]))
        self.assert_silent(key, lambda: build([Account("a" * 3000, TOTP(Secret(key)))]))


class Broken(unittest.TestCase):
    def test_only_the_documented_error_comes_out(self) -> None:
        """5,000 broken exports are read, or are a silent MigrationError; `tests.soak migration` does more."""
        errors = 0
        for i in range(5000):
            with self.subTest(i):
                errors += migration.read_broken(random.Random(f"44 {i}"), i % 100 == 0)[0]
        self.assertIn(errors, range(2000, 4500))
