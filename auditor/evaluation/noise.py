"""Wrong labels for experiments: planted by seed, so that what is found can be counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from auditor.arrays import LabelCodes


def uniform_noise(labels: LabelCodes, num_classes: int, share: float, seed: int) -> LabelCodes:
    """Give a share of the rows another label, any of the others alike.

    Parameters
    ----------
    labels : (N,) int32
    num_classes : int
    share : float
        Of the rows, in [0, 1].
    seed : int

    Returns
    -------
    (N,) int32
        New labels; they differ from the old ones in exactly ``round(share * N)`` rows.
    """
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(labels), round(share * len(labels)), replace=False)
    noisy = labels.copy()
    noisy[rows] = (labels[rows] + rng.integers(1, num_classes, len(rows))) % num_classes
    return noisy


def confused_noise(
    labels: LabelCodes, label_names: Sequence[str], confusions: Mapping[str, Sequence[str]], share: float, seed: int
) -> LabelCodes:
    """Give a share of the rows a label that people confuse theirs with.

    Parameters
    ----------
    labels : (N,) int32
    label_names : sequence of str
    confusions : mapping
        For each label that may be changed, what it is taken for.
    share : float
        Of all N rows; only rows whose label has a confusion are drawn.
    seed : int

    Returns
    -------
    (N,) int32
        New labels; they differ in ``round(share * N)`` rows, or in every row that has a confusion if those are fewer.
    """
    rng = np.random.default_rng(seed)
    code = {name: number for number, name in enumerate(label_names)}
    targets = {code[given]: [code[name] for name in others] for given, others in confusions.items()}
    able = np.flatnonzero(np.isin(labels, list(targets)))
    rows = rng.choice(able, min(round(share * len(labels)), len(able)), replace=False)
    noisy = labels.copy()
    noisy[rows] = [rng.choice(targets[int(label)]) for label in labels[rows]]
    return noisy


def text_noise(labels: LabelCodes, probabilities: npt.NDArray[np.floating], share: float, seed: int) -> LabelCodes:
    """Give a share of the rows a label that a weak model takes their text for: noise that depends on the text.

    Parameters
    ----------
    labels : (N,) int32
    probabilities : (N, K) float
        Of a weak model, out of fold; no row gives everything to its own label.
    share : float
        Of the rows, in [0, 1]. A row is drawn in proportion to what the model gives other labels than its own.
    seed : int

    Returns
    -------
    (N,) int32
        New labels, drawn in proportion to those probabilities; they differ in ``round(share * N)`` rows.
    """
    rng = np.random.default_rng(seed)
    others = probabilities.astype(np.float64)
    others[np.arange(len(labels)), labels] = 0
    doubt = others.sum(axis=1)
    rows = rng.choice(len(labels), round(share * len(labels)), replace=False, p=doubt / doubt.sum())
    noisy = labels.copy()
    noisy[rows] = [rng.choice(others.shape[1], p=row / row.sum()) for row in others[rows]]
    return noisy
