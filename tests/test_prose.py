"""Phrases that must not come back into what a person reads."""

import re
import unittest
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

PHRASES = {
    r"\b(is|are|it is|there (is|are)) (no code|none)\b": "negate with not: is not a code, is missing",
    r"\b(whoever|somebody|someone)\b": "name the actor: attacker, user, owner, caller, server",
    r"\bwants? in\b": "name the act: logs in, is accepted",
    r"\b(is|are|be) told (that|of|by)\b": "say what is returned, shown or raised",
    r"\btold apart\b": "say what differs",
    r"\bgives? out\b": "return",
    r"\b(judged?|judges|judging)\b": "check",
    r"\b(is|was|are|were|be) charged\b": "counts as a failure",
    r"\b(slowed down|strays?|found back)\b": "throttled; drifts; recovered",
    r"\b(comes?|coming|came) about\b": "is computed",
    r"\bin (plain )?sight\b": "within the window",
    r"\bonly other way out\b": "every refusal is an exception",
    r"\b(comes?|came) along\b": "is copied along with",
    r"\b(makes?|made) the table\b": "create",
    r"\bwhat (counts|is stored|was found|was given)\b": "name it: failures, stored state, result, input",
    r"\b(in|within) (the way|reach)\b": "blocked; within the window",
    r"\bwithout a word\b": "silently",
    r"\bso many\b": "name the number",
    r"\b(remembered|is kept|are kept)\b": "stored",
    r"\bthe mistakes that are known\b": "known implementation mistakes",
    r"\bfrom (the )?\w+( \w+)? on\b": "at or after",
    r"\bfor ever\b": "forever",
    r"\b(centre|colour|behaviour|grey|enrol|enrols|enrolment)\b": "American spelling",
    r'"""(Take|Tell|Give|Let|Ask|Say|Judge)\b': "begin with Return, Parse, Verify or Compute",
    r"\b(is|are) from \d+ to \d+\b": "say what must be: must be an int from 6 to 10",
}
"""Each phrase, and what to write in its place."""


def texts() -> Iterator[tuple[str, str]]:
    """Return the lines of the code, the page and the documents, each with its place."""
    documents = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
    sources = [path for path in (ROOT / "src").rglob("*") if path.suffix in {".py", ".js", ".html"}]
    for path in (*documents, *sorted(sources)):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


class Prose(unittest.TestCase):
    def test_no_phrase_comes_back(self) -> None:
        """Each has a plain one in its place."""
        found = [
            f"{place}: {match[0]!r}; better: {better}"
            for place, line in texts()
            for phrase, better in PHRASES.items()
            if (match := re.search(phrase, line))
        ]
        self.assertEqual([], found)

    def test_a_phrase_is_found(self) -> None:
        """The patterns match what they are written for."""
        for bad in (
            "it is no code",
            "Whoever guesses".lower(),
            "the code is judged",
            "from step 7 on",
            '"""Give a name."""',
            "digits is from 6 to 10",
            "the caller is told that it won",
        ):
            with self.subTest(bad):
                self.assertTrue(any(re.search(phrase, bad) for phrase in PHRASES))
