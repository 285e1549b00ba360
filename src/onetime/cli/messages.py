"""Messages on standard error, which begin with `onetime:`. Standard output has only the answer."""

import os
import sys

from onetime.cli.terminal import fitted, visible

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from typing import TextIO


class UsageError(Exception):
    """The command cannot use its input; the message says why."""


def tell(message: str) -> None:
    """Print a message on standard error; on a terminal, escape its control characters."""
    if sys.stderr is None:  # print would use standard output instead
        return
    text = f"onetime: {message}"
    if sys.stderr.isatty():
        text = fitted(visible(text), sys.stderr)
    try:
        print(text, file=sys.stderr)
    except OSError:
        silence(sys.stderr)  # its reader has ended, which changes neither the answer nor the status


def prompt(text: str) -> None:
    """Print a prompt on standard error."""
    if sys.stderr is not None:
        print(text, end="", file=sys.stderr, flush=True)


def end_line() -> None:
    """End the line of an unanswered prompt, so that the next output begins on a new line."""
    if sys.stderr is not None and sys.stderr.isatty():
        prompt("\n")


def silence(output: "TextIO") -> None:
    """Discard pending output, because the interpreter flushes an output once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
