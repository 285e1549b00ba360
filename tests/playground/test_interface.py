"""The JSON interface: answers that are the library's, and errors that name the field."""

import json
import time
import unittest
from typing import Any
from unittest import mock

from onetime import HOTP, TOTP, Account, Algorithm, Secret, explain
from onetime.playground.fields import RequestError
from onetime.playground.interface import Interface
from onetime.provisioning import migration, uri
from onetime.provisioning.qr import QRCode
from onetime.secret import MIN_SIZE
from tests.support import RFC_KEY, vectors
from tests.support.serving import CREDENTIAL, KEY
from tests.support.wrong_requests import FACTOR, OBJECT, REQUESTS, wrong_requests

NOW = 59.25
LAST = 2**64 - 1
HOTP_CREDENTIAL = {**CREDENTIAL, "kind": "hotp"}


class Asking(unittest.TestCase):
    def setUp(self) -> None:
        self.interface = Interface(lambda: NOW)

    def ask(self, address: str, values: object) -> Any:
        """Ask, and read the answer."""
        return json.loads(self.interface.answer(address, json.dumps(values).encode()))

    def refusal(self, address: str, values: object) -> tuple[int, str | None, str]:
        """Ask what cannot be answered."""
        with self.assertRaises(RequestError) as caught:
            self.ask(address, values)
        return caught.exception.status, caught.exception.field, caught.exception.message


class Errors(Asking):
    def test_every_wrong_field_is_named(self) -> None:
        """An error says which field and why, and quotes nothing."""
        for address, values, field in wrong_requests():
            with self.subTest(address=address, values=str(values)[:200]):
                status, named, message = self.refusal(address, values)
                self.assertEqual(field, named)
                self.assertEqual(400 if field is None else 200, status)
                self.assertRegex(message, r"\A[ -~]{5,120}[^.]\Z")
                self.assertNotIn("GEZDGNB", message)

    def test_numbers_say_their_bounds(self) -> None:
        """Whoever typed something else reads what can be typed."""
        for name, bad, words in (
            ("counter", "-1", "counter must be a whole number from 0 to 2^64-1"),
            ("counter", str(2**64), "counter must be a whole number from 0 to 2^64-1"),
            ("t0", "9" * 5000, "t0 must be a whole number from 0 to 2^64-1"),
            ("t0", -1, "t0 must be a whole number from 0 to 2^64-1"),
            ("period", 0, "period must be a whole number from 1 to 2^64-1"),
            ("digits", 11, "digits must be a whole number from 6 to 10"),
        ):
            with self.subTest(name=name, bad=str(bad)[:30]):
                refused = self.refusal("/api/code", {"credential": {**HOTP_CREDENTIAL, name: bad}})
                self.assertEqual((200, name, words), refused)

    def test_a_request_is_an_object(self) -> None:
        """Any other JSON is refused at every address."""
        for address in REQUESTS:
            for values in OBJECT:
                with self.subTest(address=address, values=values):
                    refused = (400, None, "the request must be a JSON object")
                    self.assertEqual(refused, self.refusal(address, values))

    def test_every_address_is_here(self) -> None:
        """The table of these tests leaves none out."""
        self.assertEqual({*self.interface.calls}, {*REQUESTS})

    def test_bodies_that_are_no_json(self) -> None:
        """What is not strictly JSON in UTF-8 is refused, however deep, large or strange."""
        for body in (
            b"",
            b"{",
            b"{}{}",
            b"{'a': 1}",
            b'{"form": "base32", "form": "hex"}',
            b'{"x": {"a": 1, "a": 1}}',
            b"[NaN]",
            b"Infinity",
            b"-Infinity",
            b"1e999",
            b"-1e999",
            b"9" * 5000,
            b"[" * 60_000,
            b'{"":' * 12_000,
            b'"\xff"',
            b'"\xed\xa0\x80"',
            "\ufeff{}".encode(),
            "{}".encode("utf-16"),
            b'"\n"',
            b"\0",
        ):
            with self.subTest(body=body[:20]):
                with self.assertRaises(RequestError) as caught:
                    self.interface.answer("/api/secret", body)
                error = caught.exception
                self.assertEqual((400, None), (error.status, error.field))
                self.assertEqual("the body must be JSON in UTF-8", error.message)

    def test_an_error_comes_without_a_cause(self) -> None:
        """Nothing that might quote the request hangs on an error."""
        bodies = [b'{"secret": "\xff"}', b'{"credential": {"secret": "!"}}']
        for body in bodies:
            with self.subTest(body=body), self.assertRaises(RequestError) as caught:
                self.interface.answer("/api/code", body)
            self.assertIsNone(caught.exception.__cause__)
            self.assertTrue(caught.exception.__suppress_context__)


