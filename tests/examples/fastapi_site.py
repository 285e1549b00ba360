"""A FastAPI service with a second factor, after the README's recipe.

    pip install fastapi uvicorn itsdangerous
    export SESSION_KEY=... MASTER_KEY=...  # each: python3 -c "import secrets; print(secrets.token_hex(32))"
    python3 fastapi_site.py add-user alice@example.com
    uvicorn fastapi_site:app  # behind a proxy with HTTPS, which the cookies require

| request, JSON both ways | answer |
|---|---|
| `POST /login` with `email`, `password`, `code`; `second` and `third` while throttled | 204, or 401 |
| `POST /device` | a `link` to show as a QR code |
| `PUT /device` with `code`, and `replace` if it replaces the other devices | 204 |
| `GET /me` | `email` of the user who is logged in |

The endpoints are functions with `def`, which FastAPI calls in threads of its own, so a verification that
waits for the database does not block other requests. Never call the verifier in an `async def` endpoint.
An asynchronous store would gain nothing. `python3 -m tests.benchmarks event_loop` measured both on PostgreSQL
with 32 concurrent requests. Threads completed 2,000 to 2,300 verifications a second, 1.02 to 1.35 times as
many as an asynchronous store. Each took 0.34 ms of CPU time in a thread, and 0.23 ms with an asynchronous
store.
"""

import getpass
import hashlib
import hmac
import logging
import os
import secrets
import sqlite3
import sys
import time
from collections.abc import Iterable, MutableMapping
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.middleware.sessions import SessionMiddleware

from onetime import (
    TOTP,
    Accepted,
    Account,
    AlreadyEnrolledError,
    DisabledError,
    NotEnrolledError,
    OnetimeError,
    OtherCredentialError,
    Secret,
    SQLStore,
    ThrottledError,
    TooManyDevicesError,
    VerificationError,
    Verifier,
)
from onetime.provisioning import uri


def setting(name: str) -> str:
    """Return a key from the environment, or exit with a line that names the missing key."""
    if not os.environ.get(name):
        raise SystemExit(f"{name} must be set in the environment, as the first lines of fastapi_site.py say")
    return os.environ[name]


app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=setting("SESSION_KEY"), same_site="strict", https_only=True)
master = Secret.from_hex(setting("MASTER_KEY"))
verifier = Verifier(SQLStore.sqlite("otp.db"))
log = logging.getLogger("uvicorn.error")
Session = MutableMapping[str, Any]


# The users, in a table of the service's own.


@dataclass
class User:
    """A row of the table."""

    id: str
    email: str
    password_hash: str
    second_factor: bool


def run(statement: str, *values: object) -> list[Any]:
    """Run a statement on the service's own database, and return its rows."""
    with closing(sqlite3.connect("users.db")) as connection, connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE,"
            " password_hash TEXT NOT NULL, second_factor INTEGER NOT NULL)"
        )
        return connection.execute(statement, values).fetchall()


def find(column: str, value: object) -> User | None:
    """Return the user with this `id` or `email`."""
    for id_, email, password_hash, second_factor in run(f"SELECT * FROM users WHERE {column} = ?", value):
        return User(id_, email, password_hash, bool(second_factor))
    return None


def hashed(password: str, salt: str) -> str:
    """Return a password's hash, with its salt."""
    key = hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**15, r=8, p=1, maxmem=2**26)
    return f"{salt} {key.hex()}"


NOBODY = User("", "", hashed(secrets.token_hex(16), secrets.token_hex(16)), False)


# The second factor: the README's recipe.


def credential(user: User, device: str) -> TOTP:
    """Return the credential of a device, whose secret is derived from its name."""
    return TOTP(Secret.derive(master, f"totp {user.id} {device}"))


def devices(user: User) -> dict[str, TOTP]:
    """Return the credentials of the user's devices: their names are in the store."""
    state = verifier.state(user.id)
    return {name: credential(user, name) for name in state.devices} if state else {}


def show(user: User, session: Session) -> str:
    """Return a link to show as a QR code, to the owner only. Each call makes a new secret."""
    session["device"] = secrets.token_hex(8)
    return uri.build(Account(user.email, credential(user, session["device"]), issuer="Acme"))


