"""How devices come to a user, by a code or by adoption, and how they go."""

import unittest
from collections.abc import Callable
from typing import Any

from onetime import (
    HOTP,
    TOTP,
    AlreadyEnrolledError,
    DisabledError,
    IncorrectCodeError,
    MalformedCodeError,
    MemoryStore,
    NotEnrolledError,
    OtherCredentialError,
    Policy,
    ReplayedCodeError,
    Secret,
    State,
    ThrottledError,
    TooManyDevicesError,
    VerificationError,
    Verifier,
    decide_enroll,
)
from onetime.testing import ManualClock
from onetime.verification.device import Device
from onetime.verification.evidence import Accepted
from onetime.verification.throttle import Throttle
from tests.support import RFC_KEY

SECRET = Secret(RFC_KEY)
KEYED, TIMED = HOTP(SECRET), TOTP(SECRET)
OTHER = TOTP(Secret(b"another secret of 20"))
LAST = 2**64 - 1
STEP = 60_000_000
NOW = STEP * 30 + 7
REFILL = 51_840
WRONG = "000000"
"""Of no moving factor that these tests come near to."""


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.store = MemoryStore()
        self.clock = ManualClock(NOW)
        self.verifier = Verifier(self.store, clock=self.clock)

    def state(self) -> State:
        """Read the state of the user."""
        state = self.verifier.state("alice")
        assert state is not None
        return state

    def device(self, name: str = "default") -> Device:
        """Read the state of a device."""
        return self.state().devices[name]

    def assert_unchanged(
        self, kind: type[Exception], call: Callable[..., object], *args: Any, **options: Any
    ) -> None:
        """See a call refused, and the store stay what it was."""
        before = self.store._entries.copy()
        with self.assertRaises(kind) as caught:
            call(*args, **options)
        self.assertIs(kind, type(caught.exception))
        self.assertEqual(before, self.store._entries)

    def fail_times(self, count: int, credential: HOTP | TOTP = TIMED) -> None:
        """Show wrong codes."""
        for _ in range(count):
            with self.assertRaises(IncorrectCodeError):
                self.verifier.verify("alice", credential, WRONG)


