"""Lines that are typed or pasted at a terminal."""

import contextlib
import io
import os
import select
import signal
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from unittest import mock

from onetime import HOTP, TOTP, Account, Secret
from onetime.cli import execute
from onetime.cli.keyboard import ask
from onetime.cli.messages import UsageError
from onetime.provisioning import migration
from tests.support import RFC_KEY, posix
from tests.support.session import BASE32, HOTP_LINK, PATIENCE, TOTP_LINK, Input, Screen, Terminal, run

ACCOUNTS = tuple(Account(f"user{number}", TOTP(Secret(RFC_KEY)), issuer="Acme") for number in range(250))
LINKS = tuple(f"otpauth://totp/Acme:{each.name}?secret={BASE32}&issuer=Acme" for each in ACCOUNTS)
PARTS = migration.build(ACCOUNTS, id=7)
ONE_LINE = "onetime: only one line with a link or secret must be given"
ANOTHER = "Another link (empty to end): "
CODES = HOTP(Secret(RFC_KEY)).codes(0, 10)


def stuck(_: int, frame: object) -> NoReturn:
    """Fail instead of waiting."""
    raise AssertionError("nothing more is typed")


class Keyboard(unittest.TestCase):
    """A terminal in this process."""

    def setUp(self) -> None:
        posix()
        # A line that is lost would be waited for without an end.
        before = signal.signal(signal.SIGALRM, stuck)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.alarm(PATIENCE)
        self.addCleanup(signal.alarm, 0)

    @contextlib.contextmanager
    def terminal(self, typed: bytes, flags: int = os.O_RDWR) -> Iterator[int]:
        """Make a terminal standard input, with lines that are typed already; return the user's side."""
        wire, line = os.openpty()
        self.addCleanup(os.close, wire)
        self.addCleanup(os.close, line)
        with os.fdopen(os.open(os.ttyname(line), flags | os.O_NOCTTY), "rb", buffering=0) as stdin:
            os.write(wire, typed)
            with mock.patch.object(sys, "stdin", stdin), mock.patch.object(sys, "stderr", io.StringIO()):
                yield wire

    def test_f51_all_pasted_lines_are_read(self) -> None:
        """F51: blank ones between them, too."""
        for typed, lines in (
            (b"a\n", ["a"]),
            (b"a\nb\n", ["a", "b"]),
            (b"a\n\nb\n", ["a", "", "b"]),
            ("é\n株\n".encode(), ["é", "株"]),
            (b"a\x04b\nc\n", ["ab", "c"]),
            (b"a\n\x04", ["a"]),
        ):
            for hidden in (True, False):
                with self.subTest(typed, hidden=hidden), self.terminal(typed):
                    self.assertEqual(lines, ask("Question: ", hidden=hidden))

        with self.terminal(b"\n\na\n\nb\n"):
            self.assertEqual(["", "", "a", "", "b"], ask("Question: "))

    def test_f51_a_begun_line_is_read_to_its_end(self) -> None:
        """F51: a paste may pause within a line, and its last line may have no line break."""
        for typed, later, hidden, lines in (
            (b"a\nb", (b"\n",), True, ["a", "b"]),
            (b"a\nb", (b"c\nd\n",), True, ["a", "bc", "d"]),
            (b"a\nb", (b"c", b"d\n", b"\n"), True, ["a", "bcd", ""]),
            (b"a\nb\nc", (b"\n",), False, ["a", "b", "c"]),
        ):
            with self.subTest(typed, later=later), self.terminal(typed) as wire:
                with self.later(wire, *later):
                    self.assertEqual(lines, ask("Question: ", hidden=hidden))

    @contextlib.contextmanager
    def later(self, wire: int, *pieces: bytes) -> Iterator[None]:
        """Type the pieces after pauses."""
        timers = [
            threading.Timer(0.5 + 0.02 * number, os.write, (wire, piece))
            for number, piece in enumerate(pieces)
        ]
        for timer in timers:
            timer.start()
        yield
        for timer in timers:
            timer.join()

    def test_more_lines_arrive_while_a_begun_line_is_read(self) -> None:
        """What is read with the begun line is used, whole or begun."""
        import termios

        set_modes = termios.tcsetattr
        more = [b"c\nd\ne"]

        def switch(descriptor: int, when: int, modes: list[object]) -> None:
            set_modes(descriptor, when, modes)  # type: ignore[arg-type]  # only passed on
            if more and not modes[3] & termios.ICANON:  # type: ignore[operator]  # an integer
                os.write(wire, more.pop())

        with self.terminal(b"a\nb") as wire, self.later(wire, b"\n"):
            with mock.patch("termios.tcsetattr", switch):
                lines = ask("Question: ")
        self.assertEqual(["a", "bc", "d", "e"], lines)

    def test_what_is_typed_ahead_is_no_code(self) -> None:
        """At the prompt for a code, nothing is read after an empty line, nor a line that is begun."""
        for typed, lines, rest in (
            (b"123456\nl", ["123456"], b"ls\n"),
            (b"\nls\n", [""], b"ls\n"),
        ):
            with self.subTest(typed), self.terminal(typed) as wire:
                self.assertEqual(lines, ask("Code: ", hidden=False))
                if typed.endswith(b"l"):
                    os.write(wire, b"s\n")
                self.assertEqual(rest, os.read(sys.stdin.fileno(), 100))

    def test_a_line_that_may_be_cut_is_refused(self) -> None:
        """The terminal cuts it silently."""
        posix()
        for size in (4094, 4095, 5000):
            with self.subTest(size), self.terminal(b"") as wire:
                with self.long(wire, b"a" * size + b"\n"):
                    if size == 4094:
                        self.assertEqual(["a" * size], ask("Question: "))
                    else:
                        with self.assertRaisesRegex(UsageError, "fewer than 4095 bytes; give a file"):
                            ask("Question: ")

    @contextlib.contextmanager
    def long(self, wire: int, typed: bytes) -> Iterator[None]:
        """Type a text that is longer than a terminal holds."""
        thread = threading.Thread(target=os.write, args=(wire, typed))
        thread.start()
        yield
        thread.join()

    def test_a_terminal_that_fails(self) -> None:
        """An error of termios is an OSError; the one of restoring is hidden."""
        import termios

        error = termios.error(5, "Input/output error")
        for name in ("tcgetattr", "tcsetattr"):
            with (
                self.subTest(name),
                self.terminal(b"a\n"),
                mock.patch(f"termios.{name}", side_effect=error),
                self.assertRaises(OSError) as caught,
            ):
                ask("Question: ")
            self.assertEqual((5, "Input/output error"), caught.exception.args)
        with (
            self.terminal(b"\x04"),
            mock.patch("termios.tcsetattr", side_effect=(None, error)),
            self.assertRaises(EOFError),
        ):
            ask("Question: ")

    def test_the_echo_stays_off_after_ctrl_z(self) -> None:
        """A shell switches it on while the process is stopped; the handler before is put back."""
        import termios

        before = signal.getsignal(signal.SIGCONT)
        echoes: list[bool] = []

        def go_on() -> None:
            modes = termios.tcgetattr(wire)
            echoes.append(bool(modes[3] & termios.ECHO))
            modes[3] |= termios.ECHO
            termios.tcsetattr(wire, termios.TCSANOW, modes)
            os.kill(os.getpid(), signal.SIGCONT)
            time.sleep(0.5)
            echoes.append(bool(termios.tcgetattr(wire)[3] & termios.ECHO))
            os.write(wire, b"a\n")

        with self.terminal(b"") as wire:
            timer = threading.Timer(0.5, go_on)
            timer.start()
            self.assertEqual(["a"], ask("Question: "))
            timer.join()
        self.assertEqual([False, False], echoes)
        self.assertEqual(before, signal.getsignal(signal.SIGCONT))

    def test_outside_the_main_thread(self) -> None:
        """There, signals cannot be handled."""
        found: list[str] = []
        with self.terminal(b"a\n"):
            thread = threading.Thread(target=lambda: found.extend(ask("Question: ")))
            thread.start()
            thread.join()
        self.assertEqual(["a"], found)

    def test_f51_another_line_is_asked_for_until_one_is_empty(self) -> None:
        """F51: an empty line that others follow ends nothing; Ctrl-D does."""
        for typed, lines in (
            (b"a\n\nb\n\n", ["a", "", "b", ""]),
            (b"\n", [""]),
            (b"a\n\x04\x04", ["a"]),
        ):
            with self.subTest(typed), self.terminal(typed):
                self.assertEqual(lines, ask("Question: ", "Another: "))

    def test_f51_one_link_or_secret_is_on_one_line(self) -> None:
        """F51: empty lines around it are ignored; of a wrapped one, no part is used."""
        for typed, status, expected in (
            (f"\n{HOTP_LINK}\n\n", 0, "counter: 1\n"),
            (f"\n{HOTP_LINK[:-3]}\n \n{HOTP_LINK[-3:]}\n", 2, ""),
            (f"{BASE32[:16]}\n{BASE32[16:]}\n", 2, ""),
        ):
            with (
                self.subTest(typed),
                self.terminal(typed.encode()),
                mock.patch.object(sys, "stdout", io.StringIO()) as out,
            ):
                self.assertEqual(status, execute(["uri"]))
                self.assertTrue(out.getvalue().endswith(expected))
                assert isinstance(sys.stderr, io.StringIO)
                self.assertEqual(f"{ONE_LINE}\n" if status else "", sys.stderr.getvalue().lstrip("\n"))
                self.assertEqual(not status, bool(out.getvalue()))

    def test_f51_diagnose_reads_all_pasted_lines(self) -> None:
        """F51: as it reads them from a pipe."""
        for lines in (f"me@example.org\n{BASE32}\n", f"{BASE32[:16]}\n{BASE32[16:]}\n"):
            answers = []
            with mock.patch.object(sys, "stdout", io.StringIO()) as out, self.terminal(lines.encode()):
                answers.append((execute(["diagnose", "287082@59"]), out.getvalue()))
            piped = run("diagnose", "287082@59", stdin=lines)
            self.assertEqual([(piped.status, piped.out)], answers)
            self.assertEqual(0, piped.status)

    def test_what_ends_a_prompt(self) -> None:
        """Ctrl-D is no line; text that is not UTF-8 is no secret, and no code; the terminal is as it was."""
        import termios

        for typed, hidden, error in (
            (b"\x04", True, EOFError),
            (b"\x04", False, EOFError),
            (b"\xff\n", True, UnicodeDecodeError),
        ):
            with self.subTest(typed), self.terminal(typed) as wire:
                before = termios.tcgetattr(wire)
                with self.assertRaises(error):
                    ask("Question: ", hidden=hidden)
                self.assertEqual(before, termios.tcgetattr(wire))
        with self.terminal(b"\xff\n"):
            self.assertEqual(["\ufffd"], ask("Question: ", hidden=False))

    def test_the_question_is_on_the_terminal(self) -> None:
        """On standard error, unless that goes elsewhere or is closed."""
        for stderr, shown in ((Screen(), False), (io.StringIO(), True), (None, True)):
            with (
                self.subTest(stderr),
                self.terminal(b"a\n") as wire,
                mock.patch.object(sys, "stderr", stderr),
            ):
                ask("Question: ")
                screen = b""
                while (shown and b"Question: \r\n" not in screen) or select.select([wire], [], [], 0)[0]:
                    screen += os.read(wire, 1000)
                self.assertEqual(shown, b"Question" in screen)
                if stderr is not None:
                    self.assertEqual("" if shown else "Question: \n", stderr.getvalue())
        with self.terminal(b"a\n", os.O_RDONLY):
            ask("Question: ")
            assert isinstance(sys.stderr, io.StringIO)
            self.assertEqual("Question: \n", sys.stderr.getvalue())

    def test_a_system_without_termios(self) -> None:
        """Windows asks for one line after the other."""
        answers = ["a", "b", ""]
        with mock.patch.dict(sys.modules, {"termios": None}):
            with mock.patch("getpass.getpass", side_effect=answers) as hidden:
                self.assertEqual(answers, ask("Question: ", "Another: "))
            self.assertEqual([mock.call("Question: "), *[mock.call("Another: ")] * 2], hidden.mock_calls)
            with mock.patch("getpass.getpass", side_effect=["a", EOFError]):
                self.assertEqual(["a"], ask("Question: ", "Another: "))
            with (
                mock.patch.object(sys, "stdin", Input(b"a\nb\n", terminal=True)),
                mock.patch.object(sys, "stderr", io.StringIO()),
            ):
                self.assertEqual(["a"], ask("Question: ", hidden=False))


