"""Provenance: columns with each row's given label, verdicts, reviewers and suggestions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa

from auditor.correction.decide.corrections import Corrections
from auditor.correction.decide.outcome import Outcome
from auditor.review.log.event import Event

PREFIX = "audit_"
"""Prefix of a column whose name the source already has."""


def provenance_table(corrections: Corrections, taken: Collection[str] = ()) -> dict[str, pa.Array]:
    """Make the columns, by name.

    Parameters
    ----------
    corrections : Corrections
        Corrections of N rows and K classes, including new ones.
    taken : collection of str
        Names of other columns. A provenance column with such a name is prefixed with ``audit_``.

    Returns
    -------
    dict of str to pyarrow.Array
        ``given_label`` (string, the class's name), ``verdict`` (string; ``tie`` where reviewers disagree and nobody has
        adjudicated),
        ``reviewers`` (list of string), ``decided_at`` (timestamp, UTC), ``suspicion`` (float32),
        ``suggested_label`` (string), ``soft_label`` (list of K float64, see :func:`soft_label`) and ``note`` (string;
        for several reviewers, one line each, ``name: note``). Null where there is no value.
    """
    texts, suggestions = corrections.texts, corrections.suggestions
    names = pa.array(corrections.label_names, pa.string())
    codes = {name: code for code, name in enumerate(corrections.label_names)}
    outcomes, given = corrections.outcomes.by_row, texts.labels
    rows = range(len(texts))
    by_position = [outcomes.get(row) for row in rows]
    shares = {
        row: soft_label(
            (outcome.adjudication,) if outcome.adjudication else outcome.votes, codes, texts.label_names[given[row]]
        )
        for row, outcome in outcomes.items()
    }
    columns = {
        "given_label": names.take(pa.array(given)),
        "verdict": pa.array([corrections.verdict_of(row) or None for row in rows], pa.string()),
        "reviewers": pa.array([outcome and list(outcome.reviewers) for outcome in by_position], pa.list_(pa.string())),
        "decided_at": pa.array([outcome and outcome.decided_at for outcome in by_position], pa.timestamp("us", "UTC")),
        "suspicion": pa.array(suggestions.suspicion, pa.float32(), from_pandas=True),
        "suggested_label": names.take(pa.array(suggestions.label, mask=suggestions.label < 0)),
        "soft_label": pa.array([shares.get(row) for row in rows], pa.list_(pa.float64())),
        "note": pa.array([outcome and _note(outcome) for outcome in by_position], pa.string()),
    }
    return {_free(name, taken): column for name, column in columns.items()}


def soft_label(votes: Sequence[Event], codes: dict[str, int], given: str) -> list[float] | None:
    """Return the mean of the reviewers' opinions over the classes; None if no reviewer names a class.

    ``keep`` and ``relabel`` name one class, ``ambiguous`` its labels in equal parts, ``none_fits`` the proposed class
    if it was added. ``exclude`` and ``unsure`` name none and do not count.

        keep (joy), ambiguous (joy, love)    joy 0.75, love 0.25
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
    notes = [decision for decision in outcome.decisions if decision.note]
    if len(outcome.decisions) == 1:
        return notes[0].note if notes else None
    return "\n".join(f"{vote.reviewer}: {vote.note}" for vote in notes) or None


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name = PREFIX + name
    return name
