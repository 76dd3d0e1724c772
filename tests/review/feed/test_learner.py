"""The learnt order: a view of the log, made again to the last bit, that moves what follows the verdicts."""

from __future__ import annotations

import numpy as np

from auditor.review.feed.learner import Learner
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.reviewing import decide


def learnt(run: Run, verdicts: Verdicts) -> Learner:
    learner = Learner.of(run, verdicts.items, verdicts)
    learner.learn()
    learner.wait()
    return learner


def test_before_any_verdict_it_is_the_static_order(run: Run, verdicts: Verdicts) -> None:
    found = learnt(run, verdicts).learnt
    assert found.order.tolist() == np.argsort(verdicts.items.rank, kind="stable").tolist()
    assert found.verdicts == 0


def test_labels_that_are_often_wrong_come_first(run: Run, verdicts: Verdicts) -> None:
    items = verdicts.items
    learner = Learner.of(run, items, verdicts)
    bad = int(np.bincount(items.given).argmax())
    judged = [row for code in range(len(items.label_names)) for row in np.flatnonzero(items.given == code)[::3][:12]]
    for row in judged:
        decide(verdicts, int(row), "ann", "exclude" if items.given[row] == bad else "keep")
        learner.learn()
    learner.wait()
    found = learner.learnt
    head = found.order[: np.count_nonzero(items.given == bad) // 2]
    assert (items.given[head] == bad).mean() > 0.8
    assert found.error[items.given == bad].mean() > 2 * found.error[items.given != bad].mean()


def test_replayed_at_once_or_after_an_undo_it_is_the_same(run: Run, verdicts: Verdicts) -> None:
    learner = Learner.of(run, verdicts.items, verdicts)
    actions = []
    for number, row in enumerate(np.random.default_rng(0).permutation(len(verdicts.items))[:47].tolist()):
        actions.append(decide(verdicts, row, "ann", "exclude" if number % 3 == 0 else "keep"))
        learner.learn()
    verdicts.log.undo("ann", "undo-1", actions[4])
    verdicts.catch_up()
    learner.learn()
    learner.wait()
    again = learnt(run, verdicts).learnt
    assert again.verdicts == learner.learnt.verdicts == 46
    assert again.order.tolist() == learner.learnt.order.tolist()
    assert again.error.tobytes() == learner.learnt.error.tobytes()
    assert again.follow == learner.learnt.follow
