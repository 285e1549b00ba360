"""Tests of the program that moves a store from SQLite to PostgreSQL."""

import contextlib
import io
import sqlite3
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from onetime import (
    HOTP,
    IncorrectCodeError,
    NotEnrolledError,
    ReplayedCodeError,
    Secret,
    SQLStore,
    StoreError,
    Verifier,
)
from tests.support import RFC_KEY
from tests.support.postgres import Postgres

USERS = [f"user {number}" for number in range(30)]
CREDENTIAL = HOTP(Secret(RFC_KEY))


class Moving(unittest.TestCase):
    postgres: Postgres
    program: Any

    @classmethod
    def setUpClass(cls) -> None:
        cls.postgres = Postgres()
        from tests.examples import move_store  # it needs psycopg

        cls.program = move_store

    def setUp(self) -> None:
        self.path = Path(self.enterContext(tempfile.TemporaryDirectory()), "store.db")
        self.old = SQLStore.sqlite(self.path)
        self.addCleanup(self.old.close)
        self.table = self.postgres.table(self)
        self.new = SQLStore.postgres(self.postgres.connect, table=self.table)
        self.addCleanup(self.new.close)
        # Another table than the program's, because other tests use the server, too.
        postgres = SQLStore.postgres
        self.enterContext(
            mock.patch.object(
                SQLStore, "postgres", lambda connect, table: postgres(connect, table=self.table)
            )
        )

    def move(self) -> str:
        """Run the program, and return its output."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            self.program.main(str(self.path), self.postgres.conninfo)
        return output.getvalue()

    def enroll(self) -> None:
        verifier = Verifier(self.old)
        for user in USERS:
            verifier.enroll(user, CREDENTIAL, CREDENTIAL.at(0))
            with self.assertRaises(IncorrectCodeError):
                verifier.verify(user, CREDENTIAL, "000000")

    def test_a_store_is_moved(self) -> None:
        """Spent codes stay spent, failures stay counted, and the old store no longer accepts codes."""
        self.enroll()
        entries = list(self.old.items())
        self.assertEqual(f"{len(USERS)} entries were moved\n", self.move())
        self.assertEqual(entries, list(self.new.items()))
        verifier = Verifier(self.new)
        for user in USERS:
            with self.assertRaises(ReplayedCodeError):
                verifier.verify(user, CREDENTIAL, CREDENTIAL.at(0))
            self.assertEqual(1, verifier.verify(user, CREDENTIAL, CREDENTIAL.at(1)).failures_before)
        with self.assertRaises(StoreError):
            Verifier(self.old).verify(USERS[0], CREDENTIAL, CREDENTIAL.at(1))
        with SQLStore.sqlite(self.path) as forgotten, self.assertRaises(NotEnrolledError):
            Verifier(forgotten).verify(USERS[0], CREDENTIAL, CREDENTIAL.at(1))
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            query = "SELECT key, value FROM onetime_moved ORDER BY key"
            self.assertEqual(entries, connection.execute(query).fetchall(), "the old entries are kept")

    def test_it_was_interrupted(self) -> None:
        """After an interruption, the program continues with the entries that are missing."""
        self.enroll()
        self.new.create_table()
        for key, text in list(self.old.items())[::2]:
            self.new.swap(key, None, text)
        self.assertEqual(f"{len(USERS)} entries were moved\n", self.move())
        self.assertEqual(len(USERS), len(list(self.new.items())))

    def test_it_refuses(self) -> None:
        """If the entries differ or the file is missing, the program refuses and does not rename the table."""
        self.enroll()
        self.new.create_table()
        key, text = next(self.old.items())
        self.new.swap(key, None, "another")
        with self.assertRaisesRegex(SystemExit, f"another entry under {key}"):
            self.move()
        self.new.swap(key, "another", text)
        self.new.swap("otp/stranger", None, "text")
        with self.assertRaisesRegex(SystemExit, r"30 entries were copied, but now there are \[30, 31\]"):
            self.move()
        self.new.swap("otp/stranger", "text", None)
        copy, write = self.new.swap, self.old.swap
        with mock.patch.object(SQLStore, "swap", autospec=True) as swap:

            def while_a_program_writes(store: SQLStore, key: str, old: str | None, new: str | None) -> bool:
                write("otp/late", None, "text")
                return copy(key, old, new)

            swap.side_effect = while_a_program_writes
            with self.assertRaisesRegex(SystemExit, "nothing was moved"):
                self.move()
        self.assertEqual(text, self.old.get(key))
        self.path = self.path.with_name("nothing.db")
        with self.assertRaisesRegex(SystemExit, "there is no file"):
            self.move()
        self.assertFalse(self.path.exists())
