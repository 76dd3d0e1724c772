"""Matrices of counts: one confusion matrix per model, and the issues' given → suggested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from auditor.arrays import Counts, Float64, Mask
from auditor.report.display import count, plain, share
from auditor.report.draw.canvas import SMALL, Canvas, text_width, widest

MOST_CLASSES = 20
"""Maximum rows and columns of a matrix. Of more classes, those with most disagreements are shown."""
_LABEL = 22
_DETAILED = 10
"""Maximum number of classes for cells to show a share beside the count."""


@dataclass(frozen=True)
class Matrix:
    """A part of a matrix that fits a figure.

    Attributes
    ----------
    labels : tuple of str
        Of rows and columns; the last is "N others" where classes were put together.
    counts : (n, n) int64 array
    hidden : int
        Classes that were put together.
    """

    labels: tuple[str, ...]
    counts: Counts
    hidden: int


def cut_matrix(counts: Counts, labels: Sequence[str], most: int = MOST_CLASSES) -> Matrix:
    """Keep the classes with most off-diagonal rows, in their order, and combine the others."""
    off = counts - np.diag(np.diag(counts))
    if len(labels) <= most:
        return Matrix(tuple(labels), counts, 0)
    kept = np.sort(np.argsort(-(off.sum(axis=0) + off.sum(axis=1)), kind="stable")[:most])
    place = np.full(len(labels), most)
    place[kept] = np.arange(most)
    smaller = np.zeros((most + 1, most + 1), dtype=np.int64)
    np.add.at(smaller, (place[:, None], place[None, :]), counts)
    hidden = len(labels) - most
    return Matrix((*(labels[code] for code in kept), f"{hidden} others"), smaller, hidden)


def draw_confusion(matrix: Matrix) -> Figure:
    """Draw given (rows) × predicted (columns); strength is the share of the row, blue on the diagonal, else orange."""
    shares = matrix.counts / np.maximum(matrix.counts.sum(axis=1, keepdims=True), 1)
    diagonal = np.eye(len(matrix.labels), dtype=bool)
    # Disagreements are few: half a row is the strongest orange, and small shares are amplified.
    strength = np.where(diagonal, shares, np.minimum(1, 2 * shares) ** 0.6)
    if matrix.hidden:
        strength[-1, -1] = 0  # neither agreement nor disagreement: all pairs of the combined classes
    return _draw(matrix, strength, diagonal, shares, columns="predicted")


def draw_heatmap(matrix: Matrix) -> Figure:
    """Draw issues by given (row) and suggested label (column); strength is the count relative to the largest."""
    # Combined classes are not a pair of labels, and must not outshine real pairs.
    pairs = matrix.counts[:-1, :-1] if matrix.hidden else matrix.counts
    strength = np.minimum(1, matrix.counts / max(int(pairs.max(initial=0)), 1)) ** 0.6
    if matrix.hidden:
        strength[-1, -1] = 0
    return _draw(matrix, strength, np.zeros(strength.shape, dtype=bool), None, columns="suggested")


def _draw(
    matrix: Matrix,
    strength: Float64,
    blue: Mask,
    shares: Float64 | None,
    columns: str,
) -> Figure:
    size = len(matrix.labels)
    detailed = size <= _DETAILED
    wide, high, letters = (40.0, 31.0, 8.5) if detailed else (24.0, 17.0, 6.5)
    labels = [plain(label, 16 if detailed else _LABEL) for label in matrix.labels]
    totals = [count(int(total)) for total in matrix.counts.sum(axis=1)]
    label_size = 7.8 if detailed else 7.2
    slanted = widest(labels, label_size) > wide
    left = max(widest(labels, label_size), text_width("given ↓", SMALL)) + 10
    head = 16 + (0.72 * widest(labels, label_size) + 10 if slanted else 14)
    overhang = 0.72 * text_width(labels[-1], label_size) if slanted else 0.0
    right = max(widest(["rows", *totals], SMALL) + 14, overhang - wide / 2 + 4)
    canvas = Canvas(left + size * wide + right, head + size * high + 4)
    canvas.text(left, 7, f"{columns} →", size=SMALL, colour="muted")
    canvas.text(left - 8, head - 8, "given ↓", align="right", size=SMALL, colour="muted")
    if not slanted:
        canvas.text(left + size * wide + 6, head - 8, "rows", size=SMALL, colour="muted")
    for index, label in enumerate(labels):
        x, y = left + (index + 0.5) * wide, head + (index + 0.5) * high
        canvas.text(left - 8, y, label, align="right", size=label_size)
        canvas.text(left + size * wide + 6, y, totals[index], size=SMALL, colour="muted")
        if slanted:
            canvas.text(x, head - 4, label, size=label_size, rotation=45)
        else:
            canvas.text(x, head - 8, label, align="center", size=label_size)
    for (row, column), number in np.ndenumerate(matrix.counts):
        x, y = left + column * wide, head + row * high
        place = (x + 0.75, y + 0.75, wide - 1.5, high - 1.5)
        if not strength[row, column]:
            canvas.block(*place, "faint")
        else:
            colour = "agree" if blue[row, column] else "differ"
            canvas.block(*place, colour, alpha=0.08 + 0.92 * float(strength[row, column]))
        if not number:
            continue
        with_share = detailed and shares is not None
        canvas.text(x + wide / 2, y + high / 2 - 4 * with_share, count(int(number)), align="center", size=letters)
        if with_share and shares is not None:
            canvas.text(x + wide / 2, y + high / 2 + 6.5, share(float(shares[row, column]), 0), align="center", size=7)
    return canvas.figure
