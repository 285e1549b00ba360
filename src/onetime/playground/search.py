"""Searches for why a code does not match, each in a thread of its own, with progress and an end."""

import secrets
import threading
from collections import OrderedDict

from onetime.errors import SecretError
from onetime.inspection.diagnosis import CONVINCING, diagnose
from onetime.inspection.finding import Finding
from onetime.inspection.messages import odds
from onetime.inspection.sighting import Sighting, read_code
from onetime.playground.fields import Answer, Clock, Fields, RequestError, blame

MAX_SEARCHES = 4
"""So many are kept, and so many are under way at most: the oldest makes room."""

MAX_CODES = 10


class Search:
    """One search, and how far it is."""

    def __init__(self, text: str, sightings: list[Sighting]) -> None:
        self._given = (text, sightings)
        self._cancelled = False
        self._progress = 0.0
        self._answer: Answer | None = None
        self._error: RequestError | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def result(self) -> Answer:
        """Tell how far it is, or what was found."""
        if self._error is not None:
            raise self._error.with_traceback(None)  # or it would grow with each time
        return self._answer or {"progress": self._progress, "findings": None, "tried": None}

    def cancel(self) -> None:
        """Let it end at its next step."""
        self._cancelled = True

    def _advance(self, progress: float) -> bool:
        self._progress = progress
        return self._cancelled

    def _run(self) -> None:
        text, (first, *more) = self._given
        try:
            diagnosis = diagnose(
                text, first.code, first.time, counter=first.counter, more=more, progress=self._advance
            )
            self._answer = {
                "progress": 1,
                "findings": [_shown(finding) for finding in diagnosis.findings],
                "tried": diagnosis.tried,
            }
        except SecretError as error:
            self._error = RequestError(str(error), "secret")
        except ValueError as error:
            self._error = RequestError(str(error), "codes")
        except Exception:  # the page is told; a thread has nobody else to tell
            self._error = RequestError("the search failed", status=500)


class Searches:
    """The searches that are kept, the newest few of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Search] = OrderedDict()
        self._running: list[Search] = []

    def start(self, values: object) -> Answer:
        """Begin a search."""
        fields = Fields(values, ("secret", "codes"))
        text = fields.text("secret")
        given = fields.list("codes", 1, MAX_CODES)
        sightings = [self._sighting(f"code {number}", each) for number, each in enumerate(given, 1)]
        search = Search(text, sightings)
        name = secrets.token_hex(16)
        with self._lock:
            self._running = [each for each in self._running if each.thread.is_alive()]
            # A search that was cancelled runs on until it next tells its progress.
            if len(self._running) >= 2 * MAX_SEARCHES:
                raise RequestError("too many searches are under way; try again in a moment", status=503)
            self._running.append(search)
            self._kept[name] = search
            if len(self._kept) > MAX_SEARCHES:
                self._kept.popitem(last=False)[1].cancel()
            search.thread.start()
        return {"job": name}

    def result(self, values: object) -> Answer:
        """Tell how far a search is, or what was found."""
        return self._find(Fields(values, ("job",))).result()

    def cancel(self, values: object) -> Answer:
        """End a search and forget it."""
        fields = Fields(values, ("job",))
        with self._lock:
            self._find(fields).cancel()
            del self._kept[fields.text("job")]
        return {}

    def _sighting(self, name: str, values: object) -> Sighting:
        """Read one of the codes; an error is of that code, and says which it is."""
        fields = Fields(values, ("code", "time", "counter"), name)
        try:
            counter = None if fields.is_null("counter") else fields.moving_factor("counter")
            time = fields.time("time")
            if time is None and counter is None:
                time = self._clock()
            sighting = Sighting(fields.text("code"), time, counter)
            with blame(name):
                read_code(sighting)
        except RequestError as error:
            raise RequestError(f"{name}: {error.message}", name) from None
        return sighting

    def _find(self, fields: Fields) -> Search:
        search = self._kept.get(fields.text("job"))
        if search is None:
            raise RequestError("this search is gone; start another", "job")
        return search


def _shown(finding: Finding) -> Answer:
    return {
        **finding.to_dict(),
        "moving_factors": [str(each) for each in finding.moving_factors],
        "likelihood": odds(finding.chance),
        "convincing": finding.chance < CONVINCING,
    }
