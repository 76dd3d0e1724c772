from __future__ import annotations

import numpy as np
import pytest

from auditor.estimate.facts import Facts
from auditor.estimate.learning import EVERY, LearntOrder, Settings, surprises_nearby
from auditor.estimate.logistic import Strengths
from auditor.estimate.nearest import Nearest

Verdicts = list[tuple[int, bool]]


def made(rows: int = 160, seed: int = 0, vectors: bool = True, labels: int = 3) -> Facts:
    generator = np.random.default_rng(seed)
    given = generator.integers(0, labels, rows)
    suggested = np.where(labels > 1, (given + 1) % max(labels, 2), -1)
    signals = generator.random((rows, 3))
    signals[generator.random((rows, 3)) < 0.2] = np.nan
    texts = generator.normal(size=(rows, 16)) if vectors else None
    return Facts.of(generator.permutation(rows) + 1, given, suggested, signals, texts)


def some(facts: Facts, number: int, seed: int = 0) -> Verdicts:
    generator = np.random.default_rng(seed)
    rows = generator.permutation(len(facts))[:number].tolist()
    return [(row, bool(generator.random() < (0.8, 0.2, 0.3)[facts.given[row]])) for row in rows]


def learnt(facts: Facts, verdicts: Verdicts, order: LearntOrder | None = None) -> LearntOrder:
    order = order or LearntOrder(facts)
    order.learn([row for row, _ in verdicts], [wrong for _, wrong in verdicts])
    return order


def bits(order: LearntOrder) -> tuple[bytes, ...]:
    return (
        order.probabilities.tobytes(),
        order.static_probabilities.tobytes(),
        order.order.tobytes(),
        np.float64(order.gate.learnt).tobytes(),
    )


# -- the state is a function of the verdicts that stand --------------------------------------------


@pytest.mark.parametrize(("seed", "vectors"), [(0, True), (1, True), (2, False)])
def test_whatever_happened_before_the_same_verdicts_give_the_same_bits(seed: int, vectors: bool) -> None:
    facts, generator = made(seed=seed, vectors=vectors), np.random.default_rng(seed)
    pool = some(facts, 70, seed)
    order, standing = LearntOrder(facts), list[tuple[int, bool]]()
    for _ in range(12):
        match generator.integers(0, 5):
            case 0 | 1:  # some more verdicts, one by one or in a heap
                new = [one for one in pool if one[0] not in dict(standing)][: int(generator.integers(1, 25))]
                for end in range(1, len(new) + 1) if generator.random() < 0.5 else [len(new)]:
                    learnt(facts, standing + new[:end], order)
                standing += new
            case 2 if standing:  # an undo, mostly of the last one
                standing.pop(int(generator.integers(0, len(standing))) if generator.random() < 0.4 else -1)
            case 3 if standing:  # another outcome
                place = int(generator.integers(0, len(standing)))
                standing[place] = (standing[place][0], not standing[place][1])
            case 4:  # a merge: another log's verdicts were given in between
                new = [one for one in pool if one[0] not in dict(standing)][:3]
                for one in new:
                    standing.insert(int(generator.integers(0, len(standing) + 1)), one)
        learnt(facts, standing, order)
        assert bits(order) == bits(learnt(facts, standing))


