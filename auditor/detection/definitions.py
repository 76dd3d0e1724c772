"""Pairs of classes whose definitions overlap: people and models cannot tell them apart, which is nobody's error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.signals.voters import voters

Labels = npt.NDArray[np.int32]

_MANY, _MANY_ROWS = 0.05, 10
"""Disagreements are many from this share of the rows of the smaller class, and this number, on."""
_SYMMETRIC = 0.3
"""They are symmetric when the smaller direction has this share of the larger one."""
_UNCERTAIN = 0.4
"""They are uncertain when this is their mean uncertainty; it is 1 where both labels are as likely."""
_PAIRS, _EXAMPLES = 20, 3


@dataclass(frozen=True)
class Known:
    """What definitions are judged by, of J judged rows out of N.

    Attributes
    ----------
    rows : (J,) int
    labels : (N,) int32
        Codes of the given labels.
    consensus : (N, K) float32
    neighbours, duplicates : (N, k) int32, (N,) int32
        Nearest rows of each, and its group of (near) duplicates.
    """

    rows: npt.NDArray[np.intp]
    labels: Labels
    consensus: npt.NDArray[np.float32]
    neighbours: npt.NDArray[np.int32]
    duplicates: Labels


def find_definition_problems(known: Known, label_names: Sequence[str], ids: Sequence[str]) -> list[dict[str, Any]]:
    """Find the pairs whose disagreements are many, symmetric and uncertain; the content of ``definitions.json``.

    A disagreement is a row given one of the two labels whose likeliest label is the other one. Wrong labels mostly
    go one way, or the models are sure of them; where neither is so, the two classes rather share their texts.

    Parameters
    ----------
    known : Known
    label_names : sequence of K str
    ids : sequence of N str

    Returns
    -------
    list of dict
        Most rows first, at most twenty: ``label_a``, ``label_b``; ``a_as_b``, ``b_as_a``, rows given the one and taken
        for the other; ``symmetry``, ``uncertainty``, in [0, 1]; ``accuracy`` of the consensus out of fold, and
        ``accuracy_merged`` if the two were one class, null where no other is left; ``examples``, pairs of ids ``a``
        and ``b`` of texts that are alike and labelled differently.
    """
    rows, labels = known.rows, known.labels
    given, best = labels[rows], known.consensus[rows].argmax(axis=1).astype(np.int32)
    sizes, taken = np.bincount(given, minlength=len(label_names)), _counts(given, best, len(label_names))
    found = []
    for (a, b), ab in taken.items():
        ba = taken.get((b, a), 0)
        few = ab + ba < max(_MANY_ROWS, _MANY * min(sizes[a], sizes[b]))
        if (a > b and ba) or few or min(ab, ba) < _SYMMETRIC * max(ab, ba):
            continue
        apart = rows[((given == a) & (best == b)) | ((given == b) & (best == a))]
        uncertainty = float(_uncertainty(known.consensus[apart], a, b).mean())
        if uncertainty >= _UNCERTAIN:
            found.append((a, b, ab, ba, uncertainty, apart))
    found.sort(key=lambda pair: (-(pair[2] + pair[3]), pair[:2]))
    accuracy = float((given == best).mean()) if len(rows) else 0.0
    return [
        {
            "label_a": label_names[a],
            "label_b": label_names[b],
            "a_as_b": ab,
            "b_as_a": ba,
            "symmetry": min(ab, ba) / max(ab, ba),
            "uncertainty": uncertainty,
            "accuracy": accuracy,
            "accuracy_merged": _merged_accuracy(known, a, b) if len(label_names) > 2 else None,
            "examples": _examples(known, apart, a, b, ids),
        }
        for a, b, ab, ba, uncertainty, apart in found[:_PAIRS]
    ]


def _counts(given: Labels, best: Labels, classes: int) -> dict[tuple[int, int], int]:
    """Disagreements by given and likeliest label."""
    keys, counts = np.unique((given.astype(np.int64) * classes + best)[given != best], return_counts=True)
    return {divmod(key, classes): count for key, count in zip(keys.tolist(), counts.tolist(), strict=True)}


def _uncertainty(consensus: npt.NDArray[np.float32], a: int, b: int) -> npt.NDArray[np.float32]:
    """(n,) 1 where a and b are as likely, 0 where one of them is impossible."""
    both = consensus[:, a] + consensus[:, b]
    uncertainty: npt.NDArray[np.float32] = 1 - np.abs(consensus[:, a] - consensus[:, b]) / both
    return uncertainty


def _merged_accuracy(known: Known, a: int, b: int) -> float:
    """Out-of-fold accuracy of the consensus if the two labels were one."""
    chances, given = known.consensus[known.rows].copy(), known.labels[known.rows]
    chances[:, a] += chances[:, b]
    chances[:, b] = 0
    return float((chances.argmax(axis=1) == np.where(given == b, a, given)).mean())


def _examples(known: Known, apart: npt.NDArray[np.intp], a: int, b: int, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Texts that disagree, the most uncertain first, each beside the nearest text with the other label."""
    order = apart[np.argsort(-_uncertainty(known.consensus[apart], a, b), kind="stable")]
    near, labels = known.neighbours[order], known.labels
    other = np.where(labels[order] == a, b, a)
    fits = voters(order, known.neighbours, known.duplicates) & (labels[near] == other[:, None])
    examples: list[dict[str, Any]] = []
    shown: set[int] = set()
    for row, candidates, fit in zip(order.tolist(), near, fits, strict=True):
        beside = [int(one) for one in candidates[fit] if int(one) not in shown]
        if beside and row not in shown:
            first, second = (row, beside[0]) if labels[row] == a else (beside[0], row)
            examples.append({"a": ids[first], "b": ids[second]})
            shown |= {row, beside[0]}
        if len(examples) == _EXAMPLES:
            break
    return examples
