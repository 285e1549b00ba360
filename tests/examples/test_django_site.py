"""Tests of the Django site: requests to a server process, with SQLite and with PostgreSQL."""

import html
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

from onetime import TOTP
from onetime.provisioning import uri
from tests.support import package
from tests.support.postgres import Postgres
from tests.support.web import Answer, Browser, environment, serve_wsgi

USER, PASSWORD = "alice", "correct horse"
BEGIN = f"""
from django.contrib.auth import get_user_model
from tests.examples.django_site import second_factor
get_user_model().objects.all().delete()
for user, _ in list(second_factor.verifier.states()):
    second_factor.verifier.forget(user)
get_user_model().objects.create_superuser({USER!r}, password={PASSWORD!r})
"""


class WithPostgres(unittest.TestCase):
    folder: Path
    variables: dict[str, str]
    origin: str
    database: ClassVar[dict[str, str]] = {}

    @classmethod
    def setUpClass(cls) -> None:
        package("django")
        cls.find_database()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.variables = {
            "SECRET_KEY": secrets.token_hex(32),
            "MASTER_KEY": secrets.token_hex(32),
            "DJANGO_SETTINGS_MODULE": "tests.examples.django_site.settings",
            **cls.database,
        }
        cls.manage("migrate", "-v0")
        cls.origin = serve_wsgi(
            cls.addClassCleanup, "tests.examples.django_site.wsgi", "application", cls.folder, **cls.variables
        )

    @classmethod
    def find_database(cls) -> None:
        """Create a database for the site, because other tests use the same server."""
        postgres = Postgres()
        name = f"onetime_django_{os.getpid()}"
        postgres.run(f"CREATE DATABASE {name}")
        cls.addClassCleanup(postgres.run, f"DROP DATABASE {name} WITH (FORCE)")
        settings = postgres.psycopg.conninfo.conninfo_to_dict(postgres.conninfo)
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
        cls.database = {names[key]: str(value) for key, value in settings.items() if key in names}
        cls.database["PGDATABASE"] = name

    @classmethod
    def manage(cls, *arguments: str) -> str:
        """Run a command of the site, and return its output."""
        done = subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            cwd=cls.folder,
            env=environment(**cls.variables),
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout

    def setUp(self) -> None:
        self.manage("shell", "-v0", "-c", BEGIN)
        self.browser = Browser(self.origin)

    def shell(self, program: str) -> str:
        """Run a program in the site, and return the last line of its output."""
        before = (
            "from tests.examples.django_site import second_factor\n"
            "from django.contrib.auth import get_user_model\n"
            f"user = get_user_model().objects.get(username={USER!r})\n"
            "verifier = second_factor.verifier\n"
        )
        return self.manage("shell", "-v0", "-c", before + program).strip().rpartition("\n")[2]

    def login(self, browser: Browser | None = None, **fields: str) -> Answer:
        browser = browser or self.browser
        browser.get("/login/")
        return browser.post("/login/", username=USER, password=PASSWORD, **fields)

    def scan(self) -> TOTP:
        """Open the page with the QR code, and parse the link beside it, as an app does."""
        answer = self.browser.get("/device/")
        self.assertIn("<svg ", answer.text)
        self.assertIn("no-store", answer.headers["Cache-Control"])
        (link,) = re.findall(r'href="(otpauth:[^"]*)"', answer.text)
        credential = uri.parse(html.unescape(link)).credential
        assert isinstance(credential, TOTP)
        return credential

    def enroll(self) -> TOTP:
        """Log in with the password alone, and add the first device with the previous step's code."""
        self.assertEqual("/", self.login().path)
        totp = self.scan()
        answer = self.browser.post("/device/", code=totp.at(time.time() - 30))
        self.assertEqual("/", answer.path)
        self.assertIn("The device was added.", answer.text)
        self.assertEqual("/login/", self.browser.post("/logout/").path)
        return totp

    def test_a_key_is_missing(self) -> None:
        """A missing key is named in one line, without a traceback."""
        for name in ("SECRET_KEY", "MASTER_KEY"):
            done = subprocess.run(
                [sys.executable, "-m", "django", "check"],
                cwd=self.folder,
                env=environment(**(self.variables | {name: ""})),
                check=False,
                capture_output=True,
                text=True,
            )
            self.assertEqual(1, done.returncode)
            self.assertRegex(done.stderr, rf"\A{name} must be set in the environment, as [^\n]+ say\n\Z")

    def test_login(self) -> None:
        """A login needs the password and a code, and each code is accepted once."""
        totp = self.enroll()
        now = time.time()
        self.assertEqual(422, self.login().status)
        self.assertEqual(422, self.login(token="000000").status)
        self.browser.get("/login/")
        self.assertEqual(
            422, self.browser.post("/login/", username=USER, password="wrong", token=totp.at(now)).status
        )
        answer = self.login(token=totp.at(now))
        self.assertEqual((200, "/"), (answer.status, answer.path))
        self.assertIn("since your last login: 1", answer.text)
        self.assertEqual("/", self.browser.get("/login/").path)
        attacker = Browser(self.origin)
        self.assertEqual(422, self.login(attacker, token=totp.at(now)).status)
        self.assertEqual("/login/", attacker.get("/").path)

    def test_at_once(self) -> None:
        """If many browsers send the same code at once, exactly one logs in."""
        totp = self.enroll()
        code = totp.at(time.time())
        browsers = [Browser(self.origin) for _ in range(6)]
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda browser: self.login(browser, token=code), browsers))
        self.assertEqual([200] + [422] * 5, sorted(answer.status for answer in answers))

    def test_a_rollback(self) -> None:
        """A failed attempt still counts after Django rolls the request back."""
        self.enroll()
        program = """
from django.db import transaction
from onetime import IncorrectCodeError
with transaction.atomic():
    second_factor.SecondFactor.objects.all().delete()
    try:
        second_factor.login(user, "000000")
    except IncorrectCodeError:
        transaction.set_rollback(True)
print(second_factor.SecondFactor.objects.count(), verifier.state(str(user.pk)).throttle.failures)
"""
        self.assertEqual("1 1", self.shell(program))


