"""A help desk for hardware tokens, HOTP and TOTP, that are read from a vendor's CSV or PSKC file.

    pip install cryptography python-pskc  # the second one for PSKC files only
    export TOKEN_KEY=...  # keep it in a vault: python3 -c "import secrets; print(secrets.token_hex(32))"
    python3 help_desk.py read tokens.csv              # or tokens.xml, whose password it asks for
    python3 help_desk.py read tokens.csv --hex        # its secrets are hexadecimal, not base32
    python3 help_desk.py assign 10001001 alice        # asks for three codes in a row
    python3 help_desk.py assign 10001001 alice --counter 107  # HOTP whose button was pressed very often
    python3 help_desk.py check alice                  # asks for the code, as your login does
    python3 help_desk.py recover alice                # asks for three codes: throttled, or out of step
    python3 help_desk.py recover alice --counter 107  # HOTP whose button was pressed very often
    python3 help_desk.py lost 10001001                # its codes are refused from now on
    python3 help_desk.py unlock alice
    python3 help_desk.py show [USER]

`tokens.db` has the tokens, with their secrets encrypted under TOKEN_KEY; `otp.db` is the store. Delete the
vendor's file after it has been read. The columns of a CSV file are those that Microsoft Entra ID reads. Only
`serial number`, `secret key` (base32, or hexadecimal with --hex) and `time interval` (seconds; empty for
HOTP) are used.
"""

import argparse
import csv
import getpass
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from onetime import (
    HOTP,
    TOTP,
    Accepted,
    Credential,
    IncorrectCodeError,
    MemoryStore,
    OnetimeError,
    Secret,
    SecretError,
    SQLStore,
    ThrottledError,
    VerificationError,
    Verifier,
)

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    raise SystemExit("to encrypt the secrets: pip install cryptography") from None

HOTP_PROFILE = "urn:ietf:params:xml:ns:keyprov:pskc:hotp"
TOTP_PROFILE = "urn:ietf:params:xml:ns:keyprov:pskc:totp"
COLUMNS = ("serial number", "secret key", "time interval")
KEY_SIZE, NONCE_SIZE = 32, 12  # bytes


@dataclass
class Token:
    """A token as its vendor describes it.

    Attributes:
        serial: Serial number printed on the token, and name of the device.
        credential: The HOTP or TOTP.
        counter: HOTP: the next counter when the token left the vendor.
    """

    serial: str
    credential: Credential
    counter: int = 0


def read_csv(path: str, hexadecimal: bool = False) -> Iterator[Token]:
    """Parse a CSV file, whose secrets are base32 or hexadecimal."""
    parse = Secret.from_hex if hexadecimal else Secret.from_base32
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise ValueError(f"the file has no column {', '.join(missing)}")
        for row in reader:
            serial, text, interval = ((row[name] or "").strip() for name in COLUMNS)
            try:
                secret = parse(text)
                known = TOTP(secret, period=int(interval)) if interval else HOTP(secret)
            except ValueError as error:
                why = f"line {reader.line_num}: {error}"
                if isinstance(error, SecretError) and not hexadecimal:
                    why += " (the secrets are read as base32; with --hex, as hexadecimal)"
                raise ValueError(why) from None
            yield Token(serial, known)


def read_pskc(path: str) -> Iterator[Token]:
    """Parse a PSKC file (RFC 6030), which may be encrypted with a password."""
    try:
        from pskc import PSKC
        from pskc.exceptions import PSKCError
    except ImportError:
        raise SystemExit("for PSKC files: pip install python-pskc") from None
    try:
        yield from _read_keys(PSKC(path))
    except PSKCError as error:
        raise ValueError(f"the PSKC file cannot be read: {error}") from error


def _read_keys(container: Any) -> Iterator[Token]:
    if container.encryption.is_encrypted:
        container.encryption.derive_key(getpass.getpass("Password of the PSKC file: "))
    for key in container.keys:
        key.check()  # the authentication codes of the file
        if key.response_encoding not in (None, "DECIMAL") or key.response_check or key.time_offset:
            raise ValueError(f"{key.serial}: its codes are not those of RFC 4226 or RFC 6238")
        settings: dict[str, Any] = {"digits": key.response_length or 6}
        if key.algorithm_suite:
            settings["algorithm"] = key.algorithm_suite.removeprefix("HMAC-")
        if key.algorithm == TOTP_PROFILE:
            yield Token(key.serial, TOTP(Secret(key.secret), period=key.time_interval or 30, **settings))
        elif key.algorithm == HOTP_PROFILE:
            yield Token(key.serial, HOTP(Secret(key.secret), **settings), key.counter or 0)
        else:
            raise ValueError(f"{key.serial}: it is not an HOTP or TOTP token but {key.algorithm}")


