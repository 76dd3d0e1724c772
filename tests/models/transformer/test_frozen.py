from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    AlbertConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    CamembertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    LlamaConfig,
    ModernBertConfig,
    MPNetConfig,
    RobertaConfig,
    T5Config,
    XLMRobertaConfig,
)
from transformers.models.bert.modeling_bert import BertLayer

from auditor.config import FinetunedConfig
from auditor.errors import RunDamagedError
from auditor.models.classifier import Watched
from auditor.models.transformer import frozen
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.frozen import STAGE, LowerLayers, States, describe_states, freeze, lower_layers
from auditor.models.transformer.weights import Weights, find_weights
from auditor.run import Run
from auditor.run.artifacts import BOUNDS, STATES
from tests.disk import files_up_to

pytestmark = pytest.mark.slow

CONFIG = FinetunedConfig(
    epochs=2, batch_size=4, learning_rate=1e-3, precision="float32", frozen_layers=1, max_length=12
)
TEXTS = [
    "i am so happy today",
    "sad",
    "what a wonderful day it was , and how happy everybody felt about it all the time",  # truncated
    "",
    "sad",
    "happy and glad 😀",
    "so lonely and lost",
    "nul\x00inside <b>x</b>",
]
LABELS = np.array([0, 1, 0, 1, 1, 0, 1, 0], np.int32)
NAMES = ("joy", "sadness")


def stored(run: Run, weights: Weights, texts: Sequence[str] = TEXTS, config: FinetunedConfig = CONFIG) -> States | None:
    """Store the states of some texts in a run, and read them."""
    with run.held():
        run.stage(
            STAGE,
            lambda space, read: LowerLayers(weights, config, "cpu").write(texts, space, lambda done, total: None),
            parameters=describe_states(weights, config, "cpu"),
        )
    return States.of(run, texts, weights, config, "cpu")


