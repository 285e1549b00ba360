"""Move users from PyOTP without enrolling again: `python3 move_pyotp.py site.db otp.db`.

PyOTP stores nothing. This table stands for your own:

    CREATE TABLE otp (user_id INTEGER PRIMARY KEY, secret TEXT, digits INTEGER, "interval" INTEGER,
                      counter INTEGER, last_step INTEGER, digest TEXT)

`secret` is what `pyotp.random_base32()` made. It is NULL or empty for a user without a second factor, who is
skipped. `interval` is NULL for a `pyotp.HOTP`, whose next counter is in `counter`. `last_step` is the last
step that was accepted, `totp.timecode(for_time)`, if you stored it. `digest` is the name of the hash, such as
`sha256`. NULL means 6 digits, counter 0 and SHA-1. If your table or its columns have other names, change
`QUERY`, for example to:

    SELECT id AS user_id, otp_secret AS secret, NULL AS digits, 30 AS "interval", NULL AS counter,
           last_step, NULL AS digest FROM users

1. Stop the site, so that PyOTP accepts no more codes.
2. Run this program. You can run it again before step 3. Later, it would bring removed devices back.
3. Start the site with `verifier.verify(str(user_id), credential(row), code)` in place of `totp.verify`.

The secrets stay in your table, where you should encrypt them. A moved secret is the device "default". New
devices are derived as in `recipe.py`. With its `credential` under the name `derived`, this returns both:

    def devices(row):
        state = verifier.state(str(row["user_id"]))
        names = state.devices if state else ()
        return {name: credential(row) if name == "default" else derived(row, name) for name in names}

If you did not store which code was accepted last, every code that PyOTP may have accepted by now counts as
used: the owner waits for the code after the next one.
"""

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from onetime import HOTP, TOTP, Credential, Secret, SQLStore, Verifier

QUERY = "SELECT * FROM otp"
VALID_WINDOW = 1  # the largest `valid_window` that you passed to `totp.verify`


def rows(path: str) -> Iterator[sqlite3.Row]:
    """Read your table. The file is neither changed nor created."""
    with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield from connection.execute(QUERY)


def credential(row: sqlite3.Row) -> Credential:
    """Return the credential of a row."""
    secret = Secret.from_base32(row["secret"])
    digits = 6 if row["digits"] is None else row["digits"]
    algorithm = row["digest"] or "SHA1"
    if row["interval"] is None:
        return HOTP(secret, digits=digits, algorithm=algorithm)
    return TOTP(secret, digits=digits, algorithm=algorithm, period=row["interval"])


def watermark(row: sqlite3.Row) -> int:
    """Return the lowest counter or step that PyOTP has not accepted."""
    known = credential(row)
    if known.kind == "hotp":
        return int(row["counter"] or 0)
    if row["last_step"] is not None:
        return int(row["last_step"]) + 1
    return known.step(time.time()) + VALID_WINDOW + 1


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
            if not row["secret"]:
                skipped += 1
                continue
            try:
                # Running this program again never lowers a watermark.
                verifier.adopt(str(row["user_id"]), credential(row), watermark=watermark(row), replace=True)
            except Exception as error:  # whatever is wrong with a row, the others are moved
                refused.append(f"user {row['user_id']}: {error}")
            else:
                moved += 1
    print(f"{moved} moved, {len(refused)} not, {skipped} without a second factor")
    if refused:
        raise SystemExit("\n".join(["not moved:", *refused]))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python3 move_pyotp.py site.db otp.db")
    main(*sys.argv[1:])
