"""Every set whose wrong labels are known: those of reports/detection, two more, one of many classes, and the sample."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.append(str(Path(__file__).parents[1] / "detection"))
from sets import PLANTED, REAL, Labelled
from sets import load as load_benchmark

from auditor.data import sample
from auditor.evaluation.noise import uniform_noise

ROWS = 6_000
"""At most, of each set; drawn by seed."""
SEED = 0
MANY_SHARE = 0.03


def load(name: str, data: Path) -> Labelled:
    """Read a set, and which of its labels are wrong."""
    return _drawn(_LOADERS[name](data))


def _judged_by_people(name: str) -> Callable[[Path], Labelled]:
    """A set with the labels that were given and the true ones."""

    def read(data: Path) -> Labelled:
        table = pd.read_parquet(data / name / f"{name}.parquet")
        frame = table[["id", "text"]].assign(label=table["given_label"])
        return Labelled(frame, table["true_label"].to_numpy(np.str_))

    return read


def _many_classes(data: Path) -> Labelled:
    """150 classes with planted errors, each of any other class."""
    table = pd.read_parquet(data / "clinc150" / "clinc150.parquet")
    rows = np.sort(np.random.default_rng(SEED).choice(len(table), ROWS, replace=False))
    labels, names = pd.factorize(table["label_name"].iloc[rows], sort=True)
    noisy = uniform_noise(labels.astype(np.int32), len(names), MANY_SHARE, SEED)
    frame = table.iloc[rows][["id", "text"]].assign(label=np.asarray(names)[noisy])
    return Labelled(frame, np.asarray(names)[labels].astype(np.str_))


def _sample(_: Path) -> Labelled:
    """The bundled sample."""
    frame, _ = sample.load()
    return Labelled(frame, sample.written()["label"].to_numpy(np.str_))


def _drawn(whole: Labelled) -> Labelled:
    if len(whole.frame) <= ROWS:
        return whole
    rows = np.sort(np.random.default_rng(SEED).choice(len(whole.frame), ROWS, replace=False))
    return Labelled(whole.frame.iloc[rows].reset_index(drop=True), whole.true[rows])


_LOADERS: dict[str, Callable[[Path], Labelled]] = {
    **{name: _judged_by_people(name) for name in (*REAL, "weak_semeval", "politeness")},
    **{name: lambda data, name=name: load_benchmark(name, data, SEED) for name in PLANTED},
    "clinc150-uniform": _many_classes,
    "sample": _sample,
}
SETS = tuple(_LOADERS)
