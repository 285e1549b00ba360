"""Verdicts: the evidence of a success, or the error of a refusal."""

from typing import NamedTuple

from onetime.errors import OnetimeError
from onetime.verification.state import State
from onetime.verification.value import Value

_put = object.__setattr__  # faster than `_fill`


class Accepted(Value):
    """The evidence of a success.

    Attributes:
        device: Name of the device that the code belongs to.
        moving_factor: Counter or step of the code, or of the last of three codes.
        offset: TOTP: the moving factor minus the center of the window, in steps. HOTP: the moving factor
            minus the expected counter.
        drift: TOTP: steps from the server's clock to the center for the next code. HOTP: 0.
        failures_before: Failures since the last success. The program should notify the owner of them.
        left_out: Names of the given devices that are not enrolled with the given credential.
    """

    __slots__ = ("device", "moving_factor", "offset", "drift", "failures_before", "left_out")  # noqa: RUF023 - their order
    device: str
    moving_factor: int
    offset: int
    drift: int
    failures_before: int
    left_out: tuple[str, ...]

    def __init__(
        self,
        device: str,
        moving_factor: int,
        offset: int,
        drift: int,
        failures_before: int,
        left_out: tuple[str, ...] = (),
    ) -> None:
        _put(self, "device", device)
        _put(self, "moving_factor", moving_factor)
        _put(self, "offset", offset)
        _put(self, "drift", drift)
        _put(self, "failures_before", failures_before)
        _put(self, "left_out", left_out)


class Decision(NamedTuple):
    """A verdict, which must not be acted on before `state` is stored.

    Attributes:
        state: The state that replaces the given one; the same object if nothing changed.
        verdict: The evidence of a success, or the error of a refusal.
    """

    state: State
    verdict: Accepted | OnetimeError

    def result(self) -> Accepted:
        """Return the evidence, or raise the refusal.

        Raises:
            VerificationError: The code is refused; the class says why.
            NotEnrolledError: None of the given devices is enrolled.
            AlreadyEnrolledError: The name is taken, or the user has the credential under another name.
            TooManyDevicesError: The user has as many devices as the policy allows.
        """
        if isinstance(self.verdict, Accepted):
            return self.verdict
        raise self.verdict
