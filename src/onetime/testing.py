"""Tools for the tests of programs that use onetime."""

from onetime.storage.contract import StoreContract

__all__ = ["StoreContract"]
