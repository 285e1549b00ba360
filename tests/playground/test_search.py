"""Searches of `diagnose`: progress, results, a way to cancel, and a bound."""

import json
import threading
import traceback
import unittest
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from unittest import mock

from onetime import TOTP, Account, Secret
from onetime.inspection.diagnosis import Diagnosis, diagnose
from onetime.inspection.messages import odds
from onetime.inspection.sighting import Sighting
from onetime.playground.fields import RequestError
from onetime.playground.interface import Interface
from onetime.playground.search import MAX_SEARCHES
from onetime.provisioning import uri
from tests.support.serving import KEY

NOW = 59.25
PATIENCE = 30
DIAGNOSE = "onetime.playground.search.diagnose"
SEARCH: dict[str, Any] = {"secret": KEY, "codes": [{"code": "287082", "time": 59}]}


class Slow:
    """Stands in for `diagnose`: goes on only when it is told."""

    def __init__(self) -> None:
        self.given: list[tuple[object, ...]] = []
        self.begun = threading.Semaphore(0)
        self.steps = threading.Semaphore(0)
        self.told = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def __call__(
        self,
        text: str,
        code: str,
        time: float | None = None,
        *,
        counter: int | None = None,
        more: Iterable[Sighting] = (),
        progress: Callable[[float], bool],
    ) -> Diagnosis:
        self.given.append((text, code, time, counter, list(more)))
        self.begun.release()
        try:
            for step in range(4):
                assert self.steps.acquire(timeout=PATIENCE)
                if progress(step / 4):
                    return Diagnosis((), 0, 1)
                self.told.release()
            return diagnose(text, code, time, counter=counter, more=more)
        finally:
            self.ended.release()

    def wait(self, what: threading.Semaphore) -> None:
        """Wait until something has happened once more."""
        assert what.acquire(timeout=PATIENCE), "a search is stuck"


class Searching(unittest.TestCase):
    def setUp(self) -> None:
        self.interface = Interface(lambda: NOW)

    def ask(self, address: str, **values: object) -> Any:
        """Ask, and read the answer."""
        return json.loads(self.interface.answer(f"/api/diagnose{address}", json.dumps(values).encode()))

    def refusal(self, address: str, **values: object) -> tuple[int, str | None, str]:
        """Ask what cannot be answered."""
        with self.assertRaises(RequestError) as caught:
            self.ask(address, **values)
        return caught.exception.status, caught.exception.field, caught.exception.message

    def begin(self, **values: object) -> str:
        """Start a search, and name it."""
        name = self.ask("", **{**SEARCH, **values})["job"]
        self.assertRegex(name, r"\A[0-9a-f]{32}\Z")
        assert isinstance(name, str)
        return name

    def end(self) -> None:
        """Wait until all searches have ended."""
        for search in self.interface.searches._running:
            search.thread.join(PATIENCE)
            self.assertFalse(search.thread.is_alive())

    def slow(self) -> Slow:
        """Put a stand-in in the place of `diagnose`."""
        slow = Slow()
        patch = mock.patch(DIAGNOSE, slow)
        patch.start()
        self.addCleanup(patch.stop)
        self.addCleanup(self.end)
        self.addCleanup(slow.steps.release, 1000)
        return slow


