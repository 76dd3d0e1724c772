"""Which classes the models can tell at all. It imports nothing that takes time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.wording import counted, listed

LEAST_RECALL = 0.3
"""A class of which the consensus predicts a smaller share of the rows is one that the models cannot tell."""


@dataclass(frozen=True)
class Unrecognised:
    """A class that the models cannot tell: of its ``rows`` judged rows, they predict it for ``found`` only."""

    label: str
    rows: int
    found: int


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
    return sorted(classes, key=lambda each: (each.found / each.rows, -each.rows))


def in_words(classes: Sequence[Unrecognised]) -> str | None:
    """Say it in a sentence; None if there are none."""
    if not classes:
        return None
    if len(classes) == 1:
        one = classes[0]
        return (
            f"The models cannot tell {one.label}: they recognise {one.found:,} of its {counted(one.rows, 'row')}, "
            "so flags on it say little."
        )
    named = listed([f"{each.label} ({each.found:,} of {counted(each.rows, 'row')} recognised)" for each in classes], 5)
    return f"The models cannot tell {len(classes):,} of the labels, so flags on these say little: {named}."
