"""Kinds of issues: what may be wrong with a row, its label, its text or the classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.arrays import Codes, Float32, LabelCodes, Mask

MISLABELLED, AMBIGUOUS, NONE_FITS = "mislabelled", "ambiguous", "none_fits"
DUPLICATE_CONFLICT, UNCLEAR = "duplicate_conflict", "unclear"
KINDS = (MISLABELLED, AMBIGUOUS, NONE_FITS, DUPLICATE_CONFLICT, UNCLEAR)

_THRESHOLD = 0.5
"""A kind needs more than this share of the evidence; otherwise the kind is ``unclear``."""
_ROWS = 1 << 16


@dataclass(frozen=True)
class Kinds:
    """The kind of each of N rows.

    Attributes
    ----------
    kind : (N,) int8
        Position in :data:`KINDS`; -1 if the given label is likely correct or the row is not judged, unless the same
        text has another label.
    confidence : (N,) float32
        Share of the evidence for the kind, in [0, 1]; NaN without a kind. For ``unclear``, the largest share.
    """

    kind: npt.NDArray[np.int8]
    confidence: Float32


def find_kinds(consensus: Float32, labels: LabelCodes, identical: LabelCodes, is_issue: Mask) -> Kinds:
    """Divide each row's probability into the evidence for each kind, and choose the kind with the largest part.

    Let p be the probability of the given label and s that of the likeliest other one. The parts sum to 1: ``right`` is
    max(p - s, 0), ``mislabelled`` is max(s - p, 0), ``ambiguous`` is p + s - |p - s|, and ``none_fits`` is the rest,
    1 - p - s. For p = 0.1 and s = 0.8 they are 0, 0.7, 0.2 and 0.1: the row is ``mislabelled``. An identical text with
    another label is a fact and overrides them.

    The parts are only shares of one distribution. No known method distinguishes ambiguity from error well where raters
    disagree (Weber-Genzel, Peng, de Marneffe and Plank 2024, *VariErr NLI*).

    Parameters
    ----------
    consensus : (N, K) float32
        Consensus probabilities; NaN in rows that are not judged.
    labels : (N,) int32
        Codes of the given labels.
    identical : (N,) int32
        Group of rows with the same text.
    is_issue : (N,) bool
        Rows that get a kind even if their label is more likely correct than wrong.
    """
    kinds = Kinds(np.full(len(labels), -1, np.int8), np.full(len(labels), np.nan, np.float32))
    for start in range(0, len(labels), _ROWS):
        part = slice(start, start + _ROWS)
        right, evidence = _evidence(consensus[part], labels[part])
        best, share = evidence.argmax(axis=1), evidence.max(axis=1)
        doubted = ~np.isnan(right) & (is_issue[part] | (share > right))
        kinds.kind[part] = np.where(doubted, np.where(share > _THRESHOLD, best, KINDS.index(UNCLEAR)), -1)
        kinds.confidence[part] = np.where(doubted, share, np.nan)
    conflict = in_conflict(identical, labels)
    kinds.kind[conflict] = KINDS.index(DUPLICATE_CONFLICT)
    kinds.confidence[conflict] = 1
    return kinds


def in_conflict(group: Codes, labels: LabelCodes) -> Mask:
    """Return a mask of the rows whose group has several labels, (N,)."""
    pairs = np.unique(np.column_stack([group, labels]), axis=0)
    several: Mask = np.bincount(pairs[:, 0], minlength=int(group.max(initial=-1)) + 1) > 1
    return several[group]


def _evidence(consensus: Float32, labels: LabelCodes) -> tuple[Float32, Float32]:
    """Return the (n,) evidence for the given label, and the (n, 3) evidence for the first three kinds."""
    position = np.arange(len(labels))
    given, others = consensus[position, labels], consensus.copy()
    others[position, labels] = -1
    both = given + others.max(axis=1)
    lead = 2 * given - both  # of the given label, over the likeliest other one
    wrong = np.maximum(-lead, 0)
    right = np.maximum(lead, 0)
    return right, np.column_stack([wrong, both - np.abs(lead), np.maximum(1 - both, 0)])
