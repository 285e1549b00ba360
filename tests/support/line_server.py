"""A server that keeps entries in memory, for a store whose connections are sockets.

    python3 -m tests.support.line_server

It prints its port, and ends when its standard input does. Each request and each answer is JSON, padded to
SIZE bytes, so that an answer is read whole by whichever process reads it.
"""

import json
import socket
import socketserver
import subprocess
import sys
import threading

SIZE = 256
PARENT = [sys.executable, "-m", "tests.support.line_server"]


def packed(value: object) -> bytes:
    return json.dumps(value).encode().ljust(SIZE)


def received(connection: socket.socket) -> object:
    return json.loads(connection.recv(SIZE, socket.MSG_WAITALL) or b"null")


class LineServer:
    """The server in a process of its own.

    Attributes:
        address: Host and port on which the server listens.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(PARENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.address = ("127.0.0.1", int(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate("")


def main() -> None:
    entries: dict[str, str] = {}
    lock = threading.Lock()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while request := received(self.request):
                assert isinstance(request, list)
                key, *change = request
                with lock:
                    answer: object = entries.get(key)
                    if change:
                        old, new = change
                        answer = entries.get(key) == old
                        if answer and new is not None:
                            entries[key] = new
                        elif answer:
                            entries.pop(key, None)
                self.request.sendall(packed(answer))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
