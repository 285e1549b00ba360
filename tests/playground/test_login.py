"""The server's side of a login: the verifier's verdicts, and its state after each."""

import json
import math
import unittest
from typing import Any

from onetime import HOTP, TOTP, Secret
from onetime.playground.fields import RequestError
from onetime.playground.interface import Interface
from onetime.playground.login import MAX_SESSIONS
from onetime.verification.decision import STREAK
from tests.playground.serving import CREDENTIAL, KEY
from tests.support import RFC_KEY

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
        """Ask, and read the answer."""
        return json.loads(self.interface.answer(f"/api/login/{address}", json.dumps(values).encode()))

    def refusal(self, address: str, **values: object) -> tuple[int, str | None, str]:
        """Ask what cannot be answered."""
        with self.assertRaises(RequestError) as caught:
            self.ask(address, **values)
        return caught.exception.status, caught.exception.field, caught.exception.message

    def begin(self, **credential: object) -> str:
        """Start a session, and name it."""
        name = self.ask("start", credential={**CREDENTIAL, **credential})["session"]
        assert isinstance(name, str)
        return name

    def wrong(self, session: str, times: int) -> Any:
        """Type wrong codes; return the last answer."""
        answer = None
        for _ in range(times):
            answer = self.ask("verify", session=session, code="000000")
        return answer


