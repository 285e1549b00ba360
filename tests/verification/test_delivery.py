"""Random codes that are sent."""

import hmac
import random
import unittest
from functools import partial
from itertools import pairwise
from typing import Any
from unittest import mock

from onetime.errors import (
    ExpiredCodeError,
    IncorrectCodeError,
    MalformedCodeError,
    NotIssuedError,
    ReplayedCodeError,
    StoreError,
    ThrottledError,
)
from onetime.secret import Secret
from onetime.storage.memory import MemoryStore
from onetime.verification import record
from onetime.verification.delivery import Delivered, DeliveredCodes
from tests.support import thorough
from tests.support.stand_ins import (
    NOT_CODES,
    NOW,
    Clock,
    TrippingStore,
    damaged,
    outcome,
    revealed,
    together,
)

PEPPER = Secret(b"sixteen bytes...")
YEAR = 365 * 86_400


def wrong(code: str, by: int = 1) -> str:
    """Make another code of the same length."""
    return f"{(int(code) + by) % 10 ** len(code):0{len(code)}}"


class Case(unittest.TestCase):
    """A store, a clock, and codes that wait for nothing between two sendings."""

    def setUp(self) -> None:
        self.store = MemoryStore()
        self.clock = Clock()
        self.codes = self.make(pause=0)

    def make(self, **options: Any) -> DeliveredCodes:
        """Make codes over the same store and clock."""
        return DeliveredCodes(self.store, PEPPER, clock=self.clock, **options)

    def miss(self, times: int, code: str, key: str = "alice") -> None:
        """Type a wrong code so many times, and have each judged."""
        for _ in range(times):
            with self.assertRaises(IncorrectCodeError):
                self.codes.verify(key, wrong(code))

    def assert_throttled(self, retry_at: int, code: str) -> None:
        """Have a code refused until a time."""
        with self.assertRaises(ThrottledError) as caught:
            self.codes.verify("alice", code)
        self.assertEqual(retry_at, caught.exception.retry_at)


