"""Real MariaDB servers for tests, which connect through every supported driver.

ONETIME_MARIADB has the arguments of a driver's `connect` as JSON. ONETIME_GALERA has a list of them, one for
each node. `tests.support.servers` starts such servers and prints both variables.
"""

import importlib
import itertools
import json
import os
import unittest
import warnings
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Self

from tests.support import skip

_tables = itertools.count()


def _pymysql(found_rows: bool) -> Callable[..., Any]:
    driver = importlib.import_module("pymysql")
    flag = driver.constants.CLIENT.FOUND_ROWS if found_rows else 0

    def connect(**arguments: Any) -> Any:
        # PyMySQL leaves the socket open when it fails to connect. The runner has set its own filters by now.
        warnings.filterwarnings("ignore", r"unclosed <socket.*family=1,", ResourceWarning)
        return driver.connect(client_flag=flag, **arguments)

    return connect


def _mysqlclient(found_rows: bool) -> Callable[..., Any]:
    driver = importlib.import_module("MySQLdb")
    flag = importlib.import_module("MySQLdb.constants.CLIENT").FOUND_ROWS if found_rows else 0
    return lambda **arguments: driver.connect(client_flag=flag, **arguments)


def _connector(found_rows: bool, use_pure: bool = True) -> Callable[..., Any]:
    driver = importlib.import_module("mysql.connector")
    if not use_pure:
        # The driver itself hides why it is missing.
        importlib.import_module("_mysql_connector")
    flag = driver.constants.ClientFlag.FOUND_ROWS
    flags = [flag if found_rows else -flag]
    return lambda **arguments: driver.connect(use_pure=use_pure, client_flags=flags, **arguments)


def _connector_in_c(found_rows: bool) -> Callable[..., Any]:
    return _connector(found_rows, use_pure=False)


DRIVERS: dict[str, Callable[[bool], Callable[..., Any]]] = {
    "PyMySQL": _pymysql,
    "mysqlclient": _mysqlclient,
    "mysql-connector-python": _connector,
    "mysql-connector-python in C": _connector_in_c,
}
"""Functions that connect, by the name of the driver. Their argument is whether found rows are counted.

The last driver brings its own OpenSSL. If the system's OpenSSL is older than 3.2, the driver must be loaded
before any module that loads the system's, such as `hashlib`.
"""


class MariaDB:
    """A server and a driver. If one of them is missing, the test is skipped visibly."""

    def __init__(self, driver: str = "PyMySQL", arguments: Mapping[str, Any] | None = None) -> None:
        """Read the arguments, and load the driver.

        Args:
            driver: One of `DRIVERS`.
            arguments: Arguments of `connect`; by default those in ONETIME_MARIADB.
        """
        if arguments is None:
            arguments = _environment("ONETIME_MARIADB")
        self.arguments = dict(arguments)
        try:
            self._connect = {found_rows: DRIVERS[driver](found_rows) for found_rows in (False, True)}
        except ImportError as error:
            skip(f"{driver} cannot be loaded: {error}")

    @classmethod
    def galera(cls, driver: str = "PyMySQL") -> list[Self]:
        """Return the nodes of the cluster that ONETIME_GALERA names, or skip the test visibly."""
        return [cls(driver, arguments) for arguments in _environment("ONETIME_GALERA")]

    def connect(self, *, found_rows: bool = False, **arguments: Any) -> Any:
        """Open a connection.

        Args:
            found_rows: Whether the server counts the rows that an UPDATE found, or those that it changed.
            arguments: More arguments of the driver's `connect`.
        """
        return self._connect[found_rows](**{**self.arguments, **arguments})

    def run(self, statement: str, **arguments: Any) -> Any:
        """Run a statement on a connection of its own and return its rows, or None if it has no rows.

        Args:
            statement: One statement.
            arguments: More arguments of the driver's `connect`, such as `user="root"`, the administrator of
                the servers that `tests.support.servers` starts.
        """
        with closing(self.connect(**arguments)) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else None
            connection.commit()
        return rows

    def table(self, test: unittest.TestCase) -> str:
        """Return the name of a table that no other test uses, and drop the table after the test."""
        name = f"onetime_test_{os.getpid()}_{next(_tables)}"
        test.addCleanup(self.run, f"DROP TABLE IF EXISTS `{name}`")
        return name


def _environment(name: str) -> Any:
    text = os.environ.get(name, "")
    if not text:
        skip(f"{name} does not name a server")
    return json.loads(text)
