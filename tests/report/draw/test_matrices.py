from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from auditor.report.draw.canvas import Canvas, Scale, text_width
from auditor.report.draw.matrices import MOST_CLASSES, cut_matrix, draw_confusion, draw_heatmap
from auditor.report.draw.theme import picture, style

COUNTS = st.integers(1, 8).flatmap(lambda size: arrays(np.int64, (size, size), elements=st.integers(0, 99)))


@given(COUNTS, st.integers(1, 8))
def test_a_cut_matrix_holds_every_row(counts: npt.NDArray[np.int64], most: int) -> None:
    labels = [str(code) for code in range(len(counts))]
    matrix = cut_matrix(counts, labels, most)
    assert matrix.counts.sum() == counts.sum()
    assert len(matrix.labels) == len(matrix.counts) == min(len(counts), most) + bool(matrix.hidden)
    kept = [int(label) for label in matrix.labels[: most if matrix.hidden else None]]
    assert kept == sorted(kept)
    assert (matrix.counts[: len(kept), : len(kept)] == counts[np.ix_(kept, kept)]).all()
    assert len(kept) + matrix.hidden == len(counts)


def test_the_most_confused_classes_are_kept() -> None:
    counts = np.diag(np.full(30, 50))
    counts[3, 27] = 9
    matrix = cut_matrix(counts, [f"c{code}" for code in range(30)])
    assert {"c3", "c27"} <= set(matrix.labels)
    assert matrix.labels[-1] == f"{30 - MOST_CLASSES} others"


def test_pictures_hold_counts_and_shares() -> None:
    matrix = cut_matrix(np.array([[90, 10], [1, 999]]), ["yes", "no"])
    with style():
        confusion = picture("confusion_x", draw_confusion(matrix), "alt")
        heatmap = picture("heatmap", draw_heatmap(matrix), "alt")
    for shown in ("90", "999", "10\u202f%", "yes"):
        assert f">{shown}</text>" in confusion.svg
    assert "%" not in heatmap.svg


def test_an_empty_matrix_can_be_drawn() -> None:
    with style():
        svg = picture("confusion_x", draw_confusion(cut_matrix(np.zeros((2, 2), np.int64), ["a", "b"])), "alt").svg
    assert "var(--differ)" not in svg


def test_wide_characters_get_more_room() -> None:
    assert text_width("快乐") > text_width("ab")


@given(st.floats(0, 1e6))
def test_a_scale_holds_its_quantity(top: float) -> None:
    scale = Scale(top, 10, 110)
    assert scale(0) == 10
    assert scale(top) <= 110 + 1e-6
    assert 2 <= len(scale.ticks) <= 8


def test_the_canvas_measures_in_points() -> None:
    canvas = Canvas(144, 72)
    assert tuple(canvas.figure.get_size_inches()) == (2, 1)
