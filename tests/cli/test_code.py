"""`onetime code`, and how every command takes a link or a secret."""

import base64
import getpass
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from onetime import HOTP, TOTP, Secret
from onetime.cli.code import watch
from onetime.cli.sources import MAX_INPUT
from tests.support import RFC_KEY, cpython
from tests.support.session import (
    BASE32,
    HOTP_LINK,
    PATIENCE,
    TOTP_LINK,
    Screen,
    Session,
    Terminal,
    environment,
    process,
    run,
)

AT_59 = Session(0, "287082\n", "")
TOTP_59 = TOTP(Secret(RFC_KEY))


def refused(message: str) -> Session:
    return Session(2, "", f"onetime: {message}\n")


class Sources(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, data: bytes) -> str:
        path = self.folder / "secret"
        path.write_bytes(data)
        return str(path)

    def test_standard_input_or_a_file(self) -> None:
        """A link or a secret is read from either, and the code is all that is said."""
        grouped = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
        for text in (BASE32, BASE32.lower(), grouped, TOTP_LINK, TOTP_LINK.upper()):
            with self.subTest(text):
                self.assertEqual(AT_59, run("code", "--at", "59", stdin=text))
                self.assertEqual(AT_59, run("code", "--at", "59", "--secret", "-", stdin=text))
                self.assertEqual(AT_59, run("code", "--at", "59", "--secret", self.file(text.encode())))

    def test_white_space_and_a_byte_order_mark_are_not_part_of_it(self) -> None:
        """An editor, echo or a clipboard put them there, before and after, in a file and in a pipe."""
        for text in (BASE32, TOTP_LINK, RFC_KEY.hex()):
            form = ("--format", "hex") if text == RFC_KEY.hex() else ()
            for before, after in (
                ("", "\n"),
                ("", "\r\n"),
                ("", "\n\n"),
                (" \t", "\r"),
                ("\n", "\N{NO-BREAK SPACE}"),
                ("\ufeff", "\r\n"),
                ("\n\ufeff ", ""),
            ):
                given = before + text + after
                with self.subTest(given):
                    self.assertEqual(AT_59, run("code", "--at", "59", *form, stdin=given))
                    name = self.file(given.encode())
                    self.assertEqual(AT_59, run("code", "--at", "59", *form, "--secret", name))

    def test_a_text_keeps_all_but_one_newline(self) -> None:
        """In --format text every character counts, so a second newline is the secret's own."""
        expected = TOTP(Secret(b"two lines\n")).at(59)
        for mark in ("", "\ufeff"):
            session = run("code", "--at", "59", "--format", "text", stdin=f"{mark}two lines\n\n")
            self.assertEqual(Session(0, f"{expected}\n", ""), session)

    def test_every_form_of_a_secret(self) -> None:
        """The four forms name the same secret."""
        for form, text in (
            ("base32", BASE32),
            ("hex", RFC_KEY.hex()),
            ("base64", base64.b64encode(RFC_KEY).decode()),
            ("text", RFC_KEY.decode()),
        ):
            with self.subTest(form):
                self.assertEqual(AT_59, run("code", "--at", "59", "--format", form, stdin=f"{text}\n"))

    def test_a_form_makes_a_secret_of_what_looks_like_a_link(self) -> None:
        """Whoever says that what is read is text means it."""
        expected = TOTP(Secret(b"http://example.com")).at(59)
        session = run("code", "--at", "59", "--format", "text", stdin="http://example.com")
        self.assertEqual(Session(0, f"{expected}\n", ""), session)

    def test_a_link_among_the_arguments_works_and_is_told_off(self) -> None:
        """The code is the answer; that others can see the link is said besides."""
        message = (
            "onetime: other users of the machine can see a link among the arguments, and the shell stores "
            "it in its history; standard input is safer\n"
        )
        self.assertEqual(Session(0, "287082\n", message), run("code", TOTP_LINK, "--at", "59"))
        self.assertEqual(Session(0, "287082\n", message), run("code", "--at", "59", "--", TOTP_LINK.upper()))
        self.assertEqual(
            Session(
                2,
                "",
                f"{message}onetime: --format must not be given with a link, which already has this setting\n",
            ),
            run("code", "--at", "59", "--format", "text", TOTP_LINK),
        )

    def test_a_secret_among_the_arguments_is_refused(self) -> None:
        """It would work, and stay in the history of the shell."""
        message = (
            "the argument must be an otpauth:// link; give a secret on standard input, with --secret FILE, "
            "or at the prompt, because other users of the machine can see arguments"
        )
        for argument in (BASE32, "ONETIME2", "", "https://example.com"):
            with self.subTest(argument):
                self.assertEqual(refused(message), run("code", argument, stdin=BASE32))

    def test_two_sources_are_one_too_many(self) -> None:
        """A link and a file contradict each other."""
        self.assertEqual(
            refused("give either a link or a file, not both"),
            run("code", TOTP_LINK, "--secret", self.file(b"")),
        )

    def test_files_that_cannot_be_read(self) -> None:
        """The system's reason is said, without the name, which may be a secret."""
        for name in (str(self.folder), str(self.folder / BASE32), BASE32, "", "x" * 5000):
            with self.subTest(name[:60]):
                session = run("code", "--secret", name)
                self.assertEqual((2, ""), (session.status, session.out))
                self.assertRegex(session.err, r"\Aonetime: the link or secret cannot be read: [^/]+\n\Z")
                self.assertNotIn(BASE32, session.err)

    def test_a_secret_for_the_name_of_a_file_is_told_off(self) -> None:
        """What looks like a secret or a link is said to be in the wrong place; the name of a file is not."""
        hint = (
            "the link or secret cannot be read: No such file or directory; --secret takes the name of a "
            "file, and other users of the machine can see arguments: give a secret on standard input or at "
            "the prompt"
        )
        short = ("JBSWY3DP", "jbswy3dp", "JBSW Y3DP", "31:32:33", "0x313233")
        for name in (BASE32, "GEZD GNBV GY3T QOJQ", RFC_KEY.hex(), TOTP_LINK, f"{BASE32[:26]}======", *short):
            with self.subTest(name):
                self.assertEqual(refused(hint), run("code", "--secret", name))
        for name in ("link", "alice.txt", str(self.folder / "no" / "such-secret")):
            with self.subTest(name):
                message = "the link or secret cannot be read: No such file or directory"
                self.assertEqual(refused(message), run("code", "--secret", name))

    def test_hexadecimal_given_as_base32(self) -> None:
        """F71: what has hexadecimal digits only is said to be perhaps hexadecimal, refused or read."""
        hint = "if it is hexadecimal, give --format hex"
        session = run("code", stdin=RFC_KEY.hex())
        self.assertEqual(2, session.status)
        self.assertRegex(session.err, rf"\Aonetime: the character at position 2 .*; {hint}\n\Z")
        readable = "2a2b2c2d2e2f3a3b3c3d3e3f4a4b4c4d"
        session = run("code", stdin=readable)
        self.assertEqual(
            (0, f"onetime: the secret was read as base32; {hint}\n"), (session.status, session.err)
        )
        for text in (
            f"0x{RFC_KEY.hex()}",
            f" 0X{RFC_KEY.hex().upper()}\n",
            RFC_KEY.hex(":"),
            "".join(f"\\x{byte:02x}" for byte in RFC_KEY),
            ", ".join(f"0x{byte:02x}" for byte in RFC_KEY),
            "0x3132",
            "31:32",
        ):
            with self.subTest(text):
                session = run("code", stdin=text)
                self.assertEqual((2, ""), (session.status, session.out))
                self.assertTrue(session.err.endswith(f"; {hint} and only its digits\n"), session.err)
        for text in ("0x", "0xZZ", "::", "0x313", "3132"):
            with self.subTest(text):
                self.assertNotIn("hexadecimal", run("code", stdin=text).err)
        for text in (BASE32, "ABCD", "ABCDEFABCDEFABCDE"):
            with self.subTest(text):
                self.assertNotIn("hexadecimal", run("code", stdin=text).err)
        self.assertNotIn("hexadecimal", run("code", "--format", "base32", stdin=readable).err)
        self.assertNotIn("--format", run("code", stdin="31323334353637381").err)

    def test_an_export_is_no_secret(self) -> None:
        """Each command that takes one account says what to do with several."""
        export = run("migrate", stdin=TOTP_LINK).out
        store = ("--store", str(self.folder / "otp.db"), "--user", "alice", "755224")
        message = "an export holds several accounts; onetime migrate turns it into links"
        for command in (("code",), ("uri",), ("explain",), ("enroll", *store), ("diagnose", "287082@59")):
            for text in (export, f"\ufeff {export}"):
                with self.subTest(command):
                    self.assertEqual(refused(message), run(*command, stdin=text))
        self.assertEqual(refused(message), run("code", stdin=f"{TOTP_LINK}\n{export}"))
        argument = run("code", export.strip())
        self.assertEqual((2, True), (argument.status, argument.err.endswith(f"onetime: {message}\n")))

    def test_what_is_refused_as_the_system_refuses(self) -> None:
        """An error of the system is told in its words, whoever may read what."""
        error = PermissionError(13, "Permission denied", BASE32)
        with mock.patch("builtins.open", side_effect=error):
            session = run("code", "--secret", BASE32)
        self.assertEqual(refused("the link or secret cannot be read: Permission denied"), session)

    def test_what_is_no_text_is_refused(self) -> None:
        """A key as bytes has no form of text; nothing is guessed."""
        for data in (b"\xff\xfe", BASE32.encode("utf-16"), RFC_KEY + b"\x80"):
            for form in ("base32", "text"):
                with self.subTest(data, form=form):
                    expected = refused("the input must be text in UTF-8")
                    self.assertEqual(expected, run("code", "--format", form, stdin=data))
                    self.assertEqual(expected, run("code", "--format", form, "--secret", self.file(data)))

    def test_what_is_too_long_is_refused(self) -> None:
        """A mistaken file of any size costs a mebibyte."""
        self.assertEqual(1_048_576, MAX_INPUT)
        limit = refused("a link or secret must have at most 1048576 bytes")
        for size, expected in ((MAX_INPUT, 0), (MAX_INPUT + 1, 2), (3 * MAX_INPUT, 2)):
            data = b"a" * size
            for session in (
                run("code", "--format", "text", stdin=data),
                run("code", "--format", "text", "--secret", self.file(data)),
            ):
                with self.subTest(size):
                    self.assertEqual(expected, session.status)
                    if expected:
                        self.assertEqual(limit, session)

    def test_nothing_is_no_secret(self) -> None:
        """An empty file, an empty pipe or one newline is an error in every form."""
        for data in (b"", b"\n", b"\r\n"):
            for form in ((), ("--format", "hex"), ("--format", "base64"), ("--format", "text")):
                with self.subTest(data, form=form):
                    self.assertEqual(refused("the secret must not be empty"), run("code", *form, stdin=data))
                    self.assertEqual(
                        refused("the secret must not be empty"),
                        run("code", *form, "--secret", self.file(data)),
                    )


