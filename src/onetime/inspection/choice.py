"""One way to do a step of the computation: the right one, or a known implementation mistake."""

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Choice(NamedTuple, Generic[T]):
    """One way to do a step.

    Attributes:
        value: What does the step.
        cost: Number of mistakes that it counts as, 0 to 2.
        words: What is wrong, for the finding; empty if nothing is.
        advice: What to do about it, in a sentence; empty if nothing is wrong.
        rare: Whether it is only tried near the expected time or counter.
    """

    value: T
    cost: int = 0
    words: str = ""
    advice: str = ""
    rare: bool = False
