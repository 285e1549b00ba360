"""`python3 -m tests.soak migration`: 10,000 random exports there and back, and a million that are broken.

What is built is read again, in any order; of what is broken only `MigrationError` may come out, it shows
nothing of a secret, and nothing takes long.
"""

import argparse
import base64
import multiprocessing
import random
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from onetime import HOTP, TOTP, Account, MigrationError, Secret, URIError
from onetime.provisioning import migration
from onetime.provisioning.migration import Batch
from tests.support import mutation
from tests.support.watch import PART, SAMPLE, CaseError, Watch

T = TypeVar("T")

LIMIT = 0.050
"""Seconds of the processor that a link may take for each 16,384 characters."""

HEAD = "otpauth-migration://offline?data="
LETTERS = [*"aZ09 %+&=#?/:;@é株🔑'\"<>~.-_", "\u200d", "::", "I", "I:", " "]


def varint(value: int) -> bytes:
    """Write a number from 0 on, seven bits a byte."""
    written = b""
    while value > 127:
        written += bytes([128 + value % 128])
        value //= 128
    return written + bytes([value])


def field(number: int, wire_type: int, value: bytes | int) -> bytes:
    """Write a field; bytes of wire type 2 get their length."""
    head = varint(8 * number + wire_type)
    if isinstance(value, int):
        return head + varint(value)
    return head + varint(len(value)) + value if wire_type == 2 else head + value


def link(payload: bytes) -> str:
    """Write a payload as the app does."""
    return HEAD + quote(base64.b64encode(payload), safe="")


def account(source: random.Random) -> Account:
    """Draw an account that an export can say."""
    issuer, name = ("".join(source.choices(LETTERS, k=source.randint(0, 8))) for _ in range(2))
    if source.random() < 0.2:
        name = issuer + name
    if not issuer:
        name = name.replace(":", "")
    secret = Secret(source.randbytes(source.choice((1, 10, 16, 20, 20, 32, 64))))
    algorithm, digits = source.choice(("SHA1", "SHA256", "SHA512")), source.choice((6, 8))
    counter = 0
    credential: HOTP | TOTP = TOTP(secret, algorithm=algorithm, digits=digits)
    if source.random() < 0.5:
        credential = HOTP(secret, algorithm=algorithm, digits=digits)
        counter = source.choice((0, 1, 127, 128, 2**31, 2**63 - 1, source.getrandbits(63)))
    return Account(name.lstrip(" "), credential, issuer=issuer or None, counter=counter)


def there_and_back(source: random.Random, deep: bool) -> tuple[int, float]:
    """Write accounts, read them in another order, and write them again."""
    accounts = [account(source) for _ in range(source.choice((1, 2, 10, 11, source.randint(1, 45))))]
    number = source.choice((None, 0, -1, 2**31 - 1, -(2**31), source.getrandbits(31)))
    links = migration.build(accounts, id=number)
    batches = [migration.parse(each) for each in links]
    ids = {batch.id for batch in batches}
    shuffled = source.sample(batches, len(batches)) + source.choices(batches, k=source.randint(0, 2))
    if not (
        migration.join(shuffled) == Batch(tuple(accounts), id=batches[0].id)
        and list(range(len(links))) == [batch.index for batch in batches]
        and {len(links)} == {batch.size for batch in batches}
        and (ids == {number} or (number is None and len(ids) == 1))
        and links == migration.build(accounts, id=ids.pop())
        and max(map(len, links)) <= migration.MAX_LINK
        and max(len(batch.accounts) for batch in batches) <= migration.MAX_ACCOUNTS
    ):
        raise CaseError(f"{accounts} come back otherwise from {links}")
    return 0, 0.0


NUMBERS = [0, 1, 2, 3, 4, 5, 127, 128, 2**31 - 1, 2**31, 2**32, 2**32 + 1, 2**63, 2**64 - 1, 2**64, 2**70]
TEXTS = [b"alice", b"I:alice", b": ", "é🔑".encode(), b"", b"\0", b"\x7f", b"\xff", b"\xed\xa0\x80"]
PIECES = [
    *(bytes([byte]) for byte in (0, 1, 6, 7, 8, 10, 11, 12, 13, 16, 18, 127, 128, 255)),
    *(varint(number) for number in NUMBERS),
    *(
        b"\x80" * 9 + b"\0",
        b"\x80" * 10 + b"\0",
        b"\xff" * 10,
        b"\x0b" * 500,
        b"\x0b\x0c" * 100,
        b"\x80" * 500,
    ),
]


