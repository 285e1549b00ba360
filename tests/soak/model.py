"""`python3 -m tests.soak model`: random histories, the verifier and a plain model of it side by side.

At the first difference the shortened history is printed, as a program.
"""

import argparse
import multiprocessing
import random
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from onetime import OnetimeError
from onetime.storage.memory import MemoryStore
from onetime.verification.policy import YEAR, Policy
from onetime.verification.verifier import Verifier
from tests.support import RFC_KEY
from tests.support.credentials import TWINS, credential_of
from tests.support.model import LAST, Device, Model, Numbers, Verdict

STEPS = 70
"""Calls in a history."""

PART = 250
"""Histories that one process does at a time."""

KEYS = ("alice", "bob")

WRONG_LOOKS: tuple[Callable[[str], object], ...] = (
    lambda code: code + ".",
    lambda code: "+" + code,
    lambda code: code[:3] + "_" + code[3:],
    lambda code: code[:3] + "\u2011" + code[3:],
    lambda code: code[:-1],
    lambda code: code + "0",
    lambda code: "0" + code,
    lambda code: code.translate({ord(digit): 0xFF10 + int(digit) for digit in "0123456789"}),
    lambda code: code.translate({ord(digit): 0x660 + int(digit) for digit in "0123456789"}),
    lambda code: "²" * len(code),
    lambda code: code.replace("0", "O") if "0" in code else code[:-1] + "l",
    lambda code: int(code),
    lambda code: code.encode(),
    lambda code: None,
    lambda code: [code],
    lambda code: "",
    lambda code: " - - ",
    lambda code: code + "\0",
    lambda code: "\ud800" + code[1:],
)
"""What looks like the code, and is malformed."""

RIGHT_LOOKS: tuple[Callable[[str], str], ...] = (
    lambda code: code[:3] + " " + code[3:],
    lambda code: code[:3] + "-" + code[3:],
    lambda code: "  " + code + " - ",
    lambda code: code + "\n",
    lambda code: "\t" + code[:3] + "\xa0" + code[3:],
    lambda code: " ".join(code),
)
"""What a person may type for the code."""


@dataclass(frozen=True)
class Step:
    """One call: the clock, the method, the key, and by number the credential where the method takes one."""

    now: float
    method: str
    key: str
    device: int | None
    rest: dict[str, Any]


class Difference(AssertionError):  # noqa: N818 - it is what is looked for
    """The library and the model differ."""


class Stage:
    """The library and the model with the same numbers, credentials and clock.

    Attributes:
        calls: How often each method gave each verdict.
    """

    def __init__(self, numbers: Numbers, devices: list[Device]) -> None:
        self.devices = devices
        self.credentials = [credential_of(device) for device in devices]
        self.model = Model(numbers)
        self.now: float = 0
        self.verifier = Verifier(MemoryStore(), policy=Policy(**asdict(numbers)), clock=lambda: self.now)
        self.calls: Counter[str] = Counter()

    def play(self, step: Step) -> None:
        """Make a call on both.

        Raises:
            Difference: They don't agree on the verdict, or on what can be seen afterwards.
        """
        self.now = step.now
        device = () if step.device is None else (self.devices[step.device],)
        expected = getattr(self.model, step.method)(step.now, step.key, *device, **step.rest)
        credential = () if step.device is None else (self.credentials[step.device],)
        call = getattr(self.verifier, step.method)
        verdict = _verdict(lambda: call(step.key, *credential, **step.rest))
        if verdict != expected:
            raise Difference(f"{step} gives {verdict}, the model says {expected}")
        for key in KEYS:
            seen, expected = self._visible(key), self.model.visible(key)
            if seen != expected:
                raise Difference(f"after {step} the state of {key} is {seen}, the model's is {expected}")
        self.calls[f"{step.method}: {verdict[0]}"] += 1

    def _visible(self, key: str) -> Verdict | None:
        state = self.verifier.state(key)
        if state is None:
            return None
        policy, (device,) = self.verifier.policy, state.devices.values()
        near = state.near_misses.retry_at(policy.near_miss_limits)
        retry_at = state.retry_at(policy)
        return *device[1:5], state.throttle.failures, state.disabled, retry_at, near


