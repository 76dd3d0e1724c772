"""Reading from end to end: splits, ids, columns, notes, and what an export needs later."""

from __future__ import annotations

import base64
import csv
import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.config import ReadConfig
from auditor.data import LabeledTexts, read
from auditor.storage import hash_file

DATA = Path(os.environ.get("AUDITOR_DATA", Path(__file__).parents[3] / "shared" / "data"))
CSV = "text,label\nso glad,joy\nso sad,sadness\n"


def write(folder: Path, **files: str) -> list[Path]:
    """Write files named by keyword, ``train_csv`` as ``train.csv``, in binary and in UTF-8."""
    paths = [folder / name.replace("_", ".") for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content.encode())
    return paths


def given(data: LabeledTexts) -> list[str]:
    return [data.label_names[code] for code in data.labels]


def test_lines_of_several_files(tmp_path: Path) -> None:
    paths = write(tmp_path, train_txt="so glad;joy\nso; sad;sadness\n", val_txt="\n\n;) fine;joy\n", test_txt="ok;joy")
    data = read(paths)
    assert data.ids == ["train-0", "train-1", "val-0", "test-0"]
    assert list(data.texts) == ["so glad", "so; sad", ";) fine", "ok"], "cut at the last delimiter, nothing is quoted"
    assert given(data) == ["joy", "sadness", "joy", "joy"]
    assert data.splits.tolist() == ["train", "train", "val", "test"]
    assert data.notes == ("val.txt: 2 blank lines skipped.",), "nothing was guessed"
    assert (data.origin.source, data.origin.format) == ("train.txt, val.txt, test.txt", "lines")
    about = data.origin.options["parts"][1]
    assert about.pop("sha256") == hash_file(paths[1])
    assert pa.ipc.read_schema(pa.py_buffer(base64.b64decode(about.pop("schema")))).names == ["text", "label"]
    assert about == {
        "split": "val",
        "rows": 1,
        "file": "val.txt",
        "format": "lines",
        "encoding": "utf-8",
        "header": False,
        "head": "",
        "tail": "",
        "delimiter": ";",
        "marked": False,
        "newline": "\n",
        "ended": True,
    }


def test_lines_may_have_a_header_and_another_delimiter(tmp_path: Path) -> None:
    (path,) = write(tmp_path, tweets_txt="tweet\temotion\nso; glad\tjoy\nso sad\tsadness\n")
    data = read(path, ReadConfig(delimiter="\\t"))
    assert list(data.texts) == ["so; glad", "so sad"]
    assert (data.origin.text, data.origin.label) == ("tweet", "emotion")
    assert data.notes == ("tweets.txt: the first line was read as a header, 'tweet\\temotion'.",)
    (path,) = write(tmp_path, tweets_txt="my text;joy\nso sad;sadness\n")
    assert len(read(path)) == 2, "a text is no header because it speaks of one"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_in_the_header(tmp_path: Path, delimiter: str) -> None:
    header = delimiter.join(["id", "text", '"label, or; so\tit|says"'])
    (path,) = write(tmp_path, tweets_csv=f"{header}\n1{delimiter}a{delimiter}x\n2{delimiter}b{delimiter}y\n")
    data = read(path, ReadConfig(label="label, or; so\tit|says"))
    assert (list(data.texts), given(data)) == (["a", "b"], ["x", "y"])
    assert data.origin.options["parts"][0]["delimiter"] == delimiter


def test_delimiter_can_be_named(tmp_path: Path) -> None:
    (path,) = write(tmp_path, tweets_csv="text#label,really\na,b#x\nc#y\n")
    assert list(read(path, ReadConfig(delimiter="#", label="label,really")).texts) == ["a,b", "c"]


def test_what_a_csv_may_hold(tmp_path: Path) -> None:
    texts = ["nul\0byte", "two\nlines", 'she said "no"', "=cmd|' /C calc'!A0", "a" * 1_000_000, "NA", "null", " x "]
    with (tmp_path / "tweets.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *((text, f"n{i % 2}") for i, text in enumerate(texts))])
    assert list(read(tmp_path / "tweets.csv").texts) == texts


def test_columns_of_csv_stay_strings(tmp_path: Path) -> None:
    (path,) = write(tmp_path, tweets_csv="text,label,n,day\na,1,007,2020-01-01\nb,0,,\n")
    table = read(path).table
    assert table["original:n"].to_pylist() == ["007", ""]
    assert table["original:day"].to_pylist() == ["2020-01-01", ""]


def test_jsonl_keeps_what_it_holds(tmp_path: Path) -> None:
    (path,) = write(
        tmp_path,
        tweets_jsonl='{"text": "2020-01-01", "label": true, "n": 12345678901234567}\n\n'
        '{"label": false, "text": "2021-01-01", "tags": ["a"]}\r\n',
    )
    data = read(path)
    assert list(data.texts) == ["2020-01-01", "2021-01-01"], "what looks like a date stays a text"
    assert (data.label_names, data.label_values) == (("False", "True"), (False, True))
    assert data.table["original:n"].to_pylist() == [12345678901234567, None]
    assert data.table["original:tags"].to_pylist() == [None, ["a"]]
    assert "tweets.jsonl: 1 blank line skipped." in data.notes


def test_files_with_different_columns(tmp_path: Path) -> None:
    data = read(write(tmp_path, a_csv=CSV, b_csv="label,source,text\njoy,web,how nice\n"))
    assert list(data.texts) == ["so glad", "so sad", "how nice"]
    assert data.table["original:source"].to_pylist() == [None, None, "web"]


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["tweets.csv"], ["all"]),
        (["train.csv"], ["train"]),
        (["Validation.csv"], ["Validation"]),
        (["tweets.csv", "more.csv"], ["tweets", "more"]),
        (["a/train.csv", "b/train.csv"], ["a/train", "b/train"]),
        (["train.csv", "train.tsv"], None),
        (["train.jsonl", "train.json"], ["train.jsonl", "train.json"]),
        (["train.csv", "train.csv"], None),
    ],
)
def test_splits_are_named_by_the_files(tmp_path: Path, names: list[str], splits: list[str] | None) -> None:
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text('{"text": "a", "label": 0}\n{"text": "b", "label": 1}' if "json" in path.suffix else CSV)
    if splits is None:
        with pytest.raises(Exception, match=r"several formats|would be the split"):
            read(paths)
    else:
        assert list(dict.fromkeys(read(paths).splits)) == splits


