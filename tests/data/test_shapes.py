"""What a table does not keep of JSON objects: their keys, the order of them, and which numbers are floats."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.data import shapes
from auditor.data.jsonl import read_jsonl
from auditor.data.shapes import Shapes, read_shapes, restore

SCALARS = st.one_of(st.none(), st.integers(-9, 9), st.sampled_from([0.5, 2.0, -0.5]))
DEEP = st.fixed_dictionaries({}, optional={"b": SCALARS, "a": SCALARS, "many": st.lists(SCALARS, max_size=3)})
OBJECTS = st.fixed_dictionaries(
    {"text": st.text(max_size=3)},
    optional={"n": SCALARS, "deep": st.one_of(st.none(), DEEP), "each": st.lists(DEEP, max_size=2)},
)


@given(st.lists(st.tuples(OBJECTS, st.randoms()), min_size=1, max_size=8))
@settings(max_examples=60)
def test_objects_come_back_as_they_were(drawn: list[tuple[dict[str, Any], Any]]) -> None:
    rows = []
    for row, random in drawn:
        keys = list(row)
        random.shuffle(keys)
        rows.append({key: row[key] for key in keys})
    lines = [json.dumps(row) for row in rows]
    table, _, style = read_jsonl("\n".join(lines).encode(), "rows.jsonl")
    known = read_shapes(json.loads(json.dumps(style)))
    assert known is not None
    found, of_row = known
    again = [json.dumps(restore(row, found[at])) for row, at in zip(table.to_pylist(), of_row, strict=True)]
    assert again == lines


def test_few_shapes_are_kept_small() -> None:
    kept = Shapes()
    for row in range(100_000):
        kept.add({"text": "a", "label": "b"} if row % 2 else {"label": "b", "text": None, "n": row})
    about = kept.about()
    assert len(about["shapes"]) == 2
    assert len(json.dumps(about)) < 2_000


def test_too_many_shapes_are_not_kept(monkeypatch: Any) -> None:
    monkeypatch.setattr(shapes, "_MOST", 3)
    kept = Shapes()
    for row in range(5):
        kept.add({str(row): 1})
    assert kept.about() == {}
    assert read_shapes({}) is None
