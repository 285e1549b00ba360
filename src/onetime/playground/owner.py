"""The owner's devices in the Login part: an app that follows the clock, and a key with a button."""

from onetime.credential import Credential
from onetime.hotp import LAST_MOVING_FACTOR
from onetime.playground.fields import Answer, RequestError, blame
from onetime.provisioning.account import Account

PLACES = {-1: "previous", 0: "current", 1: "next", 2: "later"}
"""Names of the codes that a device shows, by their distance from the current code."""


class OwnersDevice:
    """A device of the owner, which uses the server's clock.

    Attributes:
        credential: The credential that computes its codes.
        counter: The counter of the current code, if the device has a button.
    """

    def __init__(self, account: Account) -> None:
        self.credential: Credential = account.credential
        self.counter: int = account.counter

    def press(self) -> None:
        """Press the button.

        Raises:
            RequestError: The device has no button, or has reached its last counter.
        """
        if self.credential.kind == "totp":
            raise RequestError("an app has no button: its codes change with the time", "device")
        if self.counter == LAST_MOVING_FACTOR:
            raise RequestError("the device has reached its last counter", "device")
        self.counter += 1

    def show(self, now: float) -> Answer:
        """Return the codes around the current code, and the time for which the device shows that code."""
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
