"""The store in SQLite and in PostgreSQL: what it is made of, and what it refuses."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from onetime.errors import StoreError
from onetime.storage import pool as connections
from onetime.storage import sql
from onetime.storage.contract import StoreContract
from onetime.storage.pool import ATTEMPTS
from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from tests.support import SOURCE, posix
from tests.support.children import in_child, unprivileged
from tests.support.postgres import ISOLATION_LEVELS, Postgres

LONGEST_NAME = "a" * 63


def idle(store: SQLStore) -> list[Any]:
    """The connections that wait."""
    return store._connections._idle


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.path = self.folder / "store.db"

    def open(self, **options: Any) -> SQLStore:
        store = SQLStore.sqlite(self.path, **options)
        self.addCleanup(store.close)
        return store

    def by_hand(self, statement: str) -> list[Any]:
        """Run a statement on a connection that is not the store's."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()


class InSQLite(Folder, StoreContract):
    def make_store(self) -> Store:
        return self.open()

    def share_store(self, store: Store) -> Store:
        return self.open()


class InPostgres(StoreContract, unittest.TestCase):
    isolation = ISOLATION_LEVELS[0]
    postgres: Postgres

    @classmethod
    def setUpClass(cls) -> None:
        cls.postgres = Postgres()

    def setUp(self) -> None:
        self.table = self.postgres.table(self)

    def make_store(self) -> Store:
        store = SQLStore.postgres(lambda: self.postgres.connect(self.isolation), table=self.table)
        self.addCleanup(store.close)
        store.create_table()
        return store

    def share_store(self, store: Store) -> Store:
        return self.make_store()


class InPostgresWithRepeatableRead(InPostgres):
    isolation = ISOLATION_LEVELS[1]


class InPostgresSerializable(InPostgres):
    isolation = ISOLATION_LEVELS[2]


class Arguments(Folder):
    def test_a_table_is_an_identifier(self) -> None:
        """Letters, digits and underscores, at most 63, no digit first; everything else is ValueError."""
        for name in ("onetime", "_", "A1_b", "select", "OneTime", LONGEST_NAME):
            with self.subTest(name), self.open(table=name) as store:
                self.assertTrue(store.swap("otp/key", None, name))
                self.assertEqual([(name,)], self.by_hand(f'SELECT value FROM "{name}"'))
            self.path.unlink()
        for name in (
            "",
            "1a",
            "a b",
            'a"b',
            "a'b",
            "a;b",
            "a.b",
            "tablé",
            "a\n",
            "\n",
            "a\0",
            LONGEST_NAME + "a",
        ):
            with self.subTest(name):
                with self.assertRaises(ValueError):
                    SQLStore.sqlite(self.path, table=name)
                with self.assertRaises(ValueError):
                    SQLStore.postgres(lambda: None, table=name)
        self.assertEqual([], list(self.folder.iterdir()), "nothing was made")

    def test_a_path_names_a_file(self) -> None:
        """Texts that mean something else to SQLite are ValueError; what is no path is TypeError."""
        for path in ("", ":memory:", "file:store.db", "file:store.db?mode=memory", "a\0b"):
            with self.subTest(path), self.assertRaises(ValueError):
                SQLStore.sqlite(path)
        for wrong in (None, 1, b"store.db", ["store.db"]):
            with self.subTest(wrong), self.assertRaises(TypeError):
                SQLStore.sqlite(wrong)  # type: ignore[arg-type]  # that is the test

    def test_a_name_is_the_name_of_the_file(self) -> None:
        """No character of the path means anything but itself."""
        for name in ("a?mode=memory", "a%41", "a#b", "é ü", "a&b=c", "%00", "'", ":memory:.db", "a..b"):
            with self.subTest(name):
                with SQLStore.sqlite(str(self.folder / name)) as store:
                    self.assertTrue(store.swap("otp/key", None, "one"))
                self.assertTrue((self.folder / name).stat().st_size)

    def test_the_folder_is_the_one_of_the_beginning(self) -> None:
        """A relative path is that of the folder in which the store was made, wherever the program goes."""
        here = Path.cwd()
        self.addCleanup(os.chdir, here)
        os.chdir(self.folder)
        store = SQLStore.sqlite("store.db")
        self.addCleanup(store.close)
        idle(store).pop().close()
        os.chdir(here)
        self.assertTrue(store.swap("otp/key", None, "one"))
        self.assertEqual([("one",)], self.by_hand("SELECT value FROM onetime"))


