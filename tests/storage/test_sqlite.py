"""The store in an SQLite file: how the file is made, what is refused, and what an error says."""

import gc
import os
import sqlite3
import stat
import sys
import tempfile
import threading
import time
import unittest
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from onetime.errors import StoreError
from onetime.storage import sqlite, sqlite_file
from onetime.storage.fork import Lease
from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from onetime.testing import StoreContract
from tests.support import CPYTHON, posix
from tests.support.children import unprivileged
from tests.support.stores import opened

LONGEST_NAME = "a" * 63
TABLE = 'CREATE TABLE "onetime" (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID'
COMPANIONS = ("-journal", "-wal", "-shm")


def idle(store: SQLStore) -> list[Any]:
    """The connections that wait for the next statement."""
    return [connection for connection, _ in store._pool.gate.idle]


def drop_connections(store: SQLStore) -> None:
    """Make the next statement open a connection."""
    store._pool.gate.close_idle()


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
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            return connection.execute(statement).fetchall()

    def assert_refused(self, *words: str, action: Callable[[], object] | None = None) -> None:
        """A StoreError whose message has these words."""
        with self.assertRaises(StoreError) as caught:
            (action or self.open)()
        for word in words:
            self.assertIn(word, str(caught.exception))


class InSQLite(Folder, StoreContract):
    def make_store(self) -> Store:
        return self.open()

    def share_store(self, store: Store) -> Store:
        return self.open()

    @contextmanager
    def caller_transaction(self) -> Iterator[None]:
        """A transaction of the program's own on the same file, which does not write before the store does."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT * FROM onetime").fetchall()
            yield
            connection.execute("ROLLBACK")


class Arguments(Folder):
    def test_the_table_is_an_identifier(self) -> None:
        """Letters, digits and underscores, at most 63, no digit first; everything else is ValueError."""
        for name in ("onetime", "_", "A1_b", "select", "OneTime", "sqlit", LONGEST_NAME):
            with self.subTest(name), self.open(table=name) as store:
                self.assertTrue(store.swap("otp/key", None, name))
                self.assertEqual([(name,)], self.by_hand(f'SELECT value FROM "{name}"'))
            self.path.unlink()
        names = ("", "1a", "a b", 'a"b', "a'b", "a;b", "a.b", "tablé", "a\n", "\n", "a\0", LONGEST_NAME + "a")
        for name in names:
            with (
                self.subTest(name),
                self.assertRaisesRegex(ValueError, "table must be 1 to 63 ASCII letters"),
            ):
                self.open(table=name)
        for wrong in (None, 1, b"onetime"):
            with self.subTest(wrong), self.assertRaisesRegex(TypeError, "table must be a str"):
                self.open(table=wrong)
        self.assertEqual([], list(self.folder.iterdir()), "nothing was made")

    def test_a_name_that_sqlite_reserves(self) -> None:
        """SQLite's own message says so."""
        self.assert_refused("SQLite cannot use", "reserved", action=partial(self.open, table="sqlite_store"))

    def test_the_path_names_a_file(self) -> None:
        """Texts that mean something else to SQLite are ValueError; what is not a path is TypeError."""
        for path in ("", ":memory:", "file:store.db", "file:store.db?mode=memory", "a\0b"):
            with self.subTest(path), self.assertRaisesRegex(ValueError, "path must name a file"):
                SQLStore.sqlite(path)

        class Bytes(os.PathLike[bytes]):
            def __fspath__(self) -> bytes:
                return b"store.db"

        for wrong in (None, 1, b"store.db", ["store.db"], Bytes()):
            with (
                self.subTest(wrong),
                self.assertRaisesRegex(TypeError, "path must be a str or an os.PathLike"),
            ):
                SQLStore.sqlite(wrong)  # type: ignore[arg-type]  # that is the test

    def test_limits_are_checked_before_the_file_is_made(self) -> None:
        """A number out of range is ValueError and leaves nothing behind."""
        for options in ({"connections": 0}, {"connections": 1001}, {"timeout": 0}, {"timeout": 3601}):
            with self.subTest(options), self.assertRaises(ValueError):
                self.open(**options)
        self.assertEqual([], list(self.folder.iterdir()))

    def test_no_character_of_the_path_means_anything_but_itself(self) -> None:
        """Neither the marks of a URI nor quotes, spaces or letters beyond ASCII."""
        names = (
            "a?mode=memory",
            "a%41",
            "a#b",
            "é ü",
            "a&b=c",
            "%00",
            "'",
            '"',
            ":memory:.db",
            "a..b",
            " a ",
        )
        for name in names:
            with self.subTest(name):
                with SQLStore.sqlite(str(self.folder / name)) as store:
                    self.assertTrue(store.swap("otp/key", None, "one"))
                self.assertTrue((self.folder / name).stat().st_size)

    def test_a_path_that_is_not_utf8(self) -> None:
        """Bytes that the file system gave as lone surrogates name the same file."""
        posix()
        path = os.fsdecode(os.fsencode(self.folder) + b"/\xff\xfe.db")
        with SQLStore.sqlite(path) as store:
            self.assertTrue(store.swap("otp/key", None, "one"))
        self.assertEqual(["\udcff\udcfe.db"], [each.name for each in self.folder.iterdir()])

    def test_the_folder_is_that_of_the_beginning(self) -> None:
        """A relative path is in the folder where the store was made, wherever the program goes."""
        here = Path.cwd()
        self.addCleanup(os.chdir, here)
        os.chdir(self.folder)
        store = SQLStore.sqlite("store.db")
        self.addCleanup(store.close)
        drop_connections(store)
        os.chdir(here)
        self.assertTrue(store.swap("otp/key", None, "one"))
        self.assertEqual([("one",)], self.by_hand("SELECT value FROM onetime"))

    def test_a_store_is_not_made_by_its_class(self) -> None:
        """F15: the message names the constructor."""
        for wrong in ("otp.db", Path("otp.db"), None):
            with self.subTest(wrong), self.assertRaisesRegex(TypeError, r"SQLStore\.sqlite\(path\)"):
                SQLStore(wrong)

    def test_the_schema(self) -> None:
        """A table that a migration made by the statement is the store's."""
        self.assertEqual(TABLE, SQLStore.schema("sqlite"))
        self.by_hand(SQLStore.schema("sqlite", "other"))
        self.path.chmod(0o600)
        self.assertTrue(self.open(table="other").swap("otp/key", None, "one"))
        with self.assertRaises(ValueError):
            SQLStore.schema("sqlite", "a.b")


