"""No connection crosses a fork: the gate step by step, and real forks with real databases."""

import gc
import os
import re
import subprocess
import sys
import threading
import unittest
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from onetime.errors import StoreError
from onetime.storage import fork, sqlite
from onetime.storage.fork import ForkGate, Lease
from tests.soak.fork import SCENARIOS, SQLITE_ONLY, gunicorn
from tests.support import cpython, posix
from tests.support.postgres import Postgres

ROOT = Path(__file__).parents[2]
PATIENCE = 120
"""Seconds after which a scenario counts as one that hangs."""

ROUNDS = {"daemon": 2, "dropped": 2, "no_handlers": 2, "signal_handler": 2}
"""Rounds of the scenarios whose rounds differ; the others have one."""


class Connection:
    """A connection that says whether it was closed."""

    def __init__(self, meanwhile: Callable[[], object] = bool) -> None:
        self.closed = False
        self.meanwhile = meanwhile

    def close(self) -> None:
        self.closed = True
        self.meanwhile()


class GateTest(unittest.TestCase):
    """A test in a process that has no gates but the test's, and forgets what happens to it."""

    def setUp(self) -> None:
        state: dict[str, Any] = {
            "_pid": os.getpid(),
            "_beginners": {},
            "_inherited": [],
            "_near": {},
            "_closing": [],
            "_gates": weakref.WeakValueDictionary(),
        }
        patch = mock.patch.multiple(fork, **state)
        patch.start()
        self.addCleanup(patch.stop)
        self.now = 1000.0
        clock = mock.patch("time.monotonic", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)
        self.sleeps: list[Callable[[], object]] = []
        sleep = mock.patch("time.sleep", self.sleep)
        sleep.start()
        self.addCleanup(sleep.stop)

    def sleep(self, seconds: float) -> None:
        """Let happen what a test has planned, one thing for each sleep; then time passes."""
        self.now += seconds
        if self.sleeps:
            self.sleeps.pop(0)()
        else:
            self.now += 1

    def enter(self, gate: ForkGate, thread: int | None = None, connection: object = None) -> Lease:
        """Begin a lease, of another thread if asked."""
        lease = Lease()
        lease.thread = thread or lease.thread
        lease.connection = connection
        self.assertTrue(gate.enter(lease))
        return lease

    def idle(self, gate: ForkGate) -> Connection:
        """Give a gate an idle connection, and return it."""
        connection = Connection()
        lease = self.enter(gate, connection=connection)
        lease.good = True
        gate.leave(lease)
        self.assertEqual(connection, gate.idle[-1][0])
        return connection

    def in_child(self) -> None:
        """Be another process from now on."""
        patch = mock.patch("os.getpid", return_value=os.getpid() + 1)
        patch.start()
        self.addCleanup(patch.stop)


OTHER = -1
"""The identifier of another thread."""


class Leases(GateTest):
    def test_a_connection_that_cannot_even_be_closed(self) -> None:
        """To discard it does not fail, so the error before it is the one that is seen."""
        gate, broken = ForkGate(1), mock.Mock()
        broken.close.side_effect = OSError
        gate.discard(broken)
        broken.close.assert_called_once_with()
        broken.close.side_effect = KeyboardInterrupt
        with self.assertRaises(KeyboardInterrupt):
            gate.discard(broken)

    def test_leases_are_limited(self) -> None:
        """F08: another thread waits while all leases are in use; a thread that has one goes on."""
        gate = ForkGate(2)
        first, second = self.enter(gate), self.enter(gate)
        other = Lease()
        other.thread = OTHER
        self.assertFalse(gate.enter(other))
        third = self.enter(gate)
        for lease in (first, second):
            self.assertFalse(gate.enter(other))
            gate.leave(lease)
        self.assertTrue(gate.enter(other))
        self.assertCountEqual([third, other], gate.leases())

    def test_a_good_connection_is_used_again(self) -> None:
        """A lease leaves a good connection idle, with the time, and closes any other."""
        gate = ForkGate(1)
        connection = self.idle(gate)
        self.assertEqual([(connection, self.now)], gate.idle)
        bad = Connection()
        gate.leave(self.enter(gate, connection=bad))
        self.assertEqual((True, False), (bad.closed, connection.closed))
        self.assertEqual([], gate.leases())

    def test_a_lease_that_is_dropped_is_over(self) -> None:
        """K58: a lease whose end an exception interrupted holds up neither threads nor forks."""
        gate = ForkGate(1)
        lease = self.enter(gate)
        del lease
        gc.collect()
        self.assertEqual([], gate.leases())
        self.enter(gate, OTHER)

    def test_a_close_that_fails_is_a_close(self) -> None:
        """What closing a connection raises is dropped; what is no Exception ends the lease all the same."""
        gate = ForkGate(1)
        for error in (OSError, KeyboardInterrupt):
            lease = self.enter(gate, connection=Connection(mock.Mock(side_effect=error)))
            if error is OSError:
                gate.leave(lease)
            else:
                with self.assertRaises(error):
                    gate.leave(lease)
            self.assertEqual([], gate.leases())

    def test_a_closed_store_leaves_nothing_open(self) -> None:
        """Closing a store closes the idle connections now and those in use when their leases end."""
        gate = ForkGate(2)
        one = self.idle(gate)
        two = Connection()
        lease = self.enter(gate, OTHER, two)
        gate.close()
        self.assertEqual((True, False), (one.closed, two.closed))
        lease.good = True
        gate.leave(lease)
        self.assertTrue(two.closed)
        with self.assertRaisesRegex(StoreError, "^the store is closed$"):
            gate.enter(Lease())

    def test_closing_a_connection_is_a_statement(self) -> None:
        """K57: a fork waits for a thread that closes a connection, in a lease or when a store is closed."""
        gate = ForkGate(2)
        counts: list[int] = []
        busy = Connection(lambda: counts.append(len(gate.leases())))
        gate.leave(self.enter(gate, connection=busy))
        self.idle(gate).meanwhile = busy.meanwhile
        gate.close()
        self.assertEqual([1, 1], counts)


