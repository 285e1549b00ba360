"""What the databases have in common: five statements on a table of two columns, `key` and `value`."""

from onetime.errors import StoreError

TYPE_CHECKING = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

PAGE = 500
"""Entries that are read at once when all are listed."""

MAX_NAME = 63
"""Maximum length of the name of a table or a schema, in characters: PostgreSQL's."""


class Dialect:
    """How one database is asked. A subclass for each database has the methods that raise NotImplementedError.

    A connection is what `connect` returns: opaque to all but the dialect, with a method `close`.

    Args:
        table: The table's name, quoted for use in a statement.
        parameter: The mark of a parameter in a statement.
        quote: The quotation mark of the columns' names.
    """

    def __init__(self, table: str, parameter: str, quote: str) -> None:
        self.parameter = parameter
        self.key: str = f"{quote}key{quote}"
        self.value: str = f"{quote}value{quote}"
        self.use_table(table)

    def use_table(self, table: str) -> None:
        """Write the statements for a table.

        Args:
            table: Its name, quoted.
        """
        mark, key, value = self.parameter, self.key, self.value
        if "%s" in mark:
            table = table.replace("%", "%%")  # it is not a parameter
        # ruff: noqa: S608 - the name of the table was checked
        self.select: str = f"SELECT {value} FROM {table} WHERE {key} = {mark}"
        self.list: str = (
            f"SELECT {key}, {value} FROM {table} WHERE {key} >= {mark} ORDER BY {key} LIMIT {PAGE}"
        )
        self.insert: str = (
            f"INSERT INTO {table} ({key}, {value}) VALUES ({mark}, {mark}) ON CONFLICT ({key}) DO NOTHING"
        )
        self.update: str = f"UPDATE {table} SET {value} = {mark} WHERE {key} = {mark} AND {value} = {mark}"
        self.delete: str = f"DELETE FROM {table} WHERE {key} = {mark} AND {value} = {mark}"

    def connect(self) -> "Any":
        """Open a connection.

        Raises:
            StoreError: The connection cannot be used; the message says why, and what to do.
        """
        raise NotImplementedError

    def prepare(self, connection: "Any", *, create: bool) -> None:
        """Make the commits of a new connection durable, and check the server and the table.

        Args:
            connection: The connection, which the caller closes if it cannot be used.
            create: Whether the table is made first, if it is missing.

        Raises:
            StoreError: The database cannot be used; the message says why, and what to do.
        """
        raise NotImplementedError

    def query(self, connection: "Any", statement: str, parameters: "Sequence[str]") -> "list[Any]":
        """Run a statement that reads, and return its rows, with texts as str."""
        raise NotImplementedError

    def change(self, connection: "Any", statement: str, parameters: "Sequence[str]") -> int:
        """Run a statement that writes, and return how many entries it wrote."""
        raise NotImplementedError

    def had_no_effect(self, error: BaseException) -> bool:
        """Return whether a statement that raised this certainly had no effect, so that it can be retried."""
        raise NotImplementedError

    def is_lost(self, connection: "Any", error: BaseException) -> bool:
        """Return whether the server is gone, so that its other connections are, too."""
        raise NotImplementedError

    def get(self, connection: "Any", key: str) -> str | None:
        """Return the text under a key, or None.

        Raises:
            StoreError: The stored value is not text.
        """
        rows = self.query(connection, self.select, (key,))
        return text(rows[0][0]) if rows else None

    def page(self, connection: "Any", start: str) -> "list[tuple[str, str]]":
        """Return the first entries at or after a key, in the order of the keys' bytes.

        Raises:
            StoreError: A stored value is not text.
        """
        return [(text(key), text(value)) for key, value in self.query(connection, self.list, (start,))]

    def swap(self, connection: "Any", key: str, old: str | None, new: str | None) -> bool:
        """Write text under a key if the stored value is still `old`; they differ."""
        if old is None:
            return self.change(connection, self.insert, (key, new or "")) == 1
        if new is None:
            return self.change(connection, self.delete, (key, old)) == 1
        return self.change(connection, self.update, (new, key, old)) == 1


class GroupingDialect(Dialect):
    """A database whose writes are faster when many of them are committed at once."""

    def begin(self, connection: "Any") -> None:
        """Begin a transaction that writes."""
        raise NotImplementedError

    def commit(self, connection: "Any") -> None:
        """Commit, durably."""
        raise NotImplementedError

    def rollback(self, connection: "Any") -> None:
        """Roll back, if the database has not done so already."""
        raise NotImplementedError


def text(value: object) -> str:
    """Return a value that must be text.

    Raises:
        StoreError: It is anything else.
    """
    if not isinstance(value, str):
        raise StoreError("a stored value is not text")
    return value


def split_name(table: str, *, schema: bool) -> tuple[str | None, str]:
    """Split the name of a table into that of its schema, if it has one, and its own.

    Args:
        table: The name.
        schema: Whether the name of a schema may stand before it, with a dot.

    Raises:
        TypeError: The name is not a str.
        ValueError: The name is not an identifier, or has a schema where none may be.
    """
    if not isinstance(table, str):
        raise TypeError(f"table must be a str, not {type(table).__name__}")
    parts = table.split(".")
    if len(parts) > (2 if schema else 1) or not all(
        part.isascii() and part.isidentifier() and len(part) <= MAX_NAME for part in parts
    ):
        before = ", with or without a schema and a dot before it" if schema else ""
        raise ValueError(
            f"table must be 1 to {MAX_NAME} ASCII letters, digits and _, not beginning with a digit{before}"
        )
    return (parts[0] if len(parts) == 2 else None), parts[-1]
