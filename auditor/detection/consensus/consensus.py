"""The consensus: one distribution over the labels for each row, pooled from all models and all neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, softmax

from auditor.arrays import Float32, Float64, LabelCodes, Probabilities, RowIndex
from auditor.config import PROBABILITY_FLOOR as _FLOOR
from auditor.config import ConsensusConfig
from auditor.detection.consensus.neighbourhoods import Neighbourhoods
from auditor.detection.consensus.votes import Votes
from auditor.detection.consensus.weights import learn_temperature, learn_weights
from auditor.models.scores import floored

_LEAST = 1e-4
"""Least probability of a label by its neighbourhood: the model is too simple to be surer."""
_ROWS, _CELLS, _BLOCK = 20_000, 1 << 22, 1 << 22
_PARTS = 5


@dataclass(frozen=True)
class Consensus:
    """The pooled result of all experts.

    Attributes
    ----------
    probabilities : (N, K) float32
        Consensus probabilities, computed without the row's own label; NaN in rows that some model has not judged.
    weights : mapping of str to float
        Final exponent of each expert, averaged over the rows.
    shares : (K,) float64
        Estimated shares of the true labels.
    """

    probabilities: Probabilities
    weights: Mapping[str, float]
    shares: Float64


@dataclass(frozen=True)
class _Experts:
    """Models and neighbours' votes, evaluated for some rows at a time."""

    models: Mapping[str, Float32]
    votes: Mapping[str, Votes]

    @property
    def names(self) -> list[str]:
        return [*sorted(self.models), *sorted(self.votes)]  # sums of floats depend on the order

    def logs(self, rows: RowIndex) -> Float64:
        """Return the (M, n, K) log-probabilities."""
        models = [np.log(floored(self.models[name][rows]), dtype=np.float64) for name in sorted(self.models)]
        return np.stack([*models, *(np.log(self.votes[name].shares(rows)) for name in sorted(self.votes))])


@dataclass(frozen=True)
class _Trust:
    """Weights of the M experts and the calibrating exponent, learnt for one part of the rows."""

    weights: Float64
    exponent: float

    def exponents(self, pool: _Pool) -> Float64:
        """Return the experts' final exponents, (M,)."""
        exponents: Float64 = self.exponent * (1 - pool.share) * self.weights
        return exponents


@dataclass(frozen=True)
class _Pool:
    """All inputs of the consensus except the learnt weights."""

    experts: _Experts
    neighbourhoods: Neighbourhoods | None
    given: Float64
    config: ConsensusConfig

    @property
    def share(self) -> float:
        """Weight of the neighbourhoods; the experts have the rest."""
        return self.config.neighbourhoods if self.neighbourhoods else 0.0

    def logs(self, weights: Float64, rows: RowIndex, expert_logs: Float64 | None = None) -> Float64:
        """Return the (n, K) unnormalised logs: experts' product, neighbourhoods, and the correction of shares.

        ``expert_logs`` are the experts' (M, n, K) logs, if already computed.
        """
        expert_logs = self.experts.logs(rows) if expert_logs is None else expert_logs
        logs: Float64 = log_softmax(np.tensordot(weights, expert_logs, 1), axis=1)
        if self.neighbourhoods is None:
            return logs
        near = np.log(np.maximum(softmax(self.neighbourhoods.logs(rows), axis=1), _LEAST))
        most = np.log(self.config.largest_shift)
        shift = np.clip(np.log(self.neighbourhoods.shares) - np.log(self.given), -most, most)
        corrected: Float64 = (1 - self.share) * logs + self.share * near + shift
        return corrected


