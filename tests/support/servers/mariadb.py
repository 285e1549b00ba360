"""MariaDB: one server, or a Galera cluster of three."""

import os
import random
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.support.servers.process import (
    Process,
    answer,
    find_program,
    run_as,
    server_folder,
    socket_path,
    succeeds,
)

USER = "mysql"
ACCOUNT = "onetime"
"""Name of the ordinary account, and of the only database that it may use."""

SETTINGS: dict[str, str | int] = {
    "max_connections": 200,
    "key_buffer_size": "1M",
    "aria_pagecache_buffer_size": "8M",
    "innodb_buffer_pool_size": "32M",
    "innodb_log_file_size": "16M",
    "innodb_flush_log_at_trx_commit": 1,
    "skip_name_resolve": "ON",
}
"""Settings of each server: durable, and small in memory."""

BINARY_LOG: dict[str, str | int] = {"log_bin": "binlog", "sync_binlog": 1, "binlog_format": "ROW"}


class MariaDBServer:
    """A MariaDB with InnoDB and a binary log, without passwords, on a Unix socket.

    Attributes:
        arguments: Arguments for a driver's `connect`, of the ordinary account.
        administrator: The same, of the account that may do everything.
    """

    def __init__(self, parent: Path | None = None, **settings: str | int) -> None:
        """Describe a server; `with` starts it.

        Args:
            parent: Folder in which the server's own folder is made.
            settings: More of the server's settings.
        """
        self._parent = parent
        self._settings = {"skip_networking": "ON"} | BINARY_LOG | settings

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = stack.enter_context(server_folder(USER, self._parent))
            self._node = stack.enter_context(_Node(folder, self._settings))
            self._node.install()
            self._node.start()
            self._node.wait_until("SELECT 1")
            self._node.make_account()
            self.arguments = self._node.arguments
            self.administrator = self.arguments | {"user": "root"}
            self._ending = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def start(self) -> None:
        """Start the server again after it was killed, and wait until it answers."""
        self._node.start()
        self._node.wait_until("SELECT 1")

    def kill(self) -> None:
        """Kill the server with SIGKILL."""
        self._node.kill()

    def query(self, statement: str) -> str:
        """Run a statement as administrator and return its rows, with tabs between columns.

        Raises:
            ServerError: The statement failed, or the server does not answer.
        """
        return self._node.query(statement)


