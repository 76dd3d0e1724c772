"""What the page writes: what is answered as saved is in the log, once, under the right name."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from auditor.review.log.log import DecisionLog
from tests.ui.conftest import browser

_numbers = count()


def new_id() -> str:
    return f"press-{next(_numbers)}"


def decide(card: dict[str, Any], verdict: str = "keep", *labels: str, **more: Any) -> dict[str, Any]:
    press = {
        "event_id": new_id(),
        "kind": "decide",
        "item_id": card["id"],
        "item_hash": card["hash"],
        "verdict": verdict,
        "new_labels": labels,
        "note": "",
        "seconds": 1.25,
        "source": "queue",
        "suggestion_shown": card["suggested"],
        "suspicion_seen": card["suspicion"],
    }
    return {**press, **more}


def turn(kind: str, **more: Any) -> dict[str, Any]:
    return {"event_id": new_id(), "kind": kind, **more}


def run_of(client: TestClient) -> str:
    run: str = client.get("/api/session").json()["run"]["id"]
    return run


def send(client: TestClient, *presses: Any, held: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    # By json.dumps: half a surrogate pair, as JavaScript may send it, is ASCII there.
    body = json.dumps({"events": presses, "held": held, "run": run_of(client)})
    answer = client.post("/api/events", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    assert len(results) == len(presses)
    return results


def queue(client: TestClient, query: str = "limit=9") -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = client.get(f"/api/queue?{query}").json()["cards"]
    return cards


def test_a_decision_is_written_as_it_was_pressed(ann: TestClient, log: DecisionLog) -> None:
    card = queue(ann)[0]
    press = decide(card, "relabel", card["suggested"], note="clear")
    assert send(ann, press) == [{"event_id": press["event_id"], "status": "saved"}]
    (event,) = log.history(card["id"])
    said = json.loads(event.model_dump_json())
    assert {name: said[name] for name in press} == {**press, "new_labels": [card["suggested"]]}
    assert (said["reviewer"], said["run_id"], said["batch_id"]) == ("ann", log.run_id, None)
    again = ann.get("/api/card", params={"id": card["id"]}).json()
    assert again["mine"]["verdict"] == "relabel"
    assert again["decided_by"] == ["ann"]
    assert card["id"] not in [other["id"] for other in queue(ann, "undecided=anyone")]


def test_presses_are_applied_in_order_and_one_that_is_refused_stops_none(ann: TestClient, log: DecisionLog) -> None:
    first, second, third = queue(ann, "limit=3")
    kept = decide(first)
    presses = [
        kept,
        decide(second, item_hash="0" * 32),
        decide(second, item_id="nobody"),
        decide(second, "relabel", "no such label"),
        decide(second, "relabel"),
        decide(second, "perhaps"),
        decide(second, note="x" * 10_001),
        decide(second, note="half a pair: \ud800"),
        decide(second, seconds=-1),
        decide(second, source="bulk"),
        decide(second, reviewer="bob"),
        decide(second, at="2020-01-01T00:00:00Z"),
        {"kind": "decide"},
        "nonsense",
        None,
        decide(third, event_id=kept["event_id"]),  # another decision under an id that is taken
        decide(third, "unsure"),
        kept,
        turn("undo"),
        turn("undo", undoes=kept["event_id"]),
        turn("undo", undoes="nothing"),
        turn("redo", undoes=kept["event_id"]),
    ]
    results = send(ann, *presses)
    assert [result["status"] for result in results] == [
        *("saved", *["refused"] * 15, "saved", "saved"),
        *("saved", "saved", "nothing", "saved"),
    ]
    for sent, result in zip(presses, results, strict=True):
        assert result["event_id"] == (sent.get("event_id") if isinstance(sent, dict) else None)
        if result["status"] == "refused":
            assert result["what"]
            assert result["todo"]
    assert results[-4]["undoes"] == presses[-6]["event_id"]  # type: ignore[index]
    assert [(event.item_id, event.verdict) for event in log.standing()] == [(first["id"], "keep")]
    assert [event.item_id for event in log.all_events() if event.item_id == second["id"]] == []


def test_the_same_press_again_is_one_event(ann: TestClient, log: DecisionLog) -> None:
    card = queue(ann)[0]
    press, undo = decide(card), turn("undo")
    assert {result["status"] for _ in range(3) for result in send(ann, press)} == {"saved"}
    first, second = send(ann, undo), send(ann, undo)
    assert first == second
    assert first[0]["card"]["id"] == card["id"]
    assert first[0]["card"]["mine"] is None
    assert [event.kind for event in log.history(card["id"])] == ["decide", "undo"]


def test_nobody_without_a_name_decides(client: TestClient, log: DecisionLog) -> None:
    card = queue(client)[0]
    for path, body in {
        "events": {"events": [decide(card)]},
        "bulk/preview": {"query": "", "verdict": "keep"},
        "bulk": {"query": "", "verdict": "keep", "event_id": "b", "token": "t"},
    }.items():
        answer = client.post(f"/api/{path}", json={**body, "run": log.run_id})
        assert answer.status_code == 403
        assert "reviewer's name is missing" in answer.json()["what"]
    assert list(log.all_events()) == []


def test_each_reviewer_undoes_their_own(app: FastAPI, log: DecisionLog) -> None:
    ann, bob = browser(app), browser(app)
    for client, name in ((ann, "ann"), (bob, "bob")):
        client.post("/api/name", json={"name": name})
    card, other = queue(ann, "limit=2")
    (mine,) = send(ann, decide(card))
    assert send(bob, turn("undo"))[0]["status"] == "nothing"
    assert send(bob, turn("undo", undoes=mine["event_id"]))[0]["status"] == "nothing"
    taken = decide(other, event_id=mine["event_id"])
    assert send(bob, taken)[0]["status"] == "refused"  # Ann's event does not become Bob's
    answer = bob.post(
        "/api/events", json={"events": [], "held": [card["id"], other["id"], "nobody"], "run": log.run_id}
    ).json()
    assert answer == {"results": [], "gone": [card["id"]], "done": [], "seq": 1, "decided": 0}
    hers = {"events": [], "held": [card["id"], other["id"], "nobody"], "run": log.run_id}
    known = {"seq": 1, "decided": 1}
    assert ann.post("/api/events", json=hers).json() == {"results": [], "gone": [], "done": [card["id"]], **known}
    others = {"guideline": None, "classes": None, "ranking": ann.get("/api/session").json()["run"]["ranking"]}
    assert ann.get("/api/pulse").json() == {**known, **others, "asked": 0, "conflicts": 0}
    assert ann.get(f"/api/stands?action={mine['event_id']}").json() == {"stands": True}
    assert bob.get(f"/api/stands?action={mine['event_id']}").json() == {"stands": False}
    send(ann, turn("undo"))
    assert ann.get(f"/api/stands?action={mine['event_id']}").json() == {"stands": False}
    assert ann.get("/api/pulse").json() == {"seq": 2, "decided": 0, **others, "asked": 0, "conflicts": 0}
    send(ann, turn("redo"))
    assert ann.get(f"/api/stands?action={mine['event_id']}").json() == {"stands": True}
    assert [event.reviewer for event in log.standing()] == ["ann"]


@pytest.mark.slow
@pytest.mark.slow
def test_many_at_once_lose_nothing(app: FastAPI, log: DecisionLog) -> None:
    names = ["ann", "bob", "eve", "kim"]
    cards = queue(browser(app), "limit=20")

    def review(name: str) -> list[dict[str, Any]]:
        client = browser(app)
        client.post("/api/name", json={"name": name})
        presses = [decide(card, "keep") for card in cards]
        for press in presses:
            assert send(client, press)[0]["status"] == "saved"
            client.get("/api/queue?undecided=me&limit=3")
        assert send(client, turn("undo"))[0]["undoes"] == presses[-1]["event_id"]
        return presses

    with ThreadPoolExecutor(len(names)) as pool:
        pressed = dict(zip(names, pool.map(review, names), strict=True))
    for name, presses in pressed.items():
        written = [event for event in log.all_events() if event.reviewer == name]
        assert [event.event_id for event in written if event.kind == "decide"] == [one["event_id"] for one in presses]
        assert written[-1].kind == "undo"
    assert len(list(log.standing())) == len(names) * (len(cards) - 1)


def test_a_bulk_action_is_shown_first_taken_once_and_undone_as_one(ann: TestClient, log: DecisionLog) -> None:
    asked = {"run": log.run_id, "query": "issue=1&given=joy", "verdict": "unsure", "note": "all alike"}
    shown = ann.post("/api/bulk/preview", json=asked).json()
    assert 1 < shown["count"] == ann.get("/api/table?issue=1&given=joy").json()["found"]
    assert 0 < len(shown["sample"]) <= 10
    body = {**asked, "event_id": new_id(), "token": shown["token"]}
    assert ann.post("/api/bulk", json={**body, "verdict": "exclude"}).status_code == 409
    for _ in range(2):
        answer = ann.post("/api/bulk", json=body)
        assert answer.json() == {"batch_id": body["event_id"], "count": shown["count"]}
    events = list(log.standing())
    assert {(event.source, event.batch_id, event.verdict) for event in events} == {("bulk", body["event_id"], "unsure")}
    assert len(events) == shown["count"]
    (undone,) = send(ann, turn("undo"))
    assert (undone["undoes"], undone["items"], undone["card"]) == (body["event_id"], shown["count"], None)
    assert list(log.standing()) == []
    (again,) = send(ann, turn("redo"))
    assert (again["undoes"], again["items"]) == (body["event_id"], shown["count"])


def test_bulk_by_ids_takes_each_rows_suggestion(ann: TestClient, log: DecisionLog) -> None:
    cards = queue(ann, "issue=1&limit=3")
    asked = {"run": log.run_id, "ids": [card["id"] for card in cards], "verdict": "relabel", "use_suggestion": True}
    token = ann.post("/api/bulk/preview", json=asked).json()["token"]
    assert ann.post("/api/bulk", json={**asked, "event_id": new_id(), "token": token}).status_code == 200
    assert {event.item_id: event.new_labels for event in log.standing()} == {
        card["id"]: (card["suggested"],) for card in cards
    }


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("events", {}, 422),
        ("events", [], 422),
        ("events", {"events": [None] * 501}, 422),
        ("events", {"events": [], "held": ["x"] * 1001}, 422),
        ("events", {"events": [], "more": 1}, 422),
        ("bulk/preview", {"verdict": "keep"}, 422),
        ("bulk/preview", {"query": "", "ids": ["a"], "verdict": "keep"}, 422),
        ("bulk/preview", {"query": "nonsense=1", "verdict": "keep"}, 400),
        ("bulk/preview", {"query": "", "verdict": "nonsense"}, 422),
        ("bulk/preview", {"query": "", "verdict": "relabel", "new_labels": ["no such label"]}, 409),
        ("bulk", {"query": "", "verdict": "keep", "token": "x"}, 422),
        ("bulk", {"query": "", "verdict": "keep", "token": "x", "event_id": "a b"}, 422),
        ("selection", {"rows": [-1]}, 422),
        ("selection", {"rows": [10**9]}, 400),
        ("selection", {"rows": ["a"]}, 422),
        ("selection", {"rows": [1], "run": None}, 422),
        ("name", {"name": "x" * 5000}, 422),
    ],
)
def test_what_cannot_be_understood_is_said_in_two_lines(ann: TestClient, path: str, body: Any, status: int) -> None:
    if path.startswith(("events", "bulk", "selection")) and body:
        body = {"run": run_of(ann), **body}
    answer = ann.post(f"/api/{path}", json=body)
    assert answer.status_code == status
    assert set(answer.json()) == {"what", "todo"}
    assert len(answer.json()["what"]) < 500


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"events": [NaN]}'])
def test_broken_json_is_refused(ann: TestClient, content: bytes) -> None:
    answer = ann.post(
        "/api/events",
        content=content.replace(b'{"e', b'{"run": "%s", "e' % run_of(ann).encode()),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in {200, 400, 422}
    assert (answer.status_code == 200) == (b"NaN" in content)  # the press is refused there, not the request


def test_a_selection_becomes_a_filter(ann: TestClient) -> None:
    cards = queue(ann, "limit=3")
    rows = [*(card["row"] for card in cards), cards[0]["row"]]
    kept = ann.post("/api/selection", json={"run": run_of(ann), "rows": rows}).json()
    assert kept["count"] == 3
    found = queue(ann, f"selection={kept['selection']}")
    assert {card["id"] for card in found} == {card["id"] for card in cards}


def test_what_was_pressed_on_the_page_of_another_run_is_not_taken(ann: TestClient, log: DecisionLog) -> None:
    press = decide(queue(ann)[0])
    asked = {"query": "", "verdict": "keep"}
    for path, body in {
        "events": {"events": [press]},
        "bulk/preview": asked,
        "bulk": {**asked, "event_id": "b", "token": "t"},
        "selection": {"rows": [0]},
    }.items():
        answer = ann.post(f"/api/{path}", json={**body, "run": "another"})
        assert answer.status_code == 409
        assert "shows another run" in answer.json()["what"]
        answer = ann.post(f"/api/{path}", json=body)
        assert (answer.status_code, answer.json()["what"]) == (
            422,
            "The request cannot be understood: run: it is missing.",
        )
    assert list(log.all_events()) == []


@pytest.mark.parametrize("bad", [{"event_id": "\ud800"}, {"event_id": "x", "\ud800": 1}, {"event_id": {}}])
def test_a_malformed_press_is_refused_by_itself(ann: TestClient, log: DecisionLog, bad: dict[str, Any]) -> None:
    good, refused = send(ann, decide(queue(ann)[0]), bad)
    assert (good["status"], refused["status"]) == ("saved", "refused")
    assert refused["event_id"] == (bad["event_id"] if bad["event_id"] == "x" else None)


def test_no_time_breaks_the_progress(ann: TestClient) -> None:
    one, other = queue(ann, "limit=2")
    send(ann, decide(one, seconds=1.5e308), decide(other, seconds=1.5e308))
    progress = ann.get("/api/progress")
    assert (progress.status_code, progress.json()["reviewers"][0]["median_seconds"]) == (200, 7 * 86_400.0)  # a week
