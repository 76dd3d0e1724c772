"""The consensus: one distribution over the labels for each row, from those of all models and all neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, softmax

from auditor.config import PROBABILITY_FLOOR as _FLOOR
from auditor.config import ConsensusConfig
from auditor.detection.consensus.neighbourhoods import Neighbourhoods
from auditor.detection.consensus.votes import Rows, Votes
from auditor.detection.consensus.weights import learn_temperature, learn_weights
from auditor.models.scores import floored

_LEAST = 1e-4
"""No true label is less likely by its neighbourhood than this: the model is too simple to be that sure."""
_ROWS, _CELLS, _BLOCK = 20_000, 1 << 22, 1 << 22
_PARTS = 5

Chances = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Consensus:
    """What all experts come to.

    Attributes
    ----------
    probabilities : (N, K) float32
        Of the label, without the row's own; NaN in the rows that some model has not judged.
    weights : mapping of str to float
        How far each expert is trusted: the exponent that it has in the end, as a mean over the rows.
    shares : (K,) float64
        Estimated shares of the true labels.
    """

    probabilities: npt.NDArray[np.float32]
    weights: Mapping[str, float]
    shares: Chances


@dataclass(frozen=True)
class _Experts:
    """Models and votes, asked for some rows at a time."""

    models: Mapping[str, npt.NDArray[np.float32]]
    votes: Mapping[str, Votes]

    @property
    def names(self) -> list[str]:
        return [*sorted(self.models), *sorted(self.votes)]  # sums of floats depend on the order

    def logs(self, rows: Rows) -> Chances:
        """(M, n, K) log-probabilities."""
        models = [np.log(floored(self.models[name][rows]), dtype=np.float64) for name in sorted(self.models)]
        return np.stack([*models, *(np.log(self.votes[name].shares(rows)) for name in sorted(self.votes))])


@dataclass(frozen=True)
class _Trust:
    """What was learnt for a part of the rows: weights of the M experts, and the exponent that calibrates the whole."""

    weights: Chances
    exponent: float

    def exponents(self, pool: _Pool) -> Chances:
        """(M,) what the experts' distributions are raised to in the consensus itself."""
        exponents: Chances = self.exponent * (1 - pool.share) * self.weights
        return exponents


@dataclass(frozen=True)
class _Pool:
    """All that goes into the consensus but what is learnt."""

    experts: _Experts
    around: Neighbourhoods | None
    given: Chances
    config: ConsensusConfig

    @property
    def share(self) -> float:
        """What the neighbourhoods weigh; the experts have the rest."""
        return self.config.neighbourhoods if self.around else 0.0

    def logs(self, weights: Chances, rows: Rows, said: Chances | None = None) -> Chances:
        """(n, K) logs, not normalised: experts' product, neighbourhoods' part, and the labels' shares set right.

        ``said`` are the experts' (M, n, K) logs, if they are known.
        """
        said = self.experts.logs(rows) if said is None else said
        logs: Chances = log_softmax(np.tensordot(weights, said, 1), axis=1)
        if self.around is None:
            return logs
        near = np.log(np.maximum(softmax(self.around.logs(rows), axis=1), _LEAST))
        most = np.log(self.config.largest_shift)
        shift = np.clip(np.log(self.around.shares) - np.log(self.given), -most, most)
        corrected: Chances = (1 - self.share) * logs + self.share * near + shift
        return corrected


