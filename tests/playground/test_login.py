"""The Login part: the verifier's verdicts, what the server stores after each, and the owner's devices."""

import json
import math
import unittest
from typing import Any

from onetime import HOTP, TOTP, Secret
from onetime.playground.fields import RequestError
from onetime.playground.interface import Interface
from onetime.playground.login import MAX_SESSIONS
from onetime.playground.session import MAX_DEVICES
from onetime.verification.decision import STREAK
from onetime.verification.state import State
from tests.support import RFC_KEY
from tests.support.serving import CREDENTIAL, KEY

NOW = 1_234_567_890.25
STEP = 41_152_263
TOTP_OF_RFC = TOTP(Secret(RFC_KEY))
HOTP_OF_RFC = HOTP(Secret(RFC_KEY))
LAST = 2**64 - 1
CODE = TOTP_OF_RFC.at_step(STEP)


class Sessions(unittest.TestCase):
    def setUp(self) -> None:
        self.now = NOW
        self.interface = Interface(lambda: self.now)

    def ask(self, address: str, **values: object) -> Any:
        """Call, and read the answer."""
        return json.loads(self.interface.answer(f"/api/login/{address}", json.dumps(values).encode()))

    def refusal(self, address: str, **values: object) -> tuple[int, str | None, str]:
        """Make a call that is refused."""
        with self.assertRaises(RequestError) as caught:
            self.ask(address, **values)
        return caught.exception.status, caught.exception.field, caught.exception.message

    def begin(self, **credential: object) -> str:
        """Start a session, and return its name."""
        name = self.ask("start", credential={**CREDENTIAL, **credential})["session"]
        assert isinstance(name, str)
        return name

    def wrong(self, session: str, times: int) -> Any:
        """Type wrong codes; return the last answer."""
        answer = None
        for _ in range(times):
            answer = self.ask("verify", session=session, code="000000")
        return answer

    def device(self, answer: Any, name: str) -> Any:
        """Return what one of the owner's devices shows."""
        (found,) = [device for device in answer["devices"] if device["name"] == name]
        return found

    def current(self, answer: Any, name: str) -> str:
        """Return the current code of one of the owner's devices."""
        (code,) = [each["code"] for each in self.device(answer, name)["codes"] if each["place"] == "current"]
        return str(code)