class Results(Searching):
    def test_what_the_library_finds(self) -> None:
        """The findings are those of `diagnose`, by name; how likely chance is, in the library's words."""
        job = self.begin()
        self.end()
        answer = self.ask("/result", job=job)
        diagnosis = diagnose(KEY, "287082", 59)
        self.assertTrue(diagnosis.findings)
        told = (1, True, diagnosis.tried, list(diagnosis.not_tried), False)
        names = ("progress", "found", "tried", "not_tried", "needs_second_code")
        self.assertEqual(told, tuple(map(answer.get, names)))
        for finding, shown in zip(diagnosis.findings, answer["findings"], strict=True):
            details = {
                **finding.to_dict(),
                "moving_factors": list(map(str, finding.moving_factors)),
                "likelihood": odds(finding.chance),
                "convincing": Diagnosis((finding,), 1, 1).found,
            }
            self.assertEqual(json.loads(json.dumps(details)), shown)
        self.assertEqual(answer, self.ask("/result", job=job))

    def test_progress(self) -> None:
        """While it runs, the answer says how far it is."""
        slow = self.slow()
        job = self.begin()
        for part in (0.0, 0.25, 0.5):
            slow.steps.release()
            slow.wait(slow.told)
            self.assertEqual({"progress": part, "findings": None}, self.ask("/result", job=job))
        slow.steps.release()
        self.end()
        self.assertEqual(1, self.ask("/result", job=job)["progress"])

    def test_what_is_searched_for(self) -> None:
        """Each code has its time, its counter or both; with neither, the time is now."""
        slow = self.slow()
        codes = [
            {"code": "1"},
            {"code": "2", "time": 7.5, "counter": None},
            {"code": "3", "time": None, "counter": str(2**64 - 1)},
            {"code": "4", "time": 0, "counter": "0"},
        ]
        self.begin(secret=" x ", codes=codes)
        slow.wait(slow.begun)
        more = [Sighting("2", 7.5), Sighting("3", None, 2**64 - 1), Sighting("4", 0, 0)]
        self.begin(secret="y", codes=[{"code": "5", "counter": "7"}])
        slow.wait(slow.begun)
        self.assertEqual([(" x ", "1", NOW, None, more), ("y", "5", None, 7, [])], slow.given)

    def test_the_moment_of_a_code_is_when_it_was_typed(self) -> None:
        """F69: a code that was typed 35 seconds ago is of that moment, by the server's clock."""
        slow = self.slow()
        for age, time in ((0, NOW), (35, NOW - 35), (90, 0)):
            self.begin(codes=[{"code": "1", "age": age}])
            slow.wait(slow.begun)
            self.assertEqual(time, slow.given[-1][2])

    def test_a_link(self) -> None:
        """F68: a link is searched with its settings, which are tried first."""
        totp = TOTP(Secret.from_base32(KEY), algorithm="SHA256", digits=8, period=45)
        link = uri.build(Account("alice", totp, issuer="Acme"))
        job = self.begin(secret=f" {link}\n", codes=[{"code": totp.at(1_234_567_890), "time": 1_234_567_890}])
        self.end()
        answer = self.ask("/result", job=job)
        first = answer["findings"][0]
        expected: tuple[object, ...] = ("SHA256", 8, 45, "base32", [])
        names = ("algorithm", "digits", "period", "reading", "mistakes")
        self.assertEqual(expected, tuple(map(first.get, names)))
        self.assertTrue(answer["found"])

    def test_what_cannot_be_searched_for(self) -> None:
        """The reason comes with the result, and the field."""
        for values, field in (
            ({"secret": ""}, "secret"),
            ({"secret": "\ud800"}, "secret"),
            ({"codes": [{"code": "1", "time": 59}, {"code": "1", "counter": "1"}]}, "codes"),
        ):
            with self.subTest(values=values):
                job = self.begin(**values)
                self.end()
                for _ in range(2):
                    self.assertEqual((200, field), self.refusal("/result", job=job)[:2])

    def test_which_code_is_wrong(self) -> None:
        """An error of one of the codes says which one it is, and is at once there."""
        right = {"code": "287082", "time": 59}
        digits = "a code must have 1 to 10 digits, and nothing else except spaces and hyphens"
        for wrong, field, words in (
            ({"code": "12x", "time": 59}, "code", digits),
            ({"code": "", "time": 59}, "code", digits),
            ({"code": 1, "time": 59}, "code", "code must be text"),
            ({"code": "1", "time": "x"}, "time", "time must be a number: Unix time in seconds"),
            ({"code": "1", "counter": "-1"}, "counter", "counter must be a whole number from 0 to 2^64-1"),
        ):
            for before in (0, 2):
                with self.subTest(wrong=wrong, before=before):
                    number = before + 1
                    refused = self.refusal("", secret=KEY, codes=[*[right] * before, wrong, right])
                    told = (200, f"codes.{number}.{field}", f"code {number}: {words}")
                    self.assertEqual(told, refused)
        self.assertEqual([], self.interface.searches._running)

    def test_what_is_hardly_chance(self) -> None:
        """What convinces, and the words for it, are the library's."""
        (finding,) = diagnose(KEY, "287082", 59).findings
        for chance, told in (
            (0.6, ("likely by accident", False)),
            (0.01, ("by accident: 1%", False)),
            (0.001, ("by accident: 1 in 1,000", True)),
        ):
            found = Diagnosis((replace(finding, chance=chance),), 1, 1)
            with self.subTest(chance=chance), mock.patch(DIAGNOSE, return_value=found):
                job = self.begin()
                self.end()
                (shown,) = self.ask("/result", job=job)["findings"]
                self.assertEqual(told, (shown["likelihood"], shown["convincing"]))

    def test_an_error_does_not_grow(self) -> None:
        """However often it is asked for, it keeps no more of those who asked."""
        job = self.begin(secret="")
        self.end()
        lengths = []
        for _ in range(3):
            try:  # assertRaises would take the traceback away
                self.interface.searches.result({"job": job})
            except RequestError as error:
                lengths.append(len(traceback.extract_tb(error.__traceback__)))
        self.assertEqual(3, len(lengths))
        self.assertEqual(1, len({*lengths}), lengths)

    def test_a_search_that_breaks(self) -> None:
        """The page is told, and not why; nothing is printed."""
        with mock.patch(DIAGNOSE, side_effect=KeyError("GEZDGNB")):
            job = self.begin()
            self.end()
        self.assertEqual((500, None, "the search failed"), self.refusal("/result", job=job))


