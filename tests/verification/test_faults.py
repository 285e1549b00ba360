"""What goes wrong around a verifier: it fails closed each time, and accepts nothing twice."""

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from onetime import HOTP, TOTP, Secret
from onetime.errors import (
    AlreadyEnrolledError,
    IncorrectCodeError,
    NotEnrolledError,
    OnetimeError,
    ReplayedCodeError,
    StoreError,
    VerificationError,
)
from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from onetime.verification.evidence import Accepted
from onetime.verification.verifier import Verifier
from tests.support import RFC_KEY, SOURCE, posix, thorough
from tests.support.children import in_child, unprivileged
from tests.support.postgres import Postgres

NOW = 1_800_000_000
SECRET = Secret(RFC_KEY)
KEY = "alice"
HOTP_, TOTP_ = HOTP(SECRET), TOTP(SECRET)
BEFORE, RIGHT = TOTP_.at(NOW - 30), TOTP_.at(NOW)
THREE = TOTP_.hotp.codes(TOTP_.step(NOW) + 2, 3)
WRONG = "000000"


class Faults:
    """Counts the calls to a database, and lets some of them fail.

    Args:
        error: What a failing call raises.
        first: The first call that fails, from 1.
        count: How many fail from there on.
        late: Whether a failing call does what it should before it raises.
    """

    def __init__(self, error: Callable[[], Exception], first: int, count: int, late: bool) -> None:
        self.error = error
        self.failing = range(first, first + count)
        self.late = late
        self.calls = 0
        self.raised = 0

    def call(self, action: Callable[..., Any], *given: Any, **named: Any) -> Any:
        self.calls += 1
        if self.calls not in self.failing:
            return action(*given, **named)
        self.raised += 1
        if self.late:
            made = action(*given, **named)
            if action.__name__ == "connect":
                made.close()
        raise self.error()


class FaultyConnection:
    """A connection each of whose calls may fail."""

    faults: Faults
    connection: Any
    closed: bool

    def __init__(self, faults: Faults, connection: Any) -> None:
        object.__setattr__(self, "faults", faults)
        object.__setattr__(self, "connection", connection)
        object.__setattr__(self, "closed", False)

    def execute(self, *given: Any) -> "FaultyCursor":
        return FaultyCursor(self.faults, self.faults.call(self.connection.execute, *given))

    def close(self) -> None:
        self.connection.close()
        # It is closed, and says once that it is not.
        if not self.closed:
            object.__setattr__(self, "closed", True)
            raise self.faults.error()

    @property  # type: ignore[misc]  # a store looks at the kind of a connection
    def __class__(self) -> Any:
        return type(self.connection)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.faults.call(setattr, self.connection, name, value)


class FaultyCursor:
    """A cursor each of whose answers may fail."""

    def __init__(self, faults: Faults, cursor: Any) -> None:
        self.faults = faults
        self.cursor = cursor

    def fetchone(self) -> Any:
        return self.faults.call(self.cursor.fetchone)

    def fetchall(self) -> Any:
        return self.faults.call(self.cursor.fetchall)

    def __iter__(self) -> Any:
        return iter(self.fetchall())

    @property
    def rowcount(self) -> int:
        return int(self.faults.call(getattr, self.cursor, "rowcount"))