class Enroll(Case):
    def test_the_code_is_spent(self) -> None:
        """K37: the code that confirms the enrollment is not accepted by a login after it."""
        accepted = self.verifier.enroll("alice", TIMED, TIMED.at_step(STEP - 1))
        self.assertEqual(Accepted("default", STEP - 1, -1, 0, 0), accepted)
        self.assertEqual(STEP, self.device().watermark)
        with self.assertRaises(ReplayedCodeError):
            self.verifier.verify("alice", TIMED, TIMED.at_step(STEP - 1))
        self.verifier.verify("alice", TIMED, TIMED.at_step(STEP))

    def test_a_counter(self) -> None:
        """H07, K31: the next counter of the device, from 0 to 2^64-1; 0 for a TOTP, which has none."""
        for counter in (0, 7, LAST):
            self.verifier.forget("alice")
            accepted = self.verifier.enroll("alice", KEYED, KEYED.at(counter), counter=counter)
            self.assertEqual(Accepted("default", counter, 0, 0, 0), accepted)
        for credential, wrong in ((TIMED, 1), (TIMED, LAST), (KEYED, -1), (KEYED, LAST + 1), (TIMED, -1)):
            with self.subTest(wrong):
                self.assert_unchanged(
                    ValueError, self.verifier.enroll, "bob", credential, WRONG, counter=wrong
                )
        for strange in (1.0, "1", None, True):
            self.assert_unchanged(TypeError, self.verifier.enroll, "bob", KEYED, WRONG, counter=strange)

    def test_three_codes(self) -> None:
        """H34, T29: they set the counter of a device, or the drift and anchor of its clock."""
        codes = [TIMED.at_step(STEP + i) for i in (-8, -7, -6)]
        accepted = self.verifier.enroll("alice", TIMED, codes)
        self.assertEqual(Accepted("default", STEP - 6, -6, -6, 0), accepted)
        self.assertEqual((STEP - 5, -6, -6), self.device()[1:4])
        self.verifier.enroll("alice", OTHER, tuple(OTHER.at_step(STEP + i) for i in range(3)), device="b")
        self.verifier.enroll("bob", KEYED, KEYED.codes(1090, 3), counter=1000)

    def test_a_missing_code_is_a_type_error(self) -> None:
        """F23: a form's field that is absent replaces nothing and confirms nothing."""
        self.verifier.enroll("alice", TIMED, TIMED.at(NOW))
        missing: list[Any] = [None, 755224, b"755224", True, {}, object()]
        for code in missing:
            for replace in (False, True):
                with self.subTest(code):
                    self.assert_unchanged(
                        TypeError, self.verifier.enroll, "alice", OTHER, code, replace=replace
                    )
        with self.assertRaises(TypeError):
            self.verifier.enroll("alice", OTHER, replace=True)  # type: ignore[call-arg]  # on purpose

    def test_a_wrong_code_stores_nothing(self) -> None:
        """K37: it is refused, does not count, and whatever was enrolled before stays."""
        for enrolled in (False, True):
            if enrolled:
                self.verifier.adopt("alice", OTHER)
            wrong: list[tuple[type[Exception], Any]] = [
                *((IncorrectCodeError, WRONG), (MalformedCodeError, "75522"), (MalformedCodeError, "")),
                (IncorrectCodeError, [WRONG, "111111", "222222"]),
                (MalformedCodeError, ["755224", "287082", ""]),
                *((ValueError, ["755224", "287082"]), (ValueError, [])),
            ]
            for kind, code in wrong:
                for _ in range(7):
                    self.assert_unchanged(kind, self.verifier.enroll, "alice", TIMED, code, replace=True)

    def test_short_secrets(self) -> None:
        """H06, K27: under 16 bytes only if the policy says so."""
        for kind in (HOTP, TOTP):
            for size in (1, 10, 15):
                with (
                    self.subTest(size),
                    self.assertRaisesRegex(ValueError, f"at least 16 bytes, not {size} .*R6"),
                ):
                    self.verifier.enroll("alice", kind(Secret(b"k" * size)), WRONG)
        short = HOTP(Secret(b"k" * 10))
        Verifier(self.store, policy=Policy(min_secret_size=10)).enroll("alice", short, short.at(0))
        self.verifier.verify("alice", short, short.at(1))

    def test_what_is_not_a_credential(self) -> None:
        """T12: a credential is an HOTP or a TOTP; a secret alone is not one."""
        strange: list[Any] = [SECRET, RFC_KEY, "GEZDGNBV", None, HOTP]
        for each in strange:
            for call in (
                lambda each=each: self.verifier.enroll("alice", each, WRONG),
                lambda each=each: self.verifier.adopt("alice", each),
                lambda each=each: self.verifier.verify("alice", {"a": each}, WRONG),
            ):
                with self.assertRaisesRegex(TypeError, "an HOTP or a TOTP"):
                    call()
        with self.assertRaisesRegex(TypeError, "credentials must be an HOTP, a TOTP, or a mapping"):
            self.verifier.verify("alice", [TIMED], WRONG)  # type: ignore[arg-type]  # on purpose

    def test_names_of_devices(self) -> None:
        """K45: 1 to 64 characters of a closed set; nothing else comes into the text of a state."""
        for name in ("x", "x" * 64, "A-Z.a_z-09", "-", "007", "0"):
            self.verifier.adopt("alice", TIMED, device=name)
            self.assertEqual([name], list(self.state().devices))
            self.verifier.forget("alice", name)
            self.assertIsNone(self.verifier.state("alice"))
        for wrong in ("", "x" * 65, "a b", "a\n", "a/b", "é", "²", "٢", "\ud800", "a\0"):
            with self.subTest(wrong), self.assertRaisesRegex(ValueError, "device must have 1 to 64"):
                self.verifier.enroll("alice", TIMED, WRONG, device=wrong)
        strange: list[Any] = [None, 1, b"a"]
        for each in strange:
            with self.assertRaisesRegex(TypeError, "device must be a str"):
                self.verifier.adopt("alice", TIMED, device=each)

    def test_the_pure_function(self) -> None:
        """H22: `decide_enroll` is all that `enroll` does, for programs that keep the state themselves."""
        decided = decide_enroll(TIMED, State(), TIMED.at(NOW), NOW, enrollment_id=5, device="phone")
        self.assertEqual(Accepted("phone", STEP, 0, 0, 0), decided.result())
        self.assertEqual(5, decided.state.devices["phone"].enrollment_id)
        refused = decide_enroll(TIMED, State(), WRONG, NOW, enrollment_id=5)
        self.assertTrue(refused.state.empty)
        for wrong in (-1, 2**64):
            with self.assertRaises(ValueError):
                decide_enroll(TIMED, State(), WRONG, NOW, enrollment_id=wrong)


