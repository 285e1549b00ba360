"""`python3 -m tests.benchmarks [TABLE ...]`: print the tables of the README. A time is never a failure."""

from tests.support import peers

if __name__ == "__main__":
    peers.run_inside("tests.benchmarks")

import argparse
import platform
import sys
from importlib.metadata import version

from tests.benchmarks import (
    codes,
    databases,
    event_loop,
    playground,
    processes,
    qr,
    scale,
    search,
    storage,
    verification,
)

TABLES = {
    "codes": codes.table,
    "processes": processes.table,
    "verification": verification.table,
    "databases": databases.table,
    "storage": storage.table,
    "scale": scale.table,
    "event_loop": event_loop.table,
    "qr": qr.table,
    "playground": playground.table,
    "search": search.table,
}
PEERS = ("pyotp", "cryptography", "otpauth", "libpass", "mintotp", "totp-rs", "rust-totp", "psycopg", "segno")


def main() -> int:
    """Measure, and print one table after the other."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.benchmarks")
    parser.add_argument("tables", metavar="TABLE", nargs="*", help=f"all, or some of {', '.join(TABLES)}")
    wanted = parser.parse_args().tables or list(TABLES)
    unknown = set(wanted) - set(TABLES)
    if unknown:
        parser.error(f"there is no table {', '.join(sorted(unknown))}")
    names = ", ".join(f"{name} {version(name)}" for name in PEERS)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"{python} on {platform.system()} {platform.machine()}; {names}.", flush=True)
    for name in wanted:
        print()
        for line in TABLES[name]():
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
