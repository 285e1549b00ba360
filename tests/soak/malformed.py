"""`python3 -m tests.soak malformed`: a million malformed secrets, parameters and links each, and a megabyte.

Only the documented errors may come out, they show nothing of a secret, and nothing takes long.
"""

import argparse
import multiprocessing
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from onetime import HOTP, TOTP, Account, Algorithm, Secret, SecretError, URIError
from onetime.provisioning import migration, uri
from tests.support import mutation
from tests.support.watch import PART, SAMPLE, CaseError, Watch

READERS = (Secret.from_base32, Secret.from_hex, Secret.from_base64, Secret.from_text)
WRITERS = (Secret.to_base32, Secret.to_hex, Secret.to_base64)
GOOD = "otpauth://totp/Acme:alice?secret=GEZDGNBVGY3TQOJQ&issuer=Acme"

MEGABYTE = 1_000_000
LIMIT = 0.050
"""Seconds that a megabyte may take, and 16,384 characters of a link."""


def read_secret(source: random.Random, deep: bool) -> int:
    """Give a mutated secret to each of the four readers; count the errors."""
    secret = Secret(source.randbytes(source.randint(8, 40)))
    text = source.choice(WRITERS)(secret)
    broken = mutation.mutate(source, text)
    watch = Watch(text, deep)
    for read in READERS:
        result = watch(partial(read, broken), SecretError)
        if isinstance(result, Secret):
            good = len(result) and repr(result) == f"Secret(<{len(result)} bytes>)"
        else:
            good = result.position is None or 0 <= result.position < len(broken)
        if not good:
            raise CaseError(f"{read.__name__}({broken!r}) is {result!r}")
    return watch.errors


def take_parameters(source: random.Random, deep: bool) -> int:
    """Give strange arguments to a constructor, and to a method or Algorithm; count the errors."""
    secret = Secret(source.randbytes(20))
    text = secret.to_base32()
    watch = Watch(text, deep)
    kind = source.choice((HOTP, TOTP))
    names = ["digits", "algorithm", *(("period", "t0") if kind is TOTP else ())]
    chosen = source.sample(names, source.randint(0, len(names)))
    arguments: dict[str, Any] = {name: mutation.strange(source, text) for name in chosen}
    key = secret if source.random() < 0.9 else mutation.strange(source, text)
    made = watch(partial(kind, key, **arguments), TypeError, ValueError)
    if isinstance(made, Exception):
        made = kind(secret)

    # Frames of what takes no secret may hold one that is given to it all the same; messages may not.
    misused = source.random() < 0.05
    value: Any = text if misused else mutation.strange(source, "")
    other: Any = mutation.strange(source, "")
    calls: list[Callable[[], object]] = [partial(Algorithm, value)]
    if isinstance(made, TOTP):
        methods = (made.at, made.at_step, made.step, made.span, made.remaining)
        calls += [partial(method, value) for method in methods]
    else:
        calls.append(partial(made.at, value))
        if not isinstance(other, int) or other < 100:  # more codes are only more work
            calls.append(partial(made.codes, value, other))
    result = watch(source.choice(calls), TypeError, ValueError, deep=not misused)
    if type(result) is str and not (result.isascii() and result.isdigit() and len(result) == made.digits):
        raise CaseError(f"{made!r} makes {result!r} of {value!r}")
    return watch.errors


def read_link(source: random.Random, deep: bool) -> int:
    """Read a mutated link; what can be read is written and read again. Count the errors."""
    text = Secret(source.randbytes(source.randint(10, 40))).to_base32()
    link = mutation.link(source, text)
    watch = Watch(text, deep)
    account = watch(partial(uri.parse, link), URIError)
    if isinstance(account, Account):
        escaped = watch(partial(uri.escape, link), URIError)
        if isinstance(escaped, str) and watch(partial(uri.parse, escaped)) != account:
            raise CaseError(f"parse({link!r}) is {account!r}, and another account after {escaped!r}")
        built = watch(partial(uri.build, account), URIError)
        if isinstance(built, str) and watch(partial(uri.parse, built)) != account:
            raise CaseError(f"parse({link!r}) is {account!r}, and another account after {built!r}")
    # With another link in a text, it keeps nothing back: either of both, or what is wrong with the text.
    batch = watch(partial(migration.read, f"{GOOD}\n{link}"), URIError)
    if isinstance(batch, migration.Batch):
        reasons = " ".join(one.reason for one in batch.refused).lower()
        if not batch.accounts or any(piece in reasons for piece in watch.pieces):
            raise CaseError(f"read({link!r}) is {batch!r}")
    return watch.errors