class Acceptance(Case):
    def test_a_code_is_accepted_once(self) -> None:
        """O01, N21, K16: the right code gives evidence; after that it is a replay, which is not charged."""
        code = self.codes.issue("alice")
        self.clock.now += 17.5
        self.assertEqual(Delivered(NOW, 0), self.codes.verify("alice", code))
        before = self.store.get("delivered/alice")
        for _ in range(20):
            with self.assertRaises(ReplayedCodeError):
                self.codes.verify("alice", code)
        self.assertEqual(before, self.store.get("delivered/alice"))

    def test_evidence_tells_of_failures(self) -> None:
        """The program learns how many wrong codes there were since the last success, over all codes."""
        self.miss(2, self.codes.issue("alice"))
        code = self.codes.issue("alice")
        self.miss(1, code)
        self.assertEqual(Delivered(NOW, 3), self.codes.verify("alice", code))
        self.assertEqual(Delivered(NOW, 0), self.codes.verify("alice", self.codes.issue("alice")))

    def test_separators_are_forgiven(self) -> None:
        """K30: spaces and hyphens that people type make no difference."""
        code = self.codes.issue("alice")
        self.assertEqual(Delivered(NOW, 0), self.codes.verify("alice", f" {code[:4]}-\xa0{code[4:]}\n"))

    def test_what_is_no_code_is_malformed(self) -> None:
        """K17, K21, K29, K30: pending code or none, it is refused, uncharged, and nothing else is raised."""
        code = self.codes.issue("alice")
        before = self.store.get("delivered/alice")
        texts = [
            *NOT_CODES,
            *(code[:-1], f"{code}0", f"{code}.", f"+{code[1:]}", f"_{code[1:]}", f"{code[0]}_{code[1:]}"),
            *("●" * 8, "１２３４５６７８", "²" * 8, "٢٨٧٠٨٢٨٧", "\ud800" * 8, "0x123456", "1e000000", "None"),
            *(int(code), float(code), code.encode(), [code], (code,), list(code)),
        ]
        for key in ("alice", "bob", " "):
            for text in texts:
                with self.subTest(key=key, text=text):
                    with self.assertRaises(MalformedCodeError):
                        self.codes.verify(key, text)  # type: ignore[arg-type]  # what a user types
        self.assertEqual(before, self.store.get("delivered/alice"))
        self.assertIsNone(self.store.get("delivered/bob"))

    def test_nothing_pending(self) -> None:
        """K17: where no code was issued, none is right, and nothing is stored."""
        for code in ("00000000", "12345678"):
            with self.assertRaises(ExpiredCodeError):
                self.codes.verify("alice", code)
        self.assertIsNone(self.store.get("delivered/alice"))

    def test_a_new_code_ends_the_old_one(self) -> None:
        """One code is good at a time."""
        old = self.codes.issue("alice")
        new = self.codes.issue("alice")
        with self.assertRaises(IncorrectCodeError):
            self.codes.verify("alice", old)
        self.assertEqual(Delivered(NOW, 1), self.codes.verify("alice", new))

    def test_a_code_is_for_one_key(self) -> None:
        """H28: what was sent to one person opens nothing of another's, and charges the other."""
        code = self.codes.issue("alice")
        self.codes.issue("bob")
        with mock.patch("secrets.randbits", return_value=5):
            for key in ("carol", "dave"):
                with mock.patch("secrets.randbelow", return_value=int(code)):
                    self.codes.issue(key)
        with self.assertRaises(IncorrectCodeError):
            self.codes.verify("bob", code)
        carol, dave = (self.store.get(f"delivered/{key}") for key in ("carol", "dave"))
        self.assertNotEqual(carol, dave, "the key is in the MAC")
        self.assertTrue(self.store.swap("delivered/dave", dave, carol))
        with self.assertRaises(IncorrectCodeError):
            self.codes.verify("dave", code)
        self.assertEqual(Delivered(NOW, 0), self.codes.verify("alice", code))

    def test_a_code_is_for_one_purpose(self) -> None:
        """O08: used for anything else, it is a failure like any other."""
        code = self.codes.issue("alice", "login 17")
        for purpose in ("", "login 18", "login 1", "Login 17"):
            with self.subTest(purpose):
                with self.assertRaises(IncorrectCodeError):
                    self.codes.verify("alice", code, purpose)
        self.assertEqual(Delivered(NOW, 4), self.codes.verify("alice", code, "login 17"))

    def test_key_and_purpose_do_not_run_together(self) -> None:
        """O08: each part of the MAC has its length."""
        with mock.patch("secrets.randbits", return_value=5), mock.patch("secrets.randbelow", return_value=7):
            for key, purpose in (("ab", "c"), ("a", "bc"), ("abc", "")):
                self.codes.issue(key, purpose)
        records = {self.store.get(f"delivered/{key}") for key in ("ab", "a", "abc")}
        self.assertEqual(3, len(records))

    def test_the_pepper_counts(self) -> None:
        """A code that another pepper made is wrong."""
        code = DeliveredCodes(self.store, Secret(b"another pepper..."), clock=self.clock).issue("alice")
        with self.assertRaises(IncorrectCodeError):
            self.codes.verify("alice", code)

    def test_compared_in_constant_time(self) -> None:
        """The verdict is that of hmac.compare_digest, over two MACs of 32 bytes."""
        code = self.codes.issue("alice")
        with mock.patch("hmac.compare_digest", wraps=hmac.compare_digest) as compare:
            self.miss(1, code)
            self.codes.verify("alice", code)
        self.assertEqual([[32, 32]] * 2, [[len(part) for part in call.args] for call in compare.mock_calls])
        with mock.patch("hmac.compare_digest", return_value=False):
            self.miss(1, code)

    def test_forgotten(self) -> None:
        """O06: what is revoked is gone, its spent tries too; to forget nothing is no error."""
        code = self.codes.issue("alice")
        self.miss(5, code)
        self.codes.forget("alice")
        self.codes.forget("alice")
        with self.assertRaises(ExpiredCodeError):
            self.codes.verify("alice", code)
        self.assertEqual(Delivered(NOW, 0), self.codes.verify("alice", self.codes.issue("alice")))


