from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import auditor
from auditor.data import sample
from auditor.errors import RunDamagedError, RunMissingError
from auditor.models.scores import losses
from auditor.review.filter.filter import KINDS, TIERS
from auditor.review.log.event import item_hash
from auditor.review.view.items import NEIGHBOURS, Items
from auditor.run import Run, find_run
from tests.review.runs import COPIES, ROWS, UNJUDGED, write_run


def test_rows_are_those_of_the_issues_in_the_order_of_the_dataset(items: Items, run: Run) -> None:
    table = pd.read_parquet(run / "issues.parquet")
    assert len(items) == len(table) == ROWS
    assert items.ids.to_pylist() == table["id"].tolist()
    assert items.texts.to_pylist() == table["text"].tolist()
    for codes, column in ((items.given, "given"), (items.predicted, "predicted"), (items.suggested, "suggested")):
        assert [items.label(code) for code in codes] == table[f"{column}_label"].replace({np.nan: None}).tolist()
    assert [items.splits[code] for code in items.split] == table["split"].tolist()
    np.testing.assert_array_equal(items.suspicion, table["suspicion"])
    np.testing.assert_array_equal(items.rank, table["rank"])
    np.testing.assert_array_equal(items.is_issue, table["is_issue"])
    for codes, names, column in ((items.kind, KINDS, "kind"), (items.tier, TIERS, "tier")):
        known = table[column].replace({np.nan: None}).tolist()
        assert [names[code] if code >= 0 else None for code in codes.tolist()] == known
        assert len({*known}) > 1
    np.testing.assert_array_equal(items.stability, table["stability"])
    assert items.repeats == 3
    np.testing.assert_array_equal(items.group, table["group"].fillna(-1))
    np.testing.assert_array_equal(items.duplicate_group, table["duplicate_group"].fillna(-1))
    assert [items.reasons(row) for row in range(ROWS)] == [list(reasons) for reasons in table["reasons"]]
    assert items.models == ("consensus", "features", "lexical", "finetuned")
    for name, loss in items.loss.items():
        np.testing.assert_array_equal(loss, table[f"loss_{name}"])


def test_pairs_are_given_and_suggested_and_those_with_most_issues_come_first(items: Items) -> None:
    for row in range(ROWS):
        if row in UNJUDGED:
            assert items.pair[row] == -1
        else:
            assert items.pairs[items.pair[row]].tolist() == [items.given[row], items.suggested[row]]
    issues = np.bincount(items.pair[items.is_issue], minlength=len(items.pairs))
    assert (np.diff(issues) <= 0).all()
    assert issues[0] > 0


def test_rows_that_are_not_judged_have_no_suspicion_no_suggestion_and_no_probabilities(items: Items) -> None:
    rows = np.array(UNJUDGED)
    assert np.isnan(items.suspicion[rows]).all()
    assert (items.suggested[rows] == -1).all()
    assert (items.predicted[rows] == -1).all()
    assert np.isnan(items.probabilities("consensus")[rows]).all()
    assert not items.is_issue[rows].any()


def test_ids_lead_to_rows_and_back(items: Items) -> None:
    ids = items.ids.to_pylist()
    assert [items.row_of(item_id) for item_id in ids] == list(range(ROWS))
    assert [items.id_of(row) for row in range(ROWS)] == ids
    for unknown in ("", "train", "train-1x", "zzz", "\U0010ffff", "\ud800", "train-1\0"):
        assert items.row_of(unknown) is None


@pytest.mark.parametrize("times", [1, 20])
def test_many_ids_are_found_like_few(items: Items, times: int) -> None:
    ids = [*items.ids.to_pylist()[::-1], "nobody", ""] * times
    assert items.rows_of(ids).tolist() == [*range(ROWS - 1, -1, -1), -1, -1] * times
    assert items.rows_of([]).tolist() == []


def test_hash_is_of_text_and_given_label(items: Items) -> None:
    assert items.hash_of(2) == item_hash(items.text_of(2), items.label_names[items.given[2]])
    assert len({items.hash_of(row) for row in range(ROWS)}) > ROWS - len(COPIES) - 1


