"""Three codes of one of several devices, near misses, and where a drifted clock is found again."""

import unittest
from random import Random

from onetime import (
    HOTP,
    TOTP,
    IncorrectCodeError,
    MalformedCodeError,
    NotEnrolledError,
    Policy,
    ReplayedCodeError,
    Secret,
    State,
    ThrottledError,
    decide,
    decide_resync,
)
from onetime.verification.device import Device
from onetime.verification.evidence import Accepted
from onetime.verification.throttle import Throttle

PHONE, FOB = TOTP(Secret(b"p" * 20)), HOTP(Secret(b"f" * 20))
BOTH: dict[str, HOTP | TOTP] = {"phone": PHONE, "fob": FOB}
STEP = 60_000_000
NOW = STEP * 30 + 7
REFILL = 51_840


def fresh(watermark: int = 50, drift: int = 0) -> State:
    """Return a user with both devices."""
    state = State().put("phone", Device.fresh(PHONE, 1, 0, drift))
    return state.put("fob", Device.fresh(FOB, 2, watermark))


class NearMisses(unittest.TestCase):
    def miss(self, state: State, now: int, *, third: str = "000000") -> State:
        """Show two known codes and a guess."""
        decided = decide_resync(BOTH, state, [*FOB.codes(60, 2), third], now)
        self.assertIs(IncorrectCodeError, type(decided.verdict))
        return decided.state

    def test_exactly_two_of_three_in_their_places(self) -> None:
        """F27: only those count; one right code, or two in wrong places, show nothing of what is unused."""
        a, b, c = FOB.codes(60, 3)
        for codes, near in (
            *(((a, b, "000000"), True), (("000000", b, c), True), ((a, "000000", c), True)),
            *(((a, "000000", "111111"), False), ((b, a, "000000"), False), ((b, "000000", a), False)),
            ((*FOB.codes(48, 2), "000000"), False),  # below the watermark
            ((FOB.at(49), FOB.at(50), "000000"), False),
            ((PHONE.at_step(STEP), PHONE.at_step(STEP + 1), "000000"), True),
            (("000000", "111111", "222222"), False),
        ):
            state = fresh()
            decided = decide_resync(BOTH, state, codes, NOW)
            with self.subTest(codes):
                self.assertIs(IncorrectCodeError, type(decided.verdict))
                expected = Throttle(0, REFILL, NOW) if near else Throttle()
                self.assertEqual(expected, decided.state.near_misses)
                self.assertEqual(
                    (state.throttle, state.devices), (decided.state.throttle, decided.state.devices)
                )

    def test_the_bucket(self) -> None:
        """F27: ten at once and one in 14.4 hours; while it is empty three codes are throttled, one is not."""
        state = fresh()
        for number in range(1, 11):
            state = self.miss(state, NOW)
            self.assertEqual(Throttle(0, number * REFILL, NOW), state.near_misses)
        for codes in (FOB.codes(60, 3), ("000000", "111111", "222222")):
            decided = decide_resync(BOTH, state, codes, NOW + REFILL - 1)
            self.assertIs(ThrottledError, type(decided.verdict))
            self.assertEqual(NOW + REFILL, vars(decided.verdict)["retry_at"])
            self.assertIs(state, decided.state)
        self.assertIsInstance(decide(BOTH, state, FOB.at(50), NOW).verdict, Accepted)
        accepted = decide_resync(BOTH, state, FOB.codes(60, 3), NOW + REFILL)
        self.assertIsInstance(accepted.verdict, Accepted)
        # Success does not clear it, `unlocked` does.
        self.assertEqual(state.near_misses, accepted.state.near_misses)
        state = self.miss(state, NOW + REFILL)
        self.assertEqual(Throttle(0, 10 * REFILL, NOW + REFILL), state.near_misses)
        self.assertEqual(Throttle(), state.unlocked().near_misses)

    def test_a_year_of_them(self) -> None:
        """F27: an attacker with a pair that stays unused has 618 guesses a year at its third code."""
        state, now, checked = fresh(), NOW, 0
        limits = Policy().near_miss_limits
        while now < NOW + 365 * 86_400:
            state, checked = self.miss(state, now), checked + 1
            now = max(now, state.near_misses.retry_at(limits))
        self.assertEqual(618, checked)

    def test_a_clock_that_came_back(self) -> None:
        """F21, K39: near misses from a clock ahead count as of now; the look is stored with any verdict."""
        state = fresh()
        for _ in range(10):
            state = self.miss(state, NOW + 30 * 86_400)
        for codes in (FOB.codes(60, 3), FOB.codes(600, 3)):
            decided = decide_resync(BOTH, state, codes, NOW)
            self.assertEqual(NOW + REFILL, vars(decided.verdict)["retry_at"])
            self.assertEqual(Throttle(0, 10 * REFILL, NOW), decided.state.near_misses)


