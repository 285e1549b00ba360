"""Each code once and so many guesses and no more, whatever number of threads and processes."""

import os
import tempfile
import unittest
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from onetime import HOTP, TOTP
from onetime.errors import (
    IncorrectCodeError,
    NotEnrolledError,
    OtherCredentialError,
    ReplayedCodeError,
    StoreError,
)
from onetime.storage.memory import MemoryStore
from onetime.storage.sql import SQLStore
from onetime.storage.store import Records, Store
from onetime.verification import decision
from onetime.verification.asked import Asked
from onetime.verification.evidence import Accepted
from onetime.verification.state import State
from onetime.verification.verifier import Verifier
from tests import support
from tests.soak import hammer as contests
from tests.soak.interleavings import Actor, Run, interleavings
from tests.support import thorough
from tests.support.contest import (
    START,
    Contest,
    SharedStore,
    Tally,
    hammer,
    on_mariadb,
    on_postgres,
    secret_of,
)
from tests.support.mariadb import MariaDB
from tests.support.postgres import Postgres
from tests.support.stores import ReadThenWrite, read_then_write

Plan = Sequence[tuple[type[Contest], int]]

ONCE: Plan = [
    (contests.Timed, thorough(300, 100)),
    (contests.Neighbours, thorough(30, 10)),
    (contests.Counted, thorough(30, 10)),
    (contests.ThreeTimed, thorough(30, 10)),
    (contests.ThreeCounted, thorough(30, 10)),
    (contests.Enrollment, thorough(30, 10)),
    (contests.Reenrollment, thorough(30, 10)),
    (contests.Replacement, thorough(10, 4)),
    (contests.Sending, thorough(30, 10)),
    (contests.Delivery, thorough(30, 10)),
    (contests.Recovery, thorough(10, 4)),
]
"""What happens once, and the rounds of it."""

GUESSES: Plan = [
    (contests.Guesses, 121),
    (contests.GuessesBetweenLogins, 31),
    (contests.GuessesAtDelivery, 31),
    (contests.GuessesAtRecovery, 7),
]
"""What happens so many times and no more: an even round is the second before the next guess is judged."""


def clock() -> int:
    return START


class Hammered(unittest.TestCase):
    def opener(self) -> Callable[[], Store]:
        """Name an SQLite file of the test's own."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return partial(SQLStore.sqlite, Path(folder.name, "store"))

    def assert_held(self, plan: Plan, *size: int, **method: Any) -> list[Tally]:
        tallies = list(hammer(plan, self.opener(), *size, **method))
        for tally, (contest, rounds) in zip(tallies, plan, strict=True):
            with self.subTest(contest.__name__):
                self.assertEqual([], tally.faults[:3])
                self.assertEqual(rounds, tally.rounds)
        return tallies

    def assert_fails(self) -> None:
        for tally in hammer([(contests.Timed, 30)], partial(read_then_write, self.opener()), 4, 4):
            self.assertNotEqual([], tally.faults)
            self.assertTrue(any(accepted > 1 for accepted in tally.sums), tally)


class ExactlyOnce(Hammered):
    def test_of_sixteen_at_once_one_gets_in(self) -> None:
        """T25, N08, N17, N21, H22, K08, K14, K15, K36, K37: one code, and whatever else is for one."""
        self.assert_held(ONCE, 4, 4)

    def test_a_store_that_reads_and_then_writes_is_found(self) -> None:
        """K14, K15: without a condition in the write, the same test fails."""
        self.assert_fails()

    def test_a_round_without_a_winner_is_found(self) -> None:
        """None is a failure too, and so is a refusal for another reason."""
        contest = contests.Timed(SharedStore(MemoryStore), 2)
        for counts, strangers in (([0, 0], []), ([1, 0], ["slot 1: StoreError"])):
            tally = Tally("", 2)
            tally.add(contest, "", counts, {1}, strangers)
            self.assertEqual(1, len(tally.faults))


class Careless(contests.TwoDevices):
    """Two devices and a verifier that does not look whether a credential is that of a device."""

    def attempt(self, slot: int, told: str) -> int:
        def ask(credentials: dict[str, HOTP | TOTP], state: State, digits: int) -> Asked:
            devices = state.devices.items()
            return [(name, credentials[name], device) for name, device in devices if name in credentials], ()

        mock.patch.object(decision, "ask", ask).start()  # in a process that ends with the contest
        return super().attempt(slot, told)


class Losing(contests.TwoDevices):
    """Two devices and a verifier that does not look whether its swap was lost."""

    def attempt(self, slot: int, told: str) -> int:
        def transact(records: Records, user: str, decide: Any) -> Any:
            old = records.get(user)
            new, verdict = decide(old)
            records.store.swap(records.key(user), old, new)
            return verdict

        mock.patch.object(Records, "transact", transact).start()  # likewise
        return super().attempt(slot, told)


class OneUserTwoDevices(Hammered):
    """Threads of several processes that enroll, replace, forget and verify, and guess, all at once."""

    rounds = 40

    def test_each_code_once_and_none_of_a_dead_device(self) -> None:
        """K08, K36, K38: no code is accepted twice or of a dead device, no wrong code is forgotten."""
        (tally,) = self.assert_held([(contests.TwoDevices, self.rounds)], 4, 4)
        self.assertLess(0, tally.seen["codes accepted"])
        self.assertLess(0, tally.seen["codes of new devices"])
        self.assertLess(self.rounds, tally.seen["wrong codes"])

    def test_a_store_that_reads_and_then_writes_is_found(self) -> None:
        """K14: without a condition in the write, the same test fails."""
        opener = partial(read_then_write, self.opener())
        (tally,) = hammer([(contests.TwoDevices, 10)], opener, 4, 4)
        self.assertNotEqual([], tally.faults)


class OneUserTwoDevicesOnPostgres(OneUserTwoDevices):
    rounds = 20

    def opener(self) -> Callable[[], Store]:
        """Name a table of the test's own."""
        return partial(on_postgres, Postgres().table(self), "serializable")