class Files(Folder):
    def test_the_file_is_its_owners(self) -> None:
        """K19, H43, N06, T19: mode 0600 whatever the umask, also of the files beside it."""
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
        """The new file, and its folder at each new connection, before anything is stored."""
        posix()
        synced: list[bool] = []
        sync = os.fsync

        def spy(handle: int) -> None:
            synced.append(stat.S_ISDIR(os.fstat(handle).st_mode))
            sync(handle)

        with mock.patch("os.fsync", spy):
            store = self.open()
            self.assertEqual([False, True], synced)
            drop_connections(store)
            store.get("otp/key")
            self.assertEqual([False, True, True], synced)
        with mock.patch("os.fsync", side_effect=OSError(28, "No space left on device")):
            drop_connections(store)
            self.assert_refused("No space left on device", action=lambda: store.get("otp/key"))
            self.path.unlink()
            self.assert_refused("No space left on device")

    def test_no_symbolic_link(self) -> None:
        """K19: the last component is the file itself, whatever a link points to."""
        posix()
        self.open().close()
        for name, target in (
            ("to_file", self.path),
            ("to_nothing", self.folder / "new"),
            ("to_itself", "to_itself"),
        ):
            link = self.folder / name
            link.symlink_to(target)
            with self.subTest(name):
                self.assert_refused("not a symbolic link", action=partial(SQLStore.sqlite, link))
        self.assertFalse((self.folder / "new").exists())

    def test_the_folder_may_be_behind_a_link(self) -> None:
        """Only the last component matters."""
        posix()
        (self.folder / "real").mkdir(0o700)
        (self.folder / "link").symlink_to("real")
        with SQLStore.sqlite(self.folder / "link" / "store.db") as store:
            self.assertTrue(store.swap("otp/key", None, "one"))
        self.assertTrue((self.folder / "real" / "store.db").exists())

    def test_other_kinds_of_file(self) -> None:
        """A folder, a pipe, a missing folder, a file in place of a folder: StoreError, and nothing waits."""
        posix()
        os.mkfifo(self.folder / "pipe")
        (self.folder / "file").write_text("")
        (self.folder / "folder").mkdir()
        for name, words in (
            ("folder", ("regular file",)),
            ("pipe", ("regular file",)),
            ("missing/store.db", ("No such file", "its folder must exist")),
            ("file/store.db", ("Not a directory", "its folder must exist")),
        ):
            with self.subTest(name):
                self.assert_refused(*words, action=partial(SQLStore.sqlite, self.folder / name))

    def test_other_contents(self) -> None:
        """A file that is not a database is refused, and stays as it is."""
        self.path.write_bytes(b"a text, not a database" * 100)
        self.path.chmod(0o600)
        self.assert_refused("SQLite cannot use the store's file: file is not a database")
        self.assertEqual(b"a text, not a database" * 100, self.path.read_bytes())

    def test_others_must_not_write(self) -> None:
        """H43: a file that its group or everybody may write to is refused; one that they may read is not."""
        posix()
        self.open().close()
        for mode, fits in ((0o600, True), (0o644, True), (0o620, False), (0o602, False), (0o666, False)):
            self.path.chmod(mode)
            with self.subTest(oct(mode)):
                if fits:
                    self.open().close()
                else:
                    self.assert_refused("must not be writable by others", "chmod go-w")

    def test_another_users_file(self) -> None:
        """K19, H43: a file that belongs to another user is refused, by root too."""
        self.open().close()
        user = unprivileged()
        if user is None:
            other = os.geteuid() + 1
            self.enterContext(mock.patch.object(sqlite_file, "_own", lambda owner: (owner, other)))
            self.enterContext(mock.patch("os.geteuid", return_value=other))
        else:
            os.chown(self.path, user, user)
        with (
            mock.patch.object(sqlite_file, "_check_folder"),
            mock.patch.object(sqlite_file, "_own", lambda _: (os.geteuid(),)),
        ):
            self.assert_refused("must belong to the user who runs the program")

    def test_no_file_is_opened_but_a_new_one(self) -> None:
        """To close one would drop the locks of SQLite, so it is made new or left alone, and one at a time."""
        posix()
        self.open()
        opened: list[tuple[str, int]] = []
        free: list[bool] = []
        system = os.open

        def look() -> None:
            free.append(sqlite_file._CREATING.acquire(blocking=False))
            if free[-1]:
                sqlite_file._CREATING.release()

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

    def test_an_interruption_while_a_file_is_made(self) -> None:
        """No exception leaves the lock held, so another thread goes on."""
        with mock.patch("os.open", side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
            self.open()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self.open).result().close()

    def test_an_abandoned_connection(self) -> None:
        """Each of its statements is an error."""
        connection = opened(sqlite.SQLite(self.path, "onetime"), create=True)
        self.addCleanup(connection.close)
        connection.abandon()
        with self.assertRaisesRegex(StoreError, "belongs to another process"):
            connection.execute("SELECT 1")

    def test_a_child_that_goes_on_in_its_parents_statement(self) -> None:
        """F01: a signal handler forks in the middle of a statement; only the child's fails."""
        posix()
        for method in ("change", "commit"):
            with self.subTest(method), self.open(table=method) as store:
                dialect = store._dialect
                run = getattr(dialect, method)

                def forked(*given: Any, run: Callable[..., Any] = run) -> Any:
                    child = os.fork()
                    if child:
                        self.assertEqual(0, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
                        return run(*given)
                    status = 1
                    try:
                        run(*given)
                    except StoreError:
                        status = 0
                    finally:
                        os._exit(status)

                with mock.patch.object(dialect, method, forked):
                    if method == "change":
                        self.assertTrue(store.swap("otp/key", None, "one"))
                    else:
                        lease = Lease()
                        self.assertTrue(store._pool.gate.enter(lease))
                        lease.connection = connection = opened(dialect)
                        dialect.begin(connection)  # type: ignore[attr-defined]  # it groups commits
                        dialect.swap(connection, "otp/key", None, "one")
                        dialect.commit(connection)  # type: ignore[attr-defined]  # the same
                        store._pool.gate.leave(lease)
                self.assertEqual("one", store.get("otp/key"))

    def test_a_system_without_owners(self) -> None:
        """Where there are no owners and folders cannot be synced, neither is tried."""
        self.path.touch()
        self.path.chmod(0o666)
        with (
            mock.patch.object(sqlite_file, "_POSIX", False),
            mock.patch("os.geteuid", side_effect=AssertionError, create=True),
            mock.patch("os.open", side_effect=FileExistsError),
        ):
            self.assertTrue(self.open().swap("otp/key", None, "one"))

    def test_a_posix_system_without_users(self) -> None:
        """F13: no geteuid, no grp and no pwd, as on WebAssembly: what can be checked is checked."""
        posix()
        with (
            mock.patch.dict(sys.modules, {"grp": None, "pwd": None}),
            mock.patch("os.geteuid"),
        ):
            del os.geteuid
            with self.open() as store:
                self.assertTrue(store.swap("otp/key", None, "one"))
            self.path.chmod(0o622)
            self.assert_refused("chmod go-w")
            self.path.chmod(0o600)
            self.folder.chmod(0o770)
            self.assert_refused("folder", "must not be writable by others")

    def test_the_file_is_deleted_under_the_store(self) -> None:
        """A new connection makes no new file, so nobody starts anew."""
        store = self.open()
        store.swap("otp/key", None, "one")
        for each in self.folder.iterdir():
            each.unlink()
        drop_connections(store)
        self.assert_refused("cannot be created or found (No such file", action=lambda: store.get("otp/key"))
        self.assertEqual([], list(self.folder.iterdir()))

    def test_the_file_is_deleted_at_the_last_moment(self) -> None:
        """Between the check and the opening, too."""
        store = self.open()
        drop_connections(store)
        file = store._dialect._file  # type: ignore[attr-defined]  # SQLite's
        check = file.check

        def delete() -> None:
            check()
            self.path.unlink()

        with mock.patch.object(file, "check", delete):
            self.assert_refused("unable to open database file", action=lambda: store.get("otp/key"))
        self.assertEqual([], list(self.folder.iterdir()))

    def test_the_file_is_replaced_under_the_store(self) -> None:
        """A store never has two files; where a new connection would find another, it is StoreError."""
        store = self.open()
        store.swap("otp/key", None, "one")
        drop_connections(store)
        old = self.folder / "old.db"
        self.path.rename(old)
        self.open().close()
        self.assert_refused("was replaced by another one", action=lambda: store.get("otp/key"))
        old.rename(self.path)
        self.assertEqual("one", store.get("otp/key"))


class Companions(Folder):
    """F07: what another user could have planted beside the file."""

    def setUp(self) -> None:
        posix()
        super().setUp()
        self.open().close()
        self.path.chmod(0o640)

    def plant(self, path: Path) -> Iterator[tuple[str, Callable[[], None]]]:
        """The ways to plant a file."""
        elsewhere = self.folder / "elsewhere"

        def make(mode: int, user: int = -1) -> None:
            path.touch()
            path.chmod(mode)
            os.chown(path, user, -1)

        def link() -> None:
            elsewhere.touch(0o600)
            path.hardlink_to(elsewhere)

        def link_by_name() -> None:
            elsewhere.touch(0o600)
            path.symlink_to(elsewhere)

        yield "a file with another link", link
        yield "a symbolic link to a file", link_by_name
        yield "a symbolic link to nothing", partial(path.symlink_to, elsewhere)
        yield "a pipe", partial(os.mkfifo, path, 0o600)
        yield "a folder", partial(path.mkdir, 0o700)
        for mode in (0o660, 0o644, 0o602, 0o700, 0o606):
            yield f"mode {mode:o}", partial(make, mode)
        user = unprivileged()
        if user is not None:
            yield "another user's", partial(make, 0o600, user)

    def remove(self, path: Path) -> None:
        for each in (path, self.folder / "elsewhere"):
            if each.is_dir() and not each.is_symlink():
                each.rmdir()
            else:
                each.unlink(missing_ok=True)

    def test_planted_before_the_store_is_made(self) -> None:
        """F07: each file beside it is absent or as SQLite makes it, or StoreError that names it."""
        for suffix in COMPANIONS:
            path = Path(f"{self.path}{suffix}")
            for way, plant in self.plant(path):
                with self.subTest(f"{suffix}: {way}"):
                    plant()
                    self.assert_refused(path.name, "regular file without other links", "another user")
                    self.remove(path)
        self.open()

    def test_planted_before_a_later_connection(self) -> None:
        """Each connection looks anew."""
        for suffix in COMPANIONS:
            path = Path(f"{self.path}{suffix}")
            for way, plant in self.plant(path):
                with self.subTest(f"{suffix}: {way}"):
                    store = self.open()
                    drop_connections(store)
                    plant()
                    self.assert_refused(path.name, action=partial(store.get, "otp/key"))
                    self.remove(path)

    def test_planted_while_a_connection_is_opened(self) -> None:
        """What appears between the first check and the opening is found by the second, and it is closed."""
        log = Path(f"{self.path}-wal")
        connect = sqlite3.connect
        made: list[sqlite3.Connection] = []

        def plant(*given: Any, **named: Any) -> sqlite3.Connection:
            (self.folder / "elsewhere").touch(0o600)
            log.hardlink_to(self.folder / "elsewhere")
            made.append(connect(*given, **named))
            return made[0]

        with mock.patch("sqlite3.connect", plant):
            self.assert_refused("store.db-wal")
        with self.assertRaises(sqlite3.ProgrammingError):
            made[0].execute("SELECT 1")

    def test_sqlites_own(self) -> None:
        """Logs that SQLite left, with the file's permissions or fewer, are used."""
        store = self.open()
        store.swap("otp/key", None, "one")
        self.assertEqual("one", self.open().get("otp/key"))
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").chmod(0o600)
        self.assertEqual("one", self.open().get("otp/key"))


class SharedFolders(Folder):
    """F07: a folder in which others could plant a log is refused."""

    def setUp(self) -> None:
        posix()
        super().setUp()
        self.here = os.geteuid()
        self.group = self.folder.stat().st_gid

    @contextmanager
    def groups(self, members: list[str], users: dict[str, tuple[int, int]]) -> Iterator[None]:
        """A system whose group of the folder has these members, and that has these users."""
        named = {
            name: SimpleNamespace(pw_name=name, pw_uid=user, pw_gid=group)
            for name, (user, group) in users.items()
        }
        with (
            mock.patch("grp.getgrgid", return_value=SimpleNamespace(gr_name="shared", gr_mem=members)),
            mock.patch("pwd.getpwnam", side_effect=named.__getitem__),
            mock.patch("pwd.getpwall", return_value=list(named.values())),
        ):
            yield

    def test_everybody_may_write(self) -> None:
        """F07: also with the sticky bit, which keeps others from deleting but not from planting."""
        for mode in (0o777, 0o1777, 0o707, 0o703):
            self.folder.chmod(mode)
            with self.subTest(oct(mode)):
                self.assert_refused("must not be writable by others", "0700 or 0755")
        self.folder.chmod(0o755)
        self.open()

    def test_a_group_of_one_user(self) -> None:
        """A user's private group may write; the members are the group's own and those whose group it is."""
        self.folder.chmod(0o770)
        me, other = (self.here, self.group), (self.here + 1, self.group + 1)
        for members, users in (
            ([], {"me": me}),
            (["me"], {"me": me, "other": other}),
            (["me"], {"me": (self.here, self.group + 1)}),
        ):
            with self.subTest(f"{members} {users}"), self.groups(members, users):
                self.open().close()
        for members, users in (
            (["other"], {"me": me, "other": other}),
            (["me", "other"], {"me": me, "other": other}),
            ([], {"me": me, "other": (self.here + 1, self.group)}),
            (["unknown"], {"me": me}),
        ):
            with self.subTest(f"{members} {users}"), self.groups(members, users):
                self.assert_refused("folder", "must not be writable by others")

    def test_roots_folder_with_the_programs_own_group(self) -> None:
        """A service's folder: root's, and its group is the service's."""
        folder = SimpleNamespace(st_uid=0, st_gid=self.group, st_mode=0o40770)
        with (
            mock.patch("os.geteuid", return_value=1234),
            self.groups([], {"root": (0, self.group + 1), "service": (1234, self.group)}),
        ):
            sqlite_file._check_folder(folder)  # type: ignore[arg-type]  # a stand-in for what os.stat returns

    def test_an_unknown_group(self) -> None:
        """A group that the system has no entry for may have any members."""
        self.folder.chmod(0o770)
        with mock.patch("grp.getgrgid", side_effect=KeyError):
            self.assert_refused("must not be writable by others")

    def test_another_users_folder(self) -> None:
        """Its owner could replace the file, whatever the permissions say."""
        user = unprivileged()
        if user is None:
            self.enterContext(mock.patch("os.geteuid", return_value=self.here + 1))
        else:
            os.chown(self.folder, user, user)
        self.assert_refused("folder", "must belong to the user who runs the program, or to root")


class Settings(Folder):
    def test_every_connection_is_durable(self) -> None:
        """Each has the write-ahead log, waits at each commit for the disk, and has no busy handler."""
        store = self.open()
        for _ in range(2):
            store.get("otp/key")
            (connection,) = idle(store)
            for name, value in (
                ("journal_mode", "wal"),
                ("synchronous", 2),
                ("fullfsync", 1),
                ("busy_timeout", 0),
            ):
                self.assertEqual((value,), connection.execute(f"PRAGMA {name}").fetchone())
            self.assertIsNone(connection._connection.isolation_level)
            drop_connections(store)

    def test_a_setting_that_is_not_taken(self) -> None:
        """What is read back must be what was set, else StoreError, and the connection is closed."""
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
            ):
                self.assert_refused(f"SQLite cannot use {name}=")
            self.assertTrue(closed)

    def test_cursors_that_are_collected_late(self) -> None:
        """A statement that is not at its end holds a transaction open, so none is left to the collector."""
        kept: list[sqlite3.Cursor] = []

        class Keeping(sqlite3.Connection):
            def execute(self, *arguments: Any) -> Any:
                kept.append(super().execute(*arguments))
                return kept[-1]

        with mock.patch("sqlite3.connect", partial(sqlite3.connect, factory=Keeping)):
            store = self.open()
            self.assertTrue(store.swap("otp/key", None, "one"))
        self.assertEqual([("one",)], self.by_hand("SELECT value FROM onetime"))
        self.assertTrue(kept)

    def test_a_table_of_another_shape(self) -> None:
        """K43: the table is exactly the store's own, or StoreError that shows what it must be."""
        for number, statement in enumerate(
            (
                "CREATE TABLE onetime (key TEXT PRIMARY KEY, value TEXT)",
                "CREATE TABLE onetime (key TEXT, value TEXT NOT NULL)",
                "CREATE TABLE onetime (value TEXT NOT NULL, key TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID",
                "CREATE TABLE onetime (key TEXT PRIMARY KEY NOT NULL COLLATE NOCASE, value TEXT NOT NULL)",
                "CREATE TABLE onetime (key TEXT PRIMARY KEY NOT NULL, value NUMERIC NOT NULL) WITHOUT ROWID",
                "CREATE TABLE OneTime (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID",
                "CREATE VIEW onetime AS SELECT 'otp/key' AS key, 'one' AS value",
                f"{TABLE}; CREATE TRIGGER t BEFORE UPDATE ON onetime BEGIN SELECT RAISE(IGNORE); END",
                f"{TABLE}; CREATE INDEX more ON onetime (value)",
            )
        ):
            self.path = self.folder / f"{number}.db"
            with closing(sqlite3.connect(self.path)) as connection:
                connection.executescript(statement)
            self.path.chmod(0o600)
            with self.subTest(statement):
                self.assert_refused("the table onetime", TABLE, "neither index nor trigger", "another table")

    def test_a_table_that_was_dropped(self) -> None:
        """A later connection does not make it anew."""
        store = self.open()
        drop_connections(store)
        self.by_hand("DROP TABLE onetime")
        self.assert_refused("has no table onetime", action=lambda: store.get("otp/key"))

    def test_two_tables_in_one_file(self) -> None:
        """Each name is a store of its own."""
        one, two = self.open(), self.open(table="other")
        self.assertTrue(one.swap("otp/key", None, "one"))
        self.assertIsNone(two.get("otp/key"))

    def test_several_stores_are_made_at_once(self) -> None:
        """Threads that open a new file at the same moment all get the same store."""
        for number in range(5):
            self.path = self.folder / f"{number}.db"
            with ThreadPoolExecutor(8) as pool:
                stores = list(pool.map(lambda _: self.open(), range(8)))
            self.assertEqual(1, sum(store.swap("otp/key", None, "one") for store in stores))
            self.assertEqual({"one"}, {store.get("otp/key") for store in stores})


