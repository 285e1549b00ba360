"""The parts Code, Steps and Table, used in a real browser and compared with the library."""

import json
import tempfile
from itertools import product
from pathlib import Path
from subprocess import run

from onetime import HOTP, TOTP, Account, Secret
from onetime.inspection.explanation import explain
from onetime.provisioning import uri
from tests.browser.hands import SECRET, USES, Case, Hand, Keyboard, Pointer
from tests.browser.looks import MOMENT, SCHEMES, WIDTHS
from tests.support import program

TEXT_KEY = "12345678901234567890123456789012"
"""The key of RFC 6238 appendix B for SHA256, as text."""

LAST = 2**64 - 1


class Code(Case):
    def test_a_code_of_a_moment(self) -> None:
        """Each field has its part in the code, the ones beside it and the link."""
        moment = 1_111_111_109
        settings = {"digits": 8, "period": 60}
        secret = Secret.from_text(TEXT_KEY)
        linked = TOTP(secret, algorithm="SHA256", **settings)
        totp = TOTP(secret, algorithm="SHA256", **settings, t0=7)
        step = totp.step(moment)
        for use in USES:
            with self.use(*use) as hand:
                hand.choose("#form", "text")
                hand.fill("#secret", TEXT_KEY)
                hand.unfold()
                hand.pick("when", "moment")
                hand.fill("#time", str(moment))
                hand.choose("#algorithm", "SHA256")
                hand.choose("#digits", "8")
                hand.fill("#period", "60")
                hand.fill("#name", "bob")
                hand.fill("#issuer", "Big Corp")
                self.shows(uri.build(Account("bob", linked, issuer="Big Corp")), "#link")
                hand.fill("#t0", "7")
                self.shows("At that time, valid for another 38 seconds.", "#code-life")
                self.assertEqual("38", self.text("#ring-seconds"))
                self.assertEqual(totp.at(moment), self.text("#shown-code"))
                self.assertEqual(totp.at_step(step - 1), self.text("#previous-code"))
                self.assertEqual(totp.at_step(step + 1), self.text("#next-code"))
                self.assertEqual(f"Step {step}", self.text("#code-factor"))
                self.assertEqual("2005-03-18T01:58:29", self.value("#date"))
                self.assertEqual("", self.text("#link"))
                self.says("There is no link.", "#link-note")

    def test_a_code_of_a_counter(self) -> None:
        """Counters go up to 2^64-1, exactly, and no further."""
        hotp = HOTP(SECRET)
        link = uri.build(Account("alice@example.com", hotp, issuer="Acme", counter=LAST))
        for use in USES:
            with self.use(*use) as hand:
                hand.pick("kind", "hotp")
                self.shows(hotp.at(0), "#shown-code")
                self.assertEqual("–", self.text("#previous-code"))
                hand.press("#counter-up")
                self.shows(hotp.at(1), "#shown-code")
                self.assertEqual(hotp.at(0), self.text("#previous-code"))
                hand.fill("#counter", str(LAST - 1))
                self.shows(hotp.at(LAST - 1), "#shown-code")
                self.assertEqual(hotp.at(LAST), self.text("#next-code"))
                hand.press("#counter-up")
                self.shows(hotp.at(LAST), "#shown-code")
                self.assertEqual("–", self.text("#next-code"))
                self.assertEqual(link, self.text("#link"))
                hand.press("#counter-down")
                self.shows(hotp.at(LAST - 1), "#shown-code")
                hand.fill("#counter", str(LAST))
                hand.press("#counter-up")
                self.says("from 0 to 2^64-1", "#counter-error")
                hand.press("#counter-down")
                self.shows("", "#counter-error")

    def test_the_next_code_comes_by_itself(self) -> None:
        """When the time of a code is over, the page shows the next one."""
        totp = TOTP(SECRET)
        self.clock.now = MOMENT + 27.5
        self.visit()
        self.shows(totp.at(MOMENT), "#shown-code")
        self.clock.now = MOMENT + 28
        self.shows(totp.at(MOMENT + 28), "#shown-code")
        self.says("A new code in ", "#code-life")

    def test_what_is_copied(self) -> None:
        """A code is shown in groups and copied plain; the link as it stands."""
        code = TOTP(SECRET).at(MOMENT)
        for use in USES:
            with self.use(*use) as hand:
                self.assertEqual([code[:3], code[3:]], self.texts("#shown-code .group"))
                hand.press("#copy-code")
                self.comes(code, self.clipboard)
                self.shows("The code is copied", "#announcements")
                hand.press("#copy-link")
                self.comes(self.text("#link"), self.clipboard)

    def test_what_cannot_be_copied(self) -> None:
        """Where the browser does not allow it, eye and ear are told."""
        self.visit()
        self.browser.run("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))")
        for what in ("code", "link"):
            Pointer(self.browser).press(f"#copy-{what}")
            self.shows("Not copied ✕", f"#copy-{what}")
            self.says("Select the text instead", "#announcements")
            self.shows(f"Copy the {what}", f"#copy-{what}")

    def test_what_is_selected(self) -> None:
        """Whoever marks the code and copies it gets its digits and nothing else."""
        totp = TOTP(SECRET, digits=10)
        for width in WIDTHS:
            with self.look(width, "light"):
                self.visit()
                hand = Pointer(self.browser)
                hand.unfold()
                hand.choose("#digits", "10")
                self.shows(totp.at(MOMENT), "#shown-code")
                for place, time in (("shown", MOMENT), ("previous", MOMENT - 30), ("next", MOMENT + 30)):
                    marked = self.browser.run(
                        "getSelection().selectAllChildren(document.getElementById(arguments[0]));"
                        "return getSelection().toString().trim()",
                        f"{place}-code",
                    )
                    self.assertEqual(totp.at(time), marked)

    def test_the_qr_code_can_be_scanned(self) -> None:
        """A picture of the screen is enough, in each look."""
        zbarimg = program("zbarimg")
        for look in product(WIDTHS, SCHEMES):
            with self.look(*look), tempfile.TemporaryDirectory() as folder:
                self.visit()
                picture = Path(folder, "page.png")
                picture.write_bytes(self.browser.picture())
                read = run([zbarimg, "--quiet", "--raw", picture], capture_output=True, text=True, check=True)
                self.assertEqual(self.text("#link"), read.stdout.strip())

    def test_a_secret_is_made(self) -> None:
        """It is as long as the hash, in the form that is chosen, and another one each time."""
        forms = {"base32": Secret.from_base32, "hex": Secret.from_hex, "base64": Secret.from_base64}
        made = set()
        for hand in (Pointer(self.browser), Keyboard(self.browser)):
            self.visit()
            hand.unfold()
            hand.choose("#algorithm", "SHA512")
            for form in (*forms, "text"):
                with self.subTest(form, hand=type(hand).__name__):
                    hand.choose("#form", form)
                    before = self.value("#secret")
                    hand.press("#make-secret")
                    self.comes(True, lambda before=before: self.value("#secret") != before)  # type: ignore[misc]  # bound now
                    form = self.value("#form")  # no random bytes are text: they are written in base32
                    secret = forms[form](self.value("#secret"))
                    self.assertEqual(64, len(secret))
                    self.shows(TOTP(secret, algorithm="SHA512").at(MOMENT), "#shown-code")
                    made.add(secret.to_bytes())
        self.assertEqual(8, len(made))

    def test_a_weak_secret_is_noted(self) -> None:
        """R6: under 16 bytes the page says so, and shows the code nevertheless."""
        self.visit()
        Pointer(self.browser).fill("#secret", "JBSWY3DPEHPK3PXP")
        self.shows(TOTP(Secret.from_base32("JBSWY3DPEHPK3PXP")).at(MOMENT), "#shown-code")
        self.assertEqual("⚠ 10 bytes: RFC 4226 requires at least 16", self.text("#secret-hint"))
        for part in ("steps", "table"):
            with self.subTest(part):
                self.visit(part)
                self.shows("20 bytes, from the examples of the RFCs", "#secret-hint")
                Pointer(self.browser).fill("#secret", "JBSWY3DPEHPK3PXP")
                self.shows("⚠ 10 bytes: RFC 4226 requires at least 16", "#secret-hint")
        self.visit("login")
        self.shows("20 bytes, from the examples of the RFCs", "#secret-hint")
        Pointer(self.browser).fill("#secret", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPGEZA")
        self.shows("22 bytes", "#secret-hint")

    def test_the_date_and_the_seconds_are_one_moment(self) -> None:
        """What is written into one is shown by the other."""
        self.visit()
        hand = Pointer(self.browser)
        hand.pick("when", "moment")
        self.browser.run(
            "const date = document.querySelector('#date');"
            "date.value = '2033-05-18T03:33:20'; date.dispatchEvent(new Event('input', {bubbles: true}))"
        )
        self.shows(TOTP(SECRET).at(2_000_000_000), "#shown-code")
        self.assertEqual("2000000000", self.value("#time"))
        hand.fill("#time", "20000000000")
        self.shows(TOTP(SECRET).at(20_000_000_000), "#shown-code")
        self.assertEqual("2603-10-11T11:33:20", self.value("#date"))

    def test_the_ring_runs_down(self) -> None:
        """It shows the part of the time that is left; where motion is not liked, nothing slides."""
        offset = "return Number(document.querySelector('#ring-left').style.strokeDashoffset)"
        moves = "return getComputedStyle(document.querySelector('#ring-left')).transitionDuration"
        self.visit()
        first = self.browser.run(offset)
        self.assertGreaterEqual(first, 100 * 2 / 30 - 0.1)
        self.browser.until(lambda: self.browser.run(offset) > first, "less of the ring")
        self.assertEqual("0.2s", self.browser.run(moves))
        self.browser.prefer("light", motion="reduce")
        self.assertEqual("0s", self.browser.run(moves))

    def clipboard(self) -> object:
        return self.browser.run_async("return await navigator.clipboard.readText()")


class Steps(Case):
    def test_each_step_is_the_librarys(self) -> None:
        """What the picture shows is what `explain` gives, for each hash, also for a key that is hashed."""
        long = "7" * 200
        first = (("SHA1", TEXT_KEY), ("SHA3_256", long), ("SHA256", TEXT_KEY), ("SHA512", long))
        for use, (algorithm, secret) in zip(USES, first, strict=True):
            with self.use(*use) as hand:
                hand.go("steps")
                hand.unfold()
                hand.choose("#form", "text")
                hand.pick("when", "moment")
                hand.fill("#time", "1234567890")
                hand.choose("#digits", "7")
                self.is_explained(hand, algorithm, secret)
        for algorithm, secret in (("SHA1", long), ("SHA256", long), ("SHA512", TEXT_KEY), ("SHA3_512", long)):
            with self.subTest(algorithm=algorithm):
                self.is_explained(Pointer(self.browser), algorithm, secret)

    def is_explained(self, hand: Hand, algorithm: str, secret: str) -> None:
        """Choose a hash and a secret, and hold the picture against the library."""
        hand.fill("#secret", secret)
        hand.choose("#algorithm", algorithm)
        totp = TOTP(Secret.from_text(secret), digits=7, algorithm=algorithm)
        truth = explain(totp, totp.step(1_234_567_890))
        self.shows(truth.code, "#shown-steps output")
        rows = [bytes.fromhex(row) for row in self.texts("#shown-steps .named .bytes")]
        self.assertEqual(
            [truth.message, truth.padded_key, truth.inner_pad, truth.outer_pad, truth.inner_hash], rows
        )
        self.assertEqual([f"{byte:02x}" for byte in truth.hs], self.texts(".hs .value"))
        self.assertEqual([str(truth.offset + index) for index in range(4)], self.texts(".hs .taken small"))
        self.assertEqual([f"{byte:02x}" for byte in truth.p], self.texts(".hs .taken .value"))
        self.assertEqual([f"{truth.hs[-1]:02x}"], self.texts(".hs .last .value"))
        self.assertEqual(list(f"{truth.hs[-1]:08b}"), self.texts(".bitline .bit"))
        self.assertEqual(list(f"{truth.offset:04b}"), self.texts(".bitline .low"))
        masked = f"{truth.p[0]:08b}{truth.p[0] & 0x7F:08b}"
        self.assertEqual(list(masked), self.texts(".maskrow .bit"))
        written = self.text("#shown-steps .formula")
        for part in (f"0x{truth.snum:08x} = {truth.snum}", f"mod 10000000 = {truth.d}"):
            self.assertIn(part, written)
        for found, wanted in zip(*self.measure("arrow()"), strict=True):
            self.assertAlmostEqual(wanted, found, delta=4)

    def test_numbers_past_what_javascript_has(self) -> None:
        """Past 2^53, too, the numbers of a formula and of a table are exact, to the last digit."""
        self.visit("steps")
        hand = Pointer(self.browser)
        hand.pick("when", "moment")
        hand.fill("#t0", str(2**63 + 1))
        hand.fill("#period", "3")
        hand.fill("#time", str(LAST))
        step = (LAST - 2**63 - 1) // 3
        self.says(f"⌊({LAST} − {2**63 + 1}) / 3⌋ = {step}", "#shown-steps .formula")
        first = 2**63 + 1 + 3 * step
        self.says(f"from Unix {first} to Unix {first + 2}", "#shown-steps li")
        hand.go("table")
        self.comes([f"Unix {first}", str(first)], lambda: self.texts("#table-rows td")[:2])
        hand.go("code")
        self.shows(f"Step {step}", "#code-factor")
        self.assertLessEqual(
            0, self.measure("Number(document.querySelector('#ring-left').style.strokeDashoffset)")
        )

    def test_a_change_is_seen_at_once(self) -> None:
        """Each key that is pressed in a field changes the picture, and the part is not left for it."""
        self.visit("steps")
        hand = Keyboard(self.browser)
        hand.choose("#form", "text")
        for text in ("a", "ab", "abc"):
            with self.subTest(text):
                hand.fill("#secret", text)
                key = text.encode().ljust(64, b"\0")
                self.comes(key, lambda: bytes.fromhex(self.texts("#shown-steps .named .bytes")[1]))

    def test_the_counter_is_the_message(self) -> None:
        """An HOTP has its counter where a TOTP has its step."""
        self.visit("steps")
        Pointer(self.browser).pick("kind", "hotp")
        self.shows(HOTP(SECRET).at(0), "#shown-steps output")
        Pointer(self.browser).press("#counter-up")
        self.shows(HOTP(SECRET).at(1), "#shown-steps output")
        self.says("C = 1, the counter", "#shown-steps .formula")
        self.assertEqual(
            bytes([0, 0, 0, 0, 0, 0, 0, 1]).hex(" "), self.texts("#shown-steps .named .bytes")[0]
        )


class Table(Case):
    def test_codes_of_times(self) -> None:
        """Each row has its step, its time and its code; it is copied as text and as JSON."""
        totp = TOTP(SECRET, digits=8)
        start = totp.step(1_234_567_890)
        rows = [(step, totp.span(step)[0], totp.at_step(step)) for step in range(start, start + 3)]
        text = "".join(f"{step}\t{time}\t{code}\n" for step, time, code in rows)
        whole = [{"moving_factor": str(step), "time": str(time), "code": code} for step, time, code in rows]
        for use in USES:
            with self.use(*use) as hand:
                hand.go("table")
                hand.unfold()
                hand.choose("#digits", "8")
                hand.pick("when", "moment")
                hand.fill("#time", "1234567890")
                hand.fill("#count", "3")
                self.comes([code for *_, code in rows], lambda: self.texts("#table-rows td:last-child"))
                self.assertEqual([str(step) for step, *_ in rows], self.texts("#table-rows th"))
                self.assertEqual(["2009-02-13 23:31:30", "1234567890"], self.texts("#table-rows td")[:2])
                hand.press("#copy-text")
                self.comes(text, self.clipboard)
                hand.press("#copy-json")
                self.comes(json.dumps(whole, indent=2) + "\n", self.clipboard)

    def test_codes_of_counters(self) -> None:
        """RFC 4226 appendix D."""
        codes = HOTP(SECRET).codes(0, 10)
        self.visit("table")
        hand = Pointer(self.browser)
        hand.pick("kind", "hotp")
        self.comes(list(codes), lambda: self.texts("#table-rows td"))
        hand.press("#copy-text")
        self.comes("".join(f"{counter}\t{code}\n" for counter, code in enumerate(codes)), self.clipboard)

    def test_the_last_counters(self) -> None:
        """Where the counters end, so does the table."""
        self.visit("table")
        hand = Pointer(self.browser)
        hand.pick("kind", "hotp")
        hand.fill("#counter", str(LAST - 1))
        self.comes([str(LAST - 1), str(LAST)], lambda: self.texts("#table-rows th"))
        self.assertEqual("", self.text("#count-error"))

    def test_the_next_look_is_by_the_servers_clock(self) -> None:
        """However far the browser's clock is from the server's, the table waits until the next step."""
        self.visit("table")
        self.browser.run(
            "window.waits = []; const timer = setTimeout;"
            "window.setTimeout = (action, time) => { window.waits.push(time); return timer(action, time); };"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        self.comes([28_025], lambda: self.browser.run("return window.waits"))

    def test_the_table_moves_on_with_the_time(self) -> None:
        """A page that was asleep shows the codes of now when it is looked at again."""
        self.visit("table")
        self.clock.now += 30
        self.browser.run("document.dispatchEvent(new Event('visibilitychange'))")
        self.comes(TOTP(SECRET).at(MOMENT + 30), lambda: self.texts("#table-rows td:last-child")[0])

    def clipboard(self) -> object:
        return self.browser.run_async("return await navigator.clipboard.readText()")
