"""The store in PostgreSQL, directly and behind a pooler: what it relies on, and what it refuses."""

import multiprocessing
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
from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from onetime.testing import StoreContract
from tests.soak import failover, pooler, servers
from tests.support import posix
from tests.support.postgres import ISOLATION_LEVELS, POOL_MODES, Postgres
from tests.support.servers import PgBouncer, PostgresPair, PostgresServer
from tests.support.stores import fork_while_opening, opened, read_then_write

PATIENCE = 60
"""Maximum wait for something that is certain to come, in seconds."""

SESSIONS = 2
"""Server sessions of the pooler that the leaks go through."""

COLUMNS = 'key text COLLATE "C" PRIMARY KEY, value text NOT NULL'


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not come")
        time.sleep(0.01)


def sessions(store: SQLStore) -> list[Any]:
    """The idle connections of a store."""
    return [connection for connection, _ in store._pool.gate.idle]


class OnPostgres(unittest.TestCase):
    """A test with a table of its own on the server that all tests share."""

    pool_mode: str | None = None
    postgres: Postgres

    @classmethod
    def setUpClass(cls) -> None:
        cls.postgres = Postgres(cls.pool_mode)

    def setUp(self) -> None:
        self.table = self.postgres.table(self)

    def store(
        self, connect: Callable[[], Any] | None = None, table: str | None = None, **settings: str
    ) -> SQLStore:
        """A store whose table may be missing, closed after the test."""
        store = SQLStore.postgres(
            connect or (lambda: self.postgres.connect(**settings)), table=table or self.table
        )
        self.addCleanup(store.close)
        return store

    def made(self, connect: Callable[[], Any] | None = None, **settings: str) -> SQLStore:
        """A store that has its table."""
        store = self.store(connect, **settings)
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


class InPostgres(OnPostgres, StoreContract):
    isolation = ISOLATION_LEVELS[0]

    def make_store(self) -> Store:
        return self.made(lambda: self.postgres.connect(self.isolation))

    def share_store(self, store: Store) -> Store:
        return self.make_store()

    def caller_transaction(self) -> AbstractContextManager[object]:
        return self.rolled_back()

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """K11: the program's own connection is in a transaction, which fails."""
        with closing(self.postgres.connect()) as connection:
            connection.execute("SELECT 1")
            yield
            connection.rollback()


class InPostgresWithRepeatableRead(InPostgres):
    isolation = ISOLATION_LEVELS[1]


class InPostgresSerializable(InPostgres):
    isolation = ISOLATION_LEVELS[2]


class BehindAPoolerInSessionMode(InPostgres):
    pool_mode = POOL_MODES[0]


class BehindAPoolerInTransactionMode(InPostgres):
    pool_mode = POOL_MODES[1]


class BehindAPoolerInStatementMode(InPostgres):
    """This mode refuses a transaction of the program's, so the program's own goes past the pooler."""

    pool_mode = POOL_MODES[2]

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        with closing(Postgres().connect()) as connection:
            connection.execute("SELECT 1")
            yield
            connection.rollback()


