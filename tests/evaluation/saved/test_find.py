"""From a name to a model: a saved folder, a retrained run, a model of transformers; and what is none of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from auditor.errors import HubUnreachableError, ModelError, RunDamagedError, RunMissingError
from auditor.evaluation.saved.find import find_model, saved_models
from auditor.run import Reader, Run
from tests.evaluation import models
from tests.evaluation.models import NAMES, config_for, moody

TEXTS = moody(8, seed=2)[0]


@pytest.fixture(scope="module")
def retrained(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has kept a model of words and one of vectors."""
    directory = tmp_path_factory.mktemp("runs") / "tweets"
    config, run = config_for(tiny_model), Run(directory)

    def lexical(space: Path, read: Reader) -> None:
        models.save(models.trained_lexical(config), space / "model/lexical", "lexical", config)

    def features(space: Path, read: Reader) -> None:
        classifier = models.trained_features(config, directory / ".work" / "vectors")
        models.save(classifier, space / "model/features", "features", config)

    with run.held():
        run.stage("retrain/lexical", lexical)
        run.stage("retrain/features", features)
        run.record(finished=True)
    return directory


def test_models_of_the_last_retraining_come_first(retrained: Path, tmp_path: Path) -> None:
    shutil.copytree(retrained, tmp_path / "run")
    run = Run(tmp_path / "run")
    assert saved_models(run) == ("features", "lexical")

    def compare(space: Path, read: Reader) -> None:
        (space / "retrain").mkdir()
        (space / "retrain/comparison.json").write_text('{"models": [{"name": "lexical"}]}')

    with run.held():
        run.stage("retrain", compare)
    assert saved_models(run) == ("lexical", "features")


@pytest.fixture
def foreign(tiny_model: Path, tmp_path: Path) -> Path:
    """A model that transformers itself has written, without label names of its own."""
    AutoModelForSequenceClassification.from_pretrained(tiny_model, num_labels=3).save_pretrained(tmp_path / "foreign")
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path / "foreign")
    return tmp_path / "foreign"


def configure(folder: Path, **settings: Any) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **settings}), "utf-8")


def test_run_by_path_and_by_name(retrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_path = find_model(str(retrained), device="cpu")
    assert by_path.name == "features of tweets"
    assert by_path.label_names == NAMES
    monkeypatch.chdir(tmp_path)
    shutil.copytree(retrained, tmp_path / "reports/runs/mine")
    by_name = find_model("mine", "lexical")
    assert by_name.name == "lexical of mine"
    assert not np.array_equal(by_name.predict_proba(TEXTS), by_path.predict_proba(TEXTS))


def test_folder_in_a_run(retrained: Path) -> None:
    expected = find_model(str(retrained), "lexical").predict_proba(TEXTS)
    assert np.array_equal(find_model(str(retrained / "model/lexical")).predict_proba(TEXTS), expected)


def test_run_without_models(tmp_path: Path) -> None:
    run = Run(tmp_path / "tweets")
    with run.held():
        run.record(finished=True)
    with pytest.raises(ModelError, match="has no saved model") as caught:
        find_model(str(run.directory))
    assert "auditor retrain tweets" in caught.value.todo


def test_run_without_this_model(retrained: Path) -> None:
    with pytest.raises(ModelError, match="has no model 'finetuned', but features, lexical") as caught:
        find_model(str(retrained), "finetuned")
    assert caught.value.todo.endswith("auditor retrain tweets --models finetuned")


def test_run_that_is_not_finished(tmp_path: Path) -> None:
    run = Run(tmp_path / "tweets")
    with run.held():
        run.record()
    with pytest.raises(RunMissingError, match="is not finished"):
        find_model(str(run.directory))


def test_damaged_model_of_a_run(retrained: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(retrained, tmp_path / "copied"))
    (copied / "model/lexical/vocabulary.json").write_text("[]")
    with pytest.raises(RunDamagedError, match=r"vocabulary\.json is damaged"):
        find_model(str(copied), "lexical")


def test_any_model_that_classifies_texts(foreign: Path) -> None:
    found = find_model(str(foreign), device="cpu")
    assert found.label_names == ("LABEL_0", "LABEL_1", "LABEL_2")
    said = pipeline("text-classification", str(foreign), device="cpu")(TEXTS, top_k=None)
    expected = [[{one["label"]: one["score"] for one in scores}[name] for name in found.label_names] for scores in said]
    assert np.allclose(found.predict_proba(TEXTS), expected, atol=1e-5)


def test_text_longer_than_the_positions(foreign: Path) -> None:
    tokenizer = json.loads((foreign / "tokenizer_config.json").read_text("utf-8"))
    (foreign / "tokenizer_config.json").write_text(json.dumps({**tokenizer, "model_max_length": 10**30}), "utf-8")
    assert find_model(str(foreign), device="cpu").predict_proba(["so glad " * 1000]).shape == (1, 3)


@pytest.mark.parametrize(
    "settings",
    [
        {"problem_type": "multi_label_classification"},
        {"problem_type": "regression"},
        {"id2label": {"0": "score"}},
        {"id2label": {"0": "a", "1": "a", "2": "b"}},
    ],
)
def test_model_that_does_not_choose_one_class(foreign: Path, settings: dict[str, Any]) -> None:
    configure(foreign, **settings)
    with pytest.raises(ModelError, match="does not choose one of several classes"):
        find_model(str(foreign), device="cpu")


@pytest.mark.parametrize("settings", [{"id2label": {"0": "a", "2": "b"}}, {"id2label": [1]}, {"model_type": "no"}])
def test_strange_configuration(foreign: Path, settings: dict[str, Any]) -> None:
    configure(foreign, **settings)
    with pytest.raises(ModelError, match="cannot be loaded"):
        find_model(str(foreign), device="cpu")


def test_encoder_without_a_head(tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="does not classify texts"):
        find_model(str(tiny_model), device="cpu")


def test_kind_of_what_is_no_run(foreign: Path) -> None:
    with pytest.raises(ModelError, match="is not a run") as caught:
        find_model(str(foreign), "features")
    assert caught.value.todo == "Omit --model."


@pytest.mark.parametrize("name", ["", "no such/model at all", "I loved today's movie " * 300, "a\0b", "../.."])
def test_what_cannot_be_the_name_of_a_model(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError):
        find_model(name)


def test_unknown_name_lists_the_retrained_runs(
    retrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HubUnreachableError) as caught:
        find_model("tweeds")
    assert "There are no retrained runs." in caught.value.todo
    shutil.copytree(retrained, tmp_path / "reports/runs/tweets")
    with pytest.raises(HubUnreachableError) as caught:
        find_model("tweeds")
    assert "Retrained runs: tweets." in caught.value.todo
