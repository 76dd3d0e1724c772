"""The review page of a made-up run, asked as a browser asks it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from auditor_ui.app import build
from auditor_ui.page import make_page
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Message

from auditor.access.accounts import Accounts
from auditor.review.log.log import DecisionLog
from auditor.run import Run
from tests.review.runs import empty_log, write_run

PASSWORD = "three short words"


def make_app(run: Run, log: DecisionLog, **options: Any) -> FastAPI:
    """Build the app within an event loop: Gradio would make loops of its own otherwise, and never close them."""

    async def made() -> FastAPI:
        return build(run, log, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor_ui.app.make_page", _make_page)
        return asyncio.run(made())


def _make_page(*words: Any, **options: Any) -> gr.Blocks:
    """Lay out the page without the two apps that Gradio makes of it meanwhile, and throws away when it is mounted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gradio.routes.App.create_app", lambda *_, **__: None)
        return make_page(*words, **options)


def browser(app: FastAPI) -> TestClient:
    """Something that asks as a browser does on our own page, with cookies of its own."""
    return TestClient(app, "http://127.0.0.1:7860", follow_redirects=False, headers={"Sec-Fetch-Site": "same-origin"})


def asked(
    app: FastAPI, method: str, path: str, headers: dict[str, str] | list[tuple[str, str]], body: list[bytes]
) -> tuple[int, int]:
    """Status, and how many pieces of the body were taken; any server may stand below, and pass on what it likes."""
    statuses, left = [], list(body)

    async def receive() -> Message:
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    named = [("host", "127.0.0.1"), *(headers.items() if isinstance(headers, dict) else headers)]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in named],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    asyncio.run(app(scope, receive, send))
    return statuses[0], len(body) - len(left)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run; tests read it."""
    return write_run(tmp_path_factory.mktemp("run") / "diary")


@pytest.fixture
def log(run: Run, tmp_path: Path) -> Iterator[DecisionLog]:
    """An empty log of the run's decisions."""
    yield from empty_log(run, tmp_path)


@pytest.fixture
def app(run: Run, log: DecisionLog) -> FastAPI:
    """The page, without a login."""
    return make_app(run, log)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """A browser in which nobody has given a name yet."""
    return browser(app)


@pytest.fixture
def ann(client: TestClient) -> TestClient:
    """A browser in which Ann reviews."""
    assert client.post("/api/name", json={"name": "ann"}).json() == {"reviewer": "ann"}
    return client


@pytest.fixture(scope="module")
def accounts(quick_hashes: Callable[..., bytes], tmp_path_factory: pytest.TempPathFactory) -> Accounts:
    """Accounts of Ann and Bob, whose passwords are hashed at no cost."""
    accounts = Accounts(tmp_path_factory.mktemp("accounts") / "reviewers.json")
    for name in ("ann", "bob"):
        accounts.add(name, PASSWORD)
    return accounts
