"""CROWDLAB: the probability of each label, from the raters' votes and the models' probabilities together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.arrays import Codes, Counts, Float64, LabelCodes, Mask, RowIndex

_LEAST = 1e-6
"""Least weight and least error, as cleanlab has them."""


@dataclass(frozen=True)
class _Weights:
    """Of the models, of each rater, and how likely a rater chooses the right label, and each wrong one."""

    model: float
    rater: Float64
    right: float
    wrong: float


def crowdlab(
    row: RowIndex, rater: Codes, label: LabelCodes, prior: Float64, num_raters: int
) -> tuple[Float64, Float64]:
    """Weigh raters and models by how well they agree with each other.

    CROWDLAB (Goh, Tkachenko and Mueller 2022, *Utilizing supervised models to infer consensus labels and their quality
    from data with multiple annotators*): each rater weighs as much as the others confirm that rater's votes, the models
    as much as they confirm the raters'; both above what always choosing the most frequent label would come to.
    It is what ``cleanlab.multiannotator.get_label_quality_multiannotator`` computes, on the votes that there are
    instead of on a dense table of rows × raters, in which every pair of raters is compared on all rows.

    Parameters
    ----------
    row, rater, label : (V,) int
        The votes, by place among R rows, M raters and K labels; some row has two.
    prior : (R, K) float64
        The models' probabilities, out-of-fold.
    num_raters : int
        M.

    Returns
    -------
    posterior : (R, K) float64
        In rows without a vote, the prior.
    quality : (M,) float64
        The mean posterior of what the rater chose, and the share of these choices that are the most likely label,
        weighed as models and raters are. NaN for a rater without a vote.
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
    """V votes on R rows, and how many there are: (R,) of each row, (V,) of the same label on the same row."""

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
        """(V,) whether somebody else voted on the row, too."""
        return self.votes[self.row] > 1

    def by_rater(self, values: npt.NDArray[np.generic]) -> Float64:
        """(M,) sums over each rater's votes."""
        return np.bincount(self.rater, weights=values, minlength=self.num_raters).astype(np.float64)


def _majority(counts: _Counts, prior: Float64) -> LabelCodes:
    """(R,) most frequent label; at a tie the likelier one for the models, then the rarer one, then the first."""
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
    agreement[others == 0] = agreement[others > 0].mean()  # nobody to compare with: as good as the others
    wrong = np.mean(prior[shared].argmax(axis=1) != chosen[shared])
    return _Weights(
        model=max(1 - float(wrong) / baseline, _LEAST) * float(np.sqrt(counts.votes.mean())),
        rater=np.maximum(1 - (1 - agreement) / baseline, _LEAST),
        right=right,
        wrong=(1 - right) / max(classes - 1, 1),
    )


def _posterior(counts: _Counts, prior: Float64, chosen: LabelCodes) -> tuple[_Weights, Float64]:
    """(R, K) mean of the models' probabilities and of what each vote says, by weight."""
    weights = _weigh(counts, prior, chosen)
    weight = weights.rater[counts.rater]
    of_raters = np.bincount(counts.row, weights=weight, minlength=len(prior))
    for_label = np.bincount(counts.row * prior.shape[1] + counts.label, weights=weight, minlength=prior.size)
    likely = prior * weights.model + weights.wrong * of_raters[:, None]
    likely += (weights.right - weights.wrong) * for_label.reshape(prior.shape)
    return weights, likely / (of_raters + weights.model)[:, None]


def _likeliest(likely: Float64, otherwise: LabelCodes) -> LabelCodes:
    """(R,) most likely label; the other one where several are."""
    best = likely.max(axis=1)
    tied = (likely == best[:, None]).sum(axis=1) > 1
    return np.where(tied, otherwise, likely.argmax(axis=1))


def _quality(counts: _Counts, weights: _Weights, likely: Float64, chosen: LabelCodes) -> Float64:
    """(M,) quality, as cleanlab's ``annotator_quality``; a rater who shares no row is judged by the posterior alone."""
    each = counts.by_rater(np.ones(len(counts.row)))
    mean = np.divide(
        counts.by_rater(likely[counts.row, counts.label]), each, out=np.full(len(each), np.nan), where=each > 0
    )
    shared = counts.is_shared
    known = counts.by_rater(shared)
    agreed = counts.by_rater(shared & (counts.label == chosen[counts.row]))
    agreement = np.divide(agreed, known, out=mean.copy(), where=known > 0)
    of_raters = weights.rater[each > 0].mean() * counts.votes.mean()
    share = weights.model / (weights.model + of_raters)
    quality: Float64 = share * mean + (1 - share) * agreement
    return quality
