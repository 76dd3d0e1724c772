"""CROWDLAB: joint probabilities of labels, from raters' votes and models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.arrays import Codes, Counts, Float64, LabelCodes, Mask, RowIndex

_LEAST = 1e-6
"""Least weight and least error, as in cleanlab."""


@dataclass(frozen=True)
class _Weights:
    """Weights of models and raters, and a rater's probability of the correct label and of each wrong one."""

    model: float
    rater: Float64
    right: float
    wrong: float


def crowdlab(
    row: RowIndex, rater: Codes, label: LabelCodes, prior: Float64, num_raters: int
) -> tuple[Float64, Float64]:
    """Weigh raters and models by their agreement with each other.

    CROWDLAB (Goh, Tkachenko and Mueller 2022, *Utilizing supervised models to infer consensus labels and their quality
    from data with multiple annotators*): a rater's weight grows with the agreement of the other raters, the models'
    weight with their agreement with the raters; both are relative to always choosing the most frequent label. The
    result equals that of ``cleanlab.multiannotator.get_label_quality_multiannotator``, but is computed from a list of
    votes, not from a dense table of rows × raters.

    Parameters
    ----------
    row, rater, label : (V,) int
        The votes, as positions among R rows, M raters and K labels; at least one row has two.
    prior : (R, K) float64
        The models' probabilities, out-of-fold.
    num_raters : int
        M.

    Returns
    -------
    posterior : (R, K) float64
        Joint probabilities; in rows without a vote, the prior.
    quality : (M,) float64
        Weighted mean of two numbers: the mean posterior of the rater's votes, and the share of these votes that are
        the likeliest label. NaN for a rater without a vote.
    """
    voted, place = np.unique(row, return_inverse=True)
    posterior, prior = prior.copy(), prior[voted]
    counts = _Counts.of(place, rater, label, prior.shape, num_raters)
    chosen = _majority(counts, prior)
    weights, likely = _posterior(counts, prior, chosen)
    chosen = _likeliest(likely, chosen)
    weights, likely = _posterior(counts, prior, chosen)
    posterior[voted] = likely
    return posterior, _quality(counts, weights, likely, chosen)


@dataclass(frozen=True)
class _Counts:
    """V votes on R rows, with counts: (R,) votes per row, (V,) votes for the same label on the same row."""

    row: RowIndex
    rater: Codes
    label: LabelCodes
    votes: Counts
    same: Counts
    num_raters: int

    @classmethod
    def of(cls, row: RowIndex, rater: Codes, label: LabelCodes, shape: tuple[int, ...], num_raters: int) -> _Counts:
        _, inverse, same = np.unique(row * shape[1] + label, return_inverse=True, return_counts=True)
        return cls(row, rater, label, np.bincount(row, minlength=shape[0]), same[inverse], num_raters)

    @property
    def is_shared(self) -> Mask:
        """(V,) whether another rater voted on the row."""
        return self.votes[self.row] > 1

    def by_rater(self, values: npt.NDArray[np.generic]) -> Float64:
        """Return the (M,) sums over each rater's votes."""
        return np.bincount(self.rater, weights=values, minlength=self.num_raters).astype(np.float64)


def _majority(counts: _Counts, prior: Float64) -> LabelCodes:
    """Return the (R,) majority label; at a tie, the one likelier by the models, then the rarer, then the first."""
    frequency = np.bincount(counts.label, minlength=prior.shape[1])
    keys = (counts.label, frequency[counts.label], -prior[counts.row, counts.label], -counts.same, counts.row)
    order = np.lexsort(keys)
    _, first = np.unique(counts.row[order], return_index=True)
    return counts.label[order[first]]


def _weigh(counts: _Counts, prior: Float64, chosen: LabelCodes) -> _Weights:
    shared, classes = counts.votes > 1, prior.shape[1]
    agrees = np.bincount(counts.row, weights=counts.label == chosen[counts.row], minlength=len(prior)) / counts.votes
    right = float(agrees[shared].mean())
    most = np.bincount(chosen[shared], minlength=classes).max()
    baseline = max(1 - most / shared.sum(), _LEAST)
    others = counts.by_rater(counts.votes[counts.row] - 1)
    agreement = np.divide(counts.by_rater(counts.same - 1), others, out=np.full(len(others), np.nan), where=others > 0)
    agreement[others == 0] = agreement[others > 0].mean()  # without other raters to compare with: the mean
    wrong = np.mean(prior[shared].argmax(axis=1) != chosen[shared])
    return _Weights(
        model=max(1 - float(wrong) / baseline, _LEAST) * float(np.sqrt(counts.votes.mean())),
        rater=np.maximum(1 - (1 - agreement) / baseline, _LEAST),
        right=right,
        wrong=(1 - right) / max(classes - 1, 1),
    )


def _posterior(counts: _Counts, prior: Float64, chosen: LabelCodes) -> tuple[_Weights, Float64]:
    """Return the (R, K) weighted mean of the models' probabilities and the votes'."""
    weights = _weigh(counts, prior, chosen)
    weight = weights.rater[counts.rater]
    of_raters = np.bincount(counts.row, weights=weight, minlength=len(prior))
    for_label = np.bincount(counts.row * prior.shape[1] + counts.label, weights=weight, minlength=prior.size)
    likely = prior * weights.model + weights.wrong * of_raters[:, None]
    likely += (weights.right - weights.wrong) * for_label.reshape(prior.shape)
    return weights, likely / (of_raters + weights.model)[:, None]


def _likeliest(likely: Float64, otherwise: LabelCodes) -> LabelCodes:
    """Return the (R,) likeliest label; at a tie, ``otherwise``."""
    best = likely.max(axis=1)
    tied = (likely == best[:, None]).sum(axis=1) > 1
    return np.where(tied, otherwise, likely.argmax(axis=1))


def _quality(counts: _Counts, weights: _Weights, likely: Float64, chosen: LabelCodes) -> Float64:
    """Return the (M,) quality, as cleanlab's ``annotator_quality``; without shared rows, only the posterior counts."""
    votes_of = counts.by_rater(np.ones(len(counts.row)))
    mean = np.divide(
        counts.by_rater(likely[counts.row, counts.label]),
        votes_of,
        out=np.full(len(votes_of), np.nan),
        where=votes_of > 0,
    )
    shared = counts.is_shared
    shared_votes = counts.by_rater(shared)
    agreed = counts.by_rater(shared & (counts.label == chosen[counts.row]))
    agreement = np.divide(agreed, shared_votes, out=mean.copy(), where=shared_votes > 0)
    of_raters = weights.rater[votes_of > 0].mean() * counts.votes.mean()
    share = weights.model / (weights.model + of_raters)
    quality: Float64 = share * mean + (1 - share) * agreement
    return quality
