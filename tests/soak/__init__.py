"""Long-running checks, each a command: `python3 -m tests.soak NAME`."""
