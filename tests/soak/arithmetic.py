"""`python3 -m tests.soak arithmetic`: all codes on twenty credentials, and years of guesses at the defaults.

Exactly the codes in sight are accepted. A simulated attacker gets in as often as `Policy.risk` says, within
five standard deviations; and the owner gets in all the same.
"""

import argparse
import multiprocessing
import random
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from onetime import HOTP, TOTP, IncorrectCodeError, Secret
from onetime.verification.decision import decide
from onetime.verification.device import Device as Stored
from onetime.verification.evidence import Accepted
from onetime.verification.policy import Policy
from onetime.verification.state import State
from tests.support import RFC_KEY, attack
from tests.support.credentials import TWINS, credential_of
from tests.support.model import LAST, Device

PLACES = ("anywhere", "first", "last", "twins")
PART = 250_000
"""Codes that one process tries at a time."""


@dataclass(frozen=True)
class Trial:
    """A credential, and where it stands: an HOTP at a counter, a TOTP at a time.

    Attributes:
        look_ahead: The policy's, for an HOTP.
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


DEVIATIONS = 5
"""At so many, a run in a million fails for nothing."""


def try_credentials(seed: int, count: int) -> str:
    """Try all codes on so many credentials, of both kinds and at all places."""
    for number in range(count):
        kind, place = ("hotp", "totp")[number % 2], PLACES[number // 2 % 4]
        trial = draw(seed + number, kind, place)
        differences = try_all([trial])
        if differences:
            return "\n".join(differences)
        verdicts = Counter(str(verdict) for verdict in trial.expected().values())
        replays = verdicts.pop("ReplayedCodeError", 0)
        print(
            f"{kind} {place:8}: 1,000,000 codes, {len(verdicts)} accepted, {replays} replays, as expected",
            flush=True,
        )
    return ""


def guess_for_years(seed: int, kind: str, years: int) -> str:
    """Guess at the default policy, each year at another credential."""
    policy = Policy()
    credential = {"hotp": HOTP, "totp": TOTP}[kind](Secret(bytes(20)))
    attacked = attack.Attack(kind, policy, logins=0.1, until_success=True)
    hits = judged = 0
    for outcome in attack.run_all(attacked, range(seed, seed + years)):
        hits += outcome.break_ins
        judged += outcome.judged + outcome.break_ins
        if not outcome.break_ins and policy.guesses_per_year - outcome.judged not in (0, 1):
            return f"{outcome.judged} guesses were judged in a year, not {policy.guesses_per_year}"
    risk = policy.risk(credential)
    low, high = attack.interval(hits, years, 1.96)
    print(
        f"{kind}: {judged:,} judged guesses in {years:,} years, {hits} break-ins: {hits / years:.4%} a year, "
        f"95 % interval {low:.4%} to {high:.4%}; risk() is {risk:.4%}, {risk * years:.1f} expected",
        flush=True,
    )
    low, high = attack.interval(hits, years, DEVIATIONS)
    return "" if low <= risk <= high else f"the risk is not from {low:.4%} to {high:.4%}"


def attack_for_a_month(seed: int, kind: str, accounts: int) -> str:
    """Guess without pause for 30 days, while the owner logs in."""
    policy = Policy()
    month = attack.Attack(kind, policy, logins=5, seconds=30 * attack.DAY, impatience=20)
    codes: Counter[int] = Counter()
    judged = refused = 0
    for outcome in attack.run_all(month, range(seed, seed + accounts)):
        judged, refused = judged + outcome.judged, refused + outcome.refused
        codes.update(dict(enumerate(outcome.logins, 1)))
        if outcome.failed:
            return f"{kind}: the owner did not get in after three codes, {outcome.failed} times"
        if policy.budget + month.seconds // policy.refill - outcome.judged not in (0, 1):
            return f"{kind}: {outcome.judged} guesses were judged in 30 days"
    print(
        f"{kind}: {accounts} accounts attacked for 30 days, {judged:,} codes judged and {refused:,} refused; "
        f"logins after one, two, three codes: {codes[1]:,}, {codes[2]:,}, {codes[3]:,}; none failed",
        flush=True,
    )
    return ""


def main(arguments: list[str]) -> int:
    """Do it all, and say what went wrong first."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak arithmetic", description=__doc__)
    parser.add_argument("--credentials", type=int, default=20, help="to try all codes on (default: 20)")
    parser.add_argument("--years", type=int, default=20_000, help="of guesses, of each kind (default: 20000)")
    parser.add_argument("--accounts", type=int, default=20, help="under attack, of each kind (default: 20)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    failure = (
        try_credentials(options.seed, options.credentials)
        or guess_for_years(options.seed, "totp", options.years)
        or guess_for_years(options.seed, "hotp", options.years)
        or attack_for_a_month(options.seed, "totp", options.accounts)
        or attack_for_a_month(options.seed, "hotp", options.accounts)
    )
    if failure:
        print(failure)
    return 1 if failure else 0
