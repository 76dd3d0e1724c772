"""Summary: the typed contents of the report, without layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from auditor.arrays import Counts, Float32, LabelCodes
from auditor.config import AuditConfig
from auditor.recognition import Unrecognised
from auditor.report.load.correction import Correction
from auditor.report.load.definitions import Problem
from auditor.report.load.kinds import Kinds
from auditor.report.load.raters import Raters
from auditor.report.load.tokens import Token
from auditor.report.load.trust import Trust

SECONDS_A_ROW = 10
"""Assumed seconds to read and judge a short text."""


@dataclass(frozen=True)
class ModelScore:
    """Agreement of a model's out-of-fold predictions with the given labels.

    Attributes
    ----------
    name : str
        ``dummy``, ``features``, ``lexical``, ``finetuned``, a custom model, or ``consensus``.
    rows : int
        Number of rows judged.
    accuracy, weighted_f1, macro_f1 : float or None
        In [0, 1]; None without rows.
    log_loss : float or None
        Mean over the rows, in nats; None without any.
    f1_by_class : (K,) tuple of float or None
        None for a class without judged rows.
    confusion : (K, K) int64 array
        Number of rows, given × predicted.
    """

    name: str
    rows: int
    accuracy: float | None
    weighted_f1: float | None
    macro_f1: float | None
    log_loss: float | None
    f1_by_class: tuple[float | None, ...]
    confusion: Counts


@dataclass(frozen=True)
class ClassHealth:
    """Counts of one class: rows, judged rows, flagged rows, and rows that the consensus recognises."""

    label: str
    rows: int
    judged: int
    issues: int
    recognised: int

    @property
    def flagged(self) -> float | None:
        """Share of the judged rows that are flagged; None without judged rows."""
        return self.issues / self.judged if self.judged else None

    @property
    def recall(self) -> float | None:
        """Share of the judged rows that the consensus recognises; None without judged rows."""
        return self.recognised / self.judged if self.judged else None


@dataclass(frozen=True)
class Confusion:
    """Number of issues with one pair of given and suggested label."""

    given: str
    suggested: str
    rows: int


@dataclass(frozen=True)
class Mixed:
    """Two classes, and the judged rows of either that the consensus predicts as the other."""

    label_a: str
    label_b: str
    rows: int
    share: float


@dataclass(frozen=True)
class NotJudgeable:
    """A class with rows that no model could judge, and the reason."""

    label: str
    rows: int
    why: str


@dataclass(frozen=True)
class Duplicates:
    """Counts of equal and nearly equal texts."""

    exact_groups: int
    near_groups: int
    rows_in_groups: int
    largest: int
    cut_groups: int
    conflicting_groups: int


@dataclass(frozen=True)
class Group:
    """Similar issues: one pair given → suggested, one cluster of vectors, named by its typical words."""

    given: str
    suggested: str
    rows: int
    suspicion: float
    words: tuple[str, ...]


@dataclass(frozen=True)
class Opinion:
    """One model's prediction for a row, and its probabilities in [0, 1]."""

    model: str
    predicted: str
    given: float
    suggested: float


@dataclass(frozen=True)
class Exhibit:
    """One row shown in the report.

    Attributes
    ----------
    text : str
        Text, cut to a readable length.
    length : int
        Number of characters of the whole text.
    kind, tier, stability : str or float, or None
        Kind, tier and stability; None where unknown.
    loss : float
        Loss of the given label under the consensus, in nats.
    opinions : tuple of Opinion
        One per model, the consensus last.
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
        """Whether only the beginning of the text is shown."""
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

    points: Float32
    labels: LabelCodes


@dataclass(frozen=True)
class SplitRows:
    """Counts of one split: all rows, judged rows, and (K,) rows by given label."""

    split: str
    rows: int
    judged: int
    by_class: tuple[int, ...]


@dataclass(frozen=True)
class Work:
    """Time and memory of a stage of the run, including its folds, in seconds and bytes."""

    name: str
    folds: int
    seconds: float
    peak_memory: int | None


@dataclass(frozen=True)
class Summary:
    """Contents of the report. ``label_names`` has K entries; lists of classes are in its order.

    In runs of earlier versions, ``kinds``, ``definitions`` and ``trust`` are None.
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
    undertrained: str | None
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
    stages: tuple[Work, ...]
    versions: dict[str, str]
    machine: dict[str, Any]
    doubts: tuple[str, ...] = ()
    """Sentences on given probabilities that look wrong."""
    advice: str | None = None
    """Advice on a model for texts in other languages."""
    why_not_judged: str | None = None
    """Why no row could be judged, and what to do; None if rows were judged."""
    leaks: int = 0
    """Number of rows with a duplicate or near duplicate in another split that has another label."""

    @property
    def classes_by_flags(self) -> tuple[ClassHealth, ...]:
        """Classes by share of flagged rows, largest first; those without judged rows last."""
        return tuple(sorted(self.classes, key=lambda item: 1.0 if item.flagged is None else -item.flagged))

    @property
    def first_classes(self) -> tuple[ClassHealth, ...]:
        """Classes to begin with, among those that the models recognise: by flags times recall."""
        left_out = {item.label for item in self.unrecognised}
        recognised = [item for item in self.classes if item.issues and item.label not in left_out]
        return tuple(sorted(recognised, key=lambda item: -item.issues * (item.recall or 0))[:3])

    @property
    def reading_time(self) -> float:
        """Seconds to read the flagged rows, in whole minutes."""
        return 60 * max(1, round(self.issues * SECONDS_A_ROW / 60))

    @property
    def losses_by_median(self) -> tuple[LossSpread, ...]:
        """Loss spreads by median, highest first."""
        return tuple(sorted(self.losses, key=lambda spread: -spread.quantiles[2]))

    def model(self, name: str) -> ModelScore | None:
        """Return the score of a model; None without one."""
        return next((model for model in self.models if model.name == name), None)
