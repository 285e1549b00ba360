"""Real database servers for the tests: started in temporary folders, on Unix sockets and loopback.

Each class is a context manager. Its servers run as users without privileges, and none outlives the process
that started it. A test whose server is not installed is skipped and says so.
"""

from tests.support.servers.mariadb import GaleraCluster, MariaDBServer
from tests.support.servers.pgbouncer import PgBouncer
from tests.support.servers.postgres import PostgresPair, PostgresServer
from tests.support.servers.process import ServerError

__all__ = ["GaleraCluster", "MariaDBServer", "PgBouncer", "PostgresPair", "PostgresServer", "ServerError"]
