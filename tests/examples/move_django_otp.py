"""Move users from django-otp without enrolling again: `python3 manage.py move_django_otp otp.db`.

This file is a command: copy it to `management/commands/` of one of your apps.

1. Stop the site, so that django-otp accepts no more codes.
2. Run the command. It adopts every confirmed TOTP and HOTP device: a code that was used stays used, and the
   drift is kept. You can run it again before step 3. Later, it would bring removed devices back.
3. Start the site with `login` in place of django-otp's `match_token`.

The secrets stay in django-otp's tables, where `devices` reads them at each login.

Static tokens cannot be adopted, because they are stored in plain text. Continue to check them with
`StaticDevice.verify_token`, which deletes each token that it accepts. At the next login of a user who has
tokens, show the new codes of `RecoveryCodes(store).issue(str(user.pk))` once, and delete the `StaticDevice`.
"""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django_otp.plugins.otp_hotp.models import HOTPDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from onetime import HOTP, TOTP, Accepted, Credential, Secret, SQLStore, Verifier


def totp(row: Any) -> TOTP:
    """Return the credential of a TOTPDevice."""
    return TOTP(Secret(row.bin_key), digits=row.digits, period=row.step, t0=row.t0)


def hotp(row: Any) -> HOTP:
    """Return the credential of an HOTPDevice."""
    return HOTP(Secret(row.bin_key), digits=row.digits)


def devices(user: Any) -> dict[str, Credential]:
    """Return the credentials of a user's devices by name."""
    found: dict[str, Credential] = {}
    for row in TOTPDevice.objects.filter(user=user, confirmed=True):
        found[f"totp-{row.pk}"] = totp(row)
    for row in HOTPDevice.objects.filter(user=user, confirmed=True):
        found[f"hotp-{row.pk}"] = hotp(row)
    return found


def login(verifier: Verifier, user: Any, code: str) -> Accepted:
    """Check the code that a user typed after the password."""
    return verifier.verify(str(user.pk), devices(user), code)


def move(verifier: Verifier) -> tuple[int, list[str]]:
    """Adopt all confirmed devices; return how many were adopted, and why each of the others was not."""
    moved, refused = 0, []

    def adopt(
        row: Any, name: str, credential: Callable[[Any], Credential], watermark: int, drift: int = 0
    ) -> None:
        nonlocal moved
        try:
            verifier.adopt(
                str(row.user_id), credential(row), device=name, watermark=watermark, drift=drift, replace=True
            )
        except Exception as error:  # whatever is wrong with a row, the others are moved
            refused.append(f"user {row.user_id}, device {name}: {error}")
        else:
            moved += 1

    # `last_t` is the last step that was accepted, -1 at first; `counter` is the next one.
    for row in TOTPDevice.objects.filter(confirmed=True).iterator():
        adopt(row, f"totp-{row.pk}", totp, row.last_t + 1, row.drift)
    for row in HOTPDevice.objects.filter(confirmed=True).iterator():
        adopt(row, f"hotp-{row.pk}", hotp, row.counter)
    return moved, refused


class Command(BaseCommand):
    """The command of manage.py."""

    help = "Move users from django-otp to a store of onetime."

    def add_arguments(self, parser: Any) -> None:
        """Declare the store's file."""
        parser.add_argument("path")

    def handle(self, *_args: Any, path: str, **_options: Any) -> None:
        """Move all users."""
        with SQLStore.sqlite(path) as store:
            moved, refused = move(Verifier(store))
        self.stdout.write(f"{moved} moved, {len(refused)} not")
        if refused:
            raise CommandError("\n".join(["not moved:", *refused]))
