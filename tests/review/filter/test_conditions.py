"""Conditions: what they cost grows with the rows and with the values, not with both multiplied."""

from __future__ import annotations

import itertools
import tracemalloc
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from auditor.review.filter.conditions import among_pairs
from auditor.review.view.items import Items


def test_many_pairs_among_many_take_memory_for_each_once() -> None:
    names = tuple(f"class {number}" for number in range(250))
    pairs = list(itertools.product(range(250), repeat=2))
    items = cast(Items, cast(Any, SimpleNamespace(label_names=names, pairs=np.array(pairs, np.int32))))
    sought = [(names[given], names[suggested]) for given, suggested in pairs[::2]]
    tracemalloc.start()
    try:
        found = among_pairs(items, sought)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.flatnonzero(found).tolist() == list(range(0, len(pairs), 2))
    assert peak < 200 * len(pairs)
    assert not among_pairs(items, []).any()