def test_splits_are_selected(tmp_path: Path) -> None:
    paths = write(tmp_path, train_csv=CSV, val_csv=CSV, test_csv="not even,read")
    data = read(paths, ReadConfig(split=("val", "train")))
    assert data.ids == ["train-0", "train-1", "val-0", "val-1"], "in the order of the source"


def test_ids_of_a_column(tmp_path: Path) -> None:
    (path,) = write(tmp_path, tweets_csv="id,text,label\n007,a,x\nb-1,b,y\n")
    assert read(path, ReadConfig(id="id")).ids == ["007", "b-1"]
    assert read(path, ReadConfig(id="id")).origin.id == "id"
    assert read(path).ids == ["all-0", "all-1"]
    frame = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"], "nr": [10, 2]})
    assert read(frame, ReadConfig(id="nr")).ids == ["10", "2"]


@pytest.mark.parametrize(
    ("header", "text", "label", "note"),
    [
        ("text,label", "text", "label", "Columns guessed: text='text', label='label'."),
        (
            "Tweet Text,Sentence,Sentiment",
            "Sentence",
            "Sentiment",
            "Columns guessed: text='Sentence', label='Sentiment'.",
        ),
        ("topic,label,body", "body", "label", "Columns guessed: text='body', label='label'."),
        ("text,given_label,true_label", "text", "given_label", "Columns guessed: text='text', label='given_label'."),
    ],
)
def test_columns_are_guessed_and_said(tmp_path: Path, header: str, text: str, label: str, note: str) -> None:
    width = header.count(",") + 1
    rows = "".join(",".join(f"{word}{column}" for column in range(width)) + "\n" for word in ("a", "b"))
    (path,) = write(tmp_path, tweets_csv=f"{header}\n{rows}")
    data = read(path)
    assert (data.origin.text, data.origin.label) == (text, label)
    assert data.notes == (note,)
    assert read(path, ReadConfig(text=text)).notes == (f"Column guessed: label={label!r}.",)
    assert read(path, ReadConfig(text=text, label=label)).notes == ()


def test_guessed_texts_are_strings() -> None:
    frame = pd.DataFrame({"content": [1, 2], "message": ["a", "b"], "label": ["x", "y"]})
    assert read(frame).origin.text == "message"


def test_blank_lines_and_line_ends(tmp_path: Path) -> None:
    (path,) = write(
        tmp_path, tweets_csv='\ufeff\r\n  \r\ntext,label\r\n\r\n"so\r\n\r\nglad",joy\r\n \r\nso sad,sadness'
    )
    data = read(path)
    assert list(data.texts) == ["so\r\n\r\nglad", "so sad"]
    assert "tweets.csv: 4 blank lines skipped." in data.notes


def test_path_wins_over_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "user").mkdir()
    pq.write_table(pa.table({"text": ["a", "b"], "label": ["x", "y"]}), tmp_path / "user" / "data.parquet")
    (tmp_path / "user" / "data.parquet").rename(tmp_path / "user" / "emotion.csv")
    (tmp_path / "user" / "emotion.csv").write_text(CSV)
    assert len(read("user/emotion.csv")) == 2


def test_parquet_in_folders_named_like_partitions(tmp_path: Path) -> None:
    folder = tmp_path / "lang=en"
    folder.mkdir()
    pq.write_table(pa.table({"text": ["a", "b"], "label": ["x", "y"]}), folder / "tweets.parquet")
    assert read(folder / "tweets.parquet").table.column_names[5:] == ["original:text", "original:label"]


def test_many_classes_and_few_rows(tmp_path: Path) -> None:
    rows = "".join(f"text {row},class {row % 200:03}\n" for row in range(300))
    (path,) = write(tmp_path, tweets_csv="text,label\n" + rows)
    data = read(path)
    assert (len(data), data.num_classes) == (300, 200)
    assert given(data)[:2] == ["class 000", "class 001"]


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    (path,) = write(tmp_path, tweets_csv=CSV)
    assert read(path).table.equals(read(str(path)).table)
    assert read(path).fingerprint() == read([path]).fingerprint()


@pytest.mark.skipif(not (DATA / "emotion").is_dir(), reason=f"no {DATA / 'emotion'}: AUDITOR_DATA names the real data")
def test_emotion() -> None:
    folder = DATA / "emotion"
    data = read([folder / f"{split}.txt" for split in ("train", "val", "test")])
    assert len(data) == 20_000
    assert data.label_names == ("anger", "fear", "joy", "love", "sadness", "surprise")
    assert data.notes == ("val.txt: 1 blank line skipped.",)
    found = dict(zip(data.ids, zip(data.texts, given(data), strict=True), strict=True))
    with (folder / "conflicting_duplicates.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 102
    for row in rows:
        # The Hub, where that list comes from, calls the split of val.txt "validation".
        assert found[row["id"].replace("validation", "val")] == (row["text"], row["label_name"])
