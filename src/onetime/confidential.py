"""How everything behaves that holds a secret: it shows nothing of it by accident."""

from functools import wraps

from onetime.errors import OnetimeError

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, ParamSpec, Self, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


def discreet(function: "Callable[P, T]") -> "Callable[P, T]":
    """Raise a function's errors from a frame that no longer knows what the function was given.

    Error reporters print the local variables of each frame of a traceback. What a function that reads
    secrets was given is a secret even when it is none that can be read. The caller's frame stays the
    caller's own affair.
    """

    @wraps(function)
    def forgetting(*args: "P.args", **kwargs: "P.kwargs") -> "T":
        try:
            return function(*args, **kwargs)
        except (OnetimeError, TypeError, ValueError) as caught:
            error = caught.with_traceback(None)
        error.__context__ = None  # enum puts an error there that quotes
        del args, kwargs
        raise error

    return forgetting


class Confidential:
    """What holds a secret: fixed once it is made, never pickled, and its copy is itself.

    A subclass lists its `__slots__`, writes them with `object.__setattr__`, and compares by value in
    constant time; with `__eq__` it has no hash. Its `repr` is all that is shown of it.
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __copy__(self) -> "Self":
        return self

    def __deepcopy__(self, memo: object) -> "Self":
        return self

    def __reduce_ex__(self, protocol: object) -> "NoReturn":
        raise TypeError(f"{type(self).__name__} holds a secret and is not pickled")

    def __getstate__(self) -> "NoReturn":
        self.__reduce_ex__(None)
