"""The part Login, used in a real browser and compared with the library."""

import threading
from collections.abc import Callable

from onetime import HOTP, TOTP, MemoryStore, State, VerificationError, Verifier
from tests.browser.hands import SECRET, USES, Case, Hand, Keyboard, Pointer
from tests.browser.looks import MOMENT

LAST = 2**64 - 1
PHONE, KEY = (f'[data-device="{name}"]' for name in ("phone", "key"))


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
        verifier.adopt("owner", totp, device="phone")

        def verify(code: str) -> Callable[[], object]:
            return lambda: verifier.verify("owner", {"phone": totp}, code)

        hand.go("login")
        self.shows(totp.at(now), f"{PHONE} output")
        hand.press(f"{PHONE} .type")
        self.assertEqual(totp.at(now), self.value("#login-code"))
        hand.press("#login-verify")
        self.checked("Accepted", verifier, verify(totp.at(now)))
        spent = str(totp.step(now) + 1)
        self.assertIn(["Lowest step that can be accepted", spent, "changed, was 0"], self.measure("rows()"))
        hand.press("#login-verify")
        self.checked("Replayed", verifier, verify(totp.at(now)))
        hand.fill("#login-code", "12345x")
        hand.press("#login-verify")
        self.checked("Malformed", verifier, verify("12345x"))
        for _ in range(5):
            hand.press("#login-guess")
            self.checked("Incorrect", verifier, verify(self.value("#login-code")))
        hand.press("#login-guess")
        self.checked("Throttled", verifier, verify(self.value("#login-code")))
        self.says("checked in 30 seconds", "#verdict")

        hand.press('[data-wait="30"]')
        now += 30
        self.shows(totp.at(now), f"{PHONE} output")
        self.says("The next code is checked now.", "#verdict")
        hand.press("#login-guess")
        self.checked("Incorrect", verifier, verify(self.value("#login-code")))

        hand.press("#three summary")
        hand.press("#three-near")
        codes = [totp.at(now + later) for later in (0, 30, 60)]
        now += 60
        near = [*codes[:2], codes[2][:-1] + str((int(codes[2][-1]) + 1) % 10)]
        self.comes(near, lambda: [self.value(f"#three-{place}") for place in (1, 2, 3)])
        hand.press("#three-send")
        resynchronize = verifier.resynchronize
        self.checked("Incorrect", verifier, lambda: resynchronize("owner", {"phone": totp}, near))
        self.says("A near miss", "#verdict")
        self.assertIn(
            ["Near misses left with three codes", "9 of 10", "changed, was 10 of 10"], self.measure("rows()")
        )
        hand.press("#three-read")
        codes = [totp.at(now + later) for later in (0, 30, 60)]
        now += 60
        self.comes(codes, lambda: [self.value(f"#three-{place}") for place in (1, 2, 3)])
        hand.press("#three-send")
        self.checked("Accepted", verifier, lambda: resynchronize("owner", {"phone": totp}, codes))
        self.says("6 wrong codes since the last login", "#verdict")
        past = self.texts("#history li")
        self.assertIn("Three codes", past[0])
        self.assertIn("The credential is enrolled.", past[-1])

    def checked(self, name: str, verifier: Verifier, check: Callable[[], object]) -> None:
        """Wait for a verdict, and compare words and state with a verifier's."""
        said = ""
        try:
            check()
        except VerificationError as error:
            said = f"The user sees: “{error}”"
        state = verifier.state("owner")
        assert state is not None
        device = state.devices["phone"]
        expected = {
            "Lowest step that can be accepted": str(device.watermark),
            "Consecutive wrong codes": str(state.throttle.failures),
            "Drift of the device’s clock": f"{device.drift} step{'s' if device.drift != 1 else ''}",
        }
        self.says(name, "#verdict .strong")
        self.comes(expected, lambda: {row[0]: row[1] for row in self.measure("rows()") if row[0] in expected})
        self.says(said, "#verdict")

    def test_plain_words(self) -> None:
        """F90: the page says how many wrong codes are left, not how many are let through."""
        self.visit("login")
        self.shows(
            "One row for each user: numbers and names, and no secret.", "#server > .hint:first-of-type"
        )
        rows = [row[:2] for row in self.measure("rows()")]
        self.assertEqual(
            [
                ["Consecutive wrong codes", "0"],
                ["Next code is checked", "now"],
                ["Wrong codes left before a wait of hours", "50 of 50"],
                ["Near misses left with three codes", "10 of 10"],
            ],
            rows[:4],
        )
        stored = self.measure("document.querySelector('#stored-text').textContent")
        self.assertEqual(["phone"], [*State.from_text(stored).devices])

    def test_two_devices(self) -> None:
        """Another device is added, enrolled with its code, logs in, and is forgotten; the first stays."""
        for use in USES:
            with self.use(*use) as hand:
                hand.go("login")
                self.shows(TOTP(SECRET).at(MOMENT), f"{PHONE} output")
                hand.press("#add-hotp")
                self.says("not enrolled", f"{KEY} .head")
                hand.press(f"{KEY} .type")
                hand.press("#login-verify")
                self.says("No device shows this code. It is failure number 1 in a row.", "#verdict")
                hand.press(f"{KEY} .enroll")
                self.says("The device “key” is enrolled.", "#verdict")
                self.shows("enrolled", f"{KEY} .head .hint")
                self.assertFalse(self.browser.find(f"{KEY} .enroll").displayed)
                stored = '#stored-devices [data-name="key"]'
                self.says("Lowest counter that can be accepted", stored)
                hand.press(f"{KEY} .press")
                self.says("Counter 1", f"{KEY} .life")
                hand.press(f"{KEY} .type")
                hand.press("#login-verify")
                self.says("It is the code of counter 1 of the device “key”", "#verdict")
                hand.press(f"{PHONE} .type")
                hand.press("#login-verify")
                self.says("of the device “phone”", "#verdict")
                hand.press(f"{stored} button")
                self.comes([], lambda stored=stored: self.browser.all(stored))  # type: ignore[misc]  # bound now
                self.shows("not enrolled", f"{KEY} .head .hint")
                hand.press('#stored-devices [data-name="phone"] button')
                self.says("The server forgets the device “phone”.", "#history")
                hand.press("#login-verify")
                self.says("No device is enrolled", "#verdict")

    def test_an_operator_unlocks(self) -> None:
        """What counts against an attacker is cleared."""
        self.visit("login")
        hand = Pointer(self.browser)
        for _ in range(5):
            hand.press("#login-guess")
            self.says("Incorrect", "#verdict")
        self.comes("5", lambda: self.measure("rows()")[0][1])
        hand.press("#unlock")
        self.comes(["Consecutive wrong codes", "0", "changed, was 5"], lambda: self.measure("rows()")[0])

    def test_a_device_with_a_button(self) -> None:
        """A key shows the next code when its button is pressed; the server looks ahead."""
        hotp = HOTP(SECRET)
        lowest = "Lowest counter that can be accepted"
        for hand in (Pointer(self.browser), Keyboard(self.browser)):
            with self.subTest(type(hand).__name__):
                self.visit()
                hand.pick("kind", "hotp")
                hand.go("login")
                self.shows(hotp.at(0), f"{KEY} output")
                for counter in (1, 2):
                    hand.press(f"{KEY} .press")
                    self.shows(hotp.at(counter), f"{KEY} output")
                hand.press(f"{KEY} .type")
                hand.press("#login-verify")
                self.says("Accepted", "#verdict")
                self.assertIn([lowest, "3", "changed, was 0"], self.measure("rows()"))
                hand.press("#three summary")
                hand.press("#three-read")
                codes = list(hotp.codes(3, 3))
                self.comes(codes, lambda: [self.value(f"#three-{place}") for place in (1, 2, 3)])
                hand.press("#three-send")
                self.comes(True, lambda: [lowest, "6", "changed, was 3"] in self.measure("rows()"))

    def test_the_last_counter_of_a_device(self) -> None:
        """There the button does nothing more, and the reason stands beside it; the login goes on."""
        hotp = HOTP(SECRET)
        self.visit()
        hand = Pointer(self.browser)
        hand.pick("kind", "hotp")
        hand.fill("#counter", str(LAST))
        hand.go("login")
        self.shows(hotp.at(LAST), f"{KEY} output")
        hand.press(f"{KEY} .press")
        self.says("the device has reached its last counter", f"{KEY} .error")
        self.assertFalse(self.browser.find("#panel-login .problem").displayed)
        hand.press(f"{KEY} .type")
        hand.press("#login-verify")
        self.says("Accepted", "#verdict")
        self.assertEqual("", self.text(f"{KEY} .error"))
        self.assertIn("none: the last is spent", str(self.measure("rows()")))

    def test_a_period_that_is_too_long_to_wait_for(self) -> None:
        """The reason stands beside the clock, and the login goes on with the next code."""
        totp = TOTP(SECRET, period=40_000_000)
        _, end = totp.span(totp.step(MOMENT))
        self.clock.now = end - 3
        self.visit("login")
        hand = Pointer(self.browser)
        hand.fill("#period", "40000000")
        self.shows(totp.at(MOMENT), f"{PHONE} output")
        hand.press("#three summary")
        hand.press("#three-read")
        self.says("seconds must be a whole number from 0 to", "#server .error")
        self.assertFalse(self.browser.find("#panel-login .problem").displayed)
        self.clock.now = end
        self.shows(totp.at(end), f"{PHONE} output")
        hand.press(f"{PHONE} .type")
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
            self.shows(TOTP(SECRET, digits=8).at(MOMENT), f"{PHONE} output")
            free.set()
            self.browser.until(left.is_set, "the verdict")
        finally:
            free.set()
            calls["/api/login/verify"] = answer
        hand.press('[data-wait="30"]')
        self.says("30 seconds pass", "#history")
        self.shows("No code has been tried yet.", "#verdict")
        self.assertIn(["Consecutive wrong codes", "0"], self.measure("rows()"))
        self.assertEqual(2, len(self.texts("#history li")))

    def test_other_codes_of_the_device(self) -> None:
        """The code before is good within the window; the one after the next is not yet."""
        self.visit("login")
        Pointer(self.browser).press(f"{PHONE} summary")
        for place, name in (("later", "Incorrect"), ("previous", "Accepted"), ("next", "Accepted")):
            with self.subTest(place):
                Pointer(self.browser).press(f"{PHONE} .{place} button")
                Keyboard(self.browser).press("#login-code")
                self.says(name, "#verdict")

    def test_another_credential_begins_anew(self) -> None:
        """What is enrolled is what the fields say."""
        self.visit("login")
        hand = Pointer(self.browser)
        hand.press("#login-guess")
        self.says("Incorrect", "#verdict")
        hand.choose("#digits", "8")
        self.shows(TOTP(SECRET, digits=8).at(MOMENT), f"{PHONE} output")
        self.shows("No code has been tried yet.", "#verdict")
        self.assertIn(["Consecutive wrong codes", "0"], self.measure("rows()"))

    def test_a_session_that_is_gone_begins_anew(self) -> None:
        """A server that was started again has forgotten everything; the page starts again and says so."""
        logins = self.server.site.interface.logins
        self.visit("login")
        logins._sessions.clear()
        Pointer(self.browser).press("#login-guess")
        self.says("had deleted the session", "#history")
        self.comes(1, lambda: len(logins))
