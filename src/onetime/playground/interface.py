"""The JSON interface of the page: calls by path, and their answers."""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from onetime.playground import codes, pasted
from onetime.playground.fields import Answer, Clock, RequestError
from onetime.playground.login import Logins
from onetime.playground.search import Searches


class Interface:
    """Answers the calls of the page, and stores a few sessions and searches in memory.

    Args:
        clock: Returns Unix time in seconds.
    """

    def __init__(self, clock: Clock = time.time) -> None:
        self.logins: Logins = Logins(clock)
        self.searches: Searches = Searches(clock)
        self.calls: dict[str, Callable[[object], Answer]] = {
            "/api/secret": codes.secret,
            "/api/read": pasted.read,
            "/api/code": partial(codes.code, clock),
            "/api/steps": partial(codes.steps, clock),
            "/api/table": partial(codes.table, clock),
            "/api/diagnose": self.searches.start,
            "/api/diagnose/result": self.searches.result,
            "/api/diagnose/cancel": self.searches.cancel,
            "/api/login/start": self.logins.start,
            "/api/login/look": self.logins.look,
            "/api/login/verify": self.logins.verify,
            "/api/login/resynchronize": self.logins.resynchronize,
            "/api/login/press": self.logins.press,
            "/api/login/add": self.logins.add,
            "/api/login/enroll": self.logins.enroll,
            "/api/login/forget": self.logins.forget,
            "/api/login/unlock": self.logins.unlock,
            "/api/login/wait": self.logins.wait,
        }

    def answer(self, path: str, body: bytes) -> bytes:
        """Answer a call.

        Args:
            path: One of `calls`.
            body: A JSON object in UTF-8.

        Returns:
            A JSON object, in ASCII.

        Raises:
            RequestError: The request cannot be served.
        """
        return json.dumps(self.calls[path](read(body))).encode()


def read(body: bytes) -> object:
    """Parse JSON (RFC 8259) strictly: in UTF-8, each name once, and no infinite numbers.

    Raises:
        RequestError: The body is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_refuse, parse_float=_finite
        )
    except (ValueError, RecursionError):  # ValueError includes bad UTF-8 and numbers of thousands of digits
        raise RequestError("the body must be JSON in UTF-8") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("names must not be duplicates")
    return values


def _refuse(_: str) -> NoReturn:
    raise ValueError("JSON has neither infinities nor NaN")


def _finite(text: str) -> float:
    value = float(text)
    if value - value != 0:
        _refuse(text)
    return value
