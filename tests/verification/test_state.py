"""What is stored of a user, and its text."""

import unittest
from collections.abc import Callable
from random import Random
from types import MappingProxyType
from unittest import mock

from onetime import HOTP, TOTP, Policy, Secret, State, StoreError
from onetime.verification import record
from onetime.verification import state as room
from onetime.verification.device import Device
from onetime.verification.throttle import Throttle
from tests.soak import states
from tests.soak.states import LAST, STRANGE, checked, drawn
from tests.support import RFC_KEY

SECRET = Secret(RFC_KEY)
ID = 0x0123456789ABCDEF
NOW = 1_800_000_007
REFILL = 51_840
PHONE = Device("totp", 59_000_001, -2, -1, 1, ID, 2**32 - 1)
FOB = Device("hotp", 5, 0, 0, 0, 0, 0)
BOTH = State(
    Throttle(7, 362_880, 1_800_000_000),
    Throttle(0, 51_840, 1_800_000_001),
    True,
    MappingProxyType({"my_phone": PHONE, "0-fob": FOB}),
)
BOTH_TEXT = (
    "user1 7 362880 1800000000 51840 1800000001 1 my_phone totp 59000001 -2 -1 1 81985529216486895 "
    "4294967295 0-fob hotp 5 0 0 0 0 0 2971371037"
)
ONE = State(devices=MappingProxyType({"default": FOB}))
ONE_TEXT = "user1 0 0 0 0 0 0 default hotp 5 0 0 0 0 0 2683871933"
EMPTY_TEXT = "user1 0 0 0 0 0 0 2661751665"


class Text(unittest.TestCase):
    def test_the_format(self) -> None:
        """K11, K32: kind and version, then names and integers in decimal; it is read as long as 1.0 lives."""
        for state, text in ((BOTH, BOTH_TEXT), (ONE, ONE_TEXT), (State(), EMPTY_TEXT)):
            self.assertEqual(text, state.to_text())
            self.assertEqual(state, State.from_text(text))
        self.assertEqual(["my_phone", "0-fob"], list(State.from_text(BOTH_TEXT).devices))

    def test_every_state_comes_back(self) -> None:
        """H07, T11: all 64 bits of a moving factor, of an enrollment id, and the times of any year."""
        source = Random(6238)
        for _ in range(3000):
            state = drawn(source)
            text = state.to_text()
            self.assertEqual(state, State.from_text(text))
            self.assertEqual(text, State.from_text(text).to_text())
            self.assertEqual(list(state.devices), list(State.from_text(text).devices))
            self.assertTrue(text.isascii() and text.isprintable())

    def test_its_length(self) -> None:
        """H42: one device takes at most 160 bytes, ten at most 1,100, with names of at most 16 characters."""
        throttle, near_misses = (
            Throttle(10**9 - 1, 50_000 * 10**8, 10**11 - 1),
            Throttle(0, 10**10 - 1, 10**11 - 1),
        )
        for device in (
            Device("totp", 10**11 - 1, -86_400, -86_400, -2, LAST, 2**32 - 1),
            Device("hotp", LAST + 1, 0, 0, 0, LAST, 2**32 - 1),
        ):
            for count, most in ((1, 160), (10, 1100)):
                devices = MappingProxyType({f"{i:016}": device for i in range(count)})
                text = State(throttle, near_misses, True, devices).to_text()
                self.assertLessEqual(len(text), most, text)

    def test_no_single_character_can_change(self) -> None:
        """K43: with one character changed, put in or taken out, the text is damaged."""
        source = Random(4226)
        texts = [BOTH_TEXT, ONE_TEXT, *(drawn(source).to_text() for _ in range(4))]
        damaged = 0
        for text in texts:
            for i in range(len(text) + 1):
                changed = {text[:i] + text[i + 1 :]}
                for character in STRANGE:
                    changed |= {text[:i] + character + text[i:], text[:i] + character + text[i + 1 :]}
                for other in changed - {text}:
                    with self.assertRaises(StoreError):
                        State.from_text(other)
                    damaged += 1
        self.assertGreater(damaged, 50_000)

    def test_it_is_read_in_one_way_only(self) -> None:
        """K43: 100,000 mutations, most with a check that is right: the same text again, or StoreError."""
        read, failure = states.mutate_all(4226, 100_000)
        self.assertEqual("", failure)
        self.assertGreater(read, 1000)

    def test_a_number_that_no_program_writes(self) -> None:
        """A text with a right check and thousands of digits is refused when it is read."""
        for place in range(5):
            counts = ["0"] * 5
            counts[place] = "9" * 4300
            with self.subTest(place), self.assertRaises(StoreError):
                State.from_text(record.checked(f"{room.KIND} {' '.join(counts)} 0"))

    def test_a_second_way_is_found(self) -> None:
        """A reader that takes numbers as `int` does is found by the same mutations."""

        def read(kind: str, text: str, build: Callable[[list[str]], State]) -> State:
            try:
                return build(text.split(" ")[1:-1])
            except ValueError:
                raise StoreError("it cannot be read") from None

        with mock.patch.object(record, "read", read):
            self.assertIn("is read, and written as", states.mutate_all(4226, 10_000)[1])

    def test_damaged_texts(self) -> None:
        """K43: what no state writes is not read; an error does not repeat what it read."""
        body = BOTH_TEXT.rpartition(" ")[0]
        for wrong in (
            *("", " ", "0", "NULL", "None", "{}", "user1", "user2", "\0", " " * 10, "0 " * 10),
            *(BOTH_TEXT[1:], BOTH_TEXT[:-1], body, f"{BOTH_TEXT}\n{BOTH_TEXT}", BOTH_TEXT.upper()),
            *(BOTH_TEXT.replace(" ", gap) for gap in ("  ", "\t", "\n", "\xa0", "")),
            *(BOTH_TEXT + end for end in ("\n", " ", "\0", " 0", "\ud800")),
            *(checked("user1 0 0 0 0 0 0 a hotp 5 0 0 0 0 0 " * 100_000), "9" * 10**6, "user1 " + "9" * 5000),
        ):
            with self.subTest(wrong[:80]), self.assertRaisesRegex(StoreError, "a stored record") as caught:
                State.from_text(wrong)
            self.assertNotIn("5", str(caught.exception))

    def test_nonsense_with_a_right_check(self) -> None:
        """K43: what another version wrote, with a check that is right, is not read."""
        for wrong in (
            *(
                "",
                "0",
                "user1",
                "user1 0 0 0 0 0",
                "user1 0 0 0 0 0 0 0",
                "user2 0 0 0 0 0 0",
                "user1 0 0 0 0 0 2",
            ),
            *("user1 -1 0 0 0 0 0", "user1 0 0 0 0 -5 0", "user1 0 0 0 0 0 00", "user1 0 0 0 0 0 -0"),
            *(f"user1 0 0 0 0 0 0 a {kind} 5 0 0 0 0 0" for kind in ("hotp1", "HOTP", "xotp", "1", "")),
            *(f"user1 0 0 0 0 0 0 {name} hotp 5 0 0 0 0 0" for name in ("", "a/b", "x" * 65, "é", "²")),
            *(
                f"user1 0 0 0 0 0 0 a hotp {n} 0 0 0 0 0"
                for n in ("5.0", "5e0", "0x5", "", "x", "-1", "05", "5_0")
            ),
            *("user1 0 0 0 0 0 0 a hotp 5 0 0 0 0", "user1 0 0 0 0 0 0 a hotp 5 0 0 0 0 0 0"),
            "user1 0 0 0 0 0 0 a hotp 5 0 0 0 0 0 a hotp 5 0 0 0 0 0",
            *(
                "user1 0 0 0 0 0 0 ",
                " user1 0 0 0 0 0 0",
                "user1\t0 0 0 0 0 0",
                "user1 " + "9" * 5000 + " 0 0 0 0 0",
            ),
        ):
            with self.subTest(wrong[:80]), self.assertRaises(StoreError):
                State.from_text(checked(wrong))

    def test_bytes_are_not_a_text(self) -> None:
        """K11: what a store returned without decoding it is damaged, not accepted and not a crash."""
        for wrong in (BOTH_TEXT.encode(), None, 5):
            with self.assertRaises(StoreError):
                State.from_text(wrong)  # type: ignore[arg-type]  # the wrong type is what is tested


