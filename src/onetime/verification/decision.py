"""The verdict on one code: pure functions without a clock, a lock or a database.

The rules, in this order:

1. *Malformed.* A code consists of ASCII digits, after Unicode white space and hyphens are removed. Any other
   text is malformed. Then the devices that are not enrolled (rule 2) are left out; if no device is left, the
   user is not enrolled with the given credentials. A code whose length fits none of the remaining devices is
   malformed. The following rules apply only to devices with codes of this length. Malformed codes do not
   count. (RFC 4226 section 4, R4)
2. *Enrolled.* The state holds a fingerprint of each device's credential. Another credential is not enrolled,
   whatever the code.
3. *Disabled.* Every code of a disabled user is refused. (SP 800-63B-4, 3.2.2)
4. *Throttled.* While the user is throttled, a code is not checked, does not count, and does not prolong the
   delay. (RFC 4226 section 7.3)
5. *Replayed.* The window of an HOTP has `look_ahead` counters, beginning with the expected one, and as many
   before it. The window of a TOTP has the center, which is the server's step plus the drift, and `window`
   steps on each side. All codes of all chosen devices are computed and compared in constant time. If any
   match is below its device's watermark, the code is a replay, whatever else it matches. (RFC 6238
   section 5.2)
6. *Match.* Otherwise the earliest match of the device that was enrolled first is accepted, and the watermark
   of every device that the code matches is set past the match. (RFC 4226 section 7.2) A code without a match
   is one failure of the user and never moves a counter. (RFC 4226 section 7.4, A.3) The failure does not
   count if every chosen device is exhausted, because then no code could match.

The module `resync` has the rules for three codes, and `throttle` has the throttle.
"""

from hmac import compare_digest
from types import MappingProxyType

from onetime.confidential import discreet
from onetime.errors import (
    IncorrectCodeError,
    MalformedCodeError,
    OnetimeError,
    ReplayedCodeError,
    ThrottledError,
)
from onetime.hotp import LAST_MOVING_FACTOR
from onetime.times import whole_seconds
from onetime.verification.asked import Credentials, ask
from onetime.verification.device import Device
from onetime.verification.evidence import Accepted, Decision
from onetime.verification.policy import DEFAULT_POLICY, Policy
from onetime.verification.state import State
from onetime.verification.typed import canonical

STREAK = 3
"""Number of consecutive accepted codes on one side of the center that move it one step."""


@discreet
def decide(
    credentials: Credentials, state: State, code: str, now: float, policy: Policy = DEFAULT_POLICY
) -> Decision:
    """Check one code (RFC 4226 section 7.2, RFC 6238 section 5.2).

    Args:
        credentials: The credential of the device "default", or a mapping of device names to credentials.
        state: The stored state of the user.
        code: What the user typed.
        now: Unix time in seconds, by the server's clock.
        policy: The policy.

    Returns:
        The verdict, and the state that must be stored before the verdict is acted on.

    Raises:
        TypeError: The credentials are neither an HOTP, a TOTP nor a mapping of names to those, or the time is
            not a number.
        ValueError: The clock is before 1970 or a credential's t0, is not a finite number, or is so late that
            a step is over 2^64-1.
    """
    return check_code(credentials, state, code, now, policy)


def check_code(credentials: Credentials, state: State, code: str, now: float, policy: Policy) -> Decision:
    """Decide as `decide` does. The caller must be decorated with `discreet`."""
    seconds = whole_seconds(now)
    typed = canonical(code)
    if typed is None:
        return Decision(state, MalformedCodeError())
    asked = ask(credentials, state, len(typed))
    if isinstance(asked, OnetimeError):
        return Decision(state, asked)
    devices, left_out = asked
    before, near_misses, _, enrolled = state
    throttle = before.seen(policy, seconds)
    if throttle is not before:
        state = State(throttle, near_misses, False, enrolled)
    retry_at = throttle.wait_until(policy, seconds)
    if retry_at is not None:
        return Decision(state, ThrottledError(retry_at))

    new = tuple.__new__  # the constructor of a named tuple takes twice as long
    replay: ReplayedCodeError | None = None
    accepted: Accepted | None = None
    changed: dict[str, Device] = {}
    exhausted = True
    for name, credential, device in devices:
        watermark = device.watermark
        if watermark <= LAST_MOVING_FACTOR:
            exhausted = False
        if credential.kind == "hotp":
            center = watermark
            first, last = center - policy.look_ahead, center + policy.look_ahead - 1
        else:
            center = credential.step(seconds) + device.drift
            first, last = center - policy.window, center + policy.window
        # Moving factors must be neither below 0 nor above the last one.
        first = first if first > 0 else 0
        last = last if last < LAST_MOVING_FACTOR else LAST_MOVING_FACTOR
        if first > last:
            continue
        equal = [compare_digest(code, typed) for code in credential.hotp.codes(first, last - first + 1)]
        if True not in equal:
            continue
        factor = first + equal.index(True)
        if factor < watermark:
            replay = replay or ReplayedCodeError(name, factor)
        elif accepted is None:
            offset = factor - center
            drift, streak = _crept(device, offset, policy) if offset else (device.drift, 0)
            accepted = Accepted(name, factor, offset, drift, throttle.failures, left_out)
            changed[name] = device.used(factor, drift, device.anchor, streak)
        else:
            changed[name] = device.used(factor, device.drift, device.anchor, device.streak)
    if replay is not None:
        return Decision(state, replay)
    if accepted is not None:
        after = throttle.succeeded(seconds)
        state = new(State, (after, near_misses, False, MappingProxyType(enrolled | changed)))
        return new(Decision, (state, accepted))
    if not exhausted:
        throttle = throttle.failed(policy, seconds)
        disabled = policy.disable_after is not None and throttle.failures >= policy.disable_after
        state = new(State, (throttle, near_misses, disabled, enrolled))
    retry_at = throttle.wait_until(policy, seconds)
    return new(Decision, (state, IncorrectCodeError(throttle.failures, retry_at, left_out)))


def _crept(device: Device, offset: int, policy: Policy) -> tuple[int, int]:
    """Return drift and streak after an accepted code, so that the center follows a clock that drifts.

    RFC 6238 section 6 stores the drift of each code, which lets an attacker move the center any distance.
    Here three consecutive codes on one side move the center one step, and the center stays within
    `max_creep` steps of the anchor.
    """
    if device.kind == "hotp":
        return device.drift, 0
    side = 1 if offset > 0 else -1
    streak = device.streak + side if device.streak * side > 0 else side
    if abs(streak) < STREAK:
        return device.drift, streak
    drift = device.drift + side
    return (drift, 0) if abs(drift - device.anchor) <= policy.creep else (device.drift, 0)
