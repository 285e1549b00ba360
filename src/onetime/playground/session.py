"""A session of the Login part: a real verifier in memory, an adjustable clock, and the owner's devices."""

from collections.abc import Callable

from onetime.errors import AlreadyEnrolledError, NotEnrolledError, TooManyDevicesError, VerificationError
from onetime.hotp import HOTP
from onetime.playground.fields import Answer, Clock, RequestError, blame
from onetime.playground.owner import OwnersDevice
from onetime.provisioning.account import Account
from onetime.secret import Secret
from onetime.storage.memory import MemoryStore
from onetime.totp import TOTP
from onetime.verification.decision import STREAK
from onetime.verification.device import Device
from onetime.verification.enrollment import check_size
from onetime.verification.evidence import Accepted
from onetime.verification.policy import Limits
from onetime.verification.state import State
from onetime.verification.throttle import Throttle
from onetime.verification.verifier import Verifier

OWNER = "owner"
"""The user under which the devices of a session are enrolled."""

NAMES = {"totp": "phone", "hotp": "key"}
"""Names of new devices, by the kind of their credential."""

MAX_DEVICES = 12
"""Maximum number of devices of the owner, enrolled or not: two more than the policy allows to be enrolled."""

REFUSALS = (VerificationError, NotEnrolledError, AlreadyEnrolledError, TooManyDevicesError)
"""The errors that the page shows as a verdict."""


class Session:
    """A server with one user, and the user's devices.

    Args:
        account: The first device, which is adopted as if another system had enrolled it.
        clock: Returns Unix time in seconds.

    Attributes:
        ahead: Seconds by which the clock of the session was moved forward.
        devices: The owner's devices by name, enrolled or not.
    """

    def __init__(self, account: Account, clock: Clock) -> None:
        self.ahead = 0
        self._clock = clock
        self._verifier = Verifier(MemoryStore(), clock=self.now)
        name = NAMES[account.credential.kind]
        self.devices: dict[str, OwnersDevice] = {name: OwnersDevice(account)}
        with blame("secret"):
            check_size(account.credential, self._verifier.policy)
        with blame("t0"):
            self._verifier.adopt(OWNER, account.credential, device=name, watermark=account.counter)

    def now(self) -> float:
        """Return the time of the session."""
        return self._clock() + self.ahead

    def add(self, kind: str) -> str:
        """Add a device with a secret of its own, without enrolling it, and return its name."""
        if len(self.devices) == MAX_DEVICES:
            raise RequestError(f"the owner has {MAX_DEVICES} devices; start again to add another one", "add")
        names = (NAMES[kind], *(f"{NAMES[kind]}-{number}" for number in range(2, MAX_DEVICES + 2)))
        name = next(each for each in names if each not in self.devices)
        credential = HOTP(Secret.generate()) if kind == "hotp" else TOTP(Secret.generate())
        self.devices[name] = OwnersDevice(Account("", credential))
        return name

    def find(self, name: str) -> OwnersDevice:
        """Return one of the owner's devices."""
        if name not in self.devices:
            raise RequestError("the owner does not have this device", "device")
        return self.devices[name]

    def enroll(self, name: str, code: str) -> Answer:
        """Enroll a device with a code that it shows."""
        device = self.find(name)
        return self._judge(
            lambda: self._verifier.enroll(OWNER, device.credential, code, device=name, counter=device.counter)
        )

    def verify(self, code: str) -> Answer:
        """Check a code against the enrolled devices."""
        return self._judge(lambda: self._verifier.verify(OWNER, self._enrolled(), code))

    def resynchronize(self, codes: list[str]) -> Answer:
        """Check three consecutive codes against the enrolled devices."""
        return self._judge(lambda: self._verifier.resynchronize(OWNER, self._enrolled(), codes))

    def forget(self, name: str) -> None:
        """Remove a device from the server. The owner still has it."""
        self.find(name)
        self._verifier.forget(OWNER, name)

    def unlock(self) -> None:
        """Clear delays and counted failures, as an operator does."""
        if self._verifier.state(OWNER) is not None:
            self._verifier.unlock(OWNER)

    def show(self) -> Answer:
        """Return the server's stored state, the values that follow from it now, and the devices' codes."""
        now, policy = self.now(), self._verifier.policy
        seconds = int(now)
        stored = self._verifier.state(OWNER)
        state = State() if stored is None else stored
        throttle = state.throttle.seen(policy, seconds)
        near = state.near_misses.seen(policy.near_miss_limits, seconds)
        return {
            "now": now,
            "state": {
                "failures": throttle.failures,
                "retry_at": throttle.wait_until(policy, seconds),
                "guesses": policy.budget,
                "guesses_left": _left(throttle, policy, seconds),
                "near_misses": policy.near_misses,
                "near_misses_left": _left(near, policy.near_miss_limits, seconds),
                "three_retry_at": near.wait_until(policy.near_miss_limits, seconds),
                "devices": [_stored(name, device) for name, device in state.devices.items()],
                "text": None if stored is None else stored.to_text(),
            },
            "devices": [
                {"name": name, "enrolled": name in state.devices, **device.show(now)}
                for name, device in self.devices.items()
            ],
        }

    def _enrolled(self) -> dict[str, TOTP | HOTP]:
        """Return the credentials of the enrolled devices. A server stores only these."""
        state = self._verifier.state(OWNER) or State()
        return {name: self.devices[name].credential for name in state.devices}

    def _judge(self, ask: Callable[[], Accepted]) -> Answer:
        """Return the verdict on the typed codes, and the server's state after it."""
        answer: Answer = {"verdict": "accepted", "message": None, "accepted": None}
        with blame(None):  # a clock that was set back may be before t0
            try:
                accepted = ask()
            except REFUSALS as error:
                answer["verdict"] = error.reason
                answer["message"] = str(error)
            else:
                answer["accepted"] = {**accepted.to_dict(), "moving_factor": str(accepted.moving_factor)}
        return {**answer, **self.show()}


def _left(throttle: Throttle, limits: Limits, now: int) -> int:
    return limits.budget - throttle.spent(limits, now)


def _stored(name: str, device: Device) -> Answer:
    return {
        "name": name,
        "kind": device.kind,
        "watermark": str(device.watermark),
        "exhausted": device.exhausted,
        "drift": device.drift,
        "anchor": device.anchor,
        "streak": device.streak,
        "streak_limit": STREAK,
        "enrollment_id": f"{device.enrollment_id:016x}",
        "fingerprint": f"{device.fingerprint:08x}",
    }
