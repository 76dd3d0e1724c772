"""Crowd: the joint probabilities of labels, from raters' votes and models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from auditor.arrays import Codes, Float32, Float64, Mask, Probabilities
from auditor.data.labels.votes import Votes
from auditor.signals.crowdlab import crowdlab
from auditor.signals.dawid_skene import dawid_skene

Method = Literal["dawid_skene", "crowdlab"]


@dataclass(frozen=True)
class Crowd:
    """Joint probabilities of N rows, and the quality of M raters.

    Attributes
    ----------
    posterior : (N, K) float32
        Probability of each label from votes and models; in rows without a vote, from the models alone. NaN in rows
        that the models have not judged.
    label : (N,) int32
        The most likely label; -1 where the posterior is NaN.
    voted : (N,) bool
        Rows with a vote and a posterior.
    quality : (M,) float64
        Estimated reliability of each rater, in [0, 1]; NaN for a rater none of whose rows has a posterior.
    """

    posterior: Probabilities
    label: Codes
    voted: Mask
    quality: Float64


def weigh(
    votes: Votes,
    consensus: Probabilities,
    method: Method = "dawid_skene",
    unlearnt: Mask | None = None,
) -> Crowd | None:
    """Weigh raters and models against each other.

    Parameters
    ----------
    votes : Votes
    consensus : (N, K) float32
        Out-of-fold consensus of the models; NaN in rows that are not judged.
    method : str
        ``dawid_skene`` (:func:`auditor.signals.dawid_skene.dawid_skene`) or ``crowdlab``
        (:func:`auditor.signals.crowdlab.crowdlab`).
    unlearnt : (K,) bool, optional
        Labels that no row is given, so the models could not learn them. Their prior is their share of the votes.

    Returns
    -------
    Crowd or None
        None if no judged row has two votes: then raters cannot be compared.
    """
    rows = np.flatnonzero(~np.isnan(consensus).any(axis=1))
    number = np.bincount(votes.row, minlength=len(consensus))
    if not (number[rows] > 1).any():
        return None
    judged = np.zeros(len(consensus), dtype=np.bool_)
    judged[rows] = True
    prior = consensus[rows].astype(np.float64)
    if unlearnt is not None:
        share = (np.bincount(votes.label, minlength=prior.shape[1]) + 0.5) / (len(votes) + prior.shape[1] / 2)
        prior[:, unlearnt] = share[unlearnt]
        prior /= prior.sum(axis=1, keepdims=True)
    compute = dawid_skene if method == "dawid_skene" else crowdlab
    counted = judged[votes.row]
    place = np.cumsum(judged) - 1
    found, quality = compute(
        place[votes.row[counted]],
        votes.rater[counted],
        votes.label[counted],
        prior,
        len(votes.raters),
    )
    posterior = np.full(consensus.shape, np.nan, dtype=np.float32)
    posterior[rows] = found
    label = np.full(len(consensus), -1, dtype=np.int32)
    label[rows] = posterior[rows].argmax(axis=1)
    return Crowd(posterior, label, judged & (number > 0), quality)


def crowd_posterior(votes: Votes, consensus: Probabilities) -> Float32:
    """Return the (N, K) probabilities of :func:`weigh`, or the consensus if raters cannot be compared."""
    crowd = weigh(votes, consensus)
    return consensus if crowd is None else crowd.posterior
