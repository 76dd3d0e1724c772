"""Find a model by a user's name for it: a saved one, a retrained run's, or any text classifier."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoConfig

from auditor.config import FinetunedConfig
from auditor.errors import HubUnreachableError, ModelError
from auditor.evaluation.saved.predictor import Predictor
from auditor.evaluation.saved.saved import RECORD, load_model
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.weights import Weights, find_weights
from auditor.modelspecs import MODELS
from auditor.run import DEFAULT_PLACE, Run, find_run, is_run
from auditor.run.artifacts import COMPARISON, model_file
from auditor.vocabulary import MODEL_NAMES, ModelName
from auditor.wording import listed

_PREFERRED = tuple(sorted(MODEL_NAMES, key=lambda name: MODELS[name].saved_as != "transformers"))
_MOST_TOKENS = 512


def find_model(name: str, kind: ModelName | None = None, device: str = "auto") -> Predictor:
    """Find a model and load it.

    Parameters
    ----------
    name : str
        A folder written by ``auditor retrain``; a retrained run, by name or path; or a text classifier of
        ``transformers``, by folder or name on the Hub.
    kind : str, optional
        Model of the run. Default: of the last retraining, the fine-tuned one, else ``features``.
    device : str

    Raises
    ------
    ModelError
        If there is none, it is damaged, or it does not classify texts.
    RunError
        If it is a run that is unfinished or damaged.
    HubError
        If it must be downloaded and cannot be.
    """
    folder = Path(name)
    of_run = any(map(is_run, (folder, DEFAULT_PLACE / name)))
    if kind is not None and not of_run:
        raise ModelError(f"{name!r} is not a run, so it has no model {kind!r}.", "Omit --model.")
    if os.path.isfile(folder / RECORD):
        return load_model(folder, device)
    if of_run:
        return model_of(find_run(name), kind, device)
    try:
        weights = find_weights(name)
    except HubUnreachableError as error:
        retrained = sorted({path.parents[2].name for path in DEFAULT_PLACE.glob(f"*/{model_file('*', RECORD)}")})
        runs = f"Retrained runs: {listed(retrained)}." if retrained else "There are no retrained runs."
        raise HubUnreachableError(
            error.what, f"Check the name, name a folder, or connect to the internet. {runs}"
        ) from None
    if (weights.folder / RECORD).is_file():
        return replace(load_model(weights.folder, device), name=name)
    return _load_transformers(weights, device)


def saved_models(run: Run) -> tuple[ModelName, ...]:
    """Return the kinds of a run's saved models: the last retraining's first, led by the fine-tuned one."""
    kept = [kind for kind in _PREFERRED if run.has(model_file(kind, RECORD))]
    latest = {model["name"] for model in run.load(COMPARISON)["models"]} if run.has(COMPARISON) else set()
    return tuple(sorted(kept, key=lambda kind: kind not in latest))


def model_of(run: Run, kind: ModelName | None = None, device: str = "auto") -> Predictor:
    """Load a saved model of a run. Parameters and errors are those of :func:`find_model`."""
    kinds = saved_models(run)
    if not kinds or (kind is not None and kind not in kinds):
        problem = f"has no model {kind!r}, but {', '.join(kinds)}" if kinds else "has no saved model"
        todo = f"auditor retrain {run.directory.name}" + (f" --models {kind}" if kind else "")
        raise ModelError(f"The run {run.directory} {problem}.", f"Train it: {todo}")
    chosen = kind or kinds[0]
    folder = model_file(chosen)
    for artifact in run.manifest.outputs:
        if artifact.startswith(f"{folder}/"):
            run.open(artifact)
    return replace(load_model(run / folder, device), name=f"{chosen} of {run.directory.name}")


def _load_transformers(weights: Weights, device: str) -> Predictor:
    try:
        config = AutoConfig.from_pretrained(weights.folder, trust_remote_code=False)
        names = tuple(str(config.id2label[code]) for code in range(len(config.id2label)))
        longest = int(getattr(config, "max_position_embeddings", None) or _MOST_TOKENS)
    except Exception as error:  # an invalid file can raise any error
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(f"The model {weights.name!r} cannot be loaded: {reason}", "Use another model.") from error
    _check_kind(weights.name, config, names)
    settings = FinetunedConfig(
        base_model=weights.name, max_length=max(1, min(longest, _MOST_TOKENS)), precision="float32"
    )
    model = Finetuned.restored(weights, settings, names, np.ones(len(names), dtype=np.bool_), device)
    return Predictor(weights.name, names, model.predict_proba)


def _check_kind(name: str, config: Any, names: Sequence[str]) -> None:
    is_multi_label = getattr(config, "problem_type", None) not in (None, "single_label_classification")
    if is_multi_label or len(names) < 2 or len(set(names)) < len(names):
        raise ModelError(
            f"The model {name!r} does not choose one of several classes"
            f" ({len(set(names))} names, problem type {getattr(config, 'problem_type', None)!r}).",
            "Name a model that assigns each text one class.",
        )