class Forks(GateTest):
    def test_a_fork_waits_for_others_and_closes_what_is_idle(self) -> None:
        """F02: before a fork no lease begins, those of other threads end, and idle connections are closed."""
        gates = [ForkGate(2), ForkGate(2)]
        idle = [self.idle(gate) for gate in gates]
        used = Connection()
        lease = self.enter(gates[1], OTHER, used)
        lease.good = True
        new = Lease()
        new.thread = OTHER - 1
        self.sleeps = [
            lambda: self.assertFalse(gates[0].enter(new)),
            lambda: self.assertFalse(gates[1].enter(new)),
            lambda: gates[1].leave(lease),
        ]
        fork._before()
        self.assertEqual([], self.sleeps)
        self.assertEqual([True, True, True], [each.closed for each in (*idle, used)])
        self.assertFalse(gates[0].enter(new))
        fork._in_parent()
        self.assertTrue(gates[0].enter(new))

    def test_a_thread_that_has_a_lease_goes_on(self) -> None:
        """F02: a signal handler uses a store inside a statement of its own thread while another forks."""
        gate = ForkGate(1)
        lease = self.enter(gate, OTHER)
        second = Lease()
        second.thread = OTHER
        self.sleeps = [lambda: self.assertTrue(gate.enter(second))]
        self.sleeps += [lambda: gate.leave(second), lambda: gate.leave(lease)]
        fork._before()
        self.assertEqual([], self.sleeps)
        fork._in_parent()

    def test_a_forking_thread_does_not_wait_for_itself(self) -> None:
        """F02: neither for its own statement, nor when a handler uses or closes a store before the fork."""
        gate, other = ForkGate(1), ForkGate(1)
        begun = self.now
        lease = self.enter(gate, connection=Connection())
        fork._before()
        self.assertEqual(begun, self.now)
        connection = Connection()
        inner = self.enter(other, connection=connection)
        inner.good = True
        other.leave(inner)
        self.assertTrue(connection.closed)
        other.close()
        fork._in_parent()
        gate.leave(lease)

    def test_a_fork_waits_for_a_while(self) -> None:
        """F02: a statement that hangs delays a fork by the drain's time. The idle ones are closed."""
        gate = ForkGate(2)
        lease = self.enter(gate, OTHER)
        connection = self.idle(gate)
        begun = self.now
        fork._before()
        self.assertTrue(fork.DRAIN <= self.now - begun <= fork.DRAIN + 2)
        self.assertTrue(connection.closed)
        fork._in_parent()
        gate.leave(lease)
        self.enter(gate)

    def test_one_fork_at_a_time(self) -> None:
        """K57: a fork waits for another thread's, which closes connections; statements come in between."""
        gate = ForkGate(1)
        fork._near["fork"] = OTHER, self.now + fork.DRAIN
        self.sleeps = [
            lambda: self.assertEqual(OTHER, fork._near["fork"][0]),
            fork._in_parent,
            lambda: self.assertEqual(OTHER, fork._near["fork"][0]),
            fork._near.clear,
        ]
        fork._before()
        self.assertEqual([], self.sleeps)
        self.assertEqual(threading.get_ident(), fork._near["fork"][0])
        fork._in_parent()
        self.assertEqual({}, fork._near)
        self.enter(gate)

    def test_a_fork_whose_end_was_interrupted(self) -> None:
        """A signal handler that raises in a fork handler holds up nothing after the drain's time."""
        gate = ForkGate(1)
        for thread in (OTHER, threading.get_ident()):
            fork._near["fork"] = thread, self.now + 1
            lease = Lease()
            lease.thread = OTHER - 1
            self.assertFalse(gate.enter(lease))
            self.now += 2
            self.assertTrue(gate.enter(lease))
            gate.leave(lease)
            self.sleeps = [bool]
            fork._before()
            self.assertFalse(gate.enter(lease))
            fork._in_parent()
            self.assertTrue(gate.enter(lease))
            gate.leave(lease)

    def test_a_store_is_closed_while_another_thread_forks(self) -> None:
        """The fork closes the connections itself, so nobody waits for it."""
        gate = ForkGate(1)
        connection = self.idle(gate)
        lease = self.enter(gate, OTHER)
        closer = threading.Thread(target=gate.close)
        self.sleeps = [closer.start, closer.join, lambda: self.assertEqual([lease], gate.leases())]
        self.sleeps.append(lambda: gate.leave(lease))
        self.assertFalse(connection.closed)
        with mock.patch.object(gate, "close_idle", mock.Mock(wraps=gate.close_idle)) as closing:
            fork._before()
        self.assertEqual([], self.sleeps)
        self.assertEqual(
            3, closing.call_count, "the lease's end, the drain, and the end of the drain's lease"
        )
        self.assertTrue(connection.closed)
        fork._in_parent()

    def test_a_store_that_is_dropped_while_another_thread_forks(self) -> None:
        """Its gate stays until the fork has closed the connections, or has ended."""
        gate = ForkGate(1)
        connection = self.idle(gate)
        fork._near["fork"] = OTHER, self.now + 1
        gate.close()
        reference = weakref.ref(gate)
        del gate
        gc.collect()
        self.assertIsNotNone(reference())
        fork._near["fork"] = threading.get_ident(), self.now + 1
        fork._in_parent()
        gc.collect()
        self.assertTrue(connection.closed)
        self.assertIsNone(reference())

    def test_a_lease_of_before_a_fork(self) -> None:
        """A signal handler may fork while a lease begins; the child's lease is its own."""
        gate, lease = ForkGate(2), Lease()
        register = weakref.ref

        def forked(*given: Any) -> Any:
            gate.begin()
            return register(*given)

        with mock.patch("weakref.ref", forked):
            self.assertFalse(gate.enter(lease))
        self.assertEqual([], gate.leases())
        self.assertTrue(gate.enter(lease))
        self.assertEqual([lease], gate.leases())

    def test_handlers_are_registered_once(self) -> None:
        """The first store registers the handlers, where the system has forks."""
        for registered, there, calls in ((False, True, 1), (True, True, 0), (False, False, 0)):
            with self.subTest(registered=registered, there=there):
                fakes = mock.Mock(spec=["register_at_fork", "getpid"] if there else ["getpid"])
                with mock.patch.multiple(fork, os=fakes, _registered=registered):
                    ForkGate(1)
                    self.assertTrue(fork._registered)
                    self.assertEqual(calls, len([1 for call in fakes.mock_calls if "register" in str(call)]))


