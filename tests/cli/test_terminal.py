"""What is shown on a terminal only."""

import os
import unittest
from unittest import mock

from onetime.cli.terminal import bar
from onetime.provisioning.qr import QRCode
from tests.support.session import TOTP_LINK, Screen, Session, run

CODE = QRCode(TOTP_LINK).to_text()
WIDTH = CODE.index("\n")
WIDE = os.terminal_size((WIDTH, 24))
COLORED = "".join(f"\x1b[97;40m{line}\x1b[0m\n" for line in CODE.split("\n"))


NARROW = "the terminal is too narrow for the QR code; onetime qr --svg FILE writes a picture"


def only_ascii(text: str) -> int:
    """Write as a stream does that knows no other characters."""
    return len(text.encode("ascii"))


class Window(Screen):
    """A standard output that is a terminal whose size can be asked for."""

    def fileno(self) -> int:
        return 1


def on_screen(
    *arguments: str, columns: int = WIDTH, lines: int = 100, stdin: str = TOTP_LINK, **variables: str
) -> tuple[Session, str]:
    """Run the command line on a terminal; return the session, and what the screen shows."""
    screen = Window()
    without = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    with (
        mock.patch("os.get_terminal_size", return_value=os.terminal_size((columns, lines))),
        mock.patch.dict(os.environ, {**without, **variables}, clear=True),
    ):
        session = run(*arguments, stdin=stdin, stdout=screen)
    return session, screen.getvalue()


class Bars(unittest.TestCase):
    def test_what_is_begun_counts(self) -> None:
        """A bar is empty only at nothing, and as full as its part otherwise."""
        for part, full in (
            (0, 0),
            (0.001, 1),
            (1 / 30, 1),
            (7 / 30, 7),
            (0.5, 15),
            (29.01 / 30, 30),
            (1, 30),
        ):
            with self.subTest(part):
                self.assertEqual(f"[{'=' * full}{' ' * (30 - full)}]", bar(part))
        for remaining in range(1, 31):
            self.assertEqual(remaining, bar(remaining / 30).count("="))


class Codes(unittest.TestCase):
    def test_a_terminal_shows_white_and_black(self) -> None:
        """Whatever the terminal's own colors are, the code is dark on light."""
        self.assertEqual((Session(0, "", ""), COLORED), on_screen("qr"))
        self.assertEqual((Session(0, "", ""), COLORED), on_screen("qr", columns=0))

    def test_colours_can_be_had_without(self) -> None:
        """NO_COLOR, a dumb terminal, and --light are respected."""
        plain = (Session(0, "", ""), f"{CODE}\n")
        self.assertEqual(plain, on_screen("qr", NO_COLOR="1"))
        self.assertEqual(plain, on_screen("qr", TERM="dumb"))
        light = QRCode(TOTP_LINK).to_text(light=True)
        self.assertEqual((Session(0, "", ""), f"{light}\n"), on_screen("qr", "--light"))

    def test_a_narrow_terminal_would_break_the_lines(self) -> None:
        """What no camera could read is not drawn."""
        low = QRCode(TOTP_LINK, level="L").size + 8
        for stdin in (TOTP_LINK, f"{TOTP_LINK}\n{TOTP_LINK}"):
            answer = on_screen("qr", columns=low - 1, stdin=stdin)
            self.assertEqual((Session(2, "", f"onetime: {NARROW}\n"), ""), answer)

    def test_a_small_terminal_has_a_smaller_code(self) -> None:
        """F84: what does not fit is drawn at level L, unless another is asked for."""
        low = QRCode(TOTP_LINK, level="L").to_text()
        height = CODE.count("\n") + 1
        self.assertLess(low.count("\n") + 2, height)
        for columns, lines in ((WIDTH - 1, 100), (WIDTH, height)):
            with self.subTest(columns=columns, lines=lines):
                answer = on_screen("qr", columns=columns, lines=lines, NO_COLOR="1")
                self.assertEqual((Session(0, "", ""), f"{low}\n"), answer)
        answer = on_screen("qr", lines=height + 1, NO_COLOR="1")
        self.assertEqual((Session(0, "", ""), f"{CODE}\n"), answer)
        answer = on_screen("qr", "--level", "M", columns=WIDTH - 1)
        self.assertEqual((Session(2, "", f"onetime: {NARROW}\n"), ""), answer)

    def test_a_code_that_is_taller_is_said_to_be(self) -> None:
        """F84: its top scrolls away, so how tall the terminal must be stands below it."""
        height = QRCode(TOTP_LINK, level="L").to_text().count("\n") + 1
        session, screen = on_screen("qr", lines=height, NO_COLOR="1")
        self.assertEqual(height, screen.count("\n"))
        message = (
            f"onetime: the QR code is taller than the terminal, which must have {height + 1} lines; "
            "onetime qr --svg FILE writes a picture\n"
        )
        self.assertEqual(Session(0, "", message), session)

    def test_new_shows_the_code_of_its_link(self) -> None:
        """On a terminal the link is followed by its QR code, ready to be scanned."""
        session, screen = on_screen("new", "alice", columns=200, NO_COLOR="1")
        link, _, code = screen.partition("\n")
        self.assertEqual(f"{QRCode(link).to_text()}\n", code)
        self.assertRegex(session.err, r"\Aonetime: the secret, to be typed: [A-Z2-7 ]{39}\n\Z")
        self.assertEqual(0, session.status)

    def test_new_says_why_there_is_no_code(self) -> None:
        """The link is the answer all the same."""
        for name, columns, message in (
            ("alice", 20, NARROW),
            ("a" * 3000, 200, r"data has \d+ bytes, but version 40 holds at most 2953 at level L"),
        ):
            with self.subTest(columns=columns):
                session, screen = on_screen("new", name, columns=columns)
                self.assertRegex(screen, r"\Aotpauth://totp/a\w+\?secret=\w+\n\Z")
                self.assertRegex(
                    session.err, rf"\Aonetime: the secret, to be typed: .*\nonetime: {message}\n\Z"
                )
                self.assertEqual(0, session.status)

    def test_a_terminal_without_unicode(self) -> None:
        """What has no half blocks cannot show a code, and says so."""
        message = "onetime: standard output must be UTF-8 to show the QR code\n"
        self.assertEqual(Session(2, "", message), run("qr", stdin=TOTP_LINK, encoding="latin-1"))
        with mock.patch.object(Window, "write", side_effect=only_ascii):
            session, _ = on_screen("new", "alice")
        self.assertEqual(0, session.status)
        self.assertIn(message, session.err)

    def test_several_codes_are_numbered(self) -> None:
        """Whoever scans them one after the other knows which it is."""
        session = run("qr", stdin=f"{TOTP_LINK}\n{TOTP_LINK}\n")
        self.assertEqual(Session(0, f"{CODE}\n{CODE}\n", "onetime: 1 of 2\nonetime: 2 of 2\n"), session)