class Lifetime(Case):
    def test_ten_minutes(self) -> None:
        """N21, N25, O05: after 600 s a code is good, after 601 s it is not, and never after more than 600."""
        for issued, age, end in (
            (0, 0, "Delivered"),
            (0, 600, "Delivered"),
            (0, 600.001, "ExpiredCodeError"),
            (0, 601, "ExpiredCodeError"),
            (0.75, 599, "Delivered"),
            (0.75, 600.01, "ExpiredCodeError"),
            (0, YEAR, "ExpiredCodeError"),
        ):
            with self.subTest(issued=issued, age=age):
                self.clock.now = NOW + issued
                self.codes.forget("alice")
                code = self.codes.issue("alice")
                self.clock.now += age
                self.assertEqual(end, outcome(lambda: self.codes.verify("alice", code)))  # noqa: B023 - called here

    def test_shorter(self) -> None:
        """A program may give less time."""
        self.codes = self.make(lifetime=60)
        for age, end in ((60, "Delivered"), (61, "ExpiredCodeError")):
            self.codes.forget("alice")
            code = self.codes.issue("alice")
            self.clock.now += age
            self.assertEqual(end, outcome(partial(self.codes.verify, "alice", code)))

    def test_too_old_is_not_charged(self) -> None:
        """A code that comes too late is no guess, right or wrong."""
        code = self.codes.issue("alice")
        before = self.store.get("delivered/alice")
        self.clock.now += 601
        for typed in [code, wrong(code)] * 5:
            with self.assertRaises(ExpiredCodeError):
                self.codes.verify("alice", typed)
        self.assertEqual(before, self.store.get("delivered/alice"))

    def test_a_used_code_does_not_outlive_its_time(self) -> None:
        """Right, used and too old is too old."""
        code = self.codes.issue("alice")
        self.codes.verify("alice", code)
        self.clock.now += 601
        with self.assertRaises(ExpiredCodeError):
            self.codes.verify("alice", code)

    def test_the_first_second_of_1970(self) -> None:
        """K40: 0 is a time like any other."""
        self.clock.now = 0
        code = self.codes.issue("alice")
        self.miss(4, code)
        self.assertEqual(Delivered(0, 4), self.codes.verify("alice", code))

    def test_a_clock_that_went_back(self) -> None:
        """A code from later than now is refused, uncharged; it is good when its time comes."""
        code = self.codes.issue("alice")
        self.clock.now -= 1
        for _ in range(9):
            with self.assertRaises(ExpiredCodeError):
                self.codes.verify("alice", code)
        self.clock.now += 1
        self.assertEqual(Delivered(NOW, 0), self.codes.verify("alice", code))


