"""Reading and writing links."""

import random
import sys
import unittest
from itertools import product
from typing import Any
from urllib.parse import quote

from onetime import HOTP, TOTP, Account, Algorithm, Secret, URIError
from onetime.provisioning.names import INVISIBLE
from onetime.provisioning.uri import MAX_LENGTH, MAX_TEXT, build, escape, parse, split
from tests.support import RFC_KEY, vectors

LINKS = vectors("links.json")["links"]
SECRET = Secret(RFC_KEY)
S = "S46SQCPPTCNPROMHWYBDCTBZXVNKL2QH"
L = f"otpauth://totp/a?secret={S}"
BASE32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def expected(link: dict[str, Any]) -> Account:
    """Make the account that a line of links.json describes."""
    secret = Secret.from_base32(str(link["secret"]))
    parts = {name: link[name] for name in ("digits", "algorithm", "period") if name in link}
    credential = HOTP(secret, **parts) if link["type"] == "hotp" else TOTP(secret, **parts)
    more = {name: link[name] for name in ("issuer", "counter") if name in link}
    extra = map(tuple, link.get("extra", ()))
    return Account(str(link["name"]), credential, **more, extra=extra)


def names(text: str) -> tuple[str | None, str]:
    """Read the issuer and the name of a link."""
    account = parse(text)
    return account.issuer, account.name


class Reading(unittest.TestCase):
    def test_what_apps_write_is_read(self) -> None:
        """T05, H11: each link says what its line in links.json says."""
        for link in LINKS:
            if "error" not in link:
                with self.subTest(link["note"]):
                    self.assertEqual(expected(link), parse(link["uri"]))

    def test_what_would_not_be_honoured_is_refused(self) -> None:
        """K27, K30: nothing is clamped or guessed, and the error names the parameter."""
        for link in LINKS:
            if "error" in link:
                with self.subTest(link["note"]):
                    with self.assertRaises(URIError) as caught:
                        parse(link["uri"])
                    self.assertEqual(link["error"], caught.exception.parameter)

    def test_errors_help(self) -> None:
        """Each common mistake gets an answer that says what to do, or what is wrong."""
        for text, message in (
            (
                "JBSWY3DPEHPK3PXP",
                "a link must begin with otpauth://; read a secret alone with Secret.from_base32",
            ),
            ("otpauth-migration://offline?data=AA", "not an export"),
            ("otpauth%3A%2F%2Ftotp%2Fa%3Fsecret%3DJBSWY3DP", "percent-encoded as a whole"),
            ("https://example.com", "must begin with otpauth://"),
            ("otpauth://totp/a", "a link must have a secret"),
            ("otpauth://totp/a?secret=JBSW1", "in the secret, the character at position 5 is not base32"),
            ("otpauth://totp/a?secret=JBSWY3DP&digits=4", "digits must be a whole number from 6 to 10"),
            ("otpauth://totp/a?secret=JBSWY3DP&algorithm=MD5", "16 bytes are too short"),
            ("otpauth://totp/a?secret=JBSWY3DP&period=1&period=2", "period must not be in the link twice"),
            ("otpauth://totp/a?secret=JBSWY3DP&issuer=%zz", "in issuer, two hexadecimal digits"),
            ("otpauth://totp/a#b", "# must be written as %23 in a link"),
        ):
            with self.subTest(text), self.assertRaisesRegex(URIError, message):
                parse(text)

    def test_a_link_that_is_too_long_is_refused(self) -> None:
        """What no QR code could hold is not even looked at."""
        link = f"otpauth://totp/a?secret={BASE32}&x="
        self.assertEqual(MAX_LENGTH, len(link.ljust(MAX_LENGTH, "x")))
        self.assertTrue(parse(link.ljust(MAX_LENGTH, "x")))
        with self.assertRaisesRegex(URIError, "at most 65536 characters"):
            parse(link.ljust(MAX_LENGTH + 1, "x"))

    def test_half_a_surrogate_pair_is_refused(self) -> None:
        """A text that is not Unicode cannot be written again."""
        for link in (f"otpauth://totp/\ud800?secret={BASE32}", f"otpauth://totp/%41\ud800?secret={BASE32}"):
            with self.subTest(ascii(link)), self.assertRaises(URIError) as caught:
                parse(link)
            self.assertIn(caught.exception.parameter, ("name", "label"))

    def test_a_link_is_a_str(self) -> None:
        """Bytes are decoded by whoever knows how."""
        for wrong in (b"otpauth://totp/a", None):
            with self.subTest(wrong), self.assertRaises(TypeError):
                parse(wrong)  # type: ignore[arg-type]  # the wrong type is what is tested


