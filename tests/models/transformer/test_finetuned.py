from __future__ import annotations

import json
import logging
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, log_loss
from transformers import AutoModel, AutoModelForSequenceClassification

from auditor.config import FinetunedConfig
from auditor.errors import ModelError
from auditor.models.classifier import Watched
from auditor.models.transformer.finetuned import Finetuned, softmax
from auditor.models.transformer.recording import RecordingTrainer
from auditor.models.transformer.weights import Weights, find_weights

pytestmark = pytest.mark.slow

NAMES = ("sadness", "joy", "love <3")
QUICK = FinetunedConfig(epochs=2, batch_size=8, learning_rate=1e-3, precision="float32")
WORDS = (["sad", "crying", "lost"], ["happy", "glad", "wonderful"], ["love", "loved", "loving"])


def moody(rows: int, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Texts of 3 to 20 words in no order of length, one word of which gives the mood away."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, rows).astype(np.int32)
    texts = []
    for code in labels:
        words = rng.choice(["i", "feel", "so", "and", "today", "very", "it", "is"], rng.integers(2, 19)).tolist()
        words.insert(rng.integers(len(words) + 1), rng.choice(WORDS[code]))
        texts.append(" ".join(words))
    return texts, labels


TEXTS, LABELS = moody(40)
UNSEEN, TRUTH = moody(30, seed=1)
WATCHED = Watched(UNSEEN, TRUTH)


def make(weights: Weights, names: Sequence[str] = NAMES, progress: Any = None, **options: Any) -> Finetuned:
    return Finetuned(weights, QUICK.model_copy(update=options), names, "cpu", progress)


def copied(weights: Weights, folder: Path, **settings: Any) -> Weights:
    """The same model with other settings."""
    shutil.copytree(weights.folder, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **settings}))
    return find_weights(str(folder))


@pytest.fixture(scope="module")
def tiny_weights(tiny_weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """Larger weights than BERT begins with, so that texts differ in their logits from the first step on."""
    weights = copied(tiny_weights, tmp_path_factory.mktemp("models") / "lively", initializer_range=0.3)
    model = AutoModel.from_pretrained(weights.folder)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Linear):
                module.weight *= 10
    model.save_pretrained(weights.folder)
    return find_weights(str(weights.folder))


@pytest.fixture(scope="module")
def without_dropout(tiny_weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    folder = tmp_path_factory.mktemp("models") / "without-dropout"
    return copied(tiny_weights, folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)


@pytest.fixture(scope="module")
def trained(tiny_weights: Weights) -> Finetuned:
    return make(tiny_weights).fit(TEXTS, LABELS, 0, WATCHED)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_easy_task_is_learned(tiny_weights: Weights, precision: str):
    labels = np.arange(96, dtype=np.int32) % 3
    texts = [" ".join(np.random.default_rng(row).choice(WORDS[code], row % 5 + 1)) for row, code in enumerate(labels)]
    model = make(tiny_weights, epochs=4, precision=precision).fit(texts[:72], labels[:72], 0)
    probabilities = model.predict_proba(texts[72:])
    assert (probabilities.dtype, probabilities.shape) == (np.float32, (24, 3))
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)
    assert (probabilities.argmax(1) == labels[72:]).mean() > 0.9


def test_real_model_learns_with_half_its_parameters(real_weights: Weights):
    texts, labels = moody(36)
    model = Finetuned(real_weights, FinetunedConfig(epochs=3, batch_size=8), NAMES, "cpu").fit(texts, labels, 0)
    assert (model.predict_proba(UNSEEN).argmax(1) == TRUTH).mean() > 0.8
    sizes = {True: 0, False: 0}
    for parameter in model.model.parameters():
        sizes[parameter.requires_grad] += parameter.numel()
    assert 0.4 < sizes[True] / sum(sizes.values()) < 0.6


def test_probabilities_are_the_softmax_of_the_logits_in_the_order_of_the_texts(trained: Finetuned):
    order = np.random.default_rng(0).permutation(30)
    logits = trained.predict_logits(UNSEEN)
    assert np.ptp(logits, axis=0).min() > 0.1, "texts that are all alike would test nothing"
    np.testing.assert_allclose(logits[order], trained.predict_logits([UNSEEN[row] for row in order]), atol=1e-5)
    np.testing.assert_array_equal(trained.predict_proba(UNSEEN), softmax(logits))
    one_by_one = [trained.predict_logits([text])[0] for text in UNSEEN[:5]]
    np.testing.assert_allclose(logits[:5], one_by_one, atol=1e-5)


