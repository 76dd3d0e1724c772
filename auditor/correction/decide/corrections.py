"""Corrections: a policy applied to the outcomes of rows. Files, patch, push and retraining derive from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.arrays import Codes, Float32, Mask
from auditor.correction.decide.certified import CertificateRecord, CertifiedRows, certified_rows, still_in_bulk
from auditor.correction.decide.classes import Classes, standing_changes
from auditor.correction.decide.comparable import Comparable
from auditor.correction.decide.outcome import Outcomes, find_outcomes
from auditor.correction.decide.policy import Policy
from auditor.correction.export.classes import Value, value_of_new_class
from auditor.data import LabeledTexts
from auditor.errors import ExportError
from auditor.review.feed.estimate import Estimate, Range
from auditor.review.log.log import DecisionLog
from auditor.review.log.parts import LabelChange
from auditor.run import Reader, Run
from auditor.run.artifacts import CONSENSUS, ISSUES, probabilities
from auditor.wording import listed

_SHOWN = 20
"""Maximum number of reviewers named in a message."""


@dataclass(frozen=True)
class Suggestions:
    """Suggestions of the audit for N rows.

    Attributes
    ----------
    label : (N,) int32
        Code of the suggested label; -1 where there is none.
    probability : (N,) float32
        Consensus probability of the suggested label; NaN where there is none.
    suspicion : (N,) float32
        NaN where the row was not judged.
    """

    label: Codes
    probability: Float32
    suspicion: Float32


@dataclass(frozen=True)
class Corrections:
    """Labels and fates of N rows.

    Attributes
    ----------
    texts : LabeledTexts
        N rows as audited.
    policy : Policy
    outcomes : Outcomes
    suggestions : Suggestions
    label : (N,) int32
        Code of each row's new label, into ``label_names``.
    kept : (N,) bool
        Rows that are not excluded, before ``policy.verdicts`` and ``policy.changed_only`` choose among them.
    chosen : (N,) bool
        Rows to write: those kept that the policy chooses.
    label_names, label_values : tuple
        Names and values of K classes plus new ones, as in :class:`auditor.data.LabeledTexts`.
    partial : bool
        Whether :meth:`only` has restricted the rows.
    estimate : Estimate or None
        Number of wrong given labels, if cards drawn at random allow an estimate.
    certified : tuple of CertifiedRows
        Rows that got a label in bulk, under a certificate.
    label_changes : tuple of LabelChange
        Changes of the classes, in their order.
    judged : Corrections or None
        The corrections without these changes; None if there are none.
    """

    texts: LabeledTexts
    policy: Policy
    outcomes: Outcomes
    suggestions: Suggestions
    label: Codes
    kept: Mask
    chosen: Mask
    label_names: tuple[str, ...]
    label_values: tuple[Value, ...]
    partial: bool = False
    estimate: Estimate | None = None
    certified: tuple[CertifiedRows, ...] = ()

    @property
    def certificates(self) -> tuple[CertificateRecord, ...]:
        """Certificates of the changes, each with the number of rows that it covers here."""
        records = []
        for part in self.certified:
            if changed := int(self._covered(part).sum()):
                most = min(part.record.most_wrong, changed)
                records.append(replace(part.record, changed=changed, most_wrong=most))
        return tuple(records)

    @cached_property
    def certificate_of(self) -> dict[int, CertificateRecord]:
        """Certificate of each row that one covers."""
        return {row: part.record for part in self.certified for row in np.flatnonzero(self._covered(part)).tolist()}

    def _covered(self, part: CertifiedRows) -> Mask:
        covered = np.zeros(len(self.texts), np.bool_)
        rows = part.rows if part.record.target == "suggestions" else still_in_bulk(part, self.outcomes)
        covered[rows] = True
        if part.record.target == "suggestions":
            covered &= self.changed
        return covered

    label_changes: tuple[LabelChange, ...] = ()
    judged: Corrections | None = None

    def only(self, rows: Mask) -> Corrections:
        """Restrict to the (N,) mask ``rows``: decisions on other rows do nothing, and they are not written."""
        by_row = {row: outcome for row, outcome in self.outcomes.by_row.items() if rows[row]}
        return replace(
            self,
            outcomes=replace(self.outcomes, by_row=by_row),
            label=np.where(rows, self.label, self.texts.labels),
            kept=self.kept | ~rows,
            chosen=self.chosen & rows,
            partial=True,
            judged=self.judged and self.judged.only(rows),
        )

    @property
    def changed(self) -> Mask:
        """Rows of the corrected dataset whose label differs from the given one, (N,) bool."""
        return np.asarray(self.kept & (self.label != self.texts.labels))

    @property
    def names_now(self) -> tuple[str | None, ...]:
        """Current name of each class that verdicts use; None if its rows are left out."""
        classes, before = Classes(self.texts.label_names, self.label_changes), self.judged or self
        return (*map(classes.name_of, self.texts.label_names), *before.new_classes)

    @cached_property
    def comparable(self) -> Comparable:
        """Given and corrected labels in the same classes."""
        before = self.judged or self
        return Comparable.of(before.label_names, self.names_now, self.texts.labels, before.label, before.kept)

    @property
    def changed_by_class(self) -> Mask:
        """Rows of :attr:`changed` whose label changed only with its class, (N,) bool."""
        return np.asarray(self.changed & (self.comparable.given == self.comparable.corrected))

    @property
    def excluded_by_class(self) -> Mask:
        """Rows that are left out only because their class is, (N,) bool."""
        return np.asarray((self.judged or self).kept & ~self.kept)

    @property
    def left_wrong(self) -> Range | None:
        """Share of wrong labels among the audited rows of the corrected dataset, in [0, 1].

        None where it is unknown: without an estimate, if labels were changed without a one-by-one verdict, if only some
        of the rows are written, or if only some people's verdicts count. Rows that were judged to be wrong and stand as
        they were, such as ties, are still wrong. Changes of the classes do not matter: the share is that of the judged
        labels.
        """
        if self.judged:
            return replace(self.judged, estimate=self.estimate).left_wrong
        found, audited = self.estimate, self.chosen & ~np.isnan(self.suggestions.suspicion)
        by_hand, wrong = np.zeros((2, len(self.texts)), np.bool_)
        by_hand[[row for row, outcome in self.outcomes.by_row.items() if outcome.judged_singly]] = True
        wrong[[row for row, outcome in self.outcomes.by_row.items() if outcome.is_wrong]] = True
        rows, stand = (int(np.count_nonzero(some)) for some in (audited, audited & wrong & ~self.changed))
        unseen = (self.changed | ~self.kept) & ~by_hand
        if found is None or found.left is None or found.drifted or not rows or unseen.any() or self.partial:
            return None
        if self.policy.verdicts or self.policy.changed_only or self.policy.reviewers:
            return None
        left = found.left
        value = None if left.value is None else (stand + left.value) / rows
        return Range(value, (stand + left.low) / rows, (stand + left.high) / rows)

    @property
    def reclassified(self) -> Mask:
        """Rows that changes of the classes give another label or leave out, (N,) bool."""
        if self.judged is None:
            return np.zeros(len(self.texts), np.bool_)
        return np.asarray(self.judged.kept & ((self.label != self.judged.label) | ~self.kept))

    @property
    def new_classes(self) -> tuple[str, ...]:
        """Names of the added classes."""
        return self.label_names[self.texts.num_classes :]

    @property
    def invalid_written(self) -> int:
        """Number of rows set aside by the audit that are written unchanged; 0 if only some rows are chosen."""
        policy = self.policy
        left_out = "invalid" in policy.left_out or policy.verdicts or policy.changed_only or self.partial
        return 0 if left_out else self.texts.rejected.num_rows

    def verdict_of(self, row: int) -> str:
        """Return the name of a row's outcome: a verdict, ``tie``, or ``""`` without a decision."""
        outcome = self.outcomes.by_row.get(row)
        return "" if outcome is None else outcome.verdict or "tie"


