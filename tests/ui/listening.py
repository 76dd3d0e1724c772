"""The server of an app on a real socket, in a thread, and requests written out byte by byte."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Thread

from auditor_ui import serve as serving
from auditor_ui.connections import Limits, Server
from auditor_ui.proxies import networks_of
from starlette.types import ASGIApp

PATIENCE = 60.0
"""Seconds after which a test gives up; nothing that goes well takes as long."""

BUFFER = 65_536
"""Bytes that the system may hold for either end. By default Linux may hold tens of megabytes: a whole answer."""


class Listening:
    """A server that runs."""

    def __init__(self, server: Server, port: int, loop: asyncio.AbstractEventLoop) -> None:
        self.server, self.port, self.loop = server, port, loop

    def connect(self, sent: bytes = b"") -> socket.socket:
        """Open a connection, and send the beginning of a request."""
        connection = socket.socket()
        connection.settimeout(PATIENCE)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(sent)
        return connection

    def ask(self, request: bytes) -> bytes:
        """All that comes back, until the server closes the connection."""
        with closing(self.connect(request)) as connection:
            return rest(connection)

    def run(self, function: Callable[[], object]) -> None:
        """Have the server's thread call a function."""

        async def called() -> None:
            function()

        asyncio.run_coroutine_threadsafe(called(), self.loop).result(PATIENCE)

    def later(self, seconds: float) -> None:
        """Have the server look after its connections as if it were some seconds later."""
        self.run(lambda: Server.close_overdue(self.server, self.loop.time() + seconds))

    def settle(self, settled: Callable[[], bool]) -> None:
        """Wait until the server has come so far."""
        end = time.monotonic() + PATIENCE
        while not settled():
            assert time.monotonic() < end
            time.sleep(0.005)


def rest(connection: socket.socket) -> bytes:
    """All that a connection still says; nothing more if it has been reset."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


@contextmanager
def listening(
    app: ASGIApp, limits: Limits | None = None, proxies: str = "", *, by_itself: bool = True
) -> Iterator[Listening]:
    """Serve an app; unless ``by_itself``, the server looks after its connections only when it is told to."""
    started: list[Listening] = []

    async def served(listener: socket.socket) -> None:
        server = serving._server(app, limits or Limits(), networks_of(proxies))
        if not by_itself:
            server.close_overdue = lambda now: None  # type: ignore[method-assign]
        started.append(Listening(server, listener.getsockname()[1], asyncio.get_running_loop()))
        await server.serve(sockets=[listener])

    with closing(serving._listen("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        thread = Thread(target=lambda: asyncio.run(served(listener)))
        thread.start()
        try:
            end = time.monotonic() + PATIENCE
            while not started or not started[0].server.started:
                assert thread.is_alive()
                assert time.monotonic() < end
                time.sleep(0.005)
            yield started[0]
        finally:
            for one in started:
                one.server.should_exit = True
            thread.join(PATIENCE)
