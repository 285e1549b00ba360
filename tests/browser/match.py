"""The part "Why doesn't it match?", used in a real browser and compared with the library."""

from onetime import HOTP, TOTP, Account, Secret
from onetime.inspection.diagnosis import diagnose
from onetime.inspection.messages import odds
from onetime.inspection.sighting import Sighting
from onetime.provisioning import migration, uri
from tests.browser.hands import SECRET, USES, Case, Hand, Keyboard, Pointer
from tests.browser.looks import MOMENT

CODE = "#match-codes li:nth-child({}) input[id$=code]"


class Match(Case):
    BASE32 = SECRET.to_base32()
    CODES = (("950404", 1_111_111_109), ("001699", 1_234_567_890))
    """Of the text of the secret, with SHA-256, by a clock that is 92 s slow."""

    def test_the_reason_is_found(self) -> None:
        """What is shown is what `diagnose` finds, the best first."""
        wrong = TOTP(Secret.from_text(self.BASE32), algorithm="SHA256")
        self.assertEqual([code for code, _ in self.CODES], [wrong.at(time - 92) for _, time in self.CODES])
        (code, time), *more = self.CODES
        truth = diagnose(self.BASE32, code, time, more=[Sighting(*each) for each in more])
        self.assertTrue(truth.found)
        best = truth.findings[0]
        parts = [
            "SHA-256, 6 digits, every 30 s",
            best.reading,
            str(best.moving_factors[0]),
            *best.mistakes,
            best.advice,
        ]
        for use in USES:
            with self.use(*use) as hand:
                hand.go("match")
                hand.fill("#match-secret", self.BASE32)
                self.fill_in(hand, self.CODES)
                hand.press("#match-search")
                self.comes(len(truth.findings), lambda: len(self.texts(".findings > li")))
                said = self.texts(".findings > li")[0]
                for part in parts:
                    self.assertIn(part.lower(), said.lower())
                self.assertIn(f"Unlikely to be chance ({odds(best.chance)}).", said)
                self.says(f"{truth.tried:,} codes", "#match-result")

    def test_the_example(self) -> None:
        """There is an example for a person without codes."""
        self.visit("match")
        Pointer(self.browser).press("#match-example")
        self.says("SHA-256", ".findings > li")
        shown = [self.value(f"#match-codes li:nth-child({number}) input[id$=code]") for number in (1, 2)]
        self.assertEqual([code for code, _ in self.CODES], shown)

    def test_what_was_found_is_about_what_was_typed(self) -> None:
        """When a field changes, the result goes, and a search that is under way ends."""
        self.visit("match")
        hand = Pointer(self.browser)
        for field, text in (("#match-codes input", "111111"), ("#match-secret", "JBSWY3DPEHPK3PXP")):
            hand.press("#match-example")
            self.says("SHA-256", ".findings > li")
            hand.fill(field, text)
            self.shows("", "#match-result")
        hand.fill("#match-secret", self.BASE32)
        hand.press("#match-codes li:nth-child(2) button")
        self.fill_in(hand, (("123456", 1_000_000_000), ("999999", 1_000_000_001)))
        hand.press("#match-search")
        self.browser.until(lambda: self.browser.find("#match-progress").displayed, "a search")
        hand.fill("#match-codes input", "222222")
        self.shows("The search was canceled", "#announcements")
        self.assertFalse(self.browser.find("#match-progress").displayed)
        searches = self.server.site.interface.searches
        self.comes(False, lambda: any(each.thread.is_alive() for each in searches._running))
        self.assertEqual("", self.text("#match-result"))

    def test_what_may_be_chance(self) -> None:
        """A finding that may be an accident is told with how likely that is, as the library says it."""
        truth = diagnose(self.BASE32, "111111", 59)
        self.assertFalse(truth.found)
        self.visit("match")
        hand = Pointer(self.browser)
        hand.fill("#match-secret", self.BASE32)
        self.fill_in(hand, (("111111", 59),))
        hand.press("#match-search")
        self.says(f"⚠ This may be chance ({odds(truth.findings[0].chance)}).", ".findings > li:first-child")

    def test_codes_of_counters(self) -> None:
        """Codes may be of counters; that nothing is found is said plainly."""
        for codes, selector, words in (
            (HOTP(SECRET).codes(7, 2), ".findings > li", "SHA-1, 6 digits, the secret read as base32"),
            (("123456", "999999"), "#match-result", "Nothing fits these codes"),
        ):
            with self.subTest(words):
                self.visit("match")
                hand = Keyboard(self.browser)
                hand.fill("#match-secret", self.BASE32)
                hand.press("#match-add")
                for number, code in enumerate(codes, 1):
                    given = f"#match-codes li:nth-child({number})"
                    hand.fill(f"{given} input[id$=code]", code)
                    hand.choose(f"{given} select", "counter")
                    hand.fill(f"{given} input[id$=counter]", str(6 + number))
                hand.press("#match-search")
                self.says(words, selector)

    def test_a_long_search(self) -> None:
        """It shows how far it is. Cancelled, it ends at once, here and in the server; another can begin."""
        searches = self.server.site.interface.searches
        for hand in (Pointer(self.browser), Keyboard(self.browser)):
            with self.subTest(type(hand).__name__):
                self.visit("match")
                hand.fill("#match-secret", self.BASE32)
                self.fill_in(hand, (("123456", 1_000_000_000), ("999999", 1_000_000_001)))
                hand.press("#match-search")
                shown: list[float] = []

                def has_grown(shown: list[float] = shown) -> bool:
                    shown.append(self.browser.find("#match-progress").property("value"))
                    return len(set(shown)) > 2

                self.browser.until(has_grown, "progress")
                self.assertEqual(sorted(shown), shown)
                self.assertTrue(self.browser.find("#match-progress").displayed)
                hand.press("#match-cancel")
                self.shows("The search was canceled.", "#match-result")
                self.assertFalse(self.browser.find("#match-progress").displayed)
                self.comes(False, lambda: any(each.thread.is_alive() for each in searches._running))
                hand.press("#match-example")
                self.says("SHA-256", ".findings > li")

    def fill_in(self, hand: Hand, codes: tuple[tuple[str, int], ...]) -> None:
        """Give codes with their times."""
        for number, (code, time) in enumerate(codes, 1):
            if number > 1:
                hand.press("#match-add")
            hand.fill(f"#match-codes li:nth-child({number}) input[id$=code]", code)
            hand.choose(f"#match-codes li:nth-child({number}) select", "moment")
            hand.fill(f"#match-codes li:nth-child({number}) input[id$=time]", str(time))

    def test_the_moment_of_a_code_is_when_it_was_typed(self) -> None:
        """F69: a form that stays open for a minute does not make the clock look fast."""
        for hand in (Pointer(self.browser), Keyboard(self.browser)):
            with self.subTest(type(hand).__name__):
                self.clock.now = MOMENT
                self.visit("match")
                self.assertEqual("now", self.value("#match-codes select"))
                hand.fill("#match-secret", self.BASE32)
                # A minute passes before the code is typed, and 35 seconds before the search.
                self.clock.now += 60
                hand.fill(CODE.format(1), TOTP(SECRET).at(self.clock.now))
                self.clock.now += 35
                self.browser.run("const now = Date.now; Date.now = () => now() + 35_000;")
                hand.press("#match-search")
                self.says("SHA-1, 6 digits, every 30 s", ".findings > li")
                self.says("Nothing is wrong with this code", ".findings > li:first-child")
                self.assertNotIn("clock is", self.text(".findings > li:first-child"))

    def test_a_link(self) -> None:
        """F68: a link is read, and its settings are the first finding."""
        totp = TOTP(SECRET, algorithm="SHA256", digits=8, period=45)
        link = uri.build(Account("alice", totp, issuer="Acme"))
        for use in USES:
            with self.use(*use) as hand:
                hand.go("match")
                hand.focus("#match-secret")
                self.paste(link)
                self.shows("Acme: alice. The settings of the link are tried first.", "#match-hint")
                hand.fill(CODE.format(1), totp.at(MOMENT))
                hand.press("#match-search")
                expected = "SHA-256, 8 digits, every 45 s, the secret read as base32"
                self.says(expected, ".findings > li:first-child")
                self.assertEqual(link, self.value("#match-secret"))

    def test_a_link_that_is_broken(self) -> None:
        """F62: a link whose secret is wrong is not refused, but searched."""
        self.visit("match")
        hand = Pointer(self.browser)
        hand.focus("#match-secret")
        self.paste("otpauth://totp/x?secret=S46SQCPPTCNPROMHWY1DCTBZXVNKL2QH")
        hand.fill(CODE.format(1), "544464")
        hand.press("#match-search")
        self.comes(False, lambda: self.browser.find("#match-searching").displayed)
        self.browser.until(lambda: self.text("#match-result"), "a result")
        self.assertEqual("", self.text("#match-secret-error"))

    def test_several_accounts(self) -> None:
        """F88: of an export, one account is chosen for the search."""
        (export,) = migration.build([Account(name, TOTP(SECRET), issuer="Acme") for name in ("a", "b")])
        for hand in (Pointer(self.browser), Keyboard(self.browser)):
            self.visit("match")
            hand.focus("#match-secret")
            self.paste(export)
            self.comes(["Acme: a", "Acme: b"], lambda: self.texts("#match-accounts .name"))
            hand.press("#match-accounts li:nth-child(2) button")
            self.assertEqual("b", uri.parse(self.value("#match-secret")).name)
            self.assertFalse(self.browser.find("#match-accounts").displayed)

    def test_an_empty_form(self) -> None:
        """F90: only the fields that must not be empty are marked, and the first of them gets the focus."""
        self.visit("match")
        hand = Pointer(self.browser)
        hand.press("#match-add")
        hand.fill(CODE.format(2), "123456")
        hand.press("#match-search")
        self.shows("A secret or a link is needed.", "#match-secret-error")
        self.assertEqual(["A code is needed.", ""], self.texts("#match-codes li > .error"))
        marked = [each.attribute("id") for each in self.browser.all("[aria-invalid]")]
        self.assertEqual(["match-secret", "given-1-code"], marked)
        self.assertEqual("match-secret", self.browser.active.attribute("id"))
        hand.fill("#match-secret", self.BASE32)
        hand.press("#match-search")
        self.shows("", "#match-secret-error")
        self.assertEqual("given-1-code", self.browser.active.attribute("id"))

    def test_only_the_field_at_fault_is_marked(self) -> None:
        """F90: of a code, its time or its counter; a message about all codes marks none of them."""
        self.visit("match")
        hand = Pointer(self.browser)
        hand.fill("#match-secret", self.BASE32)
        hand.fill(CODE.format(1), "123456")
        for by, field, wrong, marked in (
            ("moment", "time", "x", ["given-1-date", "given-1-time"]),
            ("counter", "counter", "-1", ["given-1-counter"]),
        ):
            hand.choose("#match-codes select", by)
            hand.fill(f"#match-codes input[id$={field}]", wrong)
            hand.press("#match-search")
            self.says("Code 1: ", "#match-codes li > .error")
            self.assertEqual(marked, [each.attribute("id") for each in self.browser.all("[aria-invalid]")])
        hand.fill("#match-codes input[id$=counter]", "1")
        hand.press("#match-add")
        hand.fill(CODE.format(2), "123456")
        hand.press("#match-search")
        self.says("all codes must have a", "#match-codes-error")
        self.assertEqual([], self.browser.all("[aria-invalid]"))
