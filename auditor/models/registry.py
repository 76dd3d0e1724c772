"""The classifiers of an audit, their inputs, and what their predictions depend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from auditor.arrays import Codes, FoldNumbers, Vectors
from auditor.config import DEFAULTS, AuditConfig, is_address, short_name
from auditor.errors import InputError
from auditor.models.crossval import Candidate
from auditor.models.folds import fold_numbers
from auditor.models.logistic import STRENGTH, Baseline, features_classifier, lexical_classifier
from auditor.models.own.imported import load
from auditor.models.own.own import Own
from auditor.models.randomness import threads_of
from auditor.models.sampling import limit
from auditor.models.transformer.device import arithmetic, pick_device
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.frozen import States
from auditor.models.transformer.weights import Weights
from auditor.modelspecs import specs_of
from auditor.run import Reader
from auditor.run.artifacts import BASELINE, BOUNDS, DATASET, DUPLICATES, STATES, VECTORS, dynamics
from auditor.scripts import revision


def candidates(
    config: AuditConfig,
    label_names: Sequence[str],
    texts: Sequence[str],
    vectors: Vectors,
    base: Weights,
    groups: Codes,
    states: States | None = None,
) -> list[Candidate]:
    """Return the baseline and the chosen models, built-in models first, then the user's own.

    Parameters
    ----------
    config : AuditConfig
    label_names : sequence of K str
    texts : sequence of N str
    vectors : (N, D) float32
        Vectors of the frozen encoder.
    base : Weights
        Weights of the model to fine-tune.
    groups : (N,) int32
        Equal for duplicates.
    states : States, optional
        States of the frozen layers for all texts, for the model to fine-tune.
    """
    num_classes = len(label_names)
    texts_and_groups = (DATASET, DUPLICATES)
    built_in = [
        Candidate(BASELINE, lambda progress: Baseline(num_classes), texts, texts_and_groups, {}),
        Candidate(
            "features",
            lambda progress: features_classifier(config.features, num_classes),
            vectors,
            (*texts_and_groups, VECTORS),
            config.features.model_dump(mode="json"),
        ),
        Candidate(
            "lexical",
            lambda progress: lexical_classifier(config.lexical, num_classes),
            texts,
            texts_and_groups,
            {**config.lexical.model_dump(mode="json"), **revision(texts)},
        ),
        Candidate(
            "finetuned",
            lambda progress: Finetuned(
                base, config.finetuned, label_names, config.device, progress, config.threads, states
            ),
            texts,
            (*texts_and_groups, *((STATES, BOUNDS) if states else ())),
            {
                **config.finetuned.model_dump(mode="json"),
                "weights": base.fingerprint,
                **arithmetic(config.finetuned.precision, config.device),
                **_threads(config),
            },
        ),
    ]
    chosen = [candidate for candidate in built_in if candidate.name in (BASELINE, *config.models)]
    own = [_own(address, num_classes, texts, vectors) for address in config.models if is_address(address)]
    most = limit(config.train_rows, len(texts))
    return [replace(candidate, groups=groups, most=most) for candidate in (*chosen, *own)]


def settled(run: Reader, config: AuditConfig, folds: FoldNumbers) -> AuditConfig:
    """Return the configuration of the repeats, which keep the strengths that the first training chose.

    Of the strengths chosen in several folds, the median is kept: the lower one of two. Runs of earlier versions did not
    record them; their repeats choose again.
    """
    for spec in specs_of(config.models):
        files = [dynamics(spec.name, STRENGTH, fold) for fold in fold_numbers(folds)]
        if spec.has_strength and all(map(run.has, files)):
            chosen = np.sort(np.concatenate([run.load(file) for file in files]))
            config = config.updated(**{spec.name: {"strengths": (float(chosen[(len(chosen) - 1) // 2]),)}})
    return config


def check_own(config: AuditConfig) -> None:
    """Check that there is a model or probabilities, and that the user's own classifiers can be instantiated.

    Raises
    ------
    InputError
        If there are neither models nor probabilities.
    OwnCodeError
        If a classifier is missing, fails, or is invalid.
    """
    if not config.pooled:
        raise InputError(
            "There are neither models nor probabilities to judge the labels by.",
            "Choose models with --models, or pass existing probabilities with --probabilities FILE.",
        )
    for address in filter(is_address, config.models):
        Own(load(address), 2)


def _own(address: str, num_classes: int, texts: Sequence[str], vectors: Vectors) -> Candidate:
    imported = load(address)
    of_vectors = Own(imported, num_classes).takes == "vectors"
    name = short_name(address)
    return Candidate(
        name,
        lambda progress: Own(imported, num_classes),
        vectors if of_vectors else texts,
        (DATASET, DUPLICATES, *([VECTORS] if of_vectors else [])),
        {"own": address, "code": imported.code},
        stage=f"models/{name}",
    )


def _threads(config: AuditConfig) -> dict[str, int]:
    """Return the parameter for a number of threads other than the default, which earlier versions did not record."""
    on_cpu = pick_device(config.device).type == "cpu"
    threads = threads_of(config.threads)
    return {"threads": threads} if on_cpu and threads != DEFAULTS.threads else {}