class Replace(Case):
    def test_only_once(self) -> None:
        """N05: another device under a name is asked for by `replace`; the refusal spends no code."""
        self.verifier.adopt("alice", TIMED)
        for credential, code in ((TIMED, TIMED.at(NOW)), (OTHER, OTHER.at(NOW)), (KEYED, KEYED.at(0))):
            self.assert_unchanged(AlreadyEnrolledError, self.verifier.enroll, "alice", credential, code)
            self.assert_unchanged(AlreadyEnrolledError, self.verifier.adopt, "alice", credential)
        self.verifier.verify("alice", TIMED, TIMED.at(NOW))

    def test_replace(self) -> None:
        """N05, K38: the new credential is the only one; the old one's codes are of another credential."""
        self.verifier.adopt("alice", TIMED)
        first = self.device().enrollment_id
        self.verifier.enroll("alice", OTHER, OTHER.at(NOW), replace=True)
        self.assertNotEqual(first, self.device().enrollment_id)
        self.assert_unchanged(OtherCredentialError, self.verifier.verify, "alice", TIMED, TIMED.at(NOW))
        self.clock.advance(30)
        self.verifier.verify("alice", OTHER, OTHER.at(self.clock.now))

    def test_it_changes_nothing_of_the_throttle(self) -> None:
        """N13, K34, K41: failures and debt stay, in any number of enrollments, and are shown."""
        self.verifier.adopt("alice", TIMED)
        self.fail_times(5)
        throttle = Throttle(5, 5 * REFILL, NOW)
        accepted = self.verifier.enroll("alice", OTHER, OTHER.at(NOW), replace=True)
        self.assertEqual((5, throttle), (accepted.failures_before, self.state().throttle))
        with self.assertRaises(ThrottledError):
            self.verifier.verify("alice", OTHER, OTHER.at_step(STEP + 1))
        self.assert_unchanged(IncorrectCodeError, self.verifier.enroll, "alice", KEYED, WRONG, replace=True)
        self.verifier.adopt("alice", KEYED, replace=True)
        self.assertEqual(throttle, self.state().throttle)

    def test_a_clock_that_came_back(self) -> None:
        """F21, K39: what a look made of the throttle is stored by an enrollment too, refused or not."""
        self.clock.advance(10**8)
        self.verifier.adopt("alice", TIMED)
        self.fail_times(2)
        for code, kind in ((WRONG, IncorrectCodeError), (OTHER.at(NOW), None)):
            self.clock.now = NOW
            self.store._entries["otp/alice"] = (
                self.state()._replace(throttle=Throttle(2, 2 * REFILL, NOW + 10**8)).to_text()
            )
            if kind:
                with self.assertRaises(kind):
                    self.verifier.enroll("alice", OTHER, code, device="b")
            else:
                self.verifier.enroll("alice", OTHER, code, device="b")
            self.assertEqual(Throttle(2, 2 * REFILL, NOW), self.state().throttle)

    def test_the_same_credential_counts_as_a_login(self) -> None:
        """K10, K41, T25: it is no oracle, ends no delay, and what is spent stays spent."""
        self.verifier.enroll("alice", TIMED, TIMED.at(NOW))
        with self.assertRaises(ReplayedCodeError):
            self.verifier.enroll("alice", TIMED, TIMED.at(NOW), replace=True)
        refused = []
        for code in (*[WRONG] * 6, TIMED.at_step(STEP + 1)):
            try:
                self.verifier.enroll("alice", TIMED, code, replace=True)
            except VerificationError as error:
                refused.append(type(error))
        self.assertEqual([IncorrectCodeError] * 5 + [ThrottledError] * 2, refused)
        self.assertEqual(Throttle(5, 5 * REFILL, NOW), self.state().throttle)
        self.clock.advance(30)
        accepted = self.verifier.enroll("alice", TIMED, TIMED.at_step(STEP + 1), replace=True)
        self.assertEqual(5, accepted.failures_before)
        self.assertEqual(0, self.state().throttle.failures)

    def test_no_code_moves_the_watermark_alone(self) -> None:
        """F34, H37: `enroll` of the same credential moves nothing without its right code."""
        self.verifier.adopt("alice", KEYED, watermark=3)
        for code in (WRONG, KEYED.at(91)):
            with self.assertRaises(IncorrectCodeError):
                self.verifier.enroll("alice", KEYED, code, counter=90, replace=True)
        self.assertEqual(3, self.device().watermark)
        self.verifier.adopt("alice", KEYED, watermark=90, replace=True)
        self.assertEqual(90, self.device().watermark)

    def test_other_digits_under_the_same_name(self) -> None:
        """K45, T25: what eight digits spent stays spent at six, which are their end."""
        eight = TOTP(SECRET, digits=8)
        self.verifier.enroll("alice", eight, eight.at(NOW))
        with self.assertRaises(ReplayedCodeError):
            self.verifier.enroll("alice", TIMED, TIMED.at(NOW), replace=True)
        self.verifier.adopt("alice", TIMED, replace=True)
        self.assertEqual(STEP + 1, self.device().watermark)

    def test_guesses_at_other_digits(self) -> None:
        """K45: they count as failures of the user, and the enrolled device stays."""
        eight = TOTP(SECRET, digits=8)
        self.verifier.adopt("alice", eight)
        device = self.device()
        for _ in range(5):
            with self.assertRaises(IncorrectCodeError):
                self.verifier.enroll("alice", TIMED, WRONG, replace=True)
        self.assertEqual((5, device), (self.state().throttle.failures, self.device()))
        self.assert_unchanged(
            *(ThrottledError, self.verifier.enroll, "alice", TIMED, TIMED.at(NOW)), replace=True
        )
        self.assert_unchanged(*(MalformedCodeError, self.verifier.enroll, "alice", TIMED, "1"), replace=True)
        self.clock.advance(3600)
        accepted = self.verifier.enroll("alice", TIMED, TIMED.at(NOW + 3600), replace=True)
        self.assertEqual((5, 0), (accepted.failures_before, self.state().throttle.failures))
        self.assertTrue(self.device().has(TIMED))

    def test_while_disabled(self) -> None:
        """N12, N13: a disabled user enrolls nothing; adoption leaves the disablement as it is."""
        self.verifier.policy = Policy(disable_after=2)
        self.verifier.adopt("alice", TIMED)
        self.fail_times(2)
        for credential in (TIMED, OTHER):
            self.assert_unchanged(
                *(DisabledError, self.verifier.enroll, "alice", credential, credential.at(NOW)), replace=True
            )
        self.verifier.adopt("alice", OTHER, device="b")
        self.assertTrue(self.state().disabled)


