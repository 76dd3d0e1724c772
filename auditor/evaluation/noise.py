"""Wrong labels for experiments, planted by seed, so that found errors can be counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from auditor.arrays import LabelCodes


def uniform_noise(labels: LabelCodes, num_classes: int, share: float, seed: int) -> LabelCodes:
    """Give a share of the rows another label, chosen uniformly.

    Parameters
    ----------
    labels : (N,) int32
    num_classes : int
    share : float
        Share of the rows, in [0, 1].
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
    """Give a share of the rows a label that people confuse with theirs.

    Parameters
    ----------
    labels : (N,) int32
    label_names : sequence of str
    confusions : mapping
        For each label that may change, the labels that it is confused with.
    share : float
        Share of all N rows. Only rows whose label has a confusion are drawn.
    seed : int

    Returns
    -------
    (N,) int32
        New labels; they differ in ``round(share * N)`` rows, or in every row that has a confusion if those are fewer.
    """
    rng = np.random.default_rng(seed)
    code = {name: number for number, name in enumerate(label_names)}
    targets = {code[given]: [code[name] for name in other_names] for given, other_names in confusions.items()}
    eligible = np.flatnonzero(np.isin(labels, list(targets)))
    rows = rng.choice(eligible, min(round(share * len(labels)), len(eligible)), replace=False)
    noisy = labels.copy()
    noisy[rows] = [rng.choice(targets[int(label)]) for label in labels[rows]]
    return noisy


def text_noise(labels: LabelCodes, probabilities: npt.NDArray[np.floating], share: float, seed: int) -> LabelCodes:
    """Give a share of the rows a label that a weak model predicts: noise that depends on the text.

    Parameters
    ----------
    labels : (N,) int32
    probabilities : (N, K) float
        Out-of-fold probabilities of a weak model; no row puts all of it on its own label.
    share : float
        Share of the rows, in [0, 1]. Rows are drawn in proportion to the probability of labels other than their own.
    seed : int

    Returns
    -------
    (N,) int32
        New labels, drawn in proportion to those probabilities; they differ in ``round(share * N)`` rows.
    """
    rng = np.random.default_rng(seed)
    other_labels = probabilities.astype(np.float64)
    other_labels[np.arange(len(labels)), labels] = 0
    doubt = other_labels.sum(axis=1)
    rows = rng.choice(len(labels), round(share * len(labels)), replace=False, p=doubt / doubt.sum())
    noisy = labels.copy()
    noisy[rows] = [rng.choice(other_labels.shape[1], p=row / row.sum()) for row in other_labels[rows]]
    return noisy
