"""The playground's page as a whole, and what another site can do to it, in a real browser."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from onetime import TOTP
from onetime.playground import server
from tests.browser.hands import SECRET, Case, Keyboard, Pointer
from tests.browser.looks import MOMENT, PARTS
from tests.browser.webdriver import WebDriverError

KNOCKS = (Path(__file__).parent / "knocks.js").read_text(encoding="utf-8")


class Whole(Case):
    def test_an_error_stands_beside_its_field(self) -> None:
        """Both are tied together for a screen reader, and the error goes when the field is right again."""
        for part, field, wrong, right, words in (
            ("code", "secret", "JBSW1", "JBSWY3DPEHPK3PXP", "position 5"),
            ("steps", "secret", "", "JBSWY3DPEHPK3PXP", "empty"),
            ("code", "period", "0", "30", "period must be"),
            ("table", "t0", "abc", "0", "t0 must be"),
            ("code", "t0", "-1", "0", "t0 must be a whole number from 0 to 2^64-1"),
            ("code", "t0", "1111111113", "0", "the time is before t0"),
            ("table", "t0", "1111111113", "0", "the time is before t0"),
            ("table", "count", "1001", "10", "to 1000"),
            ("steps", "time", "-5", "59", "time"),
            ("table", "time", "x", "59", "time"),
            ("login", "secret", "JBSWY3DPEHPK3PXP", SECRET.to_base32(), "16"),
        ):
            with self.subTest(part=part, field=field, wrong=wrong):
                self.visit(part)
                hand = Pointer(self.browser)
                if field == "time":
                    hand.pick("when", "moment")
                hand.fill(f"#{field}", wrong)
                self.says(words, f"#{field}-error")
                control = self.browser.find(f"#{field}")
                self.assertEqual("true", control.attribute("aria-invalid"))
                self.assertIn(f"{field}-error", str(control.attribute("aria-describedby")).split())
                self.assertTrue(self.browser.find(f"#{field}-error").displayed)
                self.assertTrue(self.measure("stale()"), "an answer to something else")
                hand.fill(f"#{field}", right)
                self.shows("", f"#{field}-error")
                self.comes(True, lambda: self.measure("answered() && !stale()"))
                self.assertIsNone(control.attribute("aria-invalid"))

    def test_a_number_without_end(self) -> None:
        """Thousands of digits are an error of their field, too."""
        self.visit()
        hand = Pointer(self.browser)
        hand.pick("when", "moment")
        for field, words in (("t0", "t0 must be a whole number from"), ("time", "time must be a number")):
            with self.subTest(field):
                put = (
                    "const field = document.querySelector(arguments[0]); field.value = arguments[1];"
                    "field.dispatchEvent(new Event('input', {bubbles: true}))"
                )
                self.browser.run(put, f"#{field}", "9" * 5000)
                self.says(words, f"#{field}-error")
                self.browser.run(put, f"#{field}", "0")
                self.shows("", f"#{field}-error")

    def test_the_last_result_stays(self) -> None:
        """An error grays the last result, which cannot be used then, and is said once."""
        for part, copier in (("code", "#copy-code"), ("steps", None), ("table", "#table-rows td.strong")):
            with self.subTest(part):
                self.visit(part)
                before = self.text(f"#panel-{part} .answer")
                self.measure("listen()")
                hand = Pointer(self.browser)
                hand.fill("#secret", "JBSW1")
                self.says("position 5", "#secret-error")
                self.says("The last result, from before the error:", f"#panel-{part} .before")
                self.assertTrue(self.measure("stale()"))
                self.assertEqual(before, self.text(f"#panel-{part} .answer"))
                self.assertFalse(self.browser.find(f"#panel-{part} .problem").displayed)
                if copier:
                    with self.assertRaises(WebDriverError):
                        hand.press(copier)
                hand.fill("#secret", "JBSW1")  # the same error again
                self.browser.run_async("await new Promise(done => setTimeout(done, 400))")
                said = [each for each in self.browser.run("return window.heard.aloud") if "error" in each]
                self.assertEqual(1, len(said), said)
        self.visit("code")
        Pointer(self.browser).fill("#secret", "JBSW1")
        self.says("position 5", "#secret-error")
        Pointer(self.browser).go("steps")
        self.shows("There is no result yet.", "#panel-steps .before")

    def test_more_codes_than_are_searched_for(self) -> None:
        """After ten codes the button is at rest."""
        self.visit("match")
        hand = Pointer(self.browser)
        for _ in range(9):
            self.assertTrue(self.browser.find("#match-add").property("disabled") is False)
            hand.press("#match-add")
        self.assertTrue(self.browser.find("#match-add").property("disabled"))
        hand.press("#match-codes li:last-child button")
        self.assertFalse(self.browser.find("#match-add").property("disabled"))

    def test_errors_of_a_login(self) -> None:
        """Three codes are three."""
        self.visit("login")
        hand = Keyboard(self.browser)
        hand.press("#three summary")
        hand.fill("#three-1", "123456")
        hand.press("#three-send")
        self.says("Malformed", "#verdict")

    def test_a_late_answer_is_dropped(self) -> None:
        """What was asked first and is answered last is not shown over what was asked last."""
        calls = self.server.site.interface.calls
        answer = calls["/api/code"]
        reached, free, left = threading.Event(), threading.Event(), threading.Event()

        def held(body: Any) -> dict[str, object]:
            found = answer(body)
            if body["credential"]["digits"] == 7:
                reached.set()
                free.wait(60)
                left.set()
            return found

        self.visit()
        hand = Pointer(self.browser)
        calls["/api/code"] = held
        try:
            hand.choose("#digits", "7")
            self.browser.until(reached.is_set, "the first question")
            hand.choose("#digits", "8")
            self.shows(TOTP(SECRET, digits=8).at(MOMENT), "#shown-code")
            self.browser.run(
                "const code = document.querySelector('#shown-code'); window.changes = 0;"
                "new MutationObserver(() => { window.changes += 1; }).observe(code, {childList: true});"
            )
            free.set()
            self.browser.until(left.is_set, "the first answer")
            hand.fill("#issuer", "Another")
            self.says("Another", "#link")
            self.assertEqual(0, self.browser.run("return window.changes"))
        finally:
            free.set()
            calls["/api/code"] = answer

    def test_a_server_that_was_ended(self) -> None:
        """The page says so, and what to do."""
        self.visit()
        try:
            self.connect(False)
            Pointer(self.browser).go("table")
            words = "The playground does not answer. Start it again, and open the address it prints."
            self.shows(words, "#panel-table .problem")
        finally:
            self.connect(True)
        self.browser.messages()  # the browser tells of the connection

    def connect(self, is_connected: bool) -> None:
        """Connect the browser, or cut it off."""
        self.browser.devtools(
            "Network.emulateNetworkConditions",
            offline=not is_connected,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )

    def test_an_address_without_its_token(self) -> None:
        """The page says which address to open. A browser that is started gets there by a ticket, once."""
        ticket = self.server.ticket()
        self.browser.open(ticket)
        self.says(TOTP(SECRET).at(MOMENT), "#shown-code")
        self.assertEqual(f"{self.server.address}#code", self.browser.run("return location.href"))
        self.browser.open("about:blank")
        self.browser.open(ticket)
        words = "The address must include the token: open the address that was printed."
        self.shows(words, "#panel-code .problem")
        self.assertEqual(f"{self.server.origin}/#code", self.browser.run("return location.href"))
        self.browser.messages()  # the browser reports the call that was refused

    def test_the_address_names_a_part_and_nothing_else(self) -> None:
        """It can be kept and opened again; whatever else it says is not taken."""
        address = "return location.href"
        for part in PARTS:
            with self.subTest(part):
                self.visit(part)
                panels = [
                    each.attribute("id") for each in self.browser.all("[role=tabpanel]") if each.displayed
                ]
                self.assertEqual([f"panel-{part}"], panels)
                title = self.browser.run("return document.title")
                self.assertEqual(f"{self.text(f'#tab-{part}')} – onetime playground", title)
        hand = Pointer(self.browser)
        hand.go("code")
        hand.fill("#secret", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
        for part in PARTS:
            hand.go(part)
            self.assertEqual(f"{self.server.address}#{part}", self.browser.run(address))
        self.browser.open("about:blank")
        self.browser.open(f"{self.server.address}#secret=JBSWY3DPEHPK3PXP")
        self.says(TOTP(SECRET).at(MOMENT), "#shown-code")
        self.assertEqual(f"{self.server.address}#code", self.browser.run(address))
        self.browser.run("location.hash = 'steps'")
        self.browser.until(lambda: self.browser.find("#panel-steps").displayed, "the steps")

    def test_nothing_is_kept_over_a_reload(self) -> None:
        """What was typed is gone with the page, and no browser writes it down."""
        self.visit("table")
        hand = Pointer(self.browser)
        hand.pick("kind", "hotp")
        for field, text in (("secret", "JBSWY3DPEHPK3PXP"), ("counter", "5"), ("count", "3")):
            hand.fill(f"#{field}", text)
        self.visit("table")
        self.assertEqual(
            [SECRET.to_base32(), "0", "10"],
            [self.value(f"#{each}") for each in ("secret", "counter", "count")],
        )
        self.assertEqual(10, len(self.texts("#table-rows tr")))
        kept = "return [document.cookie, localStorage.length, sessionStorage.length]"
        self.assertEqual(["", 0, 0], self.browser.run(kept))

    def test_tabs_by_arrow_keys(self) -> None:
        """Arrows go round, Home and End to the ends; Tab leaves the list."""
        self.visit()
        Keyboard(self.browser).focus("[role=tab]")
        for key, part in (
            ("ArrowLeft", "login"),
            ("ArrowRight", "code"),
            ("End", "login"),
            ("Home", "code"),
            ("ArrowRight", "steps"),
        ):
            with self.subTest(key):
                self.browser.press(key)
                self.assertEqual(f"tab-{part}", self.browser.active.attribute("id"))
                self.assertEqual("true", self.browser.active.attribute("aria-selected"))
                self.assertTrue(self.browser.find(f"#panel-{part}").displayed)
        self.browser.press("Tab")
        self.assertNotEqual("tab", self.browser.active.role)

    def test_the_script_computes_no_code(self) -> None:
        """Every value is the server's: no hash, no base32, no random numbers."""
        for path in (Path(server.__file__).parent / "page").glob("*.js"):
            for word in ("crypto", "subtle", "Math.random", "atob", "btoa", "charCodeAt", "Uint8Array"):
                with self.subTest(path=path.name, word=word):
                    self.assertNotIn(word, path.read_text(encoding="utf-8"))


