"""Provenance: columns that say of each row what its label was, who has said what of it, and what the models think."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa

from auditor.correction.decide.corrections import Corrections
from auditor.correction.decide.outcome import Outcome
from auditor.review.log.event import Event

PREFIX = "audit_"
"""Before a column's name that the source has already."""


def provenance_table(corrections: Corrections, taken: Collection[str] = ()) -> dict[str, pa.Array]:
    """Make the columns, by name.

    Parameters
    ----------
    corrections : Corrections
        Of N rows and K classes, new ones included.
    taken : collection of str
        Names of other columns; one of ours that is among them begins with ``audit_``.

    Returns
    -------
    dict of str to pyarrow.Array
        ``given_label`` (string, the class's name), ``verdict`` (string; ``tie`` where reviewers disagree),
        ``reviewers`` (list of string), ``decided_at`` (timestamp, UTC), ``suspicion`` (float32),
        ``suggested_label`` (string), ``soft_label`` (list of K float64, see :func:`soft_label`) and ``note`` (string;
        of several reviewers, one line each, ``name: note``). Null where there is nothing to say.
    """
    texts, suggestions = corrections.texts, corrections.suggestions
    names = pa.array(corrections.label_names, pa.string())
    codes = {name: code for code, name in enumerate(corrections.label_names)}
    outcomes, given = corrections.outcomes.by_row, texts.labels
    rows = range(len(texts))
    seen = [outcomes.get(row) for row in rows]
    shares = {row: soft_label(each.votes, codes, texts.label_names[given[row]]) for row, each in outcomes.items()}
    columns = {
        "given_label": names.take(pa.array(given)),
        "verdict": pa.array([corrections.verdict_of(row) or None for row in rows], pa.string()),
        "reviewers": pa.array([each and list(each.reviewers) for each in seen], pa.list_(pa.string())),
        "decided_at": pa.array([each and each.decided_at for each in seen], pa.timestamp("us", "UTC")),
        "suspicion": pa.array(suggestions.suspicion, pa.float32(), from_pandas=True),
        "suggested_label": names.take(pa.array(suggestions.label, mask=suggestions.label < 0)),
        "soft_label": pa.array([shares.get(row) for row in rows], pa.list_(pa.float64())),
        "note": pa.array([each and _note(each) for each in seen], pa.string()),
    }
    return {_free(name, taken): column for name, column in columns.items()}


def soft_label(votes: Sequence[Event], codes: dict[str, int], given: str) -> list[float] | None:
    """Mean of the reviewers' opinions over the classes; None if no reviewer names any.

    ``keep`` and ``relabel`` are one class, ``ambiguous`` is its labels in equal parts, ``none_fits`` is the class that
    it proposes if that was added. Who says ``exclude`` or ``unsure`` names none, and is not counted.
    """
    opinions = []
    for vote in votes:
        named = (given,) if vote.verdict == "keep" else vote.new_labels
        if vote.verdict == "none_fits":
            named = tuple(name.strip() for name in named)
        named = tuple(name for name in named if name in codes)
        if named:
            opinion = np.zeros(len(codes))
            opinion[[codes[name] for name in named]] = 1 / len(named)
            opinions.append(opinion)
    return np.mean(opinions, axis=0).tolist() if opinions else None


def _note(outcome: Outcome) -> str | None:
    notes = [vote for vote in outcome.votes if vote.note]
    if len(outcome.votes) == 1:
        return notes[0].note if notes else None
    return "\n".join(f"{vote.reviewer}: {vote.note}" for vote in notes) or None


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name = PREFIX + name
    return name
