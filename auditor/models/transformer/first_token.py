"""The last layer for the first token alone, where nothing else of it is used."""

from __future__ import annotations

from typing import Any

import torch
from transformers.models.bert.modeling_bert import BertLayer, BertModel, eager_attention_forward

from auditor.compat import attention_function


def only_first_token(model: Any) -> None:
    """Make the last layer of a BERT compute only its first token, ``[CLS]``. Other models stay as they are.

    For a classifier or for ``[CLS]`` pooling, the result is the same up to rounding: the first token attends to all
    tokens of the layer below, and no other token of the last layer is used.
    """
    bert = getattr(model, "base_model", model)
    if isinstance(bert, BertModel) and not bert.config.is_decoder:
        bert.encoder.layer[-1].__class__ = FirstTokenLayer


class FirstTokenLayer(BertLayer):
    """A layer of BERT that turns (B, T, D) states into (B, 1, D): those of the first token."""

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, *unused: Any, **options: Any
    ) -> torch.Tensor:
        """Return the first token's states. The parameters are those of :class:`BertLayer`."""
        layer = self.attention.self
        first = hidden_states[:, :1]

        def by_head(states: torch.Tensor) -> torch.Tensor:
            return states.view(*states.shape[:2], -1, layer.attention_head_size).transpose(1, 2)

        attend = attention_function(layer, eager_attention_forward)
        attended, _ = attend(
            layer,
            by_head(layer.query(first)),
            by_head(layer.key(hidden_states)),
            by_head(layer.value(hidden_states)),
            None if attention_mask is None else attention_mask[:, :, :1],
            dropout=layer.dropout.p if self.training else 0.0,
            scaling=layer.scaling,
        )
        attended = self.attention.output(attended.reshape(first.shape), first)
        found: torch.Tensor = self.output(self.intermediate(attended), attended)
        return found
