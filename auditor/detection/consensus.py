"""The consensus: one distribution over the labels for each row, from those of all models and all neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, softmax

from auditor.config import PROBABILITY_FLOOR, ConsensusConfig
from auditor.detection.neighbourhoods import Neighbourhoods
from auditor.detection.votes import Rows, Votes
from auditor.detection.weights import learn_weights
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
        How far each expert is trusted: its mean exponent.
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
    their estimated true share to the given one.

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
    parts = _parts(rows, folds)
    weights = _cross_fitted(experts, labels, rows, parts, config.robustness, seed)
    for block, part in _blocks(rows, parts, shape[1]):
        logs = log_softmax(np.tensordot(weights[part], experts.logs(block), 1), axis=1)
        if around:
            logs = _corrected(logs, around, block, given, config)
        chances = np.maximum(softmax(logs, axis=1), PROBABILITY_FLOOR)
        pooled[block] = chances / chances.sum(axis=1, keepdims=True)
    mean = np.average(weights, axis=0, weights=np.bincount(parts, minlength=len(weights)))
    return Consensus(pooled, dict(zip(experts.names, mean.tolist(), strict=True)), around.shares if around else given)


def judged_by(models: Mapping[str, npt.NDArray[np.float32]]) -> Rows:
    """(n,) rows that every model has judged."""
    return np.flatnonzero(~np.any([np.isnan(model).any(axis=1) for model in models.values()], axis=0))


def _corrected(
    logs: Chances,
    around: Neighbourhoods,
    rows: Rows,
    given: Chances,
    config: ConsensusConfig,
) -> Chances:
    """(n, K) logs, with the neighbourhoods' share in them and the labels' shares set right."""
    near = np.log(np.maximum(softmax(around.logs(rows), axis=1), _LEAST))
    most = np.log(config.largest_shift)
    shift = np.clip(np.log(around.shares) - np.log(given), -most, most)
    corrected: Chances = (1 - config.neighbourhoods) * logs + config.neighbourhoods * near + shift
    return corrected


def _parts(rows: Rows, folds: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
    """(n,) number of each judged row's part: a few folds, or every other row where all are of one fold."""
    _, parts = np.unique(folds[rows], return_inverse=True)
    return parts % _PARTS if parts.any() else np.arange(len(rows)) % 2


def _cross_fitted(
    experts: _Experts,
    labels: npt.NDArray[np.int32],
    rows: Rows,
    parts: npt.NDArray[np.intp],
    robustness: float,
    seed: int,
) -> Chances:
    """(P, M) weights for each part, learnt from the others; from all rows where there is no other."""
    classes = next(iter(experts.models.values())).shape[1]
    most = min(_ROWS, max(1, _CELLS // (classes * len(experts.names))))
    sample = np.arange(len(rows))
    if len(rows) > most:
        sample = np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))
    logs, parts_of = experts.logs(rows[sample]), parts[sample]
    weights = []
    for part in range(int(parts.max()) + 1):
        others = parts_of != part
        others = others if others.any() else ~others
        weights.append(learn_weights(logs[:, others], labels[rows[sample[others]]], robustness))
    return np.array(weights)


def _blocks(rows: Rows, parts: npt.NDArray[np.intp], classes: int) -> Iterator[tuple[Rows, int]]:
    """All rows, part by part, as many at a time as memory bears."""
    step = max(1, _BLOCK // classes // 8)
    for part in range(int(parts.max()) + 1):
        here = rows[parts == part]
        for start in range(0, len(here), step):
            yield here[start : start + step], part