class Keeping(Searching):
    def test_cancelled(self) -> None:
        """It is forgotten at once, and ends at its next step."""
        slow = self.slow()
        job = self.begin()
        self.assertEqual({}, self.ask("/cancel", job=job))
        gone = (200, "job", "this search is gone; start another")
        self.assertEqual(gone, self.refusal("/result", job=job))
        self.assertEqual(gone, self.refusal("/cancel", job=job))
        slow.steps.release()
        slow.wait(slow.ended)
        self.assertFalse(slow.told.acquire(blocking=False))

    def test_the_oldest_makes_room(self) -> None:
        """One too many ends the oldest, which is forgotten."""
        slow = self.slow()
        jobs = [self.begin() for _ in range(MAX_SEARCHES + 1)]
        self.assertEqual("job", self.refusal("/result", job=jobs[0])[1])
        for job in jobs[1:]:
            self.assertIsNone(self.ask("/result", job=job)["findings"])
        slow.steps.release(1000)
        self.end()
        for job in jobs[1:]:
            self.assertIsNotNone(self.ask("/result", job=job)["findings"])
        told = 0
        while slow.told.acquire(blocking=False):
            told += 1
        self.assertEqual(4 * MAX_SEARCHES, told)
        self.assertEqual(MAX_SEARCHES, len(self.interface.searches._kept))

    def test_searches_that_go_on_after_their_end(self) -> None:
        """Those that were cancelled and still run count too, so that threads do not pile up."""
        slow = self.slow()
        jobs = [self.begin() for _ in range(2 * MAX_SEARCHES)]
        refused = (503, None, "too many searches are running; try again in a moment")
        self.assertEqual(refused, self.refusal("", **SEARCH))
        self.assertIsNone(self.ask("/result", job=jobs[-1])["findings"])
        slow.steps.release(1000)
        self.end()
        self.begin()
        self.end()
        self.assertEqual(1, len(self.interface.searches._running))