@pytest.fixture(scope="module")
def states(tiny_weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> States:
    found = stored(Run(tmp_path_factory.mktemp("states") / "run"), tiny_weights)
    assert found is not None
    return found


def layer_output(folder: Path, texts: Sequence[str], layers: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The states after some layers, as transformers computes them, and the mask of the tokens."""
    tokens = AutoTokenizer.from_pretrained(folder)(
        list(texts), truncation=True, max_length=CONFIG.max_length, padding=True, return_tensors="pt"
    )
    with torch.inference_mode():
        outputs = AutoModel.from_pretrained(folder).eval()(**tokens, output_hidden_states=True)
    return outputs.hidden_states[layers], tokens["attention_mask"]


# -- what is stored -------------------------------------------------------------------------------------------------


@given(rows=st.lists(st.sampled_from(range(len(TEXTS))), min_size=1, max_size=9))
def test_states_are_those_of_the_layer_in_any_batch(tiny_model: Path, states: States, rows: list[int]):
    texts = [TEXTS[row] for row in rows]
    expected, mask = layer_output(tiny_model, texts, 1)
    found = states.batch([states.numbers[text] for text in texts], mask)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found[mask.bool()], expected[mask.bool()], atol=2e-3)
    assert not found[~mask.bool()].any()


def test_equal_texts_are_stored_once_and_the_longest_comes_first(states: States):
    assert list(states.numbers) == list(dict.fromkeys(TEXTS))
    lengths = np.diff(states.bounds)[:, 0]
    assert lengths[2] == CONFIG.max_length
    assert states.bounds[2, 0] == 0
    assert sorted(states.bounds.tolist()) == sorted(states.bounds.tolist(), key=lambda bounds: bounds[1])
    assert lengths.sum() == len(states.states)


def test_tokens_that_are_padded_on_the_left_get_their_states(states: States):
    mask = torch.tensor([[0] * 10 + [1] * 3])
    alone = states.batch([states.numbers["sad"]], torch.ones(1, 3))
    np.testing.assert_array_equal(states.batch([states.numbers["sad"]], mask)[:, 10:], alone)


def test_the_same_bytes_on_any_number_of_cores(tiny_weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    texts = [f"{'so ' * (row % 7)}happy {row}" for row in range(300)]
    made = []
    for cores in (1, 3):
        monkeypatch.setattr("auditor.models.transformer.encoder.cpu_count", lambda cores=cores: cores)
        stored(Run(tmp_path / str(cores)), tiny_weights, texts)
        made.append([(tmp_path / str(cores) / name.name).read_bytes() for name in (STATES, BOUNDS)])
    assert made[0] == made[1]


def test_states_beyond_float16_become_the_largest_number(tiny_weights: Weights, monkeypatch: pytest.MonkeyPatch):
    layers = LowerLayers(tiny_weights, CONFIG, "cpu")
    monkeypatch.setattr(layers, "_reached", lambda batch: torch.full((1, 3, 32), -1e9))
    assert (layers._states_of(["sad"]) == -65504).all()


def test_states_that_would_take_too_much_space_are_not_stored(
    tiny_weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(frozen, "LARGEST", 100)
    assert stored(Run(tmp_path / "run"), tiny_weights) is None
    assert Run(tmp_path / "run").load(STATES).shape == (0, 32)


def test_a_full_disk_is_an_error(tiny_weights: Weights, tmp_path: Path):
    with files_up_to(2_000), pytest.raises(OSError, match="large"):
        LowerLayers(tiny_weights, CONFIG, "cpu").write(TEXTS, tmp_path, lambda done, total: None)


# -- of other models and runs ---------------------------------------------------------------------------------------


def test_states_of_another_model_are_not_looked_up(tiny_weights: Weights, tmp_path: Path):
    run = Run(tmp_path / "run")
    assert States.of(run, TEXTS, tiny_weights, CONFIG, "cpu") is None
    assert stored(run, tiny_weights) is not None
    for change in ({"frozen_layers": 0}, {"frozen_layers": 2}, {"max_length": 13}, {"precision": "bfloat16"}):
        assert States.of(run, TEXTS, tiny_weights, CONFIG.model_copy(update=change), "cpu") is None, change
    other = Weights(tiny_weights.name, tiny_weights.folder, tiny_weights.sha256, "another")
    assert States.of(run, TEXTS, other, CONFIG, "cpu") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda bounds, states: (bounds[1:], states),
        lambda bounds, states: (bounds - 1, states),
        lambda bounds, states: (bounds, states[1:]),
        lambda bounds, states: (bounds.astype(float), states),
        lambda bounds, states: (bounds, states.astype(np.float32)),
        lambda bounds, states: (bounds, states[:, 0]),
    ],
)
def test_states_that_are_not_those_of_the_texts_are_refused(
    tiny_weights: Weights, states: States, tmp_path: Path, change: Callable[..., tuple[np.ndarray, np.ndarray]]
):
    run = Run(tmp_path / "run")

    def make(space: Path, read: Any) -> None:
        for artifact, values in zip((BOUNDS, STATES), change(states.bounds, states.states), strict=True):
            artifact.save(space, values)

    with run.held():
        run.stage(STAGE, make, parameters=describe_states(tiny_weights, CONFIG, "cpu"))
    with pytest.raises(RunDamagedError, match="are not the states of its 7 texts"):
        States.of(run, TEXTS, tiny_weights, CONFIG, "cpu")


SIZES = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}
SPECIAL = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}


def architecture(config: Any, tiny_weights: Weights, folder: Path) -> Weights:
    """An untrained model of another architecture with the tokenizer of the tiny one."""
    shutil.copytree(tiny_weights.folder, folder)
    config.vocab_size = len(AutoTokenizer.from_pretrained(folder))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        AutoModel.from_config(config).save_pretrained(folder)
    return find_weights(str(folder))


@pytest.mark.parametrize(
    ("config", "closed"),
    [
        (RobertaConfig(**SIZES, **SPECIAL, max_position_embeddings=140), True),
        (XLMRobertaConfig(**SIZES, **SPECIAL, max_position_embeddings=140), True),
        (CamembertConfig(**SIZES, **SPECIAL, max_position_embeddings=140), True),
        (ElectraConfig(**SIZES, embedding_size=16), True),
        (DistilBertConfig(dim=32, n_layers=3, n_heads=2, hidden_dim=64, pad_token_id=0), True),
        (ModernBertConfig(**SIZES, **SPECIAL, cls_token_id=2, sep_token_id=3), True),
        (MPNetConfig(**SIZES, **SPECIAL, max_position_embeddings=140), False),  # layers share trained positions
        (DebertaV2Config(**SIZES, relative_attention=True, position_biased_input=False), False),  # these, too
        (AlbertConfig(**SIZES, embedding_size=16), False),  # one layer, many times
        (LlamaConfig(**SIZES, **SPECIAL), True),
        (T5Config(d_model=32, d_kv=16, d_ff=64, num_layers=3, num_heads=2), False),
    ],
    ids=lambda value: getattr(value, "model_type", ""),
)
def test_other_architectures_learn_the_same_with_looked_up_states_or_store_none(
    config: Any, closed: bool, tiny_weights: Weights, tmp_path: Path
):
    weights = architecture(config, tiny_weights, tmp_path / "model")
    two = CONFIG.model_copy(update={"frozen_layers": 2})
    found = stored(Run(tmp_path / "run"), weights, TEXTS, two)
    assert (found is not None) == closed
    if closed:
        computed, looked_up = (trained(weights, states, two) for states in (None, found))
        np.testing.assert_allclose(logits(looked_up), logits(computed), atol=5e-3)


def test_a_model_that_uses_the_outputs_of_lower_layers_directly_stores_none(tiny_weights: Weights, tmp_path: Path):
    weights = architecture(BertConfig(**SIZES), tiny_weights, tmp_path / "model")
    layers = LowerLayers(weights, CONFIG.model_copy(update={"frozen_layers": 2}), "cpu")
    outputs: list[torch.Tensor] = []
    layers._layers[0].register_forward_hook(lambda layer, given, out: outputs.append(out))

    def add_the_lowest(encoder: Any, given: Any, out: Any) -> Any:
        out.last_hidden_state = out.last_hidden_state + outputs.pop()
        return out

    layers._model.encoder.register_forward_hook(add_the_lowest)
    layers.write(TEXTS, tmp_path, lambda done, total: None)
    assert BOUNDS.load(tmp_path / BOUNDS).shape == (0, 2)


# -- training -------------------------------------------------------------------------------------------------------


def trained(weights: Weights, states: States | None, config: FinetunedConfig = CONFIG) -> Finetuned:
    return Finetuned(weights, config, NAMES, "cpu", states=states).fit(TEXTS, LABELS, 0, Watched(TEXTS, LABELS))


def logits(model: Finetuned) -> np.ndarray:
    """The logits of all epochs, while training and after."""
    return np.concatenate([model.dynamics()["train"], model.dynamics()["held_out"]])


def test_training_is_the_same_and_the_frozen_layers_are_not_computed(
    tiny_weights: Weights, states: States, monkeypatch: pytest.MonkeyPatch
):
    calls, forward = list[BertLayer](), BertLayer.forward

    def count(self: BertLayer, *arguments: Any, **options: Any) -> Any:
        calls.append(self)
        return forward(self, *arguments, **options)

    computed = trained(tiny_weights, None)
    monkeypatch.setattr(BertLayer, "forward", count)
    looked_up = trained(tiny_weights, states)
    assert not calls, "the highest layer computes the first token only, and the other one is looked up"
    np.testing.assert_allclose(logits(looked_up), logits(computed), atol=2e-3)
    np.testing.assert_allclose(looked_up.predict_logits(list(TEXTS)), logits(looked_up)[-1], atol=2e-3)
    assert len(calls) == 1, "texts to predict need not be known: the whole model is there again"
    assert looked_up.predict_logits(["another text"]).shape == (1, 2)


def test_an_epoch_can_be_chosen(tiny_weights: Weights, states: States):
    config = CONFIG.model_copy(update={"choose_epoch": True})
    texts, labels = TEXTS * 3, np.tile(LABELS, 3)
    found = [Finetuned(tiny_weights, config, NAMES, "cpu", states=one).fit(texts, labels, 0) for one in (None, states)]
    np.testing.assert_allclose(*(model.dynamics()["train"] for model in found), atol=2e-3)
    assert found[0].history[-1].keys() == found[1].history[-1].keys()


def test_the_cost_is_that_of_looking_up(tiny_weights: Weights, states: States, monkeypatch: pytest.MonkeyPatch):
    looked_up = list[list[int]]()
    batch = States.batch

    def count(self: States, numbers: list[int], mask: torch.Tensor) -> torch.Tensor:
        looked_up.append(numbers)
        return batch(self, numbers, mask)

    monkeypatch.setattr(States, "batch", count)
    assert min(Finetuned(tiny_weights, CONFIG, NAMES, "cpu", states=states).cost(TEXTS)) > 0
    assert [len(numbers) for numbers in looked_up] == [4, 4] * 2, "in each epoch, a batch to learn and to watch"


@pytest.mark.parametrize("count", [0, 1])
def test_frozen_layers_have_no_dropout_and_the_others_have(tiny_model: Path, count: int):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model, hidden_dropout_prob=0.5)
    freeze(model, count)
    model.train()
    embeddings, (lowest, highest) = model.base_model.embeddings, model.base_model.encoder.layer
    assert embeddings.dropout.training == lowest.output.dropout.training == (count == 0)
    assert highest.output.dropout.training
    assert model.dropout.training
    assert {p.requires_grad for p in lowest.parameters()} == {count == 0}
    assert {p.requires_grad for p in highest.parameters()} == {True}
    assert len(lower_layers(model, 9)) == 1, "the highest layer is never frozen"


def test_the_layers_are_restored_when_the_training_fails(tiny_model: Path, states: States):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model)
    layer = lower_layers(model, 1)[0]
    with pytest.raises(KeyError, match="text_number"), states.instead_of_layers(model, 1):
        model(input_ids=torch.ones(1, 1, dtype=torch.int64))
    assert "forward" not in vars(layer)
    assert model(**AutoTokenizer.from_pretrained(tiny_model)("sad", return_tensors="pt")).logits.shape == (1, 2)
