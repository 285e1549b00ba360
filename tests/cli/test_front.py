"""The manners that all commands share: answers, statuses, and silence about secrets."""

import argparse
import errno
import io
import os
import runpy
import subprocess
import sys
import tempfile
import unittest
import zipapp
from importlib import import_module
from pathlib import Path
from unittest import mock

import onetime
from onetime.cli import COMMANDS, execute, main
from onetime.cli.arguments import Parser
from tests.support import skip
from tests.support.session import (
    BASE32,
    PATIENCE,
    TOTP_LINK,
    Screen,
    Session,
    environment,
    process,
    run,
)

MISPLACED = (
    "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ",
    'it\'s my "own" passphrase',
    '"quoted"',
    "'quoted'",
    "correct horse battery staple",
    "%s%(prog)s{0}",
    "12345678901234567890123456789",
)
"""Secrets that somebody gives in the wrong place, some with what messages use to quote."""


def options(command: str) -> list[argparse.Action]:
    """List what a command takes."""
    parser = Parser(command, "")
    import_module(f"onetime.cli.{command}").add_arguments(parser)
    return [action for action in parser._actions if action.option_strings]


class Full(io.StringIO):
    """A standard output on a disk without room, or with another error."""

    def __init__(
        self, descriptor: int, number: int = errno.ENOSPC, message: str = "No space left on device"
    ) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.error = OSError(number, message)

    def fileno(self) -> int:
        return self.descriptor

    def flush(self) -> None:
        raise self.error


