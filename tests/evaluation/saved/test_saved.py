"""Saved models: what is loaded says what was trained, and what is damaged, foreign or hostile is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save_file
from transformers import pipeline

from auditor.errors import ModelError, StorageError
from auditor.evaluation.saved.saved import load_model
from tests.disk import files_up_to
from tests.evaluation import models
from tests.evaluation.models import NAMES, config_for, moody
from tests.tiny import make_tiny_model

TEXTS = [*moody(50, seed=1)[0], "", "😀 ünknown", "long " * 400]


@pytest.fixture(scope="module")
def finetuned(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    config = config_for(tiny_model)
    classifier = models.trained_finetuned(config)
    return classifier, models.save(classifier, tmp_path_factory.mktemp("saved") / "finetuned", "finetuned", config)


@pytest.fixture
def features(tiny_model: Path, tmp_path: Path) -> Path:
    config = config_for(tiny_model)
    classifier = models.trained_features(config, tmp_path / "space")
    return models.save(classifier, tmp_path / "features", "features", config)


@pytest.fixture
def lexical(tiny_model: Path, tmp_path: Path) -> Path:
    config = config_for(tiny_model)
    return models.save(models.trained_lexical(config), tmp_path / "lexical", "lexical", config)


# -- the same answers ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_finetuned_says_the_same_to_the_bit(finetuned: tuple[Any, Path]) -> None:
    classifier, folder = finetuned
    loaded = load_model(folder, "cpu")
    assert loaded.label_names == NAMES
    assert np.array_equal(loaded.predict_proba(TEXTS), classifier.predict_proba(TEXTS))


@pytest.mark.slow
def test_finetuned_in_bfloat16_with_a_class_that_it_never_saw(tiny_model: Path, tmp_path: Path) -> None:
    config = config_for(tiny_model, "bfloat16")
    classifier = models.trained_finetuned(config, classes=(0, 2))
    found = load_model(models.save(classifier, tmp_path / "m", "finetuned", config), "cpu").predict_proba(TEXTS)
    assert np.array_equal(found, classifier.predict_proba(TEXTS))
    assert (found[:, 1] == 0).all()


def test_transformers_loads_the_finetuned_one(finetuned: tuple[Any, Path]) -> None:
    classifier, folder = finetuned
    said = pipeline("text-classification", str(folder), device="cpu", truncation=True)(TEXTS, top_k=None)
    found = [[{one["label"]: one["score"] for one in scores}[name] for name in NAMES] for scores in said]
    assert np.allclose(found, classifier.predict_proba(TEXTS), atol=1e-5)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["id2label"] == {"0": "sadness", "1": "joy", "2": "love <3"}
    assert config["label2id"] == {"sadness": 0, "joy": 1, "love <3": 2}


@pytest.mark.parametrize("classes", [(0, 1, 2), (0, 2), (1,)])
def test_lexical_says_the_same_to_the_bit(tiny_model: Path, tmp_path: Path, classes: tuple[int, ...]) -> None:
    config = config_for(tiny_model)
    classifier = models.trained_lexical(config, classes)
    loaded = load_model(models.save(classifier, tmp_path / "m", "lexical", config))
    assert np.array_equal(loaded.predict_proba(TEXTS), classifier.predict_proba(TEXTS))


@pytest.mark.parametrize("classes", [(0, 1, 2), (0, 2), (1,)])
def test_features_say_the_same_to_the_bit(tiny_model: Path, tmp_path: Path, classes: tuple[int, ...]) -> None:
    config = config_for(tiny_model)
    classifier = models.trained_features(config, tmp_path / "train", classes)
    loaded = load_model(models.save(classifier, tmp_path / "m", "features", config), "cpu")
    expected = classifier.predict_proba(models.vectors_of(config, TEXTS, tmp_path / "test"))
    assert np.array_equal(loaded.predict_proba(TEXTS), expected)


def test_no_texts_no_probabilities(lexical: Path) -> None:
    assert load_model(lexical).predict_proba([]).shape == (0, 3)


def test_the_same_model_is_saved_as_the_same_bytes(lexical: Path, tiny_model: Path, tmp_path: Path) -> None:
    config = config_for(tiny_model)
    again = models.save(models.trained_lexical(config), tmp_path / "again", "lexical", config)
    assert {p.name: p.read_bytes() for p in again.iterdir()} == {p.name: p.read_bytes() for p in lexical.iterdir()}


# -- what is written -------------------------------------------------------------------------------------------------


def test_only_data_formats_and_no_place_of_this_machine(finetuned: tuple[Any, Path], tiny_model: Path) -> None:
    folder = finetuned[1]
    names = {path.name for path in folder.iterdir()}
    assert names >= {"model.safetensors", "config.json", "tokenizer.json", "README.md", "auditor.json"}
    assert {path.suffix for path in folder.iterdir()} == {".safetensors", ".json", ".md"}
    for path in folder.iterdir():
        assert str(tiny_model.parent).encode() not in path.read_bytes(), path.name


def test_card(finetuned: tuple[Any, Path]) -> None:
    card = (finetuned[1] / "README.md").read_text("utf-8")
    assert "pipeline_tag: text-classification" in card
    assert "<3" not in card
    assert "60 texts" in card
    assert "4 of them" in card


def test_full_disk(finetuned: tuple[Any, Path], tiny_model: Path, tmp_path: Path) -> None:
    with files_up_to(100_000), pytest.raises(StorageError):
        models.save(finetuned[0], tmp_path / "m", "finetuned", config_for(tiny_model))
    with pytest.raises(ModelError, match="is not a saved model"):
        load_model(tmp_path / "m")


# -- what is refused -------------------------------------------------------------------------------------------------


def rewrite(folder: Path, **changes: Any) -> None:
    """Change the record."""
    record = json.loads((folder / "auditor.json").read_text("utf-8"))
    (folder / "auditor.json").write_text(json.dumps({**record, **changes}), "utf-8")


def without_hashes(folder: Path) -> Path:
    """Take the hashes out, as somebody who means harm would."""
    rewrite(folder, files={})
    return folder


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"format": 2}, "format"),
        ({"kind": "pickle"}, "kind"),
        ({"label_names": []}, "label_names"),
        ({"label_names": ["a", "a", "b"]}, "not unique"),
        ({"label_names": [1, 2, 3]}, "label_names"),
        ({"unseen": [3]}, "too few"),
        ({"unseen": [-1]}, "unseen"),
        ({"settings": {"code": "import os"}}, "code"),
        ({"settings": {"ngrams": "many"}}, "ngrams"),
        ({"files": {"../secret": "0" * 64}}, "files"),
        ({"files": {"README.md": "0" * 64}}, "README.md"),
        ({"more": 1}, "more"),
        ({"label_names": ["a", "b"]}, "beyond the 2 names"),
    ],
)
def test_strange_record(lexical: Path, changes: dict[str, Any], what: str) -> None:
    rewrite(lexical, **changes)
    with pytest.raises(ModelError, match=what) as caught:
        load_model(lexical)
    assert "\n" not in caught.value.what


@pytest.mark.parametrize("name", ["classifier.safetensors", "vocabulary.json", "auditor.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[[1]]", b"\x80\x04.", b"\xff" * 64, b"[" * 100_000])
def test_damaged_file(lexical: Path, name: str, content: bytes) -> None:
    (lexical / name).write_bytes(content)
    with pytest.raises(ModelError, match="is damaged"):
        load_model(lexical)
    if name != "auditor.json":
        with pytest.raises(ModelError, match="is damaged"):
            load_model(without_hashes(lexical))


@given(
    name=st.sampled_from(["classifier.safetensors", "vocabulary.json", "auditor.json"]),
    place=st.floats(0, 1),
    strange=st.binary(max_size=4),
    gone=st.integers(0, 40),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_some_bytes_are_others(lexical: Path, name: str, place: float, strange: bytes, gone: int) -> None:
    files = {path: path.read_bytes() for path in without_hashes(lexical).iterdir()}
    before = files[lexical / name]
    start = int(place * len(before))
    (lexical / name).write_bytes(before[:start] + strange + before[start + gone :])
    try:
        found = load_model(lexical).predict_proba(["so glad", ""])
    except ModelError:
        found = np.full((2, 3), 1 / 3)
    finally:
        for path, data in files.items():
            path.write_bytes(data)
    assert np.allclose(found.sum(1), 1, atol=1e-4)


def test_record_that_is_a_folder(lexical: Path) -> None:
    (lexical / "auditor.json").unlink()
    (lexical / "auditor.json").mkdir()
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(lexical)


def test_missing_file(lexical: Path) -> None:
    (lexical / "vocabulary.json").unlink()
    with pytest.raises(ModelError, match=r"vocabulary\.json is missing"):
        load_model(lexical)


@pytest.mark.parametrize(
    "change",
    [
        {"coef": np.zeros((3, 1))},
        {"coef": np.zeros(3)},
        {"coef": np.zeros((3, 0))},
        {"idf": np.full(2, np.nan)},
        {"intercept": np.zeros(2)},
        {"classes": np.array([0, 1, 7])},
        {"classes": np.array([1, 0, 2])},
        {"classes": np.array([-1, 0, 2])},
        {"classes": np.array([0.0, 1.0, 2.0])},
        {"classes": np.array([], np.int64)},
        {"more": np.zeros(1)},
    ],
)
def test_arrays_that_do_not_belong_together(lexical: Path, change: dict[str, np.ndarray]) -> None:
    arrays = load((lexical / "classifier.safetensors").read_bytes())
    save_file({**arrays, **change}, lexical / "classifier.safetensors")
    with pytest.raises(ModelError, match="is damaged"):
        load_model(without_hashes(lexical))


@pytest.mark.parametrize("words", [["a", "b"], ["a"] * 3, [1, 2, 3], {"a": 0}, [None]])
def test_vocabulary_that_does_not_fit(lexical: Path, words: Any) -> None:
    (lexical / "vocabulary.json").write_text(json.dumps(words))
    with pytest.raises(ModelError, match="is damaged"):
        load_model(without_hashes(lexical))


@pytest.mark.parametrize("word", [None, 1, ["a"], "the first of them"])
def test_strange_word(lexical: Path, word: Any) -> None:
    words = json.loads((lexical / "vocabulary.json").read_text("utf-8"))
    word = words[0] if word == "the first of them" else word
    (lexical / "vocabulary.json").write_text(json.dumps([*words[:-1], word]))
    with pytest.raises(ModelError, match="is damaged"):
        load_model(without_hashes(lexical))


def test_weights_that_overflow(lexical: Path) -> None:
    arrays = load((lexical / "classifier.safetensors").read_bytes())
    save_file({**arrays, "coef": np.full_like(arrays["coef"], 3e38)}, lexical / "classifier.safetensors")
    with pytest.raises(ModelError, match=r"does not return probabilities|fails"):
        load_model(without_hashes(lexical)).predict_proba(TEXTS)


def test_another_encoder(features: Path, tmp_path: Path) -> None:
    other = make_tiny_model(tmp_path / "other", seed=1)
    record = json.loads((features / "auditor.json").read_text("utf-8"))
    rewrite(features, settings={**record["settings"], "name": str(other)})
    with pytest.raises(ModelError, match=r"is not the one that .* was trained with"):
        load_model(features, "cpu")


def test_finetuned_without_its_head(finetuned: tuple[Any, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finetuned[1], tmp_path / "m"))
    arrays = load((folder / "model.safetensors").read_bytes())
    kept = {name: values for name, values in arrays.items() if not name.startswith("classifier")}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"model\.safetensors is missing or has changed"):
        load_model(folder, "cpu")
    with pytest.raises(ModelError, match="does not classify texts"):
        load_model(without_hashes(folder), "cpu")


BERT_OF = '{{"model_type": "bert", "architectures": ["BertForSequenceClassification"], {} }}'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("config.json", BERT_OF.format(strange)) for strange in ('"vocab_size": "x"', '"num_attention_heads": 0')),
        *((name, content) for name in ("config.json", "tokenizer.json", "model.safetensors") for content in ("", "{}")),
        *((name, "[1]") for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")),
        ("tokenizer_config.json", '{"tokenizer_class": "Mine", "auto_map": {"AutoTokenizer": ["mine.Mine", null]}}'),
    ],
)
def test_finetuned_with_a_strange_file(finetuned: tuple[Any, Path], tmp_path: Path, name: str, content: str) -> None:
    folder = Path(shutil.copytree(finetuned[1], tmp_path / "m"))
    (folder / name).write_text(content)
    with pytest.raises(ModelError) as caught:
        load_model(without_hashes(folder), "cpu")
    assert "\n" not in caught.value.what


def test_finetuned_that_overflows(finetuned: tuple[Any, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finetuned[1], tmp_path / "m"))
    arrays = load((folder / "model.safetensors").read_bytes())
    arrays["classifier.weight"][:] = np.nan
    save_file(arrays, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match="does not return probabilities"):
        load_model(without_hashes(folder), "cpu").predict_proba(["so glad"])


def test_names_that_are_not_those_of_the_configuration(finetuned: tuple[Any, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finetuned[1], tmp_path / "m"))
    rewrite(folder, label_names=["joy", "sadness", "love <3"])
    with pytest.raises(ModelError, match="name different labels"):
        load_model(folder, "cpu")
