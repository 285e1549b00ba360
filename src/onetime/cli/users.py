"""`onetime users`: list the users of a store, their devices, and who is locked."""

import argparse
import time

from onetime.cli.answers import answer, answer_json
from onetime.cli.arguments import Parser
from onetime.cli.messages import UsageError, tell
from onetime.cli.refusals import kinds, moment
from onetime.cli.terminal import escaped
from onetime.cli.verification import add_store, check_store
from onetime.errors import NotEnrolledError
from onetime.storage.sql import SQLStore
from onetime.verification.policy import DEFAULT_POLICY
from onetime.verification.state import State
from onetime.verification.verifier import Verifier

EXAMPLES = (
    "onetime users --store otp.db",
    "onetime users --store otp.db --locked --json",
)


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    add_store(parser, user=False)
    parser.add_argument(
        "--locked", action="store_true", help="list only users whose next code would not be checked now"
    )


def run(options: argparse.Namespace) -> int:
    """Print a line for each user; return 1 if the requested user is not enrolled."""
    check_store(options)
    with SQLStore.sqlite(options.store) as store:
        verifier = Verifier(store)
        if options.user is None:
            states = verifier.states()
        else:
            state = _state(verifier, options.user)
            if state is None:
                if options.json:
                    answer_json({"user": options.user, "reason": NotEnrolledError.reason})
                tell("not enrolled: the store has no row of this user")
                return 1
            states = iter([(options.user, state)])
        for user, state in states:
            now = time.time()
            retry_at = _retry_at(state, now)
            if options.locked and retry_at is None and not state.disabled:
                continue
            if options.json:
                answer_json(_values(user, state, retry_at))
            else:
                # Each user has exactly one line, even if the output does not go to a terminal.
                answer(f"{escaped(user)}: {_words(state, retry_at, now)}", sentences=True)
    return 0


def _state(verifier: Verifier, user: str) -> State | None:
    try:
        return verifier.state(user)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _retry_at(state: State, now: float) -> int | None:
    """Return the Unix time at which the next code is checked; None if it is checked at once."""
    return state.throttle.seen(DEFAULT_POLICY, int(now)).wait_until(DEFAULT_POLICY, int(now))


def _values(user: str, state: State, retry_at: int | None) -> dict[str, object]:
    devices = [
        {"device": name, "kind": device.kind, "watermark": device.watermark, "drift": device.drift}
        for name, device in state.devices.items()
    ]
    return {
        "user": user,
        "devices": devices,
        "failures": state.throttle.failures,
        "retry_at": retry_at,
        "disabled": state.disabled,
    }


def _words(state: State, retry_at: int | None, now: float) -> str:
    parts = [kinds(state)]
    if state.throttle.failures:
        parts.append(f"failures since the last success: {state.throttle.failures}")
    if state.disabled:
        parts.append("disabled until onetime unlock")
    elif retry_at is not None:
        parts.append(f"throttled until {moment(retry_at, now)}")
    return "; ".join(parts)
