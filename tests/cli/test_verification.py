"""`onetime enroll` and `onetime verify`."""

import io
import json
import os
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

from onetime import HOTP, TOTP, Policy, Secret, SQLStore, VerificationError, Verifier
from onetime.cli import execute
from tests.support import posix
from tests.support.session import BASE32, HOTP_LINK, PATIENCE, TOTP_LINK, Input, Session, run

INCORRECT = "onetime: incorrect: no code within the window matches"
STEP = "; if the token is out of step, give three consecutive codes"
MALFORMED = "onetime: malformed: a code must have 6 digits; this does not count as a failure\n"
SECRET = Secret.from_base32(BASE32)
UNCONFIRMED = "onetime: no code was given, so nothing confirms that the device shows the right codes\n"
CODES = HOTP(SECRET).codes(0, 200)


class Verification(unittest.TestCase):
    """A store, and commands on it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.where = ("--store", str(self.folder / "otp.db"), "--user", "alice")

    def enroll(self, *arguments: str, given: str = HOTP_LINK) -> Session:
        """Enroll alice; the link's counter is 1."""
        return run("enroll", *self.where, *arguments, stdin=given)

    def verify(self, *arguments: str, given: str = HOTP_LINK) -> Session:
        """Verify a code of alice's."""
        return run("verify", *self.where, *arguments, stdin=given)


