"""Links and exports that are pasted into the page; folding, copying and printing, in a real browser."""

import tempfile
from pathlib import Path
from subprocess import run

from onetime import HOTP, TOTP, Account, Algorithm, Secret
from onetime.provisioning import migration, uri
from tests.browser.hands import SECRET, USES, Case, Keyboard, Pointer
from tests.browser.looks import MOMENT, PARTS
from tests.support import program

FIELDS = ("secret", "form", "algorithm", "digits", "period", "t0", "counter", "issuer", "name")
OTHER = Secret(bytes(range(20)))


class Links(Case):
    """F88: what is pasted where a secret is asked for fills the fields."""

    def fields(self) -> list[str]:
        """Read the fields of the credential."""
        return [self.value(f"#{field}") for field in FIELDS]

    def test_a_link_fills_every_field(self) -> None:
        """F88: the link that the page prints, too."""
        totp = TOTP(OTHER, algorithm=Algorithm.SHA512, digits=8, period=60)
        hotp = HOTP(OTHER, digits=7)
        for use in USES:
            for account in (
                Account("bob", totp, issuer="Big Corp"),
                Account("zoë", hotp, counter=2**64 - 1),
            ):
                with self.use(*use) as hand:
                    hand.focus("#secret")
                    self.browser.press("a", holding="Control")
                    self.paste(f"  {uri.build(account)}\n")
                    timed = isinstance(account.credential, TOTP)
                    expected = [
                        OTHER.to_base32(),
                        "base32",
                        account.credential.algorithm,
                        str(account.credential.digits),
                        "60" if timed else "30",
                        "0",
                        str(account.counter),
                        account.issuer or "",
                        account.name,
                    ]
                    self.comes(expected, self.fields)
                    self.assertEqual(
                        not timed, self.browser.find("[name=kind][value=hotp]").property("checked")
                    )
                    code = totp.at(MOMENT) if timed else hotp.at(2**64 - 1)
                    self.shows(code, "#shown-code")
                    self.shows(uri.build(account), "#link")
                    self.says("from a link", "#secret-hint")

    def test_several_are_a_list_to_choose_from(self) -> None:
        """F88: links and exports together; what cannot be read is named with its reason."""
        accounts = [Account(name, TOTP(OTHER, digits=8), issuer="Acme") for name in ("a", "b")]
        (export,) = migration.build(accounts)
        text = f"{export}\notpauth://hotp/c?secret={OTHER.to_base32()}&counter=7\notpauth://totp/x?secret=1"
        for use in USES:
            with self.use(*use) as hand:
                hand.focus("#secret")
                self.browser.press("a", holding="Control")
                self.paste(text)
                self.comes(["Acme: a", "Acme: b", "c"], lambda: self.texts("#accounts .name"))
                self.says("Entry 4 cannot be read: ", "#accounts .lost")
                self.assertNotIn(OTHER.to_base32()[:8], self.text("#accounts"))
                self.shows("3 accounts to choose from", "#announcements")
                hand.press("#accounts li:nth-child(3) button")
                self.shows(HOTP(OTHER).at(7), "#shown-code")
                self.assertFalse(self.browser.find("#accounts").displayed)
                self.assertEqual("7", self.value("#counter"))

    def test_f51_lines_stay_lines(self) -> None:
        """F43, F51: a text on the line after a link, or behind it, does not belong to the secret."""
        self.visit()
        hand = Pointer(self.browser)
        link = f"otpauth://totp/a?secret={OTHER.to_base32()}"
        for text, reason in (
            (f"{link}\nhello", "line 2"),
            (f"{link}\r\n\r\nhello\n", "line 3"),
            (f"{link} hello", "white space"),
        ):
            with self.subTest(text):
                hand.focus("#secret")
                self.browser.press("a", holding="Control")
                self.paste(text)
                self.says(reason, "#secret-error")
                self.assertEqual(TOTP(SECRET).at(MOMENT), self.text("#shown-code"))
        hand.focus("#secret")
        self.browser.press("a", holding="Control")
        self.paste(f"{OTHER.to_base32()[:16]}\n{OTHER.to_base32()[16:]}\n")
        self.shows(TOTP(OTHER).at(MOMENT), "#shown-code")

    def test_a_link_that_cannot_be_read(self) -> None:
        """The reason stands beside the secret, and the last result stays."""
        self.visit()
        hand = Pointer(self.browser)
        for text in ("otpauth://totp/x?secret=1", "otpauth://totp/x", "otpauth-migration://offline?data=x"):
            with self.subTest(text):
                hand.focus("#secret")
                self.browser.press("a", holding="Control")
                self.paste(text)
                self.browser.until(lambda: self.text("#secret-error"), "a reason")
                self.assertEqual(TOTP(SECRET).at(MOMENT), self.text("#shown-code"))
        hand.fill("#secret", SECRET.to_base32())
        self.shows("", "#secret-error")