class Files(Folder):
    def test_it_is_made_for_its_owner(self) -> None:
        """K19, H43: mode 0600 whatever the umask says, also of the files beside it."""
        posix()
        for umask in (0o000, 0o022, 0o077):
            with self.subTest(oct(umask)):
                before = os.umask(umask)
                try:
                    store = self.open()
                    store.swap("otp/key", None, "one")
                finally:
                    os.umask(before)
                files = {each.name: oct(each.stat().st_mode & 0o777) for each in self.folder.iterdir()}
                names = ("store.db", "store.db-wal", "store.db-shm")
                self.assertEqual(dict.fromkeys(names, "0o600"), files)
                store.close()
                self.path.unlink()

    def test_file_and_folder_are_synced(self) -> None:
        """The new file, and its folder for each new connection, before anything is stored."""
        posix()
        with mock.patch("os.fsync", side_effect=os.fsync) as fsync:
            store = self.open()
            self.assertEqual(2, fsync.call_count)
            idle(store).pop().close()
            store.get("otp/key")
            self.assertEqual(3, fsync.call_count)
        with mock.patch("os.fsync", side_effect=OSError("no")):
            idle(store).pop().close()
            with self.assertRaises(StoreError):
                store.get("otp/key")
            self.path.unlink()
            with self.assertRaises(StoreError):
                self.open()

    def test_no_symbolic_link(self) -> None:
        """K19: the last component is the file itself, whatever the link points to."""
        posix()
        with self.open():
            pass
        for name, target in (
            ("to_file", self.path),
            ("to_nothing", self.folder / "new"),
            ("to_itself", "to_itself"),
        ):
            link = self.folder / name
            link.symlink_to(target)
            with self.subTest(name), self.assertRaises(StoreError):
                SQLStore.sqlite(link)
        self.assertFalse((self.folder / "new").exists())

    def test_the_folder_may_be_behind_a_link(self) -> None:
        """Only the last component matters."""
        posix()
        (self.folder / "real").mkdir()
        (self.folder / "link").symlink_to("real")
        with SQLStore.sqlite(self.folder / "link" / "store.db") as store:
            self.assertTrue(store.swap("otp/key", None, "one"))
        self.assertTrue((self.folder / "real" / "store.db").exists())

    def test_no_other_kind_of_file(self) -> None:
        """A folder, a pipe, a missing folder, a folder that is a file: StoreError, and nothing waits."""
        posix()
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        (self.folder / "file").write_text("")
        for path in (
            self.folder,
            pipe,
            self.folder / "missing" / "store.db",
            self.folder / "file" / "store.db",
        ):
            with self.subTest(path.name), self.assertRaises(StoreError):
                SQLStore.sqlite(path)

    def test_others_must_not_write(self) -> None:
        """H43: a file that its group or everybody may write to is refused; one that they may read is not."""
        posix()
        with self.open():
            pass
        for mode, fits in ((0o600, True), (0o644, True), (0o620, False), (0o602, False), (0o666, False)):
            self.path.chmod(mode)
            with self.subTest(oct(mode)):
                if fits:
                    self.open().close()
                else:
                    with self.assertRaises(StoreError):
                        self.open()

    def test_another_users_file(self) -> None:
        """K19, H43: a file that belongs to somebody else is refused, by root too."""
        with self.open():
            pass
        user = unprivileged()
        if user is None:
            with mock.patch("os.geteuid", return_value=os.geteuid() + 1), self.assertRaises(StoreError):
                self.open()
            return
        os.chown(self.path, user, user)
        with self.assertRaises(StoreError):
            self.open()

    def test_no_file_is_opened_but_a_new_one(self) -> None:
        """To close one would drop the locks of SQLite, so it is made new or left alone, and one at a time."""
        posix()
        self.open()
        opened: list[tuple[str, int]] = []
        free: list[bool] = []
        system = os.open

        def look() -> None:
            free.append(sql._CREATING.acquire(blocking=False))
            if free[-1]:
                sql._CREATING.release()

        def spy(path: Any, flags: int, mode: int = 0o777) -> int:
            opened.append((str(path), flags))
            with ThreadPoolExecutor(1) as pool:
                pool.submit(look).result()
            return system(path, flags, mode)

        with mock.patch("os.open", spy):
            self.open()
        exclusive = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        self.assertEqual([str(self.path), str(self.folder)], [path for path, _ in opened])
        self.assertEqual(exclusive, opened[0][1] & exclusive)
        self.assertEqual([False, True], free)

    def test_without_posix(self) -> None:
        """Where there are no owners and folders cannot be synced, neither is asked for."""
        with (
            mock.patch.object(sql, "_POSIX", False),
            mock.patch("os.geteuid", side_effect=AssertionError),
            mock.patch("os.open", side_effect=FileExistsError),
        ):
            self.by_hand("PRAGMA user_version")
            self.path.touch()
            self.path.chmod(0o666)
            self.assertTrue(self.open().swap("otp/key", None, "one"))

    def test_the_file_is_deleted_under_the_store(self) -> None:
        """A new connection makes no new file, so nobody starts anew."""
        store = self.open()
        store.swap("otp/key", None, "one")
        for each in self.folder.iterdir():
            each.unlink()
        idle(store).pop().close()
        with self.assertRaises(StoreError):
            store.get("otp/key")
        self.assertEqual([], list(self.folder.iterdir()))

    def test_the_file_is_deleted_at_the_last_moment(self) -> None:
        """Between the look at it and its opening."""
        store = self.open()
        identity = sql._identity(str(self.path))
        idle(store).pop().close()
        self.path.unlink()
        with mock.patch.object(sql, "_identity", return_value=identity), self.assertRaises(StoreError):
            store.get("otp/key")
        self.assertEqual([], list(self.folder.iterdir()))

    def test_the_file_is_replaced_under_the_store(self) -> None:
        """A store never has two files; where a new connection would find another, it is StoreError."""
        store = self.open()
        store.swap("otp/key", None, "one")
        idle(store).pop().close()
        old = self.folder / "old.db"
        self.path.rename(old)
        self.open().close()
        with self.assertRaises(StoreError):
            store.get("otp/key")
        old.rename(self.path)
        self.assertEqual("one", store.get("otp/key"))


