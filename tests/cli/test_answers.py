"""What is answered: one JSON vocabulary for all commands, and nothing that a terminal obeys."""

import json
import re
import tempfile
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from onetime import TOTP, Account, Secret
from onetime.cli import COMMANDS, answers
from onetime.errors import OnetimeError
from onetime.provisioning import migration, uri
from tests.cli.test_front import options
from tests.support import RFC_KEY
from tests.support.session import BASE32, HOTP_LINK, TOTP_LINK, Screen, run

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"
TABLE = "\n".join(line for line in (answers.__doc__ or "").splitlines() if line.startswith("|"))

OTHER = "otpauth://hotp/bob?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&counter=0"
EXPORT = migration.build(
    [Account(name, TOTP(Secret(RFC_KEY)), issuer="Acme") for name in ("alice", "", "bob")]
)[0]

BIDI = "a\u202eb"

SESSIONS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("new", ("alice",), ""),
    ("code", ("--at", "59"), TOTP_LINK),
    ("code", ("--count", "2"), HOTP_LINK),
    ("code", ("--hotp",), BASE32),
    ("uri", (), f"{TOTP_LINK}&x=y"),
    ("uri", (), HOTP_LINK),
    ("uri", ("--name", "alice"), BASE32),
    ("explain", ("--at", "59"), TOTP_LINK),
    ("explain", (), HOTP_LINK),
    ("migrate", (), TOTP_LINK),
    ("migrate", (), EXPORT),
    ("diagnose", ("287082@59",), TOTP_LINK),
    ("diagnose", ("338314",), HOTP_LINK),
    ("enroll", ("--user", "alice", "287082"), HOTP_LINK),
    ("enroll", ("--user", "alice", "287082"), HOTP_LINK),
    ("enroll", ("--user", "bob"), TOTP_LINK),
    ("verify", ("--user", "alice", "287082"), HOTP_LINK),
    ("verify", ("--user", "alice", "359152"), HOTP_LINK),
    ("verify", ("--user", "bob", "000000"), TOTP_LINK),
    ("verify", ("--user", "carol", "000000"), TOTP_LINK),
    ("users", (), ""),
    *(("verify", ("--user", "alice", "000000"), HOTP_LINK),) * 6,
    ("users", (), ""),
    ("unlock", ("--user", "alice"), ""),
    ("users", ("--user", "carol"), ""),
    ("unlock", ("--user", "carol"), ""),
    ("forget", ("--user", "alice", "--device", "default"), ""),
    ("forget", ("--user", "carol"), ""),
)
"""Commands, arguments and standard input; those that take a store share one."""


def documented() -> set[str]:
    """Return the names in the first column of the table."""
    return {name for line in TABLE.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}


def answered() -> Iterator[tuple[str, dict[str, object]]]:
    """Run all sessions, and return every object of their answers, inner ones too, with the command."""
    with tempfile.TemporaryDirectory() as folder:
        for command, arguments, stdin in SESSIONS:
            store = any(action.dest == "store" for action in options(command))
            where = ("--store", str(Path(folder, "otp.db"))) if store else ()
            session = run(command, *where, *arguments, "--json", stdin=stdin)
            lines = session.out.splitlines()
            assert session.status in (0, 1), session
            assert lines, (command, session)
            for line in lines:
                for each in objects(json.loads(line)):
                    yield command, each


