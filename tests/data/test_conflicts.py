from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.data.conflicts import Conflicts, find_conflicts
from auditor.data.duplicates import Duplicates
from auditor.data.labeled_texts import LabeledTexts, Origin

EXACT = [0, 0, 1, 1, 1, 2, 3, 4]
NEAR = [0, 0, 1, 1, 1, 2, 2, 4]
LABELS = [0, 0, 0, 1, 1, 0, 1, 0]
SPLITS = ["train", "test", "train", "train", "test", "train", "test", "train"]


def conflicts_of(exact: list[int], near: list[int], labels: list[int], splits: list[str]) -> Conflicts:
    groups = Duplicates(np.array(exact, dtype=np.int32), np.array(near, dtype=np.int32), 0)
    return find_conflicts(groups, np.array(labels, dtype=np.int32), np.array(splits, dtype=str))


def test_by_hand() -> None:
    found = conflicts_of(EXACT, NEAR, LABELS, SPLITS)
    pairs = zip(found.first, found.second, found.identical, found.across, strict=True)
    assert [tuple(map(int, pair)) for pair in pairs] == [(2, 3, 1, 0), (2, 4, 1, 1), (5, 6, 0, 1)]
    assert str(found) == "1 text occurs with several labels, 1 of them in different splits: a leak."
    assert str(conflicts_of([0, 0], [0, 0], [1, 1], ["a", "b"])) == ""
    assert str(conflicts_of([], [], [], [])) == ""


GROUPS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(0, 3), st.sampled_from("abc")))


@settings(max_examples=100, deadline=None)
@given(GROUPS)
def test_each_row_in_conflict_is_paired_and_across_splits_where_it_can_be(
    rows: list[tuple[int, int, int, str]],
) -> None:
    near, exact = [row[0] for row in rows], [2 * row[0] + row[1] for row in rows]
    labels, splits = [row[2] for row in rows], [row[3] for row in rows]
    found = conflicts_of(exact, near, labels, splits)
    pairs = {*zip(found.first.tolist(), found.second.tolist(), strict=True)}
    assert len(pairs) == len(found.first) <= 4 * len(rows)
    for (one, other), identical, across in zip(sorted(pairs), found.identical, found.across, strict=True):
        assert one < other
        assert near[one] == near[other]
        assert labels[one] != labels[other]
        assert identical == (exact[one] == exact[other])
        assert across == (splits[one] != splits[other])
    for group in (exact, near):
        for row in range(len(rows)):
            against = [i for i in range(len(rows)) if group[i] == group[row] and labels[i] != labels[row]]
            for wanted in (against, [i for i in against if splits[i] != splits[row]]):
                assert not wanted or any((min(row, i), max(row, i)) in pairs for i in wanted)
    clashing = [g for g in {*exact} if len({labels[i] for i in range(len(rows)) if exact[i] == g}) > 1]
    assert found.texts == len(clashing)


def test_the_artifact_names_both_rows(tmp_path: Path) -> None:
    columns = {"id": [f"r{row}" for row in range(8)], "text": ["x"] * 8, "split": SPLITS}
    table = pa.table({**columns, "label": pa.array(LABELS, pa.int32())})
    names = ("joy", "love")
    data = LabeledTexts(table, pa.table({}), names, names, Origin("x", "csv", "text", "label", None, {}))
    conflicts_of(EXACT, NEAR, LABELS, SPLITS).write(tmp_path / "conflicts.parquet", data)
    assert pq.read_table(tmp_path / "conflicts.parquet").to_pylist()[1] == {
        "identical": True, "across_splits": True,
        "first_id": "r2", "first_split": "train", "first_label": "joy",
        "second_id": "r4", "second_split": "test", "second_label": "love",
    }  # fmt: skip
    conflicts_of([], [], [], []).write(tmp_path / "none.parquet", data)
    assert pq.read_table(tmp_path / "none.parquet").num_rows == 0
