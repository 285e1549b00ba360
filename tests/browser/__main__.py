"""`python3 -m tests.browser`: the tests of the playground in a real browser, Debian's Chromium.

Arguments are unittest's. `python3 -m unittest` does not run these tests, because they take minutes.
"""

import sys
import unittest

MODULES = [f"tests.browser.{name}" for name in ("parts", "pasted", "match", "login", "page", "access")]

if __name__ == "__main__":
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    chosen = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    unittest.main(module=None, argv=["python3 -m tests.browser", *options, *(chosen or MODULES)])
