from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auditor.signals import NeighbourVote

NAMES = ("joy", "love")


def inputs(neighbours: list[int], similarities: list[float], duplicates: list[int] | None = None) -> Any:
    """Of row 0, labelled joy, as are rows 1 and 2; 3 and 4 are labelled love."""
    return {
        "labels": np.array([0, 0, 0, 1, 1], dtype=np.int32),
        "neighbours": np.array([neighbours] + [[-1] * len(neighbours)] * 4, dtype=np.int32),
        "similarities": np.array([similarities] + [[np.nan] * len(neighbours)] * 4, dtype=np.float32),
        "duplicates": np.array(duplicates or range(5), dtype=np.int32),
    }


@pytest.mark.parametrize(
    ("near", "similar", "duplicates", "expected"),
    [
        ([1, 2, 3], [0.5, 0.5, 0.5], None, 1 / 3),
        ([3, 1, -1], [0.9, 0.3, np.nan], None, 0.75),
        ([3, 1, 2], [0.9, 0.3, -0.2], None, 0.75),
        ([1, 3, 4], [1.0, 0.5, 0.5], [0, 0, 2, 3, 4], 1),
        ([3, 1, 2], [1.0, 0.5, 0.5], [0, 1, 2, 0, 4], 0),
        ([1, -1, -1], [1.0, np.nan, np.nan], [0, 0, 2, 3, 4], np.nan),
        ([1, 3, -1], [0.0, 0.0, np.nan], None, np.nan),
        ([-1, -1, -1], [np.nan] * 3, None, np.nan),
    ],
)
def test_by_hand(near: list[int], similar: list[float], duplicates: list[int] | None, expected: float) -> None:
    values = NeighbourVote(NAMES)(**inputs(near, similar, duplicates))
    assert values[0] == pytest.approx(expected, nan_ok=True)
    assert np.isnan(values[1:]).all()


def test_explains_itself() -> None:
    assert NeighbourVote(NAMES).explain(0, **inputs([3, 1, 2], [0.9, 0.3, 0.3])) == (
        "Duplicates aside, 2 of the nearest 3 texts carry the label joy, "
        "with 40\u00a0% of the votes weighted by similarity."
    )


def test_the_nearest_by_the_fine_tuned_model() -> None:
    known = inputs([1, 2, 3], [0.5, 0.5, 0.5])
    other = inputs([3, 4, 1], [0.9, 0.9, 0.2])
    known |= {"tuned_neighbours": other["neighbours"], "tuned_similarities": other["similarities"]}
    signal = NeighbourVote(NAMES, tuned=True)
    assert signal.name == "neighbour_vote_finetuned"
    assert signal(**known)[0] == pytest.approx(0.9)
    assert NeighbourVote(NAMES)(**known)[0] == pytest.approx(1 / 3)
    assert signal.explain(0, **known) == (
        "Duplicates aside, 1 of the nearest 3 texts by the fine-tuned model carry the label joy, "
        "with 10\u00a0% of the votes weighted by similarity."
    )
