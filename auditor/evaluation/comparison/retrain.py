"""Retraining: what models trained on the original and on the corrected labels are worth on both versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.correction.decide.corrections import Corrections
from auditor.evaluation.comparison.compare import DRAWS, Comparison, compare
from auditor.evaluation.comparison.results import (
    COMPARISON_FILE,
    ModelResult,
    Retraining,
    Setting,
    digest,
    hash_of_labels,
)
from auditor.evaluation.comparison.trials import Trials, file_of
from auditor.models.classifier import Labels
from auditor.vocabulary import ModelName

Flags = npt.NDArray[np.bool_]


def compare_trials(trials: Trials, models: Sequence[ModelName], drawn: Collection[str] = ()) -> Retraining:
    """Compare the trained models, and write it into the run: ``retrain/comparison.json``.

    Parameters
    ----------
    trials : Trials
        All trainings of these models done.
    models : sequence of str
    drawn : collection of str
        Ids of the rows that chance has drawn to be judged.

    Raises
    ------
    InputError
        If no test row stands in both versions.
    """
    setting = _setting(trials)
    tested = {name: version.tested(trials.split) for name, version in trials.versions.items()}
    sample = _random_sample(trials.corrections, drawn)

    def make(space: Path) -> None:
        results = tuple(_result(trials, name, tested, sample) for name in models)
        path = space / COMPARISON_FILE
        path.parent.mkdir(parents=True)
        path.write_text(Retraining(setting=setting, models=results).model_dump_json(indent=1), "utf-8")

    trials.run.stage(
        "retrain/comparison",
        make,
        inputs=[file for name in models for version in trials.versions for file in _files(trials, name, version)],
        parameters={
            "models": list(models),
            "setting": setting.model_dump(mode="json"),
            "tested_on": digest(*tested.values()),
            "random": digest(sample),
            "draws": DRAWS,
        },
    )
    return Retraining.model_validate_json(trials.run.open(COMPARISON_FILE).read_bytes())


def _files(trials: Trials, model: str, version: str) -> list[str]:
    """Where the probabilities of a model's trainings on one version are."""
    return [file_of(model, version, seed) for seed in trials.seed_numbers]


def _result(trials: Trials, name: ModelName, tested: dict[str, Labels], sample: Flags) -> ModelResult:
    probabilities = {
        version: np.stack(
            [np.load(trials.run.open(file), allow_pickle=False) for file in _files(trials, name, version)]
        )
        for version in trials.versions
    }

    def on(rows: Flags) -> Comparison:
        parts = {version: p[:, rows] for version, p in probabilities.items()}
        labels = {version: codes[rows] for version, codes in tested.items()}
        return compare(parts, labels, trials.corrections.label_names, seed=trials.config.seed)

    sample = sample[trials.split.test]
    comparable = sample & np.logical_and.reduce([codes >= 0 for codes in tested.values()])
    everything = np.ones(len(sample), dtype=np.bool_)
    return ModelResult(name=name, comparison=on(everything), random=on(sample) if comparable.any() else None)


def _random_sample(corrections: Corrections, drawn: Collection[str]) -> Flags:
    """(N,) rows that are judged, and that chance had drawn."""
    judged = np.zeros(len(corrections.texts), dtype=np.bool_)
    judged[list(corrections.outcomes.by_row)] = True
    ids = corrections.texts.table["id"]
    return np.asarray(judged & pc.is_in(ids, value_set=pa.array(list(drawn), ids.type)).to_numpy())


def _setting(trials: Trials) -> Setting:
    """How it is compared, in numbers."""
    corrections, split = trials.corrections, trials.split
    outcomes = corrections.outcomes.by_row
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
        changed=int(corrections.changed.sum()),
        excluded=int((~corrections.kept).sum()),
        corrected=hash_of_labels(corrections),
        policy=corrections.policy.model_dump(mode="json"),
    )