class Secrets(Asking):
    def test_a_secret_is_as_long_as_the_hash(self) -> None:
        """In each form it can be read back, and no two are the same."""
        readers = {"base32": Secret.from_base32, "hex": Secret.from_hex, "base64": Secret.from_base64}
        seen = []
        for algorithm in Algorithm:
            for form, read in readers.items():
                with self.subTest(algorithm=algorithm, form=form):
                    secret = read(self.ask("/api/secret", {"algorithm": algorithm, "form": form})["secret"])
                    self.assertEqual(algorithm.digest_size, len(secret))
                    seen.append(secret.to_bytes())
        self.assertEqual(len(Algorithm) * len(readers), len({*seen}))

    def test_the_defaults(self) -> None:
        """Without anything said, it is base32 for SHA-1."""
        self.assertEqual(20, len(Secret.from_base32(self.ask("/api/secret", {})["secret"])))

    def test_no_random_text(self) -> None:
        """Random bytes are no text that could be typed."""
        self.assertEqual("form", self.refusal("/api/secret", {"form": "text"})[1])


class Pasted(Asking):
    LINK = f"otpauth://totp/Acme:alice?secret={KEY}&issuer=Acme&algorithm=SHA256&digits=8&period=60"

    def test_a_link(self) -> None:
        """F88: every field of the page is in the answer."""
        answer = self.ask("/api/read", {"text": f"\ufeff {self.LINK}&image=x\n"})
        credential = {
            "secret": KEY,
            "form": "base32",
            "kind": "totp",
            "algorithm": "SHA256",
            "digits": 8,
            "counter": "0",
            "period": "60",
            "t0": "0",
        }
        (account,) = answer["accounts"]
        link = account.pop("link")
        self.assertEqual(
            {"name": "alice", "issuer": "Acme", "credential": credential, "left_out": ["image"]}, account
        )
        self.assertEqual("alice", uri.parse(link).name)
        self.assertEqual([], answer["refused"])

    def test_the_link_that_the_page_prints(self) -> None:
        """F88: what the page prints, the page reads, for each kind and each setting."""
        for credential in (
            {**CREDENTIAL, "digits": 7, "algorithm": "SHA512", "period": 2**40},
            {**HOTP_CREDENTIAL, "counter": str(LAST)},
        ):
            with self.subTest(credential=credential):
                values = {"credential": credential, "name": "zo\u00eb", "issuer": "", "time": 10**12}
                link = self.ask("/api/code", values)["link"]
                (account,) = self.ask("/api/read", {"text": link})["accounts"]
                self.assertEqual(("zo\u00eb", ""), (account["name"], account["issuer"]))
                read = account["credential"]
                self.assertEqual({**read, **{name: read[name] for name in ("secret", "kind")}}, read)
                for name, value in credential.items():
                    self.assertEqual(str(value), str(read[name]))
                self.assertEqual(link, account["link"])

    def test_several(self) -> None:
        """F88: links and exports come together, and what cannot be read is named with its reason."""
        accounts = [Account(name, HOTP(Secret(RFC_KEY))) for name in ("a", "b")]
        (export,) = migration.build(accounts)
        answer = self.ask("/api/read", {"text": f"{self.LINK} {export}\notpauth://totp/x?secret=1"})
        self.assertEqual(["alice", "a", "b"], [account["name"] for account in answer["accounts"]])
        (refused,) = answer["refused"]
        self.assertEqual((4, "", ""), (refused["position"], refused["name"], refused["issuer"]))
        self.assertRegex(refused["reason"], "secret")

    def test_an_account_without_a_link(self) -> None:
        """Apps export names that a link cannot have, and accounts without a name."""
        for name, has_link in (("", True), ("a:b", True), ("\u00e9" * 20_000, False)):
            with self.subTest(name=name[:9]):
                account = Account(name, HOTP(Secret(RFC_KEY)), issuer="Acme")
                with mock.patch.object(migration, "read", return_value=migration.Batch(accounts=(account,))):
                    (answer,) = self.ask("/api/read", {"text": "x"})["accounts"]
                self.assertEqual(has_link, answer["link"] is not None)
                self.assertEqual(name, answer["name"])

    def test_text_beside_a_link(self) -> None:
        """F43, F51: it is named, and does not become a part of the secret."""
        text = f"otpauth://totp/a?secret={KEY}"
        for after in ("\nhello", "\r\nhello", "\rhello"):
            self.assertRegex(self.refusal("/api/read", {"text": text + after})[2], "line 2")
        for after in (" hello", "\thello", "\u00a0hello", "\u2028hello"):
            answer = self.ask("/api/read", {"text": text + after})
            self.assertEqual([], answer["accounts"])
            self.assertRegex(answer["refused"][0]["reason"], "^secret must not have white space")

    def test_a_long_paste_is_read_quickly(self) -> None:
        """F88: the time grows with the length of the text, and not with its square."""
        for text in (f"{self.LINK}&a" + "\u0301\u0316" * 15_000, f"{self.LINK}\n" * 500):
            start = time.process_time()
            self.ask("/api/read", {"text": text})
            self.assertLess(time.process_time() - start, 1)

    def test_what_is_not_a_link(self) -> None:
        """The reason stands beside the secret."""
        for text in ("", "x", f"{self.LINK}\nx"):
            with self.subTest(text=text):
                self.assertEqual((200, "secret"), self.refusal("/api/read", {"text": text})[:2])


