"""The classifiers of an audit: which there are, what each is given, and what its predictions depend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from auditor.config import AuditConfig, is_address, short_name
from auditor.errors import InputError
from auditor.models.crossval import Candidate
from auditor.models.logistic import Baseline, features_classifier, lexical_classifier
from auditor.models.own.imported import load
from auditor.models.own.own import Own
from auditor.models.transformer.device import pick_device, pick_dtype
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.weights import Weights

BASELINE = "dummy"
"""Name of the baseline that every model is compared with."""


def candidates(
    config: AuditConfig,
    label_names: Sequence[str],
    texts: Sequence[str],
    vectors: npt.NDArray[np.float32],
    base: Weights,
    groups: npt.NDArray[np.int32],
) -> list[Candidate]:
    """The baseline and the chosen models: ours first, then the user's own.

    Parameters
    ----------
    config : AuditConfig
    label_names : sequence of K str
    texts : sequence of N str
    vectors : (N, D) float32
        Of the frozen encoder.
    base : Weights
        Of the model to fine-tune.
    groups : (N,) int32
        Equal where rows are duplicates.
    """
    num_classes = len(label_names)
    texts_and_groups = ("dataset.parquet", "duplicates.parquet")
    known = [
        Candidate(BASELINE, lambda progress: Baseline(num_classes), texts, texts_and_groups, {}),
        Candidate(
            "features",
            lambda progress: features_classifier(config.features, num_classes),
            vectors,
            (*texts_and_groups, "vectors.npy"),
            config.features.model_dump(mode="json"),
        ),
        Candidate(
            "lexical",
            lambda progress: lexical_classifier(config.lexical, num_classes),
            texts,
            texts_and_groups,
            config.lexical.model_dump(mode="json"),
        ),
        Candidate(
            "finetuned",
            lambda progress: Finetuned(base, config.finetuned, label_names, config.device, progress),
            texts,
            texts_and_groups,
            {
                **config.finetuned.model_dump(mode="json"),
                "weights": base.fingerprint,
                **arithmetic(config.finetuned.precision, config.device),
            },
        ),
    ]
    chosen = [each for each in known if each.name in (BASELINE, *config.models)]
    own = [_own(address, num_classes, texts, vectors) for address in config.models if is_address(address)]
    return [replace(each, groups=groups) for each in (*chosen, *own)]


def check_own(config: AuditConfig) -> None:
    """Whether there is something to judge by; import the user's own classifiers, and make one of each.

    Raises
    ------
    InputError
        If there is no model, and no probabilities are given.
    OwnCodeError
        If there is none, it fails, or it is no classifier.
    """
    if not config.pooled:
        raise InputError(
            "There is nothing to judge the labels by: no model, and no probabilities.",
            "Name models, or give probabilities that were made elsewhere (--probabilities FILE).",
        )
    for address in filter(is_address, config.models):
        Own(load(address), 2)


def _own(address: str, num_classes: int, texts: Sequence[str], vectors: npt.NDArray[np.float32]) -> Candidate:
    imported = load(address)
    of_vectors = Own(imported, num_classes).takes == "vectors"
    name = short_name(address)
    return Candidate(
        name,
        lambda progress: Own(imported, num_classes),
        vectors if of_vectors else texts,
        ("dataset.parquet", "duplicates.parquet", *(["vectors.npy"] if of_vectors else [])),
        {"own": address, "code": imported.code},
        stage=f"models/{name}",
    )


def arithmetic(precision: str, device: str) -> dict[str, str]:
    """What decides the low bits of a result, for the parameters of a stage: kind of device and precision."""
    where = pick_device(device)
    return {"device": where.type, "dtype": str(pick_dtype(precision, where)).removeprefix("torch.")}
