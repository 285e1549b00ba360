"""`python3 -m tests.browser.pictures FOLDER`: take pictures of the playground, and measure its first paint.

Each part and each state that is hard to lay out, wide and narrow, light and dark, and on paper, as PNG.
"""

import argparse
import sys
from itertools import product
from pathlib import Path

from tests.browser import looks
from tests.browser.hands import Pointer
from tests.browser.webdriver import Browser
from tests.support.serving import running

ACCOUNTS = ("GitHub:alice", "Acme:alice%40example.com", "bob")

STATES = {
    **{part: part for part in looks.PARTS},
    "code-10-digits": "code",
    "code-long-secret": "code",
    "code-accounts": "code",
    "code-error": "code",
    "code-folded": "code",
    "match-empty": "match",
}
"""Each picture, and its part."""

PAPER = ("code", "steps", "table", "match", "login")
"""Parts that are also pictured as they are printed."""


def fill(browser: Browser, state: str) -> None:
    """Let a part show what it is for."""
    hand = Pointer(browser)

    def there(selector: str) -> None:
        browser.until(lambda: browser.all(selector), selector)

    def type_in(text: str) -> None:
        hand.focus("#secret")
        browser.press("a", holding="Control")
        browser.devtools("Input.insertText", text=text)

    if state == "code-10-digits":
        hand.unfold()
        hand.choose("#digits", "10")
        there("#shown-code .group:nth-child(3)")
    if state == "code-long-secret":
        type_in("ORSXG5BA" * 80)
        browser.until(lambda: "400 bytes" in browser.find("#secret-hint").text, "a code")
    if state == "code-accounts":
        type_in("\n".join(f"otpauth://totp/{name}?secret={'ORSXG5BA' * 4}" for name in ACCOUNTS))
        there("#accounts li")
    if state == "code-error":
        type_in("JBSW1")
        there("#secret[aria-invalid]")
    if state == "code-folded" and browser.find("#fold").displayed:
        type_in("ORSXG5BA" * 4)
        hand.press("#show-result")
    if state == "match":
        hand.press("#match-example")
        there(".findings > li")
    if state == "match-empty":
        hand.press("#match-search")
        there("[aria-invalid]")
    if state == "login":
        hand.press("#devices .type")
        hand.press("#login-verify")
        there(".verdict.accepted")
        hand.press("#add-hotp")
        there('[data-device="key"]')
        for _ in range(5):
            hand.press("#login-guess")
            there(".verdict.incorrect")
        hand.press("#three summary")
    browser.run("document.activeElement.blur(); scrollTo(0, 0)")


def take(folder: Path) -> None:
    """Take every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with running(looks.Clock()) as server, Browser() as browser:
        for name, width, scheme in product(STATES, looks.WIDTHS, looks.SCHEMES):
            looks.look(browser, width, scheme)
            looks.visit(browser, server.address, STATES[name])
            fill(browser, name)
            save(browser, folder / f"{name}-{width}-{scheme}.png")
        looks.look(browser, 800, "light")
        for name in PAPER:
            looks.visit(browser, server.address, name)
            fill(browser, name)
            browser.devtools("Emulation.setEmulatedMedia", media="print")
            save(browser, folder / f"{name}-paper.png")
            browser.devtools("Emulation.setEmulatedMedia", media="")


def save(browser: Browser, path: Path) -> None:
    """Take one picture."""
    path.write_bytes(browser.picture())
    print(path, flush=True)


def main() -> int:
    """Take pictures and measure."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.browser.pictures")
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="where the pictures are put")
    options = parser.parse_args()
    take(options.folder)
    print(*looks.table(), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
