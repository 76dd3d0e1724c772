"""Predictor: a trained model that is asked about texts, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from auditor.errors import AuditorError, ModelError
from auditor.models.classifier import Probabilities


@dataclass(frozen=True)
class Predictor:
    """A trained model.

    Attributes
    ----------
    name : str
        What messages call it.
    label_names : tuple of K str
    ask : callable
        N texts, at least one → (N, K) probabilities.
    """

    name: str
    label_names: tuple[str, ...]
    ask: Callable[[Sequence[str]], Probabilities]

    def predict_proba(self, texts: Sequence[str]) -> Probabilities:
        """Give the probabilities of all classes for N texts: (N, K) float32, rows that sum to 1.

        Which texts are given together changes low bits of what a transformer says.

        Raises
        ------
        ModelError
            If the model fails at these texts, or what it says are no probabilities.
        """
        if not texts:
            return np.empty((0, len(self.label_names)), dtype=np.float32)
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is looked at below
                probabilities = self.ask(texts)
        except (AuditorError, OSError):
            raise
        except Exception as error:  # strange weights and tokenizers lead to errors of every kind
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ModelError(f"The model {self.name!r} fails: {reason}", "Use another model.") from error
        if probabilities.shape != (len(texts), len(self.label_names)) or not np.isfinite(probabilities).all():
            raise ModelError(
                f"The model {self.name!r} gives no probabilities: its weights overflow, or are not numbers.",
                "Use another model, or train it again.",
            )
        return probabilities
