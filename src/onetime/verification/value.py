"""A base class of immutable values, which is faster to import than dataclasses."""

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from typing import Any, NoReturn, Self


class Value:
    """Base class of immutable values, which are compared by their fields.

    A subclass lists its fields in `__slots__`, in the order of its `repr`. Its constructor has arguments with
    the same names, and passes them to `_fill`.
    """

    __slots__ = ()

    def _fill(self, **fields: object) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def to_dict(self) -> "dict[str, Any]":
        """Return the fields by name, for logs and JSON."""
        return {name: getattr(self, name) for name in _fields(type(self))}

    def replace(self, **changes: "Any") -> "Self":
        """Return the same value with some fields changed.

        Raises:
            TypeError: A field is unknown.
            ValueError: A value is out of range, or the values do not fit together.
        """
        return type(self)(**{**self.to_dict(), **changes})

    __replace__ = replace  # for copy.replace of Python 3.13

    def __setattr__(self, name: str, value: object) -> "NoReturn":
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> "NoReturn":
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _fields(type(self)))

    def __hash__(self) -> int:
        return hash(tuple(self.to_dict().values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items())
        return f"{type(self).__name__}({fields})"

    def __copy__(self) -> "Self":
        return self

    def __deepcopy__(self, memo: object) -> "Self":
        return self

    def __reduce__(self) -> "tuple[Any, ...]":
        return _restored, (type(self), self.to_dict())


def _fields(cls: type) -> list[str]:
    return [name for base in reversed(cls.__mro__) for name in base.__dict__.get("__slots__", ())]


def _restored(cls: "type[Value]", fields: "dict[str, Any]") -> Value:
    return cls(**fields)
