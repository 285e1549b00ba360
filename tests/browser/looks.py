"""The page, served with a clock that stands still and looked at in a browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from tests.browser.webdriver import Browser
from tests.support.serving import running

PARTS = ("code", "steps", "table", "match", "login")
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")
HEIGHTS = {1280: 900, 800: 1100, 390: 844, 360: 740, 320: 568}
"""CSS pixels."""

MOMENT = 1_111_111_112.0
"""The Unix time at which the clock stands: 28 seconds before the next step."""


@dataclass
class Clock:
    """A clock that is moved by hand."""

    now: float = MOMENT

    def __call__(self) -> float:
        return self.now


def look(browser: Browser, width: int, scheme: str) -> None:
    """Let the browser be a window or a phone, light or dark."""
    browser.resize(width, HEIGHTS[width])
    browser.prefer(scheme)


def visit(browser: Browser, address: str, part: str = "code") -> None:
    """Open a part of the page anew, with nothing left of what was done before, and wait until it is there."""
    if browser.run("return location.href").startswith(address):
        browser.run("history.replaceState(null, '', arguments[0])", f"#{part}")
        browser.command("POST", "refresh", {})
    else:
        browser.open(f"{address}#{part}")
    ready = {
        "code": "#shown-code .group",
        "steps": "#shown-steps .arrow",
        "table": "#table-rows tr",
        "match": "#match-codes li",
        "login": "#devices .group",
    }[part]
    browser.until(
        lambda: browser.run("return document.querySelector(arguments[0]) !== null", ready), f"the part {part}"
    )


def first_pictures(loads: int = 15) -> list[float]:
    """Load the page again and again; tell after how many milliseconds it was first to be seen.

    It is the browser's own figure (first contentful paint), from the beginning of the navigation, with
    nothing in its cache.
    """
    paint = "return performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)"
    found = []
    with running(Clock()) as server, Browser() as browser:
        browser.devtools("Network.setCacheDisabled", cacheDisabled=True)
        for _ in range(loads):
            visit(browser, server.address)
            found += browser.until(lambda: browser.run(paint), "a first picture")
    return found


def table() -> Iterator[str]:
    """Give the lines of the benchmark's table."""
    times = first_pictures()
    yield "| first picture of the page, in the browser | ms |"
    yield "|---|---|"
    yield f"| median of {len(times)} loads | {median(times):.0f} |"
    yield f"| slowest | {max(times):.0f} |"
