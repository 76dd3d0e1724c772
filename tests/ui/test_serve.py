"""The server as a process: where it listens, that it can be killed, and that Ctrl-C ends it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from auditor_ui import serve as serving
from auditor_ui.logs import is_not_cancelled
from auditor_ui.serve import serve
from starlette.types import Receive, Scope, Send

from auditor.access.accounts import Accounts
from auditor.errors import AccountError, ReviewError
from auditor.review.log.log import DecisionLog, run_id
from auditor.run import Run, find_run
from tests.forks import Fork, Forks
from tests.ui.listening import listening, rest


@pytest.fixture
def copied(run: Run, tmp_path: Path) -> Run:
    """The run in a directory of its own, which the server may write its log to."""
    return find_run(shutil.copytree(run.directory, tmp_path / "diary"))


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Served:
    """A server that was started, and what it has written.

    Parameters
    ----------
    run : Run
        Which it serves.
    port : int
    words : sequence of str
        More options.
    forks : Forks or None
        Where it is forked; it is started as users start it when None.
    files : int or None
        How many files it may have open.
    """

    def __init__(self, run: Run, port: int, *words: str, forks: Forks | None = None, files: int | None = None) -> None:
        self._out, self._err = (run.directory.with_suffix(name) for name in (".out", ".err"))
        for path in (self._out, self._err):
            path.write_text("")
        words = ("review", str(run.directory), f"--port={port}", "--no-open", *words)
        self._process: Fork | subprocess.Popen[bytes]
        if forks:
            limit = {} if files is None else {"files": files}
            self._process = forks.start(*words, output=self._out, errors=self._err, **limit)
        else:
            command = [sys.executable, "-m", "auditor", *words]
            if files is not None:
                command = ["sh", "-c", f'ulimit -n {files} && exec "$@"', "sh", *command]
            with self._out.open("ab") as out, self._err.open("ab") as err:
                self._process = subprocess.Popen(command, stdout=out, stderr=err)

    def address(self) -> str:
        """Where it is, once it says so."""
        while not (found := re.search(r"http://\S+(?=\s)", self.out)):
            assert self._process.poll() is None, self.err
            time.sleep(0.01)
        return found[0]

    def end(self, number: int) -> int:
        """Send a signal, and wait for the end; the exit code."""
        self._process.send_signal(number)
        return self._process.wait()

    @property
    def out(self) -> str:
        return self._out.read_text("utf-8")

    @property
    def err(self) -> str:
        return self._err.read_text("utf-8")


@contextmanager
def served(*of: Any, **options: Any) -> Iterator[tuple[Served, str]]:
    """A server, once it says where it is."""
    server = Served(*of, **options)
    try:
        yield server, server.address()
    finally:
        server.end(signal.SIGKILL)


def browser(address: str, cookies: httpx2.Cookies | None = None) -> httpx2.Client:
    return httpx2.Client(
        base_url=address, cookies=cookies, headers={"Sec-Fetch-Site": "same-origin"}, trust_env=False, timeout=60
    )


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_killed_starts_again_with_everything_that_was_saved(
    reviewing: Forks | None, copied: Run, end: int
) -> None:
    port = free_port()
    with served(copied, port, forks=reviewing) as (server, address), browser(address) as client:
        assert address == f"http://127.0.0.1:{port}/"
        client.post("api/name", json={"name": "ann"}).raise_for_status()
        card = client.get("api/queue?limit=1").json()["cards"][0]
        press = {
            "event_id": "e1",
            "kind": "decide",
            "item_id": card["id"],
            "item_hash": card["hash"],
            "verdict": "keep",
        }
        assert (
            client.post("api/events", json={"run": run_id(copied), "events": [press]}).json()["results"][0]["status"]
            == "saved"
        )
        cookies = client.cookies
        assert server.end(signal.SIGKILL) == -signal.SIGKILL
    with served(copied, port, forks=reviewing) as (server, address), browser(address, cookies) as client:
        assert client.get("api/session").json()["reviewer"] == "ann"
        assert client.get("api/card", params={"id": card["id"]}).json()["mine"]["verdict"] == "keep"
        undo = {"event_id": "e2", "kind": "undo"}
        assert (
            client.post("api/events", json={"run": run_id(copied), "events": [undo]}).json()["results"][0]["undoes"]
            == "e1"
        )
        assert server.end(end) == 0
    assert "Stopped" in server.out
    assert server.err == ""
    assert not (copied / "decisions.db-wal").exists()
    with closing(DecisionLog(copied / "decisions.db", run_id(copied))) as log:
        assert [event.event_id for event in log.all_events()] == ["e1", "e2"]


@pytest.mark.slow
def test_reviewers_log_in_and_wrong_tries_are_told_in_the_terminal(copied: Run, tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "reviewers.json")
    accounts.add("ann", "three short words")
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keep": "g"}))
    words = ("--auth", str(accounts.path), "--keys", str(keys))
    with served(copied, free_port(), *words) as (server, address), browser(address) as client:
        assert client.get("api/session").status_code == 401
        client.post("login", data={"name": "ann", "password": "not that one"})
        assert client.post("login", data={"name": "ann", "password": "three short words"}).status_code == 303
        session = client.get("api/session").json()
        assert (session["reviewer"], session["keys"]["keep"]) == ("ann", "g")
        server.end(signal.SIGINT)
    assert "login of 'ann' from 127.0.0.1 failed" in server.err
    assert "not that one" not in server.err


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="of POSIX limits")
def test_silent_connections_close_neither_the_page_nor_fill_the_log(reviewing: Forks | None, copied: Run) -> None:
    port = free_port()
    serving = served(copied, port, forks=reviewing, files=96)
    with serving as (server, address), ExitStack() as silent, browser(address) as client:
        for number in range(300):
            connection = silent.enter_context(closing(socket.create_connection(("127.0.0.1", port))))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            if number % 50 == 49:
                with browser(address) as new:
                    assert new.get("").status_code == 200
                    assert new.get("static/app.js").status_code == 200
                assert client.get("api/queue?limit=5").status_code == 200
        with ThreadPoolExecutor(12) as pool:  # as the tabs of two browsers do
            codes = list(pool.map(lambda number: client.get(f"api/table?page={number}").status_code, range(60)))
        assert codes == [200] * 60
        server.end(signal.SIGINT)
    assert "connections" in server.err
    assert len(server.err.splitlines()) <= 5


def test_without_a_login_only_this_machine_is_served(run: Run) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org", ""):
        with pytest.raises(AccountError, match="without a login") as refused:
            serve(str(run.directory), host=host)
        assert "--auth" in refused.value.todo


def test_a_login_needs_accounts(run: Run, tmp_path: Path) -> None:
    with pytest.raises(AccountError, match="the file does not exist"):
        serve(str(run.directory), auth=tmp_path / "none.json")
    path = tmp_path / "empty.json"
    path.write_text(json.dumps({"format": 1, "secret": "0" * 64, "users": {}}))
    path.chmod(0o600)
    with pytest.raises(AccountError, match="has no accounts"):
        serve(str(run.directory), auth=path, host="0.0.0.0")


def test_the_next_free_port_is_taken_unless_one_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(serving, "FIRST_PORT", port)
        with closing(serving._listen("127.0.0.1", None)) as listener:
            assert port < listener.getsockname()[1] < port + serving.PORTS
        with pytest.raises(ReviewError, match=f"port {port}: Address already in use") as refused:
            serve(str(run.directory), port=port)
        assert "--port" in refused.value.todo
        monkeypatch.setattr(serving, "PORTS", 1)
        with pytest.raises(ReviewError, match="are taken"):
            serve(str(run.directory))


@pytest.mark.skipif(os.name != "posix", reason="of POSIX sockets")
def test_a_port_that_was_just_left_can_be_taken_again() -> None:
    with closing(serving._listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port))) as client:
            listener.accept()[0].close()  # our end closes first: the port stays in TIME_WAIT
            assert client.recv(1) == b""
    serving._listen("127.0.0.1", port).close()


def test_an_address_that_is_not_this_machines_is_told(run: Run, tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "reviewers.json")
    accounts.add("ann", "three short words")
    with pytest.raises(ReviewError, match=r"cannot be served at 192\.0\.2\.1") as refused:
        serve(str(run.directory), host="192.0.2.1", auth=accounts.path)
    assert "--host" in refused.value.todo


def test_the_end_says_nothing_of_the_downloads_that_it_cuts_short(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serving, "_GRACE_PERIOD", 0)

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/broken":
            raise ValueError("a fault of ours")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a beginning", "more_body": True})
        await asyncio.sleep(600)

    with caplog.filtering(is_not_cancelled), listening(endless) as server:
        for path in ("broken", "download"):
            connection = server.connect(f"GET /{path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
            assert connection.recv(1)
            server.server.should_exit = path == "download"
            rest(connection)
            connection.close()
    assert "a fault of ours" in caplog.text
    assert "CancelledError" not in caplog.text
