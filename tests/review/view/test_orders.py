from __future__ import annotations

import numpy as np
import pytest

from auditor.review.view.items import Items
from auditor.review.view.orders import Orders
from tests.review.runs import ROWS, UNJUDGED


@pytest.fixture(scope="module")
def orders(items: Items) -> Orders:
    return Orders(items)


def test_the_orders_have_names(orders: Orders) -> None:
    assert orders.names == ("suspicion", "loss:features", "loss:lexical", "loss:finetuned", "random", "given", "pair")


def test_every_order_has_every_row_once_and_is_the_same_again(orders: Orders, items: Items) -> None:
    for name in orders.names:
        order = orders.of(name, 3)
        assert sorted(order.tolist()) == list(range(ROWS))
        np.testing.assert_array_equal(Orders(items).of(name, 3), order)


def test_suspicion_goes_by_rank(orders: Orders, items: Items) -> None:
    assert items.rank[orders.of()].tolist() == list(range(1, ROWS + 1))


def test_loss_is_highest_first_and_unknown_last(orders: Orders, items: Items) -> None:
    loss = items.loss["lexical"][orders.of("loss:lexical")]
    assert (np.diff(loss[: -len(UNJUDGED)]) <= 0).all()
    assert np.isnan(loss[-len(UNJUDGED) :]).all()


def test_given_is_as_in_the_dataset(orders: Orders) -> None:
    assert orders.of("given").tolist() == list(range(ROWS))


def test_random_is_by_seed(orders: Orders) -> None:
    assert orders.of("random", 1).tolist() != orders.of("random", 2).tolist()
    np.testing.assert_array_equal(orders.of("suspicion", 1), orders.of("suspicion", 2))


def test_pairs_stand_together_each_by_rank(orders: Orders, items: Items) -> None:
    order = orders.of("pair")
    pairs = items.pair[order]
    assert (pairs[-len(UNJUDGED) :] == -1).all()
    judged = pairs[: -len(UNJUDGED)]
    assert (np.diff(judged) >= 0).all()
    for pair in np.unique(judged):
        assert (np.diff(items.rank[order[pairs == pair]]) > 0).all()


def test_an_order_that_is_kept_cannot_be_changed(orders: Orders) -> None:
    with pytest.raises(ValueError, match="read-only"):
        orders.of()[0] = 1
