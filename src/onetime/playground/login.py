"""The server's side of a login, to try out: real verifiers in memory, each with a clock that can be moved."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable

from onetime.errors import (
    IncorrectCodeError,
    MalformedCodeError,
    ReplayedCodeError,
    ThrottledError,
    VerificationError,
)
from onetime.hotp import LAST_MOVING_FACTOR
from onetime.playground.codes import describe
from onetime.playground.fields import Answer, Clock, Fields, RequestError, blame
from onetime.provisioning.uri import Account
from onetime.storage.memory import MemoryStore
from onetime.totp import TOTP
from onetime.verification.decision import STREAK
from onetime.verification.device import DEFAULT
from onetime.verification.enrollment import check_size
from onetime.verification.evidence import Accepted
from onetime.verification.policy import YEAR
from onetime.verification.state import State
from onetime.verification.verifier import Verifier

MAX_SESSIONS = 16
OWNER = "owner"
"""The key that a session's credential is enrolled under."""

VERDICTS: dict[type[VerificationError], str] = {
    MalformedCodeError: "malformed",
    IncorrectCodeError: "incorrect",
    ReplayedCodeError: "replayed",
    ThrottledError: "throttled",
}
"""With the policy's defaults there are no others."""

PLACES = {-1: "previous", 0: "current", 1: "next", 2: "later"}
"""The codes that the owner's device shows, by their distance."""


class Session:
    """One credential, the verifier that it is enrolled with, and the device of its owner."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self.credential = account.credential
        self.counter = account.counter
        self.ahead = 0
        self.clock = clock
        self.verifier = Verifier(MemoryStore(), clock=self.now)
        with blame("secret"):
            check_size(self.credential, self.verifier.policy)
            self.verifier.adopt(OWNER, self.credential, watermark=account.counter)

    def now(self) -> float:
        """Tell the time of the server's side."""
        return self.clock() + self.ahead

    def state(self) -> Answer:
        """Show what the server's side remembers, and what follows from it now."""
        now, policy = self.now(), self.verifier.policy
        state: State = self.verifier.state(OWNER)  # type: ignore[assignment]  # it is enrolled
        device = state.devices[DEFAULT]
        throttle = state.throttle.seen(policy, int(now))
        retry_at = throttle.retry_at(policy)
        return {
            "now": now,
            "state": {
                "kind": device.kind,
                "next_factor": str(device.watermark),
                "drift": device.drift,
                "lean": device.streak,
                "lean_limit": STREAK,
                "failures": throttle.failures,
                "delayed_until": retry_at if retry_at > now else None,
                "budget": policy.budget,
                "budget_left": policy.budget - throttle.spent(policy, int(now)),
                "exhausted": device.exhausted,
                "mark": f"{device.enrollment_id:016x}",
                "seal": f"{device.fingerprint:08x}",
            },
        }

    def judge(self, ask: Callable[[], Accepted]) -> Answer:
        """Give the verdict on what was typed, whatever it is."""
        answer: Answer = {"verdict": "accepted", "message": None, "accepted": None}
        with blame(None):  # a clock that was set back may stand before t0
            try:
                accepted = ask()
            except VerificationError as error:
                answer["verdict"] = VERDICTS[type(error)]
                answer["message"] = str(error)
            else:
                answer["accepted"] = {**accepted.to_dict(), "moving_factor": str(accepted.moving_factor)}
        return {**answer, **self.state()}

    def device(self, press: bool) -> Answer:
        """Show the codes of the owner's device, whose clock is the server's."""
        credential, now = self.credential, self.now()
        if isinstance(credential, TOTP):
            if press:
                raise RequestError("a TOTP has no button: its codes come with the time", "press")
            with blame(None):  # as above
                centre = credential.step(now)
            hotp, span, remaining = credential.hotp, credential.span(centre), credential.remaining(now)
        else:
            if press and self.counter == LAST_MOVING_FACTOR:
                raise RequestError("the device has reached its last counter", "press")
            self.counter += press
            centre = self.counter
            hotp, span, remaining = credential, None, None
        codes = [
            {"place": place, "factor": str(centre + away), "code": hotp.at(centre + away)}
            for away, place in PLACES.items()
            if 0 <= centre + away <= LAST_MOVING_FACTOR
        ]
        return {"codes": codes, "remaining": remaining, "span": span, "now": now}


class Logins:
    """The sessions that are kept, the newest few of them. All that they do is done one after the other."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def start(self, values: object) -> Answer:
        """Enrol a credential in a session of its own."""
        account = Fields(values, ("credential",)).account()
        if isinstance(account.credential, TOTP):
            with blame("t0"):
                account.credential.step(self._clock())
        session = Session(account, self._clock)
        name = secrets.token_hex(16)
        with self._lock:
            self._sessions[name] = session
            if len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)
        return {"session": name, **describe(account), **session.state()}

    def verify(self, values: object) -> Answer:
        """Judge one code."""
        fields = Fields(values, ("session", "code"))
        code = fields.text("code")
        with self._lock:
            session = self._find(fields)
            return session.judge(lambda: session.verifier.verify(OWNER, session.credential, code))

    def resynchronize(self, values: object) -> Answer:
        """Judge three consecutive codes."""
        fields = Fields(values, ("session", "codes"))
        codes = [code for code in fields.list("codes", 3, 3) if isinstance(code, str)]
        if len(codes) < 3:
            raise RequestError("codes are texts", "codes")
        with self._lock:
            session = self._find(fields)
            return session.judge(lambda: session.verifier.resynchronize(OWNER, session.credential, codes))

    def wait(self, values: object) -> Answer:
        """Move the clock of a session on, so that nobody has to wait."""
        fields = Fields(values, ("session", "seconds"))
        seconds = fields.whole("seconds", 0, YEAR)
        with self._lock:
            session = self._find(fields)
            session.ahead += seconds
            return session.state()

    def device(self, values: object) -> Answer:
        """Show the codes of the owner's device; a press of its button is for a HOTP."""
        fields = Fields(values, ("session", "press"))
        press = fields.flag("press")
        with self._lock:
            return self._find(fields).device(press)

    def _find(self, fields: Fields) -> Session:
        name = fields.text("session")
        if name not in self._sessions:
            raise RequestError("this session is gone; start another", "session")
        return self._sessions[name]