class Life:
    """An owner who enrolls, logs in, errs, tries again and resynchronizes, through a database with faults."""

    def __init__(self, test: unittest.TestCase, faults: Faults, credential: HOTP | TOTP, key: str) -> None:
        self.test = test
        self.faults = faults
        self.credential = credential
        self.key = key

    def live(self, open_store: Callable[[], Store]) -> None:
        credential, test = self.credential, self.test
        factor = credential.step(NOW) if isinstance(credential, TOTP) else 0
        hotp = credential.hotp if isinstance(credential, TOTP) else credential
        codes = hotp.codes(factor, 8)
        wrong = next(f"{guess:06}" for guess in range(100) if f"{guess:06}" not in hotp.codes(factor, 200))
        store = self.insist(open_store)[-1]
        verifier = Verifier(store, clock=lambda: NOW)

        enrolled = self.insist(lambda: verifier.enroll(self.key, credential, codes[0]))
        test.assertIsInstance(
            enrolled[-1], Accepted if len(enrolled) == 1 else Accepted | AlreadyEnrolledError
        )
        self.replay(verifier, codes[0])

        told = self.insist(lambda: verifier.verify(self.key, credential, wrong))
        test.assertIsInstance(told[-1], IncorrectCodeError)
        state = self.insist(lambda: verifier.state(self.key))[-1]
        test.assertIn(state.throttle.failures, range(1, len(told) + 1), "what was told is counted")

        accepted = self.insist(lambda: verifier.verify(self.key, credential, codes[1]))
        test.assertIsInstance(accepted[-1], Accepted if len(accepted) == 1 else Accepted | ReplayedCodeError)
        self.replay(verifier, codes[1])

        three = codes[3:6]
        found = self.insist(lambda: verifier.resynchronize(self.key, credential, three))
        test.assertIsInstance(found[-1], Accepted if len(found) == 1 else Accepted | ReplayedCodeError)
        again = self.insist(lambda: verifier.resynchronize(self.key, credential, three))
        test.assertIsInstance(again[-1], ReplayedCodeError)
        for code in codes[:6]:
            refused = self.insist(partial(verifier.verify, self.key, credential, code))
            test.assertIsInstance(refused[-1], VerificationError)
        store.close()

    def replay(self, verifier: Verifier, code: str) -> None:
        told = self.insist(lambda: verifier.verify(self.key, self.credential, code))
        self.test.assertIsInstance(told[-1], ReplayedCodeError)

    def insist(self, action: Callable[[], Any]) -> list[Any]:
        """Try until no fault is left, and return each outcome.

        A fault during a write is StoreError. One during a read may be healed by a new connection.
        """
        outcomes: list[Any] = []
        while not outcomes or isinstance(outcomes[-1], StoreError):
            before = self.faults.raised
            try:
                outcomes.append(action())
            except StoreError as error:
                # Not the error itself: its frames would keep cursors, and so the file's locks.
                outcomes.append(StoreError(str(error.__cause__)))
            except OnetimeError as error:
                outcomes.append(error)
            if isinstance(outcomes[-1], StoreError):
                self.test.assertGreater(self.faults.raised, before, outcomes[-1])
        return outcomes


def lives(
    test: unittest.TestCase,
    error: Callable[[], Exception],
    open_store: Callable[[Faults, str], Store],
    credentials: tuple[HOTP | TOTP, ...],
    stride: int = 1,
) -> int:
    """Live once for each call that can fail, or for every few, in each way; return the number of lives."""
    number = 0
    for credential in credentials:
        for late, count in ((False, 1), (True, 1), (False, 3)):
            first = 1 - stride
            faults = None
            while faults is None or faults.raised:
                first += stride
                number += 1
                faults = Faults(error, first, count, late)
                key = f"{KEY} {number}"
                with test.subTest(credential=type(credential).__name__, late=late, count=count, first=first):
                    life = Life(test, faults, credential, key)
                    life.live(partial(open_store, faults, key))
    return number


def memory() -> tempfile.TemporaryDirectory[str]:
    """Make a folder where a sync takes no time, if there is such a place: here nobody pulls the plug."""
    quick = "/dev/shm"
    return tempfile.TemporaryDirectory(dir=quick if os.access(quick, os.W_OK) else None)


