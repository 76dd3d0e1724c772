from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification, DistilBertConfig, DistilBertModel

from auditor.models.transformer.first_token import FirstTokenLayer, only_first_token
from auditor.models.transformer.weights import Weights, load

pytestmark = pytest.mark.slow
TEXTS = ["i feel fine", "what a long day it was, and nothing good came of it", "", "love"]


@pytest.fixture(params=["eager", "sdpa"])
def pair(request: pytest.FixtureRequest, tiny_weights: Weights) -> tuple[Any, Any, Any]:
    """Texts, a classifier, and a copy whose last layer computes only the first token."""
    torch.manual_seed(0)
    options = {"attn_implementation": request.param, "dtype": torch.float32, "num_labels": 3}
    tokenizer, model = load(tiny_weights, AutoModelForSequenceClassification, **options)
    short = copy.deepcopy(model)
    only_first_token(short)
    assert type(short.bert.encoder.layer[-1]) is FirstTokenLayer
    return tokenizer(TEXTS, padding=True, return_tensors="pt"), model, short


def test_logits_and_gradients_are_the_same(pair: tuple[Any, Any, Any]) -> None:
    batch, model, short = pair
    labels = torch.tensor([0, 1, 2, 0])
    whole, first = (one.eval()(**batch, labels=labels) for one in (model, short))
    torch.testing.assert_close(first.logits, whole.logits, atol=1e-6, rtol=1e-5)
    whole.loss.backward()
    first.loss.backward()
    for (name, one), other in zip(model.named_parameters(), short.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, atol=1e-6, rtol=1e-4, msg=name)
    assert short.state_dict().keys() == model.state_dict().keys()


def test_dropout_is_that_of_the_layer(pair: tuple[Any, Any, Any]) -> None:
    batch, _, short = pair
    short.train()
    assert not torch.equal(short(**batch).logits, short(**batch).logits)
    for part in short.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    assert torch.equal(short(**batch).logits, short(**batch).logits)


def test_an_encoder_keeps_its_first_token(tiny_weights: Weights) -> None:
    tokenizer, model = load(tiny_weights, AutoModel, dtype=torch.float32)
    short = copy.deepcopy(model).eval()
    only_first_token(short)
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        whole, first = model.eval()(**batch).last_hidden_state, short(**batch).last_hidden_state
    assert first.shape == (4, 1, 32)
    torch.testing.assert_close(first[:, 0], whole[:, 0], atol=1e-6, rtol=1e-5)


def test_other_models_stay_as_they_are() -> None:
    model = DistilBertModel(DistilBertConfig(vocab_size=9, dim=8, hidden_dim=8, n_layers=1, n_heads=2))
    before = [type(part) for part in model.modules()]
    only_first_token(model)
    assert [type(part) for part in model.modules()] == before
