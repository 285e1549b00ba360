"""Tools for the tests of programs that use onetime."""

from onetime.storage.contract import StoreContract

__all__ = ["ManualClock", "StoreContract"]


class ManualClock:
    """A clock that stands still until a test moves it: `Verifier(store, clock=ManualClock(1_800_000_000))`.

    Args:
        now: Unix time in seconds.
    """

    def __init__(self, now: float = 0) -> None:
        self.now: float = now

    def __call__(self) -> float:
        """Return the time, as `time.time` does."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock forward by a number of seconds; a negative number moves it back."""
        self.now += seconds

    def __repr__(self) -> str:
        return f"ManualClock({self.now!r})"
