"""Pushing from the page: with a login alone, one push at a time, and told without what nobody should see."""

from __future__ import annotations

import io
import logging
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from auditor.access.accounts import Accounts
from auditor.errors import HubRefusedError, StorageError
from auditor.review.log.log import DecisionLog
from auditor.run import Run
from tests.review.reviewing import decide
from tests.ui.conftest import PASSWORD, browser, make_app

SECRET = "hf_secret"


class Hub:
    """Stands in the place of :func:`auditor.correction.push.push.push`: waits until it may end, as it is told to."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.fails: Exception | None = None

    def push(self, corrections: Any, repo: str, **how: Any) -> SimpleNamespace:
        self.calls.append({"corrections": corrections, "repo": repo, **how})
        if how["dry_run"] is not None:
            how["dry_run"].mkdir()
            (how["dry_run"] / "README.md").write_text("the card", "utf-8")
        else:
            with how["listener"].task("Uploads") as advance:
                advance(3, 7)
                self.begun.set()
                assert self.may_end.wait(10)
        if self.fails:
            raise self.fails
        return SimpleNamespace(
            repo=repo, url=f"https://hub/{repo}", commit="0" * 40, pr_url=None, unchanged=False, notes=("A note.",)
        )


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub that does as a test says."""
    hub = Hub()
    monkeypatch.setitem(sys.modules, "auditor.correction.push.push", SimpleNamespace(push=hub.push))
    yield hub
    hub.may_end.set()


@pytest.fixture
def app(run: Run, log: DecisionLog, accounts: Accounts) -> FastAPI:
    """The page, with a login, after a decision."""
    app = make_app(run, log, accounts=accounts, hosts=None)
    decide(app.state.workspace.verdicts, 4, "bob", "exclude")
    return app


@pytest.fixture
def ann(client: TestClient) -> TestClient:
    """A browser in which Ann has logged in."""
    assert client.post("/login", data={"name": "ann", "password": PASSWORD}).status_code == 303
    return client


@pytest.fixture
def sent(log: DecisionLog) -> dict[str, Any]:
    """What the page sends."""
    return {"run": log.run_id, "reviewer": "ann", "repo": "ann/diary", "config_name": "corrected", "create_pr": True}


def ended(client: TestClient) -> dict[str, Any]:
    for _ in range(1000):
        status: dict[str, Any] = client.get("/api/export/push").json()
        if status["state"] != "running":
            return status
        time.sleep(0.01)
    raise AssertionError(status)


@pytest.mark.parametrize("path", ["push", "push/files"])
def test_without_accounts_nobody_pushes(run: Run, log: DecisionLog, sent: dict[str, Any], hub: Hub, path: str) -> None:
    client = browser(make_app(run, log))
    client.post("/api/name", json={"name": "ann"})
    answer = client.post(f"/api/export/{path}", json=sent)
    assert answer.status_code == 403
    assert "--auth" in answer.json()["todo"]
    assert client.get("/api/export/push").json() == {"state": "none"}
    assert hub.calls == []


@pytest.mark.parametrize("path", ["push", "push/files"])
def test_without_a_login_nobody_pushes(client: TestClient, sent: dict[str, Any], hub: Hub, path: str) -> None:
    assert client.post(f"/api/export/{path}", json=sent).status_code == 401
    assert client.get("/api/export/push").status_code == 401
    assert hub.calls == []


