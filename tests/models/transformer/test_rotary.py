"""Models whose position embeddings adapt to the length of a batch."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaModel, ModernBertConfig, ModernBertModel

from auditor.models.transformer.rotary import forget_other_batches

SIZES: dict[str, Any] = {
    "vocab_size": 100,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 32,
    "pad_token_id": 0,
}
DYNAMIC = {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 10_000.0}
LONGROPE = {
    "rope_type": "longrope",
    "factor": 4.0,
    "rope_theta": 10_000.0,
    "original_max_position_embeddings": 32,
    "short_factor": [1.0] * 8,
    "long_factor": [4.0] * 8,
}
LENGTHS = (120, 20, 60, 40, 33, 100, 10, 90)


def llama(rope: dict[str, Any]) -> torch.nn.Module:
    return LlamaModel(LlamaConfig(**SIZES, rope_parameters=dict(rope)))


def modern_bert(rope: dict[str, Any]) -> torch.nn.Module:
    layers: Any = {"full_attention": dict(rope), "sliding_attention": dict(rope)}
    special: dict[str, Any] = {"cls_token_id": 1, "sep_token_id": 2, "bos_token_id": 1, "eos_token_id": 2}
    return ModernBertModel(ModernBertConfig(**SIZES, **special, rope_parameters=layers))


def states(model: torch.nn.Module, batch: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model(batch).last_hidden_state
    return found


@pytest.mark.parametrize("rope", [DYNAMIC, LONGROPE], ids=lambda rope: rope["rope_type"])
@pytest.mark.parametrize("make", [llama, modern_bert])
def test_a_batch_has_the_same_states_after_any_other_and_beside_any_other(make: Any, rope: dict[str, Any]) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        loaded = make(rope).eval()
        batches = [torch.randint(3, 100, (4, length)) for length in LENGTHS]
    alone = [states(copy.deepcopy(loaded), batch) for batch in batches]
    model = copy.deepcopy(loaded)
    forget_other_batches(model)
    for order in (batches, batches[::-1]):
        after = [states(model, batch) for batch in order]
        assert all(map(torch.equal, after, alone if order is batches else alone[::-1]))
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            assert all(map(torch.equal, pool.map(lambda batch: states(model, batch), batches), alone))
    copied = copy.deepcopy(model)
    assert all(map(torch.equal, (states(copied, batch) for batch in batches), alone))


def test_other_models_stay_as_they_are() -> None:
    model = llama({"rope_type": "default", "rope_theta": 10_000.0})
    classes = [type(module) for module in model.modules()]
    forget_other_batches(model)
    assert [type(module) for module in model.modules()] == classes
