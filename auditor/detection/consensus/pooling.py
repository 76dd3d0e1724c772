"""The consensus stage: from the models' probabilities in every repeat to the consensus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from auditor.arrays import Codes, FoldNumbers, Probabilities
from auditor.config import AuditConfig
from auditor.data.duplicates import Duplicates
from auditor.data.labeled_texts import LabeledTexts
from auditor.detection.consensus.consensus import consensus, judged_by
from auditor.detection.consensus.neighbourhoods import find_neighbourhoods
from auditor.detection.consensus.votes import Votes
from auditor.models.folds import fold_numbers, held_out
from auditor.modelspecs import earlier_epochs, neighbours_by
from auditor.run import Reader
from auditor.run.artifacts import (
    CONSENSUS,
    DATASET,
    DUPLICATES,
    WEIGHTS,
    Array,
    Artifact,
    Nearest,
    Neighbours,
    consensus_alone,
    dynamics,
    neighbours,
    probabilities,
)
from auditor.run.artifacts import folds as folds_of

REVISION = 6
"""Incremented when the same inputs lead to another consensus or other issues; existing runs are then updated."""


@dataclass(frozen=True)
class Pooling:
    """The consensus stage.

    Attributes
    ----------
    data : LabeledTexts
    config : AuditConfig
    folds : sequence of (N,) int16
        Folds of the first training and of each repeat.
    """

    data: LabeledTexts
    config: AuditConfig
    folds: Sequence[FoldNumbers]

    @property
    def inputs(self) -> list[Artifact[Any]]:
        """Artifacts that the stage reads."""
        repeats = range(len(self.folds))
        predicted = [file for repeat in repeats for file in (*self._models(repeat).values(), *self._epochs(repeat))]
        return list(dict.fromkeys([DATASET, DUPLICATES, *map(folds_of, repeats), *predicted, *self._spaces]))

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything else that the outputs depend on."""
        how = self.config.detection.consensus.model_dump(mode="json")
        return {"models": list(self.config.pooled), **how, "seed": self.config.seed, "revision": REVISION}

    @property
    def outputs(self) -> list[Array[Probabilities]]:
        """The consensus, and the consensus of each repeat if there are several."""
        alone = [consensus_alone(repeat) for repeat in range(len(self.folds))]
        return [probabilities(CONSENSUS), *(alone if len(alone) > 1 else [])]

    def write(self, space: Path, read: Reader) -> Probabilities:
        """Write all outputs, and ``consensus.json`` with the experts' weights and the labels' estimated shares.

        The consensus pools each model's mean over its repeats. The consensus of one repeat uses the models retrained in
        that repeat, and the first training of the others. Return the (N, K) probabilities of the consensus.
        """
        labels, seed, how = self.data.labels, self.config.seed, self.config.detection.consensus
        trainings = [read.load(folds_of(repeat)) for repeat in range(len(self.folds))]
        near = Duplicates.of(read).near
        votes = {name: self._votes(read.load(file), near) for file, name in self._spaces.items()}
        experts = self._experts(read, trainings)
        neighbourhoods = find_neighbourhoods(
            list(votes.values()), labels, judged_by(experts[0]), seed, how.largest_shift
        )
        whole, *alone = self.outputs
        # Without repeats, ``alone`` is empty.
        for file, models, folds in zip(alone, experts, trainings, strict=False):
            file.save(space, consensus(models, votes, labels, folds, neighbourhoods, how, seed).probabilities)
        means = {name: _mean([models[name] for models in experts]) for name in experts[0]}
        found = consensus(means, votes, labels, trainings[0], neighbourhoods, how, seed)
        whole.save(space, found.probabilities)
        about = {"weights": found.weights, "shares": dict(zip(self.data.label_names, found.shares, strict=True))}
        WEIGHTS.save(space, about)
        return found.probabilities

    def _experts(self, read: Reader, trainings: Sequence[FoldNumbers]) -> list[dict[str, Probabilities]]:
        """Return, for each repeat, the (N, K) experts by name, the fine-tuned model's earlier epochs included."""
        model, repeats = self._tuned, range(self.config.repeats) if self._epochs(0) else ()
        earlier = [self._earlier(read, model, repeat, trainings[repeat]) for repeat in repeats]
        experts = []
        for repeat in range(len(trainings)):
            models = {name: read.load(file) for name, file in self._models(repeat).items()}
            if earlier:
                models[earlier_epochs(model)] = earlier[_trained_in(repeat, len(earlier))]
            experts.append(models)
        return experts

    def _earlier(self, read: Reader, model: str, repeat: int, folds: FoldNumbers) -> Probabilities:
        """Return the (N, K) mean of the fine-tuned model's probabilities after each epoch but the last."""
        found = np.full((len(self.data), self.data.num_classes), np.nan, np.float32)
        for fold, file in enumerate(self._epochs(repeat)):
            logits = read.load(file)
            found[held_out(folds, fold)] = np.mean([softmax(epoch, axis=1) for epoch in logits[:-1]], axis=0)
        found[np.isnan(read.load(self._models(repeat)[model]))] = np.nan
        return found

    def _models(self, repeat: int) -> dict[str, Array[Probabilities]]:
        """Return the artifact of each model's probabilities in a repeat, by name."""
        times = {name: self.config.times(name) for name in self.config.pooled}
        return {name: probabilities(name, _trained_in(repeat, times[name])) for name in times}

    def _epochs(self, repeat: int) -> list[Array[Any]]:
        """Return the artifacts of the fine-tuned model's logits by epoch, one per fold, if it has several epochs."""
        if not self.config.tuned or self.config.finetuned.epochs < 2:
            return []
        trained = _trained_in(repeat, self.config.repeats)
        return [dynamics(self._tuned, "held_out", fold, trained) for fold in fold_numbers(self.folds[trained])]

    @property
    def _tuned(self) -> str:
        """Name of the model that keeps its outputs after each epoch; empty without one."""
        return self.config.tuned.name if self.config.tuned else ""

    @property
    def _spaces(self) -> dict[Neighbours, str]:
        """Names of the votes in each space, by the artifact of its neighbours."""
        tuned = self.config.tuned
        return {neighbours(): "neighbours"} | ({neighbours(tuned.name): neighbours_by(tuned)} if tuned else {})

    def _votes(self, nearest: Nearest, near: Codes) -> Votes:
        return Votes.of(nearest.index, nearest.similarity, near, self.data.labels, self.data.num_classes)


def _trained_in(repeat: int, times: int) -> int:
    """Return the repeat whose training is used, for a model that is trained ``times`` times."""
    return repeat if repeat < times else 0


def _mean(repeats: Sequence[Probabilities]) -> Probabilities:
    """Return the (N, K) mean over the repeats that have judged a row."""
    total, counts = np.zeros(repeats[0].shape, np.float32), np.zeros((len(repeats[0]), 1), np.float32)
    for repeat in repeats:
        judged = ~np.isnan(repeat).any(axis=1, keepdims=True)
        np.add(total, repeat, out=total, where=judged)
        counts += judged
    total[counts[:, 0] == 0] = np.nan
    np.divide(total, counts, out=total, where=counts > 0)
    return total
