"""The list of requirements and the tests that prove them, held together."""

import ast
import re
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

TESTS = Path(__file__).parent
LIST = TESTS / "requirements.md"

ID = re.compile(r"\b[HTNOKF][0-9]{2}\b")
"""An id: the letter of its section and two digits."""

RANGE = re.compile(
    rf"{ID.pattern}\s*(?:-|\N{{EN DASH}}|\.\.\.?|\N{{HORIZONTAL ELLIPSIS}}|to|through)\s*{ID.pattern}"
)
"""Two ids that stand for those between them. A test names each id."""

UNTESTED = re.compile(r"\*\*(?:documentation|not offered|open)\*\*")
"""What the last cell of a row begins with that needs no test."""


def rows() -> Iterator[tuple[str, list[str]]]:
    """Read the rows of all tables: each id and its other cells."""
    for line in LIST.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells and ID.match(cells[0]):
            yield cells[0], cells[1:]


def named() -> dict[str, list[str]]:
    """Find the ids in the docstrings of all tests, each with the tests that name it."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if is_test(node):
                docstring = ast.get_docstring(node) or ""
                for each in ID.findall(RANGE.sub("", docstring)):
                    found.setdefault(each, []).append(f"{path.relative_to(TESTS).as_posix()}: {node.name}")
    return found


def is_test(node: ast.AST) -> TypeGuard[ast.FunctionDef | ast.ClassDef]:
    """Return whether a node is a test, or a class of tests."""
    if isinstance(node, ast.ClassDef):
        return any(map(is_test, node.body))
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test")


class Requirements(unittest.TestCase):
    maxDiff = None

    def test_each_id_has_one_complete_row(self) -> None:
        """Every row has an id of its own, in order, and no empty cell."""
        ids = [each for each, _ in rows()]
        self.assertGreater(len(ids), 250)
        for letter in dict.fromkeys(each[0] for each in ids):
            section = [each for each in ids if each[0] == letter]
            self.assertEqual(sorted(set(section)), section)
        for each, cells in rows():
            with self.subTest(each):
                self.assertGreaterEqual(len(cells), 2)
                self.assertNotIn("", cells)

    def test_each_requirement_is_proven(self) -> None:
        """Every id that is neither documentation nor left out is named by a test."""
        needed = [each for each, cells in rows() if not UNTESTED.match(cells[-1])]
        self.assertEqual([], sorted(set(needed) - set(named())))

    def test_no_test_names_an_unknown_id(self) -> None:
        """An id that is not in the list is a typing error."""
        known = {each for each, _ in rows()}
        self.assertEqual({}, {each: tests for each, tests in named().items() if each not in known})

    def test_a_range_names_no_id(self) -> None:
        """A range would hide which of its ids a test proves."""
        for text in ("H01 to H03", "H01-H03", "H01\N{EN DASH}H03", "H01...H03"):
            with self.subTest(text):
                self.assertEqual(["K01"], ID.findall(RANGE.sub("", f"{text}, K01: it holds")))
