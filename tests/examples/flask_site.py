"""A Flask site with a second factor, after the README's recipe.

    pip install flask cryptography  # the second one for `--cert adhoc` only
    export SECRET_KEY=... MASTER_KEY=...  # each: python3 -c "import secrets; print(secrets.token_hex(32))"
    flask --app flask_site add-user alice@example.com
    flask --app flask_site run --cert adhoc  # its cookies need https

The users are in `users.db`, the store is in `otp.db`, both in the folder where the site starts. Every
user needs a second factor: after the first login with the password, the site shows a QR code and asks for a
code. It then shows ten recovery codes once, for the day on which the phone is lost. A proxy in front of the
site must limit the requests from each address.
"""

import os
import secrets
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import click
from flask import Flask, abort, flash, redirect, render_template_string, request, session
from markupsafe import Markup
from werkzeug.security import check_password_hash, generate_password_hash

from onetime import (
    TOTP,
    Accepted,
    Account,
    AlreadyEnrolledError,
    DisabledError,
    NotEnrolledError,
    OnetimeError,
    OtherCredentialError,
    QRCode,
    RecoveryCodes,
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
        raise SystemExit(f"{name} must be set in the environment, as the first lines of flask_site.py say")
    return os.environ[name]


app = Flask(__name__)
app.config.update(
    SECRET_KEY=setting("SECRET_KEY"),
    SESSION_COOKIE_SECURE=True,
    SESSION_COOKIE_SAMESITE="Lax",  # no other site can send our forms
)
master = Secret.from_hex(setting("MASTER_KEY"))
store = SQLStore.sqlite("otp.db")
verifier, recovery = Verifier(store), RecoveryCodes(store)

PAGE = """<!doctype html><html lang="en"><title>Acme</title>
{% for text in get_flashed_messages() %}<p>{{ text }}</p>{% endfor %}
{% if message %}<p role="alert">{{ message }}</p>{% endif %}
{% if codes %}<p>Print these recovery codes. They are not shown again, and they replace all earlier ones.
If you lose your device, each of them logs you in once, together with your password.</p>
<ul>{% for code in codes %}<li><code>{{ code }}</code></li>{% endfor %}</ul>{% endif %}
{% if qr %}<p>Scan this with your app, or <a href="{{ link }}">open it here</a>:</p>{{ qr }}{% endif %}
{% if fields %}<form method="post" action="{{ path }}">
{% for name, label in fields.items() %}<p><label>{{ label }}
<input name="{{ name }}" {% if name == "password" %}type="password"{% else %}autocomplete="off"{% endif %}>
</label></p>{% endfor %}
{% if others %}<p><label>
<input type="checkbox" name="replace"{% if "replace" in request.values %} checked{% endif %}>
It replaces my other devices</label> (A lost phone stays valid until you replace it.)</p>{% endif %}
<button>Continue</button></form>
{% if path == "/code" %}<p><a href="/recover">I have lost my device</a></p>{% endif %}
{% else %}<p>You are logged in as {{ email }}.</p><p><a href="/device">Add a device</a></p>
<form method="post" action="/logout"><button>Log out</button></form>{% endif %}"""
LOGIN = {"email": "E-mail address", "password": "Password"}
CODE = {"code": "The code that your app shows"}
RECOVERY_CODE = {"recovery_code": "One of your recovery codes, with its number"}
THREE_CODES = {
    "code": "Three codes in a row: the first",
    "second": "The next one",
    "third": "And the next one",
}


def page(**values: Any) -> str:
    """Return the page with a form, or without one."""
    text: str = render_template_string(PAGE, **values)
    return text


# The users, in a table of the site's own.


@dataclass
class User:
    """A row of the table."""

    id: str
    email: str
    password_hash: str
    second_factor: bool


def run(statement: str, *values: object) -> list[Any]:
    """Run a statement on the site's own database, and return its rows."""
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


@app.cli.command("add-user")
@click.argument("email")
@click.password_option()
def add_user(email: str, password: str) -> None:
    """Add a user."""
    hashed = generate_password_hash(password)
    try:
        run("INSERT INTO users VALUES (?, ?, ?, 0)", secrets.token_hex(8), email, hashed)
    except sqlite3.IntegrityError:
        raise click.ClickException(f"there is a user {email} already") from None


NO_PASSWORD = generate_password_hash(secrets.token_hex(16))

# The second factor: the README's recipe.


def credential(user: User, device: str) -> TOTP:
    """Return the credential of a device, whose secret is derived from its name."""
    return TOTP(Secret.derive(master, f"totp {user.id} {device}"))


def devices(user: User) -> dict[str, TOTP]:
    """Return the credentials of the user's devices: their names are in the store."""
    state = verifier.state(user.id)
    return {name: credential(user, name) for name in state.devices} if state else {}


def show(user: User) -> str:
    """Return a link to show as a QR code, to the owner only. Each call makes a new secret."""
    session["device"] = secrets.token_hex(8)
    return uri.build(Account(user.email, credential(user, session["device"]), issuer="Acme"))


def confirm(user: User, code: str, instead_of: Iterable[str] = ()) -> None:
    """Add the device whose code the owner typed; then remove the devices that it replaces.

    Raises:
        LookupError: No device is pending, as after a second click.
    """
    if not (device := session.get("device")):
        raise LookupError("no device is pending, as after a second click")
    verifier.enroll(user.id, credential(user, device), code, device=device)
    run("UPDATE users SET second_factor = 1 WHERE id = ?", user.id)
    for old in instead_of:
        verifier.forget(user.id, old)


def check(user: User, code: str, second: str = "", third: str = "") -> Accepted:
    """Check what the owner typed after the password: one code, or three while throttled."""
    if second or third:
        return verifier.resynchronize(user.id, devices(user), [code, second, third])
    return verifier.verify(user.id, devices(user), code)


# The pages.


def user_of(key: str) -> User | None:
    """Return the user in the session: as `user` after both factors, as `pending` after the password."""
    return find("id", session[key]) if key in session else None


def enter(user: User, path: str = "/") -> Any:
    """Log in a user who has shown both factors."""
    session.clear()
    session["user"] = user.id
    return redirect(path)


@app.get("/")
def home() -> Any:
    """Show the user who is logged in."""
    user = user_of("user")
    return page(email=user.email) if user else redirect("/login")


@app.route("/login", methods=["GET", "POST"])
def password() -> Any:
    """Check the password, and ask for the code next."""
    if request.method == "GET":
        return page(path="/login", fields=LOGIN)
    user = find("email", request.form["email"])
    right = check_password_hash(user.password_hash if user else NO_PASSWORD, request.form["password"])
    if not user or not right:
        return page(message="Address or password is wrong.", path="/login", fields=LOGIN), 422
    session.clear()
    session["pending"] = user.id
    return redirect("/code")


@app.route("/code", methods=["GET", "POST"])
def second_factor() -> Any:
    """Check the code, or show a QR code to a user who has no device."""
    user = user_of("pending")
    if not user:
        return redirect("/")  # after a double click, the first request has logged in
    # If the store is lost, `second_factor` keeps the user from getting in with the password alone.
    if not user.second_factor and not devices(user):
        return redirect("/device")
    if request.method == "GET":
        return page(path="/code", fields=CODE)
    accepted = check(user, *(request.form.get(name, "") for name in THREE_CODES))
    answer = enter(user)
    if accepted.failures_before:
        flash(f"Wrong codes since your last login: {accepted.failures_before}")
    return answer


@app.route("/recover", methods=["GET", "POST"])
def recover() -> Any:
    """Check a recovery code in place of the device's code, and let the user replace the lost device."""
    user = user_of("pending")
    if not user:
        return redirect("/")
    if request.method == "GET":
        return page(path="/recover", fields=RECOVERY_CODE)
    redeemed = recovery.verify(user.id, request.form["recovery_code"])
    answer = enter(user, "/device?replace")  # and notify the owner by e-mail
    flash(f"Recovery codes left: {redeemed.remaining}")
    if redeemed.failures_before:
        flash(f"Wrong recovery codes before this one: {redeemed.failures_before}")
    return answer


@app.route("/device", methods=["GET", "POST"])
def device() -> Any:
    """Add a device: for a user who is logged in, or who has typed the password and never had a device."""
    user, pending = user_of("user"), user_of("pending")
    if not user and pending and not pending.second_factor and not devices(pending):
        user = pending
    if not user:
        return redirect("/")
    others = list(devices(user))
    if request.method == "GET":
        link = show(user)
        qr = Markup(QRCode(link).to_svg(title="QR code for your app"))
        answer = page(path="/device", fields=CODE, link=link, qr=qr, others=others)
        return answer, {"Cache-Control": "no-store"}  # it holds the secret
    if "device" not in session:
        return redirect("/device")
    replace = "replace" in request.form
    confirm(user, request.form["code"], others if replace else ())
    answer = enter(user)
    if others and not replace:
        return answer
    codes = recovery.issue(user.id)
    return page(email=user.email, codes=codes), {"Cache-Control": "no-store"}  # they are shown once


@app.post("/logout")
def logout() -> Any:
    """End the session."""
    session.clear()
    return redirect("/login")


@app.errorhandler(OnetimeError)
def refused(error: OnetimeError) -> Any:
    """Return the answer to a refusal, as the README's table says."""
    who = session.get("user") or session.get("pending")
    app.logger.warning("user %s: %s", who, error.reason)
    status, headers, fields = 422, {}, CODE
    if "second" in request.form:
        fields = THREE_CODES  # one code would still not be checked
    if isinstance(error, ThrottledError):
        status, headers = 429, {"Retry-After": str(max(0, error.retry_at - int(time.time())))}
        fields = THREE_CODES
    elif isinstance(error, DisabledError):
        status = 403
    elif isinstance(error, AlreadyEnrolledError | TooManyDevicesError):
        status = 409
    elif isinstance(error, OtherCredentialError):
        status = 500  # another master key, or a secret made again: page an operator
    elif not isinstance(error, VerificationError | NotEnrolledError):
        status = 503
    if status in (409, 500, 503):
        abort(status)
    if "recovery_code" in request.form:
        fields = RECOVERY_CODE
    # The form without the QR code, which has been scanned already.
    # A user who is logged in has other devices, and a lost one must not stay because of a mistyped code.
    values = {"path": request.path, "fields": fields, "others": "user" in session}
    return page(message="The code was not accepted.", **values), status, headers
