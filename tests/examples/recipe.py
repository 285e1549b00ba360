"""The server's side of a login with TOTP: the README's recipe, to be copied.

`python3 recipe.py` runs it in a terminal with one user and keeps its store in `login.db`. In a web program
`user` is a row of the program's own table, and `session` is the web session, a dict.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from onetime import TOTP, Accepted, Account, OnetimeError, Secret, SQLStore, Verifier
from onetime.provisioning import uri

master = Secret.from_base64("c2l4dGVlbiBieXRlcyBhdCBsZWFzdCwgZnJvbSBhIHZhdWx0")  # yours is in a vault
verifier = Verifier(SQLStore.sqlite("login.db"))


@dataclass
class User:
    """What the program stores about a user.

    Attributes:
        id: Text that never changes and is never given to another user.
        email: The address, which the owner's app shows.
        second_factor: Whether the user has ever confirmed a device.
    """

    id: str
    email: str
    second_factor: bool = False


def credential(user: User, device: str) -> TOTP:
    """Return the credential of a device, whose secret is derived from its name."""
    return TOTP(Secret.derive(master, f"totp {user.id} {device}"))


def devices(user: User) -> dict[str, TOTP]:
    """Return the credentials of the user's devices: their names are in the store."""
    state = verifier.state(user.id)
    return {name: credential(user, name) for name in state.devices} if state else {}


def show(user: User, session: dict[str, str]) -> str:
    """Return a link to show as a QR code, to the owner only. Each call makes a new secret."""
    session["device"] = secrets.token_hex(8)
    return uri.build(Account(user.email, credential(user, session["device"]), issuer="Acme"))


def confirm(user: User, session: dict[str, str], code: str, instead_of: Iterable[str] = ()) -> None:
    """Add the device whose code the owner typed; then remove the devices that it replaces.

    Raises:
        LookupError: No device is pending: a second click, or `show` was not called. Show the next page.
    """
    if not (device := session.get("device")):
        raise LookupError("no device is pending, as after a second click")
    verifier.enroll(user.id, credential(user, device), code, device=device)
    user.second_factor = True  # and store it
    del session["device"]
    for old in instead_of:
        verifier.forget(user.id, old)


def login(user: User, code: str, second: str = "", third: str = "") -> Accepted | None:
    """Check what the owner typed after the password: one code, or three while throttled."""
    known = devices(user)
    if not user.second_factor and not known:
        return None  # the user has never enrolled a device
    if second or third:
        return verifier.resynchronize(user.id, known, [code, second, third])
    return verifier.verify(user.id, known, code)


def main() -> None:
    """Add a device, which replaces the user's other devices, and log in with it."""
    alice, session = User("17", "alice@example.com"), dict[str, str]()
    old = list(devices(alice))
    print(show(alice, session))
    try:
        confirm(alice, session, input("The code that the app shows: "), old)
        print(login(alice, input("The next one: ")))
    except OnetimeError as error:
        print(error)


if __name__ == "__main__":
    main()
