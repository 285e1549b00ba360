"""What `enroll` and `verify` share: the store, the user, the codes, and the answer."""

import argparse
import json
import sys
from collections.abc import Callable

from onetime.cli.arguments import Parser, UsageError, add_json, add_source, tell
from onetime.errors import AlreadyEnrolledError, NotEnrolledError, VerificationError
from onetime.storage.sql import SQLStore
from onetime.verification.evidence import Accepted
from onetime.verification.verifier import Verifier


def add_verification(parser: Parser) -> None:
    """Add the arguments of both commands."""
    parser.add_argument(
        "codes", nargs="*", metavar="CODE", help="one code, or three consecutive ones, the oldest first"
    )
    parser.add_argument("--store", required=True, metavar="FILE", help="the SQLite file that keeps the state")
    parser.add_argument("--user", required=True, metavar="NAME", help="whose credential it is")
    add_source(parser)
    add_json(parser)


def read_codes(options: argparse.Namespace) -> list[str]:
    """Take the codes from the arguments, or the one code from standard input where the secret is in a file.

    Raises:
        UsageError: There is none, or the number of codes is neither one nor three.
    """
    codes: list[str] = options.codes
    if not codes and options.secret not in (None, "-") and sys.stdin is not None:
        if sys.stdin.isatty() and sys.stderr is not None:
            print("Code: ", end="", file=sys.stderr, flush=True)
        # What is not UTF-8 is no code, and is refused as such.
        codes = [sys.stdin.buffer.readline(1000).decode(errors="replace").rstrip("\r\n")]
    if len(codes) not in (1, 3):
        raise UsageError("give one code, or three consecutive ones")
    return codes


def answer_verdict(
    options: argparse.Namespace, word: str, call: Callable[[Verifier], Accepted | None]
) -> int:
    """Open the store, let the verifier judge, and print the evidence or the refusal.

    Args:
        options: Say where the store is, and how to answer.
        word: The answer to success.
        call: What the verifier is to do.

    Returns:
        The exit status: 0 for success, 1 for a refusal.

    Raises:
        UsageError: The store's or the user's name is none, or the policy does not allow the secret.
        StoreError: The state could not be read or kept.
    """
    values: dict[str, object] = {word: True}
    try:
        with SQLStore.sqlite(options.store) as store:
            accepted = call(Verifier(store))
        values |= {} if accepted is None else accepted.to_dict()
    except (VerificationError, NotEnrolledError, AlreadyEnrolledError) as error:
        tell(str(error))
        values = {word: False, "reason": error.reason, **vars(error)}
    except ValueError as error:
        raise UsageError(str(error)) from None
    if options.json:
        print(json.dumps(values))
    elif values[word]:
        print(word)
    return 0 if values[word] else 1
