"""Our rankings: the audit's own, the quick one without fine-tuning, and what is left of the former without its parts.

Each takes a :class:`cached.Cached` and gives N scores, larger for what is more suspect.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt
from cached import Cached, Floats
from scipy.special import softmax

from auditor.config import ConsensusConfig
from auditor.detection.consensus.consensus import consensus
from auditor.detection.consensus.neighbourhoods import Neighbourhoods, find_neighbourhoods
from auditor.detection.consensus.votes import Votes

Scores = npt.NDArray[np.float64]

FEATURES, LEXICAL, FINETUNED, EARLIER = "features", "lexical", "finetuned", "earlier epochs"
FROZEN, TUNED = "neighbours", "neighbours by the fine-tuned model"
MODELS, SPACES = (FEATURES, LEXICAL, FINETUNED, EARLIER), (FROZEN, TUNED)
QUICK_MODELS = (FEATURES, LEXICAL)


def audit(cached: Cached) -> Scores:
    """``suspicion`` as the audit writes it; rows that are not judged come last."""
    return cached.issues["suspicion"].fillna(-1.0).to_numpy(np.float64)


def pooled(
    cached: Cached,
    models: Collection[str] = MODELS,
    spaces: Collection[str] = SPACES,
    voting: bool = True,
    explained: bool = True,
    repeats: bool = True,
    **options: float,
) -> Scores:
    """One minus the consensus' probability of the given label, from some of the audit's parts alone.

    Parameters
    ----------
    cached : Cached
    models, spaces : collections of str
        What there is.
    voting : bool
        Neighbours are experts.
    explained : bool
        There is a model of the neighbourhoods.
    repeats : bool
        Models that were trained again are means over that.
    **options
        Of ConsensusConfig.
    """
    votes = {name: _votes(cached)[name] for name in spaces}
    chosen = {name: _models(cached, repeats)[name] for name in models}
    neighbourhoods = _neighbourhoods(cached, tuple(spaces)) if explained and spaces else None
    config = ConsensusConfig(**options)
    found = consensus(chosen, votes if voting else {}, cached.labels, cached.folds, neighbourhoods, config, cached.seed)
    return _suspicion(cached, found.probabilities)


def thrice(cached: Sequence[Cached]) -> Scores:
    """What ``--repeats 3`` makes of a set: every model is the mean of its trainings, here those of the three seeds."""
    first, models = cached[0], [_models(run, False) for run in cached]
    means = {name: np.mean([probabilities[name] for probabilities in models], axis=0) for name in MODELS}
    neighbourhoods = _neighbourhoods(first, SPACES)
    found = consensus(means, _votes(first), first.labels, first.folds, neighbourhoods, seed=first.seed)
    return _suspicion(first, found.probabilities)


def plain_mean(cached: Cached) -> Scores:
    """Mean of the three models' log-probabilities: a consensus that trusts all alike."""
    models = _models(cached, True)
    logs = np.mean([np.log(np.maximum(models[name], 1e-6)) for name in (FEATURES, LEXICAL, FINETUNED)], axis=0)
    return _suspicion(cached, softmax(logs, axis=1))


def of_model(cached: Cached, model: str) -> Scores:
    """One minus a single model's probability of the given label."""
    return _suspicion(cached, cached.probabilities[model])


quick = partial(pooled, models=QUICK_MODELS, spaces=(FROZEN,))
OURS: dict[str, Callable[[Cached], Scores]] = {"auditor": audit, "auditor (quick)": quick}
SINGLE = {f"{model} alone": partial(of_model, model=model) for model in (FEATURES, LEXICAL, FINETUNED)}
ABLATION: dict[str, Callable[[Cached], Scores]] = {
    "all parts": pooled,
    "plain mean of the models": plain_mean,
    "weights by log-loss": partial(pooled, robustness=0.0),
    "no model of the neighbourhoods": partial(pooled, explained=False),
    "no correction of shares": partial(pooled, largest_shift=1.0),
    "no votes of neighbours": partial(pooled, voting=False),
    "no neighbours at all": partial(pooled, spaces=()),
    "no neighbours by the fine-tuned model": partial(pooled, spaces=(FROZEN,)),
    "no neighbours by the encoder": partial(pooled, spaces=(TUNED,)),
    "no earlier epochs": partial(pooled, models=(FEATURES, LEXICAL, FINETUNED)),
    "no feature-based model": partial(pooled, models=(LEXICAL, FINETUNED, EARLIER)),
    "no lexical model": partial(pooled, models=(FEATURES, FINETUNED, EARLIER)),
    "no repeats": partial(pooled, repeats=False),
}
"""The whole, and the whole without a part."""

METHODS: dict[str, Callable[[Cached], Scores]] = {
    f"robustness {robustness:g}, neighbourhoods {weight:g}": partial(
        pooled, robustness=robustness, neighbourhoods=weight
    )
    for robustness in (0.0, 0.25, 0.5, 0.75)
    for weight in (0.0, 0.1, 0.2, 0.25, 0.3, 0.4)
}
"""What the default is chosen of."""
DEFAULT = "robustness 0.5, neighbourhoods 0.2"


def _suspicion(cached: Cached, probabilities: Floats) -> Scores:
    return 1.0 - np.nan_to_num(probabilities[np.arange(len(cached.labels)), cached.labels], nan=2.0)


@lru_cache(2)
def _neighbourhoods(cached: Cached, spaces: tuple[str, ...]) -> Neighbourhoods:
    votes = _votes(cached)
    rows = np.arange(len(cached.labels))
    return find_neighbourhoods([votes[name] for name in spaces], cached.labels, rows, cached.seed)


@lru_cache(2)
def _models(cached: Cached, repeats: bool) -> dict[str, Floats]:
    times = cached.repeats if repeats else cached.repeats[:1]
    means = {
        model: np.mean([probabilities[model] for probabilities in times], axis=0)
        for model in (FEATURES, LEXICAL, FINETUNED)
    }
    earlier = np.mean(softmax(cached.held_out[:-1], axis=2), axis=0).astype(np.float32)
    return means | {EARLIER: np.where(np.isnan(means[FINETUNED]), np.float32(np.nan), earlier)}


@lru_cache(1)
def _votes(cached: Cached) -> dict[str, Votes]:
    about = (cached.duplicates, cached.labels, len(cached.label_names))
    return {
        FROZEN: Votes.of(cached.neighbours, cached.similarities, *about),
        TUNED: Votes.of(cached.tuned_neighbours, cached.tuned_similarities, *about),
    }
