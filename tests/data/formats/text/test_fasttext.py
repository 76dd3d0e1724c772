"""fastText's lines, told by what is in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.formats.text.fasttext import is_fasttext, read_fasttext
from auditor.errors import RowError

FRONT = b"__label__joy so glad\n__label__sad  so; sad \n\n__label__joy\tthat,label\n"


@pytest.mark.parametrize("name", ["a.txt", "cooking.train", "cooking.valid", "a.test", "a.ft", "a.TXT"])
def test_labels_in_front(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FRONT)
    data = read(tmp_path / name)
    assert data.origin.format == "fasttext"
    assert list(data.texts) == ["so glad", " so; sad ", "that,label"]
    assert [data.label_names[code] for code in data.labels] == ["joy", "sad", "joy"]
    assert data.notes == (f"{name}: 1 blank line skipped.",)
    split = {"cooking.train": "train", "cooking.valid": "valid", "a.test": "test"}.get(name, "all")
    assert {str(each) for each in data.splits} == {split}


def test_files_of_one_name_are_splits(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        (tmp_path / f"cooking.{split}").write_bytes(FRONT)
    data = read([tmp_path / "cooking.train", tmp_path / "cooking.valid"])
    assert {str(split) for split in data.splits} == {"train", "valid"}


def test_labels_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"so glad __label__joy\r\nso sad __label__sad \r\n  \r\n __label__joy")
    data = read(tmp_path / "a.txt", ReadConfig(drop_invalid=True))
    assert list(data.texts) == ["so glad", "so sad"]
    assert data.rejected["reason"].to_pylist() == ["empty text"]
    assert data.origin.options["parts"][0]["at_end"]


def test_rows_as_they_stand() -> None:
    contents = read_fasttext(FRONT, "a.txt")
    raw = [row.as_py() for row in contents.raw]
    assert raw == [b"__label__joy so glad\n", b"__label__sad  so; sad \n", b"\n__label__joy\tthat,label\n"]
    assert b"".join(raw) + contents.about["tail"].encode() == FRONT


def test_lines_without_a_label_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"__label__joy so glad\nso what\n__label__ hm\n__label__sad so sad\n")
    with pytest.raises(RowError, match=r"2 rows of 4 .* 2 with missing label"):
        read(tmp_path / "a.txt")
    data = read(tmp_path / "a.txt", ReadConfig(drop_invalid=True))
    assert data.rejected["original:text"].to_pylist() == ["so what", "hm"]


@pytest.mark.parametrize(
    "line",
    [b"__label__joy __label__love so glad", b"__label__joy so __label__love glad", b"__label__joy __label__love"],
)
def test_several_labels_a_line_are_refused(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(b"\n__label__sad so sad\n" + (line + b"\n") * 3)
    with pytest.raises(RowError) as caught:
        read(tmp_path / "a.txt")
    assert caught.value.what == (
        "a.txt: 3 lines with several labels; multi-label data is not supported. The first is line 3:"
        f" {line.decode()!r}."
    )


@pytest.mark.parametrize(
    "data",
    [b"so glad;joy\n__label__sad;sad\n", b"so __label__ glad;joy\n", b"a __label__x\nb;y\n", b"\n", b"a__label__x\n"],
)
def test_what_has_no_labels(data: bytes) -> None:
    assert not is_fasttext(data)
