"""Calls of the Login part: sessions, and the actions in a session."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from onetime.playground.codes import describe
from onetime.playground.fields import Answer, Clock, Fields, RequestError
from onetime.playground.session import NAMES, Session
from onetime.verification.policy import YEAR

MAX_SESSIONS = 16
"""Maximum number of sessions. A new session replaces the oldest one."""


class Logins:
    """The newest few sessions. Their calls are served one after another."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def start(self, values: object) -> Answer:
        """Start a session. Its first device has the given credential."""
        account = Fields(values, ("credential",)).account()
        session = Session(account, self._clock)
        name = secrets.token_hex(16)
        with self._lock:
            self._sessions[name] = session
            if len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)
            return {"session": name, **describe(account), **session.show()}

    def look(self, values: object) -> Answer:
        """Return the stored state of the server, and the codes of the owner's devices."""
        with self._session(Fields(values, ("session",))) as session:
            return session.show()

    def verify(self, values: object) -> Answer:
        """Check one code."""
        fields = Fields(values, ("session", "code"))
        code = fields.text("code")
        with self._session(fields) as session:
            return session.verify(code)

    def resynchronize(self, values: object) -> Answer:
        """Check three consecutive codes."""
        fields = Fields(values, ("session", "codes"))
        codes = [code for code in fields.list("codes", 3, 3) if isinstance(code, str)]
        if len(codes) < 3:
            raise RequestError("codes must be text", "codes")
        with self._session(fields) as session:
            return session.resynchronize(codes)

    def press(self, values: object) -> Answer:
        """Press the button of one of the owner's devices."""
        fields = Fields(values, ("session", "device"))
        device = fields.text("device")
        with self._session(fields) as session:
            session.find(device).press()
            return session.show()

    def add(self, values: object) -> Answer:
        """Add a device to the owner's devices, without enrolling it."""
        fields = Fields(values, ("session", "kind"))
        kind = fields.choice("kind", NAMES, "totp")
        with self._session(fields) as session:
            return {"added": session.add(kind), **session.show()}

    def enroll(self, values: object) -> Answer:
        """Enroll a device of the owner with a code that it shows."""
        fields = Fields(values, ("session", "device", "code"))
        device, code = fields.text("device"), fields.text("code")
        with self._session(fields) as session:
            return session.enroll(device, code)

    def forget(self, values: object) -> Answer:
        """Remove a device from the server."""
        fields = Fields(values, ("session", "device"))
        device = fields.text("device")
        with self._session(fields) as session:
            session.forget(device)
            return session.show()

    def unlock(self, values: object) -> Answer:
        """Clear delays and counted failures."""
        with self._session(Fields(values, ("session",))) as session:
            session.unlock()
            return session.show()

    def wait(self, values: object) -> Answer:
        """Move the clock of a session forward, so that the user does not have to wait."""
        fields = Fields(values, ("session", "seconds"))
        seconds = fields.whole("seconds", 0, YEAR)
        with self._session(fields) as session:
            session.ahead += seconds
            return session.show()

    @contextmanager
    def _session(self, fields: Fields) -> Iterator[Session]:
        name = fields.text("session")
        with self._lock:
            if name not in self._sessions:
                raise RequestError("this session is gone; start another", "session")
            yield self._sessions[name]