def consensus(
    models: Mapping[str, npt.NDArray[np.float32]],
    votes: Mapping[str, Votes],
    labels: npt.NDArray[np.int32],
    folds: npt.NDArray[np.integer],
    around: Neighbourhoods | None = None,
    config: ConsensusConfig | None = None,
    seed: int = 0,
) -> Consensus:
    """Pool what is known of each row without its own label.

    The experts, each a model's out-of-fold probabilities or the votes of a row's neighbours, are multiplied, each
    with an exponent that says how far it is trusted (a logarithmic opinion pool, Genest and Zidek 1986). The exponents
    are learnt from the given labels of other folds (:func:`learn_weights`). That alone would also trust a model for
    having learnt systematic mistakes; so a model that knows only how the neighbourhoods are labelled
    (:class:`Neighbourhoods`) joins with a fixed weight, and labels that it finds used too often lose, by the ratio of
    their estimated true share to the given one. An exponent of the whole, learnt in the same way by the log-loss, makes
    of it a calibrated probability of the given label; whether that of the true one depends on the noise.

    What is counted over the whole dataset does know each row's own label, as one among its class: shares of the labels,
    confusions between neighbours, and the vote that the row has in other folds. In a class of twenty rows that hardly
    matters; in one of three, a row's own label moves its probability by up to a quarter.

    Parameters
    ----------
    models : mapping of str to (N, K) float32 array
        Out-of-fold, by name; one at least. Their order does not matter. Rows of NaN are not judged.
    votes : mapping of str to Votes
        By the name of the space of vectors.
    labels : (N,) int32
        Codes of the given labels.
    folds : (N,) int
        Rows of a fold get weights that were learnt from others.
    around : Neighbourhoods, optional
        Without it, the product of the experts is all that there is.
    config : ConsensusConfig, optional
    seed : int
        Of the samples that are learnt from, where there are very many rows.

    Returns
    -------
    Consensus
    """
    config = config or ConsensusConfig()
    experts, shape = _Experts(models, votes), next(iter(models.values())).shape
    pooled = np.full(shape, np.nan, dtype=np.float32)
    rows = judged_by(models)
    given = (np.bincount(labels[rows], minlength=shape[1]) + 0.5) / (len(rows) + shape[1] / 2)
    if not len(rows):
        return Consensus(pooled, dict.fromkeys(experts.names, 0.0), given)
    parts, pool = _parts(rows, folds, experts), _Pool(experts, around, given, config)
    trusts = _cross_fitted(pool, labels, rows, parts, seed)
    for block, part in _blocks(rows, parts, shape[1]):
        chances = np.maximum(softmax(trusts[part].exponent * pool.logs(trusts[part].weights, block), axis=1), _FLOOR)
        pooled[block] = chances / chances.sum(axis=1, keepdims=True)
    sizes = np.bincount(parts, minlength=len(trusts))
    weights = np.average([each.exponents(pool) for each in trusts], axis=0, weights=sizes)
    mean = dict(zip(experts.names, weights.tolist(), strict=True))
    return Consensus(pooled, mean, around.shares if around else given)


def judged_by(models: Mapping[str, npt.NDArray[np.float32]]) -> Rows:
    """(n,) rows that every model has judged."""
    return np.flatnonzero(~np.any([np.isnan(model).any(axis=1) for model in models.values()], axis=0))


def _parts(rows: Rows, folds: npt.NDArray[np.integer], experts: _Experts) -> npt.NDArray[np.intp]:
    """(n,) number of each judged row's part: a few folds, or one of two halves where all are of one fold.

    The halves are every other row by what the models say of it, so that it does not matter in which order rows come.
    """
    _, of_fold = np.unique(folds[rows], return_inverse=True)
    parts: Rows = of_fold % _PARTS
    if parts.any():
        return parts
    said = np.concatenate([experts.models[name][rows] for name in sorted(experts.models)], axis=1)
    parts[np.lexsort(said.T)] = np.arange(len(rows)) % 2
    return parts


def _cross_fitted(
    pool: _Pool, labels: npt.NDArray[np.int32], rows: Rows, parts: npt.NDArray[np.intp], seed: int
) -> list[_Trust]:
    """What is learnt for each part from the others; from all rows where there is no other."""
    most = min(_ROWS, max(1, _CELLS // (len(pool.given) * len(pool.experts.names))))
    sample = np.arange(len(rows))
    if len(rows) > most:
        sample = np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))
    logs, parts_of = pool.experts.logs(rows[sample]), parts[sample]
    trusts = []
    for part in range(int(parts.max()) + 1):
        others = parts_of != part
        others = others if others.any() else ~others
        there, said = rows[sample[others]], logs[:, others]
        weights = learn_weights(said, labels[there], pool.config.robustness)
        trusts.append(_Trust(weights, learn_temperature(pool.logs(weights, there, said), labels[there])))
    return trusts


def _blocks(rows: Rows, parts: npt.NDArray[np.intp], classes: int) -> Iterator[tuple[Rows, int]]:
    """All rows, part by part, as many at a time as memory bears."""
    step = max(1, _BLOCK // classes // 8)
    for part in range(int(parts.max()) + 1):
        here = rows[parts == part]
        for start in range(0, len(here), step):
            yield here[start : start + step], part
