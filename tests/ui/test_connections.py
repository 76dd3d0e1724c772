"""Connections that keep the server waiting, on real sockets; the clock is the tests'."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import h11
import pytest
from auditor_ui.connections import MAX_CONNECTIONS, Connection, Limits
from starlette.types import Message, Receive, Scope, Send

from tests.ui.listening import Listening, listening, rest

GET = b"GET /short HTTP/1.1\r\nHost: here\r\n\r\n"
LIMITS = Limits(connections=8, request=1_000, body=2_000, rate=10, answer=3_000)
"""Seconds that no test takes: those that pass are made up."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer shortly, with what was sent, with more than fits into a socket, or not before it is told to."""
    if scope["type"] != "http":
        return
    body = b"short"
    if scope["path"] == "/echo":
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message.get("more_body"):
                break
        else:
            return
    elif scope["path"] == "/long":
        body = b"x" * (64 << 20)
    elif scope["path"] == "/slow":
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    start: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def server() -> Iterator[Listening]:
    with listening(app, LIMITS, by_itself=False) as found:
        yield found


@pytest.fixture
def opened(server: Listening) -> Iterator[ExitStack]:
    """Connections that are closed after the test, and gone before the next."""
    with ExitStack() as stack:
        yield stack
    server.settle(lambda: not server.server.server_state.connections)


def connections(server: Listening) -> list[Connection]:
    return [one for one in server.server.server_state.connections.copy() if isinstance(one, Connection)]


def begun(server: Listening, opened: ExitStack, sent: bytes) -> socket.socket:
    """A connection whose bytes have arrived."""
    before = connections(server)
    connection = opened.enter_context(closing(server.connect(sent)))

    def arrived() -> bool:
        new = [one for one in connections(server) if one not in before]
        return bool(new) and new[0]._received == len(sent)

    server.settle(arrived)
    return connection


def answered(connection: socket.socket) -> bytes:
    """The short answer, of a connection that stays open."""
    said = b""
    while not said.endswith(b"short"):
        part = connection.recv(65_536)
        assert part
        said += part
    return said


def test_the_server_looks_by_itself() -> None:
    with listening(app, Limits(request=0.0)) as server, closing(server.connect(b"GET / HTTP/1.1\r\n")) as connection:
        assert rest(connection) == b""


@pytest.mark.parametrize("sent", [b"", b"G", b"GET / HTTP/1.1\r\nHost: here\r\n", GET[:-1]])
def test_a_request_that_does_not_end_is_given_up(server: Listening, opened: ExitStack, sent: bytes) -> None:
    connection = begun(server, opened, sent)
    server.later(900)
    connection.sendall(b"\r" if sent == GET[:-1] else b"")  # still not all of it
    server.later(1_001)
    assert rest(connection) == b""


def test_the_rest_of_a_request_does_not_begin_to_wait_anew_with_every_byte(
    server: Listening, opened: ExitStack
) -> None:
    connection = begun(server, opened, b"GET / HTTP/1.1\r\n")
    for number in range(3):
        connection.sendall(b"A: b\r\n")
        server.settle(lambda number=number: connections(server)[0]._received == 16 + 6 * (number + 1))  # type: ignore[misc]
        server.later(400 * number)
    server.later(1_001)
    assert rest(connection) == b""


def test_a_connection_in_use_stays_open_and_waits_anew_after_each_answer(server: Listening, opened: ExitStack) -> None:
    connection = begun(server, opened, GET)
    first = answered(connection)
    assert first.startswith(b"HTTP/1.1 200")
    for seconds in (0, 900, 1_800, 2_700):  # each is longer than the request before has left
        server.later(seconds)
        connection.sendall(GET)
        answered(connection)
    server.later(5_000)
    server.later(6_100)
    assert rest(connection) == b""


def test_a_body_has_time_that_grows_with_what_arrives(server: Listening, opened: ExitStack) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 90000\r\n\r\n"
    stalled, slow = begun(server, opened, head), begun(server, opened, head)
    server.later(0)
    slow.sendall(b"x" * 50_000)
    server.settle(lambda: any(one._received >= 50_000 for one in connections(server)))
    server.later(2_500)
    assert rest(stalled) == b""
    slow.sendall(b"x" * 40_000)
    assert b"x" * 1_000 in slow.recv(65_536) + slow.recv(65_536)


def test_a_body_that_nobody_reads_has_no_such_time(server: Listening, opened: ExitStack) -> None:
    connection = begun(server, opened, b"POST /short HTTP/1.1\r\nHost: here\r\nContent-Length: 90000\r\n\r\n")
    answered(connection)
    server.later(0)
    connection.sendall(b"x" * 50_000)
    server.later(2_001)
    assert rest(connection) == b""