class Tries(Case):
    def test_five(self) -> None:
        """N21, O09, K13: the sixth try is not judged, right or wrong, also by objects made anew."""
        code = self.codes.issue("alice")
        for _ in range(5):
            self.codes = self.make()
            self.miss(1, code)
        before = self.store.get("delivered/alice")
        for typed in (code, wrong(code)) * 3:
            self.codes = self.make()
            self.assert_throttled(NOW + 600, typed)
        self.assertEqual(before, self.store.get("delivered/alice"), "neither charged nor prolonged")

    def test_the_fifth_try_may_be_right(self) -> None:
        """Four typing errors cost nothing."""
        code = self.codes.issue("alice")
        self.miss(4, code)
        self.assertEqual(Delivered(NOW, 4), self.codes.verify("alice", code))

    def test_sending_again_gives_no_tries(self) -> None:
        """N22, K41: fail 4, send again, fail 1: throttled, for verifying and for sending."""
        self.miss(4, self.codes.issue("alice"))
        code = self.codes.issue("alice")
        self.miss(1, code)
        self.assert_throttled(NOW + 600, code)
        with self.assertRaises(NotIssuedError) as caught:
            self.codes.issue("alice")
        self.assertEqual(NOW + 600, caught.exception.retry_at)

    def test_success_gives_no_tries(self) -> None:
        """A guesser does not profit from the owner's logins."""
        code = self.codes.issue("alice")
        self.miss(4, code)
        self.codes.verify("alice", code)
        code = self.codes.issue("alice")
        self.miss(1, code)
        self.assert_throttled(NOW + 600, code)

    def test_a_try_comes_back_every_ten_minutes(self) -> None:
        """One, at 600 s and not before; all five after 3000 s."""
        self.miss(5, self.codes.issue("alice"))
        self.clock.now = NOW + 599.999
        with self.assertRaises(NotIssuedError):
            self.codes.issue("alice")
        self.clock.now = NOW + 600
        code = self.codes.issue("alice")
        self.miss(1, code)
        self.assert_throttled(NOW + 1200, code)
        self.clock.now = NOW + 600 + 3000
        code = self.codes.issue("alice")
        self.miss(5, code)
        self.assert_throttled(NOW + 3600 + 600, code)

    def test_a_try_that_came_back_is_for_the_next_code(self) -> None:
        """N21: at 600 s a code is still good and a try is back; it is not judged a sixth time."""
        code = self.codes.issue("alice")
        self.miss(5, code)
        self.clock.now = NOW + 600
        before = self.store.get("delivered/alice")
        for typed in (code, wrong(code)):
            with self.assertRaises(ExpiredCodeError):
                self.codes.verify("alice", typed)
        self.assertEqual(before, self.store.get("delivered/alice"))
        self.assertEqual(Delivered(NOW + 600, 5), self.codes.verify("alice", self.codes.issue("alice")))

    def test_used_codes_are_guessed_at_no_further(self) -> None:
        """Wrong tries after the use of a code are charged as before it."""
        code = self.codes.issue("alice")
        self.codes.verify("alice", code)
        self.miss(5, code)
        self.assert_throttled(NOW + 600, code)

    def test_accounts_are_counted_apart(self) -> None:
        """H28, N19: failures on one do not touch the other."""
        code = self.codes.issue("bob")
        self.miss(5, self.codes.issue("alice"))
        self.assertEqual(Delivered(NOW, 0), self.codes.verify("bob", code))

    def test_a_clock_that_jumped_delays_nobody_for_a_year(self) -> None:
        """F21, K39: forward and back: the failures that lie ahead count as of now, and no longer."""
        self.clock.now = NOW + YEAR
        self.miss(5, self.codes.issue("alice"))
        self.clock.now = NOW
        for later in (0, 300, 599):
            self.clock.now = NOW + later
            with self.assertRaises(NotIssuedError) as caught:
                self.codes.issue("alice")
            self.assertEqual(NOW + 600, caught.exception.retry_at)
        self.clock.now = NOW + 600
        code = self.codes.issue("alice")
        self.assertEqual(Delivered(NOW + 600, 5), self.codes.verify("alice", code))

    def test_a_clock_that_jumps_within_the_life_of_a_code(self) -> None:
        """The bound that a jump back leads to is stored at the first refusal, and does not begin anew."""
        self.codes = self.make(tries=2, refill=100, pause=0)
        code = self.codes.issue("alice")
        self.clock.now += 600
        self.miss(2, code)
        self.clock.now -= 300
        for later in (0, 50, 99):
            self.clock.now = NOW + 300 + later
            self.assert_throttled(NOW + 400, code)

    def test_never_more_than_five_at_one_code(self) -> None:
        """N21: whatever is done and however the clock jumps, over many settings (seed 63)."""
        source = random.Random(63)
        reached = 0
        for _ in range(150):
            tries, refill, pause = source.randint(1, 6), source.choice((1, 20, 600)), source.choice((0, 30))
            self.codes = self.make(digits=10, tries=tries, refill=refill, pause=pause)
            self.codes.forget("alice")
            code, judged = "0000000000", 0
            for _ in range(60):
                self.clock.now += source.choice((0, 0, 0, 1, 29, 30, 599, 600, -1, -600, YEAR, -YEAR))
                self.clock.now = max(self.clock.now, 0)
                if source.random() < 0.15:
                    try:
                        code, judged = self.codes.issue("alice"), 0
                    except NotIssuedError:
                        continue
                else:
                    judged += (
                        outcome(partial(self.codes.verify, "alice", wrong(code))) == "IncorrectCodeError"
                    )
                self.assertLessEqual(judged, tries)
                reached += judged == tries
        self.assertGreater(reached, 100)

    def test_guesses_in_a_year(self) -> None:
        """O09, K41: an attacker who guesses without pause has 5 guesses, and 52,560 a year, checked."""
        seconds = thorough(YEAR, YEAR // 10)
        end, judged, code = NOW + seconds, 0, ""
        while self.clock.now < end:
            try:
                code = code or self.codes.issue("alice")
                self.codes.verify("alice", wrong(code))
            except IncorrectCodeError:
                judged += 1
            except (NotIssuedError, ThrottledError) as error:
                self.clock.now, code = error.retry_at, ""
        self.assertEqual(seconds // 600 + 5 - 1, judged, "the next one would be the first of the next year")
        self.assertEqual(52_565, self.codes.limits.guesses_per_year)


class Sending(Case):
    def test_pause(self) -> None:
        """N23: a second sending waits 30 s, and the refusal changes nothing."""
        self.codes = self.make()
        code = self.codes.issue("alice")
        self.codes.issue("bob")
        before = self.store.get("delivered/alice")
        for later in (0, 15, 29.999):
            self.clock.now = NOW + later
            with self.assertRaises(NotIssuedError) as caught:
                self.codes.issue("alice")
            self.assertEqual(NOW + 30, caught.exception.retry_at)
        self.assertEqual(before, self.store.get("delivered/alice"))
        self.assertEqual(Delivered(NOW, 0), self.codes.verify("alice", code))
        self.clock.now = NOW + 30
        self.codes.issue("alice")

    def test_the_pause_doubles(self) -> None:
        """F32, N23: from 30 s to an hour while no code comes back; a success begins anew."""
        self.codes = self.make()
        sent = []
        code = self.codes.issue("alice")
        for _ in range(10):
            with self.assertRaises(NotIssuedError) as caught:
                self.codes.issue("alice")
            sent.append(int(caught.exception.retry_at - self.clock.now))
            self.clock.now = caught.exception.retry_at
            code = self.codes.issue("alice")
        self.assertEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600], sent)
        self.codes.verify("alice", code)
        with self.assertRaises(NotIssuedError) as caught:
            self.codes.issue("alice")
        self.assertEqual(self.clock.now + 30, caught.exception.retry_at)
        self.clock.now += 30
        self.codes.issue("alice")

    def test_no_pause(self) -> None:
        """N23: with a pause of 0 there is none, however many are sent."""
        for _ in range(50):
            self.codes.issue("alice")

    def test_a_text_of_its_own(self) -> None:
        """F31: a user who asks again too early is not told that a code was wrong."""
        self.codes = self.make()
        self.codes.issue("alice")
        with self.assertRaises(NotIssuedError) as caught:
            self.codes.issue("alice")
        self.assertEqual("A new code cannot be sent yet. Please try again later.", str(caught.exception))
        self.assertEqual("not_issued", caught.exception.reason)

    def test_the_later_of_both_reasons(self) -> None:
        """N22: when no try is left and the pause is on, `retry_at` is when both are over."""
        for pause, retry_at in ((30, 600), (900, 900)):
            with self.subTest(pause=pause):
                self.codes = self.make(pause=pause)
                self.codes.forget("alice")
                self.miss(5, self.codes.issue("alice"))
                with self.assertRaises(NotIssuedError) as caught:
                    self.codes.issue("alice")
                self.assertEqual(NOW + retry_at, caught.exception.retry_at)

    def test_purge(self) -> None:
        """F32: what limits nothing any more is deleted: no debt, no code, and the longest pause is over."""
        self.codes = self.make()
        for number in range(1000):
            self.codes.issue(f"invented {number}@example.com")
        code = self.codes.issue("guessed at")
        self.miss(5, code, "guessed at")
        self.store.swap("otp/alice", None, "another record")
        self.clock.now = NOW + 3600
        self.assertEqual(0, self.codes.purge())
        self.clock.now = NOW + 3500
        self.codes.issue("recent")
        self.clock.now = NOW + 3601
        self.assertEqual(1001, self.codes.purge())
        self.assertEqual({"delivered/recent", "otp/alice"}, set(self.store._entries))
        self.clock.now = NOW + 3500 + 3601
        self.assertEqual(1, self.codes.purge())

    def test_a_store_that_cannot_list(self) -> None:
        """F32: purging needs `items`; a store without it is told apart."""

        class Bare:
            get, swap = self.store.get, self.store.swap

        with self.assertRaisesRegex(TypeError, "a method items"):
            DeliveredCodes(Bare(), PEPPER, clock=self.clock).purge()

    def test_a_clock_that_went_back(self) -> None:
        """N23: a little back, the pause holds; far back, the sending that lies ahead delays nobody."""
        self.codes = self.make()
        for back, end in ((29, "NotIssuedError"), (30, "str"), (YEAR, "str")):
            self.clock.now = NOW
            self.codes.forget("alice")
            self.codes.issue("alice")
            self.clock.now -= back
            self.assertEqual(end, outcome(lambda: self.codes.issue("alice")))

    def test_a_broken_store(self) -> None:
        """What could not be stored is not sent, and not accepted."""
        store = TrippingStore()
        codes = DeliveredCodes(store, PEPPER, clock=self.clock, pause=0)
        code = codes.issue("alice")
        store.broken = True
        for call in (lambda: codes.issue("alice"), lambda: codes.verify("alice", code)):
            with self.assertRaises(StoreError):
                call()
        with self.assertRaises(StoreError):
            codes.verify("alice", wrong(code))


