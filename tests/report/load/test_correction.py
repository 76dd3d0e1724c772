from __future__ import annotations

import re
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from auditor.api import Audit
from auditor.correction.decide.policy import Policy
from auditor.errors import RunDamagedError
from auditor.evaluation.comparison.results import CORRECTED, ORIGINAL
from auditor.report import write_report
from auditor.report.load.correction import load_correction
from auditor.report.load.load import load_summary
from auditor.review.log.log import DecisionLog, run_id
from auditor.review.view.items import Items
from auditor.run import Run, find_run
from auditor.run.artifacts import COMPARISON
from tests.evaluation.judged import judge, judged_run
from tests.report.test_write import Page, check_alone
from tests.review.runs import write_run

HOSTILE = ("<script>alert(1)</script>", "a|b\u202e", "{{ 7 * 7 }}", "$x$", "快乐", "x" * 200)
CALM = ("sadness", "joy", "love", "anger", "fear", "surprise")


def retrained(directory: Path, model: Path, names: tuple[str, ...] = CALM) -> Run:
    run = judged_run(directory, model, names=names)
    models: Any = ("lexical",)
    Audit(run).retrain(models, seeds=1)
    return find_run(run.directory)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Run:
    return retrained(tmp_path_factory.mktemp("worth") / "diary", tiny_model)


def read(run: Run) -> Page:
    return Page((run / "report.html").read_text("utf-8"))


