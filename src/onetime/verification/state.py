"""The stored state of a user: one row with one throttle and any number of devices."""

from types import MappingProxyType
from typing import NamedTuple

from onetime.checks import check_integer
from onetime.credential import Credential
from onetime.errors import AlreadyEnrolledError, OnetimeError, TooManyDevicesError
from onetime.times import whole_seconds
from onetime.verification import record
from onetime.verification.device import DAY, DEFAULT, Device, check_name, is_name
from onetime.verification.policy import DEFAULT_POLICY, Policy
from onetime.verification.throttle import EMPTY, Throttle

KIND = "user1"
"""Kind and version of the text. Version 1 is fixed with release 1.0; later versions read it."""

HEAD = 6
"""Number of words before the devices: throttle, near misses, disabled."""

WORDS = 8
"""Number of words of a device: its name, its kind and six integers."""

DEVICE = "%s %d %d %d %d %d %d"
"""Format of a device without its name. One format is faster than formatting each number."""

MAX_WORD = len(str(record.BOUND))
"""Maximum length of a name or a number in the text, in characters."""

KINDS = ("hotp", "totp")
"""Kinds of devices."""

NOTHING = ["0"] * (HEAD - 1)
"""The words of throttle and near misses of most users."""


class State(NamedTuple):
    """The stored state of a user: integers and names of devices, and no secret.

    A state is immutable: each method returns another state. `State()` is a user without devices.

    Attributes:
        throttle: The failures of the user, with all devices together.
        near_misses: The near misses of the user, with three codes; its `failures` are always 0.
        disabled: Whether every code is refused until the user is unlocked.
        devices: A read-only mapping of names to devices, in order of enrollment.
    """

    # This class, `Throttle` and `Device` are tuples, which are constructed faster than a `Value`.
    throttle: Throttle = EMPTY
    near_misses: Throttle = EMPTY
    disabled: bool = False
    devices: MappingProxyType[str, Device] = MappingProxyType({})

    @property
    def empty(self) -> bool:
        """Whether the state holds nothing, so that its row can be deleted."""
        return not (self.devices or self.disabled) and self.throttle == self.near_misses == EMPTY

    def put(self, device: str, value: Device) -> "State":
        """Return the state with a device added, or replaced if the name is taken."""
        return self._replace(devices=MappingProxyType(self.devices | {device: value}))

    def refusal(
        self, credential: Credential, policy: Policy, device: str, *, replace: bool
    ) -> OnetimeError | None:
        """Return the error that prevents a credential from being enrolled under a name, or None.

        If a credential had two names, one code could be accepted twice.
        """
        for name, enrolled in self.devices.items():
            if name != device and enrolled.has_at_other_digits(credential):
                return AlreadyEnrolledError(f'the user already has this credential, as the device "{name}"')
        if device in self.devices:
            if not replace:
                return AlreadyEnrolledError(f'the user already has a device "{device}"')
        elif len(self.devices) >= policy.max_devices:
            return TooManyDevicesError(f"the user already has {len(self.devices)} devices")
        return None

    def adopt(
        self,
        credential: Credential,
        now: float,
        policy: Policy = DEFAULT_POLICY,
        *,
        enrollment_id: int,
        device: str = DEFAULT,
        watermark: int = 0,
        drift: int = 0,
        replace: bool = False,
    ) -> "State":
        """Return the state with a device that another system enrolled, or that the owner cannot confirm.

        Throttle, near misses and disablement do not change. The watermark of a credential that is already
        enrolled is never lowered.

        Args:
            credential: The HOTP or TOTP. Its secret may be shorter than `policy.min_secret_size`.
            now: Unix time in seconds, by the server's clock.
            policy: The policy.
            enrollment_id: Random integer of 64 bits, new for each call.
            device: Name of the device: 1 to 64 characters of A-Z, a-z, 0-9, "_", "." and "-".
            watermark: The lowest counter or step that can be accepted: one more than the last one used. From
                0 to 2^64; for a TOTP, at most a day after the server's clock.
            drift: TOTP: steps from the server's clock to the device's clock, at most a day in either
                direction.
            replace: Whether to replace a device with this name.

        Raises:
            AlreadyEnrolledError: The name is taken and `replace` is false, or the user has the credential
                under another name.
            TooManyDevicesError: The user has as many devices as the policy allows.
            ValueError: A number is out of range (for example, seconds instead of steps), the drift of an HOTP
                is not 0, the name is malformed, or the clock is before 1970 or the credential's t0.
            TypeError: An argument has the wrong type.
        """
        check_name(device)
        seconds, day = whole_seconds(now), 0
        fresh = Device.fresh(credential, enrollment_id, watermark, drift)
        if credential.kind == "totp":
            day = DAY // credential.period
            latest = credential.step(seconds) + day
            if watermark > latest:
                raise ValueError(
                    f"watermark must be a step, at most a day after the server's clock ({latest})"
                )
        elif drift:
            raise ValueError("drift must be 0 for an HOTP, which has no clock")
        check_integer("drift", drift, -day, day)
        refusal = self.refusal(credential, policy, device, replace=replace)
        if refusal is not None:
            raise refusal
        return self.put(device, fresh.after(self.devices.get(device), credential))

    def unlocked(self) -> "State":
        """Return the state without delays, spent guesses, near misses and disablement."""
        return State(devices=self.devices)

    def without(self, device: str, now: float, policy: Policy = DEFAULT_POLICY) -> "State":
        """Return the state without a device. A device that is not enrolled is ignored.

        If no device is left, throttle and near misses are cleared only if they have expired. Otherwise
        removing a device and enrolling it again would restore the guesses.

        Args:
            device: Name of the device.
            now: Unix time in seconds, by the server's clock.
            policy: The policy.

        Raises:
            ValueError: The clock is before 1970, or is not a finite number.
            TypeError: The time is not a number.
        """
        seconds = whole_seconds(now)
        devices = {name: value for name, value in self.devices.items() if name != device}
        throttle = self.throttle.seen(policy, seconds)
        near_misses = self.near_misses.seen(policy.near_miss_limits, seconds)
        if not devices:
            if not throttle.owed(seconds) and throttle.retry_at(policy) <= seconds:
                throttle = EMPTY
            if not near_misses.owed(seconds):
                near_misses = EMPTY
        return State(throttle, near_misses, self.disabled, MappingProxyType(devices))

    def retry_at(self, policy: Policy = DEFAULT_POLICY) -> int:
        """Return the Unix time in seconds at which the next code is checked.

        The time is not in the future if the user is not throttled.
        """
        return self.throttle.retry_at(policy)

    def spent(self, policy: Policy, now: float) -> int:
        """Return how many failures of the second tier's budget are spent.

        Args:
            policy: The policy.
            now: Unix time in seconds, by the server's clock.

        Raises:
            ValueError: The clock is before 1970, or is not a finite number.
            TypeError: The time is not a number.
        """
        seconds = whole_seconds(now)
        return self.throttle.seen(policy, seconds).spent(policy, seconds)

    def to_text(self) -> str:
        """Return the text to store: kind and version, names, integers, and a checksum."""
        (failures, debt, since), (_, near_debt, near_since), disabled, devices = self
        text = f"{KIND} {failures} {debt} {since} {near_debt} {near_since} {'1' if disabled else '0'}"
        for name, device in devices.items():
            text += f" {name} " + DEVICE % device
        return record.checked(text)

    @classmethod
    def from_text(cls, text: str) -> "State":
        """Parse the text that `to_text` wrote; refuse any other text.

        Raises:
            StoreError: The text is damaged, or is of an unknown kind or version.
        """
        return record.read(KIND, text, _state)


