"""Looking inside a code."""
