"""Datasets and changes to them, in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from auditor.correction.decide.corrections import Corrections, correct
from auditor.correction.decide.outcome import find_outcomes
from auditor.correction.decide.policy import Policy
from auditor.correction.patch.apply import Applied
from auditor.data.labeled_texts import LabeledTexts, Origin
from tests.correction.deciding import no_suggestions, vote

NAMES = ("anger", "joy", "sad")

Row = tuple[str, str, str]
"""Split, text, label."""


def dataset(rows: Sequence[Row], ids: Sequence[str] | None = None, names: Sequence[str] = NAMES) -> LabeledTexts:
    """A dataset of those rows, a split after the other; with ids made of row numbers unless they are given."""
    numbers = dict.fromkeys([split for split, _, _ in rows], -1)
    made = []
    for split, _, _ in rows:
        numbers[split] += 1
        made.append(f"{split}-{numbers[split]}")
    table = pa.table(
        {
            "id": pa.array(ids or made, pa.string()),
            "text": pa.array([text for _, text, _ in rows], pa.string()),
            "label": pa.array([names.index(label) for _, _, label in rows], pa.int32()),
            "split": pa.array([split for split, _, _ in rows], pa.string()),
            "position": pa.array(range(len(rows)), pa.int64()),
            "original:text": pa.array([text for _, text, _ in rows], pa.string()),
            "original:label": pa.array([label for _, _, label in rows], pa.string()),
        }
    )
    options = {"encoding": "utf-8", "schema_metadata": {}, "parts": [{"split": each} for each in numbers]}
    origin = Origin("made.csv", "csv", "text", "label", "id" if ids else None, options)
    return LabeledTexts(
        table, table.slice(0, 0).drop_columns(["id", "text", "label"]), tuple(names), tuple(names), origin
    )


def judged(
    texts: LabeledTexts, verdicts: Mapping[int, str | None], reviewer: str = "ann", policy: Policy | None = None
) -> Corrections:
    """Row → its new label, or a new class; None leaves it out."""
    votes = []
    for row, new in sorted(verdicts.items()):
        verdict = "exclude" if new is None else "relabel" if new in texts.label_names else "none_fits"
        votes.append(vote(texts, row, verdict, *([] if new is None else [new]), reviewer=reviewer))
    return correct(texts, find_outcomes(texts, votes), policy or Policy(), no_suggestions(texts))


def rows_of(applied: Applied | Corrections) -> list[Row]:
    """The rows that are left."""
    corrections = applied.corrections if isinstance(applied, Applied) else applied
    texts, names = corrections.texts, corrections.label_names
    columns = zip(texts.splits.tolist(), texts.texts, corrections.label.tolist(), corrections.kept, strict=True)
    return [(split, text, names[label]) for split, text, label, kept in columns if kept]


def written(applied: Applied) -> LabeledTexts:
    """What is read when the rows that are left are written: made ids are made anew, ids of a column stay."""
    texts = applied.corrections.texts
    kept = zip(texts.ids, applied.corrections.kept, strict=True)
    ids = [id_ for id_, is_kept in kept if is_kept] if texts.origin.id else None
    return dataset(rows_of(applied), ids, applied.corrections.label_names)
