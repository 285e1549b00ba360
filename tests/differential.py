"""`python3 -m tests.differential`: the codes of this library against those of PyOTP and cryptography."""

from tests import peers

if __name__ == "__main__":
    peers.run_inside("tests.differential")

import argparse
import hashlib
import random
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pyotp  # type: ignore[import-not-found]  # only in the peers' environment
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.twofactor import hotp, totp

from onetime import HOTP, TOTP, Algorithm, Secret

END = 253_402_300_800
"""The first second of the year 10000."""

LAST = 2**64 - 1


@dataclass
class Case:
    """What both sides are given. A code is that of a counter, or of a time where there is one."""

    secret: Secret
    digits: int
    algorithm: Algorithm
    period: int
    t0: int
    counter: int
    time: int | float | datetime | None

    def __str__(self) -> str:
        # These are test keys, to be seen.
        return f"key {self.secret.to_hex()} {vars(self)}"


def draw(source: random.Random, *, shortest: int, last_period: int, most_digits: int) -> Case:
    """Draw a case; sizes of keys and numbers are spread over their orders of magnitude."""
    period = source.choice((30, 30, 60, source.randint(1, last_period)))
    t0 = source.choice((0, 0, source.getrandbits(source.randint(1, 36))))
    return Case(
        secret=Secret(source.randbytes(source.choice((20, 32, 64, source.randint(shortest, 300))))),
        digits=source.randint(6, most_digits),
        algorithm=source.choice((Algorithm.SHA1, Algorithm.SHA256, Algorithm.SHA512)),
        period=period,
        t0=t0,
        counter=source.choice((0, LAST, *(source.getrandbits(source.randint(1, 64)) for _ in range(6)))),
        time=source.choice((None, _time(source, t0))),
    )


def _time(source: random.Random, t0: int) -> int | float | datetime:
    """Draw a time from t0 to the end of the year 9999, in any of its three forms."""
    seconds = t0 + source.randrange(min(END - t0, 1 << source.randint(1, 38)))
    # Quarters are exact in a float; peers divide floats, and round what lies closer to a step's end.
    quarters = seconds + source.randrange(4) / 4
    zone = timezone(timedelta(minutes=source.randint(-23 * 60, 23 * 60)))
    try:
        moment = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    except OverflowError:  # in that zone it is already the year 10000
        moment = datetime.fromtimestamp(seconds, UTC)
    return source.choice((seconds, quarters, moment))


def ours(case: Case) -> str:
    """Make the code with this library."""
    if case.time is None:
        return HOTP(case.secret, digits=case.digits, algorithm=case.algorithm).at(case.counter)
    credential = TOTP(
        case.secret, digits=case.digits, algorithm=case.algorithm, period=case.period, t0=case.t0
    )
    return credential.at(case.time)


def with_pyotp(case: Case) -> str:
    """Make the code with PyOTP, which has no t0 and wants 14 bytes and at most 120 seconds."""
    text = case.secret.to_base32()
    digest = getattr(hashlib, case.algorithm.lower())
    if case.time is None:
        return str(pyotp.HOTP(text, digits=case.digits, digest=digest).at(case.counter))
    peer = pyotp.TOTP(text, digits=case.digits, digest=digest, interval=case.period)
    if isinstance(case.time, datetime):
        return str(peer.at(case.time - timedelta(seconds=case.t0)))
    return str(peer.at(case.time - case.t0))


def with_cryptography(case: Case) -> str:
    """Make the code with cryptography, which has no t0, takes numbers alone and makes 8 digits at most."""
    algorithm = getattr(hashes, case.algorithm)()
    key = case.secret.to_bytes()
    code: bytes
    if case.time is None:
        code = hotp.HOTP(key, case.digits, algorithm, enforce_key_length=False).generate(case.counter)
    else:
        peer = totp.TOTP(key, case.digits, algorithm, case.period, enforce_key_length=False)
        time = case.time.timestamp() if isinstance(case.time, datetime) else case.time
        code = peer.generate(time - case.t0)
    return code.decode("ascii")


PEERS: dict[str, tuple[Callable[[Case], str], dict[str, int]]] = {
    "PyOTP": (with_pyotp, {"shortest": 14, "last_period": 120, "most_digits": 10}),
    "cryptography": (with_cryptography, {"shortest": 1, "last_period": 100_000, "most_digits": 8}),
}
"""Each peer with the limits of what it takes."""


def compare(name: str, cases: int, source: random.Random) -> str | None:
    """Compare as many cases with a peer; tell the first difference, if there is one."""
    peer, limits = PEERS[name]
    counts = {"HOTP": 0, "TOTP": 0}
    for number in range(cases):
        case = draw(source, **limits)
        expected, code = peer(case), ours(case)
        if code != expected:
            return f"case {number}: {name} {expected}, onetime {code}: {case}"
        counts["HOTP" if case.time is None else "TOTP"] += 1
    print(f"{name}: no difference in {cases} cases ({counts['HOTP']} HOTP, {counts['TOTP']} TOTP)")
    return None


def main() -> int:
    """Compare with every peer."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.differential", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="for each peer (default: 100000)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    for name in PEERS:
        # Each peer has its own cases, whatever stands before it.
        difference = compare(name, options.cases, random.Random(f"{options.seed} {name}"))
        if difference:
            print(difference)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
