"""The command line: the only reader of arguments, standard input and the terminal.

The answer alone goes to standard output, so that it pipes; everything else goes to standard error behind
`onetime:`. Exit status: 0 done, 1 refused, 2 misused; 130 after Ctrl-C and 141 after a closed pipe, as
shells have it. No message shows a secret or a code that was given.
"""

import os
import sys
from importlib import import_module

from onetime import __version__
from onetime.cli.arguments import Parser, UsageError, tell
from onetime.errors import OnetimeError

COMMANDS = {
    "new": "make a secret, and the link that hands it over",
    "code": "show the code of a link or a secret",
    "uri": "take an otpauth:// link apart, or put one together",
    "explain": "show how a code comes about, step by step",
    "enroll": "enroll a user's credential in a store",
    "verify": "verify a user's code, once",
    "qr": "draw the QR code of a link",
    "migrate": "turn Google Authenticator's export into links, and links into an export",
    "diagnose": "find out why a code does not match",
    "demo": "show enrollment, login, and what an attacker meets",
    "playground": "show it all on a page of this machine, in a browser",
}
"""Each has a module of its name with `add_arguments(parser)` and `run(options) -> int`."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What follows the program's name; without it, the process's own.

    Returns:
        The exit status.
    """
    try:
        status = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except (UsageError, OnetimeError) as error:
        tell(str(error))
        return 2
    except UnicodeEncodeError:
        tell("standard output has no UTF-8 and cannot show the answer")
        return 2
    except OSError as error:
        # The interpreter flushes standard output once more at its end, which would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # whoever read the output has gone
            return 141
        tell(f"input or output fails: {error.strerror}")
        return 2
    except KeyboardInterrupt:
        return 130
    return status


def _run(arguments: list[str]) -> int:
    if sys.stdout is None:
        raise UsageError("standard output is closed")
    if not arguments or arguments[0].startswith("-"):
        return _front(arguments)
    name = arguments[0]
    if name not in COMMANDS:
        raise UsageError(f"no such command; there are {', '.join(COMMANDS)}")
    # Only the command that was asked for is imported: that is most of the time it takes.
    command = import_module(f"onetime.cli.{name}")
    summary = COMMANDS[name]
    parser = Parser(f"onetime {name}", f"{summary[0].upper()}{summary[1:]}.")
    command.add_arguments(parser)
    status: int = command.run(parser.read(arguments[1:]))
    return status


def _front(arguments: list[str]) -> int:
    lines = "\n".join(f"  {name:<12}{summary}" for name, summary in COMMANDS.items())
    parser = Parser(
        "onetime", f"One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238).\n\ncommands:\n{lines}"
    )
    parser.usage = "onetime COMMAND [--help] ..."
    parser.add_argument("--version", action="version", version=f"onetime {__version__}")
    parser.read(arguments)
    parser.print_help(sys.stderr)
    return 2
