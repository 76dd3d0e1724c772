"""Guidelines, questions to colleagues and batches, as the page asks for them."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from auditor.access.accounts import Accounts
from auditor.config import QueueConfig
from auditor.errors import SourceError
from auditor.review.filter.filter import Filter
from auditor.review.guidelines import version_of
from auditor.review.log.log import DecisionLog
from auditor.review.log.parts import MAX_GUIDELINES
from auditor.run import Run
from tests.ui.conftest import browser, make_app
from tests.ui.routes.test_decisions import decide, queue, run_of, send
from tests.ui.routes.test_feed import reviewer, served

TEXT = "Judge the feeling.\n\n## joy\nHappy, whatever the reason.\n- so glad"
HOSTILE = "<script>alert(1)</script>\n## __proto__\n=HYPERLINK(1)\n## joy\n<img src=x onerror=alert(1)>"


@pytest.fixture
def bob(app: FastAPI, ann: TestClient) -> TestClient:
    return reviewer(app, "bob")


def written(client: TestClient, text: str, base: str | None, event_id: str = "g1", status: int = 200) -> Any:
    sent = {"run": run_of(client), "event_id": event_id, "text": text, "base": base}
    answer = client.post("/api/guidelines", json=sent)
    assert answer.status_code == status, answer.text
    return answer.json()


def ids(client: TestClient, query: str) -> list[str]:
    return [card["id"] for card in queue(client, query)]


def test_guidelines_are_written_and_recorded_with_each_decision(
    ann: TestClient, bob: TestClient, log: DecisionLog
) -> None:
    first, second, third, *_ = queue(ann, "limit=5")
    send(ann, decide(first))
    found = ann.get("/api/guidelines").json()
    assert (found["version"], found["text"], found["by"]) == (None, "", None)
    found = written(ann, TEXT, None)
    assert found["sections"]["joy"] == {"line": "Happy, whatever the reason.", "examples": ["so glad"]}
    old, now = version_of(TEXT), version_of("## joy\nGlad")
    assert (found["version"], found["by"]) == (old, "ann")
    assert bob.get("/api/pulse").json()["guideline"] == old
    refused = written(bob, "mine", None, "g2", 409)
    assert "ann has changed the guidelines meanwhile" in refused["what"]
    send(bob, decide(second, guideline=old))
    written(bob, "## joy\nGlad", old, "g3")
    send(ann, decide(third, guideline=old))  # her page has not heard of the new ones
    send(ann, decide(second, guideline="0" * 12))  # nobody has written these
    assert [event.guideline for event in log.all_events() if event.kind == "decide"] == [None, old, old, now]
    assert set(ids(ann, "guideline=older")) == {first["id"], second["id"], third["id"]}
    assert ids(ann, "guideline=current") == [second["id"]]
    assert ids(ann, f"guideline={old}&reviewer=ann") == [third["id"]]
    assert ann.get("/api/queue?guideline=newest").status_code == 400


def test_the_section_of_a_renamed_class_may_have_its_new_name(ann: TestClient) -> None:
    written(ann, "## happy\nGlad.", None)
    assert ann.get("/api/guidelines").json()["sections"] == {}
    about = {"run": run_of(ann), "operation": "rename", "names": ["joy"], "to": "happy", "base": None}
    assert ann.post("/api/classes", json={**about, "event_id": "c1"}).status_code == 200
    assert ann.get("/api/guidelines").json()["sections"]["joy"]["line"] == "Glad."


def test_a_decision_sent_twice_is_saved_once_over_new_guidelines(ann: TestClient) -> None:
    card = queue(ann, "limit=1")[0]
    press = decide(card)
    assert send(ann, press)[0]["status"] == "saved"
    written(ann, TEXT, None)
    assert send(ann, press)[0]["status"] == "saved"
    assert ann.get("/api/pulse").json()["decided"] == 1


@pytest.mark.parametrize("text", [HOSTILE, "a\0b", "x" * (MAX_GUIDELINES + 1), "x" * (2 * MAX_GUIDELINES + 1)])
def test_hostile_guidelines_are_text_or_refused(ann: TestClient, text: str) -> None:
    answer = ann.post("/api/guidelines", json={"run": run_of(ann), "event_id": "g", "text": text})
    if text == HOSTILE:
        assert answer.json()["text"] == HOSTILE
        assert answer.json()["sections"] == {"joy": {"line": "<img src=x onerror=alert(1)>", "examples": []}}
    else:
        assert answer.status_code in (400, 409, 422)
        assert answer.json()["todo"]
    assert browser(ann.app).get("/api/guidelines").status_code == 403  # type: ignore[arg-type]


def test_a_colleague_who_is_asked_is_served_that_card_first(ann: TestClient, bob: TestClient) -> None:
    card = queue(ann, "limit=20")[17]
    send(ann, decide(card, "unsure", note="love? @Bob"))
    assert bob.get("/api/people").json() == {"people": ["ann"], "anyone": "anyone"}
    answer = served(bob)
    found = answer["cards"][0]
    assert found["id"] == card["id"] == ids(bob, "asked=me")[0]
    assert (found["asked_by"], found["hidden"], found["history"], found["decided_by"]) == (["ann"], False, [], [])
    assert served(ann)["cards"][0]["asked_by"] == []
    facets = bob.get("/api/facets").json()["facets"]
    assert facets["asked"] == [{"value": "me", "count": 1}]
    assert served(bob, held=[found])["cards"][0]["id"] != card["id"]
    events = bob.post("/api/events", json={"run": run_of(bob), "events": [], "held": [found["id"]]}).json()
    assert events["gone"] == []  # that somebody has decided it is why it is here
    left = answer["left"]
    send(bob, decide(found, "keep"))
    judged = bob.get("/api/card", params={"id": card["id"]}).json()
    assert judged["asked_by"] == []
    assert [entry["note"] for entry in judged["history"]] == ["love? @Bob", ""]
    assert ids(bob, "asked=me") == []
    assert served(bob)["left"] == left - 1


@pytest.fixture
def team(run: Run, log: DecisionLog, accounts: Accounts) -> FastAPI:
    return make_app(run, log, accounts=accounts, queue=QueueConfig(assign="evenly", opening=0, blind=0))


def test_each_account_has_a_batch(team: FastAPI) -> None:
    workspace = team.state.workspace
    mine = workspace.selection.batches["ann"]
    cards = workspace.feed.next("ann", [], 30)
    assert all(mine[card.row] for card in cards)
    assert workspace.feed.left("ann") + workspace.feed.left("bob") == len(workspace.items)
    mine_too = workspace.selection.mask(Filter(batch=("me",)), "ann")
    assert (mine_too == mine).all()
    assert (workspace.selection.mask(Filter(batch=("ann", "bob")), "eve")).all()
    facet = workspace.selection.facets(Filter(), "bob")["facets"]["batch"]
    assert [one["value"] for one in facet] == ["me", "ann"]


def test_without_accounts_nobody_has_a_batch(run: Run, log: DecisionLog, ann: TestClient) -> None:
    with pytest.raises(SourceError, match="assign= splits the rows among accounts"):
        make_app(run, log, queue=QueueConfig(assign="evenly"))
    assert "not split" in ann.get("/api/queue?batch=me").json()["what"]
