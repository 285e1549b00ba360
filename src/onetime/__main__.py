"""`python -m onetime`: the command line."""

import sys

from onetime.cli import main

if __name__ == "__main__":
    sys.exit(main())