def test_neighbours_are_the_nearest_few(items: Items) -> None:
    found = items.neighbours(0)
    assert [row for row, _ in found] == [1, 2, 3, 4, 5]
    assert [similarity for _, similarity in found] == pytest.approx([1.0, 0.9, 0.8, 0.7, 0.6])
    assert len(found) == NEIGHBOURS
    assert [row for row, _ in items.neighbours(ROWS - 3)] == [ROWS - 2, ROWS - 1]
    assert items.neighbours(ROWS - 1) == []


def test_duplicates_are_the_other_rows_of_the_group(items: Items) -> None:
    for row in range(ROWS):
        group = items.duplicate_group[row]
        others = {} if group < 0 else {*np.flatnonzero(items.duplicate_group == group).tolist()} - {row}
        found = items.duplicates(row)
        assert len(found) == len(set(found))
        assert {*found} == {*others}
        same = items.same_text(row, np.array(found, dtype=np.int64)).tolist()
        assert same == sorted(same, reverse=True)
    assert items.duplicates(20)[:2] == [21, 30]
    assert items.same_text(20, np.array([21, 30, 22])).tolist() == [True, True, False]


def test_a_run_may_lack_map_neighbours_and_duplicates(tmp_path: Path) -> None:
    run = write_run(tmp_path / "poor", rows=60, complete=False, models=("lexical",))
    run.record(stages={name: stage for name, stage in run.manifest["stages"].items() if name != "map"})
    items = Items.of(find_run(run.directory))
    assert items.map is None
    assert items.exact is None
    assert items.neighbours(0) == []
    assert items.models == ("consensus", "lexical")
    assert 21 in items.duplicates(20)
    assert items.same_text(20, np.array(items.duplicates(20)))[0]


@pytest.mark.parametrize(
    "artifact", ["dataset.parquet", "issues.parquet", "neighbours.npz", "probabilities/lexical.npy"]
)
def test_an_artifact_that_was_changed_is_not_shown(tmp_path: Path, artifact: str) -> None:
    run = write_run(tmp_path / "run", rows=60)
    (run / artifact).write_bytes(b"something else")
    with pytest.raises(RunDamagedError, match=artifact):
        Items.of(find_run(run.directory))


def test_a_run_without_issues_cannot_be_reviewed(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", rows=60)
    run.record(stages={name: stage for name, stage in run.manifest["stages"].items() if name != "detect"})
    with pytest.raises(RunMissingError, match=r"issues\.parquet"):
        Items.of(find_run(run.directory))


def test_strange_names_and_ids_are_kept_as_they_are(tmp_path: Path) -> None:
    names = ("", "null", "__proto__", "joy,love", '["a", "b"]', "<img src=x onerror=alert(1)>", " joy ", "é", "e\u0301")
    ids = [f"{'../' * (row % 3)}<b>{row}</b>&\u202e" for row in range(58)] + ["nan", "-1"]
    items = Items.of(write_run(tmp_path / "<run>", rows=60, names=names, ids=ids))
    assert items.name == "<run>"
    assert items.label_names == names
    assert [items.row_of(item_id) for item_id in ids] == list(range(60))
    assert {items.label(code) for code in items.given} == {*names}
    assert items.label(-1) is None


@pytest.mark.slow
@pytest.mark.usefixtures("no_pictures")
def test_a_real_audit_can_be_reviewed(tiny_model: Path, tmp_path: Path) -> None:
    frame, _ = sample.load()
    audit = auditor.audit(
        frame.head(90),
        "text",
        "label",
        models=("lexical",),
        folds=3,
        encoder={"name": str(tiny_model)},
        detection={"map_neighbours": 5},
        device="cpu",
        out=tmp_path / "real",
    )
    items = Items.of(find_run(audit.directory))
    assert len(items) == 90
    assert items.source
    assert items.models == ("consensus", "lexical")
    assert items.map is not None
    assert items.exact is not None
    assert len(items.neighbours(0)) == NEIGHBOURS
    judged = ~np.isnan(items.suspicion)
    loss = losses(items.probabilities("lexical"), items.given)
    np.testing.assert_allclose(items.loss["lexical"][judged], loss[judged], atol=1e-6)
