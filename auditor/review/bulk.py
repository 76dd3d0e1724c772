"""Bulk: one verdict on many rows at once, previewed first and undone as one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic import ValidationError

from auditor.arrays import Codes
from auditor.errors import DecisionError
from auditor.review.filter.filter import Filter
from auditor.review.filter.selection import Selection
from auditor.review.log.event import Event, Verdict, check_decision
from auditor.review.view.card import Cards
from auditor.review.view.items import Items
from auditor.validation import first_fault

SAMPLE = 10
"""Maximum number of rows in a preview."""


@dataclass(frozen=True)
class Bulk:
    """Decision to make on every row.

    Attributes
    ----------
    verdict : str
    new_labels : tuple of str
    use_suggestion : bool
        Relabel each row to its own suggestion; ``verdict`` is then ``relabel`` and ``new_labels`` are empty.
    note : str
    """

    verdict: Verdict
    new_labels: tuple[str, ...] = ()
    use_suggestion: bool = False
    note: str = ""


@dataclass(frozen=True)
class _Plan:
    """Rows to decide, (R,) int32; code of the new label of each, -1 for none; number of rows left out."""

    rows: Codes
    to: Codes
    left_out: int

    def first(self) -> _Plan:
        """Return the plan for the first row only."""
        return _Plan(self.rows[:1], self.to[:1], 0)


def preview(
    selection: Selection, cards: Cards, which: Filter | Sequence[str], bulk: Bulk, me: str | None
) -> dict[str, Any]:
    """Preview a bulk decision.

    Parameters
    ----------
    selection : Selection
    cards : Cards
    which : Filter or sequence of str
        Rows to decide: those that the filter finds, or those with these ids.
    bulk : Bulk
    me : str
        The reviewer.

    Returns
    -------
    dict
        ``count`` of the rows to decide; ``left_out``, the number of rows that lack a suggestion or already have the
        new label; a ``sample`` spread over the rows; ``changes``, each with ``given`` label, new label ``to`` (None
        where it stays) and ``count``; and the ``token`` that :func:`decide` needs.

    Raises
    ------
    FilterError
        If the filter cannot be understood.
    DecisionError
        If the labels do not fit the verdict, or the dataset.
    """
    items, plan = selection.items, _plan(selection, which, bulk, me)
    spread = np.linspace(0, max(len(plan.rows) - 1, 0), min(SAMPLE, len(plan.rows))).astype(np.intp)
    return {
        "count": len(plan.rows),
        "left_out": plan.left_out,
        "sample": cards.briefs(plan.rows[spread].tolist()),
        "changes": _changes(items, plan),
        "token": _token(items, plan, bulk),
    }


def decide(
    selection: Selection, which: Filter | Sequence[str], bulk: Bulk, me: str, *, batch_id: str, token: str
) -> dict[str, Any]:
    """Make a bulk decision that was previewed: all of it, or nothing.

    Parameters
    ----------
    selection : Selection
    which : Filter or sequence of str
    bulk : Bulk
    me : str
        The reviewer.
    batch_id : str
        Id made by the client. Sending it twice decides nothing more.
    token : str
        Token of the preview.

    Returns
    -------
    dict
        ``batch_id``, and the ``count`` of rows decided.

    Raises
    ------
    FilterError
        If the filter cannot be understood.
    DecisionError
        If the rows have changed since the preview, no row is left, or ``batch_id`` belongs to another action.
    """
    items, log = selection.items, selection.verdicts.log
    if decided_ids := log.items_of(batch_id):
        history = log.history(decided_ids[0])
        decisions = [event for event in history if event.kind == "decide" and event.action == batch_id]
        if not all(_is_of(event, bulk, me) for event in decisions):
            raise DecisionError(
                "This bulk action has the id of another action in the decision log. It has decided nothing.",
                "Check what has been decided, reload the page, and decide again.",
            )
        return {"batch_id": batch_id, "count": len(decided_ids)}
    plan = _plan(selection, which, bulk, me)
    if _token(items, plan, bulk) != token:
        raise DecisionError(
            f"The rows have changed since the preview: the action would now decide {len(plan.rows):,} of them.",
            "Preview it again.",
        )
    if not len(plan.rows):
        raise DecisionError("There is no row to decide.", "Choose other rows.")
    guideline = selection.verdicts.guidelines.version
    decided = log.append(_events(items, plan, bulk, me, batch_id, log.run_id, guideline))
    return {"batch_id": batch_id, "count": len(decided)}


def _plan(selection: Selection, which: Filter | Sequence[str], bulk: Bulk, me: str | None) -> _Plan:
    """Find the rows, and leave out those that the decision does not fit."""
    items = selection.items
    if bulk.use_suggestion and (bulk.verdict, bulk.new_labels) != ("relabel", ()):
        raise DecisionError(
            f"Each row takes its own suggestion, but the verdict is {bulk.verdict!r:.80} with"
            f" {len(bulk.new_labels)} labels; expected 'relabel' without labels.",
            "Relabel to the suggestion, or decide without it.",
        )
    if isinstance(which, Filter):
        found = np.flatnonzero(selection.mask(which, me)).astype(np.int32)
    else:
        found = np.unique(items.rows_of(which))
        found = found[found >= 0]
    if bulk.use_suggestion:
        to = items.suggested[found]
        fits = to >= 0
    elif bulk.verdict == "relabel":
        # Checking the first event refuses an unknown label, and any number of labels but one.
        to = np.full(len(found), items.codes.get(bulk.new_labels[0], -1) if bulk.new_labels else -1, np.int32)
        fits = items.given[found] != to
    else:
        to = np.full(len(found), -1, np.int32)
        fits = np.ones(len(found), np.bool_)
    plan = _Plan(found[fits], to[fits], int(np.count_nonzero(~fits)))
    for event, row in zip(_events(items, plan.first(), bulk, me or "nobody", "none", "none"), plan.rows, strict=False):
        check_decision(event, items.label_names, items.label_names[items.given[row]], items.hash_of(row))
    return plan


def _events(
    items: Items, plan: _Plan, bulk: Bulk, me: str, batch_id: str, run_id: str, guideline: str | None = None
) -> Iterator[Event]:
    """Yield one decision per row. Its id depends only on the batch and the row."""
    for row, to in zip(plan.rows.tolist(), plan.to.tolist(), strict=True):
        item_id = items.id_of(row)
        try:
            yield Event(
                event_id=hashlib.sha256(f"{batch_id}:{item_id}".encode()).hexdigest()[:32],
                run_id=run_id,
                kind="decide",
                item_id=item_id,
                item_hash=items.hash_of(row),
                reviewer=me,
                verdict=bulk.verdict,
                new_labels=(items.label_names[to],) if bulk.use_suggestion else bulk.new_labels,
                note=bulk.note,
                at=datetime.now(UTC),
                source="bulk",
                batch_id=batch_id,
                suggestion_shown=items.label_names[to] if bulk.use_suggestion else None,
                guideline=guideline,
            )
        except ValidationError as error:
            raise DecisionError(
                f"Row {item_id!r:.80} cannot be decided: {first_fault(error, Event)}.",
                "Correct it, or leave the row out.",
            ) from None


def _is_of(event: Event, bulk: Bulk, me: str) -> bool:
    """Return whether a decision in the log belongs to this bulk action."""
    found = (event.source, event.reviewer, event.verdict, event.note, event.suggestion_shown is not None)
    same_labels = bulk.use_suggestion or event.new_labels == bulk.new_labels
    return same_labels and found == ("bulk", me, bulk.verdict, bulk.note, bulk.use_suggestion)


def _changes(items: Items, plan: _Plan) -> list[dict[str, Any]]:
    """Count the rows by given and new label, the most frequent first."""
    pairs, counts = np.unique(np.column_stack([items.given[plan.rows], plan.to]), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [
        {"given": items.label(given), "to": items.label(to), "count": count}
        for (given, to), count in zip(pairs[order].tolist(), counts[order].tolist(), strict=True)
    ]


def _token(items: Items, plan: _Plan, bulk: Bulk) -> str:
    """Return a hash of the rows, their texts and labels, and the decision."""
    about = [items.fingerprint, bulk.verdict, bulk.new_labels, bulk.use_suggestion, bulk.note]
    digest = hashlib.sha256(json.dumps(about).encode())
    digest.update(plan.rows.astype("<i4").tobytes())
    digest.update(plan.to.astype("<i4").tobytes())
    return digest.hexdigest()[:32]
