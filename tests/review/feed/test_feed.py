"""The default queue: which cards it mixes, and that no card comes twice but those that should."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from auditor.config import QueueConfig
from auditor.review.feed.blind import Blind
from auditor.review.feed.feed import LATELY, Feed, Serving, as_served
from auditor.review.feed.learner import Learner
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.reviewing import decide


@pytest.fixture
def learner(run: Run, verdicts: Verdicts) -> Learner:
    return Learner.of(run, verdicts.items, verdicts)


def feed_of(verdicts: Verdicts, learner: Learner, **settings: float | int | None) -> Feed:
    return Feed(verdicts.items, verdicts, Blind(verdicts), learner, QueueConfig(**settings))  # type: ignore[arg-type]


def judge(verdicts: Verdicts, card: Serving, reviewer: str = "ann", verdict: str = "keep") -> None:
    source = "repeat" if card.arm == "repeat" else "queue"
    decide(verdicts, card.row, reviewer, verdict, source=source, arm=card.arm, hidden=card.hidden, follow=card.follow)


def held(verdicts: Verdicts, cards: list[Serving]) -> list[str]:
    return [verdicts.items.id_of(card.row) for card in cards]


def test_without_chance_it_is_the_static_order(verdicts: Verdicts, learner: Learner) -> None:
    feed = feed_of(verdicts, learner, blind=0, opening=0)
    cards = feed.next("ann", [], 20)
    assert [card.row for card in cards] == np.argsort(verdicts.items.rank, kind="stable")[:20].tolist()
    assert {card.arm for card in cards} == {"static"}
    more = feed.next("ann", held(verdicts, cards), 5)
    assert not {card.row for card in more} & {card.row for card in cards}
    judge(verdicts, cards[0])
    assert cards[0].row not in {card.row for card in feed.next("ann", held(verdicts, cards[1:]), 5)}


def test_the_opening_takes_turns_with_the_head_of_the_order(verdicts: Verdicts, learner: Learner) -> None:
    feed = feed_of(verdicts, learner, blind=0, opening=20)
    cards: list[Serving] = []
    for _ in range(30):
        cards += feed.next("ann", held(verdicts, cards), 1)
    drawn = [card.row for card in cards if card.arm == "opening"]
    heads = [card.row for card in cards if card.arm == "static"]
    assert 5 <= len(drawn) <= 10  # one that was drawn may come first as a head of the order
    assert [card.arm for card in cards] == ["static", "opening"] * len(drawn) + ["static"] * (30 - 2 * len(drawn))
    waiting = [row for row in np.argsort(verdicts.items.rank, kind="stable").tolist() if row not in drawn]
    assert [row for row in heads if row in waiting] == [row for row in waiting if row in heads]
    labels = Counter(verdicts.items.given[drawn].tolist())
    assert max(labels.values()) - min(labels.values()) <= 1 + (10 - len(drawn))  # a head takes the turn of its label
    assert len({card.row for card in cards}) == 30


def test_a_share_of_the_cards_is_blind_and_in_the_log_before(verdicts: Verdicts, learner: Learner) -> None:
    feed = feed_of(verdicts, learner, blind=0.3, opening=0)
    arms: Counter[str] = Counter()
    for _ in range(120):
        (card,) = feed.next("ann", [], 1)
        arms[card.arm] += 1
        if card.arm == "blind":
            assert card.hidden
            assert card.row in {row for _, row in feed.blind.pending()}
        judge(verdicts, card)
    assert 15 <= arms["blind"] <= 60
    assert len(verdicts.log.draws()) >= arms["blind"]  # a draw may hit a card that is in hand
    assert feed.blind.pending() == []


def test_a_draw_that_waits_is_served_again_and_never_replaced(verdicts: Verdicts, learner: Learner) -> None:
    feed = feed_of(verdicts, learner, blind=1)
    (card,) = feed.next("ann", [], 1)
    assert feed.next("ann", [], 1) == [card]  # the page was closed, or the server started anew
    assert feed.next("bob", [], 1)[0].row != card.row  # it is on ann's screen
    verdicts.log.lease("ann", [], only=True)
    assert feed_of(verdicts, learner, blind=1).next("bob", [], 1)[0].row == card.row
    verdicts.log.lease("bob", [], only=True)
    judge(verdicts, card, verdict="unsure")
    others = []
    for _ in range(LATELY):
        (other,) = feed.next("ann", [], 1)
        assert other.row != card.row
        judge(verdicts, other)
        others.append(other.row)
    assert feed.next("ann", [], 1)[0].row == card.row
    skipped = held(verdicts, [card])
    assert feed.next("ann", [], 1, skipped=skipped)[0].row != card.row


def test_a_sample_is_blind_cards_alone_until_it_is_full(verdicts: Verdicts, learner: Learner) -> None:
    feed = feed_of(verdicts, learner, blind=0, opening=0, sample=5)
    arms = []
    for _ in range(8):
        (card,) = feed.next("ann", [], 1)
        arms.append(card.arm)
        judge(verdicts, card)
    assert arms[:5] == ["blind"] * 5
    assert "blind" not in arms[5:]
    assert feed.next("ann", [], 1, closing=True)[0].arm == "blind"


def test_a_sample_counts_a_card_once_however_often_it_was_drawn(
    verdicts: Verdicts, learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = iter([7, 7, 8])
    monkeypatch.setattr("auditor.review.feed.blind.draw_row", lambda closed, seed: next(rows))
    feed = feed_of(verdicts, learner, blind=0, opening=0, sample=2)
    cards = [*feed.next("ann", [], 1)]
    cards += feed.next("ann", held(verdicts, cards), 1)  # the first draw meets the card in hand
    assert [card.row for card in cards] == [7, 8]
    for judged, card in enumerate(cards):
        assert feed.sample == {"wanted": 2, "judged": judged}
        judge(verdicts, card)
    feed.blind.catch_up()
    assert feed.sample == {"wanted": 2, "judged": 2}


def test_repeats_come_to_the_same_person_once_and_late(
    verdicts: Verdicts, learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.review.feed.feed.REPEAT_SHARE", 0.2)
    feed = feed_of(verdicts, learner, blind=0, opening=0)
    order: list[int] = []
    repeats = []
    for _ in range(140):
        (card,) = feed.next("ann", [], 1)
        if card.arm == "repeat":
            assert len(order) - order.index(card.row) > 50
            repeats.append(card.row)
        else:
            assert card.row not in order
            order.append(card.row)
        judge(verdicts, card)
    assert len(repeats) == len(set(repeats)) > 3
    once = verdicts.items.id_of(next(row for row in order if row not in repeats))
    assert feed.without_served_again("ann", [verdicts.items.id_of(repeats[0]), once]) == [once]
    assert all(card.arm != "repeat" for card in feed.next("bob", [], 20))


def test_some_ranked_cards_hide_the_evidence(verdicts: Verdicts, learner: Learner) -> None:
    feed = feed_of(verdicts, learner, blind=0, opening=0)
    cards = feed.next("ann", [], 200)
    assert 5 <= sum(card.hidden for card in cards) <= 45


def test_a_hidden_card_looks_like_any_other() -> None:
    card = {"mine": {"verdict": "keep"}, "history": [1], "decided_by": ["bob"], "text": "so"} | {
        "adjudicated": None,
        "model_verdicts": [{"reviewer": "model:x", "verdict": "keep"}],
    }
    looks = [as_served(card, Serving(1, arm, hidden=True)) for arm in ("blind", "repeat", "static")]
    assert looks[0] == looks[1] == looks[2]
    assert looks[0] == card | {"mine": None, "history": [], "decided_by": [], "model_verdicts": [], "hidden": True}
    known = as_served(card, Serving(1, "known", hidden=False, answer="joy"))
    assert known == looks[0] | {"hidden": False}, "nobody's verdict gives the answer away"
    assert as_served(card, Serving(1, "static", hidden=False)) == {**card, "hidden": False}


def test_at_the_end_nothing_comes(verdicts: Verdicts, learner: Learner) -> None:
    feed = feed_of(verdicts, learner, blind=0.1, opening=10)
    rows = []
    while cards := feed.next("ann", [], 7):
        for card in cards:
            rows.append((card.row, card.arm))
            judge(verdicts, card, verdict="exclude" if card.row % 7 == 0 else "keep")
    assert {row for row, _ in rows} == set(range(len(verdicts.items)))
    again = Counter(row for row, arm in rows if arm != "repeat")
    assert set(again.values()) == {1}


@pytest.mark.parametrize("people", [2, 10])
def test_no_card_is_on_two_screens(verdicts: Verdicts, learner: Learner, people: int) -> None:
    """Several servers, each with a view of its own of the same log."""
    servers = []
    for _ in range(2):
        view = Verdicts(verdicts.items, verdicts.log)
        servers.append(feed_of(view, learner, blind=0.1, opening=20))
    on_screen: dict[str, list[Serving]] = {}
    judged: Counter[int] = Counter()
    for turn in range(60):
        me = f"person-{turn % people}"
        feed = servers[turn % 2]
        mine = on_screen.get(me, [])
        if mine:
            card = mine.pop(0)
            judge(verdicts, card, me)
            if card.arm not in ("repeat", "blind"):
                judged[card.row] += 1
        feed._verdicts.catch_up()
        mine += feed.next(me, held(verdicts, mine), 3 - len(mine))
        on_screen[me] = mine
        rows = [card.row for cards in on_screen.values() for card in cards if card.arm not in ("repeat", "blind")]
        assert len(rows) == len(set(rows))
    assert max(judged.values()) == 1


def test_several_people_judge_each_card_where_that_is_wanted(verdicts: Verdicts, learner: Learner) -> None:
    feed = feed_of(verdicts, learner, blind=0, opening=0, overlap=2)
    for me in ("ann", "bob", "cleo"):
        for _ in range(12):
            (card,) = feed.next(me, [], 1)
            judge(verdicts, card, me)
        verdicts.log.lease(me, [], only=True)
    assert np.bincount(verdicts.people)[1:].tolist() == [12, 12]  # ann and bob the same twelve, cleo twelve others
    assert feed.left("ann") == len(verdicts.items) - 12


def test_skipped_and_leased_cards_do_not_bring_the_opening_forward(verdicts: Verdicts, learner: Learner) -> None:
    feed = feed_of(verdicts, learner, blind=0, opening=20)
    first = feed.next("ann", [], 1)
    skipped: list[Serving] = []
    for _ in range(3):  # without any verdict, each next card is still the first of the opening
        assert [card.arm for card in first] == ["static"]
        skipped += first
        first = feed.next("ann", [], 1, skipped=held(verdicts, skipped))
    assert [card.arm for card in feed.next("bob", [], 4)] == ["static", "opening"] * 2  # ann holds four
