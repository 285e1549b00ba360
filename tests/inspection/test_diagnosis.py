"""The diagnosis: what is planted is found, what is chance is called so."""

import dataclasses
import json
import random
import unittest
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any
from unittest import mock

from onetime import HOTP, TOTP, Algorithm, Secret, SecretError
from onetime.inspection import diagnosis, ending, plan
from onetime.inspection.diagnosis import Diagnosis, diagnose
from onetime.inspection.finding import Finding
from onetime.inspection.messages import MORE, RIGHT, RIGHT_COUNTER
from onetime.inspection.sighting import Sighting
from tests.soak import diagnosis as command
from tests.support import RFC_KEY, shown, thorough, vectors
from tests.support.mistakes import MISTAKES, partners
from tests.support.planted import Case
from tests.support.planting import plant

RFC = vectors("rfc.json")
SECRET = Secret(RFC_KEY)
TEXT = SECRET.to_base32()
LAST = 2**64 - 1
TIME = 1_700_000_025
"""The middle of a step of 30 s."""

HEAVY = {"milliseconds", "time not divided", "HOTP where TOTP is expected"}
"""What takes long together with another one."""


def totp(time: float, **parts: Any) -> Sighting:
    """See the code of a right program."""
    return Sighting(TOTP(SECRET, **parts).at(time), time)


def best(*sightings: Sighting, text: str = TEXT) -> Finding:
    """Diagnose; the best finding, of which the diagnosis must be sure."""
    first, *more = sightings
    result = diagnose(text, first.code, first.time, counter=first.counter, more=more)
    if not result.found:
        raise AssertionError(result.to_text())
    return result.findings[0]


class Planted(unittest.TestCase):
    def check(self, case: Case) -> None:
        result = command.answer(case.program.text, case.seen)
        self.assertTrue(result.found, result.to_text())
        self.assertEqual([], case.differences(result.findings[0].to_dict()), result.to_text())

    def test_each_mistake_alone(self) -> None:
        """F63 to F71: each mistake in the list is found and ranked first, with all its values."""
        for name, mistake in MISTAKES.items():
            for number in range(thorough(2, 1)):
                with self.subTest(name, number=number):
                    self.check(plant(random.Random(f"{name} {number}"), mistake))

    def test_each_mistake_with_another(self) -> None:
        """Near the expected time or counter, any two mistakes are found together."""
        source = random.Random(8)
        for name, mistake in list(MISTAKES.items())[:: thorough(1, 3)]:
            others = [other for other in partners(mistake, False) if other.name not in HEAVY]
            if others and name not in HEAVY and "far" not in mistake.parts:
                other = source.choice(others)
                with self.subTest(name, other=other.name):
                    self.check(plant(source, mistake, other))

    def test_each_mistake_far_from_the_expected_counter(self) -> None:
        """Far from the expected counter, one mistake is found; the command does it far from the time."""
        source = random.Random(9)
        far = MISTAKES["counter: 1000 either way"]
        for name, mistake in list(MISTAKES.items())[:: thorough(1, 3)]:
            if far in partners(mistake, True):
                with self.subTest(name):
                    self.check(plant(source, mistake, far))

    def test_one_mistake_with_a_clock_that_is_far_off(self) -> None:
        """A clock that is off by a day or a time zone goes with one other mistake."""
        source = random.Random(10)
        for name in ("clock: a day either way", "clock: daylight-saving time", "clock: time zone"):
            with self.subTest(name):
                self.check(plant(source, MISTAKES[name], MISTAKES["8 digits"], MISTAKES["hex"]))

    def test_the_command_finds_what_is_planted(self) -> None:
        """It judges by the same machinery, and says what is missing."""
        for name, way, tried in (
            ("SHA256", command.ALONE, True),
            ("counter as a time", command.PAIRED, True),
            ("clock: time zone", command.FAR, False),
        ):
            with self.subTest(name):
                result = command.find(name, way, "1")
                self.assertEqual(tried, result is not None)
                self.assertEqual("", result.failure if result else "")
        result = command.guess(command.COUNTER, "1")
        self.assertEqual(("", 1), (result.failure, result.chance))


S = "S46SQCPPTCNPROMHWYBDCTBZXVNKL2QH"
LINK = f"otpauth://totp/a?secret={S}"
A, B = 1764140000, 1764140095


def found(text: str, first: str, second: str, **options: Any) -> Finding:
    """Diagnose two codes that were seen at A and B; return the best finding, which must be sure."""
    result = diagnose(text, first, A, more=[Sighting(second, B)], **options)
    if not result.found:
        raise AssertionError(result.to_text())
    return result.findings[0]


