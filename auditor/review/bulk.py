"""Bulk: one verdict on many rows at once, which is shown before it is taken, and undone as one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic import ValidationError

from auditor.errors import DecisionError
from auditor.review.filter.filter import Filter
from auditor.review.filter.selection import Selection
from auditor.review.log.event import Event, Verdict, check_decision
from auditor.review.view.card import Cards
from auditor.review.view.items import Codes, Items
from auditor.validation import first_fault

SAMPLE = 10
"""Rows that a preview shows."""


@dataclass(frozen=True)
class Bulk:
    """What is to be decided on every row.

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
    """The rows to be decided, (R,) int32; the code of what each is relabelled to, -1 if it is not; rows left out."""

    rows: Codes
    to: Codes
    left_out: int

    def first(self) -> _Plan:
        """The first row alone."""
        return _Plan(self.rows[:1], self.to[:1], 0)


def preview(
    selection: Selection, cards: Cards, which: Filter | Sequence[str], bulk: Bulk, me: str | None
) -> dict[str, Any]:
    """Show what a bulk decision would do.

    Parameters
    ----------
    selection : Selection
    cards : Cards
    which : Filter or sequence of str
        The rows: all that the filter finds, or ids.
    bulk : Bulk
    me : str
        The reviewer.

    Returns
    -------
    dict
        ``count`` of the rows to be decided; ``left_out``, rows without a suggestion to take, or that have the new
        label anyway; a ``sample`` spread over the rows; ``changes``, by ``given`` label and the label ``to`` (None
        where it stays), ``count``; and the ``token`` that :func:`decide` takes.

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
    """Take a bulk decision that was previewed: all of it, or nothing.

    Parameters
    ----------
    selection : Selection
    which : Filter or sequence of str
    bulk : Bulk
    me : str
        The reviewer.
    batch_id : str
        Made by the client. The same one again decides nothing more.
    token : str
        Of the preview.

    Returns
    -------
    dict
        ``batch_id``, and the ``count`` of rows decided.

    Raises
    ------
    FilterError
        If the filter cannot be understood.
    DecisionError
        If it is no longer what was previewed, decides nothing, or ``batch_id`` is another action's.
    """
    items, log = selection.items, selection.verdicts.log
    if known := log.items_of(batch_id):
        made = [event for event in log.history(known[0]) if event.kind == "decide" and event.action == batch_id]
        if not all(_is_of(event, bulk, me) for event in made):
            raise DecisionError(
                "This bulk action has the id of another action in the decision log: nothing was decided by it.",
                "Look at what was decided already, reload the page, and decide again.",
            )
        return {"batch_id": batch_id, "count": len(known)}
    plan = _plan(selection, which, bulk, me)
    if _token(items, plan, bulk) != token:
        raise DecisionError(
            f"What was previewed has changed since: it would now decide {len(plan.rows):,} rows.",
            "Preview it again, and look once more.",
        )
    if not len(plan.rows):
        raise DecisionError("There is no row to decide.", "Choose other rows.")
    decided = log.append(_events(items, plan, bulk, me, batch_id, log.run_id))
    return {"batch_id": batch_id, "count": len(decided)}


def _plan(selection: Selection, which: Filter | Sequence[str], bulk: Bulk, me: str | None) -> _Plan:
    """Find the rows, and leave out those on which the decision could not be taken."""
    items = selection.items
    if bulk.use_suggestion and (bulk.verdict, bulk.new_labels) != ("relabel", ()):
        raise DecisionError(
            f"Each row is to take its own suggestion, but the verdict is {bulk.verdict!r:.80} with"
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
        takes = to >= 0
    elif bulk.verdict == "relabel":
        # An unknown label, and any number of labels but one, is refused when the first event is checked.
        to = np.full(len(found), items.codes.get(bulk.new_labels[0], -1) if bulk.new_labels else -1, np.int32)
        takes = items.given[found] != to
    else:
        to = np.full(len(found), -1, np.int32)
        takes = np.ones(len(found), np.bool_)
    plan = _Plan(found[takes], to[takes], int(np.count_nonzero(~takes)))
    for event, row in zip(_events(items, plan.first(), bulk, me or "nobody", "none", "none"), plan.rows, strict=False):
        check_decision(event, items.label_names, items.label_names[items.given[row]], items.hash_of(row))
    return plan


def _events(items: Items, plan: _Plan, bulk: Bulk, me: str, batch_id: str, run_id: str) -> Iterator[Event]:
    """One decision a row; each has the same id whenever the same batch decides the same row."""
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
            )
        except ValidationError as error:
            raise DecisionError(
                f"Row {item_id!r:.80} cannot be decided: {first_fault(error, Event)}.",
                "Correct it, or leave the row out.",
            ) from None


def _is_of(event: Event, bulk: Bulk, me: str) -> bool:
    """Whether a decision in the log was taken by the same bulk action."""
    said = (event.source, event.reviewer, event.verdict, event.note, event.suggestion_shown is not None)
    same_labels = bulk.use_suggestion or event.new_labels == bulk.new_labels
    return same_labels and said == ("bulk", me, bulk.verdict, bulk.note, bulk.use_suggestion)


def _changes(items: Items, plan: _Plan) -> list[dict[str, Any]]:
    """Rows by given label and new one, the most frequent first."""
    pairs, counts = np.unique(np.column_stack([items.given[plan.rows], plan.to]), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [
        {"given": items.label(given), "to": items.label(to), "count": count}
        for (given, to), count in zip(pairs[order].tolist(), counts[order].tolist(), strict=True)
    ]


def _token(items: Items, plan: _Plan, bulk: Bulk) -> str:
    """Hash of the rows with their texts and labels, and of what would be decided."""
    about = [items.fingerprint, bulk.verdict, bulk.new_labels, bulk.use_suggestion, bulk.note]
    digest = hashlib.sha256(json.dumps(about).encode())
    digest.update(plan.rows.astype("<i4").tobytes())
    digest.update(plan.to.astype("<i4").tobytes())
    return digest.hexdigest()[:32]