class Locked(Folder):
    """Another connection has a lock, and the store has a deadline."""

    def setUp(self) -> None:
        super().setUp()
        self.store = self.open(timeout=0.05)
        self.store.swap("otp/key", None, "one")
        self.other = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self.addCleanup(self.other.close)

    def assert_late(self, *words: str, action: Callable[[], object]) -> None:
        """StoreError that says so, not before the deadline."""
        began = time.monotonic()
        self.assert_refused("0.05 s", *words, action=action)
        self.assertLessEqual(0.05, time.monotonic() - began)

    def test_another_connection_writes(self) -> None:
        """Reads go on; a write is StoreError at its deadline, and the next one succeeds."""
        self.other.execute("BEGIN IMMEDIATE")
        self.assertEqual("one", self.store.get("otp/key"))
        self.assert_late(
            "other processes were writing",
            "nothing was written",
            action=lambda: self.store.swap("otp/key", "one", "two"),
        )
        self.other.execute("COMMIT")
        self.assertEqual("one", self.store.get("otp/key"))
        self.assertTrue(self.store.swap("otp/key", "one", "two"))

    def test_a_write_waits_for_the_lock(self) -> None:
        """It is written as soon as the other one has ended."""
        store = self.open(timeout=60)
        self.other.execute("BEGIN IMMEDIATE")
        tried = threading.Event()
        swap = store._dialect.swap

        def spy(*swapped: Any) -> bool:
            tried.set()
            return swap(*swapped)

        with mock.patch.object(store._dialect, "swap", spy), ThreadPoolExecutor(1) as pool:
            swapped = pool.submit(store.swap, "otp/key", "one", "two")
            self.assertTrue(tried.wait(60))
            self.other.execute("COMMIT")
            self.assertTrue(swapped.result(60))

    def test_the_whole_file_is_locked(self) -> None:
        """Reads, and connections that are opened, end at the deadline, too."""
        drop_connections(self.store)
        # Before any other connection uses the log, so that this one needs no index of it.
        for statement in ("PRAGMA locking_mode=EXCLUSIVE", "BEGIN EXCLUSIVE", "SELECT * FROM onetime"):
            self.other.execute(statement).fetchall()
        self.assert_late("nothing was written", action=lambda: self.store.get("otp/key"))
        self.assert_late("nothing was written", action=partial(self.open, timeout=0.05))
        self.other.execute("COMMIT")
        self.other.close()
        self.assertEqual("one", self.store.get("otp/key"))


