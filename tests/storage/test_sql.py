"""SQLStore itself: how it is made, listed and closed, on every database."""

import contextlib
import gc
import sqlite3
import tempfile
import threading
import unittest
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from onetime.errors import StoreError
from onetime.storage.sql import SQLStore
from tests.support.mariadb import MariaDB
from tests.support.postgres import Postgres

PAGE = 20
"""Entries of a page in these tests: fewer than the store's own, so that few have to be written."""

CONSTRUCTORS = ("SQLStore.sqlite", "SQLStore.postgres", "SQLStore.mysql")
LONGEST_NAME = "a" * 63


def idle(store: SQLStore) -> list[Any]:
    """The idle connections of a store."""
    return [connection for connection, _ in store._pool.gate.idle]


class InSQLite(unittest.TestCase):
    """What is the same on every database; the subclasses have the others."""

    def setUp(self) -> None:
        for room in ("dialect", "postgres", "sql"):
            self.enterContext(mock.patch(f"onetime.storage.{room}.PAGE", PAGE))
        self.prepare()

    def prepare(self) -> None:
        self.path = Path(self.enterContext(tempfile.TemporaryDirectory()), "store.db")

    def open(self, **options: Any) -> SQLStore:
        """Another store with the same entries, closed after the test."""
        store = self.make(**options)
        self.addCleanup(store.close)
        store.create_table()
        return store

    def make(self, **options: Any) -> SQLStore:
        return SQLStore.sqlite(self.path, **options)

    def fill(self, store: SQLStore, keys: list[str]) -> None:
        """Write entries whose texts are their keys in capitals."""
        for key in keys:
            self.assertTrue(store.swap(key, None, key.upper()))

    def test_items_come_in_the_order_of_their_bytes(self) -> None:
        """Keys with a prefix, and no others, whatever characters they have; none is a pattern."""
        store = self.open()
        keys = [
            "a%",
            "a",
            "A",
            "a/",
            "a/\u00e9",
            "a/\U0001f511",
            "a/\uffee",
            "b",
            "a_",
            "a0",
            "",
            "a/ ",
            "a\uffff",
        ]
        self.fill(store, keys)
        by_bytes = sorted(keys, key=str.encode)
        for prefix in ("", "a", "a/", "a/\u00e9", "a%", "A", "b", "c", "a/\uffff", "%", "_"):
            expected = [(key, key.upper()) for key in by_bytes if key.startswith(prefix)]
            with self.subTest(prefix):
                self.assertEqual(expected, list(store.items(prefix)))
        self.assertEqual(list(store.items("")), list(store.items()))

    def test_pages(self) -> None:
        """Entries that fill pages exactly, or one more or less, come once each; no statement stays open."""
        store = self.open(connections=1)
        keys = [f"a/{number:05}" for number in range(2 * PAGE + 1)]
        self.fill(store, [*keys[: PAGE - 1], "a", "b"])
        for count in (PAGE - 1, PAGE, PAGE + 1, 2 * PAGE - 1, 2 * PAGE, 2 * PAGE + 1):
            for key in keys[:count]:
                store.swap(key, None, key.upper())
            with self.subTest(count):
                found = []
                for key, text in store.items("a/"):
                    found.append((key, text))
                    if len(found) % (PAGE // 2) == 0:
                        # With one connection this would wait in vain for a statement of the listing.
                        self.assertEqual("A", store.get("a"))
                self.assertEqual([(key, key.upper()) for key in keys[:count]], found)

    def test_items_while_others_write(self) -> None:
        """An entry that is there all the time comes exactly once; one that is not comes once or never."""
        store, other = self.open(), self.open()
        steady = [f"{number:05}" for number in range(0, 4 * PAGE, 2)]
        self.fill(store, steady)
        stop = threading.Event()
        faults: list[BaseException] = []

        def write() -> None:
            number = 1
            try:
                while not stop.is_set():
                    key = f"{number:05}"
                    other.swap(key, None, "fleeting")
                    other.swap(steady[number % len(steady)], None, "new")
                    if number % 3:
                        other.swap(key, "fleeting", None)
                    number = (number + 34) % (4 * PAGE) | 1  # odd, here and there
            except BaseException as error:
                faults.append(error)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(50):
                found = list(store.items())
                keys = [key for key, _ in found]
                self.assertEqual(sorted(set(keys)), keys, "in order, none twice")
                self.assertEqual(
                    [(key, key) for key in steady], [each for each in found if each[1] != "fleeting"]
                )
        finally:
            stop.set()
            writer.join()
        self.assertEqual([], faults)

    def test_the_last_entry_of_a_page_goes(self) -> None:
        """The next page begins after it all the same; what was before it does not come again."""
        store = self.open()
        keys = [f"{number:05}" for number in range(2 * PAGE)]
        self.fill(store, keys)
        listing = store.items()
        found = [next(listing) for _ in range(PAGE)]
        last = found[-1][0]
        self.assertTrue(store.swap(last, last, None))
        self.assertTrue(store.swap(keys[0], keys[0], None))
        self.assertTrue(store.swap("000000", None, "before"))
        self.assertTrue(store.swap(last + "0", None, "after"))
        self.assertEqual([(last + "0", "after"), *((key, key) for key in keys[PAGE:])], list(listing))

    def test_the_same_text_again(self) -> None:
        """K56: a swap to the same text is decided by a read, and says whether it is there."""
        store = self.open()
        self.assertTrue(store.swap("otp/key", None, None))
        self.assertFalse(store.swap("otp/key", "one", "one"))
        self.assertTrue(store.swap("otp/key", None, "one"))
        for _ in range(3):
            self.assertTrue(store.swap("otp/key", "one", "one"))
        self.assertFalse(store.swap("otp/key", None, None))
        self.assertFalse(store.swap("otp/key", "two", "two"))

    def test_two_tables(self) -> None:
        """Each name is a store of its own."""
        one, two = self.open(), self.open(table=self.second())
        self.assertTrue(one.swap("otp/key", None, "one"))
        self.assertIsNone(two.get("otp/key"))
        self.assertTrue(two.swap("otp/key", None, "two"))
        self.assertEqual("one", one.get("otp/key"))

    def second(self) -> str:
        return "other"

    def test_after_close_all_is_a_store_error(self) -> None:
        """Its connections are closed, and no new one is opened; to close twice is to close."""
        store = self.open()
        store.get("otp/key")
        (connection,) = idle(store)
        listing = store.items()
        store.close()
        store.close()
        self.assertEqual([], idle(store))
        with self.assertRaises(Exception):  # noqa: B017 - each driver has its own
            store._dialect.get(connection, "otp/key")
        for action in (
            lambda: store.get("otp/key"),
            lambda: store.swap("otp/key", None, "one"),
            lambda: store.swap("otp/key", "one", "one"),
            lambda: next(listing),
            store.create_table,
        ):
            with self.assertRaisesRegex(StoreError, "the store is closed"):
                action()

    def test_with(self) -> None:
        """The end of `with` closes it, also when something is raised."""
        with self.assertRaises(ZeroDivisionError), self.open() as store:
            store.swap("otp/key", None, str(1 // 0))
        with self.assertRaises(StoreError):
            store.get("otp/key")

    def test_a_store_that_is_dropped(self) -> None:
        """It leaves no connection open, without a ResourceWarning."""
        store = self.make()
        store.create_table()
        store.swap("otp/key", None, "one")
        dialect, (connection,) = store._dialect, idle(store)
        del store
        gc.collect()
        with self.assertRaises(Exception):  # noqa: B017 - each driver has its own
            dialect.get(connection, "otp/key")

    def test_making_a_store_leaves_no_connection_open(self) -> None:
        """A program that makes its stores and then forks has nothing to inherit."""
        store = self.make()
        self.addCleanup(store.close)
        self.assertEqual([], idle(store))

    def test_bounds(self) -> None:
        """The numbers have types and ranges, which the messages say, before anything is opened."""
        for options, kind, message in (
            ({"connections": 0}, ValueError, "connections must be from 1 to 1000"),
            ({"connections": 1001}, ValueError, "connections must be from 1 to 1000"),
            ({"connections": 1.5}, TypeError, "connections must be an int"),
            ({"connections": True}, TypeError, "connections must be an int"),
            ({"timeout": 0}, ValueError, r"timeout must be from 0\.001 to 3600"),
            ({"timeout": 3601}, ValueError, r"timeout must be from 0\.001 to 3600"),
            ({"timeout": float("nan")}, ValueError, "timeout must be"),
            ({"timeout": "5"}, TypeError, "timeout must be an int or a float"),
            ({"table": None}, TypeError, "table must be a str, not NoneType"),
            ({"table": ""}, ValueError, "1 to 63 ASCII letters"),
        ):
            with self.subTest(options), self.assertRaisesRegex(kind, message):
                self.make(**options)


class InPostgres(InSQLite):
    server: Any

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Postgres()

    def prepare(self) -> None:
        self.table = self.server.table(self)

    def make(self, **options: Any) -> SQLStore:
        return SQLStore.postgres(self.server.connect, **{"table": self.table, **options})

    def second(self) -> str:
        return str(self.server.table(self))


class BehindAPooler(InPostgres):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Postgres("transaction")


class InMariaDB(InPostgres):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = MariaDB()

    def make(self, **options: Any) -> SQLStore:
        return SQLStore.mysql(self.server.connect, **{"table": self.table, **options})


class Making(unittest.TestCase):
    def test_only_its_constructors_make_it(self) -> None:
        """F15: anything else is TypeError at once, which names all three."""
        for arguments in ((), ("otp.db",), (Path("otp.db"),), (None,), (lambda: None,), ("otp.db", 16, 5.0)):
            with self.subTest(arguments), self.assertRaises(TypeError) as caught:
                SQLStore(*arguments)
            for constructor in CONSTRUCTORS:
                self.assertIn(constructor, str(caught.exception))

    def test_a_table_is_an_identifier(self) -> None:
        """Letters, digits and underscores, at most 63, no digit first; everything else is ValueError."""
        servers: list[Callable[[str], object]] = [
            lambda table: SQLStore.postgres(Postgres, table=table),
            lambda table: SQLStore.mysql(MariaDB, table=table),
            partial(SQLStore.schema, "postgres"),
            partial(SQLStore.schema, "mysql"),
        ]
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

        def sqlite(table: str) -> None:
            SQLStore.sqlite(folder / f"{len(table)}.db", table=table).close()

        files: list[Callable[[str], object]] = [sqlite, partial(SQLStore.schema, "sqlite")]
        for name in names():
            for make in (*servers, *files):
                with self.subTest(name), self.assertRaises(ValueError):
                    make(name)
        for name in ("a.b.c", ".a", "a.", "a..b", f"a.{LONGEST_NAME}a", "a.1", '"a".b'):
            for make in servers:
                with (
                    self.subTest(name),
                    self.assertRaisesRegex(ValueError, "a schema and a dot may precede them"),
                ):
                    make(name)
        for make in files:
            with self.assertRaises(ValueError) as caught:
                make("a.b")
            self.assertNotIn("schema", str(caught.exception))
        self.assertEqual([], list(folder.iterdir()), "nothing was made")
        for name in ("onetime", "_", "A1_b", "select", LONGEST_NAME):
            for make in (*servers, *files):
                with self.subTest(name):
                    make(name)
        for name in ("a.b", f"{LONGEST_NAME}.{LONGEST_NAME}", "_._"):
            for make in servers:
                with self.subTest(name):
                    make(name)

    def test_the_statements_for_migrations(self) -> None:
        """Each database's own, with the table's name as the constructors take it."""
        for kind, table, beginning in (
            ("sqlite", "a", 'CREATE TABLE "a" ('),
            ("postgres", "a", 'CREATE TABLE "a" ('),
            ("postgres", "a.B", 'CREATE TABLE "a"."B" ('),
            ("mysql", "a", "CREATE TABLE `a` ("),
            ("mysql", "a.B", "CREATE TABLE `a`.`B` ("),
        ):
            with self.subTest(kind, table=table):
                self.assertEqual(beginning, SQLStore.schema(kind, table)[: len(beginning)])
        self.assertIn("onetime", SQLStore.schema("postgres"))
        for wrong in ("mariadb", "", "SQLite"):
            with self.assertRaisesRegex(ValueError, '"sqlite", "postgres" or "mysql"'):
                SQLStore.schema(wrong)
        for kind in ("sqlite", "postgres", "mysql"):
            with self.assertRaises(TypeError):
                SQLStore.schema(kind, 1)  # type: ignore[arg-type]  # that is the test

    def test_a_migration_makes_the_table_in_sqlite(self) -> None:
        """The statement that `schema` returns makes what the store takes."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "store.db")
            with contextlib.closing(sqlite3.connect(path)) as connection:
                connection.execute(SQLStore.schema("sqlite"))
            path.chmod(0o600)
            with SQLStore.sqlite(path) as store:
                self.assertTrue(store.swap("otp/key", None, "one"))


def names() -> Iterator[str]:
    """Names that are not identifiers."""
    yield from ("", "1a", "a b", 'a"b', "a'b", "a`b", "a;b", "a-b", "a%b", "a%s", "tabl\u00e9")
    yield from ("a\n", "\n", "a\0", LONGEST_NAME + "a")