def test_watched_texts_are_not_predicted_twice(trained: Finetuned, monkeypatch: pytest.MonkeyPatch):
    def predict(*given: Any) -> None:
        raise AssertionError("a second forward pass")

    monkeypatch.setattr(RecordingTrainer, "predict", predict)
    first = trained.predict_logits(WATCHED.inputs)
    first[:] = np.nan
    assert np.isfinite(trained.predict_logits(WATCHED.inputs)).all(), "the caller's array is its own"
    with pytest.raises(AssertionError, match="a second forward pass"):
        trained.predict_logits(list(UNSEEN))


def test_softmax_of_extreme_logits():
    logits = np.array([[1e4, 0, -1e4], [0, 0, 0], [-1e4, -1e4, -1e4]], dtype=np.float32)
    np.testing.assert_allclose(softmax(logits), [[1, 0, 0], [1 / 3] * 3, [1 / 3] * 3], rtol=1e-6)


def test_the_seed_decides_all(tiny_weights: Weights, trained: Finetuned):
    again, other = (make(tiny_weights).fit(TEXTS, LABELS, seed, WATCHED) for seed in (0, 1))
    assert (again.predict_logits(UNSEEN) == trained.predict_logits(UNSEEN)).all()
    assert not np.allclose(other.predict_logits(UNSEEN), trained.predict_logits(UNSEEN), atol=1e-3)
    for what, logits in trained.dynamics().items():
        np.testing.assert_array_equal(again.dynamics()[what], logits)


def test_the_randomness_of_the_program_around_is_left_alone(tiny_weights: Weights):
    def state() -> tuple[Any, ...]:
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()

    model, before = make(tiny_weights, epochs=1), state()
    model.cost(TEXTS)
    assert state() == before
    model.fit(TEXTS, LABELS, 7)
    assert state() == before
    model.predict_proba(UNSEEN)
    assert state() == before


def test_and_has_no_effect(tiny_weights: Weights, trained: Finetuned):
    torch.manual_seed(123)
    random.seed(123)
    model = make(tiny_weights).fit(TEXTS, LABELS, 0, WATCHED)
    assert (model.predict_logits(UNSEEN) == trained.predict_logits(UNSEEN)).all()


def test_label_names_are_written_into_the_model(trained: Finetuned):
    assert trained.model.config.id2label == dict(enumerate(NAMES))
    assert trained.model.config.label2id == {name: code for code, name in enumerate(NAMES)}
    assert not trained.model.training


@pytest.mark.parametrize("freeze", [True, False])
def test_token_embeddings_are_frozen_on_demand(tiny_weights: Weights, freeze: bool):
    before = AutoModel.from_pretrained(tiny_weights.folder).state_dict()
    model = make(tiny_weights, epochs=1, freeze_embeddings=freeze).fit(TEXTS, LABELS, 0).model
    after = model.bert.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert ("embeddings.word_embeddings.weight" in changed) != freeze
    assert {"embeddings.position_embeddings.weight", "encoder.layer.0.attention.self.query.weight"} <= changed


def test_class_that_is_absent_gets_nothing(tiny_weights: Weights):
    rows = np.flatnonzero(LABELS != 1)
    model = make(tiny_weights, epochs=1).fit([TEXTS[row] for row in rows], LABELS[rows], 0)
    probabilities = model.predict_proba(UNSEEN)
    assert probabilities.shape == (30, 3)
    assert (probabilities[:, 1] == 0).all()
    np.testing.assert_allclose(probabilities[:, [0, 2]], softmax(model.predict_logits(UNSEEN)[:, [0, 2]]), atol=1e-6)


def test_single_class(tiny_weights: Weights):
    model = make(tiny_weights, names=["joy"], epochs=1).fit(TEXTS, np.zeros(40, np.int32), 0)
    assert (model.predict_proba(UNSEEN) == 1).all()


