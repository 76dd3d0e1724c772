"""Files that are not the data which their names promise."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from auditor.data import read
from auditor.errors import SourceError
from auditor.models.own.given import read_given

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"
PAGES = [
    b"<!DOCTYPE html>\n<html lang=en>",
    b"\xef\xbb\xbf\n <!doctype HTML PUBLIC",
    b"<html>\n<head>",
    b'<HTML class="x">',
    b'<?xml version="1.0"?>\n<!DOCTYPE html>',
    b"<!-- saved -->\n<html>",
]
NAMES = ["a.csv", "a.tsv", "a.txt", "a.jsonl", "a.json", "a.parquet", "a.csv.gz"]


@pytest.mark.parametrize("name", NAMES)
def test_a_pointer_is_called_one(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(POINTER)
    with pytest.raises(SourceError, match="is a Git LFS pointer, not the data") as caught:
        read(tmp_path / name)
    assert "git lfs pull" in caught.value.todo


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_called_one(tmp_path: Path, name: str, page: bytes) -> None:
    (tmp_path / name).write_bytes(page)
    with pytest.raises(SourceError, match="is an HTML page, not the data") as caught:
        read(tmp_path / name)
    assert "raw file" in caught.value.todo


def test_what_is_packed_is_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(PAGES[0]))
    with pytest.raises(SourceError, match="HTML page"):
        read(tmp_path / "a.csv.gz")


def test_probabilities_are_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"text,label\na,x\nb,y\n")
    texts = read(tmp_path / "a.csv")
    for name in ("p.npy", "p.parquet", "p.csv"):
        (tmp_path / name).write_bytes(POINTER)
        with pytest.raises(SourceError, match=f"{name} is a Git LFS pointer"):
            read_given(tmp_path / name, texts)


def test_a_saved_folder_is_looked_at_too(tmp_path: Path) -> None:
    import datasets

    datasets.Dataset.from_dict({"text": ["a", "b"], "label": ["x", "y"]}).save_to_disk(tmp_path / "saved")
    (data,) = (tmp_path / "saved").glob("*.arrow")
    data.write_bytes(POINTER)
    with pytest.raises(SourceError, match="Git LFS pointer"):
        read(tmp_path / "saved")


@pytest.mark.parametrize("text", [b"version https://git-lfs", b"<htmlish>", b"see <html>", b"<b>version</b>"])
def test_data_is_data(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(text + b";joy\nso sad;sadness\n")
    assert read(tmp_path / "a.txt").texts[0].encode() == text
    assert np.all(read(tmp_path / "a.txt").labels == [0, 1])