class Settings(Folder):
    def test_every_connection_is_durable(self) -> None:
        """Each has the write-ahead log, and waits at each commit until it is on the disk."""
        store = self.open()
        for _ in range(2):
            (connection,) = idle(store)
            for name, value in (("journal_mode", "wal"), ("synchronous", 2), ("fullfsync", 1)):
                self.assertEqual((value,), connection.execute(f"PRAGMA {name}").fetchone())
            self.assertIsNone(connection.isolation_level)
            idle(store).pop().close()
            store.get("otp/key")

    def test_a_setting_that_is_not_taken(self) -> None:
        """What is read back must be what was asked for, else StoreError, and the connection is closed."""
        self.open().close()
        for name in ("journal_mode", "synchronous", "fullfsync"):
            closed: list[bool] = []

            class Deaf(sqlite3.Connection):
                def execute(self, statement: str, *parameters: Any) -> Any:
                    if statement.startswith(f"PRAGMA {name}="):  # noqa: B023 - used in this round only
                        statement = f"PRAGMA {name}={'DELETE' if 'journal' in name else 'OFF'}"  # noqa: B023
                    return super().execute(statement, *parameters)

                def close(self) -> None:
                    closed.append(True)  # noqa: B023
                    super().close()

            with (
                self.subTest(name),
                mock.patch("sqlite3.connect", partial(sqlite3.connect, factory=Deaf)),
                self.assertRaises(StoreError),
            ):
                self.open()
            self.assertEqual([True], closed)

    def test_a_table_of_another_shape(self) -> None:
        """K43: the table is exactly the store's own, or StoreError."""
        for number, statement in enumerate(
            (
                "CREATE TABLE onetime (key TEXT PRIMARY KEY, value TEXT)",
                "CREATE TABLE onetime (key TEXT, value TEXT NOT NULL)",
                "CREATE TABLE onetime (value TEXT NOT NULL, key TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID",
                "CREATE TABLE onetime (key TEXT PRIMARY KEY NOT NULL COLLATE NOCASE, value TEXT NOT NULL)",
                "CREATE TABLE onetime (key TEXT PRIMARY KEY NOT NULL, value NUMERIC NOT NULL) WITHOUT ROWID",
                "CREATE TABLE OneTime (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID",
                "CREATE VIEW onetime AS SELECT 'otp/key' AS key, 'one' AS value",
                sql._SQLITE.expected.format(table="onetime")
                + "; CREATE TRIGGER evil BEFORE UPDATE ON onetime BEGIN SELECT RAISE(IGNORE); END",
                sql._SQLITE.expected.format(table="onetime") + "; CREATE INDEX more ON onetime (value)",
            )
        ):
            self.path = self.folder / f"{number}.db"
            connection = sqlite3.connect(self.path)
            connection.executescript(statement)
            connection.close()
            with self.subTest(statement), self.assertRaises(StoreError):
                self.open()

    def test_two_tables_in_one_file(self) -> None:
        """Each name is a store of its own."""
        one, two = self.open(), self.open(table="other")
        self.assertTrue(one.swap("otp/key", None, "one"))
        self.assertIsNone(two.get("otp/key"))

    def test_it_is_made_by_many_at_once(self) -> None:
        """Threads that open a new file at the same moment all get the same store."""
        for number in range(5):
            self.path = self.folder / f"{number}.db"
            with ThreadPoolExecutor(8) as pool:
                stores = list(pool.map(lambda _: self.open(), range(8)))
            self.assertEqual(1, sum(store.swap("otp/key", None, "one") for store in stores))
            self.assertEqual({"one"}, {store.get("otp/key") for store in stores})


