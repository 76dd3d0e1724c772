"""Views: the rows that a filter finds, as table, groups, confusions given → suggested, and map.

Each consists of JSON values. Groups and confusions are counted with their own filter field reset, so that choosing one
does not hide the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor.arrays import Codes, Mask, RowIndex
from auditor.errors import FilterError
from auditor.review.filter.filter import Filter
from auditor.review.filter.selection import Selection
from auditor.review.view.card import Cards
from auditor.review.view.orders import DEFAULT

MAX_ROWS = 500
"""Maximum rows of a page."""
POINTS = 50_000
"""Maximum points on the map. Beyond it, a fixed sample is shown."""


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
    """Return one page of the rows found. By suspicion, only rows among the first ``head`` are flagged.

    Raises
    ------
    FilterError
        If the filter, sort, page or size is invalid.
    """
    if page < 0 or not 1 <= size <= MAX_ROWS:
        raise FilterError(
            f"Page {page} of {size} rows does not exist.", f"Request page 0 or later, of 1 to {MAX_ROWS} rows."
        )
    rows = selection.rows(filter, sort, me, seed)
    briefs = cards.briefs(rows[page * size : (page + 1) * size].tolist())
    head = int(np.count_nonzero(selection.items.rank[rows] <= selection.items.flagged_to))
    return {"found": len(rows), "head": head, "page": page, "size": size, "rows": briefs}


def groups(selection: Selection, filter: Filter, me: str | None = None) -> list[dict[str, Any]]:
    """Count the rows found in each group of issues, the largest first; ``undecided`` by anyone.

    If a group has a single row found, ``row`` is that row, so that the page can list such rows together.
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
    """Return the positions of all rows on the map, and which ones the filter finds; none without a map."""
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


def _firsts(codes: Codes, found: Mask) -> tuple[Codes, RowIndex]:
    """Return the codes found, and the first row of each."""
    rows = np.flatnonzero(found)
    distinct, first = np.unique(codes[rows], return_index=True)
    return distinct, rows[first]


def _counts(selection: Selection, codes: Codes, found: Mask, size: int) -> tuple[RowIndex, RowIndex]:
    """Count the rows of each code, and those that nobody has decided."""
    undecided = found & (selection.verdicts.bits() == 0)
    return np.bincount(codes[found], minlength=size), np.bincount(codes[undecided], minlength=size)
