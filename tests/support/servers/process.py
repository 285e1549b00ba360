"""What the servers have in common: a program, a user, a folder, and a process that ends with its parent."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support import skip

PATIENCE = 120.0
"""Maximum wait for a server, in seconds. A loaded machine needs many times what an idle one needs."""

PAUSE = 0.05
"""Pause between two looks at a server, in seconds."""

SOCKET_PATH_SIZE = 107
"""Maximum size of the path of a Unix socket, in bytes."""


class ServerError(Exception):
    """A server did not start, or ended on its own. The text has the end of its log."""


def find_program(name: str, *patterns: str, mode: int = os.X_OK) -> str:
    """Return the path of a server's file, or skip the test visibly.

    Args:
        name: The file's name.
        patterns: Folders, relative to the root and with wildcards, that are searched before PATH. The last
            folder in the order of version numbers comes first.
        mode: What this process must be allowed to do with the file, by default to execute it.
    """
    folders = [folder for pattern in patterns for folder in Path("/").glob(pattern)]
    folders.sort(key=lambda folder: [int(part) for part in folder.parts if part.isdigit()], reverse=True)
    path = [*map(str, folders), os.environ.get("PATH", os.defpath), "/usr/sbin"]
    found = shutil.which(name, mode, os.pathsep.join(path))
    if found is None:
        skip(f"{name} is not installed")
    return found


@contextmanager
def server_folder(user: str, parent: Path | None = None) -> Iterator[Path]:
    """Make a folder that belongs to a server's user; remove it afterwards.

    Args:
        user: Name of the user, which counts only if this process runs as root.
        parent: Folder in which it is made, by default the system's for temporary files.
    """
    folder = Path(tempfile.mkdtemp(prefix="db-", dir=parent)).resolve()
    try:
        folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(folder, user, user)
        if subprocess.run([*as_user(user), "test", "-x", folder], check=False).returncode:
            raise ServerError(f"user {user} must be able to enter {folder}; a folder above it forbids that")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def socket_path(path: Path) -> Path:
    """Return the path of a Unix socket if it is not too long."""
    size = len(os.fsencode(path))
    if size > SOCKET_PATH_SIZE:
        raise ServerError(f"a socket's path must have at most {SOCKET_PATH_SIZE} bytes: {path} has {size}")
    return path


def as_user(user: str) -> list[str]:
    """Return the beginning of a command that runs without root's privileges and ends with its parent."""
    command = ["setpriv", "--pdeathsig", "KILL"]
    if os.geteuid() == 0:
        command += ["--reuid", user, "--regid", user, "--init-groups"]
    return [*command, "--"]


def run_as(user: str, command: Sequence[str | Path], folder: Path) -> str:
    """Run a program to its end in a folder and return what it printed.

    Raises:
        ServerError: It failed.
    """
    done = subprocess.run(
        [*as_user(user), *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise ServerError(f"{Path(command[0]).name} ended with status {done.returncode}:\n{done.stdout}")
    return done.stdout


def answer(command: Sequence[str | Path]) -> str:
    """Return what a client of a server prints for a query.

    Raises:
        ServerError: The client failed.
    """
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if done.returncode:
        raise ServerError(done.stderr.strip())
    return done.stdout.strip()


def succeeds(query: Callable[[], object]) -> bool:
    """Return whether a query has an answer and the answer is not empty or false."""
    try:
        return bool(query())
    except ServerError:
        return False


class Process:
    """A running server.

    The system kills it when this process ends, however that comes about. The signal is sent when the thread
    ends that started the server, so only the main thread may start one.

    Attributes:
        pid: The process id.
    """

    def __init__(self, user: str, command: Sequence[str | Path], folder: Path) -> None:
        """Start a server.

        Args:
            user: Name of the user that it runs as if this process runs as root.
            command: Program and arguments. It must stay in the foreground.
            folder: Folder in which it runs and in which its `log` is written.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("a server must be started by the main thread")
        self._log = folder / "log"
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [*as_user(user), *command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait until a condition holds.

        Raises:
            ServerError: The server ended, or the condition did not hold within `PATIENCE`.
        """
        deadline = time.monotonic() + PATIENCE
        while not ready():
            status = self._process.poll()
            if status is not None or time.monotonic() > deadline:
                end = self._log.read_text(errors="replace")[-4000:]
                what = (
                    f"was not ready after {PATIENCE} s" if status is None else f"ended with status {status}"
                )
                raise ServerError(f"the server {what}; its log ends with:\n{end}")
            time.sleep(PAUSE)

    def stop(self, number: signal.Signals) -> None:
        """Send a signal that ends the server, and kill what is left after a while."""
        if self._process.poll() is None:
            self._process.send_signal(number)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """Kill the server and all its children with SIGKILL, as a crash would, and wait for their end."""
        if self._process.poll() is not None:
            return
        # A stopped server makes no new children while the others are collected.
        self._process.send_signal(signal.SIGSTOP)
        family = _descendants(self.pid)
        self._process.kill()
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()
        deadline = time.monotonic() + PATIENCE
        while any(_state(pid) not in "ZX" for pid in family):
            if time.monotonic() > deadline:
                raise ServerError(f"a killed server's children did not end within {PATIENCE} s")
            time.sleep(PAUSE)


def _descendants(ancestor: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        fields = _status(int(path.name))
        if fields:
            children.setdefault(int(fields[1]), []).append(int(path.name))
    found = list(children.get(ancestor, ()))
    for pid in found:
        found += children.get(pid, ())
    return found


def _state(pid: int) -> str:
    """Return the letter of a process's state; X, dead, for one that is gone."""
    return (_status(pid) or "X")[0]


def _status(pid: int) -> list[str]:
    """Return state, parent and the further fields of a process; none if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
