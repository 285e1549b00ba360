"""Calls with malformed input, and what their errors show."""

from collections.abc import Callable
from typing import Any

from tests.support import shown

SAMPLE = 500
"""Number of cases of which one is checked with all variables in its traceback, which is slow."""

PART = 5_000
"""Number of cases that a process runs at a time."""


class CaseError(Exception):
    """A failed case. Its text may show the secret, which is only a test key."""


class Watch:
    """Checks that calls raise only documented errors, and that no error shows a part of a secret in any case.

    Args:
        secret: The secret, as text.
        deep: Whether to check the variables of the library's frames in a traceback, too.
    """

    def __init__(self, secret: str, deep: bool) -> None:
        low = secret.lower()
        self.pieces = {low[i : i + 8] for i in range(len(low) - 7)}
        self.deep = deep
        self.errors = 0

    def __call__(self, call: Callable[[], Any], *documented: type[Exception], deep: bool = True) -> Any:
        """Return the result of a call, or its error.

        Raises:
            CaseError: The error is not documented, or shows a part of the secret.
        """
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
