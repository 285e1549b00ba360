"""Long-running checks: `python3 -m tests.soak NAME`."""