class Verdicts(Verification):
    def test_enroll_and_verify(self) -> None:
        """F82: exit status 0 and the answer for what is accepted, 1 and the reason for what is refused."""
        self.assertEqual(Session(0, "enrolled\n", UNCONFIRMED), self.enroll())
        self.assertEqual(Session(0, "accepted\n", ""), self.verify(CODES[1]))
        replayed = (
            "onetime: replayed: the code, or a later one, was used before: it is the code of counter 1\n"
        )
        self.assertEqual(Session(1, "", replayed), self.verify(CODES[1]))
        incorrect = f"{INCORRECT}; failures since the last success: 1{STEP}\n"
        self.assertEqual(Session(1, "", incorrect), self.verify(CODES[9]))
        self.assertEqual(Session(1, "", MALFORMED), self.verify("12345"))
        self.assertEqual(Session(0, "accepted\n", ""), self.verify(f"{CODES[2][:3]} {CODES[2][3:]}"))

    def test_a_confirmed_enrollment_spends_its_code(self) -> None:
        """K37: the code of the enrollment is not a first login; a wrong one enrolls nobody."""
        self.assertEqual(Session(1, "", f"{INCORRECT}{STEP}\n"), self.enroll(CODES[90]))
        nobody = 'onetime: not enrolled: the device "default" is not enrolled; enrolled devices: none\n'
        self.assertEqual(Session(1, "", nobody), self.verify(CODES[1]))
        self.assertEqual(Session(0, "enrolled\n", ""), self.enroll(CODES[1]))
        self.assertEqual(1, self.verify(CODES[1]).status)

    def test_three_codes(self) -> None:
        """They recover a counter far away, when enrolling and when verifying, also while throttled."""
        self.assertEqual(Session(0, "enrolled\n", ""), self.enroll(*CODES[40:43]))
        for _ in range(6):
            self.assertEqual(1, self.verify(CODES[0]).status)
        refused = json.loads(self.verify(CODES[43], "--json").out)
        self.assertEqual((False, "throttled"), (refused["accepted"], refused["reason"]))
        self.assertEqual(Session(0, "accepted\n", ""), self.verify(*CODES[100:103]))
        self.assertEqual(Session(0, "accepted\n", ""), self.verify(CODES[103]))

    def test_replace(self) -> None:
        """A device is replaced only when it is said."""
        self.enroll()
        message = (
            'onetime: already enrolled: the user already has a device "default"; --replace replaces it\n'
        )
        self.assertEqual(Session(1, "", message), self.enroll(CODES[1]))
        message = 'onetime: already enrolled: the user already has this credential, as the device "default"\n'
        self.assertEqual(Session(1, "", message), self.enroll(CODES[1], "--device", "key", "--replace"))
        self.assertEqual(Session(0, "enrolled\n", ""), self.enroll(CODES[1], "--replace"))

    def test_json(self) -> None:
        """F91: a program reads the evidence, or the reason."""
        self.assertEqual({"enrolled": True}, json.loads(self.enroll("--json").out))
        self.assertEqual(
            {
                "accepted": True,
                "device": "default",
                "moving_factor": 2,
                "offset": 1,
                "drift": 0,
                "failures_before": 0,
                "left_out": [],
            },
            json.loads(self.verify(CODES[2], "--json").out),
        )
        session = self.verify(CODES[2], "--json")
        self.assertEqual(1, session.status)
        self.assertEqual(
            {"accepted": False, "reason": "replayed", "device": "default", "moving_factor": 2},
            json.loads(session.out),
        )
        for _ in range(5):
            self.verify("000000")
        session = self.verify("000000", "--json")
        self.assertEqual({"accepted", "reason", "retry_at"}, set(json.loads(session.out)))

    def test_a_totp_goes_by_the_clock(self) -> None:
        """The default link is of a TOTP."""
        totp = TOTP(SECRET)
        self.assertEqual(0, self.enroll(given=TOTP_LINK).status)
        self.assertEqual(0, self.verify(totp.now(), given=TOTP_LINK).status)

    def test_the_code_from_standard_input(self) -> None:
        """Where the secret is in a file, the code may come from standard input, or be asked for."""
        file = self.folder / "link"
        file.write_text(HOTP_LINK, encoding="utf-8")
        self.enroll()
        given = (*self.where, "--secret", str(file))
        self.assertEqual(Session(0, "accepted\n", ""), run("verify", *given, stdin=f"{CODES[1]}\n"))
        asked = run("verify", *given, stdin=f"{CODES[2]}\n", terminal=True)
        self.assertEqual(Session(0, "accepted\n", "Code: "), asked)
        for wrong in (b"", b"\n", b"\xff\xfe", b"12345\n"):
            self.assertEqual(Session(1, "", MALFORMED), run("verify", *given, stdin=wrong))
        one = "onetime: give one code, or three consecutive codes\n"
        for wrong in (b"12345\n6", b"755224\n287082", b"755224\n" * 4):
            self.assertEqual(Session(2, "", one), run("verify", *given, stdin=wrong))
        self.assertEqual(
            Session(2, "", "onetime: codes must have at most 1000 bytes\n"),
            run("verify", *given, stdin=b"\n" * 1001),
        )
        ended = run("verify", *given, terminal=True)
        self.assertEqual(Session(2, "", "Code: onetime: a code must be given\n"), ended)
        for number, line in enumerate(("{} {} {}", "{}-{}-{}", "{}{}{}", "\ufeff {} {} {}\r"), 1):
            three = line.format(*CODES[10 * number : 10 * number + 3])
            self.assertEqual(0, run("verify", *given, stdin=f"{three}\n").status, line)
        with (
            mock.patch.object(sys, "stdin", None),
            mock.patch.object(sys, "stdout", io.StringIO()),
            mock.patch.object(sys, "stderr", io.StringIO()),
        ):
            self.assertEqual(2, execute(["verify", *given]))

    def test_f80_three_codes_on_three_lines_or_in_one_argument(self) -> None:
        """F80: what `code --count 3` prints is three codes, and so is one argument with spaces in it."""
        file = self.folder / "secret"
        file.write_text(BASE32, encoding="utf-8")
        given = (*self.where, "--hotp", "--secret", str(file))
        self.enroll("--hotp", CODES[0], given=BASE32)
        for start, line in (
            (50, "{}\n{}\n{}\n"),
            (60, "\ufeff{}\r\n\r\n {} \r\n{}"),
            (70, "{}\n\n{}\n{}\n\n"),
        ):
            with self.subTest(line):
                piped = line.format(*CODES[start : start + 3])
                self.assertEqual(Session(0, "accepted\n", ""), run("verify", *given, stdin=piped))
        printed = run("code", "--hotp", "--counter", "80", "--count", "3", stdin=BASE32).out
        self.assertEqual(Session(0, "accepted\n", ""), run("verify", *given, stdin=printed))
        for start, line in ((90, "{} {} {}"), (100, "{}-{}-{}"), (110, " {}{}{}\n")):
            with self.subTest(line):
                quoted = line.format(*CODES[start : start + 3])
                self.assertEqual(Session(0, "accepted\n", ""), run("verify", *given, quoted))
        printed = run("code", "--hotp", "--counter", "150", "--count", "3", stdin=BASE32).out
        self.assertEqual(Session(0, "enrolled\n", ""), run("enroll", *given, "--replace", stdin=printed))

    def test_the_answer_does_not_wait_for_the_end_of_a_pipe(self) -> None:
        """A program that keeps the pipe open gets its answer, for one code and for three lines at once."""
        file = self.folder / "link"
        file.write_text(HOTP_LINK, encoding="utf-8")
        given = (*self.where, "--secret", str(file))
        self.enroll(CODES[1])
        three = [f"{code}\n" for code in CODES[40:43]]
        for pieces, ends in (
            ([f"{CODES[2]}\n"], False),
            ([CODES[3], "\n"], False),
            (["".join(three)], False),
            ([CODES[43]], True),
        ):
            with self.subTest(pieces):
                self.assertEqual((0, "accepted\n"), self.through_pipe(given, pieces, ends=ends))
        posix()
        three = [f"{code}\n" for code in CODES[50:53]]
        with mock.patch("onetime.cli.verification.SILENCE", PATIENCE):
            self.assertEqual((0, "accepted\n"), self.through_pipe(given, three, ends=True))

    def through_pipe(self, given: tuple[str, ...], pieces: list[str], *, ends: bool) -> tuple[int, str]:
        """Run verify on a pipe into which the pieces are written one by one."""
        reader, writer = os.pipe()
        late = threading.Event()

        def write() -> None:
            with os.fdopen(writer, "wb", buffering=0) as pipe:
                for piece in pieces:
                    pipe.write(piece.encode())
                    time.sleep(0.01)
                late.wait(0 if ends else PATIENCE)

        thread = threading.Thread(target=write)
        with (
            os.fdopen(reader, encoding="utf-8") as stdin,
            mock.patch.object(sys, "stdin", stdin),
            mock.patch.object(sys, "stdout", io.StringIO()) as out,
        ):
            thread.start()
            try:
                status = execute(["verify", *given])
                self.assertTrue(ends or thread.is_alive(), "the end of the pipe was waited for")
            finally:
                late.set()
                thread.join()
        return status, out.getvalue()

    def test_f80_enroll_reads_the_code_from_standard_input(self) -> None:
        """F80, F23: as verify does; only an empty line or nothing means that there is no code."""
        file = self.folder / "link"
        file.write_text(HOTP_LINK, encoding="utf-8")
        given = (*self.where, "--secret", str(file))
        for wrong, expected in (
            ("000000\n", Session(1, "", f"{INCORRECT}{STEP}\n")),
            ("00000\n", Session(1, "", MALFORMED)),
            ("x", Session(1, "", MALFORMED)),
            (
                f"{CODES[1]}\n{CODES[2]}\n",
                Session(2, "", "onetime: give one code, three consecutive codes, or none\n"),
            ),
        ):
            with self.subTest(wrong):
                self.assertEqual(expected, run("enroll", *given, stdin=wrong))
        self.assertEqual(Session(1, "", MALFORMED), run("enroll", *given, "", stdin=CODES[1]))
        self.assertEqual(Session(0, "enrolled\n", ""), run("enroll", *given, stdin=f"{CODES[1]}\n"))
        self.assertEqual(1, run("verify", *given, stdin=f"{CODES[1]}\n").status)
        for name, nothing in (("a", ""), ("b", "\n"), ("c", " \r\n")):
            more = ("--store", str(self.folder / "otp.db"), "--user", name, "--secret", str(file))
            self.assertEqual(Session(0, "enrolled\n", UNCONFIRMED), run("enroll", *more, stdin=nothing))
        told = " ".join(run("enroll", "--help").out.split())
        self.assertIn(
            "when standard input is not a terminal, as in a loop of a shell, give </dev/null.", told
        )
        more = ("--store", str(self.folder / "otp.db"), "--user", "d", "--secret", str(file))
        with (
            mock.patch.object(sys, "stdin", None),
            mock.patch.object(sys, "stdout", io.StringIO()),
            mock.patch.object(sys, "stderr", io.StringIO()) as err,
        ):
            self.assertEqual(0, execute(["enroll", *more]))
        self.assertEqual(UNCONFIRMED, err.getvalue())

    def test_misuse(self) -> None:
        """What cannot be served ends with 2, and enrolls nobody."""
        self.assertEqual(
            Session(2, "", "onetime: the store must exist; onetime enroll creates it\n"),
            self.verify(CODES[1]),
        )
        self.assertEqual([], list(self.folder.iterdir()))
        self.assertEqual(2, self.enroll(*CODES[:2]).status)
        self.assertEqual(2, run("enroll", "--user", "alice", stdin=HOTP_LINK).status)
        self.assertEqual(2, run("enroll", "--store", ":memory:", "--user", "a", stdin=HOTP_LINK).status)
        with mock.patch("getpass.getpass") as asked:  # before anything is asked for
            self.assertEqual(2, run("verify", *self.where, terminal=True).status)
        asked.assert_not_called()
        self.enroll()
        one = "onetime: give one code, or three consecutive codes\n"
        self.assertEqual(Session(2, "", one), self.verify())
        self.assertEqual(Session(2, "", one), self.verify(*CODES[:2]))
        self.assertEqual(2, run("verify", *self.where[:2], "--user", "", CODES[0], stdin=HOTP_LINK).status)
        self.assertEqual(2, self.enroll(given="JBSWY3DPEHPK3PXP").status)
        self.assertEqual(2, self.enroll(given="otpauth://totp/a").status)

    def test_a_store_that_fails_is_no_refusal(self) -> None:
        """A damaged store ends with 2, and nobody gets in."""
        (self.folder / "otp.db").write_bytes(b"no database" * 1000)
        session = self.verify(CODES[1])
        self.assertEqual((2, ""), (session.status, session.out))
        self.assertRegex(session.err, r"\Aonetime: [^\n]+\n\Z")


