"""Signal: the raters' and models' joint probability of the given label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Suspicion
from auditor.signals.base import Inputs, percent
from auditor.wording import counted


@dataclass(frozen=True)
class Annotators:
    """1 − the joint probability of the given label, from the raters' votes and the models.

    See :func:`auditor.signals.crowd.weigh` for the weights.

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "annotators"
    needs: ClassVar[frozenset[str]] = frozenset({"votes", "crowd", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where nobody voted, or the models have not judged the row."""
        labels = inputs["labels"]
        given = inputs["crowd"][np.arange(len(labels)), labels]
        voted = np.bincount(inputs["votes"].row, minlength=len(labels)) > 0
        suspicion: Suspicion = np.where(voted, np.clip(1 - given, 0, 1), np.float32(np.nan))
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say how many raters chose which label, and the joint probability of the given one."""
        given, votes = int(inputs["labels"][row]), inputs["votes"]
        chosen = np.bincount(votes.label[votes.on(row)], minlength=len(self.label_names))
        probability = float(inputs["crowd"][row, given])
        if not chosen.any() or np.isnan(probability):
            return ""
        # At a tie, name the given label: it is the one in question.
        most = int((2 * chosen + (np.arange(len(chosen)) == given)).argmax())
        who = f"{chosen[most]} of {counted(int(chosen.sum()), 'rater')}"
        if len(votes.label[votes.on(row)]) == 1:
            who = "The only rater"
        return (
            f"{who} chose {self.label_names[most]}; raters and models together give "
            f"{self.label_names[given]} {percent(probability)}."
        )
