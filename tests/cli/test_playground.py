"""`onetime playground`."""

import http.client
import io
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from onetime.playground.server import Server
from tests.support import SOURCE
from tests.support.session import Screen, Session, Terminal, environment, run

RUNNING = "onetime: the playground runs until Ctrl-C\n"


class Playground(unittest.TestCase):
    def setUp(self) -> None:
        # The server ends at once.
        self.served = self.enterContext(mock.patch.object(Server, "serve_forever", autospec=True))
        self.browsed = threading.Event()
        self.open = self.enterContext(mock.patch("webbrowser.open", side_effect=self.browse))

    def browse(self, _: str) -> bool:
        self.browsed.set()
        return True

    def test_the_address_is_the_answer(self) -> None:
        """It is printed before anything is served, and a port that is free is taken."""
        said: list[str] = []
        screen = io.StringIO()
        flushed = mock.patch.object(screen, "flush", lambda: said.append(screen.getvalue()))
        self.served.side_effect = lambda server: said.append(server.address)
        with flushed:
            session = run("playground", stdout=screen)
        self.assertEqual(Session(0, "", RUNNING), session)
        address = said[-2]
        self.assertRegex(address, r"\Ahttp://127\.0\.0\.1:[0-9]{4,5}/\?token=[0-9a-f]{32}\Z")
        self.assertEqual([f"{address}\n", address], said[:2])

    def test_a_browser_for_a_terminal_alone(self) -> None:
        """It is opened for a person, at an address that works once, because all users see its arguments."""
        run("playground")
        run("playground", "--no-browser", stdout=Screen())
        self.open.assert_not_called()
        screen = Screen()
        run("playground", stdout=screen)
        self.assertTrue(self.browsed.wait(30))
        (address,) = self.open.call_args.args
        printed, _, token = screen.getvalue().strip().partition("?token=")
        self.assertRegex(address, rf"\A{re.escape(printed)}open/[0-9a-f]{{32}}\Z")
        self.assertNotIn(token, address)

    def test_a_browser_that_stays_in_the_terminal(self) -> None:
        """The page is served while a browser has not come back."""
        serving, returned = threading.Event(), threading.Event()
        self.served.side_effect = lambda _: serving.set()

        def stay(_: str) -> None:
            if serving.wait(30):
                returned.set()

        self.open.side_effect = stay
        run("playground", stdout=Screen())
        self.assertTrue(returned.wait(30))

    def test_a_port(self) -> None:
        """The one that is asked for; one that is taken is a clear error."""
        with Server() as other:
            port = other.server_port
            session = run("playground", "--port", str(port))
            self.assertEqual((2, ""), (session.status, session.out))
            self.assertRegex(session.err, r"\Aonetime: the port is not available: .+\n\Z")
        self.assertIn(f"http://127.0.0.1:{port}/?token=", run("playground", "--port", str(port)).out)

    def test_a_free_port(self) -> None:
        """F86: --port 0 takes a port that is free, and prints it."""
        session = run("playground", "--port", "0")
        self.assertEqual(0, session.status)
        self.assertRegex(session.out, r"\Ahttp://127\.0\.0\.1:[1-9][0-9]{3,4}/\?token=[0-9a-f]{32}\n\Z")

    def test_ports_that_are_none(self) -> None:
        """Those of the system, and what is no port."""
        for port in ("1", "80", "1023", "65536", "-1", "x", ""):
            with self.subTest(port=port):
                session = run("playground", f"--port={port}")
                self.assertEqual((2, ""), (session.status, session.out))
                self.assertIn("--port", session.err)

    def test_it_is_closed(self) -> None:
        """Ctrl-C ends it as it ends all commands, and the port is free."""
        servers: list[Any] = []

        def interrupted(server: Server) -> None:
            servers.append(server)
            raise KeyboardInterrupt

        self.served.side_effect = interrupted
        self.assertEqual(130, run("playground").status)
        self.assertEqual(-1, servers[0].socket.fileno())


class Ends(unittest.TestCase):
    def test_ctrl_c(self) -> None:
        """It ends cleanly, also with a browser that holds a connection open."""
        with Terminal("playground", "--no-browser") as terminal:
            terminal.wait_for(RUNNING.replace("\n", "\r\n"))
            found = re.search(r"127\.0\.0\.1:([0-9]+)/\?token=([0-9a-f]+)", terminal.screen)
            assert found is not None
            port = int(found[1])
            client = http.client.HTTPConnection("127.0.0.1", port)
            self.addCleanup(client.close)
            client.request("GET", "/")
            self.assertIn(b"<html", client.getresponse().read())
            terminal.type("\x03")
            self.assertEqual(130, terminal.end())
            self.assertEqual(
                f"http://127.0.0.1:{port}/?token={found[2]}\r\n{RUNNING[:-1]}\r\n^C\r\n", terminal.screen
            )
            with self.assertRaises(OSError):
                socket.create_connection(("127.0.0.1", port))

    def test_from_a_zip(self) -> None:
        """F86: the page is served from a package in a zip file, too."""
        with tempfile.TemporaryDirectory() as folder:
            archive = shutil.make_archive(str(Path(folder, "onetime")), "zip", SOURCE.parent, SOURCE.name)
            with subprocess.Popen(
                [sys.executable, "-m", "onetime", "playground", "--no-browser"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**environment(), "PYTHONPATH": archive},
                text=True,
            ) as process:
                try:
                    assert process.stdout is not None
                    found = re.search(r":([0-9]+)/", process.stdout.readline())
                    assert found is not None
                    client = http.client.HTTPConnection("127.0.0.1", int(found[1]))
                    self.addCleanup(client.close)
                    for path in ("/", "/style.css", "/script.js", "/icon.svg"):
                        client.request("GET", path)
                        answer = client.getresponse()
                        self.assertEqual(200, answer.status)
                        self.assertGreater(len(answer.read()), 100)
                finally:
                    process.terminate()
