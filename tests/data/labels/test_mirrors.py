"""Columns that say the same as the label: found, unless it is an accident."""

from __future__ import annotations

from typing import Any

import datasets
import pandas as pd
import pytest

from auditor.config import ReadConfig
from auditor.data import LabeledTexts, read

CLASSES = [0, 1, 2, 0, 1, 0] * 3
NAMES = ["joy", "sadness", "anger"]


def frame(label: list[Any] | None = None, **others: Any) -> pd.DataFrame:
    label = label or CLASSES
    return pd.DataFrame({"text": [f"t{row}" for row in range(len(label))], "label": label, **others})


def mirrors(data: LabeledTexts) -> dict[str, list[Any]]:
    return {mirror["column"]: mirror["values"] for mirror in data.origin.options.get("mirrors", [])}


# the other column → what it holds for each class
FOUND: dict[str, tuple[list[Any], list[Any]]] = {
    "names": ([NAMES[code] for code in CLASSES], NAMES),
    "numbers": ([10 * code for code in CLASSES], [0, 10, 20]),
    "floats": ([float(code) for code in CLASSES], [0.0, 1.0, 2.0]),
    "lists": ([[NAMES[code]] for code in CLASSES], NAMES),
    "strings with lists": ([str([NAMES[code]]) for code in CLASSES], [str([name]) for name in NAMES]),
    "one is blank": ([["", "x", "y"][code] for code in CLASSES], ["", "x", "y"]),
}


@pytest.mark.parametrize("case", FOUND)
def test_columns_that_are_mirrors(case: str) -> None:
    column, values = FOUND[case]
    data = read(frame(other=column, unlike=[*column[1:], column[0]]))
    assert mirrors(data) == {"other": values}
    (note,) = [note for note in data.notes if "'other'" in note]
    assert note.startswith("Column 'other' mirrors 'label' (0 = ")
    assert mirrors(read(frame(other=column), ReadConfig(mirrors=False))) == {}
    assert mirrors(read(frame([NAMES[code] for code in CLASSES], other=column))) == {
        "other": [values[code] for code in (2, 0, 1)]
    }


# the other column
NOT_FOUND: dict[str, list[Any]] = {
    "constant": ["x"] * 18,
    "ids": [f"id {row}" for row in range(18)],
    "two classes in one": [["x", "x", "y"][code] for code in CLASSES],
    "one class in two": [*"xyzx", "w", *(["x", "y", "z"][code] for code in CLASSES[5:])],
    "one class without a value": [["x", "y", None][code] for code in CLASSES],
    "lists of several": [[["x"], ["y"], ["x", "y"]][code] for code in CLASSES],
    "dates": [pd.Timestamp(2020, 1, 1 + code) for code in CLASSES],
    "objects": [{"x": code} for code in CLASSES],
}


@pytest.mark.parametrize("case", NOT_FOUND)
def test_columns_that_are_none(case: str) -> None:
    data = read(frame(other=NOT_FOUND[case]))
    assert mirrors(data) == {}


@pytest.mark.parametrize(
    ("rows", "name", "is_found"),
    [(4, "more", False), (4, "label_text", True), (4, "emotion", True), (6, "more", False), (16, "more", True)],
)
def test_an_accident_is_no_mirror(rows: int, name: str, is_found: bool) -> None:
    label = [row % 2 for row in range(rows)]
    data = read(frame(label, **{name: ["xy"[code] for code in label]}))
    assert (name in mirrors(data)) == is_found


def test_a_column_that_nearly_is_one_is_named() -> None:
    label = CLASSES * 3
    column = [NAMES[code] for code in label]
    column[3], column[7] = "anger", None
    data = read(frame(label, label_text=column))
    assert mirrors(data) == {}
    note = "Column 'label_text' mirrors 'label' in all but 2 rows: corrections do not change it."
    assert note in data.notes


def test_rows_that_are_set_aside_do_not_count() -> None:
    column = [NAMES[code] for code in CLASSES]
    data = read(frame([*CLASSES, None], other=[*column, "joy"]), ReadConfig(drop_invalid=True))
    assert mirrors(data) == {"other": NAMES}


def test_columns_with_another_role_are_none() -> None:
    texts = {0: "so glad", 1: "so sad", 2: "so mad"}
    data = frame(who=[f"{row:02}" for row in range(18)]).assign(text=[texts[code] for code in CLASSES])
    assert mirrors(read(data, ReadConfig(id="who"))) == {}
    assert mirrors(read(data.assign(votes=[[code] for code in CLASSES]), ReadConfig(votes="votes"))) == {}
    assert mirrors(read(data.set_index(pd.Index(CLASSES, name="label_id")))) == {}


def test_a_column_that_some_files_lack(tmp_path: Any) -> None:
    train, test = frame(label_text=[NAMES[code] for code in CLASSES]), frame()
    train.to_csv(tmp_path / "train.csv", index=False)
    test.to_csv(tmp_path / "test.csv", index=False)
    data = read([tmp_path / "train.csv", tmp_path / "test.csv"])
    assert mirrors(data) == {"label_text": NAMES}


LABEL = datasets.ClassLabel(names=[*NAMES, "love"])


@pytest.mark.parametrize(
    ("label", "other", "values"),
    [
        (LABEL, [NAMES[code] for code in CLASSES], [*NAMES, "love"]),
        (LABEL, [NAMES[code].upper() for code in CLASSES], ["JOY", "SADNESS", "ANGER", None]),
        (LABEL, [code + 1 for code in CLASSES], [1, 2, 3, None]),
        (LABEL, CLASSES, [0, 1, 2, 3]),
    ],
)
def test_classes_that_nobody_is_given(label: Any, other: list[Any], values: list[Any]) -> None:
    made = datasets.Dataset.from_dict({"text": [f"t{row}" for row in range(18)], "label": CLASSES, "other": other})
    data = read(made.cast_column("label", label))
    assert mirrors(data) == {"other": values}
    unknown = "The value of 'other' for 'love' is unknown: it stays empty in rows corrected to it."
    assert (unknown in data.notes) == (None in values)


def test_names_that_number_the_classes_otherwise() -> None:
    columns = {"text": [f"t{row}" for row in range(18)], "label": [NAMES[code] for code in CLASSES]}
    other = datasets.ClassLabel(names=["anger", "joy", "love", "sadness"])
    made = datasets.Dataset.from_dict({**columns, "other": columns["label"]}).cast_column("other", other)
    assert mirrors(read(made)) == {"other": [0, 1, 3]}
    assert mirrors(read(made.cast_column("other", datasets.Value("int64")))) == {"other": [0, 1, 3]}


def test_votes_that_differ_leave_no_mirror() -> None:
    label = CLASSES * 2
    rows = {"text": [f"t{row}" for row in range(18)] * 2, "label": label, "who": ["ann"] * 18 + ["bob"] * 18}
    table = pd.DataFrame({**rows, "label_text": [NAMES[code] for code in label]})
    config = ReadConfig(annotator="who")
    assert mirrors(read(table, config)) == {"label_text": NAMES}
    table.loc[18, ["label", "label_text"]] = [2, "anger"]
    data = read(table, config)
    assert mirrors(data) == {}
    assert "original:label_text" not in data.table.column_names


def test_mirrors_are_part_of_the_contents() -> None:
    column = [NAMES[code] for code in CLASSES]
    found, not_found = read(frame(other=column)), read(frame(other=column), ReadConfig(mirrors=False))
    assert found.fingerprint() == not_found.fingerprint()
    assert found.contents() != not_found.contents()