class Front(unittest.TestCase):
    def test_version_and_help_are_answers(self) -> None:
        """What was asked for goes to standard output, and the status is 0."""
        self.assertEqual(Session(0, f"onetime {onetime.__version__}\n", ""), run("--version"))
        for arguments in (("--help",), ("-h",), *((command, "--help") for command in COMMANDS)):
            with self.subTest(arguments):
                session = run(*arguments)
                self.assertEqual((0, ""), (session.status, session.err))
                self.assertRegex(session.out, r"\Ausage: onetime ")

    def test_the_help_names_every_command(self) -> None:
        """Each command stands in the help with what it does, and says the same of itself."""
        front = run("--help").out
        for command, summary in COMMANDS.items():
            with self.subTest(command):
                self.assertRegex(front, rf"(?m)^  {command} +{summary}$")
                self.assertIn(f"\n{summary[0].upper()}{summary[1:]}.\n", run(command, "--help").out)

    def test_without_a_command_the_help_goes_to_standard_error(self) -> None:
        """Nothing was asked for, so there is no answer."""
        session = run()
        self.assertEqual((2, ""), (session.status, session.out))
        self.assertEqual(run("--help").out, session.err)

    def test_what_is_misused_ends_with_2(self) -> None:
        """One line behind `onetime:` says what is wrong, and there is no answer."""
        for arguments, message in (
            (("list",), f"unknown command; the commands are {', '.join(COMMANDS)}"),
            (("cod",), "unknown command; did you mean code?"),
            (("Verify",), "unknown command; did you mean verify?"),
            (("unlok", "--store", "x"), "unknown command; did you mean unlock?"),
            (("--verson",), "unknown option --verson; see onetime --help"),
            (("code", "--jso"), "unknown option --jso; see onetime code --help"),
            (("users", "--stor=otp.db"), "unknown option --stor; see onetime users --help"),
            (("users", "-s", "otp.db"), "unknown option -s; see onetime users --help"),
            (
                ("new", "a", "--gezdgnbvgyttq"),
                "too many arguments, or an unknown option; see onetime new --help",
            ),
            (
                ("new", "a", "--", "--jso"),
                "too many arguments, or an unknown option; see onetime new --help",
            ),
            (("new",), "the following arguments are required: NAME"),
            (("new", "a", "b"), "too many arguments, or an unknown option; see onetime new --help"),
            (("code", "--digits"), "argument --digits: expected one argument"),
            (("code", "--digits", "x"), "argument --digits: must be a whole number below 2^64"),
            (("code", "--json=yes"), "argument --json: ignored explicit argument"),
            (("code", "--format", "b32"), "argument --format: must be one of base32, hex, base64, text"),
            (
                ("new", "a", "--algorithm", "MD5"),
                "argument --algorithm: MD5 is refused: its 16 bytes are too short for dynamic truncation",
            ),
        ):
            with self.subTest(arguments):
                self.assertEqual(Session(2, "", f"onetime: {message}\n"), run(*arguments))

    def test_a_number_is_digits_and_nothing_else(self) -> None:
        """K30: what int() would take beyond ASCII digits is refused, and so is what no counter reaches."""
        for text in ("٢", "²", " 6", "6 ", "+6", "-6", "1_0", "6.0", "0x6", "", str(2**64), "9" * 5000):
            for option in ("--digits", "--period", "--counter", "--t0"):
                with self.subTest(text[:30], option=option):
                    session = run("code", option, text, stdin=BASE32)
                    message = f"onetime: argument {option}: must be a whole number below 2^64\n"
                    self.assertEqual(Session(2, "", message), session)

    def test_ctrl_c_ends_with_130(self) -> None:
        """The shell learns that it was interrupted, and its prompt begins a line; there is no traceback."""
        with mock.patch("onetime.cli.arguments.Parser.read", side_effect=KeyboardInterrupt):
            self.assertEqual(Session(130, "", ""), run("code"))
            with mock.patch("tests.support.session.io.StringIO", Screen):
                self.assertEqual(Session(130, "", "\n"), run("code"))

    def test_the_arguments_are_the_process_own(self) -> None:
        """`main` runs the arguments of the process, and exits with the status."""
        with (
            mock.patch.object(sys, "argv", ["onetime", "new", "alice", "--json"]),
            mock.patch.object(sys, "stdout", io.StringIO()) as out,
            self.assertRaises(SystemExit) as ended,
        ):
            main()
        self.assertEqual(0, ended.exception.code)
        self.assertIn("otpauth://totp/alice?", out.getvalue())

    def test_python_m_onetime(self) -> None:
        """The module runs as a program and hands its status on; imported, it does nothing."""
        with (
            mock.patch.object(sys, "argv", ["onetime", "--", "cod"]),
            mock.patch.object(sys, "stderr", io.StringIO()),
            self.assertRaises(SystemExit) as end,
        ):
            runpy.run_module("onetime", run_name="__main__")
        self.assertEqual(2, end.exception.code)
        runpy.run_module("onetime.__main__", run_name="onetime.__main__")
        self.assertEqual(Session(0, "287082\n", ""), process("code", "--at", "59", stdin=BASE32))

    def test_a_zipapp(self) -> None:
        """Packed into one file, the command works, and a refusal is not taken for a success."""
        with tempfile.TemporaryDirectory() as folder:
            packed = Path(folder, "onetime.pyz")
            zipapp.create_archive(
                Path(onetime.__file__).parents[1],
                packed,
                main="onetime.cli:main",
                filter=lambda path: path.parts[0] == "onetime",
            )
            for status, answer, given in ((0, "287082\n", BASE32), (2, "", "GEZD 1NBV")):
                with self.subTest(given):
                    done = subprocess.run(
                        [sys.executable, "-I", str(packed), "code", "--at", "59"],
                        input=given,
                        capture_output=True,
                        text=True,
                    )
                    self.assertEqual((status, answer), (done.returncode, done.stdout))


