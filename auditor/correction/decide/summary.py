"""Summary: the figures and lists that terminal, record, card, report and page tell of the corrections."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from auditor.correction.decide.corrections import Corrections

MARKED = ("ambiguous", "unsure", "tie")
"""Outcomes that leave a row as it was, and that somebody may want to look at again."""


@dataclass(frozen=True)
class Summary:
    """What was decided, and what it does.

    Attributes
    ----------
    rows, invalid : int
        Of the dataset that was audited, and set aside by it.
    judged : int
        Rows with a decision that counts.
    reviewers : tuple of str
        Who has judged them, by name.
    verdicts : dict of str to int
        Rows by verdict of most reviewers, and by ``tie``; most frequent first.
    changed : int
        Rows of the corrected dataset with a new label.
    suggested : int
        Those of them whose label nobody has decided: the policy takes the models' word.
    excluded : int
        Rows left out.
    written : int
        Rows of the main file, those that come back as they were (``invalid``) included.
    new_classes : tuple of str
    marked : dict of str to list of str
        Ids of rows by :data:`MARKED` outcome.
    stale : list of str
        Ids of rows that are not what they were when they were judged.
    confusions : list of (str, str, int)
        Given label, new label, rows; most frequent first.
    """

    rows: int
    invalid: int
    judged: int
    reviewers: tuple[str, ...]
    verdicts: dict[str, int]
    changed: int
    suggested: int
    excluded: int
    written: int
    new_classes: tuple[str, ...]
    marked: dict[str, list[str]]
    stale: list[str]
    confusions: list[tuple[str, str, int]]


def summarise(corrections: Corrections) -> Summary:
    """Count what corrections do."""
    texts, changed = corrections.texts, corrections.changed
    outcomes = corrections.outcomes.by_row
    verdicts = {row: corrections.verdict_of(row) for row in outcomes}
    marked = defaultdict(list)
    for row, verdict in verdicts.items():
        if verdict in MARKED:
            marked[verdict].append(texts.table["id"][row].as_py())
    pairs = zip(texts.labels[changed].tolist(), corrections.label[changed].tolist(), strict=True)
    names = corrections.label_names
    return Summary(
        rows=len(texts),
        invalid=texts.rejected.num_rows,
        judged=len(outcomes),
        reviewers=tuple(sorted({name for outcome in outcomes.values() for name in outcome.reviewers})),
        verdicts=dict(Counter(verdicts.values()).most_common()),
        changed=int(changed.sum()),
        suggested=sum(int(row) not in outcomes for row in np.flatnonzero(changed)),
        excluded=int((~corrections.kept).sum()) + ("invalid" in corrections.policy.leave_out) * texts.rejected.num_rows,
        written=int(corrections.chosen.sum()) + corrections.invalid_written,
        new_classes=corrections.new_classes,
        marked=dict(marked),
        stale=list(dict.fromkeys(event.item_id or "" for event in corrections.outcomes.stale)),
        confusions=[(names[old], names[new], rows) for (old, new), rows in Counter(pairs).most_common()],
    )
