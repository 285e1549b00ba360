"""An authenticator for the terminal, whose accounts are in an encrypted file.

    python3 authenticator.py add     # asks for a link: of one account, or of a Google Authenticator export
    python3 authenticator.py         # shows a code of each account
    python3 authenticator.py code NAME
    python3 authenticator.py qr NAME # to move the account to a phone
    python3 authenticator.py remove NAME

Each command asks for the password. The file is `vault.otp`, unless VAULT names another one. It is encrypted
with AES-GCM under a key that scrypt derives from the password. An attacker who steals the file can try any
number of passwords, so choose a long one. Codes protect you less on the machine where you type your passwords
than on a phone.
"""

import argparse
import getpass
import hashlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from onetime import HOTP, Account, OnetimeError, QRCode
from onetime.provisioning import migration, uri

MAGIC = b"onetime vault 1\n"
SALT_SIZE, NONCE_SIZE = 16, 12  # bytes
COST = 2**17  # of scrypt: 128 MiB and about half a second for each password that is tried


class Vault:
    """The accounts in an encrypted file.

    Args:
        path: The file.
        password: The password from which the key is derived.

    Raises:
        ValueError: The password is wrong, or the file is damaged.
    """

    def __init__(self, path: Path, password: str) -> None:
        self.path = path
        self.password = password.encode()
        self.accounts: list[Account] = []
        if path.exists():
            head, text = self._split(path.read_bytes())
            try:
                links = json.loads(self._cipher(head).decrypt(head[-NONCE_SIZE:], text, head))
            except InvalidTag:
                raise ValueError("the password is wrong, or the file is damaged") from None
            self.accounts = [uri.parse(link) for link in links]

    def _split(self, stored: bytes) -> tuple[bytes, bytes]:
        size = len(MAGIC) + SALT_SIZE + NONCE_SIZE
        if not stored.startswith(MAGIC) or len(stored) <= size:
            raise ValueError("the file is not a vault")
        return stored[:size], stored[size:]

    def _cipher(self, head: bytes) -> AESGCM:
        salt = head[len(MAGIC) : len(MAGIC) + SALT_SIZE]
        memory = 129 * 8 * COST  # bytes
        return AESGCM(hashlib.scrypt(self.password, salt=salt, n=COST, r=8, p=1, maxmem=memory, dklen=32))

    def save(self) -> None:
        """Replace the file, so that a crash leaves the old one or the new one."""
        head = MAGIC + os.urandom(SALT_SIZE) + os.urandom(NONCE_SIZE)
        links = json.dumps([uri.build(account) for account in self.accounts])
        text = self._cipher(head).encrypt(head[-NONCE_SIZE:], links.encode(), head)
        with tempfile.NamedTemporaryFile(
            dir=self.path.parent, delete=False
        ) as file:  # readable by its owner only
            file.write(head + text)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def find(self, name: str) -> int:
        """Return the index of the account with a name.

        Raises:
            ValueError: There is no such account, or more than one.
        """
        found = [place for place, account in enumerate(self.accounts) if name == label(account)]
        if len(found) != 1:
            raise ValueError(f"there are {len(found)} accounts with this name")
        return found[0]

    def code(self, place: int) -> str:
        """Return a code of an account. A counter is stored before its code is shown."""
        account = self.accounts[place]
        if isinstance(account.credential, HOTP):
            self.accounts[place] = account.replace(counter=account.counter + 1)
            self.save()
            return account.credential.at(account.counter)
        now = int(time.time())
        return f"{account.credential.at(now)} for {account.credential.remaining(now)} s"


def label(account: Account) -> str:
    """Return the name under which an account is shown."""
    return f"{account.issuer}:{account.name}" if account.issuer else account.name


def read(link: str) -> list[Account]:
    """Parse a link, or an export that consists of one link."""
    if link.startswith("otpauth-migration:"):
        return list(migration.join([migration.parse(link)]).accounts)
    return [uri.parse(link)]


def main(arguments: list[str]) -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(description="An authenticator for the terminal.")
    parser.add_argument("command", nargs="?", default="show", choices=["show", "add", "code", "qr", "remove"])
    parser.add_argument("name", nargs="?")
    asked = parser.parse_args(arguments)
    path = Path(os.environ.get("VAULT", "vault.otp"))
    vault = Vault(path, getpass.getpass("Password: "))
    if asked.command == "add":
        if not path.exists() and getpass.getpass("Password again: ").encode() != vault.password:
            raise ValueError("the passwords differ")
        # A hidden prompt, because other users of the machine can see arguments.
        for account in read(getpass.getpass("Link: ").strip()):
            if label(account) in map(label, vault.accounts):
                raise ValueError("an account with this name already exists")
            vault.accounts.append(account)
        vault.save()
    elif asked.command == "show":
        for place, account in enumerate(vault.accounts):
            # An HOTP code is shown on demand only, because each unused code puts the counter out of step.
            print(label(account), "-" if isinstance(account.credential, HOTP) else vault.code(place))
    elif asked.name is None:
        parser.error("the name of an account is missing")
    elif asked.command == "code":
        print(vault.code(vault.find(asked.name)))
    elif asked.command == "qr":
        print(QRCode(uri.build(vault.accounts[vault.find(asked.name)])).to_text())
    else:
        del vault.accounts[vault.find(asked.name)]
        vault.save()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (OnetimeError, ValueError) as error:
        raise SystemExit(str(error)) from None
