"""From what a user calls a model to the model: a saved one, a retrained run's, or any that classifies texts."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoConfig

from auditor.config import FinetunedConfig
from auditor.data.source import listed
from auditor.errors import HubUnreachableError, ModelError
from auditor.evaluation.comparison.results import COMPARISON_FILE
from auditor.evaluation.saved.predictor import Predictor
from auditor.evaluation.saved.saved import RECORD, load_model
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.weights import Weights, find_weights
from auditor.run import DEFAULT_PLACE, Run, find_run
from auditor.vocabulary import MODEL_NAMES, ModelName

_PREFERRED: tuple[ModelName, ...] = ("finetuned", *(name for name in MODEL_NAMES if name != "finetuned"))
_MOST_TOKENS = 512


def find_model(name: str, kind: ModelName | None = None, device: str = "auto") -> Predictor:
    """Find a model and load it.

    Parameters
    ----------
    name : str
        A folder that ``auditor retrain`` has written; a retrained run, by name or path; or a model of
        ``transformers`` that classifies texts, by its folder or its name on the Hub.
    kind : str, optional
        Which of a run's models; by default, of those of its last retraining, the fine-tuned one, else the features'.
    device : str

    Raises
    ------
    ModelError
        If there is none, or it is damaged, or does not classify texts.
    RunError
        If it is a run that is not finished, or damaged.
    HubError
        If it must be fetched, and cannot be.
    """
    folder = Path(name)
    is_run = any(os.path.lexists(place / "manifest.json") for place in (folder, DEFAULT_PLACE / name))
    if kind is not None and not is_run:
        raise ModelError(f"{name!r} is no run, of whose models {kind!r} could be one.", "Leave --model out.")
    if os.path.isfile(folder / RECORD):
        return load_model(folder, device)
    if is_run:
        return _of_run(find_run(name), kind, device)
    try:
        weights = find_weights(name)
    except HubUnreachableError as error:
        known = sorted({path.parents[2].name for path in DEFAULT_PLACE.glob(f"*/model/*/{RECORD}")})
        runs = f"Retrained runs here: {listed(known)}." if known else "No run here is retrained."
        raise HubUnreachableError(error.what, f"Check the name, give a folder, or get online. {runs}") from None
    if (weights.folder / RECORD).is_file():
        return replace(load_model(weights.folder, device), name=name)
    return _of_transformers(weights, device)


def saved_models(run: Run) -> tuple[ModelName, ...]:
    """Kinds of the models that a run has kept: those of the last retraining first, and of these the fine-tuned one."""
    written = {artifact for stage in run.manifest["stages"].values() for artifact in stage["outputs"]}
    kept = [kind for kind in _PREFERRED if f"model/{kind}/{RECORD}" in written]
    last = json.loads(run.open(COMPARISON_FILE).read_bytes())["models"] if COMPARISON_FILE in written else []
    return tuple(sorted(kept, key=lambda kind: kind not in {model["name"] for model in last}))


def _of_run(run: Run, kind: ModelName | None, device: str) -> Predictor:
    kinds = saved_models(run)
    if not kinds or (kind is not None and kind not in kinds):
        lacks = f"has no model {kind!r}, but {', '.join(kinds)}" if kinds else "has kept no model"
        todo = f"auditor retrain {run.directory.name}" + (f" --models {kind}" if kind else "")
        raise ModelError(f"The run {run.directory} {lacks}.", f"Train it: {todo}")
    chosen = kind or kinds[0]
    for stage in run.manifest["stages"].values():
        for artifact in stage["outputs"]:
            if artifact.startswith(f"model/{chosen}/"):
                run.open(artifact)
    return replace(load_model(run / f"model/{chosen}", device), name=f"{chosen} of {run.directory.name}")


def _of_transformers(weights: Weights, device: str) -> Predictor:
    try:
        config = AutoConfig.from_pretrained(weights.folder, trust_remote_code=False)
        names = tuple(str(config.id2label[code]) for code in range(len(config.id2label)))
        longest = int(getattr(config, "max_position_embeddings", None) or _MOST_TOKENS)
    except Exception as error:  # a strange file leads to errors of every kind
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(f"The model {weights.name!r} cannot be loaded: {reason}", "Use another model.") from error
    _check_kind(weights.name, config, names)
    settings = FinetunedConfig(
        base_model=weights.name, max_length=max(1, min(longest, _MOST_TOKENS)), precision="float32"
    )
    model = Finetuned.restored(weights, settings, names, np.ones(len(names), dtype=np.bool_), device)
    return Predictor(weights.name, names, model.predict_proba)


def _check_kind(name: str, config: Any, names: Sequence[str]) -> None:
    several = getattr(config, "problem_type", None) not in (None, "single_label_classification")
    if several or len(names) < 2 or len(set(names)) < len(names):
        raise ModelError(
            f"The model {name!r} does not choose one of several classes"
            f" ({len(set(names))} names, problem type {getattr(config, 'problem_type', None)!r}).",
            "Name a model that gives each text one class.",
        )