class Prompt(unittest.TestCase):
    def test_a_terminal_is_asked_without_echo(self) -> None:
        """A link or a secret; also where standard input is named."""
        for text in (BASE32, TOTP_LINK):
            for arguments in ((), ("--secret", "-")):
                with self.subTest(text, arguments=arguments):
                    with mock.patch.object(getpass, "getpass", return_value=text) as prompt:
                        session = run("code", "--at", "59", *arguments, terminal=True)
                    self.assertEqual(AT_59, session)
                    prompt.assert_called_once_with("Link or secret: ")

    def test_no_prompt_for_what_is_given(self) -> None:
        """A terminal is left alone if there is a file or a link."""
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(getpass, "getpass", None):
            path = Path(folder, "secret")
            path.write_text(BASE32, encoding="utf-8")
            self.assertEqual(AT_59, run("code", "--at", "59", "--secret", str(path), terminal=True))
            self.assertEqual("287082\n", run("code", "--at", "59", TOTP_LINK, terminal=True).out)

    def test_what_ends_a_prompt(self) -> None:
        """Ctrl-D gives nothing, Enter an empty secret, Ctrl-C the status 130; a wrong byte is no text."""
        for event, expected in (
            (EOFError(), refused("a link or secret must be given")),
            (KeyboardInterrupt(), Session(130, "", "")),
            (UnicodeDecodeError("utf-8", b"\xff", 0, 1, ""), refused("the input must be text in UTF-8")),
        ):
            with self.subTest(repr(event)), mock.patch.object(getpass, "getpass", side_effect=event):
                self.assertEqual(expected, run("code", terminal=True))
        with mock.patch.object(getpass, "getpass", return_value=""):
            self.assertEqual(refused("the secret must not be empty"), run("code", terminal=True))

    def test_on_a_real_terminal(self) -> None:
        """What is typed at the prompt is not echoed; the code is shown."""
        with Terminal("code", "--at", "59") as terminal:
            terminal.wait_for("Link or secret: ")
            terminal.type(f"{TOTP_LINK}\n")
            self.assertEqual(0, terminal.end())
        lines = [line.strip() for line in terminal.screen.splitlines()]
        self.assertEqual(["Link or secret:", "287082"], lines)