class Closing(Folder):
    def test_after_close_every_call_is_refused(self) -> None:
        """Its connections are closed, and no new one is opened; to close twice is to close."""
        store = self.open()
        store.get("otp/key")
        (connection,) = idle(store)
        store.close()
        store.close()
        with self.assertRaises(sqlite3.ProgrammingError):
            connection.execute("SELECT 1")
        for action in (
            lambda: store.get("otp/key"),
            lambda: store.swap("otp/key", None, "one"),
            lambda: next(store.items()),
            store.create_table,
        ):
            self.assert_refused("the store is closed", action=action)
        self.assertEqual(["store.db"], [each.name for each in self.folder.iterdir()], "the log is folded in")

    def test_with(self) -> None:
        """The end of `with` closes it, also when something is raised."""
        with self.assertRaises(ZeroDivisionError), self.open() as store:
            store.swap("otp/key", None, str(1 // 0))
        self.assert_refused("the store is closed", action=lambda: store.get("otp/key"))

    def test_a_store_that_is_dropped(self) -> None:
        """It closes its connections, so no ResourceWarning follows."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            store = SQLStore.sqlite(self.path)
            store.swap("otp/key", None, "one")
            (connection,) = idle(store)
            del store
            if not CPYTHON:
                gc.collect()
            with self.assertRaises(sqlite3.ProgrammingError):
                connection.execute("SELECT 1")
            del connection
            gc.collect()
        self.assertEqual([], [str(each.message) for each in caught])

    def test_a_statement_that_is_collected_late(self) -> None:
        """It keeps SQLite from closing the connection, but holds no lock."""
        dialect = sqlite.SQLite(self.path, "onetime")
        connection = opened(dialect, create=True)
        dialect.begin(connection)
        self.assertTrue(dialect.swap(connection, "otp/key", None, "one"))
        cursor = connection.execute("SELECT key FROM onetime")
        connection.close()
        connection.close()
        self.assertEqual([], self.by_hand("DELETE FROM onetime RETURNING value"))
        del cursor

    def test_a_store_that_cannot_be_made(self) -> None:
        """It leaves no connection open."""
        self.by_hand("CREATE TABLE onetime (key TEXT)")
        self.path.chmod(0o600)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.assert_refused("the table onetime", action=partial(SQLStore.sqlite, self.path))
            gc.collect()
        self.assertEqual([], [str(each.message) for each in caught])


class Errors(Folder):
    def test_a_rollback_of_what_sqlite_has_rolled_back(self) -> None:
        """Some errors end the transaction; to roll back after that does nothing."""
        dialect = sqlite.SQLite(self.path, "onetime")
        with closing(opened(dialect, create=True)) as connection:
            dialect.rollback(connection)
            dialect.begin(connection)
            self.assertTrue(dialect.swap(connection, "otp/key", None, "one"))
            dialect.rollback(connection)
            self.assertIsNone(dialect.get(connection, "otp/key"))
            self.assertFalse(dialect.is_lost(connection, sqlite3.OperationalError()))

    def test_values_that_are_not_text(self) -> None:
        """A blob that another program stored is StoreError, never a wrong answer."""
        store = self.open()
        self.by_hand("INSERT INTO onetime VALUES ('otp/key', x'00')")
        self.assert_refused("must be text", action=lambda: store.get("otp/key"))

    def test_a_key_that_cannot_be_encoded(self) -> None:
        """F12: only that statement fails, and the connections stay."""
        store = self.open()
        store.swap("otp/key", None, "one")
        self.assert_refused("nothing was written", action=lambda: store.swap("\ud800", None, "one"))
        self.assert_refused("read", action=lambda: store.get("\ud800"))
        self.assertEqual("one", store.get("otp/key"))

    def test_the_disk_is_full(self) -> None:
        """The write is StoreError with SQLite's error as its cause, and the next one succeeds."""
        store = self.open()
        store.swap("otp/key", None, "one")
        (connection,) = idle(store)
        connection.execute("PRAGMA max_page_count=1")
        with self.assertRaises(StoreError) as caught:
            store.swap("otp/big", None, "x" * 100_000)
        self.assertIsInstance(caught.exception.__cause__, sqlite3.OperationalError)
        self.assertIsNone(store.get("otp/big"))
        self.assertTrue(store.swap("otp/big", None, "x" * 100_000))