class OneUserTwoDevicesOnMariaDB(OneUserTwoDevices):
    rounds = 20

    def opener(self) -> Callable[[], Store]:
        """Name a table of the test's own."""
        return partial(on_mariadb, MariaDB().table(self))


class MistakenVerifiers(Hammered):
    """What the test of two devices finds in verifiers that are bad."""

    def test_without_the_check_of_devices(self) -> None:
        """K38: codes of a device that is replaced or forgotten are accepted."""
        (tally,) = hammer([(Careless, 10)], self.opener(), 4, 4)
        self.assertIn("its code was accepted", "".join(tally.faults))

    def test_without_the_check_of_swaps(self) -> None:
        """K14: a code is accepted twice, or a wrong one is forgotten."""
        (tally,) = hammer([(Losing, 10)], self.opener(), 4, 4)
        self.assertNotEqual([], tally.faults)


class ExactlyOnceOnPostgres(Hammered):
    def opener(self) -> Callable[[], Store]:
        """Name a table of the test's own."""
        return partial(on_postgres, Postgres().table(self), "read committed")

    def test_of_sixteen_connections_one_gets_in(self) -> None:
        """T25, N08, N17, N21, H22, H32, K08, K14, K15, K35, K36, K37: as on SQLite."""
        self.assert_held([*ONCE, (contests.GuessesBetweenLogins, 31)], 4, 4)

    def test_a_store_that_reads_and_then_writes_is_found(self) -> None:
        """K14, K15: without a condition in the write, the same test fails."""
        self.assert_fails()


class Throttled(Hammered):
    def test_the_guesses_that_are_judged_are_the_limit_exactly(self) -> None:
        """H32, K01, K08, K34, N19, N22, K41: of sixteen processes, at each second at which a tier ends.

        So are they where the owner logs in between, and those at codes that were sent or printed.
        """
        sums = {tally.contest: tally.sums for tally in self.assert_held(GUESSES, 16, 1)}
        # Ten times five, and after these fifty one for each refill; nothing a second before.
        self.assertEqual({5: 10, 1: 6, 0: 15}, sums["GuessesBetweenLogins"])


