"""The detection stage: from a run's artifacts to signals, issues, groups and health."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from auditor.arrays import Codes, Float32, FoldNumbers, Mask
from auditor.config import AuditConfig, short_name
from auditor.data.duplicates import Duplicates
from auditor.data.labeled_texts import LabeledTexts
from auditor.detection.classes.definitions import DefinitionEvidence, find_definition_problems
from auditor.detection.classes.health import class_health
from auditor.detection.classes.raters import rater_health
from auditor.detection.consensus.pooling import REVISION
from auditor.detection.flags import Flags, confident_learning, find_flags
from auditor.detection.groups import make_groups
from auditor.detection.kinds import find_kinds
from auditor.detection.reasons import Evidence
from auditor.detection.stability import stability
from auditor.detection.table import issues_table
from auditor.models.folds import fold_numbers, judgeable
from auditor.models.sampling import limit, training_rows
from auditor.run import Reader, Run
from auditor.run.artifacts import (
    CONSENSUS,
    DATASET,
    DEFINITIONS,
    DUPLICATES,
    GROUPS,
    HEALTH,
    ISSUES,
    ISSUES_CSV,
    SIGNALS,
    VECTORS,
    VOTES,
    Array,
    Artifact,
    consensus_alone,
    dynamics,
    neighbours,
    probabilities,
)
from auditor.run.artifacts import folds as folds_of
from auditor.scripts import revision
from auditor.signals import (
    Annotators,
    Dynamics,
    Inputs,
    MeasuredSignal,
    OwnSignal,
    Signal,
    measure,
    own_signals,
    signals_for,
    to_table,
    weigh,
)
from auditor.signals.crowd import Crowd

_SOMETIMES = frozenset({"dynamics", "repeats", "tuned_neighbours", "tuned_similarities", "votes", "crowd"})
"""Inputs that not every run has."""


@dataclass(frozen=True)
class Detection:
    """The detection stage.

    Attributes
    ----------
    run : Run
        The run, whose artifacts show which models kept their training dynamics.
    data : LabeledTexts
    config : AuditConfig
    folds : (N,) int16
    """

    run: Run
    data: LabeledTexts
    config: AuditConfig
    folds: FoldNumbers

    @property
    def inputs(self) -> list[Artifact[Any]]:
        """Artifacts that the stage reads."""
        always = [DATASET, DUPLICATES, folds_of(), VECTORS, neighbours()]
        tuned = self.config.tuned
        sometimes = [*([neighbours(tuned.name)] if tuned else []), *([VOTES] if self.data.votes else [])]
        predicted = [*self._models.values(), probabilities(CONSENSUS), *self._repeats]
        return [*always, *sometimes, *predicted, *self._trainings]

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything else that the outputs depend on, including the code of the user's own signals."""
        names = [signal.version if isinstance(signal, OwnSignal) else signal.name for signal in self.signals]
        clusters = self.config.detection.model_dump(mode="json", include={"max_clusters", "cluster_rows"})
        raters = {"raters": self.config.detection.raters} if self.data.votes else {}
        about = {"models": list(self._models), "signals": names, "seed": self.config.seed, "revision": REVISION}
        return about | clusters | raters | revision(self.data.texts)

    @cached_property
    def signals(self) -> list[Signal]:
        """Signals whose inputs are available."""
        optional = {"dynamics": self._trainings, "repeats": self._repeats}
        tuned = {"tuned_neighbours", "tuned_similarities"} if self.config.tuned else set()
        votes = {"votes", "crowd"} if self.data.votes else set()
        sometimes = {name for name, files in optional.items() if files} | tuned | votes
        available = (frozenset(Inputs.__annotations__) - _SOMETIMES) | sometimes
        return [*signals_for(self.config.pooled, self.data.label_names, available), *own_signals(self.config)]

    def write(self, space: Path, read: Reader) -> None:
        """Write signals, groups, issues (as Parquet and CSV), health, and overlapping definitions."""
        data, labels, config, duplicates = self.data, self.data.labels, self.config, Duplicates.of(read)
        inputs, signals = self._inputs(read, duplicates), self.signals
        consensus, vectors = inputs["consensus"], inputs["vectors"]
        flags, crowd = self._flags(consensus)
        if data.votes is not None:
            inputs["votes"] = data.votes
            inputs["crowd"] = np.full_like(consensus, np.nan) if crowd is None else crowd.posterior
        measured = measure(signals, **inputs)
        SIGNALS.save(space, to_table(measured))
        group, groups = make_groups(flags, labels, data.label_names, vectors, data.texts, config.detection, config.seed)
        GROUPS.save(space, groups)
        exact = duplicates.exact
        evidence = Evidence(
            labels, data.label_names, inputs["probabilities"], exact, duplicates.near, inputs["neighbours"], inputs
        )
        kinds = find_kinds(consensus if crowd is None else crowd.posterior, labels, exact, flags.is_issue)
        stable = self._stability(inputs.get("repeats", []))
        raters = [signal for signal in signals if isinstance(signal, Annotators)]
        own = [MeasuredSignal(s, measured[s.name], inputs) for s in signals if isinstance(s, OwnSignal)]
        confident = confident_learning(labels, consensus, self._judgeable)
        table = issues_table(data, flags, confident, kinds, stable, evidence, measured, group, [*raters, *own])
        ISSUES.save(space, table)
        ISSUES_CSV.save(space, table.sort_by("rank"))
        health = class_health(
            labels, data.label_names, consensus, self._judgeable, flags, duplicates.exact, duplicates.summary(labels)
        )
        if data.votes is not None:
            health |= rater_health(data.votes, crowd, labels, data.label_names)
        HEALTH.save(space, health)
        rows = np.flatnonzero(~np.isnan(flags.suspicion))
        judged = DefinitionEvidence(
            rows, labels, consensus, inputs["neighbours"], inputs["similarities"], duplicates.near
        )
        DEFINITIONS.save(space, find_definition_problems(judged, data.label_names, data.ids))

    def _inputs(self, read: Reader, duplicates: Duplicates) -> Inputs:
        """Load all inputs of signals that are available."""
        data, nearest = self.data, read.load(neighbours())
        inputs = Inputs(
            probabilities={name: read.load(file) for name, file in self._models.items()},
            consensus=read.load(probabilities(CONSENSUS)),
            labels=data.labels,
            splits=data.splits,
            vectors=read.load(VECTORS),
            neighbours=nearest.index,
            similarities=nearest.similarity,
            identical=duplicates.exact,
            duplicates=duplicates.near,
            dynamics={
                file.name: self._training(read, file, fold, duplicates.near) for file, fold in self._trainings.items()
            },
            texts=data.texts,
            label_names=data.label_names,
        )
        if self.config.tuned:
            tuned = read.load(neighbours(self.config.tuned.name))
            inputs["tuned_neighbours"], inputs["tuned_similarities"] = tuned.index, tuned.similarity
        if self._repeats:
            inputs["repeats"] = [read.load(file) for file in self._repeats]
        return inputs

    def _flags(self, consensus: Float32) -> tuple[Flags, Crowd | None]:
        """Return the flags, and the joint probabilities of votes and models if there are votes."""
        labels, votes, crowd = self.data.labels, self.data.votes, None
        if votes is not None:
            honest = np.where(self._judgeable[:, None], consensus, np.float32(np.nan))
            unlearnt = np.bincount(labels, minlength=self.data.num_classes) == 0
            crowd = weigh(votes, honest, self.config.detection.raters, unlearnt)
        posterior = None if crowd is None else crowd.posterior
        return find_flags(labels, consensus, self._judgeable, posterior), crowd

    def _stability(self, repeats: Sequence[Float32]) -> Float32:
        """Return the (N,) stability; NaN without repeats."""
        if not repeats:
            return np.full(len(self.data), np.nan, np.float32)
        flags = [self._flags(repeat)[0] for repeat in repeats]
        return stability([repeat.is_issue for repeat in flags], [repeat.predicted >= 0 for repeat in flags])

    @cached_property
    def _judgeable(self) -> Mask:
        return judgeable(self.data.labels, self.folds, self.data.num_classes)

    @property
    def _models(self) -> dict[str, Array[Float32]]:
        """Artifact of each model's probabilities, by name."""
        return {name: probabilities(name) for name in self.config.pooled}

    @property
    def _repeats(self) -> list[Array[Float32]]:
        """Artifacts of the consensus of each repeat, if there are several."""
        times = self.config.trainings
        return [consensus_alone(repeat) for repeat in range(times)] if times > 1 else []

    @property
    def _trainings(self) -> dict[Array[Any], int]:
        """Artifacts of the training rows' logits, with the fold of each, for models that keep them."""
        files = {
            dynamics(model, "train", fold): fold
            for model in map(short_name, self.config.models)
            for fold in fold_numbers(self.folds)
        }
        return {file: fold for file, fold in files.items() if self.run.has(file)}

    def _training(self, read: Reader, file: Array[Any], fold: int, groups: Codes) -> Dynamics:
        labels, most = self.data.labels, limit(self.config.train_rows, len(self.data))
        rows = training_rows(self.folds, fold, labels, groups, most, self.config.seed + fold)
        return Dynamics(rows, read.load(file))
