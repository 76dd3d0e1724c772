"""Trials: train every model on the original and the corrected labels, each training a stage of the run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from auditor.arrays import Codes, Counts, LabelCodes, Mask, Probabilities, RowIndex
from auditor.config import TRAININGS, AuditConfig
from auditor.correction.decide.classes import in_words
from auditor.correction.decide.corrections import Corrections
from auditor.data.duplicates import Duplicates
from auditor.errors import CorrectionError
from auditor.evaluation.comparison.results import CORRECTED, ORIGINAL, Part, digest, half_name, stage_name
from auditor.evaluation.comparison.versions import Split, Version, predict_labels, predict_tests, split_rows, train_on
from auditor.evaluation.comparison.whole import ENOUGH, HALVES, Truth, find_truth, halve, settled
from auditor.evaluation.saved.modelcard import About
from auditor.evaluation.saved.saved import save_model
from auditor.models.classifier import Classifier, Progress
from auditor.models.crossval import Candidate
from auditor.models.registry import candidates
from auditor.models.scores import score
from auditor.models.transformer.frozen import States
from auditor.models.transformer.weights import Weights
from auditor.modelspecs import MODELS
from auditor.review.feed.blind import Blind
from auditor.run import Make, Reader, Run
from auditor.run.artifacts import VECTORS, judged_labels, model_file, retrained
from auditor.vocabulary import ModelName


def check_changes(corrections: Corrections) -> None:
    """Refuse corrections without changes. Changed classes do not count, because both versions have them.

    Raises
    ------
    CorrectionError
        If the decisions change nothing.
    """
    labels = corrections.comparable
    if np.array_equal(labels.given, labels.corrected):
        judged = len(corrections.outcomes.by_row)
        both = ", and both versions have the changed classes" if corrections.label_changes else ""
        raise CorrectionError(
            f"None of the {judged:,} judged rows is changed or excluded{both}: there are no corrected labels to train"
            " on.",
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
    blind : Blind or None
        Draws of the run's log; None without any.
    """

    run: Run
    corrections: Corrections
    config: AuditConfig
    encoder: Weights
    base: Weights
    seeds: int = TRAININGS
    blind: Blind | None = None

    @property
    def seed_numbers(self) -> range:
        """Seeds of the trainings."""
        return range(self.config.seed, self.config.seed + self.seeds)

    @cached_property
    def versions(self) -> dict[str, Version]:
        """Original and corrected labels, in the same classes."""
        labels = self.corrections.comparable
        return {ORIGINAL: Version.of(labels.given), CORRECTED: Version.of(labels.corrected)}

    @property
    def label_names(self) -> tuple[str, ...]:
        """Classes of both versions."""
        return self.corrections.comparable.label_names

    @property
    def class_changes(self) -> tuple[str, ...]:
        """Changes of the classes in both versions, in words."""
        return tuple(in_words(self.corrections.texts.label_names, self.corrections.label_changes))

    @cached_property
    def duplicates(self) -> Duplicates:
        """Duplicates of the run."""
        return Duplicates.of(self.run)

    @cached_property
    def split(self) -> Split:
        """Rows to train and to test on, which depend only on the original dataset."""
        texts = self.corrections.texts
        split = split_rows(texts.splits, texts.labels, self.duplicates.near, self.config.seed)
        return split if self.blind is None else split.without(self._with_duplicates(self.blind.rows))

    @cached_property
    def truth(self) -> Truth | None:
        """Judged rows on which to estimate the accuracy on all rows; None if blind cards are too few, or trained on."""
        if self.blind is None or self.split.train[self.blind.rows[self.blind.rows >= 0]].any():
            return None
        truth = find_truth(self.corrections)
        return truth if settled(self.blind, truth) >= ENOUGH else None

    @cached_property
    def half(self) -> Codes:
        """Half of each judged row, (R,); see :func:`~auditor.evaluation.comparison.whole.halve`."""
        assert self.truth is not None
        return halve(self.truth.rows, self.split.train, self.duplicates.near)

    def _with_duplicates(self, rows: RowIndex) -> Mask:
        near = self.duplicates.near
        return np.asarray(np.isin(near, near[rows[rows >= 0]]))

    def candidates(self, models: Sequence[ModelName]) -> list[Candidate]:
        """Return the classifiers of the audit in the order of ``models``."""
        vectors = np.empty((0, 0), np.float32)
        if any(MODELS[name].takes == "vectors" for name in models):
            vectors = self.run.load(VECTORS)
        corrections, config = self.corrections, self.config.updated(models=tuple(models))
        texts, groups = corrections.texts.texts, self.duplicates.near
        states = States.of(self.run, texts, self.base, config.finetuned, config.device)
        made = candidates(config, self.label_names, texts, vectors, self.base, groups, states)
        by_name = {candidate.name: candidate for candidate in made}
        return [by_name[name] for name in models]

    # -- training -----------------------------------------------------------------------------------------------

    def train(self, candidate: Candidate, progress: Progress) -> None:
        """Train a model on both versions with every seed, unless done. Save the first one on corrected labels."""
        steps = [(version, seed) for version in self.versions for seed in self.seed_numbers]
        halves = [(version, half) for version in self.versions for half in HALVES] if self.truth else []
        total = len(steps) + len(halves)
        for done, (version, seed) in enumerate(steps):
            self.run.stage(
                stage_name(candidate.name, version, seed),
                self._train_one(candidate, version, seed, _part(progress, done, total)),
                inputs=candidate.reads,
                parameters=self._parameters(candidate, version, seed),
            )
            progress(done + 1, total)
        for done, (version, half) in enumerate(halves, start=len(steps)):
            self.run.stage(
                half_name(candidate.name, version, half),
                self._train_half(candidate, version, half, _part(progress, done, total)),
                inputs=candidate.reads,
                parameters=self._parameters_of_half(candidate, version, half),
            )
            progress(done + 1, total)

    def texts_left(self, candidate: Candidate) -> int:
        """Count the texts, over all epochs, in the fine-tunings still to do."""
        done = {name: stage.parameters for name, stage in self.run.manifest.stages.items()}
        left = sum(
            done.get(stage_name(candidate.name, version, seed))
            != json.loads(json.dumps(self._parameters(candidate, version, seed)))
            for version in self.versions
            for seed in self.seed_numbers
        )
        if self.truth:
            left += sum(
                done.get(half_name(candidate.name, version, half))
                != json.loads(json.dumps(self._parameters_of_half(candidate, version, half)))
                for version in self.versions
                for half in HALVES
            )
        return int(left * self.config.finetuned.epochs * self.split.train.sum())

    def _parameters(self, candidate: Candidate, version: str, seed: int) -> dict[str, Any]:
        """All that a training depends on; of the one that is kept, also what its scores are of."""
        chosen, split = self.versions[version], self.split
        rows, tests = np.flatnonzero(split.train & chosen.kept), np.flatnonzero(split.test)
        about = {
            "seed": seed,
            "label_names": list(self.label_names),
            "trained_on": digest(rows, chosen.labels[rows]),
            "tested_on": digest(tests, chosen.tested(split) if self._is_kept(version, seed) else np.array(())),
        }
        if self.truth and seed == self.config.seed:
            about["judged"] = digest(self._unseen(-1))
        return {**candidate.parameters, **about}

    def _parameters_of_half(self, candidate: Candidate, version: str, half: int) -> dict[str, Any]:
        chosen = self.versions[version]
        rows = np.flatnonzero(self._split_without(half).train & chosen.kept)
        return {
            **candidate.parameters,
            "seed": self.config.seed,
            "label_names": list(self.label_names),
            "trained_on": digest(rows, chosen.labels[rows]),
            "judged": digest(self._unseen(half)),
        }

    def _unseen(self, half: int) -> Counts:
        """Judged rows that a training has not seen: those of its half, or with -1 those that none is trained on."""
        assert self.truth is not None
        return np.asarray(self.truth.rows[self.half == half])

    def _split_without(self, half: int) -> Split:
        rows = self._with_duplicates(self._unseen(half))
        return replace(self.split, train=self.split.train & ~rows)

    def _is_kept(self, version: str, seed: int) -> bool:
        """Whether the model is saved."""
        return version == CORRECTED and seed == self.config.seed

    def _train_one(self, candidate: Candidate, version: str, seed: int, progress: Progress) -> Make:
        def make(space: Path, read: Reader) -> None:
            classifier = train_on(candidate, self.versions[version], self.split, seed, progress)
            probabilities = predict_tests(classifier, candidate, self.split)
            stage = stage_name(candidate.name, version, seed)
            retrained(stage).save(space, probabilities)
            if self.truth and seed == self.config.seed:
                judged_labels(stage).save(space, predict_labels(classifier, candidate, self._unseen(-1)))
            if self._is_kept(version, seed):
                self._save(classifier, candidate.name, probabilities, space)

        return make

    def _train_half(self, candidate: Candidate, version: str, half: int, progress: Progress) -> Make:
        def make(space: Path, read: Reader) -> None:
            split = self._split_without(half)
            classifier = train_on(candidate, self.versions[version], split, self.config.seed, progress)
            labels = predict_labels(classifier, candidate, self._unseen(half))
            judged_labels(half_name(candidate.name, version, half)).save(space, labels)

        return make

    def judged_by(self, read: Reader, model: str, version: str) -> LabelCodes:
        """Return the label of each judged row, (R,), as a training that has not seen the row predicts it."""
        assert self.truth is not None
        labels = np.empty(len(self.truth.rows), np.int32)
        stages = {-1: stage_name(model, version, self.config.seed)}
        stages |= {half: half_name(model, version, half) for half in HALVES}
        for half, stage in stages.items():
            labels[self.half == half] = read.load(judged_labels(stage))
        return labels

    def _save(self, classifier: Classifier, name: str, probabilities: Probabilities, space: Path) -> None:
        corrections, part = self.corrections, self.part(self.split.train)
        truth = self.versions[CORRECTED].tested(self.split)
        tested = truth >= 0
        scores = score(probabilities[tested], truth[tested], len(self.label_names))
        origin = corrections.texts.origin
        save_model(
            classifier,  # type: ignore[arg-type]  # of the candidates' kinds
            space / model_file(name),
            name=name,  # type: ignore[arg-type]  # of a candidate
            label_names=self.label_names,
            config=self.config,
            encoder=self.encoder if MODELS[name].takes == "vectors" else None,
            about=About(
                dataset=origin.source,
                hub_dataset=origin.format == "hub",
                rows=part.rows - part.excluded,
                changed=part.changed,
                excluded=part.excluded,
                class_changes=self.class_changes,
                seed=self.config.seed,
                tested_on=int(tested.sum()),
                scores=scores.model_dump(include={"accuracy", "weighted_f1", "macro_f1"}, exclude_none=True),
            ),
        )

    def part(self, rows: Mask) -> Part:
        """Count what is decided about some of the rows."""
        judged = np.zeros(len(rows), dtype=np.bool_)
        judged[list(self.corrections.outcomes.by_row)] = True
        given, corrected = self.versions[ORIGINAL], self.versions[CORRECTED]
        rows = rows & (given.kept | corrected.kept)
        return Part(
            rows=int(rows.sum()),
            judged=int((rows & judged).sum()),
            changed=int((rows & corrected.kept & (corrected.labels != given.labels)).sum()),
            excluded=int((rows & ~corrected.kept).sum()),
        )


def _part(progress: Progress, step: int, steps: int) -> Progress:
    """Return the progress of one training as part of all."""
    return lambda done, total: progress(step * total + done, steps * total)
