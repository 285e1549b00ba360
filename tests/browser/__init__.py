"""Tests of the playground in a real browser: `python3 -m tests.browser`."""
