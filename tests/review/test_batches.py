"""Batches: each row is in as many as are wanted, and the same rows and names always give the same ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from auditor.arrays import Mask
from auditor.errors import FilterError, SourceError
from auditor.review import batches
from auditor.review.batches import Batches
from auditor.review.filter.filter import Filter
from auditor.review.view.items import Items
from tests.review.runs import write_run


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Items:
    return Items.of(write_run(tmp_path_factory.mktemp("run") / "diary", rows=101, models=("lexical",)))


def split_rows(items: Items, names: list[str], how: str, people: int = 1) -> Batches:
    def find(filter: Filter) -> Mask:
        return np.asarray(items.split == ("test" in filter.split))

    return batches.split_rows(items, names, how, people, find)


@pytest.mark.parametrize("people", [1, 2, 3])
def test_evenly_is_even_also_among_the_most_suspect(items: Items, people: int) -> None:
    found = split_rows(items, ["eve", "ann", "bob"], "evenly", people)
    assert list(found) == ["ann", "bob", "eve"]
    masks = np.stack(list(found.values()))
    assert (masks.sum(axis=0) == people).all()
    for first in (101, 30):
        sizes = masks[:, items.rank <= first].sum(axis=1)
        assert np.ptp(sizes) <= 1
    again = split_rows(items, ["bob", "eve", "ann", "ann"], "evenly", people)
    assert all((again[name] == found[name]).all() for name in found)


@pytest.mark.parametrize("how", ["class", "split"])
def test_whole_classes_and_splits(items: Items, how: str) -> None:
    found = split_rows(items, ["ann", "bob"], how)
    codes = items.given if how == "class" else items.split
    assert (sum(mask.astype(int) for mask in found.values()) == 1).all()
    of = [set(codes[mask].tolist()) for mask in found.values()]
    assert of[0]
    assert not of[0] & of[1]


def test_more_people_than_rows_or_classes(items: Items) -> None:
    names = [f"person {number}" for number in range(150)]
    assert sum(mask.any() for mask in split_rows(items, names, "evenly").values()) == len(items)
    assert sum(mask.any() for mask in split_rows(items, names, "class").values()) == len(set(items.given.tolist()))


def test_a_file_of_queries(items: Items, tmp_path: Path) -> None:
    path = tmp_path / "batches.json"
    path.write_text(json.dumps({"bob": "split=test", "ann": "split=train"}))
    found = split_rows(items, ["ann", "bob"], str(path))
    assert list(found) == ["ann", "bob"]
    for wrong, message in [
        ('{"zoe": ""}', "names 'zoe', who has no account"),
        ("[]", "is not a JSON object"),
        ('{"ann": 1}', "is not a JSON object"),
        ("[" * 100_000, "is not a JSON object"),
    ]:
        path.write_text(wrong)
        with pytest.raises(SourceError, match=message):
            split_rows(items, ["ann", "bob"], str(path))
    path.write_text('{"ann": "color=red"}')
    with pytest.raises(FilterError, match="no field 'color'"):
        split_rows(items, ["ann"], str(path))
    for how, names in (("evenly", []), (str(tmp_path / "none"), ["ann"])):
        with pytest.raises(SourceError, match="assign="):
            split_rows(items, names, how)