class Pasting(unittest.TestCase):
    """Commands on a terminal of their own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "link").write_text(HOTP_LINK, encoding="utf-8")

    def paste(self, *arguments: str, typed: tuple[tuple[str, str], ...], status: int = 0) -> str:
        """Run a command on a terminal, type each text after its prompt, and return the screen."""
        import termios

        # No line of the answers is longer than the terminal.
        with Terminal(*arguments, size=(250, 40), folder=self.folder) as terminal:
            before = termios.tcgetattr(terminal.wire)
            for prompt, text in typed:
                terminal.wait_for(prompt)
                terminal.type(text)
            self.assertEqual(status, terminal.end())
            self.assertEqual(before, termios.tcgetattr(terminal.wire))
        return terminal.screen.replace("\r\n", "\n")

    def test_f51_several_links_are_pasted(self) -> None:
        """F51: as many as there are, also more than a terminal holds at once."""
        self.assertGreater(sum(map(len, PARTS)), 3 * 4096)
        expected = "".join(f"{link}\n" for link in LINKS)
        for between in ("\n", "\n\n"):
            with self.subTest(between):
                pasted = between.join(PARTS)
                screen = self.paste("migrate", typed=(("Link: ", f"{pasted}\n"), (ANOTHER, "\n")))
                self.assertEqual(f"Link: \n{ANOTHER}\n{expected}", screen)
        screen = self.paste("migrate", typed=(("Link: ", "\n".join(PARTS)), (ANOTHER, "\n\n")))
        self.assertTrue(screen.endswith(expected))
        codes = f"{CODES[1]}  Acme:alice\n" * 2
        self.assertEqual(f"Link or secret: \n{codes}", self.paste("code", typed=self.two(HOTP_LINK)))
        screen = self.paste("qr", "--light", typed=(*self.two(TOTP_LINK, "Link: "), (ANOTHER, "\x04")))
        self.assertIn("2 of 2", screen)

    def two(self, link: str, prompt: str = "Link or secret: ") -> tuple[tuple[str, str], ...]:
        """Return what pastes a link twice."""
        return ((prompt, f"{link}\n{link}\n"),)

    def test_f51_a_command_that_needs_one_refuses_more(self) -> None:
        """F51: nothing of them is shown, nor left for the shell."""
        (self.folder / "otp.db").touch()
        store = ("--store", "otp.db", "--user", "alice")
        for arguments, message in (
            (("explain", "--json"), ONE_LINE),
            (("diagnose", CODES[1]), "onetime: give only one link"),
            (("enroll", *store), ONE_LINE),
            (("verify", *store, CODES[3]), ONE_LINE),
        ):
            with self.subTest(arguments):
                screen = self.paste(*arguments, typed=self.two(HOTP_LINK), status=2)
                self.assertIn(message, screen)
                self.assertNotIn("otpauth:", screen)

    def test_f80_three_codes_are_pasted_on_three_lines(self) -> None:
        """F80: at the prompt for codes, as in a pipe; more are refused."""
        given = ("--store", "otp.db", "--user", "alice", "--secret", "link")
        for codes, end in ((CODES[1:4], "\n"), (CODES[4:7], "")):
            pasted = "\n".join(codes) + end
            command = "enroll" if codes[0] == CODES[1] else "verify"
            prompt = "Code (empty to skip): " if command == "enroll" else "Code: "
            typed = ((prompt, pasted),) if end else ((prompt, pasted), (f"{codes[1]}\r\n", "\n"))
            self.paste(command, *given, typed=typed)
        screen = self.paste("verify", *given, typed=(("Code: ", f"{CODES[8]}\n{CODES[9]}\n"),), status=2)
        self.assertIn("onetime: give one code, or three consecutive codes\n", screen)

    def test_what_ends_the_prompts(self) -> None:
        """Ctrl-C ends with 130, Ctrl-D without a link with 2; both leave the terminal as it was."""
        for keys, status, message in (
            ("\x03", 130, "\n"),
            ("\x04", 2, "\nonetime: a link or secret must be given\n"),
            ("\n", 2, "\nonetime: a link must be given\n"),
        ):
            with self.subTest(keys):
                screen = self.paste("migrate", typed=(("Link: ", keys),), status=status)
                self.assertEqual(f"Link: {message}", screen.replace("^C", ""))
        screen = self.paste("migrate", typed=(("Link: ", f"{TOTP_LINK}\n"), (ANOTHER, "\x03")), status=130)
        self.assertNotIn("otpauth", screen)
        screen = self.paste("migrate", typed=(("Link: ", f"{TOTP_LINK}\n"), (ANOTHER, "\x04")))
        self.assertRegex(screen, rf"\ALink: \n{ANOTHER[:7]}.*: \notpauth-migration://offline\?data=\S+\n\Z")
