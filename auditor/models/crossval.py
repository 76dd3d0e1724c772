"""Out-of-fold probabilities: every row is predicted by a model that saw neither the row nor its duplicates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
    def has_base(self) -> bool:
        """Whether the classifier starts from pretrained weights, and is therefore slow to train."""
        return self.name in MODELS and MODELS[self.name].has_base

    def before_training(self, callback: Callable[[], None]) -> Candidate:
        """Return a candidate that calls ``callback`` before each training."""

        def make(progress: Progress) -> Classifier:
            callback()
            return self.make(progress)

        return replace(self, make=make)


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
    numbers, folds_file, repeat = fold_numbers(folds), folds_of(candidate.repeat), candidate.repeat
    parts = {fold: fold_probabilities(candidate.name, fold, repeat) for fold in numbers}
    stage = artifact_name(candidate.stage or candidate.name, repeat)
    for fold in numbers:
        limited = candidate.most is not None and trained_on(folds, fold).sum() > candidate.most
        run.stage(
            f"{stage}/fold-{fold}",
            _fold_stage(candidate, labels, fold, seed + fold, _part(progress, fold, len(numbers))),
            inputs=(*candidate.reads, folds_file),
            parameters={
                **candidate.parameters,
                "seed": seed + fold,
                "fold": fold,
                **({"train_rows": candidate.most} if limited else {}),
            },
        )
        progress(fold + 1, len(numbers))

    def assemble(space: Path, read: Reader) -> None:
        folds = read.load(folds_file)
        whole = np.full((len(labels), num_classes), np.nan, dtype=np.float32)
        for fold, part in parts.items():
            whole[held_out(folds, fold)] = read.load(part)
        whole[~judgeable(labels, folds, num_classes)] = np.nan
        probabilities(candidate.name, repeat).save(space, whole)

    run.stage(stage, assemble, inputs=[DATASET, folds_file, *parts.values()])


def _fold_stage(candidate: Candidate, labels: LabelCodes, fold: int, seed: int, progress: Progress) -> Make:
    def make(space: Path, read: Reader) -> None:
        folds = read.load(folds_of(candidate.repeat))
        train, held = candidate.training_rows(folds, fold, labels, seed), np.flatnonzero(held_out(folds, fold))
        held_inputs = take(candidate.inputs, held)
        classifier = candidate.make(progress)
        groups = None if candidate.groups is None else candidate.groups[train]
        watched = Watched(held_inputs, labels[held])
        classifier.fit(take(candidate.inputs, train), labels[train], seed, watched, groups)
        fold_probabilities(candidate.name, fold, candidate.repeat).save(space, classifier.predict_proba(held_inputs))
        for what, values in classifier.dynamics().items():
            dynamics(candidate.name, what, fold, candidate.repeat).save(space, values)

    return make


def _part(progress: Progress, fold: int, folds: int) -> Progress:
    """Return a callback that reports one fold's progress as a part of the whole."""
    return lambda done, total: progress(fold * total + done, folds * total)
