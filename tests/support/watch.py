"""Calls with malformed input, and what their errors show."""

from collections.abc import Callable
from typing import Any

from tests.support import shown

SAMPLE = 500
"""Of so many cases one is looked at with a traceback and the variables of its frames, which is slow."""

PART = 5_000
"""Cases that one process does at a time."""


class CaseError(Exception):
    """A case that went wrong. These are test keys, to be seen."""


class Watch:
    """Lets out nothing but documented errors that show no piece of a secret, in whatever case.

    Args:
        secret: The secret, as text.
        deep: Whether the variables of the library's frames in a traceback are looked at too.
    """

    def __init__(self, secret: str, deep: bool) -> None:
        low = secret.lower()
        self.pieces = {low[i : i + 8] for i in range(len(low) - 7)}
        self.deep = deep
        self.errors = 0

    def __call__(self, call: Callable[[], Any], *documented: type[Exception], deep: bool = True) -> Any:
        """Return what a call returns, or its error."""
        try:
            return call()
        except Exception as error:
            if type(error) not in documented:
                raise CaseError(f"{call} raises {error!r}, which is not documented") from error
            parts = (str(error), repr(error), repr(error.args), repr(vars(error)))
            report = shown(error) if self.deep and deep else "\n".join(parts)
            low = report.lower()
            if any(piece in low for piece in self.pieces):
                raise CaseError(f"{call} raises an error that shows the secret: {report}") from error
            self.errors += 1
            return error