class Prompts(Verification):
    """What is missing is asked for on a terminal."""

    def asked(self, command: str, typed: str, *arguments: str, secret: str = HOTP_LINK) -> Session:
        """Run a command on a terminal on which a secret and then a line is typed."""
        with mock.patch("getpass.getpass", return_value=secret) as hidden:
            session = run(command, *self.where, *arguments, stdin=typed, terminal=True)
        hidden.assert_called_once_with("Link or secret: ")
        return session

    def test_the_secret_and_then_the_code(self) -> None:
        """F80: both commands ask for both; an empty answer enrolls without a code."""
        question = "Code (empty to skip): "
        wrong = f"{question}{INCORRECT}{STEP}\n"
        self.assertEqual(Session(1, "", wrong), self.asked("enroll", f"{CODES[99]}\n"))
        self.assertEqual(Session(0, "enrolled\n", question), self.asked("enroll", f"{CODES[1]}\n"))
        self.assertEqual(Session(0, "accepted\n", "Code: "), self.asked("verify", f"{CODES[2]}\n"))
        session = self.asked("enroll", "\n", "--device", "key", secret=BASE32[:-1] + "A")
        self.assertEqual(Session(0, "enrolled\n", f"{question}{UNCONFIRMED}"), session)
        session = self.asked("verify", "\n")
        self.assertEqual(Session(1, "", f"Code: {MALFORMED}"), session)
        self.assertEqual(2, self.asked("enroll", "").status)

    def test_what_is_given_is_not_asked_for(self) -> None:
        """F80: with a code among the arguments only the secret is asked for."""
        self.assertEqual(Session(0, "enrolled\n", ""), self.asked("enroll", "", CODES[1]))
        self.assertEqual(Session(0, "accepted\n", ""), self.asked("verify", "", CODES[2]))

    def test_without_standard_error_the_question_is_not_asked(self) -> None:
        """F80: standard output has the answer alone, whatever is closed."""
        self.enroll()
        file = self.folder / "link"
        file.write_text(HOTP_LINK, encoding="utf-8")
        with (
            mock.patch.object(sys, "stdin", Input(f"{CODES[1]}\n".encode(), terminal=True)),
            mock.patch.object(sys, "stdout", io.StringIO()) as out,
            mock.patch.object(sys, "stderr", None),
        ):
            self.assertEqual(0, execute(["verify", *self.where, "--secret", str(file)]))
        self.assertEqual("accepted\n", out.getvalue())

    def test_three_codes_are_typed_in_one_line(self) -> None:
        """F80, F82: the way in while throttled needs no other command."""
        self.asked("enroll", " ".join(CODES[40:43]))
        for _ in range(5):
            self.verify(CODES[0])
        self.assertEqual(1, self.asked("verify", CODES[43]).status)
        three = " ".join(f"{code[:3]} {code[3:]}" for code in CODES[43:46])
        self.assertEqual(Session(0, "accepted\n", "Code: "), self.asked("verify", f"{three}\n"))


