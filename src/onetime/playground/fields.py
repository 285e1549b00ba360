"""The fields of a JSON object in a request, read one by one and checked."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from onetime.algorithm import Algorithm
from onetime.errors import OnetimeError
from onetime.hotp import HOTP, LAST_MOVING_FACTOR, MAX_DIGITS, MIN_DIGITS
from onetime.provisioning.uri import Account
from onetime.secret import READERS
from onetime.totp import TOTP

Answer = dict[str, object]
Clock = Callable[[], float]


class RequestError(Exception):
    """A request cannot be served.

    Attributes:
        message: The reason, as text for the user. It does not quote the request.
        field: The faulty field; None if the request as a whole is faulty.
        status: The status of the answer (RFC 9110 section 15). It is 200 if a field is faulty, because a
            mistake in a form has an ordinary answer, and browsers report failed requests.
    """

    def __init__(self, message: str, field: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.status: int = status if field is None else 200


@contextmanager
def blame(field: str | None) -> Iterator[None]:
    """Raise an error of the library as an error of the field that holds the value."""
    try:
        yield
    except (OnetimeError, ValueError) as error:
        raise RequestError(str(error), field) from None


class Fields:
    """The fields of one JSON object.

    A missing field has its default; a field without a default is required.

    Args:
        values: The parsed JSON.
        names: The known fields.
        field: The field that holds the object; None for the request as a whole.

    Raises:
        RequestError: The value is not an object, or has an unknown field.
    """

    def __init__(self, values: object, names: Iterable[str], field: str | None = None) -> None:
        if not isinstance(values, dict):
            raise RequestError(f"{field or 'the request'} must be a JSON object", field)
        if not values.keys() <= set(names):
            raise RequestError(f"a field of {field or 'the request'} is unknown", field)
        self._values = values

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text."""
        value = self._values.get(name, default)
        if not isinstance(value, str):
            self._refuse(name, "text")
        return value

    def choice(self, name: str, choices: Iterable[str], default: str) -> str:
        """Return a text that is one of several choices."""
        value = self.text(name, default)
        if value not in tuple(choices):  # the choices may be an enumeration
            raise RequestError(f"{name} must be one of {', '.join(choices)}", name)
        return value

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number within bounds."""
        value = self._values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self._refuse(name, f"a whole number from {low} to {_written(high)}")
        return value

    def moving_factor(self, name: str, default: str | None = None) -> int:
        """Return a moving factor. It is sent as text, because JavaScript's numbers have 53 bits."""
        value = self.text(name, default)
        digits = value.isascii() and value.isdigit() and len(value) <= len(str(LAST_MOVING_FACTOR))
        if not digits or int(value) > LAST_MOVING_FACTOR:
            self._refuse(name, f"a whole number from 0 to {_written(LAST_MOVING_FACTOR)}")
        return int(value)

    def time(self, name: str) -> float | None:
        """Return a Unix time in seconds; None if the field is missing or null."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            self._refuse(name, "a number: Unix time in seconds")
        if not 0 <= value <= LAST_MOVING_FACTOR:
            self._refuse(name, f"Unix time in seconds, from 0 to {_written(LAST_MOVING_FACTOR)}")
        return value

    def list(self, name: str, low: int, high: int) -> list[object]:
        """Return a list whose length is within bounds."""
        value = self._values.get(name)
        if not isinstance(value, list) or not low <= len(value) <= high:
            many = f"{low}" if low == high else f"{low} to {high}"
            self._refuse(name, f"a list of {many}")
        return value

    def is_null(self, name: str) -> bool:
        """Return whether a field is missing or null."""
        return self._values.get(name) is None

    def account(self) -> Account:
        """Return the field `credential`: an HOTP with its counter, or a TOTP."""
        names = ("secret", "form", "kind", "algorithm", "digits", "period", "t0", "counter")
        inner = Fields(self._values.get("credential"), names, "credential")
        read = READERS[inner.choice("form", READERS, "base32")]
        text = inner.text("secret")
        kind = inner.choice("kind", ("totp", "hotp"), "totp")
        algorithm = inner.choice("algorithm", Algorithm, Algorithm.SHA1)
        digits = inner.whole("digits", MIN_DIGITS, MAX_DIGITS, 6)
        period = inner.whole("period", 1, LAST_MOVING_FACTOR, 30)
        t0 = inner.whole("t0", 0, LAST_MOVING_FACTOR, 0)
        counter = inner.moving_factor("counter", "0")
        with blame("secret"):
            secret = read(text)
        if kind == "hotp":
            return Account("", HOTP(secret, digits=digits, algorithm=algorithm), counter=counter)
        return Account("", TOTP(secret, digits=digits, algorithm=algorithm, period=period, t0=t0))

    def _refuse(self, name: str, what: str) -> NoReturn:
        raise RequestError(f"{name} must be {what}", name)


def _written(number: int) -> str:
    return "2^64-1" if number == LAST_MOVING_FACTOR else str(number)
