"""The estimate of a log: from nothing, by blind cards, by class, and what it says of the reviewers."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count

import numpy as np
import pytest

from auditor.review.feed import sentences
from auditor.review.feed.blind import Blind
from auditor.review.feed.estimate import Estimate, Estimator, estimate_of
from auditor.review.feed.learner import Learner
from auditor.review.feed.replay import replay
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.reviewing import decide


def chances(verdicts: Verdicts) -> np.ndarray:
    return np.nan_to_num(verdicts.items.suspicion).astype(np.float64)


def sampled(verdicts: Verdicts, cards: int, wrong: int) -> Estimate:
    """Judge blind cards, every ``wrong``-th of which is wrong."""
    blind = Blind(verdicts)
    for number in range(cards):
        row = verdicts.items.row_of(blind.draw("ann", chances(verdicts)).item_id or "")
        assert row is not None
        decide(verdicts, row, "ann", "exclude" if number % wrong == 0 else "keep", arm="blind", hidden=True)
    return Estimator(verdicts, Blind(verdicts)).estimate(chances(verdicts))


def test_before_any_blind_card_nothing_is_said_but_what_they_would_tell(verdicts: Verdicts) -> None:
    decide(verdicts, 0, "ann", "exclude")
    found = Estimator(verdicts, Blind(verdicts)).estimate(chances(verdicts), seconds_a_card=3.0)
    assert (found.blind, found.rate, found.left, found.found_at_least, found.stop) == (0, None, None, None, None)
    assert found.trail == ()
    assert [plan.cards for plan in found.plan][:2] == [50, 100]
    assert found.plan[1].minutes == 5.0
    json.dumps(found.as_dict(), allow_nan=False)


def test_blind_cards_give_a_number_with_its_interval(verdicts: Verdicts) -> None:
    found = sampled(verdicts, 120, 10)
    assert found.blind == found.judged == 120
    assert found.found == 12
    assert found.rate is not None
    assert found.rate.low <= 0.1 <= found.rate.high
    assert found.rate.high - found.rate.low < 0.15
    assert found.left is not None
    assert found.left.low == 0 or found.left.low > 0
    assert abs(found.left.high - (found.rate.high * found.rows - found.found)) < 1e-6
    assert found.problems == found.rate
    lows, highs = zip(*((low, high) for _, low, high in found.trail), strict=True)
    assert found.trail[-1][0] == 120
    assert list(highs) == sorted(highs, reverse=True)  # it only narrows
    assert list(lows) == sorted(lows)
    assert sum(part.blind for part in found.by_class) == 120
    assert all((part.rate is None) == (part.blind < 10) for part in found.by_class)
    json.dumps(found.as_dict(), allow_nan=False)


def test_it_says_how_far_the_reviewers_can_be_relied_on(verdicts: Verdicts) -> None:
    for row in range(40):
        wrong = row % 4 == 0
        arm = "learnt" if row < 20 else "static"
        decide(verdicts, row, "ann", "exclude" if wrong else "keep", arm=arm, hidden=row % 5 == 0, follow=0.5)
    for row in range(8):
        decide(verdicts, row, "ann", "keep", arm="repeat", source="repeat", hidden=True)
    found = Estimator(verdicts, Blind(verdicts)).estimate(chances(verdicts)).reviewers
    assert (found.self_agreement.count, found.self_agreement.of) == (6, 8)
    assert (found.anchoring.first.of, found.anchoring.second.of) == (32, 8)
    assert (found.heads.first.of, found.heads.second.of) == (20, 20)
    assert found.hint is None


def test_a_second_look_is_of_blind_cards_alone(verdicts: Verdicts) -> None:
    found = sampled(verdicts, 6, 2)
    rows = [verdicts.items.row_of(event.item_id or "") for _, event in verdicts.log.draws()]
    for number, row in enumerate(rows[:4]):
        assert row is not None
        decide(verdicts, row, "bob", "exclude" if number == 0 else "keep", arm="blind", hidden=True)
    again = Estimator(verdicts, Blind(verdicts)).estimate(chances(verdicts))
    assert found.reviewers.second_look.of == 0
    assert (again.reviewers.second_look.count, again.reviewers.second_look.of) == (3, 4)
    assert again.found == found.found  # of two who differ, the first counts


def test_an_undone_repeat_or_first_verdict_is_no_pair(verdicts: Verdicts) -> None:
    firsts, repeats = [], []
    for row in range(6):
        firsts.append(decide(verdicts, row, "ann", "keep", arm="static", hidden=False, follow=0.5))
        repeats.append(
            decide(verdicts, row, "ann", "exclude" if row else "keep", arm="repeat", source="repeat", hidden=True)
        )
    estimator = Estimator(verdicts, Blind(verdicts))

    def pairs() -> tuple[int, int]:
        verdicts.catch_up()
        views = (estimator, Estimator(verdicts, Blind(verdicts)))  # one that has seen it happen, one that replays
        found = [view.estimate(chances(verdicts)).reviewers.self_agreement for view in views]
        assert found[0] == found[1]
        return found[0].count, found[0].of

    assert pairs() == (1, 6)
    verdicts.log.undo("ann", "undo-1", repeats[0])
    assert pairs() == (0, 5)
    verdicts.log.undo("ann", "undo-2", firsts[1])
    assert pairs() == (0, 4)
    verdicts.log.redo("ann", "redo-1", repeats[0])
    assert pairs() == (1, 5)
    verdicts.log.undo("ann", "undo-3", repeats[0])
    assert pairs() == (0, 4)


def test_the_interval_from_blind_cards_alone_ignores_other_verdicts(verdicts: Verdicts) -> None:
    found = sampled(verdicts, 100, 10)
    assert found.blind_alone == (found.rate.low, found.rate.high)  # type: ignore[union-attr]
    rows = np.flatnonzero(verdicts.outcomes.wrong < 0)[:60].tolist()
    estimates = []
    for verdict in ("keep", "exclude"):
        for row in rows:
            decide(verdicts, row, "ann", verdict)
        estimates.append(Estimator(verdicts, Blind(verdicts)).estimate(chances(verdicts)))
    first, second = estimates
    assert first.blind_alone == second.blind_alone
    assert first.rate != second.rate
    low, high = first.blind_alone or (1, 0)
    assert low <= first.rate.low <= first.rate.high <= high  # type: ignore[union-attr]


def test_calibration_compares_the_forecasts_before_the_draws(verdicts: Verdicts) -> None:
    assert sampled(verdicts, 150, 10).calibration is None
    found = sampled(verdicts, 50, 10)
    assert found.calibration is not None
    assert sum(part.errors.of for part in found.calibration) == 200
    assert sum(part.errors.count for part in found.calibration) == found.found
    forecasts = [part.forecast for part in found.calibration]
    assert forecasts == sorted(forecasts)
    drawn = [verdicts.items.row_of(event.item_id or "") for _, event in verdicts.log.draws()]
    expected = np.clip(chances(verdicts)[drawn], 1e-4, 1 - 1e-4)
    assert np.average(forecasts, weights=[part.errors.of for part in found.calibration]) == pytest.approx(
        expected.mean()
    )


@pytest.fixture
def same_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the same rows in every run of the test."""
    numbers = count()
    monkeypatch.setattr("auditor.review.feed.blind.secrets.token_hex", lambda _: f"{next(numbers):032x}")


