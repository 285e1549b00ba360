"""What is said on standard error, behind `onetime:`. Standard output has the answer alone."""

import sys

from onetime.cli.terminal import fitted, visible


class UsageError(Exception):
    """The command cannot serve what it was given; the message says why."""


def tell(message: str) -> None:
    """Print a message on standard error; on a terminal with its control characters escaped."""
    if sys.stderr is None:  # print would take standard output instead
        return
    text = f"onetime: {message}"
    if sys.stderr.isatty():
        text = fitted(visible(text), sys.stderr)
    print(text, file=sys.stderr)


def prompt(text: str) -> None:
    """Print a text on standard error after which something is typed."""
    if sys.stderr is not None:
        print(text, end="", file=sys.stderr, flush=True)


def end_line() -> None:
    """End the line of a prompt that nobody answered, so that what is printed next begins a line."""
    if sys.stderr is not None and sys.stderr.isatty():
        prompt("\n")