class Verdicts(Sessions):
    def test_a_session_begins_with_nothing_spent(self) -> None:
        """The answer has the whole state by name, and the row as it is stored."""
        answer = self.ask("start", credential=CREDENTIAL)
        self.assertEqual({"session", "state", "devices", "now", "bytes", "weak", "least"}, {*answer})
        self.assertEqual(NOW, answer["now"])
        state = answer["state"]
        stored = State.from_text(state.pop("text"))
        (device,) = state.pop("devices")
        self.assertEqual(["phone"], [*stored.devices])
        self.assertEqual(f"{stored.devices['phone'].enrollment_id:016x}", device.pop("enrollment_id"))
        self.assertEqual(f"{stored.devices['phone'].fingerprint:08x}", device.pop("fingerprint"))
        expected = {
            "name": "phone",
            "kind": "totp",
            "watermark": "0",
            "exhausted": False,
            "drift": 0,
            "anchor": 0,
            "streak": 0,
            "streak_limit": STREAK,
        }
        self.assertEqual(expected, device)
        self.assertEqual(
            {
                "failures": 0,
                "retry_at": None,
                "guesses": 50,
                "guesses_left": 50,
                "near_misses": 10,
                "near_misses_left": 10,
                "three_retry_at": None,
            },
            state,
        )

    def test_accepted_once_and_then_replayed(self) -> None:
        """A code is accepted with its evidence, and spent."""
        session = self.begin()
        self.wrong(session, 1)
        answer = self.ask("verify", session=session, code=TOTP_OF_RFC.at_step(STEP + 1))
        evidence = {
            "device": "phone",
            "moving_factor": str(STEP + 1),
            "offset": 1,
            "drift": 0,
            "failures_before": 1,
            "left_out": [],
        }
        self.assertEqual(("accepted", evidence), (answer["verdict"], answer["accepted"]))
        self.assertIsNone(answer["message"])
        state = answer["state"]
        self.assertEqual((0, 49), (state["failures"], state["guesses_left"]))
        device = state["devices"][0]
        self.assertEqual((str(STEP + 2), 1), (device["watermark"], device["streak"]))
        again = self.ask("verify", session=session, code=TOTP_OF_RFC.at_step(STEP + 1))
        self.assertEqual(("replayed", None), (again["verdict"], again["accepted"]))
        self.assertEqual(state, again["state"])

    def test_refusals_have_one_text(self) -> None:
        """What the person at the keyboard sees does not say why."""
        session = self.begin()
        for code, verdict in (
            ("", "malformed"),
            ("12345", "malformed"),
            ("\ud800", "malformed"),
            ("x" * 50_000, "malformed"),
            ("000000", "incorrect"),
        ):
            with self.subTest(code=code[:9]):
                answer = self.ask("verify", session=session, code=code)
                told = (verdict, "The code was not accepted.", None)
                self.assertEqual(told, tuple(map(answer.get, ("verdict", "message", "accepted"))))

    def test_throttled_with_the_time_left(self) -> None:
        """The fifth wrong code starts a delay; moving the clock on, or an operator, ends it."""
        session = self.begin()
        answer = self.wrong(session, 5)
        retry_at = int(NOW) + 30
        state = answer["state"]
        told = ("incorrect", retry_at, 5, 45)
        names = ("retry_at", "failures", "guesses_left")
        self.assertEqual(told, (answer["verdict"], *map(state.get, names)))
        answer = self.ask("verify", session=session, code=CODE)
        self.assertEqual(("throttled", retry_at), (answer["verdict"], answer["state"]["retry_at"]))
        answer = self.ask("wait", session=session, seconds=29)
        self.assertEqual((NOW + 29, retry_at), (answer["now"], answer["state"]["retry_at"]))
        answer = self.ask("wait", session=session, seconds=1)
        self.assertEqual((NOW + 30, None), (answer["now"], answer["state"]["retry_at"]))
        self.assertIsNotNone(self.wrong(session, 1)["state"]["retry_at"])
        state = self.ask("unlock", session=session)["state"]
        self.assertEqual((None, 0, 50), tuple(map(state.get, names)))
        answer = self.ask("verify", session=session, code=TOTP_OF_RFC.at_step(STEP + 1))
        self.assertEqual("accepted", answer["verdict"])

    def test_the_second_tier(self) -> None:
        """When all guesses are spent, the next one is hours away; the time in the answer is exact."""
        session = self.begin()
        left, waits = 50, [0]
        while left:
            self.ask("wait", session=session, seconds=max(0, waits[-1] - 1))
            if waits[-1]:
                self.assertEqual("throttled", self.wrong(session, 1)["verdict"])
                self.ask("wait", session=session, seconds=1)
            answer = self.wrong(session, 1)
            self.assertEqual("incorrect", answer["verdict"])
            # In these hours, some guesses have been restored.
            self.assertGreaterEqual(answer["state"]["guesses_left"], left - 1)
            left, until = answer["state"]["guesses_left"], answer["state"]["retry_at"]
            waits.append(0 if until is None else math.ceil(until - answer["now"]))
        self.assertEqual([0, 0, 0, 0, 30, 60], waits[1:7])
        self.assertEqual({3600}, {*waits[13:-1]})
        self.assertTrue(3600 < waits[-1] <= 51_840, waits)
        self.ask("wait", session=session, seconds=waits[-1])
        self.assertEqual("incorrect", self.wrong(session, 1)["verdict"])

    def test_in_with_three_codes(self) -> None:
        """Three consecutive codes are checked even while the user is throttled."""
        session = self.begin()
        self.wrong(session, 5)
        codes = [TOTP_OF_RFC.at_step(STEP + number) for number in (4, 5, 6)]
        answer = self.ask("resynchronize", session=session, codes=codes)
        self.assertEqual(
            ("accepted", STEP + 6), (answer["verdict"], int(answer["accepted"]["moving_factor"]))
        )
        device = answer["state"]["devices"][0]
        self.assertEqual((6, 6, None), (device["drift"], device["anchor"], answer["state"]["retry_at"]))
        answer = self.ask("resynchronize", session=session, codes=codes)
        self.assertEqual("replayed", answer["verdict"])

    def test_near_misses(self) -> None:
        """Three codes of which two are right count apart, and are not checked after ten of them."""
        session = self.begin()
        right = [TOTP_OF_RFC.at_step(STEP + number) for number in (4, 5)]
        for left in range(9, -1, -1):
            answer = self.ask("resynchronize", session=session, codes=[*right, "000000"])
            state = answer["state"]
            self.assertEqual(
                ("incorrect", left, 0), (answer["verdict"], state["near_misses_left"], state["failures"])
            )
        answer = self.ask("resynchronize", session=session, codes=[*right, TOTP_OF_RFC.at_step(STEP + 6)])
        self.assertEqual("throttled", answer["verdict"])
        self.assertGreater(answer["state"]["three_retry_at"], NOW)
        self.assertIsNone(answer["state"]["retry_at"])
        wrong = self.ask("resynchronize", session=self.begin(), codes=["000000"] * 3)
        self.assertEqual(("incorrect", 10), (wrong["verdict"], wrong["state"]["near_misses_left"]))

    def test_a_hotp(self) -> None:
        """It is taken over at its counter."""
        session = self.begin(kind="hotp", counter="5")
        answer = self.ask("verify", session=session, code=HOTP_OF_RFC.at(7))
        device = answer["state"]["devices"][0]
        self.assertEqual(
            ("accepted", 2, "key", "8"),
            (answer["verdict"], answer["accepted"]["offset"], device["name"], device["watermark"]),
        )
        last = self.begin(kind="hotp", counter=str(LAST))
        answer = self.ask("verify", session=last, code=HOTP_OF_RFC.at(LAST))
        device = answer["state"]["devices"][0]
        self.assertEqual((str(LAST + 1), True), (device["watermark"], device["exhausted"]))

    def test_what_cannot_be_enrolled(self) -> None:
        """A short secret, and a t0 in the future, are refused with their field."""
        self.assertEqual("secret", self.refusal("start", credential={"secret": "ab" * 15, "form": "hex"})[1])
        refused = self.refusal("start", credential={**CREDENTIAL, "t0": int(NOW) + 1})
        self.assertEqual((200, "t0", "the time is before t0"), refused)
        self.assertEqual(0, len(self.interface.logins))

    def test_a_clock_that_was_set_back(self) -> None:
        """What the library cannot check is an error of the call."""
        session = self.begin(t0=int(NOW))
        self.now = NOW - 2
        for address, values in (
            ("verify", {"code": CODE}),
            ("resynchronize", {"codes": [CODE] * 3}),
            ("look", {}),
        ):
            with self.subTest(address=address):
                refused = self.refusal(address, session=session, **values)
                self.assertEqual((400, None, "the time is before t0"), refused)


