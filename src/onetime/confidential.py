"""A base class and a decorator that keep secrets out of reprs, pickles and tracebacks."""

from functools import wraps

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, ParamSpec, Self, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


def discreet(function: "Callable[P, T]") -> "Callable[P, T]":
    """Wrap a function so that whatever it raises leaves none of its frames behind.

    Error reporters print the local variables of each frame of a traceback, and a function that reads
    secrets has them in its variables, even when it could not read them. So the traceback begins anew
    here, whatever the exception is: a refusal, a store's own exception, or KeyboardInterrupt. The frames
    of the caller are the caller's own.
    """

    @wraps(function)
    def forgetting(*args: "P.args", **kwargs: "P.kwargs") -> "T":
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            del args, kwargs
            error.__context__ = None  # it has frames of its own; and enum puts an error there that quotes
            raise error.with_traceback(None) from error.__cause__

    return forgetting


class Confidential:
    """Base class of values that hold a secret: immutable, never pickled, and its own copy.

    A subclass lists its `__slots__`, writes them with `object.__setattr__`, and compares by value in
    constant time; with `__eq__` it has no hash. Its `repr` is all that it shows.
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
