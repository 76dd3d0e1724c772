"""Corrections: a policy applied to the outcomes, row by row; files, patch, push and retraining all follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.correction.decide.outcome import Outcomes, find_outcomes
from auditor.correction.decide.policy import Policy
from auditor.correction.export.classes import Value, value_of_new_class
from auditor.data import LabeledTexts
from auditor.review.log.event import Event
from auditor.run import Run

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Suggestions:
    """What the audit thinks of N rows.

    Attributes
    ----------
    label : (N,) int32
        Code of the suggested label; -1 where there is none.
    probability : (N,) float32
        The consensus' probability of it; NaN where there is none.
    suspicion : (N,) float32
        NaN where the row was not judged.
    """

    label: Codes
    probability: Floats
    suspicion: Floats


@dataclass(frozen=True)
class Corrections:
    """What becomes of each of N rows.

    Attributes
    ----------
    texts : LabeledTexts
        N rows, as they were audited.
    policy : Policy
    outcomes : Outcomes
    suggestions : Suggestions
    label : (N,) int32
        Code of each row's label from now on, into ``label_names``.
    kept : (N,) bool
        Rows of the corrected dataset, before ``policy.verdicts`` and ``policy.changed_only`` choose among them; the
        others are excluded.
    chosen : (N,) bool
        Rows that are written: of those kept, the ones that the policy chooses.
    label_names, label_values : tuple
        (K + new classes,) as in :class:`auditor.data.LabeledTexts`.
    partial : bool
        Whether :meth:`only` has chosen among the rows.
    """

    texts: LabeledTexts
    policy: Policy
    outcomes: Outcomes
    suggestions: Suggestions
    label: Codes
    kept: Flags
    chosen: Flags
    label_names: tuple[str, ...]
    label_values: tuple[Value, ...]
    partial: bool = False

    def only(self, rows: Flags) -> Corrections:
        """The same for the ``rows``, (N,) bool, alone: decisions on others do nothing, and others are not written."""
        by_row = {row: outcome for row, outcome in self.outcomes.by_row.items() if rows[row]}
        return replace(
            self,
            outcomes=replace(self.outcomes, by_row=by_row),
            label=np.where(rows, self.label, self.texts.labels),
            kept=self.kept | ~rows,
            chosen=self.chosen & rows,
            partial=True,
        )

    @property
    def changed(self) -> Flags:
        """(N,) bool: rows of the corrected dataset with another label than the given one."""
        return np.asarray(self.kept & (self.label != self.texts.labels))

    @property
    def new_classes(self) -> tuple[str, ...]:
        """Names of the classes that were added."""
        return self.label_names[self.texts.num_classes :]

    @property
    def invalid_written(self) -> int:
        """Rows set aside by the audit that come back as they were; none where only some rows are chosen."""
        policy = self.policy
        left_out = "invalid" in policy.leave_out or policy.verdicts or policy.changed_only or self.partial
        return 0 if left_out else self.texts.rejected.num_rows

    def verdict_of(self, row: int) -> str:
        """What a row's outcome is called: a verdict, ``tie``, or ``""`` without a decision."""
        outcome = self.outcomes.by_row.get(row)
        return "" if outcome is None else outcome.verdict or "tie"


def correct(texts: LabeledTexts, outcomes: Outcomes, policy: Policy, suggestions: Suggestions) -> Corrections:
    """Apply a policy.

    Parameters
    ----------
    texts : LabeledTexts
        N rows.
    outcomes : Outcomes
        Of the decisions on them.
    policy : Policy
    suggestions : Suggestions
        For ``suggest-above``, and to be told beside.

    Raises
    ------
    ExportError
        If a new class cannot stand in the label column.
    """
    label, kept = texts.labels.copy(), np.ones(len(texts), dtype=np.bool_)
    codes = {name: code for code, name in enumerate(texts.label_names)}
    values = list(texts.label_values)
    for row, outcome in outcomes.by_row.items():
        verdict, name = outcome.verdict or "tie", outcome.new_label
        takes_new_class = verdict == "none_fits" and policy.add_classes and name is not None
        if verdict in policy.leave_out and not takes_new_class:
            kept[row] = False
        elif name is not None and (verdict == "relabel" or takes_new_class):
            if name not in codes:
                codes[name] = len(values)
                values.append(value_of_new_class(texts, name, len(values)))
            label[row] = codes[name]
    reviewed = np.zeros(len(texts), dtype=np.bool_)
    reviewed[list(outcomes.by_row)] = True
    if policy.unreviewed == "drop":
        kept &= reviewed
    elif policy.unreviewed == "suggest-above":
        sure = ~reviewed & (suggestions.label >= 0) & (suggestions.probability >= policy.above)
        label[sure] = suggestions.label[sure]
    chosen = kept.copy()
    if policy.verdicts:
        wanted = [row for row, outcome in outcomes.by_row.items() if outcome.verdict in policy.verdicts]
        chosen &= np.isin(np.arange(len(texts)), wanted)
    if policy.changed_only:
        chosen &= label != texts.labels
    return Corrections(texts, policy, outcomes, suggestions, label, kept, chosen, tuple(codes), tuple(values))


def corrections_of(run: Run, decisions: Iterable[Event], policy: Policy | None = None) -> Corrections:
    """Apply the decisions on a finished run.

    Parameters
    ----------
    run : Run
    decisions : iterable of Event
        Those that stand.
    policy : Policy, optional

    Raises
    ------
    RunDamagedError
        If an artifact is not the one that was written.
    """
    policy = policy or Policy()
    texts = LabeledTexts.of(run)
    outcomes = find_outcomes(texts, decisions, policy.reviewers)
    return correct(texts, outcomes, policy, suggestions_of(run, texts))


def suggestions_of(run: Run, texts: LabeledTexts) -> Suggestions:
    """Read what a finished audit thinks of its N rows."""
    issues = pq.read_table(run.open("issues.parquet"), columns=["suggested_label", "suspicion"], memory_map=True)
    place = pc.index_in(issues["suggested_label"], value_set=pa.array(texts.label_names, pa.string()))
    label = pc.fill_null(place, -1).to_numpy().astype(np.int32)
    consensus = np.load(run.open("probabilities/consensus.npy"), mmap_mode="r", allow_pickle=False)
    probability = consensus[np.arange(len(texts)), np.maximum(label, 0)]
    return Suggestions(
        label,
        np.where(label >= 0, probability, np.float32(np.nan)),
        issues["suspicion"].to_numpy().astype(np.float32),
    )
