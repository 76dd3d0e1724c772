"""Connections: how many there may be, and how long one may keep the server waiting.

uvicorn closes a connection that is idle between two requests. It waits without end for the rest of a request, and for a
client that does not read its answer, and it accepts connections until the process has no file descriptors left.
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

MOST = 400
"""Connections at a time; a browser opens six."""
_FEWEST = 8
_OF_OTHERS = 32
"""File descriptors that are left for the decision log and for connections that are being accepted or closed."""
_BACKLOG = 128

Phase = Literal["request", "body", "working", "answer"]
"""What a connection waits for: a request, the rest of its body, the app, or that the client reads the answer."""


@dataclass(frozen=True)
class Limits:
    """What a connection may cost.

    Attributes
    ----------
    connections : int
        Open at a time. Beyond them, the one that has kept the server waiting longest is closed.
    request : float
        Seconds in which a request's headers have to be complete, from the opening or the last answer on.
    body : float
        Seconds in which its body has to be complete, and one more for every ``rate`` bytes that have arrived.
    rate : int
    answer : float
        Seconds in which a client has to read some of its answer.
    """

    connections: int = MOST
    request: float = 15.0
    body: float = 20.0
    rate: int = 8_192
    answer: float = 60.0

    @classmethod
    def of_process(cls) -> Self:
        """Take half of the file descriptors that the process has left: an answer may need one more for a file."""
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
        return cls(connections=max(_FEWEST, min(MOST, (allowed - used - _OF_OTHERS) // 2)))


class Config(uvicorn.Config):
    """What the server is made of: one parser and one event loop, whatever else is installed.

    Parameters
    ----------
    app : ASGI application
    limits : Limits
    **options
        As ``uvicorn.Config`` takes them.
    """

    def __init__(self, app: ASGIApp, limits: Limits, **options: Any) -> None:
        super().__init__(app, http=Connection, loop="asyncio", ws="none", backlog=1, server_header=False, **options)
        self.limits = limits


class Server(uvicorn.Server):
    """A server that closes connections which keep it waiting too long.

    Parameters
    ----------
    config : Config
    """

    config: Config

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections, one a turn of the event loop: the limit can only be held if each is seen.

        The backlog that asyncio was given says how many it accepts at once. How many the system lets wait meanwhile is
        another matter.
        """
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(_BACKLOG)

    async def on_tick(self, counter: int) -> bool:
        """Look at all connections once a second."""
        if counter % 10 == 0:
            self.close_overdue(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def close_overdue(self, now: float) -> None:
        """Close the connections whose time is over."""
        for connection in _ours(self.server_state.connections):
            if connection.is_overdue(now):
                connection.transport.abort()


class Connection(H11Protocol):
    """A connection that knows what it waits for, and since when."""

    config: Config

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, if there is room, or some can be made."""
        self._phase: Phase = "request"
        self._progress: tuple[object, ...] = ()
        self._since, self._received, self._resumed = self.loop.time(), 0, 0
        super().connection_made(transport)
        if len(self.connections) > self.config.limits.connections:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends."""
        self._received += len(data)
        super().data_received(data)

    def resume_writing(self) -> None:
        """Go on with the answer: the client has read some of it."""
        self._resumed += 1
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, unless an answer has begun; the app that may be at work on one has nobody to tell."""
        if self.cycle:
            self.cycle.disconnected = True
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def is_overdue(self, now: float) -> bool:
        """Whether it has kept the server waiting for too long."""
        limits, waited = self.config.limits, now - self.waiting_since(now)
        if self._phase == "body" and self.conn.our_state is not h11.DONE:  # after the answer, nobody needs the rest
            return waited > limits.body + self._received / limits.rate
        allowed = {"request": limits.request, "body": limits.body, "answer": limits.answer, "working": float("inf")}
        return waited > allowed[self._phase]

    def waiting_since(self, now: float) -> float:
        """Since when it waits for the same thing, without any progress other than bytes of a request."""
        phase = self._now_in()
        progress = phase, self.cycle, self._resumed, self.transport.get_write_buffer_size()
        if progress != self._progress:
            if self._progress:
                self._since, self._received = now, 0
            self._phase, self._progress = phase, progress
        return self._since

    def _now_in(self) -> Phase:
        if self.transport.is_closing() or self.flow.write_paused:
            return "answer"
        if self.conn.their_state is h11.IDLE:
            return "request"
        return "body" if self.conn.their_state is h11.SEND_BODY else "working"

    def _make_room(self) -> None:
        """Close the connection that has waited for its client longest; this one, if the app is at work on all."""
        now = self.loop.time()
        waiting = [
            (one.waiting_since(now), number, one)
            for number, one in enumerate(_ours(self.connections))
            if one is not self and one._now_in() != "working"
        ]
        _log.warning("more than %d connections: closing the one that waits longest", self.config.limits.connections)
        (min(waiting)[-1] if waiting else self).transport.abort()


def _ours(connections: Iterable[object]) -> list[Connection]:
    return [one for one in connections if isinstance(one, Connection)]
