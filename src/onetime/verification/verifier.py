"""The verifier: it applies the rules of `decision`, `enrollment` and `resync` to the states in a `Store`."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from onetime.confidential import discreet
from onetime.credential import Credential
from onetime.errors import NotEnrolledError
from onetime.storage.store import Records, Store
from onetime.verification.asked import Credentials
from onetime.verification.decision import check_code
from onetime.verification.device import DEFAULT
from onetime.verification.enrollment import decide_enroll
from onetime.verification.evidence import Accepted, Decision
from onetime.verification.policy import DEFAULT_POLICY, Policy
from onetime.verification.record import items_of
from onetime.verification.resync import check_codes
from onetime.verification.state import State

C = TypeVar("C")
T = TypeVar("T")

PREFIX = "otp"
"""First part of the storage keys."""


class Verifier:
    """Checks codes, accepts each code at most once, and stores every verdict before returning it.

    The store holds one row for each user, with one throttle, whatever the number of devices (RFC 4226
    section 7, SP 800-63B-4 3.2.2). The caller passes the credentials with each call, so the store never holds
    a secret. Threads may share a verifier; verifiers, processes and machines may share a store.

    A `user` is text of 1 to 255 characters without NUL, for example the user's immutable id.

    Args:
        store: Where the state is stored.
        policy: The policy.
        clock: Returns Unix time in seconds by the server's clock, never the client's (RFC 6238 section 3,
            R1); default `time.time`.

    Raises:
        TypeError: The store has no methods `get` and `swap`.
    """

    def __init__(
        self,
        store: Store,
        *,
        policy: Policy = DEFAULT_POLICY,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._records = Records(store, PREFIX)
        self.store = store
        self.policy = policy
        self.clock = clock

    @discreet
    def enroll(
        self,
        user: str,
        credential: Credential,
        code: str | Sequence[str],
        *,
        device: str = DEFAULT,
        counter: int = 0,
        replace: bool = False,
    ) -> Accepted:
        """Add a device to a user, confirmed by a code that the device shows. The code is spent.

        The code of a new credential is checked even while the user is throttled; only success is stored, and
        wrong codes do not count.

        Args:
            user: The owner of the device.
            credential: The HOTP or TOTP, with a new secret for each enrollment.
            code: What the owner typed: one code; or a list or tuple of three consecutive codes, which also
                set the counter or the drift.
            device: Name of the device: 1 to 64 characters of A-Z, a-z, 0-9, "_", "." and "-".
            counter: HOTP: the next counter of the owner's device, from 0 to 2^64-1.
            replace: Whether to replace a device with this name. If that device has the same credential, the
                code is checked and counted as in `verify`, and spent codes stay spent.

        Returns:
            The evidence.

        Raises:
            VerificationError: The code is refused, or the user is disabled; the class says why.
            AlreadyEnrolledError: The name is taken and `replace` is false, or the user has the credential
                under another name, even with another number of digits.
            TooManyDevicesError: The user has as many devices as the policy allows.
            ValueError: The secret is shorter than the policy requires, a name or the user is malformed, a
                number is out of range, or a list does not have three codes; or the clock is before 1970 or
                the credential's t0.
            TypeError: An argument has the wrong type, or the code is None.
            StoreError: The state could not be read or stored; the device may be enrolled.
        """
        decide = partial(
            decide_enroll, enrollment_id=_random_id(), device=device, counter=counter, replace=replace
        )
        return self._records.transact(user, self._decided, decide, credential, code).result()

    @discreet
    def adopt(
        self,
        user: str,
        credential: Credential,
        *,
        device: str = DEFAULT,
        watermark: int = 0,
        drift: int = 0,
        replace: bool = False,
    ) -> None:
        """Enroll a device without a code: one that another system enrolled, or that the owner cannot confirm.

        The secret may be shorter than the policy requires, because many old secrets have only 80 bits.
        Throttle, near misses and disablement never change, and a credential's watermark is never lowered.

        Args:
            user: The owner of the device.
            credential: The HOTP or TOTP.
            device: Name of the device: 1 to 64 characters of A-Z, a-z, 0-9, "_", "." and "-".
            watermark: The lowest counter or step that can be accepted: one more than the last one used. From
                0 to 2^64; for a TOTP, at most a day after the server's clock.
            drift: TOTP: steps from the server's clock to the device's clock, at most a day in either
                direction.
            replace: Whether to replace a device with this name.

        Raises:
            AlreadyEnrolledError: As `enroll` does.
            TooManyDevicesError: As `enroll` does.
            ValueError: A number is out of range (for example, seconds instead of steps), or the drift of an
                HOTP is not 0; a name or the user is malformed; the clock is before 1970 or the credential's
                t0.
            TypeError: An argument has the wrong type.
            StoreError: The state could not be read or stored.
        """
        enrollment_id = _random_id()
        self._change(
            user,
            lambda state: state.adopt(
                credential,
                self._now(),
                self.policy,
                enrollment_id=enrollment_id,
                device=device,
                watermark=watermark,
                drift=drift,
                replace=replace,
            ),
        )

    @discreet
    def verify(self, user: str, credentials: Credentials, code: str) -> Accepted:
        """Check a code against the user's devices, and accept it at most once (RFC 4226 section 7.2).

        Args:
            user: The user who logs in.
            credentials: The credential of the device "default", or a mapping of device names to credentials.
            code: What the user typed. White space and hyphens between the digits are allowed.

        Returns:
            The evidence. Every refusal is an exception.

        Raises:
            MalformedCodeError: The text is not a code; it does not count as a failure.
            IncorrectCodeError: The code matches no code within the window; it counts as one failure.
            ReplayedCodeError: The code was correct, but is spent; it does not count.
            ThrottledError: The code was not checked; the next code is checked at `retry_at`.
            DisabledError: The user is disabled.
            NotEnrolledError: None of the given devices is enrolled; OtherCredentialError if another
                credential is enrolled for one of them.
            ValueError: The user is malformed, or the clock is before 1970 or a credential's t0.
            TypeError: The user or the credentials have the wrong type.
            StoreError: The state could not be read or stored; nothing was accepted.
        """
        return self._records.transact(user, self._decided, check_code, credentials, code).result()

    @discreet
    def resynchronize(self, user: str, credentials: Credentials, codes: Sequence[str]) -> Accepted:
        """Check three consecutive codes, in a larger window and despite throttling (RFC 4226 section 7.4).

        Three codes recover a counter or a clock that has drifted, and let the owner log in during an attack.
        Limit the requests of each address: each call computes up to about a hundred HMACs for each device.

        Args:
            user: The user who logs in.
            credentials: The credential of the device "default", or a mapping of device names to credentials.
            codes: Three codes, the oldest first.

        Returns:
            The evidence.

        Raises:
            IncorrectCodeError: The codes match nowhere within the window, or are not consecutive; a near miss
                counts.
            ReplayedCodeError: One of the codes is spent.
            ThrottledError: There were too many near misses; three codes are checked again at `retry_at`.
            MalformedCodeError, DisabledError, NotEnrolledError: As `verify` does.
            ValueError: As `verify` does, or the number of codes is not three.
            TypeError: As `verify` does, or the codes are a single str.
            StoreError: As `verify` does.
        """
        return self._records.transact(user, self._decided, check_codes, credentials, codes).result()

    def forget(self, user: str, device: str | None = None) -> None:
        """Remove a device, or a user's whole row. Concurrent verifications fail.

        If the throttle has not expired or the user is disabled when the last device is removed, the row
        stays until another call deletes it.

        Args:
            user: The owner of the device or row.
            device: Name of the device; None for the whole row. A device that is not enrolled is ignored.

        Raises:
            TypeError: The user is not a str.
            ValueError: The user is malformed, or a device is given and the clock is before 1970.
            StoreError: The state could not be read or stored.
        """
        if device is None:
            self._records.delete(user)
        else:
            self._change(user, lambda state: state.without(device, self._now(), self.policy))

    def unlock(self, user: str) -> None:
        """Clear delays, counted failures, near misses and disablement. Used codes stay used.

        Raises:
            NotEnrolledError: The store has no row of this user.
            TypeError, ValueError: The user is malformed.
            StoreError: The state could not be read or stored.
        """

        def unlock(state: State) -> State:
            if state.empty:
                raise NotEnrolledError("the store has no row of this user")
            return state.unlocked()

        self._change(user, unlock)

    def state(self, user: str) -> State | None:
        """Return the stored state of a user, or None if nothing is stored.

        Raises:
            TypeError, ValueError: The user is malformed.
            StoreError: The state could not be read, or is damaged.
        """
        text = self._records.get(user)
        return None if text is None else State.from_text(text)

    def states(self) -> Iterator[tuple[str, State]]:
        """Return an iterator of users and their stored states.

        Raises:
            TypeError: The store has no method `items`.
            StoreError: A state could not be read, or is damaged.
        """
        items = items_of(self.store, PREFIX)
        return ((key.removeprefix(f"{PREFIX}/"), State.from_text(text)) for key, text in items)

    def _now(self) -> float:
        return time.time() if self.clock is None else self.clock()

    def _decided(
        self,
        old: str | None,
        decide: Callable[[C, State, T, float, Policy], Decision],
        credentials: C,
        typed: T,
    ) -> tuple[str | None, Decision]:
        """Return the text to store, and the decision."""
        state = State() if old is None else State.from_text(old)
        decision = decide(credentials, state, typed, self._now(), self.policy)
        return (old if decision.state is state else _text(decision.state)), decision

    def _change(self, user: str, change: Callable[[State], State]) -> None:
        """Store the state that a function returns for the current state."""

        def changed(old: str | None) -> tuple[str | None, None]:
            return _text(change(State() if old is None else State.from_text(old))), None

        self._records.transact(user, changed)


def _text(state: State) -> str | None:
    return state.to_text() if state.devices or not state.empty else None


def _random_id() -> int:
    return int.from_bytes(os.urandom(8))
