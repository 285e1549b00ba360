"""The store in MariaDB through each driver, and in Galera: what it relies on, and what it refuses."""

import importlib
import tempfile
import time
import unittest
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from onetime.errors import StoreError
from onetime.storage.mysql import MySQL
from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from onetime.testing import StoreContract
from tests.soak import failover, servers
from tests.support import posix
from tests.support.mariadb import MariaDB
from tests.support.servers import MariaDBServer
from tests.support.stores import fork_while_opening, opened, read_then_write

PATIENCE = 60
"""Maximum wait for something that is certain to come, in seconds."""

PURE = ("PyMySQL", "mysqlclient", "mysql-connector-python")
"""The drivers that every test is run with."""

CURSORS = {"PyMySQL": "pymysql.cursors", "mysqlclient": "MySQLdb.cursors"}
"""The modules of the drivers whose connections may have another class of cursors."""

COLUMNS = "`key` VARBINARY(1100) NOT NULL PRIMARY KEY, `value` VARBINARY(16000) NOT NULL"


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not come")
        time.sleep(0.01)


def connections(store: SQLStore) -> list[Any]:
    """The idle connections of a store."""
    return [connection for connection, _ in store._pool.gate.idle]


def thread(connection: Any) -> int:
    """The number by which the server knows an idle connection."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("SELECT connection_id()")
        return int(cursor.fetchall()[0][0])


def code(error: BaseException | None) -> object:
    """The number of a driver's error."""
    return getattr(error, "errno", None) or (error.args[0] if error and error.args else None)


class OnMariaDB(unittest.TestCase):
    """A test with a table of its own on the server that all tests share."""

    driver = PURE[0]
    found_rows = False
    server: MariaDB

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = MariaDB(cls.driver)

    def setUp(self) -> None:
        self.table = self.server.table(self)

    def connect(self) -> Any:
        return self.server.connect(found_rows=self.found_rows)

    def store(
        self, connect: Callable[[], Any] | None = None, *, table: str | None = None, timeout: float = 5.0
    ) -> SQLStore:
        """A store whose table may be missing, closed after the test."""
        store = SQLStore.mysql(connect or self.connect, table=table or self.table, timeout=timeout)
        self.addCleanup(store.close)
        return store

    def made(self, connect: Callable[[], Any] | None = None, *, timeout: float = 5.0) -> SQLStore:
        """A store that has its table."""
        store = self.store(connect, timeout=timeout)
        store.create_table()
        return store

    def refused(self, store: SQLStore, *words: str) -> str:
        """Return the message of a store that refuses to work, which has some words."""
        with self.assertRaises(StoreError) as caught:
            store.get("otp/key")
        message = str(caught.exception)
        for word in words:
            self.assertIn(word, message)
        return message


class WithPyMySQL(OnMariaDB, StoreContract):
    def make_store(self) -> Store:
        return self.made()

    def share_store(self, store: Store) -> Store:
        return self.make_store()

    def caller_transaction(self) -> AbstractContextManager[object]:
        return self.rolled_back()

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """K11: the program's own connection is in a transaction, which fails."""
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("START TRANSACTION")
            cursor.execute("SELECT 1")
            cursor.fetchall()
            yield
            connection.rollback()


class WithPyMySQLAndFoundRows(WithPyMySQL):
    """K56: an UPDATE counts the rows that it found."""

    found_rows = True


class WithMysqlclient(WithPyMySQL):
    driver = PURE[1]


class WithMysqlclientAndFoundRows(WithMysqlclient):
    found_rows = True


class WithConnector(WithPyMySQL):
    driver = PURE[2]


class WithConnectorAndFoundRows(WithConnector):
    found_rows = True


class WithConnectorInC(WithPyMySQL):
    driver = "mysql-connector-python in C"


