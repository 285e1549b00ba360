"""A help desk for hardware tokens, HOTP and TOTP, that are read from a vendor's CSV or PSKC file.

    export TOKEN_KEY=...  # from a vault, of: python3 -c "import secrets; print(secrets.token_hex(32))"
    python3 help_desk.py read tokens.csv              # or tokens.xml, whose password it asks for
    python3 help_desk.py assign 10001001 alice        # asks for three codes in a row
    python3 help_desk.py check alice                  # asks for the code, as your login does
    python3 help_desk.py recover alice                # asks for three codes: throttled, or out of step
    python3 help_desk.py lost 10001001                # its codes are refused from now on
    python3 help_desk.py unlock alice
    python3 help_desk.py show [USER]

`tokens.db` has the tokens, with their secrets encrypted under TOKEN_KEY; `otp.db` is the store. Delete the
vendor's file when it is read. The columns of a CSV file are those that Microsoft Entra ID reads, of which
`serial number`, `secret key` (base32) and `time interval` (seconds; empty for HOTP) count.
"""

import argparse
import csv
import getpass
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pskc import PSKC
from pskc.exceptions import PSKCError

from onetime import HOTP, TOTP, Credential, OnetimeError, Secret, SQLStore, Verifier

HOTP_PROFILE = "urn:ietf:params:xml:ns:keyprov:pskc:hotp"
TOTP_PROFILE = "urn:ietf:params:xml:ns:keyprov:pskc:totp"
NONCE_SIZE = 12  # bytes


@dataclass
class Token:
    """A token as its vendor describes it.

    Attributes:
        serial: What is printed on its back, which is the name of the device, too.
        credential: The HOTP or TOTP.
        counter: HOTP: the next counter when it left the vendor.
    """

    serial: str
    credential: Credential
    counter: int = 0


def read_csv(path: str) -> Iterator[Token]:
    """Parse a CSV file."""
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            secret = Secret.from_base32(row["secret key"])
            interval = row["time interval"].strip()
            known = TOTP(secret, period=int(interval)) if interval else HOTP(secret)
            yield Token(row["serial number"].strip(), known)


def read_pskc(path: str) -> Iterator[Token]:
    """Parse a PSKC file (RFC 6030), which is encrypted with a password, or not at all."""
    container: Any = PSKC(path)
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
            raise ValueError(f"{key.serial}: it is not a HOTP or TOTP token but {key.algorithm}")


class Desk:
    """The tokens, and who has them.

    Args:
        path: File of the tokens.
        key: 32 bytes under which their secrets are encrypted.
        verifier: With the store.
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
        """Store tokens, all or none, and return how many there are."""
        rows = []
        for token in tokens:
            known = token.credential
            nonce = os.urandom(NONCE_SIZE)
            # The serial number is authenticated, so that no secret can be put under another one.
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

    def assign(self, serial: str, user: str, codes: list[str]) -> None:
        """Give a token to a user, who has typed three codes in a row: they find its counter or its clock."""
        for row in self.run("SELECT * FROM tokens WHERE serial = ? AND user IS NULL", (serial,)):
            self.verifier.enroll(
                user, self.credential(row), codes, device=serial, counter=row["counter"], replace=True
            )
            self.run("UPDATE tokens SET user = ? WHERE serial = ?", (user, serial))
            return
        raise SystemExit(f"there is no token {serial} that can be assigned")

    def lost(self, serial: str) -> None:
        """Take a token away from its user, and delete its secret."""
        for row in self.run("SELECT user FROM tokens WHERE serial = ?", (serial,)):
            if row["user"] is not None:
                self.verifier.forget(row["user"], serial)
            self.run("DELETE FROM tokens WHERE serial = ?", (serial,))
            return
        raise SystemExit(f"there is no token {serial}")

    def show(self, user: str | None) -> Iterator[str]:
        """Return a line for each user, or one."""
        for name, state in self.verifier.states():
            if user in (None, name):
                devices = ", ".join(
                    f"{serial} ({device.kind}, next {device.watermark}, drift {device.drift})"
                    for serial, device in state.devices.items()
                )
                yield f"{name}: {state.throttle.failures} wrong codes since the last login; {devices}"


def ask(count: int) -> list[str]:
    """Ask for codes."""
    return [input(f"Code {number} of {count}: ") for number in range(1, count + 1)]


def main(arguments: list[str]) -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(description="A help desk for hardware tokens.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command, names in {
        "read": ["path"],
        "assign": ["serial", "user"],
        "check": ["user"],
        "recover": ["user"],
        "lost": ["serial"],
        "unlock": ["user"],
    }.items():
        subparser = commands.add_parser(command)
        for name in names:
            subparser.add_argument(name)
    commands.add_parser("show").add_argument("user", nargs="?")
    asked = parser.parse_args(arguments)
    with SQLStore.sqlite("otp.db") as store:
        verifier = Verifier(store)
        desk = Desk("tokens.db", bytes.fromhex(os.environ["TOKEN_KEY"]), verifier)
        match asked.command:
            case "read":
                tokens = read_csv if asked.path.lower().endswith(".csv") else read_pskc
                print(f"{desk.read(tokens(asked.path))} tokens were read")
            case "assign":
                desk.assign(asked.serial, asked.user, ask(3))
            case "check":
                print(verifier.verify(asked.user, desk.devices(asked.user), ask(1)[0]))
            case "recover":
                print(verifier.resynchronize(asked.user, desk.devices(asked.user), ask(3)))
            case "lost":
                desk.lost(asked.serial)
            case "unlock":
                verifier.unlock(asked.user)
            case "show":
                print(*desk.show(asked.user), sep="\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except InvalidTag:
        raise SystemExit("TOKEN_KEY is not the one that the tokens were read with") from None
    except (OnetimeError, PSKCError, ValueError, sqlite3.IntegrityError) as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
