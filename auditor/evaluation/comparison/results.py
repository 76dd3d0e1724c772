"""What retraining is reported as: ``retrain/comparison.json``, from which terminal and report tell it."""

from __future__ import annotations

import hashlib
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from auditor.correction.decide.corrections import Corrections
from auditor.evaluation.comparison.compare import Comparison
from auditor.vocabulary import ModelName

ORIGINAL, CORRECTED = "original", "corrected"
COMPARISON_FILE = "retrain/comparison.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Frozen):
    """Rows trained on, or tested on.

    Attributes
    ----------
    rows : int
        With the original labels.
    judged, changed, excluded : int
        Of these, with a decision; with another label in the corrected version; missing from it.
    """

    rows: int
    judged: int
    changed: int
    excluded: int


class Setting(_Frozen):
    """How it was compared.

    Attributes
    ----------
    split : str
        Where the test rows come from.
    train, test : Part
    leaks : int
        Rows that are not trained on, since they have a duplicate among the test rows.
    seeds : tuple of int
    ranked_by : tuple of str
        Models whose consensus ranked the rows for review.
    sources : dict of str to int
        Judged rows by where the reviewers met them (``queue``, ``random`` …); a row may count for several.
    judged, changed, excluded : int
        In the whole dataset.
    corrected : str
        Hash of the corrected labels, as :func:`hash_of_labels` gives it.
    policy : dict
        What each verdict does, as in :class:`auditor.correction.decide.policy.Policy`.
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


class ModelResult(_Frozen):
    """One model, trained and tested on both versions: on all test rows, and on those of a random sample."""

    name: ModelName
    comparison: Comparison
    random: Comparison | None


class Retraining(_Frozen):
    """All models."""

    format: Literal[1] = 1
    setting: Setting
    models: tuple[ModelResult, ...]

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the trainings' stages."""
        each = product((model.name for model in self.models), (ORIGINAL, CORRECTED), self.setting.seeds)
        return tuple(stage_name(*one) for one in each)


def digest(*numbers: npt.NDArray[Any]) -> str:
    """SHA-256 over whole numbers."""
    return hashlib.sha256(b"".join(array.astype("<i8").tobytes() for array in numbers)).hexdigest()


def hash_of_labels(corrections: Corrections) -> str:
    """Equal for corrections that leave the same rows with the same labels."""
    return digest(np.where(corrections.kept, corrections.label, -1))


def stage_name(model: str, version: str, seed: int) -> str:
    """Name of the stage that one training is."""
    return f"retrain/{model}/{version}/seed-{seed}"
