"""Malformed requests, some hundreds of them; `python3 -m tests.soak requests` sends a hundred thousand."""

import contextlib
import io
import json
import secrets
import threading
import unittest
from collections import Counter

from onetime.playground.login import MAX_SESSIONS
from onetime.playground.search import MAX_SEARCHES
from tests.soak.requests import FAMILIES, check
from tests.support.serving import CREDENTIAL, Door, request, running, send, until

CASES = 600


class Malformed(unittest.TestCase):
    def test_an_error_each_and_nothing_grows(self) -> None:
        """Each is answered with an error, silently, and the server goes on as before."""
        seed = secrets.randbits(32)
        noise = io.StringIO()
        refused, sent = Counter[str](), Counter[str]()
        with contextlib.redirect_stderr(noise), contextlib.redirect_stdout(noise), running() as server:
            before = threading.active_count()
            door = Door.of(server)
            for number in range(CASES):
                family, was_refused = check(f"{seed} {number}", door)
                sent[family] += 1
                refused[family] += was_refused
            body = json.dumps({"credential": CREDENTIAL, "time": 59}).encode()
            (answer,) = send(door, request(door, target="/api/code", body=body))
            self.assertEqual("287082", answer.json["code"])
            self.assertLessEqual(len(server.site.interface.logins), MAX_SESSIONS)
            self.assertLessEqual(len(server.site.interface.searches._kept), MAX_SEARCHES)
            until(lambda: threading.active_count() == before)
        self.assertEqual("", noise.getvalue())
        self.assertEqual({*FAMILIES}, {*sent})
        for family in FAMILIES:
            if family not in ("mutations", "request_lines"):
                self.assertEqual(sent[family], refused[family], family)
