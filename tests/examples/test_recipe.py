"""Tests of the README's recipe: it matches `recipe.py`, and no crash leaves the owner without a device."""

import ast
import contextlib
import doctest
import importlib.util
import io
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

from onetime import (
    TOTP,
    AlreadyEnrolledError,
    MemoryStore,
    OnetimeError,
    OtherCredentialError,
    ThrottledError,
    Verifier,
)
from onetime.provisioning import uri
from onetime.testing import ManualClock

RECIPE = Path(__file__).with_name("recipe.py")
README = Path(__file__).parents[2] / "README.md"
NAMES = ("credential", "devices", "show", "confirm", "login")
MAY = 1_800_000_000


class CrashError(BaseException):
    """The simulated process ends at this point."""


class Crashing(MemoryStore):
    """A store at whose calls the process may end, just before and just after.

    Attributes:
        points: Number of points that were passed.
        last: The point at which the process ends; None for never.
    """

    points = 0
    last: int | None = None

    def point(self) -> None:
        """Count a point, and raise CrashError at the last one."""
        self.points += 1
        if self.points == self.last:
            raise CrashError

    def get(self, key: str, /) -> str | None:
        self.point()
        text = super().get(key)
        self.point()
        return text

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        self.point()
        swapped = super().swap(key, old, new)
        self.point()
        return swapped