class EveryOrder(unittest.TestCase):
    """The races again, but each of their orders once."""

    old = HOTP(secret_of("old"), digits=8)
    new = HOTP(secret_of("new"), digits=8)

    def begin(self, *actors: Callable[[Verifier], object]) -> tuple[Store, Sequence[Actor]]:
        """Enroll the old credential, and let each actor have a verifier of its own."""
        store = MemoryStore()
        Verifier(store, clock=clock).adopt("k", self.old)
        return store, [lambda store, act=act: act(Verifier(store, clock=clock)) for act in actors]

    def show(self, verifier: Verifier) -> object:
        return verifier.verify("k", self.old, self.old.at(0))

    def guess(self, verifier: Verifier) -> object:
        return verifier.verify("k", self.old, "00000000")

    def replace(self, verifier: Verifier) -> object:
        return verifier.adopt("k", self.new, replace=True)

    def away_and_back(self, verifier: Verifier) -> object:
        verifier.adopt("k", self.new, replace=True)
        return verifier.adopt("k", self.old, replace=True)

    def test_one_code_gets_in_once(self) -> None:
        """T25, K08: three verifications of one code, in every order of their reads and writes."""
        runs = 0
        for run in interleavings(lambda: self.begin(self.show, self.show, self.show)):
            runs += 1
            self.assertEqual({Accepted: 1, ReplayedCodeError: 2}, Counter(map(type, run.outcomes.values())))
        self.assertEqual(150, runs)

    def test_a_store_that_reads_and_then_writes_is_found(self) -> None:
        """K14: without a condition in the write, there are orders in which two get in."""

        def show(store: Store) -> object:
            return self.show(Verifier(ReadThenWrite(store), clock=clock))

        kinds = Counter(
            tuple(sorted(type(outcome).__name__ for outcome in run.outcomes.values()))
            for run in interleavings(lambda: (self.begin()[0], [show, show]))
        )
        self.assertLess(0, kinds["Accepted", "Accepted"])

    def test_a_replaced_secret_is_dead(self) -> None:
        """K38, N05: an old code, a guess and a new enrollment, in every order of their reads and writes.

        What came first counts, what came after is refused; and no guess is forgotten.
        """
        runs, stores = [], []

        def begin() -> tuple[Store, Sequence[Actor]]:
            store, actors = self.begin(self.show, self.guess, self.replace)
            stores.append(store)
            return store, actors

        for run in interleavings(begin):
            runs.append(run)
            self.check_replaced(run, Verifier(stores[-1], clock=clock))
        self.assertEqual(382, len(runs))

    def test_a_write_across_an_enrollment_is_lost(self) -> None:
        """K38: also if the old credential is back again; the mark of an enrollment tells it apart."""
        crossed = 0
        for run in interleavings(lambda: self.begin(self.guess, self.away_and_back)):
            self.assertEqual(2, run.swaps.count(1))
            self.assertIn(type(run.outcomes[0]), (IncorrectCodeError, OtherCredentialError))
            crossed += 0 in run.lost
        # Without marks, two of these writes would find the state that was read.
        self.assertEqual(12, crossed)

    def test_what_is_forgotten_is_dead(self) -> None:
        """K38: a verification that is under way fails when its credential is revoked."""
        for run in interleavings(lambda: self.begin(self.show, lambda verifier: verifier.forget("k"))):
            accepted = run.wrote_before(0, 1)
            self.assertIs(Accepted if accepted else NotEnrolledError, type(run.outcomes[0]))

    def check_replaced(self, run: Run, verifier: Verifier) -> None:
        shown, guessed, replaced = range(3)
        first = Accepted if run.wrote_before(shown, replaced) else OtherCredentialError
        self.assertIs(first, type(run.outcomes[shown]))
        charged = run.wrote_before(guessed, replaced)
        self.assertIs(IncorrectCodeError if charged else OtherCredentialError, type(run.outcomes[guessed]))
        self.assertIsNone(run.outcomes[replaced])
        # From now on every old code is dead, also those that were never shown.
        for counter in range(3):
            with self.assertRaises(OtherCredentialError):
                verifier.verify("k", self.old, self.old.at(counter))
        state = verifier.state("k")
        assert state is not None
        self.assertEqual(51_840 if charged else 0, state.throttle.debt)
        self.assertEqual(0, verifier.verify("k", self.new, self.new.at(0)).moving_factor)


class Forks(Hammered):
    def setUp(self) -> None:
        support.posix()

    def test_a_verifier_works_on_both_sides_of_a_fork(self) -> None:
        """T25: parent and children use the store that the parent opened; a code gets in once."""
        plan = [(contests.Timed, 50), (contests.Enrollment, 50)]
        self.assert_held(plan, 3, 2, method="fork")

    def test_a_memory_store_does_not(self) -> None:
        """T25: the child has a copy, which would accept the code once more."""
        verifier = Verifier(MemoryStore(), clock=clock)
        verifier.adopt("k", contests.COUNTED)
        pipe, end = os.pipe()
        child = os.fork()
        if not child:
            answer = b"nothing"
            try:
                verifier.verify("k", contests.COUNTED, contests.COUNTED.at(0))
            except BaseException as error:
                answer = type(error).__name__.encode()
            finally:
                os.write(end, answer)
                os._exit(0)
        os.close(end)
        with os.fdopen(pipe, "rb") as answers:
            self.assertEqual(StoreError.__name__, answers.read().decode())
        os.waitpid(child, 0)
        self.assertEqual(0, verifier.verify("k", contests.COUNTED, contests.COUNTED.at(0)).moving_factor)
