"""Move a store from SQLite to PostgreSQL: `python3 move_store.py store.db "host=db dbname=otp"`.

1. Stop every program that uses the store.
2. Run this program. It copies all entries, compares the two stores and renames the old table.
3. Start the programs with the new store.

It can be interrupted and run again. Until it has renamed the old table, the programs can
continue to use that table.
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import psycopg

from onetime import SQLStore

TABLE, OLD_TABLE = "onetime", "onetime_moved"


def copy(old: SQLStore, new: SQLStore) -> int:
    """Copy all entries of a store to another one, and return how many there are.

    Raises:
        SystemExit: The new store has other entries, or a program still writes to the old one.
    """
    count = 0
    for key, text in old.items():
        if not new.swap(key, None, text) and new.get(key) != text:
            raise SystemExit(f"the new store has another entry under {key}; nothing was moved")
        count += 1
    found = [sum(1 for _ in store.items()) for store in (old, new)]
    if found != [count, count]:
        raise SystemExit(f"{count} entries were copied, but now there are {found}; nothing was moved")
    return count


def main(path: str, conninfo: str) -> None:
    """Move a store."""
    if not Path(path).is_file():
        raise SystemExit(f"there is no file {path}")
    with (
        SQLStore.sqlite(path, table=TABLE) as old,
        SQLStore.postgres(lambda: psycopg.connect(conninfo), table=TABLE) as new,
    ):
        new.create_table()
        count = copy(old, new)
    # A program that was not stopped finds no user enrolled, and accepts no code.
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"ALTER TABLE {TABLE} RENAME TO {OLD_TABLE}")
        connection.commit()
    print(f"{count} entries were moved")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit('usage: python3 move_store.py store.db "host=db dbname=otp"')
    main(*sys.argv[1:])
