"""One way to do a step of the computation: the right one, or a known implementation mistake."""

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Choice(NamedTuple, Generic[T]):
    """One way to do a step.

    Attributes:
        value: The function or object that does the step.
        cost: Number of mistakes that the choice counts as, 0 to 2.
        words: Description of the mistake, for the finding; empty for the right choice.
        advice: How to correct the mistake, in a sentence; empty for the right choice.
        rare: Whether the choice is tried only near the expected time or counter.
    """

    value: T
    cost: int = 0
    words: str = ""
    advice: str = ""
    rare: bool = False
