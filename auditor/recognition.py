"""Which classes the models can tell at all. It imports nothing that takes time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.wording import counted, listed

LEAST_RECALL = 0.3
"""A class of which the consensus predicts a smaller share of the rows is one that the models cannot tell."""
_LABEL = 60
"""Characters of a label that are shown."""


@dataclass(frozen=True)
class Unrecognised:
    """A class that the models cannot tell: of its ``rows`` judged rows, they predict it for ``found`` only."""

    label: str
    rows: int
    found: int

    def __str__(self) -> str:
        rows = counted(self.rows, "row")
        label = _cut(self.label)
        return (
            f"The models cannot tell {label}: they recognise {self.found:,} of its {rows}, so flags on it say little."
        )


def unrecognised(scores: Mapping[str, Any], label_names: Sequence[str]) -> list[Unrecognised]:
    """Find the classes that the models cannot tell, the least recognised first.

    Parameters
    ----------
    scores : mapping
        The content of ``scores.json``; the consensus' confusion matrix, given × predicted, is what counts.
    label_names : sequence of K str
    """
    confusion = scores["consensus"]["confusion"]
    classes = [
        Unrecognised(label, sum(row), row[code])
        for code, (label, row) in enumerate(zip(label_names, confusion, strict=True))
        if sum(row) and row[code] < LEAST_RECALL * sum(row)
    ]
    return sorted(classes, key=lambda one: (one.found / one.rows, -one.rows))


def in_words(classes: Sequence[Unrecognised]) -> str | None:
    """Say which classes they are, in one sentence; None if there are none."""
    if len(classes) < 2:
        return str(classes[0]) if classes else None
    named = [f"{_cut(one.label)} ({one.found:,} of {counted(one.rows, 'row')} recognised)" for one in classes]
    return f"The models cannot tell {len(classes):,} of the labels, so flags on these say little: {listed(named, 5)}."


def _cut(label: str) -> str:
    return label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"
