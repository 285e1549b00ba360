"""`onetime playground`: a page on this machine that shows how a code is computed."""

import argparse
import sys
import threading
import webbrowser

from onetime.cli.arguments import Parser, whole_number
from onetime.cli.messages import UsageError, tell
from onetime.playground.server import Server

EXAMPLES = (
    "onetime playground",
    "onetime playground --port 8000 --no-browser",
)

MIN_PORT, MAX_PORT = 1024, 65_535
"""Bounds of the port. Lower ports are reserved for the system, and browsers omit port 80 from the host."""


def add_arguments(parser: Parser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "--port",
        type=_port,
        default=0,
        metavar="N",
        help="port of the address; 0 (the default) for a free port",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")


def run(options: argparse.Namespace) -> int:
    """Print the page's address, open it in a browser, and serve it until Ctrl-C."""
    try:
        server = Server(options.port)
    except OSError as error:
        raise UsageError(f"the port is not available: {error.strerror}") from None
    with server:
        print(server.address, flush=True)
        tell("the playground runs until Ctrl-C")
        if sys.stdout.isatty() and not options.no_browser:
            # A browser in the terminal would block until it is closed.
            threading.Thread(target=webbrowser.open, args=(server.ticket(),), daemon=True).start()
        server.serve_forever()
    return 0


def _port(text: str) -> int:
    port = whole_number(text)
    if port and not MIN_PORT <= port <= MAX_PORT:
        raise argparse.ArgumentTypeError(f"must be 0 or from {MIN_PORT} to {MAX_PORT}")
    return port
