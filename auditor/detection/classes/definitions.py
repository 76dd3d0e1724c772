"""Pairs of classes whose definitions overlap: people and models cannot tell them apart, which is nobody's error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.signals.voters import voters

Labels = npt.NDArray[np.int32]

_UNCERTAIN = 0.4
"""A row is contested from this on: the likelier of its two likeliest labels is at most four times as likely."""
_BOTH = 0.8
"""And the two have this probability together, so that it is between these two."""
_MANY, _MANY_ROWS = 0.05, 8
"""Contested rows are many from this share of the rows of the smaller class, and this number, on."""
_SYMMETRIC = 0.25
"""They are symmetric when the label that fewer of them are given has this share of the other's."""
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
    neighbours, similarities : (N, k) int32, (N, k) float32
        Nearest rows of each, -1 where there are fewer, and their cosines.
    duplicates : (N,) int32
        Group of (near) duplicates of each row.
    """

    rows: npt.NDArray[np.intp]
    labels: Labels
    consensus: npt.NDArray[np.float32]
    neighbours: npt.NDArray[np.int32]
    similarities: npt.NDArray[np.float32]
    duplicates: Labels


def find_definition_problems(known: Known, label_names: Sequence[str], ids: Sequence[str]) -> list[dict[str, Any]]:
    """Find the pairs with many contested rows, given either label; the content of ``definitions.json``.

    A row is contested by its two likeliest labels, one of them the given one, when neither is much likelier than the
    other. Of a wrong label models are mostly sure, or it is always the same one that is wrong. Where neither is so, two
    classes rather share their texts; or the models are too weak to tell them apart.

    Parameters
    ----------
    known : Known
    label_names : sequence of K str
    ids : sequence of N str

    Returns
    -------
    list of dict
        Most rows first, at most twenty: ``label_a``, ``label_b``; ``a_as_b``, ``b_as_a``, contested rows that are given
        the one and might as well be the other; ``symmetry``, and their mean ``uncertainty``, in [0, 1]; ``accuracy``
        of the consensus out of fold, and ``accuracy_merged`` if the two were one class, null where no other is left;
        ``examples``, pairs of ids ``a`` and ``b`` of texts that are alike and labelled differently.
    """
    if len(label_names) < 2:
        return []
    rows, given = known.rows, known.labels[known.rows]
    best, second, uncertainty = _two_likeliest(known.consensus[rows])
    contested = np.flatnonzero((uncertainty >= _UNCERTAIN) & ((given == best) | (given == second)))
    pairs = np.sort(np.column_stack([best, second])[contested], axis=1)
    sizes = np.bincount(given, minlength=len(label_names))
    found = []
    for a, b in np.unique(pairs, axis=0).tolist():
        between = contested[(pairs == (a, b)).all(axis=1)]
        ab, ba = int((given[between] == a).sum()), int((given[between] == b).sum())
        many = ab + ba >= max(_MANY_ROWS, _MANY * min(sizes[a], sizes[b]))
        if many and min(ab, ba) >= _SYMMETRIC * max(ab, ba):
            found.append((a, b, ab, ba, float(uncertainty[between].mean()), rows[between]))
    found.sort(key=lambda pair: (-(pair[2] + pair[3]), pair[:2]))
    accuracy = float((given == best).mean()) if len(rows) else 0.0
    return [
        {
            "label_a": label_names[a],
            "label_b": label_names[b],
            "a_as_b": ab,
            "b_as_a": ba,
            "symmetry": min(ab, ba) / max(ab, ba),
            "uncertainty": mean,
            "accuracy": accuracy,
            "accuracy_merged": _merged_accuracy(known, a, b) if len(label_names) > 2 else None,
            "examples": _examples(known, between, a, b, ids),
        }
        for a, b, ab, ba, mean, between in found[:_PAIRS]
    ]


def _two_likeliest(chances: npt.NDArray[np.float32]) -> tuple[Labels, Labels, npt.NDArray[np.float32]]:
    """(n,) likeliest and second likeliest label; and how uncertain it is between them.

    The uncertainty is 1 where both are as likely, and 0 where one of them is impossible, or a third one is not.
    """
    rows, others = np.arange(len(chances)), chances.copy()
    best = chances.argmax(axis=1).astype(np.int32)
    others[rows, best] = -1
    second = others.argmax(axis=1).astype(np.int32)
    first, next_ = chances[rows, best], chances[rows, second]
    uncertainty = np.where(first + next_ >= _BOTH, 2 * next_ / (first + next_), np.float32(0))
    return best, second, uncertainty.astype(np.float32)


def _merged_accuracy(known: Known, a: int, b: int) -> float:
    """Out-of-fold accuracy of the consensus if the two labels were one."""
    chances, given = known.consensus[known.rows].copy(), known.labels[known.rows]
    chances[:, a] += chances[:, b]
    chances[:, b] = 0
    return float((chances.argmax(axis=1) == np.where(given == b, a, given)).mean())


def _examples(known: Known, between: npt.NDArray[np.intp], a: int, b: int, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The contested texts beside the nearest text with the other label, the most alike first; each text once."""
    near, labels = known.neighbours[between], known.labels
    other = np.where(labels[between] == a, b, a)
    fits = voters(between, known.neighbours, known.duplicates) & (labels[near] == other[:, None])
    which, place = np.nonzero(fits)
    order = np.argsort(-known.similarities[between[which], place], kind="stable")
    examples: list[dict[str, Any]] = []
    shown: set[int] = set()
    for row, beside in zip(between[which[order]].tolist(), near[which[order], place[order]].tolist(), strict=True):
        if not {row, beside} & shown:
            first, second = (row, beside) if labels[row] == a else (beside, row)
            examples.append({"a": ids[first], "b": ids[second]})
            shown |= {row, beside}
        if len(examples) == _EXAMPLES:
            break
    return examples
