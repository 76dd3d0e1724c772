from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from auditor.models.scores import losses
from auditor.review.filter.filter import KINDS, TIERS, Filter
from auditor.review.filter.selection import Selection
from auditor.review.log.log import DecisionLog
from auditor.review.view.card import LABELS, Cards
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from tests.review.reviewing import decide
from tests.review.runs import ROWS, UNJUDGED, write_run

CARD = {
    *("row", "id", "hash", "text", "split", "given", "suggested", "predicted", "suspicion", "rank", "issue"),
    *(
        "kind",
        "tier",
        "stability",
        "repeats",
        "reasons",
        "caution",
        "models",
        "neighbours",
        "duplicates",
        "duplicate_count",
        "duplicate_group",
        "group",
    ),
    *("history", "mine", "decided_by", "asked_by", "adjudicated", "model_verdicts"),
}


def test_every_card_is_json_and_says_what_is_known_of_its_row(cards: Cards, items: Items) -> None:
    for row in range(ROWS):
        card = cards.card(row)
        assert {*card} == CARD
        assert json.loads(json.dumps(card, allow_nan=False)) == card
        assert (card["row"], card["id"], card["hash"]) == (row, items.id_of(row), items.hash_of(row))
        assert (card["text"], card["reasons"]) == (items.text_of(row), items.reasons(row))
        assert (card["given"], card["suggested"]) == (items.label(items.given[row]), items.label(items.suggested[row]))
        assert (card["split"], card["issue"]) == ("train" if row < 160 else "test", items.is_issue[row])
        assert card["rank"] == items.rank[row]
        assert (card["history"], card["mine"], card["decided_by"]) == ([], None, [])


def test_what_may_be_wrong_is_told_where_it_is_known(cards: Cards, items: Items) -> None:
    worst = cards.card(int(np.argmin(items.rank)))
    assert worst["kind"] in KINDS
    assert worst["tier"] in TIERS
    assert (worst["stability"] * worst["repeats"]) % 1 == 0
    unjudged = cards.card(UNJUDGED[0])
    assert [unjudged[name] for name in ("kind", "tier", "stability")] == [None] * 3


def test_a_run_of_a_former_version_tells_neither_kinds_nor_tiers(tmp_path: Path) -> None:
    items = Items.of(write_run(tmp_path / "run", rows=60, old=True))
    log = DecisionLog(tmp_path / "decisions.db", "run")
    verdicts = Verdicts(items, log)
    card = Cards(items, verdicts).card(int(np.argmin(items.rank)))
    assert card["issue"]
    assert [card[name] for name in ("kind", "tier", "stability")] == [None] * 3
    facets = Selection(items, verdicts).facets(Filter())["facets"]
    assert {entry["count"] for entry in (*facets["kind"], *facets["tier"])} == {0}
    log.close()


def test_a_card_says_that_the_models_cannot_tell_its_label(tmp_path: Path) -> None:
    names = ("joy", "love", "fear")
    certain = np.tile(np.array([0.6, 0.3999, 0.0001], dtype=np.float32), (90, 1))
    certain[np.arange(90) % 3 == 1] = [0.2, 0.7999, 0.0001]
    labels = (np.arange(90) % 3).astype(np.int32)
    items = Items.of(write_run(tmp_path / "run", 90, names, probabilities={"lexical": certain}, labels=labels))
    with closing(DecisionLog(tmp_path / "decisions.db", "run")) as log:
        cards = Cards(items, Verdicts(items, log)).cards(range(90))
    cautions = {card["given"]: card["caution"] for card in cards}
    assert cautions["joy"] is cautions["love"] is None
    assert cautions["fear"].startswith("The models cannot recognise fear: they predict it for 0 of its ")


def test_models_speak_of_the_same_labels_the_consensus_first(cards: Cards, items: Items) -> None:
    row = int(np.argmin(items.rank))
    card = cards.card(row)
    assert [model["name"] for model in card["models"]] == list(items.models)
    labels = [[entry["label"] for entry in model["probabilities"]] for model in card["models"]]
    assert labels == [labels[0]] * len(labels)
    consensus = [entry["p"] for entry in card["models"][0]["probabilities"]]
    assert consensus == sorted(consensus, reverse=True)
    for model in card["models"]:
        expected = losses(items.probabilities(model["name"]), items.given)[row]
        assert model["loss"] == pytest.approx(expected, rel=1e-4)
        for entry in model["probabilities"]:
            assert entry["p"] == items.probabilities(model["name"])[row, items.codes[entry["label"]]]


def test_of_many_labels_the_likeliest_are_shown_and_always_the_rows_own(tmp_path: Path) -> None:
    names = tuple(f"class {number}" for number in range(150))
    items = Items.of(write_run(tmp_path / "run", rows=320, names=names))
    log = DecisionLog(tmp_path / "decisions.db", "run")
    cards = Cards(items, Verdicts(items, log))
    for row in range(0, 320, 7):
        card = cards.card(row)
        shown = [entry["label"] for entry in card["models"][0]["probabilities"]]
        assert len(shown) == len(set(shown)) == LABELS
        assert {card["given"], card["suggested"]} <= {*shown}
        likely = [names[code] for code in np.argsort(-items.probabilities("consensus")[row], kind="stable")]
        others = [name for name in likely if name not in (card["given"], card["suggested"])]
        assert {*shown} - {card["given"], card["suggested"]} == {*others[: LABELS - 2]}
        assert [likely.index(name) for name in shown] == sorted(likely.index(name) for name in shown)
    log.close()