class Field(unittest.TestCase):
    def test_what_the_link_says_comes_first(self) -> None:
        """F60: the link's period, or the one that is given, is the first hypothesis."""
        for text, options in (
            (f"{LINK}&period=45", {}),
            (S, {"period": 45}),
            (f"{LINK}&period=60", {"period": 45}),
        ):
            with self.subTest(text):
                finding = found(text, "098295", "875054", **options)
                self.assertEqual(("base32", 45, ()), (finding.reading, finding.period, finding.mistakes))
        self.assertEqual(21, diagnose(f"{LINK}&period=45", "098295", A, more=[Sighting("875054", B)]).tried)
        self.assertEqual("Set both sides to the same period.", found(S, "098295", "875054").advice)

    def test_apps_that_ignore_a_link(self) -> None:
        """F60: whatever of a link an app ignores is said, and what to do about it."""
        secret = Secret.from_base32(S)
        for settings, credential, words in (
            ("&algorithm=SHA256", TOTP(secret), "SHA1 where the link says SHA256"),
            ("&period=60", TOTP(secret), "a period of 30 s where 60 s is expected"),
            ("&digits=8", TOTP(secret), "6 digits where the link says 8"),
            (
                "&algorithm=SHA512&period=60&digits=8",
                TOTP(secret),
                "the hash and the period of the link ignored",
            ),
            (
                "&algorithm=SHA512&period=60",
                TOTP(secret, algorithm="SHA512"),
                "a period of 30 s where 60 s is expected",
            ),
            ("&algorithm=SHA1", TOTP(secret, algorithm="SHA256"), "SHA256 where the link says SHA1"),
        ):
            with self.subTest(settings):
                finding = found(LINK + settings, credential.at(A), credential.at(B))
                self.assertIn(words, finding.mistakes)
                self.assertNotEqual(RIGHT, finding.advice)

    def test_a_length_that_nobody_gave(self) -> None:
        """F60: codes that only have another length are not called right; with another hash, both are said."""
        secret, digits = Secret.from_base32(S), "Set both sides to the same number of digits: 6 or {}."
        for credential, advice in (
            (TOTP(secret, digits=7), digits.format(7)),
            (TOTP(secret, digits=8), digits.format(8)),
            (
                TOTP(secret, algorithm="SHA512", digits=8),
                f"Set both sides to the same hash: SHA1 or SHA512. {digits.format(8)}",
            ),
        ):
            for text in (S, LINK):
                with self.subTest(text, advice=advice):
                    self.assertEqual(advice, found(text, credential.at(A), credential.at(B)).advice)

    def test_parts_of_a_link_that_could_not_be_used(self) -> None:
        """F60: they are named whatever fits, because an app may refuse or misread them."""
        totp, refused = TOTP(Secret.from_base32(S)), "an app may refuse or misread this link."
        for text, parts in (
            (f"{LINK}&algorithm=MD5", "algorithm"),
            (f"{LINK}&digits=5&issuer=Steam", "digits"),
            (f"{LINK}&period=30s", "period"),
            (LINK.replace("totp", "motp"), "type"),
            (f"{LINK}&secret=MFRGGZDF", "second secret"),
            (f"{LINK}&encoder=steam&algorithm=", "algorithm and encoder"),
        ):
            with self.subTest(text):
                finding = found(text, totp.at(A), totp.at(B))
                self.assertEqual(f"The link's {parts} could not be used: {refused}", finding.advice)
                slow = found(text, totp.at(A - 300), totp.at(B - 300))
                self.assertEqual(
                    f"{finding.advice} Set the clock of the device to network time.", slow.advice
                )

    def test_a_counter_that_could_not_be_read(self) -> None:
        """F60: codes are not called ahead of a counter that nobody gave."""
        link, hotp = f"otpauth://hotp/a?secret={S}&counter=x", HOTP(Secret.from_base32(S))
        for first in (None, 0):
            more = [Sighting(hotp.at(4), counter=None if first is None else 1)]
            finding = diagnose(link, hotp.at(3), counter=first, more=more).findings[0]
            self.assertEqual(((3, 4), None), (finding.moving_factors, finding.ahead))
            self.assertEqual(("the link's counter could not be used",), finding.mistakes)
            self.assertNotIn("Resynchronize", finding.advice)
        finding = diagnose(link, hotp.at(8), counter=5, more=[Sighting(hotp.at(9), counter=6)]).findings[0]
        self.assertEqual(3, finding.ahead)

    def test_a_link_that_is_escaped(self) -> None:
        """F40, F60: an app that takes amp;digits for another parameter shows 6 digits; this is said first."""
        secret = Secret.from_base32(S)
        cause = 'The link has "&amp;" where "&" belongs: an app ignores the settings after it.'
        for digits in (6, 8):
            totp = TOTP(secret, digits=digits)
            finding = found(f"{LINK}&amp;digits=8", totp.at(A), totp.at(B))
            self.assertTrue(finding.advice.startswith(cause), finding.advice)
            self.assertEqual(digits == 6, "Set both sides to the same number of digits" in finding.advice)

    def test_a_link_that_is_right(self) -> None:
        """F60, F68: each setting of a link is used, so nothing is wrong."""
        secret = Secret.from_base32(S)
        for settings, credential in (
            ("", TOTP(secret)),
            ("&algorithm=SHA256&digits=8&period=15", TOTP(secret, algorithm="SHA256", digits=8, period=15)),
            ("&algorithm=SHA512&period=7", TOTP(secret, algorithm="SHA512", period=7)),
        ):
            with self.subTest(settings):
                finding = found(f"  <{LINK}{settings}>\n", credential.at(A), credential.at(B))
                self.assertEqual(((), "base32", RIGHT), (finding.mistakes, finding.reading, finding.advice))
                self.assertEqual(credential.period, finding.period)

    def test_the_link_of_a_hotp(self) -> None:
        """F68: the codes are those of the link's counter and the next, unless they have their own."""
        link = f"otpauth://hotp/a?secret={TEXT}"
        rows: tuple[tuple[str, str, dict[str, Any], tuple[int, int]], ...] = (
            (f"{link}&counter=3", "969429", {}, (3, 4)),
            (link, "755224", {}, (0, 1)),
            (f"{link}&counter=3", "969429", {"counter": 3}, (3, 4)),
        )
        for text, first, options, factors in rows:
            second = HOTP(SECRET).at(factors[1])
            more = [Sighting(second, counter=4 if options else None)]
            with self.subTest(text, options=options):
                finding = diagnose(text, first, more=more, **options).findings[0]
                self.assertEqual((factors, 0), (finding.moving_factors, finding.ahead))

    def test_the_secret_as_the_link_writes_it(self) -> None:
        """F61: its text is the key, to the last letter."""
        finding = found("otpauth://totp/a?secret=J3WWIV3PTGJPQV5QAICM", "808481", "582142")
        self.assertEqual("the base32 text itself, as plain bytes", finding.reading)
        self.assertEqual(
            "Your program uses the base32 letters as the key. Decode them first.", finding.advice
        )

    def test_a_link_whose_secret_is_wrong(self) -> None:
        """F62: a typing error in a link is undone, as in a secret."""
        finding = found(LINK.replace("YBDC", "Y1DC"), "544464", "289854")
        self.assertEqual("base32, with 1 read as I", finding.reading)

    def test_spare_bits(self) -> None:
        """F63: they are one more byte for some decoders; speakeasy's issue 135 has the first code."""
        more = [Sighting("293709", 1612380972)]
        result = diagnose("S46SQCPPTCNPROMHWYBDCTBZXV", "184825", 1612380872, more=more)
        self.assertEqual("base32, its spare bits as one more byte", result.findings[0].reading)

    def test_bytes_as_text(self) -> None:
        """F64: the bytes of the secret as Latin-1 text, written again as UTF-8."""
        finding = found(S, "810337", "859866")
        self.assertEqual("base32, its bytes as Latin-1 text, written again as UTF-8", finding.reading)
        self.assertEqual("Pass the secret to the HMAC as bytes, not as text.", finding.advice)

    def test_one_before_the_first_counter(self) -> None:
        """F65: one behind counter 0 is 2^64-1."""
        finding = best(Sighting("094451", counter=0), Sighting("755224", counter=1))
        self.assertEqual(((LAST, 0), -1), (finding.moving_factors, finding.ahead))
        self.assertEqual(("the counter is 1 behind",), finding.mistakes)

    def test_other_epochs(self) -> None:
        """F66: the clock of MicroPython counts from 2000, and others from elsewhere."""
        finding = found(S, "215325", "945166")
        self.assertEqual(("a clock that counts from 2000 instead of 1970",), finding.mistakes)
        self.assertEqual("Count seconds from 1970: add 946,684,800.", finding.advice)

    def test_two_bytes_a_letter(self) -> None:
        """F67: the text as UTF-16, low byte first."""
        finding = found("TESTTESTTESTTEST", "384219", "065676")
        self.assertEqual("the base32 text itself, as plain bytes, as UTF-16, low byte first", finding.reading)

    def test_a_link_is_read(self) -> None:
        """F68: a link is taken apart, wherever it comes from; what is not one account's is refused."""
        finding = found(LINK, TOTP(Secret.from_base32(S)).at(A), TOTP(Secret.from_base32(S)).at(B))
        self.assertEqual(("base32", ()), (finding.reading, finding.mistakes))
        for text in ("otpauth://totp/a?issuer=b", "otpauth-migration://offline?data=AA"):
            with self.subTest(text), self.assertRaises(SecretError):
                diagnose(text, "123456", A)

    def test_one_wrong_letter(self) -> None:
        """F70: two codes make one wrong, lost or doubled letter certain; a single one cannot, as is said."""
        totp = TOTP(Secret.from_base32(S))
        for text, words in (
            (S.replace("MHWY", "MHWX"), "base32, with X at position 18 read as Y"),
            (S.replace("MHWY", "MWHY"), "base32, with W and H at position 16 exchanged"),
            (S.replace("S46S", "546S"), "base32, with 5 at position 1 read as S"),
            (S.replace("Z", "2"), "base32, with 2 at position 24 read as Z"),
            (S.replace("46S", "4GS"), "base32, with G at position 3 read as 6"),
            (S[:-1], "base32, with H added at position 32"),
            (S[1:], "base32, with S added at position 1"),
            (S[:10] + S[11:], "base32, with N added at position 11"),
            (S[:10] + S[9] + S[10:], "base32, with C at position 10 left out"),
            (S + "A", "base32, with A at position 33 left out"),
        ):
            with self.subTest(words):
                self.assertEqual(words, found(text, totp.at(A), totp.at(B)).reading)
        single = diagnose(S.replace("MHWY", "MHWX"), totp.at(A), A)
        self.assertFalse(single.found)
        self.assertIn(
            "one wrong, lost or added letter in the secret, which a single code cannot prove",
            single.to_text(),
        )

    def test_a_code_that_does_not_belong_to_the_others(self) -> None:
        """F69, F70: a code that was mistyped, or has another account, is named by its position."""
        secret, third = Secret.from_base32(S), B + 60
        for totp, error, words, advice in (
            (TOTP(secret), 0, (), ""),
            (TOTP(secret, digits=8), 0, (), " Set both sides to the same number of digits: 6 or 8."),
            (TOTP(secret, algorithm="SHA256"), 0, (), " Set both sides to the same hash: SHA1 or SHA256."),
            (
                TOTP(secret),
                7200,
                ("the clock is 1 h 59 min 35 s to 2 h 9 s fast: a time zone off by 2 h",),
                " Compute steps from Unix time, which is UTC, and set the time zone of the device.",
            ),
        ):
            codes = [totp.at(time + error) for time in (A, B, third)]
            for wrong, typed in ((0, "0" * totp.digits), (1, "12345"), (2, "0" * totp.digits)):
                given = [typed if i == wrong else code for i, code in enumerate(codes)]
                more = [Sighting(given[1], B), Sighting(given[2], third)]
                with self.subTest(totp, wrong=wrong), mock.patch.object(plan, "MAX_MISTAKES", 1):
                    result = diagnose(S, given[0], A, more=more, progress=lambda _: False)
                    self.assertTrue(result.found)
                    finding = result.findings[0]
                    outside = f"code {wrong + 1} does not belong to the others"
                    check = f"Check code {wrong + 1}, and its time or counter."
                    self.assertEqual((outside, 2), (finding.mistakes[0], len(finding.moving_factors)))
                    if not error or wrong == 2:
                        self.assertEqual((words, check + advice), (finding.mistakes[1:], finding.advice))
        hotp = HOTP(secret)
        row = [
            Sighting("000000", counter=6),
            Sighting(hotp.at(7), counter=7),
            Sighting(hotp.at(8), counter=8),
        ]
        with mock.patch.object(plan, "MAX_MISTAKES", 1):
            finding = diagnose(S, hotp.at(5), counter=5, more=row).findings[0]
        self.assertEqual((5, 7, 8), finding.moving_factors)
        again = [Sighting(hotp.at(5), counter=5), Sighting(hotp.at(5), counter=7)]
        with mock.patch.object(plan, "MAX_MISTAKES", 1):
            twice = diagnose(S, hotp.at(8), counter=8, more=again).findings[0]
        self.assertEqual("code 3 does not belong to the others", twice.mistakes[0])
        single = best(Sighting(hotp.at(5), counter=5), row[1], row[2], text=S)
        self.assertAlmostEqual(4, finding.chance / single.chance)

    def test_codes_that_all_contradict(self) -> None:
        """F70: two codes left over must differ; a search that was stopped is not continued."""
        totp = TOTP(Secret.from_base32(S))
        self.enterContext(mock.patch.object(plan, "MAX_MISTAKES", 1))
        same = [Sighting(totp.at(A), A + 1), Sighting("000000", B)]
        self.assertEqual((), diagnose(S, totp.at(A), A, more=same, counter=None).findings)
        row = [Sighting(totp.at(B), B), Sighting("000000", B + 60)]
        self.assertEqual((), diagnose(S, totp.at(A), A, more=row, progress=lambda _: True).findings)
        alone = [Sighting("000000", B), Sighting("111111", B + 60)]
        self.assertEqual((), diagnose(S, totp.at(A), A, more=alone).findings)

    def test_an_hotp_is_pressed_twice_in_a_second(self) -> None:
        """F68: different codes of one time are those of the counters of a link."""
        hotp = HOTP(Secret.from_base32(S))
        result = diagnose(f"otpauth://hotp/a?secret={S}", hotp.at(0), A, more=[Sighting(hotp.at(1), A)])
        self.assertEqual((0, 1), result.findings[0].moving_factors)

    def test_what_was_not_tried_is_said(self) -> None:
        """F70: where nothing fits, a person learns what may still be wrong."""
        more = [Sighting("654321", counter=60)]
        text = diagnose(f"{LINK}&algorithm=MD5", "123456", counter=5, more=more).to_text()
        self.assertRegex(
            text, r"\ANone of the [0-9,]+ computed codes fits.\nThe device .+\nNot tried:\n- the link's alg"
        )
        stopped = diagnose(S, "123456", A, more=[Sighting("654321", B)], progress=lambda _: True).to_text()
        self.assertIn("- the rest of the search, which was stopped", stopped)

    def test_separators_that_were_copied(self) -> None:
        """F71: they do not belong to the secret, and no program is blamed for skipping them."""
        totp = TOTP(Secret.from_base32(S))
        words = "base32, with characters that are not base32 left out"
        copied = "Copy only the letters and digits of the secret: other characters do not belong to it."
        for text in (f"{S[:16]}_{S[16:]}", f"{S[:16]}/{S[16:]}", f"{S[:4]}+{S[4:]}", f"**{S}**"):
            with self.subTest(text):
                finding = found(text, totp.at(A), totp.at(B))
                self.assertEqual((words, copied), (finding.reading, finding.advice))
        finding = found(f"{S[:4]}9{S[4:]}", totp.at(A), totp.at(B))
        self.assertEqual(words, finding.reading)
        self.assertTrue(finding.advice.startswith("Refuse a secret that is not base32"))

    def test_quoted_printable(self) -> None:
        """F71: an equals sign of a mail leaves 3D in front of the secret and of each setting."""
        secret = Secret.from_base32(S)
        words = "base32, without the 3D of an equals sign in front"
        for text, totp in (
            (f"otpauth://totp/a?secret=3D{S}&issuer=3DExample", TOTP(secret)),
            (f"otpauth://totp/a?secret=3D{S}&digits=3D8&period=3D37", TOTP(secret, digits=8, period=37)),
            (f"3D{S}", TOTP(secret)),
            (f"=3D{S}", TOTP(secret)),
        ):
            with self.subTest(text):
                finding = found(text, totp.at(A), totp.at(B))
                self.assertEqual((words, ()), (finding.reading, finding.mistakes))
                self.assertTrue(finding.advice.startswith("Decode the quoted-printable text of the mail"))
        right = TOTP(Secret.from_base32(f"3D{S[2:]}"))
        self.assertEqual("base32", found(f"3D{S[2:]}", right.at(A), right.at(B)).reading)

    def test_what_comes_along_when_a_secret_is_copied(self) -> None:
        """F71: each is read, and said in words."""
        totp = TOTP(Secret.from_base32(S))
        for name, mistake in MISTAKES.items():
            if name.startswith("pasted"):
                with self.subTest(name):
                    case = plant(random.Random(name), mistake)
                    result = command.answer(case.program.text, case.seen)
                    self.assertEqual([], case.differences(result.findings[0].to_dict()))
        wide = "".join(chr(ord(letter) + 0xFEE0) for letter in S)
        for text, words in (
            (f"secret={S}&digits=6", "base32, taken from after its label"),
            (
                f"\u201c{wide}\u201d",
                "base32, full-width letters read as plain ones, without its quotes or brackets",
            ),
        ):
            with self.subTest(words):
                self.assertEqual(words, found(text, totp.at(A), totp.at(B)).reading)


