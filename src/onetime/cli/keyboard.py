"""Lines that a user types or pastes at a terminal."""

import os
import sys
from contextlib import contextmanager, suppress

from onetime.cli.messages import UsageError, end_line, prompt

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAUSE = 0.1
"""Seconds without input after which a paste has ended."""

MAX_LINE = 4095
"""Length in bytes of the longest line that a terminal passes on; a longer line is cut to it."""

_LOCAL_MODES = 3
"""Index of the local modes in the attributes of a terminal."""


def ask(question: str, another: str = "", *, hidden: bool = True) -> list[str]:
    """Read a line from the terminal, and all lines that are pasted with it.

    Args:
        question: The prompt.
        another: The prompt for each further line, until the user enters an empty line; empty to ask once.
        hidden: Whether the terminal hides the typed lines. If not, what is typed after an empty line is left
            to the next program, and so is a second line without a line break.

    Returns:
        At least one line, without line breaks.

    Raises:
        EOFError: The first line is missing.
        OSError: The terminal cannot be used.
        UnicodeDecodeError: A hidden line is not UTF-8.
        UsageError: A line may have been cut.
    """
    try:
        import termios

        descriptor = sys.stdin.fileno()
    except (ImportError, OSError):  # Windows has no termios
        return _lines(question, another, _asker(hidden), lambda _: None)
    try:
        return _ask(descriptor, question, another, hidden=hidden)
    except termios.error as error:  # it is not an OSError
        raise OSError(*error.args) from None


def _ask(descriptor: int, question: str, another: str, *, hidden: bool) -> list[str]:
    """Read lines from a terminal."""
    import select
    import termios

    modes = termios.tcgetattr(descriptor)
    echo = termios.ECHO if hidden else 0
    begun = b""  # what was read but not used

    def switch_off(local_modes: int) -> None:
        changed = [*modes]
        changed[_LOCAL_MODES] &= ~local_modes
        termios.tcsetattr(descriptor, termios.TCSADRAIN, changed)

    def hide_again(_: int, __: object) -> None:
        with suppress(termios.error):
            switch_off(echo)

    def ready(seconds: float) -> bool:
        return bool(select.select([descriptor], [], [], seconds)[0])

    def read() -> bytes:
        """Read a line with its line break; an empty or incomplete line if the user presses Ctrl-D."""
        nonlocal begun
        line = begun
        while b"\n" not in line:
            more = os.read(descriptor, MAX_LINE + 1)
            if not more:
                break
            line += more
        line, end, begun = line.partition(b"\n")
        if len(line) >= MAX_LINE:
            raise UsageError(f"a line at a terminal must have fewer than {MAX_LINE} bytes; give a file")
        return line + end

    def ask_one(text: str) -> str:
        _show(text, descriptor)
        line = read()
        if hidden and line:
            _show("\n", descriptor)  # instead of the line break that was typed
        if not line:
            raise EOFError
        return decoded(line)

    def pasted(lines: list[str]) -> str | None:
        nonlocal begun
        if not hidden and not lines[0].strip():
            return None
        if b"\n" in begun or ready(PAUSE):
            return decoded(read()) or None
        if not hidden and len(lines) == 1:
            return None
        # The last line of a paste may have no line break, or a pause. The user must end it.
        switch_off(echo | termios.ICANON)
        if ready(0):
            begun += os.read(descriptor, MAX_LINE)
        switch_off(echo)
        return ask_one(another or question) if begun else None

    def decoded(line: bytes) -> str:
        return line.decode(errors="strict" if hidden else "replace")

    try:
        with _when_continued(hide_again):
            switch_off(echo)
            return _lines(question, another, ask_one, pasted)
    finally:
        with suppress(termios.error):  # the terminal may have been closed
            # Hidden input that was not read would reach the shell, which would show and store it.
            termios.tcsetattr(descriptor, termios.TCSAFLUSH if hidden else termios.TCSADRAIN, modes)


@contextmanager
def _when_continued(handler: "Callable[[int, object], None]") -> "Iterator[None]":
    """Call a handler when the process continues after Ctrl-Z, because shells switch the echo on."""
    import signal

    try:
        before = signal.signal(signal.SIGCONT, handler)
    except ValueError:  # this is not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGCONT, before or signal.SIG_DFL)


def _lines(
    question: str,
    another: str,
    ask_one: "Callable[[str], str]",
    pasted: "Callable[[list[str]], str | None]",
) -> list[str]:
    """Return the lines; an empty line ends the input unless another line is pasted after it."""
    lines = [ask_one(question)]
    while True:
        line = pasted(lines)
        if line is None:
            if not another or not lines[-1].strip():
                break
            try:
                line = ask_one(another)
            except EOFError:
                end_line()
                break
        lines.append(line)
    return [line.removesuffix("\n") for line in lines]


def _show(text: str, descriptor: int) -> None:
    """Write to the terminal, even if standard error goes elsewhere."""
    if sys.stderr is not None and sys.stderr.isatty():
        prompt(text)
        return
    try:
        os.write(descriptor, text.encode())
    except OSError:  # the terminal is open for reading only
        prompt(text)


def _asker(hidden: bool) -> "Callable[[str], str]":
    """Return a function that asks for a line without the help of the terminal."""
    if hidden:
        from getpass import getpass

        return getpass
    return _ask_openly


def _ask_openly(question: str) -> str:
    prompt(question)
    line: bytes = sys.stdin.buffer.readline(MAX_LINE)
    if not line:
        raise EOFError
    return line.decode(errors="replace")
