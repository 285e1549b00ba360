#!/usr/bin/python3 -I
"""A second factor for sshd and other services, through PAM's module pam_exec.

As root, with onetime installed for the system's Python:

    install -d -m 700 /var/lib/onetime
    head -c 32 /dev/urandom > /var/lib/onetime/master.key
    install -m 755 pam_helper.py /usr/local/sbin/onetime-pam
    onetime-pam enroll alice     # shows a QR code, and asks for a code
    onetime-pam forget alice     # when the user is removed, or has lost the phone

In /etc/pam.d/sshd, in place of `@include common-auth`:

    auth required pam_exec.so expose_authtok quiet stdout /usr/local/sbin/onetime-pam

In /etc/ssh/sshd_config, so that the key is one factor and the code, at the prompt "Password:", is the other:

    UsePAM yes
    KbdInteractiveAuthentication yes
    AuthenticationMethods publickey,keyboard-interactive:pam

Keep a root shell open until you have tried it. Users without a device are refused. A user who is throttled
types three codes in a row, with spaces between them. The system's log says why a user was refused.
"""

import os
import secrets
import sys
import syslog
from pathlib import Path

from onetime import TOTP, Account, OnetimeError, QRCode, Secret, SQLStore, Verifier
from onetime.provisioning import uri

FOLDER = Path("/var/lib/onetime")


def credential(user: str, device: str) -> TOTP:
    """Return the credential of a device, whose secret is derived from its name."""
    master = Secret((FOLDER / "master.key").read_bytes())
    return TOTP(Secret.derive(master, f"totp {user} {device}"))


def devices(verifier: Verifier, user: str) -> dict[str, TOTP]:
    """Return the credentials of the user's devices: their names are in the store."""
    state = verifier.state(user)
    return {name: credential(user, name) for name in state.devices} if state else {}


def check(verifier: Verifier, user: str, typed: str) -> int:
    """Return the exit status for PAM: 0 lets the user in."""
    words = typed.split()
    try:
        if len(words) == 3 and all(len(word) == 6 for word in words):
            accepted = verifier.resynchronize(user, devices(verifier, user), words)
        else:
            accepted = verifier.verify(user, devices(verifier, user), typed)
    except (OnetimeError, ValueError) as error:
        reason = getattr(error, "reason", type(error).__name__)
        syslog.syslog(syslog.LOG_AUTH | syslog.LOG_NOTICE, f"onetime refused {user!a}: {reason}")
        return 1
    if accepted.failures_before:
        print(f"Wrong codes since your last login: {accepted.failures_before}")
    return 0


def enroll(verifier: Verifier, user: str) -> None:
    """Add a device, which replaces the user's other devices."""
    old, device = devices(verifier, user), secrets.token_hex(8)
    print(QRCode(uri.build(Account(user, credential(user, device), issuer=os.uname().nodename))).to_text())
    verifier.enroll(user, credential(user, device), input("The code that the app shows: "), device=device)
    for name in old:
        verifier.forget(user, name)


def main(arguments: list[str]) -> int:
    """Run a command of PAM or of root."""
    with SQLStore.sqlite(FOLDER / "otp.db") as store:
        verifier = Verifier(store)
        match arguments:
            case [] if os.environ.get("PAM_TYPE") == "auth":
                # pam_exec writes the typed text, followed by a NUL.
                typed = sys.stdin.buffer.read().rstrip(b"\0").decode("utf-8", "replace")
                return check(verifier, os.environ["PAM_USER"], typed)
            case ["enroll", user]:
                enroll(verifier, user)
            case ["forget", user]:
                verifier.forget(user)
            case _:
                print("usage: onetime-pam enroll USER | forget USER", file=sys.stderr)
                return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
