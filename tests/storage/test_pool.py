"""The pool: a bound on connections, one deadline, and retries that never write twice."""

import os
import tempfile
import threading
import unittest
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from onetime.errors import StoreError
from onetime.storage import fork, pool
from onetime.storage.dialect import Dialect
from onetime.storage.fork import Lease
from onetime.storage.pool import FRESH, IN_THE_WAY, UNKNOWN, Pool
from onetime.storage.sql import SQLStore
from tests.support.postgres import Postgres

TIMEOUT = 5.0


class Busy(Exception):  # noqa: N818 - it stands for a driver's error
    """The error of a statement that had no effect."""


class Lost(Exception):  # noqa: N818 - it stands for a driver's error
    """The error of a statement whose server is gone."""


class Wrong(Exception):  # noqa: N818 - it stands for a driver's error
    """The error of one statement."""


class Connection:
    """A numbered connection."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Scripted(Dialect):
    """A database that raises what a test says.

    Attributes:
        opened: All connections.
        opening: What the next openings raise; None for none.
        preparing: What the preparations of the next connections raise; None for none.
        asking: What the next reads raise that try whether a connection is alive.
        asked: The connections that were tried.
        created: How often the table was made.
        most: How many connections were open at a time.
    """

    def __init__(self) -> None:
        super().__init__("onetime", "?", "")
        self.opened: list[Connection] = []
        self.opening: list[BaseException | None] = []
        self.preparing: list[BaseException | None] = []
        self.asking: list[BaseException] = []
        self.asked: list[int] = []
        self.created = 0
        self.most = 0

    def connect(self) -> Connection:
        if self.opening and (error := self.opening.pop(0)) is not None:
            raise error
        self.opened.append(Connection(len(self.opened)))
        self.most = max(self.most, sum(not each.closed for each in self.opened))
        return self.opened[-1]

    def prepare(self, connection: Connection, *, create: bool) -> None:
        if self.preparing and (error := self.preparing.pop(0)) is not None:
            raise error
        self.created += create

    def get(self, connection: Connection, key: str) -> str | None:
        self.asked.append(connection.number)
        if self.asking:
            raise self.asking.pop(0)
        return None

    def had_no_effect(self, error: BaseException) -> bool:
        return isinstance(error, Busy)

    def is_lost(self, connection: Connection, error: BaseException) -> bool:
        return isinstance(error, Lost)


class Work:
    """Work that raises errors, one at each call, and then returns the number of its connection."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.numbers: list[int] = []

    def __call__(self, connection: Connection) -> int:
        self.numbers.append(connection.number)
        if self.errors:
            raise self.errors.pop(0)
        return connection.number


class PoolTest(unittest.TestCase):
    """A test with a clock of its own, on which a pause takes a second."""

    def setUp(self) -> None:
        self.now = 1000.0
        self.pauses: list[Callable[[], object]] = []
        for name, fake in (("monotonic", lambda: self.now), ("sleep", self.sleep)):
            patch = mock.patch(f"time.{name}", fake)
            patch.start()
            self.addCleanup(patch.stop)
        self.database = Scripted()
        self.pool = Pool(self.database, 4, TIMEOUT)
        self.addCleanup(self.pool.close)

    def sleep(self, _: float) -> None:
        self.now += 1
        if self.pauses:
            self.pauses.pop(0)()

    def have_idle(self, count: int) -> list[Connection]:
        """Have connections that are idle, from now on; the first one was used last."""
        leases = [Lease() for _ in range(count)]
        for lease in leases:
            self.assertTrue(self.pool.gate.enter(lease))
            lease.connection = self.database.connect()
            lease.good = True
        for lease in reversed(leases):
            self.pool.gate.leave(lease)
        return [lease.connection for lease in leases]

    def closed(self) -> list[int]:
        """Return the numbers of the connections that are closed."""
        return [each.number for each in self.database.opened if each.closed]

    def idle(self) -> list[int]:
        """Return the numbers of the idle connections, the one that is used next first."""
        return [connection.number for connection, _ in reversed(self.pool.gate.idle)]

    def occupy(self, count: int = 4) -> list[Lease]:
        """Begin leases as other threads."""
        leases = [Lease() for _ in range(count)]
        for number, lease in enumerate(leases):
            lease.thread = -1 - number
            self.assertTrue(self.pool.gate.enter(lease))
        return leases

    def assert_late(self, reason: str, call: Callable[[], object]) -> BaseException | None:
        """Check that a call waits for its deadline, not longer, and says why; return the error's cause."""
        begun = self.now
        with self.assertRaisesRegex(StoreError, f"^{reason.format(TIMEOUT)}$") as caught:
            call()
        self.assertEqual(TIMEOUT, self.now - begun)
        self.assertEqual([], self.pool.gate.leases())
        return caught.exception.__cause__


