"""Tests of the Redis store, with a real server."""

import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

from onetime import HOTP, ReplayedCodeError, Secret, Store, StoreError, VerificationError, Verifier
from onetime.testing import StoreContract
from tests.support import RFC_KEY, package, program

PATIENCE = 60
"""Maximum wait for the server, in seconds."""


class Server:
    """A Redis of the tests' own, on a socket.

    Args:
        settings: Settings that replace those that the store requires.
    """

    def __init__(self, **settings: str) -> None:
        self.example: Any = package_of_redis()
        self._program = program("redis-server")
        self._folder = tempfile.mkdtemp()
        self.url = f"unix://{self._folder}/socket"
        self._settings = {**self.example.SETTINGS, **{k.replace("_", "-"): v for k, v in settings.items()}}
        self.start()

    def start(self) -> None:
        command = [
            self._program,
            "--port",
            "0",
            "--unixsocket",
            "socket",
            "--dir",
            self._folder,
            "--save",
            "",
        ]
        for name, value in self._settings.items():
            command += [f"--{name}", value]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        client = self.example.redis.Redis.from_url(self.url)
        while True:
            try:
                client.ping()
                break
            except self.example.redis.RedisError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
        self.client: Any = client

    def kill(self) -> None:
        """Kill the server before it can store anything."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        self.client.close()
        self.kill()
        shutil.rmtree(self._folder)


def package_of_redis() -> Any:
    """Return the program, or skip the test visibly."""
    package("redis")
    from tests.examples import redis_store

    return redis_store


class Contract(StoreContract, unittest.TestCase):
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)

    def make_store(self) -> Store:
        self.server.client.flushall()
        return self.open()

    def share_store(self, store: Store) -> Store:
        return self.open()

    def open(self) -> Store:
        store: Any = self.server.example.RedisStore(self.server.url)
        self.addCleanup(store.close)
        return store  # type: ignore[no-any-return] # the package may be missing

    test_a_rollback_of_the_caller_changes_nothing: Any = None
    """Not applicable: the connections are the store's own, so the caller has no transaction on them."""


class Redis(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        package_of_redis()

    def start(self, **settings: str) -> Server:
        server = Server(**settings)
        self.addCleanup(server.close)
        return server

    def open(self, server: Server) -> Any:
        store = server.example.RedisStore(server.url)
        self.addCleanup(store.close)
        return store

    def test_a_crash(self) -> None:
        """After a crash, the state is intact with the required settings, and lost with `appendonly no`."""
        hotp = HOTP(Secret(RFC_KEY))
        for settings, forgets in ({}, False), ({"appendonly": "no"}, True):
            server = self.start(**settings)
            with mock.patch.object(server.example.RedisStore, "_check"):
                verifier = Verifier(self.open(server))
                verifier.enroll("alice", hotp, hotp.at(0))
                server.kill()
                with self.assertRaises(StoreError):
                    verifier.verify("alice", hotp, hotp.at(1))
                server.start()
                self.assertEqual(forgets, verifier.state("alice") is None)

    def test_settings(self) -> None:
        """A server is refused if any of its settings could lose data."""
        server = self.start()
        for name, other in (
            ("appendonly", "no"),
            ("appendfsync", "everysec"),
            ("no-appendfsync-on-rewrite", "yes"),
            ("maxmemory-policy", "allkeys-lru"),
        ):
            right = server.example.SETTINGS[name]
            server.client.config_set(name, other)
            with self.assertRaisesRegex(StoreError, f"the setting {name} of Redis must be {right}"):
                self.open(server)
            server.client.config_set(name, right)
        self.open(server)
        server.client.replicaof("127.0.0.1", "1")
        with self.assertRaisesRegex(StoreError, "must be the primary"):
            self.open(server)

    def test_a_full_memory(self) -> None:
        """If the memory is full, a write fails and nothing is evicted."""
        server = self.start()
        store = self.open(server)
        self.assertTrue(store.swap("otp/alice", None, "one"))
        server.client.config_set("maxmemory", "1")
        with self.assertRaises(StoreError):
            store.swap("otp/alice", "one", "two")
        self.assertEqual("one", store.get("otp/alice"))

    def test_nothing_is_retried(self) -> None:
        """A swap whose answer is lost raises an error; it does not return False."""
        server = self.start()
        store = self.open(server)
        store.swap("otp/alice", None, "one")
        # An idle connection that the server has closed costs nothing.
        server.client.client_kill_filter(_type="normal", skipme=True)
        self.assertEqual("one", store.get("otp/alice"))
        calls = []
        connection = server.example.redis.connection.UnixDomainSocketConnection
        read = connection.read_response

        def lose(self: Any, *arguments: Any, **options: Any) -> Any:
            calls.append(read(self, *arguments, **options))
            raise server.example.redis.ConnectionError

        with mock.patch.object(connection, "read_response", lose):
            with self.assertRaises(StoreError):
                store.swap("otp/alice", "one", "two")
        self.assertEqual([1], calls)
        self.assertEqual("two", store.get("otp/alice"))

    def test_at_once(self) -> None:
        """If many threads verify the same code at once, exactly one succeeds."""
        server = self.start()
        hotp = HOTP(Secret(RFC_KEY))
        verifiers = [Verifier(self.open(server)) for _ in range(2)]
        verifiers[0].enroll("alice", hotp, hotp.at(0))

        def verify(number: int) -> bool:
            try:
                verifiers[number % 2].verify("alice", hotp, hotp.at(1))
            except ReplayedCodeError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            self.assertEqual(1, sum(pool.map(verify, range(8))))
        with self.assertRaises(VerificationError):
            verifiers[1].verify("alice", hotp, "000000")

    def test_states(self) -> None:
        """Every user is listed exactly once."""
        server = self.start()
        verifier = Verifier(self.open(server))
        users = [f"user {number}" for number in range(100)]
        for user in users:
            verifier.adopt(user, HOTP(Secret(RFC_KEY)))
        self.assertEqual(sorted(users), [user for user, _ in verifier.states()])
