"""Corrections for the export view, made from the decisions so far. The run's rows are read once, on first use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, Literal

import numpy as np

from auditor.correction.decide.corrections import Corrections, Suggestions, correct, suggestions_of
from auditor.correction.decide.outcome import find_outcomes
from auditor.correction.decide.policy import Policy
from auditor.correction.decide.summary import summarise
from auditor.data import LabeledTexts
from auditor.review.filter.filter import Filter
from auditor.run import Run

from .workspace import Workspace

Which = Literal["changed", "excluded", "ambiguous", "unsure", "tie", "stale"]
"""Rows that one may want to look at before they are exported."""

_PAIRS = 200
"""Pairs of given and new label that are told, most frequent first."""


class CorrectionMaker:
    """Makes the corrections of a run; safe to be used from many threads.

    Parameters
    ----------
    run : Run
        A finished one; it is only read.
    workspace : Workspace
    """

    def __init__(self, run: Run, workspace: Workspace) -> None:
        self.run, self._workspace = run, workspace
        self._lock = Lock()
        self._read: tuple[LabeledTexts, Suggestions] | None = None

    def corrections(self, policy: Policy, view: Filter | None = None, me: str | None = None) -> Corrections:
        """Apply a policy to the decisions that stand now, on all rows or on those that a filter finds for ``me``.

        Raises
        ------
        DecisionError
            If the run has been made again since it was opened.
        ExportError
            If a new class cannot stand in the label column.
        FilterError
            If the filter names what there is not.
        """
        texts, suggestions = self._rows()
        made = correct(
            texts, find_outcomes(texts, self._workspace.log.standing(), policy.reviewers), policy, suggestions
        )
        made = replace(made, estimate=self._workspace.estimate() if self._workspace.log.draws() else None)
        return made if view is None else made.only(self._workspace.selection.mask(view, me))

    def _rows(self) -> tuple[LabeledTexts, Suggestions]:
        self._workspace.edition.check()
        with self._lock:
            if self._read is None:
                texts = LabeledTexts.of(self.run)
                self._read = texts, suggestions_of(self.run, texts)
            return self._read


def told(corrections: Corrections) -> dict[str, Any]:
    """What the page says of corrections: their summary, with numbers of rows in the place of ids."""
    summary, texts = summarise(corrections), corrections.texts
    return {
        **{name: getattr(summary, name) for name in ("rows", "invalid", "judged", "reviewers", "verdicts", "changed")},
        **{name: getattr(summary, name) for name in ("suggested", "excluded", "written", "new_classes")},
        "look": {
            **{verdict: len(ids) for verdict, ids in summary.marked.items()},
            "stale": len(summary.stale),
            "changed": summary.changed,
            "excluded": int(np.count_nonzero(~corrections.kept)),
        },
        "pairs": len(summary.confusions),
        "confusions": summary.confusions[:_PAIRS],
        "in_memory": texts.origin.format == "frame",
        "coded": any(name != value for name, value in zip(texts.label_names, texts.label_values, strict=True)),
    }


def ids_of(corrections: Corrections, which: Which) -> Sequence[str]:
    """Ids of rows that one may want to look at."""
    if which == "stale":
        return summarise(corrections).stale
    if which in ("changed", "excluded"):
        rows = np.flatnonzero(corrections.changed if which == "changed" else ~corrections.kept)
    else:
        rows = np.array([row for row in corrections.outcomes.by_row if corrections.verdict_of(row) == which], np.int64)
    return corrections.texts.table["id"].take(rows).to_pylist()  # type: ignore[no-any-return]