class Several(unittest.TestCase):
    def test_several_links(self) -> None:
        """F84: each link has a line, with its name."""
        eight = f"otpauth://totp/bob?secret={BASE32}&digits=8"
        nameless = f"otpauth://totp/?secret={BASE32}"
        text = f"{TOTP_LINK}\n\n {eight}\r\n{nameless}\n"
        expected = "287082  Acme:alice\n94287082  bob\n287082\n"
        self.assertEqual(Session(0, expected, ""), run("code", "--at", "59", stdin=text))
        self.assertEqual(Session(0, expected, ""), run("code", "--at", "59", stdin=f"\ufeff{text}"))
        spaced = f"{TOTP_LINK} {eight}"
        self.assertEqual("287082  Acme:alice\n94287082  bob\n", run("code", "--at", "59", stdin=spaced).out)
        mixed = run("code", stdin=f"{TOTP_LINK}\n{HOTP_LINK}")
        self.assertRegex(mixed.out, r"\A\d{6}  Acme:alice\n287082  Acme:alice\n\Z")

    def test_what_migrate_prints(self) -> None:
        """F84: an export goes into codes by way of its links."""
        links = run("migrate", stdin=run("migrate", stdin=f"{TOTP_LINK}\n{TOTP_LINK}").out).out
        self.assertEqual("287082  Acme:alice\n" * 2, run("code", "--at", "59", stdin=links).out)

    def test_one_of_several_is_wrong(self) -> None:
        """F84: which one is said, and there is no half of an answer."""
        session = run("code", stdin=f"{TOTP_LINK}\notpauth://totp/b?secret=JBSW1")
        reason = "link 2: in the secret, the character at position 5 is not base32 (A to Z, 2 to 7)"
        self.assertEqual(refused(reason), session)
        session = run("code", stdin=f"{TOTP_LINK}\n{TOTP_LINK}\n{BASE32}")
        self.assertEqual(refused("line 3 must begin with otpauth://"), session)

    def test_commands_for_one_account(self) -> None:
        """F84: they say that there are several."""
        for command in ("uri", "explain"):
            with self.subTest(command):
                session = run(command, stdin=f"{TOTP_LINK}\n{TOTP_LINK}")
                self.assertEqual(refused("give only one link"), session)

    def test_count(self) -> None:
        """The code that is asked for and the next ones, for each link."""
        table = ("755224", "287082", "359152", "969429", "338314")
        session = run("code", "--hotp", "--count", "5", stdin=BASE32)
        self.assertEqual(Session(0, "".join(f"{code}\n" for code in table), ""), session)
        session = run("code", "--at", "59", "--count", "2", stdin=f"{TOTP_LINK}\n{TOTP_LINK}")
        self.assertEqual("287082  Acme:alice\n359152  Acme:alice\n" * 2, session.out)
        last = ("--counter", "18446744073709551615", "--count", "1")
        self.assertEqual(0, run("code", *last, stdin=BASE32).status)


