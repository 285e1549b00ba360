"""The second factor: the store, the README's recipe, and Django's backend."""

import secrets
from collections.abc import Iterable, MutableMapping
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.views.decorators.debug import sensitive_variables

from onetime import (
    TOTP,
    Accepted,
    Account,
    NotEnrolledError,
    OtherCredentialError,
    Secret,
    SQLStore,
    VerificationError,
    Verifier,
)
from onetime.provisioning import uri

from .models import SecondFactor

master = Secret.from_hex(settings.MASTER_KEY)


def store() -> SQLStore:
    """Return the store, on connections of its own beside those of Django."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("postgresql"):
        import psycopg

        return SQLStore.postgres(lambda: psycopg.connect(dbname=database["NAME"]), table="onetime")
    # A file of its own, because a request that has written to Django's file blocks all other writers.
    return SQLStore.sqlite("otp.db")


verifier = Verifier(store())


def credential(user: Any, device: str) -> TOTP:
    """Return the credential of a device, whose secret is derived from its name."""
    return TOTP(Secret.derive(master, f"totp {user.pk} {device}"))


def devices(user: Any) -> dict[str, TOTP]:
    """Return the credentials of the user's devices: their names are in the store."""
    state = verifier.state(str(user.pk))
    return {name: credential(user, name) for name in state.devices} if state else {}


def show(user: Any, session: MutableMapping[str, str]) -> str:
    """Return a link to show as a QR code, to the owner only. Each call makes a new secret."""
    session["device"] = secrets.token_hex(8)
    return uri.build(Account(user.get_username(), credential(user, session["device"]), issuer="Acme"))


def confirm(user: Any, session: MutableMapping[str, str], code: str, instead_of: Iterable[str] = ()) -> None:
    """Add the device whose code the owner typed; then remove the devices that it replaces.

    The store commits at once, and Django's row at the end of the request. In between, the
    device is already enrolled, so `login` asks for its codes.

    Raises:
        LookupError: No device is pending, as after a second click.
    """
    if not (device := session.get("device")):
        raise LookupError("no device is pending, as after a second click")
    verifier.enroll(str(user.pk), credential(user, device), code, device=device)
    SecondFactor.objects.get_or_create(user=user)
    del session["device"]
    for old in instead_of:
        verifier.forget(str(user.pk), old)


def login(user: Any, code: str, second: str = "", third: str = "") -> Accepted | None:
    """Check what the owner typed after the password: one code, or three while throttled."""
    known = devices(user)
    if not known and not SecondFactor.objects.filter(user=user).exists():
        return None  # the user has never enrolled a device
    if second or third:
        return verifier.resynchronize(str(user.pk), known, [code, second, third])
    return verifier.verify(str(user.pk), known, code)


class Backend(ModelBackend):
    """Accepts a password together with a code, from users who have a second factor.

    A form without a code, such as the admin's own login, refuses every user who has a second factor.
    """

    @sensitive_variables()
    def authenticate(
        self,
        request: Any,
        username: str | None = None,
        password: str | None = None,
        token: str = "",
        second_token: str = "",
        third_token: str = "",
        **kwargs: Any,
    ) -> Any:
        """Return the user, or None if the password is wrong.

        The arguments for codes are named tokens, because Django hides arguments with this name from receivers
        of `user_login_failed`.

        Raises:
            PermissionDenied: The code is refused; `request.refusal` says why. No other backend is asked.
            OnetimeError: The user cannot correct the error, for example a StoreError.
        """
        user = super().authenticate(request, username, password, **kwargs)
        if user is None:
            return None
        try:
            accepted = login(user, token, second_token, third_token)
        except OtherCredentialError:
            raise  # another master key, or a secret made again
        except (VerificationError, NotEnrolledError) as error:
            if request is not None:
                request.refusal = error
            raise PermissionDenied from error
        if request is not None and accepted is not None:
            request.failures_before = accepted.failures_before
        return user