def test_two_labels_are_both_shown(tmp_path: Path) -> None:
    items = Items.of(write_run(tmp_path / "run", rows=60, names=("no", "yes")))
    log = DecisionLog(tmp_path / "decisions.db", "run")
    for model in Cards(items, Verdicts(items, log)).card(0)["models"]:
        assert sorted(entry["label"] for entry in model["probabilities"]) == ["no", "yes"]
    log.close()


@pytest.mark.parametrize("row", UNJUDGED)
def test_a_row_that_is_not_judged_has_a_card_too(cards: Cards, row: int) -> None:
    card = cards.card(row)
    assert (card["suspicion"], card["suggested"], card["predicted"], card["group"]) == (None, None, None, None)
    assert [(model["loss"], model["probabilities"]) for model in card["models"]] == [(None, [])] * 4
    assert card["given"]
    assert card["neighbours"]


def test_neighbours_and_duplicates_come_with_their_labels(cards: Cards, items: Items) -> None:
    card = cards.card(20)
    assert [entry["row"] for entry in card["neighbours"]] == [21, 22, 23, 24, 25]
    assert [entry["label"] for entry in card["neighbours"]] == [items.label(items.given[row]) for row in range(21, 26)]
    assert card["neighbours"][1]["similarity"] == pytest.approx(0.9)
    assert card["duplicate_count"] >= 2
    assert [(entry["row"], entry["exact"]) for entry in card["duplicates"][:2]] == [(21, True), (30, True)]
    assert {entry["split"] for entry in card["duplicates"]} <= {"train", "test"}
    assert cards.card(10)["duplicates"][-1]["row"] in items.duplicates(10)


def test_history_and_decisions_of_all_and_mine(cards: Cards, verdicts: Verdicts) -> None:
    decide(verdicts, 7, "bob", "exclude", note="spam")
    decide(verdicts, 7, "ann", "ambiguous", "joy", "love", note="<i>both</i>")
    decide(verdicts, 7, "ann", "unsure")
    verdicts.log.undo("ann", "undo")
    verdicts.catch_up()
    card = cards.card(7, "ann")
    assert card["mine"] == {"verdict": "ambiguous", "new_labels": ["joy", "love"], "note": "<i>both</i>"}
    assert card["decided_by"] == ["ann", "bob"]
    assert [(line["kind"], line["reviewer"], line["verdict"]) for line in card["history"]] == [
        ("decide", "bob", "exclude"),
        ("decide", "ann", "ambiguous"),
        ("decide", "ann", "unsure"),
        ("undo", "ann", None),
    ]
    assert card["history"][1]["new_labels"] == ["joy", "love"]
    assert card["history"][0]["at"].startswith("20")
    assert not any(line["stale"] for line in card["history"])
    assert json.loads(json.dumps(card)) == card
    assert cards.card(7, "cy")["mine"] is None
    assert cards.card(8, "ann")["history"] == []


def test_a_stale_decision_is_history_and_nobodys_verdict(cards: Cards, verdicts: Verdicts) -> None:
    decide(verdicts, 7, "ann", item_hash="0" * 32)
    card = cards.card(7, "ann")
    assert (card["mine"], card["decided_by"]) == (None, [])
    assert [line["stale"] for line in card["history"]] == [True]
    assert cards.briefs([7])[0]["verdicts"] == []


def test_cards_of_a_page_are_those_of_its_rows(cards: Cards, verdicts: Verdicts) -> None:
    decide(verdicts, 9, "ann")
    decide(verdicts, 7, "bob")
    rows = [9, 8, 7]
    assert cards.cards(rows, "ann") == [cards.card(row, "ann") for row in rows]
    assert cards.cards([]) == []


def test_briefs_say_who_has_decided_what(cards: Cards, verdicts: Verdicts) -> None:
    decide(verdicts, 7, "bob", "exclude")
    decide(verdicts, 7, "ann", "ambiguous", "joy", "love")
    brief, other = cards.briefs([7, UNJUDGED[0]])
    assert brief["verdicts"] == [
        {"reviewer": "ann", "verdict": "ambiguous", "new_labels": ["joy", "love"]},
        {"reviewer": "bob", "verdict": "exclude", "new_labels": []},
    ]
    card = cards.card(7)
    own = ("row", "id", "text", "split", "given", "suggested", "suspicion", "rank", "issue", "kind", "tier", "verdicts")
    assert {*brief} == {*own}
    assert all(card[name] == brief[name] for name in brief if name != "verdicts")
    assert (other["suspicion"], other["suggested"], other["verdicts"]) == (None, None, [])
