"""Lines that a user types or pastes at a terminal."""

import os
import sys

from onetime.cli.messages import end_line, prompt

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE = 0.1
"""Seconds without input after which a paste has ended."""

MAX_LINE = 4096
"""Maximum length of a line that a terminal passes on, in bytes."""

_LOCAL_MODES = 3
"""Index of the local modes in the attributes of a terminal."""


def ask(question: str, another: str = "", *, hidden: bool = True) -> list[str]:
    """Read a line from the terminal, and all lines that are pasted with it.

    Args:
        question: The prompt.
        another: The prompt for each further line, until the user enters an empty line; empty to ask once.
        hidden: Whether the terminal hides the typed lines.

    Returns:
        At least one line, without line breaks.

    Raises:
        EOFError: There is no first line.
        UnicodeDecodeError: A hidden line is not UTF-8.
    """
    try:
        import select
        import termios

        descriptor = sys.stdin.fileno()
    except (ImportError, OSError):  # Windows has no termios
        return _lines(question, another, _asker(hidden), lambda: None)
    modes = termios.tcgetattr(descriptor)
    echo = termios.ECHO if hidden else 0

    def switch_off(local_modes: int) -> None:
        changed = [*modes]
        changed[_LOCAL_MODES] &= ~local_modes
        termios.tcsetattr(descriptor, termios.TCSADRAIN, changed)

    def ready(seconds: float) -> bool:
        return bool(select.select([descriptor], [], [], seconds)[0])

    def ask_one(text: str) -> str:
        _show(text, descriptor)
        line = _line(descriptor)
        if hidden and line:
            _show("\n", descriptor)  # instead of the line break that was typed
        if not line:
            raise EOFError
        return decoded(line)

    def pasted() -> str | None:
        if ready(PAUSE):
            return decoded(_line(descriptor)) or None
        # The last line of a paste may have no line break.
        switch_off(echo | termios.ICANON)
        line = os.read(descriptor, MAX_LINE) if ready(0) else b""
        switch_off(echo)
        return decoded(line) or None

    def decoded(line: bytes) -> str:
        return line.decode(errors="strict" if hidden else "replace")

    switch_off(echo)
    try:
        return _lines(question, another, ask_one, pasted)
    finally:
        # Hidden input that was not read would reach the shell, which would show and store it.
        termios.tcsetattr(descriptor, termios.TCSAFLUSH if hidden else termios.TCSADRAIN, modes)


def _lines(
    question: str, another: str, ask_one: "Callable[[str], str]", pasted: "Callable[[], str | None]"
) -> list[str]:
    """Return the lines; an empty line ends the input unless another line is pasted after it."""
    lines = [ask_one(question)]
    while True:
        line = pasted()
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


def _line(descriptor: int) -> bytes:
    """Read a line with its line break; an empty or incomplete line if the user presses Ctrl-D."""
    line = b""
    while not line.endswith(b"\n"):
        more = os.read(descriptor, MAX_LINE)
        if not more:
            break
        line += more
    return line


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
