"""Processes that are killed at random moments, and what the store remembers of them.

Each child has a credential of its own, and there is one that all share. A child announces each try on a
pipe before it makes it, and acknowledges the verdict after `verify` returned. So after a kill it is
known what was acknowledged, and that at most one try more can have been stored. The next child finds
exactly the one or the other.
"""

import os
import random
import selectors
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from onetime import HOTP, TOTP
from onetime.errors import OnetimeError, ThrottledError, VerificationError
from onetime.storage.store import Store
from onetime.verification.decision import decide
from onetime.verification.evidence import Accepted, Decision
from onetime.verification.state import State
from onetime.verification.verifier import Verifier
from tests.verification.contests import secret_of
from tests.verification.hammer import PATIENCE, START, close

COMMON = HOTP(secret_of("common"), digits=8)

MOST_LINES = 60
"""So many lines are heard between two kills at most: some twenty tries of the children together."""

JITTER = 0.002
"""Seconds from the last line to the kill, at most. They choose the moment within a try."""


class WriteBehind:
    """A store that acknowledges at once and writes when it is closed: what a kill must find."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.late: dict[str, str | None] = {}

    def get(self, key: str) -> str | None:
        return self.late[key] if key in self.late else self.store.get(key)

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        if self.get(key) != old:
            return False
        self.late[key] = new
        return True

    def close(self) -> None:
        for key, value in self.late.items():
            self.store.swap(key, self.store.get(key), value)
        close(self.store)


def own(number: int) -> HOTP | TOTP:
    """Make a child's own credential: every second one is a TOTP."""
    secret = secret_of("own", number)
    return TOTP(secret, digits=8) if number % 2 else HOTP(secret, digits=8)


def watermark(state: State) -> int:
    """Return the watermark of a user's only device."""
    (device,) = state.devices.values()
    return device.watermark


class Life:
    """What a child does until it is killed."""

    def __init__(self, store: Store, number: int, now: int, pipe: int, source: random.Random) -> None:
        self.verifier = Verifier(store, clock=lambda: self.now)
        self.number = number
        self.keys = {"own": f"own {number}", "common": "common"}
        self.now = now
        self.pipe = pipe
        self.source = source

    def say(self, *words: object) -> None:
        # One write of one line: no kill leaves half of it.
        os.write(self.pipe, (" ".join(map(str, words)) + "\n").encode())

    def attempt(self, name: str, credential: HOTP | TOTP, code: str) -> None:
        self.say("try", name, self.now, code)
        try:
            accepted = self.verifier.verify(self.keys[name], credential, code)
        except OnetimeError as error:
            self.say("refused", name, type(error).__name__)
            if isinstance(error, ThrottledError):
                self.now = error.retry_at
        else:
            self.say("accepted", name, accepted.moving_factor)

    def state(self, name: str) -> State:
        state = self.verifier.state(self.keys[name])
        assert state is not None
        return state

    def live(self) -> None:
        for name in self.keys:
            self.say("found", name, self.state(name).to_text())
        credential = own(self.number)
        hotp = credential.hotp if isinstance(credential, TOTP) else credential
        while True:
            drawn = self.source.random()
            if drawn < 0.3:
                # The others try the same code.
                self.attempt("common", COMMON, COMMON.at(watermark(self.state("common"))))
            elif drawn < 0.6:
                self.attempt("own", credential, self.right(credential))
            elif drawn < 0.7:
                self.attempt("own", credential, hotp.at(max(watermark(self.state("own")) - 1, 0)))
            else:
                self.attempt("own", credential, f"{self.source.randrange(10**8):08}")

    def right(self, credential: HOTP | TOTP) -> str:
        expected = watermark(self.state("own"))
        if isinstance(credential, HOTP):
            return credential.at(expected)
        self.now = max(self.now, credential.span(expected)[0])
        return credential.at(self.now)


@dataclass
class Child:
    """What the parent knows of a child, and of its credential.

    Attributes:
        number: Which one it is.
        pid: Its process; 0 for none.
        pipe: Where its lines are read.
        unread: The beginning of a line.
        now: Its clock.
        state: The state of its own credential, as acknowledged.
        tried: The code that is under way.
        least: The least watermark of the common credential that it may find.
    """

    number: int
    pid: int = 0
    pipe: int = -1
    unread: bytes = b""
    now: int = START
    state: State | None = None
    tried: str | None = None
    least: int = 0

    def decision(self) -> Decision:
        """Judge the code that was tried, as the child must have."""
        assert self.state is not None
        assert self.tried is not None
        return decide(own(self.number), self.state, self.tried, self.now)


