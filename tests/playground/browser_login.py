"""The part Login, used in a real browser and compared with the library."""

import threading
from collections.abc import Callable

from onetime import HOTP, TOTP, MemoryStore, VerificationError, Verifier
from tests.playground.hands import SECRET, USES, Case, Hand, Keyboard, Pointer
from tests.playground.looks import MOMENT

LAST = 2**64 - 1


class Login(Case):
    def test_a_login(self) -> None:
        """Each verdict there is, and the state after it, as a verifier gives them that saw the same."""
        for use in USES:
            with self.use(*use) as hand:
                self.login(hand)

    def login(self, hand: Hand) -> None:
        """Log in, log in twice, mistype, guess, wait, guess on, and get in with three codes."""
        self.clock.now = now = MOMENT
        totp = TOTP(SECRET)
        verifier = Verifier(MemoryStore(), clock=lambda: now)
        verifier.enroll("owner", totp)

        def verify(code: str) -> Callable[[], object]:
            return lambda: verifier.verify("owner", totp, code)

        hand.go("login")
        self.shows(totp.at(now), "#device-code")
        hand.press("#device-type")
        self.assertEqual(totp.at(now), self.value("#login-code"))
        hand.press("#login-verify")
        self.judged("Accepted", verifier, verify(totp.at(now)))
        spent = str(totp.step(now) + 1)
        self.assertIn(["Lowest step that can be accepted", spent, "changed, was 0"], self.measure("rows()"))
        hand.press("#login-verify")
        self.judged("Replayed", verifier, verify(totp.at(now)))
        hand.fill("#login-code", "12345x")
        hand.press("#login-verify")
        self.judged("Malformed", verifier, verify("12345x"))
        for _ in range(5):
            hand.press("#login-guess")
            self.judged("Incorrect", verifier, verify(self.value("#login-code")))
        hand.press("#login-guess")
        self.judged("Slowed down", verifier, verify(self.value("#login-code")))
        self.assertIn("judged in 30 seconds", self.text("#verdict"))

        hand.press('[data-wait="30"]')
        now += 30
        self.shows(totp.at(now), "#device-code")
        self.says("judged from now on", "#verdict")
        hand.press("#login-guess")
        self.judged("Incorrect", verifier, verify(self.value("#login-code")))

        hand.press("#three summary")
        hand.press("#three-read")
        codes = [totp.at(now + later) for later in (0, 30, 60)]
        now += 60
        self.comes(codes, lambda: [self.value(f"#three-{place}") for place in (1, 2, 3)])
        hand.press("#three-send")
        self.judged("Accepted", verifier, lambda: verifier.resynchronize("owner", totp, codes))
        self.assertIn("6 wrong codes since the login before", self.text("#verdict"))
        past = self.texts("#history li")
        self.assertIn("Three codes", past[0])
        self.assertIn("The credential is enrolled.", past[-1])

    def judged(self, name: str, verifier: Verifier, judge: Callable[[], object]) -> None:
        """Wait for a verdict, and hold words and state against a verifier's."""
        said = ""
        try:
            judge()
        except VerificationError as error:
            said = f"The person sees: “{error}”"
        state = verifier.state("owner")
        assert state is not None
        expected = {
            "Lowest step that can be accepted": str(state.next_factor),
            "Wrong codes in a row": str(state.throttle.failures),
            "Drift of the device’s clock": f"{state.drift} steps",
        }
        self.says(name, "#verdict .strong")
        self.comes(expected, lambda: {row[0]: row[1] for row in self.measure("rows()") if row[0] in expected})
        self.assertIn(said, self.text("#verdict"))

    def test_a_device_with_a_button(self) -> None:
        """A HOTP's device shows the next code when its button is pressed; the server looks ahead."""
        hotp = HOTP(SECRET)
        for hand in (Pointer(self.browser), Keyboard(self.browser)):
            with self.subTest(type(hand).__name__):
                self.visit()
                hand.pick("kind", "hotp")
                hand.go("login")
                self.shows(hotp.at(0), "#device-code")
                for counter in (1, 2):
                    hand.press("#device-press")
                    self.shows(hotp.at(counter), "#device-code")
                hand.press("#device-type")
                hand.press("#login-verify")
                self.says("Accepted", "#verdict")
                self.assertEqual(["Next counter", "3", "changed, was 0"], self.measure("rows()")[0])
                hand.press("#three summary")
                hand.press("#three-read")
                codes = list(hotp.codes(3, 3))
                self.comes(codes, lambda: [self.value(f"#three-{place}") for place in (1, 2, 3)])
                hand.press("#three-send")
                self.comes(["Next counter", "6", "changed, was 3"], lambda: self.measure("rows()")[0])

    def test_the_last_counter_of_a_device(self) -> None:
        """There the button does nothing more, and says so beside it; the login goes on."""
        hotp = HOTP(SECRET)
        self.visit()
        hand = Pointer(self.browser)
        hand.pick("kind", "hotp")
        hand.fill("#counter", str(LAST))
        hand.go("login")
        self.shows(hotp.at(LAST), "#device-code")
        hand.press("#device-press")
        self.says("the device has reached its last counter", "#device .error")
        self.assertFalse(self.browser.find("#panel-login .problem").displayed)
        hand.press("#device-type")
        hand.press("#login-verify")
        self.says("Accepted", "#verdict")
        self.assertEqual("", self.text("#device .error"))
        self.assertIn("none: the last is spent", str(self.measure("rows()")))

    def test_a_period_that_is_too_long_to_wait_for(self) -> None:
        """It is said beside the clock, and the login goes on, with the next code when its time comes."""
        totp = TOTP(SECRET, period=40_000_000)
        _, end = totp.span(totp.step(MOMENT))
        self.clock.now = end - 3
        self.visit("login")
        hand = Pointer(self.browser)
        hand.fill("#period", "40000000")
        self.shows(totp.at(MOMENT), "#device-code")
        hand.press("#three summary")
        hand.press("#three-read")
        self.says("seconds is a whole number from 0 to", "#server .error")
        self.assertFalse(self.browser.find("#panel-login .problem").displayed)
        self.clock.now = end
        self.shows(totp.at(end), "#device-code")
        hand.press("#device-type")
        hand.press("#login-verify")
        self.says("Accepted", "#verdict")

    def test_a_late_verdict_is_dropped(self) -> None:
        """What another credential's session answers is neither shown nor noted."""
        calls = self.server.site.interface.calls
        answer = calls["/api/login/verify"]
        reached, free, left = threading.Event(), threading.Event(), threading.Event()

        def held(body: object) -> dict[str, object]:
            found = answer(body)
            reached.set()
            free.wait(60)
            left.set()
            return found

        self.visit("login")
        hand = Pointer(self.browser)
        calls["/api/login/verify"] = held
        try:
            hand.press("#login-guess")
            self.browser.until(reached.is_set, "the guess")
            hand.choose("#digits", "8")
            self.shows(TOTP(SECRET, digits=8).at(MOMENT), "#device-code")
            free.set()
            self.browser.until(left.is_set, "the verdict")
        finally:
            free.set()
            calls["/api/login/verify"] = answer
        hand.press('[data-wait="30"]')
        self.says("30 seconds pass", "#history")
        self.shows("No code was tried yet.", "#verdict")
        self.assertIn(["Wrong codes in a row", "0"], self.measure("rows()"))
        self.assertEqual(2, len(self.texts("#history li")))

    def test_other_codes_of_the_device(self) -> None:
        """The code before is good within the window; the one after the next is not yet."""
        self.visit("login")
        for place, name in (("later", "Incorrect"), ("previous", "Accepted"), ("next", "Accepted")):
            with self.subTest(place):
                Pointer(self.browser).press(f"#device-codes .{place} button")
                Keyboard(self.browser).press("#login-code")
                self.says(name, "#verdict")

    def test_another_credential_begins_anew(self) -> None:
        """What is enrolled is what the fields say."""
        self.visit("login")
        hand = Pointer(self.browser)
        hand.press("#login-guess")
        self.says("Incorrect", "#verdict")
        hand.choose("#digits", "8")
        self.shows(TOTP(SECRET, digits=8).at(MOMENT), "#device-code")
        self.shows("No code was tried yet.", "#verdict")
        self.assertIn(["Wrong codes in a row", "0"], self.measure("rows()"))

    def test_a_session_that_is_gone_begins_anew(self) -> None:
        """A server that was started again has forgotten all; the page enrols again and says so."""
        logins = self.server.site.interface.logins
        self.visit("login")
        logins._sessions.clear()
        Pointer(self.browser).press("#login-guess")
        self.says("forgotten", "#history")
        self.comes(1, lambda: len(logins))
        self.says("enrolled", "#history")
