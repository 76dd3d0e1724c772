"""Parallel files written as they were read."""

from __future__ import annotations

import codecs
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.correction.decide.policy import Policy
from auditor.correction.export.export import write_export
from auditor.correction.export.layouts.parallel import write_parallel
from auditor.correction.export.tables import corrected_tables
from auditor.data import read
from auditor.errors import ExportError
from tests.correction.deciding import CONFIG, corrected, relabelled, vote
from tests.data.formats.text.test_parallel import FILES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "emotion").mkdir()
    for name, text in FILES.items():
        (tmp_path / "emotion" / name).write_bytes(text.encode())
    return tmp_path / "emotion"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "export.json"}


def test_the_same_files(folder: Path, tmp_path: Path) -> None:
    done = write_export(corrected(folder), tmp_path / "clean")
    assert contents(tmp_path / "clean") == contents(folder)
    assert done.notes == ()
    again = write_export(corrected(tmp_path / "clean"), tmp_path / "again")
    assert contents(tmp_path / "again") == contents(folder)
    assert again.files == (tmp_path / "again",)


def test_only_changed_labels_change(folder: Path, tmp_path: Path) -> None:
    write_export(relabelled(folder, {1: "anger", 3: "joy", 4: "awe"}), tmp_path / "clean")
    made, files = contents(tmp_path / "clean"), contents(folder)
    assert made["test_labels.txt"] == b"1\n2\n"
    assert made["train_labels.txt"] == b"1\r\n1\r\n3\r\n"
    assert made["mapping.txt"] == files["mapping.txt"] + b"3\tawe\n"
    assert {name for name in files if made[name] != files[name]} == {
        "test_labels.txt",
        "train_labels.txt",
        "mapping.txt",
    }


def test_rows_left_out_are_left_out_of_both_files(folder: Path, tmp_path: Path) -> None:
    source = read(folder, CONFIG)
    done = write_export(corrected(source, vote(source, 1, "exclude"), vote(source, 2, "exclude")), tmp_path / "clean")
    made = contents(tmp_path / "clean")
    assert made["test_text.txt"] == b"yes\n"
    assert made["test_labels.txt"] == b"1\n"
    assert made["train_text.txt"] == FILES["train_text.txt"].encode().partition(b"\n")[2]
    assert made["train_labels.txt"] == b"0\r\n1\r\n"
    assert made["excluded.csv"].splitlines()[0] == b"text,label"
    assert len(done.files) == 2
    assert len(read(tmp_path / "clean")) == 3, "what is left out is no split"


def test_a_split_without_rows_has_no_files(folder: Path, tmp_path: Path) -> None:
    source = read(folder, CONFIG)
    votes = [vote(source, row, "exclude") for row in (0, 1)]
    done = write_export(corrected(source, *votes), tmp_path / "clean")
    assert "test_text.txt" not in contents(tmp_path / "clean")
    assert "No file for test: none of its rows is written." in done.notes


def test_invalid_rows_come_back(folder: Path, tmp_path: Path) -> None:
    (folder / "train_text.txt").write_text("\nso sad\n\n")
    write_export(corrected(folder), tmp_path / "clean")
    assert contents(tmp_path / "clean") == contents(folder)
    write_export(corrected(folder, policy=Policy(leave_out=("invalid",))), tmp_path / "less")
    assert contents(tmp_path / "less")["train_text.txt"] == b"so sad\n"


def test_encodings_of_their_own(folder: Path, tmp_path: Path) -> None:
    (folder / "train_text.txt").write_bytes(codecs.BOM_UTF16_LE + "so glad ☺\nso sad\nwell\n".encode("utf-16-le"))
    (folder / "mapping.txt").write_bytes(codecs.BOM_UTF8 + (folder / "mapping.txt").read_bytes())
    write_export(corrected(folder), tmp_path / "clean")
    assert contents(tmp_path / "clean") == contents(folder)


def test_files_given_by_name_and_other_formats(folder: Path, tmp_path: Path) -> None:
    paths = [folder / "train_text.txt", folder / "train_labels.txt"]
    write_export(corrected(read(paths, CONFIG)), tmp_path / "clean")
    files = contents(folder)
    assert contents(tmp_path / "clean") == {name: files[name] for name in files if not name.startswith("test")}
    write_export(corrected(read(paths, CONFIG)), tmp_path / "clean.jsonl")
    assert (tmp_path / "clean.jsonl").read_text("utf-8").split("\n")[1].endswith('"label": "sadness"}')
    with pytest.raises(ExportError, match="no room for the columns"):
        write_export(corrected(folder), tmp_path / "more", provenance=True)
    with pytest.raises(ExportError, match="holds files that no export wrote"):
        write_export(corrected(folder), folder, force=True)


def test_names_in_a_run_that_lead_elsewhere(folder: Path, tmp_path: Path) -> None:
    parts = corrected_tables(corrected(folder))
    (tmp_path / "out").mkdir()
    for name in ("../a.txt", "/tmp/a.txt", "a\\b", "", ".x"):
        hostile = [
            replace(part, about={**part.about, "texts": {**part.about["texts"], "file": name}}) for part in parts
        ]
        write_parallel(hostile, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(FILES)
    assert {path.name for path in tmp_path.iterdir()} == {"emotion", "out"}


TEXT = st.text(st.sampled_from('a ;\t\r\x0b\u2028\x85é☺"\0'), max_size=9)


@given(rows=st.lists(st.tuples(TEXT, st.booleans())), ended=st.booleans())
@settings(max_examples=20)
def test_there_and_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, bool]], ended: bool) -> None:
    folder = tmp_path_factory.mktemp("parallel")
    (folder / "in").mkdir()
    texts = "\n".join(["one", "two", *(text for text, _ in rows), "last"])
    labels = "\n".join(["a", "b", *("ab"[label] for _, label in rows), "a"])
    (folder / "in" / "x_text.txt").write_bytes((texts + "\n" * ended).encode())
    (folder / "in" / "x_labels.txt").write_bytes(labels.encode())
    (folder / "out").mkdir()
    write_parallel(corrected_tables(corrected(folder / "in")), folder / "out")
    assert contents(folder / "out") == contents(folder / "in")
