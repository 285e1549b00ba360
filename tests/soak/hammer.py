"""`python3 -m tests.soak hammer`: threads and processes that verify, enroll and guess at the same moment.

SQLite always, PostgreSQL where ONETIME_POSTGRES has a conninfo and psycopg is installed. There is no seed:
what is random is how the threads meet.
"""

import argparse
import os
import tempfile
import time
import unittest
from collections.abc import Callable, Collection, Sequence
from functools import partial
from multiprocessing import sharedctypes
from pathlib import Path
from typing import Any, ClassVar

from onetime import HOTP, TOTP
from onetime.errors import (
    AlreadyEnrolledError,
    IncorrectCodeError,
    NotIssuedError,
    OnetimeError,
    OtherCredentialError,
    ReplayedCodeError,
    ThrottledError,
)
from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from onetime.verification.delivery import DeliveredCodes
from onetime.verification.recovery import RecoveryCodes
from onetime.verification.verifier import Verifier
from tests.support.contest import (
    START,
    Contest,
    SharedStore,
    Tally,
    hammer,
    on_postgres,
    secret_of,
)
from tests.support.postgres import ISOLATION_LEVELS, Postgres
from tests.support.stores import read_then_write

# Eight digits: at six, one code in sight is that of another step now and then, which is not the question.
TIMED = TOTP(secret_of("timed"), digits=8)
COUNTED = HOTP(secret_of("counted"), digits=8)
PEPPER = secret_of("pepper")


def once(refusal: type[OnetimeError], function: Callable[..., object], *arguments: object) -> int:
    """Count a call: 1 if it returns, 0 if it is refused in this way and no other."""
    try:
        function(*arguments)
    except OnetimeError as error:
        if type(error) is refusal:
            return 0
        raise
    return 1


def expect(refusal: type[OnetimeError], function: Callable[..., object], *arguments: object) -> None:
    """Demand that a call is refused, in this way and no other."""
    if once(refusal, function, *arguments):
        raise AssertionError(f"not refused by {refusal.__name__}")


def delivered(contest: Contest) -> DeliveredCodes:
    return DeliveredCodes(contest.store, PEPPER, clock=contest.clock)


def recovery(contest: Contest) -> RecoveryCodes:
    return RecoveryCodes(contest.store, clock=contest.clock)


class Timed(Contest):
    """One code of a TOTP."""

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        if not number:
            self.verifier.adopt(self.key, TIMED)
        self.clock.set(START + number * TIMED.period)
        return TIMED.at(self.clock()), {1}

    def attempt(self, slot: int, told: str) -> int:
        return once(ReplayedCodeError, self.verifier.verify, self.key, TIMED, told)


class Neighbours(Timed):
    """Half of them show the code of a step, half that of the next: both in order, or the later alone."""

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        told, _ = super().prepare(2 * number if number else 0)
        return f"{told} {TIMED.at(self.clock() + TIMED.period)}", {1, 2}

    def attempt(self, slot: int, told: str) -> int:
        return super().attempt(slot, told.split()[slot % 2])

    def finish(self, told: str, counts: Sequence[int]) -> None:
        assert max(sum(counts[0::2]), sum(counts[1::2])) == sum(counts[1::2]) == 1, counts
        for code in told.split():
            expect(ReplayedCodeError, self.verifier.verify, self.key, TIMED, code)


class Reenrolment(Timed):
    """Half of them show a code, half confirm a new enrolment of the same credential with it."""

    def attempt(self, slot: int, told: str) -> int:
        if slot % 2:
            return super().attempt(slot, told)
        enroll = partial(self.verifier.enroll, replace=True)
        return once(ReplayedCodeError, enroll, self.key, TIMED, told)


class Counted(Contest):
    """One code of a HOTP."""

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        if not number:
            self.verifier.adopt(self.key, COUNTED)
        return COUNTED.at(number), {1}

    def attempt(self, slot: int, told: str) -> int:
        return once(ReplayedCodeError, self.verifier.verify, self.key, COUNTED, told)


class ThreeTimed(Contest):
    """Three consecutive codes of a TOTP."""

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        if not number:
            self.verifier.adopt(self.key, TIMED)
        self.clock.set(START + number * 5 * TIMED.period)
        first = TIMED.step(self.clock())
        return " ".join(TIMED.at_step(first + i) for i in range(3)), {1}

    def attempt(self, slot: int, told: str) -> int:
        return once(ReplayedCodeError, self.verifier.resynchronize, self.key, TIMED, told.split())


