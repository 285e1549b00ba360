"""What is said on standard error, behind `onetime:`. Standard output has the answer alone."""

import os
import sys

from onetime.cli.terminal import fitted, visible

TYPE_CHECKING = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from typing import TextIO


class UsageError(Exception):
    """The command cannot serve what it was given; the message says why."""


def tell(message: str) -> None:
    """Print a message on standard error; on a terminal with its control characters escaped."""
    if sys.stderr is None:  # print would take standard output instead
        return
    text = f"onetime: {message}"
    if sys.stderr.isatty():
        text = fitted(visible(text), sys.stderr)
    try:
        print(text, file=sys.stderr)
    except OSError:
        silence(sys.stderr)  # its reader has gone, which changes neither the answer nor the status


def prompt(text: str) -> None:
    """Print a text on standard error after which something is typed."""
    if sys.stderr is not None:
        print(text, end="", file=sys.stderr, flush=True)


def end_line() -> None:
    """End the line of a prompt that nobody answered, so that what is printed next begins a line."""
    if sys.stderr is not None and sys.stderr.isatty():
        prompt("\n")


def silence(output: "TextIO") -> None:
    """Send what is still to be written to nowhere: the interpreter flushes an output once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
