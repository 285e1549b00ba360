"""`python3 -m tests.soak pastes`: a million malformed pasted secrets and links, read for a diagnosis.

Only the documented error may come out, it shows nothing of the secret, and 16 kB take at most 50 ms.
"""

import argparse
import multiprocessing
import random
import secrets
import time

from onetime import Secret, SecretError
from onetime.inspection.diagnosis import diagnose
from onetime.inspection.link import read_link
from onetime.inspection.reading import misspellings, readings
from onetime.inspection.typo import MAX_ONES, MAX_SWAPS
from tests.support import shown

PART = 5_000
"""Number of cases that a process does at a time."""

SAMPLE = 200
"""Of this many cases, one is diagnosed too, and its traceback is looked at, which is slow."""

LONG = 16_000
"""Length of a long text in characters."""

LIMIT = 0.050
"""Seconds that a long text may take on an idle machine."""

MOST = 2**MAX_ONES + MAX_SWAPS + 60
"""Number of readings that no text exceeds."""

PIECES = (
    *"aAbBzZ2734018956=-_+/ .,:;'\"\\\t\r\n%&?#<>[]{}()|",
    *"\u00a0\u00ad\u200b\u200d\u2060\ufeff\u2013\u2019\u0410\u0421\uff21\uff17\u0131\u00df\u00e9\U0001f511\x00\x7f\ud800",
    "0x",
    "\\x",
    "%3D",
    "%",
    "%FF",
    "secret=",
    "key: ",
    "&amp;",
    "&digits=8",
    "&period=0",
    "&algorithm=MD5",
    "&secret=",
    "otpauth://",
    "otpauth://totp/a?secret=",
    "otpauth://hotp/a?counter=1&secret=",
    "otpauth-migration://offline?data=",
    "otpauth%3A%2F%2Ftotp%2Fa%3Fsecret%3D",
    "\\u0026",
    "=3D",
    "======",
    "-128, 255",
)


def malformed(source: random.Random) -> str:
    """Return a secret or link with something wrong in it."""
    key = Secret(source.randbytes(source.randint(1, 40)))
    text = source.choice((key.to_base32(), key.to_hex(), key.to_base64(), key.to_base32(4)))
    if source.random() < 0.5:
        text = f"otpauth://{source.choice(('totp', 'hotp', 'x'))}/Acme:a?secret={text}&digits=6&counter=1"
    for _ in range(source.randint(0, 4)):
        i = source.randint(0, len(text))
        j = min(len(text), i + source.choice((0, 0, 1, 3)))
        text = f"{text[:i]}{source.choice(PIECES) * source.choice((1, 1, 1, 2, 9))}{text[j:]}"
    return text


def check(text: str, deep: bool) -> str:
    """Read a text as `diagnose` does; return what is wrong with how it is read."""
    low = "".join(text.split()).lower()
    pieces = {low[i : i + 8] for i in range(len(low) - 7)} - set("otpauth://")
    try:
        link = read_link(text)
        secret = text if link is None else link.secret
        found = readings(secret)
        if not 1 <= len(found) <= MOST or not all(reading.key for reading in found):
            return f"{text!a} has {len(found)} readings, or an empty one"
        if deep:
            misspellings(secret)
            diagnose(text, "123456", counter=5, progress=lambda _: True)
    except SecretError as error:
        report = shown(error) if deep else str(error)
        if any(piece in report.lower() for piece in pieces if not piece.startswith("otpauth")):
            return f"{text!a} is shown by its error"
    except Exception as error:
        return f"{text!a} raises {error!r}, which is not documented"
    return ""


def run_part(part: tuple[int, int]) -> list[str]:
    """Check a part of the cases; each has a seed of its own."""
    seed, first = part
    wrong = []
    for number in range(first, first + PART):
        text = malformed(random.Random(f"{seed} {number}"))
        wrong.append(check(text, number % SAMPLE == 0))
    return [each for each in wrong if each]


def long_texts() -> dict[str, str]:
    """Return texts of 16 kB that could be slow to read, by what they are."""
    source = random.Random(1)
    base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    whole = "".join(source.choices(base32, k=LONG))
    pieces = {
        "base32": whole,
        "hexadecimal": source.randbytes(LONG // 2).hex(),
        "base64": "+/" + whole[2:].swapcase(),
        "digits": "1" * LONG,
        "a few ones": f"{whole[:-8]}11111111",
        "look-alikes": "I5S2Z6GL" * (LONG // 8),
        "labels": "key " * (LONG // 4),
        "quotes": "key" + "'" * LONG,
        "percent signs": "%41" * (LONG // 3),
        "broken percent signs": "%4" * (LONG // 2),
        "escapes": "\\x41" * (LONG // 4),
        "zero width": "A\u200b" * (LONG // 2),
        "full width": "\uff21" * LONG,
        "combining marks": "A" + "\u0301\u0316" * (LONG // 2),
        "marks of a link": "otpauth://totp/a?secret=A" + "\u0301" * LONG,
        "link without a query": "otpauth://" + "a" * LONG,
        "label without a query": "otpauth://totp/" + "a" * LONG,
        "ligatures": "\ufdfa" * LONG,
        "emoji": "\U0001f511" * LONG,
        "bytes": "255, " * (LONG // 5),
        "padding": "A" + "=" * LONG,
        "link": f"otpauth://totp/a?secret={whole}",
        "parameters": "otpauth://totp/a?" + "&a=b" * (LONG // 4) + "&secret=AA",
        "names": "otpauth://totp/a?secret=A" + "&secret" * (LONG // 7),
        "ampersands": "otpauth://totp/a?secret=A" + "&" * LONG,
        "groups": "otpauth://totp/a?secret=" + "ABCD " * (LONG // 5),
        "names of secrets": "mysecret_key" * (LONG // 12),
        "lines": "a@b\n" * (LONG // 4),
        "entities": "otpauth://totp/a?secret=AA" + "&amp;" * (LONG // 5),
        "line breaks": "A\n" * (LONG // 2),
    }
    return {name: text[: LONG + 50] for name, text in pieces.items()}


def main(arguments: list[str]) -> int:
    """Read a million malformed texts, then long ones; 0 if all is as documented, otherwise 1."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak pastes", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, help="default: a million")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    wrong: list[str] = []
    parts = [(options.seed, first) for first in range(0, options.cases, PART)]
    with multiprocessing.Pool() as pool:
        for found in pool.imap_unordered(run_part, parts):
            wrong += found
            for each in found:
                print(each, flush=True)
    print(f"{len(parts) * PART:,} malformed secrets and links: {len(wrong)} wrong")
    slowest = 0.0
    for name, text in long_texts().items():
        times, problem = [], ""
        for _ in range(5):
            start = time.process_time()
            problem = check(text, False)
            times.append(time.process_time() - start)
        slowest = max(slowest, min(times))
        print(f"{name:24}{min(times) * 1000:8.1f} ms {problem[:60]}")
        wrong += [problem] if problem else []
    print(f"slowest: {slowest * 1000:.1f} ms of processor time for 16 kB")
    return 1 if wrong or slowest > LIMIT else 0
