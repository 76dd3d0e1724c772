"""Signal: how far the repeats disagree, which differ only in folds and seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Suspicion
from auditor.signals.base import Inputs
from auditor.signals.disagreement import divergence
from auditor.wording import joined


@dataclass(frozen=True)
class SeedDisagreement:
    """Jensen–Shannon divergence of the consensus of each repeat, divided by the largest possible one.

    A prediction that changes with the seed is uncertain (as in the deep ensembles of Lakshminarayanan, Pritzel and
    Blundell 2017). The signal ignores the given label.

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "seed_disagreement"
    needs: ClassVar[frozenset[str]] = frozenset({"repeats"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where a repeat has not judged the row."""
        return divergence(inputs["repeats"])

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say which labels the repeats prefer."""
        chances = [repeat[row] for repeat in inputs["repeats"]]
        if np.isnan(chances).any():
            return ""
        preferred = [
            self.label_names[code] for code in np.unique([int(repeat_chances.argmax()) for repeat_chances in chances])
        ]
        if len(preferred) == 1:
            return f"With models retrained from other seeds, the consensus is still {preferred[0]}."
        return f"With models retrained from other seeds, the consensus is {joined(preferred)}."
