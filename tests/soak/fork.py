"""Forks of every kind: one code, one acceptance, no child that hangs, nothing acknowledged and lost."""

import argparse
import atexit
import ctypes
import itertools
import multiprocessing
import os
import platform
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from onetime import TOTP, ReplayedCodeError, Secret, Verifier
from onetime.errors import StoreError
from onetime.storage import fork as gate
from onetime.storage.sql import SQLStore
from tests.support.children import NOBODY
from tests.support.forks import DATABASES, PATIENCE, Child, Entries, Fault, Trial, compete, run
from tests.support.gunicorn import kill_master

NOW = 1_800_000_000
DRAIN = 0.2
"""Wait of a fork for statements, in seconds, where one hangs."""

AT_ONCE = 3.0
"""What a refusal takes at most, in seconds; the deadline of a call and the wait of a fork are 5."""


def occupy(store: SQLStore, wait: Callable[[], object] = bool) -> None:
    """Have a connection in use until something has returned, and give it back."""
    store._pool.read(lambda _: (wait(), None)[1])


def with_ends_first(trial: Trial, rounds: int) -> None:
    """F01: a worker of multiprocessing goes on after the parent's `with` has ended."""
    context = multiprocessing.get_context("fork")
    for _ in range(rounds):
        ended, outcomes = context.Event(), context.SimpleQueue()

        def work(store: SQLStore, key: str, ended: Any = ended, outcomes: Any = outcomes) -> None:
            signal.alarm(PATIENCE)
            store.get(key)
            ended.wait()
            outcomes.put(compete(store, key, "worker"))

        with trial.open() as store:
            key = trial.prize(store)
            worker = context.Process(target=work, args=(store, key))
            worker.start()
        ended.set()
        worker.join()
        if worker.exitcode:
            raise Fault(f"the worker ended with {worker.exitcode}")
        with trial.open() as store:
            trial.settle(key, {"worker": outcomes.get(), "parent": compete(store, key, "parent")})


def one_code(trial: Trial, rounds: int) -> None:
    """F01: a code that a forked worker accepted is a replay for everybody else."""
    totp = TOTP(Secret(b"12345678901234567890"))

    def verify(store: SQLStore, user: str) -> str:
        try:
            return type(Verifier(store, clock=lambda: NOW).verify(user, totp, totp.at(NOW))).__name__
        except ReplayedCodeError:
            return "replayed"

    def work(store: SQLStore, user: str, ended: int) -> str:
        store.get(user)
        os.read(ended, 1)
        return verify(store, user)

    for number in range(rounds):
        user = f"user {number}"
        ended, end = os.pipe()
        with trial.open() as store:
            Verifier(store, clock=lambda: NOW).enroll(user, totp, totp.at(NOW - 30))
            child = Child(partial(work, store, user, ended))
        os.write(end, b".")
        outcomes = [child.result()]
        with trial.open() as store:
            outcomes.append(verify(store, user))
        if outcomes != ["Accepted", "replayed"]:
            raise Fault(f"one code: {outcomes}")
        trial.count["rounds"] += 1
        os.close(ended)
        os.close(end)


def daemon(trial: Trial, rounds: int) -> None:
    """F01: a daemon that was forked twice, while other processes open and close; also with `closerange`."""

    def start(store: SQLStore, key: str, answer: int, closing: bool) -> None:
        os.setsid()
        Child(partial(serve, store, key, answer, closing))

    def serve(store: SQLStore, key: str, answer: int, closing: bool) -> None:
        if closing:
            os.closerange(3, answer)
            os.closerange(answer + 1, 1000)
        store.get(key)
        os.write(answer, compete(store, key, "daemon").encode())
        if closing:
            os._exit(0)

    for number in range(rounds):
        answers, answer = os.pipe()
        with trial.open() as store:
            key = trial.prize(store)
            child = Child(partial(start, store, key, answer, bool(number % 2)))
            os.close(answer)
            trial.judge.get(key)
            outcome = compete(store, key, "parent")
            trial.judge.get(key)
        child.result()
        trial.settle(key, {"parent": outcome, "daemon": os.read(answers, 100).decode()})
        os.close(answers)


