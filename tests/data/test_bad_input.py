"""Every kind of bad input gets an error that says what is wrong where, and what to do."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.config import ReadConfig
from auditor.data import read
from auditor.errors import AuditorError, ColumnError, ConfigError, InputError, RowError, SourceError

GOOD = b"text,label\nso glad,joy\nso sad,sadness\n"
MANY = b"text,label\n" + b"".join(b"text %d,label %d\n" % (row, row) for row in range(60))

# file, content, options, error, in `what`, in `todo`
CASES: dict[str, tuple[str, bytes, dict[str, Any], type[InputError], str, str]] = {
    "unknown format": ("a.xls", b"PK", {}, SourceError, "unknown format: its name ends in '.xls'", ".csv"),
    "no extension": ("tweets", GOOD, {}, SourceError, "no extension", ".parquet"),
    "empty file": ("a.csv", b"", {}, SourceError, "a.csv is empty", "labelled texts"),
    "blank file": ("a.txt", b" \n\r\n", {}, SourceError, "a.txt is empty", "labelled texts"),
    "header only": ("a.csv", b"text,label\n", {}, SourceError, "a header but no rows", "labelled texts"),
    "header only, no line end": ("a.tsv", b"text\tlabel", {}, SourceError, "a header but no rows", "labelled texts"),
    "header only, lines": ("a.txt", b"text;label\n", {}, SourceError, "a header but no rows", "labelled texts"),
    "one column": ("a.csv", b"text\nso glad\n", {}, ColumnError, "one column, 'text'", "--delimiter"),
    "wrong text column": (
        "a.csv",
        GOOD,
        {"text": "tweet"},
        ColumnError,
        "'text' (string), 'label' (string)",
        "Choose one",
    ),
    "wrong label column": (
        "a.csv",
        GOOD,
        {"label": "mood"},
        ColumnError,
        "no column 'mood'; it has 'text'",
        "Choose one",
    ),
    "wrong id column": ("a.csv", GOOD, {"id": "nr"}, ColumnError, "no column 'nr'; it has 'text'", "Choose one"),
    "one column for both": ("a.csv", GOOD, {"text": "label", "label": "label"}, ColumnError, "cannot hold both", "two"),
    "same name twice": (
        "a.csv",
        b"text,text,label\na,b,c\n",
        {},
        ColumnError,
        "several columns named 'text'",
        "unique name",
    ),
    "unclear texts": ("a.csv", b"q,label\na,b\n", {}, ColumnError, "'q' (string), 'label' (string)", "--text"),
    "unclear labels": ("a.csv", b"text,y\na,b\n", {}, ColumnError, "'text' (string), 'y' (string)", "--label"),
    "several texts": ("a.csv", b"review,query,label\na,b,c\n", {}, ColumnError, "review, query", "--text"),
    "several labels": ("a.csv", b"text,emotion,topic\na,b,c\n", {}, ColumnError, "emotion, topic", "--label"),
    "one class": ("a.csv", b"text,label\na,joy\nb,joy\n", {}, ColumnError, "only one class, 'joy'", "other classes"),
    "labels are ids": ("a.csv", MANY, {}, ColumnError, "60 distinct values in 60 rows", "--label"),
    "labels are scores": ("a.csv", b"text,label\na,0.25\nb,1\n", {}, ColumnError, "0.25, which looks like a score", ""),
    "lists of several, written": (
        *("a.csv", b"text,label\na,\"['x', 'y']\"\nb,['y']\nc,\"['x', 'y']\"\n", {}, ColumnError),
        *("several labels in 2 rows of 3, such as ['x', 'y']: multi-label data is not supported", "one"),
    ),
    "lists of several": (
        *("a.jsonl", b'{"text": "a", "label": ["x", "y"]}\n{"text": "b", "label": ["y"]}\n', {}, ColumnError),
        *("several labels in 1 row of 2, such as ['x', 'y']: multi-label data is not supported", "one"),
    ),
    "lists that cannot be read": (
        *("a.csv", b"text,label\na,['x']\nb,['x' or 'y']\n", {}, ColumnError),
        *("has lists, but \"['x' or 'y']\" cannot be read", "--label"),
    ),
    "empty lists": (
        *("a.jsonl", b'{"text": "a", "label": ["x"]}\n{"text": "b", "label": []}\n', {}, RowError),
        *("1 with missing label", "--drop-invalid"),
    ),
    "lists of lists": ("a.jsonl", b'{"text": "a", "label": [["x"]]}', {}, ColumnError, "of type list<", "--label"),
    "objects": ("a.jsonl", b'{"text": "a", "label": {"x": 1}}', {}, ColumnError, "struct<x: int64>", "--label"),
    "texts are numbers": (
        *("a.jsonl", b'{"text": 1, "label": "x", "body": "so glad"}', {"text": "text"}, ColumnError),
        *("'text' has values of type int64", "'label' (string), 'body' (string)"),
    ),
    "mixed values": (
        *("a.jsonl", b'{"text": "a", "label": 1}\n{"text": "b", "label": "x"}\n', {}, ColumnError),
        *("'label'", "as a string"),
    ),
    "no number": (
        "a.jsonl",
        b'{"text": "a", "label": 99999999999999999999}',
        {},
        ColumnError,
        "'label'",
        "as a string",
    ),
    "duplicate ids": (
        *("a.csv", b"id,text,label\n1,a,x\n1,b,y\n2,c,x\n", {"id": "id"}, RowError),
        *("repeats 1 id: '1' (2 rows)", "--id"),
    ),
    "missing ids": ("a.csv", b"id,text,label\n1,a,x\n,b,y\n", {"id": "id"}, RowError, "1 row: row 2 of a.csv", "--id"),
    "too many fields": (
        *("a.csv", b"text,label\nso glad,joy\nwell, so sad,sadness\n", {}, RowError),
        *("a.csv, line 3: 3 fields found, 2 expected (delimiter ','); the line begins 'well, so sad", "--delimiter"),
    ),
    "too few fields": (
        *("a.tsv", b"text\tlabel\nso glad\tjoy\nso sad\n", {}, RowError),
        *("a.tsv, line 3: 1 field found, 2 expected", "--delimiter"),
    ),
    "open quote": (
        *("a.csv", b'text,label\n"so, glad",joy\n"so sad,sadness\nwell,joy\n', {}, RowError),
        *("a.csv, line 3: a quote is opened and never closed; it begins '\"so sad", "Close the quote"),
    ),
    "open quote in the last field": (
        *("a.csv", b'text,label\nso glad,"joy"\nso sad,"sadness\nwell,"joy"\n', {}, RowError),
        *("a.csv, line 3: a quote is opened", "use --quoting none"),
    ),
    "open quote where quoting is asked for": (
        *("a.csv", b'text,label\nso glad,joy\n"so sad,sadness\nwell,joy\n', {"quoting": "minimal"}, RowError),
        *("a.csv, line 3: a quote is opened and never closed; it begins '\"so sad", "Close the quote"),
    ),
    "text after a quote": (
        *("a.csv", b'text,label\n"so, glad",joy\n"so, sad" he says,sadness\nwell,joy\n', {}, RowError),
        *("a.csv, line 3: text follows a closing quote; the line begins '\"so, sad", "--quoting none"),
    ),
    "no delimiter": ("a.txt", b"\nso glad;joy\nso sad\n", {}, RowError, "a.txt, line 3: no ';' between", "--delimiter"),
    "long delimiter": ("a.csv", GOOD, {"delimiter": "||"}, ConfigError, "'||' cannot delimit", "--delimiter"),
    "no such split": ("a.csv", GOOD, {"split": ("dev",)}, SourceError, "no split 'dev'; it has all", "--split"),
    "no JSON": ("a.jsonl", b'{"text": "a", "label": 1}\n{"text\n', {}, RowError, "line 2: invalid JSON", "line"),
    "no JSON object": (
        "a.jsonl",
        b'{"text": "a", "label": 1}\n\n[1]\n',
        {},
        RowError,
        "line 3: expected a JSON object",
        "",
    ),
    "JSON array of others": (
        "a.json",
        b"[\n[1]]",
        {},
        RowError,
        "a.json, line 2: expected a JSON object",
        "in one array",
    ),
    "JSON array that is cut": (
        "a.json",
        b'[{"text": "a"},\n{"te',
        {},
        RowError,
        "a.json, line 2: invalid JSON",
        "array",
    ),
    "JSON array without commas": (
        "a.json",
        b'[{"text": "a"}\n{"text"}]',
        {},
        RowError,
        "line 2: invalid JSON",
        "array",
    ),
    "JSON array and more": ("a.json", b'[{"text": "a", "label": 1}]{}', {}, SourceError, "continues after", "one JSON"),
    "empty JSON array": ("a.json", b"[ ]", {}, SourceError, "contains no objects", "labelled texts"),
    "half a surrogate pair": (
        *("a.jsonl", b'{"text": "a", "label": 1}\n{"text": "\\ud83d", "label": 1}', {}, ColumnError),
        *("'text' of a.jsonl cannot be used: row 2 contains a lone surrogate", "--text"),
    ),
    "texts of several kinds": (
        *("a.jsonl", b'{"text": "a", "label": 1}\n{"text": 1, "label": 1}', {}, ColumnError),
        *("'text' of a.jsonl cannot be used: ", "as a string"),
    ),
    "not UTF-8": (
        *("a.csv", "text,label\nplain,joy\ncafé,joy\n".encode("cp1252"), {}, SourceError),
        *("a.csv is not utf-8: byte 0xe9 at offset 24 (line 3)", "--encoding cp1252"),
    ),
    "not UTF-8, Cyrillic": (
        *("a.txt", "Привет мир, как дела сегодня;joy\n".encode("cp1251"), {}, SourceError),
        *("a.txt is not utf-8: byte 0xcf at offset 0 (line 1)", "--encoding cp1251"),
    ),
    "cut UTF-16": ("a.jsonl", "{}".encode("utf-16")[:-1], {}, SourceError, "is not valid UTF-16", "UTF-8"),
    "not UTF-16": ("a.csv", GOOD + b"\n", {"encoding": "utf-32"}, SourceError, "is not utf-32", "--encoding"),
    "no encoding": ("a.csv", GOOD, {"encoding": "klingon"}, ConfigError, "no text encoding 'klingon'", "cp1252"),
    "no gzip": ("a.csv.gz", GOOD, {}, SourceError, "is not a valid gzip file", "again"),
    "cut gzip": ("a.csv.gz", gzip.compress(GOOD)[:-9], {}, SourceError, "is not a valid gzip file", "again"),
    "packed Parquet": ("a.parquet.gz", b"", {}, SourceError, "unknown format", "all but parquet"),
    "no Parquet": ("a.parquet", b"PAR1 and so on", {}, SourceError, "not a valid Parquet file", "again"),
}


@pytest.mark.parametrize("case", CASES)
def test_files(tmp_path: Path, case: str) -> None:
    name, content, options, error, what, todo = CASES[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error) as caught:
        read(tmp_path / name, ReadConfig(**options))
    assert what in caught.value.what
    assert todo in caught.value.todo
    assert "\n" not in caught.value.what + caught.value.todo, "one line what, one line what to do"


# frame, options, error, in `what`
FRAMES: dict[str, tuple[pd.DataFrame, type[InputError], str]] = {
    "no rows": (pd.DataFrame({"text": [], "label": []}), SourceError, "frame has no rows"),
    "same name twice": (pd.DataFrame([["a", "b"]], columns=["text", "text"]), ColumnError, "of the same name: text"),
    "mixed labels": (pd.DataFrame({"text": ["a", "b"], "label": [1, "x"]}), ColumnError, "Column 'label' of the frame"),
    "objects": (pd.DataFrame({"text": ["a"], "label": ["x"], "other": [object()]}), ColumnError, "Column 'other'"),
    "half a surrogate pair": (
        *(pd.DataFrame({"text": pd.Series(["\ud83d"], dtype=object), "label": ["x"]}), ColumnError),
        r"'text' of the frame has no single type that can be stored: 'utf-8' codec",
    ),
    "lists": (pd.DataFrame({"text": ["a"], "label": [["x", "y"]]}), ColumnError, "multi-label data is not supported"),
    "bytes": (pd.DataFrame({"text": ["a"], "label": [b"x"]}), ColumnError, "values of type binary"),
    "dates": (pd.DataFrame({"text": ["a"], "label": pd.to_datetime(["2020-01-01"])}), ColumnError, "timestamp"),
    "scores": (pd.DataFrame({"text": ["a", "b"], "label": [0.5, 1.0]}), ColumnError, "0.5, which looks like a score"),
    "endless": (pd.DataFrame({"text": ["a", "b"], "label": [float("inf"), 1.0]}), ColumnError, "inf, which looks like"),
    "not storable": (pd.DataFrame({"text": ["a"], "label": ["x"], "other": [{}]}), ColumnError, "a run cannot store"),
}


@pytest.mark.parametrize("case", FRAMES)
def test_frames(case: str) -> None:
    frame, error, what = FRAMES[case]
    with pytest.raises(error) as caught:
        read(frame)
    assert what in caught.value.what
    assert "\n" not in caught.value.what + caught.value.todo
    str(caught.value).encode()  # it can be printed


INVALID = b"text,label\nso glad,joy\n,joy\nso sad,sadness\n \xc2\xa0,\nwell,\n\xe2\x80\x83,joy\n"


def test_invalid_rows_are_counted_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "tweets.csv"
    path.write_bytes(INVALID)
    with pytest.raises(RowError) as caught:
        read(path)
    assert caught.value.what == (
        "4 rows of 6 cannot be audited: 2 with empty text, 1 with empty text and missing label, 1 with missing label."
        " First: row 2 of tweets.csv (empty text), row 4 of tweets.csv (empty text and missing label),"
        " row 5 of tweets.csv (missing label), row 6 of tweets.csv (empty text)"
        " (rows counted from 1, without header and blank lines)."
    )
    assert "--drop-invalid" in caught.value.todo


def test_invalid_rows_are_named_by_their_file(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_bytes(GOOD)
    (tmp_path / "val.csv").write_bytes(INVALID)
    with pytest.raises(RowError, match=r"row 2 of val\.csv"):
        read([tmp_path / "train.csv", tmp_path / "val.csv"])


def test_invalid_rows_are_set_aside_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "tweets.csv"
    path.write_bytes(INVALID)
    data = read(path, ReadConfig(drop_invalid=True))
    assert data.ids == ["all-0", "all-2"], "an id does not depend on what is dropped"
    assert data.table["position"].to_pylist() == [0, 2]
    assert data.rejected.drop_columns(["raw"]).to_pydict() == {
        "split": ["all"] * 4,
        "position": [1, 3, 4, 5],
        "reason": ["empty text", "empty text and missing label", "missing label", "empty text"],
        "original:text": ["", " \xa0", "well", "\u2003"],
        "original:label": ["joy", "", "", "joy"],
    }
    assert "4 rows without a text or a label set aside." in data.notes


def test_dropping_invalid_rows_may_leave_too_little(tmp_path: Path) -> None:
    path = tmp_path / "tweets.csv"
    path.write_bytes(b"text,label\nso glad,joy\n,sadness\n")
    with pytest.raises(ColumnError, match="only one class, 'joy'"):
        read(path, ReadConfig(drop_invalid=True))
    path.write_bytes(b"text,label\n,joy\n,sadness\n")
    with pytest.raises(RowError, match="no row with both a text and a label"):
        read(path, ReadConfig(drop_invalid=True))


def test_missing_values_of_other_types(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a", None, "c", "d"], "label": [0.0, 1.0, None, 1.0]})
    counts = "1 with missing text, 1 with missing label"
    with pytest.raises(RowError, match=rf"2 rows of 4 .* {counts}.* row 2 of split all"):
        read(frame)
    data = read(frame, ReadConfig(drop_invalid=True))
    assert (data.ids, data.label_names) == (["all-0", "all-3"], ("0", "1"))


def test_missing_file_with_names_like_it(tmp_path: Path) -> None:
    for name in ("tweets.csv", "notes.md"):
        (tmp_path / name).write_bytes(GOOD)
    with pytest.raises(SourceError, match=r"tweet\.csv does not exist") as caught:
        read(tmp_path / "tweet.csv")
    assert "tweets.csv" in caught.value.todo
    with pytest.raises(SourceError, match="nor does the folder") as caught:
        read(tmp_path / "nowhere" / "tweets.csv")


@pytest.mark.parametrize("source", ["tweets.csv", "./tweets", "a/b/c", "tweets.json.gz", "my tweets", "tweets.xlsx"])
def test_what_looks_like_a_path_is_not_looked_for_on_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="does not exist"):
        read(source)


@pytest.mark.parametrize("source", ["https://example.org/tweets.csv", "s3://bucket/tweets.parquet"])
def test_an_address_is_called_one(source: str) -> None:
    with pytest.raises(SourceError, match=f"{source} is a URL") as caught:
        read(source)
    assert "Download it" in caught.value.todo


def test_folder_that_nobody_saved(tmp_path: Path) -> None:
    (tmp_path / "tweets.csv").write_bytes(GOOD)
    with pytest.raises(SourceError, match="save_to_disk") as caught:
        read(tmp_path)
    assert "tweets.csv" in caught.value.todo


def test_unreadable_path(tmp_path: Path) -> None:
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    with pytest.raises(SourceError, match="does not exist"):
        read(tmp_path / "loop.csv")


@pytest.mark.parametrize("source", [3, None, [], [3], {"text": ["a"]}, b"tweets.csv"])
def test_what_is_no_source(source: Any) -> None:
    with pytest.raises(SourceError, match="cannot be read") as caught:
        read(source)
    assert "a pandas frame" in caught.value.todo


def test_types_that_differ_between_files(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", "b"], "label": ["x", "y"]}), tmp_path / "one.parquet")
    pq.write_table(pa.table({"text": ["a", "b"], "label": [0, 1]}), tmp_path / "two.parquet")
    with pytest.raises(ColumnError, match=r"different types .* label"):
        read([tmp_path / "one.parquet", tmp_path / "two.parquet"])


def test_strings_that_are_no_text(tmp_path: Path) -> None:
    broken = pa.StringArray.from_buffers(2, pa.array([0, 1, 3], pa.int32()).buffers()[1], pa.py_buffer(b"a\xff\xfe"))
    pq.write_table(pa.table({"text": broken, "label": ["x", "y"]}), tmp_path / "a.parquet")
    with pytest.raises(RowError, match=r"Column 'text' of a\.parquet has invalid values"):
        read(tmp_path / "a.parquet")


def test_every_error_is_one_of_ours() -> None:
    assert all(issubclass(error, AuditorError) for *_, error, _, _ in CASES.values())


@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + ".csv", f"{'x' * 300}/a.csv", "~nobody-of-this-name/a.csv"])
def test_names_that_no_file_can_have(name: str) -> None:
    with pytest.raises(SourceError, match=r"does not exist|is of an unknown format"):
        read([name])
