"""A real PostgreSQL for tests, directly or behind a pooler, through psycopg 3.

ONETIME_POSTGRES has the server's conninfo. ONETIME_PGBOUNCER_SESSION, ONETIME_PGBOUNCER_TRANSACTION and
ONETIME_PGBOUNCER_STATEMENT have that of a pooler in front of it. `tests.support.servers` starts such servers
and prints all four.
"""

import importlib
import itertools
import os
import unittest
from typing import Any

from tests.support import skip

ISOLATION_LEVELS = ("read committed", "repeatable read", "serializable")
POOL_MODES = ("session", "transaction", "statement")

_tables = itertools.count()


class Postgres:
    """A server and psycopg. If one of them is missing, the test is skipped visibly.

    Attributes:
        conninfo: Connection string of what `connect` opens, the server or a pooler in front of it.
        psycopg: The driver's module.
    """

    def __init__(self, pool_mode: str | None = None) -> None:
        """Read the connection strings, and load psycopg.

        Args:
            pool_mode: One of `POOL_MODES`, for connections through a pooler in this mode.
        """
        self._direct = self.conninfo = _environment("ONETIME_POSTGRES")
        if pool_mode is not None:
            self.conninfo = _environment(f"ONETIME_PGBOUNCER_{pool_mode.upper()}")
        try:
            self.psycopg: Any = importlib.import_module("psycopg")
        except ImportError as error:
            skip(f"psycopg cannot be loaded: {error}")

    def connect(self, isolation: str = "read committed", **settings: str) -> Any:
        """Open a connection.

        Args:
            isolation: Isolation level of its transactions, one of `ISOLATION_LEVELS`.
            settings: Further settings of the server. A pooler refuses settings, and every isolation level
                except the default.
        """
        if isolation != "read committed":
            # In the options of a connection, a space inside of a value needs a backslash.
            settings["default_transaction_isolation"] = isolation.replace(" ", "\\ ")
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        return self.psycopg.connect(self.conninfo, **({"options": options} if options else {}))

    def run(self, statement: str) -> Any:
        """Run a statement past any pooler and return its rows, or None if it has no rows."""
        with self.psycopg.connect(self._direct, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def table(self, test: unittest.TestCase) -> str:
        """Return the name of a table that no other test uses, and drop the table after the test."""
        name = f"onetime_test_{os.getpid()}_{next(_tables)}"
        test.addCleanup(self.run, f'DROP TABLE IF EXISTS "{name}"')
        return name


def _environment(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        skip(f"{name} does not name a server")
    return value
