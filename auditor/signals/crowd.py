"""Crowd: what the raters' votes and the models' probabilities come to together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from auditor.data.labels.votes import Codes, Votes
from auditor.signals.crowdlab import crowdlab
from auditor.signals.dawid_skene import dawid_skene

Method = Literal["dawid_skene", "crowdlab"]


@dataclass(frozen=True)
class Crowd:
    """Of N rows and M raters.

    Attributes
    ----------
    posterior : (N, K) float32
        Probability of each label by votes and models; in rows without a vote, by the models alone, on the same scale.
        NaN where the models have not judged the row.
    label : (N,) int32
        The most likely label; -1 where the posterior is NaN.
    voted : (N,) bool
        Rows with a vote and a posterior.
    quality : (M,) float64
        How far each rater can be trusted, in [0, 1]; NaN for one none of whose rows has a posterior.
    """

    posterior: npt.NDArray[np.float32]
    label: Codes
    voted: npt.NDArray[np.bool_]
    quality: npt.NDArray[np.float64]


def weigh(
    votes: Votes,
    consensus: npt.NDArray[np.float32],
    method: Method = "dawid_skene",
    unlearnt: npt.NDArray[np.bool_] | None = None,
) -> Crowd | None:
    """Weigh raters and models against each other.

    Parameters
    ----------
    votes : Votes
    consensus : (N, K) float32
        Of the models, out-of-fold; NaN rows are not judged.
    method : str
        ``dawid_skene`` (:func:`auditor.signals.dawid_skene.dawid_skene`) or ``crowdlab``
        (:func:`auditor.signals.crowdlab.crowdlab`).
    unlearnt : (K,) bool, optional
        Labels that no row is given: the models do not know them, which says nothing against them. Before anybody votes,
        each is as likely as its share of the votes.

    Returns
    -------
    Crowd or None
        None where no judged row has two votes: then nobody can be weighed against anybody.
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
    here = judged[votes.row]
    place = np.cumsum(judged) - 1
    found, quality = compute(
        place[votes.row[here]],
        votes.rater[here],
        votes.label[here],
        prior,
        len(votes.raters),
    )
    posterior = np.full(consensus.shape, np.nan, dtype=np.float32)
    posterior[rows] = found
    label = np.full(len(consensus), -1, dtype=np.int32)
    label[rows] = posterior[rows].argmax(axis=1)
    return Crowd(posterior, label, judged & (number > 0), quality)


def crowd_posterior(votes: Votes, consensus: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(N, K) probability of each label by :func:`weigh`; the consensus itself where nobody can be weighed."""
    crowd = weigh(votes, consensus)
    return consensus if crowd is None else crowd.posterior