def mostly(source: random.Random, usual: Sequence[T], rare: Sequence[T]) -> T:
    """Draw one of the rare now and then."""
    return source.choice(rare if source.random() < 0.03 else usual)


def draw_field(source: random.Random, secret: bytes, depth: int) -> bytes:
    """Draw a field, right or wrong, of a batch (depth 0), an account (1) or something unknown."""
    number = mostly(source, (1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 2**29 - 1), (0, 2**29))
    wire_type = mostly(source, (0, 0, 1, 2, 2, 3, 5), (4,))
    if wire_type == 0:
        return field(number, 0, mostly(source, NUMBERS[:3], NUMBERS))
    if wire_type in (1, 5):
        return field(number, wire_type, source.randbytes({1: 8, 5: 4}[wire_type]))
    if wire_type == 4:
        return field(number, 4, b"")
    fields = b"".join(draw_field(source, secret, depth + 1) for _ in range(source.choice((0, 1, 2))))
    if wire_type == 3:
        return field(number, 3, fields) + varint(8 * number + 4)
    if depth == 0 and number == 1:
        return field(1, 2, field(1, 2, secret) + fields)
    return field(number, 2, mostly(source, (secret, *TEXTS[:5], fields), TEXTS))


def payload(source: random.Random, secret: bytes) -> bytes:
    """Draw a payload that a reader of Protocol Buffers may have to read, and break it or not."""
    fields = [field(number, 0, mostly(source, (1,), NUMBERS)) for number in (2, 3, 5)]
    fields.append(field(4, 0, mostly(source, (0,), NUMBERS)))
    fields = source.sample(fields, source.randint(0, 4))
    for _ in range(source.choice((1, 1, 2, 3))):
        parts = [field(1, 2, secret), field(2, 2, mostly(source, TEXTS[:5], TEXTS))]
        parts += [field(6, 0, mostly(source, (0, 1, 2), NUMBERS))]
        parts += [draw_field(source, secret, 1) for _ in range(source.choice((0, 0, 0, 1, 2, 3)))]
        fields.append(field(1, 2, b"".join(source.sample(parts, len(parts)))))
    fields += [draw_field(source, secret, 0) for _ in range(source.choice((0, 0, 0, 1, 2)))]
    batch = b"".join(source.sample(fields, len(fields)))
    for _ in range(source.choice((0, 0, 1, 2, 3))):
        i = source.randint(0, len(batch))
        if source.random() < 0.5:
            batch = batch[:i] + source.choice(PIECES) + batch[i + source.randint(0, 2) :]
        else:
            batch = mutation.mutate(source, batch.decode("latin-1")).encode("latin-1", "replace")
    return batch


def broken(source: random.Random, secret: bytes) -> str:
    """Draw a link with a payload, as one program or another writes it, now and then broken as a text too."""
    data = base64.b64encode(payload(source, secret)).decode()
    data = data if source.random() < 0.5 else data.rstrip("=")
    data = data if source.random() < 0.8 else data.replace("+", "-").replace("/", "_")
    data = data if source.random() < 0.5 else quote(data, safe="")
    text = source.choice((HEAD, HEAD, HEAD.upper(), HEAD.replace("?", "/?x=y&"))) + data
    return text if source.random() < 0.8 else mutation.mutate(source, text)