class SeveralDevices(unittest.TestCase):
    def test_the_device_that_they_fit(self) -> None:
        """H34, T29: three of one device; it alone is set, and the evidence names it and who was left out."""
        state = fresh()
        decided = decide_resync({**BOTH, "watch": FOB}, state, FOB.codes(60, 3), NOW)
        self.assertEqual(Accepted("fob", 62, 12, 0, 0, ("watch",)), decided.verdict)
        self.assertEqual(state.devices["phone"], decided.state.devices["phone"])
        codes = [PHONE.at_step(STEP + i) for i in (5, 6, 7)]
        decided = decide_resync(BOTH, state, codes, NOW)
        self.assertEqual(Accepted("phone", STEP + 7, 7, 7, 0), decided.verdict)
        self.assertEqual((STEP + 8, 7, 7, 0), decided.state.devices["phone"][1:5])

    def test_codes_of_two_devices_are_not_three(self) -> None:
        """K20: three consecutive codes are of one device."""
        codes = [FOB.at(60), FOB.at(61), PHONE.at_step(STEP)]
        self.assertIs(IncorrectCodeError, type(decide_resync(BOTH, fresh(), codes, NOW).verdict))

    def test_refusals(self) -> None:
        """K50: three of different lengths, of no device's length, or of nobody."""
        for codes, kind in (
            (["000000", "000000", "0000000"], MalformedCodeError),
            (["0000000"] * 3, MalformedCodeError),
        ):
            self.assertIs(kind, type(decide_resync(BOTH, fresh(), codes, NOW).verdict))
        self.assertIs(NotEnrolledError, type(decide_resync({}, fresh(), ["000000"] * 3, NOW).verdict))

    def test_replays_outweigh(self) -> None:
        """H34: a triple below the watermark is named, the last of its codes."""
        decided = decide_resync(BOTH, fresh(), FOB.codes(48, 3), NOW)
        self.assertIs(ReplayedCodeError, type(decided.verdict))
        self.assertEqual({"device": "fob", "moving_factor": 50}, vars(decided.verdict))


class Anchor(unittest.TestCase):
    def shown(self, state: State, drift: int) -> object:
        """Show three codes of a device whose clock is so many steps ahead."""
        codes = [PHONE.at_step(STEP + drift + i) for i in (-2, -1, 0)]
        return decide_resync(BOTH, state, codes, NOW).verdict

    def test_near_the_server_and_near_the_anchor(self) -> None:
        """T26, T29, F26: within max_drift of either; in between, where neither reaches, nothing is found."""
        state = fresh(drift=100)
        for drift, found in (
            *((0, True), (10, True), (-10, True), (11, False), (-11, False), (89, False)),
            *((90, True), (100, True), (110, True), (111, False)),
        ):
            with self.subTest(drift):
                self.assertIs(found, isinstance(self.shown(state, drift), Accepted))

    def test_never_more_than_a_day(self) -> None:
        """K47: three codes of the future walk the anchor no further than a day from the server's clock."""
        state = fresh()
        drift = 0
        for _ in range(400):
            drift += 10
            codes = [PHONE.at_step(STEP + drift + i) for i in (-2, -1, 0)]
            decided = decide_resync(BOTH, state, codes, NOW)
            if not isinstance(decided.verdict, Accepted):
                break
            state = decided.state
        self.assertEqual(2880, state.devices["phone"].anchor)

    def test_ten_years_of_a_drifting_token(self) -> None:
        """F26: 2 minutes a year, used daily, weekly, monthly: at most 25 times three codes, never refused."""
        for every, side in ((1, 1), (7, -1), (7, 1), (30, -1), (30, 1)):
            state, threes, source = fresh(), 0, Random(every)
            for day in range(0, 3650, every):
                now = NOW + day * 86_400 + source.randrange(80_000)
                ahead = side * day * 120 / 365
                step = PHONE.step(now + ahead)
                decided = decide(BOTH, state, PHONE.at_step(step), now)
                if not isinstance(decided.verdict, Accepted):
                    threes += 1
                    codes = [PHONE.at_step(step + i) for i in range(3)]
                    decided = decide_resync(BOTH, decided.state, codes, now + 60)
                self.assertIsInstance(decided.verdict, Accepted, (every, day))
                state = decided.state
            with self.subTest(every, side=side):
                self.assertLessEqual(threes, 25)
                self.assertGreater(threes, 3)

    def test_phished_codes_used_late_do_not_push_the_owner_out(self) -> None:
        """K48: after any number of late codes, the owner's prompt code matches."""
        state = fresh()
        for number in range(60):
            now = NOW + number * 600
            step = PHONE.step(now)
            decided = decide(BOTH, state, PHONE.at_step(step - 1), now)
            state = decided.state
            prompt = decide(BOTH, state, PHONE.at_step(step + 10), now + 300)
            self.assertIsInstance(prompt.verdict, Accepted, number)