class Devices(Sessions):
    def test_an_app_follows_the_clock(self) -> None:
        """It shows the codes around the server's time, which can be moved on."""
        session = self.begin()
        for ahead in (0, 60):
            answer = self.ask("look", session=session)
            step = STEP + ahead // 30
            shown = self.device(answer, "phone")
            codes = [
                {"place": place, "moving_factor": str(step + away), "code": TOTP_OF_RFC.at_step(step + away)}
                for away, place in enumerate(("previous", "current", "next", "later"), -1)
            ]
            self.assertEqual(codes, shown["codes"])
            self.assertEqual([step * 30, step * 30 + 30], shown["span"])
            self.assertEqual(("totp", True, 29.75), (shown["kind"], shown["enrolled"], shown["remaining"]))
            self.assertEqual(NOW + ahead, answer["now"])
            self.ask("wait", session=session, seconds=60)

    def test_an_app_has_no_button(self) -> None:
        """There is nothing to press, and only what the owner has can be pressed."""
        session = self.begin()
        self.assertEqual((200, "device"), self.refusal("press", session=session, device="phone")[:2])
        self.assertEqual((200, "device"), self.refusal("press", session=session, device="key")[:2])

    def test_a_press_moves_a_key(self) -> None:
        """The counter is the device's own, and the server follows when it sees a code."""
        session = self.begin(kind="hotp")
        shown = self.device(self.ask("look", session=session), "key")
        self.assertEqual(["0", "1", "2"], [code["moving_factor"] for code in shown["codes"]])
        self.assertEqual(["current", "next", "later"], [code["place"] for code in shown["codes"]])
        self.assertEqual((None, None), (shown["remaining"], shown["span"]))
        shown = self.device(self.ask("press", session=session, device="key"), "key")
        self.assertEqual(["0", "1", "2", "3"], [code["moving_factor"] for code in shown["codes"]])
        codes = [HOTP_OF_RFC.at(factor) for factor in range(4)]
        self.assertEqual(codes, [code["code"] for code in shown["codes"]])
        self.assertEqual("0", self.wrong(session, 1)["state"]["devices"][0]["watermark"])

    def test_the_last_counter(self) -> None:
        """There the button does nothing more."""
        session = self.begin(kind="hotp", counter=str(LAST - 1))
        shown = self.device(self.ask("press", session=session, device="key"), "key")
        self.assertEqual([str(LAST - 1), str(LAST)], [code["moving_factor"] for code in shown["codes"]])
        refused = (200, "device", "the device has reached its last counter")
        self.assertEqual(refused, self.refusal("press", session=session, device="key"))

    def test_another_device(self) -> None:
        """It is enrolled with a code that it shows; then either device lets the owner in."""
        session = self.begin()
        for kind, name in (("totp", "phone-2"), ("hotp", "key"), ("hotp", "key-2")):
            with self.subTest(name):
                answer = self.ask("add", session=session, kind=kind)
                self.assertEqual((name, False), (answer["added"], self.device(answer, name)["enrolled"]))
                code = self.current(answer, name)
                before = answer["state"]
                refused = self.ask("enroll", session=session, device=name, code=str((int(code) + 1) % 10**6))
                self.assertIn(refused["verdict"], ("incorrect", "malformed"))
                self.assertEqual(before, refused["state"])
                answer = self.ask("enroll", session=session, device=name, code=code)
                self.assertEqual(("accepted", name), (answer["verdict"], answer["accepted"]["device"]))
                self.assertTrue(self.device(answer, name)["enrolled"])
                again = self.ask("enroll", session=session, device=name, code=code)
                self.assertEqual("already_enrolled", again["verdict"])
        self.ask("wait", session=session, seconds=30)
        answer = self.ask("press", session=session, device="key")
        names = [device["name"] for device in answer["state"]["devices"]]
        self.assertEqual(["phone", "phone-2", "key", "key-2"], names)
        for name in ("phone", "phone-2", "key"):
            found = self.ask("verify", session=session, code=self.current(answer, name))
            self.assertEqual(("accepted", name), (found["verdict"], found["accepted"]["device"]))

    def test_a_device_that_is_forgotten(self) -> None:
        """Its codes are refused; the throttle stays, and it can be enrolled again."""
        session = self.begin()
        self.ask("add", session=session, kind="hotp")
        code = self.current(self.ask("look", session=session), "key")
        self.ask("enroll", session=session, device="key", code=code)
        self.wrong(session, 2)
        answer = self.ask("forget", session=session, device="phone")
        self.assertFalse(self.device(answer, "phone")["enrolled"])
        self.assertEqual(["key"], [device["name"] for device in answer["state"]["devices"]])
        answer = self.ask("verify", session=session, code=CODE)
        self.assertEqual(("incorrect", 3), (answer["verdict"], answer["state"]["failures"]))
        self.ask("forget", session=session, device="key")
        answer = self.ask("verify", session=session, code=CODE)
        self.assertEqual(("not_enrolled", 3), (answer["verdict"], answer["state"]["failures"]))
        answer = self.ask("enroll", session=session, device="phone", code=CODE)
        self.assertEqual(("accepted", 3), (answer["verdict"], answer["state"]["failures"]))
        self.assertEqual("device", self.refusal("forget", session=session, device="x")[1])

    def test_a_row_that_is_gone(self) -> None:
        """Without devices and failures, nothing is stored."""
        session = self.begin()
        answer = self.ask("forget", session=session, device="phone")
        self.assertEqual(([], None), (answer["state"]["devices"], answer["state"]["text"]))
        self.assertIsNone(self.ask("unlock", session=session)["state"]["text"])

    def test_how_many_devices(self) -> None:
        """The policy allows ten; the owner may have two more in hand."""
        session = self.begin()
        for number in range(MAX_DEVICES - 1):
            name = self.ask("add", session=session, kind="hotp")["added"]
            code = self.current(self.ask("look", session=session), name)
            answer = self.ask("enroll", session=session, device=name, code=code)
            self.assertEqual("accepted" if number < 9 else "too_many_devices", answer["verdict"])
        self.assertEqual((200, "add"), self.refusal("add", session=session, kind="totp")[:2])