class Foreign(Case):
    """A page of another origin, in the same browser."""

    def test_it_can_neither_read_nor_change_anything(self) -> None:
        """No way of sending a request that browsers have gets an answer or has an effect."""
        asked: list[str] = []
        calls = self.server.site.interface.calls
        kept = dict(calls)
        started: Any = kept["/api/login/start"]({"credential": {"secret": SECRET.to_base32()}})
        session = started["session"]

        def noting(name: str) -> Callable[[object], dict[str, object]]:
            def note(values: object) -> dict[str, object]:
                asked.append(name)
                return kept[name](values)

            return note

        calls.update({name: noting(name) for name in kept})
        try:
            with another_site() as port:
                for host in ("127.0.0.1", "localhost"):
                    with self.subTest(host):
                        self.browser.open(f"http://{host}:{port}/")
                        found = self.browser.run_async(KNOCKS, *self.known(session))
                        self.assertEqual({}, {way: what for way, what in found.items() if what != "nothing"})
                        self.assertEqual(13, len(found))
                self.browser.open("about:blank")
        finally:
            calls.update(kept)
        # In a window of its own, the page asks for the code that it shows there; nobody else sees it.
        self.assertLessEqual(set(asked), {"/api/code"})
        state: Any = kept["/api/login/look"]({"session": session})
        self.assertEqual(MOMENT, state["now"])
        self.assertGreater(len(self.browser.messages()), 10)  # the browser tells of what it kept away
        self.browser.requests()

    def known(self, session: str) -> tuple[str, str, str]:
        """Return what the other page knows, at worst: the address, a session, and even the token."""
        return f"{self.server.origin}/", session, self.server.site.token

    def test_what_it_tries_works_for_the_page_itself(self) -> None:
        """The same questions are answered where the page asks them: the origin makes the difference."""
        self.visit("login")
        self.browser.run("document.body.replaceChildren()")
        started: Any = self.server.site.interface.logins.start({"credential": {"secret": SECRET.to_base32()}})
        found = self.browser.run_async(KNOCKS, *self.known(started["session"]))
        for way in ("fetch of a page", "fetch of JSON"):
            self.assertEqual(200, found[way])
        for way in ("image", "script", "style"):
            self.assertEqual("loaded", found[way])
        self.browser.open("about:blank")
        self.browser.messages()  # the browser tells of what the page's own policy kept away


@contextmanager
def another_site() -> Iterator[int]:
    """Serve a page of another origin; give its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = b"<!doctype html><title>another</title><link rel=icon href='data:,'><body>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as site:
        thread = threading.Thread(target=site.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield site.server_port
        finally:
            site.shutdown()
            thread.join()
