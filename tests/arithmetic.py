"""`python3 -m tests.arithmetic`: all codes on twenty credentials, and years of guesses at the defaults.

Exactly the codes in sight are accepted; a guesser gets in as often as `Policy.risk` says, within five
standard deviations; and the owner gets in all the same.
"""

import argparse
import secrets
import sys
from collections import Counter

from onetime import HOTP, TOTP, Secret
from onetime.verification.policy import Policy
from tests.verification import arithmetic, attack

DEVIATIONS = 5
"""At so many, a run in a million fails for nothing."""


def try_credentials(seed: int, count: int) -> str:
    """Try all codes on so many credentials, of both kinds and at all places."""
    for number in range(count):
        kind, place = ("hotp", "totp")[number % 2], arithmetic.PLACES[number // 2 % 4]
        trial = arithmetic.draw(seed + number, kind, place)
        differences = arithmetic.try_all([trial])
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


def main() -> int:
    """Do it all, and say what went wrong first."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.arithmetic", description=__doc__)
    parser.add_argument("--credentials", type=int, default=20, help="to try all codes on (default: 20)")
    parser.add_argument("--years", type=int, default=20_000, help="of guesses, of each kind (default: 20000)")
    parser.add_argument("--accounts", type=int, default=20, help="under attack, of each kind (default: 20)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args()
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


if __name__ == "__main__":
    sys.exit(main())
