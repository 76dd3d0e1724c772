"""The stage before the last: from all that the models said, in every repeat, to the consensus."""

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
"""Counted up when the same inputs come to another consensus, or to other issues: runs are then brought up to date."""


@dataclass(frozen=True)
class Pooling:
    """What the stage works on.

    Attributes
    ----------
    data : LabeledTexts
    config : AuditConfig
    folds : sequence of (N,) int16
        Of the first training and of each repeat.
    """

    data: LabeledTexts
    config: AuditConfig
    folds: Sequence[FoldNumbers]

    @property
    def inputs(self) -> list[Artifact[Any]]:
        """Artifacts that it reads."""
        repeats = range(len(self.folds))
        said = [file for repeat in repeats for file in (*self._models(repeat).values(), *self._epochs(repeat))]
        return list(dict.fromkeys([DATASET, DUPLICATES, *map(folds_of, repeats), *said, *self._spaces]))

    @property
    def parameters(self) -> dict[str, Any]:
        """All else that its outputs depend on."""
        how = self.config.detection.consensus.model_dump(mode="json")
        return {"models": list(self.config.pooled), **how, "seed": self.config.seed, "revision": REVISION}

    @property
    def outputs(self) -> list[Array[Probabilities]]:
        """The consensus, and that of each repeat alone, where there are any."""
        alone = [consensus_alone(repeat) for repeat in range(len(self.folds))]
        return [probabilities(CONSENSUS), *(alone if len(alone) > 1 else [])]

    def write(self, space: Path, read: Reader) -> Probabilities:
        """Write all outputs, and ``consensus.json``: how far each expert is trusted, and the labels' estimated shares.

        The consensus pools each model's mean over its repeats. That of a repeat alone takes the models which were
        trained again then, and the others as they are. Returns the (N, K) probabilities of the consensus.
        """
        labels, seed, how = self.data.labels, self.config.seed, self.config.detection.consensus
        trainings = [read.load(folds_of(repeat)) for repeat in range(len(self.folds))]
        near = Duplicates.of(read).near
        votes = {name: self._votes(read.load(file), near) for file, name in self._spaces.items()}
        experts = self._experts(read, trainings)
        around = find_neighbourhoods(list(votes.values()), labels, judged_by(experts[0]), seed, how.largest_shift)
        whole, *alone = self.outputs
        # Where there are no repeats, there is none alone.
        for file, models, folds in zip(alone, experts, trainings, strict=False):
            file.save(space, consensus(models, votes, labels, folds, around, how, seed).probabilities)
        means = {name: _mean([models[name] for models in experts]) for name in experts[0]}
        found = consensus(means, votes, labels, trainings[0], around, how, seed)
        whole.save(space, found.probabilities)
        about = {"weights": found.weights, "shares": dict(zip(self.data.label_names, found.shares, strict=True))}
        WEIGHTS.save(space, about)
        return found.probabilities

    def _experts(self, read: Reader, trainings: Sequence[FoldNumbers]) -> list[dict[str, Probabilities]]:
        """By repeat, (N, K) by name: each model, and what the fine-tuned one thought before its last epoch."""
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
        """(N, K) mean of the fine-tuned model's probabilities after each epoch but the last."""
        found = np.full((len(self.data), self.data.num_classes), np.nan, np.float32)
        for fold, file in enumerate(self._epochs(repeat)):
            logits = read.load(file)
            found[held_out(folds, fold)] = np.mean([softmax(each, axis=1) for each in logits[:-1]], axis=0)
        found[np.isnan(read.load(self._models(repeat)[model]))] = np.nan
        return found

    def _models(self, repeat: int) -> dict[str, Array[Probabilities]]:
        """Artifact of each model's probabilities in a repeat, by the model's name."""
        times = {name: self.config.times(name) for name in self.config.pooled}
        return {name: probabilities(name, _trained_in(repeat, times[name])) for name in times}

    def _epochs(self, repeat: int) -> list[Array[Any]]:
        """Artifacts of the fine-tuned model's logits by epoch, fold by fold, where it has more epochs than one."""
        if not self.config.tuned or self.config.finetuned.epochs < 2:
            return []
        trained = _trained_in(repeat, self.config.repeats)
        return [dynamics(self._tuned, "held_out", fold, trained) for fold in fold_numbers(self.folds[trained])]

    @property
    def _tuned(self) -> str:
        """Name of the model that keeps what it says after each epoch; empty without one."""
        return self.config.tuned.name if self.config.tuned else ""

    @property
    def _spaces(self) -> dict[Neighbours, str]:
        """How the votes in each space are called, by the artifact of its neighbours."""
        tuned = self.config.tuned
        return {neighbours(): "neighbours"} | ({neighbours(tuned.name): neighbours_by(tuned)} if tuned else {})

    def _votes(self, nearest: Nearest, near: Codes) -> Votes:
        return Votes.of(nearest.index, nearest.similarity, near, self.data.labels, self.data.num_classes)


def _trained_in(repeat: int, times: int) -> int:
    """The repeat whose training counts in a repeat, of a model that is trained so many times."""
    return repeat if repeat < times else 0


def _mean(repeats: Sequence[Probabilities]) -> Probabilities:
    """(N, K) mean over the repeats that have judged a row."""
    total, counts = np.zeros(repeats[0].shape, np.float32), np.zeros((len(repeats[0]), 1), np.float32)
    for repeat in repeats:
        judged = ~np.isnan(repeat).any(axis=1, keepdims=True)
        np.add(total, repeat, out=total, where=judged)
        counts += judged
    total[counts[:, 0] == 0] = np.nan
    np.divide(total, counts, out=total, where=counts > 0)
    return total