class Writing(unittest.TestCase):
    def test_what_every_app_reads(self) -> None:
        """Issuer twice, %20 for a space, no padding, defaults left out, every reserved byte encoded."""
        for account, link in (
            (Account("alice", TOTP(SECRET)), f"otpauth://totp/alice?secret={BASE32}"),
            (
                Account("alice@example.com", TOTP(SECRET), issuer="Big Corp"),
                f"otpauth://totp/Big%20Corp:alice%40example.com?secret={BASE32}&issuer=Big%20Corp",
            ),
            (
                Account("a", TOTP(SECRET, digits=8, algorithm="SHA256", period=60)),
                f"otpauth://totp/a?secret={BASE32}&algorithm=SHA256&digits=8&period=60",
            ),
            (Account("a", HOTP(SECRET)), f"otpauth://hotp/a?secret={BASE32}&counter=0"),
            (
                Account("a", HOTP(SECRET), counter=2**64 - 1),
                f"otpauth://hotp/a?secret={BASE32}&counter={2**64 - 1}",
            ),
            (
                Account("100%+/?&=#", TOTP(Secret(b"abc")), extra=[("x y", "é+&")]),
                "otpauth://totp/100%25%2B%2F%3F%26%3D%23?secret=MFRGG&x%20y=%C3%A9%2B%26",
            ),
            (Account("a:b", TOTP(SECRET), issuer="I"), f"otpauth://totp/I:a%3Ab?secret={BASE32}&issuer=I"),
        ):
            with self.subTest(link):
                self.assertEqual(link, build(account))

    def test_what_is_written_is_read(self) -> None:
        """Any account that can be written comes back equal, and so does its link."""
        letters = [*"aZ09 %+&=#?/:;@é株🔑'\"<>~.-_", "\u200d"]
        source = random.Random(86)
        written = 0
        for _ in range(3000):
            text = ["".join(source.choices(letters, k=source.randint(0, 8))) for _ in range(5)]
            kind = source.choice((HOTP, TOTP))
            parts = {"period": source.choice((30, 60, 2**64 - 1))} if kind is TOTP else {}
            account = Account(
                text[0],
                kind(
                    Secret(source.randbytes(source.randint(1, 40))),
                    digits=source.randint(6, 10),
                    algorithm=source.choice(list(Algorithm)),
                    **parts,
                ),
                issuer=text[1] or None,
                counter=source.getrandbits(64) if kind is HOTP else 0,
                extra=[("x" + text[2], text[3]), ("y" + text[4], ""), ("x" + text[2], "")],
            )
            try:
                link = build(account)
            except URIError as error:
                self.assertIn(error.parameter, ("name", "issuer"))
                continue
            written += 1
            self.assertTrue(link.isascii())
            self.assertNotIn("+", link)
            self.assertEqual(account, parse(link))
            self.assertEqual(link, build(parse(link)))
        self.assertGreater(written, 1500)

    def test_what_a_link_cannot_say_is_refused(self) -> None:
        """A link that apps would read otherwise is not written."""
        for account, parameter in (
            (Account("a", TOTP(SECRET, t0=1)), "t0"),
            (Account("a:b", TOTP(SECRET), issuer="https://example.com"), "name"),
            (Account(" ", TOTP(SECRET)), "name"),
            (Account("a:b", TOTP(SECRET)), "name"),
            (Account(" a", TOTP(SECRET)), "name"),
            (Account("a", TOTP(SECRET), extra=[("x", "x" * MAX_LENGTH)]), None),
        ):
            with self.subTest(parameter):
                with self.assertRaises(URIError) as caught:
                    build(account)
                self.assertEqual(parameter, caught.exception.parameter)


