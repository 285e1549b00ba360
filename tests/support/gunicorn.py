"""gunicorn, which preloads a program with a store and forks its workers."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.forks import PATIENCE, Fault, Skipped, Trial

PACKAGES = ("gunicorn==27.0.1", "psycopg[binary]==3.3.9")
ROOT = Path(__file__).parents[2]
WORKERS = 4

PROGRAM = """
from tests.support.forks import Entries, compete

store = Entries({database!r}, {path!r}, {table!r}).open()
store.swap("loaded", None, "1")

def application(environ, start_response):
    _, key, name = environ["PATH_INFO"].split(":")
    start_response("200 OK", [])
    return [(compete(store, key, name) if key else str(store.get("loaded"))).encode()]
"""


def kill_master(trial: Trial) -> None:
    """Kill the master with SIGKILL, and let its workers compete while others open and close the store.

    Raises:
        Skipped: gunicorn cannot be installed.
        Fault: An event happened that must never happen.
    """
    folder = Path(trial.folder)
    python = folder / "venv/bin/python"
    if not python.exists():
        _install(python)
    entries = trial.entries
    (folder / "program.py").write_text(
        PROGRAM.format(database=entries.database, path=entries.path, table=entries.table)
    )
    path = folder / "socket"
    options = f"--preload --workers {WORKERS} --no-control-socket --log-level error program:application"
    master = subprocess.Popen(
        [str(python), "-m", "gunicorn", "--bind", f"unix:{path}", *options.split()],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (folder, ROOT, ROOT / "src")))},
    )
    try:
        _wait(lambda: len(_children(master.pid)) == WORKERS and _ask(path, "::") == "1", "gunicorn's start")
        workers = _children(master.pid)
        with trial.open() as store:
            key = trial.prize(store)
    finally:
        master.send_signal(signal.SIGKILL)
        master.wait()
    trial.judge.get(key)
    # A worker ends when it sees that its master is gone, so not every request has an answer.
    names = [str(number) for number in range(4 * WORKERS)]
    with ThreadPoolExecutor(len(names)) as threads:
        answers = threads.map(lambda name: _ask(path, f":{key}:{name}"), names)
        outcomes = {name: answer for name, answer in zip(names, answers, strict=True) if answer}
    trial.judge.write_and_die(f"{key}/dead", "1")
    _wait(lambda: not any(Path(f"/proc/{worker}/stat").exists() for worker in workers), "the workers' end")
    if trial.judge.get("loaded", f"{key}/dead") != ["1", "1"]:
        raise Fault("an acknowledged entry is lost")
    if len(outcomes) < 2:
        raise Fault(f"too few workers answered: {outcomes}")
    trial.settle(key, outcomes)


def _install(python: Path) -> None:
    try:
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True, capture_output=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True, capture_output=True
        )
    except subprocess.CalledProcessError as error:
        raise Skipped("gunicorn cannot be installed") from error


def _children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _ask(path: Path, question: str) -> str:
    """Send a request to a worker, and return the body of its answer, or nothing."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(path))
            connection.sendall(f"GET /{question} HTTP/1.0\r\n\r\n".encode())
            answer = b""
            while more := connection.recv(4096):
                answer += more
    except OSError:
        return ""
    return answer.partition(b"\r\n\r\n")[2].decode()


def _wait(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise Fault(f"{what} took too long")
        time.sleep(0.01)
