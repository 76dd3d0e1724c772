"""Tables as text: no cell is a formula, and arrays of JSON are whole however they are cut."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from auditor.tabular import json_array, write_csv


def test_tabs_between_cells(tmp_path: Path) -> None:
    table = pa.table({"text": ["a\tb", "=1"], "reasons": [["x", "y"], []], "rank": [1, 2]})
    write_csv(table, tmp_path / "t.tsv", "\t")
    with (tmp_path / "t.tsv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    assert rows == [["text", "reasons", "rank"], ["a\tb", "x; y", "1"], ["'=1", "", "2"]]


@given(st.lists(st.lists(st.dictionaries(st.text(), st.integers() | st.none()), max_size=4), max_size=4))
def test_an_array_is_the_objects_of_all_batches(batches: list[list[dict[str, int | None]]]) -> None:
    lines = [line for part in json_array([json.dumps(one) for one in batch] for batch in batches) for line in part]
    assert json.loads("\n".join(lines)) == [one for batch in batches for one in batch]
    assert len(lines) == 2 + sum(map(len, batches))
