"""Results of retraining, stored as ``retrain/comparison.json`` for terminal and report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from auditor import markup
from auditor.correction.decide.corrections import Corrections
from auditor.errors import RunDamagedError
from auditor.evaluation.comparison.compare import Comparison, Estimate
from auditor.evaluation.comparison.whole import HALVES
from auditor.run import Reader
from auditor.run.artifacts import COMPARISON
from auditor.vocabulary import ModelName
from auditor.wording import counted

ORIGINAL, CORRECTED = "original", "corrected"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Frozen):
    """Counts of the rows trained on, or tested on, without the rows of deleted classes.

    Attributes
    ----------
    rows : int
        Number of rows of either version.
    judged, changed, excluded : int
        Number of these with a decision; with another label in the corrected version; missing from it.
    """

    rows: int
    judged: int
    changed: int
    excluded: int


class Setting(_Frozen):
    """Setting of the comparison.

    Attributes
    ----------
    split : str
        Origin of the test rows.
    train, test : Part
    leaks : int
        Number of rows not trained on, because they have a duplicate among the test rows.
    seeds : tuple of int
    ranked_by : tuple of str
        Models whose consensus ranked the rows for review.
    sources : dict of str to int
        Number of judged rows by part of the page (``queue``, ``random`` …). A row may count for several.
    judged, changed, excluded : int
        Counts for the whole dataset.
    corrected : str
        Hash of the corrected labels; see :func:`hash_of_labels`.
    policy : dict
        Effect of each verdict; see :class:`auditor.correction.decide.policy.Policy`.
    blind : int
        Number of judged cards that were drawn blind.
    not_trained_on : int
        Number of training rows left out, because they were drawn blind or are duplicates of such rows.
    class_changes : tuple of str
        Changes of the classes in both versions, in words.
    """

    split: str
    train: Part
    test: Part
    leaks: int
    seeds: tuple[int, ...]
    ranked_by: tuple[str, ...]
    sources: dict[str, int]
    judged: int
    changed: int
    excluded: int
    corrected: str
    policy: dict[str, Any]
    blind: int = 0
    not_trained_on: int = 0
    class_changes: tuple[str, ...] = ()


class Whole(_Frozen):
    """Accuracy of one model on all audited rows, estimated from blind cards.

    Attributes
    ----------
    rows, cards : int
        Number of audited rows, and of judged blind cards.
    original, corrected : Estimate
        Accuracy of the version, in [0, 1], with an interval that holds at all times together.
    gain : Estimate
        Corrected minus original, in [-1, 1].
    """

    rows: int
    cards: int
    original: Estimate
    corrected: Estimate
    gain: Estimate

    @property
    def sentence(self) -> str:
        """The estimates in words."""
        before, after = (
            f"{100 * found.value:.1f} % (95 %: {100 * found.low:.1f} to {100 * found.high:.1f})"
            for found in (self.original, self.corrected)
        )
        gain = self.gain
        return (
            f"Accuracy on all {self.rows:,} rows, by {self.cards:,} blind cards: trained on original labels {before}, "
            f"on corrected ones {after}; difference {100 * gain.value:+.1f} points "
            f"({100 * gain.low:+.1f} to {100 * gain.high:+.1f})."
        )


class ModelResult(_Frozen):
    """Results of one model on both versions: all test rows, those of a random sample, and all rows by blind cards."""

    name: ModelName
    comparison: Comparison
    random: Comparison | None
    whole: Whole | None = None


class Retraining(_Frozen):
    """Results of all models."""

    format: Literal[1] = 1
    setting: Setting
    models: tuple[ModelResult, ...]

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the trainings' stages."""
        trainings = product((model.name for model in self.models), (ORIGINAL, CORRECTED), self.setting.seeds)
        halves = product((model.name for model in self.models if model.whole), (ORIGINAL, CORRECTED), HALVES)
        return (*(stage_name(*training) for training in trainings), *(half_name(*training) for training in halves))

    def _repr_html_(self) -> str:
        """Return what a notebook shows: each model's accuracy on both versions of the test labels, and the gains."""
        tested = self.models[0].comparison.tested_on if self.models else ()
        rows = [row for model in self.models for row in _accuracies(model)]
        header = ["model", "trained on", *(f"accuracy on {name} labels" for name in tested)]
        setting = self.setting
        seeds = counted(len(setting.seeds), "seed")
        about = f"{counted(setting.train.rows, 'row')} trained on, {setting.test.rows:,} tested on, {seeds}"
        return str(markup.title("Retraining", about) + markup.table(header, rows))


def _accuracies(model: ModelResult) -> Iterator[list[str]]:
    """Yield the rows of one model: the versions trained on, then the difference with its interval."""
    comparison = model.comparison
    for version in comparison.trained_on:
        cells = (comparison.cell(version, name).accuracy.value for name in comparison.tested_on)
        yield [model.name, version, *(f"{100 * cell:.1f} %" for cell in cells)]
    gains = (comparison.gain(ORIGINAL, CORRECTED, name).accuracy for name in comparison.tested_on)
    points = [f"{100 * gain.value:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]" for gain in gains]
    yield [model.name, "difference, in points", *points]


def read_comparison(run: Reader) -> Retraining | None:
    """Read the results of a run's last retraining; None if it was never retrained.

    Raises
    ------
    RunDamagedError
        If the file has changed since it was written, or has another version.
    """
    if not run.has(COMPARISON):
        return None
    try:
        return Retraining.model_validate(run.load(COMPARISON))
    except ValidationError:
        raise RunDamagedError(
            f"{run.open(COMPARISON)} cannot be read: another version of auditor wrote it.",
            "Re-create it: auditor retrain.",
        ) from None


def digest(*numbers: npt.NDArray[Any]) -> str:
    """Return the SHA-256 of arrays of integers."""
    return hashlib.sha256(b"".join(array.astype("<i8").tobytes() for array in numbers)).hexdigest()


def hash_of_labels(corrections: Corrections) -> str:
    """Return a hash that is equal for corrections with the same rows and labels."""
    return digest(np.where(corrections.kept, corrections.label, -1))


def stage_name(model: str, version: str, seed: int) -> str:
    """Return the name of a training's stage."""
    return f"retrain/{model}/{version}/seed-{seed}"


def half_name(model: str, version: str, half: int) -> str:
    """Return the name of the stage of a training without one half of the judged rows."""
    return f"retrain/{model}/{version}/half-{half}"
