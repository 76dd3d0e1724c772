"""The picture of a prediction."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.image import imread

from auditor.report.draw.prediction import MOST_CLASSES, draw_prediction


def pixels(text: str, names: list[str], probabilities: list[float]) -> np.ndarray:
    return imread(io.BytesIO(draw_prediction(text, names, np.array(probabilities))))


def test_the_same_prediction_is_the_same_bytes() -> None:
    asked = ("so glad", ["joy", "sadness"], np.array([0.9, 0.1]))
    assert draw_prediction(*asked) == draw_prediction(*asked)


def test_the_most_likely_class_comes_first_whatever_the_order_of_the_names() -> None:
    one = draw_prediction("so glad", ["joy", "fear", "sadness"], np.array([0.6, 0.1, 0.3]))
    other = draw_prediction("so glad", ["sadness", "joy", "fear"], np.array([0.3, 0.6, 0.1]))
    assert one == other


def test_each_class_has_a_bar() -> None:
    two, three = (pixels("so glad", list("abc")[:n], [0.5, 0.5, 0.0][:n]) for n in (2, 3))
    assert three.shape[0] > two.shape[0]


def test_many_classes_are_put_together() -> None:
    count = 3 * MOST_CLASSES
    picture = pixels("so glad", [f"class {number}" for number in range(count)], [1 / count] * count)
    assert picture.shape[0] < 4000


@pytest.mark.parametrize("text", ["", "$x_1^2$ \\frac", "a\n\tb", "word " * 500, "w" * 5000, "\u202egnorts\x00", "😀"])
def test_any_text_and_name_can_be_drawn(text: str) -> None:
    assert pixels(text, [text[:40] + "1", "<b>" * 40], [1.0, 0.0]).shape[1] < 2000
