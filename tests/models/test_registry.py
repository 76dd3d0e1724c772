from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.config import MODEL_NAMES, AuditConfig, FinetunedConfig
from auditor.models.crossval import Candidate
from auditor.models.registry import BASELINE, candidates, settled
from auditor.models.transformer.weights import Weights
from auditor.run import Reader, Run, artifacts

NAMES = ["sad", "glad"]
TEXTS = ["so sad", "so glad", "very sad", "very glad"] * 4
LABELS = np.array([0, 1] * 8, dtype=np.int32)
GROUPS = np.arange(len(TEXTS), dtype=np.int32)
VECTORS = np.eye(2, 5, dtype=np.float32)[LABELS]
CONFIG = AuditConfig(device="cpu", finetuned=FinetunedConfig(epochs=1, batch_size=8, precision="float32"))


def made(weights: Weights, config: AuditConfig = CONFIG) -> dict[str, Candidate]:
    return {candidate.name: candidate for candidate in candidates(config, NAMES, TEXTS, VECTORS, weights, GROUPS)}


def test_every_model_and_the_baseline_by_default(tiny_weights: Weights):
    found = made(tiny_weights)
    assert list(found) == [BASELINE, *MODEL_NAMES]
    for candidate in found.values():
        steps: list[tuple[int, int]] = []
        classifier = candidate.make(lambda *at, steps=steps: steps.append(at)).fit(candidate.inputs, LABELS, 0)
        probabilities = classifier.predict_proba(candidate.inputs)
        assert probabilities.shape == (16, 2)
        assert probabilities.dtype == np.float32
        assert bool(steps) == (candidate.name == "finetuned")


def test_only_features_read_vectors(tiny_weights: Weights):
    found = made(tiny_weights)
    assert {name for name, candidate in found.items() if candidate.inputs is VECTORS} == {"features"}
    assert {name for name, candidate in found.items() if artifacts.VECTORS in candidate.reads} == {"features"}
    assert all(artifacts.DATASET in candidate.reads for candidate in found.values())


def test_all_know_of_the_duplicates(tiny_weights: Weights):
    for candidate in made(tiny_weights).values():
        assert candidate.groups is GROUPS
        assert artifacts.DUPLICATES in candidate.reads


@pytest.mark.parametrize("models", [("lexical",), ("features", "lexical"), ("finetuned",)])
def test_models_are_chosen_and_the_baseline_always_is(tiny_weights: Weights, models: tuple[Any, ...]):
    assert list(made(tiny_weights, CONFIG.model_copy(update={"models": models}))) == [BASELINE, *models]


@pytest.mark.parametrize(
    ("part", "change", "name"),
    [
        ("features", {"strengths": (0.5,)}, "features"),
        ("lexical", {"ngrams": 3}, "lexical"),
        ("finetuned", {"epochs": 2}, "finetuned"),
        ("finetuned", {"precision": "bfloat16"}, "finetuned"),
    ],
)
def test_parameters_change_for_the_model_that_an_option_is_of(
    tiny_weights: Weights, part: str, change: dict[str, Any], name: str
):
    other = CONFIG.model_copy(update={part: getattr(CONFIG, part).model_copy(update=change)})
    before, after = made(tiny_weights), made(tiny_weights, other)
    assert {key for key in before if before[key].parameters != after[key].parameters} == {name}


def test_only_the_lexical_model_reads_chinese_in_another_way_than_earlier_versions(tiny_weights: Weights):
    chinese = candidates(CONFIG, NAMES, ["很好", *TEXTS[1:]], VECTORS, tiny_weights, GROUPS)
    before, after = made(tiny_weights), {candidate.name: candidate for candidate in chinese}
    assert {key for key in before if before[key].parameters != after[key].parameters} == {"lexical"}


def test_repeats_keep_the_strength_that_the_first_training_chose(tmp_path: Path):
    run, folds = Run(tmp_path / "run"), np.array([0, 1, 2, 3, -1], np.int16)
    with run.held():
        for name, chosen in (("lexical", (10.0, 100.0, 1.0, 30.0)), ("features", (0.1, 0.001))):

            def save(space: Path, read: Reader, name: str = name, chosen: tuple[float, ...] = chosen) -> None:
                for fold, strength in enumerate(chosen):
                    artifacts.dynamics(name, "strength", fold).save(space, np.array([strength]))

            run.stage(name, save)
        found = settled(run, CONFIG, folds)
        assert found.lexical.strengths == (10.0,), "the lower one of the two in the middle"
        assert found.features == CONFIG.features, "a run of an earlier version: two folds did not record theirs"
        other = CONFIG.updated(models=("features",))
        assert settled(run, other, folds) == other
        assert settled(run, other, folds[:2]).features.strengths == (0.001,)


def test_a_limit_on_training_rows_is_every_models(tiny_weights: Weights):
    assert {candidate.most for candidate in made(tiny_weights).values()} == {len(TEXTS)}
    assert {candidate.most for candidate in made(tiny_weights, CONFIG.updated(train_rows=9)).values()} == {9}


def test_fine_tuning_depends_on_the_weights_and_the_arithmetic(tiny_weights: Weights):
    parameters = made(tiny_weights)["finetuned"].parameters
    assert parameters["weights"] == tiny_weights.fingerprint
    assert (parameters["device"], parameters["dtype"]) == ("cpu", "float32")
