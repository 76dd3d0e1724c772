"""Views: the rows that a filter finds as a table, as groups, as confusions given → suggested, and on the map.

Each is made of JSON values. Groups and confusions are counted as if their own field of the filter were neutral, so
that choosing one does not make the others vanish.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.errors import FilterError
from auditor.review.filter.filter import Filter
from auditor.review.filter.selection import Selection
from auditor.review.view.card import Cards
from auditor.review.view.orders import DEFAULT

MOST = 500
"""Rows of a page."""
POINTS = 50_000
"""On the map; of more, a sample that is always the same."""


def table(
    selection: Selection,
    cards: Cards,
    filter: Filter,
    *,
    sort: str = DEFAULT,
    seed: int = 0,
    page: int = 0,
    size: int = 50,
    me: str | None = None,
) -> dict[str, Any]:
    """List one page of the rows found; by suspicion, none after the first ``head`` of them is flagged.

    Raises
    ------
    FilterError
        If the filter, the sort, the page or its size cannot be understood.
    """
    if page < 0 or not 1 <= size <= MOST:
        raise FilterError(f"Page {page} of {size} rows is asked for.", f"Ask for page 0 or later, of 1 to {MOST} rows.")
    rows = selection.rows(filter, sort, me, seed)
    briefs = cards.briefs(rows[page * size : (page + 1) * size].tolist())
    head = int(np.count_nonzero(selection.items.rank[rows] <= selection.items.flagged_to))
    return {"found": len(rows), "head": head, "page": page, "size": size, "rows": briefs}


def groups(selection: Selection, filter: Filter, me: str | None = None) -> list[dict[str, Any]]:
    """Count the rows found in each group of issues, the largest first; ``undecided`` by anyone.

    Of a group in which a single row is found, ``row`` is that row; so that such rows can be shown together.
    """
    items = selection.items
    found = selection.mask(filter.without("group"), me) & (items.group >= 0)
    rows, undecided = _counts(selection, items.group, found, len(items.groups))
    first = dict(zip(*(part.tolist() for part in _firsts(items.group, found)), strict=True))
    suspicion = np.bincount(items.group[found], np.nan_to_num(items.suspicion[found]), minlength=len(items.groups))
    return [
        {
            "group": number,
            "given": items.groups[number]["given_label"],
            "suggested": items.groups[number]["suggested_label"],
            "rows": int(rows[number]),
            "undecided": int(undecided[number]),
            "mean_suspicion": float(suspicion[number] / rows[number]),
            "words": items.groups[number]["words"],
            "row": first.get(number) if rows[number] == 1 else None,
        }
        for number in np.argsort(-rows, kind="stable").tolist()
        if rows[number]
    ]


def confusions(selection: Selection, filter: Filter, me: str | None = None) -> dict[str, Any]:
    """Count the rows found by pair given → suggested, as ``[given code, suggested code, rows, undecided]``."""
    items = selection.items
    found = selection.mask(filter.without("pair"), me) & (items.pair >= 0)
    rows, undecided = _counts(selection, items.pair, found, len(items.pairs))
    cells = np.column_stack([items.pairs, rows, undecided])[rows > 0]
    return {"labels": list(items.label_names), "cells": cells.tolist()}


def map_points(selection: Selection, filter: Filter, me: str | None = None) -> dict[str, Any]:
    """Give the places of all rows on the map, and which of them the filter finds; nothing in a run without a map."""
    items = selection.items
    points = np.full((len(items), 2), np.nan, np.float32) if items.map is None else items.map
    rows = np.flatnonzero(np.isfinite(points).all(axis=1))
    if len(rows) > POINTS:
        rows = np.sort(np.random.default_rng(0).choice(rows, POINTS, replace=False))
    x, y = points[rows].astype(np.float64).round(4).T.tolist()
    return {
        "rows": rows.tolist(),
        "x": x,
        "y": y,
        "given": items.given[rows].tolist(),
        "suggested": items.suggested[rows].tolist(),
        "issue": items.is_issue[rows].astype(int).tolist(),
        "found": selection.mask(filter, me)[rows].astype(int).tolist(),
        "labels": list(items.label_names),
    }


def _firsts(
    codes: npt.NDArray[np.int32], found: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.intp]]:
    """Codes that are found, and the first row of each."""
    rows = np.flatnonzero(found)
    known, first = np.unique(codes[rows], return_index=True)
    return known, rows[first]


def _counts(
    selection: Selection, codes: npt.NDArray[np.int32], found: npt.NDArray[np.bool_], size: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows of each code, and those of them that nobody has decided."""
    undecided = found & (selection.verdicts.bits() == 0)
    return np.bincount(codes[found], minlength=size), np.bincount(codes[undecided], minlength=size)
