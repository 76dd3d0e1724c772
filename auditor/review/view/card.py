"""Cards: all information on a row for the page to draw; and briefs, for tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from auditor.config import PROBABILITY_FLOOR
from auditor.review.filter.filter import KINDS, TIERS
from auditor.review.log.event import TOGETHER, Event
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from auditor.run.artifacts import CONSENSUS
from auditor.wording import shorten

LABELS = 6
"""Maximum number of labels whose probabilities are shown."""
DUPLICATES = 10
"""Maximum number of duplicates shown. The rest are counted."""
SHORT = 300
"""Maximum characters of other rows' texts."""


class Cards:
    """Makes cards. Safe to use from many threads.

    Parameters
    ----------
    items : Items
    verdicts : Verdicts
        Verdicts as of their last update. Notes and labels are read from their log.
    open : bool
        Whether a card shows the verdicts of others before its reviewer has decided.
    """

    def __init__(self, items: Items, verdicts: Verdicts, *, open: bool = True) -> None:
        self.items, self.verdicts, self._open = items, verdicts, open

    def card(self, row: int, me: str | None = None, *, adjudicates: bool = False) -> dict[str, Any]:
        """Make the card of a row for the reviewer ``me``.

        Returns
        -------
        dict
            JSON values. ``loss`` and ``suspicion`` are None if the audit did not judge the row; ``probabilities`` are
            empty if the model has no prediction for it. With ``adjudicates``, a row in conflict has the verdicts that
            differ as ``conflict``, whether or not ``me`` has judged it.
        """
        return self.cards([row], me, adjudicates=adjudicates)[0]

    def cards(self, rows: Sequence[int], me: str | None = None, *, adjudicates: bool = False) -> list[dict[str, Any]]:
        """Make the cards of some rows."""
        standing = self._standing(rows)
        return [
            self._card(row, standing[row], me, disputed=adjudicates and bool(self.verdicts.conflict[row]))
            for row in rows
        ]

    def briefs(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Return short entries of some rows, with all decisions on them."""
        standing = self._standing(rows)
        return [self._brief(row, standing[row]) for row in rows]

    # -- parts --------------------------------------------------------------------------------------------------

    def _standing(self, rows: Sequence[int]) -> defaultdict[int, list[Event]]:
        """Return the standing decisions on each row by reviewer, then the adjudications, without stale ones."""
        items, found = self.items, defaultdict[int, list[Event]](list)
        row_of = {items.id_of(row): row for row in rows if self.verdicts.touched(row)}
        hashes = {item_id: items.hash_of(row) for item_id, row in row_of.items()}
        log, ids = self.verdicts.log, list(row_of)
        for event in (*log.standing(ids), *log.adjudications(ids)) if row_of else ():
            if event.item_id is not None and event.item_hash == hashes[event.item_id]:
                found[row_of[event.item_id]].append(event)
        for events in found.values():
            events.sort(key=lambda event: (bool(event.adjudication), "" if event.adjudication else event.reviewer))
        return found

    def _row(self, row: int) -> dict[str, Any]:
        """Return the fields that cards and briefs share."""
        items = self.items
        return {
            "row": row,
            "id": items.id_of(row),
            "split": items.splits[items.split[row]],
            "given": items.label(items.given[row]),
            "suggested": items.label(items.suggested[row]),
            "suspicion": _number(items.suspicion[row]),
            "rank": int(items.rank[row]),
            "issue": bool(items.is_issue[row]),
            "kind": _name(items.kind[row], KINDS),
            "tier": _name(items.tier[row], TIERS),
        }

    def _brief(self, row: int, standing: Sequence[Event]) -> dict[str, Any]:
        verdicts = [
            {"reviewer": event.reviewer, **_verdict(event), **({"adjudication": True} if event.adjudication else {})}
            for event in standing
        ]
        return {**self._row(row), "text": shorten(self.items.text_of(row), SHORT), "verdicts": verdicts}

    def _card(self, row: int, standing: Sequence[Event], me: str | None, *, disputed: bool = False) -> dict[str, Any]:
        items = self.items
        duplicates = items.duplicates(row)
        adjudication = next((event for event in reversed(standing) if event.adjudication), None)
        standing = [event for event in standing if not event.adjudication]
        mine = next((event for event in standing if event.reviewer == me), None)
        history = self.verdicts.log.history(items.id_of(row)) if self.verdicts.touched(row) else []
        questions = [note for note in self.verdicts.asked(me) if note.row == row]
        if not self._open and mine is None and me is not None and not disputed:
            standing, adjudication = [], None
            history = [event for event in history if event.reviewer == me]
        return {
            **self._row(row),
            "text": items.text_of(row),
            "hash": items.hash_of(row),
            "predicted": items.label(items.predicted[row]),
            "stability": _number(items.stability[row]),
            "repeats": items.repeats,
            "reasons": items.reasons(row),
            "caution": items.cautions.get(items.label_names[items.given[row]]),
            "models": self._models(row),
            "neighbours": [
                {**self._other(other), "similarity": _number(similarity)} for other, similarity in items.neighbours(row)
            ],
            "duplicates": self._duplicates(row, duplicates[:DUPLICATES]),
            "duplicate_count": len(duplicates),
            "duplicate_group": _code(items.duplicate_group[row]),
            "group": _code(items.group[row]),
            "history": [_history_entry(event, items.hash_of(row)) for event in history],
            "mine": None if mine is None else {**_verdict(mine), "note": mine.note},
            "decided_by": [event.reviewer for event in standing],
            "adjudicated": adjudication and {"reviewer": adjudication.reviewer, **_verdict(adjudication)},
            **({"conflict": [_side(event) for event in standing if event.source not in TOGETHER]} if disputed else {}),
            "model_verdicts": [] if mine is None else self._model_verdicts(row),
            "asked_by": sorted({note.reviewer for note in questions}),
        }

    def _model_verdicts(self, row: int) -> list[dict[str, Any]]:
        """Return the verdicts of models that judged the row as it is now. They are shown after one's own verdict."""
        found = self.verdicts.log.judged(item_ids=[self.items.id_of(row)])
        current = [event for event in found if event.item_hash == self.items.hash_of(row)]
        return [{"reviewer": event.reviewer, **_verdict(event)} for event in current]

    def _models(self, row: int) -> list[dict[str, Any]]:
        """Return loss and probabilities by model, for the consensus' likeliest labels and the row's own."""
        items = self.items
        by_model = {name: np.asarray(items.probabilities(name)[row], dtype=np.float64) for name in items.models}
        given, suggested = int(items.given[row]), int(items.suggested[row])
        own = [code for code in (given, suggested) if code >= 0]
        likely = (-np.nan_to_num(by_model[CONSENSUS], nan=-1.0)).argsort(kind="stable").tolist()
        others = [code for code in likely if code not in own][: max(LABELS - len(own), 0)]
        shown = sorted({*own, *others}, key=likely.index)
        return [
            {
                "name": name,
                "loss": None if np.isnan(p[given]) else -float(np.log(max(p[given], PROBABILITY_FLOOR))),
                "probabilities": [
                    {"label": items.label_names[code], "p": float(p[code])} for code in shown if not np.isnan(p[code])
                ],
            }
            for name, p in by_model.items()
        ]

    def _duplicates(self, row: int, others: Sequence[int]) -> list[dict[str, Any]]:
        same = self.items.same_text(row, np.array(others, dtype=np.int64))
        return [
            {**self._other(other), "split": self.items.splits[self.items.split[other]], "exact": bool(exact)}
            for other, exact in zip(others, same, strict=True)
        ]

    def _other(self, row: int) -> dict[str, Any]:
        items = self.items
        text, label = shorten(items.text_of(row), SHORT), items.label(items.given[row])
        return {"row": row, "id": items.id_of(row), "text": text, "label": label}


def _number(value: np.floating[Any] | float) -> float | None:
    """Return a float for JSON: None for NaN."""
    return None if np.isnan(value) else float(value)


def _code(value: np.int32) -> int | None:
    return int(value) if value >= 0 else None


def _name(code: np.int32, names: Sequence[str]) -> str | None:
    return names[int(code)] if code >= 0 else None


def _verdict(event: Event) -> dict[str, Any]:
    return {"verdict": event.verdict, "new_labels": list(event.new_labels)}


def _side(event: Event) -> dict[str, Any]:
    """Return one of the verdicts that differ."""
    return {"reviewer": event.reviewer, **_verdict(event), **event.model_dump(mode="json", include={"note", "at"})}


def _history_entry(event: Event, current_hash: str) -> dict[str, Any]:
    """Return an event for the history of a row. A stale decision was made on another text or given label."""
    kept = {"kind", "reviewer", "verdict", "new_labels", "note", "at", "source", "adjudication"}
    stale = event.kind == "decide" and event.item_hash != current_hash
    return {**event.model_dump(mode="json", include=kept), "stale": stale}