class Desk:
    """The tokens and their users.

    Args:
        path: File of the tokens.
        key: 32 bytes under which the secrets are encrypted.
        verifier: The verifier, with its store.
    """

    def __init__(self, path: str, key: bytes, verifier: Verifier) -> None:
        self.path = path
        self.cipher = AESGCM(key)
        self.verifier = verifier
        self.run(
            "CREATE TABLE IF NOT EXISTS tokens (serial TEXT PRIMARY KEY, kind TEXT NOT NULL,"
            " secret BLOB NOT NULL, digits INTEGER, algorithm TEXT, period INTEGER, counter INTEGER,"
            " user TEXT)"
        )

    def run(self, statement: str, *rows: tuple[object, ...]) -> list[Any]:
        """Run a statement, for each row in one transaction, and return the rows of the last one."""
        found: list[Any] = []
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.row_factory = sqlite3.Row
            for row in rows or [()]:
                found = connection.execute(statement, row).fetchall()
        return found

    def read(self, tokens: Iterator[Token]) -> int:
        """Store tokens, all or none, and return how many were stored."""
        stored = self.run("SELECT * FROM tokens")
        for row in stored[:1]:
            self.credential(row)  # all tokens are encrypted under the same key
        rows, taken = [], {row["serial"] for row in stored}
        for token in tokens:
            if token.serial in taken:
                raise SystemExit(f"there is a token {token.serial} already; no token was read")
            taken.add(token.serial)
            known = token.credential
            nonce = os.urandom(NONCE_SIZE)
            # The serial number is authenticated, so that no secret can be moved to another serial number.
            secret = nonce + self.cipher.encrypt(nonce, known.secret.to_bytes(), token.serial.encode())
            period = known.period if isinstance(known, TOTP) else None
            rows.append(
                (token.serial, known.kind, secret, known.digits, known.algorithm.name, period, token.counter)
            )
        if rows:
            self.run("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", *rows)
        return len(rows)

    def credential(self, row: Any) -> Credential:
        """Return the credential of a token."""
        nonce, text = row["secret"][:NONCE_SIZE], row["secret"][NONCE_SIZE:]
        secret = Secret(self.cipher.decrypt(nonce, text, row["serial"].encode()))
        if row["kind"] == "hotp":
            return HOTP(secret, digits=row["digits"], algorithm=row["algorithm"])
        return TOTP(secret, digits=row["digits"], algorithm=row["algorithm"], period=row["period"])

    def devices(self, user: str) -> dict[str, Credential]:
        """Return the credentials of a user's tokens."""
        rows = self.run("SELECT * FROM tokens WHERE user = ?", (user,))
        return {row["serial"]: self.credential(row) for row in rows}

    def unassigned(self, serial: str) -> Any:
        """Return the row of a token that no user has, or exit with the reason why there is none."""
        for row in self.run("SELECT * FROM tokens WHERE serial = ?", (serial,)):
            if row["user"] is not None:
                raise SystemExit(f"token {serial} belongs to {row['user']}")
            return row
        raise SystemExit(f"there is no token {serial}")

    def assign(self, serial: str, user: str, codes: list[str], counter: int = 0) -> None:
        """Assign a token to a user. Three codes in a row determine its counter or its drift.

        Args:
            serial: The token.
            user: The user who gets the token.
            codes: Three codes in a row.
            counter: HOTP: the counter at which the search begins, if the button was pressed very often.
        """
        row = self.unassigned(serial)
        first = max(counter, row["counter"]) if row["kind"] == "hotp" else 0
        try:
            self.verifier.enroll(
                user, self.credential(row), codes, device=serial, counter=first, replace=True
            )
        except IncorrectCodeError:
            why = f"the codes do not fit token {serial}. Are they three in a row, and of this token?"
            raise SystemExit(why + (self.hint(first) if row["kind"] == "hotp" else "")) from None
        self.run("UPDATE tokens SET user = ? WHERE serial = ?", (user, serial))

    def recover(self, user: str, codes: list[str], counter: int = 0) -> Accepted:
        """Check three codes in a row of a token that is out of step, or whose user is throttled.

        Args:
            user: The user who has the token.
            codes: Three codes in a row.
            counter: HOTP: the counter at which the search begins, if the button was pressed very often.
        """
        known, firsts = self.devices(user), []
        state = self.verifier.state(user)
        for serial, device in state.devices.items() if state else ():
            token = known.get(serial)
            if not isinstance(token, HOTP):
                continue
            firsts.append(max(counter, device.watermark))
            if counter > device.watermark:
                # A watermark can never be lowered, so it is raised only if a trial finds the codes there.
                trial = Verifier(MemoryStore(), policy=self.verifier.policy)
                trial.adopt(user, token, watermark=counter)
                with suppress(VerificationError):
                    trial.resynchronize(user, token, codes)
                    self.verifier.adopt(user, token, device=serial, watermark=counter, replace=True)
        try:
            return self.verifier.resynchronize(user, known, codes)
        except IncorrectCodeError:
            why = f"the codes fit no token of {user}. Are they three in a row, and of the same token?"
            raise SystemExit(why + (self.hint(min(firsts)) if firsts else "")) from None

    def hint(self, first: int) -> str:
        """Return how to find the counter of an HOTP token that is not within reach of `first`."""
        beyond = first + self.verifier.policy.resync_window - 2
        return f" If the button was pressed very often, try --counter {beyond}."

    def lost(self, serial: str) -> str | None:
        """Delete a token with its secret, and return its user, or None if it had none."""
        for row in self.run("SELECT user FROM tokens WHERE serial = ?", (serial,)):
            if row["user"] is not None:
                self.verifier.forget(row["user"], serial)
            self.run("DELETE FROM tokens WHERE serial = ?", (serial,))
            user: str | None = row["user"]
            return user
        raise SystemExit(f"there is no token {serial}")

    def show(self, user: str | None) -> Iterator[str]:
        """Return a line for each user, or for one user."""
        policy, now = self.verifier.policy, int((self.verifier.clock or time.time)())
        for name, state in self.verifier.states():
            if user in (None, name):
                retry_at = state.throttle.seen(policy, now).wait_until(policy, now)
                until = "" if retry_at is None else f"throttled until {moment(retry_at)}; "
                devices = ", ".join(
                    f"{serial} ({device.kind}, next {device.watermark}, drift {device.drift})"
                    for serial, device in state.devices.items()
                )
                yield f"{name}: {state.throttle.failures} wrong codes since the last login; {until}{devices}"


