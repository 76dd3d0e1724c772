"""Out-of-fold probabilities: every row predicted by a model that never saw it, nor any duplicate of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from auditor.models.classifier import Classifier, Labels, Progress, Watched
from auditor.models.folds import Folds, fold_numbers, held_out, judgeable, trained_on
from auditor.models.logistic import take
from auditor.run import Run


@dataclass(frozen=True)
class Candidate:
    """A classifier to be cross-validated.

    Attributes
    ----------
    name : str
        Under which its artifacts stand in the run.
    make : callable
        Makes a fresh, unfitted classifier; given a callable that wants to hear of its progress.
    inputs : sequence of str or (N, D) array
        What the classifier takes, for all N rows.
    reads : tuple of str
        Artifacts of the run that the inputs come from.
    parameters : mapping
        All else that its predictions depend on.
    groups : (N,) int32 array, optional
        Equal where rows are duplicates.
    stage : str, optional
        Name of its stage; its own name by default. Names that users choose must not be those of other stages.
    repeat : int
        How often it was trained before, on other folds.
    """

    name: str
    make: Callable[[Progress], Classifier]
    inputs: Any
    reads: tuple[str, ...]
    parameters: Mapping[str, Any]
    groups: Labels | None = None
    stage: str | None = None
    repeat: int = 0

    @property
    def place(self) -> str:
        """What the names of its artifacts begin with, within their folders."""
        return again(self.repeat, self.name)

    def telling(self, tell: Callable[[], None]) -> Candidate:
        """The same, but something is told before each training that is not done yet."""

        def make(progress: Progress) -> Classifier:
            tell()
            return self.make(progress)

        return replace(self, make=make)


def again(repeat: int, name: str) -> str:
    """The name of an artifact or a stage in a repeat; the first time, as it is."""
    return f"repeat-{repeat}/{name}" if repeat else name


def out_of_fold(
    run: Run, candidate: Candidate, labels: Labels, folds: Folds, num_classes: int, seed: int, progress: Progress
) -> None:
    """Train a classifier once a fold and write ``probabilities/<place>.npy``: (N, K) float32, NaN where not judged.

    Each fold is a stage of its own, so that a finished one is never trained again. What a classifier saw in its
    epochs is written to ``dynamics/<place>/fold-<k>.<what>.npy``.
    """
    numbers, folds_file = fold_numbers(folds), again(candidate.repeat, "folds.npy")
    stage = again(candidate.repeat, candidate.stage or candidate.name)
    for fold in numbers:
        run.stage(
            f"{stage}/fold-{fold}",
            _one_fold(candidate, labels, folds, fold, seed + fold, _part(progress, fold, len(numbers))),
            inputs=(*candidate.reads, folds_file),
            parameters={**candidate.parameters, "seed": seed + fold, "fold": fold},
        )
        progress(fold + 1, len(numbers))

    def assemble(space: Path) -> None:
        whole = np.full((len(labels), num_classes), np.nan, dtype=np.float32)
        for fold in numbers:
            whole[held_out(folds, fold)] = np.load(run.open(_fold_file(candidate, fold)))
        whole[~judgeable(labels, folds, num_classes)] = np.nan
        _save(space / f"probabilities/{candidate.place}.npy", whole)

    run.stage(stage, assemble, inputs=[*(_fold_file(candidate, k) for k in numbers), folds_file])


def _one_fold(
    candidate: Candidate, labels: Labels, folds: Folds, fold: int, seed: int, progress: Progress
) -> Callable[[Path], None]:
    def make(space: Path) -> None:
        train, held = np.flatnonzero(trained_on(folds, fold)), np.flatnonzero(held_out(folds, fold))
        held_inputs = take(candidate.inputs, held)
        classifier = candidate.make(progress)
        groups = None if candidate.groups is None else candidate.groups[train]
        watched = Watched(held_inputs, labels[held])
        classifier.fit(take(candidate.inputs, train), labels[train], seed, watched, groups)
        _save(space / _fold_file(candidate, fold), classifier.predict_proba(held_inputs))
        for what, values in classifier.dynamics().items():
            _save(space / f"dynamics/{candidate.place}/fold-{fold}.{what}.npy", values)

    return make


def _fold_file(candidate: Candidate, fold: int) -> str:
    return f"probabilities/{candidate.place}/fold-{fold}.npy"


def _part(progress: Progress, fold: int, folds: int) -> Progress:
    """The progress of one fold as a part of the whole."""
    return lambda done, total: progress(fold * total + done, folds * total)


def _save(path: Path, values: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values, allow_pickle=False)
