"""What the learnt order knows of each row before anybody has judged one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import rankdata

from auditor.arrays import Vectors
from auditor.estimate.nearest import whole_vectors

FOLDS = 5
CONSTANT, STATIC = 0, 1
"""Columns of the design; the signals follow."""
NEARBY_TO = 2_000_000
"""Rows above which verdicts do not speak for similar texts: lists and vectors take some 450 bytes a row."""
STEP, _FARTHEST = 2.0**-10, 7.0


@dataclass(frozen=True)
class Facts:
    """N rows, as the model sees them.

    Attributes
    ----------
    design : (N, 2 + S) float32
        One, the static order as a normal score (the most suspect row has the largest), and the signals; multiples of
        2**-10, so that sums of their products are exact.
    given, pair : (N,) int32
        Codes of the given label, and of the pair given → suggested.
    labels, pairs : int
        How many codes there are of either.
    fold : (N,) int8
        Each row's, by its place in the dataset.
    vectors : (N, D) float32 or None
        From :func:`auditor.estimate.nearest.whole_vectors`.
    """

    design: npt.NDArray[np.float32]
    given: npt.NDArray[np.int32]
    pair: npt.NDArray[np.int32]
    labels: int
    pairs: int
    fold: npt.NDArray[np.int8]
    vectors: Vectors | None

    @classmethod
    def of(
        cls,
        rank: npt.NDArray[np.integer],
        given: npt.NDArray[np.integer],
        suggested: npt.NDArray[np.integer],
        signals: npt.NDArray[np.floating],
        vectors: npt.NDArray[np.floating] | None = None,
    ) -> Self:
        """Gather them from a run.

        Parameters
        ----------
        rank : (N,) int
            Of the static order, the smallest for the most suspect row; no two alike.
        given, suggested : (N,) int
            Codes of the given label and of the likeliest other one; -1 where there is none.
        signals : (N, S) float
            1 is most suspect; NaN where a signal says nothing. Only each one's order counts.
        vectors : (N, D) float, optional
            Of the texts. Without them, or above :data:`NEARBY_TO` rows, verdicts do not speak for similar texts.
        """
        rows = len(rank)
        place = np.empty(rows, np.int64)
        place[np.argsort(rank, kind="stable")] = np.arange(rows)
        columns = [np.ones(rows), -ndtri((place + 0.5) / max(rows, 1))]
        columns += [_normal_scores(signal) for signal in np.asarray(signals).T]
        design = np.empty((rows, len(columns)), np.float32)
        for number, column in enumerate(columns):
            design[:, number] = np.rint(np.clip(column, -_FARTHEST, _FARTHEST) / STEP) * STEP
        labels = int(max(given.max(initial=-1), suggested.max(initial=-1))) + 1
        kinds, pair = np.unique(given.astype(np.int64) * (labels + 1) + suggested + 1, return_inverse=True)
        mixed = np.arange(rows, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(33)
        return cls(
            design=design,
            given=given.astype(np.int32),
            pair=pair.astype(np.int32),
            labels=labels,
            pairs=len(kinds),
            fold=(mixed % np.uint64(FOLDS)).astype(np.int8),
            vectors=None if vectors is None or rows > NEARBY_TO else whole_vectors(vectors),
        )

    def __len__(self) -> int:
        """N."""
        return len(self.given)

    def take(self, rows: npt.NDArray[np.integer]) -> Self:
        """Of some rows alone, all they had before."""
        vectors = None if self.vectors is None else self.vectors[rows]
        parts = self.design[rows], self.given[rows], self.pair[rows]
        return type(self)(*parts, self.labels, self.pairs, self.fold[rows], vectors)


def _normal_scores(signal: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """(N,) a signal as normal scores of mean 0 and deviation 1; equal values share one, and what is missing has 0."""
    scores, finite = np.zeros(len(signal)), np.isfinite(signal)
    if finite.any():
        place = rankdata(signal[finite])
        found = ndtri((place - 0.5) / len(place))
        found -= found.mean()
        spread = found.std()
        scores[finite] = found / spread if spread > STEP else 0.0
    return scores