def _verdict(call: Callable[[], Any]) -> Verdict:
    try:
        accepted = call()
    except OnetimeError as error:
        return type(error).__name__, *vars(error).values()
    except (TypeError, ValueError) as error:
        return (type(error).__name__,)
    if accepted is None:
        return ("None",)
    return "Accepted", *accepted.to_dict().values()


class History:
    """Draws one history and plays it.

    Args:
        seed: Everything follows from it.
    """

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.numbers = self._numbers()
        self.steps: list[Step] = []
        self.time: float = 0
        self.jump = 0
        self._place()
        self.stage = Stage(self.numbers, self.devices)
        self.model = self.stage.model
        # How the owners' clocks run, and what is on the counters of their devices.
        self.fast = self.source.choice((0, 0, 1e-3, -1e-3, 3e-2))
        self.ahead = self.source.choice((0, 0, self.source.uniform(-400, 400)))
        self.side = self.source.choice((-1, 1))
        self.start = self.time
        moves: tuple[Callable[[], None], ...]
        moves = self.right, self.right, self.replay, self.wrong, self.guess, self.malformed, self.three
        moves = *moves, self.login, self.unlock, self.reenroll, self.stranger, self.forget
        usual = (5, 5, 3, 4, 6, 2, 5, 7, 0.3, 1, 0.5, 0.1)
        # Some histories are an attack, some an owner with a bad clock, some a bit of everything.
        weights = [weight * self.source.choice((0.2, 1, 1, 4)) for weight in usual]
        self.moves = self.source.choices(moves, weights, k=STEPS)

    def run(self) -> None:
        """Play the history.

        Raises:
            Difference: The library and the model differ. The last step is where.
        """
        for key in KEYS:
            self.key = key
            counter = 0 if self.devices[KEYS.index(key)].period else self.counter
            self.call("adopt", KEYS.index(key), watermark=counter)
        for move in self.moves:
            self.key = KEYS[self.source.random() < 0.15]
            self.pass_time()
            known = self.model.enrolled.get(self.key)
            if known and known.disabled and self.source.random() < 0.3:
                self.unlock()
            move()

    def _numbers(self) -> Numbers:
        source = self.source
        look_ahead, window, max_drift = source.randint(1, 9), source.randint(0, 4), source.randint(0, 9)
        min_delay = source.choice((0, 1, 30, 90))
        # Small enough for both tiers to bite, and as large as a policy must be.
        refill = source.randint(YEAR * max(look_ahead, 2 * window + 1) // 49_000 + 1, 30_000)
        return Numbers(
            delay_after=source.choice((1, 2, 3, 5, 5)),
            min_delay=min_delay,
            max_delay=min_delay + source.choice((0, 100, 3600)),
            budget=source.choice((1, 2, 5, 8, 50)),
            refill=refill,
            look_ahead=look_ahead,
            window=window,
            resync_window=source.randint(3, 25),
            max_drift=max_drift,
            max_creep=source.randint(0, window),
            near_misses=source.choice((1, 2, 10)),
            disable_after=source.choice((None, None, None, 1, 3, 6, 9)),
        )

    def _place(self) -> None:
        """Draw credentials, a clock and a counter: somewhere, at an end, or where codes are twins."""
        source = self.source
        period = source.choice((30, 30, 60, 1, 7))
        place = source.choice(("anywhere", "twins", "twins", "first", "last"))
        key, digits, algorithm = source.randbytes(source.randint(16, 40)), source.randint(6, 8), "sha1"
        self.twins: list[int] = []
        if place == "twins":
            first, apart = source.choice(TWINS[digits])
            key, factor, self.twins = RFC_KEY, max(0, first - source.randint(0, 5)), [first, first + apart]
        elif place == "anywhere":
            factor, algorithm = source.randrange(2**31), source.choice(("sha1", "sha256", "sha512"))
        else:
            factor = (
                source.randint(0, 8)
                if place == "first"
                else LAST - source.randrange(source.choice((12, 5000)))
            )
        t0 = source.choice((0, source.randrange(2**31)))
        self.time = t0 + factor * period + source.randrange(period)
        self.counter = factor
        main = Device(key, digits, algorithm, source.choice((None, period)), t0 if period else 0)
        if main.period is None:
            main = Device(key, digits, algorithm)
        others = [
            Device(key, digits, algorithm, None if main.period else 30),
            Device(key, 6 if digits > 6 else 7, algorithm, main.period, main.t0),
            Device(key, digits, "sha512" if algorithm == "sha1" else "sha1", main.period, main.t0),
            Device(key, digits, algorithm, main.period and main.period + 1, main.t0),
            Device(source.randbytes(20), digits, algorithm, main.period, main.t0),
        ]
        short = Device(source.randbytes(15), digits, algorithm, main.period, main.t0)
        self.devices = [main, *source.sample(others, 2), short]

    @property
    def now(self) -> float:
        """The server's clock, which jumps, also to before 1970; floats only where they are exact."""
        now = self.time + self.jump
        return now if now < 2**40 else int(now)

    def pass_time(self) -> None:
        """Let time pass, or the server's clock jump."""
        source, known = self.source, self.model.enrolled.get(self.key)
        period = self.devices[0].period or 30
        kind = source.random()
        if kind < 0.45:
            self.time += source.choice(
                (0, period, source.randint(0, 4 * period), source.randrange(period) / 4)
            )
        elif kind < 0.6 and known:
            # To the very second from which on the next code is judged, or next to it.
            retry_at = self.model.retry_at(known)
            self.time = max(self.time, retry_at - self.jump + source.choice((-1, -0.25, 0, 0, 1)))
        elif kind < 0.7 and known and known.device.period:
            # To the end of a step.
            start = known.device.t0 + (known.device.step(int(self.now)) + 1) * known.device.period
            self.time = start - self.jump + source.choice((-1, -0.25, 0))
        elif kind < 0.8:
            self.time += source.randint(0, 2 * self.numbers.refill)
        elif kind < 0.85:
            self.jump += source.randint(-200, 200)
        elif kind < 0.88:
            self.jump += source.choice((-1, 1)) * source.choice((YEAR, self.numbers.refill * 3, 5000))
        elif kind < 0.95:
            self.jump = 0
        if self.time >= 2**40:
            self.time = int(self.time)

    def call(self, method: str, device: int | None = None, **rest: Any) -> None:
        """Play a step on both sides."""
        self.steps.append(Step(self.now, method, self.key, device, rest))
        self.stage.play(self.steps[-1])

    def enrolled(self) -> int:
        """The number of the device that is enrolled; the first if there is none."""
        known = self.model.enrolled.get(self.key)
        return self.devices.index(known.device) if known else 0

    def factor(self, far: bool = False) -> int:
        """Draw a factor that somebody could show a code of: near the edges of what is in sight, mostly."""
        source, numbers, known = self.source, self.numbers, self.model.enrolled.get(self.key)
        if known is None:
            return self.counter
        if self.twins and source.random() < 0.2:
            return source.choice(self.twins)
        if known.device.period is None:
            center, reach = known.expected, numbers.resync_window if far else numbers.look_ahead
            factor = center + source.choice((0, 0, source.randint(-reach - 1, reach + 1), reach - 1, reach))
        elif source.random() < 0.5:
            owners = self.time + self.ahead + (self.time - self.start) * self.fast
            factor = known.device.step(int(owners))
        else:
            center, reach = known.device.step(int(self.now)) + known.drift, numbers.window
            if far:
                center, reach = center - known.drift, numbers.max_drift
            factor = center + source.randint(-reach - 1, reach + 1)
            if source.random() < 0.3:
                # The first that is not spent, which is where watermarks go wrong.
                factor = known.expected
        return min(max(factor, 0), LAST)

    def code(self, device: int, factor: int) -> str:
        """The code of a factor, as people type it."""
        code = self.devices[device].code(factor)
        return self.source.choice(RIGHT_LOOKS)(code) if self.source.random() < 0.1 else code

    def random_code(self, device: int) -> str:
        """Guess."""
        digits = self.devices[device].digits
        return f"{self.source.randrange(10**digits):0{digits}d}"

    def right(self) -> None:
        """Show a code that may be right."""
        device = self.enrolled()
        self.call("verify", device, code=self.code(device, self.factor()))

    def login(self) -> None:
        """Log in some steps later, with a clock that is a little slow or fast."""
        device, known = self.enrolled(), self.model.enrolled.get(self.key)
        if known is None or known.device.period is None:
            return self.right()
        self.time += self.source.randint(2, 6) * known.device.period
        side = self.source.choice((1, 1, 1, 1, 1, 0, -1)) * self.side
        factor = known.device.step(int(self.now)) + known.drift + side
        return self.call("verify", device, code=self.code(device, min(max(factor, 0), LAST)))

    def replay(self) -> None:
        """Show a code that was accepted, or skipped."""
        device, known = self.enrolled(), self.model.enrolled.get(self.key)
        if known and known.accepted:
            factor = max(0, self.source.choice(known.accepted[-2:]) - self.source.choice((0, 0, 1)))
            self.call("verify", device, code=self.code(device, factor))

    def wrong(self) -> None:
        """Guess."""
        device = self.enrolled()
        self.call("verify", device, code=self.random_code(device))

    def guess(self) -> None:
        """Guess as soon as a guess is judged."""
        known = self.model.enrolled.get(self.key)
        if known:
            retry_at = self.model.retry_at(known)
            self.time = max(self.time, retry_at - self.jump)
        self.wrong()

    def malformed(self) -> None:
        """Show a code that looks right to a careless reader."""
        device = self.enrolled() if self.source.random() < 0.8 else self.source.randrange(3)
        code = self.source.choice(WRONG_LOOKS)(self.devices[device].code(self.factor()))
        self.call("verify", device, code=code)

    def triple(self, device: int) -> Any:
        """Draw three codes: mostly of consecutive factors, sometimes spoilt."""
        source = self.source
        # The first, the second or the last of them is the one at an edge.
        first = min(max(self.factor(far=True) - source.choice((0, 0, 1, 2, 2)), 0), LAST - 2)
        codes: list[Any] = [self.code(device, first + offset) for offset in range(3)]
        spoil = source.randrange(12)
        if spoil == 0:
            codes[source.randrange(3)] = self.random_code(device)
        elif spoil == 1:
            source.shuffle(codes)
        elif spoil == 2:
            codes[2] = self.devices[device].code(min(first + 3, LAST))
        elif spoil == 3:
            which = source.randrange(3)
            codes[which] = source.choice(WRONG_LOOKS)(self.devices[device].code(first + which))
        elif spoil == 4:
            return source.choice((codes[:2], [*codes, codes[0]], [], "".join(codes)))
        return tuple(codes)

    def three(self) -> None:
        """Resynchronise."""
        device = self.enrolled()
        self.call("resynchronize", device, codes=self.triple(device))

    def unlock(self) -> None:
        """Unlock."""
        self.call("unlock")

    def forget(self) -> None:
        """Forget, and enroll anew now or later."""
        self.call("forget")
        if self.source.random() < 0.8:
            self.reenroll()

    def stranger(self) -> None:
        """Show the code of a credential that is not enrolled, or to a key without any."""
        device = self.source.randrange(3)
        if self.source.random() < 0.5:
            self.call("verify", device, code=self.code(device, self.factor()))
        else:
            self.call("resynchronize", device, codes=self.triple(device))

    def reenroll(self) -> None:
        """Enroll once more: another credential or the same, with no code, one or three."""
        source = self.source
        device = source.choices(range(4), (8, 4, 2, 1))[0]
        hotp = self.devices[device].period is None
        counter = source.choice((self.counter, 0, LAST)) if hotp else source.choice((0, 0, 0, 1))
        code: Any = None
        kind = source.random()
        if kind < 0.6:
            # What the owner's device shows now.
            shown = counter + source.randint(-1, 3) if hotp else self.devices[device].step(int(self.now))
            shown = min(max(shown, 0), LAST - 2)
            code = self.code(device, shown)
            if kind < 0.3:
                code = tuple(self.code(device, shown + offset) for offset in range(3))
            elif kind < 0.4:
                code = self.random_code(device)
            elif kind < 0.43:
                code = source.choice(WRONG_LOOKS)(self.devices[device].code(shown))
        elif kind < 0.7:
            code = self.triple(device)
        if code is None and source.random() < 0.9:
            self.call("adopt", device, watermark=counter, replace=source.random() < 0.9)
        else:
            self.call("enroll", device, code=code, counter=counter, replace=source.random() < 0.9)


def shorten(history: History) -> list[Step]:
    """Leave out the steps of a failing history without which it fails as well."""
    steps = list(history.steps)
    for index in range(len(steps) - 2, -1, -1):
        fewer = steps[:index] + steps[index + 1 :]
        if differs(history, fewer):
            steps = fewer
    return steps


def differs(history: History, steps: Iterable[Step]) -> str:
    """Play steps anew; say where the library and the model differ, if they do."""
    stage = Stage(history.numbers, history.devices)
    try:
        for step in steps:
            stage.play(step)
    except Difference as difference:
        return str(difference)
    return ""


def program(history: History, steps: list[Step]) -> str:
    """Write steps as a program that runs without the model and the seed. These are test keys, to be seen."""
    lines = [
        "from onetime import HOTP, TOTP, OnetimeError, Secret",
        "from onetime.verification.policy import Policy",
        "from onetime.storage.memory import MemoryStore",
        "from onetime.verification.verifier import Verifier",
        "",
        "now = 0",
        f"policy = Policy(**{asdict(history.numbers)})",
        "verifier = Verifier(MemoryStore(), policy=policy, clock=lambda: now)",
        "devices = [",
    ]
    for device in history.devices:
        parts = (
            f'Secret.from_hex("{device.key.hex()}"), digits={device.digits}, algorithm="{device.algorithm}"'
        )
        timed = f"TOTP({parts}, period={device.period}, t0={device.t0})"
        lines.append(f"    {timed if device.period else f'HOTP({parts})'},")
    lines += ["]", "for now, method, key, device, rest, expected in ["]
    model = Model(history.numbers)
    for step in steps:
        held = () if step.device is None else (history.devices[step.device],)
        expected = getattr(model, step.method)(step.now, step.key, *held, **step.rest)
        call = (step.now, step.method, step.key, step.device, step.rest, (expected, model.visible(step.key)))
        lines.append(f"    {call!r},")
    return "\n".join(
        [
            *lines,
            "]:",
            "    try:",
            "        credential = () if device is None else (devices[device],)",
            "        verdict = getattr(verifier, method)(key, *credential, **rest)",
            "    except (OnetimeError, TypeError, ValueError) as error:",
            "        verdict = repr(error)",
            "    print(now, method, key, rest)",
            "    print('  ', verdict, verifier.state(key))",
            "    print('   model:', *expected)",
            "",
        ]
    )


def play(seed: int) -> tuple[str, Counter[str]]:
    """Play one history: the failure as a text with a program that shows it, and what happened."""
    history = History(seed)
    try:
        history.run()
    except Difference:
        steps = shorten(history)
        failure = f"history {seed}: {differs(history, steps)}\n\n{program(history, steps)}"
        return failure, history.stage.calls
    return "", history.stage.calls + history.model.seen


def play_part(seeds: range) -> tuple[str, Counter[str]]:
    """Play histories up to the first that fails."""
    total: Counter[str] = Counter()
    for seed in seeds:
        failure, seen = play(seed)
        total += seen
        if failure:
            return failure, total
    return "", total


def play_all(first: int, count: int) -> tuple[str, Counter[str]]:
    """Play so many histories from a seed on, in all processors."""
    parts = [range(seed, min(seed + PART, first + count)) for seed in range(first, first + count, PART)]
    total: Counter[str] = Counter()
    with multiprocessing.Pool() as pool:
        for failure, seen in pool.imap(play_part, parts):
            total += seen
            if failure:
                return failure, total
    return "", total


def main(arguments: list[str]) -> int:
    """Play them all, and tell what happened in them."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak model", description=__doc__)
    parser.add_argument("--histories", type=int, default=100_000, help="(default: 100000)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="of the first history")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    failure, seen = play_all(options.seed, options.histories)
    for what, times in sorted(seen.items()):
        print(f"{times:>9,} {what}")
    print(failure or f"{options.histories:,} histories of {STEPS} moves, no difference")
    return 1 if failure else 0