class Failing(Exception):  # noqa: N818 - it stands in for any
    """What a database's module raises."""

    def __init__(self, sqlstate: str | None = None, sqlite_errorcode: int = 1) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate
        self.sqlite_errorcode = sqlite_errorcode


class Connection:
    """A connection that answers what it is told to; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.closed = False

    def execute(self, statement: str, parameters: tuple[str, ...]) -> Any:
        self.asked.append(statement)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        cursor = mock.Mock(rowcount=answer)
        cursor.fetchone.return_value = answer
        return cursor

    def close(self) -> None:
        self.closed = True


PRIMARY: tuple[Any, ...] = ((False,), ("on",))
FITS = (*PRIMARY, (sql._POSTGRES.expected,))


def postgres(*made: Connection | BaseException) -> SQLStore:
    """A store whose connections are these."""
    return SQLStore.postgres(mock.Mock(side_effect=made))


class Errors(unittest.TestCase):
    def setUp(self) -> None:
        patcher = mock.patch.object(connections, "PAUSE", 0)
        patcher.start()
        self.addCleanup(patcher.stop)

    def test_an_interrupted_pause_throws_the_connection_away(self) -> None:
        """Ctrl-C while a statement waits for its next try leaves nothing open and nothing half done."""
        connection = mock.Mock()
        connection.execute.side_effect = ValueError("busy")
        pool = connections.Connections(lambda: connection, lambda ask: None, lambda error: True)
        with (
            mock.patch("onetime.storage.pool.time.sleep", side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            pool.run("SELECT 1", (), connections.first_row)
        connection.close.assert_called_once_with()

    def test_what_stored_nothing_is_tried_again(self) -> None:
        """Serialization failures, deadlocks and a busy file: the statement is repeated as it was."""
        for error in (
            Failing("40001"),
            Failing("40P01"),
            Failing(sqlite_errorcode=5),
            Failing(sqlite_errorcode=5 | 1 << 8),
            Failing(sqlite_errorcode=5 | 2 << 8),
        ):
            sqlite = error.sqlstate is None
            errors = [error] * (ATTEMPTS - 1)
            for final, written in ((1, True), (0, False)):
                connection = Connection(*FITS, *errors, final)
                store = postgres(connection)
                if sqlite:
                    store._connections._stored_nothing = sql._SQLITE.stored_nothing
                with self.subTest(error.sqlstate or error.sqlite_errorcode, written=written):
                    self.assertIs(written, store.swap("otp/key", "one", "two"))
                    self.assertEqual(1, len(set(connection.asked[3:])))
                    self.assertEqual([connection], idle(store))

    def test_not_for_ever(self) -> None:
        """After so many attempts it is StoreError."""
        connection = Connection(*FITS, *[Failing("40001")] * ATTEMPTS, 1)
        with self.assertRaises(StoreError) as caught:
            postgres(connection).swap("otp/key", "one", "two")
        self.assertIsInstance(caught.exception.__cause__, Failing)
        self.assertEqual([1], connection.answers)
        self.assertTrue(connection.closed)

    def test_everything_else_is_said_once(self) -> None:
        """An error after which something might be stored is never tried again."""
        for error in (
            Failing(),
            Failing("40003"),
            Failing("08006"),
            Failing("57P01"),
            Failing("53100"),
            Failing("25006"),
            Failing("23505"),
            Failing("40000"),
            Failing(sqlite_errorcode=6),
            Failing(sqlite_errorcode=10),
            Failing(sqlite_errorcode=13),
            OSError("connection reset"),
            ValueError("anything"),
        ):
            for swap in (None, (None, None), (None, "new"), ("old", "new"), ("old", None)):
                for sqlite in (False, True):
                    broken, fresh = Connection(*FITS, error, 1), Connection(*FITS, ("text",))
                    store = postgres(broken, fresh)
                    if sqlite:
                        store._connections._stored_nothing = sql._SQLITE.stored_nothing
                    with self.subTest(error), self.assertRaises(StoreError) as caught:
                        store.swap("otp/key", *swap) if swap else store.get("otp/key")
                    self.assertIs(error, caught.exception.__cause__)
                    self.assertTrue(broken.closed)
                    self.assertEqual([], idle(store))
                    self.assertEqual("text", store.get("otp/key"), "the next one has a new connection")

    def test_an_error_of_one_may_be_an_error_of_all(self) -> None:
        """After an error the idle connections are closed, too: a server that restarted costs one failure."""
        store = postgres(Connection(*FITS, Failing("57P01")))
        other = Connection()
        idle(store).append(other)
        idle(store).append(Connection(Failing("57P01")))
        with self.assertRaises(StoreError):
            store.get("otp/key")
        self.assertTrue(other.closed)
        self.assertEqual([], idle(store))

    def test_an_interruption(self) -> None:
        """What is no error leaves as it is, and its connection is thrown away."""
        for interruption in (KeyboardInterrupt, SystemExit, GeneratorExit):
            broken, other = Connection(*FITS, interruption()), Connection(("text",))
            store = postgres(broken)
            with self.subTest(interruption), self.assertRaises(interruption):
                store.get("otp/key")
            self.assertTrue(broken.closed)
            idle(store).append(other)
            self.assertEqual("text", store.get("otp/key"))

    def test_an_interruption_while_it_connects(self) -> None:
        """A connection that is not ready yet is thrown away, too."""
        broken = Connection((False,), KeyboardInterrupt())
        with self.assertRaises(KeyboardInterrupt):
            postgres(broken).get("otp/key")
        self.assertTrue(broken.closed)
        with self.assertRaises(KeyboardInterrupt):
            postgres(KeyboardInterrupt()).get("otp/key")

    def test_it_cannot_connect(self) -> None:
        """Whatever `connect` raises is StoreError, and its connection is closed."""
        error = Failing("08001")
        with self.assertRaises(StoreError) as caught:
            postgres(error).get("otp/key")
        self.assertIs(error, caught.exception.__cause__)

        class Busy(Connection):
            @property
            def autocommit(self) -> bool:
                return False

            @autocommit.setter
            def autocommit(self, value: bool) -> None:
                raise Failing("in the middle of a transaction")

        busy = Busy()
        with self.assertRaises(StoreError):
            postgres(busy).get("otp/key")
        self.assertTrue(busy.closed)

    def test_a_connection_that_cannot_even_be_closed(self) -> None:
        """To throw away is not to fail."""
        broken = Connection(*FITS, Failing())
        with (
            mock.patch.object(broken, "close", side_effect=Failing()),
            self.assertRaises(StoreError) as caught,
        ):
            postgres(broken).get("otp/key")
        self.assertEqual("the database failed", str(caught.exception))

    def test_what_is_no_text(self) -> None:
        """K11, K43: NULL, numbers and bytes are StoreError; the connection is not to blame."""
        for value in (None, 0, 1, 1.5, b"one", True, ["one"]):
            connection = Connection(*FITS, (value,))
            store = postgres(connection)
            with self.subTest(value), self.assertRaises(StoreError):
                store.get("otp/key")
            self.assertEqual([connection], idle(store))

    def test_only_one_changed_row_is_a_yes(self) -> None:
        """A count that makes no sense is no success."""
        for count, written in ((1, True), (0, False), (-1, False), (2, False)):
            store = postgres(Connection(*FITS, count))
            self.assertIs(written, store.swap("otp/key", "one", "two"))

    def test_a_server_that_could_lose(self) -> None:
        """A standby, a commit that does not wait, a table that is missing or another: StoreError."""
        for name, answers in (
            ("a standby", [(True,)]),
            ("no answer", [None]),
            ("synchronous_commit is off", [(False,), ("off",)]),
            ("synchronous_commit is not said", [(False,), None]),
            ("no table", [*PRIMARY, (None,)]),
            ("another table", [*PRIMARY, ("key text t t t, value integer t",)]),
        ):
            connection = Connection(*answers)
            with self.subTest(name), self.assertRaises(StoreError):
                postgres(connection).get("otp/key")
            self.assertEqual([], connection.answers)
            self.assertTrue(connection.closed)

    def test_a_table_that_another_made_meanwhile(self) -> None:
        """The error of the race that was lost is read as "it is there"; others are not."""
        for code in ("23505", "42P07", "42710"):
            late = Connection(*PRIMARY, (None,), Failing(code))
            fresh = Connection(*FITS)
            with self.subTest(code):
                postgres(late, fresh).create_table()
                self.assertEqual([], fresh.answers)
                self.assertTrue(late.closed)
        for error in (Failing("42501"), Failing(), OSError()):
            with self.subTest(error), self.assertRaises(StoreError):
                postgres(Connection(*PRIMARY, (None,), error)).create_table()
        with self.assertRaises(StoreError):
            postgres(Failing("08001")).create_table()


class Server(unittest.TestCase):
    """What only a real PostgreSQL can show."""

    postgres: Postgres

    @classmethod
    def setUpClass(cls) -> None:
        cls.postgres = Postgres()

    def setUp(self) -> None:
        self.table = self.postgres.table(self)

    def store(self, **settings: str) -> SQLStore:
        store = SQLStore.postgres(lambda: self.postgres.connect(**settings), table=self.table)
        self.addCleanup(store.close)
        return store

    def test_the_table_is_made_by_name_only(self) -> None:
        """Without it all is StoreError; with it, to make it again does nothing."""
        store = self.store()
        with self.assertRaises(StoreError):
            store.get("otp/key")
        for _ in range(2):
            store.create_table()
            self.assertTrue(store.swap("otp/key", store.get("otp/key"), "one"))

    def test_it_is_made_by_many_at_once(self) -> None:
        """None of those that make it at the same moment fails."""
        for _ in range(5):
            self.table = self.postgres.table(self)
            start = threading.Barrier(8)

            def make(_: int, start: threading.Barrier = start) -> SQLStore:
                store = self.store()
                start.wait(60)
                store.create_table()
                return store

            with ThreadPoolExecutor(8) as pool:
                stores = list(pool.map(make, range(8)))
            self.assertEqual(1, sum(store.swap("otp/key", None, "one") for store in stores))
            for store in stores:
                store.close()

    def test_whoever_may_not_make_it_may_use_it(self) -> None:
        """To make what is there takes no right to make tables."""
        self.store().create_table()
        role = f"role_{self.table}"
        self.postgres.run(f"CREATE ROLE {role}")
        self.addCleanup(self.postgres.run, f"DROP ROLE {role}")
        self.addCleanup(self.postgres.run, f"DROP OWNED BY {role}")
        self.postgres.run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {self.table} TO {role}")
        store = self.store(role=role)
        store.create_table()
        self.assertTrue(store.swap("otp/key", None, "one"))
        store.close()

    def test_a_commit_that_does_not_wait(self) -> None:
        """A connection with synchronous_commit off is refused, one with less than on is not."""
        self.store().create_table()
        with self.assertRaises(StoreError):
            self.store(synchronous_commit="off").get("otp/key")
        for mode in ("local", "remote_write", "on", "remote_apply"):
            self.assertIsNone(self.store(synchronous_commit=mode).get("otp/key"))

    def test_a_standby(self) -> None:
        """A server in recovery is refused; this one is said to be."""
        self.store().create_table()
        schema = f"schema_{self.table}"
        self.postgres.run(f"CREATE SCHEMA {schema}")
        self.addCleanup(self.postgres.run, f"DROP SCHEMA {schema} CASCADE")
        self.postgres.run(
            f"CREATE FUNCTION {schema}.pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS 'SELECT true'"
        )
        with self.assertRaises(StoreError):
            self.store(search_path=f"{schema},pg_catalog,public").get("otp/key")
        self.assertIsNone(self.store(search_path="public").get("otp/key"))

    def test_a_table_of_another_shape(self) -> None:
        """K43: other types, NULL, no primary key, a collation that takes texts for equal: StoreError."""
        self.postgres.run(
            f"CREATE COLLATION {self.table}_loose"
            " (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        )
        self.addCleanup(self.postgres.run, f"DROP COLLATION {self.table}_loose")
        for columns in (
            "key text PRIMARY KEY, value text",
            "key text NOT NULL, value text NOT NULL",
            "key text NOT NULL UNIQUE, value text NOT NULL",
            "key text, value text NOT NULL, PRIMARY KEY (key, value)",
            "key varchar PRIMARY KEY, value text NOT NULL",
            "key char(210) PRIMARY KEY, value text NOT NULL",
            "key text PRIMARY KEY, value varchar(10) NOT NULL",
            "key text PRIMARY KEY, value integer NOT NULL",
            "key text PRIMARY KEY, value text NOT NULL, more text",
            "value text NOT NULL, key text PRIMARY KEY",
            f"key text COLLATE {self.table}_loose PRIMARY KEY, value text NOT NULL",
            f"key text PRIMARY KEY, value text COLLATE {self.table}_loose NOT NULL",
        ):
            self.table = self.postgres.table(self)
            self.postgres.run(f"CREATE TABLE {self.table} ({columns})")
            with self.subTest(columns):
                with self.assertRaises(StoreError):
                    self.store().create_table()
                with self.assertRaises(StoreError):
                    self.store().get("otp/key")
        self.table = self.postgres.table(self)
        self.postgres.run(f"CREATE VIEW {self.table} AS SELECT 'otp/key' AS key, 'one' AS value")
        self.addCleanup(self.postgres.run, f"DROP VIEW {self.table}")
        with self.assertRaises(StoreError):
            self.store().create_table()

    def test_a_table_made_by_hand(self) -> None:
        """A table of the same shape that a migration made will do."""
        self.postgres.run(f"CREATE TABLE {self.table} (key text PRIMARY KEY, value text NOT NULL)")
        self.assertTrue(self.store().swap("otp/key", None, "one"))

    def test_a_program_that_reads_rows_as_dictionaries(self) -> None:
        """What the program's connections are like besides does not matter."""

        def dictionaries(cursor: Any) -> Any:
            return lambda values: {"column": values[0]}

        def connect() -> Any:
            connection = self.postgres.connect()
            connection.row_factory = dictionaries
            return connection

        with SQLStore.postgres(connect, table=self.table) as store:
            store.create_table()
            self.assertTrue(store.swap("otp/key", None, "one"))
            self.assertEqual("one", store.get("otp/key"))

    def test_a_connection_in_a_transaction(self) -> None:
        """K11: the program's own connection, in the middle of something, is refused."""
        self.store().create_table()
        connection = self.postgres.connect()
        connection.execute("SELECT 1")
        with self.assertRaises(StoreError):
            SQLStore.postgres(lambda: connection, table=self.table).swap("otp/key", None, "one")
        self.assertTrue(connection.closed)

    def test_a_child_leaves_the_parents_session_alone(self) -> None:
        """The child has its own; the parent's goes on after the child's end."""
        store = self.store()
        store.create_table()

        def session() -> Any:
            return idle(store)[-1].execute("SELECT pg_backend_pid()").fetchone()

        before = session()

        def child() -> None:
            self.assertTrue(store.swap("otp/key", None, "one"))
            self.assertNotEqual(before, session())
            store.close()

        in_child(child)
        self.assertEqual("one", store.get("otp/key"))
        self.assertEqual(before, session())