class Codes(Asking):
    def test_the_vectors_of_the_rfcs(self) -> None:
        """All codes of RFC 4226 appendix D and RFC 6238 appendix B."""
        rfc = vectors("rfc.json")
        for row in rfc["rfc4226"]:
            credential = {**HOTP_CREDENTIAL, "counter": str(row["count"])}
            self.assertEqual(row["hotp"], self.ask("/api/code", {"credential": credential})["code"])
        for row in rfc["rfc6238"]:
            parts = {"form": "hex", "algorithm": row["alg"].upper(), "digits": 8}
            credential = {"secret": row["key_hex"], **parts}
            answer = self.ask("/api/code", {"credential": credential, "time": row["time"]})
            self.assertEqual(row["totp"], answer["code"])

    def test_a_code_by_the_clock(self) -> None:
        """Without a time it is the code of now, with its neighbours, its link and its QR code."""
        totp = TOTP(Secret(RFC_KEY))
        link = uri.build(Account("alice@example.com", totp, issuer="Acme"))
        self.assertEqual(
            {
                "code": "287082",
                "previous": {"moving_factor": "0", "code": "755224"},
                "next": {"moving_factor": "2", "code": "359152"},
                "moving_factor": "1",
                "period": 30,
                "remaining": 0.75,
                "bytes": 20,
                "weak": False,
                "least": 16,
                "link": link,
                "link_error": None,
                "qr": QRCode(link).to_svg(title="QR code of the link"),
                "qr_error": None,
            },
            self.ask("/api/code", {"credential": CREDENTIAL}),
        )

    def test_a_code_by_the_counter(self) -> None:
        """An HOTP has no time, and its link has the counter."""
        answer = self.ask("/api/code", {"credential": {**HOTP_CREDENTIAL, "counter": "1"}, "name": "a"})
        self.assertEqual(
            ("287082", "1", None, None),
            tuple(map(answer.get, ("code", "moving_factor", "period", "remaining"))),
        )
        account = Account("a", HOTP(Secret(RFC_KEY)), issuer="Acme", counter=1)
        self.assertEqual(account, uri.parse(answer["link"]))

    def test_the_ends_of_the_range(self) -> None:
        """Before the first factor and after the last there is none."""
        first = self.ask("/api/code", {"credential": HOTP_CREDENTIAL})
        self.assertEqual((None, "1"), (first["previous"], first["next"]["moving_factor"]))
        last = self.ask("/api/code", {"credential": {**HOTP_CREDENTIAL, "counter": str(LAST)}})
        self.assertEqual((str(LAST - 1), None), (last["previous"]["moving_factor"], last["next"]))
        self.assertEqual(HOTP(Secret(RFC_KEY)).at(LAST), last["code"])

    def test_every_part_of_a_credential_counts(self) -> None:
        """The code is that of the credential which the fields describe, in each form of the secret."""
        secret = Secret(RFC_KEY)
        forms = {
            "base32": secret.to_base32(),
            "hex": secret.to_hex(),
            "base64": secret.to_base64(),
            "text": RFC_KEY.decode(),
        }
        time = 1_234_567_890
        for form, text in forms.items():
            for algorithm in Algorithm:
                for digits, period, t0 in ((6, 30, 0), (10, 1, 5), (8, 2**40, 7)):
                    parts = {"algorithm": algorithm, "digits": digits, "period": period, "t0": t0}
                    with self.subTest(form=form, **parts):
                        credential = {"secret": text, "form": form, **parts}
                        answer = self.ask("/api/code", {"credential": credential, "time": time})
                        totp = TOTP(secret, digits=digits, algorithm=algorithm, period=period, t0=t0)
                        self.assertEqual(totp.at(time), answer["code"])

    def test_a_weak_secret_is_told(self) -> None:
        """Under 16 bytes it is weak (RFC 4226 section 4, R6), wherever the credential is shown."""
        for address in ("/api/code", "/api/steps", "/api/table", "/api/login/start"):
            for size, weak in ((15, True), (16, False)):
                if weak and address == "/api/login/start":
                    continue  # it is not enrolled
                with self.subTest(address=address, size=size):
                    answer = self.ask(address, {"credential": {"secret": "ab" * size, "form": "hex"}})
                    told = {name: answer[name] for name in ("bytes", "weak", "least")}
                    self.assertEqual({"bytes": size, "weak": weak, "least": MIN_SIZE}, told)

    def test_what_a_link_cannot_say(self) -> None:
        """There is a code all the same, and the reason."""
        for changes, field in (
            ({"credential": {**CREDENTIAL, "t0": 5}}, "t0"),
            ({"name": "a:b", "issuer": ""}, "name"),
            ({"name": "a\nb"}, "name"),
            ({"name": "\ud800"}, "name"),
            ({"name": "a:b", "issuer": "a:b"}, "name"),
        ):
            with self.subTest(changes=changes):
                answer = self.ask("/api/code", {"credential": CREDENTIAL, "time": 100, **changes})
                self.assertEqual((None, None, None), (answer["link"], answer["qr"], answer["qr_error"]))
                self.assertEqual(field, answer["link_error"]["field"])
                self.assertEqual(6, len(answer["code"]))

    def test_what_a_qr_code_cannot_hold(self) -> None:
        """There is a link all the same, and the reason."""
        answer = self.ask("/api/code", {"credential": {"secret": "A" * 4000}})
        self.assertEqual((None, None), (answer["qr"], answer["link_error"]))
        self.assertRegex(answer["qr_error"]["message"], "holds at most")
        self.assertIn("secret=AAAA", answer["link"])

    def test_times_that_have_no_code(self) -> None:
        """A time before t0 is refused, with the field: t0 itself where the time is now."""
        for address in ("/api/code", "/api/steps", "/api/table"):
            name = "start" if address == "/api/table" else "time"
            with self.subTest(address=address):
                credential = {**CREDENTIAL, "t0": 100}
                words = "the time is before t0"
                refused = self.refusal(address, {"credential": credential, name: 99})
                self.assertEqual((200, name, words), refused)
                refused = self.refusal(address, {"credential": credential})
                self.assertEqual((200, "t0", words), refused)


