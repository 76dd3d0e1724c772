"""Summary: everything that the report says, typed, and nothing of how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.config import AuditConfig
from auditor.recognition import Unrecognised
from auditor.report.load.correction import Correction
from auditor.report.load.definitions import Problem
from auditor.report.load.kinds import Kinds
from auditor.report.load.raters import Raters
from auditor.report.load.tokens import Token
from auditor.report.load.trust import Trust

SECONDS_A_ROW = 10
"""What reading and judging a short text is taken to need."""


@dataclass(frozen=True)
class ModelScore:
    """How a model's out-of-fold predictions agree with the given labels.

    Attributes
    ----------
    name : str
        ``dummy``, ``features``, ``lexical``, ``finetuned``, one of the user's own, or ``consensus``.
    rows : int
        Rows judged.
    accuracy, weighted_f1, macro_f1 : float
        In [0, 1].
    log_loss : float
        Nats; the mean over the rows.
    f1_by_class : (K,) tuple of float
    confusion : (K, K) int64 array
        Rows given × predicted.
    """

    name: str
    rows: int
    accuracy: float
    weighted_f1: float
    macro_f1: float
    log_loss: float
    f1_by_class: tuple[float, ...]
    confusion: npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassHealth:
    """One class: its rows, those judged, those flagged, and those that the consensus recognises."""

    label: str
    rows: int
    judged: int
    issues: int
    recognised: int

    @property
    def flagged(self) -> float | None:
        """Share of the judged rows that are flagged; None where none is judged."""
        return self.issues / self.judged if self.judged else None

    @property
    def recall(self) -> float | None:
        """Share of the judged rows that the consensus recognises; None where none is judged."""
        return self.recognised / self.judged if self.judged else None


@dataclass(frozen=True)
class Confusion:
    """Issues with one given and one suggested label."""

    given: str
    suggested: str
    rows: int


@dataclass(frozen=True)
class Mixed:
    """Two classes, and how many judged rows of either the consensus takes for the other."""

    label_a: str
    label_b: str
    rows: int
    share: float


@dataclass(frozen=True)
class NotJudgeable:
    """A class some of whose rows no model could judge, and why."""

    label: str
    rows: int
    why: str


@dataclass(frozen=True)
class Duplicates:
    """What was found when looking for equal and nearly equal texts."""

    exact_groups: int
    near_groups: int
    rows_in_groups: int
    largest: int
    cut_groups: int
    conflicting_groups: int


@dataclass(frozen=True)
class Group:
    """Issues that are alike: one given → suggested, one cluster of the vectors, named by its typical words."""

    given: str
    suggested: str
    rows: int
    suspicion: float
    words: tuple[str, ...]


@dataclass(frozen=True)
class Opinion:
    """What one model thinks of one row: its own choice, and probabilities in [0, 1]."""

    model: str
    predicted: str
    given: float
    suggested: float


@dataclass(frozen=True)
class Exhibit:
    """One row that is shown.

    Attributes
    ----------
    text : str
        Cut to a readable length.
    length : int
        Characters of the whole text.
    kind, tier, stability : str or float, or None
        What may be wrong, and how surely it stays flagged; None where it is not known.
    loss : float
        Of the given label under the consensus, in nats.
    opinions : tuple of Opinion
        One a model, the consensus last.
    """

    id: str
    split: str
    text: str
    length: int
    given: str
    suggested: str
    rank: int
    suspicion: float
    is_issue: bool
    kind: str | None
    tier: str | None
    stability: float | None
    loss: float
    reasons: tuple[str, ...]
    opinions: tuple[Opinion, ...]

    @property
    def is_cut(self) -> bool:
        """Whether only the text's beginning is shown."""
        return self.length > len(self.text)


@dataclass(frozen=True)
class LossSpread:
    """Quantiles (5, 25, 50, 75 and 95 %) of the consensus' loss within a class, in nats."""

    label: str
    rows: int
    quantiles: tuple[float, float, float, float, float]


@dataclass(frozen=True)
class ClassTokens:
    """Tokens that stand out in the ``rows`` rows of a class with the highest, and with the lowest loss."""

    label: str
    rows: int
    worst: tuple[Token, ...]
    best: tuple[Token, ...]


@dataclass(frozen=True)
class Map:
    """Rows on the 2-D map: (M, 2) float32 ``points`` and (M,) int32 ``labels``."""

    points: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int32]


@dataclass(frozen=True)
class SplitRows:
    """Rows of one split: in all, judged, and (K,) by given label."""

    split: str
    rows: int
    judged: int
    by_class: tuple[int, ...]


@dataclass(frozen=True)
class Stage:
    """What a stage of the run took, in seconds and bytes, with its folds' work in it."""

    name: str
    folds: int
    seconds: float
    peak_memory: int | None


@dataclass(frozen=True)
class Summary:
    """All of it. ``label_names`` has K entries; lists of classes are in its order.

    A run of a former version has neither ``kinds`` nor ``definitions`` nor ``trust``: they are None.
    """

    name: str
    source: str
    format: str
    created: str
    fingerprint: str
    rows: int
    set_aside: int
    judged: int
    issues: int
    has_former_flags: bool
    unrecognised: tuple[Unrecognised, ...]
    notes: tuple[str, ...]
    label_names: tuple[str, ...]
    splits: tuple[SplitRows, ...]
    config: AuditConfig
    models: tuple[ModelScore, ...]
    classes: tuple[ClassHealth, ...]
    kinds: Kinds | None
    definitions: tuple[Problem, ...] | None
    trust: Trust | None
    confusions: tuple[Confusion, ...]
    mixed: tuple[Mixed, ...]
    not_judgeable: tuple[NotJudgeable, ...]
    duplicates: Duplicates
    raters: Raters | None
    groups: tuple[Group, ...]
    worst: tuple[Exhibit, ...]
    certain: tuple[Exhibit, ...]
    losses: tuple[LossSpread, ...]
    tokens: tuple[ClassTokens, ...]
    map: Map
    correction: Correction | None
    stages: tuple[Stage, ...]
    versions: dict[str, str]
    machine: dict[str, Any]
    doubts: tuple[str, ...] = ()
    """Sentences on probabilities that were given and look wrong."""
    leaks: int = 0
    """Rows of which another split has a duplicate, or near duplicate, with another label."""

    @property
    def classes_by_flags(self) -> tuple[ClassHealth, ...]:
        """The class with the largest share of flagged rows first; those without a judged row last."""
        return tuple(sorted(self.classes, key=lambda item: 1.0 if item.flagged is None else -item.flagged))

    @property
    def first_classes(self) -> tuple[ClassHealth, ...]:
        """Where to begin, of the classes that the models can tell: flags count by what the class's recall is worth."""
        left_out = {item.label for item in self.unrecognised}
        known = [item for item in self.classes if item.issues and item.label not in left_out]
        return tuple(sorted(known, key=lambda item: -item.issues * (item.recall or 0))[:3])

    @property
    def reading_time(self) -> float:
        """Seconds that reading the flagged rows takes, in whole minutes."""
        return 60 * max(1, round(self.issues * SECONDS_A_ROW / 60))

    @property
    def losses_by_median(self) -> tuple[LossSpread, ...]:
        """The class that surprises the models most first."""
        return tuple(sorted(self.losses, key=lambda spread: -spread.quantiles[2]))

    def model(self, name: str) -> ModelScore | None:
        """Score of a model, if it has one."""
        return next((model for model in self.models if model.name == name), None)
