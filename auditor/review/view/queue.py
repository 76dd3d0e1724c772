"""Queue: the rows that a filter finds, page by page while decisions are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.errors import FilterError
from auditor.review.filter.filter import Filter
from auditor.review.filter.selection import Selection
from auditor.review.view.orders import DEFAULT

MAX_ROWS = 500
"""Maximum rows of a page."""
_STRIDE = 1 << 14
"""Positions of the order examined at a time."""


@dataclass(frozen=True)
class Page:
    """Some rows of the queue.

    Attributes
    ----------
    rows : list of int
    next : str or None
        Cursor of the next page; None at the end.
    left : int
        Number of rows that the filter finds now, on all pages.
    """

    rows: list[int]
    next: str | None
    left: int


class Queue:
    """The rows that a filter finds, page by page.

    A cursor is a position in an order that no decision changes. So a row decided between two pages neither hides nor
    repeats another row.

    Parameters
    ----------
    selection : Selection
    """

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self.sorts = selection.orders.names

    def page(
        self,
        filter: Filter,
        sort: str = DEFAULT,
        after: str | None = None,
        limit: int = 50,
        *,
        me: str | None = None,
        seed: int = 0,
    ) -> Page:
        """Return the next rows.

        Parameters
        ----------
        filter : Filter
        sort : str
            One of ``sorts``.
        after : str, optional
            Cursor from the previous page, with the same sort and seed.
        limit : int
            Maximum rows, 1 to 500.
        me : str, optional
            Name of the reviewer.
        seed : int
            Seed of the random order.

        Raises
        ------
        FilterError
            If the filter, sort, cursor or limit is invalid.
        """
        if not 1 <= limit <= MAX_ROWS:
            raise FilterError(f"A page of {limit} rows was requested.", f"Request 1 to {MAX_ROWS}.")
        place = _read_cursor(after)
        order, mask = self._selection.orders.of(sort, seed), self._selection.mask(filter, me)
        places: list[int] = []
        # One row more than requested shows whether there is a next page.
        while place < len(order) and len(places) <= limit:
            found = np.flatnonzero(mask[order[place : place + _STRIDE]])
            places += (place + found).tolist()
            place += _STRIDE
        rows = order[places[:limit]].tolist()
        following = str(places[limit]) if len(places) > limit else None
        return Page(rows, following, int(np.count_nonzero(mask)))


def _read_cursor(after: str | None) -> int:
    if after is None:
        return 0
    if not (after.isascii() and after.isdecimal() and len(after) <= 18):
        raise FilterError(f"{after!r:.80} is not a position in the queue.", "Start at the beginning of the queue.")
    return int(after)
