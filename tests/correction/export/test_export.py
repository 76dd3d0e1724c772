"""Exported files: names, records, what is never written over, all or none."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import pytest

from auditor.correction.decide.corrections import Corrections
from auditor.correction.decide.policy import Policy
from auditor.correction.export import publish
from auditor.correction.export.export import Exported, write_export
from auditor.data import read
from auditor.errors import ConfigError, ExportError, StorageError
from auditor.storage import hash_file
from tests.correction.deciding import CONFIG, corrected, relabelled, vote

RUN = {"id": "run-1", "name": "tweets"}
ROWS = "text,label\na,joy\nb,sad\nc,joy\nd,sad\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    path = tmp_path / "source" / "tweets.csv"
    path.write_text(ROWS)
    return path


def made(source: Any) -> Corrections:
    """Row 0 relabelled, row 1 left out."""
    texts = read(source, CONFIG)
    return corrected(texts, vote(texts, 0, "relabel", texts.label_names[1]), vote(texts, 1, "exclude"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_one_file_the_excluded_rows_and_the_record(source: Path, tmp_path: Path) -> None:
    done = write_export(made(source), tmp_path / "new" / "clean.csv", run=RUN)
    home = tmp_path / "new"
    assert done.files == (home / "clean.csv", home / "excluded.csv")
    assert (home / "clean.csv").read_text() == "text,label\na,sad\nc,joy\nd,sad\n"
    assert (home / "excluded.csv").read_text() == "text,label\nb,sad\n"
    assert names(home) == ["clean.csv", "clean.csv.export.json", "excluded.csv"]
    record = json.loads(done.record.read_text())
    assert (record["run"], record["source"]) == (RUN, "tweets.csv")
    assert record["fingerprint"] == read(source).fingerprint()
    assert record["policy"]["leave_out"] == ["exclude", "none_fits"]
    assert record["summary"]["confusions"] == [["joy", "sad", 1]]
    assert record["files"] == {
        "clean.csv": {"sha256": hash_file(home / "clean.csv"), "rows": 3},
        "excluded.csv": {"sha256": hash_file(home / "excluded.csv"), "rows": 1},
    }


@pytest.mark.parametrize(
    "name", ["c.tsv", "c.tsv.gz", "c.jsonl", "c.jsonl.gz", "c.parquet", "c.txt", "c.csv.gz", "c.ndjson"]
)
def test_formats_by_name(source: Path, tmp_path: Path, name: str) -> None:
    done = write_export(made(source), tmp_path / name)
    assert done.files[1].name == "excluded" + name.removeprefix("c")
    again = read(done.files[0], CONFIG)
    assert list(again.texts) == ["a", "c", "d"]
    assert [again.label_names[code] for code in again.labels] == ["sad", "joy", "sad"]


@pytest.mark.parametrize("name", ["c.json", "c.JSON", "c.json.gz"])
def test_json_is_one_array(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"text": ["a", "b", "ü\n"], "label": ["joy", "sad", "joy"], "n": [1.5, float("nan"), None]})
    done = write_export(corrected(frame), tmp_path / name)
    data = done.files[0].read_bytes()
    rows = json.loads(gzip.decompress(data) if name.endswith(".gz") else data)
    assert rows == [
        {"text": "a", "label": "joy", "n": 1.5},
        {"text": "b", "label": "sad", "n": None},
        {"text": "ü\n", "label": "joy", "n": None},
    ]


def test_json_in_a_folder_and_beside(source: Path, tmp_path: Path) -> None:
    done = write_export(made(source), tmp_path / "clean", format="json")
    assert [path.name for path in done.files] == ["all.json", "excluded.json"]
    assert [[row["text"] for row in json.loads(path.read_text())] for path in done.files] == [["a", "c", "d"], ["b"]]


def test_json_lines_in_a_file_of_that_ending_come_back_as_they_were(tmp_path: Path) -> None:
    content = '{"text": "a", "label": "joy"}\n{"text": "b", "label": "sad"}\n'
    (tmp_path / "rows.json").write_text(content)
    (tmp_path / "rows.jsonl").write_text(content)
    assert write_export(corrected(tmp_path / "rows.json"), tmp_path / "c.json").files[0].read_text() == content
    array = write_export(corrected(tmp_path / "rows.jsonl"), tmp_path / "d.json").files[0].read_text()
    assert json.loads(array) == [json.loads(line) for line in content.splitlines()]


@pytest.mark.parametrize(
    "name", ["clean.xyz", "clean.v2", "clean.csv2", "clean.json5", "clean.xls", "clean.gz", ".x.y"]
)
def test_an_unknown_ending_is_no_folder(source: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match="has the unknown extension"):
        write_export(made(source), tmp_path / name)
    assert names(tmp_path) == ["source"]
    write_export(made(source), tmp_path / name, format="csv")
    assert names(tmp_path / name) == ["excluded.csv", "export.json", "tweets.csv"]
    write_export(made(source), tmp_path / name, force=True)  # the folder is there now


def test_a_folder_keeps_splits_and_names(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("a;joy\nb;sad\n")
    (tmp_path / "val.txt").write_text("\nc;joy\nd;sad\n")
    data = read([tmp_path / "train.txt", tmp_path / "val.txt"])
    done = write_export(corrected(data), tmp_path / "clean")
    assert names(tmp_path / "clean") == ["export.json", "train.txt", "val.txt"]
    assert (tmp_path / "clean" / "val.txt").read_text() == "\nc;joy\nd;sad\n"
    write_export(corrected(data), tmp_path / "as-csv", format="csv")
    assert names(tmp_path / "as-csv") == ["export.json", "train.csv", "val.csv"]
    one = write_export(corrected(data), tmp_path / "all.txt")
    assert (tmp_path / "all.txt").read_text() == "a;joy\nb;sad\n\nc;joy\nd;sad\n"
    assert done.notes == ()
    assert one.notes[0].endswith("one after the other. To keep them apart, name a folder.")


def test_a_split_without_rows_has_no_file(tmp_path: Path) -> None:
    for name in ("train", "val"):
        (tmp_path / f"{name}.csv").write_text(ROWS)
    data = read([tmp_path / "train.csv", tmp_path / "val.csv"])
    done = write_export(relabelled(data, {0: "sad"}, Policy(changed_only=True)), tmp_path / "clean")
    assert [path.name for path in done.files] == ["train.csv"]
    assert done.notes == ("No file for val: none of its rows is written.",)


@pytest.mark.parametrize("kind", ["frame", "dataset", "dict", "saved"])
def test_what_was_no_file_becomes_a_saved_folder(tmp_path: Path, kind: str) -> None:
    one = datasets.Dataset.from_dict({"text": list("abcd"), "label": [0, 1, 0, 1]})
    one.cast_column("label", datasets.ClassLabel(names=["joy", "sad"])).save_to_disk(str(tmp_path / "saved"))
    one = datasets.load_from_disk(str(tmp_path / "saved"))
    source = {"frame": one.to_pandas(), "dataset": one, "saved": tmp_path / "saved"}.get(kind)
    done = write_export(made(datasets.DatasetDict({"train": one}) if source is None else source), tmp_path / "clean")
    assert done.files == (tmp_path / "clean", tmp_path / "clean" / "excluded.parquet")
    again = datasets.load_from_disk(str(tmp_path / "clean"))
    again = again["train"] if kind == "dict" else again
    assert again["label"][:] == [1, 0, 1]
    if kind != "frame":
        assert again.features == one.features


def test_nothing_is_written_over_unless_forced(source: Path, tmp_path: Path) -> None:
    (tmp_path / "clean.csv").write_text("mine")
    with pytest.raises(ExportError, match=r"clean\.csv.* already exist") as caught:
        write_export(made(source), tmp_path / "clean.csv", run=RUN)
    assert "--force" in caught.value.todo
    write_export(made(source), tmp_path / "clean.csv", run=RUN, force=True)
    assert (tmp_path / "clean.csv").read_text() == "text,label\na,sad\nc,joy\nd,sad\n"
    write_export(corrected(source), tmp_path / "clean.csv", run=RUN, force=True)
    assert (tmp_path / "clean.csv").read_text() == ROWS
    assert names(tmp_path) == ["clean.csv", "clean.csv.export.json", "source"], "no row is left out any more"
    write_export(made(source), tmp_path / "clean.csv", run=RUN, force=True)
    assert (tmp_path / "excluded.csv").exists(), "an export that is the source's copy may be replaced by its own run"


def test_two_exports_side_by_side_keep_their_excluded_rows(source: Path, tmp_path: Path) -> None:
    write_export(made(source), tmp_path / "clean.csv", run=RUN)
    first = (tmp_path / "excluded.csv").read_bytes()
    done = write_export(made(source), tmp_path / "again.csv", run=RUN, provenance=True)
    assert done.files == (tmp_path / "again.csv", tmp_path / "again.excluded.csv")
    assert (tmp_path / "excluded.csv").read_bytes() == first
    assert write_export(made(source), tmp_path / "again.csv", run=RUN, force=True).files == done.files
    assert write_export(made(source), tmp_path / "clean.csv", run=RUN, force=True).files[1].name == "excluded.csv"


def test_the_source_is_never_written_over(source: Path, tmp_path: Path) -> None:
    corrections = made(source)
    link, hard, copy = tmp_path / "link.csv", tmp_path / "hard.csv", tmp_path / "copy.csv"
    link.symlink_to(source)
    os.link(source, hard)
    copy.write_text(ROWS)
    for path in (source, link, hard, copy, source.parent / ".." / "source" / "tweets.csv"):
        with pytest.raises(ExportError, match="is the source or a copy of it"):
            write_export(corrections, path, force=True, run=RUN)
    source.write_text(ROWS + "e,joy\n")
    with pytest.raises(ExportError, match="is the source"):
        write_export(corrections, source, force=True, run=RUN)
    other = tmp_path / "other.csv"
    other.write_text("anything")
    with pytest.raises(ExportError, match="is the source"):
        write_export(corrections, other, force=True, sources=[other])
    assert source.read_text() == ROWS + "e,joy\n"


def test_a_folder_that_no_export_wrote_is_left_alone(source: Path, tmp_path: Path) -> None:
    corrections = made(source)
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.doc").write_text("years of work")
    with pytest.raises(ExportError, match=r"holds files that no export wrote: thesis.doc"):
        write_export(corrections, home, run=RUN, force=True)
    clean = tmp_path / "clean"
    write_export(corrections, clean, run=RUN)
    with pytest.raises(ExportError, match="already exists"):
        write_export(corrections, clean, run=RUN)
    write_export(corrected(source), clean, run=RUN, force=True)
    assert names(clean) == ["export.json", "tweets.csv"]
    (clean / "mine.txt").write_text("x")
    with pytest.raises(ExportError, match=r"no export wrote: mine.txt"):
        write_export(corrections, clean, run=RUN, force=True)
    assert names(tmp_path) == ["clean", "home", "source"]


def test_an_export_that_became_a_source_is_one(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": list("abcd"), "label": ["joy", "sad", "joy", "sad"]})
    write_export(made(frame), tmp_path / "clean", run=RUN)
    again = corrected(tmp_path / "clean")
    with pytest.raises(ExportError, match="is the source"):
        write_export(again, tmp_path / "clean", run={"id": "run-2", "name": "clean"}, force=True)


def test_another_runs_export_is_replaced_unless_it_is_the_source(tmp_path: Path) -> None:
    (tmp_path / "news.csv").write_text(ROWS)
    target = tmp_path / "clean" / "news.csv"
    target.parent.mkdir()
    texts = read(tmp_path / "news.csv", CONFIG)
    write_export(corrected(texts, vote(texts, 0, "exclude")), target, run=RUN)
    other = {"id": "run-2", "name": "news-2"}
    write_export(corrected(texts, vote(texts, 1, "exclude")), target, run=other, force=True)
    source = corrected(target)
    for text in (target.read_text(), "edited,since\n"):
        target.write_text(text)
        with pytest.raises(ExportError, match="is the source"):
            write_export(source, target, run={"id": "run-3", "name": "clean"}, force=True)


def test_a_source_does_not_go_with_the_export_that_it_is_of(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": list("abcdef"), "label": ["joy", "sad"] * 3})
    texts = read(frame, CONFIG)
    left_out = corrected(texts, vote(texts, 0, "exclude"), vote(texts, 1, "exclude"))
    write_export(left_out, tmp_path / "clean.csv", run=RUN)
    excluded = tmp_path / "excluded.csv"
    write_export(corrected(excluded), tmp_path / "clean.csv", run={"id": "run-2", "name": "rest"}, force=True)
    assert excluded.read_text() == "text,label\na,joy\nb,sad\n"
    train = write_export(left_out, tmp_path / "clean", format="csv").files[0]
    with pytest.raises(ExportError, match="is the source"):
        write_export(corrected(train), tmp_path / "clean", format="tsv", sources=[train], force=True)
    assert train.exists()


@pytest.mark.parametrize(
    ("to", "options", "message"),
    [
        ("clean", {"format": "txt"}, "The format 'txt' is unknown"),
        ("clean.xls", {}, "has the unknown extension '.xls'"),
        ("clean.parquet.gz", {}, "Parquet is compressed internally"),
        ("clean.csv", {"format": "jsonl"}, "format='jsonl' does not match the name clean.csv"),
        ("excluded.csv", {}, "reserved for the file of the rows left out"),
        ("source", {}, "source already exists"),
        ("clean.txt", {"provenance": True}, "no room for the columns of provenance=True"),
    ],
)
def test_refusals(source: Path, tmp_path: Path, to: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ExportError, match=message):
        write_export(made(source), tmp_path / to, **options)
    assert names(tmp_path) == ["source"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "idna"}, "text encoding 'idna' does not exist"),
        ({"encoding": "undefined"}, "text encoding 'undefined' does not exist"),
        ({"encoding": "utf-99"}, "text encoding 'utf-99' does not exist"),
        ({"raw": True, "guard": True}, "raw=True leaves cells with formulas unchanged, and guard=True changes"),
    ],
)
def test_options_that_make_no_sense(source: Path, tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        write_export(made(source), tmp_path / "clean.csv", **options)
    assert names(tmp_path) == ["source"]


def test_nothing_to_write(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="No row would be written") as caught:
        write_export(corrected(source, policy=Policy(changed_only=True)), tmp_path / "clean.csv")
    assert "Only rows whose label has changed." in caught.value.todo


def test_names_from_a_run_do_not_lead_out_of_the_folder(source: Path, tmp_path: Path) -> None:
    corrections = made(source)
    (part,) = corrections.texts.origin.options["parts"]
    part |= {"file": "../../evil.csv", "split": "../../evil"}
    done = write_export(corrections, tmp_path / "clean")
    assert done.files[0] == tmp_path / "clean" / "evil.csv"
    part |= {"file": "export.json"}
    assert write_export(corrections, tmp_path / "clean", force=True).files[0].name == "evil.csv"


@pytest.mark.parametrize("fail_at", [1, 2, 3])
def test_all_files_or_none(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail_at: int) -> None:
    write_export(made(source), tmp_path / "clean.csv", run=RUN)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    replace, calls = os.replace, []

    def refuse(old: Path, new: Path) -> None:
        calls.append(new)
        if len(calls) == fail_at:
            raise OSError(28, "No space left on device", str(new))
        replace(old, new)

    monkeypatch.setattr(publish.os, "replace", refuse)
    texts = read(source)
    with pytest.raises(StorageError, match="No space left on device"):
        write_export(corrected(texts, vote(texts, 3, "exclude")), tmp_path / "clean.csv", run=RUN, force=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert names(tmp_path) == [*sorted(before), "source"]


def test_a_killed_export_of_a_folder_leaves_the_old_one(source: Path, tmp_path: Path) -> None:
    write_export(made(source), tmp_path / "clean", run=RUN)
    os.rename(tmp_path / "clean", tmp_path / ".clean.before-export")  # killed right after this
    with pytest.raises(ExportError, match="No row"):
        write_export(corrected(source, policy=Policy(changed_only=True)), tmp_path / "clean", run=RUN)
    with pytest.raises(ExportError, match="already exists"):
        write_export(corrected(source), tmp_path / "clean", run=RUN)
    done = write_export(corrected(source), tmp_path / "clean", run=RUN, force=True)
    assert done.files[0].read_text() == ROWS
    assert names(tmp_path) == ["clean", "source"]


def test_where_nothing_may_be_written(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for to in (tmp_path / "file" / "clean.csv", tmp_path / ("x" * 300 + ".csv"), tmp_path / ("x" * 300)):
        with pytest.raises(StorageError, match="cannot be written"):
            write_export(made(source), to)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
def test_a_name_that_is_no_text(source: Path, tmp_path: Path) -> None:
    done = write_export(made(source), tmp_path / "cl\udc80ean.csv", run=RUN)
    assert "cl\udc80ean.csv" in json.loads(done.record.read_bytes())["files"]
    write_export(made(source), tmp_path / "cl\udc80ean.csv", run=RUN, force=True)


def written(done: Exported) -> list[list[str]]:
    with done.files[0].open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_formulas_are_defanged_and_said_so(tmp_path: Path) -> None:
    cells = ["=1+1", "@you", "-5", "+3.2e1", "- so", "\tx", "plain", "'=1"]
    frame = pd.DataFrame({"text": cells, "label": ["x", "=y"] * 4, "n": range(-4, 4)})
    done = write_export(corrected(frame), tmp_path / "safe.csv")
    rows = written(done)[1:]
    assert [row[0] for row in rows] == ["'=1+1", "'@you", "-5", "+3.2e1", "'- so", "'\tx", "plain", "'=1"]
    assert [row[1] for row in rows[:2]] == ["x", "'=y"]
    assert rows[0][2] == "-4"
    (note,) = done.notes
    assert note.startswith("An apostrophe was put before the formulas in 8 cells, so that no spreadsheet runs them;")
    raw = write_export(corrected(frame), tmp_path / "raw.csv", raw=True)
    assert ([row[0] for row in written(raw)[1:]], raw.notes) == (cells, ())
    again = write_export(corrected(done.files[0]), tmp_path / "again.csv")
    assert (written(again), again.notes) == (written(done), ()), "an export of an export is equal"


HOSTILE = [
    "hello;=1+1",
    "a\n=1+1",
    '"x";"=1+1";"y"',
    "a|\u200b＝1",
    "\ufeff=1",
    "a;@SUM(1)",
    "a;-1+1|x",
    "say, @you ;-)",
]
SAFE = [
    "hello;'=1+1",
    "a\n'=1+1",
    '"x";"\'=1+1";"y"',
    "a|\u200b'＝1",
    "'\ufeff=1",
    "a;'@SUM(1)",
    "a;'-1+1|x",
    HOSTILE[-1],
]


@pytest.mark.parametrize("to", ["safe.csv", "safe.tsv"])
def test_no_list_separator_makes_a_formula_of_any_column(tmp_path: Path, to: str) -> None:
    frame = pd.DataFrame(
        {
            "text": HOSTILE,
            "label": ["x", "x;=y"] * 4,
            "a;=name": HOSTILE,
            "list": [[text, "b"] for text in HOSTILE],
            "bytes": [b"\xfb\xff"] * 8,
            "vector": [[1.0, -0.5]] * 8,
        }
    )
    done = write_export(corrected(frame), tmp_path / to)
    with done.files[0].open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file, delimiter="\t" if "tsv" in to else ","))
    assert [line[0] for line in lines[1:]] == [line[2] for line in lines[1:]] == SAFE
    assert lines[0][2] == "a;'=name"
    in_json = [json.loads(line[3])[0] for line in lines[1:]]  # where line breaks, quotes and the beginning are escaped
    assert in_json == [HOSTILE[at] if at in (1, 2, 4) else SAFE[at] for at in range(8)]
    assert {(line[1], *line[4:]) for line in lines[1:]} == {(y, "'+/8=", "[1.0, -0.5]") for y in ("x", "x;'=y")}
    for separator in ",;\t|":
        with done.files[0].open(encoding="utf-8", newline="") as file:
            cells = [cell.strip('" ') for row in csv.reader(file, delimiter=separator) for cell in row]
        assert [cell for cell in cells if re.match("[=＝]|[@+-][^)]*[(|+]", cell)] == []


def test_what_holds_another_list_separator_is_quoted_unless_the_source_had_it_bare(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a;b", "a|b", "a\tb", "plain"], "label": ["x", "y"] * 2})
    done = write_export(corrected(frame), tmp_path / "new.csv")
    assert done.files[0].read_bytes() == b'text,label\n"a;b",x\n"a|b",y\n"a\tb",x\nplain,y\n'
    frame.to_csv(tmp_path / "rows.csv", index=False)
    again = write_export(corrected(tmp_path / "rows.csv"), tmp_path / "again.csv")
    assert again.files[0].read_bytes() == (tmp_path / "rows.csv").read_bytes()