class Moments(unittest.TestCase):
    def test_unix_time_or_iso_8601(self) -> None:
        """The same moment in every way of writing it."""
        for text in (
            "59",
            "0000000059",
            "59.0",
            "59.999999",
            "1970-01-01T00:00:59Z",
            "1970-01-01T00:00:59.999Z",
            "1970-01-01T01:00:59+01:00",
            "1969-12-31 19:00:59-05:00",
            "19700101T000059Z",
        ):
            with self.subTest(text):
                self.assertEqual(AT_59, run("code", "--at", text, stdin=BASE32))

    def test_a_time_that_is_none_is_refused(self) -> None:
        """A naive time means something else on every machine; nothing is guessed."""
        message = (
            "argument --at: must be Unix time in seconds, or a date and time with its offset, such as "
            "2026-11-22T10:00:00Z or 2026-11-22T11:00:00+01:00"
        )
        naive = ("1970-01-01T00:00:59", "1970-01-01 00:00", "1970-01-01")
        for text in (*naive, "1970-13-01T00:00:59Z", "now", "", "-59", "59.", ".5", "59.5.1", "59.٥", "٥٩"):
            with self.subTest(text):
                self.assertEqual(refused(message), run("code", "--at", text, stdin=BASE32))
        self.assertEqual(
            refused("argument --at: must be a whole number below 2^64"),
            run("code", "--at", "18446744073709551616", stdin=BASE32),
        )

    def test_f69_milliseconds_are_refused(self) -> None:
        """F69: by each command that takes a time; nobody asks for the year 57,873."""
        message = "argument --at: must be in seconds; this may be milliseconds"
        for command in ("code", "explain"):
            for text in ("1764140000000", "1764140000000.5", "100000000001", "1764140000000000000"):
                with self.subTest(command, text=text):
                    self.assertEqual(refused(message), run(command, "--at", text, stdin=BASE32))
            self.assertEqual(0, run(command, "--at", "100000000000", stdin=BASE32).status)

    def test_a_time_before_step_0_is_refused(self) -> None:
        """There is no step then."""
        for arguments in (("--at", "999", "--t0", "1000"), ("--at", "1969-12-31T23:59:59Z")):
            with self.subTest(arguments):
                self.assertEqual(refused("the time is before t0"), run("code", *arguments, stdin=BASE32))

    def test_without_a_time_it_is_now(self) -> None:
        """The system's clock, read once."""
        with mock.patch.object(time, "time", return_value=59.9):
            self.assertEqual(AT_59, run("code", stdin=BASE32))