def master_killed(trial: Trial, rounds: int) -> None:
    """F01: a master that used the store before it forked is killed with -9 behind its workers."""

    def work(store: SQLStore, key: str, name: str, gone: int, answer: int) -> None:
        store.get(key)
        os.read(gone, 1)
        os.write(answer, f"{name} {compete(store, key, name)}\n".encode())

    def master(key: str, gone: int, answer: int) -> None:
        store = trial.open()
        store.swap(f"{key}/master", None, "1")
        for name in "abcd":
            Child(partial(work, store, key, name, gone, answer))
        store.swap(f"{key}/master", "1", "2")
        os.write(answer, b"master ready\n")
        signal.pause()

    for _ in range(rounds):
        gone, go = os.pipe()
        answers, answer = os.pipe()
        with trial.open() as store:
            key = trial.prize(store)
        child = Child(partial(master, key, gone, answer))
        os.close(answer)
        with os.fdopen(answers) as lines:
            lines.readline()
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
            trial.judge.get(key)
            os.write(go, b"....")
            outcomes = dict(line.split() for line in lines)
        if sorted(outcomes) != list("abcd"):
            raise Fault(f"a worker hung or failed: {outcomes}")
        trial.settle(key, outcomes)
        if trial.judge.get(f"{key}/master") != ["2"]:
            raise Fault("what the master stored is lost")
        os.close(gone)
        os.close(go)


def busy_threads(trial: Trial, rounds: int) -> None:
    """F02: threads count in entries of their own while the process forks."""
    stop, counts = threading.Event(), [0] * 4

    def count(thread: int) -> None:
        while not stop.is_set():
            old = str(counts[thread]) if counts[thread] else None
            if not store.swap(f"count/{thread}", old, str(counts[thread] + 1)):
                break
            counts[thread] += 1

    with trial.open() as store:
        threads = [threading.Thread(target=count, args=(thread,)) for thread in range(len(counts))]
        for thread in threads:
            thread.start()
        try:
            for _ in range(rounds):
                trial.all_compete(store, "ab")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    if trial.judge.get(*(f"count/{thread}" for thread in range(len(counts)))) != [
        str(each) for each in counts
    ]:
        raise Fault("a count that was acknowledged is lost")
    trial.count["swaps beside"] = sum(counts)


