"""The verifier: decides by `decision`, keeps by a `Store`."""

import secrets
import time
from collections.abc import Callable, Sequence

from onetime.checks import check_integer
from onetime.confidential import discreet
from onetime.errors import AlreadyEnrolledError, NotEnrolledError, OnetimeError
from onetime.hotp import HOTP, LAST_MOVING_FACTOR
from onetime.storage.store import Records, Store
from onetime.totp import TOTP
from onetime.verification.decision import Accepted, Decision, decide, decide_resync
from onetime.verification.policy import Policy
from onetime.verification.state import State, hotp_of, seal_of
from onetime.verification.throttle import Throttle

_Verdict = Accepted | OnetimeError | None
"""Of an enrolment: the evidence, the refusal, or None if there was no code."""


class Verifier:
    """Judges codes, each once, and keeps what it learned before it tells (RFC 4226 section 7).

    The credential comes with each call: the store never sees a secret. A verifier may be shared by
    threads; a store may be shared by verifiers, processes and machines.

    Args:
        store: Where the state is kept.
        policy: The numbers.
        clock: Gives Unix time in seconds; the server's own, never the client's (RFC 6238 section 3, R1).
    """

    def __init__(
        self,
        store: Store,
        *,
        policy: Policy = Policy(),  # noqa: B008 - it never changes
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._records = Records(store, "otp")
        self.store = store
        self.policy = policy
        self.clock = clock

    @discreet
    def enroll(
        self,
        key: str,
        credential: HOTP | TOTP,
        code: str | list[str] | tuple[str, ...] | None = None,
        *,
        counter: int = 0,
        replace: bool = False,
    ) -> Accepted | None:
        """Enrol a credential under a key.

        With a code, the enrolment is confirmed: the owner's device makes the right codes, and the code is
        spent. With three consecutive codes, they also set the counter, or the drift of a TOTP's clock.
        Without one, nobody knows yet whether the device makes the right codes: a form's field that is
        missing must not become None here. Only success is stored; wrong codes of a new credential are not
        charged.

        Args:
            key: Names the credential: text of 1 to 200 characters, for example the user's immutable id
                and the number of the device.
            credential: The HOTP or TOTP.
            code: What the owner typed: one code, a list or tuple of three, or None for no confirmation.
            counter: HOTP: the next counter of the owner's device.
            replace: Whether a credential that is enrolled already is replaced. Its second tier of
                throttling stays, so that to enrol again is no way to get more guesses. If it is the same
                credential, nothing is replaced: the code is judged, and charged, as `verify` does it, and
                what is spent, delayed or disabled stays so. Of credentials before that nothing is known,
                so make a new secret for each enrolment.

        Returns:
            The evidence of the confirmation; None without a code.

        Raises:
            VerificationError: The code is refused, and nothing is enrolled.
            AlreadyEnrolledError: There is a credential, and `replace` was not asked for.
            ValueError: The secret is under 16 bytes (or what the policy says), the key is malformed, the
                counter is out of range or not 0 with a TOTP, there are neither one code nor three, or the
                clock stands before 1970 or the credential's t0.
            TypeError: The credential is neither a HOTP nor a TOTP.
            StoreError: The state could not be kept; nothing is enrolled, or it is unknown.
        """
        size = len(hotp_of(credential).secret)
        if size < self.policy.min_secret_size:
            raise ValueError(
                f"the secret has {size} bytes; "
                f"the policy asks for {self.policy.min_secret_size} (RFC 4226, R6)"
            )
        check_integer("counter", counter, 0, LAST_MOVING_FACTOR)
        if counter and isinstance(credential, TOTP):
            raise ValueError("a TOTP has no counter")

        def begin(old: str | None) -> tuple[str | None, _Verdict]:
            if old is not None and not replace:
                raise AlreadyEnrolledError("a credential is enrolled under this key")
            previous = None if old is None else State.from_text(old)
            if previous is not None and seal_of(credential, previous.mark) == previous.seal:
                # The same credential once more: its guesses are charged, and its spent codes stay spent.
                state = previous._replace(next_factor=max(counter, previous.next_factor))
                state, verdict = self._confirm(credential, state, code)
                if isinstance(verdict, OnetimeError):
                    state = state._replace(next_factor=previous.next_factor)
                return state.to_text(), verdict
            state = State.fresh(credential, secrets.randbits(64), counter)
            state, verdict = self._confirm(credential, state, code)
            if isinstance(verdict, OnetimeError):
                return old, verdict
            if previous is not None:
                state = state._replace(throttle=previous.throttle.succeeded())
            return state.to_text(), verdict

        verdict = self._records.transact(key, begin)
        if isinstance(verdict, OnetimeError):
            raise verdict
        return verdict

    def verify(self, key: str, credential: HOTP | TOTP, code: str) -> Accepted:
        """Judge a code, and accept it at most once.

        Args:
            key: The key that the credential is enrolled under.
            credential: The HOTP or TOTP.
            code: What was typed. Spaces and hyphens between the digits are allowed.

        Returns:
            The evidence. There is no other way out but an exception.

        Raises:
            MalformedCodeError: It is no code; not charged.
            IncorrectCodeError: It matches nothing in sight; charged.
            ReplayedCodeError: It was right, and is spent; not charged.
            ThrottledError: It was not judged; `retry_at` says from when on one is.
            DisabledError: The credential is out of use.
            NotEnrolledError: Nothing is enrolled under the key, or another credential.
            ValueError: The key is malformed, or the clock stands before 1970 or the credential's t0.
            TypeError: The credential is neither a HOTP nor a TOTP.
            StoreError: The state could not be read or kept; nothing was accepted.
        """

        def judge(old: str | None) -> tuple[str, Decision]:
            decision = decide(credential, _enrolled(old), code, self.clock(), self.policy)
            return decision.state.to_text(), decision

        # The code leaves this frame before anything is raised. @discreet would catch each refusal once more.
        try:
            decision = self._records.transact(key, judge)
        except (OnetimeError, TypeError, ValueError) as error:
            code = ""
            raise error.with_traceback(None)  # noqa: B904 - it is the same error
        code = ""
        return decision.result()

    @discreet
    def resynchronize(self, key: str, credential: HOTP | TOTP, codes: Sequence[str]) -> Accepted:
        """Judge three consecutive codes, further away and also while delayed.

        It finds back a counter or a clock that strayed, and is the owner's way in while a guesser keeps
        the credential delayed. It is not charged, so limit the requests of an address: each takes about
        a hundred HMACs, and whoever has seen two unused codes in a row can try for the third.

        Args:
            key: The key that the credential is enrolled under.
            credential: The HOTP or TOTP.
            codes: Three codes, the oldest first.

        Returns:
            The evidence.

        Raises:
            MalformedCodeError: One of them is no code.
            IncorrectCodeError: They are nowhere in sight, or not consecutive.
            ReplayedCodeError: One of them is spent.
            DisabledError: The credential is out of use.
            NotEnrolledError: Nothing is enrolled under the key, or another credential.
            ValueError: There are not three, the key is malformed, or the clock stands before 1970 or the
                credential's t0.
            TypeError: The credential is neither a HOTP nor a TOTP, or the codes are one text.
            StoreError: The state could not be read or kept; nothing was accepted.
        """

        def judge(old: str | None) -> tuple[str, Decision]:
            decision = decide_resync(credential, _enrolled(old), codes, self.clock(), self.policy)
            return decision.state.to_text(), decision

        return self._records.transact(key, judge).result()

    def unlock(self, key: str) -> None:
        """Clear delays, spent guesses and disablement. What is spent stays spent, and drift and seal stay.

        Raises:
            NotEnrolledError: Nothing is enrolled under the key.
            ValueError: The key is malformed.
            StoreError: The state could not be read or kept.
        """
        self._records.transact(key, _unlocked)

    def forget(self, key: str) -> None:
        """Revoke what is enrolled under a key, if anything is: verifications under way fail.

        Spent guesses are forgotten too; to change a credential, enrol the new one with `replace`.

        Raises:
            ValueError: The key is malformed.
            StoreError: The entry could not be removed.
        """
        self._records.delete(key)

    def state(self, key: str) -> State | None:
        """Look at what is remembered; None if nothing is enrolled under the key.

        Raises:
            ValueError: The key is malformed.
            StoreError: The state could not be read, or is damaged.
        """
        text = self._records.get(key)
        return None if text is None else State.from_text(text)

    def _confirm(
        self, credential: HOTP | TOTP, state: State, code: str | list[str] | tuple[str, ...] | None
    ) -> tuple[State, _Verdict]:
        """Judge what the owner typed to confirm an enrolment: one code, three, or nothing."""
        if code is None:
            return state, None
        if isinstance(code, list | tuple):
            return decide_resync(credential, state, code, self.clock(), self.policy)
        return decide(credential, state, code, self.clock(), self.policy)


def _enrolled(text: str | None) -> State:
    if text is None:
        raise NotEnrolledError("nothing is enrolled under this key")
    return State.from_text(text)


def _unlocked(text: str | None) -> tuple[str, None]:
    return _enrolled(text)._replace(throttle=Throttle(), disabled=0).to_text(), None