class Vectors(unittest.TestCase):
    def test_the_table_of_rfc_6238_read_with_one_key(self) -> None:
        """Who takes the 20 bytes for all hashes reads that the RFC repeats them (erratum 2866)."""
        for row in RFC["rfc6238"]:
            finding = best(Sighting(row["totp"], row["time"]))
            with self.subTest(row):
                self.assertEqual(
                    (row["alg"].upper(), 8, 30), (finding.algorithm, finding.digits, finding.period)
                )
                repeated = () if row["alg"] == "sha1" else ("the key repeated to the length of the hash",)
                self.assertEqual(("base32", repeated), (finding.reading, finding.mistakes))

    def test_the_short_key_is_right_by_itself(self) -> None:
        """With 20 bytes, SHA-256 and SHA-512 give other codes than the RFC, and nothing is wrong."""
        for row in RFC["negative_20byte_key"]:
            finding = best(Sighting(row["wrong"], row["time"]))
            with self.subTest(row):
                self.assertEqual(
                    (row["alg"].upper(), 8, 30), (finding.algorithm, finding.digits, finding.period)
                )
                self.assertEqual(("base32", ()), (finding.reading, finding.mistakes))

    def test_byte_19(self) -> None:
        """T14: an offset from byte 19 is called so."""
        keys = {row["alg"]: bytes.fromhex(row["key_hex"]) for row in RFC["rfc6238"]}
        for row in RFC["negative_byte19_offset"]:
            finding = best(Sighting(row["wrong"], row["time"]), text=Secret(keys[row["alg"]]).to_base32())
            with self.subTest(row):
                self.assertEqual(row["alg"].upper(), finding.algorithm)
                self.assertEqual(("the offset taken from byte 19 instead of the last one",), finding.mistakes)

    def test_the_first_four_bytes(self) -> None:
        """What erratum 5129 of RFC 4226 is about: no offset at all."""
        rows = RFC["negative_erratum5129_fixed_offset0"]
        finding = best(*(Sighting(row["wrong"], counter=row["count"]) for row in rows))
        self.assertEqual(("the first four bytes instead of those at the offset",), finding.mistakes)
        self.assertEqual(tuple(range(10)), finding.moving_factors)

    def test_right_codes(self) -> None:
        """Where nothing is wrong, nothing is said to be."""
        for row in RFC["rfc4226"]:
            finding = best(Sighting(row["hotp"], counter=row["count"]))
            self.assertEqual(
                ((), 0, (row["count"],)), (finding.mistakes, finding.ahead, finding.moving_factors)
            )


