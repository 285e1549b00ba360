"""Recovery codes."""

import hashlib
import hmac
import random
import unittest
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

from onetime.errors import (
    IncorrectCodeError,
    MalformedCodeError,
    NotEnrolledError,
    ReplayedCodeError,
    StoreError,
    ThrottledError,
)
from onetime.storage.memory import MemoryStore
from onetime.verification import record, recovery
from onetime.verification.policy import Limits
from onetime.verification.recovery import ALPHABET, RecoveryCodes, Redeemed
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


def wrong(code: str) -> str:
    """Make another code of the same number."""
    return code[:-1] + ("0" if code[-1] != "0" else "1")


class Case(unittest.TestCase):
    """Ten codes of alice's."""

    def setUp(self) -> None:
        self.store = TrippingStore()
        self.clock = Clock()
        self.recovery = RecoveryCodes(self.store, clock=self.clock)
        self.codes = self.recovery.issue("alice")

    def miss(self, times: int, code: str) -> None:
        """Type a wrong code so many times, and have each judged."""
        for _ in range(times):
            with self.assertRaises(IncorrectCodeError):
                self.recovery.verify("alice", wrong(code))

    def assert_throttled(self, retry_at: int, code: str) -> None:
        """Have a code refused until a time."""
        with self.assertRaises(ThrottledError) as caught:
            self.recovery.verify("alice", code)
        self.assertEqual(retry_at, caught.exception.retry_at)

    def record(self, key: str = "alice") -> str:
        """Give what the store has."""
        return self.store.get(f"recovery/{key}") or ""


class Form(Case):
    def test_form(self) -> None:
        """N16, N17, N24, H54: ten codes, numbered, of sixteen characters from 32, which are 80 bits."""
        self.assertEqual(10, len(self.codes))
        for number, code in enumerate(self.codes, 1):
            self.assertRegex(code, rf"\A{number}(-[{ALPHABET}]{{4}}){{4}}\Z")
        self.assertEqual(80, 16 * (len(set(ALPHABET)) - 1).bit_length())

    def test_no_confusion(self) -> None:
        """H54: of 0 and O, and of 1, I and L, the alphabet has one; the others are read as that one."""
        self.assertEqual(32, len(set(ALPHABET)))
        self.assertEqual(ALPHABET, ALPHABET.upper())
        self.assertTrue(ALPHABET.isascii() and ALPHABET.isalnum())
        for group in ("0O", "1IL"):
            self.assertEqual(1, len(set(group) & set(ALPHABET)))
        with mock.patch("secrets.choice", side_effect=("0123456789ABCDEF" * 10)):
            code, *_ = self.recovery.issue("alice")
        self.assertEqual("1-0123-4567-89AB-CDEF", code)
        self.assertEqual(1, self.recovery.verify("alice", "l-oi23-4567-89ab-cdef").number)

    def test_from_the_operating_system(self) -> None:
        """N29, O03, H40: drawn by `secrets`; in many codes all characters stand at all places."""
        with mock.patch("random._inst", None), mock.patch("random.random", side_effect=AssertionError):
            codes = self.recovery.issue("alice")
        with mock.patch.object(recovery, "_hash", return_value=bytes(32)):
            for _ in range(60):
                codes += self.recovery.issue("alice")
        self.assertEqual(610, len({code.split("-", 1)[1] for code in codes}))
        for place in range(1, 20):
            characters = {code[-place] for code in codes}
            self.assertEqual({"-"} if place % 5 == 0 else set(ALPHABET), characters)
        with mock.patch("secrets.choice", return_value="7") as drawn:
            self.assertEqual("10-7777-7777-7777-7777", self.recovery.issue("alice")[-1])
        self.assertEqual([mock.call(ALPHABET)] * 160, drawn.mock_calls)

    def test_forgiven(self) -> None:
        """Case, spaces and hyphens make no difference."""
        changes: list[Callable[[str], str]] = [
            str.lower,
            str.swapcase,
            lambda code: code.replace("-", ""),
            lambda code: code.replace("-", " "),
            lambda code: f"  {code.replace('-', ' - ')} ",
            lambda code: " ".join(code),
            lambda code: "-".join(code),
            lambda code: f"-{code}-",
            lambda code: code.replace("0", "o").replace("1", "i"),
            lambda code: code.replace("0", "O").replace("1", "L"),
        ]
        for number, (change, code) in enumerate(zip(changes, self.codes, strict=True), 1):
            with self.subTest(number):
                self.assertEqual(number, self.recovery.verify("alice", change(code)).number)

    def test_what_is_no_code_is_malformed(self) -> None:
        """K17, K21, K29, K30: codes issued or none, it is refused, uncharged, and nothing else is raised."""
        code = self.codes[2]
        bare = code[2:]
        before = self.record()
        texts = [
            *NOT_CODES,
            *(bare, f"0-{bare}", f"03-{bare}", f"51-{bare}", f"-1-{bare[1:]}", f"100-{bare}", f"{code}AA"),
            *(
                code[:-1],
                f"{code}\0",
                code.replace("-", "_"),
                f"+{code}",
                f"{code}=",
            ),
            *(f"3-{letter * 16}" for letter in ("U", "é", "ı", "ſ", "\u212a", "٣")),
            f"3-{'ß' * 8}",
            *(f"３-{bare}", f"³-{bare}", f"٣-{bare}", code.replace("-", "–")),
            *("\ud800", "3", "3-", "A" * 100_000, "1" * 100_000, "●" * 17, f"3.{bare}"),
            *(code.encode(), [code], (3, bare), 3, 3.0, list(code)),
        ]
        for key in ("alice", "bob", " "):
            for text in texts:
                with self.subTest(key=key, text=str(text)[:40]):
                    with self.assertRaises(MalformedCodeError):
                        self.recovery.verify(key, text)  # type: ignore[arg-type]  # what a user types
        self.assertEqual(before, self.record())


