"""The opening: which of the first cards are drawn at random, so that every given label is judged early."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

CARDS = 80
"""Every second one is drawn at random."""
MOST, PART = 100, 10
"""Cards at random: no more than these, and no more than a tenth of the rows."""


def opening(given: npt.NDArray[np.integer], seed: int, cards: int = CARDS) -> npt.NDArray[np.int64]:
    """Draw rows evenly over the given labels.

    Half of the opening's cards are drawn, or one a label where there are more labels than that; never more than 100,
    nor than a tenth of the rows. The labels take turns in a random order, and a label whose rows are used up is left
    out; so after any number of cards no two labels that have rows left differ by more than one. With the default, two
    labels have 20 rows each, 30 have one or two, 150 labels have 100 rows of 100 labels, and 300 rows are drawn 30.

    Parameters
    ----------
    given : (N,) int
        Codes of the given labels of the rows that may be drawn.
    seed : int
        The same one draws the same rows.
    cards : int
        Of the whole opening; 0 for none.

    Returns
    -------
    (n,) int64
        Rows in the order of their turn. See :func:`at_random` for when that is.
    """
    labels, code = np.unique(given, return_inverse=True)
    wanted = min(max(cards // 2, len(labels)), MOST, len(given) // PART) if cards >= 2 else 0
    generator = np.random.default_rng(seed)
    turn = generator.permutation(len(labels))
    rows = generator.permutation(len(given))
    rows = rows[np.argsort(code[rows], kind="stable")]
    # Of a label's rows, in their random order, the first is drawn in the first round, and so on.
    sizes = np.bincount(code, minlength=len(labels))
    round_of = np.arange(len(given)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    drawn: npt.NDArray[np.int64] = rows[np.lexsort((turn[code[rows]], round_of))[:wanted]]
    return drawn


def at_random(card: int, drawn: int) -> bool:
    """Whether a card of the opening is the next one drawn, by its number from 0; else it is the static order's head.

    With 40 rows drawn: 0 no, 1 yes, 2 no, …, 79 yes, 80 no, and no later one.
    """
    return card % 2 == 1 and card < 2 * drawn
