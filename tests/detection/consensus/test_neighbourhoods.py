from __future__ import annotations

import numpy as np
import pytest

from auditor.detection.consensus import neighbourhoods
from tests.detection.made import around_of, confusion_of, logs_of, some_votes, turned

SHARES = np.array([0.4, 0.3, 0.2, 0.1])
NOISE = np.array([[0.7, 0.3, 0, 0], [0.05, 0.95, 0, 0], [0, 0.02, 0.93, 0.05], [0, 0, 0.05, 0.95]])
"""True × given: three in ten rows of the first class have the label of the second, seldom the other way round."""


class Planted:
    """Rows whose neighbours mostly share their true label, while given labels are wrong in a way that is known."""

    def __init__(self, seed: int, rows: int = 3000, k: int = 10) -> None:
        rng = np.random.default_rng(seed)
        self.true = rng.choice(4, rows, p=SHARES).astype(np.int32)
        self.labels = turned(rng, self.true, NOISE)
        self.votes = some_votes(rng, self.true, self.labels, 4, k, alike=0.95)


@pytest.mark.parametrize("seed", range(3))
def test_planted_noise_is_seen_and_which_way_it_goes(seed: int) -> None:
    case = Planted(seed)
    around = around_of({"v": case.votes}, case.labels)
    assert around.shares == pytest.approx(np.bincount(case.true) / len(case.true), abs=0.02)
    assert np.abs(around.shares - np.bincount(case.labels) / len(case.labels))[0] > 0.08, "the given shares are wrong"
    assert confusion_of(around) == pytest.approx(NOISE, abs=0.08)  # one neighbour in twenty is anybody
    assert confusion_of(around).sum(axis=1) == pytest.approx(1)
    logs = logs_of(around, {"v": case.votes}, np.arange(3000))
    assert (logs.argmax(axis=1) == case.true).mean() > 0.97


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_classes_does_not_matter(seed: int) -> None:
    case, code = Planted(seed, 600), np.random.default_rng(seed).permutation(4).astype(np.int32)
    votes = type(case.votes)(case.votes.neighbours, case.votes.weights, code[case.labels], 4)
    found, renamed = around_of({"v": case.votes}, case.labels), around_of({"v": votes}, code[case.labels])
    assert renamed.shares[code] == pytest.approx(found.shares)
    assert confusion_of(renamed)[np.ix_(code, code)] == pytest.approx(confusion_of(found))


def test_two_spaces_say_more_than_one() -> None:
    case, other = Planted(0, 1000, k=2), Planted(0, 1000, k=3)
    one = around_of({"a": case.votes}, case.labels)
    both = around_of({"a": case.votes, "b": other.votes}, case.labels)
    rows = np.arange(1000)
    alone = logs_of(one, {"a": case.votes}, rows).argmax(axis=1) == case.true
    together = logs_of(both, {"a": case.votes, "b": other.votes}, rows).argmax(axis=1) == case.true
    assert together.mean() > alone.mean() + 0.02


@pytest.mark.parametrize("seed", [0, 1])
def test_a_thousand_classes_and_classes_of_one_row_or_none(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true = np.concatenate([np.arange(200), np.repeat(np.arange(10), 20)]).astype(np.int32)  # 800 are without rows
    labels = np.where(rng.random(len(true)) < 0.05, rng.integers(0, 1000, len(true)), true).astype(np.int32)
    labels[0] = 999
    votes = some_votes(rng, true, labels, 1000, 5)
    around = around_of({"v": votes}, labels)
    for found in (around.shares, confusion_of(around)):
        assert np.isfinite(found).all()
        assert (found > 0).all()
    assert around.shares.sum() == pytest.approx(1)
    logs = logs_of(around, {"v": votes}, np.arange(200, len(true)))
    assert (logs.argmax(axis=1) == true[200:]).mean() > 0.95, "no class is lost to one that somebody named by mistake"


def test_where_nobody_votes_the_shares_are_all_that_is_known() -> None:
    case = Planted(1, 300)
    case.votes.weights[:] = 0
    around = around_of({"v": case.votes}, case.labels)
    assert logs_of(around, {"v": case.votes}, np.arange(300)) == pytest.approx(np.tile(np.log(around.shares), (300, 1)))


def test_no_rows() -> None:
    case = Planted(1, 30)
    around = around_of({"v": case.votes}, case.labels, rows=np.empty(0, np.intp))
    assert around.shares == pytest.approx(0.25)
    assert np.isfinite(logs_of(around, {"v": case.votes}, np.arange(30))).all()


def test_many_rows_are_sampled_by_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Planted(2)
    whole = around_of({"v": case.votes}, case.labels)
    assert around_of({"v": case.votes}, case.labels, seed=5).shares.tobytes() == whole.shares.tobytes()
    monkeypatch.setattr(neighbourhoods, "_ROWS", 1000)
    some, same, others = (around_of({"v": case.votes}, case.labels, seed=seed) for seed in (0, 0, 1))
    assert some.shares.tobytes() == same.shares.tobytes()
    assert confusion_of(some).tobytes() == confusion_of(same).tobytes()
    assert not np.array_equal(some.shares, others.shares)
    assert some.shares == pytest.approx(whole.shares, abs=0.03)


@pytest.mark.parametrize("seed", range(3))
def test_a_rare_class_among_others_does_not_vanish(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true = rng.choice(3, 1500, p=[0.6, 0.36, 0.04]).astype(np.int32)
    votes = some_votes(rng, true, true, 3, 20, alike=0.25)  # its neighbours are mostly of other classes
    given = np.bincount(true) / len(true)
    assert (around_of({"v": votes}, true).shares > 0.45 * given).all()
    whole = neighbourhoods.find_neighbourhoods([votes], true, np.arange(1500), seed, largest_shift=1.0)
    assert whole.shares == pytest.approx(given, abs=0.01)
