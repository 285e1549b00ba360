"""The verdict on an enrollment: a device is stored only after it has computed the right code."""

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

    The code of a new credential is checked even while the user is throttled. Only success is stored, and it
    changes neither failures nor debt; wrong codes do not count. If the credential is already enrolled under
    this name, even with another number of digits, its code is checked and counted as in `decide`.

    Args:
        credential: The HOTP or TOTP.
        state: The stored state of the user; `State()` for a new user.
        code: What the owner typed: one code, or a list or tuple of three consecutive codes.
        now: Unix time in seconds, by the server's clock.
        policy: The policy.
        enrollment_id: Random integer of 64 bits, new for each call.
        device: Name of the device: 1 to 64 characters of A-Z, a-z, 0-9, "_", "." and "-".
        counter: HOTP: the next counter of the owner's device, from 0 to 2^64-1. It is ignored for a
            credential that is already enrolled.
        replace: Whether to replace a device with this name.

    Returns:
        The verdict, and the state that must be stored before the verdict is acted on.

    Raises:
        TypeError: An argument has the wrong type, or the code is None.
        ValueError: The secret is shorter than `policy.min_secret_size`, the name is malformed, a number is
            out of range, the counter of a TOTP is not 0, or a list does not have three codes; or the clock
            is before 1970 or the credential's t0, or is not a finite number.
    """
    check_name(device)
    check_credential(credential)
    check_integer("counter", counter, 0, LAST_MOVING_FACTOR)
    if not isinstance(code, str | list | tuple):
        raise TypeError("code must be a str, or a list or tuple of three consecutive codes")
    if counter and credential.kind == "totp":
        raise ValueError("counter must be 0 for a TOTP, which has no counter")
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
    if enrolled is not None and enrolled.has_at_other_digits(credential):
        # A wrong code counts, because it is also a guess at the codes of the enrolled credential.
        checked = _check({device: credential}, state.put(device, fresh), code, now, policy)
        if isinstance(checked.verdict, Accepted):
            return checked
        after = checked.state.put(device, enrolled)
        return Decision(state if after == state else after, checked.verdict)
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
    """Check one code, or three codes."""
    if isinstance(code, str):
        return check_code(credentials, state, code, now, policy)
    return check_codes(credentials, state, code, now, policy)


def check_size(credential: Credential, policy: Policy) -> None:
    """Raise ValueError if a secret is shorter than the policy requires."""
    size = len(credential.secret)
    if size < policy.min_secret_size:
        raise ValueError(
            f"the secret must have at least {policy.min_secret_size} bytes, not {size} (RFC 4226, R6)"
        )
