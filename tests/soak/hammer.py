"""`python3 -m tests.soak hammer`: threads and processes that verify, enroll and guess at the same moment.

SQLite always; PostgreSQL and MariaDB where ONETIME_POSTGRES and ONETIME_MARIADB name them, as
`tests.support.servers` does. There is no seed: what is random is how the threads meet.
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
from typing import Any

from onetime import HOTP, TOTP
from onetime.errors import (
    AlreadyEnrolledError,
    IncorrectCodeError,
    NotEnrolledError,
    NotIssuedError,
    OnetimeError,
    OtherCredentialError,
    ReplayedCodeError,
    ThrottledError,
)
from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from onetime.verification.delivery import DeliveredCodes
from onetime.verification.evidence import Accepted
from onetime.verification.policy import Policy
from onetime.verification.recovery import RecoveryCodes
from onetime.verification.verifier import Verifier
from tests.support.contest import (
    START,
    Contest,
    SharedStore,
    hammer,
    on_mariadb,
    on_postgres,
    secret_of,
)
from tests.support.mariadb import MariaDB
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


def delivered(contest: Contest, **numbers: int) -> DeliveredCodes:
    return DeliveredCodes(contest.store, PEPPER, clock=contest.clock, **numbers)


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


class Reenrollment(Timed):
    """Half of them show a code, half confirm a new enrollment of the same credential with it."""

    def attempt(self, slot: int, told: str) -> int:
        if slot % 2:
            return super().attempt(slot, told)
        enroll = partial(self.verifier.enroll, replace=True)
        return once(ReplayedCodeError, enroll, self.key, TIMED, told)


class Counted(Contest):
    """One code of an HOTP."""

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
    """Three consecutive codes of an HOTP, further ahead than one code may be."""

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        if not number:
            self.verifier.adopt(self.key, COUNTED)
        return " ".join(COUNTED.at(40 * number + i) for i in range(3)), {1}

    def attempt(self, slot: int, told: str) -> int:
        return once(ReplayedCodeError, self.verifier.resynchronize, self.key, COUNTED, told.split())


class Enrollment(Contest):
    """Everybody enrolls a credential of their own under one key; the winner's is the one that stays."""

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        return f"{self.key} {number}", {1}

    def attempt(self, slot: int, told: str) -> int:
        credential = HOTP(secret_of(slot), digits=8)
        return once(AlreadyEnrolledError, self.verifier.enroll, told, credential, credential.at(0))

    def finish(self, told: str, counts: Sequence[int]) -> None:
        winner = counts.index(1)
        for slot in {winner, (winner + 1) % self.slots}:
            credential = HOTP(secret_of(slot), digits=8)
            # The winner's code was spent by the enrollment; the others' credentials are not enrolled.
            refusal = ReplayedCodeError if slot == winner else OtherCredentialError
            expect(refusal, self.verifier.verify, told, credential, credential.at(0))


