"""The verdict on a code: pure functions, no clock, no lock, no database.

The rules, in the order in which they are asked:

1. A code is as many digits 0 to 9 as the credential says, once ASCII spaces and hyphens are taken out.
   Everything else is malformed, and not charged. (RFC 4226 section 4, R4)
2. The credential must be the enrolled one: the state carries a seal of it. Another one is not enrolled
   here, whatever the code, and not charged.
3. A disabled credential refuses every code. (SP 800-63B-4, 3.2.2)
4. While delayed, a code is refused: not judged, not charged, the delay not prolonged. (RFC 4226 section 7.3)
5. In sight of a HOTP are `look_ahead` counters from the expected one on, and as many behind it; of a
   TOTP the steps within `window` of the centre, which is the server's step plus the drift. All are
   computed and compared, in constant time. If one matches that lies below the expected factor, the code
   is a replay, whatever else it matches: not charged. (RFC 6238 section 5.2: never a second time)
6. Otherwise the earliest match is accepted, and all up to it are spent. (RFC 4226 section 7.2)
7. No match is a failure, which is charged and never moves the factor. (RFC 4226 section 7.4, A.3)
   Past the last factor no code can match, and none is charged.

Three consecutive codes in one call are asked rules 1 to 3 and then looked for further away, also while
delayed, and are not charged: throttling is no lock-out. (RFC 4226 section 7.4 and E.3, RFC 6238 section 6)
"""

from collections.abc import Sequence
from hmac import compare_digest
from typing import NamedTuple

from onetime.errors import (
    DisabledError,
    IncorrectCodeError,
    MalformedCodeError,
    NotEnrolledError,
    OnetimeError,
    ReplayedCodeError,
    ThrottledError,
)
from onetime.hotp import HOTP, LAST_MOVING_FACTOR
from onetime.totp import TOTP
from onetime.verification.policy import Policy
from onetime.verification.state import LEAN, State, hotp_of, seal_of
from onetime.verification.throttle import Throttle
from onetime.verification.typed import canonical


class Accepted(NamedTuple):
    """The evidence of a success.

    Attributes:
        factor: The counter or step that the code was of; of three codes, the last one's.
        offset: That factor minus the centre: for a HOTP, minus the counter that was expected.
        drift: TOTP: steps from the server's clock to the centre from now on.
        failures_before: Wrong codes since the last success. A program may tell the owner of them.
    """

    # A tuple for speed, as `State` is.
    factor: int
    offset: int
    drift: int
    failures_before: int


class Decision(NamedTuple):
    """A verdict, which must not leave before `state` is stored.

    Attributes:
        state: What is to be stored instead of the state that was judged by.
        verdict: The evidence of a success, or the error of a refusal.
    """

    state: State
    verdict: Accepted | OnetimeError

    def result(self) -> Accepted:
        """Give the evidence, or raise the refusal.

        Raises:
            VerificationError: The code is refused; the class says why.
            NotEnrolledError: The credential is not the one that is enrolled.
        """
        if isinstance(self.verdict, Accepted):
            return self.verdict
        raise self.verdict


def decide(
    credential: HOTP | TOTP,
    state: State,
    code: str,
    now: float,
    policy: Policy = Policy(),  # noqa: B008 - it never changes
) -> Decision:
    """Judge one code.

    Args:
        credential: The credential of whoever wants in.
        state: What is remembered of the enrolled one.
        code: What was typed.
        now: The server's clock, Unix time in seconds.
        policy: The numbers.

    Returns:
        The verdict, and the state that is to be stored before it is told.

    Raises:
        TypeError: The credential is neither a HOTP nor a TOTP.
        ValueError: The clock stands before 1970 or the credential's t0.
    """
    hotp = hotp_of(credential)
    typed = canonical(code, hotp.digits)
    if typed is None:
        return Decision(state, MalformedCodeError())
    barred = _barred(credential, state)
    if barred is not None:
        return Decision(state, barred)
    seconds = _seconds(now)
    throttle = state.throttle.clamped(policy, seconds)
    retry_at = throttle.retry_at(policy)
    if retry_at > seconds:
        return Decision(_charged(state, throttle), ThrottledError(retry_at))

    expected = state.next_factor
    if isinstance(credential, HOTP):
        centre = expected
        first, last = centre - policy.look_ahead, centre + policy.look_ahead - 1
    else:
        centre = credential.step(seconds) + state.drift
        first, last = centre - policy.window, centre + policy.window
    matches = [factor for factor in _cut(first, last) if compare_digest(hotp.at(factor), typed)]
    if matches:
        factor = matches[0]
        if factor < expected:
            return Decision(_charged(state, throttle), ReplayedCodeError())
        drift, lean = _crept(state, factor - centre, policy)
        accepted = Accepted(factor, factor - centre, drift, throttle.failures)
        state = State(state.kind, factor + 1, drift, lean, throttle.succeeded(), 0, state.mark, state.seal)
        return Decision(state, accepted)
    if not state.exhausted:
        throttle = throttle.failed(policy, seconds)
    return Decision(_charged(state, throttle, policy.disable_after), IncorrectCodeError())