def judge_blind(run: Run, verdicts: Verdicts, cards: int, is_wrong: Callable[[int], bool]) -> Estimate:
    """Judge blind cards; P(error) is what is learnt from them."""
    blind, learner = Blind(verdicts), Learner.of(run, verdicts.items, verdicts)
    for number in range(cards):
        row = verdicts.items.row_of(blind.draw("ann", learner.learnt.error).item_id or "")
        assert row is not None
        decide(verdicts, row, "ann", "exclude" if is_wrong(number) else "keep", arm="blind", hidden=True)
        learner.learn()
        learner.wait()
    return estimate_of(replay(run, verdicts.log))


SHARES: dict[str, Callable[[int], bool]] = {
    "none is wrong": lambda _: False,
    "all are wrong": lambda _: True,
    "some are wrong": lambda number: number % 5 == 1,
    "most are wrong": lambda number: number % 5 != 1,
}
WITH_A_POINT = {("some are wrong", 30): (0.15, 0.27)}


@pytest.mark.usefixtures("same_draws")
@pytest.mark.parametrize("cards", [0, 1, 5, 9, 10, 30])
@pytest.mark.parametrize("name", SHARES)
def test_no_point_estimate_before_the_cards_support_one(run: Run, verdicts: Verdicts, name: str, cards: int) -> None:
    found = judge_blind(run, verdicts, cards, SHARES[name])
    written = json.loads(json.dumps(found.as_dict()))
    if not cards:
        assert (found.rate, found.left, written["rate"]) == (None, None, None)
        return
    assert found.rate is not None
    assert found.left is not None
    if (name, cards) in WITH_A_POINT:
        low, high = WITH_A_POINT[name, cards]
        assert found.rate.value is not None
        assert low <= found.rate.value <= high
        assert sentences.number(found).startswith(f"{100 * found.rate.value:.1f} % of")
        return
    assert {found.rate.value, found.left.value, written["rate"]["value"], written["left"]["value"]} == {None}
    assert found.assumed == np.clip(0.05, found.rate.low, found.rate.high)
    assert sentences.number(found).startswith(f"{sentences.ends(found.rate)} % of the 237 audited labels")
    assert sentences.NO_POINT in sentences.number(found)
    assert sentences.interval(found.rate) == sentences.ends(found.rate)


@pytest.mark.usefixtures("same_draws")
def test_what_was_forecast_before_the_first_fit_corrects_nothing_after_it(run: Run, verdicts: Verdicts) -> None:
    """Of 60 cards, 24 are wrong, where 9.5 % were expected of the first ten; the number is not raised for that."""
    found = judge_blind(run, verdicts, 60, lambda number: number % 5 in (1, 3))
    assert found.rate is not None
    assert found.rate.value == pytest.approx(0.4, abs=0.02)
