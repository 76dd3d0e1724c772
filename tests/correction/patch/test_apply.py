"""A patch on the dataset that it was made of, and on newer versions: what fits is made, the rest is listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from auditor.correction.decide.policy import Policy
from auditor.correction.decide.summary import summarise
from auditor.correction.patch.apply import Applied, apply
from auditor.correction.patch.patch import Change, make_patch
from auditor.errors import ExportError, PatchError
from tests.correction.patching import NAMES, Row, dataset, judged, rows_of, written

ROWS = [
    *[("train", text, label) for text, label in [("ah", "joy"), ("oh", "sad"), ("uh", "anger"), ("eh", "joy")]],
    *[("test", text, label) for text, label in [("hm", "sad"), ("ha", "joy")]],
]
IDS = [f"tweet {row}" for row in range(len(ROWS))]
VERDICTS = {0: "sad", 2: None, 5: "anger"}
RIGHT = [("train", "ah", "sad"), *ROWS[1:2], *ROWS[3:5], ("test", "ha", "anger")]

both_ids = pytest.mark.parametrize("ids", [None, IDS], ids=["made ids", "own ids"])


def patch(ids: Sequence[str] | None = None, verdicts: dict[int, str | None] | None = None) -> tuple[Change, ...]:
    return make_patch(judged(dataset(ROWS, ids), VERDICTS if verdicts is None else verdicts))


def whys(applied: Applied) -> dict[str, str]:
    return {one.change.id: one.why for one in applied.unfit}


def change(rows: Sequence[Row], verdicts: dict[int, str | None], newer: Sequence[Row]) -> Applied:
    return apply([make_patch(judged(dataset(rows), verdicts))], dataset(newer))


@both_ids
def test_on_the_original_it_is_the_export(ids: Sequence[str] | None) -> None:
    texts = dataset(ROWS, ids)
    corrections = judged(texts, VERDICTS)
    done = apply([make_patch(corrections)], texts)
    assert rows_of(done) == rows_of(corrections) == RIGHT
    assert (len(done.applied), done.already, done.unfit, done.conflicts) == (3, (), (), ())
    ours, theirs = summarise(done.corrections), summarise(corrections)
    assert replace(ours, marked={}) == replace(theirs, marked={})


@both_ids
def test_twice_changes_nothing_more(ids: Sequence[str] | None) -> None:
    changes = patch(ids)
    once = apply([changes], dataset(ROWS, ids))
    twice = apply([changes], written(once))
    assert rows_of(twice) == RIGHT
    assert (twice.applied, twice.unfit) == ((), ())
    assert len(twice.already) == 3


@both_ids
def test_rows_may_come_and_go_and_change_places(ids: Sequence[str] | None) -> None:
    newer = [("train", "new", "joy"), ROWS[3], ROWS[0], *ROWS[2:3], ("train", "newer", "sad"), ROWS[5]]
    names = None if ids is None else ["a", IDS[3], IDS[0], IDS[2], "b", IDS[5]]
    done = apply([patch(ids)], dataset(newer, names))
    assert done.unfit == ()
    assert rows_of(done) == [newer[0], ROWS[3], ("train", "ah", "sad"), newer[4], ("test", "ha", "anger")]


def test_a_made_id_that_is_another_text_now_is_not_that_row() -> None:
    done = apply([patch(verdicts={0: "sad"})], dataset([("train", "uh", "joy"), *ROWS[:2]]))
    assert rows_of(done) == [("train", "uh", "joy"), ("train", "ah", "sad"), ROWS[1]]


@both_ids
def test_what_no_longer_fits_is_listed(ids: Sequence[str] | None) -> None:
    newer = [*ROWS]
    newer[0] = ("train", "ah!", "joy")
    newer[2] = ("train", "uh", "sad")
    names = None if ids is None else IDS[:5]
    done = apply([patch(ids)], dataset(newer[:5], names))
    assert sorted(whys(done).values()) == ["label changed", "row gone", "text changed"]
    assert rows_of(done) == newer[:5]


def test_the_label_that_somebody_gave_meanwhile_is_told() -> None:
    (unfit,) = change(ROWS, {0: "sad"}, [("train", "ah", "anger"), *ROWS[1:]]).unfit
    assert (unfit.why, unfit.now) == ("label changed", "anger")


def test_a_label_that_somebody_has_fixed_already_is_there() -> None:
    done = change(ROWS, {0: "sad"}, [("train", "new", "joy"), ("train", "ah", "sad")])
    assert (done.applied, done.unfit, len(done.already)) == ((), (), 1)


def test_an_edited_row_that_was_to_be_left_out_is_listed() -> None:
    done = change(ROWS, {0: None, 3: "sad"}, [("train", "ah!", "joy"), *ROWS[1:]])
    assert whys(done) == {"train-0": "text changed"}


# -- a text that stands there several times ----------------------------------------------------------------------------

COPIES = [("train", "ah", "joy"), ("train", "ah", "joy"), ("train", "oh", "sad")]


def test_copies_are_told_apart_by_their_ids() -> None:
    assert rows_of(change(COPIES, {1: "sad"}, COPIES))[:2] == [COPIES[0], ("train", "ah", "sad")]


def test_copies_without_their_ids_are_not_told_apart() -> None:
    newer = [("train", "new", "joy"), *COPIES]
    done = change(COPIES, {0: "sad", 2: "joy"}, newer)
    assert whys(done) == {"train-0": "several rows"}
    assert rows_of(done) == [*newer[:3], ("train", "oh", "joy")]


@pytest.mark.parametrize(("left", "why"), [(0, "text changed"), (1, "row unclear"), (2, "several rows")])
def test_the_reason_fits_the_number_of_copies_that_are_left(left: int, why: str) -> None:
    done = change(COPIES, {0: "sad"}, [("train", "new", "joy"), *COPIES[:left], COPIES[2]])
    assert whys(done) == {"train-0": why}


def test_copies_that_all_change_alike_need_no_ids() -> None:
    done = change(COPIES, {0: "sad", 1: "sad"}, [("train", "new", "joy"), *COPIES])
    assert rows_of(done)[1:3] == [("train", "ah", "sad")] * 2


def test_the_copy_that_was_meant_to_stay_stays() -> None:
    once = change(COPIES, {0: None}, COPIES)
    assert rows_of(once) == COPIES[1:]
    twice = change(COPIES, {0: None}, COPIES[1:])
    assert rows_of(twice) == COPIES[1:]
    assert twice.unfit == ()


def test_copies_with_different_labels_are_told_apart_by_them() -> None:
    rows = [("train", "ah", "joy"), ("train", "ah", "sad")]
    done = change(rows, {0: "anger"}, [("train", "new", "joy"), *reversed(rows)])
    assert rows_of(done)[1:] == [("train", "ah", "sad"), ("train", "ah", "anger")]
    assert change(rows, {0: "sad"}, [("train", "new", "joy"), ("train", "ah", "sad")] * 2).applied == ()


def test_the_copy_in_the_same_split_is_meant() -> None:
    rows = [("train", "ah", "joy"), ("test", "ah", "joy")]
    newer = [("train", "new", "joy"), rows[0], ("test", "new", "joy"), rows[1]]
    assert rows_of(change(rows, {1: "sad"}, newer)) == [*newer[:3], ("test", "ah", "sad")]
    gone = change(rows, {1: "sad"}, [*newer[:2], newer[2]])
    assert (gone.applied, len(gone.unfit)) == ((), 1)


def test_splits_may_be_called_otherwise() -> None:
    one_file = [("all", text, label) for _, text, label in ROWS]
    assert rows_of(apply([patch()], dataset(one_file))) == [("all", text, label) for _, text, label in RIGHT]


def test_a_row_may_have_moved_to_another_split() -> None:
    newer = [*ROWS[1:], ("test", "ah", "joy")]
    assert rows_of(apply([patch(verdicts={0: "sad"})], dataset(newer)))[-1] == ("test", "ah", "sad")


@pytest.mark.parametrize("verdicts", [VERDICTS, {2: None}])
def test_a_new_copy_of_a_row_left_out_stays(verdicts: dict[int, str | None]) -> None:
    newer, ids = [*ROWS, ("train", "uh", "anger")], [*IDS, "copy"]
    once = apply([patch(IDS, verdicts)], dataset(newer, ids))
    assert rows_of(once)[-1] == newer[-1]
    twice = apply([patch(IDS, verdicts)], written(once))
    assert rows_of(twice) == rows_of(once)
    assert whys(twice) == {IDS[2]: "row gone"}


@pytest.mark.parametrize(("before", "after"), [(None, IDS), (IDS, None), (IDS, IDS[::-1]), (IDS, [*"abcdef"])])
def test_other_ids_do_not_matter(before: list[str] | None, after: list[str] | None) -> None:
    assert rows_of(apply([patch(before)], dataset(ROWS, after))) == RIGHT


# -- classes and labels ------------------------------------------------------------------------------------------------


def test_a_new_class_is_added_when_asked_for() -> None:
    texts = dataset(ROWS)
    changes = make_patch(judged(texts, {0: "love"}, policy=Policy(add_classes=True)))
    refused = apply([changes], texts)
    assert whys(refused) == {"train-0": "new class"}
    assert rows_of(refused) == ROWS
    done = apply([changes], texts, add_classes=True)
    assert done.corrections.new_classes == ("love",)
    assert rows_of(done)[0] == ("train", "ah", "love")
    assert len(apply([changes], written(done)).already) == 1


def test_a_class_that_cannot_stand_in_the_column_is_refused() -> None:
    texts = dataset(ROWS)
    numbers = replace(texts, table=texts.table.set_column(6, "original:label", texts.table["label"]))
    changes = make_patch(judged(texts, {0: "love"}, policy=Policy(add_classes=True)))
    with pytest.raises(ExportError, match="does not fit the column"):
        apply([changes], numbers, add_classes=True)


def test_labels_may_be_numbered_in_another_order() -> None:
    assert rows_of(apply([patch()], dataset(ROWS, names=NAMES[::-1]))) == RIGHT


def test_another_dataset_is_told_by_its_labels() -> None:
    with pytest.raises(PatchError, match="none of them"):
        apply([patch()], dataset([("train", "ah", "0"), ("train", "oh", "1")], names=("0", "1")))


def test_a_line_that_was_altered_by_hand_lands_nowhere() -> None:
    (line,) = patch(verdicts={0: "sad"})
    altered = line.model_copy(update={"old": "anger", "copies": {"anger": 1}})
    done = apply([[altered]], dataset([("train", "ah", "anger"), *ROWS[1:]]))
    assert whys(done) == {"train-0": "text changed"}


def test_an_empty_patch_changes_nothing() -> None:
    assert rows_of(apply([()], dataset(ROWS))) == rows_of(apply([], dataset(ROWS))) == ROWS


@pytest.mark.parametrize("policy", [Policy(unreviewed="drop"), Policy(leave_out=("ambiguous", "unsure", "exclude"))])
def test_policies_travel_in_the_patch(policy: Policy) -> None:
    texts = dataset(ROWS)
    corrections = judged(texts, VERDICTS, policy=policy)
    assert rows_of(apply([make_patch(corrections)], texts)) == rows_of(corrections)