class Children(GateTest):
    def setUp(self) -> None:
        super().setUp()
        self.gate = ForkGate(2)
        self.begun = self.enterContext(mock.patch.object(self.gate, "begin", wraps=self.gate.begin))

    def assert_refused(self) -> None:
        """Check that every store refuses, also a new one."""
        for gate in (self.gate, ForkGate(1)):
            with self.assertRaisesRegex(StoreError, f"^{re.escape(fork.FORKED)}$"):
                gate.enter(Lease())
        with self.assertRaisesRegex(StoreError, f"^{re.escape(fork.FORKED)}$"):
            self.gate.check_process()

    def test_a_child_starts_over(self) -> None:
        """F01: a child that inherited nothing has no leases, and whoever waits for a fork is told."""
        self.idle(self.gate)
        fork._before()
        self.in_child()
        fork._in_child()
        self.begun.assert_called_once_with()
        self.gate.check_process()
        self.enter(self.gate, OTHER)
        self.enter(self.gate, OTHER)

    def test_a_child_in_another_namespace(self) -> None:
        """The identifier of a child's process can be that of its parent: it starts over all the same."""
        fork._before()
        fork._in_child()
        self.begun.assert_called_once_with()
        self.enter(self.gate)

    def test_an_earlier_handler_uses_a_store(self) -> None:
        """A handler that was registered before may use a store in the child; what it has is the child's."""
        fork._before()
        self.in_child()
        connection = self.idle(self.gate)
        fork._in_child()
        self.assertEqual(connection, self.gate.idle[0][0])
        self.enter(self.gate)

    def test_a_statement_was_left(self) -> None:
        """F02: all stores of a child that inherited a lease refuse, and it closes nothing."""
        used, own = Connection(), Connection()
        self.enter(self.gate, OTHER, used)
        lease = self.enter(self.gate, connection=own)
        fork._before()
        self.in_child()
        fork._in_child()
        self.assert_refused()
        self.gate.leave(lease)
        self.gate.close()
        self.assertEqual((False, False), (used.closed, own.closed))
        # A grandchild is no better, and its fork waits for nothing.
        begun, inherited = self.now, len(fork._inherited)
        fork._before()
        self.in_child()
        fork._in_child()
        self.assertEqual((begun, inherited), (self.now, len(fork._inherited)))
        self.assert_refused()

    def test_no_handler_ran_and_nothing_was_open(self) -> None:
        """A child that finds itself forked starts over at its first statement."""
        self.in_child()
        with self.assertRaises(StoreError):
            self.gate.check_process()
        self.enter(self.gate)
        self.gate.check_process()
        self.begun.assert_called_once_with()
        self.assertEqual({}, fork._beginners)

    def test_no_handler_ran_and_a_connection_was_open(self) -> None:
        """A child that inherited an idle connection refuses, and never closes it, not in a fork either."""
        connection = self.idle(self.gate)
        self.in_child()
        self.gate.close_idle()
        self.gate.close()
        self.assert_refused()
        fork._before()
        fork._in_child()
        self.assert_refused()
        self.assertFalse(connection.closed)

    def test_no_handler_ran_and_the_child_forks(self) -> None:
        """A child that forks before its first statement closes nothing of its parent's."""
        connection = self.idle(self.gate)
        self.in_child()
        fork._before()
        self.assertFalse(connection.closed)
        self.assert_refused()

    def test_no_handler_ran_within_a_statement(self) -> None:
        """A statement that goes on in the child is refused, and does not close its connection."""
        connection = Connection()
        lease = self.enter(self.gate, connection=connection)
        self.in_child()
        with self.assertRaises(StoreError):
            self.gate.check_process()
        self.gate.leave(lease)
        self.gate.leave(Lease())
        self.assertFalse(connection.closed)
        self.assertEqual([lease], fork._inherited)
        self.assert_refused()

    def test_one_thread_begins_a_child(self) -> None:
        """Where no handler ran, one thread begins the child; the others wait, also those that come late."""
        self.in_child()
        fork._beginners[os.getpid()] = OTHER
        self.assertFalse(self.gate.enter(Lease()))
        fork._beginners.clear()

        class Late(dict[int, int]):
            def setdefault(self, key: int, default: Any = None) -> Any:
                fork._pid = key
                return default

        with mock.patch.object(fork, "_beginners", Late()):
            self.assertTrue(self.gate.enter(Lease()))
        self.begun.assert_not_called()


