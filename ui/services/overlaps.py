"""Overlaps: the pairs of labels that people and models cannot tell apart, and texts that show it."""

from __future__ import annotations

from typing import Any

from auditor.report.load.definitions import Problem
from auditor.review.view.card import SHORT
from auditor.review.view.items import Items
from auditor.run import Run
from auditor.run.artifacts import DEFINITIONS
from auditor.wording import shorten


def overlapping(run: Run, items: Items) -> list[dict[str, Any]]:
    """Return the pairs, most rows first: their ``labels``, the number of ``rows``, and ``examples``, a text of each."""

    def texts_of(ids: list[str]) -> list[str]:
        return [shorten(items.text_of(row), SHORT) if row >= 0 else "" for row in items.rows_of(ids).tolist()]

    return [
        {"labels": [pair.label_a, pair.label_b], "rows": pair.rows, "examples": list(map(list, pair.examples))}
        for pair in Problem.all_of(run.load(DEFINITIONS), texts_of)
        if pair.label_a in items.codes and pair.label_b in items.codes
    ]
