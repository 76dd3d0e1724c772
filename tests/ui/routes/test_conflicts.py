"""Who may settle a conflict, and see both sides of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from auditor.access.accounts import Accounts, Role
from auditor.config import QueueConfig
from auditor.review.log.log import DecisionLog
from auditor.review.view.items import Items
from auditor.run import Run
from tests.review.reviewing import decision
from tests.ui.conftest import PASSWORD, browser, make_app


def logged_in(run: Run, log: DecisionLog, accounts: Accounts, name: str = "ann") -> TestClient:
    client = browser(make_app(run, log, accounts=accounts))
    answer = client.post("/login", data={"name": name, "password": PASSWORD}, headers={"Origin": str(client.base_url)})
    assert answer.status_code == 303
    return client


def disputed(run: Run, log: DecisionLog) -> dict[str, Any]:
    """A row on which Bob and Cyd differ; the press that settles it."""
    items = Items.of(run)
    for name, verdict in (("bob", "keep"), ("cyd", "exclude")):
        log.append([decision(items, 7, name, verdict, run_id=log.run_id, note=f"{name}'s note")])
    press = {"event_id": "settled", "kind": "decide", "item_id": items.id_of(7), "item_hash": items.hash_of(7)}
    return press | {"verdict": "exclude", "adjudication": True}


@pytest.mark.parametrize("role", ["reviewer", "adjudicator", "admin"])
def test_only_adjudicators_see_both_sides_and_settle(
    run: Run, log: DecisionLog, accounts: Accounts, role: Role
) -> None:
    accounts.set_role("ann", role)
    press, may = disputed(run, log), role != "reviewer"
    client = logged_in(run, log, accounts)
    assert client.get("/api/session").json()["role"] == role
    assert client.get("/api/pulse").json()["conflicts"] == 1
    for path in ("/api/queue?conflict=1", f"/api/card?conflict=1&id={press['item_id']}"):
        found = client.get(path).json()
        card = found["cards"][0] if "cards" in found else found
        assert [one["note"] for one in card.get("conflict", [])] == (["bob's note", "cyd's note"] if may else [])
        assert card["decided_by"] == (["bob", "cyd"] if may else [])
    assert "conflict" not in client.get("/api/queue").json()["cards"][0]
    sent = {"run": log.run_id, "events": [press], "held": [press["item_id"]], "conflict": True}
    answer = client.post("/api/events", json=sent).json()
    (result,) = answer["results"]
    assert result["status"] == ("saved" if may else "refused")
    assert may or "Only an adjudicator or an admin" in result["what"]
    assert answer["gone"] == ([press["item_id"]] if may else [])
    assert len(log.adjudications()) == may
    assert client.get("/api/queue?conflict=1").json()["left"] == (0 if may else 1)


def test_without_accounts_everybody_settles(ann: TestClient, run: Run, log: DecisionLog) -> None:
    press = disputed(run, log)
    assert ann.get("/api/session").json()["role"] == "admin"
    unsure = {**press, "verdict": "unsure", "event_id": "unsure"}
    answer = ann.post("/api/events", json={"run": log.run_id, "events": [unsure, press]}).json()
    assert [result["status"] for result in answer["results"]] == ["refused", "saved"]
    undo = {"event_id": "undo", "kind": "undo"}
    answer = ann.post("/api/events", json={"run": log.run_id, "events": [undo], "conflict": True}).json()
    assert len(answer["results"][0]["card"]["conflict"]) == 2


def test_another_role_takes_effect_without_a_new_login(run: Run, log: DecisionLog, accounts: Accounts) -> None:
    accounts.set_role("bob", "reviewer")
    client = logged_in(run, log, accounts, "bob")
    accounts.set_role("bob", "admin")
    assert client.get("/api/session").json()["role"] == "admin"


def test_reviewers_see_their_own_figures_and_adjudicators_those_of_all(
    run: Run, log: DecisionLog, accounts: Accounts
) -> None:
    disputed(run, log)
    log.append([decision(Items.of(run), 7, "ann", run_id=log.run_id)])
    for role, names in (("reviewer", ["ann"]), ("adjudicator", ["ann", "bob", "cyd"])):
        accounts.set_role("ann", role)  # type: ignore[arg-type]
        found = logged_in(run, log, accounts).get("/api/progress").json()
        assert [one["reviewer"] for one in found["people"]] == names
        assert [one["reviewer"] for one in found["reviewers"]] == names
        pairs = [(one["first"], one["second"]) for one in found["agreement_of_people"]["by_people"]]
        assert (("bob", "cyd") in pairs) == (role == "adjudicator")
        assert found["conflicts"] == 1
        assert found["budgets"][0]["sentence"].endswith("at this rate.")


def test_a_new_reviewer_is_told_how_many_known_answers_they_gave(run: Run, log: DecisionLog, tmp_path: Path) -> None:
    items = Items.of(run)
    gold = tmp_path / "gold.csv"
    gold.write_text("id,label\n" + "".join(f"{items.id_of(row)},{items.label(items.given[row])}\n" for row in (70, 71)))
    client = browser(make_app(run, log, queue=QueueConfig(gold=gold, gold_cards=2, blind=0)))
    client.post("/api/name", json={"name": "new"})
    told = []
    for number in range(40):
        (card,) = client.post("/api/next", json={"run": log.run_id, "limit": 1}).json()["cards"]
        assert not {"arm", "answer"} & {*card}
        press = {"event_id": f"known-{number}", "kind": "decide", "item_id": card["id"], "item_hash": card["hash"]}
        press |= {"verdict": "keep" if card["row"] == 70 else "exclude"}
        answer = client.post("/api/events", json={"run": log.run_id, "events": [press]}).json()
        assert answer["results"][0]["status"] == "saved"
        told += [answer["qualified"]] if "qualified" in answer else []
    assert told == [{"right": 1, "of": 2}]
    (mine,) = client.get("/api/progress").json()["people"]
    assert (mine["qualification"]["right"]["count"], mine["qualification"]["missed"]) == (1, [items.id_of(71)])
    answers = {event.item_id: event.answer for event in log.all_events() if event.answer}
    assert answers == {items.id_of(row): items.label(items.given[row]) for row in (70, 71)}