def functions(source: str) -> dict[str, str]:
    """Return the recipe's functions without docstrings and annotations."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name in NAMES:
            node.returns = None
            for argument in node.args.args:
                argument.annotation = None
            if ast.get_docstring(node):
                del node.body[0]
            found[node.name] = ast.unparse(node)
    return found


class Recipe(unittest.TestCase):
    def setUp(self) -> None:
        """Load the program in a folder of its own, and give it a store that crashes and a clock."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(contextlib.chdir(folder))
        spec = importlib.util.spec_from_file_location("onetime_recipe", RECIPE)
        assert spec is not None
        assert spec.loader is not None
        self.recipe: Any = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = self.recipe
        self.addCleanup(sys.modules.pop, spec.name)
        spec.loader.exec_module(self.recipe)
        self.addCleanup(self.recipe.verifier.store.close)
        self.clock = ManualClock(MAY)
        self.begin()

    def begin(self) -> None:
        """Start again with an empty store."""
        self.store = Crashing()
        self.recipe.verifier = Verifier(self.store, clock=self.clock)
        self.user = self.recipe.User("17", "alice@example.com")

    def scan(self, session: dict[str, str]) -> TOTP:
        """Request a link for a new device, and parse it, as an app does."""
        credential = uri.parse(self.recipe.show(self.user, session)).credential
        assert isinstance(credential, TOTP)
        return credential

    def works(self, device: TOTP) -> bool:
        """Return whether the owner can log in with an unused code of a device."""
        self.clock.advance(90)
        try:
            return self.recipe.login(self.user, device.at(self.clock.now)) is not None
        except OnetimeError:
            return False

    def crashes(self, act: Callable[[], None]) -> bool:
        """Call `act`; return True if it crashed, and False if it returned."""

        def trace(frame: FrameType, event: str, argument: object) -> Any:
            if frame.f_code.co_filename != str(RECIPE):
                return None
            frame.f_trace_opcodes = True
            if event == "opcode":
                self.store.point()
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            act()
        except CrashError:
            return True
        finally:
            sys.settrace(before)
            self.store.last = None
        return False

    def every_crash(self, act: Callable[[], None], prepare: Callable[[], None]) -> Iterator[int]:
        """Call `act` once for each point, crash at that point, and yield its number."""
        point = 1
        while True:
            self.begin()
            prepare()
            self.store.points, self.store.last = 0, point
            if not self.crashes(act):
                break
            yield point
            point += 1
        self.assertGreater(point, 30)

    def test_a_crash_at_every_point_of_a_new_phone(self) -> None:
        """F24: wherever the replacement of a phone crashes, the old phone or the new phone works."""
        for keeps_session in (False, True):
            with self.subTest(keeps_session=keeps_session):
                self.crash_at_every_point_of_a_new_phone(keeps_session)

    def crash_at_every_point_of_a_new_phone(self, keeps_session: bool) -> None:
        """Replace a phone; the session is stored at each change, or else only after the answer."""
        session: dict[str, str] = {}
        stored: dict[str, str] = {}
        phones: dict[str, TOTP] = {}

        def prepare() -> None:
            session.clear()
            phones["old"] = self.scan(session)
            self.recipe.confirm(self.user, session, phones["old"].at(self.clock.now))
            self.clock.advance(90)
            phones["stranger"] = self.scan({})  # shown in May, and never confirmed
            phones["new"] = self.scan(session)
            stored.update(session)

        def act() -> None:
            old = list(self.recipe.devices(self.user))
            self.recipe.confirm(self.user, session, phones["new"].at(self.clock.now), old)

        seen = set()
        for point in self.every_crash(act, prepare):
            if not keeps_session:
                session.update(stored)
            works = self.works(phones["old"]), self.works(phones["new"])
            with self.subTest(point):
                self.assertIn(True, works)
                self.assertFalse(self.works(phones["stranger"]))
                # The owner starts again: no link is shown a second time, and the enrollment succeeds.
                latest = self.scan(session)
                self.assertFalse(any(latest == before for before in phones.values()))
                old = list(self.recipe.devices(self.user))
                self.recipe.confirm(self.user, session, latest.at(self.clock.now), old)
                found = [self.works(phone) for phone in (*phones.values(), latest)]
                self.assertEqual([False, False, False, True], found)
            seen.add(works)
        self.assertEqual({(True, False), (True, True), (False, True)}, seen)

    def test_a_crash_at_every_point_of_the_first_phone(self) -> None:
        """F24: wherever the first enrollment crashes, a code is required exactly if the phone works."""
        session: dict[str, str] = {}
        phones: list[TOTP] = []

        def prepare() -> None:
            phones[:] = [self.scan(session)]

        def act() -> None:
            self.recipe.confirm(self.user, session, phones[0].at(self.clock.now))

        seen = set()
        for point in self.every_crash(act, prepare):
            asked = self.user.second_factor or bool(self.recipe.devices(self.user))
            with self.subTest(point):
                self.assertEqual(asked, self.works(phones[0]))
            seen.add(asked)
        self.assertEqual({False, True}, seen)

    def test_a_session_that_came_back(self) -> None:
        """F24: if the session was not stored, confirming the same device again removes no device."""
        session: dict[str, str] = {}
        phone = self.scan(session)
        stored = dict(session)
        self.recipe.confirm(self.user, session, phone.at(self.clock.now))
        self.clock.advance(90)
        with self.assertRaises(AlreadyEnrolledError):
            code = phone.at(self.clock.now)
            self.recipe.confirm(self.user, stored, code, list(self.recipe.devices(self.user)))
        self.assertTrue(self.works(phone))

    def test_a_second_click(self) -> None:
        """No device is pending before a link or after a success; a refused code leaves it pending."""
        session: dict[str, str] = {}
        with self.assertRaisesRegex(LookupError, "no device is pending"):
            self.recipe.confirm(self.user, session, "000000")
        phone = self.scan(session)
        with self.assertRaises(OnetimeError):
            self.recipe.confirm(self.user, session, "000000")
        code = phone.at(self.clock.now)
        self.recipe.confirm(self.user, session, code)
        with self.assertRaisesRegex(LookupError, "no device is pending"):
            self.recipe.confirm(self.user, session, code, list(self.recipe.devices(self.user)))
        self.clock.advance(90)
        self.assertTrue(self.works(phone))

    def test_a_lost_store_and_a_changed_master_key(self) -> None:
        """F24, F30: with a lost store or another master key, the password alone does not log the user in."""
        session: dict[str, str] = {}
        phone = self.scan(session)
        self.recipe.confirm(self.user, session, phone.at(self.clock.now))
        self.clock.advance(90)
        with (
            mock.patch.object(self.recipe, "master", phone.secret),
            self.assertRaises(OtherCredentialError),
        ):
            self.recipe.login(self.user, phone.at(self.clock.now))
        self.recipe.verifier.forget("17")
        self.assertFalse(self.works(phone))

    def test_three_codes(self) -> None:
        """K44: three codes log the owner in while an attacker keeps the user throttled."""
        session: dict[str, str] = {}
        phone = self.scan(session)
        self.recipe.confirm(self.user, session, phone.at(self.clock.now))
        for _ in range(5):
            with contextlib.suppress(OnetimeError):
                self.recipe.login(self.user, "000000")
        with self.assertRaises(ThrottledError):
            self.recipe.login(self.user, phone.at(self.clock.now))
        step = phone.step(self.clock.now)
        accepted = self.recipe.login(self.user, *[phone.at_step(step + i) for i in (1, 2, 3)])
        self.assertEqual(5, accepted.failures_before)

    def test_it_is_the_readmes(self) -> None:
        """F24: the README's functions are those of `recipe.py`, apart from docstrings and annotations."""
        examples = doctest.DocTestParser().get_examples(README.read_text(encoding="utf-8"))
        readme = functions("".join(example.source for example in examples))
        self.assertEqual(list(NAMES), list(readme))
        self.assertEqual(readme, functions(RECIPE.read_text(encoding="utf-8")))

    def test_on_the_terminal(self) -> None:
        """The program enrolls a device and logs in with it; a wrong code is refused with a message."""
        link = io.StringIO()

        def owner(prompt: str) -> str:
            phone = uri.parse(link.getvalue().split()[0]).credential
            assert isinstance(phone, TOTP)
            self.clock.advance(30)
            return phone.at(self.clock.now)

        with contextlib.redirect_stdout(link), mock.patch("builtins.input", owner):
            self.recipe.main()
        self.assertIn("Accepted(", link.getvalue())
        with contextlib.redirect_stdout(io.StringIO()) as text, mock.patch("builtins.input", lambda _: "1"):
            self.recipe.main()
        self.assertIn("The code was not accepted.", text.getvalue())
