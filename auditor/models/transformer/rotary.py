"""Rotary position embeddings that depend on a batch alone, not on the batches before it or beside it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from torch import nn


def forget_other_batches(model: nn.Module) -> None:
    """Make embeddings that adapt to a batch's length start each call from the state in which they were loaded.

    transformers stores the frequencies that suit a batch's longest text in the module. So they would also apply to
    later batches, which differ when encoding is resumed, and to the batches of other threads.
    """
    for module in model.modules():
        if any("dynamic" in kind or kind == "longrope" for kind in _rope_types(module)):
            module.__class__ = _forgetful(type(module))


def _rope_types(module: nn.Module) -> Iterator[str]:
    """Yield the module's kinds of rotary embedding: a single one, or one per kind of layer."""
    found = getattr(module, "rope_type", None)
    for kind in found.values() if isinstance(found, dict) else [found]:
        if isinstance(kind, str):
            yield kind


def _forgetful(kind: type[nn.Module]) -> type[nn.Module]:
    class Forgetful(kind):  # type: ignore[misc, valid-type]
        def forward(self, *arguments: Any, **options: Any) -> Any:
            fresh = copy.deepcopy(self, {id(self.config): self.config})
            return super(Forgetful, fresh).forward(*arguments, **options)

    return Forgetful
