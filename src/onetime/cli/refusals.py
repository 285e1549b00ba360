"""The messages of refusals. The user of the commands owns the store, so messages withhold only the codes."""

from datetime import UTC, datetime
from typing import NamedTuple

from onetime.credential import Credential
from onetime.errors import (
    AlreadyEnrolledError,
    DisabledError,
    IncorrectCodeError,
    MalformedCodeError,
    NotEnrolledError,
    OtherCredentialError,
    ReplayedCodeError,
    ThrottledError,
    TooManyDevicesError,
    VerificationError,
)
from onetime.verification.policy import Policy
from onetime.verification.state import State

_KINDS = {"hotp": "an HOTP", "totp": "a TOTP"}

Refusal = VerificationError | NotEnrolledError | AlreadyEnrolledError | TooManyDevicesError


class Attempt(NamedTuple):
    """An attempt to verify codes.

    Attributes:
        credential: The given credential.
        device: The given name of the device.
        codes: Number of given codes.
    """

    credential: Credential
    device: str
    codes: int


def words(error: Refusal, state: State | None, attempt: Attempt | None, policy: Policy, now: float) -> str:
    """Return why a code or a command was refused, until when, and what to do.

    Args:
        error: The refusal.
        state: The stored state of the user.
        attempt: The attempt; None if no codes were checked.
        policy: The policy.
        now: Unix time in seconds.
    """
    reason = error.reason.replace("_", " ")
    if attempt is None:
        return f"{reason}: {error}"
    return f"{reason}: {_why(error, state or State(), attempt, policy, now)}"


def moment(retry_at: int, now: float) -> str:
    """Return a future time in UTC, and the time until then."""
    when = datetime.fromtimestamp(retry_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    seconds = max(1, retry_at - int(now))
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if number]
    return f"{when} (in {' '.join(parts)})"


def kinds(state: State) -> str:
    """Return the devices of a user, each with its kind."""
    return ", ".join(f"{name} ({device.kind.upper()})" for name, device in state.devices.items()) or "none"


def _why(error: Refusal, state: State, attempt: Attempt, policy: Policy, now: float) -> str:
    several = attempt.codes > 1
    if isinstance(error, MalformedCodeError):
        return f"a code must have {attempt.credential.digits} digits; this does not count as a failure"
    if isinstance(error, ReplayedCodeError):
        place = "counter" if attempt.credential.kind == "hotp" else "step"
        return f"the code, or a later one, was used before: it is the code of {place} {error.moving_factor}"
    if isinstance(error, DisabledError):
        return "every code of the user is refused until onetime unlock"
    if isinstance(error, ThrottledError):
        why = (
            "there were too many near misses, so the codes were not checked"
            if several
            else "too many codes were wrong, so the code was not checked"
        )
        return f"{why}; {_next(error.retry_at, state, policy, now, several=several)}"
    if isinstance(error, IncorrectCodeError):
        why = (
            "the three codes match nowhere within the window"
            if several
            else "no code within the window matches"
        )
        why += f"; failures since the last success: {error.failures}" if error.failures else ""
        if attempt.credential.kind == "hotp" and error.retry_at is None:
            why += (
                f"; if the token is more than {policy.resync_window - 3} codes ahead, raise the counter: "
                "onetime enroll --replace --counter N, without a code"
                if several
                else "; if the token is out of step, give three consecutive codes"
            )
        if error.retry_at is not None:
            why += f"; {_next(error.retry_at, state, policy, now, several=False)}"
        return why
    if isinstance(error, NotEnrolledError):
        return _not_enrolled(error, state, attempt)
    named = [name for name, each in state.devices.items() if each.has_at_other_digits(attempt.credential)]
    taken = attempt.device in state.devices and named in ([], [attempt.device])
    return f"{error}; --replace replaces it" if taken else str(error)


def _next(retry_at: int, state: State, policy: Policy, now: float, *, several: bool) -> str:
    """Return when the next code is checked, and when three codes are checked."""
    if several:
        return f"three codes are checked again at {moment(retry_at, now)}"
    limits, seconds = policy.near_miss_limits, int(now)
    later = state.near_misses.seen(limits, seconds).wait_until(limits, seconds)
    three = "now" if later is None else f"at {moment(later, now)}"
    return f"the next code is checked at {moment(retry_at, now)}; three consecutive codes are checked {three}"


def _not_enrolled(error: NotEnrolledError, state: State, attempt: Attempt) -> str:
    if not isinstance(error, OtherCredentialError):
        return f'the device "{attempt.device}" is not enrolled; enrolled devices: {kinds(state)}'
    given, enrolled = attempt.credential.kind, state.devices[attempt.device].kind
    if given == enrolled:
        return f'the device "{attempt.device}" is {_KINDS[enrolled]} with another secret or other settings'
    hint = "; use --hotp to read a secret as an HOTP" if given == "totp" else ""
    return (
        f'the device "{attempt.device}" is {_KINDS[enrolled]}, and the given credential is '
        f"{_KINDS[given]}{hint}"
    )