class Arguments(unittest.TestCase):
    def test_numbers_in_range(self) -> None:
        """Connections are an int from 1 to 1000, the timeout is 0.001 to 3600 seconds."""
        for connections, timeout in ((1, 0.001), (1000, 3600), (16, 5), (16, 5.0)):
            made = Pool(Scripted(), connections, timeout)
            self.assertEqual((connections, timeout), (made.gate.limit, made.timeout))
        for connections, timeout, name in (
            (0, 5, "connections"),
            (-1, 5, "connections"),
            (1001, 5, "connections"),
            (16, 0, "timeout"),
            (16, 0.0009, "timeout"),
            (16, 3600.1, "timeout"),
            (16, -1, "timeout"),
            (16, float("nan"), "timeout"),
            (16, float("inf"), "timeout"),
        ):
            with self.subTest(connections=connections, timeout=timeout):
                with self.assertRaisesRegex(ValueError, f"^{name} must be from [0-9.]+ to [0-9]+$"):
                    Pool(Scripted(), connections, timeout)

    def test_types(self) -> None:
        """Other types are TypeError, bool included."""
        wrong: tuple[Any, ...] = (None, "5", True, b"5", 5j, [5])
        for value in (*wrong, 5.0):
            with self.assertRaisesRegex(TypeError, "^connections must be an int$"):
                Pool(Scripted(), value, 5)
        for value in wrong:
            with self.assertRaisesRegex(TypeError, "^timeout must be an int or a float$"):
                Pool(Scripted(), 16, value)


