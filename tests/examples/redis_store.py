"""A custom store in Redis: `Verifier(RedisStore("redis://localhost"))`.

By default, Redis can lose entries. These settings must be in its configuration. The store refuses a server
without them:

    appendonly yes                  # otherwise a crash loses the last minutes
    appendfsync always              # otherwise a crash loses the last second
    no-appendfsync-on-rewrite no    # otherwise it loses more while the file is rewritten
    maxmemory-policy noeviction     # otherwise entries are evicted when the memory is full

If an entry is lost, its code is accepted twice and its throttle starts again. So there must be no automatic
failover, by Sentinel, Cluster or a hosted service, because Redis answers before its replicas have the write.
Restart the server with its file instead. No client may call FLUSHALL, or EXPIRE on the entries, so give the
store a server of its own.
"""

from collections.abc import Iterator
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from onetime import StoreError

SETTINGS = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "maxmemory-policy": "noeviction",
}
"""Settings without which the server can lose entries."""

# The server runs a script as one step, and appends its writes to the file before it answers.
SWAP = """
local found, has_old, old, has_new, new = redis.call('GET', KEYS[1]), unpack(ARGV)
if found ~= (has_old == '1' and old) then return 0 end
if has_new == '1' then redis.call('SET', KEYS[1], new) else redis.call('DEL', KEYS[1]) end
return 1
"""


class RedisStore:
    """A store in Redis.

    Args:
        url: Address of the server.
        timeout: Maximum wait for the server, in seconds.

    Raises:
        StoreError: The server cannot be reached, or its settings can lose entries.
    """

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        # The client must not retry a swap: one that had succeeded would return False the second time. Its
        # connections are not shared with forked children.
        self._redis = redis.Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            decode_responses=True,
        )
        self._check()

    def _check(self) -> None:
        settings = self._call("CONFIG GET", *SETTINGS)
        for name, value in SETTINGS.items():
            if settings.get(name) != value:
                raise StoreError(f"the setting {name} of Redis must be {value}")
        if self._call("ROLE")[0] != "master":
            raise StoreError("the server must be the primary, not a replica")

    def _call(self, *words: Any) -> Any:
        """Run a command.

        Raises:
            StoreError: The command failed, or it is unknown whether it had an effect.
        """
        try:
            return self._redis.execute_command(*words)
        except (redis.RedisError, OSError, UnicodeError) as error:
            raise StoreError(f"Redis failed: {type(error).__name__}") from error

    def get(self, key: str, /) -> str | None:
        """Return the text under a key, or None if there is no entry."""
        text: str | None = self._call("GET", key)
        return text

    def swap(self, key: str, old: str | None, new: str | None, /) -> bool:
        """Write text under a key if the stored value is still `old`; None stands for no entry."""
        arguments = [word for text in (old, new) for word in (int(text is not None), text or "")]
        return bool(self._call("EVAL", SWAP, 1, key, *arguments))

    def items(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        """Return the keys that begin with a prefix, and their texts."""
        found: set[str] = set()  # a scan may return a key twice
        cursor: Any = 0
        while True:
            cursor, keys = self._call("SCAN", cursor)
            found.update(key for key in keys if key.startswith(prefix))
            if not int(cursor):
                break
        for key in sorted(found):
            text = self.get(key)
            if text is not None:
                yield key, text

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()
