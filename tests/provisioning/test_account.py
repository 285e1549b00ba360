"""Accounts as values."""

import copy
import unittest
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

from onetime import HOTP, TOTP, Account, Secret, URIError
from tests.support import RFC_KEY, shown

SECRET = Secret(RFC_KEY)
HOTP_ACCOUNT = Account("a", HOTP(SECRET), issuer="I", counter=1, extra=[("x", "y"), ("x", "z")])


class Value(unittest.TestCase):
    def test_arguments_are_checked(self) -> None:
        """An account that no link could have is not made."""
        totp, hotp = TOTP(SECRET), HOTP(SECRET)
        wrong: Any = None
        calls: list[tuple[type[Exception], Callable[[], object]]] = [
            (TypeError, lambda: Account("a", SECRET)),  # type: ignore[arg-type]  # the wrong type is what is tested
            (TypeError, lambda: Account(wrong, totp)),
            (TypeError, lambda: Account("a", totp, issuer=5)),  # type: ignore[arg-type]  # the same
            (TypeError, lambda: Account("a", hotp, counter=1.0)),  # type: ignore[arg-type]  # the same
            (URIError, lambda: Account("a\n", totp)),
            (URIError, lambda: Account("a\ud800", totp)),
            (URIError, lambda: Account("a", totp, issuer="")),
            (URIError, lambda: Account("a", totp, issuer="\x7f")),
            (URIError, lambda: Account("a", totp, extra=[("", "x")])),
            (URIError, lambda: Account("a", totp, extra=[("Secret", "x")])),
            (URIError, lambda: Account("a", totp, extra=[("period", "30")])),
            (URIError, lambda: Account("a", totp, extra=[("amp;period", "30")])),
            (URIError, lambda: Account("a", totp, extra=[("encoder", "steam")])),
            (URIError, lambda: Account("a", totp, extra=[("x", "\n")])),
            (URIError, lambda: Account("a", hotp, extra=[("counter", "1")])),
            (ValueError, lambda: Account("a", hotp, counter=-1)),
            (ValueError, lambda: Account("a", hotp, counter=2**64)),
            (ValueError, lambda: Account("a", totp, counter=1)),
        ]
        strange = (
            {"x": "y"},
            {"xy": "z"},
            "xy",
            [["x", "y"]],
            [("x",)],
            [("x", "y", "z")],
            [("x", 5)],
            5,
            None,
        )
        calls += [(TypeError, partial(Account, "a", totp, extra=pairs)) for pairs in strange]  # type: ignore[arg-type]  # the same
        for i, (error, call) in enumerate(calls):
            with self.subTest(i), self.assertRaises(error):
                call()

    def test_it_is_compared_by_value(self) -> None:
        """All five parts make an account; strangers are left to Python."""
        self.assertEqual(HOTP_ACCOUNT, HOTP_ACCOUNT.replace())
        for changes in (
            {"name": "b"},
            {"credential": HOTP(Secret(b"k"))},
            {"issuer": "J"},
            {"issuer": None},
            {"counter": 2},
            {"extra": ()},
            {"extra": (("x", "z"), ("x", "y"))},
        ):
            self.assertNotEqual(HOTP_ACCOUNT, HOTP_ACCOUNT.replace(**changes))
        self.assertNotEqual(HOTP_ACCOUNT, "a")
        self.assertEqual(HOTP_ACCOUNT, mock.ANY)

    def test_extra_cannot_be_changed(self) -> None:
        """The account keeps a tuple of its own."""
        extra = [("x", "y")]
        account = Account("a", TOTP(SECRET), extra=extra)
        extra.append(("x", "z"))
        self.assertEqual((("x", "y"),), account.extra)
        with self.assertRaises(AttributeError):
            account.extra = ()


class Replace(unittest.TestCase):
    def test_f50_a_hotp_authenticator_counts_up(self) -> None:
        """F50: one part changes, and all others stay."""
        after = HOTP_ACCOUNT.replace(counter=HOTP_ACCOUNT.counter + 1)
        self.assertEqual(
            Account("a", HOTP(SECRET), issuer="I", counter=2, extra=[("x", "y"), ("x", "z")]), after
        )
        self.assertEqual(1, HOTP_ACCOUNT.counter)

    def test_f50_every_part(self) -> None:
        """F50: each part alone, and all at once."""
        other = Account("b", TOTP(Secret(b"k")), extra=[("z", "")])
        parts: Any = {
            name: getattr(other, name) for name in ("name", "credential", "issuer", "counter", "extra")
        }
        self.assertEqual(other, HOTP_ACCOUNT.replace(**parts))
        for name in parts.keys() - {"credential"}:
            with self.subTest(name):
                changed = HOTP_ACCOUNT.replace(**{name: parts[name]})
                self.assertEqual(parts[name], getattr(changed, name))
                self.assertEqual(HOTP_ACCOUNT, changed.replace(**{name: getattr(HOTP_ACCOUNT, name)}))

    def test_copy_replace_does_the_same(self) -> None:
        """F50: the standard library's own way, which calls `__replace__` from Python 3.13 on."""
        replace: Any = vars(copy).get("replace", Account.__replace__)
        self.assertEqual(HOTP_ACCOUNT.replace(name="b"), replace(HOTP_ACCOUNT, name="b"))

    def test_what_cannot_be_is_refused_silently(self) -> None:
        """The rules are those of the constructor; no frame keeps the account."""
        for changes, error in (
            ({"credential": TOTP(SECRET)}, ValueError),  # the counter is not 0
            ({"counter": -1}, ValueError),
            ({"name": 5}, TypeError),
            ({"nmae": "b"}, TypeError),
            ({"extra": [("digits", "8")]}, URIError),
        ):
            with self.subTest(changes), self.assertRaises(error) as caught:
                HOTP_ACCOUNT.replace(**changes)
            self.assertNotIn("GEZDGNBV", shown(caught.exception))
            self.assertNotIn(repr(RFC_KEY), shown(caught.exception))
