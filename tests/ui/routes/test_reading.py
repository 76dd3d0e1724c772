"""What the page is told: every answer as agreed, and errors in two lines."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from auditor.errors import LogError
from auditor.review.filter.filter import Filter
from auditor.review.keys import DEFAULT_KEYS
from auditor.review.log.log import DecisionLog, run_id
from auditor.run import Run
from auditor.vocabulary import LEFT_OUT, VERDICTS
from tests.ui.conftest import make_app


@pytest.fixture(scope="module")
def app(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The page; no test here decides anything."""
    log = DecisionLog(tmp_path_factory.mktemp("log") / "decisions.db", run_id(run))
    yield make_app(run, log)
    log.close()


def test_session(client: TestClient, app: FastAPI) -> None:
    session = client.get("/api/session").json()
    items = app.state.workspace.items
    assert (session["reviewer"], session["login"]) == (None, False)
    assert session["run"]["name"] == "diary"
    assert session["run"]["rows"] == len(items)
    assert 0 < session["run"]["issues"] < session["run"]["judged"] < session["run"]["rows"]
    assert tuple(session["labels"]) == items.label_names
    assert session["models"][0] == "consensus"
    assert session["keys"] == DEFAULT_KEYS
    assert tuple(session["verdicts"]) == VERDICTS
    assert session["left_out"] == {"choices": [*LEFT_OUT], "default": ["exclude", "none_fits"]}
    assert session["has"] == {"map": True, "kinds": True, "batches": False}
    assert "suspicion" in session["sorts"]
    assert Filter.from_query(session["default_query"]) == Filter(undecided="anyone")


def test_a_name_is_asked_for_once_and_kept(client: TestClient) -> None:
    assert client.post("/api/name", json={"name": "  Ann e\u0301  "}).json() == {"reviewer": "Ann é"}
    assert client.get("/api/session").json()["reviewer"] == "Ann é"


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "a\nb", "\x1b[31m", "\u202eann", "\ud800"])
def test_a_name_is_of_printable_characters(client: TestClient, name: str) -> None:
    answer = client.post("/api/name", content=json.dumps({"name": name}), headers={"Content-Type": "application/json"})
    assert answer.status_code in {403, 422}
    assert set(answer.json()) == {"what", "todo"}
    assert client.get("/api/session").json()["reviewer"] is None


def test_the_queue_goes_on_where_its_page_ended(client: TestClient) -> None:
    pages, after = [], ""
    for _ in range(100):
        page = client.get(f"/api/queue?issue=1&limit=7{after}").json()
        pages += [card["id"] for card in page["cards"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(set(pages)) == len(pages) == page["left"]
    table = client.get("/api/table?issue=1&size=500").json()
    assert pages == [row["id"] for row in table["rows"]]


def test_a_card_by_its_id_and_by_its_row_is_the_queues(client: TestClient) -> None:
    card = client.get("/api/queue?limit=1").json()["cards"][0]
    assert client.get("/api/card", params={"id": card["id"]}).json() == card
    assert client.get("/api/row", params={"row": card["row"]}).json() == card


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("facets?issue=1", {"found", "facets", "suspicion"}),
        ("table?given=joy&page=1&size=3&sort=given", {"found", "head", "page", "size", "rows"}),
        ("confusions", {"labels", "cells"}),
        ("map?issue=1", {"rows", "x", "y", "given", "suggested", "issue", "found", "labels"}),
        ("progress", {"decided", "left", "rows", "by_verdict", "by_class", "by_pair", "agreement", "reviewers"}),
        ("queue?sort=random&seed=3", {"cards", "next", "left"}),
    ],
)
def test_each_view_is_answered(client: TestClient, path: str, keys: set[str]) -> None:
    answer = client.get(f"/api/{path}")
    assert answer.status_code == 200
    assert keys <= set(answer.json())
    assert answer.headers["Cache-Control"] == "no-store"


def test_groups_are_a_list(client: TestClient) -> None:
    assert isinstance(client.get("/api/groups").json(), list)


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("queue?nonsense=1", "nonsense"),
        ("queue?given=nobody-has-this&limit=0", "limit"),
        ("queue?limit=201", "limit"),
        ("queue?sort=nonsense", "nonsense"),
        ("queue?after=x", "queue"),
        ("queue?text=(&regex=1", "text"),
        ("queue?selection=nonsense", "selection"),
        ("queue?min_suspicion=2", "min_suspicion"),
        ("queue?issue=yes", "issue"),
        ("queue?seed=-1", "seed"),
        ("facets?pair=joy", "pair"),
        ("table?size=501", "size"),
        ("table?page=-1", "page"),
        ("card", "id"),
        ("card?id=nobody", "nobody"),
        ("row?row=-1", "row"),
        ("row?row=1000000", "1000000"),
        ("row?row=99999999999999999999", "row"),
        ("nothing", "nothing here"),
    ],
)
def test_what_cannot_be_understood_is_said_in_two_lines(client: TestClient, path: str, word: str) -> None:
    answer = client.get(f"/api/{path}")
    assert answer.status_code in {400, 404, 422}
    said = answer.json()
    assert set(said) == {"what", "todo"}
    assert word in said["what"]
    assert len(said["what"]) < 500


def test_what_fails_in_the_server_is_not_told_with_its_paths(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: object) -> None:
        raise LogError("/home/ann/secret/decisions.db cannot grow:\nthe disk is full.", "Make room.")

    monkeypatch.setattr(type(app.state.workspace.verdicts), "catch_up", failing)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/api/queue")
    assert answer.status_code == 503
    assert "secret" not in answer.text
    assert set(answer.json()) == {"what", "todo"}
    assert "secret" in caplog.text


def test_a_fault_of_ours_is_told_without_its_traceback(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, app: FastAPI
) -> None:
    def failing(*_: object) -> None:
        raise ZeroDivisionError("a path /home/ann")

    monkeypatch.setattr(type(app.state.workspace.verdicts), "catch_up", failing)
    client._transport.raise_server_exceptions = False  # type: ignore[attr-defined]
    answer = client.get("/api/queue")
    assert answer.status_code == 500
    assert set(answer.json()) == {"what", "todo"}
    assert "ann" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