@pytest.mark.parametrize("texts", [["happy " * 170_000, "sad"], ["😀", "很高兴 \x00 <b>"]])
def test_long_and_strange_texts(tiny_weights: Weights, texts: list[str]):
    model = make(tiny_weights, epochs=1, max_length=5000).fit(texts, np.array([0, 1], np.int32), 0)
    cut = [text[:2000] for text in texts]
    np.testing.assert_allclose(model.predict_logits(texts), model.predict_logits(cut), atol=1e-5)


def test_base_model_that_was_trained_for_something_else(tiny_weights: Weights, tmp_path: Path):
    weights = copied(tiny_weights, tmp_path / "model")
    base = AutoModelForSequenceClassification.from_pretrained(
        weights.folder, num_labels=5, problem_type="multi_label_classification"
    )
    base.save_pretrained(weights.folder)
    model = make(find_weights(str(weights.folder)), epochs=1).fit(TEXTS, LABELS, 0, WATCHED)
    assert model.predict_proba(UNSEEN).shape == (30, 3)
    assert model.history[0]["held_out_loss"] == pytest.approx(
        log_loss(TRUTH, softmax(model.dynamics()["held_out"][0])), rel=1e-3
    )


def test_base_model_that_is_none(tiny_weights: Weights, tmp_path: Path):
    weights = copied(tiny_weights, tmp_path / "model", model_type="vit")
    with pytest.raises(ModelError, match="cannot be loaded"):
        make(weights).fit(TEXTS, LABELS, 0)


@pytest.mark.parametrize(("count", "frozen"), [(0, {"word"}), (1, {"word", "below", "0"}), (9, {"word", "below", "0"})])
def test_the_lowest_layers_can_be_frozen(tiny_weights: Weights, count: int, frozen: set[str]):
    before = AutoModel.from_pretrained(tiny_weights.folder).state_dict()
    model = make(tiny_weights, epochs=1, frozen_layers=count, weight_decay=0.0).fit(TEXTS, LABELS, 0)
    after = model.model.bert.state_dict()
    parts = {
        "word": "embeddings.word_embeddings.weight",
        "below": "embeddings.position_embeddings.weight",
        "0": "encoder.layer.0.output.dense.weight",
        "1": "encoder.layer.1.output.dense.weight",  # the highest is trained, however many are to be frozen
    }
    assert {part for part, name in parts.items() if torch.equal(after[name], before[name])} == frozen


# -- what is kept of the epochs -------------------------------------------------------------------------------------


def test_logits_of_every_epoch_and_row_are_kept(trained: Finetuned):
    dynamics = trained.dynamics()
    assert {name: (logits.shape, logits.dtype) for name, logits in dynamics.items()} == {
        "train": ((2, 40, 3), np.float32),
        "held_out": ((2, 30, 3), np.float32),
        "vectors": ((30, trained.model.config.hidden_size), np.float16),
    }
    assert all(np.isfinite(logits).all() for logits in dynamics.values())
    assert not np.allclose(dynamics["train"][0], dynamics["train"][1])
    np.testing.assert_array_equal(dynamics["held_out"][-1], trained.predict_logits(list(UNSEEN)))
    np.testing.assert_array_equal(dynamics["held_out"][-1], trained.predict_logits(WATCHED.inputs))


def test_vectors_are_what_the_last_layer_makes_the_logits_of(trained: Finetuned):
    vectors = torch.from_numpy(trained.dynamics()["vectors"]).float()
    with torch.no_grad():
        logits = trained.model.classifier(vectors).numpy()
    np.testing.assert_allclose(logits, trained.predict_logits(UNSEEN), atol=2e-3)


def test_nothing_watched_nothing_kept(tiny_weights: Weights):
    assert list(make(tiny_weights, epochs=1).fit(TEXTS, LABELS, 0).dynamics()) == ["train"]


def test_training_logits_are_those_of_the_training_pass(without_dropout: Weights):
    # One batch an epoch: what the training pass sees in an epoch is the model that the epoch before it left.
    model = make(without_dropout, epochs=3, batch_size=40, warmup=0.0).fit(TEXTS, LABELS, 0, Watched(TEXTS, LABELS))
    train, after = model.dynamics()["train"], model.dynamics()["held_out"]
    np.testing.assert_allclose(train[1:], after[:-1], atol=1e-5)
    assert not np.allclose(train[0], train[1], atol=1e-3)


