"""PostgreSQL: one server, or a primary with a synchronous standby."""

import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.support.servers.process import (
    Process,
    ServerError,
    answer,
    find_program,
    run_as,
    server_folder,
    socket_path,
    succeeds,
)

USER = "postgres"
PROGRAMS = "usr/lib/postgresql/*/bin"
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "fsync": "on",
}
"""What differs from the server's defaults. There is no port, only a Unix socket."""


class PostgresServer:
    """A PostgreSQL in a new cluster, without passwords, on a Unix socket.

    Attributes:
        folder: Folder of the socket, which is what a client calls the host.
        conninfo: Connection string of the superuser.
    """

    def __init__(self, parent: Path | None = None, **settings: str) -> None:
        """Describe a server; `with` starts it.

        Args:
            parent: Folder in which the server's own folder is made.
            settings: More of the server's settings.
        """
        self._parent = parent
        self._settings = settings

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = stack.enter_context(server_folder(USER, self._parent))
            self.conninfo = f"host={self.folder} port=5432 user={USER} dbname=postgres"
            self._data = self.folder / "data"
            self._prepare()
            stack.callback(self.stop)
            self.start()
            self._ending = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def _prepare(self) -> None:
        self._make_data(["-D", str(self._data), "--no-sync"])
        socket_path(self.folder / ".s.PGSQL.5432.lock")
        lines = SETTINGS | {"unix_socket_directories": str(self.folder)} | self._settings
        # The last of several lines for one setting counts.
        with Path(self._data, "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in lines.items())

    def _make_data(self, options: list[str]) -> None:
        program = find_program("initdb", PROGRAMS)
        options += ["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"]
        run_as(USER, [program, *options], self.folder)

    def start(self) -> None:
        """Start the server, also one that was killed, and wait until it answers."""
        program = find_program("postgres", PROGRAMS)
        self._process = Process(USER, [program, "-D", str(self._data)], self.folder)
        self._process.wait_until(lambda: succeeds(lambda: self.query("SELECT 1")))

    def stop(self) -> None:
        """Stop the server at once, as an administrator would."""
        if hasattr(self, "_process"):
            self._process.stop(signal.SIGQUIT)

    def kill(self) -> None:
        """Kill the server and all its children with SIGKILL."""
        self._process.kill()

    def wait_until(self, statement: str) -> None:
        """Wait until a query's answer is not empty."""
        self._process.wait_until(lambda: succeeds(lambda: self.query(statement)))

    def query(self, statement: str) -> str:
        """Run a statement and return its rows as psql prints them.

        Raises:
            ServerError: The statement failed, or the server does not answer.
        """
        return answer([find_program("psql", PROGRAMS), "-XAtq", "-d", self.conninfo, "-c", statement])


class _Standby(PostgresServer):
    """A copy of a primary that follows it."""

    def __init__(self, primary: PostgresServer, parent: Path | None, **settings: str) -> None:
        super().__init__(parent, **settings)
        self._primary = primary

    def _make_data(self, options: list[str]) -> None:
        program = find_program("pg_basebackup", PROGRAMS)
        options += ["-d", self._primary.conninfo, "-R", "-X", "stream", "-c", "fast"]
        run_as(USER, [program, *options], self.folder)


class PostgresPair:
    """A primary and a synchronous standby: a commit returns after both have it on disk.

    Attributes:
        primary: The first server.
        standby: The second one.
        conninfo: Connection string that finds whichever of the two accepts writes.
    """

    def __init__(self, parent: Path | None = None, **settings: str) -> None:
        self._parent = parent
        self._settings = settings

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            primary = PostgresServer(self._parent, **self._settings)
            self.primary = stack.enter_context(primary)
            standby = _Standby(primary, self._parent, **self._settings)
            self.standby = stack.enter_context(standby)
            primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'")
            primary.query("SELECT pg_reload_conf()")
            primary.wait_until("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'")
            self.conninfo = (
                f"host={primary.folder},{standby.folder} port=5432,5432 user={USER} dbname=postgres "
                "target_session_attrs=read-write connect_timeout=3"
            )
            self._ending = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def kill_primary(self) -> None:
        """Kill the primary and all its children with SIGKILL."""
        self.primary.kill()

    def promote(self) -> None:
        """Make the standby the new primary and wait until it accepts writes."""
        if self.standby.query("SELECT pg_promote(true, 120)") != "t":
            raise ServerError("the standby was not promoted")
