"""A browser, driven by the W3C WebDriver protocol: Chromium through chromedriver, over `http.client`."""

import base64
import contextlib
import http.client
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.support import program

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which a condition counts as never coming true. Only a failure takes so long."""

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key by which the protocol names an element (WebDriver section 11)."""

KEYS = {
    "Backspace": "\ue003",
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Shift": "\ue008",
    "Control": "\ue009",
    "Escape": "\ue00c",
    "Space": " ",
    "End": "\ue010",
    "Home": "\ue011",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
    "Delete": "\ue017",
}
"""The keys that have names, as the protocol writes them (WebDriver section 17.4.2)."""


class WebDriverError(Exception):
    """The browser could not do what it was asked."""


class Element:
    """An element of the page."""

    def __init__(self, browser: "Browser", reference: str) -> None:
        self.browser = browser
        self.reference = reference

    def click(self) -> None:
        """Click its middle, as a pointer does; what covers it makes this fail."""
        self.browser.command("POST", f"element/{self.reference}/click", {})

    def type(self, text: str) -> None:
        """Give it the focus, and press the keys of a text."""
        self.browser.command("POST", f"element/{self.reference}/value", {"text": text})

    @property
    def label(self) -> str:
        """Its accessible name, as the browser computes it for a screen reader."""
        return str(self.browser.command("GET", f"element/{self.reference}/computedlabel"))

    @property
    def role(self) -> str:
        """Its accessible role."""
        return str(self.browser.command("GET", f"element/{self.reference}/computedrole"))

    @property
    def text(self) -> str:
        """Its text, as it is rendered."""
        return str(self.browser.command("GET", f"element/{self.reference}/text"))

    @property
    def displayed(self) -> bool:
        """Whether it can be seen."""
        return bool(self.browser.command("GET", f"element/{self.reference}/displayed"))

    def attribute(self, name: str) -> str | None:
        """Read an attribute of the markup."""
        value = self.browser.command("GET", f"element/{self.reference}/attribute/{name}")
        return None if value is None else str(value)

    def property(self, name: str) -> Any:
        """Read a property of the object."""
        return self.browser.command("GET", f"element/{self.reference}/property/{name}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Element) and self.reference == other.reference

    __hash__ = None  # type: ignore[assignment]  # it is compared, never counted


class Browser:
    """Chromium without a window, ended and cleaned up by `close` or `with`.

    Args:
        width: Of the page, in CSS pixels.
        height: Of the page, in CSS pixels.
        scheme: The color scheme that the person prefers: "light" or "dark".
    """

    def __init__(self, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        driver, chromium = program("chromedriver"), program("chromium")
        with contextlib.ExitStack() as stack:
            # Whatever goes wrong from here on, nothing is left running and nothing on the disk.
            profile = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="onetime-browser-", ignore_cleanup_errors=True)
            )
            self._driver = subprocess.Popen(
                [driver, "--port=0"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "HOME": profile, "TMPDIR": profile},
                text=True,
                start_new_session=True,
            )
            stack.callback(self._end)
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port(), timeout=2 * PATIENCE)
            stack.callback(self._connection.close)
            arguments = [
                "--headless=new",
                "--hide-scrollbars",
                f"--user-data-dir={profile}/profile",
                f"--window-size={max(width, 500)},{height}",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-dev-shm-usage",
                "--disable-extensions",
                "--disable-gpu",
                "--no-default-browser-check",
                "--no-first-run",
                "--no-proxy-server",
                "--force-color-profile=srgb",
                "--lang=en-US",
            ]
            if hasattr(os, "geteuid") and os.geteuid() == 0:
                arguments.append("--no-sandbox")  # Chromium refuses to run as root with one
            self._path = "/session"
            options = {"binary": chromium, "args": arguments}
            always = {
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
                "timeouts": {"script": int(PATIENCE * 1000), "pageLoad": int(PATIENCE * 1000)},
            }
            session = self.command("POST", "", {"capabilities": {"alwaysMatch": always}})
            self._path = f"/session/{session['sessionId']}"
            stack.callback(self._quit)
            self.resize(width, height)
            self.prefer(scheme)
            self._stack = stack.pop_all()

    def _port(self) -> int:
        """Read from the driver which port it has chosen."""
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            if "started successfully on port" in line:
                return int(line.rstrip().rstrip(".").rpartition(" ")[2])
        raise WebDriverError("chromedriver did not start")

    def _quit(self) -> None:
        with contextlib.suppress(WebDriverError, OSError, http.client.HTTPException):
            self.command("DELETE", "")

    def _end(self) -> None:
        """End the driver, and with its group whatever it has started."""
        self._driver.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._driver.wait(10)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._driver.pid, signal.SIGKILL)
        self._driver.wait()
        assert self._driver.stdout is not None
        self._driver.stdout.close()

    def close(self) -> None:
        """End the browser and its driver, and remove its profile."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def command(self, method: str, path: str, body: object = None) -> Any:
        """Send one command of the protocol, and give its value.

        Raises:
            WebDriverError: The browser answers with an error.
        """
        where = f"{self._path}/{path}" if path else self._path
        data = None if body is None else json.dumps(body).encode()
        self._connection.request(method, where, data, {"Content-Type": "application/json; charset=utf-8"})
        answer = json.loads(self._connection.getresponse().read())["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise WebDriverError(f"{answer['error']}: {answer.get('message', '')}")
        return answer

    def devtools(self, method: str, **parameters: object) -> Any:
        """Send one command of Chromium's own protocol, for what WebDriver has no words for."""
        return self.command("POST", "goog/cdp/execute", {"cmd": method, "params": parameters})

    def resize(self, width: int, height: int) -> None:
        """Give the page a size, in CSS pixels: a window cannot be as narrow as a phone."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def prefer(self, scheme: str, *, motion: str = "no-preference") -> None:
        """Set the color scheme that the person prefers, and whether they like motion ("reduce": no)."""
        features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion}
        self.devtools(
            "Emulation.setEmulatedMedia",
            features=[{"name": name, "value": value} for name, value in features.items()],
        )

    def open(self, address: str) -> None:
        """Go to an address, and wait until it is loaded."""
        self.command("POST", "url", {"url": address})

    def run(self, script: str, *arguments: object) -> Any:
        """Run the body of a function in the page; elements go in and come out as `Element`."""
        given = [{ELEMENT: one.reference} if isinstance(one, Element) else one for one in arguments]
        return self._elements(self.command("POST", "execute/sync", {"script": script, "args": given}))

    def run_async(self, script: str, *arguments: object) -> Any:
        """Run the body of an async function, which is `given` arguments, and wait for what it returns."""
        body = (
            "const given = [...arguments], done = given.pop();"
            f"(async () => {{ {script} }})().then(done, error => done({{failed: String(error)}}));"
        )
        return self.command("POST", "execute/async", {"script": body, "args": list(arguments)})

    def _elements(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._elements(one) for one in value]
        if isinstance(value, dict):
            if ELEMENT in value:
                return Element(self, value[ELEMENT])
            return {name: self._elements(one) for name, one in value.items()}
        return value

    def find(self, selector: str) -> Element:
        """Find the first element of a CSS selector; it is an error if there is none."""
        found = self.command("POST", "element", {"using": "css selector", "value": selector})
        return Element(self, found[ELEMENT])

    def all(self, selector: str) -> list[Element]:
        """Find all elements of a CSS selector."""
        found = self.command("POST", "elements", {"using": "css selector", "value": selector})
        return [Element(self, one[ELEMENT]) for one in found]

    @property
    def active(self) -> Element:
        """The element that has the focus."""
        return Element(self, self.command("GET", "element/active")[ELEMENT])

    def press(self, *keys: str, holding: str = "") -> None:
        """Press keys one after the other, wherever the focus is; "Tab" and the like by their names."""
        held = [KEYS[name] for name in holding.split("+") if name]
        actions = [{"type": "keyDown", "value": key} for key in held]
        for key in keys:
            value = KEYS.get(key, key)
            actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        actions += [{"type": "keyUp", "value": key} for key in reversed(held)]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self.command("POST", "actions", {"actions": [source]})

    def until(self, condition: Callable[[], T], what: str) -> T:
        """Ask again and again until a condition is true, and give what it gave.

        Raises:
            AssertionError: It never was.
        """
        end = time.monotonic() + PATIENCE
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"never came: {what}; the last was {value!r}")
            time.sleep(0.02)

    def picture(self) -> bytes:
        """Take a picture of the whole page, as PNG."""
        size = self.devtools("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        answer = self.devtools("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(answer["data"])

    def messages(self) -> list[str]:
        """Take what has come into the console since the last call."""
        return [
            f"{entry['level']} {entry['message']}"
            for entry in self.command("POST", "se/log", {"type": "browser"})
        ]

    def requests(self) -> list[str]:
        """Take the addresses of all that was asked for since the last call."""
        return list(self._addresses())

    def _addresses(self) -> Iterator[str]:
        for entry in self.command("POST", "se/log", {"type": "performance"}):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent":
                yield str(event["params"]["request"]["url"])
            elif event["method"] == "Network.webSocketCreated":
                yield str(event["params"]["url"])