class Bound(PoolTest):
    def test_a_connection_is_kept(self) -> None:
        """One thread after the other uses one connection."""
        self.assertEqual([0, 0, 0], [self.pool.read(Work()), self.pool.write(Work()), self.pool.read(Work())])
        self.assertEqual((1, []), (len(self.database.opened), self.closed()))

    def test_a_call_waits_for_a_connection(self) -> None:
        """F08: while all connections are in use, a call waits; it goes on when one is free."""
        leases = self.occupy()
        self.pauses = [bool, bool, lambda: self.pool.gate.leave(leases[0])]
        self.assertEqual(0, self.pool.read(Work()))
        self.assertEqual([], self.pauses)

    def test_a_call_gives_up(self) -> None:
        """A call that gets no connection before its deadline says so, and stores nothing."""
        work = Work()
        leases = self.occupy()
        for call in (lambda: self.pool.read(work), lambda: self.pool.write(work), self.pool.create_table):
            begun = self.now
            with self.assertRaisesRegex(StoreError, "^all 4 connections of the store were in use for 5 s$"):
                call()
            self.assertEqual(TIMEOUT, self.now - begun)
        self.assertCountEqual(leases, self.pool.gate.leases())
        self.assertEqual(([], 0), (work.numbers, self.database.created))

    def test_no_more_connections_than_the_bound(self) -> None:
        """F08: a connection that must be new takes the place of an idle one."""
        self.have_idle(4)
        self.pool.create_table()
        self.assertEqual([3, 4], self.closed())
        work = Work(Wrong(), Busy(), Busy(), Wrong())
        self.pool.read(work)
        self.assertEqual([0, 5, 5, 5, 6], work.numbers)
        leases = self.occupy(4)
        other = Lease()
        other.thread = leases[0].thread
        self.assertTrue(self.pool.gate.enter(other))
        self.pool.reuse(other, self.now)
        self.pool.reuse(leases[0], self.now)
        self.pool.reuse(leases[1], self.now)
        self.pool._open(leases[2], self.now)
        self.assertEqual([], self.idle())
        self.assertEqual(4, self.database.most)

    def test_a_closed_store(self) -> None:
        """Every call on a closed store is refused at once."""
        self.have_idle(2)
        self.pool.close()
        self.assertEqual([0, 1], self.closed())
        for call in (lambda: self.pool.read(Work()), lambda: self.pool.write(Work()), self.pool.create_table):
            with self.assertRaisesRegex(StoreError, "^the store is closed$"):
                call()
        self.assertEqual(1000.0, self.now)

    def test_another_thread_begins_a_child(self) -> None:
        """In a child whose handlers did not run, a call waits until another thread has begun the child."""
        with mock.patch.multiple(fork, _pid=-1, _has_begun=lambda: False):
            for call in (lambda: self.pool.read(Work()), self.pool.deadline):
                self.assert_late("another thread was preparing the store after a fork for 5 s", call)

    def test_the_table_is_made_on_a_connection_that_is_closed(self) -> None:
        """F01: after a store is made, no connection is open that a fork without handlers could inherit."""
        self.pool.create_table()
        self.assertEqual((1, [0], []), (self.database.created, self.closed(), self.idle()))

    def test_what_is_no_exception_closes_the_connection(self) -> None:
        """After a KeyboardInterrupt nobody knows in what state the connection is."""
        for call in (self.pool.read, self.pool.write):
            with self.assertRaises(KeyboardInterrupt):
                call(Work(KeyboardInterrupt()))
        self.assertEqual(([0, 1], []), (self.closed(), self.pool.gate.leases()))

    def test_a_fork_within_a_statement(self) -> None:
        """F02: a child that goes on with a statement of its parent's does not get the answer."""

        def work(connection: Connection) -> str:
            patch.start()
            return "an answer"

        patch = mock.patch("os.getpid", return_value=os.getpid() + 1)
        self.addCleanup(patch.stop)
        with mock.patch.multiple(fork, _inherited=[], _pid=fork._pid, _beginners={}):
            for call in (self.pool.read, self.pool.write):
                with self.assertRaisesRegex(StoreError, "forked"):
                    call(work)
                patch.stop()
            self.assertEqual([], self.closed())


class Opening(PoolTest):
    def test_an_opening_that_meets_another_process(self) -> None:
        """It is tried again, up to the deadline; a fork does not wait for a thread that waits for this."""
        for call in (self.pool.read, self.pool.write):
            self.database.opening = [Busy(), Busy()]
            self.pauses = [lambda: self.assertEqual([], self.pool.gate.leases())] * 2
            self.assertEqual(len(self.database.opened), call(Work()))
            self.assertEqual([], self.pauses)
            self.pool.gate.close_idle()

    def test_others_come_while_an_opening_waits(self) -> None:
        """F08: the next try waits for a lease again, so there are never more connections than the bound."""
        others: list[Lease] = []
        self.database.opening = [Busy()]
        self.pauses = [lambda: others.extend(self.occupy()), bool, lambda: self.pool.gate.leave(others[0])]
        self.assertEqual(0, self.pool.read(Work()))
        self.assertEqual([], self.pauses)

    def test_an_opening_that_never_ends(self) -> None:
        """Its deadline is that of the call, and each connection that is not ready in time is closed."""
        for script in (self.database.opening, self.database.preparing):
            for call in (
                partial(self.pool.read, Work()),
                partial(self.pool.write, Work()),
                self.pool.create_table,
            ):
                script[:] = [Busy() for _ in range(20)]
                self.assertIsInstance(self.assert_late(IN_THE_WAY, call), Busy)
            script.clear()
            self.assertEqual(len(self.database.opened), len(self.closed()))

    def test_an_opening_that_fails(self) -> None:
        """The driver's error is the cause; the dialect's own message is passed on; nothing is tried again."""
        for script in (self.database.opening, self.database.preparing):
            for call in (
                partial(self.pool.read, Work()),
                partial(self.pool.write, Work()),
                self.pool.create_table,
            ):
                error = Wrong()
                script[:] = [error]
                with self.assertRaisesRegex(StoreError, "^the database cannot be opened$") as caught:
                    call()
                self.assertIs(error, caught.exception.__cause__)
                refusal = StoreError("no table")
                script[:] = [refusal]
                with self.assertRaises(StoreError) as caught:
                    call()
                self.assertIs(refusal, caught.exception)
        self.assertEqual(len(self.database.opened), len(self.closed()))
        self.assertEqual([], self.pool.gate.leases())