class Field(unittest.TestCase):
    """Kinds of faults that were found in the field."""

    ISSUERS = (
        *(
            "Invalid:Realm",
            "127.0.0.1:8000",
            "[::1]:8443",
            "https://example.com",
            "https://example.com:8443/x",
        ),
        *("Star Trek: Website", "a:b:c", ":", "::", "a:", ":a", "urn:example:1", "A: B", "é:株", "100%:#&="),
    )

    def test_f41_an_issuer_with_a_colon_is_read(self) -> None:
        """F41: it ends where the parameter says, the colons encoded or not, spaces before the name or not."""
        for issuer in self.ISSUERS:
            parameter = quote(issuer, safe="")
            for name in ("tester", "a b", "x@example.com", "", "a:b"):
                for label in (
                    quote(f"{issuer}:{name}", safe=""),
                    quote(f"{issuer}: {name}", safe=":"),
                    f"{quote(issuer, safe='')}:{quote(name, safe='')}",
                ):
                    for query in (f"secret={S}&issuer={parameter}", f"ISSUER={parameter}&secret={S}"):
                        text = f"otpauth://totp/{label}?{query}"
                        with self.subTest(text):
                            account = parse(text)
                            self.assertEqual((issuer, name), (account.issuer, account.name))

    def test_f41_the_issuer_is_written_otherwise_in_the_label(self) -> None:
        """F41: in another case, or with a plus sign for a space; the parameter is the issuer."""
        self.assertEqual(
            ("example.com:8443", "bob"),
            names(f"otpauth://totp/EXAMPLE.com%3A8443:bob?secret={S}&issuer=example.com%3A8443"),
        )
        self.assertEqual(
            ("Star Trek: Website", "bob"),
            names(f"otpauth://totp/Star+Trek%3A+Website:bob?secret={S}&issuer=Star+Trek%3A+Website"),
        )
        for issuer in (*self.ISSUERS, "Stra\xdfe: A", "A+B: C", "\u0130: x", "Acme", "Big Corp"):
            for written in (
                issuer.upper(),
                issuer.lower(),
                issuer.title(),
                issuer.replace(" ", "+"),
                issuer.casefold(),
            ):
                if written.casefold().replace("+", " ") != issuer.casefold().replace("+", " "):
                    continue
                for name in ("tester", "a+b", "x@example.com", "", "a:b"):
                    for separator in (":", "%3A", ":%20"):
                        text = f"otpauth://totp/{quote(written, safe='+')}{separator}{quote(name, safe='+')}"
                        text += f"?secret={S}&issuer={quote(issuer, safe='')}"
                        with self.subTest(text):
                            self.assertEqual((issuer, name), names(text))

    def test_f41_another_issuer_before_the_colon(self) -> None:
        """F41: where the label does not begin with the parameter, its first colon counts, as before."""
        for label, issuer, expected in (
            ("Old:alice", "New", ("New", "alice")),
            ("Old%3Aalice:x", "New", ("New", "alice:x")),
            ("acme:alice", "Acme", ("Acme", "alice")),
            ("Acme%20:alice", "Acme", ("Acme", "alice")),
            ("Acmealice", "Acme", ("Acme", "Acmealice")),
            ("A:B:c", "", ("A", "B:c")),
            ("A%3AB%3Ac", "", ("A", "B:c")),
            ("A:B:c", "A", ("A", "B:c")),
            ("A:B:c", "A:B:c", ("A:B:c", "B:c")),
        ):
            with self.subTest(label, issuer=issuer):
                account = parse(f"otpauth://totp/{label}?secret={S}&issuer={quote(issuer)}")
                self.assertEqual(expected, (account.issuer, account.name))

    def test_f42_an_issuer_with_a_colon_is_written_as_parameter_alone(self) -> None:
        """F42: what is written reads back the same; only a colon in the name as well has no link."""
        for issuer in self.ISSUERS:
            account = Account("root", TOTP(SECRET), issuer=issuer)
            with self.subTest(issuer):
                link = build(account)
                self.assertTrue(link.startswith("otpauth://totp/root?"))
                self.assertEqual(account, parse(link))
                with self.assertRaises(URIError) as caught:
                    build(account.replace(name="a:b"))
                self.assertEqual("name", caught.exception.parameter)

    def test_f43_what_a_paste_brings_along(self) -> None:
        """F43: byte-order marks, invisible characters and white space of any kind around it are dropped."""
        texts = (
            L,
            f"{L}&issuer=X",
            f"{L}&digits=8",
            f"{L}&image=x",
            f"{L}&flag",
            f"otpauth://totp/?secret={S}",
        )
        expected = {text: parse(text) for text in texts}
        marks = ("", " ", "\r\n", "\t \n", "\u3000\n", "\ufeff", "\u200b", "\ufeff \u2060\n")
        for before, between, after in product(marks, repeat=3):
            for text in (f"{before}{between}{L}{after}", f"{after}{L}{before}{between}"):
                with self.subTest(ascii(text)):
                    self.assertEqual(expected[L], parse(text))
        spaces = "".join(filter(str.isspace, map(chr, range(sys.maxunicode + 1))))
        for (text, account), mark in product(expected.items(), (*spaces, *INVISIBLE)):
            with self.subTest(text, mark=ascii(mark)):
                self.assertEqual(account, parse(f"{mark}{text}{mark}"))
                self.assertEqual((text, text), split(f"{text}{mark}\n{mark}{text}{mark}"))

    def test_f43_what_is_not_around_the_link_is_not_dropped(self) -> None:
        """F43: other text, or a mark in the middle, is not white space."""
        for text in (
            f"otpauth://totp/a?\ufeffsecret={S}",
            f"x {L}",
            f"{L}\n{L}",
        ):
            with self.subTest(ascii(text)), self.assertRaises(URIError):
                parse(text)

    def test_f43_an_invisible_character_inside_is_named(self) -> None:
        """F43: in every part, also if it is percent-encoded where no letter but an ASCII one can stand."""
        for mark in INVISIBLE:
            for parameter, text in (
                ("label", f"otp{mark}auth://totp/a?secret={S}"),
                ("label", f"otpauth://{mark}totp/a?secret={S}"),
                ("label", f"otpauth://totp/Acme:{mark}a?secret={S}"),
                ("label", f"otpauth://totp/a{mark}?secret={S}"),
                ("secret", f"otpauth://totp/a?secret={S}{mark}&issuer=X"),
                ("secret", f"otpauth://totp/a?secret={S[:8]}{quote(mark)}{S[8:]}"),
                ("secret", f"otpauth://totp/a?secret={S}{quote(mark)}"),
                ("issuer", f"{L}&issuer=X{mark}&digits=8"),
                ("issuer", f"{L}&ISSUER={mark}X&digits=8"),
                ("digits", f"{L}&digits={mark}8"),
                ("digits", f"{L}&digits=8{quote(mark)}"),
                ("algorithm", f"{L}&algorithm=SHA{mark}256"),
                ("period", f"{L}&period=30{mark}&digits=8"),
                ("extra", f"{L}&image=x{mark}y"),
                ("extra", f"{L}&x{mark}y=1"),
            ):
                with self.subTest(ascii(text)):
                    with self.assertRaisesRegex(URIError, "has an invisible character, U") as caught:
                        parse(text)
                    self.assertEqual(parameter, caught.exception.parameter)
                    self.assertIn(f"U+{ord(mark):04X}", str(caught.exception))
        for name in ("x\u200d\u00e9", "\u200d\u00e9"):
            for text in (f"otpauth://totp/{name}?secret={S}", f"{L}&issuer={name}&digits=8"):
                with self.subTest(ascii(text)), self.assertRaisesRegex(URIError, "an invisible character"):
                    parse(text)
        # Persian and emoji need joiners; and what is encoded in a name is meant.
        for name in (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\U0001f468\u200d\U0001f469",
            "\u2764\ufe0f",
            "\u0d05\u0d35\u0d28\u0d4d\u200d",
        ):
            text = f"otpauth://totp/{name}?secret={S}&issuer={name}&x={name}"
            account = parse(text)
            self.assertEqual((name, name, (("x", name),)), (account.name, account.issuer, account.extra))
        account = parse(f"otpauth://totp/a%E2%80%8Bb?secret={S}&issuer=c%E2%80%8Bd&x=e%E2%80%8B")
        self.assertEqual(("a\u200bb", "c\u200bd"), (account.name, account.issuer))
        self.assertEqual(account, parse(build(account)))

    def test_f47_a_raw_link_is_percent_encoded_before_it_is_drawn(self) -> None:
        """F47: readers of QR codes need not guess a character set, and readers of links read the same."""
        raw = "otpauth://totp/Caf\u00e9:a?secret=GEZDGNBVGY3TQOJQ"
        self.assertEqual("otpauth://totp/Caf%C3%A9:a?secret=GEZDGNBVGY3TQOJQ", escape(raw))
        source = random.Random(47)
        letters = [*"aZ09 %+=/:;@\u00e9\u682a\U0001f511'\"<>~.-_[]{}|^`\\", "\u00e9\u200d\u682a"]
        read = 0
        for _ in range(2000):
            name = "".join(source.choices([*letters, "\u00a0"], k=source.randint(1, 8)))
            value = "".join(source.choices([each for each in letters if each != " "], k=source.randint(1, 8)))
            text = f"otpauth://totp/{name}?secret={S}&x={value}"
            escaped = escape(f"\ufeff {text}\n")
            with self.subTest(text):
                self.assertTrue(escaped.isascii())
                self.assertEqual(escaped, escape(escaped))
                self.assertTrue({*' "<>\\^`{|}'}.isdisjoint(escaped))
                try:
                    expected = parse(text)
                except URIError as error:
                    with self.assertRaises(URIError) as caught:
                        parse(escaped)
                    self.assertEqual(error.parameter, caught.exception.parameter)
                else:
                    read += 1
                    self.assertEqual(expected, parse(escaped))
        self.assertGreater(read, 500)

    def test_f47_what_is_written_is_not_touched(self) -> None:
        """F47: every link that `build` writes is itself."""
        for text in (L, build(Account("\u00e9:/?#[]@!$&'()*+,;=%", TOTP(SECRET), issuer="\u682a"))):
            self.assertEqual(text, escape(text))
        for wrong in (f"{L}\n{L}", f"{L}\ud800", f"{L}\0"):
            with self.subTest(ascii(wrong)), self.assertRaises(URIError):
                escape(wrong)

    def test_f49_a_link_without_a_name_is_read_but_not_written(self) -> None:
        """F49: neither an empty name nor one that nobody sees."""
        for name in ("", " ", "   ", "\u00a0", "\u3000", "\u200b", "\u200b\u2060", "\ufeff", "\u00ad \u200e"):
            for issuer in (None, "Acme", "A:B"):
                account = Account(name, TOTP(SECRET), issuer=issuer)
                with self.subTest(ascii(name), issuer=issuer), self.assertRaises(URIError) as caught:
                    build(account)
                self.assertEqual("name", caught.exception.parameter)
        for label, issuer in (("", None), ("Acme:", "Acme"), ("Acme:%20", "Acme"), ("?", None)):
            with self.subTest(label):
                account = parse(f"otpauth://totp/{label.rstrip('?')}?secret={S}")
                self.assertEqual(("", issuer), (account.name, account.issuer))
        for name in ("\u200ba", "0", "\u682a", "-", "\U0001f511"):
            self.assertEqual(name, parse(build(Account(name, TOTP(SECRET)))).name)


