"""The default queue, as the page asks for it: what it serves, and what of that the log keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from auditor.config import QueueConfig
from auditor.review.feed.feed import LATELY
from auditor.review.feed.learner import Learner, Moved
from auditor.review.log.event import Event
from auditor.review.log.log import DecisionLog
from auditor.run import Run
from tests.ui.conftest import browser, make_app
from tests.ui.routes.test_decisions import decide, queue, run_of, send, turn

Serve = Callable[..., FastAPI]


@pytest.fixture
def serve(run: Run, log: DecisionLog) -> Serve:
    """Make the page with another mix of cards."""

    def made(**mix: Any) -> FastAPI:
        return make_app(run, log, queue=QueueConfig(**{"opening": 0, **mix}))

    return made


def reviewer(app: FastAPI, name: str = "ann") -> TestClient:
    client = browser(app)
    client.post("/api/name", json={"name": name})
    return client


def served(client: TestClient, limit: int = 1, held: list[dict[str, Any]] | None = None, **more: Any) -> Any:
    sent = {"run": run_of(client), "limit": limit, "held": [card["id"] for card in held or []], **more}
    answer = client.post("/api/next", json=sent)
    assert answer.status_code == 200, answer.text
    return answer.json()


def audited(client: TestClient) -> list[dict[str, Any]]:
    """All cards of which a model knows something."""
    cards = [card for start in (0, 200) for card in queue(client, f"limit=200&after={start}")]
    return [card for card in cards if card["suspicion"] is not None]


def pressed(card: dict[str, Any], verdict: str = "keep", *labels: str, **more: Any) -> dict[str, Any]:
    """A decision, as the page sends it."""
    hidden = card["hidden"]
    sent = {"suggestion_shown": None if hidden else card["suggested"], "evidence_seen": not hidden, "hidden": hidden}
    return decide(card, verdict, *labels, **{**sent, **more})


def judge(client: TestClient, card: dict[str, Any], verdict: str = "keep", *labels: str, **more: Any) -> dict[str, Any]:
    (result,) = send(client, pressed(card, verdict, *labels, **more))
    assert result["status"] == "saved"
    return result


def last(log: DecisionLog) -> Event:
    return list(log.all_events())[-1]


@pytest.mark.parametrize(("order", "sort"), [("learnt", "learnt"), ("static", "suspicion")])
def test_where_a_reviewer_starts(serve: Serve, order: str, sort: str) -> None:
    session = reviewer(serve(order=order)).get("/api/session").json()
    assert session["default_sort"] == sort in session["sorts"]
    assert session["keys"]["evidence"] == "v"


def test_a_ranked_card_shows_all_and_the_log_says_how_it_came(serve: Serve, log: DecisionLog) -> None:
    ann = reviewer(serve(blind=0))
    answer = served(ann, 4)
    assert {name: type(answer[name]) for name in ("ended", "left", "decided")} == {
        "ended": bool,
        "left": int,
        "decided": int,
    }
    card = next(card for card in answer["cards"] if not card["hidden"])
    judge(ann, card)
    event = last(log)
    assert (event.arm, event.hidden, event.evidence_seen, event.follow) == ("static", False, True, 0.0)
    assert served(ann, 4)["left"] == answer["left"] - 1


def test_a_blind_card_is_in_the_log_before_it_is_shown_and_waits_there(serve: Serve, log: DecisionLog) -> None:
    ann = reviewer(serve(blind=1))
    (card,) = served(ann)["cards"]
    assert [(event.kind, event.item_id) for event in log.all_events()] == [("serve", card["id"])]
    assert served(ann)["cards"][0]["id"] == card["id"]  # the page was loaded again
    again = reviewer(serve(blind=1))  # the server was started anew
    assert served(again)["cards"][0]["id"] == card["id"]
    judge(again, card, evidence_seen=True)
    event = last(log)
    assert (event.arm, event.hidden, event.evidence_seen) == ("blind", True, True)
    assert again.get("/api/stop").json()["blind"] == 1


def test_hidden_cards_look_the_same_whatever_they_are(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.review.feed.feed.HIDDEN_SHARE", 1)
    ranked = served(reviewer(serve(blind=0)))["cards"][0]
    ann = reviewer(serve(blind=1))
    blind = served(ann)["cards"][0]
    judge(ann, blind, "exclude", note="a note")
    monkeypatch.setattr("auditor.review.feed.feed.REPEAT_SHARE", 1)
    monkeypatch.setattr("auditor.review.feed.feed.REPEAT_AFTER", 0)
    repeat = served(reviewer(serve(blind=0)))["cards"][0]
    assert repeat["id"] == blind["id"]
    for card in (ranked, blind, repeat):
        own = {name: card[name] for name in ("hidden", "mine", "history", "decided_by")}
        assert own == {"hidden": True, "mine": None, "history": [], "decided_by": []}
    assert set(ranked) == set(blind) == set(repeat)
    assert repeat == blind


def test_a_repeat_measures_and_its_reviewer_decides(
    serve: Serve, log: DecisionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.review.feed.feed.REPEAT_SHARE", 1)
    monkeypatch.setattr("auditor.review.feed.feed.REPEAT_AFTER", 0)
    app = serve(blind=0)
    ann = reviewer(app)
    (card,) = served(ann)["cards"]
    judge(ann, card)
    (again,) = served(ann)["cards"]
    assert again["id"] == card["id"]
    sent = {"events": [], "held": [card["id"]], "run": run_of(ann)}
    assert ann.post("/api/events", json=sent).json()["done"] == []  # it stays in hand
    result = judge(ann, again, "exclude")
    assert result["before"] == {"verdict": "keep", "new_labels": [], "note": ""}
    assert (last(log).source, last(log).arm) == ("repeat", "repeat")
    assert [event.verdict for event in log.standing()] == ["keep"]
    assert "before" not in judge(ann, {**again, "hidden": False}, "exclude", judged_twice=True)
    assert [event.verdict for event in log.standing()] == ["exclude"]
    own = app.state.workspace.estimate().reviewers.self_agreement
    assert (own.count, own.of) == (0, 1)  # what was decided on seeing both is no agreement


def test_a_repeat_is_known_by_a_server_that_has_started_anew(
    serve: Serve, log: DecisionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = reviewer(serve(blind=1))
    (card,) = served(ann)["cards"]
    judge(ann, card)
    anew = reviewer(serve(blind=0))
    assert judge(anew, card, "exclude")["before"]["verdict"] == "keep"
    assert [event.verdict for event in log.standing()] == ["keep"]


def test_a_press_that_was_written_before_the_server_ended_is_saved_once(serve: Serve, log: DecisionLog) -> None:
    cards = served(reviewer(serve(blind=0)), 6)["cards"]
    ann = reviewer(serve(blind=0))
    served(ann, 6)
    presses = [*map(pressed, cards)]
    written = send(ann, *presses)
    assert {one.arm for one in log.all_events()} == {"static"}
    anew = reviewer(serve(blind=0))
    assert send(anew, *presses) == written
    assert len(list(log.all_events())) == len(presses)
    assert send(anew, {**presses[0], "verdict": "exclude"})[0]["status"] == "refused"


def test_a_card_comes_again_as_it_came(serve: Serve) -> None:
    ann = reviewer(serve(blind=0))
    looks = [[(card["id"], card["hidden"]) for card in served(ann, 40)["cards"]] for _ in range(4)]
    assert looks[0] == looks[1] == looks[2] == looks[3]


def test_what_others_decide_takes_a_card_away_unless_it_is_a_second_look(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.review.feed.feed.SECOND_SHARE", 1)
    app = serve(blind=1)
    ann, bob = reviewer(app), reviewer(app, "bob")
    (card,) = served(ann)["cards"]
    app.state.workspace.log.lease("ann", [], only=True)  # her page was closed
    assert served(bob)["cards"][0]["id"] == card["id"]  # a draw that waits is anybody's
    judge(ann, card)
    held = {"events": [], "held": [card["id"]], "run": run_of(bob)}
    assert bob.post("/api/events", json=held).json()["gone"] == [card["id"]]
    (second,) = served(bob)["cards"]
    assert (second["id"], second["decided_by"]) == (card["id"], [])
    assert bob.post("/api/events", json=held).json()["gone"] == []
    judge(bob, second, "exclude")
    found = app.state.workspace.estimate().reviewers.second_look
    assert (found.count, found.of) == (0, 1)


def test_a_skipped_blind_card_comes_again_after_some_others(serve: Serve) -> None:
    ann = reviewer(serve(blind=1))
    (card,) = served(ann)["cards"]
    others = []
    for _ in range(30):
        (other,) = served(ann, skipped=[card["id"]])["cards"]
        if other["id"] == card["id"]:
            break
        judge(ann, other)
        others.append(other["id"])
    assert len(others) == LATELY


def test_a_closing_sample_is_drawn_at_random_alone(serve: Serve, log: DecisionLog) -> None:
    ann = reviewer(serve(blind=0))
    cards = served(ann, 5, closing=True)["cards"]
    assert {card["hidden"] for card in cards} == {True}
    assert {event.item_id for event in log.all_events() if event.kind == "serve"} >= {card["id"] for card in cards}


def test_progress_says_in_words_what_a_closing_sample_tells(serve: Serve, log: DecisionLog) -> None:
    ann = reviewer(serve(blind=0))
    before = ann.get("/api/progress").json()["estimate"]
    assert before["sentence"] == "How many labels are wrong is not known: nobody has judged a card drawn at random."
    assert before["details"] == []
    for verdict in ("keep", "exclude", "keep", "keep"):
        judge(ann, served(ann, closing=True)["cards"][0], verdict)
    assert {event.arm for event in log.all_events() if event.kind == "decide"} == {"blind"}
    after = ann.get("/api/progress").json()["estimate"]
    number = (
        rf"\d+\.\d to \d+\.\d % of the {after['rows']} audited labels are wrong \(95 % interval\), by 4 cards drawn "
        r"at random; \d+ to \d+ are left unread(; at least \d+ % of the wrong ones have been found)?\. There is no .*"
    )
    assert (after["rate"]["value"], after["left"]["value"]) == (None, None)
    assert re.fullmatch(number, after["sentence"])
    assert after["details"][0].startswith("By the cards drawn at random alone, ")
    assert [cards for cards, _, _ in after["trail"]] == [1, 2, 3, 4]
    assert {part["rate"] for part in after["by_class"]} == {None}
    stop = ann.get("/api/stop").json()
    assert (stop["blind"], stop["left_at_most"]) == (4, after["stop"]["left_at_most"])
    groups = ann.get("/api/groups").json()
    assert {tuple(group["certificates"]) for group in groups} == {()}


def test_at_the_end_nothing_is_drawn_any_more(serve: Serve, log: DecisionLog) -> None:
    ann = reviewer(serve(blind=1))
    rest = audited(ann)
    send(ann, *map(decide, rest[3:]))
    cards: list[dict[str, Any]] = []
    while more := served(ann, 2, held=cards)["cards"]:
        cards += more
    assert {card["id"] for card in cards} == {card["id"] for card in rest[:3]}
    draws = len(log.draws())
    for _ in range(3):
        assert served(ann, 5, held=cards)["ended"]
    assert len(log.draws()) == draws


def test_the_undo_of_a_blind_verdict_makes_it_wait_again(serve: Serve) -> None:
    ann = reviewer(serve(blind=1))
    (card,) = served(ann)["cards"]
    judge(ann, card)
    assert send(ann, turn("undo"))[0]["status"] == "saved"
    assert ann.get("/api/stop").json()["blind"] == 0
    assert served(ann)["cards"][0]["id"] == card["id"]


def test_progress_has_the_estimate_and_the_stop_rule_follows(serve: Serve) -> None:
    ann = reviewer(serve(blind=1))
    before = ann.get("/api/progress").json()["estimate"]
    assert (before["rate"], before["blind"]) == (None, 0)
    assert "would not uphold" in before["meaning"]
    assert [plan["cards"] for plan in before["plan"]][:2] == [50, 100]
    assert ann.get("/api/stop").json()["reached"] == {"left": False, "found": False}
    send(ann, *map(decide, audited(ann)[12:]))
    while cards := served(ann, 4)["cards"]:
        send(ann, *map(pressed, cards))
    after = ann.get("/api/progress").json()["estimate"]
    assert after["rate"]["high"] == 0
    assert after["judged"] == after["rows"]
    assert after["sentence"] == f"Every row is judged: 0 of {after['rows']} audited labels are wrong (0.0 %)."
    assert after["blind"] == after["trail"][-1][0] >= 12
    said = ann.get("/api/stop").json()
    assert said["reached"] == {"left": True, "found": True}
    assert said["unread"] == 0


def test_a_learnt_card_says_what_has_moved_it(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    app = serve(blind=0)
    feed = app.state.workspace.feed
    names = {field.name for field in fields(feed.learner.learnt)}
    learnt = {name: getattr(feed.learner.learnt, name) for name in names}
    feed.learner.wait()
    feed.learner.learnt = type(feed.learner.learnt)(**{**learnt, "verdicts": 10, "follow": 1.0})
    monkeypatch.setattr(Learner, "moved", lambda self, row: Moved(8, 3) if row % 2 else None)
    cards = served(reviewer(app), 40)["cards"]
    for card in cards:
        moved = {"judged": 8, "wrong": 3} if card["row"] % 2 and not card["hidden"] else None
        assert card.get("moved") == moved
    assert any(card.get("moved") for card in cards)
    assert json.dumps(cards)
    assert np.unique([card["row"] for card in cards]).size == 40
