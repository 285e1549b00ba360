"""Stores: text under keys, replaced only if it has not changed since it was read."""
