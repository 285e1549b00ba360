"""The common part of the commands on a store: the store, the user, the codes, and the answer."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from onetime.cli.answers import answer, answer_json
from onetime.cli.arguments import COUNTER, Parser, add_json, add_source
from onetime.cli.messages import UsageError, end_line, tell
from onetime.cli.refusals import Attempt, words
from onetime.credential import Credential
from onetime.errors import (
    AlreadyEnrolledError,
    NotEnrolledError,
    TooManyDevicesError,
    VerificationError,
)
from onetime.provisioning.parameters import strip
from onetime.storage.sql import SQLStore
from onetime.verification.device import DEFAULT
from onetime.verification.evidence import Accepted
from onetime.verification.verifier import Verifier

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from typing import Any

MAX_CODES = 1000
"""Maximum length of the codes on standard input, in bytes."""

SILENCE = 0.1
"""Seconds without input on a pipe after which a line of codes was the last."""


def add_store(parser: Parser, *, user: bool = True) -> None:
    """Add the arguments of all commands on a store."""
    parser.add_argument("--store", required=True, metavar="FILE", help="the SQLite file with the state")
    parser.add_argument("--user", required=user, metavar="NAME", help="name of the user in the store")
    add_json(parser)


def add_verification(parser: Parser, *, counter: str = COUNTER) -> None:
    """Add the arguments of the commands that check codes; `counter` is the help of --counter."""
    parser.add_argument(
        "codes", nargs="*", metavar="CODE", help="one code, or three consecutive codes, the oldest first"
    )
    add_store(parser)
    parser.add_argument("--device", default=DEFAULT, metavar="NAME", help=f"name of the device ({DEFAULT})")
    add_source(parser, counter=counter)


def check_store(options: argparse.Namespace) -> None:
    """Raise UsageError if the store is missing, because opening it would create it."""
    if not Path(options.store).exists():
        raise UsageError("the store must exist; onetime enroll creates it")


def read_codes(options: argparse.Namespace, credential: Credential, question: str) -> list[str]:
    """Return the codes in the arguments, or those on standard input if the secret is elsewhere.

    Three codes may be in one argument or line, or on three lines.

    Returns:
        The codes; one empty code if standard input has none; no codes if standard input is not read.

    Raises:
        UsageError: Standard input ended at a prompt, or is too long.
    """
    lines = list(map(strip, options.codes))
    if not lines:
        if sys.stdin is None:
            return []
        if sys.stdin.isatty():
            lines = _asked(question)
        elif options.secret in (None, "-"):
            return []
        else:
            lines = _piped()
        lines = list(filter(None, map(strip, lines))) or [""]
    return [code for line in lines for code in _codes(line, credential.hotp.digits)]


def _asked(question: str) -> list[str]:
    """Return the lines with codes that the user types at the terminal."""
    from onetime.cli.keyboard import ask

    try:
        return ask(question, hidden=False)
    except EOFError:
        end_line()
        raise UsageError("a code must be given") from None


def _piped() -> list[str]:
    """Read a line of standard input, and all lines that come with it.

    The end of the input is not waited for, because the sender may wait for the answer first.
    """
    buffer: Any = sys.stdin.buffer  # typeshed does not know its read1
    data: bytes = b""
    while len(data) <= MAX_CODES and not (data.endswith(b"\n") and not _ready()):
        more = buffer.read1(MAX_CODES + 1 - len(data))
        if not more:
            break
        data += more
    if len(data) > MAX_CODES:
        raise UsageError(f"codes must have at most {MAX_CODES} bytes")
    # Text that is not UTF-8 is refused, because it is not a code.
    return data.decode(errors="replace").splitlines()


def _ready() -> bool:
    """Return whether standard input has more, or has ended."""
    import select

    try:
        return bool(select.select([sys.stdin], [], [], SILENCE)[0])
    except OSError:  # Windows cannot wait for a pipe
        return False


def _codes(line: str, size: int) -> list[str]:
    """Split a line that has three codes."""
    digits = "".join(line.split()).replace("-", "")
    if digits.isascii() and digits.isdigit() and len(digits) == 3 * size:
        return [digits[start : start + size] for start in range(0, 3 * size, size)]
    return [line]


def answer_verdict(
    options: argparse.Namespace,
    word: str,
    call: Callable[[Verifier], Accepted | None],
    attempt: Attempt | None = None,
) -> int:
    """Open the store, let the verifier decide, and print the evidence or the refusal.

    Args:
        options: The options for the store and the output.
        word: The answer after a success.
        call: The call of the verifier.
        attempt: The attempt; None if no codes are checked.

    Returns:
        The exit status: 0 for success, 1 for a refusal.

    Raises:
        UsageError: The store's or the user's name is malformed, or the policy does not allow the secret.
        StoreError: The state could not be read or stored.
    """
    values: dict[str, object] = {word: True}
    try:
        with SQLStore.sqlite(options.store) as store:
            verifier = Verifier(store)
            try:
                accepted = call(verifier)
                values |= {} if accepted is None else accepted.to_dict()
            except (VerificationError, NotEnrolledError, AlreadyEnrolledError, TooManyDevicesError) as error:
                values = {word: False, "reason": error.reason, **vars(error)}
                state = verifier.state(options.user)
                tell(words(error, state, attempt, verifier.policy, time.time()))
    except ValueError as error:
        raise UsageError(str(error)) from None
    if options.json:
        answer_json(values)
    elif values[word]:
        answer(word)
    return 0 if values[word] else 1
