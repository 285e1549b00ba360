"""The format of all stored records: a kind with its version, words, and a checksum."""

from binascii import crc32

from onetime.errors import StoreError

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Protocol, TypeVar

    class Record(Protocol):
        """A value that is stored as a record."""

        def to_text(self) -> str:
            """Return the text of the record."""

    R = TypeVar("R", bound=Record)

_PLAIN = b"0123456789 -.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""The characters of most records."""

BOUND = 2**256
"""Bound of the stored numbers: the absolute value of each is less than this."""


def write(kind: str, words: "Iterable[object]") -> str:
    """Return the text of a record.

    Args:
        kind: The kind of record and its version, for example "user1".
        words: Integers, and names without white space.
    """
    return checked(" ".join([kind, *map(str, words)]))


def checked(text: str) -> str:
    """Return a record with its checksum at the end.

    The checksum detects damage. It does not stop an attacker who can write to the store.
    """
    return f"{text} {crc32(text.encode())}"


def read(kind: str, text: str, build: "Callable[[list[str]], R]") -> "R":
    """Parse the text that `write` wrote; refuse any other text.

    Args:
        kind: The kind of record and its version.
        text: The text.
        build: Builds the value from the words; raises ValueError or TypeError if it cannot.

    Raises:
        StoreError: The text is damaged, or is of an unknown kind or version.
    """
    try:
        body, _, check = text.rpartition(" ")
        data = body.encode()
        words = body.split(" ")
        if words.pop(0) == kind and check == str(crc32(data)):
            value = build(words)
            # int() also reads white space, a plus sign, underscores, leading zeros and the digits of any
            # script. These tests are quick. A name may fail them; then the record is written again and
            # compared.
            plain = not data.translate(None, _PLAIN) and "-0" not in body
            if (plain and body.count(" 0") == words.count("0")) or value.to_text() == text:
                return value
    except (AttributeError, TypeError, ValueError):
        pass
    raise StoreError("a stored record is damaged, or is of an unknown kind or version")


def numbers(words: list[str]) -> list[int]:
    """Parse integers.

    Raises:
        ValueError: A word is not an integer, or is out of bounds.
    """
    values = list(map(int, words))
    if not -BOUND < min(values) <= max(values) < BOUND:
        raise ValueError("a stored number is out of bounds")
    return values


def items_of(store: object, prefix: str) -> "Iterator[tuple[str, str]]":
    """Return the storage keys and texts of all records of one kind.

    Raises:
        TypeError: The store has no method `items`.
    """
    items: Callable[[str], Iterator[tuple[str, str]]] | None = getattr(store, "items", None)
    if items is None:
        raise TypeError("the store must have a method items, as MemoryStore and SQLStore do")
    return items(f"{prefix}/")
