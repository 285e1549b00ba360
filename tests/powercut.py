"""`python3 -m tests.powercut`: no power cut makes the embedded store forget a verdict that it told."""

import argparse
import secrets
import sys
import time

from tests.verification import powercut


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=3000, help="different disk images of each setting")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}, {arguments.images} different images of each setting", flush=True)
    print(powercut.HEADING)
    failed = False
    for setting in powercut.SETTINGS:
        began = time.monotonic()
        report = powercut.cut(setting, arguments.images, arguments.seed)
        print(f"{report}   in {time.monotonic() - began:.0f} s", flush=True)
        if setting == powercut.SHIPPED:
            for trouble, where in report.found.items():
                for moment in where:
                    failed = True
                    print(f"{trouble}: {moment}")
        elif not report.found["lost"]:
            failed = True
            print("no loss was found where there are some: this run proves nothing")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
