"""How often a training forgot the given label, as a signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Float32, LabelCodes, Suspicion
from auditor.signals.base import Inputs, counted
from auditor.signals.dynamics import margins, mean_over_trainings, of_one_row


@dataclass(frozen=True)
class Forgetting:
    """Forgetting events divided by the epochs, and 1 where the label was never learnt; the mean of all trainings.

    An event is an epoch in which the model prefers another label after one in which it preferred the given one
    (Toneva et al. 2019, *An Empirical Study of Example Forgetting during Deep Neural Network Learning*, which counts
    what was never learnt as forgotten without end).

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "forgetting"
    needs: ClassVar[frozenset[str]] = frozenset({"dynamics", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """(N,) suspicion; NaN where no training saw the row."""
        return mean_over_trainings(inputs["dynamics"], inputs["labels"], _forgotten).astype(np.float32)

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say in how many trainings the label was never learnt, or forgotten again."""
        labels = inputs["labels"][[row]]
        each = [_forgotten(one.logits, labels)[0] for one in of_one_row(inputs["dynamics"], row).values()]
        shares = [float(share) for share in each if not np.isnan(share)]
        if not shares:
            return ""
        never = sum(share == 1 for share in shares)
        again = sum(0 < share < 1 for share in shares)
        return (
            f"Of {counted(len(shares), 'model')} trained on this text as {self.label_names[labels[0]]}, "
            f"{never} never learnt it and {again} forgot it again."
        )


def _forgotten(logits: Float32, labels: LabelCodes) -> Float32:
    """(n,) share of one training."""
    margin = margins(logits, labels)
    right = margin > 0
    events = (right[:-1] & ~right[1:]).sum(axis=0, dtype=np.float32)
    share: Float32 = np.where(right.any(axis=0), events / np.float32(len(logits)), np.float32(1))
    return np.where(np.isnan(margin).any(axis=0), np.float32(np.nan), share)
