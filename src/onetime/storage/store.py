"""The interface of a store, two methods over opaque text, and the loop that uses them."""

from onetime.errors import StoreError

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar, TypeVarTuple, Unpack

    T = TypeVar("T")
    Rest = TypeVarTuple("Rest")
else:
    Protocol = object

MAX_USER = 255
"""Maximum length of a user's name, in characters: an e-mail address has at most 254."""

MAX_SWAPS = 1000
"""Maximum number of swaps of one transaction. Each lost swap means that another caller's verdict was stored.
A throttle allows a few dozen verdicts, so a store that loses a thousand swaps is broken."""


class Store(Protocol):
    """Text under keys, replaced only if it has not changed since it was read.

    Both methods are linearizable: a read returns the text that the last successful write stored, whatever
    thread, process or machine wrote it. Each call commits on its own, never inside a transaction of the
    caller, whose rollback would undo the record of a failed attempt.

    `onetime.testing.StoreContract` tests a store. The author must ensure what tests cannot detect:

    - A swap is durable before it returns, even if a power cut or a failover follows.
    - An entry has no time-to-live, and nothing evicts it: without its entry, a used code is accepted again.
    - The client does not retry a write on its own. A swap that was retried after it succeeded returns
      False, and a correct code is reported as a replay.
    - Reads go to the primary, never to a replica that lags.
    - A connection is never shared with a forked child.
    - The clocks of all servers that share a store agree within a minute.
    """

    def get(self, key: str, /) -> str | None:
        """Return the text under a key, or None if there is no entry.

        Raises:
            StoreError: The entry cannot be read.
        """

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        """Write text under a key if the stored value is still `old`, durably and in one step.

        Args:
            key: The key.
            old: The value that must be stored; None for no entry.
            new: The value to write; None deletes the entry.

        Returns:
            True if the text was written; False if another value is stored, and nothing was changed.

        Raises:
            StoreError: The text cannot be written, or it is unknown whether it was written.
        """


class Records:
    """The entries of one kind in a store, each under the name of a user.

    Args:
        store: The store.
        prefix: The kind of entry, for example "otp". It is the first part of each storage key.

    Raises:
        TypeError: The store has no methods `get` and `swap`.
    """

    def __init__(self, store: Store, prefix: str) -> None:
        if isinstance(store, type) or not (
            callable(getattr(store, "get", None)) and callable(getattr(store, "swap", None))
        ):
            raise TypeError(
                "the store must have the methods get and swap, "
                'for example SQLStore.sqlite("otp.db") or MemoryStore()'
            )
        self.store = store
        self._prefix = f"{prefix}/"

    def key(self, user: str) -> str:
        """Return the storage key of a user.

        Args:
            user: Text of 1 to 255 characters without NUL, for example the user's immutable id.

        Raises:
            TypeError: The user is not a str.
            ValueError: The user is empty, too long, or has a NUL or a lone surrogate.
        """
        if not isinstance(user, str):
            raise TypeError(f"user must be a str, not {type(user).__name__}; convert an id with str(...)")
        if not 0 < len(user) <= MAX_USER or "\0" in user:
            raise ValueError(f"user must have 1 to {MAX_USER} characters, and no NUL")
        if not user.isascii():
            try:
                user.encode()
            except UnicodeEncodeError:
                raise ValueError("user must not have a lone surrogate, which UTF-8 cannot encode") from None
        return self._prefix + user

    def get(self, user: str) -> str | None:
        """Return the stored text of a user, or None.

        Raises:
            TypeError: As `key` does.
            ValueError: As `key` does.
            StoreError: The entry cannot be read.
        """
        return self.store.get(self.key(user))

    def transact(
        self, user: str, decide: "Callable[[str | None, *Rest], tuple[str | None, T]]", *rest: "Unpack[Rest]"
    ) -> "T":
        """Read, decide and swap, and repeat until a swap succeeds.

        A lost swap means that another caller's verdict was stored. Then the decision is made again with the
        new text. No verdict is returned before its state is stored.

        Args:
            user: The user whose entry changes.
            decide: Called with the stored text and `rest`; returns the text to store and the verdict.
            rest: Further arguments of `decide`.

        Returns:
            The verdict whose state is stored.

        Raises:
            TypeError: As `key` does.
            ValueError: As `key` does.
            StoreError: The store failed, or lost every swap.
        """
        key = self.key(user)
        for _ in range(MAX_SWAPS):
            old = self.store.get(key)
            new, verdict = decide(old, *rest)
            if new == old or self.store.swap(key, old, new):
                return verdict
        raise StoreError(f"the entry changed between a read and a write {MAX_SWAPS} times in a row")

    def delete(self, user: str) -> None:
        """Delete the entry of a user, if there is one.

        Raises:
            TypeError: As `key` does.
            ValueError: As `key` does.
            StoreError: The entry cannot be deleted.
        """
        self.transact(user, lambda _: (None, None))
