"""A folder a class, written as it was read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from auditor.correction.export.export import write_export
from auditor.correction.export.layouts.class_folders import write_class_folders
from auditor.correction.export.tables import corrected_tables
from auditor.data import read
from auditor.errors import ExportError
from tests.correction.deciding import CONFIG, corrected, relabelled, vote
from tests.data.formats.text.test_class_folders import PLAIN, SPLITS, made

ODD = {**PLAIN, "joy/utf-16.txt": "so glad".encode("utf-16"), "sad/empty.txt": b"", "joy/2.txt": b"well\r\n"}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in ("export.json", "excluded.csv"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("files", [ODD, SPLITS])
def test_the_same_files(tmp_path: Path, files: dict[str, bytes]) -> None:
    source = made(tmp_path / "reviews", files)
    done = write_export(corrected(source), tmp_path / "clean")
    assert contents(tmp_path / "clean") == files
    assert done.files == (tmp_path / "clean",)
    write_export(corrected(tmp_path / "clean"), tmp_path / "again")
    assert contents(tmp_path / "again") == files
    with pytest.raises(ExportError, match="holds files that no export wrote"):
        write_export(corrected(source), source, force=True)


def test_several_folders_stay_apart(tmp_path: Path) -> None:
    folders = [made(tmp_path / f"20news-{split}", PLAIN) for split in ("train", "test")]
    write_export(corrected(read(folders, CONFIG)), tmp_path / "clean")
    assert contents(tmp_path / "clean") == {
        f"{folder.name}/{name}": PLAIN[name] for folder in folders for name in PLAIN
    }


def test_files_move_to_the_folder_of_their_class(tmp_path: Path) -> None:
    source = read(made(tmp_path / "reviews", SPLITS), CONFIG)
    files = source.table["original:file"].to_pylist()
    changes = {files.index("test/neg/2.txt"): "pos", files.index("train/pos/1.txt"): "so so"}
    write_export(relabelled(source, changes), tmp_path / "clean")
    assert contents(tmp_path / "clean") == {
        **{name: data for name, data in SPLITS.items() if name not in ("test/neg/2.txt", "train/pos/1.txt")},
        "test/pos/2.txt": b"poor",
        "train/so so/1.txt": b"good",
    }
    again = read(tmp_path / "clean")
    assert again.label_names == ("neg", "pos", "so so")


def test_names_that_are_taken(tmp_path: Path) -> None:
    files = {"sad/1.txt": b"a", "joy/1.txt": b"b", "joy/1-2.txt": b"c", "love/1.TXT": b"d", "love/more": b"e"}
    source = read(made(tmp_path / "reviews", files), CONFIG)
    names = source.table["original:file"].to_pylist()
    done = write_export(
        relabelled(source, {names.index("sad/1.txt"): "joy", names.index("love/1.TXT"): "joy"}), tmp_path / "clean"
    )
    assert (
        contents(tmp_path / "clean")
        == {
            **{name: files[name] for name in ("joy/1.txt", "joy/1-2.txt", "love/more")},
            "joy/1-3.txt": b"a",
            "joy/1-4.TXT": b"d",
        }
        or contents(tmp_path / "clean")["joy/1-3.TXT"] == b"d"
    )
    assert done.notes[0].startswith("2 files renamed, because the name was taken: ")


def test_rows_that_are_left_out(tmp_path: Path) -> None:
    source = read(made(tmp_path / "reviews", ODD), CONFIG)
    row = source.table["original:file"].to_pylist().index("joy/a")
    done = write_export(corrected(source, vote(source, row, "exclude")), tmp_path / "clean")
    assert contents(tmp_path / "clean") == {name: data for name, data in ODD.items() if name != "joy/a"}
    assert (tmp_path / "clean" / "excluded.csv").read_text() == "text,label,file\nyes,joy,joy/a\n"
    assert len(done.files) == 2


@pytest.mark.parametrize("name", ["a/b", "a\\b", "..", ".", ".hidden", "a\tb", "a\nb", "x" * 300])
def test_classes_that_are_no_folders(tmp_path: Path, name: str) -> None:
    source = made(tmp_path / "reviews", PLAIN)
    with pytest.raises(ExportError, match="cannot be the name of a folder"):
        write_export(relabelled(source, {0: name}), tmp_path / "clean")
    assert not (tmp_path / "clean").exists()


@pytest.mark.parametrize("path", ["../joy/a", "/tmp/joy/a", "joy/../../a", "joy\\a", "joy/.a", ""])
def test_paths_in_a_run_that_lead_elsewhere(tmp_path: Path, path: str) -> None:
    (part,) = corrected_tables(corrected(made(tmp_path / "reviews", PLAIN)))
    at = part.table.column_names.index("file")
    column = pa.array([path] * part.table.num_rows, pa.large_string())
    (tmp_path / "out").mkdir()
    with pytest.raises(ExportError):
        write_class_folders([replace(part, table=part.table.set_column(at, "file", column))], tmp_path / "out")
    assert contents(tmp_path / "out") == {}


def test_other_formats(tmp_path: Path) -> None:
    source = made(tmp_path / "reviews", PLAIN)
    write_export(corrected(source), tmp_path / "clean.csv")
    again = read(tmp_path / "clean.csv")
    assert list(again.texts) == list(read(source).texts)
    write_export(corrected(source), tmp_path / "clean.zip")
    assert read(tmp_path / "clean.zip").table.equals(read(source).table)
    with pytest.raises(ExportError, match="no room for the columns"):
        write_export(corrected(source), tmp_path / "more", provenance=True)
