"""Move users from passlib or libpass without enrolling again: `python3 move_passlib.py site.db otp.db`.

Both have the module `passlib.totp`. It stores nothing. This table stands for your own:

    CREATE TABLE otp (user_id INTEGER PRIMARY KEY, json TEXT, last_counter INTEGER, skew INTEGER)

`json` is what `TOTP.to_json()` returned. It is NULL or empty for a user without a second factor, who is
skipped. `last_counter` is `TotpMatch.counter` of the last code, if you stored it. `skew` is the skew in
seconds that you passed to `verify` for this user, if any.

1. Stop the site, so that passlib accepts no more codes.
2. Run this program. You can run it again before step 3. Later, it would bring removed devices back.
3. Start the site with `verifier.verify(str(user_id), credential(row["json"]), code)` in place of
   `TOTP.verify`.

The secrets stay in your table. If they are encrypted there, passlib decrypts them at each login. If you did
not store which code was accepted last, every code that passlib may have accepted by now counts as used: the
owner waits for the code after the next one.
"""

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from passlib import totp as passlib_totp

from onetime import TOTP, Secret, SQLStore, Verifier

WINDOW = 30  # the largest `window` in seconds that you passed to `TOTP.verify`; 30 without one

Reader: Any = passlib_totp.TOTP
# With encrypted secrets, as in your site: passlib_totp.TOTP.using(secrets_path="/etc/site/totp.secrets")


def rows(path: str) -> Iterator[sqlite3.Row]:
    """Read your table. The file is neither changed nor created."""
    with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield from connection.execute("SELECT * FROM otp")


def credential(json: str) -> TOTP:
    """Return the credential that passlib stored."""
    old = Reader.from_json(json)
    return TOTP(Secret(old.key), digits=old.digits, algorithm=old.alg, period=old.period)


def place(row: sqlite3.Row, totp: TOTP) -> tuple[int, int]:
    """Return the lowest step that passlib has not accepted, and the drift, which is the skew in steps."""
    skew = row["skew"] or 0
    drift = round(skew / totp.period)
    if row["last_counter"] is not None:
        return row["last_counter"] + 1, drift
    return totp.step(time.time() + skew + WINDOW) + 1, drift


def main(source: str, path: str) -> None:
    """Move all users."""
    if not Path(source).is_file():
        raise SystemExit(f"there is no file {source}")
    moved, skipped, refused = 0, 0, []
    try:
        table = list(rows(source))
    except sqlite3.Error as error:
        raise SystemExit(f"{source} cannot be read: {error}") from None
    with SQLStore.sqlite(path) as store:
        verifier = Verifier(store)
        for row in table:
            if not row["json"]:
                skipped += 1
                continue
            try:
                totp = credential(row["json"])
                watermark, drift = place(row, totp)
                # Running this program again never lowers a watermark.
                verifier.adopt(str(row["user_id"]), totp, watermark=watermark, drift=drift, replace=True)
            except Exception as error:  # whatever is wrong with a row, the others are moved
                refused.append(f"user {row['user_id']}: {error}")
            else:
                moved += 1
    print(f"{moved} moved, {len(refused)} not, {skipped} without a second factor")
    if refused:
        raise SystemExit("\n".join(["not moved:", *refused]))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python3 move_passlib.py site.db otp.db")
    main(*sys.argv[1:])