def test_an_answer_that_is_not_read_is_given_up(server: Listening, opened: ExitStack) -> None:
    connection = begun(server, opened, b"GET /long HTTP/1.1\r\nHost: here\r\n\r\n")
    server.settle(lambda: connections(server)[0]._current_phase() == "answer")
    server.later(0)
    server.later(2_900)
    server.later(3_100)
    assert len(rest(connection)) < 64 << 20


def test_an_answer_that_is_read_slowly_is_not(server: Listening, opened: ExitStack) -> None:
    connection = begun(server, opened, b"GET /long HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    server.settle(lambda: connections(server)[0]._current_phase() == "answer")
    read = 0
    for number in range(1, 6):
        size = connections(server)[0].transport.get_write_buffer_size()
        while connections(server)[0].transport.get_write_buffer_size() == size:
            read += len(connection.recv(1 << 20))
        server.later(2_900 * number)
    assert read + len(rest(connection)) > 64 << 20


def test_the_app_may_take_its_time(server: Listening, opened: ExitStack) -> None:
    begun(server, opened, b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\n")
    server.later(0)
    server.later(1_000_000)
    assert [one._current_phase() for one in connections(server)] == ["working"]


def test_an_answer_is_not_kept_for_a_client_that_has_ended_the_connection(server: Listening, opened: ExitStack) -> None:
    ask = b"GET /long HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
    begun(server, opened, ask)
    server.settle(lambda: connections(server)[0]._current_phase() == "answer")
    server.later(0)
    server.later(3_100)
    server.settle(lambda: not connections(server))


def test_beyond_the_limit_the_connection_that_waits_longest_is_closed(server: Listening, opened: ExitStack) -> None:
    silent = [begun(server, opened, b"GET / HTTP/1.1\r\n") for _ in range(LIMITS.connections)]
    for connection in silent[:3]:
        assert answered(begun(server, opened, GET))
        assert rest(connection) == b""
    assert len(connections(server)) <= LIMITS.connections
    silent[-1].sendall(b"Host: here\r\n\r\n")
    assert answered(silent[-1])


def test_a_connection_that_is_served_is_not_closed_for_another(server: Listening, opened: ExitStack) -> None:
    for _ in range(LIMITS.connections):
        begun(server, opened, b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\n")
    assert server.ask(GET) == b""
    assert [one._current_phase() for one in connections(server)] == ["working"] * LIMITS.connections


def test_a_flood_of_silent_connections_never_takes_more_than_the_limit(server: Listening, opened: ExitStack) -> None:
    most = 0
    for _ in range(20 * LIMITS.connections):
        opened.enter_context(closing(server.connect(b"GET")))
        most = max(most, len(connections(server)))
    assert most <= LIMITS.connections + 4  # some are on their way out
    assert answered(opened.enter_context(closing(server.connect(GET))))


@pytest.mark.parametrize(
    "request_",
    [b"nonsense\r\n\r\n", b"GET / HTTP/nine\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00" * 9],
)
def test_what_is_no_http_is_answered_and_closed(server: Listening, opened: ExitStack, request_: bytes) -> None:
    assert server.ask(request_).startswith(b"HTTP/1.1 400")


def test_nonsense_after_a_request_ends_the_connection_after_its_answer(
    server: Listening, opened: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    said = server.ask(GET + b"nonsense\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200")
    chunked = b"POST /short HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"
    assert server.ask(chunked).startswith(b"HTTP/1.1 ")
    assert "Traceback" not in caplog.text


def test_requests_in_a_row_are_answered_in_their_order(server: Listening, opened: ExitStack) -> None:
    echo = b"POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\n%03d"
    last = echo.replace(b"Host", b"Connection: close\r\nHost") % 9
    said = server.ask(b"".join(echo % number for number in range(9)) + last)
    assert [part[-3:] for part in said.split(b"HTTP/1.1 200 ")[1:]] == [b"%03d" % number for number in range(10)]


def test_old_http_is_answered_and_no_websocket_begins(server: Listening, opened: ExitStack) -> None:
    assert server.ask(b"GET /short HTTP/1.0\r\n\r\n").endswith(b"short")
    upgrade = GET[:-2] + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n"
    connection = begun(server, opened, upgrade)
    assert answered(connection).startswith(b"HTTP/1.1 200")
    server.settle(lambda: [one.conn.their_state for one in connections(server)] == [h11.IDLE])


def test_the_limit_leaves_descriptors_for_files(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(
        "auditor_ui.connections.os.listdir", lambda _: ["0"] * 40
    )  # whatever other tests have left open
    for allowed, least, most in (
        (96, 8, 32),
        (256, 50, 112),
        (100_000, MAX_CONNECTIONS, MAX_CONNECTIONS),
        (10, 8, 8),
        (-1, MAX_CONNECTIONS, MAX_CONNECTIONS),
    ):
        monkeypatch.setattr(resource, "getrlimit", lambda _, allowed=allowed: (allowed, allowed))
        assert least <= Limits.of_process().connections <= most