class Parallel(Case):
    def test_one_of_many_threads_gets_in(self) -> None:
        """K14, O01: 64 threads with the right code, and one of them is accepted."""
        for _ in range(5):
            self.codes.forget("alice")
            code = self.codes.issue("alice")
            ends = together([lambda: self.codes.verify("alice", code)] * 64)  # noqa: B023 - called here
            self.assertEqual({"Delivered": 1, "ReplayedCodeError": 63}, ends)

    def test_many_threads_have_five_guesses(self) -> None:
        """O09: guesses at once cannot share a try."""
        code = self.codes.issue("alice")
        guesses = [partial(self.codes.verify, "alice", wrong(code, by)) for by in range(1, 65)]
        self.assertEqual({"IncorrectCodeError": 5, "ThrottledError": 59}, together([*guesses]))
        self.assert_throttled(NOW + 600, code)

    def test_many_threads_send_once(self) -> None:
        """N23: the pause holds between sendings at once."""
        self.codes = self.make()
        ends = together([lambda: self.codes.issue("alice")] * 64)
        self.assertEqual({"str": 1, "NotIssuedError": 63}, ends)

    def test_what_comes_in_between(self) -> None:
        """O06, K14: a code that is revoked, replaced or used while it is verified is not accepted."""
        store = TrippingStore()
        codes = DeliveredCodes(store, PEPPER, clock=self.clock, pause=0)
        for meanwhile, end in (
            (lambda code: codes.forget("alice"), "ExpiredCodeError"),
            (lambda code: codes.issue("alice"), "IncorrectCodeError"),
            (lambda code: codes.verify("alice", code), "ReplayedCodeError"),
        ):
            with self.subTest(end):
                code = codes.issue("alice")
                store.meanwhile = partial(meanwhile, code)
                self.assertEqual(end, outcome(partial(codes.verify, "alice", code)))

    def test_time_is_read_again(self) -> None:
        """N21: a swap that lost is decided anew, at the new time."""
        store = TrippingStore()
        codes = DeliveredCodes(store, PEPPER, clock=self.clock, pause=0)
        code = codes.issue("alice")

        def meanwhile() -> None:
            with self.assertRaises(IncorrectCodeError):
                codes.verify("alice", wrong(code))
            self.clock.now += 601

        store.meanwhile = meanwhile
        with self.assertRaises(ExpiredCodeError):
            codes.verify("alice", code)


