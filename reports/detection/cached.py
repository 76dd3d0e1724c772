"""What train.py keeps of one set and seed, read back: all that our rankings and those of the peers are made of."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sets import load

from auditor.data.labeled_texts import LabeledTexts
from auditor.models.folds import fold_numbers, trained_on
from auditor.signals.dynamics import Dynamics

RUNS = Path(__file__).parents[1] / "runs" / "detection"
DATA = Path(os.environ.get("AUDITOR_DATA", "../shared/data"))
MODELS = ("features", "lexical", "finetuned")

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Cached:
    """One set under one seed.

    Attributes
    ----------
    name : str
    seed : int
    texts : list of str
        N.
    labels : (N,) int32
        Codes of the given labels.
    label_names : tuple of str
        K, by code.
    folds : (N,) int16
        In which fold a row is held out.
    vectors : (N, D) float32
        Of the frozen encoder.
    neighbours : (N, k) int32
        The nearest other rows by cosine of the vectors, nearest first.
    similarities : (N, k) float32
        Cosines of those.
    probabilities : dict of str to (N, K) float32
        Out-of-fold, by model.
    trained : dict of int to Dynamics
        By the fold that was held out: the logits of the fine-tuned model for the rows it was trained on, by epoch.
    held_out : (E, N, K) float32
        Logits of the fine-tuned model for the rows held out, after each epoch.
    tuned_vectors : (N, D) float32
        Of the fine-tuned models, each row by the one that did not see it: three spaces, compared within a fold alone.
    tuned_neighbours, tuned_similarities : (N, k) int32, (N, k) float32
        The nearest other rows in those spaces.
    repeats : list of dict of str to (N, K) float32
        Probabilities of the first training and its repeats, by model.
    duplicates : (N,) int32
        Group of (near) duplicates of each row.
    signals : pandas.DataFrame
        N rows, as the audit measured them.
    issues : pandas.DataFrame
        ``issues.parquet``: what the audit says of each row.
    wrong : (N,) bool
        Whose given label is not the true one: for scoring alone.
    """

    name: str
    seed: int
    texts: list[str]
    labels: npt.NDArray[np.int32]
    label_names: tuple[str, ...]
    folds: npt.NDArray[np.int16]
    vectors: Floats
    neighbours: npt.NDArray[np.int32]
    similarities: Floats
    probabilities: dict[str, Floats]
    trained: dict[int, Dynamics]
    held_out: Floats
    tuned_vectors: Floats
    tuned_neighbours: npt.NDArray[np.int32]
    tuned_similarities: Floats
    repeats: list[dict[str, Floats]]
    duplicates: npt.NDArray[np.int32]
    signals: pd.DataFrame
    issues: pd.DataFrame
    wrong: npt.NDArray[np.bool_]

    @classmethod
    def load(cls, name: str, seed: int, data: Path = DATA, runs: Path = RUNS) -> Cached:
        """Read a run that is finished; ``data`` is where the sets are."""
        run = runs / f"{name}-{seed}"
        texts = LabeledTexts.load(run / "dataset.parquet", run / "rejected.parquet")
        folds = np.load(run / "folds.npy")
        nearest, tuned_nearest = np.load(run / "neighbours.npz"), np.load(run / "neighbours.finetuned.npz")
        made = {fold: run / f"dynamics/finetuned/fold-{fold}" for fold in fold_numbers(folds)}
        held = {fold: np.load(path.with_suffix(".held_out.npy")) for fold, path in made.items()}
        tuned = {fold: np.load(path.with_suffix(".vectors.npy")) for fold, path in made.items()}
        place = np.argsort(np.argsort(folds, kind="stable"))  # of each row, where the held-out rows lie fold by fold
        truth = load(name, data, seed)
        wrong = pd.Series(truth.wrong, index=truth.frame["id"].astype(str))
        return cls(
            name=name,
            seed=seed,
            texts=list(texts.texts),
            labels=texts.labels,
            label_names=texts.label_names,
            folds=folds,
            vectors=np.load(run / "vectors.npy"),
            neighbours=nearest["index"],
            similarities=nearest["similarity"],
            probabilities=_probabilities(run / "probabilities", ""),
            trained={
                fold: Dynamics(np.flatnonzero(trained_on(folds, fold)), np.load(path.with_suffix(".train.npy")))
                for fold, path in made.items()
            },
            held_out=np.concatenate([held[fold] for fold in made], axis=1)[:, place],
            tuned_vectors=np.concatenate([tuned[fold] for fold in made])[place].astype(np.float32),
            tuned_neighbours=tuned_nearest["index"],
            tuned_similarities=tuned_nearest["similarity"],
            repeats=[_probabilities(run / "probabilities", repeat) for repeat in ("", "repeat-1", "repeat-2")],
            duplicates=pd.read_parquet(run / "duplicates.parquet")["near"].to_numpy(),
            signals=pd.read_parquet(run / "signals.parquet"),
            issues=pd.read_parquet(run / "issues.parquet"),
            wrong=wrong.loc[texts.ids].to_numpy(),
        )


def _probabilities(folder: Path, repeat: str) -> dict[str, Floats]:
    """By model, of a repeat; of what was not trained again, the first time's."""
    places = {model: [folder / repeat / f"{model}.npy", folder / f"{model}.npy"] for model in MODELS}
    return {model: np.load(next(place for place in both if place.exists())) for model, both in places.items()}
