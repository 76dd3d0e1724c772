"""Queue: the rows that a filter finds, a few at a time, while they are being decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.errors import FilterError
from auditor.review.filter.filter import Filter
from auditor.review.filter.selection import Selection
from auditor.review.view.orders import DEFAULT

MOST = 500
"""Rows of a page."""
_LOOKED_AT = 1 << 14
"""Places of the order that are looked at at a time."""


@dataclass(frozen=True)
class Page:
    """Some rows of the queue.

    Attributes
    ----------
    rows : list of int
    next : str or None
        Cursor of the page after this one; None at the end.
    left : int
        Rows that the filter finds now, on all pages.
    """

    rows: list[int]
    next: str | None
    left: int


class Queue:
    """The rows that a filter finds, page by page.

    A cursor is a place in an order that no decision changes. So a row that is decided between two pages neither
    pushes another one out of sight nor brings one back.

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
        """Take the next rows.

        Parameters
        ----------
        filter : Filter
        sort : str
            One of ``sorts``.
        after : str, optional
            Cursor of the page before, of the same sort and seed.
        limit : int
            Rows, 1 to 500.
        me : str, optional
            The reviewer who asks.
        seed : int
            Of the random order.

        Raises
        ------
        FilterError
            If the filter, the sort, the cursor or the limit cannot be understood.
        """
        if not 1 <= limit <= MOST:
            raise FilterError(f"A page of {limit} rows is asked for.", f"Ask for 1 to {MOST}.")
        place = _read_cursor(after)
        order, mask = self._selection.orders.of(sort, seed), self._selection.mask(filter, me)
        places: list[int] = []
        # One more than is wanted tells whether there is a page after this one.
        while place < len(order) and len(places) <= limit:
            found = np.flatnonzero(mask[order[place : place + _LOOKED_AT]])
            places += (place + found).tolist()
            place += _LOOKED_AT
        rows = order[places[:limit]].tolist()
        following = str(places[limit]) if len(places) > limit else None
        return Page(rows, following, int(np.count_nonzero(mask)))


def _read_cursor(after: str | None) -> int:
    if after is None:
        return 0
    if not (after.isascii() and after.isdecimal() and len(after) <= 18):
        raise FilterError(f"{after!r:.80} is no place in the queue.", "Begin at its start.")
    return int(after)
