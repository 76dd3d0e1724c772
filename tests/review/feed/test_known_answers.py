"""Known answers: which cards are mixed in, what is recorded, and how well a reviewer did."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import SourceError
from auditor.review.feed.blind import Blind
from auditor.review.feed.feed import Feed, as_served
from auditor.review.feed.known_answers import KnownAnswers, read_answers
from auditor.review.feed.learner import Learner
from auditor.review.feed.served import Served
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.reviewing import decide


def known_of(verdicts: Verdicts, answers: dict[int, str], cards: int = 3) -> KnownAnswers:
    return KnownAnswers(verdicts, Served(verdicts, Blind(verdicts)), answers, cards)


def answers_of(items: Items, rows: range) -> dict[int, str]:
    """Every second label is right."""
    names = items.label_names
    return {row: names[(int(items.given[row]) + row % 2) % len(names)] for row in rows}


def test_the_first_cards_of_a_new_reviewer_hold_known_answers_unmarked(run: Run, verdicts: Verdicts) -> None:
    answers = answers_of(verdicts.items, range(60, 80))
    known = known_of(verdicts, answers, 6)
    feed = Feed(
        verdicts.items, verdicts, Blind(verdicts), Learner.of(run, verdicts.items, verdicts), known_answers=known
    )
    for _ in range(60):
        (serving,) = feed.next("ann", [], 1)
        card = as_served({"id": verdicts.items.id_of(serving.row)}, serving)
        assert {*card} <= {"id", "hidden", "mine", "history", "decided_by", "adjudicated", "model_verdicts"}, (
            "nothing tells it apart"
        )
        row = serving.row
        assert (serving.answer is not None) == (serving.arm == "known")
        more = {"arm": serving.arm, "hidden": serving.hidden, "answer": serving.answer}
        decide(
            verdicts, row, "ann", "keep", **more if serving.arm != "repeat" else {"source": "repeat", "arm": "repeat"}
        )
    found = known.qualification("ann")
    assert found is not None
    assert (found.right.of, found.done) == (6, True)
    right = [
        row
        for row in known._served.known_answers("ann")
        if answers[row] == verdicts.items.label(verdicts.items.given[row])
    ]
    assert found.right.count == len(right)
    assert set(found.missed) == set(known._served.known_answers("ann")) - set(right)


def test_a_reviewer_is_asked_in_an_order_of_their_own_and_never_twice(verdicts: Verdicts) -> None:
    known = known_of(verdicts, answers_of(verdicts.items, range(60, 80)))
    first = {name: known.next(name, []) for name in ("ann", "bob", "cyd", "dan")}
    assert len(set(first.values())) > 1
    assert first["ann"] is not None
    row, answer = first["ann"]
    decide(verdicts, row, "ann", "keep", arm="known", answer=answer)
    following = known.next("ann", [])
    assert following is not None
    assert following[0] != row
    assert known.next("ann", [following[0], 61, 62]) is None, "those in hand count as asked"


def test_adjudicated_rows_are_known_answers_too_and_the_later_word(verdicts: Verdicts) -> None:
    items = verdicts.items
    to = next(name for name in items.label_names if name != items.label(items.given[60]))
    known = known_of(verdicts, {60: to, 61: to})
    decide(verdicts, 60, "eva", "keep", adjudication=True)
    decide(verdicts, 61, "eva", "exclude", adjudication=True)
    decide(
        verdicts,
        62,
        "eva",
        "relabel",
        next(n for n in items.label_names if n != items.label(items.given[62])),
        adjudication=True,
    )
    assert known._all().keys() == {60, 62}
    assert known._all()[60] == items.label(items.given[60])


def test_the_result_is_complete_once_all_are_judged(verdicts: Verdicts) -> None:
    answers = answers_of(verdicts.items, range(60, 62))
    known = known_of(verdicts, answers, 20)
    assert known.qualification("ann") is None
    decide(verdicts, 60, "ann", "keep", arm="known", answer=answers[60])
    found = known.qualification("ann")
    assert found is not None
    assert (found.right.count, found.right.of, found.done) == (1, 1, False)
    decide(verdicts, 61, "ann", "ambiguous", *verdicts.items.label_names[:2], arm="known", answer=answers[61])
    found = known.qualification("ann")
    assert found is not None
    assert (found.right.count, found.right.of, found.done, found.missed) == (1, 2, True, (61,))
    without_file = known_of(verdicts, {}, 0).qualification("ann")
    assert without_file is not None
    assert (without_file.right, without_file.done) == (found.right, True), "the log alone tells it"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "has the columns none"),
        (b"id,text\n1,a\n", "expected id and label"),
        (b"id,label\nnobody,joy\n", "line 2: the run has no row 'nobody'"),
        (b"id,label\n{id},hunger\n", "line 2: the run has no label 'hunger'"),
        (b"id,label\n{id},joy\n{id},joy\n", "line 3: the row"),
        (b"id,label\n{id}\n", "has no label ''"),
        (b'id,label\n"{id}', "is not CSV"),
        (b"id,label\n\xff,joy\n", "is not UTF-8"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(items: Items, tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "gold.csv"
    path.write_bytes(content.replace(b"{id}", items.id_of(0).encode()))
    with pytest.raises(SourceError) as caught:
        read_answers(path, items)
    assert why in str(caught.value)


def test_a_file_of_answers_is_read(items: Items, tmp_path: Path) -> None:
    path = tmp_path / "gold.csv"
    path.write_text(f"\ufeffLabel,ID,note\njoy,{items.id_of(5)},x\nlove,{items.id_of(7)},\n", "utf-8")
    assert read_answers(path, items) == {5: "joy", 7: "love"}
    with pytest.raises(SourceError, match="cannot be read"):
        read_answers(tmp_path / "missing.csv", items)