class Several(unittest.TestCase):
    EXPORT = "otpauth-migration://offline?data=CgUKA2FiYw=="

    def test_f51_links_are_found_in_a_text(self) -> None:
        """F51: one a line or several, whatever white space is between them."""
        other = "OTPAUTH://hotp/Door 1:a b?secret=GEZDGNBV&counter=1"
        for text, links in (
            ("", ()),
            (" \n\r\n\ufeff", ()),
            (L, (L,)),
            (f"\ufeff{L}\n", (L,)),
            (f"{L}\n\n{other}\r\n{self.EXPORT}", (L, other, self.EXPORT)),
            (f"{L} {other}\t{self.EXPORT}  {L}", (L, other, self.EXPORT, L)),
            (f"{L}\u00a0{other}", (L, other)),
            (f"{L}\r\ufeff{other}", (L, other)),
            (f"{other}\n  {other}", (other, other)),
        ):
            with self.subTest(ascii(text)):
                self.assertEqual(links, split(text))

    def test_something_else_is_refused(self) -> None:
        """F51: a line that is not a link may be the rest of one, whose secret would be too short."""
        for text, message in (
            (f"{L}\nGNBV", "line 2 must begin"),
            (f"\n\n{S}\n{L}", "line 3 must begin"),
            (f"My links: {L}", "line 1 must begin"),
            (L.ljust(MAX_TEXT + 1, "x"), "at most 1048576 characters"),
        ):
            with self.subTest(message), self.assertRaisesRegex(URIError, message) as caught:
                split(text)
            self.assertNotIn("S46SQ", str(caught.exception))
        self.assertEqual(1, len(split(L.ljust(MAX_TEXT, "x"))))

    def test_texts_are_str(self) -> None:
        """Bytes are decoded by the caller."""
        for call in (split, escape):
            with self.assertRaises(TypeError):
                call(b"otpauth://")  # type: ignore[arg-type]  # the wrong type is what is tested