class Reads(PoolTest):
    def test_a_read_is_retried_on_a_new_connection(self) -> None:
        """F04: whatever the error was; the idle connections may be as dead as the first one."""
        for error in (Wrong(), Lost(), ValueError(), OSError()):
            with self.subTest(error=error):
                self.have_idle(2)
                opened = len(self.database.opened)
                work = Work(error)
                self.assertEqual(opened, self.pool.read(work))
                self.assertEqual([opened - 2, opened], work.numbers)
                self.pool.gate.close_idle()

    def test_a_read_that_fails_twice(self) -> None:
        """The second error is the cause."""
        errors = Wrong(), Wrong()
        with self.assertRaisesRegex(StoreError, "^the database failed during a read$") as caught:
            self.pool.read(Work(*errors))
        self.assertIs(errors[1], caught.exception.__cause__)
        self.assertEqual(([0, 1], []), (self.closed(), self.idle()))

    def test_a_read_of_what_is_not_text(self) -> None:
        """The store's own error is passed on."""
        error = StoreError("a stored value is not text")
        with self.assertRaises(StoreError) as caught:
            self.pool.read(Work(error))
        self.assertIs(error, caught.exception)
        self.assertEqual(1, len(self.database.opened))

    def test_a_read_that_others_are_in_the_way_of(self) -> None:
        """It is retried on the connection it has, up to the deadline."""
        work = Work(Busy(), Busy())
        self.assertEqual(0, self.pool.read(work))
        self.assertEqual([0, 0, 0], work.numbers)
        cause = self.assert_late(IN_THE_WAY, lambda: self.pool.read(Work(*[Busy() for _ in range(20)])))
        self.assertIsInstance(cause, Busy)


class Writes(PoolTest):
    def test_a_write_that_had_no_effect_is_retried(self) -> None:
        """It is retried up to the deadline."""
        work = Work(Busy(), Busy())
        self.assertEqual(0, self.pool.write(work))
        self.assertEqual([0, 0, 0], work.numbers)
        cause = self.assert_late(IN_THE_WAY, lambda: self.pool.write(Work(*[Busy() for _ in range(20)])))
        self.assertIsInstance(cause, Busy)

    def test_no_other_write_is_retried(self) -> None:
        """It may have been stored, and would then fail, and a right code would be a replay."""
        for error in (Wrong(), Lost(), OSError()):
            work = Work(error)
            with self.assertRaisesRegex(StoreError, f"^{UNKNOWN}$") as caught:
                self.pool.write(work)
            self.assertIs(error, caught.exception.__cause__)
            self.assertEqual(1, len(work.numbers))
        error_of_store = StoreError("the server warned")
        with self.assertRaises(StoreError) as caught:
            self.pool.write(Work(error_of_store))
        self.assertIs(error_of_store, caught.exception)
        self.assertEqual([0, 1, 2, 3], self.closed())

    def test_a_connection_is_tried_after_a_pause(self) -> None:
        """F04: a write on a connection that was idle for longer than a second is preceded by a read."""
        self.have_idle(1)
        self.now += FRESH
        self.assertEqual(0, self.pool.write(Work()))
        self.assertEqual([], self.database.asked)
        self.now += FRESH + 0.1
        self.assertEqual(0, self.pool.read(Work()))
        self.assertEqual([], self.database.asked)
        self.now += FRESH + 0.1
        self.assertEqual(0, self.pool.write(Work()))
        self.assertEqual([0], self.database.asked)

    def test_a_dead_connection_is_replaced_before_a_write(self) -> None:
        """F04: the write goes to a new connection. If the server is gone, the other idle ones are closed."""
        for error, closed, idle in ((Lost(), [0, 1, 2], [3]), (Wrong(), [0, 1, 2, 4], [7, 5, 6])):
            with self.subTest(error=error):
                self.have_idle(3)
                self.now += FRESH + 0.1
                self.database.asking = [error]
                work = Work()
                self.pool.write(work)
                self.assertEqual(([idle[0]], closed, idle), (work.numbers, self.closed(), self.idle()))
                if isinstance(error, Lost):
                    self.pool.gate.idle.clear()

    def test_a_dead_connection_that_cannot_be_replaced(self) -> None:
        """Nothing was written, and the message does not say that something may have been."""
        self.have_idle(1)
        self.now += FRESH + 0.1
        self.database.asking = [Lost()]
        self.database.opening = [Wrong()]
        with self.assertRaisesRegex(StoreError, "^the database cannot be opened$"):
            self.pool.write(Work())
        self.assertEqual([0], self.closed())