class Names(OnPostgres):
    def test_a_table_may_be_named_with_its_schema(self) -> None:
        """Mixed case and keywords mean themselves, for the store and in the statement for migrations."""
        for schema in ("Auth", "select"):
            for table in ("OneTime", "table", "_1"):
                name = f"{schema}.{table}"
                self.addCleanup(self.postgres.run, f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
                self.postgres.run(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
                with self.subTest(name):
                    self.postgres.run(SQLStore.schema("postgres", name))
                    store = self.store(table=name)
                    store.create_table()
                    self.assertTrue(store.swap("otp/key", None, "one"))
                    self.assertEqual("one", store.get("otp/key"))
                    self.assertEqual([("otp/key", "one")], list(store.items("otp/")))
                    self.assertEqual([("one",)], self.postgres.run(f'SELECT value FROM "{schema}"."{table}"'))

    def test_the_search_path_finds_a_table_without_one(self) -> None:
        """Even in a schema with quotation marks and percent signs in its name, and only once."""
        schema = f'50%s "{self.table}"'
        quoted = '"' + schema.replace('"', '""') + '"'
        self.postgres.run(f"CREATE SCHEMA {quoted}")
        self.addCleanup(self.postgres.run, f"DROP SCHEMA {quoted} CASCADE")
        path = [quoted]

        def connect() -> Any:
            connection = self.postgres.psycopg.connect(self.postgres.conninfo, autocommit=True)
            connection.execute(f"SET search_path TO {path[0]}")
            return connection

        store = self.made(connect)
        self.assertTrue(store.swap("otp/key", None, "one"))
        path[0] = "public"
        sessions(store)[0].connection.close()
        self.assertEqual("one", store.get("otp/key"), "on a new connection")
        self.assertTrue(store.swap("otp/key", "one", "two"))
        self.assertTrue(store.swap("otp/key", "two", None))
        self.assertEqual([], self.postgres.run(f"SELECT key FROM {quoted}.{self.table}"))

    def test_no_schema(self) -> None:
        """The messages say that the schema, or the search path, is at fault."""
        self.refused(
            self.store(table="nowhere.onetime"), "the table nowhere.onetime is missing", "create_table()"
        )
        with self.assertRaises(StoreError) as caught:
            self.store(table="nowhere.onetime").create_table()
        self.assertIn('"nowhere"."onetime" cannot be created', str(caught.exception))
        self.assertIn('"nowhere" does not exist', str(caught.exception.__cause__))
        self.refused(self.store(search_path="nowhere"), "search path", f"public.{self.table}")

    def test_a_temporary_table_is_not_taken(self) -> None:
        """One that hides the store's in a session does not count; one that is named is not there."""
        store = self.made()
        self.assertTrue(store.swap("otp/key", None, "one"))

        def connect() -> Any:
            connection = self.postgres.psycopg.connect(self.postgres.conninfo, autocommit=True)
            connection.execute(f"CREATE TEMPORARY TABLE {self.table} ({COLUMNS})")
            return connection

        self.assertEqual("one", self.store(connect).get("otp/key"))
        self.refused(self.store(connect, table=f"pg_temp.{self.table}"), "is missing; create it")


class Table(OnPostgres):
    def test_it_is_made_by_name_only(self) -> None:
        """Without it all is StoreError; to make it again does nothing. Its pages are not full."""
        store = self.store()
        self.refused(
            store,
            f"the table public.{self.table} is missing",
            "create_table()",
            'SQLStore.schema("postgres")',
        )
        for _ in range(2):
            store.create_table()
            self.assertTrue(store.swap("otp/key", store.get("otp/key"), "one"))
        self.assertEqual(
            [(["fillfactor=90"], "C")],
            self.postgres.run(
                "SELECT reloptions, collname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid "
                f"JOIN pg_collation ON pg_collation.oid = attcollation "
                f"WHERE relname = '{self.table}' AND attname = 'key'"
            ),
        )

    def test_it_is_made_by_many_processes_at_once(self) -> None:
        """None of those that make it at the same moment fails, and all have the same one."""
        posix()
        context = multiprocessing.get_context("fork")
        for _ in range(3):
            self.table = self.postgres.table(self)
            start = context.Barrier(8)

            def make(start: Any = start) -> None:
                store = self.store()
                start.wait(PATIENCE)
                store.create_table()
                won = store.swap("otp/key", None, "one")
                store.close()
                raise SystemExit(10 if won else 0)

            processes = [context.Process(target=make) for _ in range(8)]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
            self.assertEqual([0] * 7 + [10], sorted(process.exitcode or 0 for process in processes))

    def test_it_is_made_in_a_transaction_meanwhile(self) -> None:
        """The error of the race that was lost means that the table is there."""
        store = self.store()
        with closing(self.postgres.connect()) as other, ThreadPoolExecutor(1) as pool:
            other.execute(SQLStore.schema("postgres", self.table))
            made = pool.submit(store.create_table)
            waits = f"SELECT 1 FROM pg_locks WHERE NOT granted AND pid <> {other.info.backend_pid}"
            wait_until(partial(self.postgres.run, waits))
            other.commit()
            made.result()
        self.assertTrue(store.swap("otp/key", None, "one"))

    def test_whoever_may_not_make_it_may_use_it(self) -> None:
        """To make what is there takes no right to make tables; without one, to make it is StoreError."""
        self.made()
        role = f"role_{self.table}"
        self.postgres.run(f"CREATE ROLE {role}")
        self.addCleanup(self.postgres.run, f"DROP ROLE {role}")
        self.addCleanup(self.postgres.run, f"DROP OWNED BY {role}")
        self.postgres.run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {self.table} TO {role}")
        store = self.made(role=role)
        self.assertTrue(store.swap("otp/key", None, "one"))
        store.close()
        with self.assertRaisesRegex(StoreError, "cannot be created"):
            self.store(table="pg_catalog.onetime", role=role).create_table()

    def test_a_table_of_another_shape(self) -> None:
        """F05, K43: other types, NULL, another key, a loose collation: the message names the column."""
        loose = f"{self.table}_loose"
        self.postgres.run(
            f"CREATE COLLATION {loose} (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        )
        self.addCleanup(self.postgres.run, f"DROP COLLATION {loose}")
        self.postgres.run(f"CREATE DOMAIN {loose}_text AS text")
        self.addCleanup(self.postgres.run, f"DROP DOMAIN {loose}_text")
        for columns, at_fault in (
            ("key text PRIMARY KEY, value text", "value"),
            ("key text NOT NULL, value text NOT NULL", "key"),
            ("key text NOT NULL UNIQUE, value text NOT NULL", "key"),
            ("key text, value text NOT NULL, PRIMARY KEY (key, value)", "key"),
            ("key text, value text PRIMARY KEY", "key"),
            ("key text PRIMARY KEY DEFERRABLE, value text NOT NULL", "key"),
            ("key varchar PRIMARY KEY, value text NOT NULL", "key"),
            ("key char(210) PRIMARY KEY, value text NOT NULL", "key"),
            ("key text PRIMARY KEY, value varchar(10) NOT NULL", "value"),
            ("key text PRIMARY KEY, value integer NOT NULL", "value"),
            (f"key text PRIMARY KEY, value {loose}_text NOT NULL", "value"),
            ("key text PRIMARY KEY, value text NOT NULL GENERATED ALWAYS AS ('x') STORED", "value"),
            (f"key text COLLATE {loose} PRIMARY KEY, value text NOT NULL", "key"),
            (f"key text PRIMARY KEY, value text COLLATE {loose} NOT NULL", "value"),
            ("key text PRIMARY KEY, more text NOT NULL, value text NOT NULL", "more"),
            ("key text PRIMARY KEY", "value"),
            ("value text NOT NULL", "key"),
        ):
            self.table = self.postgres.table(self)
            self.postgres.run(f"CREATE TABLE {self.table} ({columns})")
            with self.subTest(columns):
                self.refused(self.store(), f"the column {at_fault} of the table public.{self.table}")
                with self.assertRaises(StoreError):
                    self.made()
                self.postgres.run(f"DROP TABLE {self.table}")  # its columns may use what is dropped later

    def test_additional_columns(self) -> None:
        """A table that a migration made may have more columns, where a row can be written without them."""
        self.postgres.run(
            f"CREATE TABLE {self.table} (id bigint GENERATED ALWAYS AS IDENTITY UNIQUE, value text NOT NULL,"
            " key text PRIMARY KEY, changed timestamptz NOT NULL DEFAULT now(), durable text, warned text,"
            " size integer GENERATED ALWAYS AS (length(value)) STORED, dropped text)"
        )
        self.postgres.run(f"ALTER TABLE {self.table} DROP COLUMN dropped")
        store = self.store()
        self.assertTrue(store.swap("otp/b", None, "one"))
        self.assertTrue(store.swap("otp/B", None, "one"))
        self.assertTrue(store.swap("otp/b", "one", "two"))
        self.assertEqual(
            [("otp/B", "one"), ("otp/b", "two")], list(store.items()), "by bytes in every collation"
        )

    def test_a_table_that_forgets(self) -> None:
        """F05: unlogged, a view, a partition, a trigger, a rule and more: the message says what it is."""
        ordinary = f"CREATE TABLE {{0}} ({COLUMNS})"
        for statements, word in (
            (f"CREATE UNLOGGED TABLE {{0}} ({COLUMNS})", "unlogged"),
            ("CREATE VIEW {0} AS SELECT text 'otp/key' AS key, text 'one' AS value", "a view"),
            (
                "CREATE MATERIALIZED VIEW {0} AS SELECT text 'otp/key' AS key, text 'one' AS value",
                "an ordinary table",
            ),
            (f"CREATE TABLE {{0}} ({COLUMNS}) PARTITION BY HASH (key)", "a partition"),
            (
                f"CREATE TABLE {{0}}_whole ({COLUMNS}) PARTITION BY HASH (key); CREATE TABLE {{0}} PARTITION "
                "OF {0}_whole FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
                "a partition",
            ),
            (ordinary + "; CREATE TABLE {0}_child () INHERITS ({0})", "a parent"),
            (
                ordinary
                + "; CREATE FUNCTION {0}_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';"
                "CREATE TRIGGER forget BEFORE UPDATE ON {0} FOR EACH ROW EXECUTE FUNCTION {0}_f()",
                "a trigger",
            ),
            (ordinary + "; CREATE RULE forget AS ON UPDATE TO {0} DO INSTEAD NOTHING", "a rule"),
            (ordinary + "; ALTER TABLE {0} ENABLE ROW LEVEL SECURITY", "row-level security"),
        ):
            with self.subTest(word):
                schema = f"schema_{self.postgres.table(self)}"
                self.postgres.run(f"CREATE SCHEMA {schema}")
                self.addCleanup(self.postgres.run, f"DROP SCHEMA {schema} CASCADE")
                self.postgres.run(statements.format(f"{schema}.onetime"))
                message = self.refused(self.store(table=f"{schema}.onetime"), word)
                self.assertIn(f"the table {schema}.onetime", message)
        self.table = self.postgres.table(self)
        self.postgres.run(ordinary.format(self.table))
        self.postgres.run(f"CREATE TABLE {self.table}_c () INHERITS ({self.table})")
        self.postgres.run(f"DROP TABLE {self.table}_c")
        self.assertIsNone(self.store().get("otp/key"), "a parent without children is an ordinary table")


class Connections(OnPostgres):
    def test_another_kind_of_connection(self) -> None:
        """F15: what is not psycopg's is StoreError that says so; what is not a function is TypeError."""
        psycopg = self.postgres.psycopg
        foreign = type("connection", (), {"__module__": "psycopg2.extensions", "autocommit": False})
        coroutine = psycopg.AsyncConnection.connect(self.postgres.conninfo)
        self.addCleanup(coroutine.close)
        for made, name in (
            (None, "builtins.NoneType"),
            (foreign(), "psycopg2.extensions.connection"),
            (coroutine, "coroutine"),
            (psycopg.AsyncConnection(psycopg.pq.PGconn.connect(b"host=/nowhere")), "AsyncConnection"),
        ):
            with self.subTest(name):
                self.refused(self.store(partial(next, iter([made]))), "psycopg.Connection, not", name)
        for wrong in (None, self.postgres.conninfo):
            with self.assertRaisesRegex(TypeError, r"lambda: psycopg\.connect"):
                SQLStore.postgres(wrong)  # type: ignore[arg-type]  # that is the test

    def test_a_server_that_does_not_answer(self) -> None:
        """What `connect` raises is the cause of a StoreError."""
        store = self.store(lambda: self.postgres.psycopg.connect("host=/nowhere"))
        with self.assertRaises(StoreError) as caught:
            store.swap("otp/key", None, "one")
        self.assertIsInstance(caught.exception.__cause__, self.postgres.psycopg.OperationalError)

    def test_a_connection_in_a_transaction(self) -> None:
        """K11: the program's own connection, in the middle of something, is refused and closed."""
        self.made()
        connection = self.postgres.connect()
        connection.execute("SELECT 1")
        self.refused(self.store(lambda: connection), "in a transaction")
        self.assertTrue(connection.closed)

    def test_what_the_programs_connections_are_like(self) -> None:
        """Its rows, cursors, autocommit mode, isolation and character set do not matter."""
        psycopg = self.postgres.psycopg
        self.made()
        for number, arguments in enumerate(
            (
                {"row_factory": psycopg.rows.dict_row},
                {"row_factory": psycopg.rows.scalar_row},
                {"cursor_factory": psycopg.ClientCursor},
                {"cursor_factory": psycopg.RawCursor},
                {"autocommit": True},
                {"autocommit": False},
                {"prepare_threshold": 0},
                {"client_encoding": "latin1"},
                {"client_encoding": "sql_ascii"},
                {"options": "-c default_transaction_isolation=serializable"},
                {"options": "-c standard_conforming_strings=off"},
                {"options": "-c client_min_messages=debug5"},
            )
        ):
            with self.subTest(arguments):
                store = self.store(partial(psycopg.connect, self.postgres.conninfo, **arguments))
                key, text = f"otp/\u20ac{number}\\", "'\u20ac\\"
                for _ in range(7):  # past the first execution that is prepared
                    self.assertTrue(store.swap(key, None, "one"))
                    self.assertTrue(store.swap(key, "one", text))
                    self.assertEqual(text, store.get(key))
                    self.assertTrue(store.swap(key, text, None))

    def test_only_a_session_of_ones_own_prepares(self) -> None:
        """K54: behind a pooler nothing is prepared, so nothing is looked for in another session."""
        store = self.made()
        store.get("otp/key")
        self.assertEqual([5], [session.connection.prepare_threshold for session in sessions(store)])
        for mode in POOL_MODES:
            pooled = self.store(Postgres(mode).connect)
            pooled.get("otp/key")
            with self.subTest(mode):
                self.assertEqual(
                    [None], [session.connection.prepare_threshold for session in sessions(pooled)]
                )


class Errors(OnPostgres):
    def test_one_key_that_cannot_be_encoded(self) -> None:
        """F12: only its own statement fails, and only its own connection is closed."""
        store = self.made()
        for key in ("otp/\ud800", "otp/\0"):
            for call in (partial(store.get, key), partial(store.swap, key, None, "one")):
                store._pool.gate.idle += [(opened(store._dialect), time.monotonic()) for _ in range(2)]
                before = sessions(store)
                with self.subTest(key), self.assertRaises(StoreError):
                    call()
                self.assertEqual(before[:-1], sessions(store))
                self.assertEqual([False], list({each.connection.closed for each in before[:-1]}))
                self.assertTrue(before[-1].connection.closed)

    def test_a_child_that_is_forked_while_a_session_is_opened(self) -> None:
        """F01: when the child ends, the parent's session does not."""
        posix()
        store = self.made()
        self.assertTrue(store.swap("otp/key", None, "one"))
        store._pool.gate.close_idle()
        self.assertEqual("one", fork_while_opening(store, "otp/key"))

    def test_an_idle_session_that_the_server_ends(self) -> None:
        """F04: 0 of 8 logins fail after a pause, one by one and in a burst of threads."""
        store = self.made(idle_session_timeout="500", application_name=self.table)

        def ended() -> bool:
            count = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{self.table}'"
            return bool(self.postgres.run(count) == [(0,)])

        def log_in(number: int) -> bool:
            old = store.get(f"otp/{number}")
            return store.swap(f"otp/{number}", old, f"{old}+")

        for number in range(8):
            wait_until(ended)
            self.assertTrue(log_in(number))
        with ThreadPoolExecutor(8) as pool:
            for _ in range(2):
                self.assertEqual([True] * 8, list(pool.map(log_in, range(8))))
                wait_until(ended)

    def test_a_statement_that_takes_too_long(self) -> None:
        """It is StoreError by the program's statement_timeout, and the next one is not."""
        store = self.made(statement_timeout="100")
        store.swap("otp/key", None, "one")
        with closing(self.postgres.connect()) as other:
            other.execute(f"SELECT FROM {self.table} FOR UPDATE")
            with self.assertRaises(StoreError) as caught:
                store.swap("otp/key", "one", "two")
            self.assertEqual("57014", getattr(caught.exception.__cause__, "sqlstate", None))
            self.assertEqual("one", store.get("otp/key"))
        self.assertTrue(store.swap("otp/key", "one", "two"))

    def test_a_serialization_failure_is_retried(self) -> None:
        """Whatever the isolation level, a transaction that was in the way is not the caller's error."""
        for isolation in ISOLATION_LEVELS:
            for touch, written in (("value", True), ("'other'", False)):
                self.table = self.postgres.table(self)
                store = self.made(partial(self.postgres.connect, isolation))
                store.swap("otp/key", None, "one")
                with self.subTest(isolation, written=written), closing(self.postgres.connect()) as other:
                    other.execute(f"UPDATE {self.table} SET value = {touch}")
                    with ThreadPoolExecutor(1) as pool:
                        swap = pool.submit(store.swap, "otp/key", "one", "two")
                        waits = (
                            f"SELECT 1 FROM pg_locks WHERE NOT granted AND pid <> {other.info.backend_pid}"
                        )
                        wait_until(partial(self.postgres.run, waits))
                        other.commit()
                        self.assertIs(written, swap.result())

    def test_a_value_that_is_not_text(self) -> None:
        """K43: a driver that is told to read text as something else is StoreError, not a verdict."""
        self.made().swap("otp/key", None, "one")
        psycopg = self.postgres.psycopg

        loader: Any = psycopg.adapt.Loader

        class Raw(loader):  # type: ignore[misc]  # the driver may be missing
            def load(self, data: Any) -> Any:
                return bytes(data)

        def connect() -> Any:
            connection = self.postgres.connect()
            connection.adapters.register_loader("text", Raw)
            return connection

        # The catalog's texts are of another type, so the table is found.
        self.refused(self.store(connect))


class Servers(unittest.TestCase):
    """What takes a server of its own."""

    def open(self, server: PostgresServer, table: str = "onetime", **settings: str) -> SQLStore:
        psycopg = Postgres().psycopg
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        store = SQLStore.postgres(lambda: psycopg.connect(server.conninfo, options=options), table=table)
        self.addCleanup(store.close)
        return store

    def test_fsync_off(self) -> None:
        """F05: a server that a crash leaves without its commits is refused."""
        with (
            PostgresServer(fsync="off") as server,
            self.assertRaisesRegex(StoreError, "fsync=off: .* set fsync=on"),
        ):
            self.open(server).create_table()

    def test_a_standby(self) -> None:
        """Its answers are late, so it is refused; when it is promoted, it is not."""
        with PostgresPair() as pair:
            primary, standby = self.open(pair.primary), self.open(pair.standby)
            primary.create_table()
            primary.swap("otp/key", None, "one")
            with self.assertRaisesRegex(StoreError, "standby.* target_session_attrs=read-write"):
                standby.get("otp/key")
            pair.kill_primary()
            pair.promote()
            self.assertEqual("one", standby.get("otp/key"))

    def test_a_wait_for_the_standby_that_is_cancelled(self) -> None:
        """K55, F05: it is StoreError, though the server calls it a success and might not even warn."""
        with PostgresServer() as server:
            self.open(server).create_table()
            server.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            server.query("SELECT pg_reload_conf()")
            for number, settings in enumerate(
                ({}, {"client_min_messages": "error"}, {"synchronous_commit": "local"})
            ):
                store = self.open(server, **settings)
                store.get("otp/key")
                with self.subTest(settings), ThreadPoolExecutor(1) as pool:
                    swap = pool.submit(store.swap, f"otp/{number}", None, "one")
                    waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                    wait_until(lambda: server.query(f"SELECT 1 {waiting}"))  # noqa: B023 - used in this round only
                    server.query(f"SELECT pg_cancel_backend(pid) {waiting}")
                    with self.assertRaisesRegex(StoreError, "warned.*unknown.*cancel"):
                        swap.result()
                    self.assertEqual("one", store.get(f"otp/{number}"))

    def test_a_restart(self) -> None:
        """F04: after one, the first login of each thread is as good as any."""
        with PostgresServer() as server:
            store = self.open(server)
            store.create_table()

            def log_in(number: int) -> bool:
                old = store.get(f"otp/{number}")
                return store.swap(f"otp/{number}", old, f"{old}+")

            with ThreadPoolExecutor(8) as pool:
                for _ in range(2):
                    self.assertEqual([True] * 8, list(pool.map(log_in, range(8))))
                    server.stop()
                    server.start()
                self.assertEqual(["None++"] * 8, list(pool.map(lambda n: store.get(f"otp/{n}"), range(8))))


class Leaks(unittest.TestCase):
    """K54: what another program leaves behind on the sessions of a pooler in transaction mode."""

    psycopg: Any
    server: PostgresServer
    pooler: PgBouncer

    @classmethod
    def setUpClass(cls) -> None:
        cls.psycopg = Postgres().psycopg
        # Nothing but commits writes or flushes the log.
        cls.server = cls.enterClassContext(
            PostgresServer(wal_level="minimal", max_wal_senders="0", autovacuum="off", wal_writer_delay="10s")
        )
        cls.pooler = cls.enterClassContext(PgBouncer(cls.server, "transaction", default_pool_size=SESSIONS))

    def setUp(self) -> None:
        self.addCleanup(self.end_sessions)
        self.server.query("DROP SCHEMA IF EXISTS a, b CASCADE; DROP TABLE IF EXISTS onetime")
        self.server.query("CREATE SCHEMA a; CREATE SCHEMA b")

    def end_sessions(self) -> None:
        """Let the pooler open new sessions."""
        self.server.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )

    def leak(self, *statements: str) -> None:
        """Run statements in every session of the pooler, as another program might."""
        clients = [
            self.psycopg.connect(self.pooler.conninfo, autocommit=True, prepare_threshold=None)
            for _ in range(SESSIONS)
        ]
        for client in clients:
            client.execute("BEGIN")  # now each has a session of its own
        for statement in statements:
            for client in clients:
                client.execute(statement)
        for client in clients:
            client.execute("COMMIT")
        for client in clients:
            client.close()

    def open(self, table: str = "onetime") -> SQLStore:
        store = SQLStore.postgres(lambda: self.psycopg.connect(self.pooler.conninfo), table=table)
        self.addCleanup(store.close)
        return store

    def count(self, store: SQLStore, until: int) -> None:
        """Use a store, on all sessions."""
        with ThreadPoolExecutor(SESSIONS) as pool:
            for number in range(until):
                old = store.get("otp/key")
                self.assertEqual(str(number - 1) if number else None, old)
                self.assertTrue(store.swap("otp/key", old, str(number)))
                self.assertEqual([str(number)] * SESSIONS, list(pool.map(store.get, ["otp/key"] * SESSIONS)))

    def test_a_search_path(self) -> None:
        """F03: it decides neither which table is read nor where one is made."""
        self.leak("SET search_path TO a")
        for table in ("b.onetime", "onetime"):
            store = self.open(table)
            store.create_table()
            self.leak("SET search_path TO nowhere")
            with self.subTest(table):
                self.count(store, 10)
                schema = table.rpartition(".")[0] or "public"
                self.assertEqual("9", self.server.query(f"SELECT value FROM {schema}.onetime"))
                self.assertEqual("", self.server.query("SELECT to_regclass('a.onetime')"))
            self.server.query(f"DROP TABLE {schema}.onetime")

    def test_several_tables_of_one_name(self) -> None:
        """Without a schema, the store refuses to choose, before it makes one too; with it, it works."""
        self.open("a.onetime").create_table()
        for action in (self.open().create_table, partial(self.open().get, "otp/key")):
            with self.assertRaisesRegex(StoreError, r"name the schema, for example public\.onetime"):
                action()
        self.assertEqual("", self.server.query("SELECT to_regclass('public.onetime')"))
        self.count(self.open("a.onetime"), 3)

    def test_temporary_tables_and_prepared_statements(self) -> None:
        """They are other programs' own, and DISCARD takes none of the store's away."""
        self.leak(
            "CREATE TEMPORARY TABLE onetime (x int)",
            "PREPARE _pg3_0 AS SELECT 1",
            "PREPARE _pg3_1 AS SELECT 2",
            "SET search_path TO pg_temp, a",
        )
        store = self.open()
        store.create_table()
        self.count(store, 10)
        self.leak("DISCARD TEMP", "DEALLOCATE ALL", "RESET ALL")
        self.assertEqual("9", store.get("otp/key"))

    def test_transactions_of_another_kind(self) -> None:
        """Isolation, encoding and string syntax of another program do not matter."""
        store = self.open()
        store.create_table()
        self.leak(
            "SET default_transaction_isolation TO serializable",
            "SET standard_conforming_strings TO off",
            "SET client_encoding TO latin1",
            "SET enable_indexscan TO off",
        )
        self.count(store, 10)
        self.assertTrue(store.swap("otp/\u20ac\\'", None, "\u20ac\\"))
        self.assertEqual("\u20ac\\", store.get("otp/\u20ac\\'"))

    def test_a_role_without_rights(self) -> None:
        """A leaked SET ROLE, or a session that may only read, is StoreError; nothing wrong is returned."""
        store = self.open("b.onetime")
        store.create_table()
        self.assertTrue(store.swap("otp/key", None, "one"))
        self.server.query("DROP ROLE IF EXISTS stranger; CREATE ROLE stranger")
        for statement, reads in (
            ("SET ROLE stranger", False),
            ("SET default_transaction_read_only TO on", True),
        ):
            self.leak(statement)
            with self.subTest(statement):
                if not reads:
                    with self.assertRaises(StoreError):
                        store.get("otp/key")
                for _ in range(SESSIONS * 2):
                    with self.assertRaises(StoreError):
                        store.swap("otp/key", "one", "two")
            self.leak("RESET ROLE", "RESET default_transaction_read_only")
            self.assertEqual("one", store.get("otp/key"))
        self.assertTrue(store.swap("otp/key", "one", "two"))

    def test_commits_that_do_not_wait(self) -> None:
        """K54, F05: 30 of 30 commits are flushed under a leaked synchronous_commit=off."""
        store = self.open()
        store.create_table()
        self.leak("SET synchronous_commit TO off", "SET client_min_messages TO error")

        def flushed(write: Callable[[str], object]) -> int:
            count = 0
            for number in range(30):
                write(str(number))
                lsn = "SELECT pg_current_wal_insert_lsn() = pg_current_wal_flush_lsn()"
                count += self.server.query(lsn) == "t"
                self.server.query("DELETE FROM onetime WHERE key <> 'otp/key'")
            return count

        by_hand = self.psycopg.connect(self.pooler.conninfo, autocommit=True)
        self.addCleanup(by_hand.close)
        self.assertLess(
            flushed(lambda n: by_hand.execute("INSERT INTO onetime (key, value) VALUES (%s, 'one')", [n])), 30
        )
        self.assertEqual(30, flushed(lambda n: store.swap(n, None, "one")), "INSERT")
        self.assertTrue(store.swap("otp/key", None, "-1"))
        self.assertEqual(30, flushed(lambda n: store.swap("otp/key", str(int(n) - 1), n)), "UPDATE")

        def delete(number: str) -> None:
            store.swap(number, None, "one")
            store.swap(number, "one", None)

        self.assertEqual(30, flushed(delete), "DELETE")


class Soaks(unittest.TestCase):
    """The long checks of `tests.soak`, briefly; there a store that is bad shows that they find faults."""

    def test_a_pooler(self) -> None:
        """F03, K54: two tables through a pooler that another program shares, nothing wrong and no error."""
        Postgres()
        for mode in POOL_MODES:
            with self.subTest(mode):
                tally, leaks = pooler.check(mode, 400)
                self.assertEqual(([], []), (tally.wrong, tally.errors))
                self.assertLess(0, leaks)
        tally, _ = pooler.check("transaction", 400, bad=True)
        self.assertNotEqual([], tally.wrong)

    def test_exactly_one_wins(self) -> None:
        """K14: of clients in several processes, at the strictest level and through a pooler."""
        for mode, isolation in ((None, "serializable"), ("transaction", "")):
            server = Postgres(mode)
            with self.subTest(mode or "directly"):
                opener = partial(servers.open_postgres, server.conninfo, isolation, server.table(self))
                tally = servers.compete(opener, "postgres", 4, threads=3)
                self.assertEqual(([], {1: 4}), (tally.faults, tally.winners))
                opener = partial(servers.open_postgres, server.conninfo, isolation, server.table(self))
                bad = servers.compete(partial(read_then_write, opener), "postgres", 10)
                self.assertNotEqual([], bad.faults)

    def test_a_failover(self) -> None:
        """K55: a primary is killed and its synchronous standby promoted; nothing acknowledged is lost."""
        Postgres()
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        run = failover.on_postgres(folder, 0.5, 0.2)
        self.assertEqual([], run.lost)
        self.assertLess(failover.THREADS, run.acknowledged)
        self.assertNotEqual([], failover.on_postgres(folder, 0.5, 0.2, bad=True).lost)