class Times(unittest.TestCase):
    def test_a_time_is_a_number_or_an_aware_datetime(self) -> None:
        """All of them are the same moment."""
        code = TOTP(SECRET).at(TIME)
        summer = timezone(timedelta(hours=2))
        for time in (
            TIME,
            float(TIME),
            datetime.fromtimestamp(TIME, UTC),
            datetime.fromtimestamp(TIME, summer),
        ):
            with self.subTest(time):
                finding = best(Sighting(code, time))
                self.assertEqual(
                    ((TIME // 30,), (), "totp"), (finding.moving_factors, finding.mistakes, finding.kind)
                )

    def test_edges(self) -> None:
        """Time 0, counter 0 and the last counter are like any other; before and past them is nothing."""
        for sighting, factor, ahead in (
            (totp(0), 0, None),
            (totp(29.999), 0, None),
            (Sighting(HOTP(SECRET).at(0), counter=0), 0, 0),
            (Sighting(HOTP(SECRET).at(0), counter=10), 0, -10),
            (Sighting(HOTP(SECRET).at(LAST), counter=LAST), LAST, 0),
            (Sighting(HOTP(SECRET).at(LAST), counter=LAST - 10), LAST, 10),
            (Sighting(HOTP(SECRET).at(LAST - 1000), counter=LAST), LAST - 1000, -1000),
        ):
            with self.subTest(sighting):
                finding = best(sighting)
                self.assertEqual(((factor,), ahead), (finding.moving_factors, finding.ahead))
        for time in (10**11, 99_999_999_999.5, datetime(9999, 12, 31, tzinfo=UTC)):
            with self.subTest(time):
                self.assertFalse(diagnose(TEXT, "123456", time).found)

    def test_the_clock_is_known_to_a_step_and_the_tolerance(self) -> None:
        """Its error has a lowest and a highest value; a second code narrows them."""
        for error, interval in ((0, (-20, 19)), (-92, (-110, -71)), (300, (280, 319))):
            with self.subTest(error):
                sighting = Sighting(TOTP(SECRET).at(TIME + error), TIME)
                self.assertEqual(interval, best(sighting).clock)
        first = Sighting(TOTP(SECRET).at(TIME - 92), TIME)
        second = Sighting(TOTP(SECRET).at(TIME + 1012 - 92), TIME + 1012)
        self.assertEqual((-102, -71), best(first, second).clock)
        millis = [Sighting(HOTP(SECRET).at(time * 1000 // 30), time) for time in (TIME, TIME + 600)]
        self.assertEqual((-6, 5), best(*millis).clock)  # to 30 ms and the tolerance

    def test_slow_people_are_believed(self) -> None:
        """Times that are written down 5 seconds too early or too late don't contradict each other."""
        for early, late, expected in ((5, 5, True), (6, 5, False), (5, 6, False)):
            # Both codes are right, the one seen as its step began, the other as its step ended.
            first = Sighting(TOTP(SECRET).at(TIME), TIME - 15 - early)
            second = Sighting(TOTP(SECRET).at(TIME + 600), TIME + 600 + 14 + late)
            with self.subTest(early=early, late=late), mock.patch.object(plan, "MAX_MISTAKES", 0):
                found = diagnose(TEXT, first.code, first.time, more=[second])
                self.assertEqual(expected, found.found)

    def test_how_far_a_clock_is_looked_for(self) -> None:
        """10 steps are near, more than that is a mistake, a day is the end."""
        times = (TIME, TIME + 300, TIME + 630)
        for error, mistakes in ((-300, 0), (300, 0), (-330, 1), (330, 1), (-86_400, 1), (86_400, 1)):
            for most in (0, 1):
                with self.subTest(error, most=most), mock.patch.object(plan, "MAX_MISTAKES", most):
                    codes = [TOTP(SECRET).at(time + error) for time in times]
                    more = list(map(Sighting, codes[1:], times[1:]))
                    self.assertEqual(most >= mistakes, diagnose(TEXT, codes[0], TIME, more=more).found)
        for error in (-86_400 - 40, 86_400 + 40):
            codes = [TOTP(SECRET).at(time + error) for time in times]
            more = list(map(Sighting, codes[1:], times[1:]))
            with self.subTest(error), mock.patch.object(plan, "MAX_MISTAKES", 1):
                self.assertFalse(diagnose(TEXT, codes[0], TIME, more=more).found)

    def test_the_ends_of_what_is_far(self) -> None:
        """They are a day and the tolerance, to the second, and 1000 counters."""
        start = TIME - TIME % 30
        hotp, totp = HOTP(SECRET, digits=8), TOTP(SECRET, digits=8)
        sightings = [
            (True, Sighting(hotp.at(3000 + ahead), counter=3000)) for ahead in (-1000, -11, 11, 1000)
        ] + [(False, Sighting(hotp.at(3000 + ahead), counter=3000)) for ahead in (-1001, 1001)]
        for found, off in ((True, 86_405), (False, 86_406)):
            # The first second of a step, or the last one, is what the clock may just reach, or not.
            sightings.append((found, Sighting(totp.at(start), start - off)))
            sightings.append((found, Sighting(totp.at(start - 1), start - 1 + off)))
        for found, sighting in sightings:
            with self.subTest(sighting), mock.patch.object(plan, "MAX_MISTAKES", 1):
                diagnosed = diagnose(TEXT, sighting.code, sighting.time, counter=sighting.counter)
                self.assertEqual(found, diagnosed.found)

    def test_a_near_error_on_the_border_is_reported_whole(self) -> None:
        """A step that is partly near and partly far gives the whole of its errors."""
        for error in (-312, 312):
            finding = best(*(Sighting(TOTP(SECRET).at(time + error), time) for time in (TIME, TIME + 600)))
            with self.subTest(error):
                least, most = finding.clock or (0, 0)
                self.assertLessEqual(least, error)
                self.assertGreaterEqual(most, error)

    def test_what_is_known_to_put_a_clock_off_is_named(self) -> None:
        """Daylight-saving time and time zones are found in the codes, and called so."""
        for error, words in (
            (
                3600,
                "the clock is 59 min 40 s to 1 h 19 s fast: daylight-saving time, or a time zone off by 1 h",
            ),
            (-20_700, "the clock is 5 h 44 min 41 s to 5 h 45 min 20 s slow: a time zone off by 5 h 45 min"),
            (-92, "the clock is 1 min 11 s to 1 min 50 s slow"),
        ):
            with self.subTest(error):
                code = TOTP(SECRET, digits=8).at(TIME + error)
                self.assertEqual((words,), best(Sighting(code, TIME)).mistakes)


class Evidence(unittest.TestCase):
    def test_the_same_code_proves_nothing_the_second_time(self) -> None:
        """Two codes of a step are one; those of two steps are much less likely to be chance."""
        one = best(totp(TIME))
        same = best(totp(TIME), totp(TIME + 3))
        two = best(totp(TIME), totp(TIME + 30))
        self.assertEqual(one.chance, same.chance)
        self.assertLess(two.chance, one.chance / 100_000)
        self.assertEqual((one.moving_factors * 2, one.clock), (same.moving_factors, one.clock))
        repeated = diagnose(TEXT, "123456", counter=5, more=[Sighting("123 456", counter=5)])
        single = diagnose(TEXT, "123456", counter=5)
        self.assertEqual(
            [finding.chance for finding in single.findings], [finding.chance for finding in repeated.findings]
        )

    def test_a_chance_is_what_it_says(self) -> None:
        """Of random codes, no more than so many have a finding with so low a chance."""
        source = random.Random(11)
        lowest = []
        # Codes of three digits have hits a thousand times as often.
        with mock.patch.object(ending, "MIN_DIGITS", 3):
            for _ in range(300):
                code = f"{source.randrange(10**3):03}"
                findings = diagnose(TEXT, code, counter=source.randrange(10**9)).findings
                lowest.append(min((finding.chance for finding in findings), default=1.0))
        for chance in (0.1, 0.3, 0.5):
            expected = chance * len(lowest)
            hits = sum(each < chance for each in lowest)
            with self.subTest(chance, hits=hits):
                self.assertLess(hits, expected + 3 * expected**0.5)
                self.assertGreater(hits, expected / 3)

    def test_two_random_codes_are_not_explained(self) -> None:
        """Nothing is found, or it is called chance."""
        source = random.Random(12)
        for _ in range(10):
            codes = [f"{source.randrange(10**6):06}" for _ in range(2)]
            first, second = source.sample(range(10**6), 2)
            found = diagnose(TEXT, codes[0], counter=first, more=[Sighting(codes[1], counter=second)])
            self.assertFalse(found.found, found.to_text())

    def test_the_simplest_comes_first(self) -> None:
        """What needs no other mistake is first, and of that the nearest counter."""
        met = 0
        with mock.patch.object(ending, "MIN_DIGITS", 2):
            for counter in range(100, 300):
                findings = diagnose(TEXT, HOTP(SECRET).at(counter)[-2:], counter=counter + 3).findings
                others = [len(finding.mistakes) - bool(finding.ahead) for finding in findings]
                near = [abs(finding.ahead or 0) for finding in findings[: others.count(0)]]
                met += len(near) > 1
                self.assertEqual(sorted(others), others)
                self.assertEqual(sorted(near), near)
        self.assertGreater(met, 5)

    def test_a_mistake_that_changes_nothing_is_not_listed(self) -> None:
        """What is found without it isn't found again with it."""
        with mock.patch.object(diagnosis, "CONVINCING", 0):
            for counter in range(5):
                first, *others = diagnose(TEXT, HOTP(SECRET).at(counter), counter=counter).findings
                self.assertEqual((counter,), first.moving_factors)
                for other in others:
                    self.assertNotEqual(
                        (first.reading, first.algorithm, first.moving_factors),
                        (other.reading, other.algorithm, other.moving_factors),
                    )

    def test_what_changes_nothing(self) -> None:
        """It is the same reading, hash and factors, and more mistakes, or the same."""
        first = best(Sighting("755224", counter=0))
        replaced = partial(dataclasses.replace, first)
        for values in ({"reading": "x"}, {"algorithm": Algorithm.SHA256}, {"moving_factors": (9,)}):
            self.assertFalse(diagnosis._says_less(first, replaced(**values)))
        self.assertTrue(diagnosis._says_less(first, replaced(mistakes=("x",))))
        self.assertTrue(diagnosis._says_less(first, first))
        self.assertFalse(diagnosis._says_less(replaced(mistakes=("x",)), first))
        self.assertFalse(diagnosis._says_less(replaced(mistakes=("x",)), replaced(mistakes=("y",))))

    def test_ten_findings_are_enough(self) -> None:
        """The best ones are given, not all."""
        self.assertEqual(10, diagnosis.MAX_FINDINGS)
        with mock.patch.object(ending, "MIN_DIGITS", 2):
            call = partial(diagnose, TEXT, "12", 1_000_000_000, more=[Sighting("34", 1_000_000_100)])
            found = call().findings
            self.assertEqual(6, len(found))
            with mock.patch.object(diagnosis, "MAX_FINDINGS", 2):
                self.assertEqual(found[:2], call().findings)

    def test_it_ends_when_it_is_sure_and_all_as_simple_is_tried(self) -> None:
        """A right code takes one near search, a wrong hash those of one mistake that are as short."""
        self.assertEqual(21, diagnose(TEXT, HOTP(SECRET).at(50), counter=50).tried)
        tried = {diagnose(TEXT, HOTP(SECRET, algorithm=name).at(51), counter=51).tried for name in Algorithm}
        # With one mistake there are 79 near searches, and a single factor if the counter is a time.
        self.assertEqual({21, 21 + 1 + 85 * 21}, tried)


class Codes(unittest.TestCase):
    def test_how_codes_are_written(self) -> None:
        """Spaces and hyphens are left out."""
        for code in ("755224", "755 224", " 755-224 ", "7-5-5-2-2-4", "755224 "):
            with self.subTest(code):
                self.assertEqual((0,), best(Sighting(code, counter=0)).moving_factors)

    def test_leading_zeros_that_are_lost(self) -> None:
        """A code that is shorter than 6 digits, or than the others, has lost them."""
        for codes, digits, mistakes in (
            ({30: "26920", 0: "755224"}, 6, ("leading zeros are lost",)),
            ({30: "26920"}, 6, ("leading zeros are lost",)),
            ({36: "3784", 35: "37211"}, 6, ("leading zeros are lost",)),
            ({36: "003784", 35: "037211"}, 6, ()),
            ({349_495: "0", 36: "3784"}, 6, ("leading zeros are lost",)),
            ({349_495: "000000"}, 6, ()),
            ({37_037_036: "7081804", 37_037_037: "14050471"}, 8, ("leading zeros are lost",)),
            ({37_037_036: "07081804", 37_037_037: "14050471"}, 8, ()),
        ):
            with self.subTest(codes):
                found = best(*(Sighting(code, counter=counter) for counter, code in codes.items()))
                self.assertEqual((digits, tuple(codes)), (found.digits, found.moving_factors))
                self.assertEqual(mistakes, found.mistakes)

    def test_every_length(self) -> None:
        """Right codes of 6 to 10 digits are right."""
        for digits in range(6, 11):
            found = best(Sighting(HOTP(SECRET, digits=digits).at(1), counter=1))
            self.assertEqual((digits, ()), (found.digits, found.mistakes))


class Arguments(unittest.TestCase):
    def test_arguments_are_checked(self) -> None:
        """The error says what is wrong, and shows neither the secret nor a code."""
        secret, code = "GEHEIMESGEHEIMNIS", "918273"
        naive = datetime(2020, 1, 1)
        right, bare = Sighting(code, 1), Sighting(code)
        last = f"otpauth://hotp/a?secret={secret.replace('H', 'A')}&counter={2**64 - 1}"
        calls: list[tuple[type[Exception], str, Callable[[], object]]] = [
            (SecretError, "the secret must not be empty", lambda: diagnose("", code, 1)),
            (SecretError, "surrogate", lambda: diagnose(f"{secret}\ud800", code, 1)),
            (TypeError, "must be a str", lambda: diagnose(secret.encode(), code, 1)),  # type: ignore[arg-type]  # the wrong type is what is tested
            (TypeError, "a code must be a str", lambda: diagnose(secret, 918273, 1)),  # type: ignore[arg-type]  # the same
            (TypeError, "a code must be a str", lambda: diagnose(secret, code.encode(), 1)),  # type: ignore[arg-type]  # the same
            (ValueError, "must have 1 to 10 digits", lambda: diagnose(secret, "", 1)),
            (ValueError, "must have 1 to 10 digits", lambda: diagnose(secret, " - ", 1)),
            (ValueError, "must have 1 to 10 digits", lambda: diagnose(secret, f"{code}x", 1)),
            (ValueError, "must have 1 to 10 digits", lambda: diagnose(secret, f"{code}\n", 1)),
            (ValueError, "must have 1 to 10 digits", lambda: diagnose(secret, f"+{code}", 1)),
            (ValueError, "must have 1 to 10 digits", lambda: diagnose(secret, f"{code}²", 1)),
            (ValueError, "must have 1 to 10 digits", lambda: diagnose(secret, f"{code}12345", 1)),
            (ValueError, "must have a time or a counter", lambda: diagnose(secret, code)),
            (ValueError, "must not be before 1970", lambda: diagnose(secret, code, -1)),
            (ValueError, "must not be before 1970", lambda: diagnose(secret, code, -0.5)),
            (
                ValueError,
                "must not be before 1970",
                lambda: diagnose(secret, code, 1, more=[Sighting(code, -1)]),
            ),
            (ValueError, "must be a finite number", lambda: diagnose(secret, code, float("nan"))),
            (ValueError, "must be a finite number", lambda: diagnose(secret, code, float("inf"))),
            *(
                (ValueError, "must be in seconds; this may be milliseconds", call)
                for call in (
                    lambda: diagnose(secret, code, 1_764_140_000_000),
                    lambda: diagnose(secret, code, 1e11 + 1),
                    lambda: diagnose(secret, code, 1, more=[Sighting(code, LAST * 60)]),
                )
            ),
            (
                ValueError,
                "codes 1 and 3 differ, so they must have different times or counters",
                lambda: diagnose(secret, code, 1, more=[Sighting(code, 31), Sighting("000000", 1.5)]),
            ),
            (
                ValueError,
                "codes 2 and 3 differ, so they must have different times or counters",
                lambda: diagnose(
                    secret, code, counter=1, more=[Sighting("12345", None, 2), Sighting("012345", None, 2)]
                ),
            ),
            (ValueError, "naive", lambda: diagnose(secret, code, naive)),
            (TypeError, "a time must be", lambda: diagnose(secret, code, "1")),  # type: ignore[arg-type]  # the same
            (TypeError, "a time must be", lambda: diagnose(secret, code, True)),
            (ValueError, "counter must be an int from 0 to", lambda: diagnose(secret, code, counter=-1)),
            (ValueError, "counter must be an int from 0 to", lambda: diagnose(secret, code, counter=2**64)),
            (ValueError, "the link has the counter of the first", lambda: diagnose(last, code, more=[bare])),
            (TypeError, "counter must be an int", lambda: diagnose(secret, code, counter=1.0)),  # type: ignore[arg-type]  # the same
            (TypeError, "counter must be an int", lambda: diagnose(secret, code, counter=True)),
            (TypeError, "must be a Sighting", lambda: diagnose(secret, code, 1, more=[(code, 1)])),  # type: ignore[list-item]  # the same
            (TypeError, "must be a Sighting", lambda: diagnose(secret, code, 1, more=code)),  # type: ignore[arg-type]  # the same
            (TypeError, "iterable", lambda: diagnose(secret, code, 1, more=5)),  # type: ignore[arg-type]  # the same
            (ValueError, "all codes must have a", lambda: diagnose(secret, code, counter=1, more=[right])),
            (
                ValueError,
                "all codes must have a time",
                lambda: diagnose(secret, code, 1, more=[Sighting(code, counter=1)]),
            ),
            (
                ValueError,
                "all codes must have a time",
                lambda: diagnose(secret, code, 1, more=[Sighting(code)]),
            ),
            (
                ValueError,
                "all codes must have a time",
                lambda: diagnose(secret, code, 0, more=[Sighting(code)]),
            ),
            (
                ValueError,
                "all codes must have a counter",
                lambda: diagnose(secret, code, 1, counter=1, more=[right]),
            ),
            (
                ValueError,
                "all codes must have a time",
                lambda: diagnose(secret, code, 1, counter=1, more=[Sighting(code, counter=1)]),
            ),
        ]
        for number, (error, message, call) in enumerate(calls):
            with self.subTest(number, message=message):
                with self.assertRaisesRegex(error, message) as caught:
                    call()
                report = shown(caught.exception)
                for piece in (secret, code):
                    self.assertNotIn(piece, report)

    def test_a_sighting_shows_no_code(self) -> None:
        """Its repr says when, and not what."""
        self.assertEqual("Sighting(time=59, counter=None)", repr(Sighting("755224", 59)))

    def test_other_codes_may_come_from_anywhere(self) -> None:
        """Any iterable will do."""
        rest = (Sighting(HOTP(SECRET).at(i), counter=i) for i in range(1, 4))
        self.assertEqual(
            (0, 1, 2, 3), diagnose(TEXT, "755224", counter=0, more=rest).findings[0].moving_factors
        )

    def test_long_texts(self) -> None:
        """A hundred thousand characters are read like any others."""
        key = bytes(range(256)) * 250
        for text in (key.hex(), Secret(key).to_base32(), Secret(key).to_base64()):
            code = HOTP(Secret(key), algorithm="SHA512").at(7)
            found = diagnose(text, code, counter=5).findings[0]
            self.assertEqual((Algorithm.SHA512, 2), (found.algorithm, found.ahead))
        for text in ("1" * 100_000, "I" * 100_000, "é" * 100_000, "-" * 100_000):
            with mock.patch.object(plan, "MAX_MISTAKES", 1):
                self.assertFalse(diagnose(text, "123456", counter=5).found)


class Progress(unittest.TestCase):
    def test_it_rises_from_0_to_1(self) -> None:
        """It is told after each so many codes."""
        told: list[float] = []
        with mock.patch.object(diagnosis, "CHUNK", 1000):
            tried = diagnose(TEXT, "123456", counter=123, progress=told.append).tried
        self.assertEqual(tried // 1000, len(told))
        self.assertEqual(sorted(told), told)
        self.assertTrue(all(0 < part <= 1 for part in told))
        self.assertGreater(told[-1], 0.95)
        for number, part in enumerate(told, 1):
            self.assertLess(abs(part * tried - number * 1000), 1000)

    def test_it_can_end_the_search(self) -> None:
        """What was found until then is the answer."""
        found = diagnose(TEXT, "123456", 1_000_000_000, progress=lambda part: part > 0.1)
        self.assertLess(found.tried, diagnose(TEXT, "123456", 1_000_000_000).tried / 2)

    def test_a_quick_answer_tells_none(self) -> None:
        """Where there is nothing to wait for, nothing is told."""
        told: list[float] = []
        diagnose(TEXT, "755224", counter=0, progress=told.append)
        self.assertEqual([], told)


class Words(unittest.TestCase):
    def test_a_finding_in_words(self) -> None:
        """It is a sentence with all that matters."""
        for sighting, text, words in (
            (
                Sighting(TOTP(SECRET, algorithm="SHA256").at(TIME - 92), TIME),
                TEXT,
                f"SHA256, 6 digits, period 30 s, secret read as base32, step {(TIME - 92) // 30}; "
                "the clock is 1 min 11 s to 1 min 50 s slow (by accident: 1 in ",
            ),
            (
                Sighting(HOTP(SECRET).at(27), counter=24),
                SECRET.to_hex(),
                "SHA1, 6 digits, secret read as hexadecimal, counter 27; the counter is 3 ahead "
                "(by accident: 1 in 47,608)",
            ),
            (
                Sighting(HOTP(SECRET).at(27), counter=30),
                TEXT,
                "SHA1, 6 digits, secret read as base32, counter 27; the counter is 3 behind (by accident",
            ),
            (
                Sighting(HOTP(SECRET).at(27), counter=27),
                TEXT,
                "SHA1, 6 digits, secret read as base32, counter 27; as most apps compute it (by accident: 1 ",
            ),
            (
                Sighting(HOTP(SECRET).at(TIME), TIME),
                TEXT,
                f"SHA1, 6 digits, secret read as base32, counter {TIME}; "
                "the time in seconds itself as the counter, not divided by a period (by accident",
            ),
        ):
            with self.subTest(words):
                said = best(sighting, text=text).to_text()
                self.assertEqual(words, said[: len(words)])

        self.assertEqual(
            "SHA1, 6 digits, secret read as base32, counter 0; as most apps compute it "
            f"(by accident: 1 in 47,608). {RIGHT_COUNTER}",
            best(Sighting("755224", counter=0)).to_text(),
        )

    def test_a_diagnosis_in_words(self) -> None:
        """A line for each finding; where there is none, that too is said."""
        finding = best(Sighting("755224", counter=0))
        unsure = dataclasses.replace(finding, chance=0.01)
        wrong = dataclasses.replace(finding, advice="Mend it.", chance=1 / 375)
        hint = "A second code, from another time or counter, would give a surer result."
        other = "The device probably has another secret. Compare the secrets, or enroll the device again."
        for made, found, words in (
            (Diagnosis((), 1234, 2), False, f"None of the 1,234 computed codes fits.\n{other}"),
            (Diagnosis((), 1234, 1), False, f"None of the 1,234 computed codes fits.\n{other}\n{hint}"),
            (Diagnosis((finding,), 21, 1), True, f"1. {finding.to_text()}"),
            (Diagnosis((finding,), 21, 2), True, f"1. {finding.to_text()}"),
            (Diagnosis((unsure, finding), 21, 1), True, f"1. {unsure.to_text()}\n2. {finding.to_text()}"),
            (Diagnosis((unsure,), 21, 1), False, f"1. {unsure.to_text()}\n{hint}"),
            (Diagnosis((unsure,), 21, 2), False, f"1. {unsure.to_text()}"),
            (Diagnosis((wrong,), 21, 1), True, f"1. {wrong.to_text()}\n{hint}"),
            (Diagnosis((wrong,), 21, 2), True, f"1. {wrong.to_text()}"),
            (
                Diagnosis((wrong, finding), 21, 1),
                True,
                f"1. {wrong.to_text()}\n2. {finding.to_text()}\n{hint}",
            ),
        ):
            with self.subTest(words):
                self.assertEqual((found, words), (made.found, made.to_text()))

    def test_what_is_right_is_said_of_a_time_or_of_a_counter(self) -> None:
        """An HOTP has no clock, so nobody is sent to look at one; a right code needs no second one."""
        for sighting, advice in ((totp(TIME), RIGHT), (Sighting("755224", counter=0), RIGHT_COUNTER)):
            made = diagnose(TEXT, sighting.code, sighting.time, counter=sighting.counter)
            self.assertEqual(advice, made.findings[0].advice)
            self.assertFalse(made.needs_second_code)
        self.assertNotIn("clock", RIGHT_COUNTER)
        for code in (TOTP(SECRET, digits=7).at(TIME), TOTP(SECRET).at(TIME + 300)):
            made = diagnose(TEXT, code, TIME)
            self.assertTrue(made.needs_second_code)
            self.assertTrue(made.found and made.to_text().endswith(f"\n{MORE}"))

    def test_values_can_be_written_as_json(self) -> None:
        """Every value by its name."""
        sightings = [Sighting(TOTP(SECRET).at(time + 60), time) for time in (TIME, TIME + 300)]
        values = best(*sightings).to_dict()
        chance = values.pop("chance")
        self.assertIsInstance(chance, float)
        self.assertEqual(
            {
                "kind": "totp",
                "reading": "base32",
                "algorithm": "SHA1",
                "digits": 6,
                "period": 30,
                "moving_factors": [TIME // 30 + 2, TIME // 30 + 12],
                "clock": [40, 79],
                "ahead": None,
                "mistakes": ["the clock is 40 s to 1 min 19 s fast"],
                "advice": "Set the clock of the device to network time.",
            },
            json.loads(json.dumps(values)),
        )
