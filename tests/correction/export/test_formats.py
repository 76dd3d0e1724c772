"""Files as the source was: delimiter, quotes, line ends, encoding, marks, keys; and what a format cannot hold."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.config import ReadConfig
from auditor.correction.export.export import write_export
from auditor.data import read
from auditor.errors import ExportError
from tests.correction.deciding import CONFIG, corrected, relabelled

LINES = ["so, glad;joy", "so sad;sad", "well;joy", "oh;sad"]
QUOTED = '"text";"label"\n"a, ""b""";"joy"\n"c";"sad"\n'
JSON = [
    '{"label": "joy", "text": "so gläd", "n": 1, "deep": {"b": null}}',
    '{"text": "so sad", "label": "sad", "n": 2.5}',
    '{"text": "well", "label": "joy", "n": null, "deep": {"a": [{"c": 3}, {"d": null, "c": 2.5}]}}',
    '{"text": "no label"}',
]


@pytest.mark.parametrize(
    ("name", "content", "config"),
    [
        ("rows.csv", b'text,label\r\na,joy\r\n"b\nc, d",sad\r\n', {}),
        ("rows.csv", b"\xef\xbb\xbftext;label\na;joy\nb;sad\n", {}),
        ("rows.csv", b"text|label\ra|joy\rb|sad\r", {}),
        ("rows.csv", QUOTED.encode(), {}),
        ("rows.csv", b'"","text","label","n"\n"1","a","joy",1\n"2","b\n""c"", d","sad",-2.5\n', {}),
        ("rows.csv", "text,label\nä,joy\n€,sad\n".encode("cp1252"), {"encoding": "cp1252"}),
        ("rows.csv", "text,label\nä,joy\n€,sad\n".encode("utf-16"), {"encoding": "utf-16"}),
        ("rows.csv", b",text,label\n0,a,joy\n1,b,sad\n", {}),
        ("rows.csv", b"text,label\na,joy\nb,sad", {}),
        ("rows.tsv", b"text\tlabel\na, b\tjoy\nc\tsad\n", {}),
        ("rows.txt", "\r\n".join([*LINES, ""]).encode(), {}),
        ("rows.txt", b"tweet#emotion\na;b#joy\nc#sad\n", {"delimiter": "#", "text": "tweet", "label": "emotion"}),
        ("rows.jsonl", "\n".join([*JSON, ""]).encode(), {}),
        ("rows.jsonl", b'{"text":"\\u00e4","label":"joy"}\n{"text":"b","label":"sad"}\n', {}),
        ("rows.jsonl", b'{"text":"http:\\/\\/a","label":"joy"}\n{"text":"b","label":"sad\\/so"}', {}),
        ("rows.jsonl", b'{"text":"a\\\\/","label":"joy"}\n{"text":"/","label":"sad"}\n', {}),
    ],
)
def test_bytes_are_the_same(tmp_path: Path, name: str, content: bytes, config: dict[str, Any]) -> None:
    (tmp_path / name).write_bytes(content)
    settings = CONFIG.model_copy(update=config)
    done = write_export(corrected(tmp_path / name, config=settings), tmp_path / f"new-{name}", raw=True)
    assert done.files[0].read_bytes() == content
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    packed = write_export(corrected(tmp_path / f"{name}.gz", config=settings), tmp_path / f"new-{name}.gz", raw=True)
    assert gzip.decompress(packed.files[0].read_bytes()) == content