def correct(
    texts: LabeledTexts,
    outcomes: Outcomes,
    policy: Policy,
    suggestions: Suggestions,
    certified: tuple[CertifiedRows, ...] = (),
    label_changes: Sequence[LabelChange] = (),
) -> Corrections:
    """Apply a policy.

    Parameters
    ----------
    texts : LabeledTexts
        N rows.
    outcomes : Outcomes
        Outcomes of the decisions on them.
    policy : Policy
    suggestions : Suggestions
        Suggestions, for ``suggest-above`` and for provenance.
    certified : tuple of CertifiedRows
        Rows that certificates cover; ``suggest`` changes those of the suggestions.
    label_changes : sequence of LabelChange
        Changes of the classes, in their order.

    Raises
    ------
    ExportError
        If a new class does not fit the label column.
    """
    label, kept = texts.labels.copy(), np.ones(len(texts), dtype=np.bool_)
    codes = {name: code for code, name in enumerate(texts.label_names)}
    values = list(texts.label_values)
    for row, outcome in outcomes.by_row.items():
        verdict, name = outcome.verdict or "tie", outcome.new_label
        gets_new_class = verdict == "none_fits" and policy.add_classes and name is not None
        if verdict in policy.left_out and not gets_new_class:
            kept[row] = False
        elif name is not None and (verdict == "relabel" or gets_new_class):
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
    elif policy.unreviewed == "suggest":
        for part in certified:
            if part.record.target == "suggestions":
                unread = ~reviewed[part.rows]
                label[part.rows[unread]] = part.labels[unread]
    chosen = _choose(texts, outcomes, policy, label, kept)
    made = Corrections(texts, policy, outcomes, suggestions, label, kept, chosen, tuple(codes), tuple(values))
    made = replace(made, certified=certified)
    return _reclassify(made, tuple(label_changes)) if label_changes else made