def test_training_logits_are_in_the_order_of_the_texts(without_dropout: Weights):
    model = make(without_dropout, learning_rate=1e-12).fit(TEXTS, LABELS, 0)
    for epoch in model.dynamics()["train"]:
        np.testing.assert_allclose(epoch, model.predict_logits(TEXTS), atol=1e-5)


def test_no_pass_is_made_for_them(tiny_weights: Weights, monkeypatch: pytest.MonkeyPatch):
    seen = []
    forward = RecordingTrainer.compute_loss

    def count(self: RecordingTrainer, model: Any, inputs: dict[str, Any], *args: Any, **options: Any) -> Any:
        seen.append((model.training, len(inputs["row"])))
        return forward(self, model, inputs, *args, **options)

    monkeypatch.setattr(RecordingTrainer, "compute_loss", count)
    make(tiny_weights).fit(TEXTS, LABELS, 0, WATCHED)
    assert sum(rows for training, rows in seen if training) == 2 * 40
    assert sum(rows for training, rows in seen if not training) == 2 * 30


def test_batches_hold_texts_of_about_equal_length(tiny_weights: Weights, monkeypatch: pytest.MonkeyPatch):
    seen: list[torch.Tensor] = []
    step = RecordingTrainer.training_step

    def look(self: RecordingTrainer, model: Any, inputs: dict[str, Any], *args: Any) -> Any:
        seen.append(inputs["attention_mask"])
        return step(self, model, inputs, *args)

    monkeypatch.setattr(RecordingTrainer, "training_step", look)
    texts = ["so sad", "i feel so happy and so glad today and it is a wonderful day"] * 32
    make(tiny_weights, epochs=1, batch_size=4).fit(texts, np.array([0, 1] * 32, np.int32), 0)
    assert len(seen) == 16
    assert sum(not mask.all() for mask in seen) <= 4  # one that is padded in four; by chance seven in eight would be


def test_figures_while_training(trained: Finetuned):
    assert len(trained.history) == 2
    for figures, logits in zip(trained.history, trained.dynamics()["held_out"], strict=True):
        predicted = logits.argmax(1)
        assert figures["held_out_weighted_f1"] == pytest.approx(f1_score(TRUTH, predicted, average="weighted"))
        assert figures["held_out_accuracy"] == pytest.approx(accuracy_score(TRUTH, predicted))
        assert figures["held_out_loss"] == pytest.approx(log_loss(TRUTH, softmax(logits)), rel=1e-4)


def test_figures_are_logged_and_nothing_is_printed(
    tiny_weights: Weights, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO, "auditor"):
        make(tiny_weights).fit(TEXTS, LABELS, 0, WATCHED).predict_proba(UNSEEN)
    assert [record.getMessage()[:7] for record in caplog.records] == ["epoch 1", "epoch 2"]
    assert all("held_out_weighted_f1 0." in record.getMessage() for record in caplog.records)
    assert capfd.readouterr() == ("", "")


def test_the_measured_epochs_are_not_logged(tiny_weights: Weights, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, "auditor"):
        make(tiny_weights).cost(TEXTS)
        assert not caplog.records
        make(tiny_weights, epochs=1).fit(TEXTS, LABELS, 0, WATCHED)
    assert len(caplog.records) == 1


def test_progress_is_told_step_by_step(tiny_weights: Weights):
    told: list[tuple[int, int]] = []
    make(tiny_weights, progress=lambda *at: told.append(at)).fit(TEXTS[:20], LABELS[:20], 0, WATCHED)
    assert told == [(step, 6) for step in range(1, 7)]  # 2 epochs of 3 batches


# -- held-out rows are looked at, not learned from ------------------------------------------------------------------


@pytest.mark.parametrize("choose", [False, True])
def test_watched_rows_have_no_influence(tiny_weights: Weights, choose: bool):
    options = {"choose_epoch": choose}
    other = Watched(["love"] * 30, np.full(30, 2, np.int32))
    plain, relabelled, replaced = (
        make(tiny_weights, **options).fit(TEXTS, LABELS, 0, watched)
        for watched in (WATCHED, Watched(UNSEEN, TRUTH[::-1].copy()), other)
    )
    for model in (relabelled, replaced):
        np.testing.assert_array_equal(model.predict_logits(UNSEEN), plain.predict_logits(UNSEEN))
        np.testing.assert_array_equal(model.dynamics()["train"], plain.dynamics()["train"])


