"""Pairs of classes whose definitions overlap: annotators and models label their texts interchangeably."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditor.arrays import Codes, Float32, LabelCodes, Probabilities, RowIndex
from auditor.signals.voters import voters

_UNCERTAIN = 0.4
"""Least uncertainty of a contested row: the likelier of its two likeliest labels is at most four times as likely."""
_BOTH = 0.8
"""Least joint probability of the two labels of a contested row."""
_MANY, _MANY_ROWS = 0.05, 8
"""Fewest contested rows of a pair: as a share of the smaller class, and as a number."""
_SYMMETRIC = 0.25
"""Least symmetry of a pair: contested rows with the rarer given label, divided by those with the other one."""
_PAIRS, _EXAMPLES = 20, 3


@dataclass(frozen=True)
class DefinitionEvidence:
    """Evidence on definitions: J judged rows out of N.

    Attributes
    ----------
    rows : (J,) int
    labels : (N,) int32
        Codes of the given labels.
    consensus : (N, K) float32
    neighbours, similarities : (N, k) int32, (N, k) float32
        Nearest rows of each row, -1 where there are fewer, and their cosines.
    duplicates : (N,) int32
        Group of (near) duplicates of each row.
    """

    rows: RowIndex
    labels: LabelCodes
    consensus: Probabilities
    neighbours: RowIndex
    similarities: Float32
    duplicates: Codes


def find_definition_problems(
    evidence: DefinitionEvidence, label_names: Sequence[str], ids: Sequence[str]
) -> list[dict[str, Any]]:
    """Find the pairs of labels with many contested rows: the content of ``definitions.json``.

    A row is contested between its two likeliest labels, one of them the given one, if neither is much likelier. About a
    wrong label, models are usually sure, or the confusion goes one way. If the models are unsure and the confusion goes
    both ways, the two classes share their texts, or the models are too weak to distinguish them.

    Parameters
    ----------
    evidence : DefinitionEvidence
    label_names : sequence of K str
    ids : sequence of N str

    Returns
    -------
    list of dict
        Most rows first, at most twenty: ``label_a``, ``label_b``; ``a_as_b``, ``b_as_a``, contested rows that are given
        one label and could have the other; ``symmetry``, and their mean ``uncertainty``, in [0, 1]; ``accuracy``
        of the consensus out of fold, and ``accuracy_merged`` if the two were one class, null if no other is left;
        ``examples``, pairs of ids ``a`` and ``b`` of similar texts with different labels.
    """
    rows, given = evidence.rows, evidence.labels[evidence.rows]
    if len(label_names) < 2 or not len(rows):
        return []
    best, second, uncertainty = _two_likeliest(evidence.consensus[rows])
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
    accuracy = float((given == best).mean())
    return [
        {
            "label_a": label_names[a],
            "label_b": label_names[b],
            "a_as_b": ab,
            "b_as_a": ba,
            "symmetry": min(ab, ba) / max(ab, ba),
            "uncertainty": mean,
            "accuracy": accuracy,
            "accuracy_merged": _merged_accuracy(evidence, a, b) if len(label_names) > 2 else None,
            "examples": _examples(evidence, between, a, b, ids),
        }
        for a, b, ab, ba, mean, between in found[:_PAIRS]
    ]


def _two_likeliest(chances: Float32) -> tuple[LabelCodes, LabelCodes, Float32]:
    """Return the (n,) likeliest label, the second likeliest, and the uncertainty between them.

    The uncertainty is 1 if both are equally likely, and 0 if one of them is impossible or others are too likely.
    """
    rows, others = np.arange(len(chances)), chances.copy()
    best = chances.argmax(axis=1).astype(np.int32)
    others[rows, best] = -1
    second = others.argmax(axis=1).astype(np.int32)
    first, next_ = chances[rows, best], chances[rows, second]
    uncertainty = np.where(first + next_ >= _BOTH, 2 * next_ / (first + next_), np.float32(0))
    return best, second, uncertainty.astype(np.float32)


def _merged_accuracy(evidence: DefinitionEvidence, a: int, b: int) -> float:
    """Return the consensus' out-of-fold accuracy if the two labels were one."""
    chances, given = evidence.consensus[evidence.rows].copy(), evidence.labels[evidence.rows]
    chances[:, a] += chances[:, b]
    chances[:, b] = 0
    return float((chances.argmax(axis=1) == np.where(given == b, a, given)).mean())


def _examples(
    evidence: DefinitionEvidence, between: RowIndex, a: int, b: int, ids: Sequence[str]
) -> list[dict[str, Any]]:
    """Pair contested texts with the nearest text of the other label, most similar first; each text occurs once."""
    near, labels = evidence.neighbours[between], evidence.labels
    other = np.where(labels[between] == a, b, a)
    fits = voters(between, evidence.neighbours, evidence.duplicates) & (labels[near] == other[:, None])
    which, place = np.nonzero(fits)
    order = np.argsort(-evidence.similarities[between[which], place], kind="stable")
    examples: list[dict[str, Any]] = []
    shown: set[int] = set()
    for row, nearest in zip(between[which[order]].tolist(), near[which[order], place[order]].tolist(), strict=True):
        if not {row, nearest} & shown:
            first, second = (row, nearest) if labels[row] == a else (nearest, row)
            examples.append({"a": ids[first], "b": ids[second]})
            shown |= {row, nearest}
        if len(examples) == _EXAMPLES:
            break
    return examples