class Redemption(Case):
    def test_each_code_once(self) -> None:
        """N17, O01, K16: in any order, each gives evidence and is then a replay."""
        order = list(enumerate(self.codes, 1))
        random.Random(17).shuffle(order)
        for left, (number, code) in zip(range(9, -1, -1), order, strict=True):
            self.assertEqual(Redeemed(number, left, 0), self.recovery.verify("alice", code))
            self.assertEqual(left, self.recovery.remaining("alice"))
            before = self.record()
            with self.assertRaises(ReplayedCodeError):
                self.recovery.verify("alice", code)
            self.assertEqual(before, self.record(), "a replay is not charged")

    def test_a_spent_number_costs_nothing(self) -> None:
        """N17: whatever follows it is a replay, without a hash or a charge, also while delayed."""
        self.recovery.verify("alice", self.codes[2])
        for failures in (0, 5):
            self.miss(failures, self.codes[0])
            before = self.record()
            with mock.patch("hashlib.pbkdf2_hmac", side_effect=AssertionError):
                for code in (self.codes[2], wrong(self.codes[2])):
                    with self.assertRaises(ReplayedCodeError):
                        self.recovery.verify("alice", code)
            self.assertEqual(before, self.record())

    def test_a_code_is_for_its_number(self) -> None:
        """N17: under another number it is wrong."""
        with self.assertRaises(IncorrectCodeError):
            self.recovery.verify("alice", f"4{self.codes[2][1:]}")
        self.assertEqual(Redeemed(3, 9, 1), self.recovery.verify("alice", self.codes[2]))

    def test_a_code_is_for_its_key(self) -> None:
        """H28: one person's codes open nothing of another's."""
        self.recovery.issue("bob")
        with self.assertRaises(IncorrectCodeError):
            self.recovery.verify("bob", self.codes[0])
        self.assertEqual(Redeemed(1, 9, 0), self.recovery.verify("alice", self.codes[0]))

    def test_none_issued(self) -> None:
        """K17: where there are no codes none is right, and none remain."""
        with self.assertRaises(NotEnrolledError):
            self.recovery.verify("bob", self.codes[0])
        self.assertEqual(0, self.recovery.remaining("bob"))
        self.assertEqual("", self.record("bob"))

    def test_issued_again(self) -> None:
        """N24: new codes replace all that were issued before, spent and unspent."""
        self.recovery.verify("alice", self.codes[0])
        new = self.recovery.issue("alice")
        self.assertEqual(10, self.recovery.remaining("alice"))
        for old in self.codes[:2]:
            with self.assertRaises(IncorrectCodeError):
                self.recovery.verify("alice", old)
        self.assertEqual(Redeemed(1, 9, 2), self.recovery.verify("alice", new[0]))

    def test_forgotten(self) -> None:
        """O06: what is revoked is gone; to forget nothing is no error."""
        self.recovery.forget("alice")
        self.recovery.forget("alice")
        with self.assertRaises(NotEnrolledError):
            self.recovery.verify("alice", self.codes[0])
        self.assertEqual(0, self.recovery.remaining("alice"))

    def test_compared_in_constant_time(self) -> None:
        """The verdict is that of hmac.compare_digest, over two hashes of 32 bytes."""
        with mock.patch("hmac.compare_digest", wraps=hmac.compare_digest) as compare:
            self.miss(1, self.codes[0])
            self.recovery.verify("alice", self.codes[0])
        self.assertEqual([[32, 32]] * 2, [[len(part) for part in call.args] for call in compare.mock_calls])

    def test_advice(self) -> None:
        """N24, N26, K37: the docstring says what a program does after a code was used."""
        text = " ".join((RecoveryCodes.__doc__ or "").split())
        for words in ("notify the owner", "issue new codes", "Verifier.forget", "one factor"):
            self.assertIn(words, text)