class Credentials(unittest.TestCase):
    def test_the_options_describe_a_secret(self) -> None:
        """Each option changes the code as RFC 6238 says."""
        for arguments, code in (
            (("--digits", "8", "--at", "59"), "94287082"),
            (("--digits", "8", "--at", "1111111109"), "07081804"),
            (("--digits", "8", "--at", "118", "--period", "60"), "94287082"),
            (("--digits", "8", "--at", "1059", "--t0", "1000"), "94287082"),
            (("--algorithm", "sha256", "--at", "59"), TOTP(Secret(RFC_KEY), algorithm="SHA256").at(59)),
        ):
            with self.subTest(arguments):
                self.assertEqual(Session(0, f"{code}\n", ""), run("code", *arguments, stdin=BASE32))

    def test_a_counter_makes_a_hotp(self) -> None:
        """A secret with a counter, a link with its own, and a link with another one."""
        for arguments, text, code in (
            (("--counter", "0"), BASE32, "755224"),
            (("--counter", "9"), BASE32, "520489"),
            (("--counter", "18446744073709551615"), BASE32, HOTP(Secret(RFC_KEY)).at(2**64 - 1)),
            (("--counter", "0", "--digits", "8"), BASE32, "84755224"),
            (("--hotp",), BASE32, "755224"),
            (("--hotp", "--counter", "9"), BASE32, "520489"),
            ((), HOTP_LINK, "287082"),
            (("--counter", "0"), HOTP_LINK, "755224"),
            (("--counter", "2"), HOTP_LINK, "359152"),
        ):
            with self.subTest(arguments, text=text):
                self.assertEqual(Session(0, f"{code}\n", ""), run("code", *arguments, stdin=text))

    def test_what_does_not_go_together_is_refused(self) -> None:
        """No option is silently dropped."""
        neither = "--period and --t0 must not be used with an HOTP (--hotp or --counter)"
        watched = "--watch must be used with one TOTP, without --at, --count and --json"
        by_counter = "--at must be used with a TOTP; an HOTP has a counter instead"
        for arguments, text, message in (
            (("--counter", "0", "--at", "59"), BASE32, by_counter),
            (("--at", "59"), HOTP_LINK, by_counter),
            (("--counter", "0", "--period", "30"), BASE32, neither),
            (("--counter", "0", "--t0", "0"), BASE32, neither),
            (("--counter", "0"), TOTP_LINK, "the link is of a TOTP, which has no counter"),
            (("--counter", "0", "--watch"), BASE32, watched),
            (("--watch",), HOTP_LINK, watched),
            (("--watch", "--at", "59"), BASE32, watched),
            (("--watch", "--json"), BASE32, watched),
            (("--watch", "--count", "2"), BASE32, watched),
            (("--watch",), f"{TOTP_LINK}\n{TOTP_LINK}", watched),
            (("--hotp", "--at", "59"), BASE32, by_counter),
            (("--hotp", "--period", "30"), BASE32, neither),
            (("--hotp",), TOTP_LINK, "--hotp must not be given with a link, which already has this setting"),
            (("--hotp",), HOTP_LINK, "--hotp must not be given with a link, which already has this setting"),
            (("--counter", "1"), f"{HOTP_LINK}\n{HOTP_LINK}", "--counter must be used with one link only"),
            (
                ("--counter", "18446744073709551615", "--count", "2"),
                BASE32,
                "the last code must be at a counter or step below 2^64",
            ),
            (("--count", "0"), BASE32, "argument --count: must be at least 1"),
            (("--count", "x"), BASE32, "argument --count: must be a whole number below 2^64"),
            (
                ("--digits", "6"),
                TOTP_LINK,
                "--digits must not be given with a link, which already has this setting",
            ),
            (
                ("--algorithm", "SHA1"),
                TOTP_LINK,
                "--algorithm must not be given with a link, which already has this setting",
            ),
            (
                ("--period", "30"),
                TOTP_LINK,
                "--period must not be given with a link, which already has this setting",
            ),
            (("--t0", "0"), TOTP_LINK, "--t0 must not be given with a link, which already has this setting"),
            (
                ("--digits", "6"),
                HOTP_LINK,
                "--digits must not be given with a link, which already has this setting",
            ),
        ):
            with self.subTest(arguments, text=text):
                self.assertEqual(refused(message), run("code", *arguments, stdin=text))

    def test_what_is_out_of_range_is_refused(self) -> None:
        """The limits are the credential's own."""
        for arguments in (("--digits", "5"), ("--digits", "11"), ("--period", "0")):
            with self.subTest(arguments):
                session = run("code", *arguments, stdin=BASE32)
                self.assertEqual((2, ""), (session.status, session.out))
                self.assertRegex(session.err, rf"\Aonetime: {arguments[0].removeprefix('--')} .+\n\Z")

    def test_json(self) -> None:
        """F91: a program gets the code as text, and what it is the code of; a line for each code."""
        bare = {"issuer": None, "name": ""}
        acme = {"issuer": "Acme", "name": "alice"}
        totp = {"kind": "totp", "code": "287082", "moving_factor": 1, "span": [30, 60]}
        hotp = {"kind": "hotp", "moving_factor": 1, "span": None}
        for arguments, text, expected in (
            (("--at", "59"), BASE32, [{**totp, **bare}]),
            (("--at", "59"), TOTP_LINK, [{**totp, **acme}]),
            (("--counter", "1"), BASE32, [{**hotp, "code": "287082", **bare}]),
            (
                ("--count", "2"),
                HOTP_LINK,
                [
                    {**hotp, "code": "287082", **acme},
                    {**hotp, "code": "359152", "moving_factor": 2, **acme},
                ],
            ),
        ):
            with self.subTest(arguments):
                session = run("code", "--json", *arguments, stdin=text)
                self.assertEqual((0, ""), (session.status, session.err))
                self.assertEqual(expected, [json.loads(line) for line in session.out.splitlines()])

    def test_it_starts_fast(self) -> None:
        """Beyond what argparse itself loads, a code needs no module that only other answers need."""
        cpython("its standard library imports other modules")
        heavy: tuple[str, ...] = (
            "json",
            "dataclasses",
            "datetime",
            "urllib",
            "getpass",
            "pathlib",
            "typing",
            "shutil",
            "zlib",
        )
        heavy += ("textwrap", "difflib", "math", "warnings", "base64", "secrets", "sqlite3", "tempfile")
        ours = {"cli", "cli.answers", "cli.arguments", "cli.code", "cli.messages", "cli.sources"}
        ours |= {
            "cli.terminal",
            "provisioning",
            "provisioning.account",
            "provisioning.names",
            "provisioning.parameters",
        }
        ours |= {"provisioning.uri"}
        # On Python 3.14, argparse loads dataclasses to color its help.
        code = (
            "import argparse, sys, onetime; formatter = lambda prog: argparse.HelpFormatter(prog, width=78); "
            "parser = argparse.ArgumentParser(formatter_class=formatter); parser.add_argument('--at'); "
            "parser.parse_args([]); old = set(sys.modules); "
            "from onetime.cli import execute; execute(sys.argv[1:]); "
            f"new = set(sys.modules) - old; print([name for name in {heavy} if name in new]); "
            "print(*sorted(name[8:] for name in new if name[:8] == 'onetime.'))"
        )
        for text in (BASE32, TOTP_LINK):
            done = subprocess.run(
                [sys.executable, "-S", "-c", code, "code", "--at", "59"],
                input=text,
                capture_output=True,
                text=True,
                env=environment(),
                timeout=PATIENCE,
                check=True,
            )
            self.assertEqual(f"287082\n[]\n{' '.join(sorted(ours))}\n", done.stdout)