def _state(words: list[str]) -> State:
    if len(max(words, key=len)) > MAX_WORD:
        raise ValueError("a name or a number is too long")
    new = tuple.__new__  # the constructor of a named tuple takes twice as long
    throttle = near_misses = EMPTY
    *counts, disabled = words[:HEAD]
    if counts != NOTHING:
        failures, debt, since, near_debt, near_since = numbers = [int(count) for count in counts]
        if min(numbers) < 0:
            raise ValueError("a throttle is malformed")
        throttle = new(Throttle, (failures, debt, since))
        near_misses = new(Throttle, (0, near_debt, near_since))
    if disabled not in ("0", "1"):
        raise ValueError("a user is malformed")
    devices = {}
    for start in range(HEAD, len(words), WORDS):
        name, kind, watermark, drift, anchor, streak, number, fingerprint = words[start : start + WORDS]
        if kind not in KINDS or name in devices or watermark[:1] == "-" or not is_name(name):
            raise ValueError("a device is malformed")
        # Six calls take less time than a `map` of `int`.
        devices[name] = new(
            Device,
            (kind, int(watermark), int(drift), int(anchor), int(streak), int(number), int(fingerprint)),
        )
    return new(State, (throttle, near_misses, disabled == "1", MappingProxyType(devices)))
