"""The help of each command, and its examples, which are run."""

import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import unittest
from importlib import import_module
from pathlib import Path

from onetime import HOTP, Secret
from onetime.cli import COMMANDS
from tests.support import posix
from tests.support.session import BASE32, PATIENCE, TOTP_LINK, environment, hear_interrupts, run

OTHER = "otpauth://totp/bob?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

ANSWERS = {
    "onetime code --at 2026-11-22T10:00:00Z < secret": "731444\n",
    "onetime code --hotp --count 3 < secret": "755224\n287082\n359152\n",
    "onetime uri --name alice --issuer Acme < secret": f"{TOTP_LINK}\n",
    "onetime verify --store otp.db --user bob --device key --hotp 755224 < secret": "accepted\n",
    "onetime unlock --store otp.db --user alice": "unlocked\n",
}
"""What some of the examples print, as other programs and the vectors of the RFCs say."""

SILENT = ("--svg", "> links", "--locked", "playground")
"""Parts of examples that print nothing, here or any more."""


def examples(command: str) -> tuple[str, ...]:
    """Return the examples of a command."""
    found: tuple[str, ...] = import_module(f"onetime.cli.{command}").EXAMPLES
    return found


class Help(unittest.TestCase):
    def test_the_help_ends_with_examples(self) -> None:
        """Each command shows how it is called; the front shows the commands."""
        for command in COMMANDS:
            with self.subTest(command):
                lines = "".join(f"  {example}\n" for example in examples(command))
                self.assertTrue(run(command, "--help").out.endswith(f"\nexamples:\n{lines}"))
                for example in examples(command):
                    self.assertRegex(example, rf"\bonetime {command}\b")
                    self.assertLessEqual(len(example), 90)
        self.assertTrue(run("--help").out.endswith("\nHelp on each: onetime COMMAND --help\n"))

    def test_every_example_runs(self) -> None:
        """In a folder with the files that they name, in the order of the commands, all of them are done."""
        posix()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "secret").write_text(f"{BASE32}\n", encoding="utf-8")
            (folder / "link").write_text(f"{TOTP_LINK}\n", encoding="utf-8")
            (folder / "links").write_text(f"{TOTP_LINK}\n{OTHER}\n", encoding="utf-8")
            export = run("migrate", stdin=f"{TOTP_LINK}\n{OTHER}\n").out
            (folder / "export").write_text(export, encoding="utf-8")
            program = folder / "bin" / "onetime"
            program.parent.mkdir()
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m onetime "$@"\n', encoding="utf-8")
            program.chmod(stat.S_IRWXU)
            variables = environment(PATH=os.pathsep.join((str(program.parent), os.environ["PATH"])))
            for command in COMMANDS:
                for example in examples(command):
                    with self.subTest(example):
                        self.run_example(example, folder, variables)

    def run_example(self, example: str, folder: Path, variables: dict[str, str]) -> None:
        with subprocess.Popen(
            # Any port, because one may be in use.
            [
                "sh",
                "-c",
                re.sub("--port [0-9]+", "--port 0", f"exec {example}" if "|" not in example else example),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=variables,
            cwd=folder,
            text=True,
            preexec_fn=hear_interrupts,
        ) as process:
            address, expected = "", 0
            if "playground" in example:
                assert process.stdout is not None
                address, expected = process.stdout.readline(), 130
                process.send_signal(signal.SIGINT)
            try:
                out, err = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        if "playground" in example:
            self.assertRegex(address, r"\Ahttp://127\.0\.0\.1:", err)
        self.assertEqual(expected, process.returncode, err)
        self.assertEqual(any(silent in example for silent in SILENT), not out)
        self.assertEqual(ANSWERS.get(example, out), out)
        if "diagnose" in example:
            self.assertRegex(out, r"\A1\. SHA1, 6 digits")

    def test_the_answers_are_of_examples(self) -> None:
        """An example that changes is not forgotten here."""
        self.assertLessEqual(ANSWERS.keys(), {each for command in COMMANDS for each in examples(command)})
        self.assertEqual(("755224", "287082", "359152"), HOTP(Secret.from_base32(BASE32)).codes(0, 3))

    def test_no_word_is_longer_than_a_narrow_terminal(self) -> None:
        """What help says beside its examples can be wrapped at 40 columns."""
        for command in COMMANDS:
            text = run(command, "--help").out.partition("\nexamples:\n")[0]
            self.assertLessEqual(max(map(len, re.split(r"\s", text))), 40, command)