def objects(value: object) -> Iterator[dict[str, object]]:
    """Return every object in a value of JSON."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from objects(each)
    if isinstance(value, list):
        for each in value:
            yield from objects(each)


def is_int(value: object) -> bool:
    return type(value) is int


def is_text(value: object) -> bool:
    return isinstance(value, str)


def optional(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or check(value)


def pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(is_int, value))


def several(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(check, value))


def is_object(value: object) -> bool:
    return isinstance(value, dict)


def is_hex(value: object) -> bool:
    return isinstance(value, str) and bool(bytes.fromhex(value))


REASONS = {each.reason for root in OnetimeError.__subclasses__() for each in (root, *root.__subclasses__())}

VALUES: dict[str, Callable[[object], bool]] = {
    "kind": lambda value: value in ("hotp", "totp"),
    "secret": lambda value: isinstance(value, str) and bool(Secret.from_base32(value)),
    "uri": lambda value: isinstance(value, str) and value.startswith("otpauth"),
    "uris": several(lambda value: isinstance(value, str) and value.startswith("otpauth")),
    "code": lambda value: isinstance(value, str) and value.isdigit(),
    "extra": several(lambda value: isinstance(value, list) and len(value) == 2),
    "moving_factors": several(is_int),
    "span": optional(pair),
    "clock": optional(pair),
    "reason": lambda value: value in REASONS,
    "chance": lambda value: isinstance(value, float),
    **dict.fromkeys(("name", "algorithm", "user", "device", "error", "reading", "advice"), is_text),
    **dict.fromkeys(("issuer",), optional(is_text)),
    **dict.fromkeys(("digits", "moving_factor", "watermark", "drift", "offset", "failures"), is_int),
    **dict.fromkeys(("failures_before", "position", "tried", "snum", "d"), is_int),
    **dict.fromkeys(("period", "t0", "counter", "retry_at", "ahead"), optional(is_int)),
    **dict.fromkeys(
        ("enrolled", "accepted", "unlocked", "forgotten", "disabled", "found"),
        lambda value: isinstance(value, bool),
    ),
    **dict.fromkeys(("left_out", "mistakes", "not_tried"), several(is_text)),
    **dict.fromkeys(("devices", "refused", "findings"), several(is_object)),
    **dict.fromkeys(("padded_key", "inner_pad", "outer_pad", "message", "inner_hash", "hs", "p"), is_hex),
}
"""What the value of each name is, in all commands."""


class Vocabulary(unittest.TestCase):
    def test_every_command_has_the_same_words(self) -> None:
        """F91: the names that are answered are those that are documented, and each means one thing."""
        seen = set()
        for command, values in answered():
            for name, value in values.items():
                with self.subTest(command, name=name):
                    self.assertIn(name, VALUES)
                    self.assertTrue(VALUES[name](value), value)
                    seen.add(name)
        self.assertEqual(documented(), seen)
        self.assertEqual(documented(), VALUES.keys())

    def test_every_command_with_json_is_held(self) -> None:
        """F91: a new command cannot bring words of its own."""
        with_json = {command for command in COMMANDS if any(each.dest == "json" for each in options(command))}
        self.assertEqual(with_json, {command for command, _, _ in SESSIONS})
        self.assertEqual({"qr", "demo", "playground"}, set(COMMANDS) - with_json)

    def test_the_readme_has_the_table(self) -> None:
        """F91: what is written in the code stands in CONTRIBUTING.md, word for word."""
        self.assertGreater(TABLE.count("\n"), 20)
        self.assertTrue(f"\n{TABLE}\n" in CONTRIBUTING.read_text(encoding="utf-8"))


class Escapes(unittest.TestCase):
    NAME = "a\u202eb\u2066c\u200b\x85\U000e0041d"
    """Text that is read in another order than it is written, and characters that are not seen."""

    SHOWN = r"a\u202eb\u2066c\u200b\x85\U000e0041d"

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = ("--store", str(Path(folder.name, "otp.db")))

    def shown(self, *arguments: str, stdin: str = "") -> str:
        """Run a command on a terminal, and return all that is shown."""
        screen = Screen()
        with mock.patch("tests.support.session.io.StringIO", Screen):
            session = run(*arguments, stdin=stdin, stdout=screen)
        return screen.getvalue() + session.err

    def test_what_a_terminal_obeys_is_escaped(self) -> None:
        """F85: by every command that shows a name, on standard output and on standard error."""
        name = self.NAME.replace("\x85", "")
        shown = self.SHOWN.replace("\\x85", "")
        link = f"otpauth://totp/{uri.quote(name)}?secret={BASE32}&{uri.quote(name)}={uri.quote(name)}"
        export = migration.build([Account("\u202e\u2066", TOTP(Secret(RFC_KEY)))])[0]
        run("enroll", *self.store, "--user", self.NAME, "--hotp", stdin=BASE32)
        for arguments, stdin, expected in (
            (("uri",), link, f"name: {shown}\n"),
            (("uri",), link, f"extra {shown}: {shown}\n"),
            (("code",), f"{link}\n{link}", f"  {shown}\n"),
            (("migrate",), export, r"account 1 (\u202e\u2066): "),
            (("users", *self.store), "", f"{self.SHOWN}: default (HOTP)\n"),
        ):
            with self.subTest(arguments):
                screen = self.shown(*arguments, stdin=stdin)
                self.assertIn(expected, screen)
                self.assertTrue(screen.replace("\n", "").isprintable())

    def test_a_pipe_gets_what_it_is(self) -> None:
        """F85: a program reads the name as it is written."""
        link = f"otpauth://totp/{uri.quote(BIDI)}?secret={BASE32}"
        self.assertIn("name: a\u202eb\n", run("uri", stdin=link).out)

    def test_letters_of_every_script_are_shown(self) -> None:
        """F85: names are not escaped because they are not ASCII."""
        for name in ("élodie", "山田 太郎", "שרה", "مريم", "नेहा"):
            with self.subTest(name):
                link = f"otpauth://totp/{uri.quote(name)}?secret={BASE32}"
                self.assertIn(f"name: {name}\n", self.shown("uri", stdin=link))

    def test_an_answer_is_written_as_it_is(self) -> None:
        """JSON is ASCII, on a terminal too."""
        link = f"otpauth://totp/{uri.quote(BIDI)}?secret={BASE32}"
        self.assertEqual("a\u202eb", json.loads(self.shown("uri", "--json", stdin=link))["name"])


class Words(unittest.TestCase):
    def test_lines_are_broken_between_words(self) -> None:
        """What a person reads fits a narrow terminal; a link is never broken."""
        with (
            mock.patch("onetime.cli.terminal.size", return_value=(40, 20)),
            mock.patch("tests.support.session.io.StringIO", Screen),
        ):
            told = run("code", TOTP_LINK, "--at", "59").err
            screen = Screen()
            run("uri", "--name", "alice", stdin=BASE32, stdout=screen)
        self.assertEqual(f"otpauth://totp/alice?secret={BASE32}\n", screen.getvalue())
        self.assertLessEqual(max(map(len, told.splitlines())), 40)
        self.assertGreater(told.count("\n"), 2)
