"""Prodigy's answers: a rejected or ignored example has a label in the file, but is not labelled with it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.data.columns import is_text
from auditor.wording import counted, listed

ANSWER = "answer"
_ANSWERS = {"accept", "reject", "ignore"}


def accepted(table: pa.Table, label: str) -> tuple[pa.ChunkedArray, tuple[str, ...]]:
    """Return the label column, with null where the column ``answer`` is not ``accept``.

    The column ``answer`` is used only if it contains nothing but Prodigy's answers, including ``accept``.

    Returns
    -------
    column : pyarrow.ChunkedArray
    notes : tuple of str
        Sentence on the number of such rows.
    """
    column = table[label]
    if label == ANSWER or ANSWER not in table.column_names or not is_text(table[ANSWER].type):
        return column, ()
    answers = table[ANSWER].cast(pa.string())
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(answers).to_pylist()}
    others = {answer: number for answer, number in counts.items() if answer != "accept"}
    if not others or "accept" not in counts or not _ANSWERS.issuperset(counts.keys() - {None}):
        return column, ()
    places = pa.array(np.arange(len(column)), mask=pc.not_equal(pc.fill_null(answers, ""), "accept").to_numpy())
    shown = listed([f"{answer or 'none'} {number:,}" for answer, number in others.items()])
    note = f"{counted(sum(others.values()), 'row')} treated as unlabelled because {ANSWER!r} is not 'accept': {shown}."
    return column.take(places), (note,)
