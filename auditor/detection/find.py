"""The last stage of an audit: from all that a run holds to its signals, issues, groups and health."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from auditor.config import AuditConfig
from auditor.data.duplicates import Duplicates
from auditor.data.labeled_texts import LabeledTexts
from auditor.detection.flags import find_flags, with_votes
from auditor.detection.groups import make_groups
from auditor.detection.health import class_health
from auditor.detection.raters import rater_health
from auditor.detection.reasons import Evidence
from auditor.detection.table import issues_table, write_csv
from auditor.models.folds import Folds, fold_numbers, judgeable, trained_on
from auditor.run import Run
from auditor.signals import Annotators, Dynamics, Inputs, Loss, Signal, measure, signals_for, to_table, weigh

_GIVEN = frozenset(Inputs.__annotations__) - {"dynamics", "votes", "crowd"}
"""Inputs that every run has."""


@dataclass(frozen=True)
class Detection:
    """What the stage works on.

    Attributes
    ----------
    run : Run
        Holds vectors, neighbours and dynamics.
    data : LabeledTexts
    config : AuditConfig
    duplicates : Duplicates
    folds : (N,) int16
    """

    run: Run
    data: LabeledTexts
    config: AuditConfig
    duplicates: Duplicates
    folds: Folds

    @property
    def trainings(self) -> dict[str, int]:
        """Artifacts with the logits of training rows, of the models that keep them; and the fold of each."""
        kept = {name for stage in self.run.manifest["stages"].values() for name in stage["outputs"]}
        files = {
            f"dynamics/{model}/fold-{fold}.train.npy": fold
            for model in self.config.models
            for fold in fold_numbers(self.folds)
        }
        return {name: fold for name, fold in files.items() if name in kept}

    @property
    def signals(self) -> list[Signal]:
        """All that there is enough for."""
        dynamics = {"dynamics"} if self.trainings else set()
        votes = set() if self.data.votes is None else {"votes", "crowd"}
        return signals_for(self.config.models, self.data.label_names, _GIVEN | dynamics | votes)

    @property
    def names(self) -> list[str]:
        """Of the signals."""
        return [signal.name for signal in self.signals]

    def write(
        self, space: Path, models: Mapping[str, npt.NDArray[np.float32]], consensus: npt.NDArray[np.float32]
    ) -> None:
        """Write ``signals.parquet``, ``groups.parquet``, ``issues.parquet``, ``issues.csv`` and ``health.json``."""
        data, labels, config, duplicates = self.data, self.data.labels, self.config, self.duplicates
        vectors = np.asarray(np.load(self.run.open("vectors.npy"), mmap_mode="r", allow_pickle=False))
        nearest = np.load(self.run.open("neighbours.npz"), allow_pickle=False)
        inputs = Inputs(
            probabilities=models,
            consensus=consensus,
            labels=labels,
            splits=data.splits,
            vectors=vectors,
            neighbours=nearest["index"],
            similarities=nearest["similarity"],
            identical=duplicates.exact,
            duplicates=duplicates.near,
            dynamics={name: self._training(name, fold) for name, fold in self.trainings.items()},
        )
        judged = judgeable(labels, self.folds, data.num_classes)
        votes, crowd = data.votes, None
        if votes is not None:
            honest = np.where(judged[:, None], consensus, np.float32(np.nan))
            crowd = weigh(votes, honest, config.detection.raters)
            inputs |= Inputs(votes=votes, crowd=np.full_like(consensus, np.nan) if crowd is None else crowd.posterior)
        signals = self.signals
        measured = measure(signals, **inputs)
        pq.write_table(to_table(measured), space / "signals.parquet", compression="zstd")
        flags = find_flags(labels, consensus, judged)
        if crowd is not None:
            flags = with_votes(flags, labels, crowd.posterior, crowd.voted, judged)
        group, groups = make_groups(flags, labels, data.label_names, vectors, data.texts, config.detection, config.seed)
        pq.write_table(groups, space / "groups.parquet", compression="zstd")
        exact, near = duplicates.exact, duplicates.near
        evidence = Evidence(labels, data.label_names, models, exact, near, inputs["neighbours"], inputs)
        explained_by = [signal for kind in (Annotators, Loss) for signal in signals if isinstance(signal, kind)]
        table = issues_table(data, flags, evidence, measured, group, explained_by)
        pq.write_table(table, space / "issues.parquet", compression="zstd")
        write_csv(table, space / "issues.csv")
        health = class_health(
            labels, data.label_names, consensus, judged, flags, duplicates.exact, duplicates.summary(labels)
        )
        if votes is not None:
            health |= rater_health(votes, crowd, labels, data.label_names)
        (space / "health.json").write_text(json.dumps(health, ensure_ascii=False, indent=1), "utf-8")

    def _training(self, name: str, fold: int) -> Dynamics:
        logits = np.load(self.run.open(name), mmap_mode="r", allow_pickle=False)
        return Dynamics(np.flatnonzero(trained_on(self.folds, fold)), logits)