@pytest.mark.slow
def test_the_page_tells_decisions_counts_and_worth(run: Run) -> None:
    parsed = read(run)
    check_alone(parsed)
    assert "10 of 240 rows were judged by 1 person: 5 get a new label, 2 are left out." in parsed.words
    assert "Left out: exclude, none_fits. Unchanged and marked: ambiguous, unsure, tie." in parsed.words
    assert re.search(r"relabel ?5 ?keep ?3 ?exclude ?2", parsed.words)
    assert "the dataset's own splits: trained on train, tested on test" in parsed.words
    assert "ranked for review by the consensus of features, lexical and finetuned" in parsed.words
    assert "A test set cleaned by looking at one model's suspects favours that model" in parsed.words
    assert (
        "The 2 test rows of a random sample, which no model chose, are therefore reported separately." in parsed.words
    )
    assert "lexical on a random sample, 2 test rows" in parsed.words
    assert "Since then, decisions have changed" not in parsed.words
    named = [value for tag, key, value in parsed.attributes if tag == "svg" and key == "aria-label"]
    assert sum("What training on the corrected labels changes" in value for value in named) == 1
    assert (run / "figures/gains.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_has_the_figures_of_the_comparison(run: Run) -> None:
    correction = load_correction(run)
    assert correction is not None
    assert correction.gains is not None
    comparison = correction.gains.found.models[0].comparison
    words = read(run).words
    for trained in (ORIGINAL, CORRECTED):
        for tested in (ORIGINAL, CORRECTED):
            assert f"{100 * comparison.cell(trained, tested).accuracy.value:.1f} %" in words
    assert words.count("F1 of surprise") == 4  # the 2 × 2 figures, and what the test rows alone change; twice


def test_the_rows_are_loaded_once_for_the_estimate_and_the_agreement(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, of = [], Items.of

    def counted(run: Run) -> Items:
        loaded.append(run)
        return of(run)

    monkeypatch.setattr(Items, "of", counted)
    found = load_correction(run)
    assert found is not None
    assert found.estimate is not None
    assert found.agreement is not None
    assert len(loaded) == 1


def test_counts_by_class_are_those_of_the_corrected_rows(run: Run) -> None:
    correction, corrections = load_correction(run), Audit(run).corrections()
    assert correction is not None
    assert correction.decisions is not None
    kept = [corrections.label_names[code] for code in corrections.label[corrections.kept]]
    for item in correction.decisions.classes:
        assert item.after == kept.count(item.label)
    assert sum(item.before - item.after for item in correction.decisions.classes) == 2


def test_retraining_is_no_part_of_the_audits_time(run: Run) -> None:
    assert not [stage for stage in load_summary(run.directory).stages if stage.name == "retrain"]
    assert "The trainings took" in read(run).words


@pytest.mark.slow
def test_hostile_names_are_only_shown(tmp_path: Path, tiny_model: Path) -> None:
    run = retrained(tmp_path / "diary", tiny_model, HOSTILE)
    parsed = read(run)
    check_alone(parsed)
    assert "F1 of <script>alert(1)</script>" in parsed.words
    assert not set((run / "report.html").read_text("utf-8")) & set("\u202e")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.slow
def test_decisions_alone_and_decisions_since(tmp_path: Path, tiny_model: Path) -> None:
    run = judged_run(tmp_path / "diary", tiny_model)
    write_report(run.directory)
    assert "10 of 240 rows were judged" in read(run).words
    assert "Before and after" not in read(run).words
    models: Any = ("lexical",)
    Audit(run).retrain(models, seeds=1)
    names = Items.of(run).label_names
    judge(run, {1: ("relabel", names[(int(Items.of(run).given[1]) + 2) % len(names)])})  # the counts stay
    changed = load_correction(run)
    assert changed is not None
    assert changed.gains is not None
    assert changed.gains.outdated
    judge(run, {20: ("exclude",)})
    write_report(run.directory)
    words = read(run).words
    assert "11 of 240 rows were judged" in words
    assert "Since then, decisions have changed: at that time, 10 rows were judged" in words


def test_a_comparison_of_another_version_is_named(run: Run, tmp_path: Path) -> None:
    copy = find_run(copytree(run.directory, tmp_path / "diary"))
    with copy.held():
        copy.stage("retrain/comparison", lambda at, read: _write(at / COMPARISON, '{"format": 2}'))
    with pytest.raises(RunDamagedError, match="another version"):
        load_correction(copy)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.slow
def test_decisions_are_told_under_the_policy_that_was_retrained(tmp_path: Path, tiny_model: Path) -> None:
    run = judged_run(tmp_path / "diary", tiny_model)
    models: Any = ("lexical",)
    Audit(run).retrain(models, seeds=1, policy=Policy(leave_out=()))
    found = load_correction(run)
    assert found is not None
    assert found.decisions is not None
    assert found.gains is not None
    assert found.decisions.summary.excluded == 0
    assert not found.gains.outdated


def test_decisions_in_another_database_are_told_when_it_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path / "diary")
    judge(run, {0: ("exclude",)})
    elsewhere: Any = (run / "decisions.db").rename(tmp_path / "others.db")  # or an address of PostgreSQL
    assert load_correction(run) is None
    found = load_correction(run, elsewhere)
    assert found is not None
    assert found.decisions is not None
    assert found.decisions.summary.judged == 1


@pytest.mark.usefixtures("undrawn")
def test_a_log_that_cannot_be_read_spoils_nothing_else(tmp_path: Path) -> None:
    run = write_run(tmp_path / "diary")
    DecisionLog(run / "decisions.db", run_id(run)).close()
    assert load_correction(run) is None
    (run / "decisions.db").write_bytes(b"no database at all, but some text" * 100)
    write_report(run.directory)
    words = read(run).words
    assert "Decisions and corrections" in words
    assert "decisions.db" in words
    assert "Which labels the models confuse" in words


def test_without_decisions_there_is_no_such_section(page: str) -> None:
    assert "Decisions and corrections" not in Page(page).words


def test_a_damaged_comparison_is_not_used(run: Run, tmp_path: Path) -> None:
    copy = find_run(copytree(run.directory, tmp_path / "diary"))
    (copy / COMPARISON).write_text("{}", "utf-8")
    with pytest.raises(RunDamagedError, match="has changed since it was written"):
        write_report(copy.directory)