class TwoDevices(Contest):
    """Slots enroll, replace, forget and verify two devices of one user, and enroll a third, all at once.

    In each round one device is replaced and the other one is forgotten and enrolled anew; in the next round
    it is the other way round. By its number, a slot has one of `ROLES` tasks: it shows codes of the device
    that is replaced or of the one that is forgotten, replaces, forgets, guesses, or enrolls a third device.
    Counted are enrollments of the third device.
    """

    ROLES = 6
    NAMES = ("phone", "fob")
    SHOWN = 3
    """Codes of each device that many slots show."""

    WIDE = Policy(delay_after=100, budget=1000, max_devices=3)
    """So wide that no guess of a round is throttled: then what is owed counts all wrong codes exactly."""

    def __init__(self, store: SharedStore, slots: int) -> None:
        super().__init__(store, slots)
        self.verifier = Verifier(store, policy=self.WIDE, clock=self.clock)
        self.dead = sharedctypes.RawArray("q", len(self.NAMES))
        self.wrong = sharedctypes.RawArray("q", slots)
        self.accepted = sharedctypes.RawArray("q", slots * self.SHOWN)
        self.used = sharedctypes.RawArray("q", slots)

    def credential(self, name: str, *parts: object) -> HOTP | TOTP:
        """Return a credential of its own for each part: the phone has a TOTP, everything else an HOTP."""
        secret = secret_of(name, *parts)
        return TOTP(secret, digits=8) if name == "phone" else HOTP(secret, digits=8)

    def code(self, credential: HOTP | TOTP, number: int) -> str:
        """Return the code that a device shows as its first, its second and so on."""
        if isinstance(credential, HOTP):
            return credential.at(number)
        return credential.at_step(credential.step(self.clock()) - 1 + number)

    def order(self, number: int) -> tuple[str, str]:
        """Return the names of the devices that a round replaces and forgets."""
        return self.NAMES if number % 2 else (self.NAMES[1], self.NAMES[0])

    def old(self, number: int) -> dict[str, HOTP | TOTP]:
        """Return the credentials that are enrolled when a round begins."""
        return {name: self.credential(name, "old", number) for name in self.NAMES}

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        self.clock.set(START + number * TIMED.period)
        for array in (self.dead, self.wrong, self.accepted, self.used):
            array[:] = [0] * len(array)
        self.verifier.forget(self.key)
        for name, credential in self.old(number).items():
            self.verifier.adopt(self.key, credential, device=name)
        return str(number), {1}

    def attempt(self, slot: int, told: str) -> int:
        number, role = int(told), slot % self.ROLES
        replaced, forgotten = self.order(number)
        if role < 2:
            self.show(slot, number, (replaced, forgotten)[role])
            return 0
        # The devices die now earlier, now later: after as many reads as some verifications need.
        for _ in range(number // 2 % 8 * self.slots // 8 if role < 4 else 0):
            self.store.get("nothing")
        if role == 2:
            self.enroll(slot, number, replaced, replace=True)
        elif role == 3:
            self.verifier.forget(self.key, forgotten)
            self.dead[self.NAMES.index(forgotten)] = 1
            self.enroll(slot, number, forgotten)
        elif role == 4:
            old = self.old(number)
            sight = {self.code(credential, i) for credential in old.values() for i in range(10)}
            self.verify(slot, old, next(code for n in range(30) if (code := f"{n:08}") not in sight))
        else:
            return self.enroll(slot, number, "tablet")
        return 0

    def verify(self, slot: int, credentials: dict[str, HOTP | TOTP], code: str) -> type:
        """Show a code; return the type of what comes of it, and count wrong codes."""
        try:
            self.verifier.verify(self.key, credentials, code)
        except IncorrectCodeError:
            self.wrong[slot] += 1
            return IncorrectCodeError
        except (NotEnrolledError, ReplayedCodeError) as error:
            return type(error)
        return Accepted

    def show(self, slot: int, number: int, name: str) -> None:
        """Show a device's codes in order, the last one when the device is known to be dead."""
        old, place = self.old(number), self.NAMES.index(name)
        for i in range(self.SHOWN):
            if i == self.SHOWN - 1:
                self.await_death(place)
            was_dead = self.dead[place]
            outcome = self.verify(slot, old, self.code(old[name], i))
            if outcome is Accepted:
                assert not was_dead, f"the {name} is replaced or forgotten, and its code was accepted"
                self.accepted[slot * self.SHOWN + i] = 1

    def await_death(self, place: int) -> None:
        """Wait until a slot has replaced or forgotten a device."""
        for _ in range(100_000):
            if self.dead[place]:
                return
            time.sleep(0.001)  # to spin would take the turns of the others
        raise AssertionError("the device was neither replaced nor forgotten")

    def enroll(self, slot: int, number: int, name: str, replace: bool = False) -> int:
        """Enroll a credential of one's own; then show the code that confirmed it, and the next one."""
        credential = self.credential(name, slot, number)
        first, second = self.code(credential, 1), self.code(credential, 2)
        enroll = partial(self.verifier.enroll, device=name, replace=replace)
        if not once(AlreadyEnrolledError, enroll, self.key, credential, first):
            return 0
        if replace:
            self.dead[self.NAMES.index(name)] = 1
        outcome = self.verify(slot, {name: credential}, first)
        assert outcome is not Accepted, "the code that confirmed a device was accepted again"
        self.used[slot] = self.verify(slot, {name: credential}, second) is Accepted
        return 1

    def finish(self, told: str, counts: Sequence[int]) -> None:
        number, state = int(told), self.verifier.state(self.key)
        assert state is not None
        wrong = sum(self.wrong)
        assert state.throttle.debt == wrong * self.WIDE.refill, f"{wrong} codes were wrong: {state}"
        shown, step = 2 * self.SHOWN, self.ROLES * self.SHOWN
        by_code = [sum(self.accepted[i::step]) for i in range(shown)]
        assert max(by_code) <= 1, f"each code may be accepted once: {by_code}"
        replaced, forgotten = self.order(number)
        for name, role in ((replaced, 2), (forgotten, 3), ("tablet", 5)):
            device = state.devices.get(name)
            if device is None:
                assert name == forgotten, f"there is no {name}"
                continue
            slots = range(role, self.slots, self.ROLES)
            owners = [each for each in slots if device.has(self.credential(name, each, number))]
            assert len(owners) == 1, f"the {name} is that of none of the slots that enrolled one"
            (slot,) = owners
            credential = self.credential(name, slot, number)
            # What a slot was told is stored: its codes are spent.
            for i in range(1, 2 + self.used[slot]):
                code = self.code(credential, i)
                expect(ReplayedCodeError, self.verifier.verify, self.key, {name: credential}, code)
        self.seen["codes accepted"] += sum(by_code)
        self.seen["wrong codes"] += wrong
        self.seen["codes of new devices"] += sum(self.used)


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
        raise AssertionError("the enrollment never came")


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

    def codes(self) -> DeliveredCodes:
        """Return codes without a pause, which would grow past ten minutes: only spent tries delay one."""
        return delivered(self, pause=0)

    def prepare(self, number: int) -> tuple[str, Collection[int]]:
        self.clock.set(START + 300 * number)
        if number % 2:
            # Five minutes are no ten: neither is a code sent nor a guess judged.
            expect(NotIssuedError, self.codes().issue, self.key)
            return "", {0}
        return self.codes().issue(self.key), {1 if number else 5}

    def attempt(self, slot: int, told: str) -> int:
        for number in range(1000):
            code = next(code for n in range(2) if (code := f"{slot:03}{number:04}{n}") != told)
            try:
                self.codes().verify(self.key, code)
            except IncorrectCodeError:
                continue
            except ThrottledError:
                return number
            raise AssertionError("a wrong code was accepted")
        raise AssertionError("the throttle never came")


Plan = Sequence[tuple[type[Contest], int]]
"""Contests, and what part of the rounds each has: the second number is the divisor."""

ONCE: Plan = [
    (Timed, 1),
    (Neighbours, 20),
    (Counted, 20),
    (ThreeTimed, 20),
    (ThreeCounted, 20),
    (Enrollment, 20),
    (Reenrollment, 20),
    (TwoDevices, 5),
    (Replacement, 100),
    (Sending, 20),
    (Delivery, 20),
    (Recovery, 100),
]
"""What happens once."""

GUESSES: Plan = [
    (Guesses, 10),
    (GuessesBetweenLogins, 20),
    (GuessesAtDelivery, 20),
    (GuessesAtRecovery, 100),
]
"""What happens so many times and no more."""


SIZES: dict[type, tuple[int, int]] = {Postgres: (8, 4), MariaDB: (4, 4)}
"""Processes, and threads in each, on a server."""


class FailedError(Exception):
    """A round went wrong."""


def run(
    title: str,
    plan: Plan,
    options: argparse.Namespace,
    rounds: int,
    opener: Callable[[], Store],
    *size: int,
    **method: Any,
) -> None:
    """Run the contests that are asked for, and print the tally of each; stop at the first with a fault."""
    chosen = [
        (contest, -(-rounds // part))
        for contest, part in plan
        if not options.only or contest.__name__ in options.only
    ]
    if not chosen:
        return
    print(f"{title}, {size[0]} processes x {size[1]} threads")
    began = time.monotonic()
    for tally in hammer(chosen, opener, *size, **method):
        print(f"  {tally}, {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        if tally.faults:
            raise FailedError(title)


def run_bad(title: str, opener: Callable[[], Store]) -> None:
    """Run the store that reads and then writes, which must go wrong."""
    for contest, rounds in ((Timed, 300), (TwoDevices, 30)):
        (tally,) = hammer([(contest, rounds)], partial(read_then_write, opener), 4, 4)
        print(f"{title} that reads and then writes: {tally}", flush=True)
        if not tally.faults:
            raise FailedError("the test finds nothing")


def on_sqlite(options: argparse.Namespace) -> None:
    """Hammer the embedded default."""
    rounds = options.rounds
    with tempfile.TemporaryDirectory() as folder:

        def opener(name: str) -> Callable[[], Store]:
            return partial(SQLStore.sqlite, Path(folder, name))

        run_bad("SQLite", opener("bad"))
        run("SQLite", GUESSES, options, rounds, opener("guesses"), 16, 1)
        if os.name == "posix":
            forked = -(-rounds // 20)
            run("SQLite after a fork", ONCE, options, forked, opener("forks"), 4, 4, method="fork")
        run("SQLite", ONCE, options, rounds, opener("once"), 8, 8)


def on_servers(options: argparse.Namespace) -> None:
    """Hammer PostgreSQL at every isolation level, and MariaDB."""
    rounds = options.server_rounds
    # A test that never runs, to drop the tables after it.
    test = unittest.TestCase()
    for kind in (Postgres, MariaDB):
        try:
            server = kind()
        except unittest.SkipTest:
            continue
        name = "PostgreSQL" if kind is Postgres else kind.__name__
        openers: dict[str, Callable[[], Store]]
        if isinstance(server, Postgres):
            openers = {
                f"{name}, {isolation}": partial(on_postgres, server.table(test), isolation)
                for isolation in ISOLATION_LEVELS
            }
            bad: Callable[[], Store] = partial(on_postgres, server.table(test), "read committed")
        else:
            openers = {name: partial(on_mariadb, server.table(test))}
            bad = partial(on_mariadb, server.table(test))
        try:
            run_bad(name, bad)
            for title, opener in openers.items():
                run(title, ONCE, options, rounds, opener, *SIZES[kind])
                run(title, GUESSES, options, rounds, opener, 16, 1)
        finally:
            test.doCleanups()


def main(arguments: list[str]) -> int:
    """Hammer all stores."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak hammer", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20_000, help="on SQLite (default: 20000; 0 for none)")
    parser.add_argument(
        "--server-rounds", type=int, default=1000, help="on each server, at each level (default: 1000)"
    )
    names = [contest.__name__ for contest, _ in (*ONCE, *GUESSES)]
    parser.add_argument("only", nargs="*", metavar="CONTEST", help=f"{', '.join(names)}; all by default")
    options = parser.parse_args(arguments)
    try:
        if options.rounds:
            on_sqlite(options)
        if options.server_rounds:
            on_servers(options)
    except FailedError as error:
        print(f"FAILED: {error}")
        return 1
    return 0