def test_changed_line_alone_differs(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n".join([*JSON, ""]), "utf-8")
    write_export(relabelled(tmp_path / "rows.jsonl", {1: "joy"}), tmp_path / "new.jsonl")
    lines = (tmp_path / "new.jsonl").read_text("utf-8").splitlines()
    assert lines == [JSON[0], JSON[1].replace('"sad", "n"', '"joy", "n"'), *JSON[2:]]


def test_provenance_in_json_lines_and_csv(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n".join([*JSON, ""]), "utf-8")
    corrections = relabelled(tmp_path / "rows.jsonl", {1: "joy"})
    write_export(corrections, tmp_path / "new.jsonl", provenance=True)
    rows = [json.loads(line) for line in (tmp_path / "new.jsonl").read_text("utf-8").splitlines()]
    assert list(rows[1])[3:] == [
        *("given_label", "verdict", "reviewers", "decided_at", "suspicion", "suggested_label", "soft_label", "note"),
    ]
    assert (rows[1]["given_label"], rows[1]["verdict"], rows[1]["soft_label"]) == ("sad", "relabel", [1.0, 0.0])
    assert datetime.fromisoformat(rows[1]["decided_at"]).tzinfo is not None
    write_export(corrections, tmp_path / "new.csv", provenance=True)
    frame = pd.read_csv(tmp_path / "new.csv")
    assert frame.loc[1, "reviewers"] == '["ann"]'
    assert json.loads(frame.loc[1, "soft_label"]) == [1.0, 0.0]


def test_values_of_other_types_in_text_files(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": ["a", "b"],
            "label": [True, False],
            "float": [0.5, float("nan")],
            "decimal": [Decimal("1.10"), None],
            "moment": pa.array([datetime(2020, 1, 2, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            "list": [["x", "ü"], None],
            "bytes": [b"\x00\xff", None],
            "kind": pa.array(["k", None]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    corrections = corrected(tmp_path / "rows.parquet")
    write_export(corrections, tmp_path / "new.csv")
    assert (tmp_path / "new.csv").read_text("utf-8").splitlines()[1:] == [
        'a,true,0.5,1.10,2020-01-02 00:00:00.000000Z,"[""x"", ""ü""]",AP8=,k',
        "b,false,,,,,,",
    ]
    write_export(corrections, tmp_path / "new.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "new.jsonl").read_text("utf-8").splitlines()]
    nothing = dict.fromkeys(("float", "decimal", "moment", "list", "bytes", "kind"))
    assert rows[1] == {"text": "b", "label": False, **nothing}
    assert (rows[0]["label"], rows[0]["decimal"], rows[0]["bytes"]) == (True, "1.10", "AP8=")


@pytest.mark.parametrize(
    ("text", "label", "why"),
    [("a\nb", "joy", "a line break"), ("a", "jo;y", "the delimiter ';' in its label"), ("a", "joy\r", "a line break")],
)
def test_lines_cannot_hold_everything(tmp_path: Path, text: str, label: str, why: str) -> None:
    frame = pd.DataFrame({"text": ["x", text, "y"], "label": ["sad", label, "sad"]})
    with pytest.raises(ExportError, match=f"Row 2 of all has {why}") as caught:
        write_export(corrected(frame), tmp_path / "new.txt")
    assert "NAME.csv" in caught.value.todo
    assert list(tmp_path.iterdir()) == []


def test_first_line_is_no_header_nor_its_mark_the_files(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("first;joy\ntext;label\n\ufeffthird;sad\nfourth;label\n", "utf-8")
    for gone in ([0], [0, 1]):
        data = read(tmp_path / "rows.txt")
        made = relabelled(data, dict.fromkeys(gone, "sad"))
        made.kept[gone] = made.chosen[gone] = False
        write_export(made, tmp_path / "new.txt", force=True)
        assert list(read(tmp_path / "new.txt").texts) == [*data.texts][len(gone) :]


def test_lines_leave_other_columns_out(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": [1, 2], "label": ["joy", "sad"], "text": ["a", "b"]})
    done = write_export(corrected(frame), tmp_path / "new.txt")
    assert (tmp_path / "new.txt").read_text() == "a;joy\nb;sad\n"
    assert done.notes == ("Lines hold only a text and a label; columns left out: n.",)


def test_characters_that_an_encoding_lacks(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes("text,label\nä,joy\nb,sad\n".encode("cp1252"))
    made = relabelled(tmp_path / "rows.csv", {1: "爱"}, config=ReadConfig(encoding="cp1252"))
    with pytest.raises(ExportError, match=r"cp1252, the encoding of the source, has no '爱' \(U\+7231\), as in 'b,爱'"):
        write_export(made, tmp_path / "new.csv")
    write_export(made, tmp_path / "new.csv", encoding="utf-8")
    assert (tmp_path / "new.csv").read_text("utf-8") == "text,label\nä,joy\nb,爱\n"


def test_column_names_that_would_be_read_otherwise(tmp_path: Path) -> None:
    frame = pd.DataFrame({" ": ["x", "y"], "text": ["a", "b"], "label": ["joy", "sad"], "a;b;c;d": ["1", "2"]})
    names = [f"original:{name}" for name in ("column_1", *frame.columns[1:])]  # the first has none
    for name in ("new.csv", "new.tsv"):
        write_export(corrected(frame), tmp_path / name)
        assert read(tmp_path / name).table.column_names[6:] == names


def test_index_without_a_name_is_left_out_of_text_files(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "label": ["joy", "sad"]}, index=[5, 7])
    done = write_export(corrected(frame), tmp_path / "new.csv")
    assert (tmp_path / "new.csv").read_text() == "text,label\na,joy\nb,sad\n"
    assert done.notes == ("The frame's unnamed index is left out.",)