def test_a_push_is_followed_and_another_waits(ann: TestClient, app: FastAPI, sent: dict[str, Any], hub: Hub) -> None:
    begun = ann.post("/api/export/push", json={**sent, "leave_out": [], "original": False, "provenance": True})
    assert begun.json()["state"] == "running"
    assert hub.begun.wait(10)
    status = ann.get("/api/export/push").json()
    assert {name: status[name] for name in ("state", "repo", "by", "task", "done", "total")} == {
        "state": "running",
        "repo": "ann/diary",
        "by": "ann",
        "task": "Uploads",
        "done": 3,
        "total": 7,
    }
    bob = browser(app)
    bob.post("/login", data={"name": "bob", "password": PASSWORD})
    answer = bob.post("/api/export/push", json={**sent, "reviewer": "bob"})
    assert answer.status_code == 409
    assert "ann is pushing to ann/diary" in answer.json()["what"]
    hub.may_end.set()
    status = ended(bob)
    assert (status["state"], status["url"], status["notes"]) == ("done", "https://hub/ann/diary", ["A note."])
    (call,) = hub.calls
    assert "ann" in call["message"]
    assert (call["private"], call["create_pr"], call["config_name"]) == (None, True, "corrected")
    assert (call["original"], call["provenance"], call["dry_run"], "token" in call) == (False, True, None, False)
    assert call["corrections"].policy.leave_out == ()
    assert ann.post("/api/export/push", json={**sent, "private": False}).status_code == 200
    assert ended(ann)["state"] == "done"
    assert hub.calls[1]["private"] is False


def test_a_push_that_fails_says_why_and_can_be_repeated(ann: TestClient, sent: dict[str, Any], hub: Hub) -> None:
    hub.may_end.set()
    hub.fails = HubRefusedError("The token may not write to ann/diary.", "Ask for the right.")
    ann.post("/api/export/push", json=sent)
    status = ended(ann)
    assert (status["state"], status["what"], status["todo"]) == (
        "failed",
        "The token may not write to ann/diary.",
        "Ask for the right.",
    )
    hub.fails = None
    ann.post("/api/export/push", json=sent)
    assert ended(ann)["state"] == "done"
    assert "what" not in ended(ann)


def test_a_folder_of_the_servers_is_not_told(ann: TestClient, sent: dict[str, Any], hub: Hub) -> None:
    hub.may_end.set()
    hub.fails = StorageError("/srv/tmp/push-1 is full.", "Make room.")
    ann.post("/api/export/push", json=sent)
    status = ended(ann)
    assert (status["state"], "/srv" in str(status)) == ("failed", False)
    assert "its disk is full" in status["what"]


def test_what_nobody_foresaw_is_not_told(
    ann: TestClient, sent: dict[str, Any], hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    hub.may_end.set()
    hub.fails = ZeroDivisionError(f"at /home/ann with {SECRET}")
    with caplog.at_level(logging.ERROR):
        ann.post("/api/export/push", json=sent)
        answer = ended(ann)
    assert answer["state"] == "failed"
    assert "ann" not in answer["what"] + answer["todo"]
    assert SECRET not in str(answer)


def test_what_would_be_pushed_can_be_looked_at(ann: TestClient, sent: dict[str, Any], hub: Hub) -> None:
    answer = ann.post("/api/export/push/files", json={**sent, "repo": "ann/../x"})
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ann-..-x-push.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.namelist() == ["ann-..-x-push/README.md"]
    assert ann.get("/api/export/push").json() == {"state": "none"}
    assert not Path(hub.calls[0]["dry_run"]).exists()
    hub.fails = HubRefusedError(f"{hub.calls[0]['dry_run']} cannot be read.", "Log in.")
    answer = ann.post("/api/export/push/files", json=sent)
    assert answer.status_code == 502
    assert set(answer.json()) == {"what", "todo"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"run": "another"}, 409),
        ({"reviewer": "bob"}, 409),
        ({"token": SECRET}, 422),
        ({"repo": ""}, 422),
        ({"repo": "x" * 201}, 422),
        ({"config_name": ""}, 422),
        ({"view": "nonsense=1"}, 400),
    ],
)
def test_what_does_not_belong_here_is_refused(
    ann: TestClient, sent: dict[str, Any], hub: Hub, changes: dict[str, str], status: int
) -> None:
    for path in ("push", "push/files"):
        answer = ann.post(f"/api/export/{path}", json={**sent, **changes})
        assert answer.status_code == status
        assert set(answer.json()) == {"what", "todo"}
        assert SECRET not in answer.text
    assert hub.calls == []


def test_another_sites_page_pushes_nothing(ann: TestClient, sent: dict[str, Any], hub: Hub) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Content-Type": "text/plain"}):
        assert ann.post("/api/export/push", json=sent, headers=headers).status_code in {403, 415}
    assert hub.calls == []