class GaleraCluster:
    """Three MariaDB servers on loopback that replicate to each other with Galera.

    Attributes:
        arguments: For each node the arguments for a driver's `connect`, of the ordinary account.
        administrator: The same, of the account that may do everything.
    """

    SIZE = 3

    def __init__(self, parent: Path | None = None, **settings: str | int) -> None:
        """Describe a cluster; `with` starts it.

        Args:
            parent: Folder in which the cluster's own folder is made.
            settings: More of the servers' settings.
        """
        self._parent = parent
        self._settings = settings

    def __enter__(self) -> Self:
        provider = find_program("libgalera_smm.so", "usr/lib/galera", "usr/lib*/galera-4", mode=os.R_OK)
        # Addresses of its own on loopback keep a cluster apart from other clusters, and from the ports that
        # the system hands out on 127.0.0.1 while a node is down.
        network = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}"
        addresses = [f"{network}.{number}" for number in range(1, self.SIZE + 1)]
        ports = [_free_ports(address, 3) for address in addresses]
        members = ",".join(f"{addresses[number]}:{ports[number][0]}" for number in range(self.SIZE))
        with ExitStack() as stack:
            parent = stack.enter_context(server_folder(USER, self._parent))
            self._nodes = []
            for number, (address, (group, catch_up, copy)) in enumerate(zip(addresses, ports, strict=True)):
                folder = stack.enter_context(server_folder(USER, parent))
                settings: dict[str, str | int] = {
                    "bind_address": address,
                    "port": _free_ports(address, 1)[0],
                    "binlog_format": "ROW",
                    "innodb_autoinc_lock_mode": 2,
                    "wsrep_on": "ON",
                    "wsrep_provider": provider,
                    "wsrep_cluster_name": network,
                    "wsrep_cluster_address": f"gcomm://{members}",
                    "wsrep_node_name": f"node{number}",
                    "wsrep_node_address": f"{address}:{group}",
                    "wsrep_sst_method": "rsync",
                    "wsrep_sst_receive_address": f"{address}:{copy}",
                    "wsrep_provider_options": f"gmcast.listen_addr=tcp://{address}:{group}; "
                    f"ist.recv_addr={address}:{catch_up}; gcache.size=16M; pc.recovery=FALSE",
                }
                self._nodes.append(stack.enter_context(_Node(folder, settings | self._settings)))
            # The other nodes copy the first one's data.
            self._nodes[0].install()
            self._nodes[0].start("--wsrep-new-cluster")
            self._nodes[0].wait_until(IS_SYNCED)
            self._nodes[0].make_account()
            for number in range(1, self.SIZE):
                self.start(number)
            self.arguments = [node.arguments for node in self._nodes]
            self.administrator = [arguments | {"user": "root"} for arguments in self.arguments]
            self._ending = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def start(self, number: int) -> None:
        """Start a node, from 0, while another one is running, and wait until it has all data."""
        self._nodes[number].start()
        self._nodes[number].wait_until(IS_SYNCED)

    def kill(self, number: int) -> None:
        """Kill a node, from 0, with SIGKILL."""
        self._nodes[number].kill()

    def query(self, number: int, statement: str) -> str:
        """Run a statement on a node, from 0, as administrator; return its rows, with tabs between columns.

        Raises:
            ServerError: The statement failed, or the node does not answer.
        """
        return self._nodes[number].query(statement)


IS_SYNCED = (
    "SELECT 1 FROM information_schema.global_status "
    "WHERE variable_name = 'wsrep_local_state_comment' AND variable_value = 'Synced'"
)


class _Node:
    """One server process and its folder; stopped at the end of `with`, but not started by it."""

    def __init__(self, folder: Path, settings: Mapping[str, str | int]) -> None:
        self._program = find_program("mariadbd")
        self._folder = folder
        self._options = folder / "options"
        self._socket = socket_path(folder / "socket")
        run_as(USER, ["mkdir", folder / "data"], folder)
        self.arguments = {"unix_socket": str(self._socket), "user": ACCOUNT, "database": ACCOUNT}
        places = {
            "datadir": folder / "data",
            "tmpdir": folder,
            "socket": self._socket,
            "pid_file": folder / "pid",
        }
        lines = [f"{name} = {value}" for name, value in {**places, **SETTINGS, **settings}.items()]
        self._options.write_text("\n".join(["[mariadbd]", *lines, ""]), encoding="utf-8")

    def __enter__(self) -> Self:
        self._process: Process | None = None
        return self

    def __exit__(self, *_: object) -> None:
        # What it would save is removed with its folder.
        self.kill()

    def install(self) -> None:
        program = find_program("mariadb-install-db")
        options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        run_as(USER, [program, f"--defaults-file={self._options}", *options], self._folder)

    def start(self, *options: str) -> None:
        command = [self._program, f"--defaults-file={self._options}", *options]
        self._process = Process(USER, command, self._folder)

    def wait_until(self, statement: str) -> None:
        assert self._process is not None
        self._process.wait_until(lambda: succeeds(lambda: self.query(statement)))

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def make_account(self) -> None:
        self.query(f"CREATE DATABASE {ACCOUNT}")
        self.query(f"CREATE USER {ACCOUNT}@localhost")
        self.query(f"GRANT ALL ON {ACCOUNT}.* TO {ACCOUNT}@localhost")

    def query(self, statement: str) -> str:
        client = [find_program("mariadb"), "--no-defaults", "-uroot", f"--socket={self._socket}", "-BNe"]
        return answer([*client, statement])


def _free_ports(address: str, count: int) -> list[int]:
    """Return different ports of an address that are free now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((address, 0))
        return [each.getsockname()[1] for each in sockets]
