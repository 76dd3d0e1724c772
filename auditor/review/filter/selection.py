"""Selection: the rows that a filter finds, and the counts for each choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from auditor.arrays import Integers, Mask, RowIndex
from auditor.errors import FilterError
from auditor.review.batches import Batches
from auditor.review.filter.conditions import CONDITIONS, among_pairs, rows_of_ids
from auditor.review.filter.filter import KINDS, TIERS, Filter
from auditor.review.filter.search import Searches
from auditor.review.log.event import VERDICTS, Verdict
from auditor.review.log.log import DecisionLog
from auditor.review.view.items import Items
from auditor.review.view.orders import DEFAULT, Orders
from auditor.review.view.own import BIT
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run

PAIRS = 50
"""Maximum number of pairs offered as choices."""
BINS = 20
"""Number of bins of the suspicion histogram."""
_KEPT = 24
"""Conditions whose rows are cached."""
_NEUTRAL = Filter()


class Selection:
    """The rows of a run that filters find. Safe to use from many threads.

    Parameters
    ----------
    items : Items
    verdicts : Verdicts
        Verdicts as of their last update.
    learnt : mapping of str to callable, optional
        Orders that are learnt from verdicts; see :class:`~auditor.review.view.orders.Orders`.
    """

    def __init__(
        self, items: Items, verdicts: Verdicts, learnt: Mapping[str, Callable[[], RowIndex]] | None = None
    ) -> None:
        self.items, self.verdicts, self.orders = items, verdicts, Orders(items, learnt)
        self.batches: Batches = {}
        """Rows of each reviewer's batch, by name; empty if the rows are not split."""
        self._kept = lru_cache(maxsize=_KEPT)(lambda fields, alone: CONDITIONS[fields](items, alone))
        self._selected = lru_cache(maxsize=_KEPT)(lambda key: rows_of_ids(items, verdicts.log.selection(key)))
        self._searches = Searches(items.texts)
        judged = ~np.isnan(items.suspicion)
        self._bin = np.full(len(items), BINS, dtype=np.int8)
        self._bin[judged] = np.minimum(items.suspicion[judged] * BINS, BINS - 1)

    # -- rows ---------------------------------------------------------------------------------------------------

    def mask(self, filter: Filter, me: str | None = None) -> Mask:
        """Return the rows that the filter finds for the reviewer ``me``, as an (N,) mask.

        Raises
        ------
        FilterError
            If a label, split or selection does not exist, or the search is refused.
        """
        found = np.ones(len(self.items), dtype=np.bool_)
        for fields in CONDITIONS:
            alone = Filter.model_construct(**{name: getattr(filter, name) for name in fields})
            if alone != _NEUTRAL:
                found &= self._kept(fields, alone)
        if filter.text:
            found &= self._searches.find(Filter.model_construct(text=filter.text, regex=filter.regex))
        if filter.selection is not None:
            found &= self._selected(filter.selection)
        if filter.verdict or filter.reviewer:
            found &= self.verdicts.bits(filter.reviewer) & _bits(filter.verdict) != 0
        if filter.conflict is not None:
            found &= self.verdicts.conflict == filter.conflict
        if filter.undecided:
            found &= self._undecided(filter.undecided, me)
        if filter.note or filter.note_by:
            rows = [note.row for note in self.verdicts.talk.found(filter.note, filter.note_by)]
            found &= self._only(rows)
        if filter.asked:
            found &= self._only([note.row for note in self.verdicts.asked(me)])
        if filter.guideline:
            found &= self.verdicts.under(filter.guideline, filter.reviewer)
        if filter.batch:
            found &= self._batch(filter.batch, me)
        return found

    def rows(self, filter: Filter, sort: str = DEFAULT, me: str | None = None, seed: int = 0) -> RowIndex:
        """Return the rows that the filter finds in an order, (F,) int32."""
        order = self.orders.of(sort, seed)
        found: RowIndex = order[self.mask(filter, me)[order]]
        return found

    def _undecided(self, by: str, me: str | None) -> Mask:
        bits = self.verdicts.bits() if by == "anyone" else self.verdicts.of(me).bits
        undecided: Mask = bits == 0
        return undecided

    def _only(self, rows: Sequence[int]) -> Mask:
        """Return some rows as an (N,) mask."""
        found = np.zeros(len(self.items), np.bool_)
        found[list(rows)] = True
        return found

    def _batch(self, names: Sequence[str], me: str | None) -> Mask:
        if not self.batches:
            raise FilterError("The rows are not split among reviewers.", "Clear the filter, or start with --assign.")
        found = np.zeros(len(self.items), np.bool_)
        for name in names:
            batch = self.batches.get((me or "") if name == "me" else name)
            found |= batch if batch is not None else False
        return found

    # -- counts -------------------------------------------------------------------------------------------------

    def facets(self, filter: Filter, me: str | None = None) -> dict[str, Any]:
        """Count, for each choice of a field, the rows found with that choice and the other fields unchanged.

        Returns
        -------
        dict
            ``found``, the number of rows that the filter finds; ``facets``, by field, lists of ``value`` and ``count``
            (``pair``: ``given``, ``suggested`` and ``count`` of the most frequent and the chosen pairs); ``suspicion``,
            a ``histogram`` over 0 … 1, and the number of rows ``missing`` from it.
        """
        items = self.items
        find = lru_cache(maxsize=None)(lambda *neutral: self.mask(filter.without(*neutral), me))

        def count(values: Integers, size: int, *neutral: str) -> list[int]:
            """Count the rows of each code, except -1."""
            return np.bincount(values[find(*neutral)] + 1, minlength=size + 1)[1:].tolist()  # type: ignore[no-any-return]

        def undecided(by: str) -> int:
            return int(np.count_nonzero(find("undecided") & self._undecided(by, me)))

        labels = items.label_names
        *histogram, missing = count(self._bin, BINS + 1, "min_suspicion", "max_suspicion")
        return {
            "found": int(np.count_nonzero(find())),
            "facets": {
                "given": _choices(labels, count(items.given, len(labels), "given")),
                "suggested": _choices(labels, count(items.suggested, len(labels), "suggested")),
                "split": _choices(items.splits, count(items.split, len(items.splits), "split")),
                "pair": self._pairs(filter, count(items.pair, len(items.pairs), "pair")),
                **self._reviewed(filter, find("verdict", "reviewer")),
                "kind": _choices(KINDS, count(items.kind, len(KINDS), "kind")),
                "tier": _choices(TIERS, count(items.tier, len(TIERS), "tier")),
                "issue": _choices((False, True), count(items.is_issue.view(np.int8), 2, "issue")),
                "conflict": _choices((False, True), count(self.verdicts.conflict.view(np.int8), 2, "conflict")),
                "undecided": _choices(("anyone", "me"), [undecided("anyone"), undecided("me")]),
                **self._talk(find("asked"), find("note", "note_by"), filter.note, me),
                **self._under(filter, find("guideline")),
                "batch": self._batches(find("batch"), me),
            },
            "suspicion": {"histogram": histogram, "missing": missing},
        }

    def _pairs(self, filter: Filter, counts: list[int]) -> list[dict[str, Any]]:
        """Return the most frequent pairs and the chosen ones."""
        names, pairs = self.items.label_names, self.items.pairs
        frequent = np.argsort(-np.array(counts, np.int64), kind="stable")[:PAIRS].tolist()
        chosen = np.flatnonzero(among_pairs(self.items, filter.pair)).tolist()
        offered = [number for number in dict.fromkeys([*frequent, *chosen]) if counts[number] or number in chosen]
        return [
            {"given": names[pairs[number, 0]], "suggested": names[pairs[number, 1]], "count": counts[number]}
            for number in offered
        ]

    def _reviewed(self, filter: Filter, found: Mask) -> dict[str, list[dict[str, Any]]]:
        """Count verdicts and reviewers. A row may have several of both."""
        verdicts, wanted = self.verdicts, _bits(filter.verdict)
        combinations = np.bincount(verdicts.bits(filter.reviewer)[found], minlength=256)
        bits = np.arange(256)
        by_verdict = [int(combinations[(bits & BIT[verdict]) > 0].sum()) for verdict in VERDICTS]
        reviewers = verdicts.reviewers
        by_reviewer = [int(np.count_nonzero(verdicts.of(name).bits[found] & wanted)) for name in reviewers]
        return {"verdict": _choices(VERDICTS, by_verdict), "reviewer": _choices(reviewers, by_reviewer)}

    def _talk(self, of_asked: Mask, of_notes: Mask, text: str, me: str | None) -> dict[str, list[dict[str, Any]]]:
        """Count the rows that ask the reviewer, and those with a note of each author that holds the text."""
        asked = {note.row for note in self.verdicts.asked(me)}
        rows: dict[str, set[int]] = {}
        for note in self.verdicts.talk.found(text, ()):
            rows.setdefault(note.reviewer, set()).add(note.row)
        authors = sorted(rows)
        by_author = [int(np.count_nonzero(of_notes[list(rows[name])])) for name in authors]
        return {
            "asked": _choices(("me",), [int(np.count_nonzero(of_asked[list(asked)]))]),
            "note_by": _choices(authors, by_author),
        }

    def _under(self, filter: Filter, found: Mask) -> dict[str, list[dict[str, Any]]]:
        """Count the rows decided under the current guidelines and under older ones; none if there were never any."""
        if self.verdicts.guidelines.latest is None:
            return {"guideline": []}
        counts = [
            int(np.count_nonzero(found & self.verdicts.under([version], filter.reviewer)))
            for version in ("current", "older")
        ]
        return {"guideline": _choices(("current", "older"), counts)}

    def _batches(self, found: Mask, me: str | None) -> list[dict[str, Any]]:
        """Count the rows of each batch, the reviewer's own first."""
        others = [name for name in self.batches if name != me]
        names = ["me", *others] if me in self.batches else others
        return _choices(names, [int(np.count_nonzero(found & self._batch([name], me))) for name in names])


def _bits(verdicts: Sequence[Verdict]) -> np.uint8:
    """Return the byte with the bits of the verdicts; with all bits for no verdict."""
    return np.uint8(sum(BIT[verdict] for verdict in set(verdicts) or VERDICTS))


def _choices(values: Sequence[Any], counts: Sequence[int]) -> list[dict[str, Any]]:
    return [{"value": value, "count": count} for value, count in zip(values, counts, strict=True)]


def rows_found(run: Run, log: DecisionLog, query: str) -> Mask:
    """Return the rows of a run that a query of the review page finds, as an (N,) mask."""
    items = Items.of(run)
    verdicts = Verdicts(items, log)
    verdicts.catch_up()
    return Selection(items, verdicts).mask(Filter.from_query(query))
