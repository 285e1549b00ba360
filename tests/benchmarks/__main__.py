"""`python3 -m tests.benchmarks`: print the tables of the README. A time is never a failure."""

from tests import peers

if __name__ == "__main__":
    peers.run_inside("tests.benchmarks")

import platform
import sys
from importlib.metadata import version

from tests.benchmarks import codes, processes

PEERS = ("pyotp", "cryptography", "otpauth", "libpass", "mintotp")


def main() -> int:
    """Measure, and print one table after the other."""
    names = ", ".join(f"{name} {version(name)}" for name in PEERS)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"{python} on {platform.system()} {platform.machine()}; {names}.\n")
    print("\n".join([*codes.table(), "", *processes.table()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
