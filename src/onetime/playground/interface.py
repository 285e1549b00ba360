"""The JSON interface of the page: what it asks, by address, and the answers."""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from onetime.playground import codes
from onetime.playground.fields import Answer, Clock, RequestError
from onetime.playground.login import Logins
from onetime.playground.search import Searches


class Interface:
    """Answers the page. It keeps what the page began, in memory and no more than a few of each.

    Args:
        clock: Gives Unix time in seconds.
    """

    def __init__(self, clock: Clock = time.time) -> None:
        self.logins = Logins(clock)
        self.searches = Searches(clock)
        self.calls: dict[str, Callable[[object], Answer]] = {
            "/api/secret": codes.secret,
            "/api/code": partial(codes.code, clock),
            "/api/steps": partial(codes.steps, clock),
            "/api/table": partial(codes.table, clock),
            "/api/diagnose": self.searches.start,
            "/api/diagnose/result": self.searches.result,
            "/api/diagnose/cancel": self.searches.cancel,
            "/api/login/start": self.logins.start,
            "/api/login/verify": self.logins.verify,
            "/api/login/resynchronize": self.logins.resynchronize,
            "/api/login/wait": self.logins.wait,
            "/api/login/device": self.logins.device,
        }

    def answer(self, address: str, body: bytes) -> bytes:
        """Answer a request.

        Args:
            address: One of `calls`.
            body: A JSON object in UTF-8.

        Returns:
            A JSON object, in ASCII.

        Raises:
            RequestError: The request cannot be served.
        """
        return json.dumps(self.calls[address](read(body))).encode()


def read(body: bytes) -> object:
    """Read JSON (RFC 8259), strictly: in UTF-8, each name once, and every number one that JSON has.

    Raises:
        RequestError: It is none, or nested too deeply.
    """
    try:
        return json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_refuse, parse_float=_finite
        )
    except (ValueError, RecursionError):  # also of UTF-8, and of a number with thousands of digits
        raise RequestError("the body is not JSON in UTF-8") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name is there twice")
    return values


def _refuse(_: str) -> NoReturn:
    raise ValueError("JSON has neither infinities nor NaN")


def _finite(text: str) -> float:
    value = float(text)
    if value - value != 0:
        _refuse(text)
    return value
