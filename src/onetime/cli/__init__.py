"""The command line: the only code that reads arguments, standard input and the terminal.

Only the answer goes to standard output, so that other programs can read it. All other messages go to standard
error, after `onetime:`. The exit status is 0 for success, 1 for a refusal and 2 for wrong usage; 130 after
Ctrl-C and 141 after a closed pipe, as in shells. No message shows a secret or a code from the input.
`onetime.cli.answers` lists the names in the JSON of all commands.
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
    "new": "generate a secret, and its link for an app",
    "code": "show the codes of links or of a secret",
    "uri": "show the parts of an otpauth:// link, or build one",
    "explain": "show how a code is computed, step by step",
    "qr": "draw the QR code of a link",
    "migrate": "turn Google Authenticator's exports into links, and back",
    "diagnose": "find out why a code does not match",
    "enroll": "enroll a user's device in a store",
    "verify": "verify a user's code, and accept it once",
    "users": "list the users of a store, and who is locked",
    "unlock": "end a user's delays and disablement",
    "forget": "remove a user, or one of the user's devices",
    "demo": "demonstrate enrollment, login and an attack",
    "playground": "show how codes work, on a local page in a browser",
}
"""The commands. Each has a module of the same name with `EXAMPLES`, `add_arguments(parser)` and `run(options)
-> int`."""

WINDOWS = os.name == "nt"
"""Whether a closed pipe is reported as an invalid argument, as by Microsoft's C library."""


def main() -> None:
    """Run the command in the arguments of the process, and exit with its status.

    The status cannot be lost in a program that ignores what an entry point returns, such as a zipapp.

    Raises:
        SystemExit: Always.
    """
    sys.exit(execute(sys.argv[1:]))


def execute(arguments: list[str]) -> int:
    """Run one command.

    Args:
        arguments: The arguments after the program's name.

    Returns:
        The exit status.
    """
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except (UsageError, OnetimeError) as error:
        tell(str(error))
        return 2
    except UnicodeEncodeError:
        tell("standard output must be UTF-8 to show the answer")
        return 2
    except OSError as error:
        silence(sys.stdout)
        if isinstance(error, BrokenPipeError) or (WINDOWS and error.errno == EINVAL):
            return 141  # the reader of the output has ended
        tell(f"input or output failed: {error.strerror}")
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
        raise UsageError(f"unknown command; {_resembling(name)}")
    # Only this command is imported, because imports take most of the time.
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
    parser.ending = ("", "commands:", *commands, "", "Help on each: onetime COMMAND --help")
    parser.usage = "onetime COMMAND [--help] ..."
    parser.add_argument("--version", action="version", version=f"onetime {__version__}")
    parser.read(arguments)
    parser.print_help(sys.stderr)
    return 2


def _resembling(name: str) -> str:
    """Return a suggestion of a similar command, or a list of all commands."""
    from difflib import get_close_matches

    found = get_close_matches(name, COMMANDS, 1)
    return f"did you mean {found[0]}?" if found else f"the commands are {', '.join(COMMANDS)}"
