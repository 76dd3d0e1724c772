"""Out-of-fold probabilities: every row is predicted by a model that saw neither the row nor its duplicates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from auditor.arrays import Codes, FoldNumbers, LabelCodes, RowIndex
from auditor.models.classifier import Classifier, Progress, Watched
from auditor.models.folds import fold_numbers, held_out, judgeable, trained_on
from auditor.models.logistic import take
from auditor.models.sampling import training_rows
from auditor.modelspecs import MODELS
from auditor.run import Make, Reader, Run
from auditor.run.artifacts import DATASET, Artifact, artifact_name, dynamics, fold_probabilities, probabilities
from auditor.run.artifacts import folds as folds_of


@dataclass(frozen=True)
class Candidate:
    """A classifier to cross-validate.

    Attributes
    ----------
    name : str
        Name of its artifacts in the run.
    make : callable
        Returns a new, unfitted classifier, given a callable that receives its progress.
    inputs : sequence of str or (N, D) array
        Inputs of the classifier for all N rows.
    reads : tuple of Artifact
        Artifacts of the run that the inputs come from.
    parameters : mapping
        Everything else that its predictions depend on.
    groups : (N,) int32 array, optional
        Equal for duplicates.
    most : int, optional
        Most rows to learn from; all by default.
    stage : str, optional
        Name of its stage; ``name`` by default. It keeps names chosen by users from colliding with other stages.
    repeat : int
        Number of earlier trainings, on other folds.
    """

    name: str
    make: Callable[[Progress], Classifier]
    inputs: Any
    reads: tuple[Artifact[Any], ...]
    parameters: Mapping[str, Any]
    groups: Codes | None = None
    most: int | None = None
    stage: str | None = None
    repeat: int = 0

    def training_rows(self, folds: FoldNumbers, fold: int, labels: LabelCodes, seed: int) -> RowIndex:
        """Return the rows that the classifier of a fold learns from; see :func:`training_rows`."""
        return training_rows(folds, fold, labels, self.groups, self.most or len(labels), seed)

    @property
    def stage_name(self) -> str:
        """Name of the stage that assembles the folds."""
        return artifact_name(self.stage or self.name, self.repeat)

    @property
    def has_base(self) -> bool:
        """Whether the classifier starts from pretrained weights, and is therefore slow to train."""
        return self.name in MODELS and MODELS[self.name].has_base


@dataclass(frozen=True)
class Fold:
    """One fold of a candidate's cross-validation, which is a stage of the run.

    Attributes
    ----------
    candidate : Candidate
    folds : (N,) int16 array
    number : int
        Number of the fold.
    seed : int
        Seed of this training.
    """

    candidate: Candidate
    folds: FoldNumbers
    number: int
    seed: int

    @classmethod
    def all_of(cls, candidate: Candidate, folds: FoldNumbers, seed: int) -> list[Self]:
        """Return every fold; each adds its number to the seed."""
        return [cls(candidate, folds, number, seed + number) for number in fold_numbers(folds)]

    @property
    def stage(self) -> str:
        """Name of the stage."""
        return f"{self.candidate.stage_name}/fold-{self.number}"

    @property
    def needs(self) -> dict[str, Any]:
        """Inputs and parameters of the stage, as :meth:`auditor.run.Run.stage` takes them."""
        most = self.candidate.most
        limited = most is not None and self._available > most
        parameters = {
            **self.candidate.parameters,
            "seed": self.seed,
            "fold": self.number,
            **({"train_rows": most} if limited else {}),
        }
        return {"inputs": (*self.candidate.reads, folds_of(self.candidate.repeat)), "parameters": parameters}

    @property
    def rows(self) -> int:
        """Number of rows that the classifier learns from, roughly: a sample keeps whole groups."""
        return min(self._available, self.candidate.most or self._available)

    @property
    def held_out_rows(self) -> int:
        """Number of rows that the classifier predicts, and does not learn from."""
        return int(held_out(self.folds, self.number).sum())

    @property
    def _available(self) -> int:
        return int(trained_on(self.folds, self.number).sum())

    @property
    def probabilities(self) -> Artifact[Any]:
        """Artifact with the probabilities of the fold's rows."""
        return fold_probabilities(self.candidate.name, self.number, self.candidate.repeat)

    def train(self, labels: LabelCodes, space: Path, progress: Progress) -> None:
        """Train on the other folds, predict this one, and write the artifacts."""
        candidate, held = self.candidate, np.flatnonzero(held_out(self.folds, self.number))
        train = candidate.training_rows(self.folds, self.number, labels, self.seed)
        held_inputs = take(candidate.inputs, held)
        classifier = candidate.make(progress)
        groups = None if candidate.groups is None else candidate.groups[train]
        watched = Watched(held_inputs, labels[held])
        classifier.fit(take(candidate.inputs, train), labels[train], self.seed, watched, groups)
        self.probabilities.save(space, classifier.predict_proba(held_inputs))
        for what, values in classifier.dynamics().items():
            dynamics(candidate.name, what, self.number, candidate.repeat).save(space, values)


def out_of_fold(
    run: Run,
    candidate: Candidate,
    labels: LabelCodes,
    folds: FoldNumbers,
    num_classes: int,
    seed: int,
    progress: Progress,
) -> None:
    """Train a classifier on each fold and write its ``probabilities``: (N, K) float32, NaN where not judged.

    Each fold is a separate stage: finished folds are not trained again. The classifier's training dynamics are written
    to its ``dynamics``.
    """
    parts, folds_file, repeat = Fold.all_of(candidate, folds, seed), folds_of(candidate.repeat), candidate.repeat
    for done, part in enumerate(parts):
        run.stage(part.stage, _make(part, labels, _part(progress, done, len(parts))), **part.needs)
        progress(done + 1, len(parts))

    def assemble(space: Path, read: Reader) -> None:
        folds = read.load(folds_file)
        whole = np.full((len(labels), num_classes), np.nan, dtype=np.float32)
        for part in parts:
            whole[held_out(folds, part.number)] = read.load(part.probabilities)
        whole[~judgeable(labels, folds, num_classes)] = np.nan
        probabilities(candidate.name, repeat).save(space, whole)

    inputs = [DATASET, folds_file, *(part.probabilities for part in parts)]
    run.stage(candidate.stage_name, assemble, inputs=inputs)


def _make(part: Fold, labels: LabelCodes, progress: Progress) -> Make:
    return lambda space, read: part.train(labels, space, progress)


def _part(progress: Progress, fold: int, folds: int) -> Progress:
    """Return a callback that reports one fold's progress as a part of the whole."""
    return lambda done, total: progress(fold * total + done, folds * total)
