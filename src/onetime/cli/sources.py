"""The input of commands: a link or a secret from the arguments, a file, standard input or a prompt."""

import argparse
import sys
import time

from onetime.cli.messages import UsageError, end_line, tell
from onetime.errors import OnetimeError, SecretError
from onetime.hotp import HOTP
from onetime.provisioning.parameters import strip
from onetime.provisioning.uri import Account, parse, split
from onetime.secret import READERS, Secret
from onetime.totp import TOTP

MAX_INPUT = 1 << 20
"""Maximum size of a file or of standard input, in bytes: far larger than any secret or link."""

LONG = 16
"""Minimum number of hexadecimal digits for a hint that a secret may not be base32 (64 bits)."""

SHORT = 8
"""Minimum length of the name of a missing file that may be a secret, in characters (40 bits of base32)."""

EXPORT = "an export holds several accounts; onetime migrate turns it into links"
"""The hint if an export is given instead of a link or a secret."""


def read_text(
    options: argparse.Namespace,
    prompt: str = "Link or secret: ",
    another: str = "",
    *,
    several: bool = False,
) -> str:
    """Read the link or secret: the argument, a file, standard input, or a hidden prompt.

    Args:
        options: The options for the source.
        prompt: The prompt on a terminal.
        another: The prompt for each further line, until the user enters an empty line; empty to ask once.
        several: Whether the command takes several lines at the prompt.

    Returns:
        The text without surrounding white space and invisible characters. A secret in the form of text keeps
        its white space, except for the line break at the end of a file.

    Raises:
        UsageError: The input is missing or is not text, or the prompt has too many lines.
    """
    text = _argument(options) if options.link is not None else _given(options, prompt, another, several)
    if getattr(options, "format", None) != "text":
        return strip(text)
    text = text.removeprefix("\ufeff")
    # The line break at the end comes from an editor or from echo.
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def looks_like_link(text: str) -> bool:
    """Return whether a text is a link, valid or not, instead of a secret."""
    return "://" in text or text[:7].lower() == "otpauth"


def is_export(text: str) -> bool:
    """Return whether a link is an export of several accounts."""
    return text[:18].lower() == "otpauth-migration:"


def is_link(options: argparse.Namespace, text: str) -> bool:
    """Return whether a link was given: as an argument, or as text with a scheme and without --format."""
    return options.link is not None or (options.format is None and looks_like_link(text))


def read_account(options: argparse.Namespace, text: str) -> Account:
    """Return the account of a link, or of a secret with the options that describe it.

    Raises:
        UsageError: An option is out of range or must not be used with the input, or there are several links.
        OnetimeError: The link or secret is wrong.
    """
    account, *more = read_accounts(options, text)
    if more:
        raise UsageError("give only one link")
    return account


def read_accounts(options: argparse.Namespace, text: str) -> list[Account]:
    """Return the accounts of links, one on each line, or of a secret with the options that describe it.

    Raises:
        UsageError: An option is out of range or must not be used with the input, the input is an export, or
            one of several links is wrong.
        OnetimeError: The link or secret is wrong.
    """
    if not is_link(options, text):
        return [Account("", make_credential(options, _secret(options, text)), counter=options.counter or 0)]
    for name in ("format", "digits", "algorithm", "period", "t0", "hotp"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name} must not be given with a link, which already has this setting")
    several = sum(looks_like_link(piece) for piece in text.split()) > 1
    links = split(text) if several else (text,)
    if any(map(is_export, links)):
        raise UsageError(EXPORT)
    if not several:
        accounts = [parse(text)]
    elif options.counter is not None:
        raise UsageError("--counter must be used with one link only")
    else:
        accounts = [_numbered(number, link) for number, link in enumerate(links, 1)]
    if options.counter is not None and isinstance(accounts[0].credential, TOTP):
        raise UsageError("the link is of a TOTP, which has no counter")
    return accounts


def make_credential(options: argparse.Namespace, secret: Secret) -> HOTP | TOTP:
    """Return the credential that the options describe: an HOTP with --hotp or --counter, otherwise a TOTP.

    Raises:
        UsageError: An option is out of range, or does not fit the others.
    """
    given = {name: value for name, value in vars(options).items() if value is not None}
    parts = {name: given[name] for name in ("digits", "algorithm", "period", "t0") if name in given}
    try:
        if options.counter is None and not options.hotp:
            return TOTP(secret, **parts)
        if "period" in parts or "t0" in parts:
            raise UsageError("--period and --t0 must not be used with an HOTP (--hotp or --counter)")
        return HOTP(secret, **parts)
    except ValueError as error:
        raise UsageError(str(error)) from None


