"""Actions in a forked child, which may have fewer rights than its parent."""

import os
import traceback
from collections.abc import Callable

from tests.support import posix

NOBODY = 65534


def in_child(action: Callable[[], None], user: int | None = None) -> None:
    """Run an action in a forked child, as another user if one is given; an exception there fails the test."""
    posix()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
            action()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            # The child ends here, so that it does not continue with the parent's tests.
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if ended != 0:
        raise AssertionError(f"the child failed: status {os.waitstatus_to_exitcode(ended)}, see stderr")


def unprivileged() -> int | None:
    """Return the user for whom file modes matter: "nobody" if the current user is root; otherwise None."""
    posix()
    return NOBODY if os.geteuid() == 0 else None
