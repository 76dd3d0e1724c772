"""What may be wrong with a row: its label, the text, the classes, or nothing that the evidence tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.arrays import Codes, Float32, LabelCodes, Mask

MISLABELLED, AMBIGUOUS, NONE_FITS = "mislabelled", "ambiguous", "none_fits"
DUPLICATE_CONFLICT, UNCLEAR = "duplicate_conflict", "unclear"
KINDS = (MISLABELLED, AMBIGUOUS, NONE_FITS, DUPLICATE_CONFLICT, UNCLEAR)

_TELLS = 0.5
"""A kind that has no more than this share of the evidence is not told from the others."""
_ROWS = 1 << 16


@dataclass(frozen=True)
class Kinds:
    """The kind of each of N rows.

    Attributes
    ----------
    kind : (N,) int8
        Position in :data:`KINDS`; -1 where the given label is likely right, and where the row is not judged, unless the
        same text carries another label.
    confidence : (N,) float32
        Share of the evidence that is for the kind, in [0, 1]; NaN where there is no kind. Of ``unclear``, that of the
        best of the others.
    """

    kind: npt.NDArray[np.int8]
    confidence: Float32


def find_kinds(consensus: Float32, labels: LabelCodes, identical: LabelCodes, is_issue: Mask) -> Kinds:
    """Cut each row's probability into what speaks for each kind, and name the largest part.

    With p the probability of the given label and s that of the likeliest other one, m = p + s and r = s / m: ``right``
    is m (1 - 2r), ``mislabelled`` m (2r - 1), neither below 0; ``ambiguous`` (between the two) is m less those;
    ``none_fits`` is the rest, 1 - m, which is spread over further labels. They sum to 1. An identical text that
    carries another label is a fact, and comes before all of them.

    The parts are honest about what they are, shares of one distribution: where raters disagreed, ambiguity and error
    are told apart badly by anything known (Weber-Genzel, Peng, de Marneffe and Plank 2024, *VariErr NLI*).

    Parameters
    ----------
    consensus : (N, K) float32
        NaN where not judged.
    labels : (N,) int32
        Codes of the given labels.
    identical : (N,) int32
        Group of rows with the same text.
    is_issue : (N,) bool
        Rows that have a kind even when their label is rather right than wrong.
    """
    kinds = Kinds(np.full(len(labels), -1, np.int8), np.full(len(labels), np.nan, np.float32))
    for start in range(0, len(labels), _ROWS):
        part = slice(start, start + _ROWS)
        right, evidence = _evidence(consensus[part], labels[part])
        best, share = evidence.argmax(axis=1), evidence.max(axis=1)
        doubted = ~np.isnan(right) & (is_issue[part] | (share > right))
        kinds.kind[part] = np.where(doubted, np.where(share > _TELLS, best, KINDS.index(UNCLEAR)), -1)
        kinds.confidence[part] = np.where(doubted, share, np.nan)
    conflict = in_conflict(identical, labels)
    kinds.kind[conflict] = KINDS.index(DUPLICATE_CONFLICT)
    kinds.confidence[conflict] = 1
    return kinds


def in_conflict(group: Codes, labels: LabelCodes) -> Mask:
    """(N,) whether a row's group has several labels."""
    pairs = np.unique(np.column_stack([group, labels]), axis=0)
    several: Mask = np.bincount(pairs[:, 0], minlength=int(group.max(initial=-1)) + 1) > 1
    return several[group]


def _evidence(consensus: Float32, labels: LabelCodes) -> tuple[Float32, Float32]:
    """(n,) for the given label, and (n, 3) for mislabelled, ambiguous, none fits, in the order of KINDS."""
    each = np.arange(len(labels))
    given, others = consensus[each, labels], consensus.copy()
    others[each, labels] = -1
    both = given + others.max(axis=1)
    lead = 2 * given - both  # of the given label, over the likeliest other one
    wrong = np.maximum(-lead, 0)
    right = np.maximum(lead, 0)
    return right, np.column_stack([wrong, both - np.abs(lead), np.maximum(1 - both, 0)])