class ThreeCounted(Contest):
    """Three consecutive codes of a HOTP, further ahead than one code may be."""

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        if not number:
            self.verifier.adopt(self.key, COUNTED)
        return " ".join(COUNTED.at(40 * number + i) for i in range(3)), {1}

    def attempt(self, slot: int, told: str) -> int:
        return once(ReplayedCodeError, self.verifier.resynchronize, self.key, COUNTED, told.split())


class Enrolment(Contest):
    """Everybody enrols a credential of their own under one key; the winner's is the one that stays."""

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        return f"{self.key} {number}", {1}

    def attempt(self, slot: int, told: str) -> int:
        credential = HOTP(secret_of(slot), digits=8)
        return once(AlreadyEnrolledError, self.verifier.enroll, told, credential, credential.at(0))

    def finish(self, told: str, counts: Sequence[int]) -> None:
        winner = counts.index(1)
        for slot in {winner, (winner + 1) % self.slots}:
            credential = HOTP(secret_of(slot), digits=8)
            # The winner's code was spent by the enrolment; the others' credentials are not enrolled.
            refusal = ReplayedCodeError if slot == winner else OtherCredentialError
            expect(refusal, self.verifier.verify, told, credential, credential.at(0))


class TwoDevices(Contest):
    """Slots show a code of either of two devices, enroll a third one, or forget it; one row has it all."""

    DEVICES: ClassVar[dict[str, HOTP | TOTP]] = {"phone": TIMED, "fob": COUNTED}

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        if not number:
            for name, credential in self.DEVICES.items():
                self.verifier.adopt(self.key, credential, device=name)
        self.clock.set(START + number * TIMED.period)
        return f"{number} {TIMED.at(self.clock())} {COUNTED.at(number)}", {2}

    def attempt(self, slot: int, told: str) -> int:
        number, *codes = told.split()
        if slot % 4 < 2:
            return once(ReplayedCodeError, self.verifier.verify, self.key, self.DEVICES, codes[slot % 4])
        if slot % 4 == 2:
            tablet = HOTP(secret_of("tablet", number), digits=8)
            enroll = partial(self.verifier.enroll, device="tablet")
            once(AlreadyEnrolledError, enroll, self.key, tablet, tablet.at(0))
        else:
            self.verifier.forget(self.key, "tablet")
        return 0

    def finish(self, told: str, counts: Sequence[int]) -> None:
        assert [sum(counts[0::4]), sum(counts[1::4])] == [1, 1], counts
        for code in told.split()[1:]:
            expect(ReplayedCodeError, self.verifier.verify, self.key, self.DEVICES, code)
        self.verifier.forget(self.key, "tablet")
        state = self.verifier.state(self.key)
        assert state is not None
        assert list(state.devices) == list(self.DEVICES), state
        assert state.throttle.failures == 0, state


