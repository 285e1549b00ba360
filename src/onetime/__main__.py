"""The entry point of `python -m onetime`."""

import sys

from onetime.cli import main

if __name__ == "__main__":
    sys.exit(main())
