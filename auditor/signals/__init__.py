"""One file a signal: probabilities, vectors, labels → suspicion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from auditor.signals.base import Inputs, Signal, Suspicion, measure, to_table
from auditor.signals.loss import Loss
from auditor.signals.margin import Margin

SIGNALS: dict[str, Callable[[str, tuple[str, ...]], Signal]] = {"loss": Loss, "margin": Margin}
"""The signals that are made of one model's probabilities, by name: each is called with a model and the label names."""


def signals_for(models: Iterable[str], label_names: Sequence[str]) -> list[Signal]:
    """Every signal of :data:`SIGNALS` for every model."""
    models = tuple(models)
    return [make(model, tuple(label_names)) for make in SIGNALS.values() for model in models]


__all__ = ["SIGNALS", "Inputs", "Loss", "Margin", "Signal", "Suspicion", "measure", "signals_for", "to_table"]