class Secrecy(unittest.TestCase):
    def assert_silent(self, secret: str, arguments: tuple[str, ...]) -> None:
        """The command refuses, and neither a part of the secret nor a quoted form of it is shown."""
        with self.subTest(arguments):
            session = run(*arguments)
            if not arguments[-1].startswith("-h"):  # newer versions of argparse take this for -h alone
                self.assertEqual((2, ""), (session.status, session.out))
                self.assertRegex(session.err, r"\Aonetime: .+\n\Z")
            shown = (session.out + session.err).lower()
            for word in (secret, repr(secret)[1:-1], *secret.split()):
                # A short word can stand in a message of its own accord.
                if len(word) > 4:
                    self.assertNotIn(word.lower(), shown)

    def test_no_message_shows_a_misplaced_secret(self) -> None:
        """A secret as a command, an argument or an unknown option is refused, not repeated."""
        for secret in MISPLACED:
            for arguments in (
                (secret,),
                ("--", secret),
                (f"--{secret}",),
                (f"-{secret}",),
                (f"-h{secret}",),
                (f"--help={secret}",),
                ("--secret", secret),
                ("new", "alice", secret),
            ):
                self.assert_silent(secret, arguments)
            for command in COMMANDS:
                for more in ((f"--{secret}",), (f"-{secret}",), (f"-h{secret}",), ("a", "b", secret)):
                    # argparse takes what begins with a hyphen and has a space in it for a name.
                    name = ("alice",) if command == "new" else ()
                    self.assert_silent(secret, (command, *name, *more))
                if command != "new":
                    self.assert_silent(secret, (command, secret))
                    self.assert_silent(secret, (command, "--", secret))

    def test_no_message_shows_a_secret_that_is_an_options_value(self) -> None:
        """Every option of every command, with and without =, files and flags among them."""
        seen = set()
        for command in COMMANDS:
            for action in options(command):
                for option in action.option_strings:
                    seen.add(option)
                    for secret in MISPLACED:
                        if option.startswith("--"):
                            self.assert_silent(secret, (command, f"{option}={secret}"))
                        if action.nargs != 0:
                            self.assert_silent(secret, (command, option, secret))
        self.assertLessEqual({"-h", "--secret", "--format", "--json", "--at", "--counter", "--issuer"}, seen)

    def test_no_message_shows_what_was_read(self) -> None:
        """A secret or link that is wrong is refused by position or part."""
        for text in (
            f"{BASE32}1",
            f"otpauth://totp/a?secret={BASE32}1",
            f"otpauth://totp/a?secret={BASE32}&digits={BASE32}",
            f"otpauth://totp/a?secret={BASE32}&algorithm={BASE32}",
            f"otpauth://totp/a?secret={BASE32}&secret={BASE32}",
            f"otpauth://{BASE32}/a",
            f"https://example.com/{BASE32}",
            f"otpauth-migration://offline?data={BASE32}",
            f"otpauth:{BASE32}",
        ):
            for command in ("code", "uri", "explain"):
                with self.subTest(text, command=command):
                    session = run(command, stdin=text)
                    self.assertEqual((2, ""), (session.status, session.out))
                    self.assertRegex(session.err, r"\Aonetime: .+\n\Z")
                    self.assertNotIn(BASE32[:8], session.err)


