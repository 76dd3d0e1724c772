"""Average precision, and how far it depends on which rows there are: paired bootstrap over rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DRAWS = 500
_CELLS = 1 << 24


def counts(rows: int, draws: int, seed: int) -> npt.NDArray[np.int32]:
    """(1 + B, N) how often each row is drawn (Efron 1979): once each at first, then B draws with replacement."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(rows, np.full(rows, 1 / rows), draws).astype(np.int32)
    return np.concatenate([np.ones((1, rows), np.int32), drawn])


def average_precisions(scores: Floats, wrong: npt.NDArray[np.bool_], drawn: npt.NDArray[np.int32]) -> Floats:
    """(1 + B,) average precision of a ranking on each draw; as scikit-learn's, equal scores are one step.

    Parameters
    ----------
    scores : (N,) float
        Larger for what is more suspect; all finite.
    wrong : (N,) bool
    drawn : (1 + B, N) int
        From :func:`counts`; the same ones for every ranking, so that differences are paired.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    found = []
    step = max(1, _CELLS // len(order))
    for start in range(0, len(drawn), step):
        weights = drawn[start : start + step, order].astype(np.float64)
        hits, read = np.cumsum(weights * wrong[order], axis=1)[:, ends], np.cumsum(weights, axis=1)[:, ends]
        gained = np.diff(hits, axis=1, prepend=0)
        precision = np.divide(hits, read, out=np.zeros_like(hits), where=read > 0)
        found.append((gained * precision).sum(axis=1) / hits[:, -1])
    return np.concatenate(found)
