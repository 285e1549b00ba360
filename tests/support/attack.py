"""A simulation of an attacker who guesses without pause while the owner logs in, with a simulated clock."""

import math
import multiprocessing
import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from onetime import HOTP, TOTP, IncorrectCodeError, Secret, ThrottledError
from onetime.verification.decision import decide
from onetime.verification.device import Device
from onetime.verification.evidence import Accepted, Decision
from onetime.verification.policy import YEAR, Policy
from onetime.verification.resync import decide_resync
from onetime.verification.state import State

DAY = 86_400


class Remembering(HOTP):
    """An HOTP that computes each code only once, so that many guesses at the same codes are cheap."""

    __slots__ = ("made",)
    made: dict[int, str]

    def __init__(self, secret: Secret) -> None:
        super().__init__(secret)
        object.__setattr__(self, "made", {})

    def at(self, counter: int) -> str:
        code = self.made.get(counter)
        if code is None:
            code = self.made[counter] = super().at(counter)
        return code

    def codes(self, start: int, count: int) -> tuple[str, ...]:
        return tuple(map(self.at, range(start, start + count)))


@dataclass(frozen=True)
class Attack:
    """The parameters of an attack.

    Attributes:
        kind: "hotp" or "totp".
        policy: The verifier's policy.
        logins: Average number of the owner's logins in a day.
        seconds: Duration of the attack, in seconds.
        impatience: Seconds after which the attacker retries despite a delay; 0 to wait for its end.
        until_success: Whether the attack ends with the first break-in.
    """

    kind: str
    policy: Policy
    logins: float = 1
    seconds: int = YEAR
    impatience: int = 0
    until_success: bool = False


class Outcome(NamedTuple):
    """The result of an attack.

    Attributes:
        judged: Number of wrong codes that were checked.
        refused: Number of guesses that were not checked.
        break_ins: Number of correct guesses.
        logins: Number of the owner's logins that took one code, two codes and three codes.
        failed: Number of times that the owner was refused after three codes.
    """

    judged: int
    refused: int
    break_ins: int
    logins: tuple[int, int, int]
    failed: int


class Owner:
    """An owner who types the code that the device shows, and adds the next two if it is not accepted.

    The clock of a TOTP device may drift by 250 seconds during the attack, which is 100 parts per million in a
    month. The button of an HOTP device is sometimes pressed without a login.
    """

    def __init__(self, attack: Attack, credential: HOTP | TOTP, source: random.Random, now: int) -> None:
        self.attack, self.credential, self.source, self.start = attack, credential, source, now
        self.ahead, self.fast = source.uniform(-30, 30), source.choice((0, 250, -250)) / attack.seconds
        self.factor = 0
        self.codes: list[str] = []
        self.logins, self.failed = [0, 0, 0], 0
        self.at = self.next_login(now)

    def next_login(self, now: int) -> int:
        """Return the random time of the next login, at which the device shows a new code."""
        if not self.attack.logins:
            return now + 10 * YEAR
        return now + 180 + int(self.source.expovariate(self.attack.logins / DAY))

    def show(self, now: int) -> str:
        """Read the device."""
        if isinstance(self.credential, TOTP):
            # A few seconds pass until the code is sent.
            shown = now - self.source.uniform(0, 8) * (not self.codes)
            step = self.credential.step(shown + self.ahead + (shown - self.start) * self.fast)
            assert not self.codes or step == self.factor + 1, "the owner reads consecutive codes"
            self.factor = step
            return self.credential.at_step(step)
        self.factor += 1 if self.codes else self.source.choice((1, 1, 1, 2, 4))
        return self.credential.at(self.factor)

    def act(self, state: State, now: int) -> Decision | None:
        """Type one code, wait for the next one, or submit three."""
        self.codes.append(self.show(now))
        decision = None
        if len(self.codes) == 1:
            decision = decide(self.credential, state, self.codes[0], now, self.attack.policy)
        elif len(self.codes) == 3:
            decision = decide_resync(self.credential, state, self.codes, now, self.attack.policy)
        if decision is not None and isinstance(decision.verdict, Accepted):
            self.logins[len(self.codes) - 1] += 1
        elif len(self.codes) == 3:
            self.failed += 1
        elif isinstance(self.credential, TOTP):
            _, end = self.credential.span(self.factor)
            fast, start = self.fast, self.start
            self.at = math.ceil((end - self.ahead + start * fast) / (1 + fast)) + self.source.randint(1, 9)
            return decision
        else:
            self.at = now + 5
            return decision
        self.codes, self.at = [], self.next_login(now)
        return decision


def run(attack: Attack, seed: int) -> Outcome:
    """Simulate one attack, beginning with a new enrollment."""
    source = random.Random(seed)
    secret, start = Secret(source.randbytes(20)), 1_800_000_000 + source.randrange(YEAR)
    credential = TOTP(secret) if attack.kind == "totp" else Remembering(secret)
    state = State().put("default", Device.fresh(credential, source.getrandbits(64)))
    owner = Owner(attack, credential, source, start)
    policy, now, end = attack.policy, start, start + attack.seconds
    judged = refused = break_ins = 0
    while not (attack.until_success and break_ins):
        guess_at = max(now, state.throttle.retry_at(policy))
        if attack.impatience:
            guess_at = min(guess_at, now + attack.impatience)
        if min(guess_at, owner.at) >= end:
            break
        if owner.at < guess_at:
            now = owner.at
            decision = owner.act(state, now)
            if decision is not None:
                judged += isinstance(decision.verdict, IncorrectCodeError) and decision.state != state
                state = decision.state
            continue
        now = guess_at
        decision = decide(credential, state, f"{int(source.random() * 1_000_000):06d}", now, policy)
        state = decision.state
        right = isinstance(decision.verdict, Accepted)
        break_ins += right
        judged += isinstance(decision.verdict, IncorrectCodeError)
        refused += isinstance(decision.verdict, ThrottledError)
    one, two, three = owner.logins
    return Outcome(judged, refused, break_ins, (one, two, three), owner.failed)


def run_all(attack: Attack, seeds: range) -> Iterable[Outcome]:
    """Simulate an attack with each seed, on all processors."""
    with multiprocessing.Pool() as pool:
        yield from pool.imap(partial(run, attack), seeds, chunksize=len(seeds) // 16 + 1)


def interval(hits: int, tries: int, deviations: float) -> tuple[float, float]:
    """Return Wilson's confidence interval of a chance, with a number of standard deviations on each side."""
    square = deviations**2 / tries
    rate = hits / tries
    center = rate + square / 2
    half = deviations * math.sqrt(rate * (1 - rate) / tries + square / tries / 4)
    return (center - half) / (1 + square), (center + half) / (1 + square)