class Steps(Asking):
    def test_every_value_is_the_explanations(self) -> None:
        """What the library explains is in the answer, whatever the credential."""
        for algorithm in Algorithm:
            for size in (1, 20, 64, 65, 72, 73, 128, 136, 137, 200):
                key = bytes(range(size))
                with self.subTest(algorithm=algorithm, size=size):
                    credential = {"secret": key.hex(), "form": "hex", "algorithm": algorithm, "digits": 8}
                    answer = self.ask("/api/steps", {"credential": credential, "time": 1_234_567_890})
                    totp = TOTP(Secret(key), algorithm=algorithm, digits=8)
                    explanation = explain(totp, totp.step(1_234_567_890))
                    told = {**explanation.to_dict(), "moving_factor": "41152263", "t0": "0", "period": "30"}
                    told["span"] = ["1234567890", "1234567920"]  # type: ignore[assignment]  # as JSON has it
                    self.assertEqual(told, {name: answer[name] for name in told})
                    # The picture's own values fit together, and fit what was explained.
                    padded = bytes.fromhex(answer["padded_key"])
                    self.assertEqual(size, answer["bytes"])
                    self.assertEqual(
                        (len(padded), algorithm.digest_size), (answer["block_size"], answer["digest_size"])
                    )
                    self.assertEqual(size > len(padded), answer["key_hashed"])
                    key_part = algorithm.new(key).digest() if answer["key_hashed"] else key
                    self.assertEqual(key_part + bytes(answer["fill"]), padded)
                    hs = [int(byte, 16) for byte in answer["hs_bytes"]]
                    self.assertEqual(bytes.fromhex(answer["hs"]), bytes(hs))
                    self.assertEqual(
                        (hs[-1], hs[-1]), (int(answer["last_byte"], 16), int(answer["last_bits"], 2))
                    )
                    self.assertEqual((2, 8), (len(answer["last_byte"]), len(answer["last_bits"])))
                    self.assertEqual(hs[-1] & 15, answer["offset"])
                    start = answer["offset"]
                    self.assertEqual(list(range(start, start + 4)), answer["p_indices"])
                    self.assertEqual(answer["hs_bytes"][start : start + 4], answer["p_bytes"])
                    self.assertEqual(f"{hs[start]:08b}", answer["p_first_bits"])
                    self.assertEqual(answer["p_first_bits"][0], str(answer["sign_bit"]))
                    self.assertEqual(8, len(answer["p_masked"]))
                    self.assertEqual(answer["snum"], int(answer["p_masked"], 16))
                    self.assertEqual(answer["d"], answer["snum"] % answer["modulus"])
                    self.assertEqual(10**8, answer["modulus"])

    def test_the_time_of_a_totp(self) -> None:
        """The step comes from the whole seconds since t0."""
        answer = self.ask("/api/steps", {"credential": {**CREDENTIAL, "t0": 20}})
        names = ("time", "period", "t0", "moving_factor", "span", "remaining")
        self.assertEqual(["59", "30", "20", "1", ["50", "80"], 20.75], [answer[name] for name in names])

    def test_numbers_past_what_javascript_has(self) -> None:
        """Past 2^53 they are exact all the same, because they are text."""
        credential = {**CREDENTIAL, "t0": 2**63 + 1, "period": 2**62 + 1}
        answer = self.ask("/api/steps", {"credential": credential, "time": LAST})
        names = ("time", "period", "t0", "moving_factor", "span")
        span = [str(2**63 + 2**62 + 2), str(2**64 + 3)]
        told = [str(LAST), str(2**62 + 1), str(2**63 + 1), "1", span]
        self.assertEqual(told, [answer[name] for name in names])
        rows = self.ask("/api/table", {"credential": credential, "start": LAST, "count": 1})["rows"]
        self.assertEqual(span[0], rows[0]["time"])

    def test_a_hotp_has_no_time(self) -> None:
        """Where a TOTP has a time, an HOTP has nothing."""
        answer = self.ask("/api/steps", {"credential": {**HOTP_CREDENTIAL, "counter": str(LAST)}})
        self.assertEqual(str(LAST), answer["moving_factor"])
        self.assertEqual("f" * 16, answer["message"])
        names = ("time", "period", "t0", "span", "remaining")
        self.assertEqual([None] * 5, [answer[name] for name in names])