def read_broken(source: random.Random, deep: bool) -> tuple[int, float]:
    """Read a link that may be broken; what can be read is written and read again."""
    key = source.randbytes(source.choice((10, 20, 32)))
    text = broken(source, key)
    forms = [base64.b32encode(key).decode(), key.hex(), repr(key)]
    forms += [base64.b64encode(bytes(i) + key).decode() for i in range(3)]
    watch = Watch(" ".join(forms), deep)
    read = partial(watch, partial(migration.parse, text), MigrationError)
    took = 1.0
    result: Any = None
    for _ in range(3):  # a busy machine may interrupt one
        start = time.process_time()
        result = read()
        took = min(took, time.process_time() - start)
        if took < LIMIT * max(1.0, len(text) / 16_384):
            break
    else:
        raise CaseError(f"parse({text!r}) takes {took * 1000:.1f} ms")
    if isinstance(result, Batch):
        reasons = " ".join(one.reason for one in result.refused).lower()
        if any(piece in reasons for piece in watch.pieces):
            raise CaseError(f"parse({text!r}) gives a reason that shows the secret: {reasons}")
        links = watch(partial(migration.build, result.accounts, id=result.id), MigrationError)
        if (
            isinstance(links, tuple)
            and result.accounts != migration.join(map(migration.parse, links)).accounts
        ):
            raise CaseError(f"parse({text!r}) is {result}, and another batch after {links}")
        positions = [one.position for one in result.refused]
        count = len(result.accounts) + len(positions)
        if not (count and positions == sorted({*positions} & {*range(count)}) and result.index < result.size):
            raise CaseError(f"parse({text!r}) is {result}")
    rest = watch(partial(migration.read, text), URIError)
    if isinstance(rest, Batch):
        reasons = " ".join(one.reason for one in rest.refused).lower()
        positions = [one.position for one in rest.refused]
        whole = isinstance(result, Batch) and rest.accounts == result.accounts
        if any(piece in reasons for piece in watch.pieces) or not (whole or positions):
            raise CaseError(f"read({text!r}) is {rest!r}")
    if (
        isinstance(result, MigrationError)
        and result.position is not None
        and not 0 <= result.position <= len(text)
    ):
        raise CaseError(f"parse({text!r}) raises {result!r} at {result.position}")
    return int(not isinstance(result, Batch)), took


KINDS = {"there and back": there_and_back, "broken": read_broken}


def run_part(task: tuple[str, int, int, int]) -> tuple[str, int, int, float, str]:
    """Do a part of the cases: the kind, how many, the errors, the slowest, and the failure if any."""
    kind, seed, number, cases = task
    errors, slowest = 0, 0.0
    for i in range(cases):
        # Each case has a seed of its own, by which it can be repeated.
        name = f"{seed} {kind} {number + i}"
        try:
            raised, took = KINDS[kind](random.Random(name), i % SAMPLE == 0)
        except (CaseError, MigrationError) as failure:
            return kind, i, errors, slowest, f"case {name!r}: {failure!r}"
        errors += raised
        slowest = max(slowest, took)
    return kind, cases, errors, slowest, ""


def run_cases(seed: int, cases: dict[str, int]) -> str:
    """Do as many cases of each kind as it says, in all processors; return the first failure."""
    tasks = [
        (kind, seed, number, min(PART, count - number))
        for kind, count in cases.items()
        for number in range(0, count, PART)
    ]
    done, errors, slowest = Counter[str](), Counter[str](), dict.fromkeys(cases, 0.0)
    with multiprocessing.Pool() as pool:
        for kind, count, raised, took, failure in pool.imap(run_part, tasks):
            if failure:
                return failure
            done[kind] += count
            errors[kind] += raised
            slowest[kind] = max(slowest[kind], took)
    print(f"there and back: {done['there and back']} exports, all the same")
    print(
        f"broken: {done['broken']} links, {errors['broken']} errors, all of them MigrationError and silent, "
        f"the slowest {slowest['broken'] * 1000:.1f} ms"
    )
    return ""


def main(arguments: list[str]) -> int:
    """Do it all, and say what went wrong first."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak migration", description=__doc__)
    parser.add_argument("--exports", type=int, default=10_000, help="there and back (default: 10000)")
    parser.add_argument("--cases", type=int, default=1_000_000, help="that are broken (default: 1000000)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}")
    failure = run_cases(options.seed, {"there and back": options.exports, "broken": options.cases})
    if failure:
        print(failure)
    return 1 if failure else 0
