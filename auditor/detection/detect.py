"""The last stage of an audit: from all that a run holds to its signals, issues, groups and health."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from auditor.config import AuditConfig, short_name
from auditor.data.duplicates import Duplicates
from auditor.data.labeled_texts import LabeledTexts
from auditor.detection.classes.definitions import Known, find_definition_problems
from auditor.detection.classes.health import class_health
from auditor.detection.classes.raters import rater_health
from auditor.detection.consensus.pooling import CONSENSUS, FROZEN, REVISION, TUNED
from auditor.detection.flags import Flags, confident_learning, find_flags
from auditor.detection.groups import make_groups
from auditor.detection.kinds import find_kinds
from auditor.detection.reasons import Evidence
from auditor.detection.stability import stability
from auditor.detection.table import issues_table
from auditor.models.folds import Folds, fold_numbers, judgeable, trained_on
from auditor.run import Run
from auditor.signals import (
    Annotators,
    Dynamics,
    Inputs,
    OwnSignal,
    Signal,
    Speaking,
    measure,
    own_signals,
    signals_for,
    to_table,
    weigh,
)
from auditor.signals.crowd import Crowd
from auditor.tabular import write_csv

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.bool_]

_SOMETIMES = frozenset({"dynamics", "repeats", "tuned_neighbours", "tuned_similarities", "votes", "crowd"})
"""Inputs that not every run has."""


@dataclass(frozen=True)
class Detection:
    """What the stage works on.

    Attributes
    ----------
    run : Run
        Holds probabilities, vectors, neighbours and dynamics.
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
    def inputs(self) -> list[str]:
        """Artifacts that it reads."""
        always = ["dataset.parquet", "duplicates.parquet", "folds.npy", "vectors.npy", FROZEN]
        sometimes = [*([TUNED] if self._is_tuned else []), *(["votes.parquet"] if self.data.votes else [])]
        said = [*self._models.values(), f"probabilities/{CONSENSUS}.npy", *self._repeats]
        return [*always, *sometimes, *said, *self._trainings]

    @property
    def parameters(self) -> dict[str, Any]:
        """All else that its outputs depend on; of the user's own signals, also the version of their code."""
        names = [signal.version if isinstance(signal, OwnSignal) else signal.name for signal in self.signals]
        clusters = self.config.detection.model_dump(mode="json", include={"max_clusters", "cluster_rows"})
        raters = {"raters": self.config.detection.raters} if self.data.votes else {}
        about = {"models": list(self._models), "signals": names, "seed": self.config.seed, "revision": REVISION}
        return about | clusters | raters

    @cached_property
    def signals(self) -> list[Signal]:
        """All that there is enough for."""
        there = {"dynamics": self._trainings, "repeats": self._repeats}
        tuned = {"tuned_neighbours", "tuned_similarities"} if self._is_tuned else set()
        votes = {"votes", "crowd"} if self.data.votes else set()
        sometimes = {name for name, files in there.items() if files} | tuned | votes
        known = (frozenset(Inputs.__annotations__) - _SOMETIMES) | sometimes
        return [*signals_for(self.config.pooled, self.data.label_names, known), *own_signals(self.config)]

    def write(self, space: Path) -> None:
        """Write ``signals``, ``groups`` and ``issues.parquet``, ``issues.csv``, ``health`` and ``definitions.json``."""
        data, labels, config, duplicates = self.data, self.data.labels, self.config, self.duplicates
        inputs, signals = self._inputs(), self.signals
        consensus, vectors = inputs["consensus"], inputs["vectors"]
        flags, crowd = self._flags(consensus)
        if data.votes is not None:
            inputs["votes"] = data.votes
            inputs["crowd"] = np.full_like(consensus, np.nan) if crowd is None else crowd.posterior
        measured = measure(signals, **inputs)
        pq.write_table(to_table(measured), space / "signals.parquet", compression="zstd")
        group, groups = make_groups(flags, labels, data.label_names, vectors, data.texts, config.detection, config.seed)
        pq.write_table(groups, space / "groups.parquet", compression="zstd")
        exact = duplicates.exact
        evidence = Evidence(
            labels, data.label_names, inputs["probabilities"], exact, duplicates.near, inputs["neighbours"], inputs
        )
        kinds = find_kinds(consensus if crowd is None else crowd.posterior, labels, exact, flags.is_issue)
        stable = self._stability(inputs.get("repeats", []))
        raters = [signal for signal in signals if isinstance(signal, Annotators)]
        own = [Speaking(each, measured[each.name], inputs) for each in signals if isinstance(each, OwnSignal)]
        confident = confident_learning(labels, consensus, self._judgeable)
        table = issues_table(data, flags, confident, kinds, stable, evidence, measured, group, [*raters, *own])
        pq.write_table(table, space / "issues.parquet", compression="zstd")
        write_csv(table.sort_by("rank"), space / "issues.csv")
        health = class_health(
            labels, data.label_names, consensus, self._judgeable, flags, duplicates.exact, duplicates.summary(labels)
        )
        if data.votes is not None:
            health |= rater_health(data.votes, crowd, labels, data.label_names)
        _write_json(space / "health.json", health)
        rows = np.flatnonzero(~np.isnan(flags.suspicion))
        neighbours, similarities = inputs["neighbours"], inputs["similarities"]
        known = Known(rows, labels, consensus, neighbours, similarities, duplicates.near)
        _write_json(space / "definitions.json", find_definition_problems(known, data.label_names, data.ids))

    def _inputs(self) -> Inputs:
        """All that signals may want, and is there."""
        data, duplicates = self.data, self.duplicates
        neighbours, similarities = self._nearest(FROZEN)
        inputs = Inputs(
            probabilities={name: self._load(file) for name, file in self._models.items()},
            consensus=self._load(f"probabilities/{CONSENSUS}.npy"),
            labels=data.labels,
            splits=data.splits,
            vectors=np.asarray(np.load(self.run.open("vectors.npy"), mmap_mode="r", allow_pickle=False)),
            neighbours=neighbours,
            similarities=similarities,
            identical=duplicates.exact,
            duplicates=duplicates.near,
            dynamics={name: self._training(name, fold) for name, fold in self._trainings.items()},
            texts=data.texts,
            label_names=data.label_names,
        )
        if self._is_tuned:
            inputs["tuned_neighbours"], inputs["tuned_similarities"] = self._nearest(TUNED)
        if self._repeats:
            inputs["repeats"] = [self._load(file) for file in self._repeats]
        return inputs

    def _flags(self, consensus: Floats) -> tuple[Flags, Crowd | None]:
        """What is flagged, and what votes and models together come to, where there are votes."""
        labels, votes, crowd = self.data.labels, self.data.votes, None
        if votes is not None:
            honest = np.where(self._judgeable[:, None], consensus, np.float32(np.nan))
            nowhere = np.bincount(labels, minlength=self.data.num_classes) == 0
            crowd = weigh(votes, honest, self.config.detection.raters, nowhere)
        posterior = None if crowd is None else crowd.posterior
        return find_flags(labels, consensus, self._judgeable, posterior), crowd

    def _stability(self, repeats: Sequence[Floats]) -> Floats:
        """(N,) stability; NaN where there are no repeats."""
        if not repeats:
            return np.full(len(self.data), np.nan, np.float32)
        flags = [self._flags(repeat)[0] for repeat in repeats]
        return stability([each.is_issue for each in flags], [each.predicted >= 0 for each in flags])

    @cached_property
    def _judgeable(self) -> Rows:
        return judgeable(self.data.labels, self.folds, self.data.num_classes)

    @property
    def _models(self) -> dict[str, str]:
        """Artifact of each model's probabilities, by the model's name."""
        return {name: f"probabilities/{name}.npy" for name in self.config.pooled}

    @property
    def _repeats(self) -> list[str]:
        """Artifacts with the consensus of each repeat alone, if there are several."""
        times = self.config.trainings
        return [f"probabilities/repeat-{repeat}/{CONSENSUS}.npy" for repeat in range(times)] if times > 1 else []

    @property
    def _trainings(self) -> dict[str, int]:
        """Artifacts with the logits of training rows, of the models that keep them; and the fold of each."""
        kept = {name for stage in self.run.manifest["stages"].values() for name in stage["outputs"]}
        files = {
            f"dynamics/{model}/fold-{fold}.train.npy": fold
            for model in map(short_name, self.config.models)
            for fold in fold_numbers(self.folds)
        }
        return {name: fold for name, fold in files.items() if name in kept}

    @property
    def _is_tuned(self) -> bool:
        return "finetuned" in self.config.models

    def _load(self, file: str) -> Floats:
        return np.asarray(np.load(self.run.open(file), allow_pickle=False))

    def _nearest(self, file: str) -> tuple[npt.NDArray[np.int32], Floats]:
        with np.load(self.run.open(file), allow_pickle=False) as nearest:
            return nearest["index"], nearest["similarity"]

    def _training(self, name: str, fold: int) -> Dynamics:
        logits = np.load(self.run.open(name), mmap_mode="r", allow_pickle=False)
        return Dynamics(np.flatnonzero(trained_on(self.folds, fold)), logits)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), "utf-8")