class EveryCall(unittest.TestCase):
    def test_sqlite(self) -> None:
        """An exception at every call of a life, before or after it was done, alone or in a row."""
        connect = sqlite3.connect
        now: list[Faults] = []

        def faulty(*given: Any, **named: Any) -> Any:
            return FaultyConnection(now[-1], now[-1].call(connect, *given, **named))

        def open_store(faults: Faults, key: str) -> Store:
            now[:] = [faults]
            return SQLStore.sqlite(Path(folder, key))

        with memory() as folder, mock.patch("sqlite3.connect", faulty):
            ran = lives(self, partial(sqlite3.OperationalError, "disk I/O error"), open_store, (HOTP_, TOTP_))
        self.assertGreater(ran, 300)

    def test_postgres(self) -> None:
        """The same with PostgreSQL; a connection that drops at COMMIT is one of them."""
        postgres = Postgres()
        table = postgres.table(self)
        with SQLStore.postgres(postgres.connect, table=table) as store:
            store.create_table()

        def open_store(faults: Faults, _: str) -> Store:
            def faulty() -> Any:
                return FaultyConnection(faults, faults.call(postgres.connect))

            return SQLStore.postgres(faulty, table=table)

        error = partial(postgres.psycopg.OperationalError, "server closed the connection unexpectedly")
        stride = thorough(1, 4)
        self.assertGreater(lives(self, error, open_store, (TOTP_,), stride), 100 // stride)


class OnDisk(unittest.TestCase):
    """A store in a file with one owner enrolled, whose code of now is not used yet."""

    def setUp(self) -> None:
        holder = memory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.path = self.folder / "store.db"
        with SQLStore.sqlite(self.path) as store:
            Verifier(store).adopt(KEY, TOTP_)

    def verifier(self, timeout: float = 5) -> Verifier:
        store = SQLStore.sqlite(self.path, timeout=timeout)
        self.addCleanup(store.close)
        return Verifier(store, clock=lambda: NOW)

    def by_hand(self, *statements: str) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None)
        self.addCleanup(connection.close)
        for statement in statements:
            connection.execute(statement)
        return connection

    def assert_all_fails(self, verifier: Verifier, key: str = KEY) -> None:
        """Nothing that judges or writes is answered with anything but StoreError."""
        actions: list[Callable[[], object]] = [
            lambda: verifier.verify(key, TOTP_, RIGHT),
            lambda: verifier.verify(key, TOTP_, WRONG),
            lambda: verifier.resynchronize(key, TOTP_, THREE),
            lambda: verifier.enroll(key, TOTP_, RIGHT, replace=True),
        ]
        for action in actions:
            with self.assertRaises(StoreError):
                action()

    def assert_accepted_once(self, verifier: Verifier) -> None:
        verifier.verify(KEY, TOTP_, RIGHT)
        with self.assertRaises(ReplayedCodeError):
            verifier.verify(KEY, TOTP_, RIGHT)


class Locked(OnDisk):
    def test_another_writes_for_too_long(self) -> None:
        """While somebody holds the lock nothing is decided; afterwards the code is still good, once."""
        verifier = self.verifier(timeout=0.02)
        verifier.verify(KEY, TOTP_, BEFORE)
        verifier.unlock(KEY)
        for lock in ("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"):
            other = self.by_hand(lock)
            with self.subTest(lock):
                with self.assertRaises(StoreError):
                    verifier.verify(KEY, TOTP_, WRONG)
                with self.assertRaises(StoreError):
                    verifier.verify(KEY, TOTP_, RIGHT)
                with self.assertRaises(ReplayedCodeError):
                    verifier.verify(KEY, TOTP_, BEFORE)
            other.execute("ROLLBACK")
            other.close()
        self.assert_accepted_once(verifier)

    def test_another_has_the_file_for_itself(self) -> None:
        """A connection that locks out readers, too, as a backup might."""
        other = self.by_hand("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE")
        with self.assertRaises(StoreError):
            self.verifier(timeout=0.02)
        other.execute("ROLLBACK")
        other.close()
        self.assert_accepted_once(self.verifier())

    def test_another_writes_for_a_moment(self) -> None:
        """A lock that is given back in time costs nothing but time."""
        verifier = self.verifier()
        other = self.by_hand("BEGIN IMMEDIATE")
        waiting = threading.Event()
        dialect = verifier.store._dialect  # type: ignore[attr-defined]  # it is an SQLStore
        had_no_effect = dialect.had_no_effect

        def busy(error: BaseException) -> bool:
            waiting.set()
            return bool(had_no_effect(error))

        with mock.patch.object(dialect, "had_no_effect", busy), ThreadPoolExecutor(1) as pool:
            accepted = pool.submit(verifier.verify, KEY, TOTP_, RIGHT)
            self.assertTrue(waiting.wait(60))
            other.execute("ROLLBACK")
            self.assertEqual(TOTP_.step(NOW), accepted.result().moving_factor)


class Transactions(OnDisk):
    def test_a_rollback_of_the_program(self) -> None:
        """K11: what the program rolls back does not take a failure back; it has its own connection."""
        verifier = self.verifier()
        for number, begin in enumerate(("BEGIN", "BEGIN; SELECT * FROM onetime")):
            program = self.by_hand(*begin.split("; "))
            with self.subTest(begin), self.assertRaises(IncorrectCodeError):
                verifier.verify(KEY, TOTP_, WRONG)
            program.execute("ROLLBACK")
            self.assertEqual(number + 1, failures(verifier))

    def test_a_program_that_writes_to_the_file(self) -> None:
        """K11: in the middle of a write of its own, the call refuses to run."""
        verifier = self.verifier(timeout=0.02)
        program = self.by_hand("BEGIN IMMEDIATE")
        self.assert_all_fails(verifier)
        program.execute("ROLLBACK")
        self.assert_accepted_once(verifier)


