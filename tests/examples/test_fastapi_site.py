"""Tests of the FastAPI service: requests to a server process."""

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

from onetime import TOTP, ReplayedCodeError, StoreError
from onetime.provisioning import uri
from tests.support import package
from tests.support.web import Browser, environment, serve

EMAIL, PASSWORD = "alice@example.com", "correct horse"
SERVE = """
import socket, uvicorn
from tests.examples.fastapi_site import app
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="critical")).run([listener])
"""
"""A program that serves the application and prints its port."""


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        package("fastapi")
        package("uvicorn")

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.keys = keys = {"SESSION_KEY": secrets.token_hex(32), "MASTER_KEY": secrets.token_hex(32)}
        self.assertEqual(0, self.command("add-user", EMAIL).returncode)
        self.origin = serve(self.addCleanup, ["-c", SERVE], self.folder, **keys)
        self.browser = Browser(self.origin)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the program."""
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.examples.fastapi_site", *arguments],
            cwd=self.folder,
            env=environment(**self.keys),
            input=f"{PASSWORD}\n",
            check=False,
            capture_output=True,
            text=True,
            start_new_session=True,  # without a terminal, the password is read from the input
        )

    def login(self, browser: Browser | None = None, **fields: str) -> int:
        """Return the status of a login."""
        typed = {"email": EMAIL, "password": PASSWORD, **fields}
        return (browser or self.browser).send("POST", "/login", typed).status

    def scan(self) -> TOTP:
        """Request a link for a new device, and parse it, as an app does."""
        answer = self.browser.send("POST", "/device")
        self.assertEqual("no-store", answer.headers["Cache-Control"])
        credential = uri.parse(answer.json()["link"]).credential
        assert isinstance(credential, TOTP)
        return credential

    def enroll(self) -> TOTP:
        """Log in with the password alone, and add the first device with the previous step's code."""
        self.assertEqual(204, self.login())
        totp = self.scan()
        answer = self.browser.send("PUT", "/device", {"code": totp.at(time.time() - 30)})
        self.assertEqual(204, answer.status)
        return totp

    def test_login(self) -> None:
        """A login needs the password and a code, and each code is accepted once."""
        self.assertEqual(401, self.browser.get("/me").status)
        totp = self.enroll()
        self.assertEqual({"email": EMAIL}, self.browser.get("/me").json())
        browser, code = Browser(self.origin), totp.at(time.time())
        self.assertEqual(401, self.login(browser, password="wrong", code=code))
        self.assertEqual(401, self.login(browser, email="bob@example.com", code=code))
        self.assertEqual(422, self.login(browser))
        self.assertEqual(422, self.login(browser, code="000000"))
        self.assertEqual(401, browser.get("/me").status)
        self.assertEqual(204, self.login(browser, code=code))
        self.assertEqual(200, browser.get("/me").status)
        self.assertEqual(422, self.login(Browser(self.origin), code=code))

    def test_the_user_exists(self) -> None:
        """One line reports that the user exists, and another describes the usage."""
        done = self.command("add-user", EMAIL)
        self.assertEqual(
            (1, True), (done.returncode, done.stderr.endswith(f"there is a user {EMAIL} already\n"))
        )
        for arguments in ((), ("add-user",)):
            done = self.command(*arguments)
            self.assertEqual(
                (1, "usage: python3 fastapi_site.py add-user EMAIL\n"), (done.returncode, done.stderr)
            )

    def test_a_key_is_missing(self) -> None:
        """A missing key is named in one line, without a traceback."""
        for name in ("SESSION_KEY", "MASTER_KEY"):
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-m", "tests.examples.fastapi_site"],
                cwd=self.folder,
                env=environment(**(self.keys | {name: ""})),
                check=False,
                capture_output=True,
                text=True,
            )
            self.assertNotEqual(0, done.returncode)
            self.assertRegex(done.stderr, rf"\A{name} must be set in the environment, as [^\n]+ say\n\Z")

    def test_the_log(self) -> None:
        """Every refusal is logged with the user and the reason."""
        from fastapi import Request

        with mock.patch.dict(os.environ, self.keys), contextlib.chdir(self.folder):
            from tests.examples import fastapi_site
        session = {"type": "http", "session": {"user": "17"}}
        for scope in (session, session | {"session": {}, "state": {"user": "17"}}):
            for error in (ReplayedCodeError(), StoreError()):
                with self.subTest(error.reason), self.assertLogs("uvicorn.error") as caught:
                    fastapi_site.refused(Request(scope), error)
                self.assertEqual([f"WARNING:uvicorn.error:user 17: {error.reason}"], caught.output)

    def test_throttled(self) -> None:
        """After five wrong codes, the answer says when to retry, and the owner logs in with three codes."""
        totp = self.enroll()
        for _ in range(5):
            self.assertEqual(422, self.login(code="000000"))
        now = time.time()
        fields = {"email": EMAIL, "password": PASSWORD, "code": totp.at(now)}
        answer = self.browser.send("POST", "/login", fields)
        self.assertEqual((429, {"reason": "throttled"}), (answer.status, answer.json()))
        self.assertLessEqual(int(answer.headers["Retry-After"]), 30)
        code, second, third = (totp.at(now + seconds) for seconds in (0, 30, 60))
        self.assertEqual(204, self.login(code=code, second=second, third=third))

    def test_a_new_phone(self) -> None:
        """A new phone replaces the old one, whose codes are then refused."""
        old = self.enroll()
        new = self.scan()
        now = time.time()
        answer = self.browser.send("PUT", "/device", {"code": new.at(now), "replace": True})
        self.assertEqual(204, answer.status)
        self.assertEqual(409, self.browser.send("PUT", "/device", {"code": new.at(now)}).status)
        self.assertEqual(422, self.login(code=old.at(now + 30)))
        self.assertEqual(204, self.login(code=new.at(now + 30)))

    def test_at_once(self) -> None:
        """If many requests send the same code at once, exactly one is accepted."""
        totp = self.enroll()
        code = totp.at(time.time())
        browsers = [Browser(self.origin) for _ in range(8)]
        with ThreadPoolExecutor(9) as pool:
            statuses = list(pool.map(lambda browser: self.login(browser, code=code), browsers))
        self.assertEqual([204] + [422] * 7, sorted(statuses))
