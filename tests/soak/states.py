"""`python3 -m tests.soak states`: a million mutations of the text that a store keeps of a user.

Each is refused with StoreError, or is a text that `State.to_text` writes again, to the letter.
"""

import argparse
import secrets
import zlib
from random import Random
from types import MappingProxyType

from onetime import State, StoreError
from onetime.verification.device import Device
from onetime.verification.throttle import Throttle
from tests.support import mutation

LAST = 2**64 - 1
TEXTS = 50
"""Drawn texts that a run mutates, beside that of an empty state."""

STRANGE = [
    *"0123456789-+ htopuser_.",
    *",eExX\t\n\r\v\f\0/:\"'N",
    *("\x1c", "\x85", "\xa0", "\u2003", "\u2212", "²", "٢", "２", "\U0001d7d2", "\ud800", "\ufeff"),
]
"""Characters of states, and look-alikes of them."""

WORDS = ("0", "00", "-0", "+1", "1_0", "01", "", "1", "-1", "٣", "totp", "x", str(2**70))
"""Words of states, and such as `int` reads too."""


def drawn(source: Random) -> State:
    """Draw a state that can be."""

    def number(bits: int) -> int:
        return source.choice((0, 1, 2**bits - 1, source.getrandbits(source.randint(1, bits))))

    devices = {}
    for _ in range(source.choice((0, 1, 1, 2, 10))):
        name = "".join(source.choices("aZ09_.-", k=source.randint(1, 16)))
        kind = source.choice(("hotp", "totp"))
        drift = source.randint(-2880, 2880) if kind == "totp" else 0
        streak = source.randint(-2, 2) if kind == "totp" else 0
        watermark = source.choice((number(64), LAST, LAST + 1))
        devices[name] = Device(kind, watermark, drift, drift, streak, number(64), number(32))
    throttle = Throttle(number(20), number(40), number(40))
    near_misses = Throttle(0, number(30), number(40))
    return State(throttle, near_misses, source.random() < 0.2, MappingProxyType(devices))


def checked(body: str) -> str:
    """Put behind a text the check that makes it look whole."""
    return f"{body} {zlib.crc32(body.encode(errors='replace'))}"


def mutated(text: str, source: Random) -> str:
    """Change a text at random, a little or its words."""
    for _ in range(source.randint(1, 3)):
        words = text.split(" ")
        i = source.randrange(len(words))
        kind = source.randrange(6)
        if kind == 0:
            words[i] = source.choice(WORDS)
        elif kind == 1:
            words[i] = words[i] + source.choice(STRANGE)
        elif kind == 2:
            words[i] = source.choice(STRANGE) + words[i]
        elif kind == 3:
            del words[i]
        elif kind == 4:
            words.insert(i, source.choice(words))
        else:
            j = source.randrange(len(words))
            words[i], words[j] = words[j], words[i]
        text = " ".join(words)
    return text


def mutate_all(seed: int, count: int) -> tuple[int, str]:
    """Mutate texts; return how many were read, and the failure if there is one.

    Three of four keep a right check, because it would refuse nearly every other mutation.
    """
    source, read = Random(seed), 0
    texts = [State().to_text(), *(drawn(source).to_text() for _ in range(TEXTS))]
    for number in range(count):
        text = source.choice(texts)
        body = text.rpartition(" ")[0]
        text = (
            checked(mutated(body, source)),
            checked(mutated(body, source)),
            checked(mutation.mutate(source, body)),
            mutation.mutate(source, text),
        )[number % 4]
        try:
            state = State.from_text(text)
        except StoreError:
            continue
        except Exception as error:
            return read, f"mutation {number}: {text!r} raises {error!r}"
        if state.to_text() != text:
            return read, f"mutation {number}: {text!r} is read, and written as {state.to_text()!r}"
        read += 1
    return read, ""


def main(arguments: list[str]) -> int:
    """Mutate; 0 if every mutation is refused or comes back."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak states", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, help="mutations (default: 1000000)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    read, failure = mutate_all(options.seed, options.cases)
    refused = options.cases - read
    print(failure or f"{options.cases:,} mutations: {refused:,} refused with StoreError, {read:,} came back")
    return int(bool(failure))
