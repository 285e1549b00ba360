"""`python3 -m tests.support.servers FOLDER`: start the servers that the tests talk to.

When all are ready, what the tests need to know is printed, and written to FOLDER/environment for a shell to
read (`set -a; . FOLDER/environment`). The servers run until standard input ends or SIGTERM or SIGINT comes.
Then they are stopped and their data is removed.
"""

import argparse
import json
import os
import shlex
import signal
import sys
import unittest
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.support.servers import GaleraCluster, MariaDBServer, PgBouncer, PostgresServer, ServerError
from tests.support.servers.pgbouncer import MODES

NAMES = ("postgres", "pgbouncer", "mariadb", "galera")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder for the servers' data; it is made if it is missing")
    parser.add_argument("names", nargs="*", metavar="SERVER", help=f"{', '.join(NAMES)}; all by default")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(NAMES)
    if unknown:
        parser.error(f"a server is one of {', '.join(NAMES)}: {', '.join(sorted(unknown))}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    arguments.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    environment = arguments.folder / "environment"
    environment.unlink(missing_ok=True)
    try:
        with ExitStack() as stack:
            lines = []
            for name, value in start(arguments.names or NAMES, arguments.folder.resolve(), stack):
                lines.append(f"{name}={shlex.quote(value)}\n")
                print(lines[-1], end="", flush=True)
            # Whoever waits for the file finds it whole.
            partial = environment.with_suffix(".partial")
            partial.write_text("".join(lines), encoding="utf-8")
            stack.callback(environment.unlink, missing_ok=True)
            partial.rename(environment)
            while os.read(sys.stdin.fileno(), 4096):
                pass
    except (ServerError, unittest.SkipTest) as error:
        print(f"servers: {error}", file=sys.stderr)
        return 1
    return 0


def start(names: tuple[str, ...] | list[str], folder: Path, stack: ExitStack) -> Iterator[tuple[str, str]]:
    """Start servers in a stack of contexts; yield the name and value of each environment variable."""
    if {"postgres", "pgbouncer"} & set(names):
        server = stack.enter_context(PostgresServer(folder))
        yield "ONETIME_POSTGRES", server.conninfo
        for mode in MODES if "pgbouncer" in names else ():
            pooler = stack.enter_context(PgBouncer(server, mode, folder))
            yield f"ONETIME_PGBOUNCER_{mode.upper()}", pooler.conninfo
    if "mariadb" in names:
        yield "ONETIME_MARIADB", json.dumps(stack.enter_context(MariaDBServer(folder)).arguments)
    if "galera" in names:
        yield "ONETIME_GALERA", json.dumps(stack.enter_context(GaleraCluster(folder)).arguments)


def _end(*_: object) -> None:
    """End the program in order, once."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