class WithSQLite(WithPostgres):
    database: ClassVar[dict[str, str]] = {}

    @classmethod
    def find_database(cls) -> None:
        """Do nothing: the site uses SQLite."""

    def test_the_admin(self) -> None:
        """The admin's own form refuses users with a second factor; a login with a code opens the admin."""
        totp = self.enroll()
        self.browser.get("/admin/login/")
        answer = self.browser.post("/admin/login/", username=USER, password=PASSWORD)
        self.assertIn("Please enter the correct username and password", html.unescape(answer.text))
        self.assertEqual("/admin/login/", self.browser.get("/admin/").path)
        self.login(token=totp.at(time.time()))
        self.assertEqual("/admin/", self.browser.get("/admin/").path)

    def test_throttled(self) -> None:
        """After five wrong codes, the answer says when to retry, and the owner logs in with three codes."""
        totp = self.enroll()
        for _ in range(5):
            self.assertEqual(422, self.login(token="000000").status)
        answer = self.login(token=totp.at(time.time()))
        self.assertEqual(429, answer.status)
        self.assertLessEqual(int(answer.headers["Retry-After"]), 30)
        now = time.time()
        token, second, third = (totp.at(now + seconds) for seconds in (30, 60, 90))
        answer = self.login(token=token, second_token=second, third_token=third)
        self.assertEqual("/", answer.path)
        self.assertIn("since your last login: 5", answer.text)

    def test_a_new_phone(self) -> None:
        """A new phone replaces the old one, whose codes are then refused; an earlier QR code never works."""
        old = self.enroll()
        self.login(token=old.at(time.time()))
        shown, new = self.scan(), self.scan()
        self.assertEqual(422, self.browser.post("/device/", code=shown.at(time.time())).status)
        self.assertEqual("/", self.browser.post("/device/", code=new.at(time.time()), replace="on").path)
        self.assertEqual("1", self.shell("print(len(second_factor.devices(user)))"))
        self.browser.post("/logout/")
        self.assertEqual(422, self.login(token=old.at(time.time() + 30)).status)
        self.assertEqual("/", self.login(token=new.at(time.time() + 30)).path)

    def test_the_migrations(self) -> None:
        """The migrations match the models."""
        self.assertEqual("No changes detected\n", self.manage("makemigrations", "--check", "--dry-run"))

    def test_receivers(self) -> None:
        """Django hides the codes from the receivers of `user_login_failed`."""
        self.enroll()
        program = f"""
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_login_failed
seen = []
user_login_failed.connect(lambda credentials, **_: seen.append(credentials), weak=False)
codes = dict.fromkeys(["token", "second_token", "third_token"], "000000")
authenticate(None, username={USER!r}, password={PASSWORD!r}, **codes)
print(len(seen), "000000" in str(seen))
"""
        self.assertEqual("1 False", self.shell(program))

    def test_the_store_is_lost(self) -> None:
        """If the store is lost, a user who had a second factor cannot log in with the password alone."""
        totp = self.enroll()
        self.shell("verifier.forget(str(user.pk))")
        self.assertEqual(422, self.login().status)
        self.assertEqual(422, self.login(token=totp.at(time.time())).status)