class Table(Asking):
    def test_rows_of_a_totp(self) -> None:
        """From the step of a time on, each with the second at which it begins."""
        answer = self.ask("/api/table", {"credential": CREDENTIAL, "start": 31.5, "count": 2})
        self.assertEqual(
            [
                {"moving_factor": "1", "time": "30", "code": "287082"},
                {"moving_factor": "2", "time": "60", "code": "359152"},
            ],
            answer["rows"],
        )
        self.assertEqual(28.5, answer["remaining"])
        now = self.ask("/api/table", {"credential": CREDENTIAL})
        self.assertEqual((10, "1"), (len(now["rows"]), now["rows"][0]["moving_factor"]))
        self.assertEqual(0.75, now["remaining"])

    def test_rows_of_a_hotp(self) -> None:
        """From a counter on, or from the credential's."""
        credential = {**HOTP_CREDENTIAL, "counter": "7"}
        for start, first in (("3", 3), (None, 7)):
            answer = self.ask("/api/table", {"credential": credential, "start": start, "count": 1000})
            self.assertIsNone(answer["remaining"])
            rows = answer["rows"]
            self.assertEqual(
                [str(first + number) for number in range(1000)], [row["moving_factor"] for row in rows]
            )
            self.assertEqual(list(HOTP(Secret(RFC_KEY)).codes(first, 1000)), [row["code"] for row in rows])
            self.assertEqual({None}, {row["time"] for row in rows})

    def test_a_start_of_a_hotp_is_a_counter(self) -> None:
        """A number, or what is no counter, is refused."""
        for start in FACTOR[1:]:
            with self.subTest(start=start):
                refused = self.refusal("/api/table", {"credential": HOTP_CREDENTIAL, "start": start})
                self.assertEqual("start", refused[1])

    def test_the_end_of_the_range(self) -> None:
        """After the last counter or step there are no more rows, however many are asked for."""
        hotp = {"credential": {**HOTP_CREDENTIAL, "counter": str(LAST - 1)}}
        totp = {"credential": {**CREDENTIAL, "period": 1}, "start": LAST - 1}
        for values in (hotp, totp):
            for count, last in ((1, LAST - 1), (2, LAST), (3, LAST), (1000, LAST)):
                with self.subTest(values=values, count=count):
                    rows = self.ask("/api/table", {**values, "count": count})["rows"]
                    expected = [str(factor) for factor in range(LAST - 1, last + 1)]
                    self.assertEqual(expected, [row["moving_factor"] for row in rows])


class Clock(unittest.TestCase):
    def test_without_another_it_is_the_systems(self) -> None:
        """Now is when the request comes."""
        with mock.patch("time.time", return_value=1e9):
            interface = Interface()
        answer = json.loads(interface.answer("/api/steps", json.dumps({"credential": CREDENTIAL}).encode()))
        self.assertGreater(int(answer["time"]), 1.7e9)