class ReadOnly(OnDisk):
    def test_file_and_folder(self) -> None:
        """A file, or a folder, that cannot be written to."""
        user = unprivileged()
        good = self.path.read_bytes()

        def fails() -> None:
            with contextlib.suppress(StoreError), SQLStore.sqlite(self.path) as store:
                self.assert_all_fails(Verifier(store, clock=lambda: NOW))

        def works() -> None:
            with SQLStore.sqlite(self.path) as store:
                self.assert_accepted_once(Verifier(store, clock=lambda: NOW))

        for name, file, folder, does in (
            ("the file", 0o400, 0o700, fails),
            ("the folder", 0o600, 0o500, fails),
            ("both", 0o400, 0o500, fails),
            ("neither", 0o600, 0o700, works),
        ):
            for each in self.folder.iterdir():
                each.unlink()
            self.path.write_bytes(good)
            if user is not None:
                os.chown(self.folder, user, user)
                os.chown(self.path, user, user)
            self.path.chmod(file)
            self.folder.chmod(folder)
            with self.subTest(name):
                in_child(does, user)
            self.folder.chmod(0o700)

    def test_while_it_is_open(self) -> None:
        """A connection that was told to write no more."""
        verifier = self.verifier()
        verifier.state(KEY)
        ((connection, _),) = verifier.store._pool.gate.idle  # type: ignore[attr-defined]  # it is an SQLStore
        connection.execute("PRAGMA query_only = ON")
        with self.assertRaises(StoreError):
            verifier.verify(KEY, TOTP_, RIGHT)
        self.assert_accepted_once(verifier)

    def test_a_folder_that_others_own(self) -> None:
        """Where no file can be made, there is no store."""
        self.path.unlink()
        self.folder.chmod(0o500)
        user = unprivileged()
        if user is not None:
            os.chown(self.folder, user, user)

        def child() -> None:
            with self.assertRaises(StoreError):
                self.verifier()

        in_child(child, user)
        self.folder.chmod(0o700)


