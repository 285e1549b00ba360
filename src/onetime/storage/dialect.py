"""The common part of all databases: five statements on a table of two columns, `key` and `value`."""

from onetime.errors import StoreError

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

PAGE = 500
"""Number of entries in a page when all entries are listed."""

MAX_NAME = 63
"""Maximum length of the name of a table or a schema, in characters: PostgreSQL's limit."""


class Dialect:
    """Access to one database. A subclass defines the methods that raise NotImplementedError here.

    Connections must have a method `close`, and may have a method `abandon`, which a forked child calls. Only
    the dialect uses any other part of a connection.

    Args:
        table: The table's name, quoted for use in a statement.
        parameter: The placeholder of a parameter in a statement.
        quote: The quotation mark around column names.
    """

    def __init__(self, table: str, parameter: str, quote: str) -> None:
        self.parameter = parameter
        self.key: str = f"{quote}key{quote}"
        self.value: str = f"{quote}value{quote}"
        self.use_table(table)

    def use_table(self, table: str) -> None:
        """Compose the statements for a table.

        Args:
            table: The table's name, quoted.
        """
        mark, key, value = self.parameter, self.key, self.value
        if "%s" in mark:
            table = table.replace("%", "%%")  # a percent sign in a name is not a placeholder
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
            create: Whether to create the table first, if it is missing.

        Raises:
            StoreError: The database cannot be used; the message says why, and what to do.
        """
        raise NotImplementedError

    def query(self, connection: "Any", statement: str, parameters: "Sequence[str]") -> "list[Any]":
        """Run a statement that reads, and return its rows, with texts as str."""
        raise NotImplementedError

    def change(self, connection: "Any", statement: str, parameters: "Sequence[str]") -> int:
        """Run a statement that writes, and return the number of entries that it wrote."""
        raise NotImplementedError

    def had_no_effect(self, error: BaseException) -> bool:
        """Return whether a statement that raised an error certainly had no effect, and can be retried."""
        raise NotImplementedError

    def is_lost(self, connection: "Any", error: BaseException) -> bool:
        """Return whether the server is gone, so that all other connections are lost too."""
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
        """Write text under a key if the stored value is still `old`, which must differ from `new`."""
        if old is None:
            return self.change(connection, self.insert, (key, new or "")) == 1
        if new is None:
            return self.change(connection, self.delete, (key, old)) == 1
        return self.change(connection, self.update, (new, key, old)) == 1


class GroupingDialect(Dialect):
    """A database that writes faster if many writes share a commit."""

    def begin(self, connection: "Any") -> None:
        """Begin a transaction that writes."""
        raise NotImplementedError

    def commit(self, connection: "Any") -> None:
        """Commit durably."""
        raise NotImplementedError

    def rollback(self, connection: "Any") -> None:
        """Roll back, if the database has not done so already."""
        raise NotImplementedError


def text(value: object) -> str:
    """Return a stored value if it is text.

    Raises:
        StoreError: The value is not text.
    """
    if not isinstance(value, str):
        raise StoreError("a stored value must be text")
    return value


def split_name(table: str, *, schema: bool) -> tuple[str | None, str]:
    """Split a table's name into the name of the schema, if there is one, and the name in the schema.

    Args:
        table: The name.
        schema: Whether the name may begin with a schema and a dot.

    Raises:
        TypeError: The name is not a str.
        ValueError: The name is not an identifier, or has a schema that is not allowed.
    """
    if not isinstance(table, str):
        raise TypeError(f"table must be a str, not {type(table).__name__}")
    parts = table.split(".")
    if len(parts) > (2 if schema else 1) or not all(
        part.isascii() and part.isidentifier() and len(part) <= MAX_NAME for part in parts
    ):
        before = "; a schema and a dot may precede them" if schema else ""
        raise ValueError(
            f"table must be 1 to {MAX_NAME} ASCII letters, digits and _, beginning with a letter or _{before}"
        )
    return (parts[0] if len(parts) == 2 else None), parts[-1]