class Adopt(Case):
    def test_the_next_code_is_accepted_and_the_last_is_not(self) -> None:
        """F25, T03: what another system accepted last is a replay, and its drift is kept."""
        self.verifier.adopt("alice", TIMED, watermark=STEP + 3, drift=2)
        self.assertEqual(("totp", STEP + 3, 2, 2, 0), self.device()[:5])
        with self.assertRaises(ReplayedCodeError):
            self.verifier.verify("alice", TIMED, TIMED.at_step(STEP + 2))
        accepted = self.verifier.verify("alice", TIMED, TIMED.at_step(STEP + 3))
        self.assertEqual((1, 2), (accepted.offset, accepted.drift))
        self.verifier.adopt("bob", KEYED, watermark=41)
        self.assertEqual(41, self.verifier.verify("bob", KEYED, KEYED.at(41)).moving_factor)

    def test_old_secrets_and_periods(self) -> None:
        """F25: 80 bits and a period of a minute are taken over as they are."""
        old = TOTP(Secret(b"k" * 10), period=60)
        self.verifier.adopt("alice", old, watermark=old.step(NOW))
        self.verifier.verify("alice", old, old.at(NOW))

    def test_seconds_given_for_steps(self) -> None:
        """F25: a watermark of seconds would lock the owner out; more than a day ahead is refused."""
        for watermark in (STEP + 2881, NOW, LAST):
            with self.subTest(watermark), self.assertRaisesRegex(ValueError, "watermark must be a step"):
                self.verifier.adopt("alice", TIMED, watermark=watermark)
        self.verifier.adopt("alice", TIMED, watermark=STEP + 2880)
        self.verifier.adopt("bob", KEYED, watermark=LAST + 1)
        for wrong in (-1, LAST + 2):
            self.assert_unchanged(ValueError, self.verifier.adopt, "carol", KEYED, watermark=wrong)

    def test_drift(self) -> None:
        """T26, K47: in steps, at most a day to each side; an HOTP has none."""
        for period, day in ((30, 2880), (60, 1440), (86_400, 1), (86_401, 0)):
            credential = TOTP(SECRET, period=period)
            for drift in (-day, day):
                self.verifier.adopt("alice", credential, drift=drift, replace=True)
            for drift in (-day - 1, day + 1):
                self.assert_unchanged(ValueError, self.verifier.adopt, "bob", credential, drift=drift)
        self.assert_unchanged(ValueError, self.verifier.adopt, "bob", KEYED, drift=1)
        self.assert_unchanged(TypeError, self.verifier.adopt, "bob", TIMED, drift=1.0)

    def test_a_migration_that_runs_twice(self) -> None:
        """K46: adopting the same credential again never lowers its watermark."""
        self.verifier.adopt("alice", KEYED, watermark=5)
        self.verifier.verify("alice", KEYED, KEYED.at(7))
        self.verifier.adopt("alice", KEYED, watermark=5, replace=True)
        self.assertEqual(8, self.device().watermark)
        with self.assertRaises(ReplayedCodeError):
            self.verifier.verify("alice", KEYED, KEYED.at(7))

    def test_a_clock_before_1970(self) -> None:
        """K43: it is refused before anything is stored."""
        self.clock.now = -1
        self.assert_unchanged(ValueError, self.verifier.adopt, "alice", TIMED)