@dataclass
class Kills:
    """A run, and what came of it."""

    kills: int = 0
    lines: int = 0
    words: Counter[str] = field(default_factory=Counter)
    under_way: int = 0
    stored: int = 0
    common: set[int] = field(default_factory=set)
    fault: str = ""

    def __str__(self) -> str:
        verdicts = ", ".join(f"{count} {word}" for word, count in sorted(self.words.items()))
        text = (
            f"{self.kills} kills; acknowledged: {verdicts}; {self.under_way} kills hit a try under way "
            f"that changes the state, {self.stored} of these were stored"
        )
        return f"{text}; FAULT: {self.fault}" if self.fault else text

    def hear(self, child: Child, line: str) -> None:
        """Hold a line of a child against what is known; an AssertionError says what is wrong."""
        self.lines += 1
        word, key, rest = line.split(" ", 2)
        if word in ("accepted", "refused"):
            self.words["accepted" if word == "accepted" else rest] += 1
        if word == "failed":
            raise AssertionError(line)
        if key == "common":
            self.hear_common(child, word, rest)
        elif word == "found":
            self.hear_found(child, rest)
        elif word == "try":
            now, child.tried = rest.split(" ")
            child.now = int(now)
        else:
            child.state, verdict = child.decision()
            child.tried = None
            expected = verdict.moving_factor if isinstance(verdict, Accepted) else type(verdict).__name__
            assert rest == str(expected), f"{line}, not {expected}"

    def hear_found(self, child: Child, text: str) -> None:
        """What is found is what was acknowledged, and the try under way or not."""
        if child.state is not None:
            possible = [child.state.to_text()]
            if child.tried is not None and child.decision().state != child.state:
                possible.append(child.decision().state.to_text())
                self.under_way += 1
            assert text in possible, f"{child} found {text}"
            self.stored += possible.index(text)
        child.state, child.tried = State.from_text(text), None

    def hear_common(self, child: Child, word: str, rest: str) -> None:
        """No factor is accepted twice, and none that was accepted is forgotten."""
        if word == "found":
            state = State.from_text(rest)
            assert watermark(state) >= child.least, f"{child} found {state}"
        if word == "accepted":
            assert int(rest) not in self.common, f"accepted twice: {rest}"
            self.common.add(int(rest))


def start(child: Child, kills: Kills, opener: Callable[[], Store], seed: str) -> None:
    """Fork a child."""
    child.pipe, pipe = os.pipe()
    child.unread, child.least = b"", max(kills.common, default=-1) + 1
    child.pid = os.fork()
    if not child.pid:
        try:
            Life(opener(), child.number, child.now, pipe, random.Random(seed)).live()
        except BaseException as error:
            os.write(pipe, f"failed own {error!r}\n".encode())
        finally:
            os._exit(1)
    os.close(pipe)


def read(child: Child, kills: Kills) -> bool:
    """Hear what a child has said; False at the end."""
    data = os.read(child.pipe, 1 << 16)
    *lines, child.unread = (child.unread + data).split(b"\n")
    for line in lines:
        kills.hear(child, line.decode())
    return bool(data)


def end(child: Child) -> None:
    """Kill a child."""
    os.kill(child.pid, signal.SIGKILL)
    os.waitpid(child.pid, 0)
    child.pid = 0


def kill(
    opener: Callable[[], Store], number: int, seed: object, *, inherited: bool = False, children: int = 3
) -> Kills:
    """Kill children, one or all at a time, at random moments.

    Args:
        opener: How a store is opened.
        number: How many kills, at least: it goes on until each kind of verdict was heard.
        seed: Of all that is random, but for the moments themselves.
        inherited: Whether children use the store that their parent opened before it forked them, and the
            parent goes on to use it. Otherwise each opens it anew, and the parent does not hold it.
        children: How many there are at once.
    """
    kills, source = Kills(), random.Random(f"{seed}")
    store = opener()
    verifier = Verifier(store, clock=lambda: START)
    verifier.adopt("common", COMMON)
    family = [Child(i) for i in range(children)]
    for child in family:
        verifier.adopt(f"own {child.number}", own(child.number))
    if not inherited:
        close(store)
    with selectors.DefaultSelector() as selector:
        try:
            while kills.kills < number or len(kills.words) < 4:
                for child in family:
                    if not child.pid:
                        start(
                            child,
                            kills,
                            (lambda: store) if inherited else opener,
                            f"{seed} {source.random()}",
                        )
                        selector.register(child.pipe, selectors.EVENT_READ, child)
                listen(selector, kills, source)
                for child in source.sample(family, source.choice((1, 1, children))):
                    end(child)
                    while read(child, kills):  # its last words
                        pass
                    selector.unregister(child.pipe)
                    os.close(child.pipe)
                    kills.kills += 1
                if inherited:
                    take_part(verifier, kills)
        except AssertionError as error:
            kills.fault = str(error)
        finally:
            for child in family:
                if child.pid:
                    end(child)
                    os.close(child.pipe)
            if inherited:
                close(store)
    return kills


def listen(selector: selectors.BaseSelector, kills: Kills, source: random.Random) -> None:
    """Hear a random number of lines, and then what comes until a random moment."""
    enough = kills.lines + source.randint(0, MOST_LINES)
    while kills.lines < enough:
        heard = selector.select(PATIENCE)
        assert heard, "the children hang"
        for ready, _ in heard:
            assert read(ready.data, kills), "a child ended by itself"
    moment = time.monotonic() + source.uniform(0, JITTER)
    while (left := moment - time.monotonic()) > 0:
        for ready, _ in selector.select(left):
            assert read(ready.data, kills), "a child ended by itself"


def take_part(verifier: Verifier, kills: Kills) -> None:
    """Let the parent try the code that the children try."""
    state = verifier.state("common")
    assert state is not None
    try:
        accepted = verifier.verify("common", COMMON, COMMON.at(watermark(state)))
    except VerificationError:
        return
    kills.hear_common(Child(-1), "accepted", str(accepted.moving_factor))
