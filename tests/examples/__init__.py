"""Programs to copy, each with a test that runs it."""
