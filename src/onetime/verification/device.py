"""The stored values of one of a user's devices."""

import struct
from typing import NamedTuple

from onetime.checks import check_integer
from onetime.credential import Credential
from onetime.hotp import HOTP, LAST_MOVING_FACTOR, MAX_DIGITS, MIN_DIGITS
from onetime.totp import TOTP

DEFAULT = "default"
"""Default name of a user's only device."""

MAX_NAME = 64
"""Maximum length of a device's name, in characters."""

DAY = 86_400
"""Length of a day, in seconds."""

ENROLLMENT_BITS = 64
"""Length of a random enrollment id, in bits."""

CREDENTIALS = (HOTP, TOTP)
"""The types of credentials. `isinstance` is faster with a tuple than with a union."""

_four_bytes = struct.Struct(">I").unpack_from

_NAME = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
"""The characters of a name."""


class Device(NamedTuple):
    """The stored values of a device: integers, and no secret.

    Attributes:
        kind: "hotp" or "totp".
        watermark: The lowest counter or step that can still be accepted, from 0 to 2^64. It never decreases.
        drift: TOTP: steps from the server's clock to the center of the window.
        anchor: TOTP: the drift that three codes last proved, or that `adopt` set; at first 0.
        streak: TOTP: number of consecutive accepted codes that were after the center (positive) or before
            it (negative).
        enrollment_id: Random 64 bits of this enrollment, as an integer.
        fingerprint: 32 bits of an HMAC, as an integer, that detect another credential.
    """

    kind: str
    watermark: int
    drift: int
    anchor: int
    streak: int
    enrollment_id: int
    fingerprint: int

    @classmethod
    def fresh(
        cls, credential: Credential, enrollment_id: int, watermark: int = 0, drift: int = 0
    ) -> "Device":
        """Return the stored values of a device at its enrollment.

        Args:
            credential: The HOTP or TOTP.
            enrollment_id: Random integer of 64 bits, new for each enrollment.
            watermark: The lowest counter or step that can be accepted, from 0 to 2^64.
            drift: TOTP: steps from the server's clock to the device's clock; 0 for an HOTP.

        Raises:
            TypeError: The credential is neither an HOTP nor a TOTP, or a number is not an int.
            ValueError: A number is out of range.
        """
        check_credential(credential)
        check_integer("enrollment_id", enrollment_id, 0, 2**ENROLLMENT_BITS - 1)
        check_integer("watermark", watermark, 0, LAST_MOVING_FACTOR + 1)
        return cls(
            credential.kind, watermark, drift, drift, 0, enrollment_id, fingerprint(credential, enrollment_id)
        )

    def used(self, factor: int, drift: int, anchor: int, streak: int) -> "Device":
        """Return the device after a code was accepted: all codes up to its moving factor are spent.

        Args:
            factor: Counter or step of the code.
            drift: The new drift, in steps.
            anchor: The new anchor, in steps.
            streak: The new streak.
        """
        kind, _, _, _, _, number, fingerprint = self
        # `_replace` takes five times as long.
        return tuple.__new__(Device, (kind, factor + 1, drift, anchor, streak, number, fingerprint))

    @property
    def exhausted(self) -> bool:
        """Whether the last counter or step is spent, so that no more codes can be accepted."""
        return self.watermark > LAST_MOVING_FACTOR

    def after(self, previous: "Device | None", credential: Credential) -> "Device":
        """Return this fresh device with what it inherits from the device of the same name that it replaces.

        Spent codes of the same credential stay spent, even if the number of digits differs, because a code
        of eight digits ends with the code of six digits.
        """
        if previous is None or not previous.has_at_other_digits(credential):
            return self
        return self._replace(watermark=max(self.watermark, previous.watermark))

    def has(self, credential: Credential) -> bool:
        """Return whether this is the credential that was enrolled."""
        return self.fingerprint == fingerprint(credential, self.enrollment_id)

    def has_at_other_digits(self, credential: Credential) -> bool:
        """Return whether this is the credential that was enrolled, or differs only in its digits."""
        return any(
            self.fingerprint == fingerprint(credential, self.enrollment_id, digits)
            for digits in range(MIN_DIGITS, MAX_DIGITS + 1)
        )


def fingerprint(credential: Credential, enrollment_id: int, digits: int = 0) -> int:
    """Compute 32 bits that detect a wrong credential, but reveal almost nothing of the secret.

    Args:
        credential: The credential.
        enrollment_id: Random 64 bits of its enrollment.
        digits: Length of a code; 0 for the credential's own.
    """
    hotp = credential.hotp
    digits = digits or hotp.digits
    algorithm = hotp.algorithm._value_  # an enum is slow to format itself
    if credential.kind == "totp":
        message = f"onetime {enrollment_id} totp {algorithm} {digits} {credential.period} {credential.t0}"
    else:
        message = f"onetime {enrollment_id} hotp {algorithm} {digits}"
    first: int = _four_bytes(hotp.hmac(message.encode()))[0]
    return first


def check_credential(credential: object) -> None:
    """Raise TypeError if a value is not a credential."""
    if not isinstance(credential, CREDENTIALS):
        raise TypeError(f"a credential must be an HOTP or a TOTP, not {type(credential).__name__}")


def check_name(device: object) -> None:
    """Raise an error if a value is not a device's name.

    Raises:
        TypeError: The value is not a str.
        ValueError: The text does not have 1 to 64 characters of A-Z, a-z, 0-9, "_", "." and "-".
    """
    # A subclass is refused: the formatted text of an enumeration's member may differ from the text it equals.
    if type(device) is not str:
        raise TypeError(f"device must be a str, not {type(device).__name__}")
    if not is_name(device):
        raise ValueError(f"device must have 1 to {MAX_NAME} characters of A-Z, a-z, 0-9, _, . and -")


def is_name(text: str) -> bool:
    """Return whether a text is a device's name."""
    if not (text.isascii() and 0 < len(text) <= MAX_NAME):
        return False
    return text.isalnum() or not text.encode().translate(None, _NAME)
