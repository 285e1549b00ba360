"""Every exception that the library raises on purpose, except `TypeError` and plain `ValueError`.

    OnetimeError
    ├── SecretError (ValueError)     a secret could not be read
    ├── URIError (ValueError)        a link could not be read, or cannot be written
    ├── MigrationError (ValueError)  an export of several accounts could not be read, joined or written
    ├── VerificationError            a code is refused
    │   ├── MalformedCodeError       ... it is not a code at all
    │   ├── IncorrectCodeError       ... it matches no code within the window
    │   ├── ReplayedCodeError        ... it was used before
    │   ├── ThrottledError           ... no code is checked before `retry_at`
    │   ├── DisabledError            ... the user is disabled
    │   ├── ExpiredCodeError         ... it came too late, or no code is pending
    │   └── NotIssuedError           a new code cannot be sent before `retry_at`
    ├── NotEnrolledError             none of the given devices is enrolled
    │   └── OtherCredentialError     ... another credential is enrolled under a given name
    ├── AlreadyEnrolledError         the name is taken, or the user has the credential under another name
    ├── TooManyDevicesError          the user has as many devices as the policy allows
    └── StoreError                   the state could not be read or stored

No message contains a secret or a code. User input raises only these errors; wrong arguments from the program
raise `ValueError` and `TypeError`. Each error has a `reason`, a stable lower-case word for logs, metrics and
JSON.
"""


class OnetimeError(Exception):
    """Base class of all errors in this module.

    Attributes:
        reason: A stable word for logs, metrics and JSON.
    """

    reason = "error"


class SecretError(OnetimeError, ValueError):
    """A secret could not be read, because the text breaks a rule of its encoding.

    Attributes:
        position: Index of the first wrong character in the text, from 0; None if the fault has no position
            (empty text, wrong length).
    """

    reason = "malformed_secret"

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class URIError(OnetimeError, ValueError):
    """An `otpauth://` link could not be read, or an account cannot be written as one.

    Attributes:
        parameter: Name of the faulty part, for example "secret", "digits" or "label"; None if the fault is in
            the link as a whole, or in a parameter that the library does not use.
    """

    reason = "malformed_link"

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class MigrationError(OnetimeError, ValueError):
    """An export (`otpauth-migration://`) could not be read, joined or written.

    Attributes:
        position: Index of the faulty byte in the decoded payload, from 0; None if the fault has no position
            in a payload.
        account: Index of the account that cannot be written, from 0; None if the fault is not in one account.
    """

    reason = "malformed_export"

    def __init__(self, message: str, position: int | None = None, account: int | None = None) -> None:
        super().__init__(message)
        self.position = position
        self.account = account


class VerificationError(OnetimeError):
    """A code is refused.

    The text is the same for every reason, so a program can show the text to the user without helping an
    attacker. Only `NotIssuedError` has a text of its own. The class and its attributes are for the program.
    """

    reason = "refused"

    def __str__(self) -> str:
        return "The code was not accepted."


class MalformedCodeError(VerificationError):
    """The text is not a code: its length is wrong, or it has characters other than digits."""

    reason = "malformed"


class IncorrectCodeError(VerificationError):
    """The code matches no code within the window, or is not the delivered code or recovery code.

    Attributes:
        failures: Failures since the last success, including this one if it counts.
        retry_at: Unix time in seconds at which the next code is checked; None if it is checked at once.
        left_out: Names of the given devices that are not enrolled with the given credential.
    """

    reason = "incorrect"

    def __init__(self, failures: int, retry_at: int | None = None, left_out: tuple[str, ...] = ()) -> None:
        super().__init__(failures, retry_at, left_out)
        self.failures = failures
        self.retry_at = retry_at
        self.left_out = left_out


class ReplayedCodeError(VerificationError):
    """The code was correct, but it was used before (RFC 6238 section 5.2).

    Attributes:
        device: Name of the device that the code belongs to; None for delivered codes and recovery codes.
        moving_factor: Counter or step of the code, or of the last of three codes; None for delivered codes
            and recovery codes.
    """

    reason = "replayed"

    def __init__(self, device: str | None = None, moving_factor: int | None = None) -> None:
        super().__init__(device, moving_factor)
        self.device = device
        self.moving_factor = moving_factor


class ThrottledError(VerificationError):
    """The code was not checked, because too many before it were wrong (RFC 4226 section 7.3).

    Attributes:
        retry_at: Unix time in seconds at which the next code is checked.
    """

    reason = "throttled"

    def __init__(self, retry_at: int) -> None:
        super().__init__(retry_at)
        self.retry_at = retry_at


class DisabledError(VerificationError):
    """The user is disabled until unlocked (SP 800-63B-4, 3.2.2)."""

    reason = "disabled"


class ExpiredCodeError(VerificationError):
    """No code is pending: none was sent, the last one was sent too long ago, or its tries are spent."""

    reason = "expired"


class NotIssuedError(VerificationError):
    """A new code cannot be sent yet: the last one was sent too recently, or no try is left.

    Attributes:
        retry_at: Unix time in seconds at which a code can be sent.
    """

    reason = "not_issued"

    def __init__(self, retry_at: int) -> None:
        super().__init__(retry_at)
        self.retry_at = retry_at

    def __str__(self) -> str:
        return "A new code cannot be sent yet. Please try again later."


class NotEnrolledError(OnetimeError):
    """None of the given devices is enrolled for this user. The text names the enrolled devices."""

    reason = "not_enrolled"


class OtherCredentialError(NotEnrolledError):
    """Another credential is enrolled under a given name, and none of the given devices is enrolled.

    The cause may be another master key, or a secret that the program lost and generated again. Page an
    operator when this error is raised.
    """

    reason = "other_credential"


class AlreadyEnrolledError(OnetimeError):
    """The name is taken and `replace` is false, or the user has the credential under another name."""

    reason = "already_enrolled"


class TooManyDevicesError(OnetimeError):
    """The user has as many devices as the policy allows."""

    reason = "too_many_devices"


class StoreError(OnetimeError):
    """The state could not be read or stored, so nothing was accepted."""

    reason = "store_error"
