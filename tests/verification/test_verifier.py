"""The verifier: what it stores before it tells, and what it does when others come in between."""

import enum
import json
import logging
import threading
import time
import unittest
import warnings
from collections import Counter
from collections.abc import Callable
from inspect import signature
from typing import Any
from unittest import mock

from onetime import (
    HOTP,
    TOTP,
    AlreadyEnrolledError,
    DisabledError,
    IncorrectCodeError,
    MalformedCodeError,
    NotEnrolledError,
    OnetimeError,
    OtherCredentialError,
    ReplayedCodeError,
    Secret,
    StoreError,
    ThrottledError,
    VerificationError,
)
from onetime.storage.memory import MemoryStore
from onetime.testing import ManualClock as Clock
from onetime.verification.decision import decide
from onetime.verification.device import Device
from onetime.verification.evidence import Accepted
from onetime.verification.policy import YEAR, Policy
from onetime.verification.state import State
from onetime.verification.throttle import Throttle
from onetime.verification.verifier import Verifier
from tests.soak import frames
from tests.support import CPYTHON, RFC_KEY, shown
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


def evidence(moving_factor: int, offset: int, drift: int, failures_before: int) -> Accepted:
    """Return the evidence of a code of the only device."""
    return Accepted("default", moving_factor, offset, drift, failures_before)


def delay_of(throttle: Throttle) -> int:
    """Return the first tier's delay, in seconds."""
    return min(30 * 2 ** (throttle.failures - 5), 3600) if throttle.failures >= 5 else 0


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
        self.clock = Clock(NOW)
        self.verifier = Verifier(self.store, clock=self.clock)

    def state(self, key: str = "alice") -> State:
        """Read the state of what is enrolled."""
        state = self.verifier.state(key)
        assert state is not None
        return state

    def device(self, user: str = "alice") -> Device:
        """Read the state of a user's only device."""
        (device,) = self.state(user).devices.values()
        return device

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