def consensus(
    models: Mapping[str, Float32],
    votes: Mapping[str, Votes],
    labels: LabelCodes,
    folds: npt.NDArray[np.integer],
    neighbourhoods: Neighbourhoods | None = None,
    config: ConsensusConfig | None = None,
    seed: int = 0,
) -> Consensus:
    """Pool the evidence on each row without its own label.

    The experts are the models' out-of-fold probabilities and the votes of a row's neighbours. They are multiplied, each
    with an exponent for how far it is trusted (a logarithmic opinion pool, Genest and Zidek 1986). The exponents are
    learnt from the given labels of other folds (:func:`learn_weights`). On their own, they would reward a model for
    learning systematic mistakes. Therefore a model of the neighbourhoods alone (:class:`Neighbourhoods`) joins with a
    fixed weight, and each label is scaled by the ratio of its estimated true share to its given share. A final
    exponent, learnt by the log-loss, calibrates the probability of the given label; how well it fits the true label
    depends on the noise.

    Counts over the whole dataset include each row's own label: shares of the labels, confusions between neighbours, and
    the row's vote in other folds. In a class of twenty rows this hardly matters; in a class of three, a row's own label
    moves its probability by up to a quarter.

    Parameters
    ----------
    models : mapping of str to (N, K) float32 array
        Out-of-fold probabilities by name, in any order; at least one. NaN in rows that are not judged.
    votes : mapping of str to Votes
        Neighbours' votes, by the name of the space of vectors.
    labels : (N,) int32
        Codes of the given labels.
    folds : (N,) int
        Rows of a fold get weights learnt from other folds.
    neighbourhoods : Neighbourhoods, optional
        If None, the consensus is the product of the experts alone.
    config : ConsensusConfig, optional
    seed : int
        Seed of the training samples that are drawn from very many rows.

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
    parts, pool = _parts(rows, folds, experts), _Pool(experts, neighbourhoods, given, config)
    trusts = _cross_fitted(pool, labels, rows, parts, seed)
    for block, part in _blocks(rows, parts, shape[1]):
        chances = np.maximum(softmax(trusts[part].exponent * pool.logs(trusts[part].weights, block), axis=1), _FLOOR)
        pooled[block] = chances / chances.sum(axis=1, keepdims=True)
    sizes = np.bincount(parts, minlength=len(trusts))
    weights = np.average([trust.exponents(pool) for trust in trusts], axis=0, weights=sizes)
    mean = dict(zip(experts.names, weights.tolist(), strict=True))
    return Consensus(pooled, mean, neighbourhoods.shares if neighbourhoods else given)


def judged_by(models: Mapping[str, Float32]) -> RowIndex:
    """Return the (n,) rows that every model has judged."""
    return np.flatnonzero(~np.any([np.isnan(model).any(axis=1) for model in models.values()], axis=0))


def _parts(rows: RowIndex, folds: npt.NDArray[np.integer], experts: _Experts) -> RowIndex:
    """Return the (n,) part of each judged row: a few folds, or one of two halves if there is only one fold.

    The halves are every other row, sorted by the models' probabilities: the order of the rows does not matter.
    """
    _, of_fold = np.unique(folds[rows], return_inverse=True)
    parts: RowIndex = of_fold % _PARTS
    if parts.any():
        return parts
    predicted = np.concatenate([experts.models[name][rows] for name in sorted(experts.models)], axis=1)
    parts[np.lexsort(predicted.T)] = np.arange(len(rows)) % 2
    return parts


def _cross_fitted(pool: _Pool, labels: LabelCodes, rows: RowIndex, parts: RowIndex, seed: int) -> list[_Trust]:
    """Learn weights for each part from the other parts, or from all rows if there is no other part."""
    most = min(_ROWS, max(1, _CELLS // (len(pool.given) * len(pool.experts.names))))
    sample = np.arange(len(rows))
    if len(rows) > most:
        sample = np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))
    logs, parts_of = pool.experts.logs(rows[sample]), parts[sample]
    trusts = []
    for part in range(int(parts.max()) + 1):
        others = parts_of != part
        others = others if others.any() else ~others
        training_rows, training_logs = rows[sample[others]], logs[:, others]
        weights = learn_weights(training_logs, labels[training_rows], pool.config.robustness)
        pooled = pool.logs(weights, training_rows, training_logs)
        trusts.append(_Trust(weights, learn_temperature(pooled, labels[training_rows])))
    return trusts


def _blocks(rows: RowIndex, parts: RowIndex, classes: int) -> Iterator[tuple[RowIndex, int]]:
    """Yield all rows in blocks that fit into memory, part by part."""
    step = max(1, _BLOCK // classes // 8)
    for part in range(int(parts.max()) + 1):
        rows_of_part = rows[parts == part]
        for start in range(0, len(rows_of_part), step):
            yield rows_of_part[start : start + step], part