class Verdicts(Sessions):
    def test_a_session_begins_with_nothing_spent(self) -> None:
        """The answer shows the whole state by name."""
        answer = self.ask("start", credential=CREDENTIAL)
        self.assertEqual({"session", "state", "now", "bytes", "weak", "least"}, {*answer})
        self.assertEqual(NOW, answer["now"])
        state = answer["state"]
        self.assertRegex(state.pop("mark"), r"\A[0-9a-f]{16}\Z")
        self.assertRegex(state.pop("seal"), r"\A[0-9a-f]{8}\Z")
        self.assertEqual(
            {
                "kind": "totp",
                "next_factor": "0",
                "drift": 0,
                "lean": 0,
                "lean_limit": STREAK,
                "failures": 0,
                "delayed_until": None,
                "budget": 50,
                "budget_left": 50,
                "exhausted": False,
            },
            state,
        )

    def test_accepted_once_and_then_replayed(self) -> None:
        """A code is accepted with its evidence, and spent."""
        session = self.begin()
        self.wrong(session, 1)
        answer = self.ask("verify", session=session, code=TOTP_OF_RFC.at_step(STEP + 1))
        evidence = {
            "device": "default",
            "moving_factor": str(STEP + 1),
            "offset": 1,
            "drift": 0,
            "failures_before": 1,
            "left_out": [],
        }
        self.assertEqual(("accepted", evidence), (answer["verdict"], answer["accepted"]))
        self.assertIsNone(answer["message"])
        state = answer["state"]
        self.assertEqual(
            (str(STEP + 2), 1, 0, 49),
            tuple(map(state.get, ("next_factor", "lean", "failures", "budget_left"))),
        )
        again = self.ask("verify", session=session, code=TOTP_OF_RFC.at_step(STEP + 1))
        self.assertEqual(("replayed", None), (again["verdict"], again["accepted"]))
        self.assertEqual(state, again["state"])

    def test_refusals_have_one_text(self) -> None:
        """What the person at the keyboard is told does not say why."""
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

    def test_slowed_down_with_the_time_left(self) -> None:
        """The fifth wrong code starts a delay; time that is moved on ends it."""
        session = self.begin()
        answer = self.wrong(session, 5)
        delayed_until = int(NOW) + 30
        state = answer["state"]
        told = ("incorrect", delayed_until, 5, 45)
        names = ("delayed_until", "failures", "budget_left")
        self.assertEqual(told, (answer["verdict"], *map(state.get, names)))
        answer = self.ask("verify", session=session, code=CODE)
        self.assertEqual(("throttled", delayed_until), (answer["verdict"], answer["state"]["delayed_until"]))
        answer = self.ask("wait", session=session, seconds=29)
        self.assertEqual((NOW + 29, delayed_until), (answer["now"], answer["state"]["delayed_until"]))
        answer = self.ask("wait", session=session, seconds=1)
        self.assertEqual((NOW + 30, None), (answer["now"], answer["state"]["delayed_until"]))
        answer = self.ask("verify", session=session, code=TOTP_OF_RFC.at_step(STEP + 1))
        self.assertEqual("accepted", answer["verdict"])

    def test_the_second_tier(self) -> None:
        """When its tries are spent, the next one is hours away; the time that is told is the exact one."""
        session = self.begin()
        left, waits = 50, [0]
        while left:
            self.ask("wait", session=session, seconds=max(0, waits[-1] - 1))
            if waits[-1]:
                self.assertEqual("throttled", self.wrong(session, 1)["verdict"])
                self.ask("wait", session=session, seconds=1)
            answer = self.wrong(session, 1)
            self.assertEqual("incorrect", answer["verdict"])
            # With the hours, some tries have come back meanwhile.
            self.assertGreaterEqual(answer["state"]["budget_left"], left - 1)
            left, until = answer["state"]["budget_left"], answer["state"]["delayed_until"]
            waits.append(0 if until is None else math.ceil(until - answer["now"]))
        self.assertEqual([0, 0, 0, 0, 30, 60], waits[1:7])
        self.assertEqual({3600}, {*waits[13:-1]})
        self.assertTrue(3600 < waits[-1] <= 51_840, waits)
        self.ask("wait", session=session, seconds=waits[-1])
        self.assertEqual("incorrect", self.wrong(session, 1)["verdict"])

    def test_in_with_three_codes(self) -> None:
        """Three consecutive codes are judged also while delayed."""
        session = self.begin()
        self.wrong(session, 5)
        codes = [TOTP_OF_RFC.at_step(STEP + number) for number in (4, 5, 6)]
        answer = self.ask("resynchronize", session=session, codes=[*codes[:2], "000000"])
        self.assertEqual("incorrect", answer["verdict"])
        answer = self.ask("resynchronize", session=session, codes=codes)
        evidence = {
            "device": "default",
            "moving_factor": str(STEP + 6),
            "offset": 6,
            "drift": 6,
            "failures_before": 5,
            "left_out": [],
        }
        self.assertEqual(("accepted", evidence), (answer["verdict"], answer["accepted"]))
        self.assertEqual((6, None), (answer["state"]["drift"], answer["state"]["delayed_until"]))
        answer = self.ask("resynchronize", session=session, codes=codes)
        self.assertEqual("replayed", answer["verdict"])

    def test_a_hotp(self) -> None:
        """It is enrolled at its counter."""
        session = self.begin(kind="hotp", counter="5")
        answer = self.ask("verify", session=session, code=HOTP_OF_RFC.at(7))
        self.assertEqual(
            ("accepted", 2, "8"),
            (answer["verdict"], answer["accepted"]["offset"], answer["state"]["next_factor"]),
        )
        last = self.begin(kind="hotp", counter=str(LAST))
        answer = self.ask("verify", session=last, code=HOTP_OF_RFC.at(LAST))
        self.assertEqual(
            (str(LAST + 1), True), (answer["state"]["next_factor"], answer["state"]["exhausted"])
        )

    def test_what_cannot_be_enrolled(self) -> None:
        """A short secret, and a t0 that is to come, are refused with their field."""
        self.assertEqual("secret", self.refusal("start", credential={"secret": "ab" * 15, "form": "hex"})[1])
        refused = self.refusal("start", credential={**CREDENTIAL, "t0": int(NOW) + 1})
        self.assertEqual((200, "t0", "the time is before t0"), refused)
        self.assertEqual(0, len(self.interface.logins))

    def test_a_clock_that_was_set_back(self) -> None:
        """What the library cannot judge is an error of the request."""
        session = self.begin(t0=int(NOW))
        self.now = NOW - 2
        for address, values in (
            ("verify", {"code": CODE}),
            ("resynchronize", {"codes": [CODE] * 3}),
            ("device", {}),
        ):
            with self.subTest(address=address):
                refused = self.refusal(address, session=session, **values)
                self.assertEqual((400, None, "the time is before t0"), refused)


