"""Finished runs without any training: made-up texts and probabilities, and what the detection finds in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from auditor import detection
from auditor.config import AuditConfig, DetectionConfig
from auditor.data.duplicates import find_duplicates
from auditor.data.labeled_texts import LabeledTexts, Origin
from auditor.data.labels.votes import Votes
from auditor.detection.classes.definitions import DefinitionEvidence, find_definition_problems
from auditor.detection.kinds import find_kinds
from auditor.detection.stability import stability
from auditor.models.scores import score
from auditor.run import Make, Reader, Run
from auditor.run.artifacts import DATASET, SCORES, probabilities
from auditor.signals import Loss, measure, signals_for, weigh

EMOTIONS = ("sadness", "joy", "love", "anger", "fear", "surprise")
MODELS = ("features", "lexical", "finetuned")
_OPENINGS = ("today i feel", "honestly", "so", "it makes me", "i am", "we were all")
_ENDINGS = ("after that call", "on the train home", "and nobody knows why", "again", "since monday", "about the exam")

Floats = npt.NDArray[np.float32]


@dataclass
class MadeRun:
    """What a run is made from; :meth:`write` makes it.

    Attributes
    ----------
    texts, labels : N texts and their codes
    names : K label names
    probabilities : (N, K) by model; NaN rows are not judged
    map : (N, 2); its points also serve as vectors
    votes : of several raters
    definitions : what ``definitions.json`` holds; what the detection finds, if it is None
    old : as runs were before kinds, tiers and the consensus' weights were told
    """

    texts: list[str]
    labels: npt.NDArray[np.int32]
    names: tuple[str, ...]
    probabilities: dict[str, Floats]
    map: Floats
    splits: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    source: str = "diary.csv"
    votes: Votes | None = None
    notes: tuple[str, ...] = ("The column 'text' was taken for the texts.",)
    definitions: list[dict[str, Any]] | None = None
    old: bool = False

    def write(self, directory: Path) -> Path:
        """Write the artifacts as stages of a run, and return its directory."""
        data, size = self._dataset(), len(self.names)
        pooling = detection.consensus(self.probabilities, {}, self.labels, np.arange(len(self.labels)) % 5)
        consensus = pooling.probabilities
        dummy = np.tile(np.bincount(self.labels, minlength=size) / len(self.labels), (len(self.labels), 1))
        pooled = {"dummy": dummy.astype(np.float32), **self.probabilities, "consensus": consensus}
        scores = {name: score(values, self.labels, size).model_dump(mode="json") for name, values in pooled.items()}
        run = Run(directory)
        config = AuditConfig.model_validate({"models": list(self.probabilities), **self.config})
        run.record(
            created="2024-05-06T07:08:09+00:00",
            config=config.model_dump(mode="json"),
            versions={"numpy": "2.0", "scikit-learn": "1.9"},
            machine={"system": "Linux", "threads": 2},
            dataset={
                "fingerprint": data.fingerprint(),
                "source": self.source,
                "rows": len(data),
                "rejected": data.rejected.num_rows,
                "label_names": self.names,
                "notes": self.notes,
            },
        )
        run.stage("read", lambda at, read: data.write(at / "dataset.parquet", at / "rejected.parquet"))
        run.stage("map", lambda at, read: np.save(at / "map.npy", self.map), inputs=[DATASET])
        for name, values in self.probabilities.items():
            run.stage(
                f"{name}/fold-0", lambda at, read, name=name: (at / f"{name}-0").touch(), inputs=["dataset.parquet"]
            )
            run.stage(name, _saver(name, values), inputs=[f"{name}-0"])
        last = "probabilities/" + max(self.probabilities) + ".npy"
        run.stage("consensus", lambda at, read: self._pool(at, pooling), inputs=[last])
        run.stage("scores", lambda at, read: SCORES.save(at, scores), inputs=[probabilities("consensus")])
        run.stage("detect", lambda at, read: self._detect(at, data, consensus), inputs=[probabilities("consensus")])
        run.record(finished=True)
        return directory

    def _dataset(self) -> LabeledTexts:
        rows, splits = len(self.texts), self.splits or ["all"] * len(self.texts)
        table = pa.table(
            {
                "id": [f"{split}-{row}" for row, split in enumerate(splits)],
                "text": self.texts,
                "label": pa.array(self.labels, pa.int32()),
                "split": splits,
                "position": pa.array(range(rows), pa.int64()),
            }
        )
        rejected = pa.table({"split": ["all"], "position": pa.array([rows], pa.int64()), "reason": ["no label"]})
        origin = Origin(self.source, "csv", "text", "label", None, {})
        return LabeledTexts(table, rejected, self.names, self.names, origin, self.notes, self.votes)

    def _pool(self, at: Path, pooling: detection.Consensus) -> None:
        probabilities("consensus").save(at, pooling.probabilities)
        shares = dict(zip(self.names, pooling.shares.tolist(), strict=True))
        if not self.old:
            _write_json(at / "consensus.json", {"weights": pooling.weights, "shares": shares})

    def _detect(self, at: Path, data: LabeledTexts, consensus: Floats) -> None:
        config = DetectionConfig()
        judged = np.bincount(self.labels, minlength=len(self.names))[self.labels] > 1
        duplicates = find_duplicates([text[:200] for text in self.texts], AuditConfig().duplicates)
        flags = detection.find_flags(self.labels, consensus, judged)
        confident = detection.confident_learning(self.labels, consensus, judged)
        group, groups = detection.make_groups(flags, self.labels, self.names, None, self.texts, config, 0)
        nobody = np.full((len(self.labels), 1), -1, dtype=np.int32)
        evidence = detection.Evidence(
            self.labels, self.names, self.probabilities, duplicates.exact, duplicates.near, nobody
        )
        signals = signals_for(self.probabilities, self.names)
        measured = measure(signals, probabilities=self.probabilities, labels=self.labels)
        losses = [signal for signal in signals if isinstance(signal, Loss)]
        health = detection.class_health(
            self.labels, self.names, consensus, judged, flags, duplicates.exact, duplicates.summary(self.labels)
        )
        if self.votes:
            crowd = weigh(self.votes, consensus)
            health |= detection.rater_health(self.votes, crowd, self.labels, self.names)
        kinds = find_kinds(consensus, self.labels, duplicates.exact, flags.is_issue)
        # Each model stands for a repeat.
        repeats = [detection.find_flags(self.labels, model, judged) for model in self.probabilities.values()]
        stable = stability([each.is_issue for each in repeats], [each.predicted >= 0 for each in repeats])
        issues = detection.issues_table(data, flags, confident, kinds, stable, evidence, measured, group, losses)
        if self.old:
            for name in ("tier", "kind", "kind_confidence", "stability"):
                place = issues.schema.get_field_index(name)
                issues = issues.set_column(place, name, pa.nulls(len(issues), issues.schema.field(name).type))
        else:
            rows = np.flatnonzero(~np.isnan(flags.suspicion))
            known = DefinitionEvidence(
                rows, self.labels, consensus, nobody, np.ones(nobody.shape, np.float32), duplicates.near
            )
            found = find_definition_problems(known, self.names, data.ids)
            _write_json(at / "definitions.json", found if self.definitions is None else self.definitions)
        pq.write_table(issues, at / "issues.parquet")
        pq.write_table(groups, at / "groups.parquet")
        _write_json(at / "health.json", health)


def _saver(name: str, values: Floats) -> Make:
    def save(at: Path, read: Reader) -> None:
        (at / "probabilities").mkdir()
        np.save(at / "probabilities" / f"{name}.npy", values)

    return save


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), "utf-8")


def make_run(
    rows: int = 300,
    names: Sequence[str] = EMOTIONS,
    models: Sequence[str] = MODELS,
    wrong: float = 0.08,
    **changes: Any,
) -> MadeRun:
    """Make up a run: classes in unequal numbers, a share of the labels wrong, blobs on the map."""
    size, random = len(names), np.random.default_rng(7)
    weights = 1 / np.arange(1, size + 1) ** 0.5
    labels = random.choice(size, rows, p=weights / weights.sum()).astype(np.int32)
    labels[: 2 * size] = np.tile(np.arange(size), 2)[:rows]
    true = np.where(random.random(rows) < wrong, random.integers(0, size, rows), labels)
    opening, ending = random.integers(0, 6, (2, rows))
    texts = [
        f"{_OPENINGS[opening[row]]} {'so ' * (row % 3)}{_word(names[true[row]])} {_ENDINGS[ending[row]]} no {row}"
        for row in range(rows)
    ]
    probabilities = {}
    for strength, model in enumerate(models, start=2):
        raised = np.exp(random.normal(0, 1, (rows, size)) + (strength + np.log(size)) * np.eye(size)[true])
        probabilities[model] = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    angle = 2 * np.pi * true / size
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 3 + random.normal(0, 0.7, (rows, 2))
    made: dict[str, Any] = {"texts": texts, "labels": labels, "names": tuple(names), "probabilities": probabilities}
    return MadeRun(**{**made, "map": points.astype(np.float32), **changes})


def _word(name: str) -> str:
    """Letters and digits of a label's name."""
    return "".join(character for character in name if character.isalnum()) or "nothing"
