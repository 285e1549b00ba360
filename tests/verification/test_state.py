"""What is remembered of a credential, and its text."""

import hmac
import unittest
import zlib
from random import Random

from onetime import HOTP, TOTP, Secret, StoreError
from onetime.verification.state import State, seal_of
from onetime.verification.throttle import Throttle
from tests.support import RFC_KEY

SECRET = Secret(RFC_KEY)
LAST = 2**64 - 1
MARK = 0x0123456789ABCDEF
TOTP_STATE = State("totp", 59_000_001, -2, 1, Throttle(7, 1_800_000_120, 1_800_362_880), 0, MARK, 2**32 - 1)
TOTP_TEXT = "totp1 59000001 -2 1 7 1800000120 1800362880 0 81985529216486895 4294967295 4043892383"
HOTP_STATE = State("hotp", 5, 0, 0, Throttle(100, 0, 9), 1, 0, 0)
HOTP_TEXT = "hotp1 5 0 0 100 0 9 1 0 0 3612727592"
STRANGE = [
    *"0123456789-+ htop",
    *"_.,eExX\t\n\r\v\f\0/:\"'N",
    *("\x1c", "\x85", "\xa0", "\u2003", "\u2212", "²", "٢", "２", "\U0001d7d2", "\ud800", "\ufeff"),
]
"""Characters of states, and look-alikes of them."""


def drawn(source: Random) -> State:
    """Draw a state that can be."""

    def number(bits: int) -> int:
        return source.choice((0, 1, 2**bits - 1, source.getrandbits(source.randint(1, bits))))

    kind = source.choice(("hotp", "totp"))
    drift, lean = (source.randint(-10, 10), source.randint(-2, 2)) if kind == "totp" else (0, 0)
    throttle = Throttle(number(20), number(40), number(40))
    next_factor = source.choice((number(64), LAST, LAST + 1))
    return State(kind, next_factor, drift, lean, throttle, source.randint(0, 1), number(64), number(32))


def checked(body: str) -> str:
    """Put behind a text the check that makes it look whole."""
    return f"{body} {zlib.crc32(body.encode())}"


class Text(unittest.TestCase):
    def test_the_format(self) -> None:
        """K11, K32: kind and version, then integers in decimal; what stores hold today is read tomorrow."""
        for state, text in ((TOTP_STATE, TOTP_TEXT), (HOTP_STATE, HOTP_TEXT)):
            self.assertEqual(text, state.to_text())
            self.assertEqual(state, State.from_text(text))
        for value in (*TOTP_STATE[1:4], *TOTP_STATE.throttle, *TOTP_STATE[5:]):
            self.assertIs(int, type(value))

    def test_every_state_comes_back(self) -> None:
        """H07, T11: all 64 bits of a factor, of the mark, and the times of any year."""
        source = Random(6238)
        for _ in range(3000):
            state = drawn(source)
            text = state.to_text()
            self.assertEqual(state, State.from_text(text))
            self.assertEqual(text, State.from_text(text).to_text())
            self.assertTrue(text.isascii() and text.isprintable())
            self.assertLessEqual(len(text), 400)

    def test_no_single_character_can_change(self) -> None:
        """K43: with one character changed, put in or taken out, the text is damaged."""
        source = Random(4226)
        texts = [TOTP_TEXT, HOTP_TEXT, *(drawn(source).to_text() for _ in range(10))]
        damaged = 0
        for text in texts:
            for i in range(len(text) + 1):
                changed = {text[:i] + text[i + 1 :]}
                for character in STRANGE:
                    changed |= {text[:i] + character + text[i:], text[:i] + character + text[i + 1 :]}
                for other in changed - {text}:
                    with self.assertRaises(StoreError):
                        State.from_text(other)
                    damaged += 1
        self.assertGreater(damaged, 50_000)

    def test_damaged_texts(self) -> None:
        """K43: what no state writes is read by none; an error does not repeat what it read."""
        body = TOTP_TEXT.rpartition(" ")[0]
        for wrong in (
            *("", " ", "0", "NULL", "None", "{}", "hotp1", "totp1", "\0", " " * 10, "0 " * 10),
            *(TOTP_TEXT[1:], TOTP_TEXT[:-1], body, f"{TOTP_TEXT}\n{TOTP_TEXT}", TOTP_TEXT.upper()),
            *(TOTP_TEXT.replace(" ", gap) for gap in ("  ", "\t", "\n", "\xa0", "")),
            *(TOTP_TEXT + end for end in ("\n", " ", "\0", " 0", "\ud800")),
            *(HOTP_TEXT.replace(" 5 ", number) for number in (" 6 ", " 05 ", " +5 ", " ", " x ", " ٥ ")),
            *("hotp1 5 0 0 100 0 9 1 0 0 " * 100_000, "9" * 10**6, "hotp1 " + "9" * 5000),
        ):
            with self.subTest(wrong[:80]), self.assertRaisesRegex(StoreError, "a stored state") as caught:
                State.from_text(wrong)
            self.assertNotIn("5", str(caught.exception))

    def test_nonsense_with_a_right_check(self) -> None:
        """K43: what another version wrote, with a check that is right, is read by none."""
        for wrong in (
            *("", "0", "hotp1", "hotp1 5 0 0 0 0 0 0 0", "hotp1 5 0 0 0 0 0 0 0 0 0"),
            *(f"{kind} 5 0 0 0 0 0 0 0 0" for kind in ("hotp2", "totp2", "hotp", "xotp1", "HOTP1", "1", "")),
            *(f"hotp1 {number} 0 0 0 0 0 0 0 0" for number in ("5.0", "5e0", "0x5", "", "x", "None")),
            *("hotp1 5 0 0 0 0 0 0 0 0 ", " hotp1 5 0 0 0 0 0 0 0 0", "hotp1  5 0 0 0 0 0 0 0 0"),
            *("hotp1\t5 0 0 0 0 0 0 0 0", "hotp1 5 0 0 " + "9" * 5000 + " 0 0 0 0 0"),
        ):
            with self.subTest(wrong[:80]), self.assertRaises(StoreError):
                State.from_text(checked(wrong))

    def test_bytes_are_no_text(self) -> None:
        """K11: what a store gave without decoding it is damaged, not accepted and not a crash."""
        with self.assertRaises(StoreError):
            State.from_text(TOTP_TEXT.encode())  # type: ignore[arg-type]  # the wrong type is what is tested