class Records(Case):
    def test_no_code_is_in_a_record(self) -> None:
        """N18, O02: in the store are a kind, integers and a MAC; the same code twice gives other numbers."""
        records = set()
        for key in ("alice", "bob"):
            with mock.patch("secrets.randbelow", return_value=97_531_864):
                code = self.codes.issue(key)
            self.miss(1, code, key)
            text = self.store.get(f"delivered/{key}") or ""
            self.assertRegex(text, r"\Adelivered1( [0-9]+){10}\Z")
            self.assertNotIn(code, text)
            self.assertNotIn(code, f"{int(text.split()[8]):x} {int(text.split()[9]):x}")
            records.add(text.split()[-2])
        with mock.patch("secrets.randbelow", return_value=97_531_864):
            self.codes.issue("bob")
        records.add((self.store.get("delivered/bob") or "").split()[-2])
        self.assertEqual(3, len(records))

    def test_the_mac(self) -> None:
        """The MAC is HMAC-SHA256 of all parts, each after its length in eight bytes."""
        with mock.patch("secrets.randbits", return_value=5), mock.patch("secrets.randbelow", return_value=42):
            self.assertEqual("00000042", self.codes.issue("alice", "é"))
        message = (
            b"\0\0\0\0\0\0\0\x12onetime delivered1\0\0\0\0\0\0\0\x05alice\0\0\0\0\0\0\0\x02\xc3\xa9"
            b"\0\0\0\0\0\0\0\x10" + bytes(15) + b"\x05\0\0\0\0\0\0\0\x0800000042"
        )
        mac = hmac.new(PEPPER.to_bytes(), message, "sha256").hexdigest()
        self.assertEqual(int(mac, 16), int((self.store.get("delivered/alice") or "").split()[9]))

    def test_damage_is_found(self) -> None:
        """K43: a record with any character changed, lost or added is an error, and never an acceptance."""
        code = self.codes.issue("alice")
        self.miss(3, code)
        self.codes.verify("alice", code)
        text = old = self.store.get("delivered/alice") or ""
        count = 0
        for new in damaged(text):
            self.assertTrue(self.store.swap("delivered/alice", old, new))
            with self.assertRaises(StoreError, msg=new):
                self.codes.verify("alice", code)
            old, count = new, count + 1
        with self.assertRaises(StoreError):
            self.codes.issue("alice")
        self.assertEqual(old, self.store.get("delivered/alice"))
        self.assertGreater(count, 40 * len(text))

    def test_other_texts_are_errors(self) -> None:
        """K43: empty, of an unknown kind or version, too long, too large, and of other characters."""
        wide = [
            record.write("delivered1", [1 << width if i == j else 0 for j in range(9)])
            for i, width in enumerate([256] * 6 + [1, 128, 256])
        ]
        negative = [record.write("delivered1", [-(i == j) for j in range(9)]) for i in range(9)]
        for text in (
            *("", " ", "delivered1", "delivered1 0", "totp1 0 0 0 0 0 0 0 1 1", "delivered2 0 0 0 0 0 0 0 0"),
            *("delivered1" + " 0" * 10, "delivered1" + " 9" * 10, "delivered1 " + "9" * 10_000, "\ud800"),
            *(record.write("delivered1", [0] * count) for count in (0, 8, 10)),
            *(record.write("delivered1", [word] + [0] * 8) for word in ("٣", "00", "-0", "+1", "x", "")),
            record.write("delivered2", [0] * 9),
            *(*wide, *negative),
        ):
            with self.subTest(text[:40]):
                store = MemoryStore()
                store.swap("delivered/alice", None, text)
                codes = DeliveredCodes(store, PEPPER, clock=self.clock)
                for call in (codes.issue, partial(codes.verify, code="12345678")):
                    with self.assertRaises(StoreError):
                        call("alice")


