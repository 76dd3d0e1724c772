from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from auditor.errors import RunDamagedError, RunMissingError
from auditor.models.scores import losses
from auditor.report.load.exhibits import SHOWN_CHARACTERS, SHOWN_TEXTS
from auditor.report.load.load import load_summary
from auditor.report.load.summary import Summary
from tests.report.made import EMOTIONS, MODELS, make_run


@pytest.fixture(scope="module")
def summary(finished: Path) -> Summary:
    return load_summary(finished)


def test_rows_are_counted_by_split_and_class(summary: Summary, finished: Path) -> None:
    given = pq.read_table(finished / "issues.parquet", columns=["given_label", "split"]).to_pandas()
    for split in summary.splits:
        mine = given[given["split"] == split.split]["given_label"]
        assert split.rows == split.judged == len(mine)
        assert split.by_class == tuple(int((mine == name).sum()) for name in EMOTIONS)
    assert [split.split for split in summary.splits] == ["train", "test"]
    assert (summary.rows, summary.set_aside) == (300, 1)


def test_models_come_in_the_order_of_the_report(summary: Summary) -> None:
    assert [model.name for model in summary.models] == ["dummy", *MODELS, "consensus"]


def test_the_worst_are_the_first_ranks(summary: Summary, finished: Path) -> None:
    issues = pq.read_table(finished / "issues.parquet").to_pandas().sort_values("rank")[:SHOWN_TEXTS]
    assert [row.id for row in summary.worst] == issues["id"].tolist()
    assert [row.rank for row in summary.worst] == list(range(1, SHOWN_TEXTS + 1))
    assert [list(row.reasons) for row in summary.worst] == [list(reasons) for reasons in issues["reasons"]]
    assert [row.suggested for row in summary.worst] == issues["suggested_label"].tolist()


def test_the_most_certain_have_the_lowest_loss(summary: Summary, finished: Path) -> None:
    labels = make_run().labels
    loss = losses(np.load(finished / "probabilities" / "consensus.npy"), labels)
    assert [row.loss for row in summary.certain] == pytest.approx(np.sort(loss)[:SHOWN_TEXTS])
    for row, spread in zip(summary.certain, summary.losses, strict=False):
        assert row.opinions[-1].model == "consensus"
        assert row.opinions[-1].given == pytest.approx(np.exp(-row.loss), rel=1e-4)
        assert list(spread.quantiles) == sorted(spread.quantiles)


def test_opinions_are_each_models_own(summary: Summary, finished: Path) -> None:
    row = summary.worst[0]
    at = int(row.id.split("-")[1])
    for opinion in row.opinions:
        values = np.load(finished / "probabilities" / f"{opinion.model}.npy")[at]
        assert opinion.predicted == EMOTIONS[values.argmax()]
        assert opinion.given == pytest.approx(values[EMOTIONS.index(row.given)])
        assert opinion.suggested == pytest.approx(values[EMOTIONS.index(row.suggested)])


def test_stages_follow_their_inputs_and_hold_their_folds(summary: Summary) -> None:
    names = [stage.name for stage in summary.stages]
    assert sorted(names) == sorted(["read", "map", *MODELS, "consensus", "scores", "detect"])
    assert names.index("read") < names.index("lexical") < names.index("consensus") < names.index("detect")
    assert {stage.name: stage.folds for stage in summary.stages}["finetuned"] == 1


def test_tokens_of_the_worst_rows_are_what_makes_them_wrong(tmp_path: Path) -> None:
    run = make_run(rows=600)
    loss = losses(run.probabilities["finetuned"], run.labels)
    run.texts = [f"{text} href" if value > 1 else text for text, value in zip(run.texts, loss, strict=True)]
    summary = load_summary(run.write(tmp_path / "run"))
    joy = next(item for item in summary.tokens if item.label == "joy")
    assert any(token.text == "href" and token.special for token in joy.worst)
    assert not any(token.text == "href" for token in joy.best)


def test_rows_that_are_not_judged_are_shown_nowhere(tmp_path: Path) -> None:
    run = make_run(splits=["train"] * 150 + ["val"] * 150, config={"train_on": ["train"], "audit": ["val"]})
    for values in run.probabilities.values():
        values[:150] = np.nan
    summary = load_summary(run.write(tmp_path / "run"))
    assert (summary.rows, summary.judged) == (300, 150)
    assert [split.judged for split in summary.splits] == [0, 150]
    assert {row.split for row in (*summary.worst, *summary.certain)} == {"val"}
    assert sum(spread.rows for spread in summary.losses) == 150


def test_a_class_that_cannot_be_judged_has_no_figures(tmp_path: Path) -> None:
    run = make_run(names=[*EMOTIONS, "lonely"])
    run.labels[run.labels == 6] = 0
    run.labels[17] = 6
    summary = load_summary(run.write(tmp_path / "run"))
    assert [item.label for item in summary.not_judgeable] == ["lonely"]
    assert summary.classes[6].flagged is summary.classes[6].recall is None
    assert summary.classes_by_flags[-1].label == "lonely"
    assert "lonely" not in {spread.label for spread in summary.losses}
    assert all(row.given != "lonely" for row in (*summary.worst, *summary.certain))


def test_long_texts_are_cut(tmp_path: Path) -> None:
    run = make_run(rows=20)
    run.texts = ["x" * 1_000_000 for _ in run.texts]
    row = load_summary(run.write(tmp_path / "run")).worst[0]
    assert (len(row.text), row.length, row.is_cut) == (SHOWN_CHARACTERS, 1_000_000, True)


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunMissingError, match="does not hold a run"):
        load_summary(tmp_path)


def test_a_run_that_stopped_early(tmp_path: Path) -> None:
    from auditor.run import Run

    run = Run(tmp_path)
    run.stage("read", lambda at, read: (at / "dataset.parquet").touch())
    with pytest.raises(RunMissingError, match=r"no health\.json"):
        load_summary(tmp_path)


def test_a_changed_artifact_is_not_used(tmp_path: Path) -> None:
    directory = make_run(rows=40).write(tmp_path / "run")
    with (directory / "scores.json").open("a") as file:
        file.write(" ")
    with pytest.raises(RunDamagedError, match=r"scores\.json"):
        load_summary(directory)
