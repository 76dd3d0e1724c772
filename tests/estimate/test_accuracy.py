from __future__ import annotations

import numpy as np
import pytest

from auditor.estimate.accuracy import Counted, accuracy, gain
from auditor.estimate.stream import PENDING

ROWS = 400


def counted(case: np.ndarray, cards: np.ndarray, blind: np.ndarray, pending: int = 0) -> Counted:
    """What is the case on the rows of an audit that read these cards, the last blind ones of which are pending."""
    before, pool, outcome = [], [], []
    judged = np.zeros(len(case), np.bool_)
    for row, drawn in zip(cards, blind, strict=True):
        if drawn:
            before.append(int(case[judged].sum()))
            pool.append(int((~judged).sum()))
            outcome.append(int(case[row]))
        judged[row] = True
    waiting = cards[blind][len(outcome) - pending :]
    outcome[len(outcome) - pending :] = [PENDING] * pending
    judged[waiting] = False
    zeros = np.zeros(len(before), np.int64)
    columns = (np.array(before, np.int64), zeros, np.array(pool, np.int64), np.array(outcome, np.int8))
    return Counted(*columns, rows=len(case), judged=int(judged.sum()), found=int(case[judged].sum()))


def audit(rng: np.random.Generator, suspicion: np.ndarray, cards: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Rows in the order in which they are read, every second one ranked, the others blind."""
    order, blind = list(np.argsort(-suspicion)), np.arange(cards) % 2 == 1
    read = [order.pop(rng.integers(len(order)) if drawn else 0) for drawn in blind]
    return np.array(read), blind


def test_estimates_are_right_on_average_and_their_intervals_hold():
    rng = np.random.default_rng(1)
    wrong = rng.random(ROWS) < 0.2
    suspicion = rng.random(ROWS) + 0.3 * wrong  # ranked cards are more often those on which the version is wrong
    values, missed = [], 0
    for _ in range(300):
        found = accuracy(counted(wrong, *audit(rng, suspicion)))
        assert found.value is not None
        values.append(found.value)
        missed += not found.low - 1e-9 <= 1 - wrong.mean() <= found.high + 1e-9
    assert np.mean(values) == pytest.approx(1 - wrong.mean(), abs=0.006)
    assert missed <= 15 + 2 * np.sqrt(300 * 0.05 * 0.95)


def test_gains_are_right_on_average_and_their_intervals_hold():
    rng = np.random.default_rng(2)
    won, lost = rng.random(ROWS) < 0.12, rng.random(ROWS) < 0.04
    won &= ~lost
    truth, suspicion = (won.sum() - lost.sum()) / ROWS, rng.random(ROWS)
    values, missed = [], 0
    for _ in range(200):
        cards = audit(rng, suspicion)
        found = gain(counted(won, *cards), counted(lost, *cards))
        assert found.value is not None
        values.append(found.value)
        missed += not found.low - 1e-9 <= truth <= found.high + 1e-9
    assert np.mean(values) == pytest.approx(truth, abs=0.006)
    assert missed <= 10 + 2 * np.sqrt(200 * 0.05 * 0.95)


def test_pending_draws_widen_the_interval_and_stay_out_of_the_mean():
    rng = np.random.default_rng(3)
    wrong = rng.random(ROWS) < 0.2
    cards = audit(rng, rng.random(ROWS))
    known, waiting = accuracy(counted(wrong, *cards)), accuracy(counted(wrong, *cards, pending=5))
    settled = accuracy(counted(wrong, *(part[:110] for part in cards)))  # without the last five blind cards
    assert waiting.value == settled.value != known.value
    assert waiting.low <= known.low < known.high <= waiting.high


def test_no_draw_says_nothing():
    none = np.zeros(0, np.int64)
    found = accuracy(Counted(none, none, none, none.astype(np.int8), rows=10, judged=0, found=0))
    assert (found.value, found.low, found.high) == (None, 0, 1)
