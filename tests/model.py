"""`python3 -m tests.model`: a hundred thousand random histories, the verifier against a plain model of it.

At the first difference the shortened history is printed, as a program.
"""

import argparse
import secrets
import sys

from tests.verification import histories


def main() -> int:
    """Play them all, and tell what happened in them."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.model", description=__doc__)
    parser.add_argument("--histories", type=int, default=100_000, help="(default: 100000)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="of the first history")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    failure, seen = histories.play_all(options.seed, options.histories)
    for what, times in sorted(seen.items()):
        print(f"{times:>9,} {what}")
    print(failure or f"{options.histories:,} histories of {histories.STEPS} moves, no difference")
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
