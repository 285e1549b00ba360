"""What a command is given: the options that describe a credential, and the link or secret itself."""

import argparse
import sys
import time

from onetime.algorithm import Algorithm
from onetime.hotp import HOTP, LAST_MOVING_FACTOR
from onetime.provisioning.uri import Account, parse
from onetime.secret import Secret
from onetime.totp import TOTP

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import NoReturn

MAX_INPUT = 1 << 20
"""The most that is read from a file or standard input, in bytes: far over any secret or link."""

FORMATS = {
    "base32": Secret.from_base32,
    "hex": Secret.from_hex,
    "base64": Secret.from_base64,
    "text": Secret.from_text,
}


class UsageError(Exception):
    """The command cannot serve what it was given; the message says why."""


def tell(message: str) -> None:
    """Say on standard error what is not the answer."""
    if sys.stderr is not None:  # print would take standard output instead
        print(f"onetime: {message}", file=sys.stderr)


class Parser(argparse.ArgumentParser):
    """An argument parser that quotes nothing of what it was given: a secret may stand in the wrong place."""

    def __init__(self, name: str, description: str) -> None:
        super().__init__(
            prog=name,
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def read(self, arguments: list[str]) -> argparse.Namespace:
        """Read arguments; any that is wrong is `UsageError`."""
        options, rest = self.parse_known_args(arguments)
        if rest:
            raise UsageError(f"an argument too many, or an unknown option; see {self.prog} --help")
        return options

    def exit(self, status: int = 0, message: str | None = None) -> "NoReturn":
        """End after --help or --version; what they printed is out, or an error that `main` knows."""
        sys.stdout.flush()
        super().exit(status, message)

    def error(self, message: str) -> "NoReturn":
        """Raise what argparse would print, without what it quotes."""
        raise UsageError(message.partition(" '")[0].partition(' "')[0])


def add_link(parser: Parser) -> None:
    """Add the argument that may be a link."""
    parser.add_argument(
        "link",
        nargs="?",
        metavar="LINK",
        help="an otpauth:// link; other users of the machine can see it here, so better give it, or a "
        "secret, on standard input, in a file, or at the prompt",
    )


def add_secret(parser: Parser) -> None:
    """Add the option for a file with the link or secret."""
    parser.add_argument(
        "--secret", metavar="FILE", help="read the link or secret from a file; - is standard input"
    )


def add_source(parser: Parser) -> None:
    """Add the options that say where the link or secret comes from, and how to read it."""
    parser.set_defaults(link=None)
    add_secret(parser)
    parser.add_argument("--format", type=_format, metavar="|".join(FORMATS), help="form of a secret (base32)")
    add_credential(parser)
    parser.add_argument("--t0", type=whole_number, metavar="SECONDS", help="Unix time of step 0 (0)")


def add_credential(parser: Parser) -> None:
    """Add the options that describe a credential; the defaults are in brackets."""
    parser.add_argument("--digits", type=whole_number, metavar="N", help="length of a code, 6 to 10 (6)")
    parser.add_argument("--algorithm", type=_algorithm, metavar="NAME", help=f"{', '.join(Algorithm)} (SHA1)")
    parser.add_argument(
        "--period", type=whole_number, metavar="SECONDS", help="length of a step of a TOTP (30)"
    )
    parser.add_argument("--counter", type=whole_number, metavar="N", help="a HOTP, at this counter")


def add_moment(parser: Parser) -> None:
    """Add the option for the moment of a TOTP; the counter of a HOTP is among the credential's."""
    parser.add_argument(
        "--at",
        type=moment,
        metavar="TIME",
        help="Unix time in seconds, or a date and time such as 2026-11-22T10:00:00Z (now)",
    )


def add_json(parser: Parser) -> None:
    """Add the option for answers that a program reads."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def whole_number(text: str) -> int:
    """Read an option that is a number: digits and nothing else."""
    if not (text.isascii() and text.isdigit() and len(text) <= 20 and int(text) <= LAST_MOVING_FACTOR):
        raise argparse.ArgumentTypeError("must be a whole number below 2^64")
    return int(text)


def moment(text: str) -> "int | datetime":
    """Read an option that is a time: Unix seconds, or ISO 8601 with an offset from UTC."""
    if text.isascii() and text.isdigit():
        return whole_number(text)
    from datetime import datetime

    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.utcoffset() is None:
        raise argparse.ArgumentTypeError(
            "must be Unix time in seconds, or a date and time with its offset, such as "
            "2026-11-22T10:00:00Z or 2026-11-22T11:00:00+01:00"
        )
    return time


def read_text(options: argparse.Namespace, prompt: str = "Link or secret: ") -> str:
    """Read the link or secret: the argument, a file, standard input, or a hidden prompt.

    Raises:
        UsageError: There is nothing to read, or it is no text.
    """
    if options.link is not None:
        if options.secret is not None:
            raise UsageError("there is a link, and a file to read one from; give one of them")
        if not options.link.lower().startswith("otpauth"):
            raise UsageError(
                "the argument is no otpauth:// link; a secret is read from standard input, --secret FILE, "
                "or the prompt, because other users of the machine can see arguments"
            )
        tell(
            "other users of the machine can see a link among the arguments, and the shell keeps it; "
            "standard input is safer"
        )
        return str(options.link)
    try:
        if options.secret not in (None, "-"):
            with open(options.secret, "rb") as file:  # noqa: PTH123 - pathlib would slow every start
                data = file.read(MAX_INPUT + 1)
        elif sys.stdin is None:
            raise UsageError("standard input is closed")
        elif sys.stdin.isatty():
            from getpass import getpass

            return getpass(prompt)
        else:
            data = sys.stdin.buffer.read(MAX_INPUT + 1)
        if len(data) > MAX_INPUT:
            raise UsageError(f"a link or secret has at most {MAX_INPUT} bytes")
        text = data.decode()
    except OSError as error:
        raise UsageError(f"the link or secret cannot be read: {error.strerror}") from None
    except EOFError:
        raise UsageError("nothing was given") from None
    except UnicodeDecodeError:
        raise UsageError("what was read is not text in UTF-8") from None
    # The newline at the end is the editor's or echo's.
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def looks_like_link(text: str) -> bool:
    """Tell a link, right or wrong, from a secret."""
    return "://" in text or text.lower().startswith("otpauth")


def is_link(options: argparse.Namespace, text: str) -> bool:
    """Tell a link from a secret: it is an argument, or has a scheme and no --format of a secret."""
    if options.link is not None:
        return True
    return options.format is None and looks_like_link(text)


def read_account(options: argparse.Namespace, text: str) -> Account:
    """Read a link; or a secret, with the options that describe it.

    Raises:
        UsageError: The options do not fit.
        OnetimeError: The link or secret is wrong.
    """
    if is_link(options, text):
        for name in ("format", "digits", "algorithm", "period", "t0"):
            if getattr(options, name) is not None:
                raise UsageError(f"a link says this itself: --{name}")
        account = parse(text)
        if isinstance(account.credential, TOTP) and options.counter is not None:
            raise UsageError("the link is of a TOTP, which has no counter")
        return account
    secret = (options.format or Secret.from_base32)(text)
    return Account("", make_credential(options, secret), counter=options.counter or 0)


def make_credential(options: argparse.Namespace, secret: Secret) -> HOTP | TOTP:
    """Make the credential that the options describe: a HOTP if there is a counter, else a TOTP.

    Raises:
        UsageError: An option is out of range, or does not fit the others.
    """
    given = {name: value for name, value in vars(options).items() if value is not None}
    parts = {name: given[name] for name in ("digits", "algorithm", "period", "t0") if name in given}
    try:
        if options.counter is None:
            return TOTP(secret, **parts)
        if "period" in parts or "t0" in parts:
            raise UsageError("a HOTP (--counter) has neither --period nor --t0")
        return HOTP(secret, **parts)
    except ValueError as error:
        raise UsageError(str(error)) from None


def read_moving_factor(options: argparse.Namespace, account: Account) -> int:
    """Tell which counter or step the options ask for: the given one, the link's, or that of this moment.

    Raises:
        UsageError: The time is before t0, or given for a HOTP.
    """
    if isinstance(account.credential, HOTP):
        if options.at is not None:
            raise UsageError("a HOTP goes by its counter; --at is for a TOTP")
        return account.counter if options.counter is None else int(options.counter)
    try:
        return account.credential.step(time.time() if options.at is None else options.at)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _format(text: str) -> "Callable[[str], Secret]":
    if text not in FORMATS:
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(FORMATS)}")
    return FORMATS[text]


def _algorithm(text: str) -> Algorithm:
    try:
        return Algorithm(text)
    except ValueError as error:
        message = str(error)
    raise argparse.ArgumentTypeError(message)
