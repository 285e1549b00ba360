"""Every command in a real terminal: 80 x 24, 40 x 20 and 120 x 40."""

import re
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

from onetime.cli import COMMANDS
from onetime.provisioning.qr import QRCode
from tests.support.session import BASE32, HOTP_LINK, TOTP_LINK, Terminal, run

SIZES = ((80, 24), (40, 20), (120, 40))
"""Columns and lines."""

SHORT = f"otpauth://totp/a?secret={BASE32[:26]}"
"""A link that fits 40 columns at level L, but not at M."""

NAME = "a%E2%80%AEb"
ASK = "Link or secret: "


@dataclass(frozen=True, slots=True)
class Step:
    """One command on a terminal.

    Attributes:
        command: The arguments.
        shown: Texts that the screen shows, in this order, however its lines are broken.
        typed: What is typed, each after a text that is waited for.
        status: How the command ends.
        fits: Whether each line fits the terminal: links and tables are wider than a narrow one.
    """

    command: tuple[str, ...]
    shown: tuple[str, ...]
    typed: tuple[tuple[str, str], ...] = ()
    status: int = 0
    fits: bool = True


STORE = ("--store", "otp.db", "--user", "alice")
CODE = "Code (empty to skip): "

STEPS = (
    Step(("code", "--hotp"), (ASK, "755224"), ((ASK, f"{BASE32}\n"),)),
    Step(("code", "--at", "59", "--secret", "links"), ("287082  Acme:alice\n", "287082  a\\u202eb")),
    Step(("code", "--watch", "--secret", "link"), (" s", "\n"), ((" s", "\x03"),)),
    Step(("code",), (ASK, "\n"), ((ASK, "\x03"),), 130),
    Step(("code",), (ASK, "onetime: a link or secret must be given\n"), ((ASK, "\x04"),), 2),
    Step(("uri",), (ASK, "kind: totp\n", "name: alice\n"), ((ASK, f"{TOTP_LINK}\n"),), fits=False),
    Step(
        ("explain", "--counter", "1", "--secret", "secret"),
        ("Step 1", "|75|a4|8a|19|", "* The code has 6 digits: 287082.\n"),
        fits=False,
    ),
    Step(("migrate", "--secret", "export"), ("otpauth://totp/a?secret=",), fits=False),
    Step(
        ("diagnose", "287082@59"),
        (ASK, "1. SHA1, 6 digits, period 30 s, secret read as base32, step 1; as most apps compute it"),
        ((ASK, f"{BASE32}\n"),),
    ),
    Step(
        ("enroll", *STORE),
        (
            ASK,
            CODE,
            "onetime: incorrect: no code within the window matches; if the token is out of step, give",
        ),
        ((ASK, f"{HOTP_LINK}\n"), (CODE, "000000\n")),
        1,
    ),
    Step(("enroll", *STORE), (ASK, CODE, "enrolled\n"), ((ASK, f"{HOTP_LINK}\n"), (CODE, "287082\n"))),
    Step(
        ("verify", *STORE), (ASK, "Code: ", "accepted\n"), ((ASK, f"{HOTP_LINK}\n"), ("Code: ", "359152\n"))
    ),
    Step(
        ("verify", *STORE),
        (
            ASK,
            "Code: ",
            "onetime: replayed: the code, or a later one, was used before: it is the code of counter 2\n",
        ),
        ((ASK, f"{HOTP_LINK}\n"), ("Code: ", "359152\n")),
        1,
    ),
    Step(("verify", *STORE, "--secret", "link"), ("Code: ", "\n"), (("Code: ", "\x03"),), 130),
    Step(
        ("verify", *STORE, "--secret", "link"),
        ("Code: ", "onetime: a code must be given\n"),
        (("Code: ", "\x04"),),
        2,
    ),
    Step(("users", "--store", "otp.db"), ("alice: default (HOTP)\n",)),
    Step(("unlock", *STORE), ("unlocked\n",)),
    Step(("forget", *STORE), ("forgotten\n",)),
    Step(("users", *STORE), ("onetime: not enrolled: the store has no row of this user\n",), status=1),
    Step(("demo",), ("Alice scans", "She sees that there have been 7 wrong codes since her last login.\n")),
    Step(
        ("playground", "--no-browser"),
        ("http://127.0.0.1:", "onetime: the playground runs until Ctrl-C\n", "\n"),
        (("Ctrl-C\r\n", "\x03"),),
        130,
        fits=False,
    ),
    Step(("cod",), ("onetime: unknown command; did you mean code?\n",), status=2),
    Step(("list",), ("onetime: unknown command; the commands are new, code, uri,",), status=2),
)


