"""Move users of pam_google_authenticator: `python3 move_google_authenticator.py otp.db /home/*`.

Each user has a file `.google_authenticator` in the home folder. The name of that folder is the user's name.

1. Stop every service that uses `pam_google_authenticator.so`.
2. Run this program. You can run it again before step 3. Later, it would bring removed devices back.
3. Log in with `verifier.verify(user, read(text).credential, code)`, where `text` is the user's file.

The secret stays in the user's file; nothing else in it is read at a login. The steps of DISALLOW_REUSE stay
used, TIME_SKEW is kept as drift, and HOTP_COUNTER as it is. Without DISALLOW_REUSE the file does not say
which code was used last, so every code that may have been accepted by now counts as used: the owner waits
until all codes of the module's window have expired.

Scratch codes cannot be adopted, because they are short (26 bits) and stored in plain text. At the next login,
show the user the new codes of `RecoveryCodes(store).issue(user)` once.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from onetime import HOTP, TOTP, Credential, Secret, SQLStore, Verifier

NAME = ".google_authenticator"
DEFAULT_WINDOW_SIZE = 3
"""Number of codes that the module accepts without the option WINDOW_SIZE."""


@dataclass
class Moved:
    """The content of a user's file.

    Attributes:
        credential: The HOTP or TOTP.
        watermark: The lowest counter or step that has not been accepted.
        drift: Steps from the server's clock to the device's.
        scratch_codes: Number of unused scratch codes.
    """

    credential: Credential
    watermark: int
    drift: int
    scratch_codes: int


def read(text: str) -> Moved:
    """Parse a user's file: the secret, options that begin with a quotation mark, and scratch codes.

    Raises:
        ValueError, IndexError: A line is malformed.
    """
    first, *lines = text.splitlines()
    secret = Secret.from_base32(first)
    options = {}
    for line in lines:
        if line.startswith('" '):
            option, *words = line[2:].split()
            options[option] = words
    codes = sum(line.isdigit() for line in lines)
    if "HOTP_COUNTER" in options:
        # The next counter. The module advances it after a wrong code, too.
        return Moved(HOTP(secret), int(options["HOTP_COUNTER"][0]), 0, codes)
    totp = TOTP(secret, period=int(options.get("STEP_SIZE", ["30"])[0]))
    drift = int(options.get("TIME_SKEW", ["0"])[0])
    if "DISALLOW_REUSE" in options:
        watermark = max((int(step) + 1 for step in options["DISALLOW_REUSE"]), default=0)
    else:
        size = int(options.get("WINDOW_SIZE", [str(DEFAULT_WINDOW_SIZE)])[0])
        watermark = totp.step(time.time()) + drift + size // 2 + 1
    return Moved(totp, watermark, drift, codes)


def main(path: str, *homes: str) -> None:
    """Move the users whose home folder has the file."""
    count, refused = 0, []
    with SQLStore.sqlite(path) as store:
        verifier = Verifier(store)
        for home in map(Path, homes):
            try:
                if not (home / NAME).is_file():
                    continue
                moved = read((home / NAME).read_text("ascii"))
                # Running this program again never lowers a watermark.
                verifier.adopt(
                    home.name, moved.credential, watermark=moved.watermark, drift=moved.drift, replace=True
                )
            except Exception as error:  # whatever is wrong with a file, the others are moved
                refused.append(f"user {home.name}: {error}")
            else:
                count += 1
                print(f"user {home.name} was moved; {moved.scratch_codes} scratch codes were not")
    print(f"{count} moved, {len(refused)} not")
    if refused:
        raise SystemExit("\n".join(["not moved:", *refused]))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit("usage: python3 move_google_authenticator.py otp.db HOME...")
    main(*sys.argv[1:])