class Refusals(Verification):
    """Whoever runs the command owns the store."""

    def refusal(self, *codes: str, given: str = HOTP_LINK, at: float = 1_800_000_000) -> str:
        """Verify codes at a time, and return what is said of their refusal."""
        with mock.patch("time.time", return_value=at):
            session = self.verify(*codes, given=given)
        self.assertEqual((1, ""), (session.status, session.out))
        return session.err.removeprefix("onetime: ").rstrip("\n")

    def test_a_bare_secret_of_a_hotp(self) -> None:
        """F81: --hotp says it, without a counter that means nothing; without it the message does."""
        self.assertEqual(0, self.enroll("--hotp", CODES[0], given=BASE32).status)
        self.assertEqual(Session(0, "accepted\n", ""), self.verify("--hotp", CODES[1], given=BASE32))
        self.assertEqual(
            'other credential: the device "default" is an HOTP, and the given credential is a TOTP; '
            "use --hotp to read a secret as an HOTP",
            self.refusal(CODES[2], given=BASE32),
        )

    def test_f81_the_counter_is_that_of_the_store(self) -> None:
        """F81: --counter says HOTP and no more, as the help and a message say."""
        self.enroll("--hotp", CODES[0], given=BASE32)
        said = "onetime: --counter is not used, because the store has the counter\n"
        for counter, given in (("1", BASE32), ("90", BASE32), ("90", HOTP_LINK)):
            with self.subTest(counter, given=given):
                code = HOTP(SECRET).at(self.next_counter())
                session = self.verify("--counter", counter, code, given=given)
                self.assertEqual(Session(0, "accepted\n", said), session)
        for command, words in (
            ("verify", "the store has the counter"),
            ("enroll", "an HOTP, at this counter"),
        ):
            self.assertIn(words, " ".join(run(command, "--help").out.split()))

    def next_counter(self) -> int:
        """Return the counter that alice's device expects."""
        with SQLStore.sqlite(self.folder / "otp.db") as store:
            state = Verifier(store).state("alice")
        assert state is not None
        return state.devices["default"].watermark

    def test_another_credential(self) -> None:
        """F81: the message says what is enrolled, and what was given."""
        self.enroll()
        another = 'other credential: the device "default" is an HOTP with another secret or other settings'
        self.assertEqual(another, self.refusal(CODES[1], given=f"{HOTP_LINK}&digits=8"))
        self.assertEqual(
            'not enrolled: the device "key" is not enrolled; enrolled devices: default (HOTP)',
            self.refusal("--device", "key", CODES[1]),
        )
        self.enroll("--replace", given=TOTP_LINK)
        self.assertEqual(
            'other credential: the device "default" is a TOTP, and the given credential is an HOTP',
            self.refusal(CODES[1]),
        )

    def test_until_when(self) -> None:
        """F82: the time of the next check, and that three codes are checked now."""
        self.enroll()
        for failures in range(1, 5):
            self.assertEqual(
                "incorrect: no code within the window matches; "
                f"failures since the last success: {failures}{STEP}",
                self.refusal("000000"),
            )
        until = (
            "the next code is checked at 2027-01-15T08:00:30Z (in {}); "
            "three consecutive codes are checked now"
        )
        self.assertEqual(
            "incorrect: no code within the window matches; failures since the last success: 5; "
            + until.format("30 s"),
            self.refusal("000000"),
        )
        throttled = "throttled: too many codes were wrong, so the code was not checked; "
        self.assertEqual(throttled + until.format("25 s"), self.refusal("000000", at=1_800_000_005.5))
        session = self.verify(*CODES[50:53])
        self.assertEqual(Session(0, "accepted\n", ""), session)

    def test_out_of_step_is_said_of_counters_only(self) -> None:
        """The clock of a TOTP is within the window unless it is wrong; a counter moves with each press."""
        self.enroll(given=TOTP_LINK)
        said = self.refusal("000000", given=TOTP_LINK)
        self.assertEqual(f"{INCORRECT}; failures since the last success: 1", f"onetime: {said}")

    def test_hours(self) -> None:
        """F82: a long time is said in hours and minutes."""
        self.enroll()
        at = 1_800_000_000
        for _ in range(13):
            self.refusal("000000", at=at)
            at += 3600
        said = self.refusal("000000", at=at - 3600)
        self.assertIn("checked at 2027-01-15T21:00:00Z (in 1 h);", said)
        self.assertIn("(in 59 min 59 s);", self.refusal("000000", at=at - 3599))

    def test_three_codes_that_are_wrong(self) -> None:
        """F82: near misses are told apart, and when three codes are checked again."""
        self.enroll()
        nowhere = (
            "incorrect: the three codes match nowhere within the window; if the token is more than 97 codes "
            "ahead, raise the counter: onetime enroll --replace --counter N, without a code"
        )
        self.assertEqual(nowhere, self.refusal(*CODES[150:153]))
        for _ in range(10):
            self.assertEqual(nowhere, self.refusal(CODES[30], CODES[31], "000000"))
        again = "2027-01-15T22:24:00Z (in 14 h 24 min)"
        self.assertEqual(
            "throttled: there were too many near misses, so the codes were not checked; "
            f"three codes are checked again at {again}",
            self.refusal(*CODES[30:33]),
        )
        for _ in range(4):
            self.refusal("000000")
        said = self.refusal("000000")
        self.assertIn(f"three consecutive codes are checked at {again}", said)

    def test_a_token_far_ahead(self) -> None:
        """F82: the advice for a token that is more than 97 codes ahead works."""
        self.enroll()
        given = (*self.where, "--hotp")
        advised = run("enroll", *given, "--replace", "--counter", "145", stdin=BASE32)
        self.assertEqual((0, "enrolled\n"), (advised.status, advised.out))
        self.assertEqual(0, run("verify", *given, *CODES[150:153], stdin=BASE32).status)

    def test_a_user_whom_a_program_disabled(self) -> None:
        """F82: what ends it is said."""
        self.enroll()
        with SQLStore.sqlite(self.folder / "otp.db") as store:
            verifier = Verifier(store, policy=Policy(disable_after=1))
            with self.assertRaises(VerificationError):
                verifier.verify("alice", HOTP(SECRET), "000000")
        self.assertEqual(
            "disabled: every code of the user is refused until onetime unlock", self.refusal(CODES[1])
        )
        self.assertEqual(Session(0, "unlocked\n", ""), run("unlock", *self.where))
        self.assertEqual(Session(0, "accepted\n", ""), self.verify(CODES[1]))

    def test_too_many_devices(self) -> None:
        """The reason is that of the library, as JSON has it."""
        for number in range(10):
            link = HOTP_LINK.replace("GEZD", f"GEZ{'KLMNOPQRST'[number]}")
            self.assertEqual(0, self.enroll("--device", f"d{number}", given=link).status)
        session = self.enroll("--json", "--device", "d10")
        self.assertEqual(
            (1, {"enrolled": False, "reason": "too_many_devices"}), (session.status, json.loads(session.out))
        )
        self.assertTrue(session.err.endswith("onetime: too many devices: the user already has 10 devices\n"))
