"""Predictor: a trained model of any kind that classifies texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from auditor.arrays import Probabilities
from auditor.errors import AuditorError, ModelError


@dataclass(frozen=True)
class Predictor:
    """A trained model.

    Attributes
    ----------
    name : str
        Name in messages.
    label_names : tuple of K str
    ask : callable
        Function from N > 0 texts to (N, K) probabilities.
    """

    name: str
    label_names: tuple[str, ...]
    ask: Callable[[Sequence[str]], Probabilities]

    def predict_proba(self, texts: Sequence[str]) -> Probabilities:
        """Return the (N, K) float32 probabilities of all classes for N texts. Rows sum to 1.

        Batch composition changes the low bits of a transformer's output.

        Raises
        ------
        ModelError
            If the model fails on these texts, or its output is not a probability matrix.
        """
        if not texts:
            return np.empty((0, len(self.label_names)), dtype=np.float32)
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # the result is checked below
                probabilities = self.ask(texts)
        except (AuditorError, OSError):
            raise
        except Exception as error:  # invalid weights and tokenizers can raise any error
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ModelError(f"The model {self.name!r} fails: {reason}", "Use another model.") from error
        if probabilities.shape != (len(texts), len(self.label_names)) or not np.isfinite(probabilities).all():
            raise ModelError(
                f"The model {self.name!r} does not return probabilities: its weights overflow or are not numbers.",
                "Use another model, or train it again.",
            )
        return probabilities
