"""Processes killed with -9 at random moments, in the middle of batches: nothing acknowledged is lost.

Each child has several threads, each with a credential of its own, and there is one credential that all share.
A thread announces each attempt on a pipe before it makes it, and acknowledges the verdict after `verify`
returned. So after a kill it is known what was acknowledged, and that at most one more attempt of each thread
can have been stored. The next child finds exactly the one or the other.
"""

import argparse
import os
import random
import secrets
import selectors
import signal
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from onetime import HOTP, TOTP
from onetime.errors import OnetimeError, StoreError, ThrottledError, VerificationError
from onetime.storage.sql import SQLStore
from onetime.storage.store import Store
from onetime.verification.decision import decide
from onetime.verification.evidence import Accepted, Decision
from onetime.verification.state import State
from onetime.verification.verifier import Verifier
from tests.support.contest import PATIENCE, START, secret_of
from tests.support.stores import close

COMMON = HOTP(secret_of("common"), digits=8)

THREADS = 3
"""Threads of a child, whose writes share commits."""

MOST_LINES = 100
"""Maximum number of lines between two kills: some thirty attempts of the children together."""

JITTER = 0.002
"""Maximum time from the last line to the kill, in seconds. It chooses the moment within an attempt."""


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
    """Make a thread's own credential: every second one is a TOTP."""
    secret = secret_of("own", number)
    return TOTP(secret, digits=8) if number % 2 else HOTP(secret, digits=8)


def watermark(state: State) -> int:
    """Return the watermark of a user's only device."""
    (device,) = state.devices.values()
    return device.watermark


class Life:
    """What a thread of a child does until it is killed."""

    def __init__(self, store: Store, number: int, now: int, pipe: int, seed: str) -> None:
        self.verifier = Verifier(store, clock=lambda: self.now)
        self.number = number
        self.keys = {"own": f"own {number}", "common": "common"}
        self.now = now
        self.pipe = pipe
        self.source = random.Random(f"{seed} {number}")

    def say(self, *words: object) -> None:
        # One write of one line: no kill leaves half of it.
        os.write(self.pipe, (" ".join(map(str, (self.number, *words))) + "\n").encode())

    def attempt(self, name: str, credential: HOTP | TOTP, code: str) -> None:
        self.say("try", name, self.now, code)
        try:
            accepted = self.verifier.verify(self.keys[name], credential, code)
        except StoreError as error:
            raise AssertionError(f"{error}, because of {error.__cause__!r}") from error
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
        try:
            self.attempt_forever()
        except BaseException as error:
            self.say("failed", "own", repr(error))

    def attempt_forever(self) -> None:
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
class Thread:
    """What the parent knows of a thread, and of its credential.

    Attributes:
        number: Which one it is.
        now: Its clock.
        state: The state of its own credential, as acknowledged.
        tried: The code that is under way.
        least: The least watermark of the common credential that it may find.
    """

    number: int
    now: int = START
    state: State | None = None
    tried: str | None = None
    least: int = 0

    def decision(self) -> Decision:
        """Decide on the code that was tried, as the thread must have."""
        assert self.state is not None
        assert self.tried is not None
        return decide(own(self.number), self.state, self.tried, self.now)


