"""Connections: limits on their number and on how long each may keep the server waiting.

uvicorn closes a connection that is idle between two requests. But it waits forever for the rest of a request and for a
client that does not read its answer, and it accepts connections until the process runs out of file descriptors.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Self

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

_log = logging.getLogger(__name__)

MAX_CONNECTIONS = 400
"""Maximum number of open connections. A browser opens six."""
_MIN_CONNECTIONS = 8
_RESERVED = 32
"""File descriptors reserved for the decision log and for connections being accepted or closed."""
_BACKLOG = 128

Phase = Literal["request", "body", "working", "answer"]
"""What a connection waits for: a request, the rest of its body, the app, or the client to read the answer."""


@dataclass(frozen=True)
class Limits:
    """Limits on connections.

    Attributes
    ----------
    connections : int
        Maximum open at a time. Beyond it, the connection that has kept the server waiting longest is closed.
    request : float
        Seconds within which a request's headers must be complete, from the opening or the last answer.
    body : float
        Seconds within which its body must be complete, plus one second for every ``rate`` bytes received.
    rate : int
        Bytes per second.
    answer : float
        Seconds within which a client must read some of its answer.
    """

    connections: int = MAX_CONNECTIONS
    request: float = 15.0
    body: float = 20.0
    rate: int = 8_192
    answer: float = 60.0

    @classmethod
    def of_process(cls) -> Self:
        """Allow half of the process's free file descriptors: an answer may need a second one for a file."""
        if sys.platform == "win32":
            return cls()
        import resource

        allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if allowed == resource.RLIM_INFINITY:
            return cls()
        try:
            used = len(os.listdir("/dev/fd"))
        except OSError:
            used = 64
        return cls(connections=max(_MIN_CONNECTIONS, min(MAX_CONNECTIONS, (allowed - used - _RESERVED) // 2)))


class Config(uvicorn.Config):
    """Configuration of the server: one parser and one event loop, whatever else is installed.

    Parameters
    ----------
    app : ASGI application
    limits : Limits
    **options
        Passed to ``uvicorn.Config``.
    """

    def __init__(self, app: ASGIApp, limits: Limits, **options: Any) -> None:
        super().__init__(app, http=Connection, loop="asyncio", ws="none", backlog=1, server_header=False, **options)
        self.limits = limits


class Server(uvicorn.Server):
    """A server that closes connections that keep it waiting too long.

    Parameters
    ----------
    config : Config
    """

    config: Config

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start accepting connections, one per turn of the event loop, so that the limit is checked for each.

        The configured backlog of 1 makes asyncio accept one at a time. The system's own queue may be longer.
        """
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(_BACKLOG)

    async def on_tick(self, counter: int) -> bool:
        """Check all connections once a second."""
        if counter % 10 == 0:
            self.close_overdue(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def close_overdue(self, now: float) -> None:
        """Close the connections that are overdue."""
        for connection in _own(self.server_state.connections):
            if connection.is_overdue(now):
                connection.transport.abort()


class Connection(H11Protocol):
    """A connection that records what it waits for, and since when."""

    config: Config

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Open the connection if there is room, or if room can be made."""
        self._phase: Phase = "request"
        self._progress: tuple[object, ...] = ()
        self._since, self._received, self._resumed = self.loop.time(), 0, 0
        super().connection_made(transport)
        if len(self.connections) > self.config.limits.connections:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Receive data from the client."""
        self._received += len(data)
        super().data_received(data)

    def resume_writing(self) -> None:
        """Continue the answer: the client has read some of it."""
        self._resumed += 1
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer invalid HTTP, unless an answer has begun. An app still working on one is told of the disconnect."""
        if self.cycle:
            self.cycle.disconnected = True
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def is_overdue(self, now: float) -> bool:
        """Return whether the connection has kept the server waiting too long."""
        limits, waited = self.config.limits, now - self.waiting_since(now)
        if self._phase == "body" and self.conn.our_state is not h11.DONE:  # once answered, the rest is not needed
            return waited > limits.body + self._received / limits.rate
        allowed = {"request": limits.request, "body": limits.body, "answer": limits.answer, "working": float("inf")}
        return waited > allowed[self._phase]

    def waiting_since(self, now: float) -> float:
        """Return the time since which nothing but request bytes has progressed."""
        phase = self._current_phase()
        progress = phase, self.cycle, self._resumed, self.transport.get_write_buffer_size()
        if progress != self._progress:
            if self._progress:
                self._since, self._received = now, 0
            self._phase, self._progress = phase, progress
        return self._since

    def _current_phase(self) -> Phase:
        if self.transport.is_closing() or self.flow.write_paused:
            return "answer"
        if self.conn.their_state is h11.IDLE:
            return "request"
        return "body" if self.conn.their_state is h11.SEND_BODY else "working"

    def _make_room(self) -> None:
        """Close the connection that has waited longest for its client; this one if the app is working on all others."""
        now = self.loop.time()
        waiting = [
            (connection.waiting_since(now), number, connection)
            for number, connection in enumerate(_own(self.connections))
            if connection is not self and connection._current_phase() != "working"
        ]
        _log.warning("more than %d connections: closing the longest-waiting one", self.config.limits.connections)
        (min(waiting)[-1] if waiting else self).transport.abort()


def _own(connections: Iterable[object]) -> list[Connection]:
    return [connection for connection in connections if isinstance(connection, Connection)]
