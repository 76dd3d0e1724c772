"""The label column as the source has it, lists and all, and the columns that say the same."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.config import ReadConfig
from auditor.correction.decide.corrections import Corrections
from auditor.correction.decide.policy import Policy
from auditor.correction.export.export import write_export
from auditor.correction.export.labels import mirror_notes
from auditor.correction.export.tables import as_dataset_dict, corrected_tables
from auditor.correction.patch.apply import apply
from auditor.correction.patch.patch import make_patch
from auditor.data import read
from auditor.errors import RunDamagedError
from tests.correction.deciding import CONFIG, corrected, relabelled, vote

NAMES = ["joy", "sadness", "anger"]
CODES = [0, 1, 2, 0, 1, 0] * 3


def only(corrections: Corrections, **options: Any) -> pa.Table:
    (part,) = corrected_tables(corrections, **options)
    return part.table


def texts(number: int) -> list[str]:
    return [f"t{row}" for row in range(number)]


# -- lists of one label -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "rows"),
    [
        (pa.list_(pa.string()), [["x"], ["y"], [], None, ["x"], ["z"]]),
        (pa.large_list(pa.large_string()), [["x"], [" y", None], [], None, ["x"], ["z"]]),
        (pa.list_(pa.string(), 2), [["x", None], [None, "y"], [None, None], None, ["x", None], ["z", None]]),
        (pa.list_(pa.int8()), [[5], [6], [], None, [5], [7]]),
        (pa.list_(pa.float32()), [[5.0], [6.0], [], None, [5.0], [7.0]]),
        (pa.list_(pa.dictionary(pa.int8(), pa.string())), [["x"], ["y"], [], None, ["x"], ["z"]]),
    ],
    ids=str,
)
def test_columns_of_lists_stay_lists(tmp_path: Path, type_: pa.DataType, rows: list[Any]) -> None:
    table = pa.table({"text": texts(6), "label": pa.array(rows, type_)})
    pq.write_table(table, tmp_path / "rows.parquet")
    source = read(tmp_path / "rows.parquet", CONFIG)
    assert source.rejected.num_rows == 2
    made = only(relabelled(source, {0: source.label_names[2]}))
    given = only(corrected(source))
    assert given["label"].to_pylist() == rows
    assert made.schema.equals(given.schema)
    new = made["label"].to_pylist()
    assert new[1:] == rows[1:]
    assert new[0] == rows[5]


def test_names_in_the_place_of_numbers_stay_in_lists(tmp_path: Path) -> None:
    label = datasets.List(datasets.ClassLabel(names=NAMES))
    rows = {"text": texts(5), "label": [[0], [1], [], None, [2]]}
    source = datasets.Dataset.from_dict(rows, datasets.Features({"text": datasets.Value("string"), "label": label}))
    made = only(relabelled(source, {0: "anger"}), label_names=True)
    assert made["label"].to_pylist() == [["anger"], ["sadness"], [], None, ["anger"]]
    assert as_dataset_dict(corrected_tables(relabelled(source, {0: "anger"}), label_names=True))["all"].features[
        "label"
    ] == datasets.List(datasets.Value("string"))


@pytest.mark.parametrize(
    "kind", [datasets.List, datasets.LargeList, datasets.Sequence, lambda inner: datasets.List(inner, length=1)]
)
def test_classes_in_lists_stay_classes(tmp_path: Path, kind: Any) -> None:
    features = datasets.Features({"text": datasets.Value("string"), "label": kind(datasets.ClassLabel(names=NAMES))})
    source = datasets.Dataset.from_dict({"text": texts(4), "label": [[0], [1], [2], [0]]}, features)
    assert read(source, CONFIG).label_names == tuple(NAMES)
    plain = as_dataset_dict(corrected_tables(corrected(source)))["all"]
    assert plain.features == features
    assert plain[:] == source[:]
    made = relabelled(source, {0: "anger", 3: "awe"})
    again = as_dataset_dict(corrected_tables(made))["all"]
    assert again["label"][:] == [[2], [1], [2], [3]]
    assert again.features["label"].feature.names == [*NAMES, "awe"]
    write_export(made, tmp_path / "made.parquet")
    loaded = datasets.Dataset.from_parquet(str(tmp_path / "made.parquet"), cache_dir=str(tmp_path / "cache"))
    assert loaded.features["label"].feature.names == [*NAMES, "awe"]
    assert loaded["label"][:] == again["label"][:]
    found = read(tmp_path / "made.parquet", CONFIG)
    assert [found.label_names[code] for code in found.labels] == ["anger", "sadness", "anger", "awe"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["['joy']", "['anger']", "['joy']"], "['anger']"),
        (['["joy"]', '["anger"]', '["joy"]'], '["anger"]'),
        (['[ "joy" ]', '["anger"]', '["joy"]'], '[ "anger" ]'),
        (['{"choices": ["joy"]}', "anger", "joy"], '{"choices": ["anger"]}'),
        (["joy", '{"choices": ["anger"]}', "anger"], "anger"),
        (["[1]", "[0]", "[1]"], "[0]"),
        (["[very sad]", "[joy]", "[joy]"], "[joy]"),
        (["['joy']", '["it\'s"]', "['joy']"], '["it\'s"]'),
    ],
)
def test_strings_with_lists_keep_their_wrapping(tmp_path: Path, cells: list[str], expected: str) -> None:
    cells = [*cells, cells[0]]
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *zip(texts(4), cells, strict=True)])
    source = read(tmp_path / "rows.csv", CONFIG)
    made = relabelled(source, {0: source.label_names[source.labels[1]]})
    assert only(corrected(source))["label"].to_pylist() == cells
    assert only(made)["label"].to_pylist() == [expected, *cells[1:]]
    assert only(made, label_names=True)["label"].to_pylist() == [expected, *cells[1:]]
    write_export(made, tmp_path / "out.csv")
    again = read(tmp_path / "out.csv", CONFIG)
    assert [again.label_names[code] for code in again.labels][:2] == [made.label_names[made.label[1]]] * 2


def test_rows_that_were_not_accepted_come_back(tmp_path: Path) -> None:
    rows = [
        {"text": "a", "accept": ["joy"], "answer": "accept"},
        {"text": "b", "accept": ["joy", "anger"], "answer": "reject"},
        {"text": "c", "accept": [], "answer": "ignore"},
        {"text": "d", "accept": ["anger"], "answer": "accept"},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = CONFIG.model_copy(update={"label": "accept"})
    write_export(relabelled(tmp_path / "rows.jsonl", {0: "anger"}, config=config), tmp_path / "out.jsonl")
    made = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert made == [{**rows[0], "accept": ["anger"]}, *rows[1:]]


def test_missing_labels_come_back(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,label\na,x\nb,N/A\nc,y\nd,nan\n")
    config = CONFIG.model_copy(update={"missing_labels": ("nan", "N/A")})
    made = relabelled(tmp_path / "rows.csv", {0: "y"}, config=config)
    assert only(made)["label"].to_pylist() == ["y", "N/A", "y", "nan"]


# -- mirrors ----------------------------------------------------------------------------------------------------

COLUMNS: dict[str, pa.Array] = {
    "names": pa.array([NAMES[code] for code in CODES]),
    "numbers": pa.array([10 * code for code in CODES], pa.int8()),
    "floats": pa.array([code / 2 for code in CODES], pa.float32()),
    "categories": pa.array([NAMES[code] for code in CODES]).dictionary_encode(),
    "lists": pa.array([[NAMES[code]] for code in CODES]),
    "views": pa.array([NAMES[code] for code in CODES], pa.string_view()),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_mirror_moves_with_the_label(tmp_path: Path, kind: str) -> None:
    table = pa.table({"text": texts(18), "other": COLUMNS[kind], "label": CODES})
    pq.write_table(table, tmp_path / "rows.parquet")
    source = pq.read_table(tmp_path / "rows.parquet")
    assert only(corrected(tmp_path / "rows.parquet")).equals(source)
    made = relabelled(tmp_path / "rows.parquet", {0: "2", 4: "0"})
    assert only(made).schema.equals(source.schema)
    expected = source["other"].to_pylist()
    expected[0], expected[4] = expected[2], expected[3]
    assert only(made)["other"].to_pylist() == expected
    assert only(made)["label"].to_pylist() == [2, 1, 2, 0, 0, *CODES[5:]]
    assert mirror_notes(made) == ("Column 'other' is corrected along with 'label'.",)
    assert mirror_notes(corrected(tmp_path / "rows.parquet")) == ()
    config = CONFIG.model_copy(update={"mirrors": False})
    alone = only(relabelled(tmp_path / "rows.parquet", {0: "2"}, config=config))
    assert alone["other"].to_pylist() == source["other"].to_pylist()


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_new_class_in_a_mirror(tmp_path: Path, kind: str) -> None:
    table = pa.table({"text": texts(18), "other": COLUMNS[kind], "label": [NAMES[code] for code in CODES]})
    pq.write_table(table, tmp_path / "rows.parquet")
    made = relabelled(tmp_path / "rows.parquet", {0: "awe"})
    named = {"lists": ["awe"], "numbers": None, "floats": None}.get(kind, "awe")
    assert only(made)["other"].to_pylist() == [named, *table["other"].to_pylist()[1:]]
    assert ("The value of 'other' for 'awe' is unknown" in "".join(mirror_notes(made))) == (named is None)


def test_mirrors_follow_in_lines_of_json(tmp_path: Path) -> None:
    rows = [
        {"text": text, "label": code, "label_text": NAMES[code]} for text, code in zip(texts(18), CODES, strict=True)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = read(tmp_path / "rows.jsonl", CONFIG)
    write_export(corrected(source, vote(source, 1, "relabel", "2"), vote(source, 3, "exclude")), tmp_path / "out.jsonl")
    made = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert made == [rows[0], {**rows[1], "label": 2, "label_text": "anger"}, rows[2], *rows[4:]]
    assert [json.loads(line) for line in (tmp_path / "excluded.jsonl").read_text().splitlines()] == [rows[3]]


def test_mirrors_follow_a_patch(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": texts(18), "label": CODES, "label_text": [NAMES[code] for code in CODES]})
    patch = make_patch(relabelled(frame, {0: "2", 1: "0"}))
    newer = pd.concat([frame[::-1], pd.DataFrame({"text": ["new"], "label": [1], "label_text": ["sadness"]})])
    made = only(apply([patch], read(newer, CONFIG)).corrections)
    pairs = {pair for row in made.select(["label", "label_text"]).to_pylist() for pair in [tuple(row.values())]}
    assert pairs == set(enumerate(NAMES))
    again = dict(zip(made["text"].to_pylist(), made["label_text"].to_pylist(), strict=True))
    assert (again["t0"], again["t1"]) == ("anger", "joy")


def test_each_file_keeps_the_mirrors_that_it_has(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": texts(18), "label": CODES, "label_text": [NAMES[code] for code in CODES]})
    frame.to_parquet(tmp_path / "train.parquet")
    frame[["text", "label"]].to_parquet(tmp_path / "test.parquet")
    train, test = corrected_tables(
        relabelled([tmp_path / "train.parquet", tmp_path / "test.parquet"], {0: "2", 18: "2"})
    )
    assert train.table["label_text"].to_pylist()[:2] == ["anger", "sadness"]
    assert test.table.column_names == ["text", "label"]
    assert test.table["label"].to_pylist()[0] == 2


def test_a_mirror_of_classes_keeps_them() -> None:
    columns = {"text": texts(18), "emotion": [NAMES[code] for code in CODES], "label": CODES}
    made = datasets.Dataset.from_dict(columns).cast_column("label", datasets.ClassLabel(names=[*NAMES, "love"]))
    source = read(made, ReadConfig(label="emotion"))
    new = as_dataset_dict(corrected_tables(relabelled(source, {0: "anger"})))["all"]
    assert new.features == made.features
    assert (new["emotion"][0], new["label"][0]) == ("anger", 2)


@pytest.mark.parametrize(
    "mirrors",
    [
        [{"column": "nowhere", "values": ["a", "b", "c"]}],
        [{"column": "text", "values": ["a", "b", "c"]}],
        [{"column": "label", "values": ["a", "b", "c"]}],
        [{"column": "other", "values": ["a"]}],
        [{"column": "other", "values": [{}, [], "c"]}],
        [{"column": ["other"], "values": ["a", "b", "c"]}],
        ["other"],
        [{}],
    ],
    ids=str,
)
def test_mirrors_of_a_run_that_somebody_has_made(mirrors: Any) -> None:
    frame = pd.DataFrame({"text": texts(18), "label": CODES, "other": [NAMES[code] for code in CODES]})
    source = read(frame, CONFIG)
    origin = replace(source.origin, options={**source.origin.options, "mirrors": mirrors})
    with pytest.raises(RunDamagedError):
        corrected_tables(relabelled(replace(source, origin=origin), {0: "2", 1: "0"}))


def test_mirrors_where_only_changed_rows_are_written() -> None:
    frame = pd.DataFrame({"text": texts(18), "label": CODES, "other": [NAMES[code] for code in CODES]})
    source = read(frame, CONFIG)
    only_changed = corrected(source, vote(source, 2, "relabel", "0"), policy=Policy(changed_only=True))
    assert only(only_changed).to_pylist() == [{"text": "t2", "label": 0, "other": "joy"}]
