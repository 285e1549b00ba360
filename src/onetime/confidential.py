"""A base class and a decorator that keep secrets out of reprs, pickles and tracebacks."""

from functools import wraps

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, ParamSpec, Self, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


def discreet(function: "Callable[P, T]") -> "Callable[P, T]":
    """Wrap a function so that an exception that leaves it refers to none of its frames.

    Error reporters print the local variables of each frame of a traceback, and the variables of a function
    that reads secrets hold these secrets, even if the function fails. So the traceback restarts here for
    every exception: a refusal, a store's own exception, or KeyboardInterrupt. The caller is responsible
    for its own frames.
    """

    @wraps(function)
    def forgetting(*args: "P.args", **kwargs: "P.kwargs") -> "T":
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            del args, kwargs
            error.__context__ = None  # the context has frames too, and one from enum quotes the value
            raise error.with_traceback(None) from error.__cause__

    return forgetting


class Confidential:
    """Base class of values that hold a secret. They are immutable and cannot be pickled.

    A copy is the same object. Formatting shows only the `repr`. A subclass lists its `__slots__`, sets them
    with `object.__setattr__`, and compares by value in constant time. Because it defines `__eq__`, it cannot
    be hashed.
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
        raise TypeError(f"{type(self).__name__} holds a secret and cannot be pickled")

    def __getstate__(self) -> "NoReturn":
        self.__reduce_ex__(None)
