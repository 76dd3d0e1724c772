"""What each verdict does, by default and otherwise; and how it is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditor.correction.decide.corrections import Corrections, Suggestions
from auditor.correction.decide.policy import Policy, in_words
from auditor.correction.decide.summary import summarise
from auditor.data import LabeledTexts, read
from auditor.errors import ExportError, InputError
from tests.correction.deciding import CONFIG, corrected, vote

FRAME = pd.DataFrame(
    {
        "text": [*"abcdefghij", None],
        "label": ["joy", "sad", "love", "joy", "sad", "love", "joy", "sad", "love", "joy", "x"],
    }
)
SUGGESTED = Suggestions(
    np.array([1, 0, 0, 1, 0, 0, 1, 0, 0, -1], np.int32),
    np.array([0.9, 1, 1, 1, 1, 1, 0.995, 0.98, 0.99, np.nan], np.float32),
    np.linspace(0, 1, 10, dtype=np.float32),
)


@pytest.fixture(scope="module")
def texts() -> LabeledTexts:
    return read(FRAME, CONFIG)


def decided(texts: LabeledTexts, **policy: Any) -> Corrections:
    """Row 0 keep, 1 relabel, 2 exclude, 3 none fits, 4 ambiguous, 5 unsure, 6 a tie, 7 a new class; 8, 9 nothing."""
    votes = [
        vote(texts, 0, "keep"),
        vote(texts, 1, "relabel", "love"),
        vote(texts, 2, "exclude"),
        vote(texts, 3, "none_fits"),
        vote(texts, 4, "ambiguous", "joy", "sad"),
        vote(texts, 5, "unsure"),
        vote(texts, 6, "keep"),
        vote(texts, 6, "relabel", "sad", reviewer="bob"),
        vote(texts, 7, "none_fits", "awe"),
    ]
    return corrected(texts, *votes, policy=Policy(**policy), suggestions=SUGGESTED)


def names(corrections: Corrections) -> list[str]:
    """Label of each row; in brackets where it is left out, and a star after it where it is not among those written."""
    shown = []
    for row, code in enumerate(corrections.label):
        name = corrections.label_names[code]
        name = name if corrections.kept[row] else f"({name})"
        shown.append(name if corrections.chosen[row] == corrections.kept[row] else name + "*")
    return shown


def test_default(texts: LabeledTexts) -> None:
    made = decided(texts)
    assert names(made) == ["joy", "love", "(love)", "(joy)", "sad", "love", "joy", "(sad)", "love", "joy"]
    assert np.flatnonzero(made.changed).tolist() == [1]
    assert (made.new_classes, made.invalid_written) == ((), 1)


def test_what_is_left_out(texts: LabeledTexts) -> None:
    assert decided(texts, leave_out=()).kept.all()
    more = decided(texts, leave_out=("ambiguous", "unsure", "tie", "invalid"))
    assert np.flatnonzero(~more.kept).tolist() == [4, 5, 6]
    assert more.invalid_written == 0


def test_new_classes(texts: LabeledTexts) -> None:
    made = decided(texts, add_classes=True)
    assert names(made)[7] == "awe"
    assert names(made)[3] == "(joy)", "nothing was proposed"
    assert (made.new_classes, made.label_values[-1]) == (("awe",), "awe")


def test_rows_without_a_decision(texts: LabeledTexts) -> None:
    assert np.flatnonzero(~decided(texts, unreviewed="drop").kept).tolist() == [2, 3, 7, 8, 9]
    made = decided(texts, unreviewed="suggest-above", above=0.99)
    assert names(made)[8:] == ["joy", "joy"]
    assert np.flatnonzero(made.changed).tolist() == [1, 8], "what somebody has judged stays as judged"
    assert not decided(texts, unreviewed="suggest-above", above=0.9901).changed[8]


def test_only_some_rows(texts: LabeledTexts) -> None:
    assert np.flatnonzero(decided(texts, verdicts=("keep", "relabel")).chosen).tolist() == [0, 1]
    assert decided(texts, verdicts=("keep",)).invalid_written == 0
    changed = decided(texts, changed_only=True)
    assert np.flatnonzero(changed.chosen).tolist() == [1]
    assert changed.invalid_written == 0
    ann = corrected(texts, vote(texts, 0, "exclude"), policy=Policy(reviewers=("bob",)))
    assert ann.kept.tolist() != [], "whose decisions count is find_outcomes' to say"


def test_only_the_rows_of_a_view(texts: LabeledTexts) -> None:
    rows = np.isin(np.arange(10), [1, 2, 8])
    made = decided(texts).only(rows)
    assert np.flatnonzero(made.chosen).tolist() == [1, 8]
    assert np.flatnonzero(~made.kept).tolist() == [2], "rows beyond the view are not among those left out"
    assert (summarise(made).judged, summarise(made).written, made.invalid_written) == (2, 2, 0)


def test_new_class_must_fit_into_the_column() -> None:
    numbers = read(pd.DataFrame({"text": list("abcd"), "label": [1, 2, 1, 2]}), CONFIG)
    seven = corrected(numbers, vote(numbers, 0, "none_fits", "7"), policy=Policy(add_classes=True))
    assert (seven.label_names, seven.label_values) == (("1", "2", "7"), (1, 2, 7))
    with pytest.raises(ExportError, match=r"The new class 'awe' does not fit the column 'label' of type int64"):
        corrected(numbers, vote(numbers, 0, "none_fits", "awe"), policy=Policy(add_classes=True))


def test_summary(texts: LabeledTexts) -> None:
    told = summarise(decided(texts))
    assert (told.rows, told.invalid, told.judged, told.reviewers) == (10, 1, 8, ("ann", "bob"))
    assert told.verdicts == {
        "none_fits": 2,
        "keep": 1,
        "relabel": 1,
        "exclude": 1,
        "ambiguous": 1,
        "unsure": 1,
        "tie": 1,
    }
    assert (told.changed, told.suggested, told.excluded, told.written) == (1, 0, 3, 8)
    assert told.marked == {"ambiguous": ["all-4"], "unsure": ["all-5"], "tie": ["all-6"]}
    assert told.confusions == [("sad", "love", 1)]
    everything = summarise(decided(texts, unreviewed="suggest-above", leave_out=("invalid",)))
    assert (everything.changed, everything.suggested, everything.excluded, everything.written) == (2, 1, 1, 10)


def test_told_in_words() -> None:
    assert in_words(Policy()) == [
        "relabel changes the label, keep changes nothing.",
        "Left out: exclude, none_fits.",
        "Unchanged and marked: ambiguous, unsure, tie.",
        "Rows without a decision stay unchanged.",
    ]
    words = " ".join(in_words(Policy(leave_out=(), unreviewed="suggest-above", above=0.95, add_classes=True)))
    assert "probability 0.95" in words
    assert "new class" in words
    assert "Left out" not in words


@pytest.mark.parametrize("wrong", [{"above": 1.1}, {"leave_out": ("keep",)}, {"verdicts": ("maybe",)}, {"more": 1}])
def test_a_policy_is_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Policy(**wrong)
