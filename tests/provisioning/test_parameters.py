"""The parameters of a link, and those that could be mistaken for one."""

import random
import unittest
from itertools import product

from onetime import TOTP, Account, Secret, URIError
from onetime.provisioning.parameters import KNOWN
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

    def test_other_names_are_kept(self) -> None:
        """A name that says something else is not mistaken, and an account may have it."""
        source = random.Random(40)
        for name in (
            *("image", "lock", "tags", "x-digits", "my_issuer", "digit", "periods", "digits2", "amp", "amp;"),
            *("amp;image", "é", "株", "counter", "no secret", "K"),
            *("".join(source.choices("abdegilmnoprst", k=8)) for _ in range(200)),
        ):
            extra = ((name, "1"),)
            with self.subTest(name):
                self.assertEqual(extra, parse(link("totp", f"{name}=1")).extra)
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
