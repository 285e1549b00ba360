"""`onetime qr`."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

from onetime.provisioning.qr import QRCode
from tests.support import posix
from tests.support.session import BASE32, TOTP_LINK, Session, Terminal, run


class QR(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "code.svg"

    def test_text_for_a_dark_or_a_light_terminal(self) -> None:
        """The code is the answer, in half blocks."""
        code = QRCode(TOTP_LINK)
        self.assertEqual(Session(0, f"{code.to_text()}\n", ""), run("qr", stdin=TOTP_LINK))
        self.assertEqual(
            Session(0, f"{code.to_text(light=True)}\n", ""), run("qr", "--light", stdin=TOTP_LINK)
        )

    def test_the_level_can_be_chosen(self) -> None:
        """A code that is to be printed may need more error correction."""
        for level in "LMQHh":
            expected = f"{QRCode(TOTP_LINK, level=level.upper()).to_text()}\n"
            self.assertEqual(Session(0, expected, ""), run("qr", "--level", level, stdin=TOTP_LINK))
        session = run("qr", "--level", "X", stdin=TOTP_LINK)
        self.assertEqual((2, ""), (session.status, session.out))
        self.assertIn("must be one of L, M, Q, H", session.err)

    def test_a_long_link_gets_a_weaker_level(self) -> None:
        """A code with less error correction is better than none, unless a level is asked for."""
        link = f"otpauth://totp/{'a' * 2500}?secret={BASE32}"
        expected = f"{QRCode(link, level='L').to_text()}\n"
        self.assertEqual(Session(0, expected, ""), run("qr", stdin=link))
        self.assertEqual(2, run("qr", "--level", "M", stdin=link).status)

    def test_each_line_is_a_link(self) -> None:
        """What `migrate` prints can be shown as it comes; empty lines do not count."""
        export = run("migrate", stdin=TOTP_LINK).out
        expected = f"{QRCode(export.strip()).to_text()}\n{QRCode(TOTP_LINK).to_text()}\n"
        session = run("qr", stdin=f"{export}\n{TOTP_LINK}\n\n")
        self.assertEqual((0, expected), (session.status, session.out))

    def test_links_at_the_prompt(self) -> None:
        """Several can be given, one after the other, until an empty line."""
        with Terminal("qr", "--light") as terminal:
            terminal.wait_for("Link: ")
            terminal.type(f"{TOTP_LINK}\n")
            terminal.wait_for("Another link (empty to end): ")
            terminal.type(f"{TOTP_LINK}\n")
            terminal.wait_for("Another link (empty to end): \r\nAnother link (empty to end): ")
            terminal.type("\n")
            self.assertEqual(0, terminal.end())
        self.assertIn("2 of 2", terminal.screen)
        self.assertNotIn(BASE32, terminal.screen)

    def test_each_line_of_the_prompt_is_a_link(self) -> None:
        """The prompt comes again until nothing is given; nothing at once is no link."""
        for answers, expected in (
            ([TOTP_LINK, f" {TOTP_LINK} ", ""], (0, f"{QRCode(TOTP_LINK).to_text()}\n" * 2)),
            ([TOTP_LINK, BASE32, ""], (2, "")),
            ([""], (2, "")),
        ):
            with mock.patch("getpass.getpass", side_effect=answers):
                session = run("qr", terminal=True)
            self.assertEqual(expected, (session.status, session.out))

    def test_a_picture(self) -> None:
        """The picture goes to a file, or to standard output, whole; --force overwrites an older one."""
        svg = f"{QRCode(TOTP_LINK).to_svg()}\n"
        self.assertEqual(Session(0, svg, ""), run("qr", "--svg", "-", stdin=TOTP_LINK))
        self.file.write_text("an older one", encoding="utf-8")
        message = "onetime: the image cannot be written: the file already exists; --force overwrites it\n"
        self.assertEqual(Session(2, "", message), run("qr", "--svg", str(self.file), stdin=TOTP_LINK))
        self.assertEqual("an older one", self.file.read_text(encoding="utf-8"))
        session = run("qr", "--svg", str(self.file), "--force", stdin=TOTP_LINK)
        self.assertEqual(Session(0, "", ""), session)
        self.assertEqual(svg, self.file.read_text(encoding="utf-8"))
        self.assertEqual([self.file], list(self.folder.iterdir()))
        ElementTree.fromstring(svg)

    def test_a_picture_is_its_owners(self) -> None:
        """It holds the secret, so nobody else may read it."""
        posix()
        run("qr", "--svg", str(self.file), stdin=TOTP_LINK)
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)

    def test_a_picture_that_cannot_be_written_leaves_nothing(self) -> None:
        """The older file stays as it was."""
        self.file.write_text("an older one", encoding="utf-8")
        with mock.patch.object(Path, "replace", side_effect=OSError(28, "No space left on device")):
            session = run("qr", "--force", "--svg", str(self.file), stdin=TOTP_LINK)
        message = "onetime: the image cannot be written: No space left on device\n"
        self.assertEqual(Session(2, "", message), session)
        self.assertEqual("an older one", self.file.read_text(encoding="utf-8"))
        self.assertEqual([self.file], list(self.folder.iterdir()))
        with mock.patch.object(Path, "replace", side_effect=KeyboardInterrupt):
            self.assertEqual(130, run("qr", "--force", "--svg", str(self.file), stdin=TOTP_LINK).status)
        self.assertEqual([self.file], list(self.folder.iterdir()))
        nowhere = str(self.folder / "no" / "code.svg")
        message = "onetime: the image cannot be written: No such file or directory\n"
        self.assertEqual(Session(2, "", message), run("qr", "--svg", nowhere, stdin=TOTP_LINK))

    def test_what_no_app_reads_is_refused(self) -> None:
        """A code that cannot be scanned into an app is not drawn."""
        for stdin, message in (
            (BASE32, "line 1 must begin with otpauth://; onetime uri --name makes a link"),
            (f"{TOTP_LINK}\n{BASE32}", "line 2 must begin with otpauth://"),
            ("", "a link must be given"),
            ("https://example.com", "must begin with otpauth://"),
            ("otpauth-migration://offline?data=AA", ""),
            (f"otpauth://totp/{'a' * 3000}?secret={BASE32}", "holds at most 2953 at level L"),
        ):
            with self.subTest(message):
                session = run("qr", stdin=stdin)
                self.assertEqual((2, ""), (session.status, session.out))
                self.assertIn(message, session.err)
                self.assertNotIn(BASE32, session.err)

    def test_a_picture_is_of_one_link(self) -> None:
        """Two codes in one file could not be told apart."""
        message = "onetime: an image shows one link; give the links one by one\n"
        session = run("qr", "--svg", str(self.file), stdin=f"{TOTP_LINK}\n{TOTP_LINK}\n")
        self.assertEqual(Session(2, "", message), session)
        session = run("qr", "--light", "--svg", str(self.file), stdin=TOTP_LINK)
        message = "onetime: --light must not be used with --svg: an image is always dark on light\n"
        self.assertEqual(Session(2, "", message), session)
        self.assertFalse(self.file.exists())
        session = run("qr", "--force", stdin=TOTP_LINK)
        self.assertEqual(Session(2, "", "onetime: --force must be used with --svg\n"), session)

    def test_only_a_file_is_replaced(self) -> None:
        """A device, a folder or a symbolic link stays what it is."""
        posix()
        elsewhere = self.folder / "elsewhere"
        elsewhere.write_text("precious", encoding="utf-8")
        self.file.symlink_to(elsewhere)
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        for name in (self.file, pipe, self.folder, Path()):
            with self.subTest(name):
                session = run("qr", "--svg", str(name), stdin=TOTP_LINK)
                message = "onetime: the image cannot be written: the name must be that of a regular file\n"
                self.assertEqual(Session(2, "", message), session)
        self.assertEqual("precious", elsewhere.read_text(encoding="utf-8"))
        self.assertTrue(self.file.is_symlink() and pipe.is_fifo())
