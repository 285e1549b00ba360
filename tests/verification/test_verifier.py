"""The verifier: what it stores before it tells, and what it does when others come in between."""

import contextlib
import logging
import threading
import time
import unittest
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

from onetime import (
    HOTP,
    TOTP,
    AlreadyEnrolledError,
    DisabledError,
    IncorrectCodeError,
    MalformedCodeError,
    NotEnrolledError,
    OnetimeError,
    ReplayedCodeError,
    Secret,
    StoreError,
    ThrottledError,
    VerificationError,
)
from onetime.storage.memory import MemoryStore
from onetime.verification.decision import Accepted
from onetime.verification.policy import YEAR, Policy
from onetime.verification.state import State
from onetime.verification.throttle import Throttle
from onetime.verification.verifier import Verifier
from tests.support import RFC_KEY, shown
from tests.support.children import in_child

SECRET = Secret(RFC_KEY)
KEYED = HOTP(SECRET)
TIMED = TOTP(SECRET)
OTHER = TOTP(Secret(b"another secret of 20"))
LAST = 2**64 - 1
STEP = 60_000_000
NOW = STEP * 30 + 7
REFILL = 51_840
WRONG = "000000"
"""Of no factor that these tests come near to."""


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Interleaved(MemoryStore):
    """A store in which something may happen between a read and the write that follows."""

    def __init__(self) -> None:
        super().__init__()
        self.between: list[Callable[[], object]] = []

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        if self.between:
            self.between.pop(0)()
        return super().swap(key, old, new)


class Broken(MemoryStore):
    """A store whose reads or writes fail, or whose writes never come to pass."""

    def __init__(self) -> None:
        super().__init__()
        self.fault = ""
        self.swaps = 0

    def get(self, key: str) -> str | None:
        if self.fault == "get":
            raise StoreError("the disk is gone")
        return super().get(key)

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        self.swaps += 1
        if self.fault == "swap":
            raise StoreError("the disk is full")
        return self.fault != "refuse" and super().swap(key, old, new)


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.store = Interleaved()
        self.clock = Clock()
        self.verifier = Verifier(self.store, clock=self.clock)

    def state(self, key: str = "alice") -> State:
        """Read the state of what is enrolled."""
        state = self.verifier.state(key)
        assert state is not None
        return state

    def assert_unchanged(
        self, kind: type[Exception], call: Callable[..., object], *args: Any, **options: Any
    ) -> None:
        """See a call refused, and the store stay what it was."""
        before = self.store._entries.copy()
        with self.assertRaises(kind) as caught:
            call(*args, **options)
        self.assertIs(kind, type(caught.exception))
        self.assertEqual(before, self.store._entries)

    def refuse(self, kind: type[Exception], credential: HOTP | TOTP, code: str, key: str = "alice") -> None:
        """See a code refused."""
        with self.assertRaises(kind) as caught:
            self.verifier.verify(key, credential, code)
        self.assertIs(kind, type(caught.exception))