class Value(unittest.TestCase):
    def test_devices_are_read_only(self) -> None:
        """T12: nobody changes a state in place."""
        for state in (
            State(),
            BOTH,
            BOTH.put("x", FOB),
            State.from_text(BOTH_TEXT),
            BOTH.without("my_phone", NOW),
        ):
            with self.assertRaises(TypeError):
                state.devices["y"] = FOB  # type: ignore[index]  # that it fails is what is tested

    def test_empty(self) -> None:
        """K51: a row can be deleted when nothing in it counts."""
        self.assertTrue(State().empty)
        for state in (
            State(throttle=Throttle(1, 5, 5)),
            State(near_misses=Throttle(0, 5, 5)),
            State(disabled=True),
            ONE,
        ):
            self.assertFalse(state.empty)

    def test_without(self) -> None:
        """K51: what counts stays until it has run out; with other devices it stays as it is."""
        state = BOTH._replace(disabled=False)
        self.assertEqual({"0-fob": FOB}, state.without("my_phone", NOW).devices)
        self.assertEqual(state.throttle, state.without("my_phone", NOW).throttle)
        nobody = state.without("my_phone", NOW).without("0-fob", NOW)
        self.assertEqual((state.throttle, state.near_misses), nobody[:2])
        self.assertEqual(Throttle(), nobody.without("x", NOW + REFILL).near_misses)
        self.assertTrue(nobody.without("x", NOW + 7 * REFILL).empty)
        slow = Policy(min_delay=10**7, max_delay=10**7)
        self.assertFalse(nobody.without("x", NOW + 7 * REFILL, slow).empty)
        ahead = State(throttle=Throttle(1, REFILL, NOW + 10**9)).without("x", NOW)
        self.assertEqual(Throttle(1, REFILL, NOW), ahead.throttle)

    def test_unlocked(self) -> None:
        """N12, F27: throttle, near misses and disablement are cleared, and nothing of the devices."""
        self.assertEqual(State(devices=BOTH.devices), BOTH.unlocked())

    def test_when_and_how_much(self) -> None:
        """H25: when a code is checked, and how much of the budget is spent."""
        self.assertEqual(1_800_000_120, BOTH.retry_at())
        self.assertEqual(7, BOTH.spent(Policy(), NOW - 7))
        self.assertEqual(6, BOTH.spent(Policy(), NOW - 7 + REFILL))


class Redaction(unittest.TestCase):
    def test_no_secret_is_in_a_state(self) -> None:
        """H42, H44, K22: neither in its text nor in what is shown of it."""
        for credential in (HOTP(SECRET), TOTP(SECRET)):
            state = State().adopt(credential, NOW, enrollment_id=ID)
            for text in (repr(state), str(state), state.to_text()):
                for trace in (RFC_KEY.decode(), RFC_KEY.hex(), SECRET.to_base32(), HOTP(SECRET).at(0)):
                    self.assertNotIn(trace, text)
