"""The parameters of a link, and those that could be mistaken for one."""

import random
import time
import unittest
from itertools import combinations, product
from urllib.parse import quote

from onetime import TOTP, Account, Secret, URIError
from onetime.provisioning.names import KNOWN
from onetime.provisioning.uri import build, parse

S = "S46SQCPPTCNPROMHWYBDCTBZXVNKL2QH"
VALUES = {
    "secret": S,
    "issuer": "Example",
    "algorithm": "SHA256",
    "digits": "8",
    "period": "60",
    "counter": "5",
}
ENTITIES = ("amp;", "AMP;", "Amp;", "amp;amp;", "amp", "nbsp;", "zwnj;", "#38;", "#x26;")
SPACES = (" ", "+", "\t", "%20", "%09", "\u00a0", "%C2%A0", "\u3000", "\u2003")
INVISIBLE = (
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\ufeff",
    "%E2%80%8B",
    "\u00ad",
    "\u200e",
    "\u202e",
    "\u3164",
)


def link(kind: str, *parameters: str) -> str:
    """Write a link with these parameters, the secret before them."""
    return "&".join((f"otpauth://{kind}/Example:user?secret={S}", *parameters))


LOOKS = {
    "a": "\u0430\u03b1\xe0",
    "c": "\u0441\xe7",
    "d": "\u0501\u0111",
    "e": "\u0435\u0117",
    "g": "\u0261\u011f",
    "h": "\u04bb",
    "i": "\u0456\u0131\u03b9\xed",
    "l": "\u04cf\u0142",
    "m": "\uff4d",
    "n": "\u0578\xf1",
    "o": "\u043e\u03bf\xf6",
    "p": "\u0440\u03c1",
    "r": "\u0433\u0159",
    "s": "\u0455\u0161\u017f",
    "t": "\u03c4\u0163",
    "u": "\u057d\xfc",
}