class Enroll(Case):
    def test_without_a_code(self) -> None:
        """T03, H08: nothing is confirmed; the first code of the device logs in."""
        self.assertIsNone(self.verifier.state("alice"))
        self.assertIsNone(self.verifier.enroll("alice", TIMED))
        self.assertEqual(0, self.state().next_factor)
        self.assertEqual(STEP, self.verifier.verify("alice", TIMED, TIMED.at(NOW)).factor)

    def test_with_a_code_which_is_spent(self) -> None:
        """K37: the code that confirms the enrolment is no login after it."""
        accepted = self.verifier.enroll("alice", TIMED, TIMED.at_step(STEP - 1))
        self.assertEqual(Accepted(STEP - 1, -1, 0, 0), accepted)
        self.assertEqual(STEP, self.state().next_factor)
        self.refuse(ReplayedCodeError, TIMED, TIMED.at_step(STEP - 1))
        self.verifier.verify("alice", TIMED, TIMED.at_step(STEP))
        self.assertEqual(Accepted(9, 2, 0, 0), self.verifier.enroll("bob", KEYED, KEYED.at(9), counter=7))
        self.refuse(ReplayedCodeError, KEYED, KEYED.at(9), "bob")
        self.verifier.verify("bob", KEYED, KEYED.at(10))

    def test_with_three_codes(self) -> None:
        """H34, T29: they set the counter of a device, or the drift of its clock."""
        codes = [TIMED.at_step(STEP + i) for i in (-8, -7, -6)]
        self.assertEqual(Accepted(STEP - 6, -6, -6, 0), self.verifier.enroll("alice", TIMED, codes))
        self.assertEqual((-6, STEP - 5), (self.state().drift, self.state().next_factor))
        self.clock.now += 90
        self.assertEqual(0, self.verifier.verify("alice", TIMED, TIMED.at_step(STEP - 3)).offset)
        self.verifier.enroll("bob", KEYED, KEYED.codes(90, 3))
        self.assertEqual(93, self.state("bob").next_factor)
        self.verifier.enroll("carol", KEYED, KEYED.codes(1090, 3), counter=1000)
        self.assertEqual(1093, self.state("carol").next_factor)

    def test_a_wrong_code_stores_nothing(self) -> None:
        """K37: refused, and whatever was or was not enrolled before stays; not charged either."""
        for enrolled in (False, True):
            if enrolled:
                self.verifier.enroll("alice", OTHER)
            for kind, code in (
                *((IncorrectCodeError, WRONG), (MalformedCodeError, "75522"), (MalformedCodeError, "")),
                (IncorrectCodeError, [WRONG, "111111", "222222"]),
                (MalformedCodeError, ["755224", "287082", ""]),
                (ValueError, ["755224", "287082"]),
                (ValueError, []),
            ):
                for _ in range(7):
                    self.assert_unchanged(kind, self.verifier.enroll, "alice", TIMED, code, replace=True)

    def test_only_once(self) -> None:
        """N05: a second enrolment under a key is asked for by name; the code is not spent by the refusal."""
        self.verifier.enroll("alice", TIMED)
        for credential in (TIMED, OTHER, KEYED):
            for code in (None, credential.at(NOW) if isinstance(credential, TOTP) else credential.at(0)):
                self.assert_unchanged(AlreadyEnrolledError, self.verifier.enroll, "alice", credential, code)
        self.verifier.verify("alice", TIMED, TIMED.at(NOW))

    def test_replace(self) -> None:
        """N05, K38: the new credential is the only one; the old one's codes are not enrolled any more."""
        self.verifier.enroll("alice", TIMED)
        mark = self.state().mark
        self.verifier.enroll("alice", OTHER, OTHER.at(NOW), replace=True)
        self.assertNotEqual(mark, self.state().mark)
        self.assert_unchanged(NotEnrolledError, self.verifier.verify, "alice", TIMED, TIMED.at(NOW))
        self.clock.now += 30
        self.verifier.verify("alice", OTHER, OTHER.at(self.clock.now))
        # Where there is nothing to replace, it is an enrolment like any other.
        self.verifier.enroll("bob", KEYED, KEYED.at(0), replace=True)
        self.assertEqual(Throttle(), self.state("bob").throttle)

    def test_to_replace_is_no_refill(self) -> None:
        """N13, K41: the second tier stays; the first one and disablement are those of the old device."""
        self.verifier.policy = Policy(disable_after=5)
        self.verifier.enroll("alice", TIMED)
        for _ in range(5):
            self.refuse(IncorrectCodeError, TIMED, WRONG)
        self.refuse(DisabledError, TIMED, TIMED.at(NOW))
        self.assertEqual(Throttle(5, NOW + 30, NOW + 5 * REFILL), self.state().throttle)
        for code in (None, OTHER.at(NOW), [OTHER.at_step(STEP + i) for i in (1, 2, 3)]):
            self.verifier.enroll("alice", OTHER, code, replace=True)
            self.assertEqual(Throttle(0, 0, NOW + 5 * REFILL), self.state().throttle)
            self.assertEqual(0, self.state().disabled)

    def test_the_same_credential_once_more(self) -> None:
        """T25, K37: what it has spent stays spent, whether it was spent by a login or an enrolment."""
        code = TIMED.at(NOW)
        self.verifier.enroll("alice", TIMED, code)
        with self.assertRaises(ReplayedCodeError):
            self.verifier.enroll("alice", TIMED, code, replace=True)
        self.verifier.enroll("alice", TIMED, replace=True)
        with self.assertRaises(ReplayedCodeError):
            self.verifier.verify("alice", TIMED, code)
        self.assertEqual(STEP + 1, self.verifier.verify("alice", TIMED, TIMED.at_step(STEP + 1)).factor)
        self.verifier.enroll("alice", KEYED, counter=7, replace=True)
        self.verifier.enroll("alice", KEYED, counter=3, replace=True)
        self.assertEqual(7, self.state().next_factor)
        self.verifier.enroll("alice", KEYED, counter=9, replace=True)
        self.assertEqual(9, self.state().next_factor)

    def test_a_row_of_enrolments_gives_no_more_guesses(self) -> None:
        """K34, K41: fifty failures, however often a new credential is enrolled in between."""
        self.verifier.enroll("alice", OTHER)
        judged = 0
        for i in range(100):
            credential = (TIMED, OTHER)[i % 2]
            self.verifier.enroll("alice", credential, replace=True)
            try:
                self.verifier.verify("alice", credential, WRONG)
            except IncorrectCodeError:
                judged += 1
            except ThrottledError as error:
                self.assertEqual(NOW + REFILL, error.retry_at)
        self.assertEqual(50, judged)

    def test_the_same_credential_is_no_oracle(self) -> None:
        """K10, K41: whoever enrols it again guesses as with `verify`, and ends no delay, no disablement."""
        self.verifier.policy = Policy(disable_after=7)
        self.verifier.enroll("alice", TIMED)
        refused = []
        for code in (*[WRONG] * 6, TIMED.at(NOW), None):
            try:
                self.verifier.enroll("alice", TIMED, code, replace=True)
            except VerificationError as error:
                refused.append(type(error))
        self.assertEqual([IncorrectCodeError] * 5 + [ThrottledError] * 2, refused)
        self.assertEqual(Throttle(5, NOW + 30, NOW + 5 * REFILL), self.state().throttle)
        for wait in (30, 60):
            self.clock.now += wait
            with self.assertRaises(IncorrectCodeError):
                self.verifier.enroll("alice", TIMED, WRONG, replace=True)
        for code in (TIMED.at(self.clock.now), None):
            with contextlib.suppress(DisabledError):
                self.verifier.enroll("alice", TIMED, code, replace=True)
            self.assertEqual(1, self.state().disabled)

    def test_a_refusal_does_not_move_the_counter(self) -> None:
        """H37: of the same credential, a counter is taken with the right code only."""
        self.verifier.enroll("alice", KEYED, counter=3)
        with self.assertRaises(IncorrectCodeError):
            self.verifier.enroll("alice", KEYED, WRONG, counter=90, replace=True)
        self.assertEqual(3, self.state().next_factor)
        self.verifier.enroll("alice", KEYED, KEYED.at(91), counter=90, replace=True)
        self.assertEqual(92, self.state().next_factor)

    def test_short_secrets(self) -> None:
        """H06, K27: under 16 bytes only if the policy says so."""
        for kind in (HOTP, TOTP):
            for size in (1, 10, 15):
                credential = kind(Secret(b"k" * size))
                with self.subTest(size), self.assertRaisesRegex(ValueError, f"{size} bytes.* 16 .*R6"):
                    self.verifier.enroll("alice", credential)
            self.verifier.enroll(kind.__name__, kind(Secret(b"k" * 16)))
        self.assertIsNone(self.verifier.state("alice"))
        old = Verifier(self.store, policy=Policy(min_secret_size=10), clock=self.clock)
        old.enroll("alice", HOTP(Secret(b"k" * 10)))
        with self.assertRaises(ValueError):
            old.enroll("bob", HOTP(Secret(b"k" * 9)))
        # Once enrolled, it can be verified by whoever reads the state.
        self.verifier.verify("alice", HOTP(Secret(b"k" * 10)), HOTP(Secret(b"k" * 10)).at(0))

    def test_counter(self) -> None:
        """H07, K31: from 0 to 2^64-1, for a HOTP only."""
        for counter in (0, 1, LAST):
            self.verifier.enroll("alice", KEYED, counter=counter, replace=True)
            self.assertEqual(counter, self.state().next_factor)
        self.verifier.enroll("bob", TIMED, counter=0)
        for credential, wrong in ((TIMED, 1), (TIMED, LAST), (KEYED, -1), (KEYED, LAST + 1), (TIMED, -1)):
            with self.subTest(wrong):
                self.assert_unchanged(
                    ValueError, self.verifier.enroll, "alice", credential, counter=wrong, replace=True
                )
        for strange in (1.0, "1", None, True):
            with self.subTest(strange), self.assertRaises(TypeError):
                self.verifier.enroll("carol", KEYED, counter=strange)  # type: ignore[arg-type]  # on purpose

    def test_what_is_no_credential(self) -> None:
        """T12: a credential is a HOTP or a TOTP; a secret alone is none."""
        for strange in (SECRET, RFC_KEY, "GEZDGNBV", None, HOTP):
            with self.subTest(type(strange)), self.assertRaisesRegex(TypeError, "a HOTP or a TOTP"):
                self.verifier.enroll("alice", strange)  # type: ignore[arg-type]  # the wrong type is tested

    def test_two_at_once(self) -> None:
        """O16, K38: of two first enrolments one wins, and the other one is told."""
        self.store.between.append(lambda: self.verifier.enroll("alice", OTHER))
        with self.assertRaises(AlreadyEnrolledError):
            self.verifier.enroll("alice", TIMED, TIMED.at(NOW))
        self.verifier.verify("alice", OTHER, OTHER.at(NOW))

    def test_a_failure_while_it_is_replaced(self) -> None:
        """Rule 6: a guess that came in between is not forgotten."""
        self.verifier.enroll("alice", TIMED)
        self.store.between.append(lambda: self.refuse(IncorrectCodeError, TIMED, WRONG))
        self.verifier.enroll("alice", OTHER, replace=True)
        self.assertEqual(Throttle(0, 0, NOW + REFILL), self.state().throttle)


