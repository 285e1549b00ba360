"""Codes of a program in which known mistakes have been planted."""

import base64
import random
from dataclasses import replace

from tests.support.mistakes import MISTAKES, Mistake
from tests.support.planted import JITTER, Case, Program, Seen


def plant(source: random.Random, *mistakes: Mistake) -> Case:
    """Return two codes of a program with the mistakes, each of which changes the codes."""
    settings = frozenset.intersection(*(mistake.settings for mistake in mistakes))
    parts = frozenset[str]().union(*(mistake.parts for mistake in mistakes))
    for _ in range(10_000):
        sizes = range(10, 201) if "key" in parts else (10, 16, 20, 32)
        raw = source.randbytes(source.choice(sizes))
        setting = "both" if "both" in parts else source.choice(sorted(settings))
        program = Program(source, raw, base64.b32encode(raw).decode().rstrip("="), raw, setting=setting)
        program.moves = "time" if program.setting == "time" else "counter"
        undone = []
        for mistake in sorted(mistakes, key=list(MISTAKES.values()).index):
            before = vars(program).copy()
            mistake.change(program)
            undo = {name: old for name, old in before.items() if getattr(program, name) != old}
            if len(undo) > 1:
                undo.pop("algorithm", None)  # the hash is chosen only so that the mistake has an effect
            whole = mistake.weight == 1 or "reading" in mistake.parts
            undone += [undo] if whole else [{name: old} for name, old in undo.items()]
        if "clock" not in parts:
            # A near clock or counter can be combined with every mistake.
            program.clock = source.randint(-10 * program.period, 10 * program.period)
            program.ahead = source.randint(-10, 10) if program.moves == "counter" else 0
        first = source.uniform(1e9, 3e9)
        times = (first, first + source.choice((-1, 1)) * source.uniform(max(150, 2 * program.period), 20_000))
        low = source.randint(1_010, 10**6)
        counters = (low, low + source.randint(60, 5_000))
        if program.presses:
            times = (min(times), max(times))

        places = list(zip(times, counters, strict=True))
        factors, codes = program.show(places)
        others = [replace(program, **old) for old in undone]
        if not all(other.text != program.text or other.show(places)[1] != codes for other in others):
            continue
        if program.lost and program.digits > 6 and max(map(len, codes)) < program.digits:
            continue  # codes of fewer digits are also possible
        if program.finish == "first of 10" and not any(code.startswith("0") for code in codes):
            continue  # the codes are also the first digits of the number
        if program.place == "three bits" and replace(program, place="", offset=0).show(places)[1] == codes:
            continue  # the first four bytes result in the same codes
        if program.form == "hex 16 capitals" and not any(map(_has_letters, factors)):
            continue  # lowercase letters result in the same codes
        if program.form == "hex 8" and all(factor >= 16**7 for factor in factors):
            continue  # hexadecimal text without leading zeros results in the same codes
        seen = tuple(
            Seen(
                code,
                None if program.setting == "counter" else time + source.uniform(-JITTER, JITTER),
                None if program.setting == "time" else counter,
            )
            for code, (time, counter) in zip(codes, places, strict=True)
        )
        return Case(program, seen, factors)
    raise ValueError(f"no case shows {' and '.join(mistake.name for mistake in mistakes)}")


def _has_letters(factor: int) -> bool:
    return not f"{factor:x}".isdigit()
