"""Kill processes that verify on an SQLite file, and look at what the file remembers."""

import argparse
import secrets
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from onetime.storage.sql import SQLStore
from tests.verification.kill import WriteBehind, kill


def main() -> int:
    """Kill as many."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=5000, help="at least so many (default: 5000)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats all but the moments")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:

        def late() -> WriteBehind:
            return WriteBehind(SQLStore.sqlite(Path(folder, "late")))

        bad = kill(late, 50, options.seed, children=1)
        print(f"a store that writes later: {bad}", flush=True)
        if not bad.fault:
            print("the test finds nothing")
            return 1
        for inherited, share in ((False, 5), (True, 1)):
            opener = partial(SQLStore.sqlite, Path(folder, f"{inherited}"))
            began = time.monotonic()
            number, children = -(-options.kills * share // 6), 2 if inherited else 3
            kills = kill(opener, number, options.seed, inherited=inherited, children=children)
            name = "children that inherited the store" if inherited else "children that opened the store"
            print(f"{name}: {kills}; {time.monotonic() - began:.0f} s", flush=True)
            if kills.fault:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