class Verify(Case):
    def test_evidence(self) -> None:
        """O11, H25, K28: the factor, its distance, the drift, and the failures to tell the owner of."""
        self.verifier.enroll("alice", TIMED)
        for failures in (0, 3, 0):
            for _ in range(failures):
                self.refuse(IncorrectCodeError, TIMED, WRONG)
            self.clock.now += 60
            step = TIMED.step(self.clock.now)
            accepted = self.verifier.verify("alice", TIMED, TIMED.at_step(step - 1))
            drift = -1 if step == STEP + 6 else 0
            self.assertEqual(Accepted(step - 1, -1, drift, failures), accepted)
        self.assertEqual(-1, self.state().drift)
        self.verifier.enroll("bob", KEYED, counter=5)
        self.assertEqual(Accepted(9, 4, 0, 0), self.verifier.verify("bob", KEYED, KEYED.at(9)))

    def test_once(self) -> None:
        """T25, N08, O01, K03: the same code twice, from any number of verifiers over the same store."""
        self.verifier.enroll("alice", TIMED)
        self.verifier.verify("alice", TIMED, TIMED.at(NOW))
        for _ in range(100):
            again = Verifier(self.store, clock=self.clock)
            self.assert_unchanged(ReplayedCodeError, again.verify, "alice", TIMED, TIMED.at(NOW))

    def test_step_and_counter_0(self) -> None:
        """K31: the first factor of all at the first time of all, and the state of it is there."""
        self.clock.now = 0
        for key, credential in (("alice", TIMED), ("bob", KEYED)):
            self.verifier.enroll(key, credential)
            self.assertEqual(Accepted(0, 0, 0, 0), self.verifier.verify(key, credential, "755224"))
            self.assertEqual(1, self.state(key).next_factor)
            self.refuse(ReplayedCodeError, credential, "755224", key)

    def test_the_last_counter(self) -> None:
        """H07: it is accepted, then the state says that nothing is left."""
        self.verifier.enroll("alice", KEYED, counter=LAST)
        self.assertFalse(self.state().exhausted)
        self.assertEqual(LAST, self.verifier.verify("alice", KEYED, KEYED.at(LAST)).factor)
        self.assertTrue(self.state().exhausted)
        for code, kind in ((KEYED.at(LAST), ReplayedCodeError), (WRONG, IncorrectCodeError)):
            self.assert_unchanged(kind, self.verifier.verify, "alice", KEYED, code)

    def test_nothing_is_enrolled(self) -> None:
        """K17, K21, K23: an unknown key lets nobody in, whatever the code, and makes no entry."""
        codes: list[Any] = ["755224", TIMED.at(NOW), "", " ", None, b"", 0, False, []]
        for code in codes:
            self.assert_unchanged(NotEnrolledError, self.verifier.verify, "alice", TIMED, code)
            three = ["755224", "287082", code]
            self.assert_unchanged(NotEnrolledError, self.verifier.resynchronize, "alice", TIMED, three)
        self.assert_unchanged(NotEnrolledError, self.verifier.unlock, "alice")
        self.assertIsNone(self.store.get("otp/alice"))

    def test_what_a_person_may_type(self) -> None:
        """K17, K21, K29, K30: anything at all: accepted, or a VerificationError, and nothing else."""
        self.verifier.enroll("alice", TIMED)
        self.verifier.verify("alice", TIMED, TIMED.at(NOW))
        for code in (
            *(
                "",
                " ",
                "0",
                "\0",
                "None",
                "null",
                "²" * 6,
                "１２３４５６",
                "\ud800" * 6,
                "x" * 10**6,
                "'; --",
            ),
            *(None, 0, False, True, b"", b"123456", [], {}, object(), float("nan"), 10**5000),
        ):
            self.assert_unchanged(MalformedCodeError, self.verifier.verify, "alice", TIMED, code)

    def test_another_users_device(self) -> None:
        """K23, H28: Alice's key is not opened with Bob's phone, and Bob's state stays what it is."""
        self.verifier.enroll("alice", TIMED)
        self.verifier.enroll("bob", OTHER)
        bob = self.store.get("otp/bob")
        for code in (OTHER.at(NOW), TIMED.at(NOW), WRONG):
            self.assert_unchanged(NotEnrolledError, self.verifier.verify, "alice", OTHER, code)
        self.assertEqual(bob, self.store.get("otp/bob"))

    def test_keys_are_kept_apart(self) -> None:
        """H28, K18, K33: two devices of one user, and keys that look alike, have states of their own."""
        keys = ["alice", "alice/2", "Alice", "alice ", "a", "al\u0131ce", "e\u0301", "\xe9", "otp/alice", "%"]
        for key in keys:
            self.verifier.enroll(key, KEYED)
        before = {key: self.store.get(f"otp/{key}") for key in keys}
        self.assertEqual(len(keys), len({self.state(key).mark for key in keys}))
        for _ in range(9):
            with self.assertRaises(VerificationError):
                self.verifier.verify("alice", KEYED, WRONG)
        self.verifier.verify("alice/2", KEYED, "755224")
        for key in keys[2:]:
            self.assertEqual(before[key], self.store.get(f"otp/{key}"))
        self.refuse(ThrottledError, KEYED, "755224")
        self.verifier.verify("a", KEYED, "755224")

    def test_keys(self) -> None:
        """K25: 1 to 255 characters that UTF-8 can encode; the rest is the programmer's mistake."""
        for key in ("x", "x" * 255, "\U0001f511" * 255, " ", "\n"):
            self.verifier.enroll(key, KEYED)
            self.verifier.forget(key)
        strange: list[Any] = ["", "x" * 256, "a\0b", "\ud800", None, 7, b"alice", ("alice",)]
        for key in strange:
            for call, *args in (
                *((self.verifier.enroll, KEYED), (self.verifier.verify, KEYED, "755224")),
                (self.verifier.resynchronize, KEYED, KEYED.codes(0, 3)),
                *((self.verifier.unlock,), (self.verifier.forget,), (self.verifier.state,)),
            ):
                with self.subTest(key), self.assertRaisesRegex((TypeError, ValueError), "^user must"):
                    call(key, *args)

    def test_the_clock_is_the_servers(self) -> None:
        """O07, T02: no call takes a time; without a clock of its own a verifier reads the system's."""
        self.assertIs(time.time, Verifier(self.store).clock)
        verifier = Verifier(self.store)
        verifier.enroll("alice", TIMED)
        step = TIMED.step(time.time())
        # A step may end between two looks at the clock; the code is in sight either way.
        self.assertIn(verifier.verify("alice", TIMED, TIMED.at_step(step)).offset, (-1, 0))

    def test_a_period_of_a_minute(self) -> None:
        """T05: the period is the credential's; the same secret at another period is another one."""
        slow = TOTP(SECRET, period=60)
        self.verifier.enroll("alice", slow)
        self.refuse(NotEnrolledError, TIMED, TIMED.at(NOW))
        self.refuse(IncorrectCodeError, slow, TIMED.at(NOW))
        self.assertEqual(NOW // 60, self.verifier.verify("alice", slow, slow.at(NOW)).factor)

    def test_days_of_logins(self) -> None:
        """T25, T28: an owner whose clock is 25 s off gets in each time, and the centre does not walk."""
        for off in (-25, 0, 25):
            self.verifier.forget("alice")
            self.verifier.enroll("alice", TIMED)
            drifts = set()
            for day in range(200):
                self.clock.now = NOW + day * 86_417
                self.verifier.verify("alice", TIMED, TIMED.at(self.clock.now + off))
                drifts.add(self.state().drift)
            self.assertEqual({-25: {-1, 0}, 0: {0}, 25: {0, 1}}[off], drifts)


class Throttled(Case):
    def test_by_default(self) -> None:
        """H09, H20, H27, K05: a verifier made without a word about it slows a guesser down."""
        verifier = Verifier(MemoryStore())
        verifier.enroll("alice", KEYED)
        kinds = []
        for _ in range(8):
            try:
                verifier.verify("alice", KEYED, WRONG)
            except VerificationError as error:
                kinds.append(type(error))
        self.assertEqual([IncorrectCodeError] * 5 + [ThrottledError] * 3, kinds)

    def test_when_to_come_back(self) -> None:
        """H25, N14: the error says from when on a code is judged, and then it is."""
        self.verifier.enroll("alice", KEYED)
        for _ in range(5):
            self.refuse(IncorrectCodeError, KEYED, WRONG)
        for later in (0, 1, 29, 29.999):
            self.clock.now = NOW + later
            with self.assertRaises(ThrottledError) as caught:
                self.verifier.verify("alice", KEYED, "755224")
            self.assertEqual(NOW + 30, caught.exception.retry_at)
        self.clock.now = NOW + 30
        self.assertEqual(5, self.verifier.verify("alice", KEYED, "755224").failures_before)

    def test_it_is_kept_in_the_store(self) -> None:
        """H32, K01, K13: a thousand sessions of verifiers made anew share five guesses."""
        self.verifier.enroll("alice", KEYED)
        kinds: Counter[type] = Counter()

        lock = threading.Lock()

        def sessions() -> None:
            for _ in range(125):
                try:
                    Verifier(self.store, clock=self.clock).verify("alice", KEYED, WRONG)
                except VerificationError as error:
                    with lock:
                        kinds[type(error)] += 1

        self.together([sessions] * 8)
        self.assertEqual({IncorrectCodeError: 5, ThrottledError: 995}, dict(kinds))
        self.assertEqual((5, NOW + 30), self.state().throttle[:2])

    def together(self, calls: list[Callable[[], object]]) -> None:
        """Let threads begin together, and wait until they are done."""
        barrier = threading.Barrier(len(calls))

        def run(call: Callable[[], object]) -> None:
            barrier.wait()
            call()

        threads = [threading.Thread(target=run, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_one_code_in_many_threads(self) -> None:
        """O16, K08, T25: exactly one gets in, each time."""
        for turn in range(30):
            key = f"alice {turn}"
            self.verifier.enroll(key, TIMED)
            ways: list[str] = []

            def try_it(key: str = key, ways: list[str] = ways) -> None:
                try:
                    self.verifier.verify(key, TIMED, TIMED.at(NOW))
                except ReplayedCodeError:
                    ways.append("replayed")
                else:
                    ways.append("accepted")

            self.together([try_it] * 8)
            self.assertEqual(["accepted", *["replayed"] * 7], sorted(ways))

    def test_every_way_in_asks_the_same(self) -> None:
        """O14, K10, K26: a disablement holds for one code, for three, and for a new enrolment."""
        self.verifier.policy = Policy(disable_after=5)
        self.verifier.enroll("alice", KEYED)
        for _ in range(5):
            self.refuse(IncorrectCodeError, KEYED, WRONG)
        self.assert_unchanged(DisabledError, self.verifier.verify, "alice", KEYED, "755224")
        self.assert_unchanged(DisabledError, self.verifier.resynchronize, "alice", KEYED, KEYED.codes(0, 3))
        self.assert_unchanged(AlreadyEnrolledError, self.verifier.enroll, "alice", KEYED, "755224")

    def test_disabled_until_unlocked(self) -> None:
        """N12: the hundredth failure in a row disables, for every verifier over the store, at any time."""
        self.verifier.policy = Policy(disable_after=100)
        self.verifier.enroll("alice", TIMED, counter=0)
        for _ in range(100):
            self.refuse(IncorrectCodeError, TIMED, WRONG)
            self.clock.now = max(self.clock.now, self.state().throttle.retry_at(self.verifier.policy))
        self.assertEqual(1, self.state().disabled)
        for later in (0, 3600, YEAR):
            self.clock.now += later
            for verifier in (self.verifier, Verifier(self.store, clock=self.clock)):
                self.assert_unchanged(
                    DisabledError, verifier.verify, "alice", TIMED, TIMED.at(self.clock.now)
                )
        self.verifier.unlock("alice")
        self.verifier.verify("alice", TIMED, TIMED.at(self.clock.now))

    def test_the_owner_gets_in(self) -> None:
        """K44, H55: under attack without pause, three codes let the owner in each time, for thirty days."""
        self.verifier.enroll("alice", TIMED)
        judged, logins = 0, 0
        for minute in range(0, 30 * 24 * 60, 20):
            self.clock.now = NOW + minute * 60
            try:
                self.verifier.verify("alice", TIMED, WRONG)
            except IncorrectCodeError:
                judged += 1
            except ThrottledError:
                pass
            if minute % 720 == 0:
                step = TIMED.step(self.clock.now)
                codes = [TIMED.at_step(step + i) for i in (-2, -1, 0)]
                self.assertEqual(0, self.verifier.resynchronize("alice", TIMED, codes).drift)
                logins += 1
        self.assertEqual(60, logins)
        self.assertEqual(50 + 30 * 86_400 // REFILL - 1, judged)

    def test_the_clock_jumps_forward_and_back(self) -> None:
        """K39: the far delay is stored as the longest one and runs out, though nobody fails again."""
        self.verifier.enroll("alice", KEYED)
        self.clock.now = NOW + 10 * YEAR
        for _ in range(6):
            with self.assertRaises(VerificationError):
                self.verifier.verify("alice", KEYED, WRONG)
        self.clock.now = NOW
        self.refuse(ThrottledError, KEYED, "755224")
        self.clock.now = NOW + REFILL
        self.verifier.verify("alice", KEYED, "755224")


class Resynchronize(Case):
    def test_a_device_that_is_far_ahead(self) -> None:
        """H05, H34: one code is refused, three bring it back, and each is spent."""
        self.verifier.enroll("alice", KEYED)
        self.refuse(IncorrectCodeError, KEYED, KEYED.at(90))
        accepted = self.verifier.resynchronize("alice", KEYED, KEYED.codes(90, 3))
        self.assertEqual(Accepted(92, 92, 0, 1), accepted)
        for counter in (90, 91, 92):
            self.refuse(ReplayedCodeError, KEYED, KEYED.at(counter))
        self.assertEqual(93, self.verifier.verify("alice", KEYED, KEYED.at(93)).factor)

    def test_while_delayed(self) -> None:
        """H55, K44: it ends the delay, and gives back no guess of the second tier."""
        self.verifier.enroll("alice", TIMED)
        for _ in range(50):
            self.refuse(IncorrectCodeError, TIMED, WRONG)
            self.clock.now = max(self.clock.now, self.state().throttle.delayed_until)
        now = self.clock.now
        full_at = self.state().throttle.full_at
        self.refuse(IncorrectCodeError, TIMED, WRONG)  # two refills have come meanwhile
        self.refuse(ThrottledError, TIMED, TIMED.at(now))
        step = TIMED.step(now)
        codes = [TIMED.at_step(step + i) for i in (-2, -1, 0)]
        self.assertEqual(51, self.verifier.resynchronize("alice", TIMED, codes).failures_before)
        self.assertEqual(Throttle(0, 0, full_at + REFILL), self.state().throttle)
        self.verifier.verify("alice", TIMED, TIMED.at_step(step + 1))

    def test_recorded_codes(self) -> None:
        """K20: two that were seen do not do, nor do three of which one is spent."""
        self.verifier.enroll("alice", TIMED)
        seen = [TIMED.at_step(STEP - 1), TIMED.at_step(STEP)]
        for codes in ([*seen, WRONG], [WRONG, *seen], [seen[0], *seen], [*seen, seen[1]]):
            self.assert_unchanged(IncorrectCodeError, self.verifier.resynchronize, "alice", TIMED, codes)
        self.verifier.verify("alice", TIMED, seen[0])
        for start in (STEP - 3, STEP - 2, STEP - 1):
            codes = [TIMED.at_step(start + i) for i in range(3)]
            self.assert_unchanged(ReplayedCodeError, self.verifier.resynchronize, "alice", TIMED, codes)
        self.verifier.resynchronize("alice", TIMED, [TIMED.at_step(STEP + i) for i in range(3)])

    def test_mistakes_of_the_programmer(self) -> None:
        """H34: one text, or another number than three."""
        self.verifier.enroll("alice", KEYED)
        self.assert_unchanged(TypeError, self.verifier.resynchronize, "alice", KEYED, "755224")
        for count in (0, 1, 2, 4):
            self.assert_unchanged(
                ValueError, self.verifier.resynchronize, "alice", KEYED, KEYED.codes(0, count)
            )

    def test_the_same_three_at_once(self) -> None:
        """O16, T25: the one that was slower finds them spent."""
        self.verifier.enroll("alice", TIMED)
        codes = [TIMED.at_step(STEP + i) for i in (-2, -1, 0)]
        self.store.between.append(lambda: self.verifier.resynchronize("alice", TIMED, codes))
        with self.assertRaises(ReplayedCodeError):
            self.verifier.resynchronize("alice", TIMED, codes)

    def test_one_of_them_at_once(self) -> None:
        """O16, T25: a code that was accepted in between is not accepted again among three."""
        self.verifier.enroll("alice", TIMED)
        codes = [TIMED.at_step(STEP + i) for i in (-2, -1, 0)]
        self.store.between.append(lambda: self.verifier.verify("alice", TIMED, codes[2]))
        with self.assertRaises(ReplayedCodeError):
            self.verifier.resynchronize("alice", TIMED, codes)
        self.assertEqual(0, self.state().drift)


class InBetween(Case):
    """What happens between a read and the write that follows it."""

    def setUp(self) -> None:
        super().setUp()
        self.verifier.enroll("alice", TIMED)

    def test_the_same_code(self) -> None:
        """T25, O16: the one that was slower is a replay."""
        self.store.between.append(lambda: self.verifier.verify("alice", TIMED, TIMED.at(NOW)))
        self.refuse(ReplayedCodeError, TIMED, TIMED.at(NOW))

    def test_a_later_code(self) -> None:
        """K36: a slow writer does not put a lower step over a higher one."""
        self.store.between.append(lambda: self.verifier.verify("alice", TIMED, TIMED.at_step(STEP + 1)))
        self.refuse(ReplayedCodeError, TIMED, TIMED.at_step(STEP))
        self.assertEqual(STEP + 2, self.state().next_factor)

    def test_an_earlier_code(self) -> None:
        """K36: both are accepted, and the watermark is the higher one."""
        self.store.between.append(lambda: self.verifier.verify("alice", TIMED, TIMED.at_step(STEP)))
        self.assertEqual(STEP + 1, self.verifier.verify("alice", TIMED, TIMED.at_step(STEP + 1)).factor)
        self.assertEqual(STEP + 2, self.state().next_factor)

    def test_guesses(self) -> None:
        """H32, K08: two wrong codes at once are two failures."""
        self.store.between += [lambda: self.refuse(IncorrectCodeError, TIMED, WRONG)] * 3
        self.refuse(IncorrectCodeError, TIMED, WRONG)
        self.assertEqual(4, self.state().throttle.failures)

    def test_a_delay(self) -> None:
        """K10: one that began after the code was judged, and before that was stored, holds."""

        def attack() -> None:
            for _ in range(5):
                self.refuse(IncorrectCodeError, TIMED, WRONG)

        self.store.between.append(attack)
        self.refuse(ThrottledError, TIMED, TIMED.at(NOW))
        self.assertEqual((5, NOW + 30), self.state().throttle[:2])

    def test_the_clock_is_read_again(self) -> None:
        """K10: what was lost is judged by the time at which it is judged again, not by the first one."""

        def wait() -> None:
            self.refuse(IncorrectCodeError, TIMED, WRONG)
            self.clock.now += 300

        self.store.between.append(wait)
        self.refuse(IncorrectCodeError, TIMED, TIMED.at(NOW))
        self.assertEqual((2, 0), self.state().throttle[:2])
        self.store.between.append(wait)
        later = TIMED.at(self.clock.now + 300)
        self.assertEqual(3, self.verifier.verify("alice", TIMED, later).failures_before)

    def test_another_enrolment(self) -> None:
        """N05, K38: the old credential's right code is refused, and the new one's state is not touched."""
        for credential in (OTHER, KEYED, TOTP(SECRET, period=60), TOTP(SECRET, digits=8)):
            for code in (TIMED.at(NOW), WRONG):
                self.verifier.enroll("alice", TIMED, replace=True)
                seen: list[str | None] = []

                def enroll(credential: HOTP | TOTP = credential, seen: list[str | None] = seen) -> None:
                    self.verifier.enroll("alice", credential, replace=True)
                    seen.append(self.store.get("otp/alice"))

                self.store.between.append(enroll)
                self.refuse(NotEnrolledError, TIMED, code)
                self.assertEqual(seen, [self.store.get("otp/alice")])

    def test_the_same_credential_enrolled_again(self) -> None:
        """K38: the code was spent in between, so the swap fails and the code is a replay."""
        self.store.between.append(lambda: self.verifier.enroll("alice", TIMED, TIMED.at(NOW), replace=True))
        self.refuse(ReplayedCodeError, TIMED, TIMED.at(NOW))

    def test_it_is_forgotten(self) -> None:
        """O06: to revoke a factor ends the verifications that are under way."""
        for call in (
            lambda: self.verifier.verify("alice", TIMED, TIMED.at(NOW)),
            lambda: self.verifier.verify("alice", TIMED, WRONG),
            lambda: self.verifier.resynchronize("alice", TIMED, [TIMED.at_step(STEP + i) for i in range(3)]),
            # An unlock that changes nothing writes nothing.
            lambda: self.verifier.unlock("alice"),
        ):
            self.verifier.enroll("alice", TIMED, replace=True)
            self.refuse(IncorrectCodeError, TIMED, WRONG)
            self.store.between.append(lambda: self.verifier.forget("alice"))
            with self.assertRaises(NotEnrolledError):
                call()
            self.assertIsNone(self.store.get("otp/alice"))

    def test_an_unlock(self) -> None:
        """A code that is judged while somebody unlocks is judged anew, and counted once."""
        self.refuse(IncorrectCodeError, TIMED, WRONG)
        self.store.between.append(lambda: self.verifier.unlock("alice"))
        self.refuse(IncorrectCodeError, TIMED, WRONG)
        self.assertEqual(1, self.state().throttle.failures)


class Unlock(Case):
    def test_what_it_clears_and_what_not(self) -> None:
        """N12, T25: delays, spent guesses and disablement; never watermark, drift, lean, mark or seal."""
        self.verifier.policy = Policy(disable_after=7)
        codes = [TIMED.at_step(STEP + i) for i in (3, 4, 5)]
        self.verifier.enroll("alice", TIMED, codes)
        self.clock.now += 90
        then = self.clock.now
        self.verifier.verify("alice", TIMED, TIMED.at_step(STEP + 9))
        before = self.state()
        self.assertEqual((STEP + 10, 5, 1), before[1:4])
        for _ in range(7):
            self.refuse(IncorrectCodeError, TIMED, WRONG)
            self.clock.now = max(self.clock.now, self.state().throttle.delayed_until)
        self.refuse(DisabledError, TIMED, TIMED.at_step(STEP + 10))
        self.assertEqual(before, self.state()._replace(throttle=Throttle(), disabled=0))
        self.verifier.unlock("alice")
        self.assertEqual(before, self.state())
        self.verifier.unlock("alice")
        self.assertEqual(before, self.state())
        self.clock.now = then
        self.refuse(ReplayedCodeError, TIMED, TIMED.at_step(STEP + 9))

    def test_the_whole_budget_is_back(self) -> None:
        """Unlocking is a named act of an operator: fifty guesses are there again."""
        self.verifier.policy = Policy(min_delay=0)
        self.verifier.enroll("alice", KEYED)
        for _ in range(2):
            for _ in range(50):
                self.refuse(IncorrectCodeError, KEYED, WRONG)
            self.refuse(ThrottledError, KEYED, WRONG)
            self.verifier.unlock("alice")


class Forget(Case):
    def test_it_is_gone(self) -> None:
        """O06: nothing is enrolled any more; to forget what is not there is no mistake."""
        self.verifier.enroll("alice", TIMED)
        self.verifier.enroll("bob", TIMED)
        for _ in range(2):
            self.verifier.forget("alice")
            self.assertIsNone(self.verifier.state("alice"))
            self.refuse(NotEnrolledError, TIMED, TIMED.at(NOW))
        self.verifier.verify("bob", TIMED, TIMED.at(NOW))
        self.verifier.enroll("alice", OTHER)

    def test_a_damaged_entry_can_be_forgotten(self) -> None:
        """K43: it is the way to begin anew."""
        self.store.swap("otp/alice", None, "damaged")
        self.verifier.forget("alice")
        self.verifier.enroll("alice", TIMED)


class Look(Case):
    def test_state(self) -> None:
        """K32, K43: nothing before the enrolment, integers after it; to look changes nothing."""
        self.assertIsNone(self.verifier.state("alice"))
        self.verifier.enroll("alice", TIMED)
        before = self.store.get("otp/alice")
        state = self.state()
        self.assertEqual(before, state.to_text())
        for value in (*state[1:4], *state.throttle, *state[5:]):
            self.assertIs(int, type(value))
        self.assertEqual("totp", state.kind)
        self.assertEqual(before, self.store.get("otp/alice"))

    def test_marks_are_random(self) -> None:
        """Rule 2: 64 bits, another one for each enrolment."""
        marks = set()
        for i in range(200):
            self.verifier.enroll("alice", (TIMED, OTHER)[i % 2], replace=True)
            marks.add(self.state().mark)
        self.assertEqual(200, len(marks))
        self.assertLess(2**62, max(marks))
        self.assertGreater(2**64, max(marks))


class Faults(unittest.TestCase):
    def setUp(self) -> None:
        self.store = Broken()
        self.verifier = Verifier(self.store, clock=Clock())
        self.verifier.enroll("alice", TIMED)
        self.calls: list[Callable[[], object]] = [
            lambda: self.verifier.verify("alice", TIMED, TIMED.at(NOW)),
            lambda: self.verifier.verify("alice", TIMED, WRONG),
            lambda: self.verifier.resynchronize("alice", TIMED, KEYED.codes(STEP, 3)),
            lambda: self.verifier.enroll("bob", TIMED, TIMED.at(NOW)),
            lambda: self.verifier.enroll("alice", OTHER, OTHER.at(NOW), replace=True),
            lambda: self.verifier.forget("alice"),
        ]

    def test_nothing_is_accepted_before_it_is_stored(self) -> None:
        """H22, O16: a store that cannot read or write ends in StoreError, and the code is still good."""
        before = self.store._entries.copy()
        for fault in ("get", "swap", "refuse"):
            self.store.fault = fault
            for call in self.calls:
                with self.subTest(fault), self.assertRaises(StoreError):
                    call()
        self.assertEqual(before, self.store._entries)
        self.store.fault = ""
        self.assertEqual(STEP, self.verifier.verify("alice", TIMED, TIMED.at(NOW)).factor)

    def test_a_store_that_always_says_no(self) -> None:
        """O16: after a thousand swaps that came to nothing the verifier gives up."""
        self.store.fault, self.store.swaps = "refuse", 0
        with self.assertRaisesRegex(StoreError, "in a row"):
            self.verifier.verify("alice", TIMED, TIMED.at(NOW))
        self.assertEqual(1000, self.store.swaps)

    def test_what_changes_nothing_is_not_written(self) -> None:
        """A refusal that is not charged costs no write."""
        self.verifier.verify("alice", TIMED, TIMED.at(NOW))
        self.store.swaps = 0
        for credential, code in ((TIMED, TIMED.at(NOW)), (TIMED, "75522"), (OTHER, OTHER.at(NOW))):
            with self.assertRaises(OnetimeError):
                self.verifier.verify("alice", credential, code)
        self.verifier.forget("bob")
        self.verifier.unlock("alice")
        self.assertEqual(0, self.store.swaps)
        self.assertTrue(MemoryStore.swap(self.store, "otp/bob", None, None))

    def test_damaged_state(self) -> None:
        """K43: an empty, cut or strange entry is StoreError for all who read it; nothing is accepted."""
        whole = self.store.get("otp/alice")
        assert whole is not None
        for damaged in (
            *(
                "",
                " ",
                "0",
                "NULL",
                "null",
                "{}",
                "None",
                "totp1",
                "totp1 0",
                whole[:-1],
                whole[1:],
                whole + " ",
            ),
            *(whole.replace("totp1", kind) for kind in ("totp2", "hotp1", "TOTP1", "")),
            *(whole.replace(" 0 ", " 1 ", 1), whole.replace(" 0 ", "  "), whole.replace(" 0 ", " NULL ")),
        ):
            self.store._entries["otp/alice"] = damaged
            for call in (
                *(self.calls[:3], self.calls[4:5]),
                [lambda: self.verifier.unlock("alice"), lambda: self.verifier.state("alice")],
            ):
                for each in call:
                    with self.subTest(damaged), self.assertRaises(StoreError):
                        each()
            self.assertEqual(damaged, self.store.get("otp/alice"))
            with self.assertRaises(AlreadyEnrolledError):
                self.verifier.enroll("alice", TIMED, TIMED.at(NOW))

    def test_a_store_of_another_process(self) -> None:
        """T25: what a fork copied is StoreError, not a second place where a code is good."""
        self.calls.append(lambda: self.store.swap("otp/alice", self.store._entries["otp/alice"], None))

        def child() -> None:
            for call in self.calls:
                with self.assertRaisesRegex(StoreError, "forked child"):
                    call()

        in_child(child)
        self.assertEqual(STEP, self.verifier.verify("alice", TIMED, TIMED.at(NOW)).factor)

    def test_a_clock_that_fails(self) -> None:
        """T02: without a time nothing is judged and nothing stored."""
        before = self.store._entries.copy()
        for now in (float("nan"), float("inf")):
            self.verifier.clock = Clock(now)
            for call in self.calls[:5]:
                with self.subTest(now), self.assertRaises(ValueError):
                    call()
        self.assertEqual(before, self.store._entries)


class Shown(Case):
    def test_the_store_never_sees_a_secret(self) -> None:
        """H42, T18, H44, K22: neither in what is kept nor in what a verifier shows of itself."""
        self.verifier.enroll("alice", TIMED, TIMED.at(NOW))
        self.verifier.enroll("bob", KEYED, "755224")
        self.refuse(IncorrectCodeError, TIMED, WRONG)
        kept = (
            repr(self.store._entries) + repr(self.verifier) + repr(vars(self.verifier)) + repr(self.state())
        )
        for trace in (RFC_KEY.decode(), RFC_KEY.hex(), SECRET.to_base32(), SECRET.to_base64(), "755224"):
            self.assertNotIn(trace, kept)
        self.assertNotIn(TIMED.at(NOW), kept)

    def test_errors_show_no_secret_and_no_right_code(self) -> None:
        """H21, K22: whatever a reporter prints of a refusal, with all frames, it helps nobody in."""
        self.verifier.enroll("alice", TIMED)
        right = [TIMED.at_step(STEP + i) for i in range(-12, 12)]
        for code in (WRONG, "75522", WRONG, WRONG, WRONG, WRONG, WRONG):
            # Not assertRaises: it clears the frames.
            text = ""
            try:
                self.verifier.verify("alice", TIMED, code)
            except VerificationError as error:
                text = shown(error)
            self.assertIn("in onetime: verify", text)
            for trace in (RFC_KEY.decode(), RFC_KEY.hex(), SECRET.to_base32(), *right):
                self.assertNotIn(trace, text)

    def test_nothing_is_logged_or_warned_of(self) -> None:
        """H21: the library writes no log in which a code could stand."""
        with warnings.catch_warnings(), self.assertNoLogs(level=logging.DEBUG):
            warnings.simplefilter("error")
            self.verifier.enroll("alice", TIMED, TIMED.at(NOW))
            for code in (TIMED.at(NOW), *[WRONG] * 6, "75522"):
                with self.assertRaises(VerificationError):
                    self.verifier.verify("alice", TIMED, code)

    def test_every_refusal_reads_the_same(self) -> None:
        """K09, N09, O12: the text is no oracle."""
        self.verifier.policy = Policy(disable_after=6)
        self.verifier.enroll("alice", TIMED, TIMED.at(NOW))
        texts: dict[type, str] = {}
        for code in ("75522", TIMED.at(NOW), *[WRONG] * 6):
            try:
                self.verifier.verify("alice", TIMED, code)
            except VerificationError as error:
                texts[type(error)] = str(error)
        self.clock.now += 30
        for code in (WRONG, TIMED.at(NOW)):
            try:
                self.verifier.verify("alice", TIMED, code)
            except VerificationError as error:
                texts[type(error)] = str(error)
        self.assertEqual(
            {MalformedCodeError, ReplayedCodeError, IncorrectCodeError, ThrottledError, DisabledError},
            set(texts),
        )
        self.assertEqual(1, len(set(texts.values())))

    def test_a_success_is_one_factor(self) -> None:
        """H19, K28: evidence of a code, and no word of a login; a forgotten `if` lets nobody in."""
        self.verifier.enroll("alice", TIMED)
        accepted = self.verifier.verify("alice", TIMED, TIMED.at(NOW))
        self.assertEqual(("factor", "offset", "drift", "failures_before"), accepted.__match_args__)
        for code in (TIMED.at(NOW), WRONG, "1", "2", 1, 2, True):
            with self.assertRaises(VerificationError):
                self.verifier.verify("alice", TIMED, code)  # type: ignore[arg-type]  # K28's own mistakes
