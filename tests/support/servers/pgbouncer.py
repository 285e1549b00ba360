"""PgBouncer in front of a PostgreSQL."""

import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.support.servers.postgres import PROGRAMS, USER, PostgresServer
from tests.support.servers.process import (
    Process,
    answer,
    find_program,
    server_folder,
    socket_path,
    succeeds,
)

MODES = ("session", "transaction", "statement")
POOL_SIZES = {"session": 60, "transaction": 4, "statement": 4}
"""Number of server sessions by mode. Few of them are handed from client to client all the time."""


class PgBouncer:
    """A PgBouncer on a Unix socket.

    Attributes:
        conninfo: Connection string of the superuser, through the pooler.
        direct: Connection string of the superuser, past it.
    """

    def __init__(
        self, server: PostgresServer, mode: str, parent: Path | None = None, **settings: str | int
    ) -> None:
        """Describe a pooler; `with` starts it.

        Args:
            server: The running server behind it.
            mode: One of `MODES`.
            parent: Folder in which the pooler's own folder is made.
            settings: More of its settings.
        """
        self._server = server
        self._settings = {
            "pool_mode": mode,
            "default_pool_size": POOL_SIZES[mode],
            "max_client_conn": 400,
            **settings,
        }
        self._parent = parent
        self.direct = server.conninfo

    def __enter__(self) -> Self:
        program = find_program("pgbouncer")
        with ExitStack() as stack:
            folder = stack.enter_context(server_folder(USER, self._parent))
            socket_path(folder / ".s.PGSQL.6432.lock")
            self.conninfo = f"host={folder} port=6432 user={USER} dbname=postgres"
            Path(folder, "users").write_text(f'"{USER}" ""\n', encoding="utf-8")
            settings = {
                "listen_addr": "",
                "listen_port": 6432,
                "unix_socket_dir": folder,
                "auth_type": "trust",
                "auth_file": folder / "users",
                **self._settings,
            }
            lines = ["[databases]", f"* = host={self._server.folder} port=5432", "[pgbouncer]"]
            lines += [f"{name} = {value}" for name, value in settings.items()]
            Path(folder, "settings").write_text("\n".join([*lines, ""]), encoding="utf-8")
            process = Process(USER, [program, folder / "settings"], folder)
            stack.callback(process.stop, signal.SIGQUIT)
            process.wait_until(lambda: succeeds(lambda: self.query("SELECT 1")))
            self._ending = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def query(self, statement: str) -> str:
        """Run a statement through the pooler and return its rows as psql prints them."""
        return answer([find_program("psql", PROGRAMS), "-XAtq", "-d", self.conninfo, "-c", statement])
