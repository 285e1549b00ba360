"""Every code there is, each tried on a fresh state: exactly those in sight are accepted."""

import multiprocessing
import random
from collections.abc import Iterable
from dataclasses import dataclass

from onetime import IncorrectCodeError
from onetime.verification.decision import decide
from onetime.verification.device import Device as Stored
from onetime.verification.evidence import Accepted
from onetime.verification.policy import Policy
from onetime.verification.state import State
from tests.support import RFC_KEY
from tests.verification.histories import TWINS, credential_of
from tests.verification.model import LAST, Device

PLACES = ("anywhere", "first", "last", "twins")
PART = 250_000
"""Codes that one process tries at a time."""


@dataclass(frozen=True)
class Trial:
    """A credential, and where it stands: a HOTP at a counter, a TOTP at a time.

    Attributes:
        look_ahead: The policy's, for a HOTP.
        window: The policy's, for a TOTP.
    """

    device: Device
    counter: int
    now: int
    look_ahead: int = 5
    window: int = 1

    @property
    def sight(self) -> range:
        """The factors in sight, spent ones too: what is below 0 or past the last is none."""
        if self.device.period is None:
            first, last = self.counter - self.look_ahead, self.counter + self.look_ahead - 1
        else:
            step = self.device.step(self.now)
            first, last = step - self.window, step + self.window
        return range(max(first, 0), min(last, LAST) + 1)

    def expected(self) -> dict[str, object]:
        """Say of each code that is not simply wrong the factor that it is of, or that it is a replay."""
        verdicts: dict[str, object] = {}
        for factor in self.sight:
            verdicts.setdefault(
                self.device.code(factor), "ReplayedCodeError" if factor < self.counter else factor
            )
        return verdicts

    def differences(self, codes: Iterable[str]) -> list[str]:
        """Try codes, each on a fresh state; tell where the verdict is not what is expected."""
        credential, policy = (
            credential_of(self.device),
            Policy(look_ahead=self.look_ahead, window=self.window, max_devices=1),
        )
        state = State().put("default", Stored.fresh(credential, 2**63 + 1, self.counter))
        expected = self.expected()
        found = []
        for code in codes:
            verdict = decide(credential, state, code, self.now, policy).verdict
            if type(verdict) is IncorrectCodeError:
                if code in expected:
                    found.append(f"{self}: {code} is refused, and is of {expected[code]}")
                continue
            said = verdict.moving_factor if isinstance(verdict, Accepted) else type(verdict).__name__
            if expected.get(code, "wrong") != said:
                found.append(f"{self}: {code} is {said}, and should be {expected.get(code, 'wrong')}")
        return found


def draw(seed: int, kind: str, place: str, digits: int = 6) -> Trial:
    """Draw a credential at a place: anywhere, at the first or last factors, or where codes are twins."""
    source = random.Random(f"{seed} {kind} {place} {digits}")
    key, factor, apart = source.randbytes(source.choice((16, 20, 32, 64))), source.randrange(2**31), 1
    algorithm = source.choice(("sha1", "sha256", "sha512"))
    if place == "first":
        factor = source.randint(0, 2)
    elif place == "last":
        factor = LAST - source.randint(0, 2)
    elif place == "twins":
        key, algorithm = RFC_KEY, "sha1"
        factor, apart = source.choice(TWINS[digits])
        factor += source.randint(0, apart)
    if kind == "hotp":
        return Trial(Device(key, digits, algorithm), factor, 1_800_000_000, max(apart, source.randint(2, 6)))
    period, t0 = source.choice((30, 60)), source.choice((0, source.randrange(2**31)))
    now = t0 + factor * period + source.randrange(period)
    device = Device(key, digits, algorithm, period, t0)
    return Trial(device, 0, now, window=max(apart, source.randint(0, 2)))


def all_codes(part: tuple[Trial, int]) -> list[str]:
    """Try a part of the six-digit codes, from a number on."""
    trial, first = part
    return trial.differences(map("{:06d}".format, range(first, first + PART)))


def try_all(trials: Iterable[Trial]) -> list[str]:
    """Try all six-digit codes on each, in all processors; tell the first differences."""
    parts = [(trial, first) for trial in trials for first in range(0, 1_000_000, PART)]
    with multiprocessing.Pool() as pool:
        for found in pool.imap_unordered(all_codes, parts):
            if found:
                return found
    return []