@dataclass
class Child:
    """What the parent knows of a child.

    Attributes:
        threads: Its threads, by their numbers.
        pid: Its process; 0 for none.
        pipe: Where its lines are read.
        unread: The beginning of a line.
    """

    threads: dict[int, Thread]
    pid: int = 0
    pipe: int = -1
    unread: bytes = b""


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
        number, word, key, rest = line.split(" ", 3)
        thread = child.threads[int(number)]
        if word in ("accepted", "refused"):
            self.words["accepted" if word == "accepted" else rest] += 1
        if word == "failed":
            raise AssertionError(line)
        if key == "common":
            self.hear_common(thread, word, rest)
        elif word == "found":
            self.hear_found(thread, rest)
        elif word == "try":
            now, thread.tried = rest.split(" ")
            thread.now = int(now)
        else:
            thread.state, verdict = thread.decision()
            thread.tried = None
            expected = verdict.moving_factor if isinstance(verdict, Accepted) else type(verdict).__name__
            assert rest == str(expected), f"{line}, not {expected}"

    def hear_found(self, thread: Thread, text: str) -> None:
        """What is found is what was acknowledged, and the try under way or not."""
        if thread.state is not None:
            possible = [thread.state.to_text()]
            if thread.tried is not None and thread.decision().state != thread.state:
                possible.append(thread.decision().state.to_text())
                self.under_way += 1
            assert text in possible, f"{thread} found {text}"
            self.stored += possible.index(text)
        thread.state, thread.tried = State.from_text(text), None

    def hear_common(self, thread: Thread, word: str, rest: str) -> None:
        """No factor is accepted twice, and none that was accepted is forgotten."""
        if word == "found":
            state = State.from_text(rest)
            assert watermark(state) >= thread.least, f"{thread} found {state}"
        if word == "accepted":
            assert int(rest) not in self.common, f"accepted twice: {rest}"
            self.common.add(int(rest))


def start(child: Child, kills: Kills, opener: Callable[[], Store], seed: str) -> None:
    """Fork a child."""
    child.pipe, pipe = os.pipe()
    child.unread = b""
    for thread in child.threads.values():
        thread.least = max(kills.common, default=-1) + 1
    child.pid = os.fork()
    if not child.pid:
        try:
            store = opener()
            lives = [Life(store, thread.number, thread.now, pipe, seed) for thread in child.threads.values()]
            threads = [threading.Thread(target=life.live) for life in lives]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
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
    opener: Callable[[], Store],
    number: int,
    seed: object,
    *,
    inherited: bool = False,
    children: int = 3,
    threads: int = THREADS,
) -> Kills:
    """Kill children, one or all at a time, at random moments.

    Args:
        opener: How a store is opened.
        number: How many kills, at least: it goes on until each kind of verdict was heard.
        seed: Of all that is random, but for the moments themselves.
        inherited: Whether children use the store that their parent opened before it forked them, and the
            parent goes on to use it. Otherwise each opens it anew, and the parent does not hold it.
        children: How many there are at once.
        threads: How many each of them has.
    """
    kills, source = Kills(), random.Random(f"{seed}")
    store = opener()
    verifier = Verifier(store, clock=lambda: START)
    verifier.adopt("common", COMMON)
    family = [
        Child({number: Thread(number) for number in range(first, first + threads)})
        for first in range(0, children * threads, threads)
    ]
    for child in family:
        for each in child.threads:
            verifier.adopt(f"own {each}", own(each))
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
            kills.fault = str(error) or traceback.format_exc()
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
    kills.hear_common(Thread(-1), "accepted", str(accepted.moving_factor))


def main(arguments: list[str]) -> int:
    """Kill processes on a store that is bad, and then on the library's."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=5000, help="at least so many (default: 5000)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats all but the moments")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:

        def late() -> WriteBehind:
            return WriteBehind(SQLStore.sqlite(Path(folder, "late")))

        bad = kill(late, 50, options.seed, children=1, threads=1)
        print(f"a store that writes later: {bad}", flush=True)
        if not bad.fault:
            print("the test finds nothing")
            return 1
        for inherited, share in ((False, 5), (True, 1)):
            # A machine that is busy with other work must not let a call come to its deadline.
            opener = partial(SQLStore.sqlite, Path(folder, f"{inherited}"), timeout=60)
            began = time.monotonic()
            number, children = -(-options.kills * share // 6), 2 if inherited else 3
            kills = kill(opener, number, options.seed, inherited=inherited, children=children)
            name = "children that inherited the store" if inherited else "children that opened the store"
            print(f"{name}, {THREADS} threads each: {kills}; {time.monotonic() - began:.0f} s", flush=True)
            if kills.fault:
                return 1
    return 0
