"""Accuracy on all rows by blind cards: what is trained on, who predicts which row, and what is said without cards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.api import Audit
from auditor.correction.decide.reclassify import write_change
from auditor.data.duplicates import Duplicates
from auditor.evaluation.comparison import trials
from auditor.evaluation.comparison.caveats import caveats
from auditor.evaluation.comparison.versions import Split
from auditor.evaluation.comparison.whole import ENOUGH, find_truth, halve
from auditor.review.feed.blind import Blind
from auditor.review.feed.replay import replay_draws
from auditor.review.log.parts import LabelChange
from auditor.run import Run
from tests.evaluation.judged import judged_run
from tests.review.reviewing import decide


def judge_blind(blind: Blind, cards: int) -> None:
    """Judge blind cards: every third label is wrong."""
    items = blind.verdicts.items
    for number in range(cards):
        event = blind.draw("ann", np.full(len(items), 0.1))
        row = items.row_of(event.item_id or "")
        assert row is not None
        other = items.label_names[(int(items.given[row]) + 1) % len(items.label_names)]
        words: tuple[Any, ...] = ("keep",) if number % 3 else ("relabel", other)
        decide(blind.verdicts, row, "ann", *words)


@pytest.fixture
def run(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("auditor.report.write_report", lambda directory, db: directory)
    return judged_run(tmp_path / "diary", tiny_model)


@pytest.fixture
def trained_on(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Rows of every training."""
    rows: list[np.ndarray] = []
    train_on = trials.train_on

    def watched(candidate: Any, version: Any, split: Any, seed: int, progress: Any) -> Any:
        rows.append(split.train)
        return train_on(candidate, version, split, seed, progress)

    monkeypatch.setattr(trials, "train_on", watched)
    return rows


def test_no_training_sees_a_blind_row_and_each_judged_row_has_a_training_without_it(
    run: Run, trained_on: list[np.ndarray]
) -> None:
    audit = Audit(run)
    with audit.log() as log:
        blind = replay_draws(run, log)
        judge_blind(blind, ENOUGH)
        drawn = blind.rows
    found = audit.retrain(("lexical",), seeds=1)
    near = Duplicates.of(run).near
    assert len(trained_on) == 2 + 4  # one training a version, and two halves of each
    assert not any(train[np.isin(near, near[drawn])].any() for train in trained_on)
    judged = find_truth(audit.corrections()).rows
    assert all(any(not train[row] for train in trained_on) for row in judged)
    (model,) = found.models
    assert model.whole is not None
    assert model.whole.cards == found.setting.blind == ENOUGH
    assert model.whole.original.low <= model.whole.original.value <= model.whole.original.high
    assert model.whole.gain.low <= 0 <= model.whole.gain.high
    assert "by 30 blind cards" in model.whole.sentence
    assert any("No training has seen the rows drawn blind" in sentence for sentence in caveats(found, "my-run"))
    again = audit.retrain(("lexical",), seeds=1)
    assert (again, len(trained_on)) == (found, 6)  # nothing is trained twice


def test_too_few_cards_are_said_and_still_left_out(run: Run, trained_on: list[np.ndarray]) -> None:
    audit = Audit(run)
    with audit.log() as log:
        blind = replay_draws(run, log)
        judge_blind(blind, 4)
    found = audit.retrain(("lexical",), seeds=1)
    assert len(trained_on) == 2
    assert not any(train[blind.rows].any() for train in trained_on)
    assert found.models[0].whole is None
    assert any(
        "needs 30 judged blind cards, and there are 4. To read the rest: auditor review my-run --sample 30." in sentence
        for sentence in caveats(found, "my-run")
    )


def test_the_labels_that_fit_follow_their_classes(run: Run) -> None:
    names = run.dataset.label_names
    audit = Audit(run)
    with audit.log() as log:
        for number, change in enumerate(
            [
                LabelChange(operation="merge", labels=(names[0],), to=names[1]),
                LabelChange(operation="delete", labels=(names[2],)),
            ]
        ):
            write_change(log, change, "ann", f"c{number}")
    corrections = audit.corrections()
    truth = find_truth(corrections)
    assert truth.fits.shape[1] == len(names) - 2
    for row, fits in zip(truth.rows.tolist(), truth.fits, strict=True):
        code = int(corrections.comparable.corrected[row])
        assert np.flatnonzero(fits).tolist() == ([code] if code >= 0 else [])


def test_rows_drawn_blind_stay_in_the_training_if_little_else_would_be_left() -> None:
    train = np.array([True] * 8 + [False] * 2)
    split = Split(train, ~train, "by hand")
    few, most = np.arange(10) < 4, np.arange(10) < 5
    assert split.without(few).train.sum() == split.without(few).blind == 4
    assert split.without(most) is split


def test_halves_keep_duplicates_together_and_leave_out_what_is_not_trained_on() -> None:
    rows, trained = np.array([0, 2, 3, 5, 7]), np.array([True] * 6 + [False] * 2)
    half = halve(rows, trained, np.array([0, 0, 1, 0, 0, 2, 3, 4], np.int32))
    assert half.tolist() == [0, 1, 0, 0, -1]