class Randomness(Case):
    def test_from_the_operating_system(self) -> None:
        """N16, N29, O03, H40: codes are drawn by `secrets`, and not by the generator that can be foreseen."""
        with mock.patch("random._inst", None), mock.patch("random.random", side_effect=AssertionError):
            self.codes.issue("alice")
        with mock.patch("secrets.randbelow", return_value=7) as drawn:
            self.assertEqual("00000007", self.codes.issue("alice"))
        self.assertEqual([mock.call(10**8)], drawn.mock_calls)

    def test_length(self) -> None:
        """N21, N25, O04: 6 to 10 digits, zeros in front, up to the last one."""
        for digits in range(6, 11):
            codes = self.make(digits=digits, pause=0)
            for number in (0, 10**digits - 1):
                with mock.patch("secrets.randbelow", return_value=number):
                    code = codes.issue("alice")
                self.assertEqual(digits, len(code))
                self.assertEqual(number, int(code))
                self.assertEqual(Delivered(NOW, 0), codes.verify("alice", code))

    def test_codes_differ(self) -> None:
        """N16: of a hundred codes hardly two are the same, and every digit stands at every place."""
        drawn = [self.codes.issue("alice") for _ in range(400)]
        self.assertGreater(len(set(drawn)), 395)
        for place in range(8):
            self.assertEqual(set("0123456789"), {code[place] for code in drawn})
        self.assertGreater(sum(a < b for a, b in pairwise(drawn)), 100)


