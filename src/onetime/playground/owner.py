"""The owner's devices in the Login part: an app that follows the clock, a key with a button."""

from onetime.credential import Credential
from onetime.hotp import LAST_MOVING_FACTOR
from onetime.playground.fields import Answer, RequestError, blame
from onetime.provisioning.account import Account

PLACES = {-1: "previous", 0: "current", 1: "next", 2: "later"}
"""The codes that a device shows, by their distance from the current one."""


class OwnersDevice:
    """A device in the owner's hand, whose clock is the server's.

    Attributes:
        credential: What it makes codes of.
        counter: The counter of its current code, if it has a button.
    """

    def __init__(self, account: Account) -> None:
        self.credential: Credential = account.credential
        self.counter: int = account.counter

    def press(self) -> None:
        """Press its button.

        Raises:
            RequestError: It has no button, or has reached its last counter.
        """
        if self.credential.kind == "totp":
            raise RequestError("an app has no button: its codes come with the time", "device")
        if self.counter == LAST_MOVING_FACTOR:
            raise RequestError("the device has reached its last counter", "device")
        self.counter += 1

    def show(self, now: float) -> Answer:
        """Return the codes around the current one, and how long that one is shown."""
        credential = self.credential
        center, span, remaining = self.counter, None, None
        if credential.kind == "totp":
            with blame(None):  # a clock that was set back may be before t0
                center = credential.step(now)
            span, remaining = credential.span(center), credential.remaining(now)
        codes = [
            {
                "place": place,
                "moving_factor": str(center + away),
                "code": credential.hotp.at(center + away),
            }
            for away, place in PLACES.items()
            if 0 <= center + away <= LAST_MOVING_FACTOR
        ]
        return {"kind": credential.kind, "codes": codes, "span": span, "remaining": remaining}