def decide_resync(
    credential: HOTP | TOTP,
    state: State,
    codes: Sequence[str],
    now: float,
    policy: Policy = Policy(),  # noqa: B008 - it never changes
) -> Decision:
    """Judge three consecutive codes, looked for far away (RFC 4226 section 7.4, RFC 6238 section 6).

    Nothing counts the tries: whoever has seen two unused codes in a row can try for the third.

    Args:
        credential: The credential of whoever wants in.
        state: What is remembered of the enrolled one.
        codes: What was typed: three codes, the oldest first.
        now: The server's clock, Unix time in seconds.
        policy: The numbers.

    Returns:
        The verdict, and the state that is to be stored before it is told. Success sets the counter, or
        for a TOTP the drift, to the last of the three codes; it clears the first tier of the throttle,
        not the second. A failure is not charged.

    Raises:
        TypeError: The credential is neither a HOTP nor a TOTP, or the codes are one text.
        ValueError: There are not three codes, or the clock stands before 1970 or the credential's t0.
    """
    if isinstance(codes, str):
        raise TypeError("three codes are three texts, not one")
    if len(codes) != 3:
        raise ValueError("resynchronization takes three codes")
    hotp = hotp_of(credential)
    typed = [canonical(code, hotp.digits) or "" for code in codes]
    if "" in typed:
        return Decision(state, MalformedCodeError())
    barred = _barred(credential, state)
    if barred is not None:
        return Decision(state, barred)

    seconds = _seconds(now)
    expected = state.next_factor
    if isinstance(credential, HOTP):
        origin = centre = expected
        first, last = expected - policy.look_ahead, expected + policy.resync_window - 1
    else:
        origin = credential.step(seconds)
        centre = origin + state.drift
        # The last of the three is at most max_drift away from the clock; the first is two before it.
        first, last = origin - policy.max_drift - 2, origin + policy.max_drift
    factors = _cut(first, last)
    made = [hotp.at(factor) for factor in factors]
    matches = [
        factor + 2
        for factor, *three in zip(factors, made, made[1:], made[2:], strict=False)
        if compare_digest("".join(three), "".join(typed))
    ]
    if not matches:
        return Decision(state, IncorrectCodeError())
    factor = matches[0]
    if factor - 2 < expected:
        return Decision(state, ReplayedCodeError())
    drift = 0 if isinstance(credential, HOTP) else factor - origin
    accepted = Accepted(factor, factor - centre, drift, state.throttle.failures)
    throttle = state.throttle.clamped(policy, seconds).succeeded()
    return Decision(State(state.kind, factor + 1, drift, 0, throttle, 0, state.mark, state.seal), accepted)


def _seconds(now: float) -> int:
    """Round the clock down. What it says before 1970 cannot be stored."""
    seconds = int(now // 1)
    if seconds < 0:
        raise ValueError("the clock stands before 1970")
    return seconds


def _barred(credential: HOTP | TOTP, state: State) -> OnetimeError | None:
    """Ask rules 2 and 3, which bar every code."""
    if seal_of(credential, state.mark) != state.seal:
        return NotEnrolledError("another credential is enrolled under this key")
    return DisabledError() if state.disabled else None


def _cut(first: int, last: int) -> range:
    """List the factors from the first to the last, as far as there are any."""
    return range(first if first > 0 else 0, (last if last < LAST_MOVING_FACTOR else LAST_MOVING_FACTOR) + 1)


def _charged(state: State, throttle: Throttle, disable_after: int | None = None) -> State:
    """Put a throttle into a state, and disable it after so many failures."""
    if throttle is state.throttle:
        return state
    disabled = int(disable_after is not None and throttle.failures >= disable_after)
    kind, next_factor, drift, lean, _, _, mark, seal = state
    return State(kind, next_factor, drift, lean, throttle, disabled, mark, seal)


def _crept(state: State, offset: int, policy: Policy) -> tuple[int, int]:
    """Let the centre follow a clock that strays: drift and lean after an accepted code.

    RFC 6238 section 6 stores the drift of each code. That walks as far as a thief likes; so here it takes
    three codes in a row on one side for one step, and it goes no further than `max_creep`.
    """
    if state.kind == "hotp" or offset == 0:
        return state.drift, 0
    side = 1 if offset > 0 else -1
    lean = state.lean + side if state.lean * side > 0 else side
    if abs(lean) < LEAN:
        return state.drift, lean
    drift = state.drift + side
    return (drift, 0) if abs(drift) <= policy.max_creep else (state.drift, 0)
