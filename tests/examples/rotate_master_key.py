"""Rotate the master key of the README's recipe without locking any user out.

The secret of an app cannot be changed remotely, so each device keeps the key with which it was enrolled, and
the name of the device says which key that is.

1. Add the new key to the vault beside the old one, here as MASTER_KEY_2 beside MASTER_KEY_1, and set
   CURRENT_KEY=2. The secret of each new device is then derived from the new key.
2. Whenever a user has logged in and `outdated(user)` is not empty, show a new QR code: `confirm` replaces the
   outdated devices.
3. `python3 rotate_master_key.py count` counts the devices of each key. When the old key has none, delete it.
4. If the old key was stolen, do not wait: `python3 rotate_master_key.py retire 1` removes its devices at once
   and names the users who have none left. They need another way in, such as a recovery code. Delete the key.

Names without a key, as in the recipe, belong to the key "1".
"""

import os
import secrets
import sys
from collections import Counter
from dataclasses import dataclass

from onetime import TOTP, Account, Secret, SQLStore, Verifier
from onetime.provisioning import uri

PREFIX = "MASTER_KEY_"
masters = {
    name.removeprefix(PREFIX): Secret.from_hex(text)
    for name, text in os.environ.items()
    if name.startswith(PREFIX)
}
current = os.environ["CURRENT_KEY"]
verifier = Verifier(SQLStore.sqlite("login.db"))


@dataclass
class User:
    """What the program stores about a user."""

    id: str
    email: str


def key_of(device: str) -> str:
    """Return the name of the master key that a device's secret is derived from."""
    key, dot, _ = device.partition(".")
    return key if dot else "1"


def credential(user: User, device: str) -> TOTP:
    """Return the credential of a device, whose secret is derived from its name."""
    return TOTP(Secret.derive(masters[key_of(device)], f"totp {user.id} {device}"))


def devices(user: User) -> dict[str, TOTP]:
    """Return the credentials of the user's devices whose key has not been deleted."""
    state = verifier.state(user.id)
    names = state.devices if state else ()
    return {name: credential(user, name) for name in names if key_of(name) in masters}


def outdated(user: User) -> list[str]:
    """Return the names of the user's devices that have an old key."""
    return [name for name in devices(user) if key_of(name) != current]


def show(user: User, session: dict[str, str]) -> str:
    """Return a link to show as a QR code, to the owner only. Each call makes a new secret."""
    session["device"] = f"{current}.{secrets.token_hex(8)}"
    return uri.build(Account(user.email, credential(user, session["device"]), issuer="Acme"))


def confirm(user: User, session: dict[str, str], code: str) -> None:
    """Add the device whose code the owner typed; then remove the outdated ones.

    Raises:
        LookupError: No device is pending, as after a second click.
        ValueError: The key was rotated since the QR code was shown. Show a new one.
    """
    if not (device := session.get("device")):
        raise LookupError("no device is pending, as after a second click")
    if key_of(device) != current:
        raise ValueError("the device must have the current master key")
    verifier.enroll(user.id, credential(user, device), code, device=device)
    del session["device"]
    for old in outdated(user):
        verifier.forget(user.id, old)


def count() -> Counter[str]:
    """Count the devices of each key."""
    return Counter(key_of(name) for _, state in verifier.states() for name in state.devices)


def retire(key: str) -> list[str]:
    """Remove all devices of a key, and return the users who have none left."""
    if key == current:
        raise SystemExit("the current key cannot be retired: new devices have it")
    left = []
    for user, state in verifier.states():
        of_key = [name for name in state.devices if key_of(name) == key]
        for name in of_key:
            verifier.forget(user, name)
        if of_key and len(of_key) == len(state.devices):
            left.append(user)
    return left


def main(arguments: list[str]) -> None:
    """Count the devices of each key, or retire a key."""
    match arguments:
        case ["count"]:
            for key, devices_of_key in sorted(count().items()):
                print(f"key {key}: {devices_of_key} devices")
        case ["retire", key]:
            for user in retire(key):
                print(f"user {user} has no device left")
        case _:
            raise SystemExit("usage: rotate_master_key.py count | retire KEY")


if __name__ == "__main__":
    main(sys.argv[1:])