class Verify(Case):
    def test_evidence(self) -> None:
        """O11, H25, K28: the factor, its distance, the drift, and the failures to tell the owner of."""
        self.verifier.adopt("alice", TIMED)
        for failures in (0, 3, 0):
            for _ in range(failures):
                self.refuse(IncorrectCodeError, TIMED, WRONG)
            self.clock.now += 60
            step = TIMED.step(self.clock.now)
            accepted = self.verifier.verify("alice", TIMED, TIMED.at_step(step - 1))
            drift = -1 if step == STEP + 6 else 0
            self.assertEqual(evidence(step - 1, -1, drift, failures), accepted)
        self.assertEqual(-1, self.device().drift)
        self.verifier.adopt("bob", KEYED, watermark=5)
        self.assertEqual(evidence(9, 4, 0, 0), self.verifier.verify("bob", KEYED, KEYED.at(9)))

    def test_once(self) -> None:
        """T25, N02, N08, O01, K03, K12: the same code twice, from any number of verifiers over one store."""
        self.verifier.adopt("alice", TIMED)
        self.verifier.verify("alice", TIMED, TIMED.at(NOW))
        for _ in range(100):
            again = Verifier(self.store, clock=self.clock)
            self.assert_unchanged(ReplayedCodeError, again.verify, "alice", TIMED, TIMED.at(NOW))

    def test_step_and_counter_0(self) -> None:
        """K31: the first factor of all at the first time of all, and the state of it is there."""
        self.clock.now = 0
        for key, credential in (("alice", TIMED), ("bob", KEYED)):
            self.verifier.adopt(key, credential)
            self.assertEqual(evidence(0, 0, 0, 0), self.verifier.verify(key, credential, "755224"))
            self.assertEqual(1, self.device(key).watermark)
            self.refuse(ReplayedCodeError, credential, "755224", key)

    def test_the_last_counter(self) -> None:
        """H07: it is accepted, then the state says that nothing is left."""
        self.verifier.adopt("alice", KEYED, watermark=LAST)
        self.assertFalse(self.device().exhausted)
        self.assertEqual(LAST, self.verifier.verify("alice", KEYED, KEYED.at(LAST)).moving_factor)
        self.assertTrue(self.device().exhausted)
        for code, kind in ((KEYED.at(LAST), ReplayedCodeError), (WRONG, IncorrectCodeError)):
            self.assert_unchanged(kind, self.verifier.verify, "alice", KEYED, code)

    def test_nothing_is_enrolled(self) -> None:
        """K17, K21, K23: an unknown user is not let in, whatever the code, and makes no entry."""
        codes: list[Any] = ["755224", TIMED.at(NOW), "0", "", " ", None, b"", 0, False, []]
        for number, code in enumerate(codes):
            kind = NotEnrolledError if number < 3 else MalformedCodeError
            self.assert_unchanged(kind, self.verifier.verify, "alice", TIMED, code)
            three = [code] * 3
            self.assert_unchanged(kind, self.verifier.resynchronize, "alice", TIMED, three)
        self.assert_unchanged(NotEnrolledError, self.verifier.unlock, "alice")
        self.assertIsNone(self.store.get("otp/alice"))

    def test_what_a_person_may_type(self) -> None:
        """K17, K21, K29, K30: anything at all: accepted, or a VerificationError, and nothing else."""
        self.verifier.adopt("alice", TIMED)
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
        self.verifier.adopt("alice", TIMED)
        self.verifier.adopt("bob", OTHER)
        bob = self.store.get("otp/bob")
        for code in (OTHER.at(NOW), TIMED.at(NOW), WRONG):
            self.assert_unchanged(OtherCredentialError, self.verifier.verify, "alice", OTHER, code)
        self.assertEqual(bob, self.store.get("otp/bob"))

    def test_keys_are_kept_apart(self) -> None:
        """H28, K18, K33: two devices of one user, and keys that look alike, have states of their own."""
        keys = ["alice", "alice/2", "Alice", "alice ", "a", "al\u0131ce", "e\u0301", "\xe9", "otp/alice", "%"]
        for key in keys:
            self.verifier.adopt(key, KEYED)
        before = {key: self.store.get(f"otp/{key}") for key in keys}
        self.assertEqual(len(keys), len({self.device(key).enrollment_id for key in keys}))
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
            self.verifier.adopt(key, KEYED)
            self.verifier.forget(key)
        strange: list[Any] = ["", "x" * 256, "a\0b", "\ud800", None, 7, b"alice", ("alice",)]
        for key in strange:
            for call, *args in (
                *((self.verifier.enroll, KEYED, "755224"), (self.verifier.adopt, KEYED)),
                (self.verifier.verify, KEYED, "755224"),
                (self.verifier.resynchronize, KEYED, KEYED.codes(0, 3)),
                *((self.verifier.unlock,), (self.verifier.forget,), (self.verifier.state,)),
            ):
                with self.subTest(key), self.assertRaisesRegex((TypeError, ValueError), "^user must"):
                    call(key, *args)

    def test_the_clock_is_the_servers(self) -> None:
        """O07, T02: no call takes a time; without a clock of its own a verifier reads the system's."""
        self.assertIsNone(Verifier(self.store).clock)
        verifier = Verifier(self.store)
        verifier.adopt("alice", TIMED)
        step = TIMED.step(time.time())
        # A step may end between two looks at the clock; the code is in sight either way.
        self.assertIn(verifier.verify("alice", TIMED, TIMED.at_step(step)).offset, (-1, 0))

    def test_there_is_no_challenge(self) -> None:
        """H03: a verification takes the credential, the stored state, a code and the server's clock only."""
        self.assertEqual(["self", "user", "credentials", "code"], list(signature(Verifier.verify).parameters))
        names = ["credentials", "state", "code", "now", "policy"]
        self.assertEqual(names, list(signature(decide).parameters))

    def test_frozen_time(self) -> None:
        """F22: a test that freezes `time.time` freezes the verifier too, whenever it was made."""
        verifier = Verifier(self.store)
        with mock.patch("time.time", return_value=NOW - 10**8):
            verifier.enroll("alice", TIMED, TIMED.now())
            self.assertEqual(TIMED.step(NOW - 10**8) + 1, self.device().watermark)

    def test_a_user_is_a_text(self) -> None:
        """F33: an int is a TypeError that says what to do; an e-mail address of 254 characters is fine."""
        with self.assertRaisesRegex(TypeError, r"str\(\.\.\.\)"):
            self.verifier.adopt(17, TIMED)  # type: ignore[arg-type]  # on purpose
        self.verifier.adopt("a" * 242 + "@example.com", TIMED)

    def test_evidence_is_not_a_tuple(self) -> None:
        """F37: it is not unpacked, indexed or written as a list; `to_dict` has the names."""
        self.verifier.adopt("alice", TIMED)
        accepted = self.verifier.verify("alice", TIMED, TIMED.at(NOW))
        misuses: list[Callable[[Any], object]] = [json.dumps, iter, len, lambda value: value[0]]
        for misuse in misuses:
            with self.assertRaises(TypeError):
                misuse(accepted)
        self.assertIn('"moving_factor": 60000000', json.dumps(accepted.to_dict()))

    def test_what_a_log_can_tell_apart(self) -> None:
        """F29: a double click, a guess, and the guess that starts a delay, without a second read."""
        self.verifier.adopt("alice", TIMED)
        self.verifier.verify("alice", TIMED, TIMED.at(NOW))
        with self.assertRaises(ReplayedCodeError) as replay:
            self.verifier.verify("alice", TIMED, TIMED.at(NOW))
        self.assertEqual(
            ("replayed", "default", STEP),
            (replay.exception.reason, replay.exception.device, replay.exception.moving_factor),
        )
        for failures in range(1, 6):
            with self.assertRaises(IncorrectCodeError) as wrong:
                self.verifier.verify("alice", TIMED, WRONG)
            expected = ("incorrect", failures, NOW + 30 if failures == 5 else None)
            error = wrong.exception
            self.assertEqual(expected, (error.reason, error.failures, error.retry_at))

    def test_a_period_of_a_minute(self) -> None:
        """T05: the period is the credential's; the same secret at another period is another one."""
        slow = TOTP(SECRET, period=60)
        self.verifier.adopt("alice", slow)
        self.refuse(OtherCredentialError, TIMED, TIMED.at(NOW))
        self.refuse(IncorrectCodeError, slow, TIMED.at(NOW))
        self.assertEqual(NOW // 60, self.verifier.verify("alice", slow, slow.at(NOW)).moving_factor)

    def test_days_of_logins(self) -> None:
        """T25, T28: an owner whose clock is 25 s off gets in each time, and the center does not walk."""
        for off in (-25, 0, 25):
            self.verifier.forget("alice")
            self.verifier.adopt("alice", TIMED)
            drifts = set()
            for day in range(200):
                self.clock.now = NOW + day * 86_417
                self.verifier.verify("alice", TIMED, TIMED.at(self.clock.now + off))
                drifts.add(self.device().drift)
            self.assertEqual({-25: {-1, 0}, 0: {0}, 25: {0, 1}}[off], drifts)


class Throttled(Case):
    def test_by_default(self) -> None:
        """H03, H09, H20, H27, K05: a verifier that is made without a policy throttles an attacker."""
        verifier = Verifier(MemoryStore())
        verifier.adopt("alice", KEYED)
        kinds = []
        for _ in range(8):
            try:
                verifier.verify("alice", KEYED, WRONG)
            except VerificationError as error:
                kinds.append(type(error))
        self.assertEqual([IncorrectCodeError] * 5 + [ThrottledError] * 3, kinds)

    def test_when_to_come_back(self) -> None:
        """H25, N14: the error says from when on a code is judged, and then it is."""
        self.verifier.adopt("alice", KEYED)
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
        self.verifier.adopt("alice", KEYED)
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
        self.assertEqual((5, NOW + 30), (self.state().throttle.failures, self.state().retry_at()))

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
            self.verifier.adopt(key, TIMED)
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
        """O14, K10, K26: a disablement holds for one code, for three, and for a new enrollment."""
        self.verifier.policy = Policy(disable_after=5)
        self.verifier.adopt("alice", KEYED)
        for _ in range(5):
            self.refuse(IncorrectCodeError, KEYED, WRONG)
        self.assert_unchanged(DisabledError, self.verifier.verify, "alice", KEYED, "755224")
        self.assert_unchanged(DisabledError, self.verifier.resynchronize, "alice", KEYED, KEYED.codes(0, 3))
        self.assert_unchanged(AlreadyEnrolledError, self.verifier.enroll, "alice", KEYED, "755224")

    def test_disabled_until_unlocked(self) -> None:
        """N12: the hundredth failure in a row disables, for every verifier over the store, at any time."""
        self.verifier.policy = Policy(disable_after=100)
        self.verifier.adopt("alice", TIMED, watermark=0)
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
        self.verifier.adopt("alice", TIMED)
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
        self.verifier.adopt("alice", KEYED)
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
        self.verifier.adopt("alice", KEYED)
        self.refuse(IncorrectCodeError, KEYED, KEYED.at(90))
        accepted = self.verifier.resynchronize("alice", KEYED, KEYED.codes(90, 3))
        self.assertEqual(evidence(92, 92, 0, 1), accepted)
        for counter in (90, 91, 92):
            self.refuse(ReplayedCodeError, KEYED, KEYED.at(counter))
        self.assertEqual(93, self.verifier.verify("alice", KEYED, KEYED.at(93)).moving_factor)

    def test_while_delayed(self) -> None:
        """H55, K44: it ends the delay, and gives back no guess of the second tier."""
        self.verifier.adopt("alice", TIMED)
        for _ in range(50):
            self.refuse(IncorrectCodeError, TIMED, WRONG)
            throttle = self.state().throttle
            self.clock.now = max(self.clock.now, throttle.since + delay_of(throttle))
        now = self.clock.now
        full_at = now + self.state().throttle.owed(int(now))
        self.refuse(IncorrectCodeError, TIMED, WRONG)  # two refills have come meanwhile
        self.refuse(ThrottledError, TIMED, TIMED.at(now))
        step = TIMED.step(now)
        codes = [TIMED.at_step(step + i) for i in (-2, -1, 0)]
        self.assertEqual(51, self.verifier.resynchronize("alice", TIMED, codes).failures_before)
        self.assertEqual(Throttle(0, int(full_at + REFILL - now), int(now)), self.state().throttle)
        self.verifier.verify("alice", TIMED, TIMED.at_step(step + 1))

    def test_recorded_codes(self) -> None:
        """K20: two that were seen do not do, nor do three of which one is spent."""
        self.verifier.adopt("alice", TIMED)
        seen = [TIMED.at_step(STEP - 1), TIMED.at_step(STEP)]
        for codes in ([*seen, WRONG], [WRONG, *seen], [seen[0], *seen], [*seen, seen[1]]):
            with self.assertRaises(IncorrectCodeError):
                self.verifier.resynchronize("alice", TIMED, codes)
        self.assertEqual((0, 0), (self.state().throttle.failures, self.device().watermark))
        self.verifier.verify("alice", TIMED, seen[0])
        for start in (STEP - 3, STEP - 2, STEP - 1):
            codes = [TIMED.at_step(start + i) for i in range(3)]
            self.assert_unchanged(ReplayedCodeError, self.verifier.resynchronize, "alice", TIMED, codes)
        self.verifier.resynchronize("alice", TIMED, [TIMED.at_step(STEP + i) for i in range(3)])

    def test_mistakes_of_the_programmer(self) -> None:
        """H34: one text, or another number than three."""
        self.verifier.adopt("alice", KEYED)
        self.assert_unchanged(TypeError, self.verifier.resynchronize, "alice", KEYED, "755224")
        for count in (0, 1, 2, 4):
            self.assert_unchanged(
                ValueError, self.verifier.resynchronize, "alice", KEYED, KEYED.codes(0, count)
            )

    def test_the_same_three_at_once(self) -> None:
        """O16, T25: the one that was slower finds them spent."""
        self.verifier.adopt("alice", TIMED)
        codes = [TIMED.at_step(STEP + i) for i in (-2, -1, 0)]
        self.store.between.append(lambda: self.verifier.resynchronize("alice", TIMED, codes))
        with self.assertRaises(ReplayedCodeError):
            self.verifier.resynchronize("alice", TIMED, codes)

    def test_one_of_them_at_once(self) -> None:
        """O16, T25: a code that was accepted in between is not accepted again among three."""
        self.verifier.adopt("alice", TIMED)
        codes = [TIMED.at_step(STEP + i) for i in (-2, -1, 0)]
        self.store.between.append(lambda: self.verifier.verify("alice", TIMED, codes[2]))
        with self.assertRaises(ReplayedCodeError):
            self.verifier.resynchronize("alice", TIMED, codes)
        self.assertEqual(0, self.device().drift)


class InBetween(Case):
    """What happens between a read and the write that follows it."""

    def setUp(self) -> None:
        super().setUp()
        self.verifier.adopt("alice", TIMED)

    def test_the_same_code(self) -> None:
        """T25, O16: the one that was slower is a replay."""
        self.store.between.append(lambda: self.verifier.verify("alice", TIMED, TIMED.at(NOW)))
        self.refuse(ReplayedCodeError, TIMED, TIMED.at(NOW))

    def test_a_later_code(self) -> None:
        """K36: a slow writer does not put a lower step over a higher one."""
        self.store.between.append(lambda: self.verifier.verify("alice", TIMED, TIMED.at_step(STEP + 1)))
        self.refuse(ReplayedCodeError, TIMED, TIMED.at_step(STEP))
        self.assertEqual(STEP + 2, self.device().watermark)

    def test_an_earlier_code(self) -> None:
        """K36: both are accepted, and the watermark is the higher one."""
        self.store.between.append(lambda: self.verifier.verify("alice", TIMED, TIMED.at_step(STEP)))
        self.assertEqual(
            STEP + 1, self.verifier.verify("alice", TIMED, TIMED.at_step(STEP + 1)).moving_factor
        )
        self.assertEqual(STEP + 2, self.device().watermark)

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
        self.assertEqual((5, NOW + 30), (self.state().throttle.failures, self.state().retry_at()))

    def test_the_clock_is_read_again(self) -> None:
        """K10: what was lost is judged by the time at which it is judged again, not by the first one."""

        def wait() -> None:
            self.refuse(IncorrectCodeError, TIMED, WRONG)
            self.clock.now += 300

        self.store.between.append(wait)
        self.refuse(IncorrectCodeError, TIMED, TIMED.at(NOW))
        self.assertEqual((2, NOW + 300), (self.state().throttle.failures, self.state().retry_at()))
        self.store.between.append(wait)
        later = TIMED.at(self.clock.now + 300)
        self.assertEqual(3, self.verifier.verify("alice", TIMED, later).failures_before)

    def test_another_enrolment(self) -> None:
        """N05, K38: the old credential's right code is refused, and the new one's state is not touched."""
        for credential in (OTHER, KEYED, TOTP(SECRET, period=60), TOTP(SECRET, digits=8)):
            for code in (TIMED.at(NOW), WRONG):
                self.verifier.adopt("alice", TIMED, replace=True)
                seen: list[str | None] = []

                def enroll(credential: HOTP | TOTP = credential, seen: list[str | None] = seen) -> None:
                    self.verifier.adopt("alice", credential, replace=True)
                    seen.append(self.store.get("otp/alice"))

                self.store.between.append(enroll)
                self.refuse(OtherCredentialError, TIMED, code)
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
            self.verifier.adopt("alice", TIMED, replace=True)
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


class PhoneEnum(str, enum.Enum):  # noqa: UP042 - a StrEnum is written as it equals
    """A name that equals "phone" and is written as another text."""

    PHONE = "phone"


class CountEnum(int, enum.Enum):
    """The same with a number."""

    FIVE = 5


class Enumerations(unittest.TestCase):
    def test_the_members_of_an_enumeration(self) -> None:
        """As a name they are refused; as a number they are that number. No row is damaged."""
        verifier, credential = Verifier(MemoryStore()), HOTP(Secret(bytes(range(20))))
        name: Any = PhoneEnum.PHONE
        for call in (
            lambda: verifier.adopt("alice", credential, device=name),
            lambda: verifier.enroll("alice", credential, credential.at(0), device=name),
            lambda: verifier.verify("alice", {name: credential}, "000000"),
            lambda: verifier.resynchronize("alice", {name: credential}, ["000000"] * 3),
        ):
            with self.assertRaisesRegex(TypeError, "device must be a str, not PhoneEnum"):
                call()
        verifier.adopt("alice", credential, watermark=CountEnum.FIVE)
        self.assertEqual(5, verifier.verify("alice", credential, credential.at(5)).moving_factor)


class Unlock(Case):
    def test_what_it_clears_and_what_not(self) -> None:
        """N12, T25: delays, spent guesses and disablement; never watermark, drift, anchor or streak."""
        self.verifier.policy = Policy(disable_after=7)
        codes = [TIMED.at_step(STEP + i) for i in (3, 4, 5)]
        self.verifier.enroll("alice", TIMED, codes)
        self.clock.now += 90
        then = self.clock.now
        self.verifier.verify("alice", TIMED, TIMED.at_step(STEP + 9))
        before = self.state()
        self.assertEqual((STEP + 10, 5, 5, 1), self.device()[1:5])
        for _ in range(7):
            self.refuse(IncorrectCodeError, TIMED, WRONG)
            throttle = self.state().throttle
            self.clock.now = max(self.clock.now, throttle.since + delay_of(throttle))
        self.refuse(DisabledError, TIMED, TIMED.at_step(STEP + 10))
        self.assertEqual(before, self.state()._replace(throttle=Throttle(), disabled=False))
        self.verifier.unlock("alice")
        self.assertEqual(before, self.state())
        self.verifier.unlock("alice")
        self.assertEqual(before, self.state())
        self.clock.now = then
        self.refuse(ReplayedCodeError, TIMED, TIMED.at_step(STEP + 9))

    def test_the_whole_budget_is_back(self) -> None:
        """Unlocking is a named act of an operator: fifty guesses are there again."""
        self.verifier.policy = Policy(min_delay=0)
        self.verifier.adopt("alice", KEYED)
        for _ in range(2):
            for _ in range(50):
                self.refuse(IncorrectCodeError, KEYED, WRONG)
            self.refuse(ThrottledError, KEYED, WRONG)
            self.verifier.unlock("alice")


class Forget(Case):
    def test_it_is_gone(self) -> None:
        """O06: nothing is enrolled any more; to forget what is not there is no mistake."""
        self.verifier.adopt("alice", TIMED)
        self.verifier.adopt("bob", TIMED)
        for _ in range(2):
            self.verifier.forget("alice")
            self.assertIsNone(self.verifier.state("alice"))
            self.refuse(NotEnrolledError, TIMED, TIMED.at(NOW))
        self.verifier.verify("bob", TIMED, TIMED.at(NOW))
        self.verifier.adopt("alice", OTHER)

    def test_a_damaged_entry_can_be_forgotten(self) -> None:
        """K43: it is the way to begin anew."""
        self.store.swap("otp/alice", None, "damaged")
        self.verifier.forget("alice")
        self.verifier.adopt("alice", TIMED)


class Look(Case):
    def test_state(self) -> None:
        """K32, K43: nothing before the enrollment, integers after it; to look changes nothing."""
        self.assertIsNone(self.verifier.state("alice"))
        self.verifier.adopt("alice", TIMED)
        before = self.store.get("otp/alice")
        state = self.state()
        self.assertEqual(before, state.to_text())
        for value in (*state.throttle, *state.near_misses, *self.device()[1:]):
            self.assertIs(int, type(value))
        self.assertEqual("totp", self.device().kind)
        self.assertEqual(before, self.store.get("otp/alice"))

    def test_marks_are_random(self) -> None:
        """Rule 2: 64 bits, another one for each enrollment."""
        marks = set()
        for i in range(200):
            self.verifier.adopt("alice", (TIMED, OTHER)[i % 2], replace=True)
            marks.add(self.device().enrollment_id)
        self.assertEqual(200, len(marks))
        self.assertLess(2**62, max(marks))
        self.assertGreater(2**64, max(marks))


class Faults(unittest.TestCase):
    def setUp(self) -> None:
        self.store = Broken()
        self.verifier = Verifier(self.store, clock=Clock(NOW))
        self.verifier.adopt("alice", TIMED)
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
        self.assertEqual(STEP, self.verifier.verify("alice", TIMED, TIMED.at(NOW)).moving_factor)

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
                "user1",
                "user1 0",
                whole[:-1],
                whole[1:],
                whole + " ",
            ),
            *(whole.replace("user1", kind) for kind in ("user2", "totp1", "USER1", "")),
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
            for change in (
                lambda: self.verifier.enroll("alice", TIMED, TIMED.at(NOW)),
                lambda: self.verifier.adopt("alice", TIMED),
                lambda: self.verifier.forget("alice", "default"),
            ):
                with self.assertRaises(StoreError):
                    change()

    def test_a_store_of_another_process(self) -> None:
        """T25: what a fork copied is StoreError, not a second place where a code is good."""
        self.calls.append(lambda: self.store.swap("otp/alice", self.store._entries["otp/alice"], None))

        def child() -> None:
            for call in self.calls:
                with self.assertRaisesRegex(StoreError, "forked child"):
                    call()

        in_child(child)
        self.assertEqual(STEP, self.verifier.verify("alice", TIMED, TIMED.at(NOW)).moving_factor)

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
        """H42, T08, T18, H44, N06, K22: neither in what is kept nor in what a verifier shows of itself."""
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
        self.verifier.adopt("alice", TIMED)
        right = [TIMED.at_step(STEP + i) for i in range(-12, 12)]
        for code in (WRONG, "75522", WRONG, WRONG, WRONG, WRONG, WRONG):
            # Not assertRaises: it clears the frames.
            text = ""
            try:
                self.verifier.verify("alice", TIMED, code)
            except VerificationError as error:
                text = shown(error)
            self.assertIn("in onetime: forgetting", text)
            for trace in (RFC_KEY.decode(), RFC_KEY.hex(), SECRET.to_base32(), *right):
                self.assertNotIn(trace, text)

    def test_whatever_is_raised(self) -> None:
        """F28: a store's own exception, or Ctrl-C, at any call to the store: no frame of ours has a code."""

        class StrangerError(Exception):
            """What a store of another maker raises."""

        for stranger in (StrangerError, KeyboardInterrupt, SystemExit, MemoryError):
            for method in ("get", "swap"):
                self.store = Interleaved()
                verifier = Verifier(self.store, clock=self.clock)
                verifier.adopt("alice", TIMED)
                codes = [TIMED.at_step(STEP + i) for i in range(3)]
                calls: list[Callable[[], object]] = [
                    lambda: verifier.verify("alice", TIMED, codes[0]),  # noqa: B023
                    lambda: verifier.verify("alice", {"default": TIMED}, code=codes[0]),  # noqa: B023
                    lambda: verifier.resynchronize("alice", TIMED, codes),  # noqa: B023
                    lambda: verifier.enroll("bob", TIMED, codes[0]),  # noqa: B023
                ]
                with mock.patch.object(self.store, method, side_effect=stranger("the disk is full")):
                    for call in calls:
                        text = ""
                        try:
                            call()
                        except BaseException as error:
                            text = shown(error)
                        self.assertIn("in onetime: forgetting", text)
                        for code in codes:
                            self.assertNotIn(code, text)

    def test_an_exception_in_the_middle_of_another(self) -> None:
        """F28: what was being handled when it came has frames too, and is not shown."""

        def broken(old: object) -> None:
            try:
                dict[str, str]()[codes[0]]
            except KeyError:
                raise KeyboardInterrupt  # noqa: B904 - so that it has a context

        codes = [TIMED.at(NOW)]
        self.verifier.adopt("alice", TIMED)
        with mock.patch.object(State, "from_text", broken):
            try:
                self.verifier.verify("alice", TIMED, codes[0])
            except KeyboardInterrupt as error:
                self.assertIsNone(error.__context__)
                self.assertNotIn(codes[0], shown(error))

    def test_an_interruption_at_each_call(self) -> None:
        """F28: wherever it comes, no frame of ours shows a code but at the entry, before the first statement.

        There the arguments stand as they do in the caller's own frame. The soak `frames` interrupts at each
        instruction, and at random moments.
        """
        for name, act in frames.ACTS.items():
            points, found = frames.interrupt_everywhere(act, ("call",))
            with self.subTest(name):
                self.assertGreater(points, 15)
                # What is raised at a call has no frame of the called function on PyPy.
                self.assertEqual({frames.ENTRY: 1} if CPYTHON else {}, found)

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
        self.verifier.adopt("alice", TIMED)
        accepted = self.verifier.verify("alice", TIMED, TIMED.at(NOW))
        self.assertEqual(
            {
                "device": "default",
                "moving_factor": STEP,
                "offset": 0,
                "drift": 0,
                "failures_before": 0,
                "left_out": (),
            },
            accepted.to_dict(),
        )
        for code in (TIMED.at(NOW), WRONG, "1", "2", 1, 2, True):
            with self.assertRaises(VerificationError):
                self.verifier.verify("alice", TIMED, code)  # type: ignore[arg-type]  # K28's own mistakes
