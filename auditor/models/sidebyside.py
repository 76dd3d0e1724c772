"""Folds side by side: each is a task of a runner, which needs nothing but the run's directory."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from auditor.config import AuditConfig
from auditor.data.duplicates import Duplicates
from auditor.data.labeled_texts import LabeledTexts
from auditor.models.classifier import Progress
from auditor.models.crossval import Fold
from auditor.models.randomness import threads_of
from auditor.models.registry import candidates
from auditor.models.transformer.device import arithmetic, pick_device
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.frozen import States
from auditor.models.transformer.weights import Weights, find_same
from auditor.modelspecs import CHEAP, MODELS
from auditor.run import Pending, Run
from auditor.run.artifacts import MANIFEST, VECTORS
from auditor.run.artifacts import folds as folds_of
from auditor.run.memory import peak_memory, reset_peak_memory
from auditor.runner import Files, Need, Part, Report, Runner, run_parts
from auditor.storage import make_folder, storage_errors
from auditor.wording import duration

_STEPS = 1_000
"""Steps of progress in a fold."""
_LIBRARIES = 1_500_000_000
"""Bytes of a process that has imported torch and holds a batch."""
_ROWS_PER_SECOND = 5_000
"""Rows that a cheap model is fitted to in a second, roughly."""


def pending_folds(run: Run, folds: Sequence[Fold]) -> list[tuple[Fold, Pending]]:
    """Return the folds that are not trained yet."""
    found = [(fold, run.pending(fold.stage, **fold.needs)) for fold in folds]
    return [(fold, pending) for fold, pending in found if pending is not None]


def need_of(folds: Sequence[Fold], config: AuditConfig, base: Weights) -> Need:
    """Estimate what each of some folds of one candidate needs; fine-tuning is measured on a few batches."""
    candidate, rows = folds[0].candidate, float(np.mean([fold.rows for fold in folds]))
    if not candidate.has_base:
        vectors = candidate.inputs.nbytes if isinstance(candidate.inputs, np.ndarray) else 0
        strengths = len(getattr(config, candidate.name).strengths)  # a grid of one leaves no choice to fit for
        fits = strengths + 1 if strengths > 1 else 1
        return Need(memory=_LIBRARIES + 4 * vectors, seconds=fits * rows / _ROWS_PER_SECOND)
    weights = sum(path.stat().st_size for path in base.folder.glob("*.safetensors"))
    on_gpu = pick_device(config.device).type != "cpu"
    model = candidate.make(lambda done, total: None)
    assert isinstance(model, Finetuned)
    cost, held = model.cost(candidate.inputs), float(np.mean([fold.held_out_rows for fold in folds]))
    return Need(
        threads=1 if on_gpu else threads_of(config.threads),
        gpus=int(on_gpu),
        memory=_LIBRARIES + 5 * weights,  # parameters, gradients, two moments, and one copy
        seconds=config.finetuned.epochs * (rows * cost.training + held * cost.evaluating),
    )


def cost_note(need: Need, left: Sequence[Fold], total: int, at_once: int, config: AuditConfig, device: str) -> str:
    """Return a sentence on what the fine-tuning of the folds that are left will take."""
    epochs = config.finetuned.epochs
    texts, rounds = epochs * sum(fold.rows for fold in left), -(-len(left) // max(at_once, 1))
    folds = f" in each of {at_once} folds" if at_once > 1 else ""
    return (
        f"Fine-tuning: {len(left)} of {total} folds × {epochs} epochs, {texts:,} texts at "
        f"{texts / len(left) / need.seconds:,.0f} per second{folds}: about {duration(rounds * need.seconds)} on "
        f"{device}. To skip it: --models {CHEAP}."
    )


def train_side_by_side(
    run: Run,
    folds: Sequence[tuple[Fold, Pending]],
    config: AuditConfig,
    base: Weights,
    runner: Runner,
    need: Need,
    progress: Progress,
) -> None:
    """Train folds as tasks of a runner, and store each as it finishes.

    Parameters
    ----------
    run : Run
        Run that the caller has locked.
    folds : sequence of (Fold, Pending)
        Folds of candidates made from ``config``; see :func:`pending_folds`.
    config : AuditConfig
    base : Weights
        Weights of the model to fine-tune.
    runner : Runner
    need : Need
    progress : callable
        Called with (done, total) of all folds together.

    Raises
    ------
    AuditorError
        The error of a fold, or ``WorkerError`` if its process is killed twice.
    """
    parts = [_part(run, fold, pending, config, base) for fold, pending in folds]
    with storage_errors(run.directory):
        for _, pending in folds:
            shutil.rmtree(pending.space, ignore_errors=True)
            make_folder(pending.space)
    steps = [_STEPS] * len(parts)
    with closing(run_parts(runner, train_fold, parts, need, steps, progress)) as results:
        for number, done in results:
            run.finish(folds[number][1], done.folder, done.result["seconds"], done.result["peak_memory"])


def _part(run: Run, fold: Fold, pending: Pending, config: AuditConfig, base: Weights) -> Part:
    """Return all that a fold depends on, with this machine's device, precision and threads: another may have others."""
    model = fold.candidate.name
    here = arithmetic(config.finetuned.precision, config.device)
    settings = config.updated(
        models=(model,),
        probabilities=(),
        signals=(),
        device=here["device"],
        threads=threads_of(config.threads),
        finetuned={"precision": here["dtype"]},
    )
    arguments = {
        "config": settings.model_dump(mode="json"),
        "model": model,
        **base.described(),
        "fold": fold.number,
        "repeat": fold.candidate.repeat,
        "seed": fold.seed,
    }
    needed = {*map(os.fspath, LabeledTexts.artifacts(run)), *pending.inputs}
    inputs = {"run": Files(run.directory, (MANIFEST, *sorted(needed)))}
    if fold.candidate.has_base:
        inputs.update(base.inputs())
    return Part(fold.stage, arguments, pending.space, inputs)


def train_fold(arguments: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Train one fold in a worker. Return what it took."""
    reset_peak_memory()
    start = time.perf_counter()
    run, config, repeat = Run(Path(arguments["run"])), AuditConfig(**arguments["config"]), arguments["repeat"]
    model = MODELS[arguments["model"]]
    base = find_same(arguments) if model.has_base else Weights("", Path(), "", "")
    data = LabeledTexts.of(run)
    vectors = run.load(VECTORS) if model.takes == "vectors" else np.empty((0, 0), np.float32)
    states = States.of(run, data.texts, base, config.finetuned, config.device) if model.has_base else None
    made = candidates(config, data.label_names, data.texts, vectors, base, Duplicates.of(run).near, states)
    candidate = next(candidate for candidate in made if candidate.name == model.name)
    fold = Fold(replace(candidate, repeat=repeat), run.load(folds_of(repeat)), arguments["fold"], arguments["seed"])
    fold.train(data.labels, folder, report)
    return {"seconds": time.perf_counter() - start, "peak_memory": peak_memory()}
