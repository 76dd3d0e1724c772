"""Retraining: compare models trained on the original and the corrected labels, on both versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.arrays import LabelCodes, Mask
from auditor.correction.decide.corrections import Corrections
from auditor.evaluation.comparison.compare import DRAWS, Comparison, Estimate, compare
from auditor.evaluation.comparison.results import (
    CORRECTED,
    ORIGINAL,
    ModelResult,
    Retraining,
    Setting,
    Whole,
    digest,
    half_name,
    hash_of_labels,
    stage_name,
)
from auditor.evaluation.comparison.trials import Trials
from auditor.evaluation.comparison.whole import HALVES, estimate_accuracy, find_truth, settled
from auditor.run import Reader
from auditor.run.artifacts import COMPARISON, Array, judged_labels, retrained
from auditor.vocabulary import ModelName


def compare_trials(trials: Trials, models: Sequence[ModelName], drawn: Collection[str] = ()) -> Retraining:
    """Compare the trained models, and write the results to the run.

    Parameters
    ----------
    trials : Trials
        Trials with all trainings of these models done.
    models : sequence of str
    drawn : collection of str
        Ids of the rows drawn at random for review.

    Raises
    ------
    InputError
        If no test row is in both versions.
    """
    setting = _setting(trials)
    tested = {name: version.tested(trials.split) for name, version in trials.versions.items()}
    sample = _random_sample(trials.corrections, drawn)

    def make(space: Path, read: Reader) -> None:
        results = tuple(_result(read, trials, name, tested, sample) for name in models)
        COMPARISON.save(space, Retraining(setting=setting, models=results).model_dump(mode="json"))

    trials.run.stage(
        "retrain/comparison",
        make,
        inputs=[
            file
            for name in models
            for version in trials.versions
            for file in (*_files(trials, name, version), *_judged(trials, name, version))
        ],
        parameters={
            "models": list(models),
            "setting": setting.model_dump(mode="json"),
            "tested_on": digest(*tested.values()),
            "random": digest(sample),
            "draws": DRAWS,
            **({"blind": _blind_state(trials)} if trials.truth else {}),
        },
    )
    return Retraining.model_validate(trials.run.load(COMPARISON))


def _files(trials: Trials, model: str, version: str) -> list[Array[Any]]:
    """Return the artifacts with the probabilities of a model's trainings on one version."""
    return [retrained(stage_name(model, version, seed)) for seed in trials.seed_numbers]


def _judged(trials: Trials, model: str, version: str) -> list[Array[Any]]:
    """Return the artifacts with the labels that a model predicts for judged rows."""
    if trials.truth is None:
        return []
    halves = (half_name(model, version, half) for half in HALVES)
    return [judged_labels(stage) for stage in (stage_name(model, version, trials.config.seed), *halves)]


def _result(read: Reader, trials: Trials, name: ModelName, tested: dict[str, LabelCodes], sample: Mask) -> ModelResult:
    probabilities = {
        version: np.stack([read.load(file) for file in _files(trials, name, version)]) for version in trials.versions
    }

    def on(rows: Mask) -> Comparison:
        parts = {version: p[:, rows] for version, p in probabilities.items()}
        labels = {version: codes[rows] for version, codes in tested.items()}
        return compare(parts, labels, trials.label_names, seed=trials.config.seed)

    sample = sample[trials.split.test]
    comparable = sample & np.logical_and.reduce([codes >= 0 for codes in tested.values()])
    everything = np.ones(len(sample), dtype=np.bool_)
    random = on(sample) if comparable.any() else None
    return ModelResult(name=name, comparison=on(everything), random=random, whole=_whole(read, trials, name))


def _whole(read: Reader, trials: Trials, name: ModelName) -> Whole | None:
    """Estimate the accuracy on all rows; None without enough blind cards."""
    if trials.truth is None or trials.blind is None:
        return None
    predicted = (trials.judged_by(read, name, version) for version in (ORIGINAL, CORRECTED))
    found = estimate_accuracy(trials.blind, trials.truth, *predicted)
    ends = [Estimate(value=part.value, low=part.low, high=part.high) for part in found if part.value is not None]
    if len(ends) < len(found):  # no draw's pool is fully known: verdicts were undone
        return None
    before, after, gain = ends
    rows = int(trials.blind.population.sum())
    return Whole(rows=rows, cards=settled(trials.blind, trials.truth), original=before, corrected=after, gain=gain)


def _random_sample(corrections: Corrections, drawn: Collection[str]) -> Mask:
    """Return the judged rows that were drawn at random, as an (N,) mask."""
    judged = np.zeros(len(corrections.texts), dtype=np.bool_)
    judged[list(corrections.outcomes.by_row)] = True
    ids = corrections.texts.table["id"]
    return np.asarray(judged & pc.is_in(ids, value_set=pa.array(list(drawn), ids.type)).to_numpy())


def _setting(trials: Trials) -> Setting:
    """Describe the comparison in numbers."""
    corrections, split = trials.corrections, trials.split
    outcomes, everything = corrections.outcomes.by_row, trials.part(np.ones(len(corrections.texts), np.bool_))
    sources = Counter(source for outcome in outcomes.values() for source in {vote.source for vote in outcome.votes})
    return Setting(
        split=split.how,
        train=trials.part(split.train),
        test=trials.part(split.test),
        leaks=split.leaks,
        seeds=tuple(trials.seed_numbers),
        ranked_by=trials.config.pooled,
        sources=dict(sorted(sources.items(), key=lambda item: (-item[1], item[0]))),
        judged=len(outcomes),
        changed=everything.changed,
        excluded=everything.excluded,
        corrected=hash_of_labels(corrections),
        policy=corrections.policy.model_dump(mode="json"),
        blind=settled(trials.blind, find_truth(corrections)) if trials.blind else 0,
        not_trained_on=split.blind,
        class_changes=trials.class_changes,
    )


def _blind_state(trials: Trials) -> str:
    """Return a hash of the blind draws and the labels that fit the judged rows."""
    assert trials.blind is not None
    assert trials.truth is not None
    truth = trials.truth
    errors, unknown, judged = trials.blind.counts(trials.blind.population, trials.blind.verdicts.outcomes.wrong)
    return digest(trials.blind.rows, errors, unknown, judged, truth.rows, truth.fits)