def _choose(texts: LabeledTexts, outcomes: Outcomes, policy: Policy, label: Codes, kept: Mask) -> Mask:
    chosen = kept.copy()
    if policy.verdicts:
        wanted = [row for row, outcome in outcomes.by_row.items() if outcome.verdict in policy.verdicts]
        chosen &= np.isin(np.arange(len(texts)), wanted)
    if policy.changed_only:
        chosen &= label != texts.labels
    return chosen


def _reclassify(judged: Corrections, changes: tuple[LabelChange, ...]) -> Corrections:
    """Apply changes of the classes. A new name becomes a new class; the old one stays without rows."""
    texts, names = judged.texts, replace(judged, label_changes=changes).names_now
    codes = {name: code for code, name in enumerate(judged.label_names)}
    values, new = list(judged.label_values), np.full(len(names), -1, np.int32)
    used = set(np.unique(judged.label[judged.kept]).tolist())
    for code, name in enumerate(names):
        if name is not None and name not in codes and code in used:
            codes[name] = len(values)
            try:
                values.append(value_of_new_class(texts, name, len(values)))
            except ExportError as error:
                raise ExportError(error.what, "Undo the change of the classes: auditor labels RUN undo.") from None
        if name in codes:
            new[code] = codes[name]
    label = new[judged.label]
    kept = judged.kept & (label >= 0)
    label = np.where(label >= 0, label, judged.label)
    return replace(
        judged,
        label=label,
        kept=kept,
        chosen=_choose(texts, judged.outcomes, judged.policy, label, kept),
        label_names=tuple(codes),
        label_values=tuple(values),
        label_changes=changes,
        judged=judged,
    )


def corrections_of(run: Run, log: DecisionLog, policy: Policy | None = None) -> Corrections:
    """Apply all that stands in the decision log of a finished run: decisions, certificates, changes of the classes.

    Raises
    ------
    RunDamagedError
        If an artifact has changed since it was written.
    ExportError
        If the policy takes suggestions that no test has certified, or names a reviewer who has judged nothing.
    """
    policy = policy or Policy()
    texts = LabeledTexts.of(run)
    outcomes = outcomes_of(texts, log, policy)
    changes = [event.labels for event in standing_changes(log) if event.labels]
    return correct(texts, outcomes, policy, suggestions_of(run, texts), certified_rows(run, log, policy), changes)


def outcomes_of(texts: LabeledTexts, log: DecisionLog, policy: Policy) -> Outcomes:
    """Combine the decisions in a log that count under a policy.

    Raises
    ------
    ExportError
        If the policy names a reviewer who has never judged a row: the name may be misspelt.
    """
    if policy.reviewers:
        judges = [figures.reviewer for figures in log.reviewers()]
        if unknown := [name for name in policy.reviewers if name not in judges]:
            raise ExportError(
                f"No verdict of {listed([f'{name!r:.80}' for name in unknown])} is in the decision log.",
                f"Choose from those who have judged rows: {listed(judges, most=_SHOWN)}."
                if judges
                else "Nobody has judged a row yet: review some first, or count everybody's verdicts.",
            )
    return find_outcomes(texts, log.standing_and_adjudicated(), policy.reviewers)


def suggestions_of(run: Reader, texts: LabeledTexts) -> Suggestions:
    """Read the suggestions of a finished audit for its N rows."""
    issues = run.table(ISSUES, ["suggested_label", "suspicion"])
    place = pc.index_in(issues["suggested_label"], value_set=pa.array(texts.label_names, pa.string()))
    label = pc.fill_null(place, -1).to_numpy().astype(np.int32)
    consensus = run.load(probabilities(CONSENSUS))
    probability = consensus[np.arange(len(texts)), np.maximum(label, 0)]
    return Suggestions(
        label,
        np.where(label >= 0, probability, np.float32(np.nan)),
        issues["suspicion"].to_numpy().astype(np.float32),
    )
