from __future__ import annotations

import numpy as np
import pytest

from auditor.estimate.fixes import USUAL_SECONDS, clear_fit, fixes_a_minute, learn_pace


def test_the_pace_is_the_usual_one_until_cards_have_been_timed() -> None:
    pace = learn_pace(np.array([10, 900]), np.array([np.nan, 4_000.0]))
    assert (pace.base, pace.per_character) == pytest.approx(USUAL_SECONDS)


def test_the_pace_comes_near_to_the_cards_own() -> None:
    characters = np.arange(2_000) % 300
    pace = learn_pace(characters, 2 + 0.05 * characters)
    assert pace.seconds(np.array([0, 200])) == pytest.approx([2, 12], abs=0.2)


@pytest.mark.parametrize("seconds", [0.6, 299.0])
def test_the_pace_never_leaves_what_is_credible(seconds: float) -> None:
    characters = np.arange(500)
    pace = learn_pace(characters, np.where(characters < 250, seconds, 0.6))
    assert pace.per_character >= 0
    assert np.all((pace.seconds(np.array([0, 10**6])) >= 0.5) & (pace.seconds(np.array([0, 10**6])) <= 300))


def test_a_clear_fit_is_the_suggestions_share_before_any_verdict() -> None:
    share = np.array([0.2, 0.5, 0.9])
    assert clear_fit(share, np.zeros(0, int), np.zeros(0, bool)) == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize("clear", [True, False])
def test_a_clear_fit_follows_the_verdicts_and_stays_finite(clear: bool) -> None:
    share = np.linspace(0, 1, 101)
    found = clear_fit(share, np.arange(101), np.full(101, clear))
    assert np.isfinite(found).all()
    assert (found[50] > 0.8) == clear
    assert (found[50] < 0.2) != clear


def test_fixes_a_minute() -> None:
    assert fixes_a_minute(np.array([0.5]), np.array([0.8]), np.array([6.0])) == pytest.approx([4.0])
