"""Trials: every model is trained on the original and on the corrected labels; each training is a stage of the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.config import AuditConfig
from auditor.correction.decide.corrections import Corrections
from auditor.data.duplicates import Duplicates
from auditor.errors import CorrectionError
from auditor.evaluation.comparison.results import CORRECTED, ORIGINAL, Part, digest, stage_name
from auditor.evaluation.comparison.versions import Split, Version, predict_tests, split_rows, train_on
from auditor.evaluation.saved.modelcard import About
from auditor.evaluation.saved.saved import save_model
from auditor.models.classifier import Classifier, Progress
from auditor.models.crossval import Candidate
from auditor.models.registry import candidates
from auditor.models.scores import score
from auditor.models.transformer.weights import Weights
from auditor.run import Run
from auditor.vocabulary import ModelName

Floats = npt.NDArray[np.float32]


def check_changes(corrections: Corrections) -> None:
    """Refuse to train twice on the same.

    Raises
    ------
    CorrectionError
        If the decisions change nothing.
    """
    if not corrections.changed.any() and corrections.kept.all():
        judged = len(corrections.outcomes.by_row)
        raise CorrectionError(
            f"{judged:,} rows are judged, and none is changed or excluded: there are no corrected labels to train on.",
            "Judge the suspects first, with `auditor review`.",
        )


@dataclass(frozen=True)
class Trials:
    """The trainings on one run: two versions of the labels × some seeds, for each model.

    Attributes
    ----------
    run : Run
        Held.
    corrections : Corrections
    config : AuditConfig
        The run's own settings.
    encoder, base : Weights
        Of the frozen encoder, and of the model to fine-tune.
    seeds : int
        From the run's own seed on.
    """

    run: Run
    corrections: Corrections
    config: AuditConfig
    encoder: Weights
    base: Weights
    seeds: int = 3

    @property
    def seed_numbers(self) -> range:
        """The seeds themselves."""
        return range(self.config.seed, self.config.seed + self.seeds)

    @cached_property
    def versions(self) -> dict[str, Version]:
        """The labels as they were, and as they are."""
        corrections = self.corrections
        return {
            ORIGINAL: Version.whole(corrections.texts.labels),
            CORRECTED: Version(corrections.label, corrections.kept),
        }

    @cached_property
    def duplicates(self) -> Duplicates:
        """Of the run."""
        return Duplicates.load(self.run.open("duplicates.parquet"))

    @cached_property
    def split(self) -> Split:
        """Rows to train and to test on; it depends on the original dataset alone."""
        texts = self.corrections.texts
        return split_rows(texts.splits, texts.labels, self.duplicates.near, self.config.seed)

    def candidates(self, models: Sequence[ModelName]) -> list[Candidate]:
        """The classifiers, as in the audit, in the order of ``models``."""
        vectors = np.empty((0, 0), np.float32)
        if "features" in models:
            vectors = np.asarray(np.load(self.run.open("vectors.npy"), mmap_mode="r", allow_pickle=False))
        corrections, config = self.corrections, self.config.updated(models=tuple(models))
        texts, groups = corrections.texts.texts, self.duplicates.near
        known = candidates(config, corrections.label_names, texts, vectors, self.base, groups)
        by_name = {candidate.name: candidate for candidate in known}
        return [by_name[name] for name in models]

    # -- training -----------------------------------------------------------------------------------------------

    def train(self, candidate: Candidate, progress: Progress) -> None:
        """Train one model on both versions with every seed, unless it was; keep the first on the corrected labels."""
        steps = [(version, seed) for version in self.versions for seed in self.seed_numbers]
        for done, (version, seed) in enumerate(steps):
            self.run.stage(
                stage_name(candidate.name, version, seed),
                self._one(candidate, version, seed, _part(progress, done, len(steps))),
                inputs=candidate.reads,
                parameters=self._parameters(candidate, version, seed),
            )
            progress(done + 1, len(steps))

    def texts_left(self, candidate: Candidate) -> int:
        """Texts that fine-tuning goes through in the trainings, all epochs counted, that this run has no record of."""
        stages = self.run.manifest["stages"]
        left = sum(
            stages.get(stage_name(candidate.name, version, seed), {}).get("parameters")
            != json.loads(json.dumps(self._parameters(candidate, version, seed)))
            for version in self.versions
            for seed in self.seed_numbers
        )
        return int(left * self.config.finetuned.epochs * self.split.train.sum())

    def _parameters(self, candidate: Candidate, version: str, seed: int) -> dict[str, Any]:
        """All that a training depends on; of the one that is kept, also what its scores are of."""
        chosen, split = self.versions[version], self.split
        rows, tests = np.flatnonzero(split.train & chosen.kept), np.flatnonzero(split.test)
        about = {
            "seed": seed,
            "label_names": list(self.corrections.label_names),
            "trained_on": digest(rows, chosen.labels[rows]),
            "tested_on": digest(tests, chosen.tested(split) if self._is_kept(version, seed) else np.array(())),
        }
        return {**candidate.parameters, **about}

    def _is_kept(self, version: str, seed: int) -> bool:
        """Whether the model is saved."""
        return version == CORRECTED and seed == self.config.seed

    def _one(self, candidate: Candidate, version: str, seed: int, progress: Progress) -> Callable[[Path], None]:
        def make(space: Path) -> None:
            classifier = train_on(candidate, self.versions[version], self.split, seed, progress)
            probabilities = predict_tests(classifier, candidate, self.split)
            path = space / file_of(candidate.name, version, seed)
            path.parent.mkdir(parents=True)
            np.save(path, probabilities, allow_pickle=False)
            if self._is_kept(version, seed):
                self._save(classifier, candidate.name, probabilities, space)

        return make

    def _save(self, classifier: Classifier, name: str, probabilities: Floats, space: Path) -> None:
        corrections, part = self.corrections, self.part(self.split.train)
        truth = self.versions[CORRECTED].tested(self.split)
        here = truth >= 0
        scores = score(probabilities[here], truth[here], len(corrections.label_names))
        origin = corrections.texts.origin
        save_model(
            classifier,  # type: ignore[arg-type]  # of the candidates' kinds
            space / "model" / name,
            name=name,  # type: ignore[arg-type]  # of a candidate
            label_names=corrections.label_names,
            config=self.config,
            encoder=self.encoder if name == "features" else None,
            about=About(
                dataset=origin.source,
                hub_dataset=origin.format == "hub",
                rows=part.rows - part.excluded,
                changed=part.changed,
                excluded=part.excluded,
                seed=self.config.seed,
                tested_on=int(here.sum()),
                scores=scores.model_dump(include={"accuracy", "weighted_f1", "macro_f1"}),
            ),
        )

    def part(self, rows: npt.NDArray[np.bool_]) -> Part:
        """Count what is decided about some of the rows."""
        judged = np.zeros(len(rows), dtype=np.bool_)
        judged[list(self.corrections.outcomes.by_row)] = True
        return Part(
            rows=int(rows.sum()),
            judged=int((rows & judged).sum()),
            changed=int((rows & self.corrections.changed).sum()),
            excluded=int((rows & ~self.corrections.kept).sum()),
        )


def file_of(model: str, version: str, seed: int) -> str:
    """Artifact with the (T, K) probabilities that one training has given."""
    return f"{stage_name(model, version, seed)}.npy"


def _part(progress: Progress, step: int, steps: int) -> Progress:
    """The progress of one training as a part of the whole."""
    return lambda done, total: progress(step * total + done, steps * total)
