"""Signal: how often a training forgot the given label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Float32, LabelCodes, Suspicion
from auditor.signals.base import Inputs
from auditor.signals.dynamics import margins, mean_over_trainings, only_row
from auditor.wording import counted


@dataclass(frozen=True)
class Forgetting:
    """Forgetting events per epoch, or 1 if the label was never learnt; averaged over trainings.

    An event is an epoch in which the model prefers another label after it preferred the given one (Toneva et al. 2019,
    *An Empirical Study of Example Forgetting during Deep Neural Network Learning*, where a label that was never learnt
    has infinitely many events).

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "forgetting"
    needs: ClassVar[frozenset[str]] = frozenset({"dynamics", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where no training saw the row."""
        return mean_over_trainings(inputs["dynamics"], inputs["labels"], _forgotten).astype(np.float32)

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say in how many trainings the label was never learnt, or was forgotten."""
        labels = inputs["labels"][[row]]
        found = [_forgotten(training.logits, labels)[0] for training in only_row(inputs["dynamics"], row).values()]
        shares = [float(share) for share in found if not np.isnan(share)]
        if not shares:
            return ""
        never = sum(share == 1 for share in shares)
        forgot = sum(0 < share < 1 for share in shares)
        return (
            f"Of {counted(len(shares), 'model')} trained on this text as {self.label_names[labels[0]]}, "
            f"{never} never learnt it and {forgot} forgot it again."
        )


def _forgotten(logits: Float32, labels: LabelCodes) -> Float32:
    """Return the (n,) signal of one training."""
    margin = margins(logits, labels)
    right = margin > 0
    events = (right[:-1] & ~right[1:]).sum(axis=0, dtype=np.float32)
    share: Float32 = np.where(right.any(axis=0), events / np.float32(len(logits)), np.float32(1))
    return np.where(np.isnan(margin).any(axis=0), np.float32(np.nan), share)
