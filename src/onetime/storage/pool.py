"""Connections to a database: a stack of idle ones, and the care that each needs."""

import atexit
import os
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from operator import attrgetter, methodcaller
from typing import Any

from onetime.errors import StoreError

ATTEMPTS = 20
"""How often a statement is tried that stored nothing. Each failed try is one that somebody else's
statement won, so twenty are far more than a bad day takes."""

PAUSE = 0.001
"""Seconds before the second try; before the third twice as many, and so on: 0.19 in all."""

Ask = Callable[..., Any]
"""Runs a statement on one connection: `Connections._execute` without its first argument."""

first_row, changed = methodcaller("fetchone"), attrgetter("rowcount")


class Connections:
    """Runs statements, each a transaction of its own, for any number of threads.

    Idle connections wait on a stack: a statement takes one or opens one, and puts it back. One that failed
    is closed and thrown away. A forked child opens its own.

    Args:
        connect: Returns a new connection; each of its statements is a transaction of its own.
        prepare: Makes a new connection fit for use by statements that it asks, or raises.
        stored_nothing: Whether an error says that the statement had no effect and may be tried again.
    """

    def __init__(
        self,
        connect: Callable[[], Any],
        prepare: Callable[[Ask], None],
        stored_nothing: Callable[[BaseException], bool],
    ) -> None:
        self._connect = connect
        self._prepare = prepare
        self._stored_nothing = stored_nothing
        self._idle: list[Any] = []
        self._closed = False
        _EVERY.add(self)

    def run(self, statement: str, parameters: tuple[str, ...], outcome: Callable[[Any], Any]) -> Any:
        """Run a statement on an idle connection, or a new one; give the outcome of its cursor."""
        # In a child that is forked meanwhile, `self._idle` is another stack.
        idle = self._idle
        try:
            connection = idle.pop()
        except IndexError:
            connection = None
        if connection is None:
            connection = self._open(self._prepare)
        result = self._execute(connection, statement, parameters, outcome)
        self._put(connection, idle)
        return result

    def add(self, prepare: Callable[[Ask], None]) -> None:
        """Open a connection that is prepared in another way."""
        idle = self._idle
        self._put(self._open(prepare), idle)

    def close(self) -> None:
        """Close the idle connections now, the others when their statement ends; nothing follows."""
        self._closed = True
        _empty(self._idle)

    def _put(self, connection: Any, idle: list[Any]) -> None:
        idle.append(connection)
        # Asked after that: either this or `close` sees the connection.
        if self._closed:
            _empty(idle)

    def _execute(
        self,
        connection: Any,
        statement: str,
        parameters: tuple[str, ...] = (),
        outcome: Callable[[Any], Any] = first_row,
    ) -> Any:
        """Run a statement on a connection, which is thrown away if it fails."""
        attempt = 1
        while True:
            try:
                return outcome(connection.execute(statement, parameters))
            except BaseException as error:
                if attempt == ATTEMPTS or not self._stored_nothing(error):
                    discard(connection)
                    if not isinstance(error, Exception):
                        raise
                    # What ended this connection may have ended the idle ones; a restarted server has.
                    _empty(self._idle)
                    raise StoreError("the database failed") from error
            try:
                time.sleep(attempt * PAUSE)
            except BaseException:
                discard(connection)
                raise
            attempt += 1

    def _open(self, prepare: Callable[[Ask], None]) -> Any:
        if self._closed:
            raise StoreError("the store is closed")
        connection = None
        try:
            connection = self._connect()
            prepare(partial(self._execute, connection))
        except BaseException as error:
            if connection is not None:
                discard(connection)
            if isinstance(error, Exception) and not isinstance(error, StoreError):
                raise StoreError("the database cannot be opened") from error
            raise
        return connection


def discard(connection: Any) -> None:
    """Close a connection, whatever state it is in."""
    with suppress(Exception):
        connection.close()


def _empty(idle: list[Any]) -> None:
    with suppress(IndexError):
        while True:
            discard(idle.pop())


_EVERY: "weakref.WeakSet[Connections]" = weakref.WeakSet()
_INHERITED: list[list[Any]] = []


def _leave_inherited() -> None:
    """In a forked child, put the parent's connections where nothing uses, closes or frees them.

    To close one would end the parent's session with PostgreSQL, and let SQLite clear away files in use.
    """
    for connections in _EVERY:
        _INHERITED.append(connections._idle)  # noqa: SLF001 - the module's own
        connections._idle = []  # noqa: SLF001
    atexit.register(_keep_inherited)


def _keep_inherited() -> None:
    """Keep them while the interpreter takes itself down, too: nobody gives this reference back."""
    with suppress(ImportError):
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(_INHERITED))


# Systems without fork have nothing to register.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_leave_inherited)
