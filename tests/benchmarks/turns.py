"""Turns: everything is measured once in each, so that what slows the machine slows all alike."""

import gc
import time
from collections.abc import Callable
from statistics import median

CALLS = 2000
"""Calls in a block, between two looks at the clock."""

TURNS = 60

Times = dict[str, list[float]]
"""The seconds of each thing that is measured, by turn."""


def block(call: Callable[[], object], calls: int = CALLS) -> float:
    """Time a block of calls, and return the seconds that one takes of the processor.

    Other programs on the machine take turns on the processor, and their turns do not count.
    """
    rounds = range(calls)
    gc.disable()
    start = time.thread_time()
    for _ in rounds:
        call()
    end = time.thread_time()
    gc.enable()
    return (end - start) / calls


def interleave(measures: dict[str, Callable[[], float]], turns: int = TURNS) -> Times:
    """Measure everything in each turn; the first turn warms up and does not count.

    Each second turn goes the other way round, so that none has always the same one before it.
    """
    orders = (list(measures), list(reversed(measures)))
    times = [{name: measures[name]() for name in orders[turn % 2]} for turn in range(turns + 1)]
    return {name: [turn[name] for turn in times[1:]] for name in measures}


def ratio(above: list[float], below: list[float]) -> float:
    """Take the median of the ratios, turn by turn."""
    return median(a / b for a, b in zip(above, below, strict=True))


def less(times: list[float], base: list[float]) -> list[float]:
    """Subtract, turn by turn."""
    return [time - without for time, without in zip(times, base, strict=True)]