def test_verdicts_of_one_time_may_arrive_in_any_order() -> None:
    facts, generator = made(), np.random.default_rng(0)
    verdicts = some(facts, 24)
    events = [(place // 7, f"{place:03}", verdict) for place, verdict in enumerate(verdicts)]  # (time, id, verdict)
    expected = bits(learnt(facts, verdicts))
    for _ in range(2):
        order, arrived = LearntOrder(facts), list[tuple[int, str, tuple[int, bool]]]()
        for event in generator.permutation(len(events)):
            arrived.append(events[event])
            learnt(facts, [verdict for _, _, verdict in sorted(arrived)], order)
        assert bits(order) == expected


def test_between_fits_only_the_gate_learns() -> None:
    facts = made()
    verdicts = some(facts, 29)
    order = learnt(facts, verdicts[:20])
    before, gate, fitted = order.probabilities.tobytes(), order.gate, order.fitted
    for end in range(21, 30):
        learnt(facts, verdicts[:end], order)
        assert order.gate != gate
        gate = order.gate
    assert order.probabilities.tobytes() == before
    assert order.fitted is fitted


def test_the_gate_weighs_what_was_predicted_before_each_verdict() -> None:
    facts = made()
    verdicts = some(facts, 34)
    gate = LearntOrder(facts).gate
    for place, (row, wrong) in enumerate(verdicts):
        then = learnt(facts, verdicts[: place - place % EVERY])
        if then.fitted:
            gate = gate.after(then.static_probabilities[row], then.probabilities[row], wrong)
    assert learnt(facts, verdicts).gate == gate


def test_a_row_judged_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="two outcomes"):
        LearntOrder(made()).learn([3, 3], [True, False])


# -- no verdict speaks for itself --------------------------------------------


def test_a_rows_own_verdict_never_moves_what_is_found_nearby() -> None:
    facts = made()
    verdicts = dict(some(facts, 30))
    rows = np.array(sorted(verdicts))
    wrong = np.array([verdicts[row] for row in rows.tolist()])
    near = Nearest(facts.vectors, facts.given)
    near.hold(rows)
    how = Strengths(np.full(facts.design.shape[1], 1.0), 1.0, 4.0)
    _, before = surprises_nearby(facts, rows, wrong, near, how, 2.0)
    for place in range(len(rows)):
        flipped = wrong.copy()
        flipped[place] = not flipped[place]
        _, after = surprises_nearby(facts, rows, flipped, near, how, 2.0)
        assert np.array_equal(after[place], before[place])
        assert not np.array_equal(after, before)


# -- what it learns --------------------------------------------


def test_a_label_that_is_often_wrong_comes_first_though_the_static_order_has_it_last() -> None:
    given = np.repeat([0, 1], 200)
    facts = Facts.of(np.arange(400), given, 1 - given, np.zeros((400, 0)))
    rows = np.arange(0, 400, 5)
    verdicts = [(row, bool(given[row] == 1)) for row in np.random.default_rng(0).permutation(rows).tolist()]
    order = learnt(facts, verdicts)
    assert (given[order.order[:150]] == 1).mean() > 0.95
    assert order.gate.learnt > 0.5


def test_texts_like_those_that_were_wrong_come_first() -> None:
    generator = np.random.default_rng(0)
    topic = generator.integers(0, 2, 400)
    texts = np.eye(8)[topic] + 0.1 * generator.normal(size=(400, 8))
    facts = Facts.of(generator.permutation(400), np.zeros(400, int), np.ones(400, int), np.zeros((400, 0)), texts)
    order = learnt(facts, [(row, bool(topic[row])) for row in range(60)])
    assert topic[order.order[:150]].mean() > 0.95
    moved = order.nearby(int(order.order[0]))
    assert moved.shift > 0
    assert topic[moved.rows[:10]].all()
    assert set(moved.rows.tolist()) <= set(range(60))


def test_the_first_rows_are_those_of_the_order() -> None:
    facts = made(rows=300)
    order, among = learnt(facts, some(facts, 40)), np.arange(300) % 3 > 0
    expected = [row for row in order.order.tolist() if among[row]]
    for number in (0, 1, 7, 199, 200, 500):
        assert order.first(number, among).tolist() == expected[:number]


# -- nothing breaks it --------------------------------------------


@pytest.mark.parametrize("vectors", [True, False])
@pytest.mark.parametrize("labels", [1, 3])
@pytest.mark.parametrize("wrong", [None, False, True])
@pytest.mark.parametrize("number", [0, 9, 10, 64])
def test_probabilities_are_finite(number: int, wrong: bool | None, labels: int, vectors: bool) -> None:
    facts = made(labels=labels, vectors=vectors)
    verdicts = [(row, error if wrong is None else wrong) for row, error in some(facts, number)]
    order = learnt(facts, verdicts)
    for found in (order.probabilities, order.static_probabilities):
        assert found.shape == (160,)
        assert np.all((found > 0) & (found < 1))
        assert np.array_equal(found * 2**20, np.rint(found * 2**20))
    assert sorted(order.order.tolist()) == list(range(160))
    assert 0 < order.gate.learnt < 1
    assert (order.fitted is None) == (number < EVERY)


def test_before_any_verdict_the_order_is_the_static_one() -> None:
    rank = np.random.default_rng(0).permutation(500)
    facts = Facts.of(rank, np.zeros(500, int), np.ones(500, int), np.zeros((500, 0)))
    assert LearntOrder(facts).order.tolist() == np.argsort(rank).tolist()


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_hardly_any_rows(rows: int) -> None:
    facts = Facts.of(np.arange(rows), np.zeros(rows, int), np.full(rows, -1), np.zeros((rows, 1)), np.ones((rows, 4)))
    order = LearntOrder(facts, Settings())
    order.learn(range(rows), [True] * rows)
    assert order.probabilities.shape == (rows,)
    assert order.first(5, np.ones(rows, np.bool_)).tolist() == list(range(rows))
