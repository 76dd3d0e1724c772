"""Corrections for the export view, made from the decisions so far. The run's rows are read once, on first use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, Literal

import numpy as np

from auditor.correction.decide.certified import certified_rows
from auditor.correction.decide.classes import standing_changes
from auditor.correction.decide.corrections import Corrections, Suggestions, correct, outcomes_of, suggestions_of
from auditor.correction.decide.policy import Policy
from auditor.correction.decide.summary import summarise
from auditor.data import LabeledTexts
from auditor.review.filter.filter import Filter
from auditor.run import Run

from .workspace import Workspace

RowKind = Literal["changed", "excluded", "ambiguous", "unsure", "tie", "stale"]
"""Rows that a reviewer may want to see before an export."""

_PAIRS = 200
"""Maximum number of pairs of given and new label listed, most frequent first."""


class CorrectionMaker:
    """Makes the corrections of a run. Safe to use from many threads.

    Parameters
    ----------
    run : Run
        A finished run. It is only read.
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
            If the run has been re-created since it was opened.
        ExportError
            If a new class cannot stand in the label column, or the policy names a reviewer who has judged nothing.
        FilterError
            If the filter names something that does not exist.
        """
        texts, suggestions = self._rows()
        log = self._workspace.log
        outcomes = outcomes_of(texts, log, policy)
        changes = [event.labels for event in standing_changes(log) if event.labels]
        corrections = correct(texts, outcomes, policy, suggestions, certified_rows(self.run, log, policy), changes)
        corrections = replace(corrections, estimate=self._workspace.estimate() if log.draws() else None)
        return corrections if view is None else corrections.only(self._workspace.selection.mask(view, me))

    def _rows(self) -> tuple[LabeledTexts, Suggestions]:
        self._workspace.edition.check_ranking()
        with self._lock:
            if self._read is None:
                texts = LabeledTexts.of(self.run)
                self._read = texts, suggestions_of(self.run, texts)
            return self._read


def summary_for_page(corrections: Corrections) -> dict[str, Any]:
    """Summarise corrections for the page, with numbers of rows instead of ids."""
    summary, texts = summarise(corrections), corrections.texts
    return {
        **{name: getattr(summary, name) for name in ("rows", "invalid", "judged", "reviewers", "verdicts", "changed")},
        **{
            name: getattr(summary, name) for name in ("suggested", "excluded", "written", "new_classes", "reclassified")
        },
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


def ids_of(corrections: Corrections, kind: RowKind) -> Sequence[str]:
    """Return the ids of rows that a reviewer may want to see."""
    if kind == "stale":
        return summarise(corrections).stale
    if kind in ("changed", "excluded"):
        rows = np.flatnonzero(corrections.changed if kind == "changed" else ~corrections.kept)
    else:
        rows = np.array([row for row in corrections.outcomes.by_row if corrections.verdict_of(row) == kind], np.int64)
    return corrections.texts.table["id"].take(rows).to_pylist()  # type: ignore[no-any-return]
