"""Signal: the loss of the given label under one model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Suspicion
from auditor.models.scores import largest_loss, losses
from auditor.signals.base import Inputs, likeliest_other, model_in_words, percent


@dataclass(frozen=True)
class Loss:
    """Loss divided by the largest possible one.

    The logarithm is scaled to [0, 1], not ``1 - exp(-loss)`` (1 − the self-confidence): the most suspect rows would
    lie near 1, where float32 hardly separates probabilities of 1e-5 and 1e-6.

    Parameters
    ----------
    model : str
        Name of the model, a key of ``probabilities``.
    label_names : tuple of str
        Name of each code.
    """

    model: str
    label_names: tuple[str, ...]
    needs: ClassVar[frozenset[str]] = frozenset({"probabilities", "labels"})

    @property
    def name(self) -> str:
        """``loss_<model>``."""
        return f"loss_{self.model}"

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where the model has not judged the row."""
        probabilities = inputs["probabilities"][self.model]
        share = losses(probabilities, inputs["labels"]) / np.float32(largest_loss(probabilities.shape[1]))
        suspicion: Suspicion = np.minimum(share, np.float32(1))  # rows may sum to a little over 1
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say the model's probabilities of the given label and of the likeliest other one."""
        probabilities, given = inputs["probabilities"][self.model][row], int(inputs["labels"][row])
        if np.isnan(probabilities[given]):
            return ""
        other = likeliest_other(probabilities, given)
        chances = [f"{self.label_names[code]} {percent(float(probabilities[code]))}" for code in (given, other)]
        return f"The {model_in_words(self.model)}, which never saw this text, gives {' and '.join(chances)}."