class Errors(PoolTest):
    def test_an_error_closes_its_own_connection(self) -> None:
        """F12: the idle connections stay, unless the server is gone."""
        for error, closed in ((Wrong(), [0]), (Lost(), [0, 1, 2, 3, 4, 5])):
            with self.subTest(error=error):
                self.have_idle(3)
                with self.assertRaises(StoreError):
                    self.pool.write(Work(error))
                self.assertEqual(closed, self.closed())


class Real(unittest.TestCase):
    def test_a_burst(self) -> None:
        """F08: 60 threads at once open 16 connections, use them all at a time, and are all served."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        store = SQLStore.sqlite(Path(folder.name) / "store.db", timeout=600)
        self.addCleanup(store.close)
        dialect: Any = store._dialect
        opened: list[None] = []
        full, lock = threading.Event(), threading.Lock()
        connect, query = dialect.connect, dialect.query
        using, most = 0, 0

        def connect_and_count() -> Any:
            opened.append(None)
            return connect()

        def query_together(*arguments: Any) -> Any:
            nonlocal using, most
            with lock:
                using += 1
                most = max(most, using)
                if using == 16:
                    full.set()
            self.assertTrue(full.wait(600))
            try:
                return query(*arguments)
            finally:
                with lock:
                    using -= 1

        found: list[object] = []
        with mock.patch.multiple(dialect, connect=connect_and_count, query=query_together):
            threads = [threading.Thread(target=lambda: found.append(store.get("otp/key"))) for _ in range(60)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual((16, 16, [None] * 60), (len(opened), most, found))

    def test_dead_connections(self) -> None:
        """F04: connections that the server ends while they are idle are nobody's failed read or write."""
        server = Postgres()
        store, name = self.postgres_store(server)
        with mock.patch.object(pool, "FRESH", -1.0):
            for number in range(4):
                self.fill(store, 3)
                server.run(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                    f"WHERE application_name = '{name}'"
                )
                if number % 2:
                    self.assertIsNone(store.get("otp/key"))
                else:
                    self.assertTrue(store.swap(f"otp/{number}", None, "text"))

    def test_a_key_that_cannot_be_encoded(self) -> None:
        """F12: the statement fails, and the idle connections stay."""
        store, _ = self.postgres_store(Postgres())
        self.fill(store, 3)
        for key in ("otp/\0", "otp/\ud800"):
            with self.assertRaises(StoreError):
                store.swap(key, None, "text")
        self.assertGreaterEqual(len(store._pool.gate.idle), 1)
        self.assertFalse(any(each.connection.closed for each, _ in store._pool.gate.idle))

    def postgres_store(self, server: Postgres) -> tuple[SQLStore, str]:
        """Open a store; return it with the name by which the server knows its connections."""
        name = server.table(self)
        store = SQLStore.postgres(lambda: server.connect(application_name=name), table=name)
        self.addCleanup(store.close)
        store.create_table()
        return store, name

    def fill(self, store: SQLStore, count: int) -> None:
        """Have some idle connections."""
        barrier = threading.Barrier(count, timeout=60)

        def work(_: object) -> None:
            barrier.wait()

        threads = [threading.Thread(target=store._pool.read, args=(work,)) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertLessEqual(count, len(store._pool.gate.idle))


if __name__ == "__main__":
    unittest.main()
