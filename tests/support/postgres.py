"""A real PostgreSQL for tests: its conninfo in the environment as ONETIME_POSTGRES, and psycopg 3."""

import importlib
import itertools
import os
import sys
import unittest
from typing import Any

ISOLATION_LEVELS = ("read committed", "repeatable read", "serializable")

_tables = itertools.count()


class Postgres:
    """The server that ONETIME_POSTGRES names, or the test is skipped where everybody sees it."""

    def __init__(self) -> None:
        self.conninfo = os.environ.get("ONETIME_POSTGRES", "")
        if not self.conninfo:
            _skip("ONETIME_POSTGRES does not name a server")
        try:
            # Whoever checks or runs these tests may not have it.
            self.psycopg: Any = importlib.import_module("psycopg")
        except ImportError:
            _skip("psycopg is not installed")

    def connect(self, isolation: str = "read committed", **settings: str) -> Any:
        """Open a connection whose transactions have this isolation level.

        Args:
            isolation: One of ISOLATION_LEVELS.
            settings: More of the server's settings.
        """
        settings |= {"default_transaction_isolation": isolation}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        # A space inside of a value needs a backslash; only the isolation levels have one.
        options = options.replace(isolation, isolation.replace(" ", "\\ "))
        return self.psycopg.connect(self.conninfo, options=options)

    def run(self, statement: str) -> Any:
        """Run a statement on a connection of its own; give its rows, if it has any."""
        with self.psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def table(self, test: unittest.TestCase) -> str:
        """Name a table that no other test uses, and drop it after the test."""
        name = f"onetime_test_{os.getpid()}_{next(_tables)}"
        test.addCleanup(self.run, f'DROP TABLE IF EXISTS "{name}"')
        return name


def _skip(reason: str) -> None:
    print(f"SKIPPED, because {reason}", file=sys.stderr)
    raise unittest.SkipTest(reason)
