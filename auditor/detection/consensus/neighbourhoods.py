"""True labels estimated from neighbourhoods: neighbours mostly share their true label, but not their given one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.special import softmax

from auditor.arrays import Float64, LabelCodes, RowIndex
from auditor.detection.consensus.votes import Votes

INDEPENDENT = 4.0
"""Effective number of a row's neighbours: they resemble each other, so they count as this many independent ones."""
_ROUNDS = 60
_RIGHT = 0.8
"""Initial share of correct labels; from 0.6 or 0.9, the search ends in the same place."""
_ANCHOR = 0.1
"""Weight of the initial confusions beside the data; they keep classes from trading places."""
_ROWS, _CELLS = 50_000, 1 << 23


@dataclass(frozen=True)
class Neighbourhoods:
    """Shares of the true labels, and for each true label the given labels of its neighbours.

    This is a latent class model: the true labels are the latent classes. Given its true label, a row's own label and
    those of its neighbours are drawn independently, each from a confusion matrix (as Dawid and Skene 1979 do with
    raters; that neighbours share their true label is the clusterability of Zhu, Song and Liu 2021). The model detects
    *systematic* confusions of labels, which a classifier would learn to predict.

    Attributes
    ----------
    shares : (K,) float64
        Shares of the true labels.
    votes : tuple of Votes
        Neighbours' votes in each space of vectors.
    confusions : tuple of (K, K) float64
        For each space: true label × label of a neighbour; rows sum to 1.
    """

    shares: Float64
    votes: tuple[Votes, ...]
    confusions: tuple[Float64, ...]

    def logs(self, rows: RowIndex) -> Float64:
        """Return the (n, K) unnormalised log-probabilities of the true labels, from the neighbours' labels alone."""
        # Take 20 neighbours, 15 labelled joy and 5 love, worth 4 votes: 3 joy and 1 love. If neighbours of true joy are
        # labelled joy in 80 % and love in 20 % of cases, and those of true love the other way round, at equal shares,
        # then joy : love = 0.8³ × 0.2 : 0.2³ × 0.8 = 16 : 1. This holds whatever the row's own label is.
        logs = np.log(self.shares) + np.zeros((len(rows), 1))
        for votes, confusion in zip(self.votes, self.confusions, strict=True):
            logs += weighed(votes, rows) @ np.log(confusion).T
        return logs


def weighed(votes: Votes, rows: RowIndex) -> Any:
    """Return the (n, K) sparse counts, scaled to the effective number of neighbours."""
    return votes.counts(rows) * min(1.0, INDEPENDENT / votes.neighbours.shape[1])


def find_neighbourhoods(
    votes: Sequence[Votes], labels: LabelCodes, rows: RowIndex, seed: int, largest_shift: float = 2.0
) -> Neighbourhoods:
    """Fit the model by expectation maximisation.

    The true share of each label stays within a factor of its given share. Otherwise a rare label with mixed
    neighbourhoods can vanish: as its share falls, only its purest rows remain, its confusions look purer than they are,
    and it fits even fewer rows.

    Parameters
    ----------
    votes : sequence of Votes
        Neighbours' votes in one or more spaces of vectors.
    labels : (N,) int32
    rows : (n,) int
        Rows to fit; of many, the seed draws a sample.
    seed : int
    largest_shift : float
        The factor, at least 1.
    """
    classes = votes[0].classes
    most = min(_ROWS, max(1, _CELLS // classes))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    own = csr_array((np.ones(len(rows)), labels[rows], np.arange(len(rows) + 1)), (len(rows), classes))
    seen = [own, *(weighed(space, rows) for space in votes)]
    given = (np.bincount(labels[rows], minlength=classes) + 0.5) / (len(rows) + classes / 2)
    start = _RIGHT * np.eye(classes) + (1 - _RIGHT) * given
    # One extra vote per class: a class with few votes, or none, keeps its initial confusions.
    anchors = [(_ANCHOR * counts.sum() * given + 1)[:, None] * start for counts in seen]
    shares, confusions = np.full(classes, 1 / classes), [start for _ in seen]
    for _ in range(_ROUNDS):
        fits = [counts @ np.log(confusion).T for counts, confusion in zip(seen, confusions, strict=True)]
        logs = np.log(shares) + sum(fits)
        chances = softmax(logs, axis=1)
        shares = (chances.sum(axis=0) + 0.5) / (len(rows) + classes / 2)
        shares = np.clip(shares, given / largest_shift, given * largest_shift)
        shares /= shares.sum()
        confusions = [_confusion(counts.T @ chances, anchor) for counts, anchor in zip(seen, anchors, strict=True)]
    return Neighbourhoods(shares, tuple(votes), tuple(confusions[1:]))


def _confusion(together: Float64, anchor: Float64) -> Float64:
    """Return the (K, K) true × given shares, from given × true counts."""
    counts = together.T + anchor
    confusion: Float64 = counts / counts.sum(axis=1, keepdims=True)
    return confusion