class Damaged(OnDisk):
    def setUp(self) -> None:
        super().setUp()
        verifier = self.verifier()
        self.keys = [f"user {number}" for number in range(60)]
        for key in self.keys:
            verifier.enroll(key, TOTP_, RIGHT)
        verifier.store.close()  # type: ignore[attr-defined]  # it is an SQLStore
        self.good = self.path.read_bytes()

    def assert_nothing_accepted(self, keys: list[str]) -> set[str]:
        """All codes are spent: whatever is left of the file, none is accepted. Return what is said."""
        said = set()
        store = None
        try:
            store = SQLStore.sqlite(self.path, timeout=0.02)
            verifier = Verifier(store, clock=lambda: NOW)
            for key in keys:
                with self.assertRaises((VerificationError, NotEnrolledError, StoreError)) as caught:
                    verifier.verify(key, TOTP_, RIGHT)
                said.add(type(caught.exception).__name__)
        except StoreError:
            said.add("unreadable")
        finally:
            if store is not None:
                store.close()
        for each in self.folder.iterdir():
            each.unlink()
        return said

    def damage(self, content: bytes) -> None:
        self.path.touch(0o600)
        self.path.write_bytes(content)

    def test_the_good_one(self) -> None:
        """The file as it was refuses each code as a replay."""
        self.assertEqual({"ReplayedCodeError"}, self.assert_nothing_accepted(self.keys))

    def test_truncated(self) -> None:
        """Cut off anywhere: nothing is accepted that was spent."""
        said = set()
        size = len(self.good)
        cuts = {0, 1, 15, 16, 17, 99, 100, 101, 511, 512, size - 1, size - 4096, *range(0, size, 1365)}
        for cut in sorted(cuts):
            with self.subTest(cut):
                self.damage(self.good[:cut])
                said |= self.assert_nothing_accepted(self.keys[::6])
        self.assertIn("unreadable", said)

    def test_random_bytes(self) -> None:
        """Pages, their heads and whole files of anything."""
        source = random.Random(4226)
        said = set()
        size = len(self.good)
        for number in range(80):
            length = source.choice((16, 100, 512, 4096, 9000, size))
            start = source.choice((0, *range(0, size, 4096)))
            content = bytearray(self.good)
            content[start : start + length] = source.randbytes(min(length, size - start))
            with self.subTest(number):
                self.damage(bytes(content))
                said |= self.assert_nothing_accepted(self.keys[::6])
        self.assertTrue({"unreadable", "StoreError"} & said)

    def test_no_database_at_all(self) -> None:
        """A text, an image, a lot of nothing."""
        for content in (
            b"{}",
            b"hello\n" * 1000,
            b"\x89PNG\r\n\x1a\n" + bytes(5000),
            bytes(8192),
            b"\xff" * 8192,
        ):
            with self.subTest(content[:8]):
                self.damage(content)
                self.assertEqual({"unreadable"}, self.assert_nothing_accepted(self.keys[:1]))

    def test_a_value(self) -> None:
        """K11, K43: a number, bytes, no text, another kind or version: StoreError, and it stays as it is."""
        text = self.by_hand().execute("SELECT value FROM onetime WHERE key = 'otp/user 1'").fetchone()[0]
        for value in (
            0,
            59,
            1.5,
            -1,
            b"",
            text.encode(),
            b"\xff\xfe",
            "",
            " ",
            "0",
            "NULL",
            text + " ",
            " " + text,
            text + "\n",
            text[:-1],
            text.replace("user1", "user0"),
            text.replace("user1", "user2"),
            text.replace("user1", "user"),
            text.replace("user1", "totp1"),
            text.replace("user1", "USER1"),
            text.replace(" 0 ", " 00 ", 1),
            text.replace(" 0 ", " -0 ", 1),
            text.replace(" 0 ", " +0 ", 1),
            text.replace(" 0 ", " 0.0 ", 1),
            text.replace(" 0 ", " \u0660 ", 1),
            text.replace(" 0 ", "  0 ", 1),
            text.replace(" 0 ", " ", 1),
            text + "\0",
            text[: len(text) // 2] + "\0" + text[len(text) // 2 :],
        ):
            with self.subTest(value):
                self.assertNotEqual(text, value)
                self.by_hand().execute("UPDATE onetime SET value = ? WHERE key = 'otp/user 1'", (value,))
                verifier = self.verifier()
                self.assert_all_fails(verifier, "user 1")
                with self.assertRaises(ReplayedCodeError):
                    verifier.verify("user 2", TOTP_, RIGHT)

    def test_text_that_is_no_utf8(self) -> None:
        """What SQLite itself does not check."""
        self.by_hand("UPDATE onetime SET value = CAST(x'ff' AS TEXT) WHERE key = 'otp/user 1'")
        with self.assertRaises(StoreError):
            self.verifier().verify("user 1", TOTP_, RIGHT)

    def test_null(self) -> None:
        """K43: where NOT NULL was taken away, an open store reads StoreError, and a new one is refused."""
        verifier = self.verifier()
        connection = self.by_hand(
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master SET sql = replace(sql, 'value TEXT NOT NULL', 'value TEXT')",
        )
        version = connection.execute("PRAGMA schema_version").fetchone()[0]
        self.by_hand(f"PRAGMA schema_version = {version + 1}", "UPDATE onetime SET value = NULL")
        self.assertEqual((None,), self.by_hand().execute("SELECT value FROM onetime").fetchone())
        with self.assertRaises(StoreError):
            verifier.verify("user 1", TOTP_, RIGHT)
        with self.assertRaises(StoreError):
            self.verifier()

    def test_the_table_is_taken_away(self) -> None:
        """Under an open store, and for a new connection of it."""
        verifier = self.verifier()
        self.by_hand("ALTER TABLE onetime RENAME TO other")
        for _ in range(2):
            self.assert_all_fails(verifier)
        self.by_hand("ALTER TABLE other RENAME TO onetime")


class Gone(OnDisk):
    def test_the_file_is_deleted(self) -> None:
        """Whatever is left to an open store, the code is accepted once at most; a new file knows nobody."""
        verifier = self.verifier()
        for each in self.folder.iterdir():
            each.unlink()
        accepted = 0
        for _ in range(3):
            with contextlib.suppress(VerificationError, StoreError):
                verifier.verify(KEY, TOTP_, RIGHT)
                accepted += 1
        self.assertLessEqual(accepted, 1)
        with self.assertRaises(NotEnrolledError):
            self.verifier().verify(KEY, TOTP_, RIGHT)

    def test_the_folder_is_deleted(self) -> None:
        """A store that cannot open a connection is StoreError."""
        verifier = self.verifier()
        verifier.store._pool.gate.close_idle()  # type: ignore[attr-defined]  # it is an SQLStore
        moved = self.folder.with_name(self.folder.name + " moved")
        self.folder.rename(moved)
        try:
            self.assert_all_fails(verifier)
        finally:
            moved.rename(self.folder)
        self.assert_accepted_once(verifier)


class Full(OnDisk):
    def test_no_page_is_left(self) -> None:
        """A database at its largest size: who does not fit in is not enrolled, all others are kept."""

        class Small(sqlite3.Connection):
            def __init__(self, *given: Any, **named: Any) -> None:
                super().__init__(*given, **named)
                self.execute("PRAGMA max_page_count = 6")

        connect = sqlite3.connect
        with mock.patch("sqlite3.connect", partial(connect, factory=Small)):
            fill(self, self.verifier())

    def test_no_larger_file_is_allowed(self) -> None:
        """A limit on the size of files, which the kernel enforces."""
        posix()
        import resource

        def child() -> None:
            verifier = self.verifier()
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
            fill(self, verifier)

        in_child(child)

    def test_a_disk_that_is_full(self) -> None:
        """A disk of 400 kB, where the system lets a test have one."""
        posix()
        script = (
            'mount -t tmpfs -o size=400k,mode=0700 none "$1" && cd "$2" &&'
            ' exec "$3" -c "import sys, tests.verification.test_faults as it; it.fill_disk(sys.argv[1])" "$1"'
        )
        namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
        if shutil.which("unshare") is None or subprocess.run([*namespace, "true"], check=False).returncode:
            print("NOT TRIED, because this system gives no disk to a test: a real full disk", file=sys.stderr)
            return
        disk = self.folder / "disk"
        disk.mkdir()
        subprocess.run(
            [*namespace, "sh", "-ec", script, "sh", disk, Path(__file__).parents[2], sys.executable],
            env=os.environ | {"PYTHONPATH": str(SOURCE.parent)},
            check=True,
        )


def fill_disk(folder: str) -> None:
    """What the process does that has a small disk."""
    with SQLStore.sqlite(Path(folder, "store.db")) as store:
        fill(unittest.TestCase(), Verifier(store, clock=lambda: NOW))


def fill(test: unittest.TestCase, verifier: Verifier) -> None:
    """Enroll until nothing fits in any more: what was told holds, and what failed did not happen."""
    enrolled = []
    with test.assertRaises(StoreError):
        for number in range(100_000):
            verifier.enroll(f"user {number}", TOTP_, BEFORE)
            enrolled.append(f"user {number}")
    test.assertGreater(len(enrolled), 10)
    failed = f"user {len(enrolled)}"
    accepted, refused = [], 0
    for key in [*enrolled, failed]:
        for code in (BEFORE, RIGHT, RIGHT):
            try:
                verifier.verify(key, TOTP_, code)
                accepted.append((key, code))
            except (ReplayedCodeError, StoreError):
                refused += 1
            except NotEnrolledError:
                test.assertEqual(failed, key)
    test.assertNotIn((failed, RIGHT), accepted)
    test.assertEqual([], [key for key, code in accepted if code == BEFORE])
    test.assertEqual(len(accepted), len(set(accepted)))
    test.assertGreaterEqual(refused, 2 * len(enrolled))


class OnServer(unittest.TestCase):
    postgres: Postgres

    @classmethod
    def setUpClass(cls) -> None:
        cls.postgres = Postgres()

    def setUp(self) -> None:
        self.table = self.postgres.table(self)
        self.store = SQLStore.postgres(self.postgres.connect, table=self.table)
        self.addCleanup(self.store.close)
        self.store.create_table()
        self.verifier = Verifier(self.store, clock=lambda: NOW)
        self.verifier.adopt(KEY, TOTP_)

    def sessions(self) -> list[int]:
        return [
            session.connection.execute("SELECT pg_backend_pid()").fetchone()[0]
            for session, _ in self.store._pool.gate.idle
        ]

    def test_the_server_ends_the_sessions(self) -> None:
        """F04: no login fails, however many connections were idle."""
        all_in = threading.Barrier(4)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: self.store._pool.read(lambda _: all_in.wait(60)), range(4)))
        sessions = self.sessions()
        self.assertEqual(4, len(sessions))
        for session in sessions:
            self.postgres.run(f"SELECT pg_terminate_backend({session}, 10000)")
        self.verifier.verify(KEY, TOTP_, RIGHT)
        with self.assertRaises(ReplayedCodeError):
            self.verifier.verify(KEY, TOTP_, RIGHT)

    def test_the_session_ends_in_the_middle_of_the_write(self) -> None:
        """While the write waits for a lock: StoreError, nothing stored, and the code is good once."""
        self.verifier.state(KEY)
        (session,) = self.sessions()
        with self.postgres.connect() as other, ThreadPoolExecutor(1) as pool:
            other.execute(f"SELECT * FROM {self.table} FOR UPDATE")
            verdict = pool.submit(self.verifier.verify, KEY, TOTP_, RIGHT)
            waits = f"SELECT 1 FROM pg_stat_activity WHERE pid = {session} AND wait_event_type = 'Lock'"
            while not self.postgres.run(waits):
                self.assertFalse(verdict.done())
            self.postgres.run(f"SELECT pg_terminate_backend({session}, 10000)")
            self.assertIsInstance(verdict.exception(), StoreError)
            other.rollback()
        self.verifier.verify(KEY, TOTP_, RIGHT)
        with self.assertRaises(ReplayedCodeError):
            self.verifier.verify(KEY, TOTP_, RIGHT)

    def test_a_rollback_of_the_program(self) -> None:
        """K11: what the program rolls back does not take a failure back."""
        with self.postgres.connect() as program:
            program.execute(f"SELECT * FROM {self.table}")
            with self.assertRaises(IncorrectCodeError):
                self.verifier.verify(KEY, TOTP_, WRONG)
            program.rollback()
        self.assertEqual(1, failures(self.verifier))

    def test_read_only(self) -> None:
        """A session that may not write."""
        store = SQLStore.postgres(
            lambda: self.postgres.connect(default_transaction_read_only="on"), table=self.table
        )
        with store:
            verifier = Verifier(store, clock=lambda: NOW)
            for code in (RIGHT, WRONG):
                with self.assertRaises(StoreError):
                    verifier.verify(KEY, TOTP_, code)

    def test_a_statement_that_takes_too_long(self) -> None:
        """What the server cancels, it did not store."""
        store = SQLStore.postgres(lambda: self.postgres.connect(lock_timeout="1ms"), table=self.table)
        with store, self.postgres.connect() as other:
            other.execute(f"SELECT * FROM {self.table} FOR UPDATE")
            with self.assertRaises(StoreError):
                Verifier(store, clock=lambda: NOW).verify(KEY, TOTP_, RIGHT)
            other.rollback()
        self.verifier.verify(KEY, TOTP_, RIGHT)

    def test_null_and_damaged_values(self) -> None:
        """K43: NULL in a table that lost its NOT NULL, and text that is no state."""
        self.postgres.run(f"UPDATE {self.table} SET value = '0'")
        with self.assertRaises(StoreError):
            self.verifier.verify(KEY, TOTP_, RIGHT)
        self.postgres.run(f"ALTER TABLE {self.table} ALTER value DROP NOT NULL")
        self.postgres.run(f"UPDATE {self.table} SET value = NULL")
        with self.assertRaises(StoreError):
            self.verifier.verify(KEY, TOTP_, RIGHT)
        self.store._pool.gate.close_idle()
        with self.assertRaises(StoreError):
            self.verifier.verify(KEY, TOTP_, RIGHT)

    def test_the_table_is_taken_away(self) -> None:
        """Under an open store."""
        self.postgres.run(f"DROP TABLE {self.table}")
        for _ in range(2):
            with self.assertRaises(StoreError):
                self.verifier.verify(KEY, TOTP_, RIGHT)

    def test_a_server_that_is_not_there(self) -> None:
        """Nobody listens."""
        connect = partial(self.postgres.psycopg.connect, "host=/nonexistent")
        with self.assertRaises(StoreError):
            Verifier(SQLStore.postgres(connect)).verify(KEY, TOTP_, RIGHT)


def failures(verifier: Verifier) -> int:
    state = verifier.state(KEY)
    assert state is not None
    return state.throttle.failures