class Copies(unittest.TestCase):
    def test_a_connection_of_sqlite_is_closed_in_its_own_process(self) -> None:
        """F01: dropped or closed, also when the interpreter has ended; no child closes a copy of it."""
        for ended in (False, True):
            own, copy = (mock.Mock(spec=["execute", "close", "create_function"]) for _ in range(2))
            connections = [sqlite.Connection(own), sqlite.Connection(copy)]
            connections[1]._pid += 1
            with mock.patch.object(sqlite, "os", None if ended else os):
                connections.clear()
                gc.collect()
            own.close.assert_called_once_with()
            copy.close.assert_not_called()


class Scenarios(unittest.TestCase):
    """Each kind of fork, in a process of its own, which has one thread at first."""

    database = ""

    def run_scenario(self, name: str) -> None:
        posix()
        if name == "no_handlers":
            cpython("no fork can be made without its handlers")
        if name == "other_ways":
            cpython("multiprocessing warns of its own semaphores")
        if self.database == "postgres":
            Postgres()
        options = ["--database", self.database, "--rounds", str(ROUNDS.get(name, 1))]
        done = subprocess.run(
            [sys.executable, "-m", "tests.soak", "fork", name, *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        self.assertEqual((0, ""), (done.returncode, done.stderr), done.stdout)
        self.assertRegex(done.stdout, f"(?m)^ok +{name}, {self.database}: .*rounds")


class WithSQLite(Scenarios):
    database = "sqlite"


class WithPostgres(Scenarios):
    database = "postgres"


def _add_tests() -> None:
    """Add a test for each scenario of the soak but gunicorn's, which installs something."""
    for scenario in SCENARIOS:

        def test(self: Scenarios, name: str = scenario.__name__) -> None:
            self.run_scenario(name)

        test.__doc__ = scenario.__doc__
        if scenario is not gunicorn:
            setattr(WithSQLite, f"test_{scenario.__name__}", test)
            if scenario not in SQLITE_ONLY:
                setattr(WithPostgres, f"test_{scenario.__name__}", test)


_add_tests()

if __name__ == "__main__":
    unittest.main()
