"""The verdict on an enrollment: the owner's device must compute the right code before it is stored."""

from collections.abc import Sequence

from onetime.checks import check_integer
from onetime.confidential import discreet
from onetime.credential import Credential
from onetime.errors import DisabledError, IncorrectCodeError, OnetimeError
from onetime.hotp import LAST_MOVING_FACTOR
from onetime.times import whole_seconds
from onetime.verification.asked import Credentials
from onetime.verification.decision import check_code
from onetime.verification.device import DEFAULT, Device, check_credential, check_name
from onetime.verification.evidence import Accepted, Decision
from onetime.verification.policy import DEFAULT_POLICY, Policy
from onetime.verification.resync import check_codes
from onetime.verification.state import State


@discreet
def decide_enroll(
    credential: Credential,
    state: State,
    code: str | Sequence[str],
    now: float,
    policy: Policy = DEFAULT_POLICY,
    *,
    enrollment_id: int,
    device: str = DEFAULT,
    counter: int = 0,
    replace: bool = False,
) -> Decision:
    """Check the code that confirms a new device.

    A new credential is checked against a fresh device, even while the user is throttled. Only success is
    stored, and it changes neither failures nor debt; wrong codes do not count. A credential that is enrolled
    under this name already is checked and counted as any code of it.

    Args:
        credential: The HOTP or TOTP.
        state: What is stored of the user; `State()` for a new one.
        code: What the owner typed: one code, or a list or tuple of three consecutive ones.
        now: The server's clock, Unix time in seconds.
        policy: The numbers.
        enrollment_id: Random 64 bits, new for each call.
        device: Name of the device.
        counter: HOTP: the next counter of the owner's device. It does not count for a credential that is
            enrolled already.
        replace: Whether a device with this name is replaced.

    Returns:
        The verdict, and the state that must be stored before the verdict is acted on.

    Raises:
        TypeError: An argument has the wrong type; a missing code is one.
        ValueError: The secret is shorter than `policy.min_secret_size`, the name is malformed, a number is
            out of range, the counter of a TOTP is not 0, there are neither one code nor three; or the clock
            is before 1970 or the credential's t0, or is not a finite number.
    """
    check_name(device)
    check_credential(credential)
    check_integer("counter", counter, 0, LAST_MOVING_FACTOR)
    if not isinstance(code, str | list | tuple):
        raise TypeError("code must be a str, or a list or tuple of three consecutive codes")
    if counter and credential.kind == "totp":
        raise ValueError("counter must be 0 for a TOTP, which has none")
    check_size(credential, policy)
    seconds = whole_seconds(now)
    fresh = Device.fresh(credential, enrollment_id, counter)
    refusal = state.refusal(credential, policy, device, replace=replace)
    if refusal is not None:
        return Decision(state, refusal)
    if state.disabled:
        return Decision(state, DisabledError())
    enrolled = state.devices.get(device)
    if enrolled is not None and enrolled.has(credential):
        return _check({device: credential}, state, code, now, policy)

    fresh = fresh.after(enrolled, credential)
    alone = _check({device: credential}, State().put(device, fresh), code, now, policy)
    throttle = state.throttle.seen(policy, seconds)
    if throttle is not state.throttle:
        state = State(throttle, state.near_misses, False, state.devices)
    verdict: Accepted | OnetimeError = alone.verdict
    if isinstance(verdict, Accepted):
        verdict = verdict.replace(failures_before=throttle.failures)
        state = state.put(device, alone.state.devices[device])
    elif isinstance(verdict, IncorrectCodeError):
        verdict = IncorrectCodeError(throttle.failures)
    return Decision(state, verdict)


def _check(
    credentials: Credentials, state: State, code: str | Sequence[str], now: float, policy: Policy
) -> Decision:
    """Check one code, or three."""
    if isinstance(code, str):
        return check_code(credentials, state, code, now, policy)
    return check_codes(credentials, state, code, now, policy)


def check_size(credential: Credential, policy: Policy) -> None:
    """Raise ValueError if a secret is shorter than the policy asks."""
    size = len(credential.secret)
    if size < policy.min_secret_size:
        raise ValueError(
            f"the secret has {size} bytes, and must have at least {policy.min_secret_size} (RFC 4226, R6)"
        )
