"""What a server remembers of a credential, and its text form in a store."""

from binascii import crc32
from typing import NamedTuple

from onetime.errors import StoreError
from onetime.hotp import HOTP, LAST_MOVING_FACTOR
from onetime.totp import TOTP
from onetime.verification.throttle import Throttle

LEAN = 3
"""So many accepted codes in a row on one side of the centre move it one step."""


_KINDS = {"hotp1": "hotp", "totp1": "totp"}
"""Kind and version in a store, and the kind."""


class State(NamedTuple):
    """What the server remembers of a credential: integers, and no secret.

    Attributes:
        kind: "hotp" or "totp".
        next_factor: The lowest counter or step that can still be accepted: the watermark. It never sinks.
        drift: TOTP: steps from the server's clock to the centre.
        lean: TOTP: how many accepted codes in a row lay after (above 0) or before (below 0) the centre.
        throttle: What counts against guessers.
        disabled: 1 while every code is refused, else 0.
        mark: Random 64 bits of this enrolment.
        seal: 32 bits by which a credential that is not the enrolled one is found.
    """

    # A tuple and no dataclass: a verification makes two of them, at a third of the time.
    kind: str
    next_factor: int
    drift: int
    lean: int
    throttle: Throttle
    disabled: int
    mark: int
    seal: int

    @classmethod
    def fresh(cls, credential: HOTP | TOTP, mark: int, counter: int = 0) -> "State":
        """Begin an enrolment.

        Args:
            credential: What is enrolled.
            mark: Random 64 bits, new for each enrolment: `secrets.randbits(64)`.
            counter: The lowest counter (or step) that can be accepted.

        Raises:
            TypeError: The credential is neither a HOTP nor a TOTP.
        """
        kind = "totp" if isinstance(credential, TOTP) else "hotp"
        return cls(kind, counter, 0, 0, Throttle(), 0, mark, seal_of(credential, mark))

    @property
    def exhausted(self) -> bool:
        """Whether the last counter or step is spent, so that no code can be accepted any more."""
        return self.next_factor > LAST_MOVING_FACTOR

    def to_text(self) -> str:
        """Write the state as a store keeps it: kind and version, integers, and a check of all that."""
        kind, next_factor, drift, lean, (failures, delayed_until, full_at), disabled, mark, seal = self
        text = (
            f"{kind}1 {next_factor} {drift} {lean} {failures} {delayed_until} {full_at} "
            f"{disabled} {mark} {seal}"
        )
        return f"{text} {crc32(text.encode())}"

    @classmethod
    def from_text(cls, text: str) -> "State":
        """Read what `to_text` wrote; the check at the end of the text vouches for the rest.

        Raises:
            StoreError: The text is damaged, or of an unknown kind or version.
        """
        try:
            body, _, check = text.rpartition(" ")
            if check == str(crc32(body.encode())):
                kind, *words = body.split(" ")
                next_factor, drift, lean, failures, delayed_until, full_at, disabled, mark, seal = map(
                    int, words
                )
                throttle = Throttle(failures, delayed_until, full_at)
                return cls(_KINDS[kind], next_factor, drift, lean, throttle, disabled, mark, seal)
        except (KeyError, TypeError, ValueError):
            pass
        raise StoreError("a stored state is damaged, or of an unknown kind or version")


def hotp_of(credential: HOTP | TOTP) -> HOTP:
    """Take the HOTP of a credential.

    Raises:
        TypeError: It is no credential.
    """
    if isinstance(credential, TOTP):
        return credential.hotp
    if isinstance(credential, HOTP):
        return credential
    raise TypeError("the credential is a HOTP or a TOTP")


def seal_of(credential: HOTP | TOTP, mark: int) -> int:
    """Compute 32 bits that find mistakes, and tell whoever steals the table next to nothing."""
    hotp = hotp_of(credential)
    if isinstance(credential, TOTP):
        message = f"onetime {mark} totp {hotp.algorithm} {hotp.digits} {credential.period} {credential.t0}"
    else:
        message = f"onetime {mark} hotp {hotp.algorithm} {hotp.digits}"
    return int.from_bytes(hotp.hmac(message.encode())[:4])
