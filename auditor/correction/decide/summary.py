"""Summary: figures and lists on the corrections, for terminal, record, card, report and page."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from auditor.correction.decide.classes import in_words
from auditor.correction.decide.corrections import Corrections
from auditor.wording import counted

MARKED = ("ambiguous", "unsure", "tie")
"""Outcomes that leave a row unchanged but deserve another look."""


@dataclass(frozen=True)
class Summary:
    """Figures on the decisions and their effect.

    Attributes
    ----------
    rows, invalid : int
        Number of rows audited, and of rows set aside by the audit.
    judged : int
        Number of rows with a decision that counts.
    reviewers : tuple of str
        Reviewers of these rows, by name.
    adjudicated : int
        Number of rows that were adjudicated.
    verdicts : dict of str to int
        Number of rows by outcome: adjudicated or majority verdict, or ``tie``, most frequent first.
    changed : int
        Number of rows of the corrected dataset with a new label.
    suggested : int
        Number of these whose new label comes from the models alone.
    excluded : int
        Number of rows left out.
    written : int
        Number of rows in the main file, including ``invalid`` ones written unchanged.
    new_classes : tuple of str
    marked : dict of str to list of str
        Ids of rows by :data:`MARKED` outcome.
    stale : list of str
        Ids of rows that have changed since they were judged.
    confusions : list of (str, str, int)
        Given label, new label, number of rows that verdicts or models changed; most frequent first.
    class_changes : tuple of str
        Changes of the classes, in words.
    reclassified : int
        Number of rows that these give another label or leave out.
    changed_by_class, excluded_by_class : int
        Number of rows of ``changed`` and ``excluded`` that these alone change or leave out.
    """

    rows: int
    invalid: int
    judged: int
    reviewers: tuple[str, ...]
    adjudicated: int
    verdicts: dict[str, int]
    changed: int
    suggested: int
    excluded: int
    written: int
    new_classes: tuple[str, ...]
    marked: dict[str, list[str]]
    stale: list[str]
    confusions: list[tuple[str, str, int]]
    class_changes: tuple[str, ...] = ()
    reclassified: int = 0
    changed_by_class: int = 0
    excluded_by_class: int = 0

    @property
    def class_sentence(self) -> str:
        """The changes of the classes and their effect, in a sentence; empty without any."""
        if not self.class_changes:
            return ""
        return (
            f"Classes: {'; '.join(self.class_changes)}. These are not verdicts: they alone changed"
            f" {counted(self.changed_by_class, 'label')} and left out {counted(self.excluded_by_class, 'row')}."
        )


def summarise(corrections: Corrections) -> Summary:
    """Summarise corrections."""
    texts, changed, by_class = corrections.texts, corrections.changed, corrections.changed_by_class
    outcomes = corrections.outcomes.by_row
    verdicts = {row: corrections.verdict_of(row) for row in outcomes}
    marked = defaultdict(list)
    for row, verdict in verdicts.items():
        if verdict in MARKED:
            marked[verdict].append(texts.table["id"][row].as_py())
    corrected = changed & ~by_class
    pairs = zip(texts.labels[corrected].tolist(), corrections.label[corrected].tolist(), strict=True)
    names = corrections.label_names
    return Summary(
        rows=len(texts),
        invalid=texts.rejected.num_rows,
        judged=len(outcomes),
        reviewers=tuple(sorted({name for outcome in outcomes.values() for name in outcome.reviewers})),
        adjudicated=sum(outcome.adjudication is not None for outcome in outcomes.values()),
        verdicts=dict(Counter(verdicts.values()).most_common()),
        changed=int(changed.sum()),
        suggested=sum(int(row) not in outcomes for row in np.flatnonzero((corrections.judged or corrections).changed)),
        excluded=int((~corrections.kept).sum()) + ("invalid" in corrections.policy.left_out) * texts.rejected.num_rows,
        written=int(corrections.chosen.sum()) + corrections.invalid_written,
        new_classes=corrections.new_classes,
        class_changes=tuple(in_words(texts.label_names, corrections.label_changes)),
        reclassified=int(corrections.reclassified.sum()),
        changed_by_class=int(by_class.sum()),
        excluded_by_class=int(corrections.excluded_by_class.sum()),
        marked=dict(marked),
        stale=list(dict.fromkeys(event.item_id or "" for event in corrections.outcomes.stale)),
        confusions=[(names[old], names[new], rows) for (old, new), rows in Counter(pairs).most_common()],
    )
