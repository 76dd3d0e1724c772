from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from auditor_ui.services.edition import Edition

from auditor.api import Audit
from auditor.correction.decide.policy import Policy
from auditor.correction.decide.reclassify import write_change
from auditor.data import LabeledTexts
from auditor.data.duplicates import Duplicates
from auditor.errors import CorrectionError, RunHeldError
from auditor.evaluation.comparison import trials
from auditor.evaluation.comparison.results import Retraining
from auditor.evaluation.saved.saved import load_model
from auditor.models.transformer.frozen import STAGE, LowerLayers, describe_states
from auditor.models.transformer.weights import find_weights
from auditor.review.log.parts import LabelChange
from auditor.run import Run, find_run
from auditor.run.artifacts import COMPARISON, STATES
from tests.evaluation.judged import DRAWN, judge, judged_run

pytestmark = pytest.mark.usefixtures("no_page")
LINEAR: Any = ("lexical", "features")


@pytest.fixture(scope="module")
def retrained(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> tuple[Run, Retraining]:
    """Retrained with two of its models; tests read it, or copy it."""
    run = judged_run(tmp_path_factory.mktemp("judged") / "diary", tiny_model)
    found = Audit(run).retrain(LINEAR, seeds=2)
    return find_run(run.directory), found


@pytest.fixture
def copy(retrained: tuple[Run, Retraining], tmp_path: Path) -> Run:
    return find_run(shutil.copytree(retrained[0].directory, tmp_path / "diary"))


@pytest.fixture
def no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the report's page as it is: drawing it takes longer than all else here."""
    monkeypatch.setattr("auditor.report.write_report", lambda directory, db: directory)


def trainings(run: Run) -> dict[str, dict[str, Any]]:
    return {name: stage for name, stage in run.manifest.stages.items() if "seed-" in name}


def watch(monkeypatch: pytest.MonkeyPatch, fail_at: int = 10**6) -> list[tuple[int, int]]:
    """Rows and seed of every training that is done from now on; one of them can fail."""
    done: list[tuple[int, int]] = []
    train_on = trials.train_on

    def watched(candidate: Any, version: Any, split: Any, seed: int, progress: Any) -> Any:
        if len(done) == fail_at:
            raise KeyboardInterrupt
        done.append((int((split.train & version.kept).sum()), seed))
        return train_on(candidate, version, split, seed, progress)

    monkeypatch.setattr(trials, "train_on", watched)
    return done


@pytest.mark.slow
def test_both_versions_are_trained_and_tested_with_the_same_seeds(retrained: tuple[Run, Retraining]) -> None:
    run, found = retrained
    assert sorted(trainings(run)) == sorted(found.stages)
    assert len(found.stages) == 2 * 2 * 2
    setting = found.setting
    assert setting.split == "the dataset's own splits: trained on train, tested on test"
    assert (setting.test.rows, setting.test.judged, setting.test.changed, setting.test.excluded) == (80, 5, 2, 1)
    assert (setting.train.judged, setting.train.changed, setting.train.excluded) == (5, 3, 1)
    assert (setting.judged, setting.changed, setting.excluded) == (10, 5, 2)
    assert (setting.seeds, setting.ranked_by) == ((0, 1), ("features", "lexical", "finetuned"))
    assert setting.sources == {"queue": 8, "random": 2}
    assert [model.name for model in found.models] == list(LINEAR)
    for model in found.models:
        assert model.comparison.tested_on == model.comparison.trained_on == ("original", "corrected")
        assert (model.comparison.rows, model.comparison.left_out, model.comparison.draws) == (79, 1, 2_000)
        assert model.random is not None
        assert model.random.rows == 2


def test_no_training_row_is_a_duplicate_of_a_test_row(retrained: tuple[Run, Retraining]) -> None:
    run, found = retrained
    near = Duplicates.of(run).near
    leaks = int(np.isin(near[:160], near[160:]).sum())
    assert leaks > 0
    assert found.setting.leaks == leaks
    assert found.setting.train.rows == 160 - leaks


def test_figures_are_those_of_the_probabilities(retrained: tuple[Run, Retraining]) -> None:
    run, found = retrained
    labels = Audit(run).corrections().label[160:]
    there = np.arange(160, 240) != 172  # excluded
    right = []
    for seed in (0, 1):
        probabilities = np.load(run.open(f"retrain/lexical/corrected/seed-{seed}.npy"), allow_pickle=False)
        assert probabilities.shape == (80, 6)
        right.append((probabilities.argmax(axis=1) == labels)[there].mean())
    cell = found.models[0].comparison.cell("corrected", "corrected")
    assert cell.accuracy.value == pytest.approx(np.mean(right))


def test_the_model_of_the_corrected_labels_is_kept(retrained: tuple[Run, Retraining]) -> None:
    run, _ = retrained
    texts = Audit(run).corrections().texts.texts[160:]
    wanted = np.load(run.open("retrain/lexical/corrected/seed-0.npy"), allow_pickle=False)
    for folder in (run / "model/lexical", run.open("model/lexical/auditor.json").parent):
        np.testing.assert_allclose(load_model(folder, "cpu").predict_proba(texts), wanted, atol=1e-6)
    assert (run / "model/features/auditor.json").is_file()


def test_a_finished_run_stays_one(retrained: tuple[Run, Retraining]) -> None:
    run, found = retrained
    assert run.manifest.finished
    assert not (run / ".work").exists()
    assert all(run.hash_of(name) for name in run.manifest.outputs)
    assert Retraining.model_validate_json((run / COMPARISON).read_bytes()) == found


def test_done_again_nothing_is_trained(copy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (copy / COMPARISON).read_bytes()
    done = watch(monkeypatch)
    Audit(copy.directory).retrain(LINEAR, seeds=2)
    assert done == []
    assert (copy / COMPARISON).read_bytes() == before


def test_further_decisions_train_again_only_what_they_change(copy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = trainings(copy)
    judge(copy, {12: ("exclude",)})
    done = watch(monkeypatch)
    Audit(copy.directory).retrain(("lexical",), seeds=2)
    after = trainings(find_run(copy.directory))
    again = {name for name in before if before[name].key != after[name].key}
    assert again == {f"retrain/lexical/corrected/seed-{seed}" for seed in (0, 1)}
    assert len(done) == 2
    judge(copy, {175: ("exclude",)})  # a test row: what is trained is the same, but not the scores on the model's card
    Audit(copy.directory).retrain(("lexical",), seeds=2)
    assert len(done) == 3


def test_a_row_that_chance_has_drawn_stays_in_its_sample(copy: Run) -> None:
    judge(copy, {DRAWN[0]: ("keep",)}, source="table")
    found = Audit(copy.directory).retrain(("lexical",), seeds=2)
    assert found.models[0].random is not None
    assert found.models[0].random.rows == len(DRAWN)


def test_an_interrupted_one_goes_on_where_it_was(copy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    judge(copy, {13: ("exclude",)})
    with monkeypatch.context() as patch:
        watch(patch, fail_at=1)
        with pytest.raises(KeyboardInterrupt):
            Audit(copy.directory).retrain(("lexical",), seeds=2)
    assert find_run(copy.directory).manifest.finished
    done = watch(monkeypatch)
    Audit(copy.directory).retrain(("lexical",), seeds=2)
    assert [seed for _, seed in done] == [1]
    assert find_run(copy.directory).manifest.finished


def test_a_review_page_that_is_open_meanwhile_goes_on(copy: Run) -> None:
    edition = Edition(copy)
    judge(copy, {14: ("exclude",)})
    Audit(copy.directory).retrain(("lexical",), seeds=1)
    edition.check_ranking()


def test_a_run_that_another_process_holds_is_left_alone(copy: Run) -> None:
    with copy.held(), pytest.raises(RunHeldError):
        Audit(copy.directory).retrain(("lexical",), seeds=1)


def test_decisions_that_change_nothing_are_not_retrained(tmp_path: Path, tiny_model: Path) -> None:
    run = judged_run(tmp_path / "diary", tiny_model)
    (run / "decisions.db").unlink()
    judge(run, {2: ("keep",), 1: ("unsure",)})
    with pytest.raises(CorrectionError, match="None of the 2 judged rows is changed or excluded"):
        Audit(run).retrain(("lexical",))
    assert not trainings(find_run(run.directory))


def change_class(run: Run, operation: Any, label: str, to: str | None = None) -> None:
    with Audit(run).log() as log:
        write_change(log, LabelChange(operation=operation, labels=(label,), to=to), "ann", f"{operation}-{label}")


def test_a_change_of_a_class_is_no_correction(tmp_path: Path, tiny_model: Path) -> None:
    run = judged_run(tmp_path / "diary", tiny_model)
    (run / "decisions.db").unlink()
    names = run.dataset.label_names
    change_class(run, "merge", names[0], names[1])
    change_class(run, "rename", names[2], "calm")
    change_class(run, "delete", names[3])
    with pytest.raises(CorrectionError, match=r"None of the 0 judged rows .* both versions have the changed classes"):
        Audit(run).retrain(("lexical",), seeds=1)
    assert not trainings(find_run(run.directory))


def test_both_versions_have_the_changed_classes(copy: Run, retrained: tuple[Run, Retraining]) -> None:
    names = copy.dataset.label_names
    change_class(copy, "rename", names[0], "calm")
    change_class(copy, "merge", names[1], names[2])
    change_class(copy, "delete", names[3])
    found = Audit(copy.directory).retrain(("lexical",), seeds=1)
    left = ("calm", names[2], *names[4:])
    corrections = Audit(copy.directory).corrections()
    gone = corrections.texts.labels == 3
    judged, setting = sorted(corrections.outcomes.by_row), found.setting
    differ = np.flatnonzero(corrections.comparable.given != corrections.comparable.corrected)
    assert set(differ) <= set(judged)
    assert setting.class_changes == (
        f"{names[0]} renamed calm",
        f"{names[1]} merged into {names[2]}",
        f"{names[3]} left out",
    )
    before = retrained[1].setting
    assert setting.changed + setting.excluded == len(differ)
    assert setting.changed <= before.changed
    assert setting.test.rows == before.test.rows - gone[160:].sum() + (corrections.kept & gone)[160:].sum()
    comparison = found.models[0].comparison
    assert comparison.label_names == left
    assert sum(comparison.support["original"]) == comparison.rows <= 80 - gone[160:].sum()
    run = find_run(copy.directory)
    for version in ("original", "corrected"):
        probabilities = np.load(run.open(f"retrain/lexical/{version}/seed-0.npy"), allow_pickle=False)
        assert probabilities.shape == (80, len(left))
    assert json.loads((copy / "model/lexical/auditor.json").read_text("utf-8"))["label_names"] == list(left)


def test_a_test_row_of_a_new_class_can_be_compared(tmp_path: Path, tiny_model: Path) -> None:
    run = judged_run(tmp_path / "diary", tiny_model)
    judge(run, dict.fromkeys((11, 12, 13, 14, 176), ("none_fits", "calm")))
    found = Audit(run).retrain(("lexical",), seeds=1, policy=Policy(add_classes=True))
    comparison = found.models[0].comparison
    assert comparison.label_names[-1] == "calm"
    assert comparison.support == {
        "original": (*comparison.support["original"][:-1], 0),
        "corrected": comparison.support["corrected"],
    }
    assert comparison.support["corrected"][-1] == 1
    assert comparison.cell("corrected", "original").f1_by_class[-1] is None
    assert json.loads((run / "model/lexical/auditor.json").read_text("utf-8"))["label_names"][-1] == "calm"


@pytest.mark.slow
@pytest.mark.parametrize("frozen", [0, 1])
def test_the_fine_tuned_model_is_one_of_them(tmp_path: Path, tiny_model: Path, frozen: int) -> None:
    settings = {"base_model": str(tiny_model), "epochs": 1, "frozen_layers": frozen}
    config = {"encoder": {"name": str(tiny_model)}, "finetuned": settings, "device": "cpu"}
    run = judged_run(tmp_path / "diary", tiny_model, config=config)
    if frozen:
        about = (find_weights(str(tiny_model)), run.config.finetuned, "cpu")
        texts = LabeledTexts.of(run).texts
        with run.held():
            run.stage(
                STAGE,
                lambda space, read: LowerLayers(*about).write(texts, space, lambda done, total: None),
                parameters=describe_states(*about),
            )
    found = Audit(run).retrain(("finetuned",), seeds=1)
    assert found.models[0].comparison.seeds == 1
    assert (run / "model/finetuned/model.safetensors").is_file()
    for stage in trainings(find_run(run.directory)).values():
        assert (STATES.name in stage.inputs) == bool(frozen)