def forks_at_once(trial: Trial, rounds: int) -> None:
    """F02, K57: three threads that use a store fork at once, with 16 connections to close."""

    def work(thread: int) -> None:
        try:
            occupy(store, busy.wait)
            if thread < 3:
                forking.wait()
                child = Child(partial(compete, store, key, f"child {thread}"))
                outcomes[f"thread {thread}"] = compete(store, key, f"thread {thread}")
                outcomes[f"child {thread}"] = child.result()
        except BaseException as error:
            faults.append(error)

    with trial.open() as store:
        for _ in range(rounds):
            key, outcomes = trial.prize(store), dict[str, str]()
            faults: list[BaseException] = []
            busy, forking = threading.Barrier(16, timeout=PATIENCE), threading.Barrier(3, timeout=PATIENCE)
            threads = [threading.Thread(target=work, args=(thread,)) for thread in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if faults:
                raise faults[0]
            trial.settle(key, outcomes)


def nested(trial: Trial, rounds: int) -> None:
    """F01: children that fork children, all of which compete."""

    def work(key: str, depth: int) -> dict[str, str]:
        store.get(key)
        child = Child(partial(work, key, depth - 1)) if depth else None
        outcomes = {f"depth {depth}": compete(store, key, f"depth {depth}")}
        return outcomes | (child.result() if child else {})

    with trial.open() as store:
        for _ in range(rounds):
            key = trial.prize(store)
            trial.settle(key, work(key, 4))


def refusals(entries: Entries, key: str, *stores: SQLStore) -> list[str]:
    """Compete in a child whose stores must refuse, those that exist and a new one."""
    start = time.monotonic()
    outcomes = [compete(store, key, "child") for store in stores]
    with suppress(StoreError), entries.open() as new:
        outcomes.append(compete(new, key, "new"))
    if time.monotonic() - start > AT_ONCE:
        outcomes.append("late")
    return outcomes


def must_refuse(child: Child, trial: Trial) -> None:
    """Check that a child's stores refused."""
    outcomes = child.result()
    if set(outcomes) != {"refused"}:
        raise Fault(f"a child was not refused: {outcomes}")
    trial.count["refused"] += len(outcomes)


def hanging(trial: Trial, rounds: int) -> None:
    """F02: a statement that hangs. The child's stores refuse at once, all of them; the parent goes on."""
    gate.DRAIN = DRAIN
    for _ in range(rounds):
        with trial.open() as store, trial.open() as other:
            key = trial.prize(store)
            occupy(other)
            statement, end = hang(trial, store)
            start = time.monotonic()
            child = Child(partial(refusals, trial.entries, key, store, other), leave=sys.exit)
            if time.monotonic() - start > AT_ONCE:
                raise Fault("the fork waited for too long")
            outcome = compete(store, key, "parent")
            must_refuse(child, trial)
            end()
            statement.join()
            trial.settle(key, {"parent": outcome})
            # A later child has nothing of it.
            trial.all_compete(store, "a")


def hang(trial: Trial, store: SQLStore) -> tuple[threading.Thread, Callable[[], object]]:
    """Run a statement without end in another thread; return the thread, and what ends the statement."""
    sqlite = trial.entries.database == "sqlite"
    connections: list[Any] = []
    begun = threading.Event()

    def statement(connection: Any) -> None:
        connections.append(connection)
        begun.set()
        if sqlite:
            endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            connection.execute(endless).fetchone()
        else:
            connection.connection.execute("SELECT pg_sleep(600)")

    def call() -> None:
        with suppress(Exception):
            store._pool.run(time.monotonic() + PATIENCE, store._pool.reuse, statement)

    thread = threading.Thread(target=call)
    thread.start()
    begun.wait()
    time.sleep(0.01)
    return thread, connections[0]._connection.interrupt if sqlite else connections[0].connection.cancel_safe


class Leave(BaseException):
    """Raised in a child, through the frames that the fork interrupted."""


def signal_handler(trial: Trial, rounds: int) -> None:
    """Forks in a signal handler, anywhere in a statement. The child works, or is refused at once."""
    children: dict[str, Child] = {}
    inside: list[str] = []
    names = map(str, itertools.count())
    parent = os.getpid()

    def work(name: str) -> str:
        start = time.monotonic()
        outcome = compete(store, key, name)
        return "late" if outcome == "refused" and time.monotonic() - start > AT_ONCE else outcome

    def leave(status: int) -> NoReturn:
        if status == 0:
            raise Leave
        os._exit(status)

    def fork(*_: object) -> None:
        # A signal in the middle of this fork, whose handlers hold locks of the standard library's.
        if inside:
            return
        inside.append(name := next(names))
        children[name] = Child(partial(work, name), leave=leave if number % 2 else os._exit)
        inside.clear()

    def send(pause: float) -> None:
        for _ in range(3):
            time.sleep(pause)
            os.kill(parent, signal.SIGUSR1)

    signal.signal(signal.SIGUSR1, fork)
    with trial.open() as store:
        for number in range(rounds):
            key = trial.prize(store)
            children.clear()
            sender = threading.Thread(target=send, args=(0.001 + number % 7 / 2000,))
            try:
                sender.start()
                for step in range(20):
                    store.swap(f"{key}/step", str(step - 1) if step else None, str(step))
                sender.join()
                outcomes = {name: child.result() for name, child in children.items()}
            except BaseException:
                if os.getpid() == parent:
                    raise
                # The child ends as programs do, with what it inherited. A store refused, or it is Leave.
                sys.exit(0)
            if "late" in outcomes.values():
                raise Fault(f"a child was not refused at once: {outcomes}")
            if trial.judge.get(f"{key}/step") != ["19"]:
                raise Fault("a step that was acknowledged is lost")
            trial.settle(key, outcomes, refused=None)


def progress_handler(trial: Trial, rounds: int) -> None:
    """Forks in the middle of SQLite, by its progress handler. The child refuses at once.

    The child ends there. It must not return into SQLite, whose mutexes belong to a thread of the parent.
    """

    def fork(children: list[Child], store: SQLStore, key: str) -> int:
        if not children:
            children.append(Child(partial(refusals, trial.entries, key, store)))
        return 0

    def statement(handler: Callable[[], int], connection: Any) -> None:
        connection._connection.set_progress_handler(handler, 1)
        connection.execute(f"SELECT count(*) FROM {trial.entries.table}").fetchone()
        connection._connection.set_progress_handler(None, 0)

    with trial.open() as store:
        for _ in range(rounds):
            key, children = trial.prize(store), list[Child]()
            store._pool.read(partial(statement, partial(fork, children, store, key)))
            outcome = compete(store, key, "parent")
            must_refuse(children[0], trial)
            trial.settle(key, {"parent": outcome})


def check_log(trial: Trial, key: str) -> None:
    """Check that the entry of a killed process is still there: it was in the log alone."""
    if trial.judge.get(f"{key}/dead") != ["1"]:
        raise Fault("a child that ended deleted a log with an acknowledged entry")


def raw_fork() -> int:
    """Fork as C does, without Python's handlers."""
    return int(ctypes.PyDLL(None).fork())


def half_raw_fork() -> int:
    """Fork as some servers do, with the child's handlers alone."""
    if (pid := raw_fork()) == 0:
        gate._in_child()
    return pid


def no_handlers(trial: Trial, rounds: int) -> None:
    """Forks whose handlers did not run: a store without connections works, others refuse at once."""

    def work(key: str, store: SQLStore, gone: int) -> list[str]:
        outcomes = refusals(trial.entries, key, store)
        outcomes += Child(partial(refusals, trial.entries, key, store), leave=sys.exit).result()
        os.read(gone, 1)
        return outcomes

    def wait(gone: int) -> int:
        return len(os.read(gone, 1))

    for number in range(rounds):
        fork = (raw_fork, half_raw_fork)[number % 2]
        store = trial.open()
        with trial.open() as other:
            key = trial.prize(other)
        child = Child(partial(compete, store, key, "child"), fork, sys.exit)
        trial.settle(key, {"child": child.result(), "parent": compete(store, key, "parent")})
        # Now the store has a connection. The second child does not use its copy.
        key = trial.prize(store)
        gone, go = os.pipe()
        children = [
            Child(partial(work, key, store, gone), fork, sys.exit),
            Child(partial(wait, gone), fork, sys.exit),
        ]
        outcome = compete(store, key, "parent")
        store.close()
        trial.judge.write_and_die(f"{key}/dead", "1")
        os.write(go, b"..")
        must_refuse(children[0], trial)
        children[1].result()
        check_log(trial, key)
        trial.settle(key, {"parent": outcome})
        os.close(gone)
        os.close(go)


def twenty_stores(trial: Trial, rounds: int) -> None:
    """Twenty stores, half of them on one table, all used by parent and child."""
    stores = [trial.open(table="" if number < 10 else f"_{number}") for number in range(20)]

    def work(keys: list[str], name: str) -> list[str]:
        return [compete(store, key, name) for store, key in zip(stores, keys, strict=True)]

    for number in range(rounds):
        keys = [trial.prize(store) for store in stores]
        child = Child(partial(work, keys, "child"))
        parents = work(keys, "parent")
        for key, parent, outcome in list(zip(keys, parents, child.result(), strict=True))[:10]:
            trial.settle(key, {"parent": parent, "child": outcome})
        stores[number % 10].close()
        stores[number % 10] = trial.open()
    for store in stores:
        store.close()


def closing(trial: Trial, rounds: int) -> None:
    """A store is closed by another thread while the process forks; another store goes on."""

    def work(key: str, *stores: SQLStore) -> list[str]:
        return [compete(store, key, f"child {number}") for number, store in enumerate(stores)]

    with trial.open() as other:
        for number in range(rounds):
            store = trial.open()
            occupy(store)
            key = trial.prize(other)
            thread = threading.Thread(target=store.close)
            thread.start()
            time.sleep(number % 5 / 5000)
            child = Child(partial(work, key, other, store))
            outcomes = {"parent": compete(other, key, "parent"), "child 0": child.result()[0]}
            thread.join()
            trial.settle(key, outcomes)


def fork_fails(trial: Trial, rounds: int) -> None:
    """A fork that fails leaves the store as it was."""

    def work() -> str:
        with tempfile.TemporaryDirectory() as folder:
            if os.geteuid() == 0:
                os.chown(folder, NOBODY, NOBODY)
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
            with SQLStore.sqlite(f"{folder}/store.db") as store:
                store.swap("prize", None, "old")
                for _ in range(rounds):
                    try:
                        if os.fork() == 0:
                            os._exit(0)
                    except BlockingIOError:
                        store.get("prize")
                    else:
                        return "forked"
                return compete(store, "prize", "parent")

    if (outcome := Child(work).result()) != "won":
        raise Fault(f"the parent {outcome}")
    trial.count["rounds"] += rounds


def made_in_child(trial: Trial, rounds: int) -> None:
    """Stores that are first made in children, which then fork."""

    def work(key: str, name: str) -> dict[str, str]:
        with trial.open() as store:
            child = Child(partial(compete, store, key, f"{name} child"))
            return {name: compete(store, key, name), f"{name} child": child.result()}

    for number in range(rounds):
        key = f"prize/{number}"
        trial.judge.swap(key, None, "old")
        children = [Child(partial(work, key, name)) for name in "abc"]
        trial.settle(key, {name: each for child in children for name, each in child.result().items()})


def dropped(trial: Trial, rounds: int) -> None:
    """A store that is dropped without a close leaves nothing that a child inherits."""

    def work(key: str) -> str:
        with trial.open() as store:
            return compete(store, key, "child")

    for number in range(rounds):
        store: Any = trial.open()
        key = trial.prize(store)
        # Every second one is left to the garbage collector.
        holder: list[Any] = [store]
        if number % 2:
            holder.append(holder)
        del store, holder
        trial.settle(key, {"child": Child(partial(work, key)).result()})


def exits(trial: Trial, rounds: int) -> None:
    """Children end as programs do, with stores open; one forks while it ends, where Python allows that."""

    def work(key: str, name: str) -> str:
        if name == "a":
            atexit.register(late, key)
        return compete(store, key, name)

    def late(key: str) -> None:
        with suppress(RuntimeError):
            Child(partial(compete, store, key, "late")).result()

    with trial.open() as store:
        for _ in range(rounds):
            key = trial.prize(store)
            children = {name: Child(partial(work, key, name), leave=sys.exit) for name in "ab"}
            trial.settle(key, {name: child.result() for name, child in children.items()})


def raising_handlers(trial: Trial, rounds: int) -> None:
    """A signal handler raises at any moment, also while the process forks; then everything goes on."""

    class Timeout(Exception):  # noqa: N818 - named as in programs that do it
        pass

    def time_out(*_: object) -> None:
        raise Timeout

    def use(key: str) -> None:
        for step in range(1, 50):
            if step % 3 == 0:
                if (pid := os.fork()) == 0:
                    os._exit(0)
                os.waitpid(pid, 0)
            if store.swap(key, stored.get(key), str(step)):
                stored[key] = str(step)

    stored: dict[str, str] = {}
    sys.unraisablehook = lambda _: None  # Python only prints what a fork handler raises
    signal.signal(signal.SIGPROF, time_out)
    gate.DRAIN = DRAIN
    with trial.open() as store:
        for number in range(rounds):
            with suppress(Timeout, StoreError):
                try:
                    # It counts time of the processor, so it comes in the middle of something.
                    signal.setitimer(signal.ITIMER_PROF, 0.0005 + number % 97 / 5000)
                    use(f"raising/{number}")
                finally:
                    signal.setitimer(signal.ITIMER_PROF, 0)
        found = dict(zip(stored, trial.judge.get(*stored), strict=True))
        if any(int(found[key] or 0) < int(text) for key, text in stored.items()):
            raise Fault("a step that was acknowledged is lost")
        trial.all_compete(store, "ab")
    trial.count["rounds"] = rounds


def other_ways(trial: Trial, rounds: int) -> None:
    """`forkpty`, `preexec_fn`, and the three ways in which multiprocessing starts a process."""
    with trial.open() as store:
        for _ in range(rounds):
            key = trial.prize(store)
            work = partial(compete, store, key)
            outcomes = {"forkpty": Child(partial(work, "forkpty"), lambda: os.forkpty()[0]).result()}
            subprocess.run(["true"], check=True, preexec_fn=partial(work, "preexec_fn"))
            if trial.judge.get(f"{key}/preexec_fn") != ["1"]:
                raise Fault("preexec_fn did not work")
            for method in ("fork", "forkserver", "spawn"):
                context: Any = multiprocessing.get_context(method)
                answers = context.SimpleQueue()
                process = context.Process(target=elsewhere, args=(trial.entries, key, method, answers))
                process.start()
                outcomes[method] = answers.get()
                process.join()
            trial.settle(key, outcomes)


def elsewhere(entries: Entries, key: str, name: str, answers: Any) -> None:
    """Compete in a process that may have been started anew."""
    signal.alarm(PATIENCE)
    with entries.open() as store:
        answers.put(compete(store, key, name))


def gunicorn(trial: Trial, rounds: int) -> None:
    """F01: gunicorn with preload, whose master is killed with -9 behind its workers."""
    for _ in range(rounds):
        kill_master(trial)


SCENARIOS: dict[Callable[[Trial, int], None], int] = {
    with_ends_first: 100,
    one_code: 100,
    daemon: 100,
    master_killed: 50,
    busy_threads: 60,
    forks_at_once: 60,
    nested: 50,
    hanging: 10,
    signal_handler: 100,
    progress_handler: 60,
    no_handlers: 40,
    twenty_stores: 10,
    closing: 100,
    fork_fails: 100,
    made_in_child: 30,
    dropped: 60,
    exits: 60,
    raising_handlers: 200,
    other_ways: 3,
    gunicorn: 1,
}
"""The scenarios, and how many rounds a soak takes."""

SQLITE_ONLY = (progress_handler, fork_fails)


def main(arguments: list[str]) -> int:
    """Run scenarios, and print what each counted; return 1 at the first fault."""
    scenarios = {scenario.__name__: scenario for scenario in SCENARIOS}
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak fork", description=__doc__)
    parser.add_argument("scenario", nargs="*", help=f"all, or some of {', '.join(scenarios)}")
    parser.add_argument("--database", choices=DATABASES, help="both, where ONETIME_POSTGRES names a server")
    parser.add_argument("--rounds", type=int, help="instead of those of each scenario")
    options = parser.parse_args(arguments)
    if unknown := set(options.scenario) - set(scenarios):
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    databases = [options.database] if options.database else list(DATABASES)
    if not options.database and not os.environ.get("ONETIME_POSTGRES"):
        print("SKIPPED: ONETIME_POSTGRES does not name a server")
        databases.remove("postgres")
    # Forks while threads run are what some scenarios are about.
    warnings.simplefilter("ignore", DeprecationWarning)
    print(f"CPython {platform.python_version()}, SQLite {sqlite3.sqlite_version}", flush=True)
    for name in options.scenario or scenarios:
        for database in databases:
            scenario = scenarios[name]
            if database != "sqlite" and scenario in SQLITE_ONLY:
                continue
            start = time.monotonic()
            try:
                count = run(database, scenario, options.rounds or SCENARIOS[scenario])
            except Fault as fault:
                print(f"FAULT   {name}, {database}: {fault}", flush=True)
                return 1
            found = ", ".join(f"{number} {what}" for what, number in count.items() if number)
            print(f"ok      {name}, {database}: {found}; {time.monotonic() - start:.1f} s", flush=True)
    return 0
