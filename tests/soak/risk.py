"""`python3 -m tests.soak risk`: what the defaults are worth, simulated.

Years of guesses against one, two and ten devices are held against `Policy.risk`. An owner with typing errors
logs in for a month under an attack without pause. Servers whose clocks differ share a store, and an attacker
asks whichever checks a code first.
"""

import argparse
import multiprocessing
import random
from collections import Counter
from functools import partial
from typing import NamedTuple

from onetime import TOTP, IncorrectCodeError, Policy, Secret, State, decide, decide_resync
from onetime.verification.device import DAY, Device
from onetime.verification.evidence import Accepted
from onetime.verification.policy import YEAR
from onetime.verification.throttle import Throttle
from tests.support.attack import interval

START = 1_800_000_000
DEVIATIONS = 5
"""At so many, a run in a million fails for nothing."""

LOGINS = 5
"""Of the owner, each day."""


def enrolled(count: int, source: random.Random) -> tuple[dict[str, TOTP], State]:
    """Return devices of one user."""
    devices = {f"device{number}": TOTP(Secret(source.randbytes(20))) for number in range(count)}
    state = State()
    for number, (name, totp) in enumerate(devices.items()):
        state = state.put(name, Device.fresh(totp, number))
    return devices, state


def guess_for_a_year(count: int, seed: int) -> tuple[int, bool]:
    """Guess as fast as the policy allows; return the guesses that were checked, and whether one was right."""
    source, policy = random.Random(seed), Policy()
    devices, state = enrolled(count, source)
    now, guesses = START + source.randrange(YEAR), 0
    end = now + YEAR
    while now < end:
        guesses += 1
        decision = decide(devices, state, f"{source.randrange(10**6):06}", now, policy)
        if isinstance(decision.verdict, Accepted):
            return guesses, True
        state = decision.state
        now = max(now, state.retry_at(policy))
    return guesses, False


def log_in_for_a_month(errors: float, logins: int, seed: int) -> Counter[str]:
    """Log in under an attack without pause, with errors in some of the codes; return what it took."""
    source, policy = random.Random(seed), Policy()
    devices, state = enrolled(1, source)
    (phone,) = devices.values()
    now, seen = START, Counter[str]()

    def typed(step: int) -> str:
        code = phone.at_step(step)
        if source.random() < errors:
            place = source.randrange(6)
            code = code[:place] + str((int(code[place]) + source.randint(1, 9)) % 10) + code[place + 1 :]
        return code

    for _ in range(30 * logins):
        end = now + DAY // logins
        while max(now, state.retry_at(policy)) < end:
            now = max(now, state.retry_at(policy))
            state = decide(devices, state, f"{source.randrange(10**6):06}", now, policy).state
        now = end
        decision = decide(devices, state, typed(phone.step(now)), now, policy)
        state = decision.state
        tries = 0
        while not isinstance(decision.verdict, Accepted) and tries < 5:
            # The next three codes, after the one that may be spent.
            tries += 1
            step = phone.step(now) + 1
            now += 90
            codes = [typed(step + i) for i in range(3)]
            decision = decide_resync(devices, state, codes, now, policy)
            state = decision.state
            if not isinstance(decision.verdict, Accepted | IncorrectCodeError):
                seen["three codes were not checked"] += 1
        how = "one code" if not tries else "three codes" if tries == 1 else "three codes again"
        seen[how if isinstance(decision.verdict, Accepted) else "not at all"] += 1
    return seen


class Skewed(NamedTuple):
    """Guesses that were checked in a year, and the longest wait of an owner who has one failure."""

    guesses: int
    waited: int


def guess_at_two_servers(skew: int, logins: int) -> Skewed:
    """Guess at the server whose clock is ahead, and look at the other one after each verdict, for a year.

    The look is refused, but what it makes of a failure in the future is stored: it counts as of now. So each
    verdict of the server ahead lets the time between the clocks pass once more.
    """
    policy, throttle, guesses = Policy(), Throttle(), 0
    now, login = START, START + DAY
    while now < START + YEAR:
        at = max(now, throttle.retry_at(policy) - skew)
        if logins and login <= at:
            # The owner logs in at the server ahead, with three codes.
            now, login = login, login + DAY // logins
            throttle = throttle.seen(policy, now + skew).succeeded(now + skew)
        else:
            now, guesses = at, guesses + 1
            throttle = throttle.seen(policy, now + skew).failed(policy, now + skew)
        throttle = throttle.seen(policy, now)
    alone = Throttle().failed(policy, now + skew).seen(policy, now)
    return Skewed(guesses, max(0, alone.retry_at(policy) - now))


def main(arguments: list[str]) -> int:
    """Simulate, and print what came of it; 0 if the risk is as stated and no owner is kept out."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak risk", description=__doc__)
    parser.add_argument("--years", type=int, default=20_000, help="of guesses at one device (default: 20000)")
    parser.add_argument("--owners", type=int, default=200, help="for a month each (default: 200)")
    parser.add_argument("--seed", type=int, default=random.getrandbits(32), help="repeats a run")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}")
    bad = 0
    policy = Policy()
    with multiprocessing.Pool() as pool:
        for count in (1, 2, 10):
            # The risk grows with the devices, so fewer years show as much.
            years = range(options.seed, options.seed + max(1, options.years // count))
            outcomes = pool.map(partial(guess_for_a_year, count), years, chunksize=10)
            hits, guesses = sum(hit for _, hit in outcomes), sum(number for number, _ in outcomes)
            risk = policy.risk(*[TOTP(Secret(bytes(20)))] * count)
            low, high = interval(hits, len(years), 1.96)
            print(
                f"{count} devices: {guesses:,} guesses in {len(years):,} years, {hits} break-ins, "
                f"{hits / len(years):.3%} ({low:.3%} to {high:.3%}); risk() is {risk:.3%}",
                flush=True,
            )
            low, high = interval(hits, len(years), DEVIATIONS)
            bad += not low <= risk <= high
        for errors in (0.0, 0.05, 0.1):
            for logins in (1, LOGINS):
                seeds = range(options.seed, options.seed + options.owners)
                total = sum(
                    pool.map(partial(log_in_for_a_month, errors, logins), seeds, chunksize=5), Counter[str]()
                )
                print(f"errors in {errors:.0%} of codes, {logins} logins a day: {dict(total)}", flush=True)
                bad += bool(total["not at all"]) and errors == 0
    for skew in (0, 1, 60, 3600):
        for logins in (0, LOGINS):
            guesses, waited = guess_at_two_servers(skew, logins)
            print(
                f"clocks {skew} s apart, {logins} logins a day: {guesses} guesses a year "
                f"({guesses / policy.guesses_per_year:.3f} of what is stated); an owner waits {waited} s"
            )
            bad += skew <= 60 and guesses > 1.02 * policy.guesses_per_year
    print("FAILED" if bad else "as stated")
    return 1 if bad else 0