class Device(Sessions):
    def test_a_totp_follows_the_clock(self) -> None:
        """It shows the codes around the server's time, which can be moved on."""
        session = self.begin()
        for ahead in (0, 60):
            answer = self.ask("device", session=session)
            step = STEP + ahead // 30
            self.assertEqual(
                [
                    {"place": place, "factor": str(step + away), "code": TOTP_OF_RFC.at_step(step + away)}
                    for away, place in enumerate(("previous", "current", "next", "later"), -1)
                ],
                answer["codes"],
            )
            self.assertEqual([step * 30, step * 30 + 30], answer["span"])
            self.assertEqual((29.75, NOW + ahead), (answer["remaining"], answer["now"]))
            self.ask("wait", session=session, seconds=60)

    def test_a_totp_has_no_button(self) -> None:
        """There is nothing to press."""
        self.assertEqual((200, "press"), self.refusal("device", session=self.begin(), press=True)[:2])

    def test_a_press_moves_a_hotp(self) -> None:
        """The counter is the device's own, and the server follows when it sees a code."""
        session = self.begin(kind="hotp")
        shown = self.ask("device", session=session)
        self.assertEqual(["0", "1", "2"], [code["factor"] for code in shown["codes"]])
        self.assertEqual(["current", "next", "later"], [code["place"] for code in shown["codes"]])
        self.assertEqual((None, None, NOW), (shown["remaining"], shown["span"], shown["now"]))
        shown = self.ask("device", session=session, press=True)
        self.assertEqual(["0", "1", "2", "3"], [code["factor"] for code in shown["codes"]])
        self.assertEqual(shown, self.ask("device", session=session, press=False))
        self.assertEqual(
            [HOTP_OF_RFC.at(factor) for factor in range(4)], [code["code"] for code in shown["codes"]]
        )
        self.assertEqual("0", self.wrong(session, 1)["state"]["next_factor"])

    def test_the_last_counter(self) -> None:
        """There the button does nothing more."""
        session = self.begin(kind="hotp", counter=str(LAST - 1))
        shown = self.ask("device", session=session, press=True)
        self.assertEqual([str(LAST - 1), str(LAST)], [code["factor"] for code in shown["codes"]])
        self.assertEqual((200, "press"), self.refusal("device", session=session, press=True)[:2])


class Keeping(Sessions):
    def test_sessions_do_not_mix(self) -> None:
        """What is spent in one is not in another of the same credential, and each has its clock."""
        one, other = self.begin(), self.begin()
        self.assertEqual("accepted", self.ask("verify", session=one, code=CODE)["verdict"])
        self.assertEqual("accepted", self.ask("verify", session=other, code=CODE)["verdict"])
        self.ask("wait", session=one, seconds=600)
        self.assertEqual(NOW, self.ask("device", session=other)["now"])

    def test_the_newest_sessions_are_kept(self) -> None:
        """The oldest makes room; whoever still asks for it is told."""
        sessions = [self.begin() for _ in range(MAX_SESSIONS)]
        self.ask("device", session=sessions[0])
        sessions.append(self.begin())
        self.assertEqual(MAX_SESSIONS, len(self.interface.logins))
        refused = (200, "session", "this session is gone; start another")
        for address, values in (
            ("verify", {"code": CODE}),
            ("resynchronize", {"codes": [CODE] * 3}),
            ("wait", {"seconds": 1}),
            ("device", {}),
        ):
            self.assertEqual(refused, self.refusal(address, session=sessions[0], **values))
        for session in sessions[1:]:
            self.ask("device", session=session)

    def test_names_cannot_be_guessed(self) -> None:
        """A session has 128 random bits for its name."""
        names = {self.begin() for _ in range(50)}
        self.assertEqual(50, len(names))
        for name in names:
            self.assertRegex(name, r"\A[0-9a-f]{32}\Z")
            self.assertNotIn(KEY, name)
