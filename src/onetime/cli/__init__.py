"""The command line: the only reader of arguments, standard input and the terminal.

The answer alone goes to standard output, so that it pipes; everything else goes to standard error behind
`onetime:`. Exit status: 0 done, 1 refused, 2 misused; 130 after Ctrl-C and 141 after a closed pipe, as
shells have it. No message shows a secret or a code that was given. `onetime.cli.answers` lists the names
that all commands have in JSON.
"""

import os
import sys
from errno import EINVAL
from importlib import import_module

from onetime import __version__
from onetime.cli.arguments import Parser
from onetime.cli.messages import UsageError, end_line, silence, tell
from onetime.errors import OnetimeError

COMMANDS = {
    "new": "make a secret, and the link that hands it over",
    "code": "show the codes of links or of a secret",
    "uri": "take an otpauth:// link apart, or put one together",
    "explain": "show how a code is computed, step by step",
    "qr": "draw the QR code of a link",
    "migrate": "turn Google Authenticator's exports into links, and back",
    "diagnose": "find out why a code does not match",
    "enroll": "enroll a user's device in a store",
    "verify": "verify a user's code, once",
    "users": "list the users of a store, and who is locked",
    "unlock": "end a user's delays and disablement",
    "forget": "remove a user, or one of the user's devices",
    "demo": "show enrollment, login, and what an attacker meets",
    "playground": "show it all on a page of this machine, in a browser",
}
"""Each has a module of its name with `EXAMPLES`, `add_arguments(parser)` and `run(options) -> int`."""

WINDOWS = os.name == "nt"
"""Whether a closed pipe is an invalid argument, as Microsoft's C library says."""


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
        tell("standard output is not UTF-8 and cannot show the answer")
        return 2
    except OSError as error:
        silence(sys.stdout)
        if isinstance(error, BrokenPipeError) or (WINDOWS and error.errno == EINVAL):
            return 141  # the reader of the output has gone
        tell(f"input or output fails: {error.strerror}")
        return 2
    except KeyboardInterrupt:
        end_line()
        return 130
    return status


def _run(arguments: list[str]) -> int:
    if sys.stdout is None:
        raise UsageError("standard output is closed")
    if not arguments or arguments[0].startswith("-"):
        return _front(arguments)
    name = arguments[0]
    if name not in COMMANDS:
        raise UsageError(f"no such command; {_resembling(name)}")
    # Only the command that was asked for is imported: that is most of the time it takes.
    command = import_module(f"onetime.cli.{name}")
    summary = COMMANDS[name]
    ending = ("", "examples:", *(f"  {example}" for example in command.EXAMPLES))
    parser = Parser(f"onetime {name}", f"{summary[0].upper()}{summary[1:]}.", ending)
    command.add_arguments(parser)
    status: int = command.run(parser.read(arguments[1:]))
    return status


def _front(arguments: list[str]) -> int:
    import textwrap

    parser = Parser("onetime", "One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238).")
    wrapper = textwrap.TextWrapper(parser.width, subsequent_indent=" " * 14)
    commands = (wrapper.fill(f"  {name:<12}{summary}") for name, summary in COMMANDS.items())
    parser.ending = ("", "commands:", *commands, "", "Help of each: onetime COMMAND --help")
    parser.usage = "onetime COMMAND [--help] ..."
    parser.add_argument("--version", action="version", version=f"onetime {__version__}")
    parser.read(arguments)
    parser.print_help(sys.stderr)
    return 2


def _resembling(name: str) -> str:
    """Return the command that was perhaps meant, or all of them."""
    from difflib import get_close_matches

    found = get_close_matches(name, COMMANDS, 1)
    return f"did you mean {found[0]}?" if found else f"there are {', '.join(COMMANDS)}"
