"""Quick dropout: the laws of dropout hold, the seed decides, and fine-tuning draws nothing from torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import dropout
from transformers import AutoModelForSequenceClassification

from auditor.models.transformer.dropout import QuickDropout, quick_dropout
from auditor.models.transformer.first_token import only_first_token

CPU = torch.device("cpu")
SEEDS = st.integers(0, 2**31)


@given(p=st.floats(0.01, 0.99), seed=SEEDS, dtype=st.sampled_from([torch.float32, torch.bfloat16]))
def test_a_share_of_the_elements_is_dropped_and_the_rest_scaled_so_that_the_mean_stays(
    p: float, seed: int, dtype: torch.dtype
) -> None:
    size = 20_000
    with quick_dropout(seed, CPU):
        found = dropout(torch.ones(size, dtype=dtype), p)
    kept = found[found != 0].double()
    share, deviation = len(kept) / size, np.sqrt(p * (1 - p) / size)
    assert abs(share - (1 - p)) < 6 * deviation + 1e-4
    assert torch.allclose(kept, torch.tensor(1 / (1 - p), dtype=torch.float64), rtol=1e-2)
    assert len(kept.unique()) == 1
    assert found.dtype is dtype


@given(seed=SEEDS, shape=st.lists(st.integers(0, 7), max_size=4))
def test_the_seed_decides_and_torchs_own_random_numbers_stay(seed: int, shape: list[int]) -> None:
    before = torch.get_rng_state()
    given_values = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    with quick_dropout(seed, CPU):
        first, second = dropout(given_values, 0.3), dropout(given_values, 0.3)
    context = quick_dropout(seed, CPU)
    with context:
        same = dropout(given_values, 0.3)
    with context:  # entered once more, it goes on
        other = dropout(given_values, 0.3)
    assert torch.equal(first, same)
    assert torch.equal(second, other)
    assert first.shape == given_values.shape
    assert torch.equal(torch.get_rng_state(), before)


def test_masks_of_one_context_differ() -> None:
    with quick_dropout(0, CPU):
        first, second = (dropout(torch.ones(1_000), 0.5) for _ in range(2))
    assert 400 < int((first != second).sum()) < 600
    assert not torch.equal(first, dropout(torch.ones(1_000), 0.5))


def test_the_gradient_passes_where_the_value_did() -> None:
    values = torch.ones(1_000, requires_grad=True)
    with quick_dropout(0, CPU):
        found = dropout(values, 0.25)
    found.sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad, found.detach())


def test_in_place() -> None:
    values = torch.ones(1_000)
    with quick_dropout(0, CPU):
        found = dropout(values, 0.25, inplace=True)
    assert found is values
    assert found.unique().tolist() == pytest.approx([0, 4 / 3])


@pytest.mark.parametrize(("p", "training"), [(0.0, True), (1.0, True), (0.5, False), (1e-9, True)])
def test_without_chance_it_is_torchs_own(p: float, training: bool) -> None:
    values = torch.arange(10.0)
    with quick_dropout(0, CPU):
        assert torch.equal(dropout(values, p, training), values * (p < 1 or not training))


def test_a_wrong_probability_is_torchs_error() -> None:
    with quick_dropout(0, CPU), pytest.raises(ValueError, match="between 0 and 1"):
        dropout(torch.ones(3), 1.5)


def test_other_devices_keep_their_own() -> None:
    assert not isinstance(quick_dropout(0, torch.device("cuda")), QuickDropout)
    with QuickDropout(0):
        assert dropout(torch.ones(3, device="meta"), 0.5).device.type == "meta"


def test_all_dropout_of_a_model_is_drawn_by_it(tiny_model: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model, attn_implementation="eager")
    only_first_token(model)
    model.train()
    batch = {"input_ids": torch.tensor([[2, 5, 6, 7, 3]]), "attention_mask": torch.ones(1, 5, dtype=torch.long)}
    before = torch.get_rng_state()
    with quick_dropout(0, CPU):
        first, second = model(**batch).logits, model(**batch).logits
    with quick_dropout(0, CPU):
        assert torch.equal(model(**batch).logits, first)
    assert not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)