class Throttling(Case):
    def test_the_verifiers_limits(self) -> None:
        """N19: the fifth failure in a row delays 30 s, each later one twice as long."""
        self.assertEqual(Limits(), self.recovery.limits)
        self.miss(5, self.codes[0])
        delay = 30
        for _ in range(4):
            before = self.record()
            for code in (self.codes[0], wrong(self.codes[1])):
                self.assert_throttled(int(self.clock.now) + delay, code)
            self.assertEqual(before, self.record(), "neither charged nor prolonged")
            self.clock.now += delay
            self.miss(1, self.codes[1])
            delay *= 2
        self.clock.now += delay
        self.assertEqual(Redeemed(1, 9, 9), self.recovery.verify("alice", self.codes[0]))
        self.miss(4, self.codes[1])
        self.assertEqual(Redeemed(2, 8, 4), self.recovery.verify("alice", self.codes[1]))

    def test_the_count_is_kept(self) -> None:
        """K13: by an object that is made anew for each try, the fifth failure is the fifth."""
        for _ in range(5):
            self.recovery = RecoveryCodes(self.store, clock=self.clock)
            self.miss(1, self.codes[0])
        self.assert_throttled(NOW + 30, self.codes[0])

    def test_counted_apart(self) -> None:
        """H28, N19: failures on one account do not touch another."""
        bob = self.recovery.issue("bob")
        self.miss(5, self.codes[0])
        self.assertEqual(Redeemed(1, 9, 0), self.recovery.verify("bob", bob[0]))

    def test_issuing_again_is_no_refill(self) -> None:
        """N22, N24, K41: new codes end the delay, and the second tier stays spent."""
        self.recovery = RecoveryCodes(
            self.store, limits=Limits(delay_after=2, budget=4, refill=1000), clock=self.clock
        )
        self.miss(2, self.codes[0])
        self.assert_throttled(NOW + 30, self.codes[0])
        codes = self.recovery.issue("alice")
        self.miss(1, codes[0])
        codes = self.recovery.issue("alice")
        self.miss(1, codes[0])
        self.assert_throttled(NOW + 1000, codes[0])
        codes = self.recovery.issue("alice")
        self.assert_throttled(NOW + 1000, codes[0])
        self.clock.now += 1000
        self.assertEqual(Redeemed(1, 9, 0), self.recovery.verify("alice", codes[0]))

    def test_success_gives_no_tries(self) -> None:
        """A guesser does not profit from the owner's codes: the second tier stays spent."""
        self.recovery = RecoveryCodes(self.store, limits=Limits(budget=3, refill=1000), clock=self.clock)
        self.miss(2, self.codes[0])
        self.assertEqual(Redeemed(1, 9, 2), self.recovery.verify("alice", self.codes[0]))
        self.miss(1, self.codes[1])
        self.assert_throttled(NOW + 1000, self.codes[1])

    def test_a_clock_that_jumped(self) -> None:
        """F21, K39: forward and back: a delay is the owner's own, counted from the first refusal."""
        for ahead, delay in ((86_400, 30), (10**9, 30)):
            with self.subTest(ahead=ahead):
                self.recovery.forget("alice")
                codes = self.recovery.issue("alice")
                self.clock.now = NOW + ahead
                self.miss(5, codes[0])
                for later in (0, delay // 3, delay - 1):
                    self.clock.now = NOW + later
                    self.assert_throttled(NOW + delay, codes[0])
                self.clock.now = NOW + delay
                self.assertEqual(Redeemed(1, 9, 5), self.recovery.verify("alice", codes[0]))

    def test_the_first_second_of_1970(self) -> None:
        """K40: 0 is a time like any other; before it nothing is stored."""
        self.clock.now = 0
        self.miss(5, self.codes[0])
        self.assert_throttled(30, self.codes[0])
        self.clock.now = -1000
        before = self.record()
        self.recovery = RecoveryCodes(self.store, limits=Limits(max_delay=30), clock=self.clock)
        with self.assertRaises(ValueError):
            self.recovery.verify("alice", self.codes[0])
        self.assertEqual(before, self.record())


class Hashes(Case):
    def test_pbkdf2(self) -> None:
        """N18, O02: in the record are a salt of 128 bits and a hash by PBKDF2 for each code, and no code."""
        failures, debt, since, spent, *rest = map(int, self.record().split()[1:-1])
        self.assertEqual([0] * 4, [failures, debt, since, spent])
        salts, hashes = rest[:10], rest[10:]
        for code, salt, digest in zip(self.codes, salts, hashes, strict=True):
            typed = code.split("-", 1)[1].replace("-", "").encode()
            made = hashlib.pbkdf2_hmac("sha256", typed, salt.to_bytes(16), 1000)
            self.assertEqual(int.from_bytes(made), digest)
            self.assertNotIn(typed.decode(), f"{self.record()} {salt:032X} {digest:064X}")
            self.assertNotEqual(int.from_bytes(hashlib.sha256(typed).digest()), digest)
        self.assertEqual(10, len(set(salts)))
        self.assertRegex(self.record(), r"\Arecovery1( [0-9]+){25}\Z")

    def test_where_hashlib_has_no_pbkdf2(self) -> None:
        """F35: it is computed with hmac, and is the same."""
        with mock.patch.object(recovery, "hashlib", object()):
            self.assertEqual(Redeemed(3, 9, 0), self.recovery.verify("alice", self.codes[2]))
            other = self.recovery.issue("bob", 2)
        self.assertEqual(Redeemed(2, 1, 0), self.recovery.verify("bob", other[1]))

    def test_how_many(self) -> None:
        """N17: a list has 1 to 50 codes; a number past its end is malformed."""
        for count in (1, 3, 50):
            codes = self.recovery.issue("bob", count)
            self.assertEqual((count, count), (len(codes), self.recovery.remaining("bob")))
            self.assertEqual(Redeemed(count, count - 1, 0), self.recovery.verify("bob", codes[-1]))
            with self.assertRaises(MalformedCodeError):
                self.recovery.verify("bob", f"{count + 1}-ABCD-EFGH-JKMN-PQRS")
        for wrong in (0, 51, -1):
            with self.assertRaises(ValueError):
                self.recovery.issue("bob", wrong)

    def test_salts_are_drawn(self) -> None:
        """N18: 128 bits by `secrets` for each code; the same codes twice have other hashes."""
        records = []
        for _ in range(2):
            with mock.patch("secrets.choice", return_value="A"):
                self.recovery.issue("alice")
            records.append(self.record().split()[5:-1])
        self.assertEqual(40, len(set(records[0] + records[1])))
        with mock.patch("secrets.randbits", return_value=1) as drawn:
            self.recovery.issue("alice")
        self.assertEqual([mock.call(128)] * 10, drawn.mock_calls)

    def test_one_attempt_costs_one_hash(self) -> None:
        """N17: right or wrong, and also when swaps are lost; none when it is not judged."""
        with mock.patch("hashlib.pbkdf2_hmac", wraps=hashlib.pbkdf2_hmac) as hashed:
            self.miss(1, self.codes[0])
            self.assertEqual(1, hashed.call_count)

            def meanwhile() -> None:
                self.miss(1, self.codes[1])

            self.store.meanwhile = meanwhile
            self.assertEqual(Redeemed(1, 9, 2), self.recovery.verify("alice", self.codes[0]))
            self.assertEqual(3, hashed.call_count)
            self.miss(5, self.codes[1])
            self.assertEqual(8, hashed.call_count)
            with self.assertRaises(ThrottledError):
                self.recovery.verify("alice", self.codes[1])
            with self.assertRaises(MalformedCodeError):
                self.recovery.verify("alice", "x")
            self.assertEqual(8, hashed.call_count)

    def test_damage_is_found(self) -> None:
        """K43: a record with any character changed, lost or added is an error, and never an acceptance."""
        self.miss(2, self.codes[0])
        self.recovery.verify("alice", self.codes[0])
        text = old = self.record()
        count = 0
        for new in damaged(text):
            self.assertTrue(self.store.swap("recovery/alice", old, new))
            with self.assertRaises(StoreError, msg=new):
                self.recovery.verify("alice", self.codes[0])
            old, count = new, count + 1
        for call in (self.recovery.issue, self.recovery.remaining):
            with self.assertRaises(StoreError):
                call("alice")
        self.assertEqual(old, self.record())
        self.assertGreater(count, 40 * len(text))

    def test_other_texts_are_errors(self) -> None:
        """K43: empty, of another kind or version, with too few numbers, or with one too large."""
        wide = [
            record.write("recovery1", [1 << width if i == j else 0 for j in range(24)])
            for i, width in enumerate([256] * 3 + [10] + [128] * 10 + [256] * 10)
        ]
        for text in (
            *("", " ", "recovery1", "recovery2" + self.record()[9:], "recovery1 " + "9" * 10_000),
            record.write("recovery2", [0] * 24),
            *(record.write("recovery1", [0] * count) for count in (0, 1, 4, 5, 25)),
            *(record.write("recovery1", [word] + [0] * 23) for word in ("٣", "00", "-0", "-1", "1_0", "x")),
            *wide,
        ):
            with self.subTest(text[:40]):
                store = MemoryStore()
                store.swap("recovery/alice", None, text)
                with self.assertRaises(StoreError):
                    RecoveryCodes(store, clock=self.clock).verify("alice", self.codes[0])


class Parallel(Case):
    def test_one_of_many_threads_gets_in(self) -> None:
        """N17, K14, O01: 64 threads with one code, and one of them is accepted."""
        ends = together([lambda: self.recovery.verify("alice", self.codes[6])] * 64)
        self.assertEqual({"Redeemed": 1, "ReplayedCodeError": 63}, ends)
        self.assertEqual(9, self.recovery.remaining("alice"))

    def test_many_threads_have_five_guesses(self) -> None:
        """N19: guesses at once cannot share a try."""
        ends = together([lambda: self.recovery.verify("alice", wrong(self.codes[6]))] * 64)
        self.assertEqual({"IncorrectCodeError": 5, "ThrottledError": 59}, ends)

    def test_what_comes_in_between(self) -> None:
        """O06, K14: codes that are revoked, replaced or used while one is redeemed are not accepted."""
        for meanwhile, end in (
            (lambda code: self.recovery.verify("alice", code), "ReplayedCodeError"),
            (lambda code: self.recovery.issue("alice"), "IncorrectCodeError"),
            (lambda code: self.recovery.forget("alice"), "NotEnrolledError"),
        ):
            with self.subTest(end):
                code = self.recovery.issue("alice")[3]
                self.store.meanwhile = partial(meanwhile, code)
                self.assertEqual(end, outcome(partial(self.recovery.verify, "alice", code)))

    def test_a_broken_store(self) -> None:
        """What could not be stored is not shown, and not accepted."""
        self.store.broken = True
        for call in (
            lambda: self.recovery.issue("alice"),
            lambda: self.recovery.verify("alice", self.codes[0]),
            lambda: self.recovery.verify("alice", wrong(self.codes[0])),
            lambda: self.recovery.forget("alice"),
        ):
            with self.assertRaises(StoreError):
                call()
        self.store.broken = False
        self.assertEqual(Redeemed(1, 9, 0), self.recovery.verify("alice", self.codes[0]))


class Arguments(Case):
    def test_keys(self) -> None:
        """The programmer's mistakes are ValueError, whatever is typed."""
        calls: list[Callable[[Any], object]] = [
            self.recovery.issue,
            partial(self.recovery.verify, code=""),
            self.recovery.remaining,
            self.recovery.forget,
        ]
        for key in ("", "a" * 256, "a\0", "\ud800", None, 7, b"alice"):
            for call in calls:
                with self.subTest(key=key), self.assertRaises((TypeError, ValueError)):
                    call(key)

    def test_the_real_clock(self) -> None:
        """Without a clock it is the system's."""
        codes = RecoveryCodes(MemoryStore())
        self.assertEqual(Redeemed(10, 9, 0), codes.verify("alice", codes.issue("alice")[9]))

    def test_errors_show_nothing(self) -> None:
        """H21: no code is in an error, its traceback, or the variables of our frames."""
        code = self.codes[2]
        self.assert_silent(code, IncorrectCodeError, lambda: self.recovery.verify("alice", f"4{code[1:]}"))
        self.assert_silent(code, MalformedCodeError, lambda: self.recovery.verify("alice", f"{code}U"))
        self.assert_silent(code, NotEnrolledError, lambda: self.recovery.verify("bob", code))
        self.assert_silent(code, ValueError, lambda: self.recovery.verify("", code))
        self.store.broken = True
        self.assert_silent(code, StoreError, lambda: self.recovery.verify("alice", code))
        with mock.patch("secrets.choice", return_value="Q"):
            self.assert_silent("3-QQQQ-QQQQ-QQQQ-QQQQ", StoreError, lambda: self.recovery.issue("alice"))
        self.store.broken = False
        self.recovery.verify("alice", code)
        self.assert_silent(code, ReplayedCodeError, lambda: self.recovery.verify("alice", code))

    def assert_silent(self, code: str, error: type[Exception], call: Callable[[], object]) -> None:
        """Have an error raised that shows nothing of a code."""
        text = revealed(error, call)
        bare = code.split("-", 1)[1]
        for secret in (bare, bare.replace("-", "")):
            self.assertNotIn(secret, text)
