from __future__ import annotations

import pytest

from auditor.detection import kinds, stability
from auditor.report.words import KINDS, KINDS_MEAN, TIERS_MEAN, kind_words, row_words, stability_words


def test_every_kind_and_tier_has_words() -> None:
    assert tuple(KINDS) == tuple(KINDS_MEAN) == kinds.KINDS
    assert tuple(TIERS_MEAN) == stability.TIERS
    assert not [name for name in KINDS.values() if "_" in name]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("mislabelled", "The models prefer joy"),
        ("none_fits", "The models prefer no single label"),
        ("ambiguous", "The models are divided between love and joy"),
        ("duplicate_conflict", "The same text has another label elsewhere"),
        ("unclear", "The models do not show what may be wrong"),
        (None, ""),
    ],
)
def test_a_kind_says_what_the_models_prefer_and_gives_no_share(kind: str | None, sentence: str) -> None:
    assert kind_words(kind, "love", "joy") == sentence


def test_labels_are_cut_and_made_visible() -> None:
    assert kind_words("mislabelled", "love", "\u202ejoy" + "y" * 80).startswith("The models prefer ")
    assert "\u202e" not in kind_words("ambiguous", "\u202e", "joy" + "y" * 80)
    assert len(kind_words("ambiguous", "l" * 80, "j" * 80)) < 120


@pytest.mark.parametrize(
    ("share", "repeats", "said"),
    [
        (1.0, 3, "flagged in 3 of 3 repeats"),
        (0.6666667, 3, "flagged in 2 of 3 repeats"),
        (0.0, 3, "flagged in none of 3 repeats"),
        (0.5, 3, "flagged in 50\u202f% of its repeats"),  # one of the two that judged it
        (None, 1, "no repeats to test whether the flag is stable"),
    ],
)
def test_how_stable_a_flag_is(share: float | None, repeats: int, said: str) -> None:
    assert stability_words(share, repeats) == said


@pytest.mark.parametrize(
    ("kind", "tier", "share", "line"),
    [
        ("mislabelled", "high", 1.0, "The models prefer joy · flagged in 3 of 3 repeats"),
        (None, "low", 1 / 3, "The models keep love · flagged in 1 of 3 repeats"),
        ("ambiguous", None, 0.0, "The models are divided between love and joy · flagged in none of 3 repeats"),
        (None, None, 0.0, ""),
    ],
)
def test_a_row_in_one_line(kind: str | None, tier: str | None, share: float, line: str) -> None:
    assert row_words(kind, "love", "joy", tier, share, 3) == line
