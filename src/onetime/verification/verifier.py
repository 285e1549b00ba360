"""The verifier: `decision` and its neighbors decide, a `Store` keeps."""

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
    """Checks codes, accepts each at most once, and stores every verdict before it returns it.

    One row is stored for each user, with one throttle, whatever the number of devices (RFC 4226 section 7,
    SP 800-63B-4 3.2.2). The credentials come with each call: the store never sees a secret. A verifier may
    be shared by threads; a store may be shared by verifiers, processes and machines.

    A `user` is text of 1 to 255 characters without NUL, for example the user's immutable id.

    Args:
        store: Where the state is stored.
        policy: The numbers.
        clock: Returns Unix time in seconds, the server's, never the client's (RFC 6238 section 3, R1);
            without it `time.time`.

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
        """Add a device to a user, confirmed by the code that it shows; the code is spent.

        Only success is stored. A new credential is checked even while the user is throttled, and its wrong
        codes do not count.

        Args:
            user: Whose device it is.
            credential: The HOTP or TOTP, with a new secret for each enrollment.
            code: What the owner typed: one code; or three consecutive ones as a list or tuple, which set
                the counter too, or the drift.
            device: Name of the device: 1 to 64 characters of A-Z, a-z, 0-9, "_", "." and "-".
            counter: HOTP: the next counter of the owner's device.
            replace: Whether a device with this name is replaced. If it has the same credential, the code is
                checked and counts as with `verify`, and what is spent stays spent.

        Returns:
            The evidence.

        Raises:
            VerificationError: The code is refused, or the user is disabled; the class says why.
            AlreadyEnrolledError: The name is taken and `replace` was not asked for, or the user has the
                credential under another name, or with another number of digits.
            TooManyDevicesError: The user has as many devices as the policy allows.
            ValueError: The secret is shorter than the policy asks, a name or the user is malformed, a number
                is out of range, there are neither one code nor three; or the clock is before 1970 or the
                credential's t0.
            TypeError: An argument has the wrong type; a missing code is one.
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

        It accepts secrets that are shorter than the policy asks, because old enrollments have 80 bits. It
        never changes throttle, near misses or disablement, and never lowers a credential's watermark.

        Args:
            user: Whose device it is.
            credential: The HOTP or TOTP.
            device: Name of the device: 1 to 64 characters of A-Z, a-z, 0-9, "_", "." and "-".
            watermark: The lowest counter or step that can be accepted: one more than the last that was
                used.
            drift: TOTP: steps from the server's clock to the device's, at most a day.
            replace: Whether a device with this name is replaced.

        Raises:
            AlreadyEnrolledError: As `enroll` does.
            TooManyDevicesError: As `enroll` does.
            ValueError: A number is out of range, as seconds given for steps are, or the drift of a HOTP is
                not 0; a name or the user is malformed; the clock is before 1970 or the credential's t0.
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
        """Check a code against the user's devices, and accept it at most once.

        Args:
            user: Who wants to log in.
            credentials: One credential, which is that of the device "default", or a mapping of device names
                to credentials.
            code: What the user typed. White space and hyphens between the digits are allowed.

        Returns:
            The evidence. The only other way out is an exception.

        Raises:
            MalformedCodeError: It is not a code; it does not count.
            IncorrectCodeError: It does not match any code within the window; it counts as one failure.
            ReplayedCodeError: It was right, and is spent; it does not count.
            ThrottledError: It was not checked; `retry_at` says when one is.
            DisabledError: The user is disabled.
            NotEnrolledError: No device that was given is enrolled; OtherCredentialError if one has another
                credential.
            ValueError: The user is malformed, or the clock is before 1970 or a credential's t0.
            TypeError: The user or the credentials have the wrong type.
            StoreError: The state could not be read or stored; nothing was accepted.
        """
        return self._records.transact(user, self._decided, check_code, credentials, code).result()

    @discreet
    def resynchronize(self, user: str, credentials: Credentials, codes: Sequence[str]) -> Accepted:
        """Check three consecutive codes of one device, further away and even while the user is throttled.

        They recover a counter or a clock that drifted, and are the owner's way in under attack. Limit the
        requests of an address: each takes a hundred HMACs for each device.

        Args:
            user: Who wants to log in.
            credentials: One credential, which is that of the device "default", or a mapping of device names
                to credentials.
            codes: Three codes, the oldest first.

        Returns:
            The evidence.

        Raises:
            IncorrectCodeError: They do not fit anywhere within reach, or are not consecutive; a near miss
                counts.
            ReplayedCodeError: One of them is spent.
            ThrottledError: Too many were near misses; `retry_at` says when three are checked again.
            MalformedCodeError, DisabledError, NotEnrolledError: As `verify` does.
            ValueError: As `verify` does, or there are not three.
            TypeError: As `verify` does, or the codes are one text.
            StoreError: As `verify` does.
        """
        return self._records.transact(user, self._decided, check_codes, credentials, codes).result()

    def forget(self, user: str, device: str | None = None) -> None:
        """Remove a device, or without one the whole row; verifications under way fail.

        After the last device the row stays while its throttle counts.

        Args:
            user: Whose device or row it is.
            device: Name of the device; None for the whole row. It need not be there.

        Raises:
            TypeError, ValueError: The user is malformed.
            StoreError: The state could not be read or stored.
        """
        if device is None:
            self._records.delete(user)
        else:
            self._change(user, lambda state: state.without(device, self._now(), self.policy))

    def unlock(self, user: str) -> None:
        """Clear delays, spent guesses, near misses and disablement; used codes stay used.

        Raises:
            NotEnrolledError: Nothing is stored of this user.
            TypeError, ValueError: The user is malformed.
            StoreError: The state could not be read or stored.
        """

        def unlock(state: State) -> State:
            if state.empty:
                raise NotEnrolledError("nothing is stored of this user")
            return state.unlocked()

        self._change(user, unlock)

    def state(self, user: str) -> State | None:
        """Return what is stored of a user; None if there is nothing.

        Raises:
            TypeError, ValueError: The user is malformed.
            StoreError: The state could not be read, or is damaged.
        """
        text = self._records.get(user)
        return None if text is None else State.from_text(text)

    def states(self) -> Iterator[tuple[str, State]]:
        """Return each user with what is stored of them.

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
        """Decide; return the text to store, and the decision."""
        state = State() if old is None else State.from_text(old)
        decision = decide(credentials, state, typed, self._now(), self.policy)
        return (old if decision.state is state else _text(decision.state)), decision

    def _change(self, user: str, change: Callable[[State], State]) -> None:
        """Store what a function makes of the state."""

        def changed(old: str | None) -> tuple[str | None, None]:
            return _text(change(State() if old is None else State.from_text(old))), None

        self._records.transact(user, changed)


def _text(state: State) -> str | None:
    return state.to_text() if state.devices or not state.empty else None


def _random_id() -> int:
    return int.from_bytes(os.urandom(8))
