from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auditor.data.labels.votes import Votes
from auditor.signals import Annotators

NAMES = ("joy", "love", "fear")


def inputs(given: int = 0, **changes: Any) -> Any:
    """Five raters on row 0, one on row 1, none on row 2; row 3 has a vote, and is not judged."""
    votes = Votes.of([0, 0, 0, 0, 0, 1, 3], [*"abcde", "a", "a"], [1, 1, 1, 0, 2, 0, 0])
    crowd = np.array([[0.31, 0.6, 0.09], [0.8, 0.1, 0.1], [0.2, 0.2, 0.6], [np.nan] * 3], dtype=np.float32)
    return {"votes": votes, "crowd": crowd, "labels": np.array([given, 0, 0, 0], dtype=np.int32), **changes}


def test_by_hand() -> None:
    np.testing.assert_allclose(Annotators(NAMES)(**inputs()), [0.69, 0.2, np.nan, np.nan], atol=1e-6)
    np.testing.assert_allclose(Annotators(NAMES)(**inputs(given=1))[0], 0.4, atol=1e-6)


def test_explains_itself() -> None:
    sentences = [Annotators(NAMES).explain(row, **inputs()) for row in range(4)]
    assert sentences == [
        "3 of 5 raters chose love; raters and models together give joy 31\u00a0%.",
        "The only rater chose joy; raters and models together give joy 80\u00a0%.",
        "",
        "",
    ]


@pytest.mark.parametrize(("given", "named"), [(0, "joy"), (1, "love"), (2, "joy")])
def test_of_labels_with_as_many_votes_the_given_one_is_named(given: int, named: str) -> None:
    votes = Votes.of([0, 0], ["ann", "bob"], [0, 1])
    sentence = Annotators(NAMES).explain(0, **inputs(given=given, votes=votes))
    assert sentence.startswith(f"1 of 2 raters chose {named}; ")