def confirm(user: User, session: Session, code: str, instead_of: Iterable[str] = ()) -> None:
    """Add the device whose code the owner typed; then remove the devices that it replaces.

    Raises:
        LookupError: No device is pending, as after a second click.
    """
    if not (device := session.get("device")):
        raise LookupError("no device is pending, as after a second click")
    verifier.enroll(user.id, credential(user, device), code, device=device)
    run("UPDATE users SET second_factor = 1 WHERE id = ?", user.id)
    del session["device"]
    for old in instead_of:
        verifier.forget(user.id, old)


def check(user: User, code: str, second: str = "", third: str = "") -> Accepted | None:
    """Check what the owner typed after the password: one code, or three while throttled."""
    known = devices(user)
    if not user.second_factor and not known:
        return None  # the user has never enrolled a device
    if second or third:
        return verifier.resynchronize(user.id, known, [code, second, third])
    return verifier.verify(user.id, known, code)


# The requests.


class Login(BaseModel):
    """The input of a login."""

    email: str
    password: str
    code: str = ""
    second: str = ""
    third: str = ""


class Confirmation(BaseModel):
    """The input that adds a device."""

    code: str
    replace: bool = False


def logged_in(request: Request) -> User:
    """Return the user of the session."""
    user = find("id", request.session.get("user"))
    if user is None:
        raise HTTPException(401)
    return user


Owner = Annotated[User, Depends(logged_in)]


@app.post("/login", status_code=204)
def login(typed: Login, request: Request) -> None:
    """Check the password and the code."""
    user = find("email", typed.email) or NOBODY
    salt = user.password_hash.partition(" ")[0]
    if not hmac.compare_digest(hashed(typed.password, salt), user.password_hash):
        raise HTTPException(401)
    request.state.user = user.id
    check(user, typed.code, typed.second, typed.third)
    request.session.clear()
    request.session["user"] = user.id


@app.get("/me")
def me(user: Owner) -> dict[str, str]:
    """Return the user who is logged in."""
    return {"email": user.email}


@app.post("/device")
def show_device(user: Owner, request: Request) -> JSONResponse:
    """Return a link to show as a QR code."""
    link = show(user, request.session)
    return JSONResponse({"link": link}, headers={"Cache-Control": "no-store"})  # it holds the secret


@app.put("/device", status_code=204)
def add_device(user: Owner, typed: Confirmation, request: Request) -> None:
    """Add the device whose code was typed."""
    if "device" not in request.session:
        raise HTTPException(409)
    confirm(user, request.session, typed.code, list(devices(user)) if typed.replace else ())


@app.exception_handler(OnetimeError)
def refused(request: Request, error: OnetimeError) -> JSONResponse:
    """Return the answer to a refusal, as the README's table says."""
    log.warning("user %s: %s", getattr(request.state, "user", request.session.get("user")), error.reason)
    reason, headers = error.reason, {}
    if isinstance(error, ThrottledError):
        status, headers = 429, {"Retry-After": str(max(0, error.retry_at - int(time.time())))}
    elif isinstance(error, DisabledError):
        status = 403
    elif isinstance(error, AlreadyEnrolledError | TooManyDevicesError):
        status = 409
    elif isinstance(error, OtherCredentialError):
        status = 500  # another master key, or a secret made again: page an operator
    elif isinstance(error, VerificationError | NotEnrolledError):
        status, reason = 422, "incorrect"  # one answer for all of them; the log has the reason
    else:
        status = 503
    return JSONResponse({"reason": reason}, status, headers)


def main(arguments: list[str]) -> None:
    """Add a user."""
    match arguments:
        case ["add-user", email]:
            password_hash = hashed(getpass.getpass("Password: "), secrets.token_hex(16))
        case _:
            raise SystemExit("usage: python3 fastapi_site.py add-user EMAIL")
    try:
        run("INSERT INTO users VALUES (?, ?, ?, 0)", secrets.token_hex(8), email, password_hash)
    except sqlite3.IntegrityError:
        raise SystemExit(f"there is a user {email} already") from None


if __name__ == "__main__":
    main(sys.argv[1:])