def test_epoch_is_chosen_on_a_tenth_of_the_training_rows(tiny_weights: Weights):
    noise = np.random.default_rng(0).permutation(LABELS)  # nothing to learn: later epochs are worse
    model = make(tiny_weights, epochs=4, learning_rate=1e-2, choose_epoch=True).fit(TEXTS, noise, 0, WATCHED)
    train = model.dynamics()["train"]
    chosen_on = np.flatnonzero(np.isnan(train).all((0, 2)))
    assert len(chosen_on) == 4
    assert np.isfinite(np.delete(train, chosen_on, axis=1)).all()

    found = [figures["chosen_on_loss"] for figures in model.history]
    best = int(np.argmin(found))
    assert best < 3, "the last epoch must not be the best, or nothing is tested"
    np.testing.assert_array_equal(model.predict_logits(list(UNSEEN)), model.dynamics()["held_out"][best])
    np.testing.assert_array_equal(model.predict_logits(WATCHED.inputs), model.dynamics()["held_out"][best])
    with torch.no_grad():
        logits = model.model.classifier(torch.from_numpy(model.dynamics()["vectors"]).float()).numpy()
    np.testing.assert_allclose(logits, model.predict_logits(UNSEEN), atol=2e-3)
    of_chosen = model.predict_proba([TEXTS[row] for row in chosen_on])
    assert log_loss(noise[chosen_on], of_chosen, labels=[0, 1, 2]) == pytest.approx(found[best], rel=1e-4)


def test_epoch_is_not_chosen_on_duplicates_of_what_was_learned(tiny_weights: Weights):
    groups = np.arange(40, dtype=np.int32) // 4
    missing = []
    for known in (None, groups):
        model = make(tiny_weights, epochs=1, choose_epoch=True).fit(TEXTS, LABELS, 0, groups=known)
        missing.append(np.flatnonzero(np.isnan(model.dynamics()["train"]).all((0, 2))))
    chosen_on, not_learned = missing
    assert len(chosen_on) == 4
    assert not_learned.tolist() == np.flatnonzero(np.isin(groups, groups[chosen_on])).tolist()


def test_too_few_rows_to_choose_by(tiny_weights: Weights):
    model = make(tiny_weights, choose_epoch=True).fit(TEXTS[:9], LABELS[:9], 0, WATCHED)
    assert np.isfinite(model.dynamics()["train"]).all()
    np.testing.assert_array_equal(model.predict_logits(list(UNSEEN)), model.dynamics()["held_out"][-1])
    np.testing.assert_array_equal(model.predict_logits(WATCHED.inputs), model.dynamics()["held_out"][-1])


# -- the cost -------------------------------------------------------------------------------------------------------


def test_cost_is_that_of_the_second_epoch_on_texts_of_average_length(
    tiny_weights: Weights, monkeypatch: pytest.MonkeyPatch
):
    trained_on = list[str]()

    def fit(self: Finetuned, texts: list[str], labels: np.ndarray, seed: int, watched: Watched) -> None:
        trained_on.extend(texts)
        for now in (1.0, 2.0, 10.0, 12.0):
            monkeypatch.setattr("time.perf_counter", lambda now=now: now)
            self._progress(0, 0)
        self.history = [{"held_out_seconds": 6.0}, {"held_out_seconds": 3.0}]

    monkeypatch.setattr(Finetuned, "fit", fit)
    texts = ["so " * int(words) for words in np.random.default_rng(0).lognormal(2, 1, 1_000)]
    cost = make(tiny_weights, batch_size=10).cost(texts)
    assert len(trained_on) == 60
    assert [*map(len, trained_on)] == pytest.approx([np.mean([*map(len, texts)])] * 60, rel=0.3)
    assert cost == ((12 - 2 - 6) / 60, 3 / 60)


@pytest.mark.parametrize("texts", [TEXTS, ["one"]])
def test_cost_is_measured_and_changes_nothing(tiny_weights: Weights, trained: Finetuned, texts: list[str]):
    model = make(tiny_weights)
    assert 0 < min(model.cost(texts)) < 60
    model.fit(TEXTS, LABELS, 0, WATCHED)
    np.testing.assert_array_equal(model.predict_logits(UNSEEN), trained.predict_logits(UNSEEN))