class Narrow(Case):
    def test_the_form_folds_away_after_its_first_use(self) -> None:
        """On a phone; a button brings it back, and an error does, too."""
        for hand in (Pointer(self.browser), Keyboard(self.browser)):
            with self.look(390, "light"):
                self.visit()
                form = self.browser.find("#credential-form")
                hand.go("steps")
                self.assertTrue(form.displayed, "it was not used yet")
                hand.fill("#secret", OTHER.to_base32())
                hand.press("#show-result")
                self.assertFalse(form.displayed)
                self.says("TOTP · SHA-1 · 6 digits · 30 s", "#credential-summary")
                self.shows(TOTP(OTHER).at(MOMENT), "#shown-steps output")
                hand.press("#fold")
                self.assertTrue(form.displayed)
                self.assertEqual("true", self.browser.find("#fold").attribute("aria-expanded"))
                hand.go("table")
                self.assertFalse(form.displayed)
                hand.press("#fold")
                hand.fill("#secret", "JBSW1")
                self.says("position 5", "#secret-error")
                hand.press("#show-result")
                self.assertTrue(form.displayed, "an error is in it")

    def test_it_stays_where_there_is_room(self) -> None:
        """Beside the result it has its place."""
        self.visit()
        hand = Pointer(self.browser)
        hand.fill("#secret", OTHER.to_base32())
        hand.go("steps")
        self.assertTrue(self.browser.find("#credential-form").displayed)
        self.assertFalse(self.browser.find("#fold").displayed)

    def test_a_long_code_is_on_one_line(self) -> None:
        """F90: ten digits at 390 pixels and less, wherever a code stands."""
        for width in (390, 360, 320):
            for part in ("code", "steps", "login"):
                with self.subTest(part), self.look(width, "light"):
                    self.visit(part)
                    hand = Pointer(self.browser)
                    hand.unfold()
                    hand.choose("#digits", "10")
                    self.comes(True, lambda: self.measure("lines('.code')").count(10) > 0)
                    self.assertEqual([], self.measure("broken()"))
                    self.assertEqual([], self.measure("cramped()"))


class Clicks(Case):
    def test_a_click_on_a_code_copies_it(self) -> None:
        """Each code on the page; the mark goes again, and a selection is left alone."""
        totp = TOTP(SECRET)
        self.visit()
        for place, time in (("shown", MOMENT), ("previous", MOMENT - 30), ("next", MOMENT + 30)):
            with self.subTest(place):
                self.browser.find(f"#{place}-code").click()
                self.comes(totp.at(time), self.clipboard)
                self.shows("The code is copied", "#announcements")
                self.assertEqual("Copied ✓", self.browser.find(f"#{place}-code").attribute("data-copied"))
        self.comes([], lambda: self.browser.all("[data-copied]"))
        self.browser.run("getSelection().selectAllChildren(document.getElementById('shown-code'))")
        self.browser.run("document.getElementById('shown-code').click()")
        self.assertEqual([], self.browser.all("[data-copied]"))
        self.visit("table")
        self.browser.find("#table-rows tr:nth-child(2) td.strong").click()
        self.comes(totp.at(MOMENT + 30), self.clipboard)

    def test_the_keyboard_copies_the_codes_beside_it_too(self) -> None:
        """They are buttons."""
        self.visit()
        Keyboard(self.browser).press("#next-code")
        self.comes(TOTP(SECRET).at(MOMENT + 30), self.clipboard)

    def clipboard(self) -> object:
        return self.browser.run_async("return await navigator.clipboard.readText()")


class Pictures(Case):
    def test_a_qr_code_grows_with_what_it_holds(self) -> None:
        """F89: a module stays large enough to be read from the screen, on a phone with its fine pixels."""
        zbarimg = program("zbarimg")
        for width, scale in ((1280, 1), (390, 3)):
            sizes = []
            for size in (20, 64, 160, 320, 512):
                with self.subTest(width=width, size=size), tempfile.TemporaryDirectory() as folder:
                    self.browser.devtools(
                        "Emulation.setDeviceMetricsOverride",
                        width=width,
                        height=900,
                        deviceScaleFactor=scale,
                        mobile=False,
                    )
                    self.visit()
                    hand = Pointer(self.browser)
                    hand.choose("#form", "hex")
                    hand.focus("#secret")
                    self.browser.press("a", holding="Control")
                    self.paste(bytes(index % 256 for index in range(size)).hex())
                    secret = Secret(bytes(index % 256 for index in range(size)))
                    self.says(f"secret={secret.to_base32()}", "#link")
                    sizes.append(self.measure("document.querySelector('#qr').getBoundingClientRect().width"))
                    picture = Path(folder, "page.png")
                    picture.write_bytes(self.browser.picture())
                    read = run(
                        [zbarimg, "--quiet", "--raw", picture], capture_output=True, text=True, check=False
                    )
                    self.assertEqual(self.text("#link"), read.stdout.strip())
            self.assertEqual(sorted(sizes), sizes)
            self.assertGreater(sizes[-1], sizes[0])

    def test_paper(self) -> None:
        """F90: what is printed has no tabs, buttons and fields, and is dark on white."""
        for scheme in ("light", "dark"):
            for part in PARTS:
                with self.subTest(part), self.look(1280, scheme):
                    self.visit(part)
                    if part == "match":
                        Pointer(self.browser).press("#match-example")
                        self.says("SHA-256", ".findings > li")
                    self.browser.devtools("Emulation.setEmulatedMedia", media="print")
                    try:
                        operated = "button:not(.copy), [role=tab], summary, #credential-form, .skip"
                        self.assertEqual(
                            [], self.measure("every(arguments[0]).filter(shown).map(brief)", operated)
                        )
                        ground = self.measure("getComputedStyle(document.body).backgroundColor")
                        self.assertEqual("rgb(255, 255, 255)", ground)
                        self.assertTrue(
                            self.measure("shown(document.querySelector('[role=tabpanel]:not([hidden])'))")
                        )
                        if part != "match":
                            self.says("TOTP · SHA-1 · 6 digits", "#credential-summary")
                    finally:
                        self.browser.devtools("Emulation.setEmulatedMedia", media="")
