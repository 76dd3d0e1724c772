"""What the report says beyond issues: kinds and tiers, definitions that overlap, trust in the models."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor import detection
from auditor.detection import Flags, find_flags
from auditor.report import write_report
from auditor.report.load.kinds import Kinds
from auditor.report.load.load import EXAMPLE_CHARACTERS, load_summary
from auditor.report.load.trust import Trust
from auditor.report.words import KINDS_MEAN, TIERS_MEAN
from auditor.run import Run
from tests.report.made import EMOTIONS, MadeRun, make_run
from tests.report.test_write import HOSTILE_NAMES, HOSTILE_TEXTS, Page, check_alone

NEW = (
    "What the models prefer, and how stable the flags are",
    "Definitions that overlap",
    "How far each model is trusted",
)


def problem(a: str, b: str, *examples: tuple[int, int], **changes: Any) -> dict[str, Any]:
    """An entry of ``definitions.json``."""
    pairs = [{"a": f"all-{one}", "b": f"all-{other}"} for one, other in examples]
    counts = {"a_as_b": 24, "b_as_a": 30, "symmetry": 0.8, "uncertainty": 0.5, "accuracy": 0.8}
    return {"label_a": a, "label_b": b, **counts, "accuracy_merged": 0.875, "examples": pairs, **changes}


@pytest.fixture
def write(tmp_path: Path, undrawn: None) -> Callable[..., Page]:
    def write_(run: MadeRun | None = None, **made: Any) -> Page:
        return Page(write_report((run or make_run(**made)).write(tmp_path / "run")).read_text("utf-8"))

    return write_


def test_kinds_and_tiers_are_counted(finished: Path) -> None:
    frame = pq.read_table(finished / "issues.parquet").to_pandas()
    found = load_summary(finished).kinds
    assert found is not None
    for one in found.counts:
        mine = frame[frame["kind"].isna() if one.kind is None else frame["kind"] == one.kind]
        assert one.by_tier == {
            tier: int((mine["tier"].isna() if tier is None else mine["tier"] == tier).sum()) for tier in one.by_tier
        }
    assert found.of_tier("high") == (frame["tier"] == "high").sum() > 0
    assert found.has_repeats


def test_rows_of_no_kind_count_where_some_repeat_flags_them() -> None:
    kinds: list[str | None] = ["mislabelled", None, None, "unclear"]
    tiers: list[str | None] = ["medium", "low", None, None]
    text, none = pa.string(), pa.nulls(4, pa.float32())
    found = Kinds.of(pa.table({"kind": pa.array(kinds, text), "tier": pa.array(tiers, text), "stability": none}))
    assert found is not None
    assert [(one.kind, one.rows) for one in found.counts] == [("mislabelled", 1), ("unclear", 1), (None, 1)]
    assert not found.has_repeats


def test_the_page_says_what_may_be_wrong(page: str) -> None:
    words = Page(page).words
    for mean in KINDS_MEAN.values():
        assert mean in words
    for mean in TIERS_MEAN.values():
        assert mean in words
    assert "A stable flag need not be right" in words
    assert re.search(r"The models prefer \w+ · flagged in 3 of 3 repeats", words)
    assert "duplicate_conflict" not in words
    assert "none_fits" not in words


def test_definitions_that_overlap_are_shown_side_by_side(write: Callable[..., Page]) -> None:
    texts = [f"text {row} " + "long " * 100 * (row == 7) for row in range(300)]
    shown = write(texts=texts, definitions=[problem("joy", "love", (7, 8), (9, 10))])
    check_alone(shown)
    assert "joy and love" in shown.words
    assert "24 rows given joy, 30 given love" in shown.words
    assert "Symmetry80 %" in shown.words
    assert "87.5 % of the given labels instead of 80.0 % (+7.5 points)" in shown.words
    assert "given joy text 9 given love text 10" in shown.words
    assert "long " * (EXAMPLE_CHARACTERS // 5) not in shown.words
    assert "No two classes are taken" not in shown.words


def test_of_two_classes_merging_leaves_nothing_to_tell(write: Callable[..., Page]) -> None:
    shown = write(names=["no", "yes"], definitions=[problem("no", "yes", accuracy_merged=None)])
    assert "no and yes" in shown.words
    assert "If merged" not in shown.words
    assert "Similar texts, labelled differently" not in shown.words


def test_many_pairs_are_folded(write: Callable[..., Page]) -> None:
    names = [f"class {code}" for code in range(9)]
    shown = write(names=names, definitions=[problem(names[0], name) for name in names[1:]])
    assert shown.words.count("Contested") == 8
    assert "3 more pairs" in shown.words


def test_none_is_said_in_one_sentence(page: str) -> None:
    words = Page(page).words
    assert "Definitions that overlap" in words
    assert "No two classes share enough texts" in words


def test_experts_are_listed_by_trust_beside_their_scores(finished: Path, page: str) -> None:
    summary, words = load_summary(finished), Page(page).words
    assert summary.trust is not None
    weights = [expert.weight for expert in summary.trust.experts]
    assert weights == sorted(weights, reverse=True)
    assert {expert.name for expert in summary.trust.experts} == {"features", "lexical", "finetuned"}
    best, score = summary.trust.experts[0], summary.model(summary.trust.experts[0].name)
    assert score is not None
    row = words.partition("Model or neighbours")[2].partition("The consensus multiplies")[0]
    assert f"{best.name} {best.weight:.2f}{100 * score.accuracy:.1f} %" in row
    assert "the mean of the models' log-probabilities" not in words


def test_no_estimate_of_the_labels_shares_is_shown(page: str) -> None:
    trust = Trust.of({"weights": {"a": 0.0, "b": 1.0}, "shares": {"x": 0.5, "y": 0.5}})
    assert [expert.name for expert in trust.experts] == ["b", "a"]
    words = Page(page).words
    assert "too often" not in words
    assert "estimate" not in words.casefold()


def test_hostile_texts_stay_texts(write: Callable[..., Page]) -> None:
    texts = [f"{HOSTILE_TEXTS[row % len(HOSTILE_TEXTS)]} {row}" for row in range(160)]
    problems = [problem(HOSTILE_NAMES[at], HOSTILE_NAMES[at + 1], (at, at + 1)) for at in range(len(HOSTILE_NAMES) - 1)]
    shown = write(rows=160, names=HOSTILE_NAMES, texts=texts, definitions=problems)
    check_alone(shown)
    assert shown.words.count("Contested") == len(problems)
    assert "<img src=x onerror=alert(1)>" in shown.text
    assert not set(shown.text) & set("\x00\u202e\u200b")


def test_a_run_of_a_former_version_has_a_report(write: Callable[..., Page]) -> None:
    shown = write(old=True)
    check_alone(shown)
    assert not [heading for heading in NEW if heading in shown.words]
    assert "the mean of the models' log-probabilities" in shown.words
    assert "The 25 most suspect texts" in shown.words
    assert "tier " not in shown.words


def test_doubts_about_probabilities_are_told(write: Callable[..., Page], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "out of fold?" not in write().words
    monkeypatch.setattr(
        "auditor.report.load.load.doubts", lambda *about: ["bert: are <b>its</b> probabilities out of fold?"]
    )
    assert "bert: are <b>its</b> probabilities out of fold?" in write().words


@pytest.mark.usefixtures("undrawn")
def test_leaks_are_told(tmp_path: Path) -> None:
    directory = make_run().write(tmp_path / "run")
    assert load_summary(directory).leaks == 0
    pairs = pa.table({"across_splits": [True, True, False], "first_id": [*"aac"], "second_id": [*"bde"]})
    run = Run(directory)
    with run.held():
        run.stage("conflicts", lambda at, read: pq.write_table(pairs, at / "conflicts.parquet"))
    assert load_summary(directory).leaks == 3
    words = Page(write_report(directory).read_text("utf-8")).words
    assert "3 rows have an equal or nearly equal text with another label in another split" in words


def test_a_class_that_the_models_cannot_tell_is_said_first_and_beside_its_rows(write: Callable[..., Page]) -> None:
    run = make_run()
    for values in run.probabilities.values():
        values[:, EMOTIONS.index("surprise")] = 1e-4  # nothing is ever taken for surprise
    rows = int((run.labels == EMOTIONS.index("surprise")).sum())
    words = write(run).words
    sentence = (
        f"The models cannot recognise surprise: they predict it for 0 of its {rows} rows, so flags on it say little."
    )
    assert sentence in words
    assert words.index(sentence) < words.index("rows to read again")
    assert "The models cannot recognise surprise: a flag on it says little." in words
    begin = words[words.index("Begin with the rows labelled") :]
    assert "surprise" not in begin[: begin.index(" How many of these labels are wrong")]


def test_flags_of_an_earlier_version_are_called_so(write: Callable[..., Page], monkeypatch: pytest.MonkeyPatch) -> None:
    def former(*arguments: Any) -> Flags:
        flags = find_flags(*arguments)
        moved = np.where(flags.rank == 1, False, flags.is_issue | (flags.rank == flags.is_issue.sum() + 1))
        return replace(flags, is_issue=moved)

    monkeypatch.setattr(detection, "find_flags", former)
    assert "An earlier version made this run" in write(make_run()).words
