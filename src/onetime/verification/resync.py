"""The verdict on three consecutive codes (RFC 4226 section 7.4 and E.3, RFC 6238 section 6).

Throttling does not lock the owner out: three consecutive unused codes of one device are checked even while
the user is throttled. Rules 1 to 3 of `decision` come first. Then:

- The three codes of an HOTP are searched for among the `look_ahead` counters before the watermark and the
  `resync_window` counters that begin with it. The three codes of a TOTP are searched for within `max_drift`
  steps of the server's clock or of the device's anchor, and never more than a day from the server's clock.
  Three codes that fit are a replay if the first of them is below the watermark.
- Success clears the first tier, and sets watermark, drift and anchor.
- Wrong codes do not count, except *near misses*: three codes that fit nowhere, although exactly two are right
  for their places among three consecutive unused moving factors of one device. An attacker who knows two
  unused codes causes near misses, and so does an owner who mistypes one of three codes. Near misses have a
  budget of their own, which success does not restore. While the budget is spent, three codes are throttled.
"""

from collections.abc import Sequence
from hmac import compare_digest

from onetime.confidential import discreet
from onetime.credential import Credential
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
from onetime.verification.device import DAY, Device
from onetime.verification.evidence import Accepted, Decision
from onetime.verification.policy import DEFAULT_POLICY, Policy
from onetime.verification.state import State
from onetime.verification.typed import canonical


@discreet
def decide_resync(
    credentials: Credentials,
    state: State,
    codes: Sequence[str],
    now: float,
    policy: Policy = DEFAULT_POLICY,
) -> Decision:
    """Check three consecutive codes of one device, in a larger window (RFC 4226 section 7.4).

    Args:
        credentials: The credential of the device "default", or a mapping of device names to credentials.
        state: The stored state of the user.
        codes: What the user typed: three codes, the oldest first.
        now: Unix time in seconds, by the server's clock.
        policy: The policy.

    Returns:
        The verdict, and the state that must be stored before the verdict is acted on.

    Raises:
        TypeError: The credentials are neither an HOTP, a TOTP nor a mapping of names to those, the codes are
            a single str, or the time is not a number.
        ValueError: The number of codes is not three; or the clock is before 1970 or a credential's t0, is not
            a finite number, or is so late that a step is over 2^64-1.
    """
    return check_codes(credentials, state, codes, now, policy)


def check_codes(
    credentials: Credentials, state: State, codes: Sequence[str], now: float, policy: Policy
) -> Decision:
    """Decide as `decide_resync` does. The caller must be decorated with `discreet`."""
    if isinstance(codes, str):
        raise TypeError("codes must be a sequence of three codes, not a str")
    if len(codes) != 3:
        raise ValueError("codes must be a sequence of three codes")
    seconds = whole_seconds(now)
    typed = [text for text in map(canonical, codes) if text is not None]
    if len(typed) < 3 or len({len(text) for text in typed}) > 1:
        return Decision(state, MalformedCodeError())
    asked = ask(credentials, state, len(typed[0]))
    if isinstance(asked, OnetimeError):
        return Decision(state, asked)
    devices, left_out = asked
    limits = policy.near_miss_limits
    near_misses = state.near_misses.seen(limits, seconds)
    throttle = state.throttle.seen(policy, seconds)
    if near_misses is not state.near_misses or throttle is not state.throttle:
        state = State(throttle, near_misses, False, state.devices)
    retry_at = near_misses.wait_until(limits, seconds)
    if retry_at is not None:
        return Decision(state, ThrottledError(retry_at))

    replay: ReplayedCodeError | None = None
    found: tuple[str, Credential, Device, int] | None = None
    near = False
    for name, credential, device in devices:
        for last, places in _fits(credential, device, typed, seconds, policy):
            if places == 3 and last - 2 < device.watermark:
                replay = replay or ReplayedCodeError(name, last)
            elif places == 3:
                found = found or (name, credential, device, last)
            elif places == 2 and last - 2 >= device.watermark:
                near = True
    if replay is not None:
        return Decision(state, replay)
    if found is not None:
        name, credential, device, last = found
        drift = last - credential.step(seconds) if credential.kind == "totp" else 0
        offset = drift - device.drift if credential.kind == "totp" else last - device.watermark
        accepted = Accepted(name, last, offset, drift, throttle.failures, left_out)
        state = State(throttle.succeeded(seconds), near_misses, False, state.devices)
        return Decision(state.put(name, device.used(last, drift, drift, 0)), accepted)
    if near:
        near_misses = near_misses.failed(limits, seconds)._replace(failures=0)
        state = State(throttle, near_misses, False, state.devices)
    retry_at = throttle.wait_until(policy, seconds)
    return Decision(state, IncorrectCodeError(throttle.failures, retry_at, left_out))


def _fits(
    credential: Credential, device: Device, typed: list[str], seconds: int, policy: Policy
) -> list[tuple[int, int]]:
    """Count the codes that match in their places, for each possible moving factor of the last code.

    Returns:
        The moving factors of the last code at which two or three codes match, each with that number.
    """
    if credential.kind == "hotp":
        lasts = set(range(device.watermark - policy.look_ahead + 2, device.watermark + policy.resync_window))
    else:
        step, day = credential.step(seconds), DAY // credential.period
        lasts = {
            center + away
            for center in (step, step + device.anchor)
            for away in range(-policy.max_drift, policy.max_drift + 1)
            if abs(center + away - step) <= day
        }
    fits = []
    equal: dict[int, tuple[bool, ...]] = {}
    for last in sorted(lasts):
        if 2 <= last <= LAST_MOVING_FACTOR:
            for factor in range(last - 2, last + 1):
                if factor not in equal:
                    made = credential.hotp.at(factor)
                    equal[factor] = tuple([compare_digest(made, code) for code in typed])
            places = equal[last - 2][0] + equal[last - 1][1] + equal[last][2]
            if places >= 2:
                fits.append((last, places))
    return fits