class Sessions(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        files = {
            "secret": BASE32,
            "link": TOTP_LINK,
            "links": f"{TOTP_LINK}\notpauth://totp/{NAME}?secret={BASE32}",
            "short": SHORT,
            "export": run("migrate", stdin=SHORT).out,
        }
        for name, text in files.items():
            (self.folder / name).write_text(f"{text}\n", encoding="utf-8")

    def session(self, step: Step, size: tuple[int, int]) -> list[str]:
        """Take a step, and return the lines of the screen as they were written."""
        with Terminal(*step.command, size=size, folder=self.folder) as terminal:
            for text, typed in step.typed:
                terminal.wait_for(text)
                terminal.type(typed)
            self.assertEqual(step.status, terminal.end())
        lines = terminal.screen.split("\r\n")
        self.assertEqual("", lines[-1], "the prompt of the shell begins a line")
        self.assertNotIn("Traceback", terminal.screen)
        return lines

    def test_every_command(self) -> None:
        """F80, F84, F85: prompts, answers and messages are whole, and fit, at each size."""
        done = {step.command[0] for step in STEPS}
        self.assertEqual({"new", "qr"}, COMMANDS.keys() - done)
        for size in SIZES:
            for step in STEPS:
                with self.subTest(step.command, size=size):
                    lines = self.session(step, size)
                    for line in lines[:-1]:
                        self.assertNotIn(": onetime: ", line)
                    # The lines of messages are broken between words.
                    text = re.sub(r"\s+", " ", "\n".join(lines))
                    position = 0
                    for shown in step.shown:
                        position = text.index(re.sub(r"\s+", " ", shown), position)
                    if step.fits:
                        frames = [frame for line in lines for frame in line.split("\r")]
                        self.assertLessEqual(max(map(len, frames)), size[0])

    def test_secrets_are_not_shown(self) -> None:
        """F80: what is typed at the first prompt is not on the screen; the code is."""
        for step in STEPS:
            if step.typed and step.typed[0][0] == ASK and step.command[0] != "uri":
                with self.subTest(step.command):
                    self.assertNotIn(BASE32, "".join(self.session(step, SIZES[0])))

    def test_help(self) -> None:
        """What is beside usage and examples fits a terminal, narrow or not."""
        for size, commands in ((SIZES[0], ("code",)), (SIZES[1], ("", *COMMANDS)), (SIZES[2], ("code",))):
            for command in commands:
                with self.subTest(command, size=size):
                    lines = self.session(Step((*command.split(), "--help"), ()), size)
                    # In the usage, an option of a long command may stand out.
                    start, end = lines.index(""), lines.index("examples:") if command else len(lines)
                    self.assertLessEqual(max(map(len, lines[start:end])), size[0])

    def test_qr_codes(self) -> None:
        """F84: a code fits whole, or the command says why not, below what it drew."""
        low = QRCode(TOTP_LINK, level="L")
        for size, name, link, level, said in (
            ((120, 40), "link", TOTP_LINK, "M", ""),
            ((80, 24), "link", TOTP_LINK, "M", ""),
            ((80, 23), "link", TOTP_LINK, "L", ""),
            ((40, 20), "short", SHORT, "L", ""),
            ((80, 20), "link", TOTP_LINK, "L", f"must have {(low.size + 9) // 2 + 1} lines"),
            ((40, 20), "link", TOTP_LINK, "", "the terminal is too narrow for the QR code"),
        ):
            with self.subTest(size=size, name=name):
                lines = self.session(Step(("qr", "--secret", name), (), status=0 if level else 2), size)
                code = QRCode(link, level=level).to_text().split("\n") if level else []
                self.assertEqual(code, lines[: len(code)])
                rest = " ".join(lines[len(code) :])
                self.assertEqual(bool(said), bool(rest))
                self.assertIn(said, rest)
                if level and not said:
                    self.assertLess(len(code), size[1])

    def test_new(self) -> None:
        """F84: the secret stands above the code, so that all of the code is on the screen."""
        for size in SIZES:
            with self.subTest(size=size):
                lines = self.session(Step(("new", "a"), ()), size)
                self.assertTrue(lines[0].startswith("otpauth://totp/a?secret="))
                self.assertTrue(lines[1].startswith("onetime: the secret, to be typed:"))
                drawn = [line for line in lines if re.search("[\N{FULL BLOCK}\N{UPPER HALF BLOCK}]", line)]
                if drawn:
                    self.assertEqual(drawn, lines[-1 - len(drawn) : -1])
                    self.assertLessEqual(max(map(len, drawn)), size[0])
                else:
                    self.assertIn("the terminal is too narrow", " ".join(lines))