class Clock:
    """A clock that only sleeping moves, until Ctrl-C is pressed at a time."""

    def __init__(self, start: float, end: float, *, pace: float = 1) -> None:
        self.now = start
        self.end = end
        self.pace = pace
        self.naps: list[float] = []

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds * self.pace
        if self.now >= self.end:
            raise KeyboardInterrupt


class Watch(unittest.TestCase):
    def test_a_terminal_shows_one_line_that_runs_down(self) -> None:
        """Each second has a frame; the bar is full when a step begins and never empty."""
        screen, clock = Screen(), Clock(57.5, 62)
        self.assertEqual(0, watch(TOTP_59, screen, clock.time, clock.sleep))
        after = TOTP_59.at(60)
        self.assertEqual(
            [
                "",
                "287082  [===                           ]  3 s",
                "287082  [==                            ]  2 s",
                "287082  [=                             ]  1 s",
                f"{after}  [{'=' * 30}] 30 s",
                f"{after}  [{'=' * 29} ] 29 s\n",
            ],
            screen.getvalue().split("\r"),
        )
        self.assertEqual([0.5, 1, 1, 1, 1], clock.naps)

    def test_a_narrow_terminal_has_one_line_too(self) -> None:
        """F84: the bar has what room there is; then there is none, and at last only the code."""
        for columns, frame in (
            (48, "287082  [==============================] 30 s"),
            (47, "287082  [=============================] 30 s"),
            (23, "287082  [=====] 30 s"),
            (22, "287082  30 s"),
            (15, "287082  30 s"),
            (14, "287082"),
            (6, "287082"),
        ):
            with (
                self.subTest(columns),
                mock.patch.object(Screen, "fileno", lambda _: 1),
                mock.patch("os.get_terminal_size", return_value=os.terminal_size((columns, 20))),
            ):
                screen, clock = Screen(), Clock(30, 31)
                watch(TOTP_59, screen, clock.time, clock.sleep)
                self.assertEqual(f"\r{frame}\n", screen.getvalue())

    def test_every_frame_covers_the_one_before(self) -> None:
        """All are equally long, whatever the period."""
        for period in (1, 9, 30, 100, 2**64 - 1):
            with self.subTest(period):
                screen, clock = Screen(), Clock(0.25, 250)
                watch(TOTP(Secret(RFC_KEY), period=period), screen, clock.time, clock.sleep)
                frames = screen.getvalue().rstrip("\n").split("\r")[1:]
                self.assertEqual(250, len(frames))
                self.assertEqual(1, len({len(frame) for frame in frames}))
                self.assertEqual(30, max(frame.count("=") for frame in frames))
                self.assertLessEqual(1, min(frame.count("=") for frame in frames))

    def test_a_pipe_gets_each_code_once(self) -> None:
        """No bar, no control characters; the first code at once, the next ones as their steps begin."""
        for pace in (1, 0.9, 0.5):  # a sleep may end early, or the clock be set back meanwhile
            with self.subTest(pace):
                pipe, clock = io.StringIO(), Clock(59, 121, pace=pace)
                self.assertEqual(0, watch(TOTP_59, pipe, clock.time, clock.sleep))
                expected = [TOTP_59.at(time) for time in (59, 60, 90, 120)]
                self.assertEqual(expected, pipe.getvalue().splitlines())

    def test_a_clock_that_jumps_is_noticed_within_a_second(self) -> None:
        """The machine slept, or its clock was set: the code is that of the new time."""
        for output in (io.StringIO(), Screen()):
            with self.subTest(output.isatty()):
                clock = Clock(30, 5_000, pace=1_000)
                watch(TOTP_59, output, clock.time, clock.sleep)
                self.assertLessEqual(max(clock.naps), 1)
                self.assertIn(TOTP_59.at(1_030), output.getvalue())

    def test_each_code_is_out_before_the_sleep(self) -> None:
        """Whoever reads the pipe need not wait for the next one."""
        for output in (io.StringIO(), Screen()):
            with self.subTest(output.isatty()), mock.patch.object(output, "flush") as flush:
                clock = Clock(59, 60)
                watch(TOTP_59, output, clock.time, clock.sleep)
                flush.assert_called()

    def test_the_command_watches_this_moment(self) -> None:
        """It goes by the system's clock and ends with 0 on Ctrl-C."""
        clock = Clock(59, 62)
        with mock.patch.multiple(time, time=clock.time, sleep=clock.sleep):
            session = run("code", "--watch", stdin=BASE32)
        self.assertEqual(Session(0, f"287082\n{TOTP_59.at(60)}\n", ""), session)

    def test_on_a_real_terminal(self) -> None:
        """There is a frame, and Ctrl-C ends it on a line of its own with status 0."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "secret")
            path.write_text(f"{BASE32}\n", encoding="utf-8")
            with Terminal("code", "--watch", "--secret", str(path)) as terminal:
                terminal.wait_for(" s")
                terminal.type("\x03")
                self.assertEqual(0, terminal.end())
        self.assertRegex(terminal.screen, r"\A(\r\d{6}  \[=+ *\] [ \d]\d s)+(\^C)?\r\n\Z")
        self.assertNotIn("Traceback", terminal.screen)


class Processes(unittest.TestCase):
    def test_new_pipes_into_code(self) -> None:
        """Two real processes: the answer of one is all that the other needs."""
        link = process("new", "alice@example.com", "--issuer", "Acme").out
        session = process("code", stdin=link)
        self.assertEqual((0, ""), (session.status, session.err))
        self.assertRegex(session.out, r"\A\d{6}\n\Z")
