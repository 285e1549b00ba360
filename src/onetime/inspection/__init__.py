"""Explaining codes, and diagnosing those that do not match."""
