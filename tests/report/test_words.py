from __future__ import annotations

import pytest

from auditor.detection import kinds, stability
from auditor.report.words import KINDS, KINDS_MEAN, TIERS_MEAN, kind_words, row_words, stability_words


def test_every_kind_and_tier_has_words() -> None:
    assert tuple(KINDS) == tuple(KINDS_MEAN) == kinds.KINDS
    assert tuple(TIERS_MEAN) == stability.TIERS
    assert not [name for name in KINDS.values() if "_" in name]


@pytest.mark.parametrize(
    ("kind", "confidence", "said"),
    [
        ("mislabelled", 0.72, "Likely mislabelled (72\u202f%)"),
        ("none_fits", 0.9999, "None fits (> 99\u202f%)"),
        ("ambiguous", None, "Ambiguous"),
        ("duplicate_conflict", 1.0, "Duplicate in conflict"),  # a fact, no estimate
        ("unclear", 0.43, "Not clear: the evidence does not tell what is wrong"),
        (None, None, ""),
    ],
)
def test_what_a_kind_is_called(kind: str | None, confidence: float | None, said: str) -> None:
    assert kind_words(kind, confidence) == said


@pytest.mark.parametrize(
    ("share", "repeats", "said"),
    [
        (1.0, 3, "flagged in 3 of 3 repeats"),
        (0.6666667, 3, "flagged in 2 of 3 repeats"),
        (0.0, 3, "flagged in none of 3 repeats"),
        (0.5, 3, "flagged in 50\u202f% of its repeats"),  # one of the two that judged it
        (None, 1, "no repeats to tell whether its flag stays"),
    ],
)
def test_how_stable_a_flag_is(share: float | None, repeats: int, said: str) -> None:
    assert stability_words(share, repeats) == said


def test_a_row_in_one_line() -> None:
    assert row_words("mislabelled", 0.72, "high", 1.0, 3) == (
        "Likely mislabelled (72\u202f%) · tier high · flagged in 3 of 3 repeats"
    )
    assert row_words(None, None, "low", 1 / 3, 3) == "Label likely right · tier low · flagged in 1 of 3 repeats"
    assert row_words("ambiguous", 0.6, None, 0.0, 3) == "Ambiguous (60\u202f%) · flagged in none of 3 repeats"
    assert row_words(None, None, None, 0.0, 3) == ""
