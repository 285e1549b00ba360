"""`onetime diagnose`."""

import json
import os
import unittest
from unittest import mock

from onetime import TOTP, Secret
from onetime.cli.diagnose import Progress
from tests.cli.test_terminal import Window
from tests.support import RFC_KEY
from tests.support.session import BASE32, HOTP_LINK, TOTP_LINK, Screen, Terminal, run

TIME = 1_800_000_000
ASCII = TOTP(Secret(BASE32.encode()), algorithm="SHA256")
"""What a program makes that takes the base32 text itself as the key, and another hash."""

FOUND = (
    "1. SHA256, 6 digits, period 30 s, secret read as the base32 text itself, as plain bytes, step 60000000 "
)


class Diagnose(unittest.TestCase):
    def test_a_code_and_its_time(self) -> None:
        """The finding is the answer, and the status says that it is one."""
        for stdin in (BASE32, TOTP_LINK):
            for when in (str(TIME), "2027-01-15T08:00:00Z", "2027-01-15T09:00:00+01:00"):
                with self.subTest(when):
                    session = run("diagnose", f"{TOTP(Secret(RFC_KEY)).at(TIME)}@{when}", stdin=stdin)
                    said = "" if stdin == BASE32 else "onetime: the link says totp\n"
                    self.assertEqual((0, said), (session.status, session.err))
                    self.assertRegex(
                        session.out,
                        r"\A1\. SHA1, 6 digits, period 30 s, secret read as base32, step 60000000; as most ",
                    )

    def test_f69_a_time_as_programs_print_it(self) -> None:
        """F69: a fraction of a second, and spaces around the @, with quotes and without."""
        for arguments in (
            ("287082@59.5",),
            ("287082 @ 59",),
            ("287082@ 59",),
            ("287082", "@", "59"),
            ("287082", "@59.999"),
            ("287 082@", "59"),
            ("287082 @ 59.5", "287082", "@", "1970-01-01T00:00:59Z", "287082@58"),
        ):
            with self.subTest(arguments):
                session = run("diagnose", *arguments, stdin=BASE32)
                self.assertEqual((0, ""), (session.status, session.err))
                self.assertRegex(session.out, "step 1; as most apps compute it ")

    def test_two_codes_find_two_mistakes(self) -> None:
        """The more codes there are, the surer is the finding."""
        codes = [f"{ASCII.at(time)}@{time}" for time in (TIME, TIME + 60)]
        session = run("diagnose", *codes, stdin=BASE32)
        self.assertEqual((0, ""), (session.status, session.err))
        self.assertTrue(session.out.startswith(FOUND), session.out)

    def test_the_time_is_now(self) -> None:
        """Whoever sees the code while typing needs no clock."""
        with mock.patch("time.time", return_value=59.5):
            session = run("diagnose", "287082", stdin=BASE32)
        self.assertRegex(session.out, "step 1; as most apps compute it ")

    def test_the_time_is_that_of_the_call(self) -> None:
        """However long somebody takes to type the secret, the code was seen before."""
        with mock.patch("time.time", return_value=59) as clock:

            def read(*_: object, **__: object) -> str:
                clock.return_value = 659
                return BASE32

            with mock.patch("onetime.cli.diagnose.read_text", read):
                session = run("diagnose", "287082")
        self.assertRegex(session.out, r"step 1; ")

    def test_a_link_that_is_wrong(self) -> None:
        """F60, F62: what is wrong in a link is diagnosed, its secret included."""
        for link, codes, words in (
            (f" {TOTP_LINK}\n", ["287082@59"], "secret read as base32, step 1"),
            (
                "otpauth://totp/a?secret=S46SQCPPTCNPROMHWYBDCTBZXVNKL2QH&period=45",
                ["098295@1764140000", "875054@1764140095"],
                "period 45 s, secret read as base32, step 39203111 ",
            ),
            (
                "otpauth://totp/a?secret=S46SQCPPTCNPROMHWY1DCTBZXVNKL2QH",
                ["544464@1764140000", "289854@1764140095"],
                "secret read as base32, with 1 read as I",
            ),
        ):
            with self.subTest(words):
                session = run("diagnose", *codes, stdin=link)
                self.assertEqual(0, session.status)
                self.assertIn(words, session.out)

    def test_a_link_may_say_otherwise(self) -> None:
        """What the link says stands beside what the app does."""
        link = f"{TOTP_LINK}&algorithm=SHA256&digits=8&period=60"
        session = run("diagnose", f"{TOTP(Secret(RFC_KEY)).at(TIME)}@{TIME}", stdin=link)
        self.assertRegex(session.out, r"\A1\. SHA1, 6 digits, period 30 s, secret read as base32")
        self.assertEqual("onetime: the link says totp, SHA256, 8 digits, period 60 s\n", session.err)
        session = run("diagnose", "287082", stdin=HOTP_LINK)
        self.assertEqual("onetime: the link says hotp, counter 1\n", session.err)

    def test_only_what_was_read_is_repeated(self) -> None:
        """F60: nothing is put into the mouth of a link, and its unusable parts are named."""
        link = f"otpauth://totp/a?secret={BASE32}"
        for text, said in (
            (f"{link}&algorithm=MD5", "totp; could not be used: algorithm"),
            (
                f"{link}&digits=8&period=30s&secret=AA",
                "totp, 8 digits; could not be used: period, second secret",
            ),
            (link.replace("totp", "motp"), "nothing about the codes; could not be used: type"),
            (f"{link.replace('totp', 'hotp')}&counter=x&period=60", "hotp; could not be used: counter"),
        ):
            with self.subTest(text):
                session = run("diagnose", "287082@59", stdin=text)
                self.assertEqual(f"onetime: the link says {said}\n", session.err)

    def test_counters(self) -> None:
        """The codes are those of a counter and the next ones, from the option or the link."""
        for arguments, stdin in (
            (("--counter", "1"), BASE32),
            ((), HOTP_LINK),
            (("--counter", "1"), HOTP_LINK),
        ):
            with self.subTest(arguments):
                session = run("diagnose", *arguments, "969429", "338314", stdin=stdin)
                self.assertEqual(0, session.status)
                self.assertRegex(session.out, r"counter 3; the counter is 2 ahead")

    def test_the_period_that_is_expected(self) -> None:
        """F60: a secret without a link has its period from an option; a link's gives way."""
        codes = ("098295@1764140000", "875054@1764140095")
        secret = "S46SQCPPTCNPROMHWYBDCTBZXVNKL2QH"
        for stdin in (
            secret,
            f"otpauth://totp/a?secret={secret}",
            f"otpauth://totp/a?secret={secret}&period=90",
        ):
            with self.subTest(stdin):
                session = run("diagnose", "--period", "45", *codes, stdin=stdin)
                self.assertEqual(0, session.status)
                self.assertRegex(
                    session.out, r"\A1\. SHA1, 6 digits, period 45 s, secret read as base32, step 39203111 "
                )
        for period in ("0", "x"):
            session = run("diagnose", "--period", period, *codes, stdin=secret)
            self.assertEqual((2, ""), (session.status, session.out))
            self.assertIn("period", session.err)

    def test_json(self) -> None:
        """A program gets all values."""
        session = run("diagnose", "--json", f"287082@{59 + 7 * 30}", stdin=BASE32)
        answer = json.loads(session.out)
        self.assertEqual(["found", "tried", "not_tried", "findings"], list(answer))
        finding = answer["findings"][0]
        self.assertEqual(
            ("base32", "SHA1", [1]), tuple(map(finding.get, ("reading", "algorithm", "moving_factors")))
        )
        self.assertTrue(answer["found"])

    def test_nothing_found_is_status_1(self) -> None:
        """A script learns that nothing fits, as grep tells it."""
        session = run("diagnose", f"123456@{TIME}", stdin="not a secret of this code")
        self.assertEqual((1, ""), (session.status, session.err))
        self.assertRegex(
            session.out, "\nA second code, from another time or counter, would give a surer result.\n"
        )

    def test_f71_no_form_needs_to_be_given(self) -> None:
        """F71: whoever was told to give --format hex elsewhere learns that it is not needed here."""
        message = "onetime: argument --format: must not be given; the secret is read in every form\n"
        for option in (("--format", "hex"), ("--format=x",)):
            session = run("diagnose", *option, "287082@59", stdin=RFC_KEY.hex())
            self.assertEqual((2, "", message), (session.status, session.out, session.err))
        told = " ".join(run("diagnose", "--help").out.split())
        self.assertIn("The secret is read in every form: base32, hex, base64, text.", told)
        self.assertNotIn("--format", told)

    def test_what_is_misused(self) -> None:
        """Each mistake is said, and neither secret nor code is."""
        for arguments, stdin, message in (
            (
                ("287082", "359152"),
                BASE32,
                "each of several codes must have its time: CODE@TIME; for those of an HOTP, give --counter",
            ),
            (("287082@noon",), BASE32, "the time of a code must be Unix time in seconds, or a date and time"),
            (("28708x@59",), BASE32, "an argument is not a code; the secret is read from standard input"),
            (("28708٢@59",), BASE32, "a code must have 1 to 10 digits"),
            (("28708200000@59",), BASE32, "a code must have 1 to 10 digits"),
            (("287082@1800000000000",), BASE32, "the time of a code must be in seconds; this may be milli"),
            (("287082@1800000000000.5",), BASE32, "the time of a code must be in seconds; this may be milli"),
            (("287082", "@"), BASE32, "the time of a code must be Unix time in seconds"),
            (("@", "59"), BASE32, "an argument is not a code"),
            (("287082@59",), "otpauth-migration://offline?data=A", "an export holds several accounts"),
            (("287082@59",), f"{TOTP_LINK}\n{HOTP_LINK}", "give only one link"),
            (("287082@59",), "", "the secret must not be empty"),
            (("287082", "--counter", "x"), BASE32, "--counter"),
            (
                ("1", "2", "--counter", str(2**64 - 1)),
                BASE32,
                "the last code must be at a counter below 2^64",
            ),
            (("287082@59",), "otpauth://totp/a?secret=", "the link must have a secret"),
            ((), BASE32, "CODE"),
        ):
            with self.subTest(message):
                session = run("diagnose", *arguments, stdin=stdin)
                self.assertEqual((2, ""), (session.status, session.out))
                self.assertIn(message, session.err)
                self.assertNotIn(BASE32, session.err)
                self.assertNotIn("28708", session.err)

    def test_a_bar_once_it_takes_longer(self) -> None:
        """After a second the search shows how far it is, fits its terminal, and takes its bar away."""
        now = [0.0]
        columns = os.terminal_size((80, 24))
        with (
            mock.patch("sys.stderr", Window()) as stderr,
            mock.patch("os.get_terminal_size", lambda _: columns),
        ):
            progress = Progress(lambda: now[0])
            now[0] = 0.9
            progress(0.25)
            progress.end()
            self.assertEqual("", stderr.getvalue())
            now[0] = 1.0
            progress(0.5)
            progress(0.5001)
            shown = f"\r[{'=' * 15}{' ' * 15}] 50% "
            self.assertEqual(shown, stderr.getvalue())
            progress.end()
            shown += f"\r{' ' * 37}\r"
            self.assertEqual(shown, stderr.getvalue())
            columns = os.terminal_size((20, 24))
            progress(1)
            self.assertEqual(f"{shown}\r[{'=' * 12}] 100% ", stderr.getvalue())

    def test_a_quick_answer_shows_no_bar(self) -> None:
        """On a terminal, too, the answer is all there is."""
        with mock.patch("tests.support.session.io.StringIO", Screen):
            session = run("diagnose", "287082@59", stdin=BASE32)
        self.assertEqual((0, ""), (session.status, session.err))

    def test_on_a_terminal(self) -> None:
        """The secret is asked for, and not shown; the answer is."""
        with Terminal("diagnose", "287082@59") as terminal:
            terminal.wait_for("Link or secret: ")
            terminal.type(f"{BASE32}\n")
            self.assertEqual(0, terminal.end())
        self.assertIn(
            "secret read as base32, step 1; as most apps compute it ",
            " ".join(terminal.screen.split()),
        )
        self.assertNotIn(BASE32, terminal.screen)
