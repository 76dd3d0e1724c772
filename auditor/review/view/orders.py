"""Orders: in which sequence rows are shown. None depends on what has been decided, so that a place in one stays."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from auditor.errors import FilterError
from auditor.review.view.items import Items

Rows = npt.NDArray[np.int32]

DEFAULT = "suspicion"
_LOSS = "loss:"
_KEPT = 8
"""Orders that are held at a time."""


class Orders:
    """The orders of N rows.

    ``suspicion``
        By rank, the most suspect first.
    ``loss:<model>``
        The highest loss of the given label under that model first; rows that it knows nothing of last.
    ``random``
        A permutation by seed.
    ``given``
        As in the dataset.
    ``pair``
        By pair given → suggested, the one with most issues first; in it by rank. Rows without a suggestion last.

    Equal rows go by rank everywhere.
    """

    def __init__(self, items: Items) -> None:
        self._items = items
        self.names = (DEFAULT, *(_LOSS + name for name in items.loss), "random", "given", "pair")
        self._of = lru_cache(maxsize=_KEPT)(self._make)

    def of(self, sort: str = DEFAULT, seed: int = 0) -> Rows:
        """(N,) int32 rows in an order; read-only, since it is kept.

        Raises
        ------
        FilterError
            If there is no such order, or the seed is negative.
        """
        if sort not in self.names:
            raise FilterError(f"Rows cannot be sorted by {sort!r:.80}.", f"Sort by {', '.join(self.names)}.")
        if seed < 0:
            raise FilterError(f"The seed {seed} is negative.", "Give 0 or more.")
        return self._of(sort, seed if sort == "random" else 0)

    def _make(self, sort: str, seed: int) -> Rows:
        order = self._sorted(sort, seed).astype(np.int32)
        order.flags.writeable = False
        return order

    def _sorted(self, sort: str, seed: int) -> npt.NDArray[np.integer]:
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