class Closing(Folder):
    def test_after_close_all_is_a_store_error(self) -> None:
        """Its connections are closed, and no new one is opened; to close twice is to close."""
        store = self.open()
        (connection,) = idle(store)
        store.close()
        store.close()
        with self.assertRaises(sqlite3.ProgrammingError):
            connection.execute("SELECT 1")
        for action in (
            lambda: store.get("otp/key"),
            lambda: store.swap("otp/key", None, "one"),
            store.create_table,
        ):
            with self.assertRaises(StoreError):
                action()
        self.assertEqual(["store.db"], [each.name for each in self.folder.iterdir()], "the log is folded in")

    def test_with(self) -> None:
        """The end of `with` closes it, also when something is raised."""
        with self.assertRaises(ZeroDivisionError), self.open() as store:
            store.swap("otp/key", None, str(1 // 0))
        with self.assertRaises(StoreError):
            store.get("otp/key")

    def test_connections_in_use_are_closed_when_they_end(self) -> None:
        """An operation that is under way ends well, and leaves nothing open."""
        store = self.open()

        class Closes(Connection):
            def execute(self, statement: str, parameters: tuple[str, ...]) -> Any:
                store.close()
                return super().execute(statement, parameters)

        connection = Closes(("text",))
        idle(store).append(connection)
        self.assertEqual("text", store.get("otp/key"))
        self.assertTrue(connection.closed)
        self.assertEqual([], idle(store))

    def test_connections_are_used_again(self) -> None:
        """One thread has one connection; as many wait as were in use at once."""
        connect = sqlite3.connect
        with mock.patch("sqlite3.connect", side_effect=connect) as opened:
            store = self.open()
            for number in range(10):
                store.swap("otp/key", store.get("otp/key"), str(number))
            self.assertEqual(1, opened.call_count)
            all_in = threading.Barrier(4)

            class Slow(Connection):
                def execute(self, statement: str, parameters: tuple[str, ...]) -> Any:
                    all_in.wait(60)
                    return super().execute(statement, parameters)

            idle(store).extend(Slow(("text",)) for _ in range(4))
            with ThreadPoolExecutor(4) as pool:
                self.assertEqual(["text"] * 4, list(pool.map(store.get, ["otp/key"] * 4)))
            self.assertEqual(5, len(idle(store)))
            self.assertEqual(1, opened.call_count)


FORK = '''
import os, sqlite3, sys
from onetime.storage import pool as connections
from onetime.storage.sql import SQLStore

FIRST = os.getpid()

class Told(sqlite3.Connection):
    """Says who closes or frees it."""
    def close(self):
        print("closed by the child" if os.getpid() != FIRST else "closed", flush=True)
        super().close()
    # When the interpreter takes itself down, the module's names are gone before this runs.
    def __del__(self, write=os.write, process=os.getpid, first=FIRST):
        write(1, b"freed by the child\\n" if process() != first else b"freed\\n")

connect = sqlite3.connect
sqlite3.connect = lambda *given, **named: connect(
    *given, factory=Told if os.getpid() == FIRST else sqlite3.Connection, **named)
store = SQLStore.sqlite(sys.argv[1])
store.swap("otp/key", None, "one")
(mine,) = store._connections._idle
child = os.fork()
if child == 0:
    if sys.argv[2] == "uses":
        assert store.swap("otp/key", "one", "two")
        assert mine not in store._connections._idle
    elif sys.argv[2] == "closes":
        store.close()
    elif sys.argv[2] == "forks":
        grandchild = os.fork()
        if grandchild:
            _, status = os.waitpid(grandchild, 0)
            assert status == 0
    del store, mine
    sys.exit(0)
_, status = os.waitpid(child, 0)
assert status == 0, status
assert store._connections._idle == [mine]
print(store.get("otp/key"), flush=True)
store.close()
del store, mine
'''


class Forks(Folder):
    def test_a_child_leaves_alone_what_it_inherited(self) -> None:
        """Whatever it does and however it ends, it neither uses, closes nor frees it; the parent goes on."""
        posix()
        for does in ("uses", "nothing", "closes", "forks"):
            self.path = self.folder / does
            with self.subTest(does):
                done = subprocess.run(
                    [sys.executable, "-c", FORK, str(self.path), does],
                    env=os.environ | {"PYTHONPATH": str(SOURCE.parent)},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                self.assertEqual("", done.stderr)
                self.assertEqual(["two" if does == "uses" else "one", "closed", "freed"], done.stdout.split())

    def test_a_child_of_an_operation_under_way(self) -> None:
        """A child of one thread, while another thread is in the store, opens its own connection."""
        store = self.open()
        store.swap("otp/key", None, "one")
        started, ended = threading.Event(), threading.Event()

        class Slow(Connection):
            def execute(self, statement: str, parameters: tuple[str, ...]) -> Any:
                started.set()
                ended.wait(60)
                return super().execute(statement, parameters)

        slow = Slow(("slow",))
        idle(store).append(slow)
        with ThreadPoolExecutor(1) as pool:
            got = pool.submit(store.get, "otp/key")
            self.assertTrue(started.wait(60))

            def child() -> None:
                self.assertEqual([], idle(store))
                self.assertEqual("one", store.get("otp/key"))
                self.assertTrue(store.swap("otp/key", "one", "two"))

            try:
                in_child(child)
            finally:
                ended.set()
            self.assertEqual("slow", got.result())
        self.assertIs(slow, idle(store).pop())
        self.assertEqual("two", store.get("otp/key"))

    def test_what_a_child_does(self) -> None:
        """The same, done here: the connections wait elsewhere, for ever, and the stack is empty."""
        connection = Connection(*FITS, ("text",))
        every: set[Any] = set()
        inherited: list[Any] = []
        with (
            mock.patch.object(connections, "_EVERY", every),
            mock.patch.object(connections, "_INHERITED", inherited),
            mock.patch("atexit.register") as register,
        ):
            store = postgres(connection)
            self.assertEqual("text", store.get("otp/key"))
            self.assertEqual({store._connections}, every)
            connections._leave_inherited()
            self.assertEqual([[connection]], inherited)
            references = sys.getrefcount(inherited)
            (keep,) = register.call_args.args
            keep()
            self.assertEqual(references + 1, sys.getrefcount(inherited))
            with mock.patch.dict(sys.modules, {"ctypes": None}):
                keep()
        self.assertEqual([], idle(store))
        self.assertFalse(connection.closed)
