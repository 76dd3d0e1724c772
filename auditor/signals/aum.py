"""Signal: the area under the margin during training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np
from scipy.special import expit

from auditor.arrays import Suspicion
from auditor.signals.base import Inputs
from auditor.signals.dynamics import margins, mean_over_trainings, only_row


@dataclass(frozen=True)
class AreaUnderMargin:
    """``1 / (1 + exp(AUM))``, where AUM is the mean margin in logits over the epochs and trainings that saw the row.

    The margin is the given label's logit minus the largest other one while the row is trained on (Pleiss, Zhang,
    Elenberg and Weinberger 2020, *Identifying Mislabeled Data using the Area Under the Margin Ranking*). A wrong label
    competes with the labels of similar rows, so its margin stays small or negative.

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "aum"
    needs: ClassVar[frozenset[str]] = frozenset({"dynamics", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where no training saw the row."""
        area = mean_over_trainings(inputs["dynamics"], inputs["labels"], lambda *given: margins(*given).mean(axis=0))
        return expit(-area).astype(np.float32)  # type: ignore[no-any-return]

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say whether the given label led during training, and by how much."""
        seen, labels = only_row(inputs["dynamics"], row), inputs["labels"][[row]]
        area = float(mean_over_trainings(seen, labels, lambda *given: margins(*given).mean(axis=0))[0])
        if np.isnan(area):
            return ""
        label, ahead = self.label_names[labels[0]], "ahead of every" if area > 0 else "behind another"
        return (
            f"While a model was trained on this text as {label}, {label} was {abs(area):.1f} {ahead} label on average."
        )
