"""Text under keys, replaced only where it is still what it was."""