class Arguments(Case):
    def test_numbers(self) -> None:
        """N21, O04: what is out of range is refused; the edges are taken."""
        for options in (
            *(
                {"digits": 5},
                {"digits": 11},
                {"lifetime": 0},
                {"lifetime": 601},
                {"tries": 0},
                {"tries": 101},
            ),
            *({"refill": 0}, {"refill": YEAR + 1}, {"pause": -1}, {"pause": 3601}),
            *({"digits": 6, "refill": 300}, {"refill": 3}, {"digits": 4}),
        ):
            with self.subTest(options), self.assertRaises(ValueError):
                self.make(**options)
        for options in (
            *(
                {"digits": 6},
                {"digits": 10},
                {"lifetime": 1},
                {"lifetime": 600},
                {"tries": 1},
                {"tries": 100},
            ),
            *({"refill": YEAR}, {"refill": 4}, {"pause": 0}, {"pause": 3600}, {"digits": 10, "refill": 1}),
        ):
            with self.subTest(options):
                self.make(**options)
        for name in ("digits", "lifetime", "tries", "refill", "pause"):
            for value in (True, 8.0, "8", None):
                with self.subTest(name, value=value), self.assertRaises(TypeError):
                    self.make(**{name: value})

    def test_pepper(self) -> None:
        """A pepper is a Secret of 16 bytes at least."""
        DeliveredCodes(self.store, Secret(bytes(16)))
        with self.assertRaises(ValueError):
            DeliveredCodes(self.store, Secret(bytes(15)))
        with self.assertRaises(TypeError):
            DeliveredCodes(self.store, bytes(16))  # type: ignore[arg-type]  # a mistake

    def test_keys_and_purposes(self) -> None:
        """The programmer's mistakes are ValueError and TypeError, whatever is typed."""
        for key in ("", "a" * 256, "a\0", "\ud800", None, 7, b"alice"):
            for call in (
                partial(self.codes.issue),
                partial(self.codes.verify, code=""),
                partial(self.codes.forget),
            ):
                with self.subTest(key=key), self.assertRaises((TypeError, ValueError)):
                    call(key)  # type: ignore[arg-type]  # mistakes
        for error, purpose in ((TypeError, None), (TypeError, b"login"), (ValueError, "\ud800")):
            with self.subTest(purpose=purpose):
                with self.assertRaises(error):
                    self.codes.issue("alice", purpose)  # type: ignore[arg-type]  # mistakes
                with self.assertRaises(error):
                    self.codes.verify("alice", "", purpose)  # type: ignore[arg-type]  # mistakes
        self.assertIsNone(self.store.get("delivered/alice"))

    def test_a_clock_before_1970(self) -> None:
        """What could not be read again is not stored."""
        self.clock.now = -1
        with self.assertRaises(ValueError):
            self.codes.issue("alice")
        self.assertIsNone(self.store.get("delivered/alice"))

    def test_the_real_clock(self) -> None:
        """F22: without a clock it is the system's, looked up at each call."""
        codes = DeliveredCodes(self.store, PEPPER)
        with mock.patch("time.time", return_value=NOW + 0.5):
            self.assertEqual(Delivered(NOW, 0), codes.verify("alice", codes.issue("alice")))

    def test_risk_in_the_docstring(self) -> None:
        """The chances a year that the docstring names are those of 52,565 guesses."""
        text = " ".join((DeliveredCodes.__doc__ or "").split())
        for digits, percent in ((6, "5.1"), (7, "0.5"), (8, "0.05"), (9, "0.005"), (10, "0.0005")):
            exact = 100 * (1 - (1 - 10**-digits) ** 52_565)
            self.assertAlmostEqual(float(percent), exact, delta=exact / 10)
            self.assertIn(f"{percent} % with {digits}", text)

    def test_email_is_no_factor(self) -> None:
        """N20, N25, O10: the docstring says so, and that the address is confirmed first."""
        text = " ".join((DeliveredCodes.__doc__ or "").split())
        self.assertIn("E-mail is not a second factor", text)
        self.assertIn("must confirm the address", text)
        self.assertIn("not the one-time passwords of the RFCs", text)


class Redaction(Case):
    def test_errors_show_nothing(self) -> None:
        """H21: neither code nor pepper is in an error, its traceback, or the variables of our frames."""
        store = TrippingStore()
        codes = DeliveredCodes(store, PEPPER, clock=self.clock, pause=0)
        with mock.patch("secrets.randbelow", return_value=97_531_864):
            code = codes.issue("alice")
            store.broken = True
            self.assert_silent(StoreError, lambda: codes.issue("alice"))
        self.assert_silent(StoreError, lambda: codes.verify("alice", code))
        store.broken = False
        self.assert_silent(IncorrectCodeError, lambda: codes.verify("alice", code, "other"))
        self.assert_silent(MalformedCodeError, lambda: codes.verify("alice", f"{code}x"))
        self.assert_silent(ExpiredCodeError, lambda: codes.verify("bob", code))
        self.assert_silent(ValueError, lambda: codes.verify("alice", code, "\ud800"))
        self.assert_silent(ValueError, lambda: codes.verify("", code))
        codes.verify("alice", code)
        self.assert_silent(ReplayedCodeError, lambda: codes.verify("alice", code))
        for thing in (codes, codes.pepper, Delivered(NOW, 0)):
            self.assertNotIn("sixteen bytes", repr(thing))

    def assert_silent(self, error: type[Exception], call: Any) -> None:
        """Have an error raised that shows nothing."""
        text = revealed(error, call)
        for secret in ("97531864", "sixteen bytes"):
            self.assertNotIn(secret, text)
