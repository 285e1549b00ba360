"""Every order in which the calls of a store can follow each other, one after the other.

Actors run in threads, and each waits before each call to the store until it is its turn. A schedule says
whose turn it is; the schedules are enumerated from the first choice to the last. So what a race hits by
luck is here hit each time.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from onetime.storage.store import Store

Actor = Callable[[Store], object]


@dataclass
class Run:
    """What happened in one schedule.

    Attributes:
        swaps: Who wrote, in this order.
        lost: Who wanted to write and came too late.
        outcomes: What each actor returned or raised.
    """

    swaps: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    outcomes: dict[int, object] = field(default_factory=dict)

    def wrote_before(self, one: int, other: int) -> bool:
        """Tell whether one actor wrote before the other did."""
        return one in self.swaps and self.swaps.index(one) < self.swaps.index(other)


class _Turns:
    """The store as one actor sees it."""

    def __init__(self, store: Store, number: int, run: Run, arrived: threading.Semaphore) -> None:
        self.store = store
        self.number = number
        self.run = run
        self.arrived = arrived
        self.turn = threading.Semaphore(0)
        self.ended = False

    def get(self, key: str) -> str | None:
        self._wait()
        return self.store.get(key)

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        self._wait()
        swapped = self.store.swap(key, old, new)
        (self.run.swaps if swapped else self.run.lost).append(self.number)
        return swapped

    def _wait(self) -> None:
        self.arrived.release()
        self.turn.acquire()

    def act(self, actor: Actor) -> None:
        try:
            self.run.outcomes[self.number] = actor(self)
        except Exception as error:
            self.run.outcomes[self.number] = error
        self.ended = True
        self.arrived.release()


def _run(store: Store, actors: Sequence[Actor], prefix: Sequence[int]) -> tuple[Run, list[tuple[int, ...]]]:
    """Run a schedule of which the beginning is given; tell also who could have been chosen each time."""
    run, arrived = Run(), threading.Semaphore(0)
    choices: list[tuple[int, ...]] = []
    turns = [_Turns(store, number, run, arrived) for number in range(len(actors))]
    threads = [
        threading.Thread(target=turn.act, args=(actor,)) for turn, actor in zip(turns, actors, strict=True)
    ]
    for thread in threads:
        thread.start()
        arrived.acquire()
    while waiting := tuple(turn.number for turn in turns if not turn.ended):
        chosen = prefix[len(choices)] if len(choices) < len(prefix) else waiting[0]
        choices.append((chosen, *(number for number in waiting if number != chosen)))
        turns[chosen].turn.release()
        arrived.acquire()
    for thread in threads:
        thread.join()
    return run, choices


def interleavings(begin: Callable[[], tuple[Store, Sequence[Actor]]]) -> Iterator[Run]:
    """Run all schedules.

    Args:
        begin: Makes a store as it is at the beginning, and the actors.
    """
    prefixes: list[tuple[int, ...]] = [()]
    while prefixes:
        prefix = prefixes.pop()
        store, actors = begin()
        run, choices = _run(store, actors, prefix)
        yield run
        taken = tuple(choice[0] for choice in choices)
        for place in range(len(prefix), len(choices)):
            prefixes += [(*taken[:place], other) for other in choices[place][1:]]