class Mistaken(unittest.TestCase):
    def test_f40_a_link_copied_out_of_html(self) -> None:
        """F40: the parameter after "&amp;" is not taken for one without a meaning: 41830594, not 830594."""
        with self.assertRaises(URIError) as caught:
            parse(link("totp", "amp;digits=8", "amp;issuer=Example"))
        self.assertEqual("digits", caught.exception.parameter)
        self.assertRegex(str(caught.exception), '^"&amp;" stands before digits, so the link was copied')
        right = parse(link("totp", "digits=8", "issuer=Example")).credential
        self.assertIsInstance(right, TOTP)
        self.assertEqual("41830594", right.hotp.at(1764140000 // 30))

    def test_f40_whatever_stands_around_a_name(self) -> None:
        """F40: entities, white space and invisible characters, before, after and in every known name."""
        for kind, known in KNOWN.items():
            for name, mark in product(sorted(known - {"secret"}), (*ENTITIES, *SPACES, *INVISIBLE)):
                places = [
                    f"{mark}{name}",
                    f"{name}{mark}",
                    f"{name[:3]}{mark}{name[3:]}",
                    f"{mark}{name.upper()}",
                ]
                for written in places[:1] if mark in ENTITIES else places:
                    text = link(kind, f"{written}={VALUES[name]}")
                    with self.subTest(ascii(text)), self.assertRaises(URIError) as caught:
                        parse(text)
                    if "#" not in mark:  # a fragment is the fault of the whole link
                        self.assertIn(caught.exception.parameter, (name, "extra"))
                        if mark != "\t":
                            self.assertEqual(name, caught.exception.parameter)

    def test_f40_the_secret_too(self) -> None:
        """F40: the name of the secret says so, not that there is none."""
        for mark in (*ENTITIES[:7], *INVISIBLE):
            with self.subTest(ascii(mark)), self.assertRaises(URIError) as caught:
                parse(f"otpauth://totp/a?x=y&{mark}secret={S}")
            self.assertEqual("secret", caught.exception.parameter)

    def test_f40_full_width_letters(self) -> None:
        """F40: letters that look alike because Unicode counts them as the same."""
        for name in ("ｄｉｇｉｔｓ", "ＤＩＧＩＴＳ", "i\u017f\u017fuer", "𝐝𝐢𝐠𝐢𝐭𝐬", "İssuer"):
            with self.subTest(name), self.assertRaises(URIError):
                parse(link("totp", f"{name}=8"))

    def test_f40_numeric_entities_are_named(self) -> None:
        """F40: "&#38;" has a number sign, which is not what is wrong."""
        for entity in ("&#38;", "&#x26;", "&#038;"):
            with self.subTest(entity), self.assertRaisesRegex(URIError, '^"&#" begins an HTML entity'):
                parse(link("totp", f"x=y{entity}digits=8"))

    def test_f45_codes_of_another_kind(self) -> None:
        """F45: Steam's letters and a secret in two halves are refused, whatever stands around the name."""
        for name, parameter in (
            ("encoder", "encoder"),
            ("2step_salt", "2step"),
            ("2step_difficulty", "2step"),
        ):
            for mark in ("", *ENTITIES[:7], *SPACES, *INVISIBLE):
                if mark == "\t":
                    continue
                for value in ("steam", "STEAM", "", "8"):
                    text = link("totp", f"{mark}{name}={value}")
                    with self.subTest(ascii(text)), self.assertRaises(URIError) as caught:
                        parse(text)
                    self.assertEqual(parameter, caught.exception.parameter)

    def test_f40_a_name_with_something_behind_it(self) -> None:
        """F40: a "=" that is encoded, missing or another character does not leave 6 digits."""
        for kind, known in KNOWN.items():
            for name in sorted(known):
                value = VALUES[name].lower()
                for rest in (
                    *(
                        "%3D{}",
                        "%3d{}",
                        "%253D{}",
                        ":{}",
                        "%3A{}",
                        "[0]={}",
                        "[]={}",
                        "%5B0%5D={}",
                        "({})",
                        "/{}",
                    ),
                    *(
                        ",{}",
                        ";{}",
                        ";={}",
                        "+{}",
                        "%20{}",
                        "%09={}",
                        "*={}",
                        "!={}",
                        "=={}",
                        "1={}",
                        "2",
                        '"={}',
                    ),
                    *(
                        "%EF%BC%9D{}",
                        "%CC%81={}",
                        "%E2%80%8B={}",
                        "|{}",
                        "%7C={}",
                        "-={}",
                        ".={}",
                        "~{}",
                        "@{}",
                    ),
                ):
                    if rest.startswith("=") and name in ("issuer", "secret"):
                        continue  # the value begins with "="
                    with self.subTest(name=name, rest=rest):
                        text = f"otpauth://{kind}/a?{name}{rest.format(value)}"
                        if name != "secret":
                            text += f"&secret={S}"
                        with self.assertRaises(URIError) as caught:
                            parse(text)
                        self.assertEqual(name, caught.exception.parameter)
                        self.assertNotIn("s46sq", str(caught.exception).lower())

    def test_f40_a_name_with_something_before_it(self) -> None:
        """F40: any separator, and the ways in which JSON and HTML write "&"."""
        for kind, known in KNOWN.items():
            for name, mark in product(
                sorted(known - {"secret"}),
                (
                    *(
                        "?",
                        ";",
                        ":",
                        ",",
                        "/",
                        "%26",
                        "%3F",
                        "%2526",
                        "amp%3B",
                        "amp%253B",
                        "amp%25253b",
                        "x;",
                        "x?",
                    ),
                    *(
                        "u0026",
                        "%5Cu0026",
                        "x:",
                        "tags/",
                        "%22",
                        "$",
                        "{",
                        "x=y;",
                        "x=y?",
                        "x=%26",
                        "image=//h/p?",
                    ),
                    *(
                        "issuers=%E6%A0%AA;",
                        "x=y%26amp;",
                        "x=y%2526",
                        "x=a=b?",
                        "x=u0026",
                        "x=y%5Cu0026",
                        "x=y,",
                    ),
                ),
            ):
                for written in (name, name.upper()):
                    text = link(kind, f"{mark}{written}={VALUES[name]}")
                    with self.subTest(text), self.assertRaises(URIError) as caught:
                        parse(text)
                    self.assertEqual(name, caught.exception.parameter)

    def test_f40_a_parameter_inside_another_part(self) -> None:
        """F40: "?" and the like between two parameters, or in the label."""
        for kind, known in KNOWN.items():
            for name, mark in product(
                sorted(known - {"issuer", "secret"}), ("?", ";", "%26", "%20", ",", "%253F")
            ):
                for text in (
                    f"otpauth://{kind}/a?secret={S}&issuer=X{mark}{name}={VALUES[name]}",
                    f"otpauth://{kind}/a{'&' if mark == '?' else mark}{name}={VALUES[name]}?secret={S}",
                ):
                    with self.subTest(text), self.assertRaises(URIError) as caught:
                        parse(text)
                    self.assertEqual(name, caught.exception.parameter)
                # What is encoded belongs to the value.
                for value in (
                    f"https://host/x?{name}=8",
                    f"a&{name}=8",
                    f"{name}=",
                    f"x;{name}=1&amp;{name}=2",
                ):
                    account = parse(
                        link(kind, f"image={quote(value, safe='')}", f"issuer={quote(value, safe='')}")
                    )
                    self.assertEqual(value, account.issuer)
                    self.assertEqual((("image", value),), account.extra)
                    self.assertEqual(account.extra, parse(build(account.replace(name="a"))).extra)
        for raw in ("https://host/x?id=8", "a==", "my_digits=8", "https://host/digits/x=1"):
            self.assertEqual((("image", raw),), parse(link("totp", f"image={raw}")).extra)

    def test_f40_a_name_that_is_encoded_again(self) -> None:
        """F40: a letter, or all letters, encoded twice or more."""
        for kind, known in KNOWN.items():
            for name in sorted(known - {"secret"}):
                for place, times in product(range(len(name)), range(2, 9)):
                    once = f"%{ord(name[place]):02x}"
                    again = once.replace("%", "%" + "25" * (times - 1))
                    for written in (
                        f"{name[:place]}{again}{name[place + 1 :]}",
                        again.join(name.split(name[place])),
                    ):
                        text = link(kind, f"{written}={VALUES[name]}")
                        with self.subTest(text), self.assertRaises(URIError) as caught:
                            parse(text)
                        self.assertEqual(name, caught.exception.parameter)
        with self.assertRaisesRegex(URIError, "again and again"):
            parse(link("totp", f"%{'25' * 9}64igits=8"))

    def test_f43_white_space_in_a_query_is_refused(self) -> None:
        """F43: a text after a link does not lengthen its secret, and a broken line does not end a name."""
        spaces = (
            "\t",
            "\n",
            "\r\n",
            "\x0b",
            "\x0c",
            "\x1c",
            " ",
            "\x85",
            "\xa0",
            "\u2003",
            "\u2028",
            "\u3000",
        )
        for mark in (*spaces, "  ", "\0", "\x1b", "\x7f", "\x9b"):
            inside = ("issuer", "issuer") if mark.strip(" ") else ("extra", "image")
            for parameter, text in (
                ("secret", f"otpauth://totp/a?secret={S}{mark}hello"),
                ("secret", f"otpauth://totp/a?issuer=X&SECRET={S[:16]}{mark}{S[16:]}&digits=8"),
                ("secret", f"otpauth://totp/a?secret={mark}{S}"),
                ("secret", f"otpauth://totp/a?secret={S}{mark}&digits=8"),
                (inside[0], link("totp", f"{inside[1]}=Big{mark}Corp")),
                ("issuer", link("totp", f"issuer={mark}X")),
                ("issuer", link("totp", f"issuer=X{mark}&digits=8")),
                ("digits", link("totp", f"digits=8{mark}x")),
                ("extra", link("totp", f"image=x{mark}hello")),
                ("extra", link("totp", f"image=x&{mark}hello")),
            ):
                where = parameter.replace("extra", "a parameter")
                with self.subTest(ascii(text)):
                    with self.assertRaisesRegex(URIError, f"^{where} must not have white space") as caught:
                        parse(text)
                    self.assertEqual(parameter, caught.exception.parameter)
        for text in (
            f"otpauth://totp/Big Corp:a b?secret={S[:4]}%20{S[4:]}&issuer=Big%20Corp",
            f"{link('totp')} \n",
        ):
            self.assertEqual(S, parse(text).credential.secret.to_base32())
        self.assertEqual("Big Corp", parse(link("totp", "issuer=Big+Corp")).issuer)
        self.assertEqual("Big Corp", parse(link("totp", "issuer=Big Corp")).issuer)
        self.assertEqual("Big Corp", parse(link("totp", "issuer=Big Corp&digits=8")).issuer)

    def test_f40_a_link_copied_out_of_json(self) -> None:
        """F40: "&" and "=" with a backslash; a backslash alone is a character like others."""
        for mark, same in product(("\\u0026", "\\x26", "\\U0026"), ("=", "\\u003d", "\\u003D", "\\x3D")):
            for before in ("issuer=X", "image=x", "digits=6"):
                text = link("totp", f"{before}{mark}digits{same}8")
                with self.subTest(text), self.assertRaises(URIError):
                    parse(text)
        with self.assertRaisesRegex(URIError, "copied from JSON") as caught:
            parse(link("totp", "issuer=X\\u0026digits\\u003d8"))
        self.assertEqual("issuer", caught.exception.parameter)
        self.assertEqual("A\\b", parse(link("totp", "issuer=A\\b")).issuer)

    def test_f40_a_link_copied_out_of_the_source_of_an_e_mail(self) -> None:
        """F40: "=3D" of quoted-printable text is not taken for the first characters of values."""
        for kind, known in KNOWN.items():
            names = sorted(known - {"secret"})
            for size, digits in product(range(1, len(names) + 1), ("3D", "3d")):
                for others, more in product(combinations(names, size), ((), ("image",))):
                    values = {**VALUES, "image": "x"}
                    query = "&".join(f"{name}={digits}{values[name]}" for name in ("secret", *others, *more))
                    for text in (query, f"{query}&flag&", f"x={digits}&{query}"):
                        with self.subTest(text):
                            with self.assertRaisesRegex(URIError, '^every value begins with "3D"') as caught:
                                parse(f"otpauth://{kind}/a?{text}")
                            self.assertIsNone(caught.exception.parameter)
        for query in (
            f"secret=3D{S}",
            f"secret=3D{S}&digits=6",
            f"secret=3D{S}&issuer=",
            f"secret={S}&issuer=3D",
            f"secret=3D{S}&image=3D",
            f"secret=3D{S}&issuer=3D:",
        ):
            self.assertTrue(parse(f"otpauth://totp/a?{query}").credential)
        for issuer, extra in (
            ("3D Systems", ()),
            ("3D:x", ()),
            ("3d", (("tags", "3D"),)),
            (None, (("a", "3D"),)),
        ):
            account = Account("al", TOTP(Secret.from_base32(f"3D{S[:-2]}")), issuer=issuer, extra=extra)
            self.assertEqual(account, parse(build(account)))

    def test_f40_letters_of_other_scripts(self) -> None:
        """F40: one letter or several that look like those of a name, and accents on them."""
        source = random.Random(40)
        for kind, known in KNOWN.items():
            for name in sorted(known - {"secret"}):
                for place, letter in enumerate(name):
                    several = [source.choice(LOOKS[each]) if source.random() < 0.5 else each for each in name]
                    several[place - 1] = name[place - 1]
                    for other in (*LOOKS[letter], f"{letter}\u0301", f"{letter}\u0338", f"{letter}\u20dd"):
                        several[place] = other
                        for written in (f"{name[:place]}{other}{name[place + 1 :]}", "".join(several)):
                            for text in (
                                written,
                                quote(written),
                                f"amp;{written}",
                                f"x[{written}]",
                                f"{quote(written)}%3D",
                            ):
                                text = link(kind, f"{text}={VALUES[name]}")
                                with self.subTest(ascii(text)), self.assertRaises(URIError) as caught:
                                    parse(text)
                                self.assertEqual(name, caught.exception.parameter)

    def test_f40_a_name_of_any_length_is_checked_quickly(self) -> None:
        """F40: the time grows with the length, and not with its square."""
        for name in ("a" + "\u0301\u0316" * 30_000, "\ufdfa" * 60_000, "x%252525" * 7_000, "a;" * 30_000):
            start = time.process_time()
            parse(f"otpauth://totp/a?secret={S}&{name}")
            self.assertLess(time.process_time() - start, 1)
        names = [f"x{number}" for number in range(256)]
        self.assertEqual(256, len(parse(link("totp", *names, *names)).extra) // 2)
        with self.assertRaisesRegex(URIError, "at most 256 different unknown parameters") as caught:
            parse(link("totp", *names, "y"))
        self.assertEqual("extra", caught.exception.parameter)
        with self.assertRaises(URIError):
            Account("a", TOTP(Secret(b"k")), extra=[(name, "") for name in (*names, "y")])

    def test_other_names_are_kept(self) -> None:
        """A name that says something else is not mistaken, and an account may have it."""
        source = random.Random(40)
        for name in (
            *("image", "lock", "tags", "x-digits", "my_issuer", "digit", "periods", "amp", "amp;", "icon"),
            *("amp;image", "é", "株", "counter", "digits_hint", "K", "color", "period.unit", "100%", "%41"),
            *(
                "\u0440\u0435\u0433\u0438\u043e\u043d",
                "\u0437\u0430\u043c\u0435\u0442\u043a",
                "pin",
                "tags[]",
                "a b",
            ),
            *("".join(source.choices("abdegilmnoprst", k=8)) for _ in range(200)),
        ):
            extra = ((name, "1"),)
            with self.subTest(name):
                self.assertEqual(extra, parse(link("totp", f"{quote(name)}=1")).extra)
                self.assertEqual(extra, Account("a", TOTP(Secret(b"k")), extra=extra).extra)

    def test_no_name_of_a_parameter_is_shown(self) -> None:
        """What stands where a name should be may be a secret."""
        for text in (f"amp;{S}digits=8", f"{S};digits=8", f"{S}", f" digits{S}=8", f"{S}%zz", f"{S}\n=x"):
            try:
                parse(f"otpauth://totp/a?{text}")
            except URIError as error:
                self.assertNotIn(S, f"{error} {error.parameter}")


class Doubled(unittest.TestCase):
    def test_a_known_parameter_twice_is_refused(self) -> None:
        """In any case, the same value or another."""
        for kind, known in KNOWN.items():
            for name in known - {"secret"}:
                for other in (name, name.upper(), name.title()):
                    text = link(kind, f"{name}={VALUES[name]}", f"{other}={VALUES[name]}")
                    with self.subTest(text), self.assertRaises(URIError) as caught:
                        parse(text)
                    self.assertEqual(name, caught.exception.parameter)

    def test_f44_others_may_be_there_more_than_once(self) -> None:
        """F44: all of them are kept in their order, and written again."""
        source = random.Random(44)
        for _ in range(200):
            names = source.choices(("tags", "Tags", "x", "image", "é"), k=source.randint(0, 6))
            extra = tuple((name, source.choice(("", "x", "y=z", "a&b"))) for name in names)
            account = Account("a", TOTP(Secret(b"k")), extra=extra)
            with self.subTest(extra=extra):
                self.assertEqual(extra, parse(build(account)).extra)
