"""One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238).

The ground floor (`Secret`, `Algorithm`, `HOTP`, `TOTP` and the errors) is imported with the package.
What else is listed here is imported when it is first used.
"""

from onetime.algorithm import Algorithm as Algorithm
from onetime.credential import Credential as Credential
from onetime.errors import AlreadyEnrolledError as AlreadyEnrolledError
from onetime.errors import DisabledError as DisabledError
from onetime.errors import ExpiredCodeError as ExpiredCodeError
from onetime.errors import IncorrectCodeError as IncorrectCodeError
from onetime.errors import MalformedCodeError as MalformedCodeError
from onetime.errors import MigrationError as MigrationError
from onetime.errors import NotEnrolledError as NotEnrolledError
from onetime.errors import NotIssuedError as NotIssuedError
from onetime.errors import OnetimeError as OnetimeError
from onetime.errors import OtherCredentialError as OtherCredentialError
from onetime.errors import ReplayedCodeError as ReplayedCodeError
from onetime.errors import SecretError as SecretError
from onetime.errors import StoreError as StoreError
from onetime.errors import ThrottledError as ThrottledError
from onetime.errors import TooManyDevicesError as TooManyDevicesError
from onetime.errors import URIError as URIError
from onetime.errors import VerificationError as VerificationError
from onetime.hotp import HOTP as HOTP
from onetime.secret import Secret as Secret
from onetime.totp import TOTP as TOTP

__version__ = "0.1.0"

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from onetime.inspection.diagnosis import Diagnosis as Diagnosis
    from onetime.inspection.diagnosis import diagnose as diagnose
    from onetime.inspection.explanation import Explanation as Explanation
    from onetime.inspection.explanation import explain as explain
    from onetime.inspection.finding import Finding as Finding
    from onetime.inspection.sighting import Sighting as Sighting
    from onetime.provisioning.account import Account as Account
    from onetime.provisioning.batch import Batch as Batch
    from onetime.provisioning.batch import Refused as Refused
    from onetime.provisioning.qr import QRCode as QRCode
    from onetime.storage.memory import MemoryStore as MemoryStore
    from onetime.storage.sql import SQLStore as SQLStore
    from onetime.storage.store import Store as Store
    from onetime.verification.decision import decide as decide
    from onetime.verification.delivery import Delivered as Delivered
    from onetime.verification.delivery import DeliveredCodes as DeliveredCodes
    from onetime.verification.device import Device as Device
    from onetime.verification.enrollment import decide_enroll as decide_enroll
    from onetime.verification.evidence import Accepted as Accepted
    from onetime.verification.evidence import Decision as Decision
    from onetime.verification.policy import Limits as Limits
    from onetime.verification.policy import Policy as Policy
    from onetime.verification.recovery import RecoveryCodes as RecoveryCodes
    from onetime.verification.recovery import Redeemed as Redeemed
    from onetime.verification.resync import decide_resync as decide_resync
    from onetime.verification.state import State as State
    from onetime.verification.verifier import Verifier as Verifier

_WINGS = {
    "Accepted": "onetime.verification.evidence",
    "Account": "onetime.provisioning.account",
    "Batch": "onetime.provisioning.batch",
    "Decision": "onetime.verification.evidence",
    "Delivered": "onetime.verification.delivery",
    "DeliveredCodes": "onetime.verification.delivery",
    "Device": "onetime.verification.device",
    "Diagnosis": "onetime.inspection.diagnosis",
    "Explanation": "onetime.inspection.explanation",
    "Finding": "onetime.inspection.finding",
    "Limits": "onetime.verification.policy",
    "MemoryStore": "onetime.storage.memory",
    "Policy": "onetime.verification.policy",
    "QRCode": "onetime.provisioning.qr",
    "RecoveryCodes": "onetime.verification.recovery",
    "Redeemed": "onetime.verification.recovery",
    "Refused": "onetime.provisioning.batch",
    "SQLStore": "onetime.storage.sql",
    "Sighting": "onetime.inspection.sighting",
    "State": "onetime.verification.state",
    "Store": "onetime.storage.store",
    "Verifier": "onetime.verification.verifier",
    "decide": "onetime.verification.decision",
    "decide_enroll": "onetime.verification.enrollment",
    "decide_resync": "onetime.verification.resync",
    "diagnose": "onetime.inspection.diagnosis",
    "explain": "onetime.inspection.explanation",
}


def __getattr__(name: str) -> object:
    if name not in _WINGS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_WINGS[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WINGS})
