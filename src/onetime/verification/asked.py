"""The choice of the user's devices that a code is compared with."""

from collections.abc import Mapping

from onetime.credential import Credential
from onetime.errors import (
    DisabledError,
    MalformedCodeError,
    NotEnrolledError,
    OnetimeError,
    OtherCredentialError,
)
from onetime.verification.device import CREDENTIALS, DEFAULT, Device, check_credential
from onetime.verification.state import State

Credentials = Credential | Mapping[str, Credential]
"""The credential of the device "default", or a mapping of device names to credentials."""

Asked = tuple[list[tuple[str, Credential, Device]], tuple[str, ...]]
"""The chosen devices in order of enrollment, each with name, credential and stored values; then the names of
the given devices that are not enrolled with the given credential."""


def ask(credentials: Credentials, state: State, digits: int) -> Asked | OnetimeError:
    """Choose the devices for a code of a given length, by rules 1 to 3 of `decision`.

    Args:
        credentials: The credentials.
        state: The stored state of the user.
        digits: Length of the code.

    Returns:
        The devices, or a refusal.

    Raises:
        TypeError: The credentials are neither an HOTP, a TOTP nor a mapping of names to those.
    """
    if isinstance(credentials, CREDENTIALS):
        device = state.devices.get(DEFAULT)
        if device is None or not device.has(credentials):
            return _not_enrolled({DEFAULT: credentials}, state)
        if credentials.hotp.digits != digits:
            return MalformedCodeError()
        return DisabledError() if state.disabled else ([(DEFAULT, credentials, device)], ())
    given = check_mapping(credentials)
    enrolled = []
    devices = []
    for name, device in state.devices.items():
        credential = given.get(name)
        if credential is not None and device.has(credential):
            enrolled.append(name)
            if credential.hotp.digits == digits:
                devices.append((name, credential, device))
    if not enrolled:
        return _not_enrolled(given, state)
    left_out: tuple[str, ...] = ()
    if len(enrolled) < len(given):
        left_out = tuple([name for name in given if name not in enrolled])
    if not devices:
        return MalformedCodeError()
    return DisabledError() if state.disabled else (devices, left_out)


def check_mapping(credentials: object) -> Mapping[str, Credential]:
    """Return the credentials if they are a mapping of device names to credentials.

    Raises:
        TypeError: The credentials are neither an HOTP, a TOTP nor a mapping of names to those.
    """
    if not isinstance(credentials, Mapping):
        raise TypeError(
            "credentials must be an HOTP, a TOTP, or a mapping of device names to those, "
            f"not {type(credentials).__name__}"
        )
    for name, credential in credentials.items():
        if type(name) is not str:
            raise TypeError(f"the name of a device must be a str, not {type(name).__name__}")
        check_credential(credential)
    return credentials


def _not_enrolled(given: Mapping[str, Credential], state: State) -> NotEnrolledError:
    names = ", ".join(state.devices) or "none"
    if state.devices.keys() & given.keys():
        return OtherCredentialError(
            f"another credential is enrolled under a given name; enrolled devices: {names}"
        )
    return NotEnrolledError(f"none of the given devices is enrolled; enrolled devices: {names}")
