"""Everything in the README is run."""

import contextlib
import doctest
import os
import re
import stat
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import onetime
from onetime import HOTP, TOTP, Policy, Secret, SQLStore
from tests.support import posix

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Find the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def sessions() -> list[tuple[str, str]]:
    """Find the commands of all sessions, each with what it prints."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


class Readme(unittest.TestCase):
    def test_the_examples_in_python(self) -> None:
        """One program from top to bottom, as a reader would type it."""
        examples = blocks("pycon")
        self.assertGreater(len(examples), 4)
        test = doctest.DocTestParser().get_doctest("\n".join(examples), {}, "README", "README.md", 0)
        sqlite = SQLStore.sqlite
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), ExitStack() as stores:

            def opened(path: str) -> SQLStore:
                return stores.enter_context(sqlite(path))

            with mock.patch.object(SQLStore, "sqlite", opened):
                results = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS).run(test)
        self.assertEqual(0, results.failed)
        self.assertGreater(results.attempted, 20)

    def test_the_sessions(self) -> None:
        """Every command prints what the README says; `...` stands for what is different each time."""
        posix()
        self.assertGreater(len(sessions()), 4)
        with tempfile.TemporaryDirectory() as folder:
            for name, arguments in (("python3", ""), ("onetime", "-m onetime ")):
                program = Path(folder, name)
                program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n', encoding="utf-8")
                program.chmod(stat.S_IRWXU)
            source = str(Path(onetime.__file__).parents[1])
            path = os.pathsep.join((folder, os.environ["PATH"]))
            for command, expected in sessions():
                with self.subTest(command):
                    result = subprocess.run(
                        ["sh", "-c", command],
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT,
                        env={**os.environ, "PATH": path, "PYTHONPATH": source, "PYTHONUNBUFFERED": "1"},
                        cwd=ROOT,
                        text=True,
                        check=False,
                    )
                    same = doctest.OutputChecker().check_output(expected, result.stdout, doctest.ELLIPSIS)
                    self.assertTrue(same, f"expected:\n{expected}\ngot:\n{result.stdout}")

    def test_it_is_short(self) -> None:
        """It is for users, who read it from top to bottom."""
        self.assertLessEqual(len(README.splitlines()), 350)

    def test_its_links_lead_to_its_headings(self) -> None:
        """A reader who wants something gets to the answer."""
        headings = {
            re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
        }
        links = re.findall(r"\]\(([^)]*)\)", README)
        self.assertGreater(len(links), 4)
        self.assertLessEqual({link.removeprefix("#") for link in links}, headings)

    def test_the_files_it_names_are_there(self) -> None:
        """Programs to copy, other documents, and the modules that CONTRIBUTING.md lists."""
        listed = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
        tables = "".join(line for line in listed.splitlines(True) if line.startswith("|"))
        names = {
            *re.findall(r"`(tests/[\w/.]+)`", README),
            *(f"tests/examples/{name}" for name in re.findall(r"`(move_\w+\.py)`", README)),
            *re.findall(r"\b[A-Z]+\.md\b", README),
            *(f"src/{name.replace('.', '/')}" for name in re.findall(r"`(onetime(?:\.\w+)+)`", tables)),
        }
        self.assertGreater(len(names), 30)
        for name in sorted(names):
            with self.subTest(name):
                self.assertTrue(any((ROOT / f"{name}{ending}").exists() for ending in ("", ".py")), name)

    def test_the_table_of_risks(self) -> None:
        """H17, H49, O13: what the defaults are worth is what `Policy.risk` says, to two figures."""
        secret = Secret(bytes(20))
        rows: dict[str, Callable[[int], float]] = {
            "TOTP, `window=1`": lambda digits: Policy().risk(TOTP(secret, digits=digits)),
            "TOTP, `window=0`": lambda digits: Policy(window=0).risk(TOTP(secret, digits=digits)),
            "HOTP, `look_ahead=5`": lambda digits: Policy().risk(HOTP(secret, digits=digits)),
            "`DeliveredCodes`": lambda digits: 1 - (1 - 10**-digits) ** 52_565,
        }
        for name, risk in rows.items():
            cells = re.search(rf"^\| {re.escape(name)} \|(.*)\|$", README, re.MULTILINE)
            self.assertIsNotNone(cells, name)
            figures = re.findall(r"([0-9.]+) %", cells[1] if cells else "")
            expected = [float(f"{risk(digits) * 100:.2g}") for digits in (6, 7, 8)]
            self.assertEqual(expected, [float(figure) for figure in figures], name)
