"""One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238).

`Secret`, `Algorithm`, `HOTP`, `TOTP`, `Credential` and the errors are imported with the package. Every other
name in `__all__` is imported on first use.
"""

from onetime.algorithm import Algorithm
from onetime.credential import Credential
from onetime.errors import (
    AlreadyEnrolledError,
    DisabledError,
    ExpiredCodeError,
    IncorrectCodeError,
    MalformedCodeError,
    MigrationError,
    NotEnrolledError,
    NotIssuedError,
    OnetimeError,
    OtherCredentialError,
    ReplayedCodeError,
    SecretError,
    StoreError,
    ThrottledError,
    TooManyDevicesError,
    URIError,
    VerificationError,
)
from onetime.hotp import HOTP
from onetime.secret import Secret
from onetime.totp import TOTP

__version__ = "1.0.0"
__all__ = [
    "HOTP",
    "TOTP",
    "Accepted",
    "Account",
    "Algorithm",
    "AlreadyEnrolledError",
    "Batch",
    "Credential",
    "Decision",
    "Delivered",
    "DeliveredCodes",
    "Device",
    "Diagnosis",
    "DisabledError",
    "ExpiredCodeError",
    "Explanation",
    "Finding",
    "IncorrectCodeError",
    "Limits",
    "MalformedCodeError",
    "MemoryStore",
    "MigrationError",
    "NotEnrolledError",
    "NotIssuedError",
    "OnetimeError",
    "OtherCredentialError",
    "Policy",
    "QRCode",
    "RecoveryCodes",
    "Redeemed",
    "Refused",
    "ReplayedCodeError",
    "SQLStore",
    "Secret",
    "SecretError",
    "Sighting",
    "State",
    "Store",
    "StoreError",
    "ThrottledError",
    "TooManyDevicesError",
    "URIError",
    "VerificationError",
    "Verifier",
    "decide",
    "decide_enroll",
    "decide_resync",
    "diagnose",
    "explain",
]

_ROOMS = {
    "onetime.inspection.diagnosis": ("Diagnosis", "diagnose"),
    "onetime.inspection.explanation": ("Explanation", "explain"),
    "onetime.inspection.finding": ("Finding",),
    "onetime.inspection.sighting": ("Sighting",),
    "onetime.provisioning.account": ("Account",),
    "onetime.provisioning.batch": ("Batch", "Refused"),
    "onetime.provisioning.qr": ("QRCode",),
    "onetime.storage.memory": ("MemoryStore",),
    "onetime.storage.sql": ("SQLStore",),
    "onetime.storage.store": ("Store",),
    "onetime.verification.decision": ("decide",),
    "onetime.verification.delivery": ("Delivered", "DeliveredCodes"),
    "onetime.verification.device": ("Device",),
    "onetime.verification.enrollment": ("decide_enroll",),
    "onetime.verification.evidence": ("Accepted", "Decision"),
    "onetime.verification.policy": ("Limits", "Policy"),
    "onetime.verification.recovery": ("RecoveryCodes", "Redeemed"),
    "onetime.verification.resync": ("decide_resync",),
    "onetime.verification.state": ("State",),
    "onetime.verification.verifier": ("Verifier",),
}
"""The module of each name that is imported on first use."""

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from onetime.inspection.diagnosis import Diagnosis, diagnose
    from onetime.inspection.explanation import Explanation, explain
    from onetime.inspection.finding import Finding
    from onetime.inspection.sighting import Sighting
    from onetime.provisioning.account import Account
    from onetime.provisioning.batch import Batch, Refused
    from onetime.provisioning.qr import QRCode
    from onetime.storage.memory import MemoryStore
    from onetime.storage.sql import SQLStore
    from onetime.storage.store import Store
    from onetime.verification.decision import decide
    from onetime.verification.delivery import Delivered, DeliveredCodes
    from onetime.verification.device import Device
    from onetime.verification.enrollment import decide_enroll
    from onetime.verification.evidence import Accepted, Decision
    from onetime.verification.policy import Limits, Policy
    from onetime.verification.recovery import RecoveryCodes, Redeemed
    from onetime.verification.resync import decide_resync
    from onetime.verification.state import State
    from onetime.verification.verifier import Verifier
else:
    # Hidden from type checkers, which would otherwise accept any misspelled name.

    def __getattr__(name: str) -> object:
        for room, names in _ROOMS.items():
            if name in names:
                from importlib import import_module

                value = globals()[name] = getattr(import_module(room), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