class InGalera(WithPyMySQL):
    """What one node was told, every other node answers with."""

    nodes: list[MariaDB]

    @classmethod
    def setUpClass(cls) -> None:
        cls.nodes = MariaDB.galera(cls.driver)
        cls.server = cls.nodes[0]

    def share_store(self, store: Store) -> Store:
        return self.store(self.nodes[1].connect)

    def test_a_swap_sees_what_other_nodes_wrote(self) -> None:
        """A swap without a read before it is decided by what any node has committed."""
        stores = [self.made(), *(self.store(node.connect) for node in self.nodes[1:])]
        old: str | None = None
        for number in range(60):
            new = None if number % 5 == 4 else str(number)
            self.assertTrue(stores[number % len(stores)].swap("otp/key", old, new), number)
            old = new

    def test_a_node_alone(self) -> None:
        """A node that is cut off refuses and gives no old answers; a new connection may reach another."""
        alone = [self.nodes[2]]
        store = self.store(lambda: alone[0].connect(), timeout=1.0)
        self.made().swap("otp/key", None, "one")
        self.assertEqual("one", store.get("otp/key"))
        ready = "SHOW STATUS LIKE 'wsrep_ready'"

        def isolate(statement: str) -> Any:
            # A commit by itself is refused, too.
            with closing(self.nodes[2].connect(user="root", autocommit=True)) as connection:
                cursor = connection.cursor()
                cursor.execute(statement)
                return cursor.fetchall()

        isolate("SET GLOBAL wsrep_dirty_reads = ON")
        isolate("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")
        try:
            wait_until(lambda: isolate(ready)[0][1] == "OFF")
            with self.assertRaises(StoreError):
                store.get("otp/key")
            with self.assertRaises(StoreError):
                self.store(alone[0].connect, timeout=0.2).get("otp/key")
            self.assertTrue(self.store(self.nodes[1].connect, timeout=10).swap("otp/key", "one", "two"))
            alone[0] = self.nodes[1]
            self.assertEqual("two", store.get("otp/key"))
            self.assertTrue(store.swap("otp/key", "two", "three"))
        finally:
            isolate("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
            isolate("SET GLOBAL wsrep_dirty_reads = OFF")
            wait_until(lambda: isolate(ready)[0][1] == "ON")
        self.assertEqual("three", self.store(self.nodes[2].connect, timeout=10).get("otp/key"))


class ConnectionsOfPyMySQL(OnMariaDB):
    def test_what_the_programs_connections_are_like(self) -> None:
        """Its rows, cursors, character set, modes and buffers do not matter."""
        every: tuple[dict[str, Any], ...] = (
            {},
            {"autocommit": True},
            {"charset": "latin1"},
            {"charset": "gbk"},
            {"use_unicode": False},
            {"sql_mode": "NO_BACKSLASH_ESCAPES,ANSI_QUOTES"},
            {"init_command": "SET SESSION TRANSACTION READ ONLY"},
            {"init_command": "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE"},
        )
        server = self.server
        own: list[dict[str, Any]] = [
            {name: True} for name in ("buffered", "raw", "raise_on_warnings", "get_warnings")
        ]
        if self.driver in CURSORS:
            cursors = importlib.import_module(CURSORS[self.driver])
            names = ("DictCursor", "SSCursor", "SSDictCursor")
            own = [{"cursorclass": getattr(cursors, name)} for name in names]
        for arguments in (*every, *own):
            with self.subTest(arguments):
                store = self.made(partial(server.connect, **arguments))
                store.create_table()
                # The bytes of the second one end in a lead byte of GBK, before a quotation mark.
                for key in ("otp/\u20ac\\", "otp/\u4f60' OR `key` = '", 'otp/"%s"'):
                    text = key[4:]
                    self.assertTrue(store.swap(key, None, "one"))
                    self.assertFalse(store.swap(key, None, "two"))
                    self.assertTrue(store.swap(key, "one", text))
                    self.assertEqual([(key, text)], list(store.items()))
                    self.assertTrue(store.swap(key, text, None))

    def test_a_long_value_is_not_cut(self) -> None:
        """K56: it is StoreError, also where the server's own mode is to cut; the longest fits."""
        server = self.server
        store = self.made(partial(server.connect, sql_mode=""))
        longest = "\u20ac" * 5333 + "x"
        self.assertEqual(16_000, len(longest.encode()))
        self.assertTrue(store.swap("k" * 1100, None, longest))
        self.assertEqual(longest, store.get("k" * 1100))
        for key, old, new in (
            ("otp/key", None, longest + "x"),
            ("k" * 1101, None, "one"),
            ("k" * 1100, longest, longest + "x"),
        ):
            with self.assertRaises(StoreError) as caught:
                store.swap(key, old, new)
            self.assertEqual(1406, code(caught.exception.__cause__))
        self.assertEqual([("k" * 1100, longest)], list(store.items()))

    def test_a_connection_in_a_transaction(self) -> None:
        """K11: the program's own connection, in the middle of something, is refused and not committed."""
        server = self.server
        self.made().swap("otp/key", None, "one")
        connection = server.connect()
        with closing(connection.cursor()) as cursor:
            cursor.execute("START TRANSACTION")
            cursor.execute(f"DELETE FROM {self.table}")
        self.refused(self.store(partial(next, iter([connection]))), "in a transaction")
        self.assertEqual("one", self.store().get("otp/key"))

    def test_a_connection_that_the_server_ends(self) -> None:
        """F04: a read on it is nobody's failed login; a write is, at most, unknown."""
        server = self.server
        store = self.made()
        self.assertTrue(store.swap("otp/key", None, "one"))
        (connection,) = connections(store)
        self.kill(server, connection)
        self.assertEqual("one", store.get("otp/key"))
        (connection,) = connections(store)
        self.kill(server, connection)
        with self.assertRaisesRegex(StoreError, "unknown whether"):
            store.swap("otp/key", "one", "two")
        self.assertEqual([], connections(store))
        self.assertTrue(store.swap("otp/key", store.get("otp/key"), "three"))

    def kill(self, server: MariaDB, connection: Any) -> None:
        """End a connection at the server, and wait until it is gone."""
        number = thread(connection)
        server.run(f"KILL {number}", user="root")
        find = f"SELECT 1 FROM information_schema.processlist WHERE id = {number}"
        wait_until(lambda: not server.run(find, user="root"))

    def test_a_pause(self) -> None:
        """F04: 0 of 8 logins fail after the server has ended what was idle."""
        server = self.server
        store = self.made(partial(server.connect, init_command="SET SESSION wait_timeout = 3"))
        store.swap("otp/key", None, "0")

        def log_in(number: int) -> bool:
            old = store.get(f"otp/{number}")
            return store.swap(f"otp/{number}", old, f"{old}+")

        with ThreadPoolExecutor(8) as pool:
            self.assertEqual([True] * 8, list(pool.map(log_in, range(8))))
            numbers = ", ".join(str(thread(each)) for each in connections(store))
            find = f"SELECT 1 FROM information_schema.processlist WHERE id IN ({numbers})"
            wait_until(lambda: not server.run(find, user="root"))
            self.assertEqual([True] * 8, list(pool.map(log_in, range(8))))

    def test_a_write_that_is_cut_off(self) -> None:
        """A connection that is killed in the middle of a write: it is unknown, and never retried."""
        server = self.server
        store = self.made()
        store.swap("otp/key", None, "one")
        (connection,) = connections(store)
        number = thread(connection)
        with closing(server.connect()) as other, closing(other.cursor()) as cursor:
            cursor.execute("START TRANSACTION")
            cursor.execute(f"UPDATE {self.table} SET `value` = 'two'")
            with ThreadPoolExecutor(1) as pool:
                swap = pool.submit(store.swap, "otp/key", "one", "three")
                wait_until(lambda: self.status("Innodb_row_lock_current_waits") == 1)
                server.run(f"KILL {number}", user="root")
                with self.assertRaisesRegex(StoreError, "unknown whether"):
                    swap.result()
            other.rollback()
        self.assertEqual("one", store.get("otp/key"))

    def test_other_transactions(self) -> None:
        """A deadlock is retried; a lock that is held for longer than the deadline wrote nothing."""
        server = self.server
        store = self.made(timeout=0.5)
        patient = self.store()
        with (
            closing(server.connect()) as other,
            closing(other.cursor()) as cursor,
            ThreadPoolExecutor(2) as pool,
        ):
            cursor.execute("START TRANSACTION")
            cursor.execute(f"INSERT INTO {self.table} VALUES ('otp/key', 'other')")
            with self.assertRaisesRegex(StoreError, r"entry for 0\.5 s; nothing was written") as caught:
                store.swap("otp/key", None, "one")
            self.assertEqual(1205, code(caught.exception.__cause__))
            # Two that wait for a third one's insert want the same lock when that is rolled back.
            swaps = [pool.submit(patient.swap, "otp/key", None, str(number)) for number in range(2)]
            wait_until(lambda: self.status("Innodb_row_lock_current_waits") == 2)
            deadlocks = self.status("Innodb_deadlocks")
            other.rollback()
            self.assertEqual([False, True], sorted(swap.result() for swap in swaps))
            self.assertEqual(deadlocks + 1, self.status("Innodb_deadlocks"))

    def status(self, name: str) -> int:
        return int(self.server.run(f"SHOW GLOBAL STATUS LIKE '{name}'")[0][1])

    def test_a_server_that_does_not_answer(self) -> None:
        """What `connect` raises is the cause of a StoreError."""
        server = self.server
        with self.assertRaises(StoreError) as caught:
            self.store(partial(server.connect, unix_socket="/nowhere")).swap("otp/key", None, "one")
        self.assertIn(code(caught.exception.__cause__), (2002, 2003))

    def test_a_connection_that_is_closed(self) -> None:
        """It is StoreError with the driver's error as its cause."""
        connection = self.connect()
        connection.close()
        with self.assertRaisesRegex(StoreError, "cannot be opened") as caught:
            self.store(lambda: connection).get("otp/key")
        self.assertNotIsInstance(caught.exception.__cause__, (AttributeError, type(None)))

    def test_no_database(self) -> None:
        """The connection or the table's name must have one; with the name, all works."""
        server = self.server
        arguments = {name: value for name, value in server.arguments.items() if name != "database"}
        connect = MariaDB(self.driver, arguments).connect
        store = self.store(connect)
        for action in (store.create_table, partial(store.get, "otp/key")):
            with self.assertRaisesRegex(StoreError, "name it in connect or in the table's name"):
                action()
        store = self.store(connect, table=f"{server.arguments['database']}.{self.table}")
        store.create_table()
        self.assertTrue(store.swap("otp/key", None, "one"))
        self.assertEqual("one", self.store().get("otp/key"))

    def test_one_key_that_cannot_be_encoded(self) -> None:
        """F12: only its own statement fails, and only its own connection is closed."""
        store = self.made()
        for call in (partial(store.get, "otp/\ud800"), partial(store.swap, "otp/\ud800", None, "one")):
            store._pool.gate.idle += [(opened(store._dialect), time.monotonic()) for _ in range(2)]
            before = connections(store)
            with self.assertRaises(StoreError):
                call()
            self.assertEqual(before[:-1], connections(store))
        self.assertTrue(store.swap("otp/\0", None, "one"), "bytes are bytes here")

    def test_a_child_that_is_forked_while_a_connection_is_opened(self) -> None:
        """F01: when the child ends, the parent's connection does not."""
        posix()
        store = self.made()
        self.assertTrue(store.swap("otp/key", None, "one"))
        store._pool.gate.close_idle()
        self.assertEqual("one", fork_while_opening(store, "otp/key"))

    def test_a_table_that_is_missing_closes_its_connection(self) -> None:
        """Every connection that is refused is closed."""
        server = self.server
        opened: list[Any] = []

        def connect() -> Any:
            opened.append(server.connect())
            return opened[-1]

        self.refused(self.store(connect), f"the table {self.table} is missing", "create_table()")
        (connection,) = opened
        with self.assertRaises(Exception):  # noqa: B017 - each driver has its own
            connection.cursor().execute("SELECT 1")


class ConnectionsOfMysqlclient(ConnectionsOfPyMySQL):
    driver = PURE[1]


class ConnectionsOfConnector(ConnectionsOfPyMySQL):
    driver = PURE[2]


class Table(OnMariaDB):
    def test_it_is_made_by_many_at_once(self) -> None:
        """None of those that make it at the same moment fails."""
        for _ in range(3):
            self.table = self.server.table(self)
            with ThreadPoolExecutor(8) as pool:
                stores = list(pool.map(lambda _: self.made(), range(8)))
            self.assertEqual(1, sum(store.swap("otp/key", None, "one") for store in stores))

    def test_the_statement_for_migrations(self) -> None:
        """A program may run it itself, with a database's name or without."""
        for name in (self.table, f"{self.server.arguments['database']}.{self.table}"):
            self.server.run(SQLStore.schema("mysql", name))
            self.assertTrue(self.store(table=name).swap("otp/key", None, "one"))
            self.server.run(f"DROP TABLE {self.table}")

    def test_whoever_may_not_make_it_may_use_it(self) -> None:
        """To make what is there takes no right to make tables; without one, to make it is StoreError."""
        self.made()
        run = partial(self.server.run, user="root")
        database = self.server.arguments["database"]
        run("CREATE USER IF NOT EXISTS reader@localhost")
        self.addCleanup(run, "DROP USER reader@localhost")
        run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {database}.{self.table} TO reader@localhost")
        store = self.made(partial(self.server.connect, user="reader"))
        self.assertTrue(store.swap("otp/key", None, "one"))
        self.table = self.server.table(self)
        with self.assertRaisesRegex(StoreError, f"the table {self.table} cannot be created"):
            self.made(partial(self.server.connect, user="reader"))

    def test_a_table_of_another_shape(self) -> None:
        """K43, K56: other types, shorter ones, NULL and other keys are refused; the message names them."""
        for columns, *words in (
            ("`key` varbinary(1100) PRIMARY KEY, `value` varbinary(16000)", "column value"),
            ("`key` varbinary(1100) PRIMARY KEY, `value` varbinary(15999) NOT NULL", "value", "16000"),
            ("`key` varbinary(1099) PRIMARY KEY, `value` varbinary(16000) NOT NULL", "key", "1100"),
            ("`key` varchar(255) PRIMARY KEY, `value` varbinary(16000) NOT NULL", "column key"),
            ("`key` varbinary(1100) PRIMARY KEY, `value` text NOT NULL", "column value"),
            ("`key` varbinary(1100) PRIMARY KEY, `value` blob NOT NULL", "column value"),
            ("`key` varbinary(1100) PRIMARY KEY", "column value"),
            ("`value` varbinary(16000) NOT NULL", "column key"),
            (f"{COLUMNS}, more int NOT NULL", "column more", "a default"),
            ("`key` varbinary(1100) NOT NULL, `value` varbinary(16000) NOT NULL", "primary key"),
            ("`key` varbinary(1100) UNIQUE NOT NULL, `value` varbinary(16000) NOT NULL", "primary key"),
            (
                "`key` varbinary(1100) NOT NULL, `value` varbinary(16000) NOT NULL, PRIMARY KEY (`key`(100))",
                "whole column key",
            ),
            (
                "`key` varbinary(1100) NOT NULL, `value` varbinary(16000) NOT NULL, more int NOT NULL, "
                "PRIMARY KEY (`key`, more)",
                "primary key",
            ),
            (f"{COLUMNS}, UNIQUE (`value`(100))", "no other unique index"),
        ):
            self.table = self.server.table(self)
            self.server.run(f"CREATE TABLE {self.table} ({columns}) ENGINE=InnoDB")
            with self.subTest(columns):
                self.refused(self.store(), f"the table {self.table}", *words)
                with self.assertRaises(StoreError):
                    self.made()

    def test_additional_columns(self) -> None:
        """A table that a migration made may have more columns, where a row can be written without them."""
        self.server.run(
            f"CREATE TABLE {self.table} (id bigint NOT NULL AUTO_INCREMENT, {COLUMNS}, note text, "
            "size int AS (length(`value`)) STORED, made timestamp NOT NULL DEFAULT current_timestamp, "
            "changed int NOT NULL DEFAULT 0, INDEX (id), INDEX (`value`(100))) ENGINE=InnoDB"
        )
        store = self.store()
        self.assertTrue(store.swap("otp/key", None, "one"))
        self.assertTrue(store.swap("otp/key", "one", "two"))
        self.assertEqual([("otp/key", "two")], list(store.items()))

    def test_a_table_that_forgets(self) -> None:
        """K56: another engine, a view, a version of its own, a trigger: the message says which."""
        for statement, word in (
            ("CREATE TABLE {0} (`key` int, `value` int) ENGINE=MyISAM", "ENGINE=InnoDB"),
            ("CREATE TABLE {0} (`key` int, `value` int) ENGINE=MEMORY", "ENGINE=InnoDB"),
            (f"CREATE TABLE {{0}} ({COLUMNS}) ENGINE=InnoDB WITH SYSTEM VERSIONING", "ordinary"),
            ("CREATE VIEW {0} AS SELECT 'otp/key' AS `key`, 'one' AS `value`", "ordinary"),
            (
                f"CREATE TABLE {{0}} ({COLUMNS}) ENGINE=InnoDB; CREATE TRIGGER {{0}}_t "
                "BEFORE UPDATE ON {0} FOR EACH ROW SET NEW.`value` = OLD.`value`",
                "a trigger",
            ),
        ):
            self.table = self.server.table(self)
            self.addCleanup(self.server.run, f"DROP VIEW IF EXISTS {self.table}", user="root")
            for each in statement.format(self.table).split("; "):
                # With a binary log, only an administrator may make a trigger.
                self.server.run(each, user="root")
            with self.subTest(statement):
                self.refused(self.store(), f"the table {self.table}", word)

    def test_names_that_differ_in_case(self) -> None:
        """Where the server keeps the case of names, they are different tables."""
        self.server.run(f"CREATE TABLE {self.table.upper()} (`key` int, `value` int) ENGINE=MyISAM")
        self.addCleanup(self.server.run, f"DROP TABLE {self.table.upper()}")
        store = self.made()
        self.assertTrue(store.swap("otp/key", None, "one"))
        self.refused(self.store(table=self.table.upper()), "InnoDB")


class Connections(OnMariaDB):
    def test_another_kind_of_connection(self) -> None:
        """F15: StoreError says what `connect` must return; what is not a function is TypeError."""
        for made in (None, "mysql://", object()):
            message = self.refused(self.store(partial(next, iter([made]))), "mysql-connector-python, not")
            self.assertIn(type(made).__name__, message)
        for wrong in (None, "mysql://"):
            with self.assertRaisesRegex(TypeError, r"lambda: pymysql\.connect"):
                SQLStore.mysql(wrong)  # type: ignore[arg-type]  # that is the test

    def test_errors_by_their_numbers(self) -> None:
        """K56: only a deadlock, a lock wait and a node that is not ready are retried."""
        dialect = MySQL(self.connect, "onetime", 5.0)

        class Error(Exception):
            def __init__(self, number: int, errno: int | None = None) -> None:
                super().__init__(number)
                if errno is not None:
                    self.errno = errno

        for number in range(-1, 5000):
            self.assertEqual(number in (1047, 1205, 1213), dialect.had_no_effect(Error(number)), number)
            self.assertEqual(number in (1047, 1205, 1213), dialect.had_no_effect(Error(0, number)), number)
        for error in (Exception(), OSError(), OSError(104, "reset"), UnicodeError(), KeyError(1213.5)):
            self.assertFalse(dialect.had_no_effect(error))
            self.assertFalse(dialect.is_lost(None, error))
        for number in (2006, 2013, 1927, 4031, 0, -1):
            self.assertTrue(dialect.is_lost(None, Error(number)))


class Servers(unittest.TestCase):
    """K56: what takes a server of its own."""

    def open(self, server: MariaDBServer, table: str = "onetime") -> SQLStore:
        store = SQLStore.mysql(MariaDB(arguments=server.arguments).connect, table=table)
        self.addCleanup(store.close)
        return store

    def test_settings_that_lose_commits(self) -> None:
        """Each is refused, and the message says which and why; the server's own modes do not matter."""
        MariaDB(arguments={})
        with MariaDBServer() as server:
            store = self.open(server)
            store.create_table()
            for name, wrong, right, why in (
                ("innodb_flush_log_at_trx_commit", "0", "1", "a crash would lose commits; set it to 1"),
                ("innodb_flush_log_at_trx_commit", "2", "1", "a crash would lose commits; set it to 1"),
                ("sync_binlog", "0", "1", "a crash would lose commits; set it to 1"),
                ("sync_binlog", "100", "1", "a crash would lose commits; set it to 1"),
                ("binlog_format", "STATEMENT", "ROW", "set it to ROW"),
                ("read_only", "ON", "OFF", "connect to the primary"),
            ):
                server.query(f"SET GLOBAL {name} = {wrong}")
                with (
                    self.subTest(name, value=wrong),
                    self.assertRaisesRegex(StoreError, f"the server has {name}={wrong}: .*{why}"),
                ):
                    self.open(server).get("otp/key")
                server.query(f"SET GLOBAL {name} = {right}")
            for statement in (
                "SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'",
                "SET GLOBAL sql_mode = ''",
                "SET GLOBAL tx_read_only = ON",
                "SET GLOBAL tx_isolation = 'SERIALIZABLE'",
                "SET GLOBAL binlog_format = MIXED",
                "SET GLOBAL autocommit = OFF",
                "SET GLOBAL innodb_default_row_format = compact",
            ):
                server.query(statement)
                with self.subTest(statement):
                    store = self.open(server)
                    server.query("SET SESSION tx_read_only = OFF; DROP TABLE onetime.onetime")
                    store.create_table()
                    self.assertTrue(store.swap("otp/\\'\"", None, "'\\\""))
                    self.assertEqual([("otp/\\'\"", "'\\\"")], list(store.items()))
                    with self.assertRaises(StoreError):
                        store.swap("otp/key", None, "x" * 16_001)
                server.query("SET GLOBAL tx_read_only = OFF")

    def test_no_double_write(self) -> None:
        """A torn page could not be repaired."""
        MariaDB(arguments={})
        with (
            MariaDBServer(innodb_doublewrite="OFF") as server,
            self.assertRaisesRegex(StoreError, "innodb_doublewrite=OFF: .* set it to ON"),
        ):
            self.open(server).create_table()

    def test_a_server_that_folds_names_and_has_no_binary_log(self) -> None:
        """A table is found under any case of its name; sync_binlog says nothing without a log."""
        MariaDB(arguments={})
        with MariaDBServer(lower_case_table_names=1, skip_log_bin="ON", sync_binlog=0) as server:
            store = self.open(server, "OneTime")
            store.create_table()
            self.assertTrue(store.swap("otp/key", None, "one"))
            self.assertEqual("one", self.open(server).get("otp/key"))


class Soaks(unittest.TestCase):
    """The long checks of `tests.soak`, briefly; there a store that is bad shows that they find faults."""

    def test_exactly_one_wins(self) -> None:
        """K14: of clients in several processes, on one server and spread over the nodes of a cluster."""
        server, nodes = MariaDB(), MariaDB.galera()
        for kind, members in (("mariadb", [server]), ("galera", nodes)):
            arguments = [member.arguments for member in members]
            with self.subTest(kind):
                opener = partial(servers.open_mariadb, arguments, members[0].table(self))
                tally = servers.compete(opener, kind, 4, threads=3)
                self.assertEqual(([], {1: 4}), (tally.faults, tally.winners))
                opener = partial(servers.open_mariadb, arguments, members[0].table(self))
                self.assertNotEqual([], servers.compete(partial(read_then_write, opener), kind, 10).faults)

    def test_a_node_that_is_killed(self) -> None:
        """A third of the clients moves on to other nodes; nothing acknowledged is lost."""
        MariaDB(arguments={})
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        run = failover.on_galera(folder, 0.5, 0.2)
        self.assertEqual([], run.lost)
        self.assertLess(failover.THREADS, run.acknowledged)
