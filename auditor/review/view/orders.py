"""Orders: sequences in which rows are shown. Decisions change only those that are learnt from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from auditor.arrays import RowIndex
from auditor.errors import FilterError
from auditor.review.view.items import Items

DEFAULT = "suspicion"
LEARNT, FIXES = "learnt", "fixes-per-minute"
"""Orders that are learnt from the verdicts."""
_LOSS = "loss:"
_KEPT = 8
"""Number of orders cached."""


class Orders:
    """The orders of N rows.

    ``learnt``
        By P(error) as learnt from the verdicts so far.
    ``fixes-per-minute``
        By expected fixes a minute: P(error) × P(one other label clearly fits) / expected minutes of reading.
    ``suspicion``
        By rank, most suspect first.
    ``loss:<model>``
        By loss of the given label under that model, highest first; rows without a prediction last.
    ``random``
        Random permutation by seed.
    ``given``
        Order of the dataset.
    ``pair``
        By pair given → suggested, most issues first, then by rank. Rows without a suggestion last.

    Ties are broken by rank.

    Parameters
    ----------
    items : Items
    learnt : mapping of str to callable, optional
        For each order that is learnt from verdicts, what returns it as it is now, (N,) int32.
    """

    def __init__(self, items: Items, learnt: Mapping[str, Callable[[], RowIndex]] | None = None) -> None:
        self._items, self._learnt = items, learnt or {}
        self.names = (*self._learnt, DEFAULT, *(_LOSS + name for name in items.loss), "random", "given", "pair")
        self._of = lru_cache(maxsize=_KEPT)(self._make)

    def of(self, sort: str = DEFAULT, seed: int = 0) -> RowIndex:
        """Return the (N,) int32 rows in an order. The array is cached and read-only.

        Raises
        ------
        FilterError
            If the order does not exist, or the seed is negative.
        """
        if sort not in self.names:
            raise FilterError(f"Rows cannot be sorted by {sort!r:.80}.", f"Choose from {', '.join(self.names)}.")
        if seed < 0:
            raise FilterError(f"The seed {seed} is negative.", "Give 0 or more.")
        if sort in self._learnt:
            return self._learnt[sort]()
        return self._of(sort, seed if sort == "random" else 0)

    def _make(self, sort: str, seed: int) -> RowIndex:
        order = self._sorted(sort, seed).astype(np.int32)
        order.flags.writeable = False
        return order

    def _sorted(self, sort: str, seed: int) -> RowIndex:
        items = self._items
        if sort == "random":
            return np.random.default_rng(seed).permutation(len(items))
        if sort == "given":
            return np.arange(len(items))
        if sort == "pair":
            return np.lexsort((items.rank, items.pair.astype(np.uint32)))  # -1 becomes the largest
        if sort == DEFAULT:
            return np.argsort(items.rank, kind="stable")
        loss = items.loss[sort.removeprefix(_LOSS)]
        return np.lexsort((items.rank, -loss))  # NaN comes last
