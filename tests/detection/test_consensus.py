from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from auditor.detection import consensus, find_flags
from auditor.models.scores import floored
from tests.detection.made import random_rows

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(2, 9))
def test_of_one_model_is_that_model_floored(seed, classes):
    _, rows = random_rows(seed, 20, classes, sureness=20)
    assert np.allclose(consensus({"features": rows}), floored(rows), rtol=1e-5, atol=0)


@given(seeds)
def test_a_duplicated_model_leaves_the_ranking_as_it_was(seed):
    labels, rows = random_rows(seed, 50, 3, sureness=5)
    once, twice = consensus({"a": rows}), consensus({"a": rows, "b": rows})
    judgeable = np.ones(50, dtype=np.bool_)
    assert np.array_equal(find_flags(labels, once, judgeable).rank, find_flags(labels, twice, judgeable).rank)


@given(seeds)
def test_the_order_of_the_models_does_not_matter(seed):
    models = {name: random_rows(seed + i, 30, 4)[1] for i, name in enumerate("abc")}
    results = [consensus({name: models[name] for name in order}) for order in permutations("abc")]
    assert all(np.array_equal(results[0], result) for result in results)


@given(seeds)
def test_rows_are_distributions_that_lie_between_the_models(seed):
    models = {name: random_rows(seed + i, 30, 2)[1] for i, name in enumerate("abc")}
    result = consensus(models)
    assert result.dtype == np.float32
    assert np.allclose(result.sum(axis=1), 1, atol=1e-6)
    each = np.stack(list(models.values()))
    assert (result >= each.min(axis=0) - 1e-5).all()
    assert (result <= each.max(axis=0) + 1e-5).all()


def test_a_sure_model_outweighs_unsure_ones():
    unsure, sure = np.array([[0.6, 0.4]], np.float32), np.array([[0.001, 0.999]], np.float32)
    assert consensus({"a": unsure, "b": unsure, "c": sure})[0].argmax() == 1


def test_missing_rows_stay_missing():
    judged = np.array([[0.6, 0.4], [0.5, 0.5]], np.float32)
    partly = np.array([[0.6, 0.4], [np.nan, np.nan]], np.float32)
    result = consensus({"a": judged, "b": partly})
    assert np.isnan(result).tolist() == [[False, False], [True, True]]


def test_zeros_are_no_infinities():
    result = consensus({"a": np.array([[0, 1]], np.float32), "b": np.array([[1, 0]], np.float32)})
    assert np.allclose(result, 0.5)
