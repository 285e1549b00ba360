"""Somebody who uses the page in a browser, by pointer or by keyboard; and what all tests of it share."""

import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from onetime import Secret
from onetime.playground.server import Server
from tests.browser.looks import MOMENT, PARTS, Clock, look, visit
from tests.browser.webdriver import Browser
from tests.support import RFC_KEY
from tests.support.serving import running

SECRET = Secret(RFC_KEY)
"""What the page begins with."""

MEASURES = (Path(__file__).parent / "measures.js").read_text(encoding="utf-8")


class Hand:
    """Somebody who uses the page."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    def go(self, part: str) -> None:
        """Open a part by its tab."""
        raise NotImplementedError

    def press(self, selector: str) -> None:
        """Press a button."""
        raise NotImplementedError

    def focus(self, selector: str) -> None:
        """Go into a field."""
        raise NotImplementedError

    def choose(self, selector: str, value: str) -> None:
        """Choose of a list."""
        raise NotImplementedError

    def pick(self, name: str, value: str) -> None:
        """Pick one of two."""
        raise NotImplementedError

    def fill(self, selector: str, text: str) -> None:
        """Write a text instead of the one that is in a field."""
        self.focus(selector)
        self.browser.press("a", holding="Control")
        self.browser.press(*(text or ["Delete"]))

    def unfold(self) -> None:
        """Unfold the settings, where they are folded."""
        if not self.browser.find("#settings").property("open"):
            self.press("#settings summary")


class Pointer(Hand):
    """With a mouse or a finger."""

    def go(self, part: str) -> None:
        self.press(f"#tab-{part}")

    def press(self, selector: str) -> None:
        self.browser.find(selector).click()

    focus = press

    def choose(self, selector: str, value: str) -> None:
        self.press(f'{selector} option[value="{value}"]')

    def pick(self, name: str, value: str) -> None:
        self.press(f'input[name="{name}"][value="{value}"]')


class Keyboard(Hand):
    """With keys alone: what Tab does not come to cannot be reached."""

    def go(self, part: str) -> None:
        self.focus("[role=tab]")
        for _ in PARTS:
            if self.browser.run("return document.activeElement.id") == f"tab-{part}":
                return
            self.browser.press("ArrowRight")
        raise AssertionError(f"the arrow never comes to {part}")

    def press(self, selector: str) -> None:
        self.focus(selector)
        self.browser.press("Enter")

    def focus(self, selector: str) -> None:
        for _ in range(150):
            if self.browser.run("return document.activeElement.matches(arguments[0])", selector):
                return
            self.browser.press("Tab")
        raise AssertionError(f"Tab never comes to {selector}")

    def choose(self, selector: str, value: str) -> None:
        self.focus(selector)
        options = self.browser.run("return [...document.activeElement.options].map(each => each.value)")
        self.browser.press("Home", *["ArrowDown"] * options.index(value))

    def pick(self, name: str, value: str) -> None:
        self.focus(f'input[name="{name}"]')
        if self.browser.run("return document.activeElement.value") != value:
            self.browser.press("ArrowRight")


USES = ((1280, "light", Pointer), (1280, "dark", Keyboard), (390, "light", Keyboard), (390, "dark", Pointer))
"""Each hand at each width and in each scheme; each scheme at each width."""


class Case(unittest.TestCase):
    """One browser for all tests of a module, one server for those of a class.

    After each test, the console must be empty, and nobody but the server asked for anything.
    """

    browser: ClassVar[Browser]
    server: ClassVar[Server]
    clock: ClassVar[Clock]

    @classmethod
    def setUpClass(cls) -> None:
        if not hasattr(Case, "browser"):
            Case.browser = Browser()
            unittest.addModuleCleanup(_end_browser)
        cls.clock = Clock()
        cls.server = cls.enterClassContext(running(cls.clock))
        cls.browser.devtools(
            "Browser.grantPermissions",
            permissions=["clipboardReadWrite", "clipboardSanitizedWrite"],
            origin=cls.server.origin,
        )

    def setUp(self) -> None:
        self.clock.now = MOMENT
        self.browser.open("about:blank")
        self.browser.messages()
        self.browser.requests()
        look(self.browser, 1280, "light")

    def tearDown(self) -> None:
        self.browser.open("about:blank")
        self.assertEqual([], self.browser.messages(), "messages in the console")
        # The browser's own pictures, in fields for dates, are `data:`.
        own = (f"{self.server.origin}/", "about:blank", "data:")
        other = {address for address in self.browser.requests() if not address.startswith(own)}
        self.assertEqual(set(), other, "requests to somewhere else")

    @contextmanager
    def look(self, width: int, scheme: str) -> Iterator[None]:
        """Look at the page at a width, in a scheme."""
        with self.subTest(width=width, scheme=scheme):
            look(self.browser, width, scheme)
            yield

    @contextmanager
    def use(self, width: int, scheme: str, hand: type[Hand]) -> Iterator[Hand]:
        """Use the page at a width, in a scheme, with a hand."""
        with self.subTest(hand=hand.__name__), self.look(width, scheme):
            self.visit()
            yield hand(self.browser)

    def visit(self, part: str = "code") -> None:
        """Open a part of the page anew."""
        visit(self.browser, self.server.address, part)

    def paste(self, text: str) -> None:
        """Paste a text where the focus is, as a browser does."""
        self.browser.devtools("Input.insertText", text=text)

    def measure(self, call: str, *arguments: object) -> Any:
        """Call a function of measures.js."""
        return self.browser.run(f"{MEASURES} return {call}", *arguments)

    def texts(self, selector: str) -> list[str]:
        """What is to be seen in each element of a selector."""
        return [str(text) for text in self.measure("every(arguments[0]).map(seen)", selector)]

    def text(self, selector: str) -> str:
        """What is to be seen in all elements of a selector; nothing if there is none."""
        return "\n".join(self.texts(selector))

    def value(self, selector: str) -> str:
        """What is written in a field."""
        return str(self.browser.find(selector).property("value"))

    def comes(self, expected: object, read: Callable[[], object]) -> None:
        """Wait until what is read is what is expected."""
        last: list[object] = []

        def same() -> bool:
            last[:] = [read()]
            return last[0] == expected

        try:
            self.browser.until(same, "what is expected")
        except AssertionError:
            self.assertEqual(expected, last[0])

    def shows(self, expected: str, selector: str) -> None:
        """Wait until this, and nothing else, is to be seen in an element."""
        self.comes(expected, lambda: self.text(selector))

    def says(self, expected: str, selector: str) -> None:
        """Wait until these words are among what is to be seen in an element, in whatever case."""
        self.browser.until(lambda: expected.lower() in self.text(selector).lower(), f"{expected!r}")


def _end_browser() -> None:
    Case.browser.close()
    del Case.browser
