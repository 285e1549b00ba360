"""Every exception that the library raises on purpose, apart from `TypeError` and plain `ValueError`.

    OnetimeError
    ├── SecretError (ValueError)    a secret could not be read
    ├── URIError (ValueError)       a link could not be read, or cannot be written
    ├── MigrationError (ValueError) an export of several accounts could not be read, joined or written
    ├── VerificationError           a code is refused
    │   ├── MalformedCodeError      ... it is no code at all
    │   ├── IncorrectCodeError      ... it matches nothing in sight
    │   ├── ReplayedCodeError       ... it was used before
    │   ├── ThrottledError          ... not before `retry_at`: too many were wrong
    │   ├── DisabledError           ... the credential is out of use
    │   └── ExpiredCodeError        ... it came too late, or none is under way
    ├── NotEnrolledError            there is nothing to verify against
    ├── AlreadyEnrolledError        there is a credential already
    └── StoreError                  the state could not be read or kept

No message contains a secret or a code. What a user types never raises anything but these; wrong
arguments of the programmer are `ValueError` and `TypeError`.
"""


class OnetimeError(Exception):
    """The root: catches everything that the library raises on purpose."""


class SecretError(OnetimeError, ValueError):
    """A secret could not be read: the text breaks a rule of its encoding.

    Attributes:
        position: Index of the first wrong character in the text, from 0; None where the fault is not
            at one place (an empty text, a wrong length).
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class URIError(OnetimeError, ValueError):
    """An `otpauth://` link could not be read, or an account cannot be written as one.

    Attributes:
        parameter: The part that is at fault, for example "secret", "digits" or "label"; None where it
            is the link as a whole, or a parameter without a meaning here.
    """

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class MigrationError(OnetimeError, ValueError):
    """An export (`otpauth-migration://`) could not be read, joined or written.

    Attributes:
        position: Index of the byte in the decoded payload at which it breaks a rule, from 0; None where
            the fault is not at one place of a payload.
        account: Index of the account that cannot be written, from 0; None where the fault is not in one
            account.
    """

    def __init__(self, message: str, position: int | None = None, account: int | None = None) -> None:
        super().__init__(message)
        self.position = position
        self.account = account


class VerificationError(OnetimeError):
    """A code is refused.

    The text is the same for every reason, so that it can be shown to the person at the keyboard and is
    no oracle. The class and its attributes are for the program.
    """

    def __str__(self) -> str:
        return "The code was not accepted."


class MalformedCodeError(VerificationError):
    """What was typed is no code: it has another length, or characters that codes do not have."""


class IncorrectCodeError(VerificationError):
    """The code matches none of those that are good now."""


class ReplayedCodeError(VerificationError):
    """The code was right, and was used before (RFC 6238 section 5.2)."""


class ThrottledError(VerificationError):
    """Not now: too many codes were wrong, or one was sent just now (RFC 4226 section 7.3).

    Attributes:
        retry_at: Unix time in seconds from which on the next code is judged.
    """

    def __init__(self, retry_at: int) -> None:
        super().__init__(retry_at)
        self.retry_at = retry_at


class DisabledError(VerificationError):
    """The credential is out of use until it is unlocked."""


class ExpiredCodeError(VerificationError):
    """No code is under way: none was sent, it was too long ago, or its tries are spent."""


class NotEnrolledError(OnetimeError):
    """No credential is enrolled under this key, or it is not the one that was given."""


class AlreadyEnrolledError(OnetimeError):
    """A credential is enrolled under this key, and nothing was said of replacing it."""


class StoreError(OnetimeError):
    """The state could not be read or kept, so nothing was accepted."""
