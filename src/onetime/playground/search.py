"""Searches for the reason why a code does not match. Each has its own thread, and can be canceled."""

import secrets
import threading
from collections import OrderedDict

from onetime.errors import SecretError
from onetime.hotp import LAST_MOVING_FACTOR
from onetime.inspection.diagnosis import CONVINCING, diagnose
from onetime.inspection.finding import Finding
from onetime.inspection.messages import odds
from onetime.inspection.sighting import Sighting, read_code
from onetime.playground.fields import Answer, Clock, Fields, RequestError, blame

MAX_SEARCHES = 4
"""Maximum number of searches that run or whose result is stored. A new search cancels the oldest one."""

MAX_CODES = 10
"""Maximum number of codes to compare with."""


class Search:
    """One search and its progress."""

    def __init__(self, text: str, sightings: list[Sighting]) -> None:
        self._given = (text, sightings)
        self._canceled = False
        self._progress = 0.0
        self._answer: Answer | None = None
        self._error: RequestError | None = None
        self.thread: threading.Thread = threading.Thread(target=self._run, daemon=True)

    def result(self) -> Answer:
        """Return the progress or the result."""
        if self._error is not None:
            raise self._error.with_traceback(None)  # otherwise the traceback would grow with each call
        return self._answer or {"progress": self._progress, "findings": None}

    def cancel(self) -> None:
        """End the search at its next step."""
        self._canceled = True

    def _advance(self, progress: float) -> bool:
        self._progress = progress
        return self._canceled

    def _run(self) -> None:
        text, (first, *more) = self._given
        try:
            diagnosis = diagnose(
                text, first.code, first.time, counter=first.counter, more=more, progress=self._advance
            )
            self._answer = {
                "progress": 1,
                "findings": [_shown(finding) for finding in diagnosis.findings],
                "found": diagnosis.found,
                "tried": diagnosis.tried,
                "not_tried": diagnosis.not_tried,
                "needs_second_code": diagnosis.needs_second_code,
            }
        except SecretError as error:
            self._error = RequestError(str(error), "secret")
        except ValueError as error:
            self._error = RequestError(str(error), "codes")
        except Exception:  # the page shows that the search failed; a thread has no caller to raise it to
            self._error = RequestError("the search failed", status=500)


class Searches:
    """The newest few searches."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Search] = OrderedDict()
        self._running: list[Search] = []

    def start(self, values: object) -> Answer:
        """Start a search."""
        fields = Fields(values, ("secret", "codes"))
        text = fields.text("secret")
        given = fields.list("codes", 1, MAX_CODES)
        sightings = [self._sighting(number, each) for number, each in enumerate(given, 1)]
        search = Search(text, sightings)
        name = secrets.token_hex(16)
        with self._lock:
            self._running = [each for each in self._running if each.thread.is_alive()]
            # A canceled search continues until it next reports its progress.
            if len(self._running) >= 2 * MAX_SEARCHES:
                raise RequestError("too many searches are running; try again in a moment", status=503)
            self._running.append(search)
            self._kept[name] = search
            if len(self._kept) > MAX_SEARCHES:
                self._kept.popitem(last=False)[1].cancel()
            search.thread.start()
        return {"job": name}

    def result(self, values: object) -> Answer:
        """Return the progress or the result of a search."""
        return self._find(Fields(values, ("job",))).result()

    def cancel(self, values: object) -> Answer:
        """Cancel and delete a search."""
        fields = Fields(values, ("job",))
        with self._lock:
            self._find(fields).cancel()
            del self._kept[fields.text("job")]
        return {}

    def _sighting(self, number: int, values: object) -> Sighting:
        """Read one of the codes. An error names the code, counted from 1, and its field."""
        place = f"codes.{number}"
        try:
            fields = Fields(values, ("code", "age", "time", "counter"), place)
            counter = None if fields.is_null("counter") else fields.moving_factor("counter")
            time = fields.time("time")
            # The page sends the seconds since the code was typed, because the browser's clock may be wrong.
            age = 0 if fields.is_null("age") else fields.whole("age", 0, LAST_MOVING_FACTOR)
            if time is None and counter is None:
                time = max(0, self._clock() - age)
            sighting = Sighting(fields.text("code"), time, counter)
            with blame("code"):
                read_code(sighting)
        except RequestError as error:
            field = place if error.field == place else f"{place}.{error.field}"
            raise RequestError(f"code {number}: {error.message}", field) from None
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
