"""How codes that were handed out are remembered in a store: a kind with its version, and integers."""

from binascii import crc32
from collections.abc import Sequence

from onetime.errors import StoreError


class Layout:
    """What a record is made of.

    Its text is the kind, the integers, each written in one way only, and a check of all that. The check
    finds damage; whoever can write to the store can write it too.

    Args:
        kind: The kind of record and its version, for example "delivered1".
        widths: How many bits each of the integers has at most.
    """

    def __init__(self, kind: str, widths: Sequence[int]) -> None:
        self.kind = kind
        self.widths = widths

    def to_text(self, numbers: Sequence[int]) -> str:
        """Write a record as a store keeps it.

        Raises:
            ValueError: A number is out of range, as the time of a clock before 1970 is; or there are too
                few or too many.
        """
        for number, width in zip(numbers, self.widths, strict=True):
            if number >> width:  # what is left of a negative number is never 0
                raise ValueError(f"a number of the record {self.kind} is out of range")
        text = " ".join([self.kind, *map(str, numbers)])
        return f"{text} {crc32(text.encode())}"

    def from_text(self, text: str) -> list[int]:
        """Read what `to_text` wrote, and nothing else.

        Raises:
            StoreError: The text is damaged, or of an unknown kind or version.
        """
        try:
            numbers = [int(word) for word in text.split(" ")[1:-1]]
            if self.to_text(numbers) == text:
                return numbers
        except ValueError:
            pass
        raise StoreError("a stored record is damaged, or of an unknown kind or version")