def read_moving_factor(options: argparse.Namespace, account: Account) -> int:
    """Return the counter or step: that of the options, that of the link, or that of the current time.

    Raises:
        UsageError: The time is before t0, or was given for an HOTP.
    """
    if isinstance(account.credential, HOTP):
        if options.at is not None:
            raise UsageError("--at must be used with a TOTP; an HOTP has a counter instead")
        return account.counter if options.counter is None else int(options.counter)
    try:
        return account.credential.step(time.time() if options.at is None else options.at)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _argument(options: argparse.Namespace) -> str:
    """Return the link among the arguments, and print a warning."""
    if options.secret is not None:
        raise UsageError("give either a link or a file, not both")
    link = str(options.link)
    if strip(link)[:7].lower() != "otpauth":
        raise UsageError(
            "the argument must be an otpauth:// link; give a secret on standard input, with --secret FILE, "
            "or at the prompt, because other users of the machine can see arguments"
        )
    tell(
        "other users of the machine can see a link among the arguments, and the shell stores it in its "
        "history; standard input is safer"
    )
    return link


def _given(options: argparse.Namespace, prompt: str, another: str, several: bool) -> str:
    """Read a file, standard input, or a hidden prompt."""
    try:
        if options.secret not in (None, "-"):
            with open(options.secret, "rb") as file:  # noqa: PTH123 - pathlib would slow every start
                data = file.read(MAX_INPUT + 1)
        elif sys.stdin is None:
            raise UsageError("standard input is closed")
        elif sys.stdin.isatty():
            from onetime.cli.keyboard import ask

            lines = ask(prompt, another)
            return "\n".join(lines) if several else _only(lines)
        else:
            data = sys.stdin.buffer.read(MAX_INPUT + 1)
        if len(data) > MAX_INPUT:
            raise UsageError(f"a link or secret must have at most {MAX_INPUT} bytes")
        return data.decode()
    except OSError as error:
        there = isinstance(error, PermissionError | IsADirectoryError)
        hint = "" if there or options.secret is None else _misplaced(options.secret)
        raise UsageError(f"the link or secret cannot be read: {error.strerror}{hint}") from None
    except EOFError:
        end_line()
        raise UsageError("a link or secret must be given") from None
    except UnicodeDecodeError:
        raise UsageError("the input must be text in UTF-8") from None


def _only(lines: list[str]) -> str:
    """Return the line that is not empty; a link or secret on several lines would be cut."""
    full = [line for line in lines if line.strip()]
    if len(full) > 1:
        raise UsageError("only one line with a link or secret must be given")
    return full[0] if full else lines[0]


def _misplaced(name: str) -> str:
    """Return a hint if the name of a file that cannot be read looks like a secret or a link."""
    if not (looks_like_link(name) or (len(name) >= SHORT and _compact(name).rstrip("=").isalnum())):
        return ""
    return (
        "; --secret takes the name of a file, and other users of the machine can see arguments: give a "
        "secret on standard input or at the prompt"
    )


def _secret(options: argparse.Namespace, text: str) -> Secret:
    """Parse a secret, and print a hint if it may be hexadecimal instead of base32."""
    hint = _hex_hint(text) if options.format is None else ""
    try:
        secret = READERS[options.format or "base32"](text)
    except SecretError as error:
        if hint:
            raise UsageError(f"{error}; {hint}") from None
        raise
    if hint:
        tell(f"the secret was read as base32; {hint}")
    return secret


def _hex_hint(text: str) -> str:
    """Return a hint if a text is written as hexadecimal, or is long and has only hexadecimal digits."""
    compact = _compact(text).lower()
    digits = compact.replace("0x", "").replace("\\x", "")
    marked = digits != text.replace(" ", "").replace("-", "").lower()
    if (
        not digits
        or digits.strip("0123456789abcdef")
        or len(digits) % 2
        or not (marked or len(digits) >= LONG)
    ):
        return ""
    return "if it is hexadecimal, give --format hex" + (" and only its digits" if marked else "")


def _compact(text: str) -> str:
    return text.translate({ord(separator): None for separator in " -:,"})


def _numbered(number: int, link: str) -> Account:
    try:
        return parse(link)
    except OnetimeError as error:
        raise UsageError(f"link {number}: {error}") from None
