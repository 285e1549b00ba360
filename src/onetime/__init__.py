"""One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238).

The ground floor (`Secret`, `Algorithm`, `HOTP`, `TOTP` and the errors) is imported with the package.
What else is listed here is imported when it is first used.
"""

from onetime.algorithm import Algorithm as Algorithm
from onetime.errors import AlreadyEnrolledError as AlreadyEnrolledError
from onetime.errors import DisabledError as DisabledError
from onetime.errors import ExpiredCodeError as ExpiredCodeError
from onetime.errors import IncorrectCodeError as IncorrectCodeError
from onetime.errors import MalformedCodeError as MalformedCodeError
from onetime.errors import NotEnrolledError as NotEnrolledError
from onetime.errors import OnetimeError as OnetimeError
from onetime.errors import ReplayedCodeError as ReplayedCodeError
from onetime.errors import SecretError as SecretError
from onetime.errors import StoreError as StoreError
from onetime.errors import ThrottledError as ThrottledError
from onetime.errors import URIError as URIError
from onetime.errors import VerificationError as VerificationError
from onetime.hotp import HOTP as HOTP
from onetime.secret import Secret as Secret
from onetime.totp import TOTP as TOTP

__version__ = "0.1.0"

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from onetime.inspection.explanation import Explanation as Explanation
    from onetime.inspection.explanation import explain as explain
    from onetime.provisioning.uri import Account as Account

_WINGS = {
    "Account": "onetime.provisioning.uri",
    "Explanation": "onetime.inspection.explanation",
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
