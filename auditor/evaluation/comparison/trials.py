"""Trials: train every model on the original and the corrected labels, each training a stage of the run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from auditor.arrays import Mask, Probabilities
from auditor.config import TRAININGS, AuditConfig
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
from auditor.modelspecs import MODELS
from auditor.run import Make, Reader, Run
from auditor.run.artifacts import VECTORS, model_file, retrained
from auditor.vocabulary import ModelName


def check_changes(corrections: Corrections) -> None:
    """Refuse corrections without changes.

    Raises
    ------
    CorrectionError
        If the decisions change nothing.
    """
    if not corrections.changed.any() and corrections.kept.all():
        judged = len(corrections.outcomes.by_row)
        raise CorrectionError(
            f"None of the {judged:,} judged rows is changed or excluded: there are no corrected labels to train on.",
            "Judge the suspect rows first with `auditor review`.",
        )


@dataclass(frozen=True)
class Trials:
    """Trainings on one run: two versions of the labels × several seeds, for each model.

    Attributes
    ----------
    run : Run
        Run that the caller has locked.
    corrections : Corrections
    config : AuditConfig
        Settings of the run.
    encoder, base : Weights
        Weights of the frozen encoder, and of the model to fine-tune.
    seeds : int
        Number of seeds, starting at the run's own.
    """

    run: Run
    corrections: Corrections
    config: AuditConfig
    encoder: Weights
    base: Weights
    seeds: int = TRAININGS

    @property
    def seed_numbers(self) -> range:
        """Seeds of the trainings."""
        return range(self.config.seed, self.config.seed + self.seeds)

    @cached_property
    def versions(self) -> dict[str, Version]:
        """Original and corrected labels."""
        corrections = self.corrections
        return {
            ORIGINAL: Version.complete(corrections.texts.labels),
            CORRECTED: Version(corrections.label, corrections.kept),
        }

    @cached_property
    def duplicates(self) -> Duplicates:
        """Duplicates of the run."""
        return Duplicates.of(self.run)

    @cached_property
    def split(self) -> Split:
        """Rows to train and to test on, which depend only on the original dataset."""
        texts = self.corrections.texts
        return split_rows(texts.splits, texts.labels, self.duplicates.near, self.config.seed)

    def candidates(self, models: Sequence[ModelName]) -> list[Candidate]:
        """Return the classifiers of the audit in the order of ``models``."""
        vectors = np.empty((0, 0), np.float32)
        if any(MODELS[name].takes == "vectors" for name in models):
            vectors = self.run.load(VECTORS)
        corrections, config = self.corrections, self.config.updated(models=tuple(models))
        texts, groups = corrections.texts.texts, self.duplicates.near
        made = candidates(config, corrections.label_names, texts, vectors, self.base, groups)
        by_name = {candidate.name: candidate for candidate in made}
        return [by_name[name] for name in models]

    # -- training -----------------------------------------------------------------------------------------------

    def train(self, candidate: Candidate, progress: Progress) -> None:
        """Train a model on both versions with every seed, unless done. Save the first one on corrected labels."""
        steps = [(version, seed) for version in self.versions for seed in self.seed_numbers]
        for done, (version, seed) in enumerate(steps):
            self.run.stage(
                stage_name(candidate.name, version, seed),
                self._train_one(candidate, version, seed, _part(progress, done, len(steps))),
                inputs=candidate.reads,
                parameters=self._parameters(candidate, version, seed),
            )
            progress(done + 1, len(steps))

    def texts_left(self, candidate: Candidate) -> int:
        """Count the texts, over all epochs, in the fine-tunings still to do."""
        done = {name: stage.parameters for name, stage in self.run.manifest.stages.items()}
        left = sum(
            done.get(stage_name(candidate.name, version, seed))
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

    def _train_one(self, candidate: Candidate, version: str, seed: int, progress: Progress) -> Make:
        def make(space: Path, read: Reader) -> None:
            classifier = train_on(candidate, self.versions[version], self.split, seed, progress)
            probabilities = predict_tests(classifier, candidate, self.split)
            retrained(stage_name(candidate.name, version, seed)).save(space, probabilities)
            if self._is_kept(version, seed):
                self._save(classifier, candidate.name, probabilities, space)

        return make

    def _save(self, classifier: Classifier, name: str, probabilities: Probabilities, space: Path) -> None:
        corrections, part = self.corrections, self.part(self.split.train)
        truth = self.versions[CORRECTED].tested(self.split)
        tested = truth >= 0
        scores = score(probabilities[tested], truth[tested], len(corrections.label_names))
        origin = corrections.texts.origin
        save_model(
            classifier,  # type: ignore[arg-type]  # of the candidates' kinds
            space / model_file(name),
            name=name,  # type: ignore[arg-type]  # of a candidate
            label_names=corrections.label_names,
            config=self.config,
            encoder=self.encoder if MODELS[name].takes == "vectors" else None,
            about=About(
                dataset=origin.source,
                hub_dataset=origin.format == "hub",
                rows=part.rows - part.excluded,
                changed=part.changed,
                excluded=part.excluded,
                seed=self.config.seed,
                tested_on=int(tested.sum()),
                scores=scores.model_dump(include={"accuracy", "weighted_f1", "macro_f1"}),
            ),
        )

    def part(self, rows: Mask) -> Part:
        """Count what is decided about some of the rows."""
        judged = np.zeros(len(rows), dtype=np.bool_)
        judged[list(self.corrections.outcomes.by_row)] = True
        return Part(
            rows=int(rows.sum()),
            judged=int((rows & judged).sum()),
            changed=int((rows & self.corrections.changed).sum()),
            excluded=int((rows & ~self.corrections.kept).sum()),
        )


def _part(progress: Progress, step: int, steps: int) -> Progress:
    """Return the progress of one training as part of all."""
    return lambda done, total: progress(step * total + done, steps * total)