def moment(seconds: int) -> str:
    """Return a time in the time zone of the desk."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(" ")


def token_key() -> bytes:
    """Return the key under which secrets are encrypted."""
    try:
        key = bytes.fromhex(os.environ.get("TOKEN_KEY", ""))
    except ValueError:
        key = b""
    if len(key) != KEY_SIZE:
        raise SystemExit(
            f"TOKEN_KEY must be set to {2 * KEY_SIZE} hexadecimal digits, as this program's first lines say"
        )
    return key


def ask(count: int) -> list[str]:
    """Prompt for codes, and return them."""
    return [input(f"Code {number} of {count}: ") for number in range(1, count + 1)]


def main(arguments: list[str]) -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(description="A help desk for hardware tokens.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command, names, words in (
        ("read", ["path"], "read the tokens of a vendor's file, CSV or PSKC"),
        ("assign", ["serial", "user"], "assign a token to a user, by three codes in a row"),
        ("check", ["user"], "check a code of a user, as a login does"),
        ("recover", ["user"], "check three codes in a row: the user is throttled, or a token out of step"),
        ("lost", ["serial"], "delete a token, whose codes are refused from now on"),
        ("unlock", ["user"], "let a user who is throttled or disabled try again"),
        ("show", [], "show all users and their tokens, or one user"),
    ):
        subparser = commands.add_parser(command, help=words, description=words)
        for name in names:
            subparser.add_argument(name)
        if command == "read":
            subparser.add_argument("--hex", action="store_true", help="CSV: the secrets are hexadecimal")
        if command in ("assign", "recover"):
            subparser.add_argument("--counter", type=int, default=0, help="HOTP: first counter to try")
        if command == "show":
            subparser.add_argument("user", nargs="?")
    asked = parser.parse_args(arguments)
    key = token_key()
    with SQLStore.sqlite("otp.db") as store:
        verifier = Verifier(store)
        desk = Desk("tokens.db", key, verifier)
        match asked.command:
            case "read" if not Path(asked.path).is_file():
                raise SystemExit(f"there is no file {asked.path}")
            case "read":
                csv_file = asked.path.lower().endswith(".csv")
                if asked.hex and not csv_file:
                    raise SystemExit("--hex is for CSV files only")
                tokens = read_csv(asked.path, asked.hex) if csv_file else read_pskc(asked.path)
                print(f"{desk.read(tokens)} tokens were read")
            case "assign":
                desk.unassigned(asked.serial)  # before anybody types three codes
                desk.assign(asked.serial, asked.user, ask(3), asked.counter)
                print(f"token {asked.serial} was assigned to {asked.user}")
            case "check":
                print(verifier.verify(asked.user, desk.devices(asked.user), ask(1)[0]))
            case "recover":
                print(desk.recover(asked.user, ask(3), asked.counter))
            case "lost":
                user = desk.lost(asked.serial)
                print(f"token {asked.serial} was deleted; {user or 'no user'} had it")
            case "unlock":
                verifier.unlock(asked.user)
                print(f"user {asked.user} was unlocked")
            case "show":
                lines = list(desk.show(asked.user))
                if not lines:
                    raise SystemExit(f"there is no user {asked.user}" if asked.user else "there are no users")
                print(*lines, sep="\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except InvalidTag:
        raise SystemExit("TOKEN_KEY is not the key under which the secrets are encrypted") from None
    except ThrottledError as error:
        what = "wait" if "recover" in sys.argv[1:2] else "wait, or use recover, which asks for three codes"
        raise SystemExit(
            f"ThrottledError: no code is checked before {moment(error.retry_at)}; {what}"
        ) from None
    except OSError as error:
        raise SystemExit(f"{error.filename or 'a file'}: {error.strerror or error}") from None
    except EOFError:
        raise SystemExit("no code was given") from None
    except (OnetimeError, ValueError, sqlite3.Error) as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
