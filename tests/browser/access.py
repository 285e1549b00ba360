"""The playground for everybody: what can be seen, reached and heard, measured in a real browser."""

import os
import sys
import unittest
from itertools import pairwise, product
from pathlib import Path

from tests.browser.hands import Case, Pointer
from tests.browser.looks import PARTS, SCHEMES, WIDTHS

LOOKS = ((1280, "light"), (390, "dark"))
NAMED = {
    "DateTime",
    "button",
    "combobox",
    "image",
    "link",
    "log",
    "progressbar",
    "radio",
    "region",
    "spinbutton",
    "tab",
    "table",
    "tablist",
    "tabpanel",
    "textbox",
}
"""What a screen reader says by a name."""


class Access(Case):
    """What WCAG 2.2 asks for, as far as a program can tell."""

    def full(self, part: str) -> None:
        """Open a part with all that it can show: unfolded, with notes, verdicts and findings."""
        self.visit(part)
        self.browser.run("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        hand = Pointer(self.browser)
        if part == "code":
            hand.pick("when", "moment")
            hand.fill("#secret", "JBSWY3DPEHPK3PXP")
            self.says("10 bytes", "#secret-hint")
        if part == "match":
            hand.press("#match-example")
            self.says("SHA-256", ".findings > li")
        if part == "login":
            hand.press("#login-guess")
            self.says("Incorrect", "#verdict")

    def has_contrast(self) -> None:
        """Measure the contrast of all that is shown."""
        looked, found = self.measure("contrast()")
        self.assertGreater(looked, 30)
        self.assertEqual([], found)

    def test_each_part_in_each_look(self) -> None:
        """Contrast is 4.5:1 or more, targets are large enough, and nothing is wider than the page.

        Borders of controls and the focus have 3:1. WCAG 2.2, 2.5.8 asks for 24 pixels each way; buttons
        and fields here are 36 high or more.
        """
        for part, width, scheme in product(PARTS, WIDTHS, SCHEMES):
            with self.subTest(part), self.look(width, scheme):
                self.full(part)
                with self.subTest("contrast"):
                    self.has_contrast()
                with self.subTest("targets"):
                    self.assertEqual([], self.measure("small()"))
                with self.subTest("width"):
                    self.fits(width)

    def fits(self, width: int) -> None:
        """Measure whether anything reaches out of the page, or makes it scroll sideways."""
        self.assertEqual([], self.measure("wide()"))
        self.assertEqual(width, self.measure("document.documentElement.scrollWidth"))

    def test_contrast_of_what_is_shown_sometimes(self) -> None:
        """Verdicts, errors and a search under way are as easy to read."""
        hand = Pointer(self.browser)
        for scheme in SCHEMES:
            with self.look(1280, scheme):
                self.visit("login")
                hand.press("#devices .type")
                guesses = [("#login-guess", "in a row")] * 5
                for button, words in (
                    ("#login-verify", "Accepted"),
                    ("#login-verify", "Replayed"),
                    *guesses,
                    ("#login-guess", "Throttled"),
                ):
                    hand.press(button)
                    self.says(words, "#verdict")
                    self.has_contrast()
                hand.fill("#secret", "1")
                self.says("position 1", "#secret-error")
                self.has_contrast()

    def test_long_values_fit_a_phone(self) -> None:
        """On a phone nobody scrolls sideways, however long hashes, codes and secrets are."""
        hand = Pointer(self.browser)
        for width, part in product((390, 360, 320), ("code", "steps", "table", "login")):
            with self.subTest(part), self.look(width, "light"):
                self.full(part)
                hand.choose("#digits", "10")
                for algorithm in ("SHA512", "SHA3_256"):
                    hand.choose("#algorithm", algorithm)
                    hand.press("#make-secret")
                    self.comes(True, lambda: self.measure("answered()"))
                    self.fits(width)

    def test_long_codes_have_their_place(self) -> None:
        """Codes of any length stay on their card and clear of the ring, at each width."""
        for width, digits in product((*WIDTHS, 360, 320), range(6, 11)):
            with self.subTest(digits=digits), self.look(width, "light"):
                self.visit()
                hand = Pointer(self.browser)
                hand.unfold()
                hand.choose("#digits", str(digits))
                self.comes(digits, lambda: len(self.text("#shown-code")))
                self.assertEqual([], self.measure("cramped()"))

    def test_nothing_is_said_again_and_again(self) -> None:
        """While nobody acts, what a screen reader says by itself stays as it is; what runs down is silent."""
        hand = Pointer(self.browser)
        self.visit("login")
        for name in ("Incorrect",) * 5 + ("Throttled",):
            hand.press("#login-guess")
            self.says(name, "#verdict")
        self.comes(True, lambda: self.measure("every('#verdict .left').length") == 1)
        self.measure("listen()")
        self.browser.until(lambda: self.browser.run("return window.heard.silent > 3"), "the time to run down")
        self.assertEqual([], self.browser.run("return window.heard.aloud"))
        self.visit()
        life = self.text("#code-life")
        self.measure("listen()")
        self.browser.until(lambda: self.text("#code-life") != life, "the time to run down")
        self.assertEqual([], self.browser.run("return window.heard.aloud"))

    def test_every_control_has_a_name(self) -> None:
        """A screen reader can say what each control is."""
        for part in PARTS:
            with self.subTest(part):
                self.full(part)
                nodes = self.browser.devtools("Accessibility.getFullAXTree")["nodes"]
                names = [
                    (node["role"]["value"], node.get("name", {}).get("value", "").strip())
                    for node in nodes
                    if not node["ignored"] and node["role"]["value"] in NAMED
                ]
                self.assertGreater(len(names), 12)
                self.assertEqual([], [role for role, name in names if not name])
                for control in self.browser.all("input, select, textarea, button"):
                    if control.displayed:
                        self.assertTrue(control.label, control.attribute("id"))

    def test_the_structure(self) -> None:
        """A language, one first heading, none left out, landmarks, every id once, no reference lost."""
        for part in PARTS:
            with self.subTest(part):
                self.visit(part)
                self.assertEqual("en", self.measure("document.documentElement.lang"))
                # Translated, a code or the name of a value would be another.
                self.assertEqual("no", self.measure("document.documentElement.getAttribute('translate')"))
                self.assertEqual(1, len(self.browser.all("meta[name=google][content=notranslate]")))
                levels = self.measure("headings()")
                self.assertEqual(1, levels[0])
                self.assertNotIn(1, levels[1:])
                self.assertTrue(all(after <= before + 1 for before, after in pairwise(levels)), levels)
                for landmark in ("header", "main", "footer"):
                    self.assertEqual(1, len(self.browser.all(f"body > {landmark}")))
                self.assertEqual([], self.measure("ids()"))
                # The address names a part; nothing is to be scrolled to.
                self.assertEqual([], self.browser.all(f"#{part}"))

    def test_focus_is_visible_wherever_it_goes(self) -> None:
        """Tab comes to every control that can be used, in the order of the page, and each shows it."""
        for part, look in product(PARTS, LOOKS):
            with self.subTest(part), self.look(*look):
                self.full(part)
                self.browser.run("document.querySelector('.skip').focus()")
                self.browser.press("Tab")
                self.browser.press("Tab", holding="Shift")
                expected = self.measure("usable()")
                self.assertGreater(len(expected), 10)
                visited: list[int] = []
                while len(visited) < len(expected):
                    place, name, outlined, on_screen = self.measure("focused()")
                    if not visited or visited[-1] != place:  # a field for a date has several stops
                        visited.append(place)
                    self.assertTrue(outlined, name)
                    self.assertTrue(on_screen, name)
                    self.browser.press("Tab")
                self.assertEqual(expected, visited)

    def test_the_way_past_the_fields(self) -> None:
        """The first stop of Tab leads past the credential to the result."""
        self.visit()
        self.browser.press("Tab")
        self.assertEqual("Skip to the result", self.browser.active.text)
        self.browser.press("Enter", "Tab")
        self.assertEqual("copy-code", self.browser.active.attribute("id"))

    def test_axe_finds_nothing(self) -> None:
        """Another maker's auditor, axe-core, has nothing to say against any part."""
        path = os.environ.get("ONETIME_AXE")
        if not path:
            print("SKIPPED, because ONETIME_AXE does not name a copy of axe.min.js", file=sys.stderr)
            raise unittest.SkipTest("ONETIME_AXE does not name a copy of axe.min.js")
        axe = Path(path).read_text(encoding="utf-8")
        audit = (
            "const {passes, violations} = await axe.run(document);"
            "return [passes.length, violations.map(({id, nodes}) => [id, ...nodes.map(node => node.html)])]"
        )
        for part, look in product(PARTS, LOOKS):
            with self.subTest(part), self.look(*look):
                self.full(part)
                self.browser.run(axe)
                passed, violations = self.browser.run_async(audit)
                self.assertGreater(passed, 20)
                self.assertEqual([], violations)
