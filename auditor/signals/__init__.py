"""Signals, one file each: probabilities, vectors, labels → suspicion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from auditor.arrays import Suspicion
from auditor.config import AuditConfig, is_address
from auditor.signals.annotators import Annotators
from auditor.signals.aum import AreaUnderMargin
from auditor.signals.base import Inputs, Signal, measure, to_table
from auditor.signals.crowd import Crowd, crowd_posterior, weigh
from auditor.signals.data_map_confidence import DataMapConfidence
from auditor.signals.data_map_variability import DataMapVariability
from auditor.signals.disagreement import Disagreement
from auditor.signals.duplicate_conflict import DuplicateConflict
from auditor.signals.dynamics import Dynamics
from auditor.signals.fold_disagreement import FoldDisagreement
from auditor.signals.forgetting import Forgetting
from auditor.signals.loss import Loss
from auditor.signals.margin import Margin
from auditor.signals.neighbour_vote import NeighbourVote
from auditor.signals.outlier import Outlier
from auditor.signals.own import MeasuredSignal, OwnSignal, import_signals
from auditor.signals.seed_disagreement import SeedDisagreement
from auditor.signals.self_confidence import SelfConfidence

SIGNALS: dict[str, Callable[[str, tuple[str, ...]], Signal]] = {"loss": Loss, "margin": Margin}
"""Signals of one model's probabilities, by name; each is constructed from a model and the label names."""

OF_A_RUN: dict[str, Callable[[tuple[str, ...], tuple[str, ...]], Signal]] = {
    "disagreement": Disagreement,
    "fold_disagreement": lambda models, names: FoldDisagreement(names),
    "seed_disagreement": lambda models, names: SeedDisagreement(names),
    "self_confidence": lambda models, names: SelfConfidence(names),
    "neighbour_vote": lambda models, names: NeighbourVote(names),
    "neighbour_vote_finetuned": lambda models, names: NeighbourVote(names, tuned=True),
    "outlier": lambda models, names: Outlier(),
    "duplicate_conflict": lambda models, names: DuplicateConflict(names),
    "aum": lambda models, names: AreaUnderMargin(names),
    "data_map_confidence": lambda models, names: DataMapConfidence(names),
    "data_map_variability": lambda models, names: DataMapVariability(names),
    "forgetting": lambda models, names: Forgetting(names),
    "annotators": lambda models, names: Annotators(names),
}
"""Signals that a run has once, by name; each is constructed from the models and the label names."""

ALWAYS = frozenset({"probabilities", "labels"})


def signals_for(models: Iterable[str], label_names: Sequence[str], inputs: Iterable[str] = ALWAYS) -> list[Signal]:
    """Return every signal whose inputs are available.

    :data:`SIGNALS` are made for each model, :data:`OF_A_RUN` once. ``disagreement`` requires two models.
    """
    models, names, available = tuple(models), tuple(label_names), frozenset(inputs)
    of_models = [make(model, names) for make in SIGNALS.values() for model in models]
    of_a_run = [make(models, names) for name, make in OF_A_RUN.items() if name != "disagreement" or len(models) > 1]
    return [signal for signal in (*of_models, *of_a_run) if signal.needs <= available]


def own_signals(config: AuditConfig) -> list[OwnSignal]:
    """Import, instantiate and check the user's own signals.

    Raises
    ------
    OwnCodeError
        If a signal is missing, fails, is invalid, has a name that is taken, or needs an input that the run lacks.
    """
    names = [signal.name for signal in signals_for(config.pooled, (), Inputs.__annotations__)]
    dynamics = any(spec.keeps_dynamics for spec in config.specs) or any(map(is_address, config.models))
    return import_signals(config.signals, [*names, *OF_A_RUN], dynamics)


__all__ = [
    "OF_A_RUN",
    "SIGNALS",
    "Annotators",
    "AreaUnderMargin",
    "Crowd",
    "DataMapConfidence",
    "DataMapVariability",
    "Disagreement",
    "DuplicateConflict",
    "Dynamics",
    "FoldDisagreement",
    "Forgetting",
    "Inputs",
    "Loss",
    "Margin",
    "MeasuredSignal",
    "NeighbourVote",
    "Outlier",
    "OwnSignal",
    "SeedDisagreement",
    "SelfConfidence",
    "Signal",
    "Suspicion",
    "crowd_posterior",
    "measure",
    "own_signals",
    "signals_for",
    "to_table",
    "weigh",
]
