"""Sessions of the command line: its input, its answer, its messages and its exit status."""

import codecs
import io
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TextIO
from unittest import mock

from onetime.cli import execute
from tests.support import SOURCE, skip

BASE32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The key of the RFCs: 287082 at Unix time 59, 755224 at counter 0."""

TOTP_LINK = f"otpauth://totp/Acme:alice?secret={BASE32}&issuer=Acme"
HOTP_LINK = f"otpauth://hotp/Acme:alice?secret={BASE32}&issuer=Acme&counter=1"
PATIENCE = 30
"""Seconds after which a process counts as stuck."""


@dataclass(frozen=True, slots=True)
class Session:
    """The result of one run."""

    status: int
    out: str
    err: str


class Screen(io.StringIO):
    """An output that is a terminal of unknown size."""

    def isatty(self) -> bool:
        return True


class Input:
    """A standard input that is a pipe or, if `terminal` is true, a terminal."""

    def __init__(self, data: bytes, *, terminal: bool) -> None:
        self.buffer = io.BytesIO(data)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def fileno(self) -> int:
        return self.buffer.fileno()  # raises OSError, so a prompt is read as on Windows


def run(
    *arguments: str,
    stdin: str | bytes = b"",
    terminal: bool = False,
    encoding: str = "utf-8",
    stdout: TextIO | None = None,
) -> Session:
    """Run the command line in this process; with a `stdout` of its own, the session's `out` stays empty."""
    given = Input(stdin.encode() if isinstance(stdin, str) else stdin, terminal=terminal)
    out = io.BytesIO()
    err = io.StringIO()
    output = stdout or io.TextIOWrapper(out, encoding=encoding, newline="\n")
    with (
        mock.patch.object(sys, "stdin", given),
        mock.patch.object(sys, "stdout", output),
        mock.patch.object(sys, "stderr", err),
    ):
        try:
            status = execute(list(arguments))
        except SystemExit as end:  # argparse raises it for --help and --version
            assert isinstance(end.code, int)
            status = end.code
    # The output is not flushed here, so text that `execute` does not flush is missing from the answer.
    return Session(status, out.getvalue().decode(encoding), err.getvalue())


def environment(**more: str) -> dict[str, str]:
    """Return environment variables with which a process finds the library under test."""
    # With unbuffered output, a process would notice a closed pipe at another place.
    return {**os.environ, "PYTHONUNBUFFERED": "", "PYTHONPATH": str(SOURCE.parent), **more}


def process(*arguments: str, stdin: str = "", **more: str) -> Session:
    """Run the command line as a process of its own, with more environment variables."""
    done = subprocess.run(
        [sys.executable, "-m", "onetime", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(**more),
        timeout=PATIENCE,
        check=False,
    )
    return Session(done.returncode, done.stdout, done.stderr)


def hear_interrupts() -> None:
    """Restore Ctrl-C in a child, because processes in the background of a script ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Terminal:
    """The command line as a process on a terminal of its own; leaving the block ends it.

    Args:
        arguments: The arguments of the command line.
        size: Columns and lines of the terminal.
        folder: Working directory of the process.
    """

    def __init__(
        self, *arguments: str, size: tuple[int, int] = (80, 24), folder: str | os.PathLike[str] = "."
    ) -> None:
        self.screen = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        if sys.platform == "win32":
            skip("there are no POSIX terminals here")
        else:
            import pty
            import termios

            self.pid, self.wire = pty.fork()
            if self.pid == 0:
                # Processes in the background of a script, and their children, would ignore Ctrl-C.
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                termios.tcsetwinsize(0, size[::-1])
                os.chdir(folder)
                command = [sys.executable, "-m", "onetime", *arguments]
                os.execve(sys.executable, command, environment(COLUMNS="", NO_COLOR="1"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self.wire)  # hangs the terminal up, which ends a process that still runs
        if self.pid:
            os.waitpid(self.pid, 0)

    def type(self, text: str) -> None:
        """Type on the keyboard, or paste."""
        data = text.encode()
        while data:
            _, ready, _ = select.select([], [self.wire], [], PATIENCE)
            if not ready:
                raise AssertionError("the process does not read")
            data = data[os.write(self.wire, data[:256]) :]

    def wait_for(self, text: str) -> None:
        """Read the screen until it shows a text."""
        while text not in self.screen:
            if not self._read():
                raise AssertionError(f"the process ended without {text!r} on its screen")

    def end(self) -> int:
        """Read the screen until the process ends; return its status."""
        while self._read():
            pass
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.wire], [], [], PATIENCE)
        if not ready:
            raise AssertionError("the process is stuck")
        try:
            data = os.read(self.wire, 4096)
        except OSError:  # on Linux, this means that the process has closed the terminal
            return False
        self.screen += self.decoder.decode(data)
        return bool(data)
