"""`python3 -m tests.soak interleavings`: three operations on one user at once, in every interleaving.

Each three out of twelve operations, in every order in which their accesses to the store can follow each
other, must do what they do one after the other: the same verdicts, and the same state afterwards.

Actors run in threads, and each waits before each call to the store until it is its turn. A schedule says
whose turn it is. The schedules are enumerated from the first choice to the last, so that what a race hits by
luck is hit here each time.
"""

import argparse
import itertools
import math
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from onetime import HOTP, TOTP, MemoryStore, OnetimeError, Secret, State, Verifier
from onetime.storage.store import Store
from onetime.verification.device import Device
from onetime.verification.throttle import Throttle

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


STEP = 60_000_000
NOW = STEP * 30 + 7
REFILL = 51_840
PHONE, FOB, NEW = TOTP(Secret(b"p" * 20)), HOTP(Secret(b"f" * 20)), TOTP(Secret(b"n" * 20))
BOTH: dict[str, HOTP | TOTP] = {"phone": PHONE, "fob": FOB}

Operation = Callable[[Verifier], object]
Result = tuple[tuple[object, ...], object]
"""What each operation returned or raised, and what is stored afterwards."""

OPERATIONS: dict[str, Operation] = {
    "right": lambda verifier: verifier.verify("alice", BOTH, PHONE.at_step(STEP)),
    "wrong": lambda verifier: verifier.verify("alice", BOTH, "000000"),
    "three codes": lambda verifier: verifier.resynchronize(
        "alice", BOTH, [PHONE.at_step(STEP + i) for i in range(3)]
    ),
    "near miss": lambda verifier: verifier.resynchronize("alice", BOTH, [*FOB.codes(60, 2), "000000"]),
    "enroll": lambda verifier: verifier.enroll("alice", NEW, NEW.at_step(STEP), device="tablet"),
    "replace": lambda verifier: verifier.enroll(
        "alice", NEW, NEW.at_step(STEP), device="phone", replace=True
    ),
    "same again": lambda verifier: verifier.enroll(
        "alice", PHONE, PHONE.at_step(STEP + 1), device="phone", replace=True
    ),
    "forget a device": lambda verifier: verifier.forget("alice", "fob"),
    "forget": lambda verifier: verifier.forget("alice"),
    "unlock": lambda verifier: verifier.unlock("alice"),
    "adopt": lambda verifier: verifier.adopt("alice", FOB, device="fob", watermark=51, replace=True),
    "another device": lambda verifier: verifier.verify("alice", BOTH, FOB.at(50)),
}


def begin() -> MemoryStore:
    """Return a store with a user whose next failure starts a delay, and whose next near miss is the last."""
    state = State(Throttle(4, 4 * REFILL, NOW), Throttle(0, 9 * REFILL, NOW))
    state = state.put("phone", Device.fresh(PHONE, 1)).put("fob", Device.fresh(FOB, 2, 50))
    store = MemoryStore()
    store.swap("otp/alice", None, state.to_text())
    return store


def act(operation: Operation, store: Store) -> object:
    """Return what an operation returned or raised, in a form that can be compared."""
    try:
        return operation(Verifier(store, clock=lambda: NOW))
    except OnetimeError as error:
        return type(error).__name__, *vars(error).values()


def stored(store: Store) -> object:
    """Return what is stored, but for the random numbers."""
    text = store.get("otp/alice")
    if text is None:
        return None
    state = State.from_text(text)
    return *state[:3], [(name, device[:5]) for name, device in state.devices.items()]


def in_turn(names: Iterable[str], order: Iterable[int]) -> Result:
    """Do operations one after the other."""
    store, operations = begin(), [OPERATIONS[name] for name in names]
    outcomes = {number: act(operations[number], store) for number in order}
    return tuple(outcomes[number] for number in range(len(operations))), stored(store)


def at_once(names: tuple[str, ...]) -> Iterable[tuple[Run, Result]]:
    """Do operations at once, in every interleaving."""
    stores: list[MemoryStore] = []

    def actor(name: str) -> Actor:
        return lambda store: act(OPERATIONS[name], store)

    def prepare() -> tuple[Store, list[Actor]]:
        stores[:] = [begin()]
        return stores[0], [actor(name) for name in names]

    for run in interleavings(prepare):
        yield run, (tuple(run.outcomes[number] for number in range(len(names))), stored(stores[0]))


def differences(names: tuple[str, ...]) -> tuple[int, int, str]:
    """Return the number of interleavings, of those with a lost swap, and the first that equals no order."""
    orders = itertools.permutations(range(len(names)))
    expected = [in_turn(names, order) for order in orders]
    count = lost = 0
    for run, result in at_once(names):
        count, lost = count + 1, lost + bool(run.lost)
        if result not in expected:
            return count, lost, f"{names}: {run} leaves {result}, one after the other {expected}"
    return count, lost, ""


def main(arguments: list[str]) -> int:
    """Try all sets; 0 if each interleaving equals a sequential order."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak interleavings", description=__doc__)
    parser.add_argument("--operations", type=int, default=3, help="at once (default: 3)")
    parser.add_argument("--first", type=int, default=0, help="number of the set to begin with (default: 0)")
    parser.add_argument("--minutes", type=float, default=math.inf, help="end after so many (default: never)")
    options = parser.parse_args(arguments)
    everything = list(itertools.combinations_with_replacement(OPERATIONS, options.operations))
    sets, total, total_lost = options.first, 0, 0
    end = time.monotonic() + 60 * options.minutes
    with multiprocessing.Pool() as pool:
        # In order, so that a later run can begin where this one ends.
        for count, lost, found in pool.imap(differences, everything[options.first :]):
            if found:
                print(f"FAILED: set {sets}: {found}")
                return 1
            sets, total, total_lost = sets + 1, total + count, total_lost + lost
            if sets % 10 == 0:
                print(f"up to set {sets}: {total:,} interleavings", flush=True)
            if time.monotonic() > end:
                break
    print(
        f"sets {options.first} to {sets - 1} of {len(everything)} sets of {options.operations} operations: "
        f"{total:,} interleavings, {total_lost:,} with a lost swap; each equals a sequential order"
    )
    return 0
