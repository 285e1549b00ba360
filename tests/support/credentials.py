"""Conversion of the model's credentials to the library's, and moving factors whose codes occur again."""

from onetime import HOTP, TOTP, Secret
from tests.support.model import Device

TWINS: dict[int, tuple[tuple[int, int], ...]] = {
    6: (
        *((1300575, 1), (1390529, 1), (1921099, 1), (153567, 2), (679858, 2), (1096428, 2), (103424, 3)),
        *((287107, 3), (2288500, 4), (2410569, 4), (1217265, 5), (285885, 6), (2357792, 7), (2386, 8)),
    ),
    7: ((3569440, 1), (863070, 2), (287107, 3), (7425840, 5)),
    8: ((3569440, 1),),
}
"""By digits: moving factors of the RFC's SHA1 key, each with the distance to a later one of the same code."""


def credential_of(device: Device) -> HOTP | TOTP:
    """Return the library's credential of a device."""
    secret = Secret(device.key)
    if device.period is None:
        return HOTP(secret, digits=device.digits, algorithm=device.algorithm)
    return TOTP(secret, digits=device.digits, algorithm=device.algorithm, period=device.period, t0=device.t0)
