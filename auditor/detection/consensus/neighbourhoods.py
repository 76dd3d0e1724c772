"""What the true labels may be when neighbours mostly share theirs: a model of how true labels turn into given ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.special import softmax

from auditor.detection.consensus.votes import Rows, Votes

INDEPENDENT = 4.0
"""The neighbours of a row resemble each other: all together they count as so many that are drawn at random."""
_ROUNDS = 60
_RIGHT = 0.8
"""Share of right labels that the search begins from; from 0.6 or 0.9 it ends in the same place."""
_ANCHOR = 0.1
"""What the beginning weighs beside the data to the end, so that no class trades its place with another one."""
_ROWS, _CELLS = 50_000, 1 << 23

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Neighbourhoods:
    """Shares of the true labels, and for each true label what the rows of its neighbourhoods are labelled.

    A latent class model: the true labels are the latent classes, and given its true label, a row's own label and the
    labels of its neighbours are drawn independently, each from a confusion matrix (as Dawid and Skene 1979 do with
    raters; that neighbours share their true label is the clusterability of Zhu, Song and Liu 2021). What labels are
    taken for one another *systematically* shows in it, where a classifier learns to foresee it.

    Attributes
    ----------
    shares : (K,) float64
        Of the true labels.
    votes : tuple of Votes
        In each space of vectors.
    confusions : tuple of (K, K) float64
        For each space: true label × label of a neighbour; rows sum to 1.
    """

    shares: Shares
    votes: tuple[Votes, ...]
    confusions: tuple[Shares, ...]

    def logs(self, rows: Rows) -> Shares:
        """(n, K) log of the true labels' chances, by the neighbours' labels alone; not normalised."""
        logs = np.log(self.shares) + np.zeros((len(rows), 1))
        for votes, confusion in zip(self.votes, self.confusions, strict=True):
            logs += weighed(votes, rows) @ np.log(confusion).T
        return logs


def weighed(votes: Votes, rows: Rows) -> Any:
    """(n, K) sparse counts, scaled to what they are worth."""
    return votes.counts(rows) * min(1.0, INDEPENDENT / votes.neighbours.shape[1])


def find_neighbourhoods(
    votes: Sequence[Votes], labels: npt.NDArray[np.int32], rows: Rows, seed: int, largest_shift: float = 2.0
) -> Neighbourhoods:
    """Find the likeliest model by expectation maximisation.

    No true label's share may leave the given label's by more than a factor. Without that, a rare label whose
    neighbourhoods are mixed can vanish: as its share falls, it is left with the few rows among their like, looks purer
    than it is, and fits still fewer.

    Parameters
    ----------
    votes : sequence of Votes
        In one or more spaces of vectors.
    labels : (N,) int32
    rows : (n,) int
        Whose labels are explained; of many, a sample drawn by seed.
    seed : int
    largest_shift : float
        The factor, 1 or more.
    """
    classes = votes[0].classes
    most = min(_ROWS, max(1, _CELLS // classes))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    own = csr_array((np.ones(len(rows)), labels[rows], np.arange(len(rows) + 1)), (len(rows), classes))
    seen = [own, *(weighed(each, rows) for each in votes)]
    given = (np.bincount(labels[rows], minlength=classes) + 0.5) / (len(rows) + classes / 2)
    start = _RIGHT * np.eye(classes) + (1 - _RIGHT) * given
    # One vote more for each class: one that has few, or none at all, stays what it began as.
    anchors = [(_ANCHOR * counts.sum() * given + 1)[:, None] * start for counts in seen]
    shares, confusions = np.full(classes, 1 / classes), [start for _ in seen]
    for _ in range(_ROUNDS):
        logs = np.log(shares) + sum(counts @ np.log(each).T for counts, each in zip(seen, confusions, strict=True))
        chances = softmax(logs, axis=1)
        shares = (chances.sum(axis=0) + 0.5) / (len(rows) + classes / 2)
        shares = np.clip(shares, given / largest_shift, given * largest_shift)
        shares /= shares.sum()
        confusions = [_confusion(counts.T @ chances, anchor) for counts, anchor in zip(seen, anchors, strict=True)]
    return Neighbourhoods(shares, tuple(votes), tuple(confusions[1:]))


def _confusion(together: Shares, anchor: Shares) -> Shares:
    """(K, K) true × given shares, from given × true counts."""
    counts = together.T + anchor
    confusion: Shares = counts / counts.sum(axis=1, keepdims=True)
    return confusion
