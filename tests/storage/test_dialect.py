"""What the databases have in common."""

import unittest
from collections.abc import Callable
from functools import partial
from unittest import mock

from onetime.errors import StoreError
from onetime.storage.dialect import Dialect, GroupingDialect, split_name, text


class Dialects(unittest.TestCase):
    def test_a_database_must_define_what_differs(self) -> None:
        """What a subclass lacks is NotImplementedError, not a statement that does nothing."""
        dialect = GroupingDialect("onetime", "?", "")
        calls: list[Callable[[], object]] = [
            dialect.connect,
            partial(dialect.prepare, None, create=False),
            partial(dialect.query, None, "", ()),
            partial(dialect.change, None, "", ()),
            partial(dialect.had_no_effect, Exception()),
            partial(dialect.is_lost, None, Exception()),
            partial(dialect.begin, None),
            partial(dialect.commit, None),
            partial(dialect.rollback, None),
        ]
        for call in calls:
            with self.assertRaises(NotImplementedError):
                call()

    def test_only_one_changed_row_is_a_yes(self) -> None:
        """K14: a count that makes no sense is not a success."""
        dialect = Dialect("onetime", "?", "")
        for count, written in ((1, True), (0, False), (-1, False), (2, False)):
            with mock.patch.object(dialect, "change", return_value=count):
                for old, new in ((None, "new"), ("old", "new"), ("old", None)):
                    self.assertIs(written, dialect.swap(None, "otp/key", old, new))

    def test_a_value_that_is_not_text(self) -> None:
        """K43: NULL, numbers and bytes are StoreError, never a verdict."""
        dialect = Dialect("onetime", "?", "")
        for value in (None, 0, 1, 1.5, b"one", True, ["one"]):
            with self.subTest(value), mock.patch.object(dialect, "query", return_value=[(value, value)]):
                with self.assertRaisesRegex(StoreError, "a stored value must be text"):
                    dialect.get(None, "otp/key")
                with self.assertRaises(StoreError):
                    dialect.page(None, "")
                with self.assertRaises(StoreError):
                    text(value)
        self.assertEqual("", text(""))

    def test_a_percent_sign_in_a_name_is_not_a_parameter(self) -> None:
        """It is doubled where the driver takes %s for one."""
        self.assertIn('"50%s"', Dialect('"50%s"', "?", "").select)
        self.assertIn('"50%%s"', Dialect('"50%s"', "%s", "").select)
        self.assertEqual('SELECT "value" FROM a%%b WHERE "key" = f(%s)', Dialect("a%b", "f(%s)", '"').select)

    def test_names(self) -> None:
        """A name is split at its dot; errors say what it must be."""
        self.assertEqual((None, "onetime"), split_name("onetime", schema=True))
        self.assertEqual(("a", "B"), split_name("a.B", schema=True))
        self.assertEqual((None, "onetime"), split_name("onetime", schema=False))
        with self.assertRaisesRegex(
            ValueError, "63 ASCII letters, digits and _, beginning with a letter or _$"
        ):
            split_name("a.B", schema=False)
        with self.assertRaisesRegex(ValueError, "a schema and a dot may precede them$"):
            split_name("a.B.c", schema=True)
        with self.assertRaisesRegex(TypeError, "table must be a str, not bytes"):
            split_name(b"onetime", schema=True)  # type: ignore[arg-type]  # that is the test