class SeveralDevices(Case):
    def setUp(self) -> None:
        super().setUp()
        self.both: dict[str, HOTP | TOTP] = {"phone": TIMED, "key": OTHER}
        for name, credential in self.both.items():
            self.verifier.adopt("alice", credential, device=name)

    def test_one_failure_for_all(self) -> None:
        """F20, K33, H28: 80 days of daily logins with the second device never throttle the first."""
        for day in range(80):
            self.clock.now = NOW + day * 86_400
            self.verifier.verify("alice", self.both, OTHER.at(self.clock.now))
        self.clock.advance(30)
        accepted = self.verifier.verify("alice", self.both, TIMED.at(self.clock.now))
        self.assertEqual(("phone", 0), (accepted.device, accepted.failures_before))
        with self.assertRaises(IncorrectCodeError) as caught:
            self.verifier.verify("alice", self.both, WRONG)
        self.assertEqual(
            (1, None, ()), (caught.exception.failures, caught.exception.retry_at, caught.exception.left_out)
        )

    def test_the_evidence_names_what_was_left_out(self) -> None:
        """F29, F30: devices that are not enrolled, or with another credential, are left out and named."""
        given: dict[str, HOTP | TOTP] = {"phone": TIMED, "key": KEYED, "watch": KEYED}
        accepted = self.verifier.verify("alice", given, TIMED.at(NOW))
        self.assertEqual(("phone", ("key", "watch")), (accepted.device, accepted.left_out))
        with self.assertRaises(IncorrectCodeError) as caught:
            self.verifier.verify("alice", given, WRONG)
        self.assertEqual(("key", "watch"), caught.exception.left_out)

    def test_nobody_and_another_credential(self) -> None:
        """F30: another secret under the name is told from a device that is not there."""
        with self.assertRaisesRegex(OtherCredentialError, "phone, key"):
            self.verifier.verify("alice", {"phone": KEYED, "x": TIMED}, TIMED.at(NOW))
        with self.assertRaisesRegex(NotEnrolledError, "phone, key") as caught:
            self.verifier.verify("alice", {"x": TIMED}, TIMED.at(NOW))
        self.assertIs(NotEnrolledError, type(caught.exception))
        nobody: list[dict[str, HOTP | TOTP]] = [{}, {"x": TIMED}]
        for given in nobody:
            with self.assertRaisesRegex(NotEnrolledError, "none") as caught:
                self.verifier.verify("bob", given, TIMED.at(NOW))

    def test_the_same_credential_under_two_names(self) -> None:
        """K45: one code would be accepted twice; also at other digits, also with `replace`."""
        for digits in range(6, 11):
            same = TOTP(SECRET, digits=digits)
            for replace in (False, True):
                for call in (
                    lambda **more: self.verifier.enroll("alice", same, same.at(NOW), **more),  # noqa: B023
                    lambda **more: self.verifier.adopt("alice", same, **more),  # noqa: B023
                ):
                    for name in ("watch", "key"):
                        self.assert_unchanged(AlreadyEnrolledError, call, device=name, replace=replace)

    def test_a_code_of_both_is_spent_on_both(self) -> None:
        """K52: a code that two devices match has its moving factor spent on each."""
        high = HOTP(Secret(b"k" * 20))
        counter = next(i for i in range(2 * 10**6) if high.at(i) == TIMED.at(NOW))
        self.verifier.adopt("alice", high, device="fob", watermark=counter)
        given: dict[str, HOTP | TOTP] = {**self.both, "fob": high}
        self.assertEqual("phone", self.verifier.verify("alice", given, TIMED.at(NOW)).device)
        self.assertEqual(counter + 1, self.device("fob").watermark)
        with self.assertRaises(ReplayedCodeError) as caught:
            self.verifier.verify("alice", {"fob": high}, TIMED.at(NOW))
        self.assertEqual(("fob", counter), (caught.exception.device, caught.exception.moving_factor))
        with self.assertRaises(ReplayedCodeError) as caught:
            self.verifier.verify("alice", given, TIMED.at(NOW))
        self.assertEqual(("phone", STEP), (caught.exception.device, caught.exception.moving_factor))

    def test_lengths(self) -> None:
        """K50: a code that has the length of no enrolled device is malformed; it does not count."""
        eight = TOTP(Secret(b"e" * 20), digits=8)
        self.verifier.adopt("alice", eight, device="eight")
        given: dict[str, HOTP | TOTP] = {
            **self.both,
            "eight": eight,
            "seven": TOTP(Secret(b"s" * 20), digits=7),
        }
        for code in ("0000000", "000000000"):
            self.assert_unchanged(MalformedCodeError, self.verifier.verify, "alice", given, code)
        self.assertEqual("eight", self.verifier.verify("alice", given, eight.at(NOW)).device)

    def test_exhausted_devices(self) -> None:
        """K50, H07: where every device asked is exhausted, a wrong code does not count."""
        done = HOTP(Secret(b"d" * 20), digits=8)
        self.verifier.adopt("alice", done, device="done", watermark=LAST + 1)
        given: dict[str, HOTP | TOTP] = {**self.both, "done": done}
        self.assert_unchanged(IncorrectCodeError, self.verifier.verify, "alice", given, "00000000")
        with self.assertRaises(IncorrectCodeError):
            self.verifier.verify("alice", given, WRONG)
        self.assertEqual(1, self.state().throttle.failures)

    def test_too_many(self) -> None:
        """K49: the policy's bound on guesses counts `max_devices`."""
        for i in range(8):
            self.verifier.adopt("alice", TOTP(Secret(bytes([i]) * 20)), device=f"d{i}")
        for call in (
            lambda: self.verifier.enroll("alice", KEYED, KEYED.at(0), device="x"),
            lambda: self.verifier.adopt("alice", KEYED, device="x"),
        ):
            self.assert_unchanged(TooManyDevicesError, call)
        self.verifier.adopt("alice", KEYED, device="d7", replace=True)

    def test_forgetting_the_last_device_restores_no_guess(self) -> None:
        """K51: the row stays while its throttle counts, and the next enrollment finds it."""
        for _ in range(3):
            with self.assertRaises(IncorrectCodeError):
                self.verifier.verify("alice", self.both, WRONG)
        self.verifier.forget("alice", "phone")
        self.assertEqual(["key"], list(self.state().devices))
        self.verifier.forget("alice", "key")
        self.verifier.forget("alice", "key")
        self.assertEqual(
            (Throttle(3, 3 * REFILL, NOW), {}), (self.state().throttle, dict(self.state().devices))
        )
        accepted = self.verifier.enroll("alice", TIMED, TIMED.at(NOW))
        self.assertEqual(3, accepted.failures_before)
        self.clock.advance(3 * REFILL)
        self.verifier.forget("alice", "default")
        self.assertIsNone(self.verifier.state("alice"))

    def test_a_disabled_user_stays_disabled(self) -> None:
        """N12, K51: forgetting every device does not enable the user."""
        self.verifier.policy = Policy(disable_after=1)
        with self.assertRaises(IncorrectCodeError):
            self.verifier.verify("alice", self.both, WRONG)
        self.clock.advance(10 * REFILL)
        for name in self.both:
            self.verifier.forget("alice", name)
        with self.assertRaises(DisabledError):
            self.verifier.enroll("alice", KEYED, KEYED.at(0))
        self.verifier.unlock("alice")
        self.assertIsNone(self.verifier.state("alice"))
        with self.assertRaises(NotEnrolledError):
            self.verifier.unlock("alice")

    def test_all_users(self) -> None:
        """O06: a help desk sees every user with what is stored of them."""
        self.verifier.adopt("bob", KEYED)
        self.store.swap("recovery/carol", None, "another record")
        found = dict(self.verifier.states())
        self.assertEqual(["alice", "bob"], list(found))
        self.assertEqual(self.state(), found["alice"])

        class Bare:
            get, swap = self.store.get, self.store.swap

        with self.assertRaisesRegex(TypeError, "a method items"):
            Verifier(Bare()).states()