class Replacement(Contest):
    """Half of the slots replace a credential while the other half show codes of the old one.

    Each code is right and unspent. After `enroll` has returned, none of them may be accepted. With an odd
    number of slots, the last one has no partner.
    """

    def __init__(self, store: SharedStore, slots: int) -> None:
        super().__init__(store, slots)
        self.replaced = sharedctypes.RawArray("q", slots)

    def credential(self, pair: int, number: int) -> HOTP:
        return HOTP(secret_of("pair", pair, number), digits=8)

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        if not number:
            for pair in range(self.slots // 2):
                self.verifier.adopt(f"{self.key} {pair}", self.credential(pair, 0))
        return str(number + 1), {0}

    def attempt(self, slot: int, told: str) -> int:
        # A pair is in two processes.
        number, half = int(told), self.slots // 2
        pair = slot % half
        if slot == 2 * half:
            return 0
        if slot < half:
            for _ in range((7 * number + pair) % 8):  # so that it begins now earlier, now later
                self.store.get("nothing")
            self.verifier.adopt(f"{self.key} {pair}", self.credential(pair, number), replace=True)
            self.replaced[pair] = number
            return 0
        old, shown = self.credential(pair, number - 1), 0
        for _ in range(1_000_000):
            was_replaced = self.replaced[pair] == number
            if shown == 5 and not was_replaced:
                self.store.get("nothing")  # so that the other one gets its turn
                continue
            accepted = once(
                OtherCredentialError, self.verifier.verify, f"{self.key} {pair}", old, old.at(shown)
            )
            if was_replaced:
                return accepted
            shown += accepted
        raise AssertionError("the enrolment never came")


class Sending(Contest):
    """Everybody asks for a code to be sent; only one message may leave."""

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        # An hour, because the pause doubles until a code is accepted.
        self.clock.set(START + 3600 * number)
        return "", {1}

    def attempt(self, slot: int, told: str) -> int:
        return once(NotIssuedError, delivered(self).issue, self.key)


class Delivery(Contest):
    """One code that was sent."""

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        self.clock.set(START + 30 * number)
        return delivered(self).issue(self.key), {1}

    def attempt(self, slot: int, told: str) -> int:
        return once(ReplayedCodeError, delivered(self).verify, self.key, told)


class Recovery(Contest):
    """One code of a printed list."""

    codes: Sequence[str] = ()

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        if number % 10 == 0:
            self.codes = recovery(self).issue(self.key)
        return self.codes[number % 10], {1}

    def attempt(self, slot: int, told: str) -> int:
        return once(ReplayedCodeError, recovery(self).verify, self.key, told)


class Guesses(Contest):
    """Everybody guesses until they are throttled; counted are the guesses that were judged.

    The clock stands still at first, then it goes to one second before the time at which the next guess
    is judged, then to that time, and so on.
    """

    owner = False

    def __init__(self, store: SharedStore, slots: int) -> None:
        super().__init__(store, slots)
        self.judged = self.failures = self.last = 0

    def begin(self) -> None:
        self.verifier.adopt(self.key, TIMED)

    def guess(self, slot: int, number: int) -> object:
        step = TIMED.step(self.clock())
        sight = [TIMED.at_step(step + i) for i in range(-3, 4)]
        code = next(code for n in range(8) if (code := f"{slot:03}{number:04}{n}") not in sight)
        # K01: each guess is a session of its own.
        return Verifier(self.store, clock=self.clock).verify(self.key, TIMED, code)

    def retry_at(self) -> int:
        """Tell when the next guess is judged, by the plain words of both tiers."""
        delay = min(30 * 2 ** (self.failures - 5), 3600) if self.failures >= 5 else 0
        refilled = max(0, self.judged + 1 - 50) * 51_840
        return max(self.last + delay, START + refilled)

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        if not number:
            self.begin()
            return "", {5}
        if number % 2:
            self.clock.set(self.retry_at() - 1)
            return "", {0}
        self.clock.set(self.retry_at())
        if self.owner:
            self.verifier.verify(self.key, TIMED, TIMED.at(self.clock()))
            self.failures = 0
        refilled = 50 + (self.clock() - START) // 51_840
        return "", {min(refilled - self.judged, max(1, 5 - self.failures))}

    def attempt(self, slot: int, told: str) -> int:
        for number in range(1000):
            try:
                self.guess(slot, number)
            except IncorrectCodeError:
                continue
            except ThrottledError:
                return number
            raise AssertionError("a wrong code was accepted")
        raise AssertionError("the throttle never came")

    def finish(self, told: str, counts: Sequence[int]) -> None:
        self.judged += sum(counts)
        if sum(counts):
            self.failures += sum(counts)
            self.last = self.clock()
        try:
            self.guess(0, 0)
        except ThrottledError as error:
            assert error.retry_at == self.retry_at(), (error.retry_at, self.retry_at())
        else:
            raise AssertionError("no longer throttled")


class GuessesBetweenLogins(Guesses):
    """Guesses while the owner logs in as soon as that is possible, which clears the first tier alone.

    So the second is met at once: fifty in all, and then one for each refill.
    """

    owner = True


class GuessesAtRecovery(Guesses):
    """Guesses at a printed list."""

    def begin(self) -> None:
        recovery(self).issue(self.key)

    def guess(self, slot: int, number: int) -> object:
        return recovery(self).verify(self.key, f"{1 + slot % 10}-{slot:08}{number:08}")


class GuessesAtDelivery(Contest):
    """Guesses at codes that were sent: five at the first, and one at each that follows ten minutes later."""

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        self.clock.set(START + 300 * number)
        if number % 2:
            # Five minutes are no ten: neither is a code sent nor a guess judged.
            expect(NotIssuedError, delivered(self).issue, self.key)
            return "", {0}
        return delivered(self).issue(self.key), {1 if number else 5}

    def attempt(self, slot: int, told: str) -> int:
        for number in range(1000):
            code = next(code for n in range(2) if (code := f"{slot:03}{number:04}{n}") != told)
            try:
                delivered(self).verify(self.key, code)
            except IncorrectCodeError:
                continue
            except ThrottledError:
                return number
            raise AssertionError("a wrong code was accepted")
        raise AssertionError("the throttle never came")


ONCE: list[tuple[type[Contest], int]] = [
    (Timed, 1),
    (Neighbours, 20),
    (Counted, 20),
    (ThreeTimed, 20),
    (ThreeCounted, 20),
    (Enrolment, 20),
    (Reenrolment, 20),
    (TwoDevices, 20),
    (Replacement, 100),
    (Sending, 20),
    (Delivery, 20),
    (Recovery, 100),
]
"""What happens once, and what part of the rounds each has."""

GUESSES: list[tuple[type[Contest], int]] = [
    (Guesses, 10),
    (GuessesBetweenLogins, 20),
    (GuessesAtDelivery, 20),
    (GuessesAtRecovery, 100),
]


class FailedError(Exception):
    """A round went wrong."""


def run(
    title: str,
    plan: list[tuple[type[Contest], int]],
    rounds: int,
    opener: Callable[[], Store],
    *size: int,
    **method: Any,
) -> None:
    """Run contests and print what came of each; stop at the first that went wrong."""
    print(f"{title}, {size[0]} processes x {size[1]} threads")
    began = time.monotonic()
    for tally in hammer([(contest, -(-rounds // part)) for contest, part in plan], opener, *size, **method):
        print(f"  {tally}, {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        if tally.faults:
            raise FailedError(title)


def run_bad(title: str, opener: Callable[[], Store]) -> None:
    """Run the store that reads and then writes, which must go wrong."""
    tally: Tally
    for tally in hammer([(Timed, 300)], partial(read_then_write, opener), 4, 4):
        wrong = sum(rounds for accepted, rounds in tally.sums.items() if accepted > 1)
        none = tally.sums[0]
        print(f"{title} that reads and then writes: twice or more in {wrong} of {tally.rounds} rounds")
        print(f"  none in {none}; {dict(sorted(tally.sums.items()))}", flush=True)
        if not wrong:
            raise FailedError("the test finds nothing")


def on_sqlite(rounds: int) -> None:
    """Hammer the embedded default."""
    with tempfile.TemporaryDirectory() as folder:

        def opener(name: str) -> Callable[[], Store]:
            return partial(SQLStore.sqlite, Path(folder, name))

        run_bad("SQLite", opener("bad"))
        run("SQLite", GUESSES, rounds, opener("guesses"), 16, 1)
        if os.name == "posix":
            run("SQLite after a fork", ONCE, -(-rounds // 20), opener("forks"), 4, 4, method="fork")
        run("SQLite", ONCE, rounds, opener("once"), 8, 8)


def on_servers(rounds: int) -> None:
    """Hammer a PostgreSQL at every isolation level."""
    # A test that never runs, to drop the tables after it.
    test = unittest.TestCase()
    try:
        server = Postgres()
    except unittest.SkipTest:
        return
    try:
        run_bad("PostgreSQL", partial(on_postgres, server.table(test), "read committed"))
        for isolation in ISOLATION_LEVELS:
            opener = partial(on_postgres, server.table(test), isolation)
            run(f"PostgreSQL, {isolation}", ONCE, rounds, opener, 8, 4)
            run(f"PostgreSQL, {isolation}", GUESSES, rounds, opener, 16, 1)
    finally:
        test.doCleanups()


def main(arguments: list[str]) -> int:
    """Hammer all stores."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak hammer", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20_000, help="on SQLite (default: 20000; 0 for none)")
    parser.add_argument(
        "--server-rounds", type=int, default=1000, help="at each isolation level (default: 1000; 0 for none)"
    )
    options = parser.parse_args(arguments)
    try:
        if options.rounds:
            on_sqlite(options.rounds)
        if options.server_rounds:
            on_servers(options.server_rounds)
    except FailedError as error:
        print(f"FAILED: {error}")
        return 1
    return 0
