"""Move users of liboath's users file, used by pam_oath: `python3 move_usersfile.py /etc/users.oath otp.db`.

A line has a type, a user, a password and a secret, and then the data of the last login:

    HOTP/T30/6 alice - 3132333435363738393031323334353637383930 0 328482 2026-11-22T10:00:00L

1. Stop every service that uses `pam_oath.so`.
2. Run this program on the same machine, because the times in the file are local. You can run it again before
   step 3. Later, it would bring removed devices back.
3. Log in with `verifier.verify(user, devices(lines, user), code)`, where `lines` are those of the file.

The secrets stay in the file, and nothing else in it is read. Do not change the order of its lines, because it
determines the names of a user's devices. A password in a line (neither "-" nor "+") was typed in front of
the code: check it yourself.
"""

import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from onetime import HOTP, TOTP, Credential, Secret, SQLStore, Verifier

WINDOW = 5  # the option `window` of pam_oath; 5 without one


@dataclass
class Line:
    """A line of the file.

    Attributes:
        user: The owner of the device.
        credential: The HOTP or TOTP.
        counter: HOTP: the last counter that was used, or the first one; 0 for a TOTP.
        last_code: The last code that was accepted; empty for none.
        last_login: Unix time in seconds at which that code was accepted; 0 for never.
    """

    user: str
    credential: Credential
    counter: int = 0
    last_code: str = ""
    last_login: int = 0


def read(text: str) -> Line | None:
    """Parse a line; return None if it has no credential.

    Raises:
        ValueError: The line is malformed.
    """
    words = text.split()
    if not words or not words[0].startswith("HOTP"):
        return None
    if len(words) < 4:
        raise ValueError("a line must have a type, a user, a password and a secret")
    kind, user, _password, key, *rest = words
    _, _, kind = kind.partition("/")  # for example "", "E/6", "T30/8"
    moment, _, digits = kind.partition("/")
    secret, length = Secret.from_hex(key), int(digits or 6)
    known: Credential = HOTP(secret, digits=length)
    if moment not in ("", "E"):
        known = TOTP(secret, digits=length, period=int(moment.removeprefix("T")))
    line = Line(user, known, int(rest[0]) if rest else 0)
    if len(rest) > 2:
        line.last_code = rest[1]
        line.last_login = int(time.mktime(time.strptime(rest[2], "%Y-%m-%dT%H:%M:%SL")))
    return line


def devices(lines: Iterable[str], user: str) -> dict[str, Credential]:
    """Return the credentials of a user's devices, which are numbered in the order of their lines."""
    own = []
    for text in lines:
        # A malformed line was not moved, and locks no other user out.
        with suppress(ValueError):
            line = read(text)
            if line and line.user == user:
                own.append(line.credential)
    return {f"line-{number}": credential for number, credential in enumerate(own, 1)}


def place(line: Line) -> tuple[int, int]:
    """Return the lowest counter or step that has not been accepted, and the drift."""
    known = line.credential
    if isinstance(known, HOTP):
        return (line.counter + 1 if line.last_code else line.counter), 0
    if not line.last_code:
        return 0, 0
    center = known.step(line.last_login)
    for step in range(center + WINDOW, max(center - WINDOW, 0) - 1, -1):
        if known.hotp.at(step) == line.last_code:
            return step + 1, step - center
    # The clock of the machine was changed: every code that may have been accepted by now counts as used.
    return known.step(time.time()) + WINDOW + 1, 0


def main(source: str, path: str) -> None:
    """Move all users."""
    if not Path(source).is_file():
        raise SystemExit(f"there is no file {source}")
    moved, refused = 0, []
    counts: dict[str, int] = {}
    with SQLStore.sqlite(path) as store:
        verifier = Verifier(store)
        lines = Path(source).read_text("utf-8", errors="surrogateescape").splitlines()
        for number, text in enumerate(lines, 1):
            try:
                line = read(text)
                if line is None:
                    continue
                counts[line.user] = counts.get(line.user, 0) + 1
                watermark, drift = place(line)
                # Running this program again never lowers a watermark.
                verifier.adopt(
                    line.user,
                    line.credential,
                    device=f"line-{counts[line.user]}",
                    watermark=watermark,
                    drift=drift,
                    replace=True,
                )
            except Exception as error:  # whatever is wrong with a line, the others are moved
                refused.append(f"line {number}: {error}")
            else:
                moved += 1
    print(f"{moved} moved, {len(refused)} not")
    if refused:
        raise SystemExit("\n".join(["not moved:", *refused]))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python3 move_usersfile.py /etc/users.oath otp.db")
    main(*sys.argv[1:])