KINDS = {"secrets": read_secret, "parameters": take_parameters, "links": read_link}


def run_part(part: tuple[str, int, int, int]) -> tuple[str, int, int, str]:
    """Do a part of the cases: the kind, how many, the errors, and the failure if there is one."""
    kind, seed, number, cases = part
    errors = 0
    for i in range(cases):
        # Each case has a seed of its own, by which it can be repeated.
        name = f"{seed} {kind} {number + i}"
        try:
            errors += KINDS[kind](random.Random(name), i % SAMPLE == 0)
        except CaseError as failure:
            return kind, i, errors, f"case {name!r}: {failure}"
    return kind, cases, errors, ""


def run_cases(seed: int, cases: int) -> str:
    """Do as many cases of each kind, in all processors; return the first failure."""
    parts = [
        (kind, seed, number, min(PART, cases - number)) for kind in KINDS for number in range(0, cases, PART)
    ]
    done, errors = Counter[str](), Counter[str]()
    with multiprocessing.Pool() as pool:
        for kind, count, raised, failure in pool.imap(run_part, parts):
            if failure:
                return failure
            done[kind] += count
            errors[kind] += raised
    for kind in KINDS:
        print(f"{kind}: {done[kind]} cases, {errors[kind]} errors, all documented and silent")
    return ""


def shapes(size: int) -> Iterator[str]:
    """Make texts of a size: right ones, wrong ones, and those that make a careless reader slow."""
    right = ("A", "7", "a7", "f0", " ", "-", "- ", "=", "%", "%41", "&", "a=b&", ":", "/", "?", "+")
    wrong = ("!", "\0", "\n", "é", "ß", "ΐ", "٣", "\u2028", "\ud800", "\U0001f511", "_", "HMAC", "%ff")
    slow = ("\u0301\u0316", "\ufdfa", "\u200b", "\u200d\u00e9", "%25", "%2525", "a;", "\u00e9=", "\u00e9&")
    for letters in right + wrong + slow:
        yield letters * (size // len(letters))
    for end in ("!", "=", "\ud800", "%", " A"):
        yield "A" * (size - len(end)) + end


def megabyte() -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and prepare every call that is given a megabyte."""
    for text in shapes(MEGABYTE):
        for read in (*READERS, Algorithm, uri.parse):
            yield f"{read.__name__} of {text[:4]!r}...{text[-4:]!r}", partial(read, text)
    # A longer link is refused at once.
    totp = "otpauth://totp/"
    for start in ("otpauth://", totp, f"{totp}a?secret=", f"{totp}a?secret=AAAA&"):
        for text in shapes(uri.MAX_LENGTH - len(start)):
            yield f"parse of {start}{text[:4]!r}...{text[-4:]!r}", partial(uri.parse, start + text)
    secret, number = Secret(b"A" * MEGABYTE), 1 << 8 * MEGABYTE
    for algorithm in Algorithm:
        yield f"HOTP of a secret with {algorithm}", partial(HOTP, secret, algorithm=algorithm)
    yield "TOTP of a number for digits", partial(TOTP, secret, digits=number)
    yield "at of a number for the time", partial(TOTP(secret).at, number)


def run_megabyte() -> str:
    """Time every call, the best of three; return what took too long."""
    watch = Watch("", False)
    timed = []
    for name, call in megabyte():
        best = 1.0
        for _ in range(3):
            start = time.process_time()
            watch(call, SecretError, URIError, ValueError)
            best = min(best, time.process_time() - start)
        if name.startswith("parse of otpauth"):
            best /= uri.MAX_LENGTH / 16_384
        timed.append((best, name))
    best, name = max(timed)
    slowest = f"{len(timed)} calls with a megabyte, the slowest {best * 1000:.1f} ms: {name}"
    if best > LIMIT:
        return slowest
    print(slowest)
    return ""


def main(arguments: list[str]) -> int:
    """Do it all, and say what went wrong first."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak malformed", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, help="of each kind (default: 1000000)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}")
    failure = run_megabyte() or run_cases(options.seed, options.cases)
    if failure:
        print(failure)
    return 1 if failure else 0