class Keeping(Sessions):
    def test_sessions_do_not_mix(self) -> None:
        """What is spent in one is not in another of the same credential, and each has its clock."""
        one, other = self.begin(), self.begin()
        self.assertEqual("accepted", self.ask("verify", session=one, code=CODE)["verdict"])
        self.assertEqual("accepted", self.ask("verify", session=other, code=CODE)["verdict"])
        self.ask("wait", session=one, seconds=600)
        self.assertEqual(NOW, self.ask("look", session=other)["now"])

    def test_the_newest_sessions_are_kept(self) -> None:
        """The oldest is dropped, and a call for it is refused."""
        sessions = [self.begin() for _ in range(MAX_SESSIONS)]
        self.ask("look", session=sessions[0])
        sessions.append(self.begin())
        self.assertEqual(MAX_SESSIONS, len(self.interface.logins))
        refused = (200, "session", "this session is gone; start another")
        for address, values in (
            ("verify", {"code": CODE}),
            ("resynchronize", {"codes": [CODE] * 3}),
            ("wait", {"seconds": 1}),
            ("look", {}),
            ("press", {"device": "phone"}),
            ("add", {"kind": "totp"}),
            ("enroll", {"device": "phone", "code": CODE}),
            ("forget", {"device": "phone"}),
            ("unlock", {}),
        ):
            self.assertEqual(refused, self.refusal(address, session=sessions[0], **values))
        for session in sessions[1:]:
            self.ask("look", session=session)

    def test_names_cannot_be_guessed(self) -> None:
        """The name of a session has 128 random bits."""
        names = {self.begin() for _ in range(50)}
        self.assertEqual(50, len(names))
        for name in names:
            self.assertRegex(name, r"\A[0-9a-f]{32}\Z")
            self.assertNotIn(KEY, name)
