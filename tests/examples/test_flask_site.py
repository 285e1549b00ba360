"""Tests of the Flask site: requests to a server process."""

import html
import re
import secrets
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from onetime import TOTP, SQLStore, Verifier
from onetime.provisioning import uri
from tests.support import package
from tests.support.web import Answer, Browser, environment, serve_wsgi

EMAIL, PASSWORD = "alice@example.com", "correct horse"


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        package("flask")

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.keys = {"SECRET_KEY": secrets.token_hex(32), "MASTER_KEY": secrets.token_hex(32)}
        self.command = [
            sys.executable,
            "-m",
            "flask",
            "--app",
            "tests.examples.flask_site",
            "add-user",
            EMAIL,
        ]
        subprocess.run(
            [*self.command, "--password", PASSWORD],
            cwd=self.folder,
            env=environment(**self.keys),
            check=True,
            capture_output=True,
        )
        self.browser = self.open()
        self.verifier = Verifier(SQLStore.sqlite(self.folder / "otp.db"))
        self.addCleanup(self.verifier.store.close)  # type: ignore[attr-defined] # it is a SQLStore

    def open(self) -> Browser:
        """Start another process of the site, and return a new browser."""
        self.origin = serve_wsgi(
            self.addCleanup, "tests.examples.flask_site", "app", self.folder, **self.keys
        )
        return Browser(self.origin)

    def scan(self, page: str) -> TOTP:
        """Parse the link on a page, as an app does."""
        (link,) = re.findall(r'href="(otpauth:[^"]*)"', page)
        credential = uri.parse(html.unescape(link)).credential
        assert isinstance(credential, TOTP)
        return credential

    def enroll(self) -> TOTP:
        """Log in with the password, and add the first device with the previous step's code."""
        answer = self.browser.post("/login", email=EMAIL, password=PASSWORD)
        self.assertEqual("/device", answer.path)
        self.assertIn("<svg ", answer.text)
        self.assertEqual("no-store", answer.headers["Cache-Control"])
        totp = self.scan(answer.text)
        answer = self.browser.post("/device", code=totp.at(time.time() - 30))
        self.assertIn(EMAIL, answer.text)
        self.codes = self.read_codes(answer)
        return totp

    def read_codes(self, answer: Answer) -> list[str]:
        """Return the ten recovery codes on a page that no cache stores."""
        codes = re.findall(r"<code>([^<]*)</code>", answer.text)
        self.assertEqual((10, "no-store"), (len(codes), answer.headers["Cache-Control"]))
        return codes

    def test_login(self) -> None:
        """A user adds a device, logs out and logs in with the next code, which is then spent."""
        totp = self.enroll()
        self.assertEqual("/login", self.browser.post("/logout").path)
        self.assertEqual("/login", self.browser.get("/device").path)
        answer = self.browser.post("/login", email=EMAIL, password=PASSWORD)
        self.assertEqual("/code", answer.path)
        self.assertEqual("/login", self.browser.get("/device").path, "a password alone adds no device")
        self.assertEqual("/login", self.browser.post("/device", code="000000").path)
        now = time.time()
        self.assertEqual(422, self.browser.post("/code", code="not a code").status)
        answer = self.browser.post("/code", code="000000")
        self.assertEqual((422, True), (answer.status, "The code was not accepted." in answer.text))
        answer = self.browser.post("/code", code=totp.at(now))
        self.assertEqual((200, "/"), (answer.status, answer.path))
        self.assertIn("since your last login: 1", answer.text)
        attacker = Browser(self.origin)
        attacker.post("/login", email=EMAIL, password=PASSWORD)
        self.assertEqual(422, attacker.post("/code", code=totp.at(now)).status)
        self.assertEqual("/login", attacker.get("/").path)

    def test_the_password_is_wrong(self) -> None:
        """The answer to a wrong password is the same whether or not the user exists."""
        answers = [
            self.browser.post("/login", email=email, password="wrong") for email in (EMAIL, "bob@example.com")
        ]
        self.assertEqual([422, 422], [answer.status for answer in answers])
        self.assertEqual(answers[0].text, answers[1].text)
        self.assertEqual("/login", self.browser.get("/code").path)

    def test_throttled(self) -> None:
        """After five wrong codes, the answer says when to retry, and the owner logs in with three codes."""
        totp = self.enroll()
        self.browser.post("/logout")
        self.browser.post("/login", email=EMAIL, password=PASSWORD)
        for _ in range(5):
            self.assertEqual(422, self.browser.post("/code", code="000000").status)
        answer = self.browser.post("/code", code=totp.at(time.time()))
        self.assertEqual(429, answer.status)
        self.assertLessEqual(int(answer.headers["Retry-After"]), 30)
        self.assertIn('name="third"', answer.text)
        now = time.time()
        code, second, third = (totp.at(now + seconds) for seconds in (30, 60, 90))
        answer = self.browser.post("/code", code=code, second=second, third=third)
        self.assertEqual("/", answer.path)
        self.assertIn("since your last login: 5", answer.text)

    def test_three_codes_are_refused(self) -> None:
        """After three wrong codes, the form asks for three again: one code would not be checked yet."""
        self.enroll()
        self.browser.post("/logout")
        self.browser.post("/login", email=EMAIL, password=PASSWORD)
        for _ in range(5):
            self.browser.post("/code", code="000000")
        answer = self.browser.post("/code", code="000000")
        self.assertEqual((429, True), (answer.status, 'name="third"' in answer.text))
        answer = self.browser.post("/code", code="000000", second="111111", third="222222")
        self.assertEqual((422, True), (answer.status, 'name="third"' in answer.text))

    def test_the_user_exists(self) -> None:
        """Adding a user who exists ends with one line, and does not change the password."""
        done = subprocess.run(
            [*self.command, "--password", "another"],
            cwd=self.folder,
            env=environment(**self.keys),
            check=False,
            capture_output=True,
            text=True,
        )
        self.assertEqual((1, f"Error: there is a user {EMAIL} already\n"), (done.returncode, done.stderr))

    def test_a_key_is_missing(self) -> None:
        """A missing key is named in one line, without a traceback."""
        for name in ("SECRET_KEY", "MASTER_KEY"):
            done = subprocess.run(
                [
                    sys.executable,
                    "-W",
                    "ignore",
                    "-m",
                    "flask",
                    "--app",
                    "tests.examples.flask_site",
                    "routes",
                ],
                cwd=self.folder,
                env=environment(**(self.keys | {name: ""})),
                check=False,
                capture_output=True,
                text=True,
            )
            self.assertNotEqual(0, done.returncode)
            self.assertRegex(done.stderr, rf"\A{name} must be set in the environment, as [^\n]+ say\n\Z")

    def test_a_new_phone(self) -> None:
        """A new phone replaces the old one, whose codes are then refused; an earlier QR code never works."""
        old = self.enroll()
        shown = self.scan(self.browser.get("/device").text)
        new = self.scan(self.browser.get("/device").text)
        self.assertEqual(422, self.browser.post("/device", code=shown.at(time.time())).status)
        answer = self.browser.post("/device", code=new.at(time.time()), replace="on")
        self.assertEqual((200, True), (answer.status, EMAIL in answer.text))
        ((_, state),) = self.verifier.states()
        self.assertEqual(1, len(state.devices))
        self.browser.post("/logout")
        self.browser.post("/login", email=EMAIL, password=PASSWORD)
        self.assertEqual(422, self.browser.post("/code", code=old.at(time.time() + 30)).status)
        self.assertEqual("/", self.browser.post("/code", code=new.at(time.time() + 30)).path)

    def test_a_lost_phone(self) -> None:
        """A password and a recovery code log in once, and lead to the page that replaces the phone."""
        old = self.enroll()
        self.browser.post("/logout")
        self.assertEqual("/login", self.browser.get("/recover").path)
        self.assertEqual("/login", self.browser.post("/recover", recovery_code=self.codes[0]).path)
        answer = self.browser.post("/login", email=EMAIL, password=PASSWORD)
        self.assertIn('href="/recover"', answer.text)
        self.assertIn('name="recovery_code"', self.browser.get("/recover").text)
        answer = self.browser.post("/recover", recovery_code=self.codes[1])
        self.assertEqual((200, "/device"), (answer.status, answer.path))
        self.assertIn("Recovery codes left: 9", answer.text)
        self.assertIn("A lost phone stays valid until you replace it.", answer.text)
        self.assertIn('name="replace" checked', answer.text)
        new = self.scan(answer.text)
        answer = self.browser.post("/device", code="000000", replace="on")
        self.assertEqual((422, True), (answer.status, 'name="replace" checked' in answer.text))
        codes = self.read_codes(self.browser.post("/device", code=new.at(time.time() - 30), replace="on"))
        self.assertEqual(set(), set(codes) & set(self.codes))
        self.assertNotIn("<code>", self.browser.get("/").text)
        self.browser.post("/logout")
        self.browser.post("/login", email=EMAIL, password=PASSWORD)
        self.assertEqual(422, self.browser.post("/code", code=old.at(time.time())).status)
        self.assertEqual(422, self.browser.post("/recover", recovery_code=self.codes[2]).status)
        self.assertEqual("/device", self.browser.post("/recover", recovery_code=codes[2]).path)

    def test_recovery_codes_are_refused(self) -> None:
        """Each refusal of a recovery code shows the form for a recovery code again."""
        self.enroll()
        self.browser.post("/logout")
        self.browser.post("/login", email=EMAIL, password=PASSWORD)
        self.browser.post("/recover", recovery_code=self.codes[0])
        self.browser.post("/logout")
        self.browser.post("/login", email=EMAIL, password=PASSWORD)
        wrong = "2-0000-0000-0000-0000"
        for code, status in [
            (self.codes[0], 422),
            ("000000", 422),
            *[(wrong, 422)] * 5,
            (self.codes[1], 429),
        ]:
            answer = self.browser.post("/recover", recovery_code=code)
            with self.subTest(status):
                self.assertEqual((status, "/recover"), (answer.status, answer.path))
                self.assertEqual(["recovery_code"], re.findall(r'<input name="([^"]*)"', answer.text))
                self.assertEqual(status == 429, "Retry-After" in answer.headers)

    def test_a_second_phone(self) -> None:
        """Adding a device that replaces no other leaves the recovery codes valid."""
        self.enroll()
        new = self.scan(self.browser.get("/device").text)
        answer = self.browser.post("/device", code=new.at(time.time()))
        self.assertEqual(("/", False), (answer.path, "<code>" in answer.text))
        self.browser.post("/logout")
        self.browser.post("/login", email=EMAIL, password=PASSWORD)
        self.assertEqual("/device", self.browser.post("/recover", recovery_code=self.codes[0]).path)

    def test_the_first_lines(self) -> None:
        """The first lines install cryptography, which `--cert adhoc` needs."""
        text = Path(__file__).with_name("flask_site.py").read_text("utf-8")
        self.assertIn("--cert adhoc", text)
        self.assertRegex(text, r"\n    pip install flask cryptography ")

    def test_a_double_click(self) -> None:
        """The second request of a double click shows the page of the user who is logged in."""
        totp = self.enroll()
        self.browser.post("/logout")
        self.browser.post("/login", email=EMAIL, password=PASSWORD)
        code = totp.at(time.time())
        self.assertEqual("/", self.browser.post("/code", code=code).path)
        answer = self.browser.post("/code", code=code)
        self.assertEqual((200, "/"), (answer.status, answer.path))

    def test_at_once(self) -> None:
        """If many browsers send the same code at once, exactly one logs in."""
        totp = self.enroll()
        browsers = [Browser(self.origin) for _ in range(8)]
        for browser in browsers:
            browser.post("/login", email=EMAIL, password=PASSWORD)
        code = totp.at(time.time())
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda browser: browser.post("/code", code=code), browsers))
        self.assertEqual([200] + [422] * 7, sorted(answer.status for answer in answers))

    def test_the_store_is_lost(self) -> None:
        """If the store is lost, a user who had a second factor cannot log in with the password alone."""
        totp = self.enroll()
        self.browser.post("/logout")
        for user, _ in list(self.verifier.states()):
            self.verifier.forget(user)
        self.assertEqual("/code", self.browser.post("/login", email=EMAIL, password=PASSWORD).path)
        self.assertEqual(422, self.browser.post("/code", code=totp.at(time.time())).status)
        self.assertEqual("/login", self.browser.get("/device").path)

    def test_another_master_key(self) -> None:
        """With another master key, the site answers with an error and does not count wrong codes."""
        totp = self.enroll()
        self.keys["MASTER_KEY"] = secrets.token_hex(32)
        self.browser = self.open()
        self.browser.post("/login", email=EMAIL, password=PASSWORD)
        self.assertEqual(500, self.browser.post("/code", code=totp.at(time.time())).status)
        ((_, state),) = self.verifier.states()
        self.assertEqual(0, state.throttle.failures)