class Output(unittest.TestCase):
    def test_a_reader_that_has_gone_is_no_error(self) -> None:
        """A broken pipe ends with status 141 and without a word, and leaves nothing to fail at the end."""
        for arguments in (("code",), ("code", "--watch"), ("--help",), ("new", "--help")):
            with self.subTest(arguments):
                reader, writer = os.pipe()
                os.close(reader)
                with os.fdopen(writer, "w", encoding="utf-8") as pipe:
                    self.assertEqual(Session(141, "", ""), run(*arguments, stdin=BASE32, stdout=pipe))

    def test_a_closed_pipe_on_windows(self) -> None:
        """F87: an invalid argument is a reader that has gone there, and an error elsewhere."""
        with tempfile.TemporaryFile() as file:
            for windows, expected in (
                (True, Session(141, "", "")),
                (False, Session(2, "", "onetime: input or output failed: Invalid argument\n")),
            ):
                with self.subTest(windows=windows), mock.patch("onetime.cli.WINDOWS", windows):
                    output = Full(file.fileno(), errno.EINVAL, "Invalid argument")
                    self.assertEqual(expected, run("code", stdin=BASE32, stdout=output))
            with mock.patch("onetime.cli.WINDOWS", new=True):
                self.assertEqual(2, run("code", stdin=BASE32, stdout=Full(file.fileno())).status)

    def test_a_process_whose_reader_has_gone(self) -> None:
        """The interpreter, too, keeps quiet when it ends."""
        if os.name != "posix":
            skip("a broken pipe is told otherwise here")
        for arguments in (("code",), ("--help",)):
            reader, writer = os.pipe()
            os.close(reader)
            with self.subTest(arguments), os.fdopen(writer, "wb") as pipe:
                done = subprocess.run(
                    [sys.executable, "-m", "onetime", *arguments],
                    input=BASE32.encode(),
                    stdout=pipe,
                    stderr=subprocess.PIPE,
                    env=environment(),
                    timeout=PATIENCE,
                    check=False,
                )
                self.assertEqual((141, b""), (done.returncode, done.stderr))

    def test_a_reader_of_messages_that_has_gone(self) -> None:
        """F87: the answer and the status are as if the message had been read."""
        for arguments, status, answer in (
            (("cod",), 2, r"\A\Z"),
            (("code", "--at", "59", TOTP_LINK), 0, r"\A287082\n\Z"),
            (("new", "alice"), 0, r"\Aotpauth://totp/alice\?secret=[A-Z2-7]{32}\n\Z"),
        ):
            with self.subTest(arguments):
                reader, writer = os.pipe()
                os.close(reader)
                with os.fdopen(writer, "w", encoding="utf-8") as pipe:
                    done = subprocess.run(
                        [sys.executable, "-m", "onetime", *arguments],
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=pipe,
                        env=environment(),
                        timeout=PATIENCE,
                        check=False,
                        text=True,
                    )
                self.assertEqual(status, done.returncode)
                self.assertRegex(done.stdout, answer)
        reader, writer = os.pipe()
        os.close(reader)
        with (
            os.fdopen(writer, "w", encoding="utf-8", buffering=1) as pipe,
            mock.patch.object(sys, "stdout", io.StringIO()),
            mock.patch.object(sys, "stderr", pipe),
        ):
            self.assertEqual(2, execute(["cod"]))

    def test_a_disk_without_room_is_told(self) -> None:
        """An answer that could not be written is not taken for given."""
        with tempfile.TemporaryFile() as file:
            session = run("code", stdin=BASE32, stdout=Full(file.fileno()))
        self.assertEqual(
            Session(2, "", "onetime: input or output failed: No space left on device\n"), session
        )

    def test_an_output_that_cannot_show_the_answer(self) -> None:
        """There is no half of an answer, and JSON is ASCII and goes through."""
        link = f"otpauth://totp/%C3%A9?secret={BASE32}"
        message = "onetime: standard output must be UTF-8 to show the answer\n"
        self.assertEqual(Session(2, "", message), run("uri", stdin=link, encoding="ascii"))
        self.assertEqual(Session(2, "", message), process("uri", stdin=link, PYTHONIOENCODING="ascii"))
        self.assertIn(r'"name": "\u00e9"', run("uri", "--json", stdin=link, encoding="ascii").out)

    def test_closed_streams(self) -> None:
        """Without standard input or output the command says so."""
        with mock.patch.object(sys, "stderr", io.StringIO()) as err:
            with mock.patch.object(sys, "stdout", None):
                self.assertEqual(2, execute(["new", "alice"]))
            with mock.patch.object(sys, "stdin", None):
                self.assertEqual(2, execute(["code"]))
        self.assertEqual(
            "onetime: standard output is closed\nonetime: standard input is closed\n", err.getvalue()
        )

    def test_what_is_no_answer_never_goes_to_standard_output(self) -> None:
        """With standard error closed it is not said at all: a pipe still gets the link alone."""
        with (
            mock.patch.object(sys, "stdout", io.StringIO()) as out,
            mock.patch.object(sys, "stderr", None),
        ):
            self.assertEqual(0, execute(["new", "alice"]))
            self.assertEqual(0, execute(["code", "--at", "59", TOTP_LINK]))
        self.assertRegex(out.getvalue(), r"\Aotpauth://totp/alice\?secret=[A-Z2-7]{32}\n287082\n\Z")