class Fresh(unittest.TestCase):
    def test_a_hotp_begins_at_its_counter(self) -> None:
        """H07, K31: nothing is spent, nothing counts against anybody; 0 is a counter like any other."""
        hotp = HOTP(SECRET)
        self.assertEqual(
            State("hotp", 0, 0, 0, Throttle(0, 0, 0), 0, MARK, seal_of(hotp, MARK)), State.fresh(hotp, MARK)
        )
        for counter in (0, 1, 7, LAST):
            state = State.fresh(hotp, MARK, counter)
            self.assertEqual(counter, state.next_factor)
            self.assertEqual(state, State.from_text(state.to_text()))

    def test_a_totp_begins_at_step_0(self) -> None:
        """T28, K31: no step is spent, and the server's clock is the centre."""
        totp = TOTP(SECRET, t0=5)
        self.assertEqual(
            State("totp", 0, 0, 0, Throttle(0, 0, 0), 0, MARK, seal_of(totp, MARK)), State.fresh(totp, MARK)
        )

    def test_exhausted(self) -> None:
        """H07: the last counter can still be accepted; behind it is nothing."""
        for next_factor, exhausted in ((0, False), (LAST, False), (LAST + 1, True)):
            state = State.fresh(HOTP(SECRET), MARK)._replace(next_factor=next_factor)
            self.assertEqual(exhausted, state.exhausted)
            self.assertEqual(exhausted, State.from_text(state.to_text()).exhausted)


class Seal(unittest.TestCase):
    def test_it_is_32_bits_of_an_hmac(self) -> None:
        """K23: computed here with the standard library; what is stored today must fit tomorrow."""
        cases: list[tuple[HOTP | TOTP, str, str]] = [
            (HOTP(SECRET), "onetime 81985529216486895 hotp SHA1 6", "sha1"),
            (HOTP(SECRET, digits=8, algorithm="SHA256"), "onetime 81985529216486895 hotp SHA256 8", "sha256"),
            (TOTP(SECRET), "onetime 81985529216486895 totp SHA1 6 30 0", "sha1"),
            (
                TOTP(SECRET, digits=10, algorithm="SHA3-512", period=60, t0=9),
                "onetime 81985529216486895 totp SHA3_512 10 60 9",
                "sha3_512",
            ),
        ]
        for credential, message, name in cases:
            with self.subTest(credential):
                expected = int.from_bytes(hmac.digest(RFC_KEY, message.encode(), name)[:4], "big")
                self.assertEqual(expected, seal_of(credential, MARK))

    def test_every_part_of_a_credential_counts(self) -> None:
        """K23, T05, T12: no two of these have the same seal; another mark makes another."""
        different: list[HOTP | TOTP] = [
            *(HOTP(SECRET), HOTP(Secret(RFC_KEY + b"0")), HOTP(SECRET, digits=7)),
            *(HOTP(SECRET, algorithm="SHA256"), HOTP(SECRET, algorithm="SHA3_256")),
            *(TOTP(SECRET), TOTP(Secret(RFC_KEY + b"0")), TOTP(SECRET, digits=7)),
            *(TOTP(SECRET, algorithm="SHA512"), TOTP(SECRET, period=60), TOTP(SECRET, t0=1)),
            *(TOTP(SECRET, period=3), TOTP(SECRET, period=3, t0=30), TOTP(SECRET, period=33)),
        ]
        seals = {seal_of(credential, mark) for credential in different for mark in (0, 1, MARK, LAST)}
        self.assertEqual(len(different) * 4, len(seals))

    def test_it_does_not_depend_on_the_object(self) -> None:
        """The same credential, read again from where the program keeps it, has the same seal."""
        self.assertEqual(seal_of(TOTP(SECRET), MARK), seal_of(TOTP(Secret(RFC_KEY), algorithm="sha-1"), MARK))

    def test_it_is_of_32_bits(self) -> None:
        """Rule 2: enough to find mistakes; it tells whoever steals the table next to nothing."""
        seals = [seal_of(HOTP(SECRET), mark) for mark in range(2000)]
        self.assertLess(max(seals), 2**32)
        self.assertGreater(max(seals), 2**31)
        self.assertGreater(len(set(seals)), 1990)


class Redaction(unittest.TestCase):
    def test_no_secret_is_in_a_state(self) -> None:
        """H42, H44, K22: neither in its text nor in what is shown of it."""
        for credential in (HOTP(SECRET), TOTP(SECRET)):
            state = State.fresh(credential, MARK)
            for text in (repr(state), str(state), state.to_text()):
                for trace in (RFC_KEY.decode(), RFC_KEY.hex(), SECRET.to_base32(), HOTP(SECRET).at(0)):
                    self.assertNotIn(trace, text)
